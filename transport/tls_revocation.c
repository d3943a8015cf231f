/* SPDX-License-Identifier: MIT */
/*
 * Revocation lists (RFC 5280 5) of a file. GnuTLS looks certificates up in them; that a list
 * has grown too old to tell (6.3.3) is found here.
 */
#include <gnutls/x509.h>
#include <time.h>

#include "base/fault.h"
#include "transport/tls_internal.h"

static bool take_list(struct h2i_tls_factory *factory, const char *path, const gnutls_datum_t *pem)
{
    struct h2i_tls_revocations *lists = &factory->revocations;
    int code = gnutls_x509_crl_list_import2(&lists->list, &lists->n, pem, GNUTLS_X509_FMT_PEM, 0);

    if (code >= 0)
        code = gnutls_certificate_set_x509_crl(factory->credentials, lists->list, (int)lists->n);
    if (code < 0)
        factory->fault =
            h2i_fault(H2CLIENT_ERROR_TLS_CRL_FILE, "CRL file %s: %s", path, gnutls_strerror(code));
    return code >= 0;
}

bool h2i_tls_take_revocations(struct h2i_tls_factory *factory, const char *path)
{
    gnutls_datum_t pem = {NULL, 0};
    bool is_taken;

    if (!h2i_tls_load_file(path, "CRL file", H2CLIENT_ERROR_TLS_CRL_FILE, &pem, &factory->fault))
        return false;
    is_taken = take_list(factory, path, &pem);
    gnutls_free(pem.data);
    return is_taken;
}

void h2i_tls_free_revocations(struct h2i_tls_factory *factory)
{
    struct h2i_tls_revocations *lists = &factory->revocations;

    for (unsigned i = 0; i < lists->n; i++)
        gnutls_x509_crl_deinit(lists->list[i]);
    gnutls_free(lists->list);
}

/* -1 stands for a list that does not say until when it is good. */
static bool is_old(gnutls_x509_crl_t list)
{
    time_t until = gnutls_x509_crl_get_next_update(list);

    return until != -1 && until < time(NULL);
}

static bool is_of(gnutls_x509_crl_t list, const gnutls_datum_t *issuer)
{
    gnutls_datum_t name = {NULL, 0};
    bool holds = gnutls_x509_crl_get_raw_issuer_dn(list, &name) >= 0 && name.size == issuer->size &&
                 memcmp(name.data, issuer->data, name.size) == 0;

    gnutls_free(name.data);
    return holds;
}

static bool depends_on_old_list(const struct h2i_tls_revocations *lists,
                                gnutls_x509_crt_t certificate)
{
    gnutls_datum_t issuer = {NULL, 0};
    bool depends = false;

    if (gnutls_x509_crt_get_raw_issuer_dn(certificate, &issuer) < 0)
        return false;
    for (unsigned i = 0; i < lists->n && !depends; i++)
        depends = is_old(lists->list[i]) && is_of(lists->list[i], &issuer);
    gnutls_free(issuer.data);
    return depends;
}

bool h2i_tls_revocations_are_old(const struct h2i_tls *tls)
{
    const struct h2i_tls_revocations *lists = &tls->factory->revocations;
    gnutls_x509_crt_t certificate;
    bool are_old = false;

    if (lists->n == 0)
        return false;
    for (unsigned i = 0; !are_old && (certificate = h2i_tls_get_certificate(tls->session, i));
         i++) {
        are_old = depends_on_old_list(lists, certificate);
        gnutls_x509_crt_deinit(certificate);
    }
    return are_old;
}
