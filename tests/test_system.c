/* SPDX-License-Identifier: MIT */
/* The system port on the real machine, and the detection of a fork. */
#include "transport/system_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/test_main.h"

/* ---- scenario ---- */

struct folder {
    char path[64];
    char file[80]; /* a name in it, not created */
};

static struct folder make_folder(void)
{
    struct folder folder = {.path = "/tmp/h2t_system.XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(folder.path));
    snprintf(folder.file, sizeof folder.file, "%s/file", folder.path);
    return folder;
}

static void remove_folder(const struct folder *folder)
{
    unlink(folder->file);
    ck_assert_int_eq(rmdir(folder->path), 0);
}

static int try_open(const char *path, h2client_open_mode mode)
{
    h2client_system *system = h2i_system_posix();
    h2client_file *file = NULL;
    int64_t len = 0;
    int failure = system->ops->file_open(system, path, mode, &file, &len);
    ck_assert_int_eq(failure == 0, file != NULL);
    if (file)
        ck_assert_int_eq(system->ops->file_close(system, file), 0);
    return failure;
}

static h2client_file *open_file(const char *path, h2client_open_mode mode, int64_t *len)
{
    h2client_system *system = h2i_system_posix();
    h2client_file *file = NULL;
    ck_assert_int_eq(system->ops->file_open(system, path, mode, &file, len), 0);
    ck_assert_ptr_nonnull(file);
    return file;
}

static void close_file(h2client_file *file)
{
    h2client_system *system = h2i_system_posix();
    ck_assert_int_eq(system->ops->file_close(system, file), 0);
}

static void write_file(const char *path, h2client_open_mode mode, const char *text)
{
    h2client_system *system = h2i_system_posix();
    int64_t len;
    h2client_file *file = open_file(path, mode, &len);
    ck_assert_int_eq(system->ops->file_write(system, file, text, strlen(text)), 0);
    close_file(file);
}

static int permissions_of(const char *path)
{
    struct stat facts;
    ck_assert_int_eq(stat(path, &facts), 0);
    return (int)(facts.st_mode & 0777);
}

/* A path that opens the reading end of a pipe which holds `text`. */
static int make_pipe(const char *text, char *path, size_t cap)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
    close(ends[1]);
    snprintf(path, cap, "/proc/self/fd/%d", ends[0]);
    return ends[0];
}

/* ---- clocks, randomness, environment ---- */

TEST(system_monotonic_clock_counts_microseconds_and_never_goes_back)
{
    h2client_system *system = h2i_system_posix();
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    int64_t now_us = system->ops->monotonic_us(system);
    clock_gettime(CLOCK_MONOTONIC, &after);
    ck_assert_int_ge(now_us, before.tv_sec * 1000000LL + before.tv_nsec / 1000);
    ck_assert_int_le(now_us, after.tv_sec * 1000000LL + after.tv_nsec / 1000);
    ck_assert_int_ge(system->ops->monotonic_us(system), now_us);
}

TEST(system_wall_clock_counts_seconds_since_1970)
{
    h2client_system *system = h2i_system_posix();
    time_t before = time(NULL);
    int64_t now_s = system->ops->wall_clock_s(system);
    ck_assert_int_ge(now_s, before);
    ck_assert_int_le(now_s, time(NULL));
}

TEST(system_random_bytes_fill_the_whole_buffer_anew)
{
    h2client_system *system = h2i_system_posix();
    unsigned char a[1000] = {0}, b[1000] = {0};
    ck_assert(system->ops->random_bytes(system, a, sizeof a));
    ck_assert(system->ops->random_bytes(system, b, sizeof b));
    ck_assert_int_ne(memcmp(a, b, sizeof a), 0);
    /* Thirty-two zeros in a row come by chance once in 10^77. */
    static const unsigned char zeros[32];
    ck_assert_int_ne(memcmp(a + sizeof a - 32, zeros, 32), 0);
}

TEST(system_environment_gives_what_is_set_and_null_for_what_is_not)
{
    h2client_system *system = h2i_system_posix();
    setenv("H2T_SYSTEM_SET", "value", 1);
    unsetenv("H2T_SYSTEM_UNSET");
    ck_assert_str_eq(system->ops->environment(system, "H2T_SYSTEM_SET"), "value");
    ck_assert_ptr_null(system->ops->environment(system, "H2T_SYSTEM_UNSET"));
}

/* ---- files ---- */

TEST(system_reads_back_at_any_offset_what_it_wrote)
{
    h2client_system *system = h2i_system_posix();
    struct folder folder = make_folder();
    write_file(folder.file, H2CLIENT_OPEN_WRITE, "0123456789");
    int64_t len;
    char buf[16];
    h2client_file *file = open_file(folder.file, H2CLIENT_OPEN_READ, &len);
    ck_assert_int_eq(len, 10);
    ck_assert_int_eq(system->ops->file_read(system, file, 6, buf, sizeof buf), 4);
    ck_assert(!memcmp(buf, "6789", 4));
    ck_assert_int_eq(system->ops->file_read(system, file, 0, buf, 3), 3);
    ck_assert(!memcmp(buf, "012", 3));
    ck_assert_int_eq(system->ops->file_read(system, file, 10, buf, sizeof buf), 0);
    close_file(file);
    remove_folder(&folder);
}

