/* SPDX-License-Identifier: MIT */
/* h2fetch's -w and --report, the lines of -v and of --trace-frames: from figures to text. */
#include "tests/support/test_main.h"

#include <string.h>

#include "tools/h2fetch/fetch_report.h"
#include "tools/h2fetch/fetch_trace.h"
#include "tools/h2fetch/fetch_verbose.h"
#include "tools/h2fetch/fetch_write_out.h"

static const h2client_call_info info = {
    .size = sizeof info,
    .queued_us = 1500000,
    .name_lookup_us = -1,
    .connect_us = 250,
    .tls_us = -1,
    .request_us = 1500001,
    .first_byte_us = 1600000,
    .total_us = 2000000,
    .download_bytes = 1000,
    .upload_bytes = 3,
    .conn_id = 7,
    .url = "https://h/x",
    .method = "GET",
    .local_address = "",
    .remote_address = "192.0.2.1",
    .tls_version = "TLS1.3",
    .remote_port = 443,
    .stream_id = 5,
};

/* A failure before there was a response: what a test has without a server. */
static struct h2f_facts make_facts(void)
{
    return (struct h2f_facts){.url = "https://h/x",
                              .method = "GET",
                              .message = "it \"failed\"",
                              .phase = "connect",
                              .replay_class = "never_sent",
                              .filename = NULL,
                              .info = &info,
                              .resp = NULL,
                              .n_retries = 2,
                              .n_attempts = 3,
                              .exit_code = 7};
}

static void writes(const char *format, const char *expected)
{
    struct h2f_facts facts = make_facts();
    struct h2f_text text = {0};

    h2f_write_out_add(&text, format, &facts);
    ck_assert_str_eq(h2f_text_string(&text), expected);
    h2f_text_finish(&text);
}

TEST(variables_have_curls_shapes)
{
    writes("%{http_code} %{response_code}", "000 000");
    writes("%{time_queue} %{time_namelookup} %{time_total}", "1.500000 0.000000 2.000000");
    writes("%{size_download} %{size_upload} %{speed_download}", "1000 3 500");
    writes("%{conn_id}/%{stream_id} %{num_retries}", "7/5 2");
    writes("%{url} %{remote_ip}:%{remote_port}", "https://h/x 192.0.2.1:443");
    writes("%{exitcode} %{errormsg}", "7 it \"failed\"");
    writes("[%{content_type}%{filename_effective}%{header{Server}}%header{Server}]", "[]");
}

TEST(escapes_and_percent_signs_are_curls)
{
    writes("a\\nb\\r\\tc", "a\nb\r\tc");
    writes("%%{url}%%", "%{url}%");
    writes("100% \\x\\", "100% \\x\\");
    writes("%{", "%{");
}

TEST(unknown_variables_are_found)
{
    ck_assert_ptr_null(h2f_write_out_unknown("%{url} %{header{X}} %header{Y} %{json} %% % %{"));
    ck_assert_str_eq(h2f_write_out_unknown("%{url} %{nothing} x"), "%{nothing} x");
    ck_assert_str_eq(h2f_write_out_unknown("%{}"), "%{}");
    ck_assert_ptr_null(h2f_write_out_unknown("%%{nothing}"));
}

TEST(json_holds_all_variables)
{
    struct h2f_facts facts = make_facts();
    struct h2f_text text = {0};

    h2f_write_out_add(&text, "%{json}", &facts);
    ck_assert_ptr_nonnull(strstr(text.data, "{\"http_code\":0,"));
    ck_assert_ptr_nonnull(strstr(text.data, "\"errormsg\":\"it \\\"failed\\\"\""));
    ck_assert_ptr_nonnull(strstr(text.data, "\"content_type\":null"));
    ck_assert_ptr_nonnull(strstr(text.data, "\"time_total\":2.000000"));
    h2f_text_finish(&text);
}

TEST(a_report_says_null_for_what_was_not_there)
{
    struct h2f_facts facts = make_facts();
    struct h2f_text line = {0};

    h2f_report_add(&line, &facts);
    ck_assert_str_eq(
        line.data, "{\"url\": \"https://h/x\", \"url_effective\": \"https://h/x\", \"method\": "
                   "\"GET\", \"status\": null, \"http_version\": null, \"exitcode\": 7, \"error\": "
                   "\"it \\\"failed\\\"\", \"phase\": \"connect\", \"replay_class\": "
                   "\"never_sent\", \"size_download\": 1000, \"size_upload\": 3, \"remote_ip\": "
                   "\"192.0.2.1\", \"remote_port\": 443, \"conn_id\": 7, \"stream_id\": 5, "
                   "\"attempts\": 3, \"time_queue\": 1.500000, \"time_namelookup\": null, "
                   "\"time_connect\": 0.000250, \"time_appconnect\": null, "
                   "\"time_starttransfer\": 1.600000, \"time_total\": 2.000000, \"filename\": "
                   "null}\n");
    h2f_text_finish(&line);
}

/* ---- -v -------------------------------------------------------------------------- */

static void shows(const h2client_frame_event *event, const char *expected)
{
    struct h2f_text text = {0};

    h2f_verbose_add_frame(&text, event);
    ck_assert_str_eq(text.data, expected);
    h2f_text_finish(&text);
}

