/* SPDX-License-Identifier: MIT */
/*
 * Between GnuTLS and the transport below. GnuTLS pushes into a bounded buffer that is
 * written in one go, and pulls from one that reads ahead: it asks twice a record.
 * Nothing here knows what the bytes mean.
 */
#include <errno.h>

#include "base/fault.h"
#include "transport/tls_internal.h"

#define RECORD_ROOM (17u * 1024)     /* a full record and what is around it */
#define OUT_BYTES (6u * RECORD_ROOM) /* what a write of 64 KiB becomes, and alerts */
#define IN_BYTES (64u * 1024)
/* A record of eight bytes pays for itself; smaller ones, and what is no data, may come in
 * a burst and at a pace. */
#define BYTES_A_DATA_BYTE 4u
#define BYTES_A_MS 64u

void h2i_tls_fail_write(struct h2i_tls *tls, const h2client_fault *fault)
{
    if (!h2i_tls_has_failed(tls))
        tls->fault = *fault;
}

void h2i_tls_fail(struct h2i_tls *tls, const h2client_fault *fault)
{
    h2i_tls_fail_write(tls, fault);
    tls->in.has_failed = true;
}

static h2client_fault fault_of_inner(const struct h2i_tls *tls)
{
    h2client_transport_info info = {.size = H2CLIENT_TRANSPORT_INFO_BRIEF};

    tls->inner->ops->info(tls->inner, &info);
    return info.fault ? *info.fault : h2i_fault(H2CLIENT_ERROR_CONNECTION_RESET, "%s", "");
}

/* ---- out --------------------------------------------------------------------- */

static void write_once(struct h2i_tls *tls)
{
    h2client_iovec iov = {tls->out.buf + tls->out.start, tls->out.end - tls->out.start};
    ptrdiff_t n = tls->inner->ops->write(tls->inner, &iov, 1);

    if (n > 0)
        tls->out.start += (size_t)n;
    if (n != H2CLIENT_IO_FAILED)
        return;
    h2client_fault fault = fault_of_inner(tls);
    h2i_tls_fail_write(tls, &fault);
    tls->out.start = tls->out.end = 0;
    tls->out.state = H2I_TLS_BROKEN;
}

void h2i_tls_flush(struct h2i_tls *tls)
{
    if (h2i_tls_has_output(tls))
        write_once(tls);
    if (h2i_tls_has_output(tls))
        return;
    tls->out.start = tls->out.end = 0;
    if (tls->out.state == H2I_TLS_CLOSING) {
        tls->out.state = H2I_TLS_CLOSED;
        tls->inner->ops->half_close(tls->inner);
    }
}

bool h2i_tls_has_room(struct h2i_tls *tls)
{
    size_t len = tls->out.end - tls->out.start;

    if (OUT_BYTES - tls->out.end >= RECORD_ROOM)
        return true;
    if (OUT_BYTES - len < RECORD_ROOM)
        return false;
    memmove(tls->out.buf, tls->out.buf + tls->out.start, len);
    tls->out.start = 0;
    tls->out.end = len;
    return true;
}

static ssize_t push(gnutls_transport_ptr_t pointer, const void *data, size_t len)
{
    struct h2i_tls *tls = pointer;

    if (tls->out.state == H2I_TLS_BROKEN)
        return (ssize_t)len;
    if (OUT_BYTES - tls->out.end < len) {
        gnutls_transport_set_errno(tls->session, EAGAIN);
        return -1;
    }
    memcpy(tls->out.buf + tls->out.end, data, len);
    tls->out.end += len;
    return (ssize_t)len;
}

/* ---- in ---------------------------------------------------------------------- */

