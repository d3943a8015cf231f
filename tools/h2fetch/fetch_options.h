/* SPDX-License-Identifier: MIT */
/*
 * The options: one table (fetch_option_table.c), and the walk over argv that applies it.
 * Short options may be glued (-sSf, -oFILE), long ones take the next argument, -- ends
 * them, and a single - is a URL's place. --no-NAME takes a switch
 * back. What is not in the table is refused.
 */
#ifndef H2F_OPTIONS_H
#define H2F_OPTIONS_H

#include "fetch_config.h"

#include <stdio.h>

enum h2f_option_kind {
    H2F_FLAG,    /* sets the bool at `place` */
    H2F_TEXT,    /* the argument itself, into the const char * at `place` */
    H2F_SECONDS, /* milliseconds, into the int64_t at `place` */
    H2F_COUNT,   /* from 1 on, into the int64_t at `place` */
    H2F_SIZE,    /* bytes, also with K, M or G, into the int64_t at `place` */
    H2F_SPEED,   /* bytes a second, as for H2F_SIZE, decimals too */
    H2F_APPLY,   /* `apply` with the argument */
    H2F_SET,     /* `apply` without one */
};

typedef bool (*h2f_apply_fn)(struct h2f_config *config, const char *argument,
                             struct h2f_problem *problem);

struct h2f_option {
    const char *name; /* without the dashes */
    char letter;      /* 0: none */
    bool is_common;   /* in the short help */
    enum h2f_option_kind kind;
    const char *argument; /* how the help calls it; NULL: takes none */
    const char *help;
    size_t place;
    h2f_apply_fn apply;
};

/* Ended by a NULL name. */
const struct h2f_option *h2f_option_table(void);

bool h2f_options_parse(struct h2f_config *config, int argc, char *const *argv,
                       struct h2f_problem *problem);
void h2f_options_help(FILE *out, bool all);

#endif
