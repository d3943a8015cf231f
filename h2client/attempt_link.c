/* SPDX-License-Identifier: MIT */
/* An attempt gets its connection, or hears that there is none. */
#include "base/fault.h"
#include "h2client/attempt_parts.h"
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

const char *h2i_attempt_keep_text(h2client_call *call, const char *text)
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
    info->local_address = h2i_attempt_keep_text(call, link->local_host);
    info->remote_address = h2i_attempt_keep_text(call, link->remote_host);
    info->tls_version = h2i_attempt_keep_text(call, link->tls_version);
    info->local_port = link->local_port;
    info->remote_port = link->remote_port;
    h2i_call_take_tls(call, link->tls);
    call->response.http_version = info->http_version = link->conn->http_version;
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

const struct h2i_ticket_events h2i_attempt_ticket_events = {
    .on_link = ticket_got_link,
    .on_connecting = ticket_waits_for_connection,
    .on_failed = ticket_failed,
};
