/* SPDX-License-Identifier: MIT */
/* Limits on the rate of all bodies of a session together. */
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

#define BODY_BYTES 300000u
#define PER_S 1000000
#define N_CALLS 10u /* so they take three seconds in all */

static void answer(struct h2t_peer *peer, const struct h2t_seen_request *request,
                   struct h2t_response *response, void *user)
{
    (void)peer, (void)request;
    response->waits_for_body = true;
    response->status = 200;
    response->body_len = *(const size_t *)user;
}

static const size_t long_body = BODY_BYTES, no_body = 0;

static void start(struct h2t_rig *rig, const size_t *len, int64_t recv_per_s, int64_t send_per_s)
{
    h2t_rig_init(rig);
    rig->plan.peer.on_request = answer;
    rig->plan.peer.user = (void *)(uintptr_t)len;
    h2t_rig_open(rig, H2CLIENT_SESSION(.max_recv_bytes_per_s = recv_per_s,
                                       .max_send_bytes_per_s = send_per_s));
}

/* All ended well; the last after so long, the first not long before, since they took turns. */
static void expect_took(struct h2t_rig *rig, h2client_call *const *calls, size_t n,
                        int64_t expected_ms)
{
    int64_t first = INT64_MAX, last = 0;

    for (size_t i = 0; i < n; i++) {
        int64_t took_ms = h2client_call_get_info(calls[i])->total_us / 1000;
        ck_assert_int_eq(h2client_call_state(calls[i]), H2CLIENT_OK);
        first = took_ms < first ? took_ms : first;
        last = took_ms > last ? took_ms : last;
        h2client_call_destroy(calls[i]);
    }
    ck_assert_int_ge(last, expected_ms * 98 / 100);
    ck_assert_int_le(last, expected_ms * 104 / 100);
    ck_assert_int_ge(first, expected_ms * 2 / 5);
    h2t_rig_finish(rig);
}

TEST(bodies_that_come_share_the_sessions_rate)
{
    h2client_call *calls[N_CALLS];
    struct h2t_rig rig;

    start(&rig, &long_body, PER_S, 0);
    for (size_t i = 0; i < N_CALLS; i++)
        calls[i] = h2client_get(rig.session, H2T_ORIGIN "/");
    ck_assert_int_eq(h2client_gather(calls, N_CALLS), H2CLIENT_OK);
    expect_took(&rig, calls, N_CALLS, 3000);
}
END_TEST

TEST(bodies_that_go_share_the_sessions_rate)
{
    static const char bytes[BODY_BYTES];
    h2client_call *calls[N_CALLS];
    struct h2t_rig rig;

    start(&rig, &no_body, 0, PER_S);
    for (size_t i = 0; i < N_CALLS; i++)
        calls[i] =
            h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_BYTES(bytes, sizeof bytes));
    ck_assert_int_eq(h2client_gather(calls, N_CALLS), H2CLIENT_OK);
    expect_took(&rig, calls, N_CALLS, 3000);
}
END_TEST

TEST(a_call_alone_has_the_sessions_whole_rate)
{
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, &long_body, PER_S / 10, 0);
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    ck_assert_ptr_nonnull(h2client_call_await(call));
    expect_took(&rig, &call, 1, 3000);
}
END_TEST

TEST(a_calls_own_rate_holds_within_the_sessions)
{
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, &long_body, PER_S, 0);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .max_recv_bytes_per_s = PER_S / 10);
    ck_assert_ptr_nonnull(h2client_call_await(call));
    expect_took(&rig, &call, 1, 3000);
}
END_TEST

static size_t read_all(h2client_call *call)
{
    char buf[5000];
    size_t n = 1, total = 0;

    while (n > 0) {
        ck_assert_int_eq(h2client_call_read(call, buf, sizeof buf, &n), H2CLIENT_OK);
        total += n;
    }
    return total;
}

/* What one of the two lets go, the other may hold: time goes on all the same. */
TEST(two_rates_that_hold_in_turn_end_in_time)
{
    static const int64_t own_rates[] = {1000, 30000, 77777, 1000000, 50000000};
    static const int64_t shared_rates[] = {2000, 10000, 100000, 5000000};
    static const size_t lens[] = {1, 999, 20000};
    h2client_call *calls[2];
    struct h2t_rig rig;

    for (size_t i = 0; i < 5 * 4 * 3; i++) {
        size_t len = lens[i % 3];
        start(&rig, &len, shared_rates[i / 3 % 4], shared_rates[i / 3 % 4]);
        for (size_t k = 0; k < 2; k++)
            calls[k] = h2client_get(rig.session, H2T_ORIGIN "/",
                                    .max_recv_bytes_per_s = own_rates[i / 12]);
        ck_assert_int_eq(h2client_gather(calls, 2), H2CLIENT_OK);
        ck_assert_int_le(h2client_call_get_info(calls[0])->total_us, 25000000);
        h2client_call_destroy(calls[0]);
        h2client_call_destroy(calls[1]);
        h2t_rig_finish(&rig);
    }
}
END_TEST

TEST(a_reader_gets_its_turn_beside_those_that_are_collected)
{
    h2client_call *calls[3];
    struct h2t_rig rig;

    start(&rig, &long_body, PER_S, 0);
    for (size_t i = 0; i < 3; i++)
        calls[i] = h2client_get(rig.session, H2T_ORIGIN "/",
                                .delivery = i ? H2CLIENT_DELIVERY_WHOLE : H2CLIENT_DELIVERY_PULL);
    ck_assert_uint_eq(read_all(calls[0]), BODY_BYTES);
    ck_assert_int_eq(h2client_gather(calls, 3), H2CLIENT_OK);
    expect_took(&rig, calls, 3, 900);
}
END_TEST

TEST(a_reader_who_does_not_read_holds_nobody)
{
    h2client_call *idle, *other;
    struct h2t_rig rig;

    start(&rig, &long_body, PER_S / 10, 0);
    idle = h2client_get(rig.session, H2T_ORIGIN "/", .delivery = H2CLIENT_DELIVERY_PULL);
    h2t_rig_run_ms(&rig, 500);
    other = h2client_get(rig.session, H2T_ORIGIN "/");
    ck_assert_ptr_nonnull(h2client_call_await(other));
    ck_assert_int_le(h2client_call_get_info(other)->total_us, 3050000);
    h2client_call_destroy(idle);
    h2client_call_destroy(other);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(a_sessions_rate_that_is_no_limit_is_refused)
{
    struct h2t_rig rig;

    start(&rig, &long_body, -7, 0);
    ck_assert_int_eq(h2client_session_error(rig.session)->code, H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_ptr_nonnull(
        strstr(h2client_session_error(rig.session)->message, "max_recv_bytes_per_s"));
    h2t_rig_finish(&rig);
}
END_TEST
TEST_MAIN("facade_rate_shared", {T(bodies_that_come_share_the_sessions_rate)},
          {T(bodies_that_go_share_the_sessions_rate)},
          {T(a_call_alone_has_the_sessions_whole_rate)},
          {T(a_calls_own_rate_holds_within_the_sessions)},
          {T(two_rates_that_hold_in_turn_end_in_time)},
          {T(a_reader_gets_its_turn_beside_those_that_are_collected)},
          {T(a_reader_who_does_not_read_holds_nobody)},
          {T(a_sessions_rate_that_is_no_limit_is_refused)})
