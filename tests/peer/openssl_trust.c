/* SPDX-License-Identifier: MIT */
/* Whom the TLS client over OpenSSL trusts: the same rules, the same words as the built-in
 * one's. */
#include <errno.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <time.h>

#include "base/fault.h"
#include "base/str.h"
#include "tests/peer/openssl_internal.h"

/* ---- trust ------------------------------------------------------------------------- */

/* How many certificates there were. Takes the BIO over. */
static int trust_all(struct h2t_openssl_factory *factory, BIO *pem)
{
    X509_STORE *store = SSL_CTX_get_cert_store(factory->context);
    X509 *certificate;
    int n = 0;

    while ((certificate = PEM_read_bio_X509(pem, NULL, NULL, NULL))) {
        n += X509_STORE_add_cert(store, certificate);
        X509_free(certificate);
    }
    BIO_free(pem);
    return n;
}

static bool trust_file(struct h2t_openssl_factory *factory, const char *path)
{
    char what[200], byte;
    BIO *pem;

    snprintf(what, sizeof what, "CA file %s", path);
    errno = 0;
    pem = BIO_new_file(path, "r");
    if (!pem || BIO_read(pem, &byte, 1) < 0) {
        factory->fault = h2i_fault_of_errno(errno ? errno : EIO, H2CLIENT_ERROR_TLS_CA_FILE, what);
        BIO_free(pem);
        return false;
    }
    if (BIO_seek(pem, 0) != 0 || trust_all(factory, pem) > 0)
        return true;
    factory->fault = h2i_fault(H2CLIENT_ERROR_TLS_CA_FILE, "%s: No certificate was found.", what);
    return false;
}

bool h2t_openssl_load_trust(struct h2t_openssl_factory *factory,
                            const h2client_tls_options *options)
{
    if (options->ca_pem)
        trust_all(factory, BIO_new_mem_buf(options->ca_pem, -1));
    return !options->ca_file || trust_file(factory, options->ca_file);
}

/* ---- names (RFC 9110 4.3.4) ------------------------------------------------------------ */

static X509 *leaf_of(const struct h2t_openssl *tls)
{
    STACK_OF(X509) *chain = h2t_openssl_chain(tls);

    return chain ? sk_X509_value(chain, 0) : NULL;
}

static bool names(X509 *leaf, const char *host)
{
    const unsigned flags =
        X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
    h2client_address literal;

    if (!leaf || !host[0])
        return false;
    if (h2client_address_parse(host, &literal))
        return X509_check_ip(leaf, literal.bytes, literal.family == 4 ? 4 : 16, 0) == 1;
    return X509_check_host(leaf, host, strlen(host), flags, NULL) == 1;
}

bool h2t_openssl_names(const struct h2t_openssl *tls, const char *host)
{
    return names(leaf_of(tls), host);
}

static void add_name(struct h2i_text *text, const GENERAL_NAME *name)
{
    h2client_address address = {.family = 4};
    char literal[H2CLIENT_ADDRESS_TEXT_MAX];

    if (name->type == GEN_DNS) {
        h2i_text_add(text, "%s", text->len ? ", " : "");
        h2i_text_add_untrusted(text, ASN1_STRING_get0_data(name->d.dNSName),
                               (size_t)ASN1_STRING_length(name->d.dNSName));
    } else if (name->type == GEN_IPADD && ASN1_STRING_length(name->d.iPAddress) == 4) {
        memcpy(address.bytes, ASN1_STRING_get0_data(name->d.iPAddress), 4);
        h2i_text_add(text, "%s%s", text->len ? ", " : "",
                     h2client_address_format(&address, literal, sizeof literal));
    }
}

static h2client_fault wrong_name(X509 *leaf)
{
    char buf[160];
    struct h2i_text text = h2i_text(buf, sizeof buf);
    GENERAL_NAMES *list = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);

    for (int i = 0; list && i < sk_GENERAL_NAME_num(list); i++)
        add_name(&text, sk_GENERAL_NAME_value(list, i));
    GENERAL_NAMES_free(list);
    return h2i_fault(H2CLIENT_ERROR_TLS_WRONG_NAME, "certificate is for: %s",
                     text.len ? buf : "no host");
}

/* ---- reasons ------------------------------------------------------------------------------ */

static h2client_fault untrusted(const char *reason)
{
    return h2i_fault(H2CLIENT_ERROR_TLS_UNTRUSTED, "certificate not trusted: %s", reason);
}

static bool was_shown(const struct h2t_openssl *tls, X509 *certificate)
{
    STACK_OF(X509) *chain = h2t_openssl_chain(tls);

    for (int i = 0; chain && i < sk_X509_num(chain); i++)
        if (X509_cmp(sk_X509_value(chain, i), certificate) == 0)
            return true;
    return false;
}

