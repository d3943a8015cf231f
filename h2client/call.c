/* SPDX-License-Identifier: MIT */
#include "h2client/call.h"

#include "base/fault.h"
#include "h2client/attempt.h"
#include "h2client/call_decode.h"
#include "h2client/call_lines.h"
#include "h2client/call_rates.h"
#include "h2client/session_internal.h"

/* A spare call keeps its arena's first block and a body buffer up to this size, as long as
 * all spare ones together keep no more than that. */
#define SPARE_BODY_BYTES 65536
#define MAX_SPARE_BODY_BYTES (4u << 20)
#define ARENA_BLOCK_BYTES 4096
#define MAX_SPARE_CALLS 1024

/* ---- memory -------------------------------------------------------------- */

struct h2i_home *h2i_home_create(const h2client_allocator *allocator)
{
    struct h2i_home *home = h2i_alloc(allocator, sizeof *home);

    if (home)
        *home = (struct h2i_home){*allocator, 1};
    return home;
}

void h2i_home_unref(struct h2i_home *home)
{
    h2client_allocator allocator;

    if (!home || --home->n_refs > 0)
        return;
    allocator = home->allocator;
    h2i_free(&allocator, home);
}

static h2client_call *take_spare(h2client_session *session)
{
    struct h2i_list *node = h2i_list_pop(&session->spare);

    if (!node)
        return NULL;
    session->n_spare--;
    session->n_spare_body_bytes -= H2I_CONTAINER_OF(node, h2client_call, in_session)->in.body.cap;
    return H2I_CONTAINER_OF(node, h2client_call, in_session);
}

static h2client_call *allocate_call(h2client_session *session)
{
    const h2client_allocator *allocator = &session->home->allocator;
    h2client_call *call = h2i_alloc_zeroed(allocator, sizeof *call);

    if (!call)
        return NULL;
    call->home = session->home;
    call->home->n_refs++;
    h2i_arena_init(&call->arena, allocator, ARENA_BLOCK_BYTES);
    h2i_buf_init(&call->in.body, allocator, SIZE_MAX / 2);
    h2i_buf_init(&call->in.lines.held, allocator, SIZE_MAX / 2);
    return call;
}

static void reset_figures(h2client_call *call)
{
    static const h2client_header no_headers[] = {{NULL, NULL}};

    call->info = (h2client_call_info){.size = sizeof call->info,
                                      .queued_us = -1,
                                      .name_lookup_us = -1,
                                      .connect_us = -1,
                                      .tls_us = -1,
                                      .request_us = -1,
                                      .first_byte_us = -1,
                                      .total_us = -1,
                                      .url = "",
                                      .fragment = "",
                                      .http_version = "",
                                      .method = "",
                                      .local_address = "",
                                      .remote_address = "",
                                      .tls_version = "",
                                      .stream_id = -1};
    call->error = (h2client_error){.size = sizeof call->error,
                                   .message = h2client_error_text(H2CLIENT_PENDING),
                                   .peer = "",
                                   .url = "",
                                   .expected_bytes = -1,
                                   .http2_code = -1,
                                   .code = H2CLIENT_PENDING,
                                   .tls_alert = -1,
                                   .stream_id = -1,
                                   .exit_code = h2client_error_exit_code(H2CLIENT_PENDING)};
    call->response = (h2client_response){.headers = no_headers,
                                         .trailers = no_headers,
                                         .content_length = -1,
                                         .http_version = "",
                                         .body = &call->in.body};
}

h2client_call *h2i_session_new_call(h2client_session *session, const h2client_call_options *options)
{
    h2client_call *call = take_spare(session);

    if (!call)
        call = allocate_call(session);
    if (!call)
        return NULL;
    call->session = session;
    if (!h2i_call_adopt(call, options)) {
        h2i_call_free(call);
        return NULL;
    }
    call->has_handle = true;
    call->is_asked_about = false;
    call->asked = &call->is_asked_about;
    h2i_attempt_init(call);
    call->started_us = session->reactor.now_us;
    atomic_store_explicit(&call->state, H2CLIENT_PENDING, memory_order_relaxed);
    reset_figures(call);
    h2i_call_limits_init(call);
    h2i_list_append(&session->calls, &call->in_session);
    session->n_running++;
    session->n_calls++;
    return call;
}

void h2i_call_free(h2client_call *call)
{
    struct h2i_home *home = call->home;

    h2i_source_close(&call->source);
    h2i_call_drop_decoding(call);
    h2i_call_take_tls(call, NULL);
    h2i_arena_finish(&call->arena);
    h2i_buf_finish(&call->in.body);
    h2i_buf_finish(&call->in.lines.held);
    h2i_free(&home->allocator, call);
    h2i_home_unref(home);
}

