/* SPDX-License-Identifier: MIT */
/*
 * Buffer: one block; bytes enter at its end and leave at its front. When the end
 * is reached, the bytes move to the front if enough of what came has left, so that
 * a byte is moved about once (a few times in a large one); otherwise the block grows,
 * up to the maximum. A small one doubles; a large one has a quarter to spare at most,
 * for what it holds may be many readers' whole windows. Not a ring: what is held is
 * always contiguous.
 */
#include "base/buf.h"

#include <assert.h>

#define MIN_CAP 256
#define LARGE ((size_t)16 * 1024)

void h2i_buf_init(struct h2i_buf *buf, const h2client_allocator *allocator, size_t max)
{
    *buf = (struct h2i_buf){.allocator = allocator, .max = max};
}

void h2i_buf_finish(struct h2i_buf *buf)
{
    if (buf->block)
        h2i_free(buf->allocator, buf->block);
    buf->block = NULL;
    buf->start = buf->end = buf->cap = 0;
}

static void move_to_front(struct h2i_buf *buf)
{
    size_t len = h2i_buf_len(buf);
    memmove(buf->block, buf->block + buf->start, len);
    buf->start = 0;
    buf->end = len;
}

/* So that `needed` bytes fit, which is at most the maximum. */
static size_t grown_cap(const struct h2i_buf *buf, size_t needed)
{
    size_t cap = buf->cap < MIN_CAP / 2 ? MIN_CAP / 2 : buf->cap;

    if (needed >= LARGE)
        return needed / 4 < buf->max - needed ? needed + needed / 4 : buf->max;
    do {
        if (cap > buf->max / 2)
            return buf->max;
        cap *= 2;
    } while (cap < needed);
    return cap;
}

static bool grow(struct h2i_buf *buf, size_t needed)
{
    size_t cap = grown_cap(buf, needed);
    if (buf->block && cap <= buf->cap)
        return false;
    char *block = h2i_realloc(buf->allocator, buf->block, cap);
    if (!block)
        return false;
    buf->block = block;
    buf->cap = cap;
    return true;
}

void *h2i_buf_reserve(struct h2i_buf *buf, size_t n)
{
    size_t len = h2i_buf_len(buf);
    if (n > h2i_buf_room(buf))
        return NULL;
    if (buf->block && n <= buf->cap - buf->end)
        return buf->block + buf->end;
    bool fits = buf->block && n <= buf->cap - len;
    bool is_move_cheap = fits && buf->start >= (len < LARGE ? len : len / 4);
    if (!is_move_cheap && !grow(buf, len + n) && !fits)
        return NULL;
    if (n > buf->cap - buf->end)
        move_to_front(buf);
    return buf->block + buf->end;
}

void h2i_buf_commit(struct h2i_buf *buf, size_t n)
{
    assert(n <= buf->cap - buf->end);
    buf->end += n;
}

bool h2i_buf_append(struct h2i_buf *buf, const void *data, size_t len)
{
    if (len == 0)
        return true;
    void *place = h2i_buf_reserve(buf, len);
    if (!place)
        return false;
    memcpy(place, data, len);
    h2i_buf_commit(buf, len);
    return true;
}

void h2i_buf_consume(struct h2i_buf *buf, size_t n)
{
    assert(n <= h2i_buf_len(buf));
    buf->start += n;
    if (buf->start == buf->end)
        buf->start = buf->end = 0;
}

void h2i_buf_truncate(struct h2i_buf *buf, size_t n)
{
    assert(n <= h2i_buf_len(buf));
    buf->end = buf->start + n;
    if (n == 0)
        buf->start = buf->end = 0;
}

void h2i_buf_clear(struct h2i_buf *buf, size_t keep_cap)
{
    if (buf->cap > keep_cap)
        h2i_buf_finish(buf);
    buf->start = buf->end = 0;
}
