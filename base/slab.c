/* SPDX-License-Identifier: MIT */
/*
 * Slab: each block bears a header that says how much room it has, so that a free
 * or a reallocation needs no size. A block on a free list holds the link to the
 * next one where its contents were.
 */
#include "base/slab.h"

#include <assert.h>

#define MAX_CLASS_BYTES ((size_t)H2I_SLAB_CLASS_BYTES * H2I_SLAB_N_CLASSES)

/* As long as the strictest alignment, so that what follows is aligned as well. */
struct header {
    _Alignas(max_align_t) size_t room; /* bytes after it; above MAX_CLASS_BYTES: of no class */
};

struct free_block {
    struct free_block *next;
};

void h2i_slab_init(struct h2i_slab *slab, const h2client_allocator *allocator,
                   size_t max_held_bytes)
{
    *slab = (struct h2i_slab){.allocator = allocator, .max_held_bytes = max_held_bytes};
}

static struct header *header_of(void *block)
{
    return (struct header *)block - 1;
}

static void **list_of(struct h2i_slab *slab, size_t room)
{
    return &slab->free_lists[room / H2I_SLAB_CLASS_BYTES - 1];
}

static void *pop(struct h2i_slab *slab, size_t room)
{
    void **list = list_of(slab, room);
    struct free_block *block = *list;
    if (block) {
        *list = block->next;
        slab->held_bytes -= room + sizeof(struct header);
    }
    return block;
}

static void push(struct h2i_slab *slab, void *memory, size_t room)
{
    void **list = list_of(slab, room);
    struct free_block *block = memory;
    block->next = *list;
    *list = block;
    slab->held_bytes += room + sizeof(struct header);
}

void h2i_slab_finish(struct h2i_slab *slab)
{
    for (size_t room = H2I_SLAB_CLASS_BYTES; room <= MAX_CLASS_BYTES;
         room += H2I_SLAB_CLASS_BYTES) {
        void *block;
        while ((block = pop(slab, room)))
            h2i_free(slab->allocator, header_of(block));
    }
}

/* Rounded up to the class; as it is when it is above all classes. */
static size_t room_for(size_t n_bytes)
{
    if (n_bytes == 0)
        return H2I_SLAB_CLASS_BYTES;
    if (n_bytes > MAX_CLASS_BYTES)
        return n_bytes;
    return (n_bytes + H2I_SLAB_CLASS_BYTES - 1) / H2I_SLAB_CLASS_BYTES * H2I_SLAB_CLASS_BYTES;
}

void *h2i_slab_alloc(struct h2i_slab *slab, size_t n_bytes)
{
    size_t room = room_for(n_bytes);
    void *held = room <= MAX_CLASS_BYTES ? pop(slab, room) : NULL;
    if (held)
        return held;
    size_t total;
    if (!h2i_size_add(room, sizeof(struct header), &total))
        return NULL;
    struct header *header = h2i_alloc(slab->allocator, total);
    if (!header)
        return NULL;
    header->room = room;
    return header + 1;
}

void *h2i_slab_alloc_zeroed(struct h2i_slab *slab, size_t n, size_t size)
{
    size_t n_bytes;
    if (!h2i_size_mul(n, size, &n_bytes))
        return NULL;
    void *block = h2i_slab_alloc(slab, n_bytes);
    if (block)
        memset(block, 0, n_bytes);
    return block;
}

void h2i_slab_free(struct h2i_slab *slab, void *block)
{
    if (!block)
        return;
    size_t room = header_of(block)->room;
    size_t held = slab->held_bytes + room + sizeof(struct header);
    if (room <= MAX_CLASS_BYTES && held <= slab->max_held_bytes)
        push(slab, block, room);
    else
        h2i_free(slab->allocator, header_of(block));
}

/* Blocks of no class stay the allocator's: it may know how to grow them in place. */
static void *realloc_large(struct h2i_slab *slab, void *block, size_t n_bytes)
{
    size_t total;
    if (!h2i_size_add(n_bytes, sizeof(struct header), &total))
        return NULL;
    struct header *header = h2i_realloc(slab->allocator, header_of(block), total);
    if (!header)
        return NULL;
    header->room = n_bytes;
    return header + 1;
}

void *h2i_slab_realloc(struct h2i_slab *slab, void *block, size_t n_bytes)
{
    if (!block)
        return h2i_slab_alloc(slab, n_bytes);
    size_t old_room = header_of(block)->room;
    size_t new_room = room_for(n_bytes);
    if (new_room == old_room)
        return block;
    if (old_room > MAX_CLASS_BYTES && new_room > MAX_CLASS_BYTES)
        return realloc_large(slab, block, n_bytes);
    void *moved = h2i_slab_alloc(slab, n_bytes);
    if (!moved)
        return NULL;
    memcpy(moved, block, old_room < n_bytes ? old_room : n_bytes);
    h2i_slab_free(slab, block);
    return moved;
}
