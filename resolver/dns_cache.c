/* SPDX-License-Identifier: MIT */
/*
 * The DNS cache. An entry is a name: while it is asked about, look-ups of the same name
 * join it and are told each part as it comes; afterwards it answers until it expires.
 * For a while longer its addresses are told at once, as a report of their own, while the
 * name is asked for again (RFC 8767); what is new then follows, so that a name which moved
 * is not an error. A failed refresh leaves them, an answer ends them.
 * Nobody is told anything inside `resolve`: each look-up has a task that catches it up
 * with its entry. Entries that hold answers are kept in the order of their last use.
 */
#include "resolver/dns_cache.h"

#include "base/alloc.h"
#include "base/fault.h"
#include "base/list.h"
#include "base/map.h"
#include "base/str.h"

/* Parts of one look-up: A and AAAA make two. With the last of these it is complete. */
#define MAX_PARTS 8
/* Of a stale answer: the rest is room for a new one. */
#define MAX_STALE_ADDRESSES (H2CLIENT_MAX_ADDRESSES / 2)

struct cache {
    h2client_resolver base;
    h2client_allocator allocator;
    h2client_reactor *reactor;
    h2client_resolver *upstream;
    struct h2i_dns_cache_limits limits;
    struct h2i_map entries;
    struct h2i_list by_use; /* entries with answers; the first is the next to go */
    size_t n_answered;
};

struct part {
    size_t end; /* of this part in the entry's list */
    h2client_fault fault;
};

struct cache_entry {
    struct h2i_map_entry in_map;
    struct h2i_list in_use_order; /* linked iff answered */
    struct cache *cache;
    char *host;
    h2client_query *upstream_query; /* non-NULL while it is asked about */
    struct h2i_list waiting;        /* look-ups that are not caught up for good */
    h2client_address list[H2CLIENT_MAX_ADDRESSES];
    size_t n;
    struct part parts[MAX_PARTS];
    size_t n_parts;
    bool is_complete;
    bool is_forgotten; /* flushed or evicted: freed with its last look-up */
    int64_t ttl_s;     /* least of the parts with addresses */
    int64_t expires_us;
    struct {
        h2client_address list[MAX_STALE_ADDRESSES];
        size_t n;
        int64_t until_us;
    } stale; /* of the entry that this one replaced */
};

struct h2client_query {
    struct h2i_list in_entry;
    struct cache_entry *entry;
    h2client_task catch_up;
    size_t n_parts_told;
    size_t n_told; /* addresses */
    size_t n_stale_told;
    bool wants_stale;
    bool is_from_cache;
    h2client_addresses_fn on_addresses;
    void *user;
};

/* ---- entries --------------------------------------------------------------------- */

static void free_entry(struct cache_entry *entry)
{
    struct cache *cache = entry->cache;

    if (!entry->is_forgotten)
        h2i_map_remove(&cache->entries, &entry->in_map);
    if (h2i_list_is_linked(&entry->in_use_order))
        cache->n_answered--;
    h2i_list_remove(&entry->in_use_order);
    h2i_free(&cache->allocator, entry->host);
    h2i_free(&cache->allocator, entry);
}

static void take_question_back(struct cache_entry *entry)
{
    h2client_resolver *upstream = entry->cache->upstream;

    if (entry->upstream_query)
        upstream->ops->cancel(upstream, entry->upstream_query);
    entry->upstream_query = NULL;
}

/* Out of the map; look-ups that are on it are still served. */
static void forget(struct cache_entry *entry)
{
    if (h2i_list_is_empty(&entry->waiting)) {
        take_question_back(entry);
        free_entry(entry);
        return;
    }
    h2i_map_remove(&entry->cache->entries, &entry->in_map);
    entry->is_forgotten = true;
    if (h2i_list_is_linked(&entry->in_use_order))
        entry->cache->n_answered--;
    h2i_list_remove(&entry->in_use_order);
}

static int64_t after_s(int64_t from_us, int64_t s)
{
    int64_t us;

    if (__builtin_mul_overflow(s, INT64_C(1000000), &us) ||
        __builtin_add_overflow(us, from_us, &us))
        return INT64_MAX;
    return us;
}

/* No answer has come, and what failed says nothing about the name. */
static bool is_unanswered(const struct cache_entry *entry)
{
    if (!entry->is_complete || entry->n > 0)
        return entry->n == 0;
    switch (entry->parts[entry->n_parts - 1].fault.code) {
    case H2CLIENT_ERROR_DNS_SERVER_FAILED:
    case H2CLIENT_ERROR_DNS_UNREACHABLE:
    case H2CLIENT_ERROR_NO_MEMORY:
    case H2CLIENT_ERROR_SYSTEM_FAILED:
        return true;
    default:
        return false;
    }
}

