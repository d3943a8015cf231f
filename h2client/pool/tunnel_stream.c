/* SPDX-License-Identifier: MIT */
#include "h2client/pool/tunnel_stream.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/reactor.h"
#include "h2client/pool/link_facts.h"

#define ARENA_BLOCK_BYTES 1024
#define MAX_OUT_BYTES (64u * 1024)
#define KEPT_BYTES 16384u /* of an empty inbox */
#define NO_ERROR_CODE 0u  /* RFC 9113 7 */
#define CANCEL_CODE 8u

struct h2i_tunnel_stream {
    h2client_transport transport; /* first */
    struct h2i_exchange exchange;
    struct h2i_request request;
    struct h2i_arena arena; /* of the response's fields */
    char target[H2I_TUNNEL_TARGET_MAX];
    h2client_header fields[2]; /* the login, or none */
    const h2client_allocator *allocator;
    h2client_reactor *reactor;
    h2client_task task;   /* tells what is done, or ready */
    h2client_timer timer; /* until the answer */
    int64_t timeout_us;
    void (*on_challenge)(const h2client_header *fields, void *user);
    h2i_tunnel_fn on_done; /* NULL once it was called: it is a transport */
    void *user;
    struct h2i_buf in;  /* to be read */
    struct h2i_buf out; /* written, not taken by the core yet */
    unsigned wanted;
    bool is_open;         /* a 2xx came */
    bool has_ended;       /* by the proxy */
    bool is_finished;     /* by us: half_close */
    h2client_fault fault; /* code OK: none */
    h2client_transport_info facts;
};

static struct h2i_tunnel_stream *of_transport(h2client_transport *transport)
{
    return H2I_CONTAINER_OF(transport, struct h2i_tunnel_stream, transport);
}

static struct h2i_tunnel_stream *of_exchange(struct h2i_exchange *exchange)
{
    return H2I_CONTAINER_OF(exchange, struct h2i_tunnel_stream, exchange);
}

static void release(struct h2i_tunnel_stream *stream)
{
    struct h2i_conn *conn = stream->exchange.conn;

    h2client_reactor_timer_stop(stream->reactor, &stream->timer);
    h2client_reactor_undefer(stream->reactor, &stream->task);
    if (conn)
        conn->ops->cancel(conn, &stream->exchange,
                          stream->is_finished ? NO_ERROR_CODE : CANCEL_CODE);
    h2i_arena_finish(&stream->arena);
    h2i_buf_finish(&stream->in);
    h2i_buf_finish(&stream->out);
    h2i_free(stream->allocator, stream);
}

void h2i_tunnel_stream_cancel(struct h2i_tunnel_stream *stream)
{
    release(stream);
}

/* ---- what is told, out of the core's events -------------------------------------- */

static unsigned what_is_ready(const struct h2i_tunnel_stream *stream)
{
    unsigned possible = 0;

    if (h2i_buf_len(&stream->in) > 0 || stream->has_ended)
        possible |= H2CLIENT_READABLE;
    if (h2i_buf_room(&stream->out) > 0 || stream->has_ended)
        possible |= H2CLIENT_WRITABLE;
    if (stream->fault.code)
        possible |= H2CLIENT_HANGUP;
    return stream->wanted ? possible & (stream->wanted | H2CLIENT_HANGUP) : 0;
}

static void tell_later(struct h2i_tunnel_stream *stream)
{
    if (stream->on_done ? stream->is_open || stream->has_ended : what_is_ready(stream) != 0)
        h2client_reactor_defer(stream->reactor, &stream->task);
}

static void tell_done(struct h2i_tunnel_stream *stream)
{
    h2i_tunnel_fn on_done = stream->on_done;
    void *user = stream->user;
    h2client_fault fault = stream->fault;
    bool is_open = stream->is_open && !fault.code;

    stream->on_done = NULL;
    h2client_reactor_timer_stop(stream->reactor, &stream->timer);
    if (!is_open)
        release(stream);
    on_done(is_open ? &stream->transport : NULL, is_open ? NULL : &fault, user);
}

