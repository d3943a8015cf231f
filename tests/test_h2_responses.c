/* SPDX-License-Identifier: MIT */
/* Heads of responses (RFC 9113 8.1 to 8.3): interim ones, malformed ones, which fail
 * their own stream with PROTOCOL_ERROR and no other, and large ones. */
#include "tests/support/core_rig.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

/* ---- interim responses --------------------------------------------------- */

static void raw_status(struct h2t_core *core, const char *status, bool is_end)
{
    const h2client_header fields[] = {{":status", status}, {"link", "</a.css>"}, {NULL, NULL}};

    h2t_headers(&core->raw, 1, fields, is_end, 0);
}

TEST(interim_responses_are_reported_and_never_final)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        raw_status(core, "100", false);
        raw_status(core, "103", false);
        raw_status(core, "199", false);
        h2t_core_raw(core);
        ck_assert_uint_eq(exchange->n_informational, 3);
        ck_assert_int_eq(exchange->last_informational, 199);
        ck_assert_uint_eq(exchange->n_heads, 0);
        h2t_core_raw_answer(core, 1, "ok");
        h2t_expect_success(exchange, 200, "ok");
    }
}

TEST(an_interim_response_cannot_end_the_stream)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        raw_status(core, "103", true);
        h2t_core_raw(core);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_STREAM_MALFORMED, NGHTTP2_PROTOCOL_ERROR);
        h2t_expect_reset(core, 1, NGHTTP2_PROTOCOL_ERROR);
        h2t_expect_usable(core);
    }
}

TEST(there_is_no_switching_of_protocols)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        raw_status(core, "101", false);
        h2t_core_raw(core);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_STREAM_MALFORMED, NGHTTP2_PROTOCOL_ERROR);
        h2t_expect_reset(core, 1, NGHTTP2_PROTOCOL_ERROR);
        h2t_expect_usable(core);
    }
}

TEST(interim_responses_are_bounded_in_number)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        for (int i = 0; i < 32; i++)
            raw_status(core, "103", false);
        h2t_core_raw(core);
        ck_assert_uint_eq(exchange->n_informational, 32);
        ck_assert_uint_eq(exchange->n_ends, 0);
        raw_status(core, "103", false);
        h2t_core_raw(core);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_FLOOD, NGHTTP2_ENHANCE_YOUR_CALM);
        h2t_expect_reset(core, 1, NGHTTP2_ENHANCE_YOUR_CALM);
        h2t_expect_usable(core);
    }
}

/* ---- malformed heads ----------------------------------------------------- */

/* One field may have a length of its own: bytes that strlen cannot count. */
struct bad_head {
    const char *what;
    const h2client_header *fields;
    size_t name_len; /* of the last field; 0: strlen */
    size_t value_len;
};
#define OK_STATUS .name = ":status", .value = "200"

