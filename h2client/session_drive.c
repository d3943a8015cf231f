/* SPDX-License-Identifier: MIT */
/*
 * Driving: the turn, and the functions that take turns until something is so. A turn is
 *
 *   flush what a start outside left -> wait -> events, timers, tasks (reactor)
 *   -> delivery (all user code) -> serve the pool -> flush, one write a link -> reap
 */
#include "h2client/call_lines.h"
#include "h2client/call_rates.h"
#include "h2client/session_internal.h"

/* Delivers at most what was ready when the phase began, so that a callback that always
 * starts another call cannot keep a turn from ending. */
static void deliver(h2client_session *session)
{
    struct h2i_list ready;
    struct h2i_list *node;

    while (!session->is_doomed && h2i_notices_tell_one(&session->notices))
        ;
    h2i_list_init(&ready);
    h2i_list_splice(&ready, &session->ready);
    while ((node = h2i_list_pop(&ready))) {
        if (session->is_doomed) {
            h2i_list_append(&session->ready, node);
            continue;
        }
        h2i_call_deliver(H2I_CONTAINER_OF(node, h2client_call, in_ready));
    }
}

static void serve_and_flush(h2client_session *session)
{
    if (!session->has_pool)
        return;
    h2i_pool_serve(&session->pool);
    h2i_pool_flush(&session->pool);
    h2i_pool_reap(&session->pool);
}

static bool has_work(const h2client_session *session)
{
    return !h2i_list_is_empty(&session->ready) || !h2i_notices_are_empty(&session->notices) ||
           (session->has_pool && h2i_pool_is_busy(&session->pool));
}

h2client_error_code h2i_session_turn(h2client_session *session, int64_t timeout_us)
{
    h2client_error_code code = H2CLIENT_OK;

    session->n_turns++;
    h2i_reactor_refresh_clock(&session->reactor);
    if (session->is_nudged) /* what a start outside left; the last turn wrote all else */
        serve_and_flush(session);
    session->is_nudged = false;
    if (session->reactor.loop)
        code = h2i_reactor_turn(&session->reactor, has_work(session) ? 0 : timeout_us);
    deliver(session);
    serve_and_flush(session);
    return code;
}

/* ---- driving functions ------------------------------------------------------ */

/* An application's own poll must see that there is something to do. */
static void arm_loop(h2client_session *session)
{
    h2client_loop *loop = session->reactor.loop;

    if (!session->is_polled || !loop || !loop->ops->arm || !h2i_session_enter(session))
        return;
    if (!has_work(session)) {
        h2i_reactor_arm(&session->reactor);
        return;
    }
    session->reactor.armed_us = session->reactor.now_us;
    loop->ops->arm(loop, session->reactor.armed_us);
}

/* The session may be gone afterwards. */
static void end_driving(h2client_session *session)
{
    session->is_driving = false;
    if (session->is_doomed) {
        h2i_session_finish(session);
        return;
    }
    arm_loop(session);
}

/* In a child: ends the calls that were started there, and looks at none of the parent's. */
static void deliver_forked(h2client_session *session)
{
    struct h2i_list ready;
    struct h2i_list *node;

    session->is_driving = true;
    h2i_list_init(&ready);
    h2i_list_splice(&ready, &session->ready);
    while ((node = h2i_list_pop(&ready))) {
        h2client_call *call = H2I_CONTAINER_OF(node, h2client_call, in_ready);
        if (!session->is_doomed && call->end.outcome.fault.code == H2CLIENT_ERROR_FORKED)
            h2i_call_deliver(call);
        else
            h2i_list_append(&session->ready, node);
    }
    end_driving(session);
}

static h2client_error_code begin_driving(h2client_session *session)
{
    if (session->is_driving)
        return H2CLIENT_ERROR_REENTRANT;
    if (!h2i_session_enter(session)) {
        deliver_forked(session);
        return H2CLIENT_ERROR_FORKED;
    }
    session->is_driving = true;
    return H2CLIENT_OK;
}

static bool can_wait(const h2client_session *session)
{
    return !session->reactor.loop || session->reactor.loop->ops->wait;
}

