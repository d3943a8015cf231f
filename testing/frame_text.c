/* SPDX-License-Identifier: MIT */
/* Frames for people, a line each. */
#include <stdarg.h>
#include <stdio.h>

#include "h2client-testing/raw_conn.h"

#define MAX_SHOWN_BYTES 64u

struct line {
    char *at;
    size_t left;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *line, const char *format, ...)
{
    va_list values;
    int n;

    va_start(values, format);
    n = vsnprintf(line->at, line->left, format, values);
    va_end(values);
    if (n < 0)
        return;
    if ((size_t)n >= line->left)
        n = line->left ? (int)line->left - 1 : 0;
    line->at += n;
    line->left -= (size_t)n;
}

static uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* RFC 9113 6.5.2 and RFC 8441. */
static void add_settings(struct line *line, const struct h2t_seen_frame *frame)
{
    static const char *const names[] = {NULL,
                                        "HEADER_TABLE_SIZE",
                                        "ENABLE_PUSH",
                                        "MAX_CONCURRENT_STREAMS",
                                        "INITIAL_WINDOW_SIZE",
                                        "MAX_FRAME_SIZE",
                                        "MAX_HEADER_LIST_SIZE",
                                        NULL,
                                        "ENABLE_CONNECT_PROTOCOL"};

    for (size_t i = 0; i + 6 <= frame->len; i += 6) {
        unsigned id = (unsigned)frame->payload[i] << 8 | frame->payload[i + 1];
        uint32_t value = read_u32(frame->payload + i + 2);
        if (id < sizeof names / sizeof names[0] && names[id])
            add(line, " %s=%u", names[id], value);
        else
            add(line, " 0x%x=%u", id, value);
    }
}

static void add_bytes(struct line *line, const uint8_t *bytes, size_t len)
{
    add(line, " \"");
    for (size_t i = 0; i < len && i < MAX_SHOWN_BYTES; i++)
        if (bytes[i] >= ' ' && bytes[i] < 0x7f && bytes[i] != '"' && bytes[i] != '\\')
            add(line, "%c", bytes[i]);
        else
            add(line, "\\x%02x", bytes[i]);
    add(line, len > MAX_SHOWN_BYTES ? "\"..." : "\"");
}

static const char *error_name(uint32_t code)
{
    static const char *const names[] = {"NO_ERROR",
                                        "PROTOCOL_ERROR",
                                        "INTERNAL_ERROR",
                                        "FLOW_CONTROL_ERROR",
                                        "SETTINGS_TIMEOUT",
                                        "STREAM_CLOSED",
                                        "FRAME_SIZE_ERROR",
                                        "REFUSED_STREAM",
                                        "CANCEL",
                                        "COMPRESSION_ERROR",
                                        "CONNECT_ERROR",
                                        "ENHANCE_YOUR_CALM",
                                        "INADEQUATE_SECURITY",
                                        "HTTP_1_1_REQUIRED"};

    return code < sizeof names / sizeof names[0] ? names[code] : "unknown";
}

static void add_flags(struct line *line, const struct h2t_seen_frame *frame)
{
    bool has_ack = frame->type == H2T_SETTINGS || frame->type == H2T_PING;

    if (frame->flags & H2T_END_STREAM)
        add(line, has_ack ? " ACK" : " END_STREAM");
    if (frame->flags & H2T_END_HEADERS && !has_ack)
        add(line, " END_HEADERS");
    if (frame->flags & H2T_PADDED && !has_ack)
        add(line, " PADDED");
}

static void add_fields(struct line *line, const h2client_header *fields)
{
    for (; fields && fields->name; fields++)
        add(line, " %s=%s", fields->name, fields->value);
}

static void add_content(struct line *line, const struct h2t_seen_frame *frame)
{
    switch (frame->type) {
    case H2T_DATA:
        add_bytes(line, frame->payload, frame->len);
        break;
    case H2T_HEADERS:
        add_fields(line, frame->fields);
        break;
    case H2T_SETTINGS:
        add_settings(line, frame);
        break;
    case H2T_PING:
        add_bytes(line, frame->payload, frame->len);
        break;
    case H2T_RST_STREAM:
        add(line, " %s", error_name(frame->error_code));
        break;
    case H2T_GOAWAY:
        add(line, " last-stream=%d %s", frame->last_stream_id, error_name(frame->error_code));
        if (frame->len > 8)
            add_bytes(line, frame->payload + 8, frame->len - 8);
        break;
    case H2T_WINDOW_UPDATE:
        add(line, " increment=%u", frame->increment);
        break;
    default:
        break;
    }
}

const char *h2t_frame_text(const struct h2t_seen_frame *frame, char *buf, size_t cap)
{
    static const char *const names[] = {"DATA",          "HEADERS",      "PRIORITY", "RST_STREAM",
                                        "SETTINGS",      "PUSH_PROMISE", "PING",     "GOAWAY",
                                        "WINDOW_UPDATE", "CONTINUATION"};
    struct line line = {buf, cap};

    if (frame->type < sizeof names / sizeof names[0])
        add(&line, "%s", names[frame->type]);
    else
        add(&line, "type 0x%02x", frame->type);
    add(&line, " stream %d len %u", frame->stream_id, frame->len);
    add_flags(&line, frame);
    add_content(&line, frame);
    return buf;
}
