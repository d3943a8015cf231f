/* SPDX-License-Identifier: MIT */
/* Content codings: bytes as encoders made them, in every cut; what is broken, and bombs. */
#include <stdlib.h>
#include <string.h>

#include "h2client/coding/coding.h"
#include "tests/support/test_alloc.h"
#include "tests/support/test_main.h"

#define TEXT "The quick brown fox. The quick brown fox. The lazy dog."

static const uint8_t gzip_bytes[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x0b, 0xc9, 0x48, 0x55,
    0x28, 0x2c, 0xcd, 0x4c, 0xce, 0x56, 0x48, 0x2a, 0xca, 0x2f, 0xcf, 0x53, 0x48, 0xcb,
    0xaf, 0xd0, 0x53, 0x08, 0xc1, 0x25, 0x98, 0x93, 0x58, 0x55, 0xa9, 0x90, 0x92, 0x9f,
    0xae, 0x07, 0x00, 0x34, 0xc2, 0x65, 0x47, 0x37, 0x00, 0x00, 0x00,
};
static const uint8_t zlib_bytes[] = {
    0x78, 0xda, 0x0b, 0xc9, 0x48, 0x55, 0x28, 0x2c, 0xcd, 0x4c, 0xce, 0x56, 0x48, 0x2a,
    0xca, 0x2f, 0xcf, 0x53, 0x48, 0xcb, 0xaf, 0xd0, 0x53, 0x08, 0xc1, 0x25, 0x98, 0x93,
    0x58, 0x55, 0xa9, 0x90, 0x92, 0x9f, 0xae, 0x07, 0x00, 0x22, 0xd2, 0x13, 0x4c,
};
static const uint8_t bare_bytes[] = {
    0x0b, 0xc9, 0x48, 0x55, 0x28, 0x2c, 0xcd, 0x4c, 0xce, 0x56, 0x48, 0x2a,
    0xca, 0x2f, 0xcf, 0x53, 0x48, 0xcb, 0xaf, 0xd0, 0x53, 0x08, 0xc1, 0x25,
    0x98, 0x93, 0x58, 0x55, 0xa9, 0x90, 0x92, 0x9f, 0xae, 0x07, 0x00,
};
static const uint8_t brotli_bytes[] = {
    0x1b, 0x36, 0x00, 0xf8, 0x9d, 0x07, 0x76, 0x2c, 0xb0, 0x6c, 0x5d, 0x42, 0xec,
    0x27, 0x94, 0x54, 0x68, 0x6f, 0x45, 0x66, 0x56, 0x20, 0x2e, 0x75, 0x86, 0x07,
    0x13, 0x39, 0x70, 0x68, 0x0b, 0x24, 0xb1, 0x3b, 0xbf, 0x49, 0xd8, 0xa6, 0xa3,
    0x97, 0xa4, 0x04, 0xc2, 0xeb, 0xf4, 0xc1, 0x97, 0x3a, 0x16,
};
static const uint8_t zstd_bytes[] = {
    0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x37, 0x25, 0x01, 0x00, 0xf0, 0x54, 0x68, 0x65, 0x20, 0x71,
    0x75, 0x69, 0x63, 0x6b, 0x20, 0x62, 0x72, 0x6f, 0x77, 0x6e, 0x20, 0x66, 0x6f, 0x78, 0x2e,
    0x20, 0x6c, 0x61, 0x7a, 0x79, 0x20, 0x64, 0x6f, 0x67, 0x2e, 0x01, 0x00, 0x71, 0x99, 0x4c,
};
static const uint8_t br_in_gzip_bytes[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x01, 0x31, 0x00, 0xce, 0xff,
    0x1b, 0x36, 0x00, 0xf8, 0x9d, 0x07, 0x76, 0x2c, 0xb0, 0x6c, 0x5d, 0x42, 0xec, 0x27, 0x94,
    0x54, 0x68, 0x6f, 0x45, 0x66, 0x56, 0x20, 0x2e, 0x75, 0x86, 0x07, 0x13, 0x39, 0x70, 0x68,
    0x0b, 0x24, 0xb1, 0x3b, 0xbf, 0x49, 0xd8, 0xa6, 0xa3, 0x97, 0xa4, 0x04, 0xc2, 0xeb, 0xf4,
    0xc1, 0x97, 0x3a, 0x16, 0xfb, 0xf2, 0x62, 0x83, 0x31, 0x00, 0x00, 0x00,
};
static const uint8_t br_in_gzip_in_zlib_bytes[] = {
    0x78, 0xda, 0x93, 0xef, 0xe6, 0x60, 0x00, 0x01, 0x26, 0x66, 0x46, 0x43, 0x86, 0x73, 0xff, 0xa5,
    0xcd, 0x18, 0x7e, 0xcc, 0x65, 0x2f, 0xd3, 0xd9, 0x90, 0x13, 0xeb, 0xf4, 0x46, 0x7d, 0x4a, 0x48,
    0x46, 0xbe, 0x6b, 0x5a, 0x98, 0x82, 0x5e, 0x69, 0x1b, 0xbb, 0xb0, 0x65, 0x41, 0x06, 0xb7, 0xca,
    0x46, 0xeb, 0xfd, 0x9e, 0x37, 0x96, 0x2d, 0x9e, 0xbe, 0x84, 0xe5, 0xd0, 0xeb, 0x2f, 0x07, 0xa7,
    0x5b, 0x89, 0xfd, 0xfe, 0x94, 0xd4, 0x6c, 0x08, 0xd4, 0x0f, 0x00, 0x2e, 0xa9, 0x1a, 0x17,
};
/* 64 MiB of zeros each. */
static const uint8_t gzip_bomb_in_gzip[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xed, 0xdc, 0xa1, 0x4e, 0x42, 0x61,
    0x18, 0xc7, 0xe1, 0x73, 0x3c, 0xc7, 0x8d, 0xe9, 0x06, 0x18, 0x4c, 0x04, 0xce, 0x25, 0x18, 0x29,
    0x4c, 0x30, 0x90, 0x09, 0x9a, 0x19, 0x17, 0x60, 0x24, 0x73, 0x36, 0x66, 0xb2, 0x78, 0x13, 0x66,
    0x37, 0x37, 0x37, 0xab, 0xcd, 0x3b, 0x00, 0x1a, 0x5d, 0x30, 0x38, 0x67, 0x62, 0x1e, 0xf9, 0xce,
    0x5d, 0x7c, 0xee, 0x79, 0xd2, 0x9b, 0xff, 0xf9, 0xb7, 0xb7, 0x7b, 0xdf, 0x48, 0x82, 0xa3, 0x6c,
    0xfb, 0x96, 0xa6, 0x87, 0xa3, 0x7c, 0xf8, 0x7d, 0xfa, 0x6c, 0x9c, 0x24, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x40, 0xe4, 0xca, 0xf5, 0x22, 0x0b, 0x31, 0x40, 0x52, 0x54, 0xcb, 0xd1, 0xf8,
    0x06, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x88, 0xdd, 0xb4, 0xd5, 0xcc, 0xeb, 0x28, 0x60,
    0x3f, 0xe9, 0x0c, 0xcd, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xd1, 0xbb, 0xeb, 0xf7,
    0xda, 0xf5, 0x87, 0x80, 0xaf, 0xf9, 0x6d, 0x6e, 0x0e, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x88, 0xde, 0xf9, 0xcf, 0x66, 0x50, 0xb7, 0x00, 0xef, 0xd5, 0xcb, 0xd9, 0xb5, 0x3d, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x20, 0x7a, 0xab, 0x45, 0x96, 0x86, 0x16, 0xa0, 0xa8, 0x96, 0xa3,
    0xb1, 0x39, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x20, 0x7a, 0xd3, 0x56, 0x33, 0x0f, 0x2d,
    0x40, 0xb9, 0x9f, 0x74, 0x86, 0xe6, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80, 0xe8, 0x3d,
    0xf6, 0x7b, 0x45, 0x78, 0x0c, 0xd0, 0xfe, 0xae, 0x66, 0x97, 0x57, 0xc7, 0x09, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0xff, 0xc7, 0xeb, 0xe9, 0xee, 0xe2, 0xe3, 0xf9, 0x70, 0xe4, 0x7f, 0x65,
    0x03, 0x64, 0x24, 0x7e, 0xfe, 0x00, 0x00,
};
static const uint8_t brotli_bomb[] = {
    0xcb, 0xff, 0xff, 0x3f, 0xf8, 0x27, 0x00, 0xe2, 0xb1, 0x40, 0x20, 0xf7, 0xfe, 0x8f, 0xff, 0xff,
    0x7f, 0xf0, 0x4f, 0x00, 0xc4, 0x61, 0x11, 0x80, 0xee, 0xfd, 0x1f, 0xff, 0xff, 0xff, 0xe0, 0x9f,
    0x00, 0x88, 0xc3, 0x02, 0x00, 0xdd, 0xfb, 0x3f, 0xfe, 0xff, 0xff, 0xc1, 0x3f, 0x01, 0x10, 0x87,
    0x05, 0x00, 0xba, 0xf7, 0x7f, 0xfc, 0xff, 0xff, 0x83, 0x7f, 0x02, 0x20, 0x0e, 0x0b, 0x00, 0x74,
    0xef, 0xff, 0xf8, 0xff, 0xff, 0x07, 0xff, 0x04, 0x40, 0x1c, 0x16, 0x00, 0xe8, 0xde, 0xff, 0xf1,
    0xff, 0xff, 0x0f, 0xfe, 0x09, 0x80, 0x38, 0x2c, 0x00, 0xd0, 0xbd, 0xff, 0xcb, 0xff, 0xff, 0x3f,
    0xfc, 0x13, 0x00, 0x71, 0x58, 0x00, 0xa0, 0x7b, 0xff, 0x07,
};
static const uint8_t zstd_bomb_in_gzip[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xd3, 0xd8, 0xaa, 0xff, 0xb7, 0x21,
    0x83, 0x81, 0x81, 0x81, 0xc5, 0x87, 0x81, 0x81, 0x83, 0x81, 0x91, 0xe1, 0xcf, 0x7f, 0x4b, 0x01,
    0x26, 0x26, 0x06, 0x01, 0x86, 0x51, 0x3c, 0x8a, 0x47, 0xf1, 0x28, 0x1e, 0xc5, 0xa3, 0x78, 0x14,
    0x8f, 0x0c, 0xcc, 0x0c, 0xc4, 0x00, 0x22, 0xd3, 0xd7, 0x53, 0x12, 0x08, 0x00, 0x00,
};

