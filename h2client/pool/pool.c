/* SPDX-License-Identifier: MIT */
#include "h2client/pool/pool.h"

#include <string.h>

#include "h2client/pool/coalesce.h"
#include "h2client/pool/connector.h"
#include "h2client/pool/link.h"
#include "h2client/pool/origin.h"

/* What nghttp2's freed blocks may hold for the next requests. */
#define SLAB_MAX_HELD_BYTES (4u << 20)
/* Origins that are only remembered. */
#define MAX_RESTING 1024u

static struct h2i_origin *hungry_of(struct h2i_list *node)
{
    return H2I_CONTAINER_OF(node, struct h2i_origin, in_hungry);
}

/* ---- origins ----------------------------------------------------------------------- */

static struct h2i_origin *find_origin(struct h2i_pool *pool, const struct h2i_pool_key *key)
{
    struct h2i_map_entry *entry = h2i_map_find(&pool->origins, key->text, key->len);

    return entry ? H2I_CONTAINER_OF(entry, struct h2i_origin, entry) : NULL;
}

/* NULL in, NULL out. */
static struct h2i_origin *insert_origin(struct h2i_pool *pool, struct h2i_origin *origin)
{
    if (origin && !h2i_map_insert(&pool->origins, &origin->entry)) {
        h2i_origin_destroy(origin);
        return NULL;
    }
    return origin;
}

static struct h2i_origin *find_or_make_origin(struct h2i_pool *pool, const struct h2i_url *url,
                                              h2client_http_version version,
                                              const struct h2i_proxy *proxy)
{
    struct h2i_pool_key key;
    struct h2i_origin *origin;

    if (!h2i_pool_key_make(&key, url, version, proxy))
        return NULL;
    origin = find_origin(pool, &key);
    if (origin)
        return origin;
    return insert_origin(pool, h2i_origin_create(pool, url, version, proxy, &key));
}

static struct h2i_origin *find_or_make_carrier(struct h2i_pool *pool, const struct h2i_proxy *proxy)
{
    struct h2i_pool_key key;
    struct h2i_origin *origin;

    if (!h2i_pool_key_make_carrier(&key, proxy))
        return NULL;
    origin = find_origin(pool, &key);
    return origin ? origin : insert_origin(pool, h2i_origin_create_carrier(pool, proxy, &key));
}

static void remove_origin(struct h2i_origin *origin)
{
    struct h2i_pool *pool = origin->pool;

    if (h2i_list_is_linked(&origin->in_resting))
        pool->n_resting--;
    h2i_map_remove(&pool->origins, &origin->entry);
    h2i_origin_destroy(origin);
}

static void wake_origin(struct h2i_origin *origin)
{
    if (!h2i_list_is_linked(&origin->in_resting))
        return;
    h2i_list_remove(&origin->in_resting);
    origin->pool->n_resting--;
}

/* It is remembered until others need the place. */
static void rest_origin(struct h2i_origin *origin)
{
    struct h2i_pool *pool = origin->pool;

    if (h2i_list_is_linked(&origin->in_resting))
        return;
    h2i_list_append(&pool->resting, &origin->in_resting);
    if (++pool->n_resting > MAX_RESTING)
        remove_origin(H2I_CONTAINER_OF(pool->resting.next, struct h2i_origin, in_resting));
}

/* ---- tickets ------------------------------------------------------------------------ */

/* NULL in, false out. */
static bool enter(struct h2i_origin *origin, struct h2i_ticket *ticket)
{
    struct h2i_pool *pool;

    if (!origin)
        return false;
    pool = origin->pool;
    wake_origin(origin);
    if (!ticket->waiter.order)
        ticket->waiter.order = ++pool->last_order;
    ticket->entered_us = h2client_reactor_now_us(pool->config.reactor);
    ticket->made_connect = false;
    ticket->told_episode = 0;
    origin->limits = ticket->limits;
    h2i_origin_admit(origin, ticket);
    h2i_origin_touch(origin);
    return true;
}

bool h2i_pool_enter(struct h2i_pool *pool, const struct h2i_url *url, h2client_http_version version,
                    const struct h2i_proxy *proxy, struct h2i_ticket *ticket)
{
    return enter(find_or_make_origin(pool, url, version, proxy), ticket);
}

