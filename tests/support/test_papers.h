/* SPDX-License-Identifier: MIT */
/*
 * Papers: what people keep beside a certificate, as the files and texts a program is given.
 * A call that cannot be done fails the test.
 */
#ifndef H2T_TEST_PAPERS_H
#define H2T_TEST_PAPERS_H

#include "tests/support/test_certs.h"

/* PEM, one after the other, that ends with a NUL; to be freed with free. */
char *h2t_pem_of_certs(const struct h2t_cert *const *list, size_t n);
/* password NULL: in the clear. */
char *h2t_pem_of_key(const struct h2t_cert *cert, const char *password);
/* Its public key. */
char *h2t_pem_of_public_key(const struct h2t_cert *cert);
/* Both in one; to be freed with gnutls_free. */
gnutls_datum_t h2t_pkcs12_of(const struct h2t_cert *cert, const char *password);
/* "sha256//...": the pin of its public key. */
void h2t_pin_of(const struct h2t_cert *cert, char *text, size_t cap);
/* The issuer's list of what it has revoked (NULL: nothing), in PEM, good until that day from
 * today; to be freed with free. */
char *h2t_crl_of(const struct h2t_cert *issuer, const struct h2t_cert *revoked, int last_day);

#endif
