/* SPDX-License-Identifier: MIT */
/*
 * What the options of TLS name is read here, once: whom to trust (RFC 5280), who we
 * are, and what may be agreed on. What is checked with it is tls_trust.c's.
 */
#include <errno.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fault.h"
#include "base/str.h"
#include "transport/tls_internal.h"

#define USUAL_PRIORITY "NORMAL"
#define MAX_PRIORITY 1024

bool h2i_tls_load_file(const char *path, const char *what, h2client_error_code code,
                       gnutls_datum_t *data, h2client_fault *fault)
{
    char text[200];
    int result;

    errno = 0;
    result = gnutls_load_file(path, data);
    if (result >= 0)
        return true;
    snprintf(text, sizeof text, "%s %s", what, path);
    *fault = h2i_fault_of_errno(errno ? errno : EIO, code, text);
    return false;
}

/* PEM in memory, which ends with a NUL. */
static gnutls_datum_t datum_of(const char *text)
{
    return (gnutls_datum_t){(unsigned char *)(uintptr_t)text, (unsigned)strlen(text)};
}

/* ---- trust ------------------------------------------------------------------ */

/* n certificates came out of it, or GnuTLS's code. */
static bool note_trust(struct h2i_tls_factory *factory, int n, const char *what, const char *path)
{
    if (n > 0)
        factory->has_trust = true;
    else
        factory->fault =
            h2i_fault(H2CLIENT_ERROR_TLS_CA_FILE, "%s%s%s: %s", what, path ? " " : "",
                      path ? path : "", n < 0 ? gnutls_strerror(n) : "No certificate was found.");
    return n > 0;
}

static bool trust_pem(struct h2i_tls_factory *factory, const char *pem)
{
    gnutls_datum_t data = datum_of(pem);

    return note_trust(
        factory,
        gnutls_certificate_set_x509_trust_mem(factory->credentials, &data, GNUTLS_X509_FMT_PEM),
        "ca_pem", NULL);
}

static bool trust_file(struct h2i_tls_factory *factory, const char *path)
{
    gnutls_datum_t pem = {NULL, 0};
    int n;

    if (!h2i_tls_load_file(path, "CA file", H2CLIENT_ERROR_TLS_CA_FILE, &pem, &factory->fault))
        return false;
    n = gnutls_certificate_set_x509_trust_mem(factory->credentials, &pem, GNUTLS_X509_FMT_PEM);
    gnutls_free(pem.data);
    return note_trust(factory, n, "CA file", path);
}

/* GnuTLS passes over what is no certificate, and over a directory that is not there. */
static bool trust_directory(struct h2i_tls_factory *factory, const char *path)
{
    struct stat facts;
    int problem = stat(path, &facts) < 0 ? errno : S_ISDIR(facts.st_mode) ? 0 : ENOTDIR;
    char what[200];

    if (problem) {
        snprintf(what, sizeof what, "CA directory %s", path);
        factory->fault = h2i_fault_of_errno(problem, H2CLIENT_ERROR_TLS_CA_FILE, what);
        return false;
    }
    return note_trust(
        factory,
        gnutls_certificate_set_x509_trust_dir(factory->credentials, path, GNUTLS_X509_FMT_PEM),
        "CA directory", path);
}

static bool take_trust(struct h2i_tls_factory *factory, const h2client_tls_options *options)
{
    return (!options->ca_file || trust_file(factory, options->ca_file)) &&
           (!options->ca_dir || trust_directory(factory, options->ca_dir)) &&
           (!options->ca_pem || trust_pem(factory, options->ca_pem)) &&
           (!options->crl_file || h2i_tls_take_revocations(factory, options->crl_file));
}

bool h2i_tls_load_system_trust(struct h2i_tls_factory *factory)
{
    if (!factory->has_trust)
        factory->has_trust = gnutls_certificate_set_x509_system_trust(factory->credentials) > 0;
    return factory->has_trust;
}

