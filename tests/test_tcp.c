/* SPDX-License-Identifier: MIT */
/* The transport over a connected socket, on the real loop and over loopback. */
#include "transport/tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/reactor.h"
#include "tests/support/echo.h"
#include "tests/support/test_alloc.h"
#include "tests/support/test_main.h"
#include "transport/loops.h"
#include "transport/system_posix.h"

/* ---- scenario: a transport, and the bare socket at its far end ---- */

struct rig {
    struct h2t_alloc alloc;
    h2client_loop *loop;
    struct h2client_reactor reactor;
    h2client_transport *tcp; /* NULL once destroyed */
    int fd;                  /* the transport's socket, to look at */
    int far;                 /* -1 once closed */
    unsigned n_calls;
    unsigned last_ready;
    void (*on_call)(struct rig *rig);
};

static void join(int ends[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(ends[0], (struct sockaddr *)&address, len), 0);
    ends[1] = accept(listener, NULL, NULL);
    close(listener);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(fcntl(ends[i], F_SETFL, O_NONBLOCK), 0);
}

static void on_ready(h2client_transport *transport, unsigned ready, void *user)
{
    struct rig *rig = user;
    ck_assert_ptr_eq(transport, rig->tcp);
    rig->n_calls++;
    rig->last_ready = ready;
    if (rig->on_call)
        rig->on_call(rig);
}

static void open_rig(struct rig *rig)
{
    h2client_fault fault;
    int ends[2];
    memset(rig, 0, sizeof *rig);
    h2t_alloc_init(&rig->alloc);
    rig->loop =
        h2i_loop_create(&rig->alloc.allocator, h2i_system_posix(), H2CLIENT_LOOP_DEFAULT, &fault);
    ck_assert_ptr_nonnull(rig->loop);
    h2i_reactor_init(&rig->reactor, &rig->alloc.allocator, h2i_system_posix(), rig->loop);
    join(ends);
    rig->fd = ends[0];
    rig->far = ends[1];
    rig->tcp = h2i_tcp_transport_create(&rig->reactor, rig->fd);
    ck_assert_ptr_nonnull(rig->tcp);
    rig->tcp->on_ready = on_ready;
    rig->tcp->user = rig;
}

static void destroy(struct rig *rig)
{
    if (rig->tcp)
        rig->tcp->ops->destroy(rig->tcp);
    rig->tcp = NULL;
}

static void close_far(struct rig *rig)
{
    if (rig->far >= 0)
        close(rig->far);
    rig->far = -1;
}

/* What is unread or unsent is thrown away, and the peer gets a reset. */
static void reset_far(struct rig *rig)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(rig->far, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close_far(rig);
}

static void close_rig(struct rig *rig)
{
    destroy(rig);
    close_far(rig);
    h2i_reactor_finish(&rig->reactor);
    rig->loop->ops->destroy(rig->loop);
    h2t_alloc_check(&rig->alloc);
}

static void wants(struct rig *rig, unsigned events)
{
    rig->tcp->ops->wants(rig->tcp, events);
}

static ptrdiff_t send_text(struct rig *rig, const char *text)
{
    h2client_iovec iov = {text, strlen(text)};
    return rig->tcp->ops->write(rig->tcp, &iov, 1);
}

static ptrdiff_t receive(struct rig *rig, char *buf, size_t cap)
{
    return rig->tcp->ops->read(rig->tcp, buf, cap);
}

static void turn(struct rig *rig, int64_t timeout_us)
{
    ck_assert_int_eq(h2i_reactor_turn(&rig->reactor, timeout_us), H2CLIENT_OK);
}

/* Until the far end's doing has arrived. */
static void turn_until_ready(struct rig *rig)
{
    wants(rig, H2CLIENT_READABLE);
    unsigned n_before = rig->n_calls;
    while (rig->n_calls == n_before)
        turn(rig, -1);
    wants(rig, 0);
}

static h2client_transport_info info_of(struct rig *rig)
{
    h2client_transport_info info = {.size = sizeof info};
    rig->tcp->ops->info(rig->tcp, &info);
    return info;
}

