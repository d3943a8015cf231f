/* SPDX-License-Identifier: MIT */
/* Bodies of HTTP/1.1 responses: where they end, and what is no end of theirs. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/h1_rig.h"

#define BYTES(text) text, sizeof(text) - 1
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

/* ---- the three framings -------------------------------------------------- */

TEST(a_counted_body_ends_by_its_length_without_waiting_for_the_end)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

        h2t_h1_answer(rig, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        h2t_h1_expect_success(exchange, 200, "hello");
        ck_assert_int_eq(exchange->head.content_length, 5);
        ck_assert(!rig->conn->has_failed);
        h2t_h1_expect_usable(rig);
    }
}

TEST(a_chunked_body_ends_by_its_last_chunk_without_waiting_for_the_end)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

        h2t_h1_answer(rig, CHUNKED "5\r\nhello\r\n1\r\n,\r\n6\r\n world\r\n0\r\n\r\n");
        h2t_h1_expect_success(exchange, 200, "hello, world");
        ck_assert_int_eq(exchange->head.content_length, -1);
        ck_assert_ptr_null(exchange->trailers);
        h2t_h1_expect_usable(rig);
    }
}

TEST(an_unframed_body_ends_with_the_connection)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

        h2t_h1_answer(rig, "HTTP/1.1 200 OK\r\n\r\nhello");
        ck_assert_uint_eq(exchange->n_ends, 0);
        h2t_h1_answer(rig, ", world");
        h2t_h1_end_input(rig, NULL);
        h2t_h1_expect_success(exchange, 200, "hello, world");
        ck_assert(!rig->conn->accepts_new);
    }
}

TEST(an_unframed_body_may_be_empty)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

        h2t_h1_answer(rig, "HTTP/1.1 200 OK\r\n\r\n");
        ck_assert_uint_eq(exchange->n_heads, 1);
        h2t_h1_end_input(rig, NULL);
        h2t_h1_expect_success(exchange, 200, "");
    }
}

/* ---- chunks -------------------------------------------------------------- */

static const char *const good_chunks[] = {
    "5\r\nhello\r\n0\r\n\r\n",
    "5\r\nhello\r\n00000\r\n\r\n",
    "0000000000000005\r\nhello\r\n0\r\n\r\n",
    "5;name\r\nhello\r\n0\r\n\r\n",
    "5;name=value\r\nhello\r\n0;last\r\n\r\n",
    "5 ; name = value\r\nhello\r\n0\r\n\r\n",
    "5  \t\r\nhello\r\n0 \r\n\r\n",
    "5;a=\"quoted; \\\" \\\\ \xfc\";b\r\nhello\r\n0\r\n\r\n",
    "2\r\nhe\r\n3;a=\"\"\r\nllo\r\n0\r\n\r\n",
    "5\r\nhello\r\n0\r\nx: y\r\n\r\n",
    "5\r\nhello\r\n0\r\nx: y\n\n",
};

TEST(chunks_in_all_their_shapes_are_taken)
{
    for (size_t i = 0; i < H2T_LEN(good_chunks); i++) {
        EACH_CUT (rig) {
            struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

            h2t_h1_answer(rig, CHUNKED);
            h2t_h1_answer(rig, good_chunks[i]);
            ck_assert_msg(exchange->n_ends == 1 && !rig->has_stopped, "%s: %s", good_chunks[i],
                          exchange->outcome.fault.text);
            h2t_h1_expect_success(exchange, 200, "hello");
            h2t_h1_expect_usable(rig);
        }
    }
}

TEST(a_chunks_size_may_be_in_letters_of_both_cases)
{
    static const char *const sizes[] = {"1aF", "1Af", "01AF"};
    char data[0x1af + 1] = "";

    memset(data, 'd', sizeof data - 1);
    for (size_t i = 0; i < H2T_LEN(sizes); i++) {
        EACH_CUT (rig) {
            struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

            h2t_h1_answer(rig, CHUNKED);
            h2t_h1_answer(rig, sizes[i]);
            h2t_h1_answer(rig, "\r\n");
            h2t_h1_answer(rig, data);
            h2t_h1_answer(rig, "\r\n0\r\n\r\n");
            h2t_h1_expect_success(exchange, 200, data);
        }
    }
}

