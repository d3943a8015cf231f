/* SPDX-License-Identifier: MIT */
/*
 * TLS records over any transport. GnuTLS pushes into a bounded buffer that is written
 * once at the end of each call, and pulls from one that reads ahead; after a read, what
 * is left in either is reported by a deferred task, since inner will not.
 */
#include <errno.h>

#include "base/fault.h"
#include "transport/tls_internal.h"
#include "transport/transport_info.h"

#define RECORD_BYTES 16384
#define RECORD_ROOM (17u * 1024)     /* a full record with everything around it */
#define OUT_BYTES (6u * RECORD_ROOM) /* what one write of 64 KiB becomes, and an alert */
#define IN_BYTES (64u * 1024)

static struct h2i_tls *of(h2client_transport *transport)
{
    return (struct h2i_tls *)(void *)transport;
}

void h2i_tls_fail(struct h2i_tls *tls, const h2client_fault *fault)
{
    if (tls->has_failed)
        return;
    tls->has_failed = true;
    tls->fault = *fault;
}

/* ---- below: inner ------------------------------------------------------------- */

static void fail_of_inner(struct h2i_tls *tls)
{
    h2client_transport_info info = {.size = sizeof info};
    h2client_fault unknown = h2i_fault(H2CLIENT_ERROR_CONNECTION_RESET, "%s", "");

    tls->inner->ops->info(tls->inner, &info);
    h2i_tls_fail(tls, info.fault ? info.fault : &unknown);
}

void h2i_tls_want_inner(struct h2i_tls *tls, unsigned events)
{
    if (tls->inner_wanted == events)
        return;
    tls->inner_wanted = events;
    tls->inner->ops->wants(tls->inner, events);
}

static size_t out_len(const struct h2i_tls *tls)
{
    return tls->out.end - tls->out.start;
}

bool h2i_tls_flush(struct h2i_tls *tls)
{
    h2client_iovec iov = {tls->out.buf + tls->out.start, out_len(tls)};
    ptrdiff_t n = iov.len ? tls->inner->ops->write(tls->inner, &iov, 1) : 0;

    if (n == H2CLIENT_IO_FAILED) {
        fail_of_inner(tls);
        return false;
    }
    if (n > 0)
        tls->out.start += (size_t)n;
    if (out_len(tls) > 0)
        return true;
    tls->out.start = tls->out.end = 0;
    if (tls->is_closing) {
        tls->is_closing = false;
        tls->inner->ops->half_close(tls->inner);
    }
    return true;
}

/* Room at the end of the buffer, after moving what is pending to its front. */
static size_t out_room(struct h2i_tls *tls)
{
    if (tls->out.start > 0) {
        memmove(tls->out.buf, tls->out.buf + tls->out.start, out_len(tls));
        tls->out.end -= tls->out.start;
        tls->out.start = 0;
    }
    return OUT_BYTES - tls->out.end;
}

static ssize_t push(gnutls_transport_ptr_t pointer, const void *data, size_t len)
{
    struct h2i_tls *tls = pointer;

    if (OUT_BYTES - tls->out.end < len && out_room(tls) < len) {
        gnutls_transport_set_errno(tls->session, EAGAIN);
        return -1;
    }
    memcpy(tls->out.buf + tls->out.end, data, len);
    tls->out.end += len;
    return (ssize_t)len;
}

/* > 0, 0 at inner's end, or -1 with errno told to GnuTLS. */
static ssize_t read_ahead(struct h2i_tls *tls)
{
    ptrdiff_t n = tls->in.is_at_end ? 0 : tls->inner->ops->read(tls->inner, tls->in.buf, IN_BYTES);

    if (n > 0) {
        tls->in.start = 0;
        tls->in.end = (size_t)n;
        tls->handshake.n_bytes += (size_t)n;
        return n;
    }
    if (n == 0) {
        tls->in.is_at_end = true;
        return 0;
    }
    if (n == H2CLIENT_IO_FAILED)
        fail_of_inner(tls);
    gnutls_transport_set_errno(tls->session, n == H2CLIENT_IO_AGAIN ? EAGAIN : ECONNRESET);
    return -1;
}

static ssize_t pull(gnutls_transport_ptr_t pointer, void *buf, size_t cap)
{
    struct h2i_tls *tls = pointer;
    size_t len = tls->in.end - tls->in.start;
    ssize_t n;

    if (len == 0) {
        n = read_ahead(tls);
        if (n <= 0)
            return n;
        len = (size_t)n;
    }
    if (len > cap)
        len = cap;
    memcpy(buf, tls->in.buf + tls->in.start, len);
    tls->in.start += len;
    return (ssize_t)len;
}

/* Never called with GNUTLS_NONBLOCK, but has to be there. */
static int pull_timeout(gnutls_transport_ptr_t pointer, unsigned ms)
{
    (void)pointer, (void)ms;
    return 1;
}

