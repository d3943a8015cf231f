/* SPDX-License-Identifier: MIT */
/*
 * A second TLS factory, over OpenSSL: the proof that the port (tls.h) is none of GnuTLS's.
 * It passes the tests of the built-in one, but for those that name what only that can do.
 * Of the options it knows ca_file, ca_pem and verify; it does not read the system's store.
 */
#ifndef H2T_OPENSSL_TLS_H
#define H2T_OPENSSL_TLS_H

#include "h2client/tls.h"

/* As h2i_tls_gnutls_create. */
h2client_tls_factory *h2t_openssl_create(const h2client_allocator *allocator,
                                         const h2client_tls_options *options,
                                         h2client_fault *fault);

#endif
