/* SPDX-License-Identifier: MIT */
/*
 * Keeps cookies where a request finds them: a map from sites to short lists in the order of
 * sending. A site has at most 180 of them, so a walk along its list is all that a request
 * costs; only what is evicted from the whole, or asked for by the whole, looks at more. The
 * rules are in cookie_jar.c and cookie_rules.c.
 */
#include "h2client/cookies/cookie_store.h"

#include <assert.h>

#include "h2client/cookies/public_suffix.h"

#define FIRST_CAP 16

/* The map needs no secret: the number of sites bounds its chains, whoever chose the names. */
static const uint64_t map_seed[2] = {0x6a09e667f3bcc908u, 0xbb67ae8584caa73bu};

void h2i_cookie_store_init(struct h2i_cookie_store *store, const h2client_allocator *allocator)
{
    *store = (struct h2i_cookie_store){.allocator = allocator, .first_expiry_s = INT64_MAX};
    h2i_map_init(&store->sites, allocator, map_seed);
    h2i_list_init(&store->by_use);
}

static bool is_any(const struct h2i_cookie *cookie, const void *by)
{
    (void)cookie;
    (void)by;
    return true;
}

void h2i_cookie_store_finish(struct h2i_cookie_store *store)
{
    h2i_cookie_store_remove_all(store, is_any, NULL);
    h2i_free(store->allocator, store->by_creation);
    h2i_map_finish(&store->sites);
}

bool h2i_cookie_has_expired(const struct h2i_cookie *cookie, int64_t now_s)
{
    return h2i_cookie_is_past(cookie->seen.expires_s, now_s);
}

/* ---- sites --------------------------------------------------------------- */

static const char *site_name(const char *host, bool host_is_literal)
{
    const char *domain = host_is_literal ? NULL : h2i_registrable_domain(host);

    return domain ? domain : host;
}

static struct h2i_cookie_site *find_site(const struct h2i_cookie_store *store, const char *name)
{
    struct h2i_map_entry *entry = h2i_map_find(&store->sites, name, strlen(name));

    return entry ? H2I_CONTAINER_OF(entry, struct h2i_cookie_site, entry) : NULL;
}

struct h2i_cookie_site *h2i_cookie_store_site(const struct h2i_cookie_store *store,
                                              const char *host, bool host_is_literal)
{
    return find_site(store, site_name(host, host_is_literal));
}

static struct h2i_cookie_site *add_site(struct h2i_cookie_store *store, const char *name)
{
    size_t len = strlen(name);
    struct h2i_cookie_site *site = h2i_alloc_zeroed(store->allocator, sizeof *site + len + 1);

    if (!site)
        return NULL;
    memcpy(site->domain, name, len);
    site->entry.key = site->domain;
    site->entry.key_len = len;
    h2i_list_init(&site->cookies);
    if (h2i_map_insert(&store->sites, &site->entry))
        return site;
    h2i_free(store->allocator, site);
    return NULL;
}

static void remove_site(struct h2i_cookie_store *store, struct h2i_cookie_site *site)
{
    h2i_map_remove(&store->sites, &site->entry);
    h2i_free(store->allocator, site);
}

/* ---- cookies ------------------------------------------------------------- */

/* Copies to the place and moves it on. */
static struct h2i_str copy_part(char **place, struct h2i_str part)
{
    struct h2i_str copy = h2i_str(*place, part.len);

    if (part.len > 0)
        memcpy(*place, part.data, part.len);
    (*place)[part.len] = 0;
    *place += part.len + 1;
    return copy;
}

static struct h2i_cookie *create_cookie(const h2client_allocator *allocator,
                                        const struct h2i_cookie_draft *draft)
{
    size_t text_len = draft->name.len + draft->value.len + draft->domain.len + draft->path.len;
    struct h2i_cookie *cookie = h2i_alloc(allocator, sizeof *cookie + text_len + 4);
    char *place;

    if (!cookie)
        return NULL;
    place = (char *)(cookie + 1);
    *cookie = (struct h2i_cookie){
        .name = copy_part(&place, draft->name),
        .value = copy_part(&place, draft->value),
        .domain = copy_part(&place, draft->domain),
        .path = copy_part(&place, draft->path),
    };
    cookie->seen = (h2client_cookie){
        .size = sizeof cookie->seen,
        .name = cookie->name.data,
        .value = cookie->value.data,
        .domain = cookie->domain.data,
        .path = cookie->path.data,
        .expires_s = draft->expires_s,
        .same_site = draft->same_site,
        .is_host_only = draft->is_host_only,
        .is_secure = draft->is_secure,
        .is_http_only = draft->is_http_only,
    };
    return cookie;
}

