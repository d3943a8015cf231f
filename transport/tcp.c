/* SPDX-License-Identifier: MIT */
/*
 * The transport over a connected stream socket. How it comes to be connected is
 * tcp_dialer.c's business.
 *
 * The socket is watched exactly while something is wanted. A direction that has
 * failed stays so, but a failed write leaves reading open: what the peer sent
 * before it reset the connection (a final response, RFC 9112 9.3) is still there.
 */
#include "transport/tcp.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/reactor.h"
#include "base/fault.h"
#include "transport/socket_address.h"
#include "transport/transport_info.h"

/* Pieces handed to the kernel in one call; more wait for the next. */
#define MAX_PIECES 64
#define MAX_NAME 128

struct tcp_transport {
    h2client_transport transport;
    h2client_reactor *reactor;
    h2client_watch watch;       /* its fd is the socket; its events are what is wanted */
    h2client_task report_fault; /* deferred when the loop refused the socket */
    bool has_read_failed;
    bool has_write_failed;
    h2client_fault fault; /* of the failure that came first */
    h2client_address local;
    h2client_address remote;
    char name[MAX_NAME]; /* of the other end, where that has no address */
};

static struct tcp_transport *of(h2client_transport *transport)
{
    return (struct tcp_transport *)(void *)transport;
}

/* ---- failures ---- */

static bool has_failed(const struct tcp_transport *tcp)
{
    return tcp->has_read_failed || tcp->has_write_failed;
}

static bool is_reset(int system_errno)
{
    return system_errno == ECONNRESET || system_errno == EPIPE;
}

static h2client_fault describe(const struct tcp_transport *tcp, int system_errno,
                               h2client_error_code otherwise, const char *verb)
{
    char peer[H2CLIENT_ADDRESS_TEXT_MAX];
    char what[MAX_NAME + 16];
    h2client_address_format(&tcp->remote, peer, sizeof peer);
    snprintf(what, sizeof what, "%s %s", verb, tcp->name[0] ? tcp->name : peer);
    if (is_reset(system_errno))
        otherwise = H2CLIENT_ERROR_CONNECTION_RESET;
    return h2i_fault_of_errno(system_errno, otherwise, what);
}

static ptrdiff_t fail_read(struct tcp_transport *tcp, int system_errno)
{
    if (!has_failed(tcp))
        tcp->fault = describe(tcp, system_errno, H2CLIENT_ERROR_CONNECTION_RESET, "reading from");
    tcp->has_read_failed = true;
    return H2CLIENT_IO_FAILED;
}

static ptrdiff_t fail_write(struct tcp_transport *tcp, int system_errno)
{
    if (!has_failed(tcp))
        tcp->fault = describe(tcp, system_errno, H2CLIENT_ERROR_SEND_FAILED, "writing to");
    tcp->has_write_failed = true;
    return H2CLIENT_IO_FAILED;
}

static bool is_for_later(int system_errno)
{
    return system_errno == EAGAIN || system_errno == EWOULDBLOCK;
}

/* ---- readiness: each of these calls the user last, who may destroy us ---- */

static void on_socket(h2client_watch *watch, unsigned ready, void *user)
{
    (void)watch;
    struct tcp_transport *tcp = user;
    assert(tcp->transport.on_ready); /* whoever wants something has set it */
    h2i_reactor_note_ready(tcp->reactor);
    tcp->transport.on_ready(&tcp->transport, ready, tcp->transport.user);
}

static void on_report_fault(h2client_task *task, void *user)
{
    (void)task;
    struct tcp_transport *tcp = user;
    unsigned all = H2CLIENT_READABLE | H2CLIENT_WRITABLE | H2CLIENT_HANGUP;
    tcp->transport.on_ready(&tcp->transport, all, tcp->transport.user);
}

/* ---- the transport ---- */