bool h2i_pool_enter_carrier(struct h2i_pool *pool, const struct h2i_proxy *proxy,
                            struct h2i_ticket *ticket)
{
    return enter(find_or_make_carrier(pool, proxy), ticket);
}

void h2i_pool_leave(struct h2i_pool *pool, struct h2i_ticket *ticket)
{
    struct h2i_origin *origin = ticket->origin;

    (void)pool;
    if (!origin)
        return;
    h2i_origin_dismiss(origin, ticket);
    h2i_origin_touch(origin); /* nobody may be left to want its connection */
}

bool h2i_ticket_is_connecting(const struct h2i_ticket *ticket)
{
    const struct h2i_origin *origin = ticket->origin;

    return origin && origin->n_connectors > 0 && ticket->told_episode == origin->episode &&
           !h2i_origin_has_hope(origin);
}

h2client_phase h2i_ticket_phase(const struct h2i_ticket *ticket)
{
    if (!ticket->origin || h2i_list_is_empty(&ticket->origin->connectors))
        return H2CLIENT_PHASE_QUEUE;
    return h2i_connector_phase(h2i_connector_of(ticket->origin->connectors.next));
}

void h2i_ticket_describe(const struct h2i_ticket *ticket, struct h2i_text *text)
{
    if (ticket->origin && !h2i_list_is_empty(&ticket->origin->connectors))
        h2i_connector_describe(h2i_connector_of(ticket->origin->connectors.next), text);
}

void h2i_pool_require_h1(struct h2i_pool *pool, const struct h2i_url *url,
                         h2client_http_version version, const struct h2i_proxy *proxy)
{
    struct h2i_pool_key key;
    struct h2i_origin *origin =
        h2i_pool_key_make(&key, url, version, proxy) ? find_origin(pool, &key) : NULL;

    if (origin)
        h2i_origin_require_h1(origin);
}

bool h2i_pool_end_loan(struct h2i_pool *pool, const struct h2i_conn *conn,
                       const struct h2i_url *url, h2client_http_version version,
                       const struct h2i_proxy *proxy)
{
    const struct h2i_link *link = conn->owner;
    struct h2i_origin *origin = NULL;

    if (pool->config.coalesce.is_on && link->origin)
        origin = find_or_make_origin(pool, url, version, proxy); /* it may be forgotten by now */
    if (!origin || origin == link->origin)
        return false;
    h2i_coalesce_refuse(origin);
    return true;
}

/* ---- slots: the limit over all origins ------------------------------------------------- */

static bool has_had_its_turn(const struct h2i_link *link)
{
    return link->pool->config.reactor->now_us - link->opened_us >= H2I_TURN_US;
}

/* Its streams end by themselves; then its slot is free. Only where nothing else can come
 * free by itself: one that speaks HTTP/1.1 falls idle after each response. */
static void drain_one(struct h2i_pool *pool, const struct h2i_origin *for_whom)
{
    struct h2i_link *busy = NULL;

    if (pool->n_h2_links < pool->n_conns)
        return;
    for (struct h2i_list *node = h2i_list_first(&pool->links); node;
         node = h2i_list_after(&pool->links, node)) {
        struct h2i_link *link = H2I_CONTAINER_OF(node, struct h2i_link, in_pool);
        if (link->origin->is_carrier)
            continue;
        if (!link->conn->accepts_new)
            return; /* one comes free soon */
        if (!busy && link->origin != for_whom && has_had_its_turn(link))
            busy = link;
    }
    if (busy)
        busy->conn->ops->shutdown(busy->conn);
}

static bool came_before(const struct h2i_origin *one, const struct h2i_origin *other)
{
    const struct h2i_ticket *first = h2i_origin_first_waiting(one);
    const struct h2i_ticket *second = h2i_origin_first_waiting(other);

    return first && second && first->waiter.order < second->waiter.order;
}

/* The one that was idle longest; but not one that was opened for somebody and is about to
 * be used. */
