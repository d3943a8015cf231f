/* SPDX-License-Identifier: MIT */
/* The dialer to TCP, on the real loop and over loopback. An address that never
 * answers is a listener whose queue is full: Linux then drops what knocks. */
#include "transport/tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/reactor.h"
#include "tests/support/test_alloc.h"
#include "tests/support/test_main.h"
#include "transport/loops.h"
#include "transport/socket_address.h"
#include "transport/system_posix.h"

/* ---- scenario: a dialer, one dial, and places to dial to ---- */

#define MAX_SOCKETS 8

struct rig {
    struct h2t_alloc alloc;
    h2client_loop *loop;
    struct h2client_reactor reactor;
    h2client_dialer *dialer;
    h2client_dial *dial; /* NULL once it has ended */
    int sockets[MAX_SOCKETS];
    int n_sockets;
    struct {
        unsigned n;
        h2client_transport *transport;
        h2client_fault fault; /* code OK: none */
    } done;
};

static void on_done(h2client_transport *transport, const h2client_fault *fault, void *user)
{
    struct rig *rig = user;
    ck_assert_int_ne(transport == NULL, fault == NULL);
    rig->dial = NULL;
    rig->done.n++;
    rig->done.transport = transport;
    if (fault)
        rig->done.fault = *fault;
}

static void open_rig(struct rig *rig)
{
    h2client_fault fault;
    memset(rig, 0, sizeof *rig);
    h2t_alloc_init(&rig->alloc);
    rig->loop =
        h2i_loop_create(&rig->alloc.allocator, h2i_system_posix(), H2CLIENT_LOOP_DEFAULT, &fault);
    ck_assert_ptr_nonnull(rig->loop);
    h2i_reactor_init(&rig->reactor, &rig->alloc.allocator, h2i_system_posix(), rig->loop);
    h2i_reactor_refresh_clock(&rig->reactor);
    rig->dialer = h2i_tcp_dialer_create(&rig->alloc.allocator);
    ck_assert_ptr_nonnull(rig->dialer);
}

static void close_rig(struct rig *rig)
{
    if (rig->done.transport)
        rig->done.transport->ops->destroy(rig->done.transport);
    if (rig->dial)
        rig->dialer->ops->cancel(rig->dialer, rig->dial);
    for (int i = 0; i < rig->n_sockets; i++)
        close(rig->sockets[i]);
    rig->dialer->ops->destroy(rig->dialer);
    h2i_reactor_finish(&rig->reactor);
    rig->loop->ops->destroy(rig->loop);
    h2t_alloc_check(&rig->alloc);
}

static int open_socket(struct rig *rig, int flags)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    ck_assert_int_ge(fd, 0);
    rig->sockets[rig->n_sockets++] = fd;
    return fd;
}

/* A port of our own where nobody listens. */
static h2client_address refused_place(struct rig *rig)
{
    struct sockaddr_in loopback = {.sin_family = AF_INET};
    loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = open_socket(rig, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&loopback, sizeof loopback), 0);
    return h2i_socket_local_address(fd);
}

static h2client_address listening_place(struct rig *rig)
{
    h2client_address place = refused_place(rig);
    ck_assert_int_eq(listen(rig->sockets[rig->n_sockets - 1], 5), 0);
    return place;
}

static h2client_address silent_place(struct rig *rig)
{
    struct sockaddr_storage to;
    h2client_address place = refused_place(rig);
    ck_assert_int_eq(listen(rig->sockets[rig->n_sockets - 1], 0), 0);
    socklen_t len = h2i_socket_address_make(&place, &to);
    for (int i = 0; i < 3; i++)
        connect(open_socket(rig, SOCK_NONBLOCK), (struct sockaddr *)&to, len);
    return place;
}

static void dial(struct rig *rig, int64_t timeout_ms)
{
    char host[] = "a.example";
    h2client_target target = {
        .size = sizeof target, .host = host, .port = 443, .timeout_ms = timeout_ms};
    rig->dial = rig->dialer->ops->dial(rig->dialer, &rig->reactor, &target, on_done, rig);
    memset(&target, 0xff, sizeof target); /* it keeps copies only */
    memset(host, 0xff, sizeof host - 1);
}

