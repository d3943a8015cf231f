/* SPDX-License-Identifier: MIT */
/* Buffers: contents, the maximum, arithmetic at its edges, failing memory. */
#include "tests/support/test_main.h"

#include <string.h>

#include "base/buf.h"
#include "tests/support/test_alloc.h"

struct rig {
    struct h2t_alloc alloc;
    struct h2i_buf buf;
};

static void rig_init(struct rig *rig, size_t max)
{
    h2t_alloc_init(&rig->alloc);
    h2i_buf_init(&rig->buf, &rig->alloc.allocator, max);
}

static void rig_finish(struct rig *rig)
{
    h2i_buf_finish(&rig->buf);
    h2t_alloc_check(&rig->alloc);
}

static void append(struct rig *rig, const char *text)
{
    ck_assert(h2i_buf_append(&rig->buf, text, strlen(text)));
}

static void append_filling(struct rig *rig, size_t len)
{
    void *place = h2i_buf_reserve(&rig->buf, len);
    ck_assert_ptr_nonnull(place);
    memset(place, 'x', len);
    h2i_buf_commit(&rig->buf, len);
}

static void assert_holds(const struct rig *rig, const char *text)
{
    ck_assert_uint_eq(h2i_buf_len(&rig->buf), strlen(text));
    ck_assert_mem_eq(h2i_buf_data(&rig->buf), text, strlen(text));
}

TEST(buf_allocates_nothing_until_it_holds_something)
{
    struct rig rig;
    rig_init(&rig, 100);
    ck_assert(h2i_buf_append(&rig.buf, "", 0));
    assert_holds(&rig, "");
    ck_assert_uint_eq(h2i_buf_room(&rig.buf), 100);
    ck_assert_uint_eq(rig.alloc.n_calls, 0);
    rig_finish(&rig);
}

/* However a reader that is always behind takes from it. */
TEST(buf_that_is_large_has_a_quarter_to_spare)
{
    const size_t window = 1 << 20, step = 4096;
    struct rig rig;
    rig_init(&rig, SIZE_MAX / 2);
    for (size_t i = 0; i < window / step; i++)
        append_filling(&rig, step);
    for (size_t i = 0; i < 2 * window / step; i++) {
        h2i_buf_consume(&rig.buf, step);
        append_filling(&rig, step);
    }
    ck_assert_uint_eq(h2i_buf_len(&rig.buf), window);
    ck_assert_uint_le(rig.buf.cap, window + window / 4 + step);
    rig_finish(&rig);
}

TEST(buf_gives_back_what_was_appended)
{
    struct rig rig;
    rig_init(&rig, 100);
    append(&rig, "abc");
    append(&rig, "def");
    assert_holds(&rig, "abcdef");
    h2i_buf_consume(&rig.buf, 2);
    assert_holds(&rig, "cdef");
    append(&rig, "g");
    assert_holds(&rig, "cdefg");
    rig_finish(&rig);
}

TEST(zeroed_buf_with_allocator_and_maximum_is_a_valid_start)
{
    struct rig rig = {0};
    h2t_alloc_init(&rig.alloc);
    rig.buf = (struct h2i_buf){.allocator = &rig.alloc.allocator, .max = 10};
    append(&rig, "abc");
    assert_holds(&rig, "abc");
    rig_finish(&rig);
}

TEST(buf_is_filled_to_its_maximum_and_no_further)
{
    struct rig rig;
    rig_init(&rig, 1000);
    append_filling(&rig, 999);
    ck_assert(!h2i_buf_append(&rig.buf, "ab", 2));
    ck_assert_uint_eq(h2i_buf_len(&rig.buf), 999);
    append(&rig, "a");
    ck_assert_uint_eq(h2i_buf_room(&rig.buf), 0);
    ck_assert(!h2i_buf_append(&rig.buf, "b", 1));
    ck_assert_uint_le(rig.alloc.peak_bytes, 1000);
    rig_finish(&rig);
}

