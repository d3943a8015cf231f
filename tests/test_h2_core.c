/* SPDX-License-Identifier: MIT */
/*
 * The HTTP/2 core as its users in the library see it: limits, budget and windows,
 * what may be called inside events, the trace, memory that runs out, and the table of
 * frames that break a rule. What it promises to applications is in the test_h2_*
 * programs of the behaviours.
 */
#include <stdlib.h>
#include <string.h>

#include "h2client/h2/h2_internal.h"
#include "tests/support/core_rig.h"

static const h2client_header head_with_length_5[] = {
    {":status", "200"}, {"content-length", "5"}, {NULL, NULL}};

static bool text_has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* ---- frames that break a rule -------------------------------------------- */

/* One request on stream 1 is open and has its head when `frame` comes. */
struct bad_frame {
    const char *why;     /* what the text says */
    const char *payload; /* of the frame: type, flags, stream and bytes */
    uint32_t len;
    uint8_t type;
    uint8_t flags;
    int32_t stream_id;
    uint32_t http2_code;
    h2client_error_code code;
    bool is_of_stream; /* RST_STREAM, and the connection goes on */
};

#define BYTES(text) .payload = text, .len = sizeof text - 1
#define PROTOCOL .http2_code = NGHTTP2_PROTOCOL_ERROR, .code = H2CLIENT_ERROR_H2_CONNECTION
#define SIZE .http2_code = NGHTTP2_FRAME_SIZE_ERROR, .code = H2CLIENT_ERROR_H2_FRAME_SIZE
#define FLOW .http2_code = NGHTTP2_FLOW_CONTROL_ERROR, .code = H2CLIENT_ERROR_H2_FLOW_CONTROL
#define HPACK .http2_code = NGHTTP2_COMPRESSION_ERROR, .code = H2CLIENT_ERROR_H2_COMPRESSION

