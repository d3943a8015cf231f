/* SPDX-License-Identifier: MIT */
/* Tunnels over HTTP/2: many on one connection to a proxy, and what becomes of the others when
 * one of them, or the connection, comes to its end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h2client/session_internal.h"
#include "h2client-testing/h2_proxy_peer.h"
#include "h2client-testing/raw_frames.h"
#include "tests/support/facade_rig.h"
#include "tests/support/pool_check.h"
#include "tests/support/test_main.h"

#define PROXY "https://proxy.test:8443"
#define LARGE (1024u * 1024)

struct scene {
    struct h2t_rig rig;
    struct h2t_h2_proxy proxy;
};

static void open_scene(struct scene *scene, const h2client_session_options *given)
{
    h2client_session_options options = given ? *given : *H2CLIENT_SESSION(.defaults = NULL);
    const h2client_call_options *defaults =
        H2CLIENT_CALL(.proxy = H2CLIENT_PROXY(.url = PROXY),
                      .retry = H2CLIENT_RETRY(.max_replays = H2CLIENT_NONE));

    if (!options.defaults)
        options.defaults = defaults;
    h2t_rig_init(&scene->rig);
    scene->rig.plan.h2_proxy = &scene->proxy;
    h2t_rig_open(&scene->rig, &options);
}

static void check(const struct scene *scene)
{
    const char *broken = h2t_pool_check(&scene->rig.session->pool);

    ck_assert_msg(!broken, "%s", broken);
}

static void finish(struct scene *scene)
{
    h2client_session_dispatch(scene->rig.session, 0);
    check(scene);
    h2t_rig_finish(&scene->rig);
}

/* The nth host's. */
static h2client_call *get(const struct scene *scene, size_t n)
{
    char url[64];

    snprintf(url, sizeof url, "https://host%zu.test/", n);
    return h2client_get(scene->rig.session, url);
}

static void expect_ok(h2client_call *call)
{
    h2client_call_await(call);
    ck_assert_msg(h2client_call_state(call) == H2CLIENT_OK, "%s",
                  h2client_call_error(call)->message);
    h2client_call_destroy(call);
}

static void expect_error(h2client_call *call, h2client_error_code code, const char *part)
{
    const h2client_error *error = h2client_call_error(call);

    h2client_call_await(call);
    ck_assert_msg(error->code == code, "%s: %s", h2client_error_name(error->code), error->message);
    ck_assert_msg(strstr(error->message, part) != NULL, "%s", error->message);
    ck_assert_int_eq(error->replay_class, H2CLIENT_REPLAY_NEVER_SENT);
    h2client_call_destroy(call);
}

static void expect_all_ok(struct scene *scene, size_t n)
{
    h2client_call *calls[64];

    for (size_t i = 0; i < n; i++)
        calls[i] = get(scene, i);
    h2client_gather(calls, n);
    check(scene);
    for (size_t i = 0; i < n; i++)
        expect_ok(calls[i]);
}

/* ---- many on one ------------------------------------------------------------------ */

TEST(tunnel_over_http2_is_asked_for_by_authority_alone)
{
    struct scene scene = {0};

    open_scene(&scene, NULL);
    expect_ok(get(&scene, 1));
    ck_assert_str_eq(scene.proxy.asked[0].target, "host1.test:443");
    ck_assert_uint_eq(scene.proxy.asked[0].n_fields, 2); /* RFC 9113 8.5: :method, :authority */
    ck_assert(!scene.proxy.asked[0].has_path);
    ck_assert_str_eq(scene.rig.dialer.dials[0]->host, "proxy.test");
    ck_assert_uint_eq(scene.rig.dialer.dials[0]->port, 8443);
    finish(&scene);
}
END_TEST

TEST(tunnels_to_many_origins_share_one_connection)
{
    struct scene scene = {0};

    open_scene(&scene, NULL);
    expect_all_ok(&scene, 50);
    ck_assert_uint_eq(scene.rig.dialer.n_dials, 1);
    ck_assert_uint_eq(scene.proxy.n_tunnels, 50);
    finish(&scene);
}
END_TEST

