/* SPDX-License-Identifier: MIT */
/* Calls over HTTP/1.1: when it is spoken, its pool, and what is sent again. */
#include <stdio.h>
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

#define CLEAR "http://server.test"
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static void expect_ok(h2client_call *call)
{
    h2client_call_await(call);
    ck_assert_msg(h2client_call_state(call) == H2CLIENT_OK, "%s",
                  h2client_call_error(call)->message);
}

static void expect_error(h2client_call *call, h2client_error_code code)
{
    h2client_call_await(call);
    ck_assert_msg(h2client_call_state(call) == code, "%d, not %d: %s", h2client_call_state(call),
                  code, h2client_call_error(call)->message);
}

static void expect_body(const h2client_call *call, const char *body)
{
    ck_assert_str_eq(h2client_response_body(h2client_call_response(call)).data, body);
}

static void finish(struct h2t_rig *rig, h2client_call *call)
{
    h2client_call_destroy(call);
    h2t_rig_finish(rig);
}

/* user: the text to answer. */
static void say(struct h2t_h1_peer *peer, const struct h2t_h1_seen *request,
                struct h2t_h1_reply *reply, void *user)
{
    (void)peer, (void)request;
    reply->text = user;
    reply->waits_for_body = true;
}

static void say_and_close(struct h2t_h1_peer *peer, const struct h2t_h1_seen *request,
                          struct h2t_h1_reply *reply, void *user)
{
    (void)peer, (void)request;
    reply->text = user;
    reply->closes = true;
}

static void hold(struct h2t_h1_peer *peer, const struct h2t_h1_seen *request,
                 struct h2t_h1_reply *reply, void *user)
{
    (void)peer, (void)request, (void)reply, (void)user;
}

static void start(struct h2t_rig *rig, h2t_on_h1_request on_request, const char *text)
{
    union {
        const char *text;
        void *user;
    } as = {.text = text};

    h2t_rig_init_h1(rig, on_request, as.user);
    h2t_rig_open(rig, NULL);
}

/* ---- when it is spoken (behaviour 3) ----------------------------------------------------- */

TEST(alpn_of_http_1_1_is_http_1_1)
{
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, NULL, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/path?query");
    expect_ok(call);
    expect_body(call, "ok");
    ck_assert_str_eq(rig.tls.offered, "h2,http/1.1");
    ck_assert_str_eq(h2client_response_http_version(h2client_call_response(call)), "1.1");
    ck_assert_str_eq(h2t_h1_peer_request(h2t_rig_h1_peer(&rig, 0), 0)->path, "/path?query");
    ck_assert_int_eq(h2client_call_get_info(call)->stream_id, -1);
    finish(&rig, call);
}
END_TEST

TEST(no_answer_to_alpn_is_http_1_1)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init_h1(&rig, NULL, NULL);
    rig.tls.alpn = "";
    h2t_rig_open(&rig, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    expect_ok(call);
    finish(&rig, call);
}
END_TEST

TEST(http_without_tls_is_http_1_1_and_asks_for_no_upgrade)
{
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, NULL, NULL);
    call = h2client_get(rig.session, CLEAR "/");
    expect_ok(call);
    ck_assert_ptr_null(
        h2t_field(h2t_h1_peer_request(h2t_rig_h1_peer(&rig, 0), 0)->fields, "upgrade"));
    ck_assert_uint_eq(rig.tls.n_handshakes, 0);
    finish(&rig, call);
}
END_TEST

TEST(forced_http_1_1_offers_nothing_else)
{
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, NULL, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .http_version = H2CLIENT_HTTP_1_1);
    expect_ok(call);
    ck_assert_str_eq(rig.tls.offered, "http/1.1");
    finish(&rig, call);
}
END_TEST

TEST(forced_http_2_refuses_a_server_without_it)
{
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, NULL, NULL);
    call =
        h2client_get(rig.session, H2T_ORIGIN "/", .http_version = H2CLIENT_HTTP_2_PRIOR_KNOWLEDGE);
    expect_error(call, H2CLIENT_ERROR_TLS_ALPN);
    ck_assert_int_eq(h2client_call_error(call)->exit_code, 35);
    ck_assert_ptr_nonnull(strstr(h2client_call_error(call)->message, "chose http/1.1"));
    ck_assert_int_eq(h2client_call_error(call)->phase, H2CLIENT_PHASE_TLS);
    finish(&rig, call);
}
END_TEST

/* ---- bodies --------------------------------------------------------------------------------- */