static h2client_fault out_of_time(const struct h2t_openssl *tls, X509_STORE_CTX *context,
                                  bool is_early)
{
    X509 *certificate = X509_STORE_CTX_get_current_cert(context);
    const ASN1_TIME *when =
        is_early ? X509_get0_notBefore(certificate) : X509_get0_notAfter(certificate);
    const char *whose = "";
    struct tm utc = {0};
    char date[32];

    if (X509_STORE_CTX_get_error_depth(context) > 0)
        whose = was_shown(tls, certificate) ? "'s issuer" : "'s authority";
    ASN1_TIME_to_tm(when, &utc);
    strftime(date, sizeof date, "%Y-%m-%d", &utc);
    return h2i_fault(H2CLIENT_ERROR_TLS_EXPIRED, "certificate of %s%s %s %s", tls->host, whose,
                     is_early ? "is not valid before" : "expired on", date);
}

/* Also what OpenSSL makes its alert of. */
static h2client_fault reason_of(const struct h2t_openssl *tls, X509_STORE_CTX *context, int *error)
{
    int found = *error;

    switch (found) {
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
        *error = X509_V_ERR_CERT_HAS_EXPIRED;
        return out_of_time(tls, context, found == X509_V_ERR_CERT_NOT_YET_VALID);
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
        *error = X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT;
        return untrusted("its key or its signature is too weak");
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return untrusted("it is self-signed");
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return untrusted("its issuer is unknown");
    case X509_V_ERR_INVALID_PURPOSE:
        if (X509_STORE_CTX_get_error_depth(context) == 0)
            return h2i_fault(H2CLIENT_ERROR_TLS_PURPOSE, "certificate is not for a TLS server");
        break;
    default:
        break;
    }
    return untrusted(X509_verify_cert_error_string(found));
}

/* ---- staples (RFC 6960) ---------------------------------------------------------------------- */

static bool says_revoked(OCSP_BASICRESP *basic, STACK_OF(X509) * chain, X509_STORE_CTX *context)
{
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), sk_X509_value(chain, 0), sk_X509_value(chain, 1));
    int status = -1;

    if (OCSP_basic_verify(basic, chain, X509_STORE_CTX_get0_store(context), 0) == 1)
        OCSP_resp_find_status(basic, id, &status, NULL, NULL, NULL, NULL);
    OCSP_CERTID_free(id);
    return status == V_OCSP_CERTSTATUS_REVOKED;
}

/* Where the staple comes with the certificate: TLS 1.3. */
static bool is_revoked(const struct h2t_openssl *tls, X509_STORE_CTX *context)
{
    const unsigned char *der = NULL;
    long len = SSL_get_tlsext_status_ocsp_resp(tls->ssl, &der);
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(context);
    OCSP_RESPONSE *response = len > 0 ? d2i_OCSP_RESPONSE(NULL, &der, len) : NULL;
    OCSP_BASICRESP *basic = response ? OCSP_response_get1_basic(response) : NULL;
    bool found = basic && sk_X509_num(chain) > 1 && says_revoked(basic, chain, context);

    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    return found;
}

/* ---- the verdict --------------------------------------------------------------------------------
 */

/* code OK: it is good. */
static h2client_fault find_fault(const struct h2t_openssl *tls, X509_STORE_CTX *context)
{
    int is_good = X509_verify_cert(context) == 1;
    int error = X509_STORE_CTX_get_error(context);
    h2client_fault fault = {.code = H2CLIENT_OK, .tls_alert = -1};

    if (!is_good) {
        fault = reason_of(tls, context, &error);
    } else if (is_revoked(tls, context)) {
        error = X509_V_ERR_CERT_REVOKED;
        fault = h2i_fault(H2CLIENT_ERROR_TLS_REVOKED, "certificate of %s was revoked", tls->host);
    } else if (!names(X509_STORE_CTX_get0_cert(context), tls->host)) {
        error = X509_V_ERR_HOSTNAME_MISMATCH;
        fault = wrong_name(X509_STORE_CTX_get0_cert(context));
    }
    X509_STORE_CTX_set_error(context, error);
    return fault;
}

int h2t_openssl_judge(X509_STORE_CTX *context, void *user)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct h2t_openssl *tls = SSL_get_app_data(ssl);
    h2client_fault fault;

    (void)user;
    if (!tls->factory->verifies)
        return 1;
    fault = find_fault(tls, context);
    if (fault.code)
        h2t_openssl_fail(tls, &fault);
    return !fault.code;
}

bool h2t_openssl_judge_again(struct h2t_openssl *tls)
{
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    h2client_fault fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "%s", "");

    if (context && X509_STORE_CTX_init(context, SSL_CTX_get_cert_store(tls->factory->context),
                                       leaf_of(tls), h2t_openssl_chain(tls))) {
        X509_STORE_CTX_set_default(context, "ssl_server");
        X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(context), 2);
        fault = find_fault(tls, context);
    }
    X509_STORE_CTX_free(context);
    if (fault.code)
        h2t_openssl_fail(tls, &fault);
    return !fault.code;
}
