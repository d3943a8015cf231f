/* SPDX-License-Identifier: MIT */
/*
 * The rules a server's frames are held to: sizes, stream ids, states, windows and
 * padding (RFC 9113 4.2, 5.1, 6), and the limits on frames that bring nothing
 * forward (10.5). A broken rule ends the stream where the RFC says so, otherwise the
 * connection. Header blocks themselves are h2_response.c's, SETTINGS' values
 * h2_settings.c's.
 */
#include "h2client/h2/h2_internal.h"

#define CHATTER_FORGIVEN 4u /* frames without progress that one useful frame pays for */

enum place { ON_ANY, ON_CONNECTION, ON_STREAM };

struct frame_rule {
    const char *name;
    enum place place;
    uint32_t min_len;
    uint32_t max_len;
    size_t n_peeked;
};

static const struct frame_rule rules[] = {
    [NGHTTP2_DATA] = {"DATA", ON_STREAM, 0, H2I_H2_MAX_FRAME_BYTES, 0},
    [NGHTTP2_HEADERS] = {"HEADERS", ON_STREAM, 0, H2I_H2_MAX_FRAME_BYTES, 0},
    /* A wrong length is the stream's error only (6.3): see judge_priority. */
    [NGHTTP2_PRIORITY] = {"PRIORITY", ON_STREAM, 0, H2I_H2_MAX_FRAME_BYTES, 0},
    [NGHTTP2_RST_STREAM] = {"RST_STREAM", ON_STREAM, 4, 4, 4},
    [NGHTTP2_SETTINGS] = {"SETTINGS", ON_CONNECTION, 0, H2I_H2_MAX_FRAME_BYTES, 0},
    [NGHTTP2_PUSH_PROMISE] = {"PUSH_PROMISE", ON_STREAM, 4, H2I_H2_MAX_FRAME_BYTES, 0},
    [NGHTTP2_PING] = {"PING", ON_CONNECTION, 8, 8, 0},
    [NGHTTP2_GOAWAY] = {"GOAWAY", ON_CONNECTION, 8, H2I_H2_MAX_FRAME_BYTES, 8},
    [NGHTTP2_WINDOW_UPDATE] = {"WINDOW_UPDATE", ON_ANY, 4, 4, 4},
    [NGHTTP2_CONTINUATION] = {"CONTINUATION", ON_STREAM, 0, H2I_H2_MAX_FRAME_BYTES, 0},
};
static const struct frame_rule unknown_rule = {"UNKNOWN", ON_ANY, 0, H2I_H2_MAX_FRAME_BYTES, 0};

static const struct frame_rule *rule_of(uint8_t type)
{
    return type < sizeof rules / sizeof rules[0] ? &rules[type] : &unknown_rule;
}

const char *h2i_h2_frame_name(uint8_t type)
{
    return rule_of(type)->name;
}

/* ---- limits ------------------------------------------------------------ */

void h2i_h2_progress(struct h2i_h2_conn *conn)
{
    uint32_t forgiven =
        CHATTER_FORGIVEN < conn->abuse.chatter ? CHATTER_FORGIVEN : conn->abuse.chatter;
    conn->abuse.chatter -= forgiven;
}

static bool count_chatter(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame)
{
    if (++conn->abuse.chatter <= conn->config.abuse.chatter)
        return true;
    return h2i_h2_fail_frame(conn, frame, NGHTTP2_ENHANCE_YOUR_CALM,
                             "more than %u frames without progress", conn->config.abuse.chatter);
}

static bool count_ack(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame)
{
    if (frame->flags & NGHTTP2_FLAG_ACK)
        return true;
    if (++conn->abuse.n_acks_queued <= conn->config.abuse.acks_queued)
        return true;
    return h2i_h2_fail_frame(conn, frame, NGHTTP2_ENHANCE_YOUR_CALM,
                             "more than %u answers to PING and SETTINGS are waiting",
                             conn->config.abuse.acks_queued);
}

static bool count_empty_data(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame,
                             uint32_t n_body_bytes)
{
    if (n_body_bytes > 0 || (frame->flags & NGHTTP2_FLAG_END_STREAM)) {
        conn->abuse.n_empty_data = 0;
        return true;
    }
    if (++conn->abuse.n_empty_data <= conn->config.abuse.empty_data)
        return true;
    return h2i_h2_fail_frame(conn, frame, NGHTTP2_ENHANCE_YOUR_CALM,
                             "more than %u DATA frames without a byte",
                             conn->config.abuse.empty_data);
}

