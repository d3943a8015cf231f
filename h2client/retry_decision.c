/* SPDX-License-Identifier: MIT */
#include "h2client/retry_decision.h"

#include "h2client/http/http_date.h"
#include "h2client/settings.h"

#define REPLAY_BASE_US INT64_C(100000)
#define REPLAY_MAX_US INT64_C(2000000)
#define MAX_MAYBE_PROCESSED 1
#define HTTP_1_1_REQUIRED 0xd /* RFC 9113 7 */
#define MISDIRECTED_REQUEST 421

/* ---- settings -------------------------------------------------------------------- */

const struct h2i_retry_settings *h2i_retry_defaults(void)
{
    static const int32_t statuses[] = {408, 429, 500, 502, 503, 504, 0};
    static const struct h2i_retry_settings defaults = {
        .statuses = statuses,
        .max_replays = 2,
        .max_retries = 0,
        .base_delay_us = 1000000,
        .max_delay_us = 30000000,
        .max_retry_after_us = 60000000,
        .max_elapsed_us = INT64_MAX,
        .has_jitter = true,
        .errors = H2CLIENT_RETRY_ERRORS_TRANSIENT,
    };
    return &defaults;
}

static h2client_error_code apply_choices(struct h2i_retry_settings *settings,
                                         const h2client_retry_options *options,
                                         struct h2i_text *why)
{
    h2client_error_code code =
        h2i_switch_apply(&settings->has_jitter, options->jitter, "retry.jitter", why);

    if (!code)
        code = h2i_switch_apply(&settings->covers_any_method, options->any_method,
                                "retry.any_method", why);
    if (code)
        return code;
    if ((unsigned)options->errors > H2CLIENT_RETRY_ERRORS_ALL) {
        h2i_text_add(why, "retry.errors: %d is not one of its values", (int)options->errors);
        return H2CLIENT_ERROR_INVALID_ARGUMENT;
    }
    if (options->errors)
        settings->errors = options->errors;
    if (options->statuses)
        settings->statuses = options->statuses;
    return H2CLIENT_OK;
}

h2client_error_code h2i_retry_apply(struct h2i_retry_settings *settings,
                                    const h2client_retry_options *options, struct h2i_text *why)
{
    const struct {
        int64_t *value;
        int64_t given;
        const char *name;
    } times[] = {
        {&settings->base_delay_us, options->base_delay_ms, "retry.base_delay_ms"},
        {&settings->max_delay_us, options->max_delay_ms, "retry.max_delay_ms"},
        {&settings->max_retry_after_us, options->max_retry_after_ms, "retry.max_retry_after_ms"},
        {&settings->max_elapsed_us, options->max_elapsed_ms, "retry.max_elapsed_ms"},
    };
    h2client_error_code code =
        h2i_count_apply(&settings->max_replays, options->max_replays, "retry.max_replays", why);

    if (!code)
        code =
            h2i_count_apply(&settings->max_retries, options->max_retries, "retry.max_retries", why);
    for (size_t i = 0; !code && i < sizeof times / sizeof times[0]; i++)
        code = h2i_limit_apply(times[i].value, times[i].given, 1000, times[i].name, why);
    return code ? code : apply_choices(settings, options, why);
}

/* ---- delays ---------------------------------------------------------------------- */

/* The nth (from 0) is base doubled n times, up to max; with full jitter a part of it. */
static int64_t back_off(int64_t base_us, int64_t max_us, int32_t n, bool has_jitter,
                        uint64_t random)
{
    int64_t delay_us = base_us;

    for (int32_t i = 0; i < n && delay_us < max_us; i++)
        delay_us = delay_us > max_us / 2 ? max_us : delay_us * 2;
    if (delay_us > max_us)
        delay_us = max_us;
    if (has_jitter && delay_us > 0)
        delay_us = (int64_t)(random % ((uint64_t)delay_us + 1));
    return delay_us;
}

static int64_t replay_delay(int32_t n, uint64_t random)
{
    return n < 0 ? 0 : back_off(REPLAY_BASE_US, REPLAY_MAX_US, n, true, random);
}

int64_t h2i_retry_after_us(const char *value, int64_t now_s)
{
    uint64_t seconds;
    int64_t date_s;

    if (!value)
        return -1;
    if (h2i_str_parse_uint(h2i_str_of(value), INT64_MAX / 1000000, &seconds))
        return (int64_t)seconds * 1000000;
    if (value[0] && value[strspn(value, "0123456789")] == 0) /* above all that is a time */
        return INT64_MAX;
    if (!h2i_http_date_parse(h2i_str_of(value), now_s, &date_s))
        return -1;
    return date_s <= now_s ? 0 : (date_s - now_s) * 1000000;
}