struct sample {
    const char *coding;
    const uint8_t *bytes;
    size_t len;
};

#define SAMPLE(coding, bytes)        \
    {                                \
        coding, bytes, sizeof(bytes) \
    }

static const struct sample samples[] = {
    SAMPLE("gzip", gzip_bytes),
    SAMPLE("x-gzip", gzip_bytes),
    SAMPLE("GZip", gzip_bytes),
    SAMPLE("deflate", zlib_bytes),
    SAMPLE("deflate", bare_bytes),
    SAMPLE("br", brotli_bytes),
    SAMPLE("zstd", zstd_bytes),
    SAMPLE("br, gzip", br_in_gzip_bytes),
    SAMPLE("br,, identity ,gzip", br_in_gzip_bytes),
    SAMPLE("br, gzip, deflate", br_in_gzip_in_zlib_bytes),
};
#define N_SAMPLES (sizeof samples / sizeof samples[0])

/* What the build leaves out is not tried. */
static bool is_built_in(const char *codings)
{
    struct h2i_str rest = h2i_str_of(codings), name;
    bool is_there = true;

    while (h2i_str_split(&rest, ',', &name)) {
        name = h2i_str_trim(name);
        is_there = is_there && (h2i_str_equals_nocase(name, h2i_str_of("br"))
                                    ? h2i_coding_library_version("brotli") != NULL
                                : h2i_str_equals_nocase(name, h2i_str_of("zstd"))
                                    ? h2i_coding_library_version("zstd") != NULL
                                    : h2i_coding_library_version("zlib") != NULL);
    }
    return is_there;
}