static void expect_fault(struct rig *rig, h2client_error_code code, int system_errno)
{
    const h2client_fault *fault = info_of(rig).fault;
    ck_assert_ptr_nonnull(fault);
    ck_assert_int_eq(fault->code, code);
    ck_assert_int_eq(fault->system_errno, system_errno);
    ck_assert_ptr_nonnull(strstr(fault->text, "127.0.0.1:"));
}

/* ---- bytes ---- */

TEST(tcp_carries_bytes_both_ways)
{
    struct rig rig;
    char buf[16] = {0};
    open_rig(&rig);
    ck_assert_int_eq(send_text(&rig, "ping"), 4);
    ck_assert_int_eq(recv(rig.far, buf, sizeof buf, 0), 4);
    ck_assert_str_eq(buf, "ping");
    ck_assert_int_eq(send(rig.far, "pong!", 5, 0), 5);
    turn_until_ready(&rig);
    ck_assert_int_eq(receive(&rig, buf, sizeof buf), 5);
    ck_assert_str_eq(buf, "pong!");
    close_rig(&rig);
}

TEST(tcp_says_again_when_nothing_is_there)
{
    struct rig rig;
    char byte;
    open_rig(&rig);
    ck_assert_int_eq(receive(&rig, &byte, 1), H2CLIENT_IO_AGAIN);
    close_rig(&rig);
}

TEST(tcp_sends_pieces_in_their_order)
{
    struct rig rig;
    char buf[16] = {0};
    open_rig(&rig);
    h2client_iovec iov[4] = {{"ab", 2}, {"", 0}, {"c", 1}, {"def", 3}};
    ck_assert_int_eq(rig.tcp->ops->write(rig.tcp, iov, 4), 6);
    ck_assert_int_eq(recv(rig.far, buf, sizeof buf, 0), 6);
    ck_assert_str_eq(buf, "abcdef");
    close_rig(&rig);
}

TEST(tcp_takes_the_first_of_very_many_pieces)
{
    struct rig rig;
    h2client_iovec iov[300];
    open_rig(&rig);
    for (int i = 0; i < 300; i++)
        iov[i] = (h2client_iovec){"xy", i < 100 ? 0 : 2}; /* the first are empty */
    ptrdiff_t n = rig.tcp->ops->write(rig.tcp, iov, 300);
    ck_assert_int_gt(n, 0);
    ck_assert_int_le(n, 400);
    ck_assert_int_eq(n % 2, 0);
    close_rig(&rig);
}

static void fill_up(struct rig *rig)
{
    static char bytes[65536];
    h2client_iovec iov = {bytes, sizeof bytes};
    ptrdiff_t n;
    do {
        n = rig->tcp->ops->write(rig->tcp, &iov, 1);
    } while (n > 0);
    ck_assert_int_eq(n, H2CLIENT_IO_AGAIN);
}

TEST(tcp_says_again_when_full_and_reports_when_there_is_room)
{
    struct rig rig;
    static char bytes[65536];
    open_rig(&rig);
    fill_up(&rig);
    wants(&rig, H2CLIENT_WRITABLE);
    turn(&rig, 0);
    ck_assert_uint_eq(rig.n_calls, 0);
    while (!rig.n_calls) {
        while (recv(rig.far, bytes, sizeof bytes, 0) > 0) {
        }
        turn(&rig, 1000);
    }
    ck_assert_uint_eq(rig.last_ready, H2CLIENT_WRITABLE);
    ck_assert_int_eq(send_text(&rig, "x"), 1);
    close_rig(&rig);
}

TEST(tcp_echoes_10_mib)
{
    struct rig rig;
    static struct h2t_echo echo;
    open_rig(&rig);
    h2client_transport *server = h2i_tcp_transport_create(&rig.reactor, rig.far);
    ck_assert_ptr_nonnull(server);
    rig.far = -1;
    h2t_echo_start(&echo, rig.tcp, server, 10 << 20);
    while (!echo.has_client_end)
        h2i_reactor_turn(&rig.reactor, -1);
    ck_assert_uint_eq(echo.n_received, 10 << 20);
    server->ops->destroy(server);
    close_rig(&rig);
}

/* ---- readiness ---- */

