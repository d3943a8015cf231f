/* SPDX-License-Identifier: MIT */
/*
 * What a client and a proxy say to each other before a tunnel stands, sans-I/O: `out` holds
 * what is to be sent, `n_wanted` says how many bytes are to be read next, which are then given
 * to `take`.
 */
#ifndef H2I_TUNNEL_TALK_H
#define H2I_TUNNEL_TALK_H

#include "base/buf.h"
#include "h2client/pool/tunnel.h"

#define H2I_TUNNEL_MAX_ANSWER 16384
#define H2I_TUNNEL_MAX_WANTED 260

struct h2i_tunnel_talk {
    struct h2i_buf out;
    struct h2i_buf answer; /* CONNECT: of its head, what has come */
    const struct h2i_tunnel_params *params;
    size_t n_wanted; /* 0: the tunnel stands, or `fault` says why not */
    int step;        /* each kind's own */
    h2client_fault fault;
};

/* Fills `out`; false: no memory, or a fault. */
bool h2i_connect_begin(struct h2i_tunnel_talk *talk);
void h2i_connect_take(struct h2i_tunnel_talk *talk, const unsigned char *bytes);
bool h2i_socks5_begin(struct h2i_tunnel_talk *talk);
void h2i_socks5_take(struct h2i_tunnel_talk *talk, const unsigned char *bytes);

#endif
