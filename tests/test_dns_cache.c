/* SPDX-License-Identifier: MIT */
/* The cache in front of a scripted resolver, over virtual time. */
#include "resolver/dns_cache.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/lookup.h"
#include "tests/support/test_main.h"

#define S INT64_C(1000000) /* in microseconds */

static const struct h2i_dns_cache_limits usual_limits = {
    .min_ttl_s = 1, .max_ttl_s = 300, .negative_ttl_s = 5, .max_entries = 1024};

static void open_with(struct h2t_lookup_rig *rig, const struct h2i_dns_cache_limits *limits)
{
    h2t_lookup_rig_init(rig);
    rig->resolver = h2i_dns_cache_create(&rig->reactor, h2t_fake_resolver_port(rig->fake), limits);
    ck_assert_ptr_nonnull(rig->resolver);
}

static void open(struct h2t_lookup_rig *rig)
{
    open_with(rig, &usual_limits);
}

/* One part, at once: an address with this TTL. */
static void script_ttl(struct h2t_lookup_rig *rig, const char *host, int64_t ttl_s)
{
    h2t_fake_resolver_script(
        rig->fake, &(struct h2t_script){.host = host,
                                        .n_parts = 1,
                                        .parts = {{.addresses = {"192.0.2.1"}, .ttl_s = ttl_s}}});
}

static void script_fault(struct h2t_lookup_rig *rig, const char *host, h2client_error_code code)
{
    h2t_fake_resolver_script(
        rig->fake, &(struct h2t_script){.host = host, .n_parts = 1, .parts = {{.fault = code}}});
}

/* A after 1 ms, AAAA after 2 ms more. */
static void script_two_parts(struct h2t_lookup_rig *rig, const char *host)
{
    static const struct h2t_script script = {
        .n_parts = 2,
        .parts = {{.delay_ms = 1, .addresses = {"192.0.2.1", "192.0.2.2"}, .ttl_s = 20},
                  {.delay_ms = 2, .addresses = {"2001:db8::1"}, .ttl_s = 10}}};
    struct h2t_script own = script;

    own.host = host;
    h2t_fake_resolver_script(rig->fake, &own);
}

static void script_silence(struct h2t_lookup_rig *rig, const char *host)
{
    h2t_fake_resolver_script(rig->fake, &(struct h2t_script){.host = host});
}

static size_t n_asked(const struct h2t_lookup_rig *rig)
{
    return h2t_fake_resolver_n_queries(rig->fake);
}

/* An answer that came now is from the cache one microsecond before the end of its life, and
 * asked for again at its end. */
static void expect_life(const struct h2i_dns_cache_limits *limits, int64_t ttl_s, int64_t life_s)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    open_with(&rig, limits);
    script_ttl(&rig, "a.example", ttl_s);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert(!lookup.is_from_cache);
    h2t_lookup_rig_run_us(&rig, life_s * S - 1);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert(lookup.is_from_cache);
    ck_assert_str_eq(lookup.text, "192.0.2.1");
    ck_assert_uint_eq(n_asked(&rig), 1);
    h2t_lookup_rig_run_us(&rig, 1);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert(!lookup.is_from_cache);
    ck_assert_uint_eq(n_asked(&rig), 2);
    h2t_lookup_rig_finish(&rig);
}

/* ---- merging ---- */

