/* SPDX-License-Identifier: MIT */
/* How an HTTP/2 connection begins (RFC 9113 3.4, 6.5): preface, SETTINGS, and servers
 * that do not speak HTTP/2 at all. */
#include "tests/support/core_rig.h"

#include <nghttp2/nghttp2.h>
#include <string.h>

static uint32_t setting_of(const struct h2t_seen_frame *settings, uint16_t id, uint32_t otherwise)
{
    uint32_t value = otherwise;

    for (uint32_t at = 0; at + 6 <= settings->len; at += 6) {
        const uint8_t *p = settings->payload + at;

        if ((p[0] << 8 | p[1]) == id)
            value = (uint32_t)p[2] << 24 | (uint32_t)p[3] << 16 | (uint32_t)p[4] << 8 | p[5];
    }
    return value;
}

TEST(preface_and_settings_lead_and_do_not_wait_for_the_server)
{
    EACH_CUT (core) {
        h2t_core_start_silent(core);
        h2t_core_get(core);
        h2t_core_send(core);
        ck_assert_uint_ge(h2t_peer_n_frames(core->peer), 2);
        ck_assert_uint_eq(h2t_peer_frame(core->peer, 0)->type, H2T_SETTINGS);
        ck_assert_uint_eq(h2t_peer_frame(core->peer, 0)->flags, 0);
        ck_assert_uint_eq(h2t_peer_count(core->peer, H2T_SETTINGS, -1), 1);
        ck_assert_uint_eq(h2t_peer_n_requests(core->peer), 1);
    }
}

TEST(our_settings_refuse_push_and_state_the_limits)
{
    EACH_CUT (core) {
        const struct h2t_seen_frame *settings;

        core->config.stream_window_bytes = 70000;
        core->config.max_header_bytes = 12345;
        h2t_core_start_silent(core);
        h2t_core_send(core);
        settings = h2t_peer_frame(core->peer, 0);
        ck_assert_uint_eq(setting_of(settings, NGHTTP2_SETTINGS_ENABLE_PUSH, 1), 0);
        ck_assert_uint_eq(setting_of(settings, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 65535), 70000);
        ck_assert_uint_eq(setting_of(settings, NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, 0), 12345);
        ck_assert_uint_eq(setting_of(settings, NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 16384), 16384);
    }
}

TEST(requests_work_when_the_servers_settings_come_late)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start(core, &(struct h2t_peer_config){.holds_settings = true});
        exchange = h2t_core_get(core);
        h2t_core_run(core);
        ck_assert_uint_eq(h2t_peer_n_requests(core->peer), 1);
        ck_assert_uint_eq(exchange->n_ends, 0);
        h2t_peer_release_settings(core->peer);
        h2t_core_run(core);
        h2t_expect_success(exchange, 200, "ok");
    }
}

struct opening {
    const char *what;
    const char *bytes;
    size_t len;
};
#define OPENING(what, bytes)          \
    {                                 \
        what, bytes, sizeof bytes - 1 \
    }

static const struct opening wrong_frames[] = {
    OPENING("PING", "\0\0\x8\x6\0\0\0\0\0abcdefgh"),
    OPENING("HEADERS", "\0\0\x1\x1\x5\0\0\0\x1\x88"),
    OPENING("DATA", "\0\0\x2\0\x1\0\0\0\x1ok"),
    OPENING("WINDOW_UPDATE", "\0\0\x4\x8\0\0\0\0\0\0\0\0\x1"),
    OPENING("acknowledgement", "\0\0\0\x4\x1\0\0\0\0"),
    OPENING("unknown frame", "\0\0\0\xfa\0\0\0\0\0"),
};

