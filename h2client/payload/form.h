/* SPDX-License-Identifier: MIT */
/* Pairs as text: application/x-www-form-urlencoded (WHATWG URL 5.2), and a URL's query. */
#ifndef H2I_FORM_H
#define H2I_FORM_H

#include "base/arena.h"
#include "h2client/body.h"

/* "name=value&more=a+b" with its length. NULL: no memory. */
const char *h2i_form_write(struct h2i_arena *arena, const h2client_param *params, size_t *len);
/* The URL with the pairs behind its query, before its fragment; a space is %20 there. NULL: no
 * memory. */
const char *h2i_query_add(struct h2i_arena *arena, const char *url, const h2client_param *params);

#endif