static const struct {
    const char *data;
    size_t len;
    const char *says;
} bad_chunks[] = {
    {BYTES("\r\n"), "has no size"},
    {BYTES("x\r\n"), "has no size"},
    {BYTES("-5\r\n"), "has no size"},
    {BYTES("+5\r\n"), "has no size"},
    {BYTES(" 5\r\n"), "has no size"},
    {BYTES("\n5\r\n"), "has no size"},
    {BYTES(";a\r\n"), "has no size"},
    {BYTES("0x5\r\nhello"), "not a hexadecimal number"},
    {BYTES("5h\r\nhello"), "not a hexadecimal number"},
    {BYTES("5,\r\nhello"), "not a hexadecimal number"},
    {BYTES("5 5\r\nhello"), "not a hexadecimal number"},
    {BYTES("5\0\r\nhello"), "not a hexadecimal number"},
    {BYTES("5\nhello\r\n"), "not a hexadecimal number"},
    {BYTES("5\rhello"), "does not end with CR LF"},
    {BYTES("5\r\r\nhello"), "does not end with CR LF"},
    {BYTES("5;a\nhello\r\n"), "control character"},
    {BYTES("5;a\0\r\nhello"), "control character"},
    {BYTES("5;a=\"b\r\nhello"), "control character"},
    {BYTES("5;a=\"b\\\"\r\nhello"), "control character"},
    {BYTES("00000000000000005\r\nhello"), "too large a number"},
    {BYTES("8000000000000000\r\nhello"), "too large a number"},
    {BYTES("10000000000000005\r\nhello"), "too large a number"},
    {BYTES("ffffffffffffffff\r\nhello"), "too large a number"},
    {BYTES("5\r\nhello5\r\n"), "does not end with CR LF after its size"},
    {BYTES("5\r\nhello\n0\r\n"), "does not end with CR LF after its size"},
    {BYTES("5\r\nhello\r0\r\n"), "does not end with CR LF after its size"},
    {BYTES("5\r\nhello, world\r\n0\r\n\r\n"), "does not end with CR LF after its size"},
    {BYTES("5\r\nhello\r\n\r\n0\r\n\r\n"), "has no size"},
    {BYTES("5\r\nhello\r\n0\r\nno colon\r\n\r\n"), "line 1 of the fields has no colon"},
    {BYTES("5\r\nhello\r\n0\r\n x: y\r\n\r\n"), "white space before the first field"},
    {BYTES("5\r\nhello\r\n0\r\nx : y\r\n\r\n"), "field \"x \" has a byte"},
};

TEST(malformed_chunks_are_refused_and_the_text_says_why)
{
    for (size_t i = 0; i < H2T_LEN(bad_chunks); i++) {
        EACH_CUT (rig) {
            struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

            h2t_h1_answer(rig, CHUNKED);
            h2t_h1_answer_bytes(rig, bad_chunks[i].data, bad_chunks[i].len);
            ck_assert_msg(exchange->n_ends == 1, "%s is taken", bad_chunks[i].data);
            h2t_h1_expect_failure(exchange, H2CLIENT_ERROR_H1_MALFORMED,
                                  H2CLIENT_REPLAY_MAYBE_PROCESSED);
            h2t_h1_expect_text(exchange, bad_chunks[i].says);
            ck_assert_uint_le(exchange->body.len, 5);
            h2t_h1_expect_failed(rig, H2CLIENT_ERROR_H1_MALFORMED);
        }
    }
}

