/* SPDX-License-Identifier: MIT */
/* Hostile servers (RFC 9113 10.5, RFC 7541 7): every attack of tests/peer/hostile.c, by a
 * client that can write and by one that cannot, within bounds of memory and of time. */
#include "tests/support/core_rig.h"

#include <nghttp2/nghttp2.h>
#include <string.h>
#include <time.h>

#include "tests/peer/hostile.h"

#define MAX_EXTRA_BYTES (2 * 1024 * 1024)
#define MAX_CPU_SECONDS 2 /* with sanitizers */

struct victim {
    struct h2t_exchange *exchange;
    size_t bytes_before;
    clock_t began;
};

/* A client with one request open. */
static struct victim prepare(struct h2t_core *core)
{
    struct victim victim;

    h2t_core_start_raw(core);
    victim.exchange = h2t_core_get(core);
    h2t_core_run(core);
    victim.bytes_before = core->alloc.live_bytes;
    core->alloc.peak_bytes = core->alloc.live_bytes;
    victim.began = clock();
    return victim;
}

static void expect_bounded(const struct h2t_core *core, const struct victim *victim,
                           const struct h2t_attack *attack)
{
    size_t extra = core->alloc.peak_bytes - victim->bytes_before;
    double seconds = (double)(clock() - victim->began) / CLOCKS_PER_SEC;

    ck_assert_msg(extra < MAX_EXTRA_BYTES, "%s: %zu bytes", attack->name, extra);
    if (core->cut == SIZE_MAX)
        ck_assert_msg(seconds < MAX_CPU_SECONDS, "%s: %f CPU seconds", attack->name, seconds);
}

static h2client_error_code code_of(uint32_t http2_code)
{
    switch (http2_code) {
    case NGHTTP2_COMPRESSION_ERROR:
        return H2CLIENT_ERROR_H2_COMPRESSION;
    case NGHTTP2_ENHANCE_YOUR_CALM:
        return H2CLIENT_ERROR_H2_FLOOD;
    default:
        return H2CLIENT_ERROR_H2_STREAM_MALFORMED;
    }
}

/* What is left to say for a good response, if anybody still listens. */
static void finish_response(struct h2t_core *core, const struct h2t_attack *attack)
{
    if (core->has_stopped)
        return;
    if (!attack->begins_response)
        h2t_core_raw_head(core, 1, false);
    h2t_data(&core->raw, 1, "ok", 2, -1, true);
    h2t_core_raw(core);
}

/* The exchange ended with the code, on the wire as in the outcome: of the stream, or of
 * the connection. */
static void expect_ended(const struct h2t_core *core, const struct h2t_exchange *exchange,
                         uint32_t http2_code, bool is_conn)
{
    ck_assert_int_eq(core->conn->has_failed, is_conn);
    if (is_conn)
        h2t_expect_goaway(core, code_of(http2_code), http2_code);
    else
        h2t_expect_reset(core, 1, http2_code);
    /* It may have been refused before the connection was given up. */
    if (exchange->outcome.fault.code != H2CLIENT_ERROR_HEADERS_TOO_LARGE)
        h2t_expect_failure(exchange, code_of(http2_code), http2_code);
}

static void expect_refused(struct h2t_core *core, const struct h2t_exchange *exchange)
{
    ck_assert_uint_eq(exchange->n_ends, 1);
    ck_assert_int_ne(exchange->outcome.fault.code, H2CLIENT_OK);
    ck_assert_uint_eq(exchange->n_heads, 0);
    if (!core->conn->has_failed)
        h2t_expect_usable(core);
    else
        ck_assert_ptr_nonnull(h2t_peer_last(core->peer, H2T_GOAWAY, 0));
}

static void expect_verdict(struct h2t_core *core, const struct h2t_exchange *exchange,
                           const struct h2t_attack *attack)
{
    ck_assert_msg(exchange->n_ends == 1, "%s: the request has not ended", attack->name);
    switch (attack->verdict) {
    case H2T_CONN_MUST_END:
        expect_ended(core, exchange, attack->http2_code, true);
        break;
    case H2T_STREAM_MUST_END:
        expect_ended(core, exchange, attack->http2_code, false);
        h2t_expect_usable(core);
        break;
    case H2T_MUST_REFUSE:
        expect_refused(core, exchange);
        break;
    case H2T_MAY_SURVIVE:
        if (exchange->outcome.fault.code == H2CLIENT_OK)
            h2t_expect_success(exchange, 200, "ok");
        else
            expect_ended(core, exchange, attack->http2_code, core->conn->has_failed);
        break;
    }
}

