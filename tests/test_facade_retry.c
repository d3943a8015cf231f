/* SPDX-License-Identifier: MIT */
/* Retries by policy, replays of what may have been processed, and the history. */
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

/* Answers the first n_left requests with a status of its own. */
struct moody {
    int n_left;
    int status;
    const h2client_header *fields;
    int n_seen;
};

static void answer(struct h2t_peer *peer, const struct h2t_seen_request *request,
                   struct h2t_response *response, void *user)
{
    struct moody *moody = user;

    (void)peer, (void)request;
    moody->n_seen++;
    response->status = 200;
    response->body = "at last";
    response->body_len = 7;
    response->waits_for_body = true;
    if (moody->n_left-- <= 0)
        return;
    response->status = moody->status;
    response->fields = moody->fields;
    response->body = "not now";
}

static void start(struct h2t_rig *rig, struct moody *moody, const h2client_session_options *options)
{
    h2t_rig_init(rig);
    rig->plan.peer.on_request = answer;
    rig->plan.peer.user = moody;
    h2t_rig_open(rig, options);
}

static void expect_status(h2client_call *call, int status)
{
    h2client_call_await(call);
    ck_assert_msg(h2client_call_state(call) == H2CLIENT_OK, "%s",
                  h2client_call_error(call)->message);
    ck_assert_int_eq(h2client_response_status(h2client_call_response(call)), status);
}

static void finish(struct h2t_rig *rig, h2client_call *call)
{
    h2client_call_destroy(call);
    h2t_rig_finish(rig);
}

/* ---- statuses ------------------------------------------------------------------------- */

TEST(status_is_an_answer_without_a_policy)
{
    struct moody moody = {.n_left = 1, .status = 503};
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, &moody, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    expect_status(call, 503);
    finish(&rig, call);
}
END_TEST

static int n_responses;

static void count_response(h2client_call *call, const h2client_response *resp, void *user)
{
    (void)call, (void)resp, (void)user;
    n_responses++;
}

TEST(retried_status_is_seen_by_nobody)
{
    struct moody moody = {.n_left = 2, .status = 503};
    struct h2t_rig rig;
    h2client_call *call;

    n_responses = 0;
    start(&rig, &moody, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .retry = H2CLIENT_RETRY(.max_retries = 3),
                        .on_response = count_response);
    expect_status(call, 200);
    ck_assert_str_eq(h2client_response_body(h2client_call_response(call)).data, "at last");
    ck_assert_int_eq(n_responses, 1);
    ck_assert_int_eq(moody.n_seen, 3);
    finish(&rig, call);
}
END_TEST

TEST(last_status_stands_when_retries_are_used_up)
{
    struct moody moody = {.n_left = 100, .status = 503};
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, &moody, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .retry = H2CLIENT_RETRY(.max_retries = 2));
    expect_status(call, 503);
    ck_assert_int_eq(moody.n_seen, 3);
    finish(&rig, call);
}
END_TEST

TEST(session_policy_holds_for_calls_that_say_nothing)
{
    struct moody moody = {.n_left = 1, .status = 503};
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, &moody,
          H2CLIENT_SESSION(.defaults = H2CLIENT_CALL(.retry = H2CLIENT_RETRY(.max_retries = 1))));
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    expect_status(call, 200);
    finish(&rig, call);
}
END_TEST

TEST(post_is_retried_only_where_the_policy_says_so)
{
    struct moody moody = {.n_left = 1, .status = 503};
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, &moody, NULL);
    call = h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_TEXT("pay"),
                         .retry = H2CLIENT_RETRY(.max_retries = 1));
    expect_status(call, 503);
    h2client_call_destroy(call);
    moody.n_left = 1;
    call = h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_TEXT("pay"),
                         .retry = H2CLIENT_RETRY(.max_retries = 1, .any_method = H2CLIENT_ON));
    expect_status(call, 200);
    ck_assert_str_eq(h2t_peer_request(h2t_rig_peer(&rig, 0), 2)->body, "pay");
    finish(&rig, call);
}
END_TEST

TEST(retry_after_is_waited_for)
{
    static const h2client_header fields[] = {{"retry-after", "7"}, {NULL, NULL}};
    struct moody moody = {.n_left = 1, .status = 429, .fields = fields};
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, &moody, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .retry = H2CLIENT_RETRY(.max_retries = 1));
    expect_status(call, 200);
    ck_assert_int_ge(h2client_call_get_info(call)->total_us, 7000000);
    ck_assert_int_le(h2client_call_get_info(call)->total_us, 7010000);
    finish(&rig, call);
}
END_TEST

