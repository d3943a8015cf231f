/* SPDX-License-Identifier: MIT */
#include "transport/wrap_dial.h"

#include <string.h>

#include "base/alloc.h"

struct h2client_dial {
    struct h2i_wrap_dialer *dialer;
    h2client_reactor *reactor;
    h2client_dial *inner;
    h2client_dial_fn on_done;
    void *user;
    uint32_t port;
    char host[];
};

static struct h2i_wrap_dialer *of(h2client_dialer *dialer)
{
    return (struct h2i_wrap_dialer *)(void *)dialer;
}

static bool wants_addresses(h2client_dialer *dialer, const h2client_target *target)
{
    h2client_dialer *inner = of(dialer)->inner;

    return inner->ops->wants_addresses(inner, target);
}

static void inner_is_done(h2client_transport *transport, const h2client_fault *fault, void *user)
{
    static const h2client_fault no_memory = {.code = H2CLIENT_ERROR_NO_MEMORY, .tls_alert = -1};
    h2client_dial *dial = user;
    struct h2i_wrap_dialer *dialer = dial->dialer;
    h2client_dial_fn on_done = dial->on_done;
    void *on_done_user = dial->user;

    if (transport) {
        transport = dialer->wrap(dialer, dial->reactor, dial->host, dial->port, transport);
        fault = transport ? NULL : &no_memory;
    }
    h2i_free(dialer->allocator, dial);
    on_done(transport, fault, on_done_user);
}

static h2client_dial *dial_start(h2client_dialer *port, h2client_reactor *reactor,
                                 const h2client_target *target, h2client_dial_fn on_done,
                                 void *user)
{
    struct h2i_wrap_dialer *dialer = of(port);
    size_t host_size = strlen(target->host) + 1;
    h2client_dial *dial = h2i_alloc_zeroed(dialer->allocator, sizeof *dial + host_size);

    if (!dial)
        return NULL;
    dial->dialer = dialer;
    dial->reactor = reactor;
    dial->on_done = on_done;
    dial->user = user;
    dial->port = target->port;
    memcpy(dial->host, target->host, host_size);
    dial->inner = dialer->inner->ops->dial(dialer->inner, reactor, target, inner_is_done, dial);
    if (dial->inner)
        return dial;
    h2i_free(dialer->allocator, dial);
    return NULL;
}

static void add_addresses(h2client_dialer *dialer, h2client_dial *dial,
                          const h2client_address *list, size_t n, bool more)
{
    h2client_dialer *inner = of(dialer)->inner;

    inner->ops->add_addresses(inner, dial->inner, list, n, more);
}

static void cancel(h2client_dialer *dialer, h2client_dial *dial)
{
    h2client_dialer *inner = of(dialer)->inner;

    if (!dial)
        return;
    inner->ops->cancel(inner, dial->inner);
    h2i_free(of(dialer)->allocator, dial);
}

static void describe(h2client_dialer *dialer, const h2client_dial *dial, char *buf, size_t cap)
{
    h2client_dialer *inner = of(dialer)->inner;

    if (cap > 0)
        buf[0] = 0;
    if (inner->ops->size > offsetof(h2client_dialer_ops, describe) && inner->ops->describe)
        inner->ops->describe(inner, dial->inner, buf, cap);
}

static void destroy(h2client_dialer *dialer)
{
    if (dialer)
        h2i_free(of(dialer)->allocator, dialer);
}

void h2i_wrap_dialer_init(struct h2i_wrap_dialer *dialer, h2client_dialer *inner,
                          const h2client_allocator *allocator)
{
    static const h2client_dialer_ops ops = {
        .size = sizeof ops,
        .wants_addresses = wants_addresses,
        .dial = dial_start,
        .add_addresses = add_addresses,
        .cancel = cancel,
        .destroy = destroy,
        .describe = describe,
    };

    dialer->dialer.ops = &ops;
    dialer->inner = inner;
    dialer->allocator = allocator ? allocator : h2i_default_allocator();
}
