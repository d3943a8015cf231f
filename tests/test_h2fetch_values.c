/* SPDX-License-Identifier: MIT */
/* h2fetch's values and texts: seconds, speeds, --resolve, name servers, URLs, JSON, encodings. */
#include "tests/support/test_main.h"

#include <stdlib.h>
#include <string.h>

#include "tools/h2fetch/fetch_url.h"
#include "tools/h2fetch/fetch_values.h"

#define N(list) (sizeof(list) / sizeof((list)[0]))

/* ---- numbers ------------------------------------------------------------------ */

TEST(seconds_are_milliseconds_rounded_up)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"1", 1000},
        {"0.5", 500},
        {".25", 250},
        {"2.", 2000},
        {"0.0001", 1},
        {"1.0001", 1001},
        {"10.75", 10750},
        {"0", H2CLIENT_NO_LIMIT},
        {"0.000", H2CLIENT_NO_LIMIT},
        {"99999999999999999999", INT64_C(1000000000000)},
    };

    for (size_t i = 0; i < N(cases); i++) {
        int64_t ms = 0;
        ck_assert_ptr_null(h2f_parse_seconds(cases[i].text, &ms));
        ck_assert_int_eq(ms, cases[i].ms);
    }
}

TEST(what_is_no_number_of_seconds_is_refused)
{
    static const char *const cases[] = {"", ".", "-1", "1s", "1,5", " 1", "1e3", "0x1", "1.2.3"};

    for (size_t i = 0; i < N(cases); i++) {
        int64_t ms;
        ck_assert_msg(h2f_parse_seconds(cases[i], &ms) != NULL, "%s is taken", cases[i]);
    }
}

TEST(rates_are_the_time_between_two_starts)
{
    static const struct {
        const char *text;
        int64_t interval_us;
    } cases[] = {{"1/s", 1000000},       {"10/s", 100000},     {"3/m", 20000000},
                 {"2/h", 1800000000},    {"24/d", 3600000000}, {"3600", 1000000},
                 {"99999999999999/s", 1}};
    static const char *const bad[] = {"",     "0/s",  "/s",    "s",    "1/",   "1/y",
                                      "1/ss", "-1/s", "1.5/s", "1 /s", "0x1/s"};
    int64_t interval_us;

    for (size_t i = 0; i < N(cases); i++) {
        ck_assert_ptr_null(h2f_parse_rate(cases[i].text, &interval_us));
        ck_assert_int_eq(interval_us, cases[i].interval_us);
    }
    for (size_t i = 0; i < N(bad); i++)
        ck_assert_msg(h2f_parse_rate(bad[i], &interval_us) != NULL, "%s is taken", bad[i]);
}

TEST(ranges_have_a_beginning_or_an_end)
{
    static const char *const good[] = {"0-499", "500-", "-500", "0-0,-1", "1-2,3-4,5-", "5"};
    static const char *const bad[] = {"",     "-",     "5,6",  "a-b",    "1-2,",
                                      ",1-2", "1-2-3", "1 -2", "0-4;5-6"};

    for (size_t i = 0; i < N(good); i++)
        ck_assert_msg(h2f_check_range(good[i]) == NULL, "%s is refused", good[i]);
    for (size_t i = 0; i < N(bad); i++)
        ck_assert_msg(h2f_check_range(bad[i]) != NULL, "%s is taken", bad[i]);
}

TEST(counts_start_at_one)
{
    int64_t count;

    ck_assert_ptr_null(h2f_parse_count("1", &count));
    ck_assert_int_eq(count, 1);
    ck_assert_ptr_nonnull(h2f_parse_count("0", &count));
    ck_assert_ptr_nonnull(h2f_parse_count("", &count));
    ck_assert_ptr_nonnull(h2f_parse_count("1x", &count));
}

TEST(sizes_are_bytes_with_or_without_a_unit)
{
    static const struct {
        const char *text;
        int64_t n_bytes;
    } sizes[] = {{"1", 1}, {"65535", 65535}, {"64k", 65536}, {"4M", 4194304}, {"1G", 1073741824}};
    static const char *const wrong[] = {"", "0", "k", "1T", "1kb", "-1", "1.5M"};
    int64_t n_bytes;

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        ck_assert_ptr_null(h2f_parse_size(sizes[i].text, &n_bytes));
        ck_assert_int_eq(n_bytes, sizes[i].n_bytes);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_assert_msg(h2f_parse_size(wrong[i], &n_bytes) != NULL, "%s", wrong[i]);
}

