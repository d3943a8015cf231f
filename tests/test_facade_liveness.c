/* SPDX-License-Identifier: MIT */
/* Connections that died without a word, and those that only seem to have. */
#include <string.h>

#include "h2client-testing/raw_frames.h"
#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

static void hold(struct h2t_peer *peer, const struct h2t_seen_request *request,
                 struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    response->status = 200;
    response->is_held = true;
}

static void expect_ok(h2client_call *call)
{
    h2client_call_await(call);
    ck_assert_msg(h2client_call_state(call) == H2CLIENT_OK, "%s",
                  h2client_call_error(call)->message);
    h2client_call_destroy(call);
}

/* Its server says its SETTINGS, and nothing ever again. */
static void go_silent(struct h2t_rig *rig, size_t conn)
{
    struct h2t_bytes bytes = {NULL, 0, 0};

    h2t_settings(&bytes, NULL, NULL, 0);
    h2t_peer_send_raw(h2t_rig_peer(rig, conn), bytes.data, bytes.len);
    h2t_bytes_free(&bytes);
    rig->plan.peer.is_raw = false;
}

static void open_silent(struct h2t_rig *rig, const h2client_session_options *options)
{
    h2t_rig_init(rig);
    rig->plan.peer.is_raw = true;
    h2t_rig_open(rig, options);
}

static size_t n_pings(const struct h2t_rig *rig, size_t conn)
{
    return h2t_peer_count(h2t_rig_peer(rig, conn), H2T_PING, 0);
}

/* ---- while streams are open ------------------------------------------------------------- */

