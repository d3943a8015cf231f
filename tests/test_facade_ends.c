/* SPDX-License-Identifier: MIT */
/* How calls end when the other side, or their session, does not do what they hoped. */
#include <string.h>

#include "h2client-testing/raw_frames.h"
#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

#define N_WAITERS 5

static void expect_error(h2client_call *call, h2client_error_code code, int exit_code)
{
    const h2client_error *error = h2client_call_error(call);

    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_msg(error->code == code, "%d, not %d: %s", error->code, code, error->message);
    ck_assert_int_eq(error->exit_code, exit_code);
}

static void expect_ok(h2client_call *call)
{
    h2client_call_await(call);
    ck_assert_msg(h2client_call_state(call) == H2CLIENT_OK, "%s",
                  h2client_call_error(call)->message);
}

static void hold(struct h2t_peer *peer, const struct h2t_seen_request *request,
                 struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    response->is_held = true;
}

/* One call to a server that holds its answer; the request is there. */
static h2client_call *start_held(struct h2t_rig *rig)
{
    h2client_call *call;

    h2t_rig_init(rig);
    rig->plan.peer.on_request = hold;
    h2t_rig_open(rig, NULL);
    call = h2client_get(rig->session, H2T_ORIGIN "/",
                        .retry = H2CLIENT_RETRY(.max_replays = H2CLIENT_NONE));
    h2t_rig_turn(rig, 5);
    ck_assert_uint_eq(h2t_peer_n_requests(h2t_rig_peer(rig, 0)), 1);
    return call;
}

static void finish(struct h2t_rig *rig, h2client_call *call)
{
    h2client_call_destroy(call);
    h2t_rig_finish(rig);
}

/* ---- no connection ---- */

