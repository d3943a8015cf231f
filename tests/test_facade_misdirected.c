/* SPDX-License-Identifier: MIT */
/* A connection that serves another origin as well: whose it is, when that ends, and what a 421
 * undoes (RFC 9110 15.5.20). */
#include <stdio.h>
#include <string.h>

#include "h2client/session_internal.h"
#include "tests/support/coalesce_rig.h"
#include "tests/support/test_main.h"

#define HTTP_1_1_REQUIRED 13 /* RFC 9113 7 */

#define COALESCING(...) H2CLIENT_SESSION(__VA_ARGS__, .coalesce = H2CLIENT_ON)

static const struct h2t_response ok = {.status = 200, .body = "ok", .body_len = 2};

/* Serves the origin of its connection's first request, and misdirects all others; or even that
 * one: `user` says so. */
static void misdirect(struct h2t_peer *peer, const struct h2t_seen_request *request,
                      struct h2t_response *response, void *user)
{
    const bool *is_stubborn = user;
    const char *first = h2t_coalesce_authority(h2t_peer_request(peer, 0));
    bool is_first = strcmp(h2t_coalesce_authority(request), first) == 0;

    *response = ok;
    response->waits_for_body = true;
    if (!is_first || (is_stubborn && *is_stubborn && strcmp(first, "other.test") == 0))
        response->status = 421;
}

static h2client_call *get(struct h2t_rig *rig, const char *url)
{
    return h2client_get(rig->session, url);
}

static void answer_all(struct h2t_rig *rig, size_t n_conns)
{
    for (size_t i = 0; i < n_conns; i++) {
        struct h2t_peer *peer = h2t_rig_peer(rig, i);
        for (size_t k = 0; peer && k < h2t_peer_n_requests(peer); k++)
            h2t_peer_answer(peer, h2t_peer_request(peer, k)->stream_id, &ok);
    }
}

/* ---- whose it is ------------------------------------------------------------------------- */

/* The session's requests are held from the second on. */
static void hold_others(struct h2t_peer *peer, const struct h2t_seen_request *request,
                        struct h2t_response *response, void *user)
{
    (void)user;
    *response = ok;
    response->is_held = request != h2t_peer_request(peer, 0);
}

static void hold(struct h2t_peer *peer, const struct h2t_seen_request *request,
                 struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    *response = ok;
    response->is_held = true;
}

static void destroy_both(h2client_call *calls[2])
{
    h2client_call_destroy(calls[0]);
    h2client_call_destroy(calls[1]);
}

static void start_full(struct h2t_rig *rig, h2client_call *calls[2],
                       const h2client_session_options *options)
{
    h2t_coalesce_prepare(rig, hold_others);
    rig->plan.peer.max_concurrent_streams = 1;
    h2t_rig_open(rig, options);
    h2t_coalesce_open_first(rig);
    calls[0] = get(rig, H2T_OTHER "/1");
    h2t_rig_turn(rig, 6);
    calls[1] = get(rig, H2T_OTHER "/2");
    h2t_rig_turn(rig, 6);
    h2t_coalesce_check(rig);
}