TEST(speeds_are_bytes_a_second_with_decimals_and_units)
{
    static const struct {
        const char *text;
        int64_t per_s;
    } speeds[] = {{"1", 1},
                  {"100K", 102400},
                  {"1.5k", 1536},
                  {".5M", 524288},
                  {"2G", 2147483648},
                  {"0.001", 1},
                  {"0", H2CLIENT_NO_LIMIT},
                  {"0.0k", H2CLIENT_NO_LIMIT},
                  {"3000000000", INT64_C(3000000000)},
                  {"99999999999999999999G", INT64_MAX / 2}};
    static const char *const wrong[] = {"", ".", "k", "1T", "1kb", "-1", "1 k", "1.2.3", "1e3"};
    int64_t per_s;

    for (size_t i = 0; i < N(speeds); i++) {
        ck_assert_ptr_null(h2f_parse_speed(speeds[i].text, &per_s));
        ck_assert_int_eq(per_s, speeds[i].per_s);
    }
    for (size_t i = 0; i < N(wrong); i++)
        ck_assert_msg(h2f_parse_speed(wrong[i], &per_s) != NULL, "%s is taken", wrong[i]);
}

/* ---- too slow ------------------------------------------------------------------- */

static const struct h2f_speed_limit a_thousand_for_three_s = {1000, 3000};

/* One report a second, of so many bytes in it. When it was found too slow, in s; -1: never. */
static int too_slow_after(const uint64_t *n_bytes, int n)
{
    struct h2f_speed speed = {0};
    uint64_t all = 0;

    ck_assert(!h2f_speed_is_too_low(&speed, &a_thousand_for_three_s, 50000, 0));
    for (int i = 0; i < n; i++) {
        all += n_bytes[i];
        if (h2f_speed_is_too_low(&speed, &a_thousand_for_three_s, 51000 + i * 1000, all))
            return i + 1;
    }
    return -1;
}

TEST(a_transfer_is_too_slow_once_no_second_reached_the_limit)
{
    ck_assert_int_eq(too_slow_after((const uint64_t[]){999, 999, 999, 5000}, 4), 3);
    ck_assert_int_eq(too_slow_after((const uint64_t[]){999, 1000, 0, 999, 1000}, 5), -1);
    ck_assert_int_eq(too_slow_after((const uint64_t[]){90000, 0, 0, 0}, 4), 4);
}

TEST(what_waits_for_nothing_is_not_too_slow)
{
    struct h2f_speed speed = {0};

    ck_assert(!h2f_speed_is_too_low(&speed, &a_thousand_for_three_s, 0, 0));
    ck_assert(!h2f_speed_is_too_low(&speed, &a_thousand_for_three_s, 2000, 0));
    h2f_speed_rest(&speed);
    ck_assert_int_eq(h2f_speed_wait_ms(&speed, &a_thousand_for_three_s, 2000), -1);
    ck_assert(!h2f_speed_is_too_low(&speed, &a_thousand_for_three_s, 60000, 0));
    ck_assert(!h2f_speed_is_too_low(&speed, &a_thousand_for_three_s, 62999, 0));
    ck_assert(h2f_speed_is_too_low(&speed, &a_thousand_for_three_s, 63999, 0));
}

TEST(a_speed_is_asked_for_each_second_or_as_often_as_its_time_says)
{
    static const struct h2f_speed_limit short_limit = {1000, 200};
    struct h2f_speed speed = {0};

    ck_assert(!h2f_speed_is_too_low(&speed, &short_limit, 5000, 0));
    ck_assert_int_eq(h2f_speed_wait_ms(&speed, &short_limit, 5050), 150);
    ck_assert_int_eq(h2f_speed_wait_ms(&speed, &a_thousand_for_three_s, 5050), 950);
    ck_assert_int_eq(h2f_speed_wait_ms(&speed, &a_thousand_for_three_s, 7000), 0);
    ck_assert(h2f_speed_is_too_low(&speed, &short_limit, 5200, 199));
}

TEST(an_upload_that_begins_again_is_measured_anew)
{
    struct h2f_speed speed = {0};

    ck_assert(!h2f_speed_is_too_low(&speed, &a_thousand_for_three_s, 0, 5000));
    ck_assert(!h2f_speed_is_too_low(&speed, &a_thousand_for_three_s, 2900, 10));
    ck_assert(!h2f_speed_is_too_low(&speed, &a_thousand_for_three_s, 5000, 10));
    ck_assert(h2f_speed_is_too_low(&speed, &a_thousand_for_three_s, 6000, 10));
}