TEST(dial_failure_is_everybodys_with_one_dial)
{
    struct h2t_rig rig;
    h2client_call *calls[N_WAITERS];

    h2t_rig_init(&rig);
    rig.plan.fails = true;
    rig.plan.fault = (h2client_fault){.code = H2CLIENT_ERROR_CONNECT_REFUSED,
                                      .system_errno = 111,
                                      .tls_alert = -1,
                                      .text = "nobody listens"};
    h2t_rig_open(&rig, NULL);
    for (int i = 0; i < N_WAITERS; i++)
        calls[i] = h2client_get(rig.session, H2T_ORIGIN "/");
    for (int i = 0; i < N_WAITERS; i++) {
        expect_error(calls[i], H2CLIENT_ERROR_CONNECT_REFUSED, 7);
        ck_assert_str_eq(h2client_call_error(calls[i])->message, "nobody listens");
        ck_assert_int_eq(h2client_call_error(calls[i])->system_errno, 111);
        ck_assert_int_eq(h2client_call_error(calls[i])->phase, H2CLIENT_PHASE_CONNECT);
        ck_assert_int_eq(h2client_call_error(calls[i])->replay_class, H2CLIENT_REPLAY_NEVER_SENT);
        h2client_call_destroy(calls[i]);
    }
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(dial_is_tried_anew_by_the_next_call)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init(&rig);
    rig.plan.fails = true;
    rig.plan.fault = (h2client_fault){.code = H2CLIENT_ERROR_CONNECT_FAILED, .tls_alert = -1};
    h2t_rig_open(&rig, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    expect_error(call, H2CLIENT_ERROR_CONNECT_FAILED, 7);
    h2client_call_destroy(call);
    rig.plan.fails = false;
    h2client_call_destroy(h2t_rig_get(&rig, "/"));
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(look_up_failure_is_told_with_its_status)
{
    static const struct h2t_script script = {
        .host = "server.test",
        .n_parts = 2,
        .parts = {{.fault = H2CLIENT_ERROR_DNS_NO_DATA, .dns_status = 1},
                  {.delay_ms = 3, .fault = H2CLIENT_ERROR_DNS_NOT_FOUND, .dns_status = 4}}};
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init(&rig);
    rig.dialer.wants_addresses = true;
    h2t_fake_resolver_script(rig.resolver, &script);
    h2t_rig_open(&rig, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    expect_error(call, H2CLIENT_ERROR_DNS_NOT_FOUND, 6);
    ck_assert_int_eq(h2client_call_error(call)->dns_status, 4);
    ck_assert_int_eq(h2client_call_error(call)->phase, H2CLIENT_PHASE_DNS);
    ck_assert_uint_eq(rig.dialer.n_dials, 0);
    finish(&rig, call);
}
END_TEST

TEST(look_up_hands_addresses_on_as_they_come)
{
    static const struct h2t_script script = {
        .host = "server.test",
        .n_parts = 2,
        .parts = {{.addresses = {"192.0.2.1"}, .ttl_s = 9},
                  {.delay_ms = 50, .addresses = {"2001:db8::1"}, .ttl_s = 9}}};
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init(&rig);
    rig.dialer.wants_addresses = true;
    rig.plan.delay_ms = 100;
    h2t_fake_resolver_script(rig.resolver, &script);
    h2t_rig_open(&rig, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    h2t_rig_run_ms(&rig, 10);
    ck_assert_uint_eq(rig.dialer.dials[0]->n_addresses, 1);
    ck_assert(!rig.dialer.dials[0]->has_all_addresses);
    expect_ok(call);
    ck_assert_uint_eq(rig.dialer.dials[0]->n_addresses, 2);
    ck_assert_uint_eq(rig.dialer.dials[0]->addresses[1].port, 443);
    finish(&rig, call);
}
END_TEST

TEST(last_waiter_that_leaves_takes_look_up_and_dial_along)
{
    static const struct h2t_script silent = {.host = "server.test"};
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init(&rig);
    rig.dialer.wants_addresses = true;
    h2t_fake_resolver_script(rig.resolver, &silent);
    h2t_rig_open(&rig, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    h2t_rig_turn(&rig, 2);
    ck_assert_uint_eq(h2t_fake_resolver_n_live(rig.resolver), 1);
    h2client_call_cancel(call);
    h2t_rig_turn(&rig, 2);
    ck_assert_uint_eq(h2t_fake_resolver_n_live(rig.resolver), 0);
    expect_error(call, H2CLIENT_ERROR_CANCELLED, 42);
    finish(&rig, call);
}
END_TEST

/* The first dial says nothing; what comes after is quick. */
static void plan_silence_once(struct h2t_dialer *dialer, const struct h2t_dial *dial,
                              struct h2t_dial_plan *plan, void *user)
{
    (void)dialer, (void)user;
    plan->is_silent = dial->n == 0;
}

TEST(limit_of_one_call_fails_no_other_that_shares_its_dial)
{
    struct h2t_rig rig;
    h2client_call *hasty, *patient;

    h2t_rig_init(&rig);
    rig.dialer.on_dial = plan_silence_once;
    h2t_rig_open(&rig, NULL);
    hasty = h2client_get(rig.session, H2T_ORIGIN "/", .sock_connect_timeout_ms = 10);
    patient = h2client_get(rig.session, H2T_ORIGIN "/");
    expect_error(hasty, H2CLIENT_ERROR_TIMEOUT, 28);
    ck_assert_int_eq(h2client_call_error(hasty)->limit, H2CLIENT_LIMIT_SOCK_CONNECT);
    expect_ok(patient);
    h2client_call_destroy(hasty);
    finish(&rig, patient);
}
END_TEST

TEST(limit_passed_fails_all_whose_limit_it_is)
{
    struct h2t_rig rig;
    h2client_call *calls[2];

    h2t_rig_init(&rig);
    rig.plan.is_silent = true;
    h2t_rig_open(&rig, NULL);
    for (int i = 0; i < 2; i++)
        calls[i] = h2client_get(rig.session, H2T_ORIGIN "/", .sock_connect_timeout_ms = 10);
    h2client_gather(calls, 2);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(h2client_call_error(calls[i])->elapsed_us, 10000);
        expect_error(calls[i], H2CLIENT_ERROR_TIMEOUT, 28);
        h2client_call_destroy(calls[i]);
    }
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    h2t_rig_finish(&rig);
}
END_TEST

/* The old connection still has a stream, but takes no new ones. */
TEST(limit_for_connecting_holds_beside_a_connection_that_drains)
{
    struct h2t_rig rig;
    h2client_call *held = start_held(&rig), *call;

    h2t_peer_goaway(h2t_rig_peer(&rig, 0), 1, 0, "");
    h2t_rig_turn(&rig, 2);
    rig.plan.is_silent = true;
    call = h2client_get(rig.session, H2T_ORIGIN "/", .connect_timeout_ms = 100);
    expect_error(call, H2CLIENT_ERROR_TIMEOUT, 28);
    ck_assert_int_eq(h2client_call_error(call)->limit, H2CLIENT_LIMIT_CONNECT);
    ck_assert_int_eq(h2client_call_error(call)->elapsed_us, 100000);
    h2client_call_destroy(call);
    finish(&rig, held);
}
END_TEST

/* It waits for a stream, then for a connection: that is when its limit begins. */
TEST(limit_for_connecting_begins_when_room_is_given_up_for)
{
    struct h2t_rig rig;
    h2client_call *held, *call;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = hold;
    rig.plan.peer.max_concurrent_streams = 1;
    h2t_rig_open(&rig, H2CLIENT_SESSION(.max_h2_conns_per_host = 1));
    held = h2client_get(rig.session, H2T_ORIGIN "/");
    call = h2client_get(rig.session, H2T_ORIGIN "/", .connect_timeout_ms = 100);
    h2t_rig_run_ms(&rig, 5000);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_PENDING);
    rig.plan.is_silent = true;
    h2t_peer_goaway(h2t_rig_peer(&rig, 0), 1, 0, "");
    expect_error(call, H2CLIENT_ERROR_TIMEOUT, 28);
    ck_assert_int_eq(h2client_call_error(call)->limit, H2CLIENT_LIMIT_CONNECT);
    ck_assert_int_eq(h2client_call_error(call)->elapsed_us, 5100000);
    h2client_call_destroy(call);
    finish(&rig, held);
}
END_TEST

TEST(alpn_alert_names_what_was_offered)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init(&rig);
    rig.tls.fails = true;
    rig.tls.fault = (h2client_fault){.code = H2CLIENT_ERROR_TLS_HANDSHAKE, .tls_alert = 120};
    h2t_rig_open(&rig, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    expect_error(call, H2CLIENT_ERROR_TLS_ALPN, 35);
    ck_assert_int_eq(h2client_call_error(call)->tls_alert, 120);
    ck_assert_ptr_nonnull(strstr(h2client_call_error(call)->message, "h2 and http/1.1"));
    finish(&rig, call);
}
END_TEST

TEST(tls_failure_is_told_with_its_alert)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init(&rig);
    rig.tls.fails = true;
    rig.tls.fault = (h2client_fault){.code = H2CLIENT_ERROR_TLS_WRONG_NAME, .tls_alert = 42};
    h2t_rig_open(&rig, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    expect_error(call, H2CLIENT_ERROR_TLS_WRONG_NAME, 60);
    ck_assert_int_eq(h2client_call_error(call)->tls_alert, 42);
    ck_assert_int_eq(h2client_call_error(call)->phase, H2CLIENT_PHASE_TLS);
    finish(&rig, call);
}
END_TEST

/* ---- a connection that ends ---- */

TEST(end_before_a_head_is_an_empty_reply)
{
    struct h2t_rig rig;
    h2client_call *call = start_held(&rig);

    h2t_link_close(rig.dialer.dials[0]->link);
    expect_error(call, H2CLIENT_ERROR_EMPTY_REPLY, 52);
    ck_assert_int_eq(h2client_call_error(call)->replay_class, H2CLIENT_REPLAY_MAYBE_PROCESSED);
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    finish(&rig, call);
}
END_TEST

TEST(reset_before_a_head_is_a_reset)
{
    static const h2client_fault fault = {.code = H2CLIENT_ERROR_CONNECTION_RESET,
                                         .system_errno = 104,
                                         .tls_alert = -1,
                                         .text = "reset by peer"};
    struct h2t_rig rig;
    h2client_call *call = start_held(&rig);

    h2t_link_break(rig.dialer.dials[0]->link, &fault);
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->system_errno, 104);
    ck_assert_msg(h2client_call_error(call)->exit_code == 52 ||
                      h2client_call_error(call)->exit_code == 56,
                  "%d", h2client_call_error(call)->exit_code);
    finish(&rig, call);
}
END_TEST

/* A response of 1,000 bytes of which 10 come. */
static h2client_call *start_half(struct h2t_rig *rig)
{
    static const h2client_header fields[] = {
        {":status", "200"}, {"content-length", "1000"}, {NULL, NULL}};
    h2client_call *call = start_held(rig);
    struct h2t_bytes raw = {NULL, 0, 0};

    h2t_headers(&raw, 1, fields, false, 0);
    h2t_data(&raw, 1, "0123456789", 10, -1, false);
    h2t_peer_send_raw(h2t_rig_peer(rig, 0), raw.data, raw.len);
    h2t_bytes_free(&raw);
    h2t_rig_turn(rig, 5);
    ck_assert_ptr_nonnull(h2client_call_response(call));
    return call;
}

TEST(end_inside_a_body_is_truncated)
{
    struct h2t_rig rig;
    h2client_call *call = start_half(&rig);

    h2t_link_close(rig.dialer.dials[0]->link);
    expect_error(call, H2CLIENT_ERROR_TRUNCATED, 18);
    ck_assert_int_eq(h2client_call_error(call)->body_bytes, 10);
    ck_assert_int_eq(h2client_call_error(call)->expected_bytes, 1000);
    ck_assert_ptr_nonnull(strstr(h2client_call_error(call)->message, "10 of 1000 bytes"));
    ck_assert_ptr_null(h2client_call_response(call));
    ck_assert_str_eq(h2client_response_body(h2client_call_partial_response(call)).data,
                     "0123456789");
    finish(&rig, call);
}
END_TEST

TEST(reset_inside_a_body_is_a_reset)
{
    static const h2client_fault fault = {
        .code = H2CLIENT_ERROR_CONNECTION_RESET, .system_errno = 104, .tls_alert = -1};
    struct h2t_rig rig;
    h2client_call *call = start_half(&rig);

    h2t_link_break(rig.dialer.dials[0]->link, &fault);
    expect_error(call, H2CLIENT_ERROR_CONNECTION_RESET, 56);
    finish(&rig, call);
}
END_TEST

TEST(stream_reset_is_told_with_its_code)
{
    struct h2t_rig rig;
    h2client_call *call = start_held(&rig);

    h2t_peer_reset(h2t_rig_peer(&rig, 0), 1, 11 /* ENHANCE_YOUR_CALM */);
    expect_error(call, H2CLIENT_ERROR_H2_STREAM_RESET, 92);
    ck_assert_int_eq(h2client_call_error(call)->http2_code, 11);
    ck_assert_int_eq(h2client_call_error(call)->stream_id, 1);
    finish(&rig, call);
}
END_TEST

TEST(goaway_with_an_error_is_told_with_code_and_reason)
{
    struct h2t_rig rig;
    h2client_call *call = start_held(&rig);

    h2t_peer_goaway(h2t_rig_peer(&rig, 0), 1, 2 /* INTERNAL_ERROR */, "out of luck");
    h2t_rig_turn(&rig, 3);
    h2t_link_close(rig.dialer.dials[0]->link);
    expect_error(call, H2CLIENT_ERROR_H2_GOAWAY, 16);
    ck_assert_int_eq(h2client_call_error(call)->http2_code, 2);
    ck_assert_ptr_nonnull(strstr(h2client_call_error(call)->message, "out of luck"));
    finish(&rig, call);
}
END_TEST

TEST(next_call_after_an_end_gets_a_new_connection)
{
    struct h2t_rig rig;
    h2client_call *call = start_held(&rig);

    h2t_link_close(rig.dialer.dials[0]->link);
    expect_error(call, H2CLIENT_ERROR_EMPTY_REPLY, 52);
    rig.plan.peer.on_request = NULL;
    h2client_call_destroy(h2t_rig_get(&rig, "/"));
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    finish(&rig, call);
}
END_TEST

TEST(connection_that_ends_while_idle_fails_nobody)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_start(&rig);
    h2client_call_destroy(h2t_rig_get(&rig, "/"));
    h2t_link_close(rig.dialer.dials[0]->link);
    h2t_rig_turn(&rig, 2);
    call = h2t_rig_get(&rig, "/");
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    finish(&rig, call);
}
END_TEST

/* ---- sessions that end ---- */

static void count_done(h2client_call *call, const h2client_error *error, void *user)
{
    (void)call;
    ck_assert_int_eq(error->code, H2CLIENT_ERROR_SESSION_CLOSED);
    ++*(int *)user;
}

TEST(call_outlives_its_session)
{
    struct h2t_rig rig;
    h2client_call *ended, *running;
    int n_done = 0;

    h2t_rig_init(&rig);
    h2t_rig_open(&rig, NULL);
    ended = h2t_rig_get(&rig, "/");
    rig.plan.peer.on_request = hold;
    running =
        h2client_get(rig.session, "https://other.test/", .on_done = count_done, .user = &n_done);
    h2t_rig_turn(&rig, 5);
    h2client_session_destroy(rig.session);
    rig.session = NULL;
    ck_assert_int_eq(n_done, 1);
    expect_error(running, H2CLIENT_ERROR_SESSION_CLOSED, 2);
    ck_assert_str_eq(h2client_response_body(h2client_call_response(ended)).data, "ok");
    ck_assert_ptr_nonnull(h2client_response_headers(h2client_call_response(ended)));
    ck_assert_str_eq(h2client_call_get_info(ended)->method, "GET");
    h2client_call_destroy(running);
    finish(&rig, ended);
}
END_TEST

TEST(session_without_its_ca_file_fails_every_call_with_that)
{
    h2client_session *session =
        h2client_session_create(H2CLIENT_SESSION(.tls = H2CLIENT_TLS(.ca_file = "/no/such.pem")));
    h2client_call *calls[2];

    ck_assert_int_eq(h2client_session_error(session)->code, H2CLIENT_ERROR_TLS_CA_FILE);
    ck_assert_ptr_nonnull(strstr(h2client_session_error(session)->message, "/no/such.pem"));
    for (int i = 0; i < 2; i++)
        calls[i] = h2client_get(session, H2T_ORIGIN "/");
    h2client_gather(calls, 2);
    for (int i = 0; i < 2; i++) {
        expect_error(calls[i], H2CLIENT_ERROR_TLS_CA_FILE, 77);
        ck_assert_ptr_nonnull(strstr(h2client_call_error(calls[i])->message, "/no/such.pem"));
        h2client_call_destroy(calls[i]);
    }
    h2client_session_destroy(session);
}
END_TEST

TEST(session_with_a_bad_name_server_says_so_at_once)
{
    h2client_session *session =
        h2client_session_create(H2CLIENT_SESSION(.dns = H2CLIENT_DNS(.servers = "ns.example")));

    ck_assert_int_eq(h2client_session_error(session)->code, H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(h2client_session_error(session)->message, "ns.example"));
    h2client_session_destroy(session);
}
END_TEST

TEST_MAIN("facade_ends", {T(dial_failure_is_everybodys_with_one_dial)},
          {T(dial_is_tried_anew_by_the_next_call)}, {T(look_up_failure_is_told_with_its_status)},
          {T(look_up_hands_addresses_on_as_they_come)},
          {T(last_waiter_that_leaves_takes_look_up_and_dial_along)},
          {T(limit_of_one_call_fails_no_other_that_shares_its_dial)},
          {T(limit_passed_fails_all_whose_limit_it_is)},
          {T(limit_for_connecting_holds_beside_a_connection_that_drains)},
          {T(limit_for_connecting_begins_when_room_is_given_up_for)},
          {T(alpn_alert_names_what_was_offered)}, {T(tls_failure_is_told_with_its_alert)},
          {T(end_before_a_head_is_an_empty_reply)}, {T(reset_before_a_head_is_a_reset)},
          {T(end_inside_a_body_is_truncated)}, {T(reset_inside_a_body_is_a_reset)},
          {T(stream_reset_is_told_with_its_code)},
          {T(goaway_with_an_error_is_told_with_code_and_reason)},
          {T(next_call_after_an_end_gets_a_new_connection)},
          {T(connection_that_ends_while_idle_fails_nobody)}, {T(call_outlives_its_session)},
          {T(session_without_its_ca_file_fails_every_call_with_that)},
          {T(session_with_a_bad_name_server_says_so_at_once)})
