/* SPDX-License-Identifier: MIT */
/*
 * Responses: what a head means for the connection, where the body ends, and the end.
 *
 * Framing (RFC 9112 6.3), strict where others were smuggled past: Transfer-Encoding is
 * `chunked`, once and alone, or the response is refused, since no other coding was asked
 * for and none may pass for decoded; in an HTTP/1.0 response it is a sign of bad framing
 * (6.1) and refused too. With a Content-Length beside it, it wins, and the connection is
 * not used again.
 */
#include "h2client/h1/h1_internal.h"

#include "base/str.h"

/* ---- the end ------------------------------------------------------------- */

void h2i_h1_finish(struct h2i_h1_conn *conn)
{
    const struct h2i_outcome success = {
        .fault = {.code = H2CLIENT_OK, .tls_alert = -1},
        .replay_class = H2CLIENT_REPLAY_NONE,
        .http2_code = -1,
    };

    /* RFC 9112 9.3: the rest of the request would be read as the next one. */
    if (!h2i_h1_is_request_done(conn))
        conn->is_closing = true;
    h2i_h1_drop_output(conn);
    h2i_h1_end_exchange(conn, &success);
}

/* ---- the connection's options (RFC 9112 9.3, 9.6) -------------------------- */

static bool has_option(const h2client_header *fields, const char *option)
{
    struct h2i_str wanted = h2i_str_of(option);

    for (; fields->name; fields++) {
        struct h2i_str rest = h2i_str_of(fields->value);
        struct h2i_str piece;

        if (strcmp(fields->name, "connection") != 0)
            continue;
        while (h2i_str_split(&rest, ',', &piece)) {
            if (h2i_str_equals_nocase(h2i_str_trim(piece), wanted))
                return true;
        }
    }
    return false;
}

static void note_options(struct h2i_h1_conn *conn, const h2client_header *fields)
{
    bool stays_open = !conn->in.is_http10 || has_option(fields, "keep-alive");

    if (!stays_open || has_option(fields, "close"))
        conn->is_closing = true;
}

/* ---- heads --------------------------------------------------------------- */

static void take_informational(struct h2i_h1_conn *conn, const struct h2i_head *head)
{
    uint32_t max = conn->config.max_informational;

    if (head->status == 101) {
        h2i_h1_malformed(conn, "the server switched protocols (101) though nobody asked");
    } else if (++conn->in.n_informational > max) {
        h2i_h1_malformed(conn, "more than %u interim responses", max);
    } else {
        h2i_h1_section_begin(conn, H2I_H1_STATUS_LINE);
        conn->exchange->events->on_informational(conn->exchange, head);
    }
}

static bool is_chunked_alone(const h2client_header *fields)
{
    struct h2i_str chunked = h2i_str_of("chunked");
    unsigned n = 0;

    for (; fields->name; fields++) {
        if (strcmp(fields->name, "transfer-encoding") != 0)
            continue;
        if (++n > 1 || !h2i_str_equals_nocase(h2i_str_of(fields->value), chunked))
            return false;
    }
    return true;
}

/* False: refused. */
static bool begin_chunked(struct h2i_h1_conn *conn, const h2client_header *fields)
{
    if (conn->in.is_http10)
        h2i_h1_malformed(conn, "transfer-encoding in an HTTP/1.0 response");
    else if (!is_chunked_alone(fields))
        h2i_h1_malformed(conn, "its transfer-encoding is not \"chunked\" alone");
    if (conn->base.has_failed)
        return false;
    conn->in.phase = H2I_H1_CHUNKED_BODY;
    conn->in.chunked = (struct h2i_h1_chunked){
        .max_extension_bytes = conn->config.max_chunk_extension_bytes,
    };
    return true;
}

/* False: refused. RFC 9112 6.3, in its order. */
static bool begin_body(struct h2i_h1_conn *conn, struct h2i_head *head)
{
    bool is_coded = h2i_fields_find(head->fields, "transfer-encoding") != NULL;
    bool is_counted = head->content_length >= 0;

    if (is_coded && is_counted)
        conn->is_closing = true;
    /* RFC 9110 8.6, RFC 9112 6.1: a 204 announces no body. Who does so may send it. */
    if (head->status == 204 && (is_coded || head->content_length > 0))
        conn->is_closing = true;
    if (is_coded)
        head->content_length = -1;
    conn->in.phase = H2I_H1_COUNTED_BODY;
    conn->in.n_left = 0;
    if (h2i_response_is_bodiless(conn->exchange->request->method, head->status))
        return true;
    if (is_coded)
        return begin_chunked(conn, head->fields);
    if (is_counted) {
        conn->in.n_left = (uint64_t)head->content_length;
        return true;
    }
    conn->in.phase = H2I_H1_OPEN_BODY;
    return true;
}

