/* SPDX-License-Identifier: MIT */
/*
 * The HTTP/2 core and its users in the library: limits, budget and windows, what a
 * request looks like on the wire, uploads, and whether a request may be sent again.
 */
#include <string.h>

#include "h2client/h2/h2_internal.h"
#include "tests/support/core_rig.h"

static const h2client_header head_with_length_5[] = {
    {":status", "200"}, {"content-length", "5"}, {NULL, NULL}};

static bool text_has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* ---- room ---------------------------------------------------------------- */

TEST(a_hundred_streams_are_open_at_most_before_the_servers_settings)
{
    EACH_CUT (core) {
        h2t_core_start_silent(core);
        ck_assert_uint_eq(core->conn->max_open, 100);
        for (int i = 0; i < 100; i++)
            h2t_core_get(core);
        struct h2t_exchange *one_more = h2t_core_prepare(core, "GET", "/");
        h2t_exchange_submit(one_more);
        ck_assert_int_eq(one_more->submitted, H2CLIENT_PENDING);
        ck_assert_uint_eq(core->conn->n_open, 100);
    }
}

TEST(our_own_limit_counts_where_it_is_lower)
{
    EACH_CUT (core) {
        core->config.max_streams = 2;
        h2t_core_start(core, &(struct h2t_peer_config){.max_concurrent_streams = 10});
        ck_assert_uint_eq(core->conn->max_open, 2);
    }
}

TEST(a_change_of_the_limit_is_told)
{
    EACH_CUT (core) {
        h2t_core_start(core, &(struct h2t_peer_config){.max_concurrent_streams = H2T_PEER_ZERO});
        unsigned n_changes = core->n_changes;
        ck_assert_uint_eq(core->conn->max_open, 0);
        h2t_peer_settings(core->peer, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 7);
        h2t_core_run(core);
        ck_assert_uint_eq(core->conn->max_open, 7);
        ck_assert_uint_gt(core->n_changes, n_changes);
    }
}

TEST(a_full_budget_admits_no_second_stream_until_one_ends)
{
    EACH_CUT (core) {
        core->budget.max = 65536;
        h2t_core_start(core, NULL);
        struct h2t_exchange *first = h2t_core_get(core);
        struct h2t_exchange *second = h2t_core_prepare(core, "GET", "/");
        h2t_exchange_submit(second);
        ck_assert_int_eq(second->submitted, H2CLIENT_PENDING);
        h2t_core_run(core);
        h2t_expect_success(first, 200, "ok");
        ck_assert_int_eq(core->budget.used, 0);
        h2t_exchange_submit(second);
        h2t_core_run(core);
        h2t_expect_success(second, 200, "ok");
    }
}

TEST(the_first_stream_is_admitted_even_without_budget)
{
    EACH_CUT (core) {
        core->budget.used = core->budget.max;
        h2t_core_start(core, NULL);
        struct h2t_exchange *exchange = h2t_core_get(core);
        h2t_core_run(core);
        h2t_expect_success(exchange, 200, "ok");
        core->budget.used -= core->budget.max;
    }
}

/* Three streams, each with the head of a response of about a kilobyte. */
static void hold_three_heads(struct h2t_core *core, struct h2t_exchange *exchanges[3])
{
    static char value[1001];
    const h2client_header fields[] = {{":status", "200"}, {"x", value}, {NULL, NULL}};

    memset(value, 'x', sizeof value - 1);
    h2t_core_start_raw(core);
    for (int i = 0; i < 3; i++)
        exchanges[i] = h2t_core_get(core);
    h2t_core_run(core);
    for (int i = 0; i < 3; i++)
        h2t_headers(&core->raw, 2 * i + 1, fields, false, 0);
    h2t_core_raw(core);
}

TEST(header_fields_of_all_open_streams_are_bounded_together)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchanges[3];
        core->config.max_open_header_bytes = 2000;
        hold_three_heads(core, exchanges);
        ck_assert_uint_eq(exchanges[1]->n_heads, 1);
        h2t_expect_failure(exchanges[2], H2CLIENT_ERROR_HEADERS_TOO_LARGE, NGHTTP2_CANCEL);
        h2t_data(&core->raw, 1, "ok", 2, -1, true);
        h2t_data(&core->raw, 3, "ok", 2, -1, true);
        h2t_core_raw(core);
        h2t_expect_success(exchanges[0], 200, "ok");
        h2t_expect_success(exchanges[1], 200, "ok");
    }
}

