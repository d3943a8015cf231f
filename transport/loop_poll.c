/* SPDX-License-Identifier: MIT */
/*
 * The loop on poll(2): POSIX only (pipe2 and ppoll came into it in 2024), one
 * compact array that the kernel reads as it is.
 *
 * Place 0 is the pipe that `wake` writes to; a watch's `slot` is its place, so 0
 * means "not watched". A removed one's place is taken by the last. There is no
 * descriptor that stands for all, and deadlines come as the wait's time-out.
 */
#include "transport/loop_poll.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/alloc.h"

#define FIRST_CAP 16u
#define MAX_CAP (1u << 24)

struct poll_loop {
    h2client_loop loop;
    const h2client_allocator *allocator;
    /* Two arrays of one length, for poll(2) wants the first without gaps. */
    struct pollfd *fds;
    h2client_watch **watches;
    uint32_t n;
    uint32_t cap;
    struct {
        int read_fd;
        int write_fd;
        atomic_bool is_due; /* the pipe is, or is about to be, readable */
    } wake;
};

static struct poll_loop *of(h2client_loop *loop)
{
    return (struct poll_loop *)(void *)loop;
}

static short poll_events(unsigned events)
{
    int wanted = events & H2CLIENT_READABLE ? POLLIN : 0;
    wanted |= events & H2CLIENT_WRITABLE ? POLLOUT : 0;
    return (short)wanted;
}

static unsigned ready_events(short revents)
{
    unsigned ready = revents & POLLIN ? H2CLIENT_READABLE : 0;
    ready |= revents & POLLOUT ? H2CLIENT_WRITABLE : 0;
    ready |= revents & (POLLHUP | POLLERR | POLLNVAL) ? H2CLIENT_HANGUP : 0;
    return ready;
}

/* One that grew while the other could not stays: `cap` tells what both have. */
static bool grow(struct poll_loop *loop, uint32_t cap)
{
    if (cap > MAX_CAP)
        return false;
    struct pollfd *fds = h2i_realloc(loop->allocator, loop->fds, cap * sizeof *fds);
    if (!fds)
        return false;
    loop->fds = fds;
    h2client_watch **watches =
        h2i_realloc(loop->allocator, loop->watches, cap * sizeof(h2client_watch *));
    if (!watches)
        return false;
    loop->watches = watches;
    loop->cap = cap;
    return true;
}

/* ---- watching ---- */

/* `revents` 0: what is added while events are handed out has its turn later. */
static int start_watch(struct poll_loop *loop, h2client_watch *watch, unsigned events)
{
    if (loop->n == loop->cap && !grow(loop, loop->cap * 2))
        return ENOMEM;
    loop->fds[loop->n] = (struct pollfd){.fd = watch->fd, .events = poll_events(events)};
    loop->watches[loop->n] = watch;
    watch->slot = loop->n++;
    watch->events = events;
    return 0;
}

static void stop_watch(struct poll_loop *loop, h2client_watch *watch)
{
    uint32_t place = watch->slot;
    uint32_t last = --loop->n;
    loop->fds[place] = loop->fds[last];
    loop->watches[place] = loop->watches[last];
    loop->watches[place]->slot = place;
    watch->slot = 0;
    watch->events = 0;
}

static int poll_watch(h2client_loop *base, h2client_watch *watch, unsigned events)
{
    struct poll_loop *loop = of(base);
    events &= H2CLIENT_READABLE | H2CLIENT_WRITABLE;
    if (!watch->slot)
        return events ? start_watch(loop, watch, events) : 0;
    if (events) {
        loop->fds[watch->slot].events = poll_events(events);
        watch->events = events;
    } else {
        stop_watch(loop, watch);
    }
    return 0;
}

/* `wait` is given the time-out, and there is no descriptor to make readable. */
static void poll_arm(h2client_loop *base, int64_t deadline_us)
{
    (void)base;
    (void)deadline_us;
}

/* ---- waiting ---- */

/* From the end down, so that the last one, when it takes a removed one's place,
 * has had its turn (its revents are 0) or still comes to it. */
