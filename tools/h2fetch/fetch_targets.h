/* SPDX-License-Identifier: MIT */
/*
 * What there is to fetch: the URLs of the command line, then those of --input-file, which
 * is read as it goes. Never waits: what a slow pipe has not written yet is "not now".
 */
#ifndef H2F_TARGETS_H
#define H2F_TARGETS_H

#include "fetch_config.h"

/* One URL. Owns its strings, but `upload`. */
struct h2f_target {
    size_t index;       /* in the order given */
    char *url;          /* to send */
    char *line;         /* of the list, with its place, as it may be shown; or NULL */
    char *output;       /* NULL: stdout */
    const char *upload; /* NULL: none */
};

struct h2f_targets {
    const struct h2f_config *config;
    size_t n_taken;
    struct {
        int fd;           /* -1: no list, or read to its end */
        const char *name; /* for people */
        struct h2f_text text;
        size_t start; /* of what was not taken yet */
        size_t n_lines;
        bool is_at_end;
        bool is_skipping; /* a line that is too long */
    } list;
};

enum h2f_next {
    H2F_NEXT_READY,
    H2F_NEXT_NOT_NOW, /* wait until targets->list.fd is readable */
    H2F_NEXT_BAD,     /* this one makes no sense: index is set, and the problem */
    H2F_NEXT_END,
};

bool h2f_targets_init(struct h2f_targets *targets, const struct h2f_config *config,
                      struct h2f_problem *problem);
void h2f_targets_finish(struct h2f_targets *targets);
enum h2f_next h2f_targets_next(struct h2f_targets *targets, struct h2f_target *target,
                               struct h2f_problem *problem);
void h2f_target_finish(struct h2f_target *target);

#endif