static const struct opening foreign_bytes[] = {
    OPENING("HTTP/1.1", "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"),
    OPENING("HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\n<html>"),
    OPENING("HTTP/1 cut", "HTTP/1.1 4"),
    OPENING("HTTP/1 cut early", "HTT"),
    OPENING("a TLS alert", "\x15\x03\x01\x00\x02\x02\x28"),
    OPENING("a TLS record", "\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03"),
    OPENING("SSH", "SSH-2.0-OpenSSH_9.2\r\n"),
    OPENING("SMTP", "220 mail ESMTP\r\n"),
    OPENING("zeros", "\0\0\0\0\0\0\0\0\0\0\0\0"),
};

/* The server says this to a request and closes. */
static struct h2t_exchange *greet(struct h2t_core *core, const struct opening *opening)
{
    struct h2t_exchange *exchange;

    h2t_core_start_silent(core);
    exchange = h2t_core_get(core);
    h2t_bytes_add(&core->raw, opening->bytes, opening->len);
    h2t_core_raw(core);
    if (!core->has_stopped)
        h2t_core_end_input(core, NULL);
    return exchange;
}

TEST(a_first_frame_other_than_settings_ends_the_connection)
{
    for (size_t i = 0; i < H2T_LEN(wrong_frames); i++) {
        EACH_CUT (core) {
            struct h2t_exchange *exchange = greet(core, &wrong_frames[i]);

            h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_NOT_HTTP2, NGHTTP2_PROTOCOL_ERROR);
            h2t_expect_goaway(core, H2CLIENT_ERROR_H2_NOT_HTTP2, NGHTTP2_PROTOCOL_ERROR);
        }
    }
}

TEST(a_goaway_before_settings_is_a_connection_that_was_lost)
{
    static const struct opening goaway =
        OPENING("GOAWAY", "\0\0\x8\x7\0\0\0\0\0\x7f\xff\xff\xff\0\0\0\0");

    EACH_CUT (core) {
        struct h2t_exchange *exchange = greet(core, &goaway);

        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_GOAWAY, NGHTTP2_PROTOCOL_ERROR);
        ck_assert(!core->conn->accepts_new);
    }
}

TEST(an_answer_that_is_not_http2_is_named_at_once)
{
    for (size_t i = 0; i < H2T_LEN(foreign_bytes); i++) {
        EACH_CUT (core) {
            struct h2t_exchange *exchange = greet(core, &foreign_bytes[i]);

            h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_NOT_HTTP2, NGHTTP2_PROTOCOL_ERROR);
            ck_assert(!core->conn->accepts_new);
        }
    }
}

TEST(an_http1_answer_is_quoted_in_the_error)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange = greet(core, &foreign_bytes[0]);

        ck_assert_ptr_nonnull(strstr(exchange->outcome.fault.text, "HTTP/1.1 400 Bad Request"));
    }
}

TEST(an_immediate_end_is_an_empty_reply)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_silent(core);
        exchange = h2t_core_get(core);
        h2t_core_send(core);
        h2t_core_end_input(core, NULL);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_EMPTY_REPLY, -1);
        ck_assert(!core->conn->accepts_new);
    }
}

/* ---- SETTINGS ------------------------------------------------------------ */

TEST(settings_are_acknowledged_once_each_and_in_order)
{
    EACH_CUT (core) {
        size_t n_acks = 0;

        h2t_core_start_silent(core);
        for (uint16_t i = 0; i < 5; i++) {
            h2t_settings(&core->raw, &(uint16_t){NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS},
                         &(uint32_t){i + 10u}, 1);
            h2t_ping(&core->raw, false, i);
        }
        h2t_core_raw(core);
        for (size_t i = 1; i < h2t_peer_n_frames(core->peer); i++) {
            const struct h2t_seen_frame *frame = h2t_peer_frame(core->peer, i);

            n_acks += frame->type == H2T_SETTINGS && frame->flags == H2T_ACK && frame->len == 0;
        }
        ck_assert_uint_eq(n_acks, 5);
        ck_assert_uint_eq(h2t_peer_count(core->peer, H2T_PING, 0), 5);
        ck_assert_uint_eq(core->conn->max_open, 14);
    }
}

