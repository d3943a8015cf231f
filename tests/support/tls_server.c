/* SPDX-License-Identifier: MIT */
#include "tests/support/tls_server.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define MAX_OUT (1024u * 1024) /* what a test makes it say at once */
#define USUAL_OUT (64u * 1024) /* above it, writes are told to come again */

static struct h2t_tls_server *of(h2client_transport *transport)
{
    return (struct h2t_tls_server *)(void *)transport;
}

static void require(ssize_t code)
{
    ck_assert_msg(code >= 0, "the server's GnuTLS: %s", gnutls_strerror((int)code));
}

/* ---- the wire ------------------------------------------------------------------ */

static ssize_t push(gnutls_transport_ptr_t pointer, const void *data, size_t len)
{
    struct h2t_tls_server *server = pointer;

    ck_assert(h2i_buf_append(&server->out, data, len));
    return (ssize_t)len;
}

static ssize_t pull(gnutls_transport_ptr_t pointer, void *buf, size_t cap)
{
    struct h2t_tls_server *server = pointer;
    ptrdiff_t n = server->inner->ops->read(server->inner, buf, cap);

    if (n >= 0)
        return n;
    gnutls_transport_set_errno(server->session, n == H2CLIENT_IO_AGAIN ? EAGAIN : ECONNRESET);
    return -1;
}

static int pull_timeout(gnutls_transport_ptr_t pointer, unsigned ms)
{
    (void)pointer, (void)ms;
    return 1;
}

static void tamper(struct h2t_tls_server *server)
{
    char *place = NULL;
    size_t len = server->config.tampering.len;

    while (server->config.tampering.from &&
           (place = memmem(h2i_buf_data(&server->out), h2i_buf_len(&server->out),
                           server->config.tampering.from, len)))
        memcpy(place, server->config.tampering.to, len);
}

static void flush(struct h2t_tls_server *server)
{
    h2client_iovec iov;
    ptrdiff_t n = 1;

    tamper(server);
    while (n > 0 && h2i_buf_len(&server->out) > 0) {
        iov = (h2client_iovec){h2i_buf_data(&server->out), h2i_buf_len(&server->out)};
        n = server->inner->ops->write(server->inner, &iov, 1);
        if (n > 0)
            h2i_buf_consume(&server->out, (size_t)n);
    }
    if (n == H2CLIENT_IO_FAILED)
        h2i_buf_clear(&server->out, 0);
}

/* ---- readiness ------------------------------------------------------------------ */

static void wait_for_inner(struct h2t_tls_server *server)
{
    unsigned events = server->is_up ? server->wanted : H2CLIENT_READABLE;

    if (server->has_end || server->failure)
        events &= ~H2CLIENT_READABLE;
    if (h2i_buf_len(&server->out) > 0)
        events |= H2CLIENT_WRITABLE;
    server->inner->ops->wants(server->inner, events);
    if (server->wanted & H2CLIENT_READABLE &&
        (server->has_end || server->failure || gnutls_record_check_pending(server->session) > 0))
        h2client_reactor_defer(server->reactor, &server->report);
}

static void report(h2client_task *task, void *user)
{
    struct h2t_tls_server *server = user;

    (void)task;
    if (!(server->wanted & H2CLIENT_READABLE))
        return;
    h2client_reactor_defer(server->reactor, &server->report);
    server->transport.on_ready(&server->transport, H2CLIENT_READABLE, server->transport.user);
}

static void note_failure(struct h2t_tls_server *server, ssize_t code)
{
    server->failure = (int)code;
    if (code == GNUTLS_E_FATAL_ALERT_RECEIVED)
        server->alert = (int)gnutls_alert_get(server->session);
}

static void shake(struct h2t_tls_server *server)
{
    int code;

    do
        code = gnutls_handshake(server->session);
    while (code < 0 && code != GNUTLS_E_AGAIN && !gnutls_error_is_fatal(code));
    if (code < 0 && code != GNUTLS_E_AGAIN) {
        note_failure(server, code);
        gnutls_alert_send_appropriate(server->session, code);
    }
    if (code == 0) {
        server->is_up = true;
        server->is_resumed = gnutls_session_is_resumed(server->session) != 0;
    }
}

static void on_inner(h2client_transport *inner, unsigned ready, void *user)
{
    struct h2t_tls_server *server = user;

    (void)inner;
    if (!server->is_up && !server->failure)
        shake(server);
    flush(server);
    wait_for_inner(server);
    ready &= server->is_up ? server->wanted : 0;
    if (ready)
        server->transport.on_ready(&server->transport, ready, server->transport.user);
}

/* ---- the transport ----------------------------------------------------------------- */