/* ---- what may be repeated ---------------------------------------------------------- */

/* The connection went, with or without a word; a server that breaks the protocol would
 * break it again. */
static bool was_connection_lost(h2client_error_code code)
{
    switch (code) {
    case H2CLIENT_ERROR_EMPTY_REPLY:
    case H2CLIENT_ERROR_TRUNCATED:
    case H2CLIENT_ERROR_CONNECTION_RESET:
    case H2CLIENT_ERROR_SEND_FAILED:
    case H2CLIENT_ERROR_TLS_RECORD:
    case H2CLIENT_ERROR_CONNECTION_DEAD:
    case H2CLIENT_ERROR_H2_GOAWAY:
    case H2CLIENT_ERROR_H2_UNPROCESSED:
        return true;
    default:
        return false;
    }
}

/* Bytes that came before the request went: an idle HTTP/1.1 connection that had ended with a
 * word, such as a 408. */
static bool was_stale(const struct h2i_outcome *outcome)
{
    return outcome->fault.code == H2CLIENT_ERROR_H1_MALFORMED;
}

static bool is_transient(const h2client_fault *fault)
{
    switch (fault->code) {
    case H2CLIENT_ERROR_TIMEOUT:
        return fault->limit != H2CLIENT_LIMIT_TOTAL && fault->limit != H2CLIENT_LIMIT_QUEUE;
    case H2CLIENT_ERROR_DNS_SERVER_FAILED:
    case H2CLIENT_ERROR_DNS_UNREACHABLE:
    case H2CLIENT_ERROR_CONNECT_REFUSED:
    case H2CLIENT_ERROR_CONNECT_FAILED:
    case H2CLIENT_ERROR_H2_REFUSED_STREAM:
        return true;
    default:
        return was_connection_lost(fault->code);
    }
}

/* Not the caller's own doing, and not what only more time or another request can mend. */
static bool is_anybodys(const h2client_fault *fault)
{
    int group = (int)fault->code / 100;

    if (fault->code == H2CLIENT_ERROR_TIMEOUT)
        return is_transient(fault);
    return group >= 2 && fault->code != H2CLIENT_ERROR_QUEUE_FULL &&
           fault->code != H2CLIENT_ERROR_BODY_TOO_LARGE &&
           fault->code != H2CLIENT_ERROR_REQUEST_TOO_LARGE &&
           fault->code != H2CLIENT_ERROR_UPLOAD_READ &&
           fault->code != H2CLIENT_ERROR_UPLOAD_LENGTH &&
           fault->code != H2CLIENT_ERROR_UPLOAD_REWIND;
}

static bool is_covered(const struct h2i_retry_settings *settings, const struct h2i_retry_end *end)
{
    if (!end->outcome) {
        for (const int32_t *status = settings->statuses; *status; status++)
            if (*status == end->status)
                return true;
        return false;
    }
    if (end->status) /* the head may have been seen */
        return false;
    switch (settings->errors) {
    case H2CLIENT_RETRY_ERRORS_TRANSIENT:
        return is_transient(&end->outcome->fault);
    case H2CLIENT_RETRY_ERRORS_ALL:
        return is_anybodys(&end->outcome->fault);
    default:
        return false;
    }
}

/* ---- the decision -------------------------------------------------------------------- */

static const struct h2i_retry_decision nothing = {H2I_RETRY_NONE, 0, false};

static struct h2i_retry_decision replay_unsent(struct h2i_retry_counts *counts,
                                               const struct h2i_retry_end *end)
{
    bool is_refusal = end->outcome->fault.code == H2CLIENT_ERROR_H2_REFUSED_STREAM &&
                      !end->outcome->was_early; /* that is no sign of trouble */
    int32_t n = counts->n_replays++;

    /* Who refused is asked again later; another connection can be tried at once, the first
     * time. */
    return (struct h2i_retry_decision){
        H2I_RETRY_REPLAY, replay_delay(is_refusal ? n : n - 1, end->random), is_refusal};
}

/* Who drops what it works on ends, or begins again, which takes its time; and this is the
 * only other try: it waits, between half of the delay and all of it. */
