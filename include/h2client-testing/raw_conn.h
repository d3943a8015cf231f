/* SPDX-License-Identifier: MIT */
/*
 * A connection to a real server, over the library's own dialer and TLS, on which nothing is
 * said but what the caller says, legal or not, and each frame that comes back is shown. The
 * ground for tests of servers' conformance.
 *
 *     char why[200];
 *     struct h2t_raw *raw = h2t_raw_open("localhost", 8443, NULL, why, sizeof why);
 *     struct h2t_bytes out = {NULL, 0, 0};
 *     const struct h2t_seen_frame *frame;
 *
 *     h2t_raw_preface(&out);
 *     h2t_ping(&out, false, 0x1234);
 *     h2t_raw_send(raw, &out);
 *     while (h2t_raw_receive(raw, 1000, &frame) == H2T_RAW_FRAME)
 *         puts(h2t_frame_text(frame, why, sizeof why));
 *     h2t_bytes_free(&out);
 *     h2t_raw_close(raw);
 *
 * Functions wait, up to their limits, in the calling thread.
 */
#ifndef H2CLIENT_TESTING_RAW_CONN_H
#define H2CLIENT_TESTING_RAW_CONN_H

#include "h2_peer.h"
#include "h2client/tls.h"
#include "raw_frames.h"

#ifdef __cplusplus
extern "C" {
#endif

struct h2t_raw;

/* Zeroed: defaults. */
struct h2t_raw_options {
    const h2client_tls_options *tls; /* NULL: the system's authorities, as for a session */
    bool is_cleartext;               /* no TLS: HTTP/2 by prior knowledge */
    int64_t timeout_ms;              /* for opening it; 10,000 */
};

/* TLS offers h2 alone. NULL: it was not opened, and `why` (NUL-terminated, cut where it does
 * not fit) says why. `host`: a name, or a literal without brackets. */
struct h2t_raw *h2t_raw_open(const char *host, unsigned port, const struct h2t_raw_options *options,
                             char *why, size_t cap);
/* What every client says first: the preface and SETTINGS without entries. */
void h2t_raw_preface(struct h2t_bytes *out);
/* All of it, and empties it. False: the connection takes nothing any more. */
bool h2t_raw_send(struct h2t_raw *raw, struct h2t_bytes *bytes);

enum h2t_raw_result {
    H2T_RAW_FRAME,  /* *frame is the next one; the connection's, as long as that lives */
    H2T_RAW_SILENT, /* nothing whole came in time */
    H2T_RAW_ENDED,  /* the server closed in good order */
    H2T_RAW_FAILED  /* h2t_raw_failure says how */
};
enum h2t_raw_result h2t_raw_receive(struct h2t_raw *raw, int64_t timeout_ms,
                                    const struct h2t_seen_frame **frame);
const char *h2t_raw_failure(const struct h2t_raw *raw);
/* NULL is fine. */
void h2t_raw_close(struct h2t_raw *raw);

/* One line, for people: "HEADERS stream 1 len 52 END_HEADERS :status=200 server=nghttpd".
 * Returns buf; cut where it does not fit. */
const char *h2t_frame_text(const struct h2t_seen_frame *frame, char *buf, size_t cap);

#ifdef __cplusplus
}
#endif

#endif
