/* SPDX-License-Identifier: MIT */
/*
 * Reactor: who runs when. A turn is bounded: callbacks that start due timers or
 * defer tasks over and over get another turn, between which descriptors are
 * looked at, so that they cannot starve the rest.
 */
#include "base/reactor.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define MAX_TASK_ROUNDS 8
#define LOG_TEXT_MAX 512
/* In armed_us: what the loop was told has passed, so it waits to be told anew. */
#define ARMED_PASSED INT64_MIN

static void task_list_init(h2client_task *head)
{
    head->next = head->prev = head;
}
static bool task_list_is_empty(const h2client_task *head)
{
    return head->next == head;
}

static void task_append(h2client_task *head, h2client_task *task)
{
    task->prev = head->prev;
    task->next = head;
    head->prev->next = task;
    head->prev = task;
}

static void task_unlink(h2client_task *task)
{
    task->prev->next = task->next;
    task->next->prev = task->prev;
    task->next = task->prev = NULL;
}

/* Takes the first one off; NULL when there is none. */
static h2client_task *task_pop(h2client_task *head)
{
    h2client_task *task = head->next;
    if (task == head)
        return NULL;
    head->next = task->next;
    head->next->prev = head;
    task->next = task->prev = NULL;
    return task;
}

/* Leaves `from` empty; `to` need not be initialised. */
static void task_list_take(h2client_task *to, h2client_task *from)
{
    task_append(from, to);
    task_unlink(from);
    task_list_init(from);
}

void h2i_reactor_init(struct h2client_reactor *reactor, const h2client_allocator *allocator,
                      h2client_system *system, h2client_loop *loop)
{
    *reactor = (struct h2client_reactor){
        .allocator = allocator, .system = system, .loop = loop, .armed_us = INT64_MAX};
    h2i_timers_init(&reactor->timers, allocator);
    task_list_init(&reactor->tasks);
    h2i_list_init(&reactor->ends);
    h2i_reactor_refresh_clock(reactor);
}

void h2i_reactor_note_end(struct h2client_reactor *reactor, struct h2i_reactor_end *end)
{
    h2i_list_append(&reactor->ends, &end->node);
}

void h2i_reactor_finish(struct h2client_reactor *reactor)
{
    struct h2i_list *node;

    while ((node = h2i_list_pop(&reactor->ends))) {
        struct h2i_reactor_end *end = H2I_CONTAINER_OF(node, struct h2i_reactor_end, node);
        end->run(end);
    }
    h2i_timers_finish(&reactor->timers);
    while (task_pop(&reactor->tasks))
        continue;
}

void h2i_reactor_refresh_clock(struct h2client_reactor *reactor)
{
    reactor->now_us = reactor->system->ops->monotonic_us(reactor->system);
}

static int64_t next_deadline_us(const struct h2client_reactor *reactor)
{
    if (!task_list_is_empty(&reactor->tasks))
        return reactor->now_us;
    return h2i_timers_next_deadline(&reactor->timers);
}

int64_t h2i_reactor_next_timeout_us(const struct h2client_reactor *reactor)
{
    int64_t deadline_us = next_deadline_us(reactor);
    if (deadline_us == INT64_MAX)
        return INT64_MAX;
    return deadline_us > reactor->now_us ? deadline_us - reactor->now_us : 0;
}

/* A deadline that moved to a later time is not told: the loop then wakes us once
 * for nothing, which is cheaper than a system call for each request. */
void h2i_reactor_arm(struct h2client_reactor *reactor)
{
    h2client_loop *loop = reactor->loop;
    int64_t deadline_us = next_deadline_us(reactor);
    if (!loop->ops->arm)
        return;
    if (deadline_us >= reactor->armed_us && reactor->armed_us != ARMED_PASSED)
        return;
    reactor->armed_us = deadline_us;
    loop->ops->arm(loop, deadline_us);
}

/* An errno value or 0. A loop that cannot wait has called on_ready before. */
static int wait_for_descriptors(struct h2client_reactor *reactor, int64_t timeout_us)
{
    h2client_loop *loop = reactor->loop;
    int64_t next_us = h2i_reactor_next_timeout_us(reactor);
    if (!loop->ops->wait)
        return 0;
    if (next_us != INT64_MAX && (timeout_us < 0 || timeout_us > next_us))
        timeout_us = next_us;
    return loop->ops->wait(loop, timeout_us);
}

