/* SPDX-License-Identifier: MIT */
#include "h2client/pool/pool.h"

#include <string.h>

#include "h2client/pool/connector.h"
#include "h2client/pool/link.h"
#include "h2client/pool/origin.h"

/* What nghttp2's freed blocks may hold for the next requests. */
#define SLAB_MAX_HELD_BYTES (4u << 20)

/* ---- origins ----------------------------------------------------------- */

static char *copy_host(const h2client_allocator *allocator, const struct h2i_url *url)
{
    return h2i_copy_string(allocator, url->host);
}

struct h2i_origin *h2i_origin_create(struct h2i_pool *pool, const struct h2i_url *url,
                                     h2client_http_version version, const struct h2i_pool_key *key)
{
    struct h2i_origin *origin = h2i_alloc_zeroed(pool->config.allocator, sizeof *origin);

    if (!origin)
        return NULL;
    origin->host = copy_host(pool->config.allocator, url);
    if (!origin->host) {
        h2i_free(pool->config.allocator, origin);
        return NULL;
    }
    origin->pool = pool;
    origin->is_https = url->is_https;
    origin->host_is_literal = url->host_is_literal;
    origin->has_prior_knowledge = version == H2CLIENT_HTTP_2_PRIOR_KNOWLEDGE;
    origin->port = url->port;
    origin->key = *key;
    origin->entry.key = origin->key.text;
    origin->entry.key_len = origin->key.len;
    h2i_list_init(&origin->waiting);
    h2i_list_init(&origin->links);
    return origin;
}

static void destroy_origin(struct h2i_origin *origin)
{
    const h2client_allocator *allocator = origin->pool->config.allocator;

    h2i_list_remove(&origin->in_unserved);
    h2i_list_remove(&origin->in_starved);
    h2i_free(allocator, (void *)(uintptr_t)origin->host);
    h2i_free(allocator, origin);
}

void h2i_origin_touch(struct h2i_origin *origin)
{
    if (!h2i_list_is_linked(&origin->in_unserved))
        h2i_list_append(&origin->pool->unserved, &origin->in_unserved);
}

static struct h2i_origin *find_or_make_origin(struct h2i_pool *pool, const struct h2i_url *url,
                                              h2client_http_version version)
{
    struct h2i_pool_key key;
    struct h2i_map_entry *entry;
    struct h2i_origin *origin;

    if (!h2i_pool_key_make(&key, url, version))
        return NULL;
    entry = h2i_map_find(&pool->origins, key.text, key.len);
    if (entry)
        return H2I_CONTAINER_OF(entry, struct h2i_origin, entry);
    origin = h2i_origin_create(pool, url, version, &key);
    if (origin && !h2i_map_insert(&pool->origins, &origin->entry)) {
        destroy_origin(origin);
        return NULL;
    }
    return origin;
}

/* ---- tickets ----------------------------------------------------------- */

bool h2i_pool_enter(struct h2i_pool *pool, const struct h2i_url *url, h2client_http_version version,
                    struct h2i_ticket *ticket)
{
    struct h2i_origin *origin = find_or_make_origin(pool, url, version);

    if (!origin)
        return false;
    ticket->origin = origin;
    h2i_list_append(&origin->waiting, &ticket->in_queue);
    h2i_origin_touch(origin);
    return true;
}

static void let_go(struct h2i_ticket *ticket)
{
    h2i_list_remove(&ticket->in_queue);
    ticket->origin = NULL;
}

void h2i_pool_leave(struct h2i_pool *pool, struct h2i_ticket *ticket)
{
    struct h2i_origin *origin = ticket->origin;

    (void)pool;
    if (!origin)
        return;
    let_go(ticket);
    h2i_origin_touch(origin); /* nobody may be left to want its connection */
}

/* A connection that will take calls again once streams end or the peer allows more. */
static bool has_hope(const struct h2i_origin *origin)
{
    for (struct h2i_list *node = h2i_list_first(&origin->links); node;
         node = h2i_list_after(&origin->links, node))
        if (H2I_CONTAINER_OF(node, struct h2i_link, in_origin)->conn->accepts_new)
            return true;
    return false;
}

bool h2i_ticket_is_connecting(const struct h2i_ticket *ticket)
{
    return ticket->origin && !has_hope(ticket->origin);
}

h2client_phase h2i_ticket_phase(const struct h2i_ticket *ticket)
{
    if (!ticket->origin || !ticket->origin->connector)
        return H2CLIENT_PHASE_QUEUE;
    return h2i_connector_phase(ticket->origin->connector);
}

