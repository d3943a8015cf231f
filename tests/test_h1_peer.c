/* SPDX-License-Identifier: MIT */
/* The scripted HTTP/1.1 server: what it sees, what it answers, what it complains of; and
 * that the core and it understand each other. */
#include <string.h>

#include "h2client-testing/h1_peer.h"
#include "h2client-testing/h2_peer.h"
#include "tests/support/h1_rig.h"

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* Bytes go both ways until nobody has anything to say. */
static void talk(struct h2t_h1 *rig, struct h2t_h1_peer *peer)
{
    h2client_bytes output = {"", 0};

    do {
        h2t_h1_answer_bytes(rig, output.data, output.len);
        h2t_h1_peer_output_taken(peer, output.len);
        ck_assert(h2t_h1_peer_receive(peer, rig->sent.data, rig->sent.len));
        rig->sent.len = 0;
        output = h2t_h1_peer_output(peer);
    } while (output.len > 0);
    ck_assert_str_eq(h2t_h1_peer_complaint(peer), "");
}

TEST(the_core_and_the_peer_understand_each_other)
{
    EACH_CUT (rig) {
        struct h2t_h1_peer *peer = h2t_h1_peer_create(NULL);
        struct h2t_h1_exchange *exchanges[4];

        exchanges[0] = h2t_h1_get(rig);
        talk(rig, peer);
        exchanges[1] = h2t_h1_method(rig, "HEAD");
        talk(rig, peer);
        exchanges[2] = h2t_h1_post(rig, "hello", 5, 5);
        talk(rig, peer);
        exchanges[3] = h2t_h1_post(rig, NULL, 30000, -1);
        talk(rig, peer);
        for (size_t i = 0; i < 4; i++)
            h2t_h1_expect_success(exchanges[i], 200, i == 1 ? "" : "ok");
        ck_assert_uint_eq(h2t_h1_peer_n_requests(peer), 4);
        ck_assert_uint_eq(h2t_h1_peer_request(peer, 3)->body_len, 30000);
        h2t_h1_peer_destroy(peer);
    }
}

TEST(the_peer_sees_requests_as_they_were_meant)
{
    EACH_CUT (rig) {
        struct h2t_h1_peer *peer = h2t_h1_peer_create(NULL);
        struct h2t_h1_exchange *exchange = h2t_h1_prepare_post(rig, "hello", 5, -1);
        const struct h2t_h1_seen *seen;

        exchange->request.path = "/a?b";
        exchange->request.fields = H2T_FIELDS({"x-field", "value"});
        exchange->request.n_fields = 1;
        h2t_h1_submit(exchange);
        h2t_h1_send(rig);
        talk(rig, peer);
        seen = h2t_h1_peer_request(peer, 0);
        ck_assert_str_eq(seen->method, "POST");
        ck_assert_str_eq(seen->path, "/a?b");
        ck_assert_str_eq(h2t_field(seen->fields, "host"), "server.test");
        ck_assert_str_eq(h2t_field(seen->fields, "x-field"), "value");
        ck_assert_str_eq(seen->body, "hello");
        ck_assert(seen->is_chunked && seen->is_complete && seen->is_answered);
        h2t_h1_peer_destroy(peer);
    }
}

/* ---- by script ------------------------------------------------------------ */

static void hold(struct h2t_h1_peer *peer, const struct h2t_h1_seen *request,
                 struct h2t_h1_reply *reply, void *user)
{
    (void)peer, (void)request, (void)reply, (void)user;
}

TEST(a_held_request_is_answered_when_the_test_says_so)
{
    const struct h2t_h1_config config = {.on_request = hold};

    EACH_CUT (rig) {
        struct h2t_h1_peer *peer = h2t_h1_peer_create(&config);
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

        talk(rig, peer);
        h2t_h1_peer_send(peer, "HTTP/1.1 103 Hints\r\n\r\n");
        talk(rig, peer);
        ck_assert_uint_eq(exchange->n_informational, 1);
        ck_assert(!h2t_h1_peer_request(peer, 0)->is_answered);
        h2t_h1_peer_answer(peer, &(struct h2t_h1_reply){.text = OK_ANSWER});
        talk(rig, peer);
        h2t_h1_expect_success(exchange, 200, "ok");
        h2t_h1_peer_destroy(peer);
    }
}

