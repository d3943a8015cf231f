/* SPDX-License-Identifier: MIT */
#include "h2client/retry_decision.h"
#include "tests/support/test_main.h"

#define MS INT64_C(1000)
#define S INT64_C(1000000)

/* An idempotent request whose body is there once more. */
struct scene {
    struct h2i_retry_settings settings;
    struct h2i_retry_counts counts;
    struct h2i_outcome outcome;
    struct h2i_retry_end end;
};

static struct scene failure(h2client_error_code code, h2client_replay_class replay_class)
{
    return (struct scene){
        .settings = *h2i_retry_defaults(),
        .outcome = {.fault = {.code = code}, .replay_class = replay_class, .http2_code = -1},
        .end = {.retry_after_us = -1,
                .is_idempotent = true,
                .can_rewind = true,
                .may_use_h1 = true,
                .random = UINT64_MAX / 2}};
}

static struct scene answer(int status)
{
    struct scene scene = failure(H2CLIENT_OK, H2CLIENT_REPLAY_NONE);

    scene.end.status = status;
    return scene;
}

static struct h2i_retry_decision decide(struct scene *scene)
{
    scene->end.outcome = scene->outcome.fault.code ? &scene->outcome : NULL;
    return h2i_retry_decide(&scene->settings, &scene->counts, &scene->end);
}

static int times_repeated(struct scene *scene)
{
    int n = 0;

    while (n < 100 && decide(scene).kind)
        n++;
    return n;
}

/* ---- replays ------------------------------------------------------------------------ */

TEST(what_was_never_sent_is_repeated_twice_for_any_method)
{
    struct scene scene = failure(H2CLIENT_ERROR_EMPTY_REPLY, H2CLIENT_REPLAY_NEVER_SENT);

    scene.end.is_idempotent = false;
    ck_assert_int_eq(decide(&scene).kind, H2I_RETRY_REPLAY);
    ck_assert_int_eq(times_repeated(&scene), 1);
}

TEST(a_stale_connections_last_word_is_no_answer)
{
    struct scene stale = failure(H2CLIENT_ERROR_H1_MALFORMED, H2CLIENT_REPLAY_NEVER_SENT);
    struct scene answer = failure(H2CLIENT_ERROR_H1_MALFORMED, H2CLIENT_REPLAY_MAYBE_PROCESSED);

    ck_assert_int_eq(times_repeated(&stale), 2);
    ck_assert_int_eq(times_repeated(&answer), 0);
}

TEST(what_was_unprocessed_is_repeated_twice_for_any_method)
{
    struct scene scene = failure(H2CLIENT_ERROR_H2_UNPROCESSED, H2CLIENT_REPLAY_UNPROCESSED);

    scene.end.is_idempotent = false;
    ck_assert_int_eq(times_repeated(&scene), 2);
}

TEST(what_may_have_been_processed_is_repeated_once)
{
    struct scene scene = failure(H2CLIENT_ERROR_CONNECTION_RESET, H2CLIENT_REPLAY_MAYBE_PROCESSED);

    ck_assert(decide(&scene).takes_token);
    ck_assert_int_eq(times_repeated(&scene), 0);
}

TEST(what_may_have_been_processed_is_never_repeated_unless_idempotent)
{
    struct scene scene = failure(H2CLIENT_ERROR_EMPTY_REPLY, H2CLIENT_REPLAY_MAYBE_PROCESSED);

    scene.end.is_idempotent = false;
    ck_assert_int_eq(times_repeated(&scene), 0);
}

TEST(after_a_head_nothing_is_replayed)
{
    struct scene scene = failure(H2CLIENT_ERROR_TRUNCATED, H2CLIENT_REPLAY_MAYBE_PROCESSED);

    scene.end.status = 200;
    ck_assert_int_eq(times_repeated(&scene), 0);
}

TEST(a_body_that_is_gone_is_not_repeated)
{
    struct scene scene = failure(H2CLIENT_ERROR_EMPTY_REPLY, H2CLIENT_REPLAY_NEVER_SENT);

    scene.end.can_rewind = false;
    ck_assert_int_eq(times_repeated(&scene), 0);
}

