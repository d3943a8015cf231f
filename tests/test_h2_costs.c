/* SPDX-License-Identifier: MIT */
/* What a server may make us do for next to nothing (RFC 9113 10.5): small frames and header
 * blocks for nobody, against the body bytes, requests and time that pay for them. */
#include "tests/support/core_rig.h"

#include <nghttp2/nghttp2.h>
#include <string.h>

/* A connection with one request, and small limits. */
static struct h2t_exchange *start_thrifty(struct h2t_core *core)
{
    core->config.abuse.frames = 200;
    core->config.abuse.frames_a_second = 20;
    core->config.abuse.unheard_header_bytes = 2000;
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

/* ---- frames --------------------------------------------------------------- */

/* n DATA frames of len bytes each for stream 1. */
static void raw_data_frames(struct h2t_core *core, int n, size_t len)
{
    static const char body[64];

    while (n-- > 0)
        h2t_data(&core->raw, 1, body, len, -1, false);
    h2t_core_raw(core);
}

TEST(data_frames_of_a_byte_are_a_flood_in_the_end)
{
    EACH_CUT (core) {
        start_thrifty(core);
        h2t_core_raw_head(core, 1, false);
        raw_data_frames(core, 190, 1);
        ck_assert(!core->conn->has_failed);
        raw_data_frames(core, 20, 1);
        expect_flood(core);
    }
}

TEST(data_frames_with_some_bytes_in_them_may_be_any_number)
{
    EACH_CUT (core) {
        start_thrifty(core);
        h2t_core_raw_head(core, 1, false);
        raw_data_frames(core, 1000, 64);
        ck_assert(!core->conn->has_failed);
    }
}

TEST(small_messages_at_a_slow_pace_may_be_any_number)
{
    EACH_CUT (core) {
        start_thrifty(core);
        h2t_core_raw_head(core, 1, false);
        for (int n = 0; n < 1000; n++) {
            core->now_us += 50000; /* 20 a second */
            raw_data_frames(core, 1, 1);
        }
        ck_assert(!core->conn->has_failed);
    }
}

TEST(small_messages_at_twice_the_pace_are_a_flood_in_the_end)
{
    EACH_CUT (core) {
        start_thrifty(core);
        h2t_core_raw_head(core, 1, false);
        for (int n = 0; n < 500 && !core->has_stopped; n++) {
            core->now_us += 25000;
            raw_data_frames(core, 1, 1);
        }
        expect_flood(core);
    }
}

TEST(a_frame_that_is_answered_costs_more)
{
    EACH_CUT (core) {
        start_thrifty(core);
        h2t_core_raw_head(core, 1, false);
        for (int n = 0; n < 30 && !core->has_stopped; n++) {
            h2t_ping(&core->raw, false, 1);
            raw_data_frames(core, 1, 1);
        }
        expect_flood(core);
    }
}

/* A window of one byte after the other, each used at once. */
TEST(an_upload_let_out_byte_by_byte_is_a_flood_in_the_end)
{
    EACH_CUT (core) {
        start_thrifty(core);
        h2t_settings(&core->raw, &(uint16_t){4}, &(uint32_t){0}, 1);
        h2t_core_raw(core);
        h2t_core_post(core, NULL, 4000, 4000);
        h2t_core_run(core);
        for (int n = 0; n < 300 && !core->has_stopped; n++) {
            h2t_window_update(&core->raw, 3, 1);
            h2t_core_raw(core);
        }
        expect_flood(core);
    }
}

TEST(many_short_answers_are_no_flood)
{
    EACH_CUT (core) {
        start_thrifty(core);
        h2t_core_raw_answer(core, 1, "");
        for (int n = 0; n < 200; n++)
            h2t_expect_usable(core);
    }
}

/* ---- header blocks -------------------------------------------------------- */

/* n header blocks of about 400 bytes each for stream 1. */
static void raw_long_heads(struct h2t_core *core, int n)
{
    static char value[401];
    const h2client_header fields[] = {{":status", "200"}, {"x", value}, {NULL, NULL}};

    memset(value, 'x', sizeof value - 1);

    while (n-- > 0)
        h2t_headers(&core->raw, 1, fields, false, 0);
    h2t_core_raw(core);
}

TEST(header_blocks_for_closed_streams_are_a_flood_by_their_bytes)
{
    EACH_CUT (core) {
        h2t_exchange_cancel(start_thrifty(core), NGHTTP2_CANCEL);
        h2t_core_run(core);
        raw_long_heads(core, 4);
        ck_assert(!core->conn->has_failed);
        raw_long_heads(core, 4);
        expect_flood(core);
    }
}

TEST(the_rest_of_a_refused_header_block_counts_too)
{
    EACH_CUT (core) {
        static char fields[4000]; /* literals without a name: malformed */

        start_thrifty(core);
        h2t_frame(&core->raw, H2T_HEADERS, 0, 1, fields, sizeof fields);
        for (int n = 0; n < 2; n++)
            h2t_frame(&core->raw, H2T_CONTINUATION, 0, 1, fields, sizeof fields);
        expect_flood(core);
    }
}

TEST(requests_pay_for_the_answers_that_come_too_late)
{
    EACH_CUT (core) {
        h2t_exchange_cancel(start_thrifty(core), NGHTTP2_CANCEL);
        h2t_core_run(core);
        for (int n = 0; n < 10; n++) {
            raw_long_heads(core, 4);
            h2t_core_get(core);
            h2t_core_run(core);
        }
        ck_assert(!core->conn->has_failed);
    }
}

TEST_MAIN("h2_costs", {T(data_frames_of_a_byte_are_a_flood_in_the_end)},
          {T(data_frames_with_some_bytes_in_them_may_be_any_number)},
          {T(small_messages_at_a_slow_pace_may_be_any_number)},
          {T(small_messages_at_twice_the_pace_are_a_flood_in_the_end)},
          {T(a_frame_that_is_answered_costs_more)},
          {T(an_upload_let_out_byte_by_byte_is_a_flood_in_the_end)},
          {T(many_short_answers_are_no_flood)},
          {T(header_blocks_for_closed_streams_are_a_flood_by_their_bytes)},
          {T(the_rest_of_a_refused_header_block_counts_too)},
          {T(requests_pay_for_the_answers_that_come_too_late)})
