/* SPDX-License-Identifier: MIT */
/* Allocation through the session's allocator, with checked size arithmetic. */
#ifndef H2I_ALLOC_H
#define H2I_ALLOC_H

#include <string.h>

#include "h2client/allocator.h"

/* malloc(3), realloc(3), free(3). Static. */
const h2client_allocator *h2i_default_allocator(void);

static inline void *h2i_alloc(const h2client_allocator *allocator, size_t n_bytes)
{
    return allocator->allocate(allocator->user, n_bytes ? n_bytes : 1);
}

static inline void *h2i_alloc_zeroed(const h2client_allocator *allocator, size_t n_bytes)
{
    void *block = h2i_alloc(allocator, n_bytes);
    if (block)
        memset(block, 0, n_bytes);
    return block;
}

static inline void *h2i_realloc(const h2client_allocator *allocator, void *block, size_t n_bytes)
{
    return allocator->reallocate(allocator->user, block, n_bytes ? n_bytes : 1);
}

static inline void h2i_free(const h2client_allocator *allocator, void *block)
{
    if (block)
        allocator->release(allocator->user, block);
}

/* False on overflow; *out is then 0. */
static inline bool h2i_size_add(size_t a, size_t b, size_t *out)
{
    bool fits = !__builtin_add_overflow(a, b, out);
    if (!fits)
        *out = 0;
    return fits;
}

static inline bool h2i_size_mul(size_t a, size_t b, size_t *out)
{
    bool fits = !__builtin_mul_overflow(a, b, out);
    if (!fits)
        *out = 0;
    return fits;
}

/* n * size bytes; NULL on overflow as well. */
void *h2i_alloc_array(const h2client_allocator *allocator, size_t n, size_t size);
/* A NUL-terminated copy; NULL without memory. The second takes a C string (NULL: NULL). */
char *h2i_copy_text(const h2client_allocator *allocator, const char *text, size_t len);
char *h2i_copy_string(const h2client_allocator *allocator, const char *text);

#endif
