/* SPDX-License-Identifier: MIT */
/* Cookie files in the Netscape format: read, written, and read again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "h2client/cookies.h"
#include "h2client/cookies/public_suffix.h"
#include "tests/support/cookie_rig.h"
#include "tests/support/test_main.h"

#define HEAD "# Netscape HTTP Cookie File\n\n"
#define N_OF(rows) (sizeof(rows) / sizeof(rows)[0])

struct rig {
    struct h2t_alloc alloc;
    h2client_cookie_jar *jar;
    size_t bad_line;
    char text[4096]; /* what was written last */
};

static void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof *rig);
    h2t_alloc_init(&rig->alloc);
    rig->jar = h2client_cookie_jar_create(&rig->alloc.allocator);
    ck_assert_ptr_nonnull(rig->jar);
}

static void rig_finish(struct rig *rig)
{
    h2client_cookie_jar_unref(rig->jar);
    h2t_alloc_check(&rig->alloc);
}

static h2client_error_code import(struct rig *rig, const char *text)
{
    return h2client_cookie_jar_import(rig->jar, text, strlen(text), H2T_NOW_S, &rig->bad_line);
}

static const char *export(struct rig *rig)
{
    size_t len = h2client_cookie_jar_export(rig->jar, H2T_NOW_S, rig->text, sizeof rig->text);

    ck_assert_uint_lt(len, sizeof rig->text);
    ck_assert_uint_eq(strlen(rig->text), len);
    return rig->text;
}

static void keep(struct rig *rig, const char *url, const char *set_cookie)
{
    ck_assert_int_eq(h2client_cookie_jar_set(rig->jar, url, set_cookie, H2T_NOW_S), H2CLIENT_OK);
}

/* ---- import -------------------------------------------------------------- */

TEST(seven_fields_make_a_cookie)
{
    struct rig rig;
    const h2client_cookie *cookie;

    rig_init(&rig);
    ck_assert_int_eq(import(&rig, ".A.test\tTRUE\t/p\tTRUE\t1793000060\tn\tv w\n"), H2CLIENT_OK);
    ck_assert_uint_eq(rig.bad_line, 0);
    cookie = h2client_cookie_jar_get(rig.jar, 0);
    ck_assert_ptr_nonnull(cookie);
    ck_assert_str_eq(cookie->domain, "a.test");
    ck_assert_str_eq(cookie->path, "/p");
    ck_assert_str_eq(cookie->name, "n");
    ck_assert_str_eq(cookie->value, "v w");
    ck_assert_int_eq(cookie->expires_s, H2T_NOW_S + 60);
    ck_assert_int_eq(cookie->same_site, H2CLIENT_SAME_SITE_DEFAULT);
    ck_assert(cookie->is_secure && !cookie->is_host_only && !cookie->is_http_only);
    rig_finish(&rig);
}
END_TEST

TEST(the_second_field_says_whether_hosts_below_are_meant)
{
    struct rig rig;

    rig_init(&rig);
    ck_assert_int_eq(import(&rig, ".a.test\tFALSE\t/\tFALSE\t0\ta\t1\n"
                                  "a.test\ttrue\t/\tfalse\t0\tb\t1\n"),
                     H2CLIENT_OK);
    ck_assert_uint_eq(rig.bad_line, 0);
    ck_assert(h2client_cookie_jar_get(rig.jar, 0)->is_host_only);
    ck_assert(!h2client_cookie_jar_get(rig.jar, 1)->is_host_only);
    rig_finish(&rig);
}
END_TEST

TEST(zero_is_no_end_and_a_time_too_far_is_400_days)
{
    struct rig rig;

    rig_init(&rig);
    ck_assert_int_eq(import(&rig, "a.test\tFALSE\t/\tFALSE\t0\ta\t1\n"
                                  "a.test\tFALSE\t/\tFALSE\t9999999999\tb\t1\n"
                                  "a.test\tFALSE\t/\tFALSE\t99999999999999999999999\tc\t1\n"),
                     H2CLIENT_OK);
    ck_assert_int_eq(h2client_cookie_jar_get(rig.jar, 0)->expires_s, -1);
    ck_assert_int_eq(h2client_cookie_jar_get(rig.jar, 1)->expires_s, H2T_NOW_S + 400 * 86400);
    ck_assert_int_eq(h2client_cookie_jar_get(rig.jar, 2)->expires_s, H2T_NOW_S + 400 * 86400);
    rig_finish(&rig);
}
END_TEST

