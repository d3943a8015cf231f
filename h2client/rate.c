/* SPDX-License-Identifier: MIT */
#include "h2client/rate.h"

#define SECOND_US INT64_C(1000000)
/* A terabyte a second. Credit stays below a tenth of it in millionths: 10^17. */
#define MAX_PER_S INT64_C(1000000000000)
#define FRAME_BYTES 16384
#define SLICES_A_SECOND 20
#define DEPTHS_A_SECOND 10

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void h2i_rate_init(struct h2i_rate *rate, int64_t per_s)
{
    *rate = (struct h2i_rate){.per_s = per_s < MAX_PER_S ? per_s : 0};
}

void h2i_rate_begin(struct h2i_rate *rate, int64_t now_us)
{
    if (rate->has_begun)
        return;
    rate->has_begun = true;
    rate->at_us = now_us;
}

static int64_t depth(const struct h2i_rate *rate)
{
    return most(rate->per_s / DEPTHS_A_SECOND, least(rate->per_s, FRAME_BYTES));
}

static int64_t credit_at(const struct h2i_rate *rate, int64_t now_us)
{
    int64_t full = depth(rate) * SECOND_US;
    int64_t elapsed_us;

    if (!rate->has_begun || now_us <= rate->at_us)
        return rate->credit;
    if (__builtin_sub_overflow(now_us, rate->at_us, &elapsed_us) ||
        elapsed_us > (full - rate->credit) / rate->per_s)
        return full;
    return rate->credit + elapsed_us * rate->per_s;
}

size_t h2i_rate_slice(const struct h2i_rate *rate, size_t n)
{
    int64_t slice = most(rate->per_s / SLICES_A_SECOND, 1);

    return rate->per_s == 0 || n < (uint64_t)slice ? n : (size_t)slice;
}

size_t h2i_rate_allows(const struct h2i_rate *rate, int64_t now_us, size_t n)
{
    int64_t allowed;

    if (rate->per_s == 0)
        return n;
    allowed = credit_at(rate, now_us) / SECOND_US;
    if (allowed < 0 || (uint64_t)allowed < h2i_rate_slice(rate, n))
        return 0;
    return n < (uint64_t)allowed ? n : (size_t)allowed;
}

void h2i_rate_take(struct h2i_rate *rate, int64_t now_us, size_t n)
{
    if (rate->per_s == 0)
        return;
    rate->credit = credit_at(rate, now_us) - (int64_t)n * SECOND_US;
    rate->at_us = most(rate->at_us, now_us);
}

int64_t h2i_rate_when(const struct h2i_rate *rate, int64_t now_us, size_t n)
{
    int64_t missing, when_us;

    if (rate->per_s == 0)
        return now_us;
    if (n > h2i_rate_depth(rate))
        n = h2i_rate_depth(rate);
    missing = (int64_t)n * SECOND_US - credit_at(rate, now_us);
    if (missing <= 0)
        return now_us;
    if (__builtin_add_overflow(most(now_us, rate->at_us), (missing - 1) / rate->per_s + 1,
                               &when_us))
        return INT64_MAX;
    return when_us;
}

size_t h2i_rate_depth(const struct h2i_rate *rate)
{
    return rate->per_s == 0 ? SIZE_MAX : (size_t)depth(rate);
}
