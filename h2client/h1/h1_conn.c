/* SPDX-License-Identifier: MIT */
/*
 * The HTTP/1.1 core's verbs. Each enters the conn, does one thing and leaves; what the
 * owner has to know (output, changes) is told once, when the outermost verb leaves, so
 * that no handler of an exchange sees the conn half changed.
 */
#include "h2client/h1/h1_internal.h"

#define MAX_REQUEST_BYTES (768u * 1024u) /* of a head */

static const struct h2i_h1_config default_config = {
    .max_header_bytes = 256 * 1024,
    .max_header_fields = 1000,
    .max_informational = 32,
    .max_chunk_extension_bytes = 16 * 1024,
    .max_unread_bytes = 64 * 1024,
};

const struct h2i_h1_config *h2i_h1_default_config(void)
{
    return &default_config;
}

static void enter(struct h2i_h1_conn *conn)
{
    conn->depth++;
}

static void leave(struct h2i_h1_conn *conn)
{
    if (--conn->depth > 0)
        return;
    if (conn->is_changed) {
        conn->is_changed = false;
        conn->base.events->on_change(&conn->base);
    }
    if (!conn->is_output_told && h2i_h1_has_output(conn)) {
        conn->is_output_told = true;
        conn->base.events->on_output(&conn->base);
    }
}

void h2i_h1_update_wants_input(struct h2i_h1_conn *conn)
{
    bool wants = !conn->exchange || conn->in.n_uncredited < conn->config.max_unread_bytes;

    if (conn->base.wants_input == wants)
        return;
    conn->base.wants_input = wants;
    conn->is_changed = true;
}

void h2i_h1_detach(struct h2i_h1_conn *conn)
{
    conn->exchange->conn = NULL;
    conn->exchange = NULL;
    conn->base.n_open = 0;
    if (conn->is_closing)
        conn->base.accepts_new = false;
    conn->in.n_uncredited = 0;
    conn->is_changed = true;
    h2i_buf_clear(&conn->in.text, H2I_H1_KEPT_BYTES);
    h2i_h1_update_wants_input(conn);
}

/* ---- verbs --------------------------------------------------------------- */

static void begin(struct h2i_h1_conn *conn, struct h2i_exchange *exchange)
{
    conn->exchange = exchange;
    exchange->conn = &conn->base;
    conn->base.n_open = 1;
    conn->base.n_opened++;
    conn->in.n_all_head_bytes = 0;
    conn->in.n_all_fields = 0;
    conn->in.n_informational = 0;
    h2i_h1_section_begin(conn, H2I_H1_STATUS_LINE);
    conn->is_changed = true;
}

static h2client_error_code conn_submit(struct h2i_conn *base, struct h2i_exchange *exchange)
{
    struct h2i_h1_conn *conn = h2i_h1_conn_of(base);

    exchange->stream_id = -1;
    exchange->begins_at = UINT64_MAX;
    if (!base->accepts_new)
        return H2CLIENT_ERROR_EMPTY_REPLY;
    if (base->n_open >= base->max_open)
        return H2CLIENT_PENDING;
    enter(conn);
    h2client_error_code code = h2i_h1_write_request(conn, exchange);
    if (!code)
        begin(conn, exchange);
    leave(conn);
    return code;
}

/* A request of which nothing was produced is taken back; otherwise nobody can tell the
 * server that its answer is not wanted but by closing (RFC 9112 9.5). */
static void conn_cancel(struct h2i_conn *base, struct h2i_exchange *exchange, uint32_t http2_code)
{
    struct h2i_h1_conn *conn = h2i_h1_conn_of(base);

    (void)http2_code;
    if (conn->exchange != exchange)
        return;
    enter(conn);
    if (exchange->begins_at != UINT64_MAX)
        conn->is_closing = true;
    h2i_h1_drop_output(conn);
    h2i_h1_detach(conn);
    leave(conn);
}

static void conn_credit(struct h2i_conn *base, struct h2i_exchange *exchange, size_t n)
{
    struct h2i_h1_conn *conn = h2i_h1_conn_of(base);

    if (conn->exchange != exchange)
        return;
    enter(conn);
    conn->in.n_uncredited -= n < conn->in.n_uncredited ? n : conn->in.n_uncredited;
    h2i_h1_update_wants_input(conn);
    leave(conn);
}

static void conn_resume_body(struct h2i_conn *base, struct h2i_exchange *exchange)
{
    struct h2i_h1_conn *conn = h2i_h1_conn_of(base);

    if (conn->exchange != exchange)
        return;
    enter(conn);
    conn->out.waits_for_body = false;
    leave(conn);
}

static h2client_error_code conn_receive(struct h2i_conn *base, int64_t now_us, const void *data,
                                        size_t len)
{
    struct h2i_h1_conn *conn = h2i_h1_conn_of(base);

    enter(conn);
    conn->now_us = now_us;
    if (!base->has_failed)
        h2i_h1_take(conn, data, len);
    leave(conn);
    return base->has_failed ? base->failure.fault.code : H2CLIENT_OK;
}

static void conn_end_input(struct h2i_conn *base, const h2client_fault *fault)
{
    struct h2i_h1_conn *conn = h2i_h1_conn_of(base);

    enter(conn);
    h2i_h1_end_input(conn, fault);
    leave(conn);
}

static size_t conn_produce(struct h2i_conn *base, int64_t now_us, void *buf, size_t cap)
{
    struct h2i_h1_conn *conn = h2i_h1_conn_of(base);

    enter(conn);
    conn->now_us = now_us;
    size_t n = h2i_h1_produce(conn, buf, cap);
    if (n == 0)
        conn->is_output_told = false;
    leave(conn);
    return n;
}

static void conn_shutdown(struct h2i_conn *base)
{
    struct h2i_h1_conn *conn = h2i_h1_conn_of(base);

    if (!base->accepts_new)
        return;
    enter(conn);
    base->accepts_new = false;
    conn->is_closing = true;
    conn->is_changed = true;
    leave(conn);
}

static void conn_destroy(struct h2i_conn *base)
{
    struct h2i_h1_conn *conn = h2i_h1_conn_of(base);

    if (conn->exchange)
        conn->exchange->conn = NULL;
    h2i_buf_finish(&conn->in.text);
    h2i_buf_finish(&conn->out.head);
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

struct h2i_conn *h2i_h1_conn_create(const h2client_allocator *allocator,
                                    const struct h2i_h1_config *config,
                                    const struct h2i_conn_events *events, void *owner, uint64_t id)
{
    struct h2i_h1_conn *conn = h2i_alloc_zeroed(allocator, sizeof *conn);
    if (!conn)
        return NULL;
    conn->base = (struct h2i_conn){
        .ops = &conn_ops,
        .events = events,
        .owner = owner,
        .id = id,
        .max_open = 1,
        .accepts_new = true,
        .wants_input = true,
        .deadline_us = INT64_MAX,
        .http_version = "1.1",
    };
    conn->allocator = allocator;
    conn->config = *config;
    h2i_buf_init(&conn->in.text, allocator, config->max_header_bytes);
    h2i_buf_init(&conn->out.head, allocator, MAX_REQUEST_BYTES);
    return &conn->base;
}