TEST(comments_empty_lines_and_expired_cookies_are_skipped)
{
    struct rig rig;

    rig_init(&rig);
    ck_assert_int_eq(import(&rig, "# Netscape HTTP Cookie File\n\n \t\n#\r\n\r\n"
                                  "#a.test\tFALSE\t/\tFALSE\t0\ta\t1\n"
                                  "#httponly_a.test\tFALSE\t/\tFALSE\t0\ta\t1\n"
                                  "a.test\tFALSE\t/\tFALSE\t1793000000\ta\t1\n"
                                  "a.test\tFALSE\t/\tFALSE\t1\ta\t1\n"),
                     H2CLIENT_OK);
    ck_assert_uint_eq(rig.bad_line, 0);
    ck_assert_uint_eq(h2client_cookie_jar_count(rig.jar), 0);
    rig_finish(&rig);
}
END_TEST

/* The cookie may have come from a site since; a file is no response. */
TEST(an_expired_line_takes_no_cookie_away)
{
    struct rig rig;

    rig_init(&rig);
    keep(&rig, "https://a.test/", "a=1");
    ck_assert_int_eq(import(&rig, "a.test\tFALSE\t/\tFALSE\t1\ta\t0\n"
                                  "a.test\tFALSE\t/\tFALSE\t1793000000\ta\t0\n"),
                     H2CLIENT_OK);
    ck_assert_uint_eq(h2client_cookie_jar_count(rig.jar), 1);
    rig_finish(&rig);
}
END_TEST

TEST(a_prefix_says_http_only)
{
    struct rig rig;

    rig_init(&rig);
    ck_assert_int_eq(import(&rig, "#HttpOnly_.a.test\tTRUE\t/\tFALSE\t0\ta\t1"), H2CLIENT_OK);
    ck_assert_uint_eq(h2client_cookie_jar_count(rig.jar), 1);
    ck_assert(h2client_cookie_jar_get(rig.jar, 0)->is_http_only);
    ck_assert_str_eq(h2client_cookie_jar_get(rig.jar, 0)->domain, "a.test");
    rig_finish(&rig);
}
END_TEST

TEST(lines_may_end_as_on_windows)
{
    struct rig rig;

    rig_init(&rig);
    ck_assert_int_eq(import(&rig, "a.test\tFALSE\t/\tFALSE\t0\ta\t1\r\n"), H2CLIENT_OK);
    ck_assert_uint_eq(rig.bad_line, 0);
    ck_assert_str_eq(h2client_cookie_jar_get(rig.jar, 0)->value, "1");
    rig_finish(&rig);
}
END_TEST

TEST(lines_that_are_wrong_are_skipped_and_the_first_is_told)
{
    static const char *const lines[] = {
        "a.test",
        "a.test FALSE / FALSE 0 a 1",
        "a.test\tFALSE\t/\tFALSE\t0\ta",
        "a.test\tMAYBE\t/\tFALSE\t0\ta\t1",
        "a.test\tFALSE\t/\t1\t0\ta\t1",
        "a.test\tFALSE\tp\tFALSE\t0\ta\t1",
        "a.test\tFALSE\t\tFALSE\t0\ta\t1",
        "a.test\tFALSE\t/\x01\tFALSE\t0\ta\t1",
        "a.test\tFALSE\t/\tFALSE\t\ta\t1",
        "a.test\tFALSE\t/\tFALSE\t-1\ta\t1",
        "a.test\tFALSE\t/\tFALSE\t1793000060.5\ta\t1",
        "a.test\tFALSE\t/\tFALSE\t0\t\t",
        "a.test\tFALSE\t/\tFALSE\t0\ta\t1\r2",
        "a.test\tFALSE\t/\tFALSE\t0\ta\x7f\t1",
        "\tFALSE\t/\tFALSE\t0\ta\t1",
        ".\tFALSE\t/\tFALSE\t0\ta\t1",
        "a b.test\tFALSE\t/\tFALSE\t0\ta\t1",
        "\xc3\xa4.test\tFALSE\t/\tFALSE\t0\ta\t1",
        "com\tTRUE\t/\tFALSE\t0\ta\t1",
        "192.0.2.1\tTRUE\t/\tFALSE\t0\ta\t1",
        "2001:db8::1\tTRUE\t/\tFALSE\t0\ta\t1",
        "a.test\tFALSE\t/\tFALSE\t0\t__Secure-a\t1",
        "a.test\tTRUE\t/\tTRUE\t0\t__Host-a\t1",
        "a.test\tFALSE\t/x\tTRUE\t0\t__Host-a\t1",
    };

    for (size_t i = 0; i < N_OF(lines); i++) {
        struct rig rig;
        char text[400];
        rig_init(&rig);
        (void)snprintf(text, sizeof text,
                       "# a comment\na.test\tFALSE\t/\tFALSE\t0\tok\t1\n%s\nbad\n"
                       "a.test\tFALSE\t/\tFALSE\t0\tok2\t1\n",
                       lines[i]);
        ck_assert_int_eq(import(&rig, text), H2CLIENT_OK);
        ck_assert_msg(rig.bad_line == 3, "%s: line %zu", lines[i], rig.bad_line);
        ck_assert_msg(h2client_cookie_jar_count(rig.jar) == 2, "%s", lines[i]);
        rig_finish(&rig);
    }
}
END_TEST