bool h2i_tls_record_init(struct h2i_tls *tls)
{
    const h2client_allocator *allocator = tls->factory->allocator;

    tls->out.buf = h2i_alloc(allocator, OUT_BYTES);
    tls->in.buf = h2i_alloc(allocator, IN_BYTES);
    tls->staging = h2i_alloc(allocator, RECORD_BYTES);
    if (!tls->out.buf || !tls->in.buf || !tls->staging)
        return false;
    gnutls_transport_set_ptr(tls->session, tls);
    gnutls_transport_set_push_function(tls->session, push);
    gnutls_transport_set_pull_function(tls->session, pull);
    gnutls_transport_set_pull_timeout_function(tls->session, pull_timeout);
    return true;
}

/* ---- readiness ------------------------------------------------------------------ */

static bool has_pending_input(const struct h2i_tls *tls)
{
    return tls->in.end > tls->in.start || gnutls_record_check_pending(tls->session) > 0 ||
           tls->has_failed;
}

static void wait_for_inner(struct h2i_tls *tls)
{
    unsigned events = tls->wanted & H2CLIENT_READABLE;

    if (out_len(tls) > 0 || (tls->wanted & H2CLIENT_WRITABLE))
        events |= H2CLIENT_WRITABLE;
    h2i_tls_want_inner(tls, tls->has_failed ? 0 : events);
    if (tls->wanted && has_pending_input(tls))
        h2client_reactor_defer(tls->reactor, &tls->report);
}

static void report_pending(h2client_task *task, void *user)
{
    struct h2i_tls *tls = user;
    unsigned ready = tls->has_failed ? H2CLIENT_READABLE | H2CLIENT_WRITABLE : H2CLIENT_READABLE;

    (void)task;
    if (!has_pending_input(tls) || !(ready & tls->wanted))
        return;
    h2client_reactor_defer(tls->reactor, &tls->report); /* for a reader that stops early */
    tls->transport.on_ready(&tls->transport, ready & tls->wanted, tls->transport.user);
}

static void inner_is_ready(h2client_transport *inner, unsigned ready, void *user)
{
    struct h2i_tls *tls = user;
    unsigned report = ready & (H2CLIENT_READABLE | H2CLIENT_HANGUP);

    (void)inner;
    if (ready & H2CLIENT_WRITABLE)
        h2i_tls_flush(tls);
    if (tls->has_failed || ((ready & H2CLIENT_WRITABLE) && out_room(tls) >= RECORD_ROOM))
        report |= H2CLIENT_WRITABLE;
    if (tls->has_failed)
        report |= H2CLIENT_READABLE;
    wait_for_inner(tls);
    report &= tls->wanted | (tls->wanted ? H2CLIENT_HANGUP : 0);
    if (report)
        tls->transport.on_ready(&tls->transport, report, tls->transport.user);
}

/* ---- above: the transport ----------------------------------------------------------- */

/* What became of a record_recv that gave no bytes. */
static ptrdiff_t judge_receive(struct h2i_tls *tls, ssize_t code)
{
    h2client_fault fault;

    if (code == 0)
        return 0;
    if (code == GNUTLS_E_PREMATURE_TERMINATION)
        fault = h2i_fault(H2CLIENT_ERROR_TRUNCATED, "TLS connection cut without close_notify");
    else if (code == GNUTLS_E_REHANDSHAKE)
        fault = h2i_fault(H2CLIENT_ERROR_TLS_RECORD, "the server asked for renegotiation");
    else
        fault = h2i_fault(H2CLIENT_ERROR_TLS_RECORD, "TLS: %s", gnutls_strerror((int)code));
    if (code == GNUTLS_E_FATAL_ALERT_RECEIVED)
        fault.tls_alert = (int32_t)gnutls_alert_get(tls->session);
    h2i_tls_fail(tls, &fault); /* a fault of inner, noted before, stays */
    return H2CLIENT_IO_FAILED;
}

static bool is_passing(ssize_t code)
{
    return code == GNUTLS_E_INTERRUPTED || code == GNUTLS_E_WARNING_ALERT_RECEIVED;
}

/* A TLS 1.3 ticket is in hand only after data has been read. */
static void keep_ticket(struct h2i_tls *tls)
{
    gnutls_datum_t ticket;

    if (!tls->tickets.store ||
        !(gnutls_session_get_flags(tls->session) & GNUTLS_SFLAGS_SESSION_TICKET))
        return;
    if (gnutls_session_get_data2(tls->session, &ticket) == 0) {
        tls->tickets.store->put(tls->tickets.store, tls->tickets.key, tls->tickets.key_len,
                                ticket.data, ticket.size);
        gnutls_free(ticket.data);
    }
    tls->tickets.store = NULL;
}

static ptrdiff_t tls_read(h2client_transport *transport, void *buf, size_t cap)
{
    struct h2i_tls *tls = of(transport);
    size_t total = 0;
    ssize_t n = 0;

    if (tls->has_failed)
        return H2CLIENT_IO_FAILED;
    while (total < cap) {
        n = gnutls_record_recv(tls->session, (char *)buf + total, cap - total);
        if (n > 0)
            total += (size_t)n;
        else if (!is_passing(n))
            break;
    }
    if (out_len(tls) > 0) /* an answer to a key update */
        h2i_tls_flush(tls);
    if (total > 0)
        keep_ticket(tls);
    else if (n != GNUTLS_E_AGAIN)
        return judge_receive(tls, n);
    wait_for_inner(tls);
    return total > 0 ? (ptrdiff_t)total : H2CLIENT_IO_AGAIN;
}