static void hand_out_events(struct poll_loop *loop)
{
    for (uint32_t i = loop->n; i-- > 1;) {
        if (i >= loop->n || !loop->fds[i].revents)
            continue;
        h2client_watch *watch = loop->watches[i];
        unsigned ready = ready_events(loop->fds[i].revents);
        loop->fds[i].revents = 0;
        ready &= watch->events | H2CLIENT_HANGUP; /* an earlier callback may want less by now */
        if (ready)
            watch->on_ready(watch, ready, watch->user);
    }
}

/* Emptied first, then the flag: a wake in between finds it set and needs no
 * writing, for the wait it wants to end is this one. The flag keeps it to a byte. */
static void empty_wake(struct poll_loop *loop)
{
    char byte;
    ssize_t n = read(loop->wake.read_fd, &byte, 1);
    (void)n; /* nothing there is as good */
    atomic_exchange(&loop->wake.is_due, false);
}

static int poll_wait(h2client_loop *base, int64_t timeout_us)
{
    struct poll_loop *loop = of(base);
    struct timespec timeout = {0};
    if (timeout_us > 0) {
        timeout.tv_sec = (time_t)(timeout_us / 1000000);
        timeout.tv_nsec = (long)(timeout_us % 1000000) * 1000;
    }
    int n = ppoll(loop->fds, loop->n, timeout_us < 0 ? NULL : &timeout, NULL);
    if (n < 0)
        return errno == EINTR ? 0 : errno; /* a signal as such wakes nobody */
    bool was_woken = loop->fds[0].revents;
    if (was_woken)
        empty_wake(loop);
    hand_out_events(loop);
    return was_woken ? EINTR : 0;
}

static void poll_wake(h2client_loop *base)
{
    struct poll_loop *loop = of(base);
    if (atomic_exchange(&loop->wake.is_due, true))
        return;
    int saved_errno = errno; /* it is the interrupted code's */
    ssize_t n = write(loop->wake.write_fd, "", 1);
    (void)n; /* fails only when it is readable anyway */
    errno = saved_errno;
}

/* ---- for an application's own loop ---- */

static int poll_fd(h2client_loop *base)
{
    (void)base;
    return -1;
}

static size_t poll_pollfds(h2client_loop *base, h2client_pollfd *fds, size_t cap)
{
    const struct poll_loop *loop = of(base);
    for (uint32_t i = 0; i < loop->n && i < cap; i++) {
        fds[i].fd = loop->fds[i].fd;
        fds[i].events = i ? loop->watches[i]->events : H2CLIENT_READABLE;
    }
    return loop->n;
}

/* ---- life ---- */

static void poll_destroy(h2client_loop *base)
{
    if (!base)
        return;
    struct poll_loop *loop = of(base);
    if (loop->wake.read_fd >= 0) {
        close(loop->wake.read_fd);
        close(loop->wake.write_fd);
    }
    h2i_free(loop->allocator, loop->fds);
    h2i_free(loop->allocator, loop->watches);
    h2i_free(loop->allocator, loop);
}

static int open_wake(struct poll_loop *loop)
{
    int ends[2];
    if (!grow(loop, FIRST_CAP))
        return ENOMEM;
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
        return errno;
    loop->wake.read_fd = ends[0];
    loop->wake.write_fd = ends[1];
    loop->fds[0] = (struct pollfd){.fd = ends[0], .events = POLLIN};
    loop->watches[0] = NULL;
    loop->n = 1;
    return 0;
}

h2client_loop *h2i_loop_poll_create(const h2client_allocator *allocator, int *system_errno)
{
    static const h2client_loop_ops ops = {
        .size = sizeof ops,
        .watch = poll_watch,
        .arm = poll_arm,
        .wait = poll_wait,
        .wake = poll_wake,
        .fd = poll_fd,
        .pollfds = poll_pollfds,
        .destroy = poll_destroy,
    };
    *system_errno = ENOMEM;
    struct poll_loop *loop = h2i_alloc_zeroed(allocator, sizeof *loop);
    if (!loop)
        return NULL;
    loop->loop.ops = &ops;
    loop->allocator = allocator;
    loop->wake.read_fd = loop->wake.write_fd = -1;
    atomic_init(&loop->wake.is_due, false);
    *system_errno = open_wake(loop);
    if (!*system_errno)
        return &loop->loop;
    poll_destroy(&loop->loop);
    return NULL;
}
