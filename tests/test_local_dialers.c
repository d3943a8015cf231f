/* SPDX-License-Identifier: MIT */
/* Dialers that stay on this machine, on the real loop: Unix sockets, and commands that are
 * started, talked to, and waited for. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/reactor.h"
#include "h2client/transports.h"
#include "tests/support/test_alloc.h"
#include "tests/support/test_main.h"
#include "transport/loops.h"
#include "transport/system_posix.h"

struct rig {
    struct h2t_alloc alloc;
    h2client_loop *loop;
    struct h2client_reactor reactor;
    h2client_dialer *dialer;
    h2client_dial *dial;
    h2client_transport *transport;
    h2client_fault fault;
    bool is_done;
    char got[256]; /* what was read */
    size_t n_got;
    bool has_ended; /* reading */
    char folder[64];
    char path[100]; /* of a socket in it */
    int listener;
};

static void done(h2client_transport *transport, const h2client_fault *fault, void *user)
{
    struct rig *rig = user;

    rig->is_done = true;
    rig->dial = NULL;
    rig->transport = transport;
    if (fault)
        rig->fault = *fault;
}

static void open_session(struct rig *rig)
{
    h2client_fault fault;

    rig->loop =
        h2i_loop_create(&rig->alloc.allocator, h2i_system_posix(), H2CLIENT_LOOP_DEFAULT, &fault);
    ck_assert_ptr_nonnull(rig->loop);
    h2i_reactor_init(&rig->reactor, &rig->alloc.allocator, h2i_system_posix(), rig->loop);
}

static void start(struct rig *rig)
{
    memset(rig, 0, sizeof *rig);
    rig->listener = -1;
    h2t_alloc_init(&rig->alloc);
    open_session(rig);
}

static void close_session(struct rig *rig)
{
    if (rig->transport)
        rig->transport->ops->destroy(rig->transport);
    if (rig->dial)
        rig->dialer->ops->cancel(rig->dialer, rig->dial);
    rig->transport = NULL;
    h2i_reactor_finish(&rig->reactor);
    rig->loop->ops->destroy(rig->loop);
}

/* Dead or alive; nobody is waited for. */
static bool has_children(void)
{
    siginfo_t info;

    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static void finish(struct rig *rig)
{
    close_session(rig);
    h2client_dialer_destroy(rig->dialer);
    if (rig->listener >= 0)
        close(rig->listener);
    if (rig->path[0])
        unlink(rig->path);
    if (rig->folder[0])
        rmdir(rig->folder);
    h2t_alloc_check(&rig->alloc);
    ck_assert(!has_children());
}

static void dial(struct rig *rig, int64_t timeout_ms)
{
    const h2client_target target = {
        .size = sizeof target, .host = "server.test", .port = 8443, .timeout_ms = timeout_ms};

    rig->is_done = false;
    ck_assert(!rig->dialer->ops->wants_addresses(rig->dialer, &target));
    rig->dial = rig->dialer->ops->dial(rig->dialer, &rig->reactor, &target, done, rig);
    ck_assert_ptr_nonnull(rig->dial);
    while (!rig->is_done)
        h2i_reactor_turn(&rig->reactor, -1);
}

static void expect_fault(struct rig *rig, h2client_error_code code, const char *part)
{
    ck_assert_ptr_null(rig->transport);
    ck_assert_msg(rig->fault.code == code, "%s: %s", h2client_error_name(rig->fault.code),
                  rig->fault.text);
    ck_assert_msg(strstr(rig->fault.text, part) != NULL, "%s", rig->fault.text);
}

static void is_ready(h2client_transport *transport, unsigned ready, void *user)
{
    struct rig *rig = user;
    ptrdiff_t n;

    (void)ready;
    while ((n = transport->ops->read(transport, rig->got + rig->n_got,
                                     sizeof rig->got - 1 - rig->n_got)) > 0)
        rig->n_got += (size_t)n;
    rig->has_ended = n != H2CLIENT_IO_AGAIN;
    if (rig->has_ended)
        transport->ops->wants(transport, 0);
}

static void say(struct rig *rig, const char *text)
{
    const h2client_iovec piece = {text, strlen(text)};

    ck_assert_int_eq(rig->transport->ops->write(rig->transport, &piece, 1), strlen(text));
}

/* Until its end. */
static void listen_to_it(struct rig *rig)
{
    ck_assert_msg(rig->transport != NULL, "%s", rig->fault.text);
    rig->transport->on_ready = is_ready;
    rig->transport->user = rig;
    rig->transport->ops->wants(rig->transport, H2CLIENT_READABLE);
    while (!rig->has_ended)
        h2i_reactor_turn(&rig->reactor, -1);
}

/* ---- Unix sockets -------------------------------------------------------------------- */

/* "" makes a path; otherwise an abstract name. */
static void listen_on(struct rig *rig, const char *abstract, int backlog)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t len = sizeof name;

    if (abstract[0]) {
        memcpy(name.sun_path + 1, abstract, strlen(abstract));
        len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(abstract));
    } else {
        snprintf(rig->folder, sizeof rig->folder, "/tmp/h2client-unix-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(rig->folder));
        snprintf(rig->path, sizeof rig->path, "%s/socket", rig->folder);
        memcpy(name.sun_path, rig->path, strlen(rig->path));
    }
    rig->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(rig->listener, (struct sockaddr *)&name, len), 0);
    ck_assert_int_eq(listen(rig->listener, backlog), 0);
}

