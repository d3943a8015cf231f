/* SPDX-License-Identifier: MIT */
/* Multipart bodies that cannot be sent: what the error says, and whose the bodies are. */
#include <errno.h>
#include <string.h>

#include "tests/support/parts_rig.h"
#include "tests/support/test_main.h"

/* ---- what is wrong with a part -------------------------------------------------- */

TEST(a_missing_file_names_its_part_before_anything_is_sent)
{
    struct h2t_pulled source = {.text = "x"};
    struct h2t_parts_server server = {0};
    struct h2t_rig rig;
    char data[] = "here";

    h2t_parts_start(&rig, &server);
    h2t_parts_add_file(&rig, 0, "here", data, 4);
    h2client_call *call =
        h2t_parts_post(&rig, H2CLIENT_MULTIPART({.name = "a", .body = H2T_PULLED(&source, 1)},
                                                H2CLIENT_FILE_PART("b", "here"),
                                                H2CLIENT_FILE_PART("photo", "gone")));
    h2t_parts_expect_error(call, H2CLIENT_ERROR_UPLOAD_READ,
                           "request body: part \"photo\": gone: ");
    ck_assert_uint_eq(rig.dialer.n_dials, 0);
    ck_assert_int_eq(source.n_released, 1);
    h2t_parts_finish(&rig, call);
}
END_TEST

TEST(a_file_that_cannot_be_read_names_its_part)
{
    struct h2t_parts_server server = {0};
    struct h2t_rig rig;
    char data[] = "half of it";

    h2t_parts_start(&rig, &server);
    rig.world.files[0] = (struct h2t_file){
        .path = "bad", .data = data, .len = 10, .read_errno = EIO, .fail_after = 4};
    h2client_call *call = h2t_parts_post(
        &rig, H2CLIENT_MULTIPART(H2CLIENT_FIELD_PART("a", "1"), H2CLIENT_FILE_PART("b", "bad")));
    h2t_parts_expect_error(call, H2CLIENT_ERROR_UPLOAD_READ, "part \"b\": bad: ");
    ck_assert_int_eq(h2client_call_error(call)->system_errno, EIO);
    ck_assert(!h2t_parts_seen(&rig, 0)->is_complete);
    h2t_parts_finish(&rig, call);
}
END_TEST

/* So that no other part passes for the rest of it. */
static void expect_wrong_length(const char *text, int64_t len, const char *what)
{
    struct h2t_pulled source = {.text = text};
    struct h2t_parts_server server = {0};
    struct h2t_rig rig;

    h2t_parts_start(&rig, &server);
    h2client_call *call =
        h2t_parts_post(&rig, H2CLIENT_MULTIPART({.name = "a", .body = H2T_PULLED(&source, len)},
                                                H2CLIENT_FIELD_PART("b", "2")));
    h2t_parts_expect_error(call, H2CLIENT_ERROR_UPLOAD_LENGTH, what);
    h2t_rig_turn(&rig, 3);
    ck_assert(h2t_parts_seen(&rig, 0)->was_reset);
    ck_assert_int_eq(source.n_released, 1);
    h2t_parts_finish(&rig, call);
}

TEST(a_part_of_another_length_than_declared_ends_the_call)
{
    expect_wrong_length("short", 6, "part \"a\": its body is shorter than declared");
    expect_wrong_length("longer", 5, "part \"a\": its body is longer than declared");
}
END_TEST

/* It is found out too when the whole has no length. */
TEST(a_part_that_grows_beside_one_of_unknown_length_ends_the_call)
{
    struct h2t_pulled first = {.text = "first"}, second = {.text = "second"};
    struct h2t_parts_server server = {0};
    struct h2t_rig rig;

    h2t_parts_start(&rig, &server);
    h2client_call *call = h2t_parts_post(
        &rig, H2CLIENT_MULTIPART({.name = "a", .body = H2T_PULLED(&first, H2CLIENT_LENGTH_UNKNOWN)},
                                 {.name = "b", .body = H2T_PULLED(&second, 5)}));
    h2t_parts_expect_error(call, H2CLIENT_ERROR_UPLOAD_LENGTH, "part \"b\"");
    h2t_parts_finish(&rig, call);
}
END_TEST

