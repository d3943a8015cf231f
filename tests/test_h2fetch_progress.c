/* SPDX-License-Identifier: MIT */
/* The progress line as text, whatever the terminal's width. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/test_main.h"
#include "tools/h2fetch/fetch_progress_line.h"

static void expect(const struct h2f_progress_view *view, size_t width, const char *expected)
{
    char line[300];

    h2f_progress_line(line, sizeof line, view, width);
    ck_assert_str_eq(line, expected);
}

TEST(sizes_have_the_unit_that_fits)
{
    static const struct {
        uint64_t n_bytes;
        const char *text;
    } cases[] = {
        {0, "0 B"},
        {1023, "1023 B"},
        {1024, "1.0 KiB"},
        {1536, "1.5 KiB"},
        {1048575, "1.0 MiB"},
        {1048576, "1.0 MiB"},
        {UINT64_C(5) << 40, "5.0 TiB"},
        {UINT64_MAX, "16.0 EiB"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[H2F_SIZE_CAP];
        h2f_size_text(text, cases[i].n_bytes);
        ck_assert_str_eq(text, cases[i].text);
    }
}

TEST(the_line_tells_all_where_there_is_room)
{
    const struct h2f_progress_view view = {.n_done = 12,
                                           .n_failed = 2,
                                           .n_urls = 40,
                                           .n_streams = 10,
                                           .n_conns = 1,
                                           .n_bytes = 30 << 20,
                                           .n_expected = 120 << 20,
                                           .per_s = 9 << 20};

    expect(&view, 120,
           "12/40  2 failed  30.0 MiB of 120.0 MiB  9.0 MiB/s  0:10 left  10 streams on 1 "
           "connection");
    expect(&view, 80, "12/40  2 failed  30.0 MiB of 120.0 MiB  9.0 MiB/s  0:10 left  10 on 1");
    expect(&view, 40, "12/40  2 failed  30.0 MiB of 120.0 MiB");
    expect(&view, 38, "12/40  2 failed  30.0 MiB  9.0 MiB/s");
    expect(&view, 20, "12/40  2 failed");
    expect(&view, 3, "");
}

TEST(the_line_tells_what_is_known)
{
    const struct h2f_progress_view view = {.n_done = 3, .n_streams = 1, .n_conns = 2};

    expect(&view, 80, "3 done  0 B  0 B/s  1 stream on 2 connections");
}

TEST(the_bar_goes_by_bytes_or_else_by_urls)
{
    struct h2f_progress_view view = {
        .n_done = 1, .n_urls = 4, .n_bytes = 50, .n_expected = 100, .has_bar = true};

    expect(&view, 61, "[==========>         ]  50%  1/4  50 B of 100 B  0 B/s");
    view.n_expected = 0;
    expect(&view, 61, "[=====>              ]  25%  1/4  50 B  0 B/s  0 on 0");
    view.n_done = 4;
    expect(&view, 61, "[====================] 100%  4/4  50 B  0 B/s  0 on 0");
    expect(&view, 20, "4/4  50 B  0 B/s");
}

TEST(the_time_left_is_rounded_up)
{
    static const struct {
        uint64_t left;
        const char *text;
    } cases[] = {
        {1, "0:01 left"},       {59, "0:59 left"},
        {60, "1:00 left"},      {3599, "59:59 left"},
        {3600, "1:00:00 left"}, {359999, "99:59:59 left"},
        {360000, "days left"},  {UINT64_MAX / 2, "days left"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct h2f_progress_view view = {.n_expected = cases[i].left, .per_s = 1};
        char line[300];
        h2f_progress_line(line, sizeof line, &view, 200);
        ck_assert_msg(strstr(line, cases[i].text) != NULL, "%s", line);
    }
}

TEST(no_line_is_wider_than_its_terminal)
{
    const struct h2f_progress_view view = {.n_done = SIZE_MAX,
                                           .n_failed = SIZE_MAX,
                                           .n_urls = SIZE_MAX,
                                           .n_streams = SIZE_MAX,
                                           .n_conns = SIZE_MAX,
                                           .n_bytes = UINT64_MAX / 2,
                                           .n_expected = UINT64_MAX,
                                           .per_s = UINT64_MAX,
                                           .has_bar = true};
    char line[300];

    for (size_t width = 0; width < 1000; width++) {
        h2f_progress_line(line, sizeof line, &view, width);
        ck_assert_uint_lt(strlen(line), width > 1 ? width : 2);
        h2f_progress_summary(line, sizeof line, &view, 1, width);
        ck_assert_uint_lt(strlen(line), width > 1 ? width : 2);
    }
}

TEST(the_summary_tells_all_of_it)
{
    struct h2f_progress_view view = {.n_done = 40, .n_bytes = 123 << 20};
    char line[300];

    h2f_progress_summary(line, sizeof line, &view, 12300, 80);
    ck_assert_str_eq(line, "40 URLs  123.0 MiB in 12.3 s  10.0 MiB/s");
    view = (struct h2f_progress_view){.n_done = 1, .n_failed = 1};
    h2f_progress_summary(line, sizeof line, &view, 0, 80);
    ck_assert_str_eq(line, "1 URL  1 failed  0 B in 0.0 s  0 B/s");
}
TEST_MAIN("h2fetch_progress", {T(sizes_have_the_unit_that_fits)},
          {T(the_line_tells_all_where_there_is_room)}, {T(the_line_tells_what_is_known)},
          {T(the_bar_goes_by_bytes_or_else_by_urls)}, {T(the_time_left_is_rounded_up)},
          {T(no_line_is_wider_than_its_terminal)}, {T(the_summary_tells_all_of_it)})
