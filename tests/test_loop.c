/* SPDX-License-Identifier: MIT */
/* The loop port: what every loop promises. Built once for each kind of loop, which
 * H2T_LOOP_KIND names; test_loop_epoll.c and test_loop_poll.c have the rest. */
#include "transport/loops.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/test_alloc.h"
#include "tests/support/test_main.h"
#include "transport/system_posix.h"

/* ---- scenario: a loop, and socket pairs whose first end is watched ---- */

#define MAX_PAIRS 200

struct rig;

struct pair {
    h2client_watch watch; /* of the first end */
    int far;              /* the second end */
    struct rig *rig;
    unsigned n_calls;
    unsigned last_ready;
};

struct rig {
    struct h2t_alloc alloc;
    h2client_loop *loop;
    struct pair pairs[MAX_PAIRS];
    unsigned n_calls;                                    /* of all on_ready */
    void (*on_call)(struct rig *rig, struct pair *pair); /* NULL: only counted */
};

static void on_ready(h2client_watch *watch, unsigned ready, void *user)
{
    struct pair *pair = user;
    ck_assert_ptr_eq(watch, &pair->watch);
    pair->n_calls++;
    pair->last_ready = ready;
    pair->rig->n_calls++;
    if (pair->rig->on_call)
        pair->rig->on_call(pair->rig, pair);
}

static int watch(struct pair *pair, unsigned events)
{
    return pair->rig->loop->ops->watch(pair->rig->loop, &pair->watch, events);
}

static int wait_us(struct rig *rig, int64_t timeout_us)
{
    rig->n_calls = 0;
    return rig->loop->ops->wait(rig->loop, timeout_us);
}

static struct pair *open_pair(struct rig *rig, int which)
{
    struct pair *pair = &rig->pairs[which];
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    *pair = (struct pair){.far = ends[1], .rig = rig};
    pair->watch = (h2client_watch){.fd = ends[0], .on_ready = on_ready, .user = pair};
    return pair;
}

static void close_pair(struct pair *pair)
{
    ck_assert_int_eq(watch(pair, 0), 0);
    close(pair->watch.fd);
    close(pair->far);
    pair->rig = NULL;
}

static struct pair *open_readable(struct rig *rig, int which)
{
    struct pair *pair = open_pair(rig, which);
    ck_assert_int_eq(write(pair->far, "x", 1), 1);
    ck_assert_int_eq(watch(pair, H2CLIENT_READABLE), 0);
    return pair;
}

static struct rig *open_rig(void)
{
    static struct rig rig;
    h2client_fault fault;
    memset(&rig, 0, sizeof rig);
    h2t_alloc_init(&rig.alloc);
    rig.loop = h2i_loop_create(&rig.alloc.allocator, h2i_system_posix(), H2T_LOOP_KIND, &fault);
    ck_assert_ptr_nonnull(rig.loop);
    return &rig;
}

static void close_rig(struct rig *rig)
{
    for (int i = 0; i < MAX_PAIRS; i++) {
        if (rig->pairs[i].rig)
            close_pair(&rig->pairs[i]);
    }
    rig->loop->ops->destroy(rig->loop);
    h2t_alloc_check(&rig->alloc);
}

static int64_t now_us(void)
{
    return h2i_system_posix()->ops->monotonic_us(h2i_system_posix());
}

static int lowest_free_fd(void)
{
    int fd = dup(0);
    close(fd);
    return fd;
}

/* ---- readiness ---- */

TEST(loop_reports_what_is_readable_until_it_is_read)
{
    struct rig *rig = open_rig();
    struct pair *pair = open_readable(rig, 0);
    char byte;
    ck_assert_int_eq(wait_us(rig, -1), 0);
    ck_assert_uint_eq(pair->last_ready, H2CLIENT_READABLE);
    ck_assert_int_eq(wait_us(rig, 0), 0);
    ck_assert_uint_eq(pair->n_calls, 2);
    ck_assert_int_eq(read(pair->watch.fd, &byte, 1), 1);
    ck_assert_int_eq(wait_us(rig, 0), 0);
    ck_assert_uint_eq(pair->n_calls, 2);
    close_rig(rig);
}