/* Levels: it comes again until what is ready has been taken, or is not wanted. */
static void tell(h2client_task *task, void *user)
{
    struct h2i_tunnel_stream *stream = user;
    unsigned ready;

    (void)task;
    if (stream->on_done) {
        tell_done(stream);
        return;
    }
    ready = what_is_ready(stream);
    if (!ready)
        return;
    h2client_reactor_defer(stream->reactor, &stream->task);
    stream->transport.on_ready(&stream->transport, ready, stream->transport.user);
}

static void end_with(struct h2i_tunnel_stream *stream, const h2client_fault *fault)
{
    stream->has_ended = true;
    if (!stream->fault.code)
        stream->fault = *fault;
    tell_later(stream);
}

static void timed_out(h2client_timer *timer, void *user)
{
    struct h2i_tunnel_stream *stream = user;
    h2client_fault fault = h2i_fault_of_timeout(H2CLIENT_LIMIT_PROXY, stream->timeout_us / 1000);

    (void)timer;
    end_with(stream, &fault);
}

/* ---- events of the core --------------------------------------------------------------- */

static void answer_came(struct h2i_exchange *exchange, const struct h2i_head *head)
{
    struct h2i_tunnel_stream *stream = of_exchange(exchange);
    h2client_fault fault;

    if (head->status / 100 == 2) {
        stream->is_open = true;
        tell_later(stream);
        return;
    }
    if (head->status == 407 && stream->on_challenge)
        stream->on_challenge(head->fields, stream->user);
    fault = h2i_tunnel_refusal(head->status, stream->fields[0].name != NULL);
    exchange->conn->ops->cancel(exchange->conn, exchange, CANCEL_CODE);
    end_with(stream, &fault);
}

static void interim_came(struct h2i_exchange *exchange, const struct h2i_head *head)
{
    (void)exchange, (void)head;
}

static void trailers_came(struct h2i_exchange *exchange, const h2client_header *fields)
{
    (void)exchange, (void)fields;
}

static void bytes_came(struct h2i_exchange *exchange, const void *data, size_t len)
{
    static const h2client_fault no_memory = {.code = H2CLIENT_ERROR_NO_MEMORY, .tls_alert = -1};
    struct h2i_tunnel_stream *stream = of_exchange(exchange);

    if (h2i_buf_append(&stream->in, data, len)) {
        tell_later(stream);
        return;
    }
    exchange->conn->ops->cancel(exchange->conn, exchange, CANCEL_CODE);
    end_with(stream, &no_memory);
}

static enum h2i_body_result read_out(struct h2i_exchange *exchange, void *buf, size_t cap,
                                     size_t *n)
{
    struct h2i_tunnel_stream *stream = of_exchange(exchange);
    size_t len = h2i_buf_len(&stream->out);

    *n = len < cap ? len : cap;
    memcpy(buf, h2i_buf_data(&stream->out), *n);
    h2i_buf_consume(&stream->out, *n);
    if (*n > 0)
        tell_later(stream); /* there is room */
    if (h2i_buf_len(&stream->out) == 0 && stream->is_finished)
        return H2I_BODY_END;
    return *n > 0 ? H2I_BODY_MORE : H2I_BODY_NOT_NOW;
}

static void bytes_went(struct h2i_exchange *exchange, size_t n_body_bytes, bool is_last)
{
    (void)exchange, (void)n_body_bytes, (void)is_last;
}

