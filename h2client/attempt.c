/* SPDX-License-Identifier: MIT */
#include "h2client/attempt.h"

#include "base/fault.h"
#include "h2client/call_redirect.h"
#include "h2client/pool/link.h"
#include "h2client/pool/pool_key.h"
#include "h2client/session_internal.h"

static h2client_call *call_of(struct h2i_ticket *ticket)
{
    return H2I_CONTAINER_OF(ticket, h2client_call, attempt.ticket);
}

static int64_t since_start(const h2client_call *call, int64_t mark_us)
{
    return mark_us < call->started_us ? -1 : mark_us - call->started_us;
}

/* The rest of a response that is passed over: longer than this, or slower, it costs more
 * than a new connection. */
#define MAX_DROPPED_BYTES 65536
#define DROP_US INT64_C(1000000)

/* ---- on a connection ----------------------------------------------------- */

static const char *keep_text(h2client_call *call, const char *text)
{
    const char *copy = text[0] ? h2i_arena_copy_text(&call->arena, text, strlen(text)) : "";

    return copy ? copy : "";
}

static void note_link(h2client_call *call, const struct h2i_link *link)
{
    struct h2i_attempt *attempt = &call->attempt;
    h2client_call_info *info = &call->info;

    attempt->conn_id = attempt->history.now.conn_id = link->conn->id;
    attempt->stream_id = info->stream_id = attempt->exchange.stream_id;
    memcpy(attempt->peer, link->peer, sizeof attempt->peer);
    if (attempt->ticket.made_connect)
        attempt->n_connects++;
    info->queued_us = call->session->reactor.now_us - call->started_us;
    info->name_lookup_us = since_start(call, link->marks.resolved_us);
    info->connect_us = since_start(call, link->marks.connected_us);
    info->tls_us = since_start(call, link->marks.secured_us);
    info->conn_id = link->conn->id;
    info->n_connects = attempt->n_connects;
    info->local_address = keep_text(call, link->local_host);
    info->remote_address = keep_text(call, link->remote_host);
    info->tls_version = keep_text(call, link->tls_version);
    info->local_port = link->local_port;
    info->remote_port = link->remote_port;
    call->response.http_version = link->conn->http_version;
}

static h2client_error_code ticket_got_link(struct h2i_ticket *ticket, struct h2i_link *link)
{
    h2client_call *call = call_of(ticket);
    struct h2i_attempt *attempt = &call->attempt;
    h2client_error_code code = link->conn->ops->submit(link->conn, &attempt->exchange);

    if (code == H2CLIENT_PENDING)
        return code;
    note_link(call, link);
    if (code) {
        struct h2i_outcome outcome = {.fault = h2i_fault(code, "%s", ""),
                                      .replay_class = H2CLIENT_REPLAY_NEVER_SENT,
                                      .http2_code = -1};
        h2i_attempt_ended(call, &outcome);
        return code;
    }
    attempt->last_write_us = attempt->last_read_us = call->session->reactor.now_us;
    h2i_call_limits_watch(call);
    return H2CLIENT_OK;
}

static void ticket_failed(struct h2i_ticket *ticket, const struct h2i_outcome *outcome)
{
    h2client_call *call = call_of(ticket);

    if (ticket->made_connect)
        call->attempt.n_connects++;
    h2i_attempt_ended(call, outcome);
}

static void ticket_waits_for_connection(struct h2i_ticket *ticket)
{
    h2client_call *call = call_of(ticket);

    call->attempt.connecting_us = call->session->reactor.now_us;
    h2i_call_limits_watch(call);
}

static const struct h2i_ticket_events ticket_events = {
    .on_link = ticket_got_link,
    .on_connecting = ticket_waits_for_connection,
    .on_failed = ticket_failed,
};

/* ---- starts ---------------------------------------------------------------- */

/* Figures are those of the last attempt. */
static void forget_last_attempt(h2client_call *call)
{
    h2client_call_info *info = &call->info;

    call->attempt.peer[0] = 0;
    call->attempt.conn_id = info->conn_id = 0;
    call->attempt.stream_id = info->stream_id = -1;
    call->in.header_bytes = 0;
    info->queued_us = info->request_us = -1;
    info->name_lookup_us = info->connect_us = info->tls_us = -1;
    info->upload_bytes = 0;
    info->local_address = info->remote_address = info->tls_version = "";
    info->local_port = info->remote_port = 0;
}

static void reset(h2client_call *call)
{
    struct h2i_attempt *attempt = &call->attempt;
    struct h2i_ticket ticket = {.events = &ticket_events,
                                .limits = call->settings.connect_limits,
                                .waiter = {.order = attempt->ticket.waiter.order,
                                           .priority = (int)call->settings.priority - 1}};

    attempt->exchange = (struct h2i_exchange){.events = &h2i_call_inbox,
                                              .request = &call->request,
                                              .arena = &call->arena,
                                              .stream_id = -1};
    attempt->ticket = ticket;
    attempt->is_sent = attempt->wants_restart = false;
    attempt->n_dropped = 0;
    attempt->awaits_continue = call->expects_continue;
    forget_last_attempt(call);
}