/* Takes turns until `is_reached`; stops when interrupted or when the session is doomed. */
static h2client_error_code drive_until(h2client_session *session,
                                       bool (*is_reached)(const void *goal), const void *goal)
{
    h2client_error_code code = begin_driving(session);

    if (code == H2CLIENT_ERROR_FORKED && is_reached(goal))
        return H2CLIENT_OK;
    if (code)
        return code;
    if (!can_wait(session))
        code = H2CLIENT_ERROR_INVALID_ARGUMENT;
    while (!code && !session->is_doomed && !is_reached(goal))
        code = h2i_session_turn(session, -1);
    if (code == H2CLIENT_ERROR_INTERRUPTED && is_reached(goal)) {
        h2client_session_wake(session); /* for the next one: this one has what it waited for */
        code = H2CLIENT_OK;
    }
    end_driving(session);
    return code;
}

h2client_error_code h2client_session_dispatch(h2client_session *session, int64_t timeout_ms)
{
    h2client_error_code code;
    int64_t timeout_us = timeout_ms < 0 ? -1 : timeout_ms;

    if (!session)
        return H2CLIENT_ERROR_NO_MEMORY;
    code = begin_driving(session);
    if (code)
        return code;
    if (timeout_us > 0 && __builtin_mul_overflow(timeout_us, 1000, &timeout_us))
        timeout_us = -1;
    code = h2i_session_turn(session, timeout_us);
    end_driving(session);
    return code;
}

/* ---- the end of all ------------------------------------------------------------- */

/* INT64_MAX: as long as it takes. */
static int64_t end_of_patience(const h2client_session *session, int64_t timeout_ms)
{
    int64_t timeout_us, deadline_us;

    if (timeout_ms < 0 || __builtin_mul_overflow(timeout_ms, 1000, &timeout_us) ||
        __builtin_add_overflow(session->reactor.now_us, timeout_us, &deadline_us))
        return INT64_MAX;
    return deadline_us;
}

/* Those that were started meanwhile are over, and may start the next ones for ever. */
static bool has_unfinished(const h2client_session *session)
{
    return session->n_running > session->n_refused;
}

static h2client_error_code drive_until_idle(h2client_session *session, int64_t deadline_us)
{
    h2client_error_code code = H2CLIENT_OK;

    while (!code && !session->is_doomed && has_unfinished(session)) {
        int64_t left_us = deadline_us - session->reactor.now_us;
        if (left_us <= 0)
            return H2CLIENT_ERROR_TIMEOUT;
        code = h2i_session_turn(session, deadline_us == INT64_MAX ? -1 : left_us);
    }
    return code;
}

static void close_all(h2client_session *session)
{
    const h2client_fault fault = {.code = H2CLIENT_ERROR_SESSION_CLOSED, .tls_alert = -1};

    while (!session->is_doomed && has_unfinished(session)) {
        for (struct h2i_list *node = h2i_list_first(&session->calls); node;
             node = h2i_list_after(&session->calls, node))
            h2i_call_close(H2I_CONTAINER_OF(node, h2client_call, in_session), &fault);
        h2i_session_turn(session, 0);
    }
}

static void shut_down(h2client_session *session)
{
    if (!session->is_doomed && session->n_refused > 0)
        h2i_session_turn(session, 0); /* they hear of it */
    if (!session->is_doomed && session->has_pool)
        h2i_pool_shut_down(&session->pool);
}

h2client_error_code h2client_session_close(h2client_session *session, int64_t timeout_ms)
{
    h2client_error_code code;

    if (!session)
        return H2CLIENT_ERROR_NO_MEMORY;
    code = begin_driving(session);
    if (code)
        return code;
    session->is_draining = true;
    h2i_reactor_refresh_clock(&session->reactor);
    code = can_wait(session) || timeout_ms == 0
               ? drive_until_idle(session, end_of_patience(session, timeout_ms))
               : H2CLIENT_ERROR_INVALID_ARGUMENT;
    if (code == H2CLIENT_ERROR_TIMEOUT)
        close_all(session);
    if (!code || code == H2CLIENT_ERROR_TIMEOUT)
        shut_down(session);
    end_driving(session);
    return code;
}

/* ---- waiting for calls -------------------------------------------------------- */

static bool call_has_ended(const void *goal)
{
    return h2i_call_has_ended(goal);
}

static bool call_has_head(const void *goal)
{
    const h2client_call *call = goal;

    return call->in.is_head_told || h2i_call_has_ended(call);
}

static bool call_has_bytes(const void *goal)
{
    const h2client_call *call = goal;
    size_t len = h2i_buf_len(&call->in.body);

    return (len > 0 && h2i_call_rates_allow(call, len) > 0) || h2i_call_has_ended(call);
}

/* A call that is waited for stays, even if a callback destroys it. */
static void pin(h2client_call *call)
{
    if (!call)
        return;
    call->is_asked_about = true;
    call->n_pins++;
}

