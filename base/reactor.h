/* SPDX-License-Identifier: MIT */
/*
 * Reactor: the inside of h2client_reactor. It joins the loop port, the system
 * port's clock, the timers and the deferred tasks, and knows no system call. The
 * session owns one and turns it; tests make their own over the virtual clock.
 *
 * A turn: wait -> descriptors' on_ready -> expired timers -> deferred tasks (also
 * those deferred meanwhile, up to a bound; the rest makes the next wait a poll).
 */
#ifndef H2I_REACTOR_H
#define H2I_REACTOR_H

#include "base/list.h"
#include "base/timers.h"
#include "h2client/reactor.h"

typedef void (*h2i_log_sink)(h2client_log_level level, const char *area, const char *text,
                             void *user);

struct h2client_reactor {
    const h2client_allocator *allocator;
    h2client_system *system; /* borrowed */
    h2client_loop *loop;     /* borrowed */
    struct h2i_timers timers;
    struct h2i_list ends;
    h2client_task tasks; /* head of a circular list; only its links are used */
    int64_t now_us;      /* taken when the turn begins, and when the wait is over */
    /* What the loop was last told; INT64_MAX: nothing; INT64_MIN: that has passed. */
    int64_t armed_us;
    bool is_turning;
    bool is_waiting; /* and no descriptor was ready yet */
    struct {
        h2i_log_sink sink; /* NULL: nobody listens */
        void *user;
        h2client_log_level level;
    } log;
};

void h2i_reactor_init(struct h2client_reactor *reactor, const h2client_allocator *allocator,
                      h2client_system *system, h2client_loop *loop);
void h2i_reactor_finish(struct h2client_reactor *reactor);

/* For who keeps watches or timers that are no transport's: runs when the reactor goes, while
 * its loop is still there. Embedded in its owner, who zeroes it and sets `run`. */
struct h2i_reactor_end {
    struct h2i_list node;
    void (*run)(struct h2i_reactor_end *end);
};
void h2i_reactor_note_end(struct h2client_reactor *reactor, struct h2i_reactor_end *end);
static inline void h2i_reactor_forget_end(struct h2i_reactor_end *end)
{
    h2i_list_remove(&end->node);
}

/* One turn; waits at most timeout_us (negative: for ever), not at all when a task
 * is deferred or a timer is due. Returns OK, INTERRUPTED (after doing what was
 * due) or SYSTEM_FAILED. A loop without `wait` is turned with time-out 0 only, else
 * INVALID_ARGUMENT. */
h2client_error_code h2i_reactor_turn(struct h2client_reactor *reactor, int64_t timeout_us);
/* 0: due now; INT64_MAX: nothing is planned. */
int64_t h2i_reactor_next_timeout_us(const struct h2client_reactor *reactor);
/* Tells the loop the next deadline if it moved: before an application polls. */
void h2i_reactor_arm(struct h2client_reactor *reactor);
/* Takes the clock again (a start outside a turn). */
void h2i_reactor_refresh_clock(struct h2client_reactor *reactor);

/* A descriptor is ready: however long the wait for it was, it is over. For who hears of it from
 * the loop; a loop of the application's may call at any time. */
static inline void h2i_reactor_note_ready(struct h2client_reactor *reactor)
{
    if (!reactor->is_waiting && reactor->is_turning)
        return;
    reactor->is_waiting = false;
    h2i_reactor_refresh_clock(reactor);
}

bool h2i_reactor_logs(const struct h2client_reactor *reactor, h2client_log_level level);
__attribute__((format(printf, 4, 5))) void h2i_log(struct h2client_reactor *reactor,
                                                   h2client_log_level level, const char *area,
                                                   const char *format, ...);

#endif
