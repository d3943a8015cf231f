/* SPDX-License-Identifier: MIT */
/*
 * A call's limits on time. One timer a call, armed lazily: it stands at or before the
 * next limit; what only moves a limit on (a byte that came) does not touch it, and when
 * it fires too early it is set again. What brings a new limit into force tells it.
 */
#include "base/fault.h"
#include "h2client/attempt.h"
#include "h2client/call_rates.h"
#include "h2client/session_internal.h"

struct due {
    h2client_limit limit;
    int64_t deadline_us;
    int64_t allowed_us;
};

static void consider(struct due *due, h2client_limit limit, int64_t from_us, int64_t allowed_us)
{
    int64_t deadline_us;

    if (allowed_us == INT64_MAX || __builtin_add_overflow(from_us, allowed_us, &deadline_us))
        return;
    if (deadline_us < due->deadline_us)
        *due = (struct due){limit, deadline_us, allowed_us};
}

/* Its own reader, or the limit on his rate, holds the stream: not the server's time. */
static bool reader_holds(const h2client_call *call)
{
    return call->in.n_uncredited > 0 || h2i_buf_len(&call->in.coded) > 0;
}

static bool is_uploading(const h2client_call *call)
{
    return !call->attempt.is_sent && !call->attempt.awaits_continue;
}

/* Of an upload: where the response has begun meanwhile, its bytes are a sign of life, too. */
static int64_t last_progress_us(const h2client_call *call)
{
    const struct h2i_attempt *attempt = &call->attempt;

    return call->in.has_head && attempt->last_read_us > attempt->last_write_us
               ? attempt->last_read_us
               : attempt->last_write_us;
}

static void consider_attempt(struct due *due, const h2client_call *call)
{
    const struct h2i_settings *settings = &call->settings;
    const struct h2i_attempt *attempt = &call->attempt;

    if (!attempt->is_running)
        return;
    if (h2i_slot_waits(&attempt->slot)) {
        consider(due, H2CLIENT_LIMIT_QUEUE, attempt->entered_us, settings->queue_us);
        return;
    }
    if (attempt->ticket.origin) {
        if (h2i_ticket_is_connecting(&attempt->ticket))
            consider(due, H2CLIENT_LIMIT_CONNECT, attempt->connecting_us, settings->connect_us);
        else
            consider(due, H2CLIENT_LIMIT_QUEUE, attempt->entered_us, settings->queue_us);
        return;
    }
    if (is_uploading(call) && !h2i_source_is_idle(&call->source) &&
        !h2i_call_rates_hold_upload(call))
        consider(due, H2CLIENT_LIMIT_WRITE_STALL, last_progress_us(call), settings->write_stall_us);
    if (attempt->is_sent && !call->in.has_head && !attempt->is_passing_over)
        consider(due, H2CLIENT_LIMIT_FIRST_BYTE, attempt->last_read_us, settings->first_byte_us);
    if (call->in.has_head && !is_uploading(call) && !reader_holds(call))
        consider(due, H2CLIENT_LIMIT_READ_IDLE, attempt->last_read_us, settings->read_idle_us);
}

static struct due next_due(const h2client_call *call)
{
    struct due due = {H2CLIENT_LIMIT_NONE, INT64_MAX, 0};

    if (call->end.is_over && h2i_call_is_end_due(call))
        return due;
    consider(&due, H2CLIENT_LIMIT_TOTAL, call->started_us, call->settings.total_us);
    consider_attempt(&due, call);
    return due;
}

void h2i_call_limits_watch(h2client_call *call)
{
    h2client_reactor *reactor = &call->session->reactor;
    struct due due = next_due(call);
    h2client_fault fault = {.code = H2CLIENT_ERROR_NO_MEMORY, .tls_alert = -1};

    if (due.deadline_us == INT64_MAX)
        return;
    if (call->timer.heap_place && call->timer.deadline_us <= due.deadline_us)
        return;
    if (h2client_reactor_timer_start(reactor, &call->timer, due.deadline_us))
        h2i_call_abort(call, &fault);
}

/* All the addresses that were tried, where it is for a connection that the call has waited. */
static void add_what_it_met(h2client_fault *fault, const struct h2i_attempt *attempt)
{
    struct h2i_text text = {fault->text, sizeof fault->text, strlen(fault->text)};

    if (attempt->is_running && h2i_ticket_is_connecting(&attempt->ticket))
        h2i_ticket_describe(&attempt->ticket, &text);
}

static void timer_fired(h2client_timer *timer, void *user)
{
    h2client_call *call = user;
    struct due due = next_due(call);
    h2client_fault fault;

    (void)timer;
    if (due.deadline_us > call->session->reactor.now_us) {
        h2i_call_limits_watch(call);
        return;
    }
    fault = h2i_fault_of_timeout(due.limit, due.allowed_us / 1000);
    add_what_it_met(&fault, &call->attempt);
    if (call->end.is_over)
        h2i_call_end_as(call, &fault);
    else
        h2i_attempt_timed_out(call, &fault);
}

void h2i_call_limits_init(h2client_call *call)
{
    call->timer.on_expire = timer_fired;
    call->timer.user = call;
}

void h2i_call_limits_stop(h2client_call *call)
{
    if (call->session)
        h2client_reactor_timer_stop(&call->session->reactor, &call->timer);
}
