/* SPDX-License-Identifier: MIT */
/* The dialer port over peers in memory. A dial waits for an address if the test wants
 * that, then for its delay, then ends as planned. */
#include "h2client-testing/fake_dialer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The inside of a dial. */
struct h2client_dial {
    struct h2t_dial dial; /* first: tests see this part */
    struct h2t_dial_plan plan;
    h2client_reactor *reactor;
    h2client_timer timer;
    h2client_task out_of_memory; /* what a timer that could not start becomes */
    h2client_dial_fn on_done;
    void *user;
    bool is_started; /* the delay runs */
};

static struct h2t_dialer *fake_of(h2client_dialer *dialer)
{
    return (struct h2t_dialer *)(void *)dialer; /* its first member */
}

static const h2client_fault no_memory = {.code = H2CLIENT_ERROR_NO_MEMORY, .tls_alert = -1};

static void fail(struct h2client_dial *dial, const h2client_fault *fault)
{
    dial->dial.has_ended = true;
    dial->on_done(NULL, fault, dial->user);
}

static struct h2t_server create_end(struct h2client_dial *dial)
{
    if (dial->plan.h2_proxy) {
        dial->dial.h2_proxy_peer = h2t_h2_proxy_peer_create(dial->plan.h2_proxy);
        return h2t_server_of_h2_proxy(dial->dial.h2_proxy_peer);
    }
    if (dial->plan.h1) {
        dial->dial.h1_peer = h2t_h1_peer_create(dial->plan.h1);
        return h2t_server_of_h1(dial->dial.h1_peer);
    }
    dial->dial.peer = h2t_peer_create(&dial->plan.peer);
    return h2t_server_of_h2(dial->dial.peer);
}

static struct h2t_server create_server(struct h2client_dial *dial)
{
    struct h2t_server end = create_end(dial);

    if (!dial->plan.proxy)
        return end;
    dial->dial.proxy_peer = h2t_proxy_peer_create(dial->plan.proxy, end);
    return h2t_server_of_proxy(dial->dial.proxy_peer);
}

static void succeed(struct h2client_dial *dial)
{
    h2client_transport *client;

    if (dial->dial.n_addresses > 0)
        dial->plan.link.remote = dial->dial.addresses[0];
    dial->dial.link =
        h2t_link_create(dial->reactor, create_server(dial), &dial->plan.link, &client);
    if (!dial->dial.link) {
        fail(dial, &no_memory);
        return;
    }
    dial->dial.has_ended = true;
    dial->on_done(client, NULL, dial->user);
}

static void run_out_of_memory(h2client_task *task, void *user)
{
    (void)task;
    fail(user, &no_memory);
}

static void on_time(h2client_timer *timer, void *user)
{
    struct h2client_dial *dial = user;

    (void)timer;
    if (dial->plan.fails)
        fail(dial, &dial->plan.fault);
    else
        succeed(dial);
}

static void time_out(struct h2client_dial *dial)
{
    h2client_fault *fault = &dial->plan.fault;

    *fault = (h2client_fault){
        .code = H2CLIENT_ERROR_TIMEOUT, .limit = H2CLIENT_LIMIT_SOCK_CONNECT, .tls_alert = -1};
    snprintf(fault->text, sizeof fault->text, "sock connect timeout");
    dial->plan.fails = true;
    dial->plan.delay_ms = dial->dial.timeout_ms;
}

static void start(struct h2client_dial *dial)
{
    int64_t now_us = h2client_reactor_now_us(dial->reactor);
    int64_t timeout_ms = dial->dial.timeout_ms;
    bool has_limit = timeout_ms != H2CLIENT_NO_LIMIT;

    if (dial->is_started)
        return;
    dial->is_started = true;
    if (has_limit && (dial->plan.is_silent || dial->plan.delay_ms > timeout_ms))
        time_out(dial);
    else if (dial->plan.is_silent)
        return;
    if (h2client_reactor_timer_start(dial->reactor, &dial->timer,
                                     now_us + dial->plan.delay_ms * 1000) != H2CLIENT_OK)
        h2client_reactor_defer(dial->reactor, &dial->out_of_memory);
}

static bool wants_addresses(h2client_dialer *dialer, const h2client_target *target)
{
    (void)target;
    return fake_of(dialer)->wants_addresses;
}