TEST(retry_after_for_ever_is_waited_for_by_nobody)
{
    static const h2client_header fields[] = {{"retry-after", "99999999999999999999"}, {NULL, NULL}};
    struct moody moody = {.n_left = 1, .status = 503, .fields = fields};
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, &moody, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .retry = H2CLIENT_RETRY(.max_retries = 1));
    expect_status(call, 503);
    finish(&rig, call);
}
END_TEST

TEST(retry_after_of_the_largest_numbers_is_still_a_time)
{
    static const h2client_header fields[] = {{"retry-after", "9223372036854"}, {NULL, NULL}};
    struct moody moody = {.n_left = 1, .status = 503, .fields = fields};
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, &moody, NULL);
    call = h2client_get(
        rig.session, H2T_ORIGIN "/",
        .retry = H2CLIENT_RETRY(.max_retries = 1, .max_retry_after_ms = H2CLIENT_NO_LIMIT));
    h2t_rig_run_ms(&rig, 100000);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_PENDING);
    ck_assert_int_eq(moody.n_seen, 1);
    finish(&rig, call);
}
END_TEST

TEST(retry_that_would_outlive_the_total_limit_is_not_made)
{
    static const h2client_header fields[] = {{"retry-after", "7"}, {NULL, NULL}};
    struct moody moody = {.n_left = 1, .status = 429, .fields = fields};
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, &moody, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .total_timeout_ms = 7000,
                        .retry = H2CLIENT_RETRY(.max_retries = 1));
    expect_status(call, 429);
    ck_assert_int_lt(h2client_call_get_info(call)->total_us, 1000000);
    finish(&rig, call);
}
END_TEST

TEST(cancel_while_it_waits_ends_it)
{
    static const h2client_header fields[] = {{"retry-after", "60"}, {NULL, NULL}};
    struct moody moody = {.n_left = 1, .status = 429, .fields = fields};
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, &moody, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .retry = H2CLIENT_RETRY(.max_retries = 1));
    h2t_rig_run_ms(&rig, 1000);
    h2client_call_cancel(call);
    h2t_rig_run_ms(&rig, 100000);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_ERROR_CANCELLED);
    ck_assert_int_eq(moody.n_seen, 1);
    finish(&rig, call);
}
END_TEST

/* ---- errors ------------------------------------------------------------------------------ */

TEST(refused_connection_is_retried_by_policy)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init(&rig);
    rig.plan.fails = true;
    rig.plan.fault = (h2client_fault){.code = H2CLIENT_ERROR_CONNECT_REFUSED, .tls_alert = -1};
    h2t_rig_open(&rig, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/",
                        .retry = H2CLIENT_RETRY(.max_retries = 1, .jitter = H2CLIENT_OFF));
    h2t_rig_run_ms(&rig, 500);
    rig.plan.fails = false;
    expect_status(call, 200);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    finish(&rig, call);
}
END_TEST

static void hold(struct h2t_peer *peer, const struct h2t_seen_request *request,
                 struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    response->status = 200;
    response->is_held = true;
}

TEST(first_byte_limit_is_retried_by_policy)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = hold;
    h2t_rig_open(&rig, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .first_byte_timeout_ms = 1000,
                        .retry = H2CLIENT_RETRY(.max_retries = 2, .jitter = H2CLIENT_OFF));
    h2client_call_await(call);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_ERROR_TIMEOUT);
    ck_assert_int_eq(h2client_call_error(call)->n_attempts, 3);
    ck_assert_int_ge(h2client_call_error(call)->elapsed_us, 6000000); /* 3 x 1 s, 1 s, 2 s */
    finish(&rig, call);
}
END_TEST

/* ---- what may have been processed ------------------------------------------------------------ */

/* Loses its connection at the first request of it. */
static void lose(struct h2t_peer *peer, const struct h2t_seen_request *request,
                 struct h2t_response *response, void *user)
{
    struct h2t_rig *rig = user;

    (void)peer, (void)request;
    response->is_held = true;
    h2t_link_close(rig->dialer.dials[rig->dialer.n_dials - 1]->link);
}

static h2client_call *start_losing(struct h2t_rig *rig, const char *method)
{
    h2t_rig_init(rig);
    rig->plan.peer.on_request = lose;
    rig->plan.peer.user = rig;
    h2t_rig_open(rig, NULL);
    return h2client_start(rig->session, method, H2T_ORIGIN "/", NULL);
}

TEST(lost_get_is_sent_again_once)
{
    struct h2t_rig rig;
    h2client_call *call = start_losing(&rig, "GET");

    h2client_call_await(call);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_ERROR_EMPTY_REPLY);
    ck_assert_int_eq(h2client_call_error(call)->n_attempts, 2);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    finish(&rig, call);
}
END_TEST

/* Begins again: until then it loses whatever comes. */
struct restart {
    struct h2t_rig *rig;
    int64_t until_ms;
};

