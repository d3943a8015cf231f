/* SPDX-License-Identifier: MIT */
/*
 * gzip (RFC 1952, several members in a row) and deflate (RFC 9110 8.4.1.2: zlib's format,
 * RFC 1950; many servers send the bare one of RFC 1951, which is told by its first byte).
 * Zeros after the end, as tapes have them, are skipped; anything else there is broken.
 */
#include "base/list.h"
#include "h2client/coding/decoder.h"

#include <limits.h>
#define ZLIB_CONST
#include <zlib.h>

#define GZIP_WINDOW (15 + 16)
#define ZLIB_WINDOW 15
#define BARE_WINDOW (-15)
#define GZIP_FIRST_BYTE 0x1f

struct zlib_decoder {
    struct h2i_decoder base;
    z_stream stream;
    bool is_gzip;
    bool has_begun;
    bool has_ended; /* a member; another one may follow */
};

static struct zlib_decoder *decoder_of(struct h2i_decoder *decoder)
{
    return H2I_CONTAINER_OF(decoder, struct zlib_decoder, base);
}

static void *allocate(void *decoder, unsigned n, unsigned size)
{
    const h2client_allocator *allocator = ((struct zlib_decoder *)decoder)->base.allocator;
    size_t n_bytes;

    return h2i_size_mul(n, size, &n_bytes) ? h2i_alloc(allocator, n_bytes) : NULL;
}

static void release(void *decoder, void *block)
{
    h2i_free(((struct zlib_decoder *)decoder)->base.allocator, block);
}

/* RFC 1950 2.2: method 8 in the low bits, the window in the high ones. */
static bool is_zlib_header(uint8_t first)
{
    return (first & 0x0f) == 8 && first >> 4 <= 7;
}

/* False: no memory. */
static bool begin(struct zlib_decoder *decoder, uint8_t first)
{
    int window = decoder->is_gzip ? GZIP_WINDOW : is_zlib_header(first) ? ZLIB_WINDOW : BARE_WINDOW;

    decoder->has_begun = inflateInit2(&decoder->stream, window) == Z_OK;
    return decoder->has_begun;
}

/* After the end of a member: zeros are taken, another one begins. False: neither. */
static bool go_on(struct zlib_decoder *decoder, const uint8_t *in, size_t in_len, size_t *n_in)
{
    while (*n_in < in_len && in[*n_in] == 0)
        (*n_in)++;
    if (*n_in == in_len)
        return true;
    if (!decoder->is_gzip || in[*n_in] != GZIP_FIRST_BYTE)
        return false;
    decoder->has_ended = decoder->base.is_whole = false;
    return inflateReset(&decoder->stream) == Z_OK;
}

static unsigned clamp(size_t n)
{
    return n > UINT_MAX ? UINT_MAX : (unsigned)n;
}

static enum h2i_decode_result inflate_some(struct zlib_decoder *decoder, const uint8_t *in,
                                           size_t in_len, size_t *n_in, uint8_t *out, size_t cap,
                                           size_t *n_out)
{
    z_stream *stream = &decoder->stream;
    unsigned in_left = clamp(in_len - *n_in), room = clamp(cap - *n_out);
    int result;

    stream->next_in = in_left ? in + *n_in : NULL;
    stream->avail_in = in_left;
    stream->next_out = out + *n_out;
    stream->avail_out = room;
    result = inflate(stream, Z_NO_FLUSH);
    *n_in += in_left - stream->avail_in;
    *n_out += room - stream->avail_out;
    if (result == Z_STREAM_END)
        decoder->has_ended = decoder->base.is_whole = true;
    if (result == Z_MEM_ERROR)
        return H2I_DECODE_NO_MEMORY;
    return result == Z_OK || result == Z_BUF_ERROR || result == Z_STREAM_END ? H2I_DECODE_OK
                                                                             : H2I_DECODE_BROKEN;
}

static enum h2i_decode_result run(struct h2i_decoder *base, const uint8_t *in, size_t in_len,
                                  size_t *n_in, uint8_t *out, size_t cap, size_t *n_out)
{
    struct zlib_decoder *decoder = decoder_of(base);
    enum h2i_decode_result result = H2I_DECODE_OK;

    if (!decoder->has_begun && in_len == 0)
        return H2I_DECODE_OK;
    if (!decoder->has_begun && !begin(decoder, in[0]))
        return H2I_DECODE_NO_MEMORY;
    if (in_len > 0 && !decoder->has_ended)
        base->is_whole = false;
    do {
        if (decoder->has_ended && !go_on(decoder, in, in_len, n_in))
            return H2I_DECODE_BROKEN;
        if (decoder->has_ended)
            return H2I_DECODE_OK;
        result = inflate_some(decoder, in, in_len, n_in, out, cap, n_out);
    } while (result == H2I_DECODE_OK && decoder->has_ended && *n_in < in_len);
    return result;
}

static void destroy(struct h2i_decoder *base)
{
    struct zlib_decoder *decoder = decoder_of(base);

    if (decoder->has_begun)
        inflateEnd(&decoder->stream);
    h2i_free(base->allocator, decoder);
}

static struct h2i_decoder *create(const h2client_allocator *allocator, bool is_gzip)
{
    static const struct h2i_decoder_ops ops = {run, destroy};
    struct zlib_decoder *decoder = h2i_alloc_zeroed(allocator, sizeof *decoder);

    if (!decoder)
        return NULL;
    decoder->base = (struct h2i_decoder){&ops, allocator, true};
    decoder->is_gzip = is_gzip;
    decoder->stream.zalloc = allocate;
    decoder->stream.zfree = release;
    decoder->stream.opaque = decoder;
    return &decoder->base;
}

struct h2i_decoder *h2i_decode_gzip(const h2client_allocator *allocator)
{
    return create(allocator, true);
}

struct h2i_decoder *h2i_decode_deflate(const h2client_allocator *allocator)
{
    return create(allocator, false);
}

const char *h2i_zlib_version(void)
{
    return zlibVersion();
}
