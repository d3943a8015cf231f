/* SPDX-License-Identifier: MIT */
/* Waiting for calls: gather, wait-any, the completion queue, and being woken. */
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

#define N 4

static const struct h2t_response plain = {.status = 200, .body = "ok", .body_len = 2};

static void hold(struct h2t_peer *peer, const struct h2t_seen_request *request,
                 struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    response->is_held = true;
}

/* N calls whose answers are the test's to give. */
static void start_held(struct h2t_rig *rig, h2client_call **calls)
{
    h2t_rig_init(rig);
    rig->plan.peer.on_request = hold;
    h2t_rig_open(rig, NULL);
    for (int i = 0; i < N; i++)
        calls[i] = h2client_get(rig->session, H2T_ORIGIN "/");
    h2t_rig_turn(rig, 5);
    ck_assert_uint_eq(h2t_peer_n_requests(h2t_rig_peer(rig, 0)), N);
}

static void answer(struct h2t_rig *rig, int i)
{
    h2t_peer_answer(h2t_rig_peer(rig, 0), 2 * i + 1, &plain);
}

static void finish(struct h2t_rig *rig, h2client_call **calls)
{
    for (int i = 0; i < N; i++)
        h2client_call_destroy(calls[i]);
    h2t_rig_finish(rig);
}

/* ---- gather ---- */

TEST(gather_skips_nulls_and_waits_for_all)
{
    struct h2t_rig rig;
    h2client_call *calls[5] = {NULL};

    h2t_rig_start(&rig);
    calls[1] = h2client_get(rig.session, H2T_ORIGIN "/");
    calls[3] = h2client_get(rig.session, H2T_ORIGIN "/");
    ck_assert_int_eq(h2client_gather(calls, 5), H2CLIENT_OK);
    ck_assert_int_eq(h2client_call_state(calls[1]), H2CLIENT_OK);
    ck_assert_int_eq(h2client_call_state(calls[3]), H2CLIENT_OK);
    ck_assert_uint_eq(h2client_session_n_running(rig.session), 0);
    h2client_call_destroy(calls[1]);
    h2client_call_destroy(calls[3]);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(gather_of_nothing_is_done_at_once)
{
    h2client_call *nulls[3] = {NULL};

    ck_assert_int_eq(h2client_gather(NULL, 0), H2CLIENT_OK);
    ck_assert_int_eq(h2client_gather(nulls, 3), H2CLIENT_OK);
    ck_assert_int_eq(h2client_gather(NULL, 1), H2CLIENT_ERROR_INVALID_ARGUMENT);
}
END_TEST

TEST(gather_takes_ended_and_doubled_calls)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_start(&rig);
    call = h2t_rig_get(&rig, "/");
    h2client_call *other = h2client_get(rig.session, H2T_ORIGIN "/");
    ck_assert_int_eq(h2client_gather((h2client_call *[]){call, other, other, call}, 4),
                     H2CLIENT_OK);
    ck_assert_int_eq(h2client_call_state(other), H2CLIENT_OK);
    h2client_call_destroy(call);
    h2client_call_destroy(other);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(gather_drives_calls_of_two_sessions)
{
    struct h2t_rig one, two;
    h2client_call *calls[2];

    h2t_rig_start(&one);
    h2t_rig_start(&two);
    calls[0] = h2client_get(one.session, H2T_ORIGIN "/");
    calls[1] = h2client_get(two.session, H2T_ORIGIN "/");
    ck_assert_int_eq(h2client_gather(calls, 2), H2CLIENT_OK);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(h2client_call_state(calls[i]), H2CLIENT_OK);
        h2client_call_destroy(calls[i]);
    }
    h2t_rig_finish(&one);
    h2t_rig_finish(&two);
}
END_TEST

/* Destroys all that is gathered, itself included. */
static void destroy_list(h2client_call *call, const h2client_error *error, void *user)
{
    h2client_call **calls = user;

    (void)call, (void)error;
    for (int i = 0; i < N; i++) {
        h2client_call_destroy(calls[i]);
        calls[i] = NULL;
    }
}

TEST(gathered_calls_may_be_destroyed_in_a_callback)
{
    struct h2t_rig rig;
    h2client_call *calls[N], *gathered[N];

    h2t_rig_start(&rig);
    for (int i = 0; i < N; i++)
        gathered[i] = calls[i] = h2client_get(
            rig.session, H2T_ORIGIN "/", .on_done = i == 1 ? destroy_list : NULL, .user = calls);
    ck_assert_int_eq(h2client_gather(gathered, N), H2CLIENT_OK);
    ck_assert_ptr_null(calls[0]);
    h2t_rig_finish(&rig);
}
END_TEST

