/* SPDX-License-Identifier: MIT */
/*
 * The HTTP/2 core's verbs. Each enters the conn, does one thing and leaves; what the
 * owner has to know (output, changes) is told once, when the outermost verb leaves,
 * so that no handler of an exchange sees the conn half changed.
 */
#include "h2client/h2/h2_internal.h"

static const struct h2i_h2_config default_config = {
    .max_streams = UINT32_MAX,
    .stream_window_bytes = 65536,
    .max_stream_window_bytes = 4 * 1024 * 1024,
    .conn_window_bytes = 16 * 1024 * 1024,
    .max_header_bytes = 256 * 1024,
    .max_header_fields = 1000,
    .max_open_header_bytes = 8 * 1024 * 1024,
    .ping_after_us = 15000000,
    .ping_timeout_us = 10000000,
    .abuse = {.informational = 32,
              .continuations = 72,
              .empty_data = 1000,
              .acks_queued = 1000,
              .chatter = 10000,
              .frames = 100000,
              .frames_a_second = 4000,
              .unheard_header_bytes = 1024 * 1024},
};

const struct h2i_h2_config *h2i_h2_default_config(void)
{
    return &default_config;
}

const char *h2i_h2_library_version(void)
{
    return nghttp2_version(0)->version_str;
}

void h2i_h2_enter(struct h2i_h2_conn *conn)
{
    conn->depth++;
}

void h2i_h2_leave(struct h2i_h2_conn *conn)
{
    if (--conn->depth > 0)
        return;
    h2i_h2_set_deadline(conn);
    if (conn->is_changed) {
        conn->is_changed = false;
        conn->base.events->on_change(&conn->base);
    }
    if (!conn->is_output_told && h2i_h2_has_output(conn)) {
        conn->is_output_told = true;
        conn->base.events->on_output(&conn->base);
    }
}

/* Verbs that may not run events only note that memory ran out. */
static void fail_if_out_of_memory(struct h2i_h2_conn *conn)
{
    if (conn->is_out_of_memory && !conn->base.has_failed)
        h2i_h2_out_of_memory(conn);
}

static h2client_error_code conn_submit(struct h2i_conn *base, struct h2i_exchange *exchange)
{
    struct h2i_h2_conn *conn = h2i_h2_conn_of(base);

    h2i_h2_enter(conn);
    h2client_error_code code = h2i_h2_submit(conn, exchange);
    h2i_h2_leave(conn);
    return code;
}

static void conn_cancel(struct h2i_conn *base, struct h2i_exchange *exchange, uint32_t http2_code)
{
    struct h2i_h2_conn *conn = h2i_h2_conn_of(base);
    struct h2i_h2_stream *stream = exchange->stream;

    if (!stream)
        return;
    h2i_h2_enter(conn);
    h2i_h2_stream_detach(stream);
    h2i_h2_stream_reset(stream, http2_code);
    h2i_h2_leave(conn);
}

static void conn_credit(struct h2i_conn *base, struct h2i_exchange *exchange, size_t n)
{
    struct h2i_h2_conn *conn = h2i_h2_conn_of(base);

    if (!exchange->stream || n == 0)
        return;
    h2i_h2_enter(conn);
    h2i_h2_stream_credit(exchange->stream, n);
    h2i_h2_leave(conn);
}

static void conn_resume_body(struct h2i_conn *base, struct h2i_exchange *exchange)
{
    struct h2i_h2_conn *conn = h2i_h2_conn_of(base);

    if (!exchange->stream)
        return;
    h2i_h2_enter(conn);
    /* A body that is not waiting is no error: it will be asked anyway. */
    if (nghttp2_is_fatal(nghttp2_session_resume_data(conn->session, exchange->stream_id)))
        conn->is_out_of_memory = true;
    h2i_h2_leave(conn);
}

