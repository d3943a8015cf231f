/* SPDX-License-Identifier: MIT */
/* Many streams on one connection (RFC 9113 5): limits, interleaving, paused readers,
 * and frames on streams where they cannot be. */
#include "tests/support/core_rig.h"

#include <nghttp2/nghttp2.h>
#include <string.h>

#include "h2client/h2/h2_internal.h"

/* ---- limits -------------------------------------------------------------- */

static struct h2t_exchange *try_get(struct h2t_core *core)
{
    struct h2t_exchange *exchange = h2t_core_prepare(core, "GET", "/");

    h2t_exchange_submit(exchange);
    return exchange;
}

static void set_max_streams(struct h2t_core *core, uint32_t max)
{
    h2t_settings(&core->raw, &(uint16_t){NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS}, &max, 1);
    h2t_core_raw(core);
}

TEST(with_a_limit_of_one_the_next_request_waits_for_the_first_to_end)
{
    EACH_CUT (core) {
        struct h2t_exchange *waiting;

        h2t_core_start_raw(core);
        set_max_streams(core, 1);
        h2t_core_get(core);
        waiting = try_get(core);
        ck_assert_int_eq(waiting->submitted, H2CLIENT_PENDING);
        h2t_core_run(core);
        ck_assert_uint_eq(h2t_peer_n_requests(core->peer), 1);
        h2t_core_raw_answer(core, 1, "ok");
        h2t_exchange_submit(waiting);
        ck_assert_int_eq(waiting->submitted, H2CLIENT_OK);
        h2t_core_run(core);
        h2t_core_raw_answer(core, 3, "ok");
        h2t_expect_success(waiting, 200, "ok");
    }
}

TEST(a_limit_of_zero_holds_everything_back_until_it_is_raised)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;
        unsigned n_changes;

        h2t_core_start_raw(core);
        set_max_streams(core, 0);
        exchange = try_get(core);
        ck_assert_int_eq(exchange->submitted, H2CLIENT_PENDING);
        ck_assert(core->conn->accepts_new);
        n_changes = core->n_changes;
        set_max_streams(core, 1);
        ck_assert_uint_gt(core->n_changes, n_changes);
        h2t_expect_usable(core);
    }
}

TEST(a_lowered_limit_leaves_open_streams_alone)
{
    EACH_CUT (core) {
        struct h2t_exchange *open[3];

        h2t_core_start_raw(core);
        for (int i = 0; i < 3; i++)
            open[i] = h2t_core_get(core);
        set_max_streams(core, 1);
        ck_assert_int_eq(try_get(core)->submitted, H2CLIENT_PENDING);
        for (int i = 0; i < 3; i++)
            h2t_core_raw_answer(core, 2 * i + 1, "ok");
        for (int i = 0; i < 3; i++)
            h2t_expect_success(open[i], 200, "ok");
        h2t_expect_usable(core);
    }
}

TEST(a_cancelled_request_frees_its_place_at_once)
{
    EACH_CUT (core) {
        struct h2t_exchange *first;

        h2t_core_start_raw(core);
        set_max_streams(core, 1);
        first = h2t_core_get(core);
        h2t_core_run(core);
        h2t_exchange_cancel(first, NGHTTP2_CANCEL);
        h2t_expect_usable(core);
    }
}

TEST(our_own_limit_holds_below_the_servers)
{
    EACH_CUT (core) {
        core->config.max_streams = 2;
        h2t_core_start_raw(core);
        set_max_streams(core, 50);
        ck_assert_uint_eq(core->conn->max_open, 2);
        h2t_core_get(core);
        h2t_core_get(core);
        ck_assert_int_eq(try_get(core)->submitted, H2CLIENT_PENDING);
    }
}

TEST(used_up_stream_ids_close_the_connection_to_new_requests)
{
    EACH_CUT (core) {
        struct h2t_exchange *last;

        h2t_core_start_raw(core);
        ck_assert_int_eq(
            nghttp2_session_set_next_stream_id(h2i_h2_conn_of(core->conn)->session, INT32_MAX), 0);
        last = h2t_core_get(core);
        ck_assert_int_ne(try_get(core)->submitted, H2CLIENT_OK);
        ck_assert(!core->conn->accepts_new);
        h2t_core_run(core);
        h2t_core_raw_answer(core, INT32_MAX, "ok");
        h2t_expect_success(last, 200, "ok");
        ck_assert(!core->conn->has_failed);
    }
}

/* ---- one beside the other ------------------------------------------------ */

