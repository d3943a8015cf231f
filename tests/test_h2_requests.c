/* SPDX-License-Identifier: MIT */
/* Requests as they go on the wire (RFC 9113 8.1 to 8.3, RFC 7541): what leads, what
 * never leaves, how long blocks and declared lengths are kept. */
#include "tests/support/core_rig.h"

#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h2client/http/url.h"

static struct h2t_exchange *get_with_fields(struct h2t_core *core, const h2client_header *fields)
{
    struct h2t_exchange *exchange = h2t_core_prepare(core, "GET", "/");

    exchange->request.fields = fields;
    while (fields[exchange->request.n_fields].name)
        exchange->request.n_fields++;
    h2t_exchange_submit(exchange);
    return exchange;
}

/* "name: value" lines of the first request, as the server saw them. */
static const char *seen_fields(const struct h2t_core *core)
{
    static char text[1024];
    size_t len = 0;

    text[0] = 0;
    for (const h2client_header *field = h2t_peer_request(core->peer, 0)->fields; field->name;
         field++)
        len +=
            (size_t)snprintf(text + len, sizeof text - len, "%s: %s\n", field->name, field->value);
    return text;
}

TEST(pseudo_fields_lead_and_nothing_is_added)
{
    static const h2client_header fields[] = {
        {"accept", "*/*"}, {"x-b", "2"}, {"x-a", "1"}, {"te", "trailers"}, {NULL, NULL}};

    EACH_CUT (core) {
        h2t_core_start(core, NULL);
        get_with_fields(core, fields);
        h2t_core_run(core);
        ck_assert_str_eq(seen_fields(core), ":method: GET\n:scheme: https\n"
                                            ":authority: server.test\n:path: /\n"
                                            "accept: */*\nx-b: 2\nx-a: 1\nte: trailers\n");
    }
}

TEST(forbidden_fields_are_told_from_allowed_ones_before_a_request_is_built)
{
    static const h2client_header forbidden[] = {
        {"connection", "close"},     {"Connection", "x"}, {"keep-alive", "300"},
        {"proxy-connection", "x"},   {"upgrade", "h2c"},  {"transfer-encoding", "chunked"},
        {"Transfer-Encoding", "br"}, {"te", "gzip"},      {"te", "trailers, gzip"},
        {":path", "/evil"},          {":status", "200"},  {"http2-settings", "AA"},
    };
    char why_buf[200];

    for (size_t i = 0; i < H2T_LEN(forbidden); i++) {
        struct h2i_text why = h2i_text(why_buf, sizeof why_buf);

        ck_assert_msg(h2i_field_check(forbidden[i].name, forbidden[i].value, &why) != H2CLIENT_OK,
                      "%s", forbidden[i].name);
        ck_assert_ptr_nonnull(strstr(why_buf, forbidden[i].name));
    }
    struct h2i_text why = h2i_text(why_buf, sizeof why_buf);
    ck_assert_int_eq(h2i_field_check("te", "trailers", &why), H2CLIENT_OK);
    ck_assert_int_eq(h2i_field_check("x-connection", "close", &why), H2CLIENT_OK);
}

TEST(fields_that_would_split_a_message_are_refused_without_showing_the_value)
{
    static const h2client_header malformed[] = {
        {"", "x"},           {"a b", "secret"},       {"a:b", "secret"},       {"a\r\nb", "secret"},
        {"a\x01", "secret"}, {"a\xc3\xbc", "secret"}, {"x", "secret\r\ny: z"}, {"x", "secret\n"},
        {"x", "\rsecret"},   {"x", "secret\x7f"},     {"x", "secret\x01"},
    };
    char why_buf[200];

    for (size_t i = 0; i < H2T_LEN(malformed); i++) {
        struct h2i_text why = h2i_text(why_buf, sizeof why_buf);

        ck_assert_int_eq(h2i_field_check(malformed[i].name, malformed[i].value, &why),
                         H2CLIENT_ERROR_HEADER_INVALID);
        ck_assert_str_ne(why_buf, "");
        ck_assert_ptr_null(strstr(why_buf, "secret"));
    }
}

