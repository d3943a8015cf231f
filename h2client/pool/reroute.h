/* SPDX-License-Identifier: MIT */
/* Reroutes: connections that lead elsewhere than the URL says (session.h, connect_to). */
#ifndef H2I_REROUTE_H
#define H2I_REROUTE_H

#include <string.h>

#include "h2client/http/url.h"

/* Where a connection leads to. */
struct h2i_place {
    const char *host; /* as in a URL; NULL: stays as it is */
    uint16_t port;    /* 0: stays as it is */
    bool is_literal;
};

struct h2i_reroute {
    const char *host; /* of the URL; NULL: any */
    uint16_t port;    /* 0: any */
    struct h2i_place to;
};

/* The session's; n = 0: none. */
struct h2i_reroutes {
    const struct h2i_reroute *list;
    size_t n;
};

/* The first that fits holds. */
static inline struct h2i_place h2i_reroute(const struct h2i_reroutes *reroutes,
                                           const struct h2i_place *from)
{
    for (size_t i = 0; i < reroutes->n; i++) {
        const struct h2i_reroute *each = &reroutes->list[i];
        struct h2i_place to = each->to;
        if ((each->host && strcmp(each->host, from->host) != 0) ||
            (each->port && each->port != from->port))
            continue;
        if (!to.host) {
            to.host = from->host;
            to.is_literal = from->is_literal;
        }
        if (!to.port)
            to.port = from->port;
        return to;
    }
    return *from;
}

#endif