/* Whether `second` is sent after `first` (RFC 6265bis 5.8.3). */
static bool goes_before(const struct h2i_cookie *first, const struct h2i_cookie *second)
{
    if (first->path.len != second->path.len)
        return first->path.len > second->path.len;
    return first->created < second->created;
}

static void link_cookie(struct h2i_cookie_store *store, struct h2i_cookie *cookie)
{
    struct h2i_list *place = cookie->site->cookies.next;

    while (place != &cookie->site->cookies && goes_before(h2i_cookie_in_site(place), cookie))
        place = place->next;
    h2i_list_append(place, &cookie->in_site); /* before it */
    cookie->site->n_cookies++;
    h2i_cookie_store_touch(store, cookie);
    if (cookie->seen.expires_s != H2I_COOKIE_IS_SESSION &&
        cookie->seen.expires_s < store->first_expiry_s)
        store->first_expiry_s = cookie->seen.expires_s;
}

static void unlink_cookie(struct h2i_cookie *cookie)
{
    h2i_list_remove(&cookie->in_site);
    h2i_list_remove(&cookie->in_use_order);
    cookie->site->n_cookies--;
}

/* It is no longer in by_creation. */
static void drop_cookie(struct h2i_cookie_store *store, struct h2i_cookie *cookie)
{
    unlink_cookie(cookie);
    if (cookie->site->n_cookies == 0)
        remove_site(store, cookie->site);
    h2i_free(store->allocator, cookie);
}

void h2i_cookie_store_touch(struct h2i_cookie_store *store, struct h2i_cookie *cookie)
{
    h2i_list_remove(&cookie->in_use_order);
    h2i_list_append(&store->by_use, &cookie->in_use_order);
    cookie->last_used = ++store->n_uses;
}

/* ---- in the order of creation -------------------------------------------- */

static bool reserve_place(struct h2i_cookie_store *store)
{
    size_t cap = store->cap ? store->cap * 2 : FIRST_CAP;
    struct h2i_cookie **grown;

    if (store->n_cookies < store->cap)
        return true;
    grown = h2i_realloc(store->allocator, store->by_creation, cap * sizeof *grown);
    if (!grown)
        return false;
    store->by_creation = grown;
    store->cap = cap;
    return true;
}

static size_t place_of(const struct h2i_cookie_store *store, const struct h2i_cookie *cookie)
{
    size_t first = 0, end = store->n_cookies;

    while (end - first > 1) {
        size_t middle = first + (end - first) / 2;
        if (store->by_creation[middle]->created <= cookie->created)
            first = middle;
        else
            end = middle;
    }
    assert(store->by_creation[first] == cookie);
    return first;
}

void h2i_cookie_store_remove(struct h2i_cookie_store *store, struct h2i_cookie *cookie)
{
    size_t place = place_of(store, cookie);
    struct h2i_cookie **at = store->by_creation + place;

    store->n_cookies--;
    memmove(at, at + 1, (store->n_cookies - place) * sizeof *at);
    drop_cookie(store, cookie);
}

size_t h2i_cookie_store_remove_all(struct h2i_cookie_store *store,
                                   bool (*goes)(const struct h2i_cookie *cookie, const void *by),
                                   const void *by)
{
    size_t n_before = store->n_cookies, n_kept = 0;

    for (size_t i = 0; i < n_before; i++) {
        struct h2i_cookie *cookie = store->by_creation[i];
        if (goes(cookie, by))
            drop_cookie(store, cookie);
        else
            store->by_creation[n_kept++] = cookie;
    }
    store->n_cookies = n_kept;
    return n_before - n_kept;
}

/* ---- room ---------------------------------------------------------------- */

static bool has_expired_by(const struct h2i_cookie *cookie, const void *now_s)
{
    return h2i_cookie_has_expired(cookie, *(const int64_t *)now_s);
}

/* Looks at all, but only at a time when one may have expired: the next look then waits for
 * the next expiry. */