TEST(a_path_in_a_file_has_at_most_1024_bytes)
{
    struct rig rig;
    char text[1200] = "a.test\tFALSE\t";
    size_t start = strlen(text);

    rig_init(&rig);
    memset(text + start, '/', 1024);
    (void)snprintf(text + start + 1024, 100, "%s", "\tFALSE\t0\ta\t1");
    ck_assert_int_eq(import(&rig, text), H2CLIENT_OK);
    ck_assert_uint_eq(rig.bad_line, 0);
    (void)snprintf(text + start + 1024, 100, "%s", "/\tFALSE\t0\ta\t1");
    ck_assert_int_eq(import(&rig, text), H2CLIENT_OK);
    ck_assert_uint_eq(rig.bad_line, 1);
    rig_finish(&rig);
}
END_TEST

TEST(the_list_of_public_suffixes_holds_for_files_too)
{
    struct rig rig;

    rig_init(&rig);
    ck_assert_int_eq(import(&rig, ".github.io\tTRUE\t/\tFALSE\t0\ta\t1\n"), H2CLIENT_OK);
    ck_assert_uint_eq(rig.bad_line, h2i_public_suffix_version() ? 1 : 0);
    ck_assert_int_eq(import(&rig, "github.io\tFALSE\t/\tFALSE\t0\ta\t1\n"), H2CLIENT_OK);
    ck_assert_uint_eq(rig.bad_line, 0);
    rig_finish(&rig);
}
END_TEST

TEST(addresses_in_a_file_are_addresses)
{
    struct rig rig;

    rig_init(&rig);
    ck_assert_int_eq(import(&rig, "192.0.2.1\tFALSE\t/\tFALSE\t0\ta\t1\n"), H2CLIENT_OK);
    keep(&rig, "http://192.0.2.1/", "a=2");
    ck_assert_uint_eq(h2client_cookie_jar_count(rig.jar), 1);
    ck_assert_str_eq(h2client_cookie_jar_get(rig.jar, 0)->value, "2");
    rig_finish(&rig);
}
END_TEST

TEST(import_adds_to_what_is_there_and_replaces_its_like)
{
    struct rig rig;

    rig_init(&rig);
    keep(&rig, "https://a.test/", "a=1");
    keep(&rig, "https://a.test/", "b=1");
    ck_assert_int_eq(import(&rig, "a.test\tFALSE\t/\tFALSE\t0\tb\t2\n"
                                  "a.test\tFALSE\t/\tFALSE\t0\tc\t3\n"),
                     H2CLIENT_OK);
    ck_assert_uint_eq(h2client_cookie_jar_count(rig.jar), 3);
    ck_assert_str_eq(h2client_cookie_jar_get(rig.jar, 1)->value, "2");
    rig_finish(&rig);
}
END_TEST

TEST(import_takes_no_text_for_an_empty_file)
{
    struct rig rig;

    rig_init(&rig);
    ck_assert_int_eq(h2client_cookie_jar_import(rig.jar, NULL, 0, H2T_NOW_S, NULL), H2CLIENT_OK);
    ck_assert_int_eq(h2client_cookie_jar_import(rig.jar, NULL, 1, H2T_NOW_S, NULL),
                     H2CLIENT_ERROR_INVALID_ARGUMENT);
    rig_finish(&rig);
}
END_TEST

TEST(a_file_of_ten_thousand_cookies_of_a_host_fills_its_quota)
{
    struct rig rig;

    rig_init(&rig);
    for (int i = 0; i < 10000; i++) {
        char line[100];
        (void)snprintf(line, sizeof line, "a.test\tFALSE\t/\tFALSE\t0\tn%d\tv\n", i);
        if (import(&rig, line) != H2CLIENT_OK)
            ck_abort_msg("line %d", i);
    }
    ck_assert_uint_eq(h2client_cookie_jar_count(rig.jar), 180);
    ck_assert_uint_lt(rig.alloc.peak_bytes, 180 * 1024);
    rig_finish(&rig);
}
END_TEST

