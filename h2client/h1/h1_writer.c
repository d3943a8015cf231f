/* SPDX-License-Identifier: MIT */
/*
 * Requests: the head is built whole when the exchange is opened; a body is read straight
 * into the caller's room, one chunk a time where its length is not known. RFC 9112 3, 6.2,
 * 7.1.
 *
 * Names go out in Title-Case: they mean the same in any case of letters, but not to every
 * old server.
 */
#include "h2client/h1/h1_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#define LAST_CHUNK "0\r\n\r\n"
#define LAST_CHUNK_BYTES 5u
#define TRAILERS_BEGIN "0\r\n"
#define CRLF "\r\n"
#define CRLF_BYTES 2u

/* ---- the head ------------------------------------------------------------ */

struct head_writer {
    struct h2i_buf *buf;
    h2client_error_code code;
};

static bool note(struct head_writer *writer, bool has_room, size_t n)
{
    if (!has_room && !writer->code)
        writer->code = n > h2i_buf_room(writer->buf) ? H2CLIENT_ERROR_REQUEST_TOO_LARGE
                                                     : H2CLIENT_ERROR_NO_MEMORY;
    return !writer->code;
}

static void add_text(struct head_writer *writer, const char *text)
{
    size_t len = strlen(text);

    note(writer, h2i_buf_append(writer->buf, text, len), len);
}

static void add_name(struct head_writer *writer, const char *name)
{
    size_t len = strlen(name);
    char *room = h2i_buf_reserve(writer->buf, len);

    if (!note(writer, room != NULL, len) || !room)
        return;
    for (size_t i = 0; i < len; i++) {
        bool is_first = i == 0 || name[i - 1] == '-';
        bool is_small = name[i] >= 'a' && name[i] <= 'z';
        room[i] = is_first && is_small ? (char)(name[i] - 32) : name[i];
    }
    h2i_buf_commit(writer->buf, len);
}

static void add_field(struct head_writer *writer, const char *name, const char *value)
{
    add_name(writer, name);
    add_text(writer, ": ");
    add_text(writer, value);
    add_text(writer, CRLF);
}

static void add_framing(struct head_writer *writer, const struct h2i_request *request)
{
    int64_t declared = h2i_upload_declared(request);
    char number[24];

    if (declared >= 0) {
        snprintf(number, sizeof number, "%" PRId64, declared);
        add_field(writer, "content-length", number);
    } else if (h2i_upload_has_bytes(request)) {
        add_field(writer, "transfer-encoding", "chunked");
    }
}

static void add_fields(struct head_writer *writer, const struct h2i_request *request)
{
    add_field(writer, "host", request->authority);
    for (size_t i = 0; i < request->n_fields; i++)
        add_field(writer, request->fields[i].name, request->fields[i].value);
    /* RFC 9110 10.1.4: te is for the next hop alone, and has to say so. */
    if (h2i_fields_find(request->fields, "te"))
        add_field(writer, "connection", "TE");
    add_framing(writer, request);
}

h2client_error_code h2i_h1_write_request(struct h2i_h1_conn *conn,
                                         const struct h2i_exchange *exchange)
{
    const struct h2i_request *request = exchange->request;
    struct head_writer writer = {.buf = &conn->out.head};

    if (!request->path) /* RFC 9110 9.3.6: CONNECT asks for something else */
        return H2CLIENT_ERROR_INVALID_ARGUMENT;
    add_text(&writer, request->method);
    add_text(&writer, " ");
    add_text(&writer, request->whole_url ? request->whole_url : request->path);
    add_text(&writer, " HTTP/1.1\r\n");
    add_fields(&writer, request);
    add_text(&writer, CRLF);
    if (writer.code) {
        h2i_h1_drop_output(conn);
        return writer.code;
    }
    conn->out.head_len = h2i_buf_len(&conn->out.head);
    conn->out.has_body = h2i_upload_has_bytes(request);
    conn->out.is_chunked = conn->out.has_body && h2i_upload_declared(request) < 0;
    conn->out.is_trailing = false;
    conn->out.upload = (struct h2i_upload){0};
    return H2CLIENT_OK;
}

