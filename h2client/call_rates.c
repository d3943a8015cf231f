/* SPDX-License-Identifier: MIT */
#include "h2client/call_rates.h"

#include "h2client/attempt.h"
#include "h2client/session_internal.h"

static int64_t now_us(const h2client_call *call)
{
    return call->session->reactor.now_us;
}

/* A failure is told at once, with all that had come. */
static bool is_limited(const h2client_call *call)
{
    return call->rates && !h2i_call_has_ended(call) &&
           !(call->end.is_over && call->end.outcome.fault.code);
}

/* ---- down ---------------------------------------------------------------------------- */

static size_t n_held(const h2client_call *call)
{
    if (call->in.is_coded)
        return h2i_buf_len(&call->in.coded);
    return h2i_call_is_collected(call) ? call->in.n_uncredited : h2i_buf_len(&call->in.body);
}

size_t h2i_call_rates_allow(const h2client_call *call, size_t n)
{
    return is_limited(call) ? h2i_rate_allows(&call->rates->recv, now_us(call), n) : n;
}

void h2i_call_rates_take(h2client_call *call, size_t n)
{
    if (is_limited(call))
        h2i_rate_take(&call->rates->recv, now_us(call), n);
}

bool h2i_call_rates_let_end(const h2client_call *call)
{
    size_t n = n_held(call);

    return !is_limited(call) || n == 0 ||
           (!h2i_call_is_collected(call) &&
            h2i_rate_allows(&call->rates->recv, now_us(call), n) == n);
}

static void collect(h2client_call *call)
{
    size_t n = h2i_call_rates_allow(call, call->in.n_uncredited);

    h2i_call_rates_take(call, n);
    call->in.n_uncredited -= n;
    h2i_attempt_credit(call, n);
}

/* When time alone lets the reader go on: not while he has not taken what he may. */
static int64_t recv_is_due_us(const h2client_call *call)
{
    const struct h2i_rate *rate = &call->rates->recv;
    size_t n = n_held(call);

    if (n == 0)
        return INT64_MAX;
    if (h2i_rate_allows(rate, now_us(call), n) == 0)
        return h2i_rate_when(rate, now_us(call), h2i_rate_slice(rate, n));
    /* A pulled body's end is told as soon as the rest may be read in one go. */
    if (call->end.is_over && n <= h2i_rate_depth(rate) && !h2i_call_rates_let_end(call))
        return h2i_rate_when(rate, now_us(call), n);
    return INT64_MAX;
}

/* ---- up ------------------------------------------------------------------------------ */

size_t h2i_call_rates_admit(h2client_call *call, size_t cap)
{
    struct h2i_call_rates *rates = call->rates;
    int64_t left;
    size_t n;

    if (!rates)
        return cap;
    left = h2i_source_left(&call->source);
    if (left == 0) /* it is only asked whether that was all */
        return cap;
    if (left > 0 && (uint64_t)left < cap)
        cap = (size_t)left;
    h2i_rate_begin(&rates->send, now_us(call));
    n = h2i_rate_allows(&rates->send, now_us(call), cap);
    rates->n_wanted = n > 0 ? 0 : cap;
    if (n == 0)
        h2i_call_rates_watch(call);
    return n;
}

void h2i_call_rates_sent(h2client_call *call, size_t n)
{
    if (call->rates)
        h2i_rate_take(&call->rates->send, now_us(call), n);
}

bool h2i_call_rates_hold_upload(const h2client_call *call)
{
    return call->rates && call->rates->n_wanted > 0;
}

static int64_t send_is_due_us(const h2client_call *call)
{
    const struct h2i_rate *rate = &call->rates->send;

    if (call->rates->n_wanted == 0)
        return INT64_MAX;
    return h2i_rate_when(rate, now_us(call), h2i_rate_slice(rate, call->rates->n_wanted));
}

static void resume_upload(h2client_call *call)
{
    call->rates->n_wanted = 0;
    h2i_attempt_resume_body(call);
}

/* ---- time ---------------------------------------------------------------------------- */

static void arm(h2client_call *call)
{
    struct h2i_call_rates *rates = call->rates;
    int64_t recv_us = recv_is_due_us(call);
    int64_t send_us = send_is_due_us(call);
    int64_t due_us = recv_us < send_us ? recv_us : send_us;
    h2client_fault no_memory = {.code = H2CLIENT_ERROR_NO_MEMORY, .tls_alert = -1};

    if (due_us == INT64_MAX)
        h2client_reactor_timer_stop(&call->session->reactor, &rates->timer);
    else if (h2client_reactor_timer_start(&call->session->reactor, &rates->timer, due_us))
        h2i_call_end_as(call, &no_memory);
}

void h2i_call_rates_watch(h2client_call *call)
{
    if (call->rates && n_held(call) > 0)
        h2i_rate_begin(&call->rates->recv, now_us(call));
    if (h2i_call_is_collected(call))
        collect(call);
    if (!is_limited(call))
        return;
    arm(call);
    if (call->end.is_over && h2i_call_rates_let_end(call))
        h2i_call_mark_ready(call);
}

static void timer_fired(h2client_timer *timer, void *user)
{
    h2client_call *call = user;

    (void)timer;
    if (send_is_due_us(call) <= now_us(call))
        resume_upload(call);
    h2i_call_mark_ready(call);
    h2i_call_rates_watch(call);
}

/* ---- life ---------------------------------------------------------------------------- */

bool h2i_call_rates_init(h2client_call *call)
{
    const struct h2i_settings *settings = &call->settings;

    if (settings->max_recv_per_s == INT64_MAX && settings->max_send_per_s == INT64_MAX)
        return true;
    call->rates = h2i_arena_alloc(&call->arena, sizeof *call->rates);
    if (!call->rates)
        return false;
    *call->rates = (struct h2i_call_rates){.timer = {.on_expire = timer_fired, .user = call}};
    h2i_rate_init(&call->rates->recv, settings->max_recv_per_s);
    h2i_rate_init(&call->rates->send, settings->max_send_per_s);
    return true;
}

void h2i_call_rates_stop(h2client_call *call)
{
    if (call->rates && call->session)
        h2client_reactor_timer_stop(&call->session->reactor, &call->rates->timer);
}
