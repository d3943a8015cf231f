/* SPDX-License-Identifier: MIT */
/*
 * Origin: the pool's record of one pool key: its connections, those being opened, who
 * waits, and what it answered to ALPN. It outlives its connections for as long as that
 * is worth remembering.
 *
 * A carrier is the origin of a proxy that is reached by TLS and makes tunnels: those who wait
 * are connectors, each of which wants a way through. It opens connections whenever one is
 * wanted, beyond all limits: each is for a connection that has been counted, and who counts
 * for another one must not wait for it.
 */
#ifndef H2I_ORIGIN_H
#define H2I_ORIGIN_H

#include "h2client/pool/dial_plan.h"
#include "h2client/pool/pool.h"

struct h2i_connector;

struct h2i_origin {
    struct h2i_map_entry entry;  /* in pool->origins; its key is `key` */
    struct h2i_list in_unserved; /* linked iff serve must look at it */
    struct h2i_list in_starved;  /* linked iff it waits for room in the session's budget */
    struct h2i_list in_hungry;   /* linked iff it wants a connection above the pool\'s limit: on
                                    pool->greedy iff is_greedy, else on pool->hungry */
    struct h2i_list in_resting;  /* linked iff nobody waits and nothing is open */
    struct h2i_pool *pool;
    struct h2i_waiters waiters;
    struct h2i_list links;      /* those that are not closed */
    struct h2i_list roomy;      /* of these, who takes another call; used last, first */
    struct h2i_list connectors; /* those at work */
    size_t n_links;
    size_t n_connectors;
    h2client_timer patience;          /* look again then */
    int64_t not_before_us;            /* a dial failed while others went on */
    uint64_t replaced_id;             /* the last connection that was replaced while it drained */
    struct h2i_connect_limits limits; /* of who came last */
    uint64_t episode;                 /* of connecting: from 1, the next begins after a success */
    struct {
        enum h2i_protocol protocol;
        uint32_t max_streams; /* the last connection's limit; 0: not known */
        bool needs_h1;        /* HTTP_1_1_REQUIRED */
        int64_t until_us;     /* while nothing is open */
    } known;
    struct {                          /* coalesce.h */
        struct h2i_link *link;        /* another origin's, that takes calls; NULL: none */
        struct h2i_list in_borrowers; /* linked iff there is one */
        struct h2i_list in_thirsty;   /* linked iff it waits for room on that */
        bool is_refused;              /* by a 421: none any more */
    } loan;
    h2client_fault stillborn;      /* how a connection ended that took no call; code OK: none did */
    h2client_http_version version; /* as the calls want it */
    bool is_greedy;
    bool is_carrier;
    bool is_https;
    bool host_is_literal;
    uint16_t port;
    const char *host;
    struct h2i_place place;  /* where its connections, or tunnels, lead to: that, or elsewhere */
    struct h2i_proxy *proxy; /* its connections go through that, a carrier's to it; NULL: none */
    char key[];              /* then the host */
};

/* NULL without memory. Not yet in the map. */
struct h2i_origin *h2i_origin_create(struct h2i_pool *pool, const struct h2i_url *url,
                                     h2client_http_version version, const struct h2i_proxy *proxy,
                                     const struct h2i_pool_key *key);
struct h2i_origin *h2i_origin_create_carrier(struct h2i_pool *pool, const struct h2i_proxy *proxy,
                                             const struct h2i_pool_key *key);
void h2i_origin_destroy(struct h2i_origin *origin);
/* A connection was opened, and ended before it took a call: as good as not opened. */
void h2i_origin_note_stillborn(struct h2i_origin *origin, const h2client_fault *fault);
/* Something changed: serve looks at it. */
void h2i_origin_touch(struct h2i_origin *origin);
/* Hands out its room, opens what is to be opened. */
void h2i_origin_serve(struct h2i_origin *origin);
/* Nothing waits, is open or is being opened. */
bool h2i_origin_is_resting(const struct h2i_origin *origin);
/* A connection, its own or borrowed, that will take calls again once streams end or the peer
 * allows more. */
bool h2i_origin_has_hope(const struct h2i_origin *origin);
/* The ALPN identifiers to be offered, ended by NULL. */
const char *const *h2i_origin_alpn(const struct h2i_origin *origin);
/* What a connection without TLS speaks. */
enum h2i_protocol h2i_origin_cleartext_protocol(const struct h2i_origin *origin);
/* From now on HTTP/1.1 only, for as long as that is remembered. */
void h2i_origin_require_h1(struct h2i_origin *origin);
/* NULL when nobody waits. */
struct h2i_ticket *h2i_origin_first_waiting(const struct h2i_origin *origin);
/* At the place that is its own. */
void h2i_origin_admit(struct h2i_origin *origin, struct h2i_ticket *ticket);
/* Lets go of a ticket that waits. */
void h2i_origin_dismiss(struct h2i_origin *origin, struct h2i_ticket *ticket);

/* The connector's result; it is gone. On failure every ticket that waits hears of it: one
 * dial, one answer; but where a time limit (of `limits`, the connector's) has passed,
 * those that allow more go on waiting, for another dial, and where other connections are
 * open or being opened, all do. NULL limits: all. */
void h2i_origin_connected(struct h2i_origin *origin, struct h2i_link *link);
void h2i_origin_connect_failed(struct h2i_origin *origin, const h2client_fault *fault,
                               const struct h2i_connect_limits *limits);
/* The same of a carrier's, where the proxy speaks HTTP/1.1: the connection is for the first who
 * waits; where nobody does, it is closed. */
void h2i_origin_hand_over(struct h2i_origin *carrier, h2client_transport *transport);

#endif
