/* SPDX-License-Identifier: MIT */
/*
 * Slab: free lists in 64-byte classes in front of an allocator, for a library
 * (nghttp2) that allocates and frees the same few sizes for every request. What
 * the lists hold is bounded; larger blocks go straight through.
 */
#ifndef H2I_SLAB_H
#define H2I_SLAB_H

#include "base/alloc.h"

#define H2I_SLAB_CLASS_BYTES 64
#define H2I_SLAB_N_CLASSES 64 /* blocks up to 4 KiB */

struct h2i_slab {
    const h2client_allocator *allocator;
    void *free_lists[H2I_SLAB_N_CLASSES];
    size_t held_bytes;     /* on the lists */
    size_t max_held_bytes; /* above it blocks go back to the allocator */
};

void h2i_slab_init(struct h2i_slab *slab, const h2client_allocator *allocator,
                   size_t max_held_bytes);
/* All blocks handed out must have come back. */
void h2i_slab_finish(struct h2i_slab *slab);
void *h2i_slab_alloc(struct h2i_slab *slab, size_t n_bytes);
void *h2i_slab_alloc_zeroed(struct h2i_slab *slab, size_t n, size_t size);
void *h2i_slab_realloc(struct h2i_slab *slab, void *block, size_t n_bytes);
void h2i_slab_free(struct h2i_slab *slab, void *block);

#endif
