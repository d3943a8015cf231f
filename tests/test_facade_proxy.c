/* SPDX-License-Identifier: MIT */
/* Calls through proxies: tunnels, whole URLs, logins, refusals, and what the proxy is told. */
#include <stdio.h>
#include <string.h>

#include "tests/support/proxy_rig.h"
#include "tests/support/test_main.h"

/* ---- CONNECT -------------------------------------------------------------------- */

TEST(proxy_makes_a_tunnel_for_https)
{
    struct h2t_proxy_scene scene = {0};

    h2t_proxy_start_url(&scene, HTTP_PROXY);
    h2client_call *call = h2t_proxy_get(&scene);
    h2t_proxy_expect_ok(call);
    ck_assert_str_eq(scene.proxy.head,
                     "CONNECT server.test:443 HTTP/1.1\r\nHost: server.test:443\r\n\r\n");
    ck_assert_str_eq(scene.rig.dialer.dials[0]->host, "proxy.test");
    ck_assert_uint_eq(scene.rig.dialer.dials[0]->port, 3128);
    ck_assert_str_eq(scene.rig.tls.host, "server.test");
    ck_assert_str_eq(
        h2t_field(h2t_peer_request(h2t_rig_peer(&scene.rig, 0), 0)->fields, "authorization"),
        "secret");
    h2t_proxy_finish(&scene, call);
}
END_TEST

TEST(proxy_is_told_the_login_and_the_server_is_not)
{
    struct h2t_proxy_scene scene = {0};

    h2t_proxy_start_url(&scene, "http://me:s%20t@proxy.test:3128");
    h2client_call *call = h2t_proxy_get(&scene);
    h2t_proxy_expect_ok(call);
    ck_assert_ptr_nonnull(strstr(scene.proxy.head, "\r\nProxy-Authorization: Basic bWU6cyB0\r\n"));
    ck_assert_ptr_null(
        h2t_field(h2t_peer_request(h2t_rig_peer(&scene.rig, 0), 0)->fields, "proxy-authorization"));
    h2t_proxy_finish(&scene, call);
}
END_TEST

TEST(proxy_tunnel_is_shared_by_calls_to_the_same_origin)
{
    struct h2t_proxy_scene scene = {0};
    h2client_call *calls[10];

    h2t_proxy_start_url(&scene, HTTP_PROXY);
    for (int i = 0; i < 10; i++)
        calls[i] = h2t_proxy_get(&scene);
    h2client_gather(calls, 10);
    ck_assert_uint_eq(scene.proxy.n_asked, 1);
    for (int i = 0; i < 10; i++) {
        h2t_proxy_expect_ok(calls[i]);
        h2client_call_destroy(calls[i]);
    }
    h2t_rig_finish(&scene.rig);
}
END_TEST

TEST(proxy_and_login_keep_connections_apart)
{
    const char *const urls[] = {"",
                                "http://proxy.test:3128",
                                "http://proxy.test:3129",
                                "http://me:a@proxy.test:3128",
                                "http://me:b@proxy.test:3128",
                                "https://proxy.test:3128"};
    struct h2t_proxy_scene scene = {0};
    h2client_call *calls[6];

    h2t_proxy_start(&scene, NULL);
    for (size_t i = 0; i < 6; i++)
        calls[i] = h2client_get(scene.rig.session, H2T_ORIGIN "/",
                                .proxy = H2CLIENT_PROXY(.url = urls[i]), .total_timeout_ms = 1000);
    h2client_gather(calls, 6);
    ck_assert_uint_eq(scene.rig.dialer.n_dials, 6);
    for (size_t i = 0; i < 6; i++)
        h2client_call_destroy(calls[i]);
    h2t_rig_finish(&scene.rig);
}
END_TEST