static void unpin(h2client_call *call)
{
    if (!call)
        return;
    call->n_pins--;
    h2i_call_release_if_unused(call);
}

/* OK when it is reached and the caller still has its handle. */
static h2client_error_code drive_for(h2client_call *call, bool (*is_reached)(const void *goal))
{
    h2client_error_code code = H2CLIENT_OK;

    if (is_reached(call) || !call->session)
        return H2CLIENT_OK;
    pin(call);
    code = drive_until(call->session, is_reached, call);
    if (!code && !call->has_handle)
        code = H2CLIENT_ERROR_CANCELLED;
    unpin(call);
    return code;
}

const h2client_response *h2client_call_await(h2client_call *call)
{
    if (!call || (call->session && call->session->is_driving))
        return NULL;
    h2i_call_set_delivery(call, H2CLIENT_DELIVERY_WHOLE);
    if (drive_for(call, call_has_ended))
        return NULL;
    h2i_list_remove(&call->in_done);
    return h2client_call_response(call);
}

const h2client_response *h2client_call_await_response(h2client_call *call)
{
    if (!call || (call->session && call->session->is_driving))
        return NULL;
    h2i_call_set_delivery(call, H2CLIENT_DELIVERY_PULL);
    if (drive_for(call, call_has_head))
        return NULL;
    return h2client_call_response(call);
}

h2client_error_code h2client_call_read(h2client_call *call, void *buf, size_t cap, size_t *n)
{
    h2client_error_code code;

    if (n)
        *n = 0;
    if (!call)
        return H2CLIENT_ERROR_NO_MEMORY;
    if (call->session && call->session->is_driving)
        return H2CLIENT_ERROR_REENTRANT;
    if (!buf || cap == 0 || !n || call->settings.on_data)
        return H2CLIENT_ERROR_INVALID_ARGUMENT;
    h2i_call_set_delivery(call, H2CLIENT_DELIVERY_PULL);
    code = h2i_call_holds_lines(call) ? H2CLIENT_OK : drive_for(call, call_has_bytes);
    return code ? code : h2client_call_try_read(call, buf, cap, n);
}

h2client_error_code h2client_call_read_line(h2client_call *call, const char **line, size_t *len)
{
    h2client_error_code code;

    if (line)
        *line = NULL;
    if (call && call->session && call->session->is_driving)
        return H2CLIENT_ERROR_REENTRANT;
    do {
        code = h2client_call_try_read_line(call, line, len);
        if (code != H2CLIENT_PENDING)
            return code;
        code = drive_for(call, call_has_bytes);
    } while (!code);
    return code;
}

static bool call_takes_bytes(const void *goal)
{
    const h2client_call *call = goal;

    return call->end.is_over || call->source.kind != H2I_SOURCE_WRITTEN ||
           !call->source.wants_room || h2i_source_gives_room(&call->source);
}

h2client_error_code h2client_call_write(h2client_call *call, const void *data, size_t len,
                                        size_t *n)
{
    h2client_error_code code = H2CLIENT_OK;
    size_t n_taken = 0, n_more;

    if (n)
        *n = 0;
    if (!call)
        return H2CLIENT_ERROR_NO_MEMORY;
    if (call->session && call->session->is_driving)
        return H2CLIENT_ERROR_REENTRANT;
    do {
        code = h2client_call_try_write(call, (const char *)data + n_taken, len - n_taken, &n_more);
        n_taken += n_more;
        if (n)
            *n = n_taken;
        if (code == H2CLIENT_PENDING || (!code && n_taken < len))
            code = drive_for(call, call_takes_bytes);
    } while (!code && n_taken < len);
    return code;
}

static bool wait_is_over(const void *goal)
{
    return ((const struct h2i_wait *)goal)->n_left == 0;
}

static bool wait_has_one(const void *goal)
{
    return ((const struct h2i_wait *)goal)->first != NULL;
}

/* Joins the running calls of one session; returns it, NULL when none runs. */
static h2client_session *join_all(struct h2i_wait *wait, h2client_call *const *calls, size_t n)
{
    h2client_session *session = NULL;

    for (size_t i = 0; i < n; i++) {
        h2client_call *call = calls[i];
        if (!call || h2i_call_has_ended(call) || call->wait)
            continue;
        if (!session)
            session = call->session;
        if (call->session != session)
            continue;
        call->wait = wait;
        wait->n_left++;
    }
    return session;
}

static void leave_all(const struct h2i_wait *wait, h2client_call *const *calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (calls[i] && calls[i]->wait == wait)
            calls[i]->wait = NULL;
}

