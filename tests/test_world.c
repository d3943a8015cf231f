/* SPDX-License-Identifier: MIT */
/* The virtual world and the counting allocator do what tests rely on. */
#include "tests/support/test_main.h"

#include <errno.h>
#include <string.h>

#include "tests/support/test_alloc.h"
#include "h2client-testing/virtual_world.h"

static h2client_file *open_file(struct h2t_world *world, const char *path, h2client_open_mode mode,
                                int64_t expected_len)
{
    h2client_file *file;
    int64_t len;
    ck_assert_int_eq(world->system.ops->file_open(&world->system, path, mode, &file, &len), 0);
    ck_assert_int_eq(len, expected_len);
    return file;
}

static int open_errno(struct h2t_world *world, const char *path)
{
    h2client_file *file;
    int64_t len;
    int error = world->system.ops->file_open(&world->system, path, H2CLIENT_OPEN_READ, &file, &len);
    ck_assert_ptr_null(file);
    return error;
}

static void assert_reads(struct h2t_world *world, h2client_file *file, int64_t offset,
                         const char *text)
{
    char buf[4];
    ptrdiff_t n = world->system.ops->file_read(&world->system, file, offset, buf, sizeof buf);
    ck_assert_int_eq(n, (ptrdiff_t)strlen(text));
    ck_assert_mem_eq(buf, text, strlen(text));
}

static void close_file(struct h2t_world *world, h2client_file *file)
{
    ck_assert_int_eq(world->system.ops->file_close(&world->system, file), 0);
}

TEST(wait_moves_the_clocks_to_the_deadline)
{
    struct h2t_world world;
    h2t_world_init(&world);
    int64_t wall_s = world.system.ops->wall_clock_s(&world.system);
    ck_assert_int_eq(world.loop.ops->wait(&world.loop, 90000000), 0);
    ck_assert_int_eq(world.system.ops->monotonic_us(&world.system), 1090000000);
    ck_assert_int_eq(world.system.ops->wall_clock_s(&world.system), wall_s + 90);
    ck_assert_uint_eq(world.n_waits, 1);
    h2t_world_finish(&world);
}

TEST(wake_ends_one_wait)
{
    struct h2t_world world;
    h2t_world_init(&world);
    world.loop.ops->wake(&world.loop);
    ck_assert_int_eq(world.loop.ops->wait(&world.loop, -1), EINTR);
    ck_assert_int_eq(world.loop.ops->wait(&world.loop, 10), 0);
    ck_assert_int_eq(world.now_us, 1000000010);
    h2t_world_finish(&world);
}

TEST(randomness_repeats_with_its_seed)
{
    struct h2t_world first, second;
    uint8_t a[32], b[32];
    h2t_world_init(&first);
    h2t_world_init(&second);
    ck_assert(first.system.ops->random_bytes(&first.system, a, sizeof a));
    ck_assert(second.system.ops->random_bytes(&second.system, b, sizeof b));
    ck_assert_mem_eq(a, b, sizeof a);
    ck_assert(second.system.ops->random_bytes(&second.system, b, sizeof b));
    ck_assert_mem_ne(a, b, sizeof a);
    second.has_no_randomness = true;
    ck_assert(!second.system.ops->random_bytes(&second.system, b, sizeof b));
}

TEST(environment_holds_what_was_put_there)
{
    struct h2t_world world;
    h2t_world_init(&world);
    world.environment[0][0] = "HOME";
    world.environment[0][1] = "/home/somebody";
    ck_assert_str_eq(world.system.ops->environment(&world.system, "HOME"), "/home/somebody");
    ck_assert_ptr_null(world.system.ops->environment(&world.system, "PATH"));
}

TEST(file_is_read_at_its_offsets)
{
    static char data[] = "abcdefgh";
    struct h2t_world world;
    h2t_world_init(&world);
    world.files[0] = (struct h2t_file){.path = "a", .data = data, .len = 8};
    h2client_file *file = open_file(&world, "a", H2CLIENT_OPEN_READ, 8);
    assert_reads(&world, file, 6, "gh");
    assert_reads(&world, file, 0, "abcd");
    assert_reads(&world, file, 8, "");
    close_file(&world, file);
    h2t_world_finish(&world);
}