TEST(proxy_that_refuses_says_why)
{
    static const struct {
        const char *refusal, *url, *part;
        h2client_error_code code;
    } rows[] = {
        {"HTTP/1.1 403 No\r\n\r\n", HTTP_PROXY, "proxy proxy.test:3128: status 403",
         H2CLIENT_ERROR_PROXY_REFUSED},
        {"HTTP/1.0 503 \r\n\r\n", HTTP_PROXY, "status 503", H2CLIENT_ERROR_PROXY_REFUSED},
        {"HTTP/1.1 407 Login\r\nProxy-Authenticate: Basic realm=x\r\n\r\n", HTTP_PROXY,
         "status 407, a login is wanted", H2CLIENT_ERROR_PROXY_AUTH},
        {"HTTP/1.1 407 Login\r\n\r\n", "http://me:x@proxy.test:3128",
         "status 407, the login is not taken", H2CLIENT_ERROR_PROXY_AUTH},
        {"SSH-2.0-OpenSSH\r\n\r\n", HTTP_PROXY, "does not speak HTTP/1.1",
         H2CLIENT_ERROR_PROXY_HANDSHAKE},
        {"HTTP/1.1 20\r\n\r\n", HTTP_PROXY, "does not speak", H2CLIENT_ERROR_PROXY_HANDSHAKE},
        {"HTTP/1.1 101 Upgrade\r\n\r\n", HTTP_PROXY, "status 101", H2CLIENT_ERROR_PROXY_REFUSED},
        {"HTTP/1.1 200", HTTP_PROXY, "closed the connection", H2CLIENT_ERROR_PROXY_HANDSHAKE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct h2t_proxy_scene scene = {.proxy = {.refusal = rows[i].refusal}};
        h2t_proxy_start_url(&scene, rows[i].url);
        h2client_call *call = h2t_proxy_get(&scene);
        h2t_proxy_expect_error(call, rows[i].code, rows[i].part);
        ck_assert_int_eq(h2client_call_error(call)->phase, H2CLIENT_PHASE_PROXY);
        ck_assert_int_eq(h2client_error_classify(h2client_call_error(call)->code),
                         H2CLIENT_ERROR_CLASS_PROXY);
        h2t_proxy_finish(&scene, call);
    }
}
END_TEST

TEST(proxy_may_say_interim_words_first)
{
    struct h2t_proxy_scene scene = {.proxy = {.greeting = "HTTP/1.1 100 Wait\r\n\r\n"}};

    h2t_proxy_start_url(&scene, HTTP_PROXY);
    h2client_call *call = h2t_proxy_get(&scene);
    h2t_proxy_expect_ok(call);
    h2t_proxy_finish(&scene, call);
}
END_TEST

TEST(proxy_whose_answer_never_ends_is_left)
{
    static char endless[40000];
    struct h2t_proxy_scene scene = {.proxy = {.refusal = endless}};

    memset(endless, 'x', sizeof endless - 1);
    h2t_proxy_start_url(&scene, HTTP_PROXY);
    h2client_call *call = h2t_proxy_get(&scene);
    h2t_proxy_expect_error(call, H2CLIENT_ERROR_PROXY_HANDSHAKE, "more than 16384 bytes");
    h2t_proxy_finish(&scene, call);
}
END_TEST

TEST(proxy_that_is_silent_has_a_limit)
{
    struct h2t_proxy_scene scene = {.proxy = {.is_silent = true}};

    h2t_proxy_start_url(&scene, HTTP_PROXY);
    h2client_call *call = h2client_get(scene.rig.session, H2T_ORIGIN "/", .tls_timeout_ms = 3000);
    h2t_proxy_expect_error(call, H2CLIENT_ERROR_TIMEOUT, "proxy timeout after 3000 ms");
    ck_assert_int_eq(h2client_call_error(call)->limit, H2CLIENT_LIMIT_PROXY);
    ck_assert_int_eq(h2client_call_error(call)->phase, H2CLIENT_PHASE_PROXY);
    h2t_proxy_finish(&scene, call);
}
END_TEST

TEST(proxy_that_cannot_be_reached_is_the_error)
{
    struct h2t_proxy_scene scene = {0};

    h2t_rig_init(&scene.rig);
    scene.rig.plan.fails = true;
    scene.rig.plan.fault =
        (h2client_fault){.code = H2CLIENT_ERROR_CONNECT_REFUSED, .tls_alert = -1};
    h2t_rig_open(
        &scene.rig,
        H2CLIENT_SESSION(.defaults = H2CLIENT_CALL(.proxy = H2CLIENT_PROXY(.url = HTTP_PROXY))));
    h2client_call *call = h2t_proxy_get(&scene);
    h2t_proxy_expect_error(call, H2CLIENT_ERROR_PROXY_CONNECT,
                           "proxy proxy.test:3128: connection refused");
    h2t_proxy_finish(&scene, call);
}
END_TEST

TEST(proxy_tunnel_can_be_left_while_it_is_asked_for)
{
    struct h2t_proxy_scene scene = {.proxy = {.is_silent = true}};

    h2t_proxy_start_url(&scene, HTTP_PROXY);
    h2client_call *call = h2t_proxy_get(&scene);
    h2t_rig_run_ms(&scene.rig, 100);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_PENDING);
    h2t_proxy_finish(&scene, call); /* nothing is left of it */
}
END_TEST

