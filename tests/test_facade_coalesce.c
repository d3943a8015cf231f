/* SPDX-License-Identifier: MIT */
/* Which connections serve another origin as well (RFC 9113 9.1.1), and which never do. */
#include <stdio.h>
#include <string.h>

#include "h2client/session_internal.h"
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

static void place(struct h2t_rig *rig, const char *host, const char *first, const char *second)
{
    h2t_fake_resolver_script(
        rig->resolver,
        &(struct h2t_script){
            .host = host, .n_parts = 1, .parts = {{.addresses = {first, second}, .ttl_s = 60}}});
}

static h2client_call *get(struct h2t_rig *rig, const char *url)
{
    return h2client_get(rig->session, url);
}

static void expect_dials_for(h2client_call *call, struct h2t_rig *rig, size_t n_dials)
{
    h2t_coalesce_expect_ok(call);
    ck_assert_uint_eq(rig->dialer.n_dials, n_dials);
    h2t_coalesce_finish(rig);
}

/* ---- when one is shared ------------------------------------------------------------------ */

TEST(coalesce_is_off_unless_asked_for)
{
    struct h2t_rig rig;

    h2t_coalesce_prepare(&rig, NULL);
    h2t_rig_open(&rig, NULL);
    h2t_coalesce_open_first(&rig);
    expect_dials_for(get(&rig, H2T_OTHER "/"), &rig, 2);
}
END_TEST

TEST(coalesce_of_no_sense_is_refused)
{
    struct h2t_rig rig;

    h2t_coalesce_prepare(&rig, NULL);
    h2t_rig_open(&rig, H2CLIENT_SESSION(.coalesce = (h2client_switch)9));
    ck_assert_int_eq(h2client_session_error(rig.session)->code, H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(h2client_session_error(rig.session)->message, "coalesce"));
    h2t_rig_finish(&rig);
}
END_TEST