static void destroy_session(h2client_call *call, const h2client_error *error, void *user)
{
    struct h2t_rig *rig = user;

    (void)call, (void)error;
    h2client_session_destroy(rig->session);
    rig->session = NULL;
}

TEST(gather_ends_when_a_callback_destroys_the_session)
{
    struct h2t_rig rig;
    h2client_call *calls[2];

    h2t_rig_start(&rig);
    calls[0] = h2client_get(rig.session, H2T_ORIGIN "/", .on_done = destroy_session, .user = &rig);
    calls[1] = h2client_get(rig.session, "https://other.test/");
    h2client_gather(calls, 2);
    ck_assert_ptr_null(rig.session);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_ne(h2client_call_state(calls[i]), H2CLIENT_PENDING);
        h2client_call_destroy(calls[i]);
    }
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- wait-any and the queue ---- */

TEST(wait_any_returns_the_place_of_the_first_that_ends)
{
    struct h2t_rig rig;
    h2client_call *calls[N];

    start_held(&rig, calls);
    answer(&rig, 2);
    ck_assert_uint_eq(h2client_wait_any(calls, N), 2);
    ck_assert_int_eq(h2client_call_state(calls[2]), H2CLIENT_OK);
    ck_assert_int_eq(h2client_call_state(calls[0]), H2CLIENT_PENDING);
    finish(&rig, calls);
}
END_TEST

TEST(wait_any_counts_one_that_has_ended_before)
{
    struct h2t_rig rig;
    h2client_call *calls[N];

    start_held(&rig, calls);
    answer(&rig, 3);
    h2t_rig_turn(&rig, 3);
    ck_assert_uint_eq(h2client_wait_any(calls, N), 3);
    finish(&rig, calls);
}
END_TEST

TEST(wait_any_of_nothing_returns_n)
{
    h2client_call *nulls[3] = {NULL};

    ck_assert_uint_eq(h2client_wait_any(nulls, 3), 3);
    ck_assert_uint_eq(h2client_wait_any(NULL, 0), 0);
}
END_TEST

TEST(wait_any_drains_a_list_in_the_order_of_ends)
{
    static const int order[N] = {3, 0, 2, 1};
    struct h2t_rig rig;
    h2client_call *calls[N], *left[N];

    start_held(&rig, calls);
    memcpy(left, calls, sizeof left);
    for (int i = 0; i < N; i++) {
        answer(&rig, order[i]);
        ck_assert_uint_eq(h2client_wait_any(left, N), (size_t)order[i]);
        left[order[i]] = NULL;
    }
    ck_assert_uint_eq(h2client_wait_any(left, N), N);
    finish(&rig, calls);
}
END_TEST

TEST(completion_queue_gives_calls_in_the_order_of_their_ends)
{
    static const int order[N] = {1, 3, 0, 2};
    struct h2t_rig rig;
    h2client_call *calls[N];

    start_held(&rig, calls);
    ck_assert_ptr_null(h2client_session_next_done(rig.session));
    for (int i = 0; i < N; i++) {
        answer(&rig, order[i]);
        h2t_rig_turn(&rig, 3);
    }
    for (int i = 0; i < N; i++)
        ck_assert_ptr_eq(h2client_session_next_done(rig.session), calls[order[i]]);
    ck_assert_ptr_null(h2client_session_next_done(rig.session));
    finish(&rig, calls);
}
END_TEST

TEST(completion_queue_has_failed_calls_too)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_start(&rig);
    call = h2client_get(rig.session, "nonsense");
    ck_assert_ptr_null(h2client_session_next_done(rig.session)); /* not before it is driven */
    h2client_session_dispatch(rig.session, 0);
    ck_assert_ptr_eq(h2client_session_next_done(rig.session), call);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(completion_queue_loses_what_was_awaited_gathered_or_destroyed)
{
    struct h2t_rig rig;
    h2client_call *calls[N];

    start_held(&rig, calls);
    for (int i = 0; i < N; i++)
        answer(&rig, i);
    h2t_rig_turn(&rig, 5);
    h2client_call_await(calls[0]);
    h2client_gather(&calls[1], 1);
    h2client_call_destroy(calls[2]);
    calls[2] = NULL;
    ck_assert_ptr_eq(h2client_session_next_done(rig.session), calls[3]);
    ck_assert_ptr_null(h2client_session_next_done(rig.session));
    finish(&rig, calls);
}
END_TEST

