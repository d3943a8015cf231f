/* SPDX-License-Identifier: MIT */
/* Limits on time, each on the virtual clock: which one fires, when, and what it says. */
#include <stdio.h>
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

static void hold(struct h2t_peer *peer, const struct h2t_seen_request *request,
                 struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    response->is_held = true;
}

/* The call must end by this limit after so many milliseconds, to the microsecond. */
static void assert_timeout(h2client_call *call, h2client_limit limit, int64_t after_ms)
{
    const h2client_error *error;

    ck_assert_ptr_null(h2client_call_await(call));
    error = h2client_call_error(call);
    ck_assert_int_eq(error->code, H2CLIENT_ERROR_TIMEOUT);
    ck_assert_int_eq(error->limit, limit);
    ck_assert_int_eq(error->elapsed_us, after_ms * 1000);
    ck_assert_int_eq(error->exit_code, 28);
    h2client_call_destroy(call);
}

TEST(limit_connect_covers_dns_connect_and_tls_together)
{
    struct h2t_rig rig;

    h2t_rig_init(&rig);
    rig.plan.delay_ms = 300;
    rig.tls.delay_ms = 300;
    h2t_rig_open(&rig, NULL);
    assert_timeout(h2client_get(rig.session, H2T_ORIGIN "/", .connect_timeout_ms = 500),
                   H2CLIENT_LIMIT_CONNECT, 500);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(limit_sock_connect_fires_for_a_silent_address)
{
    struct h2t_rig rig;

    h2t_rig_init(&rig);
    rig.plan.is_silent = true;
    h2t_rig_open(&rig, NULL);
    assert_timeout(h2client_get(rig.session, H2T_ORIGIN "/", .sock_connect_timeout_ms = 700),
                   H2CLIENT_LIMIT_SOCK_CONNECT, 700);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(limit_tls_fires_for_a_server_that_stays_silent)
{
    struct h2t_rig rig;

    h2t_rig_init(&rig);
    rig.tls.is_silent = true;
    h2t_rig_open(&rig, NULL);
    assert_timeout(h2client_get(rig.session, H2T_ORIGIN "/", .tls_timeout_ms = 800),
                   H2CLIENT_LIMIT_TLS, 800);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(limit_first_byte_runs_from_the_sent_request)
{
    struct h2t_rig rig;

    h2t_rig_init(&rig);
    rig.plan.delay_ms = 100;
    rig.plan.peer.on_request = hold;
    h2t_rig_open(&rig, NULL);
    assert_timeout(h2client_get(rig.session, H2T_ORIGIN "/", .first_byte_timeout_ms = 400),
                   H2CLIENT_LIMIT_FIRST_BYTE, 500);
    h2t_rig_finish(&rig);
}
END_TEST

static void answer_partly(struct h2t_peer *peer, const struct h2t_seen_request *request,
                          struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    response->status = 200;
    response->body_len = 65536 * 2; /* the second half needs a window that nobody gives */
}

TEST(limit_read_idle_rests_while_the_reader_holds_the_stream)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = answer_partly;
    h2t_rig_open(&rig, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .read_idle_timeout_ms = 1000);
    h2client_call_await_response(call);
    h2t_rig_run_ms(&rig, 60000);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_PENDING);
    ck_assert_ptr_nonnull(h2client_call_await(call));
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(limit_total_runs_while_waiting_for_a_stream)
{
    struct h2t_rig rig;
    h2client_call *first, *second;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = hold;
    rig.plan.peer.max_concurrent_streams = 1;
    h2t_rig_open(&rig, NULL);
    first = h2client_get(rig.session, H2T_ORIGIN "/");
    h2t_rig_run_ms(&rig, 10);
    second = h2client_get(rig.session, H2T_ORIGIN "/", .total_timeout_ms = 200,
                          .connect_timeout_ms = 100);
    assert_timeout(second, H2CLIENT_LIMIT_TOTAL, 200);
    ck_assert_uint_eq(h2t_peer_n_requests(h2t_rig_peer(&rig, 0)), 1);
    h2client_call_destroy(first);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(limit_of_the_session_is_inherited_and_overridden)
{
    struct h2t_rig rig;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = hold;
    h2t_rig_open(&rig, H2CLIENT_SESSION(.defaults = H2CLIENT_CALL(.total_timeout_ms = 300)));
    assert_timeout(h2client_get(rig.session, H2T_ORIGIN "/"), H2CLIENT_LIMIT_TOTAL, 300);
    assert_timeout(h2client_get(rig.session, H2T_ORIGIN "/", .total_timeout_ms = 100),
                   H2CLIENT_LIMIT_TOTAL, 100);
    assert_timeout(h2client_get(rig.session, H2T_ORIGIN "/", .total_timeout_ms = H2CLIENT_NO_LIMIT,
                                .first_byte_timeout_ms = 900),
                   H2CLIENT_LIMIT_FIRST_BYTE, 900);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(limit_message_says_which_after_how_long_and_from_whom)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = hold;
    h2t_rig_open(&rig, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .first_byte_timeout_ms = 5000);
    h2client_call_await(call);
    ck_assert_str_eq(h2client_call_error(call)->message,
                     "first byte timeout after 5000 ms, HTTP/2 stream 1");
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(limit_negative_is_an_invalid_argument_that_is_named)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_start(&rig);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .read_idle_timeout_ms = -7);
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(h2client_call_error(call)->message, "read_idle_timeout_ms: -7"));
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

static void answer_long(struct h2t_peer *peer, const struct h2t_seen_request *request,
                        struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    response->status = 200;
    response->body_len = 200000;
}

/* What the application does between two driving functions takes no time of the server's. */
TEST(limit_read_idle_rests_for_a_reader_that_thinks_between_reads)
{
    struct h2t_rig rig;
    char buf[8192];
    size_t n = 1, total = 0;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = answer_long;
    h2t_rig_open(&rig, NULL);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/", .read_idle_timeout_ms = 1000);
    while (n) {
        ck_assert_int_eq(h2client_call_read(call, buf, sizeof buf, &n), H2CLIENT_OK);
        total += n;
        rig.world.now_us += 500000;
    }
    ck_assert_uint_eq(total, 200000);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

static size_t keep(h2client_call *call, const void *data, size_t len, void *user)
{
    (void)call, (void)data;
    *(size_t *)user += len;
    return 0;
}

TEST(limit_read_idle_begins_anew_with_a_late_credit)
{
    struct h2t_rig rig;
    size_t n_kept = 0;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = answer_long;
    h2t_rig_open(&rig, NULL);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/", .read_idle_timeout_ms = 1000,
                                       .on_data = keep, .user = &n_kept);
    while (h2client_call_state(call) == H2CLIENT_PENDING) {
        h2t_rig_turn(&rig, 10);
        rig.world.now_us += 5000000;
        ck_assert_int_eq(h2client_call_credit(call, n_kept), H2CLIENT_OK);
        n_kept = 0;
    }
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_OK);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

static h2client_pull_result wait_once(void *buf, size_t cap, size_t *n, void *user)
{
    (void)buf, (void)cap, (void)n;
    return ++*(int *)user == 1 ? H2CLIENT_PULL_NOT_NOW : H2CLIENT_PULL_END;
}

TEST(limit_write_stall_rests_until_the_upload_is_resumed)
{
    struct h2t_rig rig;
    int n_asked = 0;

    h2t_rig_start(&rig);
    rig.plan.peer.on_request = hold;
    h2client_call *call = h2client_post(
        rig.session, H2T_ORIGIN "/", .write_stall_timeout_ms = 1000, .first_byte_timeout_ms = 1,
        .body = H2CLIENT_PULL(wait_once, &n_asked, H2CLIENT_LENGTH_UNKNOWN));
    h2t_rig_turn(&rig, 10);
    ck_assert_int_eq(n_asked, 1);
    rig.world.now_us += 5000000;
    h2client_call_resume_upload(call);
    assert_timeout(call, H2CLIENT_LIMIT_FIRST_BYTE, 5001);
    h2t_rig_finish(&rig);
}
END_TEST

static void pause_it(h2client_call *call, const h2client_response *resp, void *user)
{
    (void)resp, (void)user;
    h2client_call_pause(call);
}

TEST(limit_total_runs_for_a_paused_reader_though_all_has_come)
{
    struct h2t_rig rig;
    size_t n_kept = 0;

    h2t_rig_start(&rig);
    assert_timeout(h2client_get(rig.session, H2T_ORIGIN "/", .total_timeout_ms = 700,
                                .on_response = pause_it, .on_data = keep, .user = &n_kept),
                   H2CLIENT_LIMIT_TOTAL, 700);
    ck_assert_uint_eq(n_kept, 0);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(limits_of_the_largest_numbers_never_fire)
{
    const int64_t edge = INT64_MAX / 1000; /* as microseconds it just fits */

    for (int64_t most = edge - 1; most <= edge + 1; most++) {
        struct h2t_rig rig;
        h2t_rig_start(&rig);
        h2client_call *call = h2client_get(
            rig.session, H2T_ORIGIN "/", .total_timeout_ms = most, .connect_timeout_ms = most,
            .dns_timeout_ms = most, .sock_connect_timeout_ms = most, .tls_timeout_ms = most,
            .first_byte_timeout_ms = most, .read_idle_timeout_ms = most,
            .write_stall_timeout_ms = most);
        ck_assert_ptr_nonnull(h2client_call_await(call));
        h2client_call_destroy(call);
        h2t_rig_finish(&rig);
    }
}
END_TEST

static const struct h2t_response plain = {.status = 200, .body = "ok", .body_len = 2};

/* Room that streams of one origin give back is everybody's. */
TEST(limit_of_held_bytes_lets_calls_of_another_origin_go_on)
{
    struct h2t_rig rig;
    h2client_call *calls[4];

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = hold;
    h2t_rig_open(&rig, H2CLIENT_SESSION(.max_held_bytes = 131072));
    for (int i = 0; i < 4; i++) {
        calls[i] = h2client_get(rig.session, i < 2 ? "https://one.test/" : "https://two.test/");
        h2t_rig_turn(&rig, 10);
    }
    ck_assert_uint_eq(h2t_peer_n_requests(h2t_rig_peer(&rig, 1)), 1);
    h2t_peer_answer(h2t_rig_peer(&rig, 0), 1, &plain);
    h2t_peer_answer(h2t_rig_peer(&rig, 0), 3, &plain);
    h2t_rig_turn(&rig, 10);
    ck_assert_uint_eq(h2t_peer_n_requests(h2t_rig_peer(&rig, 1)), 2);
    for (int i = 0; i < 4; i++)
        h2client_call_destroy(calls[i]);
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- what was tried till then -------------------------------------------------------- */

TEST(limit_of_who_waits_for_a_connection_tells_what_that_has_met)
{
    static const char met[] = "connect to server.test failed: 192.0.2.1:443: timed out";
    const h2client_call_options options[] = {
        *H2CLIENT_CALL(.connect_timeout_ms = 500),
        *H2CLIENT_CALL(.total_timeout_ms = 500, .connect_timeout_ms = H2CLIENT_NO_LIMIT)};
    const char *const texts[] = {"connect timeout after 500 ms: ", "total timeout after 500 ms: "};

    for (size_t i = 0; i < 2; i++) {
        struct h2t_rig rig;
        char text[200];
        h2t_rig_init(&rig);
        rig.plan.is_silent = true;
        rig.plan.met = met;
        h2t_rig_open(&rig, NULL);
        h2client_call *call = h2client_start(rig.session, "GET", H2T_ORIGIN "/", &options[i]);
        ck_assert_ptr_null(h2client_call_await(call));
        snprintf(text, sizeof text, "%s%s", texts[i], met);
        ck_assert_msg(strstr(h2client_call_error(call)->message, text) != NULL, "%s",
                      h2client_call_error(call)->message);
        h2client_call_destroy(call);
        h2t_rig_finish(&rig);
    }
}
END_TEST

TEST_MAIN("facade_limits", {T(limit_connect_covers_dns_connect_and_tls_together)},
          {T(limit_sock_connect_fires_for_a_silent_address)},
          {T(limit_tls_fires_for_a_server_that_stays_silent)},
          {T(limit_first_byte_runs_from_the_sent_request)},
          {T(limit_read_idle_rests_while_the_reader_holds_the_stream)},
          {T(limit_total_runs_while_waiting_for_a_stream)},
          {T(limit_of_the_session_is_inherited_and_overridden)},
          {T(limit_message_says_which_after_how_long_and_from_whom)},
          {T(limit_negative_is_an_invalid_argument_that_is_named)},
          {T(limit_read_idle_rests_for_a_reader_that_thinks_between_reads)},
          {T(limit_read_idle_begins_anew_with_a_late_credit)},
          {T(limit_write_stall_rests_until_the_upload_is_resumed)},
          {T(limit_total_runs_for_a_paused_reader_though_all_has_come)},
          {T(limits_of_the_largest_numbers_never_fire)},
          {T(limit_of_held_bytes_lets_calls_of_another_origin_go_on)},
          {T(limit_of_who_waits_for_a_connection_tells_what_that_has_met)})
