/* SPDX-License-Identifier: MIT */
/* The system's name servers: how resolv.conf is read, and when it is read again. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/ares_rig.h"
#include "tests/support/test_main.h"

#define S INT64_C(1000000) /* in microseconds */

/* rig.server is on 127.0.0.1, rig.first on 127.0.0.2. */
#define ONE "nameserver 127.0.0.1\n"
#define TWO "nameserver 127.0.0.2\n"

/* A machine with a resolv.conf of its own. Its clock stands. */
struct machine {
    struct h2t_ares_rig rig;
    char path[32];
    time_t date_s; /* of resolv.conf */
};

static void write_conf_of_date(struct machine *machine, const char *text, time_t date_s)
{
    const struct timespec dates[2] = {{.tv_sec = date_s}, {.tv_sec = date_s}};
    int fd = open(machine->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    ck_assert_int_eq(futimens(fd, dates), 0);
    close(fd);
}

static void write_conf(struct machine *machine, const char *text)
{
    write_conf_of_date(machine, text, ++machine->date_s);
}

static void pass_us(struct machine *machine, int64_t us)
{
    machine->rig.clock.stands_at_us += us;
    h2i_reactor_refresh_clock(&machine->rig.reactor);
}

/* NULL: there is no resolv.conf. */
static void init_machine(struct machine *machine, const char *conf,
                         const struct h2t_dns_answer *one, const struct h2t_dns_answer *two)
{
    int fd;

    h2t_ares_init(&machine->rig, one);
    machine->rig.first = h2t_dns_server_create_beside(machine->rig.server, two);
    machine->rig.clock.stands_at_us = 1000 * S;
    h2i_reactor_refresh_clock(&machine->rig.reactor);
    snprintf(machine->path, sizeof machine->path, "/tmp/h2t-resolv-XXXXXX");
    fd = mkstemp(machine->path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    machine->date_s = 1000;
    if (conf)
        write_conf(machine, conf);
    else
        unlink(machine->path);
}

static void make_resolver(struct machine *machine, int timeout_ms)
{
    struct h2i_ares_config config = h2t_ares_config(NULL, timeout_ms);

    config.resolv_conf = machine->path;
    config.port = h2t_dns_server_port(machine->rig.server);
    h2t_ares_make_with(&machine->rig, &config);
}

/* Both answer. */
static void open_machine(struct machine *machine, const char *conf)
{
    init_machine(machine, conf, h2t_both, h2t_both);
    make_resolver(machine, H2T_LONG_MS);
}

static void close_machine(struct machine *machine)
{
    h2t_ares_finish(&machine->rig);
    unlink(machine->path);
}

static void expect_asked(const struct machine *machine, size_t n_one, size_t n_two)
{
    ck_assert_uint_eq(h2t_dns_server_n_asked(machine->rig.server, H2T_DNS_A), n_one);
    ck_assert_uint_eq(h2t_dns_server_n_asked(machine->rig.first, H2T_DNS_A), n_two);
}

static void ask(struct machine *machine)
{
    struct h2t_lookup lookup;

    h2t_ares_ask(&machine->rig, &lookup, "a.example");
    ck_assert_uint_eq(lookup.n_addresses, 3);
}

/* ---- what it says ---- */

TEST(name_servers_of_resolv_conf_are_asked)
{
    struct machine machine;

    open_machine(&machine, TWO ONE);
    ask(&machine);
    expect_asked(&machine, 0, 1);
    close_machine(&machine);
}
END_TEST

TEST(order_of_resolv_conf_holds_whatever_it_says_of_rotation)
{
    struct machine machine;

    open_machine(&machine, "options rotate\n" TWO ONE);
    for (int i = 0; i < 4; i++)
        ask(&machine);
    expect_asked(&machine, 0, 4);
    close_machine(&machine);
}
END_TEST

TEST(truncated_answer_is_asked_for_at_the_same_port)
{
    static const struct h2t_dns_answer truncated[] = {
        {.type = H2T_DNS_A, .is_truncated = true, .addresses = "192.0.2.1", .ttls = {60}},
        {.name = "a.example"},
        {.name = NULL}};
    struct machine machine;
    struct h2t_lookup lookup;

    init_machine(&machine, ONE, truncated, h2t_silence);
    make_resolver(&machine, H2T_LONG_MS);
    h2t_ares_ask(&machine.rig, &lookup, "a.example");
    ck_assert_str_eq(lookup.text, "192.0.2.1");
    ck_assert_uint_eq(h2t_dns_server_n_over_tcp(machine.rig.server), 1);
    close_machine(&machine);
}
END_TEST

TEST(dead_server_of_resolv_conf_is_asked_last_from_then_on)
{
    struct machine machine;

    init_machine(&machine, TWO ONE, h2t_both, h2t_silence);
    machine.rig.clock.stands_at_us = 0; /* the dead one's time has to pass */
    make_resolver(&machine, H2T_SHORT_MS);
    ask(&machine);
    ask(&machine);
    expect_asked(&machine, 2, 1);
    close_machine(&machine);
}
END_TEST

/* ---- when it changes ---- */

TEST(change_holds_for_lookups_a_second_later)
{
    struct machine machine;

    open_machine(&machine, ONE);
    ask(&machine);
    write_conf(&machine, TWO);
    pass_us(&machine, S - 1);
    ask(&machine);
    expect_asked(&machine, 2, 0);
    pass_us(&machine, 1);
    ask(&machine);
    expect_asked(&machine, 2, 1);
    write_conf(&machine, ONE);
    pass_us(&machine, S - 1);
    ask(&machine);
    expect_asked(&machine, 2, 2);
    close_machine(&machine);
}
END_TEST

TEST(every_change_is_seen)
{
    struct machine machine;

    open_machine(&machine, ONE);
    for (size_t i = 0; i < 6; i++) {
        expect_asked(&machine, (i + 1) / 2, i / 2);
        ask(&machine);
        write_conf(&machine, i % 2 ? ONE : TWO);
        pass_us(&machine, S);
    }
    close_machine(&machine);
}
END_TEST

TEST(changes_do_not_pile_up)
{
    struct machine machine;
    uint64_t n_live = 0;

    open_machine(&machine, ONE);
    for (int i = 0; i < 20; i++) {
        ask(&machine);
        write_conf(&machine, ONE);
        pass_us(&machine, S);
        if (i == 1)
            n_live = machine.rig.alloc.n_live;
    }
    ck_assert_uint_eq(machine.rig.alloc.n_live, n_live);
    close_machine(&machine);
}
END_TEST

TEST(resolv_conf_that_stays_costs_no_allocation)
{
    struct machine machine;
    uint64_t before;

    open_machine(&machine, ONE);
    ask(&machine);
    write_conf(&machine, ONE);
    pass_us(&machine, S);
    ask(&machine);
    pass_us(&machine, S);
    before = machine.rig.alloc.n_calls;
    ask(&machine);
    ck_assert_uint_eq(machine.rig.alloc.n_calls - before, 1); /* the look-up's own */
    close_machine(&machine);
}
END_TEST

TEST(server_found_dead_after_a_change_is_asked_last_too)
{
    struct machine machine;

    init_machine(&machine, ONE, h2t_both, h2t_silence);
    machine.rig.clock.stands_at_us = 0;
    make_resolver(&machine, H2T_SHORT_MS);
    ask(&machine);
    write_conf(&machine, TWO ONE);
    machine.rig.resolver->ops->flush(machine.rig.resolver);
    ask(&machine);
    ask(&machine);
    expect_asked(&machine, 3, 1);
    close_machine(&machine);
}
END_TEST

TEST(lookup_under_way_ends_with_the_servers_it_began_with)
{
    struct machine machine;
    struct h2t_lookup before = {0}, after = {0};

    open_machine(&machine, ONE);
    h2t_ares_start(&machine.rig, &before, "a.example");
    write_conf(&machine, TWO);
    pass_us(&machine, S);
    h2t_ares_start(&machine.rig, &after, "a.example");
    while (!before.is_done || !after.is_done)
        h2t_ares_turn(&machine.rig);
    ck_assert_uint_eq(before.n_addresses + after.n_addresses, 6);
    expect_asked(&machine, 1, 1);
    close_machine(&machine);
}
END_TEST

TEST(resolv_conf_that_comes_later_is_read)
{
    struct machine machine;

    open_machine(&machine, NULL);
    ask(&machine); /* of this machine's own server: resolv.conf(5) */
    expect_asked(&machine, 1, 0);
    write_conf(&machine, TWO);
    pass_us(&machine, S);
    ask(&machine);
    expect_asked(&machine, 1, 1);
    close_machine(&machine);
}
END_TEST

TEST(resolv_conf_that_goes_away_changes_nothing)
{
    struct machine machine;

    open_machine(&machine, TWO);
    ask(&machine);
    unlink(machine.path);
    pass_us(&machine, S);
    ask(&machine);
    expect_asked(&machine, 0, 2);
    close_machine(&machine);
}
END_TEST

TEST(flush_reads_resolv_conf_whatever_its_date)
{
    struct machine machine;

    open_machine(&machine, ONE);
    ask(&machine);
    write_conf_of_date(&machine, TWO, machine.date_s);
    machine.rig.resolver->ops->flush(machine.rig.resolver);
    ask(&machine);
    expect_asked(&machine, 1, 1);
    close_machine(&machine);
}
END_TEST

TEST(change_waits_for_memory_and_the_old_servers_serve)
{
    struct machine machine;

    open_machine(&machine, ONE);
    ask(&machine);
    write_conf(&machine, TWO);
    pass_us(&machine, S);
    machine.rig.alloc.fail_at = machine.rig.alloc.n_calls + 2; /* the look-up, the channel */
    ask(&machine);
    expect_asked(&machine, 2, 0);
    ask(&machine);
    expect_asked(&machine, 2, 1);
    close_machine(&machine);
}
END_TEST

TEST_MAIN("resolv_conf", {T(name_servers_of_resolv_conf_are_asked)},
          {T(order_of_resolv_conf_holds_whatever_it_says_of_rotation)},
          {T(truncated_answer_is_asked_for_at_the_same_port)},
          {T(dead_server_of_resolv_conf_is_asked_last_from_then_on)},
          {T(change_holds_for_lookups_a_second_later)}, {T(every_change_is_seen)},
          {T(changes_do_not_pile_up)}, {T(resolv_conf_that_stays_costs_no_allocation)},
          {T(server_found_dead_after_a_change_is_asked_last_too)},
          {T(lookup_under_way_ends_with_the_servers_it_began_with)},
          {T(resolv_conf_that_comes_later_is_read)},
          {T(resolv_conf_that_goes_away_changes_nothing)},
          {T(flush_reads_resolv_conf_whatever_its_date)},
          {T(change_waits_for_memory_and_the_old_servers_serve)})
