/* SPDX-License-Identifier: MIT */
/*
 * Whether an ended attempt is followed by another one: a pure decision. No clock, no
 * randomness, no call: what it needs is handed in. What it promises is told in the public
 * header, retry.h.
 */
#ifndef H2I_RETRY_DECISION_H
#define H2I_RETRY_DECISION_H

#include "base/str.h"
#include "h2client/http/message.h"
#include "h2client/retry.h"

/* As a call uses it: every value decided, times in microseconds, "none" INT64_MAX. */
struct h2i_retry_settings {
    const int32_t *statuses; /* ended by 0 */
    int32_t max_replays;
    int32_t max_retries;
    int64_t base_delay_us;
    int64_t max_delay_us;
    int64_t max_retry_after_us;
    int64_t max_elapsed_us;
    bool has_jitter;
    bool covers_any_method;
    h2client_retry_errors errors;
};

/* The library's defaults. Static. */
const struct h2i_retry_settings *h2i_retry_defaults(void);
/* *settings holds what is inherited; the statuses stay the caller's. INVALID_ARGUMENT with
 * `why` naming the option. */
h2client_error_code h2i_retry_apply(struct h2i_retry_settings *settings,
                                    const h2client_retry_options *options, struct h2i_text *why);

/* What was repeated so far, of one call. Zeroed at its start. */
struct h2i_retry_counts {
    int32_t n_replays; /* those below included, but not the two of their own */
    int32_t n_maybe_processed;
    int32_t n_retries;
    bool was_misdirected; /* 421, once */
    bool was_sent_to_h1;  /* HTTP_1_1_REQUIRED, once */
};

/* How an attempt ended: by a failure, or by the head of a response that nobody saw yet. */
struct h2i_retry_end {
    const struct h2i_outcome *outcome; /* NULL: by a status */
    int status;                        /* 0: no head came */
    int64_t retry_after_us;            /* -1: not said */
    int64_t elapsed_us;                /* since the call's start */
    bool is_idempotent;
    bool can_rewind;
    bool may_use_h1; /* https, and the version is not forced */
    uint64_t random;
};

enum h2i_retry_kind {
    H2I_RETRY_NONE = 0,
    H2I_RETRY_REPLAY,    /* on whatever connection */
    H2I_RETRY_ELSEWHERE, /* on another connection than the last one */
    H2I_RETRY_OVER_H1,   /* the origin wants HTTP/1.1 */
    H2I_RETRY_BY_POLICY
};

struct h2i_retry_decision {
    enum h2i_retry_kind kind;
    int64_t delay_us;
    bool takes_token;
};

/* `counts` grows by what is decided. */
struct h2i_retry_decision h2i_retry_decide(const struct h2i_retry_settings *settings,
                                           struct h2i_retry_counts *counts,
                                           const struct h2i_retry_end *end);

/* ---- the session's bucket ---------------------------------------------------------- */

#define H2I_RETRY_TOKENS 100
#define H2I_RETRY_SUCCESSES_A_TOKEN 5

struct h2i_retry_bucket {
    int32_t n_tokens;
    int32_t n_successes; /* since the last token came back */
};

void h2i_retry_bucket_init(struct h2i_retry_bucket *bucket);
H2CLIENT_MUST_USE bool h2i_retry_bucket_take(struct h2i_retry_bucket *bucket);
void h2i_retry_bucket_note_success(struct h2i_retry_bucket *bucket);

/* Retry-After (RFC 9110 10.2.3) as time from now; -1 where it says nothing of sense. */
int64_t h2i_retry_after_us(const char *value, int64_t now_s);

#endif