TEST(post_goes_out_with_its_length)
{
    struct h2t_rig rig;
    const struct h2t_h1_seen *seen;
    h2client_call *call;

    start(&rig, NULL, NULL);
    call = h2client_post(rig.session, CLEAR "/", .body = H2CLIENT_TEXT("the body"));
    expect_ok(call);
    seen = h2t_h1_peer_request(h2t_rig_h1_peer(&rig, 0), 0);
    ck_assert_str_eq(seen->body, "the body");
    ck_assert_str_eq(h2t_field(seen->fields, "content-length"), "8");
    finish(&rig, call);
}
END_TEST

static h2client_pull_result pull_in_turns(void *buf, size_t cap, size_t *n, void *user)
{
    int *n_left = user;

    (void)cap;
    memcpy(buf, "piece", 5);
    *n = 5;
    return --*n_left > 0 ? H2CLIENT_PULL_MORE : H2CLIENT_PULL_END;
}

TEST(body_of_unknown_length_goes_out_in_chunks)
{
    struct h2t_rig rig;
    const struct h2t_h1_seen *seen;
    h2client_call *call;
    int n_left = 3;

    start(&rig, NULL, NULL);
    call = h2client_post(rig.session, CLEAR "/",
                         .body = H2CLIENT_PULL(pull_in_turns, &n_left, H2CLIENT_LENGTH_UNKNOWN));
    expect_ok(call);
    seen = h2t_h1_peer_request(h2t_rig_h1_peer(&rig, 0), 0);
    ck_assert(seen->is_chunked);
    ck_assert_str_eq(seen->body, "piecepiecepiece");
    finish(&rig, call);
}
END_TEST

static void say_large(struct h2t_h1_peer *peer, const struct h2t_h1_seen *request,
                      struct h2t_h1_reply *reply, void *user)
{
    (void)peer, (void)request, (void)user;
    reply->text = "HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n";
    reply->pattern_len = 10000000;
}

TEST(unread_body_stops_the_reading_and_goes_on)
{
    struct h2t_rig rig;
    char buf[65536];
    size_t n, total = 0;
    h2client_call *call;

    start(&rig, say_large, NULL);
    call = h2client_get(rig.session, CLEAR "/", .delivery = H2CLIENT_DELIVERY_PULL);
    ck_assert_ptr_nonnull(h2client_call_await_response(call));
    h2t_rig_run_ms(&rig, 1000);
    ck_assert_int_lt(h2client_call_get_info(call)->download_bytes, 300000);
    while (h2client_call_read(call, buf, sizeof buf, &n) == H2CLIENT_OK && n > 0)
        total += n;
    ck_assert_uint_eq(total, 10000000);
    finish(&rig, call);
}
END_TEST

/* ---- the pool -------------------------------------------------------------------------------- */

TEST(connection_is_kept_alive)
{
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, NULL, NULL);
    for (int i = 0; i < 3; i++) {
        call = h2client_get(rig.session, CLEAR "/");
        expect_ok(call);
        h2client_call_destroy(call);
    }
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(connection_that_says_close_is_not_used_again)
{
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, say, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    for (int i = 0; i < 2; i++) {
        call = h2client_get(rig.session, CLEAR "/");
        expect_ok(call);
        h2client_call_destroy(call);
    }
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    ck_assert_uint_eq(h2t_dialer_n_open(&rig.dialer), 0);
    h2t_rig_finish(&rig);
}
END_TEST

static void start_many(struct h2t_rig *rig, const char *url, h2client_call **calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        calls[i] = h2client_get(rig->session, url);
}

static void destroy_all(h2client_call **calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h2client_call_destroy(calls[i]);
}

