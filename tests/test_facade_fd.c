/* SPDX-License-Identifier: MIT */
/*
 * A session in an application's own loop by its one descriptor, which is epoll's. The far
 * end is in memory, so what makes it readable is ours: starts, timers and wake-ups.
 */
#include <poll.h>

#include "tests/support/embedded.h"
#include "tests/support/test_main.h"

#define PATIENCE_MS 10000

static bool is_readable(int fd, int timeout_ms)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};

    return poll(&one, 1, timeout_ms) == 1;
}

/* Until the descriptor has nothing more to say. */
static void settle(struct h2t_embedded *e, int fd)
{
    for (int i = 0; i < 100 && is_readable(fd, 0); i++)
        h2t_embedded_dispatch(e);
    ck_assert(!is_readable(fd, 0));
}

TEST(descriptor_drives_a_call_from_start_to_end)
{
    struct h2t_embedded e;
    h2client_call *call;
    int fd;

    h2t_embedded_start(&e, H2CLIENT_LOOP_EPOLL);
    fd = h2client_session_fd(e.rig.session);
    settle(&e, fd);
    call = h2client_get(e.rig.session, H2T_ORIGIN "/"); /* outside dispatch */
    while (h2client_call_state(call) == H2CLIENT_PENDING) {
        ck_assert(is_readable(fd, PATIENCE_MS));
        h2t_embedded_dispatch(&e);
    }
    ck_assert_str_eq(h2client_response_body(h2client_call_response(call)).data, "ok");
    ck_assert_ptr_eq(h2client_session_next_done(e.rig.session), call);
    settle(&e, fd);
    h2client_call_destroy(call);
    h2t_embedded_finish(&e);
}
END_TEST

TEST(descriptor_asked_for_after_a_start_is_readable_too)
{
    struct h2t_embedded e;
    h2client_call *call;

    h2t_embedded_start(&e, H2CLIENT_LOOP_EPOLL);
    call = h2client_get(e.rig.session, H2T_ORIGIN "/");
    ck_assert(is_readable(h2client_session_fd(e.rig.session), 0));
    h2client_call_destroy(call);
    h2t_embedded_finish(&e);
}
END_TEST

TEST(descriptor_becomes_readable_when_a_limit_passes)
{
    struct h2t_embedded e;
    h2client_call *call;
    int fd;

    h2t_embedded_start(&e, H2CLIENT_LOOP_EPOLL);
    e.rig.plan.peer.on_request = h2t_hold;
    fd = h2client_session_fd(e.rig.session);
    call = h2client_get(e.rig.session, H2T_ORIGIN "/", .total_timeout_ms = 30);
    settle(&e, fd);
    while (h2client_call_state(call) == H2CLIENT_PENDING) {
        ck_assert(is_readable(fd, PATIENCE_MS));
        h2t_embedded_dispatch(&e);
    }
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_ERROR_TIMEOUT);
    h2client_call_destroy(call);
    h2t_embedded_finish(&e);
}
END_TEST

/* What changes a call outside dispatch has to be seen by a poll. */
TEST(descriptor_becomes_readable_by_a_cancel_and_by_a_resume)
{
    struct h2t_embedded e;
    h2client_call *call;
    int fd;

    h2t_embedded_start(&e, H2CLIENT_LOOP_EPOLL);
    e.rig.plan.peer.on_request = h2t_hold;
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
    h2t_embedded_finish(&e);
}
END_TEST

TEST(descriptor_stands_for_all_pollfds)
{
    struct h2t_embedded e;
    h2client_pollfd fds[2];

    h2t_embedded_start(&e, H2CLIENT_LOOP_EPOLL);
    ck_assert_uint_eq(h2client_session_pollfds(e.rig.session, fds, 2), 1);
    ck_assert_int_eq(fds[0].fd, h2client_session_fd(e.rig.session));
    h2t_embedded_finish(&e);
}
END_TEST

TEST(wake_makes_the_descriptor_readable)
{
    struct h2t_embedded e;
    int fd;

    h2t_embedded_start(&e, H2CLIENT_LOOP_EPOLL);
    fd = h2client_session_fd(e.rig.session);
    settle(&e, fd);
    h2client_session_wake(e.rig.session);
    ck_assert(is_readable(fd, 0));
    ck_assert_int_eq(h2client_session_dispatch(e.rig.session, 0), H2CLIENT_ERROR_INTERRUPTED);
    settle(&e, fd);
    h2t_embedded_finish(&e);
}
END_TEST

TEST_MAIN("facade_fd", {T(descriptor_drives_a_call_from_start_to_end)},
          {T(descriptor_asked_for_after_a_start_is_readable_too)},
          {T(descriptor_becomes_readable_when_a_limit_passes)},
          {T(descriptor_becomes_readable_by_a_cancel_and_by_a_resume)},
          {T(descriptor_stands_for_all_pollfds)}, {T(wake_makes_the_descriptor_readable)})
