/* SPDX-License-Identifier: MIT */
/*
 * A bounded cache in front of any resolver: answers live as long as their TTL
 * allows, failures a short while, equal look-ups in flight become one. A stale
 * answer is a report with from_cache and more; the refreshed one follows.
 */
#ifndef H2I_DNS_CACHE_H
#define H2I_DNS_CACHE_H

#include "h2client/resolver.h"

struct h2i_dns_cache_limits {
    int64_t min_ttl_s;
    int64_t max_ttl_s;      /* H2CLIENT_NO_LIMIT: as the records say */
    int64_t negative_ttl_s; /* 0: failures are not remembered */
    int64_t max_stale_s;    /* past the TTL: given while asked for again; 0: never */
    size_t max_entries;
};

/* Owns `upstream` from here on, also on failure (NULL: no memory or randomness). */
h2client_resolver *h2i_dns_cache_create(h2client_reactor *reactor, h2client_resolver *upstream,
                                        const struct h2i_dns_cache_limits *limits);

#endif
