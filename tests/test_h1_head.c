/* SPDX-License-Identifier: MIT */
/* Heads of HTTP/1.1 responses: what is taken, and what is refused by name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/h1_rig.h"

/* Bytes that strlen cannot count. */
#define BYTES(text) text, sizeof(text) - 1

struct bytes {
    const char *data;
    size_t len;
    const char *says; /* the failure's text holds this */
};

/* ---- what is taken ------------------------------------------------------- */

struct good_head {
    const char *what;
    const char *head;
    int status;
    const char *value; /* of the field "a"; NULL: there is none */
};

static const struct good_head good_heads[] = {
    {"usual", "HTTP/1.1 200 OK\r\na: b\r\nContent-Length: 0\r\n\r\n", 200, "b"},
    {"without fields but the length", "HTTP/1.1 404 Not Found\r\nContent-Length:0\r\n\r\n", 404,
     NULL},
    {"an empty reason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", 200, NULL},
    {"no reason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, NULL},
    {"a reason of obs-text and tabs", "HTTP/1.1 200 \xfc\t!\r\nContent-Length: 0\r\n\r\n", 200,
     NULL},
    {"spaces before and in the reason", "HTTP/1.1 200   all  well \r\nContent-Length: 0\r\n\r\n",
     200, NULL},
    {"bare LF", "HTTP/1.1 200 OK\na: b\nContent-Length: 0\n\n", 200, "b"},
    {"line ends of both kinds", "HTTP/1.1 200 OK\na: b\r\nContent-Length: 0\n\r\n", 200, "b"},
    {"a later minor version", "HTTP/1.9 200 OK\r\nContent-Length: 0\r\n\r\n", 200, NULL},
    {"a status above 599", "HTTP/1.1 999 ?\r\nContent-Length: 0\r\n\r\n", 999, NULL},
    {"white space round a value", "HTTP/1.1 200 OK\r\na: \t b c\t \r\nContent-Length: 0\r\n\r\n",
     200, "b c"},
    {"no white space before a value", "HTTP/1.1 200 OK\r\na:b\r\nContent-Length:0\r\n\r\n", 200,
     "b"},
    {"an empty value", "HTTP/1.1 200 OK\r\na:\r\nContent-Length: 0\r\n\r\n", 200, ""},
    {"a value of white space", "HTTP/1.1 200 OK\r\na: \t \r\nContent-Length: 0\r\n\r\n", 200, ""},
    {"a name in capitals", "HTTP/1.1 200 OK\r\nA: b\r\nCONTENT-LENGTH: 0\r\n\r\n", 200, "b"},
    {"obs-text in a value", "HTTP/1.1 200 OK\r\na: \xfc\xff\r\nContent-Length: 0\r\n\r\n", 200,
     "\xfc\xff"},
    {"colons in a value", "HTTP/1.1 200 OK\r\na: b: c:d\r\nContent-Length: 0\r\n\r\n", 200,
     "b: c:d"},
    {"a folded value", "HTTP/1.1 200 OK\r\na: b \t\r\n \t c\r\nContent-Length: 0\r\n\r\n", 200,
     "b c"},
    {"folded three times", "HTTP/1.1 200 OK\r\na: b\r\n c\n\td \r\n e\r\nContent-Length: 0\r\n\r\n",
     200, "b c d e"},
    {"folds that hold nothing", "HTTP/1.1 200 OK\r\na: b\r\n \r\n\t\r\nContent-Length: 0\r\n\r\n",
     200, "b"},
    {"a value that begins in a fold", "HTTP/1.1 200 OK\r\na:\r\n b\r\nContent-Length: 0\r\n\r\n",
     200, "b"},
    {"the last field folded", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\na: b\r\n c\r\n\r\n", 200,
     "b c"},
    {"a folded length", "HTTP/1.1 200 OK\r\nContent-Length:\r\n 0\r\n\r\n", 200, NULL},
};

static const char *value_of(const struct h2t_h1_exchange *exchange, const char *name)
{
    return h2i_fields_find(exchange->head.fields, name);
}

TEST(heads_in_all_their_shapes_are_taken)
{
    for (size_t i = 0; i < H2T_LEN(good_heads); i++) {
        const struct good_head *good = &good_heads[i];

        EACH_CUT (rig) {
            struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

            h2t_h1_answer(rig, good->head);
            ck_assert_msg(exchange->n_ends == 1 && !rig->has_stopped, "%s: %s", good->what,
                          exchange->outcome.fault.text);
            h2t_h1_expect_success(exchange, good->status, "");
            if (good->value)
                ck_assert_str_eq(value_of(exchange, "a"), good->value);
            else
                ck_assert_ptr_null(value_of(exchange, "a"));
            h2t_h1_expect_usable(rig);
        }
    }
}

TEST(names_come_in_small_letters_and_fields_in_order)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nSet-Cookie: b=2\r\nX-Empty:\r\n"
                               "SET-COOKIE: a=1\r\nContent-Length: 0\r\nset-cookie: b=3\r\n\r\n";
    static const h2client_header expected[] = {
        {"set-cookie", "b=2"},   {"x-empty", ""},       {"set-cookie", "a=1"},
        {"content-length", "0"}, {"set-cookie", "b=3"},
    };

    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

        h2t_h1_answer(rig, head);
        h2t_h1_expect_success(exchange, 200, "");
        for (size_t i = 0; i < H2T_LEN(expected); i++) {
            ck_assert_str_eq(exchange->head.fields[i].name, expected[i].name);
            ck_assert_str_eq(exchange->head.fields[i].value, expected[i].value);
        }
        ck_assert_ptr_null(exchange->head.fields[H2T_LEN(expected)].name);
    }
}