TEST(tunnel_is_shared_by_calls_to_its_origin)
{
    struct scene scene = {0};
    h2client_call *calls[20];

    open_scene(&scene, NULL);
    for (size_t i = 0; i < 20; i++)
        calls[i] = get(&scene, 1);
    h2client_gather(calls, 20);
    for (size_t i = 0; i < 20; i++)
        expect_ok(calls[i]);
    ck_assert_uint_eq(scene.proxy.n_tunnels, 1);
    finish(&scene);
}
END_TEST

TEST(tunnel_carries_http1_as_well)
{
    struct scene scene = {0};
    struct h2t_h1_config h1 = {0};

    scene.proxy.behind_h1 = &h1;
    open_scene(&scene, NULL);
    scene.rig.tls.alpn = "http/1.1";
    scene.rig.tls.other.host = "proxy.test";
    scene.rig.tls.other.alpn = "h2";
    expect_all_ok(&scene, 3);
    expect_all_ok(&scene, 3); /* kept alive */
    ck_assert_uint_eq(scene.rig.dialer.n_dials, 1);
    ck_assert_uint_eq(scene.proxy.n_tunnels, 3);
    finish(&scene);
}
END_TEST

TEST(tunnel_login_is_told_to_the_proxy_and_to_nobody_else)
{
    struct scene scene = {0};

    open_scene(
        &scene,
        H2CLIENT_SESSION(.defaults =
                             H2CLIENT_CALL(.proxy = H2CLIENT_PROXY(.url = PROXY, .user = "me",
                                                                   .password = "s t"))));
    expect_ok(get(&scene, 1));
    ck_assert_str_eq(scene.proxy.asked[0].login, "Basic bWU6cyB0");
    ck_assert_ptr_null(
        h2t_field(h2t_peer_request(scene.proxy.peers[0], 0)->fields, "proxy-authorization"));
    finish(&scene);
}
END_TEST

TEST(logins_do_not_share_a_connection_to_the_proxy)
{
    struct scene scene = {0};
    h2client_call *calls[2];

    open_scene(&scene, NULL);
    calls[0] = h2client_get(scene.rig.session, "https://host1.test/",
                            .proxy = H2CLIENT_PROXY(.url = PROXY, .user = "one"));
    calls[1] = h2client_get(scene.rig.session, "https://host2.test/",
                            .proxy = H2CLIENT_PROXY(.url = PROXY, .user = "two"));
    h2client_gather(calls, 2);
    expect_ok(calls[0]);
    expect_ok(calls[1]);
    ck_assert_uint_eq(scene.rig.dialer.n_dials, 2);
    finish(&scene);
}
END_TEST

/* ---- the proxy speaks HTTP/1.1 --------------------------------------------------------- */