TEST(every_attack_is_refused_or_survived_by_a_client_that_answers)
{
    for (size_t i = 0; i < h2t_n_attacks; i++) {
        EACH_CUT (core) {
            const struct h2t_attack *attack = &h2t_attacks[i];
            struct victim victim = prepare(core);

            attack->build(&core->raw, 1, attack->n);
            h2t_core_raw(core);
            expect_bounded(core, &victim, attack);
            finish_response(core, attack);
            expect_verdict(core, victim.exchange, attack);
        }
    }
}

/* In pieces of a kilobyte, each answered before the next: what is queued is sent. */
static void trickle(struct h2t_core *core, const struct h2t_attack *attack)
{
    struct h2t_bytes bytes = {0};

    attack->build(&bytes, 1, attack->n);
    for (size_t at = 0; at < bytes.len && !core->has_stopped; at += 1024) {
        size_t n = bytes.len - at < 1024 ? bytes.len - at : 1024;

        h2t_bytes_add(&core->raw, bytes.data + at, n);
        h2t_core_raw(core);
    }
    h2t_bytes_free(&bytes);
}

TEST(every_attack_is_refused_or_survived_when_it_comes_slowly)
{
    for (size_t i = 0; i < h2t_n_attacks; i++) {
        struct h2t_core *core = h2t_core_first_cut();
        const struct h2t_attack *attack = &h2t_attacks[i];
        struct victim victim = prepare(core);

        trickle(core, attack);
        expect_bounded(core, &victim, attack);
        finish_response(core, attack);
        expect_verdict(core, victim.exchange, attack);
        h2t_core_end(core);
    }
}

TEST(no_attack_makes_a_client_that_cannot_write_queue_without_end)
{
    for (size_t i = 0; i < h2t_n_attacks; i++) {
        EACH_CUT (core) {
            const struct h2t_attack *attack = &h2t_attacks[i];
            struct victim victim = prepare(core);

            attack->build(&core->raw, 1, attack->n);
            h2t_peer_send_raw(core->peer, core->raw.data, core->raw.len);
            core->raw.len = 0;
            h2t_core_feed(core);
            expect_bounded(core, &victim, attack);
            h2t_core_run(core); /* now it can */
            finish_response(core, attack);
            expect_verdict(core, victim.exchange, attack);
        }
    }
}

TEST(answers_to_ping_and_settings_are_bounded_in_number)
{
    EACH_CUT (core) {
        h2t_core_start_raw(core);
        h2t_core_get(core);
        h2t_core_run(core);
        for (uint64_t i = 0; i < 600; i++) {
            h2t_ping(&core->raw, false, i);
            h2t_settings(&core->raw, NULL, NULL, 0);
        }
        h2t_core_raw(core);
        h2t_expect_goaway(core, H2CLIENT_ERROR_H2_FLOOD, NGHTTP2_ENHANCE_YOUR_CALM);
    }
}

TEST(a_long_lived_connection_with_usual_chatter_is_no_flood)
{
    EACH_CUT (core) {
        h2t_core_start_raw(core);
        for (uint64_t i = 0; i < 200; i++) {
            for (int n = 0; n < 3; n++)
                h2t_window_update(&core->raw, 0, 1);
            h2t_ping(&core->raw, false, i);
            h2t_frame(&core->raw, 0xb, 0, 0, "grease", 6);
            h2t_expect_usable(core);
        }
        ck_assert_uint_eq(h2t_peer_count(core->peer, H2T_PING, 0), 200);
    }
}

/* ---- sizes --------------------------------------------------------------- */

TEST(a_frame_above_our_limit_is_a_frame_size_error_also_after_the_head)
{
    static const uint8_t types[] = {H2T_DATA, H2T_HEADERS, H2T_SETTINGS, H2T_GOAWAY, 0xfa};

    for (size_t i = 0; i < H2T_LEN(types); i++) {
        EACH_CUT (core) {
            int32_t stream_id = types[i] == H2T_DATA || types[i] == H2T_HEADERS;
            struct h2t_exchange *exchange;

            h2t_core_start_raw(core);
            exchange = h2t_core_get(core);
            if (types[i] != H2T_HEADERS)
                h2t_core_raw_head(core, 1, false);
            h2t_frame_head(&core->raw, 16385, types[i], 0, stream_id);
            h2t_core_raw(core);
            h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_FRAME_SIZE, NGHTTP2_FRAME_SIZE_ERROR);
            h2t_expect_goaway(core, H2CLIENT_ERROR_H2_FRAME_SIZE, NGHTTP2_FRAME_SIZE_ERROR);
        }
    }
}

