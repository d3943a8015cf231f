/* SPDX-License-Identifier: MIT */
/* Servers over HTTP/1.1 that send without end or sense: bounded in memory and in time, and
 * never read in two ways. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/h1_rig.h"

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#define MEBIBYTE (1024u * 1024u)

/* ---- without end --------------------------------------------------------- */

/* The same bytes again and again, until it refuses or `max` bytes have gone. */
static size_t answer_without_end(struct h2t_h1 *rig, const char *piece, size_t max)
{
    size_t len = strlen(piece);
    size_t n = 0;

    for (; n < max && !rig->has_stopped; n += len)
        h2t_h1_answer_bytes(rig, piece, len);
    return n;
}

static const struct {
    const char *what;
    const char *begin;
    const char *piece;
    h2client_error_code code;
    size_t max_taken;
} floods[] = {
    {"a status line", "HTTP/1.1 200 ", "reason reason reason", H2CLIENT_ERROR_HEADERS_TOO_LARGE,
     256 * 1024},
    {"a name", "HTTP/1.1 200 OK\r\n", "name-name-name-name", H2CLIENT_ERROR_HEADERS_TOO_LARGE,
     256 * 1024},
    {"a value", "HTTP/1.1 200 OK\r\nx: ", "value value value", H2CLIENT_ERROR_HEADERS_TOO_LARGE,
     256 * 1024},
    {"large fields", "HTTP/1.1 200 OK\r\n",
     "x: 01234567890123456789012345678901234567890123456789012345678901234567890123456789"
     "01234567890123456789012345678901234567890123456789012345678901234567890123456789"
     "01234567890123456789012345678901234567890123456789012345678901234567890123456789"
     "01234567890123456789012345678901234567890123456789012345678901234567890123456789\r\n",
     H2CLIENT_ERROR_HEADERS_TOO_LARGE, 256 * 1024},
    {"small fields", "HTTP/1.1 200 OK\r\n", "x:\r\n", H2CLIENT_ERROR_HEADERS_TOO_LARGE, 5000},
    {"folds", "HTTP/1.1 200 OK\r\nx: y\r\n", " z\r\n", H2CLIENT_ERROR_HEADERS_TOO_LARGE,
     256 * 1024},
    {"empty folds", "HTTP/1.1 200 OK\r\nx: y\r\n", " \n", H2CLIENT_ERROR_HEADERS_TOO_LARGE,
     256 * 1024},
    {"interim responses", "", "HTTP/1.1 103 Hints\r\n\r\n", H2CLIENT_ERROR_H1_MALFORMED, 1000},
    {"trailers", CHUNKED "0\r\n", "x: y\r\n", H2CLIENT_ERROR_HEADERS_TOO_LARGE, 8000},
    {"one extension", CHUNKED "1;", "extension", H2CLIENT_ERROR_H1_MALFORMED, 17 * 1024},
    {"a string in an extension", CHUNKED "1;a=\"", "extension", H2CLIENT_ERROR_H1_MALFORMED,
     17 * 1024},
    {"white space behind a size", CHUNKED "1", "    ", H2CLIENT_ERROR_H1_MALFORMED, 17 * 1024},
    {"many extensions", CHUNKED, "1;extension\r\nx\r\n", H2CLIENT_ERROR_H1_MALFORMED, 32 * 1024},
    {"zeros before a size", CHUNKED, "0000", H2CLIENT_ERROR_H1_MALFORMED, 20},
};

TEST(what_has_no_end_is_refused_at_its_limit_and_never_held)
{
    for (size_t i = 0; i < H2T_LEN(floods); i++) {
        EACH_CUT (rig) {
            struct h2t_h1_exchange *exchange = h2t_h1_get(rig);
            size_t n;

            h2t_h1_answer(rig, floods[i].begin);
            n = answer_without_end(rig, floods[i].piece, 64 * MEBIBYTE);
            ck_assert_msg(n <= floods[i].max_taken + strlen(floods[i].piece), "%s: %zu bytes",
                          floods[i].what, n);
            h2t_h1_expect_failure(exchange, floods[i].code, H2CLIENT_REPLAY_MAYBE_PROCESSED);
            ck_assert_msg(rig->alloc.peak_bytes < MEBIBYTE, "%s: %zu bytes held", floods[i].what,
                          rig->alloc.peak_bytes);
            ck_assert_uint_lt(rig->alloc.n_calls, 100);
        }
    }
}

