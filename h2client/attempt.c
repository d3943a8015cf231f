/* SPDX-License-Identifier: MIT */
#include "h2client/attempt.h"

#include "base/fault.h"
#include "h2client/pool/link.h"
#include "h2client/session_internal.h"

static h2client_call *call_of(struct h2i_ticket *ticket)
{
    return H2I_CONTAINER_OF(ticket, h2client_call, attempt.ticket);
}

static int64_t since_start(const h2client_call *call, int64_t mark_us)
{
    return mark_us < call->started_us ? -1 : mark_us - call->started_us;
}

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

    attempt->conn_id = link->conn->id;
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

    /* No connection could be made: another try would meet the same. */
    if (ticket->made_connect)
        call->attempt.n_connects++;
    call->attempt.is_running = false;
    h2i_call_end(call, outcome);
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

/* ---- starts and ends ----------------------------------------------------- */

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

bool h2i_attempt_start(h2client_call *call)
{
    struct h2i_attempt *attempt = &call->attempt;

    forget_last_attempt(call);
    attempt->exchange = (struct h2i_exchange){.events = &h2i_call_inbox,
                                              .request = &call->request,
                                              .arena = &call->arena,
                                              .stream_id = -1};
    attempt->ticket =
        (struct h2i_ticket){.events = &ticket_events, .limits = call->settings.connect_limits};
    attempt->is_sent = false;
    attempt->wants_restart = false;
    call->info.n_attempts = ++attempt->n_started;
    attempt->is_running = h2i_pool_enter(&call->session->pool, &call->url,
                                         call->settings.http_version, &attempt->ticket);
    if (attempt->is_running && h2i_ticket_is_connecting(&attempt->ticket))
        ticket_waits_for_connection(&attempt->ticket);
    else if (attempt->is_running)
        h2i_call_limits_watch(call);
    return attempt->is_running;
}

void h2i_attempt_stop(h2client_call *call)
{
    struct h2i_attempt *attempt = &call->attempt;
    struct h2i_conn *conn = attempt->exchange.conn;

    attempt->wants_restart = false;
    if (!attempt->is_running)
        return;
    attempt->is_running = false;
    if (conn)
        conn->ops->cancel(conn, &attempt->exchange, 0x8 /* CANCEL, RFC 9113 7 */);
    else
        h2i_pool_leave(&call->session->pool, &attempt->ticket);
}

/* RFC 9113 8.7: what the server did not process, or never saw, may be sent again. */
static bool may_repeat(const h2client_call *call, const struct h2i_outcome *outcome)
{
    return outcome->fault.code != H2CLIENT_OK && call->attempt.n_started < H2I_MAX_ATTEMPTS &&
           (outcome->replay_class == H2CLIENT_REPLAY_UNPROCESSED ||
            (outcome->replay_class == H2CLIENT_REPLAY_NEVER_SENT &&
             (outcome->fault.code == H2CLIENT_ERROR_EMPTY_REPLY ||
              outcome->fault.code == H2CLIENT_ERROR_CONNECTION_RESET))) &&
           !call->in.has_head && h2i_source_can_rewind(&call->source);
}

void h2i_attempt_ended(h2client_call *call, const struct h2i_outcome *outcome)
{
    call->attempt.is_running = false;
    if (call->end.is_over)
        return;
    if (!may_repeat(call, outcome)) {
        h2i_call_end(call, outcome);
        return;
    }
    h2i_log(&call->session->reactor, H2CLIENT_LOG_INFO, "call", "%s: attempt %d: %s; sent again",
            call->url.display, call->attempt.n_started,
            outcome->fault.text[0] ? outcome->fault.text
                                   : h2client_error_text(outcome->fault.code));
    call->attempt.wants_restart = true;
    h2i_call_mark_ready(call);
}

void h2i_attempt_restart(h2client_call *call)
{
    h2client_fault fault = {.code = H2CLIENT_ERROR_NO_MEMORY, .tls_alert = -1};

    if (!call->attempt.wants_restart)
        return;
    call->attempt.wants_restart = false;
    if (!h2i_source_rewind(&call->source)) {
        fault = h2i_fault(H2CLIENT_ERROR_UPLOAD_REWIND, "%s", "");
        h2i_call_abort(call, &fault);
    } else if (call->session && !call->end.is_over && !h2i_attempt_start(call)) {
        h2i_call_abort(call, &fault);
    }
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
    if (attempt->ticket.origin)
        return h2i_ticket_phase(&attempt->ticket);
    return attempt->is_sent ? H2CLIENT_PHASE_WAIT : H2CLIENT_PHASE_SEND;
}
