/* SPDX-License-Identifier: MIT */
/* Messages as the cores take and give them, neutral of the version. */
#ifndef H2I_MESSAGE_H
#define H2I_MESSAGE_H

#include "h2client/fault.h"
#include "h2client/trace.h"
#include "h2client/http/field.h"

/* Checked by whoever builds it: tokens, values, no forbidden field, lower-case
 * names. Owned by the exchange's user, unchanged while it is open. */
struct h2i_request {
    const char *method;
    const char *scheme; /* "https", "http"; NULL with CONNECT */
    const char *authority;
    const char *path;              /* NULL with CONNECT; "*" with OPTIONS is fine */
    const char *whole_url;         /* HTTP/1.1: what is asked for instead; or NULL */
    const h2client_header *fields; /* ended by a NULL name; no host, no content-length */
    size_t n_fields;
    bool has_body;
    int64_t body_len; /* what content-length says; -1: unknown, not sent */
    /* After the body, read at its end; NULL: none may come. */
    const h2client_header *trailers;
};

/* The head of a response (final or interim). */
struct h2i_head {
    int status;
    const h2client_header *fields; /* never NULL */
    size_t n_bytes;                /* as RFC 9113 10.5.1 counts */
    int64_t content_length;        /* -1: not given */
};

/* How an exchange ended. */
struct h2i_outcome {
    h2client_fault fault; /* code OK: a whole response */
    h2client_replay_class replay_class;
    int64_t http2_code; /* RFC 9113 7; -1: none */
    bool was_early;     /* refused, and sent before the server's limit was known (RFC 9113 5.1.2) */
};

/* Whether a response has no body whatever its fields say (RFC 9110 6.4.1). */
bool h2i_response_is_bodiless(const char *method, int status);
/* RFC 9110 9.2.2. */
bool h2i_method_is_idempotent(const char *method);

#endif