TEST(sixty_four_megabytes_of_head_in_one_piece_are_refused_and_never_held)
{
    struct h2t_h1 *rig = h2t_h1_create(SIZE_MAX);
    struct h2t_h1_exchange *exchange = h2t_h1_get(rig);
    char *value = malloc(64 * MEBIBYTE);

    ck_assert_ptr_nonnull(value);
    memset(value, 'v', 64 * MEBIBYTE);
    h2t_h1_answer(rig, "HTTP/1.1 200 OK\r\nx: ");
    h2t_h1_answer_bytes(rig, value, 64 * MEBIBYTE);
    h2t_h1_expect_failure(exchange, H2CLIENT_ERROR_HEADERS_TOO_LARGE,
                          H2CLIENT_REPLAY_MAYBE_PROCESSED);
    ck_assert_uint_lt(rig->alloc.peak_bytes, 32 * 1024);
    free(value);
    h2t_h1_destroy(rig);
}

TEST(a_hundred_thousand_chunks_of_a_byte_cost_no_memory_each)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);
        uint64_t n_calls;

        h2t_h1_answer(rig, CHUNKED "1\r\nx\r\n");
        n_calls = rig->alloc.n_calls;
        for (int i = 1; i < 100000; i++)
            h2t_h1_answer(rig, "1\r\nx\r\n");
        ck_assert_uint_eq(rig->alloc.n_calls, n_calls);
        h2t_h1_answer(rig, "0\r\n\r\n");
        h2t_h1_expect_success(exchange, 200, NULL);
        ck_assert_uint_eq(exchange->body.len, 100000);
        ck_assert_uint_eq(exchange->n_data_events, 100000);
    }
}

TEST(a_connection_keeps_little_between_its_requests)
{
    EACH_CUT (rig) {
        rig->config.max_header_bytes = 200 * 1024;
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);
        size_t held = rig->alloc.live_bytes;
        char value[1001] = "";

        memset(value, 'v', sizeof value - 1);
        h2t_h1_answer(rig, "HTTP/1.1 204 None\r\nx: ");
        for (int i = 0; i < 150; i++)
            h2t_h1_answer(rig, value);
        h2t_h1_answer(rig, "\r\n\r\n");
        h2t_h1_expect_success(exchange, 204, "");
        h2i_arena_finish(&exchange->arena);
        ck_assert_uint_le(rig->alloc.live_bytes, held + 16 * 1024);
    }
}

/* ---- without sense ------------------------------------------------------- */

#define N_ROUNDS 10000
#define MAX_MUTANT_BYTES 1024

static uint64_t state;

static uint32_t draw(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 11) % below;
}

static const char *const originals[] = {
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nServer: x\r\n folded\r\n\r\nuntil the end",
    (CHUNKED "5;a=\"b\"\r\nhello\r\n00A\r\n0123456789\r\n0\r\nX-Sum: 15\r\n\r\n"),
    "HTTP/1.0 404 Not Found\nConnection: keep-alive, close\nContent-Length: 2, 2\n\nno",
    "HTTP/1.1 204 \r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n",
};

struct mutant {
    char bytes[MAX_MUTANT_BYTES];
    size_t len;
};

static void insert(struct mutant *mutant, size_t at, const char *bytes, size_t n)
{
    if (mutant->len + n > MAX_MUTANT_BYTES)
        return;
    memmove(mutant->bytes + at + n, mutant->bytes + at, mutant->len - at);
    memcpy(mutant->bytes + at, bytes, n);
    mutant->len += n;
}

