/* SPDX-License-Identifier: MIT */
/*
 * Server-sent events (WHATWG HTML, "Server-sent events"): a reader over a call.
 *
 *     h2client_call *call = h2client_get(session, url, .total_timeout_ms = H2CLIENT_NO_LIMIT);
 *     h2client_sse *events = h2client_sse_create(call);
 *     const h2client_sse_event *event;
 *     while ((event = h2client_sse_next(events)))
 *         printf("%s: %s\n", event->type, event->data);
 *     if (h2client_sse_error(events) != H2CLIENT_OK) ...
 *     h2client_sse_destroy(events);
 *     h2client_call_destroy(call);
 *
 * It takes the body by h2client_call_read. Connecting again is the application's: start a call
 * with the field last-event-id set to h2client_sse_last_id after h2client_sse_retry_ms.
 */
#ifndef H2CLIENT_SSE_H
#define H2CLIENT_SSE_H

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct h2client_sse h2client_sse;

/* Valid until the next event is asked for. Strings are never NULL; data ends with a NUL that
 * its length does not count. */
typedef struct h2client_sse_event {
    size_t size;
    const char *type; /* "message" where the stream says none */
    const char *data;
    size_t data_len;
    const char *id; /* the last one that the stream said, with this event or before */
} h2client_sse_event;

/* Borrows the call, which has no on_data. NULL: no memory. */
H2CLIENT_API H2CLIENT_MUST_USE h2client_sse *h2client_sse_create(h2client_call *call);
H2CLIENT_API void h2client_sse_destroy(h2client_sse *sse);
H2CLIENT_AUTO(sse, h2client_sse_destroy)

/* Drives until there is an event. NULL: the stream has ended, or see h2client_sse_error. */
H2CLIENT_API const h2client_sse_event *h2client_sse_next(h2client_sse *sse);
/* The twin that drives nothing: NULL, and PENDING, when there is none now. */
H2CLIENT_API const h2client_sse_event *h2client_sse_try_next(h2client_sse *sse);
/*
 * Why there was no event: OK at the orderly end; PENDING; the call's error code; STATUS where
 * the response is no 200, CONTENT_TYPE where it is no text/event-stream; LINE_TOO_LONG for
 * an event above 1 MiB; INTERRUPTED, REENTRANT, NO_MEMORY.
 */
H2CLIENT_API h2client_error_code h2client_sse_error(const h2client_sse *sse);
/* "" as long as the stream said none. */
H2CLIENT_API const char *h2client_sse_last_id(const h2client_sse *sse);
/* What the stream asks for, at most an hour; -1: nothing. */
H2CLIENT_API int64_t h2client_sse_retry_ms(const h2client_sse *sse);

#ifdef __cplusplus
}
#endif

#endif
