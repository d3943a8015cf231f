/* SPDX-License-Identifier: MIT */
/* A name server, or somebody in its place, that sends answers to what nobody asked. */
#include <string.h>

#include "tests/support/ares_rig.h"
#include "tests/support/test_main.h"

static const struct h2t_dns_answer floods[] = {{.addresses = "", .n_forged = SIZE_MAX},
                                               {.name = NULL}};

static const struct h2t_dns_answer floods_over_tcp[] = {
    {.is_truncated = true, .n_forged = SIZE_MAX}, {.name = NULL}};

static void expect_flood(const struct h2t_dns_answer *answers)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup;

    h2t_ares_open(&rig, answers);
    h2t_ares_ask(&rig, &lookup, "a.example");
    ck_assert_int_eq(lookup.fault.code, H2CLIENT_ERROR_DNS_SERVER_FAILED);
    ck_assert_str_eq(lookup.fault.text, "host a.example: the name server sent much, and no answer");
    h2t_ares_finish(&rig);
}

TEST(wrong_answers_without_end_are_the_servers_failure)
{
    expect_flood(floods);
}
END_TEST

TEST(wrong_answers_without_end_over_tcp_are_the_servers_failure)
{
    expect_flood(floods_over_tcp);
}
END_TEST

TEST(flooding_server_is_left_and_asked_last_from_then_on)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup;
    size_t n_asked;

    h2t_ares_open_two(&rig, floods, h2t_both, H2T_LONG_MS);
    h2t_ares_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(lookup.n_addresses, 3);
    n_asked = h2t_dns_server_n_asked(rig.first, H2T_DNS_A);
    h2t_ares_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(lookup.n_addresses, 3);
    ck_assert_uint_eq(h2t_dns_server_n_asked(rig.first, H2T_DNS_A), n_asked);
    h2t_ares_finish(&rig);
}
END_TEST

TEST(right_answer_among_some_wrong_ones_is_taken)
{
    static const struct h2t_dns_answer answers[] = {
        {.type = H2T_DNS_A, .addresses = "192.0.2.1", .ttls = {60}, .n_forged = 200},
        {.name = "a.example"},
        {.name = NULL}};
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup;

    h2t_ares_open(&rig, answers);
    h2t_ares_ask(&rig, &lookup, "a.example");
    ck_assert_str_eq(lookup.text, "192.0.2.1");
    h2t_ares_finish(&rig);
}
END_TEST

/* The socket stays open as long as there is a question, and when it is left that is asked
 * again. */
TEST(any_number_of_right_answers_on_one_socket_is_no_flood)
{
    static const struct h2t_dns_answer answers[] = {
        {.name = "silent.example", .is_silent = true},
        {.type = H2T_DNS_A, .addresses = "192.0.2.1", .ttls = {60}},
        {.name = "a.example"},
        {.name = NULL}};
    struct h2t_ares_rig rig;
    struct h2t_lookup unanswered = {0}, lookup;

    h2t_ares_open(&rig, answers);
    h2t_ares_start(&rig, &unanswered, "silent.example");
    for (int i = 0; i < 600; i++) {
        h2t_ares_ask(&rig, &lookup, "a.example");
        ck_assert_uint_eq(lookup.n_addresses, 1);
    }
    ck_assert_uint_eq(h2t_dns_server_n_asked(rig.server, H2T_DNS_A), 601);
    h2t_lookup_cancel(&unanswered);
    h2t_ares_finish(&rig);
}
END_TEST

TEST_MAIN("dns_floods", {T(wrong_answers_without_end_are_the_servers_failure)},
          {T(wrong_answers_without_end_over_tcp_are_the_servers_failure)},
          {T(flooding_server_is_left_and_asked_last_from_then_on)},
          {T(right_answer_among_some_wrong_ones_is_taken)},
          {T(any_number_of_right_answers_on_one_socket_is_no_flood)})
