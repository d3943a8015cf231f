/* SPDX-License-Identifier: MIT */
/* Flow control (RFC 9113 5.2, 6.9), up and down: windows kept, given back in time,
 * and errors with the scope and the code of the RFC. */
#include "tests/support/core_rig.h"

#include <nghttp2/nghttp2.h>
#include <string.h>

static void set(struct h2t_core *core, uint16_t id, uint32_t value)
{
    h2t_settings(&core->raw, &id, &value, 1);
    h2t_core_raw(core);
}

static void set_window(struct h2t_core *core, uint32_t value)
{
    set(core, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, value);
}

static void give(struct h2t_core *core, int32_t stream_id, uint32_t increment)
{
    h2t_window_update(&core->raw, stream_id, increment);
    h2t_core_raw(core);
}

static size_t uploaded(const struct h2t_core *core, size_t i)
{
    return h2t_peer_request(core->peer, i)->body_len;
}

/* Every byte of the pattern, and the end. */
static void expect_uploaded(const struct h2t_core *core, size_t i, size_t len)
{
    const struct h2t_seen_request *request = h2t_peer_request(core->peer, i);

    ck_assert(request->is_complete);
    ck_assert_uint_eq(request->body_len, len);
    h2t_expect_pattern(request->body, len);
}

/* ---- uploads ------------------------------------------------------------- */

TEST(an_upload_waits_for_a_window_of_zero_to_open)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        set_window(core, 0);
        exchange = h2t_core_post(core, NULL, 100, 100);
        h2t_core_run(core);
        ck_assert_uint_eq(h2t_peer_count(core->peer, H2T_HEADERS, 1), 1);
        ck_assert_uint_eq(uploaded(core, 0), 0);
        set_window(core, 60);
        ck_assert_uint_eq(uploaded(core, 0), 60);
        give(core, 1, 40);
        expect_uploaded(core, 0, 100);
        h2t_core_raw_answer(core, 1, "ok");
        h2t_expect_success(exchange, 200, "ok");
    }
}

TEST(an_upload_goes_one_byte_at_a_time_if_that_is_all_it_gets)
{
    EACH_CUT (core) {
        h2t_core_start_raw(core);
        set_window(core, 0);
        h2t_core_post(core, NULL, 20, 20);
        for (size_t i = 1; i <= 20; i++) {
            give(core, 1, 1);
            ck_assert_uint_eq(uploaded(core, 0), i);
        }
        expect_uploaded(core, 0, 20);
    }
}

TEST(a_window_lowered_below_what_is_in_flight_goes_negative)
{
    EACH_CUT (core) {
        h2t_core_start_raw(core);
        set_window(core, 100);
        h2t_core_post(core, NULL, 300, 300);
        h2t_core_run(core);
        ck_assert_uint_eq(uploaded(core, 0), 100);
        set_window(core, 40); /* -60 */
        give(core, 1, 60);
        ck_assert_uint_eq(uploaded(core, 0), 100);
        give(core, 1, 1);
        ck_assert_uint_eq(uploaded(core, 0), 101);
        set_window(core, 240);
        expect_uploaded(core, 0, 300);
    }
}

TEST(the_connections_window_holds_back_streams_that_have_room)
{
    EACH_CUT (core) {
        h2t_core_start_raw(core);
        set_window(core, 1000000);
        h2t_core_post(core, NULL, 50000, -1);
        h2t_core_post(core, NULL, 50000, -1);
        h2t_core_run(core);
        ck_assert_uint_eq(uploaded(core, 0) + uploaded(core, 1), 65535);
        give(core, 0, 1000);
        ck_assert_uint_eq(uploaded(core, 0) + uploaded(core, 1), 66535);
        give(core, 0, 1000000);
        expect_uploaded(core, 0, 50000);
        expect_uploaded(core, 1, 50000);
    }
}

TEST(an_end_without_bytes_needs_no_window)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        set_window(core, 5);
        exchange = h2t_core_post(core, NULL, 5, -1);
        exchange->upload.n_ready = 0;
        h2t_core_run(core);
        h2t_exchange_more_upload(exchange, 5);
        h2t_core_run(core);
        expect_uploaded(core, 0, 5);
    }
}

