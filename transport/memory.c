/* SPDX-License-Identifier: MIT */
/*
 * Two transports back to back, in memory.
 *
 * Each end owns the bytes that wait to be read by it; the pair, one block, goes
 * with the second end. Nobody is called back from inside a function: an end to
 * which something is possible that it wants has its task deferred. The task
 * defers itself again before it reports, so that a reader which stops early is
 * called once more, and finds nothing to do after one that did not.
 *
 * Not a model of TCP's timing: what is written can be read at once.
 */
#include "transport/memory.h"

#include <assert.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/fault.h"
#include "transport/transport_info.h"

#define USUAL_MAX_BUFFERED (64u * 1024)

struct memory_pair;

struct memory_end {
    h2client_transport transport;
    struct memory_pair *pair;
    struct memory_end *peer; /* part of the same pair, also once it is destroyed */
    h2client_reactor *reactor;
    h2client_task report;
    unsigned wanted;
    bool is_destroyed;
    bool has_ended; /* wrote its last byte: half-closed or destroyed */
    bool is_broken; /* by h2i_memory_break: nothing is possible any more */
    struct h2i_buf inbox;
    h2client_transport_info facts; /* what `info` answers; its fault is set with has_fault */
    h2client_fault fault;
    uint64_t bytes_written;
    uint64_t n_writes;
};

struct memory_pair {
    h2client_allocator allocator;    /* a copy: one end may outlive the other's session */
    struct h2i_memory_limits limits; /* "no limit" is SIZE_MAX here */
    struct memory_end ends[2];
};

static struct memory_end *of(h2client_transport *transport)
{
    return (struct memory_end *)(void *)transport;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- readiness ---- */

static unsigned what_is_possible(const struct memory_end *end)
{
    const struct memory_end *peer = end->peer;
    if (end->is_broken)
        return H2CLIENT_READABLE | H2CLIENT_WRITABLE | H2CLIENT_HANGUP;
    unsigned possible = peer->is_destroyed ? H2CLIENT_HANGUP : 0;
    if (h2i_buf_len(&end->inbox) || peer->has_ended)
        possible |= H2CLIENT_READABLE;
    if (peer->is_destroyed || h2i_buf_room(&peer->inbox))
        possible |= H2CLIENT_WRITABLE;
    return possible;
}

static unsigned what_to_report(const struct memory_end *end)
{
    if (!end->wanted)
        return 0;
    return what_is_possible(end) & (end->wanted | H2CLIENT_HANGUP);
}

static void report_later(struct memory_end *end)
{
    if (!end->is_destroyed && what_to_report(end))
        h2client_reactor_defer(end->reactor, &end->report);
}

static void report(h2client_task *task, void *user)
{
    (void)task;
    struct memory_end *end = user;
    unsigned ready = what_to_report(end);
    if (!ready)
        return;
    h2client_reactor_defer(end->reactor, &end->report);
    assert(end->transport.on_ready); /* whoever wants something has set it */
    end->transport.on_ready(&end->transport, ready, end->transport.user);
}

/* ---- the transport ---- */

static ptrdiff_t fail(struct memory_end *end, h2client_fault fault)
{
    end->fault = fault;
    end->facts.fault = &end->fault;
    return H2CLIENT_IO_FAILED;
}

static ptrdiff_t memory_read(h2client_transport *transport, void *buf, size_t cap)
{
    struct memory_end *end = of(transport);
    if (end->is_broken)
        return H2CLIENT_IO_FAILED;
    size_t n = least(least(cap, end->pair->limits.max_read), h2i_buf_len(&end->inbox));
    if (!n)
        return end->peer->has_ended ? 0 : H2CLIENT_IO_AGAIN;
    memcpy(buf, h2i_buf_data(&end->inbox), n);
    h2i_buf_consume(&end->inbox, n);
    report_later(end->peer);
    return (ptrdiff_t)n;
}

/* At most `max` bytes; fewer without memory, and false when none for that reason. */
static bool append(struct h2i_buf *inbox, const h2client_iovec *iov, size_t n_iov, size_t max,
                   size_t *taken)
{
    *taken = 0;
    for (size_t i = 0; i < n_iov && *taken < max; i++) {
        size_t n = least(iov[i].len, max - *taken);
        if (n && !h2i_buf_append(inbox, iov[i].data, n))
            return *taken > 0;
        *taken += n;
    }
    return true;
}

static ptrdiff_t memory_write(h2client_transport *transport, const h2client_iovec *iov,
                              size_t n_iov)
{
    struct memory_end *end = of(transport);
    struct memory_end *peer = end->peer;
    if (end->is_broken)
        return H2CLIENT_IO_FAILED;
    if (end->has_ended)
        return fail(end, h2i_fault(H2CLIENT_ERROR_SEND_FAILED, "written to after half_close"));
    if (peer->is_destroyed)
        return fail(end, h2i_fault(H2CLIENT_ERROR_CONNECTION_RESET, "the other end is gone"));
    size_t max = least(h2i_buf_room(&peer->inbox), end->pair->limits.max_write);
    if (!max)
        return H2CLIENT_IO_AGAIN;
    size_t n;
    if (!append(&peer->inbox, iov, n_iov, max, &n))
        return fail(end, h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "no memory for bytes under way"));
    end->bytes_written += n;
    end->n_writes++;
    report_later(peer);
    return (ptrdiff_t)n;
}