static void exchange_ended(struct h2i_exchange *exchange, const struct h2i_outcome *outcome)
{
    struct h2i_tunnel_stream *stream = of_exchange(exchange);
    h2client_fault fault = outcome->fault;

    if (!fault.code && !stream->is_open)
        fault = h2i_fault(H2CLIENT_ERROR_PROXY_HANDSHAKE, "it ended the stream");
    else if (fault.code && fault.code != H2CLIENT_ERROR_NO_MEMORY)
        fault = h2i_fault(stream->is_open ? H2CLIENT_ERROR_CONNECTION_RESET
                                          : H2CLIENT_ERROR_PROXY_HANDSHAKE,
                          "%s%s", stream->is_open ? "the proxy: " : "",
                          fault.text[0] ? fault.text : h2client_error_text(fault.code));
    end_with(stream, &fault);
}

static const struct h2i_exchange_events exchange_events = {
    .on_informational = interim_came,
    .on_head = answer_came,
    .on_data = bytes_came,
    .on_trailers = trailers_came,
    .read_body = read_out,
    .on_sent = bytes_went,
    .on_end = exchange_ended,
};

/* ---- the transport ---------------------------------------------------------------------- */

static ptrdiff_t stream_read(h2client_transport *transport, void *buf, size_t cap)
{
    struct h2i_tunnel_stream *stream = of_transport(transport);
    struct h2i_conn *conn = stream->exchange.conn;
    size_t n = h2i_buf_len(&stream->in);

    if (n == 0 && stream->has_ended)
        return stream->fault.code ? H2CLIENT_IO_FAILED : 0;
    if (n == 0)
        return H2CLIENT_IO_AGAIN;
    n = n < cap ? n : cap;
    memcpy(buf, h2i_buf_data(&stream->in), n);
    h2i_buf_consume(&stream->in, n);
    if (h2i_buf_len(&stream->in) == 0)
        h2i_buf_clear(&stream->in, KEPT_BYTES);
    if (conn)
        conn->ops->credit(conn, &stream->exchange, n);
    return (ptrdiff_t)n;
}

static ptrdiff_t refuse_write(struct h2i_tunnel_stream *stream)
{
    if (!stream->fault.code)
        stream->fault = h2i_fault(H2CLIENT_ERROR_CONNECTION_RESET, "%s",
                                  stream->is_finished ? "written to after half_close"
                                                      : "the proxy has closed the tunnel");
    return H2CLIENT_IO_FAILED;
}

static ptrdiff_t stream_write(h2client_transport *transport, const h2client_iovec *iov,
                              size_t n_iov)
{
    struct h2i_tunnel_stream *stream = of_transport(transport);
    struct h2i_conn *conn = stream->exchange.conn;
    size_t room = h2i_buf_room(&stream->out);
    size_t n = 0;

    if (!conn || stream->is_finished)
        return refuse_write(stream);
    for (size_t i = 0; i < n_iov && n < room; i++) {
        size_t part = iov[i].len < room - n ? iov[i].len : room - n;
        if (!h2i_buf_append(&stream->out, iov[i].data, part))
            break;
        n += part;
    }
    if (n == 0 && room > 0) {
        stream->fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "%s", "");
        return H2CLIENT_IO_FAILED;
    }
    if (n > 0)
        conn->ops->resume_body(conn, &stream->exchange);
    return n > 0 ? (ptrdiff_t)n : H2CLIENT_IO_AGAIN;
}

static void stream_wants(h2client_transport *transport, unsigned events)
{
    struct h2i_tunnel_stream *stream = of_transport(transport);

    stream->wanted = events;
    tell_later(stream);
}

static void stream_half_close(h2client_transport *transport)
{
    struct h2i_tunnel_stream *stream = of_transport(transport);
    struct h2i_conn *conn = stream->exchange.conn;

    if (stream->is_finished)
        return;
    stream->is_finished = true;
    if (conn)
        conn->ops->resume_body(conn, &stream->exchange);
}

static void stream_info(h2client_transport *transport, h2client_transport_info *info)
{
    struct h2i_tunnel_stream *stream = of_transport(transport);
    size_t size = info->size < sizeof *info ? info->size : sizeof *info;

    stream->facts.fault = stream->fault.code ? &stream->fault : NULL;
    stream->facts.size = info->size;
    memcpy(info, &stream->facts, size);
}

