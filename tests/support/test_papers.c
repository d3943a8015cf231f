/* SPDX-License-Identifier: MIT */
#include "tests/support/test_papers.h"

#include <check.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/pkcs12.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_S 86400

static void require(int code)
{
    ck_assert_msg(code >= 0, "GnuTLS: %s", gnutls_strerror(code));
}

/* Takes it over. */
static char *text_of(gnutls_datum_t *data)
{
    char *text = strndup((const char *)data->data, data->size);

    ck_assert_ptr_nonnull(text);
    gnutls_free(data->data);
    return text;
}

char *h2t_pem_of_certs(const struct h2t_cert *const *list, size_t n)
{
    char *all = strdup("");

    for (size_t i = 0; i < n; i++) {
        gnutls_datum_t pem;
        char *longer;
        require(gnutls_x509_crt_export2(list[i]->certificate, GNUTLS_X509_FMT_PEM, &pem));
        ck_assert_int_gt(asprintf(&longer, "%s%.*s", all, (int)pem.size, pem.data), 0);
        gnutls_free(pem.data);
        free(all);
        all = longer;
    }
    return all;
}

char *h2t_pem_of_key(const struct h2t_cert *cert, const char *password)
{
    char buf[8192];
    size_t len = sizeof buf;

    require(gnutls_x509_privkey_export_pkcs8(
        cert->key, GNUTLS_X509_FMT_PEM, password,
        password ? GNUTLS_PKCS_PBES2_AES_256 : GNUTLS_PKCS_PLAIN, buf, &len));
    return strndup(buf, len);
}

static gnutls_datum_t export_public_key(const struct h2t_cert *cert, gnutls_x509_crt_fmt_t format)
{
    gnutls_datum_t data;
    gnutls_pubkey_t key;

    require(gnutls_pubkey_init(&key));
    require(gnutls_pubkey_import_x509(key, cert->certificate, 0));
    require(gnutls_pubkey_export2(key, format, &data));
    gnutls_pubkey_deinit(key);
    return data;
}

char *h2t_pem_of_public_key(const struct h2t_cert *cert)
{
    gnutls_datum_t pem = export_public_key(cert, GNUTLS_X509_FMT_PEM);

    return text_of(&pem);
}

void h2t_pin_of(const struct h2t_cert *cert, char *text, size_t cap)
{
    gnutls_datum_t der = export_public_key(cert, GNUTLS_X509_FMT_DER), base64;
    unsigned char digest[32];
    gnutls_datum_t bytes = {digest, sizeof digest};

    require(gnutls_hash_fast(GNUTLS_DIG_SHA256, der.data, der.size, digest));
    require(gnutls_base64_encode2(&bytes, &base64));
    snprintf(text, cap, "sha256//%.*s", (int)base64.size, base64.data);
    gnutls_free(base64.data);
    gnutls_free(der.data);
}

/* ---- PKCS#12 ------------------------------------------------------------------- */

static void add_bag(gnutls_pkcs12_t box, gnutls_pkcs12_bag_t bag, const char *password)
{
    require(gnutls_pkcs12_bag_encrypt(bag, password, GNUTLS_PKCS_PBES2_AES_256));
    require(gnutls_pkcs12_set_bag(box, bag));
    gnutls_pkcs12_bag_deinit(bag);
}

/* Certificate and key know each other by an id. */
static void add_certificate(gnutls_pkcs12_t box, const struct h2t_cert *cert, const char *password)
{
    const gnutls_datum_t id = {(unsigned char *)(uintptr_t) "id", 2};
    gnutls_pkcs12_bag_t bag;
    int at;

    require(gnutls_pkcs12_bag_init(&bag));
    at = gnutls_pkcs12_bag_set_crt(bag, cert->certificate);
    require(at);
    require(gnutls_pkcs12_bag_set_key_id(bag, at, &id));
    add_bag(box, bag, password);
}

static void add_key(gnutls_pkcs12_t box, const struct h2t_cert *cert, const char *password)
{
    const gnutls_datum_t id = {(unsigned char *)(uintptr_t) "id", 2};
    char buf[4096];
    size_t len = sizeof buf;
    gnutls_datum_t data;
    gnutls_pkcs12_bag_t bag;
    int at;

    require(gnutls_x509_privkey_export_pkcs8(cert->key, GNUTLS_X509_FMT_DER, password,
                                             GNUTLS_PKCS_PBES2_AES_256, buf, &len));
    data = (gnutls_datum_t){(unsigned char *)buf, (unsigned)len};
    require(gnutls_pkcs12_bag_init(&bag));
    at = gnutls_pkcs12_bag_set_data(bag, GNUTLS_BAG_PKCS8_ENCRYPTED_KEY, &data);
    require(at);
    require(gnutls_pkcs12_bag_set_key_id(bag, at, &id));
    require(gnutls_pkcs12_set_bag(box, bag));
    gnutls_pkcs12_bag_deinit(bag);
}

gnutls_datum_t h2t_pkcs12_of(const struct h2t_cert *cert, const char *password)
{
    gnutls_datum_t der;
    gnutls_pkcs12_t box;

    require(gnutls_pkcs12_init(&box));
    add_certificate(box, cert, password);
    add_key(box, cert, password);
    require(gnutls_pkcs12_generate_mac(box, password));
    require(gnutls_pkcs12_export2(box, GNUTLS_X509_FMT_DER, &der));
    gnutls_pkcs12_deinit(box);
    return der;
}

/* ---- revocation lists --------------------------------------------------------------- */

char *h2t_crl_of(const struct h2t_cert *issuer, const struct h2t_cert *revoked, int last_day)
{
    time_t now = time(NULL);
    gnutls_x509_crl_t list;
    gnutls_datum_t pem;

    require(gnutls_x509_crl_init(&list));
    require(gnutls_x509_crl_set_version(list, 2));
    require(gnutls_x509_crl_set_this_update(list, now - 30 * DAY_S));
    require(gnutls_x509_crl_set_next_update(list, now + last_day * DAY_S));
    require(gnutls_x509_crl_set_number(list, "\1", 1));
    if (revoked)
        require(gnutls_x509_crl_set_crt(list, revoked->certificate, now - 3600));
    require(gnutls_x509_crl_sign2(list, issuer->certificate, issuer->key, GNUTLS_DIG_SHA256, 0));
    require(gnutls_x509_crl_export2(list, GNUTLS_X509_FMT_PEM, &pem));
    gnutls_x509_crl_deinit(list);
    return text_of(&pem);
}
