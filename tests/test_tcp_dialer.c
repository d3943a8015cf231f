/* SPDX-License-Identifier: MIT */
/* The dialer to TCP, over loopback: how dials succeed and fail, and what they leave. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/dial_rig.h"
#include "tests/support/test_main.h"
#include "transport/socket_address.h"

/* ---- success ---- */

TEST(tcp_dialer_connects)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    h2client_address place = h2t_listening_place(&rig);
    h2t_dial(&rig, 10000);
    h2t_dial_add(&rig, place, false);
    h2t_dial_run(&rig);
    h2t_expect_connection_to(&rig, place);
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_connects_by_ipv6)
{
    struct h2t_dial_rig rig;
    struct sockaddr_in6 loopback = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    h2t_dial_open(&rig);
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&loopback, sizeof loopback), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    h2client_address place = h2i_socket_local_address(fd);
    ck_assert_uint_eq(place.family, 6);
    h2t_dial(&rig, 10000);
    h2t_dial_add(&rig, place, false);
    h2t_dial_run(&rig);
    h2t_expect_connection_to(&rig, place);
    close(fd);
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_wants_addresses)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    h2client_target target = {.size = sizeof target, .host = "a.example", .port = 443};
    ck_assert(rig.dialer->ops->wants_addresses(rig.dialer, &target));
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_tries_the_next_address_after_a_refusal)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    h2client_address place = h2t_listening_place(&rig);
    h2client_address list[3] = {h2t_refused_place(&rig), h2t_refused_place(&rig), place};
    h2t_dial(&rig, 10000);
    rig.dialer->ops->add_addresses(rig.dialer, rig.dial, list, 3, false);
    h2t_dial_run(&rig);
    h2t_expect_connection_to(&rig, place);
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_takes_the_first_of_several_that_answer)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    h2client_address list[2] = {h2t_listening_place(&rig), h2t_listening_place(&rig)};
    h2t_dial(&rig, 10000);
    rig.dialer->ops->add_addresses(rig.dialer, rig.dial, list, 2, true);
    h2t_dial_run(&rig);
    h2t_expect_connection_to(&rig, list[0]);
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_waits_for_more_addresses)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    h2client_address place = h2t_listening_place(&rig);
    h2t_dial(&rig, 10000);
    h2t_dial_settle(&rig);
    h2t_dial_add(&rig, h2t_refused_place(&rig), true);
    h2t_dial_settle(&rig);
    ck_assert_uint_eq(rig.done.n, 0);
    h2t_dial_add(&rig, place, false);
    h2t_dial_run(&rig);
    h2t_expect_connection_to(&rig, place);
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_tries_another_beside_a_silent_one)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    rig.config.attempt_delay_us = 10000;
    h2t_dial_make_dialer(&rig);
    h2client_address list[3] = {h2t_silent_place(&rig), h2t_silent_place(&rig),
                                h2t_listening_place(&rig)};
    int64_t start_us = h2client_reactor_now_us(&rig.reactor);
    h2t_dial(&rig, 10000);
    rig.dialer->ops->add_addresses(rig.dialer, rig.dial, list, 3, false);
    h2t_dial_run(&rig);
    h2t_expect_connection_to(&rig, list[2]);
    ck_assert_int_ge(h2client_reactor_now_us(&rig.reactor) - start_us, 20000);
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_closes_the_losers)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    rig.config.attempt_delay_us = 10000;
    h2t_dial_make_dialer(&rig);
    h2client_address list[2] = {h2t_silent_place(&rig), h2t_listening_place(&rig)};
    int next = dup(0);
    close(next);
    h2t_dial(&rig, 10000);
    rig.dialer->ops->add_addresses(rig.dialer, rig.dial, list, 2, false);
    h2t_dial_run(&rig);
    h2t_expect_connection_to(&rig, list[1]);
    ck_assert_int_eq(fcntl(next, F_GETFD), -1); /* the silent one had it */
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_takes_addresses_while_another_is_tried)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    rig.config.attempt_delay_us = 10000;
    h2t_dial_make_dialer(&rig);
    h2client_address silent = h2t_silent_place(&rig);
    h2client_address place = h2t_listening_place(&rig);
    h2t_dial(&rig, 10000);
    h2t_dial_add(&rig, silent, true);
    h2t_dial_settle(&rig);
    h2t_dial_add(&rig, place, false);
    h2t_dial_run(&rig);
    h2t_expect_connection_to(&rig, place);
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_lets_ipv4_wait_for_ipv6)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    h2client_address place = h2t_listening_place(&rig);
    int64_t start_us = h2client_reactor_now_us(&rig.reactor);
    h2t_dial(&rig, 10000);
    h2t_dial_add(&rig, place, true);
    h2t_dial_run(&rig);
    ck_assert_int_ge(h2client_reactor_now_us(&rig.reactor) - start_us, 50000);
    h2t_dial_close(&rig);
}

