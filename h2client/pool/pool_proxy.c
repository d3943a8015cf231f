/* SPDX-License-Identifier: MIT */
#include "h2client/pool/pool_proxy.h"

#include <string.h>

static const char *put(char **at, const char *text)
{
    char *copy = *at;
    size_t size = strlen(text) + 1;

    memcpy(copy, text, size);
    *at += size;
    return copy;
}

struct h2i_proxy *h2i_proxy_copy(const h2client_allocator *allocator, const struct h2i_proxy *proxy)
{
    size_t n_bytes = strlen(proxy->host) + strlen(proxy->user) + strlen(proxy->password) + 3 +
                     (proxy->authorization ? strlen(proxy->authorization) + 1 : 0);
    struct h2i_proxy *copy = h2i_alloc(allocator, sizeof *copy + n_bytes);
    char *at = (char *)(copy + 1);

    if (!copy)
        return NULL;
    *copy = *proxy;
    copy->host = put(&at, proxy->host);
    copy->user = put(&at, proxy->user);
    copy->password = put(&at, proxy->password);
    if (proxy->authorization)
        copy->authorization = put(&at, proxy->authorization);
    return copy;
}