static const struct bad_head bad_heads[] = {
    {"no :status", H2T_FIELDS({"a", "b"}), 0, 0},
    {":status twice", H2T_FIELDS({OK_STATUS}, {OK_STATUS}), 0, 0},
    {":status twice, otherwise", H2T_FIELDS({OK_STATUS}, {":status", "404"}), 0, 0},
    {":status empty", H2T_FIELDS({":status", ""}), 0, 0},
    {":status of two digits", H2T_FIELDS({":status", "20"}), 0, 0},
    {":status of four digits", H2T_FIELDS({":status", "2000"}), 0, 0},
    {":status with a leading zero", H2T_FIELDS({":status", "0200"}), 0, 0},
    {":status of letters", H2T_FIELDS({":status", "abc"}), 0, 0},
    {":status with a sign", H2T_FIELDS({":status", "+20"}), 0, 0},
    {":status with a space", H2T_FIELDS({":status", "20 "}), 0, 0},
    {":status below 100", H2T_FIELDS({":status", "099"}), 0, 0},
    {":status after a field", H2T_FIELDS({"a", "b"}, {OK_STATUS}), 0, 0},
    {"unknown pseudo field", H2T_FIELDS({OK_STATUS}, {":new", "x"}), 0, 0},
    {"bare colon", H2T_FIELDS({OK_STATUS}, {":", "x"}), 0, 0},
    {"pseudo field of requests", H2T_FIELDS({OK_STATUS}, {":path", "/"}), 0, 0},
    {"unknown pseudo field for :status", H2T_FIELDS({":state", "200"}), 0, 0},
    {"pseudo field of requests first", H2T_FIELDS({":method", "GET"}, {OK_STATUS}), 0, 0},
    {"upper-case name", H2T_FIELDS({OK_STATUS}, {"X-Upper", "x"}), 0, 0},
    {"empty name", H2T_FIELDS({OK_STATUS}, {"", "x"}), 0, 0},
    {"space in the name", H2T_FIELDS({OK_STATUS}, {"a b", "x"}), 0, 0},
    {"space after the name", H2T_FIELDS({OK_STATUS}, {"a ", "x"}), 0, 0},
    {"colon in the name", H2T_FIELDS({OK_STATUS}, {"a:b", "x"}), 0, 0},
    {"tab in the name", H2T_FIELDS({OK_STATUS}, {"a\tb", "x"}), 0, 0},
    {"CR LF in the name", H2T_FIELDS({OK_STATUS}, {"a\r\nb", "x"}), 0, 0},
    {"NUL in the name", H2T_FIELDS({OK_STATUS}, {"a\0b", "x"}), 3, 1},
    {"DEL in the name", H2T_FIELDS({OK_STATUS}, {"a\x7f", "x"}), 0, 0},
    {"obs-text in the name", H2T_FIELDS({OK_STATUS}, {"a\xfc", "x"}), 0, 0},
    {"LF in the value", H2T_FIELDS({OK_STATUS}, {"a", "x\ny: z"}), 0, 0},
    {"CR in the value", H2T_FIELDS({OK_STATUS}, {"a", "x\ry"}), 0, 0},
    {"NUL in the value", H2T_FIELDS({OK_STATUS}, {"a", "x\0y"}), 1, 3},
    {"control in the value", H2T_FIELDS({OK_STATUS}, {"a", "x\x01y"}), 0, 0},
    {"space before the value", H2T_FIELDS({OK_STATUS}, {"a", " x"}), 0, 0},
    {"tab after the value", H2T_FIELDS({OK_STATUS}, {"a", "x\t"}), 0, 0},
    {"connection", H2T_FIELDS({OK_STATUS}, {"connection", "close"}), 0, 0},
    {"keep-alive", H2T_FIELDS({OK_STATUS}, {"keep-alive", "timeout=5"}), 0, 0},
    {"proxy-connection", H2T_FIELDS({OK_STATUS}, {"proxy-connection", "close"}), 0, 0},
    {"transfer-encoding", H2T_FIELDS({OK_STATUS}, {"transfer-encoding", "chunked"}), 0, 0},
    {"upgrade", H2T_FIELDS({OK_STATUS}, {"upgrade", "h2c"}), 0, 0},
    {"te", H2T_FIELDS({OK_STATUS}, {"te", "gzip"}), 0, 0},
};

static void raw_bad_head(struct h2t_core *core, int32_t stream_id, const struct bad_head *head)
{
    struct h2t_bytes block = {0};

    for (const h2client_header *field = head->fields; field->name; field++) {
        bool is_last = !field[1].name;
        size_t name_len = is_last && head->name_len ? head->name_len : strlen(field->name);
        size_t value_len = is_last && head->value_len ? head->value_len : strlen(field->value);

        h2t_hpack_literal_len(&block, field->name, name_len, field->value, value_len);
    }
    h2t_header_block(&core->raw, stream_id, &block, false, 0);
    h2t_data(&core->raw, stream_id, "evil", 4, -1, true);
    h2t_bytes_free(&block);
}

TEST(a_malformed_head_fails_its_own_stream_and_no_other)
{
    for (size_t i = 0; i < H2T_LEN(bad_heads); i++) {
        EACH_CUT (core) {
            struct h2t_exchange *bad;
            struct h2t_exchange *good;

            h2t_core_start_raw(core);
            bad = h2t_core_get(core);
            good = h2t_core_get(core);
            raw_bad_head(core, 1, &bad_heads[i]);
            h2t_core_raw(core);
            ck_assert_msg(bad->n_ends == 1, "%s is taken", bad_heads[i].what);
            h2t_expect_failure(bad, H2CLIENT_ERROR_H2_STREAM_MALFORMED, NGHTTP2_PROTOCOL_ERROR);
            h2t_expect_reset(core, 1, NGHTTP2_PROTOCOL_ERROR);
            ck_assert_uint_eq(bad->n_heads + bad->body.len, 0);
            h2t_core_raw_answer(core, 3, "fine");
            h2t_expect_success(good, 200, "fine");
        }
    }
}

TEST(repeated_empty_and_non_ascii_fields_arrive_as_sent_and_in_order)
{
    static const h2client_header sent[] = {
        {":status", "200"},     {"set-cookie", "b=2"}, {"set-cookie", "a=1"}, {"x-empty", ""},
        {"x-text", "\xfc\xff"}, {"set-cookie", "b=3"}, {"x-inner", "a \t b"}, {NULL, NULL}};

    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        h2t_headers(&core->raw, 1, sent, true, 0);
        h2t_core_raw(core);
        h2t_expect_success(exchange, 200, "");
        for (size_t i = 0; sent[i].name; i++) {
            const h2client_header *field = &exchange->head.fields[i];

            if (!sent[i + 1].name) {
                ck_assert_ptr_null(field->name);
                break;
            }
            ck_assert_str_eq(field->name, sent[i + 1].name);
            ck_assert_str_eq(field->value, sent[i + 1].value);
        }
    }
}

