/* SPDX-License-Identifier: MIT */
#include "base/alloc.h"
#include "h2client/http/url_join.h"
#include "tests/support/test_alloc.h"
#include "tests/support/test_main.h"

static void expect(const char *base, const char *reference, const char *joined)
{
    struct h2i_arena arena;
    const char *got;

    h2i_arena_init(&arena, h2i_default_allocator(), 512);
    got = h2i_url_join(&arena, base, reference);
    ck_assert_msg(strcmp(got, joined) == 0, "\"%s\": %s, not %s", reference, got, joined);
    h2i_arena_finish(&arena);
}

/* RFC 3986 5.4, with http for its own base, without what a fragment adds. */
TEST(references_mean_what_the_rfc_says)
{
    static const struct {
        const char *reference, *joined;
    } rows[] = {
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g/"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q"},
        {"g#s", "http://a/b/c/g"},
        {"g?y#s", "http://a/b/c/g?y"},
        {";x", "http://a/b/c/;x"},
        {"g;x", "http://a/b/c/g;x"},
        {"g;x?y#s", "http://a/b/c/g;x?y"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"../../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {".g", "http://a/b/c/.g"},
        {"g..", "http://a/b/c/g.."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/./x", "http://a/b/c/g?y/./x"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"g#s/../x", "http://a/b/c/g"},
        {"https://h/../x/./y?z", "https://h/x/y?z"},
        {"https://h", "https://h/"},
        {"https://h?q", "https://h/?q"},
        {"HTTP://h/", "HTTP://h/"},
        {"/a//b/../c", "http://a/a//c"},
        {"a:b", "a:b"},
        {"mailto:x@y", "mailto:x@y"},
        {"javascript:alert(1)", "javascript:alert(1)"},
        {"http:g", "http:g"}, /* refused by who parses it */
        {"1:2", "http://a/b/c/1:2"},
        {":x", "http://a/b/c/:x"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect("http://a/b/c/d;p?q", rows[i].reference, rows[i].joined);
}
END_TEST

TEST(a_base_without_a_path_stands_at_the_root)
{
    expect("https://a.test", "g", "https://a.test/g");
    expect("https://a.test", "", "https://a.test/");
    expect("https://a.test?q", "?r", "https://a.test/?r");
    expect("https://a.test:8443", "/x", "https://a.test:8443/x");
}
END_TEST

TEST(spaces_and_bytes_above_ascii_are_encoded)
{
    expect("http://a/", " /b c?d e ", "http://a/b%20c?d%20e");
    expect("http://a/", "/\xc3\xa4?\xff", "http://a/%C3%A4?%FF");
    expect("http://a/", "/%20%zz", "http://a/%20%zz");
}
END_TEST

TEST(the_fragment_is_what_follows_the_first_hash)
{
    ck_assert_str_eq(h2i_url_fragment("/a#b#c"), "b#c");
    ck_assert_str_eq(h2i_url_fragment("/a#"), "");
    ck_assert_ptr_null(h2i_url_fragment("/a"));
}
END_TEST

TEST_MAIN("url_join", {T(references_mean_what_the_rfc_says)},
          {T(a_base_without_a_path_stands_at_the_root)},
          {T(spaces_and_bytes_above_ascii_are_encoded)},
          {T(the_fragment_is_what_follows_the_first_hash)})
