/* SPDX-License-Identifier: MIT */
/* zstd (RFC 8878), several frames in a row. Its memory is the C library's: an allocator of
 * one's own is no part of zstd's stable interface. */
#include "base/list.h"
#include "h2client/coding/decoder.h"

#include <zstd.h>
#include <zstd_errors.h>

#define MAX_WINDOW_LOG 23 /* RFC 9659: 8 MiB */

struct zstd_decoder {
    struct h2i_decoder base;
    ZSTD_DCtx *context;
    bool is_drained; /* the last run left room: nothing more is inside */
};

static enum h2i_decode_result run(struct h2i_decoder *base, const uint8_t *in, size_t in_len,
                                  size_t *n_in, uint8_t *out, size_t cap, size_t *n_out)
{
    struct zstd_decoder *decoder = H2I_CONTAINER_OF(base, struct zstd_decoder, base);
    ZSTD_inBuffer input = {in, in_len, 0};
    ZSTD_outBuffer output = {out, cap, 0};
    size_t result;

    /* The library takes the sixteenth call in a row that moves nothing for an error. */
    if (in_len == 0 && (base->is_whole || decoder->is_drained))
        return H2I_DECODE_OK;
    do {
        result = ZSTD_decompressStream(decoder->context, &output, &input);
        if (ZSTD_isError(result))
            break;
        base->is_whole = result == 0;
    } while (base->is_whole && input.pos < input.size && output.pos < output.size);
    *n_in = input.pos;
    *n_out = output.pos;
    decoder->is_drained = output.pos < output.size;
    if (!ZSTD_isError(result))
        return H2I_DECODE_OK;
    return ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation ? H2I_DECODE_NO_MEMORY
                                                                     : H2I_DECODE_BROKEN;
}

static void destroy(struct h2i_decoder *base)
{
    struct zstd_decoder *decoder = H2I_CONTAINER_OF(base, struct zstd_decoder, base);

    ZSTD_freeDCtx(decoder->context);
    h2i_free(base->allocator, decoder);
}

struct h2i_decoder *h2i_decode_zstd(const h2client_allocator *allocator)
{
    static const struct h2i_decoder_ops ops = {run, destroy};
    struct zstd_decoder *decoder = h2i_alloc_zeroed(allocator, sizeof *decoder);

    if (!decoder)
        return NULL;
    decoder->base = (struct h2i_decoder){&ops, allocator, true};
    decoder->context = ZSTD_createDCtx();
    if (decoder->context && !ZSTD_isError(ZSTD_DCtx_setParameter(
                                decoder->context, ZSTD_d_windowLogMax, MAX_WINDOW_LOG)))
        return &decoder->base;
    destroy(&decoder->base);
    return NULL;
}

const char *h2i_zstd_version(void)
{
    return ZSTD_versionString();
}
