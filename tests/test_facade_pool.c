/* SPDX-License-Identifier: MIT */
/* Which connection carries a call, when another one is opened, and when one goes. */
#include <stdio.h>
#include <string.h>

#include "h2client-testing/raw_frames.h"
#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

#define OTHER "https://other.test"

static const struct h2t_response ok = {.status = 200, .body = "ok", .body_len = 2};

/* Answers nothing by itself. */
static void hold(struct h2t_peer *peer, const struct h2t_seen_request *request,
                 struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    *response = ok;
    response->is_held = true;
}

static void open_rig(struct h2t_rig *rig, h2t_on_request on_request, uint32_t max_streams,
                     const h2client_session_options *options)
{
    h2t_rig_init(rig);
    rig->plan.peer.on_request = on_request;
    rig->plan.peer.max_concurrent_streams = max_streams;
    h2t_rig_open(rig, options);
}

static h2client_call *get(struct h2t_rig *rig)
{
    return h2client_get(rig->session, H2T_ORIGIN "/");
}

static void expect_ok(h2client_call *call)
{
    h2client_call_await(call);
    ck_assert_msg(h2client_call_state(call) == H2CLIENT_OK, "%s",
                  h2client_call_error(call)->message);
    h2client_call_destroy(call);
}

static void answer_all(struct h2t_rig *rig, size_t n_conns)
{
    for (size_t i = 0; i < n_conns; i++) {
        struct h2t_peer *peer = h2t_rig_peer(rig, i);
        for (size_t k = 0; peer && k < h2t_peer_n_requests(peer); k++)
            h2t_peer_answer(peer, h2t_peer_request(peer, k)->stream_id, &ok);
    }
}

static void destroy_all(h2client_call **calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h2client_call_destroy(calls[i]);
}

/* ---- another HTTP/2 connection -------------------------------------------------------- */

TEST(full_connection_gets_company_after_100_ms)
{
    struct h2t_rig rig;
    h2client_call *calls[2];

    open_rig(&rig, hold, 1, NULL);
    calls[0] = get(&rig);
    calls[1] = get(&rig);
    h2t_rig_run_ms(&rig, 99);
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    h2t_rig_run_ms(&rig, 2);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    ck_assert_uint_eq(h2t_peer_n_requests(h2t_rig_peer(&rig, 1)), 1);
    destroy_all(calls, 2);
    h2t_rig_finish(&rig);
}
END_TEST

