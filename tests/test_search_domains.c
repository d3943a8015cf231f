/* SPDX-License-Identifier: MIT */
/* Search domains: which names are asked for instead of a short one, and when that ends. */
#include "resolver/search_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/ares_rig.h"
#include "tests/support/test_main.h"

#define NAMESERVER "nameserver 127.0.0.1\n"

/* A machine with a resolv.conf of its own, whose server answers from a list. */
struct machine {
    struct h2t_ares_rig rig;
    struct h2i_ares_config config;
    char path[32];
};

static void write_conf(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void make_path(char path[32])
{
    int fd;

    snprintf(path, 32, "/tmp/h2t-search-XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void open_machine(struct machine *machine, const char *conf,
                         const struct h2t_dns_answer *answers)
{
    machine->config = h2t_ares_config(NULL, H2T_LONG_MS);
    make_path(machine->path);
    write_conf(machine->path, conf);
    h2t_ares_init(&machine->rig, answers);
    machine->config.resolv_conf = machine->path;
    machine->config.port = h2t_dns_server_port(machine->rig.server);
    h2t_ares_make_with(&machine->rig, &machine->config);
}

static void close_machine(struct machine *machine)
{
    unlink(machine->path);
    h2t_ares_finish(&machine->rig);
}

static const char *names_asked(const struct machine *machine)
{
    return h2t_dns_server_names(machine->rig.server);
}

/* One look-up on a new machine. */
static void expect(const char *conf, const struct h2t_dns_answer *answers, const char *host,
                   const char *names, const char *addresses, h2client_error_code code)
{
    struct machine machine;
    struct h2t_lookup lookup;

    open_machine(&machine, conf, answers);
    h2t_ares_ask(&machine.rig, &lookup, host);
    ck_assert_str_eq(names_asked(&machine), names);
    ck_assert_str_eq(lookup.text, addresses);
    if (code)
        ck_assert_int_eq(lookup.fault.code, code);
    close_machine(&machine);
}

static const struct h2t_dns_answer nothing[] = {{.name = NULL}};

/* ---- which names ---- */

TEST(short_name_is_asked_for_in_every_domain_and_then_as_it_is)
{
    expect(NAMESERVER "search one.example two.example\n", nothing, "short",
           "short.one.example short.two.example short", "", H2CLIENT_ERROR_DNS_NOT_FOUND);
}
END_TEST

TEST(name_with_dots_is_asked_for_as_it_is_first)
{
    expect(NAMESERVER "search one.example\n", nothing, "www.short",
           "www.short www.short.one.example", "", H2CLIENT_ERROR_DNS_NOT_FOUND);
}
END_TEST

TEST(how_many_dots_are_enough_is_for_ndots_to_say)
{
    expect(NAMESERVER "search one.example\noptions timeout:1 ndots:3 rotate\n", nothing, "a.b.c",
           "a.b.c.one.example a.b.c", "", H2CLIENT_OK);
    expect(NAMESERVER "search one.example\noptions ndots:2\n", nothing, "a.b.c",
           "a.b.c a.b.c.one.example", "", H2CLIENT_OK);
    expect(NAMESERVER "search one.example\noptions ndots:0\n", nothing, "a", "a a.one.example", "",
           H2CLIENT_OK);
}
END_TEST

TEST(without_domains_a_name_is_asked_for_as_it_is)
{
    expect(NAMESERVER "options ndots:5\n", nothing, "short", "short", "", H2CLIENT_OK);
    expect(NAMESERVER "search\n", nothing, "short", "short", "", H2CLIENT_OK);
}
END_TEST

TEST(last_line_with_domains_counts)
{
    expect("search one.example\n" NAMESERVER "domain two.example.\n", nothing, "short",
           "short.two.example short", "", H2CLIENT_OK);
    expect("domain one.example\n" NAMESERVER "search two.example\n", nothing, "short",
           "short.two.example short", "", H2CLIENT_OK);
}
END_TEST

TEST(callers_own_servers_know_no_domains)
{
    struct machine machine;
    struct h2t_lookup lookup;
    struct h2i_ares_config config = h2t_ares_config(NULL, H2T_LONG_MS);

    make_path(machine.path);
    write_conf(machine.path, "search one.example\n");
    h2t_ares_init(&machine.rig, nothing);
    config.servers = h2t_dns_server_name(machine.rig.server);
    config.resolv_conf = machine.path;
    h2t_ares_make_with(&machine.rig, &config);
    h2t_ares_ask(&machine.rig, &lookup, "short");
    ck_assert_str_eq(names_asked(&machine), "short");
    close_machine(&machine);
}
END_TEST

/* ---- when it ends ---- */

TEST(search_ends_with_the_first_name_that_has_an_address)
{
    static const struct h2t_dns_answer answers[] = {
        {.name = "short.two.example", .type = H2T_DNS_A, .addresses = "192.0.2.2", .ttls = {60}},
        {.name = "short.two.example"},
        {.name = "short.three.example", .addresses = "192.0.2.3", .ttls = {60}},
        {.name = NULL}};

    expect(NAMESERVER "search one.example two.example three.example\n", answers, "short",
           "short.one.example short.two.example", "192.0.2.2", H2CLIENT_OK);
}
END_TEST

/* two.example has AAAA, three.example A: the addresses of two hosts are never mixed. */
TEST(both_families_are_of_the_same_name)
{
    static const struct h2t_dns_answer answers[] = {
        {.name = "short.two.example", .type = H2T_DNS_AAAA, .addresses = "2001:db8::2"},
        {.name = "short.two.example"},
        {.name = "short.three.example", .type = H2T_DNS_A, .addresses = "192.0.2.3"},
        {.name = NULL}};

    expect(NAMESERVER "search two.example three.example\n", answers, "short", "short.two.example",
           "2001:db8::2", H2CLIENT_OK);
}
END_TEST

TEST(name_without_addresses_gives_way_to_the_next_one)
{
    static const struct h2t_dns_answer answers[] = {
        {.name = "short.one.example"},
        {.name = "short", .type = H2T_DNS_A, .addresses = "192.0.2.2"},
        {.name = "short"},
        {.name = NULL}};

    expect(NAMESERVER "search one.example\n", answers, "short", "short.one.example short",
           "192.0.2.2", H2CLIENT_OK);
}
END_TEST

TEST(search_goes_on_where_the_wanted_family_is_not_there)
{
    static const struct h2t_dns_answer one[] = {
        {.name = "short.one.example", .type = H2T_DNS_AAAA, .addresses = "2001:db8::1"},
        {.name = "short.one.example"},
        {.name = "short", .type = H2T_DNS_A, .addresses = "192.0.2.2"},
        {.name = NULL}};
    struct machine machine;
    struct h2t_lookup lookup;

    open_machine(&machine, NAMESERVER "search one.example\n", one);
    machine.rig.resolver->ops->destroy(machine.rig.resolver);
    machine.config.family = H2CLIENT_IP_V4;
    h2t_ares_make_with(&machine.rig, &machine.config);
    h2t_ares_ask(&machine.rig, &lookup, "short");
    ck_assert_str_eq(lookup.text, "192.0.2.2");
    close_machine(&machine);
}
END_TEST

/* The first server refuses AAAA, so that A is known to be none a round trip earlier. */
TEST(family_that_is_not_there_waits_for_the_other_one)
{
    static const struct h2t_dns_answer one[] = {
        {.name = "short.one.example", .type = H2T_DNS_AAAA, .rcode = H2T_DNS_REFUSED},
        {.name = "short", .type = H2T_DNS_A, .addresses = "192.0.2.2"},
        {.name = "short"},
        {.name = NULL}};
    struct machine machine;
    struct h2t_lookup lookup;

    open_machine(&machine, NAMESERVER "nameserver 127.0.0.2\nsearch one.example\n", one);
    machine.rig.first = h2t_dns_server_create_beside(machine.rig.server, nothing);
    h2t_ares_ask(&machine.rig, &lookup, "short");
    ck_assert_str_eq(lookup.text, "192.0.2.2");
    ck_assert_uint_eq(lookup.n_reports, 2);
    ck_assert_uint_eq(h2t_dns_server_n_asked(machine.rig.first, H2T_DNS_AAAA), 1);
    close_machine(&machine);
}
END_TEST

/* What it would have said is not known, and the next name may be another host's. */
TEST(failing_server_ends_the_search)
{
    static const struct h2t_dns_answer answers[] = {
        {.name = "short.one.example", .rcode = H2T_DNS_SERVFAIL},
        {.name = "short.two.example", .addresses = "192.0.2.2"},
        {.name = NULL}};

    expect(NAMESERVER "search one.example two.example\n", answers, "short", "short.one.example", "",
           H2CLIENT_ERROR_DNS_SERVER_FAILED);
}
END_TEST

TEST(fault_names_the_host_that_was_looked_up)
{
    struct machine machine;
    struct h2t_lookup lookup;

    open_machine(&machine, NAMESERVER "search one.example\noptions ndots:0\n", nothing);
    h2t_ares_ask(&machine.rig, &lookup, "short");
    ck_assert_ptr_nonnull(strstr(lookup.fault.text, "host short:"));
    close_machine(&machine);
}
END_TEST

TEST(search_may_be_cancelled_between_two_names)
{
    struct machine machine;
    struct h2t_lookup lookup = {0};

    open_machine(&machine, NAMESERVER "search one.example\n", nothing);
    h2t_ares_start(&machine.rig, &lookup, "short");
    while (!strstr(names_asked(&machine), " short"))
        h2t_ares_turn(&machine.rig);
    ck_assert_uint_eq(lookup.n_reports, 0);
    h2t_lookup_cancel(&lookup);
    close_machine(&machine);
}
END_TEST

/* ---- bounds ---- */

static void expect_list(const char *conf, const char *host, const char *names)
{
    struct h2i_search_list list;
    char path[32], name[256], all[8192] = "";
    size_t i = 0;

    make_path(path);
    write_conf(path, conf);
    h2i_search_list_read(&list, path);
    unlink(path);
    while (h2i_search_list_next(&list, host, &i, name))
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s ", name);
    ck_assert_str_eq(all, names);
}

TEST(names_that_would_be_too_long_are_passed_over)
{
    char host[254], names[512];

    memset(host, 'a', 253);
    host[253] = 0;
    host[251] = '.';
    snprintf(names, sizeof names, "%s ", host);
    expect_list("search x yy\n", host, names);
    expect_list("search x yy\noptions ndots:2\n", host, names);
    host[251] = 0;
    snprintf(names, sizeof names, "%s.x %s ", host, host);
    expect_list("search yy x\n", host, names);
}
END_TEST

TEST(domains_beyond_the_lists_room_are_left_out_whole)
{
    char conf[8192] = "search";
    struct h2i_search_list list;
    char path[32];

    for (int i = 100; i < 500; i++)
        snprintf(conf + strlen(conf), sizeof conf - strlen(conf), " d%d.example", i);
    make_path(path);
    write_conf(path, conf);
    h2i_search_list_read(&list, path);
    unlink(path);
    ck_assert_uint_gt(strlen(list.domains), 2000);
    ck_assert_str_eq(strrchr(list.domains, 'd') + 4, ".example ");
}
END_TEST

TEST(odd_lines_are_no_domains)
{
    expect_list("# search one.example\n;search two.example\nsearching three.example\n", "a", "a ");
    expect_list("search . one.example # two.example\n", "a", "a.one.example a ");
    expect_list("search one.example\noptions ndots: ndots:x ndots:-1\n", "a", "a.one.example a ");
    expect_list("search one.example\noptions ndots:99999999999999999999999\n", "a.b",
                "a.b a.b.one.example ");
    expect_list("search one.example\noptions ndots:99\n", "a.b", "a.b.one.example a.b ");
}
END_TEST

TEST_MAIN("search_domains", {T(short_name_is_asked_for_in_every_domain_and_then_as_it_is)},
          {T(name_with_dots_is_asked_for_as_it_is_first)},
          {T(how_many_dots_are_enough_is_for_ndots_to_say)},
          {T(without_domains_a_name_is_asked_for_as_it_is)}, {T(last_line_with_domains_counts)},
          {T(callers_own_servers_know_no_domains)},
          {T(search_ends_with_the_first_name_that_has_an_address)},
          {T(both_families_are_of_the_same_name)},
          {T(name_without_addresses_gives_way_to_the_next_one)},
          {T(search_goes_on_where_the_wanted_family_is_not_there)},
          {T(family_that_is_not_there_waits_for_the_other_one)},
          {T(failing_server_ends_the_search)}, {T(fault_names_the_host_that_was_looked_up)},
          {T(search_may_be_cancelled_between_two_names)},
          {T(names_that_would_be_too_long_are_passed_over)},
          {T(domains_beyond_the_lists_room_are_left_out_whole)}, {T(odd_lines_are_no_domains)})
