/* SPDX-License-Identifier: MIT */
#include "h2client/redirect_decision.h"
#include "tests/support/test_main.h"

static const struct h2i_url a_test = {
    .is_https = true, .port = 443, .host = "a.test", .display = "https://a.test/"};

struct step {
    struct h2i_redirect_decision decision;
    char why[200];
};

static struct step decide(const struct h2i_redirect_settings *settings,
                          const struct h2i_redirect_end *end)
{
    struct step step = {.why = ""};
    struct h2i_text why = h2i_text(step.why, sizeof step.why);

    step.decision = h2i_redirect_decide(settings, end, &why);
    return step;
}

TEST(methods_and_bodies_are_kept_as_the_status_says)
{
    static const struct {
        int status;
        bool keeps_body;
        const char *method, *next;
    } rows[] = {
        {301, true, "GET", "GET"},   {301, true, "HEAD", "HEAD"},     {301, false, "POST", "GET"},
        {301, true, "PUT", "PUT"},   {301, true, "PURGE", "PURGE"},   {302, true, "GET", "GET"},
        {302, false, "POST", "GET"}, {302, true, "DELETE", "DELETE"}, {303, true, "HEAD", "HEAD"},
        {303, false, "POST", "GET"}, {303, false, "PUT", "GET"},      {303, false, "DELETE", "GET"},
        {307, true, "POST", "POST"}, {307, true, "PATCH", "PATCH"},   {308, true, "POST", "POST"},
        {308, true, "GET", "GET"},
    };
    struct h2i_redirect_settings settings = h2i_redirect_defaults();

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct h2i_redirect_end end = {rows[i].status, 0, rows[i].method, &a_test, &a_test};
        struct step step = decide(&settings, &end);
        ck_assert_int_eq(step.decision.code, H2CLIENT_OK);
        ck_assert_msg(strcmp(step.decision.method, rows[i].next) == 0, "row %zu", i);
        ck_assert_msg(step.decision.drops_body != rows[i].keeps_body, "row %zu", i);
        ck_assert(!step.decision.drops_secrets);
    }
}
END_TEST

TEST(a_post_stays_one_where_that_is_asked_for)
{
    struct h2i_redirect_settings settings = h2i_redirect_defaults();
    static const int statuses[] = {301, 302, 303};

    settings.keeps_post_301 = settings.keeps_post_302 = settings.keeps_post_303 = true;
    for (size_t i = 0; i < 3; i++) {
        struct h2i_redirect_end end = {statuses[i], 0, "POST", &a_test, &a_test};
        struct step step = decide(&settings, &end);
        ck_assert_str_eq(step.decision.method, "POST");
        ck_assert(!step.decision.drops_body);
    }
}
END_TEST

TEST(another_scheme_host_or_port_gets_no_secrets)
{
    static const struct h2i_url others[] = {
        {.is_https = true, .port = 443, .host = "b.test", .display = ""},
        {.is_https = true, .port = 443, .host = "sub.a.test", .display = ""},
        {.is_https = true, .port = 8443, .host = "a.test", .display = ""},
        {.is_https = false, .port = 80, .host = "a.test", .display = ""},
        {.is_https = false, .port = 443, .host = "a.test", .display = ""},
    };
    struct h2i_redirect_settings settings = h2i_redirect_defaults();

    settings.allows_downgrade = true;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct h2i_redirect_end end = {307, 0, "GET", &a_test, &others[i]};
        ck_assert_msg(decide(&settings, &end).decision.drops_secrets, "row %zu", i);
    }
}
END_TEST

TEST(trust_in_all_goes_not_as_far_as_plain_http)
{
    static const struct h2i_url other = {.is_https = true, .port = 1, .host = "b", .display = ""};
    static const struct h2i_url plain = {.port = 80, .host = "a.test", .display = ""};
    struct h2i_redirect_settings settings = h2i_redirect_defaults();
    struct h2i_redirect_end end = {307, 0, "GET", &a_test, &other};

    settings.trusts_all = settings.allows_downgrade = true;
    ck_assert(!decide(&settings, &end).decision.drops_secrets);
    end.to = &plain;
    ck_assert(decide(&settings, &end).decision.drops_secrets);
}
END_TEST