TEST(clear_burst_fans_out_at_once_up_to_its_limit)
{
    struct h2t_rig rig;
    h2client_call *calls[50];

    start(&rig, hold, NULL);
    start_many(&rig, CLEAR "/", calls, 50);
    h2t_rig_turn(&rig, 1);
    ck_assert_uint_eq(rig.dialer.n_dials, 32);
    h2t_rig_run_ms(&rig, 1000);
    ck_assert_uint_eq(rig.dialer.n_dials, 32);
    destroy_all(calls, 50);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(secure_burst_asks_alpn_once_and_fans_out_then)
{
    struct h2t_rig rig;
    h2client_call *calls[10];

    h2t_rig_init_h1(&rig, hold, NULL);
    rig.tls.delay_ms = 100;
    h2t_rig_open(&rig, NULL);
    start_many(&rig, H2T_ORIGIN "/", calls, 10);
    h2t_rig_run_ms(&rig, 90);
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    h2t_rig_run_ms(&rig, 20);
    ck_assert_uint_eq(rig.dialer.n_dials, 10);
    destroy_all(calls, 10);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(answer_to_alpn_is_remembered_for_a_while)
{
    struct h2t_rig rig;
    h2client_call *calls[10];

    h2t_rig_init_h1(&rig, NULL, NULL);
    h2t_rig_open(&rig, NULL);
    start_many(&rig, H2T_ORIGIN "/", calls, 1);
    expect_ok(calls[0]);
    h2client_call_destroy(calls[0]);
    h2t_rig_run_ms(&rig, 300000); /* its connection has gone long ago */
    ck_assert_uint_eq(h2t_dialer_n_open(&rig.dialer), 0);
    rig.tls.delay_ms = 100;
    start_many(&rig, H2T_ORIGIN "/", calls, 10);
    h2t_rig_turn(&rig, 2);
    ck_assert_uint_eq(rig.dialer.n_dials, 11);
    destroy_all(calls, 10);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(answer_to_alpn_is_forgotten_in_the_end)
{
    struct h2t_rig rig;
    h2client_call *calls[10];

    h2t_rig_init_h1(&rig, NULL, NULL);
    h2t_rig_open(&rig, NULL);
    start_many(&rig, H2T_ORIGIN "/", calls, 1);
    expect_ok(calls[0]);
    h2client_call_destroy(calls[0]);
    h2t_rig_run_ms(&rig, 800000);
    rig.tls.delay_ms = 100;
    start_many(&rig, H2T_ORIGIN "/", calls, 10);
    h2t_rig_turn(&rig, 2);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    destroy_all(calls, 10);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(the_connection_used_last_is_used_first)
{
    struct h2t_rig rig;
    h2client_call *calls[4];
    uint64_t last_id;

    start(&rig, NULL, NULL);
    start_many(&rig, CLEAR "/", calls, 4);
    h2client_gather(calls, 4);
    destroy_all(calls, 4);
    start_many(&rig, CLEAR "/", calls, 1);
    expect_ok(calls[0]);
    last_id = h2client_call_get_info(calls[0])->conn_id;
    h2client_call_destroy(calls[0]);
    for (int i = 0; i < 3; i++) {
        start_many(&rig, CLEAR "/", calls, 1);
        expect_ok(calls[0]);
        ck_assert_uint_eq(h2client_call_get_info(calls[0])->conn_id, last_id);
        h2client_call_destroy(calls[0]);
    }
    ck_assert_uint_eq(rig.dialer.n_dials, 4);
    h2t_rig_finish(&rig);
}
END_TEST

/* A hundred hosts, ten places: all are served, in about the order of their coming. */
TEST(hosts_share_the_places_there_are)
{
    struct h2t_rig rig;
    h2client_call *calls[200];
    char url[64];

    h2t_rig_init_h1(&rig, NULL, NULL);
    h2t_rig_open(&rig, H2CLIENT_SESSION(.max_conns = 5));
    for (int i = 0; i < 60; i++) {
        snprintf(url, sizeof url, "http://host%d.test/", i % 20);
        calls[i] = h2client_get(rig.session, url);
    }
    h2client_gather(calls, 60);
    for (int i = 0; i < 60; i++)
        expect_ok(calls[i]);
    ck_assert_uint_le(h2t_dialer_n_open(&rig.dialer), 5);
    destroy_all(calls, 60);
    h2t_rig_finish(&rig);
}
END_TEST

/* Each call of the busy host takes 50 ms, and there are always more of them. */
TEST(busy_host_does_not_starve_another)
{
    static const struct h2t_h1_reply reply = {.text = OK};
    struct h2t_rig rig;
    h2client_call *busy[60], *other;

    h2t_rig_init_h1(&rig, hold, NULL);
    h2t_rig_open(&rig, H2CLIENT_SESSION(.max_conns = 1));
    start_many(&rig, CLEAR "/", busy, 10);
    other = h2client_get(rig.session, "http://other.test/");
    start_many(&rig, CLEAR "/", busy + 10, 50);
    while (rig.dialer.n_dials < 2) {
        h2t_rig_run_ms(&rig, 50);
        ck_assert_int_lt(h2t_rig_now_ms(&rig), 1000000 + 1200);
        h2t_h1_peer_answer(h2t_rig_h1_peer(&rig, 0), &reply);
    }
    ck_assert_str_eq(rig.dialer.dials[1]->host, "other.test");
    destroy_all(busy, 60);
    finish(&rig, other);
}
END_TEST

/* ---- ends
 * ----------------------------------------------------------------------------------------- */

TEST(bytes_to_an_idle_connection_are_nobodys_answer)
{
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, NULL, NULL);
    call = h2client_get(rig.session, CLEAR "/");
    expect_ok(call);
    h2client_call_destroy(call);
    h2t_h1_peer_send(h2t_rig_h1_peer(&rig, 0), "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    h2t_rig_turn(&rig, 2);
    ck_assert_uint_eq(h2t_dialer_n_open(&rig.dialer), 0);
    call = h2client_get(rig.session, CLEAR "/");
    expect_ok(call);
    expect_body(call, "ok");
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    finish(&rig, call);
}
END_TEST

TEST(end_that_was_not_read_yet_costs_no_post)
{
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, NULL, NULL);
    call = h2client_get(rig.session, CLEAR "/");
    expect_ok(call);
    h2client_call_destroy(call);
    h2t_link_close(rig.dialer.dials[0]->link);
    call = h2client_post(rig.session, CLEAR "/", .body = H2CLIENT_TEXT("whole"));
    expect_ok(call);
    ck_assert_uint_eq(h2t_h1_peer_n_requests(h2t_rig_h1_peer(&rig, 0)), 1);
    ck_assert_str_eq(h2t_h1_peer_request(h2t_rig_h1_peer(&rig, 1), 0)->body, "whole");
    finish(&rig, call);
}
END_TEST

TEST(lost_get_is_sent_again_once_and_a_post_never)
{
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, say_and_close, "");
    call = h2client_get(rig.session, CLEAR "/");
    expect_error(call, H2CLIENT_ERROR_EMPTY_REPLY);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    h2client_call_destroy(call);
    call = h2client_post(rig.session, CLEAR "/");
    expect_error(call, H2CLIENT_ERROR_EMPTY_REPLY);
    ck_assert_uint_eq(rig.dialer.n_dials, 3);
    finish(&rig, call);
}
END_TEST

TEST(cut_body_is_a_truncation)
{
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, say_and_close, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n0123456789");
    call = h2client_get(rig.session, CLEAR "/");
    expect_error(call, H2CLIENT_ERROR_TRUNCATED);
    ck_assert_int_eq(h2client_call_error(call)->exit_code, 18);
    ck_assert_ptr_nonnull(strstr(h2client_call_error(call)->message, "10 of 1000 bytes"));
    finish(&rig, call);
}
END_TEST

TEST(malformed_answer_is_told_by_its_reason)
{
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, say, "HTTP/1.1 20 OK\r\n\r\n");
    call = h2client_get(rig.session, CLEAR "/");
    expect_error(call, H2CLIENT_ERROR_H1_MALFORMED);
    ck_assert_int_eq(h2client_call_error(call)->exit_code, 8);
    ck_assert_uint_eq(h2t_dialer_n_open(&rig.dialer), 0);
    finish(&rig, call);
}
END_TEST

/* Behaviour 57 */
TEST(answer_given_during_the_upload_is_delivered)
{
    struct h2t_rig rig;
    static char large[1000000];
    static char answer[] =
        "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno";
    h2client_call *call;

    h2t_rig_init_h1(&rig, say_and_close, answer);
    rig.plan.link.max_buffered = 20000;
    h2t_rig_open(&rig, NULL);
    call = h2client_post(rig.session, CLEAR "/", .body = H2CLIENT_BYTES(large, sizeof large));
    expect_ok(call);
    ck_assert_int_eq(h2client_response_status(h2client_call_response(call)), 413);
    expect_body(call, "no");
    ck_assert_int_lt(h2client_call_get_info(call)->upload_bytes, (int64_t)sizeof large);
    finish(&rig, call);
}
END_TEST

TEST(cancel_closes_the_connection)
{
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, hold, NULL);
    call = h2client_get(rig.session, CLEAR "/");
    h2t_rig_turn(&rig, 5);
    h2client_call_cancel(call);
    h2t_rig_turn(&rig, 3);
    ck_assert_uint_eq(h2t_dialer_n_open(&rig.dialer), 0);
    finish(&rig, call);
}
END_TEST