TEST(trailers_come_after_the_body_apart_from_the_head)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

        h2t_h1_answer(rig, CHUNKED "2\r\nok\r\n0\r\nX-Sum: 1\r\n 2\r\nx-sum:\r\n\r\n");
        h2t_h1_expect_success(exchange, 200, "ok");
        ck_assert_str_eq(exchange->trailers[0].name, "x-sum");
        ck_assert_str_eq(exchange->trailers[0].value, "1 2");
        ck_assert_str_eq(exchange->trailers[1].value, "");
        ck_assert_ptr_null(exchange->trailers[2].name);
        ck_assert_ptr_null(h2i_fields_find(exchange->head.fields, "x-sum"));
        h2t_h1_expect_usable(rig);
    }
}

TEST(trailers_change_no_framing)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

        h2t_h1_answer(rig,
                      CHUNKED "2\r\nok\r\n0\r\nContent-Length: 9\r\nConnection: close\r\n\r\n");
        h2t_h1_expect_success(exchange, 200, "ok");
        h2t_h1_expect_usable(rig);
    }
}

/* ---- lengths ------------------------------------------------------------- */

struct length {
    const char *fields;
    int64_t len; /* -1: refused */
};

static const struct length lengths[] = {
    {"Content-Length: 2\r\n", 2},
    {"Content-Length: 0002\r\n", 2},
    {"Content-Length: 2\r\nContent-Length: 2\r\n", 2},
    {"Content-Length: 2, 2\r\n", 2},
    {"Content-Length: 2 ,\t2,2\r\n", 2},
    {"Content-Length: 2\r\nContent-Length: 3\r\n", -1},
    {"Content-Length: 2, 3\r\n", -1},
    {"Content-Length: 4 2\r\n", -1},
    {"Content-Length: 4\r\n 2\r\n", -1},
    {"Content-Length: +5\r\n", -1},
    {"Content-Length: -5\r\n", -1},
    {"Content-Length: 0x5\r\n", -1},
    {"Content-Length: 5;\r\n", -1},
    {"Content-Length: 5.0\r\n", -1},
    {"Content-Length: \"5\"\r\n", -1},
    {"Content-Length:\r\n", -1},
    {"Content-Length: ,\r\n", -1},
    {"Content-Length: 2,\r\n", -1},
    {"Content-Length: five\r\n", -1},
    {"Content-Length: 9223372036854775808\r\n", -1},
    {"Content-Length: 18446744073709551618\r\n", -1},
    {"Content-Length: 99999999999999999999999999\r\n", -1},
};

TEST(a_length_is_one_number_or_the_response_is_refused)
{
    for (size_t i = 0; i < H2T_LEN(lengths); i++) {
        EACH_CUT (rig) {
            struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

            h2t_h1_answer_head(rig, lengths[i].fields);
            if (lengths[i].len >= 0) {
                h2t_h1_answer(rig, "ok");
                h2t_h1_expect_success(exchange, 200, "ok");
                continue;
            }
            ck_assert_msg(exchange->n_ends == 1, "%s is taken", lengths[i].fields);
            h2t_h1_expect_failure(exchange, H2CLIENT_ERROR_H1_MALFORMED,
                                  H2CLIENT_REPLAY_MAYBE_PROCESSED);
            h2t_h1_expect_text(exchange, "content-length is not one number");
            ck_assert_uint_eq(exchange->n_heads, 0);
        }
    }
}

/* ---- transfer-encoding --------------------------------------------------- */

static const char *const good_codings[] = {
    "Transfer-Encoding: chunked\r\n",
    "transfer-encoding:Chunked\r\n",
    "TRANSFER-ENCODING:\t CHUNKED \r\n",
};

TEST(chunked_may_be_written_in_any_case_of_letters)
{
    for (size_t i = 0; i < H2T_LEN(good_codings); i++) {
        EACH_CUT (rig) {
            struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

            h2t_h1_answer_head(rig, good_codings[i]);
            h2t_h1_answer(rig, "2\r\nok\r\n0\r\n\r\n");
            h2t_h1_expect_success(exchange, 200, "ok");
            h2t_h1_expect_usable(rig);
        }
    }
}