TEST(a_connection_that_could_not_be_made_is_no_replay)
{
    struct scene scene = failure(H2CLIENT_ERROR_CONNECT_REFUSED, H2CLIENT_REPLAY_NEVER_SENT);

    ck_assert_int_eq(times_repeated(&scene), 0);
}

TEST(what_a_server_breaks_it_would_break_again)
{
    struct scene malformed =
        failure(H2CLIENT_ERROR_H2_STREAM_MALFORMED, H2CLIENT_REPLAY_MAYBE_PROCESSED);
    struct scene broken = failure(H2CLIENT_ERROR_H2_CONNECTION, H2CLIENT_REPLAY_MAYBE_PROCESSED);
    struct scene late = failure(H2CLIENT_ERROR_TIMEOUT, H2CLIENT_REPLAY_MAYBE_PROCESSED);

    ck_assert_int_eq(times_repeated(&malformed) + times_repeated(&broken) + times_repeated(&late),
                     0);
}

TEST(the_first_replay_is_at_once_unless_refused)
{
    struct scene unsent = failure(H2CLIENT_ERROR_EMPTY_REPLY, H2CLIENT_REPLAY_NEVER_SENT);
    struct scene refused = failure(H2CLIENT_ERROR_H2_REFUSED_STREAM, H2CLIENT_REPLAY_UNPROCESSED);

    ck_assert_int_eq(decide(&unsent).delay_us, 0);
    ck_assert_int_gt(decide(&unsent).delay_us, 0);
    ck_assert_int_gt(decide(&refused).delay_us, 0);
}

TEST(what_was_lost_waits_for_half_of_its_delay_at_least)
{
    for (uint64_t random = 0; random < 200000; random += 777) {
        struct scene scene =
            failure(H2CLIENT_ERROR_CONNECTION_RESET, H2CLIENT_REPLAY_MAYBE_PROCESSED);
        int64_t delay_us;
        scene.end.random = random;
        delay_us = decide(&scene).delay_us;
        if (delay_us < 50 * MS || delay_us > 100 * MS)
            ck_abort_msg("%lld us", (long long)delay_us);
    }
}

TEST(refusals_draw_on_the_bucket_and_dead_connections_do_not)
{
    struct scene unsent = failure(H2CLIENT_ERROR_EMPTY_REPLY, H2CLIENT_REPLAY_NEVER_SENT);
    struct scene goaway = failure(H2CLIENT_ERROR_H2_UNPROCESSED, H2CLIENT_REPLAY_UNPROCESSED);
    struct scene refused = failure(H2CLIENT_ERROR_H2_REFUSED_STREAM, H2CLIENT_REPLAY_UNPROCESSED);

    ck_assert(!decide(&unsent).takes_token);
    ck_assert(!decide(&goaway).takes_token);
    ck_assert(decide(&refused).takes_token);
}

TEST(a_stream_refused_before_the_limit_was_known_costs_nothing)
{
    struct scene scene = failure(H2CLIENT_ERROR_H2_REFUSED_STREAM, H2CLIENT_REPLAY_UNPROCESSED);
    struct h2i_retry_decision decision;

    scene.outcome.was_early = true;
    decision = decide(&scene);
    ck_assert_int_eq(decision.kind, H2I_RETRY_REPLAY);
    ck_assert(!decision.takes_token);
    ck_assert_int_eq(decision.delay_us, 0);
}

/* ---- another connection ---------------------------------------------------------------- */

TEST(misdirected_goes_elsewhere_once)
{
    struct scene scene = answer(421);

    scene.end.is_idempotent = false;
    ck_assert_int_eq(decide(&scene).kind, H2I_RETRY_ELSEWHERE);
    ck_assert_int_eq(decide(&scene).kind, H2I_RETRY_NONE);
}