static bool enter_pool(h2client_call *call)
{
    struct h2i_attempt *attempt = &call->attempt;

    attempt->is_running = h2i_pool_enter(&call->session->pool, &call->url,
                                         call->settings.http_version, &attempt->ticket);
    if (attempt->is_running)
        h2i_call_limits_watch(call);
    return attempt->is_running;
}

static void slot_is_granted(struct h2i_slot *slot)
{
    h2client_call *call = H2I_CONTAINER_OF(slot, h2client_call, attempt.slot);
    h2client_fault fault = {.code = H2CLIENT_ERROR_NO_MEMORY, .tls_alert = -1};

    if (!enter_pool(call))
        h2i_call_abort(call, &fault);
}

/* What a server may want to be spared: whatever the version. */
static struct h2i_pool_key origin_key(const struct h2i_url *url)
{
    struct h2i_pool_key key = {.len = 0};

    (void)!h2i_pool_key_make(&key, url, H2CLIENT_HTTP_AUTO); /* all of no host share one */
    return key;
}

bool h2i_attempt_start(h2client_call *call)
{
    struct h2i_attempt *attempt = &call->attempt;
    struct h2client_session *session = call->session;
    struct h2i_pool_key key;

    if (!h2i_history_begin(&attempt->history, &call->arena, call->url.display,
                           session->reactor.now_us - call->started_us))
        return false;
    reset(call);
    call->info.n_attempts = ++attempt->n_started;
    attempt->entered_us = session->reactor.now_us;
    key = origin_key(&call->url);
    switch (h2i_throttle_enter(&session->throttle, key.text, key.len, &attempt->slot)) {
    case H2CLIENT_OK:
        return enter_pool(call);
    case H2CLIENT_PENDING:
        attempt->is_running = true;
        h2i_call_limits_watch(call);
        return true;
    default:
        return false;
    }
}

/* The request is changed only now: till the last attempt was over, its connection read it. */
static bool take_hop(h2client_call *call)
{
    const struct h2i_hop *hop = call->attempt.hop;

    call->attempt.hop = NULL;
    return !hop || h2i_redirect_take(call, hop);
}

void h2i_attempt_restart(h2client_call *call)
{
    h2client_fault fault = {.code = H2CLIENT_ERROR_NO_MEMORY, .tls_alert = -1};
    struct h2i_attempt *attempt = &call->attempt;

    if (!attempt->wants_restart)
        return;
    attempt->wants_restart = false;
    if (!take_hop(call)) {
        h2i_call_abort(call, &fault);
        return;
    }
    if (!h2i_source_rewind(&call->source)) {
        fault = h2i_fault(H2CLIENT_ERROR_UPLOAD_REWIND, "%s", "");
        h2i_call_abort(call, &fault);
        return;
    }
    if (!call->session || call->end.is_over)
        return;
    if (attempt->wants_h1)
        h2i_pool_require_h1(&call->session->pool, &call->url, call->settings.http_version);
    attempt->wants_h1 = false;
    if (!h2i_attempt_start(call))
        h2i_call_abort(call, &fault);
}

/* ---- ends ------------------------------------------------------------------ */

static void stop_timer(h2client_call *call)
{
    call->attempt.is_delayed = call->attempt.is_passing_over = false;
    h2client_reactor_timer_stop(&call->session->reactor, &call->attempt.timer);
}

void h2i_attempt_stop(h2client_call *call)
{
    struct h2i_attempt *attempt = &call->attempt;
    struct h2i_conn *conn = attempt->exchange.conn;
    bool waits = h2i_slot_waits(&attempt->slot);

    attempt->wants_restart = false;
    stop_timer(call);
    h2i_throttle_leave(&call->session->throttle, &attempt->slot);
    if (!attempt->is_running)
        return;
    attempt->is_running = false;
    if (waits)
        return;
    if (conn)
        conn->ops->cancel(conn, &attempt->exchange, 0x8 /* CANCEL, RFC 9113 7 */);
    else
        h2i_pool_leave(&call->session->pool, &attempt->ticket);
}

h2client_replay_class h2i_attempt_replay_class(const h2client_call *call)
{
    const struct h2i_exchange *exchange = &call->attempt.exchange;

    return exchange->conn ? h2i_exchange_replay_class(exchange->conn, exchange)
                          : H2CLIENT_REPLAY_NEVER_SENT;
}

