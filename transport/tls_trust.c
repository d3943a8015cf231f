/* SPDX-License-Identifier: MIT */
/*
 * Whom to trust, and whether the peer is who it should be. Stricter than GnuTLS by
 * itself: the name must stand in a subjectAltName (RFC 9110 4.3.4, RFC 6125 6.4.4), and
 * the leaf must be meant for TLS servers.
 */
#include <arpa/inet.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <time.h>

#include "base/fault.h"
#include "base/str.h"
#include "transport/tls_internal.h"

/* ---- trust ------------------------------------------------------------------ */

bool h2i_tls_load_ca_file(struct h2i_tls_factory *factory, const char *ca_file,
                          h2client_fault *fault)
{
    int n =
        gnutls_certificate_set_x509_trust_file(factory->credentials, ca_file, GNUTLS_X509_FMT_PEM);

    if (n > 0) {
        factory->has_trust = true;
        return true;
    }
    *fault = h2i_fault(H2CLIENT_ERROR_TLS_CA_FILE, "CA file %s: %s", ca_file,
                       n == 0 ? "holds no certificate" : gnutls_strerror(n));
    return false;
}

bool h2i_tls_load_system_trust(struct h2i_tls_factory *factory)
{
    if (!factory->has_trust)
        factory->has_trust = gnutls_certificate_set_x509_system_trust(factory->credentials) > 0;
    return factory->has_trust;
}

/* ---- the peer's certificate --------------------------------------------------- */

static bool get_leaf(gnutls_session_t session, gnutls_x509_crt_t *leaf)
{
    unsigned n = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &n);

    if (!chain || n == 0 || gnutls_x509_crt_init(leaf) < 0)
        return false;
    if (gnutls_x509_crt_import(*leaf, &chain[0], GNUTLS_X509_FMT_DER) == 0)
        return true;
    gnutls_x509_crt_deinit(*leaf);
    return false;
}

/* Lists the names in subjectAltName; returns how many there are of that kind. */
static int list_names(gnutls_x509_crt_t leaf, gnutls_x509_subject_alt_name_t kind,
                      struct h2i_text *names)
{
    int n = 0;

    for (unsigned i = 0;; i++) {
        char name[256];
        char text[INET6_ADDRSTRLEN];
        size_t len = sizeof name - 1;
        int type = gnutls_x509_crt_get_subject_alt_name(leaf, i, name, &len, NULL);
        if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
            return n;
        n += type == (int)kind;
        if (type == GNUTLS_SAN_DNSNAME) {
            h2i_text_add(names, "%s", names->len ? ", " : "");
            h2i_text_add_untrusted(names, name, len);
        } else if (type == GNUTLS_SAN_IPADDRESS && (len == 4 || len == 16)) {
            inet_ntop(len == 4 ? AF_INET : AF_INET6, name, text, sizeof text);
            h2i_text_add(names, "%s%s", names->len ? ", " : "", text);
        }
    }
}

