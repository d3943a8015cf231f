/* SPDX-License-Identifier: MIT */
/*
 * The inbox: what an exchange's events leave behind for the delivery phase. Runs inside
 * the core, so there is no user code here; the room of bytes that are collected anyway is
 * given back at once.
 */
#include "base/fault.h"
#include "h2client/attempt.h"
#include "h2client/call_decode.h"
#include "h2client/call_rates.h"
#include "h2client/call_request.h"
#include "h2client/session_internal.h"

static h2client_call *call_of(struct h2i_exchange *exchange)
{
    return H2I_CONTAINER_OF(exchange, h2client_call, attempt.exchange);
}

static int64_t since_start(const h2client_call *call)
{
    return call->session->reactor.now_us - call->started_us;
}

static void abort_with(h2client_call *call, h2client_error_code code, const char *text)
{
    h2client_fault fault = h2i_fault(code, "%s", text);

    h2i_call_abort(call, &fault);
}

void h2i_call_add_interim(h2client_call *call, const struct h2i_head *head, bool is_passed_over)
{
    struct h2i_interim *interim;

    if (is_passed_over ? !call->settings.on_passed_over : !call->settings.on_informational)
        return;
    interim = h2i_arena_alloc(&call->arena, sizeof *interim);
    if (!interim) {
        abort_with(call, H2CLIENT_ERROR_NO_MEMORY, "");
        return;
    }
    *interim = (struct h2i_interim){head->status, is_passed_over, head->fields, NULL};
    if (call->in.interim_last)
        call->in.interim_last->next = interim;
    else
        call->in.interim_first = interim;
    call->in.interim_last = interim;
    h2i_call_mark_ready(call);
}

static void got_interim(struct h2i_exchange *exchange, const struct h2i_head *head)
{
    h2client_call *call = call_of(exchange);

    call->in.header_bytes += head->n_bytes;
    if (head->status == 100)
        h2i_attempt_continue(call);
    h2i_call_add_interim(call, head, false);
}

static void got_head(struct h2i_exchange *exchange, const struct h2i_head *head)
{
    h2client_call *call = call_of(exchange);

    call->attempt.history.now.status = head->status;
    call->attempt.last_read_us = call->session->reactor.now_us;
    h2i_call_keep_cookies(call, head);
    h2i_attempt_decline_body(call);
    if (!h2i_attempt_passes_over(call, head))
        h2i_call_take_head(call, head);
}

/* Who asked for it hears of the status by the error only. */
static void raise_for_status(h2client_call *call)
{
    call->in.is_failure = true;
    call->settings.on_response = NULL;
    call->settings.on_data = NULL;
    h2i_call_set_delivery(call, H2CLIENT_DELIVERY_WHOLE);
    call->response.body = &call->in.body;
}

void h2i_call_take_head(h2client_call *call, const struct h2i_head *head)
{
    call->in.has_head = true;
    call->in.header_bytes += head->n_bytes;
    call->response.status = head->status;
    call->response.headers = head->fields;
    call->response.content_length = head->content_length;
    call->info.first_byte_us = since_start(call);
    if (call->settings.raises_for_status && head->status >= 400)
        raise_for_status(call);
    h2i_call_mark_ready(call);
    h2i_call_limits_watch(call);
}

/* One NUL follows the bytes, so that a body can be used as text. */
static bool append(struct h2i_buf *body, const void *data, size_t len)
{
    char *room = h2i_buf_reserve(body, len + 1);

    if (!room)
        return false;
    memcpy(room, data, len);
    room[len] = 0;
    h2i_buf_commit(body, len);
    return true;
}

/* Of a failure's body; the rest is read while it is short, for the connection's sake. */
static void keep_beginning(h2client_call *call, const void *data, size_t len)
{
    size_t room = H2I_MAX_FAILURE_BYTES - h2i_buf_len(&call->in.body);
    bool is_kept = call->in.decoding ? h2i_call_add_coded(call, data, len)
                                     : append(&call->in.body, data, len < room ? len : room);

    if (is_kept)
        h2i_attempt_drop(call, len);
    else
        abort_with(call, H2CLIENT_ERROR_NO_MEMORY, "");
}

/* False: the call has ended by it. */
static bool begin_body(h2client_call *call)
{
    char buf[160];
    struct h2i_text why = h2i_text(buf, sizeof buf);
    h2client_error_code code = H2CLIENT_OK;

    if (!call->in.has_body)
        code = h2i_call_begin_decoding(call, &why);
    if (code && call->in.is_failure)
        code = H2CLIENT_OK; /* it is kept as it came */
    if (code)
        abort_with(call, code, buf);
    return !code;
}