static bool serves_stale(const struct cache_entry *entry)
{
    return entry->stale.n > 0 && is_unanswered(entry) &&
           entry->stale.until_us > h2client_reactor_now_us(entry->cache->reactor);
}

static void inherit(struct cache_entry *entry, const struct cache_entry *old)
{
    if (is_unanswered(old))
        entry->stale = old->stale;
    if (old->n == 0)
        return;
    entry->stale.n = old->n < MAX_STALE_ADDRESSES ? old->n : MAX_STALE_ADDRESSES;
    entry->stale.until_us = after_s(old->expires_us, entry->cache->limits.max_stale_s);
    memcpy(entry->stale.list, old->list, entry->stale.n * sizeof old->list[0]);
}

/* In place of `old`, which has expired and is forgotten; NULL: there is none. */
static struct cache_entry *create_entry(struct cache *cache, const char *host,
                                        struct cache_entry *old)
{
    struct cache_entry *entry = h2i_alloc_zeroed(&cache->allocator, sizeof *entry);

    if (!entry)
        return NULL;
    entry->cache = cache;
    entry->host = h2i_copy_string(&cache->allocator, host);
    h2i_list_init(&entry->waiting);
    entry->in_map.key = entry->host;
    entry->in_map.key_len = strlen(host);
    if (old) {
        inherit(entry, old);
        forget(old);
    }
    if (entry->host && h2i_map_insert(&cache->entries, &entry->in_map))
        return entry;
    h2i_free(&cache->allocator, entry->host);
    h2i_free(&cache->allocator, entry);
    return NULL;
}

static struct cache_entry *find_entry(struct cache *cache, const char *host)
{
    struct h2i_map_entry *found = h2i_map_find(&cache->entries, host, strlen(host));

    return found ? H2I_CONTAINER_OF(found, struct cache_entry, in_map) : NULL;
}

static bool has_expired(const struct cache_entry *entry)
{
    return entry->is_complete &&
           entry->expires_us <= h2client_reactor_now_us(entry->cache->reactor);
}

/* ---- how long ---------------------------------------------------------------------- */

/* For want of memory or of descriptors: no news of the name. */
static bool failed_here(const struct cache_entry *entry)
{
    for (size_t i = 0; i < entry->n_parts; i++)
        if (entry->parts[i].fault.code == H2CLIENT_ERROR_NO_MEMORY ||
            entry->parts[i].fault.code == H2CLIENT_ERROR_SYSTEM_FAILED)
            return true;
    return false;
}

static int64_t lifetime_s(const struct cache_entry *entry)
{
    const struct h2i_dns_cache_limits *limits = &entry->cache->limits;
    int64_t ttl_s = entry->ttl_s;

    if (entry->n == 0)
        return failed_here(entry) ? 0 : limits->negative_ttl_s;
    if (limits->max_ttl_s != H2CLIENT_NO_LIMIT && ttl_s > limits->max_ttl_s)
        ttl_s = limits->max_ttl_s;
    return ttl_s < limits->min_ttl_s ? limits->min_ttl_s : ttl_s;
}

static void keep(struct cache_entry *entry)
{
    struct cache *cache = entry->cache;

    entry->expires_us = after_s(h2client_reactor_now_us(cache->reactor), lifetime_s(entry));
    h2i_list_append(&cache->by_use, &entry->in_use_order);
    cache->n_answered++;
    while (cache->n_answered > cache->limits.max_entries)
        forget(H2I_CONTAINER_OF(cache->by_use.next, struct cache_entry, in_use_order));
}

static void touch(struct cache_entry *entry)
{
    if (!h2i_list_is_linked(&entry->in_use_order))
        return;
    h2i_list_remove(&entry->in_use_order);
    h2i_list_append(&entry->cache->by_use, &entry->in_use_order);
}

/* ---- telling ------------------------------------------------------------------------- */

static void free_query(h2client_query *query)
{
    struct cache_entry *entry = query->entry;
    const h2client_allocator *allocator = &entry->cache->allocator;

    h2client_reactor_undefer(entry->cache->reactor, &query->catch_up);
    h2i_list_remove(&query->in_entry);
    h2i_free(allocator, query);
    if (entry->is_forgotten && h2i_list_is_empty(&entry->waiting) && !entry->upstream_query)
        free_entry(entry);
}

