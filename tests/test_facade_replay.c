/* SPDX-License-Identifier: MIT */
/* What is sent again, how often, and what is not. (RFC 9113 6.8, 8.7) */
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

#define REFUSED_STREAM 7

static void expect_ok(h2client_call *call)
{
    h2client_call_await(call);
    ck_assert_msg(h2client_call_state(call) == H2CLIENT_OK, "%s",
                  h2client_call_error(call)->message);
}

/* ---- servers that refuse ---- */

/* The first `n_left` requests. */
struct refuser {
    int n_left;
    int n_seen;
};

static void refuse(struct h2t_peer *peer, const struct h2t_seen_request *request,
                   struct h2t_response *response, void *user)
{
    struct refuser *refuser = user;

    refuser->n_seen++;
    response->status = 200;
    response->body = "at last";
    response->body_len = 7;
    response->waits_for_body = true;
    if (refuser->n_left-- <= 0)
        return;
    response->is_held = true;
    h2t_peer_reset(peer, request->stream_id, REFUSED_STREAM);
}

/* Closes the connection to new streams without having taken the first request. */
static void close_first(struct h2t_peer *peer, const struct h2t_seen_request *request,
                        struct h2t_response *response, void *user)
{
    struct refuser *refuser = user;

    (void)request;
    refuser->n_seen++;
    response->status = 200;
    response->body = "at last";
    response->body_len = 7;
    response->waits_for_body = true;
    if (refuser->n_left-- <= 0)
        return;
    response->is_held = true;
    h2t_peer_goaway(peer, 0, 0 /* NO_ERROR */, "");
}

static void start(struct h2t_rig *rig, h2t_on_request on_request, struct refuser *refuser)
{
    h2t_rig_init(rig);
    rig->plan.peer.on_request = on_request;
    rig->plan.peer.user = refuser;
    h2t_rig_open(rig, NULL);
}

static void finish(struct h2t_rig *rig, h2client_call *call)
{
    h2client_call_destroy(call);
    h2t_rig_finish(rig);
}

/* ---- streams refused ---- */

TEST(refused_stream_is_sent_again_on_the_same_connection)
{
    struct refuser refuser = {.n_left = 1};
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, refuse, &refuser);
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    expect_ok(call);
    ck_assert_str_eq(h2client_response_body(h2client_call_response(call)).data, "at last");
    ck_assert_int_eq(h2client_call_get_info(call)->n_attempts, 2);
    ck_assert_int_eq(h2client_call_get_info(call)->stream_id, 3);
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    finish(&rig, call);
}
END_TEST

TEST(refused_post_is_sent_again_with_all_its_bytes)
{
    struct refuser refuser = {.n_left = 2};
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, refuse, &refuser);
    call = h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_TEXT("once and again"));
    expect_ok(call);
    ck_assert_str_eq(h2t_peer_request(h2t_rig_peer(&rig, 0), 2)->body, "once and again");
    ck_assert_int_eq(h2client_call_get_info(call)->n_attempts, 3);
    finish(&rig, call);
}
END_TEST

TEST(refused_for_ever_ends_after_three_attempts)
{
    struct refuser refuser = {.n_left = 1000};
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, refuse, &refuser);
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_H2_REFUSED_STREAM);
    ck_assert_int_eq(h2client_call_error(call)->exit_code, 92);
    ck_assert_int_eq(h2client_call_error(call)->n_attempts, 3);
    ck_assert_int_eq(h2client_call_error(call)->replay_class, H2CLIENT_REPLAY_UNPROCESSED);
    ck_assert_int_eq(refuser.n_seen, 3);
    finish(&rig, call);
}
END_TEST

static h2client_pull_result pull_x(void *buf, size_t cap, size_t *n, void *user)
{
    (void)cap, (void)user;
    *(char *)buf = 'x';
    *n = 1;
    return H2CLIENT_PULL_END;
}

TEST(refused_body_that_was_not_asked_for_needs_no_rewind)
{
    struct refuser refuser = {.n_left = 1};
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, refuse, &refuser); /* at the head, before a byte of the body */
    call = h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_PULL(pull_x, NULL, 1));
    expect_ok(call);
    ck_assert_str_eq(h2t_peer_request(h2t_rig_peer(&rig, 0), 1)->body, "x");
    finish(&rig, call);
}
END_TEST

static void hold(struct h2t_peer *peer, const struct h2t_seen_request *request,
                 struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    response->is_held = true;
}

