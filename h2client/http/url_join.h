/* SPDX-License-Identifier: MIT */
/*
 * References: what a location, or a URL beside a base, means (RFC 3986 5.2). The result is
 * text for h2i_url_parse, which checks it.
 */
#ifndef H2I_URL_JOIN_H
#define H2I_URL_JOIN_H

#include "base/arena.h"
#include "base/str.h"
#include "h2client/error.h"

/*
 * `base` is an absolute http or https URL. The joined one has no dot segments and no
 * fragment; spaces and bytes above 0x7F in path and query, which servers send all the same,
 * are percent-encoded. A reference with another scheme is given back as it is. NULL: no memory.
 */
const char *h2i_url_join(struct h2i_arena *arena, const char *base, const char *reference);

/* Does it begin with a scheme (RFC 3986 3.1) and a colon? */
bool h2i_url_has_scheme(const char *reference);

/* What stands behind the first #; NULL: there is none. */
const char *h2i_url_fragment(const char *reference);

#endif