/* ---- failure ---- */

static const char *text_of(h2client_address place)
{
    static char text[H2CLIENT_ADDRESS_TEXT_MAX];
    return h2client_address_format(&place, text, sizeof text);
}

TEST(tcp_dialer_calls_nobody_from_inside_a_function)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    h2t_dial(&rig, 10000);
    rig.dialer->ops->add_addresses(rig.dialer, rig.dial, NULL, 0, false);
    ck_assert_uint_eq(rig.done.n, 0);
    h2t_dial_run(&rig);
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_fails_without_any_address)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    h2t_dial(&rig, 10000);
    rig.dialer->ops->add_addresses(rig.dialer, rig.dial, NULL, 0, true);
    h2t_dial_settle(&rig);
    ck_assert_uint_eq(rig.done.n, 0);
    rig.dialer->ops->add_addresses(rig.dialer, rig.dial, NULL, 0, false);
    h2t_dial_run(&rig);
    ck_assert_int_eq(rig.done.fault.code, H2CLIENT_ERROR_CONNECT_FAILED);
    ck_assert_str_eq(rig.done.fault.text, "connect to a.example failed: no address to connect to");
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_says_refused_when_all_refuse)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    h2client_address list[2] = {h2t_refused_place(&rig), h2t_refused_place(&rig)};
    char wanted[500];
    int n = snprintf(wanted, sizeof wanted, "connect to a.example failed: %s: connection refused, ",
                     text_of(list[0]));
    snprintf(wanted + n, sizeof wanted - (size_t)n, "%s: connection refused", text_of(list[1]));
    h2t_dial(&rig, 10000);
    rig.dialer->ops->add_addresses(rig.dialer, rig.dial, list, 2, false);
    h2t_dial_run(&rig);
    ck_assert_int_eq(rig.done.fault.code, H2CLIENT_ERROR_CONNECT_REFUSED);
    ck_assert_int_eq(rig.done.fault.system_errno, ECONNREFUSED);
    ck_assert_str_eq(rig.done.fault.text, wanted);
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_says_failed_when_not_all_refuse)
{
    struct h2t_dial_rig rig;
    h2client_address unknown = {.family = 0};
    h2t_dial_open(&rig);
    h2t_dial(&rig, 10000);
    h2t_dial_add(&rig, unknown, true);
    h2t_dial_add(&rig, h2t_refused_place(&rig), false);
    h2t_dial_run(&rig);
    ck_assert_int_eq(rig.done.fault.code, H2CLIENT_ERROR_CONNECT_FAILED);
    ck_assert_ptr_nonnull(strstr(rig.done.fault.text, "not supported"));
    ck_assert_ptr_nonnull(strstr(rig.done.fault.text, ", 127.0.0.1:"));
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_tells_as_many_addresses_as_fit_and_how_many_more)
{
    struct h2t_dial_rig rig;
    h2client_address list[64];
    h2t_dial_open(&rig);
    list[0] = h2t_refused_place(&rig);
    for (int i = 1; i < 64; i++) {
        list[i] = list[0];
        list[i].bytes[3] = (uint8_t)(i + 1); /* 127.0.0.2 ... */
    }
    h2t_dial(&rig, 10000);
    rig.dialer->ops->add_addresses(rig.dialer, rig.dial, list, 64, false);
    h2t_dial_run(&rig);
    const char *rest = strstr(rig.done.fault.text, ": connection refused, ... and ");
    ck_assert_ptr_nonnull(rest);
    ck_assert_uint_gt(strlen(rig.done.fault.text), 400);
    ck_assert_str_eq(rest + strlen(rest) - strlen(" more"), " more");
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_gives_all_addresses_one_time_limit)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    h2client_address list[2] = {h2t_refused_place(&rig), h2t_silent_place(&rig)};
    int64_t start_us = h2client_reactor_now_us(&rig.reactor);
    h2t_dial(&rig, 20);
    rig.dialer->ops->add_addresses(rig.dialer, rig.dial, list, 2, false);
    h2t_dial_run(&rig);
    ck_assert_int_ge(h2client_reactor_now_us(&rig.reactor) - start_us, 20000);
    ck_assert_int_eq(rig.done.fault.code, H2CLIENT_ERROR_TIMEOUT);
    ck_assert_int_eq(rig.done.fault.limit, H2CLIENT_LIMIT_SOCK_CONNECT);
    ck_assert_ptr_nonnull(
        strstr(rig.done.fault.text, "20 ms: connect to a.example failed: 127.0.0.1:"));
    ck_assert_ptr_nonnull(strstr(rig.done.fault.text, "refused, 127.0.0.1:"));
    ck_assert_ptr_nonnull(strstr(rig.done.fault.text, ": timed out"));
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_time_limit_holds_while_it_waits_for_addresses)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    h2t_dial(&rig, 5);
    h2t_dial_run(&rig);
    ck_assert_int_eq(rig.done.fault.code, H2CLIENT_ERROR_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(rig.done.fault.text, ": no address to connect to"));
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_takes_no_limit_and_limits_of_centuries)
{
    static const int64_t limits_ms[] = {H2CLIENT_NO_LIMIT, INT64_MAX};
    for (int i = 0; i < 2; i++) {
        struct h2t_dial_rig rig;
        h2t_dial_open(&rig);
        h2t_dial(&rig, limits_ms[i]);
        ck_assert_int_eq(h2i_reactor_next_timeout_us(&rig.reactor), INT64_MAX);
        h2t_dial_add(&rig, h2t_listening_place(&rig), false);
        h2t_dial_run(&rig);
        ck_assert_ptr_nonnull(rig.done.transport);
        h2t_dial_close(&rig);
    }
}

