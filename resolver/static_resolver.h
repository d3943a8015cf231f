/* SPDX-License-Identifier: MIT */
/*
 * A resolver with a fixed table, and all that is decided without asking:
 * overrides, `localhost` and its subdomains (RFC 6761 6.3: loopback, both
 * families), names that are no host names (DNS_BAD_NAME), and the hosts file.
 * Everything else goes to the next resolver, or, without one, is DNS_NOT_FOUND.
 */
#ifndef H2I_STATIC_RESOLVER_H
#define H2I_STATIC_RESOLVER_H

#include "h2client/resolver.h"

struct h2i_static_entry {
    const char *host;      /* any case */
    const char *addresses; /* literals, comma-separated */
    uint16_t port;         /* 0: all ports */
};

struct h2i_static_config {
    const struct h2i_static_entry *entries;
    size_t n_entries;
    const char *hosts_file; /* must outlive the resolver; NULL: none */
};

/* Copies the entries. Owns `next` (NULL is fine) from here on, also on failure: NULL
 * with *fault set (NO_MEMORY, INVALID_ARGUMENT naming the entry and the address). */
h2client_resolver *h2i_static_resolver_create(const h2client_allocator *allocator,
                                              const struct h2i_static_config *config,
                                              h2client_resolver *next, h2client_fault *fault);

#endif