static void answer_pattern(struct h2t_h1_peer *peer, const struct h2t_h1_seen *request,
                           struct h2t_h1_reply *reply, void *user)
{
    (void)peer, (void)request, (void)user;
    reply->text = "HTTP/1.1 200 OK\r\n\r\n";
    reply->pattern_len = 1000;
    reply->closes = true;
}

TEST(a_reply_may_be_a_pattern_and_the_last_thing_said)
{
    const struct h2t_h1_config config = {.on_request = answer_pattern};

    EACH_CUT (rig) {
        struct h2t_h1_peer *peer = h2t_h1_peer_create(&config);
        struct h2t_h1_exchange *exchange = h2t_h1_get(rig);

        ck_assert(!h2t_h1_peer_is_done(peer));
        talk(rig, peer);
        ck_assert(h2t_h1_peer_is_done(peer));
        h2t_h1_end_input(rig, NULL);
        h2t_h1_expect_success(exchange, 200, NULL);
        ck_assert_uint_eq(exchange->body.len, 1000);
        for (size_t i = 0; i < 1000; i++)
            ck_assert_int_eq(exchange->body.data[i], h2t_pattern_byte(i));
        h2t_h1_peer_destroy(peer);
    }
}

/* ---- complaints ----------------------------------------------------------- */

#define HEAD "GET / HTTP/1.1\r\nHost: a\r\n"

static const char *const bad_requests[] = {
    "GET /\r\n\r\n",
    "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
    " / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET  HTTP/1.1\r\nHost: a\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    HEAD "Host: b\r\n\r\n",
    HEAD "no colon\r\n\r\n",
    HEAD "a :b\r\n\r\n",
    HEAD "a : b\r\n\r\n",
    HEAD "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    HEAD "Transfer-Encoding: gzip\r\n\r\n",
    HEAD "Content-Length: +1\r\n\r\n",
    HEAD "Transfer-Encoding: chunked\r\n\r\nx\r\n",
    HEAD "Transfer-Encoding: chunked\r\n\r\n05\r\n",
    HEAD "Transfer-Encoding: chunked\r\n\r\n5;a\r\n",
    HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
    HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\nno colon\r\n\r\n",
};

TEST(the_peer_complains_of_requests_that_break_the_rules)
{
    for (size_t i = 0; i < H2T_LEN(bad_requests); i++) {
        struct h2t_h1_peer *peer = h2t_h1_peer_create(NULL);

        ck_assert_msg(!h2t_h1_peer_receive(peer, bad_requests[i], strlen(bad_requests[i])),
                      "%s is taken", bad_requests[i]);
        ck_assert_str_ne(h2t_h1_peer_complaint(peer), "");
        ck_assert_uint_eq(h2t_h1_peer_output(peer).len, 0);
        h2t_h1_peer_destroy(peer);
    }
}

TEST(the_peer_complains_of_a_request_before_its_time)
{
    const struct h2t_h1_config config = {.on_request = hold};
    struct h2t_h1_peer *peer = h2t_h1_peer_create(&config);

    ck_assert(h2t_h1_peer_receive(peer, HEAD "\r\n", strlen(HEAD) + 2));
    ck_assert(!h2t_h1_peer_receive(peer, HEAD "\r\n", strlen(HEAD) + 2));
    ck_assert_uint_eq(h2t_h1_peer_n_requests(peer), 1);
    h2t_h1_peer_destroy(peer);
}

TEST_MAIN("h1_peer", {T(the_core_and_the_peer_understand_each_other)},
          {T(the_peer_sees_requests_as_they_were_meant)},
          {T(a_held_request_is_answered_when_the_test_says_so)},
          {T(a_reply_may_be_a_pattern_and_the_last_thing_said)},
          {T(the_peer_complains_of_requests_that_break_the_rules)},
          {T(the_peer_complains_of_a_request_before_its_time)})
