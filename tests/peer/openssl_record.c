/* SPDX-License-Identifier: MIT */
/* An established connection over OpenSSL as a transport. */
#include <openssl/err.h>

#include "base/fault.h"
#include "tests/peer/openssl_internal.h"
#include "transport/transport_info.h"

#define RECORD_BYTES 16384u
#define RECORD_ROOM (17 * 1024)
#define MAX_OUT (6 * RECORD_ROOM)

static struct h2t_openssl *of(h2client_transport *transport)
{
    return (struct h2t_openssl *)(void *)transport;
}

static bool has_room(const struct h2t_openssl *tls)
{
    return BIO_pending(tls->out) + RECORD_ROOM <= MAX_OUT;
}

/* ---- readiness ----------------------------------------------------------------- */

static unsigned what_is_possible(const struct h2t_openssl *tls)
{
    unsigned possible = h2t_openssl_has_failed(tls) ? H2CLIENT_WRITABLE : 0;

    if (tls->has_read_failed || tls->has_close_notify || SSL_pending(tls->ssl) > 0 ||
        BIO_pending(tls->in) > 0)
        possible |= H2CLIENT_READABLE;
    return possible;
}

static void wait_for_inner(struct h2t_openssl *tls)
{
    unsigned events = tls->wanted;

    if (h2t_openssl_has_failed(tls))
        events &= ~H2CLIENT_WRITABLE;
    if (BIO_pending(tls->out) > 0)
        events |= H2CLIENT_WRITABLE;
    tls->inner->ops->wants(tls->inner, tls->has_read_failed ? 0 : events);
    if (what_is_possible(tls) & tls->wanted)
        h2client_reactor_defer(tls->reactor, &tls->report);
}

static void report_possible(h2client_task *task, void *user)
{
    struct h2t_openssl *tls = user;
    unsigned ready = what_is_possible(tls) & tls->wanted;

    if (!ready)
        return;
    h2client_reactor_defer(tls->reactor, task);
    tls->transport.on_ready(&tls->transport, ready, tls->transport.user);
}

static void inner_is_ready(h2client_transport *inner, unsigned ready, void *user)
{
    struct h2t_openssl *tls = user;

    (void)inner;
    if (ready & (H2CLIENT_WRITABLE | H2CLIENT_HANGUP))
        h2t_openssl_flush(tls);
    if (!has_room(tls))
        ready &= ~H2CLIENT_WRITABLE;
    wait_for_inner(tls);
    ready &= tls->wanted ? tls->wanted | H2CLIENT_HANGUP : 0;
    if (ready)
        tls->transport.on_ready(&tls->transport, ready, tls->transport.user);
}

/* ---- reading ---------------------------------------------------------------------- */

static h2client_fault fault_of_receive(const struct h2t_openssl *tls)
{
    if (tls->asks_again)
        return h2i_fault(H2CLIENT_ERROR_TLS_RECORD, "the server asked for a TLS renegotiation");
    if (tls->alert >= 0)
        return h2t_openssl_fault_of_alert(tls, H2CLIENT_ERROR_TLS_RECORD, "the server sent TLS");
    if (tls->is_inner_at_end)
        return h2i_fault(H2CLIENT_ERROR_TRUNCATED, "TLS connection cut without close_notify");
    return h2i_fault(H2CLIENT_ERROR_TLS_RECORD, "TLS: %s", h2t_openssl_reason());
}

/* The server's own word says more than a failed write. */
static void fail_receive(struct h2t_openssl *tls)
{
    h2client_fault fault = fault_of_receive(tls);
    bool is_told = tls->alert >= 0 && !tls->has_read_failed;

    h2t_openssl_fail(tls, &fault);
    if (is_told)
        tls->fault = fault;
}

/* No data now. Is there any use in another try? */
static bool can_go_on(struct h2t_openssl *tls, int result)
{
    int error = SSL_get_error(tls->ssl, result);

    tls->has_close_notify = error == SSL_ERROR_ZERO_RETURN;
    if (tls->has_close_notify)
        return false;
    if (error == SSL_ERROR_WANT_READ && !tls->asks_again) {
        ptrdiff_t n = h2t_openssl_fetch(tls);
        if (n > 0 || n == H2CLIENT_IO_AGAIN)
            return n > 0;
    }
    fail_receive(tls);
    return false;
}