static void note_end(h2client_call *call, const struct h2i_outcome *outcome)
{
    struct h2i_attempt *attempt = &call->attempt;
    h2client_attempt *now = &attempt->history.now;

    stop_timer(call);
    h2i_throttle_leave(&call->session->throttle, &attempt->slot);
    attempt->is_running = false;
    now->peer = keep_text(call, attempt->peer);
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

static bool start_timer(h2client_call *call, int64_t delay_us)
{
    h2client_reactor *reactor = &call->session->reactor;
    int64_t due_us;

    if (__builtin_add_overflow(reactor->now_us, delay_us, &due_us))
        due_us = INT64_MAX - 1;
    return h2client_reactor_timer_start(reactor, &call->attempt.timer, due_us) == H2CLIENT_OK;
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
        (attempt->is_delayed && !start_timer(call, decision->delay_us)))
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

    attempt->next = *decision;
    attempt->next_reason = keep_text(call, reason);
    if (decision->kind == H2I_RETRY_ELSEWHERE)
        attempt->exchange.conn->ops->shutdown(attempt->exchange.conn);
    if (is_worth_reading(call, head) && start_timer(call, DROP_US))
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

static bool follows_redirect(h2client_call *call, const struct h2i_head *head)
{
    static const struct h2i_retry_decision at_once = {.kind = H2I_RETRY_REPLAY};
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
    int64_t delay_us = retry_after_us(call, head);
    struct h2i_pool_key key = origin_key(&call->url);
    int64_t until_us;

    if ((head->status == 429 || head->status == 503) && delay_us > 0 &&
        delay_us <= call->settings.retry.max_retry_after_us &&
        !__builtin_add_overflow(call->session->reactor.now_us, delay_us, &until_us))
        h2i_throttle_slow_down(&call->session->throttle, key.text, key.len, until_us);
}

static bool follows_policy(h2client_call *call, const struct h2i_head *head)
{
    struct h2i_retry_decision decision = decide(call, NULL, head);
    char buf[64];
    struct h2i_text reason = h2i_text(buf, sizeof buf);

    h2i_text_add(&reason, "status %d", head->status);
    slow_origin_down(call, head);
    if (decision.kind)
        pass_over(call, head, &decision, buf);
    return decision.kind != H2I_RETRY_NONE;
}

bool h2i_attempt_passes_over(h2client_call *call, const struct h2i_head *head)
{
    return follows_redirect(call, head) || follows_policy(call, head);
}

static void timer_fired(h2client_timer *timer, void *user)
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

void h2i_attempt_init(h2client_call *call)
{
    call->attempt.exchange.stream_id = -1;
    call->attempt.slot.on_granted = slot_is_granted;
    call->attempt.timer.on_expire = timer_fired;
    call->attempt.timer.user = call;
}

/* ---- ends and retries ---- */
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

/* ---- Expect: 100-continue ---------------------------------------------------- */

void h2i_attempt_continue(h2client_call *call)
{
    if (!call->attempt.awaits_continue)
        return;
    call->attempt.awaits_continue = false;
    h2client_reactor_timer_stop(&call->session->reactor, &call->attempt.timer);
    h2i_attempt_resume_body(call);
}

void h2i_attempt_decline_body(h2client_call *call)
{
    if (call->attempt.awaits_continue)
        h2client_reactor_timer_stop(&call->session->reactor, &call->attempt.timer);
}

void h2i_attempt_head_sent(h2client_call *call)
{
    if (call->attempt.awaits_continue && !start_timer(call, call->settings.expect_us))
        h2i_attempt_continue(call);
}

/* ---- while it runs ------------------------------------------------------- */

void h2i_attempt_credit(h2client_call *call, size_t n)
{
    struct h2i_attempt *attempt = &call->attempt;

    if (!attempt->is_running || !attempt->exchange.conn || n == 0)
        return;
    attempt->last_read_us = call->session->reactor.now_us;
    attempt->exchange.conn->ops->credit(attempt->exchange.conn, &attempt->exchange, n);
    if (!call->timer.heap_place)
        h2i_call_limits_watch(call);
}

void h2i_attempt_resume_body(h2client_call *call)
{
    struct h2i_exchange *exchange = &call->attempt.exchange;

    if (!call->attempt.is_running || !exchange->conn)
        return;
    call->attempt.last_write_us = call->session->reactor.now_us;
    exchange->conn->ops->resume_body(exchange->conn, exchange);
    h2i_call_limits_watch(call);
}

h2client_phase h2i_attempt_phase(const h2client_call *call)
{
    const struct h2i_attempt *attempt = &call->attempt;

    if (attempt->n_started == 0)
        return H2CLIENT_PHASE_USAGE;
    if (call->in.has_head)
        return H2CLIENT_PHASE_RECEIVE;
    if (h2i_slot_waits(&attempt->slot))
        return H2CLIENT_PHASE_QUEUE;
    if (attempt->ticket.origin)
        return h2i_ticket_phase(&attempt->ticket);
    return attempt->is_sent ? H2CLIENT_PHASE_WAIT : H2CLIENT_PHASE_SEND;
}
