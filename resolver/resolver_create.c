/* SPDX-License-Identifier: MIT */
#include "resolver/resolver_create.h"

#include "base/fault.h"
#include "resolver/ares_resolver.h"
#include "resolver/dns_cache.h"
#include "resolver/hosts_file.h"
#include "resolver/static_resolver.h"

h2client_resolver *h2i_resolver_create(h2client_reactor *reactor,
                                       const struct h2i_resolver_config *config,
                                       h2client_fault *fault)
{
    const struct h2i_dns_cache_limits limits = {
        .min_ttl_s = config->cache.min_ttl_s,
        .max_ttl_s = config->cache.max_ttl_s,
        .negative_ttl_s = config->cache.negative_ttl_s,
        .max_stale_s = config->cache.max_stale_s,
        .max_entries = config->cache.max_entries,
    };
    const struct h2i_ares_config ares_config = {
        .servers = config->servers,
        .resolv_conf = config->resolv_conf ? config->resolv_conf : H2I_RESOLV_CONF,
        .port = H2I_DNS_PORT,
        .family = config->family,
        .timeout_ms = H2I_ARES_TIMEOUT_MS,
    };
    const struct h2i_static_config static_config = {
        .entries = config->entries,
        .n_entries = config->n_entries,
        .hosts_file = config->hosts_file ? config->hosts_file : H2I_HOSTS_FILE,
    };
    h2client_resolver *ares = h2i_ares_resolver_create(reactor, &ares_config, fault);
    h2client_resolver *cache;

    if (!ares)
        return NULL;
    cache = h2i_dns_cache_create(reactor, ares, &limits);
    if (!cache) {
        *fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "%s", "");
        return NULL;
    }
    return h2i_static_resolver_create(h2client_reactor_allocator(reactor), &static_config, cache,
                                      fault);
}