/* ---- heads ------------------------------------------------------------- */

/* 6.10: nothing may stand between the frames of a header block. */
static bool judge_order(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame)
{
    bool is_continuation = frame->type == NGHTTP2_CONTINUATION;

    if (conn->in.block_id == 0 && is_continuation)
        return h2i_h2_fail_frame(conn, frame, NGHTTP2_PROTOCOL_ERROR, "no header block is open");
    if (conn->in.block_id != 0 && (!is_continuation || frame->stream_id != conn->in.block_id))
        return h2i_h2_fail_frame(conn, frame, NGHTTP2_PROTOCOL_ERROR,
                                 "inside the header block of stream %d", conn->in.block_id);
    return true;
}

static bool judge_place(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame)
{
    enum place place = rule_of(frame->type)->place;

    if (place == ON_STREAM && frame->stream_id == 0)
        return h2i_h2_fail_frame(conn, frame, NGHTTP2_PROTOCOL_ERROR,
                                 "not allowed on the connection");
    if (place == ON_CONNECTION && frame->stream_id != 0)
        return h2i_h2_fail_frame(conn, frame, NGHTTP2_PROTOCOL_ERROR, "not allowed on a stream");
    return true;
}

/* 5.1: streams we have not opened are idle, and even ones cannot be opened at all. */
static bool judge_stream_id(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame)
{
    bool is_exempt = frame->type == NGHTTP2_PRIORITY || rule_of(frame->type) == &unknown_rule;

    if (frame->stream_id == 0 || is_exempt)
        return true;
    if (frame->stream_id % 2 == 0)
        return h2i_h2_fail_frame(conn, frame, NGHTTP2_PROTOCOL_ERROR,
                                 "even streams are the server's, and push is off");
    if (frame->stream_id > conn->out.last_id)
        return h2i_h2_fail_frame(conn, frame, NGHTTP2_PROTOCOL_ERROR, "the stream is idle");
    return true;
}

static bool judge_size(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame)
{
    const struct frame_rule *rule = rule_of(frame->type);
    bool is_ack = frame->type == NGHTTP2_SETTINGS && (frame->flags & NGHTTP2_FLAG_ACK);
    bool is_cut = frame->type == NGHTTP2_SETTINGS && frame->len % 6 != 0;

    if (frame->len > H2I_H2_MAX_FRAME_BYTES)
        return h2i_h2_fail_frame(conn, frame, NGHTTP2_FRAME_SIZE_ERROR,
                                 "%u bytes are above the agreed %u", frame->len,
                                 H2I_H2_MAX_FRAME_BYTES);
    if (frame->len < rule->min_len || frame->len > rule->max_len || is_cut ||
        (is_ack && frame->len > 0))
        return h2i_h2_fail_frame(conn, frame, NGHTTP2_FRAME_SIZE_ERROR,
                                 "%u bytes are not a length it can have", frame->len);
    return true;
}

static size_t peeked_of(const struct h2i_h2_frame *frame)
{
    bool has_padding = frame->type == NGHTTP2_DATA || frame->type == NGHTTP2_HEADERS;

    if (has_padding && (frame->flags & NGHTTP2_FLAG_PADDED))
        return frame->len > 0 ? 1 : 0;
    return frame->type == NGHTTP2_SETTINGS ? frame->len : rule_of(frame->type)->n_peeked;
}

bool h2i_h2_judge_head(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame, size_t *n_peeked)
{
    if (frame->type == NGHTTP2_PUSH_PROMISE)
        return h2i_h2_fail_frame(conn, frame, NGHTTP2_PROTOCOL_ERROR, "push is off");
    if (!judge_size(conn, frame) || !judge_order(conn, frame) || !judge_place(conn, frame) ||
        !judge_stream_id(conn, frame))
        return false;
    if (frame->type == NGHTTP2_SETTINGS && frame->len > 6 * H2I_H2_MAX_SETTINGS)
        return h2i_h2_fail_frame(conn, frame, NGHTTP2_ENHANCE_YOUR_CALM, "more than %u entries",
                                 H2I_H2_MAX_SETTINGS);
    *n_peeked = peeked_of(frame);
    return true;
}

