/* SPDX-License-Identifier: MIT */
/* A set-cookie field read (RFC 6265bis 5.6). Pure: what a jar thinks of it comes later. */
#ifndef H2I_COOKIE_PARSE_H
#define H2I_COOKIE_PARSE_H

#include "base/str.h"
#include "h2client/cookies.h"

#define H2I_COOKIE_MAX_PAIR_LEN 4096 /* name and value together */
#define H2I_COOKIE_MAX_ATTRIBUTE_LEN 1024
#define H2I_COOKIE_MAX_LIFE_S (INT64_C(400) * 86400)
#define H2I_COOKIE_IS_SESSION (-1) /* in place of a time: no end of its own */

/* A cookie that nobody keeps yet: views. */
struct h2i_cookie_draft {
    struct h2i_str name; /* may be empty: the value goes out alone */
    struct h2i_str value;
    struct h2i_str domain; /* from a field: as given behind a leading dot; empty: not given */
    struct h2i_str path;   /* begins with a slash; empty: not given */
    int64_t expires_s;     /* INT64_MIN: at once */
    h2client_same_site same_site;
    bool domain_is_literal; /* an address */
    bool is_host_only;
    bool is_secure;
    bool is_http_only;
};

/* False: to be ignored as a whole. `now_s` turns ages into times. What stands in
 * relation to the request is left open: domain_is_literal and is_host_only are false. */
H2CLIENT_MUST_USE bool h2i_cookie_parse(struct h2i_str text, int64_t now_s,
                                        struct h2i_cookie_draft *draft);
/* Other than TAB. */
bool h2i_cookie_has_control(struct h2i_str text);
/* Whether name and value may be a cookie's: no controls but TAB, not too long, not both empty,
 * and no value without a name that a server would take for a pair. */
H2CLIENT_MUST_USE bool h2i_cookie_pair_is_fine(struct h2i_str name, struct h2i_str value);
/* An end that has come; that of a session never does. */
static inline bool h2i_cookie_is_past(int64_t expires_s, int64_t now_s)
{
    return expires_s != H2I_COOKIE_IS_SESSION && expires_s <= now_s;
}
/* Not more than 400 days ahead. */
int64_t h2i_cookie_clamp_expiry(int64_t expires_s, int64_t now_s);

#endif
