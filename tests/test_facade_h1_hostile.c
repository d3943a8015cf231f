/* SPDX-License-Identifier: MIT */
/*
 * A hostile HTTP/1.1 server, through a whole session. Whatever it answers, in pieces of any
 * size: the call ends with what is so, and the next ones of the session receive no byte of
 * it. (What each line means is test_h1_head's and test_h1_bodies's matter.)
 */
#include <stdio.h>
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

#define CLEAR "http://server.test"
#define LEN(array) (sizeof(array) / sizeof((array)[0]))
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define EVIL "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL"
#define H "HTTP/1.1 200 OK\r\n"
#define TWO "Content-Length: 2\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define MALFORMED H2CLIENT_ERROR_H1_MALFORMED
#define TRUNCATED H2CLIENT_ERROR_TRUNCATED
#define NO_ANSWER H2CLIENT_ERROR_EMPTY_REPLY

struct attack {
    const char *text;
    h2client_error_code code;
    bool closes;
    const char *body;   /* of a success */
    const char *method; /* NULL: GET */
};

struct scene {
    struct h2t_rig rig;
    const struct attack *attack;
};

static void serve(struct h2t_h1_peer *peer, const struct h2t_h1_seen *request,
                  struct h2t_h1_reply *reply, void *user)
{
    const struct scene *scene = user;

    (void)peer;
    reply->text = OK;
    if (strcmp(request->path, "/attack") != 0)
        return;
    reply->text = scene->attack->text;
    reply->closes = scene->attack->closes;
}

static void expect_body(const h2client_call *call, const char *body, const char *text)
{
    h2client_bytes bytes = h2client_response_body(h2client_call_response(call));

    ck_assert_msg(bytes.len == strlen(body) && memcmp(bytes.data, body, bytes.len) == 0,
                  "\"%.*s\", not \"%s\": %s", (int)bytes.len, bytes.data, body, text);
}

static void expect_end(struct scene *scene, const struct attack *attack)
{
    h2client_call *call =
        h2client_start(scene->rig.session, attack->method ? attack->method : "GET", CLEAR "/attack",
                       H2CLIENT_CALL(.retry = H2CLIENT_RETRY(.max_replays = H2CLIENT_NONE)));

    h2client_call_await(call);
    ck_assert_msg(h2client_call_state(call) == attack->code, "%d, %s: %s",
                  h2client_call_state(call), h2client_call_error(call)->message, attack->text);
    if (!attack->code)
        expect_body(call, attack->body, attack->text);
    h2client_call_destroy(call);
}

/* On the same connection, if the session thinks that it is still good. */
static void expect_next_is_whole(struct scene *scene, const struct attack *attack)
{
    h2client_call *call = h2client_get(scene->rig.session, CLEAR "/next");

    h2client_call_await(call);
    ck_assert_msg(h2client_call_state(call) == H2CLIENT_OK, "%s, after: %s",
                  h2client_call_error(call)->message, attack->text);
    expect_body(call, "ok", attack->text);
    h2client_call_destroy(call);
}

static void run_in_pieces(const struct attack *attack, size_t piece)
{
    struct scene scene = {.attack = attack};

    h2t_rig_init_h1(&scene.rig, serve, &scene);
    scene.rig.plan.link.max_write = scene.rig.plan.link.max_read = piece;
    h2t_rig_open(&scene.rig, NULL);
    expect_end(&scene, attack);
    expect_next_is_whole(&scene, attack);
    expect_next_is_whole(&scene, attack);
    h2t_rig_finish(&scene.rig);
}

static void run_all(const struct attack *attacks, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        run_in_pieces(&attacks[i], 0);
        run_in_pieces(&attacks[i], 1);
        run_in_pieces(&attacks[i], 7);
    }
}

/* ---- one answer that could be read as two ------------------------------------------------ */