static const char *const bad_codings[] = {
    "Transfer-Encoding: gzip\r\n",
    "Transfer-Encoding: identity\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding: chunked, gzip\r\n",
    "Transfer-Encoding: chunked, identity\r\n",
    "Transfer-Encoding: chunked, chunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n",
    "Transfer-Encoding: chunked;q=1\r\n",
    "Transfer-Encoding: \"chunked\"\r\n",
    "Transfer-Encoding: xchunked\r\n",
    "Transfer-Encoding: chunked,\r\n",
    "Transfer-Encoding:\r\n",
};

TEST(codings_other_than_chunked_alone_are_refused)
{
    for (size_t i = 0; i < H2T_LEN(bad_codings); i++) {
        EACH_CUT (rig) {
            struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

            h2t_h1_answer_head(rig, bad_codings[i]);
            h2t_h1_answer(rig, "2\r\nok\r\n0\r\n\r\n");
            ck_assert_msg(exchange->n_ends == 1, "%s is taken", bad_codings[i]);
            h2t_h1_expect_failure(exchange, H2CLIENT_ERROR_H1_MALFORMED,
                                  H2CLIENT_REPLAY_MAYBE_PROCESSED);
            h2t_h1_expect_text(exchange, "transfer-encoding");
            ck_assert_uint_eq(exchange->n_heads + exchange->body.len, 0);
        }
    }
}

TEST(transfer_encoding_in_a_response_of_version_1_0_is_refused)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

        h2t_h1_answer(rig, "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        h2t_h1_expect_failure(exchange, H2CLIENT_ERROR_H1_MALFORMED,
                              H2CLIENT_REPLAY_MAYBE_PROCESSED);
        h2t_h1_expect_text(exchange, "transfer-encoding in an HTTP/1.0 response");
    }
}

TEST(transfer_encoding_wins_over_a_length_and_the_connection_is_not_used_again)
{
    static const char *const heads[] = {
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        "Content-Length: 300\r\nTransfer-Encoding: chunked\r\n",
    };

    for (size_t i = 0; i < H2T_LEN(heads); i++) {
        EACH_CUT (rig) {
            struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

            h2t_h1_answer_head(rig, heads[i]);
            h2t_h1_answer(rig, "2\r\nok\r\n0\r\n\r\n");
            h2t_h1_expect_success(exchange, 200, "ok");
            ck_assert_int_eq(exchange->head.content_length, -1);
            h2t_h1_expect_closing(rig);
        }
    }
}

/* ---- no body at all ------------------------------------------------------ */

static const struct {
    const char *method;
    const char *head;
    int status;
    int64_t content_length;
} bodiless[] = {
    {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", 200, 1000},
    {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200, -1},
    {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", 200, -1},
    {"HEAD", "HTTP/1.1 200 OK\r\n\r\n", 200, -1},
    {"HEAD", "HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\n", 404, 7},
    {"GET", "HTTP/1.1 204 None\r\nContent-Length: 0\r\n\r\n", 204, 0},
    {"GET", "HTTP/1.1 204 None\r\n\r\n", 204, -1},
    {"GET", "HTTP/1.1 304 Same\r\nContent-Length: 7\r\n\r\n", 304, 7},
    {"GET", "HTTP/1.1 304 Same\r\n\r\n", 304, -1},
};

TEST(responses_to_head_204_and_304_have_no_body_whatever_the_fields_say)
{
    for (size_t i = 0; i < H2T_LEN(bodiless); i++) {
        EACH_CUT (rig) {
            struct h2t_h1_exchange *exchange = h2t_h1_method(rig, bodiless[i].method);

            h2t_h1_answer(rig, bodiless[i].head);
            h2t_h1_expect_success(exchange, bodiless[i].status, "");
            ck_assert_int_eq(exchange->head.content_length, bodiless[i].content_length);
            h2t_h1_expect_usable(rig);
        }
    }
}

TEST(a_204_that_announces_a_body_ends_its_connection)
{
    static const char *const fields[] = {"Content-Length: 7", "Transfer-Encoding: chunked"};

    for (size_t i = 0; i < H2T_LEN(fields); i++) {
        EACH_CUT (rig) {
            struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

            h2t_h1_answer(rig, "HTTP/1.1 204 None\r\n");
            h2t_h1_answer(rig, fields[i]);
            h2t_h1_answer(rig, "\r\n\r\n");
            h2t_h1_expect_success(exchange, 204, "");
            h2t_h1_expect_closing(rig);
        }
    }
}

TEST(a_body_where_none_can_be_is_nobodys)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_method(rig, "HEAD");

        h2t_h1_answer(rig, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
        h2t_h1_expect_success(exchange, 200, "");
        h2t_h1_expect_failed(rig, H2CLIENT_ERROR_H1_MALFORMED);
    }
}

TEST(bytes_behind_the_end_are_no_body_and_end_the_connection)
{
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok!",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\r\n",
        CHUNKED "2\r\nok\r\n0\r\n\r\n\n",
    };

    for (size_t i = 0; i < H2T_LEN(answers); i++) {
        EACH_CUT (rig) {
            struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

            h2t_h1_answer(rig, answers[i]);
            h2t_h1_expect_success(exchange, 200, "ok");
            h2t_h1_expect_failed(rig, H2CLIENT_ERROR_H1_MALFORMED);
        }
    }
}