TEST(a_host_field_is_meant_for_the_authority)
{
    ck_assert_int_eq(h2i_field_classify(h2i_str_of("Host"), h2i_str_of("h")), H2I_FIELD_HOST);
    ck_assert_int_eq(h2i_field_classify(h2i_str_of("content-length"), h2i_str_of("1")),
                     H2I_FIELD_CONTENT_LENGTH);
}

TEST(neither_userinfo_nor_fragment_leave_and_the_query_goes_byte_for_byte)
{
    EACH_CUT (core) {
        struct h2i_arena arena;
        struct h2i_url url;
        char why_buf[64];
        struct h2i_text why = h2i_text(why_buf, sizeof why_buf);
        struct h2t_exchange *exchange = h2t_core_prepare(core, "GET", NULL);

        h2i_arena_init(&arena, &core->alloc.allocator, 512);
        ck_assert_int_eq(
            h2i_url_parse(&arena, "https://me:pw@H:8443?a=%zz&b=/?{}|#frag", &url, &why),
            H2CLIENT_OK);
        exchange->request.authority = url.authority;
        exchange->request.path = url.path;
        h2t_core_start(core, NULL);
        h2t_exchange_submit(exchange);
        h2t_core_run(core);
        ck_assert_str_eq(seen_fields(core), ":method: GET\n:scheme: https\n:authority: h:8443\n"
                                            ":path: /?a=%zz&b=/?{}|\n");
        h2i_arena_finish(&arena);
    }
}

TEST(options_may_ask_for_the_server_as_a_whole)
{
    EACH_CUT (core) {
        h2t_core_start(core, NULL);
        h2t_exchange_submit(h2t_core_prepare(core, "OPTIONS", "*"));
        h2t_core_run(core);
        ck_assert_str_eq(h2t_field(h2t_peer_request(core->peer, 0)->fields, ":path"), "*");
        h2t_expect_success(core->exchanges[0], 200, "ok");
    }
}

TEST(connect_carries_neither_scheme_nor_path)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange = h2t_core_prepare(core, "CONNECT", NULL);

        exchange->request.scheme = NULL;
        exchange->request.authority = "server.test:443";
        h2t_core_start(core, NULL);
        h2t_exchange_submit(exchange);
        h2t_core_run(core);
        ck_assert_str_eq(seen_fields(core), ":method: CONNECT\n:authority: server.test:443\n");
    }
}

/* ---- bodies -------------------------------------------------------------- */

static const struct h2t_seen_frame *headers_of(const struct h2t_core *core, int32_t stream_id)
{
    return h2t_peer_last(core->peer, H2T_HEADERS, stream_id);
}

TEST(without_a_body_headers_end_the_stream)
{
    EACH_CUT (core) {
        h2t_core_start(core, NULL);
        h2t_core_get(core);
        h2t_core_post(core, NULL, 0, 0);
        h2t_core_run(core);
        ck_assert(headers_of(core, 1)->flags & H2T_END_STREAM);
        ck_assert(headers_of(core, 3)->flags & H2T_END_STREAM);
        ck_assert_uint_eq(h2t_peer_count(core->peer, H2T_DATA, -1), 0);
        ck_assert_ptr_null(h2t_field(headers_of(core, 1)->fields, "content-length"));
        ck_assert_str_eq(h2t_field(headers_of(core, 3)->fields, "content-length"), "0");
    }
}

TEST(a_body_of_known_length_is_declared_and_sent_whole)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;
        const struct h2t_seen_request *request;

        h2t_core_start(core, NULL);
        exchange = h2t_core_post(core, "hello world", 11, 11);
        h2t_core_run(core);
        request = h2t_peer_request(core->peer, 0);
        ck_assert_str_eq(h2t_field(request->fields, "content-length"), "11");
        ck_assert_str_eq(request->body, "hello world");
        ck_assert(request->is_complete);
        h2t_expect_success(exchange, 200, "ok");
        ck_assert_uint_eq(exchange->upload.n_sent, 11);
        ck_assert(exchange->upload.was_last_sent);
    }
}

