/* SPDX-License-Identifier: MIT */
/*
 * Authentication (RFC 9110 11): who a call says it comes from.
 *
 * Credentials belong to the origin that a call was started for: they are sent to it, and to
 * no other that a redirect leads to. Where several are given, the first of these holds: the
 * caller's own `authorization` field; the call's `auth`; the session's field, then its `auth`;
 * user and password in the call's URL, then those of `netrc_file` (call.h), both by Basic.
 */
#ifndef H2CLIENT_AUTH_H
#define H2CLIENT_AUTH_H

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum h2client_auth_scheme {
    H2CLIENT_AUTH_INHERIT = 0,
    H2CLIENT_AUTH_NONE = 1,   /* nothing, whatever the session and the URL say */
    H2CLIENT_AUTH_BASIC = 2,  /* RFC 7617; sent at once, in UTF-8 as it is given */
    H2CLIENT_AUTH_BEARER = 3, /* RFC 6750; sent at once */
    /* RFC 7616: SHA-512-256, SHA-256 or MD5, qop auth. The first request goes without, is
     * answered by 401, and sent again with the proof, its body rewound; later ones to the
     * origin by the same user bring it at once. Credentials that the server does not take
     * leave its 401 as the response. Needs the feature "digest". */
    H2CLIENT_AUTH_DIGEST = 4,
    /* A function of the caller's adds fields to each request as it is about to go out. */
    H2CLIENT_AUTH_SIGNED = 5
} h2client_auth_scheme;

/* A request as it goes out, attempt by attempt. All of it is valid during the call only. */
typedef struct h2client_signable {
    size_t size;
    const char *method;
    const char *url;               /* whole, without fragment and userinfo */
    const char *scheme;            /* "https" */
    const char *authority;         /* what host or :authority will say */
    const char *path;              /* with the query; "/" at least */
    const h2client_header *fields; /* in order, names in small letters, cookies too; without
                                      host, content-length and framing. Ends with a NULL name */
    const void *body;              /* where it is bytes in memory; NULL otherwise */
    int64_t body_len;              /* -1: not known; 0: none */
    int64_t n_attempt;             /* from 1 on */
} h2client_signable;

typedef struct h2client_signature h2client_signature;

/*
 * Reads the request, and adds fields to it by h2client_sign. False ends the call with
 * SIGN_FAILED. Runs from driving functions like any callback, before each attempt: retries are
 * signed anew, redirects as long as they stay within the origin (or with trust_all).
 */
typedef bool (*h2client_sign_fn)(h2client_signature *signature, const h2client_signable *request,
                                 void *user);
/* In that function: adds the field, in place of all of its name. Copied. OK, HEADER_INVALID,
 * HEADER_FORBIDDEN (host and content-length too), NO_MEMORY. */
H2CLIENT_API h2client_error_code h2client_sign(h2client_signature *signature, const char *name,
                                               const char *value);

/* Copied when the call starts. What cannot be sent ends the call with INVALID_ARGUMENT. */
typedef struct h2client_auth {
    H2CLIENT_SIZE_MEMBER(h2client_auth);
    /* BASIC: no colon, no controls; NULL: "". DIGEST: no controls; NULL: the URL's, or that
     * of netrc_file; where there is none either, no login. */
    const char *user;
    const char *password; /* of user; no controls; NULL: "" */
    const char *token;    /* BEARER: letters, digits, -._~+/ and = at the end */
    h2client_auth_scheme scheme;
    int32_t reserved;      /* 0 */
    h2client_sign_fn sign; /* SIGNED */
    void *sign_user;       /* for it */
} h2client_auth;

#ifndef __cplusplus
/* h2client_get(s, url, .auth = H2CLIENT_BASIC("me", "secret")) */
#define H2CLIENT_AUTH(...) (&(const h2client_auth){__VA_ARGS__, .size = sizeof(h2client_auth)})
#define H2CLIENT_BASIC(name, secret) \
    H2CLIENT_AUTH(.scheme = H2CLIENT_AUTH_BASIC, .user = (name), .password = (secret))
#define H2CLIENT_DIGEST(name, secret) \
    H2CLIENT_AUTH(.scheme = H2CLIENT_AUTH_DIGEST, .user = (name), .password = (secret))
#define H2CLIENT_SIGNED(sign_fn, user_data) \
    H2CLIENT_AUTH(.scheme = H2CLIENT_AUTH_SIGNED, .sign = (sign_fn), .sign_user = (user_data))
#define H2CLIENT_BEARER(bearer_token) \
    H2CLIENT_AUTH(.scheme = H2CLIENT_AUTH_BEARER, .token = (bearer_token))
#endif

#ifdef __cplusplus
}
#endif

#endif
