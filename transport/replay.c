/* SPDX-License-Identifier: MIT */
/*
 * Plays recordings (transports.h): a transport whose other end says what it said then. It keeps
 * two places in the recording: of what is to be sent next, and of what is to be read next; the
 * latter may be read once the former has passed it.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "base/options.h"
#include "base/str.h"
#include "transport/local_dial.h"
#include "transport/recording.h"
#include "transport/transport_info.h"

struct replay_dialer {
    struct h2i_local_dialer base; /* first */
    struct h2i_recorded *events;
    size_t n_events;
    uint64_t n_dials;
    bool checks_sent;
    bool keeps_time;
    h2client_fault fault; /* of the recording; code OK: none */
};

struct replay_transport {
    h2client_transport transport; /* first */
    h2client_reactor *reactor;
    const struct replay_dialer *dialer;
    h2client_task report;
    h2client_timer timer; /* until what is next is due */
    uint64_t conn;
    int64_t opened_us;
    size_t n_sent;    /* events; what is sent next is in the one behind */
    size_t n_sent_in; /* bytes of that */
    size_t n_read;    /* events */
    size_t n_read_in; /* bytes of the next one */
    uint64_t n_written;
    unsigned wanted;
    char alpn[32]; /* "" for none */
    h2client_fault fault;
};

static struct replay_transport *of(h2client_transport *transport)
{
    return (struct replay_transport *)(void *)transport;
}

/* ---- places in the recording --------------------------------------------------- */

/* The rest was ours to do, and says nothing of the other end. */
static bool is_played(h2client_tee_kind kind)
{
    return kind == H2CLIENT_TEE_SENT || kind == H2CLIENT_TEE_RECEIVED ||
           kind == H2CLIENT_TEE_RECEIVED_END || kind == H2CLIENT_TEE_FAILED;
}

/* The next event of the connection, from there on, that is to be sent, or that is not. */
static const struct h2i_recorded *next_event(const struct replay_transport *replay, size_t *from,
                                             bool is_sending)
{
    const struct replay_dialer *dialer = replay->dialer;

    for (; *from < dialer->n_events; ++*from) {
        const struct h2i_recorded *event = &dialer->events[*from];
        bool is_sent = event->kind == H2CLIENT_TEE_SENT;
        if (event->conn == replay->conn && is_sent == is_sending && is_played(event->kind))
            return event;
    }
    return NULL;
}

/* What is to be read next, if it may be; NULL otherwise. */
static const struct h2i_recorded *readable(struct replay_transport *replay)
{
    const struct h2i_recorded *event = next_event(replay, &replay->n_read, false);

    if (!event)
        return NULL;
    next_event(replay, &replay->n_sent, true);
    if (replay->n_sent < replay->n_read)
        return NULL;
    if (replay->dialer->keeps_time &&
        event->at_us > h2client_reactor_now_us(replay->reactor) - replay->opened_us)
        return NULL;
    return event;
}

/* ---- readiness ------------------------------------------------------------------- */

static unsigned what_is_ready(struct replay_transport *replay)
{
    unsigned possible = H2CLIENT_WRITABLE;

    if (!replay->wanted)
        return 0;
    if (replay->fault.code)
        return H2CLIENT_READABLE | H2CLIENT_WRITABLE | H2CLIENT_HANGUP;
    if (readable(replay))
        possible |= H2CLIENT_READABLE;
    return possible & replay->wanted;
}

/* What is next is not due yet; at that moment it will be. Otherwise it waits for us. */
static bool waits_for_its_time(struct replay_transport *replay, int64_t *due_us)
{
    const struct h2i_recorded *event = next_event(replay, &replay->n_read, false);

    if (!replay->dialer->keeps_time || !event || !(replay->wanted & H2CLIENT_READABLE))
        return false;
    if (__builtin_add_overflow(replay->opened_us, event->at_us, due_us))
        *due_us = INT64_MAX;
    return *due_us > h2client_reactor_now_us(replay->reactor);
}

/* Levels: it comes again while something is ready; the timer says when something will be. */
static void report_later(struct replay_transport *replay)
{
    int64_t due_us;

    if (waits_for_its_time(replay, &due_us) &&
        h2client_reactor_timer_start(replay->reactor, &replay->timer, due_us) != H2CLIENT_OK)
        replay->fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "%s", "");
    if (what_is_ready(replay))
        h2client_reactor_defer(replay->reactor, &replay->report);
}

