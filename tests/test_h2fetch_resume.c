/* SPDX-License-Identifier: MIT */
/* -C: what is asked for, and what counts as an answer to it; no network, no files. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/test_main.h"
#include "tools/h2fetch/fetch_resume.h"

#define N(array) (sizeof(array) / sizeof(array)[0])
#define CHANGED "Sun, 06 Nov 1994 08:49:37 GMT"

static struct h2f_resume asked_from(int64_t offset, const char *validator)
{
    return (struct h2f_resume){.is_asked = true,
                               .offset = offset,
                               .n_rest = -1,
                               .validator = validator ? h2f_copy(validator) : NULL};
}

static enum h2f_resume_verdict judge(struct h2f_resume *resume, struct h2f_answer answer)
{
    char *why = NULL;
    enum h2f_resume_verdict verdict = h2f_resume_judge(resume, &answer, &why);

    ck_assert((verdict == H2F_RESUME_IS_REFUSED) == (why != NULL));
    free(why);
    return verdict;
}

static void expect_verdict(enum h2f_resume_verdict expected, int status, const char *content_range)
{
    struct h2f_resume resume = asked_from(500, NULL);
    struct h2f_answer answer = {.status = status, .content_range = content_range};

    ck_assert_msg(judge(&resume, answer) == expected, "%d %s", status, content_range);
}

static void expect_validator(const char *expected, struct h2f_answer answer)
{
    struct h2f_resume resume = {.n_rest = -1};
    char *validator = h2f_resume_validator(&resume, &answer);

    if (expected)
        ck_assert_str_eq(validator, expected);
    else
        ck_assert_ptr_null(validator);
    free(validator);
}

TEST(only_the_whole_rest_goes_on)
{
    static const char *const wrong[] = {
        "",
        "bytes 500-",
        "bytes 500-999",
        "bytes 499-999/1000",
        "bytes 501-999/1000",
        "bytes 500-998/1000",
        "bytes 500-1000/1000",
        "bytes 500-499/500",
        "bytes 500-999/1000 ",
        "bytes +500-999/1000",
        "bytes */1000",
        "lines 500-999/1000",
        "bytes 500-9999999999999999999/*",
    };

    expect_verdict(H2F_RESUME_GOES_ON, 206, "bytes 500-999/1000");
    expect_verdict(H2F_RESUME_GOES_ON, 206, "Bytes 500-999/*");
    expect_verdict(H2F_RESUME_IS_REFUSED, 206, NULL);
    for (size_t i = 0; i < N(wrong); i++)
        expect_verdict(H2F_RESUME_IS_REFUSED, 206, wrong[i]);
    expect_verdict(H2F_RESUME_IS_REFUSED, 200, "bytes 500-999/1000");
}

TEST(nothing_is_left_when_the_server_says_so)
{
    expect_verdict(H2F_RESUME_IS_WHOLE, 416, "bytes */500");
    expect_verdict(H2F_RESUME_IS_REFUSED, 416, "bytes */501");
    expect_verdict(H2F_RESUME_IS_REFUSED, 416, "bytes */*");
    expect_verdict(H2F_RESUME_IS_REFUSED, 416, NULL);
    expect_verdict(H2F_RESUME_IS_REFUSED, 404, "bytes */500");
}

TEST(from_the_beginning_on_every_answer_will_do)
{
    struct h2f_resume from_start = asked_from(0, NULL), not_asked = {.n_rest = -1};

    ck_assert_int_eq(judge(&from_start, (struct h2f_answer){.status = 200}), H2F_RESUME_GOES_ON);
    ck_assert_int_eq(judge(&not_asked, (struct h2f_answer){.status = 500}), H2F_RESUME_GOES_ON);
    ck_assert(h2f_resume_is_complete(&not_asked, 12345));
}

TEST(the_rest_is_as_long_as_its_content_range)
{
    struct h2f_resume resume = asked_from(500, NULL);
    const struct h2f_answer answer = {.status = 206, .content_range = "bytes 500-999/1000"};

    ck_assert_int_eq(judge(&resume, answer), H2F_RESUME_GOES_ON);
    ck_assert(h2f_resume_is_complete(&resume, 500));
    ck_assert(!h2f_resume_is_complete(&resume, 499));
    ck_assert(!h2f_resume_is_complete(&resume, 501));
}

TEST(a_validator_goes_with_its_version)
{
    static const struct {
        const char *asked, *etag, *last_modified;
        bool stays;
    } cases[] = {
        {"\"a\"", "\"b\"", NULL, false},   {"\"a\"", "W/\"a\"", NULL, false},
        {"\"a\"", "\"a\"", "x", true},     {"\"a\"", NULL, "x", true},
        {CHANGED, NULL, "another", false}, {CHANGED, "\"a\"", CHANGED, true},
    };

    for (size_t i = 0; i < N(cases); i++) {
        struct h2f_resume resume = asked_from(500, cases[i].asked);
        const struct h2f_answer answer = {
            .status = 200, .etag = cases[i].etag, .last_modified = cases[i].last_modified};

        ck_assert_int_eq(judge(&resume, answer), H2F_RESUME_IS_REFUSED);
        ck_assert_msg((resume.validator != NULL) == cases[i].stays, "case %zu", i);
        h2f_resume_finish(&resume);
    }
}