/* What a decoding gave, and how it ended. */
struct result {
    h2client_error_code code;
    size_t len;
    char why[200];
    char out[4096];
};

/* The index from i on of what the build can decode, or n. */
static size_t next_of(const struct sample *list, size_t n, size_t i)
{
    while (i < n && !is_built_in(list[i].coding))
        i++;
    return i;
}

static size_t next_sample(size_t i)
{
    return next_of(samples, N_SAMPLES, i);
}

static struct h2i_decoding *create(struct h2t_alloc *alloc, const char *coding)
{
    const h2client_header headers[] = {{"Content-Encoding", coding}, {NULL, NULL}};
    struct h2i_decoding *decoding = NULL;
    char buf[200];
    struct h2i_text why = h2i_text(buf, sizeof buf);

    ck_assert_int_eq(h2i_decoding_create(&decoding, &alloc->allocator, headers, &why), H2CLIENT_OK);
    ck_assert_ptr_nonnull(decoding);
    return decoding;
}

/* Feeds `step` bytes at a time and gives `room` for output at a time. */
static void decode(struct result *result, struct h2i_decoding *decoding, const uint8_t *in,
                   size_t len, size_t step, size_t room)
{
    struct h2i_text why = h2i_text(result->why, sizeof result->why);
    size_t n_in = 0, n_out = 1, used = 0;

    result->len = 0;
    result->code = H2CLIENT_OK;
    while (!result->code && (used < len || n_out > 0)) {
        size_t n = len - used < step ? len - used : step;
        size_t cap = sizeof result->out - result->len;
        ck_assert_uint_gt(cap, 0);
        result->code = h2i_decoding_run(decoding, in + used, n, &n_in, result->out + result->len,
                                        cap < room ? cap : room, &n_out, &why);
        used += n_in;
        result->len += n_out;
        if (!result->code)
            ck_assert_msg(n_in == n || n_out == (cap < room ? cap : room), "it stood still");
    }
    if (!result->code)
        result->code = h2i_decoding_finish(decoding, &why);
}

