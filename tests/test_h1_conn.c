/* SPDX-License-Identifier: MIT */
/* The HTTP/1.1 connection: when it is used again, how it ends, what its owner is told. */
#include <string.h>

#include "tests/support/h1_rig.h"

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* ---- one after the other -------------------------------------------------- */

TEST(requests_go_over_one_connection_one_after_the_other)
{
    EACH_CUT (rig) {
        for (int i = 0; i < 10; i++) {
            struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

            ck_assert_uint_eq(rig->conn->n_open, 1);
            h2t_h1_answer(rig, OK_ANSWER);
            h2t_h1_expect_success(exchange, 200, "ok");
            ck_assert_uint_eq(rig->conn->n_open, 0);
        }
        ck_assert_uint_eq(rig->conn->n_opened, 10);
        ck_assert_str_eq(rig->conn->http_version, "1.1");
    }
}

TEST(a_second_request_has_to_wait_and_nothing_happens)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *first = h2t_h1_get(rig);
        struct h2t_h1_exchange *second = h2t_h1_prepare(rig, "GET", "/second");

        ck_assert_uint_eq(rig->conn->max_open, 1);
        h2t_h1_submit(second);
        ck_assert_int_eq(second->submitted, H2CLIENT_PENDING);
        ck_assert(!h2t_h1_send(rig));
        h2t_h1_answer(rig, OK_ANSWER);
        h2t_h1_expect_success(first, 200, "ok");
        ck_assert_uint_eq(second->n_ends, 0);
        h2t_h1_submit(second);
        ck_assert_int_eq(second->submitted, H2CLIENT_OK);
    }
}

/* ---- used again or not --------------------------------------------------- */

static const struct {
    const char *answer;
    bool is_used_again;
} ends[] = {
    {OK_ANSWER, true},
    {"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", true},
    {"HTTP/1.1 200 OK\r\nConnection: x-close\r\nContent-Length: 2\r\n\r\nok", true},
    {"HTTP/1.1 200 OK\r\nProxy-Connection: close\r\nContent-Length: 2\r\n\r\nok", true},
    {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", false},
    {"HTTP/1.1 200 OK\r\nconnection: CLOSE\r\nContent-Length: 2\r\n\r\nok", false},
    {"HTTP/1.1 200 OK\r\nConnection: keep-alive ,\tClose\r\nContent-Length: 2\r\n\r\nok", false},
    {"HTTP/1.1 200 OK\r\nConnection: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", false},
    {"HTTP/1.1 103 Hints\r\nConnection: close\r\n\r\n" OK_ANSWER, false},
    {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", false},
    {"HTTP/1.0 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", false},
    {"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok", true},
    {"HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: 2\r\n\r\nok", false},
};

TEST(a_connection_is_used_again_unless_one_side_said_no)
{
    for (size_t i = 0; i < H2T_LEN(ends); i++) {
        EACH_CUT (rig) {
            struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

            h2t_h1_answer(rig, ends[i].answer);
            h2t_h1_expect_success(exchange, 200, "ok");
            ck_assert_msg(rig->conn->accepts_new == ends[i].is_used_again, "%s", ends[i].answer);
            if (ends[i].is_used_again)
                h2t_h1_expect_usable(rig);
            else
                h2t_h1_expect_closing(rig);
        }
    }
}

TEST(a_closing_connection_takes_no_request_and_drops_what_still_comes)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

        h2t_h1_answer(rig, "HTTP/1.1 204 None\r\nConnection: close\r\n\r\n");
        h2t_h1_expect_success(exchange, 204, "");
        exchange = h2t_h1_prepare(rig, "GET", "/");
        h2t_h1_submit(exchange);
        ck_assert_int_eq(exchange->submitted, H2CLIENT_ERROR_EMPTY_REPLY);
        h2t_h1_answer(rig, "more");
        h2t_h1_expect_closing(rig);
    }
}

/* ---- while nobody uses it ------------------------------------------------ */

TEST(bytes_nobody_asked_for_end_an_idle_connection)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

        h2t_h1_answer(rig, OK_ANSWER);
        ck_assert(rig->conn->accepts_new);
        h2t_h1_answer(rig, "HTTP/1.1 408 Request Timeout\r\n\r\n");
        h2t_h1_expect_failed(rig, H2CLIENT_ERROR_H1_MALFORMED);
        h2t_h1_expect_success(exchange, 200, "ok");
    }
}

