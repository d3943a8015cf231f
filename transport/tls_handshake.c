/* SPDX-License-Identifier: MIT */
/*
 * The handshake: driven by the readiness of the transport below, bounded in bytes and
 * time, judged at its end by ourselves. RFC 8446, RFC 5246, RFC 7301, RFC 9113 9.2.
 */
#include <stdio.h>

#include "base/fault.h"
#include "base/str.h"
#include "transport/tls_internal.h"

/* GnuTLS gives up at the seventeenth, and calls that its own error. */
#define MAX_WARNINGS 8u
#define MIN_DH_BITS 2048
#define CLOSED "the server closed the connection during the TLS handshake"

/* ---- its end -------------------------------------------------------------------- */

void h2i_tls_handshake_fail(struct h2i_tls *tls)
{
    h2client_fault fault = tls->fault;
    h2client_handshake_fn on_done = tls->handshake.on_done;
    void *user = tls->handshake.user;

    h2i_tls_free(tls);
    on_done(NULL, &fault, user);
}

/* What the peer is told of a reason that is ours and not GnuTLS's. */
static const struct {
    h2client_error_code code;
    gnutls_alert_description_t alert;
} alerts[] = {
    {H2CLIENT_ERROR_TLS_UNTRUSTED, GNUTLS_A_UNKNOWN_CA},
    {H2CLIENT_ERROR_TLS_EXPIRED, GNUTLS_A_CERTIFICATE_EXPIRED},
    {H2CLIENT_ERROR_TLS_REVOKED, GNUTLS_A_CERTIFICATE_REVOKED},
    {H2CLIENT_ERROR_TLS_WRONG_NAME, GNUTLS_A_BAD_CERTIFICATE},
    {H2CLIENT_ERROR_TLS_PURPOSE, GNUTLS_A_UNSUPPORTED_CERTIFICATE},
    {H2CLIENT_ERROR_TLS_ALPN, GNUTLS_A_NO_APPLICATION_PROTOCOL},
    {H2CLIENT_ERROR_TLS_CIPHER, GNUTLS_A_INSUFFICIENT_SECURITY},
    {H2CLIENT_ERROR_TLS_PINNED, GNUTLS_A_BAD_CERTIFICATE},
    {H2CLIENT_ERROR_TLS_STAPLE, GNUTLS_A_BAD_CERTIFICATE},
};

/* As far as that goes at once. */
static void send_alert(struct h2i_tls *tls, int code)
{
    for (size_t i = 0; i < sizeof alerts / sizeof alerts[0]; i++) {
        if (alerts[i].code == tls->fault.code)
            gnutls_alert_send(tls->session, GNUTLS_AL_FATAL, alerts[i].alert);
    }
    if (tls->fault.code == H2CLIENT_ERROR_TLS_HANDSHAKE)
        gnutls_alert_send_appropriate(tls->session, code);
    h2i_tls_flush(tls);
}

static void refuse(struct h2i_tls *tls, int code)
{
    send_alert(tls, code);
    h2i_tls_handshake_fail(tls);
}

/* ---- what was agreed -------------------------------------------------------------- */

static bool was_offered(const struct h2i_tls *tls, struct h2i_str name)
{
    struct h2i_str rest = h2i_str_of(tls->alpn_offered);
    struct h2i_str piece;

    while (h2i_str_split(&rest, ' ', &piece))
        if (h2i_str_equals(piece, name))
            return true;
    return false;
}

static h2client_fault unoffered(void)
{
    return h2i_fault(H2CLIENT_ERROR_TLS_ALPN,
                     "the server chose a protocol by ALPN that was not offered");
}

