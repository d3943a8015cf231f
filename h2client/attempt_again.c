/* SPDX-License-Identifier: MIT */
/* An attempt ends, or its response is not the call's: is there another one? The decisions
 * themselves are retry_decision.c's and redirect_decision.c's. */
#include "base/fault.h"
#include "h2client/attempt_parts.h"
#include "h2client/call_login.h"
#include "h2client/call_redirect.h"
#include "h2client/pool/link.h"
#include "h2client/session_internal.h"

/* The rest of a response that is passed over: longer than this, or slower, it costs more
 * than a new connection. */
#define MAX_DROPPED_BYTES 65536
#define DROP_US INT64_C(1000000)
#define MISDIRECTED_REQUEST 421 /* RFC 9110 15.5.20 */

static void note_end(h2client_call *call, const struct h2i_outcome *outcome)
{
    struct h2i_attempt *attempt = &call->attempt;
    h2client_attempt *now = &attempt->history.now;

    h2i_attempt_stop_timer(call);
    h2i_throttle_leave(&call->session->throttle, &attempt->slot);
    attempt->is_running = false;
    now->peer = h2i_attempt_keep_text(call, attempt->peer);
    now->ended_us = call->session->reactor.now_us - call->started_us;
    now->stream_id = attempt->exchange.stream_id;
    now->code = outcome ? outcome->fault.code : H2CLIENT_OK;
    now->replay_class = outcome ? outcome->replay_class : H2CLIENT_REPLAY_NONE;
}

static int64_t retry_after_us(const h2client_call *call, const struct h2i_head *head)
{
    h2client_system *system = call->session->reactor.system;

    if (!head || call->settings.retry.max_retries == 0)
        return -1;
    return h2i_retry_after_us(h2i_fields_find(head->fields, "retry-after"),
                              system->ops->wall_clock_s(system));
}

/* A try that would begin after the total limit is not made. */
static bool is_too_late(const h2client_call *call, int64_t delay_us)
{
    int64_t elapsed_us = call->session->reactor.now_us - call->started_us;

    return call->settings.total_us != INT64_MAX && delay_us >= call->settings.total_us - elapsed_us;
}

static struct h2i_retry_decision decide(h2client_call *call, const struct h2i_outcome *outcome,
                                        const struct h2i_head *head)
{
    h2client_session *session = call->session;
    struct h2i_retry_counts counts = call->attempt.counts;
    const struct h2i_retry_end end = {
        .outcome = outcome,
        .status = head                ? head->status
                  : call->in.has_head ? call->response.status
                                      : 0,
        .retry_after_us = retry_after_us(call, head),
        .elapsed_us = session->reactor.now_us - call->started_us,
        .is_idempotent = h2i_method_is_idempotent(call->request.method),
        .can_rewind = h2i_source_can_rewind(&call->source),
        .may_use_h1 = call->url.is_https && call->settings.http_version == H2CLIENT_HTTP_AUTO,
        .random = h2i_pool_random(&session->pool, UINT64_MAX),
    };
    struct h2i_retry_decision decision = h2i_retry_decide(&call->settings.retry, &counts, &end);

    if (!decision.kind || is_too_late(call, decision.delay_us) ||
        (decision.takes_token && !h2i_retry_bucket_take(&session->retry_bucket)))
        return (struct h2i_retry_decision){.kind = H2I_RETRY_NONE};
    call->attempt.counts = counts;
    return decision;
}