/* ---- export -------------------------------------------------------------- */

TEST(export_writes_a_line_a_cookie)
{
    struct rig rig;

    rig_init(&rig);
    keep(&rig, "https://b.a.test/p/", "a=1");
    keep(&rig, "https://b.a.test/", "b=2; Domain=a.test; Secure; Max-Age=60");
    keep(&rig, "https://b.a.test/", "c=; HttpOnly; Domain=a.test");
    keep(&rig, "https://b.a.test/", "alone; HttpOnly");
    ck_assert_str_eq(export(&rig), HEAD "b.a.test\tFALSE\t/p\tFALSE\t0\ta\t1\n"
                                        ".a.test\tTRUE\t/\tTRUE\t1793000060\tb\t2\n"
                                        "#HttpOnly_.a.test\tTRUE\t/\tFALSE\t0\tc\t\n"
                                        "#HttpOnly_b.a.test\tFALSE\t/\tFALSE\t0\t\talone\n");
    rig_finish(&rig);
}
END_TEST

TEST(export_leaves_out_what_has_expired)
{
    struct rig rig;
    char text[400];

    rig_init(&rig);
    keep(&rig, "https://a.test/", "a=1; Max-Age=60");
    keep(&rig, "https://a.test/", "b=1");
    (void)h2client_cookie_jar_export(rig.jar, H2T_NOW_S + 60, text, sizeof text);
    ck_assert_str_eq(text, HEAD "a.test\tFALSE\t/\tFALSE\t0\tb\t1\n");
    rig_finish(&rig);
}
END_TEST

TEST(export_leaves_out_what_the_format_cannot_say)
{
    struct rig rig;

    rig_init(&rig);
    keep(&rig, "https://a.test/", "a\tb=1");
    keep(&rig, "https://a.test/", "c=1; Path=/\tx");
    keep(&rig, "https://a.test/", "d=1\t2");
    ck_assert_str_eq(export(&rig), HEAD "a.test\tFALSE\t/\tFALSE\t0\td\t1\t2\n");
    rig_finish(&rig);
}
END_TEST

TEST(export_never_writes_past_its_room)
{
    struct rig rig;
    size_t len;

    rig_init(&rig);
    keep(&rig, "https://a.test/", "a=1");
    len = h2client_cookie_jar_export(rig.jar, H2T_NOW_S, NULL, 0);
    ck_assert_uint_eq(len, strlen(export(&rig)));
    for (size_t cap = 1; cap <= len + 1; cap++) {
        char *buf = malloc(cap); /* its very length, so that a writer is caught */
        ck_assert_ptr_nonnull(buf);
        ck_assert_uint_eq(h2client_cookie_jar_export(rig.jar, H2T_NOW_S, buf, cap), len);
        ck_assert(memcmp(buf, rig.text, cap) == 0);
        free(buf);
    }
    rig_finish(&rig);
}
END_TEST

TEST(what_was_written_reads_as_it_was)
{
    struct rig rig, copy;

    rig_init(&rig);
    rig_init(&copy);
    keep(&rig, "https://b.a.test/p/", "a=\"1 2\"");
    keep(&rig, "https://b.a.test/", "__Secure-b=2; Domain=a.test; Secure; Max-Age=60; HttpOnly");
    keep(&rig, "https://b.a.test/", "__Host-c=; Path=/; Secure");
    keep(&rig, "https://b.a.test/", "alone; Path=/x y");
    keep(&rig, "http://192.0.2.1/", "d=\xff\t=");
    keep(&rig, "http://[2001:db8::1]/", "#e=1");
    keep(&rig, "http://localhost/", "f=1");
    ck_assert_int_eq(import(&copy, export(&rig)), H2CLIENT_OK);
    ck_assert_uint_eq(copy.bad_line, 0);
    ck_assert_uint_eq(h2client_cookie_jar_count(copy.jar), 7);
    ck_assert_str_eq(export(&copy), rig.text);
    rig_finish(&copy);
    rig_finish(&rig);
}
END_TEST

TEST(other_jars_are_neither_read_nor_written)
{
    h2client_cookie_jar *const jars[] = {h2client_cookie_jar_none(), NULL};

    for (size_t i = 0; i < N_OF(jars); i++) {
        char buf[8] = "x";
        size_t bad_line = 7;
        ck_assert_int_eq(h2client_cookie_jar_import(jars[i], "x", 1, H2T_NOW_S, &bad_line),
                         H2CLIENT_ERROR_INVALID_ARGUMENT);
        ck_assert_uint_eq(bad_line, 0);
        ck_assert_uint_eq(h2client_cookie_jar_export(jars[i], H2T_NOW_S, buf, sizeof buf), 0);
        ck_assert_str_eq(buf, "");
    }
}
END_TEST