TEST(a_pull_function_that_fails_names_its_part)
{
    struct h2t_pulled source = {.text = "abc", .fails = true};
    struct h2t_parts_server server = {0};
    struct h2t_rig rig;

    h2t_parts_start(&rig, &server);
    h2client_call *call = h2t_parts_post(
        &rig,
        H2CLIENT_MULTIPART(H2CLIENT_FIELD_PART("a", "1"),
                           {.name = "b", .body = H2T_PULLED(&source, H2CLIENT_LENGTH_UNKNOWN)}));
    h2t_parts_expect_error(call, H2CLIENT_ERROR_UPLOAD_READ,
                           "part \"b\": the pull function failed");
    ck_assert_int_eq(source.n_released, 1);
    h2t_parts_finish(&rig, call);
}
END_TEST

/* ---- what is wrong with the options ------------------------------------------------ */

static void expect_refused(const h2client_part *part, h2client_error_code code, const char *what)
{
    struct h2t_parts_server server = {0};
    struct h2t_rig rig;

    h2t_parts_start(&rig, &server);
    h2client_call *call = h2t_parts_post(
        &rig, H2CLIENT_BODY(.parts = (const h2client_part[]){*part, {.name = NULL}}));
    h2t_parts_expect_error(call, code, what);
    ck_assert_uint_eq(rig.dialer.n_dials, 0);
    h2t_parts_finish(&rig, call);
}

TEST(what_no_part_can_be_is_refused)
{
    const h2client_part written = {.name = "a", .body = H2CLIENT_WRITTEN(H2CLIENT_LENGTH_UNKNOWN)};
    const h2client_part nested = {.name = "a",
                                  .body = H2CLIENT_MULTIPART(H2CLIENT_FIELD_PART("b", "1"))};
    const h2client_part nameless = {
        .name = "a", .filename = H2CLIENT_FILENAME_OF_PATH, .body = H2CLIENT_TEXT("x")};
    const h2client_part negative = {.name = "a", .body = H2CLIENT_BYTES("x", -7)};
    const h2client_part broken = {.name = "a", .content_type = "a\nb"};

    expect_refused(&written, H2CLIENT_ERROR_INVALID_ARGUMENT, "part \"a\": its body is neither");
    expect_refused(&nested, H2CLIENT_ERROR_INVALID_ARGUMENT, "part \"a\": its body is neither");
    expect_refused(&nameless, H2CLIENT_ERROR_INVALID_ARGUMENT, "part \"a\": its filename");
    expect_refused(&negative, H2CLIENT_ERROR_INVALID_ARGUMENT, "part \"a\": its length");
    expect_refused(&broken, H2CLIENT_ERROR_HEADER_INVALID, "part \"a\": ");
}
END_TEST

TEST(a_content_type_without_the_boundary_is_refused)
{
    struct h2t_parts_server server = {0};
    struct h2t_rig rig;

    h2t_parts_start(&rig, &server);
    h2client_call *call = h2client_post(
        rig.session, H2T_ORIGIN "/", .body = H2CLIENT_MULTIPART(H2CLIENT_FIELD_PART("a", "1")),
        .headers = H2CLIENT_HEADERS({"Content-Type", "multipart/form-data"}));
    h2t_parts_expect_error(call, H2CLIENT_ERROR_HEADER_INVALID, "boundary");
    h2t_parts_finish(&rig, call);
}
END_TEST

/* ---- release --------------------------------------------------------------------- */