/* ---- what the connector found ------------------------------------------ */

void h2i_origin_connected(struct h2i_origin *origin, struct h2i_link *link)
{
    (void)link; /* it is on origin->links already */
    origin->connector = NULL;
    h2i_origin_touch(origin);
}

static int64_t limit_us(const struct h2i_connect_limits *limits, h2client_limit which)
{
    switch (which) {
    case H2CLIENT_LIMIT_DNS:
        return limits->dns_us;
    case H2CLIENT_LIMIT_SOCK_CONNECT:
        return limits->sock_connect_us;
    case H2CLIENT_LIMIT_TLS:
        return limits->tls_us;
    default:
        return 0;
    }
}

static bool concerns(const struct h2i_ticket *ticket, const h2client_fault *fault,
                     const struct h2i_connect_limits *limits)
{
    return !limits || fault->code != H2CLIENT_ERROR_TIMEOUT ||
           limit_us(&ticket->limits, fault->limit) <= limit_us(limits, fault->limit);
}

void h2i_origin_connect_failed(struct h2i_origin *origin, const h2client_fault *fault,
                               const struct h2i_connect_limits *limits)
{
    struct h2i_outcome outcome = {
        .fault = *fault, .replay_class = H2CLIENT_REPLAY_NEVER_SENT, .http2_code = -1};
    struct h2i_list failed;
    struct h2i_list *node;

    origin->connector = NULL;
    h2i_origin_touch(origin);
    h2i_list_init(&failed);
    h2i_list_splice(&failed, &origin->waiting); /* who comes meanwhile gets a new dial */
    while ((node = h2i_list_pop(&failed))) {
        struct h2i_ticket *ticket = H2I_CONTAINER_OF(node, struct h2i_ticket, in_queue);
        if (!concerns(ticket, fault, limits)) {
            h2i_list_append(&origin->waiting, node);
            origin->is_tried_again = true;
            continue;
        }
        let_go(ticket);
        ticket->events->on_failed(ticket, &outcome);
    }
}

/* ---- serving ----------------------------------------------------------- */

static struct h2i_link *find_room(struct h2i_origin *origin)
{
    for (struct h2i_list *node = h2i_list_first(&origin->links); node;
         node = h2i_list_after(&origin->links, node)) {
        struct h2i_link *link = H2I_CONTAINER_OF(node, struct h2i_link, in_origin);
        if (h2i_link_has_room(link))
            return link;
    }
    return NULL;
}

static struct h2i_ticket *first_waiting(const struct h2i_origin *origin)
{
    if (h2i_list_is_empty(&origin->waiting))
        return NULL;
    return H2I_CONTAINER_OF(origin->waiting.next, struct h2i_ticket, in_queue);
}

/* False: the conn could not take it just now. */
static bool hand_out(struct h2i_origin *origin, struct h2i_ticket *ticket, struct h2i_link *link)
{
    h2client_error_code code;

    h2i_list_remove(&ticket->in_queue);
    ticket->origin = NULL;
    code = ticket->events->on_link(ticket, link);
    if (code == H2CLIENT_PENDING) {
        ticket->origin = origin;
        ticket->in_queue.next = origin->waiting.next;
        ticket->in_queue.prev = &origin->waiting;
        origin->waiting.next->prev = &ticket->in_queue;
        origin->waiting.next = &ticket->in_queue;
        if (!h2i_list_is_linked(&origin->in_starved))
            h2i_list_append(&origin->pool->starved, &origin->in_starved);
        return false;
    }
    if (code == H2CLIENT_OK)
        origin->pool->stats.n_streams++;
    return true;
}

static void tell_connecting(struct h2i_origin *origin)
{
    struct h2i_list *next;

    for (struct h2i_list *node = origin->waiting.next; node != &origin->waiting; node = next) {
        struct h2i_ticket *ticket = H2I_CONTAINER_OF(node, struct h2i_ticket, in_queue);
        next = node->next;
        ticket->events->on_connecting(ticket);
    }
}

static void open_connection(struct h2i_origin *origin, struct h2i_ticket *ticket)
{
    ticket->made_connect = true;
    origin->connector = h2i_connector_start(origin, &ticket->limits);
    if (!origin->connector)
        h2i_origin_connect_failed(
            origin, &(h2client_fault){.code = H2CLIENT_ERROR_NO_MEMORY, .tls_alert = -1}, NULL);
    else if (!origin->is_tried_again)
        tell_connecting(origin);
    origin->is_tried_again = false;
}

