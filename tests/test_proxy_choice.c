/* SPDX-License-Identifier: MIT */
/* Which proxy a URL goes through, by what options and environment say. */
#include <string.h>

#include "base/alloc.h"
#include "h2client/proxy_choice.h"
#include "tests/support/test_main.h"
#include "h2client-testing/virtual_world.h"

struct bench {
    struct h2t_world world;
    struct h2i_arena arena;
    struct h2i_proxy_settings settings;
};

static void start(struct bench *bench)
{
    memset(bench, 0, sizeof *bench);
    h2t_world_init(&bench->world);
    h2i_arena_init(&bench->arena, h2i_default_allocator(), 1024);
}

static void finish(struct bench *bench)
{
    h2i_arena_finish(&bench->arena);
    h2t_world_finish(&bench->world);
}

static void apply(struct bench *bench, const h2client_proxy_options *options)
{
    char buf[200];
    struct h2i_text why = h2i_text(buf, sizeof buf);

    ck_assert_msg(h2i_proxy_apply(&bench->settings, &bench->arena, &bench->world.system, options,
                                  &why) == H2CLIENT_OK,
                  "%s", buf);
}

static const struct h2i_proxy *choose(struct bench *bench, const char *text)
{
    struct h2i_url url;
    char buf[200];
    struct h2i_text why = h2i_text(buf, sizeof buf);

    ck_assert_msg(h2i_url_parse(&bench->arena, text, &url, &why) == H2CLIENT_OK, "%s", buf);
    return h2i_proxy_choose(&bench->settings, &url);
}

TEST(urls_of_proxies_say_what_they_speak_and_where)
{
    static const struct {
        const char *url;
        enum h2i_proxy_kind kind;
        const char *host;
        uint16_t port;
    } rows[] = {
        {"http://p.test", H2I_PROXY_HTTP, "p.test", 80},
        {"p.test", H2I_PROXY_HTTP, "p.test", 80},
        {"p.test:3128", H2I_PROXY_HTTP, "p.test", 3128},
        {"HTTPS://P.test/", H2I_PROXY_HTTPS, "p.test", 443},
        {"https://p.test:80", H2I_PROXY_HTTPS, "p.test", 80},
        {"socks5://p.test", H2I_PROXY_SOCKS5, "p.test", 1080},
        {"socks5h://[::1]", H2I_PROXY_SOCKS5H, "::1", 1080},
        {"socks5h://a:1@[::1]:80", H2I_PROXY_SOCKS5H, "::1", 80},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench bench;
        start(&bench);
        apply(&bench, H2CLIENT_PROXY(.url = rows[i].url));
        const struct h2i_proxy *proxy = choose(&bench, "https://x.test/");
        ck_assert_ptr_nonnull(proxy);
        ck_assert_int_eq(proxy->kind, rows[i].kind);
        ck_assert_str_eq(proxy->host, rows[i].host);
        ck_assert_int_eq(proxy->port, rows[i].port);
        finish(&bench);
    }
}