static void remove_expired(struct h2i_cookie_store *store, int64_t now_s)
{
    if (now_s < store->first_expiry_s)
        return;
    h2i_cookie_store_remove_all(store, has_expired_by, &now_s);
    store->first_expiry_s = INT64_MAX;
    for (size_t i = 0; i < store->n_cookies; i++) {
        int64_t expires_s = store->by_creation[i]->seen.expires_s;
        if (expires_s != H2I_COOKIE_IS_SESSION && expires_s < store->first_expiry_s)
            store->first_expiry_s = expires_s;
    }
}

/* RFC 6265bis 5.7: of one site those without Secure go first, so that nobody on the way can
 * wash the others out. */
static bool is_better_victim(const struct h2i_cookie *cookie, const struct h2i_cookie *victim)
{
    if (cookie->seen.is_secure != victim->seen.is_secure)
        return victim->seen.is_secure;
    return cookie->last_used < victim->last_used;
}

static struct h2i_cookie *victim_of_site(const struct h2i_cookie_site *site)
{
    struct h2i_list *node = h2i_list_first(&site->cookies);
    struct h2i_cookie *victim = h2i_cookie_in_site(node);

    while ((node = h2i_list_after(&site->cookies, node)) != NULL)
        if (is_better_victim(h2i_cookie_in_site(node), victim))
            victim = h2i_cookie_in_site(node);
    return victim;
}

/* After a cookie of the site has come; that one has not expired and was used last. */
static void make_room(struct h2i_cookie_store *store, struct h2i_cookie_site *site, int64_t now_s)
{
    if (site->n_cookies > H2I_COOKIE_MAX_OF_SITE || store->n_cookies > H2I_COOKIE_MAX_IN_ALL)
        remove_expired(store, now_s);
    if (site->n_cookies > H2I_COOKIE_MAX_OF_SITE)
        h2i_cookie_store_remove(store, victim_of_site(site));
    if (store->n_cookies > H2I_COOKIE_MAX_IN_ALL)
        h2i_cookie_store_remove(store, H2I_CONTAINER_OF(h2i_list_first(&store->by_use),
                                                        struct h2i_cookie, in_use_order));
}

/* ---- putting ------------------------------------------------------------- */

static struct h2i_cookie *find_same(const struct h2i_cookie_site *site,
                                    const struct h2i_cookie_draft *draft)
{
    struct h2i_list *node = site ? h2i_list_first(&site->cookies) : NULL;

    for (; node; node = h2i_list_after(&site->cookies, node)) {
        struct h2i_cookie *cookie = h2i_cookie_in_site(node);
        if (cookie->seen.is_host_only == draft->is_host_only &&
            h2i_str_equals(cookie->name, draft->name) &&
            h2i_str_equals(cookie->domain, draft->domain) &&
            h2i_str_equals(cookie->path, draft->path))
            return cookie;
    }
    return NULL;
}

/* Takes the old one's place, or the last one. Nothing can fail any more. */
static void place_cookie(struct h2i_cookie_store *store, struct h2i_cookie *cookie,
                         struct h2i_cookie *old)
{
    size_t place = old ? place_of(store, old) : store->n_cookies++;

    cookie->created = old ? old->created : ++store->n_created;
    store->by_creation[place] = cookie;
    link_cookie(store, cookie);
    if (old)
        drop_cookie(store, old);
}

bool h2i_cookie_store_put(struct h2i_cookie_store *store, const struct h2i_cookie_draft *draft,
                          int64_t now_s)
{
    struct h2i_cookie *cookie = create_cookie(store->allocator, draft), *old;
    const char *name;
    struct h2i_cookie_site *site;

    if (!cookie)
        return false;
    name = site_name(cookie->seen.domain, draft->domain_is_literal);
    site = find_site(store, name);
    old = find_same(site, draft);
    if (h2i_cookie_has_expired(cookie, now_s)) {
        if (old)
            h2i_cookie_store_remove(store, old);
        h2i_free(store->allocator, cookie);
        return true;
    }
    cookie->site = reserve_place(store) ? site ? site : add_site(store, name) : NULL;
    if (!cookie->site) {
        h2i_free(store->allocator, cookie);
        return false;
    }
    place_cookie(store, cookie, old);
    make_room(store, cookie->site, now_s);
    return true;
}
