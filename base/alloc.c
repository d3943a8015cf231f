/* SPDX-License-Identifier: MIT */
/* The default allocator, malloc(3)'s, and the allocations that need more than one line. */
#include "base/alloc.h"

#include <stdlib.h>

static void *default_allocate(void *user, size_t n_bytes)
{
    (void)user;
    return malloc(n_bytes);
}

static void *default_reallocate(void *user, void *block, size_t n_bytes)
{
    (void)user;
    return realloc(block, n_bytes);
}

static void default_release(void *user, void *block)
{
    (void)user;
    free(block);
}

const h2client_allocator *h2i_default_allocator(void)
{
    static const h2client_allocator allocator = {
        .size = sizeof allocator,
        .allocate = default_allocate,
        .reallocate = default_reallocate,
        .release = default_release,
    };
    return &allocator;
}

void *h2i_alloc_array(const h2client_allocator *allocator, size_t n, size_t size)
{
    size_t n_bytes;
    if (!h2i_size_mul(n, size, &n_bytes))
        return NULL;
    return h2i_alloc(allocator, n_bytes);
}

char *h2i_copy_text(const h2client_allocator *allocator, const char *text, size_t len)
{
    size_t n_bytes;
    if (!h2i_size_add(len, 1, &n_bytes))
        return NULL;
    char *copy = h2i_alloc(allocator, n_bytes);
    if (!copy)
        return NULL;
    if (len)
        memcpy(copy, text, len);
    copy[len] = 0;
    return copy;
}

char *h2i_copy_string(const h2client_allocator *allocator, const char *text)
{
    return text ? h2i_copy_text(allocator, text, strlen(text)) : NULL;
}
