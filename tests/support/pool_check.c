/* SPDX-License-Identifier: MIT */
#include "tests/support/pool_check.h"

#include "h2client/pool/connector.h"
#include "h2client/pool/link.h"
#include "h2client/pool/origin.h"

#define HOLDS(claim)       \
    do {                   \
        if (!(claim))      \
            return #claim; \
    } while (0)

static size_t count(const struct h2i_list *head)
{
    size_t n = 0;

    for (struct h2i_list *node = h2i_list_first(head); node; node = h2i_list_after(head, node))
        n++;
    return n;
}

/* ---- loans (coalesce.h) ---------------------------------------------------------- */

static const char *check_lender(const struct h2i_pool *pool, const struct h2i_link *link)
{
    HOLDS(pool->config.coalesce.is_on || !link->lent.spot);
    if (!link->lent.spot)
        return NULL;
    HOLDS(link->is_h2 && link->conn->accepts_new);
    HOLDS(link->origin->is_https && !link->origin->proxy);
    HOLDS(count(&link->lent.thirsty) <= count(&link->lent.borrowers));
    for (struct h2i_list *node = h2i_list_first(&link->lent.borrowers); node;
         node = h2i_list_after(&link->lent.borrowers, node))
        HOLDS(H2I_CONTAINER_OF(node, struct h2i_origin, loan.in_borrowers)->loan.link == link);
    return NULL;
}

static const char *check_loan(const struct h2i_origin *origin)
{
    const struct h2i_link *link = origin->loan.link;
    bool is_thirsty = h2i_list_is_linked(&origin->loan.in_thirsty);

    HOLDS(h2i_list_is_linked(&origin->loan.in_borrowers) == (link != NULL));
    if (!link) {
        HOLDS(!is_thirsty);
        return NULL;
    }
    HOLDS(link->lent.spot && link->origin != origin && !origin->loan.is_refused);
    HOLDS(origin->is_https && !origin->proxy && origin->port == link->origin->port);
    HOLDS(origin->version == link->origin->version && origin->version != H2CLIENT_HTTP_1_1);
    HOLDS(link->transport->ops->covers_host(link->transport, origin->host));
    if (!h2i_list_is_linked(&origin->in_unserved)) {
        HOLDS(is_thirsty == (origin->waiters.n > 0));
        HOLDS(!is_thirsty || h2i_list_is_linked(&origin->in_starved) ||
              !h2i_list_is_linked(&link->in_roomy));
    }
    return NULL;
}

/* ---- links --------------------------------------------------------------------- */

static bool has_room(const struct h2i_link *link)
{
    return link->conn->accepts_new && !link->conn->wants_probe &&
           link->conn->n_open < link->conn->max_open;
}

static const char *check_link(const struct h2i_pool *pool, const struct h2i_link *link)
{
    HOLDS(!link->is_closed);
    HOLDS(link->pool == pool);
    HOLDS(link->origin && link->origin->pool == pool);
    HOLDS(h2i_list_is_linked(&link->in_origin));
    HOLDS(h2i_list_is_linked(&link->in_roomy) == has_room(link));
    HOLDS(h2i_list_is_linked(&link->in_idle) == (link->conn->n_open == 0));
    HOLDS(link->conn->n_open <= link->conn->n_opened);
    HOLDS(link->is_h2 || link->conn->n_open <= 1);
    return NULL;
}

static const char *check_links(const struct h2i_pool *pool)
{
    size_t n = 0, n_h2 = 0, n_idle = 0;

    for (struct h2i_list *node = h2i_list_first(&pool->links); node;
         node = h2i_list_after(&pool->links, node)) {
        const struct h2i_link *link = H2I_CONTAINER_OF(node, struct h2i_link, in_pool);
        const char *broken = check_link(pool, link);
        if (!broken)
            broken = check_lender(pool, link);
        if (broken)
            return broken;
        n++;
        n_h2 += link->is_h2 && !link->origin->is_carrier;
        n_idle += link->conn->n_open == 0;
    }
    HOLDS(n == pool->stats.n_conns_open);
    HOLDS(n_h2 == pool->n_h2_links);
    HOLDS(n_idle == count(&pool->idle));
    HOLDS(h2i_list_is_empty(&pool->dead));
    return NULL;
}