static void decode_sample(struct result *result, const char *coding, const uint8_t *in, size_t len,
                          size_t step, size_t room)
{
    struct h2t_alloc alloc;
    struct h2i_decoding *decoding;

    h2t_alloc_init(&alloc);
    decoding = create(&alloc, coding);
    decode(result, decoding, in, len, step, room);
    h2i_decoding_destroy(decoding);
    h2t_alloc_check(&alloc);
}

static void expect_text(const struct result *result, const char *name)
{
    ck_assert_msg(result->code == H2CLIENT_OK, "%s: %s", name, result->why);
    ck_assert_uint_eq(result->len, strlen(TEXT));
    ck_assert_int_eq(memcmp(result->out, TEXT, result->len), 0);
}

TEST(every_coding_gives_the_text_in_every_cut)
{
    static const size_t cuts[] = {1, 2, 7, 4096};
    struct result result;

    for (size_t i = next_sample(0); i < N_SAMPLES; i = next_sample(i + 1))
        for (size_t in = 0; in < 4; in++)
            for (size_t out = 0; out < 4; out++) {
                decode_sample(&result, samples[i].coding, samples[i].bytes, samples[i].len,
                              cuts[in], cuts[out]);
                expect_text(&result, samples[i].coding);
            }
}
END_TEST

