/* SPDX-License-Identifier: MIT */
/* What a caller does wrong, or at an odd moment: a clear answer, and nothing is lost. */
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

static void read_inside(h2client_call *call, const h2client_response *resp, void *user)
{
    char buf[1];
    size_t n = 9;

    (void)resp;
    *(h2client_error_code *)user = h2client_call_read(call, buf, sizeof buf, &n);
    ck_assert_uint_eq(n, 0);
}

TEST(misuse_read_inside_a_callback_is_reentrant_and_takes_nothing)
{
    struct h2t_rig rig;
    h2client_error_code inside = H2CLIENT_OK;

    h2t_rig_start(&rig);
    h2client_call *call =
        h2client_get(rig.session, H2T_ORIGIN "/", .on_response = read_inside, .user = &inside);
    ck_assert_str_eq(h2client_response_body(h2client_call_await(call)).data, "ok");
    ck_assert_int_eq(inside, H2CLIENT_ERROR_REENTRANT);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(misuse_read_without_a_place_for_the_count_is_refused)
{
    struct h2t_rig rig;
    char buf[4];

    h2t_rig_start(&rig);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/");
    ck_assert_int_eq(h2client_call_read(call, buf, sizeof buf, NULL),
                     H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_int_eq(h2client_call_try_read(call, buf, sizeof buf, NULL),
                     H2CLIENT_ERROR_INVALID_ARGUMENT);
    h2client_session_get_stats(rig.session, NULL);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

static size_t cancel_on_data(h2client_call *call, const void *data, size_t len, void *user)
{
    (void)data, (void)user;
    h2client_call_cancel(call);
    return len;
}

TEST(misuse_cancel_counts_though_all_bytes_have_come)
{
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/", .on_data = cancel_on_data);
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_ERROR_CANCELLED);
    ck_assert_int_eq(h2client_call_error(call)->replay_class, H2CLIENT_REPLAY_MAYBE_PROCESSED);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

static void assert_refused_host(struct h2t_rig *rig, const char *host)
{
    const h2client_header headers[] = {{"host", host}, {NULL, NULL}};
    h2client_call *call = h2client_get(rig->session, H2T_ORIGIN "/", .headers = headers);

    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_HEADER_INVALID);
    ck_assert_ptr_nonnull(strstr(h2client_call_error(call)->message, "host"));
    h2client_call_destroy(call);
}

TEST(misuse_host_field_that_is_no_host_is_refused)
{
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    assert_refused_host(&rig, "bad host");
    assert_refused_host(&rig, "a/b");
    assert_refused_host(&rig, "user@a");
    assert_refused_host(&rig, "");
    ck_assert_uint_eq(rig.dialer.n_dials, 0);
    h2t_rig_finish(&rig);
}
END_TEST

struct fates {
    h2client_call *call;
    int n_data;
    int n_done;
};

static size_t count_data(h2client_call *call, const void *data, size_t len, void *user)
{
    (void)call, (void)data;
    ((struct fates *)user)->n_data++;
    return len;
}

static void count_done(h2client_call *call, const h2client_error *error, void *user)
{
    (void)call, (void)error;
    ((struct fates *)user)->n_done++;
}

static void pause_it(h2client_call *call, const h2client_response *resp, void *user)
{
    (void)resp, (void)user;
    h2client_call_pause(call);
}

static h2client_pull_result never(void *buf, size_t cap, size_t *n, void *user)
{
    (void)buf, (void)cap, (void)n, (void)user;
    return H2CLIENT_PULL_NOT_NOW;
}

static void answer_early(struct h2t_peer *peer, const struct h2t_seen_request *request,
                         struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    response->status = 200;
    response->body_len = 1000000;
}

/* It was paused, and its upload waited, when its time was up. */
TEST(misuse_resuming_what_has_ended_brings_no_callback_after_on_done)
{
    struct fates fates = {.n_data = 0};
    struct h2t_rig rig;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = answer_early;
    h2t_rig_open(&rig, NULL);
    h2client_call *call =
        h2client_post(rig.session, H2T_ORIGIN "/", .on_response = pause_it, .on_data = count_data,
                      .on_done = count_done, .user = &fates, .total_timeout_ms = 1000,
                      .body = H2CLIENT_PULL(never, NULL, H2CLIENT_LENGTH_UNKNOWN));
    h2t_rig_run_ms(&rig, 2000);
    ck_assert_int_eq(fates.n_done, 1);
    h2client_call_resume(call);
    h2client_call_resume_upload(call);
    h2t_rig_turn(&rig, 5);
    ck_assert_int_eq(fates.n_data, 0);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

static void resume_it(void *user)
{
    h2client_call_resume(((struct fates *)user)->call);
}

/* The release function is the last chance to: the end is settled right after. */
TEST(misuse_resume_in_the_release_function_brings_no_callback_after_on_done)
{
    struct fates fates = {.n_data = 0};
    struct h2t_rig rig;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = answer_early;
    h2t_rig_open(&rig, NULL);
    fates.call = h2client_post(
        rig.session, H2T_ORIGIN "/", .on_response = pause_it, .on_data = count_data,
        .on_done = count_done, .user = &fates, .total_timeout_ms = 1000,
        .body = H2CLIENT_BODY(.data = "x", .len = 1, .release = resume_it, .user = &fates));
    h2t_rig_run_ms(&rig, 2000);
    ck_assert_int_eq(fates.n_done, 1);
    ck_assert_int_eq(fates.n_data, 0);
    h2client_call_destroy(fates.call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST_MAIN("facade_misuse", {T(misuse_read_inside_a_callback_is_reentrant_and_takes_nothing)},
          {T(misuse_read_without_a_place_for_the_count_is_refused)},
          {T(misuse_cancel_counts_though_all_bytes_have_come)},
          {T(misuse_host_field_that_is_no_host_is_refused)},
          {T(misuse_resuming_what_has_ended_brings_no_callback_after_on_done)},
          {T(misuse_resume_in_the_release_function_brings_no_callback_after_on_done)})