TEST(thousand_lookups_at_once_are_one_question)
{
    static struct h2t_lookup lookups[1000];
    struct h2t_lookup_rig rig;

    memset(lookups, 0, sizeof lookups);
    open(&rig);
    script_two_parts(&rig, "a.example");
    for (size_t i = 0; i < 1000; i++)
        h2t_lookup_rig_start(&rig, &lookups[i], "a.example");
    h2t_lookup_rig_run_us(&rig, 3000);
    for (size_t i = 0; i < 1000; i++) {
        ck_assert(lookups[i].is_done);
        ck_assert(!lookups[i].is_from_cache);
        ck_assert_str_eq(lookups[i].text, "192.0.2.1,192.0.2.2,2001:db8::1");
    }
    ck_assert_uint_eq(n_asked(&rig), 1);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(each_part_is_told_when_it_comes)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {0};

    open(&rig);
    script_two_parts(&rig, "a.example");
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(&rig, 1000);
    ck_assert_str_eq(lookup.text, "192.0.2.1,192.0.2.2");
    ck_assert(!lookup.is_done);
    h2t_lookup_rig_run_us(&rig, 2000);
    ck_assert_str_eq(lookup.text, "192.0.2.1,192.0.2.2,2001:db8::1");
    ck_assert(lookup.is_done);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(who_joins_between_two_parts_is_told_both)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup first = {0}, late = {0};

    open(&rig);
    script_two_parts(&rig, "a.example");
    h2t_lookup_rig_start(&rig, &first, "a.example");
    h2t_lookup_rig_run_us(&rig, 1000);
    h2t_lookup_rig_start(&rig, &late, "a.example");
    h2t_lookup_rig_settle(&rig);
    ck_assert_str_eq(late.text, "192.0.2.1,192.0.2.2");
    h2t_lookup_rig_run_us(&rig, 2000);
    ck_assert_str_eq(late.text, first.text);
    ck_assert(late.is_done);
    ck_assert_uint_eq(n_asked(&rig), 1);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(names_are_apart)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    open(&rig);
    script_ttl(&rig, "a.example", 60);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    h2t_lookup_rig_ask(&rig, &lookup, "b.example");
    ck_assert_str_eq(lookup.text, "127.0.0.1");
    h2t_lookup_rig_ask(&rig, &lookup, "a.exampl");
    ck_assert_uint_eq(n_asked(&rig), 3);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(cached_answer_comes_in_the_same_parts)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {0};

    open(&rig);
    script_two_parts(&rig, "a.example");
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(&rig, 3000);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(lookup.n_reports, 2);
    ck_assert_str_eq(lookup.text, "192.0.2.1,192.0.2.2,2001:db8::1");
    ck_assert_uint_eq(n_asked(&rig), 1);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(no_name_has_more_than_sixty_four_addresses)
{
    struct h2t_script script = {.host = "a.example", .n_parts = H2T_MAX_ANSWER_PARTS};
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    for (size_t i = 0; i < H2T_MAX_ANSWER_PARTS * H2T_MAX_PART_ADDRESSES; i++)
        script.parts[i / H2T_MAX_PART_ADDRESSES].addresses[i % H2T_MAX_PART_ADDRESSES] =
            "192.0.2.1";
    open(&rig);
    h2t_fake_resolver_script(rig.fake, &script);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(lookup.n_addresses, H2CLIENT_MAX_ADDRESSES);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

/* ---- time ---- */

TEST(answer_lives_for_its_ttl_to_the_microsecond)
{
    expect_life(&usual_limits, 60, 60);
    expect_life(&usual_limits, 1, 1);
}
END_TEST

TEST(short_ttl_is_raised_to_the_least)
{
    const struct h2i_dns_cache_limits limits = {
        .min_ttl_s = 7, .max_ttl_s = 300, .negative_ttl_s = 5, .max_entries = 8};

    expect_life(&usual_limits, 0, 1);
    expect_life(&limits, 6, 7);
    expect_life(&limits, 8, 8);
}
END_TEST

TEST(long_ttl_is_lowered_to_the_most)
{
    const struct h2i_dns_cache_limits limits = {
        .min_ttl_s = 1, .max_ttl_s = H2CLIENT_NO_LIMIT, .negative_ttl_s = 5, .max_entries = 8};

    expect_life(&usual_limits, 301, 300);
    expect_life(&usual_limits, INT32_MAX, 300);
    expect_life(&limits, 86400, 86400);
}
END_TEST

TEST(absurd_ttls_do_not_overflow)
{
    const struct h2i_dns_cache_limits limits = {
        .min_ttl_s = 1, .max_ttl_s = H2CLIENT_NO_LIMIT, .negative_ttl_s = 5, .max_entries = 8};
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    open_with(&rig, &limits);
    script_ttl(&rig, "a.example", INT64_MAX);
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

    open(&rig);
    script_two_parts(&rig, "a.example"); /* 20 s and 10 s */
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(&rig, 3000);
    h2t_lookup_rig_run_us(&rig, 10 * S - 1);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(n_asked(&rig), 1);
    h2t_lookup_rig_run_us(&rig, 1);
    memset(&lookup, 0, sizeof lookup);
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(&rig, 3000);
    ck_assert_uint_eq(n_asked(&rig), 2);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(failed_part_does_not_shorten_the_life_of_the_other)
{
    static const struct h2t_script script = {
        .host = "a.example",
        .n_parts = 2,
        .parts = {{.fault = H2CLIENT_ERROR_DNS_NO_DATA},
                  {.addresses = {"2001:db8::1"}, .ttl_s = 60}}};
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    open(&rig);
    h2t_fake_resolver_script(rig.fake, &script);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(&rig, 59 * S);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert(lookup.is_from_cache);
    ck_assert_str_eq(lookup.text, "2001:db8::1");
    h2t_lookup_rig_finish(&rig);
}
END_TEST

/* ---- failures ---- */

TEST(failure_is_remembered_for_the_negative_ttl)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    open(&rig);
    script_fault(&rig, "a.example", H2CLIENT_ERROR_DNS_NOT_FOUND);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(&rig, 5 * S - 1);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert(lookup.is_from_cache);
    ck_assert_int_eq(lookup.fault.code, H2CLIENT_ERROR_DNS_NOT_FOUND);
    ck_assert_uint_eq(n_asked(&rig), 1);
    h2t_lookup_rig_run_us(&rig, 1);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(n_asked(&rig), 2);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(negative_ttl_of_zero_remembers_no_failure)
{
    const struct h2i_dns_cache_limits limits = {.min_ttl_s = 1, .max_ttl_s = 9, .max_entries = 8};
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    open_with(&rig, &limits);
    script_fault(&rig, "a.example", H2CLIENT_ERROR_DNS_SERVER_FAILED);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(n_asked(&rig), 2);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

/* It says nothing about the name. */
TEST(want_of_memory_is_not_remembered)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    open(&rig);
    script_fault(&rig, "a.example", H2CLIENT_ERROR_NO_MEMORY);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_int_eq(lookup.fault.code, H2CLIENT_ERROR_NO_MEMORY);
    script_ttl(&rig, "a.example", 60);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_str_eq(lookup.text, "192.0.2.1");
    h2t_lookup_rig_finish(&rig);
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

    open(&rig);
    h2t_fake_resolver_script(rig.fake, &script);
    for (int i = 0; i < 2; i++) {
        h2t_lookup_rig_ask(&rig, &lookup, "a.example");
        ck_assert_int_eq(lookup.fault.code, H2CLIENT_ERROR_DNS_SERVER_FAILED);
        ck_assert_int_eq(lookup.fault.dns_status, 3);
    }
    ck_assert_uint_eq(n_asked(&rig), 1);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

/* ---- how many ---- */

TEST(the_entry_used_longest_ago_goes_first)
{
    struct h2i_dns_cache_limits limits = usual_limits;
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    limits.max_entries = 2;
    open_with(&rig, &limits);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    h2t_lookup_rig_ask(&rig, &lookup, "b.example");
    h2t_lookup_rig_ask(&rig, &lookup, "a.example"); /* used: b is the older one now */
    h2t_lookup_rig_ask(&rig, &lookup, "c.example");
    ck_assert_uint_eq(n_asked(&rig), 3);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert(lookup.is_from_cache);
    h2t_lookup_rig_ask(&rig, &lookup, "b.example");
    ck_assert(!lookup.is_from_cache);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(memory_is_bounded_by_the_entries)
{
    struct h2i_dns_cache_limits limits = usual_limits;
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;
    uint64_t n_live = 0;
    char host[32];

    limits.max_entries = 4;
    open_with(&rig, &limits);
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
    struct h2i_dns_cache_limits limits = usual_limits;
    struct h2t_lookup_rig rig;
    struct h2t_lookup a = {0}, b = {0};

    limits.max_entries = 1;
    open_with(&rig, &limits);
    h2t_lookup_rig_start(&rig, &a, "a.example");
    h2t_lookup_rig_start(&rig, &b, "b.example");
    h2t_lookup_rig_settle(&rig);
    ck_assert(a.is_done && b.is_done);
    ck_assert_uint_eq(a.n_addresses + b.n_addresses, 2);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

/* ---- taking back ---- */

TEST(last_cancel_takes_the_question_back)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup first = {0}, second = {0};

    open(&rig);
    script_silence(&rig, "a.example");
    h2t_lookup_rig_start(&rig, &first, "a.example");
    h2t_lookup_rig_start(&rig, &second, "a.example");
    h2t_lookup_cancel(&first);
    ck_assert_uint_eq(h2t_fake_resolver_n_live(rig.fake), 1);
    h2t_lookup_cancel(&second);
    ck_assert_uint_eq(h2t_fake_resolver_n_live(rig.fake), 0);
    h2t_lookup_rig_settle(&rig);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(question_taken_back_is_asked_anew)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {0};

    open(&rig);
    script_two_parts(&rig, "a.example");
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(&rig, 1000); /* half of it is in */
    h2t_lookup_cancel(&lookup);
    memset(&lookup, 0, sizeof lookup);
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(&rig, 3000);
    ck_assert_str_eq(lookup.text, "192.0.2.1,192.0.2.2,2001:db8::1");
    ck_assert_uint_eq(n_asked(&rig), 2);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(cancel_before_a_cached_answer_is_told)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    open(&rig);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    memset(&lookup, 0, sizeof lookup);
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_cancel(&lookup);
    h2t_lookup_rig_settle(&rig);
    ck_assert_uint_eq(lookup.n_reports, 0);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert(lookup.is_from_cache);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

static void cancel_self(struct h2t_lookup *lookup, const h2client_addresses *addresses)
{
    (void)addresses;
    h2t_lookup_cancel(lookup);
}

TEST(cancel_inside_the_first_of_two_parts)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {.on_report = cancel_self};

    open(&rig);
    script_two_parts(&rig, "a.example");
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(&rig, 3000);
    ck_assert_uint_eq(lookup.n_reports, 1);
    ck_assert_uint_eq(h2t_fake_resolver_n_cancels(rig.fake), 1);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

/* Both parts are there; the second is planned when the first one's report cancels. */
TEST(cancel_inside_the_first_part_of_a_cached_answer)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup warm = {0}, lookup = {.on_report = cancel_self};

    open(&rig);
    script_two_parts(&rig, "a.example");
    h2t_lookup_rig_start(&rig, &warm, "a.example");
    h2t_lookup_rig_run_us(&rig, 3000);
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_rig_settle(&rig);
    ck_assert_uint_eq(lookup.n_reports, 1);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

static void cancel_other(struct h2t_lookup *lookup, const h2client_addresses *addresses)
{
    struct h2t_lookup *other = lookup->user;

    (void)addresses;
    if (other->query)
        h2t_lookup_cancel(other);
}

TEST(cancel_of_another_inside_a_report)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup first = {.on_report = cancel_other}, second = {.on_report = cancel_other};

    first.user = &second;
    second.user = &first;
    open(&rig);
    h2t_lookup_rig_start(&rig, &first, "a.example");
    h2t_lookup_rig_start(&rig, &second, "a.example");
    h2t_lookup_rig_settle(&rig);
    ck_assert_uint_eq(first.n_reports + second.n_reports, 1);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

static void ask_again(struct h2t_lookup *lookup, const h2client_addresses *addresses)
{
    struct h2t_lookup_rig *rig = lookup->user;

    if (!addresses->more && lookup->n_reports < 5)
        h2t_lookup_rig_start(rig, lookup, "a.example");
    lookup->is_done = false;
}

TEST(lookup_of_the_same_name_inside_a_report)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {.on_report = ask_again, .user = &rig};

    open(&rig);
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_rig_settle(&rig);
    ck_assert_uint_eq(lookup.n_reports, 5);
    ck_assert_uint_eq(n_asked(&rig), 1);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

/* ---- forgetting ---- */

TEST(flush_forgets_answers_and_goes_upstream)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    open(&rig);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    rig.resolver->ops->flush(rig.resolver);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(n_asked(&rig), 2);
    ck_assert_uint_eq(h2t_fake_resolver_n_flushes(rig.fake), 1);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(flush_keeps_who_waits_and_later_lookups_apart)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup before = {0}, after = {0};

    open(&rig);
    script_two_parts(&rig, "a.example");
    h2t_lookup_rig_start(&rig, &before, "a.example");
    h2t_lookup_rig_run_us(&rig, 1000);
    rig.resolver->ops->flush(rig.resolver);
    h2t_lookup_rig_start(&rig, &after, "a.example");
    h2t_lookup_rig_run_us(&rig, 3000);
    ck_assert(before.is_done && after.is_done);
    ck_assert_str_eq(before.text, after.text);
    ck_assert_uint_eq(n_asked(&rig), 2);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

static void flush_all(struct h2t_lookup *lookup, const h2client_addresses *addresses)
{
    (void)addresses;
    lookup->resolver->ops->flush(lookup->resolver);
}

TEST(flush_inside_every_report)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup first = {.on_report = flush_all}, second = {.on_report = flush_all};

    open(&rig);
    script_two_parts(&rig, "a.example");
    h2t_lookup_rig_start(&rig, &first, "a.example");
    h2t_lookup_rig_start(&rig, &second, "a.example");
    h2t_lookup_rig_run_us(&rig, 3000);
    ck_assert(first.is_done && second.is_done);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(cancel_after_flush_leaves_nothing)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {0};

    open(&rig);
    script_silence(&rig, "a.example");
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    rig.resolver->ops->flush(rig.resolver);
    h2t_lookup_cancel(&lookup);
    ck_assert_uint_eq(h2t_fake_resolver_n_live(rig.fake), 0);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

/* ---- without memory ---- */

static uint64_t run_without_memory(uint64_t fail_at)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookups[3] = {{0}};

    h2t_lookup_rig_init(&rig);
    rig.alloc.fail_at = fail_at;
    rig.resolver =
        h2i_dns_cache_create(&rig.reactor, h2t_fake_resolver_port(rig.fake), &usual_limits);
    if (rig.resolver)
        for (int i = 0; i < 3; i++)
            h2t_lookup_rig_start(&rig, &lookups[i], i < 2 ? "a.example" : "b.example");
    h2t_lookup_rig_settle(&rig);
    for (int i = 0; i < 3; i++)
        ck_assert_ptr_null(lookups[i].query); /* ended, or never begun */
    uint64_t n_calls = rig.alloc.n_calls;
    h2t_lookup_rig_finish(&rig);
    return n_calls;
}

TEST(every_allocation_may_fail)
{
    uint64_t n = run_without_memory(0);

    ck_assert_uint_ge(n, 8);
    for (uint64_t i = 1; i <= n; i++)
        run_without_memory(i);
}
END_TEST

TEST(no_cache_without_randomness)
{
    struct h2t_lookup_rig rig;

    h2t_lookup_rig_init(&rig);
    rig.world.has_no_randomness = true;
    ck_assert_ptr_null(
        h2i_dns_cache_create(&rig.reactor, h2t_fake_resolver_port(rig.fake), &usual_limits));
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST_MAIN("dns_cache", {T(thousand_lookups_at_once_are_one_question)},
          {T(each_part_is_told_when_it_comes)}, {T(who_joins_between_two_parts_is_told_both)},
          {T(names_are_apart)}, {T(cached_answer_comes_in_the_same_parts)},
          {T(no_name_has_more_than_sixty_four_addresses)},
          {T(answer_lives_for_its_ttl_to_the_microsecond)}, {T(short_ttl_is_raised_to_the_least)},
          {T(long_ttl_is_lowered_to_the_most)}, {T(absurd_ttls_do_not_overflow)},
          {T(answer_of_two_parts_lives_as_long_as_the_shorter_one)},
          {T(failed_part_does_not_shorten_the_life_of_the_other)},
          {T(failure_is_remembered_for_the_negative_ttl)},
          {T(negative_ttl_of_zero_remembers_no_failure)}, {T(want_of_memory_is_not_remembered)},
          {T(the_last_reports_fault_says_why_from_the_cache_too)},
          {T(the_entry_used_longest_ago_goes_first)}, {T(memory_is_bounded_by_the_entries)},
          {T(evicted_answer_is_still_told)}, {T(last_cancel_takes_the_question_back)},
          {T(question_taken_back_is_asked_anew)}, {T(cancel_before_a_cached_answer_is_told)},
          {T(cancel_inside_the_first_of_two_parts)},
          {T(cancel_inside_the_first_part_of_a_cached_answer)},
          {T(cancel_of_another_inside_a_report)}, {T(lookup_of_the_same_name_inside_a_report)},
          {T(flush_forgets_answers_and_goes_upstream)},
          {T(flush_keeps_who_waits_and_later_lookups_apart)}, {T(flush_inside_every_report)},
          {T(cancel_after_flush_leaves_nothing)}, {T(every_allocation_may_fail)},
          {T(no_cache_without_randomness)})
