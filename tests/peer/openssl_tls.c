/* SPDX-License-Identifier: MIT */
#include "tests/peer/openssl_tls.h"

#include <ctype.h>
#include <openssl/err.h>
#include <stdio.h>

#include "base/fault.h"
#include "base/str.h"
#include "tests/peer/openssl_internal.h"

#define MAX_ALPN 8
#define RECORD_BYTES 16384
#define CLOSED "the server closed the connection during the TLS handshake"

static struct h2t_openssl_factory *of(h2client_tls_factory *base)
{
    return (struct h2t_openssl_factory *)(void *)base;
}

void h2t_openssl_free(struct h2t_openssl *tls)
{
    const h2client_allocator *allocator = tls->factory->allocator;

    h2client_reactor_undefer(tls->reactor, &tls->report);
    h2client_reactor_undefer(tls->reactor, &tls->handshake.failure);
    h2client_reactor_timer_stop(tls->reactor, &tls->handshake.timer);
    SSL_free(tls->ssl);
    tls->inner->ops->destroy(tls->inner);
    sk_X509_pop_free(tls->tickets.chain, X509_free);
    h2i_free(allocator, tls->tickets.key);
    h2i_free(allocator, tls->host);
    h2i_free(allocator, tls->staging);
    h2i_free(allocator, tls);
}

/* ---- faults ------------------------------------------------------------------- */

void h2t_openssl_fail_write(struct h2t_openssl *tls, const h2client_fault *fault)
{
    if (!h2t_openssl_has_failed(tls))
        tls->fault = *fault;
}

void h2t_openssl_fail(struct h2t_openssl *tls, const h2client_fault *fault)
{
    h2t_openssl_fail_write(tls, fault);
    tls->has_read_failed = true;
}

const char *h2t_openssl_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    return reason ? reason : "unknown reason";
}

h2client_fault h2t_openssl_fault_of_alert(const struct h2t_openssl *tls, h2client_error_code code,
                                          const char *words)
{
    const char *known = SSL_alert_desc_string_long(tls->alert);
    bool is_known = strcmp(known, "unknown") != 0;
    h2client_fault fault = h2i_fault(code, "%s alert %d (%c%s)", words, tls->alert,
                                     is_known ? toupper(known[0]) : known[0], known + 1);

    fault.tls_alert = tls->alert;
    return fault;
}

static h2client_fault fault_of_inner(const struct h2t_openssl *tls)
{
    h2client_transport_info info = {.size = sizeof info};

    tls->inner->ops->info(tls->inner, &info);
    return info.fault ? *info.fault : h2i_fault(H2CLIENT_ERROR_CONNECTION_RESET, "%s", "");
}

/* ---- bytes between OpenSSL and the transport below --------------------------------- */

static void drop_output(struct h2t_openssl *tls, size_t n)
{
    char buf[4096];

    while (n > 0) {
        int len = BIO_read(tls->out, buf, n < sizeof buf ? (int)n : (int)sizeof buf);
        if (len <= 0)
            return;
        n -= (size_t)len;
    }
}

static void write_once(struct h2t_openssl *tls)
{
    char *data = NULL;
    long len = BIO_get_mem_data(tls->out, &data);
    h2client_iovec iov = {data, (size_t)len};
    ptrdiff_t n = tls->is_out_broken ? len : tls->inner->ops->write(tls->inner, &iov, 1);
    h2client_fault fault;

    if (n > 0)
        drop_output(tls, (size_t)n);
    if (n != H2CLIENT_IO_FAILED)
        return;
    fault = fault_of_inner(tls);
    h2t_openssl_fail_write(tls, &fault);
    tls->is_out_broken = true;
    drop_output(tls, (size_t)len);
}

void h2t_openssl_flush(struct h2t_openssl *tls)
{
    if (BIO_pending(tls->out) > 0)
        write_once(tls);
    if (BIO_pending(tls->out) == 0 && tls->writing == H2T_OPENSSL_CLOSING) {
        tls->writing = H2T_OPENSSL_CLOSED;
        tls->inner->ops->half_close(tls->inner);
    }
}