TEST(proxy_of_http1_gives_each_tunnel_a_connection)
{
    struct h2t_rig rig;
    struct h2t_proxy proxy = {0};
    h2client_call *calls[5];
    char url[64];

    h2t_rig_init(&rig);
    rig.plan.proxy = &proxy;
    rig.tls.other.host = "proxy.test";
    rig.tls.other.alpn = "http/1.1";
    h2t_rig_open(
        &rig, H2CLIENT_SESSION(.defaults = H2CLIENT_CALL(.proxy = H2CLIENT_PROXY(.url = PROXY))));
    for (int i = 0; i < 5; i++) {
        snprintf(url, sizeof url, "https://host%d.test/", i);
        calls[i] = h2client_get(rig.session, url);
    }
    h2client_gather(calls, 5);
    ck_assert_ptr_null(h2t_pool_check(&rig.session->pool));
    for (int i = 0; i < 5; i++)
        expect_ok(calls[i]);
    ck_assert_uint_eq(rig.dialer.n_dials, 5);
    ck_assert_uint_eq(proxy.n_asked, 5);
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- limits ------------------------------------------------------------------------------ */

TEST(tunnels_beyond_the_streams_of_a_proxy_get_other_connections)
{
    struct scene scene = {0};

    scene.proxy.max_streams = 1;
    open_scene(&scene, NULL);
    expect_all_ok(&scene, 6);
    ck_assert_uint_eq(scene.proxy.n_tunnels, 6);
    ck_assert_uint_eq(scene.rig.dialer.n_dials, 6);
    finish(&scene);
}
END_TEST

TEST(tunnels_and_the_limit_of_connections_do_not_wait_for_each_other)
{
    for (int64_t max_conns = 1; max_conns <= 3; max_conns++) {
        struct scene scene = {0};
        open_scene(&scene, H2CLIENT_SESSION(.max_conns = max_conns));
        expect_all_ok(&scene, 12);
        ck_assert_uint_eq(scene.rig.dialer.n_dials, 1);
        ck_assert_uint_le(scene.proxy.n_open, (size_t)max_conns);
        finish(&scene);
    }
}
END_TEST

TEST(tunnels_wait_in_no_queue_of_calls)
{
    struct scene scene = {0};

    open_scene(&scene, H2CLIENT_SESSION(.max_queued_calls = 8));
    expect_all_ok(&scene, 8);
    finish(&scene);
}
END_TEST

/* ---- what a proxy says no to ---------------------------------------------------------------- */

static void refuse_host1(struct h2t_h2_proxy *proxy, const struct h2t_connect *connect)
{
    proxy->refusal = strcmp(connect->target, "host1.test:443") == 0 ? *(int *)proxy->user : 0;
}

TEST(tunnel_that_is_refused_leaves_the_others_alone)
{
    static const struct {
        int status;
        h2client_error_code code;
        const char *part;
    } rows[] = {{403, H2CLIENT_ERROR_PROXY_REFUSED, "proxy proxy.test:8443: status 403"},
                {302, H2CLIENT_ERROR_PROXY_REFUSED, "status 302"},
                {407, H2CLIENT_ERROR_PROXY_AUTH, "status 407, a login is wanted"},
                {502, H2CLIENT_ERROR_PROXY_REFUSED, "status 502"}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int status = rows[i].status;
        struct scene scene = {.proxy = {.on_connect = refuse_host1, .user = &status}};
        open_scene(&scene, NULL);
        h2client_call *calls[] = {get(&scene, 0), get(&scene, 1), get(&scene, 2)};
        h2client_gather(calls, 3);
        expect_ok(calls[0]);
        expect_error(calls[1], rows[i].code, rows[i].part);
        expect_ok(calls[2]);
        ck_assert_uint_eq(scene.rig.dialer.n_dials, 1);
        finish(&scene);
    }
}
END_TEST

static void reset_first(struct h2t_h2_proxy *proxy, const struct h2t_connect *connect)
{
    (void)connect;
    proxy->reset_code = proxy->n_asked <= (size_t)(uintptr_t)proxy->user ? 7 : 0;
}

TEST(tunnel_that_was_not_looked_at_is_asked_for_again)
{
    struct scene scene = {.proxy = {.on_connect = reset_first, .user = (void *)2}};

    open_scene(&scene, NULL);
    expect_ok(get(&scene, 1));
    ck_assert_uint_eq(scene.proxy.n_asked, 3);
    finish(&scene);
}
END_TEST

TEST(tunnel_is_not_asked_for_for_ever)
{
    struct scene scene = {.proxy = {.on_connect = reset_first, .user = (void *)100}};

    open_scene(&scene, NULL);
    expect_error(get(&scene, 1), H2CLIENT_ERROR_PROXY_HANDSHAKE, "proxy proxy.test:8443: ");
    ck_assert_uint_eq(scene.proxy.n_asked, 3);
    finish(&scene);
}
END_TEST

TEST(proxy_that_never_answers_a_connect_has_a_limit)
{
    struct scene scene = {.proxy = {.is_silent = true}};
    h2client_call *call;

    open_scene(&scene, NULL);
    call = get(&scene, 1);
    h2client_call_await(call);
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_TIMEOUT);
    ck_assert_int_eq(h2client_call_error(call)->limit, H2CLIENT_LIMIT_PROXY);
    h2client_call_destroy(call);
    ck_assert_uint_eq(scene.proxy.n_tunnels, 0);
    finish(&scene);
}
END_TEST