/* > 0, 0 at inner's end, or -1 with the reason told to GnuTLS. */
static ssize_t read_ahead(struct h2i_tls *tls)
{
    ptrdiff_t n = tls->inner->ops->read(tls->inner, tls->in.buf, IN_BYTES);
    h2client_fault fault;

    tls->in.start = 0;
    tls->in.end = n > 0 ? (size_t)n : 0;
    tls->in.is_inner_at_end = n == 0;
    if (n >= 0)
        return n;
    if (n == H2CLIENT_IO_FAILED) {
        fault = fault_of_inner(tls);
        h2i_tls_fail(tls, &fault);
    }
    gnutls_transport_set_errno(tls->session, n == H2CLIENT_IO_AGAIN ? EAGAIN : ECONNRESET);
    return -1;
}

static void pay(struct h2i_tls *tls, size_t n)
{
    tls->in.n_idle -= n < tls->in.n_idle ? n : tls->in.n_idle;
}

void h2i_tls_wire_pay(struct h2i_tls *tls, size_t n)
{
    pay(tls, n < H2I_TLS_MAX_IDLE_BYTES ? n * BYTES_A_DATA_BYTE : SIZE_MAX);
}

/* Nothing in a handshake, which has little time. */
static void pay_by_time(struct h2i_tls *tls)
{
    int64_t now_us = h2client_reactor_now_us(tls->reactor);
    int64_t elapsed_ms = (now_us - tls->in.paid_until_us) / 1000;

    if (!tls->transport.ops || elapsed_ms <= 0)
        return;
    tls->in.paid_until_us = now_us;
    pay(tls, elapsed_ms < H2I_TLS_MAX_IDLE_BYTES ? (size_t)elapsed_ms * BYTES_A_MS : SIZE_MAX);
}

/* A peer must not keep us busy for ever while it sends hardly any data: small records,
 * tickets, key updates, warnings. */
static bool is_within_bounds(struct h2i_tls *tls, size_t len)
{
    h2client_fault fault;

    pay_by_time(tls);
    tls->in.n_idle += len;
    if (tls->in.n_idle <= H2I_TLS_MAX_IDLE_BYTES)
        return true;
    if (tls->transport.ops)
        fault = h2i_fault(H2CLIENT_ERROR_TLS_RECORD,
                          "the server sent more than %u bytes of TLS with hardly any data",
                          H2I_TLS_MAX_IDLE_BYTES);
    else
        fault = h2i_fault(H2CLIENT_ERROR_TLS_HANDSHAKE,
                          "the server sent more than %u bytes in the TLS handshake",
                          H2I_TLS_MAX_IDLE_BYTES);
    h2i_tls_fail(tls, &fault);
    gnutls_transport_set_errno(tls->session, ECONNRESET);
    return false;
}

static ssize_t pull(gnutls_transport_ptr_t pointer, void *buf, size_t cap)
{
    struct h2i_tls *tls = pointer;
    ssize_t n = (ssize_t)(tls->in.end - tls->in.start);

    if (n == 0)
        n = read_ahead(tls);
    if (n <= 0)
        return n;
    if ((size_t)n > cap)
        n = (ssize_t)cap;
    if (!is_within_bounds(tls, (size_t)n))
        return -1;
    memcpy(buf, tls->in.buf + tls->in.start, (size_t)n);
    tls->in.start += (size_t)n;
    return n;
}

/* Not called with GNUTLS_NONBLOCK, but without it GnuTLS would ask a socket. */
static int pull_timeout(gnutls_transport_ptr_t pointer, unsigned ms)
{
    (void)pointer, (void)ms;
    return 1;
}

bool h2i_tls_wire_init(struct h2i_tls *tls)
{
    char *block = h2i_alloc(tls->factory->allocator, OUT_BYTES + IN_BYTES + H2I_TLS_RECORD_BYTES);

    if (!block)
        return false;
    tls->buffers = block;
    tls->out.buf = block;
    tls->in.buf = block + OUT_BYTES;
    tls->staging = block + OUT_BYTES + IN_BYTES;
    gnutls_transport_set_ptr(tls->session, tls);
    gnutls_transport_set_push_function(tls->session, push);
    gnutls_transport_set_pull_function(tls->session, pull);
    gnutls_transport_set_pull_timeout_function(tls->session, pull_timeout);
    return true;
}
