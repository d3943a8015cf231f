/* SPDX-License-Identifier: MIT */
/* Multipart bodies on their way: what a server gets of fields, files and pull functions, over
 * both versions, and what is sent again. */
#include <string.h>

#include "tests/support/parts_rig.h"
#include "tests/support/test_main.h"

/* ---- whole bodies ---------------------------------------------------------------- */

TEST(fields_go_out_with_their_exact_length)
{
    struct h2t_parts_server server = {0};
    struct h2t_rig rig;

    h2t_parts_start(&rig, &server);
    h2client_call *call =
        h2t_parts_post(&rig, H2CLIENT_MULTIPART(H2CLIENT_FIELD_PART("one", "1"),
                                                H2CLIENT_FIELD_PART("two", ""), {.name = "three"}));
    h2t_parts_expect_ok(call);
    h2t_parts_expect(&rig, 0,
                     "--\r\nContent-Disposition: form-data; name=\"one\"\r\n\r\n1\r\n"
                     "--\r\nContent-Disposition: form-data; name=\"two\"\r\n\r\n\r\n"
                     "--\r\nContent-Disposition: form-data; name=\"three\"\r\n\r\n\r\n----\r\n");
    h2t_parts_expect_length(h2t_parts_seen(&rig, 0)->fields, h2t_parts_seen(&rig, 0)->body_len);
    ck_assert_int_eq(h2client_call_get_info(call)->upload_bytes,
                     (int64_t)h2t_parts_seen(&rig, 0)->body_len);
    h2t_parts_finish(&rig, call);
}
END_TEST

TEST(no_parts_are_a_closed_body)
{
    struct h2t_parts_server server = {0};
    struct h2t_rig rig;

    h2t_parts_start(&rig, &server);
    h2client_call *call =
        h2t_parts_post(&rig, H2CLIENT_BODY(.parts = (const h2client_part[]){{.name = NULL}}));
    h2t_parts_expect_ok(call);
    h2t_parts_expect(&rig, 0, "----\r\n");
    h2t_parts_finish(&rig, call);
}
END_TEST

TEST(a_file_is_named_by_its_paths_last_part)
{
    struct h2t_parts_server server = {0};
    struct h2t_rig rig;
    char data[] = "\x89PNG\r\n";

    h2t_parts_start(&rig, &server);
    h2t_parts_add_file(&rig, 0, "trip/sea \"1\".png", data, 6);
    h2client_call *call = h2t_parts_post(
        &rig, H2CLIENT_MULTIPART(H2CLIENT_FILE_PART("photo", "trip/sea \"1\".png"),
                                 {.name = "raw", .body = H2CLIENT_FILE("trip/sea \"1\".png")}));
    h2t_parts_expect_ok(call);
    h2t_parts_expect(&rig, 0,
                     "--\r\nContent-Disposition: form-data; name=\"photo\"; "
                     "filename=\"sea %221%22.png\"\r\n"
                     "Content-Type: application/octet-stream\r\n\r\n\x89PNG\r\n\r\n"
                     "--\r\nContent-Disposition: form-data; name=\"raw\"\r\n\r\n\x89PNG\r\n\r\n"
                     "----\r\n");
    h2t_parts_expect_length(h2t_parts_seen(&rig, 0)->fields, h2t_parts_seen(&rig, 0)->body_len);
    h2t_parts_finish(&rig, call);
}
END_TEST

TEST(a_part_says_its_type_and_more_fields)
{
    struct h2t_parts_server server = {0};
    struct h2t_rig rig;

    h2t_parts_start(&rig, &server);
    h2client_call *call = h2t_parts_post(
        &rig, H2CLIENT_MULTIPART({.name = "a",
                                  .filename = "dir/a.txt",
                                  .content_type = "text/plain",
                                  .headers = H2CLIENT_HEADERS({"X-Part", "yes"}),
                                  .body = H2CLIENT_TEXT("hi")},
                                 {.name = "b", .body = H2CLIENT_FORM({"c", "d e"})}));
    h2t_parts_expect_ok(call);
    h2t_parts_expect(&rig, 0,
                     "--\r\nContent-Disposition: form-data; name=\"a\"; filename=\"dir/a.txt\"\r\n"
                     "Content-Type: text/plain\r\nX-Part: yes\r\n\r\nhi\r\n"
                     "--\r\nContent-Disposition: form-data; name=\"b\"\r\n"
                     "Content-Type: application/x-www-form-urlencoded\r\n\r\nc=d+e\r\n----\r\n");
    h2t_parts_finish(&rig, call);
}
END_TEST