TEST(a_body_of_unknown_length_is_sent_to_its_end_undeclared)
{
    EACH_CUT (core) {
        const struct h2t_seen_request *request;

        h2t_core_start(core, NULL);
        h2t_core_post(core, "hello", 5, -1);
        h2t_core_post(core, "", 0, -1);
        h2t_core_run(core);
        for (size_t i = 0; i < 2; i++) {
            request = h2t_peer_request(core->peer, i);
            ck_assert_ptr_null(h2t_field(request->fields, "content-length"));
            ck_assert_str_eq(request->body, i == 0 ? "hello" : "");
            ck_assert(request->is_complete);
            h2t_expect_success(core->exchanges[i], 200, "ok");
        }
    }
}

/* The stream is given up, not ended, and the connection goes on. */
static void expect_upload_failure(struct h2t_core *core, const struct h2t_exchange *exchange,
                                  h2client_error_code code, size_t max_sent)
{
    const struct h2t_seen_request *request = h2t_peer_request(core->peer, 0);

    h2t_expect_failure(exchange, code, NGHTTP2_CANCEL);
    ck_assert(!request->is_complete);
    ck_assert_uint_le(request->body_len, max_sent);
    h2t_expect_reset(core, 1, NGHTTP2_CANCEL);
    h2t_expect_usable(core);
}

static void hold_answer(struct h2t_peer *peer, const struct h2t_seen_request *request,
                        struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    *response =
        (struct h2t_response){.status = 200, .body = "ok", .body_len = 2, .waits_for_body = true};
}

TEST(a_body_shorter_than_declared_cancels_the_stream)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start(core, &(struct h2t_peer_config){.on_request = hold_answer});
        exchange = h2t_core_post(core, "hell", 4, 5);
        h2t_core_run(core);
        expect_upload_failure(core, exchange, H2CLIENT_ERROR_UPLOAD_LENGTH, 4);
    }
}

TEST(a_body_longer_than_declared_cancels_the_stream_and_sends_no_byte_too_many)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start(core, &(struct h2t_peer_config){.on_request = hold_answer});
        exchange = h2t_core_post(core, "hello!", 6, 5);
        h2t_core_run(core);
        expect_upload_failure(core, exchange, H2CLIENT_ERROR_UPLOAD_LENGTH, 5);
    }
}

TEST(a_body_that_cannot_be_read_cancels_the_stream)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start(core, &(struct h2t_peer_config){.on_request = hold_answer});
        exchange = h2t_core_post(core, "hello", 5, 10);
        exchange->upload.fails_at_end = true;
        h2t_core_run(core);
        expect_upload_failure(core, exchange, H2CLIENT_ERROR_UPLOAD_READ, 5);
    }
}

TEST(a_body_that_is_not_there_yet_is_asked_for_again_when_resumed)
{
    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start(core, &(struct h2t_peer_config){.on_request = hold_answer});
        exchange = h2t_core_post(core, "hello", 5, 5);
        exchange->upload.n_ready = 0;
        h2t_core_run(core);
        ck_assert_uint_eq(h2t_peer_count(core->peer, H2T_DATA, 1), 0);
        h2t_exchange_more_upload(exchange, 3);
        h2t_core_run(core);
        ck_assert_str_eq(h2t_peer_request(core->peer, 0)->body, "hel");
        h2t_exchange_more_upload(exchange, SIZE_MAX);
        h2t_core_run(core);
        ck_assert_str_eq(h2t_peer_request(core->peer, 0)->body, "hello");
        h2t_expect_success(exchange, 200, "ok");
    }
}

/* ---- header blocks ------------------------------------------------------- */