static ptrdiff_t server_read(h2client_transport *transport, void *buf, size_t cap)
{
    struct h2t_tls_server *server = of(transport);
    ssize_t n = 0;

    if (server->failure)
        return H2CLIENT_IO_FAILED;
    if (!server->has_end)
        n = gnutls_record_recv(server->session, buf, cap);
    server->has_end = n == 0;
    if (n < 0 && gnutls_error_is_fatal((int)n))
        note_failure(server, n);
    flush(server);
    wait_for_inner(server);
    if (n >= 0)
        return n;
    return server->failure ? H2CLIENT_IO_FAILED : H2CLIENT_IO_AGAIN;
}

static ptrdiff_t server_write(h2client_transport *transport, const h2client_iovec *iov,
                              size_t n_iov)
{
    struct h2t_tls_server *server = of(transport);
    ptrdiff_t total = 0;

    for (size_t i = 0; i < n_iov && h2i_buf_len(&server->out) < USUAL_OUT; i++) {
        if (iov[i].len == 0)
            continue;
        ssize_t n = gnutls_record_send(server->session, iov[i].data, iov[i].len);
        require(n);
        total += n;
        if ((size_t)n < iov[i].len)
            break;
    }
    flush(server);
    wait_for_inner(server);
    return total ? total : H2CLIENT_IO_AGAIN;
}

static void server_wants(h2client_transport *transport, unsigned events)
{
    struct h2t_tls_server *server = of(transport);

    server->wanted = events;
    wait_for_inner(server);
}

static void server_half_close(h2client_transport *transport)
{
    struct h2t_tls_server *server = of(transport);

    h2t_tls_server_close_notify(server);
}

static void server_info(h2client_transport *transport, h2client_transport_info *info)
{
    of(transport)->inner->ops->info(of(transport)->inner, info);
}

static bool server_covers_host(h2client_transport *transport, const char *host)
{
    (void)transport, (void)host;
    return false;
}

static void server_destroy(h2client_transport *transport)
{
    h2t_tls_server_destroy(of(transport));
}

static const h2client_transport_ops server_ops = {
    .size = sizeof server_ops,
    .read = server_read,
    .write = server_write,
    .wants = server_wants,
    .half_close = server_half_close,
    .info = server_info,
    .covers_host = server_covers_host,
    .destroy = server_destroy,
};

/* ---- making ------------------------------------------------------------------------- */

static int give_staple(gnutls_session_t session, void *user, gnutls_datum_t *answer)
{
    const gnutls_datum_t *staple = user;

    (void)session;
    answer->data = gnutls_malloc(staple->size);
    ck_assert_ptr_nonnull(answer->data);
    memcpy(answer->data, staple->data, staple->size);
    answer->size = staple->size;
    return 0;
}

static int note_server_name(gnutls_session_t session)
{
    struct h2t_tls_server *server = gnutls_session_get_ptr(session);
    size_t len = sizeof server->sni - 1;
    unsigned type;

    if (gnutls_server_name_get(session, server->sni, &len, &type, 0) < 0)
        server->sni[0] = 0;
    return 0;
}

/* As gnutls_certificate_verify_peers2 sees it. */
static int judge_client(gnutls_session_t session)
{
    struct h2t_tls_server *server = gnutls_session_get_ptr(session);
    unsigned n = 0, status = 0;

    gnutls_certificate_get_peers(session, &n);
    server->n_client_certs = n;
    if (n == 0)
        return 0;
    return gnutls_certificate_verify_peers2(session, &status) < 0 || status
               ? GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR
               : 0;
}

static void ask_for_client(struct h2t_tls_server *server)
{
    gnutls_x509_crt_t authority = server->config.client_ca->certificate;

    require(gnutls_certificate_set_x509_trust(server->credentials, &authority, 1));
    gnutls_certificate_server_set_request(
        server->session, server->config.demands_client ? GNUTLS_CERT_REQUIRE : GNUTLS_CERT_REQUEST);
    gnutls_session_set_verify_function(server->session, judge_client);
}

