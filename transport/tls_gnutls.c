/* SPDX-License-Identifier: MIT */
/*
 * The TLS factory over GnuTLS, and the handshake it drives. Records are tls_record.c's,
 * trust is tls_trust.c's. RFC 8446, RFC 7301, RFC 9113 9.2.
 */
#include "transport/tls_gnutls.h"

#include <stdio.h>

#include "base/fault.h"
#include "base/str.h"
#include "transport/tls_internal.h"

#define PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%PROFILE_MEDIUM"
#define MAX_HANDSHAKE_BYTES (256u * 1024)
#define MAX_ALPN 8

const char *h2i_tls_gnutls_version(void)
{
    return gnutls_check_version(NULL);
}

/* ---- the end of a handshake -------------------------------------------------- */

static void finish(struct h2i_tls *tls)
{
    tls->handshake.is_over = true;
    h2client_reactor_timer_stop(tls->reactor, &tls->handshake.timer);
}

/* Frees it and tells why. */
static void give_up(struct h2i_tls *tls, const h2client_fault *fault)
{
    h2client_fault copy = *fault;
    h2client_handshake_fn on_done = tls->handshake.on_done;
    void *user = tls->handshake.user;

    finish(tls);
    h2i_tls_free(tls);
    on_done(NULL, &copy, user);
}

/* The peer is told as well, as far as that goes at once. */
static void refuse(struct h2i_tls *tls, int gnutls_code, const h2client_fault *fault)
{
    gnutls_alert_send_appropriate(tls->session, gnutls_code);
    h2i_tls_flush(tls);
    give_up(tls, fault);
}

/* ---- what was agreed ----------------------------------------------------------- */

static bool was_offered(const struct h2i_tls *tls, const char *name, size_t len)
{
    struct h2i_str rest = h2i_str_of(tls->alpn_offered);
    struct h2i_str piece;

    while (h2i_str_split(&rest, ' ', &piece))
        if (h2i_str_equals(piece, h2i_str(name, len)))
            return true;
    return false;
}

/* GnuTLS refuses an answer that was not offered, but not always: look for ourselves. */
static bool check_alpn(struct h2i_tls *tls, h2client_fault *fault)
{
    gnutls_datum_t chosen = {NULL, 0};

    if (gnutls_alpn_get_selected_protocol(tls->session, &chosen) < 0)
        return true;
    if (chosen.size < sizeof tls->alpn &&
        was_offered(tls, (const char *)chosen.data, chosen.size)) {
        memcpy(tls->alpn, chosen.data, chosen.size);
        tls->alpn[chosen.size] = 0;
        return true;
    }
    *fault = h2i_fault(H2CLIENT_ERROR_TLS_ALPN,
                       "the server chose a protocol by ALPN that was not offered");
    return false;
}

static bool is_aead(gnutls_cipher_algorithm_t cipher)
{
    static const gnutls_cipher_algorithm_t aead[] = {
        GNUTLS_CIPHER_AES_128_GCM,       GNUTLS_CIPHER_AES_256_GCM,
        GNUTLS_CIPHER_CHACHA20_POLY1305, GNUTLS_CIPHER_AES_128_CCM,
        GNUTLS_CIPHER_AES_256_CCM,       GNUTLS_CIPHER_AES_128_CCM_8,
        GNUTLS_CIPHER_AES_256_CCM_8,     GNUTLS_CIPHER_CAMELLIA_128_GCM,
        GNUTLS_CIPHER_CAMELLIA_256_GCM};

    for (size_t i = 0; i < sizeof aead / sizeof aead[0]; i++)
        if (cipher == aead[i])
            return true;
    return false;
}

static bool is_ephemeral(gnutls_kx_algorithm_t kx)
{
    return kx == GNUTLS_KX_ECDHE_RSA || kx == GNUTLS_KX_ECDHE_ECDSA || kx == GNUTLS_KX_DHE_RSA;
}