TEST(tunnel_can_be_left_while_it_is_asked_for)
{
    struct scene scene = {.proxy = {.is_silent = true}};
    h2client_call *call;

    open_scene(&scene, NULL);
    call = get(&scene, 1);
    h2t_rig_turn(&scene.rig, 20);
    ck_assert_uint_eq(scene.proxy.n_asked, 1);
    h2client_call_cancel(call);
    h2client_call_destroy(call);
    scene.proxy.is_silent = false;
    expect_ok(get(&scene, 2));
    ck_assert_uint_eq(scene.rig.dialer.n_dials, 1);
    finish(&scene);
}
END_TEST

static void ask_for_digest(struct h2t_h2_proxy *proxy, const struct h2t_connect *connect)
{
    proxy->refusal = strncmp(connect->login, "Digest ", 7) == 0 ? 0 : 407;
}

TEST(tunnel_login_is_a_proof_where_the_proxy_asks_for_one)
{
    static const h2client_header fields[] = {
        {"proxy-authenticate", "Digest realm=\"proxies\", nonce=\"abc\", qop=\"auth\""},
        {NULL, NULL}};
    struct scene scene = {.proxy = {.on_connect = ask_for_digest, .refusal_fields = fields}};

    open_scene(
        &scene,
        H2CLIENT_SESSION(.defaults =
                             H2CLIENT_CALL(.proxy = H2CLIENT_PROXY(.url = PROXY, .user = "me",
                                                                   .password = "secret"))));
    expect_all_ok(&scene, 4);
    expect_all_ok(&scene, 5);
    ck_assert_str_eq(scene.proxy.asked[0].login, "Basic bWU6c2VjcmV0");
    ck_assert_ptr_nonnull(strstr(scene.proxy.asked[4].login, "Digest username=\"me\""));
    ck_assert_ptr_nonnull(strstr(scene.proxy.asked[8].login, "uri=\"host4.test:443\""));
    ck_assert_uint_eq(scene.proxy.n_asked, 9);
    ck_assert_uint_eq(scene.rig.dialer.n_dials, 1);
    finish(&scene);
}
END_TEST

/* ---- the end of the connection ----------------------------------------------------------------
 */

TEST(connection_that_is_going_keeps_its_tunnels_and_gets_no_new_one)
{
    struct scene scene = {0};

    open_scene(&scene, NULL);
    expect_ok(get(&scene, 1));
    h2t_h2_proxy_goaway(scene.rig.dialer.dials[0]->h2_proxy_peer, 1);
    h2t_rig_turn(&scene.rig, 10);
    expect_ok(get(&scene, 1));
    ck_assert_uint_eq(scene.rig.dialer.n_dials, 1);
    expect_ok(get(&scene, 2));
    ck_assert_uint_eq(scene.rig.dialer.n_dials, 2);
    finish(&scene);
}
END_TEST

static void hold(struct h2t_peer *peer, const struct h2t_seen_request *request,
                 struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    *response = (struct h2t_response){.status = 200, .is_held = true};
}

TEST(connection_that_breaks_takes_its_tunnels_with_it)
{
    static const h2client_fault reset = {
        .code = H2CLIENT_ERROR_CONNECTION_RESET, .text = "reset by peer", .tls_alert = -1};
    struct scene scene = {.proxy = {.behind = {.on_request = hold}}};
    h2client_call *calls[3];

    open_scene(&scene, NULL);
    for (size_t i = 0; i < 3; i++)
        calls[i] = get(&scene, i);
    h2t_rig_turn(&scene.rig, 30);
    ck_assert_uint_eq(scene.proxy.n_open, 3);
    h2t_link_break(scene.rig.dialer.dials[0]->link, &reset);
    h2client_gather(calls, 3);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(h2client_call_error(calls[i])->code, H2CLIENT_ERROR_CONNECTION_RESET);
        ck_assert_int_eq(h2client_call_error(calls[i])->replay_class,
                         H2CLIENT_REPLAY_MAYBE_PROCESSED);
        h2client_call_destroy(calls[i]);
    }
    scene.proxy.behind.on_request = NULL;
    expect_ok(get(&scene, 1));
    finish(&scene);
}
END_TEST