/* Its words are there before a call could be handed to the connection. */
TEST(server_that_is_rude_at_once_is_not_dialled_for_ever)
{
    const struct h2t_h1_config rude = {.greeting = "220 mail.test ESMTP\r\n"};
    struct h2t_rig rig;

    h2t_rig_init(&rig);
    rig.plan.h1 = &rude;
    rig.tls.alpn = "h2";
    h2t_rig_open(&rig, NULL);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/");
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_H2_NOT_HTTP2);
    ck_assert_int_eq(h2client_call_error(call)->replay_class, H2CLIENT_REPLAY_NEVER_SENT);
    ck_assert_uint_le(rig.dialer.n_dials, 3);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(room_in_time_needs_no_other_connection)
{
    struct h2t_rig rig;
    h2client_call *first, *second;

    open_rig(&rig, hold, 1, NULL);
    first = get(&rig);
    second = get(&rig);
    h2t_rig_run_ms(&rig, 50);
    answer_all(&rig, 1);
    h2t_rig_run_ms(&rig, 500);
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    ck_assert_uint_eq(h2t_peer_n_requests(h2t_rig_peer(&rig, 0)), 2);
    h2client_call_destroy(first);
    h2client_call_destroy(second);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(four_connections_a_host_at_most)
{
    struct h2t_rig rig;
    h2client_call *calls[20];

    open_rig(&rig, hold, 1, NULL);
    for (int i = 0; i < 20; i++)
        calls[i] = get(&rig);
    h2t_rig_run_ms(&rig, 5000);
    ck_assert_uint_eq(rig.dialer.n_dials, 4);
    destroy_all(calls, 20);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(a_last_known_stream_limit_is_kept_to_from_the_start)
{
    struct h2t_rig rig;
    h2client_call *calls[5];

    open_rig(&rig, NULL, 2, NULL);
    expect_ok(get(&rig));
    h2t_link_close(rig.dialer.dials[0]->link);
    h2t_rig_turn(&rig, 3);
    rig.plan.peer.on_request = hold;
    rig.plan.peer.holds_settings = true;
    for (int i = 0; i < 5; i++)
        calls[i] = get(&rig);
    h2t_rig_turn(&rig, 10);
    ck_assert_uint_eq(h2t_peer_n_requests(h2t_rig_peer(&rig, 1)), 2);
    destroy_all(calls, 5);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(each_dial_gets_the_addresses_in_the_resolvers_order)
{
    static const struct h2t_script script = {
        .host = "server.test",
        .n_parts = 1,
        .parts = {{.addresses = {"192.0.2.1", "192.0.2.2", "192.0.2.3"}, .ttl_s = 60}}};
    struct h2t_rig rig;
    h2client_call *calls[8];

    open_rig(&rig, hold, 1, NULL);
    rig.dialer.wants_addresses = true;
    h2t_fake_resolver_script(rig.resolver, &script);
    for (int i = 0; i < 8; i++)
        calls[i] = get(&rig);
    h2t_rig_run_ms(&rig, 2000);
    ck_assert_uint_eq(rig.dialer.n_dials, 4);
    for (size_t i = 0; i < 4; i++)
        for (size_t place = 0; place < 3; place++)
            ck_assert_uint_eq(rig.dialer.dials[i]->addresses[place].bytes[3], place + 1);
    destroy_all(calls, 8);
    h2t_rig_finish(&rig);
}
END_TEST

/* A server that drains a busy connection: the next call finds another one open. */
TEST(drained_connection_is_replaced_before_the_next_call)
{
    struct h2t_rig rig;
    h2client_call *calls[20];

    open_rig(&rig, hold, 0, NULL);
    for (int i = 0; i < 20; i++)
        calls[i] = get(&rig);
    h2t_rig_turn(&rig, 6);
    h2t_peer_goaway(h2t_rig_peer(&rig, 0), INT32_MAX, 0, "");
    h2t_rig_turn(&rig, 6);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    ck_assert_uint_eq(h2t_dialer_n_open(&rig.dialer), 2);
    answer_all(&rig, 1);
    for (int i = 0; i < 20; i++)
        expect_ok(calls[i]);
    h2t_rig_run_ms(&rig, 5000);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(drained_connection_of_one_call_is_not_replaced)
{
    struct h2t_rig rig;
    h2client_call *call;

    open_rig(&rig, hold, 0, NULL);
    call = get(&rig);
    h2t_rig_turn(&rig, 6);
    h2t_peer_goaway(h2t_rig_peer(&rig, 0), INT32_MAX, 0, "");
    h2t_rig_turn(&rig, 6);
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- one limit over all -------------------------------------------------------------------- */

TEST(idle_connection_gives_its_place_to_another_host)
{
    struct h2t_rig rig;

    open_rig(&rig, NULL, 0, H2CLIENT_SESSION(.max_conns = 1));
    expect_ok(get(&rig));
    expect_ok(h2client_get(rig.session, OTHER "/"));
    expect_ok(get(&rig));
    ck_assert_uint_eq(rig.dialer.n_dials, 3);
    ck_assert_uint_eq(h2t_dialer_n_open(&rig.dialer), 1);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(busy_http2_connection_is_drained_for_another_host)
{
    struct h2t_rig rig;
    h2client_call *first, *other;

    open_rig(&rig, hold, 0, H2CLIENT_SESSION(.max_conns = 1));
    first = get(&rig);
    h2t_rig_turn(&rig, 5);
    other = h2client_get(rig.session, OTHER "/");
    h2t_rig_run_ms(&rig, 1000);
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    answer_all(&rig, 1);
    expect_ok(first);
    h2t_rig_turn(&rig, 5);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    answer_all(&rig, 2);
    expect_ok(other);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(nobody_starves_where_places_are_few)
{
    struct h2t_rig rig;
    h2client_call *calls[30];
    char url[64];

    open_rig(&rig, NULL, 0, H2CLIENT_SESSION(.max_conns = 2));
    for (int i = 0; i < 30; i++) {
        snprintf(url, sizeof url, "https://host%d.test/", i % 10);
        calls[i] = h2client_get(rig.session, url);
    }
    ck_assert_int_eq(h2client_gather(calls, 30), H2CLIENT_OK);
    for (int i = 0; i < 30; i++)
        ck_assert_int_eq(h2client_call_state(calls[i]), H2CLIENT_OK);
    ck_assert_uint_le(h2t_dialer_n_open(&rig.dialer), 2);
    destroy_all(calls, 30);
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- the queue --------------------------------------------------------------------------- */

TEST(full_queue_turns_the_last_away)
{
    struct h2t_rig rig;
    h2client_call *calls[5];

    open_rig(&rig, hold, 1, H2CLIENT_SESSION(.max_h2_conns_per_host = 1, .max_queued_calls = 2));
    calls[0] = get(&rig);
    h2t_rig_turn(&rig, 5);
    for (int i = 1; i < 5; i++)
        calls[i] = get(&rig);
    h2t_rig_turn(&rig, 5);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(h2client_call_state(calls[i]), H2CLIENT_PENDING);
    for (int i = 3; i < 5; i++)
        ck_assert_int_eq(h2client_call_state(calls[i]), H2CLIENT_ERROR_QUEUE_FULL);
    destroy_all(calls, 5);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(queue_limit_ends_who_waits_for_room)
{
    struct h2t_rig rig;
    h2client_call *first, *second;

    open_rig(&rig, hold, 1, H2CLIENT_SESSION(.max_h2_conns_per_host = 1));
    first = get(&rig);
    h2t_rig_turn(&rig, 5);
    second = h2client_get(rig.session, H2T_ORIGIN "/", .queue_timeout_ms = 300);
    h2client_call_await(second);
    ck_assert_int_eq(h2client_call_state(second), H2CLIENT_ERROR_TIMEOUT);
    ck_assert_int_eq(h2client_call_error(second)->limit, H2CLIENT_LIMIT_QUEUE);
    ck_assert_int_eq(h2client_call_error(second)->elapsed_us, 300000);
    ck_assert_int_eq(h2client_call_state(first), H2CLIENT_PENDING);
    h2client_call_destroy(first);
    h2client_call_destroy(second);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(higher_priority_is_served_first)
{
    struct h2t_rig rig;
    h2client_call *calls[3];

    open_rig(&rig, hold, 1, H2CLIENT_SESSION(.max_h2_conns_per_host = 1));
    calls[0] = get(&rig);
    h2t_rig_turn(&rig, 5);
    calls[1] = h2client_get(rig.session, H2T_ORIGIN "/later", .priority = H2CLIENT_PRIORITY_LOW);
    calls[2] = h2client_get(rig.session, H2T_ORIGIN "/sooner", .priority = H2CLIENT_PRIORITY_HIGH);
    answer_all(&rig, 1);
    h2t_rig_turn(&rig, 5);
    ck_assert_str_eq(h2t_field(h2t_peer_request(h2t_rig_peer(&rig, 0), 1)->fields, ":path"),
                     "/sooner");
    destroy_all(calls, 3);
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- time ---------------------------------------------------------------------------------- */

TEST(idle_connection_goes_after_its_time)
{
    struct h2t_rig rig;

    open_rig(&rig, NULL, 0, H2CLIENT_SESSION(.idle_timeout_ms = 1000));
    expect_ok(get(&rig));
    h2t_rig_run_ms(&rig, 999);
    ck_assert_uint_eq(h2t_dialer_n_open(&rig.dialer), 1);
    h2t_rig_run_ms(&rig, 2);
    ck_assert_uint_eq(h2t_dialer_n_open(&rig.dialer), 0);
    ck_assert_ptr_nonnull(h2t_peer_last(h2t_rig_peer(&rig, 0), H2T_GOAWAY, 0));
    h2t_rig_finish(&rig);
}
END_TEST

TEST(idle_time_begins_again_with_each_call)
{
    struct h2t_rig rig;

    open_rig(&rig, NULL, 0, H2CLIENT_SESSION(.idle_timeout_ms = 1000));
    for (int i = 0; i < 5; i++) {
        expect_ok(get(&rig));
        h2t_rig_run_ms(&rig, 900);
    }
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(old_connection_takes_no_new_calls_and_ends_its_own)
{
    struct h2t_rig rig;
    h2client_call *held, *next;

    open_rig(&rig, hold, 0, H2CLIENT_SESSION(.max_conn_age_ms = 10000));
    held = get(&rig);
    h2t_rig_run_ms(&rig, 11001); /* a tenth later at most */
    next = get(&rig);
    h2t_rig_turn(&rig, 5);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    answer_all(&rig, 2);
    expect_ok(held);
    expect_ok(next);
    ck_assert_uint_eq(h2t_dialer_n_open(&rig.dialer), 1);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(ages_differ_by_a_tenth)
{
    int64_t first_ms = 0, n_different = 0;

    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct h2t_rig rig;
        h2t_rig_init(&rig);
        rig.world.random_state = seed;
        h2t_rig_open(&rig, H2CLIENT_SESSION(.max_conn_age_ms = 10000));
        expect_ok(get(&rig));
        while (h2t_dialer_n_open(&rig.dialer) > 0)
            h2t_rig_run_ms(&rig, 10);
        int64_t age_ms = h2t_rig_now_ms(&rig) - 1000000;
        ck_assert_int_ge(age_ms, 9000);
        ck_assert_int_le(age_ms, 11020);
        n_different += first_ms != 0 && age_ms != first_ms;
        first_ms = first_ms ? first_ms : age_ms;
        h2t_rig_finish(&rig);
    }
    ck_assert_int_gt(n_different, 0);
}
END_TEST

/* ---- the end -------------------------------------------------------------------------------- */

TEST(close_lets_running_calls_end_and_says_goodbye)
{
    struct h2t_rig rig;
    h2client_call *running, *late;

    open_rig(&rig, NULL, 0, NULL);
    running = get(&rig);
    ck_assert_int_eq(h2client_session_close(rig.session, 1000), H2CLIENT_OK);
    ck_assert_int_eq(h2client_call_state(running), H2CLIENT_OK);
    h2t_rig_turn(&rig, 2); /* for the peer */
    ck_assert_ptr_nonnull(h2t_peer_last(h2t_rig_peer(&rig, 0), H2T_GOAWAY, 0));
    ck_assert_uint_eq(h2t_dialer_n_open(&rig.dialer), 0);
    late = get(&rig);
    h2client_call_await(late);
    ck_assert_int_eq(h2client_call_state(late), H2CLIENT_ERROR_SESSION_CLOSED);
    h2client_call_destroy(running);
    h2client_call_destroy(late);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(close_ends_what_takes_too_long)
{
    struct h2t_rig rig;
    h2client_call *held;
    int64_t before_ms;

    open_rig(&rig, hold, 0, NULL);
    held = get(&rig);
    before_ms = h2t_rig_now_ms(&rig);
    ck_assert_int_eq(h2client_session_close(rig.session, 700), H2CLIENT_ERROR_TIMEOUT);
    ck_assert_int_eq(h2t_rig_now_ms(&rig) - before_ms, 700);
    ck_assert_int_eq(h2client_call_state(held), H2CLIENT_ERROR_SESSION_CLOSED);
    ck_assert_uint_eq(h2t_dialer_n_open(&rig.dialer), 0);
    h2client_call_destroy(held);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(close_at_once_waits_for_nobody)
{
    struct h2t_rig rig;
    h2client_call *held;

    open_rig(&rig, hold, 0, NULL);
    held = get(&rig);
    ck_assert_int_eq(h2client_session_close(rig.session, 0), H2CLIENT_ERROR_TIMEOUT);
    ck_assert_int_eq(h2client_call_state(held), H2CLIENT_ERROR_SESSION_CLOSED);
    h2client_call_destroy(held);
    h2t_rig_finish(&rig);
}
END_TEST

static void close_inside(h2client_call *call, const h2client_error *error, void *user)
{
    (void)call, (void)error;
    ck_assert_int_eq(h2client_session_close(*(h2client_session **)user, 0),
                     H2CLIENT_ERROR_REENTRANT);
}

TEST(close_inside_a_callback_does_nothing)
{
    struct h2t_rig rig;

    open_rig(&rig, NULL, 0, NULL);
    expect_ok(
        h2client_get(rig.session, H2T_ORIGIN "/", .on_done = close_inside, .user = &rig.session));
    expect_ok(get(&rig));
    h2t_rig_finish(&rig);
}
END_TEST

TEST_MAIN("facade_pool", {T(full_connection_gets_company_after_100_ms)},
          {T(server_that_is_rude_at_once_is_not_dialled_for_ever)},
          {T(room_in_time_needs_no_other_connection)}, {T(four_connections_a_host_at_most)},
          {T(a_last_known_stream_limit_is_kept_to_from_the_start)},
          {T(each_dial_gets_the_addresses_in_the_resolvers_order)},
          {T(drained_connection_is_replaced_before_the_next_call)},
          {T(drained_connection_of_one_call_is_not_replaced)},
          {T(idle_connection_gives_its_place_to_another_host)},
          {T(busy_http2_connection_is_drained_for_another_host)},
          {T(nobody_starves_where_places_are_few)}, {T(full_queue_turns_the_last_away)},
          {T(queue_limit_ends_who_waits_for_room)}, {T(higher_priority_is_served_first)},
          {T(idle_connection_goes_after_its_time)}, {T(idle_time_begins_again_with_each_call)},
          {T(old_connection_takes_no_new_calls_and_ends_its_own)}, {T(ages_differ_by_a_tenth)},
          {T(close_lets_running_calls_end_and_says_goodbye)}, {T(close_ends_what_takes_too_long)},
          {T(close_at_once_waits_for_nobody)}, {T(close_inside_a_callback_does_nothing)})