/* The next record's bytes: where they lie when there are enough, else gathered. */
static h2client_iovec next_piece(struct h2i_tls *tls, const h2client_iovec *iov, size_t n_iov,
                                 size_t skip)
{
    size_t i = 0, len = 0;

    while (i < n_iov && skip >= iov[i].len)
        skip -= iov[i++].len;
    if (i == n_iov)
        return (h2client_iovec){NULL, 0};
    if (iov[i].len - skip >= RECORD_BYTES || i + 1 == n_iov) {
        len = iov[i].len - skip;
        return (h2client_iovec){(const char *)iov[i].data + skip,
                                len < RECORD_BYTES ? len : RECORD_BYTES};
    }
    for (; i < n_iov && len < RECORD_BYTES; i++, skip = 0) {
        size_t n = iov[i].len - skip;
        if (n > RECORD_BYTES - len)
            n = RECORD_BYTES - len;
        memcpy(tls->staging + len, (const char *)iov[i].data + skip, n);
        len += n;
    }
    return (h2client_iovec){tls->staging, len};
}

static ptrdiff_t tls_write(h2client_transport *transport, const h2client_iovec *iov, size_t n_iov)
{
    struct h2i_tls *tls = of(transport);
    h2client_iovec piece;
    size_t total = 0;
    h2client_fault fault;

    while (!tls->has_failed && out_room(tls) >= RECORD_ROOM &&
           (piece = next_piece(tls, iov, n_iov, total)).len > 0) {
        ssize_t n = gnutls_record_send(tls->session, piece.data, piece.len);
        if (n > 0) {
            total += (size_t)n;
        } else if (n != GNUTLS_E_INTERRUPTED) {
            fault = h2i_fault(H2CLIENT_ERROR_TLS_RECORD, "TLS: %s", gnutls_strerror((int)n));
            h2i_tls_fail(tls, &fault);
        }
    }
    if (!tls->has_failed)
        h2i_tls_flush(tls);
    wait_for_inner(tls);
    if (tls->has_failed)
        return H2CLIENT_IO_FAILED;
    return total > 0 ? (ptrdiff_t)total : H2CLIENT_IO_AGAIN;
}

static void tls_wants(h2client_transport *transport, unsigned events)
{
    struct h2i_tls *tls = of(transport);

    tls->wanted = events;
    wait_for_inner(tls);
}

static void tls_half_close(h2client_transport *transport)
{
    struct h2i_tls *tls = of(transport);

    if (tls->has_failed)
        return;
    gnutls_bye(tls->session, GNUTLS_SHUT_WR);
    tls->is_closing = true;
    h2i_tls_flush(tls);
    wait_for_inner(tls);
}

static void tls_info(h2client_transport *transport, h2client_transport_info *info)
{
    struct h2i_tls *tls = of(transport);
    h2client_transport_info facts = {.size = sizeof facts};

    tls->inner->ops->info(tls->inner, &facts);
    facts.alpn = tls->alpn;
    facts.tls_version = tls->version;
    facts.tls_cipher = tls->cipher;
    facts.fault = tls->has_failed ? &tls->fault : NULL;
    facts.tls_resumed = gnutls_session_is_resumed(tls->session) != 0;
    h2i_transport_info_give(info, &facts);
}

static bool tls_covers_host(h2client_transport *transport, const char *host)
{
    struct h2i_tls *tls = of(transport);

    return tls->factory->verifies && h2i_tls_certificate_names(tls->session, host);
}

void h2i_tls_free(struct h2i_tls *tls)
{
    const h2client_allocator *allocator;

    if (!tls)
        return;
    allocator = tls->factory->allocator;
    h2client_reactor_undefer(tls->reactor, &tls->report);
    h2client_reactor_undefer(tls->reactor, &tls->handshake.failure);
    h2client_reactor_timer_stop(tls->reactor, &tls->handshake.timer);
    if (tls->session)
        gnutls_deinit(tls->session);
    if (tls->inner)
        tls->inner->ops->destroy(tls->inner);
    h2i_free(allocator, tls->out.buf);
    h2i_free(allocator, tls->in.buf);
    h2i_free(allocator, tls->staging);
    h2i_free(allocator, tls->tickets.key);
    h2i_free(allocator, tls);
}

static void tls_destroy(h2client_transport *transport)
{
    h2i_tls_free(of(transport));
}

void h2i_tls_become_transport(struct h2i_tls *tls)
{
    static const h2client_transport_ops ops = {
        .size = sizeof ops,
        .read = tls_read,
        .write = tls_write,
        .wants = tls_wants,
        .half_close = tls_half_close,
        .info = tls_info,
        .covers_host = tls_covers_host,
        .destroy = tls_destroy,
    };

    tls->transport.ops = &ops;
    tls->inner->on_ready = inner_is_ready;
    tls->inner->user = tls;
    tls->report = (h2client_task){.run = report_pending, .user = tls};
    h2i_tls_want_inner(tls, 0);
}