TEST(interleaved_data_finds_its_stream)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchanges[3];
        static const char *const bodies[] = {"aaaaaa", "bbbbbb", "cccccc"};
        static const int order[] = {2, 0, 1, 0, 2, 1, 1, 2, 0, 2, 1, 0, 0, 1, 2, 1, 0, 2};
        int n_sent[3] = {0};

        h2t_core_start_raw(core);
        for (int i = 0; i < 3; i++)
            exchanges[i] = h2t_core_get(core);
        for (int i = 2; i >= 0; i--)
            h2t_core_raw_head(core, 2 * i + 1, false);
        for (size_t i = 0; i < H2T_LEN(order); i++) {
            int which = order[i];

            h2t_data(&core->raw, 2 * which + 1, bodies[which] + n_sent[which], 1, -1,
                     n_sent[which] == 5);
            n_sent[which]++;
        }
        h2t_core_raw(core);
        for (int i = 0; i < 3; i++)
            h2t_expect_success(exchanges[i], 200, bodies[i]);
    }
}

TEST(one_failed_stream_leaves_the_others_whole)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchanges[4];

        h2t_core_start_raw(core);
        for (int i = 0; i < 4; i++)
            exchanges[i] = h2t_core_get(core);
        for (int i = 0; i < 4; i++)
            h2t_core_raw_head(core, 2 * i + 1, false);
        h2t_rst_stream(&core->raw, 3, NGHTTP2_INTERNAL_ERROR);
        h2t_headers(&core->raw, 5, H2T_FIELDS({":status", "200"}), true, 0);
        h2t_data(&core->raw, 1, "one", 3, -1, true);
        h2t_data(&core->raw, 7, "four", 4, -1, true);
        h2t_core_raw(core);
        h2t_expect_success(exchanges[0], 200, "one");
        h2t_expect_failure(exchanges[1], H2CLIENT_ERROR_H2_STREAM_RESET, NGHTTP2_INTERNAL_ERROR);
        h2t_expect_failure(exchanges[2], H2CLIENT_ERROR_H2_STREAM_MALFORMED,
                           NGHTTP2_PROTOCOL_ERROR);
        h2t_expect_success(exchanges[3], 200, "four");
        h2t_expect_reset(core, 5, NGHTTP2_PROTOCOL_ERROR);
    }
}

#define LARGE_BODY 300000

static void answer_large(struct h2t_peer *peer, const struct h2t_seen_request *request,
                         struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    *response = (struct h2t_response){.status = 200, .body_len = LARGE_BODY};
}

static void expect_pattern(const struct h2t_exchange *exchange, size_t len)
{
    h2t_expect_success(exchange, 200, NULL);
    ck_assert_uint_eq(exchange->body.len, len);
    h2t_expect_pattern(exchange->body.data, len);
}

TEST(a_paused_reader_holds_back_its_own_stream_only)
{
    EACH_CUT (core) {
        struct h2t_exchange *paused;
        struct h2t_exchange *other;

        core->config.conn_window_bytes = 100000;
        core->config.max_stream_window_bytes = 65536;
        h2t_core_start(core, &(struct h2t_peer_config){.on_request = answer_large});
        paused = h2t_core_get(core);
        paused->is_paused = true;
        other = h2t_core_get(core);
        h2t_core_run(core);
        expect_pattern(other, LARGE_BODY);
        ck_assert_uint_eq(paused->n_ends, 0);
        ck_assert_uint_eq(paused->body.len, 65536);
        while (paused->n_uncredited > 0) {
            h2t_exchange_credit(paused, paused->n_uncredited);
            h2t_core_run(core);
        }
        expect_pattern(paused, LARGE_BODY);
    }
}

TEST(cancelling_a_paused_reader_gives_its_bytes_back)
{
    EACH_CUT (core) {
        core->config.conn_window_bytes = 70000;
        core->config.max_stream_window_bytes = 65536;
        h2t_core_start(core, &(struct h2t_peer_config){.on_request = answer_large});
        for (int i = 0; i < 5; i++) {
            struct h2t_exchange *paused = h2t_core_get(core);

            paused->is_paused = true;
            h2t_core_run(core);
            ck_assert_uint_eq(paused->body.len, 65536);
            h2t_exchange_cancel(paused, NGHTTP2_CANCEL);
        }
        ck_assert_int_eq(core->budget.used, 0);
        h2t_expect_usable(core);
    }
}

/* ---- frames where they cannot be ----------------------------------------- */

struct misplaced {
    const char *what;
    uint8_t type;
    uint8_t flags;
    int32_t stream_id;
    const char *payload;
    size_t len;
};

