/* SPDX-License-Identifier: MIT */
/* Ends: of streams and of connections (RFC 9113 5.4, 6.4, 6.8, 8.7). Only END_STREAM
 * makes a success; what may be sent again is told by the replay class. */
#include "tests/support/core_rig.h"

#include <nghttp2/nghttp2.h>
#include <string.h>

/* A GET whose head and four bytes of body have come. */
static struct h2t_exchange *begin_response(struct h2t_core *core)
{
    struct h2t_exchange *exchange;

    h2t_core_start_raw(core);
    exchange = h2t_core_get(core);
    h2t_core_raw_head(core, 1, false);
    h2t_data(&core->raw, 1, "part", 4, -1, false);
    h2t_core_raw(core);
    ck_assert_uint_eq(exchange->n_ends, 0);
    return exchange;
}

static void expect_cut(const struct h2t_exchange *exchange, h2client_error_code code,
                       int64_t http2_code)
{
    h2t_expect_failure(exchange, code, http2_code);
    ck_assert_uint_eq(exchange->body.len, 4);
    ck_assert_int_eq(exchange->outcome.replay_class, H2CLIENT_REPLAY_MAYBE_PROCESSED);
}

TEST(a_reset_of_any_code_inside_the_body_is_a_failure)
{
    for (uint32_t http2_code = 0; http2_code <= 15; http2_code++) {
        EACH_CUT (core) {
            struct h2t_exchange *exchange = begin_response(core);

            if (http2_code == NGHTTP2_REFUSED_STREAM)
                continue;
            h2t_rst_stream(&core->raw, 1, http2_code);
            h2t_core_raw(core);
            expect_cut(exchange, H2CLIENT_ERROR_H2_STREAM_RESET, http2_code);
            ck_assert_uint_eq(h2t_peer_count(core->peer, H2T_RST_STREAM, -1), 0);
            h2t_expect_usable(core);
        }
    }
}

TEST(a_reset_before_the_head_is_a_failure_that_names_its_code)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        h2t_rst_stream(&core->raw, 1, NGHTTP2_INTERNAL_ERROR);
        h2t_core_raw(core);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_STREAM_RESET, NGHTTP2_INTERNAL_ERROR);
        ck_assert_ptr_nonnull(strstr(exchange->outcome.fault.text, "INTERNAL_ERROR"));
        h2t_expect_usable(core);
    }
}

TEST(a_refused_stream_may_be_sent_again)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_post(core, "body", 4, 4);
        h2t_rst_stream(&core->raw, 1, NGHTTP2_REFUSED_STREAM);
        h2t_core_raw(core);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_REFUSED_STREAM, NGHTTP2_REFUSED_STREAM);
        ck_assert_int_eq(exchange->outcome.replay_class, H2CLIENT_REPLAY_UNPROCESSED);
        h2t_expect_usable(core);
    }
}

TEST(a_reset_that_says_http11_is_wanted_keeps_that_code)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        h2t_rst_stream(&core->raw, 1, NGHTTP2_HTTP_1_1_REQUIRED);
        h2t_core_raw(core);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_STREAM_RESET, NGHTTP2_HTTP_1_1_REQUIRED);
    }
}

/* ---- the transport ends -------------------------------------------------- */

TEST(an_end_of_input_inside_the_body_is_a_truncation)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange = begin_response(core);

        h2t_core_end_input(core, NULL);
        expect_cut(exchange, H2CLIENT_ERROR_TRUNCATED, -1);
        ck_assert(core->conn->has_failed);
        ck_assert(!core->conn->accepts_new);
    }
}

TEST(an_end_of_input_before_trailers_is_a_truncation_though_the_length_is_right)
{
    static const h2client_header head[] = {
        {":status", "200"}, {"content-length", "4"}, {NULL, NULL}};

    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        h2t_headers(&core->raw, 1, head, false, 0);
        h2t_data(&core->raw, 1, "part", 4, -1, false);
        h2t_core_raw(core);
        h2t_core_end_input(core, NULL);
        expect_cut(exchange, H2CLIENT_ERROR_TRUNCATED, -1);
    }
}

