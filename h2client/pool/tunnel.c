/* SPDX-License-Identifier: MIT */
#include "h2client/pool/tunnel.h"

#include <string.h>

#include "base/fault.h"
#include "base/reactor.h"
#include "h2client/pool/tunnel_talk.h"

struct h2i_tunnel {
    const h2client_allocator *allocator;
    h2client_reactor *reactor;
    h2client_transport *transport;
    struct h2i_tunnel_params params;
    h2client_address address; /* where params points to */
    struct h2i_tunnel_talk talk;
    unsigned char answer[H2I_TUNNEL_MAX_WANTED];
    size_t n_read; /* of what is wanted */
    h2client_timer timer;
    h2i_tunnel_fn on_done;
    void *user;
};

static void release(struct h2i_tunnel *tunnel)
{
    h2client_reactor_timer_stop(tunnel->reactor, &tunnel->timer);
    if (tunnel->transport)
        tunnel->transport->ops->destroy(tunnel->transport);
    h2i_buf_finish(&tunnel->talk.out);
    h2i_buf_finish(&tunnel->talk.answer);
    h2i_free(tunnel->allocator, tunnel);
}

void h2i_tunnel_cancel(struct h2i_tunnel *tunnel)
{
    release(tunnel);
}

static void finish(struct h2i_tunnel *tunnel, const h2client_fault *fault)
{
    h2client_transport *transport = fault ? NULL : tunnel->transport;
    h2client_fault copy = fault ? *fault : (h2client_fault){.code = H2CLIENT_OK};
    h2i_tunnel_fn on_done = tunnel->on_done;
    void *user = tunnel->user;

    if (transport) {
        transport->ops->wants(transport, 0);
        transport->on_ready = NULL;
        tunnel->transport = NULL;
    }
    release(tunnel);
    on_done(transport, transport ? NULL : &copy, user);
}

static void timed_out(h2client_timer *timer, void *user)
{
    struct h2i_tunnel *tunnel = user;
    h2client_fault fault =
        h2i_fault_of_timeout(H2CLIENT_LIMIT_PROXY, tunnel->params.timeout_us / 1000);

    (void)timer;
    finish(tunnel, &fault);
}

/* ---- bytes ----------------------------------------------------------------------- */

static h2client_fault transport_fault(const struct h2i_tunnel *tunnel)
{
    h2client_transport_info info = {.size = H2CLIENT_TRANSPORT_INFO_BRIEF};

    tunnel->transport->ops->info(tunnel->transport, &info);
    return info.fault ? *info.fault
                      : h2i_fault(H2CLIENT_ERROR_PROXY_HANDSHAKE, "the connection failed");
}

/* False: it has ended by a fault. */
static bool flush(struct h2i_tunnel *tunnel)
{
    struct h2i_buf *out = &tunnel->talk.out;

    while (h2i_buf_len(out) > 0) {
        h2client_iovec piece = {h2i_buf_data(out), h2i_buf_len(out)};
        ptrdiff_t n = tunnel->transport->ops->write(tunnel->transport, &piece, 1);
        h2client_fault fault;

        if (n == H2CLIENT_IO_AGAIN)
            return true;
        if (n < 0) {
            fault = transport_fault(tunnel);
            finish(tunnel, &fault);
            return false;
        }
        h2i_buf_consume(out, (size_t)n);
    }
    return true;
}

static void take(struct h2i_tunnel *tunnel)
{
    tunnel->n_read = 0;
    if (h2i_proxy_is_socks(tunnel->params.proxy))
        h2i_socks5_take(&tunnel->talk, tunnel->answer);
    else
        h2i_connect_take(&tunnel->talk, tunnel->answer);
}