/* Keeps what costs to make: the arena's block and a body buffer of usual size. */
static void keep_as_spare(h2client_session *session, h2client_call *call)
{
    struct h2i_home *home = call->home;
    struct h2i_arena arena = call->arena;
    struct h2i_buf body = call->in.body;
    bool has_room = session->n_spare_body_bytes + body.cap <= MAX_SPARE_BODY_BYTES;

    h2i_source_close(&call->source);
    h2i_call_drop_decoding(call);
    h2i_call_take_tls(call, NULL);
    h2i_arena_reset(&arena);
    h2i_buf_clear(&body, has_room ? SPARE_BODY_BYTES : 0);
    h2i_buf_finish(&call->in.lines.held);
    memset(call, 0, sizeof *call);
    call->home = home;
    call->arena = arena;
    call->in.body = body;
    h2i_buf_init(&call->in.lines.held, &home->allocator, SIZE_MAX / 2);
    h2i_list_append(&session->spare, &call->in_session);
    session->n_spare++;
    session->n_spare_body_bytes += body.cap;
}

void h2i_call_release_if_unused(h2client_call *call)
{
    h2client_session *session = call->session;

    if (call->has_handle || call->is_delivering || call->n_pins || !h2i_call_has_ended(call))
        return;
    h2i_list_remove(&call->in_session);
    h2i_list_remove(&call->in_ready);
    h2i_list_remove(&call->in_done);
    if (session && !session->is_closing && session->n_spare < MAX_SPARE_CALLS)
        keep_as_spare(session, call);
    else
        h2i_call_free(call);
}

void h2i_call_detach(h2client_call *call)
{
    h2i_list_remove(&call->in_session);
    h2i_list_remove(&call->in_ready);
    h2i_list_remove(&call->in_done);
    call->session = NULL;
}

/* ---- the loop's half ------------------------------------------------------ */

void h2i_call_mark_ready(h2client_call *call)
{
    if (!h2i_list_is_linked(&call->in_ready))
        h2i_list_append(&call->session->ready, &call->in_ready);
}

void h2i_call_end(h2client_call *call, const struct h2i_outcome *outcome)
{
    if (call->end.is_over)
        return;
    if (!call->error.phase)
        call->error.phase = h2i_attempt_phase(call);
    call->end.is_over = true;
    call->end.outcome = *outcome;
    call->attempt.is_running = false;
    h2i_call_limits_stop(call);
    h2i_call_mark_ready(call);
}

void h2i_call_abort(h2client_call *call, const h2client_fault *fault)
{
    struct h2i_outcome outcome = {
        .fault = *fault, .replay_class = h2i_attempt_replay_class(call), .http2_code = -1};

    if (call->end.is_over)
        return;
    call->error.phase = h2i_attempt_phase(call); /* as it stands before it is stopped */
    h2i_attempt_stop(call);
    h2i_call_end(call, &outcome);
}

void h2i_call_end_as(h2client_call *call, const h2client_fault *fault)
{
    struct h2i_outcome *outcome = &call->end.outcome;

    if (call->end.is_over) {
        if (outcome->fault.code == H2CLIENT_OK) /* the server did act on it */
            outcome->replay_class = H2CLIENT_REPLAY_MAYBE_PROCESSED;
        outcome->fault = *fault;
    } else {
        h2i_call_abort(call, fault);
    }
    h2i_call_mark_ready(call);
}

void h2i_call_close(h2client_call *call, const h2client_fault *fault)
{
    if (h2i_call_has_ended(call))
        return;
    if (!call->end.is_over)
        h2i_call_abort(call, fault);
    else if (call->end.outcome.fault.code == H2CLIENT_OK && !h2i_call_is_all_told(call))
        h2i_call_end_as(call, fault);
}

/* Between two turns the clock stands still, and what is noted by it would look as old as the
 * last turn. */
bool h2i_call_enter(h2client_call *call)
{
    if (!call->session || !h2i_session_enter(call->session))
        return false;
    if (!call->session->is_driving)
        h2i_reactor_refresh_clock(&call->session->reactor);
    return true;
}

/* What is not collected is no response's body: it belongs to who reads it. */
static void show_body(h2client_call *call)
{
    call->response.body = h2i_call_is_collected(call) ? &call->in.body : NULL;
}

