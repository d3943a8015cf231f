/* SPDX-License-Identifier: MIT */
/*
 * Driven by an application's own loop, over both real loops: the descriptor, the
 * descriptors, the time until dispatch is due, and waking from another thread. The far
 * end is in memory, so what makes the descriptor readable is ours: starts and timers.
 */
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"
#include "transport/loops.h"
#include "transport/system_posix.h"

#define PATIENCE_MS 10000

/* The rig's session on a real loop and clock instead of the virtual world's. */
struct embedded {
    struct h2t_rig rig;
    h2client_loop *loop;
};

static void start(struct embedded *e, h2client_loop_kind kind)
{
    h2client_session_options options = {.size = sizeof options};
    h2client_fault fault;

    h2t_rig_init(&e->rig);
    e->loop = h2i_loop_create(&e->rig.alloc.allocator, h2i_system_posix(), kind, &fault);
    ck_assert_ptr_nonnull(e->loop);
    options.allocator = &e->rig.alloc.allocator;
    options.loop = e->loop;
    options.dialer = &e->rig.dialer.dialer;
    options.resolver = h2t_fake_resolver_port(e->rig.resolver);
    options.tls_factory = &e->rig.tls.factory;
    e->rig.session = h2client_session_create(&options);
    ck_assert_int_eq(h2client_session_error(e->rig.session)->code, H2CLIENT_OK);
}

static void finish(struct embedded *e)
{
    h2client_session_destroy(e->rig.session);
    e->rig.session = NULL;
    e->loop->ops->destroy(e->loop);
    h2t_rig_finish(&e->rig);
}

static bool is_readable(int fd, int timeout_ms)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};

    return poll(&one, 1, timeout_ms) == 1;
}

static void dispatch(struct embedded *e)
{
    ck_assert_int_eq(h2client_session_dispatch(e->rig.session, 0), H2CLIENT_OK);
}

/* Until the descriptor has nothing more to say. */
static void settle(struct embedded *e, int fd)
{
    for (int i = 0; i < 100 && is_readable(fd, 0); i++)
        dispatch(e);
    ck_assert(!is_readable(fd, 0));
}

static void hold(struct h2t_peer *peer, const struct h2t_seen_request *request,
                 struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    response->is_held = true;
}

/* ---- by one descriptor ---- */

TEST(descriptor_drives_a_call_from_start_to_end)
{
    struct embedded e;
    h2client_call *call;
    int fd;

    start(&e, H2CLIENT_LOOP_EPOLL);
    fd = h2client_session_fd(e.rig.session);
    settle(&e, fd);
    call = h2client_get(e.rig.session, H2T_ORIGIN "/"); /* outside dispatch */
    while (h2client_call_state(call) == H2CLIENT_PENDING) {
        ck_assert(is_readable(fd, PATIENCE_MS));
        dispatch(&e);
    }
    ck_assert_str_eq(h2client_response_body(h2client_call_response(call)).data, "ok");
    ck_assert_ptr_eq(h2client_session_next_done(e.rig.session), call);
    settle(&e, fd);
    h2client_call_destroy(call);
    finish(&e);
}
END_TEST

TEST(descriptor_asked_for_after_a_start_is_readable_too)
{
    struct embedded e;
    h2client_call *call;

    start(&e, H2CLIENT_LOOP_EPOLL);
    call = h2client_get(e.rig.session, H2T_ORIGIN "/");
    ck_assert(is_readable(h2client_session_fd(e.rig.session), 0));
    h2client_call_destroy(call);
    finish(&e);
}
END_TEST

TEST(descriptor_becomes_readable_when_a_limit_passes)
{
    struct embedded e;
    h2client_call *call;
    int fd;

    start(&e, H2CLIENT_LOOP_EPOLL);
    e.rig.plan.peer.on_request = hold;
    fd = h2client_session_fd(e.rig.session);
    call = h2client_get(e.rig.session, H2T_ORIGIN "/", .total_timeout_ms = 30);
    settle(&e, fd);
    while (h2client_call_state(call) == H2CLIENT_PENDING) {
        ck_assert(is_readable(fd, PATIENCE_MS));
        dispatch(&e);
    }
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_ERROR_TIMEOUT);
    h2client_call_destroy(call);
    finish(&e);
}
END_TEST

