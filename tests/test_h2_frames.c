/* SPDX-License-Identifier: MIT */
/*
 * The HTTP/2 core and frames a server should not send: a table of those that break a
 * rule, each with the scope and the code RFC 9113 names; the limits on frames that
 * bring nothing forward; and what is not HTTP/2 at all.
 */
#include <string.h>

#include "h2client/h2/h2_internal.h"
#include "tests/support/core_rig.h"

static bool text_has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* ---- frames that break a rule -------------------------------------------- */

/* One request on stream 1 is open and has its head when `frame` comes. */
struct bad_frame {
    const char *why;     /* what the text says */
    const char *payload; /* of the frame: type, flags, stream and bytes */
    uint32_t len;
    uint8_t type;
    uint8_t flags;
    int32_t stream_id;
    uint32_t http2_code;
    h2client_error_code code;
    bool is_of_stream; /* RST_STREAM, and the connection goes on */
};

#define BYTES(text) .payload = text, .len = sizeof text - 1
#define PROTOCOL .http2_code = NGHTTP2_PROTOCOL_ERROR, .code = H2CLIENT_ERROR_H2_CONNECTION
#define SIZE .http2_code = NGHTTP2_FRAME_SIZE_ERROR, .code = H2CLIENT_ERROR_H2_FRAME_SIZE
#define FLOW .http2_code = NGHTTP2_FLOW_CONTROL_ERROR, .code = H2CLIENT_ERROR_H2_FLOW_CONTROL
#define HPACK .http2_code = NGHTTP2_COMPRESSION_ERROR, .code = H2CLIENT_ERROR_H2_COMPRESSION