static void got_coded(h2client_call *call, const void *data, size_t len)
{
    if (h2i_call_add_coded(call, data, len))
        h2i_call_mark_ready(call);
    else
        abort_with(call, H2CLIENT_ERROR_NO_MEMORY, "");
}

static void got_plain(h2client_call *call, const void *data, size_t len)
{
    size_t held = h2i_buf_len(&call->in.body);

    call->in.n_uncredited += len;
    if (h2i_call_is_collected(call) &&
        (uint64_t)held + len > (uint64_t)call->settings.max_body_bytes) {
        h2client_fault fault =
            h2i_fault(H2CLIENT_ERROR_BODY_TOO_LARGE, "the body is above max_body_bytes, %lld",
                      (long long)call->settings.max_body_bytes);
        h2i_call_abort(call, &fault);
        return;
    }
    if (!append(&call->in.body, data, len)) {
        abort_with(call, H2CLIENT_ERROR_NO_MEMORY, "");
        return;
    }
    h2i_call_rates_watch(call);
    if (call->settings.on_data || call->settings.delivery == H2CLIENT_DELIVERY_PULL)
        h2i_call_mark_ready(call);
}

static void got_data(struct h2i_exchange *exchange, const void *data, size_t len)
{
    h2client_call *call = call_of(exchange);

    if (call->attempt.is_passing_over) {
        h2i_attempt_drop(call, len);
        return;
    }
    call->info.download_bytes += (int64_t)len;
    call->attempt.last_read_us = call->session->reactor.now_us;
    if (!begin_body(call))
        return;
    if (call->in.is_failure)
        keep_beginning(call, data, len);
    else if (call->in.decoding)
        got_coded(call, data, len);
    else
        got_plain(call, data, len);
}

static void got_trailers(struct h2i_exchange *exchange, const h2client_header *fields)
{
    h2client_call *call = call_of(exchange);

    if (call->attempt.is_passing_over)
        return;
    call->response.trailers = fields;
    for (; fields->name; fields++)
        call->in.header_bytes += strlen(fields->name) + strlen(fields->value) + 32;
}

static enum h2i_body_result read_body(struct h2i_exchange *exchange, void *buf, size_t cap,
                                      size_t *n)
{
    h2client_call *call = call_of(exchange);
    enum h2i_body_result result;

    if (call->attempt.awaits_continue || (cap = h2i_call_rates_admit(call, cap)) == 0)
        return H2I_BODY_NOT_NOW;
    result = h2i_source_read(&call->source, buf, cap, n);
    h2i_call_rates_sent(call, *n);
    call->has_body_ended = result == H2I_BODY_END;
    if (h2i_source_wants_fetch(&call->source) || h2i_source_gives_room(&call->source))
        h2i_call_mark_ready(call);
    return result;
}

static void sent(struct h2i_exchange *exchange, size_t n_body_bytes, bool is_last)
{
    h2client_call *call = call_of(exchange);

    call->attempt.last_write_us = call->session->reactor.now_us;
    if (call->info.request_us < 0)
        call->info.request_us = since_start(call);
    call->info.upload_bytes += (int64_t)n_body_bytes;
    if (call->settings.on_upload && n_body_bytes > 0)
        h2i_call_mark_ready(call);
    if (n_body_bytes == 0 && !is_last)
        h2i_attempt_head_sent(call);
    if (!is_last)
        return;
    call->attempt.is_sent = true;
    call->attempt.last_read_us = call->session->reactor.now_us;
    h2i_call_limits_watch(call);
}

static void ended(struct h2i_exchange *exchange, const struct h2i_outcome *outcome)
{
    h2client_call *call = call_of(exchange);
    struct h2i_outcome mended = *outcome;

    if (outcome->fault.code == H2CLIENT_ERROR_UPLOAD_READ && call->source.fault.code)
        mended.fault = call->source.fault;
    h2i_attempt_ended(call, &mended);
}

const struct h2i_exchange_events h2i_call_inbox = {
    .on_informational = got_interim,
    .on_head = got_head,
    .on_data = got_data,
    .on_trailers = got_trailers,
    .read_body = read_body,
    .on_sent = sent,
    .on_end = ended,
};
