/* SPDX-License-Identifier: MIT */
/* The token bucket of a call's bytes: to the microsecond, and without overflow. */
#include "h2client/rate.h"

#include "tests/support/test_main.h"

#define SECOND INT64_C(1000000)
#define MIB INT64_C(1048576)

static struct h2i_rate rate_of(int64_t per_s, int64_t now_us)
{
    struct h2i_rate rate;

    h2i_rate_init(&rate, per_s);
    h2i_rate_begin(&rate, now_us);
    return rate;
}

/* Takes n bytes, each as soon as it may; when the last one went. */
static int64_t transfer(struct h2i_rate *rate, int64_t now_us, size_t n)
{
    while (n > 0) {
        now_us = h2i_rate_when(rate, now_us, h2i_rate_slice(rate, n));
        size_t part = h2i_rate_allows(rate, now_us, n);
        ck_assert_uint_gt(part, 0);
        h2i_rate_take(rate, now_us, part);
        n -= part;
    }
    return now_us;
}

TEST(no_limit_allows_all_at_once)
{
    struct h2i_rate rate = {0};

    ck_assert_uint_eq(h2i_rate_allows(&rate, 5, SIZE_MAX), SIZE_MAX);
    h2i_rate_take(&rate, 5, SIZE_MAX);
    ck_assert_int_eq(h2i_rate_when(&rate, 6, SIZE_MAX), 6);
    ck_assert_uint_eq(h2i_rate_depth(&rate), SIZE_MAX);
}
END_TEST

TEST(a_bucket_begins_empty)
{
    struct h2i_rate rate = rate_of(1000, 7 * SECOND);

    ck_assert_uint_eq(h2i_rate_allows(&rate, 7 * SECOND, 1), 0);
    ck_assert_int_eq(h2i_rate_when(&rate, 7 * SECOND, 1), 7 * SECOND + 1000);
}
END_TEST

TEST(there_is_no_credit_before_the_first_byte)
{
    struct h2i_rate rate;

    h2i_rate_init(&rate, 1000);
    ck_assert_uint_eq(h2i_rate_allows(&rate, SECOND, 1), 0);
    h2i_rate_begin(&rate, SECOND);
    h2i_rate_begin(&rate, 5); /* once is enough */
    ck_assert_uint_eq(h2i_rate_allows(&rate, SECOND, 1), 0);
}
END_TEST

TEST(credit_comes_at_the_microsecond_it_is_due)
{
    struct h2i_rate rate = rate_of(3, 0); /* a byte each 333,333.3 us */

    ck_assert_int_eq(h2i_rate_when(&rate, 0, 1), 333334);
    ck_assert_uint_eq(h2i_rate_allows(&rate, 333333, 1), 0);
    ck_assert_uint_eq(h2i_rate_allows(&rate, 333334, 1), 1);
}
END_TEST

TEST(fractions_of_a_byte_are_not_lost)
{
    struct h2i_rate rate = rate_of(3, 0);

    ck_assert_int_eq(transfer(&rate, 0, 300), 100 * SECOND);
}
END_TEST

TEST(a_transfer_takes_its_size_by_the_rate)
{
    static const int64_t rates[] = {1, 999, 16384, 100000, MIB, 1000 * MIB};

    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        struct h2i_rate rate = rate_of(rates[i], 0);
        ck_assert_int_eq(transfer(&rate, 0, (size_t)rates[i] * 3), 3 * SECOND);
    }
}
END_TEST

TEST(slices_are_50_ms_apart)
{
    struct h2i_rate rate = rate_of(100000, 0);

    ck_assert_uint_eq(h2i_rate_slice(&rate, 60000), 5000);
    ck_assert_int_eq(h2i_rate_when(&rate, 0, 5000), 50000);
    ck_assert_uint_eq(h2i_rate_allows(&rate, 49999, 60000), 0);
    ck_assert_uint_eq(h2i_rate_allows(&rate, 50000, 60000), 5000);
}
END_TEST

