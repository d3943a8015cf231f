/* SPDX-License-Identifier: MIT */
/*
 * URL: absolute http and https URLs, parsed once and strictly (RFC 3986, RFC 9110 4).
 *
 * Refused: backslashes, controls and spaces anywhere, bytes above 0x7F anywhere but in
 * the host (idna.h), encoded delimiters or percent signs in the host but for an IPv6
 * zone's (RFC 6874, its number only), empty hosts, ports above 65535, IPv4 literals in
 * other than dotted-quad form (a last label that is a number). No normalisation of path
 * or query: they go out byte for byte.
 */
#ifndef H2I_URL_H
#define H2I_URL_H

#include "base/arena.h"
#include "base/str.h"
#include "h2client/error.h"

struct h2i_url {
    bool is_https;
    bool has_path;         /* false: nothing, not even a query, follows the authority */
    bool host_is_literal;  /* an IPv4 or IPv6 address */
    uint16_t port;         /* the scheme's default when none was given */
    const char *host;      /* lower-case, A-labels; no brackets, no trailing dot; "fe80::1%2" */
    const char *authority; /* as sent: host, brackets and trailing dot as given, lower-case, no
                              zone, and the port unless it is the scheme's default */
    const char *path;      /* with query, at least "/"; no fragment */
    const char *userinfo;  /* "user:password" as written, or NULL; never sent or shown */
    const char *display;   /* the URL without userinfo and fragment, for people */
};

/* OK, URL_MALFORMED, SCHEME_UNSUPPORTED or NO_MEMORY; `why` says what is wrong and
 * where ("port 99999 is above 65535", "space at offset 12"), never the userinfo. */
h2client_error_code h2i_url_parse(struct h2i_arena *arena, const char *text, struct h2i_url *url,
                                  struct h2i_text *why);

#endif