/* ---- cancel ---- */

TEST(tcp_dialer_cancelled_dial_leaves_nothing_and_says_nothing)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    h2client_address silent = h2t_silent_place(&rig);
    for (int n_turns = 0; n_turns < 3; n_turns++) {
        uint64_t n_live = rig.alloc.n_live;
        int next = dup(0);
        close(next);
        h2t_dial(&rig, 5);
        h2t_dial_add(&rig, silent, false);
        for (int i = 0; i < n_turns; i++)
            h2t_dial_turn(&rig, 0);
        rig.dialer->ops->cancel(rig.dialer, rig.dial);
        rig.dial = NULL;
        h2t_dial_settle(&rig);
        ck_assert_uint_eq(rig.done.n, 0);
        ck_assert_int_eq(fcntl(next, F_GETFD), -1);
        ck_assert_uint_le(rig.alloc.n_live, n_live + 2); /* the loop's and timers' arrays */
    }
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_cancelled_race_closes_all_sockets)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    rig.config.attempt_delay_us = 10000;
    h2t_dial_make_dialer(&rig);
    h2client_address list[2] = {h2t_silent_place(&rig), h2t_silent_place(&rig)};
    int next = dup(0);
    close(next);
    h2t_dial(&rig, 10000);
    rig.dialer->ops->add_addresses(rig.dialer, rig.dial, list, 2, false);
    while (fcntl(next + 1, F_GETFD) < 0)
        h2t_dial_turn(&rig, -1);
    rig.dialer->ops->cancel(rig.dialer, rig.dial);
    rig.dial = NULL;
    ck_assert_int_eq(fcntl(next, F_GETFD), -1);
    ck_assert_int_eq(fcntl(next + 1, F_GETFD), -1);
    h2t_dial_settle(&rig);
    ck_assert_uint_eq(rig.done.n, 0);
    h2t_dial_close(&rig);
}

/* ---- shortages ---- */

TEST(tcp_dialer_says_when_descriptors_run_out_and_tries_no_further)
{
    struct h2t_dial_rig rig;
    struct rlimit before;
    h2t_dial_open(&rig);
    h2client_address list[2] = {h2t_listening_place(&rig), h2t_listening_place(&rig)};
    getrlimit(RLIMIT_NOFILE, &before);
    int next = dup(0);
    close(next);
    struct rlimit limit = {(rlim_t)next, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &limit);
    h2t_dial(&rig, 10000);
    rig.dialer->ops->add_addresses(rig.dialer, rig.dial, list, 2, false);
    h2t_dial_run(&rig);
    setrlimit(RLIMIT_NOFILE, &before);
    ck_assert_int_eq(rig.done.fault.code, H2CLIENT_ERROR_NO_DESCRIPTORS);
    ck_assert_int_eq(rig.done.fault.system_errno, EMFILE);
    ck_assert_ptr_nonnull(strstr(rig.done.fault.text, ": not tried"));
    h2t_dial_close(&rig);
}

