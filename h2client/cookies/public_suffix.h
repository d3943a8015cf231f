/* SPDX-License-Identifier: MIT */
/*
 * Public suffixes: names below which anybody can register one ("com", "co.uk", "github.io").
 * No cookie may be for all of them (RFC 6265bis 5.7).
 */
#ifndef H2I_PUBLIC_SUFFIX_H
#define H2I_PUBLIC_SUFFIX_H

/*
 * The end of `host` that somebody registered: a public suffix and one label more. NULL: the
 * host is a public suffix itself. Lower-case, A-labels, no literal. Without a list, or for
 * suffixes it does not know, a public suffix is the last label.
 */
const char *h2i_registrable_domain(const char *host);
/* libpsl's; NULL: not built in. Static. */
const char *h2i_public_suffix_version(void);

#endif