TEST(tcp_reports_only_what_is_wanted)
{
    struct rig rig;
    char byte;
    open_rig(&rig);
    turn(&rig, 0);
    ck_assert_uint_eq(rig.n_calls, 0);
    wants(&rig, H2CLIENT_WRITABLE);
    ck_assert_uint_eq(rig.n_calls, 0); /* never from inside */
    turn(&rig, -1);
    ck_assert_uint_eq(rig.last_ready, H2CLIENT_WRITABLE);
    ck_assert_int_eq(send(rig.far, "x", 1, 0), 1);
    turn_until_ready(&rig);
    ck_assert_uint_eq(rig.last_ready, H2CLIENT_READABLE);
    ck_assert_int_eq(receive(&rig, &byte, 1), 1);
    close_rig(&rig);
}

static void read_one(struct rig *rig)
{
    char byte;
    if (receive(rig, &byte, 1) == H2CLIENT_IO_AGAIN || byte == 'c')
        wants(rig, 0);
}

TEST(tcp_reports_again_to_a_reader_that_stops_early)
{
    struct rig rig;
    char byte;
    open_rig(&rig);
    ck_assert_int_eq(send(rig.far, "abc", 3, 0), 3);
    rig.on_call = read_one;
    wants(&rig, H2CLIENT_READABLE);
    while (rig.n_calls < 3)
        turn(&rig, -1);
    ck_assert_int_eq(receive(&rig, &byte, 1), H2CLIENT_IO_AGAIN);
    close_rig(&rig);
}

TEST(tcp_reports_nothing_once_nothing_is_wanted)
{
    struct rig rig;
    open_rig(&rig);
    ck_assert_int_eq(send(rig.far, "x", 1, 0), 1);
    turn_until_ready(&rig);
    unsigned n_before = rig.n_calls;
    turn(&rig, 0);
    ck_assert_uint_eq(rig.n_calls, n_before);
    close_rig(&rig);
}

static unsigned n_watches;
static int count_watch(h2client_loop *loop, h2client_watch *watch, unsigned events)
{
    (void)loop;
    n_watches++;
    watch->events = events;
    return 0;
}

TEST(tcp_asks_the_loop_only_when_its_wants_change)
{
    static const h2client_loop_ops ops = {.size = sizeof ops, .watch = count_watch};
    h2client_loop counting = {&ops};
    struct rig rig;
    open_rig(&rig);
    rig.reactor.loop = &counting;
    n_watches = 0;
    wants(&rig, 0);
    ck_assert_uint_eq(n_watches, 0);
    wants(&rig, H2CLIENT_READABLE);
    wants(&rig, H2CLIENT_READABLE);
    ck_assert_uint_eq(n_watches, 1);
    wants(&rig, 0);
    wants(&rig, 0);
    ck_assert_uint_eq(n_watches, 2);
    close_rig(&rig);
}

TEST(tcp_transport_may_go_inside_its_own_callback)
{
    struct rig rig;
    open_rig(&rig);
    rig.on_call = destroy;
    wants(&rig, H2CLIENT_WRITABLE | H2CLIENT_READABLE);
    turn(&rig, -1);
    turn(&rig, 0);
    ck_assert_uint_eq(rig.n_calls, 1);
    close_rig(&rig);
}

/* ---- ends ---- */

TEST(tcp_reads_0_when_the_peer_has_closed_its_direction)
{
    struct rig rig;
    char buf[8];
    open_rig(&rig);
    ck_assert_int_eq(send(rig.far, "last", 4, 0), 4);
    shutdown(rig.far, SHUT_WR);
    turn_until_ready(&rig);
    ck_assert_int_eq(receive(&rig, buf, sizeof buf), 4);
    turn_until_ready(&rig);
    ck_assert_int_eq(receive(&rig, buf, sizeof buf), 0);
    ck_assert_int_eq(send_text(&rig, "still open"), 10);
    ck_assert_ptr_null(info_of(&rig).fault);
    close_rig(&rig);
}

TEST(tcp_half_close_ends_its_own_direction_only)
{
    struct rig rig;
    char buf[8];
    open_rig(&rig);
    send_text(&rig, "last");
    rig.tcp->ops->half_close(rig.tcp);
    ck_assert_int_eq(recv(rig.far, buf, sizeof buf, 0), 4);
    ck_assert_int_eq(recv(rig.far, buf, sizeof buf, 0), 0);
    ck_assert_int_eq(send(rig.far, "answer", 6, 0), 6);
    turn_until_ready(&rig);
    ck_assert_int_eq(receive(&rig, buf, sizeof buf), 6);
    close_rig(&rig);
}

