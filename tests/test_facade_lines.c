/* SPDX-License-Identifier: MIT */
/* Bodies that are read line by line. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

static void answer(struct h2t_peer *peer, const struct h2t_seen_request *request,
                   struct h2t_response *response, void *user)
{
    const h2client_bytes *body = user;

    (void)peer, (void)request;
    response->status = 200;
    response->body = body->data;
    response->body_len = body->len;
}

static h2client_call *start(struct h2t_rig *rig, const h2client_bytes *body,
                            const h2client_call_options *options)
{
    h2t_rig_init(rig);
    rig->plan.peer.on_request = answer;
    rig->plan.peer.user = (void *)(uintptr_t)body;
    h2t_rig_open(rig, NULL);
    return h2client_start(rig->session, "GET", H2T_ORIGIN "/", options);
}

static void expect(h2client_call *call, const char *expected)
{
    const char *line;
    size_t len;

    ck_assert_int_eq(h2client_call_read_line(call, &line, &len), H2CLIENT_OK);
    ck_assert_ptr_nonnull(line);
    ck_assert_str_eq(line, expected);
    ck_assert_uint_eq(len, strlen(expected));
}

static void expect_end(h2client_call *call)
{
    const char *line;
    size_t len;

    ck_assert_int_eq(h2client_call_read_line(call, &line, &len), H2CLIENT_OK);
    ck_assert_ptr_null(line);
}

static void finish(struct h2t_rig *rig, h2client_call *call)
{
    h2client_call_destroy(call);
    h2t_rig_finish(rig);
}

#define BODY(text)             \
    {                          \
        text, sizeof(text) - 1 \
    }

TEST(lines_end_with_lf_or_cr_lf_and_the_last_one_with_the_body)
{
    static const h2client_bytes body = BODY("one\ntwo\r\n\n\r\nfour\rteen\nlast");
    struct h2t_rig rig;
    h2client_call *call = start(&rig, &body, NULL);

    expect(call, "one");
    expect(call, "two");
    expect(call, "");
    expect(call, "");
    expect(call, "four\rteen");
    expect(call, "last");
    expect_end(call);
    expect_end(call);
    finish(&rig, call);
}
END_TEST

TEST(lines_behind_the_last_end_there_are_none)
{
    static const h2client_bytes body = BODY("one\n");
    struct h2t_rig rig;
    h2client_call *call = start(&rig, &body, NULL);

    expect(call, "one");
    expect_end(call);
    finish(&rig, call);
}
END_TEST

TEST(lines_may_hold_nul_bytes)
{
    static const h2client_bytes body = BODY("a\0b\n");
    struct h2t_rig rig;
    h2client_call *call = start(&rig, &body, NULL);
    const char *line;
    size_t len;

    ck_assert_int_eq(h2client_call_read_line(call, &line, &len), H2CLIENT_OK);
    ck_assert_uint_eq(len, 3);
    ck_assert_int_eq(line[2], 'b');
    finish(&rig, call);
}
END_TEST

TEST(lines_may_be_longer_than_the_window)
{
    size_t len = 3000000;
    char *text = malloc(len);
    h2client_bytes body = {text, len};
    struct h2t_rig rig;
    const char *line;
    size_t n;

    memset(text, 'x', len);
    text[len - 2] = '\n';
    h2client_call *call = start(&rig, &body, NULL);
    ck_assert_int_eq(h2client_call_read_line(call, &line, &n), H2CLIENT_OK);
    ck_assert_uint_eq(n, len - 2);
    expect(call, "x");
    expect_end(call);
    finish(&rig, call);
    free(text);
}
END_TEST

TEST(lines_without_an_end_are_bounded)
{
    size_t len = 300000;
    char *text = calloc(1, len);
    h2client_bytes body = {text, len};
    struct h2t_rig rig;
    const char *line;
    size_t n;

    h2client_call *call = start(&rig, &body, H2CLIENT_CALL(.max_body_bytes = 100000));
    ck_assert_int_eq(h2client_call_read_line(call, &line, &n), H2CLIENT_ERROR_LINE_TOO_LONG);
    ck_assert_ptr_null(line);
    h2t_rig_turn(&rig, 3);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_ERROR_LINE_TOO_LONG);
    ck_assert_ptr_nonnull(strstr(h2client_call_error(call)->message, "100000"));
    finish(&rig, call);
    free(text);
}
END_TEST

TEST(lines_may_be_followed_by_bytes)
{
    static const h2client_bytes body = BODY("head\nand the rest\nof it");
    struct h2t_rig rig;
    h2client_call *call = start(&rig, &body, NULL);
    char buf[64];
    size_t n;

    expect(call, "head");
    ck_assert_int_eq(h2client_call_read(call, buf, 8, &n), H2CLIENT_OK);
    ck_assert_int_eq(strncmp(buf, "and the ", n), 0);
    ck_assert_uint_eq(n, 8);
    expect(call, "rest");
    expect(call, "of it");
    expect_end(call);
    finish(&rig, call);
}
END_TEST

TEST(lines_that_were_not_given_are_the_bodys_when_it_is_awaited)
{
    static const h2client_bytes body = BODY("head\nand the rest\nof it");
    struct h2t_rig rig;
    h2client_call *call = start(&rig, &body, NULL);

    expect(call, "head");
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_str_eq(h2client_response_body(h2client_call_response(call)).data,
                     "and the rest\nof it");
    finish(&rig, call);
}
END_TEST

TEST(lines_that_end_their_call_wake_who_polls)
{
    size_t len = 300000;
    char *text = calloc(1, len);
    h2client_bytes body = {text, len};
    struct h2t_rig rig;
    const char *line;
    size_t n;

    h2client_call *call = start(
        &rig, &body, H2CLIENT_CALL(.max_body_bytes = 1000, .delivery = H2CLIENT_DELIVERY_PULL));
    h2t_rig_turn(&rig, 10);
    ck_assert_int_eq(h2client_call_try_read_line(call, &line, &n), H2CLIENT_ERROR_LINE_TOO_LONG);
    ck_assert_int_eq(h2client_session_next_timeout_ms(rig.session), 0);
    finish(&rig, call);
    free(text);
}
END_TEST

TEST(lines_that_are_not_there_yet_are_pending)
{
    static const h2client_bytes body = BODY("one\n");
    struct h2t_rig rig;
    h2client_call *call = start(&rig, &body, NULL);
    const char *line;
    size_t len;

    ck_assert_int_eq(h2client_call_try_read_line(call, &line, &len), H2CLIENT_PENDING);
    h2t_rig_turn(&rig, 10);
    ck_assert_int_eq(h2client_call_try_read_line(call, &line, &len), H2CLIENT_OK);
    ck_assert_str_eq(line, "one");
    finish(&rig, call);
}
END_TEST

static size_t take(h2client_call *call, const void *data, size_t len, void *user)
{
    (void)call, (void)data, (void)user;
    return len;
}

TEST(lines_of_a_body_that_is_pushed_are_a_mistake)
{
    static const h2client_bytes body = BODY("one\n");
    struct h2t_rig rig;
    h2client_call *call = start(&rig, &body, H2CLIENT_CALL(.on_data = take));
    const char *line;
    size_t len;

    ck_assert_int_eq(h2client_call_read_line(call, &line, &len), H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_int_eq(h2client_call_read_line(call, NULL, &len), H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_int_eq(h2client_call_read_line(NULL, &line, &len), H2CLIENT_ERROR_NO_MEMORY);
    finish(&rig, call);
}
END_TEST

TEST(lines_of_a_failed_call_come_before_its_error)
{
    static const h2client_bytes body = BODY("one\ntwo");
    struct h2t_rig rig;
    h2client_call *call = start(&rig, &body, NULL);
    const char *line;
    size_t len;

    expect(call, "one");
    h2client_call_cancel(call);
    h2t_rig_turn(&rig, 3);
    ck_assert_int_eq(h2client_call_read_line(call, &line, &len), H2CLIENT_OK);
    ck_assert_str_eq(line, "two");
    finish(&rig, call);
}
END_TEST

TEST_MAIN("facade_lines", {T(lines_end_with_lf_or_cr_lf_and_the_last_one_with_the_body)},
          {T(lines_behind_the_last_end_there_are_none)}, {T(lines_may_hold_nul_bytes)},
          {T(lines_may_be_longer_than_the_window)}, {T(lines_without_an_end_are_bounded)},
          {T(lines_may_be_followed_by_bytes)},
          {T(lines_that_were_not_given_are_the_bodys_when_it_is_awaited)},
          {T(lines_that_end_their_call_wake_who_polls)},
          {T(lines_that_are_not_there_yet_are_pending)},
          {T(lines_of_a_body_that_is_pushed_are_a_mistake)},
          {T(lines_of_a_failed_call_come_before_its_error)})
