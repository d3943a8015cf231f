/* SPDX-License-Identifier: MIT */
/* Bodies as JSON values, as a program takes them. What jansson gives is looked at through the
 * text it is written as: its header belongs to one file of the library. */
#include <string.h>

#include "h2client/payload/json_text.h"
#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

struct reply {
    const char *type, *body;
    h2client_header fields[2];
};

static void answer(struct h2t_peer *peer, const struct h2t_seen_request *request,
                   struct h2t_response *response, void *user)
{
    struct reply *reply = user;

    (void)peer, (void)request;
    reply->fields[0] = (h2client_header){"content-type", reply->type};
    response->status = 200;
    response->fields = reply->type ? reply->fields : NULL;
    response->body = reply->body;
    response->body_len = strlen(reply->body);
}

static void expect(struct reply *reply, bool any_type, const char *text, h2client_error_code code,
                   const char *why)
{
    struct h2t_rig rig;
    h2client_json_error error;
    h2client_error_code write_code;
    size_t len;

    if (!h2i_jansson_version() && code != H2CLIENT_ERROR_CONTENT_TYPE)
        return;
    h2t_rig_init(&rig);
    rig.plan.peer.on_request = answer;
    rig.plan.peer.user = reply;
    h2t_rig_open(&rig, NULL);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/");
    const h2client_response *resp = h2client_call_await(call);
    struct json_t *value =
        any_type ? h2client_response_json_any(resp, &error) : h2client_response_json(resp, &error);
    ck_assert_msg(error.code == code, "%s: %s", reply->body, error.text);
    ck_assert_str_eq(error.text, why);
    ck_assert_int_eq(value != NULL, text != NULL);
    if (value) {
        char *written = h2i_json_write(&rig.alloc.allocator, value, &len, &write_code);
        ck_assert_str_eq(written, text);
        rig.alloc.allocator.release(rig.alloc.allocator.user, written);
        h2i_json_free(value);
    }
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}

TEST(values_are_parsed_whatever_stands_at_the_top)
{
    static const char *const texts[] = {"{\"a\":[1,2.5,null,true,\"\\u00e4\"]}", "[]", "\"x\"",
                                        "12", "null"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct reply reply = {.type = "application/json", .body = texts[i]};
        const char *text = i == 0 ? "{\"a\":[1,2.5,null,true,\"\xc3\xa4\"]}" : texts[i];
        expect(&reply, false, text, H2CLIENT_OK, "");
    }
}
END_TEST

TEST(types_of_json_have_many_names)
{
    static const char *const types[] = {"application/json", "Application/JSON;charset=utf-8",
                                        "application/problem+json", "application/ld+JSON ; a=b"};

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct reply reply = {.type = types[i], .body = "1"};
        expect(&reply, false, "1", H2CLIENT_OK, "");
    }
}
END_TEST

TEST(another_type_is_refused_unless_any_will_do)
{
    struct reply html = {.type = "text/html", .body = "1"};
    struct reply prefix = {.type = "application/jsonp", .body = "1"};
    struct reply none = {.body = "1"};

    expect(&html, false, NULL, H2CLIENT_ERROR_CONTENT_TYPE, "content-type: text/html");
    expect(&prefix, false, NULL, H2CLIENT_ERROR_CONTENT_TYPE, "content-type: application/jsonp");
    expect(&none, false, NULL, H2CLIENT_ERROR_CONTENT_TYPE, "no content-type");
    expect(&html, true, "1", H2CLIENT_OK, "");
    expect(&none, true, "1", H2CLIENT_OK, "");
}
END_TEST

TEST(what_is_malformed_is_told_with_its_place_and_without_its_text)
{
    struct reply empty = {.type = "application/json", .body = ""};
    struct reply open = {.type = "application/json", .body = "{\"secret\": 1,\n \"b\" 2}"};
    struct reply more = {.type = "application/json", .body = "1 2"};

    expect(&empty, false, NULL, H2CLIENT_ERROR_JSON_MALFORMED,
           "line 1, column 0: unexpected token near end of file");
    expect(&open, false, NULL, H2CLIENT_ERROR_JSON_MALFORMED, "line 2, column 6: ':' expected");
    expect(&more, false, NULL, H2CLIENT_ERROR_JSON_MALFORMED,
           "line 1, column 3: end of file expected");
}
END_TEST

static void answer_long(struct h2t_peer *peer, const struct h2t_seen_request *request,
                        struct h2t_response *response, void *user)
{
    static const h2client_header json[] = {{"content-type", "application/json"}, {NULL, NULL}};

    (void)peer, (void)request, (void)user;
    response->status = 200;
    response->fields = json;
    response->body_len = (64u << 20) + 1;
}

TEST(json_above_64_mib_ends_at_the_cap_of_a_body)
{
    struct h2t_rig rig;
    h2client_json_error error;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = answer_long;
    h2t_rig_open(&rig, NULL);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/");
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_BODY_TOO_LARGE);
    ck_assert_ptr_null(h2client_response_json(h2client_call_response(call), &error));
    ck_assert_uint_le(rig.alloc.peak_bytes, 200u << 20);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(a_value_is_a_body)
{
    struct h2t_rig rig;
    h2client_json_error error;
    static const char text[] = "{\"a\":[1,\"b\"]}";

    if (!h2i_jansson_version())
        return;
    h2t_rig_start(&rig);
    struct json_t *value = h2i_json_parse(text, strlen(text), &error);
    h2client_call *call = h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_JSON(value));
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_str_eq(h2t_peer_request(h2t_rig_peer(&rig, 0), 0)->body, text);
    h2client_call_destroy(call);
    h2i_json_free(value);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(without_the_feature_json_is_told_to_be_missing)
{
    h2client_json_error error = {.code = H2CLIENT_OK};

    if (h2i_jansson_version())
        return;
    ck_assert_ptr_null(h2i_json_parse("1", 1, &error));
    ck_assert_int_eq(error.code, H2CLIENT_ERROR_FEATURE_MISSING);
}
END_TEST

TEST(without_a_response_there_is_no_value)
{
    h2client_json_error error;

    ck_assert_ptr_null(h2client_response_json(NULL, &error));
    ck_assert_int_eq(error.code, H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_ptr_null(h2client_response_json(NULL, NULL));
}
END_TEST

TEST_MAIN("facade_json", {T(values_are_parsed_whatever_stands_at_the_top)},
          {T(types_of_json_have_many_names)}, {T(another_type_is_refused_unless_any_will_do)},
          {T(what_is_malformed_is_told_with_its_place_and_without_its_text)},
          {T(json_above_64_mib_ends_at_the_cap_of_a_body)}, {T(a_value_is_a_body)},
          {T(without_the_feature_json_is_told_to_be_missing)},
          {T(without_a_response_there_is_no_value)})
