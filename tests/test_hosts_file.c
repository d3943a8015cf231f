/* SPDX-License-Identifier: MIT */
/* The hosts file: how it is read, and where it stands among the other answers. */
#include "resolver/hosts_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "resolver/conf_line.h"
#include "resolver/static_resolver.h"
#include "tests/support/lookup.h"
#include "tests/support/test_main.h"

struct machine {
    struct h2t_lookup_rig rig;
    char path[32];
};

static void write_hosts(const struct machine *machine, const char *text)
{
    FILE *file = fopen(machine->path, "we");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void open_machine(struct machine *machine, const char *hosts)
{
    static const struct h2i_static_entry entry = {"override.example", "192.0.2.99", 0};
    const struct h2i_static_config config = {
        .entries = &entry, .n_entries = 1, .hosts_file = machine->path};
    h2client_fault fault;
    int fd;

    h2t_lookup_rig_init(&machine->rig);
    snprintf(machine->path, sizeof machine->path, "/tmp/h2t-hosts-XXXXXX");
    fd = mkstemp(machine->path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    write_hosts(machine, hosts);
    machine->rig.resolver = h2i_static_resolver_create(
        &machine->rig.alloc.allocator, &config, h2t_fake_resolver_port(machine->rig.fake), &fault);
    ck_assert_ptr_nonnull(machine->rig.resolver);
}

static void close_machine(struct machine *machine)
{
    unlink(machine->path);
    h2t_lookup_rig_finish(&machine->rig);
}

static void expect(struct machine *machine, const char *host, const char *addresses)
{
    struct h2t_lookup lookup;
    size_t n = h2t_fake_resolver_n_queries(machine->rig.fake);

    h2t_lookup_rig_ask(&machine->rig, &lookup, host);
    ck_assert_str_eq(lookup.text, addresses);
    ck_assert_int_eq(lookup.ttl_s, 0);
    ck_assert_uint_eq(h2t_fake_resolver_n_queries(machine->rig.fake), n);
}

static void expect_asked(struct machine *machine, const char *host)
{
    struct h2t_lookup lookup;
    size_t n = h2t_fake_resolver_n_queries(machine->rig.fake);

    h2t_lookup_rig_ask(&machine->rig, &lookup, host);
    ck_assert_uint_eq(h2t_fake_resolver_n_queries(machine->rig.fake), n + 1);
}

/* ---- how it is read ---- */

TEST(name_of_the_hosts_file_is_asked_of_nobody)
{
    struct machine machine;

    open_machine(&machine, "192.0.2.1 a.example\n192.0.2.2 b.example\n");
    expect(&machine, "a.example", "192.0.2.1");
    expect(&machine, "b.example", "192.0.2.2");
    expect_asked(&machine, "c.example");
    expect_asked(&machine, "192.0.2.1");
    close_machine(&machine);
}
END_TEST

TEST(hosts_lines_have_aliases_tabs_comments_and_any_case)
{
    struct machine machine;

    open_machine(&machine, "# 192.0.2.9 commented\n"
                           "\t192.0.2.1\tLong.Example  short other # not-this\r\n"
                           "\n#\n   \n192.0.2.2 last#glued");
    expect(&machine, "long.example", "192.0.2.1");
    expect(&machine, "short", "192.0.2.1");
    expect(&machine, "other", "192.0.2.1");
    expect(&machine, "last", "192.0.2.2");
    expect_asked(&machine, "not-this");
    expect_asked(&machine, "commented");
    expect_asked(&machine, "glued");
    close_machine(&machine);
}
END_TEST

TEST(all_lines_of_a_name_count_in_their_order)
{
    struct machine machine;

    open_machine(&machine, "2001:db8::1 a.example\n192.0.2.9 b.example\n192.0.2.1 a.example\n"
                           "fe80::1%3 a.example\n");
    expect(&machine, "a.example", "2001:db8::1,192.0.2.1,fe80::1%3");
    close_machine(&machine);
}
END_TEST

TEST(lines_without_an_address_are_passed_over)
{
    struct machine machine;

    open_machine(&machine, "a.example 192.0.2.1\n192.0.2 a.example\n192.0.2.256 a.example\n"
                           "192.0.2.1:443 a.example\n192.0.2.7\n192.0.2.8 a.example\n");
    expect(&machine, "a.example", "192.0.2.8");
    close_machine(&machine);
}
END_TEST

TEST(line_without_end_hides_no_other)
{
    static char text[20000];
    struct machine machine;
    size_t len;

    len = (size_t)snprintf(text, sizeof text, "192.0.2.9 early.example ");
    memset(text + len, 'x', 10000);
    len += 10000;
    snprintf(text + len, sizeof text - len, " a.example\n192.0.2.1 a.example\n");
    open_machine(&machine, text);
    expect(&machine, "a.example", "192.0.2.1");
    expect(&machine, "early.example", "192.0.2.9");
    close_machine(&machine);
}
END_TEST

/* A word that is cut is another word. */
TEST(name_at_the_end_of_what_is_read_is_left_out)
{
    char text[2 * H2I_CONF_LINE_MAX];
    struct machine machine;

    snprintf(text, sizeof text, "%-*s%s", H2I_CONF_LINE_MAX - 14, "192.0.2.9",
             "one.example.evil.example\n");
    open_machine(&machine, text); /* 13 bytes of it are read */
    expect_asked(&machine, "one.example.e");
    close_machine(&machine);
}
END_TEST

TEST(sixty_four_addresses_of_a_name_are_used)
{
    char text[100 * 32] = "";
    struct h2t_lookup lookup;
    struct machine machine;

    for (int i = 0; i < 100; i++)
        snprintf(text + strlen(text), 32, "192.0.2.%d a.example\n", i);
    open_machine(&machine, text);
    h2t_lookup_rig_ask(&machine.rig, &lookup, "a.example");
    ck_assert_uint_eq(lookup.n_addresses, H2CLIENT_MAX_ADDRESSES);
    close_machine(&machine);
}
END_TEST

/* ---- when it changes ---- */

TEST(change_of_the_hosts_file_holds_for_the_next_lookup)
{
    struct machine machine;

    open_machine(&machine, "192.0.2.1 a.example\n");
    expect(&machine, "a.example", "192.0.2.1");
    write_hosts(&machine, "192.0.2.2 a.example\n");
    expect(&machine, "a.example", "192.0.2.2");
    write_hosts(&machine, "");
    expect_asked(&machine, "a.example");
    close_machine(&machine);
}
END_TEST

TEST(hosts_file_may_come_and_go)
{
    struct machine machine;

    open_machine(&machine, "");
    unlink(machine.path);
    expect_asked(&machine, "a.example");
    write_hosts(&machine, "192.0.2.1 a.example\n");
    expect(&machine, "a.example", "192.0.2.1");
    unlink(machine.path);
    expect_asked(&machine, "a.example");
    close_machine(&machine);
}
END_TEST

/* ---- among the others ---- */

TEST(overrides_and_localhost_come_before_the_hosts_file)
{
    struct machine machine;

    open_machine(&machine, "192.0.2.1 override.example localhost www.localhost\n");
    expect(&machine, "override.example", "192.0.2.99");
    expect(&machine, "localhost", "127.0.0.1,::1");
    expect(&machine, "www.localhost", "127.0.0.1,::1");
    close_machine(&machine);
}
END_TEST

TEST(lookup_of_a_hosts_name_may_be_cancelled)
{
    struct h2t_lookup lookup = {0};
    struct machine machine;

    open_machine(&machine, "192.0.2.1 a.example\n");
    h2t_lookup_rig_start(&machine.rig, &lookup, "a.example");
    h2t_lookup_cancel(&lookup);
    h2t_lookup_rig_settle(&machine.rig);
    ck_assert_uint_eq(lookup.n_reports, 0);
    close_machine(&machine);
}
END_TEST

/* What the file says may be what keeps a name from being asked. */
TEST(without_descriptors_nobody_is_asked_instead_of_the_hosts_file)
{
    struct rlimit before, none;
    struct h2t_lookup lookup;
    struct machine machine;

    open_machine(&machine, "192.0.2.1 a.example\n");
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 3;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    h2t_lookup_rig_ask(&machine.rig, &lookup, "a.example");
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert_int_eq(lookup.fault.code, H2CLIENT_ERROR_NO_DESCRIPTORS);
    ck_assert_ptr_nonnull(strstr(lookup.fault.text, machine.path));
    ck_assert_uint_eq(h2t_fake_resolver_n_queries(machine.rig.fake), 0);
    close_machine(&machine);
}
END_TEST

TEST(without_memory_a_hosts_name_says_so)
{
    struct h2t_lookup lookup;
    struct machine machine;

    open_machine(&machine, "192.0.2.1 a.example\n");
    machine.rig.alloc.fail_at = machine.rig.alloc.n_calls + 2; /* the look-up, its list */
    h2t_lookup_rig_ask(&machine.rig, &lookup, "a.example");
    ck_assert_int_eq(lookup.fault.code, H2CLIENT_ERROR_NO_MEMORY);
    ck_assert_uint_eq(h2t_fake_resolver_n_queries(machine.rig.fake), 0);
    close_machine(&machine);
}
END_TEST

TEST_MAIN("hosts_file", {T(name_of_the_hosts_file_is_asked_of_nobody)},
          {T(hosts_lines_have_aliases_tabs_comments_and_any_case)},
          {T(all_lines_of_a_name_count_in_their_order)},
          {T(lines_without_an_address_are_passed_over)}, {T(line_without_end_hides_no_other)},
          {T(name_at_the_end_of_what_is_read_is_left_out)},
          {T(sixty_four_addresses_of_a_name_are_used)},
          {T(change_of_the_hosts_file_holds_for_the_next_lookup)}, {T(hosts_file_may_come_and_go)},
          {T(overrides_and_localhost_come_before_the_hosts_file)},
          {T(lookup_of_a_hosts_name_may_be_cancelled)},
          {T(without_descriptors_nobody_is_asked_instead_of_the_hosts_file)},
          {T(without_memory_a_hosts_name_says_so)})