static const struct bad_frame bad_frames[] = {
    {"not allowed on the connection", BYTES("x"), .type = H2T_DATA, PROTOCOL},
    {"not allowed on the connection", BYTES("\x88"), .type = H2T_HEADERS, .flags = 5, PROTOCOL},
    {"not allowed on the connection", BYTES("\0\0\0\0\0"), .type = H2T_PRIORITY, PROTOCOL},
    {"not allowed on the connection", BYTES("\0\0\0\0"), .type = H2T_RST_STREAM, PROTOCOL},
    {"not allowed on a stream", BYTES(""), .type = H2T_SETTINGS, .stream_id = 1, PROTOCOL},
    {"not allowed on a stream", BYTES("12345678"), .type = H2T_PING, .stream_id = 1, PROTOCOL},
    {"not allowed on a stream", BYTES("\0\0\0\1\0\0\0\0"), .type = H2T_GOAWAY, .stream_id = 1,
     PROTOCOL},
    {"the stream is idle", BYTES("x"), .type = H2T_DATA, .stream_id = 3, PROTOCOL},
    {"the stream is idle", BYTES("\x88"), .type = H2T_HEADERS, .flags = 5, .stream_id = 3,
     PROTOCOL},
    {"the stream is idle", BYTES("\0\0\0\0"), .type = H2T_RST_STREAM, .stream_id = 3, PROTOCOL},
    {"the stream is idle", BYTES("\0\0\0\1"), .type = H2T_WINDOW_UPDATE, .stream_id = 3, PROTOCOL},
    {"push is off", BYTES("x"), .type = H2T_DATA, .stream_id = 2, PROTOCOL},
    {"push is off", BYTES("\0\0\0\2\x82"), .type = H2T_PUSH_PROMISE, .flags = 4, .stream_id = 1,
     PROTOCOL},
    {"no header block is open", BYTES("\x88"), .type = H2T_CONTINUATION, .flags = 4, .stream_id = 1,
     PROTOCOL},
    {"padding", BYTES("\4xxx"), .type = H2T_DATA, .flags = H2T_PADDED, .stream_id = 1, PROTOCOL},
    {"padding", BYTES(""), .type = H2T_DATA, .flags = H2T_PADDED, .stream_id = 1, PROTOCOL},
    {"padding", BYTES("\2\x88"), .type = H2T_HEADERS, .flags = 0xd, .stream_id = 1, PROTOCOL},
    {"no room for its priority", BYTES("\x88"), .type = H2T_HEADERS, .flags = 0x25, .stream_id = 1,
     SIZE},
    {"5 bytes are not a length", BYTES("12345"), .type = H2T_RST_STREAM, .stream_id = 1, SIZE},
    {"7 bytes are not a length", BYTES("1234567"), .type = H2T_SETTINGS, SIZE},
    {"6 bytes are not a length", BYTES("\0\4\0\0\0\1"), .type = H2T_SETTINGS, .flags = H2T_ACK,
     SIZE},
    {"7 bytes are not a length", BYTES("1234567"), .type = H2T_PING, SIZE},
    {"7 bytes are not a length", BYTES("1234567"), .type = H2T_GOAWAY, SIZE},
    {"3 bytes are not a length", BYTES("123"), .type = H2T_WINDOW_UPDATE, SIZE},
    {"an acknowledgement of nothing", BYTES(""), .type = H2T_SETTINGS, .flags = H2T_ACK, PROTOCOL},
    {"ENABLE_PUSH of 1", BYTES("\0\2\0\0\0\1"), .type = H2T_SETTINGS, PROTOCOL},
    {"ENABLE_PUSH of 2", BYTES("\0\2\0\0\0\2"), .type = H2T_SETTINGS, PROTOCOL},
    {"INITIAL_WINDOW_SIZE of 2147483648", BYTES("\0\4\x80\0\0\0"), .type = H2T_SETTINGS, FLOW},
    {"MAX_FRAME_SIZE of 16383", BYTES("\0\5\0\0\x3f\xff"), .type = H2T_SETTINGS, PROTOCOL},
    {"MAX_FRAME_SIZE of 16777216", BYTES("\0\5\1\0\0\0"), .type = H2T_SETTINGS, PROTOCOL},
    {"its increment is zero", BYTES("\0\0\0\0"), .type = H2T_WINDOW_UPDATE, PROTOCOL},
    {"it overflows the window", BYTES("\x7f\xff\xff\xff"), .type = H2T_WINDOW_UPDATE, FLOW},
    {"is not one of ours", BYTES("\0\0\0\2\0\0\0\0"), .type = H2T_GOAWAY, PROTOCOL},
    {"cannot be decoded", BYTES("\x80"), .type = H2T_HEADERS, .flags = 5, .stream_id = 1, HPACK},
    {"cannot be decoded", BYTES("\xff\xff\xff\xff\xff\xff\xff"), .type = H2T_HEADERS, .flags = 5,
     .stream_id = 1, HPACK},
    {"cannot be decoded", BYTES("\x3f\xe2\x1f"), .type = H2T_HEADERS, .flags = 5, .stream_id = 1,
     HPACK},
    /* Errors of the stream alone. */
    {"its increment is zero", BYTES("\0\0\0\0"), .type = H2T_WINDOW_UPDATE, .stream_id = 1,
     NGHTTP2_PROTOCOL_ERROR, H2CLIENT_ERROR_H2_STREAM_MALFORMED, true},
    {"it overflows the window", BYTES("\x7f\xff\xff\xff"), .type = H2T_WINDOW_UPDATE,
     .stream_id = 1, NGHTTP2_FLOW_CONTROL_ERROR, H2CLIENT_ERROR_H2_FLOW_CONTROL, true},
    {"a PRIORITY frame of 4 bytes", BYTES("1234"), .type = H2T_PRIORITY, .stream_id = 1,
     NGHTTP2_FRAME_SIZE_ERROR, H2CLIENT_ERROR_H2_FRAME_SIZE, true},
    {"trailers without END_STREAM", BYTES(""), .type = H2T_HEADERS, .flags = 4, .stream_id = 1,
     NGHTTP2_PROTOCOL_ERROR, H2CLIENT_ERROR_H2_STREAM_MALFORMED, true},
    {"\":status\" in trailers", BYTES("\x88"), .type = H2T_HEADERS, .flags = 5, .stream_id = 1,
     NGHTTP2_PROTOCOL_ERROR, H2CLIENT_ERROR_H2_STREAM_MALFORMED, true},
};
#define N_BAD_FRAMES (sizeof bad_frames / sizeof bad_frames[0])

static struct h2t_exchange *meet(struct h2t_core *core, const struct bad_frame *bad)
{
    h2t_core_start_raw(core);
    core->breaks_rules = true;
    struct h2t_exchange *exchange = h2t_core_get(core);
    h2t_core_run(core);
    h2t_core_raw_head(core, 1, false);
    h2t_frame(&core->raw, bad->type, bad->flags, bad->stream_id, bad->payload, bad->len);
    h2t_core_raw(core);
    return exchange;
}