/* ---- whole URLs ------------------------------------------------------------------ */

static void start_forwarding(struct h2t_proxy_scene *scene, const char *url)
{
    h2t_rig_init_h1(&scene->rig, NULL, NULL);
    h2t_rig_open(&scene->rig,
                 H2CLIENT_SESSION(.defaults = H2CLIENT_CALL(.proxy = H2CLIENT_PROXY(.url = url))));
}

TEST(proxy_is_asked_for_http_by_whole_urls)
{
    struct h2t_proxy_scene scene = {0};

    start_forwarding(&scene, "http://me:x@proxy.test");
    h2client_call *call = h2client_get(scene.rig.session, "http://server.test:8080/a?b#c");
    h2t_proxy_expect_ok(call);
    const struct h2t_h1_seen *seen = h2t_h1_peer_request(h2t_rig_h1_peer(&scene.rig, 0), 0);
    ck_assert_str_eq(seen->path, "http://server.test:8080/a?b");
    ck_assert_str_eq(h2t_field(seen->fields, "host"), "server.test:8080");
    ck_assert_str_eq(h2t_field(seen->fields, "proxy-authorization"), "Basic bWU6eA==");
    ck_assert_uint_eq(scene.rig.dialer.dials[0]->port, 80);
    h2t_proxy_finish(&scene, call);
}
END_TEST

TEST(proxy_is_not_used_for_hosts_that_are_excepted)
{
    struct h2t_proxy_scene scene = {0};

    h2t_rig_init_h1(&scene.rig, NULL, NULL);
    h2t_rig_open(
        &scene.rig,
        H2CLIENT_SESSION(.defaults = H2CLIENT_CALL(
                                 .proxy = H2CLIENT_PROXY(.url = HTTP_PROXY,
                                                         .no_proxy = "example.org, server.test"))));
    h2client_call *call = h2client_get(scene.rig.session, "http://server.test/a");
    h2t_proxy_expect_ok(call);
    ck_assert_str_eq(scene.rig.dialer.dials[0]->host, "server.test");
    ck_assert_str_eq(h2t_h1_peer_request(h2t_rig_h1_peer(&scene.rig, 0), 0)->path, "/a");
    h2t_proxy_finish(&scene, call);
}
END_TEST

TEST(proxy_of_a_session_can_be_taken_away)
{
    struct h2t_proxy_scene scene = {0};

    start_forwarding(&scene, HTTP_PROXY);
    h2client_call *call =
        h2client_get(scene.rig.session, "http://server.test/", .proxy = H2CLIENT_PROXY(.url = ""));
    h2t_proxy_expect_ok(call);
    ck_assert_str_eq(scene.rig.dialer.dials[0]->host, "server.test");
    h2t_proxy_finish(&scene, call);
}
END_TEST

TEST(proxy_of_the_environment_is_used_where_it_is_asked_for)
{
    struct h2t_proxy_scene scene = {0};

    h2t_rig_init_h1(&scene.rig, NULL, NULL);
    scene.rig.world.environment[0][0] = "http_proxy";
    scene.rig.world.environment[0][1] = "proxy.test:8000";
    h2t_rig_open(&scene.rig, NULL);
    h2client_call *direct = h2client_get(scene.rig.session, "http://server.test/");
    h2client_call *call = h2client_get(scene.rig.session, "http://server.test/",
                                       .proxy = H2CLIENT_PROXY(.from_environment = H2CLIENT_ON));
    h2t_proxy_expect_ok(direct);
    h2t_proxy_expect_ok(call);
    ck_assert_str_eq(scene.rig.dialer.dials[0]->host, "server.test");
    ck_assert_str_eq(scene.rig.dialer.dials[1]->host, "proxy.test");
    h2client_call_destroy(direct);
    h2t_proxy_finish(&scene, call);
}
END_TEST