static ptrdiff_t tcp_read(h2client_transport *transport, void *buf, size_t cap)
{
    struct tcp_transport *tcp = of(transport);
    if (tcp->has_read_failed)
        return H2CLIENT_IO_FAILED;
    ssize_t n;
    do {
        n = recv(tcp->watch.fd, buf, cap, 0);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return is_for_later(errno) ? H2CLIENT_IO_AGAIN : fail_read(tcp, errno);
    /* The write that met the reset took the error away: this is no good end. */
    if (n == 0 && tcp->has_write_failed)
        return fail_read(tcp, ECONNRESET);
    return n;
}

static size_t gather(struct iovec *pieces, const h2client_iovec *iov, size_t n_iov)
{
    size_t n = 0;
    for (size_t i = 0; i < n_iov && n < MAX_PIECES; i++) {
        if (!iov[i].len)
            continue;
        pieces[n].iov_base = (void *)(uintptr_t)iov[i].data; /* sendmsg only reads it */
        pieces[n++].iov_len = iov[i].len;
    }
    return n;
}

static ptrdiff_t tcp_write(h2client_transport *transport, const h2client_iovec *iov, size_t n_iov)
{
    struct tcp_transport *tcp = of(transport);
    if (tcp->has_write_failed)
        return H2CLIENT_IO_FAILED;
    struct iovec pieces[MAX_PIECES];
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = gather(pieces, iov, n_iov)};
    ssize_t n;
    do {
        n = sendmsg(tcp->watch.fd, &message, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return is_for_later(errno) ? H2CLIENT_IO_AGAIN : fail_write(tcp, errno);
    return n;
}

static void tcp_wants(h2client_transport *transport, unsigned events)
{
    struct tcp_transport *tcp = of(transport);
    if (!events)
        h2client_reactor_undefer(tcp->reactor, &tcp->report_fault);
    if (events == tcp->watch.events)
        return;
    int failure = h2client_reactor_watch(tcp->reactor, &tcp->watch, events);
    if (!failure || !events)
        return;
    fail_read(tcp, failure);
    fail_write(tcp, failure);
    h2client_reactor_defer(tcp->reactor, &tcp->report_fault);
}

static void tcp_half_close(h2client_transport *transport)
{
    shutdown(of(transport)->watch.fd, SHUT_WR);
}

static void tcp_info(h2client_transport *transport, h2client_transport_info *info)
{
    const struct tcp_transport *tcp = of(transport);
    h2client_transport_info facts = {.local = tcp->local, .remote = tcp->remote};
    facts.fault = has_failed(tcp) ? &tcp->fault : NULL;
    h2i_transport_info_give(info, &facts);
}

static bool tcp_covers_host(h2client_transport *transport, const char *host)
{
    (void)transport;
    (void)host;
    return false;
}

static void tcp_destroy(h2client_transport *transport)
{
    if (!transport)
        return;
    struct tcp_transport *tcp = of(transport);
    h2client_reactor_undefer(tcp->reactor, &tcp->report_fault);
    h2client_reactor_watch(tcp->reactor, &tcp->watch, 0);
    close(tcp->watch.fd);
    h2i_free(h2client_reactor_allocator(tcp->reactor), tcp);
}

h2client_transport *h2i_tcp_transport_create(h2client_reactor *reactor, int fd)
{
    return h2i_socket_transport_create(reactor, fd, "");
}

h2client_transport *h2i_socket_transport_create(h2client_reactor *reactor, int fd, const char *name)
{
    static const h2client_transport_ops ops = {
        .size = sizeof ops,
        .read = tcp_read,
        .write = tcp_write,
        .wants = tcp_wants,
        .half_close = tcp_half_close,
        .info = tcp_info,
        .covers_host = tcp_covers_host,
        .destroy = tcp_destroy,
    };
    struct tcp_transport *tcp = h2i_alloc_zeroed(h2client_reactor_allocator(reactor), sizeof *tcp);
    if (!tcp) {
        close(fd);
        return NULL;
    }
    tcp->transport.ops = &ops;
    tcp->reactor = reactor;
    tcp->watch = (h2client_watch){.fd = fd, .on_ready = on_socket, .user = tcp};
    tcp->report_fault = (h2client_task){.run = on_report_fault, .user = tcp};
    tcp->local = h2i_socket_local_address(fd);
    tcp->remote = h2i_socket_remote_address(fd);
    snprintf(tcp->name, sizeof tcp->name, "%s", name);
    /* Frames go out as we gather them. A socket that knows no such delay refuses. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return &tcp->transport;
}