static void make_unix_dialer(struct rig *rig, const char *path)
{
    rig->dialer = h2client_unix_dialer_create(path, &rig->alloc.allocator);
    ck_assert_ptr_nonnull(rig->dialer);
}

static void expect_talk(struct rig *rig)
{
    char heard[8] = "";
    int fd;

    dial(rig, 1000);
    fd = accept(rig->listener, NULL, NULL);
    ck_assert_int_ge(fd, 0);
    say(rig, "ping");
    rig->transport->ops->half_close(rig->transport);
    ck_assert_int_eq(recv(fd, heard, sizeof heard, MSG_WAITALL), 4);
    ck_assert_str_eq(heard, "ping");
    ck_assert_int_eq(send(fd, "pong", 4, 0), 4);
    close(fd);
    listen_to_it(rig);
    ck_assert_str_eq(rig->got, "pong");
}

TEST(unix_socket_is_found_by_its_path)
{
    struct rig rig;

    start(&rig);
    listen_on(&rig, "", 5);
    make_unix_dialer(&rig, rig.path);
    expect_talk(&rig);
    finish(&rig);
}
END_TEST

TEST(unix_socket_is_found_by_its_abstract_name)
{
    char name[64];
    struct rig rig;

    start(&rig);
    snprintf(name, sizeof name, "@h2client-test-%d", (int)getpid());
    listen_on(&rig, name + 1, 5);
    make_unix_dialer(&rig, name);
    expect_talk(&rig);
    finish(&rig);
}
END_TEST

TEST(unix_socket_that_is_not_there_is_named)
{
    struct rig rig;

    start(&rig);
    make_unix_dialer(&rig, "/no/such/socket");
    dial(&rig, 1000);
    expect_fault(&rig, H2CLIENT_ERROR_CONNECT_FAILED, "the Unix socket /no/such/socket: ");
    ck_assert_int_eq(rig.fault.system_errno, ENOENT);
    finish(&rig);
}
END_TEST

TEST(unix_socket_has_a_path_that_fits)
{
    char path[200];
    struct rig rig;

    memset(path, 'x', sizeof path);
    path[108] = 0;
    start(&rig);
    make_unix_dialer(&rig, path);
    dial(&rig, 1000);
    expect_fault(&rig, H2CLIENT_ERROR_CONNECT_FAILED, "a path has 1 to 107 bytes");
    h2client_dialer_destroy(rig.dialer);
    make_unix_dialer(&rig, NULL);
    dial(&rig, 1000);
    expect_fault(&rig, H2CLIENT_ERROR_CONNECT_FAILED, "a path has 1 to 107 bytes");
    finish(&rig);
}
END_TEST

static int fill_queue(struct rig *rig, int *fds)
{
    int n = 0;

    for (;;) {
        dial(rig, 30);
        if (!rig->transport)
            return n;
        ck_assert_int_lt(n, 8);
        fds[n++] = dup(0); /* something to close */
        rig->transport->ops->destroy(rig->transport);
        rig->transport = NULL;
    }
}

TEST(unix_socket_whose_queue_is_full_is_tried_again_up_to_the_limit)
{
    int fds[8];
    struct rig rig;
    int n;

    start(&rig);
    listen_on(&rig, "", 0);
    make_unix_dialer(&rig, rig.path);
    n = fill_queue(&rig, fds);
    expect_fault(&rig, H2CLIENT_ERROR_TIMEOUT, "is busy");
    ck_assert_int_eq(rig.fault.limit, H2CLIENT_LIMIT_SOCK_CONNECT);
    while (n > 0)
        close(fds[--n]);
    finish(&rig);
}
END_TEST

