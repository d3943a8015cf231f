/* SPDX-License-Identifier: MIT */
/*
 * The socket functions c-ares calls: the system's, but for what c-ares cannot do. It drops
 * answers that match no question (RFC 5452 9.1) and goes on reading for as long as they
 * come: here a socket of which too much comes fails, as if the server had reset it, so that
 * c-ares asks elsewhere, and in the end gives up. A write to a closed connection is an
 * error and no signal.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "resolver/ares_internal.h"

/* An answer of 64 KiB in segments of a kilobyte. */
#define RECEIVES_A_QUESTION 64u

static ares_socket_t open_socket(int family, int type, int protocol, void *user)
{
    int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);

    (void)user;
    if (fd >= 0 && type == SOCK_STREAM)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return fd;
}

static int close_socket(ares_socket_t fd, void *user)
{
    (void)user;
    return close(fd);
}

static int connect_socket(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t len,
                          void *user)
{
    (void)user;
    return connect(fd, to, len);
}

static ares_ssize_t receive(ares_socket_t fd, void *buf, size_t cap, int flags,
                            struct sockaddr *from, ares_socklen_t *from_len, void *user)
{
    struct h2i_ares_channel *channel = user;
    struct h2i_ares_socket *sock = h2i_ares_channel_find(channel, fd);
    ssize_t n = recvfrom(fd, buf, cap, flags, from, from_len);

    if (n < 0 || !sock || ++sock->n_idle <= H2I_ARES_MAX_RECEIVES)
        return n;
    channel->n_floods++;
    errno = ECONNRESET;
    return -1;
}

static ares_ssize_t send_pieces(ares_socket_t fd, const struct iovec *pieces, int n, void *user)
{
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)pieces, /* only read */
                             .msg_iovlen = (size_t)n};

    (void)user;
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

void h2i_ares_use_own_sockets(struct h2i_ares_channel *channel)
{
    static const struct ares_socket_functions functions = {.asocket = open_socket,
                                                           .aclose = close_socket,
                                                           .aconnect = connect_socket,
                                                           .arecvfrom = receive,
                                                           .asendv = send_pieces};

    ares_set_socket_functions(channel->ares, &functions, channel);
}

void h2i_ares_sockets_pay(struct h2i_ares_channel *channel)
{
    for (struct h2i_list *node = channel->sockets.next; node != &channel->sockets;
         node = node->next) {
        struct h2i_ares_socket *sock = H2I_CONTAINER_OF(node, struct h2i_ares_socket, in_channel);
        sock->n_idle -= sock->n_idle < RECEIVES_A_QUESTION ? sock->n_idle : RECEIVES_A_QUESTION;
    }
}
