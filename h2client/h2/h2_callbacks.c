/* SPDX-License-Identifier: MIT */
/*
 * The glue to nghttp2: its session, its memory, and callbacks that turn what it
 * reports into calls of the other files. Nothing is decided here.
 *
 * nghttp2's own checks of HTTP messages are switched off: they refuse what RFC 9110
 * allows (content-length given twice, the same) and ignore what RFC 9113 calls
 * malformed. h2_response.c has ours.
 */
#include "h2client/h2/h2_internal.h"

#define MAX_REQUEST_BLOCK_BYTES (1024u * 1024u) /* what nghttp2 may encode for one request */

/* ---- memory ------------------------------------------------------------ */

static void *mem_malloc(size_t n, void *slab)
{
    return h2i_slab_alloc(slab, n);
}
static void mem_free(void *block, void *slab)
{
    h2i_slab_free(slab, block);
}
static void *mem_calloc(size_t n, size_t size, void *slab)
{
    return h2i_slab_alloc_zeroed(slab, n, size);
}
static void *mem_realloc(void *block, size_t n, void *slab)
{
    return h2i_slab_realloc(slab, block, n);
}

/* ---- input ------------------------------------------------------------- */

struct h2i_h2_stream *h2i_h2_find(struct h2i_h2_conn *conn, int32_t id)
{
    struct h2i_h2_stream *stream = nghttp2_session_get_stream_user_data(conn->session, id);

    return stream && stream->exchange ? stream : NULL;
}

static struct h2i_h2_frame frame_of(const nghttp2_frame_hd *head)
{
    return (struct h2i_h2_frame){(uint32_t)head->length, head->type, head->flags, head->stream_id};
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct h2i_h2_conn *conn = user;

