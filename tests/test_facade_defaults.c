/* SPDX-License-Identifier: MIT */
/* What a session says for its calls: base URL, user agent, raised statuses. */
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

static const char *seen_field(const struct h2t_rig *rig, const char *name)
{
    const h2client_header *field = h2t_peer_request(h2t_rig_peer(rig, 0), 0)->fields;

    for (; field->name; field++)
        if (strcmp(field->name, name) == 0)
            return field->value;
    return NULL;
}

static void start(struct h2t_rig *rig, const h2client_call_options *defaults)
{
    h2t_rig_init(rig);
    h2t_rig_open(rig, H2CLIENT_SESSION(.defaults = defaults));
}

static void finish(struct h2t_rig *rig, h2client_call *call)
{
    h2client_call_destroy(call);
    h2t_rig_finish(rig);
}

/* ---- base URL ---------------------------------------------------------------- */

TEST(a_relative_url_is_joined_to_the_base)
{
    static const struct {
        const char *url, *shown;
    } rows[] = {
        {"users?page=2", "https://server.test/v1/users?page=2"},
        {"/users", "https://server.test/users"},
        {"", "https://server.test/v1/"},
        {"?x=1", "https://server.test/v1/?x=1"},
        {"https://server.test/else", "https://server.test/else"},
        {"//server.test/else", "https://server.test/else"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct h2t_rig rig;

        start(&rig, H2CLIENT_CALL(.base_url = "https://server.test/v1/"));
        h2client_call *call = h2client_get(rig.session, rows[i].url);
        ck_assert_ptr_nonnull(h2client_call_await(call));
        ck_assert_str_eq(h2client_call_get_info(call)->url, rows[i].shown);
        finish(&rig, call);
    }
}
END_TEST

TEST(a_call_has_a_base_of_its_own)
{
    struct h2t_rig rig;

    start(&rig, H2CLIENT_CALL(.base_url = "https://server.test/v1/"));
    h2client_call *call =
        h2client_get(rig.session, "users#me", .base_url = "https://server.test/v2/");
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_str_eq(seen_field(&rig, ":path"), "/v2/users");
    ck_assert_str_eq(h2client_call_get_info(call)->fragment, "me");
    finish(&rig, call);
}
END_TEST

TEST(a_base_of_no_sense_is_the_outcome_of_the_call)
{
    struct h2t_rig rig;

    start(&rig, H2CLIENT_CALL(.base_url = "no base"));
    h2client_call *call = h2client_get(rig.session, "users");
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_URL_MALFORMED);
    finish(&rig, call);
}
END_TEST

/* ---- parameters and forms ---------------------------------------------------------- */

TEST(parameters_go_behind_the_query)
{
    struct h2t_rig rig;

    start(&rig, H2CLIENT_CALL(.base_url = "https://server.test/v1/"));
    h2client_call *call = h2client_get(rig.session, "search?page=2#top",
                                       .params = H2CLIENT_PARAMS({"q", "a b&c"}, {"all", NULL}));
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_str_eq(seen_field(&rig, ":path"), "/v1/search?page=2&q=a%20b%26c&all");
    ck_assert_str_eq(h2client_call_get_info(call)->fragment, "top");
    finish(&rig, call);
}
END_TEST

static void expect_post(const h2client_call_options *options, const char *type, const char *body)
{
    struct h2t_rig rig;

    start(&rig, NULL);
    h2client_call *call = h2client_start(rig.session, "POST", H2T_ORIGIN "/", options);
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_str_eq(h2t_peer_request(h2t_rig_peer(&rig, 0), 0)->body, body);
    if (type)
        ck_assert_str_eq(seen_field(&rig, "content-type"), type);
    else
        ck_assert_ptr_null(seen_field(&rig, "content-type"));
    finish(&rig, call);
}

