/* SPDX-License-Identifier: MIT */
/* Header fields and what methods and status codes say: h2client/http/field.c and
 * message.c. */
#include "h2client/http/field.h"
#include "h2client/http/message.h"
#include "tests/support/test_alloc.h"
#include "tests/support/test_main.h"

static h2client_header pair(const char *name, const char *value)
{
    return (h2client_header){name, value};
}

/* ---- lists --------------------------------------------------------------- */

struct lists {
    struct h2t_alloc alloc;
    struct h2i_arena arena;
    struct h2i_fields fields;
};

static void lists_init(struct lists *lists)
{
    *lists = (struct lists){0};
    h2t_alloc_init(&lists->alloc);
    h2i_arena_init(&lists->arena, &lists->alloc.allocator, 1024);
}

static void lists_finish(struct lists *lists)
{
    h2i_arena_finish(&lists->arena);
    h2t_alloc_check(&lists->alloc);
}

static bool add(struct lists *lists, const char *name, const char *value)
{
    return h2i_fields_add(&lists->arena, &lists->fields, h2i_str_of(name), h2i_str_of(value));
}

TEST(an_empty_list_is_one_null_name)
{
    struct h2i_fields fields = {0};

    ck_assert_ptr_null(h2i_fields_list(&fields)->name);
}

TEST(a_list_keeps_order_and_repetitions_and_empty_values)
{
    struct lists lists;

    lists_init(&lists);
    ck_assert(add(&lists, "set-cookie", "b=2") && add(&lists, "set-cookie", "a=1"));
    ck_assert(add(&lists, "x-empty", ""));
    const h2client_header *list = h2i_fields_list(&lists.fields);
    ck_assert_str_eq(list[0].value, "b=2");
    ck_assert_str_eq(list[1].value, "a=1");
    ck_assert_str_eq(list[2].value, "");
    ck_assert_ptr_null(list[3].name);
    lists_finish(&lists);
}

TEST(a_list_grows_past_its_first_room)
{
    struct lists lists;

    lists_init(&lists);
    for (int i = 0; i < 1000; i++)
        ck_assert(add(&lists, i == 777 ? "wanted" : "other", "value"));
    ck_assert_uint_eq(lists.fields.n, 1000);
    ck_assert_str_eq(h2i_fields_list(&lists.fields)[777].name, "wanted");
    ck_assert_ptr_null(h2i_fields_list(&lists.fields)[1000].name);
    lists_finish(&lists);
}

TEST(a_list_counts_32_bytes_a_field_on_top)
{
    struct lists lists;

    lists_init(&lists);
    ck_assert(add(&lists, "abc", "de") && add(&lists, "f", ""));
    ck_assert_uint_eq(lists.fields.n_bytes, 5 + 32 + 1 + 32);
    lists_finish(&lists);
}

TEST(a_list_ends_properly_when_memory_runs_out)
{
    for (uint64_t nth = 1; nth <= 12; nth++) {
        struct lists lists;
        size_t n_added = 0;

        lists_init(&lists);
        lists.alloc.fail_at = nth;
        lists.alloc.fail_for_ever = true;
        while (n_added < 500 && add(&lists, "name", "a value that fills blocks sooner"))
            n_added++;
        ck_assert_uint_lt(n_added, 500);
        ck_assert_uint_eq(lists.fields.n, n_added);
        ck_assert_ptr_null(h2i_fields_list(&lists.fields)[n_added].name);
        lists_finish(&lists);
    }
}

TEST(find_knows_no_case_and_takes_the_first)
{
    const h2client_header list[] = {
        {"Via", "1"}, {"Content-Type", "a"}, {"content-type", "b"}, {0}};

    ck_assert_str_eq(h2i_fields_find(list, "CONTENT-type"), "a");
    ck_assert_ptr_null(h2i_fields_find(list, "content"));
}

/* ---- a caller's fields --------------------------------------------------- */

static enum h2i_field_kind kind_of(const char *name, const char *value)
{
    return h2i_field_classify(h2i_str_of(name), h2i_str_of(value));
}

