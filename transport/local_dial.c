/* SPDX-License-Identifier: MIT */
#include "transport/local_dial.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "h2client/transports.h"

#define TRY_AGAIN_US 10000

struct h2client_dial {
    struct h2i_local_dialer *dialer;
    h2client_reactor *reactor;
    h2client_dial_fn on_done;
    void *user;
    h2client_task step;
    h2client_timer again;
    int64_t deadline_us; /* INT64_MAX: none */
    h2client_target target;
    char host[];
};

static struct h2i_local_dialer *of(h2client_dialer *dialer)
{
    return (struct h2i_local_dialer *)(void *)dialer;
}

static void release(h2client_dial *dial)
{
    h2client_reactor_undefer(dial->reactor, &dial->step);
    h2client_reactor_timer_stop(dial->reactor, &dial->again);
    h2i_free(&dial->dialer->allocator, dial);
}

static void finish(h2client_dial *dial, h2client_transport *transport, const h2client_fault *fault)
{
    h2client_dial_fn on_done = dial->on_done;
    void *user = dial->user;

    release(dial);
    on_done(transport, transport ? NULL : fault, user);
}

static h2client_fault too_late(const h2client_dial *dial)
{
    h2client_fault fault =
        h2i_fault(H2CLIENT_ERROR_TIMEOUT, "sock connect timeout after %lld ms: %s is busy",
                  (long long)dial->target.timeout_ms, dial->dialer->place);

    fault.limit = H2CLIENT_LIMIT_SOCK_CONNECT;
    return fault;
}

/* False: no memory. */
static bool try_again_later(h2client_dial *dial)
{
    int64_t due_us = h2client_reactor_now_us(dial->reactor) + TRY_AGAIN_US;

    if (due_us > dial->deadline_us)
        due_us = dial->deadline_us;
    return h2client_reactor_timer_start(dial->reactor, &dial->again, due_us) == H2CLIENT_OK;
}

static void try_once(h2client_dial *dial)
{
    h2client_fault fault = h2i_fault(H2CLIENT_OK, "%s", "");
    h2client_transport *transport = NULL;

    dial->dialer->connect(dial->dialer, dial->reactor, &dial->target, &transport, &fault);
    if (!transport && !fault.code) {
        if (h2client_reactor_now_us(dial->reactor) >= dial->deadline_us)
            fault = too_late(dial);
        else if (try_again_later(dial))
            return;
        else
            fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "%s", "");
    }
    finish(dial, transport, &fault);
}

static void on_step(h2client_task *task, void *user)
{
    (void)task;
    try_once(user);
}

static void on_timer(h2client_timer *timer, void *user)
{
    (void)timer;
    try_once(user);
}

/* ---- the port ------------------------------------------------------------- */

static bool wants_addresses(h2client_dialer *dialer, const h2client_target *target)
{
    (void)dialer, (void)target;
    return false;
}

static int64_t deadline_of(const h2client_reactor *reactor, int64_t timeout_ms)
{
    int64_t us;

    if (timeout_ms == H2CLIENT_NO_LIMIT || __builtin_mul_overflow(timeout_ms, 1000, &us) ||
        __builtin_add_overflow(h2client_reactor_now_us(reactor), us, &us))
        return INT64_MAX;
    return us;
}

static h2client_dial *dial_start(h2client_dialer *dialer, h2client_reactor *reactor,
                                 const h2client_target *target, h2client_dial_fn on_done,
                                 void *user)
{
    size_t host_size = strlen(target->host) + 1;
    h2client_dial *dial = h2i_alloc_zeroed(&of(dialer)->allocator, sizeof *dial + host_size);

    if (!dial)
        return NULL;
    dial->dialer = of(dialer);
    dial->reactor = reactor;
    dial->on_done = on_done;
    dial->user = user;
    dial->step = (h2client_task){.run = on_step, .user = dial};
    dial->again = (h2client_timer){.on_expire = on_timer, .user = dial};
    dial->deadline_us = deadline_of(reactor, target->timeout_ms);
    memcpy(dial->host, target->host, host_size);
    dial->target = (h2client_target){.size = sizeof dial->target,
                                     .host = dial->host,
                                     .port = target->port,
                                     .timeout_ms = target->timeout_ms};
    h2client_reactor_defer(reactor, &dial->step);
    return dial;
}

/* None was asked for. */
static void add_addresses(h2client_dialer *dialer, h2client_dial *dial,
                          const h2client_address *list, size_t n, bool more)
{
    (void)dialer, (void)dial, (void)list, (void)n, (void)more;
}

static void cancel(h2client_dialer *dialer, h2client_dial *dial)
{
    (void)dialer;
    if (dial)
        release(dial);
}

static void destroy(h2client_dialer *dialer)
{
    if (dialer)
        of(dialer)->destroy(of(dialer));
}

void h2i_local_dialer_init(struct h2i_local_dialer *dialer, const h2client_allocator *allocator)
{
    static const h2client_dialer_ops ops = {
        .size = sizeof ops,
        .wants_addresses = wants_addresses,
        .dial = dial_start,
        .add_addresses = add_addresses,
        .cancel = cancel,
        .destroy = destroy,
    };

    dialer->dialer.ops = &ops;
    dialer->allocator = allocator ? *allocator : *h2i_default_allocator();
}

void h2client_dialer_destroy(h2client_dialer *dialer)
{
    if (dialer)
        dialer->ops->destroy(dialer);
}

/* ---- one that refuses ------------------------------------------------------ */

struct refusing_dialer {
    struct h2i_local_dialer base; /* first */
    h2client_fault fault;
};

static void refuse(struct h2i_local_dialer *base, h2client_reactor *reactor,
                   const h2client_target *target, h2client_transport **transport,
                   h2client_fault *fault)
{
    (void)reactor, (void)target, (void)transport;
    *fault = ((const struct refusing_dialer *)(const void *)base)->fault;
}

void h2i_local_dialer_free(struct h2i_local_dialer *base)
{
    h2client_allocator allocator = base->allocator;

    h2i_free(&allocator, base);
}

h2client_dialer *h2i_refusing_dialer_create(const h2client_allocator *allocator,
                                            const h2client_fault *fault)
{
    struct refusing_dialer *dialer = h2i_alloc_zeroed(allocator, sizeof *dialer);

    if (!dialer)
        return NULL;
    h2i_local_dialer_init(&dialer->base, allocator);
    dialer->base.connect = refuse;
    dialer->base.destroy = h2i_local_dialer_free;
    dialer->base.place = "nowhere";
    dialer->fault = *fault;
    return &dialer->base.dialer;
}
