/* SPDX-License-Identifier: MIT */
/*
 * Link: joins a protocol core to a transport and moves the bytes: what can be read is
 * read when it comes, what is to be written is gathered and written once a turn.
 */
#ifndef H2I_LINK_H
#define H2I_LINK_H

#include "h2client/pool/pool.h"

/* When each step of opening was done (reactor clock, microseconds); -1: not needed. */
struct h2i_link_marks {
    int64_t resolved_us;
    int64_t connected_us;
    int64_t secured_us;
};

struct h2i_link {
    struct h2i_list in_origin; /* linked until closed */
    struct h2i_list in_work;   /* on pool->dirty, or, once closed, on pool->dead */
    struct h2i_pool *pool;
    struct h2i_origin *origin; /* NULL once closed */
    struct h2i_conn *conn;
    h2client_transport *transport;
    h2client_timer deadline; /* conn->deadline_us */
    struct {
        char *buf; /* H2I_LINK_OUT_BYTES */
        size_t start;
        size_t end;
        bool may_have_more; /* the core stopped for want of room, not because it was dry */
    } out;
    unsigned wanted; /* of the transport */
    bool is_input_done;
    bool is_closed;
    struct h2i_link_marks marks;
    char local_host[H2CLIENT_ADDRESS_TEXT_MAX]; /* without port; "" when there is none */
    char remote_host[H2CLIENT_ADDRESS_TEXT_MAX];
    char peer[H2CLIENT_ADDRESS_TEXT_MAX]; /* "192.0.2.1:443" */
    char tls_version[16];                 /* "" without TLS */
    uint16_t local_port;
    uint16_t remote_port;
};

#define H2I_LINK_OUT_BYTES 65536

/* Owns `transport` from here on, also when it fails (NULL: no memory). */
struct h2i_link *h2i_link_create(struct h2i_origin *origin, h2client_transport *transport,
                                 const struct h2i_link_marks *marks);
/* One write. Closes the link when its conn is over and all is written. */
void h2i_link_flush(struct h2i_link *link);
/* Room for one more exchange? */
bool h2i_link_has_room(const struct h2i_link *link);
/* Ends the conn's exchanges' use of it; it moves to pool->dead. */
void h2i_link_close(struct h2i_link *link);
/* Says goodbye if that can be done at once, and closes. */
void h2i_link_shut_down(struct h2i_link *link);
/* Frees a closed link. */
void h2i_link_destroy(struct h2i_link *link);

#endif
