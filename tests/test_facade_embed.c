/* SPDX-License-Identifier: MIT */
/* A session in an application's own loop without one descriptor: by poll(2), by a loop
 * port of the application's, and woken from another thread. */
#include <poll.h>
#include <pthread.h>

#include "tests/support/embedded.h"
#include "tests/support/test_main.h"

/* ---- by poll(2) ---- */

static void poll_and_dispatch(struct h2t_embedded *e)
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
    h2t_embedded_dispatch(e);
}

TEST(poll_loop_has_no_descriptor_but_a_time)
{
    struct h2t_embedded e;
    h2client_call *call;

    h2t_embedded_start(&e, H2CLIENT_LOOP_POLL);
    ck_assert_int_eq(h2client_session_fd(e.rig.session), -1);
    ck_assert_int_eq(h2client_session_next_timeout_ms(e.rig.session), -1);
    call = h2client_get(e.rig.session, H2T_ORIGIN "/"); /* outside dispatch */
    ck_assert_int_eq(h2client_session_next_timeout_ms(e.rig.session), 0);
    while (h2client_call_state(call) == H2CLIENT_PENDING)
        poll_and_dispatch(&e);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_OK);
    h2client_call_destroy(call);
    h2t_embedded_finish(&e);
}
END_TEST

TEST(poll_loop_is_due_when_a_limit_passes)
{
    struct h2t_embedded e;
    h2client_call *call;
    int64_t timeout_ms;

    h2t_embedded_start(&e, H2CLIENT_LOOP_POLL);
    e.rig.plan.peer.on_request = h2t_hold;
    call = h2client_get(e.rig.session, H2T_ORIGIN "/", .total_timeout_ms = 30);
    while (h2client_session_next_timeout_ms(e.rig.session) == 0)
        h2t_embedded_dispatch(&e);
    timeout_ms = h2client_session_next_timeout_ms(e.rig.session);
    ck_assert_int_ge(timeout_ms, 0);
    ck_assert_int_le(timeout_ms, 30);
    while (h2client_call_state(call) == H2CLIENT_PENDING)
        poll_and_dispatch(&e);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_ERROR_TIMEOUT);
    h2client_call_destroy(call);
    h2t_embedded_finish(&e);
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
    struct h2t_embedded e;
    h2client_call *call;
    pthread_t thread;

    h2t_embedded_start(&e, kind);
    e.rig.plan.peer.on_request = h2t_hold;
    call = h2client_get(e.rig.session, H2T_ORIGIN "/");
    ck_assert_int_eq(pthread_create(&thread, NULL, wake, e.rig.session), 0);
    ck_assert_ptr_null(h2client_call_await(call)); /* would last for ever */
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_PENDING);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    h2client_call_destroy(call);
    h2t_embedded_finish(&e);
}

TEST(wake_from_a_thread_interrupts_await_on_both_loops)
{
    expect_woken(H2CLIENT_LOOP_DEFAULT);
    expect_woken(H2CLIENT_LOOP_POLL);
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
    rig->plan.peer.on_request = h2t_hold;
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

TEST_MAIN("facade_embed", {T(poll_loop_has_no_descriptor_but_a_time)},
          {T(poll_loop_is_due_when_a_limit_passes)},
          {T(wake_from_a_thread_interrupts_await_on_both_loops)},
          {T(loop_that_cannot_wait_is_dispatched_only)},
          {T(loop_of_the_application_is_told_when_to_dispatch)})