TEST(loop_reports_only_what_is_wanted)
{
    struct rig *rig = open_rig();
    struct pair *pair = open_readable(rig, 0);
    ck_assert_int_eq(watch(pair, H2CLIENT_WRITABLE), 0);
    wait_us(rig, -1);
    ck_assert_uint_eq(pair->last_ready, H2CLIENT_WRITABLE);
    ck_assert_int_eq(watch(pair, H2CLIENT_WRITABLE | H2CLIENT_READABLE), 0);
    wait_us(rig, -1);
    ck_assert_uint_eq(pair->last_ready, H2CLIENT_WRITABLE | H2CLIENT_READABLE);
    ck_assert_int_eq(watch(pair, H2CLIENT_READABLE), 0);
    wait_us(rig, -1);
    ck_assert_uint_eq(pair->last_ready, H2CLIENT_READABLE);
    close_rig(rig);
}

TEST(loop_reports_a_hangup_without_being_asked)
{
    struct rig *rig = open_rig();
    struct pair *pair = open_pair(rig, 0);
    ck_assert_int_eq(watch(pair, H2CLIENT_WRITABLE), 0);
    close(pair->far);
    pair->far = -1;
    wait_us(rig, -1);
    ck_assert(pair->last_ready & H2CLIENT_HANGUP);
    close_rig(rig);
}

TEST(loop_reports_nothing_of_what_is_not_watched_any_more)
{
    struct rig *rig = open_rig();
    struct pair *pair = open_readable(rig, 0);
    ck_assert_int_eq(watch(pair, 0), 0);
    ck_assert_int_eq(wait_us(rig, 0), 0);
    ck_assert_uint_eq(pair->n_calls, 0);
    close_rig(rig);
}

TEST(loop_stops_what_was_never_watched_without_complaint)
{
    struct rig *rig = open_rig();
    struct pair *pair = open_pair(rig, 0);
    ck_assert_int_eq(watch(pair, 0), 0);
    close_rig(rig);
}

TEST(loop_watches_again_what_it_stopped_to_watch)
{
    struct rig *rig = open_rig();
    struct pair *pair = open_readable(rig, 0);
    ck_assert_int_eq(watch(pair, 0), 0);
    ck_assert_int_eq(watch(pair, H2CLIENT_READABLE), 0);
    ck_assert_int_eq(wait_us(rig, -1), 0);
    ck_assert_uint_eq(pair->n_calls, 1);
    close_rig(rig);
}

TEST(loop_serves_everyone_of_many)
{
    struct rig *rig = open_rig();
    for (int i = 0; i < MAX_PAIRS; i++)
        open_readable(rig, i);
    for (int turn = 0; turn < 4; turn++)
        wait_us(rig, 0);
    for (int i = 0; i < MAX_PAIRS; i++)
        ck_assert_uint_ge(rig->pairs[i].n_calls, 1);
    close_rig(rig);
}

TEST(loop_serves_those_that_stay_when_others_go)
{
    struct rig *rig = open_rig();
    for (int i = 0; i < 10; i++)
        open_readable(rig, i);
    for (int i = 0; i < 10; i += 3)
        close_pair(&rig->pairs[i]);
    wait_us(rig, 0);
    ck_assert_uint_eq(rig->n_calls, 6);
    close_rig(rig);
}

TEST(loop_allocates_nothing_in_a_turn)
{
    struct rig *rig = open_rig();
    for (int i = 0; i < 20; i++)
        open_readable(rig, i);
    uint64_t n_before = rig->alloc.n_calls;
    for (int turn = 0; turn < 5; turn++)
        wait_us(rig, 0);
    ck_assert_uint_eq(rig->alloc.n_calls, n_before);
    close_rig(rig);
}

/* ---- changes while events are handed out ---- */

static void close_all_others(struct rig *rig, struct pair *pair)
{
    for (int i = 0; i < MAX_PAIRS; i++) {
        if (rig->pairs[i].rig && &rig->pairs[i] != pair)
            close_pair(&rig->pairs[i]);
    }
}

TEST(loop_drops_events_of_those_closed_in_the_same_turn)
{
    struct rig *rig = open_rig();
    for (int i = 0; i < 5; i++) /* hung up too, which is reported whatever is wanted */
        shutdown(open_readable(rig, i)->far, SHUT_RDWR);
    rig->on_call = close_all_others;
    wait_us(rig, 0);
    ck_assert_uint_eq(rig->n_calls, 1);
    close_rig(rig);
}

static void stop_self(struct rig *rig, struct pair *pair)
{
    (void)rig;
    watch(pair, 0);
}

