/* SPDX-License-Identifier: MIT */
/*
 * Tees: a transport that tells somebody of every byte that passes, and the dialer and the TLS
 * factory that put it around theirs.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "h2client/transports.h"
#include "transport/wrap_dial.h"

struct listener {
    h2client_tee_fn on_event;
    void *user;
    uint64_t n_conns;
};

struct tee_transport {
    h2client_transport transport; /* first */
    h2client_reactor *reactor;
    h2client_transport *inner;
    struct listener *listener;
    uint64_t conn;
    int64_t opened_us;
    bool has_told_end; /* of reading */
    bool has_told_failure;
    unsigned wanted;
    h2client_task report; /* of the fault, where nothing happens below */
    h2client_fault fault; /* the listener's; code OK: none */
};

static struct tee_transport *of(h2client_transport *transport)
{
    return (struct tee_transport *)(void *)transport;
}

/* ---- telling ----------------------------------------------------------------- */

/* False: it cannot be noted. */
static bool tell(struct tee_transport *tee, h2client_tee_kind kind, const void *data, size_t len)
{
    const h2client_tee_event event = {
        .size = sizeof event,
        .conn = tee->conn,
        .at_us = h2client_reactor_now_us(tee->reactor) - tee->opened_us,
        .data = data,
        .len = len,
        .kind = kind,
    };

    if (tee->fault.code)
        return false;
    if (tee->listener->on_event(&event, tee->listener->user))
        return true;
    tee->fault =
        h2i_fault(H2CLIENT_ERROR_CONNECTION_RESET, "what passes could not be recorded any more");
    h2client_reactor_defer(tee->reactor, &tee->report);
    return false;
}

static void tell_text(struct tee_transport *tee, h2client_tee_kind kind, const char *text)
{
    tell(tee, kind, text, strlen(text));
}

static ptrdiff_t tell_failure(struct tee_transport *tee)
{
    h2client_transport_info info = {.size = H2CLIENT_TRANSPORT_INFO_BRIEF};

    tee->inner->ops->info(tee->inner, &info);
    if (!tee->has_told_failure)
        tell_text(tee, H2CLIENT_TEE_FAILED, info.fault ? info.fault->text : "");
    tee->has_told_failure = true;
    return H2CLIENT_IO_FAILED;
}

/* ---- the transport -------------------------------------------------------------- */

static void inner_is_ready(h2client_transport *inner, unsigned ready, void *user)
{
    struct tee_transport *tee = user;

    (void)inner;
    tee->transport.on_ready(&tee->transport, ready, tee->transport.user);
}

static void report_fault(h2client_task *task, void *user)
{
    struct tee_transport *tee = user;

    (void)task;
    if (tee->wanted)
        tee->transport.on_ready(&tee->transport, tee->wanted, tee->transport.user);
}

static ptrdiff_t tee_read(h2client_transport *transport, void *buf, size_t cap)
{
    struct tee_transport *tee = of(transport);
    ptrdiff_t n =
        tee->fault.code ? H2CLIENT_IO_FAILED : tee->inner->ops->read(tee->inner, buf, cap);

    if (n == H2CLIENT_IO_AGAIN || tee->fault.code)
        return n;
    if (n < 0)
        return tell_failure(tee);
    if (n == 0 && tee->has_told_end)
        return 0;
    tee->has_told_end = n == 0;
    if (!tell(tee, n ? H2CLIENT_TEE_RECEIVED : H2CLIENT_TEE_RECEIVED_END, buf, (size_t)n))
        return H2CLIENT_IO_FAILED;
    return n;
}

/* Piece by piece of what was taken. */
static void tell_sent(struct tee_transport *tee, const h2client_iovec *iov, size_t n_iov, size_t n)
{
    for (size_t i = 0; i < n_iov && n > 0; i++) {
        size_t part = iov[i].len < n ? iov[i].len : n;
        if (part && !tell(tee, H2CLIENT_TEE_SENT, iov[i].data, part))
            return;
        n -= part;
    }
}