/* ---- DATA and header blocks -------------------------------------------- */

/* 6.1, 6.2: padding may not be as long as the payload or longer. *n_rest: what is left
 * of the payload without it. */
static bool judge_padding(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame,
                          const uint8_t *payload, uint32_t *n_rest)
{
    *n_rest = frame->len;
    if (!(frame->flags & NGHTTP2_FLAG_PADDED))
        return true;
    if (frame->len == 0 || payload[0] >= frame->len)
        return h2i_h2_fail_frame(conn, frame, NGHTTP2_PROTOCOL_ERROR,
                                 "padding is not shorter than the payload");
    *n_rest = frame->len - 1 - payload[0];
    return true;
}

static bool is_ended(const struct h2i_h2_conn *conn, int32_t stream_id)
{
    return conn->in.ended_ids[(stream_id / 2) % H2I_H2_N_ENDED] == stream_id;
}

static bool judge_not_ended(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame)
{
    if (!is_ended(conn, frame->stream_id))
        return true;
    return h2i_h2_fail_frame(conn, frame, NGHTTP2_STREAM_CLOSED, "it comes after END_STREAM");
}

static bool judge_windows(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame,
                          struct h2i_h2_stream *stream)
{
    int64_t len = frame->len;

    if (len > nghttp2_session_get_local_window_size(conn->session))
        return h2i_h2_fail_frame(conn, frame, NGHTTP2_FLOW_CONTROL_ERROR,
                                 "%u bytes overrun the connection's window", frame->len);
    if (stream && len > nghttp2_session_get_stream_local_window_size(conn->session, stream->id))
        h2i_h2_stream_fail(stream, H2CLIENT_ERROR_H2_FLOW_CONTROL, NGHTTP2_FLOW_CONTROL_ERROR,
                           "stream %d: %u bytes of DATA overrun its window", stream->id,
                           frame->len);
    return true;
}

/* DATA for streams we reset is ignored (5.1). Within their windows the peer could not
 * know; above them it is chatter. */
static bool judge_late_data(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame)
{
    if (frame->len > conn->in.n_late_bytes)
        return count_chatter(conn, frame);
    conn->in.n_late_bytes -= frame->len;
    return true;
}

static bool judge_data(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame,
                       const uint8_t *payload)
{
    struct h2i_h2_stream *stream = h2i_h2_find(conn, frame->stream_id);
    uint32_t n_body_bytes;

    if (!judge_not_ended(conn, frame) || !judge_padding(conn, frame, payload, &n_body_bytes) ||
        !count_empty_data(conn, frame, n_body_bytes) || !judge_windows(conn, frame, stream))
        return false;
    if (!stream)
        return judge_late_data(conn, frame);
    if (stream->exchange)
        h2i_h2_body_expect(stream, n_body_bytes);
    return true;
}

static bool judge_headers(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame,
                          const uint8_t *payload)
{
    uint32_t n_priority = frame->flags & NGHTTP2_FLAG_PRIORITY ? 5 : 0;
    uint32_t n_rest;

    if (!judge_not_ended(conn, frame) || !judge_padding(conn, frame, payload, &n_rest))
        return false;
    if (n_rest < n_priority)
        return h2i_h2_fail_frame(conn, frame, NGHTTP2_FRAME_SIZE_ERROR,
                                 "no room for its priority fields");
    conn->in.block_id = frame->flags & NGHTTP2_FLAG_END_HEADERS ? 0 : frame->stream_id;
    conn->abuse.n_continuations = 0;
    return h2i_h2_find(conn, frame->stream_id) || count_chatter(conn, frame);
}

static bool judge_continuation(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame)
{
    if (frame->flags & NGHTTP2_FLAG_END_HEADERS)
        conn->in.block_id = 0;
    if (++conn->abuse.n_continuations <= conn->config.abuse.continuations)
        return true;
    return h2i_h2_fail_frame(conn, frame, NGHTTP2_ENHANCE_YOUR_CALM,
                             "more than %u of them in one header block",
                             conn->config.abuse.continuations);
}

