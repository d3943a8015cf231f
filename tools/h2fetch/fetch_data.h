/* SPDX-License-Identifier: MIT */
/*
 * -d and its kin: pieces of one request body, or of what each URL's query gets. Pieces are joined
 * by &, those of --json by nothing. What starts with @ (--data-urlencode: what has it behind the
 * name) is a file.
 */
#ifndef H2F_DATA_H
#define H2F_DATA_H

#include "fetch_config.h"

enum h2f_data_kind {
    H2F_DATA_TEXT,      /* -d: a file's CR, LF and NUL are left out */
    H2F_DATA_RAW,       /* --data-raw: @ means nothing */
    H2F_DATA_BINARY,    /* --data-binary: a file as it is */
    H2F_DATA_URLENCODE, /* --data-urlencode: [NAME]=TEXT, [NAME]@FILE, TEXT */
    H2F_DATA_JSON,      /* --json */
    H2F_DATA_QUERY,     /* --url-query: the same for the URL; +TEXT as it is */
};

bool h2f_data_add(struct h2f_config *config, enum h2f_data_kind kind, const char *argument,
                  struct h2f_problem *problem);

#endif
