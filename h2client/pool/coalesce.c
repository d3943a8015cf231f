/* SPDX-License-Identifier: MIT */
#include "h2client/pool/coalesce.h"

#include <string.h>

#include "base/reactor.h"
#include "h2client/pool/link_facts.h"

/* Certificates that are read for one origin: it takes tens of microseconds each. */
#define MAX_CERTIFICATES 8
/* Address, zone, family, port, version. */
#define KEY_BYTES (16 + 4 + 1 + 2 + 1)

/* An address that links lead to which may be lent. */
struct h2i_spot {
    struct h2i_map_entry entry; /* in pool->spots */
    struct h2i_list links;      /* by lent.in_spot; never empty */
    char key[KEY_BYTES];
};

static void make_key(char key[KEY_BYTES], const struct h2i_origin *origin,
                     const h2client_address *address)
{
    const char rest[] = {(char)address->family, (char)(origin->port >> 8),
                         (char)(origin->port & 0xff), (char)origin->version};

    memset(key, 0, KEY_BYTES);
    memcpy(key, address->bytes, address->family == 4 ? 4 : 16);
    memcpy(key + 16, &address->scope_id, 4);
    memcpy(key + 20, rest, sizeof rest);
}

static struct h2i_spot *find_spot(const struct h2i_origin *origin, const h2client_address *address)
{
    char key[KEY_BYTES];
    struct h2i_map_entry *entry;

    make_key(key, origin, address);
    entry = h2i_map_find(&origin->pool->spots, key, sizeof key);
    return entry ? H2I_CONTAINER_OF(entry, struct h2i_spot, entry) : NULL;
}

/* ---- who lends ----------------------------------------------------------------------- */

/* NULL: no memory. */
static struct h2i_spot *create_spot(const struct h2i_origin *origin,
                                    const h2client_address *address)
{
    struct h2i_pool *pool = origin->pool;
    struct h2i_spot *spot = h2i_alloc_zeroed(pool->config.allocator, sizeof *spot);

    if (!spot)
        return NULL;
    make_key(spot->key, origin, address);
    spot->entry.key = spot->key;
    spot->entry.key_len = sizeof spot->key;
    h2i_list_init(&spot->links);
    if (h2i_map_insert(&pool->spots, &spot->entry))
        return spot;
    h2i_free(pool->config.allocator, spot);
    return NULL;
}

static bool is_direct(const struct h2i_origin *origin)
{
    bool is_rerouted = origin->place.host != origin->host || origin->place.port != origin->port;

    return origin->pool->config.coalesce.is_on && origin->is_https && !origin->proxy &&
           !is_rerouted;
}

void h2i_coalesce_offer(struct h2i_link *link)
{
    h2client_address address;
    struct h2i_spot *spot;

    if (!is_direct(link->origin) || !link->is_h2)
        return;
    address = h2i_link_transport_info(link).remote;
    if (!address.family)
        return;
    spot = find_spot(link->origin, &address);
    if (!spot && !(spot = create_spot(link->origin, &address)))
        return; /* it serves its own origin all the same */
    link->lent.spot = spot;
    h2i_list_init(&link->lent.borrowers);
    h2i_list_init(&link->lent.thirsty);
    h2i_list_append(&spot->links, &link->lent.in_spot);
}

static void leave_spot(struct h2i_link *link)
{
    struct h2i_spot *spot = link->lent.spot;

    link->lent.spot = NULL;
    h2i_list_remove(&link->lent.in_spot);
    if (!h2i_list_is_empty(&spot->links))
        return;
    h2i_map_remove(&link->pool->spots, &spot->entry);
    h2i_free(link->pool->config.allocator, spot);
}

void h2i_coalesce_withdraw(struct h2i_link *link)
{
    struct h2i_list *node;

    if (!link->lent.spot)
        return;
    leave_spot(link);
    while ((node = h2i_list_first(&link->lent.borrowers))) {
        struct h2i_origin *origin = H2I_CONTAINER_OF(node, struct h2i_origin, loan.in_borrowers);
        h2i_coalesce_give_back(origin);
        h2i_origin_touch(origin);
    }
}

void h2i_coalesce_note_change(struct h2i_link *link)
{
    struct h2i_list *node;

    if (!link->conn->accepts_new) {
        h2i_coalesce_withdraw(link);
        return;
    }
    if (!h2i_list_is_linked(&link->in_roomy))
        return;
    while ((node = h2i_list_pop(&link->lent.thirsty)))
        h2i_origin_touch(H2I_CONTAINER_OF(node, struct h2i_origin, loan.in_thirsty));
}

/* ---- who borrows ----------------------------------------------------------------------- */

static bool may_borrow(const struct h2i_origin *origin)
{
    return is_direct(origin) && origin->known.protocol != H2I_PROTOCOL_H1 &&
           !origin->loan.is_refused && !origin->loan.link && !h2i_origin_has_hope(origin);
}

