/* SPDX-License-Identifier: MIT */
#include "tests/support/dial_rig.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport/loops.h"
#include "transport/socket_address.h"
#include "transport/system_posix.h"

static void on_done(h2client_transport *transport, const h2client_fault *fault, void *user)
{
    struct h2t_dial_rig *rig = user;
    ck_assert_int_ne(transport == NULL, fault == NULL);
    rig->dial = NULL;
    rig->done.n++;
    rig->done.transport = transport;
    if (fault)
        rig->done.fault = *fault;
}

void h2t_dial_make_dialer(struct h2t_dial_rig *rig)
{
    if (rig->dialer)
        rig->dialer->ops->destroy(rig->dialer);
    rig->dialer = h2i_tcp_dialer_create(&rig->alloc.allocator, &rig->config);
    ck_assert_ptr_nonnull(rig->dialer);
}

void h2t_dial_open(struct h2t_dial_rig *rig)
{
    h2client_fault fault;
    memset(rig, 0, sizeof *rig);
    h2t_alloc_init(&rig->alloc);
    rig->loop =
        h2i_loop_create(&rig->alloc.allocator, h2i_system_posix(), H2CLIENT_LOOP_DEFAULT, &fault);
    ck_assert_ptr_nonnull(rig->loop);
    h2i_reactor_init(&rig->reactor, &rig->alloc.allocator, h2i_system_posix(), rig->loop);
    h2i_reactor_refresh_clock(&rig->reactor);
    rig->config = h2i_tcp_config_default();
    h2t_dial_make_dialer(rig);
}

void h2t_dial_close(struct h2t_dial_rig *rig)
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

static int open_socket(struct h2t_dial_rig *rig, int flags)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    ck_assert_int_ge(fd, 0);
    rig->sockets[rig->n_sockets++] = fd;
    return fd;
}

h2client_address h2t_refused_place(struct h2t_dial_rig *rig)
{
    struct sockaddr_in loopback = {.sin_family = AF_INET};
    loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = open_socket(rig, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&loopback, sizeof loopback), 0);
    return h2i_socket_local_address(fd);
}

h2client_address h2t_listening_place(struct h2t_dial_rig *rig)
{
    h2client_address place = h2t_refused_place(rig);
    ck_assert_int_eq(listen(rig->sockets[rig->n_sockets - 1], 5), 0);
    return place;
}

h2client_address h2t_silent_place(struct h2t_dial_rig *rig)
{
    struct sockaddr_storage to;
    h2client_address place = h2t_refused_place(rig);
    ck_assert_int_eq(listen(rig->sockets[rig->n_sockets - 1], 0), 0);
    socklen_t len = h2i_socket_address_make(&place, &to);
    for (int i = 0; i < 3; i++) {
        int failed = connect(open_socket(rig, SOCK_NONBLOCK), (struct sockaddr *)&to, len);
        ck_assert(!failed || errno == EINPROGRESS);
    }
    return place;
}

void h2t_dial(struct h2t_dial_rig *rig, int64_t timeout_ms)
{
    char host[] = "a.example";
    h2client_target target = {
        .size = sizeof target, .host = host, .port = 443, .timeout_ms = timeout_ms};
    rig->dial = rig->dialer->ops->dial(rig->dialer, &rig->reactor, &target, on_done, rig);
    memset(&target, 0xff, sizeof target); /* it keeps copies only */
    memset(host, 0xff, sizeof host - 1);
}

void h2t_dial_add(struct h2t_dial_rig *rig, h2client_address place, bool more)
{
    rig->dialer->ops->add_addresses(rig->dialer, rig->dial, &place, 1, more);
}

void h2t_dial_turn(struct h2t_dial_rig *rig, int64_t timeout_us)
{
    ck_assert_int_eq(h2i_reactor_turn(&rig->reactor, timeout_us), H2CLIENT_OK);
}

void h2t_dial_run(struct h2t_dial_rig *rig)
{
    while (!rig->done.n)
        h2t_dial_turn(rig, -1);
    ck_assert_uint_eq(rig->done.n, 1);
}

void h2t_dial_settle(struct h2t_dial_rig *rig)
{
    for (int i = 0; i < 20; i++)
        h2t_dial_turn(rig, 100);
}

void h2t_expect_connection_to(struct h2t_dial_rig *rig, h2client_address place)
{
    h2client_transport_info info = {.size = sizeof info};
    ck_assert_ptr_nonnull(rig->done.transport);
    rig->done.transport->ops->info(rig->done.transport, &info);
    ck_assert_uint_eq(info.remote.port, place.port);
}

void h2t_dial_and_expect(struct h2t_dial_rig *rig, const h2client_address *list, size_t n,
                         h2client_address place)
{
    rig->done.n = 0;
    if (rig->done.transport)
        rig->done.transport->ops->destroy(rig->done.transport);
    h2t_dial(rig, 10000);
    rig->dialer->ops->add_addresses(rig->dialer, rig->dial, list, n, false);
    h2t_dial_run(rig);
    h2t_expect_connection_to(rig, place);
}
