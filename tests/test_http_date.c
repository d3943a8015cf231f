/* SPDX-License-Identifier: MIT */
#include "h2client/http/http_date.h"
#include "tests/support/test_main.h"

#define NOW_S INT64_C(1793000000) /* 2026 */

static void expect_date(const char *text, int64_t expected_s)
{
    int64_t date_s = 0;

    ck_assert_msg(h2i_http_date_parse(h2i_str_of(text), NOW_S, &date_s), "%s", text);
    ck_assert_msg(date_s == expected_s, "%s: %lld", text, (long long)date_s);
}

static void expect_none(const char *text)
{
    int64_t date_s;

    ck_assert_msg(!h2i_http_date_parse(h2i_str_of(text), NOW_S, &date_s), "%s", text);
}

/* RFC 9110 5.6.7 */
TEST(three_forms_of_one_moment)
{
    expect_date("Sun, 06 Nov 1994 08:49:37 GMT", 784111777);
    expect_date("Sunday, 06-Nov-94 08:49:37 GMT", 784111777);
    expect_date("Sun Nov  6 08:49:37 1994", 784111777);
}

TEST(leap_years_and_ends_of_months)
{
    expect_date("Thu, 01 Jan 1970 00:00:00 GMT", 0);
    expect_date("Tue, 29 Feb 2000 23:59:59 GMT", 951868799);
    expect_date("Thu, 29 Feb 2024 00:00:00 GMT", 1709164800);
    expect_date("Fri, 31 Dec 2100 12:00:00 GMT", 4133937600);
    expect_date("Wed, 31 Dec 1969 23:59:59 GMT", -1);
    expect_date("Sat, 31 Dec 2016 23:59:60 GMT", 1483228799);
}

TEST(short_years_are_at_most_fifty_years_ahead)
{
    expect_date("Friday, 01-Jan-76 00:00:00 GMT", INT64_C(3345062400)); /* 2076 */
    expect_date("Saturday, 01-Jan-77 00:00:00 GMT", 220924800);         /* 1977 */
}

TEST(what_is_no_date)
{
    static const char *const texts[] = {
        "",
        "120",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Tue, 29 Feb 2100 00:00:00 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov -994 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        expect_none(texts[i]);
}

TEST(every_cut_of_a_date_is_none)
{
    const char *whole = "Sun, 06 Nov 1994 08:49:37 GMT";
    int64_t date_s;

    for (size_t len = 0; len < strlen(whole); len++)
        ck_assert(!h2i_http_date_parse(h2i_str(whole, len), NOW_S, &date_s));
}

TEST(a_date_that_does_not_exist_has_no_seconds)
{
    static const struct h2i_date dates[] = {
        {2026, 0, 1, 0, 0, 0},  {2026, 13, 1, 0, 0, 0}, {2026, 2, 29, 0, 0, 0},
        {2026, 1, 0, 0, 0, 0},  {0, 1, 1, 0, 0, 0},     {2026, 1, 1, 24, 0, 0},
        {2026, 1, 1, 0, 60, 0}, {2026, 1, 1, 0, 0, 61},
    };
    int64_t date_s;

    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++)
        ck_assert_msg(!h2i_date_seconds(&dates[i], &date_s), "row %zu", i);
    ck_assert(h2i_date_seconds(&(struct h2i_date){1970, 1, 2, 0, 0, 1}, &date_s));
    ck_assert_int_eq(date_s, 86401);
}

TEST_MAIN("http_date", {T(three_forms_of_one_moment)}, {T(leap_years_and_ends_of_months)},
          {T(short_years_are_at_most_fifty_years_ahead)}, {T(what_is_no_date)},
          {T(every_cut_of_a_date_is_none)}, {T(a_date_that_does_not_exist_has_no_seconds)})
