/* SPDX-License-Identifier: MIT */
/* -w: a format with %{variables}, as curl's; those this version has are in a table. */
#ifndef H2F_WRITE_OUT_H
#define H2F_WRITE_OUT_H

#include "fetch_facts.h"
#include "fetch_text.h"

/* NULL when all variables are known; else where the first unknown one begins. */
const char *h2f_write_out_unknown(const char *format);
void h2f_write_out_add(struct h2f_text *text, const char *format, const struct h2f_facts *facts);

#endif
