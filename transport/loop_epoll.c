/* SPDX-License-Identifier: MIT */
/*
 * The loop on epoll, level-triggered: an inner edge once taken would hide unread
 * bytes from an application that polls our descriptor.
 *
 * Every watch has a slot; an event carries the slot's number and its generation,
 * so that one which was fetched before its watch went away (or another took its
 * place) meets a newer generation and is dropped. The eventfd is there from the
 * start, since `wake` may come from a signal handler; the timerfd only once `fd`
 * was asked for, since our own waits pass a time-out instead. A turn allocates
 * nothing. It is not a thread's business: only `wake` may come from elsewhere.
 */
#include "transport/loop_epoll.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/alloc.h"

#define N_EVENTS_A_WAIT 64
#define NO_SLOT UINT32_MAX
/* What the loop's own descriptors carry instead of slot and generation. */
#define KEY_WAKE UINT64_MAX
#define KEY_TIMER (UINT64_MAX - 1)

struct slot {
    h2client_watch *watch; /* NULL: free */
    uint32_t generation;   /* counts the watches that were here */
    uint32_t next_free;
};

struct epoll_loop {
    h2client_loop loop;
    const h2client_allocator *allocator;
    h2client_system *system;
    int epoll_fd;
    struct {
        struct slot *all; /* a watch's `slot` is its index here plus one; 0: not watched */
        uint32_t n;
        uint32_t cap;
        uint32_t first_free;
    } slots;
    struct {
        int fd; /* -1 until `fd` was asked for */
        int64_t deadline_us;
        int64_t armed_us; /* what the timerfd fires at, or fired at; never later than wanted */
    } timer;
    struct {
        int fd;
        atomic_bool is_due; /* the eventfd is, or is about to be, readable */
    } wake;
    bool has_no_pwait2; /* the kernel, or a sandbox, refused it once */
};

static struct epoll_loop *of(h2client_loop *loop)
{
    return (struct epoll_loop *)(void *)loop;
}

/* ---- slots ---- */

static bool grow_slots(struct epoll_loop *loop)
{
    uint32_t cap = loop->slots.cap ? loop->slots.cap * 2 : 16;
    size_t n_bytes;
    if (cap >= NO_SLOT / 2 || !h2i_size_mul(cap, sizeof(struct slot), &n_bytes))
        return false;
    struct slot *all = h2i_realloc(loop->allocator, loop->slots.all, n_bytes);
    if (!all)
        return false;
    loop->slots.all = all;
    loop->slots.cap = cap;
    return true;
}

static uint32_t take_slot(struct epoll_loop *loop, h2client_watch *watch)
{
    uint32_t index = loop->slots.first_free;
    if (index != NO_SLOT) {
        loop->slots.first_free = loop->slots.all[index].next_free;
    } else {
        if (loop->slots.n == loop->slots.cap && !grow_slots(loop))
            return NO_SLOT;
        index = loop->slots.n++;
        loop->slots.all[index].generation = 0;
    }
    loop->slots.all[index].watch = watch;
    return index;
}

static void free_slot(struct epoll_loop *loop, uint32_t index)
{
    struct slot *slot = &loop->slots.all[index];
    slot->watch = NULL;
    slot->generation++;
    slot->next_free = loop->slots.first_free;
    loop->slots.first_free = index;
}

/* ---- watching ---- */

static int control(struct epoll_loop *loop, int operation, const h2client_watch *watch,
                   unsigned events, uint32_t index)
{
    uint64_t generation = loop->slots.all[index].generation;
    struct epoll_event event = {.data.u64 = generation << 32 | index};
    event.events |= events & H2CLIENT_READABLE ? EPOLLIN : 0u;
    event.events |= events & H2CLIENT_WRITABLE ? EPOLLOUT : 0u;
    return epoll_ctl(loop->epoll_fd, operation, watch->fd, &event) ? errno : 0;
}

static int start_watch(struct epoll_loop *loop, h2client_watch *watch, unsigned events)
{
    uint32_t index = take_slot(loop, watch);
    if (index == NO_SLOT)
        return ENOMEM;
    int failure = control(loop, EPOLL_CTL_ADD, watch, events, index);
    if (failure) {
        free_slot(loop, index);
        return failure;
    }
    watch->slot = index + 1;
    watch->events = events;
    return 0;
}

static int change_watch(struct epoll_loop *loop, h2client_watch *watch, unsigned events)
{
    if (events == watch->events)
        return 0;
    int failure = control(loop, EPOLL_CTL_MOD, watch, events, watch->slot - 1);
    if (!failure)
        watch->events = events;
    return failure;
}