TEST(a_broken_transport_is_named_by_its_fault)
{
    static const h2client_fault faults[] = {
        {.code = H2CLIENT_ERROR_CONNECTION_RESET, .tls_alert = -1, .text = "reset by peer"},
        {.code = H2CLIENT_ERROR_TRUNCATED, .tls_alert = -1, .text = "no close_notify"},
        {.code = H2CLIENT_ERROR_TLS_RECORD, .tls_alert = 20, .text = "bad record mac"},
    };

    for (size_t i = 0; i < H2T_LEN(faults); i++) {
        EACH_CUT (core) {
            struct h2t_exchange *exchange = begin_response(core);

            h2t_core_end_input(core, &faults[i]);
            expect_cut(exchange, faults[i].code, -1);
            ck_assert_int_eq(exchange->outcome.fault.tls_alert, faults[i].tls_alert);
            ck_assert_ptr_nonnull(strstr(exchange->outcome.fault.text, faults[i].text));
        }
    }
}

TEST(an_end_of_input_after_the_response_harms_nobody)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        h2t_core_raw_answer(core, 1, "ok");
        h2t_core_end_input(core, NULL);
        h2t_expect_success(exchange, 200, "ok");
        ck_assert(!core->conn->accepts_new);
    }
}

TEST(an_end_of_input_tells_what_was_never_sent)
{
    EACH_CUT (core) {
        struct h2t_exchange *sent;
        struct h2t_exchange *unsent;

        h2t_core_start_raw(core);
        sent = h2t_core_get(core);
        h2t_core_run(core);
        unsent = h2t_core_get(core);
        h2t_core_end_input(core, NULL);
        h2t_expect_failure(sent, H2CLIENT_ERROR_EMPTY_REPLY, -1);
        ck_assert_int_eq(sent->outcome.replay_class, H2CLIENT_REPLAY_MAYBE_PROCESSED);
        h2t_expect_failure(unsent, H2CLIENT_ERROR_EMPTY_REPLY, -1);
        ck_assert_int_eq(unsent->outcome.replay_class, H2CLIENT_REPLAY_NEVER_SENT);
    }
}

/* It was produced, and no transport took it: an idle connection that had died. */
TEST(an_end_of_input_before_a_byte_was_accepted_tells_that_nothing_was_sent)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;
        uint64_t n_accepted;

        h2t_core_start_raw(core);
        h2t_core_run(core);
        n_accepted = core->conn->n_accepted;
        exchange = h2t_core_get(core);
        h2t_core_send(core);
        core->conn->n_accepted = n_accepted;
        h2t_core_end_input(core, NULL);
        ck_assert_int_eq(exchange->outcome.replay_class, H2CLIENT_REPLAY_NEVER_SENT);
    }
}

TEST(an_error_of_the_peer_after_the_head_fails_the_response)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange = begin_response(core);

        h2t_frame(&core->raw, H2T_PING, 0, 0, "short", 5);
        h2t_core_raw(core);
        expect_cut(exchange, H2CLIENT_ERROR_H2_FRAME_SIZE, NGHTTP2_FRAME_SIZE_ERROR);
        h2t_expect_goaway(core, H2CLIENT_ERROR_H2_FRAME_SIZE, NGHTTP2_FRAME_SIZE_ERROR);
    }
}

/* ---- GOAWAY -------------------------------------------------------------- */

TEST(goaway_with_an_error_then_the_end_fails_the_response_with_its_code)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange = begin_response(core);

        h2t_goaway(&core->raw, 1, NGHTTP2_INTERNAL_ERROR, "out of disk\n");
        h2t_core_raw(core);
        h2t_core_end_input(core, NULL);
        expect_cut(exchange, H2CLIENT_ERROR_H2_GOAWAY, NGHTTP2_INTERNAL_ERROR);
        ck_assert_ptr_nonnull(strstr(exchange->outcome.fault.text, "INTERNAL_ERROR"));
        ck_assert_ptr_nonnull(strstr(exchange->outcome.fault.text, "out of disk\\x0a"));
    }
}

TEST(goaway_without_error_then_the_end_is_a_truncation)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange = begin_response(core);

        h2t_goaway(&core->raw, 1, NGHTTP2_NO_ERROR, NULL);
        h2t_core_raw(core);
        h2t_core_end_input(core, NULL);
        expect_cut(exchange, H2CLIENT_ERROR_TRUNCATED, -1);
    }
}