TEST(buf_maximum_counts_what_is_held_not_what_has_passed)
{
    struct rig rig;
    rig_init(&rig, 300);
    append_filling(&rig, 300);
    for (int i = 0; i < 1000; i++) {
        h2i_buf_consume(&rig.buf, 7);
        append(&rig, "1234567");
    }
    ck_assert_uint_eq(h2i_buf_len(&rig.buf), 300);
    ck_assert_mem_eq(h2i_buf_data(&rig.buf) + 293, "1234567", 7);
    ck_assert_uint_le(rig.alloc.peak_bytes, 300);
    rig_finish(&rig);
}

TEST(buf_of_maximum_zero_holds_nothing)
{
    struct rig rig;
    rig_init(&rig, 0);
    ck_assert(!h2i_buf_append(&rig.buf, "a", 1));
    ck_assert_ptr_null(h2i_buf_reserve(&rig.buf, 1));
    ck_assert_ptr_nonnull(h2i_buf_data(&rig.buf));
    rig_finish(&rig);
}

TEST(buf_of_huge_maximum_refuses_what_overflows)
{
    struct rig rig;
    rig_init(&rig, SIZE_MAX);
    append(&rig, "abc");
    ck_assert_ptr_null(h2i_buf_reserve(&rig.buf, SIZE_MAX));
    ck_assert_ptr_null(h2i_buf_reserve(&rig.buf, SIZE_MAX - 2));
    ck_assert_ptr_null(h2i_buf_reserve(&rig.buf, SIZE_MAX - 3));
    assert_holds(&rig, "abc");
    rig_finish(&rig);
}

TEST(buf_commits_only_the_bytes_that_were_written)
{
    struct rig rig;
    rig_init(&rig, 1000);
    char *place = h2i_buf_reserve(&rig.buf, 500);
    ck_assert_ptr_nonnull(place);
    memset(place, 'a', 3);
    h2i_buf_commit(&rig.buf, 3);
    assert_holds(&rig, "aaa");
    rig_finish(&rig);
}

TEST(buf_reserves_contiguous_room_behind_what_is_held)
{
    struct rig rig;
    rig_init(&rig, 1000);
    append_filling(&rig, 600);
    h2i_buf_consume(&rig.buf, 595);
    char *place = h2i_buf_reserve(&rig.buf, 995);
    ck_assert_ptr_nonnull(place);
    memset(place, 'y', 995);
    h2i_buf_commit(&rig.buf, 995);
    ck_assert_mem_eq(h2i_buf_data(&rig.buf), "xxxxxyyyyy", 10);
    ck_assert_uint_eq(h2i_buf_len(&rig.buf), 1000);
    rig_finish(&rig);
}

TEST(buf_reuses_the_room_of_what_was_consumed)
{
    struct rig rig;
    rig_init(&rig, 1 << 20);
    for (int i = 0; i < 10000; i++) {
        append(&rig, "abcdefghij");
        h2i_buf_consume(&rig.buf, 10);
    }
    ck_assert_uint_eq(rig.alloc.n_calls, 1);
    rig_finish(&rig);
}

/* One byte in, one out, 250 held: in a block of 256 all would move every sixth time. */
TEST(buf_grows_rather_than_move_a_backlog_over_and_over)
{
    struct rig rig;
    int n_moves = 0;
    rig_init(&rig, 1 << 16);
    append_filling(&rig, 250);
    for (int i = 0; i < 2000; i++) {
        h2i_buf_consume(&rig.buf, 1);
        append(&rig, "x");
        n_moves += rig.buf.start == 0;
    }
    ck_assert_int_le(n_moves, 2000 / 250);
    ck_assert_uint_le(rig.alloc.n_calls, 2);
    rig_finish(&rig);
}

TEST(buf_grows_in_few_steps)
{
    struct rig rig;
    rig_init(&rig, 1 << 20);
    for (int i = 0; i < 1 << 13; i++)
        append_filling(&rig, 128);
    ck_assert_uint_eq(h2i_buf_len(&rig.buf), 1 << 20);
    ck_assert_uint_le(rig.alloc.n_calls, 7 + 19); /* doubled to 16 KiB, then quarters */
    rig_finish(&rig);
}

