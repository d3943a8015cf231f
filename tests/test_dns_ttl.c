/* SPDX-License-Identifier: MIT */
/* How long the DNS cache keeps answers and failures, and how many. */
#include <stdio.h>
#include <string.h>

#include "tests/support/cache_rig.h"
#include "tests/support/test_main.h"

#define S INT64_C(1000000) /* in microseconds */

/* An answer that came now is from the cache one microsecond before the end of its life, and
 * asked for again at its end. */
static void expect_life(const struct h2i_dns_cache_limits *limits, int64_t ttl_s, int64_t life_s)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    h2t_cache_open_with(&rig, limits);
    h2t_script_ttl(&rig, "a.example", ttl_s);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert(!lookup.is_from_cache);
    h2t_lookup_rig_run_us(&rig, life_s * S - 1);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert(lookup.is_from_cache);
    ck_assert_str_eq(lookup.text, "192.0.2.1");
    ck_assert_uint_eq(h2t_n_asked(&rig), 1);
    h2t_lookup_rig_run_us(&rig, 1);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert(!lookup.is_from_cache);
    ck_assert_uint_eq(h2t_n_asked(&rig), 2);
    h2t_lookup_rig_finish(&rig);
}

/* ---- time ---- */

TEST(answer_lives_for_its_ttl_to_the_microsecond)
{
    expect_life(&h2t_cache_limits, 60, 60);
    expect_life(&h2t_cache_limits, 1, 1);
}
END_TEST

TEST(short_ttl_is_raised_to_the_least)
{
    const struct h2i_dns_cache_limits limits = {
        .min_ttl_s = 7, .max_ttl_s = 300, .negative_ttl_s = 5, .max_entries = 8};

    expect_life(&h2t_cache_limits, 0, 1);
    expect_life(&limits, 6, 7);
    expect_life(&limits, 8, 8);
}
END_TEST

TEST(long_ttl_is_lowered_to_the_most)
{
    const struct h2i_dns_cache_limits limits = {
        .min_ttl_s = 1, .max_ttl_s = H2CLIENT_NO_LIMIT, .negative_ttl_s = 5, .max_entries = 8};

    expect_life(&h2t_cache_limits, 301, 300);
    expect_life(&h2t_cache_limits, INT32_MAX, 300);
    expect_life(&limits, 86400, 86400);
}
END_TEST

TEST(absurd_ttls_do_not_overflow)
{
    const struct h2i_dns_cache_limits limits = {
        .min_ttl_s = 1, .max_ttl_s = H2CLIENT_NO_LIMIT, .negative_ttl_s = 5, .max_entries = 8};
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    h2t_cache_open_with(&rig, &limits);
    h2t_script_ttl(&rig, "a.example", INT64_MAX);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(&rig, 1000000 * S);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert(lookup.is_from_cache);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(answer_of_two_parts_lives_as_long_as_the_shorter_one)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {0};

    h2t_cache_open(&rig);
    h2t_script_two_parts(&rig, "a.example"); /* 20 s and 10 s */
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(&rig, 3000);
    h2t_lookup_rig_run_us(&rig, 10 * S - 1);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(h2t_n_asked(&rig), 1);
    h2t_lookup_rig_run_us(&rig, 1);
    memset(&lookup, 0, sizeof lookup);
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(&rig, 3000);
    ck_assert_uint_eq(h2t_n_asked(&rig), 2);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

static void expect_life_of_other_part(const struct h2t_script *script)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    h2t_cache_open(&rig);
    h2t_fake_resolver_script(rig.fake, script);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(&rig, 59 * S);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert(lookup.is_from_cache);
    ck_assert_str_eq(lookup.text, "2001:db8::1");
    h2t_lookup_rig_finish(&rig);
}

TEST(failed_part_does_not_shorten_the_life_of_the_other)
{
    const struct h2t_answer_part failed = {.fault = H2CLIENT_ERROR_DNS_NO_DATA};
    const struct h2t_answer_part other = {.addresses = {"2001:db8::1"}, .ttl_s = 60};

    expect_life_of_other_part(
        &(struct h2t_script){.host = "a.example", .n_parts = 2, .parts = {failed, other}});
    expect_life_of_other_part(
        &(struct h2t_script){.host = "a.example", .n_parts = 2, .parts = {other, failed}});
}
END_TEST

/* ---- failures ---- */

