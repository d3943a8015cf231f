/* SPDX-License-Identifier: MIT */
/*
 * TLS by GnuTLS over any transport: the built-in TLS factory.
 *
 * Versions 1.2 and 1.3; the chain, its validity, the server's key purpose and the
 * name (subjectAltName only) are checked; the answer to ALPN is one that was
 * offered. What HTTP/2 asks of TLS 1.2 (RFC 9113 9.2) holds whenever h2 is chosen.
 */
#ifndef H2I_TLS_GNUTLS_H
#define H2I_TLS_GNUTLS_H

#include "h2client/tls.h"

/* options NULL: defaults. The files they name are read now: if one is bad, *fault says so
 * (code OK: all is well), and every handshake ends with that fault. The system's store is
 * read at the first handshake. The factory must outlive what it has made. NULL without
 * memory. */
h2client_tls_factory *h2i_tls_gnutls_create(const h2client_allocator *allocator,
                                            const h2client_tls_options *options,
                                            h2client_fault *fault);
/* "3.7.9". */
const char *h2i_tls_gnutls_version(void);

#endif