/* ---- TLS to the proxy ---------------------------------------------------------------- */

TEST(proxy_over_tls_is_checked_by_its_own_name_and_the_server_by_its)
{
    struct h2t_proxy_scene scene = {0};

    h2t_proxy_start_url(&scene, "https://proxy.test");
    h2client_call *call = h2t_proxy_get(&scene);
    h2t_proxy_expect_ok(call);
    ck_assert_uint_eq(scene.rig.tls.n_handshakes, 2);
    ck_assert_str_eq(scene.rig.tls.host, "server.test");
    ck_assert_uint_eq(scene.rig.dialer.dials[0]->port, 443);
    h2t_proxy_finish(&scene, call);
}
END_TEST

/* ---- SOCKS5 --------------------------------------------------------------------------- */

TEST(socks_proxy_looks_names_up_where_it_is_asked_to)
{
    struct h2t_proxy_scene scene = {.proxy = {.is_socks = true}};

    h2t_proxy_start_url(&scene, "socks5h://proxy.test");
    h2client_call *call = h2t_proxy_get(&scene);
    h2t_proxy_expect_ok(call);
    ck_assert_str_eq(scene.proxy.target, "server.test:443");
    ck_assert_uint_eq(scene.rig.dialer.dials[0]->port, 1080);
    h2t_proxy_finish(&scene, call);
}
END_TEST

TEST(socks_proxy_is_told_an_address_otherwise)
{
    struct h2t_proxy_scene scene = {.proxy = {.is_socks = true}};

    h2t_proxy_start_url(&scene, "socks5://proxy.test:9");
    h2client_call *call = h2t_proxy_get(&scene);
    h2t_proxy_expect_ok(call);
    ck_assert_msg(scene.proxy.target[0] >= '0' && scene.proxy.target[0] <= '9', "%s",
                  scene.proxy.target);
    h2t_proxy_finish(&scene, call);
}
END_TEST

TEST(socks_proxy_takes_a_login)
{
    struct h2t_proxy_scene scene = {
        .proxy = {.is_socks = true, .user = "me", .password = "secret"}};

    h2t_proxy_start(
        &scene, H2CLIENT_PROXY(.url = "socks5h://proxy.test", .user = "me", .password = "secret"));
    h2client_call *call = h2t_proxy_get(&scene);
    h2t_proxy_expect_ok(call);
    h2t_proxy_finish(&scene, call);
}
END_TEST

TEST(socks_proxy_that_refuses_says_why)
{
    static const struct {
        const char *url, *part;
        unsigned char refusal;
        bool wants_login;
        h2client_error_code code;
    } rows[] = {
        {"socks5h://proxy.test", "SOCKS5: a login is wanted", 0, true, H2CLIENT_ERROR_PROXY_AUTH},
        {"socks5h://a:b@proxy.test", "SOCKS5: the login is not taken", 0, true,
         H2CLIENT_ERROR_PROXY_AUTH},
        {"socks5h://proxy.test", "SOCKS5: not allowed by its rules", 2, false,
         H2CLIENT_ERROR_PROXY_REFUSED},
        {"socks5h://proxy.test", "SOCKS5: host unreachable", 4, false,
         H2CLIENT_ERROR_PROXY_REFUSED},
        {"socks5h://proxy.test", "SOCKS5: reply 77", 77, false, H2CLIENT_ERROR_PROXY_REFUSED},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct h2t_proxy_scene scene = {.proxy = {.is_socks = true,
                                                  .user = rows[i].wants_login ? "me" : NULL,
                                                  .password = "secret",
                                                  .socks_refusal = rows[i].refusal}};
        h2t_proxy_start_url(&scene, rows[i].url);
        h2client_call *call = h2t_proxy_get(&scene);
        h2t_proxy_expect_error(call, rows[i].code, rows[i].part);
        h2t_proxy_finish(&scene, call);
    }
}
END_TEST

/* ---- no memory ------------------------------------------------------------------------------ */

