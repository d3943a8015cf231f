/* SPDX-License-Identifier: MIT */
/* URLs: what is taken, part by part, and what is refused, with the reason. */
#include "tests/support/test_main.h"

#include <stdlib.h>
#include <string.h>

#include "h2client/http/url.h"
#include "tests/support/test_alloc.h"

struct bench {
    struct h2t_alloc alloc;
    struct h2i_arena arena;
    struct h2i_url url;
    char why_buf[160];
    struct h2i_text why;
};

static h2client_error_code parse(struct bench *bench, const char *text)
{
    h2t_alloc_init(&bench->alloc);
    h2i_arena_init(&bench->arena, &bench->alloc.allocator, 512);
    bench->why = h2i_text(bench->why_buf, sizeof bench->why_buf);
    return h2i_url_parse(&bench->arena, text, &bench->url, &bench->why);
}

static void finish(struct bench *bench)
{
    h2i_arena_finish(&bench->arena);
    h2t_alloc_check(&bench->alloc);
}

struct good {
    const char *text;
    const char *host;
    const char *authority;
    const char *path;
    unsigned port;
    bool is_https;
    bool is_literal;
};

static const struct good good_urls[] = {
    {"http://example.com/", "example.com", "example.com", "/", 80, false, false},
    {"http://example.com", "example.com", "example.com", "/", 80, false, false},
    {"HTTPS://EXAMPLE.com/A", "example.com", "example.com", "/A", 443, true, false},
    {"https://h?x", "h", "h", "/?x", 443, true, false},
    {"https://h#top", "h", "h", "/", 443, true, false},
    {"https://h/a?b#c", "h", "h", "/a?b", 443, true, false},
    {"https://h/a#b?c#d", "h", "h", "/a", 443, true, false},
    {"https://h:443/", "h", "h", "/", 443, true, false},
    {"https://h:80/", "h", "h:80", "/", 80, true, false},
    {"http://h:80/", "h", "h", "/", 80, false, false},
    {"http://h:443/", "h", "h:443", "/", 443, false, false},
    {"http://h:/x", "h", "h", "/x", 80, false, false},
    {"http://h:00081/", "h", "h:81", "/", 81, false, false},
    {"http://h:65535/", "h", "h:65535", "/", 65535, false, false},
    {"http://example.com./", "example.com", "example.com.", "/", 80, false, false},
    {"http://example.com.:8080/", "example.com", "example.com.:8080", "/", 8080, false, false},
    {"http://a_b-c.d1/", "a_b-c.d1", "a_b-c.d1", "/", 80, false, false},
    {"http://xn--bcher-kva.example/", "xn--bcher-kva.example", "xn--bcher-kva.example", "/", 80,
     false, false},
    {"http://127.0.0.1/", "127.0.0.1", "127.0.0.1", "/", 80, false, true},
    {"http://255.255.255.255:1/", "255.255.255.255", "255.255.255.255:1", "/", 1, false, true},
    {"http://1.2.3.4.example/", "1.2.3.4.example", "1.2.3.4.example", "/", 80, false, false},
    {"http://0xg/", "0xg", "0xg", "/", 80, false, false},
    {"http://[::1]/", "::1", "[::1]", "/", 80, false, true},
    {"https://[2001:DB8::A]:8443/x", "2001:db8::a", "[2001:db8::a]:8443", "/x", 8443, true, true},
    {"http://[::ffff:192.0.2.1]", "::ffff:192.0.2.1", "[::ffff:192.0.2.1]", "/", 80, false, true},
    {"http://[FE80::1%254]:81/x", "fe80::1%4", "[fe80::1]:81", "/x", 81, false, true},
    {"https://[fe80::1%254294967295]", "fe80::1%4294967295", "[fe80::1]", "/", 443, true, true},
    {"http://[fe80::1%2507]/", "fe80::1%7", "[fe80::1]", "/", 80, false, true},
    {"http://h/%zz/%2F/../a//b", "h", "h", "/%zz/%2F/../a//b", 80, false, false},
    {"http://h/a:b@c", "h", "h", "/a:b@c", 80, false, false},
    {"http://h/<\"^`{|}>[]", "h", "h", "/<\"^`{|}>[]", 80, false, false},
    {"http://h?a=b?c/d", "h", "h", "/?a=b?c/d", 80, false, false},
    {"http://h??", "h", "h", "/??", 80, false, false},
};

