/* SPDX-License-Identifier: MIT */
#include "tests/support/test_certs.h"

#include <check.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "h2client/transport.h"

#define DAY_S 86400

static void require(int code)
{
    ck_assert_msg(code >= 0, "GnuTLS: %s", gnutls_strerror(code));
}

/* ---- DER, written from the inside outwards --------------------------------- */

struct der {
    size_t len;
    unsigned char bytes[1024];
};

static void append(struct der *der, const void *data, size_t len)
{
    ck_assert_uint_le(der->len + len, sizeof der->bytes);
    memcpy(der->bytes + der->len, data, len);
    der->len += len;
}

static void append_element(struct der *der, unsigned char tag, const void *data, size_t len)
{
    unsigned char head[4] = {tag, 0x82, (unsigned char)(len >> 8), (unsigned char)len};
    unsigned char short_head[2] = {tag, (unsigned char)len};

    if (len < 128)
        append(der, short_head, sizeof short_head);
    else if (len < 256)
        append(der, (unsigned char[]){tag, 0x81, (unsigned char)len}, 3);
    else
        append(der, head, sizeof head);
    append(der, data, len);
}

/* One element around others. */
static struct der wrap(unsigned char tag, int n, ...)
{
    struct der inside = {0}, outside = {0};
    va_list args;

    va_start(args, n);
    for (int i = 0; i < n; i++) {
        const struct der *part = va_arg(args, const struct der *);
        append(&inside, part->bytes, part->len);
    }
    va_end(args);
    append_element(&outside, tag, inside.bytes, inside.len);
    return outside;
}

static struct der element(unsigned char tag, const void *data, size_t len)
{
    struct der der = {0};

    append_element(&der, tag, data, len);
    return der;
}

/* ---- certificates ---------------------------------------------------------- */

static gnutls_x509_privkey_t make_key(enum h2t_key_kind kind)
{
    gnutls_x509_privkey_t key;

    require(gnutls_x509_privkey_init(&key));
    if (kind == H2T_KEY_ED25519)
        require(gnutls_x509_privkey_generate(key, GNUTLS_PK_EDDSA_ED25519,
                                             GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED25519), 0));
    else if (kind == H2T_KEY_P256)
        require(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                             GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
    else
        require(gnutls_x509_privkey_generate(key, GNUTLS_PK_RSA,
                                             kind == H2T_KEY_RSA_2048 ? 2048 : 1024, 0));
    return key;
}

static void set_name(gnutls_x509_crt_t crt, gnutls_x509_subject_alt_name_t kind, const void *data,
                     size_t len)
{
    require(
        gnutls_x509_crt_set_subject_alt_name(crt, kind, data, (unsigned)len, GNUTLS_FSAN_APPEND));
}

/* GnuTLS's own writer ends a name at a NUL. */
static void set_raw_name(gnutls_x509_crt_t crt, const char *name, size_t len)
{
    struct der dns = element(0x82, name, len);
    struct der names = wrap(0x30, 1, &dns);

    require(gnutls_x509_crt_set_extension_by_oid(crt, "2.5.29.17", names.bytes, names.len, 0));
}

static void set_names(gnutls_x509_crt_t crt, const struct h2t_cert_spec *spec)
{
    h2client_address address;

    for (size_t i = 0; i < 4 && spec->dns[i]; i++)
        set_name(crt, GNUTLS_SAN_DNSNAME, spec->dns[i], strlen(spec->dns[i]));
    if (spec->raw_dns.data)
        set_raw_name(crt, spec->raw_dns.data, spec->raw_dns.len);
    if (spec->uri)
        set_name(crt, GNUTLS_SAN_URI, spec->uri, strlen(spec->uri));
    if (spec->ip) {
        ck_assert(h2client_address_parse(spec->ip, &address));
        set_name(crt, GNUTLS_SAN_IPADDRESS, address.bytes, address.family == 4 ? 4 : 16);
    }
    if (spec->has_empty_names)
        require(gnutls_x509_crt_set_extension_by_oid(crt, "2.5.29.17", "\x30\0", 2, 0));
    if (spec->has_broken_names)
        require(gnutls_x509_crt_set_extension_by_oid(crt, "2.5.29.17", "\x30\x7f\x82\x01", 4, 0));
}