static void mutate(struct mutant *mutant)
{
    static const char telling[] = "\r\n\r\n: ;,\"\\\t05aF-HTTP/1.1\0\x7f\xff";
    size_t at = draw((uint32_t)mutant->len);
    size_t n = 1 + draw(8);
    char copy[8];

    if (n > mutant->len - at)
        n = mutant->len - at;
    memcpy(copy, mutant->bytes + at, n);
    switch (draw(4)) {
    case 0:
        mutant->bytes[at] = telling[draw(sizeof telling - 1)];
        break;
    case 1:
        insert(mutant, at, telling + draw(sizeof telling - 4), 1 + draw(3));
        break;
    case 2:
        insert(mutant, draw((uint32_t)mutant->len), copy, n);
        break;
    default:
        memmove(mutant->bytes + at, mutant->bytes + at + n, mutant->len - at - n);
        mutant->len -= n;
        break;
    }
}

static struct mutant draw_mutant(void)
{
    const char *original = originals[draw(H2T_LEN(originals))];
    struct mutant mutant = {.len = strlen(original)};

    memcpy(mutant.bytes, original, mutant.len);
    for (uint32_t n = 1 + draw(4); n > 0 && mutant.len > 0; n--)
        mutate(&mutant);
    return mutant;
}

/* Everything that the exchange and the connection can tell, as text. */
static void describe(const struct h2t_h1 *rig, struct h2t_bytes *out)
{
    const struct h2t_h1_exchange *exchange = rig->exchanges[0];
    char line[2048];

    snprintf(line, sizeof line, "%u ends, %d: %s; %u interim, %u heads, %d, %lld; %d, %d, %s; ",
             exchange->n_ends, exchange->outcome.fault.code, exchange->outcome.fault.text,
             exchange->n_informational, exchange->n_heads, exchange->head.status,
             (long long)exchange->head.content_length, rig->conn->has_failed,
             rig->conn->accepts_new, rig->conn->failure.fault.text);
    h2t_bytes_add(out, line, strlen(line));
    for (const h2client_header *field = exchange->trailers; field && field->name; field++)
        h2t_bytes_add(out, field->value, strlen(field->value) + 1);
    h2t_bytes_add(out, exchange->body.data, exchange->body.len);
}

static struct h2t_bytes outcome_of(const struct mutant *mutant, size_t cut)
{
    struct h2t_h1 *rig = h2t_h1_create(cut);
    struct h2t_bytes out = {0};

    h2t_h1_get(rig);
    h2t_h1_answer_bytes(rig, mutant->bytes, mutant->len);
    describe(rig, &out);
    if (!rig->has_stopped)
        h2t_h1_end_input(rig, NULL);
    describe(rig, &out);
    h2t_h1_destroy(rig);
    return out;
}

TEST(mutated_responses_are_read_in_the_same_way_whatever_the_cut)
{
    state = h2t_seed() | 1;
    for (int i = 0; i < N_ROUNDS; i++) {
        struct mutant mutant = draw_mutant();
        struct h2t_bytes whole = outcome_of(&mutant, SIZE_MAX);
        size_t cuts[] = {1, 2 + draw(20)};

        for (size_t j = 0; j < H2T_LEN(cuts); j++) {
            struct h2t_bytes cut = outcome_of(&mutant, cuts[j]);
            if (cut.len != whole.len || memcmp(cut.data, whole.data, cut.len) != 0)
                ck_abort_msg("round %d, cut at %zu: \"%.*s\" instead of \"%.*s\"", i, cuts[j],
                             (int)cut.len, (char *)cut.data, (int)whole.len, (char *)whole.data);
            h2t_bytes_free(&cut);
        }
        h2t_bytes_free(&whole);
    }
}

TEST_MAIN("h1_hostile", {T(what_has_no_end_is_refused_at_its_limit_and_never_held)},
          {T(sixty_four_megabytes_of_head_in_one_piece_are_refused_and_never_held)},
          {T(a_hundred_thousand_chunks_of_a_byte_cost_no_memory_each)},
          {T(a_connection_keeps_little_between_its_requests)},
          {T(mutated_responses_are_read_in_the_same_way_whatever_the_cut)})