TEST(quiet_connection_is_asked_after_15_s)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = hold;
    h2t_rig_open(&rig, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    h2t_rig_run_ms(&rig, 14900);
    ck_assert_uint_eq(n_pings(&rig, 0), 0);
    h2t_rig_run_ms(&rig, 200);
    ck_assert_uint_eq(n_pings(&rig, 0), 1);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(answered_pings_keep_it_alive_and_make_no_storm)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = hold;
    h2t_rig_open(&rig, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .first_byte_timeout_ms = H2CLIENT_NO_LIMIT);
    h2t_rig_run_ms(&rig, 600000);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_PENDING);
    ck_assert_uint_ge(n_pings(&rig, 0), 39);
    ck_assert_uint_le(n_pings(&rig, 0), 41);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(unanswered_ping_ends_the_connection_and_a_get_goes_elsewhere)
{
    struct h2t_rig rig;
    h2client_call *call;

    open_silent(&rig, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    h2t_rig_turn(&rig, 5);
    go_silent(&rig, 0);
    h2t_rig_run_ms(&rig, 24900);
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    expect_ok(call);
    ck_assert_uint_eq(n_pings(&rig, 0), 1);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    ck_assert_uint_eq(h2t_dialer_n_open(&rig.dialer), 1);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(unanswered_ping_ends_a_post_with_that)
{
    struct h2t_rig rig;
    h2client_call *call;

    open_silent(&rig, NULL);
    call = h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_TEXT("once"));
    h2t_rig_turn(&rig, 5);
    go_silent(&rig, 0);
    h2client_call_await(call);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_ERROR_CONNECTION_DEAD);
    ck_assert_ptr_nonnull(strstr(h2client_call_error(call)->message, "no answer to PING"));
    ck_assert_int_eq(h2client_call_error(call)->replay_class, H2CLIENT_REPLAY_MAYBE_PROCESSED);
    ck_assert_int_ge(h2client_call_error(call)->elapsed_us, 25000000);
    ck_assert_int_le(h2client_call_error(call)->elapsed_us, 25010000);
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(ping_that_cannot_be_written_ends_it_too)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init(&rig);
    rig.plan.peer.is_raw = true;
    rig.plan.link.max_buffered = 64; /* less than its own preface: nothing more goes in */
    rig.plan.link.stops_reading = true;
    h2t_rig_open(&rig, NULL);
    call = h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_TEXT("stuck"),
                         .write_stall_timeout_ms = H2CLIENT_NO_LIMIT,
                         .first_byte_timeout_ms = H2CLIENT_NO_LIMIT);
    h2client_call_await(call);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_ERROR_CONNECTION_DEAD);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(others_are_not_disturbed_by_a_dead_connection)
{
    struct h2t_rig rig;
    h2client_call *dead, *other;

    open_silent(&rig, NULL);
    dead = h2client_post(rig.session, H2T_ORIGIN "/");
    h2t_rig_turn(&rig, 5);
    go_silent(&rig, 0);
    rig.plan.peer.on_request = hold;
    other = h2client_get(rig.session, "https://other.test/",
                         .first_byte_timeout_ms = H2CLIENT_NO_LIMIT);
    h2t_rig_run_ms(&rig, 40000);
    ck_assert_int_eq(h2client_call_state(dead), H2CLIENT_ERROR_CONNECTION_DEAD);
    ck_assert_int_eq(h2client_call_state(other), H2CLIENT_PENDING);
    h2client_call_destroy(dead);
    h2client_call_destroy(other);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(ping_options_are_kept_to)
{
    struct h2t_rig rig;
    h2client_call *call;

    open_silent(&rig, H2CLIENT_SESSION(.ping_after_ms = 1000, .ping_timeout_ms = 500));
    call = h2client_post(rig.session, H2T_ORIGIN "/");
    h2t_rig_turn(&rig, 5);
    go_silent(&rig, 0);
    h2client_call_await(call);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_ERROR_CONNECTION_DEAD);
    ck_assert_int_le(h2client_call_error(call)->elapsed_us, 1510000);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- before reuse -----------------------------------------------------------------------------
 */

TEST(connection_idle_for_30_s_is_asked_before_it_is_used)
{
    struct h2t_rig rig;
    const struct h2t_peer *peer;

    h2t_rig_start(&rig);
    h2client_call_destroy(h2t_rig_get(&rig, "/"));
    peer = h2t_rig_peer(&rig, 0);
    h2t_rig_run_ms(&rig, 29000);
    h2client_call_destroy(h2t_rig_get(&rig, "/"));
    ck_assert_uint_eq(n_pings(&rig, 0), 0);
    h2t_rig_run_ms(&rig, 30000);
    h2client_call_destroy(h2t_rig_get(&rig, "/"));
    ck_assert_uint_eq(n_pings(&rig, 0), 1);
    ck_assert_uint_eq(h2t_peer_n_requests(peer), 3);
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    h2t_rig_finish(&rig);
}
END_TEST

/* The ping's turn comes before the request's. */
TEST(request_waits_for_the_answer)
{
    struct h2t_rig rig;
    const struct h2t_peer *peer;
    size_t n;

    h2t_rig_start(&rig);
    h2client_call_destroy(h2t_rig_get(&rig, "/"));
    h2t_rig_run_ms(&rig, 31000);
    h2client_call_destroy(h2t_rig_get(&rig, "/"));
    peer = h2t_rig_peer(&rig, 0);
    n = h2t_peer_n_frames(peer);
    while (n > 0 && h2t_peer_frame(peer, n - 1)->type != H2T_PING)
        ck_assert(h2t_peer_frame(peer, --n)->type == H2T_HEADERS ||
                  h2t_peer_frame(peer, n)->type == H2T_WINDOW_UPDATE);
    ck_assert_uint_gt(n, 0);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(connection_found_dead_before_reuse_costs_no_call)
{
    struct h2t_rig rig;
    h2client_call *call;

    open_silent(&rig, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .total_timeout_ms = 5000);
    h2t_rig_turn(&rig, 5);
    go_silent(&rig, 0);
    h2t_peer_answer(h2t_rig_peer(&rig, 0), 1, &(struct h2t_response){.status = 200});
    expect_ok(call);
    h2t_rig_run_ms(&rig, 40000);
    call = h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_TEXT("safe"));
    expect_ok(call);
    ck_assert_uint_eq(h2t_peer_n_requests(h2t_rig_peer(&rig, 0)), 1);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- idle connections
 * ---------------------------------------------------------------------------- */

TEST(end_of_an_idle_connection_is_noticed_at_once)
{
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    h2client_call_destroy(h2t_rig_get(&rig, "/"));
    h2t_link_close(rig.dialer.dials[0]->link);
    h2t_rig_turn(&rig, 3);
    ck_assert_uint_eq(h2t_dialer_n_open(&rig.dialer), 0);
    h2t_rig_finish(&rig);
}
END_TEST

/* Behaviour 34: the end has come, and nobody has looked yet. */
TEST(end_that_was_not_read_yet_costs_no_call)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_start(&rig);
    h2client_call_destroy(h2t_rig_get(&rig, "/"));
    h2t_link_close(rig.dialer.dials[0]->link);
    call = h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_TEXT("whole"));
    h2client_call_await(call);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_OK);
    ck_assert_uint_eq(h2t_peer_n_requests(h2t_rig_peer(&rig, 0)), 1);
    ck_assert_str_eq(h2t_peer_request(h2t_rig_peer(&rig, 1), 0)->body, "whole");
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(reset_that_was_not_read_yet_costs_no_call)
{
    static const h2client_fault fault = {.code = H2CLIENT_ERROR_CONNECTION_RESET, .tls_alert = -1};
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    h2client_call_destroy(h2t_rig_get(&rig, "/"));
    h2t_link_break(rig.dialer.dials[0]->link, &fault);
    expect_ok(h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_TEXT("whole")));
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(goaway_to_an_idle_connection_is_noticed)
{
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    h2client_call_destroy(h2t_rig_get(&rig, "/"));
    h2t_peer_goaway(h2t_rig_peer(&rig, 0), 1, 0, "");
    expect_ok(h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_TEXT("whole")));
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(idle_connection_answers_pings)
{
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    h2client_call_destroy(h2t_rig_get(&rig, "/"));
    h2t_peer_ping(h2t_rig_peer(&rig, 0));
    h2t_rig_turn(&rig, 3);
    ck_assert_uint_eq(n_pings(&rig, 0), 1);
    ck_assert_int_eq(h2t_peer_last(h2t_rig_peer(&rig, 0), H2T_PING, 0)->flags, H2T_ACK);
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- suspects
 * ------------------------------------------------------------------------------------ */

TEST(connection_on_which_a_call_timed_out_is_asked_before_the_next)
{
    struct h2t_rig rig;
    h2client_call *late;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = hold;
    h2t_rig_open(&rig, NULL);
    late = h2client_post(rig.session, H2T_ORIGIN "/", .total_timeout_ms = 1000);
    h2client_call_await(late);
    ck_assert_int_eq(h2client_call_state(late), H2CLIENT_ERROR_TIMEOUT);
    h2client_call_destroy(late);
    h2t_rig_turn(&rig, 5);
    ck_assert_uint_eq(n_pings(&rig, 0), 1);
    ck_assert_uint_eq(h2t_dialer_n_open(&rig.dialer), 1);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(suspect_that_does_not_answer_gets_no_new_call)
{
    struct h2t_rig rig;
    h2client_call *late;

    open_silent(&rig, NULL);
    late = h2client_post(rig.session, H2T_ORIGIN "/", .total_timeout_ms = 1000);
    h2t_rig_turn(&rig, 5);
    go_silent(&rig, 0);
    h2client_call_await(late);
    h2client_call_destroy(late);
    expect_ok(h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_TEXT("safe")));
    ck_assert_uint_eq(h2t_peer_n_requests(h2t_rig_peer(&rig, 0)), 1);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    h2t_rig_finish(&rig);
}
END_TEST

TEST_MAIN("facade_liveness", {T(quiet_connection_is_asked_after_15_s)},
          {T(answered_pings_keep_it_alive_and_make_no_storm)},
          {T(unanswered_ping_ends_the_connection_and_a_get_goes_elsewhere)},
          {T(unanswered_ping_ends_a_post_with_that)}, {T(ping_that_cannot_be_written_ends_it_too)},
          {T(others_are_not_disturbed_by_a_dead_connection)}, {T(ping_options_are_kept_to)},
          {T(connection_idle_for_30_s_is_asked_before_it_is_used)},
          {T(request_waits_for_the_answer)}, {T(connection_found_dead_before_reuse_costs_no_call)},
          {T(end_of_an_idle_connection_is_noticed_at_once)},
          {T(end_that_was_not_read_yet_costs_no_call)},
          {T(reset_that_was_not_read_yet_costs_no_call)},
          {T(goaway_to_an_idle_connection_is_noticed)}, {T(idle_connection_answers_pings)},
          {T(connection_on_which_a_call_timed_out_is_asked_before_the_next)},
          {T(suspect_that_does_not_answer_gets_no_new_call)})
