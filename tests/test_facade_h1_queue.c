/* SPDX-License-Identifier: MIT */
/* HTTP/1.1 calls between two connections: what they wait for, and what they find. */
#include <string.h>

#include "h2client/session_internal.h"
#include "tests/support/facade_rig.h"
#include "tests/support/pool_check.h"
#include "tests/support/test_main.h"

#define CLEAR "http://server.test/"
#define OTHER "http://other.test/"
#define THIRD "http://third.test/"

static void hold(struct h2t_h1_peer *peer, const struct h2t_h1_seen *request,
                 struct h2t_h1_reply *reply, void *user)
{
    (void)peer, (void)request, (void)reply, (void)user;
}

static void slam(struct h2t_h1_peer *peer, const struct h2t_h1_seen *request,
                 struct h2t_h1_reply *reply, void *user)
{
    (void)peer, (void)request, (void)user;
    reply->text = "";
    reply->closes = true;
}

static void open_rig(struct h2t_rig *rig, h2t_on_h1_request on_request,
                     const h2client_session_options *options)
{
    h2t_rig_init_h1(rig, on_request, NULL);
    h2t_rig_open(rig, options);
}

/* ---- what is waited for -------------------------------------------------------------- */

/* The only place there is goes to a call that takes its time. */
static h2client_call *take_the_place(struct h2t_rig *rig)
{
    h2client_call *call;

    open_rig(rig, hold, H2CLIENT_SESSION(.max_conns = 1));
    call = h2client_get(rig->session, CLEAR, .first_byte_timeout_ms = H2CLIENT_NO_LIMIT);
    h2t_rig_run_ms(rig, 10);
    return call;
}