TEST(a_large_file_is_whole_between_its_edges)
{
    struct h2t_parts_server server = {0};
    struct h2t_rig rig;
    static char data[300000];

    for (size_t i = 0; i < sizeof data; i++)
        data[i] = h2t_pattern_byte(i);
    h2t_parts_start(&rig, &server);
    h2t_parts_add_file(&rig, 0, "large", data, sizeof data);
    h2client_call *call =
        h2t_parts_post(&rig, H2CLIENT_MULTIPART(H2CLIENT_FILE_PART("f", "large")));
    h2t_parts_expect_ok(call);
    const char *body = strstr(h2t_parts_seen(&rig, 0)->body, "\r\n\r\n") + 4;
    ck_assert_mem_eq(body, data, sizeof data);
    ck_assert_int_eq(strncmp(body + sizeof data, "\r\n--h2client-", 13), 0);
    h2t_parts_expect_length(h2t_parts_seen(&rig, 0)->fields, h2t_parts_seen(&rig, 0)->body_len);
    h2t_parts_finish(&rig, call);
}
END_TEST

TEST(another_type_gets_the_boundary_too)
{
    struct h2t_parts_server server = {0};
    struct h2t_rig rig;

    h2t_parts_start(&rig, &server);
    h2client_call *call =
        h2t_parts_post(&rig, H2CLIENT_BODY(.parts = H2CLIENT_PARTS(H2CLIENT_FIELD_PART("a", "1")),
                                           .content_type = "multipart/mixed"));
    h2t_parts_expect_ok(call);
    ck_assert_int_eq(strncmp(h2t_field(h2t_parts_seen(&rig, 0)->fields, "content-type"),
                             "multipart/mixed; boundary=h2client-", 35),
                     0);
    h2t_parts_finish(&rig, call);
}
END_TEST

/* ---- pull functions --------------------------------------------------------------- */

TEST(parts_of_pull_functions_with_lengths_have_one)
{
    struct h2t_pulled first = {.text = "first"}, second = {.text = "second"};
    struct h2t_parts_server server = {0};
    struct h2t_rig rig;

    h2t_parts_start(&rig, &server);
    h2client_call *call =
        h2t_parts_post(&rig, H2CLIENT_MULTIPART({.name = "a", .body = H2T_PULLED(&first, 5)},
                                                {.name = "b", .body = H2T_PULLED(&second, 6)}));
    h2t_parts_expect_ok(call);
    h2t_parts_expect(&rig, 0, H2T_TWO_PULLED);
    h2t_parts_expect_length(h2t_parts_seen(&rig, 0)->fields, h2t_parts_seen(&rig, 0)->body_len);
    ck_assert_int_eq(first.n_released, 1);
    ck_assert_int_eq(second.n_released, 1);
    h2t_parts_finish(&rig, call);
}
END_TEST

TEST(a_part_of_unknown_length_leaves_the_whole_without)
{
    struct h2t_pulled first = {.text = "first"}, second = {.text = "second"};
    struct h2t_parts_server server = {0};
    struct h2t_rig rig;

    h2t_parts_start(&rig, &server);
    h2client_call *call = h2t_parts_post(
        &rig,
        H2CLIENT_MULTIPART({.name = "a", .body = H2T_PULLED(&first, 5)},
                           {.name = "b", .body = H2T_PULLED(&second, H2CLIENT_LENGTH_UNKNOWN)}));
    h2t_parts_expect_ok(call);
    h2t_parts_expect(&rig, 0, H2T_TWO_PULLED);
    ck_assert_ptr_null(h2t_field(h2t_parts_seen(&rig, 0)->fields, "content-length"));
    h2t_parts_finish(&rig, call);
}
END_TEST

TEST(each_part_that_says_not_now_waits_for_resume)
{
    struct h2t_pulled first = {.text = "first", .waits = true};
    struct h2t_pulled second = {.text = "second", .waits = true};
    struct h2t_parts_server server = {0};
    struct h2t_rig rig;
    int n_resumed = 0;

    h2t_parts_start(&rig, &server);
    h2client_call *call = h2t_parts_post(
        &rig,
        H2CLIENT_MULTIPART({.name = "a", .body = H2T_PULLED(&first, H2CLIENT_LENGTH_UNKNOWN)},
                           {.name = "b", .body = H2T_PULLED(&second, H2CLIENT_LENGTH_UNKNOWN)}));
    h2t_rig_run_ms(&rig, 100000); /* no write stall: the source's own time */
    for (; h2client_call_state(call) == H2CLIENT_PENDING && n_resumed < 100; n_resumed++) {
        h2client_call_resume_upload(call);
        h2t_rig_turn(&rig, 3);
    }
    h2t_parts_expect_ok(call);
    ck_assert_int_ge(n_resumed, 13); /* before each byte and each end */
    h2t_parts_expect(&rig, 0, H2T_TWO_PULLED);
    h2t_parts_finish(&rig, call);
}
END_TEST

