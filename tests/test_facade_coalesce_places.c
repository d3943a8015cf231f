/* SPDX-License-Identifier: MIT */
/* Coalescing where connections are few: a name is looked up before a place is taken for it. */
#include <stdio.h>

#include "tests/support/coalesce_rig.h"
#include "tests/support/test_main.h"

#define COALESCING(...) H2CLIENT_SESSION(__VA_ARGS__, .coalesce = H2CLIENT_ON)

static const struct h2t_response ok = {.status = 200, .body = "ok", .body_len = 2};

/* Answers nothing by itself. */
static void hold(struct h2t_peer *peer, const struct h2t_seen_request *request,
                 struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    *response = ok;
    response->is_held = true;
}

static h2client_call *get(struct h2t_rig *rig, const char *url)
{
    return h2client_get(rig->session, url);
}

TEST(coalescing_takes_no_place_where_places_are_few)
{
    struct h2t_rig rig;

    h2t_coalesce_prepare(&rig, NULL);
    h2t_rig_open(&rig, COALESCING(.max_conns = 1));
    h2t_coalesce_open_first(&rig);
    for (int i = 0; i < 3; i++) {
        h2t_coalesce_expect_ok(get(&rig, H2T_OTHER "/"));
        h2t_coalesce_expect_ok(get(&rig, H2T_ORIGIN "/"));
    }
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    h2t_coalesce_finish(&rig);
}
END_TEST

/* The one connection there may be is server.test's, and in use; other.test waits. */
static void start_without_place(struct h2t_rig *rig, h2client_call *calls[2])
{
    h2t_coalesce_prepare(rig, hold);
    rig->tls.covers = NULL;
    h2t_rig_open(rig, COALESCING(.max_conns = 1));
    calls[0] = get(rig, H2T_ORIGIN "/");
    h2t_rig_turn(rig, 6);
    calls[1] = h2client_get(rig->session, H2T_OTHER "/", .connect_timeout_ms = 1000);
    h2t_rig_run_ms(rig, 5000);
    h2t_coalesce_check(rig);
    ck_assert_uint_eq(rig->dialer.n_dials, 1);
}

TEST(coalescing_that_finds_nothing_takes_its_place_in_the_queue)
{
    struct h2t_rig rig;
    h2client_call *calls[2];

    start_without_place(&rig, calls);
    h2t_peer_answer(h2t_rig_peer(&rig, 0), 1, &ok);
    h2t_coalesce_expect_ok(calls[0]);
    rig.plan.peer.on_request = NULL;
    h2t_coalesce_expect_ok(calls[1]);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST(coalescing_that_finds_nothing_has_its_time_for_connecting_once_there_is_a_place)
{
    struct h2t_rig rig;
    h2client_call *calls[2];

    start_without_place(&rig, calls);
    h2t_peer_answer(h2t_rig_peer(&rig, 0), 1, &ok);
    rig.plan.is_silent = true;
    h2t_coalesce_expect_ok(calls[0]);
    h2client_call_await(calls[1]);
    ck_assert_int_eq(h2client_call_error(calls[1])->limit, H2CLIENT_LIMIT_CONNECT);
    ck_assert_int_eq(h2client_call_error(calls[1])->elapsed_us, 6000000);
    h2client_call_destroy(calls[1]);
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST(coalescing_that_finds_nothing_gets_a_place_from_who_had_its_turn)
{
    struct h2t_rig rig;
    h2client_call *calls[2], *later;

    start_without_place(&rig, calls);
    later = get(&rig, H2T_ORIGIN "/");
    h2t_rig_turn(&rig, 6);
    ck_assert_uint_eq(h2t_peer_n_requests(h2t_rig_peer(&rig, 0)), 1);
    h2client_call_destroy(later);
    h2client_call_destroy(calls[0]);
    h2client_call_destroy(calls[1]);
    h2t_coalesce_finish(&rig);
}
END_TEST

/* Answers nothing by itself. */
static void hold_h1(struct h2t_h1_peer *peer, const struct h2t_h1_seen *request,
                    struct h2t_h1_reply *reply, void *user)
{
    (void)peer, (void)request, (void)user;
    reply->text = NULL;
}

TEST(coalescing_looks_nothing_up_before_its_place_where_nothing_can_be_shared)
{
    struct h2t_rig rig;
    const struct h2t_h1_config silent = {.on_request = hold_h1};
    h2client_call *calls[2];

    h2t_coalesce_prepare(&rig, NULL);
    rig.plan.h1 = &silent;
    rig.tls.alpn = "http/1.1";
    h2t_rig_open(&rig, COALESCING(.max_conns = 1));
    calls[0] = get(&rig, H2T_ORIGIN "/");
    h2t_rig_turn(&rig, 6);
    calls[1] = get(&rig, H2T_OTHER "/");
    h2t_rig_turn(&rig, 6);
    ck_assert_uint_eq(h2t_fake_resolver_n_queries(rig.resolver), 1);
    h2client_call_destroy(calls[0]);
    h2client_call_destroy(calls[1]);
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST(coalescing_looks_up_no_more_names_at_once_than_there_are_places)
{
    struct h2t_rig rig;
    h2client_call *calls[10];
    char url[64];

    h2t_coalesce_prepare(&rig, hold);
    h2t_rig_open(&rig, COALESCING(.max_conns = 2));
    calls[0] = get(&rig, H2T_ORIGIN "/");
    h2t_rig_turn(&rig, 6);
    for (int i = 1; i < 10; i++) {
        snprintf(url, sizeof url, "https://host%d.test/", i);
        calls[i] = get(&rig, url);
    }
    h2t_rig_turn(&rig, 1);
    h2t_coalesce_check(&rig);
    ck_assert_uint_le(h2t_fake_resolver_n_queries(rig.resolver), 4);
    for (int i = 0; i < 10; i++)
        h2client_call_destroy(calls[i]);
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST_MAIN("facade_coalesce_places", {T(coalescing_takes_no_place_where_places_are_few)},
          {T(coalescing_that_finds_nothing_takes_its_place_in_the_queue)},
          {T(coalescing_that_finds_nothing_has_its_time_for_connecting_once_there_is_a_place)},
          {T(coalescing_that_finds_nothing_gets_a_place_from_who_had_its_turn)},
          {T(coalescing_looks_nothing_up_before_its_place_where_nothing_can_be_shared)},
          {T(coalescing_looks_up_no_more_names_at_once_than_there_are_places)})
