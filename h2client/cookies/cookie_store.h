/* SPDX-License-Identifier: MIT */
/*
 * What a jar keeps: cookies by site (the registrable domain of theirs, or the host where
 * there is none), bounded for each site and in all. It judges nobody: what is put in is kept.
 */
#ifndef H2I_COOKIE_STORE_H
#define H2I_COOKIE_STORE_H

#include "base/list.h"
#include "base/map.h"
#include "h2client/cookies/cookie_rules.h"

#define H2I_COOKIE_MAX_OF_SITE 180
#define H2I_COOKIE_MAX_IN_ALL 3000

/* In one block with its strings. */
struct h2i_cookie {
    h2client_cookie seen; /* as the application sees it */
    struct h2i_str name, value, domain, path;
    struct h2i_cookie_site *site;
    struct h2i_list in_site;
    struct h2i_list in_use_order;
    uint64_t created;   /* rises from cookie to cookie; a successor has its predecessor's */
    uint64_t last_used; /* rises from use to use */
};

static inline struct h2i_cookie *h2i_cookie_in_site(struct h2i_list *node)
{
    return H2I_CONTAINER_OF(node, struct h2i_cookie, in_site);
}

struct h2i_cookie_site {
    struct h2i_map_entry entry; /* by domain */
    struct h2i_list cookies;    /* in the order of sending: longer paths, then older ones, first */
    size_t n_cookies;           /* never 0 */
    char domain[];
};

struct h2i_cookie_store {
    const h2client_allocator *allocator;
    struct h2i_map sites;
    struct h2i_cookie **by_creation;
    size_t n_cookies;
    size_t cap;             /* of by_creation */
    struct h2i_list by_use; /* the one used longest ago is the first */
    uint64_t n_created;
    uint64_t n_uses;
    int64_t first_expiry_s; /* nothing expires before it; perhaps nothing does then */
};

void h2i_cookie_store_init(struct h2i_cookie_store *store, const h2client_allocator *allocator);
void h2i_cookie_store_finish(struct h2i_cookie_store *store);

/* The one that a host's requests look at; NULL: none. */
struct h2i_cookie_site *h2i_cookie_store_site(const struct h2i_cookie_store *store,
                                              const char *host, bool host_is_literal);
/*
 * Keeps a copy of the draft, whose domain and path are settled, in place of the cookie of the
 * same name, domain, host-only-flag and path; where it has expired, that one only goes. Then
 * makes room: expired ones go first, then, of a site, those that are not Secure, then the one
 * used longest ago. False: no memory, and nothing has changed.
 */
H2CLIENT_MUST_USE bool h2i_cookie_store_put(struct h2i_cookie_store *store,
                                            const struct h2i_cookie_draft *draft, int64_t now_s);
bool h2i_cookie_has_expired(const struct h2i_cookie *cookie, int64_t now_s);
void h2i_cookie_store_remove(struct h2i_cookie_store *store, struct h2i_cookie *cookie);
/* Removes all that the question is answered for with yes. Returns how many. */
size_t h2i_cookie_store_remove_all(struct h2i_cookie_store *store,
                                   bool (*goes)(const struct h2i_cookie *cookie, const void *by),
                                   const void *by);
/* It has been sent. */
void h2i_cookie_store_touch(struct h2i_cookie_store *store, struct h2i_cookie *cookie);

#endif