static h2client_dial *begin_dial(h2client_dialer *dialer, h2client_reactor *reactor,
                                 const h2client_target *target, h2client_dial_fn on_done,
                                 void *user)
{
    struct h2t_dialer *fake = fake_of(dialer);
    struct h2client_dial *dial = calloc(1, sizeof *dial);

    if (!dial || fake->n_dials == H2T_MAX_DIALS)
        abort();
    dial->dial.n = fake->n_dials;
    dial->dial.port = target->port;
    dial->dial.timeout_ms = target->timeout_ms;
    dial->dial.has_all_addresses = !fake->wants_addresses;
    snprintf(dial->dial.host, sizeof dial->dial.host, "%s", target->host);
    dial->reactor = reactor;
    dial->timer = (h2client_timer){.on_expire = on_time, .user = dial};
    dial->out_of_memory = (h2client_task){.run = run_out_of_memory, .user = dial};
    dial->on_done = on_done;
    dial->user = user;
    fake->dials[fake->n_dials++] = &dial->dial;
    if (fake->on_dial)
        fake->on_dial(fake, &dial->dial, &dial->plan, fake->user);
    if (!fake->wants_addresses)
        start(dial);
    return dial;
}

static void fail_without_address(struct h2client_dial *dial)
{
    dial->plan.fails = true;
    dial->plan.fault = (h2client_fault){.code = H2CLIENT_ERROR_CONNECT_FAILED, .tls_alert = -1};
    snprintf(dial->plan.fault.text, sizeof dial->plan.fault.text, "no address to try");
    start(dial);
}

static void add_addresses(h2client_dialer *dialer, h2client_dial *dial,
                          const h2client_address *list, size_t n, bool more)
{
    (void)dialer;
    for (size_t i = 0; i < n && dial->dial.n_addresses < H2T_MAX_DIAL_ADDRESSES; i++)
        dial->dial.addresses[dial->dial.n_addresses++] = list[i];
    dial->dial.has_all_addresses = !more;
    if (dial->dial.n_addresses > 0)
        start(dial);
    else if (!more)
        fail_without_address(dial);
}

static void cancel(h2client_dialer *dialer, h2client_dial *dial)
{
    fake_of(dialer)->n_cancelled++;
    dial->dial.was_cancelled = true;
    h2client_reactor_timer_stop(dial->reactor, &dial->timer);
    h2client_reactor_undefer(dial->reactor, &dial->out_of_memory);
}

static void describe(h2client_dialer *dialer, const h2client_dial *dial, char *buf, size_t cap)
{
    (void)dialer;
    snprintf(buf, cap, "%s", dial->plan.met ? dial->plan.met : "");
}

static void destroy(h2client_dialer *dialer)
{
    h2t_dialer_finish(fake_of(dialer));
}

static const h2client_dialer_ops dialer_ops = {
    .size = sizeof dialer_ops,
    .wants_addresses = wants_addresses,
    .dial = begin_dial,
    .add_addresses = add_addresses,
    .cancel = cancel,
    .destroy = destroy,
    .describe = describe,
};

void h2t_dialer_init(struct h2t_dialer *dialer)
{
    dialer->dialer.ops = &dialer_ops;
}

void h2t_dialer_finish(struct h2t_dialer *dialer)
{
    for (size_t i = 0; i < dialer->n_dials; i++) {
        struct h2t_dial *dial = dialer->dials[i];

        if (!dial->has_ended && !dial->was_cancelled)
            abort();
        h2t_link_destroy(dial->link);
        h2t_peer_destroy(dial->peer);
        h2t_proxy_peer_destroy(dial->proxy_peer);
        h2t_h2_proxy_peer_destroy(dial->h2_proxy_peer);
        h2t_h1_peer_destroy(dial->h1_peer);
        free(dial);
    }
    dialer->n_dials = 0;
}

struct h2t_peer *h2t_dialer_peer(const struct h2t_dialer *dialer, size_t n)
{
    return n < dialer->n_dials ? dialer->dials[n]->peer : NULL;
}

struct h2t_h1_peer *h2t_dialer_h1_peer(const struct h2t_dialer *dialer, size_t n)
{
    return n < dialer->n_dials ? dialer->dials[n]->h1_peer : NULL;
}

size_t h2t_dialer_n_open(const struct h2t_dialer *dialer)
{
    size_t n = 0;

    for (size_t i = 0; i < dialer->n_dials; i++)
        n += dialer->dials[i]->link && !h2t_link_client_is_gone(dialer->dials[i]->link);
    return n;
}
