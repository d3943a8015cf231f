/* SPDX-License-Identifier: MIT */
/*
 * A scriptable proxy in memory that speaks HTTP/2: each CONNECT it agrees to leads to a peer
 * of its own. What it was asked is kept, and so are the peers, until the proxy goes.
 */
#ifndef H2T_H2_PROXY_PEER_H
#define H2T_H2_PROXY_PEER_H

#include "peer_transport.h"

#ifdef __cplusplus
extern "C" {
#endif

#define H2T_MAX_TUNNELS 512

struct h2t_h2_proxy;

/* One CONNECT, as it came. */
struct h2t_connect {
    char target[300]; /* "server.test:443" */
    char login[1000]; /* its proxy-authorization; "" for none */
    size_t n_fields;  /* all of its head */
    bool has_path;    /* :path or :scheme, which RFC 9113 8.5 forbids */
};

struct h2t_h2_proxy {
    struct h2t_peer_config behind;         /* where tunnels lead to ... */
    const struct h2t_h1_config *behind_h1; /* ... unless this is not NULL */
    uint32_t max_streams;                  /* 0: 100 */
    int refusal;                           /* 0: it agrees */
    const h2client_header *refusal_fields; /* with that; NULL: none; ended by a NULL name */
    uint32_t reset_code;                   /* not 0: resets the stream instead */
    bool is_silent;                        /* answers nothing */
    bool ends_tunnels;                     /* a tunnel ends with its peer's first answer */
    /* May change the above for this one; NULL: none. */
    void (*on_connect)(struct h2t_h2_proxy *proxy, const struct h2t_connect *connect);
    void *user;

    /* What it was asked, by all its connections. */
    size_t n_asked;
    struct h2t_connect asked[H2T_MAX_TUNNELS];
    size_t n_tunnels;                        /* those it agreed to */
    size_t n_open;                           /* of these */
    struct h2t_peer *peers[H2T_MAX_TUNNELS]; /* the nth tunnel's; NULL with behind_h1 */
};

/* One connection to it. */
struct h2t_h2_proxy_peer;
struct h2t_h2_proxy_peer *h2t_h2_proxy_peer_create(struct h2t_h2_proxy *proxy);
void h2t_h2_proxy_peer_destroy(struct h2t_h2_proxy_peer *peer);
struct h2t_server h2t_server_of_h2_proxy(struct h2t_h2_proxy_peer *peer);
/* Says GOAWAY: up to which stream it answers. */
void h2t_h2_proxy_goaway(struct h2t_h2_proxy_peer *peer, int32_t last_stream_id);

#ifdef __cplusplus
}
#endif

#endif