TEST(a_rest_of_another_version_is_refused)
{
    struct h2f_resume resume = asked_from(500, "\"a\"");
    struct h2f_answer answer = {
        .status = 206, .content_range = "bytes 500-999/1000", .etag = "\"a\""};

    ck_assert_int_eq(judge(&resume, answer), H2F_RESUME_GOES_ON);
    answer.etag = "\"b\"";
    ck_assert_int_eq(judge(&resume, answer), H2F_RESUME_IS_REFUSED);
    h2f_resume_finish(&resume);
}

TEST(only_strong_validators_of_servers_with_ranges_are_noted)
{
    struct h2f_answer answer = {.status = 200, .accept_ranges = "bytes", .etag = "\"a\""};

    expect_validator("\"a\"", answer);
    answer.etag = "W/\"a\"";
    expect_validator(NULL, answer);
    answer.etag = "\"a\"";
    answer.accept_ranges = "none";
    expect_validator(NULL, answer);
    answer.accept_ranges = NULL;
    expect_validator(NULL, answer);
    answer = (struct h2f_answer){.status = 404, .accept_ranges = "bytes", .etag = "\"a\""};
    expect_validator(NULL, answer);
    answer = (struct h2f_answer){.status = 206, .etag = "\"a\""};
    expect_validator(NULL, answer); /* a range that somebody else asked for */
    answer = (struct h2f_answer){
        .status = 200, .accept_ranges = "bytes", .etag = "\"a\"", .content_encoding = "gzip"};
    expect_validator(NULL, answer);
}

TEST(a_date_is_strong_a_second_later)
{
    static const char *const weak[] = {CHANGED,
                                       "Sun, 06 Nov 1994 08:49:36 GMT",
                                       "Sat, 05 Nov 1994 23:00:00 GMT",
                                       "Sunday, 06-Nov-94 08:49:38 GMT",
                                       "Sun, 06 Now 1994 08:49:38 GMT",
                                       ""};
    static const char *const strong[] = {"Sun, 06 Nov 1994 08:49:38 GMT",
                                         "Thu, 01 Dec 1994 00:00:00 GMT",
                                         "Sun, 01 Jan 1995 00:00:00 GMT"};
    struct h2f_answer answer = {.status = 200, .accept_ranges = "bytes", .last_modified = CHANGED};

    expect_validator(NULL, answer);
    for (size_t i = 0; i < N(weak); i++) {
        answer.date = weak[i];
        expect_validator(NULL, answer);
    }
    for (size_t i = 0; i < N(strong); i++) {
        answer.date = strong[i];
        expect_validator(CHANGED, answer);
    }
    answer.etag = "W/\"a\"";
    expect_validator(NULL, answer);
}

TEST(the_rest_of_that_version_is_asked_for)
{
    struct h2f_resume resume = asked_from(500, "\"a\"");
    const h2client_header given[] = {{"x", "y"}, {NULL, NULL}};
    char range[H2F_RANGE_CAP];
    const h2client_header *fields = h2f_resume_fields(&resume, given, range);

    ck_assert_str_eq(fields[0].name, "x");
    ck_assert_str_eq(fields[1].name, "range");
    ck_assert_str_eq(fields[1].value, "bytes=500-");
    ck_assert_str_eq(fields[2].name, "if-range");
    ck_assert_str_eq(fields[2].value, "\"a\"");
    ck_assert_ptr_null(fields[3].name);
    free((void *)(uintptr_t)fields);
    h2f_resume_finish(&resume);
}

TEST(an_upload_goes_on_where_something_is_left)
{
    static const struct {
        int64_t at, size;
        int exit_code;
    } cases[] = {{0, 10, 0},
                 {9, 10, 0},
                 {H2F_CONTINUE_NOT, -1, 0},
                 {H2F_CONTINUE_AUTO, 10, 0},
                 {10, 10, 18},
                 {11, 10, 36},
                 {1, -1, 36}};

    for (size_t i = 0; i < N(cases); i++) {
        struct h2f_resume resume;
        struct h2f_problem problem = {0};
        bool is_fine = h2f_resume_plan_upload(&resume, cases[i].at, cases[i].size, &problem);

        ck_assert_msg(problem.exit_code == cases[i].exit_code, "case %zu", i);
        ck_assert(is_fine == (cases[i].exit_code == 0));
        ck_assert_int_eq(resume.n_uploaded, is_fine && cases[i].at > 0 ? cases[i].size : 0);
    }
}

TEST_MAIN("h2fetch_resume", {T(only_the_whole_rest_goes_on)},
          {T(nothing_is_left_when_the_server_says_so)},
          {T(from_the_beginning_on_every_answer_will_do)},
          {T(the_rest_is_as_long_as_its_content_range)}, {T(a_validator_goes_with_its_version)},
          {T(a_rest_of_another_version_is_refused)},
          {T(only_strong_validators_of_servers_with_ranges_are_noted)},
          {T(a_date_is_strong_a_second_later)}, {T(the_rest_of_that_version_is_asked_for)},
          {T(an_upload_goes_on_where_something_is_left)})