TEST(the_whole_may_declare_what_a_part_does_not_know)
{
    struct h2t_pulled source = {.text = "text"};
    struct h2t_parts_server server = {0};
    struct h2t_rig rig;
    const h2client_part parts[] = {
        {.name = "a", .body = H2T_PULLED(&source, H2CLIENT_LENGTH_UNKNOWN)}, {.name = NULL}};

    h2t_parts_start(&rig, &server);
    h2client_call *call = h2t_parts_post(&rig, H2CLIENT_BODY(.parts = parts));
    h2t_parts_expect_ok(call);
    h2client_call_destroy(call);
    size_t len = h2t_parts_seen(&rig, 0)->body_len;
    source.at = 0;
    call = h2t_parts_post(&rig, H2CLIENT_BODY(.parts = parts, .len = (int64_t)len));
    h2t_parts_expect_ok(call);
    h2t_parts_expect_length(h2t_parts_seen(&rig, 1)->fields, len);
    h2t_parts_finish(&rig, call);
}
END_TEST

/* What is staged of one is given back when the next begins. */
TEST(many_pulled_parts_take_the_room_of_one)
{
    enum { N = 100, STAGE_BYTES = 32768 };
    struct h2t_pulled sources[N];
    struct h2client_part parts[N + 1] = {{.name = NULL}};
    h2client_body bodies[N];
    struct h2t_parts_server server = {0};
    struct h2t_rig rig;

    for (size_t i = 0; i < N; i++) {
        sources[i] = (struct h2t_pulled){.text = "text"};
        bodies[i] = *H2T_PULLED(&sources[i], H2CLIENT_LENGTH_UNKNOWN);
        parts[i] = (h2client_part){.name = "a", .body = &bodies[i]};
    }
    h2t_parts_start(&rig, &server);
    h2client_call *call = h2t_parts_post(&rig, H2CLIENT_BODY(.parts = parts));
    size_t before = rig.alloc.live_bytes;
    h2t_parts_expect_ok(call);
    ck_assert_uint_lt(rig.alloc.peak_bytes - before, 10 * STAGE_BYTES);
    h2t_parts_finish(&rig, call);
}
END_TEST

/* ---- HTTP/1.1 ------------------------------------------------------------------- */

