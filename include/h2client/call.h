/* SPDX-License-Identifier: MIT */
/*
 * Calls: one request each, and what becomes of it.
 *
 *     h2client_call *call = h2client_get(session, "https://example.com/",
 *                                        .total_timeout_ms = 10000);
 *     const h2client_response *resp = h2client_call_await(call);
 *     if (resp)
 *         puts(h2client_response_body(resp).data);
 *     else
 *         puts(h2client_call_error(call)->message);
 *     h2client_call_destroy(call);
 *
 * Life of a call
 *   1. Starting never blocks, runs no callback and cannot fail apart: whatever
 *      is wrong, a bad URL included, is the call's outcome. NULL (no memory) is a
 *      valid argument of every function here.
 *   2. It runs while something drives its session (session.h, "Who drives").
 *   3. It ends once: on_done runs exactly once for every started call, as its
 *      last callback, with the outcome settled.
 *   4. h2client_call_destroy gives the handle back, at any time, also inside any
 *      callback; a call that still runs is cancelled by it and its on_done still
 *      comes (from the next driving function). A call may outlive its session.
 *
 * Callbacks run one after the other on the session's thread, only from driving
 * functions, and may start, cancel, pause and destroy anything, the call itself
 * and the session included. Driving functions called inside one return REENTRANT
 * (a pointer: NULL) and do nothing; use their twins with try_ there.
 */
#ifndef H2CLIENT_CALL_H
#define H2CLIENT_CALL_H

#include "auth.h"
#include "body.h"
#include "error.h"
#include "proxy.h"
#include "redirect.h"
#include "response.h"
#include "retry.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- callbacks --------------------------------------------------------- */

/* The final response's head has come. At most once. */
typedef void (*h2client_on_response_fn)(h2client_call *call, const h2client_response *resp,
                                        void *user);
/* An interim response (RFC 9110 15.2): 100, 103 ... Its fields end with a NULL
 * name and are valid only during the call. At most 32 times. */
typedef void (*h2client_on_informational_fn)(h2client_call *call, int status,
                                             const h2client_header *fields, void *user);
/* A final response that is not the call's, its body dropped: a redirect that is followed, a
 * status that is tried again, a challenge that is answered. Its fields end with a NULL name and
 * are valid only during the call. h2client_call_attempt has the rest of the story. */
typedef void (*h2client_on_passed_over_fn)(h2client_call *call, int status,
                                           const h2client_header *fields, void *user);
/*
 * Bytes of the body (len >= 1), in order, valid only during the call. Returns how
 * many of them are done with; their room is given back to the peer. The rest is
 * given back later by h2client_call_credit: bytes not credited hold the sender
 * back. Usually: return len. More than len counts for bytes kept before, and no
 * further.
 */
typedef size_t (*h2client_on_data_fn)(h2client_call *call, const void *data, size_t len,
                                      void *user);
/* There is room again for a body that is written, after h2client_call_try_write had to leave
 * bytes over. */
typedef void (*h2client_on_writable_fn)(h2client_call *call, void *user);
/* More of the request's body has gone out: n_bytes of n_total (-1: not known) so far, as an
 * attempt counts them; it begins again at 0 with the next one. Once a turn at most. */
typedef void (*h2client_on_upload_fn)(h2client_call *call, int64_t n_bytes, int64_t n_total,
                                      void *user);
/* The end: `error` is what h2client_call_error returns (code OK: success). The
 * last callback; the call may be destroyed in it. */
typedef void (*h2client_on_done_fn)(h2client_call *call, const h2client_error *error, void *user);

/* ---- options ----------------------------------------------------------- */

/* How the body of a response is taken when there is no on_data. */
typedef enum h2client_delivery {
    H2CLIENT_DELIVERY_INHERIT = 0,
    /* Collected, up to max_body_bytes. The default. */
    H2CLIENT_DELIVERY_WHOLE = 1,
    /* Held, by flow control, until h2client_call_read takes it. await_response,
     * read and try_read switch a call to this, await and gather back to WHOLE: the
     * response's body then begins after what was read, and max_body_bytes is looked
     * at when more comes. */
    H2CLIENT_DELIVERY_PULL = 2
} h2client_delivery;