TEST(refused_body_that_cannot_be_rewound_is_not_sent_again)
{
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, hold, NULL);
    call = h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_PULL(pull_x, NULL, 1));
    h2t_rig_turn(&rig, 5);
    ck_assert(h2t_peer_request(h2t_rig_peer(&rig, 0), 0)->is_complete);
    h2t_peer_reset(h2t_rig_peer(&rig, 0), 1, REFUSED_STREAM);
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_H2_REFUSED_STREAM);
    ck_assert_int_eq(h2client_call_error(call)->n_attempts, 1);
    finish(&rig, call);
}
END_TEST

static bool cannot_rewind(void *user)
{
    (void)user;
    return false;
}

TEST(refused_body_whose_rewind_fails_ends_with_that)
{
    struct refuser refuser = {.n_left = 1};
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, refuse, &refuser);
    call = h2client_post(rig.session, H2T_ORIGIN "/",
                         .body = H2CLIENT_BODY(.pull = pull_x, .rewind = cannot_rewind,
                                               .len = H2CLIENT_LENGTH_UNKNOWN));
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_UPLOAD_REWIND);
    ck_assert_int_eq(h2client_call_error(call)->exit_code, 65);
    finish(&rig, call);
}
END_TEST

static void reset_once(struct h2t_peer *peer, const struct h2t_seen_request *request,
                       struct h2t_response *response, void *user)
{
    ++*(int *)user;
    response->is_held = true;
    h2t_peer_reset(peer, request->stream_id, 2 /* INTERNAL_ERROR */);
}

TEST(stream_reset_for_another_reason_is_not_sent_again)
{
    struct h2t_rig rig;
    h2client_call *call;
    int n_seen = 0;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = reset_once;
    rig.plan.peer.user = &n_seen;
    h2t_rig_open(&rig, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_H2_STREAM_RESET);
    ck_assert_int_eq(h2client_call_error(call)->replay_class, H2CLIENT_REPLAY_MAYBE_PROCESSED);
    ck_assert_int_eq(n_seen, 1);
    finish(&rig, call);
}
END_TEST

TEST(total_limit_holds_over_all_attempts)
{
    struct refuser refuser = {.n_left = 2};
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, refuse, &refuser);
    rig.plan.delay_ms = 900;
    call = h2client_get(rig.session, H2T_ORIGIN "/", .total_timeout_ms = 1300);
    expect_ok(call); /* 900 ms, and two attempts, 100 and 200 ms later at most */
    ck_assert_int_ge(h2client_call_get_info(call)->total_us, 900000);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- connections closed to it ---- */

TEST(call_above_a_goaways_last_id_goes_to_a_new_connection)
{
    struct refuser refuser = {.n_left = 1};
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, close_first, &refuser);
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    expect_ok(call);
    ck_assert_int_eq(h2client_call_get_info(call)->n_attempts, 2);
    ck_assert_int_eq(h2client_call_get_info(call)->n_connects, 2);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    ck_assert_uint_eq(h2t_dialer_n_open(&rig.dialer), 1);
    finish(&rig, call);
}
END_TEST

TEST(post_above_a_goaways_last_id_is_sent_again_with_its_bytes)
{
    struct refuser refuser = {.n_left = 1};
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, close_first, &refuser);
    call = h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_TEXT("twice"));
    expect_ok(call);
    ck_assert_str_eq(h2t_peer_request(h2t_rig_peer(&rig, 1), 0)->body, "twice");
    finish(&rig, call);
}
END_TEST

TEST(goaway_for_ever_ends_after_three_attempts)
{
    struct refuser refuser = {.n_left = 1000};
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, close_first, &refuser);
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_H2_UNPROCESSED);
    ck_assert_int_eq(h2client_call_error(call)->exit_code, 16);
    ck_assert_uint_eq(rig.dialer.n_dials, 3);
    finish(&rig, call);
}
END_TEST

/* Two under way; the server takes the first one only. */
TEST(goaway_leaves_the_streams_it_took_where_they_are)
{
    static const struct h2t_response done = {.status = 200, .body = "first", .body_len = 5};
    struct h2t_rig rig;
    h2client_call *calls[2];

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = hold;
    h2t_rig_open(&rig, NULL);
    calls[0] = h2client_get(rig.session, H2T_ORIGIN "/");
    calls[1] = h2client_get(rig.session, H2T_ORIGIN "/");
    h2t_rig_turn(&rig, 5);
    rig.plan.peer.on_request = NULL;
    h2t_peer_goaway(h2t_rig_peer(&rig, 0), 1, 0, "");
    h2t_rig_turn(&rig, 5);
    h2t_peer_answer(h2t_rig_peer(&rig, 0), 1, &done);
    h2client_gather(calls, 2);
    ck_assert_str_eq(h2client_response_body(h2client_call_response(calls[0])).data, "first");
    ck_assert_str_eq(h2client_response_body(h2client_call_response(calls[1])).data, "ok");
    ck_assert_uint_eq(h2client_call_get_info(calls[0])->conn_id, 1);
    ck_assert_uint_eq(h2client_call_get_info(calls[1])->conn_id, 2);
    h2client_call_destroy(calls[0]);
    finish(&rig, calls[1]);
}
END_TEST