/* No more than ran at first: one that starts itself again waits for its turn. */
static void run_expired_timers(struct h2client_reactor *reactor)
{
    for (size_t n_left = reactor->timers.n; n_left; n_left--) {
        h2client_timer *timer = h2i_timers_take_expired(&reactor->timers, reactor->now_us);
        if (!timer)
            return;
        timer->on_expire(timer, timer->user);
    }
}

static void run_tasks_once(struct h2client_reactor *reactor)
{
    h2client_task batch;
    h2client_task *task;
    task_list_take(&batch, &reactor->tasks);
    while ((task = task_pop(&batch)))
        task->run(task, task->user);
}

static void run_tasks(struct h2client_reactor *reactor)
{
    for (int i = 0; i < MAX_TASK_ROUNDS && !task_list_is_empty(&reactor->tasks); i++)
        run_tasks_once(reactor);
}

h2client_error_code h2i_reactor_turn(struct h2client_reactor *reactor, int64_t timeout_us)
{
    assert(!reactor->is_turning);
    if (timeout_us != 0 && !reactor->loop->ops->wait)
        return H2CLIENT_ERROR_INVALID_ARGUMENT;
    reactor->is_turning = true;
    h2i_reactor_refresh_clock(reactor);
    reactor->is_waiting = true;
    int status = wait_for_descriptors(reactor, timeout_us);
    reactor->is_waiting = false;
    h2i_reactor_refresh_clock(reactor);
    if (reactor->armed_us <= reactor->now_us)
        reactor->armed_us = ARMED_PASSED;
    run_expired_timers(reactor);
    run_tasks(reactor);
    h2i_reactor_arm(reactor);
    reactor->is_turning = false;
    if (status == EINTR)
        return H2CLIENT_ERROR_INTERRUPTED;
    return status ? H2CLIENT_ERROR_SYSTEM_FAILED : H2CLIENT_OK;
}

bool h2i_reactor_logs(const struct h2client_reactor *reactor, h2client_log_level level)
{
    return reactor->log.sink && level != H2CLIENT_LOG_NONE && level <= reactor->log.level;
}

void h2i_log(struct h2client_reactor *reactor, h2client_log_level level, const char *area,
             const char *format, ...)
{
    char text[LOG_TEXT_MAX];
    va_list args;
    if (!h2i_reactor_logs(reactor, level))
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    reactor->log.sink(level, area, text, reactor->log.user);
}

/* A wait may be over for one who tells nobody: a port of the application's own. */
int64_t h2client_reactor_now_us(const h2client_reactor *reactor)
{
    if (reactor->is_turning && !reactor->is_waiting)
        return reactor->now_us;
    return reactor->system->ops->monotonic_us(reactor->system);
}

h2client_system *h2client_reactor_system(h2client_reactor *reactor)
{
    return reactor->system;
}

const h2client_allocator *h2client_reactor_allocator(h2client_reactor *reactor)
{
    return reactor->allocator;
}

int h2client_reactor_watch(h2client_reactor *reactor, h2client_watch *watch, unsigned events)
{
    return reactor->loop->ops->watch(reactor->loop, watch, events);
}

h2client_error_code h2client_reactor_timer_start(h2client_reactor *reactor, h2client_timer *timer,
                                                 int64_t deadline_us)
{
    if (!h2i_timers_start(&reactor->timers, timer, deadline_us))
        return H2CLIENT_ERROR_NO_MEMORY;
    return H2CLIENT_OK;
}

void h2client_reactor_timer_stop(h2client_reactor *reactor, h2client_timer *timer)
{
    h2i_timers_stop(&reactor->timers, timer);
}

void h2client_reactor_defer(h2client_reactor *reactor, h2client_task *task)
{
    if (!task->next)
        task_append(&reactor->tasks, task);
}

void h2client_reactor_undefer(h2client_reactor *reactor, h2client_task *task)
{
    (void)reactor;
    if (task->next)
        task_unlink(task);
}

void h2client_reactor_log(h2client_reactor *reactor, h2client_log_level level, const char *area,
                          const char *text)
{
    if (h2i_reactor_logs(reactor, level))
        reactor->log.sink(level, area, text, reactor->log.user);
}
