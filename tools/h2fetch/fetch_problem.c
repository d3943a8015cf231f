/* SPDX-License-Identifier: MIT */
#include "fetch_problem.h"

#include "fetch_url.h"

#include <stdarg.h>
#include <stdio.h>

bool h2f_problem_set(struct h2f_problem *problem, int exit_code, const char *format, ...)
{
    va_list arguments;

    problem->exit_code = exit_code;
    va_start(arguments, format);
    vsnprintf(problem->text, sizeof problem->text, format, arguments);
    va_end(arguments);
    return false;
}

void h2f_problem_print(struct h2f_problem *problem, bool is_silent)
{
    h2f_make_printable(problem->text);
    if (problem->exit_code == H2F_EXIT_USAGE)
        fprintf(stderr, "h2fetch: %s\n", problem->text);
    else if (!is_silent)
        fprintf(stderr, "h2fetch: (%d) %s\n", problem->exit_code, problem->text);
}
