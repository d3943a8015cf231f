/* SPDX-License-Identifier: MIT */
/* Redirects through a whole session: what each hop receives, and what comes of it. */
#include <stdio.h>
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

#define MAX_HOPS 16

/* What a server says to a path, and what it was asked. */
struct scene {
    struct {
        const char *path;
        int status;
        const char *location;
        size_t body_len;
    } replies[4]; /* for others: 200 "ok" */
    h2client_header fields[4][2];
    struct {
        char line[200]; /* "GET https server.test /path" */
        h2client_header fields[16];
        char body[16];
    } hops[MAX_HOPS];
    size_t n_hops;
};

static const char *value_of(const h2client_header *fields, const char *name)
{
    for (; fields->name; fields++)
        if (strcmp(fields->name, name) == 0)
            return fields->value;
    return NULL;
}

static void note(struct scene *scene, const struct h2t_seen_request *request)
{
    size_t n = 0;

    ck_assert_uint_lt(scene->n_hops, MAX_HOPS);
    snprintf(scene->hops[scene->n_hops].line, sizeof scene->hops[0].line, "%s %s://%s%s",
             value_of(request->fields, ":method"), value_of(request->fields, ":scheme"),
             value_of(request->fields, ":authority"), value_of(request->fields, ":path"));
    snprintf(scene->hops[scene->n_hops].body, sizeof scene->hops[0].body, "%s", request->body);
    for (const h2client_header *field = request->fields; field->name && n < 15; field++, n++)
        scene->hops[scene->n_hops].fields[n] = *field;
    scene->n_hops++;
}

static void answer(struct h2t_peer *peer, const struct h2t_seen_request *request,
                   struct h2t_response *response, void *user)
{
    struct scene *scene = user;
    const char *path = value_of(request->fields, ":path");

    (void)peer;
    response->status = 200;
    response->body = "ok";
    response->body_len = 2;
    response->waits_for_body = true;
    note(scene, request);
    for (size_t i = 0; i < 4; i++)
        if (scene->replies[i].path && strcmp(scene->replies[i].path, path) == 0) {
            scene->fields[i][0] = (h2client_header){"location", scene->replies[i].location};
            response->status = scene->replies[i].status;
            response->fields = scene->replies[i].location ? scene->fields[i] : NULL;
            response->body = NULL;
            response->body_len = scene->replies[i].body_len;
        }
}

static void start(struct h2t_rig *rig, struct scene *scene)
{
    h2t_rig_init(rig);
    rig->plan.peer.on_request = answer;
    rig->plan.peer.user = scene;
    h2t_rig_open(rig, NULL);
}

static void finish(struct h2t_rig *rig, h2client_call *call)
{
    h2client_call_destroy(call);
    h2t_rig_finish(rig);
}

static void expect_status(h2client_call *call, int status)
{
    const h2client_response *resp = h2client_call_await(call);

    ck_assert_msg(resp != NULL, "%s", h2client_call_error(call)->message);
    ck_assert_int_eq(h2client_response_status(resp), status);
}

/* ---- the way ---------------------------------------------------------------------- */

TEST(a_redirect_is_followed_and_told)
{
    struct h2t_rig rig;
    struct scene scene = {.replies = {{"/a", 302, "/b?x=1#frag", 5}}};

    start(&rig, &scene);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/a");
    expect_status(call, 200);
    ck_assert_str_eq(h2client_response_body(h2client_call_response(call)).data, "ok");
    ck_assert_str_eq(scene.hops[1].line, "GET https://server.test/b?x=1");
    ck_assert_str_eq(h2client_call_get_info(call)->url, H2T_ORIGIN "/b?x=1");
    ck_assert_str_eq(h2client_call_get_info(call)->fragment, "frag");
    ck_assert_int_eq(h2client_call_get_info(call)->n_redirects, 1);
    ck_assert_str_eq(h2client_call_attempt(call, 0)->url, H2T_ORIGIN "/a");
    ck_assert_int_eq(h2client_call_attempt(call, 0)->status, 302);
    ck_assert_str_eq(h2client_call_attempt(call, 0)->reason, "status 302 to " H2T_ORIGIN "/b?x=1");
    ck_assert_int_eq(h2client_call_attempt(call, 1)->status, 200);
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    finish(&rig, call);
}
END_TEST

static void note_passed_over(h2client_call *call, int status, const h2client_header *fields,
                             void *user)
{
    char *text = user;

    (void)call;
    snprintf(text + strlen(text), 100, "%d %s ", status, value_of(fields, "location"));
}