TEST(loop_serves_each_once_when_all_stop_themselves)
{
    struct rig *rig = open_rig();
    for (int i = 0; i < 5; i++)
        open_readable(rig, i);
    rig->on_call = stop_self;
    wait_us(rig, 0);
    for (int i = 0; i < 5; i++)
        ck_assert_uint_eq(rig->pairs[i].n_calls, 1);
    wait_us(rig, 0);
    ck_assert_uint_eq(rig->n_calls, 0);
    close_rig(rig);
}

static void stop_previous_and_next(struct rig *rig, struct pair *pair)
{
    long which = pair - rig->pairs;
    watch(&rig->pairs[which ^ 1], 0);
}

TEST(loop_serves_one_of_each_two_that_stop_each_other)
{
    struct rig *rig = open_rig();
    for (int i = 0; i < 20; i++)
        open_readable(rig, i);
    rig->on_call = stop_previous_and_next;
    wait_us(rig, 0);
    ck_assert_uint_eq(rig->n_calls, 10);
    wait_us(rig, 0);
    ck_assert_uint_eq(rig->n_calls, 10);
    close_rig(rig);
}

static void add_twenty(struct rig *rig, struct pair *pair)
{
    (void)pair;
    for (int i = 10; i < 30; i++)
        open_readable(rig, i);
    rig->on_call = NULL;
}

TEST(loop_serves_those_added_in_a_turn_from_the_next_on)
{
    struct rig *rig = open_rig();
    open_readable(rig, 0);
    open_readable(rig, 1);
    rig->on_call = add_twenty;
    wait_us(rig, 0);
    ck_assert_uint_eq(rig->n_calls, 2);
    wait_us(rig, 0);
    ck_assert_uint_eq(rig->n_calls, 22);
    close_rig(rig);
}

/* The other of two is closed, and a quiet one gets its number (and its watch). */
static void replace_other(struct rig *rig, struct pair *pair)
{
    struct pair *other = &rig->pairs[pair == &rig->pairs[0]];
    int number = other->watch.fd;
    close_pair(other);
    open_pair(rig, (int)(other - rig->pairs));
    ck_assert_int_eq(other->watch.fd, number);
    ck_assert_int_eq(watch(other, H2CLIENT_READABLE), 0);
    rig->on_call = NULL;
}

TEST(loop_gives_no_stale_event_to_a_descriptor_of_the_same_number)
{
    struct rig *rig = open_rig();
    open_readable(rig, 0);
    open_readable(rig, 1);
    rig->on_call = replace_other;
    wait_us(rig, 0);
    ck_assert_uint_eq(rig->n_calls, 1);
    close_rig(rig);
}

static void make_other_want_to_write(struct rig *rig, struct pair *pair)
{
    watch(&rig->pairs[pair == &rig->pairs[0]], H2CLIENT_WRITABLE);
    rig->on_call = NULL;
}

TEST(loop_does_not_report_what_is_no_longer_wanted_in_the_same_turn)
{
    struct rig *rig = open_rig();
    open_readable(rig, 0);
    open_readable(rig, 1);
    rig->on_call = make_other_want_to_write;
    wait_us(rig, 0);
    ck_assert_uint_eq(rig->n_calls, 1);
    wait_us(rig, 0);
    ck_assert_uint_eq(rig->pairs[0].last_ready | rig->pairs[1].last_ready,
                      H2CLIENT_READABLE | H2CLIENT_WRITABLE);
    close_rig(rig);
}

/* ---- time ---- */

TEST(loop_waits_as_long_as_it_is_told)
{
    struct rig *rig = open_rig();
    static const int64_t waits_us[] = {1, 300, 2500};
    for (int i = 0; i < 3; i++) {
        int64_t start_us = now_us();
        ck_assert_int_eq(wait_us(rig, waits_us[i]), 0);
        /* The clock is cut to whole microseconds on both sides. */
        ck_assert_int_ge(now_us() - start_us, waits_us[i] - 1);
    }
    close_rig(rig);
}

TEST(loop_takes_a_time_out_of_centuries)
{
    struct rig *rig = open_rig();
    open_readable(rig, 0);
    ck_assert_int_eq(wait_us(rig, INT64_MAX), 0);
    ck_assert_uint_eq(rig->n_calls, 1);
    close_rig(rig);
}

/* ---- wake ---- */

TEST(loop_ends_the_next_wait_after_a_wake_and_only_that)
{
    struct rig *rig = open_rig();
    rig->loop->ops->wake(rig->loop);
    ck_assert_int_eq(wait_us(rig, -1), EINTR);
    ck_assert_int_eq(wait_us(rig, 0), 0);
    rig->loop->ops->wake(rig->loop);
    ck_assert_int_eq(wait_us(rig, -1), EINTR);
    close_rig(rig);
}