void h2i_call_set_delivery(h2client_call *call, h2client_delivery delivery)
{
    h2client_fault no_memory = {.code = H2CLIENT_ERROR_NO_MEMORY, .tls_alert = -1};

    if (call->settings.delivery == delivery || call->settings.on_data)
        return;
    if (delivery == H2CLIENT_DELIVERY_WHOLE && !h2i_call_give_lines_back(call) &&
        !h2i_call_has_ended(call) && h2i_call_enter(call))
        h2i_call_end_as(call, &no_memory);
    call->settings.delivery = delivery;
    show_body(call);
    if (h2i_call_has_ended(call) || !h2i_call_enter(call))
        return;
    h2i_call_mark_ready(call); /* what is decoded now may be more */
    h2i_call_rates_watch(call);
}

/* ---- public ---------------------------------------------------------------- */

static h2client_fault make_fault(h2client_error_code code, const char *why)
{
    return h2i_fault(code, "%s", why);
}

static void begin(h2client_call *call, const char *method, const char *url,
                  const h2client_call_options *options)
{
    h2client_session *session = call->session;
    char buf[200];
    struct h2i_text why = h2i_text(buf, sizeof buf);
    h2client_error_code code = session->error.code;
    h2client_fault fault;

    if (code)
        h2i_text_add(&why, "%s", session->error.message);
    if (!code && session->is_draining) {
        code = H2CLIENT_ERROR_SESSION_CLOSED;
        call->was_refused = true;
        session->n_refused++;
    }
    if (!h2i_session_enter(session))
        code = H2CLIENT_ERROR_FORKED;
    if (!code)
        code = h2i_call_prepare(call, method, url, options, &why);
    show_body(call);
    if (!code && !h2i_attempt_begin(call))
        code = H2CLIENT_ERROR_NO_MEMORY;
    if (!code)
        return;
    fault = make_fault(code, buf);
    h2i_call_abort(call, &fault);
}

h2client_call *h2client_start(h2client_session *session, const char *method, const char *url,
                              const h2client_call_options *options)
{
    h2client_call *call;

    if (!session || session->is_closing || session->is_doomed)
        return NULL;
    if (!session->is_driving)
        h2i_reactor_refresh_clock(&session->reactor);
    call = h2i_session_new_call(session, options);
    if (!call)
        return NULL;
    begin(call, method, url, options);
    h2i_session_nudge(session);
    return call;
}

void h2client_call_cancel(h2client_call *call)
{
    h2client_fault fault;

    if (!call || h2i_call_has_ended(call) || !h2i_call_enter(call))
        return;
    call->end.is_cancelled = true;
    fault = make_fault(H2CLIENT_ERROR_CANCELLED, "");
    h2i_call_end_as(call, &fault);
    h2i_session_nudge(call->session);
}

void h2client_call_pause(h2client_call *call)
{
    if (call)
        call->in.is_paused = true;
}

void h2client_call_resume(h2client_call *call)
{
    if (!call || !call->in.is_paused)
        return;
    call->in.is_paused = false;
    if (h2i_call_has_ended(call) || !h2i_call_enter(call))
        return;
    h2i_call_mark_ready(call);
    h2i_session_nudge(call->session);
}

h2client_error_code h2client_call_credit(h2client_call *call, size_t n_bytes)
{
    if (!call)
        return H2CLIENT_ERROR_NO_MEMORY;
    if (n_bytes > call->in.n_kept)
        return H2CLIENT_ERROR_INVALID_ARGUMENT;
    call->in.n_kept -= n_bytes;
    if (call->in.is_coded && h2i_call_enter(call)) {
        h2i_call_mark_ready(call); /* decoding goes on, and gives the room back */
        h2i_session_nudge(call->session);
        return H2CLIENT_OK;
    }
    call->in.n_uncredited -= n_bytes;
    if (!h2i_call_enter(call))
        return H2CLIENT_OK;
    h2i_attempt_credit(call, n_bytes);
    h2i_session_nudge(call->session);
    return H2CLIENT_OK;
}

void h2client_call_resume_upload(h2client_call *call)
{
    if (!call || h2i_call_has_ended(call) || !h2i_call_enter(call) ||
        !h2i_source_resume(&call->source))
        return;
    call->attempt.last_write_us = call->session->reactor.now_us; /* what it waited was ours */
    h2i_call_mark_ready(call);
    h2i_session_nudge(call->session);
}

static h2client_error_code take_bytes(h2client_call *call, void *buf, size_t cap, size_t *n)
{
    size_t len = h2i_buf_len(&call->in.body);
    size_t freed;
    bool is_inside = h2i_call_enter(call);

    *n = h2i_call_may_have(call, len < cap ? len : cap);
    if (*n == 0)
        return H2CLIENT_PENDING;
    memcpy(buf, h2i_buf_data(&call->in.body), *n);
    h2i_buf_consume(&call->in.body, *n);
    len -= *n;
    if (call->in.is_coded) {
        if (!h2i_call_has_ended(call) && is_inside) {
            h2i_call_mark_ready(call);
            h2i_session_nudge(call->session);
        }
        return H2CLIENT_OK;
    }
    freed = call->in.n_uncredited > len ? call->in.n_uncredited - len : 0;
    call->in.n_uncredited -= freed;
    if (freed && is_inside) {
        h2i_attempt_credit(call, freed);
        h2i_call_rates_watch(call);
        h2i_session_nudge(call->session);
    }
    return H2CLIENT_OK;
}

