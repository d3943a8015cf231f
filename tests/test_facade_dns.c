/* SPDX-License-Identifier: MIT */
/* Names between a session and its dialer: overrides, literals, and options of DNS. */
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

/* A session whose resolver is the built-in one; nobody can be asked in this world. */
static void open_built_in(struct h2t_rig *rig, const h2client_dns_options *dns)
{
    h2client_session_options options = {.size = sizeof options};

    h2t_rig_init(rig);
    rig->dialer.wants_addresses = true;
    options.allocator = &rig->alloc.allocator;
    options.system = &rig->world.system;
    options.loop = &rig->world.loop;
    options.dialer = &rig->dialer.dialer;
    options.tls_factory = &rig->tls.factory;
    options.dns = dns;
    rig->session = h2client_session_create(&options);
}

static void expect_ok(h2client_call *call)
{
    h2client_call_await(call);
    ck_assert_msg(h2client_call_state(call) == H2CLIENT_OK, "%s",
                  h2client_call_error(call)->message);
    h2client_call_destroy(call);
}

/* "192.0.2.1:443 [2001:db8::1]:443" of the nth dial. */
static const char *dialled(const struct h2t_rig *rig, size_t n)
{
    static char text[512];
    const struct h2t_dial *dial = rig->dialer.dials[n];

    text[0] = 0;
    for (size_t i = 0; i < dial->n_addresses; i++) {
        size_t len = strlen(text);

        if (len)
            text[len++] = ' ';
        h2client_address_format(&dial->addresses[i], text + len, sizeof text - len);
    }
    return text;
}