/* ---- sizes --------------------------------------------------------------- */

TEST(sixty_kilobytes_of_fields_are_taken_by_default)
{
    char value[1000] = "";

    memset(value, 'v', sizeof value - 1);
    EACH_CUT (core) {
        struct h2t_bytes block = {0};
        struct h2t_exchange *exchange;

        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        h2t_hpack_indexed(&block, 8);
        for (int i = 0; i < 60; i++)
            h2t_hpack_literal(&block, "x-field", value);
        h2t_header_block(&core->raw, 1, &block, true, 0);
        h2t_bytes_free(&block);
        h2t_core_raw(core);
        h2t_expect_success(exchange, 200, "");
        ck_assert_str_eq(exchange->head.fields[59].value, value);
        ck_assert_ptr_null(exchange->head.fields[60].name);
    }
}

/* A head with n fields of that many bytes, and one that enters the dynamic table. */
static void raw_large_head(struct h2t_core *core, int32_t stream_id, size_t n_fields,
                           size_t field_len)
{
    struct h2t_bytes block = {0};
    char *value = calloc(1, field_len + 1);

    memset(value, 'v', field_len);
    h2t_hpack_indexed(&block, 8);
    for (size_t i = 0; i < n_fields; i++)
        h2t_hpack_literal(&block, "x-field", value);
    h2t_hpack_literal_indexed(&block, "x-remembered", "yes", 3);
    h2t_header_block(&core->raw, stream_id, &block, false, 0);
    h2t_data(&core->raw, stream_id, "body", 4, -1, true);
    h2t_bytes_free(&block);
    free(value);
}

static void refuse_large_head(struct h2t_core *core, size_t n_fields, size_t field_len)
{
    struct h2t_bytes block = {0};
    struct h2t_exchange *large;
    struct h2t_exchange *next;

    core->config.max_header_bytes = 8192;
    core->config.max_header_fields = 100;
    h2t_core_start_raw(core);
    large = h2t_core_get(core);
    raw_large_head(core, 1, n_fields, field_len);
    h2t_core_raw(core);
    h2t_expect_failure(large, H2CLIENT_ERROR_HEADERS_TOO_LARGE, NGHTTP2_CANCEL);
    h2t_expect_reset(core, 1, NGHTTP2_CANCEL);
    ck_assert_uint_eq(large->n_heads, 0);
    next = h2t_core_get(core);
    h2t_hpack_indexed(&block, 8);
    h2t_hpack_indexed(&block, 62); /* the newest entry of the dynamic table */
    h2t_header_block(&core->raw, 3, &block, true, 0);
    h2t_bytes_free(&block);
    h2t_core_raw(core);
    h2t_expect_success(next, 200, "");
    ck_assert_str_eq(next->head.fields[0].name, "x-remembered");
    ck_assert_str_eq(next->head.fields[0].value, "yes");
}

TEST(fields_above_the_limit_are_refused_and_the_decoder_stays_in_step)
{
    EACH_CUT (core)
        refuse_large_head(core, 10, 1000);
    EACH_CUT (core)
        refuse_large_head(core, 101, 1);
    EACH_CUT (core)
        refuse_large_head(core, 1, 30000);
}

TEST(interim_responses_count_against_the_limit_of_fields)
{
    char value[1000] = "";
    const h2client_header hint[] = {{":status", "103"}, {"link", value}, {NULL, NULL}};

    memset(value, 'v', sizeof value - 1);
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        core->config.max_header_bytes = 8192;
        h2t_core_start_raw(core);
        exchange = h2t_core_get(core);
        for (int i = 0; i < 10; i++)
            h2t_headers(&core->raw, 1, hint, false, 0);
        h2t_core_raw(core);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_HEADERS_TOO_LARGE, NGHTTP2_CANCEL);
        h2t_expect_usable(core);
    }
}

TEST_MAIN("h2_responses", {T(interim_responses_are_reported_and_never_final)},
          {T(an_interim_response_cannot_end_the_stream)}, {T(there_is_no_switching_of_protocols)},
          {T(interim_responses_are_bounded_in_number)},
          {T(a_malformed_head_fails_its_own_stream_and_no_other)},
          {T(repeated_empty_and_non_ascii_fields_arrive_as_sent_and_in_order)},
          {T(sixty_kilobytes_of_fields_are_taken_by_default)},
          {T(fields_above_the_limit_are_refused_and_the_decoder_stays_in_step)},
          {T(interim_responses_count_against_the_limit_of_fields)})
