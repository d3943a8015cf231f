/* SPDX-License-Identifier: MIT */
/*
 * Arena: memory that is given back all at once. Blocks come from the session's
 * allocator; `reset` keeps the first one, so that a recycled arena serves a
 * usual call without an allocation.
 */
#ifndef H2I_ARENA_H
#define H2I_ARENA_H

#include "base/alloc.h"

struct h2i_arena_block;

struct h2i_arena {
    const h2client_allocator *allocator;
    struct h2i_arena_block *first; /* NULL until the first allocation */
    struct h2i_arena_block *current;
    size_t block_len; /* of usual blocks; larger wishes get a block of their own */
};

/* Allocates nothing yet. */
void h2i_arena_init(struct h2i_arena *arena, const h2client_allocator *allocator, size_t block_len);
/* Frees all blocks. */
void h2i_arena_finish(struct h2i_arena *arena);
/* Forgets everything allocated; keeps the first block. */
void h2i_arena_reset(struct h2i_arena *arena);
/* Aligned for any object; NULL without memory. Contents are not cleared. */
void *h2i_arena_alloc(struct h2i_arena *arena, size_t n_bytes);
void *h2i_arena_alloc_zeroed(struct h2i_arena *arena, size_t n_bytes);
/* A NUL-terminated copy. */
char *h2i_arena_copy_text(struct h2i_arena *arena, const char *text, size_t len);

#endif
