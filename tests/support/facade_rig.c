/* SPDX-License-Identifier: MIT */
#include "tests/support/facade_rig.h"

#include <check.h>
#include <string.h>

static void plan_dial(struct h2t_dialer *dialer, const struct h2t_dial *dial,
                      struct h2t_dial_plan *plan, void *user)
{
    const struct h2t_rig *rig = user;

    (void)dialer, (void)dial;
    *plan = rig->plan;
}

void h2t_rig_init(struct h2t_rig *rig)
{
    memset(rig, 0, sizeof *rig);
    h2t_alloc_init(&rig->alloc);
    h2t_world_init(&rig->world);
    h2t_dialer_init(&rig->dialer);
    h2t_tls_init(&rig->tls);
    rig->tls.alpn = "h2";
    rig->dialer.on_dial = plan_dial;
    rig->dialer.user = rig;
    rig->resolver = h2t_fake_resolver_create();
}

void h2t_rig_init_h1(struct h2t_rig *rig, h2t_on_h1_request on_request, void *user)
{
    h2t_rig_init(rig);
    rig->h1 = (struct h2t_h1_config){.on_request = on_request, .user = user};
    rig->plan.h1 = &rig->h1;
    rig->tls.alpn = "http/1.1";
}

void h2t_rig_open(struct h2t_rig *rig, const h2client_session_options *options)
{
    h2client_session_options all = {.size = sizeof all};

    if (options)
        all = *options;
    all.allocator = &rig->alloc.allocator;
    all.system = &rig->world.system;
    all.loop = &rig->world.loop;
    if (!all.dialer)
        all.dialer = &rig->dialer.dialer;
    all.resolver = h2t_fake_resolver_port(rig->resolver);
    if (!all.tls_factory)
        all.tls_factory = &rig->tls.factory;
    rig->session = h2client_session_create(&all);
}

void h2t_rig_start(struct h2t_rig *rig)
{
    h2t_rig_init(rig);
    h2t_rig_open(rig, NULL);
}

void h2t_rig_finish(struct h2t_rig *rig)
{
    h2client_session_destroy(rig->session);
    h2t_dialer_finish(&rig->dialer);
    h2t_fake_resolver_destroy(rig->resolver);
    ck_assert_uint_eq(rig->tls.n_live, 0);
    h2t_world_finish(&rig->world);
    h2t_alloc_check(&rig->alloc);
}

struct h2t_peer *h2t_rig_peer(const struct h2t_rig *rig, size_t n)
{
    return h2t_dialer_peer(&rig->dialer, n);
}

struct h2t_h1_peer *h2t_rig_h1_peer(const struct h2t_rig *rig, size_t n)
{
    return h2t_dialer_h1_peer(&rig->dialer, n);
}

void h2t_rig_run_ms(struct h2t_rig *rig, int64_t ms)
{
    int64_t end_us = rig->world.now_us + ms * 1000;

    while (rig->world.now_us < end_us)
        h2client_session_dispatch(rig->session, (end_us - rig->world.now_us + 999) / 1000);
}

void h2t_rig_turn(struct h2t_rig *rig, int n_turns)
{
    for (int i = 0; i < n_turns; i++)
        h2client_session_dispatch(rig->session, 0);
}

int64_t h2t_rig_now_ms(const struct h2t_rig *rig)
{
    return rig->world.now_us / 1000;
}

h2client_call *h2t_rig_get(struct h2t_rig *rig, const char *path)
{
    char url[256] = H2T_ORIGIN;
    h2client_call *call;

    strncat(url, path, sizeof url - sizeof H2T_ORIGIN);
    call = h2client_get(rig->session, url);
    ck_assert_ptr_nonnull(h2client_call_await(call));
    return call;
}