typedef enum h2client_http_version {
    H2CLIENT_HTTP_INHERIT = 0,
    /* https: what ALPN chooses; http: HTTP/1.1. The default. */
    H2CLIENT_HTTP_AUTO = 1,
    /* HTTP/2 without asking: over http with prior knowledge (RFC 9113 3.3), over
     * https offering only h2. */
    H2CLIENT_HTTP_2_PRIOR_KNOWLEDGE = 2,
    /* HTTP/1.1; over https nothing else is offered. */
    H2CLIENT_HTTP_1_1 = 3
} h2client_http_version;

/* Who goes first where calls wait for a connection of the same origin. */
typedef enum h2client_priority {
    H2CLIENT_PRIORITY_INHERIT = 0,
    H2CLIENT_PRIORITY_LOWEST = 1,
    H2CLIENT_PRIORITY_LOW = 2,
    H2CLIENT_PRIORITY_NORMAL = 3, /* the default */
    H2CLIENT_PRIORITY_HIGH = 4,
    H2CLIENT_PRIORITY_HIGHEST = 5
} h2client_priority;

/*
 * Options of one call. Zero inherits from the session's `defaults`, these from
 * the library (README, "Defaults"). Everything is copied when the call starts,
 * a body's bytes as h2client_body says. Times are milliseconds; every limit takes
 * H2CLIENT_NO_LIMIT; other negative values are INVALID_ARGUMENT.
 */