TEST(https_leads_to_http_only_where_allowed)
{
    static const struct h2i_url plain = {.port = 80, .host = "a.test", .display = "http://a.test/"};
    struct h2i_redirect_settings settings = h2i_redirect_defaults();
    struct h2i_redirect_end end = {302, 0, "GET", &a_test, &plain};
    struct step step = decide(&settings, &end);

    ck_assert_int_eq(step.decision.code, H2CLIENT_ERROR_REDIRECT_REFUSED);
    ck_assert_str_eq(step.why, "a redirect from https to http://a.test/");
    settings.allows_downgrade = true;
    ck_assert_int_eq(decide(&settings, &end).decision.code, H2CLIENT_OK);
    end = (struct h2i_redirect_end){302, 0, "GET", &plain, &a_test};
    settings.allows_downgrade = false;
    ck_assert_int_eq(decide(&settings, &end).decision.code, H2CLIENT_OK);
}
END_TEST

TEST(one_more_than_the_limit_is_too_many)
{
    struct h2i_redirect_settings settings = h2i_redirect_defaults();
    struct h2i_redirect_end end = {302, 9, "GET", &a_test, &a_test};
    struct step step = decide(&settings, &end);

    ck_assert_int_eq(step.decision.code, H2CLIENT_OK);
    end.n_redirects = 10;
    step = decide(&settings, &end);
    ck_assert_int_eq(step.decision.code, H2CLIENT_ERROR_TOO_MANY_REDIRECTS);
    ck_assert_str_eq(step.why, "more than 10 redirects, the last one to https://a.test/");
}
END_TEST

TEST(only_redirects_with_a_location_are_followed)
{
    struct h2i_redirect_settings settings = h2i_redirect_defaults();
    static const int others[] = {200, 201, 300, 304, 305, 306, 309, 404};

    ck_assert(h2i_redirect_is_wanted(&settings, 302, "/"));
    ck_assert(!h2i_redirect_is_wanted(&settings, 302, NULL));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        ck_assert(!h2i_redirect_is_wanted(&settings, others[i], "/"));
    settings.follows = false;
    ck_assert(!h2i_redirect_is_wanted(&settings, 302, "/"));
}
END_TEST

TEST(options_replace_what_is_inherited_one_by_one)
{
    struct h2i_redirect_settings settings = h2i_redirect_defaults();
    h2client_redirect_options options = {.size = sizeof options,
                                         .max_redirects = 3,
                                         .allow_downgrade = H2CLIENT_ON,
                                         .keep_post_302 = H2CLIENT_ON};
    char buf[200];
    struct h2i_text why = h2i_text(buf, sizeof buf);

    ck_assert_int_eq(h2i_redirect_apply(&settings, &options, &why), H2CLIENT_OK);
    ck_assert_int_eq(settings.max_redirects, 3);
    ck_assert(settings.follows && settings.allows_downgrade && settings.keeps_post_302);
    ck_assert(!settings.trusts_all && !settings.keeps_post_301 && !settings.keeps_post_303);
    options.follow = (h2client_switch)7;
    ck_assert_int_eq(h2i_redirect_apply(&settings, &options, &why),
                     H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_str_eq(buf, "redirect.follow: 7 is not one of its values");
}
END_TEST

TEST_MAIN("redirect_decision", {T(methods_and_bodies_are_kept_as_the_status_says)},
          {T(a_post_stays_one_where_that_is_asked_for)},
          {T(another_scheme_host_or_port_gets_no_secrets)},
          {T(trust_in_all_goes_not_as_far_as_plain_http)},
          {T(https_leads_to_http_only_where_allowed)}, {T(one_more_than_the_limit_is_too_many)},
          {T(only_redirects_with_a_location_are_followed)},
          {T(options_replace_what_is_inherited_one_by_one)})
