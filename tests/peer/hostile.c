/* SPDX-License-Identifier: MIT */
/* The attacks: header blocks that do not decode (RFC 7541), blocks that never end or
 * swell, and floods of frames that bring nothing forward (RFC 9113 10.5). */
#include "tests/peer/hostile.h"

#include <stdlib.h>
#include <string.h>

#define STATUS_200 0x88 /* RFC 7541 A: entry 8 */
#define PROTOCOL_ERROR 0x1
#define COMPRESSION_ERROR 0x9
#define ENHANCE_YOUR_CALM 0xb
#define MAX_FRAME 16384

/* ---- blocks that do not decode ------------------------------------------ */

/* ":status: 200", then these bytes, in one HEADERS frame. */
static void add_block(struct h2t_bytes *out, int32_t stream_id, const void *bytes, size_t len)
{
    struct h2t_bytes block = {0};
    uint8_t status = STATUS_200;

    h2t_bytes_add(&block, &status, 1);
    h2t_bytes_add(&block, bytes, len);
    h2t_header_block(out, stream_id, &block, true, 0);
    h2t_bytes_free(&block);
}

static void index_zero(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    (void)n;
    add_block(out, stream_id, "\x80", 1);
}

static void index_out_of_range(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    struct h2t_bytes field = {0};

    h2t_hpack_indexed(&field, (uint32_t)n);
    add_block(out, stream_id, field.data, field.len);
    h2t_bytes_free(&field);
}

static void name_index_out_of_range(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    (void)n;
    add_block(out, stream_id, "\x7f\x10\x01x", 4); /* entry 79 */
}

static void huffman_end_of_string(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    (void)n;
    add_block(out, stream_id,
              "\x10\x01"
              "a"
              "\x84\xff\xff\xff\xff",
              8);
}

static void huffman_padded_with_zeros(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    (void)n;
    add_block(out, stream_id,
              "\x10\x01"
              "a"
              "\x81\x18",
              5); /* "a", then 000 */
}

static void huffman_padded_too_long(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    (void)n;
    add_block(out, stream_id,
              "\x10\x01"
              "a"
              "\x82\x1f\xff",
              6); /* "a", then 11 ones */
}

static void truncated_literal(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    (void)n;
    add_block(out, stream_id,
              "\x10\x01"
              "a"
              "\x0a"
              "abc",
              7);
}

static void truncated_integer(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    (void)n;
    add_block(out, stream_id, "\xff", 1);
}

static void integer_overflow(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    (void)n;
    add_block(out, stream_id, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 12);
}

