/* SPDX-License-Identifier: MIT */
/* The dialer to a Unix socket. Its transport is the one of all stream sockets, tcp.h. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "h2client/transports.h"
#include "transport/local_dial.h"
#include "transport/tcp.h"

#define PLACE "the Unix socket "

struct unix_dialer {
    struct h2i_local_dialer base; /* first */
    const char *path;             /* in `place` */
    char place[];
};

/* 0: it does not fit. A name in the abstract space has no NUL at its end. */
static socklen_t make_name(const char *path, struct sockaddr_un *name)
{
    size_t len = strlen(path);
    bool is_abstract = path[0] == '@';

    *name = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (len == 0 || len >= sizeof name->sun_path)
        return 0;
    memcpy(name->sun_path, path, len);
    if (is_abstract)
        name->sun_path[0] = 0;
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (is_abstract ? 0 : 1));
}

/* 0, or an errno value; *fd is the caller's to close, or -1. */
static int connect_to(const struct sockaddr_un *name, socklen_t len, int *fd)
{
    int failure = 0;

    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd < 0)
        return errno;
    do {
        failure = connect(*fd, (const struct sockaddr *)name, len) ? errno : 0;
    } while (failure == EINTR);
    return failure;
}

static void unix_connect(struct h2i_local_dialer *base, h2client_reactor *reactor,
                         const h2client_target *target, h2client_transport **transport,
                         h2client_fault *fault)
{
    const struct unix_dialer *dialer = (const struct unix_dialer *)(const void *)base;
    struct sockaddr_un name;
    socklen_t len = make_name(dialer->path, &name);
    int fd, failure;

    (void)target;
    if (!len) {
        *fault = h2i_fault(H2CLIENT_ERROR_CONNECT_FAILED, "%s: a path has 1 to %zu bytes",
                           dialer->place, sizeof name.sun_path - 1);
        return;
    }
    failure = connect_to(&name, len, &fd);
    if (!failure) {
        *transport = h2i_socket_transport_create(reactor, fd, dialer->place);
        if (!*transport)
            *fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "%s", "");
        return;
    }
    if (failure != EAGAIN) /* its queue is full */
        *fault = h2i_fault_of_errno(failure, H2CLIENT_ERROR_CONNECT_FAILED, dialer->place);
    if (fd >= 0)
        close(fd);
}

h2client_dialer *h2client_unix_dialer_create(const char *path, const h2client_allocator *allocator)
{
    const h2client_allocator *used = allocator ? allocator : h2i_default_allocator();
    const char *given = path ? path : "";
    size_t path_size = strlen(given) + 1;
    struct unix_dialer *dialer = h2i_alloc_zeroed(used, sizeof *dialer + strlen(PLACE) + path_size);

    if (!dialer)
        return NULL;
    h2i_local_dialer_init(&dialer->base, used);
    memcpy(dialer->place, PLACE, strlen(PLACE));
    memcpy(dialer->place + strlen(PLACE), given, path_size);
    dialer->path = dialer->place + strlen(PLACE);
    dialer->base.place = dialer->place;
    dialer->base.connect = unix_connect;
    dialer->base.destroy = h2i_local_dialer_free;
    return &dialer->base.dialer;
}