static int stop_watch(struct epoll_loop *loop, h2client_watch *watch)
{
    int failure = control(loop, EPOLL_CTL_DEL, watch, 0, watch->slot - 1);
    free_slot(loop, watch->slot - 1);
    watch->slot = 0;
    watch->events = 0;
    return failure;
}

static int epoll_watch(h2client_loop *base, h2client_watch *watch, unsigned events)
{
    struct epoll_loop *loop = of(base);
    events &= H2CLIENT_READABLE | H2CLIENT_WRITABLE;
    if (!watch->slot)
        return events ? start_watch(loop, watch, events) : 0;
    return events ? change_watch(loop, watch, events) : stop_watch(loop, watch);
}

/* ---- the timerfd ---- */

static void set_timer(struct epoll_loop *loop, int64_t at_us)
{
    loop->timer.armed_us = at_us;
    struct itimerspec setting = {0};
    if (at_us != INT64_MAX) {
        int64_t delay_us = at_us - loop->system->ops->monotonic_us(loop->system);
        /* All zero would disarm: one that is due fires in a nanosecond. */
        setting.it_value.tv_sec = delay_us > 0 ? (time_t)(delay_us / 1000000) : 0;
        setting.it_value.tv_nsec = delay_us > 0 ? (long)(delay_us % 1000000) * 1000 : 1;
    }
    timerfd_settime(loop->timer.fd, 0, &setting, NULL);
}

static bool has_fired(const struct epoll_loop *loop)
{
    return loop->timer.armed_us <= loop->system->ops->monotonic_us(loop->system);
}

/* A later deadline is not worth a system call: the timer fires early once, and is
 * then set again. */
static void epoll_arm(h2client_loop *base, int64_t deadline_us)
{
    struct epoll_loop *loop = of(base);
    loop->timer.deadline_us = deadline_us;
    if (loop->timer.fd >= 0 && (deadline_us < loop->timer.armed_us || has_fired(loop)))
        set_timer(loop, deadline_us);
}

/* One that is due keeps our descriptor readable until `arm` names a new deadline.
 * A wait that would block has nothing due, whatever was armed last: it stops the
 * timer, or it would spin. */
static void on_timer(struct epoll_loop *loop, int64_t timeout_us)
{
    int64_t now_us = loop->system->ops->monotonic_us(loop->system);
    if (loop->timer.deadline_us > now_us)
        set_timer(loop, loop->timer.deadline_us);
    else if (timeout_us)
        set_timer(loop, INT64_MAX);
}

/* ---- waiting ---- */

static int wait_ms(struct epoll_loop *loop, struct epoll_event *events, int64_t timeout_us)
{
    /* Rounded up: a wait that ends too early would be repeated at once. */
    int64_t timeout_ms = timeout_us / 1000 + (timeout_us % 1000 > 0);
    if (timeout_us < 0)
        timeout_ms = -1;
    else if (timeout_ms > INT32_MAX)
        timeout_ms = INT32_MAX;
    return epoll_wait(loop->epoll_fd, events, N_EVENTS_A_WAIT, (int)timeout_ms);
}

#ifdef H2I_HAS_EPOLL_PWAIT2
static int wait_for_events(struct epoll_loop *loop, struct epoll_event *events, int64_t timeout_us)
{
    if (timeout_us <= 0 || loop->has_no_pwait2)
        return wait_ms(loop, events, timeout_us);
    struct timespec timeout = {(time_t)(timeout_us / 1000000), (long)(timeout_us % 1000000) * 1000};
    int n = epoll_pwait2(loop->epoll_fd, events, N_EVENTS_A_WAIT, &timeout, NULL);
    if (n >= 0 || (errno != ENOSYS && errno != EPERM))
        return n;
    loop->has_no_pwait2 = true;
    return wait_ms(loop, events, timeout_us);
}
#else
static int wait_for_events(struct epoll_loop *loop, struct epoll_event *events, int64_t timeout_us)
{
    return wait_ms(loop, events, timeout_us);
}
#endif

static void on_descriptor(struct epoll_loop *loop, const struct epoll_event *event)
{
    uint32_t index = (uint32_t)event->data.u64;
    uint32_t generation = (uint32_t)(event->data.u64 >> 32);
    struct slot *slot = &loop->slots.all[index];
    if (!slot->watch || slot->generation != generation)
        return;
    h2client_watch *watch = slot->watch;
    unsigned ready = 0;
    ready |= event->events & EPOLLIN ? H2CLIENT_READABLE : 0;
    ready |= event->events & EPOLLOUT ? H2CLIENT_WRITABLE : 0;
    ready &= watch->events; /* an earlier callback may want less by now */
    ready |= event->events & (EPOLLHUP | EPOLLERR) ? H2CLIENT_HANGUP : 0;
    if (ready)
        watch->on_ready(watch, ready, watch->user);
}