ptrdiff_t h2t_openssl_fetch(struct h2t_openssl *tls)
{
    char buf[RECORD_BYTES];
    ptrdiff_t n = tls->inner->ops->read(tls->inner, buf, sizeof buf);
    h2client_fault fault;

    tls->is_inner_at_end = n == 0;
    if (n > 0)
        BIO_write(tls->in, buf, (int)n);
    if (n == H2CLIENT_IO_FAILED) {
        fault = fault_of_inner(tls);
        h2t_openssl_fail(tls, &fault);
    }
    return n;
}

/* ---- the handshake ------------------------------------------------------------------ */

static void end_badly(struct h2t_openssl *tls)
{
    h2client_fault fault = tls->fault;
    h2client_handshake_fn on_done = tls->handshake.on_done;
    void *user = tls->handshake.user;

    h2t_openssl_free(tls);
    on_done(NULL, &fault, user);
}

static void take_alpn(struct h2t_openssl *tls)
{
    const unsigned char *name = NULL;
    unsigned len = 0;

    SSL_get0_alpn_selected(tls->ssl, &name, &len);
    if (len < sizeof tls->alpn)
        memcpy(tls->alpn, name ? (const char *)name : "", len);
}

/* RFC 9113 9.2.2: over TLS 1.2 nothing but ephemeral keys and AEAD. */
static void take_cipher(struct h2t_openssl *tls)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(tls->ssl);
    int kx = SSL_CIPHER_get_kx_nid(cipher);
    const char *name = OBJ_nid2ln(SSL_CIPHER_get_cipher_nid(cipher));
    bool is_1_2 = SSL_version(tls->ssl) == TLS1_2_VERSION;
    h2client_fault fault;

    for (size_t i = 0; name && name[i] && i + 1 < sizeof tls->cipher; i++)
        tls->cipher[i] = (char)toupper((unsigned char)name[i]);
    snprintf(tls->version, sizeof tls->version, "%s", is_1_2 ? "TLS1.2" : "TLS1.3");
    if (strcmp(tls->alpn, "h2") != 0 || !is_1_2 || (SSL_CIPHER_is_aead(cipher) && kx != NID_kx_rsa))
        return;
    fault = h2i_fault(H2CLIENT_ERROR_TLS_CIPHER, "the server chose %s with %s, not for HTTP/2",
                      kx == NID_kx_rsa ? "RSA" : "(EC)DHE", tls->cipher);
    h2t_openssl_fail(tls, &fault);
}

static void complete(struct h2t_openssl *tls)
{
    if (SSL_session_reused(tls->ssl) && tls->factory->verifies)
        h2t_openssl_judge_again(tls);
    take_alpn(tls);
    take_cipher(tls);
    if (h2t_openssl_has_failed(tls)) {
        end_badly(tls);
        return;
    }
    h2client_reactor_timer_stop(tls->reactor, &tls->handshake.timer);
    h2t_openssl_become_transport(tls);
    tls->handshake.on_done(&tls->transport, NULL, tls->handshake.user);
}

static h2client_fault fault_of_handshake(const struct h2t_openssl *tls)
{
    if (tls->is_inner_at_end && tls->alert >= 0)
        return h2t_openssl_fault_of_alert(tls, H2CLIENT_ERROR_TLS_HANDSHAKE, CLOSED ", after");
    if (tls->is_inner_at_end)
        return h2i_fault(H2CLIENT_ERROR_TLS_HANDSHAKE, CLOSED);
    if (tls->alert >= 0 && !tls->is_warning)
        return h2t_openssl_fault_of_alert(tls, H2CLIENT_ERROR_TLS_HANDSHAKE,
                                          "TLS handshake failed: the server sent");
    if (tls->alert >= 0)
        return h2t_openssl_fault_of_alert(tls, H2CLIENT_ERROR_TLS_HANDSHAKE,
                                          "TLS handshake failed: the server sent one warning "
                                          "after the other, the last one");
    return h2i_fault(H2CLIENT_ERROR_TLS_HANDSHAKE, "TLS handshake failed: %s",
                     h2t_openssl_reason());
}

/* 1: complete; 0: waits for the server; -1: it has failed. */
static int take_steps(struct h2t_openssl *tls)
{
    for (;;) {
        ERR_clear_error();
        int result = SSL_do_handshake(tls->ssl);
        if (result == 1)
            return 1;
        if (SSL_get_error(tls->ssl, result) != SSL_ERROR_WANT_READ)
            return -1;
        h2t_openssl_flush(tls);
        ptrdiff_t n = h2t_openssl_has_failed(tls) ? 0 : h2t_openssl_fetch(tls);
        if (n <= 0)
            return n == H2CLIENT_IO_AGAIN ? 0 : -1;
    }
}