TEST(a_stream_alone_may_have_header_fields_of_any_allowed_size)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchanges[3];
        core->config.max_open_header_bytes = 500;
        hold_three_heads(core, exchanges);
        h2t_expect_failure(exchanges[1], H2CLIENT_ERROR_HEADERS_TOO_LARGE, NGHTTP2_CANCEL);
        h2t_data(&core->raw, 1, "ok", 2, -1, true);
        h2t_core_raw(core);
        h2t_expect_success(exchanges[0], 200, "ok");
    }
}

TEST(no_stream_is_opened_once_the_ids_are_used_up)
{
    EACH_CUT (core) {
        h2t_core_start_raw(core);
        nghttp2_session_set_next_stream_id(h2i_h2_conn_of(core->conn)->session, INT32_MAX);
        struct h2t_exchange *last = h2t_core_get(core);
        ck_assert(!core->conn->accepts_new);
        struct h2t_exchange *more = h2t_core_prepare(core, "GET", "/");
        h2t_exchange_submit(more);
        ck_assert_int_eq(more->submitted, H2CLIENT_ERROR_H2_UNPROCESSED);
        h2t_core_run(core);
        h2t_core_raw_answer(core, INT32_MAX, "ok");
        h2t_expect_success(last, 200, "ok");
    }
}

/* ---- windows ------------------------------------------------------------- */

static void big_answer(struct h2t_peer *peer, const struct h2t_seen_request *request,
                       struct h2t_response *response, void *user)
{
    (void)peer, (void)request;
    response->status = 200;
    response->body_len = *(size_t *)user;
}

/* Small windows: each byte is handed over by itself in one of the cuts. */
static void start_with_windows(struct h2t_core *core, uint32_t at_first, uint32_t at_most)
{
    core->config.stream_window_bytes = at_first;
    core->config.max_stream_window_bytes = at_most;
    h2t_core_start_raw(core);
}

/* Reads so many kilobytes of a new stream's body; what the budget is charged then. */
static int64_t used_after_reading(struct h2t_core *core, int n_kilobytes)
{
    static char block[1024];
    struct h2t_exchange *exchange = h2t_core_get(core);

    h2t_core_run(core);
    h2t_core_raw_head(core, exchange->exchange.stream_id, false);
    for (int i = 0; i < n_kilobytes; i++) {
        h2t_data(&core->raw, exchange->exchange.stream_id, block, sizeof block, -1, false);
        h2t_core_raw(core);
    }
    return core->budget.used;
}

TEST(a_window_doubles_after_each_windowful)
{
    EACH_CUT (core) {
        start_with_windows(core, 4096, 65536);
        ck_assert_int_eq(used_after_reading(core, 3), 4096);
        h2t_exchange_cancel(core->exchanges[0], NGHTTP2_CANCEL);
        ck_assert_int_eq(used_after_reading(core, 4), 8192);
        h2t_exchange_cancel(core->exchanges[1], NGHTTP2_CANCEL);
        ck_assert_int_eq(used_after_reading(core, 12), 16384);
    }
}

TEST(a_grown_window_is_told_to_the_server)
{
    EACH_CUT (core) {
        start_with_windows(core, 4096, 65536);
        used_after_reading(core, 4);
        struct h2i_h2_conn *conn = h2i_h2_conn_of(core->conn);
        int64_t given = 0;
        for (size_t i = 0; i < h2t_peer_n_frames(core->peer); i++) {
            const struct h2t_seen_frame *frame = h2t_peer_frame(core->peer, i);
            if (frame->type == H2T_WINDOW_UPDATE && frame->stream_id == 1)
                given += frame->increment;
        }
        ck_assert_int_eq(given, 4096 + 4096); /* what was read, and the growth */
        ck_assert_int_eq(nghttp2_session_get_stream_local_window_size(conn->session, 1), 8192);
    }
}