TEST(session_can_go_while_tunnels_stand_and_others_are_asked_for)
{
    struct scene scene = {.proxy = {.behind = {.on_request = hold}}};
    h2client_call *calls[4];

    open_scene(&scene, NULL);
    for (size_t i = 0; i < 3; i++)
        calls[i] = get(&scene, i);
    h2t_rig_turn(&scene.rig, 30);
    scene.proxy.is_silent = true;
    calls[3] = get(&scene, 3);
    h2t_rig_turn(&scene.rig, 5);
    h2client_session_destroy(scene.rig.session);
    scene.rig.session = NULL;
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(h2client_call_state(calls[i]), H2CLIENT_ERROR_SESSION_CLOSED);
        h2client_call_destroy(calls[i]);
    }
    h2t_rig_finish(&scene.rig);
}
END_TEST

TEST(connection_without_tunnels_is_closed_when_it_was_idle_long_enough)
{
    struct scene scene = {0};

    open_scene(&scene, H2CLIENT_SESSION(.idle_timeout_ms = 1000));
    expect_ok(get(&scene, 1));
    h2t_rig_run_ms(&scene.rig, 1500);
    ck_assert_uint_eq(scene.proxy.n_open, 0);
    ck_assert_uint_eq(h2t_dialer_n_open(&scene.rig.dialer), 1);
    h2t_rig_run_ms(&scene.rig, 1500);
    ck_assert_uint_eq(h2t_dialer_n_open(&scene.rig.dialer), 0);
    finish(&scene);
}
END_TEST

/* ---- bytes -------------------------------------------------------------------------------------
 */

static void give_large(struct h2t_peer *peer, const struct h2t_seen_request *request,
                       struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    *response = (struct h2t_response){.status = 200, .body_len = LARGE, .waits_for_body = true};
}

static void expect_pattern(const h2client_response *resp)
{
    h2client_bytes body = h2client_response_body(resp);
    size_t n_wrong = 0;

    ck_assert_uint_eq(body.len, LARGE);
    for (size_t i = 0; i < LARGE; i++)
        n_wrong += body.data[i] != h2t_pattern_byte(i);
    ck_assert_uint_eq(n_wrong, 0);
}

TEST(tunnel_carries_large_bodies_both_ways)
{
    struct scene scene = {.proxy = {.behind = {.on_request = give_large}}};
    char *body = malloc(LARGE);
    h2client_call *calls[4];

    for (size_t i = 0; i < LARGE; i++)
        body[i] = h2t_pattern_byte(i);
    open_scene(&scene, NULL);
    for (int i = 0; i < 4; i++) {
        char url[64];
        snprintf(url, sizeof url, "https://host%d.test/", i % 2);
        calls[i] = h2client_post(scene.rig.session, url, .body = H2CLIENT_BYTES(body, LARGE));
    }
    h2client_gather(calls, 4);
    for (int i = 0; i < 4; i++) {
        ck_assert_msg(h2client_call_response(calls[i]) != NULL, "%s",
                      h2client_call_error(calls[i])->message);
        expect_pattern(h2client_call_response(calls[i]));
        h2client_call_destroy(calls[i]);
    }
    ck_assert_uint_eq(h2t_peer_request(scene.proxy.peers[0], 0)->body_len, LARGE);
    ck_assert_int_eq(memcmp(h2t_peer_request(scene.proxy.peers[1], 1)->body, body, LARGE), 0);
    free(body);
    finish(&scene);
}
END_TEST

TEST(tunnel_nobody_reads_from_stalls_no_other)
{
    struct scene scene = {.proxy = {.behind = {.on_request = give_large}}};
    h2client_call *slow, *fast;

    open_scene(&scene, NULL);
    slow =
        h2client_get(scene.rig.session, "https://host1.test/", .delivery = H2CLIENT_DELIVERY_PULL);
    ck_assert_ptr_nonnull(h2client_call_await_response(slow));
    h2t_rig_turn(&scene.rig, 200);
    fast = get(&scene, 2);
    h2client_call_await(fast);
    expect_pattern(h2client_call_response(fast));
    ck_assert_int_eq(h2client_call_state(slow), H2CLIENT_PENDING);
    h2client_call_destroy(fast);
    h2client_call_destroy(slow);
    finish(&scene);
}
END_TEST

