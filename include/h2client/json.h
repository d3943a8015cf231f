/* SPDX-License-Identifier: MIT */
/*
 * JSON (RFC 8259), by jansson: include <jansson.h> to work with what these give. Without the
 * feature "json" they say FEATURE_MISSING.
 */
#ifndef H2CLIENT_JSON_H
#define H2CLIENT_JSON_H

#include "error.h"
#include "response.h"

#ifdef __cplusplus
extern "C" {
#endif

struct json_t;

typedef struct h2client_json_error {
    h2client_error_code code; /* OK; CONTENT_TYPE, JSON_MALFORMED, FEATURE_MISSING, NO_MEMORY;
                                 INVALID_ARGUMENT: there is no response */
    int32_t line;             /* of what is malformed, from 1 on */
    int32_t column;
    char text[180]; /* one line; holds none of the body */
} h2client_json_error;

/*
 * Parses the collected body. The content-type must be application/json or end with +json;
 * an empty body is malformed. NULL with *error, which may be NULL, filled in. The caller gives
 * the value back with json_decref.
 *
 *     json_t *user = h2client_response_json(h2client_call_await(call), &why);
 */
H2CLIENT_API H2CLIENT_MUST_USE struct json_t *h2client_response_json(const h2client_response *resp,
                                                                     h2client_json_error *error);
/* The same, whatever the content-type. */
H2CLIENT_API H2CLIENT_MUST_USE struct json_t *h2client_response_json_any(
    const h2client_response *resp, h2client_json_error *error);

#ifdef __cplusplus
}
#endif

#endif
