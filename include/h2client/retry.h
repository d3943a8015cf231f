/* SPDX-License-Identifier: MIT */
/*
 * Sending again: what is repeated, how often, after how long; and a call's history.
 *
 * Replays need no policy. An attempt that failed is one of (RFC 9110 9.2.2, RFC 9113 8.7)
 *   never_sent       its connection was found dead before a byte of it had left
 *   unprocessed      the server says so: GOAWAY below its stream, REFUSED_STREAM,
 *                    HTTP_1_1_REQUIRED, status 421
 *   maybe_processed  everything else
 * The first two are repeated for any method, the third where the connection was lost
 * before a response came and the method is idempotent (GET, HEAD, OPTIONS, TRACE, PUT,
 * DELETE), once at most; a POST that may have been processed is never sent again. A
 * body must be there once more: bytes and files always are, a pull function with a
 * rewind function is.
 *
 * Retries are a policy's: a status such as 503, or an error after which the way to the
 * server may be free again. None by default.
 *
 * No storm: REFUSED_STREAM, maybe_processed and retries draw on a bucket of 100 tokens
 * that belongs to the session; five calls that succeed give one back. Without a token the
 * call ends with what it has. All waiting counts in the call's total limit; an attempt that
 * would begin after it is not made.
 */
#ifndef H2CLIENT_RETRY_H
#define H2CLIENT_RETRY_H

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* After which errors a policy retries. */
typedef enum h2client_retry_errors {
    H2CLIENT_RETRY_ERRORS_INHERIT = 0,
    H2CLIENT_RETRY_ERRORS_NONE = 1,
    /* Time limits but the total one, name servers, connections that could not be made or
     * were lost before a response. The default. */
    H2CLIENT_RETRY_ERRORS_TRANSIENT = 2,
    /* Every one that the network or the server can cause. */
    H2CLIENT_RETRY_ERRORS_ALL = 3
} h2client_retry_errors;

/* Copied when the call starts. Zero inherits, member by member. */
typedef struct h2client_retry_options {
    H2CLIENT_SIZE_MEMBER(h2client_retry_options);
    const int32_t *statuses;    /* ended by 0; 408, 429, 500, 502, 503, 504 */
    int64_t max_replays;        /* 2; H2CLIENT_NONE: none */
    int64_t max_retries;        /* none; H2CLIENT_NONE: none */
    int64_t base_delay_ms;      /* 1,000: of the first; each next one twice as long ... */
    int64_t max_delay_ms;       /* 30,000: ... up to this */
    int64_t max_retry_after_ms; /* 60,000: what a server may ask for (Retry-After, RFC 9110
                                   10.2.3); when it wants more, its response stands */
    int64_t max_elapsed_ms;     /* none: since the start, after which none begins */
    h2client_switch jitter;     /* ON: a delay is random between 0 and that */
    h2client_switch any_method; /* OFF: ON retries POST and PATCH as well */
    h2client_retry_errors errors;
    int32_t reserved; /* 0 */
} h2client_retry_options;

#ifndef __cplusplus
/* h2client_get(s, url, .retry = H2CLIENT_RETRY(.max_retries = 3)) */
#define H2CLIENT_RETRY(...) \
    (&(const h2client_retry_options){__VA_ARGS__, .size = sizeof(h2client_retry_options)})
#endif

/* One attempt of a call. Allocated by the library only. Times are microseconds since the
 * call's start. */
typedef struct h2client_attempt {
    size_t size;
    const char *reason;       /* why it was not the last: one line; "" for the last */
    const char *peer;         /* "192.0.2.1:443", "" if it had none */
    int64_t started_us;       /* it entered the queue */
    int64_t ended_us;         /* -1 while it runs */
    int64_t delay_us;         /* waited from its end to the next one's start */
    uint64_t conn_id;         /* 0: none */
    int32_t stream_id;        /* -1: none */
    int32_t status;           /* of its response; 0: none */
    h2client_error_code code; /* OK: ended by its status, or the call's success */
    h2client_replay_class replay_class;
    const char *url; /* without userinfo and fragment */
} h2client_attempt;

/* The ith attempt, from 0 on; NULL when there is none, or the call is NULL. Borrowed. */
H2CLIENT_API const h2client_attempt *h2client_call_attempt(const h2client_call *call, size_t i);

#ifdef __cplusplus
}
#endif

#endif
