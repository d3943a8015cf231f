/* SPDX-License-Identifier: MIT */
/* What is wrong with what the user gave: one line, and the exit code. */
#ifndef H2F_PROBLEM_H
#define H2F_PROBLEM_H

#include <stdbool.h>

#define H2F_EXIT_SCHEME 1
#define H2F_EXIT_USAGE 2
#define H2F_EXIT_MALFORMED_URL 3
#define H2F_EXIT_HTTP_STATUS 22
#define H2F_EXIT_WRITE 23
#define H2F_EXIT_READ 26
#define H2F_EXIT_TIMEOUT 28
#define H2F_EXIT_CANCELLED 42

struct h2f_problem {
    int exit_code; /* 0: none */
    char text[1024];
};

/* Always false, so that a check can end with it. */
bool h2f_problem_set(struct h2f_problem *problem, int exit_code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The line on stderr. One about a command line without sense bears no code, and is shown
 * even if there is to be silence, as curl does. */
void h2f_problem_print(struct h2f_problem *problem, bool is_silent);

#endif
