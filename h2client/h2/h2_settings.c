/* SPDX-License-Identifier: MIT */
/*
 * SETTINGS, both ways (RFC 9113 6.5). Ours go out once, at the start, and do not
 * change. The peer's values are judged here, applied and acknowledged by nghttp2.
 */
#include "h2client/h2/h2_internal.h"

#define MAX_OPEN_AT_FIRST 100u /* before the peer's SETTINGS */

static void update_max_open(struct h2i_h2_conn *conn, uint32_t theirs)
{
    uint32_t ours = conn->config.max_streams;

    conn->base.max_open = theirs < ours ? theirs : ours;
    conn->is_changed = true;
}

uint32_t h2i_h2_first_max_open(const struct h2i_h2_config *config)
{
    return config->first_max_streams ? config->first_max_streams : MAX_OPEN_AT_FIRST;
}

bool h2i_h2_settings_open(struct h2i_h2_conn *conn)
{
    const nghttp2_settings_entry entries[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, conn->config.stream_window_bytes},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, conn->config.max_header_bytes},
    };

    update_max_open(conn, h2i_h2_first_max_open(&conn->config));
    conn->in.n_acks_awaited = 1;
    return nghttp2_submit_settings(conn->session, NGHTTP2_FLAG_NONE, entries,
                                   sizeof entries / sizeof entries[0]) == 0 &&
           nghttp2_session_set_local_window_size(conn->session, NGHTTP2_FLAG_NONE, 0,
                                                 (int32_t)conn->config.conn_window_bytes) == 0;
}

/* 6.9.2: a change of the initial window moves every stream's, and may not push one
 * above the maximum: the connection's error, which nghttp2 treats as the stream's. */
static bool judge_initial_window(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame,
                                 uint32_t value)
{
    int64_t delta = (int64_t)value - nghttp2_session_get_remote_settings(
                                         conn->session, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE);

    if (value > INT32_MAX)
        return h2i_h2_fail_frame(conn, frame, NGHTTP2_FLOW_CONTROL_ERROR,
                                 "an INITIAL_WINDOW_SIZE of %u", value);
    if (delta <= 0)
        return true;
    for (struct h2i_list *at = conn->streams.next; at != &conn->streams; at = at->next) {
        int32_t id = H2I_CONTAINER_OF(at, struct h2i_h2_stream, node)->id;
        if (nghttp2_session_get_stream_remote_window_size(conn->session, id) + delta > INT32_MAX)
            return h2i_h2_fail_frame(conn, frame, NGHTTP2_FLOW_CONTROL_ERROR,
                                     "INITIAL_WINDOW_SIZE %u overflows the window of stream %d",
                                     value, id);
    }
    return true;
}

static bool judge_entry(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame, uint16_t id,
                        uint32_t value)
{
    switch (id) {
    case NGHTTP2_SETTINGS_ENABLE_PUSH:
        return value == 0 || h2i_h2_fail_frame(conn, frame, NGHTTP2_PROTOCOL_ERROR,
                                               "an ENABLE_PUSH of %u from a server", value);
    case NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE:
        return judge_initial_window(conn, frame, value);
    case NGHTTP2_SETTINGS_MAX_FRAME_SIZE:
        return (value >= 16384 && value <= 16777215) ||
               h2i_h2_fail_frame(conn, frame, NGHTTP2_PROTOCOL_ERROR, "a MAX_FRAME_SIZE of %u",
                                 value);
    case NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL:
        return value <= 1 || h2i_h2_fail_frame(conn, frame, NGHTTP2_PROTOCOL_ERROR,
                                               "an ENABLE_CONNECT_PROTOCOL of %u", value);
    default:
        return true;
    }
}

bool h2i_h2_settings_judge(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame,
                           const uint8_t *payload)
{
    if (frame->flags & NGHTTP2_FLAG_ACK) {
        if (conn->in.n_acks_awaited == 0)
            return h2i_h2_fail_frame(conn, frame, NGHTTP2_PROTOCOL_ERROR,
                                     "an acknowledgement of nothing");
        conn->in.n_acks_awaited--;
        return true;
    }
    for (uint32_t i = 0; i < frame->len; i += 6) {
        uint16_t id = (uint16_t)(payload[i] << 8 | payload[i + 1]);
        if (!judge_entry(conn, frame, id, h2i_h2_read_u32(payload + i + 2)))
            return false;
    }
    return true;
}

void h2i_h2_settings_applied(struct h2i_h2_conn *conn)
{
    conn->base.has_peer_limit = true;
    update_max_open(conn, nghttp2_session_get_remote_settings(
                              conn->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
}
