/* SPDX-License-Identifier: MIT */
/* The built-in resolver as a whole: the table, the cache and the name servers. */
#include "resolver/resolver_create.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "resolver/static_resolver.h"
#include "tests/support/ares_rig.h"
#include "tests/support/test_main.h"

static const struct h2i_static_entry entry = {"b.example", "192.0.2.9", 0};

static struct h2i_resolver_config config_for(const char *servers)
{
    return (struct h2i_resolver_config){
        .servers = servers,
        .entries = &entry,
        .n_entries = 1,
        .cache = {.min_ttl_s = 1, .max_ttl_s = 300, .negative_ttl_s = 5, .max_entries = 8}};
}

static void open_whole(struct h2t_ares_rig *rig)
{
    struct h2i_resolver_config config;
    h2client_fault fault;

    h2t_ares_init(rig, h2t_both);
    config = config_for(h2t_dns_server_name(rig->server));
    rig->resolver = h2i_resolver_create(&rig->reactor, &config, &fault);
    ck_assert_ptr_nonnull(rig->resolver);
    ck_assert_int_eq(fault.code, H2CLIENT_OK);
}

static void expect_refused(const struct h2i_resolver_config *config, const char *named)
{
    struct h2t_ares_rig rig;
    h2client_fault fault;

    h2t_ares_init(&rig, h2t_both);
    ck_assert_ptr_null(h2i_resolver_create(&rig.reactor, config, &fault));
    ck_assert_int_eq(fault.code, H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_msg(strstr(fault.text, named) != NULL, "\"%s\" does not name \"%s\"", fault.text,
                  named);
    h2t_ares_finish(&rig);
}

TEST(lookups_of_one_name_are_one_question_then_and_later)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup lookups[3] = {{0}};

    open_whole(&rig);
    h2t_ares_start(&rig, &lookups[0], "a.example");
    h2t_ares_ask(&rig, &lookups[1], "a.example");
    h2t_ares_ask(&rig, &lookups[2], "a.example");
    ck_assert_uint_eq(lookups[0].n_addresses + lookups[1].n_addresses, 6);
    ck_assert(!lookups[1].is_from_cache);
    ck_assert(lookups[2].is_from_cache);
    ck_assert_uint_eq(h2t_dns_server_n_asked(rig.server, H2T_DNS_A), 1);
    ck_assert_uint_eq(h2t_dns_server_n_asked(rig.server, H2T_DNS_AAAA), 1);
    h2t_ares_finish(&rig);
}
END_TEST

TEST(overrides_localhost_and_bad_names_ask_nobody)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup;

    open_whole(&rig);
    h2t_ares_ask(&rig, &lookup, "b.example");
    ck_assert_str_eq(lookup.text, "192.0.2.9");
    h2t_ares_ask(&rig, &lookup, "localhost");
    ck_assert_str_eq(lookup.text, "127.0.0.1,::1");
    h2t_ares_ask(&rig, &lookup, "a b");
    ck_assert_int_eq(lookup.fault.code, H2CLIENT_ERROR_DNS_BAD_NAME);
    ck_assert_uint_eq(h2t_dns_server_n_asked(rig.server, H2T_DNS_A), 0);
    h2t_ares_finish(&rig);
}
END_TEST

static void write_hosts(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

/* The cache keeps none of it. */
TEST(hosts_file_comes_before_the_name_servers_and_is_followed)
{
    char path[] = "/tmp/h2t-hosts-XXXXXX";
    struct h2i_resolver_config config;
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup;
    h2client_fault fault;

    close(mkstemp(path));
    h2t_ares_init(&rig, h2t_both);
    config = config_for(h2t_dns_server_name(rig.server));
    config.hosts_file = path;
    rig.resolver = h2i_resolver_create(&rig.reactor, &config, &fault);
    for (int i = 1; i <= 2; i++) {
        write_hosts(path, i == 1 ? "192.0.2.81 a.example" : "192.0.2.82 a.example");
        h2t_ares_ask(&rig, &lookup, "a.example");
        ck_assert_str_eq(lookup.text, i == 1 ? "192.0.2.81" : "192.0.2.82");
    }
    ck_assert_uint_eq(h2t_dns_server_n_asked(rig.server, H2T_DNS_A), 0);
    unlink(path);
    h2t_ares_finish(&rig);
}
END_TEST

TEST(flush_reaches_the_cache)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup;

    open_whole(&rig);
    h2t_ares_ask(&rig, &lookup, "a.example");
    rig.resolver->ops->flush(rig.resolver);
    h2t_ares_ask(&rig, &lookup, "a.example");
    ck_assert(!lookup.is_from_cache);
    ck_assert_uint_eq(h2t_dns_server_n_asked(rig.server, H2T_DNS_A), 2);
    h2t_ares_finish(&rig);
}
END_TEST

TEST(bad_server_or_override_is_named_and_nothing_is_left)
{
    static const struct h2i_static_entry bad = {"b.example", "c.example", 0};
    struct h2i_resolver_config config = config_for("ns.example");

    expect_refused(&config, "\"ns.example\"");
    config = config_for("192.0.2.1");
    config.entries = &bad;
    expect_refused(&config, "\"c.example\"");
}
END_TEST

static uint64_t run_without_memory(uint64_t fail_at)
{
    struct h2t_ares_rig rig;
    struct h2t_lookup lookup = {0};
    struct h2i_resolver_config config;
    h2client_fault fault;

    h2t_ares_init(&rig, h2t_both);
    config = config_for(h2t_dns_server_name(rig.server));
    uint64_t before = rig.alloc.n_calls;
    rig.alloc.fail_at = fail_at ? before + fail_at : 0;
    rig.resolver = h2i_resolver_create(&rig.reactor, &config, &fault);
    ck_assert_int_eq(fault.code, rig.resolver ? H2CLIENT_OK : H2CLIENT_ERROR_NO_MEMORY);
    if (rig.resolver)
        h2t_lookup_start(&lookup, rig.resolver, &rig.reactor, "a.example", 443);
    while (lookup.query)
        h2t_ares_turn(&rig);
    if (lookup.is_done && lookup.n_addresses == 0)
        ck_assert_int_eq(lookup.fault.code, H2CLIENT_ERROR_NO_MEMORY);
    uint64_t n_calls = rig.alloc.n_calls - before;
    h2t_ares_finish(&rig);
    return n_calls;
}

TEST(every_allocation_of_making_it_may_fail)
{
    struct h2t_ares_rig rig;
    uint64_t n;

    open_whole(&rig);
    n = rig.alloc.n_calls;
    h2t_ares_finish(&rig);
    ck_assert_uint_ge(n, 7);
    for (uint64_t i = 1; i <= n; i++)
        run_without_memory(i);
}
END_TEST

TEST_MAIN("resolver_create", {T(lookups_of_one_name_are_one_question_then_and_later)},
          {T(overrides_localhost_and_bad_names_ask_nobody)},
          {T(hosts_file_comes_before_the_name_servers_and_is_followed)},
          {T(flush_reaches_the_cache)}, {T(bad_server_or_override_is_named_and_nothing_is_left)},
          {T(every_allocation_of_making_it_may_fail)})
