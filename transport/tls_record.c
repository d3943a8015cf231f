/* SPDX-License-Identifier: MIT */
/*
 * An established TLS connection as a transport. Records are filled, however short the
 * pieces are that come; each write and read writes to the transport below at most once.
 * What GnuTLS or the read-ahead still holds after a read is reported by a deferred
 * task, since the transport below will not become readable for it.
 *
 * A failed read ends both directions. A failed write leaves reading open: what the server
 * said before it closed the connection (a final response, RFC 9112 9.5) is still there.
 */
#include "base/fault.h"
#include "transport/tls_internal.h"
#include "transport/transport_info.h"

static struct h2i_tls *of(h2client_transport *transport)
{
    return (struct h2i_tls *)(void *)transport;
}

/* ---- readiness ---------------------------------------------------------------- */

/* What can be told of without the transport below. */
static unsigned what_is_possible(const struct h2i_tls *tls)
{
    unsigned possible = h2i_tls_has_failed(tls) ? H2CLIENT_WRITABLE : 0;

    if (tls->in.has_failed || tls->in.has_close_notify || h2i_tls_has_read_ahead(tls) ||
        gnutls_record_check_pending(tls->session) > 0)
        possible |= H2CLIENT_READABLE;
    return possible;
}

static unsigned what_to_ask(const struct h2i_tls *tls)
{
    unsigned events = tls->wanted;

    if (tls->in.has_failed)
        return 0;
    if (h2i_tls_has_failed(tls))
        events &= ~H2CLIENT_WRITABLE;
    if (h2i_tls_has_output(tls))
        events |= H2CLIENT_WRITABLE;
    return events;
}

static void wait_for_inner(struct h2i_tls *tls)
{
    tls->inner->ops->wants(tls->inner, what_to_ask(tls));
    if (what_is_possible(tls) & tls->wanted)
        h2client_reactor_defer(tls->reactor, &tls->report);
}

static void report_possible(h2client_task *task, void *user)
{
    struct h2i_tls *tls = user;
    unsigned ready = what_is_possible(tls) & tls->wanted;

    if (!ready)
        return;
    h2client_reactor_defer(tls->reactor, task); /* for a reader that stops early */
    tls->transport.on_ready(&tls->transport, ready, tls->transport.user);
}

static void inner_is_ready(h2client_transport *inner, unsigned ready, void *user)
{
    struct h2i_tls *tls = user;

    (void)inner;
    if (ready & (H2CLIENT_WRITABLE | H2CLIENT_HANGUP))
        h2i_tls_flush(tls);
    if ((ready & H2CLIENT_WRITABLE) && !h2i_tls_has_room(tls))
        ready &= ~H2CLIENT_WRITABLE;
    wait_for_inner(tls);
    ready &= tls->wanted ? tls->wanted | H2CLIENT_HANGUP : 0;
    if (ready)
        tls->transport.on_ready(&tls->transport, ready, tls->transport.user);
}

/* ---- reading -------------------------------------------------------------------- */

/* All that came has been taken, and no more will come. */
static bool is_cut(const struct h2i_tls *tls)
{
    return tls->in.is_inner_at_end && !h2i_tls_has_read_ahead(tls);
}

static h2client_fault fault_of_receive(const struct h2i_tls *tls, int code)
{
    if (is_cut(tls))
        return h2i_fault(H2CLIENT_ERROR_TRUNCATED, "TLS connection cut without close_notify");
    if (code == GNUTLS_E_REHANDSHAKE)
        return h2i_fault(H2CLIENT_ERROR_TLS_RECORD, "the server asked for a TLS renegotiation");
    if (code == GNUTLS_E_FATAL_ALERT_RECEIVED)
        return h2i_tls_fault_of_alert(tls, H2CLIENT_ERROR_TLS_RECORD, "the server sent TLS");
    return h2i_fault(H2CLIENT_ERROR_TLS_RECORD, "TLS: %s", gnutls_strerror(code));
}

/* A reason noted on the way, of the transport below or of ours, stays; only the server's
 * own word says more than a failed write. */
static void fail_receive(struct h2i_tls *tls, int code)
{
    h2client_fault fault;

    if (tls->in.has_failed)
        return;
    fault = fault_of_receive(tls, code);
    h2i_tls_fail(tls, &fault);
    if (code == GNUTLS_E_FATAL_ALERT_RECEIVED)
        tls->fault = fault;
    if (fault.code == H2CLIENT_ERROR_TLS_RECORD && fault.tls_alert < 0)
        gnutls_alert_send_appropriate(tls->session, code);
}

/* A warning: TLS 1.2 only, and bounded, since all that comes without data is. */
static bool is_passing(ssize_t code)
{
    return code == GNUTLS_E_INTERRUPTED || code == GNUTLS_E_WARNING_ALERT_RECEIVED;
}

/* Fills buf as far as that goes; an end or a failure behind the data is noted. */
static size_t receive(struct h2i_tls *tls, char *buf, size_t cap)
{
    size_t total = 0;

    while (total < cap && !tls->in.has_close_notify) {
        ssize_t n = gnutls_record_recv(tls->session, buf + total, cap - total);
        if (n > 0) {
            total += (size_t)n;
            h2i_tls_wire_pay(tls, (size_t)n);
        } else if (n == 0) {
            tls->in.has_close_notify = true;
        } else if (n == GNUTLS_E_AGAIN && !is_cut(tls)) {
            break;
        } else if (!is_passing(n)) {
            fail_receive(tls, (int)n);
            break;
        }
    }
    return total;
}

