/* SPDX-License-Identifier: MIT */
/* Bodies of responses (RFC 9113 6.1, 8.1; RFC 9110 6.4, 8.6): how long they are, how
 * they are framed and padded, and what may come before and after them. */
#include "tests/support/core_rig.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

static void raw_status(struct h2t_core *core, const char *status, bool is_end)
{
    const h2client_header fields[] = {{":status", status}, {"link", "</a.css>"}, {NULL, NULL}};

    h2t_headers(&core->raw, 1, fields, is_end, 0);
}

/* ---- content-length ------------------------------------------------------ */

struct length_case {
    const char *lengths[2]; /* of up to two fields */
    const char *body;
    h2client_error_code code; /* OK: a success */
};

static const struct length_case length_cases[] = {
    {{"5"}, "hello", H2CLIENT_OK},
    {{"0"}, "", H2CLIENT_OK},
    {{"00005"}, "hello", H2CLIENT_OK},
    {{"5", "5"}, "hello", H2CLIENT_OK},
    {{"5, 5"}, "hello", H2CLIENT_OK},
    {{"5"}, "hell", H2CLIENT_ERROR_BODY_LENGTH},
    {{"5"}, "", H2CLIENT_ERROR_BODY_LENGTH},
    {{"5"}, "hello!", H2CLIENT_ERROR_BODY_LENGTH},
    {{"0"}, "x", H2CLIENT_ERROR_BODY_LENGTH},
    {{"9223372036854775807"}, "hello", H2CLIENT_ERROR_BODY_LENGTH},
    {{"5", "6"}, "hello", H2CLIENT_ERROR_H2_STREAM_MALFORMED},
    {{"5, 6"}, "hello", H2CLIENT_ERROR_H2_STREAM_MALFORMED},
    {{"5", "x"}, "hello", H2CLIENT_ERROR_H2_STREAM_MALFORMED},
    {{"5,"}, "hello", H2CLIENT_ERROR_H2_STREAM_MALFORMED},
    {{"+5"}, "hello", H2CLIENT_ERROR_H2_STREAM_MALFORMED},
    {{"-5"}, "hello", H2CLIENT_ERROR_H2_STREAM_MALFORMED},
    {{"0x5"}, "hello", H2CLIENT_ERROR_H2_STREAM_MALFORMED},
    {{"5 5"}, "hello", H2CLIENT_ERROR_H2_STREAM_MALFORMED},
    {{"five"}, "hello", H2CLIENT_ERROR_H2_STREAM_MALFORMED},
    {{"5.0"}, "hello", H2CLIENT_ERROR_H2_STREAM_MALFORMED},
    {{""}, "", H2CLIENT_ERROR_H2_STREAM_MALFORMED},
    {{"9223372036854775808"}, "hello", H2CLIENT_ERROR_H2_STREAM_MALFORMED},
    {{"18446744073709551621"}, "hello", H2CLIENT_ERROR_H2_STREAM_MALFORMED},
};

static void raw_head_with_lengths(struct h2t_core *core, const char *status,
                                  const char *const lengths[2], bool is_end)
{
    h2client_header fields[4] = {{":status", status}};
    size_t n = 1;

    for (size_t i = 0; i < 2 && lengths[i]; i++)
        fields[n++] = (h2client_header){"content-length", lengths[i]};
    h2t_headers(&core->raw, 1, fields, is_end, 0);
}

static void expect_length_outcome(struct h2t_core *core, const struct h2t_exchange *exchange,
                                  h2client_error_code code, const char *body)
{
    if (code == H2CLIENT_OK) {
        h2t_expect_success(exchange, 200, body);
        return;
    }
    h2t_expect_failure(exchange, code, NGHTTP2_PROTOCOL_ERROR);
    h2t_expect_reset(core, 1, NGHTTP2_PROTOCOL_ERROR);
    ck_assert_uint_le(exchange->body.len, 5);
    h2t_expect_usable(core);
}

TEST(content_length_is_compared_with_the_body)
{
    for (size_t i = 0; i < H2T_LEN(length_cases); i++) {
        const struct length_case *test = &length_cases[i];

        EACH_CUT (core) {
            struct h2t_exchange *exchange;

            h2t_core_start_raw(core);
            exchange = h2t_core_get(core);
            raw_head_with_lengths(core, "200", test->lengths, false);
            h2t_data(&core->raw, 1, test->body, strlen(test->body), -1, true);
            h2t_core_raw(core);
            expect_length_outcome(core, exchange, test->code, test->body);
        }
    }
}

TEST(content_length_counts_the_body_of_many_frames_and_not_its_padding)
{
    static const char *const lengths[2] = {"20"};

    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        raw_head_with_lengths(core, "200", lengths, false);
        for (int i = 0; i < 10; i++)
            h2t_data(&core->raw, 1, "ab", 2, 17, i == 9);
        h2t_core_raw(core);
        h2t_expect_success(exchange, 200, "abababababababababab");
    }
}