TEST(a_server_that_speaks_first_ends_the_connection)
{
    EACH_CUT (rig) {
        h2t_h1_start(rig);
        h2t_h1_answer(rig, "220 ready\r\n");
        h2t_h1_expect_failed(rig, H2CLIENT_ERROR_H1_MALFORMED);
    }
}

TEST(an_idle_connection_ends_without_harm)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

        h2t_h1_answer(rig, OK_ANSWER);
        h2t_h1_end_input(rig, NULL);
        h2t_h1_expect_failed(rig, H2CLIENT_ERROR_EMPTY_REPLY);
        h2t_h1_end_input(rig, NULL);
        h2t_h1_expect_success(exchange, 200, "ok");
    }
}

/* ---- never sent ---------------------------------------------------------- */

/* Opened on a used connection and not sent. */
static struct h2t_h1_exchange *open_unsent(struct h2t_h1 *rig)
{
    struct h2t_h1_exchange *exchange;

    h2t_h1_expect_usable(rig);
    exchange = h2t_h1_prepare(rig, "POST", "/");
    h2t_h1_submit(exchange);
    return exchange;
}

TEST(a_connection_found_closed_has_never_sent_the_request)
{
    EACH_CUT (rig) {
        h2t_h1_start(rig);
        struct h2t_h1_exchange *exchange = open_unsent(rig);

        h2t_h1_end_input(rig, NULL);
        h2t_h1_expect_failure(exchange, H2CLIENT_ERROR_EMPTY_REPLY, H2CLIENT_REPLAY_NEVER_SENT);
    }
}

TEST(bytes_that_came_before_the_request_left_are_not_its_answer)
{
    EACH_CUT (rig) {
        h2t_h1_start(rig);
        struct h2t_h1_exchange *exchange = open_unsent(rig);

        h2t_h1_answer(rig, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
        h2t_h1_expect_failure(exchange, H2CLIENT_ERROR_H1_MALFORMED, H2CLIENT_REPLAY_NEVER_SENT);
        ck_assert_uint_eq(exchange->n_heads, 0);
    }
}

TEST(what_no_transport_took_was_never_sent)
{
    EACH_CUT (rig) {
        h2t_h1_start(rig);
        struct h2t_h1_exchange *exchange = open_unsent(rig);
        const h2client_fault fault = {
            .code = H2CLIENT_ERROR_SEND_FAILED, .tls_alert = -1, .text = "broken pipe"};
        char buf[10];

        ck_assert_uint_eq(rig->conn->ops->produce(rig->conn, 0, buf, sizeof buf), sizeof buf);
        h2t_h1_end_input(rig, &fault);
        h2t_h1_expect_failure(exchange, H2CLIENT_ERROR_SEND_FAILED, H2CLIENT_REPLAY_NEVER_SENT);
    }
}

/* ---- cancelling ---------------------------------------------------------- */

TEST(a_request_that_was_not_begun_is_taken_back)
{
    EACH_CUT (rig) {
        h2t_h1_start(rig);
        struct h2t_h1_exchange *exchange = open_unsent(rig);

        h2t_h1_take_sent(rig);
        h2t_h1_cancel(exchange);
        h2t_h1_send(rig);
        ck_assert_str_eq(h2t_h1_take_sent(rig), "");
        h2t_h1_expect_usable(rig);
    }
}

TEST(a_request_cancelled_later_takes_its_connection_with_it)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

        h2t_h1_answer(rig, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart");
        h2t_h1_cancel(exchange);
        h2t_h1_answer(rig, " rest");
        h2t_h1_expect_closing(rig);
        ck_assert_uint_eq(exchange->body.len, 4);
    }
}

