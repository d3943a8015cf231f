/* SPDX-License-Identifier: MIT */
/* What is known without asking, and what is handed on. */
#include "resolver/static_resolver.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/lookup.h"
#include "tests/support/test_main.h"

static void open_configured(struct h2t_lookup_rig *rig, const struct h2i_static_config *config)
{
    h2client_fault fault;

    h2t_lookup_rig_init(rig);
    rig->resolver = h2i_static_resolver_create(&rig->alloc.allocator, config,
                                               h2t_fake_resolver_port(rig->fake), &fault);
    ck_assert_ptr_nonnull(rig->resolver);
    ck_assert_int_eq(fault.code, H2CLIENT_OK);
}

static void open_with(struct h2t_lookup_rig *rig, const struct h2i_static_entry *entries, size_t n)
{
    open_configured(rig, &(struct h2i_static_config){.entries = entries, .n_entries = n});
}

static void expect_bad_name(const char *host, const char *reason)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    open_with(&rig, NULL, 0);
    h2t_lookup_rig_ask(&rig, &lookup, host);
    ck_assert_uint_eq(lookup.n_addresses, 0);
    ck_assert_int_eq(lookup.fault.code, H2CLIENT_ERROR_DNS_BAD_NAME);
    ck_assert_msg(strstr(lookup.fault.text, reason) != NULL, "\"%s\" does not say \"%s\"",
                  lookup.fault.text, reason);
    ck_assert_uint_eq(h2t_fake_resolver_n_queries(rig.fake), 0);
    h2t_lookup_rig_finish(&rig);
}