TEST(a_head_that_ends_the_stream_must_not_announce_a_body)
{
    static const char *const five[2] = {"5"};
    static const char *const zero[2] = {"0"};

    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        raw_head_with_lengths(core, "200", five, true);
        h2t_core_raw(core);
        expect_length_outcome(core, exchange, H2CLIENT_ERROR_BODY_LENGTH, "");
    }
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        raw_head_with_lengths(core, "200", zero, true);
        h2t_core_raw(core);
        h2t_expect_success(exchange, 200, "");
    }
}

static const struct {
    const char *method;
    const char *status;
} bodiless[] = {{"HEAD", "200"}, {"HEAD", "404"}, {"GET", "204"}, {"GET", "304"}, {"POST", "204"}};

TEST(responses_without_a_body_end_whatever_their_length_says)
{
    static const char *const lengths[2] = {"1000"};

    for (size_t i = 0; i < H2T_LEN(bodiless); i++) {
        EACH_CUT (core) {
            struct h2t_exchange *exchange;

            h2t_core_start_raw(core);
            exchange = h2t_core_method(core, bodiless[i].method);
            raw_head_with_lengths(core, bodiless[i].status, lengths, i % 2);
            if (i % 2 == 0)
                h2t_data(&core->raw, 1, NULL, 0, -1, true);
            h2t_core_raw(core);
            h2t_expect_success(exchange, atoi(bodiless[i].status), "");
            ck_assert_int_eq(exchange->head.content_length, 1000);
        }
    }
}

TEST(data_where_no_body_can_be_is_never_delivered)
{
    for (size_t i = 0; i < H2T_LEN(bodiless); i++) {
        EACH_CUT (core) {
            static const char *const lengths[2] = {"4"};
            struct h2t_exchange *exchange;

            h2t_core_start_raw(core);
            exchange = h2t_core_method(core, bodiless[i].method);
            raw_head_with_lengths(core, bodiless[i].status, lengths, false);
            h2t_data(&core->raw, 1, "evil", 4, -1, true);
            h2t_core_raw(core);
            ck_assert_uint_eq(exchange->body.len, 0);
            h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_STREAM_MALFORMED,
                               NGHTTP2_PROTOCOL_ERROR);
            h2t_expect_reset(core, 1, NGHTTP2_PROTOCOL_ERROR);
            h2t_expect_usable(core);
        }
    }
}

/* ---- trailers ------------------------------------------------------------ */

TEST(trailers_arrive_after_the_body_and_apart_from_the_head)
{
    static const h2client_header trailers[] = {{"x-sum", "42"}, {"x-sum", "43"}, {NULL, NULL}};

    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        h2t_core_raw_head(core, 1, false);
        h2t_data(&core->raw, 1, "body", 4, -1, false);
        h2t_headers(&core->raw, 1, trailers, true, 0);
        h2t_core_raw(core);
        h2t_expect_success(exchange, 200, "body");
        ck_assert_ptr_null(exchange->head.fields[0].name);
        ck_assert_str_eq(exchange->trailers[0].value, "42");
        ck_assert_str_eq(exchange->trailers[1].value, "43");
        ck_assert_ptr_null(exchange->trailers[2].name);
    }
}

static const struct {
    const h2client_header *fields;
    bool is_end;
} bad_trailers[] = {
    {H2T_FIELDS({":status", "200"}), true}, {H2T_FIELDS({"a", "b"}, {":status", "200"}), true},
    {H2T_FIELDS({":path", "/"}), true},     {H2T_FIELDS({"a", "b"}), false},
    {H2T_FIELDS({"Upper", "b"}), true},     {H2T_FIELDS({"connection", "close"}), true},
};

TEST(malformed_trailers_fail_their_stream)
{
    for (size_t i = 0; i < H2T_LEN(bad_trailers); i++) {
        EACH_CUT (core) {
            struct h2t_exchange *exchange;

            h2t_core_start_raw(core);
            exchange = h2t_core_get(core);
            h2t_core_raw_head(core, 1, false);
            h2t_data(&core->raw, 1, "body", 4, -1, false);
            h2t_headers(&core->raw, 1, bad_trailers[i].fields, bad_trailers[i].is_end, 0);
            h2t_core_raw(core);
            h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_STREAM_MALFORMED,
                               NGHTTP2_PROTOCOL_ERROR);
            h2t_expect_reset(core, 1, NGHTTP2_PROTOCOL_ERROR);
            ck_assert_ptr_null(exchange->trailers);
            h2t_expect_usable(core);
        }
    }
}