TEST(tcp_reset_fails_reading_for_ever)
{
    struct rig rig;
    char byte;
    open_rig(&rig);
    reset_far(&rig);
    turn_until_ready(&rig);
    ck_assert(rig.last_ready & H2CLIENT_HANGUP);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(receive(&rig, &byte, 1), H2CLIENT_IO_FAILED);
    expect_fault(&rig, H2CLIENT_ERROR_CONNECTION_RESET, ECONNRESET);
    close_rig(&rig);
}

TEST(tcp_writing_to_a_peer_that_has_gone_is_a_fault_and_no_signal)
{
    struct rig rig;
    signal(SIGPIPE, SIG_DFL);
    open_rig(&rig);
    reset_far(&rig);
    turn_until_ready(&rig);
    ck_assert_int_eq(send_text(&rig, "x"), H2CLIENT_IO_FAILED);
    expect_fault(&rig, H2CLIENT_ERROR_CONNECTION_RESET, ECONNRESET);
    ck_assert_int_eq(send_text(&rig, "x"), H2CLIENT_IO_FAILED);
    close_rig(&rig);
}

TEST(tcp_broken_pipe_is_told_as_a_reset)
{
    struct rig rig;
    signal(SIGPIPE, SIG_DFL);
    open_rig(&rig);
    rig.tcp->ops->half_close(rig.tcp);
    ck_assert_int_eq(send_text(&rig, "x"), H2CLIENT_IO_FAILED);
    expect_fault(&rig, H2CLIENT_ERROR_CONNECTION_RESET, EPIPE);
    close_rig(&rig);
}

TEST(tcp_other_write_errors_are_told_as_send_failed)
{
    struct rig rig;
    open_rig(&rig);
    int no_socket = open("/dev/null", O_WRONLY | O_CLOEXEC); /* in the socket's place */
    ck_assert_int_eq(dup2(no_socket, rig.fd), rig.fd);
    close(no_socket);
    ck_assert_int_eq(send_text(&rig, "x"), H2CLIENT_IO_FAILED);
    expect_fault(&rig, H2CLIENT_ERROR_SEND_FAILED, ENOTSOCK);
    close_rig(&rig);
}

TEST(tcp_answer_sent_before_a_reset_is_read_after_the_failed_write)
{
    struct rig rig;
    char buf[8] = {0};
    open_rig(&rig);
    ck_assert_int_eq(send(rig.far, "bye", 3, 0), 3);
    turn_until_ready(&rig);
    ck_assert_int_eq(send_text(&rig, "unread, so that closing resets"), 30);
    close_far(&rig);
    while (send_text(&rig, "x") > 0) {
    }
    ck_assert_int_eq(receive(&rig, buf, sizeof buf), 3);
    ck_assert_str_eq(buf, "bye");
    ck_assert_int_eq(receive(&rig, buf, sizeof buf), H2CLIENT_IO_FAILED);
    expect_fault(&rig, H2CLIENT_ERROR_CONNECTION_RESET, ECONNRESET);
    close_rig(&rig);
}

/* ---- facts and resources ---- */

TEST(tcp_info_tells_both_addresses_and_no_tls)
{
    struct rig rig;
    struct sockaddr_in far;
    socklen_t len = sizeof far;
    open_rig(&rig);
    getsockname(rig.far, (struct sockaddr *)&far, &len);
    h2client_transport_info info = info_of(&rig);
    ck_assert_uint_eq(info.remote.family, 4);
    ck_assert(!memcmp(info.remote.bytes, (uint8_t[]){127, 0, 0, 1}, 4));
    ck_assert_uint_eq(info.remote.port, ntohs(far.sin_port));
    ck_assert_uint_eq(info.local.family, 4);
    ck_assert_uint_ne(info.local.port, info.remote.port);
    ck_assert_ptr_null(info.alpn);
    ck_assert_ptr_null(info.fault);
    ck_assert(!rig.tcp->ops->covers_host(rig.tcp, "a.example"));
    close_rig(&rig);
}

