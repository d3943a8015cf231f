/* SPDX-License-Identifier: MIT */
/* Which cookie is whose: hosts, paths, names with a promise in them (RFC 6265bis 5.1, 5.7).
 * Pure. */
#ifndef H2I_COOKIE_RULES_H
#define H2I_COOKIE_RULES_H

#include "h2client/cookies/cookie_parse.h"

#define H2I_COOKIE_HOST_CAP 254 /* RFC 1035 2.3.4 as text, and a NUL */

/* Lower-case, without a dot at the end, NUL-terminated. False: empty, too long, or no host of
 * ASCII without spaces and controls. */
H2CLIENT_MUST_USE bool h2i_cookie_canonical_host(struct h2i_str text,
                                                 char host[H2I_COOKIE_HOST_CAP]);
/* 5.1.3, both canonical: the host is the domain or below it. An address is below nothing. */
bool h2i_cookie_domain_matches(struct h2i_str host, bool host_is_literal, struct h2i_str domain);
/* 5.1.4 */
struct h2i_str h2i_cookie_default_path(struct h2i_str request_path);
bool h2i_cookie_path_matches(struct h2i_str request_path, struct h2i_str cookie_path);
/* 4.1.3 and 5.7: what the name or, without one, the value begins with. `path_is_root`: said so
 * by the cookie itself. */
bool h2i_cookie_keeps_its_prefix(const struct h2i_cookie_draft *draft, bool path_is_root);

#endif
