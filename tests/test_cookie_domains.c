/* SPDX-License-Identifier: MIT */
/* The built-in jar: from whom it takes which cookies. */
#include <stdio.h>
#include <string.h>

#include "h2client/cookies/public_suffix.h"
#include "tests/support/cookie_rig.h"
#include "tests/support/test_main.h"

#define N_OF(rows) (sizeof(rows) / sizeof(rows)[0])

/* ---- hosts and domains --------------------------------------------------- */

TEST(a_cookie_without_domain_is_for_its_host_only)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    h2t_jar_keep(&rig, "https://a.test/", "x=1");
    h2t_jar_expect(&rig, "a.test", "/", "x=1");
    h2t_jar_expect(&rig, "b.a.test", "/", "");
    h2t_jar_expect(&rig, "test", "/", "");
    ck_assert(h2client_cookie_jar_get(rig.jar, 0)->is_host_only);
    h2t_jar_finish(&rig);
}
END_TEST

TEST(a_cookie_with_domain_is_for_all_below_it)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    h2t_jar_keep(&rig, "https://c.b.a.test/", "x=1; Domain=.A.Test.");
    h2t_jar_expect(&rig, "a.test", "/", "x=1");
    h2t_jar_expect(&rig, "b.a.test", "/", "x=1");
    h2t_jar_expect(&rig, "c.b.a.test", "/", "x=1");
    h2t_jar_expect(&rig, "xa.test", "/", "");
    h2t_jar_expect(&rig, "b.test", "/", "");
    ck_assert(!h2client_cookie_jar_get(rig.jar, 0)->is_host_only);
    ck_assert_str_eq(h2client_cookie_jar_get(rig.jar, 0)->domain, "a.test");
    h2t_jar_finish(&rig);
}
END_TEST

TEST(domains_of_others_are_refused)
{
    static const char *const fields[] = {
        "x=1; Domain=b.test",    "x=1; Domain=c.a.test", "x=1; Domain=a.tes",
        "x=1; Domain=.test",     "x=1; Domain=xa.test",  "x=1; Domain=192.0.2.1",
        "x=1; Domain=a.test..",  "x=1; Domain=*",        "x=1; Domain=\xc3\xa4.a.test",
        "x=1; Domain=a.test:80", "x=1; Domain=[::1]",
    };
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    for (size_t i = 0; i < N_OF(fields); i++)
        h2t_jar_refuse(&rig, "https://a.test/", fields[i]);
    ck_assert_uint_eq(h2client_cookie_jar_count(rig.jar), 0);
    h2t_jar_finish(&rig);
}
END_TEST

TEST(an_address_has_cookies_for_itself_only)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    h2t_jar_keep(&rig, "http://192.0.2.1/", "x=1; Domain=192.0.2.1");
    h2t_jar_keep(&rig, "http://[2001:db8::1]:8080/", "y=2");
    h2t_jar_refuse(&rig, "http://192.0.2.1/", "x=1; Domain=2.1");
    h2t_jar_refuse(&rig, "http://192.0.2.1/", "x=1; Domain=0.2.1");
    ck_assert(h2client_cookie_jar_get(rig.jar, 0)->is_host_only);
    h2t_jar_expect(&rig, "192.0.2.1", "/", "x=1");
    h2t_jar_expect(&rig, "2001:db8::1", "/", "y=2");
    h2t_jar_expect(&rig, "1.192.0.2.1", "/", "");
    h2t_jar_finish(&rig);
}
END_TEST

TEST(hosts_of_any_case_and_with_a_dot_are_the_same)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    h2t_jar_keep(&rig, "https://WWW.A.Test./", "x=1");
    h2t_jar_keep(&rig, "https://www.a.test/", "x=2; Domain=WWW.a.TEST");
    h2t_jar_expect(&rig, "www.a.test", "/", "x=1; x=2");
    h2t_jar_finish(&rig);
}
END_TEST

