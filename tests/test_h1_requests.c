/* SPDX-License-Identifier: MIT */
/* Requests over HTTP/1.1: heads as they go out, and uploads of both kinds. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/h1_rig.h"

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* ---- heads --------------------------------------------------------------- */

TEST(a_head_is_its_line_the_host_and_the_fields_in_order)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_prepare(rig, "GET", "/a?b=%20c");

        exchange->request.authority = "server.test:8080";
        exchange->request.fields = H2T_FIELDS({"user-agent", "test"}, {"x-b3-traceid", "1"},
                                              {"accept", ""}, {"x-b3-traceid", "\xfc"});
        exchange->request.n_fields = 4;
        h2t_h1_submit(exchange);
        h2t_h1_send(rig);
        ck_assert_str_eq(h2t_h1_take_sent(rig), "GET /a?b=%20c HTTP/1.1\r\n"
                                                "Host: server.test:8080\r\n"
                                                "User-Agent: test\r\n"
                                                "X-B3-Traceid: 1\r\n"
                                                "Accept: \r\n"
                                                "X-B3-Traceid: \xfc\r\n\r\n");
    }
}

TEST(options_may_ask_for_the_server_itself)
{
    EACH_CUT (rig) {
        h2t_h1_submit(h2t_h1_prepare(rig, "OPTIONS", "*"));
        h2t_h1_send(rig);
        ck_assert_str_eq(h2t_h1_take_sent(rig), "OPTIONS * HTTP/1.1\r\nHost: server.test\r\n\r\n");
    }
}

TEST(te_is_named_as_an_option_of_the_connection)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_prepare(rig, "GET", "/");

        exchange->request.fields = H2T_FIELDS({"te", "trailers"});
        exchange->request.n_fields = 1;
        h2t_h1_submit(exchange);
        h2t_h1_send(rig);
        ck_assert_str_eq(h2t_h1_take_sent(rig), "GET / HTTP/1.1\r\nHost: server.test\r\n"
                                                "Te: trailers\r\nConnection: TE\r\n\r\n");
        h2t_h1_answer(rig, OK_ANSWER);
        h2t_h1_expect_usable(rig);
    }
}

static const struct {
    const char *method;
    bool has_body;
    int64_t len;
    const char *line; /* NULL: neither a length nor a coding */
} framings[] = {
    {"GET", false, -1, NULL},
    {"HEAD", false, -1, NULL},
    {"DELETE", false, -1, NULL},
    {"GET", true, 0, NULL},
    {"GET", true, 2, "\r\nContent-Length: 2\r\n"},
    {"GET", true, -1, "\r\nTransfer-Encoding: chunked\r\n"},
    {"POST", false, -1, "\r\nContent-Length: 0\r\n"},
    {"PUT", false, 0, "\r\nContent-Length: 0\r\n"},
    {"PATCH", true, 0, "\r\nContent-Length: 0\r\n"},
    {"POST", true, 2, "\r\nContent-Length: 2\r\n"},
    {"POST", true, -1, "\r\nTransfer-Encoding: chunked\r\n"},
};

TEST(a_head_says_how_its_body_is_framed_and_nothing_where_there_is_none)
{
    for (size_t i = 0; i < H2T_LEN(framings); i++) {
        EACH_CUT (rig) {
            struct h2t_h1_exchange *exchange = h2t_h1_prepare(rig, framings[i].method, "/");
            const char *sent;

            exchange->request.has_body = framings[i].has_body;
            exchange->request.body_len = framings[i].len;
            exchange->upload.len = framings[i].len > 0 ? (size_t)framings[i].len : 0;
            h2t_h1_submit(exchange);
            h2t_h1_send(rig);
            sent = h2t_h1_take_sent(rig);
            ck_assert_int_eq(strstr(sent, "Content-Length") || strstr(sent, "Transfer-Encoding"),
                             framings[i].line != NULL);
            if (framings[i].line)
                ck_assert_msg(strstr(sent, framings[i].line), "%s", sent);
            ck_assert(exchange->upload.was_last_sent);
        }
    }
}