static const struct bad_frame bad_frames[] = {
    {"not allowed on the connection", BYTES("x"), .type = H2T_DATA, PROTOCOL},
    {"not allowed on the connection", BYTES("\x88"), .type = H2T_HEADERS, .flags = 5, PROTOCOL},
    {"not allowed on the connection", BYTES("\0\0\0\0\0"), .type = H2T_PRIORITY, PROTOCOL},
    {"not allowed on the connection", BYTES("\0\0\0\0"), .type = H2T_RST_STREAM, PROTOCOL},
    {"not allowed on a stream", BYTES(""), .type = H2T_SETTINGS, .stream_id = 1, PROTOCOL},
    {"not allowed on a stream", BYTES("12345678"), .type = H2T_PING, .stream_id = 1, PROTOCOL},
    {"not allowed on a stream", BYTES("\0\0\0\1\0\0\0\0"), .type = H2T_GOAWAY, .stream_id = 1,
     PROTOCOL},
    {"the stream is idle", BYTES("x"), .type = H2T_DATA, .stream_id = 3, PROTOCOL},
    {"the stream is idle", BYTES("\x88"), .type = H2T_HEADERS, .flags = 5, .stream_id = 3,
     PROTOCOL},
    {"the stream is idle", BYTES("\0\0\0\0"), .type = H2T_RST_STREAM, .stream_id = 3, PROTOCOL},
    {"the stream is idle", BYTES("\0\0\0\1"), .type = H2T_WINDOW_UPDATE, .stream_id = 3, PROTOCOL},
    {"push is off", BYTES("x"), .type = H2T_DATA, .stream_id = 2, PROTOCOL},
    {"push is off", BYTES("\0\0\0\2\x82"), .type = H2T_PUSH_PROMISE, .flags = 4, .stream_id = 1,
     PROTOCOL},
    {"no header block is open", BYTES("\x88"), .type = H2T_CONTINUATION, .flags = 4, .stream_id = 1,
     PROTOCOL},
    {"padding", BYTES("\4xxx"), .type = H2T_DATA, .flags = H2T_PADDED, .stream_id = 1, PROTOCOL},
    {"padding", BYTES(""), .type = H2T_DATA, .flags = H2T_PADDED, .stream_id = 1, PROTOCOL},
    {"padding", BYTES("\2\x88"), .type = H2T_HEADERS, .flags = 0xd, .stream_id = 1, PROTOCOL},
    {"no room for its priority", BYTES("\x88"), .type = H2T_HEADERS, .flags = 0x25, .stream_id = 1,
     SIZE},
    {"5 bytes are not a length", BYTES("12345"), .type = H2T_RST_STREAM, .stream_id = 1, SIZE},
    {"7 bytes are not a length", BYTES("1234567"), .type = H2T_SETTINGS, SIZE},
    {"6 bytes are not a length", BYTES("\0\4\0\0\0\1"), .type = H2T_SETTINGS, .flags = H2T_ACK,
     SIZE},
    {"7 bytes are not a length", BYTES("1234567"), .type = H2T_PING, SIZE},
    {"7 bytes are not a length", BYTES("1234567"), .type = H2T_GOAWAY, SIZE},
    {"3 bytes are not a length", BYTES("123"), .type = H2T_WINDOW_UPDATE, SIZE},
    {"an acknowledgement of nothing", BYTES(""), .type = H2T_SETTINGS, .flags = H2T_ACK, PROTOCOL},
    {"ENABLE_PUSH of 1", BYTES("\0\2\0\0\0\1"), .type = H2T_SETTINGS, PROTOCOL},
    {"ENABLE_PUSH of 2", BYTES("\0\2\0\0\0\2"), .type = H2T_SETTINGS, PROTOCOL},
    {"INITIAL_WINDOW_SIZE of 2147483648", BYTES("\0\4\x80\0\0\0"), .type = H2T_SETTINGS, FLOW},
    {"MAX_FRAME_SIZE of 16383", BYTES("\0\5\0\0\x3f\xff"), .type = H2T_SETTINGS, PROTOCOL},
    {"MAX_FRAME_SIZE of 16777216", BYTES("\0\5\1\0\0\0"), .type = H2T_SETTINGS, PROTOCOL},
    {"its increment is zero", BYTES("\0\0\0\0"), .type = H2T_WINDOW_UPDATE, PROTOCOL},
    {"it overflows the window", BYTES("\x7f\xff\xff\xff"), .type = H2T_WINDOW_UPDATE, FLOW},
    {"is not one of ours", BYTES("\0\0\0\2\0\0\0\0"), .type = H2T_GOAWAY, PROTOCOL},
    {"cannot be decoded", BYTES("\x80"), .type = H2T_HEADERS, .flags = 5, .stream_id = 1, HPACK},
    {"cannot be decoded", BYTES("\xff\xff\xff\xff\xff\xff\xff"), .type = H2T_HEADERS, .flags = 5,
     .stream_id = 1, HPACK},
    {"cannot be decoded", BYTES("\x3f\xe2\x1f"), .type = H2T_HEADERS, .flags = 5, .stream_id = 1,
     HPACK},
    /* Errors of the stream alone. */
    {"its increment is zero", BYTES("\0\0\0\0"), .type = H2T_WINDOW_UPDATE, .stream_id = 1,
     NGHTTP2_PROTOCOL_ERROR, H2CLIENT_ERROR_H2_STREAM_MALFORMED, true},
    {"it overflows the window", BYTES("\x7f\xff\xff\xff"), .type = H2T_WINDOW_UPDATE,
     .stream_id = 1, NGHTTP2_FLOW_CONTROL_ERROR, H2CLIENT_ERROR_H2_FLOW_CONTROL, true},
    {"a PRIORITY frame of 4 bytes", BYTES("1234"), .type = H2T_PRIORITY, .stream_id = 1,
     NGHTTP2_FRAME_SIZE_ERROR, H2CLIENT_ERROR_H2_FRAME_SIZE, true},
    {"trailers without END_STREAM", BYTES(""), .type = H2T_HEADERS, .flags = 4, .stream_id = 1,
     NGHTTP2_PROTOCOL_ERROR, H2CLIENT_ERROR_H2_STREAM_MALFORMED, true},
    {"\":status\" in trailers", BYTES("\x88"), .type = H2T_HEADERS, .flags = 5, .stream_id = 1,
     NGHTTP2_PROTOCOL_ERROR, H2CLIENT_ERROR_H2_STREAM_MALFORMED, true},
};
#define N_BAD_FRAMES (sizeof bad_frames / sizeof bad_frames[0])

