/* SPDX-License-Identifier: MIT */
/* What the DNS cache gives past an answer's TTL, while it asks again. */
#include <string.h>

#include "tests/support/cache_rig.h"
#include "tests/support/test_main.h"

#define S INT64_C(1000000) /* in microseconds */
#define TTL_S 10
#define MAX_STALE_S 60

static const struct h2i_dns_cache_limits limits = {.min_ttl_s = 1,
                                                   .max_ttl_s = 300,
                                                   .negative_ttl_s = 5,
                                                   .max_stale_s = MAX_STALE_S,
                                                   .max_entries = 1024};

/* a.example was 192.0.2.1; its TTL has just passed. */
static void open_stale_with(struct h2t_lookup_rig *rig, const struct h2i_dns_cache_limits *own)
{
    struct h2t_lookup lookup;

    h2t_cache_open_with(rig, own);
    h2t_script_ttl(rig, "a.example", TTL_S);
    h2t_lookup_rig_ask(rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(rig, TTL_S * S);
}

static void open_stale(struct h2t_lookup_rig *rig)
{
    open_stale_with(rig, &limits);
}

static void start(struct h2t_lookup_rig *rig, struct h2t_lookup *lookup)
{
    h2t_lookup_rig_start(rig, lookup, "a.example");
    ck_assert_ptr_nonnull(lookup->query);
    h2t_lookup_rig_settle(rig);
}

/* From now on, after a second. */
static void script_address(struct h2t_lookup_rig *rig, const char *address)
{
    h2t_fake_resolver_script(
        rig->fake, &(struct h2t_script){
                       .host = "a.example",
                       .n_parts = 1,
                       .parts = {{.delay_ms = 1000, .addresses = {address}, .ttl_s = TTL_S}}});
}

static void expect_stale(const struct h2t_lookup *lookup)
{
    ck_assert_uint_eq(lookup->n_reports, 1);
    ck_assert_str_eq(lookup->text, "192.0.2.1");
    ck_assert(lookup->is_from_cache);
    ck_assert(!lookup->is_done);
}

/* ---- while it is asked for ---- */

TEST(stale_answer_is_given_at_once_and_asked_for_again)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {0};

    open_stale(&rig);
    h2t_script_silence(&rig, "a.example");
    start(&rig, &lookup);
    expect_stale(&lookup);
    ck_assert_int_eq(lookup.ttl_s, 0);
    ck_assert_uint_eq(h2t_n_asked(&rig), 2);
    h2t_lookup_cancel(&lookup);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(one_refresh_is_for_all)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookups[100] = {{0}};

    open_stale(&rig);
    script_address(&rig, "192.0.2.1");
    for (size_t i = 0; i < 100; i++) {
        start(&rig, &lookups[i]);
        expect_stale(&lookups[i]);
    }
    h2t_lookup_rig_run_us(&rig, 1 * S);
    for (size_t i = 0; i < 100; i++)
        ck_assert(lookups[i].is_done);
    ck_assert_uint_eq(h2t_n_asked(&rig), 2);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(refresh_that_brings_the_same_repeats_no_address)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {0};

    open_stale(&rig);
    script_address(&rig, "192.0.2.1");
    start(&rig, &lookup);
    h2t_lookup_rig_run_us(&rig, 1 * S);
    ck_assert(lookup.is_done);
    ck_assert_str_eq(lookup.text, "192.0.2.1");
    ck_assert_int_eq(lookup.fault.code, H2CLIENT_OK);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(lookup.n_reports, 1);
    ck_assert_uint_eq(h2t_n_asked(&rig), 2);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

/* Who finds nobody at the stale address goes on with the new one. */
TEST(name_that_moved_has_its_new_address_behind_the_stale_one)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {0};

    open_stale(&rig);
    script_address(&rig, "192.0.2.2");
    start(&rig, &lookup);
    expect_stale(&lookup);
    h2t_lookup_rig_run_us(&rig, 1 * S);
    ck_assert(lookup.is_done);
    ck_assert_str_eq(lookup.text, "192.0.2.1,192.0.2.2");
    ck_assert(!lookup.is_from_cache);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_str_eq(lookup.text, "192.0.2.2");
    h2t_lookup_rig_finish(&rig);
}
END_TEST

static void leave(struct h2t_lookup *lookup, const h2client_addresses *addresses)
{
    (void)addresses;
    h2t_lookup_cancel(lookup);
}