TEST(who_waits_for_a_place_among_all_connections_is_not_connecting)
{
    struct h2t_rig rig;
    h2client_call *first = take_the_place(&rig);
    h2client_call *second = h2client_get(rig.session, OTHER);

    h2t_rig_run_ms(&rig, 40000);
    ck_assert_msg(h2client_call_state(second) == H2CLIENT_PENDING, "%s",
                  h2client_call_error(second)->message);
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    h2client_call_destroy(first);
    h2client_call_destroy(second);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(who_waits_for_a_place_among_all_connections_does_so_up_to_the_queue_limit)
{
    struct h2t_rig rig;
    h2client_call *first = take_the_place(&rig);
    h2client_call *second = h2client_get(rig.session, OTHER, .queue_timeout_ms = 3000);

    ck_assert_ptr_null(h2client_call_await(second));
    ck_assert_int_eq(h2client_call_error(second)->limit, H2CLIENT_LIMIT_QUEUE);
    ck_assert_int_eq(h2client_call_error(second)->elapsed_us, 3000000);
    h2client_call_destroy(first);
    h2client_call_destroy(second);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(connect_limit_begins_when_the_place_is_there)
{
    struct h2t_rig rig;
    h2client_call *first = take_the_place(&rig);
    h2client_call *second = h2client_get(rig.session, OTHER, .connect_timeout_ms = 2000);

    h2t_rig_run_ms(&rig, 5000);
    rig.plan.is_silent = true;
    h2client_call_destroy(first);
    ck_assert_ptr_null(h2client_call_await(second));
    ck_assert_int_eq(h2client_call_error(second)->limit, H2CLIENT_LIMIT_CONNECT);
    ck_assert_int_ge(h2client_call_error(second)->elapsed_us, 7000000);
    h2client_call_destroy(second);
    h2t_rig_finish(&rig);
}
END_TEST

static void cancel_other(h2client_call *call, const h2client_error *error, void *user)
{
    (void)call, (void)error;
    h2client_call_cancel(*(h2client_call **)user);
}

/* B is the next, and leaves in the very turn in which A's connection comes free. */
TEST(place_that_its_next_one_does_not_want_is_the_next_ones_at_once)
{
    const struct h2t_h1_reply ok = {.text = "HTTP/1.1 204 None\r\n\r\n"};
    h2client_call *a, *b, *c;
    struct h2t_rig rig;

    open_rig(&rig, hold, H2CLIENT_SESSION(.max_conns = 1));
    a = h2client_get(rig.session, CLEAR, .on_done = cancel_other, .user = &b);
    h2t_rig_run_ms(&rig, 10);
    b = h2client_get(rig.session, OTHER);
    h2t_rig_run_ms(&rig, 10);
    c = h2client_get(rig.session, THIRD);
    h2t_rig_run_ms(&rig, 10);
    h2t_h1_peer_answer(h2t_rig_h1_peer(&rig, 0), &ok);
    h2t_rig_run_ms(&rig, 100);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    ck_assert_str_eq(rig.dialer.dials[1]->host, "third.test");
    h2client_call_destroy(a);
    h2client_call_destroy(b);
    h2client_call_destroy(c);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(who_was_turned_away_keeps_nobody_from_a_place)
{
    struct h2t_rig rig;
    h2client_call *calls[3];

    open_rig(&rig, hold, H2CLIENT_SESSION(.max_conns = 1, .max_queued_calls = 1));
    calls[0] = h2client_get(rig.session, CLEAR);
    h2t_rig_run_ms(&rig, 10);
    calls[1] = h2client_get(rig.session, OTHER);
    calls[2] = h2client_get(rig.session, THIRD);
    h2t_rig_turn(&rig, 1);
    ck_assert_ptr_null(h2t_pool_check(&rig.session->pool));
    for (size_t i = 0; i < 3; i++)
        h2client_call_destroy(calls[i]);
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- what is found ------------------------------------------------------------------- */

/* A connection that was opened for a call which left before it stood. */
static h2client_call *leave_one_unused(struct h2t_rig *rig)
{
    h2client_call *busy, *leaves;

    open_rig(rig, hold, NULL);
    busy = h2client_get(rig->session, CLEAR);
    h2t_rig_run_ms(rig, 10);
    rig->plan.delay_ms = 50;
    leaves = h2client_get(rig->session, CLEAR);
    h2t_rig_run_ms(rig, 10);
    h2client_call_destroy(leaves);
    h2t_rig_run_ms(rig, 100);
    ck_assert_uint_eq(h2t_dialer_n_open(&rig->dialer), 2);
    return busy;
}

TEST(connection_that_ended_before_its_first_use_costs_no_post)
{
    struct h2t_rig rig;
    h2client_call *busy = leave_one_unused(&rig);
    h2client_call *post;

    h2t_link_half_close(rig.dialer.dials[1]->link);
    post = h2client_post(rig.session, CLEAR, .body = H2CLIENT_TEXT("whole"));
    h2t_rig_run_ms(&rig, 1000);
    ck_assert_msg(h2client_call_state(post) == H2CLIENT_PENDING, "%s",
                  h2client_call_error(post)->message);
    ck_assert_str_eq(h2t_h1_peer_request(h2t_rig_h1_peer(&rig, 2), 0)->body, "whole");
    h2client_call_destroy(busy);
    h2client_call_destroy(post);
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- clocks -------------------------------------------------------------------------- */

TEST(call_whose_time_was_over_before_it_was_sent_again_may_have_been_processed)
{
    struct h2t_rig rig;
    h2client_call *post;

    open_rig(&rig, slam, NULL);
    post = h2client_post(rig.session, CLEAR, .body = H2CLIENT_TEXT("pay"), .total_timeout_ms = 9000,
                         .retry = H2CLIENT_RETRY(.max_retries = 1, .any_method = H2CLIENT_ON,
                                                 .base_delay_ms = 5000, .jitter = H2CLIENT_OFF));
    h2t_rig_run_ms(&rig, 100);
    rig.world.now_us += 60000000; /* nobody drove */
    ck_assert_ptr_null(h2client_call_await(post));
    ck_assert_int_eq(h2client_call_error(post)->limit, H2CLIENT_LIMIT_TOTAL);
    ck_assert_int_eq(h2client_call_error(post)->replay_class, H2CLIENT_REPLAY_MAYBE_PROCESSED);
    ck_assert_int_eq(h2client_call_attempt(post, 0)->code, H2CLIENT_ERROR_EMPTY_REPLY);
    h2client_call_destroy(post);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(connections_of_the_greatest_age_never_grow_old)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct h2t_rig rig;

        h2t_rig_init_h1(&rig, NULL, NULL);
        rig.world.random_state = seed;
        h2t_rig_open(&rig, H2CLIENT_SESSION(.max_conn_age_ms = INT64_MAX / 1000));
        h2client_call_destroy(h2t_rig_get(&rig, "/"));
        h2client_call_destroy(h2t_rig_get(&rig, "/"));
        ck_assert_uint_eq(rig.dialer.n_dials, 1);
        h2t_rig_finish(&rig);
    }
}
END_TEST

TEST_MAIN("facade_h1_queue", {T(who_waits_for_a_place_among_all_connections_is_not_connecting)},
          {T(who_waits_for_a_place_among_all_connections_does_so_up_to_the_queue_limit)},
          {T(connect_limit_begins_when_the_place_is_there)},
          {T(place_that_its_next_one_does_not_want_is_the_next_ones_at_once)},
          {T(who_was_turned_away_keeps_nobody_from_a_place)},
          {T(connection_that_ended_before_its_first_use_costs_no_post)},
          {T(call_whose_time_was_over_before_it_was_sent_again_may_have_been_processed)},
          {T(connections_of_the_greatest_age_never_grow_old)})