static bool evict_idle(struct h2i_pool *pool, const struct h2i_origin *for_whom)
{
    for (struct h2i_list *node = h2i_list_first(&pool->idle); node;
         node = h2i_list_after(&pool->idle, node)) {
        struct h2i_link *link = H2I_CONTAINER_OF(node, struct h2i_link, in_idle);
        if (link->origin->is_carrier || came_before(link->origin, for_whom))
            continue;
        h2i_link_shut_down(link);
        return true;
    }
    return false;
}

static bool is_tunnel(const struct h2i_origin *origin)
{
    return origin->proxy && origin->proxy->kind == H2I_PROXY_HTTPS && !origin->is_carrier &&
           !h2i_proxy_forwards(origin->proxy, origin->is_https, origin->version);
}

/* A tunnel over HTTP/2 holds its stream's share for as long as it stands, used or not. */
static void evict_idle_tunnel(struct h2i_pool *pool)
{
    for (struct h2i_list *node = h2i_list_first(&pool->idle); node;
         node = h2i_list_after(&pool->idle, node)) {
        struct h2i_link *link = H2I_CONTAINER_OF(node, struct h2i_link, in_idle);
        if (!is_tunnel(link->origin) || link->origin->waiters.n > 0) /* about to be used */
            continue;
        h2i_link_shut_down(link);
        return;
    }
}

/* Whose is the next place: theirs who have none, then theirs who want more. */
static struct h2i_origin *next_in_queue(const struct h2i_pool *pool)
{
    struct h2i_list *node = h2i_list_first(&pool->hungry);

    if (!node)
        node = h2i_list_first(&pool->greedy);
    return node ? hungry_of(node) : NULL;
}

static void touch_next(struct h2i_pool *pool)
{
    struct h2i_origin *next = next_in_queue(pool);

    if (next)
        h2i_origin_touch(next);
}

static void join_queue(struct h2i_pool *pool, struct h2i_origin *origin)
{
    bool is_greedy = origin->n_links + origin->n_connectors > 0 || origin->loan.link;

    if (h2i_list_is_linked(&origin->in_hungry) && origin->is_greedy == is_greedy)
        return;
    h2i_list_remove(&origin->in_hungry);
    h2i_list_append(is_greedy ? &pool->greedy : &pool->hungry, &origin->in_hungry);
    origin->is_greedy = is_greedy;
}

/* Others who are in the queue go first. */
static bool is_its_turn(const struct h2i_pool *pool, struct h2i_origin *origin)
{
    struct h2i_origin *next = next_in_queue(pool);

    return !next || next == origin || (next->is_greedy && origin->n_links == 0);
}

bool h2i_pool_take_slot(struct h2i_pool *pool, struct h2i_origin *origin)
{
    if (origin->is_carrier)
        return true;
    if (is_its_turn(pool, origin) &&
        (pool->n_conns < pool->config.max.conns || evict_idle(pool, origin))) {
        pool->n_conns++;
        return true;
    }
    join_queue(pool, origin);
    if (!origin->is_greedy)
        drain_one(pool, origin);
    return false;
}

void h2i_pool_give_slot(struct h2i_origin *origin)
{
    if (origin->is_carrier)
        return;
    origin->pool->n_conns--;
    touch_next(origin->pool);
}

void h2i_pool_note_idle(struct h2i_pool *pool)
{
    touch_next(pool);
}

bool h2i_pool_owes_slot(const struct h2i_link *link, const struct h2i_ticket *ticket)
{
    const struct h2i_pool *pool = link->pool;
    struct h2i_list *node = h2i_list_first(&pool->hungry);
    const struct h2i_ticket *first;

    if (!node || hungry_of(node) == ticket->origin || pool->n_conns < pool->config.max.conns ||
        !has_had_its_turn(link))
        return false;
    first = h2i_origin_first_waiting(hungry_of(node));
    return first && first->waiter.order < ticket->waiter.order;
}

/* ---- a turn ----------------------------------------------------------------------------- */

static bool has_room(const struct h2i_pool *pool)
{
    return pool->budget.used + pool->config.h2.stream_window_bytes <= pool->budget.max;
}

