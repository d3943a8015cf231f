/* SPDX-License-Identifier: MIT */
/*
 * Sending: requests become HEADERS, bodies DATA under the peer's windows, and all of
 * nghttp2's output is gathered into the caller's buffer.
 */
#include "h2client/h2/h2_internal.h"

#include <stdio.h>

#define MAX_EXTRA_FIELDS 5u /* four pseudo fields and content-length */
#define FIELD_OVERHEAD_BYTES 32u
#define MAX_REQUEST_BYTES (768u * 1024u) /* of a header list; nghttp2 encodes up to 1 MiB */

/* ---- header list ------------------------------------------------------- */

struct field_list {
    nghttp2_nv *at;
    size_t n;
    size_t n_bytes; /* RFC 9113 10.5.1 */
};

/* nghttp2 takes pointers to what it only reads. */
static uint8_t *read_only(const char *text)
{
    union {
        const char *text;
        uint8_t *bytes;
    } as = {.text = text};
    return as.bytes;
}

/* Not copied: the request stays as it is while its exchange is open, and a request
 * that was cancelled is not encoded any more. */
static void add_field(struct field_list *list, const char *name, const char *value)
{
    size_t name_len = strlen(name);
    uint8_t flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;

    /* RFC 7541 7.1.3: secrets stay out of every table on the way. */
    if (h2i_field_is_secret(h2i_str(name, name_len)))
        flags |= NGHTTP2_NV_FLAG_NO_INDEX;
    list->at[list->n++] =
        (nghttp2_nv){read_only(name), read_only(value), name_len, strlen(value), flags};
    list->n_bytes += name_len + strlen(value) + FIELD_OVERHEAD_BYTES;
}

static bool reserve_fields(struct h2i_h2_conn *conn, size_t n)
{
    size_t n_bytes;

    if (n <= conn->out.fields_cap)
        return true;
    if (!h2i_size_mul(n, sizeof *conn->out.fields, &n_bytes))
        return false;
    nghttp2_nv *grown = h2i_realloc(conn->allocator, conn->out.fields, n_bytes);
    if (!grown)
        return false;
    conn->out.fields = grown;
    conn->out.fields_cap = n;
    return true;
}

static struct field_list build_fields(struct h2i_h2_conn *conn, struct h2i_h2_stream *stream)
{
    const struct h2i_request *request = stream->exchange->request;
    int64_t declared = h2i_upload_declared(request);
    struct field_list list = {.at = conn->out.fields};

    add_field(&list, ":method", request->method);
    if (request->scheme)
        add_field(&list, ":scheme", request->scheme);
    if (request->authority)
        add_field(&list, ":authority", request->authority);
    if (request->path)
        add_field(&list, ":path", request->path);
    for (size_t i = 0; i < request->n_fields; i++)
        add_field(&list, request->fields[i].name, request->fields[i].value);
    if (declared >= 0) {
        snprintf(stream->out.content_length, sizeof stream->out.content_length, "%lld",
                 (long long)declared);
        add_field(&list, "content-length", stream->out.content_length);
    }
    return list;
}

/* ---- bodies ------------------------------------------------------------ */

static ssize_t fail_upload(struct h2i_h2_stream *stream, h2client_error_code code, const char *what)
{
    int64_t declared = stream->exchange->request->body_len;

    h2i_h2_stream_fail(stream, code, NGHTTP2_CANCEL,
                       "stream %d: the request's body %s (%lld of %lld bytes sent)", stream->id,
                       what, (long long)stream->out.upload.n_bytes, (long long)declared);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

/* RFC 9113 8.1: they take END_STREAM with them. Like the head they are not copied. */
static bool submit_trailers(struct h2i_h2_stream *stream)
{
    struct h2i_h2_conn *conn = stream->conn;
    const h2client_header *field = stream->exchange->request->trailers;
    struct field_list list = {.at = NULL};
    size_t n = 0;

    while (field[n].name)
        n++;
    if (!reserve_fields(conn, n))
        return false;
    list.at = conn->out.fields;
    for (; field->name; field++)
        add_field(&list, field->name, field->value);
    return nghttp2_submit_trailer(conn->session, stream->id, list.at, list.n) == 0;
}

static ssize_t end_body(struct h2i_h2_stream *stream, size_t n, uint32_t *flags)
{
    const h2client_header *trailers = stream->exchange->request->trailers;

    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!trailers || !trailers->name)
        return (ssize_t)n;
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    if (submit_trailers(stream))
        return (ssize_t)n;
    return fail_upload(stream, H2CLIENT_ERROR_NO_MEMORY, "has trailers, and there is no memory");
}

