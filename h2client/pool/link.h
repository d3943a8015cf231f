/* SPDX-License-Identifier: MIT */
/*
 * Link: joins a protocol core to a transport and moves the bytes: what can be read is
 * read when it comes, what is to be written is gathered and written once a turn.
 */
#ifndef H2I_LINK_H
#define H2I_LINK_H

#include "h2client/pool/dial_plan.h"
#include "h2client/pool/pool.h"

struct h2i_link_tls;
struct h2i_spot;

/* When each step of opening was done (reactor clock, microseconds); -1: not needed. */
struct h2i_link_marks {
    int64_t resolved_us;
    int64_t connected_us;
    int64_t secured_us;
};

struct h2i_link {
    struct h2i_list in_origin; /* on origin->links until closed */
    struct h2i_list in_roomy;  /* on origin->roomy iff it takes another exchange */
    struct h2i_list in_pool;   /* on pool->links until closed */
    struct h2i_list in_idle;   /* on pool->idle iff nothing is open on it */
    struct h2i_list in_work;   /* on pool->dirty, or, once closed, on pool->dead */
    struct h2i_pool *pool;
    struct h2i_origin *origin; /* NULL once closed */
    struct h2i_conn *conn;
    h2client_transport *transport;
    h2client_timer deadline; /* at or before conn->deadline_us */
    h2client_timer rest;     /* at or before it has been idle too long, or is too old */
    struct {
        char *buf; /* H2I_LINK_OUT_BYTES: what was not taken at once; NULL: nothing was left */
        size_t start;
        size_t end;
        bool may_have_more; /* the core stopped for want of room, not because it was dry */
        bool is_broken;     /* the transport takes nothing more */
    } out;
    struct {                   /* coalesce.h */
        struct h2i_spot *spot; /* NULL: it is lent to nobody; what follows is unused */
        struct h2i_list in_spot;
        struct h2i_list borrowers; /* origins, by loan.in_borrowers */
        struct h2i_list thirsty;   /* of these, who waits for room, by loan.in_thirsty */
    } lent;
    unsigned wanted; /* of the transport */
    bool is_input_done;
    bool is_closed;
    bool is_h2;
    bool is_asked; /* conn->wants_probe was set */
    bool is_stillborn;
    int64_t opened_us;
    int64_t idle_since_us; /* while on pool->idle */
    int64_t alive_us;      /* when it was in use, or gave a sign of life */
    int64_t retires_us;    /* by its age */
    struct h2i_link_marks marks;
    char local_host[H2CLIENT_ADDRESS_TEXT_MAX]; /* without port; "" when there is none */
    char remote_host[H2CLIENT_ADDRESS_TEXT_MAX];
    char peer[H2CLIENT_ADDRESS_TEXT_MAX]; /* "192.0.2.1:443" */
    char tls_version[16];                 /* "" without TLS */
    struct h2i_link_tls *tls;             /* NULL without TLS */
    uint16_t local_port;
    uint16_t remote_port;
};

#define H2I_LINK_OUT_BYTES 65536

/* Owns `transport` from here on, also when it fails (NULL: no memory). The pool's slot is
 * its own only then. */
struct h2i_link *h2i_link_create(struct h2i_origin *origin, h2client_transport *transport,
                                 const struct h2i_link_marks *marks, enum h2i_protocol protocol);
/* One write. Closes the link when its conn is over and all is written. */
void h2i_link_flush(struct h2i_link *link);
/*
 * Before an idle link is used again: reads what has come meanwhile, so that one the server
 * closed is not used; asks HTTP/2 for a sign of life where it was idle long. False: not
 * now, or never; it is not roomy any more.
 */
H2CLIENT_MUST_USE bool h2i_link_is_fit(struct h2i_link *link);
/* Ends the conn's exchanges' use of it; it moves to pool->dead. */
void h2i_link_close(struct h2i_link *link);
/* Says goodbye if that can be done at once, and closes. */
void h2i_link_shut_down(struct h2i_link *link);
/* Frees a closed link. */
void h2i_link_destroy(struct h2i_link *link);

/* A call timed out on this conn: no new ones until it has given a sign of life. */
void h2i_link_suspect(struct h2i_conn *conn);

#endif