bool h2i_tls_certificate_names(gnutls_session_t session, const char *host)
{
    gnutls_x509_crt_t leaf;
    h2client_address literal;
    bool is_literal = h2client_address_parse(host, &literal);
    char buf[8];
    struct h2i_text names = h2i_text(buf, sizeof buf);
    bool holds;

    if (!get_leaf(session, &leaf))
        return false;
    holds = list_names(leaf, is_literal ? GNUTLS_SAN_IPADDRESS : GNUTLS_SAN_DNSNAME, &names) > 0;
    if (holds && is_literal)
        holds = gnutls_x509_crt_check_ip(leaf, literal.bytes, literal.family == 4 ? 4 : 16, 0);
    else if (holds)
        holds = gnutls_x509_crt_check_hostname2(leaf, host, 0);
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

static h2client_fault expired(gnutls_session_t session, bool is_early)
{
    h2client_fault fault =
        h2i_fault(H2CLIENT_ERROR_TLS_EXPIRED, "%s",
                  is_early ? "certificate is not valid before" : "certificate expired on");
    struct h2i_text text = {fault.text, sizeof fault.text, strlen(fault.text)};
    gnutls_x509_crt_t leaf;

    if (get_leaf(session, &leaf)) {
        add_date(&text, is_early ? gnutls_x509_crt_get_activation_time(leaf)
                                 : gnutls_x509_crt_get_expiration_time(leaf));
        gnutls_x509_crt_deinit(leaf);
    }
    return fault;
}

static h2client_fault wrong_name(gnutls_session_t session)
{
    char buf[160];
    struct h2i_text names = h2i_text(buf, sizeof buf);
    gnutls_x509_crt_t leaf;

    if (get_leaf(session, &leaf)) {
        list_names(leaf, GNUTLS_SAN_DNSNAME, &names);
        gnutls_x509_crt_deinit(leaf);
    }
    return h2i_fault(H2CLIENT_ERROR_TLS_WRONG_NAME, "certificate is for %s",
                     names.len ? buf : "no name (it has no subjectAltName)");
}

static bool is_self_signed(gnutls_session_t session)
{
    gnutls_x509_crt_t leaf;
    bool is_own;

    if (!get_leaf(session, &leaf))
        return false;
    is_own = gnutls_x509_crt_check_issuer(leaf, leaf);
    gnutls_x509_crt_deinit(leaf);
    return is_own;
}

/* GnuTLS tells several things at once: the one that matters most is the reason. */
static h2client_fault reason_of(const struct h2i_tls *tls, unsigned status)
{
    const unsigned about_time = GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED;
    gnutls_datum_t words = {NULL, 0};
    h2client_fault fault;

    if (status & GNUTLS_CERT_REVOKED)
        return h2i_fault(H2CLIENT_ERROR_TLS_REVOKED, "certificate was revoked");
    if (status & GNUTLS_CERT_SIGNER_NOT_FOUND)
        return h2i_fault(H2CLIENT_ERROR_TLS_UNTRUSTED, "certificate not trusted: %s",
                         is_self_signed(tls->session) ? "it is self-signed"
                                                      : "its issuer is unknown");
    if (status & about_time)
        return expired(tls->session, status & GNUTLS_CERT_NOT_ACTIVATED);
    if (status & GNUTLS_CERT_PURPOSE_MISMATCH)
        return h2i_fault(H2CLIENT_ERROR_TLS_PURPOSE, "certificate is not for a TLS server");
    if ((status & ~(unsigned)GNUTLS_CERT_INVALID) == GNUTLS_CERT_UNEXPECTED_OWNER)
        return wrong_name(tls->session);
    gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &words, 0);
    fault = h2i_fault(H2CLIENT_ERROR_TLS_UNTRUSTED, "certificate not trusted: %s",
                      words.data ? (const char *)words.data : "unknown reason");
    gnutls_free(words.data);
    return fault;
}

bool h2i_tls_verify_peer(const struct h2i_tls *tls, h2client_fault *fault)
{
    gnutls_typed_vdata_st wanted[2] = {
        {.type = GNUTLS_DT_DNS_HOSTNAME, .data = (unsigned char *)(uintptr_t)tls->host, .size = 0},
        {.type = GNUTLS_DT_KEY_PURPOSE_OID,
         .data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_SERVER,
         .size = 0}};
    unsigned status = 0;
    int code;

    if (tls->host_is_literal) {
        wanted[0].type = GNUTLS_DT_IP_ADDRESS;
        wanted[0].data = (unsigned char *)(uintptr_t)tls->literal.bytes;
        wanted[0].size = tls->literal.family == 4 ? 4 : 16;
    }
    code = gnutls_certificate_verify_peers(tls->session, wanted, 2, &status);
    if (code < 0) {
        *fault = h2i_fault(H2CLIENT_ERROR_TLS_UNTRUSTED, "certificate not trusted: %s",
                           gnutls_strerror(code));
        return false;
    }
    if (status != 0) {
        *fault = reason_of(tls, status);
        return false;
    }
    if (h2i_tls_certificate_names(tls->session, tls->host))
        return true;
    *fault = wrong_name(tls->session); /* only the common name matched */
    return false;
}