static bool is_dialled_by_address(const struct h2i_origin *origin)
{
    h2client_dialer *dialer = origin->pool->config.dialer;
    const h2client_target target = {.size = sizeof target,
                                    .host = origin->host,
                                    .port = origin->port,
                                    .timeout_ms = H2CLIENT_NO_LIMIT};

    return dialer->ops->wants_addresses(dialer, &target);
}

/* Who queues already has looked. */
bool h2i_coalesce_looks_first(const struct h2i_origin *origin)
{
    const struct h2i_pool *pool = origin->pool;

    return may_borrow(origin) && pool->spots.n_entries > 0 && !origin->host_is_literal &&
           pool->n_looking < pool->config.max.conns && !h2i_list_is_linked(&origin->in_hungry) &&
           is_dialled_by_address(origin);
}

/* As the dialer would ask. */
static bool passes_filter(const struct h2i_origin *origin, const h2client_address *address)
{
    const struct h2i_pool_config *config = &origin->pool->config;
    h2client_address with_port = *address;

    with_port.port = origin->port;
    return !config->coalesce.filter ||
           config->coalesce.filter(&with_port, origin->host, config->coalesce.filter_user);
}

/* The one that was opened last, first. */
static struct h2i_link *find_at(const struct h2i_spot *spot, const struct h2i_origin *origin,
                                int *n_certificates)
{
    for (struct h2i_list *node = spot->links.prev; node != &spot->links; node = node->prev) {
        struct h2i_link *link = H2I_CONTAINER_OF(node, struct h2i_link, lent.in_spot);
        if (!h2i_list_is_linked(&link->in_roomy))
            continue;
        if (++*n_certificates > MAX_CERTIFICATES)
            return NULL;
        if (link->transport->ops->covers_host(link->transport, origin->host))
            return link;
    }
    return NULL;
}

static struct h2i_link *find_link(const struct h2i_origin *origin, const h2client_address *list,
                                  size_t n)
{
    int n_certificates = 0;

    for (size_t i = 0; i < n; i++) {
        const struct h2i_spot *spot = find_spot(origin, &list[i]);
        struct h2i_link *link = NULL;
        if (spot && passes_filter(origin, &list[i]))
            link = find_at(spot, origin, &n_certificates);
        if (link)
            return link;
    }
    return NULL;
}

/* What they made be opened never was. */
static void forget_dials(struct h2i_origin *origin)
{
    for (struct h2i_waiter *at = h2i_waiters_first(&origin->waiters); at;
         at = h2i_waiters_after(&origin->waiters, at))
        H2I_CONTAINER_OF(at, struct h2i_ticket, waiter)->made_connect = false;
}

bool h2i_coalesce_borrow(struct h2i_origin *origin, const h2client_address *list, size_t n)
{
    struct h2i_link *link = may_borrow(origin) ? find_link(origin, list, n) : NULL;

    if (!link)
        return false;
    h2i_log(origin->pool->config.reactor, H2CLIENT_LOG_INFO, "pool",
            "https://%s:%u shares connection %llu of https://%s:%u (%s)", origin->host,
            origin->port, (unsigned long long)link->conn->id, link->origin->host,
            link->origin->port, link->peer);
    origin->loan.link = link;
    h2i_list_append(&link->lent.borrowers, &origin->loan.in_borrowers);
    forget_dials(origin);
    h2i_origin_connected(origin, link);
    return true;
}

bool h2i_coalesce_borrow_for_literal(struct h2i_origin *origin)
{
    h2client_address literal;

    return origin->host_is_literal && may_borrow(origin) && is_dialled_by_address(origin) &&
           h2client_address_parse(origin->host, &literal) &&
           h2i_coalesce_borrow(origin, &literal, 1);
}

void h2i_coalesce_give_back(struct h2i_origin *origin)
{
    h2i_list_remove(&origin->loan.in_borrowers);
    h2i_list_remove(&origin->loan.in_thirsty);
    origin->loan.link = NULL;
}

void h2i_coalesce_refuse(struct h2i_origin *origin)
{
    if (!origin->loan.is_refused)
        h2i_log(origin->pool->config.reactor, H2CLIENT_LOG_INFO, "pool",
                "https://%s:%u shares no connection any more: status 421", origin->host,
                origin->port);
    h2i_coalesce_give_back(origin);
    origin->loan.is_refused = true;
    h2i_origin_touch(origin);
}

void h2i_coalesce_note_served(struct h2i_origin *origin)
{
    struct h2i_list *place = &origin->loan.in_thirsty;

    if (origin->waiters.n == 0)
        h2i_list_remove(place);
    else if (!h2i_list_is_linked(place))
        h2i_list_append(&origin->loan.link->lent.thirsty, place);
}
