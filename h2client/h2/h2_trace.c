/* SPDX-License-Identifier: MIT */
/*
 * Frames as people want to see them: names, numbers as text, header fields with the
 * secrets taken out. Runs only where somebody listens, so its cost does not matter.
 * A header block is one HEADERS event, whatever frames it came in.
 */
#include "h2client/h2/h2_internal.h"

#include <stdio.h>

#define MAX_NUMBERS (H2I_H2_MAX_SETTINGS + 1u)

static const char *const hidden = "[hidden]";

/* Fields whose values are made here. */
struct number_fields {
    h2client_header list[MAX_NUMBERS + 1];
    char texts[MAX_NUMBERS][48];
    size_t n;
};

static void emit(struct h2i_h2_conn *conn, h2client_direction direction,
                 const struct h2i_h2_frame *frame, const h2client_header *fields)
{
    static const h2client_header none = {NULL, NULL};
    h2client_frame_event event = {
        .size = sizeof event,
        .time_us = conn->now_us,
        .conn_id = conn->base.id,
        .type_name = h2i_h2_frame_name(frame->type),
        .fields = fields ? fields : &none,
        .len = frame->len,
        .stream_id = frame->stream_id,
        .direction = direction,
        .type = frame->type,
        .flags = frame->flags,
    };

    conn->base.events->on_frame(&conn->base, &event);
}

static void add_number(struct number_fields *fields, const char *name, uint32_t value,
                       const char *meaning)
{
    size_t i = fields->n;

    if (i == MAX_NUMBERS)
        return;
    snprintf(fields->texts[i], sizeof fields->texts[i], meaning ? "%u (%s)" : "%u", value, meaning);
    fields->list[i] = (h2client_header){name, fields->texts[i]};
    fields->n++;
    fields->list[fields->n] = (h2client_header){NULL, NULL};
}

static void add_code(struct number_fields *fields, uint32_t code)
{
    add_number(fields, "error_code", code, h2client_http2_code_name(code));
}

static const char *setting_name(uint16_t id)
{
    static const char *const names[] = {
        "unknown",
        "HEADER_TABLE_SIZE",
        "ENABLE_PUSH",
        "MAX_CONCURRENT_STREAMS",
        "INITIAL_WINDOW_SIZE",
        "MAX_FRAME_SIZE",
        "MAX_HEADER_LIST_SIZE",
        "unknown",
        "ENABLE_CONNECT_PROTOCOL",
        "NO_RFC7540_PRIORITIES",
    };
    return names[id < sizeof names / sizeof names[0] ? id : 0];
}

/* ---- header lists ------------------------------------------------------ */

static h2client_header shown(const char *name, const char *value)
{
    return (h2client_header){name, h2i_field_is_secret(h2i_str_of(name)) ? hidden : value};
}

static void emit_list(struct h2i_h2_conn *conn, h2client_direction direction,
                      const struct h2i_h2_frame *frame, h2client_header *list, size_t n)
{
    list[n] = (h2client_header){NULL, NULL};
    emit(conn, direction, frame, list);
    h2i_slab_free(conn->slab, list);
}

void h2i_h2_trace_block(struct h2i_h2_stream *stream, const struct h2i_h2_frame *frame)
{
    struct h2i_h2_conn *conn = stream->conn;
    const h2client_header *fields = h2i_fields_list(&stream->in.block);
    char status[16];
    size_t n = 0;

    if (!conn->base.traces)
        return;
    h2client_header *list =
        h2i_slab_alloc_zeroed(conn->slab, (size_t)stream->in.block.n + 2, sizeof *list);
    if (!list)
        return;
    if (stream->in.status >= 0) {
        snprintf(status, sizeof status, "%d", stream->in.status);
        list[n++] = (h2client_header){":status", status};
    }
    for (; fields->name; fields++)
        list[n++] = shown(fields->name, fields->value);
    emit_list(conn, H2CLIENT_RECEIVED, frame, list, n);
}

static void trace_request(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame,
                          const nghttp2_headers *headers)
{
    h2client_header *list = h2i_slab_alloc_zeroed(conn->slab, headers->nvlen + 1, sizeof *list);

    if (!list)
        return;
    for (size_t i = 0; i < headers->nvlen; i++)
        list[i] = shown((const char *)headers->nva[i].name, (const char *)headers->nva[i].value);
    emit_list(conn, H2CLIENT_SENT, frame, list, headers->nvlen);
}