/* ---- state --------------------------------------------------------------- */

static bool has_piece(const struct h2i_h1_conn *conn)
{
    return conn->out.piece.start < conn->out.piece.end;
}

bool h2i_h1_has_output(const struct h2i_h1_conn *conn)
{
    return h2i_buf_len(&conn->out.head) > 0 || has_piece(conn) ||
           (conn->out.has_body && !conn->out.waits_for_body);
}

bool h2i_h1_is_request_done(const struct h2i_h1_conn *conn)
{
    return h2i_buf_len(&conn->out.head) == 0 && !has_piece(conn) && !conn->out.has_body;
}

void h2i_h1_drop_output(struct h2i_h1_conn *conn)
{
    h2i_buf_clear(&conn->out.head, H2I_H1_KEPT_BYTES);
    conn->out.has_body = false;
    conn->out.waits_for_body = false;
    conn->out.is_trailing = false;
    conn->out.piece.start = conn->out.piece.end = 0;
}

static void tell_sent(struct h2i_h1_conn *conn, size_t n_body_bytes, bool is_last)
{
    conn->exchange->events->on_sent(conn->exchange, n_body_bytes, is_last);
}

/* ---- bodies -------------------------------------------------------------- */

/* False: nothing is to be produced of it. */
static bool settle_step(struct h2i_h1_conn *conn, const struct h2i_upload_step *step)
{
    if (!conn->exchange)
        return false;
    if (step->result == H2I_BODY_FAILED)
        h2i_h1_fail_upload(conn, step);
    else if (step->result == H2I_BODY_NOT_NOW)
        conn->out.waits_for_body = true;
    else
        conn->out.has_body = step->result != H2I_BODY_END;
    return step->result == H2I_BODY_MORE || step->result == H2I_BODY_END;
}

static size_t produce_counted(struct h2i_h1_conn *conn, char *buf, size_t cap)
{
    struct h2i_upload_step step = h2i_upload_read(&conn->out.upload, conn->exchange, buf, cap);

    if (!settle_step(conn, &step))
        return 0;
    conn->base.n_produced += step.n;
    tell_sent(conn, step.n, step.result == H2I_BODY_END);
    return step.n;
}

static size_t n_hex_digits(size_t n)
{
    size_t n_digits = 1;

    for (n >>= 4; n; n >>= 4)
        n_digits++;
    return n_digits;
}

static char *put(char *at, const char *bytes, size_t n)
{
    memcpy(at, bytes, n);
    return at + n;
}

static char *put_size(char *at, size_t n)
{
    for (size_t i = n_hex_digits(n); i > 0; i--)
        *at++ = "0123456789abcdef"[n >> 4 * (i - 1) & 15];
    return put(at, CRLF, CRLF_BYTES);
}

/* RFC 9112 7.1.2: they stand behind the last chunk; there is no bound on them, so they go
 * out the way a head does. */
static bool queue_trailers(struct h2i_h1_conn *conn)
{
    const h2client_header *field = conn->exchange->request->trailers;
    struct head_writer writer = {.buf = &conn->out.head};
    struct h2i_upload_step failed = {.what = "has trailers, and there is no memory"};

    add_text(&writer, TRAILERS_BEGIN);
    for (; field->name; field++)
        add_field(&writer, field->name, field->value);
    add_text(&writer, CRLF);
    conn->out.is_trailing = true;
    failed.code = writer.code;
    if (writer.code)
        h2i_h1_fail_upload(conn, &failed);
    return !writer.code;
}

static bool has_trailers(const struct h2i_h1_conn *conn)
{
    const h2client_header *trailers = conn->exchange->request->trailers;

    return trailers && trailers->name;
}