TEST(releases_run_once_also_when_the_url_is_bad)
{
    struct h2t_pulled whole = {0}, part = {0}, nested = {0};
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    const h2client_part inner[] = {{.name = "c", .body = H2T_PULLED(&nested, 1)}, {.name = NULL}};
    const h2client_part outer[] = {{.name = "a", .body = H2T_PULLED(&part, 1)},
                                   {.name = "b", .body = H2CLIENT_BODY(.parts = inner)},
                                   {.name = NULL}};
    h2client_call *call = h2client_post(
        rig.session, "https://",
        .body = H2CLIENT_BODY(.parts = outer, .release = h2t_pulled_release, .user = &whole));
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(whole.n_released, 1);
    ck_assert_int_eq(part.n_released, 1);
    ck_assert_int_eq(nested.n_released, 1);
    h2t_parts_finish(&rig, call);
}
END_TEST

/* ---- memory ---------------------------------------------------------------------- */

/* Each failure leaves one outcome; the releases run iff there was a call. */
static uint64_t run_without_memory(uint64_t fail_at, bool fail_for_ever)
{
    struct h2t_pulled source = {.text = "second"};
    struct h2t_parts_server server = {.n_refused = 1};
    struct h2t_rig rig;
    char data[] = "first";

    h2t_parts_init(&rig, &server);
    rig.alloc.fail_at = fail_at;
    rig.alloc.fail_for_ever = fail_for_ever;
    h2t_parts_add_file(&rig, 0, "a.txt", data, 5);
    h2t_rig_open(&rig, NULL);
    h2client_call *call = h2t_parts_post_two(&rig, &source);
    h2client_call_await(call);
    ck_assert_int_ne(h2client_call_state(call), H2CLIENT_PENDING);
    ck_assert_int_eq(source.n_released, call ? 1 : 0);
    ck_assert(fail_at || h2client_call_state(call) == H2CLIENT_OK);
    rig.alloc.fail_at = 0;
    uint64_t n_calls = rig.alloc.n_calls;
    h2t_parts_finish(&rig, call);
    return n_calls;
}

TEST(each_failing_allocation_leaves_one_outcome_and_nothing_else)
{
    uint64_t n = run_without_memory(0, false);

    for (uint64_t i = 1; i <= n; i++) {
        run_without_memory(i, false);
        run_without_memory(i, true);
    }
}
END_TEST

/* The list does not fit into the call's first block: it may be what fails. */
TEST(parts_without_memory_for_their_list_stay_the_callers)
{
    enum { N = 200 };
    struct h2client_part parts[N + 1] = {{.name = NULL}};
    struct h2t_pulled source = {.text = "x"};
    int n_refused = 0;

    const h2client_body *body = H2T_PULLED(&source, 1);

    for (int i = 0; i < N; i++)
        parts[i] = (h2client_part){.name = "a", .body = body};
    for (uint64_t i = 1; i < 10; i++) {
        struct h2t_rig rig;
        h2t_rig_start(&rig);
        source.n_released = 0;
        rig.alloc.fail_at = rig.alloc.n_calls + i;
        h2client_call *call =
            h2client_post(rig.session, "https://", .body = H2CLIENT_BODY(.parts = parts));
        h2client_call_await(call);
        ck_assert_int_eq(source.n_released, call ? N : 0);
        n_refused += !call;
        rig.alloc.fail_at = 0;
        h2t_parts_finish(&rig, call);
    }
    ck_assert_int_ge(n_refused, 2); /* the call itself, and the list */
}
END_TEST

TEST_MAIN("facade_multipart_ends", {T(a_missing_file_names_its_part_before_anything_is_sent)},
          {T(a_file_that_cannot_be_read_names_its_part)},
          {T(a_part_of_another_length_than_declared_ends_the_call)},
          {T(a_part_that_grows_beside_one_of_unknown_length_ends_the_call)},
          {T(a_pull_function_that_fails_names_its_part)}, {T(what_no_part_can_be_is_refused)},
          {T(a_content_type_without_the_boundary_is_refused)},
          {T(releases_run_once_also_when_the_url_is_bad)},
          {T(each_failing_allocation_leaves_one_outcome_and_nothing_else)},
          {T(parts_without_memory_for_their_list_stay_the_callers)})
