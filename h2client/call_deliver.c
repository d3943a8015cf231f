/* SPDX-License-Identifier: MIT */
/*
 * The delivery phase of one call: from what the loop left in the inbox to the user's
 * callbacks, in order: interim responses, head, bytes, end. All user code of a call runs
 * here. After each callback the call may be cancelled, destroyed (it stays until its
 * on_done has run) or its session doomed.
 */
#include "h2client/attempt.h"
#include "h2client/call_decode.h"
#include "h2client/call_rates.h"
#include "h2client/session_internal.h"

/* May callbacks other than on_done still run? */
static bool is_wanted(const h2client_call *call)
{
    return call->has_handle && !call->end.is_cancelled && !h2i_call_has_ended(call) &&
           !call->session->is_doomed;
}

static void tell_interim(h2client_call *call)
{
    struct h2i_interim *interim;

    while (is_wanted(call) && (interim = call->in.interim_first)) {
        call->in.interim_first = interim->next;
        if (!interim->next)
            call->in.interim_last = NULL;
        if (interim->is_passed_over)
            call->settings.on_passed_over(call, interim->status, interim->fields,
                                          call->settings.user);
        else
            call->settings.on_informational(call, interim->status, interim->fields,
                                            call->settings.user);
    }
}

static void tell_head(h2client_call *call)
{
    if (!call->in.has_head || call->in.is_head_told || !is_wanted(call))
        return;
    call->in.is_head_told = true;
    if (call->settings.on_response)
        call->settings.on_response(call, &call->response, call->settings.user);
}

static void tell_data(h2client_call *call)
{
    size_t len = h2i_buf_len(&call->in.body);
    size_t taken;

    if (!call->settings.on_data || len == 0 || call->in.is_paused || !is_wanted(call))
        return;
    len = h2i_call_may_have(call, len);
    if (len == 0)
        return;
    /* Credits given inside the callback count these bytes as kept already. */
    call->in.n_kept += len;
    taken = call->settings.on_data(call, h2i_buf_data(&call->in.body), len, call->settings.user);
    h2i_buf_consume(&call->in.body, len);
    if (taken > call->in.n_kept)
        taken = call->in.n_kept;
    call->in.n_kept -= taken;
    if (call->in.is_coded) /* decoding gave the room back */
        return;
    call->in.n_uncredited -= taken;
    h2i_attempt_credit(call, taken);
    h2i_call_rates_watch(call);
}

static void tell_upload(h2client_call *call)
{
    int64_t n_bytes = call->info.upload_bytes;

    if (!call->settings.on_upload || n_bytes == call->n_upload_told || !is_wanted(call))
        return;
    call->n_upload_told = n_bytes;
    call->settings.on_upload(call, n_bytes, call->request.body_len, call->settings.user);
}

static void tell_writable(h2client_call *call)
{
    if (!h2i_source_gives_room(&call->source) || call->end.is_over || !is_wanted(call))
        return;
    call->source.wants_room = false;
    if (call->settings.on_writable)
        call->settings.on_writable(call, call->settings.user);
}

static void fetch_upload(h2client_call *call)
{
    while (call->attempt.is_running && is_wanted(call) && h2i_source_wants_fetch(&call->source) &&
           h2i_source_fetch(&call->source))
        ;
    if (!call->end.is_over && h2i_source_is_fed(&call->source))
        h2i_attempt_resume_body(call);
}

bool h2i_call_is_end_due(const h2client_call *call)
{
    return call->end.is_over && (call->end.outcome.fault.code != H2CLIENT_OK || !is_wanted(call) ||
                                 h2i_call_is_all_told(call));
}

bool h2i_call_is_all_told(const h2client_call *call)
{
    if (!h2i_call_is_decoded(call))
        return false;
    if (!call->settings.on_data)
        return h2i_call_rates_let_end(call);
    return !call->in.is_paused && h2i_buf_len(&call->in.body) == 0;
}

static void note_wait(h2client_call *call)
{
    struct h2i_wait *wait = call->wait;

    call->wait = NULL;
    if (!wait)
        return;
    wait->n_left--;
    if (!wait->first)
        wait->first = call;
}

/* After this nothing changes any more: the accessors show the end. */
static void settle(h2client_call *call)
{
    h2client_session *session = call->session;

    h2i_call_limits_stop(call);
    h2i_call_rates_stop(call);
    h2i_call_compose_error(call);
    if (call->end.outcome.fault.code)
        session->n_calls_failed++;
    session->n_running--;
    session->n_refused -= call->was_refused;
    atomic_store_explicit(&call->state, (int)call->end.outcome.fault.code, memory_order_release);
    if (call->has_handle)
        h2i_list_append(&session->done, &call->in_done);
    note_wait(call);
}

static void tell_end(h2client_call *call)
{
    if (h2i_call_has_ended(call))
        return;
    h2i_source_release(&call->source);
    h2i_source_close(&call->source);
    settle(call);
    if (call->settings.on_done)
        call->settings.on_done(call, &call->error, call->settings.user);
}

void h2i_call_deliver_end(h2client_call *call)
{
    bool was_delivering = call->is_delivering;

    h2i_list_remove(&call->in_ready);
    call->is_delivering = true;
    tell_end(call);
    call->is_delivering = was_delivering;
}

static void end_if_due(h2client_call *call)
{
    if (call->session->is_doomed) /* which ends it, with what is not told yet in mind */
        return;
    if (h2i_call_is_end_due(call))
        tell_end(call);
    else if (call->end.is_over) /* until its reader is ready for it, the total limit holds */
        h2i_call_limits_watch(call);
}

void h2i_call_deliver(h2client_call *call)
{
    call->is_delivering = true;
    tell_interim(call);
    tell_head(call);
    h2i_call_decode(call);
    tell_data(call);
    h2i_call_settle_decoding(call);
    if (!call->end.is_over) /* before bytes are fetched that would have to be rewound */
        h2i_attempt_restart(call);
    tell_upload(call);
    tell_writable(call);
    fetch_upload(call);
    end_if_due(call);
    call->is_delivering = false;
    h2i_call_release_if_unused(call);
}
