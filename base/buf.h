/* SPDX-License-Identifier: MIT */
/* Buffer: a growable run of bytes, taken from the front, with a maximum that is
 * never passed. A zeroed buffer with an allocator and a maximum is a valid start. */
#ifndef H2I_BUF_H
#define H2I_BUF_H

#include "base/alloc.h"

struct h2i_buf {
    const h2client_allocator *allocator;
    char *block;
    size_t start; /* first byte that is left */
    size_t end;   /* one past the last */
    size_t cap;   /* of block */
    size_t max;   /* bytes held at most */
};

void h2i_buf_init(struct h2i_buf *buf, const h2client_allocator *allocator, size_t max);
void h2i_buf_finish(struct h2i_buf *buf);

static inline size_t h2i_buf_len(const struct h2i_buf *buf)
{
    return buf->end - buf->start;
}
/* Never NULL. */
static inline const char *h2i_buf_data(const struct h2i_buf *buf)
{
    return buf->block ? buf->block + buf->start : "";
}
static inline size_t h2i_buf_room(const struct h2i_buf *buf)
{
    return buf->max - h2i_buf_len(buf);
}

/* False: no memory, or above the maximum; the buffer is then unchanged. */
H2CLIENT_MUST_USE bool h2i_buf_append(struct h2i_buf *buf, const void *data, size_t len);
/* Room for n more bytes, contiguous, at the returned place; NULL as above. */
H2CLIENT_MUST_USE void *h2i_buf_reserve(struct h2i_buf *buf, size_t n);
/* The first n bytes of what was reserved have been written. */
void h2i_buf_commit(struct h2i_buf *buf, size_t n);
/* Takes n bytes from the front; n <= len. */
void h2i_buf_consume(struct h2i_buf *buf, size_t n);
/* Drops bytes at the end until n are left; n <= len. */
void h2i_buf_truncate(struct h2i_buf *buf, size_t n);
/* Empties; keeps the block if it is at most keep_cap bytes, otherwise frees it. */
void h2i_buf_clear(struct h2i_buf *buf, size_t keep_cap);

#endif