TEST(http11_required_falls_back_once_where_that_is_allowed)
{
    struct scene scene = failure(H2CLIENT_ERROR_H2_STREAM_RESET, H2CLIENT_REPLAY_MAYBE_PROCESSED);

    scene.outcome.http2_code = 0xd;
    scene.end.is_idempotent = false;
    ck_assert_int_eq(decide(&scene).kind, H2I_RETRY_OVER_H1);
    ck_assert_int_eq(decide(&scene).kind, H2I_RETRY_NONE);
    scene.counts.was_sent_to_h1 = scene.end.may_use_h1 = false;
    ck_assert_int_eq(decide(&scene).kind, H2I_RETRY_NONE);
}

/* ---- policy -------------------------------------------------------------------------- */

TEST(a_status_is_retried_by_policy_only)
{
    struct scene scene = answer(503);

    ck_assert_int_eq(times_repeated(&scene), 0);
    scene.settings.max_retries = 3;
    ck_assert_int_eq(times_repeated(&scene), 3);
}

TEST(only_statuses_of_the_policy_are_retried)
{
    static const int32_t teapots[] = {418, 0};
    struct scene good = answer(200), bad = answer(503), teapot = answer(418);

    good.settings.max_retries = bad.settings.max_retries = teapot.settings.max_retries = 1;
    bad.settings.statuses = teapot.settings.statuses = teapots;
    ck_assert_int_eq(times_repeated(&good), 0);
    ck_assert_int_eq(times_repeated(&bad), 0);
    ck_assert_int_eq(times_repeated(&teapot), 1);
}

TEST(other_methods_are_retried_only_where_the_policy_says_so)
{
    struct scene scene = answer(503);

    scene.settings.max_retries = 1;
    scene.end.is_idempotent = false;
    ck_assert_int_eq(times_repeated(&scene), 0);
    scene.settings.covers_any_method = true;
    ck_assert_int_eq(times_repeated(&scene), 1);
}

TEST(errors_are_retried_as_the_policy_says)
{
    struct scene refused = failure(H2CLIENT_ERROR_CONNECT_REFUSED, H2CLIENT_REPLAY_NEVER_SENT);
    struct scene untrusted = failure(H2CLIENT_ERROR_TLS_UNTRUSTED, H2CLIENT_REPLAY_NEVER_SENT);

    refused.settings.max_retries = untrusted.settings.max_retries = 1;
    ck_assert_int_eq(times_repeated(&refused), 1);
    ck_assert_int_eq(times_repeated(&untrusted), 0);
    untrusted.settings.errors = H2CLIENT_RETRY_ERRORS_ALL;
    ck_assert_int_eq(times_repeated(&untrusted), 1);
    refused.counts.n_retries = 0;
    refused.settings.errors = H2CLIENT_RETRY_ERRORS_NONE;
    ck_assert_int_eq(times_repeated(&refused), 0);
}

TEST(the_callers_own_errors_and_total_limit_are_never_retried)
{
    static const h2client_error_code codes[] = {
        H2CLIENT_ERROR_CANCELLED,   H2CLIENT_ERROR_URL_MALFORMED,  H2CLIENT_ERROR_NO_MEMORY,
        H2CLIENT_ERROR_UPLOAD_READ, H2CLIENT_ERROR_BODY_TOO_LARGE, H2CLIENT_ERROR_QUEUE_FULL};
    struct scene total = failure(H2CLIENT_ERROR_TIMEOUT, H2CLIENT_REPLAY_MAYBE_PROCESSED);

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct scene scene = failure(codes[i], H2CLIENT_REPLAY_NEVER_SENT);
        scene.settings.max_retries = 1;
        scene.settings.errors = H2CLIENT_RETRY_ERRORS_ALL;
        ck_assert_msg(times_repeated(&scene) == 0, "%s", h2client_error_name(codes[i]));
    }
    total.outcome.fault.limit = H2CLIENT_LIMIT_TOTAL;
    total.settings.max_retries = 1;
    total.settings.errors = H2CLIENT_RETRY_ERRORS_ALL;
    ck_assert_int_eq(times_repeated(&total), 0);
}

