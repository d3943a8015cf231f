/* SPDX-License-Identifier: MIT */
/* Origin: the pool's record of one pool key: its connections, the one being opened,
 * and who waits. Made with the first ticket, freed with the last thing in it. */
#ifndef H2I_ORIGIN_H
#define H2I_ORIGIN_H

#include "h2client/pool/pool.h"

struct h2i_connector;

struct h2i_origin {
    struct h2i_map_entry entry;  /* in pool->origins; its key is `key` */
    struct h2i_list in_unserved; /* linked iff serve must look at it */
    struct h2i_list in_starved;  /* linked iff it waits for room in the session's budget */
    struct h2i_pool *pool;
    struct h2i_list waiting;         /* tickets, in the order of their coming */
    struct h2i_list links;           /* those that are not closed */
    struct h2i_connector *connector; /* NULL when none is being opened */
    bool is_tried_again;             /* the next dial goes on with what others' limit has ended */
    bool is_https;
    bool host_is_literal;
    bool has_prior_knowledge;
    uint16_t port;
    const char *host;
    struct h2i_pool_key key;
};

/* NULL without memory. Not yet in the map. */
struct h2i_origin *h2i_origin_create(struct h2i_pool *pool, const struct h2i_url *url,
                                     h2client_http_version version, const struct h2i_pool_key *key);
/* Something changed: serve looks at it. */
void h2i_origin_touch(struct h2i_origin *origin);
/* The connector's result. On failure every ticket that waits hears of it: one dial, one
 * answer; but where a time limit (of `limits`, the connector's) has passed, those that
 * allow more go on waiting, for another dial. NULL limits: all. */
void h2i_origin_connected(struct h2i_origin *origin, struct h2i_link *link);
void h2i_origin_connect_failed(struct h2i_origin *origin, const h2client_fault *fault,
                               const struct h2i_connect_limits *limits);

#endif