static const char *check_idle_order(const struct h2i_pool *pool)
{
    int64_t before_us = INT64_MIN;

    for (struct h2i_list *node = h2i_list_first(&pool->idle); node;
         node = h2i_list_after(&pool->idle, node)) {
        const struct h2i_link *link = H2I_CONTAINER_OF(node, struct h2i_link, in_idle);
        HOLDS(link->idle_since_us >= before_us);
        before_us = link->idle_since_us;
    }
    return NULL;
}

/* ---- origins ------------------------------------------------------------------- */

struct tally {
    size_t n_conns;
    size_t n_looking;
    size_t n_links;
    size_t n_roomy;
    size_t n_waiting;
    size_t n_resting;
    size_t n_hungry; /* and greedy */
};

static const char *check_links_of(const struct h2i_origin *origin)
{
    const struct h2i_pool_config *config = &origin->pool->config;
    size_t n_h1 = 0, n_h2 = 0;

    for (struct h2i_list *node = h2i_list_first(&origin->links); node;
         node = h2i_list_after(&origin->links, node)) {
        const struct h2i_link *link = H2I_CONTAINER_OF(node, struct h2i_link, in_origin);
        HOLDS(link->origin == origin);
        n_h1 += !link->is_h2;
        n_h2 += link->is_h2 && link->conn->accepts_new;
    }
    HOLDS(n_h1 <= config->max.h1_conns_per_host || origin->is_carrier);
    HOLDS(n_h2 <= config->max.h2_conns_per_host || origin->is_carrier);
    HOLDS(n_h1 == 0 || !origin->is_carrier);
    HOLDS(count(&origin->links) == origin->n_links);
    HOLDS(count(&origin->connectors) == origin->n_connectors);
    return NULL;
}

static const char *check_waiters_of(const struct h2i_origin *origin)
{
    uint64_t before = 0;
    int priority = H2I_N_PRIORITIES;
    size_t n = 0;

    for (struct h2i_waiter *at = h2i_waiters_first(&origin->waiters); at;
         at = h2i_waiters_after(&origin->waiters, at), n++) {
        const struct h2i_ticket *ticket = H2I_CONTAINER_OF(at, struct h2i_ticket, waiter);
        HOLDS(ticket->origin == origin);
        HOLDS(at->priority < priority || (at->priority == priority && at->order > before));
        priority = at->priority;
        before = at->order;
    }
    HOLDS(n == origin->waiters.n);
    return NULL;
}

/* As many as may be, of HTTP/1.1: each comes free, or goes, after its call. */
static bool is_full(const struct h2i_origin *origin)
{
    return origin->known.protocol == H2I_PROTOCOL_H1 &&
           origin->n_links >= origin->pool->config.max.h1_conns_per_host;
}

/* Whoever waits does so for something that will come. */
static const char *check_hope_of(const struct h2i_origin *origin)
{
    bool is_queued = h2i_list_is_linked(&origin->in_hungry);
    bool is_looked_at = h2i_list_is_linked(&origin->in_unserved);

    if (is_looked_at)
        return NULL;
    HOLDS(!is_queued || origin->waiters.n > 0);
    HOLDS(!is_queued || origin->is_greedy || origin->n_links + origin->n_connectors == 0 ||
          origin->patience.heap_place);
    HOLDS(h2i_origin_is_resting(origin) == h2i_list_is_linked(&origin->in_resting));
    if (origin->waiters.n == 0)
        return NULL;
    HOLDS(h2i_list_is_linked(&origin->in_starved) || h2i_list_is_empty(&origin->roomy));
    HOLDS(is_queued || h2i_list_is_linked(&origin->in_starved) || origin->n_connectors > 0 ||
          origin->patience.heap_place || h2i_origin_has_hope(origin) || is_full(origin));
    return NULL;
}

