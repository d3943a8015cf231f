/* SPDX-License-Identifier: MIT */
/* Timers: a binary heap of h2client_timer by deadline; O(log n), ties in the
 * order in which they were started is not promised. */
#ifndef H2I_TIMERS_H
#define H2I_TIMERS_H

#include "base/alloc.h"
#include "h2client/reactor.h"

struct h2i_timers {
    const h2client_allocator *allocator;
    h2client_timer **heap; /* heap[0] is not used: places count from 1 */
    size_t n;
    size_t cap;
};

void h2i_timers_init(struct h2i_timers *timers, const h2client_allocator *allocator);
/* Those that still run are stopped. */
void h2i_timers_finish(struct h2i_timers *timers);
/* Starts or moves. False: no memory; a timer that ran keeps its old deadline. */
H2CLIENT_MUST_USE bool h2i_timers_start(struct h2i_timers *timers, h2client_timer *timer,
                                        int64_t deadline_us);
void h2i_timers_stop(struct h2i_timers *timers, h2client_timer *timer);
/* INT64_MAX when none runs. */
int64_t h2i_timers_next_deadline(const struct h2i_timers *timers);
/* Takes out one whose deadline is <= now_us; NULL when there is none. */
h2client_timer *h2i_timers_take_expired(struct h2i_timers *timers, int64_t now_us);

#endif
