/* SPDX-License-Identifier: MIT */
/*
 * The dialer of tcp.h: one attempt at a time, in the order in which addresses
 * come. It waits when it has tried all and more may follow. One time limit holds
 * for all of them; what became of each goes into one fault.
 *
 * on_done is called from the timer, the socket's readiness or a deferred step,
 * never from inside a function of the port. It does not race addresses.
 */
#include "transport/tcp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "base/reactor.h"
#include "base/str.h"
#include "transport/socket_address.h"

/* Addresses of one name that are tried; further ones are not looked at. */
#define MAX_ADDRESSES 64

struct tcp_dialer {
    h2client_dialer dialer;
    const h2client_allocator *allocator;
};

/* The tag is the port's; what is in it is this dialer's own. */
struct h2client_dial {
    const h2client_allocator *allocator;
    h2client_reactor *reactor;
    h2client_dial_fn on_done;
    void *user;
    int64_t timeout_ms; /* negative: none */
    h2client_timer limit;
    h2client_task step; /* deferred by add_addresses */
    struct {
        h2client_address list[MAX_ADDRESSES];
        size_t n;
        size_t n_tried; /* the last of them is under way while attempt.fd >= 0 */
        bool may_grow;
    } addresses;
    h2client_watch attempt; /* its fd is the socket; -1: none under way */
    struct {
        size_t n;
        size_t n_refused;
        int last_errno;
        struct h2i_text text; /* "192.0.2.1:443: connection refused, ..." into list */
        char list[200];
    } failed;
};

/* ---- the end of a dial ---- */

static void close_attempt(h2client_dial *dial)
{
    if (dial->attempt.fd < 0)
        return;
    h2client_reactor_watch(dial->reactor, &dial->attempt, 0);
    close(dial->attempt.fd);
    dial->attempt.fd = -1;
}

static void release(h2client_dial *dial)
{
    close_attempt(dial);
    h2client_reactor_timer_stop(dial->reactor, &dial->limit);
    h2client_reactor_undefer(dial->reactor, &dial->step);
    h2i_free(dial->allocator, dial);
}

static void finish(h2client_dial *dial, h2client_transport *transport, const h2client_fault *fault)
{
    h2client_dial_fn on_done = dial->on_done;
    void *user = dial->user;
    release(dial);
    on_done(transport, fault, user);
}

static h2client_address *current(h2client_dial *dial)
{
    return &dial->addresses.list[dial->addresses.n_tried - 1];
}

static const char *name_current(h2client_dial *dial, char buf[H2CLIENT_ADDRESS_TEXT_MAX])
{
    return h2client_address_format(current(dial), buf, H2CLIENT_ADDRESS_TEXT_MAX);
}

static void succeed(h2client_dial *dial)
{
    char name[H2CLIENT_ADDRESS_TEXT_MAX];
    h2i_log(dial->reactor, H2CLIENT_LOG_DEBUG, "tcp", "connected to %s", name_current(dial, name));
    int fd = dial->attempt.fd;
    h2client_reactor_watch(dial->reactor, &dial->attempt, 0);
    dial->attempt.fd = -1; /* the transport's from here on */
    h2client_transport *transport = h2i_tcp_transport_create(dial->reactor, fd);
    h2client_fault fault;
    if (!transport)
        fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "no memory for a connection");
    finish(dial, transport, transport ? NULL : &fault);
}

/* The list is told as far as it fits: addresses are never cut in two. */
static void tell(h2client_dial *dial, const char *reason)
{
    char name[H2CLIENT_ADDRESS_TEXT_MAX];
    char piece[sizeof name + 80];
    snprintf(piece, sizeof piece, "%s%s: %s", dial->failed.text.len ? ", " : "",
             name_current(dial, name), reason);
    h2i_log(dial->reactor, H2CLIENT_LOG_DEBUG, "tcp", "%s: %s", name, reason);
    if (dial->failed.text.len + strlen(piece) < sizeof dial->failed.list)
        h2i_text_add(&dial->failed.text, "%s", piece);
}

