/* SPDX-License-Identifier: MIT */
/* What the command line and SSLKEYLOGFILE say about TLS, as the library takes it. */
#ifndef H2F_TLS_H
#define H2F_TLS_H

#include "fetch_config.h"

/* -E: FILE or FILE:PASSWORD; a \: in the file's name is a colon, \\ a backslash. */
void h2f_tls_take_cert(struct h2f_tls *tls, const char *text);
/* The argument of --cert-type and --tls-max. NULL when all is well, as in fetch_values.h. */
const char *h2f_parse_cert_type(const char *text, enum h2f_cert_type *type);
const char *h2f_parse_tls_max(const char *text, h2client_tls_version *version);

/* Borrows from the configuration and the environment. */
h2client_tls_options h2f_tls_options(const struct h2f_config *config);
void h2f_tls_finish(struct h2f_tls *tls);

#endif