TEST(coalesced_call_waits_for_room_that_comes_in_time)
{
    struct h2t_rig rig;
    h2client_call *calls[2];

    start_full(&rig, calls, H2CLIENT_SESSION(.coalesce = H2CLIENT_ON));
    h2t_rig_run_ms(&rig, 50);
    answer_all(&rig, 1);
    h2t_rig_run_ms(&rig, 1);
    ck_assert_uint_eq(h2t_peer_n_requests(h2t_rig_peer(&rig, 0)), 3);
    h2t_rig_run_ms(&rig, 500);
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    destroy_both(calls);
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST(coalesced_connection_that_is_full_gets_company_after_100_ms)
{
    struct h2t_rig rig;
    h2client_call *calls[2];

    start_full(&rig, calls, COALESCING(.max_h2_conns_per_host = 1));
    h2t_rig_run_ms(&rig, 90);
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    h2t_rig_run_ms(&rig, 20);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    ck_assert_str_eq(rig.dialer.dials[1]->host, "other.test");
    destroy_both(calls);
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST(coalesced_connection_of_an_address_as_host_gets_company_too)
{
    struct h2t_rig rig;
    h2client_call *calls[2];

    h2t_coalesce_prepare(&rig, hold_others);
    rig.plan.peer.max_concurrent_streams = 1;
    rig.tls.covers = "127.0.0.1";
    h2t_rig_open(&rig, COALESCING(.max_h2_conns_per_host = 1));
    h2t_coalesce_open_first(&rig);
    for (int i = 0; i < 2; i++)
        calls[i] = get(&rig, "https://127.0.0.1/");
    h2t_rig_run_ms(&rig, 90);
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    h2t_rig_run_ms(&rig, 20);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    destroy_both(calls);
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST(coalesced_connection_that_drains_is_left_by_who_waits_for_it)
{
    struct h2t_rig rig;
    h2client_call *calls[2];

    start_full(&rig, calls, H2CLIENT_SESSION(.coalesce = H2CLIENT_ON));
    h2t_peer_goaway(h2t_rig_peer(&rig, 0), INT32_MAX, 0, "");
    h2t_rig_turn(&rig, 6);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    destroy_both(calls);
    h2t_coalesce_finish(&rig);
}
END_TEST

/* Where no place is free, who borrows has a connection, and waits as such. */
TEST(coalesced_connection_is_not_drained_for_who_borrows_it)
{
    struct h2t_rig rig;
    h2client_call *calls[2], *third;

    start_full(&rig, calls, COALESCING(.max_conns = 2));
    rig.plan.peer.on_request = hold;
    third = get(&rig, "https://third.test/");
    h2t_rig_run_ms(&rig, 5000);
    h2t_coalesce_check(&rig);
    answer_all(&rig, 1);
    h2t_rig_run_ms(&rig, 1);
    ck_assert_uint_eq(h2t_peer_n_requests(h2t_rig_peer(&rig, 0)), 3);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    h2client_call_destroy(third);
    destroy_both(calls);
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST(coalesced_connection_that_drains_is_left)
{
    struct h2t_rig rig;

    h2t_coalesce_start(&rig, NULL);
    h2t_coalesce_open_first(&rig);
    h2t_coalesce_expect_ok(get(&rig, H2T_OTHER "/"));
    h2t_peer_goaway(h2t_rig_peer(&rig, 0), INT32_MAX, 0, "");
    h2t_rig_turn(&rig, 6);
    h2t_coalesce_check(&rig);
    h2t_coalesce_expect_ok(get(&rig, H2T_OTHER "/"));
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    ck_assert_str_eq(rig.dialer.dials[1]->host, "other.test");
    h2t_coalesce_finish(&rig);
}
END_TEST

/* The connection goes with a call on it that has not been answered. */
TEST(coalesced_call_that_lost_its_connection_is_sent_again)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_coalesce_start(&rig, hold_others);
    h2t_coalesce_open_first(&rig);
    call = get(&rig, H2T_OTHER "/");
    h2t_rig_turn(&rig, 6);
    h2t_link_close(rig.dialer.dials[0]->link);
    rig.plan.peer.on_request = NULL;
    h2t_coalesce_expect_ok(call);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST(coalesced_use_keeps_a_connection_from_growing_old)
{
    struct h2t_rig rig;

    h2t_coalesce_prepare(&rig, NULL);
    h2t_rig_open(&rig, COALESCING(.idle_timeout_ms = 1000));
    h2t_coalesce_open_first(&rig);
    for (int i = 0; i < 5; i++) {
        h2t_coalesce_expect_ok(get(&rig, H2T_OTHER "/"));
        h2t_rig_run_ms(&rig, 600);
    }
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    h2t_rig_run_ms(&rig, 600);
    ck_assert_uint_eq(h2t_dialer_n_open(&rig.dialer), 0);
    h2t_coalesce_expect_ok(get(&rig, H2T_OTHER "/"));
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST(coalesced_connection_has_the_limits_of_each_origin)
{
    struct h2t_rig rig;
    h2client_call *calls[3];

    h2t_coalesce_prepare(&rig, hold_others);
    h2t_rig_open(&rig, COALESCING(.max_running_calls_per_origin = 1));
    h2t_coalesce_open_first(&rig);
    calls[0] = get(&rig, H2T_ORIGIN "/1");
    calls[1] = get(&rig, H2T_OTHER "/1");
    calls[2] = get(&rig, H2T_OTHER "/2");
    h2t_rig_turn(&rig, 10);
    ck_assert_uint_eq(h2t_peer_n_requests(h2t_rig_peer(&rig, 0)), 3);
    for (int i = 0; i < 3; i++)
        h2client_call_destroy(calls[i]);
    h2t_coalesce_finish(&rig);
}
END_TEST

static void borrow_for_many(struct h2t_rig *rig)
{
    char url[64];

    for (int i = 0; i < 1100; i++) {
        snprintf(url, sizeof url, "https://host%d.test/", i);
        h2t_coalesce_expect_ok(get(rig, url));
    }
}

/* A thousand origins are remembered at most: who borrows is forgotten like any. */
TEST(coalesced_origins_are_forgotten_when_they_are_many)
{
    struct h2t_rig rig;

    h2t_coalesce_start(&rig, NULL);
    rig.tls.covers = "*";
    h2t_coalesce_open_first(&rig);
    borrow_for_many(&rig);
    ck_assert_uint_le(rig.session->pool.origins.n_entries, 1025);
    h2t_coalesce_expect_ok(get(&rig, "https://host0.test/"));
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST(coalesced_connection_is_told_nothing_of_its_owners)
{
    struct h2t_rig rig;
    const struct h2t_seen_request *theirs;

    h2t_coalesce_start(&rig, NULL);
    h2t_coalesce_expect_ok(h2client_get(rig.session, "https://me:secret@server.test/",
                                        .headers = H2CLIENT_HEADERS({"cookie", "a=1"})));
    h2t_coalesce_expect_ok(get(&rig, H2T_OTHER "/"));
    ck_assert_ptr_nonnull(
        h2t_field(h2t_peer_request(h2t_rig_peer(&rig, 0), 0)->fields, "authorization"));
    theirs = h2t_peer_request(h2t_rig_peer(&rig, 0), 1);
    ck_assert_ptr_null(h2t_field(theirs->fields, "authorization"));
    ck_assert_ptr_null(h2t_field(theirs->fields, "cookie"));
    h2t_coalesce_finish(&rig);
}
END_TEST

/* ---- 421 ----------------------------------------------------------------------------------- */

TEST(misdirected_coalesced_call_is_sent_again_over_a_connection_of_its_own)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_coalesce_start(&rig, misdirect);
    h2t_coalesce_open_first(&rig);
    call = h2client_post(rig.session, H2T_OTHER "/", .body = H2CLIENT_TEXT("body"));
    h2t_coalesce_expect_status(call, 200);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    ck_assert_str_eq(rig.dialer.dials[1]->host, "other.test");
    ck_assert_str_eq(h2t_peer_request(h2t_rig_peer(&rig, 1), 0)->body, "body");
    ck_assert_int_eq(h2client_call_attempt(call, 0)->status, 421);
    h2client_call_destroy(call);
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST(misdirected_coalesced_call_leaves_the_connection_to_its_owner)
{
    struct h2t_rig rig;

    h2t_coalesce_start(&rig, misdirect);
    h2t_coalesce_open_first(&rig);
    h2t_coalesce_expect_ok(get(&rig, H2T_OTHER "/"));
    h2t_coalesce_expect_ok(get(&rig, H2T_ORIGIN "/"));
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    ck_assert_uint_eq(h2t_dialer_n_open(&rig.dialer), 2);
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST(misdirected_origin_is_never_coalesced_again)
{
    struct h2t_rig rig;

    h2t_coalesce_start(&rig, misdirect);
    h2t_coalesce_open_first(&rig);
    h2t_coalesce_expect_ok(get(&rig, H2T_OTHER "/"));
    h2t_link_close(rig.dialer.dials[1]->link);
    h2t_rig_turn(&rig, 6);
    h2t_coalesce_expect_ok(get(&rig, H2T_OTHER "/"));
    ck_assert_uint_eq(rig.dialer.n_dials, 3);
    ck_assert_uint_eq(h2t_peer_n_requests(h2t_rig_peer(&rig, 0)), 2);
    h2t_coalesce_finish(&rig);
}
END_TEST

static void hold_other(struct h2t_peer *peer, const struct h2t_seen_request *request,
                       struct h2t_response *response, void *user)
{
    (void)peer, (void)user;
    *response = ok;
    response->is_held = strcmp(h2t_coalesce_authority(request), "other.test") == 0;
}

TEST(misdirected_origin_that_was_forgotten_meanwhile_is_not_coalesced_again)
{
    static const struct h2t_response misdirected = {.status = 421};
    struct h2t_rig rig;
    h2client_call *call;

    h2t_coalesce_start(&rig, hold_other);
    rig.tls.covers = "*";
    h2t_coalesce_open_first(&rig);
    call = get(&rig, H2T_OTHER "/");
    h2t_rig_turn(&rig, 6);
    borrow_for_many(&rig);
    rig.plan.peer.on_request = NULL;
    h2t_peer_answer(h2t_rig_peer(&rig, 0), 3, &misdirected);
    h2t_coalesce_expect_ok(call);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    ck_assert_uint_eq(h2t_dialer_n_open(&rig.dialer), 2);
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST(misdirected_coalesced_calls_are_all_sent_again)
{
    struct h2t_rig rig;
    h2client_call *calls[10];

    h2t_coalesce_start(&rig, misdirect);
    h2t_coalesce_open_first(&rig);
    for (int i = 0; i < 10; i++)
        calls[i] = get(&rig, H2T_OTHER "/");
    for (int i = 0; i < 10; i++)
        h2t_coalesce_expect_ok(calls[i]);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST(misdirected_coalesced_call_needs_no_policy_of_retries)
{
    static const h2client_retry_options none = {
        .size = sizeof none, .max_replays = H2CLIENT_NONE, .max_retries = H2CLIENT_NONE};
    struct h2t_rig rig;

    h2t_coalesce_start(&rig, misdirect);
    h2t_coalesce_open_first(&rig);
    h2t_coalesce_expect_ok(h2client_get(rig.session, H2T_OTHER "/", .retry = &none));
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST(misdirected_over_its_own_connection_too_is_the_answer)
{
    struct h2t_rig rig;
    bool is_stubborn = true;
    h2client_call *call;

    h2t_coalesce_start(&rig, misdirect);
    rig.plan.peer.user = &is_stubborn;
    h2t_coalesce_open_first(&rig);
    call = get(&rig, H2T_OTHER "/");
    h2t_coalesce_expect_status(call, 421);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    h2client_call_destroy(call);
    h2t_coalesce_finish(&rig);
}
END_TEST

static h2client_pull_result pull_once(void *buf, size_t cap, size_t *n, void *user)
{
    (void)cap, (void)user;
    memcpy(buf, "once", 4);
    *n = 4;
    return H2CLIENT_PULL_END;
}

TEST(misdirected_body_that_is_gone_makes_421_the_answer)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_coalesce_start(&rig, misdirect);
    h2t_coalesce_open_first(&rig);
    call = h2client_post(rig.session, H2T_OTHER "/", .body = H2CLIENT_PULL(pull_once, NULL, 4));
    h2t_coalesce_expect_status(call, 421);
    h2client_call_destroy(call);
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    h2t_coalesce_expect_ok(get(&rig, H2T_OTHER "/"));
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    h2t_coalesce_finish(&rig);
}
END_TEST

/* The connection has no room for the second call before it is known that it is not to go there. */
TEST(misdirected_call_takes_those_along_that_wait_for_its_connection)
{
    static const struct h2t_response misdirected = {.status = 421, .body_len = 10};
    struct h2t_rig rig;
    h2client_call *calls[2];

    h2t_coalesce_prepare(&rig, hold_others);
    rig.plan.peer.max_concurrent_streams = 1;
    rig.plan.peer.initial_window = 1;
    h2t_rig_open(&rig, H2CLIENT_SESSION(.coalesce = H2CLIENT_ON));
    h2t_coalesce_open_first(&rig);
    calls[0] = h2client_post(rig.session, H2T_OTHER "/", .body = H2CLIENT_PULL(pull_once, NULL, 4));
    h2t_rig_turn(&rig, 6);
    calls[1] = get(&rig, H2T_OTHER "/");
    h2t_rig_turn(&rig, 6);
    h2t_peer_answer(h2t_rig_peer(&rig, 0), 3, &misdirected);
    h2t_rig_turn(&rig, 6);
    ck_assert_uint_eq(h2t_peer_n_requests(h2t_rig_peer(&rig, 0)), 2);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    destroy_both(calls);
    h2t_coalesce_finish(&rig);
}
END_TEST

static void require_h1(struct h2t_peer *peer, const struct h2t_seen_request *request,
                       struct h2t_response *response, void *user)
{
    (void)user;
    *response = ok;
    if (strcmp(h2t_coalesce_authority(request), "other.test") != 0)
        return;
    response->is_held = true;
    h2t_peer_reset(peer, request->stream_id, HTTP_1_1_REQUIRED);
}

TEST(coalesced_origin_that_requires_http_1_1_gets_a_connection_of_its_own)
{
    struct h2t_rig rig;
    struct h2t_h1_config h1 = {.on_request = NULL};

    h2t_coalesce_start(&rig, require_h1);
    h2t_coalesce_open_first(&rig);
    rig.plan.h1 = &h1;
    rig.tls.alpn = "http/1.1";
    h2t_coalesce_expect_ok(get(&rig, H2T_OTHER "/"));
    h2t_coalesce_expect_ok(get(&rig, H2T_ORIGIN "/"));
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    ck_assert_uint_eq(h2t_dialer_n_open(&rig.dialer), 2);
    h2t_coalesce_finish(&rig);
}
END_TEST

/* ---- memory -------------------------------------------------------------------------------- */

/* One call of each origin, one after the other; the second is misdirected. Returns how many
 * allocations it took. */
static uint64_t run_dry(uint64_t fail_at, bool fail_for_ever, int *n_failed)
{
    static const char *const urls[] = {H2T_ORIGIN "/", H2T_OTHER "/", "https://127.0.0.1/"};
    struct h2t_rig rig;
    uint64_t n_calls;

    h2t_coalesce_prepare(&rig, misdirect);
    rig.tls.covers = "*";
    rig.alloc.fail_at = fail_at;
    rig.alloc.fail_for_ever = fail_for_ever;
    h2t_rig_open(&rig, H2CLIENT_SESSION(.coalesce = H2CLIENT_ON));
    for (int i = 0; i < 3; i++) {
        h2client_call *call = get(&rig, urls[i]);
        h2client_call_await(call);
        ck_assert_int_ne(h2client_call_state(call), H2CLIENT_PENDING);
        *n_failed += h2client_call_state(call) != H2CLIENT_OK;
        h2client_call_destroy(call);
    }
    rig.alloc.fail_at = 0;
    n_calls = rig.alloc.n_calls;
    h2t_rig_finish(&rig);
    return n_calls;
}

TEST(coalescing_without_memory_leaves_one_outcome_and_nothing_else)
{
    int n_failed = 0, n_failed_in_all = 0;
    uint64_t n = run_dry(0, false, &n_failed);

    ck_assert_int_eq(n_failed, 0);
    for (uint64_t i = 1; i <= n; i++) {
        run_dry(i, false, &n_failed_in_all);
        run_dry(i, true, &n_failed_in_all);
    }
    ck_assert_int_gt(n_failed_in_all, 0);
}
END_TEST

TEST_MAIN("facade_misdirected", {T(coalesced_call_waits_for_room_that_comes_in_time)},
          {T(coalesced_connection_that_is_full_gets_company_after_100_ms)},
          {T(coalesced_connection_of_an_address_as_host_gets_company_too)},
          {T(coalesced_connection_that_drains_is_left_by_who_waits_for_it)},
          {T(coalesced_connection_is_not_drained_for_who_borrows_it)},
          {T(coalesced_connection_that_drains_is_left)},
          {T(coalesced_call_that_lost_its_connection_is_sent_again)},
          {T(coalesced_use_keeps_a_connection_from_growing_old)},
          {T(coalesced_connection_has_the_limits_of_each_origin)},
          {T(coalesced_origins_are_forgotten_when_they_are_many)},
          {T(coalesced_connection_is_told_nothing_of_its_owners)},
          {T(misdirected_coalesced_call_is_sent_again_over_a_connection_of_its_own)},
          {T(misdirected_coalesced_call_leaves_the_connection_to_its_owner)},
          {T(misdirected_origin_is_never_coalesced_again)},
          {T(misdirected_origin_that_was_forgotten_meanwhile_is_not_coalesced_again)},
          {T(misdirected_coalesced_calls_are_all_sent_again)},
          {T(misdirected_coalesced_call_needs_no_policy_of_retries)},
          {T(misdirected_over_its_own_connection_too_is_the_answer)},
          {T(misdirected_body_that_is_gone_makes_421_the_answer)},
          {T(misdirected_call_takes_those_along_that_wait_for_its_connection)},
          {T(coalesced_origin_that_requires_http_1_1_gets_a_connection_of_its_own)},
          {T(coalescing_without_memory_leaves_one_outcome_and_nothing_else)})