TEST(local_dial_can_be_cancelled_before_it_is_done)
{
    const h2client_target target = {
        .size = sizeof target, .host = "a.test", .port = 1, .timeout_ms = H2CLIENT_NO_LIMIT};
    struct rig rig;

    start(&rig);
    make_unix_dialer(&rig, "/no/such/socket");
    rig.dial = rig.dialer->ops->dial(rig.dialer, &rig.reactor, &target, done, &rig);
    rig.dialer->ops->cancel(rig.dialer, rig.dial);
    rig.dial = NULL;
    h2i_reactor_turn(&rig.reactor, 0);
    ck_assert(!rig.is_done);
    finish(&rig);
}
END_TEST

/* ---- commands ------------------------------------------------------------------------ */

static void run(struct rig *rig, const char *command)
{
    start(rig);
    rig->dialer = h2client_command_dialer_create(command, &rig->alloc.allocator);
    ck_assert_ptr_nonnull(rig->dialer);
    dial(rig, 1000);
}

TEST(command_is_talked_to_by_its_input_and_output)
{
    struct rig rig;

    run(&rig, "read line; echo \"heard $line\"");
    say(&rig, "ping\n");
    listen_to_it(&rig);
    ck_assert_str_eq(rig.got, "heard ping\n");
    finish(&rig);
}
END_TEST

TEST(command_is_told_host_and_port)
{
    struct rig rig;

    run(&rig, "echo %h %p 100%% %");
    listen_to_it(&rig);
    ck_assert_str_eq(rig.got, "server.test 8443 100% %\n");
    finish(&rig);
}
END_TEST

TEST(command_sees_the_end_of_what_is_sent)
{
    struct rig rig;

    run(&rig, "cat; echo end");
    say(&rig, "all ");
    rig.transport->ops->half_close(rig.transport);
    listen_to_it(&rig);
    ck_assert_str_eq(rig.got, "all end\n");
    finish(&rig);
}
END_TEST

TEST(command_inherits_no_other_descriptor)
{
    struct rig rig;
    int fd = dup(1); /* without CLOEXEC */

    run(&rig, "ls /proc/self/fd | wc -l");
    listen_to_it(&rig);
    ck_assert_str_eq(rig.got, "4\n"); /* the standard ones, and the folder itself */
    close(fd);
    finish(&rig);
}
END_TEST

TEST(command_has_its_signals_as_by_default)
{
    struct rig rig;

    signal(SIGPIPE, SIG_IGN);
    run(&rig, "grep SigIgn: /proc/self/status");
    listen_to_it(&rig);
    ck_assert_int_eq(strncmp(rig.got, "SigIgn:", 7), 0);
    ck_assert_uint_eq(strtoull(rig.got + 7, NULL, 16) & 0x7fffffff, 0); /* above: the C library's */
    finish(&rig);
}
END_TEST

TEST(command_that_ends_at_once_is_told_with_its_status)
{
    static const struct {
        const char *command, *text;
    } rows[] = {{"exit 7", "the command ended with status 7"},
                {"kill -9 $$", "the command was ended by signal 9"},
                {"h2client-no-such-command 2>/dev/null", "the command ended with status 127"},
                {"exec 1>&-; exec 0>&-; sleep 1", "closed its output before it wrote anything"}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        h2client_transport_info info = {.size = H2CLIENT_TRANSPORT_INFO_BRIEF};
        struct rig rig;

        run(&rig, rows[i].command);
        listen_to_it(&rig);
        rig.transport->ops->info(rig.transport, &info);
        ck_assert_ptr_nonnull(info.fault);
        ck_assert_int_eq(info.fault->code, H2CLIENT_ERROR_CONNECT_FAILED);
        ck_assert_msg(strstr(info.fault->text, rows[i].text) != NULL, "%s", info.fault->text);
        finish(&rig);
    }
}
END_TEST

TEST(command_that_somebody_else_waited_for_has_ended)
{
    h2client_transport_info info = {.size = H2CLIENT_TRANSPORT_INFO_BRIEF};
    struct rig rig;

    signal(SIGCHLD, SIG_IGN); /* the system waits */
    run(&rig, "exit 7");
    listen_to_it(&rig);
    rig.transport->ops->info(rig.transport, &info);
    ck_assert_str_eq(info.fault->text, "the command ended");
    finish(&rig);
    signal(SIGCHLD, SIG_DFL);
}
END_TEST