/* ---- addresses ------------------------------------------------------------------ */

static void resolves(const char *text, const char *host, int64_t port, const char *addresses)
{
    struct h2f_overrides overrides = {0};

    ck_assert_ptr_null(h2f_parse_resolve(text, &overrides));
    ck_assert_str_eq(overrides.list[0].host, host);
    ck_assert_int_eq(overrides.list[0].port, port);
    ck_assert_str_eq(overrides.list[0].addresses, addresses);
    free((void *)(uintptr_t)overrides.list[0].host);
    free((void *)(uintptr_t)overrides.list[0].addresses);
    free(overrides.list);
}

TEST(resolve_takes_addresses_with_and_without_brackets)
{
    resolves("h:80:192.0.2.1", "h", 80, "192.0.2.1");
    resolves("+h.example:443:[2001:db8::1]", "h.example", 443, "2001:db8::1");
    resolves("h:1:2001:db8::1,192.0.2.1,[::1]", "h", 1, "2001:db8::1,192.0.2.1,::1");
}

TEST(resolve_refuses_what_it_cannot_do)
{
    static const char *const cases[] = {
        "",          "h",           "h:80",      "h:80:",        "h:x:192.0.2.1",
        "h:0:::1",   "h:65536:::1", "*:80:::1",  "-h:80",        "-h:80:::1",
        ":80:::1",   "h:80:name",   "h:80:::1,", "[::1]:80:::1", "192.0.2.1:80:::1",
        "h:80:[::1", "[::1:80:::1", "h:80x:::1",
    };
    struct h2f_overrides overrides = {0};

    for (size_t i = 0; i < N(cases); i++)
        ck_assert_msg(h2f_parse_resolve(cases[i], &overrides) != NULL, "%s is taken", cases[i]);
    ck_assert_uint_eq(overrides.n, 0);
}

TEST(name_servers_are_addresses_with_or_without_a_port)
{
    static const char *const bad[] = {"",        "dns.test", "192.0.2.1:", "192.0.2.1:0",
                                      "[::1",    "::1]",     "192.0.2.1,", "192.0.2.1:65536",
                                      "[::1]53", "1.2.3"};

    ck_assert_ptr_null(h2f_check_servers("192.0.2.1"));
    ck_assert_ptr_null(h2f_check_servers("192.0.2.1:53,[::1]:5353,[::1],::1"));
    for (size_t i = 0; i < N(bad); i++)
        ck_assert_msg(h2f_check_servers(bad[i]) != NULL, "%s is taken", bad[i]);
}

/* ---- URLs ------------------------------------------------------------------------ */

/* Frees what a function made. */
static void gives(char *made, const char *expected)
{
    ck_assert_pstr_eq(made, expected);
    free(made);
}

TEST(a_url_without_a_scheme_is_http)
{
    gives(h2f_url_complete("example.com/x"), "http://example.com/x");
    gives(h2f_url_complete("localhost:8080"), "http://localhost:8080");
    gives(h2f_url_complete("https://h"), "https://h");
}

TEST(a_query_is_added_before_the_fragment)
{
    gives(h2f_url_add_query("http://h/", "a=1"), "http://h/?a=1");
    gives(h2f_url_add_query("http://h/?b", "a=1"), "http://h/?b&a=1");
    gives(h2f_url_add_query("http://h/?", "a=1"), "http://h/?a=1");
    gives(h2f_url_add_query("http://h/#f?g", "a=1"), "http://h/?a=1#f?g");
}

TEST(an_upload_lends_its_name_to_a_folder)
{
    gives(h2f_url_add_upload_name("http://h/d/", "x/a b"), "http://h/d/a%20b");
    gives(h2f_url_add_upload_name("http://h", "file"), "http://h/file");
    gives(h2f_url_add_upload_name("http://h/d", "file"), "http://h/d");
    gives(h2f_url_add_upload_name("http://h/d/?q", "file"), "http://h/d/?q");
    gives(h2f_url_add_upload_name("http://h/d/", "-"), "http://h/d/");
}

TEST(a_files_name_is_the_last_part_of_the_path)
{
    gives(h2f_url_remote_name("http://h/a/b.txt?x/y#z"), "b.txt");
    gives(h2f_url_remote_name("http://h"), NULL);
    gives(h2f_url_remote_name("http://h/a/"), NULL);
    gives(h2f_url_remote_name("http://h?a/b"), NULL);
    gives(h2f_url_remote_name("http://h/a/.."), NULL);
}

