/* SPDX-License-Identifier: MIT */
/* Arenas and slabs: what is given out is distinct and aligned, what is kept is bounded. */
#include "tests/support/test_main.h"

#include <string.h>

#include "base/arena.h"
#include "base/slab.h"
#include "tests/support/test_alloc.h"

#define BLOCK_LEN ((size_t)1024)

struct rig {
    struct h2t_alloc alloc;
    struct h2i_arena arena;
    struct h2i_slab slab;
};

static void rig_init(struct rig *rig)
{
    h2t_alloc_init(&rig->alloc);
    h2i_arena_init(&rig->arena, &rig->alloc.allocator, BLOCK_LEN);
    h2i_slab_init(&rig->slab, &rig->alloc.allocator, 1 << 20);
}

static void rig_finish(struct rig *rig)
{
    h2i_arena_finish(&rig->arena);
    h2i_slab_finish(&rig->slab);
    h2t_alloc_check(&rig->alloc);
}

static void *arena_fill(struct rig *rig, size_t len, int byte)
{
    void *place = h2i_arena_alloc(&rig->arena, len);
    ck_assert_ptr_nonnull(place);
    ck_assert_uint_eq((uintptr_t)place % _Alignof(max_align_t), 0);
    return memset(place, byte, len);
}

static bool is_filled(const void *place, size_t len, int byte)
{
    const unsigned char *bytes = place;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != (unsigned char)byte)
            return false;
    }
    return true;
}

TEST(arena_allocates_nothing_at_first)
{
    struct rig rig;
    rig_init(&rig);
    h2i_arena_reset(&rig.arena);
    ck_assert_uint_eq(rig.alloc.n_calls, 0);
    rig_finish(&rig);
}

TEST(arena_gives_out_distinct_places)
{
    struct rig rig;
    unsigned char *places[200];
    rig_init(&rig);
    for (int i = 0; i < 200; i++)
        places[i] = arena_fill(&rig, (size_t)i * 10 + 1, i);
    for (int i = 0; i < 200; i++)
        ck_assert(is_filled(places[i], (size_t)i * 10 + 1, i));
    rig_finish(&rig);
}

TEST(arena_serves_usual_wishes_from_one_block)
{
    struct rig rig;
    rig_init(&rig);
    for (int i = 0; i < (int)BLOCK_LEN / 64; i++)
        arena_fill(&rig, 64, i);
    ck_assert_uint_eq(rig.alloc.n_calls, 1);
    arena_fill(&rig, 1, 0);
    ck_assert_uint_eq(rig.alloc.n_calls, 2);
    rig_finish(&rig);
}

TEST(arena_goes_on_with_its_block_after_a_large_wish)
{
    struct rig rig;
    rig_init(&rig);
    arena_fill(&rig, 16, 1);
    arena_fill(&rig, BLOCK_LEN * 3, 2);
    arena_fill(&rig, BLOCK_LEN - 16, 3);
    ck_assert_uint_eq(rig.alloc.n_calls, 2);
    rig_finish(&rig);
}

TEST(recycled_arena_allocates_nothing_for_a_usual_call)
{
    struct rig rig;
    rig_init(&rig);
    for (int i = 0; i < 100; i++) {
        arena_fill(&rig, BLOCK_LEN / 2, 1);
        arena_fill(&rig, BLOCK_LEN / 2, 2);
        h2i_arena_reset(&rig.arena);
    }
    ck_assert_uint_eq(rig.alloc.n_calls, 1);
    rig_finish(&rig);
}

TEST(reset_arena_keeps_no_more_than_a_usual_block)
{
    struct rig rig;
    rig_init(&rig);
    arena_fill(&rig, BLOCK_LEN * 100, 1);
    arena_fill(&rig, BLOCK_LEN, 2);
    arena_fill(&rig, BLOCK_LEN, 3);
    h2i_arena_reset(&rig.arena);
    ck_assert_uint_eq(rig.alloc.n_live, 1);
    ck_assert_uint_lt(rig.alloc.live_bytes, 2 * BLOCK_LEN);
    rig_finish(&rig);
}

TEST(arena_refuses_sizes_that_overflow)
{
    struct rig rig;
    rig_init(&rig);
    ck_assert_ptr_null(h2i_arena_alloc(&rig.arena, SIZE_MAX));
    ck_assert_ptr_null(h2i_arena_alloc(&rig.arena, SIZE_MAX - 15));
    ck_assert_ptr_null(h2i_arena_copy_text(&rig.arena, "a", SIZE_MAX));
    rig_finish(&rig);
}

