/* SPDX-License-Identifier: MIT */
/* Waiters: an origin's tickets by priority, and within one in the order of their coming. */
#ifndef H2I_WAITERS_H
#define H2I_WAITERS_H

#include <stdint.h>

#include "base/list.h"

#define H2I_N_PRIORITIES 5

/* Embedded in a ticket. */
struct h2i_waiter {
    struct h2i_list node; /* linked iff it waits */
    uint64_t order;       /* of its first coming, over the whole pool; lower goes first */
    int priority;         /* 0 .. H2I_N_PRIORITIES - 1, the higher goes first */
};

struct h2i_waiters {
    struct h2i_list lists[H2I_N_PRIORITIES];
    size_t n;
};

void h2i_waiters_init(struct h2i_waiters *waiters);
/* At the place that is its order's: who comes back does not queue again. */
void h2i_waiters_add(struct h2i_waiters *waiters, struct h2i_waiter *waiter);
/* Nothing happens to one that does not wait. */
void h2i_waiters_remove(struct h2i_waiters *waiters, struct h2i_waiter *waiter);
/* Whose turn it is; NULL when nobody waits. */
struct h2i_waiter *h2i_waiters_first(const struct h2i_waiters *waiters);
/* Who would be the last; NULL when nobody waits. */
struct h2i_waiter *h2i_waiters_last(const struct h2i_waiters *waiters);
/* The one after it; NULL at the end. */
struct h2i_waiter *h2i_waiters_after(const struct h2i_waiters *waiters,
                                     const struct h2i_waiter *waiter);

#endif
