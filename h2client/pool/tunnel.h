/* SPDX-License-Identifier: MIT */
/*
 * Tunnel: asks a proxy, over a transport to it, for a way to somewhere else: CONNECT by
 * HTTP/1.1 (RFC 9110 9.3.6) or SOCKS5 (RFC 1928, 1929). It reads no byte more than the
 * proxy's answer: what follows is the other end's.
 */
#ifndef H2I_TUNNEL_H
#define H2I_TUNNEL_H

#include "h2client/pool/pool_proxy.h"
#include "h2client/reactor.h"
#include "h2client/transport.h"

struct h2i_tunnel;

struct h2i_tunnel_params {
    const struct h2i_proxy *proxy;
    const char *host; /* no brackets */
    bool host_is_literal;
    uint16_t port;
    const h2client_address *address; /* of that host, where the proxy is not to look it up;
                                        copied */
    int64_t timeout_us;              /* INT64_MAX: none */
    const char *authorization;       /* CONNECT: of proxy-authorization; NULL: none; copied */
    /* CONNECT: what came with a 407; NULL: nobody wants to know. Called before on_done, in
     * the middle of things: it only takes note. */
    void (*on_challenge)(const h2client_header *fields, void *user);
    void *user; /* for that */
};

/* Of "host:port" at most, a NUL with it. */
#define H2I_TUNNEL_TARGET_MAX 280
/* Where it leads to: "server.test:443", "[::1]:443". Returns buf. */
const char *h2i_tunnel_target(const struct h2i_tunnel_params *params,
                              char buf[H2I_TUNNEL_TARGET_MAX]);

/* Called once, never inside start or cancel; the tunnel is gone then. A transport, now the
 * callee's, or a fault. */
typedef void (*h2i_tunnel_fn)(h2client_transport *transport, const h2client_fault *fault,
                              void *user);

/* Owns the transport from here on, whatever happens. NULL: no memory (on_done does not run), or
 * OK is not what *code says: what is asked for cannot be said. */
struct h2i_tunnel *h2i_tunnel_start(h2client_reactor *reactor, h2client_transport *transport,
                                    const struct h2i_tunnel_params *params, h2i_tunnel_fn on_done,
                                    void *user, h2client_fault *fault);
void h2i_tunnel_cancel(struct h2i_tunnel *tunnel);

/* What an answer to CONNECT means that is none of 2xx. */
h2client_fault h2i_tunnel_refusal(int status, bool had_login);

#endif