static uint32_t longest_data(const struct h2t_core *core)
{
    uint32_t longest = 0;

    for (size_t i = 0; i < h2t_peer_n_frames(core->peer); i++) {
        const struct h2t_seen_frame *frame = h2t_peer_frame(core->peer, i);

        if (frame->type == H2T_DATA && frame->len > longest)
            longest = frame->len;
    }
    return longest;
}

TEST(data_frames_stay_within_the_frame_size_also_after_it_changed)
{
    EACH_CUT (core) {
        h2t_core_start_raw(core);
        set(core, NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 20000);
        h2t_core_post(core, NULL, 50000, -1);
        h2t_core_run(core);
        ck_assert_uint_le(longest_data(core), 20000);
        set(core, NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 16384);
        give(core, 0, 100000);
        h2t_core_post(core, NULL, 60000, -1);
        h2t_core_run(core);
        expect_uploaded(core, 0, 50000);
        expect_uploaded(core, 1, 60000);
        ck_assert_uint_le(h2t_peer_last(core->peer, H2T_DATA, 3)->len, 16384);
        ck_assert_uint_ge(h2t_peer_count(core->peer, H2T_DATA, 3), 4);
    }
}

TEST(a_response_can_be_read_while_its_upload_is_blocked)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        set_window(core, 10);
        exchange = h2t_core_post(core, NULL, 100, 100);
        h2t_core_raw_head(core, 1, false);
        h2t_data(&core->raw, 1, "early", 5, -1, false);
        h2t_core_raw(core);
        ck_assert_int_eq(exchange->head.status, 200);
        ck_assert_uint_eq(exchange->body.len, 5);
        ck_assert_uint_eq(uploaded(core, 0), 10);
        give(core, 1, 90);
        expect_uploaded(core, 0, 100);
        h2t_data(&core->raw, 1, " bird", 5, -1, true);
        h2t_core_raw(core);
        h2t_expect_success(exchange, 200, "early bird");
    }
}

TEST(an_upload_of_a_megabyte_arrives_whole_at_a_server_with_usual_windows)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start(core, NULL);
        exchange = h2t_core_post(core, NULL, 1000000, 1000000);
        h2t_core_run(core);
        h2t_expect_success(exchange, 200, "ok");
    }
}

/* ---- windows that cannot be ---------------------------------------------- */

TEST(a_stream_window_that_overflows_is_the_streams_error)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        give(core, 1, INT32_MAX - 65535);
        ck_assert_uint_eq(exchange->n_ends, 0);
        give(core, 1, 1);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_FLOW_CONTROL, NGHTTP2_FLOW_CONTROL_ERROR);
        h2t_expect_reset(core, 1, NGHTTP2_FLOW_CONTROL_ERROR);
        h2t_expect_usable(core);
    }
}

TEST(a_connection_window_that_overflows_ends_the_connection)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        give(core, 0, INT32_MAX - 65535);
        ck_assert(!core->conn->has_failed);
        give(core, 0, 1);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_FLOW_CONTROL, NGHTTP2_FLOW_CONTROL_ERROR);
        h2t_expect_goaway(core, H2CLIENT_ERROR_H2_FLOW_CONTROL, NGHTTP2_FLOW_CONTROL_ERROR);
    }
}

TEST(an_initial_window_that_overflows_a_stream_ends_the_connection)
{
    EACH_CUT (core) {
        h2t_core_start_raw(core);
        h2t_core_get(core);
        give(core, 1, 1);
        set_window(core, INT32_MAX);
        h2t_expect_goaway(core, H2CLIENT_ERROR_H2_FLOW_CONTROL, NGHTTP2_FLOW_CONTROL_ERROR);
    }
}

TEST(an_increment_of_zero_is_an_error_of_what_it_is_for)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        give(core, 1, 0);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_STREAM_MALFORMED, NGHTTP2_PROTOCOL_ERROR);
        h2t_expect_reset(core, 1, NGHTTP2_PROTOCOL_ERROR);
        h2t_expect_usable(core);
        give(core, 0, 0);
        h2t_expect_goaway(core, H2CLIENT_ERROR_H2_CONNECTION, NGHTTP2_PROTOCOL_ERROR);
    }
}

