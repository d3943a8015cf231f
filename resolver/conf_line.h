/* SPDX-License-Identifier: MIT */
/* Files of the system that are made of lines and words: hosts(5), resolv.conf(5). */
#ifndef H2I_CONF_LINE_H
#define H2I_CONF_LINE_H

#include <stdio.h>

#include "base/str.h"

#define H2I_CONF_LINE_MAX 4096 /* what a longer one has behind it is not seen */

/* Without its comment (from `#`, or where the line begins with ';'). False: the end. */
bool h2i_conf_read_line(FILE *file, char line[H2I_CONF_LINE_MAX]);
/* Off the front of the line; empty at its end. */
struct h2i_str h2i_conf_take_word(const char **line);

#endif