/* ---- what is refused ----------------------------------------------------- */

static const struct bytes bad_heads[] = {
    {BYTES("HTTP/2.0 200 OK\r\n\r\n"), "begins with \"HTTP/2.0\""},
    {BYTES("HTTP/1\r\n\r\n"), "begins with \"HTTP/1"},
    {BYTES("HTTP/1 200 OK\r\n\r\n"), "begins with"},
    {BYTES("HTTP/1.x 200 OK\r\n\r\n"), "begins with"},
    {BYTES("HTTP/0.9 200 OK\r\n\r\n"), "begins with"},
    {BYTES("http/1.1 200 OK\r\n\r\n"), "begins with \"http/1.1\""},
    {BYTES("ICY 200 OK\r\n\r\n"), "begins with \"ICY 200 \""},
    {BYTES("SSH-2.0-OpenSSH"), "begins with \"SSH-2.0-\""},
    {BYTES("\0\0\x12\4\0\0\0\0\0\0"), "begins with \"\\x00\\x00\\x12\\x04"},
    {BYTES("<html>\n"), "begins with \"<html>"},
    {BYTES("\r\nHTTP/1.1 200 OK\r\n\r\n"), "begins with"},
    {BYTES("\n"), "begins with \"\""},
    {BYTES(" HTTP/1.1 200 OK\r\n\r\n"), "begins with"},
    {BYTES("HTTP/1.11 200 OK\r\n\r\n"), "three digits"},
    {BYTES("HTTP/1.1\r\n\r\n"), "three digits"},
    {BYTES("HTTP/1.1 \r\n\r\n"), "three digits"},
    {BYTES("HTTP/1.1  200 OK\r\n\r\n"), "three digits"},
    {BYTES("HTTP/1.1\t200 OK\r\n\r\n"), "three digits"},
    {BYTES("HTTP/1.1 20 OK\r\n\r\n"), "three digits"},
    {BYTES("HTTP/1.1 20\r\n\r\n"), "three digits"},
    {BYTES("HTTP/1.1 2000 OK\r\n\r\n"), "three digits"},
    {BYTES("HTTP/1.1 200OK\r\n\r\n"), "three digits"},
    {BYTES("HTTP/1.1 +20 OK\r\n\r\n"), "three digits"},
    {BYTES("HTTP/1.1 2x0 OK\r\n\r\n"), "three digits"},
    {BYTES("HTTP/1.1 099 OK\r\n\r\n"), "three digits"},
    {BYTES("HTTP/1.1 OK\r\n\r\n"), "three digits"},
    {BYTES("HTTP/1.1 200 O\0K\r\n\r\n"), "reason"},
    {BYTES("HTTP/1.1 200 O\rK\r\n\r\n"), "reason"},
    {BYTES("HTTP/1.1 200 O\x1bK\r\n\r\n"), "reason"},
    {BYTES("HTTP/1.1 200 OK\r\r\n\r\n"), "reason"},
    {BYTES("HTTP/1.1 200 OK\r\n a: b\r\n\r\n"), "white space before the first field"},
    {BYTES("HTTP/1.1 200 OK\r\n\t\r\n\r\n"), "white space before the first field"},
    {BYTES("HTTP/1.1 200 OK\r\na b: c\r\n\r\n"), "field \"a b\" has a byte"},
    {BYTES("HTTP/1.1 200 OK\r\na : b\r\n\r\n"), "field \"a \" has a byte"},
    {BYTES("HTTP/1.1 200 OK\r\na\t: b\r\n\r\n"), "field \"a\\x09\" has a byte"},
    {BYTES("HTTP/1.1 200 OK\r\na\r\n : b\r\n\r\n"), "field \"a \" has a byte"},
    {BYTES("HTTP/1.1 200 OK\r\n: b\r\n\r\n"), "field \"\" has no name"},
    {BYTES("HTTP/1.1 200 OK\r\n:status: 200\r\n\r\n"), "field \"\" has no name"},
    {BYTES("HTTP/1.1 200 OK\r\na: b\r\nc\r\n\r\n"), "line 2 of the fields has no colon"},
    {BYTES("HTTP/1.1 200 OK\r\n\r \n\r\n"), "line 1 of the fields has no colon"},
    {BYTES("HTTP/1.1 200 OK\r\na\0b: c\r\n\r\n"), "field \"a\\x00b\" has a byte"},
    {BYTES("HTTP/1.1 200 OK\r\na\x7f: c\r\n\r\n"), "field \"a\\x7f\" has a byte"},
    {BYTES("HTTP/1.1 200 OK\r\n\xfc: c\r\n\r\n"), "field \"\\xfc\" has a byte"},
    {BYTES("HTTP/1.1 200 OK\r\na\rb: c\r\n\r\n"), "field \"a\\x0db\" has a byte"},
    {BYTES("HTTP/1.1 200 OK\r\n(a): c\r\n\r\n"), "field \"(a)\" has a byte"},
    {BYTES("HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n"), "field \"a\" has a value"},
    {BYTES("HTTP/1.1 200 OK\r\na: b\x01\r\n\r\n"), "field \"a\" has a value"},
    {BYTES("HTTP/1.1 200 OK\r\na: b\x7f\r\n\r\n"), "field \"a\" has a value"},
    {BYTES("HTTP/1.1 200 OK\r\na: b\rc: d\r\n\r\n"), "field \"a\" has a value"},
    {BYTES("HTTP/1.1 200 OK\r\na: b\r\r\n\r\n"), "field \"a\" has a value"},
    {BYTES("HTTP/1.1 200 OK\r\na: b\r\n \x02\r\n\r\n"), "field \"a\" has a value"},
    {BYTES("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"), "switched protocols"},
};