TEST(refresh_goes_on_for_those_who_leave_with_the_stale_answer)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {.on_report = leave};

    open_stale(&rig);
    script_address(&rig, "192.0.2.2");
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_rig_settle(&rig);
    ck_assert_uint_eq(lookup.n_reports, 1);
    h2t_lookup_rig_run_us(&rig, 1 * S);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_str_eq(lookup.text, "192.0.2.2");
    ck_assert(lookup.is_from_cache);
    ck_assert_uint_eq(h2t_n_asked(&rig), 2);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(who_comes_when_a_part_is_in_is_given_that_and_nothing_stale)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup first = {0}, late = {0};

    open_stale(&rig);
    h2t_fake_resolver_script(
        rig.fake, &(struct h2t_script){
                      .host = "a.example",
                      .n_parts = 2,
                      .parts = {{.addresses = {"192.0.2.2"}, .ttl_s = TTL_S},
                                {.delay_ms = 1000, .addresses = {"2001:db8::2"}, .ttl_s = TTL_S}}});
    start(&rig, &first);
    start(&rig, &late);
    ck_assert_str_eq(late.text, "192.0.2.2");
    h2t_lookup_rig_run_us(&rig, 1 * S);
    ck_assert_str_eq(late.text, "192.0.2.2,2001:db8::2");
    ck_assert(first.is_done && late.is_done);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

static void script_many(struct h2t_lookup_rig *rig, const char *address)
{
    struct h2t_script script = {.host = "a.example", .n_parts = 8};

    for (size_t i = 0; i < H2CLIENT_MAX_ADDRESSES; i++) {
        script.parts[i / 8].addresses[i % 8] = address;
        script.parts[i / 8].ttl_s = TTL_S;
    }
    h2t_fake_resolver_script(rig->fake, &script);
}

/* The look-up itself holds that they are never more than 64. */
TEST(stale_answer_leaves_room_for_the_new_one)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    h2t_cache_open_with(&rig, &limits);
    script_many(&rig, "192.0.2.1");
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(&rig, TTL_S * S);
    script_many(&rig, "192.0.2.2");
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(lookup.n_addresses, H2CLIENT_MAX_ADDRESSES);
    ck_assert_ptr_nonnull(strstr(lookup.text, "192.0.2.1,192.0.2.2"));
    h2t_lookup_rig_finish(&rig);
}
END_TEST

/* ---- how long ---- */

static void expect_nothing_stale(struct h2t_lookup_rig *rig)
{
    struct h2t_lookup lookup = {0};

    h2t_script_silence(rig, "a.example");
    start(rig, &lookup);
    ck_assert_uint_eq(lookup.n_reports, 0);
    h2t_lookup_cancel(&lookup);
}

TEST(stale_answer_is_given_for_its_time_to_the_microsecond)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {0};

    open_stale(&rig);
    h2t_script_silence(&rig, "a.example");
    h2t_lookup_rig_run_us(&rig, MAX_STALE_S * S - 1);
    start(&rig, &lookup);
    expect_stale(&lookup);
    h2t_lookup_cancel(&lookup);
    h2t_lookup_rig_run_us(&rig, 1);
    expect_nothing_stale(&rig);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(without_a_time_nothing_stale_is_given)
{
    struct h2i_dns_cache_limits none = limits;
    struct h2t_lookup_rig rig;

    none.max_stale_s = 0;
    open_stale_with(&rig, &none);
    expect_nothing_stale(&rig);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(absurd_time_does_not_overflow)
{
    struct h2i_dns_cache_limits forever = limits;
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {0};

    forever.max_stale_s = INT64_MAX;
    open_stale_with(&rig, &forever);
    h2t_script_silence(&rig, "a.example");
    h2t_lookup_rig_run_us(&rig, 1000000 * S);
    start(&rig, &lookup);
    expect_stale(&lookup);
    h2t_lookup_cancel(&lookup);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

/* ---- a refresh that brings no address ---- */

static void expect_stale_through(h2client_error_code code)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    open_stale(&rig);
    h2t_script_fault(&rig, "a.example", code);
    for (int i = 0; i < 12; i++) {
        h2t_lookup_rig_ask(&rig, &lookup, "a.example");
        ck_assert_str_eq(lookup.text, "192.0.2.1");
        ck_assert_int_eq(lookup.fault.code, code);
        h2t_lookup_rig_run_us(&rig, 5 * S);
    }
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_str_eq(lookup.text, "");
    h2t_lookup_rig_finish(&rig);
}

TEST(failed_refresh_leaves_the_stale_answer_its_time)
{
    expect_stale_through(H2CLIENT_ERROR_DNS_SERVER_FAILED);
    expect_stale_through(H2CLIENT_ERROR_DNS_UNREACHABLE);
    expect_stale_through(H2CLIENT_ERROR_SYSTEM_FAILED);
    expect_stale_through(H2CLIENT_ERROR_NO_MEMORY);
}
END_TEST

TEST(failed_refresh_is_not_tried_again_before_the_negative_ttl)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    open_stale(&rig);
    h2t_script_fault(&rig, "a.example", H2CLIENT_ERROR_DNS_SERVER_FAILED);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(&rig, 5 * S - 1);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_str_eq(lookup.text, "192.0.2.1");
    ck_assert_uint_eq(h2t_n_asked(&rig), 2);
    h2t_lookup_rig_run_us(&rig, 1);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(h2t_n_asked(&rig), 3);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(refresh_after_failed_ones_is_taken)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    open_stale(&rig);
    h2t_script_fault(&rig, "a.example", H2CLIENT_ERROR_DNS_SERVER_FAILED);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(&rig, 5 * S);
    h2t_fake_resolver_script(
        rig.fake, &(struct h2t_script){.host = "a.example",
                                       .n_parts = 1,
                                       .parts = {{.addresses = {"192.0.2.2"}, .ttl_s = TTL_S}}});
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_str_eq(lookup.text, "192.0.2.2");
    h2t_lookup_rig_finish(&rig);
}
END_TEST