TEST(coalesced_call_goes_over_the_connection_of_another_origin)
{
    struct h2t_rig rig;

    h2t_coalesce_start(&rig, NULL);
    h2t_coalesce_open_first(&rig);
    h2t_coalesce_expect_ok(get(&rig, H2T_OTHER "/"));
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    ck_assert_uint_eq(rig.tls.n_handshakes, 1);
    ck_assert_str_eq(h2t_coalesce_authority(h2t_peer_request(h2t_rig_peer(&rig, 0), 1)),
                     "other.test");
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST(coalesced_calls_look_the_name_up_once)
{
    struct h2t_rig rig;

    h2t_coalesce_start(&rig, NULL);
    h2t_coalesce_open_first(&rig);
    for (int i = 0; i < 3; i++)
        h2t_coalesce_expect_ok(get(&rig, H2T_OTHER "/"));
    ck_assert_uint_eq(h2t_fake_resolver_n_queries(rig.resolver), 2);
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST(coalesced_call_tells_that_its_connection_was_there)
{
    struct h2t_rig rig;
    h2client_call *call;
    const h2client_call_info *info;

    h2t_coalesce_start(&rig, NULL);
    h2t_coalesce_open_first(&rig);
    h2t_rig_run_ms(&rig, 1);
    call = get(&rig, H2T_OTHER "/");
    h2t_coalesce_expect_status(call, 200);
    info = h2client_call_get_info(call);
    ck_assert_uint_eq(info->conn_id, 1);
    ck_assert_int_eq(info->n_connects, 0);
    ck_assert_int_eq(info->connect_us, -1);
    ck_assert_str_eq(info->remote_address, "127.0.0.1");
    ck_assert_int_eq(info->remote_port, 443);
    h2client_call_destroy(call);
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST(coalesced_connection_counts_once)
{
    struct h2t_rig rig;
    h2client_session_stats stats = {.size = sizeof stats};

    h2t_coalesce_start(&rig, NULL);
    h2t_coalesce_open_first(&rig);
    h2t_coalesce_expect_ok(get(&rig, H2T_OTHER "/"));
    h2client_session_get_stats(rig.session, &stats);
    ck_assert_uint_eq(stats.n_conns_opened, 1);
    ck_assert_uint_eq(stats.n_conns_open, 1);
    ck_assert_uint_eq(stats.n_streams, 2);
    h2t_coalesce_finish(&rig);
}
END_TEST

static void find_line(h2client_log_level level, const char *area, const char *text, void *user)
{
    (void)level, (void)area;
    if (strcmp(text, "https://other.test:443 shares connection 1 of https://server.test:443 "
                     "(127.0.0.1:443)") == 0)
        *(bool *)user = true;
}

TEST(coalescing_is_logged)
{
    struct h2t_rig rig;
    bool was_logged = false;

    h2t_coalesce_prepare(&rig, NULL);
    h2t_rig_open(
        &rig, COALESCING(.on_log = find_line, .user = &was_logged, .log_level = H2CLIENT_LOG_INFO));
    h2t_coalesce_open_first(&rig);
    h2t_coalesce_expect_ok(get(&rig, H2T_OTHER "/"));
    ck_assert(was_logged);
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST(coalescing_takes_any_address_of_a_name)
{
    struct h2t_rig rig;

    h2t_coalesce_start(&rig, NULL);
    place(&rig, "other.test", "192.0.2.9", "127.0.0.1");
    h2t_coalesce_open_first(&rig);
    expect_dials_for(get(&rig, H2T_OTHER "/"), &rig, 1);
}
END_TEST

/* The AAAA record first: the dial that it began is not gone on with. */
TEST(coalescing_takes_an_address_that_comes_late)
{
    struct h2t_rig rig;

    h2t_coalesce_start(&rig, NULL);
    h2t_fake_resolver_script(
        rig.resolver,
        &(struct h2t_script){.host = "other.test",
                             .n_parts = 2,
                             .parts = {{.addresses = {"2001:db8::1"}, .ttl_s = 60},
                                       {.delay_ms = 5, .addresses = {"127.0.0.1"}, .ttl_s = 60}}});
    h2t_coalesce_open_first(&rig);
    rig.plan.delay_ms = 100;
    h2t_coalesce_expect_ok(get(&rig, H2T_OTHER "/"));
    ck_assert_uint_eq(rig.dialer.n_cancelled, 1);
    ck_assert_uint_eq(h2t_peer_n_requests(h2t_rig_peer(&rig, 0)), 2);
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST(coalescing_serves_an_address_as_host_that_the_certificate_names)
{
    struct h2t_rig rig;

    h2t_coalesce_start(&rig, NULL);
    rig.tls.covers = "127.0.0.1";
    h2t_coalesce_open_first(&rig);
    expect_dials_for(get(&rig, "https://127.0.0.1/"), &rig, 1);
}
END_TEST

TEST(coalescing_serves_many_origins_at_once)
{
    struct h2t_rig rig;
    h2client_call *calls[40];
    char url[64];

    h2t_coalesce_start(&rig, NULL);
    rig.tls.covers = "*";
    h2t_coalesce_open_first(&rig);
    for (int i = 0; i < 40; i++) {
        snprintf(url, sizeof url, "https://host%d.test/", i % 20);
        calls[i] = get(&rig, url);
    }
    h2client_gather(calls, 40);
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    for (int i = 0; i < 40; i++)
        h2t_coalesce_expect_ok(calls[i]);
    h2t_coalesce_finish(&rig);
}
END_TEST

/* ---- when none is ------------------------------------------------------------------------ */

TEST(coalescing_needs_the_address)
{
    struct h2t_rig rig;

    h2t_coalesce_start(&rig, NULL);
    place(&rig, "other.test", "127.0.0.2", NULL);
    h2t_coalesce_open_first(&rig);
    expect_dials_for(get(&rig, H2T_OTHER "/"), &rig, 2);
}
END_TEST

TEST(coalescing_needs_the_certificate)
{
    struct h2t_rig rig;

    h2t_coalesce_start(&rig, NULL);
    h2t_coalesce_open_first(&rig);
    expect_dials_for(get(&rig, "https://third.test/"), &rig, 2);
}
END_TEST

TEST(coalescing_needs_the_certificate_for_an_address_as_host)
{
    struct h2t_rig rig;

    h2t_coalesce_start(&rig, NULL);
    h2t_coalesce_open_first(&rig);
    expect_dials_for(get(&rig, "https://127.0.0.1/"), &rig, 2);
}
END_TEST

/* Link-local addresses of two interfaces. */
TEST(coalescing_needs_the_zone)
{
    struct h2t_rig rig;

    h2t_coalesce_start(&rig, NULL);
    place(&rig, "server.test", "fe80::1%2", NULL);
    place(&rig, "other.test", "fe80::1%3", NULL);
    h2t_coalesce_open_first(&rig);
    expect_dials_for(get(&rig, H2T_OTHER "/"), &rig, 2);
}
END_TEST

TEST(coalescing_reads_eight_certificates_at_most)
{
    struct h2t_rig rig;
    char url[64];

    h2t_coalesce_start(&rig, NULL);
    rig.tls.covers = NULL;
    for (int i = 0; i < 20; i++) {
        snprintf(url, sizeof url, "https://host%d.test/", i);
        h2t_coalesce_expect_ok(get(&rig, url));
    }
    rig.tls.n_cover_checks = 0;
    h2t_coalesce_expect_ok(get(&rig, H2T_OTHER "/"));
    ck_assert_uint_eq(rig.tls.n_cover_checks, 8);
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST(coalescing_needs_the_port)
{
    struct h2t_rig rig;

    h2t_coalesce_start(&rig, NULL);
    h2t_coalesce_open_first(&rig);
    expect_dials_for(get(&rig, H2T_OTHER ":8443/"), &rig, 2);
}
END_TEST

TEST(coalescing_needs_https)
{
    struct h2t_rig rig;

    h2t_coalesce_start(&rig, NULL);
    h2t_coalesce_open_first(&rig);
    expect_dials_for(h2client_get(rig.session, "http://other.test:443/",
                                  .http_version = H2CLIENT_HTTP_2_PRIOR_KNOWLEDGE),
                     &rig, 2);
}
END_TEST

TEST(coalescing_needs_the_version_option)
{
    struct h2t_rig rig;

    h2t_coalesce_start(&rig, NULL);
    h2t_coalesce_open_first(&rig);
    expect_dials_for(
        h2client_get(rig.session, H2T_OTHER "/", .http_version = H2CLIENT_HTTP_2_PRIOR_KNOWLEDGE),
        &rig, 2);
}
END_TEST

TEST(coalescing_needs_http_2)
{
    struct h2t_rig rig;
    struct h2t_h1_config h1 = {.on_request = NULL};

    h2t_coalesce_start(&rig, NULL);
    rig.plan.h1 = &h1;
    rig.tls.alpn = "http/1.1";
    h2t_coalesce_open_first(&rig);
    expect_dials_for(get(&rig, H2T_OTHER "/"), &rig, 2);
}
END_TEST

TEST(coalescing_asks_a_dialer_that_needs_no_address_for_its_own_connection)
{
    struct h2t_rig rig;

    h2t_coalesce_start(&rig, NULL);
    rig.tls.covers = "127.0.0.1";
    h2t_coalesce_open_first(&rig);
    rig.dialer.wants_addresses = false;
    expect_dials_for(get(&rig, "https://127.0.0.1/"), &rig, 2);
}
END_TEST

TEST(coalescing_never_happens_through_a_proxy)
{
    struct h2t_rig rig;
    struct h2t_proxy proxy = {.is_socks = false};
    const h2client_proxy_options options = {.size = sizeof options,
                                            .url = "http://proxy.test:3128"};

    h2t_coalesce_start(&rig, NULL);
    h2t_coalesce_open_first(&rig);
    rig.plan.proxy = &proxy;
    h2t_coalesce_expect_ok(h2client_get(rig.session, H2T_ORIGIN "/", .proxy = &options));
    h2t_coalesce_expect_ok(h2client_get(rig.session, H2T_OTHER "/", .proxy = &options));
    ck_assert_uint_eq(rig.dialer.n_dials, 3);
    h2t_coalesce_finish(&rig);
}
END_TEST

static bool spare_other(const h2client_address *address, const char *host, void *user)
{
    (void)user;
    ck_assert_uint_eq(address->port, 443);
    return strcmp(host, "other.test") != 0;
}

TEST(coalescing_asks_the_address_filter_about_the_new_host)
{
    struct h2t_rig rig;

    h2t_coalesce_start(&rig, NULL);
    rig.session->pool.config.coalesce.filter = spare_other;
    h2t_coalesce_open_first(&rig);
    expect_dials_for(get(&rig, H2T_OTHER "/"), &rig, 2);
}
END_TEST

TEST(coalescing_is_for_who_has_no_connection)
{
    struct h2t_rig rig;

    h2t_coalesce_start(&rig, NULL);
    place(&rig, "other.test", "127.0.0.2", NULL);
    h2t_coalesce_expect_ok(get(&rig, H2T_OTHER "/"));
    place(&rig, "other.test", "127.0.0.1", NULL);
    h2t_coalesce_expect_ok(get(&rig, H2T_ORIGIN "/"));
    h2t_coalesce_expect_ok(get(&rig, H2T_OTHER "/"));
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    ck_assert_uint_eq(h2t_peer_n_requests(h2t_rig_peer(&rig, 0)), 2);
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST(coalescing_leaves_a_draining_connection_alone)
{
    struct h2t_rig rig;
    h2client_call *first;

    h2t_coalesce_start(&rig, hold);
    first = get(&rig, H2T_ORIGIN "/");
    h2t_rig_turn(&rig, 6);
    h2t_peer_goaway(h2t_rig_peer(&rig, 0), INT32_MAX, 0, "");
    rig.plan.peer.on_request = NULL;
    h2t_coalesce_expect_ok(get(&rig, H2T_OTHER "/"));
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    h2client_call_destroy(first);
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST(coalescing_leaves_a_suspected_connection_alone)
{
    struct h2t_rig rig;
    h2client_call *late;
    int64_t start_ms;

    h2t_coalesce_start(&rig, hold);
    late = h2client_get(rig.session, H2T_ORIGIN "/", .first_byte_timeout_ms = 100);
    h2t_rig_turn(&rig, 6);
    h2t_link_fall_silent(rig.dialer.dials[0]->link);
    h2client_call_await(late);
    start_ms = h2t_rig_now_ms(&rig);
    rig.plan.peer.on_request = NULL;
    h2t_coalesce_expect_ok(get(&rig, H2T_OTHER "/"));
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    ck_assert_int_eq(h2t_rig_now_ms(&rig), start_ms);
    h2client_call_destroy(late);
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST(coalescing_leaves_a_full_connection_alone)
{
    struct h2t_rig rig;
    h2client_call *first;
    int64_t start_ms;

    h2t_coalesce_start(&rig, hold);
    rig.plan.peer.max_concurrent_streams = 1;
    first = get(&rig, H2T_ORIGIN "/");
    h2t_rig_turn(&rig, 6);
    rig.plan.peer.on_request = NULL;
    start_ms = h2t_rig_now_ms(&rig);
    h2t_coalesce_expect_ok(get(&rig, H2T_OTHER "/"));
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    ck_assert_int_eq(h2t_rig_now_ms(&rig), start_ms);
    h2client_call_destroy(first);
    h2t_coalesce_finish(&rig);
}
END_TEST

TEST_MAIN("facade_coalesce", {T(coalesce_is_off_unless_asked_for)},
          {T(coalesce_of_no_sense_is_refused)},
          {T(coalesced_call_goes_over_the_connection_of_another_origin)},
          {T(coalesced_calls_look_the_name_up_once)},
          {T(coalesced_call_tells_that_its_connection_was_there)},
          {T(coalesced_connection_counts_once)}, {T(coalescing_is_logged)},
          {T(coalescing_takes_any_address_of_a_name)},
          {T(coalescing_takes_an_address_that_comes_late)},
          {T(coalescing_serves_an_address_as_host_that_the_certificate_names)},
          {T(coalescing_serves_many_origins_at_once)}, {T(coalescing_needs_the_address)},
          {T(coalescing_needs_the_certificate)},
          {T(coalescing_needs_the_certificate_for_an_address_as_host)},
          {T(coalescing_needs_the_zone)}, {T(coalescing_reads_eight_certificates_at_most)},
          {T(coalescing_needs_the_port)}, {T(coalescing_needs_https)},
          {T(coalescing_needs_the_version_option)}, {T(coalescing_needs_http_2)},
          {T(coalescing_asks_a_dialer_that_needs_no_address_for_its_own_connection)},
          {T(coalescing_never_happens_through_a_proxy)},
          {T(coalescing_asks_the_address_filter_about_the_new_host)},
          {T(coalescing_is_for_who_has_no_connection)},
          {T(coalescing_leaves_a_draining_connection_alone)},
          {T(coalescing_leaves_a_suspected_connection_alone)},
          {T(coalescing_leaves_a_full_connection_alone)})