static ptrdiff_t tls_read(h2client_transport *transport, void *buf, size_t cap)
{
    struct h2t_openssl *tls = of(transport);
    size_t total = 0;
    int n = 1;

    if (tls->has_read_failed)
        return H2CLIENT_IO_FAILED;
    while (total < cap && !tls->has_close_notify) {
        ERR_clear_error();
        n = SSL_read(tls->ssl, (char *)buf + total, (int)(cap - total));
        if (n > 0)
            total += (size_t)n;
        else if (!can_go_on(tls, n))
            break;
    }
    h2t_openssl_flush(tls);
    wait_for_inner(tls);
    if (total > 0)
        return (ptrdiff_t)total;
    if (tls->has_read_failed)
        return H2CLIENT_IO_FAILED;
    return tls->has_close_notify ? 0 : H2CLIENT_IO_AGAIN;
}

/* ---- writing ------------------------------------------------------------------------ */

/* At most a record's worth of what is left behind `skip` bytes. */
static size_t gather(const struct h2t_openssl *tls, const h2client_iovec *iov, size_t n_iov,
                     size_t skip)
{
    size_t len = 0;

    for (size_t i = 0; i < n_iov && len < RECORD_BYTES; i++) {
        size_t from = skip < iov[i].len ? skip : iov[i].len;
        size_t n = iov[i].len - from;
        skip -= from;
        if (n > RECORD_BYTES - len)
            n = RECORD_BYTES - len;
        if (n > 0)
            memcpy(tls->staging + len, (const char *)iov[i].data + from, n);
        len += n;
    }
    return len;
}

static size_t encrypt(struct h2t_openssl *tls, const h2client_iovec *iov, size_t n_iov)
{
    size_t total = 0, len;
    h2client_fault fault;

    while (!h2t_openssl_has_failed(tls) && has_room(tls) &&
           (len = gather(tls, iov, n_iov, total)) > 0) {
        ERR_clear_error();
        if (SSL_write(tls->ssl, tls->staging, (int)len) == (int)len) {
            total += len;
            continue;
        }
        fault = h2i_fault(H2CLIENT_ERROR_TLS_RECORD, "TLS: %s", h2t_openssl_reason());
        h2t_openssl_fail_write(tls, &fault);
    }
    return total;
}

static ptrdiff_t tls_write(h2client_transport *transport, const h2client_iovec *iov, size_t n_iov)
{
    struct h2t_openssl *tls = of(transport);
    size_t total = encrypt(tls, iov, n_iov);

    h2t_openssl_flush(tls);
    wait_for_inner(tls);
    if (h2t_openssl_has_failed(tls))
        return H2CLIENT_IO_FAILED;
    return total > 0 ? (ptrdiff_t)total : H2CLIENT_IO_AGAIN;
}

static void tls_half_close(h2client_transport *transport)
{
    struct h2t_openssl *tls = of(transport);

    if (h2t_openssl_has_failed(tls) || tls->writing != H2T_OPENSSL_OPEN)
        return;
    SSL_shutdown(tls->ssl);
    tls->writing = H2T_OPENSSL_CLOSING;
    h2t_openssl_flush(tls);
    wait_for_inner(tls);
}

/* ---- the rest ------------------------------------------------------------------------ */

static void tls_wants(h2client_transport *transport, unsigned events)
{
    of(transport)->wanted = events;
    wait_for_inner(of(transport));
}

static void tls_info(h2client_transport *transport, h2client_transport_info *info)
{
    struct h2t_openssl *tls = of(transport);
    h2client_transport_info facts = {.size = sizeof facts};

    tls->inner->ops->info(tls->inner, &facts);
    facts.alpn = tls->alpn;
    facts.tls_version = tls->version;
    facts.tls_cipher = tls->cipher;
    facts.fault = h2t_openssl_has_failed(tls) ? &tls->fault : NULL;
    facts.tls_resumed = SSL_session_reused(tls->ssl);
    h2i_transport_info_give(info, &facts);
}

static bool tls_covers_host(h2client_transport *transport, const char *host)
{
    struct h2t_openssl *tls = of(transport);

    return tls->factory->verifies && h2t_openssl_names(tls, host);
}

static void tls_destroy(h2client_transport *transport)
{
    if (transport)
        h2t_openssl_free(of(transport));
}

void h2t_openssl_become_transport(struct h2t_openssl *tls)
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
    tls->alert = -1;
    tls->inner->on_ready = inner_is_ready;
    tls->report = (h2client_task){.run = report_possible, .user = tls};
    wait_for_inner(tls);
}