TEST(a_bad_frame_ends_what_the_rfc_says_with_its_code_and_a_reason)
{
    for (size_t i = 0; i < N_BAD_FRAMES; i++) {
        const struct bad_frame *bad = &bad_frames[i];
        EACH_CUT (core) {
            struct h2t_exchange *exchange = meet(core, bad);
            h2t_expect_failure(exchange, bad->code, bad->http2_code);
            ck_assert_msg(text_has(exchange->outcome.fault.text, bad->why), "%zu: %s", i,
                          exchange->outcome.fault.text);
            if (bad->is_of_stream)
                h2t_expect_reset(core, 1, bad->http2_code);
            else
                h2t_expect_goaway(core, bad->code, bad->http2_code);
        }
    }
}

TEST(a_stream_error_leaves_the_connection_usable)
{
    for (size_t i = 0; i < N_BAD_FRAMES; i++) {
        if (!bad_frames[i].is_of_stream)
            continue;
        EACH_CUT (core) {
            meet(core, &bad_frames[i]);
            h2t_expect_usable(core);
        }
    }
}

TEST(a_window_pushed_over_the_maximum_by_settings_is_the_connections_error)
{
    static const uint16_t ids[] = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE};
    static const uint32_t values[] = {INT32_MAX};

    EACH_CUT (core) {
        h2t_core_start_raw(core);
        struct h2t_exchange *exchange = h2t_core_post(core, NULL, 10, 20);
        exchange->upload.n_ready = 0;
        h2t_core_run(core);
        h2t_window_update(&core->raw, 1, 1);
        h2t_settings(&core->raw, ids, values, 1);
        h2t_core_raw(core);
        h2t_expect_goaway(core, H2CLIENT_ERROR_H2_FLOW_CONTROL, NGHTTP2_FLOW_CONTROL_ERROR);
    }
}

TEST(a_frame_above_our_size_is_refused_before_its_payload)
{
    EACH_CUT (core) {
        h2t_core_start_raw(core);
        struct h2t_exchange *exchange = h2t_core_get(core);
        h2t_core_run(core);
        h2t_frame_head(&core->raw, 16385, H2T_DATA, 0, 1);
        h2t_core_raw(core);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_FRAME_SIZE, NGHTTP2_FRAME_SIZE_ERROR);
        h2t_expect_goaway(core, H2CLIENT_ERROR_H2_FRAME_SIZE, NGHTTP2_FRAME_SIZE_ERROR);
    }
}

TEST(a_block_for_a_dead_stream_that_cannot_be_decoded_is_found_too)
{
    EACH_CUT (core) {
        h2t_core_start_raw(core);
        h2t_exchange_cancel(h2t_core_get(core), NGHTTP2_CANCEL);
        struct h2t_exchange *other = h2t_core_get(core);
        h2t_core_run(core);
        h2t_core_raw_answer(core, other->exchange.stream_id, "ok");
        struct h2t_exchange *last = h2t_core_get(core);
        h2t_core_run(core);
        h2t_exchange_cancel(last, NGHTTP2_CANCEL);
        h2t_core_run(core);
        h2t_frame(&core->raw, H2T_HEADERS, 4, last->exchange.stream_id, "\x80", 1);
        h2t_core_raw(core);
        h2t_expect_goaway(core, H2CLIENT_ERROR_H2_COMPRESSION, NGHTTP2_COMPRESSION_ERROR);
    }
}

TEST(nothing_is_taken_after_a_failure)
{
    EACH_CUT (core) {
        h2t_core_start_raw(core);
        struct h2t_exchange *exchange = h2t_core_get(core);
        h2t_core_run(core);
        h2t_frame(&core->raw, H2T_PING, 0, 1, "12345678", 8);
        h2t_core_raw_answer(core, 1, "ok");
        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_CONNECTION, NGHTTP2_PROTOCOL_ERROR);
        ck_assert_uint_eq(exchange->n_heads, 0);
        ck_assert_int_eq(core->conn->ops->receive(core->conn, 0, "x", 1),
                         H2CLIENT_ERROR_H2_CONNECTION);
    }
}

/* ---- limits on what brings nothing forward ------------------------------- */

/* A connection with one request whose head has come, and small limits. */
static struct h2t_exchange *start_limited(struct h2t_core *core)
{
    core->config.abuse.informational = 3;
    core->config.abuse.continuations = 4;
    core->config.abuse.empty_data = 5;
    core->config.abuse.acks_queued = 6;
    core->config.abuse.chatter = 40;
    h2t_core_start_raw(core);
    core->breaks_rules = true;
    struct h2t_exchange *exchange = h2t_core_get(core);
    h2t_core_run(core);
    return exchange;
}

