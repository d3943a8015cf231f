/* SPDX-License-Identifier: MIT */
#include "h2client/attempt.h"

#include "base/fault.h"
#include "h2client/attempt_parts.h"
#include "h2client/call_redirect.h"
#include "h2client/call_request.h"
#include "h2client/session_internal.h"

/* ---- starts ---------------------------------------------------------------- */

/* Figures are those of the last attempt. */
static void forget_last_attempt(h2client_call *call)
{
    h2client_call_info *info = &call->info;

    call->attempt.peer[0] = 0;
    call->attempt.conn_id = info->conn_id = 0;
    call->attempt.stream_id = info->stream_id = -1;
    call->in.header_bytes = 0;
    h2i_call_take_tls(call, NULL);
    info->queued_us = info->request_us = -1;
    info->name_lookup_us = info->connect_us = info->tls_us = -1;
    info->upload_bytes = 0;
    info->local_address = info->remote_address = info->tls_version = "";
    info->local_port = info->remote_port = 0;
}

static void reset(h2client_call *call)
{
    struct h2i_attempt *attempt = &call->attempt;
    struct h2i_ticket ticket = {.events = &h2i_attempt_ticket_events,
                                .limits = call->settings.connect_limits,
                                .waiter = {.order = attempt->ticket.waiter.order,
                                           .priority = (int)call->settings.priority - 1}};

    attempt->exchange = (struct h2i_exchange){.events = &h2i_call_inbox,
                                              .request = &call->request,
                                              .arena = &call->arena,
                                              .stream_id = -1};
    attempt->ticket = ticket;
    attempt->is_sent = attempt->wants_restart = call->has_body_ended = false;
    attempt->n_dropped = 0;
    attempt->awaits_continue = call->expects_continue;
    forget_last_attempt(call);
}

static bool enter_pool(h2client_call *call)
{
    struct h2i_attempt *attempt = &call->attempt;

    attempt->is_running =
        h2i_pool_enter(&call->session->pool, &call->url, call->settings.http_version, call->proxy,
                       &attempt->ticket);
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

struct h2i_pool_key h2i_attempt_origin_key(const struct h2i_url *url)
{
    struct h2i_pool_key key = {.len = 0};

    (void)!h2i_pool_key_make(&key, url, H2CLIENT_HTTP_AUTO, NULL); /* all of no host share one */
    return key;
}

void h2i_attempt_init(h2client_call *call)
{
    call->attempt.exchange.stream_id = -1;
    call->attempt.slot.on_granted = slot_is_granted;
    call->attempt.timer.on_expire = h2i_attempt_timer_fired;
    call->attempt.timer.user = call;
}

/* Those who wait before the pool count as well; who has run before is not turned away. */
static bool is_queue_full(const h2client_session *session)
{
    return session->throttle.n_waiting + session->pool.n_waiting > session->pool.config.max.waiting;
}

static void turn_away(h2client_call *call)
{
    h2client_fault fault =
        h2i_fault(H2CLIENT_ERROR_QUEUE_FULL, "%zu calls wait for a connection already",
                  call->session->pool.config.max.waiting);

    h2i_call_abort(call, &fault);
}

/* False: no memory. What else is wrong has ended the call. */
static bool start_attempt(h2client_call *call)
{
    struct h2i_attempt *attempt = &call->attempt;
    struct h2client_session *session = call->session;
    struct h2i_pool_key key;

    if (!h2i_history_begin(&attempt->history, &call->arena, call->url.display,
                           session->reactor.now_us - call->started_us))
        return false;
    reset(call);
    if (!h2i_call_build_request(call))
        return false;
    if (call->end.is_over)
        return true;
    call->info.n_attempts = ++attempt->n_started;
    attempt->entered_us = session->reactor.now_us;
    if (h2i_throttle_is_open(&session->throttle))
        return enter_pool(call);
    key = h2i_attempt_origin_key(&call->url);
    switch (h2i_throttle_enter(&session->throttle, key.text, key.len, &attempt->slot)) {
    case H2CLIENT_OK:
        return enter_pool(call);
    case H2CLIENT_PENDING:
        attempt->is_running = true;
        if (attempt->n_started == 1 && is_queue_full(session))
            turn_away(call);
        else
            h2i_call_limits_watch(call);
        return true;
    default:
        return false;
    }
}

bool h2i_attempt_begin(h2client_call *call)
{
    if (!call->login || !call->login->sign)
        return start_attempt(call);
    call->attempt.wants_restart = true;
    h2i_call_mark_ready(call);
    return true;
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
    if (attempt->n_started > 0 && !h2i_source_rewind(&call->source)) {
        fault = h2i_fault(H2CLIENT_ERROR_UPLOAD_REWIND, "%s", "");
        h2i_call_abort(call, &fault);
        return;
    }
    if (!call->session || call->end.is_over)
        return;
    if (attempt->wants_h1)
        h2i_pool_require_h1(&call->session->pool, &call->url, call->settings.http_version,
                            call->proxy);
    attempt->wants_h1 = false;
    if (!start_attempt(call))
        h2i_call_abort(call, &fault);
}

/* ---- ends ------------------------------------------------------------------ */

void h2i_attempt_stop_timer(h2client_call *call)
{
    call->attempt.is_delayed = call->attempt.is_passing_over = false;
    h2client_reactor_timer_stop(&call->session->reactor, &call->attempt.timer);
}

bool h2i_attempt_start_timer(h2client_call *call, int64_t delay_us)
{
    h2client_reactor *reactor = &call->session->reactor;
    int64_t due_us;

    if (__builtin_add_overflow(reactor->now_us, delay_us, &due_us))
        due_us = INT64_MAX - 1;
    return h2client_reactor_timer_start(reactor, &call->attempt.timer, due_us) == H2CLIENT_OK;
}

void h2i_attempt_stop(h2client_call *call)
{
    struct h2i_attempt *attempt = &call->attempt;
    struct h2i_conn *conn = attempt->exchange.conn;
    bool waits = h2i_slot_waits(&attempt->slot);

    attempt->wants_restart = false;
    h2i_attempt_stop_timer(call);
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
    if (call->attempt.awaits_continue && !h2i_attempt_start_timer(call, call->settings.expect_us))
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
