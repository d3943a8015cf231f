/* SPDX-License-Identifier: MIT */
/*
 * Slow lines: a dialer whose connections are another one's, seen through a line of so many bytes
 * a second and so long a way. Not a model of TCP: nothing is lost, and no window opens slowly.
 *
 * What is received is held in parcels, one for each read of the connection below. Each knows when
 * its first byte leaves the line; the others follow at the line's rate. What is sent is handed
 * down at once, a slice at a time, and keeps the line busy for as long as it takes: the way to
 * the server and the way back are both waited for on the way back.
 */
#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "base/options.h"
#include "base/list.h"
#include "h2client/transports.h"
#include "transport/local_dial.h"
#include "transport/wrap_dial.h"

#define SECOND_US 1000000
#define SLICE_US 20000 /* of a line's rate: the least that is told of at once */
#define MAX_PARCEL (16 * 1024)
#define MIN_HELD 1024
#define MAX_HELD (1024 * 1024)
#define MAX_DELAY_MS 3600000
#define MAX_BYTES_PER_S 1000000000000 /* so that nothing overflows; more is no limit */

/* One direction. */
struct line {
    int64_t bytes_per_s; /* 0: no limit */
    size_t slice;        /* bytes; at least 1; SIZE_MAX without limit */
    int64_t free_us;     /* until then it is busy */
};

struct slow_dialer {
    struct h2i_wrap_dialer base; /* first */
    struct line recv, send;      /* what each connection begins with */
    int64_t delay_us;
    size_t max_held;
};

struct parcel {
    struct h2i_list node;
    int64_t starts_us;
    size_t len, n_taken;
    char bytes[];
};

struct slow_transport {
    h2client_transport transport; /* first */
    h2client_reactor *reactor;
    h2client_transport *inner;
    struct line recv, send;
    int64_t delay_us;
    size_t max_held;
    size_t n_held;
    struct h2i_list parcels;
    bool has_ended; /* reading the inner one: with `ending`, which is told at `ends_us` */
    ptrdiff_t ending;
    int64_t ends_us;
    unsigned wanted;
    h2client_task report; /* deferred while it can be read */
    h2client_timer timer; /* until it can, or the line to the server is free */
    h2client_fault fault; /* our own: no memory; code OK: none */
};

static struct slow_transport *of(h2client_transport *transport)
{
    return (struct slow_transport *)(void *)transport;
}

/* ---- lines ------------------------------------------------------------------ */

static struct line line_of(int64_t bytes_per_s)
{
    struct line line = {.slice = SIZE_MAX};

    if (bytes_per_s <= 0 || bytes_per_s > MAX_BYTES_PER_S)
        return line;
    line.bytes_per_s = bytes_per_s;
    line.slice = (size_t)(bytes_per_s * SLICE_US / SECOND_US);
    if (!line.slice)
        line.slice = 1;
    return line;
}

/* How long so many bytes take; rounded up. At most MAX_PARCEL, or a slice. */
static int64_t duration_us(const struct line *line, size_t n)
{
    if (!line->bytes_per_s)
        return 0;
    return ((int64_t)n * SECOND_US + line->bytes_per_s - 1) / line->bytes_per_s;
}

/* They are put on it now, or when it is free. The moment at which it begins with them. */
static int64_t put_on_line(struct line *line, size_t n, int64_t now_us)
{
    int64_t begins_us = line->free_us > now_us ? line->free_us : now_us;

    line->free_us = begins_us + duration_us(line, n);
    return begins_us;
}

/* ---- parcels ------------------------------------------------------------------ */

static struct parcel *first_parcel(const struct slow_transport *slow)
{
    struct h2i_list *node = h2i_list_first(&slow->parcels);

    return node ? H2I_CONTAINER_OF(node, struct parcel, node) : NULL;
}

/* Bytes of it, taken ones too, that have come: whole slices, or all. */
static size_t n_come(const struct slow_transport *slow, const struct parcel *parcel, int64_t now_us)
{
    int64_t elapsed_us = now_us - parcel->starts_us;
    size_t n;

    if (elapsed_us < 0)
        return 0;
    if (elapsed_us >= duration_us(&slow->recv, parcel->len))
        return parcel->len;
    n = (size_t)(elapsed_us * slow->recv.bytes_per_s / SECOND_US);
    return n - n % slow->recv.slice;
}

