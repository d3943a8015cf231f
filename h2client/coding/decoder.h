/* SPDX-License-Identifier: MIT */
/* Decoder: one content coding, a stream of bytes to a stream of bytes. What a library for
 * compression can do is behind this, one file each. */
#ifndef H2I_DECODER_H
#define H2I_DECODER_H

#include "base/alloc.h"

enum h2i_decode_result {
    H2I_DECODE_OK = 0, /* all that was possible with this input and this room */
    H2I_DECODE_BROKEN,
    H2I_DECODE_NO_MEMORY
};

struct h2i_decoder;

struct h2i_decoder_ops {
    enum h2i_decode_result (*run)(struct h2i_decoder *decoder, const uint8_t *in, size_t in_len,
                                  size_t *n_in, uint8_t *out, size_t cap, size_t *n_out);
    void (*destroy)(struct h2i_decoder *decoder);
};

/* Embedded as the first member. */
struct h2i_decoder {
    const struct h2i_decoder_ops *ops;
    const h2client_allocator *allocator;
    bool is_whole; /* what came so far is complete: nothing, or up to an end */
};

/* NULL: no memory. They are there where the library is. */
struct h2i_decoder *h2i_decode_gzip(const h2client_allocator *allocator);
struct h2i_decoder *h2i_decode_deflate(const h2client_allocator *allocator);
struct h2i_decoder *h2i_decode_brotli(const h2client_allocator *allocator);
struct h2i_decoder *h2i_decode_zstd(const h2client_allocator *allocator);
const char *h2i_zlib_version(void);
const char *h2i_brotli_version(void);
const char *h2i_zstd_version(void);

#endif
