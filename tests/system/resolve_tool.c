/* SPDX-License-Identifier: MIT */
/*
 * resolve_tool SERVERS NEGATIVE_TTL_S MIN_TTL_S: the built-in resolver on a real loop. Each line of
 * stdin is a host name, or "flush"; each host is answered with one line when its look-up
 * has ended:
 *
 *     HOST code=0 cached=0 ttl=60 addresses=192.0.2.1,2001:db8::1
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/reactor.h"
#include "resolver/resolver_create.h"
#include "resolver/static_resolver.h"
#include "transport/loops.h"
#include "transport/system_posix.h"

struct lookup {
    h2client_fault fault;
    char addresses[H2CLIENT_MAX_ADDRESSES * H2CLIENT_ADDRESS_TEXT_MAX];
    int64_t ttl_s; /* the least that was reported with an address */
    int is_from_cache;
    bool is_done;
};

static void take_report(const h2client_addresses *addresses, void *user)
{
    struct lookup *lookup = user;
    size_t len = strlen(lookup->addresses);
    char text[H2CLIENT_ADDRESS_TEXT_MAX];

    for (size_t i = 0; i < addresses->n; i++)
        len += (size_t)snprintf(lookup->addresses + len, sizeof lookup->addresses - len, "%s%s",
                                len ? "," : "",
                                h2client_address_format(&addresses->list[i], text, sizeof text));
    if (addresses->n && (lookup->ttl_s < 0 || addresses->ttl_s < lookup->ttl_s))
        lookup->ttl_s = addresses->ttl_s;
    if (addresses->fault)
        lookup->fault = *addresses->fault;
    lookup->is_from_cache = addresses->from_cache;
    lookup->is_done = !addresses->more;
}

static void ask(h2client_resolver *resolver, h2client_reactor *reactor, const char *host)
{
    struct lookup lookup = {.ttl_s = -1};

    h2i_reactor_refresh_clock(reactor);
    if (!resolver->ops->resolve(resolver, reactor, host, 443, take_report, &lookup))
        exit(1);
    while (!lookup.is_done)
        if (h2i_reactor_turn(reactor, -1) != H2CLIENT_OK)
            exit(1);
    printf("%s code=%d cached=%d ttl=%d addresses=%s\n", host,
           lookup.addresses[0] ? 0 : lookup.fault.code, lookup.is_from_cache, (int)lookup.ttl_s,
           lookup.addresses);
}

static void serve(h2client_resolver *resolver, h2client_reactor *reactor)
{
    char line[512];

    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        if (strcmp(line, "flush") == 0)
            resolver->ops->flush(resolver);
        else
            ask(resolver, reactor, line);
    }
}

int main(int argc, char **argv)
{
    const h2client_allocator *allocator = h2i_default_allocator();
    struct h2i_resolver_config config = {
        .servers = argc > 1 ? argv[1] : NULL,
        .cache = {.min_ttl_s = argc > 3 ? atoi(argv[3]) : 1,
                  .max_ttl_s = 300,
                  .max_stale_s = 60,
                  .negative_ttl_s = argc > 2 ? atoi(argv[2]) : 5,
                  .max_entries = 1024},
    };
    h2client_fault fault;
    h2client_loop *loop =
        h2i_loop_create(allocator, h2i_system_posix(), H2CLIENT_LOOP_DEFAULT, &fault);
    struct h2client_reactor reactor;
    h2client_resolver *resolver;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!loop)
        return 1;
    h2i_reactor_init(&reactor, allocator, h2i_system_posix(), loop);
    h2i_reactor_refresh_clock(&reactor);
    resolver = h2i_resolver_create(&reactor, &config, &fault);
    if (!resolver) {
        fprintf(stderr, "resolve_tool: %s\n", fault.text);
        return 2;
    }
    serve(resolver, &reactor);
    resolver->ops->destroy(resolver);
    h2i_reactor_finish(&reactor);
    loop->ops->destroy(loop);
    return 0;
}