typedef struct h2client_call_options {
    H2CLIENT_SIZE_MEMBER(h2client_call_options);
    const char *url; /* set by h2client_get and its kin */
    /* Ended by a NULL name. Sent in order, names lower-cased. Names must be tokens,
     * values free of NUL, CR, LF and of space at the ends. Refused, because the
     * library owns them: connection, keep-alive, proxy-connection,
     * transfer-encoding, upgrade, pseudo fields, te but "trailers"; `host` becomes
     * :authority; content-length must equal the body's. A call's list is sent
     * after the session's; a name in it replaces the session's fields of that name, and
     * a NULL value only takes those away. Sent unless replaced: user-agent, accept. */
    const h2client_header *headers;
    const h2client_body *body; /* NULL: none */
    h2client_on_response_fn on_response;
    h2client_on_informational_fn on_informational;
    h2client_on_data_fn on_data;
    h2client_on_done_fn on_done;
    void *user;               /* for the callbacks, those further down as well */
    int64_t total_timeout_ms; /* from the start to the end; none */
    /* DNS + connect + TLS together; 20,000. The three after it are limits of one dial,
     * which calls to an origin share: those of the call that caused it. Where one of
     * them passes, calls that allow more wait for another dial. */
    int64_t connect_timeout_ms;
    int64_t dns_timeout_ms;          /* 5,000 */
    int64_t sock_connect_timeout_ms; /* all addresses together; 10,000 */
    int64_t tls_timeout_ms;          /* 10,000 */
    int64_t first_byte_timeout_ms;   /* request sent to the response's head; 60,000 */
    int64_t read_idle_timeout_ms;    /* between bytes of the body; 60,000 */
    int64_t write_stall_timeout_ms;  /* no byte of the request accepted; 30,000 */
    int64_t max_body_bytes;          /* of a collected body; 64 MiB */
    h2client_delivery delivery;
    h2client_http_version http_version;
    const h2client_retry_options *retry; /* see retry.h */
    int64_t queue_timeout_ms;            /* waiting for room on a connection; none */
    /* With expect_continue: how long the body is held back for the server's word; 1,000. */
    int64_t expect_timeout_ms;
    h2client_priority priority;
    /* ON: a request with a body says `Expect: 100-continue` (RFC 9110 10.1.1) and keeps the
     * body back until the server says 100 or the time is over; a final status before
     * that, and it is not sent at all. OFF. A caller's own `expect` field says the same. */
    h2client_switch expect_continue;
    const h2client_redirect_options *redirect; /* see redirect.h */
    /* What a `url` without a scheme is joined to (RFC 3986 5.2): "https://api.test/v1/" and
     * "users?page=2" make "https://api.test/v1/users?page=2". None. */
    const char *base_url;
    /* Sent in place of "h2client/" and the version; "": not at all. The field in `headers`
     * goes before it. */
    const char *user_agent;
    /* ON: a status of 400 and above ends the call with STATUS (once `retry` is through with
     * it); on_response and on_data do not run then, and h2client_call_partial_response has the
     * status, the fields and the first 4 KiB of the body. OFF. */
    h2client_switch raise_for_status;
    /* ON: gzip, deflate, br and zstd, as far as they are built in, are offered
     * (accept-encoding, unless the caller says one) and decoded: max_body_bytes, on_data and
     * read mean decoded bytes, content-length and the figures what was received. A body that
     * grows a thousandfold beyond its first MiB ends the call with CODING_RATIO, a coding that
     * is not known with CODING_UNSUPPORTED. OFF: the body as it comes. The default is ON. */
    h2client_switch decompress;
    /*
     * Bytes of the body a second, as they come and go (coded); none. For the call with all its
     * attempts, each direction by itself; header fields, framing and what is dropped of a
     * response on the way (a redirect's) are not counted. It goes in slices of 50 ms worth;
     * what is not used is kept for up to 100 ms worth or, at low rates, 16 KiB or a second's
     * worth, whichever is less. Other calls on the connection are not held.
     *
     * Down: bytes are held, in the room that the stream's window has for them, until the reader
     * may have them, whole, pulled or pushed; that holds the sender. A success ends with its
     * last byte, a pulled one once what is left may be read in one go. A failure, and the total
     * limit, end the call at once, and what had come is then given without delay.
     * read_idle_timeout_ms rests while bytes are held.
     *
     * Up: the body is read as its bytes may go; write_stall_timeout_ms rests meanwhile.
     */
    int64_t max_recv_bytes_per_s;
    int64_t max_send_bytes_per_s;
    const char *made_at; /* set by the macros: where; a debug build names calls by it */
    /* Added to the URL's query, percent-encoded: .params = H2CLIENT_PARAMS({"q", "a b"}). None;
     * a session has none for all its calls. */
    const h2client_param *params;
    /* Cookies that go along besides the jar's; to other origins they do not. The caller's own
     * field `cookie` goes before them. None. */
    const h2client_param *cookies;
    const h2client_auth *auth; /* see auth.h */
    h2client_on_writable_fn on_writable;
    h2client_on_upload_fn on_upload;
    /*
     * Fields that follow the request's body (RFC 9110 6.5). They need a body; over HTTP/1.1 it
     * goes out in chunks then, whatever its length. Where their values are known only at
     * the body's end, an empty list ({NULL, NULL}) says that h2client_call_set_trailers will
     * bring them. Refused, besides what `headers` may not have: what frames, routes, or says how
     * to take the message (RFC 9110 6.5.1), as host, content-type or authorization. The field
     * `trailer` announces those that are given here. A session has none for all its calls.
     */
    const h2client_header *trailers;
    /* Where user and password of a host are looked up when nothing else says them: a file in
     * the form of netrc, read when the call starts (a session's: when it is made). "~/" is
     * the user's home; a file there may be missing. The host must match exactly; the entry
     * `default` is for all others. NETRC: it cannot be read, or names its bad line. "": none,
     * which is the default. */
    const char *netrc_file;
    h2client_on_passed_over_fn on_passed_over;
    const h2client_proxy_options *proxy; /* see proxy.h */
} h2client_call_options;

/* ---- starting ---------------------------------------------------------- */