static void add(struct rig *rig, h2client_address place, bool more)
{
    rig->dialer->ops->add_addresses(rig->dialer, rig->dial, &place, 1, more);
}

static void turn(struct rig *rig, int64_t timeout_us)
{
    ck_assert_int_eq(h2i_reactor_turn(&rig->reactor, timeout_us), H2CLIENT_OK);
}

static void run(struct rig *rig)
{
    while (!rig->done.n)
        turn(rig, -1);
    ck_assert_uint_eq(rig->done.n, 1);
}

/* Everything that can happen without the time limit has happened. */
static void settle(struct rig *rig)
{
    for (int i = 0; i < 20; i++)
        turn(rig, 100);
}

static void expect_connection_to(struct rig *rig, h2client_address place)
{
    h2client_transport_info info = {.size = sizeof info};
    ck_assert_ptr_nonnull(rig->done.transport);
    rig->done.transport->ops->info(rig->done.transport, &info);
    ck_assert_uint_eq(info.remote.port, place.port);
}

static const char *text_of(h2client_address place)
{
    static char text[H2CLIENT_ADDRESS_TEXT_MAX];
    return h2client_address_format(&place, text, sizeof text);
}

/* ---- success ---- */

TEST(tcp_dialer_connects)
{
    struct rig rig;
    open_rig(&rig);
    h2client_address place = listening_place(&rig);
    dial(&rig, 10000);
    add(&rig, place, false);
    run(&rig);
    expect_connection_to(&rig, place);
    close_rig(&rig);
}

TEST(tcp_dialer_connects_by_ipv6)
{
    struct rig rig;
    struct sockaddr_in6 loopback = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    open_rig(&rig);
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&loopback, sizeof loopback), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    h2client_address place = h2i_socket_local_address(fd);
    ck_assert_uint_eq(place.family, 6);
    dial(&rig, 10000);
    add(&rig, place, false);
    run(&rig);
    expect_connection_to(&rig, place);
    close(fd);
    close_rig(&rig);
}

TEST(tcp_dialer_wants_addresses)
{
    struct rig rig;
    open_rig(&rig);
    h2client_target target = {.size = sizeof target, .host = "a.example", .port = 443};
    ck_assert(rig.dialer->ops->wants_addresses(rig.dialer, &target));
    close_rig(&rig);
}

TEST(tcp_dialer_tries_the_next_address_after_a_refusal)
{
    struct rig rig;
    open_rig(&rig);
    h2client_address place = listening_place(&rig);
    h2client_address list[3] = {refused_place(&rig), refused_place(&rig), place};
    dial(&rig, 10000);
    rig.dialer->ops->add_addresses(rig.dialer, rig.dial, list, 3, false);
    run(&rig);
    expect_connection_to(&rig, place);
    close_rig(&rig);
}

TEST(tcp_dialer_takes_the_first_of_several_that_answer)
{
    struct rig rig;
    open_rig(&rig);
    h2client_address list[2] = {listening_place(&rig), listening_place(&rig)};
    dial(&rig, 10000);
    rig.dialer->ops->add_addresses(rig.dialer, rig.dial, list, 2, true);
    run(&rig);
    expect_connection_to(&rig, list[0]);
    close_rig(&rig);
}

TEST(tcp_dialer_waits_for_more_addresses)
{
    struct rig rig;
    open_rig(&rig);
    h2client_address place = listening_place(&rig);
    dial(&rig, 10000);
    settle(&rig);
    add(&rig, refused_place(&rig), true);
    settle(&rig);
    ck_assert_uint_eq(rig.done.n, 0);
    add(&rig, place, false);
    run(&rig);
    expect_connection_to(&rig, place);
    close_rig(&rig);
}