TEST(url_parts_are_taken_as_written)
{
    for (size_t i = 0; i < sizeof good_urls / sizeof good_urls[0]; i++) {
        const struct good *want = &good_urls[i];
        struct bench bench;

        ck_assert_msg(parse(&bench, want->text) == H2CLIENT_OK, "%s: %s", want->text,
                      bench.why_buf);
        ck_assert_str_eq(bench.url.host, want->host);
        ck_assert_str_eq(bench.url.authority, want->authority);
        ck_assert_str_eq(bench.url.path, want->path);
        ck_assert_uint_eq(bench.url.port, want->port);
        ck_assert_int_eq(bench.url.is_https, want->is_https);
        ck_assert_int_eq(bench.url.host_is_literal, want->is_literal);
        ck_assert_ptr_null(bench.url.userinfo);
        ck_assert_str_eq(bench.why_buf, "");
        finish(&bench);
    }
}

struct bad {
    const char *text;
    const char *why;
};

#define ZONE "the zone at offset 15 is not \"%25\" and an interface's number"

static const struct bad bad_urls[] = {
    {"", "the URL is empty"},
    {"/path", "no scheme at offset 0: http:// or https:// is missing"},
    {"example.com", "no scheme at offset 0: http:// or https:// is missing"},
    {"//example.com/", "no scheme at offset 0: http:// or https:// is missing"},
    {"://h/", "no scheme at offset 0: http:// or https:// is missing"},
    {"1http://h/", "no scheme at offset 0: http:// or https:// is missing"},
    {"http", "no scheme at offset 0: http:// or https:// is missing"},
    {"http:", "\"//\" is missing at offset 5"},
    {"http:/x", "\"//\" is missing at offset 5"},
    {"https:x", "\"//\" is missing at offset 6"},
    {"http://", "empty host at offset 7"},
    {"http:///x", "empty host at offset 7"},
    {"http://?x", "empty host at offset 7"},
    {"http://:80/", "empty host at offset 7"},
    {"http://u@/", "empty host at offset 9"},
    {"http://[]/", "empty host at offset 8"},
    {"http://./", "empty label in the host before offset 7"},
    {"http://.a/", "empty label in the host before offset 7"},
    {"http://a..b/", "empty label in the host before offset 9"},
    {"http://a../", "empty label in the host before offset 9"},
    {" http://h/", "space at offset 0"},
    {"http://h/a b", "space at offset 10"},
    {"http://h/#a b", "space at offset 11"},
    {"http://h\\@evil/", "backslash at offset 8"},
    {"http://h/\t", "control character at offset 9"},
    {"http://h/\r\nx:y", "control character at offset 9"},
    {"http://h/\x7f", "control character at offset 9"},
    {"http://h/\xc3\xbc", "byte above 0x7F at offset 9"},
    {"http://h?\xc3\xbc", "byte above 0x7F at offset 9"},
    {"http://h/#\xc3\xbc", "byte above 0x7F at offset 10"},
    {"http://\xc3\xbc@h/", "byte above 0x7F at offset 7"},
    {"http://h:\xc3\xbc/", "no port number from 1 to 65535 at offset 9"},
    {"http://[\xc3\xbc]/", "no IPv6 address at offset 8"},
    {"http://a%2eb/", "percent sign in the host at offset 8"},
    {"http://h%00/", "percent sign in the host at offset 8"},
    {"http://a!b/", "character not allowed in the host at offset 8"},
    {"http://a,b/", "character not allowed in the host at offset 8"},
    {"http://a]b/", "character not allowed in the host at offset 8"},
    {"http://a[::1]/", "no port number from 1 to 65535 at offset 10"},
    {"http://u@v@h/", "second \"@\" at offset 10"},
    {"http://h:65536/", "port 65536 is above 65535"},
    {"http://h:99999/", "port 99999 is above 65535"},
    {"http://h:0/", "no port number from 1 to 65535 at offset 9"},
    {"http://h:+80/", "no port number from 1 to 65535 at offset 9"},
    {"http://h:8o/", "no port number from 1 to 65535 at offset 9"},
    {"http://h:80:80/", "no port number from 1 to 65535 at offset 9"},
    {"http://h:99999999999999999999999/", "no port number from 1 to 65535 at offset 9"},
    {"http://::1/", "empty host at offset 7"},
    {"http://[::1/", "\"]\" is missing after offset 7"},
    {"http://[::1]x/", "neither port nor path at offset 12"},
    {"http://[::g]/", "no IPv6 address at offset 8"},
    {"http://[127.0.0.1]/", "no IPv6 address at offset 8"},
    {"http://[v1.x]/", "no IPv6 address at offset 8"},
    {"http://[fe80::1%25eth0]/", ZONE},
    {"http://[fe80::1%1]/", ZONE},
    {"http://[fe80::1%25]/", ZONE},
    {"http://[fe80::1%250]/", ZONE},
    {"http://[fe80::1%254294967296]/", ZONE},
    {"http://[fe80::1%251%252]/", ZONE},
    {"http://[%251]/", "no IPv6 address at offset 8"},
    {"http://127.0.0.1%251/", "percent sign in the host at offset 16"},
};