/* ---- received ---------------------------------------------------------- */

/* GOAWAY and the header blocks of live streams are told of when they are whole. */
static bool comes_later(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame)
{
    if (frame->type == NGHTTP2_HEADERS)
        return h2i_h2_find(conn, frame->stream_id) != NULL;
    return frame->type == NGHTTP2_GOAWAY || frame->type == NGHTTP2_CONTINUATION;
}

void h2i_h2_trace_refused(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame)
{
    if (conn->base.traces)
        emit(conn, H2CLIENT_RECEIVED, frame, NULL);
}

void h2i_h2_trace_received(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame,
                           const uint8_t *payload)
{
    if (!conn->base.traces || comes_later(conn, frame))
        return;
    struct number_fields fields = {.n = 0};
    if (frame->type == NGHTTP2_RST_STREAM)
        add_code(&fields, h2i_h2_read_u32(payload));
    if (frame->type == NGHTTP2_WINDOW_UPDATE)
        add_number(&fields, "increment", h2i_h2_read_u32(payload) & 0x7fffffff, NULL);
    for (uint32_t i = 0; frame->type == NGHTTP2_SETTINGS && i < frame->len; i += 6)
        add_number(&fields, setting_name((uint16_t)(payload[i] << 8 | payload[i + 1])),
                   h2i_h2_read_u32(payload + i + 2), NULL);
    emit(conn, H2CLIENT_RECEIVED, frame, fields.list);
}

static void add_goaway(struct number_fields *fields, const nghttp2_goaway *goaway, char *debug,
                       size_t debug_cap)
{
    struct h2i_text text = h2i_text(debug, debug_cap);

    add_number(fields, "last_stream_id", (uint32_t)goaway->last_stream_id, NULL);
    add_code(fields, goaway->error_code);
    if (goaway->opaque_data_len == 0)
        return;
    h2i_text_add_untrusted(&text, goaway->opaque_data, goaway->opaque_data_len);
    fields->list[fields->n++] = (h2client_header){"debug_data", debug};
    fields->list[fields->n] = (h2client_header){NULL, NULL};
}

void h2i_h2_trace_goaway(struct h2i_h2_conn *conn, const nghttp2_goaway *goaway)
{
    if (!conn->base.traces)
        return;
    struct h2i_h2_frame frame = {(uint32_t)goaway->hd.length, NGHTTP2_GOAWAY, 0, 0};
    struct number_fields fields = {.n = 0};
    char debug[256];

    add_goaway(&fields, goaway, debug, sizeof debug);
    emit(conn, H2CLIENT_RECEIVED, &frame, fields.list);
}

/* ---- sent -------------------------------------------------------------- */

static void add_sent(struct number_fields *fields, const nghttp2_frame *frame, char *debug,
                     size_t debug_cap)
{
    switch (frame->hd.type) {
    case NGHTTP2_RST_STREAM:
        add_code(fields, frame->rst_stream.error_code);
        break;
    case NGHTTP2_WINDOW_UPDATE:
        add_number(fields, "increment", (uint32_t)frame->window_update.window_size_increment, NULL);
        break;
    case NGHTTP2_GOAWAY:
        add_goaway(fields, &frame->goaway, debug, debug_cap);
        break;
    case NGHTTP2_SETTINGS:
        for (size_t i = 0; i < frame->settings.niv; i++)
            add_number(fields, setting_name((uint16_t)frame->settings.iv[i].settings_id),
                       frame->settings.iv[i].value, NULL);
        break;
    default:
        break;
    }
}

void h2i_h2_trace_sent(struct h2i_h2_conn *conn, const nghttp2_frame *frame,
                       const struct h2i_h2_stream *stream)
{
    if (!conn->base.traces)
        return;
    struct h2i_h2_frame head = {(uint32_t)frame->hd.length, frame->hd.type, frame->hd.flags,
                                frame->hd.stream_id};
    struct number_fields fields = {.n = 0};
    char debug[256];

    /* Without its exchange the request's strings may be gone. */
    if (frame->hd.type == NGHTTP2_HEADERS && stream && stream->exchange) {
        trace_request(conn, &head, &frame->headers);
        return;
    }
    add_sent(&fields, frame, debug, sizeof debug);
    emit(conn, H2CLIENT_SENT, &head, fields.list);
}