/* Exactly what is wanted: > 0, or a result of the transport's. */
static ptrdiff_t fill(struct h2i_tunnel *tunnel)
{
    h2client_transport *transport = tunnel->transport;
    ptrdiff_t n = 1;

    while (n > 0 && tunnel->n_read < tunnel->talk.n_wanted) {
        n = transport->ops->read(transport, tunnel->answer + tunnel->n_read,
                                 tunnel->talk.n_wanted - tunnel->n_read);
        if (n > 0)
            tunnel->n_read += (size_t)n;
    }
    return n;
}

/* False: it has ended. */
static bool read_answer(struct h2i_tunnel *tunnel)
{
    h2client_fault fault;

    while (h2i_buf_len(&tunnel->talk.out) == 0) {
        ptrdiff_t n = fill(tunnel);

        if (n == H2CLIENT_IO_AGAIN)
            return true;
        if (n <= 0) {
            fault = n == 0 ? h2i_fault(H2CLIENT_ERROR_PROXY_HANDSHAKE, "it closed the connection")
                           : transport_fault(tunnel);
            finish(tunnel, &fault);
            return false;
        }
        take(tunnel);
        if (tunnel->talk.n_wanted > 0)
            continue;
        fault = tunnel->talk.fault;
        finish(tunnel, fault.code ? &fault : NULL);
        return false;
    }
    return true;
}

static void move_bytes(struct h2i_tunnel *tunnel)
{
    if (!flush(tunnel) || !read_answer(tunnel) || !flush(tunnel))
        return;
    tunnel->transport->ops->wants(
        tunnel->transport, h2i_buf_len(&tunnel->talk.out) ? H2CLIENT_WRITABLE : H2CLIENT_READABLE);
}

static void is_ready(h2client_transport *transport, unsigned ready, void *user)
{
    (void)transport, (void)ready;
    move_bytes(user);
}

/* ---- start ------------------------------------------------------------------------ */

static bool arm(struct h2i_tunnel *tunnel)
{
    int64_t due_us;

    tunnel->timer.on_expire = timed_out;
    tunnel->timer.user = tunnel;
    if (__builtin_add_overflow(h2client_reactor_now_us(tunnel->reactor), tunnel->params.timeout_us,
                               &due_us))
        return true;
    return h2client_reactor_timer_start(tunnel->reactor, &tunnel->timer, due_us) == H2CLIENT_OK;
}

static bool begin(struct h2i_tunnel *tunnel)
{
    tunnel->talk.params = &tunnel->params;
    h2i_buf_init(&tunnel->talk.out, tunnel->allocator, H2I_TUNNEL_MAX_ANSWER);
    h2i_buf_init(&tunnel->talk.answer, tunnel->allocator, H2I_TUNNEL_MAX_ANSWER);
    return h2i_proxy_is_socks(tunnel->params.proxy) ? h2i_socks5_begin(&tunnel->talk)
                                                    : h2i_connect_begin(&tunnel->talk);
}

struct h2i_tunnel *h2i_tunnel_start(h2client_reactor *reactor, h2client_transport *transport,
                                    const struct h2i_tunnel_params *params, h2i_tunnel_fn on_done,
                                    void *user, h2client_fault *fault)
{
    const h2client_allocator *allocator = h2client_reactor_allocator(reactor);
    struct h2i_tunnel *tunnel = h2i_alloc_zeroed(allocator, sizeof *tunnel);

    *fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "%s", "");
    if (!tunnel) {
        transport->ops->destroy(transport);
        return NULL;
    }
    tunnel->allocator = allocator;
    tunnel->reactor = reactor;
    tunnel->transport = transport;
    tunnel->params = *params;
    if (params->address) {
        tunnel->address = *params->address;
        tunnel->params.address = &tunnel->address;
    }
    tunnel->on_done = on_done;
    tunnel->user = user;
    if (!begin(tunnel) || !arm(tunnel)) {
        if (tunnel->talk.fault.code)
            *fault = tunnel->talk.fault;
        release(tunnel);
        return NULL;
    }
    transport->on_ready = is_ready;
    transport->user = tunnel;
    transport->ops->wants(transport, H2CLIENT_WRITABLE);
    return tunnel;
}