/* With and without the list: names of one label. */
TEST(nobody_has_a_cookie_for_a_whole_top_level_domain)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    h2t_jar_refuse(&rig, "https://a.com/", "x=1; Domain=com");
    h2t_jar_refuse(&rig, "https://a.com/", "x=1; Domain=.com.");
    h2t_jar_refuse(&rig, "https://a.localhost/", "x=1; Domain=localhost");
    h2t_jar_keep(&rig, "https://a.com/", "x=1; Domain=a.com");
    h2t_jar_finish(&rig);
}
END_TEST

TEST(a_public_suffix_may_speak_for_itself)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    h2t_jar_keep(&rig, "https://localhost/", "x=1; Domain=localhost");
    ck_assert(h2client_cookie_jar_get(rig.jar, 0)->is_host_only);
    h2t_jar_expect(&rig, "localhost", "/", "x=1");
    h2t_jar_expect(&rig, "a.localhost", "/", "");
    h2t_jar_finish(&rig);
}
END_TEST

TEST(the_list_knows_longer_public_suffixes)
{
    static const struct {
        const char *url, *field;
        bool is_kept, is_host_only;
    } rows[] = {
        {"https://a.co.uk/", "x=1; Domain=co.uk", false, false},
        {"https://a.github.io/", "x=1; Domain=github.io", false, false},
        {"https://a.github.io/", "x=1; Domain=io", false, false},
        {"https://a.b.ck/", "x=1; Domain=b.ck", false, false},
        {"https://a.xn--55qx5d.cn/", "x=1; Domain=xn--55qx5d.cn", false, false},
        {"https://github.io/", "x=1; Domain=github.io", true, true},
        {"https://a.co.uk/", "x=1; Domain=a.co.uk", true, false},
        {"https://b.a.github.io/", "x=1; Domain=a.github.io", true, false},
        {"https://a.www.ck/", "x=1; Domain=www.ck", true, false},
        {"https://b.a.xn--55qx5d.cn/", "x=1; Domain=a.xn--55qx5d.cn", true, false},
    };

    for (size_t i = 0; i < N_OF(rows) && h2i_public_suffix_version(); i++) {
        struct h2t_jar rig;
        h2t_jar_init(&rig);
        ck_assert_msg((h2t_jar_set(&rig, rows[i].url, rows[i].field) == H2CLIENT_OK) ==
                          rows[i].is_kept,
                      "row %zu", i);
        if (rows[i].is_kept)
            ck_assert_int_eq(h2client_cookie_jar_get(rig.jar, 0)->is_host_only,
                             rows[i].is_host_only);
        h2t_jar_finish(&rig);
    }
}
END_TEST

/* A name above a public suffix that is none itself: those below share no owner with it. */
TEST(a_domain_above_the_hosts_public_suffix_is_refused)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    if (h2i_public_suffix_version())
        h2t_jar_refuse(&rig, "https://bucket.s3.amazonaws.com/", "x=1; Domain=amazonaws.com");
    else
        h2t_jar_keep(&rig, "https://bucket.s3.amazonaws.com/", "x=1; Domain=amazonaws.com");
    h2t_jar_finish(&rig);
}
END_TEST

/* ---- paths --------------------------------------------------------------- */

TEST(paths_are_taken_from_the_cookie_or_the_request)
{
    static const struct {
        const char *url, *field, *path;
    } rows[] = {
        {"https://a.test/x/y?z=/q/", "c=1", "/x"},    {"https://a.test", "c=1", "/"},
        {"https://a.test?q=/x/y", "c=1", "/"},        {"https://a.test/x/", "c=1", "/x"},
        {"https://a.test/x/y", "c=1; Path=/z", "/z"}, {"https://a.test/x/y", "c=1; Path=z", "/x"},
        {"https://a.test/x/y", "c=1; Path=", "/x"},
    };

    for (size_t i = 0; i < N_OF(rows); i++) {
        struct h2t_jar rig;
        h2t_jar_init(&rig);
        h2t_jar_keep(&rig, rows[i].url, rows[i].field);
        ck_assert_str_eq(h2client_cookie_jar_get(rig.jar, 0)->path, rows[i].path);
        h2t_jar_finish(&rig);
    }
}
END_TEST

