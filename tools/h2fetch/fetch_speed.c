/* SPDX-License-Identifier: MIT */
#include "fetch_speed.h"

#define SECOND_MS 1000

static int64_t interval_ms(const struct h2f_speed_limit *limit)
{
    return limit->time_ms < SECOND_MS ? limit->time_ms : SECOND_MS;
}

void h2f_speed_rest(struct h2f_speed *speed)
{
    speed->is_running = false;
}

static void begin_interval(struct h2f_speed *speed, int64_t now_ms, uint64_t n_bytes)
{
    speed->begun_ms = now_ms;
    speed->begun_bytes = n_bytes;
}

bool h2f_speed_is_too_low(struct h2f_speed *speed, const struct h2f_speed_limit *limit,
                          int64_t now_ms, uint64_t n_bytes)
{
    int64_t elapsed_ms = now_ms - speed->begun_ms;
    double per_s;

    if (!speed->is_running || n_bytes < speed->begun_bytes) { /* an upload that began again */
        speed->is_running = true;
        speed->slow_since_ms = now_ms;
        begin_interval(speed, now_ms, n_bytes);
        return false;
    }
    if (elapsed_ms < interval_ms(limit))
        return false;
    per_s = (double)(n_bytes - speed->begun_bytes) * SECOND_MS / (double)elapsed_ms;
    if (per_s >= (double)limit->per_s)
        speed->slow_since_ms = now_ms;
    begin_interval(speed, now_ms, n_bytes);
    return now_ms - speed->slow_since_ms >= limit->time_ms;
}

int64_t h2f_speed_wait_ms(const struct h2f_speed *speed, const struct h2f_speed_limit *limit,
                          int64_t now_ms)
{
    int64_t left_ms = speed->begun_ms + interval_ms(limit) - now_ms;

    if (limit->per_s == 0 || !speed->is_running)
        return -1;
    return left_ms > 0 ? left_ms : 0;
}
