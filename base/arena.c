/* SPDX-License-Identifier: MIT */
/*
 * Arena: a chain of blocks that are only ever filled. Nothing is freed singly,
 * and no destructor runs. The chain starts with the block that a reset keeps;
 * `current` is the one that usual wishes are served from.
 */
#include "base/arena.h"

#include <assert.h>

struct h2i_arena_block {
    struct h2i_arena_block *next;
    size_t used; /* bytes of data */
    size_t cap;
    max_align_t data[];
};

void h2i_arena_init(struct h2i_arena *arena, const h2client_allocator *allocator, size_t block_len)
{
    *arena = (struct h2i_arena){.allocator = allocator, .block_len = block_len};
}

static void free_chain(struct h2i_arena *arena, struct h2i_arena_block *block)
{
    while (block) {
        struct h2i_arena_block *next = block->next;
        h2i_free(arena->allocator, block);
        block = next;
    }
}

void h2i_arena_finish(struct h2i_arena *arena)
{
    free_chain(arena, arena->first);
    arena->first = arena->current = NULL;
}

void h2i_arena_reset(struct h2i_arena *arena)
{
    struct h2i_arena_block *kept = arena->first;
    if (!kept)
        return;
    free_chain(arena, kept->next);
    kept->next = NULL;
    kept->used = 0;
    arena->current = kept;
}

/* The first block always has the usual length, so that what a reset keeps is
 * neither too large to hold on to nor too small to be of use. */
static struct h2i_arena_block *add_block(struct h2i_arena *arena, size_t cap)
{
    size_t n_bytes;
    if (!h2i_size_add(sizeof(struct h2i_arena_block), cap, &n_bytes))
        return NULL;
    struct h2i_arena_block *block = h2i_alloc(arena->allocator, n_bytes);
    if (!block)
        return NULL;
    *block = (struct h2i_arena_block){.cap = cap};
    if (arena->current) {
        block->next = arena->current->next;
        arena->current->next = block;
    } else {
        arena->first = arena->current = block;
    }
    return block;
}

/* A block that has room for n_bytes; NULL without memory. A large wish does not
 * take the place of the current block, whose rest stays in use. */
static struct h2i_arena_block *block_with_room(struct h2i_arena *arena, size_t n_bytes)
{
    if (!arena->first && !add_block(arena, arena->block_len))
        return NULL;
    if (n_bytes <= arena->current->cap - arena->current->used)
        return arena->current;
    if (n_bytes > arena->block_len)
        return add_block(arena, n_bytes);
    struct h2i_arena_block *block = add_block(arena, arena->block_len);
    if (block)
        arena->current = block;
    return block;
}

void *h2i_arena_alloc(struct h2i_arena *arena, size_t n_bytes)
{
    const size_t unit = _Alignof(max_align_t);
    size_t rounded;
    if (!h2i_size_add(n_bytes, unit - 1, &rounded))
        return NULL;
    rounded -= rounded % unit;
    struct h2i_arena_block *block = block_with_room(arena, rounded);
    if (!block)
        return NULL;
    void *place = (char *)block->data + block->used;
    block->used += rounded;
    assert(block->used <= block->cap);
    return place;
}

void *h2i_arena_alloc_zeroed(struct h2i_arena *arena, size_t n_bytes)
{
    void *place = h2i_arena_alloc(arena, n_bytes);
    if (place)
        memset(place, 0, n_bytes);
    return place;
}

char *h2i_arena_copy_text(struct h2i_arena *arena, const char *text, size_t len)
{
    size_t n_bytes;
    if (!h2i_size_add(len, 1, &n_bytes))
        return NULL;
    char *copy = h2i_arena_alloc(arena, n_bytes);
    if (!copy)
        return NULL;
    if (len)
        memcpy(copy, text, len);
    copy[len] = 0;
    return copy;
}