TEST(a_cookie_is_sent_at_its_path_and_below)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    h2t_jar_keep(&rig, "https://a.test/", "c=1; Path=/x");
    h2t_jar_expect(&rig, "a.test", "/x", "c=1");
    h2t_jar_expect(&rig, "a.test", "/x/y", "c=1");
    h2t_jar_expect(&rig, "a.test", "/xy", "");
    h2t_jar_expect(&rig, "a.test", "/", "");
    h2t_jar_finish(&rig);
}
END_TEST

TEST(a_default_path_above_1024_bytes_is_refused)
{
    char url[1200] = "https://a.test/";
    size_t host_len = strlen(url);
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    memset(url + host_len, 'p', 1023);
    url[host_len + 1023] = '/';
    h2t_jar_keep(&rig, url, "c=1");
    url[host_len + 1023] = 'p';
    url[host_len + 1024] = '/';
    h2t_jar_refuse(&rig, url, "c=1");
    h2t_jar_finish(&rig);
}
END_TEST

/* ---- Secure, prefixes, SameSite ------------------------------------------ */

TEST(secure_cookies_come_and_go_over_https_only)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    h2t_jar_refuse(&rig, "http://a.test/", "x=1; Secure");
    h2t_jar_keep(&rig, "https://a.test/", "x=1; Secure");
    h2t_jar_keep(&rig, "https://a.test/", "y=2");
    ck_assert_str_eq(h2t_jar_sent(&rig, "https", "a.test", "/"), "x=1; y=2");
    ck_assert_str_eq(h2t_jar_sent(&rig, "http", "a.test", "/"), "y=2");
    h2t_jar_finish(&rig);
}
END_TEST

/* RFC 6265bis 5.7: an attacker on the way may not put its own over one of https. */
TEST(http_cannot_put_a_cookie_over_a_secure_one)
{
    static const struct {
        const char *url, *field;
        bool is_kept;
    } rows[] = {
        {"http://b.a.test/", "x=2", false},
        {"http://b.a.test/", "x=2; Domain=a.test", false},
        {"http://a.test/", "x=2", false},
        {"http://c.b.a.test/", "x=2", false},
        {"http://b.a.test/", "x=2; Path=/p/q", false},
        {"http://b.a.test/", "x=; Max-Age=0; Path=/p", false},
        {"http://b.a.test/", "x=2; Path=/o", true},
        {"http://b.a.test/", "x=2; Path=/pq", true},
        {"http://b.a.test/", "X=2; Path=/p", true},
        {"http://d.a.test/", "x=2; Path=/p", true},
        {"https://b.a.test/", "x=2; Path=/p", true},
    };

    for (size_t i = 0; i < N_OF(rows); i++) {
        char field[100];
        struct h2t_jar rig;
        h2t_jar_init(&rig);
        h2t_jar_keep(&rig, "https://b.a.test/", "x=1; Secure; Domain=b.a.test; Path=/p");
        (void)snprintf(field, sizeof field, "%s%s", rows[i].field,
                       strstr(rows[i].field, "Path") ? "" : "; Path=/p");
        ck_assert_msg((h2t_jar_set(&rig, rows[i].url, field) == H2CLIENT_OK) == rows[i].is_kept,
                      "row %zu", i);
        h2t_jar_finish(&rig);
    }
}
END_TEST

TEST(a_secure_cookie_that_has_expired_is_in_nobodys_way)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    h2t_jar_keep(&rig, "https://a.test/", "x=1; Secure; Max-Age=10");
    h2t_jar_refuse(&rig, "http://a.test/", "x=2");
    rig.now_s += 10;
    h2t_jar_keep(&rig, "http://a.test/", "x=2");
    h2t_jar_expect(&rig, "a.test", "/", "x=2");
    h2t_jar_finish(&rig);
}
END_TEST

