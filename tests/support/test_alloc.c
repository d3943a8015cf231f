/* SPDX-License-Identifier: MIT */
/* The counting allocator: malloc(3) with a header in front of each block, which
 * holds the length and betrays blocks that came from elsewhere or went twice. */
#include "tests/support/test_alloc.h"

#include <check.h>
#include <stdlib.h>

#define LIVE_MARK 0x6c6976652e626c6bu
#define DEAD_MARK 0x646561642e626c6bu

struct header {
    _Alignas(max_align_t) size_t n_bytes;
    uint64_t mark;
};

static struct header *header_of(void *block)
{
    struct header *header = (struct header *)block - 1;
    ck_assert_msg(header->mark == LIVE_MARK, "block %p is not live or not this allocator's", block);
    return header;
}

static bool must_fail(struct h2t_alloc *alloc)
{
    alloc->n_calls++;
    if (alloc->fail_at == 0 || alloc->n_calls < alloc->fail_at)
        return false;
    return alloc->n_calls == alloc->fail_at || alloc->fail_for_ever;
}

static void count_bytes(struct h2t_alloc *alloc, size_t more, size_t less)
{
    alloc->live_bytes = alloc->live_bytes + more - less;
    if (alloc->live_bytes > alloc->peak_bytes)
        alloc->peak_bytes = alloc->live_bytes;
}

static void *test_allocate(void *user, size_t n_bytes)
{
    struct h2t_alloc *alloc = user;
    ck_assert_msg(n_bytes != 0, "allocate(0)");
    if (must_fail(alloc) || n_bytes > SIZE_MAX - sizeof(struct header))
        return NULL;
    struct header *header = malloc(sizeof *header + n_bytes);
    if (!header)
        return NULL;
    *header = (struct header){.n_bytes = n_bytes, .mark = LIVE_MARK};
    alloc->n_live++;
    count_bytes(alloc, n_bytes, 0);
    return header + 1;
}

static void *test_reallocate(void *user, void *block, size_t n_bytes)
{
    struct h2t_alloc *alloc = user;
    if (!block)
        return test_allocate(user, n_bytes);
    ck_assert_msg(n_bytes != 0, "reallocate(0)");
    size_t old_bytes = header_of(block)->n_bytes;
    bool grows = n_bytes > old_bytes;
    if ((grows && must_fail(alloc)) || n_bytes > SIZE_MAX - sizeof(struct header))
        return NULL;
    struct header *header = realloc(header_of(block), sizeof *header + n_bytes);
    if (!header)
        return NULL;
    header->n_bytes = n_bytes;
    count_bytes(alloc, n_bytes, old_bytes);
    return header + 1;
}

static void test_release(void *user, void *block)
{
    struct h2t_alloc *alloc = user;
    if (!block)
        return;
    struct header *header = header_of(block);
    count_bytes(alloc, 0, header->n_bytes);
    alloc->n_live--;
    header->mark = DEAD_MARK;
    free(header);
}

void h2t_alloc_init(struct h2t_alloc *alloc)
{
    *alloc = (struct h2t_alloc){
        .allocator = {.size = sizeof alloc->allocator,
                      .allocate = test_allocate,
                      .reallocate = test_reallocate,
                      .release = test_release,
                      .user = alloc},
    };
}

void h2t_alloc_check(const struct h2t_alloc *alloc)
{
    ck_assert_msg(alloc->n_live == 0, "%llu blocks, %zu bytes not released",
                  (unsigned long long)alloc->n_live, alloc->live_bytes);
    ck_assert_uint_eq(alloc->live_bytes, 0);
}
