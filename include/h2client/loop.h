/* SPDX-License-Identifier: MIT */
/*
 * Loop port: readiness of descriptors, and one deadline.
 *
 * The library brings two loops, epoll (the default on Linux) and poll(2). An
 * application that has a loop of its own can instead
 *   - poll h2client_session_fd() and call h2client_session_dispatch(), or
 *   - hand in its own loop through this port, which needs no descriptor of ours.
 *
 * All functions run on the session's thread, but `wake`, which may be called
 * from any thread and from a signal handler.
 */
#ifndef H2CLIENT_LOOP_H
#define H2CLIENT_LOOP_H

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is wanted of, or reported about, a descriptor or a transport. */
#define H2CLIENT_READABLE 1u
#define H2CLIENT_WRITABLE 2u
/* Reported whether wanted or not; a read or a write then tells what it was. */
#define H2CLIENT_HANGUP 4u

/*
 * One watched descriptor, embedded in its owner, who zeroes it and fills the
 * first three fields. Level-triggered: what is ready is reported again until it
 * is not. `on_ready` may unwatch this and any other watch, and close the
 * descriptor after that.
 */
typedef struct h2client_watch {
    int fd;
    void (*on_ready)(struct h2client_watch *watch, unsigned ready, void *user);
    void *user;
    /* The loop's own. */
    unsigned events;
    uint32_t slot;
    void *reserved[2];
} h2client_watch;

/* A descriptor to poll, for loops that have no single one. */
typedef struct h2client_pollfd {
    int fd;
    unsigned events; /* H2CLIENT_READABLE, H2CLIENT_WRITABLE */
} h2client_pollfd;

typedef struct h2client_loop h2client_loop;

typedef struct h2client_loop_ops {
    size_t size;
    /* Starts to watch, changes what is wanted, or (events 0) stops. Must be
     * stopped before the descriptor is closed. Returns an errno value or 0. */
    int (*watch)(h2client_loop *loop, h2client_watch *watch, unsigned events);
    /* The next moment (system clock, microseconds) at which the session wants to
     * be dispatched though no descriptor is ready; INT64_MAX: none. Called at
     * most once a turn and only when it moved. Loops whose `wait` is given the
     * time-out and that have no descriptor may ignore it. */
    void (*arm)(h2client_loop *loop, int64_t deadline_us);
    /* Waits at most timeout_us (negative: for ever) and calls on_ready for what is
     * ready. Returns 0, EINTR when woken by `wake`, or another errno value. NULL
     * in an application's loop that runs elsewhere: the driving functions then
     * return INVALID_ARGUMENT, and h2client_session_dispatch is the way. */
    int (*wait)(h2client_loop *loop, int64_t timeout_us);
    /* Makes a `wait` that runs, or the next one, return EINTR. Async-signal-safe. */
    void (*wake)(h2client_loop *loop);
    /* A descriptor that is readable whenever a dispatch has something to do
     * (timers and wake-ups included), or -1. Asked for lazily. */
    int (*fd)(h2client_loop *loop);
    /* Writes at most `cap` watched descriptors and returns how many there are. */
    size_t (*pollfds)(h2client_loop *loop, h2client_pollfd *fds, size_t cap);
    void (*destroy)(h2client_loop *loop);
} h2client_loop_ops;

struct h2client_loop {
    const h2client_loop_ops *ops;
};

#ifdef __cplusplus
}
#endif

#endif