static void take_final(struct h2i_h1_conn *conn, struct h2i_head *head)
{
    if (!h2i_content_length(head->fields, &head->content_length)) {
        h2i_h1_malformed(conn, "content-length is not one number");
        return;
    }
    if (!begin_body(conn, head))
        return;
    conn->exchange->events->on_head(conn->exchange, head);
    if (conn->exchange && conn->in.phase == H2I_H1_COUNTED_BODY && conn->in.n_left == 0)
        h2i_h1_finish(conn);
}

static void end_trailers(struct h2i_h1_conn *conn)
{
    if (conn->in.fields.n > 0) {
        h2i_h1_trace_section(conn, 0);
        conn->exchange->events->on_trailers(conn->exchange, h2i_fields_list(&conn->in.fields));
    }
    if (conn->exchange)
        h2i_h1_finish(conn);
}

static void end_section(struct h2i_h1_conn *conn)
{
    struct h2i_head head = {
        .status = conn->in.status,
        .fields = h2i_fields_list(&conn->in.fields),
        .n_bytes = conn->in.fields.n_bytes,
        .content_length = -1,
    };

    if (conn->in.phase == H2I_H1_TRAILERS) {
        end_trailers(conn);
        return;
    }
    h2i_h1_trace_section(conn, head.status);
    note_options(conn, head.fields);
    if (head.status < 200)
        take_informational(conn, &head);
    else
        take_final(conn, &head);
}

static size_t take_section(struct h2i_h1_conn *conn, const char *data, size_t len)
{
    size_t n;

    if (h2i_h1_section_take(conn, data, len, &n) == H2I_H1_SECTION_END)
        end_section(conn);
    return n;
}

/* ---- bodies -------------------------------------------------------------- */

static void give(struct h2i_h1_conn *conn, const char *data, size_t len)
{
    conn->in.n_uncredited += len;
    h2i_h1_update_wants_input(conn);
    conn->exchange->events->on_data(conn->exchange, data, len);
}

static size_t take_counted(struct h2i_h1_conn *conn, const char *data, size_t len)
{
    size_t n = conn->in.n_left < len ? (size_t)conn->in.n_left : len;

    conn->in.n_left -= n;
    give(conn, data, n);
    if (conn->exchange && conn->in.n_left == 0)
        h2i_h1_finish(conn);
    return n;
}

static size_t take_chunked(struct h2i_h1_conn *conn, const char *data, size_t len)
{
    struct h2i_h1_chunked *chunked = &conn->in.chunked;
    size_t n;

    switch (h2i_h1_chunked_take(chunked, data, len, &n)) {
    case H2I_H1_CHUNK_BYTES:
        give(conn, data + n - chunked->n, chunked->n);
        break;
    case H2I_H1_CHUNK_LAST:
        h2i_h1_section_begin(conn, H2I_H1_TRAILERS);
        break;
    case H2I_H1_CHUNK_BAD:
        h2i_h1_malformed(conn, "%s", chunked->what);
        break;
    default:
        break;
    }
    return n;
}

/* ---- bytes --------------------------------------------------------------- */

/* At least one byte; the exchange may be gone afterwards. */
static size_t take_step(struct h2i_h1_conn *conn, const char *data, size_t len)
{
    switch (conn->in.phase) {
    case H2I_H1_COUNTED_BODY:
        return take_counted(conn, data, len);
    case H2I_H1_CHUNKED_BODY:
        return take_chunked(conn, data, len);
    case H2I_H1_OPEN_BODY:
        give(conn, data, len);
        return len;
    default:
        return take_section(conn, data, len);
    }
}

/* What comes while no request has left this process is an answer to none: the race of a
 * server that closes an idle connection with a few words. */
static bool is_asked_for(const struct h2i_h1_conn *conn)
{
    return conn->exchange && conn->exchange->begins_at < conn->base.n_accepted;
}

void h2i_h1_take(struct h2i_h1_conn *conn, const char *data, size_t len)
{
    while (len > 0 && is_asked_for(conn)) {
        size_t n = take_step(conn, data, len);
        data += n;
        len -= n;
    }
    /* Of a closing connection nobody reads the rest. */
    if (len > 0 && (conn->exchange || !conn->is_closing))
        h2i_h1_fail(conn, H2CLIENT_ERROR_H1_MALFORMED, "the server sent what nobody asked for");
}