/* RFC 9113 9.2.2 and appendix A: over TLS 1.2 nothing but ephemeral keys and AEAD. */
static bool check_cipher(struct h2i_tls *tls, h2client_fault *fault)
{
    gnutls_protocol_t version = gnutls_protocol_get_version(tls->session);
    gnutls_cipher_algorithm_t cipher = gnutls_cipher_get(tls->session);

    snprintf(tls->version, sizeof tls->version, "%s", gnutls_protocol_get_name(version));
    snprintf(tls->cipher, sizeof tls->cipher, "%s", gnutls_cipher_get_name(cipher));
    if (strcmp(tls->alpn, "h2") != 0 || version != GNUTLS_TLS1_2 ||
        (is_aead(cipher) && is_ephemeral(gnutls_kx_get(tls->session))))
        return true;
    *fault = h2i_fault(H2CLIENT_ERROR_TLS_CIPHER, "the server chose %s, which HTTP/2 forbids",
                       tls->cipher);
    return false;
}

static void complete(struct h2i_tls *tls)
{
    h2client_fault fault;

    /* A resumed session brings no certificate message, so no callback has looked. */
    if (tls->factory->verifies && gnutls_session_is_resumed(tls->session) &&
        !h2i_tls_verify_peer(tls, &fault)) {
        refuse(tls, GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR, &fault);
        return;
    }
    if (!check_alpn(tls, &fault)) {
        refuse(tls, GNUTLS_E_NO_APPLICATION_PROTOCOL, &fault);
        return;
    }
    if (!check_cipher(tls, &fault)) {
        refuse(tls, GNUTLS_E_INSUFFICIENT_SECURITY, &fault);
        return;
    }
    finish(tls);
    h2i_tls_become_transport(tls);
    tls->handshake.on_done(&tls->transport, NULL, tls->handshake.user);
}

/* ---- the handshake ---------------------------------------------------------------- */

static int verify_in_handshake(gnutls_session_t session)
{
    struct h2i_tls *tls = gnutls_session_get_ptr(session);

    if (!tls->factory->verifies || h2i_tls_verify_peer(tls, &tls->fault))
        return 0;
    tls->has_failed = true;
    return GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR;
}

static h2client_fault fault_of(const struct h2i_tls *tls, int code)
{
    h2client_fault fault;
    int alert;

    if (tls->has_failed)
        return tls->fault;
    if (code == GNUTLS_E_FATAL_ALERT_RECEIVED) {
        alert = (int)gnutls_alert_get(tls->session);
        fault = h2i_fault(H2CLIENT_ERROR_TLS_HANDSHAKE,
                          "TLS handshake failed: the server sent alert %d (%s)", alert,
                          gnutls_alert_get_name((gnutls_alert_description_t)alert));
        fault.tls_alert = alert;
        return fault;
    }
    if (tls->in.is_at_end)
        return h2i_fault(H2CLIENT_ERROR_TLS_HANDSHAKE,
                         "TLS handshake failed: the server closed the connection");
    return h2i_fault(H2CLIENT_ERROR_TLS_HANDSHAKE, "TLS handshake failed: %s",
                     gnutls_strerror(code));
}

static void shake(struct h2i_tls *tls)
{
    h2client_fault fault;
    int code;

    do
        code = gnutls_handshake(tls->session);
    while (code < 0 && !gnutls_error_is_fatal(code) && code != GNUTLS_E_AGAIN);
    if (code == 0 || code == GNUTLS_E_AGAIN)
        h2i_tls_flush(tls);
    if (code == GNUTLS_E_AGAIN && tls->handshake.n_bytes > MAX_HANDSHAKE_BYTES) {
        fault = h2i_fault(H2CLIENT_ERROR_TLS_HANDSHAKE,
                          "TLS handshake failed: the server sent more than %u bytes",
                          MAX_HANDSHAKE_BYTES);
        give_up(tls, &fault);
    } else if (tls->has_failed || (code < 0 && code != GNUTLS_E_AGAIN)) {
        fault = fault_of(tls, code);
        refuse(tls, code, &fault);
    } else if (code == 0) {
        complete(tls);
    } else {
        h2i_tls_want_inner(tls, H2CLIENT_READABLE |
                                    (tls->out.end > tls->out.start ? H2CLIENT_WRITABLE : 0u));
    }
}