/* What changes a call outside dispatch has to be seen by a poll. */
TEST(descriptor_becomes_readable_by_a_cancel_and_by_a_resume)
{
    struct embedded e;
    h2client_call *call;
    int fd;

    start(&e, H2CLIENT_LOOP_EPOLL);
    e.rig.plan.peer.on_request = hold;
    fd = h2client_session_fd(e.rig.session);
    call = h2client_get(e.rig.session, H2T_ORIGIN "/");
    settle(&e, fd);
    h2client_call_pause(call);
    h2client_call_resume(call);
    ck_assert(is_readable(fd, 0));
    settle(&e, fd);
    h2client_call_cancel(call);
    ck_assert(is_readable(fd, 0));
    settle(&e, fd);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_ERROR_CANCELLED);
    h2client_call_destroy(call);
    finish(&e);
}
END_TEST

TEST(descriptor_stands_for_all_pollfds)
{
    struct embedded e;
    h2client_pollfd fds[2];

    start(&e, H2CLIENT_LOOP_EPOLL);
    ck_assert_uint_eq(h2client_session_pollfds(e.rig.session, fds, 2), 1);
    ck_assert_int_eq(fds[0].fd, h2client_session_fd(e.rig.session));
    finish(&e);
}
END_TEST

/* ---- by poll(2) ---- */

static void poll_and_dispatch(struct embedded *e)
{
    h2client_pollfd wanted[16];
    struct pollfd fds[16];
    size_t n = h2client_session_pollfds(e->rig.session, wanted, 16);
    int64_t timeout_ms = h2client_session_next_timeout_ms(e->rig.session);

    ck_assert_uint_le(n, 16);
    for (size_t i = 0; i < n; i++)
        fds[i] = (struct pollfd){.fd = wanted[i].fd,
                                 .events =
                                     (short)((wanted[i].events & H2CLIENT_READABLE ? POLLIN : 0) |
                                             (wanted[i].events & H2CLIENT_WRITABLE ? POLLOUT : 0))};
    ck_assert_int_ge(timeout_ms, 0); /* in these tests something is always planned */
    poll(fds, n, (int)timeout_ms);
    dispatch(e);
}

TEST(poll_loop_has_no_descriptor_but_a_time)
{
    struct embedded e;
    h2client_call *call;

    start(&e, H2CLIENT_LOOP_POLL);
    ck_assert_int_eq(h2client_session_fd(e.rig.session), -1);
    ck_assert_int_eq(h2client_session_next_timeout_ms(e.rig.session), -1);
    call = h2client_get(e.rig.session, H2T_ORIGIN "/"); /* outside dispatch */
    ck_assert_int_eq(h2client_session_next_timeout_ms(e.rig.session), 0);
    while (h2client_call_state(call) == H2CLIENT_PENDING)
        poll_and_dispatch(&e);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_OK);
    h2client_call_destroy(call);
    finish(&e);
}
END_TEST

TEST(poll_loop_is_due_when_a_limit_passes)
{
    struct embedded e;
    h2client_call *call;
    int64_t timeout_ms;

    start(&e, H2CLIENT_LOOP_POLL);
    e.rig.plan.peer.on_request = hold;
    call = h2client_get(e.rig.session, H2T_ORIGIN "/", .total_timeout_ms = 30);
    while (h2client_session_next_timeout_ms(e.rig.session) == 0)
        dispatch(&e);
    timeout_ms = h2client_session_next_timeout_ms(e.rig.session);
    ck_assert_int_ge(timeout_ms, 0);
    ck_assert_int_le(timeout_ms, 30);
    while (h2client_call_state(call) == H2CLIENT_PENDING)
        poll_and_dispatch(&e);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_ERROR_TIMEOUT);
    h2client_call_destroy(call);
    finish(&e);
}
END_TEST

/* ---- woken ---- */

static void *wake(void *user)
{
    h2client_session_wake(user);
    return NULL;
}