TEST(a_request_is_shown_as_curl_shows_it)
{
    const h2client_header fields[] = {{":method", "GET"},  {":scheme", "https"}, {":path", "/x"},
                                      {":authority", "h"}, {"accept", "*/*"},    {NULL, NULL}};
    const h2client_frame_event event = {.conn_id = 1,
                                        .type_name = "HEADERS",
                                        .fields = fields,
                                        .len = 20,
                                        .stream_id = 1,
                                        .direction = H2CLIENT_SENT,
                                        .type = 1,
                                        .flags = 0x5};

    shows(&event, "* h2: conn 1 sent HEADERS stream 1 len 20 END_STREAM END_HEADERS\n"
                  "> GET /x HTTP/2\n> host: h\n> accept: */*\n>\n");
}

TEST(a_response_cannot_steer_the_terminal)
{
    const h2client_header fields[] = {{":status", "200"}, {"x", "\033[2J"}, {NULL, NULL}};
    const h2client_frame_event event = {.conn_id = 2,
                                        .type_name = "HEADERS",
                                        .fields = fields,
                                        .stream_id = 3,
                                        .direction = H2CLIENT_RECEIVED,
                                        .type = 1,
                                        .flags = 0x4};

    shows(&event, "* h2: conn 2 got HEADERS stream 3 len 0 END_HEADERS\n"
                  "< HTTP/2 200\n< x: ?[2J\n<\n");
}

TEST(other_frames_take_one_line)
{
    const h2client_header fields[] = {{"MAX_CONCURRENT_STREAMS", "100"}, {NULL, NULL}};
    const h2client_frame_event settings = {.conn_id = 1,
                                           .type_name = "SETTINGS",
                                           .fields = fields,
                                           .len = 6,
                                           .direction = H2CLIENT_RECEIVED,
                                           .type = 4};
    const h2client_frame_event ping = {
        .conn_id = 1, .type_name = "PING", .len = 8, .type = 6, .flags = 0x1};

    shows(&settings, "* h2: conn 1 got SETTINGS len 6 MAX_CONCURRENT_STREAMS=100\n");
    shows(&ping, "* h2: conn 1 sent PING len 8 ACK\n");
}

/* ---- --trace-frames --------------------------------------------------------------- */

static void traces(const h2client_frame_event *event, const char *expected)
{
    struct h2f_text line = {0};

    h2f_trace_add_frame(&line, event, 1000000);
    ck_assert_str_eq(line.data, expected);
    h2f_text_finish(&line);
}

TEST(a_frame_is_a_line_with_what_its_type_holds)
{
    const h2client_header numbers[] = {{"last_stream_id", "5"},
                                       {"error_code", "11 (ENHANCE_YOUR_CALM)"},
                                       {"debug_data", "too \"many\""},
                                       {NULL, NULL}};
    const h2client_frame_event event = {.time_us = 2500000,
                                        .conn_id = 3,
                                        .type_name = "GOAWAY",
                                        .fields = numbers,
                                        .len = 18,
                                        .direction = H2CLIENT_RECEIVED,
                                        .type = 7};

    traces(&event, "{\"t\": 1.500000, \"conn\": 3, \"dir\": \"received\", \"type\": \"GOAWAY\", "
                   "\"stream\": 0, \"flags\": 0, \"len\": 18, \"last_stream_id\": 5, "
                   "\"error_code\": 11, \"error_code_name\": \"ENHANCE_YOUR_CALM\", "
                   "\"debug_data\": \"too \\\"many\\\"\"}\n");
}

TEST(settings_and_fields_are_pairs)
{
    const h2client_header settings[] = {{"A", "1"}, {"A", "2"}, {NULL, NULL}};
    const h2client_header fields[] = {{":status", "200"}, {NULL, NULL}};
    h2client_frame_event event = {
        .conn_id = 1, .type_name = "SETTINGS", .fields = settings, .len = 12, .type = 4};

    traces(&event, "{\"t\": 0.000000, \"conn\": 1, \"dir\": \"sent\", \"type\": \"SETTINGS\", "
                   "\"stream\": 0, \"flags\": 0, \"len\": 12, "
                   "\"settings\": [[\"A\", 1], [\"A\", 2]]}\n");
    event = (h2client_frame_event){
        .conn_id = 1, .type_name = "HEADERS", .fields = fields, .type = 1, .flags = 5};
    traces(&event, "{\"t\": 0.000000, \"conn\": 1, \"dir\": \"sent\", \"type\": \"HEAD\", "
                   "\"stream\": 0, \"flags\": 5, \"len\": 0, "
                   "\"fields\": [[\":status\", \"200\"]]}\n");
    event.stream_id = 7;
    event.fields = NULL;
    traces(&event, "{\"t\": 0.000000, \"conn\": 1, \"dir\": \"sent\", \"type\": \"HEADERS\", "
                   "\"stream\": 7, \"flags\": 5, \"len\": 0}\n");
}

TEST_MAIN("h2fetch_write_out", {T(variables_have_curls_shapes)},
          {T(escapes_and_percent_signs_are_curls)}, {T(unknown_variables_are_found)},
          {T(json_holds_all_variables)}, {T(a_report_says_null_for_what_was_not_there)},
          {T(a_request_is_shown_as_curl_shows_it)}, {T(a_response_cannot_steer_the_terminal)},
          {T(other_frames_take_one_line)}, {T(a_frame_is_a_line_with_what_its_type_holds)},
          {T(settings_and_fields_are_pairs)})