/* What cannot be noted has been sent all the same: only what comes then fails. */
static ptrdiff_t tee_write(h2client_transport *transport, const h2client_iovec *iov, size_t n_iov)
{
    struct tee_transport *tee = of(transport);
    ptrdiff_t n =
        tee->fault.code ? H2CLIENT_IO_FAILED : tee->inner->ops->write(tee->inner, iov, n_iov);

    if (n == H2CLIENT_IO_AGAIN || tee->fault.code)
        return n;
    if (n < 0)
        return tell_failure(tee);
    tell_sent(tee, iov, n_iov, (size_t)n);
    return n;
}

static void tee_wants(h2client_transport *transport, unsigned events)
{
    struct tee_transport *tee = of(transport);

    tee->wanted = events;
    if (tee->fault.code && events)
        h2client_reactor_defer(tee->reactor, &tee->report);
    tee->inner->ops->wants(tee->inner, events);
}

static void tee_half_close(h2client_transport *transport)
{
    struct tee_transport *tee = of(transport);

    tell(tee, H2CLIENT_TEE_SENT_END, NULL, 0);
    tee->inner->ops->half_close(tee->inner);
}

static void tee_info(h2client_transport *transport, h2client_transport_info *info)
{
    struct tee_transport *tee = of(transport);

    tee->inner->ops->info(tee->inner, info);
    if (tee->fault.code)
        info->fault = &tee->fault;
}

static bool tee_covers_host(h2client_transport *transport, const char *host)
{
    struct tee_transport *tee = of(transport);

    return tee->inner->ops->covers_host(tee->inner, host);
}

static void tee_destroy(h2client_transport *transport)
{
    struct tee_transport *tee = of(transport);

    tell(tee, H2CLIENT_TEE_CLOSED, NULL, 0);
    h2client_reactor_undefer(tee->reactor, &tee->report);
    tee->inner->ops->destroy(tee->inner);
    h2i_free(h2client_reactor_allocator(tee->reactor), tee);
}

/* Owns `inner`, also without memory (NULL). */
static h2client_transport *wrap(struct listener *listener, h2client_reactor *reactor,
                                const char *opened, h2client_transport *inner)
{
    static const h2client_transport_ops ops = {
        .size = sizeof ops,
        .read = tee_read,
        .write = tee_write,
        .wants = tee_wants,
        .half_close = tee_half_close,
        .info = tee_info,
        .covers_host = tee_covers_host,
        .destroy = tee_destroy,
    };
    struct tee_transport *tee = h2i_alloc_zeroed(h2client_reactor_allocator(reactor), sizeof *tee);

    if (!tee) {
        inner->ops->destroy(inner);
        return NULL;
    }
    tee->transport.ops = &ops;
    tee->reactor = reactor;
    tee->inner = inner;
    tee->listener = listener;
    tee->conn = ++listener->n_conns;
    tee->opened_us = h2client_reactor_now_us(reactor);
    tee->report = (h2client_task){.run = report_fault, .user = tee};
    inner->on_ready = inner_is_ready;
    inner->user = tee;
    tell_text(tee, H2CLIENT_TEE_OPENED, opened);
    return &tee->transport;
}

/* ---- around a dialer ------------------------------------------------------------------ */

struct tee_dialer {
    struct h2i_wrap_dialer base; /* first */
    struct listener listener;
};

static h2client_transport *wrap_dialled(struct h2i_wrap_dialer *dialer, h2client_reactor *reactor,
                                        const char *host, uint32_t port, h2client_transport *inner)
{
    char opened[300];

    snprintf(opened, sizeof opened, "%s %u", host, (unsigned)port);
    return wrap(&((struct tee_dialer *)(void *)dialer)->listener, reactor, opened, inner);
}

h2client_dialer *h2client_tee_dialer_create(h2client_dialer *inner, h2client_tee_fn on_event,
                                            void *user, const h2client_allocator *allocator)
{
    struct tee_dialer *dialer =
        h2i_alloc_zeroed(allocator ? allocator : h2i_default_allocator(), sizeof *dialer);

    if (!dialer)
        return NULL;
    h2i_wrap_dialer_init(&dialer->base, inner, allocator);
    dialer->base.wrap = wrap_dialled;
    dialer->listener = (struct listener){.on_event = on_event, .user = user};
    return &dialer->base.dialer;
}