TEST(a_redirect_on_the_way_can_be_looked_at)
{
    char text[300] = "";
    struct h2t_rig rig;
    struct scene scene = {.replies = {{"/a", 302, "/b", 0}, {"/b", 307, "/c", 0}}};

    start(&rig, &scene);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/a",
                                       .on_passed_over = note_passed_over, .user = text);
    expect_status(call, 200);
    ck_assert_str_eq(text, "302 /b 307 /c ");
    finish(&rig, call);
}
END_TEST

TEST(a_fragment_is_kept_where_the_location_has_none)
{
    struct h2t_rig rig;
    struct scene scene = {.replies = {{"/a", 302, "/b", 0}}};

    start(&rig, &scene);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/a#kept");
    expect_status(call, 200);
    ck_assert_str_eq(scene.hops[1].line, "GET https://server.test/b");
    ck_assert_str_eq(h2client_call_get_info(call)->fragment, "kept");
    finish(&rig, call);
}
END_TEST

TEST(a_redirect_not_followed_is_the_response)
{
    struct h2t_rig rig;
    struct scene scene = {.replies = {{"/a", 302, "/b", 5}}};

    start(&rig, &scene);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/a",
                                       .redirect = H2CLIENT_REDIRECT(.follow = H2CLIENT_OFF));
    expect_status(call, 302);
    ck_assert_uint_eq(h2client_response_body(h2client_call_response(call)).len, 5);
    ck_assert_uint_eq(scene.n_hops, 1);
    finish(&rig, call);
}
END_TEST

TEST(a_redirect_without_a_location_is_the_response)
{
    struct h2t_rig rig;
    struct scene scene = {.replies = {{"/a", 302, NULL, 5}}};

    start(&rig, &scene);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/a");
    expect_status(call, 302);
    finish(&rig, call);
}
END_TEST

TEST(a_post_becomes_a_get_without_its_body_after_303)
{
    struct h2t_rig rig;
    struct scene scene = {.replies = {{"/a", 303, "/b", 0}}};

    start(&rig, &scene);
    h2client_call *call =
        h2client_post(rig.session, H2T_ORIGIN "/a", .body = H2CLIENT_TEXT("hello"),
                      .headers = H2CLIENT_HEADERS({"content-type", "text/plain"}, {"x-kept", "1"}));
    expect_status(call, 200);
    ck_assert_str_eq(scene.hops[1].line, "GET https://server.test/b");
    ck_assert_ptr_null(value_of(scene.hops[1].fields, "content-type"));
    ck_assert_ptr_null(value_of(scene.hops[1].fields, "content-length"));
    ck_assert_str_eq(value_of(scene.hops[1].fields, "x-kept"), "1");
    finish(&rig, call);
}
END_TEST

TEST(a_post_and_its_body_are_sent_again_after_307)
{
    struct h2t_rig rig;
    struct scene scene = {.replies = {{"/a", 307, "/b", 0}}};

    start(&rig, &scene);
    h2client_call *call =
        h2client_post(rig.session, H2T_ORIGIN "/a", .body = H2CLIENT_TEXT("hello"));
    expect_status(call, 200);
    ck_assert_str_eq(scene.hops[1].line, "POST https://server.test/b");
    ck_assert_str_eq(h2t_peer_request(h2t_rig_peer(&rig, 0), 1)->body, "hello");
    finish(&rig, call);
}
END_TEST

static h2client_pull_result pull_once(void *buf, size_t cap, size_t *n, void *user)
{
    (void)cap, (void)user;
    memcpy(buf, "hello", 5);
    *n = 5;
    return H2CLIENT_PULL_END;
}

TEST(a_body_that_cannot_be_rewound_cannot_follow)
{
    struct h2t_rig rig;
    struct scene scene = {.replies = {{"/a", 308, "/b", 0}}};

    start(&rig, &scene);
    h2client_call *call =
        h2client_post(rig.session, H2T_ORIGIN "/a", .body = H2CLIENT_PULL(pull_once, NULL, 5));
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_UPLOAD_REWIND);
    finish(&rig, call);
}
END_TEST

TEST(a_loop_ends_at_the_limit)
{
    struct h2t_rig rig;
    struct scene scene = {.replies = {{"/a", 302, "/b", 0}, {"/b", 302, "/a", 0}}};

    start(&rig, &scene);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/a");
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_TOO_MANY_REDIRECTS);
    ck_assert_int_eq(h2client_call_error(call)->exit_code, 47);
    ck_assert_uint_eq(scene.n_hops, 11);
    ck_assert_int_eq(h2client_response_status(h2client_call_partial_response(call)), 302);
    finish(&rig, call);
}
END_TEST

/* ---- where none may lead -------------------------------------------------------- */

