/* SPDX-License-Identifier: MIT */
/*
 * Redirects (RFC 9110 15.4): 301, 302, 303, 307 and 308 with a location are followed.
 *
 * 303 makes a GET of everything but HEAD, 301 and 302 make a GET of a POST; such a request
 * loses its body and the fields that describe it. 307 and 308 keep both; a body that cannot be
 * rewound ends the call with UPLOAD_REWIND. The fragment is inherited where the location has
 * none, and stays here.
 *
 * Another origin (scheme, host or port) gets no authorization, cookie, proxy-authorization,
 * referer or host field of the caller's, no auth and no userinfo, and they do not come back on
 * a later hop; other fields go along, and the jar's cookies by their own rules. https leads to http
 * only where that is allowed, and nothing leads to other schemes: REDIRECT_REFUSED.
 */
#ifndef H2CLIENT_REDIRECT_H
#define H2CLIENT_REDIRECT_H

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Zero inherits, member by member. */
typedef struct h2client_redirect_options {
    H2CLIENT_SIZE_MEMBER(h2client_redirect_options);
    int64_t max_redirects;           /* 10; H2CLIENT_NONE: the first is too many, see `follow` */
    h2client_switch follow;          /* ON; OFF: the 3xx is the call's response */
    h2client_switch allow_downgrade; /* OFF; ON: from https to http, without secrets */
    h2client_switch trust_all;       /* OFF; ON: credentials go to every origin */
    /* OFF: a POST becomes a GET; ON: it stays one. */
    h2client_switch keep_post_301;
    h2client_switch keep_post_302;
    h2client_switch keep_post_303;
} h2client_redirect_options;

#ifndef __cplusplus
#define H2CLIENT_REDIRECT(...) \
    (&(const h2client_redirect_options){__VA_ARGS__, .size = sizeof(h2client_redirect_options)})
#endif

#ifdef __cplusplus
}
#endif

#endif