/* A byte, and then forty runs without one. */
static void decode_haltingly(struct h2i_decoding *decoding, const struct sample *sample)
{
    char buf[200], out[200];
    struct h2i_text why = h2i_text(buf, sizeof buf);
    size_t n_in, n_out, len = 0;
    h2client_error_code code;

    for (size_t used = 0; used < sample->len; used++)
        for (int run = 0; run <= 40; run++) {
            code = h2i_decoding_run(decoding, sample->bytes + used, run == 0, &n_in, out,
                                    sizeof out, &n_out, &why);
            ck_assert_msg(!code && n_in == (run == 0), "%s, byte %zu", sample->coding, used);
            len += n_out;
        }
    ck_assert_int_eq(h2i_decoding_finish(decoding, &why), H2CLIENT_OK);
    ck_assert_uint_eq(len, strlen(TEXT));
}

TEST(runs_without_input_harm_nothing_however_many)
{
    struct h2t_alloc alloc;
    struct h2i_decoding *decoding;

    for (size_t i = next_sample(0); i < N_SAMPLES; i = next_sample(i + 1)) {
        h2t_alloc_init(&alloc);
        decoding = create(&alloc, samples[i].coding);
        decode_haltingly(decoding, &samples[i]);
        h2i_decoding_destroy(decoding);
        h2t_alloc_check(&alloc);
    }
}
END_TEST

TEST(members_and_frames_follow_one_another)
{
    static const struct sample twice[] = {SAMPLE("gzip", gzip_bytes), SAMPLE("zstd", zstd_bytes)};
    uint8_t bytes[400];
    struct result result;

    for (size_t i = next_of(twice, 2, 0); i < 2; i = next_of(twice, 2, i + 1))
        for (size_t step = 1; step < 400; step += 99) {
            memcpy(bytes, twice[i].bytes, twice[i].len);
            memcpy(bytes + twice[i].len, twice[i].bytes, twice[i].len);
            decode_sample(&result, twice[i].coding, bytes, 2 * twice[i].len, step, 5);
            ck_assert_int_eq(result.code, H2CLIENT_OK);
            ck_assert_uint_eq(result.len, 2 * strlen(TEXT));
        }
}
END_TEST

TEST(zeros_after_the_end_of_gzip_are_skipped)
{
    uint8_t bytes[200] = {0};
    struct result result;

    memcpy(bytes, gzip_bytes, sizeof gzip_bytes);
    if (!is_built_in("gzip"))
        return;
    decode_sample(&result, "gzip", bytes, sizeof bytes, 1, 4096);
    expect_text(&result, "gzip");
}
END_TEST

TEST(what_follows_the_end_is_broken)
{
    static const struct sample ended[] = {SAMPLE("gzip", gzip_bytes), SAMPLE("deflate", zlib_bytes),
                                          SAMPLE("deflate", bare_bytes), SAMPLE("br", brotli_bytes),
                                          SAMPLE("zstd", zstd_bytes)};
    uint8_t bytes[200];
    struct result result;

    for (size_t i = next_of(ended, 5, 0); i < 5; i = next_of(ended, 5, i + 1))
        for (size_t step = 1; step < 200; step += 150) {
            memcpy(bytes, ended[i].bytes, ended[i].len);
            memset(bytes + ended[i].len, 'x', 7);
            decode_sample(&result, ended[i].coding, bytes, ended[i].len + 7, step, 4096);
            ck_assert_msg(result.code == H2CLIENT_ERROR_CODING_BROKEN, "%s", ended[i].coding);
        }
}
END_TEST

TEST(a_body_of_no_bytes_is_whole)
{
    struct result result;

    for (size_t i = next_sample(0); i < N_SAMPLES; i = next_sample(i + 1)) {
        decode_sample(&result, samples[i].coding, samples[i].bytes, 0, 1, 4096);
        ck_assert_int_eq(result.code, H2CLIENT_OK);
        ck_assert_uint_eq(result.len, 0);
    }
}
END_TEST

