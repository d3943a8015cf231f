/* SPDX-License-Identifier: MIT */
/* Tunnels over HTTP/2 whose proxy means no good, and users who leave at any moment. */
#include <stdio.h>
#include <string.h>

#include "h2client-testing/raw_frames.h"
#include "h2client/session_internal.h"
#include "tests/support/facade_rig.h"
#include "tests/support/pool_check.h"
#include "tests/support/test_main.h"

#define PROXY "https://proxy.test:8443"

static void open_rig(struct h2t_rig *rig, const h2client_session_options *given)
{
    h2client_session_options options = given ? *given : *H2CLIENT_SESSION(.defaults = NULL);
    const h2client_call_options *defaults =
        H2CLIENT_CALL(.proxy = H2CLIENT_PROXY(.url = PROXY), .total_timeout_ms = 60000,
                      .retry = H2CLIENT_RETRY(.max_replays = H2CLIENT_NONE));

    options.defaults = defaults;
    h2t_rig_open(rig, &options);
}

static h2client_call *get(const struct h2t_rig *rig, int n)
{
    char url[64];

    snprintf(url, sizeof url, "https://host%d.test/", n);
    return h2client_get(rig->session, url);
}

/* ---- what a proxy may answer ------------------------------------------------------- */

static const h2client_header ok[] = {{":status", "200"}, {NULL, NULL}};

static void answer_data_first(struct h2t_bytes *out)
{
    h2t_data(out, 1, "x", 1, -1, false);
}

static void answer_200_and_end(struct h2t_bytes *out)
{
    h2t_headers(out, 1, ok, true, 0);
}

static void answer_101(struct h2t_bytes *out)
{
    static const h2client_header switching[] = {{":status", "101"}, {NULL, NULL}};

    h2t_headers(out, 1, switching, false, 0);
}

static void answer_many_1xx(struct h2t_bytes *out)
{
    static const h2client_header early[] = {{":status", "103"}, {NULL, NULL}};

    for (int i = 0; i < 100; i++)
        h2t_headers(out, 1, early, false, 0);
}

static void answer_and_reset(struct h2t_bytes *out)
{
    h2t_headers(out, 1, ok, false, 0);
    h2t_rst_stream(out, 1, 10); /* CONNECT_ERROR */
}

static void answer_two_heads(struct h2t_bytes *out)
{
    h2t_headers(out, 1, ok, false, 0);
    h2t_headers(out, 1, ok, false, 0);
}

static void answer_trailers(struct h2t_bytes *out)
{
    static const h2client_header trailers[] = {{"x-end", "1"}, {NULL, NULL}};

    h2t_headers(out, 1, ok, false, 0);
    h2t_headers(out, 1, trailers, true, 0);
}

static void answer_goaway_below(struct h2t_bytes *out)
{
    h2t_goaway(out, 0, 0, "not you");
}

static void answer_goaway_with_error(struct h2t_bytes *out)
{
    h2t_goaway(out, 1, 2, "broken");
}

static void answer_noise(struct h2t_bytes *out)
{
    static const h2client_header head[] = {
        {":status", "200"}, {"content-length", "3"}, {NULL, NULL}};

    h2t_headers(out, 1, head, false, 0); /* RFC 9110 9.3.6: of no meaning */
    for (int i = 0; i < 200; i++)
        h2t_data(out, 1, "this is no TLS and no HTTP/2 preface", 36, 20, false);
}

static void answer_large_head(struct h2t_bytes *out)
{
    char value[60000];
    const h2client_header head[] = {{":status", "200"}, {"x-1", value}, {"x-2", value},
                                    {"x-3", value},     {"x-4", value}, {"x-5", value},
                                    {NULL, NULL}};

    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = 0;
    h2t_headers(out, 1, head, false, 16384);
}

