/* SPDX-License-Identifier: MIT */
/* The dialer to TCP, over loopback: what an application can wish of its sockets and addresses,
 * and what the dialer remembers from dial to dial. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/dial_rig.h"
#include "tests/support/test_main.h"
#include "transport/socket_address.h"

/* ---- what the application wants ---- */

struct seen {
    unsigned n;
    char hosts[64];
    uint16_t allowed_port;
};

static bool allow_port(const h2client_address *address, const char *host, void *user)
{
    struct seen *seen = user;
    seen->n++;
    snprintf(seen->hosts, sizeof seen->hosts, "%s", host);
    return address->port == seen->allowed_port;
}

TEST(tcp_dialer_asks_the_filter_before_every_connection)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    h2client_address list[2] = {h2t_listening_place(&rig), h2t_listening_place(&rig)};
    struct seen seen = {.allowed_port = list[1].port};
    rig.config.filter = allow_port;
    rig.config.filter_user = &seen;
    h2t_dial_make_dialer(&rig);
    h2t_dial_and_expect(&rig, list, 2, list[1]);
    ck_assert_uint_eq(seen.n, 2);
    ck_assert_str_eq(seen.hosts, "a.example");
    h2t_dial_and_expect(&rig, list, 2, list[1]);
    ck_assert_uint_eq(seen.n, 3);
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_says_which_addresses_the_filter_refused)
{
    struct h2t_dial_rig rig;
    char wanted[200], text[H2CLIENT_ADDRESS_TEXT_MAX];
    struct seen seen = {.allowed_port = 0};
    h2t_dial_open(&rig);
    rig.config.filter = allow_port;
    rig.config.filter_user = &seen;
    h2t_dial_make_dialer(&rig);
    h2client_address place = h2t_listening_place(&rig);
    h2t_dial(&rig, 10000);
    h2t_dial_add(&rig, place, false);
    h2t_dial_run(&rig);
    snprintf(wanted, sizeof wanted,
             "connect to a.example failed: %s: not allowed by the address filter",
             h2client_address_format(&place, text, sizeof text));
    ck_assert_int_eq(rig.done.fault.code, H2CLIENT_ERROR_CONNECT_FAILED);
    ck_assert_str_eq(rig.done.fault.text, wanted);
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_connects_to_the_wanted_family_only)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    rig.config.family = H2CLIENT_IP_V6;
    h2t_dial_make_dialer(&rig);
    h2t_dial(&rig, 10000);
    h2t_dial_add(&rig, h2t_listening_place(&rig), false);
    h2t_dial_run(&rig);
    ck_assert_int_eq(rig.done.fault.code, H2CLIENT_ERROR_CONNECT_FAILED);
    ck_assert_ptr_nonnull(strstr(rig.done.fault.text, ": IPv4 is not wanted"));
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_of_ipv4_only_does_not_wait_for_ipv6)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    rig.config.family = H2CLIENT_IP_V4;
    rig.config.resolution_delay_us = INT64_MAX;
    h2t_dial_make_dialer(&rig);
    h2t_dial(&rig, 10000);
    h2t_dial_add(&rig, h2t_listening_place(&rig), true);
    h2t_dial_run(&rig);
    ck_assert_ptr_nonnull(rig.done.transport);
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_connects_from_the_local_address)
{
    struct h2t_dial_rig rig;
    h2client_transport_info info = {.size = sizeof info};
    h2t_dial_open(&rig);
    ck_assert(h2client_address_parse("127.0.0.9", &rig.config.socket.local));
    h2t_dial_make_dialer(&rig);
    h2t_dial(&rig, 10000);
    h2t_dial_add(&rig, h2t_listening_place(&rig), false);
    h2t_dial_run(&rig);
    rig.done.transport->ops->info(rig.done.transport, &info);
    ck_assert_uint_eq(info.local.bytes[3], 9);
    h2t_dial_close(&rig);
}

static void expect_bind_failure(struct h2t_dial_rig *rig, int system_errno, const char *text)
{
    h2t_dial_make_dialer(rig);
    h2t_dial(rig, 10000);
    h2t_dial_add(rig, h2t_listening_place(rig), true);
    h2t_dial_run(rig);
    ck_assert_int_eq(rig->done.fault.code, H2CLIENT_ERROR_BIND_FAILED);
    ck_assert_int_eq(rig->done.fault.system_errno, system_errno);
    ck_assert_msg(strstr(rig->done.fault.text, text) == rig->done.fault.text, "%s",
                  rig->done.fault.text);
}

TEST(tcp_dialer_names_the_local_address_that_it_cannot_use)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    ck_assert(h2client_address_parse("192.0.2.77", &rig.config.socket.local));
    rig.config.resolution_delay_us = 0;
    expect_bind_failure(&rig, EADDRNOTAVAIL, "connect.local_address \"192.0.2.77\": ");
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_names_the_interface_that_it_cannot_use)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    strcpy(rig.config.socket.interface, "no-such-one");
    rig.config.resolution_delay_us = 0;
    expect_bind_failure(&rig, ENODEV, "connect.interface \"no-such-one\": ");
    h2t_dial_close(&rig);
}