TEST(failure_is_remembered_for_the_negative_ttl)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    h2t_cache_open(&rig);
    h2t_script_fault(&rig, "a.example", H2CLIENT_ERROR_DNS_NOT_FOUND);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(&rig, 5 * S - 1);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert(lookup.is_from_cache);
    ck_assert_int_eq(lookup.fault.code, H2CLIENT_ERROR_DNS_NOT_FOUND);
    ck_assert_uint_eq(h2t_n_asked(&rig), 1);
    h2t_lookup_rig_run_us(&rig, 1);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(h2t_n_asked(&rig), 2);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(negative_ttl_of_zero_remembers_no_failure)
{
    const struct h2i_dns_cache_limits limits = {.min_ttl_s = 1, .max_ttl_s = 9, .max_entries = 8};
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    h2t_cache_open_with(&rig, &limits);
    h2t_script_fault(&rig, "a.example", H2CLIENT_ERROR_DNS_SERVER_FAILED);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(h2t_n_asked(&rig), 2);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

static void expect_not_remembered(h2client_error_code code)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    h2t_cache_open(&rig);
    h2t_script_fault(&rig, "a.example", code);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_int_eq(lookup.fault.code, code);
    h2t_script_ttl(&rig, "a.example", 60);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_str_eq(lookup.text, "192.0.2.1");
    h2t_lookup_rig_finish(&rig);
}

/* It says nothing about the name. */
TEST(want_of_memory_or_of_descriptors_is_not_remembered)
{
    expect_not_remembered(H2CLIENT_ERROR_NO_MEMORY);
    expect_not_remembered(H2CLIENT_ERROR_SYSTEM_FAILED);
}
END_TEST

TEST(the_last_reports_fault_says_why_from_the_cache_too)
{
    static const struct h2t_script script = {
        .host = "a.example",
        .n_parts = 2,
        .parts = {{.fault = H2CLIENT_ERROR_DNS_NO_DATA},
                  {.fault = H2CLIENT_ERROR_DNS_SERVER_FAILED, .dns_status = 3}}};
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    h2t_cache_open(&rig);
    h2t_fake_resolver_script(rig.fake, &script);
    for (int i = 0; i < 2; i++) {
        h2t_lookup_rig_ask(&rig, &lookup, "a.example");
        ck_assert_int_eq(lookup.fault.code, H2CLIENT_ERROR_DNS_SERVER_FAILED);
        ck_assert_int_eq(lookup.fault.dns_status, 3);
    }
    ck_assert_uint_eq(h2t_n_asked(&rig), 1);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

/* ---- how many ---- */

TEST(the_entry_used_longest_ago_goes_first)
{
    struct h2i_dns_cache_limits limits = h2t_cache_limits;
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    limits.max_entries = 2;
    h2t_cache_open_with(&rig, &limits);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    h2t_lookup_rig_ask(&rig, &lookup, "b.example");
    h2t_lookup_rig_ask(&rig, &lookup, "a.example"); /* used: b is the older one now */
    h2t_lookup_rig_ask(&rig, &lookup, "c.example");
    ck_assert_uint_eq(h2t_n_asked(&rig), 3);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert(lookup.is_from_cache);
    h2t_lookup_rig_ask(&rig, &lookup, "b.example");
    ck_assert(!lookup.is_from_cache);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(memory_is_bounded_by_the_entries)
{
    struct h2i_dns_cache_limits limits = h2t_cache_limits;
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;
    uint64_t n_live = 0;
    char host[32];

    limits.max_entries = 4;
    h2t_cache_open_with(&rig, &limits);
    for (int i = 0; i < 100; i++) {
        snprintf(host, sizeof host, "h%d.example", i);
        h2t_lookup_rig_ask(&rig, &lookup, host);
        if (i == 8)
            n_live = rig.alloc.n_live;
    }
    ck_assert_uint_eq(rig.alloc.n_live, n_live);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

/* With room for one entry the second answer evicts the first, whose look-up still waits
 * to be told. */
TEST(evicted_answer_is_still_told)
{
    struct h2i_dns_cache_limits limits = h2t_cache_limits;
    struct h2t_lookup_rig rig;
    struct h2t_lookup a = {0}, b = {0};

    limits.max_entries = 1;
    h2t_cache_open_with(&rig, &limits);
    h2t_lookup_rig_start(&rig, &a, "a.example");
    h2t_lookup_rig_start(&rig, &b, "b.example");
    h2t_lookup_rig_settle(&rig);
    ck_assert(a.is_done && b.is_done);
    ck_assert_uint_eq(a.n_addresses + b.n_addresses, 2);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST_MAIN("dns_ttl", {T(answer_lives_for_its_ttl_to_the_microsecond)},
          {T(short_ttl_is_raised_to_the_least)}, {T(long_ttl_is_lowered_to_the_most)},
          {T(absurd_ttls_do_not_overflow)},
          {T(answer_of_two_parts_lives_as_long_as_the_shorter_one)},
          {T(failed_part_does_not_shorten_the_life_of_the_other)},
          {T(failure_is_remembered_for_the_negative_ttl)},
          {T(negative_ttl_of_zero_remembers_no_failure)},
          {T(want_of_memory_or_of_descriptors_is_not_remembered)},
          {T(the_last_reports_fault_says_why_from_the_cache_too)},
          {T(the_entry_used_longest_ago_goes_first)}, {T(memory_is_bounded_by_the_entries)},
          {T(evicted_answer_is_still_told)})