static struct h2t_exchange *meet(struct h2t_core *core, const struct bad_frame *bad)
{
    h2t_core_start_raw(core);
    core->breaks_rules = true;
    struct h2t_exchange *exchange = h2t_core_get(core);
    h2t_core_run(core);
    h2t_core_raw_head(core, 1, false);
    h2t_frame(&core->raw, bad->type, bad->flags, bad->stream_id, bad->payload, bad->len);
    h2t_core_raw(core);
    return exchange;
}

TEST(a_bad_frame_ends_what_the_rfc_says_with_its_code_and_a_reason)
{
    for (size_t i = 0; i < N_BAD_FRAMES; i++) {
        const struct bad_frame *bad = &bad_frames[i];
        EACH_CUT (core) {
            struct h2t_exchange *exchange = meet(core, bad);
            h2t_expect_failure(exchange, bad->code, bad->http2_code);
            ck_assert_msg(text_has(exchange->outcome.fault.text, bad->why), "%zu: %s", i,
                          exchange->outcome.fault.text);
            if (bad->is_of_stream)
                h2t_expect_reset(core, 1, bad->http2_code);
            else
                h2t_expect_goaway(core, bad->code, bad->http2_code);
        }
    }
}
END_TEST

TEST(a_stream_error_leaves_the_connection_usable)
{
    for (size_t i = 0; i < N_BAD_FRAMES; i++) {
        if (!bad_frames[i].is_of_stream)
            continue;
        EACH_CUT (core) {
            meet(core, &bad_frames[i]);
            h2t_expect_usable(core);
        }
    }
}
END_TEST

TEST(a_window_pushed_over_the_maximum_by_settings_is_the_connections_error)
{
    static const uint16_t ids[] = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE};
    static const uint32_t values[] = {INT32_MAX};

    EACH_CUT (core) {
        h2t_core_start_raw(core);
        struct h2t_exchange *exchange = h2t_core_post(core, NULL, 10, 20);
        exchange->upload.n_ready = 0;
        h2t_core_run(core);
        h2t_window_update(&core->raw, 1, 1);
        h2t_settings(&core->raw, ids, values, 1);
        h2t_core_raw(core);
        h2t_expect_goaway(core, H2CLIENT_ERROR_H2_FLOW_CONTROL, NGHTTP2_FLOW_CONTROL_ERROR);
    }
}
END_TEST

TEST(a_frame_above_our_size_is_refused_before_its_payload)
{
    EACH_CUT (core) {
        h2t_core_start_raw(core);
        struct h2t_exchange *exchange = h2t_core_get(core);
        h2t_core_run(core);
        h2t_frame_head(&core->raw, 16385, H2T_DATA, 0, 1);
        h2t_core_raw(core);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_FRAME_SIZE, NGHTTP2_FRAME_SIZE_ERROR);
        h2t_expect_goaway(core, H2CLIENT_ERROR_H2_FRAME_SIZE, NGHTTP2_FRAME_SIZE_ERROR);
    }
}
END_TEST

TEST(a_block_for_a_dead_stream_that_cannot_be_decoded_is_found_too)
{
    EACH_CUT (core) {
        h2t_core_start_raw(core);
        h2t_exchange_cancel(h2t_core_get(core), NGHTTP2_CANCEL);
        struct h2t_exchange *other = h2t_core_get(core);
        h2t_core_run(core);
        h2t_core_raw_answer(core, other->exchange.stream_id, "ok");
        struct h2t_exchange *last = h2t_core_get(core);
        h2t_core_run(core);
        h2t_exchange_cancel(last, NGHTTP2_CANCEL);
        h2t_core_run(core);
        h2t_frame(&core->raw, H2T_HEADERS, 4, last->exchange.stream_id, "\x80", 1);
        h2t_core_raw(core);
        h2t_expect_goaway(core, H2CLIENT_ERROR_H2_COMPRESSION, NGHTTP2_COMPRESSION_ERROR);
    }
}
END_TEST

TEST(nothing_is_taken_after_a_failure)
{
    EACH_CUT (core) {
        h2t_core_start_raw(core);
        struct h2t_exchange *exchange = h2t_core_get(core);
        h2t_core_run(core);
        h2t_frame(&core->raw, H2T_PING, 0, 1, "12345678", 8);
        h2t_core_raw_answer(core, 1, "ok");
        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_CONNECTION, NGHTTP2_PROTOCOL_ERROR);
        ck_assert_uint_eq(exchange->n_heads, 0);
        ck_assert_int_eq(core->conn->ops->receive(core->conn, 0, "x", 1),
                         H2CLIENT_ERROR_H2_CONNECTION);
    }
}
END_TEST

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
END_TEST

