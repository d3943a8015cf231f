/* SPDX-License-Identifier: MIT */
/* Expect: 100-continue (RFC 9110 10.1.1, behaviour 15) */
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

static void hold(struct h2t_peer *peer, const struct h2t_seen_request *request,
                 struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    response->status = 200;
    response->is_held = true;
}

static const struct h2t_seen_request *first_request(const struct h2t_rig *rig)
{
    return h2t_peer_request(h2t_rig_peer(rig, 0), 0);
}

/* A POST whose server holds its answer; its head has come. */
static h2client_call *start_post(struct h2t_rig *rig, h2client_switch expects,
                                 const h2client_header *headers)
{
    h2client_call *call;

    h2t_rig_init(rig);
    rig->plan.peer.on_request = hold;
    h2t_rig_open(rig, NULL);
    call = h2client_post(rig->session, H2T_ORIGIN "/", .body = H2CLIENT_TEXT("the body"),
                         .headers = headers, .expect_continue = expects);
    h2t_rig_turn(rig, 6);
    ck_assert_uint_eq(h2t_peer_n_requests(h2t_rig_peer(rig, 0)), 1);
    return call;
}

static void finish(struct h2t_rig *rig, h2client_call *call)
{
    h2client_call_destroy(call);
    h2t_rig_finish(rig);
}

TEST(body_waits_for_100)
{
    struct h2t_rig rig;
    h2client_call *call = start_post(&rig, H2CLIENT_ON, NULL);

    ck_assert_str_eq(h2t_field(first_request(&rig)->fields, "expect"), "100-continue");
    ck_assert_uint_eq(first_request(&rig)->body_len, 0);
    h2t_peer_inform(h2t_rig_peer(&rig, 0), 1, 100, NULL);
    h2t_rig_turn(&rig, 5);
    ck_assert_str_eq(first_request(&rig)->body, "the body");
    ck_assert_int_lt(h2t_rig_now_ms(&rig), 1000500); /* not the time limit */
    finish(&rig, call);
}
END_TEST

TEST(body_goes_without_100_after_a_second)
{
    struct h2t_rig rig;
    h2client_call *call = start_post(&rig, H2CLIENT_ON, NULL);

    h2t_rig_run_ms(&rig, 990);
    ck_assert_uint_eq(first_request(&rig)->body_len, 0);
    h2t_rig_run_ms(&rig, 20);
    ck_assert_str_eq(first_request(&rig)->body, "the body");
    finish(&rig, call);
}
END_TEST

TEST(final_status_before_100_suppresses_the_body)
{
    static const struct h2t_response too_large = {.status = 413, .body = "no", .body_len = 2};
    struct h2t_rig rig;
    h2client_call *call = start_post(&rig, H2CLIENT_ON, NULL);

    h2t_peer_answer(h2t_rig_peer(&rig, 0), 1, &too_large);
    h2client_call_await(call);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_OK);
    ck_assert_int_eq(h2client_response_status(h2client_call_response(call)), 413);
    h2t_rig_run_ms(&rig, 3000);
    ck_assert_uint_eq(first_request(&rig)->body_len, 0);
    ck_assert_int_eq(h2client_call_get_info(call)->upload_bytes, 0);
    finish(&rig, call);
}
END_TEST

TEST(final_status_suppresses_the_body_however_long_its_own_takes)
{
    static const struct h2t_response long_refusal = {.status = 413, .body_len = 500000};
    struct h2t_rig rig;
    h2client_call *call = start_post(&rig, H2CLIENT_ON, NULL);

    h2t_peer_answer(h2t_rig_peer(&rig, 0), 1, &long_refusal);
    ck_assert_ptr_nonnull(h2client_call_await_response(call)); /* and it is not read */
    h2t_rig_run_ms(&rig, 3000);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_PENDING);
    ck_assert_uint_eq(first_request(&rig)->body_len, 0);
    finish(&rig, call);
}
END_TEST

TEST(other_interim_responses_do_not_release_the_body)
{
    struct h2t_rig rig;
    h2client_call *call = start_post(&rig, H2CLIENT_ON, NULL);

    h2t_peer_inform(h2t_rig_peer(&rig, 0), 1, 103, NULL);
    h2t_rig_turn(&rig, 5);
    ck_assert_uint_eq(first_request(&rig)->body_len, 0);
    finish(&rig, call);
}
END_TEST

TEST(callers_own_field_says_the_same)
{
    static const h2client_header headers[] = {{"Expect", "100-Continue"}, {NULL, NULL}};
    struct h2t_rig rig;
    h2client_call *call = start_post(&rig, H2CLIENT_INHERIT, headers);

    ck_assert_uint_eq(first_request(&rig)->body_len, 0);
    finish(&rig, call);
}
END_TEST

TEST(caller_can_take_the_field_away)
{
    static const h2client_header headers[] = {{"expect", NULL}, {NULL, NULL}};
    struct h2t_rig rig;
    h2client_call *call = start_post(&rig, H2CLIENT_ON, headers);

    ck_assert_ptr_null(h2t_field(first_request(&rig)->fields, "expect"));
    ck_assert_str_eq(first_request(&rig)->body, "the body");
    finish(&rig, call);
}
END_TEST

TEST(nothing_is_expected_without_a_body)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_start(&rig);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .expect_continue = H2CLIENT_ON);
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_ptr_null(h2t_field(first_request(&rig)->fields, "expect"));
    finish(&rig, call);
}
END_TEST

TEST(time_for_100_is_an_option)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = hold;
    h2t_rig_open(&rig, NULL);
    call = h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_TEXT("late"),
                         .expect_continue = H2CLIENT_ON, .expect_timeout_ms = 20000);
    h2t_rig_run_ms(&rig, 19000);
    ck_assert_uint_eq(first_request(&rig)->body_len, 0);
    h2t_rig_run_ms(&rig, 1100);
    ck_assert_str_eq(first_request(&rig)->body, "late");
    finish(&rig, call);
}
END_TEST

/* What is held back is sent, in the next attempt too, only when the server says so. */
TEST(refused_request_is_expected_again)
{
    struct h2t_rig rig;
    h2client_call *call = start_post(&rig, H2CLIENT_ON, NULL);

    h2t_peer_reset(h2t_rig_peer(&rig, 0), 1, 7 /* REFUSED_STREAM */);
    h2t_rig_run_ms(&rig, 500);
    ck_assert_uint_eq(h2t_peer_n_requests(h2t_rig_peer(&rig, 0)), 2);
    ck_assert_uint_eq(h2t_peer_request(h2t_rig_peer(&rig, 0), 1)->body_len, 0);
    h2t_peer_inform(h2t_rig_peer(&rig, 0), 3, 100, NULL);
    h2t_rig_turn(&rig, 5);
    ck_assert_str_eq(h2t_peer_request(h2t_rig_peer(&rig, 0), 1)->body, "the body");
    finish(&rig, call);
}
END_TEST

TEST_MAIN("facade_expect", {T(body_waits_for_100)}, {T(body_goes_without_100_after_a_second)},
          {T(final_status_before_100_suppresses_the_body)},
          {T(final_status_suppresses_the_body_however_long_its_own_takes)},
          {T(other_interim_responses_do_not_release_the_body)},
          {T(callers_own_field_says_the_same)}, {T(caller_can_take_the_field_away)},
          {T(nothing_is_expected_without_a_body)}, {T(time_for_100_is_an_option)},
          {T(refused_request_is_expected_again)})
