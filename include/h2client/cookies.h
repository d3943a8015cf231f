/* SPDX-License-Identifier: MIT */
/*
 * Cookies (RFC 6265bis): jars that sessions fill from responses and send from.
 *
 * A session without a jar of the caller's has one of its own that lives as long as it. A jar
 * is counted by reference and may serve several sessions of one thread; a session holds a
 * reference while it lives. h2client_cookie_jar_none keeps nothing. A jar is a port: an
 * application may put its own vtable in place of the built-in one.
 *
 * The built-in jar refuses what RFC 6265bis 5.7 refuses: domains that do not match, public
 * suffixes (where libpsl is built in; without it, domains of one label), control
 * characters, Secure from http, __Secure- and __Host- without their terms, SameSite=None
 * without Secure. SameSite is kept and can be read; calls have no site of their own. Bounds:
 * 180 cookies a registrable domain (of these the ones without Secure go first), 3,000 in all
 * (the one used longest ago goes first, expired ones before), 4,096 bytes of name and value,
 * 1,024 of an attribute, 400 days of life.
 */
#ifndef H2CLIENT_COOKIES_H
#define H2CLIENT_COOKIES_H

#include "allocator.h"
#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct h2client_cookie_jar h2client_cookie_jar;

/* A request, as far as it matters. Strings live during the call only. */
typedef struct h2client_cookie_request {
    size_t size;
    const char *host; /* lower-case, A-labels, no trailing dot, no brackets */
    const char *path; /* begins with a slash; no query */
    int64_t now_s;    /* since 1970-01-01 UTC */
    bool host_is_literal;
    bool is_secure; /* https */
    uint8_t reserved[6];
} h2client_cookie_request;

/* Takes a pair that goes into the request's cookie field, in the order of the calls; without a
 * name (name_len 0) the value goes alone. False: there is no room for it (the field is bounded:
 * 8 KiB), go on with the next. It leaves the jar alone. */
typedef bool (*h2client_cookie_sink_fn)(void *sink, const char *name, size_t name_len,
                                        const char *value, size_t value_len);

typedef struct h2client_cookie_jar_ops {
    size_t size;
    /* One set-cookie field of a response. What is wrong with it is nobody's error. */
    void (*store)(h2client_cookie_jar *jar, const h2client_cookie_request *request,
                  const char *set_cookie);
    void (*select)(h2client_cookie_jar *jar, const h2client_cookie_request *request,
                   h2client_cookie_sink_fn add, void *sink);
    void (*ref)(h2client_cookie_jar *jar);
    void (*unref)(h2client_cookie_jar *jar); /* the last one destroys it */
} h2client_cookie_jar_ops;

/* Implementations embed it as their first member. */
struct h2client_cookie_jar {
    const h2client_cookie_jar_ops *ops;
};

/* An empty jar with one reference; NULL: no memory. `allocator` NULL: malloc and its kin. */
H2CLIENT_API H2CLIENT_MUST_USE h2client_cookie_jar *h2client_cookie_jar_create(
    const h2client_allocator *allocator);
/* Keeps nothing, sends nothing. Static; its references are not counted. */
H2CLIENT_API h2client_cookie_jar *h2client_cookie_jar_none(void);
/* Both take any jar and NULL. The argument is returned. */
H2CLIENT_API h2client_cookie_jar *h2client_cookie_jar_ref(h2client_cookie_jar *jar);
H2CLIENT_API void h2client_cookie_jar_unref(h2client_cookie_jar *jar);

/* ---- the built-in jar; for others and NULL these do nothing -------------- */

typedef enum h2client_same_site {
    H2CLIENT_SAME_SITE_DEFAULT = 0, /* not given */
    H2CLIENT_SAME_SITE_NONE = 1,
    H2CLIENT_SAME_SITE_LAX = 2,
    H2CLIENT_SAME_SITE_STRICT = 3
} h2client_same_site;

typedef struct h2client_cookie {
    size_t size;
    const char *name;
    const char *value;
    const char *domain; /* without a leading dot */
    const char *path;
    int64_t expires_s; /* since 1970-01-01 UTC; -1: with its session */
    h2client_same_site same_site;
    bool is_host_only; /* of `domain` itself only, not of hosts below it */
    bool is_secure;
    bool is_http_only;
    bool reserved;
} h2client_cookie;

/* Puts one in as if a response of `url` had set it; one that has expired takes its like away.
 * OK; INVALID_ARGUMENT where the jar refuses
 * it, or it is no built-in one; URL_MALFORMED, SCHEME_UNSUPPORTED, NO_MEMORY. */
H2CLIENT_API h2client_error_code h2client_cookie_jar_set(h2client_cookie_jar *jar, const char *url,
                                                         const char *set_cookie, int64_t now_s);
/* How many there are, expired ones that nobody has met included. */
H2CLIENT_API size_t h2client_cookie_jar_count(const h2client_cookie_jar *jar);
/* The ith from 0 on, in the order of their creation; NULL: no more. Valid until the jar
 * changes. Walking all is O(n). */
H2CLIENT_API const h2client_cookie *h2client_cookie_jar_get(const h2client_cookie_jar *jar,
                                                            size_t i);
/* Forgets those of the host and all below it; NULL: all. Returns how many. */
H2CLIENT_API size_t h2client_cookie_jar_clear(h2client_cookie_jar *jar, const char *host);
/* Forgets those without an end of their own, as when a browser is closed. */
H2CLIENT_API size_t h2client_cookie_jar_clear_session(h2client_cookie_jar *jar);

/*
 * Adds what a file in the Netscape format says (seven fields a line, tabs between them;
 * "#HttpOnly_" before a domain; other lines with # and empty ones are skipped). Cookies that
 * have expired are skipped, lines that are wrong too, or say what no server may: *bad_line,
 * if not NULL, is the first of them, from 1 on, or 0. OK; NO_MEMORY; INVALID_ARGUMENT for no
 * built-in jar.
 */
H2CLIENT_API h2client_error_code h2client_cookie_jar_import(h2client_cookie_jar *jar,
                                                            const char *text, size_t len,
                                                            int64_t now_s, size_t *bad_line);
/* Writes all that have not expired in that format, those with their session included (0 in
 * the field for the time); left out are SameSite, and cookies with a TAB in name or path. Gives the
 * length; writes at most cap bytes of it, and a NUL where there is room: call it with cap 0 first.
 */
H2CLIENT_API size_t h2client_cookie_jar_export(const h2client_cookie_jar *jar, int64_t now_s,
                                               char *buf, size_t cap);

#ifdef __cplusplus
}
#endif

#endif