TEST(content_length_holds_before_trailers_too)
{
    static const char *const lengths[2] = {"5"};

    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        raw_head_with_lengths(core, "200", lengths, false);
        h2t_data(&core->raw, 1, "four", 4, -1, false);
        h2t_headers(&core->raw, 1, H2T_FIELDS({"x-sum", "42"}), true, 0);
        h2t_core_raw(core);
        expect_length_outcome(core, exchange, H2CLIENT_ERROR_BODY_LENGTH, "");
    }
}

/* ---- order --------------------------------------------------------------- */

TEST(data_before_the_head_fails_the_stream)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        h2t_data(&core->raw, 1, "evil", 4, -1, false);
        h2t_core_raw_head(core, 1, true);
        h2t_core_raw(core);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_STREAM_MALFORMED, NGHTTP2_PROTOCOL_ERROR);
        h2t_expect_reset(core, 1, NGHTTP2_PROTOCOL_ERROR);
        ck_assert_uint_eq(exchange->body.len, 0);
        h2t_expect_usable(core);
    }
}

TEST(data_after_an_interim_response_only_fails_the_stream)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        raw_status(core, "103", false);
        h2t_data(&core->raw, 1, "evil", 4, -1, true);
        h2t_core_raw(core);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_STREAM_MALFORMED, NGHTTP2_PROTOCOL_ERROR);
        h2t_expect_reset(core, 1, NGHTTP2_PROTOCOL_ERROR);
        h2t_expect_usable(core);
    }
}

/* RFC 9113 5.1: what follows END_STREAM on a stream nobody has reset is the
 * connection's error; the response that was whole stays whole. */
static void expect_closed_after_the_end(struct h2t_core *core, const struct h2t_exchange *exchange)
{
    h2t_expect_success(exchange, 200, "ok");
    h2t_expect_goaway(core, H2CLIENT_ERROR_H2_CONNECTION, NGHTTP2_STREAM_CLOSED);
}

TEST(data_after_the_end_closes_the_connection_and_adds_nothing)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        h2t_core_raw_answer(core, 1, "ok");
        h2t_data(&core->raw, 1, "more", 4, -1, true);
        h2t_core_raw(core);
        expect_closed_after_the_end(core, exchange);
    }
}

TEST(trailers_after_the_end_close_the_connection)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        h2t_core_raw_answer(core, 1, "ok");
        h2t_headers(&core->raw, 1, H2T_FIELDS({"x-sum", "42"}), true, 0);
        h2t_core_raw(core);
        expect_closed_after_the_end(core, exchange);
        ck_assert_ptr_null(exchange->trailers);
    }
}

/* ---- the same body in many shapes ---------------------------------------- */

#define SHAPE_BYTES 1000

/* Frames of at most `piece` bytes; `n_empty` empty ones after each. */
static void raw_body_in_pieces(struct h2t_core *core, const char *body, size_t piece,
                               size_t n_empty, bool has_empty_end)
{
    for (size_t at = 0; at < SHAPE_BYTES; at += piece) {
        size_t n = SHAPE_BYTES - at < piece ? SHAPE_BYTES - at : piece;
        bool is_last = at + n == SHAPE_BYTES;

        h2t_data(&core->raw, 1, body + at, n, -1, is_last && !has_empty_end);
        for (size_t i = 0; !is_last && i < n_empty; i++)
            h2t_data(&core->raw, 1, NULL, 0, -1, false);
    }
    if (has_empty_end)
        h2t_data(&core->raw, 1, NULL, 0, -1, true);
}

TEST(a_body_is_the_same_however_it_is_framed)
{
    static const struct {
        size_t piece;
        size_t n_empty;
        bool has_empty_end;
    } shapes[] = {{SHAPE_BYTES, 0, false}, {SHAPE_BYTES, 0, true}, {1, 0, false}, {1, 0, true},
                  {7, 0, false},           {333, 100, true},       {10, 1, false}};
    char body[SHAPE_BYTES + 1] = "";

    for (size_t i = 0; i < SHAPE_BYTES; i++)
        body[i] = h2t_pattern_byte(i);
    for (size_t i = 0; i < H2T_LEN(shapes); i++) {
        EACH_CUT (core) {
            struct h2t_exchange *exchange;

            h2t_core_start_raw(core);
            exchange = h2t_core_get(core);
            h2t_core_raw_head(core, 1, false);
            raw_body_in_pieces(core, body, shapes[i].piece, shapes[i].n_empty,
                               shapes[i].has_empty_end);
            h2t_core_raw(core);
            h2t_expect_success(exchange, 200, body);
        }
    }
}

TEST(a_head_alone_is_a_whole_response)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        h2t_core_raw_head(core, 1, true);
        h2t_core_raw(core);
        h2t_expect_success(exchange, 200, "");
        ck_assert_uint_eq(exchange->n_data_events, 0);
    }
}