/* The last word on the answer is ours, on resumption too. */
static void take_alpn(struct h2i_tls *tls)
{
    gnutls_datum_t chosen = {NULL, 0};
    h2client_fault fault = unoffered();

    if (gnutls_alpn_get_selected_protocol(tls->session, &chosen) < 0)
        return;
    if (chosen.size < sizeof tls->alpn &&
        was_offered(tls, h2i_str((const char *)chosen.data, chosen.size)))
        memcpy(tls->alpn, chosen.data, chosen.size);
    else
        h2i_tls_fail(tls, &fault);
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

/* RFC 9113 9.2.1 sets the least size of a finite field. */
static bool is_ephemeral(gnutls_session_t session, gnutls_kx_algorithm_t kx)
{
    if (kx == GNUTLS_KX_DHE_RSA)
        return gnutls_dh_get_prime_bits(session) >= MIN_DH_BITS;
    return kx == GNUTLS_KX_ECDHE_RSA || kx == GNUTLS_KX_ECDHE_ECDSA;
}

/* RFC 9113 9.2.2 and appendix A: over TLS 1.2 nothing but ephemeral keys and AEAD. */
static void take_cipher(struct h2i_tls *tls)
{
    gnutls_protocol_t version = gnutls_protocol_get_version(tls->session);
    gnutls_cipher_algorithm_t cipher = gnutls_cipher_get(tls->session);
    gnutls_kx_algorithm_t kx = gnutls_kx_get(tls->session);
    h2client_fault fault;

    snprintf(tls->version, sizeof tls->version, "%s", gnutls_protocol_get_name(version));
    snprintf(tls->cipher, sizeof tls->cipher, "%s", gnutls_cipher_get_name(cipher));
    if (strcmp(tls->alpn, "h2") != 0 || version != GNUTLS_TLS1_2 ||
        (is_aead(cipher) && is_ephemeral(tls->session, kx)))
        return;
    fault = h2i_fault(H2CLIENT_ERROR_TLS_CIPHER, "the server chose %s with %s, not for HTTP/2",
                      gnutls_kx_get_name(kx), tls->cipher);
    h2i_tls_fail(tls, &fault);
}

/* ---- the application's word --------------------------------------------------------- */

static bool ask(struct h2i_tls *tls)
{
    const h2client_certificate *shown = h2i_tls_peer_certificate(tls);
    const h2client_tls_verdict verdict = {
        .size = sizeof verdict,
        .host = tls->host,
        .chain = shown ? shown->chain : NULL,
        .n_chain = shown ? shown->n_chain : 0,
        .fault = tls->handshake.verdict.code ? &tls->handshake.verdict : NULL,
    };
    bool is_taken;

    tls->handshake.is_asking = true; /* it may cancel us */
    is_taken = tls->factory->verify_fn(&verdict, tls->factory->verify_user);
    tls->handshake.is_asking = false;
    return is_taken;
}

/* False: it was cancelled, and is gone. Refusal is noted. */
static bool let_user_decide(struct h2i_tls *tls)
{
    h2client_fault refused =
        h2i_fault(H2CLIENT_ERROR_TLS_UNTRUSTED, "the application refused the server's certificate");
    bool is_taken = ask(tls);

    if (tls->handshake.is_cancelled) {
        h2i_tls_free(tls);
        return false;
    }
    if (!is_taken)
        h2i_tls_fail(tls, &refused);
    return true;
}

static void complete(struct h2i_tls *tls)
{
    /* A resumed session brings no certificate, so nothing has been checked yet. */
    if (gnutls_session_is_resumed(tls->session))
        h2i_tls_check_peer(tls);
    take_alpn(tls);
    take_cipher(tls);
    if (!h2i_tls_has_failed(tls) && tls->factory->verify_fn && !let_user_decide(tls))
        return;
    if (h2i_tls_has_failed(tls)) {
        refuse(tls, GNUTLS_E_SUCCESS);
        return;
    }
    h2client_reactor_timer_stop(tls->reactor, &tls->handshake.timer);
    h2i_tls_become_transport(tls);
    tls->handshake.on_done(&tls->transport, NULL, tls->handshake.user);
}

/* ---- on its way ---------------------------------------------------------------------- */

static int verify_in_handshake(gnutls_session_t session)
{
    struct h2i_tls *tls = gnutls_session_get_ptr(session);

    return h2i_tls_check_peer(tls) ? 0 : GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR;
}

/* Those by which a server says that it does not like our certificate. */
static bool is_about_certificate(gnutls_alert_description_t alert)
{
    return alert == GNUTLS_A_CERTIFICATE_REQUIRED || alert == GNUTLS_A_HANDSHAKE_FAILURE ||
           alert == GNUTLS_A_UNKNOWN_CA || alert == GNUTLS_A_ACCESS_DENIED ||
           (alert >= GNUTLS_A_BAD_CERTIFICATE && alert <= GNUTLS_A_CERTIFICATE_UNKNOWN);
}

/* Why it may be: "" if the server asked for none, or speaks of something else. In a handshake
 * there is nothing else for which a server that got none would end it. */
static const char *blame_client_certificate(const struct h2i_tls *tls,
                                            gnutls_alert_description_t alert)
{
    bool is_given = gnutls_certificate_get_ours(tls->session) != NULL;
    bool is_early = !tls->transport.ops;

    if (!gnutls_certificate_client_get_request_status(tls->session))
        return "";
    if (!is_about_certificate(alert) && (is_given || !is_early))
        return "";
    return is_given ? ", of our client certificate" : ", for want of a client certificate";
}

h2client_fault h2i_tls_fault_of_alert(const struct h2i_tls *tls, h2client_error_code code,
                                      const char *words)
{
    gnutls_alert_description_t alert = gnutls_alert_get(tls->session);
    const char *blame = blame_client_certificate(tls, alert);
    h2client_fault fault =
        h2i_fault(blame[0] ? H2CLIENT_ERROR_TLS_CLIENT_CERT : code, "%s alert %d (%s)%s", words,
                  (int)alert, h2i_tls_alert_name(alert), blame);

    fault.tls_alert = (int32_t)alert;
    return fault;
}

static h2client_fault fault_with_alert(const struct h2i_tls *tls, const char *words)
{
    return h2i_tls_fault_of_alert(tls, H2CLIENT_ERROR_TLS_HANDSHAKE, words);
}

static h2client_fault fault_of_close(const struct h2i_tls *tls)
{
    if (tls->handshake.n_warnings > 0)
        return fault_with_alert(tls, CLOSED ", after");
    return h2i_fault(H2CLIENT_ERROR_TLS_HANDSHAKE, CLOSED);
}

static h2client_fault fault_of(const struct h2i_tls *tls, int code)
{
    if (code == GNUTLS_E_FATAL_ALERT_RECEIVED)
        return fault_with_alert(tls, "TLS handshake failed: the server sent");
    if (code == GNUTLS_E_WARNING_ALERT_RECEIVED)
        return fault_with_alert(tls, "TLS handshake failed: the server sent one warning after "
                                     "the other, the last one");
    if (code == GNUTLS_E_NO_APPLICATION_PROTOCOL)
        return unoffered();
    if (code == GNUTLS_E_MEMORY_ERROR)
        return h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "%s", "");
    if (code == GNUTLS_E_KEY_USAGE_VIOLATION)
        return h2i_fault(H2CLIENT_ERROR_TLS_PURPOSE, "certificate's key is for another use");
    if (tls->in.is_inner_at_end && !h2i_tls_has_read_ahead(tls))
        return fault_of_close(tls);
    return h2i_fault(H2CLIENT_ERROR_TLS_HANDSHAKE, "TLS handshake failed: %s",
                     gnutls_strerror(code));
}