static int socket_option(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof value;
    ck_assert_int_eq(getsockopt(fd, level, name, &value, &len), 0);
    return value;
}

/* The socket of a connection by this configuration; it is closed with the rig. */
static int connected_socket(struct h2t_dial_rig *rig)
{
    h2client_address place = h2t_listening_place(rig);
    h2t_dial_make_dialer(rig);
    int next = dup(0);
    close(next);
    h2t_dial(rig, 10000);
    h2t_dial_add(rig, place, false);
    h2t_dial_run(rig);
    ck_assert_uint_eq(h2i_socket_remote_address(next).port, place.port);
    return next;
}

TEST(tcp_dialer_keeps_connections_alive)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    int fd = connected_socket(&rig);
    ck_assert_int_eq(socket_option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    ck_assert_int_eq(socket_option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
    ck_assert_int_eq(socket_option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 60);
    ck_assert_int_eq(socket_option(fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_lets_connections_die_when_told_to)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    rig.config.socket.keep_alive_s = 0;
    int fd = connected_socket(&rig);
    ck_assert_int_eq(socket_option(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_binds_to_the_interface)
{
    struct h2t_dial_rig rig;
    char name[16] = "";
    socklen_t len = sizeof name;
    h2t_dial_open(&rig);
    strcpy(rig.config.socket.interface, "lo");
    int fd = connected_socket(&rig);
    ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len), 0);
    ck_assert_str_eq(name, "lo");
    h2t_dial_close(&rig);
}

/* ---- sockets ---- */

TEST(tcp_dialer_makes_sockets_that_do_not_block_and_are_not_inherited)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    h2client_address place = h2t_listening_place(&rig);
    int next = dup(0);
    close(next);
    h2t_dial(&rig, 10000);
    h2t_dial_add(&rig, place, false);
    h2t_dial_run(&rig);
    ck_assert_uint_eq(h2i_socket_remote_address(next).port, place.port);
    ck_assert_int_eq(fcntl(next, F_GETFD), FD_CLOEXEC);
    ck_assert(fcntl(next, F_GETFL) & O_NONBLOCK);
    h2t_dial_close(&rig);
}

/* ---- from dial to dial ---- */

TEST(tcp_dialer_begins_with_another_address_each_time)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    h2client_address list[3] = {h2t_listening_place(&rig), h2t_listening_place(&rig),
                                h2t_listening_place(&rig)};
    for (int i = 0; i < 6; i++)
        h2t_dial_and_expect(&rig, list, 3, list[i % 3]);
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_tries_an_address_that_failed_last)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    h2client_address list[2] = {h2t_refused_place(&rig), h2t_listening_place(&rig)};
    h2t_dial_and_expect(&rig, list, 2, list[1]);
    ck_assert_int_eq(listen(rig.sockets[0], 5), 0);
    for (int i = 0; i < 3; i++)
        h2t_dial_and_expect(&rig, list, 2, list[1]);
    h2t_dial_close(&rig);
}

TEST(tcp_dialer_forgets_failures_as_it_is_told)
{
    struct h2t_dial_rig rig;
    h2t_dial_open(&rig);
    rig.config.failed_address_ttl_us = 0;
    h2t_dial_make_dialer(&rig);
    h2client_address list[2] = {h2t_refused_place(&rig), h2t_listening_place(&rig)};
    h2t_dial_and_expect(&rig, list, 2, list[1]);
    h2t_dial_and_expect(&rig, list, 2, list[1]); /* whose turn it is */
    ck_assert_int_eq(listen(rig.sockets[0], 5), 0);
    h2t_dial_and_expect(&rig, list, 2, list[0]);
    h2t_dial_close(&rig);
}

TEST_MAIN("tcp_wishes", {T(tcp_dialer_asks_the_filter_before_every_connection)},
          {T(tcp_dialer_says_which_addresses_the_filter_refused)},
          {T(tcp_dialer_connects_to_the_wanted_family_only)},
          {T(tcp_dialer_of_ipv4_only_does_not_wait_for_ipv6)},
          {T(tcp_dialer_connects_from_the_local_address)},
          {T(tcp_dialer_names_the_local_address_that_it_cannot_use)},
          {T(tcp_dialer_names_the_interface_that_it_cannot_use)},
          {T(tcp_dialer_keeps_connections_alive)},
          {T(tcp_dialer_lets_connections_die_when_told_to)}, {T(tcp_dialer_binds_to_the_interface)},
          {T(tcp_dialer_makes_sockets_that_do_not_block_and_are_not_inherited)},
          {T(tcp_dialer_begins_with_another_address_each_time)},
          {T(tcp_dialer_tries_an_address_that_failed_last)},
          {T(tcp_dialer_forgets_failures_as_it_is_told)})