static bool is_driven(h2client_call *const *calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (calls[i] && calls[i]->session && calls[i]->session->is_driving)
            return true;
    return false;
}

static void pin_all(h2client_call *const *calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        pin(calls[i]);
}

static void unpin_all(h2client_call *const *calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        unpin(calls[i]);
}

h2client_error_code h2client_gather(h2client_call *const *calls, size_t n)
{
    struct h2i_wait wait = {0, NULL};
    h2client_error_code code = H2CLIENT_OK;
    h2client_session *session;

    if (!calls)
        return n == 0 ? H2CLIENT_OK : H2CLIENT_ERROR_INVALID_ARGUMENT;
    if (is_driven(calls, n))
        return H2CLIENT_ERROR_REENTRANT;
    pin_all(calls, n);
    for (size_t i = 0; i < n; i++)
        if (calls[i])
            h2i_call_set_delivery(calls[i], H2CLIENT_DELIVERY_WHOLE);
    while (!code && (session = join_all(&wait, calls, n))) { /* one session after the other */
        code = drive_until(session, wait_is_over, &wait);
        leave_all(&wait, calls, n);
        wait = (struct h2i_wait){0, NULL};
    }
    for (size_t i = 0; !code && i < n; i++)
        if (calls[i])
            h2i_list_remove(&calls[i]->in_done);
    unpin_all(calls, n);
    return code;
}

static size_t find_ended(h2client_call *const *calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (calls[i] && h2i_call_has_ended(calls[i]))
            return i;
    return n;
}

/* Drives until one of them has ended; none has yet. */
static size_t wait_for_first(h2client_call *const *calls, size_t n)
{
    struct h2i_wait wait = {0, NULL};
    h2client_session *session;
    size_t place;

    pin_all(calls, n);
    session = join_all(&wait, calls, n);
    if (session)
        drive_until(session, wait_has_one, &wait);
    leave_all(&wait, calls, n);
    for (place = 0; place < n; place++)
        if (calls[place] && calls[place] == wait.first)
            break;
    if (place < n && !calls[place]->has_handle)
        place = n; /* it was destroyed by its own on_done */
    unpin_all(calls, n);
    return place;
}

size_t h2client_wait_any(h2client_call *const *calls, size_t n)
{
    size_t place;

    if (!calls || is_driven(calls, n))
        return n;
    place = find_ended(calls, n);
    if (place == n)
        place = wait_for_first(calls, n);
    if (place < n)
        h2i_list_remove(&calls[place]->in_done);
    return place;
}

h2client_call *h2client_session_next_done(h2client_session *session)
{
    struct h2i_list *node = session ? h2i_list_pop(&session->done) : NULL;

    h2client_call *call = node ? H2I_CONTAINER_OF(node, h2client_call, in_done) : NULL;

    if (call)
        call->is_asked_about = true;
    return call;
}

/* ---- embedding ------------------------------------------------------------------ */

/* NULL in a child as well: the kernel's half of the loop is the parent's. */
static h2client_loop *loop_of(h2client_session *session)
{
    return session && h2i_session_enter(session) ? session->reactor.loop : NULL;
}

void h2i_session_nudge(h2client_session *session)
{
    if (session->is_driving)
        return;
    session->is_nudged = true;
    arm_loop(session);
}

int h2client_session_fd(h2client_session *session)
{
    h2client_loop *loop = loop_of(session);

    if (!loop)
        return -1;
    session->is_polled = true;
    h2i_session_nudge(session);
    return loop->ops->fd ? loop->ops->fd(loop) : -1;
}

size_t h2client_session_pollfds(h2client_session *session, h2client_pollfd *fds, size_t cap)
{
    h2client_loop *loop = loop_of(session);

    return loop && loop->ops->pollfds ? loop->ops->pollfds(loop, fds, cap) : 0;
}

int64_t h2client_session_next_timeout_ms(h2client_session *session)
{
    int64_t timeout_us;

    if (!session)
        return -1;
    if (has_work(session))
        return 0;
    if (!session->is_driving)
        h2i_reactor_refresh_clock(&session->reactor);
    timeout_us = h2i_reactor_next_timeout_us(&session->reactor);
    return timeout_us == INT64_MAX ? -1 : timeout_us / 1000 + (timeout_us % 1000 != 0);
}

void h2client_session_wake(h2client_session *session)
{
    h2client_loop *loop = loop_of(session);

    if (loop && loop->ops->wake)
        loop->ops->wake(loop);
}