static void lose_until_it_is_back(struct h2t_peer *peer, const struct h2t_seen_request *request,
                                  struct h2t_response *response, void *user)
{
    struct restart *restart = user;

    response->status = 200;
    if (h2t_rig_now_ms(restart->rig) < restart->until_ms)
        lose(peer, request, response, restart->rig);
}

TEST(lost_get_waits_until_a_restart_is_over)
{
    struct h2t_rig rig;
    struct restart restart = {.rig = &rig};
    h2client_call *call;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = lose_until_it_is_back;
    rig.plan.peer.user = &restart;
    h2t_rig_open(&rig, NULL);
    restart.until_ms = h2t_rig_now_ms(&rig) + 40;
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    expect_status(call, 200);
    ck_assert_int_eq(h2client_call_get_info(call)->n_attempts, 2);
    ck_assert_int_le(h2client_call_get_info(call)->total_us, 100000);
    finish(&rig, call);
}
END_TEST

TEST(lost_post_is_never_sent_again)
{
    struct h2t_rig rig;
    h2client_call *call = start_losing(&rig, "POST");

    h2client_call_await(call);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_ERROR_EMPTY_REPLY);
    ck_assert_int_eq(h2client_call_error(call)->replay_class, H2CLIENT_REPLAY_MAYBE_PROCESSED);
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    finish(&rig, call);
}
END_TEST

/* ---- the class of a call that failed ----------------------------------------------------------
 */

static void go_away(struct h2t_rig *rig)
{
    rig->plan.fails = true;
    rig->plan.fault = (h2client_fault){.code = H2CLIENT_ERROR_CONNECT_REFUSED, .tls_alert = -1};
}

static void lose_and_go_away(struct h2t_peer *peer, const struct h2t_seen_request *request,
                             struct h2t_response *response, void *user)
{
    lose(peer, request, response, user);
    go_away(user);
}

static void answer_and_go_away(struct h2t_peer *peer, const struct h2t_seen_request *request,
                               struct h2t_response *response, void *user)
{
    response->status = 503;
    h2t_peer_goaway(peer, request->stream_id, 0, "");
    go_away(user);
}

/* A POST that a policy sends twice: the second time there is nobody to connect to. */
static void expect_class(void (*first_request)(struct h2t_peer *, const struct h2t_seen_request *,
                                               struct h2t_response *, void *),
                         h2client_replay_class replay_class)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = first_request;
    rig.plan.peer.user = &rig;
    h2t_rig_open(&rig, NULL);
    call = h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_TEXT("pay"),
                         .retry = H2CLIENT_RETRY(.max_retries = 1, .any_method = H2CLIENT_ON));
    h2client_call_await(call);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_ERROR_CONNECT_REFUSED);
    ck_assert_int_eq(h2client_call_attempt(call, 1)->replay_class, H2CLIENT_REPLAY_NEVER_SENT);
    ck_assert_int_eq(h2client_call_error(call)->replay_class, replay_class);
    finish(&rig, call);
}

TEST(call_that_was_lost_once_says_so_whatever_came_later)
{
    expect_class(lose_and_go_away, H2CLIENT_REPLAY_MAYBE_PROCESSED);
}
END_TEST

TEST(call_that_was_answered_once_says_so_whatever_came_later)
{
    expect_class(answer_and_go_away, H2CLIENT_REPLAY_MAYBE_PROCESSED);
}
END_TEST

/* ---- no storm ----------------------------------------------------------------------------------
 */

static void refuse(struct h2t_peer *peer, const struct h2t_seen_request *request,
                   struct h2t_response *response, void *user)
{
    ++*(int *)user;
    response->is_held = true;
    h2t_peer_reset(peer, request->stream_id, 7 /* REFUSED_STREAM */);
}

TEST(server_that_refuses_all_gets_a_hundred_more_at_most)
{
    struct h2t_rig rig;
    h2client_call *calls[500];
    int n_seen = 0;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = refuse;
    rig.plan.peer.user = &n_seen;
    h2t_rig_open(&rig, NULL);
    for (int i = 0; i < 500; i++)
        calls[i] = h2client_get(rig.session, H2T_ORIGIN "/");
    h2client_gather(calls, 500);
    ck_assert_int_eq(n_seen, 600);
    for (int i = 0; i < 500; i++) {
        ck_assert_int_eq(h2client_call_state(calls[i]), H2CLIENT_ERROR_H2_REFUSED_STREAM);
        h2client_call_destroy(calls[i]);
    }
    h2t_rig_finish(&rig);
}
END_TEST