/* RFC 6265bis 4.1.3 and 5.7, in any case of letters. */
TEST(names_with_a_prefix_keep_what_they_promise)
{
    static const struct {
        const char *field;
        bool is_kept;
    } rows[] = {
        {"__Secure-a=1; Secure", true},
        {"__Secure-a=1", false},
        {"__SECURE-a=1", false},
        {"__secure-a=1; Secure; Domain=a.test; Path=/x", true},
        {"__Host-a=1; Secure; Path=/", true},
        {"__Host-a=1; Path=/", false},
        {"__Host-a=1; Secure", false},
        {"__Host-a=1; Secure; Path=x", false},
        {"__Host-a=1; Secure; Path=/x", false},
        {"__Host-a=1; Secure; Path=/; Domain=a.test", false},
        {"__hOSt-a=1; Path=/", false},
        {"__Host-a=1; Secure; Path=/; Domain=", true},
        {"__Hos-a=1", true},
        {"__Host=1", true},
        {"=__Host-a", false},
        {"__secure-a", false},
        {"x=__Host-a", true},
    };

    for (size_t i = 0; i < N_OF(rows); i++) {
        struct h2t_jar rig;
        h2t_jar_init(&rig);
        ck_assert_msg((h2t_jar_set(&rig, "https://a.test/", rows[i].field) == H2CLIENT_OK) ==
                          rows[i].is_kept,
                      "%s", rows[i].field);
        h2t_jar_finish(&rig);
    }
}
END_TEST

TEST(a_host_cookie_of_http_is_refused)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    h2t_jar_refuse(&rig, "http://a.test/", "__Host-a=1; Secure; Path=/");
    h2t_jar_refuse(&rig, "http://a.test/", "__Secure-a=1; Secure");
    h2t_jar_finish(&rig);
}
END_TEST

TEST(same_site_none_needs_secure)
{
    struct h2t_jar rig;

    h2t_jar_init(&rig);
    h2t_jar_refuse(&rig, "https://a.test/", "x=1; SameSite=None");
    h2t_jar_refuse(&rig, "http://a.test/", "x=1; SameSite=None");
    h2t_jar_keep(&rig, "https://a.test/", "x=1; SameSite=None; Secure");
    h2t_jar_keep(&rig, "http://a.test/", "y=1; SameSite=Strict");
    ck_assert_int_eq(h2client_cookie_jar_get(rig.jar, 0)->same_site, H2CLIENT_SAME_SITE_NONE);
    ck_assert_int_eq(h2client_cookie_jar_get(rig.jar, 1)->same_site, H2CLIENT_SAME_SITE_STRICT);
    h2t_jar_finish(&rig);
}
END_TEST

TEST_MAIN("cookie_domains", {T(a_cookie_without_domain_is_for_its_host_only)},
          {T(a_cookie_with_domain_is_for_all_below_it)}, {T(domains_of_others_are_refused)},
          {T(an_address_has_cookies_for_itself_only)},
          {T(hosts_of_any_case_and_with_a_dot_are_the_same)},
          {T(nobody_has_a_cookie_for_a_whole_top_level_domain)},
          {T(a_public_suffix_may_speak_for_itself)}, {T(the_list_knows_longer_public_suffixes)},
          {T(a_domain_above_the_hosts_public_suffix_is_refused)},
          {T(paths_are_taken_from_the_cookie_or_the_request)},
          {T(a_cookie_is_sent_at_its_path_and_below)},
          {T(a_default_path_above_1024_bytes_is_refused)},
          {T(secure_cookies_come_and_go_over_https_only)},
          {T(http_cannot_put_a_cookie_over_a_secure_one)},
          {T(a_secure_cookie_that_has_expired_is_in_nobodys_way)},
          {T(names_with_a_prefix_keep_what_they_promise)}, {T(a_host_cookie_of_http_is_refused)},
          {T(same_site_none_needs_secure)})
