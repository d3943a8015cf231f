/* SPDX-License-Identifier: MIT */
/* h2fetch's list of URLs: lines, their places, and a writer who takes his time. */
#include "tests/support/test_main.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/h2fetch/fetch_targets.h"

/* A list that is the reading end of a pipe. */
struct bench {
    struct h2f_config config;
    struct h2f_targets targets;
    struct h2f_target target;
    struct h2f_problem problem;
    int write_fd;
};

static void begin(struct bench *bench)
{
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    *bench = (struct bench){.write_fd = fds[1]};
    h2f_config_init(&bench->config);
    ck_assert(h2f_targets_init(&bench->targets, &bench->config, &bench->problem));
    bench->targets.list.fd = fds[0];
    bench->targets.list.name = "list";
}

static void put(struct bench *bench, const char *text, size_t len)
{
    ck_assert_int_eq(write(bench->write_fd, text, len), (ssize_t)len);
}

static void say(struct bench *bench, const char *text)
{
    put(bench, text, strlen(text));
}

static void end(struct bench *bench)
{
    close(bench->write_fd);
    bench->write_fd = -1;
}

static void finish(struct bench *bench)
{
    if (bench->write_fd >= 0)
        end(bench);
    h2f_target_finish(&bench->target);
    h2f_targets_finish(&bench->targets);
    h2f_config_finish(&bench->config);
}

static enum h2f_next next(struct bench *bench)
{
    h2f_target_finish(&bench->target);
    return h2f_targets_next(&bench->targets, &bench->target, &bench->problem);
}

static void gives(struct bench *bench, const char *url, const char *output)
{
    ck_assert_int_eq(next(bench), H2F_NEXT_READY);
    ck_assert_str_eq(bench->target.url, url);
    ck_assert_pstr_eq(bench->target.output, output);
}

static void refuses(struct bench *bench, const char *text)
{
    ck_assert_int_eq(next(bench), H2F_NEXT_BAD);
    ck_assert_str_eq(bench->problem.text, text);
}

TEST(a_line_is_a_url_or_a_url_and_a_file)
{
    struct bench bench;

    begin(&bench);
    say(&bench, "http://a\n\nb\tfile x\r\nhttp://c\t-\r\nlast");
    end(&bench);
    gives(&bench, "http://a", NULL);
    gives(&bench, "http://b", "file x");
    gives(&bench, "http://c", NULL);
    gives(&bench, "http://last", NULL);
    ck_assert_uint_eq(bench.target.index, 3);
    ck_assert_int_eq(next(&bench), H2F_NEXT_END);
    finish(&bench);
}

TEST(what_is_not_written_yet_is_not_waited_for)
{
    static const char text[] = "http://a\tx\nhttp://b\n";
    struct bench bench;

    begin(&bench);
    for (size_t i = 0; text[i]; i++) {
        if (i == strlen("http://a\tx\n")) {
            gives(&bench, "http://a", "x");
        }
        ck_assert_int_eq(next(&bench), H2F_NEXT_NOT_NOW);
        put(&bench, &text[i], 1);
    }
    gives(&bench, "http://b", NULL);
    ck_assert_int_eq(next(&bench), H2F_NEXT_NOT_NOW);
    finish(&bench);
}

TEST(bad_lines_are_told_with_their_place_and_passed)
{
    struct bench bench;

    begin(&bench);
    say(&bench, "\n\tfile\nu\t\nu\ta\tb\n");
    put(&bench, "u\0v\n", 4);
    say(&bench, "u\n");
    refuses(&bench, "list:2: \tfile : no URL before the tab");
    refuses(&bench, "list:3: u\t : no file behind the tab");
    refuses(&bench, "list:4: u\ta\tb : a second tab; a line is URL or URL TAB FILE");
    refuses(&bench, "list:5: u : a NUL byte in the line");
    gives(&bench, "http://u", NULL);
    ck_assert_uint_eq(bench.target.index, 4);
    finish(&bench);
}

/* Writes a line of many bytes while it is read; nothing of it may be kept. */
static void say_long_line(struct bench *bench)
{
    char bytes[4096];

    memset(bytes, 'x', sizeof bytes);
    for (int i = 0; i < 1000; i++) {
        put(bench, bytes, sizeof bytes);
        ck_assert_int_eq(next(bench), H2F_NEXT_NOT_NOW);
    }
    ck_assert_uint_lt(bench->targets.list.text.cap, 1000 * 1000);
}

TEST(a_line_without_an_end_is_refused_and_not_kept)
{
    struct bench bench;

    begin(&bench);
    say_long_line(&bench);
    say(&bench, "\nu\n");
    refuses(&bench, "list:1: the line is longer than 65536 bytes");
    gives(&bench, "http://u", NULL);
    say_long_line(&bench);
    end(&bench);
    refuses(&bench, "list:3: the line is longer than 65536 bytes");
    ck_assert_int_eq(next(&bench), H2F_NEXT_END);
    finish(&bench);
}

TEST(a_report_on_stdout_needs_a_file_a_line)
{
    struct bench bench;

    begin(&bench);
    bench.config.report = "-";
    say(&bench, "u\tx\nu\nu\t/dev/stdout\n");
    gives(&bench, "http://u", "x");
    refuses(&bench, "list:2: u : no file for the body, and --report - has stdout");
    refuses(&bench, "list:3: u\t/dev/stdout : no file for the body, and --report - has stdout");
    finish(&bench);
}

TEST(a_list_that_cannot_be_read_is_told)
{
    struct h2f_config config = {.input_file = "/nothing/there"};
    struct h2f_targets targets;
    struct h2f_problem problem;

    ck_assert(!h2f_targets_init(&targets, &config, &problem));
    ck_assert_int_eq(problem.exit_code, H2F_EXIT_READ);
    ck_assert_ptr_nonnull(strstr(problem.text, "\"/nothing/there\""));
}

TEST_MAIN("h2fetch_targets", {T(a_line_is_a_url_or_a_url_and_a_file)},
          {T(what_is_not_written_yet_is_not_waited_for)},
          {T(bad_lines_are_told_with_their_place_and_passed)},
          {T(a_line_without_an_end_is_refused_and_not_kept)},
          {T(a_report_on_stdout_needs_a_file_a_line)}, {T(a_list_that_cannot_be_read_is_told)})