TEST(malformed_heads_are_refused_and_the_text_says_why)
{
    for (size_t i = 0; i < H2T_LEN(bad_heads); i++) {
        EACH_CUT (rig) {
            struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

            h2t_h1_answer_bytes(rig, bad_heads[i].data, bad_heads[i].len);
            ck_assert_msg(exchange->n_ends == 1, "%s is taken", bad_heads[i].data);
            h2t_h1_expect_failure(exchange, H2CLIENT_ERROR_H1_MALFORMED,
                                  H2CLIENT_REPLAY_MAYBE_PROCESSED);
            h2t_h1_expect_text(exchange, bad_heads[i].says);
            h2t_h1_expect_failed(rig, H2CLIENT_ERROR_H1_MALFORMED);
            ck_assert_uint_eq(exchange->n_heads + exchange->body.len, 0);
        }
    }
}

TEST(the_text_of_a_refusal_shows_a_long_name_in_part_and_no_value)
{
    char name[400];

    memset(name, '(', sizeof name - 1);
    name[sizeof name - 1] = 0;
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

        h2t_h1_answer(rig, "HTTP/1.1 200 OK\r\n");
        h2t_h1_answer(rig, name);
        h2t_h1_answer(rig, ": secret\r\n\r\n");
        h2t_h1_expect_text(exchange, "\"((((((((((((((((((((((((((((((((((((((((\"");
        ck_assert_ptr_null(strstr(exchange->outcome.fault.text, "secret"));
    }
}