TEST(a_form_is_a_body_with_its_type)
{
    expect_post(H2CLIENT_CALL(.body = H2CLIENT_FORM({"a", "1 2"}, {"b", "&"})),
                "application/x-www-form-urlencoded", "a=1+2&b=%26");
    expect_post(H2CLIENT_CALL(.body = H2CLIENT_FORM({"a", "1"}),
                              .headers = H2CLIENT_HEADERS({"Content-Type", "x/y"})),
                "x/y", "a=1");
    expect_post(H2CLIENT_CALL(.body = H2CLIENT_BODY(.data = "hi", .len = 2, .content_type = "t/p")),
                "t/p", "hi");
    expect_post(H2CLIENT_CALL(.body = H2CLIENT_TEXT("hi")), NULL, "hi");
}
END_TEST

TEST(a_body_has_one_source)
{
    struct h2t_rig rig;

    start(&rig, NULL);
    h2client_call *call = h2client_post(
        rig.session, H2T_ORIGIN "/",
        .body = H2CLIENT_BODY(.data = "x", .len = 1, .form = H2CLIENT_PARAMS({"a", "b"})));
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_INVALID_ARGUMENT);
    finish(&rig, call);
}
END_TEST

/* ---- user agent --------------------------------------------------------------- */

static void expect_user_agent(const h2client_call_options *defaults,
                              const h2client_call_options *options, const char *expected)
{
    struct h2t_rig rig;
    const char *seen;

    start(&rig, defaults);
    h2client_call *call = h2client_start(rig.session, "GET", H2T_ORIGIN "/", options);
    ck_assert_ptr_nonnull(h2client_call_await(call));
    seen = seen_field(&rig, "user-agent");
    if (expected)
        ck_assert_str_eq(seen, expected);
    else
        ck_assert_ptr_null(seen);
    finish(&rig, call);
}

TEST(the_user_agent_of_the_call_goes_before_the_sessions)
{
    expect_user_agent(NULL, NULL, "h2client/" H2CLIENT_VERSION);
    expect_user_agent(H2CLIENT_CALL(.user_agent = "session"), NULL, "session");
    expect_user_agent(H2CLIENT_CALL(.user_agent = "session"), H2CLIENT_CALL(.user_agent = "call"),
                      "call");
    expect_user_agent(H2CLIENT_CALL(.headers = H2CLIENT_HEADERS({"User-Agent", "field"})),
                      H2CLIENT_CALL(.user_agent = "call"), "call");
}
END_TEST

TEST(a_field_goes_before_the_option_of_its_level)
{
    expect_user_agent(
        NULL,
        H2CLIENT_CALL(.user_agent = "option", .headers = H2CLIENT_HEADERS({"User-Agent", "field"})),
        "field");
    expect_user_agent(
        H2CLIENT_CALL(.user_agent = "option", .headers = H2CLIENT_HEADERS({"user-agent", "field"})),
        NULL, "field");
}
END_TEST

TEST(no_user_agent_is_sent_where_it_is_empty)
{
    expect_user_agent(NULL, H2CLIENT_CALL(.user_agent = ""), NULL);
    expect_user_agent(H2CLIENT_CALL(.user_agent = ""), NULL, NULL);
}
END_TEST

TEST(a_user_agent_with_a_line_end_is_refused)
{
    struct h2t_rig rig;

    start(&rig, NULL);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/", .user_agent = "a\r\nb");
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_HEADER_INVALID);
    finish(&rig, call);
}
END_TEST

/* ---- statuses that are raised --------------------------------------------------- */

struct reply {
    int status;
    size_t len;
};

static void answer(struct h2t_peer *peer, const struct h2t_seen_request *request,
                   struct h2t_response *response, void *user)
{
    const struct reply *reply = user;

    (void)peer, (void)request;
    response->status = reply->status;
    response->body_len = reply->len;
}

static void start_reply(struct h2t_rig *rig, struct reply *reply)
{
    h2t_rig_init(rig);
    rig->plan.peer.on_request = answer;
    rig->plan.peer.user = reply;
    h2t_rig_open(rig, H2CLIENT_SESSION(.defaults = H2CLIENT_CALL(.raise_for_status = H2CLIENT_ON)));
}