TEST(system_writes_append_to_each_other)
{
    h2client_system *system = h2i_system_posix();
    struct folder folder = make_folder();
    int64_t len;
    h2client_file *file = open_file(folder.file, H2CLIENT_OPEN_WRITE, &len);
    ck_assert_int_eq(system->ops->file_write(system, file, "abc", 3), 0);
    ck_assert_int_eq(system->ops->file_write(system, file, "", 0), 0);
    ck_assert_int_eq(system->ops->file_write(system, file, "de", 2), 0);
    close_file(file);
    file = open_file(folder.file, H2CLIENT_OPEN_READ, &len);
    ck_assert_int_eq(len, 5);
    close_file(file);
    remove_folder(&folder);
}

TEST(system_opening_for_writing_truncates)
{
    struct folder folder = make_folder();
    write_file(folder.file, H2CLIENT_OPEN_WRITE, "long text");
    write_file(folder.file, H2CLIENT_OPEN_WRITE, "x");
    int64_t len;
    close_file(open_file(folder.file, H2CLIENT_OPEN_READ, &len));
    ck_assert_int_eq(len, 1);
    remove_folder(&folder);
}

TEST(system_private_file_is_readable_by_its_owner_only)
{
    struct folder folder = make_folder();
    umask(0);
    write_file(folder.file, H2CLIENT_OPEN_WRITE_PRIVATE, "secret");
    ck_assert_int_eq(permissions_of(folder.file), 0600);
    remove_folder(&folder);
}

TEST(system_private_file_that_was_open_to_others_is_closed_to_them)
{
    struct folder folder = make_folder();
    umask(0);
    write_file(folder.file, H2CLIENT_OPEN_WRITE, "public");
    ck_assert_int_eq(permissions_of(folder.file), 0666);
    write_file(folder.file, H2CLIENT_OPEN_WRITE_PRIVATE, "secret");
    ck_assert_int_eq(permissions_of(folder.file), 0600);
    remove_folder(&folder);
}

TEST(system_says_why_a_file_does_not_open)
{
    struct folder folder = make_folder();
    ck_assert_int_eq(try_open(folder.file, H2CLIENT_OPEN_READ), ENOENT);
    ck_assert_int_eq(try_open("", H2CLIENT_OPEN_READ), ENOENT);
    remove_folder(&folder);
}

TEST(system_takes_no_directory_for_a_file)
{
    struct folder folder = make_folder();
    ck_assert_int_eq(try_open(folder.path, H2CLIENT_OPEN_READ), EISDIR);
    ck_assert_int_eq(try_open(folder.path, H2CLIENT_OPEN_WRITE), EISDIR);
    remove_folder(&folder);
}

TEST(system_reads_a_pipe_in_order_whatever_the_offset)
{
    h2client_system *system = h2i_system_posix();
    char path[40], buf[8];
    int pipe_fd = make_pipe("abcdef", path, sizeof path);
    int64_t len = 0;
    h2client_file *file = open_file(path, H2CLIENT_OPEN_READ, &len);
    ck_assert_int_eq(len, -1);
    ck_assert_int_eq(system->ops->file_read(system, file, 0, buf, 4), 4);
    ck_assert_int_eq(system->ops->file_read(system, file, 0, buf, 4), 2);
    ck_assert(!memcmp(buf, "ef", 2));
    ck_assert_int_eq(system->ops->file_read(system, file, 6, buf, 4), 0);
    close_file(file);
    close(pipe_fd);
}

TEST(system_tells_the_errno_of_a_read_that_fails)
{
    h2client_system *system = h2i_system_posix();
    struct folder folder = make_folder();
    int64_t len;
    char byte;
    h2client_file *file = open_file(folder.file, H2CLIENT_OPEN_WRITE, &len);
    ck_assert_int_eq(system->ops->file_read(system, file, 0, &byte, 1), -EBADF);
    close_file(file);
    remove_folder(&folder);
}

TEST(system_tells_the_errno_of_a_write_that_fails)
{
    h2client_system *system = h2i_system_posix();
    int64_t len;
    h2client_file *file = open_file("/dev/full", H2CLIENT_OPEN_WRITE, &len);
    ck_assert_int_eq(len, -1);
    ck_assert_int_eq(system->ops->file_write(system, file, "x", 1), -ENOSPC);
    close_file(file);
}