/* A request with one field of that many bytes; what submit says. */
static h2client_error_code submit_large(struct h2t_h1 *rig, size_t n)
{
    struct h2t_h1_exchange *exchange = h2t_h1_prepare(rig, "GET", "/");
    char *value = malloc(n + 1);
    h2client_error_code code;

    ck_assert_ptr_nonnull(value);
    memset(value, 'v', n);
    value[n] = 0;
    exchange->request.fields = H2T_FIELDS({"x-large", value});
    exchange->request.n_fields = 1;
    h2t_h1_submit(exchange);
    code = exchange->submitted;
    if (code == H2CLIENT_OK)
        h2t_h1_cancel(exchange);
    free(value);
    return code;
}

TEST(a_head_above_the_limit_is_refused_and_the_connection_stays_as_it_was)
{
    size_t others = strlen("GET / HTTP/1.1\r\nHost: server.test\r\nX-Large: \r\n\r\n");

    EACH_CUT (rig) {
        ck_assert_int_eq(submit_large(rig, 768 * 1024 - others), H2CLIENT_OK);
        ck_assert_int_eq(submit_large(rig, 768 * 1024 - others + 1),
                         H2CLIENT_ERROR_REQUEST_TOO_LARGE);
        ck_assert_int_eq(submit_large(rig, 5000000), H2CLIENT_ERROR_REQUEST_TOO_LARGE);
        ck_assert(!h2t_h1_send(rig));
        ck_assert_uint_lt(rig->alloc.live_bytes, 32 * 1024);
        h2t_h1_expect_usable(rig);
    }
}

TEST(a_request_for_a_tunnel_is_refused)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_prepare(rig, "CONNECT", NULL);

        h2t_h1_submit(exchange);
        ck_assert_int_eq(exchange->submitted, H2CLIENT_ERROR_INVALID_ARGUMENT);
        h2t_h1_expect_usable(rig);
    }
}

TEST(where_a_request_begins_in_the_output_is_known_once_it_does)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *first = h2t_h1_get(rig);
        struct h2t_h1_exchange *second;
        uint64_t n_sent = rig->conn->n_produced;

        ck_assert_uint_eq(first->exchange.begins_at, 0);
        ck_assert_uint_eq(n_sent, strlen("GET / HTTP/1.1\r\nHost: server.test\r\n\r\n"));
        h2t_h1_answer(rig, OK_ANSWER);
        second = h2t_h1_prepare(rig, "GET", "/");
        h2t_h1_submit(second);
        ck_assert(second->exchange.begins_at == UINT64_MAX);
        h2t_h1_send(rig);
        ck_assert_uint_eq(second->exchange.begins_at, n_sent);
        ck_assert_uint_eq(rig->conn->n_produced, 2 * n_sent);
        ck_assert_uint_eq(rig->conn->n_opened, 2);
        ck_assert_int_eq(second->exchange.stream_id, -1);
    }
}

/* ---- uploads ------------------------------------------------------------- */

static const char *body_of(const char *sent)
{
    const char *end = strstr(sent, "\r\n\r\n");

    ck_assert_ptr_nonnull(end);
    return end + 4;
}

TEST(a_body_of_known_length_goes_out_as_it_is)
{
    EACH_CUT (rig) {
        for (int i = 0; i < 3; i++) {
            struct h2t_h1_exchange *exchange = h2t_h1_post(rig, "hello", 5, 5);

            ck_assert_str_eq(body_of(h2t_h1_take_sent(rig)), "hello");
            ck_assert_uint_eq(exchange->upload.n_sent, 5);
            ck_assert(exchange->upload.was_last_sent);
            h2t_h1_answer(rig, OK_ANSWER);
            h2t_h1_expect_success(exchange, 200, "ok");
        }
        h2t_h1_expect_usable(rig);
    }
}