TEST(first_byte_limit_ends_a_call_and_its_connection)
{
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, hold, NULL);
    call = h2client_get(rig.session, CLEAR "/", .first_byte_timeout_ms = 700);
    expect_error(call, H2CLIENT_ERROR_TIMEOUT);
    ck_assert_int_eq(h2client_call_error(call)->limit, H2CLIENT_LIMIT_FIRST_BYTE);
    h2t_rig_turn(&rig, 3);
    ck_assert_uint_eq(h2t_dialer_n_open(&rig.dialer), 0);
    finish(&rig, call);
}
END_TEST

TEST(body_waits_for_100_over_http_1_1_too)
{
    struct h2t_rig rig;
    const struct h2t_h1_seen *seen;
    h2client_call *call;

    start(&rig, hold, NULL);
    call = h2client_post(rig.session, CLEAR "/", .body = H2CLIENT_TEXT("later"),
                         .expect_continue = H2CLIENT_ON);
    h2t_rig_turn(&rig, 5);
    seen = h2t_h1_peer_request(h2t_rig_h1_peer(&rig, 0), 0);
    ck_assert_str_eq(h2t_field(seen->fields, "expect"), "100-continue");
    ck_assert_uint_eq(seen->body_len, 0);
    h2t_h1_peer_send(h2t_rig_h1_peer(&rig, 0), "HTTP/1.1 100 Continue\r\n\r\n");
    h2t_rig_turn(&rig, 5);
    ck_assert_str_eq(h2t_h1_peer_request(h2t_rig_h1_peer(&rig, 0), 0)->body, "later");
    finish(&rig, call);
}
END_TEST