static void inner_is_ready(h2client_transport *inner, unsigned ready, void *user)
{
    (void)inner, (void)ready;
    shake(user);
}

static void timed_out(h2client_timer *timer, void *user)
{
    struct h2i_tls *tls = user;
    h2client_fault fault = h2i_fault_of_timeout(H2CLIENT_LIMIT_TLS, tls->handshake.timeout_ms);

    (void)timer;
    give_up(tls, &fault);
}

static void fail_later(h2client_task *task, void *user)
{
    struct h2i_tls *tls = user;

    (void)task;
    give_up(tls, &tls->fault);
}

/* ---- start ------------------------------------------------------------------------- */

static bool offer_alpn(struct h2i_tls *tls, const char *const *alpn)
{
    struct h2i_text offered = h2i_text(tls->alpn_offered, sizeof tls->alpn_offered);
    gnutls_datum_t list[MAX_ALPN];
    unsigned n = 0;

    for (; alpn && alpn[n]; n++) {
        if (n == MAX_ALPN)
            return false;
        list[n] = (gnutls_datum_t){(unsigned char *)(uintptr_t)alpn[n], (unsigned)strlen(alpn[n])};
        h2i_text_add(&offered, "%s%s", n ? " " : "", alpn[n]);
    }
    return n == 0 || gnutls_alpn_set_protocols(tls->session, list, n, GNUTLS_ALPN_MANDATORY) == 0;
}

/* A trailing dot would be sent in SNI and break the match (RFC 6066 3). */
static void note_host(struct h2i_tls *tls, const char *host)
{
    size_t len = strlen(host);

    if (len > 0 && host[len - 1] == '.')
        len--;
    if (len >= sizeof tls->host)
        len = sizeof tls->host - 1;
    memcpy(tls->host, host, len);
    tls->host_is_literal = h2client_address_parse(tls->host, &tls->literal);
}

static void resume(struct h2i_tls *tls, const h2client_tls_params *params)
{
    const h2client_allocator *allocator = tls->factory->allocator;
    void *ticket = NULL;
    size_t len;

    if (!params->tickets)
        return;
    tls->tickets.key = h2i_copy_text(allocator, params->ticket_key, params->ticket_key_len);
    if (!tls->tickets.key)
        return;
    tls->tickets.key_len = params->ticket_key_len;
    tls->tickets.store = params->tickets;
    len = params->tickets->take(params->tickets, tls->tickets.key, tls->tickets.key_len, &ticket);
    if (len > 0)
        gnutls_session_set_data(tls->session, ticket, len);
    h2i_free(h2client_reactor_allocator(tls->reactor), ticket);
}

static bool make_session(struct h2i_tls *tls, const h2client_tls_params *params)
{
    if (gnutls_init(&tls->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0) {
        tls->session = NULL;
        return false;
    }
    gnutls_session_set_ptr(tls->session, tls);
    if (gnutls_priority_set(tls->session, tls->factory->priority) < 0 ||
        gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE, tls->factory->credentials) < 0)
        return false;
    gnutls_session_set_verify_function(tls->session, verify_in_handshake);
    gnutls_handshake_set_timeout(tls->session, GNUTLS_INDEFINITE_TIMEOUT);
    if (!tls->host_is_literal &&
        gnutls_server_name_set(tls->session, GNUTLS_NAME_DNS, tls->host, strlen(tls->host)) < 0)
        return false;
    resume(tls, params);
    return offer_alpn(tls, params->alpn) && h2i_tls_record_init(tls);
}