static void on_limit(h2client_timer *timer, void *user)
{
    (void)timer;
    h2client_dial *dial = user;
    h2client_fault fault = h2i_fault_of_timeout(H2CLIENT_LIMIT_SOCK_CONNECT, dial->timeout_ms);
    if (dial->attempt.fd >= 0)
        tell(dial, "no answer");
    struct h2i_text text = {fault.text, sizeof fault.text, strlen(fault.text)};
    if (dial->failed.text.len)
        h2i_text_add(&text, " (%s)", dial->failed.list);
    finish(dial, NULL, &fault);
}

static void fail(h2client_dial *dial)
{
    h2client_fault fault = h2i_fault(H2CLIENT_ERROR_CONNECT_FAILED, "no address to connect to");
    if (dial->failed.n) {
        fault = h2i_fault_of_errno(dial->failed.last_errno, H2CLIENT_ERROR_CONNECT_FAILED, "");
        bool are_all_refused = dial->failed.n_refused == dial->failed.n;
        if (fault.code == H2CLIENT_ERROR_CONNECT_REFUSED && !are_all_refused)
            fault.code = H2CLIENT_ERROR_CONNECT_FAILED;
        snprintf(fault.text, sizeof fault.text, "%s", dial->failed.list);
    }
    finish(dial, NULL, &fault);
}

/* ---- one attempt ---- */

static void note_failure(h2client_dial *dial, int system_errno)
{
    char text[64];
    char reason[sizeof text];
    snprintf(reason, sizeof reason, "%s", strerror_r(system_errno, text, sizeof text));
    reason[0] = h2i_lower(reason[0]);
    tell(dial, reason);
    dial->failed.n++;
    dial->failed.n_refused += system_errno == ECONNREFUSED;
    dial->failed.last_errno = system_errno;
    close_attempt(dial);
}

/* Of this process, not of the address: the next one would meet the same. */
static bool is_shortage(int system_errno)
{
    return system_errno == EMFILE || system_errno == ENFILE || system_errno == ENOMEM;
}

/* On loopback a socket that looks for a port where nobody listens may be given
 * that very port as its own, and then TCP connects it to itself. */
static bool is_joined_to_itself(int fd)
{
    h2client_address local = h2i_socket_local_address(fd);
    h2client_address remote = h2i_socket_remote_address(fd);
    return local.port == remote.port && !memcmp(local.bytes, remote.bytes, sizeof local.bytes);
}

/* 0, or why the connection that the socket tried for did not come about. */
static int connect_outcome(int fd)
{
    int outcome = 0;
    socklen_t len = sizeof outcome;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &outcome, &len))
        return errno;
    if (outcome)
        return outcome;
    struct sockaddr_storage peer;
    len = sizeof peer;
    if (getpeername(fd, (struct sockaddr *)&peer, &len))
        return errno;
    return is_joined_to_itself(fd) ? ECONNREFUSED : 0;
}

/* 0: connected; EINPROGRESS: the watch will tell; others: this address failed. */
static int start_attempt(h2client_dial *dial)
{
    struct sockaddr_storage to;
    socklen_t len = h2i_socket_address_make(current(dial), &to);
    if (!len)
        return EAFNOSUPPORT;
    int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    dial->attempt.fd = fd;
    if (!connect(fd, (struct sockaddr *)&to, len))
        return connect_outcome(fd);
    if (errno != EINPROGRESS && errno != EINTR)
        return errno;
    int failure = h2client_reactor_watch(dial->reactor, &dial->attempt, H2CLIENT_WRITABLE);
    return failure ? failure : EINPROGRESS;
}

