/* SPDX-License-Identifier: MIT */
/* The built-in resolver: static_resolver -> dns_cache -> ares_resolver. */
#ifndef H2I_RESOLVER_CREATE_H
#define H2I_RESOLVER_CREATE_H

#include "h2client/dialer.h"
#include "h2client/resolver.h"

struct h2i_resolver_config {
    const char *servers; /* NULL: the system's */
    const struct h2i_static_entry *entries;
    size_t n_entries;
    h2client_ip_family family; /* of the questions; what is known without asking is told whole */
    const char *hosts_file;    /* as in h2i_static_config; NULL: the system's */
    const char *resolv_conf;   /* as in h2i_ares_config; NULL: the system's */
    struct {
        int64_t min_ttl_s;
        int64_t max_ttl_s;
        int64_t negative_ttl_s;
        int64_t max_stale_s;
        size_t max_entries;
    } cache;
};

h2client_resolver *h2i_resolver_create(h2client_reactor *reactor,
                                       const struct h2i_resolver_config *config,
                                       h2client_fault *fault);

#endif