/* The next try begins in the delivery phase, now or after the delay. */
static void arrange(h2client_call *call, const struct h2i_retry_decision *decision,
                    const char *reason)
{
    struct h2i_attempt *attempt = &call->attempt;
    h2client_fault no_memory = {.code = H2CLIENT_ERROR_NO_MEMORY, .tls_alert = -1};

    h2i_log(&call->session->reactor, H2CLIENT_LOG_INFO, "call",
            "%s: attempt %d: %s; sent again after %lld ms", call->url.display, attempt->n_started,
            reason, (long long)(decision->delay_us / 1000));
    attempt->wants_h1 = decision->kind == H2I_RETRY_OVER_H1;
    attempt->is_delayed = decision->delay_us > 0;
    attempt->wants_restart = !attempt->is_delayed;
    if (!h2i_history_explain(&attempt->history, &call->arena, reason, decision->delay_us) ||
        (attempt->is_delayed && !h2i_attempt_start_timer(call, decision->delay_us)))
        h2i_call_abort(call, &no_memory);
    else if (attempt->wants_restart)
        h2i_call_mark_ready(call);
}

/* ---- a response that is not the call's ---------------------------------------------------- */

static void go_on(h2client_call *call)
{
    note_end(call, NULL);
    arrange(call, &call->attempt.next, call->attempt.next_reason);
}

static void leave_response(h2client_call *call)
{
    h2i_attempt_stop(call);
    go_on(call);
}

/* Is what is left of it short, and nothing of ours under way any more? */
static bool is_worth_reading(const h2client_call *call, const struct h2i_head *head)
{
    return call->attempt.is_sent && head->content_length <= MAX_DROPPED_BYTES;
}

static void pass_over(h2client_call *call, const struct h2i_head *head,
                      const struct h2i_retry_decision *decision, const char *reason)
{
    struct h2i_attempt *attempt = &call->attempt;

    h2i_call_add_interim(call, head, true);
    attempt->next = *decision;
    attempt->next_reason = h2i_attempt_keep_text(call, reason);
    if (is_worth_reading(call, head) && h2i_attempt_start_timer(call, DROP_US))
        attempt->is_passing_over = true;
    else
        leave_response(call);
}

/* The call whose status is raised. */
static void end_with_status(h2client_call *call)
{
    h2client_fault fault =
        h2i_fault(H2CLIENT_ERROR_STATUS, "status %d for %s %s", call->response.status,
                  call->request.method, call->url.display);
    struct h2i_outcome outcome = {
        .fault = fault, .replay_class = H2CLIENT_REPLAY_MAYBE_PROCESSED, .http2_code = -1};

    h2i_attempt_stop(call);
    note_end(call, NULL);
    h2i_call_end(call, &outcome);
}

void h2i_attempt_drop(h2client_call *call, size_t n)
{
    call->attempt.n_dropped += n;
    if (call->attempt.n_dropped <= MAX_DROPPED_BYTES)
        h2i_attempt_credit(call, n);
    else if (call->in.is_failure)
        end_with_status(call);
    else
        leave_response(call);
}

static const struct h2i_retry_decision at_once = {.kind = H2I_RETRY_REPLAY};

static bool follows_redirect(h2client_call *call, const struct h2i_head *head)
{
    char buf[300];
    struct h2i_text text = h2i_text(buf, sizeof buf);
    struct h2i_hop *hop;
    h2client_error_code code = h2i_redirect_prepare(call, head, &hop, &text);
    h2client_fault fault;

    if (!code && !hop)
        return false;
    if (code) {
        fault = h2i_fault(code, "%s", buf);
        h2i_call_take_head(call, head);
        h2i_call_abort(call, &fault);
        return true;
    }
    h2i_text_add(&text, "status %d to %s", head->status, hop->url.display);
    call->attempt.hop = hop;
    pass_over(call, head, &at_once, buf);
    return true;
}

/* The server's word for one call holds for all that go there, up to what may be asked for. */
static void slow_origin_down(h2client_call *call, const struct h2i_head *head)
{
    struct h2i_pool_key key;
    int64_t delay_us, until_us;

    if (head->status != 429 && head->status != 503)
        return;
    delay_us = retry_after_us(call, head);
    key = h2i_attempt_origin_key(&call->url);
    if (delay_us > 0 && delay_us <= call->settings.retry.max_retry_after_us &&
        !__builtin_add_overflow(call->session->reactor.now_us, delay_us, &until_us))
        h2i_throttle_slow_down(&call->session->throttle, key.text, key.len, until_us);
}