TEST(a_body_of_unknown_length_goes_out_in_chunks)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_post(rig, "hello, chunked world", 20, -1);

        ck_assert_str_eq(body_of(h2t_h1_take_sent(rig)), "14\r\nhello, chunked world\r\n0\r\n\r\n");
        ck_assert_uint_eq(exchange->upload.n_sent, 20);
        ck_assert(exchange->upload.was_last_sent);
        h2t_h1_answer(rig, OK_ANSWER);
        h2t_h1_expect_success(exchange, 200, "ok");
        h2t_h1_expect_usable(rig);
    }
}

TEST(an_empty_body_of_unknown_length_is_the_last_chunk)
{
    EACH_CUT (rig) {
        h2t_h1_post(rig, "", 0, -1);
        ck_assert_str_eq(body_of(h2t_h1_take_sent(rig)), "0\r\n\r\n");
    }
}

/* The bytes in the chunks; every size is written without a zero before it. */
static size_t count_chunks(const char *at)
{
    size_t sum = 0;

    for (;;) {
        char *end;
        size_t n = strtoul(at, &end, 16);

        ck_assert(end > at && memcmp(end, "\r\n", 2) == 0);
        if (n == 0)
            break;
        ck_assert_int_ne(at[0], '0');
        ck_assert_uint_eq(strspn(end + 2, "u"), n);
        sum += n;
        at = end + 2 + n;
        ck_assert(memcmp(at, "\r\n", 2) == 0);
        at += 2;
    }
    ck_assert_str_eq(at, "0\r\n\r\n");
    return sum;
}

TEST(a_large_body_goes_out_in_chunks_as_large_as_the_room)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_post(rig, NULL, 100000, -1);
        const char *sent = body_of(h2t_h1_take_sent(rig));
        size_t overhead = strlen(sent) - 100000;

        ck_assert_uint_eq(count_chunks(sent), 100000);
        ck_assert_uint_eq(exchange->upload.n_sent, 100000);
        ck_assert(exchange->upload.was_last_sent);
        ck_assert_uint_lt(overhead, rig->cut == 1 ? 20000 : 100);
    }
}

TEST(chunks_fit_into_rooms_of_all_sizes)
{
    for (size_t cut = 1; cut < 600; cut += cut < 80 ? 1 : 13) {
        struct h2t_h1 *rig = h2t_h1_create(cut);
        struct h2t_h1_exchange *exchange = h2t_h1_post(rig, NULL, 3000, -1);

        ck_assert_uint_eq(count_chunks(body_of(h2t_h1_take_sent(rig))), 3000);
        ck_assert_uint_eq(exchange->upload.n_sent, 3000);
        h2t_h1_destroy(rig);
    }
}

TEST(an_upload_that_has_nothing_now_waits_to_be_told)
{
    static const char *const sent[][2] = {{"he", "llo"}, {"2\r\nhe\r\n", "3\r\nllo\r\n0\r\n\r\n"}};

    for (int chunked = 0; chunked < 2; chunked++) {
        EACH_CUT (rig) {
            struct h2t_h1_exchange *exchange =
                h2t_h1_prepare_post(rig, "hello", 5, chunked ? -1 : 5);

            exchange->upload.n_ready = 0;
            h2t_h1_submit(exchange);
            h2t_h1_send(rig);
            ck_assert_str_eq(body_of(h2t_h1_take_sent(rig)), "");
            h2t_h1_more_upload(exchange, 2);
            ck_assert_str_eq(h2t_h1_take_sent(rig), sent[chunked][0]);
            ck_assert(!h2t_h1_send(rig));
            ck_assert(!exchange->upload.was_last_sent);
            h2t_h1_more_upload(exchange, SIZE_MAX);
            ck_assert_str_eq(h2t_h1_take_sent(rig), sent[chunked][1]);
            ck_assert(exchange->upload.was_last_sent);
        }
    }
}