static bool start_timer(struct h2i_tls *tls, int64_t timeout_ms)
{
    int64_t deadline_us;

    tls->handshake.timeout_ms = timeout_ms;
    tls->handshake.timer = (h2client_timer){.on_expire = timed_out, .user = tls};
    if (timeout_ms == H2CLIENT_NO_LIMIT || __builtin_mul_overflow(timeout_ms, 1000, &deadline_us) ||
        __builtin_add_overflow(deadline_us, h2client_reactor_now_us(tls->reactor), &deadline_us))
        return true;
    return h2client_reactor_timer_start(tls->reactor, &tls->handshake.timer, deadline_us) ==
           H2CLIENT_OK;
}

static h2client_handshake *start(h2client_tls_factory *base, h2client_reactor *reactor,
                                 const h2client_tls_params *params, h2client_transport *inner,
                                 h2client_handshake_fn on_done, void *user)
{
    struct h2i_tls_factory *factory = (struct h2i_tls_factory *)(void *)base;
    struct h2i_tls *tls = h2i_alloc_zeroed(factory->allocator, sizeof *tls);

    if (!tls) {
        inner->ops->destroy(inner);
        return NULL;
    }
    tls->factory = factory;
    tls->reactor = reactor;
    tls->inner = inner;
    tls->handshake.on_done = on_done;
    tls->handshake.user = user;
    tls->handshake.failure = (h2client_task){.run = fail_later, .user = tls};
    note_host(tls, params->host);
    if (!make_session(tls, params) || !start_timer(tls, params->timeout_ms)) {
        h2i_tls_free(tls);
        return NULL;
    }
    inner->on_ready = inner_is_ready;
    inner->user = tls;
    if (factory->verifies && !h2i_tls_load_system_trust(factory)) {
        tls->fault = h2i_fault(H2CLIENT_ERROR_TLS_CA_FILE, "the system trusts no certificate");
        h2client_reactor_defer(reactor, &tls->handshake.failure);
    } else {
        h2i_tls_want_inner(tls, H2CLIENT_READABLE | H2CLIENT_WRITABLE); /* begins when writable */
    }
    return (h2client_handshake *)tls;
}

static void cancel(h2client_tls_factory *base, h2client_handshake *handshake)
{
    (void)base;
    h2i_tls_free((struct h2i_tls *)handshake);
}

static void destroy(h2client_tls_factory *base)
{
    struct h2i_tls_factory *factory = (struct h2i_tls_factory *)(void *)base;
    const h2client_allocator *allocator = factory->allocator;

    gnutls_certificate_free_credentials(factory->credentials);
    gnutls_priority_deinit(factory->priority);
    h2i_free(allocator, factory);
}

h2client_tls_factory *h2i_tls_gnutls_create(const h2client_allocator *allocator,
                                            const h2client_tls_options *options,
                                            h2client_fault *fault)
{
    static const h2client_tls_factory_ops ops = {
        .size = sizeof ops, .start = start, .cancel = cancel, .destroy = destroy};
    struct h2i_tls_factory *factory = h2i_alloc_zeroed(allocator, sizeof *factory);

    *fault = (h2client_fault){.code = H2CLIENT_OK, .tls_alert = -1};
    if (!factory)
        return NULL;
    factory->base.ops = &ops;
    factory->allocator = allocator;
    factory->verifies = !options || options->verify != H2CLIENT_OFF;
    if (gnutls_certificate_allocate_credentials(&factory->credentials) < 0) {
        h2i_free(allocator, factory);
        return NULL;
    }
    if (gnutls_priority_init(&factory->priority, PRIORITY, NULL) < 0) {
        gnutls_certificate_free_credentials(factory->credentials);
        h2i_free(allocator, factory);
        return NULL;
    }
    if (options && options->ca_file && !h2i_tls_load_ca_file(factory, options->ca_file, fault))
        factory->has_trust = true; /* of nobody: the fault says why */
    return &factory->base;
}
