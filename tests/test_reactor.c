/* SPDX-License-Identifier: MIT */
/* The reactor's turn over the virtual world: order, clock, bounds, wake-ups, arming. */
#include "tests/support/test_main.h"

#include <errno.h>
#include <string.h>

#include "base/reactor.h"
#include "base/str.h"
#include "tests/support/test_alloc.h"
#include "h2client-testing/virtual_world.h"

/* A loop in front of the world's: it notes what it is told and reports descriptors. */
struct rig {
    struct h2t_alloc alloc;
    struct h2t_world world;
    h2client_loop loop;
    h2client_loop_ops loop_ops;
    struct h2client_reactor reactor;
    h2client_timer timers[3];
    h2client_task tasks[3];
    h2client_watch watch;
    char story_buf[200];
    struct h2i_text story; /* what has run, in order */
    int64_t armed_us;
    int n_arms;
    int wait_errno;
    bool is_fd_ready;
    int64_t fd_us;  /* so long it takes until it is */
    int64_t now_us; /* what on_ready was told */
    int n_runs;     /* of the restless ones */
};

static void note(struct rig *rig, const char *what, ptrdiff_t i)
{
    h2i_text_add(&rig->story, "%s%d ", what, (int)i);
}

static void on_expire(h2client_timer *timer, void *user)
{
    struct rig *rig = user;
    note(rig, "timer", timer - rig->timers);
}

static void on_run(h2client_task *task, void *user)
{
    struct rig *rig = user;
    note(rig, "task", task - rig->tasks);
}

static void on_ready(h2client_watch *watch, unsigned ready, void *user)
{
    struct rig *rig = user;
    (void)watch;
    note(rig, "ready", (ptrdiff_t)ready);
    rig->now_us = h2client_reactor_now_us(&rig->reactor);
}

static struct rig *rig_of(h2client_loop *loop)
{
    return H2I_CONTAINER_OF(loop, struct rig, loop);
}

static int rig_wait(h2client_loop *loop, int64_t timeout_us)
{
    struct rig *rig = rig_of(loop);
    rig->world.now_us += rig->fd_us;
    if (rig->is_fd_ready)
        rig->watch.on_ready(&rig->watch, H2CLIENT_READABLE, rig->watch.user);
    int status = rig->world.loop.ops->wait(&rig->world.loop, timeout_us);
    return rig->wait_errno ? rig->wait_errno : status;
}

static void rig_arm(h2client_loop *loop, int64_t deadline_us)
{
    struct rig *rig = rig_of(loop);
    rig->armed_us = deadline_us;
    rig->n_arms++;
}

static int rig_watch(h2client_loop *loop, h2client_watch *watch, unsigned events)
{
    (void)loop;
    watch->events = events;
    return events & H2CLIENT_WRITABLE ? EPERM : 0;
}

static void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof *rig);
    h2t_alloc_init(&rig->alloc);
    h2t_world_init(&rig->world);
    rig->loop_ops = (h2client_loop_ops){.wait = rig_wait, .arm = rig_arm, .watch = rig_watch};
    rig->loop.ops = &rig->loop_ops;
    rig->story = h2i_text(rig->story_buf, sizeof rig->story_buf);
    rig->watch = (h2client_watch){.on_ready = on_ready, .user = rig};
    for (int i = 0; i < 3; i++) {
        rig->timers[i] = (h2client_timer){.on_expire = on_expire, .user = rig};
        rig->tasks[i] = (h2client_task){.run = on_run, .user = rig};
    }
    h2i_reactor_init(&rig->reactor, &rig->alloc.allocator, &rig->world.system, &rig->loop);
}

static void rig_finish(struct rig *rig)
{
    h2i_reactor_finish(&rig->reactor);
    h2t_world_finish(&rig->world);
    h2t_alloc_check(&rig->alloc);
}

static void start_in(struct rig *rig, int i, int64_t us)
{
    int64_t deadline_us = h2client_reactor_now_us(&rig->reactor) + us;
    ck_assert_int_eq(h2client_reactor_timer_start(&rig->reactor, &rig->timers[i], deadline_us),
                     H2CLIENT_OK);
}

static void defer(struct rig *rig, int i)
{
    h2client_reactor_defer(&rig->reactor, &rig->tasks[i]);
}

static void turn(struct rig *rig, int64_t timeout_us)
{
    ck_assert_int_eq(h2i_reactor_turn(&rig->reactor, timeout_us), H2CLIENT_OK);
}