TEST(a_window_stops_at_its_maximum)
{
    EACH_CUT (core) {
        start_with_windows(core, 4096, 10000);
        ck_assert_int_eq(used_after_reading(core, 40), 10000);
    }
}

TEST(a_window_does_not_grow_past_the_budget)
{
    EACH_CUT (core) {
        core->budget.max = 8191;
        start_with_windows(core, 4096, 65536);
        ck_assert_int_eq(used_after_reading(core, 8), 4096);
    }
}

TEST(grown_windows_leave_room_for_streams_to_come)
{
    EACH_CUT (core) {
        core->budget.max = 16384;
        start_with_windows(core, 4096, 65536);
        ck_assert_int_eq(used_after_reading(core, 60), 8192);
        for (int i = 0; i < 2; i++)
            ck_assert_int_eq(h2t_core_get(core)->submitted, H2CLIENT_OK);
    }
}

TEST(unread_streams_do_not_hold_the_connections_window)
{
    size_t len = 4096;

    EACH_CUT (core) {
        core->config.stream_window_bytes = 4096;
        core->config.conn_window_bytes = 65535;
        h2t_core_start(core, &(struct h2t_peer_config){.on_request = big_answer, .user = &len});
        for (int i = 0; i < 17; i++) {
            struct h2t_exchange *paused = h2t_core_get(core);
            paused->is_paused = true;
            h2t_core_run(core);
            ck_assert_uint_eq(paused->n_uncredited, 4096);
        }
        ck_assert_uint_eq(h2t_peer_count(core->peer, H2T_WINDOW_UPDATE, 1), 0);
        struct h2t_exchange *other = h2t_core_get(core);
        h2t_core_run(core);
        h2t_expect_success(other, 200, NULL);
    }
}

TEST(a_stream_that_overruns_its_window_is_reset_alone)
{
    static char block[1024];

    EACH_CUT (core) {
        start_with_windows(core, 4096, 4096);
        struct h2t_exchange *exchange = h2t_core_get(core);
        exchange->is_paused = true;
        h2t_core_run(core);
        h2t_core_raw_head(core, 1, false);
        for (int i = 0; i < 5; i++)
            h2t_data(&core->raw, 1, block, sizeof block, -1, false);
        h2t_core_raw(core);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_FLOW_CONTROL, NGHTTP2_FLOW_CONTROL_ERROR);
        ck_assert_uint_eq(exchange->body.len, 4096);
        h2t_expect_reset(core, 1, NGHTTP2_FLOW_CONTROL_ERROR);
        h2t_expect_usable(core);
    }
}

TEST(bytes_above_content_length_are_never_delivered)
{
    EACH_CUT (core) {
        h2t_core_start_raw(core);
        struct h2t_exchange *exchange = h2t_core_get(core);
        h2t_core_run(core);
        h2t_headers(&core->raw, 1, head_with_length_5, false, 0);
        h2t_data(&core->raw, 1, "abc", 3, -1, false);
        h2t_data(&core->raw, 1, "defg", 4, -1, true);
        h2t_core_raw(core);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_BODY_LENGTH, NGHTTP2_PROTOCOL_ERROR);
        ck_assert_uint_eq(exchange->body.len, 3);
        h2t_expect_reset(core, 1, NGHTTP2_PROTOCOL_ERROR);
    }
}

/* ---- requests ------------------------------------------------------------ */

static const char *sent_length(struct h2t_core *core, const char *method, bool has_body,
                               int64_t body_len)
{
    struct h2t_exchange *exchange = h2t_core_prepare(core, method, "/");

    exchange->request.has_body = has_body;
    exchange->request.body_len = body_len;
    exchange->upload.len = body_len > 0 ? (size_t)body_len : 0;
    h2t_exchange_submit(exchange);
    h2t_core_run(core);
    const struct h2t_seen_frame *head =
        h2t_peer_last(core->peer, H2T_HEADERS, exchange->exchange.stream_id);
    const char *value = h2i_fields_find(head->fields, "content-length");
    return value ? value : "none";
}

