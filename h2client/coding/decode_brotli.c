/* SPDX-License-Identifier: MIT */
/* br (RFC 7932). */
#include "base/list.h"
#include "h2client/coding/decoder.h"

#include <brotli/decode.h>

struct brotli_decoder {
    struct h2i_decoder base;
    BrotliDecoderState *state;
};

static void *allocate(void *decoder, size_t n_bytes)
{
    return h2i_alloc(((struct brotli_decoder *)decoder)->base.allocator, n_bytes);
}

static void release(void *decoder, void *block)
{
    h2i_free(((struct brotli_decoder *)decoder)->base.allocator, block);
}

static bool is_for_memory(const BrotliDecoderState *state)
{
    BrotliDecoderErrorCode code = BrotliDecoderGetErrorCode(state);

    return code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
           code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES;
}

static enum h2i_decode_result run(struct h2i_decoder *base, const uint8_t *in, size_t in_len,
                                  size_t *n_in, uint8_t *out, size_t cap, size_t *n_out)
{
    struct brotli_decoder *decoder = H2I_CONTAINER_OF(base, struct brotli_decoder, base);
    size_t in_left = in_len, room = cap;
    BrotliDecoderResult result;

    if (BrotliDecoderIsFinished(decoder->state))
        return in_len ? H2I_DECODE_BROKEN : H2I_DECODE_OK;
    if (in_len)
        base->is_whole = false;
    result = BrotliDecoderDecompressStream(decoder->state, &in_left, &in, &room, &out, NULL);
    *n_in = in_len - in_left;
    *n_out = cap - room;
    if (result == BROTLI_DECODER_RESULT_SUCCESS)
        base->is_whole = true;
    if (result != BROTLI_DECODER_RESULT_ERROR)
        return result == BROTLI_DECODER_RESULT_SUCCESS && in_left ? H2I_DECODE_BROKEN
                                                                  : H2I_DECODE_OK;
    return is_for_memory(decoder->state) ? H2I_DECODE_NO_MEMORY : H2I_DECODE_BROKEN;
}

static void destroy(struct h2i_decoder *base)
{
    struct brotli_decoder *decoder = H2I_CONTAINER_OF(base, struct brotli_decoder, base);

    BrotliDecoderDestroyInstance(decoder->state);
    h2i_free(base->allocator, decoder);
}

struct h2i_decoder *h2i_decode_brotli(const h2client_allocator *allocator)
{
    static const struct h2i_decoder_ops ops = {run, destroy};
    struct brotli_decoder *decoder = h2i_alloc_zeroed(allocator, sizeof *decoder);

    if (!decoder)
        return NULL;
    decoder->base = (struct h2i_decoder){&ops, allocator, true};
    decoder->state = BrotliDecoderCreateInstance(allocate, release, decoder);
    if (decoder->state)
        return &decoder->base;
    h2i_free(allocator, decoder);
    return NULL;
}

/* Of the one it was built with: the library tells its own as a number only. */
const char *h2i_brotli_version(void)
{
    return H2I_BROTLI_VERSION;
}