/* When there is more of it than was taken. */
static int64_t next_comes_us(const struct slow_transport *slow, const struct parcel *parcel)
{
    size_t slice = slow->recv.slice;
    size_t n = parcel->len;

    if (slice < parcel->len - parcel->n_taken)
        n = parcel->n_taken - parcel->n_taken % slice + slice;
    return parcel->starts_us + duration_us(&slow->recv, n);
}

/* Something can be read at that moment; INT64_MAX: nothing is under way. */
static int64_t readable_us(const struct slow_transport *slow)
{
    const struct parcel *parcel = first_parcel(slow);

    if (slow->fault.code)
        return 0;
    if (parcel)
        return next_comes_us(slow, parcel);
    return slow->has_ended ? slow->ends_us : INT64_MAX;
}

static void drop(struct slow_transport *slow, struct parcel *parcel)
{
    h2i_list_remove(&parcel->node);
    h2i_free(h2client_reactor_allocator(slow->reactor), parcel);
}

/* False: no memory. */
static bool hold(struct slow_transport *slow, const char *bytes, size_t n)
{
    int64_t now_us = h2client_reactor_now_us(slow->reactor);
    struct parcel *parcel =
        h2i_alloc(h2client_reactor_allocator(slow->reactor), sizeof *parcel + n);

    if (!parcel)
        return false;
    *parcel = (struct parcel){.len = n};
    parcel->starts_us = put_on_line(&slow->recv, n, now_us) + slow->delay_us;
    memcpy(parcel->bytes, bytes, n);
    h2i_list_append(&slow->parcels, &parcel->node);
    slow->n_held += n;
    return true;
}

static void fail_for_memory(struct slow_transport *slow)
{
    slow->fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "no memory for bytes under way");
}

/* Takes what the connection below has, once. */
static void pull(struct slow_transport *slow)
{
    char bytes[MAX_PARCEL];
    size_t room = slow->max_held - slow->n_held;
    size_t cap = room < sizeof bytes ? room : sizeof bytes;
    ptrdiff_t n = slow->inner->ops->read(slow->inner, bytes, cap);

    if (n == H2CLIENT_IO_AGAIN)
        return;
    if (n > 0) {
        if (!hold(slow, bytes, (size_t)n))
            fail_for_memory(slow);
        return;
    }
    slow->has_ended = true;
    slow->ending = n;
    slow->ends_us =
        put_on_line(&slow->recv, 0, h2client_reactor_now_us(slow->reactor)) + slow->delay_us;
}

/* ---- readiness ------------------------------------------------------------------- */

static bool can_be_read(const struct slow_transport *slow)
{
    return readable_us(slow) <= h2client_reactor_now_us(slow->reactor);
}

static bool is_free(const struct slow_transport *slow)
{
    return slow->send.free_us <= h2client_reactor_now_us(slow->reactor);
}

static bool wants_pull(const struct slow_transport *slow)
{
    return (slow->wanted & H2CLIENT_READABLE) && !slow->has_ended && slow->n_held < slow->max_held;
}

/* When the user is to be told something that the connection below does not tell. */
static int64_t due_us(const struct slow_transport *slow)
{
    int64_t due = INT64_MAX;

    if (slow->wanted & H2CLIENT_READABLE)
        due = readable_us(slow);
    if ((slow->wanted & H2CLIENT_WRITABLE) && !is_free(slow) && slow->send.free_us < due)
        due = slow->send.free_us;
    return due;
}

/* After every change: what is waited for, below and on the clock. */
static void wait_on(struct slow_transport *slow)
{
    unsigned below = wants_pull(slow) ? H2CLIENT_READABLE : 0;
    int64_t due = due_us(slow);

    if ((slow->wanted & H2CLIENT_WRITABLE) && is_free(slow))
        below |= H2CLIENT_WRITABLE;
    slow->inner->ops->wants(slow->inner, below);
    if (due <= h2client_reactor_now_us(slow->reactor)) {
        h2client_reactor_timer_stop(slow->reactor, &slow->timer);
        h2client_reactor_defer(slow->reactor, &slow->report);
    } else if (h2client_reactor_timer_start(slow->reactor, &slow->timer, due) != H2CLIENT_OK) {
        fail_for_memory(slow);
        h2client_reactor_defer(slow->reactor, &slow->report);
    }
}