TEST(a_cut_anywhere_is_broken)
{
    struct result result;

    for (size_t i = next_sample(0); i < N_SAMPLES; i = next_sample(i + 1))
        for (size_t len = 1; len < samples[i].len; len++) {
            decode_sample(&result, samples[i].coding, samples[i].bytes, len, 4096, 4096);
            ck_assert_msg(result.code == H2CLIENT_ERROR_CODING_BROKEN, "%s cut at %zu",
                          samples[i].coding, len);
        }
}
END_TEST

TEST(a_broken_byte_of_gzip_is_noticed_and_harms_nobody_elsewhere)
{
    uint8_t bytes[200];
    struct result result;

    for (size_t i = next_sample(0); i < N_SAMPLES; i = next_sample(i + 1))
        for (size_t at = 0; at < samples[i].len; at++) {
            bool is_checked = strcmp(samples[i].coding, "gzip") == 0 && at >= 10;
            memcpy(bytes, samples[i].bytes, samples[i].len);
            bytes[at] ^= 0x55;
            decode_sample(&result, samples[i].coding, bytes, samples[i].len, 3, 4096);
            if (is_checked)
                ck_assert_msg(result.code != H2CLIENT_OK, "byte %zu", at);
        }
}
END_TEST

/* RFC 9659: a frame may ask for a window of 8 MiB, by its descriptor or as a single segment. */
TEST(a_zstd_window_above_eight_mebibytes_is_refused)
{
    static const uint8_t at_limit[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68, 0x2b, 0x00, 0x00, 'a'};
    static const uint8_t above[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x70, 0x2b, 0x00, 0x00, 'a'};
    static const uint8_t segment[] = {0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0x00, 0x00,
                                      0x00, 0x01, 0x2b, 0x00, 0x00, 'a'};
    struct result result;

    if (!is_built_in("zstd"))
        return;
    decode_sample(&result, "zstd", at_limit, sizeof at_limit, 4096, 4096);
    ck_assert_int_eq(result.code, H2CLIENT_OK);
    ck_assert_uint_eq(result.len, 5);
    decode_sample(&result, "zstd", above, sizeof above, 4096, 4096);
    ck_assert_int_eq(result.code, H2CLIENT_ERROR_CODING_BROKEN);
    decode_sample(&result, "zstd", segment, sizeof segment, 4096, 4096);
    ck_assert_int_eq(result.code, H2CLIENT_ERROR_CODING_BROKEN);
}
END_TEST

/* ---- bombs ---------------------------------------------------------------------- */

struct growth {
    h2client_error_code code;
    size_t peak_bytes;
    uint64_t len;
};

static struct growth explode(const char *coding, const uint8_t *in, size_t len)
{
    struct h2t_alloc alloc;
    struct h2i_decoding *decoding;
    struct growth growth = {0};
    char buf[200], out[8192];
    struct h2i_text why = h2i_text(buf, sizeof buf);
    size_t n_in, n_out = 1, used = 0;

    h2t_alloc_init(&alloc);
    decoding = create(&alloc, coding);
    while (!growth.code && n_out > 0) {
        growth.code =
            h2i_decoding_run(decoding, in + used, len - used, &n_in, out, sizeof out, &n_out, &why);
        used += n_in;
        growth.len += n_out;
    }
    growth.peak_bytes = alloc.peak_bytes;
    h2i_decoding_destroy(decoding);
    h2t_alloc_check(&alloc);
    return growth;
}

TEST(bombs_end_by_their_ratio_in_bounded_memory)
{
    static const struct sample bombs[] = {SAMPLE("gzip, gzip", gzip_bomb_in_gzip),
                                          SAMPLE("br", brotli_bomb),
                                          SAMPLE("zstd, gzip", zstd_bomb_in_gzip)};
    struct growth growth;

    for (size_t i = next_of(bombs, 3, 0); i < 3; i = next_of(bombs, 3, i + 1)) {
        growth = explode(bombs[i].coding, bombs[i].bytes, bombs[i].len);
        ck_assert_int_eq(growth.code, H2CLIENT_ERROR_CODING_RATIO);
        ck_assert_uint_lt(growth.peak_bytes, 9u << 20);
    }
}
END_TEST

