/* SPDX-License-Identifier: MIT */
/* Calls from start to end: what a user of the facade relies on. */
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

TEST(facade_get_gives_status_headers_and_body)
{
    struct h2t_rig rig;
    h2client_call *call;
    const h2client_response *resp;

    h2t_rig_start(&rig);
    call = h2client_get(rig.session, H2T_ORIGIN "/hello?x=1");
    resp = h2client_call_await(call);
    ck_assert_ptr_nonnull(resp);
    ck_assert_int_eq(h2client_response_status(resp), 200);
    ck_assert_str_eq(h2client_response_body(resp).data, "ok");
    ck_assert_str_eq(h2client_response_http_version(resp), "2");
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_OK);
    ck_assert_int_eq(h2client_call_get_info(call)->stream_id, 1);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(facade_error_is_pending_until_the_end)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_start(&rig);
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_PENDING);
    ck_assert_ptr_null(h2client_call_response(call));
    h2client_call_await(call);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_OK);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(facade_null_is_a_valid_argument_everywhere)
{
    size_t n = 7;
    char byte;

    ck_assert_ptr_null(h2client_get(NULL, H2T_ORIGIN "/"));
    ck_assert_ptr_null(h2client_call_await(NULL));
    ck_assert_ptr_null(h2client_call_await_response(NULL));
    ck_assert_ptr_null(h2client_call_response(NULL));
    ck_assert_int_eq(h2client_call_error(NULL)->code, H2CLIENT_ERROR_NO_MEMORY);
    ck_assert_int_eq(h2client_call_read(NULL, &byte, 1, &n), H2CLIENT_ERROR_NO_MEMORY);
    ck_assert_uint_eq(n, 0);
    ck_assert_int_eq(h2client_response_status(NULL), 0);
    ck_assert_str_eq(h2client_response_body(NULL).data, "");
    ck_assert_int_eq(h2client_session_error(NULL)->code, H2CLIENT_ERROR_NO_MEMORY);
    ck_assert_int_eq(h2client_session_dispatch(NULL, 0), H2CLIENT_ERROR_NO_MEMORY);
    ck_assert_uint_eq(h2client_wait_any(NULL, 0), 0);
    h2client_call_cancel(NULL);
    h2client_call_destroy(NULL);
    h2client_session_destroy(NULL);
}
END_TEST

static void start_burst(struct h2t_rig *rig, h2client_call **calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        calls[i] = h2client_get(rig->session, H2T_ORIGIN "/");
}

static void finish_burst(h2client_call **calls, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ck_assert_str_eq(h2client_response_body(h2client_call_response(calls[i])).data, "ok");
        h2client_call_destroy(calls[i]);
    }
}

TEST(facade_cold_burst_makes_one_connection_and_one_lookup)
{
    static h2client_call *calls[1000];
    struct h2t_rig rig;
    h2client_session_stats stats = {.size = sizeof stats};

    h2t_rig_init(&rig);
    rig.dialer.wants_addresses = true;
    h2t_rig_open(&rig, NULL);
    start_burst(&rig, calls, 1000);
    ck_assert_int_eq(h2client_gather(calls, 1000), H2CLIENT_OK);
    finish_burst(calls, 1000);
    h2client_session_get_stats(rig.session, &stats);
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    ck_assert_uint_eq(rig.tls.n_handshakes, 1);
    ck_assert_uint_eq(stats.n_lookups, 1);
    ck_assert_uint_eq(stats.n_streams, 1000);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(facade_stream_limit_of_one_serves_all_on_one_connection)
{
    h2client_call *calls[20];
    struct h2t_rig rig;

    h2t_rig_init(&rig);
    rig.plan.peer.max_concurrent_streams = 1;
    h2t_rig_open(&rig, NULL);
    start_burst(&rig, calls, 20);
    h2client_gather(calls, 20);
    finish_burst(calls, 20);
    ck_assert_uint_eq(rig.dialer.n_dials, 1);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(facade_bad_url_is_the_outcome)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_start(&rig);
    call = h2client_get(rig.session, "https://exa mple.com/");
    ck_assert_ptr_nonnull(call);
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_URL_MALFORMED);
    ck_assert_int_eq(h2client_call_error(call)->exit_code, 3);
    ck_assert_uint_eq(rig.dialer.n_dials, 0);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(facade_post_sends_its_body)
{
    struct h2t_rig rig;
    h2client_call *call;
    const struct h2t_seen_request *seen;

    h2t_rig_start(&rig);
    call = h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_TEXT("abc=def"));
    ck_assert_ptr_nonnull(h2client_call_await(call));
    seen = h2t_peer_request(h2t_rig_peer(&rig, 0), 0);
    ck_assert_uint_eq(seen->body_len, 7);
    ck_assert_mem_eq(seen->body, "abc=def", 7);
    ck_assert(seen->is_complete);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

static void hold(struct h2t_peer *peer, const struct h2t_seen_request *request,
                 struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    response->is_held = true;
}

TEST(facade_total_timeout_fires_on_the_microsecond)
{
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = hold;
    h2t_rig_open(&rig, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .total_timeout_ms = 1500);
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_TIMEOUT);
    ck_assert_int_eq(h2client_call_error(call)->limit, H2CLIENT_LIMIT_TOTAL);
    ck_assert_int_eq(h2client_call_error(call)->elapsed_us, 1500000);
    h2client_call_destroy(call);
    h2t_rig_turn(&rig, 3);
    ck_assert_int_eq(h2t_peer_last(h2t_rig_peer(&rig, 0), 3, 1)->error_code, 8);
    h2t_rig_finish(&rig);
}
END_TEST

TEST_MAIN("facade", {T(facade_get_gives_status_headers_and_body)},
          {T(facade_error_is_pending_until_the_end)},
          {T(facade_null_is_a_valid_argument_everywhere)},
          {T(facade_cold_burst_makes_one_connection_and_one_lookup)},
          {T(facade_stream_limit_of_one_serves_all_on_one_connection)},
          {T(facade_bad_url_is_the_outcome)}, {T(facade_post_sends_its_body)},
          {T(facade_total_timeout_fires_on_the_microsecond)})
