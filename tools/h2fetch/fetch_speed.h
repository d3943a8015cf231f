/* SPDX-License-Identifier: MIT */
/*
 * Speed: is a transfer too slow to be worth waiting for (-Y, -y)? It is once no interval of
 * a second (of -y, if that is less) has reached the limit for as long as -y says. Time and
 * counts come in; it reads no clock.
 */
#ifndef H2F_SPEED_H
#define H2F_SPEED_H

#include <stdbool.h>
#include <stdint.h>

struct h2f_speed_limit {
    int64_t per_s;   /* bytes; 0: no limit */
    int64_t time_ms; /* >= 1 */
};

/* Zeroed: at rest. */
struct h2f_speed {
    bool is_running;
    int64_t begun_ms; /* the interval */
    uint64_t begun_bytes;
    int64_t slow_since_ms;
};

/* Nothing is waited for: what comes next is measured anew. */
void h2f_speed_rest(struct h2f_speed *speed);
/* n_bytes: all there were so far. */
bool h2f_speed_is_too_low(struct h2f_speed *speed, const struct h2f_speed_limit *limit,
                          int64_t now_ms, uint64_t n_bytes);
/* When to ask again at the latest; -1: not at all. */
int64_t h2f_speed_wait_ms(const struct h2f_speed *speed, const struct h2f_speed_limit *limit,
                          int64_t now_ms);

#endif
