/* SPDX-License-Identifier: MIT */
/* Transports over descriptors that are there already, and pairs in memory, on the real loop. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "h2client/h2client.h"
#include "tests/support/test_alloc.h"
#include "tests/support/test_main.h"

static const char answer[] = "HTTP/1.1 200 Fine\r\ncontent-length: 5\r\n\r\nhello";

struct rig {
    struct h2t_alloc alloc;
    h2client_dialer *dialer;
    h2client_session *session;
};

static void start(struct rig *rig, h2client_dialer *dialer)
{
    rig->dialer = dialer;
    rig->session = h2client_session_create(
        H2CLIENT_SESSION(.dialer = dialer, .allocator = &rig->alloc.allocator));
}

static void finish(struct rig *rig)
{
    h2client_session_destroy(rig->session);
    h2client_dialer_destroy(rig->dialer);
    h2t_alloc_check(&rig->alloc);
}

static h2client_call *get(struct rig *rig)
{
    return h2client_get(rig->session, "http://anywhere.test/", .total_timeout_ms = 5000,
                        .retry = H2CLIENT_RETRY(.max_replays = H2CLIENT_NONE));
}

static void expect_hello(h2client_call *call)
{
    const h2client_response *resp = h2client_call_await(call);

    ck_assert_msg(resp != NULL, "%s", h2client_call_error(call)->message);
    ck_assert_uint_eq(h2client_response_body(resp).len, 5);
    h2client_call_destroy(call);
}

static void expect_error(h2client_call *call, h2client_error_code code, const char *part)
{
    const h2client_error *error = h2client_call_error(call);

    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_msg(error->code == code, "%s: %s", h2client_error_name(error->code), error->message);
    ck_assert_msg(strstr(error->message, part) != NULL, "%s", error->message);
    h2client_call_destroy(call);
}

TEST(pipes_carry_a_call)
{
    int up[2], down[2];
    char heard[1000] = "";
    struct rig rig;

    h2t_alloc_init(&rig.alloc);
    ck_assert_int_eq(pipe2(up, O_CLOEXEC) | pipe2(down, O_CLOEXEC), 0);
    ck_assert_int_eq(write(down[1], answer, strlen(answer)), strlen(answer));
    start(&rig, h2client_fd_dialer_create(down[0], up[1], &rig.alloc.allocator));
    expect_hello(get(&rig));
    ck_assert_int_gt(read(up[0], heard, sizeof heard - 1), 0);
    ck_assert_int_eq(strncmp(heard, "GET / HTTP/1.1\r\n", 16), 0);
    finish(&rig);
    ck_assert_int_eq(read(up[0], heard, sizeof heard), 0); /* ours is closed */
    close(up[0]);
    close(down[1]);
}
END_TEST

TEST(socket_is_one_descriptor_for_both)
{
    int ends[2];
    struct rig rig;

    h2t_alloc_init(&rig.alloc);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    ck_assert_int_eq(send(ends[1], answer, strlen(answer), 0), strlen(answer));
    start(&rig, h2client_fd_dialer_create(ends[0], ends[0], &rig.alloc.allocator));
    expect_hello(get(&rig));
    finish(&rig);
    close(ends[1]);
}
END_TEST

TEST(descriptors_are_one_connection_and_no_second)
{
    int up[2], down[2];
    struct rig rig;

    h2t_alloc_init(&rig.alloc);
    ck_assert_int_eq(pipe2(up, O_CLOEXEC) | pipe2(down, O_CLOEXEC), 0);
    ck_assert_int_eq(write(down[1], answer, strlen(answer)), strlen(answer));
    close(down[1]);
    start(&rig, h2client_fd_dialer_create(down[0], up[1], &rig.alloc.allocator));
    expect_hello(get(&rig));
    expect_error(get(&rig), H2CLIENT_ERROR_CONNECT_FAILED, "there is no other");
    finish(&rig);
    close(up[0]);
}
END_TEST