/* One chunk, as large as cap (>= H2I_H1_PIECE_BYTES) lets it be; the last one goes with
 * it. What was read is moved if its size needs fewer digits than was thought. */
static size_t build_chunk(struct h2i_h1_conn *conn, char *buf, size_t cap,
                          struct h2i_upload_step *step)
{
    size_t head_len = n_hex_digits(cap) + CRLF_BYTES;
    size_t room = cap - head_len - CRLF_BYTES - LAST_CHUNK_BYTES;
    char *at = buf;

    *step = h2i_upload_read(&conn->out.upload, conn->exchange, buf + head_len, room);
    if (!settle_step(conn, step))
        return 0;
    assert(step->n > 0 || step->result == H2I_BODY_END);
    if (step->result == H2I_BODY_END && has_trailers(conn)) {
        if (!queue_trailers(conn))
            return 0;
        step->result = H2I_BODY_MORE; /* the end is still to come */
    }
    if (step->n > 0) {
        at = put_size(buf, step->n);
        memmove(at, buf + head_len, step->n);
        at = put(at + step->n, CRLF, CRLF_BYTES);
    }
    if (step->result == H2I_BODY_END)
        at = put(at, LAST_CHUNK, LAST_CHUNK_BYTES);
    return (size_t)(at - buf);
}

static size_t produce_chunk(struct h2i_h1_conn *conn, char *buf, size_t cap)
{
    struct h2i_upload_step step;

    if (cap >= H2I_H1_PIECE_BYTES) {
        size_t n = build_chunk(conn, buf, cap, &step);
        conn->base.n_produced += n;
        if (n > 0)
            tell_sent(conn, step.n, step.result == H2I_BODY_END);
        return n;
    }
    conn->out.piece.start = 0;
    conn->out.piece.end = build_chunk(conn, conn->out.piece.bytes, H2I_H1_PIECE_BYTES, &step);
    conn->out.piece.n_body = step.n;
    conn->out.piece.is_last = step.result == H2I_BODY_END;
    return 0;
}

/* ---- output -------------------------------------------------------------- */

static size_t produce_piece(struct h2i_h1_conn *conn, char *buf, size_t cap)
{
    size_t n = conn->out.piece.end - conn->out.piece.start;

    if (n > cap)
        n = cap;
    memcpy(buf, conn->out.piece.bytes + conn->out.piece.start, n);
    conn->out.piece.start += n;
    conn->base.n_produced += n;
    if (!has_piece(conn))
        tell_sent(conn, conn->out.piece.n_body, conn->out.piece.is_last);
    return n;
}

static size_t produce_head(struct h2i_h1_conn *conn, char *buf, size_t cap)
{
    size_t n = h2i_buf_len(&conn->out.head);

    if (n > cap)
        n = cap;
    if (conn->exchange->begins_at == UINT64_MAX)
        conn->exchange->begins_at = conn->base.n_produced;
    memcpy(buf, h2i_buf_data(&conn->out.head), n);
    h2i_buf_consume(&conn->out.head, n);
    conn->base.n_produced += n;
    if (h2i_buf_len(&conn->out.head) > 0)
        return n;
    if (!conn->out.is_trailing)
        h2i_h1_trace_request(conn);
    tell_sent(conn, 0, !conn->out.has_body);
    return n;
}

size_t h2i_h1_produce(struct h2i_h1_conn *conn, char *buf, size_t cap)
{
    size_t n = 0;

    while (n < cap && h2i_h1_has_output(conn)) {
        if (has_piece(conn)) /* trailers wait in `head` behind it */
            n += produce_piece(conn, buf + n, cap - n);
        else if (h2i_buf_len(&conn->out.head) > 0)
            n += produce_head(conn, buf + n, cap - n);
        else if (conn->out.is_chunked)
            n += produce_chunk(conn, buf + n, cap - n);
        else
            n += produce_counted(conn, buf + n, cap - n);
    }
    return n;
}