/* Those that look a name up first have none. */
static size_t count_slots(const struct h2i_origin *origin)
{
    size_t n = origin->n_links;

    for (struct h2i_list *node = h2i_list_first(&origin->connectors); node;
         node = h2i_list_after(&origin->connectors, node))
        n += h2i_connector_has_slot(h2i_connector_of(node));
    return n;
}

static const char *check_origin(const struct h2i_origin *origin, struct tally *tally)
{
    const char *broken = check_links_of(origin);

    if (!broken)
        broken = check_waiters_of(origin);
    if (!broken)
        broken = check_hope_of(origin);
    if (!broken)
        broken = check_loan(origin);
    tally->n_conns += origin->is_carrier ? 0 : count_slots(origin);
    tally->n_looking += origin->n_links + origin->n_connectors - count_slots(origin);
    tally->n_links += origin->n_links;
    tally->n_roomy += count(&origin->roomy);
    tally->n_waiting += origin->is_carrier ? 0 : origin->waiters.n;
    tally->n_resting += h2i_list_is_linked(&origin->in_resting);
    tally->n_hungry += h2i_list_is_linked(&origin->in_hungry);
    return broken;
}

static size_t count_roomy(const struct h2i_pool *pool)
{
    size_t n = 0;

    for (struct h2i_list *node = h2i_list_first(&pool->links); node;
         node = h2i_list_after(&pool->links, node))
        n += h2i_list_is_linked(&H2I_CONTAINER_OF(node, struct h2i_link, in_pool)->in_roomy);
    return n;
}

static const char *check_tally(const struct h2i_pool *pool, const struct tally *tally)
{
    HOLDS(tally->n_conns == pool->n_conns);
    HOLDS(tally->n_looking == pool->n_looking && pool->n_looking <= pool->config.max.conns);
    HOLDS(pool->n_conns <= pool->config.max.conns);
    HOLDS(tally->n_links == count(&pool->links));
    HOLDS(tally->n_roomy == count_roomy(pool));
    HOLDS(tally->n_waiting == pool->n_waiting);
    HOLDS(pool->n_waiting <= pool->config.max.waiting || !h2i_list_is_empty(&pool->unserved));
    HOLDS(tally->n_resting == pool->n_resting && pool->n_resting == count(&pool->resting));
    HOLDS(tally->n_hungry == count(&pool->hungry) + count(&pool->greedy));
    return NULL;
}

static const char *check_origins(const struct h2i_pool *pool)
{
    struct tally tally = {0};

    for (size_t i = 0; i < pool->origins.n_buckets; i++)
        for (struct h2i_map_entry *entry = pool->origins.buckets[i]; entry; entry = entry->next) {
            const char *broken =
                check_origin(H2I_CONTAINER_OF(entry, struct h2i_origin, entry), &tally);
            if (broken)
                return broken;
        }
    return check_tally(pool, &tally);
}

/* ---- the queue for places ------------------------------------------------------- */

static const char *check_queue(const struct h2i_pool *pool, const struct h2i_list *queue,
                               bool is_greedy)
{
    for (struct h2i_list *node = h2i_list_first(queue); node; node = h2i_list_after(queue, node)) {
        const struct h2i_origin *origin = H2I_CONTAINER_OF(node, struct h2i_origin, in_hungry);
        HOLDS(origin->is_greedy == is_greedy);
        /* No place is free while somebody queues for one, unless that is being seen to. */
        HOLDS(pool->n_conns == pool->config.max.conns || !h2i_list_is_empty(&pool->unserved));
    }
    return NULL;
}

const char *h2t_pool_check(const struct h2i_pool *pool)
{
    const char *broken = check_links(pool);

    if (!broken)
        broken = check_idle_order(pool);
    if (!broken)
        broken = check_origins(pool);
    if (!broken)
        broken = check_queue(pool, &pool->hungry, false);
    if (!broken)
        broken = check_queue(pool, &pool->greedy, true);
    return broken;
}