TEST(pipe_nobody_reads_raises_no_signal)
{
    int up[2], down[2];
    sigset_t pending;
    struct rig rig;

    h2t_alloc_init(&rig.alloc);
    signal(SIGPIPE, SIG_DFL); /* it would end the test */
    ck_assert_int_eq(pipe2(up, O_CLOEXEC) | pipe2(down, O_CLOEXEC), 0);
    close(up[0]);
    start(&rig, h2client_fd_dialer_create(down[0], up[1], &rig.alloc.allocator));
    expect_error(get(&rig), H2CLIENT_ERROR_CONNECTION_RESET, "writing to a descriptor");
    sigpending(&pending);
    ck_assert_int_eq(sigismember(&pending, SIGPIPE), 0);
    finish(&rig);
    close(down[1]);
}
END_TEST

TEST(signal_that_was_pending_before_stays)
{
    int up[2], down[2];
    sigset_t mask, before, pending;
    struct rig rig;

    h2t_alloc_init(&rig.alloc);
    sigemptyset(&mask);
    sigaddset(&mask, SIGPIPE);
    sigprocmask(SIG_BLOCK, &mask, &before);
    raise(SIGPIPE);
    ck_assert_int_eq(pipe2(up, O_CLOEXEC) | pipe2(down, O_CLOEXEC), 0);
    close(up[0]);
    start(&rig, h2client_fd_dialer_create(down[0], up[1], &rig.alloc.allocator));
    expect_error(get(&rig), H2CLIENT_ERROR_CONNECTION_RESET, "writing to a descriptor");
    finish(&rig);
    sigpending(&pending);
    ck_assert_int_eq(sigismember(&pending, SIGPIPE), 1);
    signal(SIGPIPE, SIG_IGN); /* discards it */
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(down[1]);
}
END_TEST

TEST(file_is_no_connection)
{
    char path[] = "/tmp/h2client-file-XXXXXX";
    int fd = mkstemp(path);
    struct rig rig;

    unlink(path);
    h2t_alloc_init(&rig.alloc);
    start(&rig, h2client_fd_dialer_create(fd, fd, &rig.alloc.allocator));
    expect_error(get(&rig), H2CLIENT_ERROR_CONNECT_FAILED, "a file is no connection");
    finish(&rig);
    h2t_alloc_init(&rig.alloc);
    start(&rig, h2client_fd_dialer_create(-1, -1, &rig.alloc.allocator));
    expect_error(get(&rig), H2CLIENT_ERROR_CONNECT_FAILED, "a descriptor: ");
    finish(&rig);
}
END_TEST

TEST(descriptors_nobody_wanted_are_closed)
{
    int ends[2];
    struct rig rig;

    h2t_alloc_init(&rig.alloc);
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    start(&rig, h2client_fd_dialer_create(ends[0], ends[1], &rig.alloc.allocator));
    finish(&rig);
    ck_assert_int_eq(fcntl(ends[0], F_GETFD), -1);
    ck_assert_int_eq(fcntl(ends[1], F_GETFD), -1);
}
END_TEST

/* ---- memory ------------------------------------------------------------------------ */

struct server {
    h2client_transport *end;
    char heard[1000];
    size_t n_heard;
    size_t n_said;
    unsigned port;
    char host[64];
};

static void serve(h2client_transport *end, unsigned ready, void *user)
{
    struct server *server = user;
    ptrdiff_t n;

    (void)ready;
    while ((n = end->ops->read(end, server->heard + server->n_heard,
                               sizeof server->heard - 1 - server->n_heard)) > 0)
        server->n_heard += (size_t)n;
    if (!strstr(server->heard, "\r\n\r\n"))
        return;
    while (server->n_said < strlen(answer)) {
        const h2client_iovec rest = {answer + server->n_said, strlen(answer) - server->n_said};
        n = end->ops->write(end, &rest, 1);
        if (n < 0)
            break;
        server->n_said += (size_t)n;
    }
    end->ops->wants(end, server->n_said < strlen(answer) ? H2CLIENT_WRITABLE : H2CLIENT_READABLE);
}