static h2client_error_code conn_receive(struct h2i_conn *base, int64_t now_us, const void *data,
                                        size_t len)
{
    struct h2i_h2_conn *conn = h2i_h2_conn_of(base);

    h2i_h2_enter(conn);
    conn->now_us = now_us;
    h2i_h2_costs_at(conn, now_us);
    h2i_h2_heard(conn);
    fail_if_out_of_memory(conn);
    h2i_h2_gate_take(conn, data, len);
    fail_if_out_of_memory(conn);
    h2i_h2_leave(conn);
    return base->has_failed ? base->failure.fault.code : H2CLIENT_OK;
}

static void conn_end_input(struct h2i_conn *base, const h2client_fault *fault)
{
    struct h2i_h2_conn *conn = h2i_h2_conn_of(base);

    h2i_h2_enter(conn);
    h2i_h2_end_input(conn, fault);
    h2i_h2_leave(conn);
}

static size_t conn_produce(struct h2i_conn *base, int64_t now_us, void *buf, size_t cap)
{
    struct h2i_h2_conn *conn = h2i_h2_conn_of(base);

    h2i_h2_enter(conn);
    conn->now_us = now_us;
    h2i_h2_watch(conn);
    fail_if_out_of_memory(conn);
    size_t n = h2i_h2_produce(conn, buf, cap);
    if (n == 0)
        conn->is_output_told = false;
    h2i_h2_leave(conn);
    return n;
}

static void conn_shutdown(struct h2i_conn *base)
{
    struct h2i_h2_conn *conn = h2i_h2_conn_of(base);

    if (!base->accepts_new)
        return;
    h2i_h2_enter(conn);
    base->accepts_new = false;
    conn->is_changed = true;
    int32_t last_id = nghttp2_session_get_last_proc_stream_id(conn->session);
    if (nghttp2_submit_goaway(conn->session, NGHTTP2_FLAG_NONE, last_id, NGHTTP2_NO_ERROR, NULL,
                              0) != 0)
        conn->is_out_of_memory = true;
    h2i_h2_leave(conn);
}

static void conn_destroy(struct h2i_conn *base)
{
    struct h2i_h2_conn *conn = h2i_h2_conn_of(base);
    struct h2i_list *node;

    for (node = conn->streams.next; node != &conn->streams; node = node->next)
        h2i_h2_stream_detach(H2I_CONTAINER_OF(node, struct h2i_h2_stream, node));
    nghttp2_session_del(conn->session);
    while ((node = h2i_list_pop(&conn->streams)) != NULL)
        h2i_h2_stream_destroy(H2I_CONTAINER_OF(node, struct h2i_h2_stream, node));
    h2i_free(conn->allocator, conn->out.fields);
    h2i_free(conn->allocator, conn);
}

static const struct h2i_conn_ops conn_ops = {
    .submit = conn_submit,
    .cancel = conn_cancel,
    .credit = conn_credit,
    .resume_body = conn_resume_body,
    .receive = conn_receive,
    .end_input = conn_end_input,
    .produce = conn_produce,
    .shutdown = conn_shutdown,
    .destroy = conn_destroy,
};

struct h2i_conn *h2i_h2_conn_create(const h2client_allocator *allocator, struct h2i_slab *slab,
                                    struct h2i_budget *budget, const struct h2i_h2_config *config,
                                    const struct h2i_conn_events *events, void *owner, uint64_t id)
{
    struct h2i_h2_conn *conn = h2i_alloc_zeroed(allocator, sizeof *conn);
    if (!conn)
        return NULL;
    conn->base = (struct h2i_conn){
        .ops = &conn_ops,
        .events = events,
        .owner = owner,
        .id = id,
        .accepts_new = true,
        .wants_input = true,
        .deadline_us = INT64_MAX,
        .http_version = "2",
    };
    conn->allocator = allocator;
    conn->slab = slab;
    conn->budget = budget;
    conn->config = *config;
    h2i_list_init(&conn->streams);
    conn->is_output_told = true; /* whoever creates a conn knows of the preface */

    conn->session = h2i_h2_session_create(conn);
    if (!conn->session || !h2i_h2_settings_open(conn)) {
        conn_destroy(&conn->base);
        return NULL;
    }
    return &conn->base;
}
