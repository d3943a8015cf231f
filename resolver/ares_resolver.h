/* SPDX-License-Identifier: MIT */
/*
 * The resolver port over c-ares: A and AAAA asked apart, driven by the reactor. Names go
 * through resolv_conf's search domains where its servers are asked. It neither caches nor merges:
 * dns_cache.h does, in front of it.
 */
#ifndef H2I_ARES_RESOLVER_H
#define H2I_ARES_RESOLVER_H

#include "h2client/dialer.h"
#include "h2client/resolver.h"

struct h2i_ares_config {
    const char *servers;       /* as in h2client_dns_options; NULL: those of resolv_conf */
    const char *resolv_conf;   /* resolv.conf(5); must outlive the resolver */
    uint16_t port;             /* of servers that name none; resolv_conf cannot name one */
    h2client_ip_family family; /* the other one is not asked for */
    int timeout_ms;            /* until a silent server is passed over, and, doubled, once more */
};

/* What the machine does; servers and time-out are the caller's. */
#define H2I_RESOLV_CONF "/etc/resolv.conf"
#define H2I_DNS_PORT 53
#define H2I_ARES_TIMEOUT_MS 2000

/* On failure NULL with *fault set (NO_MEMORY, INVALID_ARGUMENT naming the server). */
h2client_resolver *h2i_ares_resolver_create(h2client_reactor *reactor,
                                            const struct h2i_ares_config *config,
                                            h2client_fault *fault);
/* "1.18.1". */
const char *h2i_ares_resolver_version(void);

#endif