TEST(url_that_can_be_misread_is_refused_with_reason_and_place)
{
    for (size_t i = 0; i < sizeof bad_urls / sizeof bad_urls[0]; i++) {
        struct bench bench;

        ck_assert_msg(parse(&bench, bad_urls[i].text) == H2CLIENT_ERROR_URL_MALFORMED, "%s",
                      bad_urls[i].text);
        ck_assert_str_eq(bench.why_buf, bad_urls[i].why);
        ck_assert_ptr_null(bench.url.host);
        finish(&bench);
    }
}

TEST(url_whose_host_only_looks_like_an_address_is_refused)
{
    static const char *const urls[] = {
        "http://127.1/",       "http://0x7f.1/",      "http://2130706433/", "http://0x7f000001/",
        "http://127.0.0.01/",  "http://0177.0.0.1/",  "http://256.0.0.1/",  "http://1.2.3/",
        "http://1.2.3.4.5/",   "http://1.2.3.4./",    "http://a.b.1/",      "http://a.0x/",
        "http://127.0.0.0x1/", "http://example.08./",
    };

    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct bench bench;

        ck_assert_msg(parse(&bench, urls[i]) == H2CLIENT_ERROR_URL_MALFORMED, "%s", urls[i]);
        ck_assert_ptr_nonnull(strstr(bench.why_buf, "ends in a number"));
        finish(&bench);
    }
}

TEST(url_of_another_scheme_is_unsupported_not_malformed)
{
    static const char *const urls[] = {"ftp://h/", "file:///etc/passwd", "httpss://h/",
                                       "ws://h/",  "mailto:a@b",         "localhost:8080/x"};

    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct bench bench;

        ck_assert_msg(parse(&bench, urls[i]) == H2CLIENT_ERROR_SCHEME_UNSUPPORTED, "%s", urls[i]);
        ck_assert_ptr_nonnull(strstr(bench.why_buf, "neither http nor https"));
        finish(&bench);
    }
}

TEST(url_userinfo_is_kept_apart_and_never_displayed)
{
    struct bench bench;

    ck_assert_int_eq(parse(&bench, "https://Me:s%40cret@h:99/p?q#f"), H2CLIENT_OK);
    ck_assert_str_eq(bench.url.userinfo, "Me:s%40cret");
    ck_assert_str_eq(bench.url.authority, "h:99");
    ck_assert_str_eq(bench.url.display, "https://h:99/p?q");
    finish(&bench);
    ck_assert_int_eq(parse(&bench, "https://@h/"), H2CLIENT_OK);
    ck_assert_str_eq(bench.url.userinfo, "");
    finish(&bench);
}

/* It is this machine's own business, but where a relative reference is joined to it. */
TEST(url_zone_is_displayed_and_not_sent)
{
    struct bench bench;

    ck_assert_int_eq(parse(&bench, "http://u@[fe80::1%254]:81/x"), H2CLIENT_OK);
    ck_assert_str_eq(bench.url.display, "http://[fe80::1%254]:81/x");
    ck_assert_str_eq(bench.url.authority, "[fe80::1]:81");
    finish(&bench);
}

