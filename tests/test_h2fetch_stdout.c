/* SPDX-License-Identifier: MIT */
/* h2fetch's stdout: whose turn it is, what waits, and that nobody blocks. */
#include "tests/support/test_main.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/h2fetch/fetch_stdout.h"

/* A pipe whose reader is slow. */
struct bench {
    struct h2f_stdout out;
    int read_fd;
    size_t n_room; /* bytes that had to wait and are gone, over all turns */
    unsigned n_turns_told;
};

static void on_room(struct h2f_turn *turn, size_t n_bytes, void *user)
{
    struct bench *bench = user;

    (void)turn;
    bench->n_room += n_bytes;
    bench->n_turns_told++;
}

static void begin(struct bench *bench)
{
    int fds[2];

    ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
    *bench = (struct bench){.read_fd = fds[0]};
    h2f_stdout_init(&bench->out, fds[1]);
}

static void finish(struct bench *bench)
{
    close(bench->out.writer.fd);
    if (bench->read_fd >= 0)
        close(bench->read_fd);
    h2f_stdout_finish(&bench->out);
}

static struct h2f_turn *join(struct bench *bench)
{
    return h2f_stdout_join(&bench->out, on_room, bench);
}

static size_t put(struct bench *bench, struct h2f_turn *turn, const char *text)
{
    return h2f_stdout_write(&bench->out, turn, text, strlen(text));
}

/* What the pipe holds. */
static const char *read_all(struct bench *bench)
{
    static char buf[4096];
    ssize_t n;

    fcntl(bench->read_fd, F_SETFL, O_NONBLOCK);
    n = read(bench->read_fd, buf, sizeof buf - 1);
    buf[n > 0 ? n : 0] = 0;
    return buf;
}

static size_t drain(struct bench *bench)
{
    size_t n_read = 0;
    size_t n;

    do {
        n = strlen(read_all(bench));
        n_read += n;
        h2f_stdout_pump(&bench->out);
    } while (n);
    return n_read;
}

/* Returns how many bytes the pipe took of many. */
static size_t fill(struct bench *bench, struct h2f_turn *turn, size_t len)
{
    char *bytes = h2f_alloc(len);
    size_t n;

    memset(bytes, 'x', len);
    n = h2f_stdout_write(&bench->out, turn, bytes, len);
    free(bytes);
    return n;
}

TEST(the_first_writes_at_once_the_next_waits)
{
    struct bench bench;
    struct h2f_turn *a, *b;

    begin(&bench);
    a = join(&bench);
    b = join(&bench);
    ck_assert_uint_eq(put(&bench, b, "second"), 0);
    ck_assert_uint_eq(put(&bench, a, "first "), 6);
    ck_assert_str_eq(read_all(&bench), "first ");
    h2f_stdout_leave(&bench.out, a);
    ck_assert_str_eq(read_all(&bench), "second");
    ck_assert_uint_eq(bench.n_room, 6);
    h2f_stdout_leave(&bench.out, b);
    finish(&bench);
}

TEST(a_turn_that_left_early_is_written_in_its_place)
{
    struct bench bench;
    struct h2f_turn *a, *b;

    begin(&bench);
    a = join(&bench);
    b = join(&bench);
    put(&bench, b, "second");
    h2f_stdout_leave(&bench.out, b);
    ck_assert_str_eq(read_all(&bench), "");
    put(&bench, a, "first ");
    h2f_stdout_leave(&bench.out, a);
    ck_assert_str_eq(read_all(&bench), "first second");
    ck_assert_uint_eq(bench.out.n_turns, 0);
    finish(&bench);
}

TEST(a_full_pipe_takes_nothing_and_blocks_nobody)
{
    struct bench bench;
    struct h2f_turn *turn;
    size_t n;

    begin(&bench);
    turn = join(&bench);
    n = fill(&bench, turn, 1000000);
    ck_assert_uint_gt(n, 0);
    ck_assert_uint_lt(n, 1000000);
    ck_assert(h2f_stdout_wants_write(&bench.out));
    ck_assert_uint_eq(drain(&bench), 1000000);
    ck_assert(!h2f_stdout_wants_write(&bench.out));
    ck_assert_uint_eq(bench.n_room, 1000000 - n);
    h2f_stdout_leave(&bench.out, turn);
    finish(&bench);
}

TEST(a_text_never_stands_inside_a_body)
{
    struct bench bench;
    struct h2f_turn *a, *b;

    begin(&bench);
    a = join(&bench);
    b = join(&bench);
    h2f_stdout_text(&bench.out, "[before]");
    put(&bench, a, "bo");
    h2f_stdout_text(&bench.out, "[between]");
    put(&bench, a, "dy");
    h2f_stdout_leave(&bench.out, a);
    put(&bench, b, "next");
    ck_assert_str_eq(read_all(&bench), "[before]body[between]next");
    h2f_stdout_leave(&bench.out, b);
    finish(&bench);
}

TEST(a_text_behind_an_unfinished_body_wants_no_write)
{
    struct bench bench;
    struct h2f_turn *turn;

    begin(&bench);
    turn = join(&bench);
    put(&bench, turn, "bo");
    h2f_stdout_text(&bench.out, "[later]");
    ck_assert(!h2f_stdout_wants_write(&bench.out));
    h2f_stdout_leave(&bench.out, turn);
    ck_assert_str_eq(read_all(&bench), "bo[later]");
    finish(&bench);
}

TEST(it_is_crowded_by_turns_and_by_text)
{
    struct bench bench;
    struct h2f_turn *turn;
    char *text = h2f_alloc(1024 * 1024 + 1);

    begin(&bench);
    turn = join(&bench);
    ck_assert(!h2f_stdout_is_crowded(&bench.out, 2));
    ck_assert(h2f_stdout_is_crowded(&bench.out, 1));
    put(&bench, turn, "body");
    memset(text, 'x', 1024 * 1024);
    h2f_stdout_text(&bench.out, text);
    ck_assert(h2f_stdout_is_crowded(&bench.out, 2));
    free(text);
    h2f_stdout_leave(&bench.out, turn);
    finish(&bench);
}

TEST(a_reader_that_goes_breaks_it_and_nothing_waits_for_ever)
{
    struct bench bench;
    struct h2f_turn *a, *b;

    signal(SIGPIPE, SIG_IGN);
    begin(&bench);
    a = join(&bench);
    b = join(&bench);
    fill(&bench, a, 1000000);
    put(&bench, b, "second");
    close(bench.read_fd);
    bench.read_fd = -1;
    h2f_stdout_pump(&bench.out);
    ck_assert_int_eq(bench.out.writer.broken_errno, EPIPE);
    h2f_stdout_leave(&bench.out, a);
    h2f_stdout_leave(&bench.out, b);
    ck_assert_uint_eq(bench.out.n_turns, 0);
    ck_assert(!h2f_stdout_wants_write(&bench.out));
    finish(&bench);
}

TEST_MAIN("h2fetch_stdout", {T(the_first_writes_at_once_the_next_waits)},
          {T(a_turn_that_left_early_is_written_in_its_place)},
          {T(a_full_pipe_takes_nothing_and_blocks_nobody)}, {T(a_text_never_stands_inside_a_body)},
          {T(a_text_behind_an_unfinished_body_wants_no_write)},
          {T(it_is_crowded_by_turns_and_by_text)},
          {T(a_reader_that_goes_breaks_it_and_nothing_waits_for_ever)})
