/* SPDX-License-Identifier: MIT */
/* The head of a response as text, in the manner of HTTP/1.1: for -i and -D. */
#ifndef H2F_HEAD_H
#define H2F_HEAD_H

#include "fetch_text.h"

#include <h2client/h2client.h>

void h2f_head_add(struct h2f_text *text, const char *http_version, int status,
                  const h2client_header *fields);
/* Fields without a status line: trailers. */
void h2f_head_add_fields(struct h2f_text *text, const h2client_header *fields);

#endif
