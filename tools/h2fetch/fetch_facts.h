/* SPDX-License-Identifier: MIT */
/* What is known about a URL once it is done: for -w, for --report, for the error line. */
#ifndef H2F_FACTS_H
#define H2F_FACTS_H

#include <h2client/h2client.h>

/* Everything is borrowed, and NULL only where that is said. */
struct h2f_facts {
    const char *url; /* as it may be shown */
    const char *method;
    const char *message; /* "" after a success */
    const char *phase;
    const char *replay_class;
    const char *filename;     /* NULL: stdout */
    const char *redirect_url; /* where the response would send us; NULL: nowhere */
    const h2client_call_info *info;
    const h2client_response *resp; /* NULL: none came */
    uint64_t n_head_bytes;         /* of all heads and trailers, as -i shows them */
    int64_t n_retries;             /* neither redirects nor answers to a question for a login */
    int64_t n_attempts;
    int exit_code;
};

#endif