/* nghttp2 asks for the next DATA frame's payload. */
static ssize_t on_read(nghttp2_session *session, int32_t stream_id, uint8_t *buf, size_t cap,
                       uint32_t *flags, nghttp2_data_source *source, void *user)
{
    struct h2i_h2_stream *stream = source->ptr;
    struct h2i_upload_step step;

    (void)session, (void)stream_id, (void)user;
    if (!stream->exchange)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    step = h2i_upload_read(&stream->out.upload, stream->exchange, buf, cap);
    if (!stream->exchange)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    switch (step.result) {
    case H2I_BODY_END:
        return end_body(stream, step.n, flags);
    case H2I_BODY_MORE:
        return (ssize_t)step.n;
    case H2I_BODY_NOT_NOW:
        return NGHTTP2_ERR_DEFERRED;
    default:
        return fail_upload(stream, step.code, step.what);
    }
}

/* ---- submit ------------------------------------------------------------ */

static h2client_error_code refuse(struct h2i_h2_stream *stream, h2client_error_code code)
{
    h2i_h2_stream_destroy(stream);
    return code;
}

/* RFC 9113 6.5.2: above the peer's MAX_HEADER_LIST_SIZE it would only be refused. */
static bool is_too_large(const struct h2i_h2_conn *conn, size_t n_bytes)
{
    return n_bytes > MAX_REQUEST_BYTES ||
           n_bytes > nghttp2_session_get_remote_settings(conn->session,
                                                         NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE);
}

h2client_error_code h2i_h2_submit(struct h2i_h2_conn *conn, struct h2i_exchange *exchange)
{
    const struct h2i_request *request = exchange->request;

    exchange->stream_id = -1;
    exchange->begins_at = UINT64_MAX;
    if (!conn->base.accepts_new)
        return H2CLIENT_ERROR_H2_UNPROCESSED;
    if (conn->base.n_open >= conn->base.max_open || !h2i_h2_budget_has_room(conn))
        return H2CLIENT_PENDING;
    if (!reserve_fields(conn, request->n_fields + MAX_EXTRA_FIELDS))
        return H2CLIENT_ERROR_NO_MEMORY;
    struct h2i_h2_stream *stream = h2i_h2_stream_create(conn, exchange);
    if (!stream)
        return H2CLIENT_ERROR_NO_MEMORY;

    stream->out.is_early = !conn->base.has_peer_limit;
    struct field_list list = build_fields(conn, stream);
    if (is_too_large(conn, list.n_bytes))
        return refuse(stream, H2CLIENT_ERROR_REQUEST_TOO_LARGE);
    nghttp2_data_provider body = {.source.ptr = stream, .read_callback = on_read};
    stream->id = nghttp2_submit_request(conn->session, NULL, list.at, list.n,
                                        h2i_upload_has_bytes(request) ? &body : NULL, stream);
    if (stream->id < 0)
        return refuse(stream, H2CLIENT_ERROR_NO_MEMORY);
    /* RFC 9113 5.1.1: ids are not used twice. */
    if (nghttp2_session_get_next_stream_id(conn->session) > INT32_MAX)
        conn->base.accepts_new = false;
    exchange->stream_id = stream->id;
    conn->base.n_opened++;
    return H2CLIENT_OK;
}

/* ---- output ------------------------------------------------------------ */

bool h2i_h2_has_output(const struct h2i_h2_conn *conn)
{
    if (conn->is_dead)
        return false;
    return conn->out.chunk_len > 0 || (conn->is_out_of_memory && !conn->base.has_failed) ||
           nghttp2_session_want_write(conn->session);
}

/* False: dry, or nothing more will come. */
static bool next_chunk(struct h2i_h2_conn *conn)
{
    ssize_t n = nghttp2_session_mem_send(conn->session, &conn->out.chunk);

    conn->out.chunk_len = n > 0 ? (size_t)n : 0;
    if (n < 0) {
        conn->is_dead = true;
        h2i_h2_out_of_memory(conn);
    }
    return n > 0;
}

size_t h2i_h2_produce(struct h2i_h2_conn *conn, uint8_t *buf, size_t cap)
{
    size_t n = 0;

    while (n < cap && !conn->is_dead) {
        if (conn->out.chunk_len == 0 && !next_chunk(conn))
            break;
        size_t part = conn->out.chunk_len < cap - n ? conn->out.chunk_len : cap - n;
        memcpy(buf + n, conn->out.chunk, part);
        conn->out.chunk += part;
        conn->out.chunk_len -= part;
        n += part;
        conn->base.n_produced += part;
    }
    return n;
}