/* Tries what is left until one is under way or has connected. May end the dial. */
static void advance(h2client_dial *dial)
{
    while (dial->addresses.n_tried < dial->addresses.n) {
        dial->addresses.n_tried++;
        int outcome = start_attempt(dial);
        if (outcome == EINPROGRESS)
            return;
        if (!outcome) {
            succeed(dial);
            return;
        }
        note_failure(dial, outcome);
        if (is_shortage(outcome)) {
            fail(dial);
            return;
        }
    }
    if (!dial->addresses.may_grow)
        fail(dial);
}

static void on_socket(h2client_watch *watch, unsigned ready, void *user)
{
    (void)ready;
    h2client_dial *dial = user;
    int outcome = connect_outcome(watch->fd);
    if (!outcome) {
        succeed(dial);
        return;
    }
    note_failure(dial, outcome);
    advance(dial);
}

static void on_step(h2client_task *task, void *user)
{
    (void)task;
    h2client_dial *dial = user;
    if (dial->attempt.fd < 0)
        advance(dial);
}

/* ---- the port ---- */

static bool wants_addresses(h2client_dialer *dialer, const h2client_target *target)
{
    (void)dialer;
    (void)target;
    return true;
}

static h2client_error_code start_limit(h2client_dial *dial)
{
    int64_t now_us = h2client_reactor_now_us(dial->reactor);
    if (dial->timeout_ms < 0 || dial->timeout_ms > (INT64_MAX - now_us) / 1000)
        return H2CLIENT_OK;
    return h2client_reactor_timer_start(dial->reactor, &dial->limit,
                                        now_us + dial->timeout_ms * 1000);
}

static h2client_dial *dial_start(h2client_dialer *dialer, h2client_reactor *reactor,
                                 const h2client_target *target, h2client_dial_fn on_done,
                                 void *user)
{
    const h2client_allocator *allocator = ((struct tcp_dialer *)(void *)dialer)->allocator;
    h2client_dial *dial = h2i_alloc_zeroed(allocator, sizeof *dial);
    if (!dial)
        return NULL;
    dial->allocator = allocator;
    dial->reactor = reactor;
    dial->on_done = on_done;
    dial->user = user;
    dial->timeout_ms = target->timeout_ms;
    dial->limit = (h2client_timer){.on_expire = on_limit, .user = dial};
    dial->step = (h2client_task){.run = on_step, .user = dial};
    dial->attempt = (h2client_watch){.fd = -1, .on_ready = on_socket, .user = dial};
    dial->addresses.may_grow = true;
    dial->failed.text = h2i_text(dial->failed.list, sizeof dial->failed.list);
    if (start_limit(dial) == H2CLIENT_OK)
        return dial;
    release(dial);
    return NULL;
}

static void add_addresses(h2client_dialer *dialer, h2client_dial *dial,
                          const h2client_address *list, size_t n, bool more)
{
    (void)dialer;
    for (size_t i = 0; i < n && dial->addresses.n < MAX_ADDRESSES; i++)
        dial->addresses.list[dial->addresses.n++] = list[i];
    dial->addresses.may_grow = more;
    h2client_reactor_defer(dial->reactor, &dial->step);
}

static void cancel(h2client_dialer *dialer, h2client_dial *dial)
{
    (void)dialer;
    if (dial)
        release(dial);
}

static void destroy(h2client_dialer *dialer)
{
    if (dialer)
        h2i_free(((struct tcp_dialer *)(void *)dialer)->allocator, dialer);
}

h2client_dialer *h2i_tcp_dialer_create(const h2client_allocator *allocator)
{
    static const h2client_dialer_ops ops = {
        .size = sizeof ops,
        .wants_addresses = wants_addresses,
        .dial = dial_start,
        .add_addresses = add_addresses,
        .cancel = cancel,
        .destroy = destroy,
    };
    struct tcp_dialer *dialer = h2i_alloc_zeroed(allocator, sizeof *dialer);
    if (!dialer)
        return NULL;
    dialer->dialer.ops = &ops;
    dialer->allocator = allocator;
    return &dialer->dialer;
}