TEST(exceptions_are_names_by_label_addresses_and_nets)
{
    static const struct {
        const char *no_proxy, *url;
        bool is_direct;
    } rows[] = {
        {"", "http://a.test/", false},
        {"*", "http://a.test/", true},
        {"a.test", "http://a.test/", true},
        {"A.TEST", "http://x.a.test/", true},
        {".a.test", "http://a.test/", true},
        {"a.test.", "http://a.test/", true},
        {"a.test", "http://aa.test/", false},
        {"test", "http://a.test/", true},
        {" b.test , a.test ", "http://a.test/", true},
        {"b.test,,", "http://a.test/", false},
        {"a.test:8080", "http://a.test/", false},
        {"a.test:8080", "http://a.test:8080/", true},
        {"192.0.2.1", "http://192.0.2.1/", true},
        {"192.0.2.1", "http://192.0.2.10/", false},
        {"2.1", "http://192.0.2.1/", false},
        {"192.0.2.0/24", "http://192.0.2.77/", true},
        {"192.0.2.0/25", "http://192.0.2.200/", false},
        {"192.0.2.0/33", "http://192.0.2.1/", false},
        {"0.0.0.0/0", "http://203.0.113.9/", true},
        {"192.0.2.1:80", "http://192.0.2.1/", true},
        {"2001:db8::/32", "http://[2001:db8:1::1]/", true},
        {"2001:db8::/32", "http://[2001:db9::1]/", false},
        {"::1", "http://[::1]/", true},
        {"[::1]", "http://[::1]/", true},
        {"[::1]:80", "http://[::1]:81/", false},
        {"[::1]:81", "http://[::1]:81/", true},
        {"192.0.2.0/24", "http://a.test/", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench bench;
        start(&bench);
        apply(&bench, H2CLIENT_PROXY(.url = "p.test", .no_proxy = rows[i].no_proxy));
        ck_assert_msg((choose(&bench, rows[i].url) == NULL) == rows[i].is_direct, "%s, %s",
                      rows[i].no_proxy, rows[i].url);
        finish(&bench);
    }
}

static void expect_environment(const char *const (*environment)[2], const char *url,
                               const char *host)
{
    const struct h2i_proxy *proxy;
    struct bench bench;

    start(&bench);
    for (size_t i = 0; environment[i][0]; i++)
        for (size_t part = 0; part < 2; part++)
            bench.world.environment[i][part] = environment[i][part];
    apply(&bench, H2CLIENT_PROXY(.from_environment = H2CLIENT_ON));
    proxy = choose(&bench, url);
    ck_assert_str_eq(proxy ? proxy->host : "none", host);
    finish(&bench);
}

#define ENVIRONMENT(...) ((const char *const[][2]){__VA_ARGS__, {NULL, NULL}})

TEST(the_environment_is_asked_by_the_names_that_are_safe)
{
    const char *http = "http://x.test/", *https = "https://x.test/";

    expect_environment(ENVIRONMENT({"http_proxy", "a"}), http, "a");
    expect_environment(ENVIRONMENT({"http_proxy", "a"}), https, "none");
    expect_environment(ENVIRONMENT({"HTTP_PROXY", "a"}), http, "none");
    expect_environment(ENVIRONMENT({"HTTPS_PROXY", "b"}), https, "b");
    expect_environment(ENVIRONMENT({"https_proxy", "a"}, {"HTTPS_PROXY", "b"}), https, "a");
    expect_environment(ENVIRONMENT({"ALL_PROXY", "c"}), http, "c");
    expect_environment(ENVIRONMENT({"http_proxy", ""}, {"all_proxy", "c"}), http, "c");
    expect_environment(ENVIRONMENT({"all_proxy", "c"}, {"NO_PROXY", "x.test"}), http, "none");
    expect_environment(ENVIRONMENT({"all_proxy", "c"}, {"no_proxy", "y.test"}), http, "c");
}

TEST(a_url_goes_before_the_environment_and_nothing_takes_it_away)
{
    struct bench bench;

    start(&bench);
    bench.world.environment[0][0] = "all_proxy";
    bench.world.environment[0][1] = "environment.test";
    apply(&bench, H2CLIENT_PROXY(.from_environment = H2CLIENT_ON));
    apply(&bench, H2CLIENT_PROXY(.no_proxy = "y.test"));
    ck_assert_str_eq(choose(&bench, "http://x.test/")->host, "environment.test");
    apply(&bench, H2CLIENT_PROXY(.url = "p.test", .from_environment = H2CLIENT_ON));
    ck_assert_str_eq(choose(&bench, "http://x.test/")->host, "p.test");
    ck_assert_ptr_null(choose(&bench, "http://y.test/"));
    apply(&bench, H2CLIENT_PROXY(.url = ""));
    ck_assert_ptr_null(choose(&bench, "http://x.test/"));
    finish(&bench);
}
TEST_MAIN("proxy_choice", {T(urls_of_proxies_say_what_they_speak_and_where)},
          {T(exceptions_are_names_by_label_addresses_and_nets)},
          {T(the_environment_is_asked_by_the_names_that_are_safe)},
          {T(a_url_goes_before_the_environment_and_nothing_takes_it_away)})