/* ---- interim responses --------------------------------------------------- */

TEST(interim_responses_are_reported_and_never_final)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

        h2t_h1_answer(rig, "HTTP/1.1 100 Continue\r\n\r\n"
                           "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 7\r\n\r\n"
                           "HTTP/1.1 199 ?\r\nTransfer-Encoding: chunked\r\n\r\n");
        ck_assert_uint_eq(exchange->n_informational, 3);
        ck_assert_int_eq(exchange->last_informational, 199);
        ck_assert_uint_eq(exchange->n_heads, 0);
        h2t_h1_answer(rig, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        h2t_h1_expect_success(exchange, 200, "ok");
        ck_assert_ptr_null(value_of(exchange, "link"));
        h2t_h1_expect_usable(rig);
    }
}

TEST(interim_responses_are_bounded_in_number)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

        for (int i = 0; i < 32; i++)
            h2t_h1_answer(rig, "HTTP/1.1 103 Early Hints\r\n\r\n");
        ck_assert_uint_eq(exchange->n_informational, 32);
        ck_assert_uint_eq(exchange->n_ends, 0);
        h2t_h1_answer(rig, "HTTP/1.1 103 Early Hints\r\n\r\n");
        h2t_h1_expect_failure(exchange, H2CLIENT_ERROR_H1_MALFORMED,
                              H2CLIENT_REPLAY_MAYBE_PROCESSED);
        h2t_h1_expect_text(exchange, "more than 32 interim responses");
    }
}

/* ---- limits -------------------------------------------------------------- */

/* A line of n bytes, "x-n: 000...\r\n", to be freed. */
static char *line_of(size_t n)
{
    char *line = malloc(n + 1);

    ck_assert_ptr_nonnull(line);
    snprintf(line, n + 1, "x-n: %0*d\r\n", (int)n - 7, 0);
    return line;
}

static void answer_lines(struct h2t_h1 *rig, size_t n_lines, size_t len)
{
    char *line = line_of(len);

    for (size_t i = 0; i < n_lines; i++)
        h2t_h1_answer(rig, line);
    free(line);
}

TEST(sixty_kilobytes_of_fields_are_taken_by_default)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

        h2t_h1_answer(rig, "HTTP/1.1 204 None\r\n");
        answer_lines(rig, 60, 1000);
        h2t_h1_answer(rig, "\r\n");
        h2t_h1_expect_success(exchange, 204, "");
        ck_assert_uint_eq(strlen(exchange->head.fields[59].value), 993);
        ck_assert_ptr_null(exchange->head.fields[60].name);
    }
}

static void expect_too_large(struct h2t_h1 *rig, const struct h2t_h1_exchange *exchange)
{
    h2t_h1_expect_failure(exchange, H2CLIENT_ERROR_HEADERS_TOO_LARGE,
                          H2CLIENT_REPLAY_MAYBE_PROCESSED);
    h2t_h1_expect_failed(rig, H2CLIENT_ERROR_HEADERS_TOO_LARGE);
}