/* ---- who we are ---------------------------------------------------------------- */

static bool note_own(struct h2i_tls_factory *factory, int code, const char *path)
{
    if (code < 0)
        factory->fault = h2i_fault(H2CLIENT_ERROR_TLS_CLIENT_CERT, "client certificate %s: %s",
                                   path, gnutls_strerror(code));
    return code >= 0;
}

static int set_own(struct h2i_tls_factory *factory, const gnutls_datum_t *certificate,
                   const gnutls_datum_t *key, const char *password)
{
    return gnutls_certificate_set_x509_key_mem2(factory->credentials, certificate, key,
                                                GNUTLS_X509_FMT_PEM, password, 0);
}

static bool take_own_files(struct h2i_tls_factory *factory, const h2client_tls_options *options)
{
    const char *key_path = options->key_file ? options->key_file : options->cert_file;
    gnutls_datum_t certificate = {NULL, 0}, key = {NULL, 0};
    bool is_taken =
        h2i_tls_load_file(options->cert_file, "client certificate", H2CLIENT_ERROR_TLS_CLIENT_CERT,
                          &certificate, &factory->fault) &&
        h2i_tls_load_file(key_path, "key of the client certificate", H2CLIENT_ERROR_TLS_CLIENT_CERT,
                          &key, &factory->fault) &&
        note_own(factory, set_own(factory, &certificate, &key, options->key_password),
                 options->cert_file);

    gnutls_free(certificate.data);
    if (key.data)
        gnutls_memset(key.data, 0, key.size);
    gnutls_free(key.data);
    return is_taken;
}

static bool take_own_pem(struct h2i_tls_factory *factory, const h2client_tls_options *options)
{
    gnutls_datum_t certificate = datum_of(options->cert_pem);
    gnutls_datum_t key = datum_of(options->key_pem ? options->key_pem : options->cert_pem);

    return note_own(factory, set_own(factory, &certificate, &key, options->key_password),
                    "in memory");
}

static bool take_own_pkcs12(struct h2i_tls_factory *factory, const h2client_tls_options *options)
{
    gnutls_datum_t data = {NULL, 0};
    int code;

    if (!h2i_tls_load_file(options->pkcs12_file, "client certificate",
                           H2CLIENT_ERROR_TLS_CLIENT_CERT, &data, &factory->fault))
        return false;
    code = gnutls_certificate_set_x509_simple_pkcs12_mem(
        factory->credentials, &data, GNUTLS_X509_FMT_DER, options->key_password);
    gnutls_memset(data.data, 0, data.size);
    gnutls_free(data.data);
    return note_own(factory, code, options->pkcs12_file);
}

static bool take_own(struct h2i_tls_factory *factory, const h2client_tls_options *options)
{
    if ((options->key_file && !options->cert_file) || (options->key_pem && !options->cert_pem)) {
        factory->fault =
            h2i_fault(H2CLIENT_ERROR_TLS_CLIENT_CERT, "a key without its client certificate");
        return false;
    }
    return (!options->cert_file || take_own_files(factory, options)) &&
           (!options->cert_pem || take_own_pem(factory, options)) &&
           (!options->pkcs12_file || take_own_pkcs12(factory, options));
}

/* ---- what may be agreed on -------------------------------------------------------- */

/* Ours stand behind the user's words, so that a place in the whole is a place in those. */
static void compose(struct h2i_text *all, const h2client_tls_options *options)
{
    const char *words = options->priority ? options->priority : USUAL_PRIORITY;

    h2i_text_add(all, "%s:-VERS-SSL3.0:-VERS-TLS1.0:-VERS-TLS1.1:-VERS-DTLS-ALL%s%s%s", words,
                 options->min_version == H2CLIENT_TLS_1_3 ? ":-VERS-TLS1.2" : "",
                 options->max_version == H2CLIENT_TLS_1_2 ? ":-VERS-TLS1.3" : "",
                 strstr(words, "%PROFILE_") ? "" : ":%PROFILE_MEDIUM");
}

