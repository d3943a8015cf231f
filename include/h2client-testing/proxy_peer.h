/* SPDX-License-Identifier: MIT */
/*
 * A scriptable proxy in memory in front of a peer: it talks until the way stands, by CONNECT
 * or SOCKS5, and from then on hands bytes on. What it was asked is kept.
 */
#ifndef H2T_PROXY_PEER_H
#define H2T_PROXY_PEER_H

#include "peer_transport.h"

#ifdef __cplusplus
extern "C" {
#endif

struct h2t_proxy {
    bool is_socks;
    const char *user; /* SOCKS: the login it takes; NULL: none is asked for */
    const char *password;
    /* What it answers, instead of making the tunnel: CONNECT: text; SOCKS: a reply's number. */
    const char *refusal;
    unsigned char socks_refusal;
    const char *pass; /* CONNECT: with this in its head it is not refused; NULL: nothing helps */
    const char *greeting; /* CONNECT: what it says before its answer (1xx) */
    bool is_silent;

    /* What it was asked. */
    size_t n_asked;
    char target[300]; /* "server.test:443", "192.0.2.1:443" */
    char head[2000];  /* CONNECT: all of it */
    bool saw_basic;   /* in any of them */
};

struct h2t_proxy_peer;

/* In front of `behind`; the proxy is the test's, and shared by all its connections. */
struct h2t_proxy_peer *h2t_proxy_peer_create(struct h2t_proxy *proxy, struct h2t_server behind);
void h2t_proxy_peer_destroy(struct h2t_proxy_peer *peer);
struct h2t_server h2t_server_of_proxy(struct h2t_proxy_peer *peer);

#ifdef __cplusplus
}
#endif

#endif