TEST(arena_survives_an_allocation_that_fails)
{
    struct rig rig;
    rig_init(&rig);
    rig.alloc.fail_at = 1;
    ck_assert_ptr_null(h2i_arena_alloc(&rig.arena, 10));
    char *first = arena_fill(&rig, BLOCK_LEN - 16, 1);
    rig.alloc.fail_at = rig.alloc.n_calls + 1;
    ck_assert_ptr_null(h2i_arena_alloc(&rig.arena, 100));
    arena_fill(&rig, 16, 2);
    ck_assert(is_filled(first, BLOCK_LEN - 16, 1));
    rig_finish(&rig);
}

TEST(arena_clears_and_copies)
{
    struct rig rig;
    rig_init(&rig);
    arena_fill(&rig, 500, 0xff);
    h2i_arena_reset(&rig.arena);
    ck_assert(is_filled(h2i_arena_alloc_zeroed(&rig.arena, 100), 100, 0));
    ck_assert_str_eq(h2i_arena_copy_text(&rig.arena, "abcdef", 4), "abcd");
    ck_assert_str_eq(h2i_arena_copy_text(&rig.arena, NULL, 0), "");
    rig_finish(&rig);
}

static void *slab_fill(struct rig *rig, size_t len, int byte)
{
    void *block = h2i_slab_alloc(&rig->slab, len);
    ck_assert_ptr_nonnull(block);
    ck_assert_uint_eq((uintptr_t)block % _Alignof(max_align_t), 0);
    return memset(block, byte, len);
}

TEST(slab_serves_a_class_from_its_free_list)
{
    struct rig rig;
    rig_init(&rig);
    void *block = slab_fill(&rig, 65, 1);
    h2i_slab_free(&rig.slab, block);
    ck_assert_ptr_eq(slab_fill(&rig, 128, 2), block);
    ck_assert_uint_eq(rig.alloc.n_calls, 1);
    void *other = slab_fill(&rig, 128, 3);
    ck_assert_uint_eq(rig.alloc.n_calls, 2);
    h2i_slab_free(&rig.slab, block);
    h2i_slab_free(&rig.slab, other);
    rig_finish(&rig);
}

TEST(slab_blocks_of_all_sizes_are_distinct)
{
    struct rig rig;
    unsigned char *blocks[80];
    rig_init(&rig);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 80; i++)
            blocks[i] = slab_fill(&rig, (size_t)i * 63, i);
        for (int i = 0; i < 80; i++) {
            ck_assert(is_filled(blocks[i], (size_t)i * 63, i));
            h2i_slab_free(&rig.slab, blocks[i]);
        }
    }
    rig_finish(&rig);
}

TEST(slab_holds_no_more_than_its_bound)
{
    struct rig rig;
    void *blocks[50];
    rig_init(&rig);
    h2i_slab_init(&rig.slab, &rig.alloc.allocator, 1000);
    for (int i = 0; i < 50; i++)
        blocks[i] = slab_fill(&rig, 100, i);
    for (int i = 0; i < 50; i++)
        h2i_slab_free(&rig.slab, blocks[i]);
    ck_assert_uint_le(rig.slab.held_bytes, 1000);
    ck_assert_uint_eq(rig.slab.held_bytes, rig.alloc.live_bytes);
    ck_assert_uint_ge(rig.alloc.n_live, 6);
    rig_finish(&rig);
}

TEST(slab_lets_large_blocks_go_straight_through)
{
    struct rig rig;
    rig_init(&rig);
    h2i_slab_free(&rig.slab, slab_fill(&rig, 4097, 1));
    ck_assert_uint_eq(rig.alloc.n_live, 0);
    h2i_slab_free(&rig.slab, slab_fill(&rig, 4096, 1));
    ck_assert_uint_eq(rig.alloc.n_live, 1);
    rig_finish(&rig);
}

TEST(slab_reallocates_within_the_class_in_place)
{
    struct rig rig;
    rig_init(&rig);
    char *block = slab_fill(&rig, 70, 7);
    ck_assert_ptr_eq(h2i_slab_realloc(&rig.slab, block, 128), block);
    ck_assert_ptr_eq(h2i_slab_realloc(&rig.slab, block, 65), block);
    ck_assert_uint_eq(rig.alloc.n_calls, 1);
    h2i_slab_free(&rig.slab, block);
    rig_finish(&rig);
}