TEST(proxy_may_answer_anything_and_the_call_ends)
{
    static void (*const answers[])(struct h2t_bytes * out) = {
        answer_data_first, answer_200_and_end,       answer_101,       answer_many_1xx,
        answer_and_reset,  answer_two_heads,         answer_trailers,  answer_goaway_below,
        answer_noise,      answer_goaway_with_error, answer_large_head};

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct h2t_bytes out = {NULL, 0, 0};
        struct h2t_rig rig;
        h2t_rig_init(&rig);
        rig.plan.peer.is_raw = true;
        open_rig(&rig, NULL);
        h2client_call *call = get(&rig, 1);
        h2t_rig_turn(&rig, 10);
        ck_assert_uint_eq(h2t_peer_n_requests(h2t_rig_peer(&rig, 0)), 1);
        h2t_settings(&out, NULL, NULL, 0);
        answers[i](&out);
        h2t_peer_send_raw(h2t_rig_peer(&rig, 0), out.data, out.len);
        h2t_bytes_free(&out);
        h2client_call_await(call);
        ck_assert_msg(h2client_call_error(call)->code != H2CLIENT_OK, "%zu", i);
        ck_assert_msg(h2client_call_error(call)->replay_class == H2CLIENT_REPLAY_NEVER_SENT,
                      "%zu: %s", i, h2client_call_error(call)->message);
        ck_assert_int_eq(rig.world.now_us < INT64_C(1000000000) + 61000000, 1);
        ck_assert_ptr_null(h2t_pool_check(&rig.session->pool));
        h2client_call_destroy(call);
        h2t_rig_finish(&rig);
    }
}
END_TEST