/* RFC 8767 4: an answer is an answer, also that the name is gone. */
static void expect_end_by(h2client_error_code code)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    open_stale(&rig);
    h2t_script_fault(&rig, "a.example", code);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    for (int i = 0; i < 2; i++) {
        h2t_lookup_rig_ask(&rig, &lookup, "a.example");
        ck_assert_str_eq(lookup.text, "");
        ck_assert_int_eq(lookup.fault.code, code);
        h2t_lookup_rig_run_us(&rig, 5 * S);
    }
    expect_nothing_stale(&rig);
    h2t_lookup_rig_finish(&rig);
}

TEST(answer_that_there_is_no_address_ends_the_stale_one)
{
    expect_end_by(H2CLIENT_ERROR_DNS_NOT_FOUND);
    expect_end_by(H2CLIENT_ERROR_DNS_NO_DATA);
}
END_TEST

TEST(failures_are_never_stale)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    h2t_cache_open_with(&rig, &limits);
    h2t_script_fault(&rig, "a.example", H2CLIENT_ERROR_DNS_SERVER_FAILED);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(&rig, 5 * S);
    expect_nothing_stale(&rig);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

/* ---- forgetting ---- */

TEST(flush_forgets_the_stale_answer_and_takes_the_refresh_back)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {.on_report = leave};

    open_stale(&rig);
    h2t_script_silence(&rig, "a.example");
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_rig_settle(&rig);
    ck_assert_uint_eq(h2t_fake_resolver_n_live(rig.fake), 1);
    rig.resolver->ops->flush(rig.resolver);
    ck_assert_uint_eq(h2t_fake_resolver_n_live(rig.fake), 0);
    expect_nothing_stale(&rig);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

static void flush_all(struct h2t_lookup *lookup, const h2client_addresses *addresses)
{
    (void)addresses;
    lookup->resolver->ops->flush(lookup->resolver);
}

TEST(flush_inside_the_stale_report)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {.on_report = flush_all};

    open_stale(&rig);
    script_address(&rig, "192.0.2.2");
    start(&rig, &lookup);
    h2t_lookup_rig_run_us(&rig, 1 * S);
    ck_assert(lookup.is_done);
    ck_assert_str_eq(lookup.text, "192.0.2.1,192.0.2.2");
    h2t_lookup_rig_finish(&rig);
}
END_TEST

static uint64_t run_without_memory(uint64_t fail_at)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {0};
    uint64_t n_calls;

    open_stale(&rig);
    n_calls = rig.alloc.n_calls;
    rig.alloc.fail_at = fail_at ? n_calls + fail_at : 0;
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_rig_settle(&rig);
    ck_assert_ptr_null(lookup.query); /* ended, or never begun */
    n_calls = rig.alloc.n_calls - n_calls;
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_str_eq(lookup.text, "192.0.2.1");
    h2t_lookup_rig_finish(&rig);
    return n_calls;
}

TEST(every_allocation_of_a_refresh_may_fail)
{
    uint64_t n = run_without_memory(0);

    ck_assert_uint_ge(n, 3);
    for (uint64_t i = 1; i <= n; i++)
        run_without_memory(i);
}
END_TEST

TEST_MAIN("dns_stale", {T(stale_answer_is_given_at_once_and_asked_for_again)},
          {T(one_refresh_is_for_all)}, {T(refresh_that_brings_the_same_repeats_no_address)},
          {T(name_that_moved_has_its_new_address_behind_the_stale_one)},
          {T(refresh_goes_on_for_those_who_leave_with_the_stale_answer)},
          {T(who_comes_when_a_part_is_in_is_given_that_and_nothing_stale)},
          {T(stale_answer_leaves_room_for_the_new_one)},
          {T(stale_answer_is_given_for_its_time_to_the_microsecond)},
          {T(without_a_time_nothing_stale_is_given)}, {T(absurd_time_does_not_overflow)},
          {T(failed_refresh_leaves_the_stale_answer_its_time)},
          {T(failed_refresh_is_not_tried_again_before_the_negative_ttl)},
          {T(refresh_after_failed_ones_is_taken)},
          {T(answer_that_there_is_no_address_ends_the_stale_one)}, {T(failures_are_never_stale)},
          {T(flush_forgets_the_stale_answer_and_takes_the_refresh_back)},
          {T(flush_inside_the_stale_report)}, {T(every_allocation_of_a_refresh_may_fail)})