static h2client_fault bad_priority(const char *words, const char *all, const char *place, int code)
{
    char quoted[80];
    struct h2i_text text = h2i_text(quoted, sizeof quoted);
    size_t at = place ? (size_t)(place - all) : strlen(words);

    if (code != GNUTLS_E_INVALID_REQUEST || at >= strlen(words))
        return h2i_fault(H2CLIENT_ERROR_TLS_PRIORITY,
                         "TLS priorities leave nothing to agree on: %s", gnutls_strerror(code));
    h2i_text_add_untrusted(&text, words + at, strcspn(words + at, ":"));
    return h2i_fault(H2CLIENT_ERROR_TLS_PRIORITY,
                     "TLS priorities: \"%s\" at place %zu is not one of GnuTLS's words", quoted,
                     at + 1);
}

static bool take_priority(struct h2i_tls_factory *factory, const h2client_tls_options *options)
{
    const char *words = options->priority ? options->priority : USUAL_PRIORITY;
    char buf[MAX_PRIORITY];
    struct h2i_text all = h2i_text(buf, sizeof buf);
    const char *place = NULL;
    int code;

    compose(&all, options);
    if (all.len + 1 >= sizeof buf) {
        factory->fault = h2i_fault(H2CLIENT_ERROR_TLS_PRIORITY, "TLS priorities: too long");
        return false;
    }
    code = gnutls_priority_init(&factory->priority, buf, &place);
    if (code == GNUTLS_E_MEMORY_ERROR)
        factory->fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "%s", "");
    else if (code < 0)
        factory->fault = bad_priority(words, buf, place, code);
    return code >= 0;
}

/* ---- values that are none --------------------------------------------------------- */

static bool check_value(struct h2i_tls_factory *factory, bool is_good, const char *name, int value)
{
    if (!is_good)
        factory->fault = h2i_fault(H2CLIENT_ERROR_INVALID_ARGUMENT,
                                   "tls.%s: %d is not one of its values", name, value);
    return is_good;
}

static bool check_switch(struct h2i_tls_factory *factory, h2client_switch value, const char *name)
{
    bool is_good = value == H2CLIENT_INHERIT || value == H2CLIENT_ON || value == H2CLIENT_OFF;

    return check_value(factory, is_good, name, (int)value);
}

static bool check_version(struct h2i_tls_factory *factory, h2client_tls_version version,
                          const char *name)
{
    bool is_good =
        version == H2CLIENT_TLS_ANY || version == H2CLIENT_TLS_1_2 || version == H2CLIENT_TLS_1_3;

    return check_value(factory, is_good, name, (int)version);
}

static bool check_values(struct h2i_tls_factory *factory, const h2client_tls_options *options)
{
    return check_switch(factory, options->verify, "verify") &&
           check_switch(factory, options->require_staple, "require_staple") &&
           check_switch(factory, options->session_tickets, "session_tickets") &&
           check_version(factory, options->min_version, "min_version") &&
           check_version(factory, options->max_version, "max_version");
}

/* ---- all of it ---------------------------------------------------------------------- */

bool h2i_tls_take_options(struct h2i_tls_factory *factory, const h2client_tls_options *options)
{
    factory->verifies = options->verify != H2CLIENT_OFF;
    factory->requires_staple = options->require_staple == H2CLIENT_ON;
    factory->takes_tickets = options->session_tickets != H2CLIENT_OFF;
    factory->verify_fn = options->verify_fn;
    factory->verify_user = options->verify_user;
    return check_values(factory, options) && take_priority(factory, options) &&
           take_trust(factory, options) && take_own(factory, options) &&
           (!options->pins || h2i_tls_pins_parse(factory, options->pins, &factory->fault)) &&
           (!options->keylog_file ||
            h2i_tls_keylog_open(factory, options->keylog_file, &factory->fault));
}