TEST(an_exchange_may_be_cancelled_inside_each_of_its_events)
{
    for (int event = H2T_H1_AT_INTERIM; event <= H2T_H1_AT_SENT; event++) {
        for (int chunked = 0; chunked < 2; chunked++) {
            EACH_CUT (rig) {
                struct h2t_h1_exchange *exchange =
                    h2t_h1_prepare_post(rig, "hello", 5, chunked ? -1 : 5);

                exchange->cancels = event;
                h2t_h1_submit(exchange);
                h2t_h1_send(rig);
                h2t_h1_answer(rig, "HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\n"
                                   "Transfer-Encoding: chunked\r\n\r\n"
                                   "2\r\nok\r\n0\r\nx: y\r\n\r\n");
                ck_assert_uint_eq(exchange->n_ends, 1);
                h2t_h1_expect_closing(rig);
                ck_assert(!h2t_h1_send(rig));
            }
        }
    }
}

/* ---- held back by the reader ---------------------------------------------- */

TEST(a_reader_that_takes_nothing_holds_the_input_back)
{
    EACH_CUT (rig) {
        rig->config.max_unread_bytes = 10;
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

        exchange->is_paused = true;
        h2t_h1_answer(rig, "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n123456789");
        ck_assert(rig->conn->wants_input);
        h2t_h1_answer(rig, "012345");
        ck_assert(!rig->conn->wants_input);
        ck_assert_uint_eq(exchange->n_uncredited, 15);
        h2t_h1_credit(exchange, 5);
        ck_assert(!rig->conn->wants_input);
        h2t_h1_credit(exchange, 1);
        ck_assert(rig->conn->wants_input);
        h2t_h1_answer(rig, "678901234567890");
        h2t_h1_expect_success(exchange, 200, "123456789012345678901234567890");
        ck_assert(rig->conn->wants_input);
    }
}

TEST(what_a_cancelled_reader_had_not_taken_holds_nothing_back)
{
    EACH_CUT (rig) {
        rig->config.max_unread_bytes = 1;
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

        exchange->is_paused = true;
        h2t_h1_answer(rig, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1");
        ck_assert(!rig->conn->wants_input);
        h2t_h1_cancel(exchange);
        ck_assert(rig->conn->wants_input);
    }
}

TEST(what_a_reader_had_not_taken_at_the_end_does_not_count_for_the_next)
{
    EACH_CUT (rig) {
        rig->config.max_unread_bytes = 10;
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

        exchange->is_paused = true;
        h2t_h1_answer(rig, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789");
        h2t_h1_expect_success(exchange, 200, "123456789");
        exchange = h2t_h1_get(rig);
        exchange->is_paused = true;
        h2t_h1_answer(rig, "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n123456789");
        ck_assert(rig->conn->wants_input);
        h2t_h1_answer(rig, "0");
        ck_assert(!rig->conn->wants_input);
    }
}

/* ---- closing, and the owner ----------------------------------------------- */

TEST(after_a_shutdown_the_open_exchange_goes_on_and_no_other_comes)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);
        struct h2t_h1_exchange *late = h2t_h1_prepare(rig, "GET", "/");

        rig->conn->ops->shutdown(rig->conn);
        ck_assert(!rig->conn->accepts_new);
        h2t_h1_submit(late);
        ck_assert_int_eq(late->submitted, H2CLIENT_ERROR_EMPTY_REPLY);
        h2t_h1_answer(rig, OK_ANSWER);
        h2t_h1_expect_success(exchange, 200, "ok");
        h2t_h1_expect_closing(rig);
        ck_assert(!h2t_h1_send(rig));
    }
}

TEST(a_destroyed_connection_lets_go_without_an_event)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

        rig->conn->ops->destroy(rig->conn);
        rig->conn = NULL;
        ck_assert_ptr_null(exchange->exchange.conn);
        ck_assert_uint_eq(exchange->n_ends, 0);
    }
}

TEST(nothing_is_taken_after_a_failure)
{
    EACH_CUT (rig) {
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

        h2t_h1_answer(rig, "HTTP/9.9 200 OK\r\n");
        h2t_h1_expect_failed(rig, H2CLIENT_ERROR_H1_MALFORMED);
        ck_assert_int_eq(rig->conn->ops->receive(rig->conn, 0, OK_ANSWER, strlen(OK_ANSWER)),
                         H2CLIENT_ERROR_H1_MALFORMED);
        ck_assert_uint_eq(exchange->n_heads, 0);
        h2t_h1_end_input(rig, NULL);
        h2t_h1_expect_failed(rig, H2CLIENT_ERROR_H1_MALFORMED);
    }
}

/* ---- for people ---------------------------------------------------------- */

