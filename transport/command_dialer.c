/* SPDX-License-Identifier: MIT */
/*
 * The dialer to a command's standard input and output. Its transport is the one of all stream
 * sockets with the process beside it: an end before the first byte is told with the status,
 * for which it waits a moment, since a process closes its output before it can be waited for.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/str.h"
#include "h2client/transports.h"
#include "transport/child.h"
#include "transport/local_dial.h"
#include "transport/tcp.h"

#define PLACE "the command"
#define MAX_COMMAND 65536
#define STATUS_PAUSE_US 2000
#define STATUS_WAIT_US 200000

struct command_dialer {
    struct h2i_local_dialer base; /* first */
    struct h2i_children children;
    char command[];
};

struct command_transport {
    h2client_transport transport; /* first */
    h2client_reactor *reactor;
    h2client_transport *inner;
    struct h2i_child *child;
    h2client_timer timer; /* while the status is awaited */
    int64_t ended_us;     /* since when; 0: it is not */
    unsigned wanted;
    bool has_spoken; /* a byte came */
    h2client_fault fault;
};

/* ---- the transport ------------------------------------------------------------- */

static struct command_transport *of(h2client_transport *transport)
{
    return (struct command_transport *)(void *)transport;
}

static void inner_is_ready(h2client_transport *inner, unsigned ready, void *user)
{
    struct command_transport *command = user;

    (void)inner;
    command->transport.on_ready(&command->transport, ready, command->transport.user);
}

/* It has ended, and how is known, or will not be. */
static void describe_end(struct command_transport *command)
{
    char end[H2I_CHILD_TEXT_MAX];

    if (command->fault.code)
        return;
    if (h2i_child_has_ended(command->child))
        command->fault = h2i_fault(H2CLIENT_ERROR_CONNECT_FAILED, PLACE " %s",
                                   h2i_child_end_text(command->child, end));
    else
        command->fault = h2i_fault(H2CLIENT_ERROR_CONNECT_FAILED,
                                   PLACE " closed its output before it wrote anything");
}

static bool await_status(struct command_transport *command)
{
    int64_t now_us = h2client_reactor_now_us(command->reactor);

    if (!command->ended_us)
        command->ended_us = now_us;
    if (h2i_child_has_ended(command->child) || now_us - command->ended_us >= STATUS_WAIT_US)
        return false;
    return h2client_reactor_timer_start(command->reactor, &command->timer,
                                        now_us + STATUS_PAUSE_US) == H2CLIENT_OK;
}

static void look_again(h2client_timer *timer, void *user)
{
    struct command_transport *command = user;

    (void)timer;
    if (command->wanted)
        command->transport.on_ready(&command->transport, command->wanted, command->transport.user);
}

static ptrdiff_t command_read(h2client_transport *transport, void *buf, size_t cap)
{
    struct command_transport *command = of(transport);
    ptrdiff_t n = command->ended_us ? 0 : command->inner->ops->read(command->inner, buf, cap);

    if (n > 0)
        command->has_spoken = true;
    if (n == H2CLIENT_IO_AGAIN || command->has_spoken)
        return n;
    if (await_status(command)) {
        command->inner->ops->wants(command->inner, 0);
        return H2CLIENT_IO_AGAIN;
    }
    describe_end(command);
    return H2CLIENT_IO_FAILED;
}

static ptrdiff_t command_write(h2client_transport *transport, const h2client_iovec *iov,
                               size_t n_iov)
{
    struct command_transport *command = of(transport);

    return command->inner->ops->write(command->inner, iov, n_iov);
}

static void command_wants(h2client_transport *transport, unsigned events)
{
    struct command_transport *command = of(transport);

    command->wanted = events;
    if (!command->ended_us)
        command->inner->ops->wants(command->inner, events);
    else if (events && !command->timer.heap_place &&
             h2client_reactor_timer_start(command->reactor, &command->timer,
                                          h2client_reactor_now_us(command->reactor)))
        command->inner->ops->wants(command->inner, events); /* that has ended, and says so */
}

static void command_half_close(h2client_transport *transport)
{
    struct command_transport *command = of(transport);

    command->inner->ops->half_close(command->inner);
}

/* What failed for it was told by its end, where that came before its first byte. */
static void command_info(h2client_transport *transport, h2client_transport_info *info)
{
    struct command_transport *command = of(transport);

    command->inner->ops->info(command->inner, info);
    if (!command->has_spoken && info->fault && h2i_child_has_ended(command->child))
        describe_end(command);
    if (command->fault.code)
        info->fault = &command->fault;
}

static bool command_covers_host(h2client_transport *transport, const char *host)
{
    (void)transport, (void)host;
    return false;
}

static void command_destroy(h2client_transport *transport)
{
    struct command_transport *command = of(transport);

    h2client_reactor_timer_stop(command->reactor, &command->timer);
    command->inner->ops->destroy(command->inner);
    h2i_child_leave(command->child);
    h2i_free(h2client_reactor_allocator(command->reactor), command);
}