TEST(proxy_that_lets_no_stream_in_is_left_in_time)
{
    struct h2t_h2_proxy proxy = {.max_streams = H2T_PEER_ZERO};
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init(&rig);
    rig.plan.h2_proxy = &proxy;
    open_rig(&rig, NULL);
    call = get(&rig, 1);
    h2client_call_await(call);
    ck_assert_int_ne(h2client_call_state(call), H2CLIENT_PENDING);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- who stops reading --------------------------------------------------------------- */

static void answer_at_the_end(struct h2t_peer *peer, const struct h2t_seen_request *request,
                              struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    *response = (struct h2t_response){.status = 200, .waits_for_body = true};
}

static void answer_never(struct h2t_peer *peer, const struct h2t_seen_request *request,
                         struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    *response = (struct h2t_response){.status = 200, .is_held = true};
}

TEST(proxy_that_stops_reading_makes_us_hold_no_more)
{
    static char body[8 << 20];
    struct h2t_h2_proxy proxy = {.behind = {.on_request = answer_at_the_end}};
    struct h2t_rig rig;
    h2client_call *call;
    size_t at_first; /* the body is copied */

    h2t_rig_init(&rig);
    rig.plan.h2_proxy = &proxy;
    open_rig(&rig, NULL);
    call = h2client_post(rig.session, "https://host1.test/",
                         .body = H2CLIENT_BYTES(body, sizeof body));
    at_first = rig.alloc.live_bytes;
    while (proxy.n_tunnels == 0)
        h2t_rig_turn(&rig, 1);
    h2t_rig_turn(&rig, 10);
    h2t_link_fall_silent(rig.dialer.dials[0]->link);
    h2t_rig_turn(&rig, 500);
    ck_assert_uint_lt(rig.alloc.live_bytes - at_first, 1 << 20);
    h2client_call_await(call);
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_CONNECTION_DEAD);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- who leaves ------------------------------------------------------------------------- */

enum way { CANCEL, DESTROY, BREAK_PROXY, END_SESSION, N_WAYS };

static void leave(struct h2t_rig *rig, h2client_call **calls, enum way way)
{
    static const h2client_fault reset = {
        .code = H2CLIENT_ERROR_CONNECTION_RESET, .text = "reset by peer", .tls_alert = -1};

    if (way == CANCEL)
        h2client_call_cancel(calls[1]);
    if (way == DESTROY) {
        h2client_call_destroy(calls[1]);
        calls[1] = NULL;
    }
    if (way == BREAK_PROXY && rig->dialer.n_dials && rig->dialer.dials[0]->link)
        h2t_link_break(rig->dialer.dials[0]->link, &reset);
    if (way == END_SESSION) {
        h2client_session_destroy(rig->session);
        rig->session = NULL;
    }
}

static void leave_at(int n_turns, enum way way, int64_t max_held_bytes)
{
    struct h2t_h2_proxy proxy = {.n_asked = 0};
    h2client_call *calls[3];
    struct h2t_rig rig;

    h2t_rig_init(&rig);
    rig.plan.h2_proxy = &proxy;
    rig.plan.link.max_read = 40;
    open_rig(&rig, H2CLIENT_SESSION(.max_conns = 2, .max_held_bytes = max_held_bytes));
    for (int i = 0; i < 3; i++)
        calls[i] = get(&rig, i);
    h2t_rig_turn(&rig, n_turns);
    leave(&rig, calls, way);
    for (int i = 0; i < 3; i++) {
        if (rig.session)
            h2client_call_await(calls[i]);
        ck_assert_int_ne(h2client_call_state(calls[i]), H2CLIENT_PENDING);
    }
    if (rig.session)
        ck_assert_ptr_null(h2t_pool_check(&rig.session->pool));
    for (int i = 0; i < 3; i++)
        h2client_call_destroy(calls[i]);
    h2t_rig_finish(&rig);
}

TEST(tunnels_can_be_left_at_every_turn)
{
    for (int n_turns = 0; n_turns < 70; n_turns++)
        for (int way = 0; way < N_WAYS; way++)
            leave_at(n_turns, (enum way)way, 0);
}
END_TEST

TEST(tunnels_that_wait_for_room_can_be_left_at_every_turn)
{
    for (int n_turns = 0; n_turns < 70; n_turns++)
        for (int way = 0; way < N_WAYS; way++)
            leave_at(n_turns, (enum way)way, 65536);
}
END_TEST

/* ---- little room ------------------------------------------------------------------------- */

TEST(tunnels_in_a_small_budget_all_come_to_their_end)
{
    struct h2t_h2_proxy proxy = {.n_asked = 0};
    h2client_call *calls[20];
    struct h2t_rig rig;

    h2t_rig_init(&rig);
    rig.plan.h2_proxy = &proxy;
    open_rig(&rig, H2CLIENT_SESSION(.max_held_bytes = 131072));
    for (int i = 0; i < 20; i++)
        calls[i] = get(&rig, i % 10);
    h2client_gather(calls, 20);
    for (int i = 0; i < 20; i++) {
        ck_assert_msg(h2client_call_state(calls[i]) == H2CLIENT_OK, "%d: %s", i,
                      h2client_call_error(calls[i])->message);
        h2client_call_destroy(calls[i]);
    }
    h2t_rig_finish(&rig);
}
END_TEST

static void get_in_turn(const struct h2t_rig *rig, int n)
{
    for (int i = 0; i < n; i++) {
        h2client_call *call = get(rig, i);
        h2client_call_await(call);
        ck_assert_msg(h2client_call_state(call) == H2CLIENT_OK, "%d: %s", i,
                      h2client_call_error(call)->message);
        h2client_call_destroy(call);
    }
}

TEST(idle_tunnels_keep_no_other_out_of_a_small_budget)
{
    struct h2t_h2_proxy proxy = {.n_asked = 0};
    struct h2t_rig rig;
    int64_t begun_us;

    h2t_rig_init(&rig);
    rig.plan.h2_proxy = &proxy;
    open_rig(&rig, H2CLIENT_SESSION(.max_held_bytes = 131072));
    begun_us = rig.world.now_us;
    get_in_turn(&rig, 10);
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    ck_assert_int_le(rig.session->pool.budget.used, 131072);
    ck_assert_int_eq(rig.world.now_us, begun_us);
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- who is never content ------------------------------------------------------------------ */

TEST(proxy_that_calls_every_nonce_stale_is_left)
{
    static const h2client_header stale[] = {
        {"proxy-authenticate", "Digest realm=\"r\", nonce=\"n\", qop=\"auth\", stale=true"},
        {NULL, NULL}};
    struct h2t_h2_proxy proxy = {.refusal = 407, .refusal_fields = stale};
    const h2client_call_options *defaults =
        H2CLIENT_CALL(.proxy = H2CLIENT_PROXY(.url = PROXY, .user = "u", .password = "p",
                                              .auth = H2CLIENT_AUTH_DIGEST));
    struct h2t_rig rig;
    h2client_call *calls[20];

    h2t_rig_init(&rig);
    rig.plan.h2_proxy = &proxy;
    h2t_rig_open(&rig, H2CLIENT_SESSION(.defaults = defaults));
    for (int i = 0; i < 20; i++)
        calls[i] = get(&rig, i);
    h2client_gather(calls, 20);
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(h2client_call_error(calls[i])->code, H2CLIENT_ERROR_PROXY_AUTH);
        h2client_call_destroy(calls[i]);
    }
    ck_assert_uint_le(proxy.n_asked, 60);
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- how long -------------------------------------------------------------------------------- */

TEST(old_connection_is_replaced_under_tunnels_that_stand)
{
    struct h2t_h2_proxy proxy = {.behind = {.on_request = answer_never}};
    struct h2t_rig rig;
    h2client_call *held;

    h2t_rig_init(&rig);
    rig.plan.h2_proxy = &proxy;
    open_rig(&rig, H2CLIENT_SESSION(.max_conn_age_ms = 5000, .idle_timeout_ms = 1000));
    held = get(&rig, 50);
    h2t_rig_run_ms(&rig, 20000);
    proxy.behind.on_request = NULL;
    get_in_turn(&rig, 3);
    ck_assert_int_eq(h2client_call_state(held), H2CLIENT_PENDING);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    h2client_call_destroy(held);
    h2t_rig_run_ms(&rig, 20000);
    ck_assert_uint_eq(h2t_dialer_n_open(&rig.dialer), 0);
    ck_assert_int_eq(rig.session->pool.budget.used, 0);
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- no memory ------------------------------------------------------------------------------ */

static void want_a_proof(struct h2t_h2_proxy *proxy, const struct h2t_connect *connect)
{
    proxy->refusal = strncmp(connect->login, "Digest ", 7) == 0 ? 0 : 407;
}

/* One after the other: the third finds no room in the budget but that of an idle one. */
static bool fails_at(uint64_t n)
{
    static const h2client_header fields[] = {
        {"proxy-authenticate", "Digest realm=\"r\", nonce=\"n\", qop=\"auth\""}, {NULL, NULL}};
    struct h2t_h2_proxy proxy = {.on_connect = want_a_proof, .refusal_fields = fields};
    const h2client_call_options *defaults =
        H2CLIENT_CALL(.proxy = H2CLIENT_PROXY(.url = PROXY, .user = "u", .password = "p"),
                      .total_timeout_ms = 60000,
                      .retry = H2CLIENT_RETRY(.max_replays = H2CLIENT_NONE));
    struct h2t_rig rig;
    bool was_hit;

    h2t_rig_init(&rig);
    rig.plan.h2_proxy = &proxy;
    rig.alloc.fail_at = n;
    h2t_rig_open(&rig, H2CLIENT_SESSION(.defaults = defaults, .max_held_bytes = 131072));
    for (int i = 0; i < 3; i++) {
        h2client_call *call = get(&rig, i);
        h2client_call_await(call);
        ck_assert_int_ne(h2client_call_state(call), H2CLIENT_PENDING);
        h2client_call_destroy(call);
    }
    was_hit = rig.alloc.n_calls >= n;
    h2t_rig_finish(&rig);
    return was_hit;
}

TEST(proofs_and_evictions_leave_nothing_behind_whatever_allocation_fails)
{
    for (uint64_t n = 1; fails_at(n); n++)
        ;
}
END_TEST

TEST_MAIN("facade_carrier_hostile", {T(proxy_may_answer_anything_and_the_call_ends)},
          {T(proxy_that_lets_no_stream_in_is_left_in_time)},
          {T(proxy_that_stops_reading_makes_us_hold_no_more)},
          {T(tunnels_can_be_left_at_every_turn)},
          {T(tunnels_that_wait_for_room_can_be_left_at_every_turn)},
          {T(tunnels_in_a_small_budget_all_come_to_their_end)},
          {T(idle_tunnels_keep_no_other_out_of_a_small_budget)},
          {T(proxy_that_calls_every_nonce_stale_is_left)},
          {T(old_connection_is_replaced_under_tunnels_that_stand)},
          {T(proofs_and_evictions_leave_nothing_behind_whatever_allocation_fails)})