TEST(the_end_of_an_upload_is_its_sources_to_say)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_prepare_post(rig, "hello", 5, 5);

        exchange->upload.ends = H2T_H1_WHEN_RESUMED;
        h2t_h1_submit(exchange);
        h2t_h1_send(rig);
        ck_assert_str_eq(body_of(h2t_h1_take_sent(rig)), "hello");
        ck_assert_uint_eq(exchange->upload.n_sent, 5);
        ck_assert(!exchange->upload.was_last_sent);
        h2t_h1_more_upload(exchange, SIZE_MAX);
        ck_assert_str_eq(h2t_h1_take_sent(rig), "");
        ck_assert(exchange->upload.was_last_sent);
        h2t_h1_answer(rig, OK_ANSWER);
        h2t_h1_expect_usable(rig);
    }
}

TEST(an_end_that_comes_without_bytes_is_a_chunk_of_its_own)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_prepare_post(rig, "hello", 5, -1);

        exchange->upload.ends = H2T_H1_NEXT_TIME;
        h2t_h1_submit(exchange);
        h2t_h1_send(rig);
        ck_assert_str_eq(body_of(h2t_h1_take_sent(rig)), "5\r\nhello\r\n0\r\n\r\n");
        ck_assert(exchange->upload.was_last_sent);
    }
}

static const struct {
    size_t len;
    int64_t declared;
    bool fails;
    h2client_error_code code;
    const char *says;
} bad_uploads[] = {
    {5, 9, false, H2CLIENT_ERROR_UPLOAD_LENGTH, "is shorter than declared (5 of 9 bytes sent)"},
    {9, 5, false, H2CLIENT_ERROR_UPLOAD_LENGTH, "is longer than declared (5 of 5 bytes sent)"},
    {0, 5, false, H2CLIENT_ERROR_UPLOAD_LENGTH, "is shorter than declared (0 of 5 bytes sent)"},
    {5, 5, true, H2CLIENT_ERROR_UPLOAD_READ, "could not be read"},
    {5, 9, true, H2CLIENT_ERROR_UPLOAD_READ, "could not be read"},
    {5, -1, true, H2CLIENT_ERROR_UPLOAD_READ, "could not be read (5 bytes sent)"},
};

TEST(an_upload_that_is_not_what_was_declared_ends_its_connection)
{
    for (size_t i = 0; i < H2T_LEN(bad_uploads); i++) {
        EACH_CUT (rig) {
            struct h2t_h1_exchange *exchange =
                h2t_h1_prepare_post(rig, "123456789", bad_uploads[i].len, bad_uploads[i].declared);

            exchange->upload.fails_at_end = bad_uploads[i].fails;
            exchange->upload.ends = i % 2 ? H2T_H1_NEXT_TIME : H2T_H1_WITH_BYTES;
            h2t_h1_submit(exchange);
            h2t_h1_send(rig);
            h2t_h1_expect_failure(exchange, bad_uploads[i].code, H2CLIENT_REPLAY_MAYBE_PROCESSED);
            h2t_h1_expect_text(exchange, bad_uploads[i].says);
            h2t_h1_expect_failed(rig, bad_uploads[i].code);
            ck_assert(!exchange->upload.was_last_sent);
            ck_assert_ptr_null(strstr(body_of(h2t_h1_take_sent(rig)), "0\r\n\r\n"));
            ck_assert(!h2t_h1_send(rig));
        }
    }
}

/* ---- both directions at once --------------------------------------------- */

static struct h2t_h1_exchange *post_in_part(struct h2t_h1 *rig, int64_t declared)
{
    struct h2t_h1_exchange *exchange = h2t_h1_prepare_post(rig, "hello", 5, declared);

    exchange->upload.n_ready = 2;
    h2t_h1_submit(exchange);
    h2t_h1_send(rig);
    return exchange;
}

TEST(a_response_can_be_read_while_its_upload_goes_on)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = post_in_part(rig, 5);

        h2t_h1_answer(rig, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nec");
        ck_assert_uint_eq(exchange->n_heads, 1);
        ck_assert_uint_eq(exchange->body.len, 2);
        h2t_h1_more_upload(exchange, SIZE_MAX);
        ck_assert_str_eq(body_of(h2t_h1_take_sent(rig)), "hello");
        h2t_h1_answer(rig, "ho");
        h2t_h1_expect_success(exchange, 200, "echo");
        h2t_h1_expect_usable(rig);
    }
}

