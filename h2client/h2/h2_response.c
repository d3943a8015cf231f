/* SPDX-License-Identifier: MIT */
/*
 * Responses: header blocks field by field, the body against its content-length, and
 * the end (RFC 9113 8.1, 8.2, 8.3.2). What is malformed fails its own stream with
 * PROTOCOL_ERROR and a text that names the field, never its value.
 */
#include "h2client/h2/h2_internal.h"

#include <stdio.h>

#define MAX_SHOWN_NAME_BYTES 40u
#define FIELD_OVERHEAD_BYTES 32u /* RFC 9113 10.5.1 */

static bool malformed(struct h2i_h2_stream *stream, const char *what)
{
    h2i_h2_stream_fail(stream, H2CLIENT_ERROR_H2_STREAM_MALFORMED, NGHTTP2_PROTOCOL_ERROR,
                       "malformed response on stream %d: %s", stream->id, what);
    return false;
}

static bool malformed_field(struct h2i_h2_stream *stream, struct h2i_str name, const char *why)
{
    char what_buf[MAX_SHOWN_NAME_BYTES * 4 + 80];
    struct h2i_text what = h2i_text(what_buf, sizeof what_buf);

    h2i_text_add(&what, "field \"");
    h2i_text_add_untrusted(&what, name.data,
                           name.len < MAX_SHOWN_NAME_BYTES ? name.len : MAX_SHOWN_NAME_BYTES);
    h2i_text_add(&what, "\" %s", why);
    h2i_h2_trace_block(stream, &stream->conn->in.frame);
    return malformed(stream, what_buf);
}

/* ---- fields ------------------------------------------------------------ */

void h2i_h2_block_begin(struct h2i_h2_stream *stream)
{
    struct h2i_h2_conn *conn = stream->conn;

    conn->in.n_others_field_bytes = conn->budget->n_field_bytes - stream->in.n_field_bytes;
    stream->in.block = (struct h2i_fields){0};
    stream->in.status = -1;
    stream->in.has_ordinary = false;
}

static bool too_large(struct h2i_h2_stream *stream, const char *what)
{
    h2i_h2_trace_block(stream, &stream->conn->in.frame);
    h2i_h2_stream_fail(stream, H2CLIENT_ERROR_HEADERS_TOO_LARGE, NGHTTP2_CANCEL, "stream %d: %s",
                       stream->id, what);
    return false;
}

/* All blocks of a response count together: many interim ones must not add up. So do all
 * open streams: a few bytes of HPACK each would fill the memory. What they have when a
 * block begins decides, so that one that is refused has kept nothing. The rest of it is
 * still decoded, or the connection's HPACK state would be lost. */
static bool count_field(struct h2i_h2_stream *stream, struct h2i_str name, struct h2i_str value)
{
    const struct h2i_h2_config *config = &stream->conn->config;
    size_t n_bytes = name.len + value.len + FIELD_OVERHEAD_BYTES;
    char what[120];

    stream->in.n_fields++;
    stream->in.n_field_bytes += n_bytes;
    stream->conn->budget->n_field_bytes += n_bytes;
    if (stream->in.n_fields > config->max_header_fields ||
        stream->in.n_field_bytes > config->max_header_bytes)
        snprintf(what, sizeof what, "header fields above %u bytes or %u fields",
                 config->max_header_bytes, config->max_header_fields);
    else if (stream->conn->in.n_others_field_bytes > config->max_open_header_bytes)
        snprintf(what, sizeof what, "the header fields of all open streams are above %u bytes",
                 config->max_open_header_bytes);
    else
        return true;
    return too_large(stream, what);
}

static bool take_pseudo(struct h2i_h2_stream *stream, struct h2i_str name, struct h2i_str value)
{
    if (stream->in.phase != H2I_H2_AWAITS_HEAD)
        return malformed_field(stream, name, "in trailers");
    if (!h2i_str_equals(name, h2i_str_of(":status")))
        return malformed_field(stream, name, "is not a response's");
    if (stream->in.has_ordinary)
        return malformed_field(stream, name, "after ordinary fields");
    if (stream->in.status >= 0)
        return malformed_field(stream, name, "given twice");

    uint64_t status;
    if (value.len != 3 || !h2i_str_parse_uint(value, 999, &status) || status < 100)
        return malformed_field(stream, name, "is not a number of three digits");
    stream->in.status = (int)status;
    return true;
}

static bool take_ordinary(struct h2i_h2_stream *stream, struct h2i_str name, struct h2i_str value)
{
    stream->in.has_ordinary = true;
    if (!nghttp2_check_header_name((const uint8_t *)name.data, name.len))
        return malformed_field(
            stream, name, name.len ? "has a byte that is not allowed in names" : "has no name");
    if (!h2i_str_is_field_value(value))
        return malformed_field(stream, name, "has a value with a byte that is not allowed there");
    if (h2i_field_classify(name, value) == H2I_FIELD_FORBIDDEN)
        return malformed_field(stream, name, "is not allowed in HTTP/2");
    if (h2i_fields_add(stream->exchange->arena, &stream->in.block, name, value))
        return true;
    h2i_h2_stream_fail(stream, H2CLIENT_ERROR_NO_MEMORY, NGHTTP2_CANCEL,
                       "no memory for the header fields of stream %d", stream->id);
    return false;
}