static int refuse_watch(h2client_loop *loop, h2client_watch *watch, unsigned events)
{
    (void)loop;
    (void)watch;
    return events ? ENOSPC : 0;
}

TEST(tcp_dialer_fails_when_the_loop_refuses_the_socket)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    h2client_loop_ops ops = *rig.loop->ops;
    ops.watch = refuse_watch;
    h2client_loop refusing = {&ops};
    ops.wait = NULL; /* the real one would take `refusing` for its own */
    ops.arm = NULL;
    rig.reactor.loop = &refusing;
    h2t_dial(&rig, 10000);
    h2t_dial_add(&rig, h2t_silent_place(&rig), false);
    while (!rig.done.n)
        h2t_dial_turn(&rig, 0);
    rig.reactor.loop = rig.loop;
    ck_assert_int_eq(rig.done.fault.code, H2CLIENT_ERROR_CONNECT_FAILED);
    ck_assert_int_eq(rig.done.fault.system_errno, ENOSPC);
    h2t_dial_close(&rig);
}

/* The same dial with the nth allocation failing, until none fails any more. */
TEST(tcp_dialer_survives_every_failing_allocation)
{
    bool has_connected = false;
    for (uint64_t nth = 1; !has_connected; nth++) {
        struct h2t_dial_rig rig;
        h2t_dial_open(&rig);
        rig.alloc.fail_at = rig.alloc.n_calls + nth;
        h2t_dial(&rig, 10000);
        if (rig.dial) {
            h2t_dial_add(&rig, h2t_listening_place(&rig), false);
            h2t_dial_run(&rig);
            has_connected = rig.done.transport != NULL;
            if (!has_connected)
                ck_assert_int_eq(rig.done.fault.code, H2CLIENT_ERROR_NO_MEMORY);
        }
        ck_assert_uint_lt(nth, 10);
        h2t_dial_close(&rig);
    }
}

TEST(tcp_dialer_is_not_made_without_memory)
{
    struct h2t_alloc alloc;
    const struct h2i_tcp_config config = h2i_tcp_config_default();
    h2t_alloc_init(&alloc);
    alloc.fail_at = 1;
    ck_assert_ptr_null(h2i_tcp_dialer_create(&alloc.allocator, &config));
    h2t_alloc_check(&alloc);
}

TEST_MAIN("tcp_dialer", {T(tcp_dialer_connects)}, {T(tcp_dialer_connects_by_ipv6)},
          {T(tcp_dialer_wants_addresses)}, {T(tcp_dialer_tries_the_next_address_after_a_refusal)},
          {T(tcp_dialer_takes_the_first_of_several_that_answer)},
          {T(tcp_dialer_waits_for_more_addresses)},
          {T(tcp_dialer_tries_another_beside_a_silent_one)}, {T(tcp_dialer_closes_the_losers)},
          {T(tcp_dialer_takes_addresses_while_another_is_tried)},
          {T(tcp_dialer_lets_ipv4_wait_for_ipv6)},
          {T(tcp_dialer_calls_nobody_from_inside_a_function)},
          {T(tcp_dialer_fails_without_any_address)}, {T(tcp_dialer_says_refused_when_all_refuse)},
          {T(tcp_dialer_says_failed_when_not_all_refuse)},
          {T(tcp_dialer_tells_as_many_addresses_as_fit_and_how_many_more)},
          {T(tcp_dialer_gives_all_addresses_one_time_limit)},
          {T(tcp_dialer_time_limit_holds_while_it_waits_for_addresses)},
          {T(tcp_dialer_takes_no_limit_and_limits_of_centuries)},
          {T(tcp_dialer_cancelled_dial_leaves_nothing_and_says_nothing)},
          {T(tcp_dialer_cancelled_race_closes_all_sockets)},
          {T(tcp_dialer_says_when_descriptors_run_out_and_tries_no_further)},
          {T(tcp_dialer_fails_when_the_loop_refuses_the_socket)},
          {T(tcp_dialer_survives_every_failing_allocation)},
          {T(tcp_dialer_is_not_made_without_memory)})