static void report(h2client_task *task, void *user)
{
    struct replay_transport *replay = user;
    unsigned ready = what_is_ready(replay);

    (void)task;
    report_later(replay);
    if (ready)
        replay->transport.on_ready(&replay->transport, ready, replay->transport.user);
}

static void is_due(h2client_timer *timer, void *user)
{
    (void)timer;
    report_later(user);
}

/* ---- the transport ------------------------------------------------------------------ */

static ptrdiff_t replay_read(h2client_transport *transport, void *buf, size_t cap)
{
    struct replay_transport *replay = of(transport);
    const struct h2i_recorded *event = readable(replay);
    size_t n;

    if (replay->fault.code)
        return H2CLIENT_IO_FAILED;
    if (!event)
        return H2CLIENT_IO_AGAIN;
    if (event->kind == H2CLIENT_TEE_FAILED) {
        replay->fault = h2i_fault(H2CLIENT_ERROR_CONNECTION_RESET, "as recorded: %.*s",
                                  (int)(event->len < 200 ? event->len : 200), event->data);
        return H2CLIENT_IO_FAILED;
    }
    if (event->kind != H2CLIENT_TEE_RECEIVED)
        return 0;
    n = event->len - replay->n_read_in < cap ? event->len - replay->n_read_in : cap;
    memcpy(buf, event->data + replay->n_read_in, n);
    replay->n_read_in += n;
    if (replay->n_read_in == event->len) {
        replay->n_read++;
        replay->n_read_in = 0;
    }
    return (ptrdiff_t)n;
}

static ptrdiff_t fail_write(struct replay_transport *replay, const char *how)
{
    if (!replay->fault.code)
        replay->fault =
            h2i_fault(H2CLIENT_ERROR_SEND_FAILED, "connection %llu: byte %llu of what is sent %s",
                      (unsigned long long)replay->conn, (unsigned long long)replay->n_written, how);
    report_later(replay);
    return H2CLIENT_IO_FAILED;
}

/* False: it is not what was sent then. */
static bool take(struct replay_transport *replay, const char *bytes, size_t len)
{
    while (len > 0) {
        const struct h2i_recorded *event = next_event(replay, &replay->n_sent, true);
        size_t left = event ? event->len - replay->n_sent_in : 0;
        size_t n = len < left ? len : left;

        if (!event)
            return !replay->dialer->checks_sent; /* more than then */
        for (size_t i = 0; i < n && replay->dialer->checks_sent; i++)
            if (bytes[i] != event->data[replay->n_sent_in + i]) {
                replay->n_written += i;
                return false;
            }
        replay->n_sent_in += n;
        replay->n_written += n;
        bytes += n;
        len -= n;
        if (replay->n_sent_in == event->len) {
            replay->n_sent++;
            replay->n_sent_in = 0;
        }
    }
    return true;
}

static ptrdiff_t replay_write(h2client_transport *transport, const h2client_iovec *iov,
                              size_t n_iov)
{
    struct replay_transport *replay = of(transport);
    size_t n = 0;

    if (replay->fault.code)
        return H2CLIENT_IO_FAILED;
    for (size_t i = 0; i < n_iov; i++) {
        if (!take(replay, iov[i].data, iov[i].len))
            return fail_write(replay, next_event(replay, &replay->n_sent, true)
                                          ? "is not what was recorded"
                                          : "is beyond what was recorded");
        n += iov[i].len;
    }
    report_later(replay);
    return (ptrdiff_t)n;
}

static void replay_wants(h2client_transport *transport, unsigned events)
{
    struct replay_transport *replay = of(transport);

    replay->wanted = events;
    report_later(replay);
}

static void replay_half_close(h2client_transport *transport)
{
    (void)transport;
}

static void replay_info(h2client_transport *transport, h2client_transport_info *info)
{
    const struct replay_transport *replay = of(transport);
    const h2client_transport_info facts = {.alpn = replay->alpn[0] ? replay->alpn : NULL,
                                           .fault = replay->fault.code ? &replay->fault : NULL};

    h2i_transport_info_give(info, &facts);
}

static bool replay_covers_host(h2client_transport *transport, const char *host)
{
    (void)transport, (void)host;
    return false;
}