TEST(loop_takes_many_wakes_for_one)
{
    struct rig *rig = open_rig();
    for (int i = 0; i < 100000; i++)
        rig->loop->ops->wake(rig->loop);
    ck_assert_int_eq(wait_us(rig, -1), EINTR);
    ck_assert_int_eq(wait_us(rig, 0), 0);
    close_rig(rig);
}

TEST(loop_serves_descriptors_also_when_woken)
{
    struct rig *rig = open_rig();
    open_readable(rig, 0);
    rig->loop->ops->wake(rig->loop);
    ck_assert_int_eq(wait_us(rig, -1), EINTR);
    ck_assert_uint_eq(rig->n_calls, 1);
    close_rig(rig);
}

static void *wake_often(void *user)
{
    struct rig *rig = user;
    for (int i = 0; i < 1000; i++)
        rig->loop->ops->wake(rig->loop);
    return NULL;
}

TEST(loop_is_woken_from_another_thread_and_never_for_the_last_time)
{
    struct rig *rig = open_rig();
    pthread_t thread;
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(pthread_create(&thread, NULL, wake_often, rig), 0);
        ck_assert_int_eq(wait_us(rig, -1), EINTR);
        pthread_join(thread, NULL);
        wait_us(rig, 0); /* one that came after that wait */
    }
    close_rig(rig);
}

static h2client_loop *loop_to_wake;
static void wake_from_signal(int number)
{
    (void)number;
    if (loop_to_wake)
        loop_to_wake->ops->wake(loop_to_wake);
}

/* SIGALRM comes every millisecond, so that one of them meets a loop that waits. */
static void start_signals(h2client_loop *loop)
{
    loop_to_wake = loop;
    struct sigaction action = {.sa_handler = wake_from_signal};
    sigaction(SIGALRM, &action, NULL);
    ualarm(1000, 1000);
}

TEST(loop_is_woken_from_a_signal_handler)
{
    struct rig *rig = open_rig();
    start_signals(rig->loop);
    int outcome;
    do { /* the interrupted wait may end first; the wake is then the next one's */
        outcome = wait_us(rig, -1);
    } while (outcome == 0);
    ualarm(0, 0);
    ck_assert_int_eq(outcome, EINTR);
    close_rig(rig);
}

TEST(loop_takes_no_signal_for_a_wake)
{
    struct rig *rig = open_rig();
    start_signals(NULL);
    ck_assert_int_eq(wait_us(rig, -1), 0);
    ualarm(0, 0);
    close_rig(rig);
}

/* Not even when its write fails: the loop's descriptors take no bytes any more. */
TEST(loop_wakes_without_touching_errno)
{
    int first = lowest_free_fd();
    struct rig *rig = open_rig();
    int unwritable = open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (int fd = first; fd < unwritable; fd++)
        ck_assert_int_eq(dup2(unwritable, fd), fd);
    errno = 4711;
    rig->loop->ops->wake(rig->loop);
    ck_assert_int_eq(errno, 4711);
    close(unwritable);
    close_rig(rig);
}

/* ---- resources ---- */

TEST(loop_closes_its_descriptors_in_a_program_that_is_executed)
{
    struct rig *rig = open_rig();
    rig->loop->ops->fd(rig->loop);
    for (int fd = 3; fd < lowest_free_fd(); fd++) {
        /* Check's own pipe is not ours: it is a file without the non-blocking flag. */
        if (fcntl(fd, F_GETFL) & O_NONBLOCK)
            ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    }
    close_rig(rig);
}

TEST(loop_grows_or_says_that_there_is_no_memory)
{
    struct rig *rig = open_rig();
    int failure = 0;
    rig->alloc.fail_at = rig->alloc.n_calls + 1;
    int n = 0;
    for (; n < MAX_PAIRS && !failure; n++) {
        struct pair *pair = open_pair(rig, n);
        failure = watch(pair, H2CLIENT_WRITABLE);
    }
    ck_assert_int_eq(failure, ENOMEM);
    ck_assert_int_eq(watch(&rig->pairs[n - 1], H2CLIENT_WRITABLE), 0);
    wait_us(rig, 0);
    ck_assert_uint_eq(rig->n_calls, (unsigned)n);
    close_rig(rig);
}

