/* SPDX-License-Identifier: MIT */
/*
 * The run: starts jobs as there is room for them, in the order given, drives the one
 * session they share until the last has ended, and knows what the process ends with.
 */
#ifndef H2F_RUN_H
#define H2F_RUN_H

#include "fetch_config.h"

/* The exit code; all there is to print is printed. */
int h2f_run(const struct h2f_config *config);

#endif
