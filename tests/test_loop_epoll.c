/* SPDX-License-Identifier: MIT */
/*
 * What the loop on epoll promises besides test_loop.c: one descriptor that an
 * application can poll. Its system port is a clock that the tests set; the timerfd
 * is the kernel's, so "soon" is a millisecond.
 */
#include "transport/loop_epoll.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/test_alloc.h"
#include "tests/support/test_main.h"

#define START_US 1000000
#define SOON_US 1000
#define NEVER_MS 60000 /* longer than a test may take */

struct rig {
    struct h2t_alloc alloc;
    h2client_system system;
    int64_t now_us;
    h2client_loop *loop;
    int ends[2]; /* of a pipe; the first is watched where a test says so */
    h2client_watch reader;
    unsigned n_calls;
};

static int64_t told_us(h2client_system *system)
{
    return ((struct rig *)(void *)((char *)system - offsetof(struct rig, system)))->now_us;
}

static void on_ready(h2client_watch *watch, unsigned ready, void *user)
{
    (void)watch;
    (void)ready;
    ((struct rig *)user)->n_calls++;
}

static void open_rig(struct rig *rig)
{
    static const h2client_system_ops clock = {.size = sizeof clock, .monotonic_us = told_us};
    int failure;
    memset(rig, 0, sizeof *rig);
    h2t_alloc_init(&rig->alloc);
    rig->system.ops = &clock;
    rig->now_us = START_US;
    rig->loop = h2i_loop_epoll_create(&rig->alloc.allocator, &rig->system, &failure);
    ck_assert_ptr_nonnull(rig->loop);
    ck_assert_int_eq(pipe(rig->ends), 0);
    rig->reader = (h2client_watch){.fd = rig->ends[0], .on_ready = on_ready, .user = rig};
}

static void close_rig(struct rig *rig)
{
    close(rig->ends[0]);
    close(rig->ends[1]);
    rig->loop->ops->destroy(rig->loop);
    h2t_alloc_check(&rig->alloc);
}

static int fd_of(struct rig *rig)
{
    return rig->loop->ops->fd(rig->loop);
}
static void arm(struct rig *rig, int64_t at_us)
{
    rig->loop->ops->arm(rig->loop, at_us);
}

/* What an application sees that polls our descriptor. */
static bool is_readable(struct rig *rig, int timeout_ms)
{
    struct pollfd one = {.fd = fd_of(rig), .events = POLLIN};
    return poll(&one, 1, timeout_ms) == 1;
}

/* The kernel's timer has fired, and our clock says so too. */
static void let_pass(struct rig *rig, int64_t at_us)
{
    ck_assert(is_readable(rig, NEVER_MS));
    rig->now_us = at_us;
}

TEST(epoll_descriptor_is_quiet_while_nothing_is_to_be_done)
{
    struct rig rig;
    open_rig(&rig);
    ck_assert_int_ge(fd_of(&rig), 0);
    ck_assert(!is_readable(&rig, 0));
    arm(&rig, START_US + 3600 * 1000000LL);
    ck_assert(!is_readable(&rig, 0));
    close_rig(&rig);
}

TEST(epoll_descriptor_is_readable_while_a_watched_one_is)
{
    struct rig rig;
    open_rig(&rig);
    rig.loop->ops->watch(rig.loop, &rig.reader, H2CLIENT_READABLE);
    ck_assert_int_eq(write(rig.ends[1], "x", 1), 1);
    ck_assert(is_readable(&rig, 0));
    rig.loop->ops->wait(rig.loop, 0);
    ck_assert(is_readable(&rig, 0)); /* it was not read: level-triggered */
    ck_assert_int_eq(read(rig.ends[0], &(char){0}, 1), 1);
    ck_assert(!is_readable(&rig, 0));
    close_rig(&rig);
}

TEST(epoll_descriptor_is_readable_after_a_wake)
{
    struct rig rig;
    open_rig(&rig);
    rig.loop->ops->wake(rig.loop);
    ck_assert(is_readable(&rig, 0));
    ck_assert_int_eq(rig.loop->ops->wait(rig.loop, 0), EINTR);
    ck_assert(!is_readable(&rig, 0));
    close_rig(&rig);
}

