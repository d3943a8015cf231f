/* SPDX-License-Identifier: MIT */
#include "fetch_head.h"

void h2f_head_add_fields(struct h2f_text *text, const h2client_header *fields)
{
    for (; fields->name; fields++)
        h2f_text_printf(text, "%s: %s\r\n", fields->name, fields->value);
}

void h2f_head_add(struct h2f_text *text, const char *http_version, int status,
                  const h2client_header *fields)
{
    h2f_text_printf(text, "HTTP/%s %d \r\n", http_version, status);
    h2f_head_add_fields(text, fields);
    h2f_text_puts(text, "\r\n");
}