/* ---- padding ------------------------------------------------------------- */

static void raw_padded_head(struct h2t_core *core, int32_t stream_id, uint8_t pad_len)
{
    struct h2t_bytes payload = {0};
    static const uint8_t zeros[255];

    h2t_bytes_add(&payload, &pad_len, 1);
    h2t_hpack_indexed(&payload, 8); /* :status 200 */
    h2t_bytes_add(&payload, zeros, pad_len);
    h2t_frame(&core->raw, H2T_HEADERS, H2T_END_HEADERS | H2T_PADDED, stream_id, payload.data,
              payload.len);
    h2t_bytes_free(&payload);
}

TEST(padding_is_stripped)
{
    static const int pads[] = {0, 1, 254, 255};

    for (size_t i = 0; i < H2T_LEN(pads); i++) {
        EACH_CUT (core) {
            struct h2t_exchange *exchange;

            h2t_core_start_raw(core);
            exchange = h2t_core_get(core);
            raw_padded_head(core, 1, (uint8_t)pads[i]);
            h2t_data(&core->raw, 1, "bo", 2, pads[i], false);
            h2t_data(&core->raw, 1, "", 0, pads[i], false);
            h2t_data(&core->raw, 1, "dy", 2, pads[i], true);
            h2t_core_raw(core);
            h2t_expect_success(exchange, 200, "body");
        }
    }
}

TEST(padding_is_given_back_to_both_windows)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;
        int64_t n_sent = 0;

        core->config.stream_window_bytes = core->config.max_stream_window_bytes = 65536;
        core->config.conn_window_bytes = 70000;
        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        h2t_core_raw_head(core, 1, false);
        for (int i = 0; i < 600; i++) {
            n_sent += 256;
            h2t_data(&core->raw, 1, "", 0, 255, false);
            h2t_data(&core->raw, 1, "x", 1, -1, false);
            n_sent++;
            h2t_core_raw(core);
            ck_assert_int_ge(h2t_core_granted(core, 1, 65536), n_sent + 257);
            ck_assert_int_ge(h2t_core_granted(core, 0, 65535), n_sent + 257);
        }
        h2t_data(&core->raw, 1, NULL, 0, -1, true);
        h2t_core_raw(core);
        h2t_expect_success(exchange, 200, NULL);
        ck_assert_uint_eq(exchange->body.len, 600);
    }
}

TEST(padding_as_long_as_its_frame_ends_the_connection)
{
    static const struct {
        uint8_t type;
        const char *payload;
        size_t len;
    } frames[] = {
        {H2T_DATA, "\x04xyz", 4},     {H2T_DATA, "\xffxyz", 4},     {H2T_DATA, "\x01", 1},
        {H2T_HEADERS, "\x02\x88", 2}, {H2T_HEADERS, "\xff\x88", 2}, {H2T_HEADERS, "\x01", 1},
    };

    for (size_t i = 0; i < H2T_LEN(frames); i++) {
        EACH_CUT (core) {
            struct h2t_exchange *exchange;

            h2t_core_start_raw(core);
            exchange = h2t_core_get(core);
            if (frames[i].type == H2T_DATA)
                h2t_core_raw_head(core, 1, false);
            h2t_frame(&core->raw, frames[i].type, H2T_PADDED | H2T_END_HEADERS, 1,
                      frames[i].payload, frames[i].len);
            h2t_core_raw(core);
            h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_CONNECTION, NGHTTP2_PROTOCOL_ERROR);
            h2t_expect_goaway(core, H2CLIENT_ERROR_H2_CONNECTION, NGHTTP2_PROTOCOL_ERROR);
        }
    }
}

TEST_MAIN("h2_bodies", {T(content_length_is_compared_with_the_body)},
          {T(content_length_counts_the_body_of_many_frames_and_not_its_padding)},
          {T(a_head_that_ends_the_stream_must_not_announce_a_body)},
          {T(responses_without_a_body_end_whatever_their_length_says)},
          {T(data_where_no_body_can_be_is_never_delivered)},
          {T(trailers_arrive_after_the_body_and_apart_from_the_head)},
          {T(malformed_trailers_fail_their_stream)}, {T(content_length_holds_before_trailers_too)},
          {T(data_before_the_head_fails_the_stream)},
          {T(data_after_an_interim_response_only_fails_the_stream)},
          {T(data_after_the_end_closes_the_connection_and_adds_nothing)},
          {T(trailers_after_the_end_close_the_connection)},
          {T(a_body_is_the_same_however_it_is_framed)}, {T(a_head_alone_is_a_whole_response)},
          {T(padding_is_stripped)}, {T(padding_is_given_back_to_both_windows)},
          {T(padding_as_long_as_its_frame_ends_the_connection)})