TEST(content_length_is_sent_where_it_means_something)
{
    EACH_CUT (core) {
        h2t_core_start(core, NULL);
        ck_assert_str_eq(sent_length(core, "GET", false, -1), "none");
        ck_assert_str_eq(sent_length(core, "GET", true, 0), "none");
        ck_assert_str_eq(sent_length(core, "DELETE", false, -1), "none");
        ck_assert_str_eq(sent_length(core, "POST", false, -1), "0");
        ck_assert_str_eq(sent_length(core, "PUT", true, 0), "0");
        ck_assert_str_eq(sent_length(core, "POST", true, 12), "12");
        ck_assert_str_eq(sent_length(core, "DELETE", true, 3), "3");
        ck_assert_str_eq(sent_length(core, "POST", true, -1), "none");
    }
}

/* How the block's field of that name stood on the wire. */
static uint8_t wire_flags(const struct h2t_seen_frame *head, const char *name)
{
    nghttp2_hd_inflater *inflater;
    const uint8_t *in = head->payload;
    size_t left = head->len;
    uint8_t found = 0xff;
    int flags = 0;

    ck_assert_int_eq(nghttp2_hd_inflate_new(&inflater), 0);
    while (!(flags & NGHTTP2_HD_INFLATE_FINAL)) {
        nghttp2_nv field;
        ssize_t n = nghttp2_hd_inflate_hd2(inflater, &field, &flags, in, left, 1);
        ck_assert_int_ge(n, 0);
        in += n;
        left -= (size_t)n;
        if ((flags & NGHTTP2_HD_INFLATE_EMIT) && strcmp((char *)field.name, name) == 0)
            found = field.flags;
    }
    nghttp2_hd_inflate_del(inflater);
    return found;
}

TEST(secrets_are_sent_as_never_indexed_literals)
{
    static const h2client_header fields[] = {{"authorization", "Basic Zm9vOmJhcg=="},
                                             {"cookie", "a=a long enough value for a table"},
                                             {"x-plain", "value"},
                                             {NULL, NULL}};

    EACH_CUT (core) {
        h2t_core_start(core, NULL);
        struct h2t_exchange *exchange = h2t_core_prepare(core, "GET", "/");
        exchange->request.fields = fields;
        exchange->request.n_fields = 3;
        h2t_exchange_submit(exchange);
        h2t_core_run(core);
        const struct h2t_seen_frame *head = h2t_peer_last(core->peer, H2T_HEADERS, 1);
        ck_assert_uint_eq(wire_flags(head, "authorization"), NGHTTP2_NV_FLAG_NO_INDEX);
        ck_assert_uint_eq(wire_flags(head, "cookie"), NGHTTP2_NV_FLAG_NO_INDEX);
        ck_assert_uint_eq(wire_flags(head, "x-plain"), NGHTTP2_NV_FLAG_NONE);
    }
}

/* ---- uploads ------------------------------------------------------------- */

static void expect_upload_failure(struct h2t_core *core, const struct h2t_exchange *exchange,
                                  h2client_error_code code)
{
    const struct h2t_seen_request *request;

    h2t_core_run(core);
    h2t_expect_failure(exchange, code, NGHTTP2_CANCEL);
    h2t_expect_reset(core, 1, NGHTTP2_CANCEL);
    request = h2t_peer_request(core->peer, 0);
    ck_assert(request->was_reset && !request->is_complete);
    h2t_expect_usable(core);
}

TEST(an_upload_shorter_than_declared_is_cancelled)
{
    EACH_CUT (core) {
        h2t_core_start(core, NULL);
        expect_upload_failure(core, h2t_core_post(core, NULL, 40000, 40001),
                              H2CLIENT_ERROR_UPLOAD_LENGTH);
    }
}

TEST(an_upload_longer_than_declared_is_cancelled_before_its_end)
{
    EACH_CUT (core) {
        h2t_core_start(core, NULL);
        struct h2t_exchange *exchange = h2t_core_post(core, NULL, 40000, 39999);
        expect_upload_failure(core, exchange, H2CLIENT_ERROR_UPLOAD_LENGTH);
        ck_assert_uint_le(exchange->upload.n_read, 40000);
    }
}

