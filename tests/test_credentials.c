/* SPDX-License-Identifier: MIT */
/* Basic and Bearer: as a field, through a session, and across redirects. */
#include <string.h>

#include "base/alloc.h"
#include "h2client/auth/credentials.h"
#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

static void expect_value(const h2client_auth *auth, const char *expected)
{
    struct h2i_arena arena;
    char buf[200];
    struct h2i_text why = h2i_text(buf, sizeof buf);
    const char *value;

    h2i_arena_init(&arena, h2i_default_allocator(), 256);
    ck_assert_int_eq(h2i_credentials(&arena, auth, &value, &why), H2CLIENT_OK);
    ck_assert_str_eq(value, expected);
    h2i_arena_finish(&arena);
}

static void expect_refusal(const h2client_auth *auth, const char *expected)
{
    struct h2i_arena arena;
    char buf[200];
    struct h2i_text why = h2i_text(buf, sizeof buf);
    const char *value;

    h2i_arena_init(&arena, h2i_default_allocator(), 256);
    ck_assert_int_eq(h2i_credentials(&arena, auth, &value, &why), H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_str_eq(buf, expected);
    h2i_arena_finish(&arena);
}

/* RFC 7617 2 and 2.1, and each length of the last group. */
TEST(basic_is_base64_of_user_and_password)
{
    expect_value(H2CLIENT_BASIC("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    expect_value(H2CLIENT_BASIC("test", "123\xc2\xa3"), "Basic dGVzdDoxMjPCow==");
    expect_value(H2CLIENT_BASIC("", ""), "Basic Og==");
    expect_value(H2CLIENT_BASIC("a", NULL), "Basic YTo=");
    expect_value(H2CLIENT_BASIC("a", "b"), "Basic YTpi");
    expect_value(H2CLIENT_BASIC("a", "b:c"), "Basic YTpiOmM=");
}
END_TEST

TEST(bearer_is_the_token)
{
    expect_value(H2CLIENT_BEARER("mF_9.B5f-4.1JqM"), "Bearer mF_9.B5f-4.1JqM");
    expect_value(H2CLIENT_BEARER("a=="), "Bearer a==");
}
END_TEST

TEST(what_cannot_be_sent_is_refused_without_being_shown)
{
    expect_refusal(H2CLIENT_BASIC("a:b", "c"), "auth: a user of Basic cannot have a colon");
    expect_refusal(H2CLIENT_BASIC("a", "b\n"),
                   "auth: user and password of Basic cannot have control characters");
    expect_refusal(H2CLIENT_BEARER("a b"),
                   "auth: the bearer token has characters that no token has");
    expect_refusal(H2CLIENT_BEARER(""), "auth: the bearer token has characters that no token has");
    expect_refusal(H2CLIENT_BEARER("=a"),
                   "auth: the bearer token has characters that no token has");
    expect_refusal(H2CLIENT_AUTH(.scheme = (h2client_auth_scheme)9),
                   "auth.scheme: 9 is not one of its values");
}
END_TEST

/* ---- through a session --------------------------------------------------------------- */

static void answer(struct h2t_peer *peer, const struct h2t_seen_request *request,
                   struct h2t_response *response, void *user)
{
    static const h2client_header there[] = {{"location", "https://other.test/"}, {NULL, NULL}};
    bool is_first = user && strcmp(request->fields[0].name, ":method") == 0;

    (void)peer;
    response->status = 200;
    for (const h2client_header *field = request->fields; is_first && field->name; field++)
        if (strcmp(field->value, "server.test") == 0) {
            response->status = 302;
            response->fields = there;
        }
}

static const char *sent(const struct h2t_rig *rig, size_t n_conn)
{
    const h2client_header *field = h2t_peer_request(h2t_rig_peer(rig, n_conn), 0)->fields;

    for (; field->name; field++)
        if (strcmp(field->name, "authorization") == 0)
            return field->value;
    return "none";
}

static void expect_sent(const h2client_call_options *defaults, const char *url,
                        const h2client_call_options *options, const char *expected)
{
    struct h2t_rig rig;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = answer;
    h2t_rig_open(&rig, H2CLIENT_SESSION(.defaults = defaults));
    h2client_call *call = h2client_start(rig.session, "GET", url, options);
    ck_assert_msg(h2client_call_await(call) != NULL, "%s", h2client_call_error(call)->message);
    ck_assert_str_eq(sent(&rig, 0), expected);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}

TEST(the_nearest_credentials_hold)
{
    const h2client_call_options *of_session = H2CLIENT_CALL(.auth = H2CLIENT_BEARER("session"));
    const char *plain = H2T_ORIGIN "/", *login = "https://a:b@server.test/";

    expect_sent(NULL, plain, NULL, "none");
    expect_sent(NULL, login, NULL, "Basic YTpi");
    expect_sent(NULL, "https://%61:%62@server.test/", NULL, "Basic YTpi");
    expect_sent(of_session, plain, NULL, "Bearer session");
    expect_sent(of_session, login, NULL, "Bearer session");
    expect_sent(of_session, plain, H2CLIENT_CALL(.auth = H2CLIENT_BEARER("call")), "Bearer call");
    expect_sent(of_session, login,
                H2CLIENT_CALL(.auth = H2CLIENT_AUTH(.scheme = H2CLIENT_AUTH_NONE)), "none");
    expect_sent(of_session, login,
                H2CLIENT_CALL(.auth = H2CLIENT_BEARER("call"),
                              .headers = H2CLIENT_HEADERS({"Authorization", "own"})),
                "own");
}
END_TEST

TEST(credentials_stay_with_their_origin)
{
    struct h2t_rig rig;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = answer;
    rig.plan.peer.user = &rig;
    h2t_rig_open(&rig, NULL);
    h2client_call *call =
        h2client_get(rig.session, H2T_ORIGIN "/", .auth = H2CLIENT_BASIC("a", "b"));
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_str_eq(sent(&rig, 0), "Basic YTpi");
    ck_assert_str_eq(sent(&rig, 1), "none");
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(a_login_of_no_sense_is_the_outcome_of_the_call)
{
    static const char *const urls[] = {"https://%zz@server.test/", "https://a%00@server.test/",
                                       "https://a:b%0a@server.test/"};

    for (size_t i = 0; i < 3; i++) {
        struct h2t_rig rig;

        h2t_rig_start(&rig);
        h2client_call *call = h2client_get(rig.session, urls[i]);
        ck_assert_ptr_null(h2client_call_await(call));
        ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_INVALID_ARGUMENT);
        h2client_call_destroy(call);
        h2t_rig_finish(&rig);
    }
}
END_TEST

TEST_MAIN("credentials", {T(basic_is_base64_of_user_and_password)}, {T(bearer_is_the_token)},
          {T(what_cannot_be_sent_is_refused_without_being_shown)},
          {T(the_nearest_credentials_hold)}, {T(credentials_stay_with_their_origin)},
          {T(a_login_of_no_sense_is_the_outcome_of_the_call)})