/* Calls the user last, who may destroy us. */
static void tell(struct slow_transport *slow, unsigned below)
{
    unsigned ready = 0;

    if (slow->fault.code)
        ready = slow->wanted;
    if ((slow->wanted & H2CLIENT_READABLE) && can_be_read(slow))
        ready |= H2CLIENT_READABLE;
    if ((slow->wanted & H2CLIENT_WRITABLE) && is_free(slow) &&
        (below & (H2CLIENT_WRITABLE | H2CLIENT_HANGUP)))
        ready |= H2CLIENT_WRITABLE;
    wait_on(slow);
    assert(!ready || slow->transport.on_ready); /* whoever wants something has set it */
    if (ready)
        slow->transport.on_ready(&slow->transport, ready, slow->transport.user);
}

static void inner_is_ready(h2client_transport *inner, unsigned ready, void *user)
{
    struct slow_transport *slow = user;

    (void)inner;
    if ((ready & (H2CLIENT_READABLE | H2CLIENT_HANGUP)) && wants_pull(slow))
        pull(slow);
    tell(slow, ready);
}

static void on_report(h2client_task *task, void *user)
{
    (void)task;
    tell(user, 0);
}

static void on_timer(h2client_timer *timer, void *user)
{
    (void)timer;
    tell(user, 0);
}

/* ---- the transport ----------------------------------------------------------------- */

static size_t take(struct slow_transport *slow, struct parcel *parcel, char *buf, size_t cap)
{
    int64_t now_us = h2client_reactor_now_us(slow->reactor);
    size_t n = n_come(slow, parcel, now_us) - parcel->n_taken;

    if (n > cap)
        n = cap;
    memcpy(buf, parcel->bytes + parcel->n_taken, n);
    parcel->n_taken += n;
    slow->n_held -= n;
    if (parcel->n_taken == parcel->len)
        drop(slow, parcel);
    return n;
}

static ptrdiff_t slow_read(h2client_transport *transport, void *buf, size_t cap)
{
    struct slow_transport *slow = of(transport);
    size_t n = 0;

    if (slow->fault.code)
        return H2CLIENT_IO_FAILED;
    while (n < cap && first_parcel(slow) && can_be_read(slow))
        n += take(slow, first_parcel(slow), (char *)buf + n, cap - n);
    if (n) {
        wait_on(slow);
        return (ptrdiff_t)n;
    }
    return can_be_read(slow) ? slow->ending : H2CLIENT_IO_AGAIN;
}

/* The first `max` bytes of the pieces, as far as `cap` pieces go. How many pieces. */
static size_t cut(h2client_iovec *pieces, size_t cap, const h2client_iovec *iov, size_t n_iov,
                  size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < n_iov && n < cap && max; i++) {
        size_t len = iov[i].len < max ? iov[i].len : max;

        if (len)
            pieces[n++] = (h2client_iovec){iov[i].data, len};
        max -= len;
    }
    return n;
}

static ptrdiff_t slow_write(h2client_transport *transport, const h2client_iovec *iov, size_t n_iov)
{
    struct slow_transport *slow = of(transport);
    h2client_iovec pieces[16];
    size_t n_pieces = cut(pieces, sizeof pieces / sizeof pieces[0], iov, n_iov, slow->send.slice);
    ptrdiff_t n;

    if (slow->fault.code)
        return H2CLIENT_IO_FAILED;
    if (!is_free(slow))
        return H2CLIENT_IO_AGAIN;
    n = slow->inner->ops->write(slow->inner, pieces, n_pieces);
    if (n > 0) {
        put_on_line(&slow->send, (size_t)n, h2client_reactor_now_us(slow->reactor));
        wait_on(slow);
    }
    return n;
}

static void slow_wants(h2client_transport *transport, unsigned events)
{
    struct slow_transport *slow = of(transport);

    slow->wanted = events & (H2CLIENT_READABLE | H2CLIENT_WRITABLE);
    wait_on(slow);
}

static void slow_half_close(h2client_transport *transport)
{
    struct slow_transport *slow = of(transport);

    slow->inner->ops->half_close(slow->inner);
}

static void slow_info(h2client_transport *transport, h2client_transport_info *info)
{
    struct slow_transport *slow = of(transport);

    slow->inner->ops->info(slow->inner, info);
    if (slow->fault.code)
        info->fault = &slow->fault;
}

static bool slow_covers_host(h2client_transport *transport, const char *host)
{
    struct slow_transport *slow = of(transport);

    return slow->inner->ops->covers_host(slow->inner, host);
}