/* ---- being woken ---- */

TEST(wake_interrupts_each_of_them_once)
{
    struct h2t_rig rig;
    h2client_call *calls[N];

    start_held(&rig, calls);
    h2client_session_wake(rig.session);
    ck_assert_int_eq(h2client_gather(calls, N), H2CLIENT_ERROR_INTERRUPTED);
    h2client_session_wake(rig.session);
    ck_assert_uint_eq(h2client_wait_any(calls, N), N);
    h2client_session_wake(rig.session);
    ck_assert_ptr_null(h2client_call_await(calls[0]));
    ck_assert_int_eq(h2client_call_error(calls[0])->code, H2CLIENT_PENDING);
    h2client_session_wake(rig.session);
    ck_assert_int_eq(h2client_session_dispatch(rig.session, -1), H2CLIENT_ERROR_INTERRUPTED);
    ck_assert_int_eq(h2client_session_dispatch(rig.session, 0), H2CLIENT_OK);
    finish(&rig, calls);
}
END_TEST

TEST(gather_goes_on_after_it_was_interrupted)
{
    struct h2t_rig rig;
    h2client_call *calls[N];

    start_held(&rig, calls);
    h2client_session_wake(rig.session);
    ck_assert_int_eq(h2client_gather(calls, N), H2CLIENT_ERROR_INTERRUPTED);
    for (int i = 0; i < N; i++)
        answer(&rig, i);
    ck_assert_int_eq(h2client_gather(calls, N), H2CLIENT_OK);
    ck_assert_uint_eq(h2client_session_n_running(rig.session), 0);
    finish(&rig, calls);
}
END_TEST

TEST(completion_queue_keeps_what_wait_any_did_not_return)
{
    struct h2t_rig rig;
    h2client_call *calls[N];

    start_held(&rig, calls);
    answer(&rig, 1);
    answer(&rig, 2); /* both end in one turn */
    ck_assert_uint_eq(h2client_wait_any(calls, N), 1);
    ck_assert_ptr_eq(h2client_session_next_done(rig.session), calls[2]);
    ck_assert_ptr_null(h2client_session_next_done(rig.session));
    finish(&rig, calls);
}
END_TEST

/* The wake is not lost, nor is what was waited for. */
TEST(wake_in_the_turn_of_the_end_interrupts_the_next_one)
{
    struct h2t_rig rig;
    h2client_call *calls[N];

    start_held(&rig, calls);
    answer(&rig, 0);
    h2client_session_wake(rig.session);
    ck_assert_ptr_nonnull(h2client_call_await(calls[0]));
    ck_assert_int_eq(h2client_session_dispatch(rig.session, 0), H2CLIENT_ERROR_INTERRUPTED);
    answer(&rig, 1);
    h2client_session_wake(rig.session);
    ck_assert_uint_eq(h2client_wait_any(calls + 1, N - 1), 0);
    ck_assert_int_eq(h2client_session_dispatch(rig.session, 0), H2CLIENT_ERROR_INTERRUPTED);
    finish(&rig, calls);
}
END_TEST

TEST_MAIN("facade_wait", {T(gather_skips_nulls_and_waits_for_all)},
          {T(gather_of_nothing_is_done_at_once)}, {T(gather_takes_ended_and_doubled_calls)},
          {T(gather_drives_calls_of_two_sessions)},
          {T(gathered_calls_may_be_destroyed_in_a_callback)},
          {T(gather_ends_when_a_callback_destroys_the_session)},
          {T(wait_any_returns_the_place_of_the_first_that_ends)},
          {T(wait_any_counts_one_that_has_ended_before)}, {T(wait_any_of_nothing_returns_n)},
          {T(wait_any_drains_a_list_in_the_order_of_ends)},
          {T(completion_queue_gives_calls_in_the_order_of_their_ends)},
          {T(completion_queue_has_failed_calls_too)},
          {T(completion_queue_loses_what_was_awaited_gathered_or_destroyed)},
          {T(wake_interrupts_each_of_them_once)}, {T(gather_goes_on_after_it_was_interrupted)},
          {T(completion_queue_keeps_what_wait_any_did_not_return)},
          {T(wake_in_the_turn_of_the_end_interrupts_the_next_one)})