/* ---- downloads ----------------------------------------------------------- */

static void answer_large(struct h2t_peer *peer, const struct h2t_seen_request *request,
                         struct h2t_response *response, void *user)
{
    const size_t *body_len = user;

    (void)peer, (void)request;
    *response = (struct h2t_response){.status = 200, .body_len = *body_len};
}

static void expect_counted(const struct h2t_exchange *exchange, size_t len)
{
    h2t_expect_success(exchange, 200, NULL);
    ck_assert_uint_eq(exchange->n_counted, len);
}

/* Whole only: byte by byte this would take minutes, and says nothing new. */
TEST(windows_are_given_back_in_time_for_a_hundred_megabytes)
{
    struct h2t_core *core = h2t_core_first_cut();
    struct h2t_exchange *exchange;
    size_t body_len = 100 * 1000 * 1000;

    h2t_core_start(core, &(struct h2t_peer_config){.on_request = answer_large, .user = &body_len});
    exchange = h2t_core_get(core);
    exchange->counts_only = true;
    h2t_core_run(core);
    expect_counted(exchange, body_len);
    ck_assert_uint_lt(h2t_peer_count(core->peer, H2T_WINDOW_UPDATE, -1), body_len / 10000);
    ck_assert_uint_lt(core->alloc.peak_bytes, 1024 * 1024);
    h2t_core_end(core);
}

TEST(five_large_bodies_come_at_once)
{
    EACH_CUT (core) {
        size_t body_len = core->cut == SIZE_MAX ? 4000000 : 200000;
        struct h2t_exchange *exchanges[5];

        h2t_core_start(core,
                       &(struct h2t_peer_config){.on_request = answer_large, .user = &body_len});
        for (int i = 0; i < 5; i++) {
            exchanges[i] = h2t_core_get(core);
            exchanges[i]->counts_only = true;
        }
        h2t_core_run(core);
        for (int i = 0; i < 5; i++)
            expect_counted(exchanges[i], body_len);
    }
}

TEST(a_readers_window_grows_as_it_reads_and_not_above_its_limit)
{
    EACH_CUT (core) {
        size_t body_len = 600000;
        struct h2t_exchange *exchange;
        int64_t widest = 0;

        core->config.max_stream_window_bytes = 200000;
        h2t_core_start(core,
                       &(struct h2t_peer_config){.on_request = answer_large, .user = &body_len});
        exchange = h2t_core_get(core);
        exchange->counts_only = true;
        while (exchange->n_ends == 0) {
            int64_t open;

            h2t_core_send(core);
            open = h2t_core_granted(core, 1, 65536) - (int64_t)exchange->n_counted;
            widest = open > widest ? open : widest;
            h2t_core_feed(core);
        }
        expect_counted(exchange, body_len);
        ck_assert_int_gt(widest, 100000);
        ck_assert_int_le(widest, 200000);
    }
}

TEST(a_window_grows_only_as_far_as_the_budget_has_room)
{
    EACH_CUT (core) {
        size_t body_len = 600000;
        struct h2t_exchange *exchange;

        core->budget.max = 150000;
        h2t_core_start(core,
                       &(struct h2t_peer_config){.on_request = answer_large, .user = &body_len});
        exchange = h2t_core_get(core);
        exchange->counts_only = true;
        while (exchange->n_ends == 0) {
            h2t_core_send(core);
            h2t_core_feed(core);
            ck_assert_int_le(core->budget.used, 150000);
        }
        expect_counted(exchange, body_len);
    }
}

TEST(an_unread_body_never_grows_its_window)
{
    EACH_CUT (core) {
        size_t body_len = 300000;
        struct h2t_exchange *exchange;

        h2t_core_start(core,
                       &(struct h2t_peer_config){.on_request = answer_large, .user = &body_len});
        exchange = h2t_core_get(core);
        exchange->is_paused = true;
        h2t_core_run(core);
        ck_assert_uint_eq(exchange->body.len, 65536);
        ck_assert_int_eq(core->budget.used, 65536);
    }
}