h2client_error_code h2i_call_try_take(h2client_call *call, void *buf, size_t cap, size_t *n)
{
    *n = 0;
    h2i_call_set_delivery(call, H2CLIENT_DELIVERY_PULL);
    if (h2i_buf_len(&call->in.body) == 0)
        h2i_call_decode(call);
    if (h2i_buf_len(&call->in.body))
        return take_bytes(call, buf, cap, n);
    return h2client_call_state(call);
}

h2client_error_code h2client_call_try_read(h2client_call *call, void *buf, size_t cap, size_t *n)
{
    if (n)
        *n = 0;
    if (!call)
        return H2CLIENT_ERROR_NO_MEMORY;
    if (!buf || cap == 0 || !n || call->settings.on_data)
        return H2CLIENT_ERROR_INVALID_ARGUMENT;
    if (h2i_call_holds_lines(call)) {
        h2i_call_take_held(call, buf, cap, n);
        return H2CLIENT_OK;
    }
    return h2i_call_try_take(call, buf, cap, n);
}

void h2i_call_report_unasked(h2client_call *call)
{
    if (h2i_reports() && call->has_handle && !call->is_asked_about && !call->settings.on_done &&
        !call->end.is_cancelled)
        h2i_report("the call made at %s (%s %s) was never awaited",
                   call->made_at ? call->made_at : "an unknown place", call->info.method,
                   call->info.url);
    call->is_asked_about = true;
}

void h2client_call_destroy(h2client_call *call)
{
    h2client_session *session = call ? call->session : NULL;

    if (!call || !call->has_handle)
        return;
    h2i_call_report_unasked(call);
    if (session && !h2i_call_has_ended(call))
        h2client_call_cancel(call);
    call->has_handle = false;
    h2i_list_remove(&call->in_done);
    h2i_call_release_if_unused(call);
}

/* ---- what can be asked ------------------------------------------------------ */

const h2client_response *h2client_call_response(const h2client_call *call)
{
    h2client_error_code state = h2client_call_state(call);

    if (!call || (state != H2CLIENT_OK && state != H2CLIENT_PENDING) || !call->in.has_head)
        return NULL;
    return &call->response;
}

const h2client_response *h2client_call_partial_response(const h2client_call *call)
{
    (void)h2client_call_state(call); /* who asks for this knows that it ended */
    return call && call->in.has_head ? &call->response : NULL;
}

static const h2client_error no_memory_error = {
    .size = sizeof(h2client_error),
    .message = "out of memory",
    .peer = "",
    .url = "",
    .expected_bytes = -1,
    .http2_code = -1,
    .code = H2CLIENT_ERROR_NO_MEMORY,
    .phase = H2CLIENT_PHASE_USAGE,
    .tls_alert = -1,
    .stream_id = -1,
    .exit_code = 27,
};

const h2client_error *h2client_call_error(const h2client_call *call)
{
    if (!call)
        return &no_memory_error;
    *call->asked = true;
    return &call->error;
}

h2client_error_code h2client_call_state(const h2client_call *call)
{
    if (!call)
        return H2CLIENT_ERROR_NO_MEMORY;
    *call->asked = true;
    return (h2client_error_code)atomic_load_explicit(&call->state, memory_order_acquire);
}

void *h2client_call_user(const h2client_call *call)
{
    return call ? call->settings.user : NULL;
}

const h2client_call_info *h2client_call_get_info(const h2client_call *call)
{
    static const h2client_call_info none = {.size = sizeof none,
                                            .queued_us = -1,
                                            .name_lookup_us = -1,
                                            .connect_us = -1,
                                            .tls_us = -1,
                                            .request_us = -1,
                                            .first_byte_us = -1,
                                            .total_us = -1,
                                            .url = "",
                                            .fragment = "",
                                            .http_version = "",
                                            .method = "",
                                            .local_address = "",
                                            .remote_address = "",
                                            .tls_version = "",
                                            .stream_id = -1};
    return call ? &call->info : &none;
}

const h2client_attempt *h2client_call_attempt(const h2client_call *call, size_t i)
{
    return call ? h2i_history_get(&call->attempt.history, i) : NULL;
}
