/* SPDX-License-Identifier: MIT */
/* The lines between the bodies of multipart/form-data. */
#include "h2client/payload/multipart.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/test_main.h"
#include "h2client-testing/virtual_world.h"

#define HEADERS(...) ((const h2client_header[]){__VA_ARGS__, {NULL, NULL}})
#define PART(...) (&(const h2client_part){__VA_ARGS__})

static void expect_head(const h2client_part *part, bool is_first, const char *expected)
{
    struct h2i_arena arena;
    char buf[200];
    struct h2i_text why = h2i_text(buf, sizeof buf);
    struct h2i_str head;

    h2i_arena_init(&arena, h2i_default_allocator(), 256);
    ck_assert_int_eq(h2i_part_head(&arena, "edge", is_first, part, &head, &why), H2CLIENT_OK);
    ck_assert_uint_eq(head.len, strlen(expected));
    ck_assert_mem_eq(head.data, expected, head.len);
    h2i_arena_finish(&arena);
}

/* Of the name alone. */
static void expect_name(const char *name, const char *expected)
{
    char head[200];

    snprintf(head, sizeof head, "--edge\r\nContent-Disposition: form-data; name=%s\r\n\r\n",
             expected);
    expect_head(PART(.name = name), true, head);
}

static void expect_refused(const h2client_part *part, h2client_error_code code, const char *reason)
{
    struct h2i_arena arena;
    char buf[200];
    struct h2i_text why = h2i_text(buf, sizeof buf);
    struct h2i_str head;

    h2i_arena_init(&arena, h2i_default_allocator(), 256);
    ck_assert_int_eq(h2i_part_head(&arena, "edge", true, part, &head, &why), code);
    ck_assert_msg(strstr(buf, reason) != NULL, "%s", buf);
    ck_assert_ptr_null(head.data);
    h2i_arena_finish(&arena);
}

TEST(a_field_has_a_name_and_nothing_else)
{
    expect_head(PART(.name = "a b"), true,
                "--edge\r\nContent-Disposition: form-data; name=\"a b\"\r\n\r\n");
}
END_TEST

TEST(a_later_head_ends_the_part_before_it)
{
    expect_head(PART(.name = "a"), false,
                "\r\n--edge\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n");
}
END_TEST

TEST(a_file_is_an_octet_stream_unless_it_says_otherwise)
{
    expect_head(PART(.name = "f", .filename = "x.bin"), true,
                "--edge\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.bin\"\r\n"
                "Content-Type: application/octet-stream\r\n\r\n");
    expect_head(PART(.name = "f", .filename = "", .content_type = "text/plain; charset=utf-8"),
                true,
                "--edge\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\"\r\n"
                "Content-Type: text/plain; charset=utf-8\r\n\r\n");
}
END_TEST

TEST(more_fields_follow_and_may_replace_or_take_away_the_type)
{
    expect_head(PART(.name = "f", .filename = "x",
                     .headers = HEADERS({"content-type", "a/b"}, {"X-One", "1"})),
                true,
                "--edge\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n"
                "content-type: a/b\r\nX-One: 1\r\n\r\n");
    expect_head(PART(.name = "f", .filename = "x", .headers = HEADERS({"Content-Type", NULL})),
                true,
                "--edge\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\n");
}
END_TEST

TEST(names_are_escaped_as_browsers_do)
{
    expect_name("", "\"\"");
    expect_name("say \"hi\"", "\"say %22hi%22\"");
    expect_name("a\r\nSet-Cookie: b", "\"a%0D%0ASet-Cookie: b\"");
    expect_name("\"", "\"%22\"");
    expect_name("100% \\ \xc3\xa4", "\"100% \\ \xc3\xa4\"");
    expect_head(PART(.name = "f", .filename = "a\"b\n", .content_type = "a/b"), true,
                "--edge\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a%22b%0A\"\r\n"
                "Content-Type: a/b\r\n\r\n");
}
END_TEST

