/* SPDX-License-Identifier: MIT */
#include "h2client/call_rates.h"

#include "h2client/attempt.h"
#include "h2client/session_internal.h"

/* What a call waits longer than it has to for what all share. */
#define MAX_COURTESY_US 10000u

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

static struct h2i_shared_rates *shared_by(const h2client_call *call)
{
    return &call->session->rates;
}

/* A slice of the call's own, or as much of it as is one of the session's, is worth a wake-up:
 * when() says when there is one. */
static size_t allowed(const h2client_call *call, const struct h2i_rate *own,
                      const struct h2i_rate *shared, size_t n)
{
    size_t most = h2i_rate_allows(own, now_us(call), n), given;

    if (most == 0)
        return 0;
    given = h2i_rate_allows(shared, now_us(call), most);
    return given ? given : h2i_rate_allows(shared, now_us(call), h2i_rate_slice(own, n));
}

/* When there may be credit for so many bytes in each. */
static int64_t when_both(const h2client_call *call, const struct h2i_rate *own, size_t n_own,
                         const struct h2i_rate *shared, size_t n_shared)
{
    int64_t own_us = h2i_rate_when(own, now_us(call), n_own);
    int64_t shared_us = h2i_rate_when(shared, now_us(call), n_shared);

    if (shared_us > now_us(call) && shared_us != INT64_MAX)
        shared_us += (int64_t)h2i_pool_random(&call->session->pool, MAX_COURTESY_US);
    return own_us > shared_us ? own_us : shared_us;
}

static int64_t when(const h2client_call *call, const struct h2i_rate *own,
                    const struct h2i_rate *shared, size_t n)
{
    size_t slice = h2i_rate_slice(own, n);

    return when_both(call, own, slice, shared, h2i_rate_slice(shared, slice));
}

static size_t may_receive(const h2client_call *call, size_t n)
{
    return allowed(call, &call->rates->recv, &shared_by(call)->recv, n);
}

static size_t may_send(const h2client_call *call, size_t n)
{
    return allowed(call, &call->rates->send, &shared_by(call)->send, n);
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
    return is_limited(call) ? may_receive(call, n) : n;
}

/* Nothing is left of what others were offered: they have to wait as well. */
static void withdraw_offers(struct h2i_shared_rates *shared, int64_t now)
{
    struct h2i_list *node;

    while (h2i_rate_allows(&shared->recv, now, 1) == 0 && (node = h2i_list_pop(&shared->offered)))
        h2i_call_rates_watch(
            (h2client_call *)H2I_CONTAINER_OF(node, struct h2i_call_rates, in_offered)->timer.user);
}

void h2i_call_rates_take(h2client_call *call, size_t n)
{
    if (!is_limited(call) || n == 0)
        return;
    h2i_rate_take(&call->rates->recv, now_us(call), n);
    h2i_rate_take(&shared_by(call)->recv, now_us(call), n);
    withdraw_offers(shared_by(call), now_us(call));
}

bool h2i_call_rates_let_end(const h2client_call *call)
{
    size_t n = n_held(call);

    return !is_limited(call) || n == 0 ||
           (!h2i_call_is_collected(call) && may_receive(call, n) == n);
}

static void collect(h2client_call *call)
{
    size_t n = h2i_call_rates_allow(call, call->in.n_uncredited);

    h2i_call_rates_take(call, n);
    call->in.n_uncredited -= n;
    h2i_attempt_credit(call, n);
}

/* The most that the reader may ever have at once. */
static size_t depth(const h2client_call *call)
{
    size_t own = h2i_rate_depth(&call->rates->recv);
    size_t shared = h2i_rate_depth(&shared_by(call)->recv);

    return own < shared ? own : shared;
}