/* Emptied first, then the flag: a wake in between finds it set and needs no
 * writing, for the wait it wants to end is this one. */
static void empty_wake(struct epoll_loop *loop)
{
    uint64_t count;
    ssize_t n = read(loop->wake.fd, &count, sizeof count);
    (void)n; /* nothing there is as good */
    atomic_exchange(&loop->wake.is_due, false);
}

static int epoll_wait_turn(h2client_loop *base, int64_t timeout_us)
{
    struct epoll_loop *loop = of(base);
    struct epoll_event events[N_EVENTS_A_WAIT];
    int n = wait_for_events(loop, events, timeout_us);
    if (n < 0)
        return errno == EINTR ? 0 : errno; /* a signal as such wakes nobody */
    bool was_woken = false;
    for (int i = 0; i < n; i++) {
        if (events[i].data.u64 == KEY_WAKE) {
            was_woken = true;
            empty_wake(loop);
        } else if (events[i].data.u64 == KEY_TIMER) {
            on_timer(loop, timeout_us);
        } else {
            on_descriptor(loop, &events[i]);
        }
    }
    return was_woken ? EINTR : 0;
}

static void epoll_wake(h2client_loop *base)
{
    struct epoll_loop *loop = of(base);
    if (atomic_exchange(&loop->wake.is_due, true))
        return;
    int saved_errno = errno; /* it is the interrupted code's */
    uint64_t one = 1;
    ssize_t n = write(loop->wake.fd, &one, sizeof one);
    (void)n; /* fails only when it is readable anyway */
    errno = saved_errno;
}

/* ---- for an application's own loop ---- */

static int add_own(struct epoll_loop *loop, int fd, uint64_t key)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = key};
    return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? errno : 0;
}

static int epoll_loop_fd(h2client_loop *base)
{
    struct epoll_loop *loop = of(base);
    if (loop->timer.fd >= 0)
        return loop->epoll_fd;
    loop->timer.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (loop->timer.fd < 0)
        return -1;
    if (add_own(loop, loop->timer.fd, KEY_TIMER)) {
        close(loop->timer.fd);
        loop->timer.fd = -1;
        return -1;
    }
    set_timer(loop, loop->timer.deadline_us);
    return loop->epoll_fd;
}

/* The epoll descriptor stands for all that it watches. */
static size_t epoll_pollfds(h2client_loop *base, h2client_pollfd *fds, size_t cap)
{
    if (cap)
        fds[0] = (h2client_pollfd){of(base)->epoll_fd, H2CLIENT_READABLE};
    return 1;
}

/* ---- life ---- */

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

static void epoll_destroy(h2client_loop *base)
{
    if (!base)
        return;
    struct epoll_loop *loop = of(base);
    close_fd(loop->timer.fd);
    close_fd(loop->wake.fd);
    close_fd(loop->epoll_fd);
    h2i_free(loop->allocator, loop->slots.all);
    h2i_free(loop->allocator, loop);
}

static int open_descriptors(struct epoll_loop *loop)
{
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0)
        return errno;
    loop->wake.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return loop->wake.fd < 0 ? errno : add_own(loop, loop->wake.fd, KEY_WAKE);
}

h2client_loop *h2i_loop_epoll_create(const h2client_allocator *allocator, h2client_system *system,
                                     int *system_errno)
{
    static const h2client_loop_ops ops = {
        .size = sizeof ops,
        .watch = epoll_watch,
        .arm = epoll_arm,
        .wait = epoll_wait_turn,
        .wake = epoll_wake,
        .fd = epoll_loop_fd,
        .pollfds = epoll_pollfds,
        .destroy = epoll_destroy,
    };
    *system_errno = ENOMEM;
    struct epoll_loop *loop = h2i_alloc_zeroed(allocator, sizeof *loop);
    if (!loop)
        return NULL;
    loop->loop.ops = &ops;
    loop->allocator = allocator;
    loop->system = system;
    loop->epoll_fd = loop->wake.fd = loop->timer.fd = -1;
    loop->slots.first_free = NO_SLOT;
    loop->timer.deadline_us = loop->timer.armed_us = INT64_MAX;
    atomic_init(&loop->wake.is_due, false);
    *system_errno = open_descriptors(loop);
    if (!*system_errno)
        return &loop->loop;
    epoll_destroy(&loop->loop);
    return NULL;
}
