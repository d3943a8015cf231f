/* SPDX-License-Identifier: MIT */
/*
 * The HTTP/1.1 core (RFC 9112): a client's keep-alive connection, sans-I/O. One exchange at
 * a time, no pipelining.
 *
 * What it takes, where RFC 9112 leaves a choice (the reasons stand in h1_head.c and
 * h1_body.c):
 *   - line ends: CR LF, and a bare LF in heads and trailers; a bare CR nowhere; CR LF only
 *     around chunks
 *   - a status line without a reason, with or without the space before it; versions 1.0
 *     and 1.x; nothing before the status line
 *   - obs-fold becomes one space; a space before the colon is refused
 *   - Transfer-Encoding wins over Content-Length, and the connection is not used again;
 *     its last coding must be chunked, and its only one: others are refused, as nobody
 *     asked for them, and so is any in an HTTP/1.0 response
 *   - a 204 has no body; after one that announces a body the connection is not used again
 *   - bytes after the end of a response are nobody's body: the connection fails
 *   - bytes that come before any of the request was accepted are not its answer: it was
 *     never sent
 *
 * A connection is used again only when the response was framed, neither side said
 * `close`, and the request had been sent whole. One that ends while nobody uses it fails
 * without harm.
 */
#ifndef H2I_H1_CONN_H
#define H2I_H1_CONN_H

#include "h2client/http/conn.h"

struct h2i_h1_config {
    uint32_t max_header_bytes;          /* of a response's heads, 1xx and trailers together, as they
                                           came, line ends counted */
    uint32_t max_header_fields;         /* the same */
    uint32_t max_informational;         /* 1xx a response */
    uint32_t max_chunk_extension_bytes; /* of a whole body */
    uint32_t max_unread_bytes; /* body bytes not credited yet above which it wants no input */
};

/* The library's defaults: 256 KiB, 1,000, 32, 16 KiB, 64 KiB. Static. */
const struct h2i_h1_config *h2i_h1_default_config(void);

/* Nothing is in the output yet. Returns &conn->base, NULL without memory. */
struct h2i_conn *h2i_h1_conn_create(const h2client_allocator *allocator,
                                    const struct h2i_h1_config *config,
                                    const struct h2i_conn_events *events, void *owner, uint64_t id);

#endif
