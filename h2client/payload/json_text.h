/* SPDX-License-Identifier: MIT */
/* JSON as bodies (RFC 8259): text to a value and back, by jansson or not at all. */
#ifndef H2I_JSON_TEXT_H
#define H2I_JSON_TEXT_H

#include "h2client/allocator.h"
#include "h2client/json.h"

/* What jansson makes of it, or NULL with *error filled in: JSON_MALFORMED with the place,
 * NO_MEMORY, FEATURE_MISSING. Any value may stand at the top. */
struct json_t *h2i_json_parse(const char *text, size_t len, h2client_json_error *error);
/* Compact text for a request, from the allocator; a NUL follows. NULL: *code says why, a value
 * that cannot be written (INVALID_ARGUMENT) among it. */
char *h2i_json_write(const h2client_allocator *allocator, const struct json_t *value, size_t *len,
                     h2client_error_code *code);
/* Gives a parsed value back. */
void h2i_json_free(struct json_t *value);
/* NULL where it is not built in. */
const char *h2i_jansson_version(void);

#endif