/* ---- HTTP_1_1_REQUIRED (behaviour 33)
 * -------------------------------------------------------------- */

struct turncoat {
    struct h2t_rig *rig;
    struct h2t_h1_config h1;
};

static void require_h1(struct h2t_peer *peer, const struct h2t_seen_request *request,
                       struct h2t_response *response, void *user)
{
    struct turncoat *turncoat = user;

    response->is_held = true;
    h2t_peer_reset(peer, request->stream_id, 0xd);
    turncoat->rig->plan.h1 = &turncoat->h1;
    turncoat->rig->tls.alpn = "http/1.1";
}

TEST(http_1_1_required_falls_back_and_is_remembered)
{
    struct h2t_rig rig;
    struct turncoat turncoat = {.rig = &rig};
    h2client_call *call;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = require_h1;
    rig.plan.peer.user = &turncoat;
    h2t_rig_open(&rig, NULL);
    call = h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_TEXT("body"));
    expect_ok(call);
    ck_assert_str_eq(rig.tls.offered, "http/1.1");
    ck_assert_str_eq(h2t_h1_peer_request(h2t_rig_h1_peer(&rig, 1), 0)->body, "body");
    h2client_call_destroy(call);
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    expect_ok(call);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    ck_assert_uint_eq(h2t_h1_peer_n_requests(h2t_rig_h1_peer(&rig, 1)), 2);
    finish(&rig, call);
}
END_TEST

TEST_MAIN("facade_h1", {T(alpn_of_http_1_1_is_http_1_1)}, {T(no_answer_to_alpn_is_http_1_1)},
          {T(http_without_tls_is_http_1_1_and_asks_for_no_upgrade)},
          {T(forced_http_1_1_offers_nothing_else)}, {T(forced_http_2_refuses_a_server_without_it)},
          {T(post_goes_out_with_its_length)}, {T(body_of_unknown_length_goes_out_in_chunks)},
          {T(unread_body_stops_the_reading_and_goes_on)}, {T(connection_is_kept_alive)},
          {T(connection_that_says_close_is_not_used_again)},
          {T(clear_burst_fans_out_at_once_up_to_its_limit)},
          {T(secure_burst_asks_alpn_once_and_fans_out_then)},
          {T(answer_to_alpn_is_remembered_for_a_while)},
          {T(answer_to_alpn_is_forgotten_in_the_end)}, {T(the_connection_used_last_is_used_first)},
          {T(hosts_share_the_places_there_are)}, {T(busy_host_does_not_starve_another)},
          {T(bytes_to_an_idle_connection_are_nobodys_answer)},
          {T(end_that_was_not_read_yet_costs_no_post)},
          {T(lost_get_is_sent_again_once_and_a_post_never)}, {T(cut_body_is_a_truncation)},
          {T(malformed_answer_is_told_by_its_reason)},
          {T(answer_given_during_the_upload_is_delivered)}, {T(cancel_closes_the_connection)},
          {T(first_byte_limit_ends_a_call_and_its_connection)},
          {T(body_waits_for_100_over_http_1_1_too)},
          {T(http_1_1_required_falls_back_and_is_remembered)})
