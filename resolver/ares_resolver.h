/* SPDX-License-Identifier: MIT */
/*
 * The resolver port over c-ares: A and AAAA asked apart, driven by the reactor.
 * It neither caches nor merges: dns_cache.h does, in front of it.
 */
#ifndef H2I_ARES_RESOLVER_H
#define H2I_ARES_RESOLVER_H

#include "h2client/resolver.h"

/* Until a silent name server is passed over, and, doubled, once more. */
#define H2I_ARES_TIMEOUT_MS 2000

/* `servers` as in h2client_dns_options; NULL: the system's. On failure NULL with
 * *fault set (NO_MEMORY, INVALID_ARGUMENT naming the server). */
h2client_resolver *h2i_ares_resolver_create(h2client_reactor *reactor, const char *servers,
                                            int timeout_ms, h2client_fault *fault);
/* "1.18.1". */
const char *h2i_ares_resolver_version(void);

#endif