/*
 * The function under the macros. `method` NULL: GET; `url` NULL: options->url.
 * Returns NULL only for lack of memory, and when there is no session any more that
 * could run it: `session` is NULL (it could not be made), or is being destroyed.
 */
H2CLIENT_API H2CLIENT_MUST_USE h2client_call *h2client_start(h2client_session *session,
                                                             const char *method, const char *url,
                                                             const h2client_call_options *options);

#ifndef __cplusplus

/* Options as an argument: h2client_start(s, "PURGE", url, H2CLIENT_CALL(.user = me)). */
#define H2CLIENT_CALL(...)                                                              \
    (&(const h2client_call_options){__VA_ARGS__, .size = sizeof(h2client_call_options), \
                                    .made_at = H2CLIENT_HERE})

/* h2client_get(session, url, .option = value ...): C11's keyword arguments. The
 * literals live until the end of the enclosing block. */
#define H2CLIENT_KEYWORD_CALL(session, method, ...) \
    h2client_start(session, method, NULL, H2CLIENT_CALL(.url = __VA_ARGS__))

#define h2client_get(session, ...) H2CLIENT_KEYWORD_CALL(session, "GET", __VA_ARGS__)
#define h2client_head(session, ...) H2CLIENT_KEYWORD_CALL(session, "HEAD", __VA_ARGS__)
#define h2client_post(session, ...) H2CLIENT_KEYWORD_CALL(session, "POST", __VA_ARGS__)
#define h2client_put(session, ...) H2CLIENT_KEYWORD_CALL(session, "PUT", __VA_ARGS__)
#define h2client_patch(session, ...) H2CLIENT_KEYWORD_CALL(session, "PATCH", __VA_ARGS__)
#define h2client_delete(session, ...) H2CLIENT_KEYWORD_CALL(session, "DELETE", __VA_ARGS__)

#define H2CLIENT_HEADERS(...) ((const h2client_header[]){__VA_ARGS__, {NULL, NULL}})

#endif

/* ---- waiting: these drive ---------------------------------------------- */

/* Until the call has ended, its body taken whole. The response, or NULL: see
 * h2client_call_error (PENDING: interrupted by h2client_session_wake, or not possible
 * here: inside a callback, in a child, over a loop that cannot wait). */
H2CLIENT_API const h2client_response *h2client_call_await(h2client_call *call);
/* Until the response's head is there, or the call has failed. */
H2CLIENT_API const h2client_response *h2client_call_await_response(h2client_call *call);
/* Until all have ended, each body taken whole. NULLs are skipped. The list itself must
 * stay as it is meanwhile; its calls may be destroyed in callbacks. OK; INTERRUPTED,
 * REENTRANT, FORKED, or INVALID_ARGUMENT (no list, or a loop that cannot wait); how each
 * ended is its own to tell. */
H2CLIENT_API h2client_error_code h2client_gather(h2client_call *const *calls, size_t n);
/* Until one of them has ended: its place in the list; n when the list is empty or
 * all are NULL, or when interrupted, reentrant or not possible here. A call that has ended
 * before counts. The calls are of one session; the list stays as it is, as for gather.
 * Bodies are taken as each call's delivery says: one that is pulled ends only once its
 * bytes have been read, as far as they do not fit in its window. */
H2CLIENT_API size_t h2client_wait_any(h2client_call *const *calls, size_t n);

/* ---- pulling the body -------------------------------------------------- */

/*
 * Takes bytes of the body, waiting for at least one. OK with *n >= 1; OK with
 * *n == 0 at the end; otherwise the call's error code, with *n == 0, or INTERRUPTED,
 * REENTRANT, FORKED, or INVALID_ARGUMENT (no place for the bytes, a call with on_data, a
 * loop that cannot wait). Each byte taken gives its room back to the peer. What a failed
 * call received is read first.
 */
