/* SPDX-License-Identifier: MIT */
/*
 * Streams: one exchange's stay on the connection, its reset, and its window.
 *
 * A stream outlives its exchange for as long as nghttp2 knows it, so that what still
 * arrives is recognised and dropped. Its share of the session's budget goes back
 * with the exchange.
 */
#include "h2client/h2/h2_internal.h"

bool h2i_h2_budget_has_room(const struct h2i_h2_conn *conn)
{
    /* A connection with nothing open gets its first stream in any case: nobody would
     * tell it when there is room again. */
    return conn->base.n_open == 0 ||
           conn->budget->used + conn->config.stream_window_bytes <= conn->budget->max;
}

struct h2i_h2_stream *h2i_h2_stream_create(struct h2i_h2_conn *conn, struct h2i_exchange *exchange)
{
    struct h2i_h2_stream *stream = h2i_slab_alloc_zeroed(conn->slab, 1, sizeof *stream);
    if (!stream)
        return NULL;
    stream->conn = conn;
    stream->exchange = exchange;
    stream->in.content_length = -1;
    stream->window.size = conn->config.stream_window_bytes;
    h2i_list_append(&conn->streams, &stream->node);

    conn->budget->used += stream->window.size;
    if (conn->base.n_open++ == 0)
        h2i_h2_busy(conn);
    conn->is_changed = true;
    exchange->conn = &conn->base;
    exchange->stream = stream;
    return stream;
}

/* What the peer may send before it knows that nobody listens: no more than the window
 * it has. */
static int64_t late_bytes_of(const struct h2i_h2_stream *stream)
{
    int64_t window =
        nghttp2_session_get_stream_local_window_size(stream->conn->session, stream->id);

    return window > 0 && stream->in.phase != H2I_H2_ENDED ? window : 0;
}

void h2i_h2_stream_detach(struct h2i_h2_stream *stream)
{
    struct h2i_h2_conn *conn = stream->conn;

    if (!stream->exchange)
        return;
    conn->in.n_late_bytes += late_bytes_of(stream);
    stream->exchange->conn = NULL;
    stream->exchange->stream = NULL;
    stream->exchange = NULL;
    conn->budget->used -= stream->window.size;
    conn->budget->n_field_bytes -= stream->in.n_field_bytes;
    conn->base.n_open--;
    conn->is_changed = true;
}

void h2i_h2_stream_destroy(struct h2i_h2_stream *stream)
{
    h2i_h2_stream_detach(stream);
    h2i_list_remove(&stream->node);
    h2i_slab_free(stream->conn->slab, stream);
}

void h2i_h2_stream_end(struct h2i_h2_stream *stream, const struct h2i_outcome *outcome)
{
    struct h2i_exchange *exchange = stream->exchange;

    if (!exchange)
        return;
    h2i_h2_stream_detach(stream);
    exchange->events->on_end(exchange, outcome);
}

void h2i_h2_stream_reset(struct h2i_h2_stream *stream, uint32_t http2_code)
{
    struct h2i_h2_conn *conn = stream->conn;
    size_t n_queued = nghttp2_session_get_outbound_queue_size(conn->session);

    if (nghttp2_submit_rst_stream(conn->session, NGHTTP2_FLAG_NONE, stream->id, http2_code) != 0)
        conn->is_out_of_memory = true;
    conn->in.n_ours_queued += nghttp2_session_get_outbound_queue_size(conn->session) - n_queued;
}

/* Doubles the window once the reader has taken as much as it holds: a fast reader on
 * a long way needs more, a slow one never gets it. */
static void window_grow(struct h2i_h2_stream *stream)
{
    struct h2i_h2_conn *conn = stream->conn;
    uint32_t max = conn->config.max_stream_window_bytes;
    uint32_t size = stream->window.size;

    if (stream->window.n_taken < size || stream->in.phase == H2I_H2_ENDED)
        return;
    stream->window.n_taken = 0;
    uint32_t grown = size <= max / 2 ? size * 2 : max;
    /* The other half is for streams that are still to come. */
    if (grown <= size || conn->budget->used + (grown - size) > conn->budget->max / 2)
        return;
    if (nghttp2_session_set_local_window_size(conn->session, NGHTTP2_FLAG_NONE, stream->id,
                                              (int32_t)grown) != 0) {
        conn->is_out_of_memory = true;
        return;
    }
    conn->budget->used += grown - size;
    stream->window.size = grown;
}

void h2i_h2_stream_credit(struct h2i_h2_stream *stream, size_t n)
{
    struct h2i_h2_conn *conn = stream->conn;
    size_t n_queued = nghttp2_session_get_outbound_queue_size(conn->session);
    size_t room = UINT32_MAX - stream->window.n_taken;

    if (nghttp2_session_consume_stream(conn->session, stream->id, n) != 0)
        conn->is_out_of_memory = true;
    stream->window.n_taken += (uint32_t)(n < room ? n : room);
    window_grow(stream);
    conn->in.n_ours_queued += nghttp2_session_get_outbound_queue_size(conn->session) - n_queued;
}