TEST(goaway_lets_streams_up_to_its_last_go_on_and_gives_back_those_above)
{
    EACH_CUT (core) {
        struct h2t_exchange *below = begin_response(core);
        struct h2t_exchange *above = h2t_core_post(core, "body", 4, 4);
        struct h2t_exchange *unsent;

        h2t_core_run(core);
        h2t_goaway(&core->raw, 1, NGHTTP2_NO_ERROR, NULL);
        h2t_peer_send_raw(core->peer, core->raw.data, core->raw.len);
        core->raw.len = 0;
        unsent = h2t_core_get(core);
        h2t_core_feed(core);
        h2t_expect_failure(above, H2CLIENT_ERROR_H2_UNPROCESSED, NGHTTP2_NO_ERROR);
        ck_assert_int_eq(above->outcome.replay_class, H2CLIENT_REPLAY_UNPROCESSED);
        h2t_expect_failure(unsent, H2CLIENT_ERROR_H2_UNPROCESSED, NGHTTP2_NO_ERROR);
        ck_assert_int_eq(unsent->outcome.replay_class, H2CLIENT_REPLAY_NEVER_SENT);
        h2t_core_run(core);
        ck_assert_uint_eq(h2t_peer_n_requests(core->peer), 2);
        h2t_data(&core->raw, 1, "ed", 2, -1, true);
        h2t_core_raw(core);
        h2t_expect_success(below, 200, "parted");
        ck_assert_uint_eq(core->conn->n_open, 0);
    }
}

TEST(goaway_keeps_back_what_was_not_sent_yet_whatever_its_last_stream)
{
    EACH_CUT (core) {
        struct h2t_exchange *unsent;

        h2t_core_start_raw(core);
        h2t_goaway(&core->raw, INT32_MAX, NGHTTP2_NO_ERROR, NULL);
        h2t_peer_send_raw(core->peer, core->raw.data, core->raw.len);
        core->raw.len = 0;
        unsent = h2t_core_get(core);
        h2t_core_feed(core);
        h2t_expect_failure(unsent, H2CLIENT_ERROR_H2_UNPROCESSED, NGHTTP2_NO_ERROR);
        ck_assert_int_eq(unsent->outcome.replay_class, H2CLIENT_REPLAY_NEVER_SENT);
        h2t_core_run(core);
        ck_assert_uint_eq(h2t_peer_n_requests(core->peer), 0);
    }
}

TEST(no_new_streams_after_goaway)
{
    EACH_CUT (core) {
        struct h2t_exchange *late;

        begin_response(core);
        h2t_goaway(&core->raw, 1, NGHTTP2_NO_ERROR, NULL);
        h2t_core_raw(core);
        ck_assert(!core->conn->accepts_new);
        late = h2t_core_prepare(core, "GET", "/");
        h2t_exchange_submit(late);
        ck_assert_int_ne(late->submitted, H2CLIENT_OK);
        h2t_core_run(core);
        ck_assert_uint_eq(h2t_peer_n_requests(core->peer), 1);
    }
}

TEST(goaway_in_two_steps_gives_back_only_at_the_second)
{
    EACH_CUT (core) {
        struct h2t_exchange *below = begin_response(core);
        struct h2t_exchange *above = h2t_core_get(core);

        h2t_core_run(core);
        h2t_goaway(&core->raw, INT32_MAX, NGHTTP2_NO_ERROR, NULL);
        h2t_core_raw(core);
        ck_assert(!core->conn->accepts_new);
        ck_assert_uint_eq(above->n_ends, 0);
        h2t_goaway(&core->raw, 1, NGHTTP2_NO_ERROR, NULL);
        h2t_core_raw(core);
        h2t_expect_failure(above, H2CLIENT_ERROR_H2_UNPROCESSED, NGHTTP2_NO_ERROR);
        h2t_data(&core->raw, 1, NULL, 0, -1, true);
        h2t_core_raw(core);
        h2t_expect_success(below, 200, "part");
    }
}

TEST(goaway_that_raises_its_last_stream_is_an_error)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange = begin_response(core);

        h2t_goaway(&core->raw, 1, NGHTTP2_NO_ERROR, NULL);
        h2t_goaway(&core->raw, 3, NGHTTP2_NO_ERROR, NULL);
        h2t_core_raw(core);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_CONNECTION, NGHTTP2_PROTOCOL_ERROR);
        h2t_expect_goaway(core, H2CLIENT_ERROR_H2_CONNECTION, NGHTTP2_PROTOCOL_ERROR);
    }
}