TEST(our_own_limit_counts_where_it_is_lower)
{
    EACH_CUT (core) {
        core->config.max_streams = 2;
        h2t_core_start(core, &(struct h2t_peer_config){.max_concurrent_streams = 10});
        ck_assert_uint_eq(core->conn->max_open, 2);
    }
}
END_TEST

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
END_TEST

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
END_TEST

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
END_TEST

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
END_TEST

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
END_TEST

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
END_TEST

TEST(a_window_stops_at_its_maximum)
{
    EACH_CUT (core) {
        start_with_windows(core, 4096, 10000);
        ck_assert_int_eq(used_after_reading(core, 40), 10000);
    }
}
END_TEST

TEST(a_window_does_not_grow_past_the_budget)
{
    EACH_CUT (core) {
        core->budget.max = 8191;
        start_with_windows(core, 4096, 65536);
        ck_assert_int_eq(used_after_reading(core, 8), 4096);
    }
}
END_TEST

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
END_TEST

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
END_TEST

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
END_TEST

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
END_TEST

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
END_TEST

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
END_TEST

TEST(an_upload_longer_than_declared_is_cancelled_before_its_end)
{
    EACH_CUT (core) {
        h2t_core_start(core, NULL);
        struct h2t_exchange *exchange = h2t_core_post(core, NULL, 40000, 39999);
        expect_upload_failure(core, exchange, H2CLIENT_ERROR_UPLOAD_LENGTH);
        ck_assert_uint_le(exchange->upload.n_read, 40000);
    }
}
END_TEST

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
END_TEST

TEST(a_body_that_cannot_be_read_cancels_the_stream)
{
    EACH_CUT (core) {
        h2t_core_start(core, NULL);
        struct h2t_exchange *exchange = h2t_core_post(core, NULL, 30000, -1);
        exchange->upload.fails_at_end = true;
        expect_upload_failure(core, exchange, H2CLIENT_ERROR_UPLOAD_READ);
    }
}
END_TEST

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
END_TEST

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
END_TEST

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
END_TEST

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
END_TEST

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
END_TEST

/* ---- calls inside events ------------------------------------------------- */

/* Events of an exchange that cancels itself in the nth one. */
struct quitter {
    struct h2i_exchange exchange; /* first */
    unsigned n_events;
    unsigned quits_at;
    bool has_quit;
};

static bool quits(struct h2i_exchange *base)
{
    struct quitter *quitter = (struct quitter *)(void *)base;

    ck_assert_msg(!quitter->has_quit, "an event after cancel");
    if (++quitter->n_events != quitter->quits_at)
        return false;
    quitter->has_quit = true;
    base->conn->ops->cancel(base->conn, base, NGHTTP2_CANCEL);
    ck_assert_ptr_null(base->conn);
    return true;
}

static void quit_on_head(struct h2i_exchange *base, const struct h2i_head *head)
{
    (void)head;
    quits(base);
}

static void quit_on_data(struct h2i_exchange *base, const void *data, size_t len)
{
    (void)data;
    if (!quits(base))
        base->conn->ops->credit(base->conn, base, len);
}

static void quit_on_trailers(struct h2i_exchange *base, const h2client_header *fields)
{
    (void)fields;
    quits(base);
}

static enum h2i_body_result quit_on_read(struct h2i_exchange *base, void *buf, size_t cap,
                                         size_t *n)
{
    (void)cap;
    if (quits(base))
        return H2I_BODY_NOT_NOW;
    *(char *)buf = 'x';
    *n = 1;
    return ((struct quitter *)(void *)base)->n_events < 3 ? H2I_BODY_MORE : H2I_BODY_END;
}

static void quit_on_sent(struct h2i_exchange *base, size_t n_body_bytes, bool is_last)
{
    (void)n_body_bytes, (void)is_last;
    quits(base);
}

static void quit_on_end(struct h2i_exchange *base, const struct h2i_outcome *outcome)
{
    struct quitter *quitter = (struct quitter *)(void *)base;

    ck_assert_msg(!quitter->has_quit, "an end after cancel");
    ck_assert_int_eq(outcome->fault.code, H2CLIENT_OK);
    quitter->quits_at = 0; /* it saw them all */
}

