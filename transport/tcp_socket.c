/* SPDX-License-Identifier: MIT */
#include "transport/tcp_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "transport/socket_address.h"

/* Questions without an answer before the connection counts as dead. */
#define MAX_KEEP_ALIVE_QUESTIONS 3

static void set_number(int fd, int level, int name, int value)
{
    /* A wish: a kind of socket that knows no such thing refuses, and works. */
    setsockopt(fd, level, name, &value, sizeof value);
}

static void keep_alive(int fd, int32_t seconds)
{
    if (!seconds)
        return;
    set_number(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_number(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds);
    set_number(fd, IPPROTO_TCP, TCP_KEEPINTVL, seconds);
    set_number(fd, IPPROTO_TCP, TCP_KEEPCNT, MAX_KEEP_ALIVE_QUESTIONS);
}

static int bind_interface(int fd, const char *interface)
{
    if (!interface[0])
        return 0;
    return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, (socklen_t)strlen(interface))
               ? errno
               : 0;
}

static int bind_address(int fd, const h2client_address *local)
{
    struct sockaddr_storage from;
    socklen_t len = h2i_socket_address_make(local, &from);

    if (!len)
        return 0;
    /* The port is chosen by connect, where one is free that others use to elsewhere. */
    set_number(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    return bind(fd, (struct sockaddr *)&from, len) ? errno : 0;
}

static int prepare(int fd, const struct h2i_tcp_socket_options *options,
                   enum h2i_tcp_culprit *culprit)
{
    int failure;

    keep_alive(fd, options->keep_alive_s);
    *culprit = H2I_TCP_INTERFACE;
    failure = bind_interface(fd, options->interface);
    if (failure)
        return failure;
    *culprit = H2I_TCP_LOCAL_ADDRESS;
    return bind_address(fd, &options->local);
}

int h2i_tcp_socket_connect(const h2client_address *to, const struct h2i_tcp_socket_options *options,
                           int *fd, enum h2i_tcp_culprit *culprit)
{
    struct sockaddr_storage name;
    socklen_t len = h2i_socket_address_make(to, &name);
    int failure;

    *fd = -1;
    *culprit = H2I_TCP_ADDRESS;
    if (!len)
        return EAFNOSUPPORT;
    *fd = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0)
        return errno;
    failure = prepare(*fd, options, culprit);
    if (failure)
        return failure;
    *culprit = H2I_TCP_ADDRESS;
    if (!connect(*fd, (struct sockaddr *)&name, len))
        return h2i_tcp_socket_outcome(*fd);
    return errno == EINTR ? EINPROGRESS : errno;
}

/* On loopback a socket that looks for a port where nobody listens may be given
 * that very port as its own, and then TCP connects it to itself. */
static bool is_joined_to_itself(int fd)
{
    h2client_address local = h2i_socket_local_address(fd);
    h2client_address remote = h2i_socket_remote_address(fd);

    return h2i_address_equals(&local, &remote);
}

int h2i_tcp_socket_outcome(int fd)
{
    int outcome = 0;
    socklen_t len = sizeof outcome;
    struct sockaddr_storage peer;

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &outcome, &len))
        return errno;
    if (outcome)
        return outcome;
    len = sizeof peer;
    if (getpeername(fd, (struct sockaddr *)&peer, &len))
        return errno;
    return is_joined_to_itself(fd) ? ECONNREFUSED : 0;
}