static void shake(struct h2t_openssl *tls)
{
    int result = take_steps(tls);
    h2client_fault fault;

    if (result < 0) {
        fault = fault_of_handshake(tls);
        h2t_openssl_fail(tls, &fault);
    }
    h2t_openssl_flush(tls);
    if (h2t_openssl_has_failed(tls))
        end_badly(tls);
    else if (result == 1)
        complete(tls);
    else
        tls->inner->ops->wants(tls->inner, BIO_pending(tls->out) > 0
                                               ? H2CLIENT_READABLE | H2CLIENT_WRITABLE
                                               : H2CLIENT_READABLE);
}

static void inner_is_ready(h2client_transport *inner, unsigned ready, void *user)
{
    (void)inner, (void)ready;
    shake(user);
}

static void timed_out(h2client_timer *timer, void *user)
{
    struct h2t_openssl *tls = user;
    h2client_fault fault = h2i_fault_of_timeout(H2CLIENT_LIMIT_TLS, tls->handshake.timeout_ms);

    (void)timer;
    h2t_openssl_fail(tls, &fault);
    end_badly(tls);
}

static void fail_later(h2client_task *task, void *user)
{
    (void)task;
    end_badly(user);
}

static void note_alert(const SSL *ssl, int where, int value)
{
    struct h2t_openssl *tls = SSL_get_app_data(ssl);

    if (where != SSL_CB_READ_ALERT || (value & 0xff) == SSL_AD_CLOSE_NOTIFY)
        return;
    tls->alert = value & 0xff;
    tls->is_warning = value >> 8 == SSL3_AL_WARNING;
}

/* OpenSSL would only decline a HelloRequest. */
static void note_message(int is_ours, int version, int type, const void *data, size_t len, SSL *ssl,
                         void *user)
{
    struct h2t_openssl *tls = user;

    (void)version, (void)ssl;
    if (!is_ours && type == SSL3_RT_HANDSHAKE && len > 0 &&
        *(const unsigned char *)data == SSL3_MT_HELLO_REQUEST)
        tls->asks_again = true;
}

/* ---- setting up ------------------------------------------------------------------------ */

static bool note_host(struct h2t_openssl *tls, const char *host)
{
    size_t len = strlen(host);

    if (len > 0 && host[len - 1] == '.')
        len--;
    tls->host = h2i_copy_text(tls->factory->allocator, host, len);
    if (!tls->host)
        return false;
    h2client_address_parse(tls->host, &tls->literal);
    return true;
}

static bool offer_alpn(struct h2t_openssl *tls, const char *const *alpn)
{
    unsigned char list[256];
    size_t len = 0;

    for (size_t i = 0; alpn && alpn[i]; i++) {
        size_t n = strlen(alpn[i]);
        if (i == MAX_ALPN || len + 1 + n > sizeof list)
            return false;
        list[len++] = (unsigned char)n;
        memcpy(list + len, alpn[i], n);
        len += n;
    }
    return len == 0 || SSL_set_alpn_protos(tls->ssl, list, (unsigned)len) == 0;
}

static bool configure(struct h2t_openssl *tls, const h2client_tls_params *params)
{
    SSL_set_app_data(tls->ssl, tls);
    SSL_set_connect_state(tls->ssl);
    SSL_set_info_callback(tls->ssl, note_alert);
    SSL_set_msg_callback(tls->ssl, note_message);
    SSL_set_msg_callback_arg(tls->ssl, tls);
    SSL_set_tlsext_status_type(tls->ssl, TLSEXT_STATUSTYPE_ocsp);
    if (!params->tickets)
        SSL_set_options(tls->ssl, SSL_OP_NO_TICKET);
    if (!tls->literal.family && tls->host[0] && !SSL_set_tlsext_host_name(tls->ssl, tls->host))
        return false;
    return offer_alpn(tls, params->alpn);
}

