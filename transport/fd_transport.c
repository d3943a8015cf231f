/* SPDX-License-Identifier: MIT */
/*
 * A transport over two descriptors that somebody else has opened: pipes, a terminal. One that is
 * a socket is the transport of all stream sockets, tcp.h. A pipe knows no MSG_NOSIGNAL: the
 * signal is blocked while one write runs, and taken away if that write has raised it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "base/reactor.h"
#include "h2client/transports.h"
#include "transport/local_dial.h"
#include "transport/tcp.h"
#include "transport/transport_info.h"

#define MAX_PIECES 64

struct fd_transport {
    h2client_transport transport; /* first */
    h2client_reactor *reactor;
    h2client_watch in;  /* events: what is wanted of it; where both are one, of that */
    h2client_watch out; /* fd -1: closed, or the same as in */
    h2client_task fault_is_there;
    int write_fd; /* -1: closed */
    unsigned wanted;
    bool has_read_failed; /* what came before a write failed can still be read */
    bool has_write_failed;
    h2client_fault fault; /* of the failure that came first; code OK: none */
};

static struct fd_transport *of(h2client_transport *transport)
{
    return (struct fd_transport *)(void *)transport;
}

static ptrdiff_t fail(struct fd_transport *pipe, int system_errno, h2client_error_code code,
                      const char *what)
{
    if (!pipe->fault.code)
        pipe->fault = h2i_fault_of_errno(
            system_errno, system_errno == EPIPE ? H2CLIENT_ERROR_CONNECTION_RESET : code, what);
    return H2CLIENT_IO_FAILED;
}

static void tell(struct fd_transport *pipe, unsigned ready)
{
    h2i_reactor_note_ready(pipe->reactor);
    pipe->transport.on_ready(&pipe->transport, ready, pipe->transport.user);
}

static void is_ready(h2client_watch *watch, unsigned ready, void *user)
{
    (void)watch;
    tell(user, ready);
}

static void tell_fault(h2client_task *task, void *user)
{
    (void)task;
    tell(user, H2CLIENT_READABLE | H2CLIENT_WRITABLE | H2CLIENT_HANGUP);
}

/* ---- bytes ------------------------------------------------------------------------- */

static bool is_for_later(int system_errno)
{
    return system_errno == EAGAIN || system_errno == EWOULDBLOCK;
}

static ptrdiff_t fd_read(h2client_transport *transport, void *buf, size_t cap)
{
    struct fd_transport *pipe = of(transport);
    ssize_t n;

    if (pipe->has_read_failed)
        return H2CLIENT_IO_FAILED;
    do {
        n = read(pipe->in.fd, buf, cap);
    } while (n < 0 && errno == EINTR);
    if (n >= 0)
        return n;
    if (is_for_later(errno))
        return H2CLIENT_IO_AGAIN;
    pipe->has_read_failed = true;
    return fail(pipe, errno, H2CLIENT_ERROR_CONNECTION_RESET, "reading from a descriptor");
}

static ssize_t write_quietly(int fd, const struct iovec *pieces, int n_pieces)
{
    static const struct timespec at_once = {0, 0};
    sigset_t pipe_signal, before, pending;
    bool was_pending;
    ssize_t n;
    int failure;

    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    was_pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    do {
        n = writev(fd, pieces, n_pieces);
    } while (n < 0 && errno == EINTR);
    failure = errno;
    if (n < 0 && failure == EPIPE && !was_pending)
        while (sigtimedwait(&pipe_signal, NULL, &at_once) < 0 && errno == EINTR)
            ;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = failure;
    return n;
}

static int gather(struct iovec pieces[MAX_PIECES], const h2client_iovec *iov, size_t n_iov)
{
    int n = 0;

    for (size_t i = 0; i < n_iov && n < MAX_PIECES; i++) {
        if (!iov[i].len)
            continue;
        pieces[n].iov_base = (void *)(uintptr_t)iov[i].data; /* only read */
        pieces[n++].iov_len = iov[i].len;
    }
    return n;
}

static ptrdiff_t fd_write(h2client_transport *transport, const h2client_iovec *iov, size_t n_iov)
{
    struct fd_transport *pipe = of(transport);
    struct iovec pieces[MAX_PIECES];
    ssize_t n;

    if (pipe->has_write_failed)
        return H2CLIENT_IO_FAILED;
    n = write_quietly(pipe->write_fd, pieces, gather(pieces, iov, n_iov));
    if (n >= 0)
        return n;
    if (is_for_later(errno))
        return H2CLIENT_IO_AGAIN;
    pipe->has_write_failed = true;
    return fail(pipe, errno, H2CLIENT_ERROR_SEND_FAILED, "writing to a descriptor");
}

/* ---- readiness ------------------------------------------------------------------------ */

static void watch(struct fd_transport *pipe, h2client_watch *which, unsigned events)
{
    int failure = which->events == events || which->fd < 0
                      ? 0
                      : h2client_reactor_watch(pipe->reactor, which, events);

    if (!failure || !events)
        return;
    pipe->has_read_failed = pipe->has_write_failed = true;
    fail(pipe, failure, H2CLIENT_ERROR_CONNECT_FAILED, "watching a descriptor");
    h2client_reactor_defer(pipe->reactor, &pipe->fault_is_there);
}

static void fd_wants(h2client_transport *transport, unsigned events)
{
    struct fd_transport *pipe = of(transport);
    bool are_two = pipe->out.fd >= 0;

    pipe->wanted = events;
    if (!events)
        h2client_reactor_undefer(pipe->reactor, &pipe->fault_is_there);
    else if (pipe->fault.code)
        h2client_reactor_defer(pipe->reactor, &pipe->fault_is_there);
    watch(pipe, &pipe->in, are_two ? events & H2CLIENT_READABLE : events);
    if (are_two)
        watch(pipe, &pipe->out, events & H2CLIENT_WRITABLE);
}