TEST(new_calls_after_a_goaway_go_to_a_new_connection)
{
    struct h2t_rig rig;
    h2client_call *held, *call;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = hold;
    h2t_rig_open(&rig, NULL);
    held = h2client_get(rig.session, H2T_ORIGIN "/");
    h2t_rig_turn(&rig, 5);
    h2t_peer_goaway(h2t_rig_peer(&rig, 0), 1, 0, "");
    h2t_rig_turn(&rig, 2);
    rig.plan.peer.on_request = NULL;
    call = h2t_rig_get(&rig, "/");
    ck_assert_uint_eq(h2client_call_get_info(call)->conn_id, 2);
    ck_assert_uint_eq(h2t_peer_n_requests(h2t_rig_peer(&rig, 0)), 1);
    h2client_call_destroy(held);
    finish(&rig, call);
}
END_TEST

TEST(figures_of_a_call_that_was_sent_again_are_the_last_attempts)
{
    struct refuser refuser = {.n_left = 1};
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, refuse, &refuser);
    rig.plan.delay_ms = 10;
    call = h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_TEXT("hello"));
    expect_ok(call);
    ck_assert_int_eq(h2client_call_get_info(call)->n_attempts, 2);
    ck_assert_int_eq(h2client_call_get_info(call)->upload_bytes, 5);
    ck_assert_int_eq(h2client_call_get_info(call)->stream_id, 3);
    finish(&rig, call);
}
END_TEST

/* The second attempt got no connection: nothing of the first one's is told as its own. */
static void close_and_hide(struct h2t_peer *peer, const struct h2t_seen_request *request,
                           struct h2t_response *response, void *user)
{
    struct h2t_rig *rig = user;

    (void)request;
    response->is_held = true;
    h2t_peer_goaway(peer, 0, 0, "");
    rig->plan.fails = true;
    rig->plan.fault = (h2client_fault){.code = H2CLIENT_ERROR_CONNECT_REFUSED, .tls_alert = -1};
}

TEST(figures_of_an_attempt_that_could_not_connect_are_empty)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = close_and_hide;
    rig.plan.peer.user = &rig;
    h2t_rig_open(&rig, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    h2client_call_await(call);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_ERROR_CONNECT_REFUSED);
    ck_assert_uint_eq(h2client_call_get_info(call)->conn_id, 0);
    ck_assert_int_eq(h2client_call_get_info(call)->request_us, -1);
    ck_assert_int_eq(h2client_call_get_info(call)->connect_us, -1);
    finish(&rig, call);
}
END_TEST

/* Beside a connection that drains: nobody wants the new one any more. */
TEST(dial_after_a_goaway_ends_with_its_last_waiter)
{
    struct h2t_rig rig;
    h2client_call *held, *call;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = hold;
    h2t_rig_open(&rig, NULL);
    held = h2client_get(rig.session, H2T_ORIGIN "/");
    h2t_rig_turn(&rig, 5);
    h2t_peer_goaway(h2t_rig_peer(&rig, 0), 1, 0, "");
    rig.plan.is_silent = true;
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    h2t_rig_turn(&rig, 5);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    h2client_call_destroy(call);
    h2t_rig_turn(&rig, 5);
    ck_assert_uint_eq(rig.dialer.n_cancelled, 1);
    finish(&rig, held);
}
END_TEST

TEST_MAIN("facade_replay", {T(refused_stream_is_sent_again_on_the_same_connection)},
          {T(refused_post_is_sent_again_with_all_its_bytes)},
          {T(refused_for_ever_ends_after_three_attempts)},
          {T(refused_body_that_was_not_asked_for_needs_no_rewind)},
          {T(refused_body_that_cannot_be_rewound_is_not_sent_again)},
          {T(refused_body_whose_rewind_fails_ends_with_that)},
          {T(stream_reset_for_another_reason_is_not_sent_again)},
          {T(total_limit_holds_over_all_attempts)},
          {T(call_above_a_goaways_last_id_goes_to_a_new_connection)},
          {T(post_above_a_goaways_last_id_is_sent_again_with_its_bytes)},
          {T(goaway_for_ever_ends_after_three_attempts)},
          {T(goaway_leaves_the_streams_it_took_where_they_are)},
          {T(new_calls_after_a_goaway_go_to_a_new_connection)},
          {T(figures_of_a_call_that_was_sent_again_are_the_last_attempts)},
          {T(figures_of_an_attempt_that_could_not_connect_are_empty)},
          {T(dial_after_a_goaway_ends_with_its_last_waiter)})