TEST(tunnel_that_the_proxy_ends_is_an_end_of_the_connection)
{
    struct scene scene = {.proxy = {.ends_tunnels = true}};
    h2client_call *call;

    open_scene(&scene, NULL);
    call = get(&scene, 1);
    h2client_call_await(call);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_ERROR_EMPTY_REPLY);
    h2client_call_destroy(call);
    scene.proxy.ends_tunnels = false;
    expect_ok(get(&scene, 1));
    ck_assert_uint_eq(scene.rig.dialer.n_dials, 1);
    finish(&scene);
}
END_TEST

/* ---- no memory --------------------------------------------------------------------------------
 */

/* Was there an allocation to fail? */
static bool fails_at(uint64_t n)
{
    struct scene scene = {0};
    h2client_call *calls[2];
    bool was_hit;

    h2t_rig_init(&scene.rig);
    scene.rig.plan.h2_proxy = &scene.proxy;
    scene.rig.alloc.fail_at = n;
    h2t_rig_open(
        &scene.rig,
        H2CLIENT_SESSION(.defaults =
                             H2CLIENT_CALL(.proxy =
                                               H2CLIENT_PROXY(.url = "https://me:x@proxy.test"))));
    calls[0] = h2client_get(scene.rig.session, "https://host1.test/");
    calls[1] = h2client_get(scene.rig.session, "https://host2.test/");
    h2client_gather(calls, 2);
    was_hit = scene.rig.alloc.n_calls >= n;
    for (int i = 0; i < 2; i++) {
        ck_assert_int_ne(h2client_call_state(calls[i]), H2CLIENT_PENDING);
        h2client_call_destroy(calls[i]);
    }
    h2t_rig_finish(&scene.rig);
    return was_hit;
}

TEST(tunnel_leaves_nothing_behind_whatever_allocation_fails)
{
    for (uint64_t n = 1; fails_at(n); n++)
        ;
}
END_TEST
TEST_MAIN("facade_carrier", {T(tunnel_over_http2_is_asked_for_by_authority_alone)},
          {T(tunnels_to_many_origins_share_one_connection)},
          {T(tunnel_is_shared_by_calls_to_its_origin)}, {T(tunnel_carries_http1_as_well)},
          {T(tunnel_login_is_told_to_the_proxy_and_to_nobody_else)},
          {T(logins_do_not_share_a_connection_to_the_proxy)},
          {T(proxy_of_http1_gives_each_tunnel_a_connection)},
          {T(tunnels_beyond_the_streams_of_a_proxy_get_other_connections)},
          {T(tunnels_and_the_limit_of_connections_do_not_wait_for_each_other)},
          {T(tunnels_wait_in_no_queue_of_calls)},
          {T(tunnel_that_is_refused_leaves_the_others_alone)},
          {T(tunnel_that_was_not_looked_at_is_asked_for_again)},
          {T(tunnel_is_not_asked_for_for_ever)},
          {T(proxy_that_never_answers_a_connect_has_a_limit)},
          {T(tunnel_can_be_left_while_it_is_asked_for)},
          {T(tunnel_login_is_a_proof_where_the_proxy_asks_for_one)},
          {T(connection_that_is_going_keeps_its_tunnels_and_gets_no_new_one)},
          {T(connection_that_breaks_takes_its_tunnels_with_it)},
          {T(session_can_go_while_tunnels_stand_and_others_are_asked_for)},
          {T(connection_without_tunnels_is_closed_when_it_was_idle_long_enough)},
          {T(tunnel_carries_large_bodies_both_ways)}, {T(tunnel_nobody_reads_from_stalls_no_other)},
          {T(tunnel_that_the_proxy_ends_is_an_end_of_the_connection)},
          {T(tunnel_leaves_nothing_behind_whatever_allocation_fails)})