static void expect_session_error(const h2client_dns_options *dns, const char *text)
{
    struct h2t_rig rig;

    open_built_in(&rig, dns);
    ck_assert_int_eq(h2client_session_error(rig.session)->code, H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_msg(strstr(h2client_session_error(rig.session)->message, text) != NULL,
                  "\"%s\" does not say \"%s\"", h2client_session_error(rig.session)->message, text);
    h2t_rig_finish(&rig);
}

TEST(override_is_dialled_with_the_urls_port_and_name)
{
    const h2client_dns_override overrides[] = {{"Server.Test", "192.0.2.1,2001:db8::1", 0},
                                               {NULL, NULL, 0}};
    struct h2t_rig rig;

    open_built_in(&rig, H2CLIENT_DNS(.overrides = overrides));
    expect_ok(h2client_get(rig.session, "https://SERVER.test:8443/"));
    ck_assert_str_eq(dialled(&rig, 0), "192.0.2.1:8443 [2001:db8::1]:8443");
    ck_assert_str_eq(rig.tls.host, "server.test");
    ck_assert_str_eq(h2t_field(h2t_peer_request(h2t_rig_peer(&rig, 0), 0)->fields, ":authority"),
                     "server.test:8443");
    h2t_rig_finish(&rig);
}
END_TEST

TEST(override_of_one_port_leaves_the_others)
{
    const h2client_dns_override overrides[] = {
        {"localhost", "192.0.2.1", 8443}, {"localhost", "192.0.2.2", 443}, {NULL, NULL, 0}};
    struct h2t_rig rig;

    open_built_in(&rig, H2CLIENT_DNS(.overrides = overrides));
    expect_ok(h2client_get(rig.session, "https://localhost/"));
    expect_ok(h2client_get(rig.session, "https://localhost:8443/"));
    expect_ok(h2client_get(rig.session, "https://localhost:8444/"));
    ck_assert_str_eq(dialled(&rig, 0), "192.0.2.2:443");
    ck_assert_str_eq(dialled(&rig, 1), "192.0.2.1:8443");
    ck_assert_str_eq(dialled(&rig, 2), "127.0.0.1:8444 [::1]:8444");
    h2t_rig_finish(&rig);
}
END_TEST

TEST(override_that_is_wrong_is_the_sessions_error)
{
    const h2client_dns_override no_address[] = {{"a.test", "b.test", 0}, {NULL, NULL, 0}};
    const h2client_dns_override nothing[] = {{"a.test", NULL, 0}, {NULL, NULL, 0}};
    const h2client_dns_override bad_port[] = {{"a.test", "192.0.2.1", 65536}, {NULL, NULL, 0}};

    expect_session_error(H2CLIENT_DNS(.overrides = no_address), "\"b.test\" is not an address");
    expect_session_error(H2CLIENT_DNS(.overrides = nothing), "a.test: no address");
    expect_session_error(H2CLIENT_DNS(.overrides = bad_port), "port");
}
END_TEST

TEST(dns_limits_that_are_none_are_the_sessions_error)
{
    expect_session_error(H2CLIENT_DNS(.min_ttl_s = -2), "dns.min_ttl_s: -2");
    expect_session_error(H2CLIENT_DNS(.max_ttl_s = -2), "dns.max_ttl_s: -2");
    expect_session_error(H2CLIENT_DNS(.negative_ttl_s = -2), "dns.negative_ttl_s: -2");
    expect_session_error(H2CLIENT_DNS(.max_stale_s = -3), "dns.max_stale_s: -3");
    expect_session_error(H2CLIENT_DNS(.max_entries = -2), "dns.max_entries: -2");
}
END_TEST

TEST(literals_are_dialled_without_a_look_up)
{
    h2client_session_stats stats = {.size = sizeof stats};
    struct h2t_rig rig;

    h2t_rig_init(&rig);
    rig.dialer.wants_addresses = true;
    h2t_rig_open(&rig, NULL);
    expect_ok(h2client_get(rig.session, "https://192.0.2.1/"));
    expect_ok(h2client_get(rig.session, "https://[2001:DB8::1]:8443/"));
    ck_assert_str_eq(dialled(&rig, 0), "192.0.2.1:443");
    ck_assert_str_eq(dialled(&rig, 1), "[2001:db8::1]:8443");
    ck_assert_uint_eq(h2t_fake_resolver_n_queries(rig.resolver), 0);
    h2client_session_get_stats(rig.session, &stats);
    ck_assert_uint_eq(stats.n_lookups, 0);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(zone_of_a_literal_is_dialled_and_not_sent)
{
    struct h2t_rig rig;

    h2t_rig_init(&rig);
    rig.dialer.wants_addresses = true;
    h2t_rig_open(&rig, NULL);
    expect_ok(h2client_get(rig.session, "https://[fe80::1%254]/"));
    expect_ok(h2client_get(rig.session, "https://[fe80::1%255]/")); /* another host */
    ck_assert_str_eq(dialled(&rig, 0), "[fe80::1%4]:443");
    ck_assert_str_eq(dialled(&rig, 1), "[fe80::1%5]:443");
    ck_assert_str_eq(h2t_field(h2t_peer_request(h2t_rig_peer(&rig, 0), 0)->fields, ":authority"),
                     "[fe80::1]");
    h2t_rig_finish(&rig);
}
END_TEST

TEST(name_is_asked_for_in_lower_case_without_its_dot)
{
    struct h2t_rig rig;

    h2t_rig_init(&rig);
    rig.dialer.wants_addresses = true;
    h2t_rig_open(&rig, NULL);
    expect_ok(h2client_get(rig.session, "https://SERVER.Test.:8443/"));
    ck_assert_str_eq(h2t_fake_resolver_last_host(rig.resolver), "server.test");
    ck_assert_uint_eq(h2t_fake_resolver_last_port(rig.resolver), 8443);
    ck_assert_str_eq(rig.tls.host, "server.test");
    h2t_rig_finish(&rig);
}
END_TEST

TEST(name_that_is_none_is_told_as_such)
{
    struct h2t_rig rig;
    h2client_call *call;

    open_built_in(&rig, NULL);
    call = h2client_get(rig.session, "https://-bad-.test/");
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_DNS_BAD_NAME);
    ck_assert_int_eq(h2client_call_error(call)->exit_code, 6);
    ck_assert_int_eq(h2client_call_error(call)->phase, H2CLIENT_PHASE_DNS);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(dns_limit_rests_once_an_address_is_known)
{
    static const struct h2t_script script = {
        .host = "server.test",
        .n_parts = 2,
        .parts = {{.delay_ms = 5, .addresses = {"192.0.2.1"}, .ttl_s = 9},
                  {.delay_ms = 500, .fault = H2CLIENT_ERROR_DNS_UNREACHABLE}}};
    struct h2t_rig rig;

    h2t_rig_init(&rig);
    rig.dialer.wants_addresses = true;
    rig.plan.delay_ms = 1000;
    h2t_fake_resolver_script(rig.resolver, &script);
    h2t_rig_open(&rig, NULL);
    expect_ok(h2client_get(rig.session, H2T_ORIGIN "/", .dns_timeout_ms = 10));
    h2t_rig_finish(&rig);
}
END_TEST

TEST(dns_limit_fires_on_the_microsecond)
{
    static const struct h2t_script silent = {.host = "server.test"};
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init(&rig);
    rig.dialer.wants_addresses = true;
    h2t_fake_resolver_script(rig.resolver, &silent);
    h2t_rig_open(&rig, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->limit, H2CLIENT_LIMIT_DNS);
    ck_assert_int_eq(h2client_call_error(call)->elapsed_us, 5000000);
    ck_assert_uint_eq(h2t_fake_resolver_n_live(rig.resolver), 0);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- elsewhere ------------------------------------------------------------------------- */

static void open_rerouted(struct h2t_rig *rig, const h2client_connect_to *list)
{
    h2t_rig_init(rig);
    h2t_rig_open(rig, H2CLIENT_SESSION(.connect_to = list));
}

TEST(connection_may_lead_elsewhere_and_nobody_is_told)
{
    const h2client_connect_to list[] = {{"Server.Test", "[2001:DB8::1]", 8443, 9443}, {0}};
    struct h2t_rig rig;

    open_rerouted(&rig, list);
    expect_ok(h2client_get(rig.session, "https://server.test:8443/"));
    ck_assert_str_eq(rig.dialer.dials[0]->host, "2001:db8::1");
    ck_assert_uint_eq(rig.dialer.dials[0]->port, 9443);
    ck_assert_str_eq(rig.tls.host, "server.test");
    ck_assert_str_eq(h2t_field(h2t_peer_request(h2t_rig_peer(&rig, 0), 0)->fields, ":authority"),
                     "server.test:8443");
    h2t_rig_finish(&rig);
}
END_TEST

TEST(first_entry_that_fits_says_where_to)
{
    static const struct {
        const char *url, *host;
        unsigned port;
    } rows[] = {{"https://one.test/", "a.test", 443},
                {"https://one.test:1/", "b.test", 2},
                {"https://two.test:1/", "two.test", 3},
                {"https://two.test/", "c.test", 443},
                {"https://192.0.2.1:77/", "192.0.2.1", 78}};
    const h2client_connect_to list[] = {
        {"one.test", "a.test", 443, 0}, {"one.test", "b.test", 0, 2}, {"", NULL, 1, 3},
        {"192.0.2.1", "", 77, 78},      {"", "c.test", 0, 0},         {0}};
    struct h2t_rig rig;

    open_rerouted(&rig, list);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect_ok(h2client_get(rig.session, rows[i].url));
        ck_assert_str_eq(rig.dialer.dials[i]->host, rows[i].host);
        ck_assert_uint_eq(rig.dialer.dials[i]->port, rows[i].port);
    }
    h2t_rig_finish(&rig);
}
END_TEST

TEST(tunnel_leads_elsewhere_as_well)
{
    const h2client_connect_to list[] = {{"server.test", "other.test", 0, 9443}, {0}};
    struct h2t_proxy proxy = {.n_asked = 0};
    struct h2t_rig rig;

    h2t_rig_init(&rig);
    rig.plan.proxy = &proxy;
    h2t_rig_open(&rig, H2CLIENT_SESSION(.connect_to = list));
    expect_ok(h2client_get(rig.session, "https://server.test/",
                           .proxy = H2CLIENT_PROXY(.url = "http://proxy.test:8080")));
    ck_assert_str_eq(rig.dialer.dials[0]->host, "proxy.test");
    ck_assert_str_eq(proxy.target, "other.test:9443");
    ck_assert_str_eq(rig.tls.host, "server.test");
    h2t_rig_finish(&rig);
}
END_TEST

TEST(elsewhere_that_makes_no_sense_is_refused)
{
    static const struct {
        h2client_connect_to entry;
        const char *text;
    } rows[] = {{{"a b", "c", 0, 0}, "connect_to: entry 1: its host is none"},
                {{"a", "b/c", 0, 0}, "its to_host is none"},
                {{"a", "b:1", 0, 0}, "its to_host is none"},
                {{"a", "user@b", 0, 0}, "its to_host is none"},
                {{"a", "b", 65536, 0}, "a port is not between 0 and 65535"},
                {{"a", "b", 0, -1}, "a port is not between 0 and 65535"}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const h2client_connect_to list[] = {rows[i].entry, {0}};
        struct h2t_rig rig;
        open_rerouted(&rig, list);
        ck_assert_int_eq(h2client_session_error(rig.session)->code,
                         H2CLIENT_ERROR_INVALID_ARGUMENT);
        ck_assert_msg(strstr(h2client_session_error(rig.session)->message, rows[i].text) != NULL,
                      "%zu: %s", i, h2client_session_error(rig.session)->message);
        h2t_rig_finish(&rig);
    }
}
END_TEST

TEST_MAIN(
    "facade_dns", {T(override_is_dialled_with_the_urls_port_and_name)},
    {T(override_of_one_port_leaves_the_others)}, {T(override_that_is_wrong_is_the_sessions_error)},
    {T(dns_limits_that_are_none_are_the_sessions_error)},
    {T(literals_are_dialled_without_a_look_up)}, {T(zone_of_a_literal_is_dialled_and_not_sent)},
    {T(name_is_asked_for_in_lower_case_without_its_dot)}, {T(name_that_is_none_is_told_as_such)},
    {T(dns_limit_rests_once_an_address_is_known)}, {T(dns_limit_fires_on_the_microsecond)},
    {T(connection_may_lead_elsewhere_and_nobody_is_told)}, {T(first_entry_that_fits_says_where_to)},
    {T(tunnel_leads_elsewhere_as_well)}, {T(elsewhere_that_makes_no_sense_is_refused)})