TEST(tcp_sends_small_pieces_without_delay)
{
    struct rig rig;
    int is_on = 0;
    socklen_t len = sizeof is_on;
    open_rig(&rig);
    ck_assert_int_eq(getsockopt(rig.fd, IPPROTO_TCP, TCP_NODELAY, &is_on, &len), 0);
    ck_assert_int_ne(is_on, 0);
    close_rig(&rig);
}

TEST(tcp_closes_the_socket_when_there_is_no_memory_for_it)
{
    struct rig rig;
    open_rig(&rig);
    rig.alloc.fail_at = rig.alloc.n_calls + 1;
    int fd = dup(rig.far);
    ck_assert_ptr_null(h2i_tcp_transport_create(&rig.reactor, fd));
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
    close_rig(&rig);
}

static int refuse_watch(h2client_loop *loop, h2client_watch *watch, unsigned events)
{
    (void)loop;
    (void)watch;
    return events ? ENOSPC : 0;
}

static const h2client_loop_ops refusing_ops = {.size = sizeof refusing_ops, .watch = refuse_watch};

TEST(tcp_refusal_by_the_loop_is_reported_as_a_fault)
{
    h2client_loop refusing = {&refusing_ops};
    struct rig rig;
    char byte;
    open_rig(&rig);
    rig.reactor.loop = &refusing;
    wants(&rig, H2CLIENT_READABLE);
    rig.reactor.loop = rig.loop;
    ck_assert_uint_eq(rig.n_calls, 0);
    turn(&rig, 0);
    ck_assert_uint_eq(rig.n_calls, 1);
    ck_assert_int_eq(receive(&rig, &byte, 1), H2CLIENT_IO_FAILED);
    ck_assert_int_eq(send_text(&rig, "x"), H2CLIENT_IO_FAILED);
    expect_fault(&rig, H2CLIENT_ERROR_CONNECTION_RESET, ENOSPC);
    close_rig(&rig);
}

TEST(tcp_refusal_is_not_reported_to_one_who_wants_nothing_any_more)
{
    h2client_loop refusing = {&refusing_ops};
    struct rig rig;
    open_rig(&rig);
    rig.reactor.loop = &refusing;
    wants(&rig, H2CLIENT_READABLE);
    wants(&rig, 0);
    rig.reactor.loop = rig.loop;
    turn(&rig, 0);
    ck_assert_uint_eq(rig.n_calls, 0);
    close_rig(&rig);
}

TEST_MAIN("tcp", {T(tcp_carries_bytes_both_ways)}, {T(tcp_says_again_when_nothing_is_there)},
          {T(tcp_sends_pieces_in_their_order)}, {T(tcp_takes_the_first_of_very_many_pieces)},
          {T(tcp_says_again_when_full_and_reports_when_there_is_room)}, {T(tcp_echoes_10_mib)},
          {T(tcp_reports_only_what_is_wanted)}, {T(tcp_reports_again_to_a_reader_that_stops_early)},
          {T(tcp_reports_nothing_once_nothing_is_wanted)},
          {T(tcp_asks_the_loop_only_when_its_wants_change)},
          {T(tcp_transport_may_go_inside_its_own_callback)},
          {T(tcp_reads_0_when_the_peer_has_closed_its_direction)},
          {T(tcp_half_close_ends_its_own_direction_only)}, {T(tcp_reset_fails_reading_for_ever)},
          {T(tcp_writing_to_a_peer_that_has_gone_is_a_fault_and_no_signal)},
          {T(tcp_broken_pipe_is_told_as_a_reset)},
          {T(tcp_other_write_errors_are_told_as_send_failed)},
          {T(tcp_answer_sent_before_a_reset_is_read_after_the_failed_write)},
          {T(tcp_info_tells_both_addresses_and_no_tls)}, {T(tcp_sends_small_pieces_without_delay)},
          {T(tcp_closes_the_socket_when_there_is_no_memory_for_it)},
          {T(tcp_refusal_by_the_loop_is_reported_as_a_fault)},
          {T(tcp_refusal_is_not_reported_to_one_who_wants_nothing_any_more)})