static void set_validity(gnutls_x509_crt_t crt, const struct h2t_cert_spec *spec)
{
    bool is_usual = !spec->first_day && !spec->last_day;
    time_t now = time(NULL);

    require(
        gnutls_x509_crt_set_activation_time(crt, now + (is_usual ? -1 : spec->first_day) * DAY_S));
    require(
        gnutls_x509_crt_set_expiration_time(crt, now + (is_usual ? 30 : spec->last_day) * DAY_S));
}

static void constrain(gnutls_x509_name_constraints_t names, const char *permitted,
                      const char *excluded)
{
    gnutls_datum_t name;

    if (permitted) {
        name = (gnutls_datum_t){(unsigned char *)(uintptr_t)permitted, (unsigned)strlen(permitted)};
        require(gnutls_x509_name_constraints_add_permitted(names, GNUTLS_SAN_DNSNAME, &name));
    }
    if (excluded) {
        name = (gnutls_datum_t){(unsigned char *)(uintptr_t)excluded, (unsigned)strlen(excluded)};
        require(gnutls_x509_name_constraints_add_excluded(names, GNUTLS_SAN_DNSNAME, &name));
    }
}

static void set_constraints(gnutls_x509_crt_t crt, const struct h2t_cert_spec *spec)
{
    gnutls_x509_name_constraints_t names;

    if (!spec->permitted && !spec->excluded)
        return;
    require(gnutls_x509_name_constraints_init(&names));
    constrain(names, spec->permitted, spec->excluded);
    require(gnutls_x509_crt_set_name_constraints(crt, names, 1));
    gnutls_x509_name_constraints_deinit(names);
}

static void set_usage(gnutls_x509_crt_t crt, const struct h2t_cert_spec *spec)
{
    const char *purpose = spec->purpose ? spec->purpose : GNUTLS_KP_TLS_WWW_SERVER;

    require(gnutls_x509_crt_set_basic_constraints(crt, spec->is_authority,
                                                  spec->has_path_len ? spec->path_len : -1));
    if (spec->is_authority)
        require(gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN));
    else
        require(gnutls_x509_crt_set_key_purpose_oid(crt, purpose, 0));
    if (spec->key_usage)
        require(gnutls_x509_crt_set_key_usage(crt, spec->key_usage));
}

/* 1.3.6.1.5.5.7.1.24 is TLS features, 5 the one of a staple (RFC 7633 4.2.3.1). */
static void set_extensions(gnutls_x509_crt_t crt, const struct h2t_cert_spec *spec)
{
    if (spec->has_unknown_extension)
        require(gnutls_x509_crt_set_extension_by_oid(crt, "1.2.3.4.5", "\5\0", 2, 1));
    if (spec->demands_staple)
        require(gnutls_x509_crt_set_extension_by_oid(crt, "1.3.6.1.5.5.7.1.24",
                                                     "\x30\x03\x02\x01\x05", 5, 0));
}

static void set_serial(gnutls_x509_crt_t crt)
{
    unsigned char serial[8];

    require(gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial));
    serial[0] = 0x11; /* positive, of one length */
    require(gnutls_x509_crt_set_serial(crt, serial, sizeof serial));
}

/* As a peer gets it: one that was only written lacks what parsing finds. */
static gnutls_x509_crt_t parse_again(gnutls_x509_crt_t written)
{
    gnutls_x509_crt_t parsed;
    gnutls_datum_t der;

    require(gnutls_x509_crt_export2(written, GNUTLS_X509_FMT_DER, &der));
    gnutls_x509_crt_deinit(written);
    require(gnutls_x509_crt_init(&parsed));
    require(gnutls_x509_crt_import(parsed, &der, GNUTLS_X509_FMT_DER));
    gnutls_free(der.data);
    return parsed;
}