static bool answers_challenge(h2client_call *call, const struct h2i_head *head)
{
    bool asks = head->status == 401 || head->status == 407;

    if (!asks || !h2i_call_is_challenged(call, head))
        return false;
    pass_over(call, head, &at_once,
              head->status == 401 ? "status 401 asks for a login" : "status 407 asks for a login");
    return true;
}

/* What is told over a connection that serves another origin, too, says
 * nothing against that one's use of it. True: the next try goes elsewhere as it is. */
static bool is_off_loan(h2client_call *call, const struct h2i_head *head)
{
    return head->status == MISDIRECTED_REQUEST &&
           h2i_pool_end_loan(&call->session->pool, call->attempt.exchange.conn, &call->url,
                             call->settings.http_version, call->proxy);
}

static bool follows_policy(h2client_call *call, const struct h2i_head *head)
{
    struct h2i_retry_decision decision = decide(call, NULL, head);
    struct h2i_conn *conn = call->attempt.exchange.conn;
    bool was_lent = is_off_loan(call, head);
    char buf[64];
    struct h2i_text reason = h2i_text(buf, sizeof buf);

    h2i_text_add(&reason, "status %d", head->status);
    slow_origin_down(call, head);
    if (decision.kind == H2I_RETRY_ELSEWHERE && !was_lent)
        conn->ops->shutdown(conn);
    if (decision.kind)
        pass_over(call, head, &decision, buf);
    return decision.kind != H2I_RETRY_NONE;
}

bool h2i_attempt_passes_over(h2client_call *call, const struct h2i_head *head)
{
    bool is_usual = head->status < 300 && call->settings.retry.max_retries == 0;

    return !is_usual && (follows_redirect(call, head) || answers_challenge(call, head) ||
                         follows_policy(call, head));
}

void h2i_attempt_timer_fired(h2client_timer *timer, void *user)
{
    h2client_call *call = user;

    (void)timer;
    if (call->attempt.is_passing_over) {
        leave_response(call);
    } else if (call->attempt.is_delayed) {
        call->attempt.is_delayed = false;
        call->attempt.wants_restart = true;
        h2i_call_mark_ready(call);
    } else {
        h2i_attempt_continue(call);
    }
}

/* ---- ends ------------------------------------------------------------------ */

void h2i_attempt_ended(h2client_call *call, const struct h2i_outcome *outcome)
{
    const h2client_fault *fault = &outcome->fault;
    struct h2i_retry_decision decision;

    if (call->attempt.is_passing_over) {
        go_on(call);
        return;
    }
    if (call->in.is_failure && !call->end.is_over) {
        end_with_status(call);
        return;
    }
    note_end(call, outcome);
    if (call->end.is_over)
        return;
    if (fault->code == H2CLIENT_OK) {
        h2i_retry_bucket_note_success(&call->session->retry_bucket);
        h2i_call_end(call, outcome);
        return;
    }
    decision = decide(call, outcome, NULL);
    if (decision.kind)
        arrange(call, &decision, fault->text[0] ? fault->text : h2client_error_text(fault->code));
    else
        h2i_call_end(call, outcome);
}

void h2i_attempt_timed_out(h2client_call *call, const h2client_fault *fault)
{
    struct h2i_outcome outcome = {
        .fault = *fault, .replay_class = h2i_attempt_replay_class(call), .http2_code = -1};
    bool was_running = call->attempt.is_running; /* or it waited for the next */

    call->error.phase = h2i_attempt_phase(call); /* as it stands before it is stopped */
    if (call->attempt.exchange.conn)
        h2i_link_suspect(call->attempt.exchange.conn);
    h2i_attempt_stop(call);
    if (fault->limit == H2CLIENT_LIMIT_TOTAL) {
        if (was_running)
            note_end(call, &outcome);
        h2i_call_end(call, &outcome);
    } else {
        h2i_attempt_ended(call, &outcome);
    }
}