TEST(url_reason_never_shows_userinfo)
{
    static const char *const urls[] = {
        "http://me:secret@h:99999x/", "http://me:secret@[::1",
        "http://secret:pass word@h/", "secret:x@h",
        "http://me:77777/x@h/",       "http://me:77777#x@h/",
    };

    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct bench bench;

        ck_assert_int_ne(parse(&bench, urls[i]), H2CLIENT_OK);
        ck_assert_ptr_null(strstr(bench.why_buf, "secret"));
        ck_assert_ptr_null(strstr(bench.why_buf, "77777"));
        finish(&bench);
    }
}

/* "http://h/aaa...", so many bytes long. */
static char *long_url(size_t len)
{
    char *text = malloc(len + 1);

    ck_assert_ptr_nonnull(text);
    memset(text, 'a', len);
    memcpy(text, "http://h/", 9);
    text[len] = 0;
    return text;
}

TEST(url_of_64_kib_is_taken_and_one_byte_more_is_refused)
{
    char *fits = long_url(65536);
    char *too_long = long_url(65537);
    struct bench bench;

    ck_assert_int_eq(parse(&bench, fits), H2CLIENT_OK);
    ck_assert_uint_eq(strlen(bench.url.path), 65536 - 8);
    finish(&bench);
    ck_assert_int_eq(parse(&bench, too_long), H2CLIENT_ERROR_URL_MALFORMED);
    ck_assert_str_eq(bench.why_buf, "the URL is longer than 65536 bytes");
    finish(&bench);
    free(fits);
    free(too_long);
}

TEST(url_host_names_are_bounded_like_dns_names)
{
    char text[400] = "http://";
    struct bench bench;

    memset(text + 7, 'a', 64);
    ck_assert_int_eq(parse(&bench, text), H2CLIENT_ERROR_URL_MALFORMED);
    ck_assert_str_eq(bench.why_buf, "too long a label in the host before offset 71");
    finish(&bench);
    for (size_t i = 7; i < 7 + 254; i++)
        text[i] = i % 2 ? 'a' : '.';
    text[7 + 253] = 'a';
    ck_assert_int_eq(parse(&bench, text), H2CLIENT_ERROR_URL_MALFORMED);
    ck_assert_str_eq(bench.why_buf, "the host is longer than 253 bytes");
    finish(&bench);
    text[7 + 253] = 0;
    ck_assert_int_eq(parse(&bench, text), H2CLIENT_OK);
    finish(&bench);
}

TEST(url_without_memory_says_so_and_leaves_nothing)
{
    for (uint64_t fail_at = 1; fail_at < 4; fail_at++) {
        struct bench bench;
        h2client_error_code code;

        h2t_alloc_init(&bench.alloc);
        bench.alloc.fail_at = fail_at;
        h2i_arena_init(&bench.arena, &bench.alloc.allocator, 16);
        bench.why = h2i_text(bench.why_buf, sizeof bench.why_buf);
        code = h2i_url_parse(&bench.arena, "https://user:pass@example.com:99/some/path?query",
                             &bench.url, &bench.why);
        ck_assert_int_eq(code, H2CLIENT_ERROR_NO_MEMORY);
        ck_assert_ptr_null(bench.url.host);
        finish(&bench);
    }
}

TEST_MAIN("url", {T(url_parts_are_taken_as_written)},
          {T(url_that_can_be_misread_is_refused_with_reason_and_place)},
          {T(url_whose_host_only_looks_like_an_address_is_refused)},
          {T(url_of_another_scheme_is_unsupported_not_malformed)},
          {T(url_userinfo_is_kept_apart_and_never_displayed)},
          {T(url_zone_is_displayed_and_not_sent)}, {T(url_reason_never_shows_userinfo)},
          {T(url_of_64_kib_is_taken_and_one_byte_more_is_refused)},
          {T(url_host_names_are_bounded_like_dns_names)},
          {T(url_without_memory_says_so_and_leaves_nothing)})
