/* SPDX-License-Identifier: MIT */
#include "fetch_problem.h"

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
