/* SPDX-License-Identifier: MIT */
/* The DNS cache: what look-ups share, how they end, and what is forgotten. */
#include <string.h>

#include "tests/support/cache_rig.h"
#include "tests/support/test_main.h"

/* ---- merging ---- */

TEST(thousand_lookups_at_once_are_one_question)
{
    static struct h2t_lookup lookups[1000];
    struct h2t_lookup_rig rig;

    memset(lookups, 0, sizeof lookups);
    h2t_cache_open(&rig);
    h2t_script_two_parts(&rig, "a.example");
    for (size_t i = 0; i < 1000; i++)
        h2t_lookup_rig_start(&rig, &lookups[i], "a.example");
    h2t_lookup_rig_run_us(&rig, 3000);
    for (size_t i = 0; i < 1000; i++) {
        ck_assert(lookups[i].is_done);
        ck_assert(!lookups[i].is_from_cache);
        ck_assert_str_eq(lookups[i].text, "192.0.2.1,192.0.2.2,2001:db8::1");
    }
    ck_assert_uint_eq(h2t_n_asked(&rig), 1);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(each_part_is_told_when_it_comes)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {0};

    h2t_cache_open(&rig);
    h2t_script_two_parts(&rig, "a.example");
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

    h2t_cache_open(&rig);
    h2t_script_two_parts(&rig, "a.example");
    h2t_lookup_rig_start(&rig, &first, "a.example");
    h2t_lookup_rig_run_us(&rig, 1000);
    h2t_lookup_rig_start(&rig, &late, "a.example");
    h2t_lookup_rig_settle(&rig);
    ck_assert_str_eq(late.text, "192.0.2.1,192.0.2.2");
    ck_assert(!late.is_from_cache);
    h2t_lookup_rig_run_us(&rig, 2000);
    ck_assert_str_eq(late.text, first.text);
    ck_assert(late.is_done);
    ck_assert_uint_eq(h2t_n_asked(&rig), 1);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(names_are_apart)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    h2t_cache_open(&rig);
    h2t_script_ttl(&rig, "a.example", 60);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    h2t_lookup_rig_ask(&rig, &lookup, "b.example");
    ck_assert_str_eq(lookup.text, "127.0.0.1");
    h2t_lookup_rig_ask(&rig, &lookup, "a.exampl");
    ck_assert_uint_eq(h2t_n_asked(&rig), 3);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(cached_answer_comes_in_the_same_parts)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {0};

    h2t_cache_open(&rig);
    h2t_script_two_parts(&rig, "a.example");
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(&rig, 3000);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(lookup.n_reports, 2);
    ck_assert_str_eq(lookup.text, "192.0.2.1,192.0.2.2,2001:db8::1");
    ck_assert_uint_eq(h2t_n_asked(&rig), 1);
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
    h2t_cache_open(&rig);
    h2t_fake_resolver_script(rig.fake, &script);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(lookup.n_addresses, H2CLIENT_MAX_ADDRESSES);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(answer_in_too_many_parts_ends_with_the_eighth)
{
    struct h2t_script script = {.host = "a.example", .n_parts = H2T_MAX_ANSWER_PARTS};
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    for (size_t i = 0; i < H2T_MAX_ANSWER_PARTS; i++)
        script.parts[i] = (struct h2t_answer_part){.addresses = {"192.0.2.1"}, .ttl_s = 60};
    h2t_cache_open(&rig);
    h2t_fake_resolver_script(rig.fake, &script);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(lookup.n_reports, 8);
    ck_assert_uint_eq(h2t_fake_resolver_n_live(rig.fake), 0);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(h2t_n_asked(&rig), 1);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

/* ---- taking back ---- */

TEST(last_cancel_takes_the_question_back)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup first = {0}, second = {0};

    h2t_cache_open(&rig);
    h2t_script_silence(&rig, "a.example");
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

    h2t_cache_open(&rig);
    h2t_script_two_parts(&rig, "a.example");
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_cancel(&lookup);
    memset(&lookup, 0, sizeof lookup);
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(&rig, 3000);
    ck_assert_str_eq(lookup.text, "192.0.2.1,192.0.2.2,2001:db8::1");
    ck_assert_uint_eq(h2t_n_asked(&rig), 2);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

/* Who has connected to the first address wants no more of them; the next one does. */
TEST(answer_half_in_is_completed_for_those_who_come)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {0};

    h2t_cache_open(&rig);
    h2t_script_two_parts(&rig, "a.example");
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(&rig, 1000);
    h2t_lookup_cancel(&lookup);
    h2t_lookup_rig_run_us(&rig, 2000);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert(lookup.is_from_cache);
    ck_assert_str_eq(lookup.text, "192.0.2.1,192.0.2.2,2001:db8::1");
    ck_assert_uint_eq(h2t_n_asked(&rig), 1);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

static void leave_half_an_answer(struct h2t_lookup_rig *rig)
{
    struct h2t_lookup lookup = {0};

    h2t_cache_open(rig);
    h2t_script_two_parts(rig, "a.example");
    h2t_lookup_rig_start(rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(rig, 1000);
    h2t_lookup_cancel(&lookup);
    ck_assert_uint_eq(h2t_fake_resolver_n_live(rig->fake), 1);
}

TEST(flush_and_destroy_take_back_what_nobody_waits_for)
{
    struct h2t_lookup_rig rig;

    leave_half_an_answer(&rig);
    rig.resolver->ops->flush(rig.resolver);
    ck_assert_uint_eq(h2t_fake_resolver_n_live(rig.fake), 0);
    h2t_lookup_rig_finish(&rig);
    leave_half_an_answer(&rig);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(half_an_answer_is_joined_by_those_who_come_meanwhile)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {0};

    leave_half_an_answer(&rig);
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(&rig, 2000);
    ck_assert(lookup.is_done);
    ck_assert_str_eq(lookup.text, "192.0.2.1,192.0.2.2,2001:db8::1");
    ck_assert_uint_eq(h2t_n_asked(&rig), 1);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(cancel_before_a_cached_answer_is_told)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    h2t_cache_open(&rig);
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

    h2t_cache_open(&rig);
    h2t_script_two_parts(&rig, "a.example");
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(&rig, 3000);
    ck_assert_uint_eq(lookup.n_reports, 1);
    ck_assert_uint_eq(h2t_fake_resolver_n_live(rig.fake), 0);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

/* Both parts are there; the second is planned when the first one's report cancels. */
TEST(cancel_inside_the_first_part_of_a_cached_answer)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup warm = {0}, lookup = {.on_report = cancel_self};

    h2t_cache_open(&rig);
    h2t_script_two_parts(&rig, "a.example");
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
    h2t_cache_open(&rig);
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

    h2t_cache_open(&rig);
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_rig_settle(&rig);
    ck_assert_uint_eq(lookup.n_reports, 5);
    ck_assert_uint_eq(h2t_n_asked(&rig), 1);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

/* ---- forgetting ---- */

TEST(flush_forgets_answers_and_goes_upstream)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup;

    h2t_cache_open(&rig);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    rig.resolver->ops->flush(rig.resolver);
    h2t_lookup_rig_ask(&rig, &lookup, "a.example");
    ck_assert_uint_eq(h2t_n_asked(&rig), 2);
    ck_assert_uint_eq(h2t_fake_resolver_n_flushes(rig.fake), 1);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(flush_keeps_who_waits_and_later_lookups_apart)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup before = {0}, after = {0};

    h2t_cache_open(&rig);
    h2t_script_two_parts(&rig, "a.example");
    h2t_lookup_rig_start(&rig, &before, "a.example");
    h2t_lookup_rig_run_us(&rig, 1000);
    rig.resolver->ops->flush(rig.resolver);
    h2t_lookup_rig_start(&rig, &after, "a.example");
    h2t_lookup_rig_run_us(&rig, 3000);
    ck_assert(before.is_done && after.is_done);
    ck_assert_str_eq(before.text, after.text);
    ck_assert_uint_eq(h2t_n_asked(&rig), 2);
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

    h2t_cache_open(&rig);
    h2t_script_two_parts(&rig, "a.example");
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

    h2t_cache_open(&rig);
    h2t_script_silence(&rig, "a.example");
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    rig.resolver->ops->flush(rig.resolver);
    h2t_lookup_cancel(&lookup);
    ck_assert_uint_eq(h2t_fake_resolver_n_live(rig.fake), 0);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(cancel_after_flush_takes_half_an_answer_back)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {0};

    h2t_cache_open(&rig);
    h2t_script_two_parts(&rig, "a.example");
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    h2t_lookup_rig_run_us(&rig, 1000);
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
        h2i_dns_cache_create(&rig.reactor, h2t_fake_resolver_port(rig.fake), &h2t_cache_limits);
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

TEST(lookup_that_cannot_be_asked_is_none)
{
    struct h2t_lookup_rig rig;
    struct h2t_lookup lookup = {0};

    h2t_cache_open(&rig);
    h2t_fake_resolver_run_dry(rig.fake);
    h2t_lookup_rig_start(&rig, &lookup, "a.example");
    ck_assert_ptr_null(lookup.query);
    h2t_lookup_rig_settle(&rig);
    ck_assert_uint_eq(lookup.n_reports, 0);
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST(no_cache_without_randomness)
{
    struct h2t_lookup_rig rig;

    h2t_lookup_rig_init(&rig);
    rig.world.has_no_randomness = true;
    ck_assert_ptr_null(
        h2i_dns_cache_create(&rig.reactor, h2t_fake_resolver_port(rig.fake), &h2t_cache_limits));
    h2t_lookup_rig_finish(&rig);
}
END_TEST

TEST_MAIN("dns_cache", {T(thousand_lookups_at_once_are_one_question)},
          {T(each_part_is_told_when_it_comes)}, {T(who_joins_between_two_parts_is_told_both)},
          {T(names_are_apart)}, {T(cached_answer_comes_in_the_same_parts)},
          {T(no_name_has_more_than_sixty_four_addresses)},
          {T(answer_in_too_many_parts_ends_with_the_eighth)},
          {T(last_cancel_takes_the_question_back)}, {T(question_taken_back_is_asked_anew)},
          {T(answer_half_in_is_completed_for_those_who_come)},
          {T(flush_and_destroy_take_back_what_nobody_waits_for)},
          {T(half_an_answer_is_joined_by_those_who_come_meanwhile)},
          {T(cancel_before_a_cached_answer_is_told)}, {T(cancel_inside_the_first_of_two_parts)},
          {T(cancel_inside_the_first_part_of_a_cached_answer)},
          {T(cancel_of_another_inside_a_report)}, {T(lookup_of_the_same_name_inside_a_report)},
          {T(flush_forgets_answers_and_goes_upstream)},
          {T(flush_keeps_who_waits_and_later_lookups_apart)}, {T(flush_inside_every_report)},
          {T(cancel_after_flush_leaves_nothing)}, {T(cancel_after_flush_takes_half_an_answer_back)},
          {T(every_allocation_may_fail)}, {T(lookup_that_cannot_be_asked_is_none)},
          {T(no_cache_without_randomness)})