static size_t never_data(h2client_call *call, const void *data, size_t len, void *user)
{
    (void)call, (void)data, (void)user;
    ck_abort_msg("data of a response that is an error");
    return len;
}

static void never_response(h2client_call *call, const h2client_response *resp, void *user)
{
    (void)call, (void)resp, (void)user;
    ck_abort_msg("a response that is an error");
}

TEST(a_raised_status_is_the_error)
{
    struct h2t_rig rig;
    struct reply reply = {404, 100};

    start_reply(&rig, &reply);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/x", .on_data = never_data,
                                       .on_response = never_response);
    ck_assert_ptr_null(h2client_call_await(call));
    const h2client_error *error = h2client_call_error(call);
    ck_assert_int_eq(error->code, H2CLIENT_ERROR_STATUS);
    ck_assert_int_eq(error->status, 404);
    ck_assert_int_eq(error->exit_code, 22);
    ck_assert_ptr_eq(strstr(error->message, "status 404 for GET " H2T_ORIGIN "/x,"),
                     error->message);
    const h2client_response *resp = h2client_call_partial_response(call);
    ck_assert_int_eq(h2client_response_status(resp), 404);
    ck_assert_uint_eq(h2client_response_body(resp).len, 100);
    finish(&rig, call);
}
END_TEST

TEST(of_its_body_the_first_4_kib_are_kept)
{
    static const size_t lens[] = {4096, 4097, 60000, 1000000};

    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct h2t_rig rig;
        struct reply reply = {500, lens[i]};

        start_reply(&rig, &reply);
        h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/");
        ck_assert_ptr_null(h2client_call_await(call));
        ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_STATUS);
        ck_assert_uint_eq(h2client_response_body(h2client_call_partial_response(call)).len, 4096);
        h2t_rig_turn(&rig, 5);
        ck_assert_int_eq(h2t_peer_request(h2t_rig_peer(&rig, 0), 0)->was_reset, lens[i] > 65536);
        finish(&rig, call);
    }
}
END_TEST

TEST(a_status_below_400_is_a_response)
{
    struct h2t_rig rig;
    struct reply reply = {399, 5};

    start_reply(&rig, &reply);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/");
    ck_assert_ptr_nonnull(h2client_call_await(call));
    finish(&rig, call);
}
END_TEST

TEST(a_call_can_be_spared)
{
    struct h2t_rig rig;
    struct reply reply = {404, 5};

    start_reply(&rig, &reply);
    h2client_call *call =
        h2client_get(rig.session, H2T_ORIGIN "/", .raise_for_status = H2CLIENT_OFF);
    ck_assert_ptr_nonnull(h2client_call_await(call));
    finish(&rig, call);
}
END_TEST

TEST(a_status_is_raised_after_the_retries)
{
    struct h2t_rig rig;
    struct reply reply = {503, 5};

    start_reply(&rig, &reply);
    h2client_call *call =
        h2client_get(rig.session, H2T_ORIGIN "/", .retry = H2CLIENT_RETRY(.max_retries = 2));
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_STATUS);
    ck_assert_int_eq(h2client_call_error(call)->n_attempts, 3);
    finish(&rig, call);
}
END_TEST

TEST_MAIN("facade_defaults", {T(a_relative_url_is_joined_to_the_base)},
          {T(a_call_has_a_base_of_its_own)}, {T(a_base_of_no_sense_is_the_outcome_of_the_call)},
          {T(parameters_go_behind_the_query)}, {T(a_form_is_a_body_with_its_type)},
          {T(a_body_has_one_source)}, {T(the_user_agent_of_the_call_goes_before_the_sessions)},
          {T(a_field_goes_before_the_option_of_its_level)},
          {T(no_user_agent_is_sent_where_it_is_empty)},
          {T(a_user_agent_with_a_line_end_is_refused)}, {T(a_raised_status_is_the_error)},
          {T(of_its_body_the_first_4_kib_are_kept)}, {T(a_status_below_400_is_a_response)},
          {T(a_call_can_be_spared)}, {T(a_status_is_raised_after_the_retries)})