TEST(goaway_with_an_error_says_why_to_streams_it_gives_back)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        h2t_goaway(&core->raw, 0, NGHTTP2_ENHANCE_YOUR_CALM, "too_many_pings");
        h2t_core_raw(core);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_UNPROCESSED, NGHTTP2_ENHANCE_YOUR_CALM);
        ck_assert_int_eq(exchange->outcome.replay_class, H2CLIENT_REPLAY_UNPROCESSED);
        ck_assert_ptr_nonnull(strstr(exchange->outcome.fault.text, "too_many_pings"));
    }
}

/* ---- uploads that are not wanted any more -------------------------------- */

/* A POST whose window is used up: 65,535 of 100,000 bytes are out. */
static struct h2t_exchange *block_upload(struct h2t_core *core)
{
    struct h2t_exchange *exchange;

    h2t_core_start_raw(core);
    exchange = h2t_core_post(core, NULL, 100000, 100000);
    h2t_core_run(core);
    ck_assert_uint_eq(h2t_peer_request(core->peer, 0)->body_len, 65535);
    return exchange;
}

TEST(a_whole_response_then_a_reset_without_error_is_a_success)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange = block_upload(core);

        h2t_core_raw_head(core, 1, false);
        h2t_data(&core->raw, 1, "enough", 6, -1, true);
        h2t_rst_stream(&core->raw, 1, NGHTTP2_NO_ERROR);
        h2t_window_update(&core->raw, 0, 100000);
        h2t_core_raw(core);
        h2t_expect_success(exchange, 200, "enough");
        ck_assert_uint_eq(h2t_peer_request(core->peer, 0)->body_len, 65535);
        h2t_expect_usable(core);
    }
}

TEST(a_whole_response_stops_an_upload_that_is_under_way)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange = block_upload(core);

        h2t_core_raw_head(core, 1, false);
        h2t_data(&core->raw, 1, "enough", 6, -1, true);
        h2t_window_update(&core->raw, 0, 100000);
        h2t_window_update(&core->raw, 1, 100000);
        h2t_core_raw(core);
        h2t_expect_success(exchange, 200, "enough");
        ck_assert_uint_eq(h2t_peer_request(core->peer, 0)->body_len, 65535);
        h2t_expect_reset(core, 1, NGHTTP2_CANCEL);
        h2t_expect_usable(core);
    }
}

TEST(a_reset_without_error_inside_the_response_is_a_failure_during_uploads_too)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange = block_upload(core);

        h2t_core_raw_head(core, 1, false);
        h2t_data(&core->raw, 1, "part", 4, -1, false);
        h2t_rst_stream(&core->raw, 1, NGHTTP2_NO_ERROR);
        h2t_window_update(&core->raw, 0, 100000);
        h2t_core_raw(core);
        expect_cut(exchange, H2CLIENT_ERROR_H2_STREAM_RESET, NGHTTP2_NO_ERROR);
        ck_assert_uint_eq(h2t_peer_request(core->peer, 0)->body_len, 65535);
        h2t_expect_usable(core);
    }
}

/* ---- our own ends -------------------------------------------------------- */

TEST(cancel_resets_its_stream_and_disturbs_no_other)
{
    EACH_CUT (core) {
        struct h2t_exchange *cancelled = begin_response(core);
        struct h2t_exchange *other = h2t_core_get(core);

        h2t_exchange_cancel(cancelled, NGHTTP2_CANCEL);
        ck_assert_uint_eq(core->conn->n_open, 1);
        h2t_core_run(core);
        h2t_expect_reset(core, 1, NGHTTP2_CANCEL);
        h2t_core_raw_answer(core, 3, "fine");
        h2t_expect_success(other, 200, "fine");
        ck_assert_uint_eq(core->conn->n_open, 0);
    }
}

TEST(cancel_before_anything_was_sent_leaves_no_trace)
{
    EACH_CUT (core) {
        struct h2t_exchange *cancelled;

        h2t_core_start_raw(core);
        cancelled = h2t_core_get(core);
        h2t_exchange_cancel(cancelled, NGHTTP2_CANCEL);
        h2t_core_run(core);
        ck_assert_uint_eq(h2t_peer_n_requests(core->peer), 0);
        ck_assert_uint_eq(h2t_peer_count(core->peer, H2T_RST_STREAM, -1), 0);
        ck_assert_uint_eq(core->conn->n_open, 0);
        h2t_expect_usable(core);
    }
}