static void expect_refused(const struct h2i_static_entry *entry, const char *reason)
{
    const struct h2i_static_config config = {.entries = entry, .n_entries = 1};
    struct h2t_lookup_rig rig;
    h2client_fault fault;

    h2t_lookup_rig_init(&rig);
    ck_assert_ptr_null(h2i_static_resolver_create(&rig.alloc.allocator, &config, NULL, &fault));
    ck_assert_int_eq(fault.code, H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_msg(strstr(fault.text, reason) != NULL, "\"%s\" does not say \"%s\"", fault.text,
                  reason);
    h2t_lookup_rig_finish(&rig);
}

/* n pieces, and `last`. */
static char *repeat(char *text, size_t n, const char *piece, const char *last)
{
    size_t len = strlen(piece);

    for (size_t i = 0; i < n * len; i++)
        text[i] = piece[i % len];
    memcpy(text + n * len, last, strlen(last) + 1);
    return text;
}

/* ---- the table ---- */

TEST(override_answers_with_its_addresses_in_order)
{
    const struct h2i_static_entry entry = {"a.example", " 192.0.2.7, 2001:db8::7,[2001:db8::8]", 0};
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    open_with(&rig, &entry, 1);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_str_eq(lookup.text, "192.0.2.7,2001:db8::7,2001:db8::8");
    ck_assert_uint_eq(lookup.n_reports, 1);
    ck_assert(lookup.is_from_cache);
    ck_assert_uint_eq(h2t_fake_resolver_n_queries(rig.fake), 0);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(override_of_a_port_is_for_that_port_only)
{
    const struct h2i_static_entry entries[] = {{"a.example", "192.0.2.1", 8443},
                                               {"a.example", "192.0.2.2", 443}};
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {0}, other = {0};

    open_with(&rig, entries, 2);
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_start(&other, rig.resolver, &rig.reactor, "a.example", 80);
    h2t_lookup_rig_settle(&rig);
    ck_assert_str_eq(lookup.text, "192.0.2.2");
    ck_assert_str_eq(other.text, "127.0.0.1"); /* the next resolver's */
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(override_matches_any_case_and_a_trailing_dot)
{
    const struct h2i_static_entry entry = {"A.eXample.", "192.0.2.7", 0};
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    open_with(&rig, &entry, 1);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_str_eq(lookup.text, "192.0.2.7");
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(override_comes_before_what_localhost_and_bad_names_mean)
{
    const struct h2i_static_entry entries[] = {{"localhost", "192.0.2.1", 0},
                                               {"so it is", "192.0.2.2", 0}};
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    open_with(&rig, entries, 2);
    h2t_lookup_rig_ask(&rig, &lookup, "localhost");
    ck_assert_str_eq(lookup.text, "192.0.2.1");
    h2t_lookup_rig_ask(&rig, &lookup, "so it is");
    ck_assert_str_eq(lookup.text, "192.0.2.2");
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(override_that_is_no_address_is_refused_by_name)
{
    expect_refused(&(struct h2i_static_entry){"a.example", "192.0.2.1,b.example", 0},
                   "override for a.example: \"b.example\" is not an address");
    expect_refused(&(struct h2i_static_entry){"a.example", "192.0.2.1,,192.0.2.2", 0},
                   "\"\" is not an address");
    expect_refused(&(struct h2i_static_entry){"a.example", "", 0}, "no address");
    expect_refused(&(struct h2i_static_entry){"a.example", NULL, 0}, "no address");
}
END_TEST

TEST(override_takes_sixty_four_addresses_and_no_more)
{
    char text[65 * sizeof "192.0.2.1,"];
    struct h2i_static_entry entry = {"a.example", repeat(text, 63, "192.0.2.1,", "192.0.2.1"), 0};
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    open_with(&rig, &entry, 1);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(lookup.n_addresses, 64);
    h2t_lookup_rig_finish(&rig);
    repeat(text, 64, "192.0.2.1,", "192.0.2.1");
    expect_refused(&entry, "more than 64 addresses");
}
END_TEST

/* ---- localhost and bad names ---- */

TEST(localhost_and_below_is_loopback_of_both_families_unasked)
{
    static const char *const hosts[] = {"localhost", "a.localhost", "a.b.localhost"};
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    open_with(&rig, NULL, 0);
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        h2t_lookup_rig_ask(&rig, &lookup, hosts[i]);
        ck_assert_str_eq(lookup.text, "127.0.0.1,::1");
    }
    ck_assert_uint_eq(h2t_fake_resolver_n_queries(rig.fake), 0);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(localhost_inside_a_name_is_asked_for)
{
    static const char *const hosts[] = {"localhost.example", "notlocalhost", "a.notlocalhost"};
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    open_with(&rig, NULL, 0);
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++)
        h2t_lookup_rig_ask(&rig, &lookup, hosts[i]);
    ck_assert_uint_eq(h2t_fake_resolver_n_queries(rig.fake), 3);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(bad_names_are_told_without_asking)
{
    expect_bad_name("", "is empty");
    expect_bad_name("a..b", "is not a host name");
    expect_bad_name(".a", "is not a host name");
    expect_bad_name("a.", "has an empty label");
    expect_bad_name("-a.example", "is not a host name");
    expect_bad_name("a-.example", "is not a host name");
    expect_bad_name("a b", "is not a host name");
    expect_bad_name("a*b", "is not a host name");
    expect_bad_name("-a.localhost", "is not a host name");
}
END_TEST

TEST(bad_name_beyond_ascii_is_quoted_harmlessly)
{
    expect_bad_name("b\xc3\xbc"
                    "cher.example",
                    "\"b\\xc3\\xbc"
                    "cher.example\" is not ASCII");
    expect_bad_name("a\nb", "\"a\\x0ab\"");
}
END_TEST

TEST(names_have_at_most_253_bytes_in_labels_of_63)
{
    char name[400], label[65];
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    open_with(&rig, NULL, 0);
    h2t_lookup_rig_ask(&rig, &lookup, repeat(label, 63, "x", ""));
    ck_assert_uint_eq(lookup.n_addresses, 1);
    h2t_lookup_rig_ask(&rig, &lookup, repeat(name, 25, "abcdefghi.", "com"));
    ck_assert_uint_eq(lookup.n_addresses, 1);
    h2t_lookup_rig_finish(&rig);
    expect_bad_name(repeat(label, 64, "x", ""), "is not a host name");
    expect_bad_name(repeat(name, 25, "abcdefghi.", "info"), "is longer than 253 bytes");
}
END_TEST

/* ---- handing on ---- */

TEST(other_names_go_to_the_next_resolver_with_their_port)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {0};

    open_with(&rig, NULL, 0);
    h2t_lookup_start(&lookup, rig.resolver, &rig.reactor, "_b.example", 8443);
    h2t_lookup_rig_settle(&rig);
    ck_assert_str_eq(lookup.text, "127.0.0.1");
    ck_assert_str_eq(h2t_fake_resolver_last_host(rig.fake), "_b.example");
    ck_assert_uint_eq(h2t_fake_resolver_last_port(rig.fake), 8443);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(every_part_of_the_next_ones_answer_comes_through)
{
    static const struct h2t_script script = {
        .host = "a.example",
        .n_parts = 2,
        .parts = {{.addresses = {"192.0.2.1"}, .ttl_s = 9},
                  {.delay_ms = 5, .ttl_s = 7, .fault = H2CLIENT_ERROR_DNS_NO_DATA}}};
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {0};

    open_with(&rig, NULL, 0);
    h2t_fake_resolver_script(rig.fake, &script);
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_rig_settle(&rig);
    ck_assert_uint_eq(lookup.n_reports, 1);
    ck_assert_int_eq(lookup.ttl_s, 9);
    h2t_lookup_rig_run_us(&rig, 5000);
    ck_assert(lookup.is_done);
    ck_assert_int_eq(lookup.fault.code, H2CLIENT_ERROR_DNS_NO_DATA);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(without_a_next_resolver_other_names_are_not_found)
{
    const struct h2i_static_config nothing = {.n_entries = 0};
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;
    h2client_fault fault;

    h2t_lookup_rig_init(&rig);
    rig.resolver = h2i_static_resolver_create(&rig.alloc.allocator, &nothing, NULL, &fault);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_int_eq(lookup.fault.code, H2CLIENT_ERROR_DNS_NOT_FOUND);
    rig.resolver->ops->flush(rig.resolver);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(flush_goes_to_the_next_resolver)
{
    struct h2t_lookup_rig rig;

    open_with(&rig, NULL, 0);
    rig.resolver->ops->flush(rig.resolver);
    ck_assert_uint_eq(h2t_fake_resolver_n_flushes(rig.fake), 1);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

/* ---- taking back ---- */

TEST(cancelled_answer_never_comes)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup known = {0}, asked = {0};

    open_with(&rig, NULL, 0);
    h2t_lookup_rig_start(&rig, &known, "localhost");
    h2t_lookup_rig_start(&rig, &asked, "a.example");
    h2t_lookup_cancel(&known);
    h2t_lookup_cancel(&asked);
    h2t_lookup_rig_settle(&rig);
    ck_assert_uint_eq(known.n_reports + asked.n_reports, 0);
    ck_assert_uint_eq(h2t_fake_resolver_n_cancels(rig.fake), 1);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

static void cancel_self(struct h2t_lookup *lookup, const h2client_addresses *addresses)
{
    (void)addresses;
    h2t_lookup_cancel(lookup);
}

TEST(cancel_between_two_parts_inside_the_report)
{
    static const struct h2t_script script = {
        .host = "a.example",
        .n_parts = 2,
        .parts = {{.addresses = {"192.0.2.1"}}, {.addresses = {"192.0.2.2"}}}};
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {.on_report = cancel_self};

    open_with(&rig, NULL, 0);
    h2t_fake_resolver_script(rig.fake, &script);
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_rig_settle(&rig);
    ck_assert_uint_eq(lookup.n_reports, 1);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

/* ---- without memory ---- */

TEST(lookup_that_cannot_be_passed_on_is_none)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {0};

    open_with(&rig, NULL, 0);
    h2t_fake_resolver_run_dry(rig.fake);
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    ck_assert_ptr_null(lookup.query);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

static uint64_t run_without_memory(uint64_t fail_at)
{
    const struct h2i_static_entry entries[] = {{"a.example", "192.0.2.1", 0},
                                               {"b.example", "192.0.2.2", 0}};
    const struct h2i_static_config config = {.entries = entries, .n_entries = 2};
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {0};
    h2client_fault fault;

    h2t_lookup_rig_init(&rig);
    rig.alloc.fail_at = fail_at;
    rig.resolver = h2i_static_resolver_create(&rig.alloc.allocator, &config,
                                              h2t_fake_resolver_port(rig.fake), &fault);
    ck_assert_int_eq(fault.code, rig.resolver ? H2CLIENT_OK : H2CLIENT_ERROR_NO_MEMORY);
    if (rig.resolver)
        h2t_lookup_rig_start(&rig, &lookup, "c.example");
    h2t_lookup_rig_settle(&rig);
    ck_assert_int_eq(lookup.n_reports == 1, fail_at == 0 || fail_at > rig.alloc.n_calls);
    uint64_t n_calls = rig.alloc.n_calls;
    h2t_lookup_rig_finish(&rig);
    return n_calls;
}

TEST(every_allocation_may_fail)
{
    uint64_t n = run_without_memory(0);

    ck_assert_uint_ge(n, 6);
    for (uint64_t i = 1; i <= n; i++)
        run_without_memory(i);
}
END_TEST

TEST_MAIN("static_resolver", {T(override_answers_with_its_addresses_in_order)},
          {T(override_of_a_port_is_for_that_port_only)},
          {T(override_matches_any_case_and_a_trailing_dot)},
          {T(override_comes_before_what_localhost_and_bad_names_mean)},
          {T(override_that_is_no_address_is_refused_by_name)},
          {T(override_takes_sixty_four_addresses_and_no_more)},
          {T(localhost_and_below_is_loopback_of_both_families_unasked)},
          {T(localhost_inside_a_name_is_asked_for)}, {T(bad_names_are_told_without_asking)},
          {T(bad_name_beyond_ascii_is_quoted_harmlessly)},
          {T(names_have_at_most_253_bytes_in_labels_of_63)},
          {T(other_names_go_to_the_next_resolver_with_their_port)},
          {T(every_part_of_the_next_ones_answer_comes_through)},
          {T(without_a_next_resolver_other_names_are_not_found)},
          {T(flush_goes_to_the_next_resolver)}, {T(cancelled_answer_never_comes)},
          {T(cancel_between_two_parts_inside_the_report)},
          {T(lookup_that_cannot_be_passed_on_is_none)}, {T(every_allocation_may_fail)})