TEST(delays_double_up_to_their_maximum)
{
    static const int64_t expected_ms[] = {1000, 2000, 4000, 5000, 5000};
    struct scene scene = answer(503);

    scene.settings.max_retries = 5;
    scene.settings.has_jitter = false;
    scene.settings.max_delay_us = 5 * S;
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(decide(&scene).delay_us, expected_ms[i] * MS);
}

TEST(full_jitter_stays_below_the_delay)
{
    struct scene scene = answer(503);

    scene.settings.max_retries = 1000;
    for (uint64_t i = 0; i < 200; i++) {
        scene.counts.n_retries = 1;
        scene.end.random = i * UINT64_C(0x9e3779b97f4a7c15);
        ck_assert_int_le(decide(&scene).delay_us, 2 * S);
    }
}

TEST(an_endless_base_delay_does_not_overflow)
{
    struct scene scene = answer(503);

    scene.settings.max_retries = 3;
    scene.settings.has_jitter = false;
    scene.settings.base_delay_us = INT64_MAX / 3 * 2;
    scene.settings.max_delay_us = INT64_MAX;
    decide(&scene);
    ck_assert_int_eq(decide(&scene).delay_us, INT64_MAX);
}

/* ---- Retry-After ------------------------------------------------------------------------ */

TEST(retry_after_is_obeyed_up_to_its_cap)
{
    struct scene scene = answer(429);

    scene.settings.max_retries = 2;
    scene.end.retry_after_us = 60 * S;
    ck_assert_int_eq(decide(&scene).delay_us, 60 * S);
    scene.end.retry_after_us = 60 * S + 1;
    ck_assert_int_eq(decide(&scene).kind, H2I_RETRY_NONE);
}

TEST(a_retry_that_would_begin_too_late_is_not_made)
{
    struct scene scene = answer(429);

    scene.settings.max_retries = 1;
    scene.settings.max_elapsed_us = 10 * S;
    scene.end.retry_after_us = 5 * S;
    scene.end.elapsed_us = 5 * S + 1;
    ck_assert_int_eq(decide(&scene).kind, H2I_RETRY_NONE);
    scene.end.elapsed_us = 5 * S;
    ck_assert_int_eq(decide(&scene).kind, H2I_RETRY_BY_POLICY);
}

TEST(retry_after_is_seconds_or_a_date)
{
    ck_assert_int_eq(h2i_retry_after_us("120", 0), 120 * S);
    ck_assert_int_eq(h2i_retry_after_us("Sun, 06 Nov 1994 08:49:37 GMT", 784111770), 7 * S);
    ck_assert_int_eq(h2i_retry_after_us("Sun, 06 Nov 1994 08:49:37 GMT", 784111780), 0);
    ck_assert_int_eq(h2i_retry_after_us(NULL, 0), -1);
    ck_assert_int_eq(h2i_retry_after_us("soon", 0), -1);
    ck_assert_int_eq(h2i_retry_after_us("-1", 0), -1);
    ck_assert_int_eq(h2i_retry_after_us("", 0), -1);
    ck_assert_int_eq(h2i_retry_after_us("99999999999999999999", 0), INT64_MAX); /* for ever */
}

/* ---- options --------------------------------------------------------------------------- */