TEST(heads_and_trailers_are_traced_without_their_secrets)
{
    EACH_CUT (rig) {
        h2t_h1_start(rig);
        rig->conn->traces = true;
        struct h2t_h1_exchange *exchange = h2t_h1_prepare(rig, "GET", "/a");

        exchange->request.fields = H2T_FIELDS({"authorization", "secret"}, {"x", "y"});
        exchange->request.n_fields = 2;
        h2t_h1_submit(exchange);
        h2t_h1_send(rig);
        h2t_h1_answer(rig, "HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: secret\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\n\r\n");
        h2t_bytes_add(&rig->trace, "", 1);
        ck_assert_str_eq((const char *)rig->trace.data,
                         "> :method=GET\n> :path=/a\n> host=server.test\n"
                         "> authorization=[hidden]\n> x=y\n< :status=103\n< :status=200\n"
                         "< set-cookie=[hidden]\n< transfer-encoding=chunked\n< x-sum=1\n");
    }
}

/* ---- no memory ----------------------------------------------------------- */

/* A scenario that needs memory everywhere; it may end anywhere. */
static void run_without_memory(struct h2t_h1 *rig)
{
    struct h2t_h1_exchange *exchange;

    h2t_h1_start(rig);
    if (!rig->conn)
        return;
    rig->conn->traces = true;
    exchange = h2t_h1_post(rig, NULL, 1000, -1);
    if (exchange->submitted != H2CLIENT_OK) {
        ck_assert_int_eq(exchange->submitted, H2CLIENT_ERROR_NO_MEMORY);
        ck_assert(rig->conn->accepts_new);
        return;
    }
    h2t_h1_answer(rig, "HTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\n");
    h2t_h1_answer_head(rig, "Transfer-Encoding: chunked\r\nX-Long: "
                            "0123456789012345678901234567890123456789012345678901234567890123\r\n");
    h2t_h1_answer(rig, "2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n");
    if (rig->conn->has_failed)
        h2t_h1_expect_failure(exchange, H2CLIENT_ERROR_NO_MEMORY, H2CLIENT_REPLAY_MAYBE_PROCESSED);
    else
        h2t_h1_expect_success(exchange, 200, "ok");
}

TEST(every_failing_allocation_is_survived)
{
    uint64_t n_calls = 0; /* of a run in which none failed */

    for (uint64_t fail_at = 1; n_calls == 0; fail_at++) {
        EACH_CUT (rig) {
            rig->may_lack_memory = true;
            rig->alloc.fail_at = fail_at;
            run_without_memory(rig);
            if (rig->alloc.n_calls < fail_at)
                n_calls = rig->alloc.n_calls;
        }
    }
    ck_assert_uint_gt(n_calls, 5);
}

TEST_MAIN("h1_conn", {T(requests_go_over_one_connection_one_after_the_other)},
          {T(a_second_request_has_to_wait_and_nothing_happens)},
          {T(a_connection_is_used_again_unless_one_side_said_no)},
          {T(a_closing_connection_takes_no_request_and_drops_what_still_comes)},
          {T(bytes_nobody_asked_for_end_an_idle_connection)},
          {T(a_server_that_speaks_first_ends_the_connection)},
          {T(an_idle_connection_ends_without_harm)},
          {T(a_connection_found_closed_has_never_sent_the_request)},
          {T(bytes_that_came_before_the_request_left_are_not_its_answer)},
          {T(what_no_transport_took_was_never_sent)},
          {T(a_request_that_was_not_begun_is_taken_back)},
          {T(a_request_cancelled_later_takes_its_connection_with_it)},
          {T(an_exchange_may_be_cancelled_inside_each_of_its_events)},
          {T(a_reader_that_takes_nothing_holds_the_input_back)},
          {T(what_a_cancelled_reader_had_not_taken_holds_nothing_back)},
          {T(what_a_reader_had_not_taken_at_the_end_does_not_count_for_the_next)},
          {T(after_a_shutdown_the_open_exchange_goes_on_and_no_other_comes)},
          {T(a_destroyed_connection_lets_go_without_an_event)},
          {T(nothing_is_taken_after_a_failure)},
          {T(heads_and_trailers_are_traced_without_their_secrets)},
          {T(every_failing_allocation_is_survived)})