TEST(a_response_that_ends_before_its_upload_is_delivered_and_the_rest_is_not_sent)
{
    static const int64_t declared[] = {5, -1};

    for (size_t i = 0; i < H2T_LEN(declared); i++) {
        EACH_CUT (rig) {
            struct h2t_h1_exchange *exchange = post_in_part(rig, declared[i]);

            h2t_h1_take_sent(rig);
            h2t_h1_answer(rig, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
            h2t_h1_expect_success(exchange, 413, "no");
            h2t_h1_expect_closing(rig);
            ck_assert_str_eq(h2t_h1_take_sent(rig), "");
            h2t_h1_end_input(rig, NULL);
        }
    }
}

TEST(a_response_before_the_last_byte_of_its_upload_closes_the_connection_too)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_prepare_post(rig, "hello", 5, -1);
        char byte;

        h2t_h1_submit(exchange);
        while (exchange->upload.n_read < 5)
            rig->conn->n_accepted += rig->conn->ops->produce(rig->conn, 0, &byte, 1);
        h2t_h1_answer(rig, OK_ANSWER);
        h2t_h1_expect_success(exchange, 200, "ok");
        ck_assert(!exchange->upload.was_last_sent);
        h2t_h1_expect_closing(rig);
    }
}

TEST(a_server_that_closes_during_an_upload_after_a_full_response_has_answered)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = post_in_part(rig, 5);

        h2t_h1_answer(rig, "HTTP/1.1 403 No\r\n\r\nno");
        ck_assert_uint_eq(exchange->n_ends, 0);
        h2t_h1_end_input(rig, NULL);
        h2t_h1_expect_success(exchange, 403, "no");
    }
}

TEST(a_server_that_closes_during_an_upload_without_a_response_has_not_answered)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = post_in_part(rig, 5);

        h2t_h1_answer(rig, "HTTP/1.1 100 Continue\r\n\r\n");
        h2t_h1_end_input(rig, NULL);
        h2t_h1_expect_failure(exchange, H2CLIENT_ERROR_EMPTY_REPLY,
                              H2CLIENT_REPLAY_MAYBE_PROCESSED);
    }
}

TEST_MAIN("h1_requests", {T(a_head_is_its_line_the_host_and_the_fields_in_order)},
          {T(options_may_ask_for_the_server_itself)},
          {T(te_is_named_as_an_option_of_the_connection)},
          {T(a_head_says_how_its_body_is_framed_and_nothing_where_there_is_none)},
          {T(a_head_above_the_limit_is_refused_and_the_connection_stays_as_it_was)},
          {T(a_request_for_a_tunnel_is_refused)},
          {T(where_a_request_begins_in_the_output_is_known_once_it_does)},
          {T(a_body_of_known_length_goes_out_as_it_is)},
          {T(a_body_of_unknown_length_goes_out_in_chunks)},
          {T(an_empty_body_of_unknown_length_is_the_last_chunk)},
          {T(a_large_body_goes_out_in_chunks_as_large_as_the_room)},
          {T(chunks_fit_into_rooms_of_all_sizes)},
          {T(an_upload_that_has_nothing_now_waits_to_be_told)},
          {T(the_end_of_an_upload_is_its_sources_to_say)},
          {T(an_end_that_comes_without_bytes_is_a_chunk_of_its_own)},
          {T(an_upload_that_is_not_what_was_declared_ends_its_connection)},
          {T(a_response_can_be_read_while_its_upload_goes_on)},
          {T(a_response_that_ends_before_its_upload_is_delivered_and_the_rest_is_not_sent)},
          {T(a_response_before_the_last_byte_of_its_upload_closes_the_connection_too)},
          {T(a_server_that_closes_during_an_upload_after_a_full_response_has_answered)},
          {T(a_server_that_closes_during_an_upload_without_a_response_has_not_answered)})
