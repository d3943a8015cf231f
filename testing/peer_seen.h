/* SPDX-License-Identifier: MIT */
/* What a client sent: the preface, frames one by one, requests put together. Inside
 * of h2_peer. */
#ifndef H2T_PEER_SEEN_H
#define H2T_PEER_SEEN_H

#include <nghttp2/nghttp2.h>

#include "h2client-testing/h2_peer.h"
#include "h2client-testing/raw_frames.h"

struct h2t_seen_list {
    void **items;
    size_t n;
    size_t cap;
};

struct h2t_seen {
    struct h2t_bytes in; /* not taken apart yet, from `taken` on */
    size_t taken;
    bool has_preface;
    bool is_broken; /* no preface came: nothing more is read */
    nghttp2_hd_inflater *inflater;
    struct h2t_bytes block;      /* of a header block whose end has not come */
    struct h2t_seen_frame *head; /* its HEADERS frame; NULL: none is open */
    struct h2t_seen_list frames;
    struct h2t_seen_list requests;
};

/* One thing taken from the input: the preface or a whole frame. */
struct h2t_seen_step {
    const uint8_t *bytes; /* as it came */
    size_t len;
    const struct h2t_seen_request *opened;    /* its head is whole now; or NULL */
    const struct h2t_seen_request *completed; /* its END_STREAM came now; or NULL */
};

void h2t_seen_init(struct h2t_seen *seen);
void h2t_seen_finish(struct h2t_seen *seen);
void h2t_seen_add(struct h2t_seen *seen, const void *data, size_t len);
/* False: nothing whole is left. Bytes are valid until the next call of add. */
bool h2t_seen_next(struct h2t_seen *seen, struct h2t_seen_step *step);

#endif
