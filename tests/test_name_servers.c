/* SPDX-License-Identifier: MIT */
/* Which name servers are asked for what, and how they are written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/ares_rig.h"
#include "tests/support/test_main.h"

/* ---- servers ---- */

TEST(dead_first_server_is_asked_once_and_last_from_then_on)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup;

    h2t_ares_open_two(&rig, h2t_silence, h2t_both, H2T_SHORT_MS);
    h2t_ares_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(lookup.n_addresses, 3);
    ck_assert_uint_eq(h2t_dns_server_n_asked(rig.first, H2T_DNS_A), 1);
    h2t_ares_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(lookup.n_addresses, 3);
    ck_assert_uint_eq(h2t_dns_server_n_asked(rig.first, H2T_DNS_A), 1);
    ck_assert_uint_eq(h2t_dns_server_n_asked(rig.server, H2T_DNS_A), 2);
    h2t_ares_finish(&rig);
}
END_TEST

TEST(server_that_died_is_passed_over_for_the_one_that_came_back)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup;

    h2t_ares_open_two(&rig, h2t_both, h2t_both, H2T_SHORT_MS);
    h2t_dns_server_change(rig.first, h2t_silence);
    h2t_ares_ask(&rig, &lookup, "a.example");
    h2t_dns_server_change(rig.first, h2t_both);
    h2t_dns_server_change(rig.server, h2t_silence);
    h2t_ares_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(lookup.n_addresses, 3);
    h2t_ares_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(lookup.n_addresses, 3);
    ck_assert_uint_eq(h2t_dns_server_n_asked(rig.server, H2T_DNS_A), 2);
    h2t_ares_finish(&rig);
}
END_TEST

/* A server inside a company, say, before one that knows the rest of the world. */
TEST(refusing_server_is_passed_over_for_that_name_only)
{
    static const struct h2t_dns_answer inside[] = {
        {.name = "b.example", .type = H2T_DNS_A, .addresses = "192.0.2.9", .ttls = {60}},
        {.name = "b.example"},
        {.rcode = H2T_DNS_REFUSED},
        {.name = NULL}};
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup;

    h2t_ares_open_two(&rig, inside, h2t_both, H2T_LONG_MS);
    h2t_ares_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(lookup.n_addresses, 3);
    h2t_ares_ask(&rig, &lookup, "b.example");
    ck_assert_str_eq(lookup.text, "192.0.2.9");
    ck_assert_str_eq(h2t_dns_server_last_name(rig.server), "a.example");
    h2t_ares_finish(&rig);
}
END_TEST

TEST(server_that_answers_the_second_time_stays_the_first)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup = {0};

    h2t_ares_open_two(&rig, h2t_silence, h2t_silence, H2T_SHORT_MS);
    h2t_ares_start(&rig, &lookup, "a.example");
    while (h2t_dns_server_n_asked(rig.server, H2T_DNS_AAAA) == 0)
        h2t_ares_turn(&rig);
    h2t_dns_server_change(rig.first, h2t_both);
    while (!lookup.is_done)
        h2t_ares_turn(&rig);
    ck_assert_uint_eq(lookup.n_addresses, 3);
    h2t_ares_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(lookup.n_addresses, 3);
    ck_assert_uint_eq(h2t_dns_server_n_asked(rig.server, H2T_DNS_A), 1);
    h2t_ares_finish(&rig);
}
END_TEST

/* Somebody asks for another name while the one that was refused is asked for elsewhere. */
static void ask_beside_a_refusal(struct h2t_ares_rig *rig)
{
    size_t n_before = h2t_dns_server_n_asked(rig->server, H2T_DNS_A);
    struct h2t_lookup refused = {0}, other;

    h2t_ares_start(rig, &refused, "b.example");
    while (h2t_dns_server_n_asked(rig->server, H2T_DNS_A) == n_before)
        h2t_ares_turn(rig);
    h2t_ares_ask(rig, &other, "a.example");
    ck_assert_uint_eq(other.n_addresses, 3);
    while (!refused.is_done)
        h2t_ares_turn(rig);
    ck_assert_int_eq(refused.fault.code, H2CLIENT_ERROR_DNS_NOT_FOUND);
}