static bool is_among(const h2client_address *address, const h2client_address *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].family == address->family && list[i].scope_id == address->scope_id &&
            memcmp(list[i].bytes, address->bytes, sizeof address->bytes) == 0)
            return true;
    return false;
}

/* The addresses of a part, but for those that were told as stale ones. */
static size_t copy_news(const h2client_query *query, size_t i_part, h2client_address *list)
{
    const struct cache_entry *entry = query->entry;
    size_t n = 0;

    for (size_t i = i_part ? entry->parts[i_part - 1].end : 0; i < entry->parts[i_part].end; i++)
        if (query->n_told + n < H2CLIENT_MAX_ADDRESSES &&
            !is_among(&entry->list[i], entry->stale.list, query->n_stale_told))
            list[n++] = entry->list[i];
    return n;
}

/* The query may be gone afterwards. */
static void tell_stale(h2client_query *query)
{
    struct cache_entry *entry = query->entry;
    h2client_address list[MAX_STALE_ADDRESSES]; /* the entry may go in the callback */
    h2client_addresses addresses = {
        .size = sizeof addresses, .list = list, .n = entry->stale.n, .more = 1, .from_cache = 1};

    memcpy(list, entry->stale.list, entry->stale.n * sizeof list[0]);
    query->wants_stale = false;
    query->n_told = query->n_stale_told = entry->stale.n;
    if (entry->n_parts)
        h2client_reactor_defer(entry->cache->reactor, &query->catch_up);
    query->on_addresses(&addresses, query->user);
}

/* Tells one part; the query may be gone afterwards. */
static void tell_next(h2client_query *query)
{
    struct cache_entry *entry = query->entry;
    size_t i = query->n_parts_told++;
    bool is_last = entry->is_complete && query->n_parts_told == entry->n_parts;
    h2client_address list[H2CLIENT_MAX_ADDRESSES]; /* the entry may go in the callback */
    h2client_fault fault = entry->parts[i].fault;
    h2client_addresses addresses = {.size = sizeof addresses,
                                    .list = list,
                                    .n = copy_news(query, i, list),
                                    .ttl_s = entry->ttl_s,
                                    .fault = fault.code ? &fault : NULL,
                                    .more = !is_last,
                                    .from_cache = query->is_from_cache};
    h2client_addresses_fn on_addresses = query->on_addresses;
    void *user = query->user;

    query->n_told += addresses.n;
    if (is_last)
        free_query(query);
    else if (query->n_parts_told < entry->n_parts)
        h2client_reactor_defer(entry->cache->reactor, &query->catch_up);
    on_addresses(&addresses, user);
}

static void catch_up(h2client_task *task, void *user)
{
    h2client_query *query = user;

    (void)task;
    if (query->wants_stale && serves_stale(query->entry))
        tell_stale(query);
    else if (query->entry->n_parts)
        tell_next(query);
}

static void tell_all(struct cache_entry *entry)
{
    struct h2i_list *node;

    for (node = entry->waiting.next; node != &entry->waiting; node = node->next)
        h2client_reactor_defer(entry->cache->reactor,
                               &H2I_CONTAINER_OF(node, h2client_query, in_entry)->catch_up);
}

/* ---- upstream -------------------------------------------------------------------------- */

static void add_part(struct cache_entry *entry, const h2client_addresses *addresses)
{
    size_t room = H2CLIENT_MAX_ADDRESSES - entry->n;
    size_t n = addresses->n < room ? addresses->n : room;
    struct part *part = &entry->parts[entry->n_parts++];

    memcpy(entry->list + entry->n, addresses->list, n * sizeof entry->list[0]);
    entry->ttl_s =
        n && (entry->n == 0 || addresses->ttl_s < entry->ttl_s) ? addresses->ttl_s : entry->ttl_s;
    entry->n += n;
    part->end = entry->n;
    if (addresses->fault)
        part->fault = *addresses->fault;
}

static void part_came(const h2client_addresses *addresses, void *user)
{
    struct cache_entry *entry = user;

    add_part(entry, addresses);
    if (!addresses->more)
        entry->upstream_query = NULL;
    else if (entry->n_parts == MAX_PARTS)
        take_question_back(entry);
    entry->is_complete = !entry->upstream_query;
    tell_all(entry);
    if (entry->is_complete && !entry->is_forgotten)
        keep(entry);
}

