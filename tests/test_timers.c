/* SPDX-License-Identifier: MIT */
/* Timers: order, moving and stopping, against a model that looks at all of them. */
#include "tests/support/test_main.h"

#include <stdlib.h>
#include <string.h>

#include "base/timers.h"
#include "tests/support/test_alloc.h"

#define N_TIMERS 200
#define N_STEPS 20000

struct rig {
    struct h2t_alloc alloc;
    struct h2i_timers timers;
    h2client_timer all[N_TIMERS];
    int64_t model[N_TIMERS]; /* the deadline; INT64_MAX: does not run */
};

static void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof *rig);
    h2t_alloc_init(&rig->alloc);
    h2i_timers_init(&rig->timers, &rig->alloc.allocator);
    for (int i = 0; i < N_TIMERS; i++)
        rig->model[i] = INT64_MAX;
}

static void rig_finish(struct rig *rig)
{
    h2i_timers_finish(&rig->timers);
    h2t_alloc_check(&rig->alloc);
}

static void start(struct rig *rig, int i, int64_t deadline_us)
{
    ck_assert(h2i_timers_start(&rig->timers, &rig->all[i], deadline_us));
    rig->model[i] = deadline_us;
}

static void stop(struct rig *rig, int i)
{
    h2i_timers_stop(&rig->timers, &rig->all[i]);
    rig->model[i] = INT64_MAX;
}

static int64_t earliest(const struct rig *rig)
{
    int64_t deadline_us = INT64_MAX;
    for (int i = 0; i < N_TIMERS; i++) {
        if (rig->model[i] < deadline_us)
            deadline_us = rig->model[i];
    }
    return deadline_us;
}

/* Which one expired, or -1; it has to be the earliest of the model. */
static int take(struct rig *rig, int64_t now_us)
{
    int64_t expected_us = earliest(rig);
    h2client_timer *timer = h2i_timers_take_expired(&rig->timers, now_us);
    if (!timer) {
        ck_assert(expected_us == INT64_MAX || expected_us > now_us);
        return -1;
    }
    int i = (int)(timer - rig->all);
    ck_assert_int_eq(rig->model[i], expected_us);
    ck_assert_int_le(expected_us, now_us);
    ck_assert_uint_eq(timer->heap_place, 0);
    rig->model[i] = INT64_MAX;
    return i;
}

TEST(timers_have_no_deadline_at_first)
{
    static struct rig rig;
    rig_init(&rig);
    ck_assert_int_eq(h2i_timers_next_deadline(&rig.timers), INT64_MAX);
    ck_assert_int_eq(take(&rig, INT64_MAX), -1);
    ck_assert_uint_eq(rig.alloc.n_calls, 0);
    rig_finish(&rig);
}

TEST(timers_expire_in_the_order_of_their_deadlines)
{
    static struct rig rig;
    rig_init(&rig);
    start(&rig, 0, 30);
    start(&rig, 1, 10);
    start(&rig, 2, 20);
    ck_assert_int_eq(take(&rig, 9), -1);
    ck_assert_int_eq(take(&rig, 30), 1);
    ck_assert_int_eq(take(&rig, 30), 2);
    ck_assert_int_eq(take(&rig, 30), 0);
    ck_assert_int_eq(take(&rig, 30), -1);
    rig_finish(&rig);
}

TEST(timer_that_runs_is_moved_by_another_start)
{
    static struct rig rig;
    rig_init(&rig);
    start(&rig, 0, 10);
    start(&rig, 1, 20);
    start(&rig, 0, 30);
    ck_assert_uint_eq(rig.timers.n, 2);
    ck_assert_int_eq(take(&rig, 100), 1);
    ck_assert_int_eq(take(&rig, 100), 0);
    rig_finish(&rig);
}

TEST(stopped_timer_does_not_expire)
{
    static struct rig rig;
    rig_init(&rig);
    start(&rig, 0, 10);
    stop(&rig, 0);
    stop(&rig, 0);
    ck_assert_uint_eq(rig.all[0].heap_place, 0);
    ck_assert_int_eq(take(&rig, 100), -1);
    rig_finish(&rig);
}