TEST(pipe_is_read_in_order_and_has_no_length)
{
    static char data[] = "abcdef";
    struct h2t_world world;
    h2t_world_init(&world);
    world.files[0] =
        (struct h2t_file){.path = "a", .data = data, .len = 6, .is_endless_pipe = true};
    h2client_file *file = open_file(&world, "a", H2CLIENT_OPEN_READ, -1);
    assert_reads(&world, file, 0, "abcd");
    assert_reads(&world, file, 0, "ef");
    assert_reads(&world, file, 0, "");
    close_file(&world, file);
    h2t_world_finish(&world);
}

TEST(file_read_fails_where_it_was_told_to)
{
    static char data[] = "abcdef";
    struct h2t_world world;
    char buf[6];
    h2t_world_init(&world);
    world.files[0] =
        (struct h2t_file){.path = "a", .data = data, .len = 6, .read_errno = EIO, .fail_after = 2};
    h2client_file *file = open_file(&world, "a", H2CLIENT_OPEN_READ, 6);
    assert_reads(&world, file, 0, "ab");
    ck_assert_int_eq(world.system.ops->file_read(&world.system, file, 2, buf, 6), -EIO);
    close_file(&world, file);
    h2t_world_finish(&world);
}

TEST(file_that_is_missing_or_forbidden_is_not_opened)
{
    struct h2t_world world;
    h2t_world_init(&world);
    world.files[0] = (struct h2t_file){.path = "a", .open_errno = EACCES};
    ck_assert_int_eq(open_errno(&world, "a"), EACCES);
    ck_assert_int_eq(open_errno(&world, "b"), ENOENT);
    h2t_world_finish(&world);
}

TEST(file_that_is_written_can_be_read)
{
    struct h2t_world world;
    h2t_world_init(&world);
    for (int i = 0; i < 2; i++) {
        h2client_file *file = open_file(&world, "a", H2CLIENT_OPEN_WRITE, 0);
        ck_assert_int_eq(world.system.ops->file_write(&world.system, file, "ab", 2), 0);
        ck_assert_int_eq(world.system.ops->file_write(&world.system, file, "c", 1), 0);
        close_file(&world, file);
    }
    h2client_file *file = open_file(&world, "a", H2CLIENT_OPEN_READ, 3);
    assert_reads(&world, file, 0, "abc");
    ck_assert_int_eq(world.system.ops->file_write(&world.system, file, "d", 1), -EBADF);
    close_file(&world, file);
    h2t_world_finish(&world);
}

TEST(counting_allocator_counts_blocks_and_bytes)
{
    struct h2t_alloc alloc;
    h2t_alloc_init(&alloc);
    void *block = alloc.allocator.allocate(&alloc, 100);
    block = alloc.allocator.reallocate(&alloc, block, 300);
    block = alloc.allocator.reallocate(&alloc, block, 50);
    ck_assert_uint_eq(alloc.n_calls, 2);
    ck_assert_uint_eq(alloc.n_live, 1);
    ck_assert_uint_eq(alloc.live_bytes, 50);
    ck_assert_uint_eq(alloc.peak_bytes, 300);
    alloc.allocator.release(&alloc, block);
    h2t_alloc_check(&alloc);
}

/* Bit i: the ith of six allocations failed. */
static unsigned failures(uint64_t fail_at, bool fail_for_ever)
{
    struct h2t_alloc alloc;
    unsigned failed = 0;
    h2t_alloc_init(&alloc);
    alloc.fail_at = fail_at;
    alloc.fail_for_ever = fail_for_ever;
    for (unsigned i = 0; i < 6; i++) {
        void *block = alloc.allocator.allocate(&alloc, 1);
        failed |= (unsigned)!block << i;
        alloc.allocator.release(&alloc, block);
    }
    return failed;
}

TEST(counting_allocator_fails_when_it_was_told_to)
{
    ck_assert_uint_eq(failures(0, false), 0);
    ck_assert_uint_eq(failures(0, true), 0);
    ck_assert_uint_eq(failures(3, false), 1u << 2);
    ck_assert_uint_eq(failures(3, true), 0x3cu);
}

TEST_MAIN("world", {T(wait_moves_the_clocks_to_the_deadline)}, {T(wake_ends_one_wait)},
          {T(randomness_repeats_with_its_seed)}, {T(environment_holds_what_was_put_there)},
          {T(file_is_read_at_its_offsets)}, {T(pipe_is_read_in_order_and_has_no_length)},
          {T(file_read_fails_where_it_was_told_to)},
          {T(file_that_is_missing_or_forbidden_is_not_opened)},
          {T(file_that_is_written_can_be_read)}, {T(counting_allocator_counts_blocks_and_bytes)},
          {T(counting_allocator_fails_when_it_was_told_to)})