/* Answers uploads only when told to. */
static void hold_uploads(struct h2t_peer *peer, const struct h2t_seen_request *request,
                         struct h2t_response *response, void *user)
{
    (void)peer, (void)user;
    response->status = 200;
    response->is_held = strcmp(request->fields[0].value, "POST") == 0;
}

TEST(surplus_that_comes_late_is_found_too)
{
    EACH_CUT (core) {
        h2t_core_start(core, &(struct h2t_peer_config){.on_request = hold_uploads});
        struct h2t_exchange *exchange = h2t_core_post(core, "abcdef", 6, 5);
        exchange->upload.n_ready = 5;
        h2t_core_run(core);
        ck_assert_uint_eq(exchange->upload.n_sent, 5);
        ck_assert(!exchange->upload.was_last_sent);
        h2t_exchange_more_upload(exchange, SIZE_MAX);
        expect_upload_failure(core, exchange, H2CLIENT_ERROR_UPLOAD_LENGTH);
    }
}

TEST(a_body_that_cannot_be_read_cancels_the_stream)
{
    EACH_CUT (core) {
        h2t_core_start(core, NULL);
        struct h2t_exchange *exchange = h2t_core_post(core, NULL, 30000, -1);
        exchange->upload.fails_at_end = true;
        expect_upload_failure(core, exchange, H2CLIENT_ERROR_UPLOAD_READ);
    }
}

/* Says that there is no more only when asked again. */
static enum h2i_body_result read_then_end(struct h2i_exchange *base, void *buf, size_t cap,
                                          size_t *n)
{
    struct h2t_exchange *exchange = (struct h2t_exchange *)(void *)base;
    size_t left = exchange->upload.len - exchange->upload.n_read;

    *n = left < cap ? left : cap;
    memset(buf, 'x', *n);
    exchange->upload.n_read += *n;
    return left ? H2I_BODY_MORE : H2I_BODY_END;
}

TEST(an_upload_whose_end_is_told_apart_needs_no_empty_frame)
{
    EACH_CUT (core) {
        h2t_core_start(core, &(struct h2t_peer_config){.on_request = hold_uploads});
        struct h2t_exchange *exchange = h2t_core_post(core, NULL, 5, 5);
        struct h2i_exchange_events events = *exchange->exchange.events;
        events.read_body = read_then_end;
        exchange->exchange.events = &events;
        h2t_core_run(core);
        ck_assert(h2t_peer_request(core->peer, 0)->is_complete);
        ck_assert_uint_eq(h2t_peer_count(core->peer, H2T_DATA, 1), 1);
        h2t_peer_answer(core->peer, 1, &(struct h2t_response){.status = 200});
        h2t_core_run(core);
        h2t_expect_success(exchange, 200, "");
    }
}

TEST(an_upload_that_pauses_goes_on_when_resumed)
{
    EACH_CUT (core) {
        h2t_core_start(core, &(struct h2t_peer_config){.on_request = hold_uploads});
        struct h2t_exchange *exchange = h2t_core_post(core, NULL, 1000, 1000);
        exchange->upload.n_ready = 0;
        for (int i = 0; i < 10; i++) {
            h2t_core_run(core);
            ck_assert_uint_eq(exchange->upload.n_sent, (size_t)i * 100);
            h2t_exchange_more_upload(exchange, 100);
        }
        h2t_core_run(core);
        ck_assert(exchange->upload.was_last_sent);
        h2t_peer_answer(core->peer, 1, &(struct h2t_response){.status = 200});
        h2t_core_run(core);
        h2t_expect_success(exchange, 200, "");
    }
}

/* ---- replay classes ------------------------------------------------------ */

TEST(a_request_of_which_nothing_went_out_was_never_sent)
{
    EACH_CUT (core) {
        h2t_core_start_raw(core);
        struct h2t_exchange *exchange = h2t_core_get(core);
        h2t_core_end_input(core, NULL);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_EMPTY_REPLY, -1);
        ck_assert_int_eq(exchange->outcome.replay_class, H2CLIENT_REPLAY_NEVER_SENT);
    }
}

TEST(a_request_that_went_out_may_have_been_processed)
{
    EACH_CUT (core) {
        h2t_core_start_raw(core);
        struct h2t_exchange *exchange = h2t_core_get(core);
        h2t_core_run(core);
        h2t_core_end_input(core, NULL);
        ck_assert_int_eq(exchange->outcome.replay_class, H2CLIENT_REPLAY_MAYBE_PROCESSED);
    }
}