static void expect_woken(h2client_loop_kind kind)
{
    struct embedded e;
    h2client_call *call;
    pthread_t thread;

    start(&e, kind);
    e.rig.plan.peer.on_request = hold;
    call = h2client_get(e.rig.session, H2T_ORIGIN "/");
    ck_assert_int_eq(pthread_create(&thread, NULL, wake, e.rig.session), 0);
    ck_assert_ptr_null(h2client_call_await(call)); /* would last for ever */
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_PENDING);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    h2client_call_destroy(call);
    finish(&e);
}

TEST(wake_from_a_thread_interrupts_await_on_both_loops)
{
    expect_woken(H2CLIENT_LOOP_EPOLL);
    expect_woken(H2CLIENT_LOOP_POLL);
}
END_TEST

TEST(wake_makes_the_descriptor_readable)
{
    struct embedded e;
    int fd;

    start(&e, H2CLIENT_LOOP_EPOLL);
    fd = h2client_session_fd(e.rig.session);
    settle(&e, fd);
    h2client_session_wake(e.rig.session);
    ck_assert(is_readable(fd, 0));
    ck_assert_int_eq(h2client_session_dispatch(e.rig.session, 0), H2CLIENT_ERROR_INTERRUPTED);
    settle(&e, fd);
    finish(&e);
}
END_TEST

/* ---- a loop of the application's own that cannot wait ---- */

struct own_loop {
    h2client_loop loop;
    int64_t armed_us; /* as it was last told */
};

static int watch_nothing(h2client_loop *loop, h2client_watch *watch, unsigned events)
{
    (void)loop, (void)watch, (void)events;
    return 0;
}

static void arm(h2client_loop *loop, int64_t deadline_us)
{
    ((struct own_loop *)(void *)loop)->armed_us = deadline_us;
}

static const h2client_loop_ops own_ops = {
    .size = sizeof own_ops, .watch = watch_nothing, .arm = arm};

static void start_on_own_loop(struct h2t_rig *rig, struct own_loop *own)
{
    h2client_session_options options = {.size = sizeof options};

    h2t_rig_init(rig);
    rig->plan.peer.on_request = hold;
    *own = (struct own_loop){{&own_ops}, INT64_MAX};
    options.allocator = &rig->alloc.allocator;
    options.system = &rig->world.system;
    options.loop = &own->loop;
    options.dialer = &rig->dialer.dialer;
    options.resolver = h2t_fake_resolver_port(rig->resolver);
    options.tls_factory = &rig->tls.factory;
    rig->session = h2client_session_create(&options);
}

TEST(loop_that_cannot_wait_is_dispatched_only)
{
    struct own_loop own;
    struct h2t_rig rig;
    h2client_call *call;

    start_on_own_loop(&rig, &own);
    rig.plan.peer.on_request = NULL;
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_session_dispatch(rig.session, 5), H2CLIENT_ERROR_INVALID_ARGUMENT);
    h2t_rig_turn(&rig, 10);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_OK);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(loop_of_the_application_is_told_when_to_dispatch)
{
    struct own_loop own;
    struct h2t_rig rig;
    h2client_call *call;

    start_on_own_loop(&rig, &own);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .total_timeout_ms = 30);
    ck_assert_int_le(own.armed_us, rig.world.now_us); /* a start outside dispatch: now */
    h2t_rig_turn(&rig, 10);
    ck_assert_int_eq(own.armed_us, rig.world.now_us + 30000);
    h2client_call_cancel(call);
    ck_assert_int_le(own.armed_us, rig.world.now_us);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST_MAIN("facade_embed", {T(descriptor_drives_a_call_from_start_to_end)},
          {T(descriptor_asked_for_after_a_start_is_readable_too)},
          {T(descriptor_becomes_readable_when_a_limit_passes)},
          {T(descriptor_becomes_readable_by_a_cancel_and_by_a_resume)},
          {T(descriptor_stands_for_all_pollfds)}, {T(poll_loop_has_no_descriptor_but_a_time)},
          {T(poll_loop_is_due_when_a_limit_passes)},
          {T(wake_from_a_thread_interrupts_await_on_both_loops)},
          {T(wake_makes_the_descriptor_readable)}, {T(loop_that_cannot_wait_is_dispatched_only)},
          {T(loop_of_the_application_is_told_when_to_dispatch)})