TEST(the_budget_of_a_session_bounds_how_many_streams_may_hold_bytes)
{
    EACH_CUT (core) {
        struct h2t_exchange *third;

        core->budget.max = 2 * 65536 + 100;
        h2t_core_start(core, NULL);
        h2t_core_get(core);
        h2t_core_get(core);
        third = h2t_core_prepare(core, "GET", "/");
        h2t_exchange_submit(third);
        ck_assert_int_eq(third->submitted, H2CLIENT_PENDING);
        h2t_core_run(core);
        h2t_exchange_submit(third);
        h2t_core_run(core);
        h2t_expect_success(third, 200, "ok");
    }
}

/* Bytes that wait for no window. */
static void add_data(struct h2t_core *core, int32_t stream_id, size_t len)
{
    static const char data[10000];

    while (len > 0) {
        size_t n = len < sizeof data ? len : sizeof data;

        h2t_data(&core->raw, stream_id, data, n, -1, false);
        len -= n;
    }
}

TEST(a_server_that_overruns_a_streams_window_is_told_so)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        exchange->is_paused = true;
        h2t_core_raw_head(core, 1, false);
        add_data(core, 1, 65536);
        h2t_core_raw(core);
        ck_assert_uint_eq(exchange->n_ends, 0);
        add_data(core, 1, 1);
        h2t_core_raw(core);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_FLOW_CONTROL, NGHTTP2_FLOW_CONTROL_ERROR);
        h2t_expect_reset(core, 1, NGHTTP2_FLOW_CONTROL_ERROR);
        ck_assert_uint_eq(exchange->body.len, 65536);
        h2t_expect_usable(core);
    }
}

TEST(a_server_that_overruns_the_connections_window_loses_it)
{
    EACH_CUT (core) {
        core->config.conn_window_bytes = 65535;
        h2t_core_start_raw(core);
        for (int i = 0; i < 3; i++)
            h2t_core_get(core);
        for (int32_t id = 1; id <= 5; id += 2) {
            h2t_core_raw_head(core, id, false);
            add_data(core, id, 65000);
        }
        h2t_core_raw(core);
        for (int i = 0; i < 3; i++)
            h2t_expect_failure(core->exchanges[i], H2CLIENT_ERROR_H2_FLOW_CONTROL,
                               NGHTTP2_FLOW_CONTROL_ERROR);
        h2t_expect_goaway(core, H2CLIENT_ERROR_H2_FLOW_CONTROL, NGHTTP2_FLOW_CONTROL_ERROR);
    }
}

TEST_MAIN("h2_flow", {T(an_upload_waits_for_a_window_of_zero_to_open)},
          {T(an_upload_goes_one_byte_at_a_time_if_that_is_all_it_gets)},
          {T(a_window_lowered_below_what_is_in_flight_goes_negative)},
          {T(the_connections_window_holds_back_streams_that_have_room)},
          {T(an_end_without_bytes_needs_no_window)},
          {T(data_frames_stay_within_the_frame_size_also_after_it_changed)},
          {T(a_response_can_be_read_while_its_upload_is_blocked)},
          {T(an_upload_of_a_megabyte_arrives_whole_at_a_server_with_usual_windows)},
          {T(a_stream_window_that_overflows_is_the_streams_error)},
          {T(a_connection_window_that_overflows_ends_the_connection)},
          {T(an_initial_window_that_overflows_a_stream_ends_the_connection)},
          {T(an_increment_of_zero_is_an_error_of_what_it_is_for)},
          {T(windows_are_given_back_in_time_for_a_hundred_megabytes)},
          {T(five_large_bodies_come_at_once)},
          {T(a_readers_window_grows_as_it_reads_and_not_above_its_limit)},
          {T(a_window_grows_only_as_far_as_the_budget_has_room)},
          {T(an_unread_body_never_grows_its_window)},
          {T(the_budget_of_a_session_bounds_how_many_streams_may_hold_bytes)},
          {T(a_server_that_overruns_a_streams_window_is_told_so)},
          {T(a_server_that_overruns_the_connections_window_loses_it)})
