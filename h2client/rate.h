/* SPDX-License-Identifier: MIT */
/*
 * Rate: a token bucket for the bytes of one direction of a call. Time comes in, figures
 * come out; it has no timer and never waits by itself.
 *
 * It begins empty, so that a transfer of n bytes takes n / rate from its first byte on. What
 * was not used while the peer or the user was slow is kept for later up to the bucket's
 * depth: 100 ms worth, so that no burst is seen, but for slow rates, where the clock of a
 * busy program is coarser than a few bytes, up to a frame of 16 KiB or a second's worth,
 * whichever is less.
 *
 * Bytes are given out in slices of 50 ms worth (at least one byte), or less where less is
 * all that is wanted: smooth, and yet no frame and no wake-up for each byte.
 */
#ifndef H2I_RATE_H
#define H2I_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed: no limit. */
struct h2i_rate {
    int64_t per_s;  /* 0: no limit */
    int64_t credit; /* in millionths of a byte, as of at_us; 0 ... depth */
    int64_t at_us;
    bool has_begun;
};

/* INT64_MAX, and whatever is too fast for a clock of microseconds: no limit. */
void h2i_rate_init(struct h2i_rate *rate, int64_t per_s);
/* The first byte is there: from now on there is credit. Once is enough. */
void h2i_rate_begin(struct h2i_rate *rate, int64_t now_us);
/* The slice for who wants n bytes: fewer are not worth a wake-up. */
size_t h2i_rate_slice(const struct h2i_rate *rate, size_t n);
/* How many of n (>= 1) bytes may go now: none, or at least a slice; n without a limit. */
size_t h2i_rate_allows(const struct h2i_rate *rate, int64_t now_us, size_t n);
/* They went; no more than it allowed. */
void h2i_rate_take(struct h2i_rate *rate, int64_t now_us, size_t n);
/* When there will be credit for n bytes, or for as many as there can ever be; never before
 * now_us. */
int64_t h2i_rate_when(const struct h2i_rate *rate, int64_t now_us, size_t n);
/* The most that can ever be allowed at once; SIZE_MAX without a limit. */
size_t h2i_rate_depth(const struct h2i_rate *rate);

#endif