static void slow_destroy(h2client_transport *transport)
{
    struct slow_transport *slow = of(transport);
    struct parcel *parcel;

    if (!transport)
        return;
    h2client_reactor_undefer(slow->reactor, &slow->report);
    h2client_reactor_timer_stop(slow->reactor, &slow->timer);
    while ((parcel = first_parcel(slow)))
        drop(slow, parcel);
    slow->inner->ops->destroy(slow->inner);
    h2i_free(h2client_reactor_allocator(slow->reactor), slow);
}

/* ---- the dialer ------------------------------------------------------------------------ */

static const h2client_transport_ops slow_ops = {
    .size = sizeof slow_ops,
    .read = slow_read,
    .write = slow_write,
    .wants = slow_wants,
    .half_close = slow_half_close,
    .info = slow_info,
    .covers_host = slow_covers_host,
    .destroy = slow_destroy,
};

static h2client_transport *wrap(struct h2i_wrap_dialer *base, h2client_reactor *reactor,
                                const char *host, uint32_t port, h2client_transport *inner)
{
    const struct slow_dialer *dialer = (const struct slow_dialer *)(const void *)base;
    struct slow_transport *slow =
        h2i_alloc_zeroed(h2client_reactor_allocator(reactor), sizeof *slow);

    (void)host, (void)port;
    if (!slow) {
        inner->ops->destroy(inner);
        return NULL;
    }
    slow->transport.ops = &slow_ops;
    slow->reactor = reactor;
    slow->inner = inner;
    slow->recv = dialer->recv;
    slow->send = dialer->send;
    slow->delay_us = dialer->delay_us;
    slow->max_held = dialer->max_held;
    h2i_list_init(&slow->parcels);
    slow->report = (h2client_task){.run = on_report, .user = slow};
    slow->timer = (h2client_timer){.on_expire = on_timer, .user = slow};
    inner->on_ready = inner_is_ready;
    inner->user = slow;
    return &slow->transport;
}

/* What is under way on such a line, and two slices: a server must not seem to be heard sooner. */
static size_t held_at_most(int64_t bytes_per_s, int64_t delay_ms)
{
    int64_t n = MAX_HELD;

    if (bytes_per_s)
        n = bytes_per_s * (delay_ms + 2 * SLICE_US / 1000) / 1000;
    if (n < MIN_HELD)
        return MIN_HELD;
    return n < MAX_HELD ? (size_t)n : MAX_HELD;
}

static bool is_rate(int64_t bytes_per_s)
{
    return bytes_per_s >= 0 || bytes_per_s == H2CLIENT_NO_LIMIT;
}

/* OK, or what is wrong with them. */
static h2client_fault take_options(h2client_slow_options *known, const h2client_slow_options *given)
{
    h2client_fault fault = h2i_fault(H2CLIENT_OK, "%s", "");
    struct h2i_text why = h2i_text(fault.text, sizeof fault.text);

    fault.code = h2i_options_take(known, sizeof *known, given, "slow", &why);
    if (fault.code)
        return fault;
    if (!is_rate(known->recv_bytes_per_s) || !is_rate(known->send_bytes_per_s))
        return h2i_fault(H2CLIENT_ERROR_INVALID_ARGUMENT,
                         "slow: a rate is neither a limit nor H2CLIENT_NO_LIMIT");
    if (known->delay_ms < 0 || known->delay_ms > MAX_DELAY_MS)
        return h2i_fault(H2CLIENT_ERROR_INVALID_ARGUMENT,
                         "slow.delay_ms: %lld is not between 0 and %d", (long long)known->delay_ms,
                         MAX_DELAY_MS);
    return h2i_fault(H2CLIENT_OK, "%s", "");
}

h2client_dialer *h2client_slow_dialer_create(h2client_dialer *inner,
                                             const h2client_slow_options *options,
                                             const h2client_allocator *allocator)
{
    const h2client_allocator *used = allocator ? allocator : h2i_default_allocator();
    h2client_slow_options known;
    h2client_fault fault = take_options(&known, options);
    struct slow_dialer *dialer;

    if (fault.code)
        return h2i_refusing_dialer_create(used, &fault);
    dialer = h2i_alloc_zeroed(used, sizeof *dialer);
    if (!dialer)
        return NULL;
    h2i_wrap_dialer_init(&dialer->base, inner, used);
    dialer->base.wrap = wrap;
    dialer->recv = line_of(known.recv_bytes_per_s);
    dialer->send = line_of(known.send_bytes_per_s);
    dialer->delay_us = known.delay_ms * 1000;
    dialer->max_held = held_at_most(dialer->recv.bytes_per_s, known.delay_ms);
    return &dialer->base.dialer;
}
