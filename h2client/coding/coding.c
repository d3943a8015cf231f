/* SPDX-License-Identifier: MIT */
#include "h2client/coding/coding.h"

#include "h2client/coding/decoder.h"

#define MAX_CODINGS 3
#define STAGE_BYTES 16384
#define RATIO_FREE_BYTES (1u << 20)

/* A coding, and what it has given that the next one has not taken yet. */
struct stage {
    struct h2i_decoder *decoder;
    const char *name;
    uint64_t n_given;
    size_t start, end; /* of bytes; the last stage has none */
    uint8_t *bytes;
};

struct h2i_decoding {
    const h2client_allocator *allocator;
    uint64_t n_taken;
    size_t n_stages;
    struct stage stages[MAX_CODINGS]; /* the one that was applied last comes first */
};

/* ---- which codings -------------------------------------------------------------- */

struct coding {
    const char *name;
    struct h2i_decoder *(*create)(const h2client_allocator *allocator);
};

static const struct coding codings[] = {
#ifdef H2I_HAVE_ZLIB
    {"gzip", h2i_decode_gzip},
    {"x-gzip", h2i_decode_gzip}, /* RFC 9110 8.4.1.3 */
    {"deflate", h2i_decode_deflate},
#endif
#ifdef H2I_HAVE_BROTLI
    {"br", h2i_decode_brotli},
#endif
#ifdef H2I_HAVE_ZSTD
    {"zstd", h2i_decode_zstd},
#endif
    {NULL, NULL},
};

#ifdef H2I_HAVE_ZLIB
#define ZLIB_OFFER ", gzip, deflate"
#else
#define ZLIB_OFFER ""
#endif
#ifdef H2I_HAVE_BROTLI
#define BROTLI_OFFER ", br"
#else
#define BROTLI_OFFER ""
#endif
#ifdef H2I_HAVE_ZSTD
#define ZSTD_OFFER ", zstd"
#else
#define ZSTD_OFFER ""
#endif

const char *h2i_coding_offer(void)
{
    static const char offer[] = ZLIB_OFFER BROTLI_OFFER ZSTD_OFFER;

    return sizeof offer > 1 ? offer + 2 : offer;
}

static const struct {
    const char *name;
    const char *(*version)(void);
} libraries[] = {
#ifdef H2I_HAVE_ZLIB
    {"zlib", h2i_zlib_version},
#endif
#ifdef H2I_HAVE_BROTLI
    {"brotli", h2i_brotli_version},
#endif
#ifdef H2I_HAVE_ZSTD
    {"zstd", h2i_zstd_version},
#endif
    {NULL, NULL},
};

const char *h2i_coding_library_version(const char *library)
{
    for (size_t i = 0; libraries[i].name; i++)
        if (strcmp(libraries[i].name, library) == 0)
            return libraries[i].version();
    return NULL;
}

/* ---- making ----------------------------------------------------------------------- */

static h2client_error_code refuse(struct h2i_text *why, struct h2i_str name)
{
    h2i_text_add(why, "content-encoding: \"");
    h2i_text_add_untrusted(why, name.data, name.len);
    h2i_text_add(why, "\" is not supported");
    return H2CLIENT_ERROR_CODING_UNSUPPORTED;
}

static h2client_error_code add_coding(struct h2i_decoding *decoding, struct h2i_str name,
                                      struct h2i_text *why)
{
    const struct coding *coding = codings;
    bool is_last = decoding->n_stages == 0; /* what was applied first */
    struct stage *stage;

    if (name.len == 0 || h2i_str_equals_nocase(name, h2i_str_of("identity")))
        return H2CLIENT_OK;
    while (coding->name && !h2i_str_equals_nocase(name, h2i_str_of(coding->name)))
        coding++;
    if (!coding->name)
        return refuse(why, name);
    if (decoding->n_stages == MAX_CODINGS) {
        h2i_text_add(why, "more than %d content codings", MAX_CODINGS);
        return H2CLIENT_ERROR_CODING_UNSUPPORTED;
    }
    stage = &decoding->stages[decoding->n_stages++];
    stage->name = coding->name;
    stage->decoder = coding->create(decoding->allocator);
    if (!is_last)
        stage->bytes = h2i_alloc(decoding->allocator, STAGE_BYTES);
    return stage->decoder && (is_last || stage->bytes) ? H2CLIENT_OK : H2CLIENT_ERROR_NO_MEMORY;
}

static h2client_error_code add_codings(struct h2i_decoding *decoding, const char *value,
                                       struct h2i_text *why)
{
    struct h2i_str rest = h2i_str_of(value), name;
    h2client_error_code code = H2CLIENT_OK;

    while (!code && h2i_str_split(&rest, ',', &name))
        code = add_coding(decoding, h2i_str_trim(name), why);
    return code;
}

static void reverse(struct h2i_decoding *decoding)
{
    for (size_t i = 0; i < decoding->n_stages / 2; i++) {
        struct stage *one = &decoding->stages[i];
        struct stage *other = &decoding->stages[decoding->n_stages - 1 - i];
        struct stage kept = *one;
        *one = *other;
        *other = kept;
    }
}

static bool is_content_encoding(const char *name)
{
    return h2i_lower(name[0]) == 'c' && /* most are told by that */
           h2i_str_equals_nocase(h2i_str_of(name), h2i_str_of("content-encoding"));
}