TEST(connection_specific_fields_are_forbidden)
{
    ck_assert_int_eq(kind_of("Connection", "close"), H2I_FIELD_FORBIDDEN);
    ck_assert_int_eq(kind_of("keep-alive", "1"), H2I_FIELD_FORBIDDEN);
    ck_assert_int_eq(kind_of("proxy-connection", "x"), H2I_FIELD_FORBIDDEN);
    ck_assert_int_eq(kind_of("transfer-encoding", "chunked"), H2I_FIELD_FORBIDDEN);
    ck_assert_int_eq(kind_of("UPGRADE", "h2c"), H2I_FIELD_FORBIDDEN);
    ck_assert_int_eq(kind_of(":path", "/"), H2I_FIELD_FORBIDDEN);
}

TEST(te_may_only_say_trailers)
{
    ck_assert_int_eq(kind_of("te", "trailers"), H2I_FIELD_PLAIN);
    ck_assert_int_eq(kind_of("TE", "Trailers"), H2I_FIELD_PLAIN);
    ck_assert_int_eq(kind_of("te", "gzip"), H2I_FIELD_FORBIDDEN);
    ck_assert_int_eq(kind_of("te", "trailers, gzip"), H2I_FIELD_FORBIDDEN);
}

TEST(credentials_and_cookies_are_secrets)
{
    ck_assert_int_eq(kind_of("Authorization", "x"), H2I_FIELD_SECRET);
    ck_assert(h2i_field_is_secret(h2i_str_of("cookie")));
    ck_assert(h2i_field_is_secret(h2i_str_of("Set-Cookie")));
    ck_assert(h2i_field_is_secret(h2i_str_of("proxy-authorization")));
    ck_assert(!h2i_field_is_secret(h2i_str_of("accept")));
}

TEST(host_and_content_length_have_kinds_of_their_own)
{
    ck_assert_int_eq(kind_of("Host", "a"), H2I_FIELD_HOST);
    ck_assert_int_eq(kind_of("content-LENGTH", "1"), H2I_FIELD_CONTENT_LENGTH);
    ck_assert_int_eq(kind_of("content-type", "a"), H2I_FIELD_PLAIN);
}

static void expect_check(h2client_header field, h2client_error_code code, const char *why)
{
    char buf[200];
    struct h2i_text text = h2i_text(buf, sizeof buf);

    ck_assert_int_eq(h2i_field_check(field.name, field.value, &text), code);
    ck_assert_str_eq(buf, why);
}

TEST(a_good_field_passes_the_check)
{
    expect_check(pair("X-Any_thing.1", "b\xc3\xa4h\t\"bah\""), H2CLIENT_OK, "");
    expect_check(pair("x-empty", ""), H2CLIENT_OK, "");
    expect_check(pair("Host", "a.test"), H2CLIENT_OK, "");
}

TEST(a_malformed_field_is_refused_by_name_and_offset)
{
    expect_check(pair("a b", "x"), H2CLIENT_ERROR_HEADER_INVALID,
                 "header field \"a b\": byte 0x20 at offset 1 of the name is not allowed");
    expect_check(pair("a:", "x"), H2CLIENT_ERROR_HEADER_INVALID,
                 "header field \"a:\": byte 0x3a at offset 1 of the name is not allowed");
    expect_check(pair("", "x"), H2CLIENT_ERROR_HEADER_INVALID, "a header field without a name");
    expect_check(pair("x", NULL), H2CLIENT_ERROR_HEADER_INVALID,
                 "header field \"x\" has no value (NULL)");
}

TEST(a_value_that_could_inject_is_refused_without_showing_it)
{
    expect_check(pair("x", "secret\r\nevil: 1"), H2CLIENT_ERROR_HEADER_INVALID,
                 "header field \"x\": byte 0x0d at offset 6 of the value is not allowed");
    expect_check(pair("x", "a\x7f"), H2CLIENT_ERROR_HEADER_INVALID,
                 "header field \"x\": byte 0x7f at offset 1 of the value is not allowed");
    expect_check(pair("x", " a"), H2CLIENT_ERROR_HEADER_INVALID,
                 "header field \"x\": byte 0x20 at offset 0 of the value is not allowed");
    expect_check(pair("x", "a\t"), H2CLIENT_ERROR_HEADER_INVALID,
                 "header field \"x\": byte 0x09 at offset 1 of the value is not allowed");
}

TEST(a_forbidden_field_is_refused_as_such)
{
    expect_check(pair("Upgrade", "h2c"), H2CLIENT_ERROR_HEADER_FORBIDDEN,
                 "header field \"Upgrade\" is not the caller's to set");
    expect_check(pair(":method", "GET"), H2CLIENT_ERROR_HEADER_FORBIDDEN,
                 "header field \":method\" is not the caller's to set");
}

