/* SPDX-License-Identifier: MIT */
/*
 * Reactor: what the session offers to those who implement a transport, a
 * dialer, a resolver or TLS: the clock, timers, descriptors and "a little
 * later". A port's function gets the reactor as an argument; it is valid as long
 * as the session. Session's thread only; nothing here calls back inside itself.
 */
#ifndef H2CLIENT_REACTOR_H
#define H2CLIENT_REACTOR_H

#include "allocator.h"
#include "log.h"
#include "loop.h"
#include "system.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Runs once at its deadline. Embedded in its owner, who zeroes it and fills the
 * first two fields; must be stopped before the owner goes. */
typedef struct h2client_timer {
    void (*on_expire)(struct h2client_timer *timer, void *user);
    void *user;
    /* The reactor's own. */
    int64_t deadline_us;
    size_t heap_place; /* 1 .. n while started, 0 while not */
} h2client_timer;

/* Runs once, later in the same turn. Embedded like a timer. */
typedef struct h2client_task {
    void (*run)(struct h2client_task *task, void *user);
    void *user;
    /* The reactor's own: linked iff deferred. */
    struct h2client_task *next;
    struct h2client_task *prev;
} h2client_task;

/* Microseconds of the system port's clock: when this turn's timers and tasks began to run; in
 * the on_ready of a watch, and outside of a turn, now. */
H2CLIENT_API int64_t h2client_reactor_now_us(const h2client_reactor *reactor);
H2CLIENT_API h2client_system *h2client_reactor_system(h2client_reactor *reactor);
H2CLIENT_API const h2client_allocator *h2client_reactor_allocator(h2client_reactor *reactor);

/* As the loop port's `watch`; events 0 stops. Returns an errno value or 0. */
H2CLIENT_API int h2client_reactor_watch(h2client_reactor *reactor, h2client_watch *watch,
                                        unsigned events);

/* Starts the timer, or moves one that runs. Fails only for want of memory. */
H2CLIENT_API H2CLIENT_MUST_USE h2client_error_code
h2client_reactor_timer_start(h2client_reactor *reactor, h2client_timer *timer, int64_t deadline_us);
/* Nothing happens when it does not run. */
H2CLIENT_API void h2client_reactor_timer_stop(h2client_reactor *reactor, h2client_timer *timer);

/* Deferring a task twice runs it once. */
H2CLIENT_API void h2client_reactor_defer(h2client_reactor *reactor, h2client_task *task);
H2CLIENT_API void h2client_reactor_undefer(h2client_reactor *reactor, h2client_task *task);

H2CLIENT_API void h2client_reactor_log(h2client_reactor *reactor, h2client_log_level level,
                                       const char *area, const char *text);

#ifdef __cplusplus
}
#endif

#endif