TEST(tcp_dialer_takes_addresses_while_another_is_tried)
{
    struct rig rig;
    open_rig(&rig);
    h2client_address silent = silent_place(&rig);
    dial(&rig, 20);
    add(&rig, silent, true);
    settle(&rig);
    add(&rig, listening_place(&rig), false);
    settle(&rig);
    ck_assert_ptr_null(rig.done.transport); /* in turn: the silent one goes on */
    run(&rig);
    ck_assert_int_eq(rig.done.fault.code, H2CLIENT_ERROR_TIMEOUT);
    close_rig(&rig);
}

TEST(tcp_dialer_makes_sockets_that_do_not_block_and_are_not_inherited)
{
    struct rig rig;
    open_rig(&rig);
    h2client_address place = listening_place(&rig);
    int next = dup(0);
    close(next);
    dial(&rig, 10000);
    add(&rig, place, false);
    run(&rig);
    ck_assert_uint_eq(h2i_socket_remote_address(next).port, place.port);
    ck_assert_int_eq(fcntl(next, F_GETFD), FD_CLOEXEC);
    ck_assert(fcntl(next, F_GETFL) & O_NONBLOCK);
    close_rig(&rig);
}

/* ---- failure ---- */

TEST(tcp_dialer_calls_nobody_from_inside_a_function)
{
    struct rig rig;
    open_rig(&rig);
    dial(&rig, 10000);
    rig.dialer->ops->add_addresses(rig.dialer, rig.dial, NULL, 0, false);
    ck_assert_uint_eq(rig.done.n, 0);
    run(&rig);
    close_rig(&rig);
}

TEST(tcp_dialer_fails_without_any_address)
{
    struct rig rig;
    open_rig(&rig);
    dial(&rig, 10000);
    rig.dialer->ops->add_addresses(rig.dialer, rig.dial, NULL, 0, true);
    settle(&rig);
    ck_assert_uint_eq(rig.done.n, 0);
    rig.dialer->ops->add_addresses(rig.dialer, rig.dial, NULL, 0, false);
    run(&rig);
    ck_assert_int_eq(rig.done.fault.code, H2CLIENT_ERROR_CONNECT_FAILED);
    ck_assert_str_eq(rig.done.fault.text, "no address to connect to");
    close_rig(&rig);
}

TEST(tcp_dialer_says_refused_when_all_refuse)
{
    struct rig rig;
    open_rig(&rig);
    h2client_address list[2] = {refused_place(&rig), refused_place(&rig)};
    char wanted[244];
    int n = snprintf(wanted, sizeof wanted, "%s: connection refused, ", text_of(list[0]));
    snprintf(wanted + n, sizeof wanted - (size_t)n, "%s: connection refused", text_of(list[1]));
    dial(&rig, 10000);
    rig.dialer->ops->add_addresses(rig.dialer, rig.dial, list, 2, false);
    run(&rig);
    ck_assert_int_eq(rig.done.fault.code, H2CLIENT_ERROR_CONNECT_REFUSED);
    ck_assert_int_eq(rig.done.fault.system_errno, ECONNREFUSED);
    ck_assert_str_eq(rig.done.fault.text, wanted);
    close_rig(&rig);
}

TEST(tcp_dialer_says_failed_when_not_all_refuse)
{
    struct rig rig;
    h2client_address unknown = {.family = 0};
    open_rig(&rig);
    dial(&rig, 10000);
    add(&rig, unknown, true);
    add(&rig, refused_place(&rig), false);
    run(&rig);
    ck_assert_int_eq(rig.done.fault.code, H2CLIENT_ERROR_CONNECT_FAILED);
    ck_assert_ptr_nonnull(strstr(rig.done.fault.text, "not supported"));
    ck_assert_ptr_nonnull(strstr(rig.done.fault.text, ", 127.0.0.1:"));
    close_rig(&rig);
}

TEST(tcp_dialer_tells_as_many_addresses_as_fit)
{
    struct rig rig;
    h2client_address list[80];
    open_rig(&rig);
    list[0] = refused_place(&rig);
    for (int i = 1; i < 80; i++)
        list[i] = list[0];
    dial(&rig, 10000);
    rig.dialer->ops->add_addresses(rig.dialer, rig.dial, list, 80, false);
    run(&rig);
    const char *text = rig.done.fault.text;
    ck_assert_uint_gt(strlen(text), 150);
    ck_assert_str_eq(text + strlen(text) - strlen("refused"), "refused");
    close_rig(&rig);
}