static char *long_value(size_t len)
{
    char *value = malloc(len + 1);

    ck_assert_ptr_nonnull(value);
    for (size_t i = 0; i < len; i++)
        value[i] = h2t_pattern_byte(i);
    value[len] = 0;
    return value;
}

TEST(fields_above_the_servers_limit_fail_here_and_the_connection_stays)
{
    char *value = long_value(300);
    const h2client_header fields[] = {{"x-long", value}, {NULL, NULL}};

    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start(core, &(struct h2t_peer_config){.max_header_list = 400});
        exchange = get_with_fields(core, fields);
        ck_assert_int_eq(exchange->submitted, H2CLIENT_ERROR_REQUEST_TOO_LARGE);
        h2t_core_run(core);
        ck_assert_uint_eq(h2t_peer_n_requests(core->peer), 0);
        ck_assert_uint_eq(core->conn->n_open, 0);
        h2t_expect_usable(core);
    }
    free(value);
}

/* The number of CONTINUATION frames right after the first HEADERS; fails the test when
 * something stands between, or one is too long. */
static size_t n_continuations(const struct h2t_core *core, uint32_t max_frame)
{
    size_t i = 0;
    size_t n = 0;

    while (h2t_peer_frame(core->peer, i)->type != H2T_HEADERS)
        i++;
    ck_assert_uint_le(h2t_peer_frame(core->peer, i)->len, max_frame);
    while (!(h2t_peer_frame(core->peer, i)->flags & H2T_END_HEADERS)) {
        i++;
        n++;
        ck_assert_uint_eq(h2t_peer_frame(core->peer, i)->type, H2T_CONTINUATION);
        ck_assert_uint_le(h2t_peer_frame(core->peer, i)->len, max_frame);
    }
    return n;
}

TEST(a_long_header_block_continues_without_anything_between)
{
    char *value = long_value(40000);
    const h2client_header fields[] = {{"x-long", value}, {NULL, NULL}};

    EACH_CUT (core) {
        struct h2t_exchange *exchange;

        h2t_core_start(core, NULL);
        exchange = get_with_fields(core, fields);
        h2t_core_post(core, NULL, 50000, -1);
        h2t_peer_ping(core->peer);
        h2t_core_run(core);
        ck_assert_uint_ge(n_continuations(core, 16384), 1);
        ck_assert_str_eq(h2t_field(h2t_peer_request(core->peer, 0)->fields, "x-long"), value);
        h2t_expect_success(exchange, 200, "ok");
    }
    free(value);
}

/* ---- HPACK --------------------------------------------------------------- */

/* How the field stands in the first request's block: nghttp2's flags of it. */
static int hpack_flags(const struct h2t_core *core, const char *name)
{
    const struct h2t_seen_frame *frame = h2t_peer_last(core->peer, H2T_HEADERS, 1);
    nghttp2_hd_inflater *inflater;
    const uint8_t *in = frame->payload;
    size_t left = frame->len;
    int inflate_flags = 0;
    int found = -1;

    ck_assert_int_eq(nghttp2_hd_inflate_new(&inflater), 0);
    while (!(inflate_flags & NGHTTP2_HD_INFLATE_FINAL)) {
        nghttp2_nv nv;
        ssize_t n = nghttp2_hd_inflate_hd2(inflater, &nv, &inflate_flags, in, left, 1);

        ck_assert_int_ge(n, 0);
        in += n;
        left -= (size_t)n;
        if ((inflate_flags & NGHTTP2_HD_INFLATE_EMIT) && nv.namelen == strlen(name) &&
            memcmp(nv.name, name, nv.namelen) == 0)
            found = nv.flags;
    }
    nghttp2_hd_inflate_del(inflater);
    return found;
}