TEST(turn_runs_descriptors_then_timers_then_tasks)
{
    struct rig rig;
    rig_init(&rig);
    rig.is_fd_ready = true;
    defer(&rig, 0);
    defer(&rig, 1);
    start_in(&rig, 1, -1);
    start_in(&rig, 0, 0);
    turn(&rig, -1);
    ck_assert_str_eq(rig.story_buf, "ready1 timer1 timer0 task0 task1 ");
    rig_finish(&rig);
}

TEST(descriptor_that_is_ready_late_is_told_the_time)
{
    struct rig rig;
    rig_init(&rig);
    rig.is_fd_ready = true;
    rig.fd_us = 3000;
    defer(&rig, 0);
    int64_t start_us = rig.world.now_us;
    turn(&rig, -1);
    ck_assert_int_eq(rig.now_us, start_us + 3000);
    rig_finish(&rig);
}

TEST(turn_waits_until_the_next_deadline)
{
    struct rig rig;
    rig_init(&rig);
    int64_t begun_us = rig.world.now_us;
    start_in(&rig, 0, 5000000);
    start_in(&rig, 1, 60000000);
    turn(&rig, -1);
    ck_assert_int_eq(rig.world.now_us - begun_us, 5000000);
    ck_assert_int_eq(h2client_reactor_now_us(&rig.reactor), rig.world.now_us);
    ck_assert_str_eq(rig.story_buf, "timer0 ");
    ck_assert_int_eq(h2i_reactor_next_timeout_us(&rig.reactor), 55000000);
    rig_finish(&rig);
}

TEST(turn_waits_no_longer_than_it_was_told)
{
    struct rig rig;
    rig_init(&rig);
    int64_t begun_us = rig.world.now_us;
    start_in(&rig, 0, 1000);
    turn(&rig, 999);
    ck_assert_int_eq(rig.world.now_us - begun_us, 999);
    ck_assert_str_eq(rig.story_buf, "");
    turn(&rig, 999);
    ck_assert_int_eq(rig.world.now_us - begun_us, 1000);
    ck_assert_str_eq(rig.story_buf, "timer0 ");
    rig_finish(&rig);
}

TEST(turn_does_not_wait_while_something_is_due)
{
    struct rig rig;
    rig_init(&rig);
    int64_t begun_us = rig.world.now_us;
    defer(&rig, 0);
    ck_assert_int_eq(h2i_reactor_next_timeout_us(&rig.reactor), 0);
    turn(&rig, -1);
    start_in(&rig, 0, -10);
    ck_assert_int_eq(h2i_reactor_next_timeout_us(&rig.reactor), 0);
    turn(&rig, -1);
    ck_assert_int_eq(rig.world.now_us, begun_us);
    ck_assert_str_eq(rig.story_buf, "task0 timer0 ");
    rig_finish(&rig);
}

TEST(turn_takes_the_clock_when_it_begins)
{
    struct rig rig;
    rig_init(&rig);
    start_in(&rig, 0, 1000);
    rig.world.now_us += 600;
    turn(&rig, -1);
    ck_assert_int_eq(rig.world.now_us, INT64_C(1000001000));
    rig.world.now_us += 7;
    h2i_reactor_refresh_clock(&rig.reactor);
    ck_assert_int_eq(h2client_reactor_now_us(&rig.reactor), rig.world.now_us);
    rig_finish(&rig);
}

TEST(nothing_planned_has_no_time_out)
{
    struct rig rig;
    rig_init(&rig);
    ck_assert_int_eq(h2i_reactor_next_timeout_us(&rig.reactor), INT64_MAX);
    start_in(&rig, 0, 10);
    h2client_reactor_timer_stop(&rig.reactor, &rig.timers[0]);
    ck_assert_int_eq(h2i_reactor_next_timeout_us(&rig.reactor), INT64_MAX);
    rig_finish(&rig);
}

TEST(wake_interrupts_the_turn_after_what_was_due)
{
    struct rig rig;
    rig_init(&rig);
    start_in(&rig, 0, 0);
    defer(&rig, 0);
    rig.world.loop.ops->wake(&rig.world.loop);
    ck_assert_int_eq(h2i_reactor_turn(&rig.reactor, -1), H2CLIENT_ERROR_INTERRUPTED);
    ck_assert_str_eq(rig.story_buf, "timer0 task0 ");
    turn(&rig, 0);
    rig_finish(&rig);
}

TEST(failing_wait_is_a_system_failure)
{
    struct rig rig;
    rig_init(&rig);
    rig.wait_errno = EBADF;
    defer(&rig, 0);
    ck_assert_int_eq(h2i_reactor_turn(&rig.reactor, 0), H2CLIENT_ERROR_SYSTEM_FAILED);
    ck_assert_str_eq(rig.story_buf, "task0 ");
    rig_finish(&rig);
}

