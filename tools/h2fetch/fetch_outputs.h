/* SPDX-License-Identifier: MIT */
/* The output files of the command line, looked at together before anything is fetched. */
#ifndef H2F_OUTPUTS_H
#define H2F_OUTPUTS_H

#include <stddef.h>

/* One of the files that another one is too, by folder and name; NULL: there is none. What
 * is there and no regular file, a pipe or a device, may be written by many. */
const char *h2f_outputs_find_clash(char *const *files, size_t n);

#endif