TEST(refusals_leave_the_other_names_channel_and_nothing_else)
{
    struct h2t_dns_answer inside[] = {
        h2t_both[0], h2t_both[1], {.rcode = H2T_DNS_REFUSED}, {.name = NULL}};
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup;
    uint64_t n_live, n_calls;

    h2t_ares_open_two(&rig, inside, h2t_both, H2T_LONG_MS);
    h2t_ares_ask(&rig, &lookup, "a.example");
    n_live = rig.alloc.n_live;
    for (int i = 0; i < 5; i++)
        ask_beside_a_refusal(&rig);
    n_calls = rig.alloc.n_calls;
    h2t_ares_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(rig.alloc.n_calls - n_calls, 1); /* the look-up's own */
    ck_assert_uint_le(rig.alloc.n_live, n_live + 2);   /* places of sockets */
    h2t_ares_finish(&rig);
}
END_TEST

TEST(failing_servers_are_asked_once_each)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup;

    h2t_ares_open_two(&rig, h2t_failing, h2t_failing, H2T_LONG_MS);
    h2t_ares_ask(&rig, &lookup, "a.example");
    ck_assert_int_eq(lookup.fault.code, H2CLIENT_ERROR_DNS_SERVER_FAILED);
    ck_assert_uint_eq(h2t_dns_server_n_asked(rig.first, H2T_DNS_A), 1);
    ck_assert_uint_eq(h2t_dns_server_n_asked(rig.server, H2T_DNS_A), 1);
    h2t_ares_finish(&rig);
}
END_TEST

TEST(failure_is_told_though_the_next_server_is_silent)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup;

    h2t_ares_open_two(&rig, h2t_failing, h2t_silence, H2T_SHORT_MS);
    h2t_ares_ask(&rig, &lookup, "a.example");
    ck_assert_int_eq(lookup.fault.code, H2CLIENT_ERROR_DNS_SERVER_FAILED);
    h2t_ares_finish(&rig);
}
END_TEST

TEST(failure_is_told_though_its_server_falls_silent_then)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup = {0};

    h2t_ares_open_two(&rig, h2t_failing, h2t_silence, H2T_SHORT_MS);
    h2t_ares_start(&rig, &lookup, "a.example");
    while (h2t_dns_server_n_asked(rig.first, H2T_DNS_AAAA) == 0)
        h2t_ares_turn(&rig);
    h2t_dns_server_change(rig.first, h2t_silence);
    while (!lookup.is_done)
        h2t_ares_turn(&rig);
    ck_assert_int_eq(lookup.fault.code, H2CLIENT_ERROR_DNS_SERVER_FAILED);
    h2t_ares_finish(&rig);
}
END_TEST

