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

TEST_MAIN("facade_misuse", {T(misuse_read_inside_a_callback_is_reentrant_and_takes_nothing)},
          {T(misuse_read_without_a_place_for_the_count_is_refused)},
          {T(misuse_cancel_counts_though_all_bytes_have_come)},
          {T(misuse_host_field_that_is_no_host_is_refused)})