struct h2t_cert *h2t_cert_create(const struct h2t_cert_spec *spec, const struct h2t_cert *issuer)
{
    struct h2t_cert *cert = calloc(1, sizeof *cert);
    const char *name = spec->common_name ? spec->common_name : "test";
    gnutls_x509_crt_t crt;

    ck_assert_ptr_nonnull(cert);
    require(gnutls_x509_crt_init(&crt));
    cert->key = make_key(spec->key);
    require(gnutls_x509_crt_set_version(crt, 3));
    require(gnutls_x509_crt_set_key(crt, cert->key));
    require(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, name,
                                          (unsigned)strlen(name)));
    set_serial(crt);
    set_names(crt, spec);
    set_validity(crt, spec);
    set_usage(crt, spec);
    set_constraints(crt, spec);
    set_extensions(crt, spec);
    require(gnutls_x509_crt_sign2(
        crt, issuer ? issuer->certificate : crt, issuer ? issuer->key : cert->key,
        spec->digest ? spec->digest : GNUTLS_DIG_SHA256, GNUTLS_VERIFY_ALLOW_BROKEN));
    cert->certificate = spec->has_broken_names ? crt : parse_again(crt);
    return cert;
}

void h2t_cert_destroy(struct h2t_cert *cert)
{
    if (!cert)
        return;
    gnutls_x509_crt_deinit(cert->certificate);
    gnutls_x509_privkey_deinit(cert->key);
    free(cert);
}

/* ---- files ------------------------------------------------------------------- */

int h2t_file_create(const char *text, size_t len, char *path, size_t path_cap)
{
    int fd = memfd_create("h2t", MFD_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
    snprintf(path, path_cap, "/proc/self/fd/%d", fd);
    return fd;
}

int h2t_cert_file_create(const struct h2t_cert *cert, char *path, size_t path_cap)
{
    gnutls_datum_t pem;
    int fd;

    require(gnutls_x509_crt_export2(cert->certificate, GNUTLS_X509_FMT_PEM, &pem));
    fd = h2t_file_create((const char *)pem.data, pem.size, path, path_cap);
    gnutls_free(pem.data);
    return fd;
}

/* ---- OCSP (RFC 6960 4.2.1) --------------------------------------------------- */

static struct der moment(int64_t seconds_from_now)
{
    time_t when = time(NULL) + seconds_from_now;
    struct tm utc;
    char text[32];

    gmtime_r(&when, &utc);
    strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &utc);
    return element(0x18, text, strlen(text));
}

#define OID_SHA1 "\x2b\x0e\x03\x02\x1a"
#define OID_ECDSA_SHA256 "\x2a\x86\x48\xce\x3d\x04\x03\x02"
#define OID_OCSP_BASIC "\x2b\x06\x01\x05\x05\x07\x30\x01\x01"

static struct der sha1_of(const void *data, size_t len)
{
    unsigned char digest[20];

    require(gnutls_hash_fast(GNUTLS_DIG_SHA1, data, len, digest));
    return element(0x04, digest, sizeof digest);
}

/* The key's bits, without the structure around them (RFC 6960 4.1.1). */
static struct der hash_of_key(const struct h2t_cert *cert)
{
    gnutls_datum_t x, y;
    gnutls_ecc_curve_t curve;
    unsigned char point[65] = {4};

    require(gnutls_x509_privkey_export_ecc_raw(cert->key, &curve, &x, &y, NULL));
    ck_assert(x.size <= 33 && y.size <= 33);
    for (size_t i = 0; i < 32 && i < x.size; i++)
        point[32 - i] = x.data[x.size - 1 - i];
    for (size_t i = 0; i < 32 && i < y.size; i++)
        point[64 - i] = y.data[y.size - 1 - i];
    gnutls_free(x.data);
    gnutls_free(y.data);
    return sha1_of(point, sizeof point);
}

