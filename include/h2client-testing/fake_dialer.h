/* SPDX-License-Identifier: MIT */
/*
 * A dialer whose every dial ends at a fresh peer in memory (peer_transport.h), or in
 * a fault, after a delay of virtual time. It keeps what it was asked, and the peers,
 * until h2t_dialer_finish.
 */
#ifndef H2T_FAKE_DIALER_H
#define H2T_FAKE_DIALER_H

#include "h2client/dialer.h"
#include "h2_proxy_peer.h"
#include "peer_transport.h"
#include "proxy_peer.h"

#ifdef __cplusplus
extern "C" {
#endif

#define H2T_MAX_DIALS 4096
#define H2T_MAX_DIAL_ADDRESSES 8

/* What becomes of a dial; zeroed, then filled by on_dial. What it points to must last
 * until the dial ends. */
struct h2t_dial_plan {
    struct h2t_peer_config peer;
    const struct h2t_h1_config *h1; /* not NULL: it ends at such a peer instead */
    struct h2t_proxy *proxy;        /* not NULL: in front of the peer */
    struct h2t_h2_proxy *h2_proxy;  /* not NULL: it ends there; that has peers of its own */
    struct h2t_link_options link;
    bool fails;
    h2client_fault fault; /* with fails */
    int64_t delay_ms;     /* until it succeeds or fails; 0: later in the same turn */
    bool is_silent;       /* it ends by its time limit only */
    const char *met;      /* what it tells of itself while it lasts; NULL: nothing */
};

/* One dial, from its start on. */
struct h2t_dial {
    size_t n; /* 0, 1 ...: in order of their starts */
    char host[256];
    uint32_t port;
    int64_t timeout_ms;
    h2client_address addresses[H2T_MAX_DIAL_ADDRESSES];
    size_t n_addresses;
    bool has_all_addresses; /* none will follow; true from the start if none are wanted */
    bool was_cancelled;
    bool has_ended;              /* on_done ran */
    struct h2t_peer *peer;       /* NULL until it succeeded, or if it is an HTTP/1.1 peer */
    struct h2t_h1_peer *h1_peer; /* the same the other way round */
    struct h2t_proxy_peer *proxy_peer;
    struct h2t_h2_proxy_peer *h2_proxy_peer;
    struct h2t_link *link; /* NULL until it succeeded */
};

struct h2t_dialer {
    h2client_dialer dialer; /* hand out its address */
    /* May be NULL: all dials succeed, with a peer that has no options. */
    void (*on_dial)(struct h2t_dialer *dialer, const struct h2t_dial *dial,
                    struct h2t_dial_plan *plan, void *user);
    void *user;
    bool wants_addresses; /* a dial then goes on once it has one, which it leads to */
    size_t n_dials;       /* started */
    size_t n_cancelled;
    struct h2t_dial *dials[H2T_MAX_DIALS];
};

/* The first h2t_dialer must be zeroed but for what the test sets before or after. */
void h2t_dialer_init(struct h2t_dialer *dialer);
/* Frees peers and links. Aborts if a dial has neither ended nor been cancelled. */
void h2t_dialer_finish(struct h2t_dialer *dialer);
/* The peer of the nth dial; NULL if there is none (yet). */
struct h2t_peer *h2t_dialer_peer(const struct h2t_dialer *dialer, size_t n);
struct h2t_h1_peer *h2t_dialer_h1_peer(const struct h2t_dialer *dialer, size_t n);
/* Connections whose client end is still open. */
size_t h2t_dialer_n_open(const struct h2t_dialer *dialer);

#ifdef __cplusplus
}
#endif

#endif