TEST(http_1_1_gets_the_length_or_chunks)
{
    struct h2t_pulled source = {.text = "second"};
    struct h2t_rig rig;
    char data[] = "first";

    h2t_parts_start_h1(&rig);
    h2t_parts_add_file(&rig, 0, "a.txt", data, 5);
    for (size_t i = 0; i < 2; i++) {
        source.at = 0;
        h2client_call *call = h2t_parts_post(
            &rig, H2CLIENT_MULTIPART(
                      {.name = "a", .body = H2CLIENT_FILE("a.txt")},
                      {.name = "b", .body = H2T_PULLED(&source, i ? 6 : H2CLIENT_LENGTH_UNKNOWN)}));
        h2t_parts_expect_ok(call);
        const struct h2t_h1_seen *request = h2t_h1_peer_request(h2t_rig_h1_peer(&rig, 0), i);
        h2t_parts_expect_text(request->fields, request->body, request->body_len, H2T_TWO_PULLED);
        ck_assert(request->is_chunked == (i == 0));
        if (i == 1)
            h2t_parts_expect_length(request->fields, request->body_len);
        h2client_call_destroy(call);
    }
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- again -------------------------------------------------------------------- */

static h2client_pull_result wait_for_ever(void *buf, size_t cap, size_t *n, void *user)
{
    (void)buf, (void)cap, (void)n, (void)user;
    return H2CLIENT_PULL_NOT_NOW;
}

TEST(a_refused_request_is_sent_again_with_all_parts)
{
    struct h2t_pulled source = {.text = "second"};
    struct h2t_parts_server server = {.n_refused = 1};
    struct h2t_rig rig;
    char data[] = "first";

    h2t_parts_start(&rig, &server);
    h2t_parts_add_file(&rig, 0, "a.txt", data, 5);
    h2client_call *call = h2t_parts_post_two(&rig, &source);
    h2t_parts_expect_ok(call);
    ck_assert_int_eq(server.n_seen, 2);
    h2t_parts_expect(&rig, 1, H2T_TWO_PULLED);
    ck_assert_int_eq(source.n_rewound, 1);
    ck_assert_int_eq(source.n_released, 1);
    h2t_parts_finish(&rig, call);
}
END_TEST

TEST(a_redirect_by_307_gets_all_parts_again)
{
    struct h2t_pulled source = {.text = "second"};
    struct h2t_parts_server server = {.n_redirected = 1};
    struct h2t_rig rig;
    char data[] = "first";

    h2t_parts_start(&rig, &server);
    h2t_parts_add_file(&rig, 0, "a.txt", data, 5);
    h2client_call *call = h2t_parts_post_two(&rig, &source);
    h2t_parts_expect_ok(call);
    ck_assert_int_eq(server.n_seen, 2);
    h2t_parts_expect(&rig, 0, H2T_TWO_PULLED);
    h2t_parts_expect(&rig, 1, H2T_TWO_PULLED);
    ck_assert_str_eq(h2t_parts_boundary(h2t_parts_seen(&rig, 0)->fields),
                     h2t_parts_boundary(h2t_parts_seen(&rig, 1)->fields));
    ck_assert_int_eq(source.n_released, 1);
    h2t_parts_finish(&rig, call);
}
END_TEST

TEST(a_redirect_by_303_drops_all_parts)
{
    struct h2t_pulled source = {.text = "second"};
    struct h2t_parts_server server = {.n_redirected = 1, .status = 303};
    struct h2t_rig rig;
    char data[] = "first";

    h2t_parts_start(&rig, &server);
    h2t_parts_add_file(&rig, 0, "a.txt", data, 5);
    h2client_call *call = h2t_parts_post_two(&rig, &source);
    h2t_parts_expect_ok(call);
    ck_assert_int_eq(server.n_seen, 2);
    ck_assert_uint_eq(h2t_parts_seen(&rig, 1)->body_len, 0);
    ck_assert_ptr_null(h2t_field(h2t_parts_seen(&rig, 1)->fields, "content-type"));
    ck_assert_int_eq(source.n_rewound, 0);
    ck_assert_int_eq(source.n_released, 1);
    h2t_parts_finish(&rig, call);
}
END_TEST

TEST(a_refusal_stays_the_error_where_a_part_cannot_go_back)
{
    struct h2t_pulled source = {.text = "first"};
    struct h2t_parts_server server = {0};
    struct h2t_rig rig;

    h2t_parts_start(&rig, &server);
    h2client_call *call = h2t_parts_post(
        &rig, H2CLIENT_MULTIPART({.name = "a", .body = H2T_PULLED(&source, 5)},
                                 {.name = "b", .body = H2CLIENT_PULL(wait_for_ever, NULL, -1)}));
    h2t_rig_turn(&rig, 10);
    ck_assert_uint_eq(source.at, 5);
    h2t_peer_reset(h2t_rig_peer(&rig, 0), 1, 7 /* REFUSED_STREAM */);
    h2t_parts_expect_error(call, H2CLIENT_ERROR_H2_REFUSED_STREAM, "");
    ck_assert_int_eq(server.n_seen, 1);
    h2t_parts_finish(&rig, call);
}
END_TEST

TEST(a_part_that_cannot_go_back_is_not_sent_again)
{
    struct h2t_pulled source = {.text = "first"};
    struct h2t_parts_server server = {.n_redirected = 1};
    struct h2t_rig rig;

    h2t_parts_start(&rig, &server);
    h2client_call *call = h2t_parts_post(
        &rig,
        H2CLIENT_MULTIPART({.name = "a", .body = H2T_PULLED(&source, H2CLIENT_LENGTH_UNKNOWN)},
                           H2CLIENT_FIELD_PART("b", "2")));
    h2t_parts_expect_error(call, H2CLIENT_ERROR_UPLOAD_REWIND, "");
    ck_assert_int_eq(server.n_seen, 1);
    ck_assert_int_eq(source.n_released, 1);
    h2t_parts_finish(&rig, call);
}
END_TEST

TEST_MAIN("facade_multipart", {T(fields_go_out_with_their_exact_length)},
          {T(no_parts_are_a_closed_body)}, {T(a_file_is_named_by_its_paths_last_part)},
          {T(a_part_says_its_type_and_more_fields)}, {T(a_large_file_is_whole_between_its_edges)},
          {T(another_type_gets_the_boundary_too)},
          {T(parts_of_pull_functions_with_lengths_have_one)},
          {T(a_part_of_unknown_length_leaves_the_whole_without)},
          {T(each_part_that_says_not_now_waits_for_resume)},
          {T(http_1_1_gets_the_length_or_chunks)},
          {T(a_refused_request_is_sent_again_with_all_parts)},
          {T(a_redirect_by_307_gets_all_parts_again)}, {T(a_redirect_by_303_drops_all_parts)},
          {T(the_whole_may_declare_what_a_part_does_not_know)},
          {T(a_refusal_stays_the_error_where_a_part_cannot_go_back)},
          {T(many_pulled_parts_take_the_room_of_one)},
          {T(a_part_that_cannot_go_back_is_not_sent_again)})