static void expect_refused(const h2client_retry_options *options, const char *name)
{
    struct h2i_retry_settings settings = *h2i_retry_defaults();
    char buf[200];
    struct h2i_text why = h2i_text(buf, sizeof buf);

    ck_assert_int_eq(h2i_retry_apply(&settings, options, &why), H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_msg(strstr(buf, name) != NULL, "%s", buf);
}

TEST(bad_options_are_refused_by_name)
{
    expect_refused(H2CLIENT_RETRY(.max_retries = -1), "retry.max_retries");
    expect_refused(H2CLIENT_RETRY(.max_replays = INT64_MAX), "retry.max_replays");
    expect_refused(H2CLIENT_RETRY(.base_delay_ms = -5), "retry.base_delay_ms");
    expect_refused(H2CLIENT_RETRY(.jitter = (h2client_switch)7), "retry.jitter");
    expect_refused(H2CLIENT_RETRY(.errors = (h2client_retry_errors)9), "retry.errors");
}

TEST(none_is_none)
{
    struct h2i_retry_settings settings = *h2i_retry_defaults();
    struct h2i_text why = h2i_text(NULL, 0);

    ck_assert_int_eq(h2i_retry_apply(&settings, H2CLIENT_RETRY(.max_replays = H2CLIENT_NONE), &why),
                     H2CLIENT_OK);
    ck_assert_int_eq(settings.max_replays, 0);
}

TEST(zero_inherits)
{
    struct h2i_retry_settings settings = *h2i_retry_defaults();
    struct h2i_text why = h2i_text(NULL, 0);

    settings.max_retries = 7;
    ck_assert_int_eq(h2i_retry_apply(&settings, H2CLIENT_RETRY(.base_delay_ms = 5), &why),
                     H2CLIENT_OK);
    ck_assert_int_eq(settings.max_retries, 7);
    ck_assert_int_eq(settings.base_delay_us, 5 * MS);
    ck_assert(settings.has_jitter);
}

/* ---- the bucket -------------------------------------------------------------------------- */

TEST(a_bucket_holds_a_hundred_tokens)
{
    struct h2i_retry_bucket bucket;
    int n = 0;

    h2i_retry_bucket_init(&bucket);
    while (h2i_retry_bucket_take(&bucket))
        n++;
    ck_assert_int_eq(n, 100);
}

TEST(five_successes_give_a_token_back)
{
    struct h2i_retry_bucket bucket;

    h2i_retry_bucket_init(&bucket);
    while (h2i_retry_bucket_take(&bucket))
        ;
    for (int i = 0; i < 9; i++)
        h2i_retry_bucket_note_success(&bucket);
    ck_assert(h2i_retry_bucket_take(&bucket));
    ck_assert(!h2i_retry_bucket_take(&bucket));
}

TEST(a_bucket_never_holds_more)
{
    struct h2i_retry_bucket bucket;

    h2i_retry_bucket_init(&bucket);
    for (int i = 0; i < 1000; i++)
        h2i_retry_bucket_note_success(&bucket);
    ck_assert_int_eq(bucket.n_tokens, 100);
}

TEST_MAIN("retry_decision", {T(what_was_never_sent_is_repeated_twice_for_any_method)},
          {T(a_stale_connections_last_word_is_no_answer)},
          {T(what_was_unprocessed_is_repeated_twice_for_any_method)},
          {T(what_may_have_been_processed_is_repeated_once)},
          {T(what_may_have_been_processed_is_never_repeated_unless_idempotent)},
          {T(after_a_head_nothing_is_replayed)}, {T(a_body_that_is_gone_is_not_repeated)},
          {T(a_connection_that_could_not_be_made_is_no_replay)},
          {T(what_a_server_breaks_it_would_break_again)},
          {T(the_first_replay_is_at_once_unless_refused)},
          {T(what_was_lost_waits_for_half_of_its_delay_at_least)},
          {T(refusals_draw_on_the_bucket_and_dead_connections_do_not)},
          {T(a_stream_refused_before_the_limit_was_known_costs_nothing)},
          {T(misdirected_goes_elsewhere_once)},
          {T(http11_required_falls_back_once_where_that_is_allowed)},
          {T(a_status_is_retried_by_policy_only)}, {T(only_statuses_of_the_policy_are_retried)},
          {T(other_methods_are_retried_only_where_the_policy_says_so)},
          {T(errors_are_retried_as_the_policy_says)},
          {T(the_callers_own_errors_and_total_limit_are_never_retried)},
          {T(delays_double_up_to_their_maximum)}, {T(full_jitter_stays_below_the_delay)},
          {T(an_endless_base_delay_does_not_overflow)}, {T(retry_after_is_obeyed_up_to_its_cap)},
          {T(a_retry_that_would_begin_too_late_is_not_made)}, {T(retry_after_is_seconds_or_a_date)},
          {T(bad_options_are_refused_by_name)}, {T(none_is_none)}, {T(zero_inherits)},
          {T(a_bucket_holds_a_hundred_tokens)}, {T(five_successes_give_a_token_back)},
          {T(a_bucket_never_holds_more)})