    (void)session;
    conn->in.block = h2i_h2_find(conn, frame->hd.stream_id);
    if (conn->in.block)
        h2i_h2_block_begin(conn->in.block);
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                     nghttp2_rcbuf *value, uint8_t flags, void *user)
{
    struct h2i_h2_conn *conn = user;
    nghttp2_vec n = nghttp2_rcbuf_get_buf(name);
    nghttp2_vec v = nghttp2_rcbuf_get_buf(value);

    (void)session, (void)frame, (void)flags;
    if (conn->in.block && h2i_h2_block_field(conn->in.block, h2i_str((const char *)n.base, n.len),
                                             h2i_str((const char *)v.base, v.len)))
        return 0;
    /* The rest of the block is decoded and dropped; RST_STREAM is queued already. */
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static void on_headers_frame(struct h2i_h2_conn *conn, const nghttp2_frame *frame)
{
    struct h2i_h2_stream *stream = conn->in.block;
    struct h2i_h2_frame head = frame_of(&frame->hd);

    conn->in.block = NULL;
    if (stream && stream->exchange)
        h2i_h2_block_end(stream, &head);
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct h2i_h2_conn *conn = user;
    struct h2i_h2_stream *stream = h2i_h2_find(conn, frame->hd.stream_id);

    (void)session;
    switch (frame->hd.type) {
    case NGHTTP2_DATA:
        if (stream && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
            h2i_h2_body_end(stream);
        break;
    case NGHTTP2_HEADERS:
        on_headers_frame(conn, frame);
        break;
    case NGHTTP2_RST_STREAM:
        if (stream)
            h2i_h2_on_reset(stream, frame->rst_stream.error_code);
        break;
    case NGHTTP2_SETTINGS:
        if (!(frame->hd.flags & NGHTTP2_FLAG_ACK))
            h2i_h2_settings_applied(conn);
        break;
    case NGHTTP2_PING:
        if (frame->hd.flags & NGHTTP2_FLAG_ACK)
            h2i_h2_ping_answered(conn, frame->ping.opaque_data);
        break;
    case NGHTTP2_GOAWAY:
        h2i_h2_on_goaway(conn, &frame->goaway);
        break;
    default:
        break;
    }
    return 0;
}

static int on_data_chunk(nghttp2_session *session, uint8_t flags, int32_t stream_id,
                         const uint8_t *data, size_t len, void *user)
{
    struct h2i_h2_conn *conn = user;
    struct h2i_h2_stream *stream = h2i_h2_find(conn, stream_id);

    (void)flags;
    /* The connection's window is given back at once, so that an unread stream stalls
     * nobody else. */
    if (nghttp2_session_consume_connection(session, len) != 0)
        conn->is_out_of_memory = true;
    if (stream)
        h2i_h2_body_data(stream, data, len);
    return 0;
}

/* The rules should have caught it before: this is the net below them. */
static int on_invalid_frame(nghttp2_session *session, const nghttp2_frame *frame, int error,
                            void *user)
{
    struct h2i_h2_conn *conn = user;
    struct h2i_h2_frame head = frame_of(&frame->hd);

    (void)session;
    h2i_h2_fail_frame(conn, &head,
                      error == NGHTTP2_ERR_FLOW_CONTROL       ? NGHTTP2_FLOW_CONTROL_ERROR
                      : error == NGHTTP2_ERR_FRAME_SIZE_ERROR ? NGHTTP2_FRAME_SIZE_ERROR
                                                              : NGHTTP2_PROTOCOL_ERROR,
                      "%s", nghttp2_strerror(error));
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t stream_id, uint32_t http2_code,
                           void *user)
{
    struct h2i_h2_conn *conn = user;
    struct h2i_h2_stream *stream = nghttp2_session_get_stream_user_data(session, stream_id);

    if (!stream)
        return 0;
    if (conn->in.block == stream)
        conn->in.block = NULL;
    if (stream->exchange)
        h2i_h2_on_reset(stream, http2_code);
    h2i_h2_stream_destroy(stream);
    return 0;
}

/* ---- output ------------------------------------------------------------ */

static int before_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct h2i_h2_conn *conn = user;

    if (frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    struct h2i_h2_stream *stream =
        nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    conn->out.last_id = frame->hd.stream_id;
    if (!stream)
        return 0;
    if (stream->exchange && !stream->out.has_begun)
        stream->exchange->begins_at = conn->base.n_produced;
    stream->out.has_begun = true;
    return 0;
}

static void on_body_or_head_sent(struct h2i_h2_conn *conn, struct h2i_h2_stream *stream,
                                 const nghttp2_frame_hd *head)
{
    bool is_last = head->flags & NGHTTP2_FLAG_END_STREAM;

    h2i_h2_progress(conn);
    if (head->type == NGHTTP2_DATA)
        h2i_h2_costs_body(conn, head->length);
    else
        h2i_h2_costs_request(conn);
    stream->out.is_done = stream->out.is_done || is_last;
    if (stream->exchange)
        stream->exchange->events->on_sent(stream->exchange,
                                          head->type == NGHTTP2_DATA ? head->length : 0, is_last);
}

static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct h2i_h2_conn *conn = user;
    struct h2i_h2_stream *stream =
        nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    bool is_answer = frame->hd.type == NGHTTP2_SETTINGS || frame->hd.type == NGHTTP2_PING;

    h2i_h2_trace_sent(conn, frame, stream);
    if (is_answer && (frame->hd.flags & NGHTTP2_FLAG_ACK) && conn->abuse.n_acks_queued > 0)
        conn->abuse.n_acks_queued--;
    if (stream && (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA))
        on_body_or_head_sent(conn, stream, &frame->hd);
    return 0;
}

/* ---- session ----------------------------------------------------------- */

#ifdef H2I_HAS_MAX_CONTINUATIONS
static void set_max_continuations(nghttp2_option *option, size_t max)
{
    nghttp2_option_set_max_continuations(option, max);
}
#else
static void set_max_continuations(nghttp2_option *option, size_t max)
{
    (void)option, (void)max;
}
#endif

/* nghttp2's limits lie just above ours, which name a reason. */
static void set_options(nghttp2_option *option, const struct h2i_h2_config *config)
{
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_http_messaging(option, 1);
    nghttp2_option_set_peer_max_concurrent_streams(option, h2i_h2_first_max_open(config));
    nghttp2_option_set_max_send_header_block_length(option, MAX_REQUEST_BLOCK_BYTES);
    nghttp2_option_set_max_settings(option, H2I_H2_MAX_SETTINGS + 1);
    nghttp2_option_set_max_outbound_ack(option, (size_t)config->abuse.acks_queued + 1);
    set_max_continuations(option, (size_t)config->abuse.continuations + 1);
}

static void set_callbacks(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_before_frame_send_callback(callbacks, before_frame_send);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_send);
}

/* The option and callback tables are nghttp2's by malloc(3), and gone at the end. */
nghttp2_session *h2i_h2_session_create(struct h2i_h2_conn *conn)
{
    nghttp2_mem mem = {conn->slab, mem_malloc, mem_free, mem_calloc, mem_realloc};
    nghttp2_option *option = NULL;
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_session *session = NULL;

    if (nghttp2_option_new(&option) == 0 && nghttp2_session_callbacks_new(&callbacks) == 0) {
        set_options(option, &conn->config);
        set_callbacks(callbacks);
        if (nghttp2_session_client_new3(&session, callbacks, conn, option, &mem) != 0)
            session = NULL;
    }
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    return session;
}