static void length_overflow(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    (void)n;
    add_block(out, stream_id, "\x10\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 12);
}

static void table_size_above_limit(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    struct h2t_bytes block = {0};

    h2t_hpack_table_size(&block, (uint32_t)n);
    h2t_hpack_indexed(&block, 8);
    h2t_header_block(out, stream_id, &block, true, 0);
    h2t_bytes_free(&block);
}

static void table_size_after_a_field(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    (void)n;
    add_block(out, stream_id, "\x20", 1);
}

static void no_block_at_all(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    (void)n;
    h2t_frame(out, H2T_HEADERS, H2T_END_HEADERS | H2T_END_STREAM, stream_id, NULL, 0);
}

/* ---- blocks that swell --------------------------------------------------- */

/* An entry of 4,000 bytes in the table, and n references to it of a byte each. */
static void table_references(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    struct h2t_bytes block = {0};
    static char value[4000];

    memset(value, 'v', sizeof value);
    h2t_hpack_indexed(&block, 8);
    h2t_hpack_literal_indexed(&block, "x", value, sizeof value);
    for (size_t i = 0; i < n; i++)
        h2t_hpack_indexed(&block, 62);
    h2t_header_block(out, stream_id, &block, true, 0);
    h2t_bytes_free(&block);
}

static void one_huge_field(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    struct h2t_bytes block = {0};
    char *value = malloc(n);

    if (!value)
        abort();
    memset(value, 'v', n);
    h2t_hpack_indexed(&block, 8);
    h2t_hpack_literal_len(&block, "x", 1, value, n);
    h2t_header_block(out, stream_id, &block, true, 0);
    h2t_bytes_free(&block);
    free(value);
}

static void many_small_fields(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    struct h2t_bytes block = {0};

    h2t_hpack_indexed(&block, 8);
    for (size_t i = 0; i < n; i++)
        h2t_hpack_literal(&block, "x", "");
    h2t_header_block(out, stream_id, &block, true, 0);
    h2t_bytes_free(&block);
}

/* ---- blocks that do not end ---------------------------------------------- */

static void large_continuations(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    struct h2t_bytes fields = {0};
    uint8_t status = STATUS_200;

    while (fields.len < MAX_FRAME - 8)
        h2t_hpack_literal(&fields, "x", "v");
    h2t_frame(out, H2T_HEADERS, 0, stream_id, &status, 1);
    for (size_t i = 0; i < n; i++)
        h2t_frame(out, H2T_CONTINUATION, 0, stream_id, fields.data, fields.len);
    h2t_bytes_free(&fields);
}

static void empty_continuations(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    uint8_t status = STATUS_200;

    h2t_frame(out, H2T_HEADERS, 0, stream_id, &status, 1);
    for (size_t i = 0; i < n; i++)
        h2t_frame(out, H2T_CONTINUATION, 0, stream_id, NULL, 0);
}

/* ---- floods -------------------------------------------------------------- */

static void add_head(struct h2t_bytes *out, int32_t stream_id)
{
    uint8_t status = STATUS_200;

    h2t_frame(out, H2T_HEADERS, H2T_END_HEADERS, stream_id, &status, 1);
}

static void pings(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    (void)stream_id;
    for (size_t i = 0; i < n; i++)
        h2t_ping(out, false, i);
}

static void ping_answers(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    (void)stream_id;
    for (size_t i = 0; i < n; i++)
        h2t_ping(out, true, i);
}

static void empty_settings(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    (void)stream_id;
    for (size_t i = 0; i < n; i++)
        h2t_settings(out, NULL, NULL, 0);
}

static void changing_settings(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    const uint16_t id = 4; /* INITIAL_WINDOW_SIZE */

    (void)stream_id;
    for (size_t i = 0; i < n; i++)
        h2t_settings(out, &id, &(uint32_t){(uint32_t)(i % 2 ? 65535 : 1)}, 1);
}

/* One frame whose entries are all unknown. */
static void settings_of_many_entries(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    (void)stream_id;
    h2t_frame_head(out, (uint32_t)(6 * n), H2T_SETTINGS, 0, 0);
    for (size_t i = 0; i < n; i++)
        h2t_bytes_add(out, "\xfa\xfa\0\0\0\0", 6);
}

static void resets_of_a_reset_stream(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h2t_rst_stream(out, stream_id, 2);
}

static void conn_window_updates(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    (void)stream_id;
    for (size_t i = 0; i < n; i++)
        h2t_window_update(out, 0, 1);
}

static void stream_window_updates(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h2t_window_update(out, stream_id, 1);
}

static void priorities(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h2t_frame(out, H2T_PRIORITY, 0, stream_id + 2 * (int32_t)i, "\0\0\0\0\x10", 5);
}

static void unknown_frames(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    (void)stream_id;
    for (size_t i = 0; i < n; i++)
        h2t_frame(out, 0xfa, 0xff, 0, "junk", 4);
}

static void empty_data(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    add_head(out, stream_id);
    for (size_t i = 0; i < n; i++)
        h2t_data(out, stream_id, NULL, 0, -1, false);
}

static void padding_only(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    add_head(out, stream_id);
    for (size_t i = 0; i < n; i++)
        h2t_data(out, stream_id, NULL, 0, 0, false);
}

static void interim_responses(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    static const h2client_header hint[] = {{":status", "103"}, {NULL, NULL}};

    for (size_t i = 0; i < n; i++)
        h2t_headers(out, stream_id, hint, false, 0);
}

static void goaways(struct h2t_bytes *out, int32_t stream_id, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h2t_goaway(out, stream_id, 0, "going");
}

const struct h2t_attack h2t_attacks[] = {
    {"index zero", index_zero, 1, H2T_CONN_MUST_END, COMPRESSION_ERROR, false},
    {"index 62 of an empty table", index_out_of_range, 62, H2T_CONN_MUST_END, COMPRESSION_ERROR,
     false},
    {"index of 31 bits", index_out_of_range, INT32_MAX, H2T_CONN_MUST_END, COMPRESSION_ERROR,
     false},
    {"name index out of range", name_index_out_of_range, 1, H2T_CONN_MUST_END, COMPRESSION_ERROR,
     false},
    {"Huffman end of string", huffman_end_of_string, 1, H2T_CONN_MUST_END, COMPRESSION_ERROR,
     false},
    {"Huffman padded with zeros", huffman_padded_with_zeros, 1, H2T_CONN_MUST_END,
     COMPRESSION_ERROR, false},
    {"Huffman padded too long", huffman_padded_too_long, 1, H2T_CONN_MUST_END, COMPRESSION_ERROR,
     false},
    {"truncated literal", truncated_literal, 1, H2T_CONN_MUST_END, COMPRESSION_ERROR, false},
    {"truncated integer", truncated_integer, 1, H2T_CONN_MUST_END, COMPRESSION_ERROR, false},
    {"integer overflow", integer_overflow, 1, H2T_CONN_MUST_END, COMPRESSION_ERROR, false},
    {"length overflow", length_overflow, 1, H2T_CONN_MUST_END, COMPRESSION_ERROR, false},
    {"table size above the limit", table_size_above_limit, 4097, H2T_CONN_MUST_END,
     COMPRESSION_ERROR, false},
    {"table size of 31 bits", table_size_above_limit, INT32_MAX, H2T_CONN_MUST_END,
     COMPRESSION_ERROR, false},
    {"table size after a field", table_size_after_a_field, 1, H2T_CONN_MUST_END, COMPRESSION_ERROR,
     false},
    {"no block at all", no_block_at_all, 1, H2T_STREAM_MUST_END, PROTOCOL_ERROR, false},

    {"64 MB by table references", table_references, 16000, H2T_MUST_REFUSE, 0, false},
    {"2 GB by table references", table_references, 500000, H2T_MUST_REFUSE, 0, false},
    {"one field of 1 MB", one_huge_field, 1 << 20, H2T_MUST_REFUSE, 0, false},
    {"one field of 300 kB", one_huge_field, 300000, H2T_MUST_REFUSE, 0, false},
    {"100,000 fields", many_small_fields, 100000, H2T_MUST_REFUSE, 0, false},

    {"large CONTINUATION frames", large_continuations, 200, H2T_CONN_MUST_END, ENHANCE_YOUR_CALM,
     false},
    {"empty CONTINUATION frames", empty_continuations, 20000, H2T_CONN_MUST_END, ENHANCE_YOUR_CALM,
     false},

    {"PING", pings, 20000, H2T_MAY_SURVIVE, ENHANCE_YOUR_CALM, false},
    {"PING answers", ping_answers, 20000, H2T_MAY_SURVIVE, ENHANCE_YOUR_CALM, false},
    {"empty SETTINGS", empty_settings, 20000, H2T_MAY_SURVIVE, ENHANCE_YOUR_CALM, false},
    {"SETTINGS that change windows", changing_settings, 20000, H2T_MAY_SURVIVE, ENHANCE_YOUR_CALM,
     false},
    {"SETTINGS of 2,000 entries", settings_of_many_entries, 2000, H2T_MAY_SURVIVE,
     ENHANCE_YOUR_CALM, false},
    {"WINDOW_UPDATE of the connection", conn_window_updates, 20000, H2T_MAY_SURVIVE,
     ENHANCE_YOUR_CALM, false},
    {"WINDOW_UPDATE of a stream", stream_window_updates, 20000, H2T_MAY_SURVIVE, ENHANCE_YOUR_CALM,
     false},
    {"PRIORITY", priorities, 20000, H2T_MAY_SURVIVE, ENHANCE_YOUR_CALM, false},
    {"unknown frames", unknown_frames, 20000, H2T_MAY_SURVIVE, ENHANCE_YOUR_CALM, false},
    {"GOAWAY", goaways, 20000, H2T_MAY_SURVIVE, ENHANCE_YOUR_CALM, false},
    {"interim responses", interim_responses, 20000, H2T_MAY_SURVIVE, ENHANCE_YOUR_CALM, false},
    {"empty DATA", empty_data, 20000, H2T_MAY_SURVIVE, ENHANCE_YOUR_CALM, true},
    {"DATA of padding only", padding_only, 20000, H2T_MAY_SURVIVE, ENHANCE_YOUR_CALM, true},
    {"RST_STREAM again and again", resets_of_a_reset_stream, 20000, H2T_MUST_REFUSE, 0, false},
};
const size_t h2t_n_attacks = sizeof h2t_attacks / sizeof h2t_attacks[0];