TEST(a_shown_url_has_no_secrets_and_no_controls)
{
    gives(h2f_url_shown("http://u:p@h/x#f"), "http://h/x");
    gives(h2f_url_shown("http://u:p@q@h"), "http://h");
    gives(h2f_url_shown("http://h/a@b"), "http://h/a@b");
    gives(h2f_url_shown("http://h/\033[2J\n"), "http://h/?[2J?");
    gives(h2f_url_shown("no url"), "no url");
}

TEST(references_are_resolved_as_rfc_3986_says)
{
    static const struct {
        const char *reference;
        const char *url;
    } cases[] = {
        /* Of 5.4.1 and 5.4.2. */
        {"g:h", "g:h"},
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q#s"},
        {"g?y#s", "http://a/b/c/g?y#s"},
        {";x", "http://a/b/c/;x"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {"..g", "http://a/b/c/..g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/../h", "http://a/b/c/h"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
    };

    for (size_t i = 0; i < N(cases); i++)
        gives(h2f_url_resolve("http://a/b/c/d;p?q", cases[i].reference), cases[i].url);
    gives(h2f_url_resolve("http://a", "g"), "http://a/g");
    gives(h2f_url_resolve("http://a?q", "../g"), "http://a/g");
}

/* ---- encodings -------------------------------------------------------------------- */

static void json_is(const char *string, const char *expected)
{
    struct h2f_text text = {0};

    h2f_text_json(&text, string);
    ck_assert_str_eq(text.data, expected);
    h2f_text_finish(&text);
}

TEST(json_strings_are_escaped)
{
    json_is("a\"b\\c\n\x7f", "\"a\\\"b\\\\c\\u000a\x7f\"");
    json_is("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
}

TEST(json_strings_hold_utf8_only)
{
    json_is("\xff", "\"\\ufffd\"");
    json_is("\xc3", "\"\\ufffd\"");
    json_is("\xc0\x80", "\"\\ufffd\\ufffd\"");
    json_is("\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"");
    json_is("\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
}

TEST(text_is_url_encoded_byte_by_byte)
{
    struct h2f_text text = {0};

    h2f_text_urlencode(&text, "a-b._~ &\0\xff", 10);
    ck_assert_str_eq(text.data, "a-b._~%20%26%00%FF");
    h2f_text_finish(&text);
}

TEST(text_grows_and_shrinks)
{
    struct h2f_text text = {0};

    for (int i = 0; i < 1000; i++)
        h2f_text_printf(&text, "%d,", i);
    h2f_text_drop(&text, strlen("0,1,2,"));
    ck_assert_int_eq(strncmp(text.data, "3,4,", 4), 0);
    ck_assert_uint_eq(strlen(text.data), text.len);
    h2f_text_finish(&text);
    ck_assert_str_eq(h2f_text_string(&text), "");
}

TEST_MAIN("h2fetch_values", {T(seconds_are_milliseconds_rounded_up)},
          {T(what_is_no_number_of_seconds_is_refused)}, {T(rates_are_the_time_between_two_starts)},
          {T(ranges_have_a_beginning_or_an_end)}, {T(counts_start_at_one)},
          {T(sizes_are_bytes_with_or_without_a_unit)},
          {T(speeds_are_bytes_a_second_with_decimals_and_units)},
          {T(a_transfer_is_too_slow_once_no_second_reached_the_limit)},
          {T(what_waits_for_nothing_is_not_too_slow)},
          {T(a_speed_is_asked_for_each_second_or_as_often_as_its_time_says)},
          {T(an_upload_that_begins_again_is_measured_anew)},
          {T(resolve_takes_addresses_with_and_without_brackets)},
          {T(resolve_refuses_what_it_cannot_do)},
          {T(name_servers_are_addresses_with_or_without_a_port)},
          {T(a_url_without_a_scheme_is_http)}, {T(a_query_is_added_before_the_fragment)},
          {T(an_upload_lends_its_name_to_a_folder)}, {T(a_files_name_is_the_last_part_of_the_path)},
          {T(a_shown_url_has_no_secrets_and_no_controls)},
          {T(references_are_resolved_as_rfc_3986_says)}, {T(json_strings_are_escaped)},
          {T(json_strings_hold_utf8_only)}, {T(text_is_url_encoded_byte_by_byte)},
          {T(text_grows_and_shrinks)})