/* Takes gzip of zeros, 1,032 in each byte, after a file name that holds their ratio down. */
static struct growth grow(size_t name_len, size_t n_bytes)
{
    static const uint8_t head[] = {0x1f, 0x8b, 0x08, 0x08, 0, 0, 0, 0, 0x02, 0x03};
    static const uint8_t block[] = {0x00, 0xed, 0xc1, 0x01, 0x01, 0x00, 0x00, 0x00,
                                    0x82, 0x20, 0xff, 0xaf, 0x6e, 0x48, 0x40, 0x01};
    size_t len = sizeof head + name_len + sizeof block + n_bytes;
    uint8_t *bytes = calloc(len, 1);
    struct growth growth;

    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, head, sizeof head);
    memset(bytes + sizeof head, 'x', name_len);
    memcpy(bytes + sizeof head + name_len, block, sizeof block);
    growth = explode("gzip", bytes, len);
    free(bytes);
    return growth;
}

TEST(a_gibibyte_of_zeros_in_gzip_ends_by_its_ratio)
{
    struct growth growth;

    if (!is_built_in("gzip"))
        return;
    growth = grow(0, 1u << 20);
    ck_assert_int_eq(growth.code, H2CLIENT_ERROR_CODING_RATIO);
    ck_assert_uint_lt(growth.len, 2u << 20);
    ck_assert_uint_lt(growth.peak_bytes, 48u << 10);
}
END_TEST

TEST(growth_within_the_cap_or_the_first_mebibyte_is_taken)
{
    struct growth growth;

    if (!is_built_in("gzip"))
        return;
    growth = grow(0, 1000); /* 1,005:1, below a MiB */
    ck_assert_int_eq(growth.code, H2CLIENT_OK);
    ck_assert_uint_gt(growth.len, 1000 * 1027);
    growth = grow(1000, 4000); /* 821:1 */
    ck_assert_int_eq(growth.code, H2CLIENT_OK);
    ck_assert_uint_gt(growth.len, 3u << 20);
}
END_TEST

/* ---- what is not decoded ----------------------------------------------------------- */

static h2client_error_code try_create(const h2client_header *headers, char *text, size_t cap,
                                      bool *is_decoded)
{
    struct h2t_alloc alloc;
    struct h2i_decoding *decoding;
    struct h2i_text why = h2i_text(text, cap);
    h2client_error_code code;

    h2t_alloc_init(&alloc);
    code = h2i_decoding_create(&decoding, &alloc.allocator, headers, &why);
    *is_decoded = decoding != NULL;
    h2i_decoding_destroy(decoding);
    h2t_alloc_check(&alloc);
    return code;
}

TEST(without_a_coding_there_is_nothing_to_decode)
{
    static const char *const values[] = {"identity", "", " , ,identity", "Identity, identity"};
    char text[200];
    bool is_decoded;

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        const h2client_header headers[] = {{"content-encoding", values[i]}, {NULL, NULL}};
        ck_assert_int_eq(try_create(headers, text, sizeof text, &is_decoded), H2CLIENT_OK);
        ck_assert(!is_decoded);
    }
}
END_TEST

TEST(a_coding_that_is_not_known_is_named)
{
    const h2client_header headers[] = {
        {"content-encoding", "identity"}, {"content-encoding", "compress\x7f"}, {NULL, NULL}};
    char text[200];
    bool is_decoded;

    ck_assert_int_eq(try_create(headers, text, sizeof text, &is_decoded),
                     H2CLIENT_ERROR_CODING_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(text, "content-encoding: \"compress"));
    ck_assert_ptr_null(strchr(text, 0x7f));
}
END_TEST

TEST(four_codings_are_too_many)
{
    const h2client_header headers[] = {{"content-encoding", "gzip, gzip, gzip, gzip"},
                                       {NULL, NULL}};
    char text[200];
    bool is_decoded;

    if (!is_built_in("gzip"))
        return;
    ck_assert_int_eq(try_create(headers, text, sizeof text, &is_decoded),
                     H2CLIENT_ERROR_CODING_UNSUPPORTED);
    ck_assert_str_eq(text, "more than 3 content codings");
}
END_TEST