static const struct h2i_exchange_events quitter_events = {
    quit_on_head, quit_on_head, quit_on_data, quit_on_trailers,
    quit_on_read, quit_on_sent, quit_on_end};

/* A POST whose answer has all there is. True once it ran to its end. */
static bool run_quitter(struct h2t_core *core, unsigned quits_at)
{
    static const h2client_header early[] = {{":status", "103"}, {NULL, NULL}};
    static const h2client_header trailers[] = {{"x-end", "1"}, {NULL, NULL}};
    struct h2t_exchange *host = h2t_core_prepare(core, "POST", "/");
    struct quitter quitter = {.exchange = host->exchange, .quits_at = quits_at};

    host->request.has_body = true;
    quitter.exchange.events = &quitter_events;
    h2t_core_start_raw(core);
    ck_assert_int_eq(core->conn->ops->submit(core->conn, &quitter.exchange), H2CLIENT_OK);
    h2t_core_run(core);
    h2t_headers(&core->raw, 1, early, false, 0);
    h2t_headers(&core->raw, 1, h2t_status_200, false, 0);
    h2t_data(&core->raw, 1, "ab", 2, -1, false);
    h2t_headers(&core->raw, 1, trailers, true, 0);
    h2t_core_raw(core);
    ck_assert_uint_eq(core->conn->n_open, 0);
    if (quitter.has_quit && h2t_peer_count(core->peer, H2T_HEADERS, 1) > 0)
        h2t_expect_reset(core, 1, NGHTTP2_CANCEL);
    return quitter.quits_at == 0;
}

TEST(an_exchange_may_cancel_itself_in_each_of_its_events)
{
    unsigned n_runs = 0;

    EACH_CUT (core) {
        bool is_through = run_quitter(core, 1000);
        ck_assert(is_through);
    }
    for (unsigned nth = 1; nth < 100; nth++) {
        bool is_through = false;
        EACH_CUT (core)
            is_through = run_quitter(core, nth) || is_through;
        if (is_through)
            break;
        n_runs++;
    }
    ck_assert_uint_ge(n_runs, 9); /* sent x3, read x3, 103, head, data, trailers */
}
END_TEST

/* ---- trace --------------------------------------------------------------- */

struct trace {
    char text[8192];
    struct h2i_text log;
};
static struct trace trace;

static void note_frame(struct h2i_conn *conn, const h2client_frame_event *event)
{
    ck_assert_uint_eq(event->conn_id, conn->id);
    h2i_text_add(&trace.log, "%c%s/%d", event->direction == H2CLIENT_SENT ? '>' : '<',
                 event->type_name, event->stream_id);
    for (const h2client_header *field = event->fields; field->name; field++)
        h2i_text_add(&trace.log, " %s=%s", field->name, field->value);
    h2i_text_add(&trace.log, "\n");
}

static const struct h2i_conn_events *tracing_events(const struct h2i_conn *conn)
{
    static struct h2i_conn_events events;

    events = *conn->events;
    events.on_frame = note_frame;
    return &events;
}

static void start_tracing(struct h2t_core *core)
{
    h2t_core_start_silent(core);
    trace.log = h2i_text(trace.text, sizeof trace.text);
    core->conn->events = tracing_events(core->conn);
    core->conn->traces = true;
}

TEST(the_trace_shows_frames_in_both_directions_in_order)
{
    static const h2client_header pong[] = {{":status", "200"}, {"x", "y"}, {NULL, NULL}};

    EACH_CUT (core) {
        start_tracing(core);
        h2t_core_get(core);
        h2t_core_run(core);
        h2t_settings(&core->raw, (uint16_t[]){4}, (uint32_t[]){70000}, 1);
        h2t_core_raw(core);
        h2t_headers(&core->raw, 1, pong, false, 0);
        h2t_data(&core->raw, 1, "ok", 2, -1, true);
        h2t_goaway(&core->raw, 1, NGHTTP2_NO_ERROR, "so\nlong");
        h2t_core_raw(core);
        ck_assert_str_eq(trace.text,
                         ">SETTINGS/0 ENABLE_PUSH=0 INITIAL_WINDOW_SIZE=65536 "
                         "MAX_HEADER_LIST_SIZE=262144\n"
                         ">WINDOW_UPDATE/0 increment=16711681\n"
                         ">HEADERS/1 :method=GET :scheme=https :authority=server.test :path=/\n"
                         "<SETTINGS/0 INITIAL_WINDOW_SIZE=70000\n>SETTINGS/0\n"
                         "<HEADERS/1 :status=200 x=y\n<DATA/1\n"
                         "<GOAWAY/0 last_stream_id=1 error_code=0 (NO_ERROR) "
                         "debug_data=so\\x0along\n");
    }
}
END_TEST

