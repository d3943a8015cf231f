/* SPDX-License-Identifier: MIT */
#include "h2client/payload/form.h"

#include <string.h>

#include "base/alloc.h"
#include "tests/support/test_main.h"

#define PAIRS(...) ((const h2client_param[]){__VA_ARGS__, {NULL, NULL}})

static void expect_form(const h2client_param *params, const char *expected)
{
    struct h2i_arena arena;
    size_t len = 99;

    h2i_arena_init(&arena, h2i_default_allocator(), 256);
    ck_assert_str_eq(h2i_form_write(&arena, params, &len), expected);
    ck_assert_uint_eq(len, strlen(expected));
    h2i_arena_finish(&arena);
}

static void expect_query(const char *url, const h2client_param *params, const char *expected)
{
    struct h2i_arena arena;

    h2i_arena_init(&arena, h2i_default_allocator(), 256);
    ck_assert_str_eq(h2i_query_add(&arena, url, params), expected);
    h2i_arena_finish(&arena);
}

TEST(a_form_is_encoded_as_browsers_do)
{
    expect_form(PAIRS({"a", "1"}), "a=1");
    expect_form(PAIRS({"a", "1"}, {"a", "2"}, {"b", ""}), "a=1&a=2&b=");
    expect_form(PAIRS({"a b", "c d"}), "a+b=c+d");
    expect_form(PAIRS({"k", "a&b=c+d%e"}), "k=a%26b%3Dc%2Bd%25e");
    expect_form(PAIRS({"k", "*-._~!'()"}), "k=*-._%7E%21%27%28%29");
    expect_form(PAIRS({"k", "\xc3\xa4\r\n"}), "k=%C3%A4%0D%0A");
    expect_form(PAIRS({"flag", NULL}), "flag=");
    expect_form(PAIRS({"", "v"}), "=v");
    expect_form(&(const h2client_param){NULL, NULL}, "");
}
END_TEST

TEST(a_query_grows_behind_what_is_there)
{
    expect_query("https://h/p", PAIRS({"a", "1"}), "https://h/p?a=1");
    expect_query("https://h/p?x=y", PAIRS({"a", "1"}, {"b", "2"}), "https://h/p?x=y&a=1&b=2");
    expect_query("https://h/p?", PAIRS({"a", "1"}), "https://h/p?a=1");
    expect_query("https://h/p?x&", PAIRS({"a", "1"}), "https://h/p?x&a=1");
    expect_query("https://h", PAIRS({"a", "1"}), "https://h?a=1");
    expect_query("https://h/p#f?g", PAIRS({"a", "1"}), "https://h/p?a=1#f?g");
    expect_query("https://h/p?x#f", PAIRS({"a", "1"}), "https://h/p?x&a=1#f");
    expect_query("", PAIRS({"a", "1"}), "?a=1");
}
END_TEST

TEST(a_query_is_percent_encoded)
{
    expect_query("h", PAIRS({"q", "a b/c?d#e&f=g+h"}), "h?q=a%20b%2Fc%3Fd%23e%26f%3Dg%2Bh");
    expect_query("h", PAIRS({"q", "-._~*"}), "h?q=-._~%2A");
    expect_query("h", PAIRS({"flag", NULL}, {"empty", ""}), "h?flag&empty=");
    expect_query("h", PAIRS({"\xff", "\n"}), "h?%FF=%0A");
}
END_TEST

TEST(no_pairs_leave_the_url_as_it_is)
{
    expect_query("https://h/p?x#f", &(const h2client_param){NULL, NULL}, "https://h/p?x#f");
}
END_TEST

TEST_MAIN("form", {T(a_form_is_encoded_as_browsers_do)}, {T(a_query_grows_behind_what_is_there)},
          {T(a_query_is_percent_encoded)}, {T(no_pairs_leave_the_url_as_it_is)})