TEST(a_frame_of_exactly_our_limit_is_taken)
{
    static const char body[16385];

    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        h2t_core_raw_head(core, 1, false);
        h2t_data(&core->raw, 1, body, 16384, -1, true);
        h2t_core_raw(core);
        h2t_expect_success(exchange, 200, NULL);
        ck_assert_uint_eq(exchange->body.len, 16384);
    }
}

/* ---- what we do not know ------------------------------------------------- */

static void raw_unknown_things(struct h2t_core *core)
{
    h2t_frame(&core->raw, 0xa, 0, 0,
              "\0\x0b"
              "server.test"
              "h3=\":443\"",
              22); /* ALTSVC */
    h2t_frame(&core->raw, 0xc, 0, 0,
              "\0\x14"
              "https://other.test:9",
              22);                                         /* ORIGIN */
    h2t_frame(&core->raw, 0x10, 0, 0, "\0\0\0\x01u=1", 7); /* PRIORITY_UPDATE */
    h2t_frame(&core->raw, 0x0b, 0xff, 1, "grease", 6);
    h2t_frame(&core->raw, 0x2a, 0, 2, "grease", 6);
    h2t_frame(&core->raw, 0xff, 0, 77, NULL, 0);
    h2t_settings(&core->raw, &(uint16_t){0x2a2a}, &(uint32_t){0x2a2a2a2a}, 1);
    h2t_frame(&core->raw, H2T_PING, 0xfe, 0, "12345678", 8);
    h2t_frame(&core->raw, H2T_WINDOW_UPDATE, 0xff, 0, "\x80\0\0\x01", 4);
}

TEST(frames_flags_settings_and_bits_we_do_not_know_change_nothing)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;
        const uint8_t status = 0x88;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        raw_unknown_things(core);
        h2t_frame(&core->raw, H2T_HEADERS, 0xd2 | H2T_END_HEADERS, (int32_t)0x80000001, &status, 1);
        raw_unknown_things(core);
        h2t_frame(&core->raw, H2T_DATA, 0xf6, (int32_t)0x80000001, "ok", 2);
        raw_unknown_things(core);
        h2t_data(&core->raw, 1, NULL, 0, -1, true);
        h2t_core_raw(core);
        h2t_expect_success(exchange, 200, "ok");
        h2t_expect_usable(core);
    }
}

/* ---- the sizes in which bytes arrive ------------------------------------- */

TEST(a_block_in_many_small_continuations_is_taken_whole_and_byte_by_byte)
{
    static const h2client_header fields[] = {
        {":status", "200"}, {"x-first", "0123456789"}, {"x-second", "abcdefghij"}, {NULL, NULL}};

    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        h2t_headers(&core->raw, 1, fields, false, 1);
        h2t_data(&core->raw, 1, "ok", 2, 3, true);
        h2t_core_raw(core);
        h2t_expect_success(exchange, 200, "ok");
        ck_assert_str_eq(exchange->head.fields[0].value, "0123456789");
        ck_assert_str_eq(exchange->head.fields[1].value, "abcdefghij");
    }
}

TEST_MAIN("h2_hostile", {T(every_attack_is_refused_or_survived_by_a_client_that_answers)},
          {T(every_attack_is_refused_or_survived_when_it_comes_slowly)},
          {T(no_attack_makes_a_client_that_cannot_write_queue_without_end)},
          {T(answers_to_ping_and_settings_are_bounded_in_number)},
          {T(a_long_lived_connection_with_usual_chatter_is_no_flood)},
          {T(a_frame_above_our_limit_is_a_frame_size_error_also_after_the_head)},
          {T(a_frame_of_exactly_our_limit_is_taken)},
          {T(frames_flags_settings_and_bits_we_do_not_know_change_nothing)},
          {T(a_block_in_many_small_continuations_is_taken_whole_and_byte_by_byte)})