TEST(tcp_dialer_gives_all_addresses_one_time_limit)
{
    struct rig rig;
    open_rig(&rig);
    h2client_address list[2] = {refused_place(&rig), silent_place(&rig)};
    int64_t start_us = h2client_reactor_now_us(&rig.reactor);
    dial(&rig, 20);
    rig.dialer->ops->add_addresses(rig.dialer, rig.dial, list, 2, false);
    run(&rig);
    ck_assert_int_ge(h2client_reactor_now_us(&rig.reactor) - start_us, 20000);
    ck_assert_int_eq(rig.done.fault.code, H2CLIENT_ERROR_TIMEOUT);
    ck_assert_int_eq(rig.done.fault.limit, H2CLIENT_LIMIT_SOCK_CONNECT);
    ck_assert_ptr_nonnull(strstr(rig.done.fault.text, "20 ms (127.0.0.1:"));
    ck_assert_ptr_nonnull(strstr(rig.done.fault.text, "refused, 127.0.0.1:"));
    ck_assert_ptr_nonnull(strstr(rig.done.fault.text, ": no answer)"));
    close_rig(&rig);
}

TEST(tcp_dialer_time_limit_holds_while_it_waits_for_addresses)
{
    struct rig rig;
    open_rig(&rig);
    dial(&rig, 5);
    run(&rig);
    ck_assert_int_eq(rig.done.fault.code, H2CLIENT_ERROR_TIMEOUT);
    ck_assert_ptr_null(strchr(rig.done.fault.text, '('));
    close_rig(&rig);
}

TEST(tcp_dialer_takes_no_limit_and_limits_of_centuries)
{
    static const int64_t limits_ms[] = {H2CLIENT_NO_LIMIT, INT64_MAX};
    for (int i = 0; i < 2; i++) {
        struct rig rig;
        open_rig(&rig);
        dial(&rig, limits_ms[i]);
        ck_assert_int_eq(h2i_reactor_next_timeout_us(&rig.reactor), INT64_MAX);
        add(&rig, listening_place(&rig), false);
        run(&rig);
        ck_assert_ptr_nonnull(rig.done.transport);
        close_rig(&rig);
    }
}

/* ---- cancel ---- */

TEST(tcp_dialer_cancelled_dial_leaves_nothing_and_says_nothing)
{
    struct rig rig;
    open_rig(&rig);
    h2client_address silent = silent_place(&rig);
    for (int n_turns = 0; n_turns < 3; n_turns++) {
        uint64_t n_live = rig.alloc.n_live;
        int next = dup(0);
        close(next);
        dial(&rig, 5);
        add(&rig, silent, false);
        for (int i = 0; i < n_turns; i++)
            turn(&rig, 0);
        rig.dialer->ops->cancel(rig.dialer, rig.dial);
        rig.dial = NULL;
        settle(&rig);
        ck_assert_uint_eq(rig.done.n, 0);
        ck_assert_int_eq(fcntl(next, F_GETFD), -1);
        ck_assert_uint_le(rig.alloc.n_live, n_live + 2); /* the loop's and timers' arrays */
    }
    close_rig(&rig);
}

/* ---- shortages ---- */

TEST(tcp_dialer_says_when_descriptors_run_out_and_tries_no_further)
{
    struct rig rig;
    struct rlimit before;
    open_rig(&rig);
    h2client_address list[2] = {listening_place(&rig), listening_place(&rig)};
    getrlimit(RLIMIT_NOFILE, &before);
    int next = dup(0);
    close(next);
    struct rlimit limit = {(rlim_t)next, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &limit);
    dial(&rig, 10000);
    rig.dialer->ops->add_addresses(rig.dialer, rig.dial, list, 2, false);
    run(&rig);
    setrlimit(RLIMIT_NOFILE, &before);
    ck_assert_int_eq(rig.done.fault.code, H2CLIENT_ERROR_NO_DESCRIPTORS);
    ck_assert_int_eq(rig.done.fault.system_errno, EMFILE);
    ck_assert_ptr_null(strstr(rig.done.fault.text, ", "));
    close_rig(&rig);
}

