/* SPDX-License-Identifier: MIT */
/*
 * Is the peer who it should be? Whom to trust is tls_options.c's. Stricter than GnuTLS by
 * itself: the name must stand in a subjectAltName of its kind (RFC 9110 4.3.4, RFC 6125
 * 6.4.4), and the leaf must be meant for TLS servers (RFC 5280 4.2.1.12).
 */
#include <arpa/inet.h>
#include <gnutls/ocsp.h>
#include <gnutls/x509.h>
#include <time.h>

#include "base/fault.h"
#include "base/str.h"
#include "transport/tls_internal.h"

/* ---- the peer's certificates --------------------------------------------------- */

gnutls_x509_crt_t h2i_tls_get_certificate(gnutls_session_t session, unsigned nth)
{
    unsigned n = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &n);
    gnutls_x509_crt_t certificate;

    if (!chain || nth >= n || gnutls_x509_crt_init(&certificate) < 0)
        return NULL;
    if (gnutls_x509_crt_import(certificate, &chain[nth], GNUTLS_X509_FMT_DER) == 0)
        return certificate;
    gnutls_x509_crt_deinit(certificate);
    return NULL;
}

/* One name of a peer, as text. */
static void add_name(struct h2i_text *names, int kind, const char *name, size_t len)
{
    char text[INET6_ADDRSTRLEN];

    if (kind != GNUTLS_SAN_DNSNAME && (kind != GNUTLS_SAN_IPADDRESS || (len != 4 && len != 16)))
        return;
    h2i_text_add(names, "%s", names->len ? ", " : "");
    if (kind == GNUTLS_SAN_DNSNAME)
        h2i_text_add_untrusted(names, name, len);
    else
        h2i_text_add(names, "%s",
                     inet_ntop(len == 4 ? AF_INET : AF_INET6, name, text, sizeof text));
}

/* The names in subjectAltName; returns how many there are of that kind. */
static int list_names(gnutls_x509_crt_t leaf, gnutls_x509_subject_alt_name_t kind,
                      struct h2i_text *names)
{
    int n = 0;

    for (unsigned i = 0;; i++) {
        char name[256];
        size_t len = sizeof name;
        int found = gnutls_x509_crt_get_subject_alt_name(leaf, i, name, &len, NULL);
        if (found == GNUTLS_E_SHORT_MEMORY_BUFFER) /* no host has so long a name */
            continue;
        if (found < 0)
            return n;
        n += found == (int)kind;
        add_name(names, found, name, len);
    }
}

/* RFC 9525 6.3: equal, or a "*" in place of all of the first label, with two labels after it
 * at least. GnuTLS takes a "*" beside other letters as well. */
static bool matches(struct h2i_str name, struct h2i_str host)
{
    const char *dot = memchr(host.data, '.', host.len);
    size_t first_len = dot ? (size_t)(dot - host.data) : host.len;

    if (memchr(name.data, '*', name.len) == NULL)
        return h2i_str_equals_nocase(name, host);
    if (name.len < 2 || memcmp(name.data, "*.", 2) != 0 || first_len == 0)
        return false;
    name = h2i_str(name.data + 1, name.len - 1);
    return memchr(name.data + 1, '.', name.len - 1) &&
           h2i_str_equals_nocase(name, h2i_str(host.data + first_len, host.len - first_len));
}

/* In a subjectAltName of the kind; the common name does not count. */
static bool holds_name(gnutls_x509_crt_t leaf, const char *host)
{
    for (unsigned i = 0;; i++) {
        char name[256];
        size_t len = sizeof name;
        int found = gnutls_x509_crt_get_subject_alt_name(leaf, i, name, &len, NULL);
        if (found == GNUTLS_SAN_DNSNAME && matches(h2i_str(name, len), h2i_str_of(host)))
            return true;
        if (found < 0 && found != GNUTLS_E_SHORT_MEMORY_BUFFER)
            return false;
    }
}

