/* SPDX-License-Identifier: MIT */
/* A proxy as the pool knows it: where it is, what it speaks, and who we are to it. */
#ifndef H2I_POOL_PROXY_H
#define H2I_POOL_PROXY_H

#include "base/alloc.h"
#include "h2client/call.h"

enum h2i_proxy_kind { H2I_PROXY_HTTP, H2I_PROXY_HTTPS, H2I_PROXY_SOCKS5, H2I_PROXY_SOCKS5H };

struct h2i_proxy {
    enum h2i_proxy_kind kind;
    bool host_is_literal;
    uint16_t port;
    const char *host;          /* lower-case; no brackets */
    const char *user;          /* "" for nobody */
    const char *password;      /* "" */
    const char *authorization; /* the field's value, by Basic; NULL: none */
    bool takes_digest;         /* where the proxy asks for it */
};

static inline bool h2i_proxy_is_socks(const struct h2i_proxy *proxy)
{
    return proxy->kind == H2I_PROXY_SOCKS5 || proxy->kind == H2I_PROXY_SOCKS5H;
}

/* Is the request asked for by its whole URL, on the connection to the proxy itself? */
static inline bool h2i_proxy_forwards(const struct h2i_proxy *proxy, bool is_https,
                                      h2client_http_version version)
{
    return !is_https && version != H2CLIENT_HTTP_2_PRIOR_KNOWLEDGE && !h2i_proxy_is_socks(proxy);
}

/* One block, to be freed as one. NULL: no memory. */
struct h2i_proxy *h2i_proxy_copy(const h2client_allocator *allocator,
                                 const struct h2i_proxy *proxy);

#endif