static bool ask(struct cache_entry *entry, uint16_t port)
{
    struct cache *cache = entry->cache;

    entry->upstream_query = cache->upstream->ops->resolve(cache->upstream, cache->reactor,
                                                          entry->host, port, part_came, entry);
    return entry->upstream_query != NULL;
}

/* ---- the port ----------------------------------------------------------------------------- */

static struct cache *of(h2client_resolver *base)
{
    return (struct cache *)(void *)base;
}

static h2client_query *join(struct cache_entry *entry, h2client_addresses_fn on_addresses,
                            void *user)
{
    h2client_query *query = h2i_alloc_zeroed(&entry->cache->allocator, sizeof *query);

    if (!query)
        return NULL;
    query->entry = entry;
    query->on_addresses = on_addresses;
    query->user = user;
    query->catch_up = (h2client_task){.run = catch_up, .user = query};
    query->is_from_cache = entry->is_complete;
    query->wants_stale = serves_stale(entry);
    h2i_list_append(&entry->waiting, &query->in_entry);
    touch(entry);
    if (entry->n_parts || query->wants_stale)
        h2client_reactor_defer(entry->cache->reactor, &query->catch_up);
    return query;
}

static h2client_query *resolve(h2client_resolver *base, h2client_reactor *reactor, const char *host,
                               uint16_t port, h2client_addresses_fn on_addresses, void *user)
{
    struct cache *cache = of(base);
    struct cache_entry *entry = find_entry(cache, host);
    h2client_query *query;
    bool is_new = !entry || has_expired(entry);

    (void)reactor; /* the cache lives on the one it was made with */
    if (is_new)
        entry = create_entry(cache, host, entry);
    if (!entry)
        return NULL;
    query = join(entry, on_addresses, user);
    if (query && (!is_new || ask(entry, port)))
        return query;
    if (query)
        free_query(query);
    if (is_new)
        free_entry(entry);
    return NULL;
}

/* With the last look-up that waits goes the question, unless a part of the answer is in or
 * a stale one was given: who connects to the first address leaves, and the next one finds
 * the whole. */
static void cancel(h2client_resolver *base, h2client_query *query)
{
    struct cache_entry *entry = query->entry;
    bool is_wanted = (entry->n_parts > 0 || entry->stale.n > 0) && !entry->is_forgotten;
    bool is_last =
        entry->waiting.next == &query->in_entry && query->in_entry.next == &entry->waiting;

    (void)base;
    if (is_last && entry->upstream_query && !is_wanted) {
        take_question_back(entry);
        if (!entry->is_forgotten)
            h2i_map_remove(&entry->cache->entries, &entry->in_map);
        entry->is_forgotten = true; /* freed with the query */
    }
    free_query(query);
}

static void forget_all(struct cache *cache)
{
    struct h2i_map_entry *any;

    while ((any = h2i_map_any(&cache->entries)))
        forget(H2I_CONTAINER_OF(any, struct cache_entry, in_map));
}

static void flush(h2client_resolver *base)
{
    struct cache *cache = of(base);

    forget_all(cache);
    cache->upstream->ops->flush(cache->upstream);
}

/* No look-up may be left: their callers cancelled them. */
static void destroy(h2client_resolver *base)
{
    struct cache *cache = of(base);
    h2client_allocator allocator = cache->allocator;

    forget_all(cache);
    cache->upstream->ops->destroy(cache->upstream);
    h2i_map_finish(&cache->entries);
    h2i_free(&allocator, cache);
}

h2client_resolver *h2i_dns_cache_create(h2client_reactor *reactor, h2client_resolver *upstream,
                                        const struct h2i_dns_cache_limits *limits)
{
    static const h2client_resolver_ops ops = {.size = sizeof ops,
                                              .resolve = resolve,
                                              .cancel = cancel,
                                              .flush = flush,
                                              .destroy = destroy};
    const h2client_allocator *allocator = h2client_reactor_allocator(reactor);
    h2client_system *system = h2client_reactor_system(reactor);
    struct cache *cache = h2i_alloc_zeroed(allocator, sizeof *cache);
    uint64_t seed[2];

    if (!cache || !system->ops->random_bytes(system, seed, sizeof seed)) {
        h2i_free(allocator, cache);
        upstream->ops->destroy(upstream);
        return NULL;
    }
    cache->base.ops = &ops;
    cache->allocator = *allocator;
    cache->reactor = reactor;
    cache->upstream = upstream;
    cache->limits = *limits;
    h2i_list_init(&cache->by_use);
    h2i_map_init(&cache->entries, &cache->allocator, seed);
    return &cache->base;
}