TEST(loop_that_cannot_wait_is_turned_without_a_time_out_only)
{
    struct rig rig;
    rig_init(&rig);
    rig.loop_ops.wait = NULL;
    defer(&rig, 0);
    ck_assert_int_eq(h2i_reactor_turn(&rig.reactor, -1), H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_str_eq(rig.story_buf, "");
    turn(&rig, 0);
    ck_assert_str_eq(rig.story_buf, "task0 ");
    rig_finish(&rig);
}

TEST(task_deferred_twice_runs_once)
{
    struct rig rig;
    rig_init(&rig);
    defer(&rig, 0);
    defer(&rig, 1);
    defer(&rig, 0);
    turn(&rig, 0);
    turn(&rig, 0);
    ck_assert_str_eq(rig.story_buf, "task0 task1 ");
    rig_finish(&rig);
}

TEST(undeferred_task_does_not_run)
{
    struct rig rig;
    rig_init(&rig);
    h2client_reactor_undefer(&rig.reactor, &rig.tasks[0]);
    defer(&rig, 0);
    h2client_reactor_undefer(&rig.reactor, &rig.tasks[0]);
    ck_assert_int_eq(h2i_reactor_next_timeout_us(&rig.reactor), INT64_MAX);
    turn(&rig, 0);
    ck_assert_str_eq(rig.story_buf, "");
    rig_finish(&rig);
}

static void undefer_next(h2client_task *task, void *user)
{
    struct rig *rig = user;
    note(rig, "task", task - rig->tasks);
    h2client_reactor_undefer(&rig->reactor, task + 1);
}

TEST(task_may_undefer_one_that_was_to_run_after_it)
{
    struct rig rig;
    rig_init(&rig);
    rig.tasks[0].run = undefer_next;
    for (int i = 0; i < 3; i++)
        defer(&rig, i);
    turn(&rig, 0);
    ck_assert_str_eq(rig.story_buf, "task0 task2 ");
    rig_finish(&rig);
}

static void defer_next(h2client_task *task, void *user)
{
    struct rig *rig = user;
    note(rig, "task", task - rig->tasks);
    h2client_reactor_defer(&rig->reactor, task + 1);
}

TEST(task_deferred_by_a_task_runs_in_the_same_turn)
{
    struct rig rig;
    rig_init(&rig);
    rig.tasks[0].run = defer_next;
    defer(&rig, 0);
    defer(&rig, 2);
    turn(&rig, 0);
    ck_assert_str_eq(rig.story_buf, "task0 task2 task1 ");
    rig_finish(&rig);
}

static void defer_again(h2client_task *task, void *user)
{
    struct rig *rig = user;
    rig->n_runs++;
    h2client_reactor_defer(&rig->reactor, task);
}

TEST(task_that_defers_itself_for_ever_does_not_hold_up_the_turn)
{
    struct rig rig;
    rig_init(&rig);
    rig.tasks[0].run = defer_again;
    defer(&rig, 0);
    defer(&rig, 1);
    turn(&rig, -1);
    int n_runs = rig.n_runs;
    ck_assert_int_ge(n_runs, 2);
    ck_assert_str_eq(rig.story_buf, "task1 ");
    ck_assert_int_eq(h2i_reactor_next_timeout_us(&rig.reactor), 0);
    turn(&rig, -1);
    ck_assert_int_eq(rig.n_runs - n_runs, n_runs);
    rig_finish(&rig);
}

static void start_again(h2client_timer *timer, void *user)
{
    struct rig *rig = user;
    rig->n_runs++;
    start_in(rig, (int)(timer - rig->timers), 0);
}

TEST(timer_that_starts_itself_for_ever_does_not_hold_up_the_turn)
{
    struct rig rig;
    rig_init(&rig);
    rig.timers[0].on_expire = start_again;
    start_in(&rig, 0, 0);
    defer(&rig, 0);
    turn(&rig, -1);
    ck_assert_int_eq(rig.n_runs, 1);
    ck_assert_str_eq(rig.story_buf, "task0 ");
    ck_assert_int_eq(h2i_reactor_next_timeout_us(&rig.reactor), 0);
    rig_finish(&rig);
}

static void stop_next(h2client_timer *timer, void *user)
{
    struct rig *rig = user;
    note(rig, "timer", timer - rig->timers);
    h2client_reactor_timer_stop(&rig->reactor, timer + 1);
}

TEST(timer_may_stop_another_that_is_due)
{
    struct rig rig;
    rig_init(&rig);
    rig.timers[0].on_expire = stop_next;
    start_in(&rig, 0, -3);
    start_in(&rig, 1, -2);
    start_in(&rig, 2, -1);
    turn(&rig, 0);
    ck_assert_str_eq(rig.story_buf, "timer0 timer2 ");
    rig_finish(&rig);
}

static void defer_first_task(h2client_timer *timer, void *user)
{
    (void)timer;
    defer(user, 0);
}

TEST(task_deferred_by_a_timer_runs_in_the_same_turn)
{
    struct rig rig;
    rig_init(&rig);
    rig.timers[0].on_expire = defer_first_task;
    start_in(&rig, 0, 10);
    turn(&rig, -1);
    ck_assert_str_eq(rig.story_buf, "task0 ");
    rig_finish(&rig);
}

TEST(timer_start_without_memory_says_so)
{
    struct rig rig;
    rig_init(&rig);
    rig.alloc.fail_at = 1;
    ck_assert_int_eq(h2client_reactor_timer_start(&rig.reactor, &rig.timers[0], 1),
                     H2CLIENT_ERROR_NO_MEMORY);
    turn(&rig, 0);
    ck_assert_str_eq(rig.story_buf, "");
    rig_finish(&rig);
}

TEST(finished_reactor_leaves_timers_and_tasks_unlinked)
{
    struct rig rig;
    rig_init(&rig);
    start_in(&rig, 0, 10);
    defer(&rig, 0);
    defer(&rig, 1);
    rig_finish(&rig);
    ck_assert_uint_eq(rig.timers[0].heap_place, 0);
    ck_assert_ptr_null(rig.tasks[0].next);
    ck_assert_ptr_null(rig.tasks[1].prev);
}

TEST(loop_is_armed_with_the_earliest_deadline)
{
    struct rig rig;
    rig_init(&rig);
    start_in(&rig, 0, 500);
    h2i_reactor_arm(&rig.reactor);
    ck_assert_int_eq(rig.armed_us, rig.world.now_us + 500);
    start_in(&rig, 1, 300);
    h2i_reactor_arm(&rig.reactor);
    ck_assert_int_eq(rig.armed_us, rig.world.now_us + 300);
    defer(&rig, 0);
    h2i_reactor_arm(&rig.reactor);
    ck_assert_int_eq(rig.armed_us, rig.world.now_us);
    ck_assert_int_eq(rig.n_arms, 3);
    rig_finish(&rig);
}

TEST(loop_is_not_armed_anew_for_a_later_deadline)
{
    struct rig rig;
    rig_init(&rig);
    start_in(&rig, 0, 500);
    turn(&rig, 0);
    for (int i = 0; i < 1000; i++) {
        start_in(&rig, 0, 500);
        turn(&rig, 0);
    }
    start_in(&rig, 0, 900);
    turn(&rig, 0);
    ck_assert_int_eq(rig.n_arms, 1);
    rig_finish(&rig);
}

TEST(loop_is_armed_anew_once_its_deadline_has_passed)
{
    struct rig rig;
    rig_init(&rig);
    start_in(&rig, 0, 500);
    turn(&rig, 0);
    start_in(&rig, 0, 900);
    turn(&rig, 500);
    ck_assert_int_eq(rig.n_arms, 2);
    ck_assert_int_eq(rig.armed_us, rig.world.now_us + 400);
    rig_finish(&rig);
}

/* Else a timer descriptor that has gone off would stay readable. */
TEST(loop_is_disarmed_when_its_deadline_has_passed_and_none_is_left)
{
    struct rig rig;
    rig_init(&rig);
    start_in(&rig, 0, 500);
    turn(&rig, 0);
    turn(&rig, 500);
    ck_assert_int_eq(rig.armed_us, INT64_MAX);
    turn(&rig, 500);
    ck_assert_int_eq(rig.n_arms, 2);
    rig_finish(&rig);
}

TEST(loop_without_arm_is_turned_all_the_same)
{
    struct rig rig;
    rig_init(&rig);
    rig.loop_ops.arm = NULL;
    start_in(&rig, 0, 500);
    turn(&rig, -1);
    ck_assert_str_eq(rig.story_buf, "timer0 ");
    rig_finish(&rig);
}

TEST(reactor_hands_watches_to_its_loop)
{
    struct rig rig;
    rig_init(&rig);
    ck_assert_int_eq(h2client_reactor_watch(&rig.reactor, &rig.watch, H2CLIENT_READABLE), 0);
    ck_assert_uint_eq(rig.watch.events, H2CLIENT_READABLE);
    ck_assert_int_eq(h2client_reactor_watch(&rig.reactor, &rig.watch, H2CLIENT_WRITABLE), EPERM);
    ck_assert_ptr_eq(h2client_reactor_system(&rig.reactor), &rig.world.system);
    ck_assert_ptr_eq(h2client_reactor_allocator(&rig.reactor), &rig.alloc.allocator);
    rig_finish(&rig);
}

static void take_log_line(h2client_log_level level, const char *area, const char *text, void *user)
{
    struct rig *rig = user;
    h2i_text_add(&rig->story, "%d %s: %.20s\n", (int)level, area, text);
    rig->n_runs = (int)strlen(text);
}

TEST(log_hands_over_what_its_level_lets_through)
{
    struct rig rig;
    rig_init(&rig);
    rig.reactor.log.sink = take_log_line;
    rig.reactor.log.user = &rig;
    rig.reactor.log.level = H2CLIENT_LOG_INFO;
    h2i_log(&rig.reactor, H2CLIENT_LOG_DEBUG, "dns", "%d", 1);
    h2i_log(&rig.reactor, H2CLIENT_LOG_INFO, "dns", "%d", 2);
    h2client_reactor_log(&rig.reactor, H2CLIENT_LOG_ERROR, "tls", "three");
    h2client_reactor_log(&rig.reactor, H2CLIENT_LOG_NONE, "tls", "four");
    ck_assert_str_eq(rig.story_buf, "3 dns: 2\n1 tls: three\n");
    rig_finish(&rig);
}

TEST(log_cuts_long_lines)
{
    struct rig rig;
    rig_init(&rig);
    rig.reactor.log.sink = take_log_line;
    rig.reactor.log.user = &rig;
    rig.reactor.log.level = H2CLIENT_LOG_DEBUG;
    h2i_log(&rig.reactor, H2CLIENT_LOG_DEBUG, "dns", "%05000d", 1);
    ck_assert_int_eq(rig.n_runs, 511);
    rig_finish(&rig);
}

TEST(log_without_a_sink_is_silent)
{
    struct rig rig;
    rig_init(&rig);
    rig.reactor.log.level = H2CLIENT_LOG_DEBUG;
    ck_assert(!h2i_reactor_logs(&rig.reactor, H2CLIENT_LOG_ERROR));
    h2i_log(&rig.reactor, H2CLIENT_LOG_ERROR, "dns", "%d", 1);
    h2client_reactor_log(&rig.reactor, H2CLIENT_LOG_ERROR, "dns", "one");
    rig_finish(&rig);
}

TEST_MAIN(
    "reactor", {T(turn_runs_descriptors_then_timers_then_tasks)},
    {T(descriptor_that_is_ready_late_is_told_the_time)}, {T(turn_waits_until_the_next_deadline)},
    {T(turn_waits_no_longer_than_it_was_told)}, {T(turn_does_not_wait_while_something_is_due)},
    {T(turn_takes_the_clock_when_it_begins)}, {T(nothing_planned_has_no_time_out)},
    {T(wake_interrupts_the_turn_after_what_was_due)}, {T(failing_wait_is_a_system_failure)},
    {T(loop_that_cannot_wait_is_turned_without_a_time_out_only)},
    {T(task_deferred_twice_runs_once)}, {T(undeferred_task_does_not_run)},
    {T(task_may_undefer_one_that_was_to_run_after_it)},
    {T(task_deferred_by_a_task_runs_in_the_same_turn)},
    {T(task_that_defers_itself_for_ever_does_not_hold_up_the_turn)},
    {T(timer_that_starts_itself_for_ever_does_not_hold_up_the_turn)},
    {T(timer_may_stop_another_that_is_due)}, {T(task_deferred_by_a_timer_runs_in_the_same_turn)},
    {T(timer_start_without_memory_says_so)}, {T(finished_reactor_leaves_timers_and_tasks_unlinked)},
    {T(loop_is_armed_with_the_earliest_deadline)}, {T(loop_is_not_armed_anew_for_a_later_deadline)},
    {T(loop_is_armed_anew_once_its_deadline_has_passed)},
    {T(loop_is_disarmed_when_its_deadline_has_passed_and_none_is_left)},
    {T(loop_without_arm_is_turned_all_the_same)}, {T(reactor_hands_watches_to_its_loop)},
    {T(log_hands_over_what_its_level_lets_through)}, {T(log_cuts_long_lines)},
    {T(log_without_a_sink_is_silent)})