/* ---- failing memory, noise ----------------------------------------------- */

/* False: so many allocations are not made. */
static bool fails_at(uint64_t n)
{
    static const char text[] = "a.test\tFALSE\t/\tFALSE\t0\ta\t1\n"
                               "b.test\tFALSE\t/\tFALSE\t0\tb\t1\n"
                               "b.test\tFALSE\t/\tFALSE\t0\tb\t2\n";
    struct rig rig;
    h2client_error_code code;

    rig_init(&rig);
    rig.alloc.fail_at = rig.alloc.n_calls + n;
    code = import(&rig, text);
    rig.alloc.fail_at = 0;
    ck_assert_int_eq(import(&rig, text), H2CLIENT_OK);
    ck_assert_uint_eq(h2client_cookie_jar_count(rig.jar), 2);
    rig_finish(&rig);
    return code == H2CLIENT_ERROR_NO_MEMORY;
}

TEST(every_allocation_of_an_import_may_fail)
{
    uint64_t n = 1;

    while (fails_at(n))
        n++;
    ck_assert_uint_ge(n, 7);
}
END_TEST

TEST(random_files_are_read_and_what_is_kept_can_be_written)
{
    static const char *const pieces[] = {"\t",      "\t/\t",
                                         "\n",      "a.test",
                                         ".b.test", "TRUE",
                                         "FALSE",   "\tTRUE\t/\tFALSE\t",
                                         "0\t",     "9999999999\t",
                                         "#",       "#HttpOnly_",
                                         "x",       "=",
                                         "\r\n",    "\x01",
                                         "\xff",    "192.0.2.1",
                                         "__Host-", "com\tTRUE\t/\tTRUE\t0\t"};
    uint64_t state = h2t_seed();
    struct rig rig;
    size_t n_kept = 0;

    rig_init(&rig);
    for (int round = 0; round < 5000; round++) {
        char buf[600];
        struct h2i_text text = h2i_text(buf, sizeof buf);
        for (uint64_t n = h2t_draw(&state) % 40; n > 0; n--)
            h2i_text_add(&text, "%s", pieces[h2t_draw(&state) % N_OF(pieces)]);
        if (h2client_cookie_jar_import(rig.jar, buf, text.len, H2T_NOW_S, NULL) != H2CLIENT_OK)
            ck_abort_msg("round %d", round);
        n_kept += h2client_cookie_jar_count(rig.jar);
        h2client_cookie_jar_export(rig.jar, H2T_NOW_S, rig.text, sizeof rig.text);
        if (import(&rig, rig.text) != H2CLIENT_OK || rig.bad_line != 0)
            ck_abort_msg("round %d: line %zu of\n%s", round, rig.bad_line, rig.text);
        h2client_cookie_jar_clear(rig.jar, NULL);
    }
    ck_assert_uint_gt(n_kept, 10);
    rig_finish(&rig);
}
END_TEST

TEST_MAIN("cookie_file", {T(seven_fields_make_a_cookie)},
          {T(the_second_field_says_whether_hosts_below_are_meant)},
          {T(zero_is_no_end_and_a_time_too_far_is_400_days)},
          {T(comments_empty_lines_and_expired_cookies_are_skipped)},
          {T(an_expired_line_takes_no_cookie_away)}, {T(a_prefix_says_http_only)},
          {T(lines_may_end_as_on_windows)},
          {T(lines_that_are_wrong_are_skipped_and_the_first_is_told)},
          {T(a_path_in_a_file_has_at_most_1024_bytes)},
          {T(the_list_of_public_suffixes_holds_for_files_too)},
          {T(addresses_in_a_file_are_addresses)},
          {T(import_adds_to_what_is_there_and_replaces_its_like)},
          {T(import_takes_no_text_for_an_empty_file)},
          {T(a_file_of_ten_thousand_cookies_of_a_host_fills_its_quota)},
          {T(export_writes_a_line_a_cookie)}, {T(export_leaves_out_what_has_expired)},
          {T(export_leaves_out_what_the_format_cannot_say)}, {T(export_never_writes_past_its_room)},
          {T(what_was_written_reads_as_it_was)}, {T(other_jars_are_neither_read_nor_written)},
          {T(every_allocation_of_an_import_may_fail)},
          {T(random_files_are_read_and_what_is_kept_can_be_written)})