static void replay_destroy(h2client_transport *transport)
{
    struct replay_transport *replay = of(transport);

    h2client_reactor_undefer(replay->reactor, &replay->report);
    h2client_reactor_timer_stop(replay->reactor, &replay->timer);
    h2i_free(h2client_reactor_allocator(replay->reactor), replay);
}

/* ---- the dialer ------------------------------------------------------------------------ */

/* Of "host port alpn" the last word, "" where there is none. NULL: no such connection. */
static const struct h2i_recorded *find_opening(const struct replay_dialer *dialer, uint64_t conn)
{
    for (size_t i = 0; i < dialer->n_events; i++)
        if (dialer->events[i].conn == conn && dialer->events[i].kind == H2CLIENT_TEE_OPENED)
            return &dialer->events[i];
    return NULL;
}

static void note_alpn(struct replay_transport *replay, const struct h2i_recorded *opening)
{
    struct h2i_str rest = h2i_str(opening->data, opening->len), host, port;

    if (h2i_str_split(&rest, ' ', &host) && h2i_str_split(&rest, ' ', &port))
        snprintf(replay->alpn, sizeof replay->alpn, "%.*s", (int)rest.len, rest.data);
}

static h2client_transport *make_transport(const struct replay_dialer *dialer,
                                          h2client_reactor *reactor,
                                          const struct h2i_recorded *opening)
{
    static const h2client_transport_ops ops = {
        .size = sizeof ops,
        .read = replay_read,
        .write = replay_write,
        .wants = replay_wants,
        .half_close = replay_half_close,
        .info = replay_info,
        .covers_host = replay_covers_host,
        .destroy = replay_destroy,
    };
    struct replay_transport *replay =
        h2i_alloc_zeroed(h2client_reactor_allocator(reactor), sizeof *replay);

    if (!replay)
        return NULL;
    replay->transport.ops = &ops;
    replay->reactor = reactor;
    replay->dialer = dialer;
    replay->report = (h2client_task){.run = report, .user = replay};
    replay->timer = (h2client_timer){.on_expire = is_due, .user = replay};
    replay->conn = opening->conn;
    replay->opened_us = h2client_reactor_now_us(reactor);
    note_alpn(replay, opening);
    return &replay->transport;
}

static void replay_connect(struct h2i_local_dialer *base, h2client_reactor *reactor,
                           const h2client_target *target, h2client_transport **transport,
                           h2client_fault *fault)
{
    struct replay_dialer *dialer = (struct replay_dialer *)(void *)base;
    const struct h2i_recorded *opening;

    (void)target;
    *fault = dialer->fault;
    if (fault->code)
        return;
    opening = find_opening(dialer, ++dialer->n_dials);
    if (opening)
        *transport = make_transport(dialer, reactor, opening);
    if (!opening)
        *fault = h2i_fault(H2CLIENT_ERROR_CONNECT_FAILED, "the recording has no connection %llu",
                           (unsigned long long)dialer->n_dials);
    else if (!*transport)
        *fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "%s", "");
}

static void replay_dialer_destroy(struct h2i_local_dialer *base)
{
    h2i_free(&base->allocator, ((struct replay_dialer *)(void *)base)->events);
    h2i_local_dialer_free(base);
}

/* How many events there are; SIZE_MAX and *fault: it is no recording. `events` NULL: counts. */
static size_t parse(const char *recording, size_t len, struct h2i_recorded *events,
                    h2client_fault *fault)
{
    const char *at = recording + strlen(H2I_RECORDING_HEAD);
    struct h2i_recorded event;
    size_t n = 0;

    if (len < strlen(H2I_RECORDING_HEAD) ||
        memcmp(recording, H2I_RECORDING_HEAD, strlen(H2I_RECORDING_HEAD)) != 0) {
        *fault = h2i_fault(H2CLIENT_ERROR_INVALID_ARGUMENT, "replay: this is no recording");
        return SIZE_MAX;
    }
    while (h2i_recording_next(&at, recording + len, &event)) {
        if (events)
            events[n] = event;
        n++;
    }
    if (at == recording + len)
        return n;
    *fault = h2i_fault(H2CLIENT_ERROR_INVALID_ARGUMENT,
                       "replay: no event of a recording at byte %zu", (size_t)(at - recording));
    return SIZE_MAX;
}