static int refuse_watch(h2client_loop *loop, h2client_watch *watch, unsigned events)
{
    (void)loop;
    (void)watch;
    return events ? ENOSPC : 0;
}

TEST(tcp_dialer_fails_when_the_loop_refuses_the_socket)
{
    struct rig rig;
    open_rig(&rig);
    h2client_loop_ops ops = *rig.loop->ops;
    ops.watch = refuse_watch;
    h2client_loop refusing = {&ops};
    ops.wait = NULL; /* the real one would take `refusing` for its own */
    ops.arm = NULL;
    rig.reactor.loop = &refusing;
    dial(&rig, 10000);
    add(&rig, silent_place(&rig), false);
    while (!rig.done.n)
        turn(&rig, 0);
    rig.reactor.loop = rig.loop;
    ck_assert_int_eq(rig.done.fault.code, H2CLIENT_ERROR_CONNECT_FAILED);
    ck_assert_int_eq(rig.done.fault.system_errno, ENOSPC);
    close_rig(&rig);
}

/* The same dial with the nth allocation failing, until none fails any more. */
TEST(tcp_dialer_survives_every_failing_allocation)
{
    bool has_connected = false;
    for (uint64_t nth = 1; !has_connected; nth++) {
        struct rig rig;
        open_rig(&rig);
        rig.alloc.fail_at = rig.alloc.n_calls + nth;
        dial(&rig, 10000);
        if (rig.dial) {
            add(&rig, listening_place(&rig), false);
            run(&rig);
            has_connected = rig.done.transport != NULL;
            if (!has_connected)
                ck_assert_int_eq(rig.done.fault.code, H2CLIENT_ERROR_NO_MEMORY);
        }
        ck_assert_uint_lt(nth, 10);
        close_rig(&rig);
    }
}

TEST(tcp_dialer_is_not_made_without_memory)
{
    struct h2t_alloc alloc;
    h2t_alloc_init(&alloc);
    alloc.fail_at = 1;
    ck_assert_ptr_null(h2i_tcp_dialer_create(&alloc.allocator));
    h2t_alloc_check(&alloc);
}

TEST_MAIN("tcp_dialer", {T(tcp_dialer_connects)}, {T(tcp_dialer_connects_by_ipv6)},
          {T(tcp_dialer_wants_addresses)}, {T(tcp_dialer_tries_the_next_address_after_a_refusal)},
          {T(tcp_dialer_takes_the_first_of_several_that_answer)},
          {T(tcp_dialer_waits_for_more_addresses)},
          {T(tcp_dialer_takes_addresses_while_another_is_tried)},
          {T(tcp_dialer_makes_sockets_that_do_not_block_and_are_not_inherited)},
          {T(tcp_dialer_calls_nobody_from_inside_a_function)},
          {T(tcp_dialer_fails_without_any_address)}, {T(tcp_dialer_says_refused_when_all_refuse)},
          {T(tcp_dialer_says_failed_when_not_all_refuse)},
          {T(tcp_dialer_tells_as_many_addresses_as_fit)},
          {T(tcp_dialer_gives_all_addresses_one_time_limit)},
          {T(tcp_dialer_time_limit_holds_while_it_waits_for_addresses)},
          {T(tcp_dialer_takes_no_limit_and_limits_of_centuries)},
          {T(tcp_dialer_cancelled_dial_leaves_nothing_and_says_nothing)},
          {T(tcp_dialer_says_when_descriptors_run_out_and_tries_no_further)},
          {T(tcp_dialer_fails_when_the_loop_refuses_the_socket)},
          {T(tcp_dialer_survives_every_failing_allocation)},
          {T(tcp_dialer_is_not_made_without_memory)})