static void memory_wants(h2client_transport *transport, unsigned events)
{
    struct memory_end *end = of(transport);
    end->wanted = events & (H2CLIENT_READABLE | H2CLIENT_WRITABLE);
    report_later(end);
}

static void memory_half_close(h2client_transport *transport)
{
    struct memory_end *end = of(transport);
    end->has_ended = true;
    report_later(end->peer);
}

static void memory_info(h2client_transport *transport, h2client_transport_info *info)
{
    h2i_transport_info_give(info, &of(transport)->facts);
}

static bool memory_covers_host(h2client_transport *transport, const char *host)
{
    (void)transport;
    (void)host;
    return false;
}

static void memory_destroy(h2client_transport *transport)
{
    if (!transport)
        return;
    struct memory_end *end = of(transport);
    h2client_reactor_undefer(end->reactor, &end->report);
    h2i_buf_finish(&end->inbox);
    end->is_destroyed = end->has_ended = true;
    if (end->peer->is_destroyed) {
        h2client_allocator allocator = end->pair->allocator;
        h2i_free(&allocator, end->pair);
    } else {
        report_later(end->peer);
    }
}

/* ---- making and steering a pair ---- */

static void end_init(struct memory_pair *pair, int which, h2client_reactor *reactor)
{
    static const h2client_transport_ops ops = {
        .size = sizeof ops,
        .read = memory_read,
        .write = memory_write,
        .wants = memory_wants,
        .half_close = memory_half_close,
        .info = memory_info,
        .covers_host = memory_covers_host,
        .destroy = memory_destroy,
    };
    struct memory_end *end = &pair->ends[which];
    end->transport.ops = &ops;
    end->pair = pair;
    end->peer = &pair->ends[!which];
    end->reactor = reactor;
    end->report = (h2client_task){.run = report, .user = end};
    h2i_buf_init(&end->inbox, &pair->allocator, pair->limits.max_buffered);
}

bool h2i_memory_pair_create(h2client_reactor *reactor, const struct h2i_memory_limits *limits,
                            h2client_transport *ends[2])
{
    const h2client_allocator *allocator = h2client_reactor_allocator(reactor);
    struct memory_pair *pair = h2i_alloc_zeroed(allocator, sizeof *pair);
    ends[0] = ends[1] = NULL;
    if (!pair)
        return false;
    pair->allocator = *allocator;
    if (limits)
        pair->limits = *limits;
    if (!pair->limits.max_buffered)
        pair->limits.max_buffered = USUAL_MAX_BUFFERED;
    if (!pair->limits.max_read)
        pair->limits.max_read = SIZE_MAX;
    if (!pair->limits.max_write)
        pair->limits.max_write = SIZE_MAX;
    for (int i = 0; i < 2; i++) {
        end_init(pair, i, reactor);
        ends[i] = &pair->ends[i].transport;
    }
    return true;
}

void h2i_memory_break(h2client_transport *transport, const h2client_fault *fault)
{
    struct memory_end *end = of(transport);
    fail(end, *fault);
    end->is_broken = true;
    report_later(end);
}

void h2i_memory_set_info(h2client_transport *transport, const char *alpn,
                         const h2client_address *local, const h2client_address *remote)
{
    h2client_transport_info *facts = &of(transport)->facts;
    static const h2client_address none = {.family = 0};
    facts->alpn = alpn;
    facts->local = local ? *local : none;
    facts->remote = remote ? *remote : none;
}

static const struct memory_end *of_const(const h2client_transport *transport)
{
    return (const struct memory_end *)(const void *)transport;
}

uint64_t h2i_memory_bytes_written(const h2client_transport *end)
{
    return of_const(end)->bytes_written;
}

uint64_t h2i_memory_n_writes(const h2client_transport *end)
{
    return of_const(end)->n_writes;
}