TEST(buf_is_unchanged_when_memory_fails)
{
    struct rig rig;
    rig_init(&rig, 1 << 16);
    append(&rig, "abc");
    rig.alloc.fail_at = rig.alloc.n_calls + 1;
    static const char more[4096];
    ck_assert(!h2i_buf_append(&rig.buf, more, sizeof more));
    assert_holds(&rig, "abc");
    ck_assert(h2i_buf_append(&rig.buf, more, sizeof more));
    ck_assert_uint_eq(h2i_buf_len(&rig.buf), 3 + sizeof more);
    rig_finish(&rig);
}

TEST(buf_makes_room_without_memory_when_the_block_suffices)
{
    struct rig rig;
    rig_init(&rig, 1 << 16);
    append_filling(&rig, 256);
    h2i_buf_consume(&rig.buf, 20);
    rig.alloc.fail_at = rig.alloc.n_calls + 1;
    rig.alloc.fail_for_ever = true;
    append(&rig, "01234567890123456789");
    ck_assert_uint_eq(h2i_buf_len(&rig.buf), 256);
    ck_assert_mem_eq(h2i_buf_data(&rig.buf) + 235, "x0123456789", 11);
    rig_finish(&rig);
}

TEST(buf_keeps_a_small_block_when_cleared)
{
    struct rig rig;
    rig_init(&rig, 1 << 16);
    append(&rig, "abc");
    h2i_buf_clear(&rig.buf, 1024);
    assert_holds(&rig, "");
    append(&rig, "def");
    assert_holds(&rig, "def");
    ck_assert_uint_eq(rig.alloc.n_calls, 1);
    rig_finish(&rig);
}

TEST(buf_frees_a_large_block_when_cleared)
{
    struct rig rig;
    rig_init(&rig, 1 << 16);
    append_filling(&rig, 5000);
    h2i_buf_clear(&rig.buf, 1024);
    ck_assert_uint_eq(rig.alloc.n_live, 0);
    append(&rig, "abc");
    assert_holds(&rig, "abc");
    rig_finish(&rig);
}

TEST(buf_drops_what_is_at_its_end)
{
    struct rig rig;
    rig_init(&rig, 100);
    append(&rig, "hello, world");
    h2i_buf_consume(&rig.buf, 2);
    h2i_buf_truncate(&rig.buf, 3);
    assert_holds(&rig, "llo");
    append(&rig, "!");
    assert_holds(&rig, "llo!");
    h2i_buf_truncate(&rig.buf, 0);
    assert_holds(&rig, "");
    rig_finish(&rig);
}

TEST_MAIN("buf", {T(buf_drops_what_is_at_its_end)},
          {T(buf_allocates_nothing_until_it_holds_something)},
          {T(buf_that_is_large_has_a_quarter_to_spare)}, {T(buf_gives_back_what_was_appended)},
          {T(zeroed_buf_with_allocator_and_maximum_is_a_valid_start)},
          {T(buf_is_filled_to_its_maximum_and_no_further)},
          {T(buf_maximum_counts_what_is_held_not_what_has_passed)},
          {T(buf_of_maximum_zero_holds_nothing)}, {T(buf_of_huge_maximum_refuses_what_overflows)},
          {T(buf_commits_only_the_bytes_that_were_written)},
          {T(buf_reserves_contiguous_room_behind_what_is_held)},
          {T(buf_reuses_the_room_of_what_was_consumed)}, {T(buf_grows_in_few_steps)},
          {T(buf_grows_rather_than_move_a_backlog_over_and_over)},
          {T(buf_is_unchanged_when_memory_fails)},
          {T(buf_makes_room_without_memory_when_the_block_suffices)},
          {T(buf_keeps_a_small_block_when_cleared)}, {T(buf_frees_a_large_block_when_cleared)})