/* Was there an allocation to fail? */
static bool fails_at(uint64_t n, bool is_socks)
{
    struct h2t_proxy_scene scene = {.proxy = {.is_socks = is_socks}};
    h2client_call *call;
    bool was_hit;

    h2t_rig_init(&scene.rig);
    scene.rig.plan.proxy = &scene.proxy;
    scene.rig.tls.other.host = "proxy.test";
    scene.rig.tls.other.alpn = "http/1.1";
    scene.rig.alloc.fail_at = n;
    h2t_rig_open(
        &scene.rig,
        H2CLIENT_SESSION(.defaults =
                             H2CLIENT_CALL(.proxy = H2CLIENT_PROXY(
                                                   .url = is_socks ? "socks5://me:x@proxy.test"
                                                                   : "https://me:x@proxy.test",
                                                   .no_proxy = "example.org"))));
    call = h2client_get(scene.rig.session, H2T_ORIGIN "/");
    h2client_call_await(call);
    was_hit = scene.rig.alloc.n_calls >= n;
    ck_assert_int_ne(h2client_call_state(call), H2CLIENT_PENDING);
    h2t_proxy_finish(&scene, call);
    return was_hit;
}

TEST(proxy_leaves_nothing_behind_whatever_allocation_fails)
{
    for (uint64_t n = 1; fails_at(n, false); n++)
        ;
    for (uint64_t n = 1; fails_at(n, true); n++)
        ;
}
END_TEST

/* ---- what makes no sense ------------------------------------------------------------------ */

TEST(proxy_of_no_sense_is_refused_without_its_login)
{
    static const struct {
        h2client_proxy_options options;
        const char *part;
    } rows[] = {
        {{.size = sizeof(h2client_proxy_options), .url = "ftp://me:secret@proxy.test"},
         "proxy: its scheme is none of"},
        {{.size = sizeof(h2client_proxy_options), .url = "http://me:secret@"},
         "proxy: its URL is malformed"},
        {{.size = sizeof(h2client_proxy_options), .url = "http://me:secret@a b"},
         "proxy: its URL is malformed"},
        {{.size = sizeof(h2client_proxy_options), .user = "me"}, "proxy: a user without a URL"},
        {{.size = sizeof(h2client_proxy_options), .url = "http://proxy.test", .user = "a:b"},
         "cannot have a colon"},
        {{.size = sizeof(h2client_proxy_options), .auth = H2CLIENT_AUTH_BEARER},
         "proxy: auth is none of"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct h2t_proxy_scene scene = {0};
        h2t_rig_start(&scene.rig);
        h2client_call *call =
            h2client_get(scene.rig.session, H2T_ORIGIN "/", .proxy = &rows[i].options);
        h2t_proxy_expect_error(call, H2CLIENT_ERROR_INVALID_ARGUMENT, rows[i].part);
        ck_assert_ptr_null(strstr(h2client_call_error(call)->message, "secret"));
        h2t_proxy_finish(&scene, call);
    }
}
END_TEST
TEST_MAIN("facade_proxy", {T(proxy_makes_a_tunnel_for_https)},
          {T(proxy_is_told_the_login_and_the_server_is_not)},
          {T(proxy_tunnel_is_shared_by_calls_to_the_same_origin)},
          {T(proxy_and_login_keep_connections_apart)}, {T(proxy_that_refuses_says_why)},
          {T(proxy_may_say_interim_words_first)}, {T(proxy_whose_answer_never_ends_is_left)},
          {T(proxy_that_is_silent_has_a_limit)}, {T(proxy_that_cannot_be_reached_is_the_error)},
          {T(proxy_tunnel_can_be_left_while_it_is_asked_for)},
          {T(proxy_is_asked_for_http_by_whole_urls)},
          {T(proxy_is_not_used_for_hosts_that_are_excepted)},
          {T(proxy_of_a_session_can_be_taken_away)},
          {T(proxy_of_the_environment_is_used_where_it_is_asked_for)},
          {T(proxy_over_tls_is_checked_by_its_own_name_and_the_server_by_its)},
          {T(socks_proxy_looks_names_up_where_it_is_asked_to)},
          {T(socks_proxy_is_told_an_address_otherwise)}, {T(socks_proxy_takes_a_login)},
          {T(socks_proxy_that_refuses_says_why)},
          {T(proxy_leaves_nothing_behind_whatever_allocation_fails)},
          {T(proxy_of_no_sense_is_refused_without_its_login)})
