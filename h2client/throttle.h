/* SPDX-License-Identifier: MIT */
/*
 * Throttle: how many attempts may run and how fast they may begin, in a session and to one
 * origin. Who is above that waits: first come, first served to an origin, the origins in
 * turn. An origin that asked for it (Retry-After) is left alone till then. Where nothing is
 * limited, nothing is counted.
 */
#ifndef H2I_THROTTLE_H
#define H2I_THROTTLE_H

#include "base/list.h"
#include "base/map.h"
#include "base/reactor.h"

/* INT64_MAX: none. */
struct h2i_throttle_config {
    int64_t max_running;
    int64_t max_running_per_origin;
    int64_t max_starts_per_s;
    int64_t max_burst; /* starts at once after a rest, >= 1 */
};

struct h2i_throttle {
    h2client_reactor *reactor;
    struct h2i_throttle_config config;
    bool is_limited;
    struct h2i_map origins; /* those that are counted, waited for, or left alone */
    struct h2i_list ready;  /* of them: somebody waits, and only for the session's limits */
    int64_t n_running;
    size_t n_waiting;
    int64_t next_start_us; /* when the bucket would be full again, plus what a start costs */
    h2client_timer timer;  /* for the next start's time */
    h2client_task task;    /* grants, outside of whoever made room */
};

/* Embedded in who waits, zeroed; on_granted filled in. */
struct h2i_slot {
    void (*on_granted)(struct h2i_slot *slot);
    struct h2i_list in_origin; /* linked iff it waits */
    struct h2i_throttled_origin *origin;
};

void h2i_throttle_init(struct h2i_throttle *throttle, h2client_reactor *reactor,
                       const struct h2i_throttle_config *config, const uint64_t seed[2]);
/* Nobody waits or runs any more. */
void h2i_throttle_finish(struct h2i_throttle *throttle);

/* Nothing is limited and no origin left alone: nobody need enter. */
bool h2i_throttle_is_open(const struct h2i_throttle *throttle);
/* OK: go. PENDING: on_granted runs later, from a deferred task. NO_MEMORY. The key names
 * the origin. */
h2client_error_code h2i_throttle_enter(struct h2i_throttle *throttle, const void *key,
                                       size_t key_len, struct h2i_slot *slot);
/* It ran, or does not want to wait any more. Nothing happens when it did neither. */
void h2i_throttle_leave(struct h2i_throttle *throttle, struct h2i_slot *slot);
bool h2i_slot_waits(const struct h2i_slot *slot);
/* Nothing new begins to the origin before that time. Without memory it is not heard. */
void h2i_throttle_slow_down(struct h2i_throttle *throttle, const void *key, size_t key_len,
                            int64_t until_us);

#endif