#define ZEROS "\0\0\0\0\0\0\0\0\0"
static const struct misplaced misplaced[] = {
    {"DATA on an idle stream", H2T_DATA, 0, 5, "x", 1},
    {"HEADERS on an idle stream", H2T_HEADERS, H2T_END_HEADERS, 5, "\x88", 1},
    {"RST_STREAM on an idle stream", H2T_RST_STREAM, 0, 5, ZEROS, 4},
    {"WINDOW_UPDATE on an idle stream", H2T_WINDOW_UPDATE, 0, 5, "\0\0\0\1", 4},
    {"DATA on an even stream", H2T_DATA, 0, 2, "x", 1},
    {"HEADERS on an even stream", H2T_HEADERS, H2T_END_HEADERS, 2, "\x88", 1},
    {"RST_STREAM on an even stream", H2T_RST_STREAM, 0, 2, ZEROS, 4},
    {"WINDOW_UPDATE on an even stream", H2T_WINDOW_UPDATE, 0, 2, "\0\0\0\1", 4},
    {"DATA on stream 0", H2T_DATA, 0, 0, "x", 1},
    {"HEADERS on stream 0", H2T_HEADERS, H2T_END_HEADERS, 0, "\x88", 1},
    {"PRIORITY on stream 0", H2T_PRIORITY, 0, 0, ZEROS, 5},
    {"RST_STREAM on stream 0", H2T_RST_STREAM, 0, 0, ZEROS, 4},
    {"CONTINUATION on stream 0", H2T_CONTINUATION, H2T_END_HEADERS, 0, "\x88", 1},
    {"CONTINUATION out of nowhere", H2T_CONTINUATION, H2T_END_HEADERS, 1, "\x88", 1},
    {"SETTINGS on a stream", H2T_SETTINGS, 0, 1, "", 0},
    {"PING on a stream", H2T_PING, 0, 1, ZEROS, 8},
    {"GOAWAY on a stream", H2T_GOAWAY, 0, 1, ZEROS, 8},
    {"PUSH_PROMISE", H2T_PUSH_PROMISE, H2T_END_HEADERS, 1, "\0\0\0\2\x82\x87\x84", 7},
    {"PUSH_PROMISE on stream 0", H2T_PUSH_PROMISE, H2T_END_HEADERS, 0, "\0\0\0\2\x82", 5},
};

static const struct misplaced missized[] = {
    {"PING of 7", H2T_PING, 0, 0, ZEROS, 7},
    {"PING of 9", H2T_PING, 0, 0, ZEROS, 9},
    {"RST_STREAM of 3", H2T_RST_STREAM, 0, 1, ZEROS, 3},
    {"RST_STREAM of 5", H2T_RST_STREAM, 0, 1, ZEROS, 5},
    {"WINDOW_UPDATE of 3", H2T_WINDOW_UPDATE, 0, 0, ZEROS, 3},
    {"WINDOW_UPDATE of 5", H2T_WINDOW_UPDATE, 0, 1, ZEROS, 5},
    {"GOAWAY of 7", H2T_GOAWAY, 0, 0, ZEROS, 7},
    {"HEADERS without room for its priority", H2T_HEADERS, H2T_END_HEADERS | H2T_PRIORITY_FLAG, 1,
     ZEROS, 4},
};

static void expect_conn_error(const struct misplaced *frame, h2client_error_code code,
                              uint32_t http2_code)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        h2t_core_run(core);
        h2t_frame(&core->raw, frame->type, frame->flags, frame->stream_id, frame->payload,
                  frame->len);
        h2t_core_raw(core);
        ck_assert_msg(core->conn->has_failed, "%s is taken", frame->what);
        h2t_expect_failure(exchange, code, http2_code);
        h2t_expect_goaway(core, code, http2_code);
    }
}

TEST(frames_on_impossible_streams_and_pushes_end_the_connection)
{
    for (size_t i = 0; i < H2T_LEN(misplaced); i++)
        expect_conn_error(&misplaced[i], H2CLIENT_ERROR_H2_CONNECTION, NGHTTP2_PROTOCOL_ERROR);
}

TEST(frames_of_a_wrong_size_end_the_connection)
{
    for (size_t i = 0; i < H2T_LEN(missized); i++)
        expect_conn_error(&missized[i], H2CLIENT_ERROR_H2_FRAME_SIZE, NGHTTP2_FRAME_SIZE_ERROR);
}