TEST(the_trace_hides_secrets)
{
    static const h2client_header fields[] = {{"cookie", "hush"}, {NULL, NULL}};
    static const h2client_header answer[] = {{":status", "200"}, {"set-cookie", "hush"}, {0}};

    EACH_CUT (core) {
        start_tracing(core);
        struct h2t_exchange *exchange = h2t_core_prepare(core, "GET", "/");
        exchange->request.fields = fields;
        exchange->request.n_fields = 1;
        h2t_exchange_submit(exchange);
        h2t_core_run(core);
        h2t_settings(&core->raw, NULL, NULL, 0);
        h2t_headers(&core->raw, 1, answer, true, 0);
        h2t_core_raw(core);
        ck_assert(text_has(trace.text, " cookie=[hidden]"));
        ck_assert(text_has(trace.text, " set-cookie=[hidden]"));
        ck_assert(!text_has(trace.text, "hush"));
    }
}
END_TEST

/* ---- memory -------------------------------------------------------------- */

TEST(after_warming_up_a_request_needs_only_its_arena)
{
    EACH_CUT (core) {
        h2t_core_start(core, NULL);
        for (int i = 0; i < 20; i++)
            h2t_core_get(core);
        h2t_core_run(core);
        uint64_t n_calls = core->alloc.n_calls;
        for (int i = 0; i < 20; i++)
            h2t_core_get(core);
        h2t_core_run(core);
        ck_assert_uint_le(core->alloc.n_calls - n_calls, 20);
    }
}
END_TEST

/* Requests of all kinds beside each other; false: some allocation failed in it. */
static bool run_scenario(struct h2t_core *core)
{
    static const h2client_header none[] = {{NULL, NULL}};
    struct h2t_exchange *exchanges[4];
    bool is_good = true;

    for (int i = 0; i < 4; i++) {
        exchanges[i] = h2t_core_prepare(core, i % 2 ? "POST" : "GET", "/");
        exchanges[i]->request.fields = none;
        exchanges[i]->request.has_body = i % 2;
        exchanges[i]->upload.len = core->cut == SIZE_MAX ? 70000 : 700;
        h2t_exchange_submit(exchanges[i]);
    }
    if (exchanges[2]->submitted == H2CLIENT_OK)
        h2t_exchange_cancel(exchanges[2], NGHTTP2_CANCEL);
    h2t_core_run(core);
    for (int i = 0; i < 4; i++) {
        bool is_open = exchanges[i]->exchange.conn != NULL;
        ck_assert_msg(!is_open || core->conn->has_failed == false, "left open after a failure");
        is_good = is_good && !is_open && exchanges[i]->submitted == H2CLIENT_OK &&
                  exchanges[i]->outcome.fault.code == H2CLIENT_OK;
    }
    return is_good;
}

TEST(each_allocation_may_fail)
{
    bool is_through = false;
    uint64_t nth;

    for (nth = 1; nth < 2000 && !is_through; nth++) {
        EACH_CUT (core) {
            core->slab.max_held_bytes = 0; /* so that nghttp2's all come through */
            h2t_core_start(core, NULL);
            core->breaks_rules = true;
            core->alloc.fail_at = core->alloc.n_calls + nth;
            core->alloc.fail_for_ever = nth % 2;
            is_through = run_scenario(core);
        }
    }
    ck_assert(is_through);
    ck_assert_uint_gt(nth, 15);
}
END_TEST

TEST(a_conn_is_made_whole_or_not_at_all)
{
    static const struct h2i_conn_events events;
    struct h2i_conn *conn = NULL;

    for (uint64_t nth = 1; !conn; nth++) {
        struct h2t_alloc alloc;
        struct h2i_slab slab;
        struct h2i_budget budget = {.max = 65536};
        h2t_alloc_init(&alloc);
        h2i_slab_init(&slab, &alloc.allocator, 65536);
        alloc.fail_at = nth;
        conn = h2i_h2_conn_create(&alloc.allocator, &slab, &budget, h2i_h2_default_config(),
                                  &events, NULL, 1);
        if (conn)
            conn->ops->destroy(conn);
        h2i_slab_finish(&slab);
        h2t_alloc_check(&alloc);
        ck_assert(conn ? nth > 5 : nth < 100);
    }
}
END_TEST