TEST(fields_that_would_break_the_head_are_refused)
{
    expect_refused(PART(.name = "a", .content_type = "a/b\r\nx: y"), H2CLIENT_ERROR_HEADER_INVALID,
                   "content-type");
    expect_refused(PART(.name = "a", .headers = HEADERS({"x-a", "1\n2"})),
                   H2CLIENT_ERROR_HEADER_INVALID, "x-a");
    expect_refused(PART(.name = "a", .headers = HEADERS({"x a", NULL})),
                   H2CLIENT_ERROR_HEADER_INVALID, "x");
    expect_refused(PART(.name = "a", .headers = HEADERS({"Content-Disposition", "inline"})),
                   H2CLIENT_ERROR_HEADER_FORBIDDEN, "Content-Disposition");
    expect_refused(PART(.name = "a", .headers = HEADERS({"Host", "h"})),
                   H2CLIENT_ERROR_HEADER_FORBIDDEN, "Host");
    expect_refused(PART(.name = "a", .headers = HEADERS({"content-length", "1"})),
                   H2CLIENT_ERROR_HEADER_FORBIDDEN, "content-length");
    expect_refused(PART(.name = "a", .headers = HEADERS({"transfer-encoding", "chunked"})),
                   H2CLIENT_ERROR_HEADER_FORBIDDEN, "transfer-encoding");
}
END_TEST

TEST(the_tail_closes_what_came_before)
{
    struct h2i_arena arena;

    h2i_arena_init(&arena, h2i_default_allocator(), 256);
    struct h2i_str tail = h2i_parts_tail(&arena, "edge", false);
    ck_assert(h2i_str_equals(tail, h2i_str_of("\r\n--edge--\r\n")));
    tail = h2i_parts_tail(&arena, "edge", true);
    ck_assert(h2i_str_equals(tail, h2i_str_of("--edge--\r\n")));
    ck_assert_str_eq(h2i_multipart_type(&arena, "multipart/form-data", "edge"),
                     "multipart/form-data; boundary=edge");
    h2i_arena_finish(&arena);
}
END_TEST

TEST(boundaries_are_random_and_need_no_quotes)
{
    char one[H2I_BOUNDARY_SIZE], other[H2I_BOUNDARY_SIZE];
    struct h2t_world world;

    h2t_world_init(&world);
    ck_assert(h2i_boundary_make(&world.system, one));
    ck_assert(h2i_boundary_make(&world.system, other));
    ck_assert_uint_eq(strlen(one), sizeof one - 1);
    ck_assert_uint_le(strlen(one), 70); /* RFC 2046 5.1.1 */
    ck_assert(h2i_str_is_token(h2i_str_of(one)));
    ck_assert_str_ne(one, other);
    ck_assert_int_eq(strncmp(one, "h2client-", 9), 0);
    ck_assert_uint_eq(strspn(one + 9, "0123456789abcdef"), 32);
    h2t_world_finish(&world);
}
END_TEST

TEST(without_randomness_there_is_no_boundary)
{
    char boundary[H2I_BOUNDARY_SIZE];
    struct h2t_world world;

    h2t_world_init(&world);
    world.has_no_randomness = true;
    ck_assert(!h2i_boundary_make(&world.system, boundary));
    h2t_world_finish(&world);
}
END_TEST

TEST_MAIN("multipart", {T(a_field_has_a_name_and_nothing_else)},
          {T(a_later_head_ends_the_part_before_it)},
          {T(a_file_is_an_octet_stream_unless_it_says_otherwise)},
          {T(more_fields_follow_and_may_replace_or_take_away_the_type)},
          {T(names_are_escaped_as_browsers_do)}, {T(fields_that_would_break_the_head_are_refused)},
          {T(the_tail_closes_what_came_before)}, {T(boundaries_are_random_and_need_no_quotes)},
          {T(without_randomness_there_is_no_boundary)})