static ptrdiff_t tls_read(h2client_transport *transport, void *buf, size_t cap)
{
    struct h2i_tls *tls = of(transport);
    size_t total;

    if (tls->in.has_failed)
        return H2CLIENT_IO_FAILED;
    total = receive(tls, buf, cap);
    if (total > 0)
        h2i_tls_keep_ticket(tls); /* TLS 1.3: in hand only after data has been read */
    if (h2i_tls_has_output(tls))
        h2i_tls_flush(tls);
    wait_for_inner(tls);
    if (total > 0)
        return (ptrdiff_t)total;
    if (tls->in.has_failed)
        return H2CLIENT_IO_FAILED;
    return tls->in.has_close_notify ? 0 : H2CLIENT_IO_AGAIN;
}

/* ---- writing --------------------------------------------------------------------- */

/* What is left of the pieces after `skip` bytes, at most a record's worth: where it
 * lies when that fills a record or is the last piece, else gathered. */
static h2client_iovec next_record(const struct h2i_tls *tls, const h2client_iovec *iov,
                                  size_t n_iov, size_t skip)
{
    size_t i = 0, len = 0;

    while (i < n_iov && skip >= iov[i].len)
        skip -= iov[i++].len;
    if (i == n_iov)
        return (h2client_iovec){NULL, 0};
    if (iov[i].len - skip >= H2I_TLS_RECORD_BYTES)
        return (h2client_iovec){(const char *)iov[i].data + skip, H2I_TLS_RECORD_BYTES};
    if (i + 1 == n_iov)
        return (h2client_iovec){(const char *)iov[i].data + skip, iov[i].len - skip};
    for (; i < n_iov && len < H2I_TLS_RECORD_BYTES; i++, skip = 0) {
        size_t n = iov[i].len - skip;
        if (n > H2I_TLS_RECORD_BYTES - len)
            n = H2I_TLS_RECORD_BYTES - len;
        if (n > 0)
            memcpy(tls->staging + len, (const char *)iov[i].data + skip, n);
        len += n;
    }
    return (h2client_iovec){tls->staging, len};
}

static void fail_send(struct h2i_tls *tls, int code)
{
    h2client_fault fault = h2i_fault(H2CLIENT_ERROR_TLS_RECORD, "TLS: %s", gnutls_strerror(code));

    h2i_tls_fail_write(tls, &fault);
}

/* GnuTLS must never meet a full buffer: it would take the record and, when asked to
 * send the next one, send that record instead. */
static size_t encrypt(struct h2i_tls *tls, const h2client_iovec *iov, size_t n_iov)
{
    size_t total = 0;

    while (!h2i_tls_has_failed(tls) && h2i_tls_has_room(tls)) {
        h2client_iovec record = next_record(tls, iov, n_iov, total);
        if (record.len == 0)
            break;
        ssize_t n = gnutls_record_send(tls->session, record.data, record.len);
        if (n > 0)
            total += (size_t)n;
        else if (n != GNUTLS_E_INTERRUPTED)
            fail_send(tls, (int)n);
    }
    return total;
}

static ptrdiff_t tls_write(h2client_transport *transport, const h2client_iovec *iov, size_t n_iov)
{
    struct h2i_tls *tls = of(transport);
    size_t total = encrypt(tls, iov, n_iov);

    h2i_tls_flush(tls);
    wait_for_inner(tls);
    if (h2i_tls_has_failed(tls))
        return H2CLIENT_IO_FAILED;
    return total > 0 ? (ptrdiff_t)total : H2CLIENT_IO_AGAIN;
}

static void tls_half_close(h2client_transport *transport)
{
    struct h2i_tls *tls = of(transport);

    if (h2i_tls_has_failed(tls) || tls->out.state != H2I_TLS_OPEN)
        return;
    gnutls_bye(tls->session, GNUTLS_SHUT_WR);
    tls->out.state = H2I_TLS_CLOSING;
    h2i_tls_flush(tls);
    wait_for_inner(tls);
}

/* ---- the rest of the transport ------------------------------------------------------ */

static void tls_wants(h2client_transport *transport, unsigned events)
{
    struct h2i_tls *tls = of(transport);

    tls->wanted = events;
    wait_for_inner(tls);
}

static void tls_info(h2client_transport *transport, h2client_transport_info *info)
{
    struct h2i_tls *tls = of(transport);
    h2client_transport_info facts = {.size = H2CLIENT_TRANSPORT_INFO_BRIEF};

    tls->inner->ops->info(tls->inner, &facts);
    facts.alpn = tls->alpn;
    facts.tls_version = tls->version;
    facts.tls_cipher = tls->cipher;
    facts.fault = h2i_tls_has_failed(tls) ? &tls->fault : NULL;
    facts.tls_resumed = gnutls_session_is_resumed(tls->session) != 0;
    facts.tls_group = gnutls_group_get_name(gnutls_group_get(tls->session));
    facts.tls_signature = gnutls_sign_get_name(gnutls_sign_algorithm_get(tls->session));
    if (info->size > H2CLIENT_TRANSPORT_INFO_BRIEF)
        facts.tls_certificate = h2i_tls_peer_certificate(tls);
    h2i_transport_info_give(info, &facts);
}

static bool tls_covers_host(h2client_transport *transport, const char *host)
{
    struct h2i_tls *tls = of(transport);

    if (tls->factory->verify_fn && strcmp(host, tls->host) != 0)
        return false; /* of that host the application was not asked */
    return tls->factory->verifies && h2i_tls_certificate_names(tls, host);
}

static void tls_destroy(h2client_transport *transport)
{
    if (transport)
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
    tls->report = (h2client_task){.run = report_possible, .user = tls};
    tls->in.n_idle = 0;
    tls->in.paid_until_us = h2client_reactor_now_us(tls->reactor);
    wait_for_inner(tls);
}