TEST(refused_streams_are_spread_over_time)
{
    struct h2t_rig rig;
    h2client_call *calls[50];
    int n_seen = 0;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = refuse;
    rig.plan.peer.user = &n_seen;
    h2t_rig_open(&rig, NULL);
    for (int i = 0; i < 50; i++)
        calls[i] = h2client_get(rig.session, H2T_ORIGIN "/");
    h2t_rig_run_ms(&rig, 30);
    ck_assert_int_gt(n_seen, 50);
    ck_assert_int_lt(n_seen, 90);
    for (int i = 0; i < 50; i++)
        h2client_call_destroy(calls[i]);
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- 421
 * ------------------------------------------------------------------------------------------ */

TEST(misdirected_request_goes_over_another_connection)
{
    struct moody moody = {.n_left = 1, .status = 421};
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, &moody, NULL);
    call = h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_TEXT("body"));
    expect_status(call, 200);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    ck_assert_str_eq(h2t_peer_request(h2t_rig_peer(&rig, 1), 0)->body, "body");
    finish(&rig, call);
}
END_TEST

TEST(misdirected_twice_is_the_answer)
{
    struct moody moody = {.n_left = 2, .status = 421};
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, &moody, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    expect_status(call, 421);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    finish(&rig, call);
}
END_TEST

/* ---- the history
 * ------------------------------------------------------------------------------------ */

TEST(history_tells_every_attempt_with_its_reason)
{
    static const h2client_header fields[] = {{"retry-after", "2"}, {NULL, NULL}};
    struct moody moody = {.n_left = 1, .status = 503, .fields = fields};
    struct h2t_rig rig;
    const h2client_attempt *first, *second;
    h2client_call *call;

    start(&rig, &moody, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .retry = H2CLIENT_RETRY(.max_retries = 1));
    expect_status(call, 200);
    first = h2client_call_attempt(call, 0);
    second = h2client_call_attempt(call, 1);
    ck_assert_str_eq(first->reason, "status 503");
    ck_assert_int_eq(first->status, 503);
    ck_assert_int_eq(first->stream_id, 1);
    ck_assert_int_eq(first->delay_us, 2000000);
    ck_assert_int_eq(second->started_us, first->ended_us + first->delay_us);
    ck_assert_str_eq(second->reason, "");
    ck_assert_int_eq(second->status, 200);
    ck_assert_int_eq(second->stream_id, 3);
    ck_assert_ptr_null(h2client_call_attempt(call, 2));
    ck_assert_ptr_null(h2client_call_attempt(NULL, 0));
    finish(&rig, call);
}
END_TEST

TEST(history_tells_the_class_of_a_failure)
{
    struct h2t_rig rig;
    h2client_call *call = start_losing(&rig, "GET");
    const h2client_attempt *first;

    h2client_call_await(call);
    first = h2client_call_attempt(call, 0);
    ck_assert_int_eq(first->code, H2CLIENT_ERROR_EMPTY_REPLY);
    ck_assert_int_eq(first->replay_class, H2CLIENT_REPLAY_MAYBE_PROCESSED);
    ck_assert_uint_eq(first->conn_id, 1);
    ck_assert_int_eq(h2client_call_attempt(call, 1)->code, H2CLIENT_ERROR_EMPTY_REPLY);
    ck_assert_uint_eq(h2client_call_attempt(call, 1)->conn_id, 2);
    finish(&rig, call);
}
END_TEST

TEST_MAIN("facade_retry", {T(status_is_an_answer_without_a_policy)},
          {T(retried_status_is_seen_by_nobody)}, {T(last_status_stands_when_retries_are_used_up)},
          {T(session_policy_holds_for_calls_that_say_nothing)},
          {T(post_is_retried_only_where_the_policy_says_so)}, {T(retry_after_is_waited_for)},
          {T(retry_after_for_ever_is_waited_for_by_nobody)},
          {T(retry_after_of_the_largest_numbers_is_still_a_time)},
          {T(retry_that_would_outlive_the_total_limit_is_not_made)},
          {T(cancel_while_it_waits_ends_it)}, {T(refused_connection_is_retried_by_policy)},
          {T(first_byte_limit_is_retried_by_policy)}, {T(lost_get_is_sent_again_once)},
          {T(lost_get_waits_until_a_restart_is_over)}, {T(lost_post_is_never_sent_again)},
          {T(call_that_was_lost_once_says_so_whatever_came_later)},
          {T(call_that_was_answered_once_says_so_whatever_came_later)},
          {T(server_that_refuses_all_gets_a_hundred_more_at_most)},
          {T(refused_streams_are_spread_over_time)},
          {T(misdirected_request_goes_over_another_connection)},
          {T(misdirected_twice_is_the_answer)}, {T(history_tells_every_attempt_with_its_reason)},
          {T(history_tells_the_class_of_a_failure)})
