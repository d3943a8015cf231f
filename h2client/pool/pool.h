/* SPDX-License-Identifier: MIT */
/*
 * Pool: decides which connection carries a call.
 *
 * An attempt takes a ticket and waits at its origin; h2i_pool_serve hands tickets to
 * connections that have room, and has connectors open others where dial_plan.h says so.
 * Deciding is all it does: connector.h opens, link.h moves the bytes, attempt.c (one floor
 * up) says what follows from a failure.
 *
 * Over all origins there is one limit. Who finds it reached takes the place of the
 * connection that has been idle longest, else queues (`hungry`, then `greedy`). A connection that
 * is wanted by its own origin all the time gives its place up after its turn (H2I_TURN_US):
 * HTTP/1.1 between two calls, HTTP/2 once its streams have ended.
 *
 * The session turns it: ... events ... -> serve -> flush -> reap, once a loop turn.
 */
#ifndef H2I_POOL_H
#define H2I_POOL_H

#include "base/list.h"
#include "base/map.h"
#include "base/reactor.h"
#include "h2client/dialer.h"
#include "h2client/h1/h1_conn.h"
#include "h2client/h2/h2_conn.h"
#include "h2client/pool/pool_key.h"
#include "h2client/pool/proxy_login.h"
#include "h2client/pool/reroute.h"
#include "h2client/pool/resumption.h"
#include "h2client/pool/waiters.h"
#include "h2client/resolver.h"
#include "h2client/session.h"
#include "h2client/tls.h"

struct h2i_link;
struct h2i_origin;
struct h2i_ticket;

struct h2i_ticket_events {
    /* A connection has room: submit. PENDING keeps the ticket first in its queue;
     * after any other answer the pool has let go of it. */
    h2client_error_code (*on_link)(struct h2i_ticket *ticket, struct h2i_link *link);
    /* A carrier's ticket only, instead of on_link: a connection that nothing was said on is the
     * callee's; the pool has let go of the ticket. */
    void (*on_transport)(struct h2i_ticket *ticket, h2client_transport *transport);
    /* It waits for a connection that is being opened, no longer for room. It may leave.
     * Not repeated when that failed for others only and is tried again. */
    void (*on_connecting)(struct h2i_ticket *ticket);
    /* No connection could be made, or the queue is full; the pool has let go of it. */
    void (*on_failed)(struct h2i_ticket *ticket, const struct h2i_outcome *outcome);
};

/* How long each step of opening a connection may take; microseconds, INT64_MAX: for ever. */
struct h2i_connect_limits {
    int64_t dns_us;
    int64_t sock_connect_us;
    int64_t tls_us;
};

/* An attempt's place in a queue. Embedded in it, zeroed before its first use; what comes
 * back keeps `waiter.order`. */
struct h2i_ticket {
    const struct h2i_ticket_events *events;
    struct h2i_waiter waiter;
    struct h2i_origin *origin; /* non-NULL iff waiting */
    struct h2i_connect_limits limits;
    int64_t entered_us;
    uint64_t told_episode; /* of the origin's connecting that on_connecting told of; 0: none */
    bool made_connect;     /* its arrival made a connection be opened */
};

/* What the pool is made of; ports and session things outlive it. */
struct h2i_pool_config {
    const h2client_allocator *allocator;
    h2client_reactor *reactor;
    h2client_dialer *dialer;
    h2client_resolver *resolver;
    h2client_tls_factory *tls_factory;
    struct h2i_h1_config h1;
    struct h2i_h2_config h2;
    int64_t max_held_bytes;
    struct h2i_proxy_logins logins;
    struct h2i_reroutes reroutes;
    struct {          /* SIZE_MAX, INT64_MAX: none */
        size_t conns; /* all together, those being opened too */
        size_t h1_conns_per_host;
        size_t h2_conns_per_host;
        size_t waiting; /* calls without a connection */
        int64_t idle_us;
        int64_t age_us;        /* give or take a tenth */
        int64_t probe_idle_us; /* HTTP/2 is asked for a sign of life before reuse */
    } max;
    struct { /* coalesce.h */
        bool is_on;
        h2client_address_filter_fn filter; /* the dialer's; NULL: none */
        void *filter_user;
    } coalesce;
    void (*on_frame)(const h2client_frame_event *event, void *user); /* NULL: no tracing */
    void *user;
};

