/* SPDX-License-Identifier: MIT */
/*
 * Trace: HTTP/2 frames as they pass, in both directions (RFC 9113 4 and 6).
 *
 * Over HTTP/1.1 each head, and the trailers, are told as a HEADERS frame of stream 0: the
 * first line as the fields ":method" and ":path", or ":status", then the fields as they
 * passed; `len` is what they took on the wire. Bodies are not told.
 *
 * Handed over where callbacks run, in the order of the wire of each connection.
 * The values of fields that hold secrets (authorization, cookie, set-cookie,
 * proxy-authorization) read "[hidden]".
 */
#ifndef H2CLIENT_TRACE_H
#define H2CLIENT_TRACE_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum h2client_direction { H2CLIENT_SENT = 0, H2CLIENT_RECEIVED = 1 } h2client_direction;

typedef struct h2client_frame_event {
    size_t size;
    int64_t time_us;       /* of the system port's monotonic clock */
    uint64_t conn_id;      /* counts from 1 in each session */
    const char *type_name; /* "HEADERS"; "UNKNOWN" */
    /* What the frame holds, by name, ended by a NULL name: SETTINGS and their
     * values, "error_code", "last_stream_id", "debug_data", the header fields. */
    const h2client_header *fields;
    uint32_t len; /* of the payload, bytes */
    int32_t stream_id;
    h2client_direction direction;
    uint8_t type;
    uint8_t flags;
    uint8_t reserved[2];
} h2client_frame_event;

/* Event and strings are valid only during the call. */
typedef void (*h2client_frame_fn)(const h2client_frame_event *event, void *user);

#ifdef __cplusplus
}
#endif

#endif