/* ---- content-length ------------------------------------------------------ */

static void expect_length(const char *first, const char *second, bool is_good, int64_t wanted)
{
    const h2client_header list[] = {
        {"via", "1"}, {"Content-Length", first}, {second ? "content-length" : NULL, second}, {0}};
    int64_t len = 7;

    ck_assert_msg(h2i_content_length(list, &len) == is_good, "\"%s\"", first);
    ck_assert_int_eq(len, wanted);
}

TEST(content_length_is_read)
{
    expect_length("0", NULL, true, 0);
    expect_length("9223372036854775807", NULL, true, INT64_MAX);
    expect_length("007", NULL, true, 7);
}

TEST(no_content_length_is_minus_one)
{
    const h2client_header list[] = {{"content-type", "5"}, {0}};
    int64_t len = 7;

    ck_assert(h2i_content_length(list, &len));
    ck_assert_int_eq(len, -1);
}

TEST(equal_repeated_content_lengths_are_one)
{
    expect_length("5, 5", NULL, true, 5);
    expect_length("5", "5", true, 5);
    expect_length("5,5", "005", true, 5);
}

TEST(content_lengths_that_differ_are_refused)
{
    expect_length("5, 6", NULL, false, -1);
    expect_length("5", "6", false, -1);
}

TEST(content_length_must_be_digits_within_range)
{
    static const char *const bad[] = {"",
                                      "-1",
                                      "+5",
                                      "5x",
                                      "4 2",
                                      "0x5",
                                      "5,",
                                      ",5",
                                      "5,,5",
                                      "1.0",
                                      "9223372036854775808",
                                      "99999999999999999999999"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect_length(bad[i], NULL, false, -1);
}

/* ---- messages ------------------------------------------------------------ */

TEST(some_responses_never_have_a_body)
{
    ck_assert(h2i_response_is_bodiless("HEAD", 200));
    ck_assert(h2i_response_is_bodiless("GET", 204));
    ck_assert(h2i_response_is_bodiless("GET", 304));
    ck_assert(h2i_response_is_bodiless("POST", 103));
    ck_assert(h2i_response_is_bodiless("CONNECT", 200));
}

TEST(other_responses_may_have_a_body)
{
    ck_assert(!h2i_response_is_bodiless("GET", 200));
    ck_assert(!h2i_response_is_bodiless("head", 200));
    ck_assert(!h2i_response_is_bodiless("CONNECT", 407));
    ck_assert(!h2i_response_is_bodiless("GET", 205));
}

TEST(idempotent_methods_are_those_of_rfc_9110)
{
    ck_assert(h2i_method_is_idempotent("GET") && h2i_method_is_idempotent("HEAD"));
    ck_assert(h2i_method_is_idempotent("PUT") && h2i_method_is_idempotent("DELETE"));
    ck_assert(h2i_method_is_idempotent("OPTIONS") && h2i_method_is_idempotent("TRACE"));
    ck_assert(!h2i_method_is_idempotent("POST") && !h2i_method_is_idempotent("PATCH"));
    ck_assert(!h2i_method_is_idempotent("CONNECT") && !h2i_method_is_idempotent("get"));
}

TEST_MAIN("field", {T(an_empty_list_is_one_null_name)},
          {T(a_list_keeps_order_and_repetitions_and_empty_values)},
          {T(a_list_grows_past_its_first_room)}, {T(a_list_counts_32_bytes_a_field_on_top)},
          {T(a_list_ends_properly_when_memory_runs_out)},
          {T(find_knows_no_case_and_takes_the_first)},
          {T(connection_specific_fields_are_forbidden)}, {T(te_may_only_say_trailers)},
          {T(credentials_and_cookies_are_secrets)},
          {T(host_and_content_length_have_kinds_of_their_own)}, {T(a_good_field_passes_the_check)},
          {T(a_malformed_field_is_refused_by_name_and_offset)},
          {T(a_value_that_could_inject_is_refused_without_showing_it)},
          {T(a_forbidden_field_is_refused_as_such)}, {T(content_length_is_read)},
          {T(no_content_length_is_minus_one)}, {T(equal_repeated_content_lengths_are_one)},
          {T(content_lengths_that_differ_are_refused)},
          {T(content_length_must_be_digits_within_range)}, {T(some_responses_never_have_a_body)},
          {T(other_responses_may_have_a_body)}, {T(idempotent_methods_are_those_of_rfc_9110)})