TEST(cancel_stops_the_upload_at_once)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange = block_upload(core);

        h2t_exchange_cancel(exchange, NGHTTP2_CANCEL);
        h2t_window_update(&core->raw, 0, 100000);
        h2t_window_update(&core->raw, 1, 100000);
        h2t_core_raw(core);
        h2t_expect_reset(core, 1, NGHTTP2_CANCEL);
        ck_assert_uint_eq(h2t_peer_request(core->peer, 0)->body_len, 65535);
        h2t_expect_usable(core);
    }
}

TEST(what_still_comes_after_a_cancel_is_given_back_to_the_connection)
{
    static const char data[1000];

    EACH_CUT (core) {
        struct h2t_exchange *cancelled;

        core->config.conn_window_bytes = 70000;
        cancelled = begin_response(core);
        cancelled->is_paused = true;
        h2t_exchange_cancel(cancelled, NGHTTP2_CANCEL);
        for (int64_t i = 1; i <= 300; i++) {
            h2t_data(&core->raw, 1, data, sizeof data, -1, false);
            if (i % 30 == 0)
                h2t_core_raw(core);
            ck_assert_int_ge(h2t_core_granted(core, 0, 65535), 1000 * (i - 30) + 35000);
        }
        ck_assert_uint_eq(cancelled->body.len, 4);
        h2t_expect_reset(core, 1, NGHTTP2_CANCEL);
        h2t_expect_usable(core);
    }
}

TEST(shutdown_says_goaway_and_lets_open_streams_finish)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange = begin_response(core);

        core->conn->ops->shutdown(core->conn);
        ck_assert(!core->conn->accepts_new);
        h2t_core_run(core);
        ck_assert_uint_eq(h2t_peer_last(core->peer, H2T_GOAWAY, 0)->error_code, NGHTTP2_NO_ERROR);
        ck_assert(!core->conn->has_failed);
        h2t_data(&core->raw, 1, NULL, 0, -1, true);
        h2t_core_raw(core);
        h2t_expect_success(exchange, 200, "part");
    }
}

TEST(destroying_the_conn_ends_open_exchanges_without_an_event)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange = begin_response(core);

        h2t_core_post(core, NULL, 100000, -1);
        h2t_core_send(core);
        h2t_core_get(core);
        exchange->is_paused = true;
        ck_assert_uint_eq(core->conn->n_open, 3);
        /* The rig destroys it now, and checks what is left. */
    }
}

TEST_MAIN("h2_ends", {T(a_reset_of_any_code_inside_the_body_is_a_failure)},
          {T(a_reset_before_the_head_is_a_failure_that_names_its_code)},
          {T(a_refused_stream_may_be_sent_again)},
          {T(a_reset_that_says_http11_is_wanted_keeps_that_code)},
          {T(an_end_of_input_inside_the_body_is_a_truncation)},
          {T(an_end_of_input_before_trailers_is_a_truncation_though_the_length_is_right)},
          {T(a_broken_transport_is_named_by_its_fault)},
          {T(an_end_of_input_after_the_response_harms_nobody)},
          {T(an_end_of_input_tells_what_was_never_sent)},
          {T(an_end_of_input_before_a_byte_was_accepted_tells_that_nothing_was_sent)},
          {T(an_error_of_the_peer_after_the_head_fails_the_response)},
          {T(goaway_with_an_error_then_the_end_fails_the_response_with_its_code)},
          {T(goaway_without_error_then_the_end_is_a_truncation)},
          {T(goaway_lets_streams_up_to_its_last_go_on_and_gives_back_those_above)},
          {T(goaway_keeps_back_what_was_not_sent_yet_whatever_its_last_stream)},
          {T(no_new_streams_after_goaway)}, {T(goaway_in_two_steps_gives_back_only_at_the_second)},
          {T(goaway_that_raises_its_last_stream_is_an_error)},
          {T(goaway_with_an_error_says_why_to_streams_it_gives_back)},
          {T(a_whole_response_then_a_reset_without_error_is_a_success)},
          {T(a_whole_response_stops_an_upload_that_is_under_way)},
          {T(a_reset_without_error_inside_the_response_is_a_failure_during_uploads_too)},
          {T(cancel_resets_its_stream_and_disturbs_no_other)},
          {T(cancel_before_anything_was_sent_leaves_no_trace)},
          {T(cancel_stops_the_upload_at_once)},
          {T(what_still_comes_after_a_cancel_is_given_back_to_the_connection)},
          {T(shutdown_says_goaway_and_lets_open_streams_finish)},
          {T(destroying_the_conn_ends_open_exchanges_without_an_event)})