static h2client_error_code code_of_failed_creation(const struct h2t_alloc *alloc)
{
    h2client_fault fault = {.code = H2CLIENT_OK};
    ck_assert_ptr_null(
        h2i_loop_create(&alloc->allocator, h2i_system_posix(), H2T_LOOP_KIND, &fault));
    h2t_alloc_check(alloc);
    return fault.code;
}

TEST(loop_is_not_made_without_memory)
{
    struct h2t_alloc alloc;
    h2t_alloc_init(&alloc);
    alloc.fail_at = 1;
    ck_assert_int_eq(code_of_failed_creation(&alloc), H2CLIENT_ERROR_NO_MEMORY);
}

/* None is left at first, then one. */
TEST(loop_is_not_made_without_descriptors)
{
    struct h2t_alloc alloc;
    struct rlimit before;
    h2t_alloc_init(&alloc);
    getrlimit(RLIMIT_NOFILE, &before);
    for (int n_left = 0; n_left < 2; n_left++) {
        struct rlimit limit = {(rlim_t)(lowest_free_fd() + n_left), before.rlim_max};
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
        ck_assert_int_eq(code_of_failed_creation(&alloc), H2CLIENT_ERROR_NO_DESCRIPTORS);
        setrlimit(RLIMIT_NOFILE, &before);
    }
}

/* ---- for an application's own loop ---- */

TEST(loop_pollfds_are_readable_when_something_is_to_be_done)
{
    struct rig *rig = open_rig();
    struct pair *pair = open_pair(rig, 0);
    ck_assert_int_eq(watch(pair, H2CLIENT_READABLE), 0);
    h2client_pollfd list[4];
    size_t n = rig->loop->ops->pollfds(rig->loop, list, 4);
    ck_assert(n == 1 || n == 2);
    struct pollfd fds[2];
    for (size_t i = 0; i < n; i++) {
        ck_assert_uint_eq(list[i].events, H2CLIENT_READABLE);
        fds[i] = (struct pollfd){.fd = list[i].fd, .events = POLLIN};
    }
    ck_assert_int_eq(poll(fds, n, 0), 0);
    ck_assert_int_eq(write(pair->far, "x", 1), 1);
    ck_assert_int_eq(poll(fds, n, 0), 1);
    ck_assert_int_eq(read(pair->watch.fd, &(char){0}, 1), 1);
    rig->loop->ops->wake(rig->loop);
    ck_assert_int_eq(poll(fds, n, 0), 1);
    close_rig(rig);
}

TEST_MAIN("loop", {T(loop_reports_what_is_readable_until_it_is_read)},
          {T(loop_reports_only_what_is_wanted)}, {T(loop_reports_a_hangup_without_being_asked)},
          {T(loop_reports_nothing_of_what_is_not_watched_any_more)},
          {T(loop_stops_what_was_never_watched_without_complaint)},
          {T(loop_watches_again_what_it_stopped_to_watch)}, {T(loop_serves_everyone_of_many)},
          {T(loop_serves_those_that_stay_when_others_go)}, {T(loop_allocates_nothing_in_a_turn)},
          {T(loop_drops_events_of_those_closed_in_the_same_turn)},
          {T(loop_serves_each_once_when_all_stop_themselves)},
          {T(loop_serves_one_of_each_two_that_stop_each_other)},
          {T(loop_serves_those_added_in_a_turn_from_the_next_on)},
          {T(loop_gives_no_stale_event_to_a_descriptor_of_the_same_number)},
          {T(loop_does_not_report_what_is_no_longer_wanted_in_the_same_turn)},
          {T(loop_waits_as_long_as_it_is_told)}, {T(loop_takes_a_time_out_of_centuries)},
          {T(loop_ends_the_next_wait_after_a_wake_and_only_that)},
          {T(loop_takes_many_wakes_for_one)}, {T(loop_serves_descriptors_also_when_woken)},
          {T(loop_is_woken_from_another_thread_and_never_for_the_last_time)},
          {T(loop_is_woken_from_a_signal_handler)}, {T(loop_takes_no_signal_for_a_wake)},
          {T(loop_wakes_without_touching_errno)},
          {T(loop_closes_its_descriptors_in_a_program_that_is_executed)},
          {T(loop_grows_or_says_that_there_is_no_memory)}, {T(loop_is_not_made_without_memory)},
          {T(loop_is_not_made_without_descriptors)},
          {T(loop_pollfds_are_readable_when_something_is_to_be_done)})