struct h2i_pool {
    struct h2i_pool_config config;
    struct h2i_slab slab;
    struct h2i_budget budget;
    struct h2i_map origins;
    struct h2i_map spots;             /* where links lead to that may be lent */
    struct h2i_resumption resumption; /* of TLS sessions */
    struct h2i_list unserved;         /* origins that something changed for */
    struct h2i_list starved;          /* origins whose first ticket found no room in the budget */
    struct h2i_list hungry;  /* origins without a connection, for which there is no place */
    struct h2i_list greedy;  /* those with some that want more */
    struct h2i_list resting; /* origins that only remember, the one used longest ago first */
    size_t n_resting;
    struct h2i_list links; /* all that are not closed, in the order of their opening */
    struct h2i_list idle;  /* of these, who carries nothing; idle longest first */
    struct h2i_list dirty; /* links with output */
    struct h2i_list dead;  /* links to be freed once nobody is inside them */
    size_t n_conns;        /* links and connectors */
    size_t n_looking;      /* connectors that look a name up and are not counted yet */
    size_t n_h2_links;
    size_t n_waiting;
    uint64_t last_order;
    uint64_t random; /* state */
    char *scratch;   /* H2I_POOL_SCRATCH_BYTES to read and write from; nothing stays in it */
    h2client_session_stats stats;
    uint64_t last_conn_id;
};

#define H2I_POOL_SCRATCH_BYTES 65536
#define H2I_TURN_US INT64_C(1000000)

/* The library's defaults (README, "Defaults"), ports left out. */
struct h2i_pool_config h2i_pool_default_config(void);

/* False: no memory. */
H2CLIENT_MUST_USE bool h2i_pool_init(struct h2i_pool *pool, const struct h2i_pool_config *config,
                                     const uint64_t seed[2]);
/* All tickets must be gone: every connection says goodbye, as far as that can be done at
 * once, and is closed. The pool goes on. */
void h2i_pool_shut_down(struct h2i_pool *pool);
/* All tickets must be gone. Connections say GOAWAY as far as it can be said at once, but
 * not when they are another process's. */
void h2i_pool_finish(struct h2i_pool *pool, bool says_goodbye);

/* Joins the queue of the origin (made when new); events come from serve and later.
 * What it is: URL, version and proxy (NULL: none), copied. False: no memory. */
H2CLIENT_MUST_USE bool h2i_pool_enter(struct h2i_pool *pool, const struct h2i_url *url,
                                      h2client_http_version version, const struct h2i_proxy *proxy,
                                      struct h2i_ticket *ticket);
/* The same for a way through a proxy over its carrier: on_link has connections of HTTP/2 to
 * the proxy. It is not counted among those that wait. */
H2CLIENT_MUST_USE bool h2i_pool_enter_carrier(struct h2i_pool *pool, const struct h2i_proxy *proxy,
                                              struct h2i_ticket *ticket);
/* Leaves the queue; nothing happens when it is in none. */
void h2i_pool_leave(struct h2i_pool *pool, struct h2i_ticket *ticket);
/* Is it waiting for a connection that has to be opened, rather than for room? */
bool h2i_ticket_is_connecting(const struct h2i_ticket *ticket);
/* "dns", "connect", "proxy", "tls": where the opening stands; QUEUE when it waits for room. */
h2client_phase h2i_ticket_phase(const struct h2i_ticket *ticket);
/* What the opening has met so far, behind what the text has: addresses and their failures. */
void h2i_ticket_describe(const struct h2i_ticket *ticket, struct h2i_text *text);
/* The origin said HTTP_1_1_REQUIRED (RFC 9113 7): for a while it is asked over HTTP/1.1. */
void h2i_pool_require_h1(struct h2i_pool *pool, const struct h2i_url *url,
                         h2client_http_version version, const struct h2i_proxy *proxy);

/* Status 421 (RFC 9110 15.5.20) came for it over this conn. True: that was another origin's;
 * from now on it has connections of its own only. */
bool h2i_pool_end_loan(struct h2i_pool *pool, const struct h2i_conn *conn,
                       const struct h2i_url *url, h2client_http_version version,
                       const struct h2i_proxy *proxy);

/* Hands out room, opens connections. */
void h2i_pool_serve(struct h2i_pool *pool);
/* One write a link that has output. */
void h2i_pool_flush(struct h2i_pool *pool);
/* Frees what died during the turn. */
void h2i_pool_reap(struct h2i_pool *pool);
/* Serve or flush would do something at once. */
bool h2i_pool_is_busy(const struct h2i_pool *pool);

/* ---- for link.c, origin.c and connector.c ---------------------------------------------- */

/* May one more connection be opened for it? It is counted then. If not, the origin is told
 * when it may. A carrier's always may, and is not counted: whoever it is for has been. */
bool h2i_pool_take_slot(struct h2i_pool *pool, struct h2i_origin *origin);
void h2i_pool_give_slot(struct h2i_origin *origin);
/* A link fell idle: whoever is hungry may have its slot. */
void h2i_pool_note_idle(struct h2i_pool *pool);
/* It waits for room in the budget: an idle tunnel gives up what it has of it. */
void h2i_pool_note_starved(struct h2i_pool *pool, struct h2i_origin *origin);
/* Is the turn of this connection over, and does somebody elsewhere, who came before this
 * ticket, need its slot? */
bool h2i_pool_owes_slot(const struct h2i_link *link, const struct h2i_ticket *ticket);
/* A number below `bound` (>= 1). Not for secrets. */
uint64_t h2i_pool_random(struct h2i_pool *pool, uint64_t bound);

#endif
