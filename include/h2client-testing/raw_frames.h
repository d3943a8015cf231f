/* SPDX-License-Identifier: MIT */
/* Raw HTTP/2 frames: a builder that writes whatever it is told, legal or not. */
#ifndef H2T_RAW_FRAMES_H
#define H2T_RAW_FRAMES_H

#include "h2client/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum h2t_frame_type {
    H2T_DATA = 0,
    H2T_HEADERS = 1,
    H2T_PRIORITY = 2,
    H2T_RST_STREAM = 3,
    H2T_SETTINGS = 4,
    H2T_PUSH_PROMISE = 5,
    H2T_PING = 6,
    H2T_GOAWAY = 7,
    H2T_WINDOW_UPDATE = 8,
    H2T_CONTINUATION = 9
};
#define H2T_END_STREAM 0x1
#define H2T_ACK 0x1
#define H2T_END_HEADERS 0x4
#define H2T_PADDED 0x8
#define H2T_PRIORITY_FLAG 0x20

/* Grows as needed (malloc; aborts without memory: this is test code). A NUL that len does
 * not count follows what was added. */
struct h2t_bytes {
    uint8_t *data;
    size_t len;
    size_t cap;
};
void h2t_bytes_free(struct h2t_bytes *bytes);
void h2t_bytes_add(struct h2t_bytes *bytes, const void *data, size_t len);

/* A frame with exactly this payload. */
void h2t_frame(struct h2t_bytes *out, uint8_t type, uint8_t flags, int32_t stream_id,
               const void *payload, size_t len);
/* A frame head that claims `len` though nothing or something else follows. */
void h2t_frame_head(struct h2t_bytes *out, uint32_t len, uint8_t type, uint8_t flags,
                    int32_t stream_id);
void h2t_settings(struct h2t_bytes *out, const uint16_t *ids, const uint32_t *values, size_t n);
void h2t_settings_ack(struct h2t_bytes *out);
void h2t_ping(struct h2t_bytes *out, bool is_ack, uint64_t opaque);
void h2t_rst_stream(struct h2t_bytes *out, int32_t stream_id, uint32_t error_code);
void h2t_goaway(struct h2t_bytes *out, int32_t last_stream_id, uint32_t error_code,
                const char *debug);
void h2t_window_update(struct h2t_bytes *out, int32_t stream_id, uint32_t increment);
/* pad_len -1: not padded. */
void h2t_data(struct h2t_bytes *out, int32_t stream_id, const void *data, size_t len, int pad_len,
              bool is_end);

/* HPACK, without a dynamic table: literal, never indexed, no Huffman. Fields as given,
 * whatever they hold; lengths by strlen. */
void h2t_hpack_literal(struct h2t_bytes *block, const char *name, const char *value);
void h2t_hpack_literal_len(struct h2t_bytes *block, const void *name, size_t name_len,
                           const void *value, size_t value_len);
/* The same, entered into the dynamic table. */
void h2t_hpack_literal_indexed(struct h2t_bytes *block, const char *name, const void *value,
                               size_t value_len);
void h2t_hpack_indexed(struct h2t_bytes *block, uint32_t index);
void h2t_hpack_table_size(struct h2t_bytes *block, uint32_t size);
/* HEADERS (and CONTINUATIONs of at most max_fragment bytes; 0: 16,384) around a block,
 * or around one of literals. */
void h2t_header_block(struct h2t_bytes *out, int32_t stream_id, const struct h2t_bytes *block,
                      bool is_end, size_t max_fragment);
void h2t_headers(struct h2t_bytes *out, int32_t stream_id, const h2client_header *fields,
                 bool is_end, size_t max_fragment);

#ifdef __cplusplus
}
#endif

#endif