static struct der name_of(const struct h2t_cert *cert)
{
    struct der der = {0};
    gnutls_datum_t name;

    require(gnutls_x509_crt_get_raw_dn(cert->certificate, &name));
    append(&der, name.data, name.size);
    gnutls_free(name.data);
    return der;
}

/* Which certificate: CertID. */
static struct der identify(const struct h2t_cert *cert, const struct h2t_cert *issuer)
{
    struct der oid = element(0x06, OID_SHA1, 5), null = element(0x05, "", 0);
    struct der algorithm = wrap(0x30, 2, &oid, &null);
    struct der key_hash = hash_of_key(issuer);
    struct der name = name_of(issuer), name_hash = sha1_of(name.bytes, name.len), number;
    unsigned char serial[20];
    size_t serial_len = sizeof serial;

    require(gnutls_x509_crt_get_serial(cert->certificate, serial, &serial_len));
    number = element(0x02, serial, serial_len);
    return wrap(0x30, 4, &algorithm, &name_hash, &key_hash, &number);
}

static struct der sign(const struct h2t_cert *issuer, const struct der *data)
{
    gnutls_datum_t plain = {(unsigned char *)(uintptr_t)data->bytes, (unsigned)data->len};
    gnutls_datum_t signature;
    gnutls_privkey_t key;
    struct der bits = {.len = 1}; /* no unused bits */

    require(gnutls_privkey_init(&key));
    require(gnutls_privkey_import_x509(key, issuer->key, GNUTLS_PRIVKEY_IMPORT_COPY));
    require(gnutls_privkey_sign_data(key, GNUTLS_DIG_SHA256, 0, &plain, &signature));
    gnutls_privkey_deinit(key);
    append(&bits, signature.data, signature.size);
    gnutls_free(signature.data);
    return element(0x03, bits.bytes, bits.len);
}

/* What the issuer says of it, to be signed: ResponseData. */
static struct der say(const struct h2t_cert *cert, const struct h2t_cert *issuer,
                      enum h2t_staple_kind kind)
{
    bool is_old = kind == H2T_STAPLE_OLD;
    struct der since = moment(is_old ? -9 * DAY_S : 0), end = moment(is_old ? -DAY_S : DAY_S);
    struct der name = name_of(issuer), who = wrap(0xa1, 1, &name);
    struct der what = identify(cert, issuer);
    struct der earlier = moment(-3600), good = element(0x80, "", 0);
    struct der status = kind == H2T_STAPLE_REVOKED ? wrap(0xa1, 1, &earlier) : good;
    struct der until = wrap(0xa0, 1, &end);
    struct der single = wrap(0x30, 4, &what, &status, &since, &until);
    struct der list = wrap(0x30, 1, &single);

    return wrap(0x30, 3, &who, &since, &list);
}

gnutls_datum_t h2t_cert_staple(const struct h2t_cert *cert, const struct h2t_cert *issuer,
                               enum h2t_staple_kind kind)
{
    struct der data = say(cert, issuer, kind), signature = sign(issuer, &data);
    struct der ecdsa = element(0x06, OID_ECDSA_SHA256, 8);
    struct der algorithm = wrap(0x30, 1, &ecdsa);
    struct der basic = wrap(0x30, 3, &data, &algorithm, &signature);
    struct der octets = wrap(0x04, 1, &basic), type = element(0x06, OID_OCSP_BASIC, 9);
    struct der typed = wrap(0x30, 2, &type, &octets), bytes = wrap(0xa0, 1, &typed);
    struct der successful = element(0x0a, "\0", 1);
    struct der answer = wrap(0x30, 2, &successful, &bytes);
    gnutls_datum_t result = {gnutls_malloc(answer.len), (unsigned)answer.len};

    ck_assert_ptr_nonnull(result.data);
    memcpy(result.data, answer.bytes, answer.len);
    if (kind == H2T_STAPLE_BROKEN)
        result.data[result.size - 1] ^= 1;
    return result;
}