TEST(deadline_at_the_end_of_time_stops_the_timer)
{
    static struct rig rig;
    rig_init(&rig);
    start(&rig, 0, INT64_MAX);
    ck_assert_uint_eq(rig.timers.n, 0);
    start(&rig, 0, 10);
    start(&rig, 0, INT64_MAX);
    ck_assert_uint_eq(rig.timers.n, 0);
    ck_assert_int_eq(take(&rig, INT64_MAX), -1);
    rig_finish(&rig);
}

TEST(deadlines_may_lie_before_the_clock_began)
{
    static struct rig rig;
    rig_init(&rig);
    start(&rig, 0, INT64_MIN);
    start(&rig, 1, -5);
    start(&rig, 2, INT64_MAX - 1);
    ck_assert_int_eq(take(&rig, 0), 0);
    ck_assert_int_eq(take(&rig, 0), 1);
    ck_assert_int_eq(take(&rig, 0), -1);
    ck_assert_int_eq(take(&rig, INT64_MAX), 2);
    rig_finish(&rig);
}

TEST(finish_stops_those_that_run)
{
    static struct rig rig;
    rig_init(&rig);
    for (int i = 0; i < N_TIMERS; i++)
        start(&rig, i, i);
    h2i_timers_finish(&rig.timers);
    for (int i = 0; i < N_TIMERS; i++)
        ck_assert_uint_eq(rig.all[i].heap_place, 0);
    h2t_alloc_check(&rig.alloc);
}

TEST(start_without_memory_starts_nothing)
{
    static struct rig rig;
    rig_init(&rig);
    rig.alloc.fail_at = 1;
    ck_assert(!h2i_timers_start(&rig.timers, &rig.all[0], 10));
    ck_assert_uint_eq(rig.all[0].heap_place, 0);
    start(&rig, 0, 10);
    ck_assert_int_eq(take(&rig, 10), 0);
    rig_finish(&rig);
}

TEST(timer_that_runs_is_moved_without_memory)
{
    static struct rig rig;
    int n = 0;
    rig_init(&rig);
    start(&rig, n++, 100);
    rig.alloc.fail_at = rig.alloc.n_calls + 1;
    rig.alloc.fail_for_ever = true;
    while (h2i_timers_start(&rig.timers, &rig.all[n], 100))
        rig.model[n++] = 100;
    ck_assert_uint_eq(rig.all[n].heap_place, 0);
    start(&rig, 0, 200);
    start(&rig, n - 1, 50);
    ck_assert_int_eq(take(&rig, 99), n - 1);
    rig_finish(&rig);
}

static int64_t random_below(unsigned short state[3], int64_t n)
{
    return (int64_t)(erand48(state) * (double)n);
}

static void do_random_step(struct rig *rig, unsigned short state[3])
{
    int i = (int)random_below(state, N_TIMERS);
    switch (random_below(state, 4)) {
    case 0:
    case 1:
        start(rig, i, random_below(state, 1000));
        break;
    case 2:
        stop(rig, i);
        break;
    default:
        take(rig, random_below(state, 200));
    }
}

TEST(timers_agree_with_the_model_whatever_is_done)
{
    static struct rig rig;
    uint64_t seed = h2t_seed();
    unsigned short state[3];
    memcpy(state, &seed, sizeof state);
    rig_init(&rig);
    for (int step = 0; step < N_STEPS; step++) {
        do_random_step(&rig, state);
        ck_assert_int_eq(h2i_timers_next_deadline(&rig.timers), earliest(&rig));
    }
    while (take(&rig, 1000) >= 0)
        ck_assert_int_eq(h2i_timers_next_deadline(&rig.timers), earliest(&rig));
    ck_assert_uint_eq(rig.timers.n, 0);
    rig_finish(&rig);
}

TEST_MAIN("timers", {T(timers_have_no_deadline_at_first)},
          {T(timers_expire_in_the_order_of_their_deadlines)},
          {T(timer_that_runs_is_moved_by_another_start)}, {T(stopped_timer_does_not_expire)},
          {T(deadline_at_the_end_of_time_stops_the_timer)},
          {T(deadlines_may_lie_before_the_clock_began)}, {T(finish_stops_those_that_run)},
          {T(start_without_memory_starts_nothing)}, {T(timer_that_runs_is_moved_without_memory)},
          {T(timers_agree_with_the_model_whatever_is_done)})