/* Both BIOs go with ssl. */
static bool make_ssl(struct h2t_openssl *tls)
{
    tls->staging = h2i_alloc(tls->factory->allocator, RECORD_BYTES);
    tls->ssl = SSL_new(tls->factory->context);
    if (!tls->ssl || !tls->staging)
        return false;
    tls->in = BIO_new(BIO_s_mem());
    tls->out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(tls->in, -1);
    SSL_set_bio(tls->ssl, tls->in, tls->out);
    return tls->in && tls->out;
}

static bool start_timer(struct h2t_openssl *tls, int64_t timeout_ms)
{
    int64_t now_us = h2client_reactor_now_us(tls->reactor);

    tls->handshake.timeout_ms = timeout_ms;
    tls->handshake.timer = (h2client_timer){.on_expire = timed_out, .user = tls};
    return timeout_ms == H2CLIENT_NO_LIMIT ||
           h2client_reactor_timer_start(tls->reactor, &tls->handshake.timer,
                                        now_us + timeout_ms * 1000) == H2CLIENT_OK;
}

/* False: no memory. */
static bool set_up(struct h2t_openssl *tls, const h2client_tls_params *params)
{
    h2client_fault fault = tls->factory->fault;

    if (!note_host(tls, params->host) || !make_ssl(tls))
        return false;
    if (!configure(tls, params) && !fault.code)
        fault = h2i_fault(H2CLIENT_ERROR_TLS_HANDSHAKE, "TLS cannot be set up: %s",
                          h2t_openssl_reason());
    if (fault.code)
        h2t_openssl_fail(tls, &fault);
    tls->handshake.failure = (h2client_task){.run = fail_later, .user = tls};
    tls->inner->on_ready = inner_is_ready;
    tls->inner->user = tls;
    return h2t_openssl_resume(tls, params) && start_timer(tls, params->timeout_ms);
}

static h2client_handshake *factory_start(h2client_tls_factory *base, h2client_reactor *reactor,
                                         const h2client_tls_params *params,
                                         h2client_transport *inner, h2client_handshake_fn on_done,
                                         void *user)
{
    struct h2t_openssl *tls = h2i_alloc_zeroed(of(base)->allocator, sizeof *tls);

    if (!tls) {
        inner->ops->destroy(inner);
        return NULL;
    }
    tls->factory = of(base);
    tls->reactor = reactor;
    tls->inner = inner;
    tls->alert = -1;
    tls->handshake.on_done = on_done;
    tls->handshake.user = user;
    if (!set_up(tls, params)) {
        h2t_openssl_free(tls);
        return NULL;
    }
    if (h2t_openssl_has_failed(tls))
        h2client_reactor_defer(reactor, &tls->handshake.failure);
    else
        inner->ops->wants(inner, H2CLIENT_WRITABLE); /* then it begins */
    return (h2client_handshake *)tls;
}

static void factory_cancel(h2client_tls_factory *base, h2client_handshake *handshake)
{
    (void)base;
    h2t_openssl_free((struct h2t_openssl *)handshake);
}

static void factory_destroy(h2client_tls_factory *base)
{
    if (!base)
        return;
    SSL_CTX_free(of(base)->context);
    h2i_free(of(base)->allocator, of(base));
}

static void set_context(struct h2t_openssl_factory *factory)
{
    SSL_CTX *context = factory->context;

    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_security_level(context, 2);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(context, h2t_openssl_judge, NULL);
    SSL_CTX_set_session_cache_mode(context,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(context, h2t_openssl_keep_session);
}

h2client_tls_factory *h2t_openssl_create(const h2client_allocator *allocator,
                                         const h2client_tls_options *options, h2client_fault *fault)
{
    static const h2client_tls_factory_ops ops = {
        .size = sizeof ops,
        .start = factory_start,
        .cancel = factory_cancel,
        .destroy = factory_destroy,
    };
    struct h2t_openssl_factory *factory = h2i_alloc_zeroed(allocator, sizeof *factory);

    *fault = (h2client_fault){.code = H2CLIENT_OK, .tls_alert = -1};
    if (!factory)
        return NULL;
    factory->base.ops = &ops;
    factory->allocator = allocator;
    factory->verifies = options->verify != H2CLIENT_OFF;
    factory->context = SSL_CTX_new(TLS_client_method());
    if (!factory->context) {
        factory_destroy(&factory->base);
        return NULL;
    }
    set_context(factory);
    if (!h2t_openssl_load_trust(factory, options))
        *fault = factory->fault;
    return &factory->base;
}
