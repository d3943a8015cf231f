/* SPDX-License-Identifier: MIT */
/*
 * Tests that must not pass, and one that does: what the frame is tested with (see
 * test_frame.py, which runs each by its name).
 */
#include "tests/support/test_main.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/test_alloc.h"
#include "h2client-testing/virtual_world.h"

/* Volatile, so that no compiler knows what comes of it. */
static volatile int int_max = INT_MAX;
static void *volatile kept;
static int *volatile nowhere;

TEST(passes)
{
    ck_assert_int_eq(int_max, INT_MAX);
}

TEST(fails_an_assertion)
{
    ck_assert_int_eq(int_max, 1);
}

TEST(fails_with_a_leak)
{
    kept = malloc(100);
    kept = NULL;
    ck_assert_msg(int_max == 1, "the first line\nok 1 - the second line");
}

TEST(aborts)
{
    abort();
}

TEST(reads_through_null)
{
    ck_assert_int_eq(*nowhere, 0);
}

TEST(exits_with_success)
{
    exit(EXIT_SUCCESS);
}

TEST(exits_at_once_with_success)
{
    _exit(EXIT_SUCCESS);
}

TEST(leaks_a_descriptor)
{
    ck_assert_int_ge(open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
}

TEST(closes_a_descriptor_of_the_frame)
{
    ck_assert_int_eq(close(STDIN_FILENO), 0);
}

TEST(leaks_memory)
{
    kept = malloc(100);
    kept = NULL;
}

TEST(reads_past_a_block)
{
    char *block = malloc(16);
    kept = block;
    char byte = ((volatile char *)block)[int_max / (INT_MAX / 16)];
    free(block);
    ck_assert_int_le(byte, CHAR_MAX);
}

TEST(overflows_an_integer)
{
    volatile int sum = int_max + 1;
    ck_assert_int_le(sum, INT_MAX);
}

TEST(releases_twice)
{
    struct h2t_alloc alloc;
    h2t_alloc_init(&alloc);
    void *block = alloc.allocator.allocate(&alloc, 32);
    alloc.allocator.release(&alloc, block);
    alloc.allocator.release(&alloc, block);
}

TEST(keeps_a_counted_block)
{
    struct h2t_alloc alloc;
    h2t_alloc_init(&alloc);
    kept = alloc.allocator.allocate(&alloc, 32);
    h2t_alloc_check(&alloc);
}

TEST(waits_for_nothing)
{
    struct h2t_world world;
    h2t_world_init(&world);
    world.loop.ops->wait(&world.loop, -1);
}

TEST(keeps_a_file_open)
{
    struct h2t_world world;
    h2t_world_init(&world);
    world.files[0] = (struct h2t_file){.path = "a"};
    h2client_file *file;
    int64_t file_len;
    ck_assert_int_eq(
        world.system.ops->file_open(&world.system, "a", H2CLIENT_OPEN_READ, &file, &file_len), 0);
    kept = file;
    h2t_world_finish(&world);
}

TEST_MAIN("bad", {T(passes)}, {T(fails_an_assertion)}, {T(fails_with_a_leak)}, {T(aborts)},
          {T(reads_through_null)}, {T(exits_with_success)}, {T(exits_at_once_with_success)},
          {T(leaks_a_descriptor)}, {T(closes_a_descriptor_of_the_frame)}, {T(leaks_memory)},
          {T(reads_past_a_block)}, {T(overflows_an_integer)}, {T(releases_twice)},
          {T(keeps_a_counted_block)}, {T(waits_for_nothing)}, {T(keeps_a_file_open)})