/* ---- around a TLS factory -------------------------------------------------------------- */

struct tee_factory {
    h2client_tls_factory factory; /* first */
    const h2client_allocator *allocator;
    h2client_tls_factory *inner;
    struct listener listener;
};

/* The tag is the port's; what is in it is this factory's own. */
struct h2client_handshake {
    struct tee_factory *factory;
    h2client_reactor *reactor;
    h2client_handshake *inner;
    h2client_handshake_fn on_done;
    void *user;
    uint32_t port;
    char host[];
};

static h2client_transport *wrap_secured(const h2client_handshake *handshake,
                                        h2client_transport *inner)
{
    h2client_transport_info info = {.size = H2CLIENT_TRANSPORT_INFO_BRIEF};
    char opened[330];

    inner->ops->info(inner, &info);
    snprintf(opened, sizeof opened, "%s %u %s", handshake->host, info.remote.port,
             info.alpn ? info.alpn : "");
    return wrap(&handshake->factory->listener, handshake->reactor, opened, inner);
}

static void handshake_is_done(h2client_transport *transport, const h2client_fault *fault,
                              void *user)
{
    static const h2client_fault no_memory = {.code = H2CLIENT_ERROR_NO_MEMORY, .tls_alert = -1};
    h2client_handshake *handshake = user;
    h2client_handshake_fn on_done = handshake->on_done;
    void *on_done_user = handshake->user;

    if (transport) {
        transport = wrap_secured(handshake, transport);
        fault = transport ? NULL : &no_memory;
    }
    h2i_free(handshake->factory->allocator, handshake);
    on_done(transport, fault, on_done_user);
}

static h2client_handshake *tls_start(h2client_tls_factory *port, h2client_reactor *reactor,
                                     const h2client_tls_params *params, h2client_transport *inner,
                                     h2client_handshake_fn on_done, void *user)
{
    struct tee_factory *factory = (struct tee_factory *)(void *)port;
    size_t host_size = strlen(params->host) + 1;
    h2client_handshake *handshake =
        h2i_alloc_zeroed(factory->allocator, sizeof *handshake + host_size);

    if (!handshake) {
        inner->ops->destroy(inner);
        return NULL;
    }
    handshake->factory = factory;
    handshake->reactor = reactor;
    handshake->on_done = on_done;
    handshake->user = user;
    memcpy(handshake->host, params->host, host_size);
    handshake->inner = factory->inner->ops->start(factory->inner, reactor, params, inner,
                                                  handshake_is_done, handshake);
    if (handshake->inner)
        return handshake;
    h2i_free(factory->allocator, handshake);
    return NULL;
}

static void tls_cancel(h2client_tls_factory *port, h2client_handshake *handshake)
{
    struct tee_factory *factory = (struct tee_factory *)(void *)port;

    if (!handshake)
        return;
    factory->inner->ops->cancel(factory->inner, handshake->inner);
    h2i_free(factory->allocator, handshake);
}

static void tls_destroy(h2client_tls_factory *port)
{
    if (port)
        h2i_free(((struct tee_factory *)(void *)port)->allocator, port);
}

h2client_tls_factory *h2client_tee_tls_create(h2client_tls_factory *inner, h2client_tee_fn on_event,
                                              void *user, const h2client_allocator *allocator)
{
    static const h2client_tls_factory_ops ops = {
        .size = sizeof ops, .start = tls_start, .cancel = tls_cancel, .destroy = tls_destroy};
    const h2client_allocator *used = allocator ? allocator : h2i_default_allocator();
    struct tee_factory *factory = h2i_alloc_zeroed(used, sizeof *factory);

    if (!factory)
        return NULL;
    factory->factory.ops = &ops;
    factory->allocator = used;
    factory->inner = inner;
    factory->listener = (struct listener){.on_event = on_event, .user = user};
    return &factory->factory;
}