TEST(system_writes_to_a_descriptor_where_it_stands_and_leaves_it_open)
{
    h2client_system *system = h2i_system_posix();
    h2client_file *file;
    int64_t len;
    char number[16], text[8] = "";
    int ends[2];

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    snprintf(number, sizeof number, "%d", ends[1]);
    ck_assert_int_eq(system->ops->file_open(system, number, H2CLIENT_OPEN_DESCRIPTOR, &file, &len),
                     0);
    ck_assert_int_eq(system->ops->file_write(system, file, "one", 3), 0);
    ck_assert_int_eq(system->ops->file_close(system, file), 0);
    ck_assert_int_eq(write(ends[1], "two", 3), 3);
    ck_assert_int_eq(read(ends[0], text, sizeof text), 6);
    ck_assert_str_eq(text, "onetwo");
    close(ends[0]);
    close(ends[1]);
}

TEST(system_waits_for_a_descriptor_that_is_full)
{
    h2client_system *system = h2i_system_posix();
    static char bytes[300000];
    h2client_file *file;
    int64_t len;
    char number[16];
    int ends[2], status;

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    pid_t reader = fork();
    if (!reader) {
        size_t total = 0;
        for (ssize_t n = -1; n != 0; total += n > 0 ? (size_t)n : 0) {
            close(ends[1]);
            (void)poll(&(struct pollfd){.fd = ends[0], .events = POLLIN}, 1, -1);
            n = read(ends[0], bytes, 1000);
        }
        _exit(total == sizeof bytes ? 17 : 1);
    }
    snprintf(number, sizeof number, "%d", ends[1]);
    ck_assert_int_eq(system->ops->file_open(system, number, H2CLIENT_OPEN_DESCRIPTOR, &file, &len),
                     0);
    ck_assert_int_eq(system->ops->file_write(system, file, bytes, sizeof bytes), 0);
    ck_assert_int_eq(system->ops->file_close(system, file), 0);
    close(ends[1]);
    ck_assert_int_eq(waitpid(reader, &status, 0), reader);
    ck_assert_int_eq(WEXITSTATUS(status), 17);
    close(ends[0]);
}

TEST(system_refuses_what_is_no_descriptor)
{
    static const char *const wrong[] = {"", "x", "1x", "-1", "99999999999", "12345"};
    h2client_system *system = h2i_system_posix();
    h2client_file *file;
    int64_t len;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_assert_int_eq(
            system->ops->file_open(system, wrong[i], H2CLIENT_OPEN_DESCRIPTOR, &file, &len), EBADF);
}

TEST(system_files_are_closed_in_a_program_that_is_executed)
{
    int next = dup(0); /* the number that comes next, for the handle hides it */
    close(next);
    int64_t len;
    h2client_file *file = open_file("/dev/null", H2CLIENT_OPEN_READ, &len);
    ck_assert_int_eq(fcntl(next, F_GETFD), FD_CLOEXEC);
    close_file(file);
}

/* ---- the fork guard ---- */

TEST(fork_guard_sees_no_fork_in_its_own_process)
{
    struct h2i_fork_guard *guard = h2i_fork_guard_create();
    ck_assert_ptr_nonnull(guard);
    ck_assert(!h2i_fork_guard_has_forked(guard));
    h2i_fork_guard_destroy(guard);
}

TEST(fork_guard_tells_the_child_and_not_the_parent)
{
    struct h2i_fork_guard *guard = h2i_fork_guard_create();
    ck_assert_ptr_nonnull(guard);
    pid_t child = fork();
    if (!child)
        _exit(h2i_fork_guard_has_forked(guard) ? 17 : 0);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(WEXITSTATUS(status), 17);
    ck_assert(!h2i_fork_guard_has_forked(guard));
    h2i_fork_guard_destroy(guard);
}

TEST(fork_guard_that_is_missing_counts_as_not_forked)
{
    ck_assert(!h2i_fork_guard_has_forked(NULL));
    h2i_fork_guard_destroy(NULL);
}

TEST_MAIN("system", {T(system_monotonic_clock_counts_microseconds_and_never_goes_back)},
          {T(system_wall_clock_counts_seconds_since_1970)},
          {T(system_random_bytes_fill_the_whole_buffer_anew)},
          {T(system_environment_gives_what_is_set_and_null_for_what_is_not)},
          {T(system_reads_back_at_any_offset_what_it_wrote)},
          {T(system_writes_append_to_each_other)}, {T(system_opening_for_writing_truncates)},
          {T(system_private_file_is_readable_by_its_owner_only)},
          {T(system_private_file_that_was_open_to_others_is_closed_to_them)},
          {T(system_says_why_a_file_does_not_open)}, {T(system_takes_no_directory_for_a_file)},
          {T(system_reads_a_pipe_in_order_whatever_the_offset)},
          {T(system_tells_the_errno_of_a_read_that_fails)},
          {T(system_tells_the_errno_of_a_write_that_fails)},
          {T(system_writes_to_a_descriptor_where_it_stands_and_leaves_it_open)},
          {T(system_waits_for_a_descriptor_that_is_full)},
          {T(system_refuses_what_is_no_descriptor)},
          {T(system_files_are_closed_in_a_program_that_is_executed)},
          {T(fork_guard_sees_no_fork_in_its_own_process)},
          {T(fork_guard_tells_the_child_and_not_the_parent)},
          {T(fork_guard_that_is_missing_counts_as_not_forked)})