bool h2i_tls_certificate_names(const struct h2i_tls *tls, const char *host)
{
    gnutls_x509_crt_t leaf = h2i_tls_get_certificate(tls->session, 0);
    h2client_address literal;
    bool is_literal = h2client_address_parse(host, &literal);
    struct h2i_text names = h2i_text(NULL, 0);
    bool holds;

    if (!leaf)
        return false;
    /* Without one of its kind GnuTLS would look at the common name. */
    if (is_literal)
        holds = list_names(leaf, GNUTLS_SAN_IPADDRESS, &names) > 0 &&
                gnutls_x509_crt_check_ip(leaf, literal.bytes, literal.family == 4 ? 4 : 16, 0);
    else
        holds = holds_name(leaf, host) && gnutls_x509_crt_check_hostname2(leaf, host, 0);
    gnutls_x509_crt_deinit(leaf);
    return holds;
}

/* ---- reasons --------------------------------------------------------------------- */

static void add_date(struct h2i_text *text, time_t when)
{
    struct tm utc;
    char date[32];

    if (gmtime_r(&when, &utc) && strftime(date, sizeof date, "%Y-%m-%d", &utc))
        h2i_text_add(text, " %s", date);
}

/* Is this certificate the one whose time has passed, or has not come? */
static bool is_out_of_time(gnutls_x509_crt_t certificate, bool is_early, time_t *when)
{
    *when = is_early ? gnutls_x509_crt_get_activation_time(certificate)
                     : gnutls_x509_crt_get_expiration_time(certificate);
    return is_early ? *when > time(NULL) : *when < time(NULL);
}

/* It may be another one of the chain; one of the store has no date here. */
static h2client_fault out_of_time(const struct h2i_tls *tls, bool is_early)
{
    h2client_fault fault = h2i_fault(H2CLIENT_ERROR_TLS_EXPIRED, "certificate of %s", tls->host);
    struct h2i_text text = {fault.text, sizeof fault.text, strlen(fault.text)};
    gnutls_x509_crt_t certificate;
    bool is_found = false;
    time_t when;

    for (unsigned i = 0; !is_found && (certificate = h2i_tls_get_certificate(tls->session, i));
         i++) {
        is_found = is_out_of_time(certificate, is_early, &when);
        gnutls_x509_crt_deinit(certificate);
        if (is_found && i > 0)
            h2i_text_add(&text, "'s issuer");
    }
    if (!is_found)
        h2i_text_add(&text, "'s authority");
    h2i_text_add(&text, is_early ? " is not valid before" : " expired on");
    if (is_found)
        add_date(&text, when);
    else
        h2i_text_add(&text, " an unknown date");
    return fault;
}

static h2client_fault wrong_name(const struct h2i_tls *tls)
{
    char buf[160];
    struct h2i_text names = h2i_text(buf, sizeof buf);
    gnutls_x509_crt_t leaf = h2i_tls_get_certificate(tls->session, 0);

    if (leaf) {
        list_names(leaf, GNUTLS_SAN_DNSNAME, &names);
        gnutls_x509_crt_deinit(leaf);
    }
    return h2i_fault(H2CLIENT_ERROR_TLS_WRONG_NAME, "certificate is for: %s",
                     names.len ? buf : "no host (it has no subjectAltName of one)");
}

static bool is_self_signed(const struct h2i_tls *tls)
{
    gnutls_x509_crt_t leaf = h2i_tls_get_certificate(tls->session, 0);
    bool is_own;

    if (!leaf)
        return false;
    is_own = gnutls_x509_crt_check_issuer(leaf, leaf);
    gnutls_x509_crt_deinit(leaf);
    return is_own;
}

static h2client_fault untrusted(const char *reason)
{
    return h2i_fault(H2CLIENT_ERROR_TLS_UNTRUSTED, "certificate not trusted: %s", reason);
}

static h2client_fault in_words_of_gnutls(unsigned status)
{
    gnutls_datum_t words = {NULL, 0};
    h2client_fault fault;

    gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &words, 0);
    fault = untrusted(words.data ? (const char *)words.data : "unknown reason");
    gnutls_free(words.data);
    return fault;
}

static bool has_staple(const struct h2i_tls *tls)
{
    return gnutls_ocsp_status_request_is_checked(tls->session, GNUTLS_OCSP_SR_IS_AVAIL) != 0;
}