static void serve_origin(struct h2i_origin *origin)
{
    struct h2i_ticket *ticket;
    struct h2i_link *link;

    while ((ticket = first_waiting(origin)) && (link = find_room(origin)))
        if (!hand_out(origin, ticket, link))
            break;
    if (ticket && !origin->connector && !has_hope(origin))
        open_connection(origin, ticket);
    if (!first_waiting(origin) && origin->connector) {
        h2i_connector_cancel(origin->connector);
        origin->connector = NULL;
    }
}

static bool is_useless(const struct h2i_origin *origin)
{
    return !origin->connector && h2i_list_is_empty(&origin->waiting) &&
           h2i_list_is_empty(&origin->links);
}

/* The budget is everybody's: room in it comes from streams of other origins as well. */
static void touch_starved(struct h2i_pool *pool)
{
    struct h2i_list *node;

    if (pool->budget.used + pool->config.h2.stream_window_bytes > pool->budget.max)
        return;
    while ((node = h2i_list_pop(&pool->starved)))
        h2i_origin_touch(H2I_CONTAINER_OF(node, struct h2i_origin, in_starved));
}

void h2i_pool_serve(struct h2i_pool *pool)
{
    struct h2i_list *node;

    touch_starved(pool);
    while ((node = h2i_list_pop(&pool->unserved))) {
        struct h2i_origin *origin = H2I_CONTAINER_OF(node, struct h2i_origin, in_unserved);
        serve_origin(origin);
        if (is_useless(origin)) {
            h2i_map_remove(&pool->origins, &origin->entry);
            destroy_origin(origin);
        }
    }
}

void h2i_pool_flush(struct h2i_pool *pool)
{
    struct h2i_list dirty;
    struct h2i_list *node;

    h2i_list_init(&dirty);
    h2i_list_splice(&dirty, &pool->dirty); /* who has more to say says it next turn */
    while ((node = h2i_list_pop(&dirty)))
        h2i_link_flush(H2I_CONTAINER_OF(node, struct h2i_link, in_work));
}

void h2i_pool_reap(struct h2i_pool *pool)
{
    struct h2i_list *node;

    while ((node = h2i_list_pop(&pool->dead)))
        h2i_link_destroy(H2I_CONTAINER_OF(node, struct h2i_link, in_work));
}

bool h2i_pool_is_busy(const struct h2i_pool *pool)
{
    return !h2i_list_is_empty(&pool->unserved) || !h2i_list_is_empty(&pool->dirty) ||
           !h2i_list_is_empty(&pool->dead);
}

/* ---- life -------------------------------------------------------------- */

bool h2i_pool_init(struct h2i_pool *pool, const struct h2i_pool_config *config,
                   const uint64_t seed[2])
{
    *pool = (struct h2i_pool){.config = *config};
    pool->budget.max = config->max_held_bytes;
    pool->stats.size = sizeof pool->stats;
    h2i_slab_init(&pool->slab, config->allocator, SLAB_MAX_HELD_BYTES);
    h2i_map_init(&pool->origins, config->allocator, seed);
    h2i_list_init(&pool->unserved);
    h2i_list_init(&pool->starved);
    h2i_list_init(&pool->dirty);
    h2i_list_init(&pool->dead);
    pool->scratch = h2i_alloc(config->allocator, H2I_POOL_SCRATCH_BYTES);
    return pool->scratch != NULL;
}

static void shut_down_origin(struct h2i_origin *origin, bool says_goodbye)
{
    while (!h2i_list_is_empty(&origin->links)) {
        struct h2i_link *link = H2I_CONTAINER_OF(origin->links.next, struct h2i_link, in_origin);
        if (says_goodbye)
            h2i_link_shut_down(link);
        else
            h2i_link_close(link);
    }
    if (origin->connector)
        h2i_connector_cancel(origin->connector);
    h2i_map_remove(&origin->pool->origins, &origin->entry);
    destroy_origin(origin);
}

void h2i_pool_finish(struct h2i_pool *pool, bool says_goodbye)
{
    struct h2i_map_entry *entry;

    if (!pool->scratch)
        return;
    while ((entry = h2i_map_any(&pool->origins)))
        shut_down_origin(H2I_CONTAINER_OF(entry, struct h2i_origin, entry), says_goodbye);
    h2i_pool_reap(pool);
    h2i_map_finish(&pool->origins);
    h2i_slab_finish(&pool->slab);
    h2i_free(pool->config.allocator, pool->scratch);
    pool->scratch = NULL;
}