/* When time alone lets the reader go on: not while he has not taken what he may. */
static int64_t recv_is_due_us(const h2client_call *call)
{
    const struct h2i_rate *own = &call->rates->recv, *shared = &shared_by(call)->recv;
    size_t n = n_held(call);

    if (n == 0)
        return INT64_MAX;
    if (may_receive(call, n) == 0)
        return when(call, own, shared, n);
    /* A pulled body's end is told as soon as the rest may be read in one go. */
    if (call->end.is_over && n <= depth(call) && !h2i_call_rates_let_end(call))
        return when_both(call, own, n, shared, n);
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
    h2i_rate_begin(&shared_by(call)->send, now_us(call));
    n = may_send(call, cap);
    rates->n_wanted = n > 0 ? 0 : cap;
    if (n == 0)
        h2i_call_rates_watch(call);
    return n;
}

void h2i_call_rates_sent(h2client_call *call, size_t n)
{
    if (!call->rates)
        return;
    h2i_rate_take(&call->rates->send, now_us(call), n);
    h2i_rate_take(&shared_by(call)->send, now_us(call), n);
}

bool h2i_call_rates_hold_upload(const h2client_call *call)
{
    return call->rates && call->rates->n_wanted > 0;
}

static int64_t send_is_due_us(const h2client_call *call)
{
    const struct h2i_rate *own = &call->rates->send, *shared = &shared_by(call)->send;

    if (call->rates->n_wanted == 0)
        return INT64_MAX;
    return when(call, own, shared, call->rates->n_wanted);
}

static void resume_upload(h2client_call *call)
{
    call->rates->n_wanted = 0;
    h2i_attempt_resume_body(call);
}

/* ---- time ---------------------------------------------------------------------------- */

/* Without a timer of its own it must hear of it when others take what it may have. */
static void note_offer(h2client_call *call, bool is_offered)
{
    h2i_list_remove(&call->rates->in_offered);
    if (is_offered && shared_by(call)->recv.per_s > 0)
        h2i_list_append(&shared_by(call)->offered, &call->rates->in_offered);
}

static void arm(h2client_call *call)
{
    struct h2i_call_rates *rates = call->rates;
    int64_t recv_us = recv_is_due_us(call);
    int64_t send_us = send_is_due_us(call);
    int64_t due_us = recv_us < send_us ? recv_us : send_us;
    h2client_fault no_memory = {.code = H2CLIENT_ERROR_NO_MEMORY, .tls_alert = -1};

    note_offer(call, recv_us == INT64_MAX && n_held(call) > 0);
    if (due_us == INT64_MAX)
        h2client_reactor_timer_stop(&call->session->reactor, &rates->timer);
    else if (h2client_reactor_timer_start(&call->session->reactor, &rates->timer, due_us))
        h2i_call_end_as(call, &no_memory);
}

void h2i_call_rates_watch(h2client_call *call)
{
    if (call->rates && n_held(call) > 0) {
        h2i_rate_begin(&call->rates->recv, now_us(call));
        h2i_rate_begin(&shared_by(call)->recv, now_us(call));
    }
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
    if (call->rates->n_wanted > 0 && may_send(call, call->rates->n_wanted) > 0)
        resume_upload(call);
    h2i_call_mark_ready(call);
    h2i_call_rates_watch(call);
}

/* ---- life ---------------------------------------------------------------------------- */

bool h2i_call_rates_init(h2client_call *call)
{
    const struct h2i_settings *settings = &call->settings;

    if (settings->max_recv_per_s == INT64_MAX && settings->max_send_per_s == INT64_MAX &&
        shared_by(call)->recv.per_s == 0 && shared_by(call)->send.per_s == 0)
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
    if (!call->rates || !call->session)
        return;
    h2i_list_remove(&call->rates->in_offered);
    h2client_reactor_timer_stop(&call->session->reactor, &call->rates->timer);
}

void h2i_shared_rates_init(struct h2i_shared_rates *shared, int64_t recv_per_s, int64_t send_per_s)
{
    h2i_rate_init(&shared->recv, recv_per_s);
    h2i_rate_init(&shared->send, send_per_s);
    h2i_list_init(&shared->offered);
}