bool h2i_h2_block_field(struct h2i_h2_stream *stream, struct h2i_str name, struct h2i_str value)
{
    if (!stream->exchange || !count_field(stream, name, value))
        return false;
    return name.len > 0 && name.data[0] == ':' ? take_pseudo(stream, name, value)
                                               : take_ordinary(stream, name, value);
}

/* ---- the end ----------------------------------------------------------- */

static void finish(struct h2i_h2_stream *stream)
{
    struct h2i_outcome outcome = h2i_h2_success();
    int64_t expected = stream->in.is_bodiless ? -1 : stream->in.content_length;

    stream->in.phase = H2I_H2_ENDED;
    stream->conn->in.ended_ids[(stream->id / 2) % H2I_H2_N_ENDED] = stream->id;
    if (expected >= 0 && stream->in.n_body_bytes != expected) {
        h2i_h2_stream_fail(stream, H2CLIENT_ERROR_BODY_LENGTH, NGHTTP2_PROTOCOL_ERROR,
                           "the body ended before its content-length");
        return;
    }
    /* RFC 9113 8.1: the answer is whole; what is left of our upload is not wanted. */
    if (!stream->out.is_done)
        h2i_h2_stream_reset(stream, NGHTTP2_CANCEL);
    h2i_h2_stream_end(stream, &outcome);
}

void h2i_h2_body_end(struct h2i_h2_stream *stream)
{
    finish(stream);
}

/* ---- blocks ------------------------------------------------------------ */

static void take_informational(struct h2i_h2_stream *stream, const struct h2i_head *head,
                               bool is_end)
{
    uint32_t max = stream->conn->config.abuse.informational;

    if (head->status == 101)
        malformed(stream, "status 101 does not exist in HTTP/2");
    else if (is_end)
        malformed(stream, "an interim response with END_STREAM");
    else if (++stream->in.n_informational > max)
        h2i_h2_stream_fail(stream, H2CLIENT_ERROR_H2_FLOOD, NGHTTP2_ENHANCE_YOUR_CALM,
                           "stream %d: more than %u interim responses", stream->id, max);
    else
        stream->exchange->events->on_informational(stream->exchange, head);
}

static void take_final(struct h2i_h2_stream *stream, struct h2i_head *head, bool is_end)
{
    const char *method = stream->exchange->request->method;

    if (!h2i_content_length(head->fields, &head->content_length)) {
        malformed(stream, "content-length is not one number");
        return;
    }
    /* RFC 9113 8.5: after a 2xx to CONNECT, DATA is the tunnel's. */
    bool is_tunnel = head->status < 300 && strcmp(method, "CONNECT") == 0;
    stream->in.phase = H2I_H2_IN_BODY;
    stream->in.content_length = is_tunnel ? -1 : head->content_length;
    stream->in.is_bodiless = !is_tunnel && h2i_response_is_bodiless(method, head->status);
    stream->exchange->events->on_head(stream->exchange, head);
    if (is_end && stream->exchange)
        finish(stream);
}

static void take_trailers(struct h2i_h2_stream *stream, bool is_end)
{
    if (!is_end) {
        malformed(stream, "trailers without END_STREAM");
        return;
    }
    stream->exchange->events->on_trailers(stream->exchange, h2i_fields_list(&stream->in.block));
    if (stream->exchange)
        finish(stream);
}

void h2i_h2_block_end(struct h2i_h2_stream *stream, const struct h2i_h2_frame *frame)
{
    struct h2i_head head = {
        .status = stream->in.status,
        .fields = h2i_fields_list(&stream->in.block),
        .n_bytes = stream->in.block.n_bytes,
        .content_length = -1,
    };
    bool is_end = frame->flags & NGHTTP2_FLAG_END_STREAM;

    h2i_h2_trace_block(stream, frame);
    h2i_h2_progress(stream->conn);
    if (stream->in.phase != H2I_H2_AWAITS_HEAD)
        take_trailers(stream, is_end);
    else if (head.status < 0)
        malformed(stream, "no :status");
    else if (head.status < 200)
        take_informational(stream, &head, is_end);
    else
        take_final(stream, &head, is_end);
}

/* ---- body -------------------------------------------------------------- */

void h2i_h2_body_expect(struct h2i_h2_stream *stream, uint32_t n)
{
    int64_t expected = stream->in.content_length;

    if (stream->in.phase == H2I_H2_AWAITS_HEAD)
        malformed(stream, "DATA before the head");
    else if (n > 0 && stream->in.is_bodiless)
        malformed(stream, "DATA where no body can be");
    else if (expected >= 0 && !stream->in.is_bodiless && n > expected - stream->in.n_body_bytes)
        h2i_h2_stream_fail(stream, H2CLIENT_ERROR_BODY_LENGTH, NGHTTP2_PROTOCOL_ERROR,
                           "the body is longer than its content-length");
}

void h2i_h2_body_data(struct h2i_h2_stream *stream, const void *data, size_t len)
{
    h2i_h2_progress(stream->conn);
    h2i_h2_costs_body(stream->conn, len);
    stream->in.n_body_bytes += (int64_t)len;
    stream->exchange->events->on_data(stream->exchange, data, len);
}