static bool is_coded(const h2client_header *headers)
{
    for (; headers->name; headers++)
        if (is_content_encoding(headers->name))
            return true;
    return false;
}

h2client_error_code h2i_decoding_create(struct h2i_decoding **decoding,
                                        const h2client_allocator *allocator,
                                        const h2client_header *headers, struct h2i_text *why)
{
    h2client_error_code code = H2CLIENT_OK;
    struct h2i_decoding *made;

    *decoding = NULL;
    if (!is_coded(headers))
        return H2CLIENT_OK;
    made = h2i_alloc_zeroed(allocator, sizeof *made);
    if (!made)
        return H2CLIENT_ERROR_NO_MEMORY;
    made->allocator = allocator;
    for (; !code && headers->name; headers++)
        if (is_content_encoding(headers->name))
            code = add_codings(made, headers->value, why);
    reverse(made);
    if (code || made->n_stages == 0)
        h2i_decoding_destroy(made);
    else
        *decoding = made;
    return code;
}

void h2i_decoding_destroy(struct h2i_decoding *decoding)
{
    if (!decoding)
        return;
    for (size_t i = 0; i < decoding->n_stages; i++) {
        struct stage *stage = &decoding->stages[i];
        if (stage->decoder)
            stage->decoder->ops->destroy(stage->decoder);
        h2i_free(decoding->allocator, stage->bytes);
    }
    h2i_free(decoding->allocator, decoding);
}

/* ---- decoding ------------------------------------------------------------------- */

/* What one stage takes from and gives to, in one round. */
struct ends {
    const uint8_t *in;
    size_t in_len;
    uint8_t *out;
    size_t cap;
};

static h2client_error_code check(const struct h2i_decoding *decoding, const struct stage *stage,
                                 enum h2i_decode_result result, struct h2i_text *why)
{
    if (result == H2I_DECODE_NO_MEMORY)
        return H2CLIENT_ERROR_NO_MEMORY;
    if (result == H2I_DECODE_BROKEN) {
        h2i_text_add(why, "the body is broken as %s, after %llu bytes", stage->name,
                     (unsigned long long)decoding->n_taken);
        return H2CLIENT_ERROR_CODING_BROKEN;
    }
    if (stage->n_given > RATIO_FREE_BYTES &&
        stage->n_given / H2I_MAX_DECODE_RATIO > decoding->n_taken) {
        h2i_text_add(why, "the body grew from %llu to more than %llu bytes as %s",
                     (unsigned long long)decoding->n_taken, (unsigned long long)stage->n_given,
                     stage->name);
        return H2CLIENT_ERROR_CODING_RATIO;
    }
    return H2CLIENT_OK;
}

/* A stage whose last output is not taken yet waits. */
static bool has_room(const struct h2i_decoding *decoding, size_t i)
{
    return i + 1 == decoding->n_stages || decoding->stages[i].start == decoding->stages[i].end;
}

static h2client_error_code run_stage(struct h2i_decoding *decoding, size_t i, struct ends *outer,
                                     bool *has_moved, struct h2i_text *why)
{
    struct stage *stage = &decoding->stages[i], *before = i ? stage - 1 : NULL;
    bool is_last = i + 1 == decoding->n_stages;
    const uint8_t *in = before ? before->bytes + before->start : outer->in;
    size_t in_len = before ? before->end - before->start : outer->in_len, n_in = 0, n_out = 0;
    enum h2i_decode_result result = stage->decoder->ops->run(
        stage->decoder, in, in_len, &n_in, is_last ? outer->out : stage->bytes,
        is_last ? outer->cap : STAGE_BYTES, &n_out);

    if (before) {
        before->start += n_in;
    } else {
        outer->in += n_in;
        outer->in_len -= n_in;
        decoding->n_taken += n_in;
    }
    if (is_last) {
        outer->out += n_out;
        outer->cap -= n_out;
    } else {
        stage->start = 0;
        stage->end = n_out;
    }
    stage->n_given += n_out;
    *has_moved = *has_moved || n_in > 0 || n_out > 0;
    return check(decoding, stage, result, why);
}

h2client_error_code h2i_decoding_run(struct h2i_decoding *decoding, const void *in, size_t in_len,
                                     size_t *n_in, void *out, size_t cap, size_t *n_out,
                                     struct h2i_text *why)
{
    struct ends outer = {in, in_len, out, cap};
    h2client_error_code code = H2CLIENT_OK;
    bool has_moved = true;

    while (!code && has_moved && outer.cap > 0) {
        has_moved = false;
        for (size_t i = decoding->n_stages; !code && i-- > 0;)
            if (has_room(decoding, i))
                code = run_stage(decoding, i, &outer, &has_moved, why);
    }
    *n_in = in_len - outer.in_len;
    *n_out = cap - outer.cap;
    return code;
}

h2client_error_code h2i_decoding_finish(const struct h2i_decoding *decoding, struct h2i_text *why)
{
    for (size_t i = 0; i < decoding->n_stages; i++) {
        const struct stage *stage = &decoding->stages[i];
        if (stage->decoder->is_whole && stage->start == stage->end)
            continue;
        h2i_text_add(why, "the body ends before its %s does, after %llu bytes", stage->name,
                     (unsigned long long)decoding->n_taken);
        return H2CLIENT_ERROR_CODING_BROKEN;
    }
    return H2CLIENT_OK;
}