static bool stream_covers_host(h2client_transport *transport, const char *host)
{
    (void)transport, (void)host;
    return false;
}

static void stream_destroy(h2client_transport *transport)
{
    release(of_transport(transport));
}

static const h2client_transport_ops transport_ops = {
    .size = sizeof(h2client_transport_ops),
    .read = stream_read,
    .write = stream_write,
    .wants = stream_wants,
    .half_close = stream_half_close,
    .info = stream_info,
    .covers_host = stream_covers_host,
    .destroy = stream_destroy,
};

/* ---- start ---------------------------------------------------------------------------------- */

/* The addresses are the proxy's, as with any tunnel; TLS with it is not TLS with the origin. */
static void note_facts(struct h2i_tunnel_stream *stream, const struct h2i_link *link)
{
    h2client_transport_info info = h2i_link_transport_info(link);

    stream->facts = (h2client_transport_info){.local = info.local, .remote = info.remote};
}

/* False: no memory. */
static bool fill_request(struct h2i_tunnel_stream *stream, const struct h2i_tunnel_params *params)
{
    const char *login = params->authorization;

    if (login) {
        login = h2i_arena_copy_text(&stream->arena, login, strlen(login));
        stream->fields[0] = (h2client_header){"proxy-authorization", login};
    }
    stream->request = (struct h2i_request){
        .method = "CONNECT",
        .authority = h2i_tunnel_target(params, stream->target),
        .fields = stream->fields,
        .n_fields = login != NULL,
        .has_body = true,
        .body_len = -1,
    };
    return login || !params->authorization;
}

static bool arm(struct h2i_tunnel_stream *stream)
{
    int64_t due_us;

    stream->timer.on_expire = timed_out;
    stream->timer.user = stream;
    if (__builtin_add_overflow(h2client_reactor_now_us(stream->reactor), stream->timeout_us,
                               &due_us))
        return true;
    return h2client_reactor_timer_start(stream->reactor, &stream->timer, due_us) == H2CLIENT_OK;
}

static struct h2i_tunnel_stream *create(const struct h2i_link *link,
                                        const struct h2i_tunnel_params *params)
{
    const struct h2i_pool_config *config = &link->pool->config;
    struct h2i_tunnel_stream *stream = h2i_alloc_zeroed(config->allocator, sizeof *stream);

    if (!stream)
        return NULL;
    stream->allocator = config->allocator;
    stream->reactor = config->reactor;
    stream->timeout_us = params->timeout_us;
    stream->on_challenge = params->on_challenge;
    stream->transport.ops = &transport_ops;
    stream->task.run = tell;
    stream->task.user = stream;
    h2i_arena_init(&stream->arena, config->allocator, ARENA_BLOCK_BYTES);
    h2i_buf_init(&stream->in, config->allocator, SIZE_MAX); /* the stream's window bounds it */
    h2i_buf_init(&stream->out, config->allocator, MAX_OUT_BYTES);
    note_facts(stream, link);
    stream->exchange.events = &exchange_events;
    stream->exchange.request = &stream->request;
    stream->exchange.arena = &stream->arena;
    return stream;
}

h2client_error_code h2i_tunnel_stream_start(struct h2i_link *link,
                                            const struct h2i_tunnel_params *params,
                                            h2i_tunnel_fn on_done, void *user,
                                            struct h2i_tunnel_stream **stream)
{
    struct h2i_tunnel_stream *made = create(link, params);
    h2client_error_code code = H2CLIENT_ERROR_NO_MEMORY;

    if (made && fill_request(made, params) && arm(made))
        code = link->conn->ops->submit(link->conn, &made->exchange);
    if (code) {
        if (made)
            release(made);
        return code;
    }
    made->on_done = on_done;
    made->user = user;
    *stream = made;
    return H2CLIENT_OK;
}
