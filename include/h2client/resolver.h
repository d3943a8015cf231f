/* SPDX-License-Identifier: MIT */
/*
 * Resolver port: addresses of a host name.
 *
 * The default one drives c-ares, asks A and AAAA apart, caches by the records'
 * TTL and merges equal look-ups in flight. Literals are never handed to it.
 */
#ifndef H2CLIENT_RESOLVER_H
#define H2CLIENT_RESOLVER_H

#include "reactor.h"
#include "transport.h"

#ifdef __cplusplus
extern "C" {
#endif

/* At most this many addresses of a name are used. */
#define H2CLIENT_MAX_ADDRESSES 64

/* One report. `list` is valid during the callback; the ports in it are 0. */
typedef struct h2client_addresses {
    size_t size;
    const h2client_address *list;
    size_t n;
    int64_t ttl_s;               /* least of the records'; 0: do not keep */
    const h2client_fault *fault; /* NULL, or why this part of the answer failed */
    int32_t more;                /* 1: another report follows, 0: this was the last */
    int32_t from_cache;          /* 1: nobody was asked for this answer */
} h2client_addresses;

/* Called one or more times for a query, never inside `resolve` or `cancel`, the
 * last time with more == 0; after that the query is gone. A look-up has failed
 * when no report had an address; the last report's fault then says why. */
typedef void (*h2client_addresses_fn)(const h2client_addresses *addresses, void *user);

typedef struct h2client_resolver h2client_resolver;
typedef struct h2client_query h2client_query;

typedef struct h2client_resolver_ops {
    size_t size;
    /* `host` is lower-case, without a trailing dot, no literal. `port` matters to
     * static overrides only. NULL: no memory, and on_addresses is not called. */
    h2client_query *(*resolve)(h2client_resolver *resolver, h2client_reactor *reactor,
                               const char *host, uint16_t port, h2client_addresses_fn on_addresses,
                               void *user);
    /* The callback does not run any more; the query is gone. */
    void (*cancel)(h2client_resolver *resolver, h2client_query *query);
    /* Forgets what it cached. */
    void (*flush)(h2client_resolver *resolver);
    void (*destroy)(h2client_resolver *resolver);
} h2client_resolver_ops;

struct h2client_resolver {
    const h2client_resolver_ops *ops;
};

#ifdef __cplusplus
}
#endif

#endif