static void accept_call(h2client_transport *end, h2client_reactor *reactor,
                        const h2client_target *target, void *user)
{
    struct server *server = user;

    (void)reactor;
    server->end = end;
    server->port = target->port;
    snprintf(server->host, sizeof server->host, "%s", target->host);
    end->on_ready = serve;
    end->user = server;
    end->ops->wants(end, H2CLIENT_READABLE);
}

TEST(server_in_the_same_thread_answers)
{
    struct server server = {.end = NULL};
    struct rig rig;

    h2t_alloc_init(&rig.alloc);
    start(&rig, h2client_memory_dialer_create(accept_call, &server,
                                              H2CLIENT_MEMORY(.max_read = 1, .max_write = 3),
                                              &rig.alloc.allocator));
    expect_hello(get(&rig));
    ck_assert_str_eq(server.host, "anywhere.test");
    ck_assert_uint_eq(server.port, 80);
    server.end->ops->destroy(server.end);
    finish(&rig);
}
END_TEST

TEST(memory_and_replays_take_no_options_they_do_not_know)
{
    const struct {
        h2client_memory_limits known;
        size_t more;
    } limits = {{.size = sizeof limits}, 1};
    const struct {
        h2client_replay_options known;
        int64_t more;
    } options = {{.size = sizeof options}, 1};
    struct server server = {.end = NULL};
    struct rig rig;

    h2t_alloc_init(&rig.alloc);
    start(&rig,
          h2client_memory_dialer_create(accept_call, &server, &limits.known, &rig.alloc.allocator));
    expect_error(get(&rig), H2CLIENT_ERROR_INVALID_ARGUMENT, "memory: uses options that");
    finish(&rig);
    h2t_alloc_init(&rig.alloc);
    start(&rig, h2client_replay_dialer_create("", 0, &options.known, &rig.alloc.allocator));
    expect_error(get(&rig), H2CLIENT_ERROR_INVALID_ARGUMENT, "replay: uses options that");
    finish(&rig);
}
END_TEST

/* ---- what a session makes for itself ------------------------------------------------- */

TEST(tcp_dialer_of_no_sense_tells_each_call)
{
    struct rig rig;

    h2t_alloc_init(&rig.alloc);
    start(&rig, h2client_tcp_dialer_create(H2CLIENT_CONNECT(.attempt_delay_ms = 1),
                                           &rig.alloc.allocator));
    expect_error(get(&rig), H2CLIENT_ERROR_INVALID_ARGUMENT, "connect.attempt_delay_ms");
    finish(&rig);
}
END_TEST

TEST(tcp_dialer_and_tls_factory_can_be_made_by_hand)
{
    struct rig rig;
    h2client_tls_factory *factory;

    h2t_alloc_init(&rig.alloc);
    rig.dialer = h2client_tcp_dialer_create(NULL, &rig.alloc.allocator);
    factory =
        h2client_tls_factory_create(H2CLIENT_TLS(.ca_file = "/no/such/file"), &rig.alloc.allocator);
    rig.session =
        h2client_session_create(H2CLIENT_SESSION(.dialer = rig.dialer, .tls_factory = factory,
                                                 .allocator = &rig.alloc.allocator));
    expect_error(h2client_get(rig.session, "http://127.0.0.1:1/"), H2CLIENT_ERROR_CONNECT_REFUSED,
                 "127.0.0.1:1");
    h2client_session_destroy(rig.session);
    h2client_tls_factory_destroy(factory);
    h2client_dialer_destroy(rig.dialer);
    h2t_alloc_check(&rig.alloc);
}
END_TEST
TEST_MAIN("fd_transport", {T(pipes_carry_a_call)}, {T(socket_is_one_descriptor_for_both)},
          {T(descriptors_are_one_connection_and_no_second)},
          {T(pipe_nobody_reads_raises_no_signal)}, {T(signal_that_was_pending_before_stays)},
          {T(file_is_no_connection)}, {T(descriptors_nobody_wanted_are_closed)},
          {T(server_in_the_same_thread_answers)},
          {T(memory_and_replays_take_no_options_they_do_not_know)},
          {T(tcp_dialer_of_no_sense_tells_each_call)},
          {T(tcp_dialer_and_tls_factory_can_be_made_by_hand)})
