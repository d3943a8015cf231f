/* SPDX-License-Identifier: MIT */
/*
 * Pool: decides which connection carries a call.
 *
 * An attempt takes a ticket and waits at its origin; h2i_pool_serve hands tickets to
 * connections that have room, first come first served, and has the connector open
 * one where there is none. Deciding is all it does: connector.h opens, link.h moves
 * the bytes, attempt.c (one floor up) says what follows from a failure.
 *
 * The session turns it: ... events ... -> serve -> flush -> reap, once a loop turn.
 */
#ifndef H2I_POOL_H
#define H2I_POOL_H

#include "base/list.h"
#include "base/map.h"
#include "base/reactor.h"
#include "h2client/dialer.h"
#include "h2client/h2/h2_conn.h"
#include "h2client/pool/pool_key.h"
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
    /* It waits for a connection that is being opened, no longer for room. It may leave.
     * Not repeated when that failed for others only and is tried again. */
    void (*on_connecting)(struct h2i_ticket *ticket);
    /* No connection could be made; the pool has let go of the ticket. */
    void (*on_failed)(struct h2i_ticket *ticket, const struct h2i_outcome *outcome);
};

/* How long each step of opening a connection may take; microseconds, INT64_MAX: for ever. */
struct h2i_connect_limits {
    int64_t dns_us;
    int64_t sock_connect_us;
    int64_t tls_us;
};

/* An attempt's place in a queue. Embedded in it, zeroed before its first use. */
struct h2i_ticket {
    const struct h2i_ticket_events *events;
    struct h2i_list in_queue;  /* linked iff waiting */
    struct h2i_origin *origin; /* non-NULL iff waiting */
    struct h2i_connect_limits limits;
    bool made_connect; /* its arrival made a connection be opened */
};

/* What the pool is made of; ports and session things outlive it. */
struct h2i_pool_config {
    const h2client_allocator *allocator;
    h2client_reactor *reactor;
    h2client_dialer *dialer;
    h2client_resolver *resolver;
    h2client_tls_factory *tls_factory;
    struct h2i_h2_config h2;
    int64_t max_held_bytes;
    void (*on_frame)(const h2client_frame_event *event, void *user); /* NULL: no tracing */
    void *user;
};

struct h2i_pool {
    struct h2i_pool_config config;
    struct h2i_slab slab;
    struct h2i_budget budget;
    struct h2i_map origins;
    struct h2i_list unserved; /* origins that something changed for */
    struct h2i_list starved;  /* origins whose first ticket found no room in the budget */
    struct h2i_list dirty;    /* links with output */
    struct h2i_list dead;     /* links to be freed once nobody is inside them */
    char *scratch;            /* H2I_POOL_SCRATCH_BYTES to read into; nothing stays in it */
    h2client_session_stats stats;
    uint64_t last_conn_id;
};

#define H2I_POOL_SCRATCH_BYTES 65536

/* False: no memory. */
H2CLIENT_MUST_USE bool h2i_pool_init(struct h2i_pool *pool, const struct h2i_pool_config *config,
                                     const uint64_t seed[2]);
/* All tickets must be gone. Connections say GOAWAY as far as it can be said at once, but
 * not when they are another process's. */
void h2i_pool_finish(struct h2i_pool *pool, bool says_goodbye);

/* Joins the queue of the origin (made when new); events come from serve and later.
 * Where `host` and the like come from: the URL, copied. False: no memory. */
H2CLIENT_MUST_USE bool h2i_pool_enter(struct h2i_pool *pool, const struct h2i_url *url,
                                      h2client_http_version version, struct h2i_ticket *ticket);
/* Leaves the queue; nothing happens when it is in none. */
void h2i_pool_leave(struct h2i_pool *pool, struct h2i_ticket *ticket);
/* Is it waiting for a connection that has to be opened, rather than for room? */
bool h2i_ticket_is_connecting(const struct h2i_ticket *ticket);
/* "dns", "connect", "tls": where the opening stands; QUEUE when it waits for room. */
h2client_phase h2i_ticket_phase(const struct h2i_ticket *ticket);

/* Hands out room, opens connections. */
void h2i_pool_serve(struct h2i_pool *pool);
/* One write a link that has output. */
void h2i_pool_flush(struct h2i_pool *pool);
/* Frees what died during the turn. */
void h2i_pool_reap(struct h2i_pool *pool);
/* Serve or flush would do something at once. */
bool h2i_pool_is_busy(const struct h2i_pool *pool);

#endif