/* Owns the socket and the child; NULL: no memory. */
static h2client_transport *make_transport(h2client_reactor *reactor, struct h2i_child *child,
                                          int fd)
{
    static const h2client_transport_ops ops = {
        .size = sizeof ops,
        .read = command_read,
        .write = command_write,
        .wants = command_wants,
        .half_close = command_half_close,
        .info = command_info,
        .covers_host = command_covers_host,
        .destroy = command_destroy,
    };
    struct command_transport *command =
        h2i_alloc_zeroed(h2client_reactor_allocator(reactor), sizeof *command);
    h2client_transport *inner = h2i_socket_transport_create(reactor, fd, PLACE);

    if (!command || !inner) {
        if (inner)
            inner->ops->destroy(inner);
        h2i_free(h2client_reactor_allocator(reactor), command);
        h2i_child_leave(child);
        return NULL;
    }
    command->transport.ops = &ops;
    command->reactor = reactor;
    command->inner = inner;
    command->child = child;
    command->timer = (h2client_timer){.on_expire = look_again, .user = command};
    inner->on_ready = inner_is_ready;
    inner->user = command;
    return &command->transport;
}

/* ---- what is run ------------------------------------------------------------------- */

/* It means nothing to a shell, and is no option. */
static bool is_harmless(const char *host)
{
    static const char harmless[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789.-_:";

    return host[0] && host[0] != '-' && host[strspn(host, harmless)] == 0;
}

static bool add(struct h2i_buf *out, const char *text)
{
    return h2i_buf_append(out, text, strlen(text));
}

/* One %-sequence. */
static h2client_fault add_part(struct h2i_buf *out, char letter, const h2client_target *target)
{
    char port[12];
    bool has_room = true;

    snprintf(port, sizeof port, "%u", (unsigned)target->port);
    if (letter == 'h' && !is_harmless(target->host))
        return h2i_fault(H2CLIENT_ERROR_INVALID_ARGUMENT, PLACE ": the host cannot be put into it");
    if (letter == 'h')
        has_room = add(out, target->host);
    else if (letter == 'p')
        has_room = add(out, port);
    else if (letter == '%')
        has_room = add(out, "%");
    else
        return h2i_fault(H2CLIENT_ERROR_INVALID_ARGUMENT,
                         PLACE ": there is %%h, %%p and %%%%, nothing else");
    return h2i_fault(has_room ? H2CLIENT_OK : H2CLIENT_ERROR_NO_MEMORY, "%s", "");
}

/* With a NUL at its end. */
static h2client_fault expand(struct h2i_buf *out, const char *command,
                             const h2client_target *target)
{
    h2client_fault fault = h2i_fault(H2CLIENT_OK, "%s", "");

    for (const char *at = command; *at && !fault.code; at++) {
        if (*at == '%' && at[1])
            fault = add_part(out, *++at, target);
        else if (!h2i_buf_append(out, at, 1))
            fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "%s", "");
    }
    if (!fault.code && !h2i_buf_append(out, "", 1))
        fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "%s", "");
    return fault;
}

/* ---- the dialer ---------------------------------------------------------------------- */

static void start(struct command_dialer *dialer, h2client_reactor *reactor, const char *command,
                  h2client_transport **transport, h2client_fault *fault)
{
    struct h2i_child *child;
    int fd;
    int failure = h2i_child_start(&dialer->children, reactor, command, &child, &fd);

    if (failure == ENOMEM) {
        *fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "%s", "");
        return;
    }
    if (failure) {
        *fault = h2i_fault_of_errno(failure, H2CLIENT_ERROR_CONNECT_FAILED, "running " PLACE);
        return;
    }
    *transport = make_transport(reactor, child, fd);
    if (!*transport)
        *fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "%s", "");
}

static void command_connect(struct h2i_local_dialer *base, h2client_reactor *reactor,
                            const h2client_target *target, h2client_transport **transport,
                            h2client_fault *fault)
{
    struct command_dialer *dialer = (struct command_dialer *)(void *)base;
    struct h2i_buf command;

    h2i_children_sweep(&dialer->children);
    h2i_buf_init(&command, &base->allocator, MAX_COMMAND);
    *fault = expand(&command, dialer->command, target);
    if (!fault->code)
        start(dialer, reactor, h2i_buf_data(&command), transport, fault);
    h2i_buf_finish(&command);
}

static void command_dialer_destroy(struct h2i_local_dialer *base)
{
    struct command_dialer *dialer = (struct command_dialer *)(void *)base;
    h2client_allocator allocator = base->allocator;

    h2i_children_finish(&dialer->children);
    h2i_free(&allocator, dialer);
}

h2client_dialer *h2client_command_dialer_create(const char *command,
                                                const h2client_allocator *allocator)
{
    const h2client_allocator *used = allocator ? allocator : h2i_default_allocator();
    const char *given = command ? command : "";
    size_t size = strlen(given) + 1;
    struct command_dialer *dialer = h2i_alloc_zeroed(used, sizeof *dialer + size);

    if (!dialer)
        return NULL;
    h2i_local_dialer_init(&dialer->base, used);
    h2i_children_init(&dialer->children, used);
    memcpy(dialer->command, given, size);
    dialer->base.place = PLACE;
    dialer->base.connect = command_connect;
    dialer->base.destroy = command_dialer_destroy;
    return &dialer->base.dialer;
}