/* ---- the others -------------------------------------------------------- */

/* Priorities are a server's matter only, and none any more (5.3.2). */
static bool judge_priority(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame)
{
    struct h2i_h2_stream *stream = h2i_h2_find(conn, frame->stream_id);

    conn->in.is_dropped = true;
    if (frame->len != 5 && stream)
        h2i_h2_stream_fail(stream, H2CLIENT_ERROR_H2_FRAME_SIZE, NGHTTP2_FRAME_SIZE_ERROR,
                           "stream %d: a PRIORITY frame of %u bytes", stream->id, frame->len);
    return count_chatter(conn, frame);
}

/* 6.8: an id once named may not be raised. nghttp2 would take the frame on trust of
 * its last one as well, but names no reason. */
static bool judge_goaway(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame,
                         const uint8_t *payload)
{
    int32_t last_id = (int32_t)(h2i_h2_read_u32(payload) & 0x7fffffff);

    if (conn->goaway.is_received && last_id > conn->goaway.last_id)
        return h2i_h2_fail_frame(conn, frame, NGHTTP2_PROTOCOL_ERROR,
                                 "it raises the last stream from %d to %d", conn->goaway.last_id,
                                 last_id);
    if (last_id != 0 && last_id % 2 == 0)
        return h2i_h2_fail_frame(conn, frame, NGHTTP2_PROTOCOL_ERROR,
                                 "its last stream, %d, is not one of ours", last_id);
    return count_chatter(conn, frame);
}

/* 6.9: a zero increment and an overflow are errors of what they are for. */
static bool judge_window_update(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame,
                                const uint8_t *payload)
{
    int64_t increment = h2i_h2_read_u32(payload) & 0x7fffffff;
    uint32_t code = increment ? NGHTTP2_FLOW_CONTROL_ERROR : NGHTTP2_PROTOCOL_ERROR;
    const char *why = increment ? "it overflows the window" : "its increment is zero";

    if (frame->stream_id == 0) {
        int64_t window = nghttp2_session_get_remote_window_size(conn->session);
        if (increment == 0 || window + increment > INT32_MAX)
            return h2i_h2_fail_frame(conn, frame, code, "%s", why);
        return count_chatter(conn, frame);
    }
    struct h2i_h2_stream *stream = h2i_h2_find(conn, frame->stream_id);
    conn->in.is_dropped = !stream;
    if (stream) {
        int64_t window = nghttp2_session_get_stream_remote_window_size(conn->session, stream->id);
        conn->in.is_dropped = increment == 0 || window + increment > INT32_MAX;
    }
    if (stream && conn->in.is_dropped)
        h2i_h2_stream_fail(
            stream, increment ? H2CLIENT_ERROR_H2_FLOW_CONTROL : H2CLIENT_ERROR_H2_STREAM_MALFORMED,
            code, "stream %d: WINDOW_UPDATE: %s", stream->id, why);
    return count_chatter(conn, frame);
}

bool h2i_h2_judge_frame(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame,
                        const uint8_t *payload)
{
    h2i_h2_trace_received(conn, frame, payload);
    if (!h2i_h2_costs_frame(conn, frame))
        return false;
    switch (frame->type) {
    case NGHTTP2_DATA:
        return judge_data(conn, frame, payload);
    case NGHTTP2_HEADERS:
        return judge_headers(conn, frame, payload);
    case NGHTTP2_CONTINUATION:
        return judge_continuation(conn, frame);
    case NGHTTP2_SETTINGS:
        return count_chatter(conn, frame) && count_ack(conn, frame) &&
               h2i_h2_settings_judge(conn, frame, payload);
    case NGHTTP2_PING:
        return count_chatter(conn, frame) && count_ack(conn, frame);
    case NGHTTP2_PRIORITY:
        return judge_priority(conn, frame);
    case NGHTTP2_RST_STREAM:
        return count_chatter(conn, frame);
    case NGHTTP2_GOAWAY:
        return judge_goaway(conn, frame, payload);
    case NGHTTP2_WINDOW_UPDATE:
        return judge_window_update(conn, frame, payload);
    default: /* 5.5: unknown types are ignored */
        conn->in.is_dropped = true;
        return count_chatter(conn, frame);
    }
}