TEST(less_than_a_slice_goes_when_it_is_all)
{
    struct h2i_rate rate = rate_of(100000, 0);

    ck_assert_uint_eq(h2i_rate_slice(&rate, 10), 10);
    ck_assert_uint_eq(h2i_rate_allows(&rate, 99, 10), 0);
    ck_assert_uint_eq(h2i_rate_allows(&rate, 100, 10), 10);
}
END_TEST

TEST(what_is_kept_after_a_rest_is_100_ms_worth)
{
    struct h2i_rate rate = rate_of(10 * MIB, 0);

    ck_assert_uint_eq(h2i_rate_depth(&rate), MIB);
    ck_assert_uint_eq(h2i_rate_allows(&rate, 3600 * SECOND, SIZE_MAX), MIB);
}
END_TEST

TEST(of_slow_rates_a_frame_or_a_second_is_kept)
{
    struct h2i_rate middle = rate_of(50000, 0), slow = rate_of(1000, 0), slowest = rate_of(1, 0);

    ck_assert_uint_eq(h2i_rate_allows(&middle, 3600 * SECOND, SIZE_MAX), 16384);
    ck_assert_uint_eq(h2i_rate_allows(&slow, 3600 * SECOND, SIZE_MAX), 1000);
    ck_assert_uint_eq(h2i_rate_allows(&slowest, 3600 * SECOND, SIZE_MAX), 1);
}
END_TEST

TEST(a_wait_for_more_than_there_can_be_is_one_for_what_there_can_be)
{
    struct h2i_rate rate = rate_of(1000, 0);

    ck_assert_int_eq(h2i_rate_when(&rate, 0, SIZE_MAX), SECOND);
}
END_TEST

TEST(a_clock_that_goes_back_gives_and_takes_nothing)
{
    struct h2i_rate rate = rate_of(1000, SECOND);

    h2i_rate_take(&rate, 2 * SECOND, 400);
    ck_assert_uint_eq(h2i_rate_allows(&rate, 0, 1000), 600);
    h2i_rate_take(&rate, 0, 600);
    ck_assert_uint_eq(h2i_rate_allows(&rate, 2 * SECOND, 1), 0);
    ck_assert_int_eq(h2i_rate_when(&rate, 0, 1), 2 * SECOND + 1000);
}
END_TEST

TEST(nothing_overflows_at_the_ends_of_time)
{
    struct h2i_rate fast = rate_of(INT64_C(999999999999), INT64_MIN);
    struct h2i_rate slow = rate_of(1, INT64_MAX);

    ck_assert_uint_eq(h2i_rate_allows(&fast, INT64_MAX, SIZE_MAX), 99999999999);
    h2i_rate_take(&fast, INT64_MAX, 99999999999);
    ck_assert_int_eq(h2i_rate_when(&fast, INT64_MAX, SIZE_MAX), INT64_MAX);
    ck_assert_int_eq(h2i_rate_when(&slow, INT64_MAX, 1), INT64_MAX);
}
END_TEST

TEST(what_no_clock_could_measure_is_no_limit)
{
    struct h2i_rate none = rate_of(INT64_MAX, 0), most = rate_of(INT64_C(1000000000000), 0);

    ck_assert_uint_eq(h2i_rate_allows(&none, 0, SIZE_MAX), SIZE_MAX);
    ck_assert_uint_eq(h2i_rate_allows(&most, 0, SIZE_MAX), SIZE_MAX);
}
END_TEST

TEST_MAIN("rate", {T(no_limit_allows_all_at_once)}, {T(a_bucket_begins_empty)},
          {T(there_is_no_credit_before_the_first_byte)},
          {T(credit_comes_at_the_microsecond_it_is_due)}, {T(fractions_of_a_byte_are_not_lost)},
          {T(a_transfer_takes_its_size_by_the_rate)}, {T(slices_are_50_ms_apart)},
          {T(less_than_a_slice_goes_when_it_is_all)},
          {T(what_is_kept_after_a_rest_is_100_ms_worth)},
          {T(of_slow_rates_a_frame_or_a_second_is_kept)},
          {T(a_wait_for_more_than_there_can_be_is_one_for_what_there_can_be)},
          {T(a_clock_that_goes_back_gives_and_takes_nothing)},
          {T(nothing_overflows_at_the_ends_of_time)}, {T(what_no_clock_could_measure_is_no_limit)})
