/* SPDX-License-Identifier: MIT */
/* International host names: what a URL's host becomes, and what is none. */
#include "h2client/http/idna.h"

#include <stdio.h>
#include <string.h>

#include "h2client/http/url.h"
#include "tests/support/test_alloc.h"
#include "tests/support/test_main.h"

struct bench {
    struct h2t_alloc alloc;
    struct h2i_arena arena;
    struct h2i_url url;
    char why_buf[200];
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

static bool is_built_in(void)
{
    return h2i_idna_version() != NULL;
}

static void expect_refused(const char *text, const char *reason)
{
    struct bench bench;

    ck_assert_msg(parse(&bench, text) == H2CLIENT_ERROR_URL_MALFORMED, "%s", text);
    ck_assert_msg(strstr(bench.why_buf, is_built_in() ? reason : "not built in") != NULL,
                  "%s: \"%s\" does not say \"%s\"", text, bench.why_buf, reason);
    ck_assert_ptr_null(bench.url.host);
    finish(&bench);
}

/* Without libidn2 they are refused, and the reason says so. */
static void expect_host(const char *text, const char *host, const char *authority)
{
    struct bench bench;

    if (!is_built_in()) {
        expect_refused(text, "");
        return;
    }
    ck_assert_msg(parse(&bench, text) == H2CLIENT_OK, "%s: %s", text, bench.why_buf);
    ck_assert_str_eq(bench.url.host, host);
    ck_assert_str_eq(bench.url.authority, authority);
    ck_assert(!bench.url.host_is_literal);
    finish(&bench);
}

TEST(international_host_goes_by_its_a_labels)
{
    expect_host("http://b\xc3\xbc"
                "cher.example/",
                "xn--bcher-kva.example", "xn--bcher-kva.example");
    expect_host("https://user@B\xc3\x9c"
                "CHER.example.:8443/x?y",
                "xn--bcher-kva.example", "xn--bcher-kva.example.:8443");
    expect_host("http://\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88",
                "xn--r8jz45g.xn--zckzah", "xn--r8jz45g.xn--zckzah");
}
END_TEST

/* UTS #46, non-transitional: what IDNA 2003 would have made "fass" is a name of its own. */
TEST(sharp_s_stays_itself)
{
    expect_host("http://fa\xc3\x9f.de/", "xn--fa-hia.de", "xn--fa-hia.de");
}
END_TEST

TEST(ideographic_full_stop_separates_labels)
{
    expect_host("http://a\xe3\x80\x82"
                "example/",
                "a.example", "a.example");
}
END_TEST

TEST(ascii_host_is_left_as_it_is)
{
    struct bench bench;

    ck_assert_int_eq(parse(&bench, "http://xn--zz--.a_b.example/"), H2CLIENT_OK);
    ck_assert_str_eq(bench.url.host, "xn--zz--.a_b.example");
    finish(&bench);
}
END_TEST

TEST(what_is_no_international_name_is_refused_with_reason_and_place)
{
    expect_refused("http://h\xff.example/", "encoding error, at offset 7");
    expect_refused("http://u:p@\xe2\x98\x83.example/", "disallowed character, at offset 11");
    expect_refused("http://xn--\xc3\xbc.example/", "punycode");
    expect_refused("http://-\xc3\xbc.example/", "hyphen");
    expect_refused("http://1\xd7\x90.example/", "bi-directional");
}
END_TEST

/* What letters are mapped to may be what a host must not have. */
TEST(mapped_host_is_checked_like_any_other)
{
    expect_refused("http://a\xef\xbc\x8f"
                   "b.example/",
                   "character not allowed in the host at offset 7"); /* full-width slash */
    expect_refused("http://a\xef\xbc\xa0"
                   "b.example/",
                   "character not allowed in the host at offset 7"); /* full-width @ */
    expect_refused("http://\xc3\xbc..example/", "empty label in the host before offset 7");
    expect_refused("http://\xc2\xad/", "empty label in the host before offset 7"); /* soft hyphen */
}
END_TEST

TEST(mapped_host_is_never_an_address)
{
    expect_refused("http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1/", "ends in a number");
    expect_refused("http://127\xe3\x80\x82"
                   "0.0.1/",
                   "ends in a number");
}
END_TEST

/* "http://", and n times the piece. */
static const char *repeated(size_t n, const char *piece)
{
    static char text[8192];
    size_t len = (size_t)snprintf(text, sizeof text, "http://");

    while (n-- > 0)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s", piece);
    return text;
}

TEST(international_names_are_bounded_like_all_names)
{
    expect_refused(repeated(70, "\xc3\xbc"), "too large");
    expect_refused(repeated(1000, "\xc3\xbc."), "too long");
}
END_TEST

TEST(without_memory_says_so)
{
    for (uint64_t fail_at = 1; is_built_in() && fail_at < 5; fail_at++) {
        struct bench bench;

        h2t_alloc_init(&bench.alloc);
        bench.alloc.fail_at = fail_at;
        h2i_arena_init(&bench.arena, &bench.alloc.allocator, 16);
        bench.why = h2i_text(bench.why_buf, sizeof bench.why_buf);
        ck_assert_int_eq(
            h2i_url_parse(&bench.arena, "https://b\xc3\xbc.example/", &bench.url, &bench.why),
            H2CLIENT_ERROR_NO_MEMORY);
        ck_assert_ptr_null(bench.url.host);
        finish(&bench);
    }
}
END_TEST

TEST_MAIN("idna", {T(international_host_goes_by_its_a_labels)}, {T(sharp_s_stays_itself)},
          {T(ideographic_full_stop_separates_labels)}, {T(ascii_host_is_left_as_it_is)},
          {T(what_is_no_international_name_is_refused_with_reason_and_place)},
          {T(mapped_host_is_checked_like_any_other)}, {T(mapped_host_is_never_an_address)},
          {T(international_names_are_bounded_like_all_names)}, {T(without_memory_says_so)})