TEST(unknown_settings_are_ignored)
{
    EACH_CUT (core) {
        const uint16_t ids[] = {0x0a0a, 0, 0x7, 0xffff, NGHTTP2_SETTINGS_ENABLE_PUSH};
        const uint32_t values[] = {1, UINT32_MAX, 0, 12345, 0};

        h2t_core_start_silent(core);
        h2t_settings(&core->raw, ids, values, H2T_LEN(ids));
        h2t_settings_ack(&core->raw);
        h2t_core_raw(core);
        ck_assert_uint_eq(h2t_peer_count(core->peer, H2T_SETTINGS, 0), 2);
        h2t_expect_usable(core);
    }
}

struct illegal {
    uint16_t id;
    uint32_t value;
    h2client_error_code code;
    uint32_t http2_code;
};

static const struct illegal illegal_settings[] = {
    {NGHTTP2_SETTINGS_ENABLE_PUSH, 1, H2CLIENT_ERROR_H2_CONNECTION, NGHTTP2_PROTOCOL_ERROR},
    {NGHTTP2_SETTINGS_ENABLE_PUSH, 2, H2CLIENT_ERROR_H2_CONNECTION, NGHTTP2_PROTOCOL_ERROR},
    {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x80000000, H2CLIENT_ERROR_H2_FLOW_CONTROL,
     NGHTTP2_FLOW_CONTROL_ERROR},
    {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, UINT32_MAX, H2CLIENT_ERROR_H2_FLOW_CONTROL,
     NGHTTP2_FLOW_CONTROL_ERROR},
    {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 0, H2CLIENT_ERROR_H2_CONNECTION, NGHTTP2_PROTOCOL_ERROR},
    {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 16383, H2CLIENT_ERROR_H2_CONNECTION, NGHTTP2_PROTOCOL_ERROR},
    {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 16777216, H2CLIENT_ERROR_H2_CONNECTION,
     NGHTTP2_PROTOCOL_ERROR},
    {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 2, H2CLIENT_ERROR_H2_CONNECTION,
     NGHTTP2_PROTOCOL_ERROR},
};

TEST(illegal_settings_end_the_connection_with_the_code_of_the_rfc)
{
    for (size_t i = 0; i < H2T_LEN(illegal_settings); i++) {
        const struct illegal *illegal = &illegal_settings[i];

        EACH_CUT (core) {
            struct h2t_exchange *exchange;

            h2t_core_start_raw(core);
            exchange = h2t_core_get(core);
            h2t_settings(&core->raw, &illegal->id, &illegal->value, 1);
            h2t_core_raw(core);
            h2t_expect_failure(exchange, illegal->code, illegal->http2_code);
            h2t_expect_goaway(core, illegal->code, illegal->http2_code);
        }
    }
}

TEST(the_largest_legal_settings_are_taken)
{
    EACH_CUT (core) {
        const uint16_t ids[] = {
            NGHTTP2_SETTINGS_ENABLE_PUSH,       NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
            NGHTTP2_SETTINGS_MAX_FRAME_SIZE,    NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
            NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL};
        const uint32_t values[] = {0, 0x7fffffff, 16777215, UINT32_MAX, UINT32_MAX, 1};

        h2t_core_start_raw(core);
        h2t_settings(&core->raw, ids, values, H2T_LEN(ids));
        h2t_core_raw(core);
        h2t_expect_usable(core);
    }
}