static void expect_bad_servers(const char *servers, const char *named)
{
    const struct h2i_ares_config config = h2t_ares_config(servers, H2T_LONG_MS);
    struct h2t_ares_rig rig;
    h2client_fault fault;

    h2t_ares_init(&rig, h2t_both);
    ck_assert_msg(!h2i_ares_resolver_create(&rig.reactor, &config, &fault), "\"%s\"", servers);
    ck_assert_int_eq(fault.code, H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_msg(strstr(fault.text, named) != NULL, "\"%s\" does not name \"%s\"", fault.text,
                  named);
    h2t_ares_finish(&rig);
}

TEST(bad_server_strings_are_refused_by_name)
{
    expect_bad_servers("", "empty");
    expect_bad_servers("ns.example", "\"ns.example\"");
    expect_bad_servers("192.0.2.1,,192.0.2.2", "\"\"");
    expect_bad_servers("192.0.2.1, 192.0.2.300", "192.0.2.300");
    expect_bad_servers("192.0.2.1:0", "192.0.2.1:0");
    expect_bad_servers("192.0.2.1:65536", "192.0.2.1:65536");
    expect_bad_servers("192.0.2.1:", "192.0.2.1:");
    expect_bad_servers("192.0.2.1:53x", "192.0.2.1:53x");
    expect_bad_servers("[2001:db8::1", "[2001:db8::1");
    expect_bad_servers("[2001:db8::1]53", "[2001:db8::1]53");
    expect_bad_servers("[]:53", "[]:53");
    expect_bad_servers("192.0.2.1]", "192.0.2.1]");
    expect_bad_servers("fe80::1%1", "fe80::1%1"); /* c-ares cannot reach it */
}
END_TEST

TEST(seventeen_servers_are_too_many)
{
    static const char servers[] =
        "::1,::2,::3,::4,::5,::6,::7,::8,::9,::a,::b,::c,::d,::e,::f,::10";
    struct h2t_ares_rig rig;
    char one_more[sizeof servers + 8];

    h2t_ares_init(&rig, h2t_both);
    h2t_ares_make(&rig, servers, H2T_LONG_MS);
    h2t_ares_finish(&rig);
    snprintf(one_more, sizeof one_more, "%s,::11", servers);
    expect_bad_servers(one_more, "more than 16");
}
END_TEST

TEST(server_strings_have_ports_brackets_and_spaces)
{
    struct h2t_ares_rig rig;

    h2t_ares_init(&rig, h2t_both);
    h2t_ares_make(&rig, " 192.0.2.1:5353 ,2001:db8::1,[2001:db8::2] , [2001:db8::3]:65535",
                  H2T_LONG_MS);
    h2t_ares_finish(&rig);
}
END_TEST

/* What the environment and resolv.conf offer to a stub resolver. */
TEST(names_are_asked_as_they_are)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup;

    setenv("LOCALDOMAIN", "search.example", 1);
    h2t_ares_open(&rig, (const struct h2t_dns_answer[]){{.name = NULL}});
    h2t_ares_ask(&rig, &lookup, "a.example");
    ck_assert_str_eq(h2t_dns_server_last_name(rig.server), "a.example");
    h2t_ares_ask(&rig, &lookup, "short");
    ck_assert_str_eq(h2t_dns_server_last_name(rig.server), "short");
    ck_assert_uint_eq(h2t_dns_server_n_asked(rig.server, H2T_DNS_A), 2);
    h2t_ares_finish(&rig);
    unsetenv("LOCALDOMAIN");
}
END_TEST

TEST(aliases_of_the_environment_are_not_read)
{
    static const char text[] = "short other.example\n";
    char path[] = "/tmp/h2t-aliases-XXXXXX";
    int fd = mkstemp(path);
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup;

    ck_assert_int_eq(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    setenv("HOSTALIASES", path, 1);
    h2t_ares_open(&rig, (const struct h2t_dns_answer[]){{.name = NULL}});
    h2t_ares_ask(&rig, &lookup, "short");
    ck_assert_str_eq(h2t_dns_server_last_name(rig.server), "short");
    h2t_ares_finish(&rig);
    unsetenv("HOSTALIASES");
    unlink(path);
}
END_TEST

TEST_MAIN("name_servers", {T(dead_first_server_is_asked_once_and_last_from_then_on)},
          {T(server_that_died_is_passed_over_for_the_one_that_came_back)},
          {T(refusing_server_is_passed_over_for_that_name_only)},
          {T(server_that_answers_the_second_time_stays_the_first)},
          {T(refusals_leave_the_other_names_channel_and_nothing_else)},
          {T(failing_servers_are_asked_once_each)},
          {T(failure_is_told_though_the_next_server_is_silent)},
          {T(failure_is_told_though_its_server_falls_silent_then)},
          {T(bad_server_strings_are_refused_by_name)}, {T(seventeen_servers_are_too_many)},
          {T(server_strings_have_ports_brackets_and_spaces)}, {T(names_are_asked_as_they_are)},
          {T(aliases_of_the_environment_are_not_read)})
