/* SPDX-License-Identifier: MIT */
#include "h2client/pool/dial_plan.h"
#include "tests/support/test_main.h"

#define NOW_US INT64_C(5000000)

/* n calls wait, since just now. */
static struct h2i_origin_state waiting(enum h2i_protocol protocol, size_t n)
{
    return (struct h2i_origin_state){
        .protocol = protocol, .n_waiting = n, .first_since_us = NOW_US, .max_h1 = 32, .max_h2 = 4};
}

static size_t n_dials(const struct h2i_origin_state *state)
{
    return h2i_dial_plan(state, NOW_US).n_dials;
}

TEST(nobody_waits_nothing_is_opened)
{
    for (int protocol = H2I_PROTOCOL_UNKNOWN; protocol <= H2I_PROTOCOL_H2; protocol++) {
        struct h2i_origin_state state = waiting((enum h2i_protocol)protocol, 0);
        ck_assert_uint_eq(n_dials(&state), 0);
        ck_assert_int_eq(h2i_dial_plan(&state, NOW_US).look_again_us, INT64_MAX);
    }
}

TEST(unknown_origin_gets_one_connection_for_a_burst)
{
    struct h2i_origin_state state = waiting(H2I_PROTOCOL_UNKNOWN, 1000);

    ck_assert_uint_eq(n_dials(&state), 1);
    state.n_dialing = 1;
    ck_assert_uint_eq(n_dials(&state), 0);
}

TEST(http1_fans_out_at_once_up_to_its_limit)
{
    struct h2i_origin_state state = waiting(H2I_PROTOCOL_H1, 10);

    ck_assert_uint_eq(n_dials(&state), 10);
    state.n_waiting = 1000;
    ck_assert_uint_eq(n_dials(&state), 32);
    state.n_open = 20;
    state.n_dialing = 5;
    ck_assert_uint_eq(n_dials(&state), 7);
}

TEST(http1_opens_no_more_than_calls_wait)
{
    struct h2i_origin_state state = waiting(H2I_PROTOCOL_H1, 3);

    state.n_dialing = 3;
    ck_assert_uint_eq(n_dials(&state), 0);
    state.n_dialing = 2;
    ck_assert_uint_eq(n_dials(&state), 1);
}

TEST(http2_without_hope_opens_one_at_once)
{
    struct h2i_origin_state state = waiting(H2I_PROTOCOL_H2, 1000);

    state.n_open = 4; /* all of them drain */
    ck_assert_uint_eq(n_dials(&state), 1);
    state.n_dialing = 1;
    ck_assert_uint_eq(n_dials(&state), 0);
}

TEST(full_http2_opens_another_after_patience_only)
{
    struct h2i_origin_state state = waiting(H2I_PROTOCOL_H2, 1);
    struct h2i_dial_plan plan;

    state.n_open = 1;
    state.has_hope = true;
    plan = h2i_dial_plan(&state, NOW_US);
    ck_assert_uint_eq(plan.n_dials, 0);
    ck_assert_int_eq(plan.look_again_us, NOW_US + H2I_PATIENCE_US);
    ck_assert_uint_eq(h2i_dial_plan(&state, plan.look_again_us - 1).n_dials, 0);
    ck_assert_uint_eq(h2i_dial_plan(&state, plan.look_again_us).n_dials, 1);
}

TEST(full_http2_opens_one_at_a_time_up_to_its_limit)
{
    struct h2i_origin_state state = waiting(H2I_PROTOCOL_H2, 1000);

    state.has_hope = true;
    state.first_since_us = 0;
    state.n_open = 3;
    ck_assert_uint_eq(n_dials(&state), 1);
    state.n_dialing = 1;
    ck_assert_uint_eq(n_dials(&state), 0);
    state.n_dialing = 0;
    state.n_open = 4;
    ck_assert_uint_eq(n_dials(&state), 0);
}

TEST(after_a_failed_dial_there_is_a_rest)
{
    struct h2i_origin_state state = waiting(H2I_PROTOCOL_H1, 5);
    struct h2i_dial_plan plan;

    state.not_before_us = NOW_US + 1;
    plan = h2i_dial_plan(&state, NOW_US);
    ck_assert_uint_eq(plan.n_dials, 0);
    ck_assert_int_eq(plan.look_again_us, NOW_US + 1);
    ck_assert_uint_eq(h2i_dial_plan(&state, NOW_US + 1).n_dials, 5);
}

TEST_MAIN("dial_plan", {T(nobody_waits_nothing_is_opened)},
          {T(unknown_origin_gets_one_connection_for_a_burst)},
          {T(http1_fans_out_at_once_up_to_its_limit)}, {T(http1_opens_no_more_than_calls_wait)},
          {T(http2_without_hope_opens_one_at_once)},
          {T(full_http2_opens_another_after_patience_only)},
          {T(full_http2_opens_one_at_a_time_up_to_its_limit)},
          {T(after_a_failed_dial_there_is_a_rest)})