H2CLIENT_API H2CLIENT_MUST_USE h2client_error_code h2client_call_read(h2client_call *call,
                                                                      void *buf, size_t cap,
                                                                      size_t *n);
/* The twin that drives nothing and works anywhere: PENDING when there is none now. */
H2CLIENT_API H2CLIENT_MUST_USE h2client_error_code h2client_call_try_read(h2client_call *call,
                                                                          void *buf, size_t cap,
                                                                          size_t *n);

/*
 * Takes the next line of the body, without its end (LF or CR LF), waiting for it. OK with *line,
 * *len bytes and a NUL behind them, valid until the next reading of the call's body and until
 * it is destroyed; OK with *line NULL at the end. What stands behind the last line end is a
 * line as well. A line longer than max_body_bytes ends the call with LINE_TOO_LONG; otherwise
 * results as for read, which may go on where the lines stopped.
 */
H2CLIENT_API H2CLIENT_MUST_USE h2client_error_code h2client_call_read_line(h2client_call *call,
                                                                           const char **line,
                                                                           size_t *len);
/* The twin that drives nothing and works anywhere: PENDING when there is none now. */
H2CLIENT_API H2CLIENT_MUST_USE h2client_error_code h2client_call_try_read_line(h2client_call *call,
                                                                               const char **line,
                                                                               size_t *len);

/*
 * Writes the rest of the body to a descriptor as it comes, through a buffer of 64 KiB, until
 * its end: OK. Otherwise the call's error code; OUTPUT_FAILED, which is the call's error then,
 * with system_errno, where the descriptor did not take it; INTERRUPTED, after which it may be
 * called again and goes on; REENTRANT, FORKED, INVALID_ARGUMENT as for read. The descriptor
 * stays open. While it takes no bytes, other calls of the session stand still as well; a
 * program that cannot have that uses on_data with pause and resume.
 */
H2CLIENT_API H2CLIENT_MUST_USE h2client_error_code h2client_call_save(h2client_call *call, int fd);

/* ---- writing the request's body (H2CLIENT_WRITTEN) ----------------------- */

/*
 * Takes all of the bytes, waiting where the peer has no room for them; what is taken is copied,
 * and up to 64 KiB of it are held. Reading and writing may alternate as the server likes it
 * (HTTP/2); who reads has to see to it that the response does not fill up meanwhile. OK;
 * UPLOAD_UNWANTED when nobody takes more of it, since the call has ended well or its body was
 * dropped on the way (a redirect that makes it a GET); the call's error code when it failed;
 * INTERRUPTED, where `*n`, if not NULL, tells how many bytes were taken, REENTRANT, FORKED,
 * INVALID_ARGUMENT (a body that is not written so, or is finished).
 */
H2CLIENT_API h2client_error_code h2client_call_write(h2client_call *call, const void *data,
                                                     size_t len, size_t *n);
/* The twin that drives nothing and works anywhere: takes *n bytes, as many as there is room
 * for; PENDING when there is none; on_writable tells when there is some again. */
H2CLIENT_API H2CLIENT_MUST_USE h2client_error_code h2client_call_try_write(h2client_call *call,
                                                                           const void *data,
                                                                           size_t len, size_t *n);
/* The body is whole. Anywhere, drives nothing. Results as for try_write. A call whose body
 * is never finished goes on until a limit or its cancellation. */
H2CLIENT_API h2client_error_code h2client_call_finish(h2client_call *call);
/* The trailers, copied (what they take is given back with the call), in place of those that
 * were given before; anywhere, with any kind of body that has not ended yet, in calls that were
 * started with `trailers`. OK; HEADER_INVALID, HEADER_FORBIDDEN, after which the former ones
 * hold; UPLOAD_UNWANTED; INVALID_ARGUMENT; NO_MEMORY. */
H2CLIENT_API h2client_error_code h2client_call_set_trailers(h2client_call *call,
                                                            const h2client_header *trailers);

/* ---- anywhere, also inside callbacks ----------------------------------- */