TEST(epoll_descriptor_is_readable_when_the_deadline_passes)
{
    struct rig rig;
    open_rig(&rig);
    fd_of(&rig);
    arm(&rig, START_US + SOON_US);
    ck_assert(is_readable(&rig, NEVER_MS));
    close_rig(&rig);
}

TEST(epoll_descriptor_asked_for_late_knows_the_deadline)
{
    struct rig rig;
    open_rig(&rig);
    arm(&rig, START_US + SOON_US);
    ck_assert(is_readable(&rig, NEVER_MS));
    close_rig(&rig);
}

TEST(epoll_deadline_in_the_past_fires_at_once)
{
    struct rig rig;
    open_rig(&rig);
    fd_of(&rig);
    arm(&rig, START_US - 5);
    ck_assert(is_readable(&rig, NEVER_MS));
    close_rig(&rig);
}

TEST(epoll_earlier_deadline_replaces_a_later_one)
{
    struct rig rig;
    open_rig(&rig);
    fd_of(&rig);
    arm(&rig, START_US + 3600 * 1000000LL);
    arm(&rig, START_US + SOON_US);
    ck_assert(is_readable(&rig, NEVER_MS));
    close_rig(&rig);
}

TEST(epoll_later_deadline_costs_one_idle_turn_and_then_holds)
{
    struct rig rig;
    open_rig(&rig);
    fd_of(&rig);
    arm(&rig, START_US + SOON_US);
    arm(&rig, START_US + 3600 * 1000000LL);
    let_pass(&rig, START_US + SOON_US);
    ck_assert_int_eq(rig.loop->ops->wait(rig.loop, 0), 0);
    ck_assert(!is_readable(&rig, 0));
    close_rig(&rig);
}

TEST(epoll_deadline_that_is_due_stays_so_until_the_next_is_named)
{
    struct rig rig;
    open_rig(&rig);
    fd_of(&rig);
    arm(&rig, START_US + SOON_US);
    let_pass(&rig, START_US + SOON_US);
    ck_assert_int_eq(rig.loop->ops->wait(rig.loop, 0), 0);
    ck_assert(is_readable(&rig, 0));
    arm(&rig, INT64_MAX);
    ck_assert(!is_readable(&rig, 0));
    arm(&rig, rig.now_us + SOON_US);
    ck_assert(is_readable(&rig, NEVER_MS));
    close_rig(&rig);
}

TEST(epoll_wait_that_blocks_is_not_kept_awake_by_a_past_deadline)
{
    struct rig rig;
    open_rig(&rig);
    fd_of(&rig);
    arm(&rig, START_US + SOON_US);
    let_pass(&rig, START_US + SOON_US);
    ck_assert_int_eq(rig.loop->ops->wait(rig.loop, 1000), 0);
    ck_assert(!is_readable(&rig, 0));
    close_rig(&rig);
}

TEST(epoll_descriptor_nests_in_an_applications_epoll)
{
    struct rig rig;
    open_rig(&rig);
    int outer = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    ck_assert_int_eq(epoll_ctl(outer, EPOLL_CTL_ADD, fd_of(&rig), &event), 0);
    ck_assert_int_eq(epoll_wait(outer, &event, 1, 0), 0);
    rig.loop->ops->wake(rig.loop);
    ck_assert_int_eq(epoll_wait(outer, &event, 1, 0), 1);
    close(outer);
    close_rig(&rig);
}

TEST(epoll_opens_its_timer_only_when_the_descriptor_is_asked_for)
{
    struct rig rig;
    open_rig(&rig);
    int next = dup(0);
    close(next);
    arm(&rig, START_US + SOON_US);
    ck_assert_int_eq(dup2(0, next), next); /* the number is still free */
    close(next);
    fd_of(&rig);
    ck_assert_int_gt(dup(0), next);
    close(next + 1);
    close_rig(&rig);
}

TEST(epoll_gives_no_descriptor_when_there_is_none_for_the_timer)
{
    struct rig rig;
    struct rlimit before;
    open_rig(&rig);
    getrlimit(RLIMIT_NOFILE, &before);
    int next = dup(0);
    close(next);
    struct rlimit limit = {(rlim_t)next, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &limit);
    ck_assert_int_eq(fd_of(&rig), -1);
    setrlimit(RLIMIT_NOFILE, &before);
    ck_assert_int_ge(fd_of(&rig), 0);
    close_rig(&rig);
}