/* Up and down through classes, large blocks and the edge between them. */
TEST(slab_reallocation_keeps_the_bytes)
{
    static const size_t sizes[] = {1, 64, 65, 4096, 4097, 9000, 5000, 4096, 100, 1};
    struct rig rig;
    size_t len = 1;
    rig_init(&rig);
    char *block = slab_fill(&rig, len, 7);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        block = h2i_slab_realloc(&rig.slab, block, sizes[i]);
        ck_assert_ptr_nonnull(block);
        ck_assert(is_filled(block, len < sizes[i] ? len : sizes[i], 7));
        len = sizes[i];
        memset(block, 7, len);
    }
    h2i_slab_free(&rig.slab, block);
    rig_finish(&rig);
}

TEST(slab_reallocation_that_fails_leaves_the_block)
{
    struct rig rig;
    rig_init(&rig);
    char *small = slab_fill(&rig, 10, 1);
    char *large = slab_fill(&rig, 5000, 2);
    rig.alloc.fail_at = rig.alloc.n_calls + 1;
    rig.alloc.fail_for_ever = true;
    ck_assert_ptr_null(h2i_slab_realloc(&rig.slab, small, 100));
    ck_assert_ptr_null(h2i_slab_realloc(&rig.slab, large, 6000));
    ck_assert(is_filled(small, 10, 1) && is_filled(large, 5000, 2));
    h2i_slab_free(&rig.slab, small);
    h2i_slab_free(&rig.slab, large);
    rig_finish(&rig);
}

TEST(slab_refuses_sizes_that_overflow)
{
    struct rig rig;
    rig_init(&rig);
    ck_assert_ptr_null(h2i_slab_alloc(&rig.slab, SIZE_MAX));
    ck_assert_ptr_null(h2i_slab_alloc_zeroed(&rig.slab, SIZE_MAX / 2 + 1, 2));
    void *large = slab_fill(&rig, 5000, 1);
    ck_assert_ptr_null(h2i_slab_realloc(&rig.slab, large, SIZE_MAX));
    h2i_slab_free(&rig.slab, large);
    rig_finish(&rig);
}

TEST(slab_clears_recycled_blocks_when_asked)
{
    struct rig rig;
    rig_init(&rig);
    h2i_slab_free(&rig.slab, slab_fill(&rig, 200, 0xff));
    void *block = h2i_slab_alloc_zeroed(&rig.slab, 20, 10);
    ck_assert_uint_eq(rig.alloc.n_calls, 1);
    ck_assert(is_filled(block, 200, 0));
    h2i_slab_free(&rig.slab, block);
    rig_finish(&rig);
}

TEST(slab_takes_null_like_the_standard_functions)
{
    struct rig rig;
    rig_init(&rig);
    h2i_slab_free(&rig.slab, NULL);
    void *block = h2i_slab_realloc(&rig.slab, NULL, 10);
    ck_assert_ptr_nonnull(block);
    h2i_slab_free(&rig.slab, block);
    rig_finish(&rig);
}

TEST_MAIN("arena", {T(arena_allocates_nothing_at_first)}, {T(arena_gives_out_distinct_places)},
          {T(arena_serves_usual_wishes_from_one_block)},
          {T(arena_goes_on_with_its_block_after_a_large_wish)},
          {T(recycled_arena_allocates_nothing_for_a_usual_call)},
          {T(reset_arena_keeps_no_more_than_a_usual_block)}, {T(arena_refuses_sizes_that_overflow)},
          {T(arena_survives_an_allocation_that_fails)}, {T(arena_clears_and_copies)},
          {T(slab_serves_a_class_from_its_free_list)}, {T(slab_blocks_of_all_sizes_are_distinct)},
          {T(slab_holds_no_more_than_its_bound)}, {T(slab_lets_large_blocks_go_straight_through)},
          {T(slab_reallocates_within_the_class_in_place)}, {T(slab_reallocation_keeps_the_bytes)},
          {T(slab_reallocation_that_fails_leaves_the_block)}, {T(slab_refuses_sizes_that_overflow)},
          {T(slab_clears_recycled_blocks_when_asked)},
          {T(slab_takes_null_like_the_standard_functions)})