TEST(credentials_are_never_indexed)
{
    static const h2client_header fields[] = {{"authorization", "Basic bWU6c2VjcmV0"},
                                             {"cookie", "id=1"},
                                             {"proxy-authorization", "Basic eA=="},
                                             {"x-plain", "1"},
                                             {NULL, NULL}};

    EACH_CUT (core) {
        h2t_core_start(core, NULL);
        get_with_fields(core, fields);
        h2t_core_run(core);
        for (size_t i = 0; i < 3; i++)
            ck_assert_int_eq(hpack_flags(core, fields[i].name), NGHTTP2_NV_FLAG_NO_INDEX);
        ck_assert_int_eq(hpack_flags(core, "x-plain"), NGHTTP2_NV_FLAG_NONE);
    }
}

/* The server's cookie, whether in one field or in crumbs. */
TEST(cookies_arrive_as_given_or_in_crumbs)
{
    static const h2client_header fields[] = {{"cookie", "a=1; b=2"}, {NULL, NULL}};

    EACH_CUT (core) {
        char joined[64] = "";

        h2t_core_start(core, NULL);
        get_with_fields(core, fields);
        h2t_core_run(core);
        for (const h2client_header *field = h2t_peer_request(core->peer, 0)->fields; field->name;
             field++) {
            if (strcmp(field->name, "cookie") != 0)
                continue;
            strcat(joined, joined[0] ? "; " : "");
            strcat(joined, field->value);
        }
        ck_assert_str_eq(joined, "a=1; b=2");
    }
}

TEST(a_smaller_header_table_is_announced_by_the_next_block)
{
    EACH_CUT (core) {
        h2t_core_start(core, &(struct h2t_peer_config){.header_table_size = H2T_PEER_ZERO});
        h2t_expect_usable(core);
        ck_assert_uint_eq(h2t_peer_last(core->peer, H2T_HEADERS, 1)->payload[0], 0x20);
        h2t_expect_usable(core);
        ck_assert_uint_ne(h2t_peer_last(core->peer, H2T_HEADERS, 3)->payload[0], 0x20);
    }
}

TEST(a_header_table_that_shrank_and_grew_is_announced_twice)
{
    static const uint8_t updates[] = {0x20, 0x3f, 0xe1, 0x1f}; /* 0, then 4,096 */

    EACH_CUT (core) {
        h2t_core_start(core, NULL);
        h2t_expect_usable(core);
        h2t_peer_settings(core->peer, NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, 0);
        h2t_peer_settings(core->peer, NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, 4096);
        h2t_core_run(core);
        h2t_expect_usable(core);
        ck_assert_mem_eq(h2t_peer_last(core->peer, H2T_HEADERS, 3)->payload, updates,
                         sizeof updates);
        h2t_expect_usable(core);
    }
}

TEST_MAIN("h2_requests", {T(pseudo_fields_lead_and_nothing_is_added)},
          {T(forbidden_fields_are_told_from_allowed_ones_before_a_request_is_built)},
          {T(fields_that_would_split_a_message_are_refused_without_showing_the_value)},
          {T(a_host_field_is_meant_for_the_authority)},
          {T(neither_userinfo_nor_fragment_leave_and_the_query_goes_byte_for_byte)},
          {T(options_may_ask_for_the_server_as_a_whole)},
          {T(connect_carries_neither_scheme_nor_path)}, {T(without_a_body_headers_end_the_stream)},
          {T(a_body_of_known_length_is_declared_and_sent_whole)},
          {T(a_body_of_unknown_length_is_sent_to_its_end_undeclared)},
          {T(a_body_shorter_than_declared_cancels_the_stream)},
          {T(a_body_longer_than_declared_cancels_the_stream_and_sends_no_byte_too_many)},
          {T(a_body_that_cannot_be_read_cancels_the_stream)},
          {T(a_body_that_is_not_there_yet_is_asked_for_again_when_resumed)},
          {T(fields_above_the_servers_limit_fail_here_and_the_connection_stays)},
          {T(a_long_header_block_continues_without_anything_between)},
          {T(credentials_are_never_indexed)}, {T(cookies_arrive_as_given_or_in_crumbs)},
          {T(a_smaller_header_table_is_announced_by_the_next_block)},
          {T(a_header_table_that_shrank_and_grew_is_announced_twice)})
