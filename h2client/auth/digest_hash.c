/* SPDX-License-Identifier: MIT */
#include "h2client/auth/digest_hash.h"

#ifdef H2I_HAVE_NETTLE
#include <nettle/md5.h>
#include <nettle/sha2.h>
#include <nettle/version.h>

#define TEXT_OF(number) #number
#define VERSION_OF(major, minor) TEXT_OF(major) "." TEXT_OF(minor)

union state {
    struct md5_ctx md5;
    struct sha256_ctx sha256;
    struct sha512_256_ctx sha512_256;
};

static void begin(enum h2i_digest_algorithm algorithm, union state *state)
{
    if (algorithm == H2I_DIGEST_MD5)
        md5_init(&state->md5);
    else if (algorithm == H2I_DIGEST_SHA256)
        sha256_init(&state->sha256);
    else
        sha512_256_init(&state->sha512_256);
}

static void add(enum h2i_digest_algorithm algorithm, union state *state, struct h2i_str piece)
{
    const uint8_t *bytes = (const uint8_t *)piece.data;

    if (algorithm == H2I_DIGEST_MD5)
        md5_update(&state->md5, piece.len, bytes);
    else if (algorithm == H2I_DIGEST_SHA256)
        sha256_update(&state->sha256, piece.len, bytes);
    else
        sha512_256_update(&state->sha512_256, piece.len, bytes);
}

static size_t finish(enum h2i_digest_algorithm algorithm, union state *state,
                     uint8_t bytes[SHA256_DIGEST_SIZE])
{
    if (algorithm == H2I_DIGEST_MD5) {
        md5_digest(&state->md5, MD5_DIGEST_SIZE, bytes);
        return MD5_DIGEST_SIZE;
    }
    if (algorithm == H2I_DIGEST_SHA256)
        sha256_digest(&state->sha256, SHA256_DIGEST_SIZE, bytes);
    else
        sha512_256_digest(&state->sha512_256, SHA256_DIGEST_SIZE, bytes);
    return SHA256_DIGEST_SIZE;
}

bool h2i_digest_hash_is_built_in(void)
{
    return true;
}

const char *h2i_digest_hash_version(void)
{
    return VERSION_OF(NETTLE_VERSION_MAJOR, NETTLE_VERSION_MINOR);
}

void h2i_digest_hash(enum h2i_digest_algorithm algorithm, const struct h2i_str *pieces,
                     size_t n_pieces, char text[H2I_DIGEST_TEXT_CAP])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[SHA256_DIGEST_SIZE];
    union state state;
    size_t len;

    begin(algorithm, &state);
    for (size_t i = 0; i < n_pieces; i++)
        add(algorithm, &state, pieces[i]);
    len = finish(algorithm, &state, bytes);
    for (size_t i = 0; i < len; i++) {
        *text++ = digits[bytes[i] >> 4];
        *text++ = digits[bytes[i] & 15];
    }
    *text = 0;
    explicit_bzero(&state, sizeof state); /* the password may be among the pieces */
    explicit_bzero(bytes, sizeof bytes);
}
#else
bool h2i_digest_hash_is_built_in(void)
{
    return false;
}

const char *h2i_digest_hash_version(void)
{
    return NULL;
}

void h2i_digest_hash(enum h2i_digest_algorithm algorithm, const struct h2i_str *pieces,
                     size_t n_pieces, char text[H2I_DIGEST_TEXT_CAP])
{
    (void)algorithm, (void)pieces, (void)n_pieces;
    *text = 0;
}
#endif