/* GnuTLS tells several things at once: the one that matters most is the reason. */
static h2client_fault reason_of(const struct h2i_tls *tls, unsigned status)
{
    if (status & GNUTLS_CERT_REVOKED)
        return h2i_fault(H2CLIENT_ERROR_TLS_REVOKED, "certificate of %s was revoked", tls->host);
    if (status & GNUTLS_CERT_SIGNER_NOT_FOUND)
        return untrusted(is_self_signed(tls) ? "it is self-signed" : "its issuer is unknown");
    if (status & GNUTLS_CERT_INSECURE_ALGORITHM)
        return untrusted("its key or its signature is too weak");
    if (status & (GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED))
        return out_of_time(tls, status & GNUTLS_CERT_NOT_ACTIVATED);
    if (status & GNUTLS_CERT_PURPOSE_MISMATCH)
        return h2i_fault(H2CLIENT_ERROR_TLS_PURPOSE, "certificate is not for a TLS server");
    if (status & GNUTLS_CERT_MISSING_OCSP_STATUS)
        return h2i_fault(H2CLIENT_ERROR_TLS_STAPLE,
                         "the certificate demands a stapled word about revocation, none came");
    if (status & GNUTLS_CERT_INVALID_OCSP_STATUS)
        return h2i_fault(H2CLIENT_ERROR_TLS_STAPLE, "the stapled word about revocation is broken");
    if (status &
        (GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED | GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE))
        return h2i_fault(H2CLIENT_ERROR_TLS_STAPLE,
                         "the stapled word about revocation is out of date");
    if ((status & ~(unsigned)GNUTLS_CERT_INVALID) == GNUTLS_CERT_UNEXPECTED_OWNER)
        return wrong_name(tls);
    return in_words_of_gnutls(status);
}

/* ---- the checks -------------------------------------------------------------------- */

/* What GnuTLS and we find; code OK: nothing. */
static h2client_fault verify(const struct h2i_tls *tls)
{
    gnutls_typed_vdata_st wanted[2] = {
        {.type = GNUTLS_DT_DNS_HOSTNAME, .data = (unsigned char *)tls->host},
        {.type = GNUTLS_DT_KEY_PURPOSE_OID,
         .data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_SERVER}};
    unsigned status = 0;
    int code;

    if (tls->literal.family)
        wanted[0] = (gnutls_typed_vdata_st){.type = GNUTLS_DT_IP_ADDRESS,
                                            .data = (unsigned char *)(uintptr_t)tls->literal.bytes,
                                            .size = tls->literal.family == 4 ? 4 : 16};
    code = gnutls_certificate_verify_peers(tls->session, wanted, 2, &status);
    if (code < 0)
        return untrusted(gnutls_strerror(code));
    if (status != 0)
        return reason_of(tls, status);
    if (!h2i_tls_certificate_names(tls, tls->host))
        return wrong_name(tls); /* only the common name matched */
    if (h2i_tls_revocations_are_old(tls))
        return untrusted("the list of what its issuer has revoked is out of date");
    return (h2client_fault){.code = H2CLIENT_OK, .tls_alert = -1};
}

/* After `verify`, which reads the staple on its way. */
static h2client_fault check_staple(const struct h2i_tls *tls)
{
    h2client_error_code found = tls->handshake.verdict.code;

    if (found == H2CLIENT_ERROR_TLS_REVOKED || found == H2CLIENT_ERROR_TLS_STAPLE)
        return tls->handshake.verdict;
    if (gnutls_ocsp_status_request_is_checked(tls->session, 0))
        return (h2client_fault){.code = H2CLIENT_OK, .tls_alert = -1};
    return h2i_fault(H2CLIENT_ERROR_TLS_STAPLE, "the server stapled no %sword about revocation",
                     has_staple(tls) ? "valid " : "");
}

bool h2i_tls_check_peer(struct h2i_tls *tls)
{
    const struct h2i_tls_factory *factory = tls->factory;
    h2client_fault fault = {.code = H2CLIENT_OK, .tls_alert = -1};

    if (h2i_tls_judges(factory))
        tls->handshake.verdict = verify(tls);
    if (factory->verifies)
        fault = tls->handshake.verdict;
    if (!fault.code && factory->requires_staple)
        fault = check_staple(tls);
    if (!fault.code && h2i_tls_pins_hold(tls, &fault))
        return true;
    h2i_tls_fail(tls, &fault);
    return false;
}