TEST(a_location_of_no_sense_is_named)
{
    static const struct {
        const char *location;
        h2client_error_code code;
    } rows[] = {
        {"http://server.test/", H2CLIENT_ERROR_REDIRECT_REFUSED}, /* from https */
        {"ftp://server.test/", H2CLIENT_ERROR_REDIRECT_REFUSED},
        {"javascript:alert(1)", H2CLIENT_ERROR_REDIRECT_REFUSED},
        {"file:///etc/passwd", H2CLIENT_ERROR_REDIRECT_REFUSED},
        {"https://server.test:99999/", H2CLIENT_ERROR_REDIRECT_MALFORMED},
        {"https://a%2fb/", H2CLIENT_ERROR_REDIRECT_MALFORMED},
        {"https://", H2CLIENT_ERROR_REDIRECT_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct h2t_rig rig;
        struct scene scene = {.replies = {{"/a", 302, rows[i].location, 0}}};

        start(&rig, &scene);
        h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/a");
        ck_assert_ptr_null(h2client_call_await(call));
        ck_assert_msg(h2client_call_error(call)->code == rows[i].code, "%s: %s", rows[i].location,
                      h2client_call_error(call)->message);
        ck_assert_uint_eq(scene.n_hops, 1);
        finish(&rig, call);
    }
}
END_TEST

/* ---- secrets ------------------------------------------------------------------------ */

static h2client_call *get_with_secrets(struct h2t_rig *rig, const char *url, h2client_switch trusts)
{
    return h2client_get(
        rig->session, url,
        .headers = H2CLIENT_HEADERS({"authorization", "Basic c2VjcmV0"}, {"cookie", "secret=1"},
                                    {"proxy-authorization", "secret"},
                                    {"referer", "https://server.test/secret"},
                                    {"host", "virtual.test"}, {"x-kept", "1"}),
        .redirect = H2CLIENT_REDIRECT(.allow_downgrade = H2CLIENT_ON, .trust_all = trusts));
}

static bool holds_secrets(const h2client_header *fields)
{
    return value_of(fields, "authorization") || value_of(fields, "cookie") ||
           value_of(fields, "proxy-authorization") || value_of(fields, "referer");
}

TEST(secrets_stay_with_their_origin)
{
    static const struct {
        const char *location;
        bool gets_secrets;
    } rows[] = {
        {"/b", true},
        {"https://server.test/b", true},
        {"https://SERVER.test:443/b", true},
        {"https://server.test:8443/b", false},
        {"https://other.test/b", false},
        {"https://sub.server.test/b", false},
        {"//other.test/b", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct h2t_rig rig;
        struct scene scene = {.replies = {{"/a", 302, rows[i].location, 0}}};

        start(&rig, &scene);
        h2client_call *call = get_with_secrets(&rig, H2T_ORIGIN "/a", H2CLIENT_INHERIT);
        expect_status(call, 200);
        ck_assert(holds_secrets(scene.hops[0].fields));
        ck_assert_msg(holds_secrets(scene.hops[1].fields) == rows[i].gets_secrets, "%s",
                      rows[i].location);
        ck_assert_str_eq(value_of(scene.hops[1].fields, "x-kept"), "1");
        finish(&rig, call);
    }
}
END_TEST

TEST(secrets_do_not_come_back_on_a_later_hop)
{
    struct h2t_rig rig;
    struct scene scene = {
        .replies = {{"/a", 302, "https://other.test/b", 0}, {"/b", 302, H2T_ORIGIN "/c", 0}}};

    start(&rig, &scene);
    h2client_call *call = get_with_secrets(&rig, H2T_ORIGIN "/a", H2CLIENT_INHERIT);
    expect_status(call, 200);
    ck_assert_str_eq(scene.hops[0].line, "GET https://virtual.test/a");
    ck_assert_str_eq(scene.hops[1].line, "GET https://other.test/b");
    ck_assert_str_eq(scene.hops[2].line, "GET https://server.test/c");
    ck_assert(!holds_secrets(scene.hops[2].fields));
    finish(&rig, call);
}
END_TEST

TEST(secrets_go_along_where_all_are_trusted)
{
    struct h2t_rig rig;
    struct scene scene = {.replies = {{"/a", 302, "https://other.test/b", 0}}};

    start(&rig, &scene);
    h2client_call *call = get_with_secrets(&rig, H2T_ORIGIN "/a", H2CLIENT_ON);
    expect_status(call, 200);
    ck_assert(holds_secrets(scene.hops[1].fields));
    ck_assert_str_eq(scene.hops[1].line, "GET https://other.test/b");
    finish(&rig, call);
}
END_TEST

/* ---- what is left of the response ------------------------------------------------------- */

TEST(a_long_body_of_a_redirect_is_left)
{
    struct h2t_rig rig;
    struct scene scene = {.replies = {{"/a", 302, "/b", 1000000}}};

    start(&rig, &scene);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/a");
    expect_status(call, 200);
    ck_assert(h2t_peer_request(h2t_rig_peer(&rig, 0), 0)->was_reset);
    ck_assert_int_eq(h2client_call_get_info(call)->download_bytes, 2);
    finish(&rig, call);
}
END_TEST

static void answer_h1(struct h2t_h1_peer *peer, const struct h2t_h1_seen *request,
                      struct h2t_h1_reply *reply, void *user)
{
    (void)peer, (void)user;
    reply->waits_for_body = true;
    reply->text = strcmp(request->path, "/a") == 0
                      ? "HTTP/1.1 302 Found\r\nlocation: /b\r\ncontent-length: 4\r\n\r\nbody"
                      : "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
}

TEST(a_redirect_over_http_1_1_keeps_its_connection)
{
    struct h2t_rig rig;

    h2t_rig_init_h1(&rig, answer_h1, NULL);
    h2t_rig_open(&rig, NULL);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/a");
    expect_status(call, 200);
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    ck_assert_uint_eq(h2t_h1_peer_n_requests(h2t_rig_h1_peer(&rig, 0)), 2);
    finish(&rig, call);
}
END_TEST

static void answer_and_stop(struct h2t_h1_peer *peer, const struct h2t_h1_seen *request,
                            struct h2t_h1_reply *reply, void *user)
{
    answer_h1(peer, request, reply, user);
    if (strcmp(request->path, "/a") == 0)
        reply->text = "HTTP/1.1 302 Found\r\nlocation: /b\r\ncontent-length: 400\r\n\r\nbody";
}

TEST(a_slow_body_of_a_redirect_is_left_after_a_second)
{
    struct h2t_rig rig;

    h2t_rig_init_h1(&rig, answer_and_stop, NULL);
    h2t_rig_open(&rig, NULL);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/a");
    expect_status(call, 200);
    ck_assert_uint_eq(rig.dialer.n_dials, 2);
    ck_assert_int_eq(h2client_call_get_info(call)->total_us / 1000, 1000);
    finish(&rig, call);
}
END_TEST

TEST(the_total_limit_holds_through_redirects)
{
    struct h2t_rig rig;

    h2t_rig_init_h1(&rig, answer_and_stop, NULL);
    h2t_rig_open(&rig, NULL);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/a", .total_timeout_ms = 700);
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->limit, H2CLIENT_LIMIT_TOTAL);
    ck_assert_int_eq(h2client_call_error(call)->elapsed_us, 700000);
    finish(&rig, call);
}
END_TEST

static void dawdle(struct h2t_h1_peer *peer, const struct h2t_h1_seen *request,
                   struct h2t_h1_reply *reply, void *user)
{
    (void)peer, (void)user;
    reply->text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    if (strcmp(request->path, "/") == 0)
        reply->text = "HTTP/1.1 302 Found\r\nLocation: /on\r\nContent-Length: 9\r\n\r\nmoved";
}

TEST(rest_of_a_redirect_that_dawdles_is_no_first_byte_timeout)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init_h1(&rig, dawdle, NULL);
    h2t_rig_open(&rig, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .first_byte_timeout_ms = 500);
    ck_assert_msg(h2client_call_await(call), "%s", h2client_call_error(call)->message);
    ck_assert_int_eq(h2client_call_get_info(call)->n_redirects, 1);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST_MAIN("facade_redirect", {T(a_redirect_is_followed_and_told)},
          {T(a_redirect_on_the_way_can_be_looked_at)},
          {T(a_fragment_is_kept_where_the_location_has_none)},
          {T(a_redirect_not_followed_is_the_response)},
          {T(a_redirect_without_a_location_is_the_response)},
          {T(a_post_becomes_a_get_without_its_body_after_303)},
          {T(a_post_and_its_body_are_sent_again_after_307)},
          {T(a_body_that_cannot_be_rewound_cannot_follow)}, {T(a_loop_ends_at_the_limit)},
          {T(a_location_of_no_sense_is_named)}, {T(secrets_stay_with_their_origin)},
          {T(secrets_do_not_come_back_on_a_later_hop)}, {T(secrets_go_along_where_all_are_trusted)},
          {T(a_long_body_of_a_redirect_is_left)},
          {T(a_redirect_over_http_1_1_keeps_its_connection)},
          {T(a_slow_body_of_a_redirect_is_left_after_a_second)},
          {T(the_total_limit_holds_through_redirects)},
          {T(rest_of_a_redirect_that_dawdles_is_no_first_byte_timeout)})