TEST(goaway_sorts_streams_into_gone_on_unprocessed_and_never_sent)
{
    EACH_CUT (core) {
        h2t_core_start_raw(core);
        struct h2t_exchange *taken = h2t_core_get(core);
        struct h2t_exchange *above = h2t_core_get(core);
        h2t_core_run(core);
        struct h2t_exchange *unsent = h2t_core_get(core);
        h2t_goaway(&core->raw, 1, NGHTTP2_NO_ERROR, "bye\n");
        h2t_peer_send_raw(core->peer, core->raw.data, core->raw.len);
        core->raw.len = 0;
        h2t_core_feed(core);
        ck_assert_int_eq(above->outcome.replay_class, H2CLIENT_REPLAY_UNPROCESSED);
        ck_assert_int_eq(unsent->outcome.replay_class, H2CLIENT_REPLAY_NEVER_SENT);
        h2t_expect_failure(above, H2CLIENT_ERROR_H2_UNPROCESSED, NGHTTP2_NO_ERROR);
        ck_assert(text_has(above->outcome.fault.text, "\"bye\\x0a\""));
        ck_assert_uint_eq(core->conn->n_open, 1);
        h2t_core_raw_answer(core, 1, "ok");
        h2t_expect_success(taken, 200, "ok");
    }
}

TEST(a_broken_transport_is_passed_on_as_it_is)
{
    const h2client_fault fault = {.code = H2CLIENT_ERROR_CONNECTION_RESET,
                                  .system_errno = 104,
                                  .tls_alert = -1,
                                  .text = "reset"};

    EACH_CUT (core) {
        h2t_core_start_raw(core);
        struct h2t_exchange *exchange = h2t_core_get(core);
        h2t_core_run(core);
        h2t_core_end_input(core, &fault);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_CONNECTION_RESET, -1);
        ck_assert_int_eq(exchange->outcome.fault.system_errno, 104);
        ck_assert_int_eq(core->conn->failure.fault.code, H2CLIENT_ERROR_CONNECTION_RESET);
    }
}

TEST_MAIN("h2_core", {T(a_hundred_streams_are_open_at_most_before_the_servers_settings)},
          {T(our_own_limit_counts_where_it_is_lower)}, {T(a_change_of_the_limit_is_told)},
          {T(a_full_budget_admits_no_second_stream_until_one_ends)},
          {T(header_fields_of_all_open_streams_are_bounded_together)},
          {T(a_stream_alone_may_have_header_fields_of_any_allowed_size)},
          {T(the_first_stream_is_admitted_even_without_budget)},
          {T(no_stream_is_opened_once_the_ids_are_used_up)},
          {T(a_window_doubles_after_each_windowful)}, {T(a_grown_window_is_told_to_the_server)},
          {T(a_window_stops_at_its_maximum)}, {T(a_window_does_not_grow_past_the_budget)},
          {T(grown_windows_leave_room_for_streams_to_come)},
          {T(unread_streams_do_not_hold_the_connections_window)},
          {T(a_stream_that_overruns_its_window_is_reset_alone)},
          {T(bytes_above_content_length_are_never_delivered)},
          {T(content_length_is_sent_where_it_means_something)},
          {T(secrets_are_sent_as_never_indexed_literals)},
          {T(an_upload_shorter_than_declared_is_cancelled)},
          {T(an_upload_longer_than_declared_is_cancelled_before_its_end)},
          {T(surplus_that_comes_late_is_found_too)},
          {T(a_body_that_cannot_be_read_cancels_the_stream)},
          {T(an_upload_whose_end_is_told_apart_needs_no_empty_frame)},
          {T(an_upload_that_pauses_goes_on_when_resumed)},
          {T(a_request_of_which_nothing_went_out_was_never_sent)},
          {T(a_request_that_went_out_may_have_been_processed)},
          {T(goaway_sorts_streams_into_gone_on_unprocessed_and_never_sent)},
          {T(a_broken_transport_is_passed_on_as_it_is)})