static const struct attack smuggled[] = {
    {H TWO CHUNKED "\r\n2\r\nab\r\n0\r\n\r\n" EVIL, H2CLIENT_OK, false, "ab"},
    {H CHUNKED TWO "\r\n0\r\n\r\n" EVIL, H2CLIENT_OK, false, ""},
    {H TWO TWO "\r\nab" EVIL, H2CLIENT_OK, false, "ab"},
    {H TWO "Content-Length: 3\r\n\r\nabc", MALFORMED},
    {H "Content-Length: 2, 3\r\n\r\nab", MALFORMED},
    {H "Content-Length: +2\r\n\r\nab", MALFORMED},
    {H "Content-Length: 0x2\r\n\r\nab", MALFORMED},
    {H "Content-Length: 18446744073709551618\r\n\r\nab", MALFORMED},
    {H "Content-Length : 2\r\n\r\nab", MALFORMED},
    {H " Content-Length: 2\r\n\r\nab", MALFORMED},
    {H "Content-Length: 1\r\n 2\r\n\r\nab", MALFORMED},
    {H "Content-Length: 2\rX: y\r\n\r\nab", MALFORMED},
    {H "X: y\r\n Content-Length: 41\r\n" TWO "\r\nab" EVIL, H2CLIENT_OK, false, "ab"},
    {H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", MALFORMED},
    {H CHUNKED "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n", MALFORMED},
    {H "Transfer-Encoding: identity\r\n" TWO "\r\nab", MALFORMED},
    {"HTTP/1.0 200 OK\r\n" CHUNKED "\r\n0\r\n\r\n", MALFORMED},
    {H CHUNKED "\r\n00000000000000002\r\nab\r\n0\r\n\r\n", MALFORMED},
    {H CHUNKED "\r\n2\nab\r\n0\r\n\r\n", MALFORMED},
    {H CHUNKED "\r\n2\r\nabc\r\n0\r\n\r\n", MALFORMED},
    {H CHUNKED "\r\n2;a=\"\r\nEVIL\"\r\nab\r\n0\r\n\r\n", MALFORMED},
    {H CHUNKED "\r\n2\r\nab\r\n0\r\n" EVIL, MALFORMED},
    {H CHUNKED "\r\n2\r\nab\r\n0\r\n" TWO "\r\n" EVIL, H2CLIENT_OK, false, "ab"},
};

TEST(smuggled_answers_are_nobodys)
{
    run_all(smuggled, LEN(smuggled));
}
END_TEST

static const struct attack surplus[] = {
    {OK EVIL, H2CLIENT_OK, false, "ok"},
    {OK "\r\n", H2CLIENT_OK, false, "ok"},
    {OK "HTTP/1.1 100 Continue\r\n\r\n", H2CLIENT_OK, false, "ok"},
    {H "Connection: close\r\n" TWO "\r\nok" EVIL, H2CLIENT_OK, false, "ok"},
    {H "Content-Length: 41\r\n\r\n" EVIL, H2CLIENT_OK, false, "", "HEAD"},
    {H CHUNKED "\r\n2\r\nab\r\n0\r\n\r\n", H2CLIENT_OK, false, "", "HEAD"},
    {"HTTP/1.1 204 N\r\nContent-Length: 41\r\n\r\n" EVIL, H2CLIENT_OK, false, ""},
    {"HTTP/1.1 304 N\r\n" CHUNKED "\r\n0\r\n\r\n" EVIL, H2CLIENT_OK, false, ""},
    {"HTTP/1.1 205 R\r\n" TWO "\r\nab" EVIL, H2CLIENT_OK, false, "ab"},
};

TEST(bytes_behind_an_answer_are_nobodys)
{
    run_all(surplus, LEN(surplus));
}
END_TEST

/* ---- what is no answer ----------------------------------------------------------------------- */

static const struct attack strange[] = {
    {"HTTP/0.9 200 OK\r\n" TWO "\r\nab", MALFORMED},
    {"HTTP/2.0 200 OK\r\n" TWO "\r\nab", MALFORMED},
    {"HTTP/1.10 200 OK\r\n" TWO "\r\nab", MALFORMED},
    {"HTTP/1.1 2000 OK\r\n" TWO "\r\nab", MALFORMED},
    {"HTTP/1.1  200 OK\r\n" TWO "\r\nab", MALFORMED},
    {"\r\nHTTP/1.1 200 OK\r\n" TWO "\r\nab", MALFORMED},
    {"<html>", MALFORMED, true},
    {"\x15\x03\x01\x02\x02\x02\x28", MALFORMED, true}, /* a TLS alert */
    {"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n" EVIL, MALFORMED},
    {"HTTP/1.1 100 C\r\nContent-Length: 41\r\n\r\n" OK, H2CLIENT_OK, false, "ok"},
    {"HTTP/1.1 100 C\r\n\r\n", NO_ANSWER, true},
    {"", NO_ANSWER, true},
    {"HTTP", TRUNCATED, true},
    {H "Conte", TRUNCATED, true},
};

TEST(what_is_no_answer_is_called_by_its_name)
{
    run_all(strange, LEN(strange));
}
END_TEST

/* ---- connections that end ------------------------------------------------------------------- */

/* The first connection ends after n bytes. Returns how the call on it ended. */
static h2client_error_code cut(const char *text, size_t n, const h2client_fault *fault)
{
    const struct attack attack = {.text = text};
    struct scene scene = {.attack = &attack};
    h2client_error_code code;
    h2client_call *call;

    h2t_rig_init_h1(&scene.rig, serve, &scene);
    scene.rig.plan.link.cut_after = n ? n : H2T_CUT_AT_ONCE;
    scene.rig.plan.link.fault = fault;
    h2t_rig_open(&scene.rig, NULL);
    call = h2client_get(scene.rig.session, CLEAR "/attack",
                        .retry = H2CLIENT_RETRY(.max_replays = H2CLIENT_NONE));
    h2client_call_await(call);
    code = h2client_call_state(call);
    scene.rig.plan.link.cut_after = 0;
    h2client_call_destroy(call);
    expect_next_is_whole(&scene, &attack);
    h2t_rig_finish(&scene.rig);
    return code;
}

TEST(framed_answer_cut_at_any_byte_is_no_success)
{
    static const h2client_fault reset = {.code = H2CLIENT_ERROR_CONNECTION_RESET, .tls_alert = -1};
    static const char text[] =
        H CHUNKED "\r\n2;x=\"y\"\r\nab\r\n00\r\nTrailer: yes\r\n folded\r\n\r\n";

    for (size_t n = 0; n < sizeof text - 1; n++) {
        ck_assert_int_eq(cut(text, n, NULL), n ? TRUNCATED : NO_ANSWER);
        ck_assert_int_eq(cut(text, n, &reset), H2CLIENT_ERROR_CONNECTION_RESET);
    }
    ck_assert_int_eq(cut(text, sizeof text - 1, NULL), H2CLIENT_OK);
}
END_TEST

/* A TLS that ended without close_notify is a fault as well: see test_tls_record. */
TEST(answer_without_a_frame_ends_with_an_orderly_end_only)
{
    static const h2client_fault reset = {.code = H2CLIENT_ERROR_CONNECTION_RESET, .tls_alert = -1};
    static const char text[] = H "\r\nall of it";

    for (size_t n = sizeof H "\r\n" - 1; n < sizeof text; n++) {
        ck_assert_int_eq(cut(text, n, NULL), H2CLIENT_OK);
        ck_assert_int_eq(cut(text, n, &reset), H2CLIENT_ERROR_CONNECTION_RESET);
    }
}
END_TEST

TEST_MAIN("facade_h1_hostile", {T(smuggled_answers_are_nobodys)},
          {T(bytes_behind_an_answer_are_nobodys)}, {T(what_is_no_answer_is_called_by_its_name)},
          {T(framed_answer_cut_at_any_byte_is_no_success)},
          {T(answer_without_a_frame_ends_with_an_orderly_end_only)})