/* ---- what is not HTTP/2 -------------------------------------------------- */

TEST(an_answer_in_http_1_is_quoted)
{
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\nserver: old\r\n\r\n";

    EACH_CUT (core) {
        h2t_core_start_silent(core);
        struct h2t_exchange *exchange = h2t_core_get(core);
        h2t_core_run(core);
        h2t_bytes_add(&core->raw, answer, sizeof answer - 1);
        h2t_core_raw(core);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_NOT_HTTP2, NGHTTP2_PROTOCOL_ERROR);
        ck_assert(text_has(exchange->outcome.fault.text, "HTTP/1, \"HTTP/1.1 400 Bad Request\""));
    }
}
END_TEST

TEST(a_few_bytes_of_tls_and_an_end_are_not_http_2)
{
    EACH_CUT (core) {
        h2t_core_start_silent(core);
        struct h2t_exchange *exchange = h2t_core_get(core);
        h2t_core_run(core);
        h2t_bytes_add(&core->raw, "\x15\x03\x03\0\2\2F", 7);
        h2t_core_raw(core);
        h2t_core_end_input(core, NULL);
        h2t_expect_failure(exchange, H2CLIENT_ERROR_H2_NOT_HTTP2, NGHTTP2_PROTOCOL_ERROR);
        ck_assert(text_has(exchange->outcome.fault.text, "TLS, \"\\x15"));
    }
}
END_TEST

TEST_MAIN("h2_core", {T(a_bad_frame_ends_what_the_rfc_says_with_its_code_and_a_reason)},
          {T(a_stream_error_leaves_the_connection_usable)},
          {T(a_window_pushed_over_the_maximum_by_settings_is_the_connections_error)},
          {T(a_frame_above_our_size_is_refused_before_its_payload)},
          {T(a_block_for_a_dead_stream_that_cannot_be_decoded_is_found_too)},
          {T(nothing_is_taken_after_a_failure)},
          {T(a_hundred_streams_are_open_at_most_before_the_servers_settings)},
          {T(our_own_limit_counts_where_it_is_lower)}, {T(a_change_of_the_limit_is_told)},
          {T(a_full_budget_admits_no_second_stream_until_one_ends)},
          {T(the_first_stream_is_admitted_even_without_budget)},
          {T(no_stream_is_opened_once_the_ids_are_used_up)},
          {T(a_window_doubles_after_each_windowful)}, {T(a_grown_window_is_told_to_the_server)},
          {T(a_window_stops_at_its_maximum)}, {T(a_window_does_not_grow_past_the_budget)},
          {T(unread_streams_do_not_hold_the_connections_window)},
          {T(a_stream_that_overruns_its_window_is_reset_alone)},
          {T(bytes_above_content_length_are_never_delivered)},
          {T(content_length_is_sent_where_it_means_something)},
          {T(secrets_are_sent_as_never_indexed_literals)},
          {T(an_upload_shorter_than_declared_is_cancelled)},
          {T(an_upload_longer_than_declared_is_cancelled_before_its_end)},
          {T(surplus_that_comes_late_is_found_too)},
          {T(a_body_that_cannot_be_read_cancels_the_stream)},
          {T(an_upload_that_pauses_goes_on_when_resumed)},
          {T(a_request_of_which_nothing_went_out_was_never_sent)},
          {T(a_request_that_went_out_may_have_been_processed)},
          {T(goaway_sorts_streams_into_gone_on_unprocessed_and_never_sent)},
          {T(a_broken_transport_is_passed_on_as_it_is)},
          {T(an_exchange_may_cancel_itself_in_each_of_its_events)},
          {T(the_trace_shows_frames_in_both_directions_in_order)}, {T(the_trace_hides_secrets)},
          {T(after_warming_up_a_request_needs_only_its_arena)}, {T(each_allocation_may_fail)},
          {T(a_conn_is_made_whole_or_not_at_all)}, {T(an_answer_in_http_1_is_quoted)},
          {T(a_few_bytes_of_tls_and_an_end_are_not_http_2)})