/* The response: NULL until its head has come, and NULL again once the call has
 * failed. Borrowed from the call. An HTTP status >= 400 is a response. */
H2CLIENT_API const h2client_response *h2client_call_response(const h2client_call *call);
/* What a failed call did receive; NULL if that was nothing. */
H2CLIENT_API const h2client_response *h2client_call_partial_response(const h2client_call *call);
/* Never NULL: OK after a success, PENDING while running, and for a NULL call the
 * static NO_MEMORY. */
H2CLIENT_API const h2client_error *h2client_call_error(const h2client_call *call);
/* PENDING while it runs, then the code of its error (OK: success). */
H2CLIENT_API h2client_error_code h2client_call_state(const h2client_call *call);
H2CLIENT_API void *h2client_call_user(const h2client_call *call);
/* Counters, times and addresses; never NULL; see response.h. */
H2CLIENT_API const h2client_call_info *h2client_call_get_info(const h2client_call *call);
/* The TLS of the connection that carried the last attempt, which is the proxy's where an http
 * URL goes to a proxy of https. Made when it is first asked for, which takes tens of
 * microseconds a connection; of one that is closed while calls that it carried are not
 * destroyed, then. Calls of a connection share it; it is valid as long as the call, and until
 * its next attempt begins. NULL: no connection yet, or none of TLS; no memory. */
H2CLIENT_API const h2client_tls_info *h2client_call_tls_info(const h2client_call *call);

/* Ends the call with CANCELLED (on the wire RST_STREAM with CANCEL, RFC 9113
 * 5.4.2); others are not disturbed. Nothing happens to one that has ended. */
H2CLIENT_API void h2client_call_cancel(h2client_call *call);
/* No more on_data until resume, nor the on_done of a success; what the window has room
 * for still arrives and is held. While its own reader holds bytes the read idle limit
 * rests; the total limit does not. A failure drops what is held. Nothing changes for
 * bodies that are collected or pulled. */
H2CLIENT_API void h2client_call_pause(h2client_call *call);
H2CLIENT_API void h2client_call_resume(h2client_call *call);
/* Gives back the room of bytes that on_data kept. More than that is INVALID_ARGUMENT. */
H2CLIENT_API h2client_error_code h2client_call_credit(h2client_call *call, size_t n_bytes);
/* A body's pull function that said NOT_NOW is asked again. */
H2CLIENT_API void h2client_call_resume_upload(h2client_call *call);
/* Gives the handle back; NULL is fine; see "Life of a call". */
H2CLIENT_API void h2client_call_destroy(h2client_call *call);
H2CLIENT_AUTO(call, h2client_call_destroy)

#ifdef __cplusplus
} /* extern "C" */

/* C++ has no compound literals: fill an h2client_call_options and hand it over. */
inline h2client_call *h2client_get(h2client_session *session, const char *url,
                                   const h2client_call_options &options = h2client_call_options())
{
    return h2client_start(session, "GET", url, &options);
}
inline h2client_call *h2client_head(h2client_session *session, const char *url,
                                    const h2client_call_options &options = h2client_call_options())
{
    return h2client_start(session, "HEAD", url, &options);
}
inline h2client_call *h2client_post(h2client_session *session, const char *url,
                                    const h2client_call_options &options = h2client_call_options())
{
    return h2client_start(session, "POST", url, &options);
}
inline h2client_call *h2client_put(h2client_session *session, const char *url,
                                   const h2client_call_options &options = h2client_call_options())
{
    return h2client_start(session, "PUT", url, &options);
}
inline h2client_call *h2client_patch(h2client_session *session, const char *url,
                                     const h2client_call_options &options = h2client_call_options())
{
    return h2client_start(session, "PATCH", url, &options);
}
inline h2client_call *h2client_delete(
    h2client_session *session, const char *url,
    const h2client_call_options &options = h2client_call_options())
{
    return h2client_start(session, "DELETE", url, &options);
}
#endif

#endif
