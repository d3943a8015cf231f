/* SPDX-License-Identifier: MIT */
#include "tests/support/lookup.h"

#include <check.h>
#include <string.h>

/* ---- one look-up ---- */

static void add_text(struct h2t_lookup *lookup, const h2client_address *address)
{
    size_t len = strlen(lookup->text);

    if (len)
        lookup->text[len++] = ',';
    h2client_address_format(address, lookup->text + len, sizeof lookup->text - len);
}

static void take_report(const h2client_addresses *addresses, void *user)
{
    struct h2t_lookup *lookup = user;

    ck_assert_ptr_nonnull(lookup->query); /* not inside resolve, not after the end */
    ck_assert(!lookup->is_done);
    ck_assert_uint_le(lookup->n_addresses + addresses->n, H2CLIENT_MAX_ADDRESSES);
    ck_assert_int_ge(addresses->ttl_s, 0);
    lookup->n_reports++;
    for (size_t i = 0; i < addresses->n; i++) {
        ck_assert_uint_eq(addresses->list[i].port, 0);
        add_text(lookup, &addresses->list[i]);
    }
    lookup->n_addresses += addresses->n;
    lookup->ttl_s = addresses->ttl_s;
    lookup->is_from_cache = addresses->from_cache;
    lookup->fault = (h2client_fault){.code = H2CLIENT_OK};
    if (addresses->fault)
        lookup->fault = *addresses->fault;
    lookup->is_done = !addresses->more;
    if (lookup->is_done)
        lookup->query = NULL;
    if (lookup->is_done && lookup->n_addresses == 0)
        ck_assert_int_ne(lookup->fault.code, H2CLIENT_OK);
    if (lookup->on_report)
        lookup->on_report(lookup, addresses);
}

void h2t_lookup_start(struct h2t_lookup *lookup, h2client_resolver *resolver,
                      h2client_reactor *reactor, const char *host, uint16_t port)
{
    char copy[4096]; /* the resolver keeps copies only */

    ck_assert_uint_lt(strlen(host), sizeof copy);
    memcpy(copy, host, strlen(host) + 1);
    lookup->resolver = resolver;
    lookup->query = resolver->ops->resolve(resolver, reactor, copy, port, take_report, lookup);
    memset(copy, '#', sizeof copy - 1);
}

void h2t_lookup_cancel(struct h2t_lookup *lookup)
{
    h2client_query *query = lookup->query;

    lookup->query = NULL;
    lookup->resolver->ops->cancel(lookup->resolver, query);
}

/* ---- a world for them ---- */

void h2t_lookup_rig_init(struct h2t_lookup_rig *rig)
{
    memset(rig, 0, sizeof *rig);
    h2t_alloc_init(&rig->alloc);
    h2t_world_init(&rig->world);
    h2i_reactor_init(&rig->reactor, &rig->alloc.allocator, &rig->world.system, &rig->world.loop);
    h2i_reactor_refresh_clock(&rig->reactor);
    rig->fake = h2t_fake_resolver_create();
}

void h2t_lookup_rig_finish(struct h2t_lookup_rig *rig)
{
    if (rig->resolver)
        rig->resolver->ops->destroy(rig->resolver);
    h2t_fake_resolver_destroy(rig->fake);
    h2i_reactor_finish(&rig->reactor);
    h2t_world_finish(&rig->world);
    h2t_alloc_check(&rig->alloc);
}

void h2t_lookup_rig_settle(struct h2t_lookup_rig *rig)
{
    do
        ck_assert_int_eq(h2i_reactor_turn(&rig->reactor, 0), H2CLIENT_OK);
    while (h2i_reactor_next_timeout_us(&rig->reactor) == 0);
}

void h2t_lookup_rig_run_us(struct h2t_lookup_rig *rig, int64_t us)
{
    int64_t end_us = rig->world.now_us + us;

    while (rig->world.now_us < end_us)
        ck_assert_int_eq(h2i_reactor_turn(&rig->reactor, end_us - rig->world.now_us), H2CLIENT_OK);
    h2t_lookup_rig_settle(rig);
}

void h2t_lookup_rig_start(struct h2t_lookup_rig *rig, struct h2t_lookup *lookup, const char *host)
{
    h2t_lookup_start(lookup, rig->resolver, &rig->reactor, host, 443);
}

void h2t_lookup_rig_ask(struct h2t_lookup_rig *rig, struct h2t_lookup *lookup, const char *host)
{
    memset(lookup, 0, sizeof *lookup);
    h2t_lookup_rig_start(rig, lookup, host);
    ck_assert_ptr_nonnull(lookup->query);
    h2t_lookup_rig_settle(rig);
    ck_assert(lookup->is_done);
}