static void expect_flood(struct h2t_core *core)
{
    h2t_core_raw(core);
    h2t_expect_goaway(core, H2CLIENT_ERROR_H2_FLOOD, NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST(frames_without_progress_are_a_flood)
{
    static const struct bad_frame chatter[] = {
        {BYTES("\0\0\0\1"), .type = H2T_WINDOW_UPDATE},
        {BYTES("\0\0\0\1"), .type = H2T_WINDOW_UPDATE, .stream_id = 1},
        {BYTES("\0\0\0\0\0"), .type = H2T_PRIORITY, .stream_id = 5},
        {BYTES("\0\0\0\0\0\0\0\0"), .type = H2T_PING, .flags = H2T_ACK},
        {BYTES("?"), .type = 0xfe, .stream_id = 1},
        {BYTES(""), .type = 0xb},
    };

    for (size_t i = 0; i < sizeof chatter / sizeof chatter[0]; i++) {
        EACH_CUT (core) {
            start_limited(core);
            for (int n = 0; n < 41; n++)
                h2t_frame(&core->raw, chatter[i].type, chatter[i].flags, chatter[i].stream_id,
                          chatter[i].payload, chatter[i].len);
            expect_flood(core);
        }
    }
}

TEST(progress_forgives_chatter)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange = start_limited(core);
        h2t_core_raw_head(core, 1, false);
        for (int n = 0; n < 100; n++) {
            h2t_window_update(&core->raw, 0, 1);
            h2t_window_update(&core->raw, 1, 1);
            h2t_ping(&core->raw, true, 1);
            h2t_data(&core->raw, 1, "x", 1, -1, n == 99);
        }
        h2t_core_raw(core);
        h2t_expect_success(exchange, 200, NULL);
    }
}

TEST(pings_that_are_answered_are_no_flood)
{
    EACH_CUT (core) {
        start_limited(core);
        for (int n = 0; n < 30; n++) {
            h2t_ping(&core->raw, false, (uint64_t)n);
            h2t_core_raw(core);
        }
        ck_assert_uint_eq(h2t_peer_count(core->peer, H2T_PING, 0), 30);
        ck_assert(!core->conn->has_failed);
    }
}

/* The peer sends without reading: answers pile up. */
static void feed_unread(struct h2t_core *core)
{
    h2t_peer_send_raw(core->peer, core->raw.data, core->raw.len);
    core->raw.len = 0;
    h2t_core_feed(core);
    h2t_core_run(core);
}

TEST(unread_answers_are_bounded)
{
    EACH_CUT (core) {
        start_limited(core);
        for (int n = 0; n < 4; n++) {
            h2t_ping(&core->raw, false, 1);
            h2t_settings(&core->raw, NULL, NULL, 0);
        }
        feed_unread(core);
        h2t_expect_goaway(core, H2CLIENT_ERROR_H2_FLOOD, NGHTTP2_ENHANCE_YOUR_CALM);
    }
}

TEST(empty_data_in_a_row_is_a_flood_with_padding_too)
{
    EACH_CUT (core) {
        start_limited(core);
        h2t_core_raw_head(core, 1, false);
        for (int n = 0; n < 3; n++) {
            h2t_data(&core->raw, 1, "", 0, -1, false);
            h2t_data(&core->raw, 1, "", 0, 255, false);
        }
        expect_flood(core);
    }
}

TEST(empty_data_between_bytes_is_fine)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange = start_limited(core);
        h2t_core_raw_head(core, 1, false);
        for (int n = 0; n < 20; n++)
            h2t_data(&core->raw, 1, "x", n % 4 ? 0 : 1, n % 3 ? -1 : 7, false);
        h2t_data(&core->raw, 1, "", 0, -1, true);
        h2t_core_raw(core);
        h2t_expect_success(exchange, 200, "xxxxx");
    }
}

TEST(continuations_without_end_are_a_flood)
{
    EACH_CUT (core) {
        start_limited(core);
        h2t_frame(&core->raw, H2T_HEADERS, 0, 1, "\x88", 1);
        for (int n = 0; n < 5; n++)
            h2t_frame(&core->raw, H2T_CONTINUATION, 0, 1, "", 0);
        expect_flood(core);
    }
}

