/* SPDX-License-Identifier: MIT */
/* session_close: it always returns, whatever calls and callbacks are up to. */
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

static void hold(struct h2t_peer *peer, const struct h2t_seen_request *request,
                 struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    response->is_held = true;
}

static void fail_for_now(struct h2t_peer *peer, const struct h2t_seen_request *request,
                         struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    response->status = 503;
}

static void open_rig(struct h2t_rig *rig, h2t_on_request on_request,
                     const h2client_session_options *options)
{
    h2t_rig_init(rig);
    rig->plan.peer.on_request = on_request;
    h2t_rig_open(rig, options);
}

static void expect_closed(h2client_call *call)
{
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_ERROR_SESSION_CLOSED);
    h2client_call_destroy(call);
}

static size_t take_all(h2client_call *call, const void *data, size_t len, void *user)
{
    (void)call, (void)data, (void)user;
    return len;
}

TEST(close_ends_a_success_that_its_paused_reader_holds)
{
    struct h2t_rig rig;
    h2client_call *call;

    open_rig(&rig, NULL, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .on_data = take_all);
    h2client_call_pause(call);
    h2t_rig_run_ms(&rig, 100);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_PENDING);
    ck_assert_int_eq(h2client_session_close(rig.session, 10), H2CLIENT_ERROR_TIMEOUT);
    ck_assert_int_eq(h2client_call_error(call)->replay_class, H2CLIENT_REPLAY_MAYBE_PROCESSED);
    expect_closed(call);
    h2t_rig_finish(&rig);
}
END_TEST

static void note_end(h2client_call *call, const h2client_error *error, void *user)
{
    (void)call;
    *(h2client_error_code *)user = error->code;
}

TEST(destroy_makes_no_success_of_a_body_that_was_not_told)
{
    h2client_error_code code = H2CLIENT_PENDING;
    struct h2t_rig rig;
    h2client_call *call;

    open_rig(&rig, NULL, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .on_data = take_all, .on_done = note_end,
                        .user = &code);
    h2client_call_pause(call);
    h2t_rig_run_ms(&rig, 100);
    h2client_session_destroy(rig.session);
    rig.session = NULL;
    ck_assert_int_eq(code, H2CLIENT_ERROR_SESSION_CLOSED);
    expect_closed(call);
    h2t_rig_finish(&rig);
}
END_TEST

static void leave(h2client_call *call, const h2client_response *resp, void *user)
{
    (void)call;
    ck_assert_int_eq(h2client_response_status(resp), 200);
    h2client_session_destroy(user);
}

TEST(destroy_inside_a_callback_makes_no_success_of_a_body_that_was_not_told)
{
    struct h2t_rig rig;
    h2client_call *call;

    open_rig(&rig, NULL, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .on_response = leave, .on_data = take_all,
                        .user = rig.session);
    h2client_call_await(call);
    rig.session = NULL;
    expect_closed(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(close_ends_who_waits_to_be_sent_again)
{
    struct h2t_rig rig;
    h2client_call *call;

    open_rig(&rig, fail_for_now,
             H2CLIENT_SESSION(.defaults =
                                  H2CLIENT_CALL(.retry = H2CLIENT_RETRY(.max_retries = 1,
                                                                        .jitter = H2CLIENT_OFF,
                                                                        .base_delay_ms = 5000))));
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    h2t_rig_run_ms(&rig, 100);
    ck_assert_int_eq(h2client_session_close(rig.session, 1000), H2CLIENT_ERROR_TIMEOUT);
    ck_assert_int_eq(h2client_call_error(call)->replay_class, H2CLIENT_REPLAY_MAYBE_PROCESSED);
    expect_closed(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(close_lets_those_go_on_who_wait_in_the_queue)
{
    struct h2t_rig rig;
    h2client_call *calls[20];

    open_rig(&rig, NULL, H2CLIENT_SESSION(.max_streams_per_conn = 1, .max_h2_conns_per_host = 1));
    for (size_t i = 0; i < 20; i++)
        calls[i] = h2client_get(rig.session, H2T_ORIGIN "/");
    ck_assert_int_eq(h2client_session_close(rig.session, -1), H2CLIENT_OK);
    for (size_t i = 0; i < 20; i++) {
        ck_assert_int_eq(h2client_call_state(calls[i]), H2CLIENT_OK);
        h2client_call_destroy(calls[i]);
    }
    h2t_rig_finish(&rig);
}
END_TEST

struct tireless {
    struct h2t_rig rig;
    int n_done;
};

/* As an application does that keeps so many running. */
static void start_another(h2client_call *call, const h2client_error *error, void *user)
{
    struct tireless *tireless = user;

    (void)error;
    tireless->n_done++;
    h2client_call_destroy(call);
    call = h2client_get(tireless->rig.session, H2T_ORIGIN "/", .on_done = start_another,
                        .user = tireless);
    (void)call;
}

static void close_tireless(int64_t timeout_ms, h2client_error_code code)
{
    struct tireless tireless = {.n_done = 0};
    h2client_call *call;

    open_rig(&tireless.rig, code ? hold : NULL, NULL);
    call = h2client_get(tireless.rig.session, H2T_ORIGIN "/", .on_done = start_another,
                        .user = &tireless);
    ck_assert_ptr_nonnull(call);
    ck_assert_int_eq(h2client_session_close(tireless.rig.session, timeout_ms), code);
    ck_assert_int_ge(tireless.n_done, 1);
    h2t_rig_finish(&tireless.rig);
}

TEST(close_returns_though_every_end_starts_another_call)
{
    close_tireless(-1, H2CLIENT_OK);
}
END_TEST

TEST(close_after_its_time_returns_though_every_end_starts_another_call)
{
    close_tireless(100, H2CLIENT_ERROR_TIMEOUT);
}
END_TEST

TEST_MAIN("facade_close", {T(close_ends_a_success_that_its_paused_reader_holds)},
          {T(destroy_makes_no_success_of_a_body_that_was_not_told)},
          {T(destroy_inside_a_callback_makes_no_success_of_a_body_that_was_not_told)},
          {T(close_ends_who_waits_to_be_sent_again)},
          {T(close_lets_those_go_on_who_wait_in_the_queue)},
          {T(close_returns_though_every_end_starts_another_call)},
          {T(close_after_its_time_returns_though_every_end_starts_another_call)})