/* ---- cut off ------------------------------------------------------------- */

static const struct {
    const char *answer;
    h2client_error_code code;
    const char *says;
} cut_answers[] = {
    {"", H2CLIENT_ERROR_EMPTY_REPLY, "without an answer"},
    {"HTTP/1.1 100 Continue\r\n\r\n", H2CLIENT_ERROR_EMPTY_REPLY, "interim"},
    {"H", H2CLIENT_ERROR_TRUNCATED, "inside the response's head"},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP", H2CLIENT_ERROR_TRUNCATED, "head"},
    {"HTTP/1.1 200 OK", H2CLIENT_ERROR_TRUNCATED, "head"},
    {"HTTP/1.1 200 OK\r\n", H2CLIENT_ERROR_TRUNCATED, "head"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", H2CLIENT_ERROR_TRUNCATED, "head"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", H2CLIENT_ERROR_TRUNCATED, "'s body"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", H2CLIENT_ERROR_TRUNCATED, "'s body"},
    {CHUNKED, H2CLIENT_ERROR_TRUNCATED, "chunked body"},
    {CHUNKED "5\r\nhe", H2CLIENT_ERROR_TRUNCATED, "chunked body"},
    {CHUNKED "5\r\nhello", H2CLIENT_ERROR_TRUNCATED, "chunked body"},
    {CHUNKED "5\r\nhello\r\n", H2CLIENT_ERROR_TRUNCATED, "chunked body"},
    {CHUNKED "5\r\nhello\r\n0", H2CLIENT_ERROR_TRUNCATED, "chunked body"},
    {CHUNKED "5\r\nhello\r\n0\r\n", H2CLIENT_ERROR_TRUNCATED, "chunked body"},
    {CHUNKED "5\r\nhello\r\n0\r\nx: y\r\n", H2CLIENT_ERROR_TRUNCATED, "chunked body"},
};

TEST(a_response_that_is_cut_off_is_an_error_wherever_it_is_cut)
{
    for (size_t i = 0; i < H2T_LEN(cut_answers); i++) {
        EACH_CUT (rig) {
            struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

            h2t_h1_answer(rig, cut_answers[i].answer);
            ck_assert_uint_eq(exchange->n_ends, 0);
            h2t_h1_end_input(rig, NULL);
            h2t_h1_expect_failure(exchange, cut_answers[i].code, H2CLIENT_REPLAY_MAYBE_PROCESSED);
            h2t_h1_expect_text(exchange, cut_answers[i].says);
        }
    }
}

TEST(a_broken_transport_ends_no_body_well_not_even_an_unframed_one)
{
    static const char *const answers[] = {"", "HTTP/1.1 200 OK\r\n\r\nhello",
                                          "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
                                          CHUNKED "5\r\nhello"};
    const h2client_fault fault = {
        .code = H2CLIENT_ERROR_TLS_RECORD, .tls_alert = 20, .text = "no close_notify came"};

    for (size_t i = 0; i < H2T_LEN(answers); i++) {
        EACH_CUT (rig) {
            struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

            h2t_h1_answer(rig, answers[i]);
            h2t_h1_end_input(rig, &fault);
            h2t_h1_expect_failure(exchange, H2CLIENT_ERROR_TLS_RECORD,
                                  H2CLIENT_REPLAY_MAYBE_PROCESSED);
            h2t_h1_expect_text(exchange, "no close_notify came");
            ck_assert_int_eq(exchange->outcome.fault.tls_alert, 20);
        }
    }
}

static const char *const framed[] = {
    "HTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\n"
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Folded: a\r\n b\r\n\r\nhello",
    CHUNKED "2;a=\"b\"\r\nhe\r\n3\r\nllo\r\n0\r\nX-Sum: 1\r\n\r\n",
};

TEST(a_framed_response_is_no_success_before_its_last_byte)
{
    for (size_t i = 0; i < H2T_LEN(framed); i++) {
        for (size_t len = 0; len <= strlen(framed[i]); len++) {
            EACH_CUT (rig) {
                struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

                h2t_h1_answer_bytes(rig, framed[i], len);
                h2t_h1_end_input(rig, NULL);
                if (len == strlen(framed[i]))
                    h2t_h1_expect_success(exchange, 200, "hello");
                else
                    ck_assert_int_ne(exchange->outcome.fault.code, H2CLIENT_OK);
            }
        }
    }
}

TEST(a_framed_body_that_is_whole_needs_no_good_end)
{
    const h2client_fault fault = {.code = H2CLIENT_ERROR_CONNECTION_RESET, .tls_alert = -1};

    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

        h2t_h1_answer(rig, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        h2t_h1_end_input(rig, &fault);
        h2t_h1_expect_success(exchange, 200, "hello");
        h2t_h1_expect_failed(rig, H2CLIENT_ERROR_CONNECTION_RESET);
    }
}

TEST_MAIN("h1_bodies", {T(a_counted_body_ends_by_its_length_without_waiting_for_the_end)},
          {T(a_chunked_body_ends_by_its_last_chunk_without_waiting_for_the_end)},
          {T(an_unframed_body_ends_with_the_connection)}, {T(an_unframed_body_may_be_empty)},
          {T(chunks_in_all_their_shapes_are_taken)},
          {T(a_chunks_size_may_be_in_letters_of_both_cases)},
          {T(malformed_chunks_are_refused_and_the_text_says_why)},
          {T(trailers_come_after_the_body_apart_from_the_head)}, {T(trailers_change_no_framing)},
          {T(a_length_is_one_number_or_the_response_is_refused)},
          {T(chunked_may_be_written_in_any_case_of_letters)},
          {T(codings_other_than_chunked_alone_are_refused)},
          {T(transfer_encoding_in_a_response_of_version_1_0_is_refused)},
          {T(transfer_encoding_wins_over_a_length_and_the_connection_is_not_used_again)},
          {T(responses_to_head_204_and_304_have_no_body_whatever_the_fields_say)},
          {T(a_204_that_announces_a_body_ends_its_connection)},
          {T(a_body_where_none_can_be_is_nobodys)},
          {T(bytes_behind_the_end_are_no_body_and_end_the_connection)},
          {T(a_response_that_is_cut_off_is_an_error_wherever_it_is_cut)},
          {T(a_broken_transport_ends_no_body_well_not_even_an_unframed_one)},
          {T(a_framed_response_is_no_success_before_its_last_byte)},
          {T(a_framed_body_that_is_whole_needs_no_good_end)})