TEST(continuations_up_to_the_limit_are_fine)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange = start_limited(core);
        h2t_frame(&core->raw, H2T_HEADERS, H2T_END_STREAM, 1, "\x88", 1);
        for (int n = 0; n < 4; n++)
            h2t_frame(&core->raw, H2T_CONTINUATION, n == 3 ? 4 : 0, 1, "", 0);
        h2t_core_raw(core);
        h2t_expect_success(exchange, 200, "");
    }
}

TEST(too_many_interim_responses_end_their_stream_alone)
{
    static const h2client_header early[] = {{":status", "103"}, {NULL, NULL}};

    EACH_CUT (core) {
        struct h2t_exchange *exchange = start_limited(core);
        for (int n = 0; n < 4; n++)
            h2t_headers(&core->raw, 1, early, false, 0);
        h2t_core_raw(core);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_FLOOD, NGHTTP2_ENHANCE_YOUR_CALM);
        ck_assert_uint_eq(exchange->n_informational, 3);
        h2t_expect_reset(core, 1, NGHTTP2_ENHANCE_YOUR_CALM);
        h2t_expect_usable(core);
    }
}

TEST(header_blocks_for_closed_streams_are_chatter)
{
    EACH_CUT (core) {
        h2t_exchange_cancel(start_limited(core), NGHTTP2_CANCEL);
        h2t_core_run(core);
        for (int n = 0; n < 41; n++)
            h2t_core_raw_head(core, 1, false);
        expect_flood(core);
    }
}

TEST(data_for_closed_streams_is_chatter_above_their_windows)
{
    EACH_CUT (core) {
        core->config.stream_window_bytes = 100;
        h2t_exchange_cancel(start_limited(core), NGHTTP2_CANCEL);
        h2t_core_run(core);
        for (int n = 0; n < 140; n++)
            h2t_data(&core->raw, 1, "x", 1, -1, false);
        h2t_core_raw(core);
        ck_assert(!core->conn->has_failed);
        h2t_data(&core->raw, 1, "x", 1, -1, false);
        expect_flood(core);
    }
}

/* ---- what is not HTTP/2 -------------------------------------------------- */

TEST(an_answer_in_http_1_is_quoted)
{
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\nserver: old\r\n\r\n";

    EACH_CUT (core) {
        h2t_core_start_silent(core);
        struct h2t_exchange *exchange = h2t_core_get(core);
        h2t_core_run(core);
        h2t_bytes_add(&core->raw, answer, sizeof answer - 1);
        h2t_core_raw(core);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_NOT_HTTP2, NGHTTP2_PROTOCOL_ERROR);
        ck_assert(text_has(exchange->outcome.fault.text, "HTTP/1, \"HTTP/1.1 400 Bad Request\""));
    }
}

TEST(a_few_bytes_of_tls_and_an_end_are_not_http_2)
{
    EACH_CUT (core) {
        h2t_core_start_silent(core);
        struct h2t_exchange *exchange = h2t_core_get(core);
        h2t_core_run(core);
        h2t_bytes_add(&core->raw, "\x15\x03\x03\0\2\2F", 7);
        h2t_core_raw(core);
        h2t_core_end_input(core, NULL);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_NOT_HTTP2, NGHTTP2_PROTOCOL_ERROR);
        ck_assert(text_has(exchange->outcome.fault.text, "TLS, \"\\x15"));
    }
}

TEST_MAIN("h2_frames", {T(a_bad_frame_ends_what_the_rfc_says_with_its_code_and_a_reason)},
          {T(a_stream_error_leaves_the_connection_usable)},
          {T(a_window_pushed_over_the_maximum_by_settings_is_the_connections_error)},
          {T(a_frame_above_our_size_is_refused_before_its_payload)},
          {T(a_block_for_a_dead_stream_that_cannot_be_decoded_is_found_too)},
          {T(nothing_is_taken_after_a_failure)}, {T(frames_without_progress_are_a_flood)},
          {T(progress_forgives_chatter)}, {T(pings_that_are_answered_are_no_flood)},
          {T(unread_answers_are_bounded)}, {T(empty_data_in_a_row_is_a_flood_with_padding_too)},
          {T(empty_data_between_bytes_is_fine)}, {T(continuations_without_end_are_a_flood)},
          {T(continuations_up_to_the_limit_are_fine)},
          {T(too_many_interim_responses_end_their_stream_alone)},
          {T(header_blocks_for_closed_streams_are_chatter)},
          {T(data_for_closed_streams_is_chatter_above_their_windows)},
          {T(an_answer_in_http_1_is_quoted)}, {T(a_few_bytes_of_tls_and_an_end_are_not_http_2)})
