/* SPDX-License-Identifier: MIT */
/*
 * Writes frames (RFC 9113 4.1, 6) and header blocks (RFC 7541 5, 6) as told. It
 * checks nothing: what a frame means, and whether it is allowed, is the test's.
 */
#include "h2client-testing/raw_frames.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_FRAGMENT 16384

void h2t_bytes_free(struct h2t_bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct h2t_bytes){0};
}

void h2t_bytes_add(struct h2t_bytes *bytes, const void *data, size_t len)
{
    if (bytes->cap - bytes->len <= len) {
        bytes->cap = (bytes->cap + len + 1) * 2;
        bytes->data = realloc(bytes->data, bytes->cap);
        if (!bytes->data)
            abort();
    }
    if (len)
        memcpy(bytes->data + bytes->len, data, len);
    bytes->len += len;
    bytes->data[bytes->len] = 0;
}

static void add_byte(struct h2t_bytes *out, unsigned value)
{
    uint8_t byte = (uint8_t)value;

    h2t_bytes_add(out, &byte, 1);
}

static void add_u16(struct h2t_bytes *out, uint16_t value)
{
    add_byte(out, value >> 8);
    add_byte(out, value & 0xff);
}

static void add_u32(struct h2t_bytes *out, uint32_t value)
{
    add_u16(out, (uint16_t)(value >> 16));
    add_u16(out, (uint16_t)(value & 0xffff));
}

void h2t_frame_head(struct h2t_bytes *out, uint32_t len, uint8_t type, uint8_t flags,
                    int32_t stream_id)
{
    add_byte(out, len >> 16);
    add_u16(out, (uint16_t)(len & 0xffff));
    add_byte(out, type);
    add_byte(out, flags);
    add_u32(out, (uint32_t)stream_id);
}

void h2t_frame(struct h2t_bytes *out, uint8_t type, uint8_t flags, int32_t stream_id,
               const void *payload, size_t len)
{
    h2t_frame_head(out, (uint32_t)len, type, flags, stream_id);
    h2t_bytes_add(out, payload, len);
}

void h2t_settings(struct h2t_bytes *out, const uint16_t *ids, const uint32_t *values, size_t n)
{
    h2t_frame_head(out, (uint32_t)(6 * n), H2T_SETTINGS, 0, 0);
    for (size_t i = 0; i < n; i++) {
        add_u16(out, ids[i]);
        add_u32(out, values[i]);
    }
}

void h2t_settings_ack(struct h2t_bytes *out)
{
    h2t_frame_head(out, 0, H2T_SETTINGS, H2T_ACK, 0);
}

void h2t_ping(struct h2t_bytes *out, bool is_ack, uint64_t opaque)
{
    h2t_frame_head(out, 8, H2T_PING, is_ack ? H2T_ACK : 0, 0);
    add_u32(out, (uint32_t)(opaque >> 32));
    add_u32(out, (uint32_t)opaque);
}

void h2t_rst_stream(struct h2t_bytes *out, int32_t stream_id, uint32_t error_code)
{
    h2t_frame_head(out, 4, H2T_RST_STREAM, 0, stream_id);
    add_u32(out, error_code);
}

void h2t_goaway(struct h2t_bytes *out, int32_t last_stream_id, uint32_t error_code,
                const char *debug)
{
    size_t len = debug ? strlen(debug) : 0;

    h2t_frame_head(out, (uint32_t)(8 + len), H2T_GOAWAY, 0, 0);
    add_u32(out, (uint32_t)last_stream_id);
    add_u32(out, error_code);
    h2t_bytes_add(out, debug, len);
}

void h2t_window_update(struct h2t_bytes *out, int32_t stream_id, uint32_t increment)
{
    h2t_frame_head(out, 4, H2T_WINDOW_UPDATE, 0, stream_id);
    add_u32(out, increment);
}

void h2t_data(struct h2t_bytes *out, int32_t stream_id, const void *data, size_t len, int pad_len,
              bool is_end)
{
    static const uint8_t zeros[255];
    bool is_padded = pad_len >= 0;
    size_t payload_len = len + (is_padded ? (size_t)pad_len + 1 : 0);
    unsigned flags = (is_end ? H2T_END_STREAM : 0) | (is_padded ? H2T_PADDED : 0);

    h2t_frame_head(out, (uint32_t)payload_len, H2T_DATA, (uint8_t)flags, stream_id);
    if (is_padded)
        add_byte(out, (unsigned)pad_len);
    h2t_bytes_add(out, data, len);
    if (is_padded)
        h2t_bytes_add(out, zeros, (size_t)pad_len);
}

/* RFC 7541 5.1: an integer with a prefix of so many bits, `first` above it. */
static void add_integer(struct h2t_bytes *block, unsigned first, unsigned prefix_bits, size_t value)
{
    size_t max = ((size_t)1 << prefix_bits) - 1;

    if (value < max) {
        add_byte(block, first | (unsigned)value);
        return;
    }
    add_byte(block, first | (unsigned)max);
    for (value -= max; value >= 128; value >>= 7)
        add_byte(block, 0x80 | (unsigned)(value & 0x7f));
    add_byte(block, (unsigned)value);
}

void h2t_hpack_literal_len(struct h2t_bytes *block, const void *name, size_t name_len,
                           const void *value, size_t value_len)
{
    add_byte(block, 0x10);
    add_integer(block, 0, 7, name_len);
    h2t_bytes_add(block, name, name_len);
    add_integer(block, 0, 7, value_len);
    h2t_bytes_add(block, value, value_len);
}

void h2t_hpack_literal(struct h2t_bytes *block, const char *name, const char *value)
{
    h2t_hpack_literal_len(block, name, strlen(name), value, strlen(value));
}

void h2t_hpack_literal_indexed(struct h2t_bytes *block, const char *name, const void *value,
                               size_t value_len)
{
    add_byte(block, 0x40);
    add_integer(block, 0, 7, strlen(name));
    h2t_bytes_add(block, name, strlen(name));
    add_integer(block, 0, 7, value_len);
    h2t_bytes_add(block, value, value_len);
}

void h2t_hpack_indexed(struct h2t_bytes *block, uint32_t index)
{
    add_integer(block, 0x80, 7, index);
}

void h2t_hpack_table_size(struct h2t_bytes *block, uint32_t size)
{
    add_integer(block, 0x20, 5, size);
}

void h2t_header_block(struct h2t_bytes *out, int32_t stream_id, const struct h2t_bytes *block,
                      bool is_end, size_t max_fragment)
{
    size_t max = max_fragment ? max_fragment : DEFAULT_FRAGMENT;
    size_t sent = 0;
    uint8_t type = H2T_HEADERS;
    unsigned flags = is_end ? H2T_END_STREAM : 0;

    do {
        size_t n = block->len - sent < max ? block->len - sent : max;
        bool is_last = sent + n == block->len;

        h2t_frame(out, type, (uint8_t)(flags | (is_last ? H2T_END_HEADERS : 0)), stream_id,
                  n ? block->data + sent : NULL, n);
        sent += n;
        type = H2T_CONTINUATION;
        flags = 0;
    } while (sent < block->len);
}

void h2t_headers(struct h2t_bytes *out, int32_t stream_id, const h2client_header *fields,
                 bool is_end, size_t max_fragment)
{
    struct h2t_bytes block = {0};

    for (; fields && fields->name; fields++)
        h2t_hpack_literal(&block, fields->name, fields->value);
    h2t_header_block(out, stream_id, &block, is_end, max_fragment);
    h2t_bytes_free(&block);
}