TEST(several_fields_are_one_list)
{
    const h2client_header headers[] = {
        {"content-encoding", "br"}, {"x", "y"}, {"content-encoding", "gzip"}, {NULL, NULL}};
    struct h2t_alloc alloc;
    struct h2i_decoding *decoding;
    struct result result;
    struct h2i_text why = h2i_text(result.why, sizeof result.why);

    if (!is_built_in("br,gzip"))
        return;
    h2t_alloc_init(&alloc);
    ck_assert_int_eq(h2i_decoding_create(&decoding, &alloc.allocator, headers, &why), H2CLIENT_OK);
    decode(&result, decoding, br_in_gzip_bytes, sizeof br_in_gzip_bytes, 3, 4096);
    expect_text(&result, "two fields");
    h2i_decoding_destroy(decoding);
    h2t_alloc_check(&alloc);
}
END_TEST

/* ---- memory -------------------------------------------------------------------------- */

/* True: it went through without meeting the allocation that fails. */
static bool decode_without_memory(const struct sample *sample, uint64_t fail_at)
{
    const h2client_header headers[] = {{"content-encoding", sample->coding}, {NULL, NULL}};
    struct h2t_alloc alloc;
    struct h2i_decoding *decoding;
    struct result result;
    struct h2i_text why = h2i_text(result.why, sizeof result.why);

    h2t_alloc_init(&alloc);
    alloc.fail_at = fail_at;
    result.code = h2i_decoding_create(&decoding, &alloc.allocator, headers, &why);
    if (!result.code)
        decode(&result, decoding, sample->bytes, sample->len, 4096, 4096);
    h2i_decoding_destroy(decoding);
    if (result.code)
        ck_assert_int_eq(result.code, H2CLIENT_ERROR_NO_MEMORY);
    h2t_alloc_check(&alloc);
    return alloc.n_calls < fail_at;
}

TEST(every_allocation_may_fail)
{
    for (size_t i = next_sample(0); i < N_SAMPLES; i = next_sample(i + 1))
        for (uint64_t n = 1; !decode_without_memory(&samples[i], n); n++)
            ck_assert_uint_lt(n, 1000);
}
END_TEST

TEST(the_offer_names_what_is_built_in)
{
    static const char *const pairs[][2] = {{"gzip", "zlib"}, {"br", "brotli"}, {"zstd", "zstd"}};

    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(strstr(h2i_coding_offer(), pairs[i][0]) != NULL,
                         h2i_coding_library_version(pairs[i][1]) != NULL);
    ck_assert_ptr_null(h2i_coding_library_version("lzma"));
}
END_TEST

TEST_MAIN("coding", {T(every_coding_gives_the_text_in_every_cut)},
          {T(runs_without_input_harm_nothing_however_many)},
          {T(members_and_frames_follow_one_another)}, {T(zeros_after_the_end_of_gzip_are_skipped)},
          {T(what_follows_the_end_is_broken)}, {T(a_body_of_no_bytes_is_whole)},
          {T(a_cut_anywhere_is_broken)},
          {T(a_broken_byte_of_gzip_is_noticed_and_harms_nobody_elsewhere)},
          {T(a_zstd_window_above_eight_mebibytes_is_refused)},
          {T(a_gibibyte_of_zeros_in_gzip_ends_by_its_ratio)},
          {T(growth_within_the_cap_or_the_first_mebibyte_is_taken)},
          {T(bombs_end_by_their_ratio_in_bounded_memory)},
          {T(without_a_coding_there_is_nothing_to_decode)},
          {T(a_coding_that_is_not_known_is_named)}, {T(four_codings_are_too_many)},
          {T(several_fields_are_one_list)}, {T(every_allocation_may_fail)},
          {T(the_offer_names_what_is_built_in)})