TEST(command_that_ends_after_it_spoke_is_an_end)
{
    h2client_transport_info info = {.size = H2CLIENT_TRANSPORT_INFO_BRIEF};
    struct rig rig;

    run(&rig, "echo said; exit 3");
    listen_to_it(&rig);
    rig.transport->ops->info(rig.transport, &info);
    ck_assert_str_eq(rig.got, "said\n");
    ck_assert_ptr_null(info.fault);
    finish(&rig);
}
END_TEST

TEST(command_of_no_sense_is_refused)
{
    struct rig rig;

    run(&rig, "nc %q");
    expect_fault(&rig, H2CLIENT_ERROR_INVALID_ARGUMENT, "there is %h, %p and %%");
    finish(&rig);
}
END_TEST

TEST(command_is_told_no_host_that_means_something_to_a_shell)
{
    static const char *const hosts[] = {"a;b",          "$(x)", "-oProxyCommand=x",
                                        "fe80::1%eth0", "a b",  ""};

    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        const h2client_target target = {
            .size = sizeof target, .host = hosts[i], .port = 1, .timeout_ms = 1000};
        struct rig rig;

        start(&rig);
        rig.dialer = h2client_command_dialer_create("echo %h", &rig.alloc.allocator);
        rig.dial = rig.dialer->ops->dial(rig.dialer, &rig.reactor, &target, done, &rig);
        while (!rig.is_done)
            h2i_reactor_turn(&rig.reactor, -1);
        expect_fault(&rig, H2CLIENT_ERROR_INVALID_ARGUMENT, "the host cannot be put into it");
        finish(&rig);
    }
}
END_TEST

TEST(command_is_waited_for_when_its_connection_is_closed)
{
    int64_t until_us;
    struct rig rig;

    run(&rig, "exec cat");
    h2i_reactor_turn(&rig.reactor, 0);
    rig.transport->ops->destroy(rig.transport);
    rig.transport = NULL;
    until_us = h2client_reactor_now_us(&rig.reactor) + 5000000;
    while (has_children()) {
        ck_assert_int_lt(h2client_reactor_now_us(&rig.reactor), until_us);
        h2i_reactor_turn(&rig.reactor, 10000);
    }
    finish(&rig);
}
END_TEST

TEST(command_that_does_not_leave_is_ended)
{
    struct rig rig;

    run(&rig, "trap '' TERM; while :; do sleep 0.05; done");
    close_session(&rig); /* what is left is the dialer's */
    open_session(&rig);
    finish(&rig);
}
END_TEST

TEST(command_dials_survive_whatever_allocation_fails)
{
    bool was_hit = true;

    for (uint64_t n = 1; was_hit; n++) {
        struct rig rig;

        start(&rig);
        rig.alloc.fail_at = rig.alloc.n_calls + n;
        rig.dialer = h2client_command_dialer_create("exec cat", &rig.alloc.allocator);
        if (rig.dialer) {
            const h2client_target target = {
                .size = sizeof target, .host = "a.test", .port = 1, .timeout_ms = 1000};
            rig.dial = rig.dialer->ops->dial(rig.dialer, &rig.reactor, &target, done, &rig);
            while (rig.dial)
                h2i_reactor_turn(&rig.reactor, -1);
            ck_assert(!rig.is_done || rig.transport || rig.fault.code == H2CLIENT_ERROR_NO_MEMORY);
        }
        was_hit = rig.alloc.n_calls >= rig.alloc.fail_at;
        finish(&rig);
    }
}
END_TEST
TEST_MAIN("local_dialers", {T(unix_socket_is_found_by_its_path)},
          {T(unix_socket_is_found_by_its_abstract_name)},
          {T(unix_socket_that_is_not_there_is_named)}, {T(unix_socket_has_a_path_that_fits)},
          {T(unix_socket_whose_queue_is_full_is_tried_again_up_to_the_limit)},
          {T(local_dial_can_be_cancelled_before_it_is_done)},
          {T(command_is_talked_to_by_its_input_and_output)}, {T(command_is_told_host_and_port)},
          {T(command_sees_the_end_of_what_is_sent)}, {T(command_inherits_no_other_descriptor)},
          {T(command_has_its_signals_as_by_default)},
          {T(command_that_ends_at_once_is_told_with_its_status)},
          {T(command_that_somebody_else_waited_for_has_ended)},
          {T(command_that_ends_after_it_spoke_is_an_end)}, {T(command_of_no_sense_is_refused)},
          {T(command_is_told_no_host_that_means_something_to_a_shell)},
          {T(command_is_waited_for_when_its_connection_is_closed)},
          {T(command_that_does_not_leave_is_ended)},
          {T(command_dials_survive_whatever_allocation_fails)})