static struct h2i_retry_decision replay_lost(struct h2i_retry_counts *counts,
                                             const struct h2i_retry_end *end)
{
    int64_t half_us =
        back_off(REPLAY_BASE_US, REPLAY_MAX_US, counts->n_replays, false, end->random) / 2;
    int64_t part_us = (int64_t)(end->random % ((uint64_t)half_us + 1));

    counts->n_replays++;
    counts->n_maybe_processed++;
    return (struct h2i_retry_decision){H2I_RETRY_REPLAY, half_us + part_us, true};
}

static struct h2i_retry_decision replay(const struct h2i_retry_settings *settings,
                                        struct h2i_retry_counts *counts,
                                        const struct h2i_retry_end *end)
{
    const struct h2i_outcome *outcome = end->outcome;
    bool was_lost = was_connection_lost(outcome->fault.code);

    if (counts->n_replays >= settings->max_replays || end->status)
        return nothing;
    if (outcome->replay_class == H2CLIENT_REPLAY_UNPROCESSED ||
        (outcome->replay_class == H2CLIENT_REPLAY_NEVER_SENT && (was_lost || was_stale(outcome))))
        return replay_unsent(counts, end);
    if (outcome->replay_class != H2CLIENT_REPLAY_MAYBE_PROCESSED || !was_lost ||
        !end->is_idempotent || counts->n_maybe_processed >= MAX_MAYBE_PROCESSED)
        return nothing;
    return replay_lost(counts, end);
}

static struct h2i_retry_decision retry(const struct h2i_retry_settings *settings,
                                       struct h2i_retry_counts *counts,
                                       const struct h2i_retry_end *end)
{
    struct h2i_retry_decision decision = {H2I_RETRY_BY_POLICY, 0, true};

    if (counts->n_retries >= settings->max_retries ||
        (!end->is_idempotent && !settings->covers_any_method) || !is_covered(settings, end))
        return nothing;
    decision.delay_us = back_off(settings->base_delay_us, settings->max_delay_us, counts->n_retries,
                                 settings->has_jitter, end->random);
    if (end->retry_after_us > settings->max_retry_after_us)
        return nothing;
    if (end->retry_after_us > decision.delay_us)
        decision.delay_us = end->retry_after_us;
    if (end->elapsed_us > settings->max_elapsed_us - decision.delay_us)
        return nothing;
    counts->n_retries++;
    return decision;
}

/* Two answers that say where to go instead: each is believed once. */
static struct h2i_retry_decision redirect_connection(struct h2i_retry_counts *counts,
                                                     const struct h2i_retry_end *end)
{
    if (!end->outcome && end->status == MISDIRECTED_REQUEST && !counts->was_misdirected) {
        counts->was_misdirected = true;
        return (struct h2i_retry_decision){H2I_RETRY_ELSEWHERE, 0, false};
    }
    if (end->outcome && !end->status && end->outcome->http2_code == HTTP_1_1_REQUIRED &&
        end->may_use_h1 && !counts->was_sent_to_h1) {
        counts->was_sent_to_h1 = true;
        return (struct h2i_retry_decision){H2I_RETRY_OVER_H1, 0, false};
    }
    return nothing;
}

struct h2i_retry_decision h2i_retry_decide(const struct h2i_retry_settings *settings,
                                           struct h2i_retry_counts *counts,
                                           const struct h2i_retry_end *end)
{
    struct h2i_retry_decision decision;

    if (!end->can_rewind)
        return nothing;
    decision = redirect_connection(counts, end);
    if (!decision.kind && end->outcome)
        decision = replay(settings, counts, end);
    if (!decision.kind)
        decision = retry(settings, counts, end);
    return decision;
}

/* ---- the session's bucket -------------------------------------------------------------- */

void h2i_retry_bucket_init(struct h2i_retry_bucket *bucket)
{
    *bucket = (struct h2i_retry_bucket){.n_tokens = H2I_RETRY_TOKENS};
}

bool h2i_retry_bucket_take(struct h2i_retry_bucket *bucket)
{
    if (bucket->n_tokens == 0)
        return false;
    bucket->n_tokens--;
    return true;
}

void h2i_retry_bucket_note_success(struct h2i_retry_bucket *bucket)
{
    if (bucket->n_tokens == H2I_RETRY_TOKENS)
        return;
    if (++bucket->n_successes < H2I_RETRY_SUCCESSES_A_TOKEN)
        return;
    bucket->n_successes = 0;
    bucket->n_tokens++;
}