TEST(anything_inside_a_header_block_ends_the_connection)
{
    static const struct misplaced inside[] = {
        {"PING inside a block", H2T_PING, 0, 0, ZEROS, 8},
        {"DATA inside a block", H2T_DATA, 0, 1, "x", 1},
        {"HEADERS inside a block", H2T_HEADERS, H2T_END_HEADERS, 1, "\x88", 1},
        {"unknown frame inside a block", 0xfa, 0, 0, "", 0},
        {"another stream's CONTINUATION", H2T_CONTINUATION, H2T_END_HEADERS, 3, "\x88", 1},
    };

    for (size_t i = 0; i < H2T_LEN(inside); i++) {
        EACH_CUT (core) {
            h2t_core_start_raw(core);
            h2t_core_get(core);
            h2t_core_get(core);
            h2t_frame(&core->raw, H2T_HEADERS, 0, 1, "\x88", 1);
            h2t_frame(&core->raw, inside[i].type, inside[i].flags, inside[i].stream_id,
                      inside[i].payload, inside[i].len);
            h2t_core_raw(core);
            ck_assert_msg(core->conn->has_failed, "%s is taken", inside[i].what);
            h2t_expect_goaway(core, H2CLIENT_ERROR_H2_CONNECTION, NGHTTP2_PROTOCOL_ERROR);
        }
    }
}

TEST(priority_is_allowed_anywhere_and_of_a_wrong_size_is_the_streams_error)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        h2t_frame(&core->raw, H2T_PRIORITY, 0, 99, ZEROS, 5);
        h2t_frame(&core->raw, H2T_PRIORITY, 0, 2, ZEROS, 5);
        h2t_frame(&core->raw, H2T_PRIORITY, 0, 1, ZEROS, 5);
        h2t_core_raw(core);
        ck_assert_uint_eq(exchange->n_ends, 0);
        h2t_frame(&core->raw, H2T_PRIORITY, 0, 1, ZEROS, 4);
        h2t_core_raw(core);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_FRAME_SIZE, NGHTTP2_FRAME_SIZE_ERROR);
        h2t_expect_reset(core, 1, NGHTTP2_FRAME_SIZE_ERROR);
        h2t_expect_usable(core);
    }
}

/* A stream we reset, and what its server had sent before it heard of that. */
static void send_late_frames(struct h2t_core *core)
{
    struct h2t_bytes block = {0};

    h2t_hpack_indexed(&block, 8);
    h2t_hpack_literal_indexed(&block, "x-late", "kept", 4);
    h2t_header_block(&core->raw, 1, &block, false, 3);
    h2t_bytes_free(&block);
    h2t_data(&core->raw, 1, "late", 4, 10, false);
    h2t_window_update(&core->raw, 1, 10);
    h2t_headers(&core->raw, 1, H2T_FIELDS({"x-sum", "1"}), true, 0);
    h2t_rst_stream(&core->raw, 1, NGHTTP2_NO_ERROR);
    h2t_core_raw(core);
}

TEST(late_frames_on_a_stream_we_reset_are_ignored_but_decoded)
{
    EACH_CUT (core) {
        struct h2t_bytes block = {0};
        struct h2t_exchange *next;
        struct h2t_exchange *cancelled;

        h2t_core_start_raw(core);
        cancelled = h2t_core_get(core);
        h2t_core_run(core);
        h2t_exchange_cancel(cancelled, NGHTTP2_CANCEL);
        h2t_core_run(core);
        send_late_frames(core);
        h2t_expect_reset(core, 1, NGHTTP2_CANCEL);
        next = h2t_core_get(core);
        h2t_hpack_indexed(&block, 8);
        h2t_hpack_indexed(&block, 62);
        h2t_header_block(&core->raw, 3, &block, true, 0);
        h2t_bytes_free(&block);
        h2t_core_raw(core);
        h2t_expect_success(next, 200, "");
        ck_assert_str_eq(next->head.fields[0].name, "x-late");
    }
}

TEST_MAIN("h2_streams", {T(with_a_limit_of_one_the_next_request_waits_for_the_first_to_end)},
          {T(a_limit_of_zero_holds_everything_back_until_it_is_raised)},
          {T(a_lowered_limit_leaves_open_streams_alone)},
          {T(a_cancelled_request_frees_its_place_at_once)},
          {T(our_own_limit_holds_below_the_servers)},
          {T(used_up_stream_ids_close_the_connection_to_new_requests)},
          {T(interleaved_data_finds_its_stream)}, {T(one_failed_stream_leaves_the_others_whole)},
          {T(a_paused_reader_holds_back_its_own_stream_only)},
          {T(cancelling_a_paused_reader_gives_its_bytes_back)},
          {T(frames_on_impossible_streams_and_pushes_end_the_connection)},
          {T(frames_of_a_wrong_size_end_the_connection)},
          {T(anything_inside_a_header_block_ends_the_connection)},
          {T(priority_is_allowed_anywhere_and_of_a_wrong_size_is_the_streams_error)},
          {T(late_frames_on_a_stream_we_reset_are_ignored_but_decoded)})