TEST(epoll_refuses_a_regular_file)
{
    struct rig rig;
    open_rig(&rig);
    FILE *file = tmpfile();
    h2client_watch watch = {.fd = fileno(file), .on_ready = on_ready, .user = &rig};
    ck_assert_int_eq(rig.loop->ops->watch(rig.loop, &watch, H2CLIENT_READABLE), EPERM);
    ck_assert_int_eq(rig.loop->ops->watch(rig.loop, &watch, 0), 0);
    fclose(file);
    close_rig(&rig);
}

TEST(epoll_serves_after_a_refused_descriptor)
{
    struct rig rig;
    open_rig(&rig);
    h2client_watch closed = {.fd = dup(0), .on_ready = on_ready, .user = &rig};
    close(closed.fd);
    ck_assert_int_eq(rig.loop->ops->watch(rig.loop, &closed, H2CLIENT_READABLE), EBADF);
    ck_assert_int_eq(rig.loop->ops->watch(rig.loop, &rig.reader, H2CLIENT_READABLE), 0);
    ck_assert_int_eq(write(rig.ends[1], "x", 1), 1);
    rig.loop->ops->wait(rig.loop, 0);
    ck_assert_uint_eq(rig.n_calls, 1);
    close_rig(&rig);
}

TEST(epoll_itself_stands_for_all_that_it_watches)
{
    struct rig rig;
    open_rig(&rig);
    h2client_pollfd list[2] = {{.fd = -7}, {.fd = -7}};
    rig.loop->ops->watch(rig.loop, &rig.reader, H2CLIENT_READABLE);
    ck_assert_uint_eq(rig.loop->ops->pollfds(rig.loop, NULL, 0), 1);
    ck_assert_uint_eq(rig.loop->ops->pollfds(rig.loop, list, 2), 1);
    ck_assert_int_eq(list[0].fd, fd_of(&rig));
    ck_assert_int_eq(list[1].fd, -7);
    close_rig(&rig);
}

/* From now on the kernel has no epoll_pwait2(2), for this process. */
static void take_pwait2_away(void)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_pwait2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof rules / sizeof rules[0], .filter = rules};
    ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

TEST(epoll_waits_its_time_where_the_kernel_counts_milliseconds_only)
{
    struct rig rig;
    struct timespec before, after;
    open_rig(&rig);
    take_pwait2_away();
    for (int i = 0; i < 2; i++) {
        clock_gettime(CLOCK_MONOTONIC, &before);
        ck_assert_int_eq(rig.loop->ops->wait(rig.loop, 300), 0);
        clock_gettime(CLOCK_MONOTONIC, &after);
        int64_t waited_ns = (after.tv_sec - before.tv_sec) * 1000000000LL;
        waited_ns += after.tv_nsec - before.tv_nsec;
        ck_assert_int_ge(waited_ns, 300000);
    }
    close_rig(&rig);
}

TEST_MAIN("loop_epoll", {T(epoll_descriptor_is_quiet_while_nothing_is_to_be_done)},
          {T(epoll_descriptor_is_readable_while_a_watched_one_is)},
          {T(epoll_descriptor_is_readable_after_a_wake)},
          {T(epoll_descriptor_is_readable_when_the_deadline_passes)},
          {T(epoll_descriptor_asked_for_late_knows_the_deadline)},
          {T(epoll_deadline_in_the_past_fires_at_once)},
          {T(epoll_earlier_deadline_replaces_a_later_one)},
          {T(epoll_later_deadline_costs_one_idle_turn_and_then_holds)},
          {T(epoll_deadline_that_is_due_stays_so_until_the_next_is_named)},
          {T(epoll_wait_that_blocks_is_not_kept_awake_by_a_past_deadline)},
          {T(epoll_descriptor_nests_in_an_applications_epoll)},
          {T(epoll_opens_its_timer_only_when_the_descriptor_is_asked_for)},
          {T(epoll_gives_no_descriptor_when_there_is_none_for_the_timer)},
          {T(epoll_refuses_a_regular_file)}, {T(epoll_serves_after_a_refused_descriptor)},
          {T(epoll_itself_stands_for_all_that_it_watches)},
          {T(epoll_waits_its_time_where_the_kernel_counts_milliseconds_only)})
