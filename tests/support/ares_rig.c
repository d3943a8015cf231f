/* SPDX-License-Identifier: MIT */
#include "tests/support/ares_rig.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/list.h"
#include "transport/loops.h"
#include "transport/system_posix.h"

#define PATIENCE_S 20 /* on a machine that is slow */

const struct h2t_dns_answer h2t_both[] = {
    {.name = "a.example", .type = H2T_DNS_A, .addresses = "192.0.2.1 192.0.2.2", .ttls = {60, 50}},
    {.name = "a.example", .type = H2T_DNS_AAAA, .addresses = "2001:db8::1", .ttls = {70}},
    {.name = NULL}};

const struct h2t_dns_answer h2t_silence[] = {{.is_silent = true}, {.name = NULL}};

const struct h2t_dns_answer h2t_failing[] = {{.rcode = H2T_DNS_SERVFAIL}, {.name = NULL}};

static int64_t read_clock(h2client_system *system)
{
    const struct h2t_ares_rig *rig = H2I_CONTAINER_OF(system, struct h2t_ares_rig, clock.port);
    h2client_system *real = h2i_system_posix();

    return rig->clock.stands_at_us ? rig->clock.stands_at_us : real->ops->monotonic_us(real);
}

void h2t_ares_init(struct h2t_ares_rig *rig, const struct h2t_dns_answer *answers)
{
    h2client_fault fault;

    memset(rig, 0, sizeof *rig);
    h2t_alloc_init(&rig->alloc);
    rig->loop =
        h2i_loop_create(&rig->alloc.allocator, h2i_system_posix(), H2CLIENT_LOOP_DEFAULT, &fault);
    ck_assert_ptr_nonnull(rig->loop);
    rig->clock.ops = *h2i_system_posix()->ops;
    rig->clock.ops.monotonic_us = read_clock;
    rig->clock.port.ops = &rig->clock.ops;
    h2i_reactor_init(&rig->reactor, &rig->alloc.allocator, &rig->clock.port, rig->loop);
    h2i_reactor_refresh_clock(&rig->reactor);
    rig->server = h2t_dns_server_create(&rig->reactor, answers);
}

struct h2i_ares_config h2t_ares_config(const char *servers, int timeout_ms)
{
    return (struct h2i_ares_config){.servers = servers,
                                    .resolv_conf = H2I_RESOLV_CONF,
                                    .port = H2I_DNS_PORT,
                                    .timeout_ms = timeout_ms};
}

void h2t_ares_make_with(struct h2t_ares_rig *rig, const struct h2i_ares_config *config)
{
    h2client_fault fault;

    rig->resolver = h2i_ares_resolver_create(&rig->reactor, config, &fault);
    ck_assert_ptr_nonnull(rig->resolver);
    ck_assert_int_eq(fault.code, H2CLIENT_OK);
}

void h2t_ares_make(struct h2t_ares_rig *rig, const char *servers, int timeout_ms)
{
    const struct h2i_ares_config config = h2t_ares_config(servers, timeout_ms);

    h2t_ares_make_with(rig, &config);
}

void h2t_ares_open(struct h2t_ares_rig *rig, const struct h2t_dns_answer *answers)
{
    h2t_ares_init(rig, answers);
    h2t_ares_make(rig, h2t_dns_server_name(rig->server), H2T_LONG_MS);
}

void h2t_ares_open_two(struct h2t_ares_rig *rig, const struct h2t_dns_answer *first,
                       const struct h2t_dns_answer *second, int timeout_ms)
{
    char servers[128];

    h2t_ares_init(rig, second);
    rig->first = h2t_dns_server_create(&rig->reactor, first);
    snprintf(servers, sizeof servers, "%s, %s", h2t_dns_server_name(rig->first),
             h2t_dns_server_name(rig->server));
    h2t_ares_make(rig, servers, timeout_ms);
}

void h2t_ares_finish(struct h2t_ares_rig *rig)
{
    if (rig->resolver)
        rig->resolver->ops->destroy(rig->resolver);
    h2t_dns_server_destroy(rig->server);
    h2t_dns_server_destroy(rig->first);
    h2i_reactor_finish(&rig->reactor);
    rig->loop->ops->destroy(rig->loop);
    h2t_alloc_check(&rig->alloc);
}

void h2t_ares_turn(struct h2t_ares_rig *rig)
{
    ck_assert_int_eq(h2i_reactor_turn(&rig->reactor, PATIENCE_S * INT64_C(1000000)), H2CLIENT_OK);
}

void h2t_ares_start(struct h2t_ares_rig *rig, struct h2t_lookup *lookup, const char *host)
{
    h2t_lookup_start(lookup, rig->resolver, &rig->reactor, host, 443);
    ck_assert_ptr_nonnull(lookup->query);
}

void h2t_ares_ask(struct h2t_ares_rig *rig, struct h2t_lookup *lookup, const char *host)
{
    memset(lookup, 0, sizeof *lookup);
    h2t_ares_start(rig, lookup, host);
    while (!lookup->is_done)
        h2t_ares_turn(rig);
}
