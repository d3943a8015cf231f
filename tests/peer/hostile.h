/* SPDX-License-Identifier: MIT */
/*
 * What hostile servers do to clients: a list of attacks in raw frames, each with what a
 * client may do about it. Sent by a raw peer (h2_peer.h, is_raw) after SETTINGS were
 * exchanged and the client has one request open on a stream.
 *
 * An attack is many frames that cost the server little, or one block that is not what
 * it seems. In any case the client's memory has to stay within bounds.
 */
#ifndef H2T_HOSTILE_H
#define H2T_HOSTILE_H

#include "h2client-testing/raw_frames.h"

enum h2t_verdict {
    H2T_CONN_MUST_END,   /* GOAWAY with the attack's code */
    H2T_STREAM_MUST_END, /* RST_STREAM with the attack's code; the connection goes on */
    H2T_MUST_REFUSE,     /* either of them, with whatever code */
    H2T_MAY_SURVIVE      /* the request succeeds, or GOAWAY or RST_STREAM with the code */
};

struct h2t_attack {
    const char *name;
    void (*build)(struct h2t_bytes *out, int32_t stream_id, size_t n);
    size_t n; /* repetitions */
    enum h2t_verdict verdict;
    uint32_t http2_code;
    bool begins_response; /* it sends the response's head itself */
};

extern const struct h2t_attack h2t_attacks[];
extern const size_t h2t_n_attacks;

#endif
