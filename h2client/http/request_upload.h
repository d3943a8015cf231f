/* SPDX-License-Identifier: MIT */
/*
 * Upload: a request's body on its way into a core's output, held to the length that was
 * declared (RFC 9110 8.6): its end counts only once the source has said, after exactly
 * that many bytes, that there are no more.
 */
#ifndef H2I_REQUEST_UPLOAD_H
#define H2I_REQUEST_UPLOAD_H

#include "h2client/http/conn.h"

/* Zeroed at the start. */
struct h2i_upload {
    int64_t n_bytes; /* read from the source so far, what was refused not counted */
};

struct h2i_upload_step {
    enum h2i_body_result result; /* NOT_NOW only without bytes; FAILED: `code` and `what` say why */
    size_t n;                    /* bytes written */
    h2client_error_code code;    /* UPLOAD_READ, UPLOAD_LENGTH */
    const char *what;            /* "is longer than declared" */
};

/* Reads up to cap (>= 1) bytes. The exchange may be gone afterwards (exchange->conn NULL):
 * its source may have ended it; the step then says nothing. */
struct h2i_upload_step h2i_upload_read(struct h2i_upload *upload, struct h2i_exchange *exchange,
                                       void *buf, size_t cap);

/* Is there anything to read? A body of no bytes goes out with the head. */
static inline bool h2i_upload_has_bytes(const struct h2i_request *request)
{
    return request->has_body && (request->body_len != 0 || request->trailers);
}

/* What the head says of it: its length, or -1 for no content-length. A length stands where
 * there is a body of a known one, and where the method has a body usually; trailers need a
 * body that ends by its framing (RFC 9112 6.3, 7.1.2). */
int64_t h2i_upload_declared(const struct h2i_request *request);

#endif