void h2i_pool_note_starved(struct h2i_pool *pool, struct h2i_origin *origin)
{
    if (h2i_list_is_linked(&origin->in_starved))
        return;
    h2i_list_append(&pool->starved, &origin->in_starved);
    if (!has_room(pool))
        evict_idle_tunnel(pool);
}

/* The budget is everybody's: room in it comes from streams of other origins as well. */
static void touch_starved(struct h2i_pool *pool)
{
    struct h2i_list *node;

    if (!has_room(pool))
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
        bool was_queued = h2i_list_is_linked(&origin->in_hungry);
        h2i_origin_serve(origin);
        /* A place that it left, in the queue or among the connections, is the next one's. */
        if (pool->n_conns < pool->config.max.conns ||
            (was_queued && !h2i_list_is_linked(&origin->in_hungry)))
            touch_next(pool);
        if (h2i_origin_is_resting(origin))
            rest_origin(origin);
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

/* SplitMix64. */
uint64_t h2i_pool_random(struct h2i_pool *pool, uint64_t bound)
{
    uint64_t z = pool->random += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % bound;
}

/* ---- life ------------------------------------------------------------------------------- */

struct h2i_pool_config h2i_pool_default_config(void)
{
    return (struct h2i_pool_config){
        .h1 = *h2i_h1_default_config(),
        .h2 = *h2i_h2_default_config(),
        .max_held_bytes = INT64_C(64) << 20,
        .max = {.conns = 100,
                .h1_conns_per_host = 32,
                .h2_conns_per_host = 4,
                .waiting = SIZE_MAX,
                .idle_us = INT64_C(90000000),
                .age_us = INT64_C(1800000000),
                .probe_idle_us = INT64_C(30000000)},
    };
}

bool h2i_pool_init(struct h2i_pool *pool, const struct h2i_pool_config *config,
                   const uint64_t seed[2])
{
    *pool = (struct h2i_pool){.config = *config};
    pool->budget.max = config->max_held_bytes;
    pool->stats.size = sizeof pool->stats;
    pool->random = seed[0] ^ seed[1];
    h2i_slab_init(&pool->slab, config->allocator, SLAB_MAX_HELD_BYTES);
    h2i_map_init(&pool->origins, config->allocator, seed);
    h2i_map_init(&pool->spots, config->allocator, seed);
    h2i_resumption_init(&pool->resumption, config->allocator);
    h2i_list_init(&pool->unserved);
    h2i_list_init(&pool->starved);
    h2i_list_init(&pool->hungry);
    h2i_list_init(&pool->greedy);
    h2i_list_init(&pool->resting);
    h2i_list_init(&pool->links);
    h2i_list_init(&pool->idle);
    h2i_list_init(&pool->dirty);
    h2i_list_init(&pool->dead);
    pool->scratch = h2i_alloc(config->allocator, H2I_POOL_SCRATCH_BYTES);
    return pool->scratch != NULL;
}

void h2i_pool_shut_down(struct h2i_pool *pool)
{
    while (!h2i_list_is_empty(&pool->links))
        h2i_link_shut_down(H2I_CONTAINER_OF(pool->links.next, struct h2i_link, in_pool));
    h2i_pool_serve(pool); /* who dials for nobody stops */
    h2i_pool_reap(pool);
}

static void shut_down_origin(struct h2i_origin *origin, bool says_goodbye)
{
    struct h2i_ticket *ticket;

    while ((ticket = h2i_origin_first_waiting(origin))) /* a carrier's: connectors of others */
        h2i_origin_dismiss(origin, ticket);
    while (!h2i_list_is_empty(&origin->links)) {
        struct h2i_link *link = H2I_CONTAINER_OF(origin->links.next, struct h2i_link, in_origin);
        if (says_goodbye)
            h2i_link_shut_down(link);
        else
            h2i_link_close(link);
    }
    while (!h2i_list_is_empty(&origin->connectors))
        h2i_connector_cancel(h2i_connector_of(origin->connectors.next));
    remove_origin(origin);
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
    h2i_map_finish(&pool->spots);
    h2i_resumption_finish(&pool->resumption);
    h2i_slab_finish(&pool->slab);
    h2i_free(pool->config.allocator, pool->scratch);
    pool->scratch = NULL;
}