static void set_certificate(struct h2t_tls_server *server)
{
    gnutls_x509_crt_t list[4];
    const struct h2t_cert *const *chain = server->config.chain;
    int n = 0;

    for (; n < 4 && chain[n]; n++)
        list[n] = chain[n]->certificate;
    require(gnutls_certificate_allocate_credentials(&server->credentials));
    gnutls_certificate_set_flags(server->credentials, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
    if (n > 0)
        require(gnutls_certificate_set_x509_key(server->credentials, list, n, chain[0]->key));
    if (server->config.staple)
        gnutls_certificate_set_ocsp_status_request_function(
            server->credentials, give_staple, (void *)(uintptr_t)server->config.staple);
}

static void set_alpn(struct h2t_tls_server *server)
{
    gnutls_datum_t list[8];
    unsigned n = 0;

    for (const char *const *name = server->config.alpn; name && *name && n < 8; name++)
        list[n++] = (gnutls_datum_t){(unsigned char *)(uintptr_t)*name, (unsigned)strlen(*name)};
    if (n > 0)
        require(gnutls_alpn_set_protocols(server->session, list, n, GNUTLS_ALPN_SERVER_PRECEDENCE));
}

/* GnuTLS's own would write where the environment says. */
static int log_no_key(gnutls_session_t session, const char *label, const gnutls_datum_t *secret)
{
    (void)session, (void)label, (void)secret;
    return 0;
}

static void set_session(struct h2t_tls_server *server)
{
    const struct h2t_tls_server_config *config = &server->config;
    unsigned flags = GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL;

    require(gnutls_init(&server->session, flags | (config->ticket_key ? 0u : GNUTLS_NO_TICKETS)));
    gnutls_session_set_ptr(server->session, server);
    gnutls_session_set_keylog_function(server->session, log_no_key);
    require(gnutls_priority_set_direct(server->session,
                                       config->priority ? config->priority : "NORMAL", NULL));
    require(gnutls_credentials_set(server->session, GNUTLS_CRD_CERTIFICATE, server->credentials));
    if (config->ticket_key)
        require(gnutls_session_ticket_enable_server(server->session, config->ticket_key));
    gnutls_handshake_set_timeout(server->session, GNUTLS_INDEFINITE_TIMEOUT);
    if (config->client_ca)
        ask_for_client(server);
    gnutls_handshake_set_post_client_hello_function(server->session, note_server_name);
    gnutls_transport_set_ptr(server->session, server);
    gnutls_transport_set_push_function(server->session, push);
    gnutls_transport_set_pull_function(server->session, pull);
    gnutls_transport_set_pull_timeout_function(server->session, pull_timeout);
}

struct h2t_tls_server *h2t_tls_server_create(h2client_reactor *reactor,
                                             const struct h2t_tls_server_config *config,
                                             h2client_transport *inner)
{
    struct h2t_tls_server *server = calloc(1, sizeof *server);

    ck_assert_ptr_nonnull(server);
    server->transport.ops = &server_ops;
    server->config = *config;
    server->reactor = reactor;
    server->inner = inner;
    server->alert = -1;
    server->report = (h2client_task){.run = report, .user = server};
    h2i_buf_init(&server->out, h2i_default_allocator(), MAX_OUT);
    set_certificate(server);
    set_session(server);
    set_alpn(server);
    inner->on_ready = on_inner;
    inner->user = server;
    wait_for_inner(server);
    return server;
}

void h2t_tls_server_destroy(struct h2t_tls_server *server)
{
    if (!server)
        return;
    h2client_reactor_undefer(server->reactor, &server->report);
    gnutls_deinit(server->session);
    gnutls_certificate_free_credentials(server->credentials);
    server->inner->ops->destroy(server->inner);
    h2i_buf_finish(&server->out);
    free(server);
}

/* ---- what a test makes it do ------------------------------------------------------------ */

static void speak(struct h2t_tls_server *server)
{
    flush(server);
    wait_for_inner(server);
}

void h2t_tls_server_say(struct h2t_tls_server *server, const char *text)
{
    ck_assert_int_eq(gnutls_record_send(server->session, text, strlen(text)),
                     (ssize_t)strlen(text));
    speak(server);
}

int h2t_tls_server_hear_alert(struct h2t_tls_server *server)
{
    char byte;

    if (server->is_up)
        server_read(&server->transport, &byte, 1);
    return server->alert;
}

void h2t_tls_server_close_notify(struct h2t_tls_server *server)
{
    require(gnutls_bye(server->session, GNUTLS_SHUT_WR));
    speak(server);
}

void h2t_tls_server_cut(struct h2t_tls_server *server)
{
    server->inner->ops->half_close(server->inner);
}

void h2t_tls_server_alert(struct h2t_tls_server *server, gnutls_alert_level_t level,
                          gnutls_alert_description_t alert)
{
    require(gnutls_alert_send(server->session, level, alert));
    speak(server);
}

void h2t_tls_server_rehandshake(struct h2t_tls_server *server)
{
    require(gnutls_rehandshake(server->session));
    speak(server);
}

void h2t_tls_server_key_update(struct h2t_tls_server *server, bool asks_peer)
{
    require(gnutls_session_key_update(server->session, asks_peer ? GNUTLS_KU_PEER : 0));
    speak(server);
}

void h2t_tls_server_tickets(struct h2t_tls_server *server, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        require(gnutls_session_ticket_send(server->session, 1, 0));
    speak(server);
}

void h2t_tls_server_raw(struct h2t_tls_server *server, const void *data, size_t len)
{
    push(server, data, len);
    speak(server);
}