/* False: no memory. */
static bool load(struct replay_dialer *dialer, const char *recording, size_t len)
{
    size_t n = parse(recording, len, NULL, &dialer->fault);
    size_t n_bytes;

    if (n == SIZE_MAX || n == 0)
        return true;
    if (!h2i_size_mul(n, sizeof *dialer->events, &n_bytes))
        return false;
    dialer->events = h2i_alloc(&dialer->base.allocator, n_bytes);
    if (!dialer->events)
        return false;
    dialer->n_events = parse(recording, len, dialer->events, &dialer->fault);
    return true;
}

h2client_dialer *h2client_replay_dialer_create(const void *recording, size_t len,
                                               const h2client_replay_options *options,
                                               const h2client_allocator *allocator)
{
    const h2client_allocator *used = allocator ? allocator : h2i_default_allocator();
    struct replay_dialer *dialer = h2i_alloc_zeroed(used, sizeof *dialer);
    h2client_replay_options known;
    struct h2i_text why;

    if (!dialer)
        return NULL;
    why = h2i_text(dialer->fault.text, sizeof dialer->fault.text);
    dialer->fault.code = h2i_options_take(&known, sizeof known, options, "replay", &why);
    h2i_local_dialer_init(&dialer->base, used);
    dialer->base.connect = replay_connect;
    dialer->base.destroy = replay_dialer_destroy;
    dialer->base.place = "a recording";
    dialer->checks_sent = known.checks_sent != H2CLIENT_OFF;
    dialer->keeps_time = known.keeps_time == H2CLIENT_ON;
    if (dialer->fault.code || load(dialer, recording, len))
        return &dialer->base.dialer;
    replay_dialer_destroy(&dialer->base);
    return NULL;
}

/* ---- in the place of TLS ------------------------------------------------------------------ */

struct replay_factory {
    h2client_tls_factory factory; /* first */
    const h2client_allocator *allocator;
};

/* The tag is the port's; what is in it is this factory's own. */
struct h2client_handshake {
    const h2client_allocator *allocator;
    h2client_reactor *reactor;
    h2client_transport *inner;
    h2client_task done;
    h2client_handshake_fn on_done;
    void *user;
};

static void handshake_is_done(h2client_task *task, void *user)
{
    h2client_handshake handshake = *(h2client_handshake *)user;

    (void)task;
    h2i_free(handshake.allocator, user);
    handshake.on_done(handshake.inner, NULL, handshake.user);
}

static h2client_handshake *tls_start(h2client_tls_factory *port, h2client_reactor *reactor,
                                     const h2client_tls_params *params, h2client_transport *inner,
                                     h2client_handshake_fn on_done, void *user)
{
    struct replay_factory *factory = (struct replay_factory *)(void *)port;
    h2client_handshake *handshake = h2i_alloc_zeroed(factory->allocator, sizeof *handshake);

    (void)params;
    if (!handshake) {
        inner->ops->destroy(inner);
        return NULL;
    }
    *handshake = (h2client_handshake){.allocator = factory->allocator,
                                      .reactor = reactor,
                                      .inner = inner,
                                      .done = {.run = handshake_is_done, .user = handshake},
                                      .on_done = on_done,
                                      .user = user};
    h2client_reactor_defer(reactor, &handshake->done);
    return handshake;
}

static void tls_cancel(h2client_tls_factory *port, h2client_handshake *handshake)
{
    (void)port;
    if (!handshake)
        return;
    h2client_reactor_undefer(handshake->reactor, &handshake->done);
    handshake->inner->ops->destroy(handshake->inner);
    h2i_free(handshake->allocator, handshake);
}

static void tls_destroy(h2client_tls_factory *port)
{
    if (port)
        h2i_free(((struct replay_factory *)(void *)port)->allocator, port);
}

h2client_tls_factory *h2client_replay_tls_create(const h2client_allocator *allocator)
{
    static const h2client_tls_factory_ops ops = {
        .size = sizeof ops, .start = tls_start, .cancel = tls_cancel, .destroy = tls_destroy};
    const h2client_allocator *used = allocator ? allocator : h2i_default_allocator();
    struct replay_factory *factory = h2i_alloc_zeroed(used, sizeof *factory);

    if (!factory)
        return NULL;
    factory->factory.ops = &ops;
    factory->allocator = used;
    return &factory->factory;
}