static void close_out(struct fd_transport *pipe)
{
    if (pipe->out.fd < 0)
        return;
    h2client_reactor_watch(pipe->reactor, &pipe->out, 0);
    close(pipe->out.fd);
    pipe->out.fd = -1;
}

/* Of a single descriptor there is no half. */
static void fd_half_close(h2client_transport *transport)
{
    struct fd_transport *pipe = of(transport);

    close_out(pipe);
    pipe->write_fd = -1; /* EBADF for who writes all the same */
}

static void fd_info(h2client_transport *transport, h2client_transport_info *info)
{
    const struct fd_transport *pipe = of(transport);
    const h2client_transport_info facts = {.fault = pipe->fault.code ? &pipe->fault : NULL};

    h2i_transport_info_give(info, &facts);
}

static bool fd_covers_host(h2client_transport *transport, const char *host)
{
    (void)transport, (void)host;
    return false;
}

static void fd_destroy(h2client_transport *transport)
{
    struct fd_transport *pipe = of(transport);

    h2client_reactor_undefer(pipe->reactor, &pipe->fault_is_there);
    close_out(pipe);
    h2client_reactor_watch(pipe->reactor, &pipe->in, 0);
    close(pipe->in.fd);
    h2i_free(h2client_reactor_allocator(pipe->reactor), pipe);
}

/* ---- making one -------------------------------------------------------------------------- */

/* 0, or an errno value. */
static int check(int fd)
{
    struct stat about;
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fstat(fd, &about))
        return errno;
    if (S_ISREG(about.st_mode) || S_ISDIR(about.st_mode))
        return EPERM; /* as epoll says of them */
    return fcntl(fd, F_SETFL, flags | O_NONBLOCK) ? errno : 0;
}

static bool is_socket(int fd)
{
    struct stat about;

    return fstat(fd, &about) == 0 && S_ISSOCK(about.st_mode);
}

static void close_both(int in, int out)
{
    close(in);
    if (out != in)
        close(out);
}

static h2client_transport *create(h2client_reactor *reactor, int in, int out)
{
    static const h2client_transport_ops ops = {
        .size = sizeof ops,
        .read = fd_read,
        .write = fd_write,
        .wants = fd_wants,
        .half_close = fd_half_close,
        .info = fd_info,
        .covers_host = fd_covers_host,
        .destroy = fd_destroy,
    };
    struct fd_transport *pipe = h2i_alloc_zeroed(h2client_reactor_allocator(reactor), sizeof *pipe);
    int failure;

    if (!pipe) {
        close_both(in, out);
        return NULL;
    }
    pipe->transport.ops = &ops;
    pipe->reactor = reactor;
    pipe->write_fd = out;
    pipe->in = (h2client_watch){.fd = in, .on_ready = is_ready, .user = pipe};
    pipe->out = (h2client_watch){.fd = out == in ? -1 : out, .on_ready = is_ready, .user = pipe};
    pipe->fault_is_there = (h2client_task){.run = tell_fault, .user = pipe};
    failure = check(in);
    if (!failure && out != in)
        failure = check(out);
    pipe->has_read_failed = pipe->has_write_failed = failure != 0;
    if (failure)
        fail(pipe, failure, H2CLIENT_ERROR_CONNECT_FAILED,
             failure == EPERM ? "a file is no connection" : "a descriptor");
    return &pipe->transport;
}

h2client_transport *h2client_fd_transport_create(h2client_reactor *reactor, int in, int out)
{
    if (in == out && is_socket(in) && !check(in))
        return h2i_socket_transport_create(reactor, in, "a descriptor");
    return create(reactor, in, out);
}

/* ---- the dialer ---------------------------------------------------------------------------- */

struct fd_dialer {
    struct h2i_local_dialer base; /* first */
    int in;
    int out;
    bool is_used;
};

static void fd_connect(struct h2i_local_dialer *base, h2client_reactor *reactor,
                       const h2client_target *target, h2client_transport **transport,
                       h2client_fault *fault)
{
    struct fd_dialer *dialer = (struct fd_dialer *)(void *)base;

    (void)target;
    if (dialer->is_used) {
        *fault = h2i_fault(H2CLIENT_ERROR_CONNECT_FAILED,
                           "the descriptors were one connection, there is no other");
        return;
    }
    dialer->is_used = true;
    *transport = h2client_fd_transport_create(reactor, dialer->in, dialer->out);
    if (!*transport)
        *fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "%s", "");
}

static void fd_dialer_destroy(struct h2i_local_dialer *base)
{
    struct fd_dialer *dialer = (struct fd_dialer *)(void *)base;

    if (!dialer->is_used)
        close_both(dialer->in, dialer->out);
    h2i_local_dialer_free(base);
}

h2client_dialer *h2client_fd_dialer_create(int in, int out, const h2client_allocator *allocator)
{
    const h2client_allocator *used = allocator ? allocator : h2i_default_allocator();
    struct fd_dialer *dialer = h2i_alloc_zeroed(used, sizeof *dialer);

    if (!dialer) {
        close_both(in, out);
        return NULL;
    }
    h2i_local_dialer_init(&dialer->base, used);
    dialer->base.connect = fd_connect;
    dialer->base.destroy = fd_dialer_destroy;
    dialer->base.place = "a descriptor";
    dialer->in = in;
    dialer->out = out;
    return &dialer->base.dialer;
}