/* GnuTLS says AGAIN in the middle of a long message too, without asking for more; what
 * was read ahead of it the transport below will not tell of again. */
static bool can_go_on(const struct h2i_tls *tls, int code, size_t n_taken_before)
{
    if (code == GNUTLS_E_AGAIN)
        return h2i_tls_has_read_ahead(tls) && tls->in.n_idle > n_taken_before;
    if (code == GNUTLS_E_WARNING_ALERT_RECEIVED && tls->handshake.n_warnings > MAX_WARNINGS)
        return false;
    return code < 0 && !gnutls_error_is_fatal(code);
}

/* 0, AGAIN, or the code that ends it. */
static int take_step(struct h2i_tls *tls)
{
    size_t n_taken_before;
    int code;

    do {
        n_taken_before = tls->in.n_idle;
        code = gnutls_handshake(tls->session);
        tls->handshake.n_warnings += code == GNUTLS_E_WARNING_ALERT_RECEIVED;
    } while (can_go_on(tls, code, n_taken_before));
    return code;
}

static void shake(struct h2i_tls *tls)
{
    int code = take_step(tls);
    h2client_fault fault;

    if (code < 0 && code != GNUTLS_E_AGAIN) {
        fault = fault_of(tls, code);
        h2i_tls_fail(tls, &fault); /* a reason noted on the way stays */
        refuse(tls, code);
        return;
    }
    h2i_tls_flush(tls);
    if (h2i_tls_has_failed(tls))
        h2i_tls_handshake_fail(tls);
    else if (code == GNUTLS_E_SUCCESS)
        complete(tls);
    else
        tls->inner->ops->wants(tls->inner, h2i_tls_has_output(tls)
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
    struct h2i_tls *tls = user;
    h2client_fault fault = h2i_fault_of_timeout(H2CLIENT_LIMIT_TLS, tls->handshake.timeout_ms);

    (void)timer;
    h2i_tls_fail(tls, &fault);
    h2i_tls_handshake_fail(tls);
}

static void fail_later(h2client_task *task, void *user)
{
    (void)task;
    h2i_tls_handshake_fail(user);
}

void h2i_tls_handshake_init(struct h2i_tls *tls)
{
    gnutls_session_set_ptr(tls->session, tls);
    gnutls_session_set_verify_function(tls->session, verify_in_handshake);
    h2i_tls_keylog_init(tls);
    tls->handshake.timer = (h2client_timer){.on_expire = timed_out, .user = tls};
    tls->handshake.failure = (h2client_task){.run = fail_later, .user = tls};
    tls->inner->on_ready = inner_is_ready;
    tls->inner->user = tls;
}
