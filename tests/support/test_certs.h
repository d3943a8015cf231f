/* SPDX-License-Identifier: MIT */
/*
 * Certificates made while a test runs: authorities, servers, and all that can be wrong
 * with them. Keys are on P-256 unless asked for otherwise, so that one takes a
 * millisecond. A call that cannot be done fails the test.
 */
#ifndef H2T_TEST_CERTS_H
#define H2T_TEST_CERTS_H

#include <gnutls/x509.h>
#include <stdbool.h>

enum h2t_key_kind { H2T_KEY_P256, H2T_KEY_RSA_2048, H2T_KEY_RSA_1024, H2T_KEY_ED25519 };

/* Zeroed: of a TLS server without a name, valid since yesterday for a month. */
struct h2t_cert_spec {
    const char *common_name; /* NULL: "test" */
    const char *dns[4];      /* subjectAltName, ended by NULL or by the array */
    const char *ip;          /* the same: a literal */
    const char *uri;
    struct {
        const char *data;
        size_t len;
    } raw_dns;             /* a DNS name with bytes that none has */
    bool has_broken_names; /* a subjectAltName that cannot be parsed */
    bool has_empty_names;  /* one that holds none */
    bool is_authority;
    const char *purpose;     /* its extended key usage; NULL: TLS server */
    int first_day, last_day; /* from today; both 0: -1 and 30 */
    enum h2t_key_kind key;
    gnutls_digest_algorithm_t digest; /* of the signature; 0: SHA-256 */
    unsigned key_usage;               /* of a leaf; 0: it does not say */
    bool has_path_len;                /* of an authority */
    int path_len;
    const char *permitted; /* of an authority: the DNS names below it; a name constraint */
    const char *excluded;
    bool has_unknown_extension; /* a critical one */
    bool demands_staple;        /* RFC 7633 */
};

struct h2t_cert {
    gnutls_x509_crt_t certificate;
    gnutls_x509_privkey_t key;
};

/* issuer NULL: signs itself. */
struct h2t_cert *h2t_cert_create(const struct h2t_cert_spec *spec, const struct h2t_cert *issuer);
void h2t_cert_destroy(struct h2t_cert *cert);

/* A file with this text that has no place in any directory: its descriptor, and its
 * path, which is good as long as that is open. */
int h2t_file_create(const char *text, size_t len, char *path, size_t path_cap);
/* The same with a certificate in PEM. */
int h2t_cert_file_create(const struct h2t_cert *cert, char *path, size_t path_cap);

/* What an issuer says by OCSP (RFC 6960). */
enum h2t_staple_kind {
    H2T_STAPLE_GOOD,
    H2T_STAPLE_REVOKED, /* an hour ago */
    H2T_STAPLE_OLD,     /* good, until yesterday */
    H2T_STAPLE_BROKEN   /* good, under a signature that is not right */
};

/* Of keys on P-256. To be freed with gnutls_free. */
gnutls_datum_t h2t_cert_staple(const struct h2t_cert *cert, const struct h2t_cert *issuer,
                               enum h2t_staple_kind kind);

#endif