TEST(settings_frames_of_a_wrong_shape_end_the_connection)
{
    static const struct {
        uint8_t flags;
        int32_t stream_id;
        size_t len;
        h2client_error_code code;
        uint32_t http2_code;
    } shapes[] = {
        {0, 0, 5, H2CLIENT_ERROR_H2_FRAME_SIZE, NGHTTP2_FRAME_SIZE_ERROR},
        {0, 0, 7, H2CLIENT_ERROR_H2_FRAME_SIZE, NGHTTP2_FRAME_SIZE_ERROR},
        {H2T_ACK, 0, 6, H2CLIENT_ERROR_H2_FRAME_SIZE, NGHTTP2_FRAME_SIZE_ERROR},
        {0, 1, 6, H2CLIENT_ERROR_H2_CONNECTION, NGHTTP2_PROTOCOL_ERROR},
    };

    for (size_t i = 0; i < H2T_LEN(shapes); i++) {
        EACH_CUT (core) {
            h2t_core_start_raw(core);
            h2t_core_get(core);
            h2t_frame(&core->raw, H2T_SETTINGS, shapes[i].flags, shapes[i].stream_id,
                      "\0\x3\0\0\0\x5\0", shapes[i].len);
            h2t_core_raw(core);
            h2t_expect_goaway(core, shapes[i].code, shapes[i].http2_code);
        }
    }
}

static void send_setting(struct h2t_core *core, uint16_t id, uint32_t value)
{
    h2t_settings(&core->raw, &id, &value, 1);
    h2t_core_raw(core);
}

TEST(later_settings_change_only_what_they_name)
{
    EACH_CUT (core) {
        h2t_core_start_raw(core);
        send_setting(core, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 5);
        send_setting(core, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 100);
        h2t_settings(&core->raw, NULL, NULL, 0);
        h2t_core_raw(core);
        ck_assert_uint_eq(core->conn->max_open, 5);
        h2t_core_post(core, NULL, 300, 300);
        h2t_core_run(core);
        ck_assert_uint_eq(h2t_peer_request(core->peer, 0)->body_len, 100);
        send_setting(core, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 7);
        ck_assert_uint_eq(core->conn->max_open, 7);
        ck_assert_uint_eq(h2t_peer_request(core->peer, 0)->body_len, 100);
    }
}

TEST(a_server_that_never_acknowledges_still_answers)
{
    EACH_CUT (core) {
        h2t_core_start_silent(core);
        h2t_settings(&core->raw, NULL, NULL, 0);
        h2t_core_raw(core);
        for (int i = 0; i < 20; i++)
            h2t_expect_usable(core);
        ck_assert_uint_eq(core->conn->n_opened, 20);
    }
}

TEST(a_hundred_streams_are_open_at_most_before_the_servers_settings)
{
    EACH_CUT (core) {
        struct h2t_exchange *last;

        h2t_core_start_silent(core);
        ck_assert_uint_eq(core->conn->max_open, 100);
        for (int i = 0; i < 100; i++)
            h2t_core_get(core);
        last = h2t_core_prepare(core, "GET", "/");
        h2t_exchange_submit(last);
        ck_assert_int_eq(last->submitted, H2CLIENT_PENDING);
        ck_assert_uint_eq(core->conn->n_open, 100);
    }
}

TEST_MAIN("h2_start", {T(preface_and_settings_lead_and_do_not_wait_for_the_server)},
          {T(our_settings_refuse_push_and_state_the_limits)},
          {T(requests_work_when_the_servers_settings_come_late)},
          {T(a_first_frame_other_than_settings_ends_the_connection)},
          {T(a_goaway_before_settings_is_a_connection_that_was_lost)},
          {T(an_answer_that_is_not_http2_is_named_at_once)},
          {T(an_http1_answer_is_quoted_in_the_error)}, {T(an_immediate_end_is_an_empty_reply)},
          {T(settings_are_acknowledged_once_each_and_in_order)}, {T(unknown_settings_are_ignored)},
          {T(illegal_settings_end_the_connection_with_the_code_of_the_rfc)},
          {T(the_largest_legal_settings_are_taken)},
          {T(settings_frames_of_a_wrong_shape_end_the_connection)},
          {T(later_settings_change_only_what_they_name)},
          {T(a_server_that_never_acknowledges_still_answers)},
          {T(a_hundred_streams_are_open_at_most_before_the_servers_settings)})
