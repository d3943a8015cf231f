/* SPDX-License-Identifier: MIT */
/* The inside of a peer, shared by h2_peer.c and peer_answer.c. */
#ifndef H2T_PEER_INTERNAL_H
#define H2T_PEER_INTERNAL_H

#include <stdlib.h>

#include "testing/peer_seen.h"

/* A response under way; kept until the peer goes. */
struct h2t_answer {
    struct h2t_answer *next;
    int32_t stream_id;
    struct h2t_response response;
    size_t sent;
    char *body; /* a copy, or NULL: the pattern */
};

struct h2t_peer {
    struct h2t_peer_config config;
    nghttp2_session *session; /* NULL: raw */
    struct h2t_seen seen;
    struct h2t_bytes out;
    size_t out_taken;
    bool holds_output; /* of the session */
    struct h2t_answer *answers;
    char complaint[128];
    void (*on_output)(void *user);
    void *on_output_user;
};

static inline void h2t_peer_must(int nghttp2_result)
{
    if (nghttp2_result == NGHTTP2_ERR_NOMEM)
        abort();
}

/* There is output: who carries it is told. */
void h2t_peer_tell_output(struct h2t_peer *peer);
/* As h2t_peer_send_raw; frees the bytes. */
void h2t_peer_send_bytes(struct h2t_peer *peer, struct h2t_bytes *bytes);

/* Keeps a copy of the response; it is not sent yet. */
struct h2t_answer *h2t_answer_keep(struct h2t_peer *peer, int32_t stream_id,
                                   const struct h2t_response *response);
void h2t_answer_start(struct h2t_peer *peer, struct h2t_answer *answer);
void h2t_answers_free(struct h2t_peer *peer);

#endif