TEST(a_head_may_be_as_large_as_the_limit_and_no_larger)
{
    for (size_t more = 0; more < 2; more++) {
        EACH_CUT (rig) {
            rig->config.max_header_bytes = 17 + 1000 + 2; /* status line, field, empty line */
            struct h2t_h1_exchange *exchange = h2t_h1_method(rig, "HEAD");

            h2t_h1_answer(rig, "HTTP/1.1 200 OK\r\n");
            answer_lines(rig, 1, 1000 + more);
            h2t_h1_answer(rig, "\r\n");
            if (more)
                expect_too_large(rig, exchange);
            else
                h2t_h1_expect_success(exchange, 200, "");
        }
    }
}

TEST(the_number_of_fields_is_limited)
{
    for (size_t more = 0; more < 2; more++) {
        EACH_CUT (rig) {
            rig->config.max_header_fields = 10;
            struct h2t_h1_exchange *exchange = h2t_h1_method(rig, "HEAD");

            h2t_h1_answer(rig, "HTTP/1.1 200 OK\r\n");
            answer_lines(rig, 10 + more, 8);
            h2t_h1_answer(rig, "\r\n");
            if (more)
                expect_too_large(rig, exchange);
            else
                h2t_h1_expect_success(exchange, 200, "");
        }
    }
}

TEST(a_single_line_is_held_to_the_limit_before_it_ends)
{
    EACH_CUT (rig) {
        rig->config.max_header_bytes = 2000;
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);
        char *line = line_of(4000);

        line[2500] = 0;
        h2t_h1_answer(rig, "HTTP/1.1 200 OK\r\n");
        h2t_h1_answer(rig, line);
        expect_too_large(rig, exchange);
        free(line);
    }
}

TEST(interim_heads_and_trailers_count_against_the_limits)
{
    EACH_CUT (rig) {
        rig->config.max_header_bytes = 4000;
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

        h2t_h1_answer(rig, "HTTP/1.1 103 Early Hints\r\n");
        answer_lines(rig, 1, 1500);
        h2t_h1_answer(rig, "\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n");
        answer_lines(rig, 1, 1500);
        h2t_h1_answer(rig, "\r\n2\r\nok\r\n0\r\n");
        ck_assert_uint_eq(exchange->n_heads, 1);
        answer_lines(rig, 1, 1500);
        expect_too_large(rig, exchange);
        ck_assert_ptr_null(exchange->trailers);
    }
}

TEST(limits_count_from_nothing_for_the_next_response)
{
    EACH_CUT (rig) {
        rig->config.max_header_bytes = 2000;
        rig->config.max_header_fields = 3;
        rig->config.max_informational = 1;
        for (int i = 0; i < 4; i++) {
            struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

            h2t_h1_answer(rig, "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 None\r\n");
            answer_lines(rig, 1, 1500);
            h2t_h1_answer(rig, "\r\n");
            h2t_h1_expect_success(exchange, 204, "");
        }
    }
}

TEST_MAIN("h1_head", {T(heads_in_all_their_shapes_are_taken)},
          {T(names_come_in_small_letters_and_fields_in_order)},
          {T(malformed_heads_are_refused_and_the_text_says_why)},
          {T(the_text_of_a_refusal_shows_a_long_name_in_part_and_no_value)},
          {T(interim_responses_are_reported_and_never_final)},
          {T(interim_responses_are_bounded_in_number)},
          {T(sixty_kilobytes_of_fields_are_taken_by_default)},
          {T(a_head_may_be_as_large_as_the_limit_and_no_larger)},
          {T(the_number_of_fields_is_limited)},
          {T(a_single_line_is_held_to_the_limit_before_it_ends)},
          {T(interim_heads_and_trailers_count_against_the_limits)},
          {T(limits_count_from_nothing_for_the_next_response)})
