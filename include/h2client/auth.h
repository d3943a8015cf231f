/* SPDX-License-Identifier: MIT */
/*
 * Authentication (RFC 9110 11): who a call says it comes from.
 *
 * Credentials belong to the origin that a call was started for: they are sent to it, and to
 * no other that a redirect leads to. Where several are given, the first of these holds: the
 * caller's own `authorization` field; the call's `auth`; the session's field, then its `auth`;
 * user and password in the call's URL (Basic).
 */
#ifndef H2CLIENT_AUTH_H
#define H2CLIENT_AUTH_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum h2client_auth_scheme {
    H2CLIENT_AUTH_INHERIT = 0,
    H2CLIENT_AUTH_NONE = 1,  /* nothing, whatever the session and the URL say */
    H2CLIENT_AUTH_BASIC = 2, /* RFC 7617; sent at once, in UTF-8 as it is given */
    H2CLIENT_AUTH_BEARER = 3 /* RFC 6750; sent at once */
} h2client_auth_scheme;

/* Copied when the call starts. What cannot be sent ends the call with INVALID_ARGUMENT. */
typedef struct h2client_auth {
    H2CLIENT_SIZE_MEMBER(h2client_auth);
    const char *user;     /* BASIC: no colon, no controls; NULL: "" */
    const char *password; /* BASIC: no controls; NULL: "" */
    const char *token;    /* BEARER: letters, digits, -._~+/ and = at the end */
    h2client_auth_scheme scheme;
    int32_t reserved; /* 0 */
} h2client_auth;

#ifndef __cplusplus
/* h2client_get(s, url, .auth = H2CLIENT_BASIC("me", "secret")) */
#define H2CLIENT_AUTH(...) (&(const h2client_auth){__VA_ARGS__, .size = sizeof(h2client_auth)})
#define H2CLIENT_BASIC(name, secret) \
    H2CLIENT_AUTH(.scheme = H2CLIENT_AUTH_BASIC, .user = (name), .password = (secret))
#define H2CLIENT_BEARER(bearer_token) \
    H2CLIENT_AUTH(.scheme = H2CLIENT_AUTH_BEARER, .token = (bearer_token))
#endif

#ifdef __cplusplus
}
#endif

#endif
