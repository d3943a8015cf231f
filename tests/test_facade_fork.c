/* SPDX-License-Identifier: MIT */
/* After fork(): the child may only destroy, and must not touch what the parent still
 * uses; on a real loop and a real socket, for these are what the two share. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "h2client/h2client.h"
#include "h2client-testing/h2_peer.h"
#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

/* ---- scenario: a session over loopback, its call under way ---- */

struct scenario {
    int listener;
    int server; /* the accepted socket */
    h2client_session *session;
    h2client_call *call;
    struct h2t_peer *peer;
    int n_done;
};

static void count_done(h2client_call *call, const h2client_error *error, void *user)
{
    (void)call, (void)error;
    ++*(int *)user;
}

static void start(struct scenario *s, h2client_loop_kind kind)
{
    const struct h2t_peer_config config = {.on_request = NULL};
    struct sockaddr_in place = {.sin_family = AF_INET};
    socklen_t len = sizeof place;
    char url[64];

    memset(s, 0, sizeof *s);
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(s->listener, (struct sockaddr *)&place, sizeof place), 0);
    ck_assert_int_eq(listen(s->listener, 1), 0);
    ck_assert_int_eq(getsockname(s->listener, (struct sockaddr *)&place, &len), 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", ntohs(place.sin_port));
    s->peer = h2t_peer_create(&config);
    s->session = h2client_session_create(H2CLIENT_SESSION(.loop_kind = kind));
    h2client_session_fd(s->session);
    s->call = h2client_get(s->session, url, .http_version = H2CLIENT_HTTP_2_PRIOR_KNOWLEDGE,
                           .on_done = count_done, .user = &s->n_done);
    h2client_session_dispatch(s->session, 0);
    s->server = accept(s->listener, NULL, NULL);
    for (int i = 0; i < 5; i++)
        h2client_session_dispatch(s->session, 10); /* connected; the request is sent */
}

/* The server answers what has come so far. */
static void answer(struct scenario *s)
{
    char buf[4096];
    ssize_t n = recv(s->server, buf, sizeof buf, MSG_DONTWAIT);
    h2client_bytes out;

    ck_assert_int_gt(n, 0);
    ck_assert(h2t_peer_receive(s->peer, buf, (size_t)n));
    out = h2t_peer_output(s->peer);
    ck_assert_int_eq(send(s->server, out.data, out.len, MSG_NOSIGNAL), (ssize_t)out.len);
    h2t_peer_output_taken(s->peer, out.len);
}

static void finish(struct scenario *s)
{
    h2client_call_destroy(s->call);
    h2client_session_destroy(s->session);
    h2t_peer_destroy(s->peer);
    close(s->server);
    close(s->listener);
}

/* Runs it in a child; what it returns is the child's exit code. */
static void in_child(int (*run)(void *user), void *user)
{
    int status;
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        _exit(run(user));
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}

/* ---- what the parent keeps ---- */

static int destroy_all(void *user)
{
    struct scenario *s = user;

    h2client_call_destroy(s->call);
    h2client_session_destroy(s->session);
    return 0;
}

static void expect_parent_goes_on(h2client_loop_kind kind, int (*run)(void *user))
{
    struct scenario s;

    start(&s, kind);
    in_child(run, &s);
    answer(&s);
    ck_assert_ptr_nonnull(h2client_call_await(s.call));
    ck_assert_str_eq(h2client_response_body(h2client_call_response(s.call)).data, "ok");
    ck_assert_str_eq(h2t_peer_complaint(s.peer), "");
    ck_assert_ptr_null(h2t_peer_last(s.peer, 7 /* GOAWAY */, -1));
    finish(&s);
}

TEST(fork_child_that_destroys_leaves_the_parents_connection_alone)
{
    expect_parent_goes_on(H2CLIENT_LOOP_DEFAULT, destroy_all);
    expect_parent_goes_on(H2CLIENT_LOOP_POLL, destroy_all);
}
END_TEST

static int try_everything(void *user)
{
    struct scenario *s = user;
    h2client_pollfd fd;

    h2client_call_cancel(s->call);
    h2client_session_wake(s->session);
    if (h2client_session_fd(s->session) != -1)
        return 1;
    if (h2client_session_pollfds(s->session, &fd, 1) != 0)
        return 2;
    if (h2client_session_dispatch(s->session, 0) != H2CLIENT_ERROR_FORKED)
        return 3;
    if (h2client_call_await(s->call) || h2client_call_state(s->call) != H2CLIENT_PENDING)
        return 4;
    return destroy_all(s);
}

TEST(fork_child_that_tries_everything_disturbs_nobody)
{
    expect_parent_goes_on(H2CLIENT_LOOP_DEFAULT, try_everything);
    expect_parent_goes_on(H2CLIENT_LOOP_POLL, try_everything);
}
END_TEST

/* ---- what the child gets ---- */

static int start_a_call(void *user)
{
    struct scenario *s = user;
    int n_done = 0;
    h2client_call *call =
        h2client_get(s->session, H2T_ORIGIN "/", .on_done = count_done, .user = &n_done);

    if (!call || h2client_call_await(call))
        return 1;
    if (h2client_call_error(call)->code != H2CLIENT_ERROR_FORKED)
        return 2;
    if (n_done != 1 || s->n_done != 0)
        return 3;
    h2client_call_destroy(call);
    return destroy_all(s);
}

TEST(fork_call_started_in_the_child_ends_with_forked)
{
    expect_parent_goes_on(H2CLIENT_LOOP_DEFAULT, start_a_call);
}
END_TEST

static int gather_calls(void *user)
{
    struct scenario *s = user;
    h2client_call *calls[2] = {NULL, NULL};

    for (int i = 0; i < 2; i++)
        calls[i] = h2client_get(s->session, H2T_ORIGIN "/");
    if (h2client_wait_any(calls, 2) != 0)
        return 1;
    h2client_gather(calls, 2);
    for (int i = 0; i < 2; i++) {
        if (h2client_call_state(calls[i]) != H2CLIENT_ERROR_FORKED)
            return 2;
        h2client_call_destroy(calls[i]);
    }
    return destroy_all(s);
}

TEST(fork_calls_gathered_in_the_child_end_with_forked)
{
    expect_parent_goes_on(H2CLIENT_LOOP_DEFAULT, gather_calls);
}
END_TEST

static int destroy_only(void *user)
{
    struct scenario *s = user;

    h2client_session_destroy(s->session);
    if (s->n_done != 1 || h2client_call_state(s->call) != H2CLIENT_ERROR_FORKED)
        return 1;
    h2client_call_destroy(s->call);
    return 0;
}

TEST(fork_parents_calls_end_with_forked_where_the_child_destroys)
{
    expect_parent_goes_on(H2CLIENT_LOOP_DEFAULT, destroy_only);
}
END_TEST

TEST_MAIN("facade_fork", {T(fork_child_that_destroys_leaves_the_parents_connection_alone)},
          {T(fork_child_that_tries_everything_disturbs_nobody)},
          {T(fork_call_started_in_the_child_ends_with_forked)},
          {T(fork_calls_gathered_in_the_child_end_with_forked)},
          {T(fork_parents_calls_end_with_forked_where_the_child_destroys)})
