/* SPDX-License-Identifier: MIT */
/* What a response, its call's figures, the log and the frame events tell. */
#include <stdio.h>
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

static void answer_richly(struct h2t_peer *peer, const struct h2t_seen_request *request,
                          struct h2t_response *response, void *user)
{
    static const h2client_header fields[] = {{"x-b", "2"},    {"set-cookie", "a=1"},
                                             {"x-a", "1"},    {"set-cookie", "b=2"},
                                             {"x-empty", ""}, {NULL, NULL}};
    static const h2client_header trailers[] = {
        {"x-sum", "1"}, {"x-more", "m"}, {"x-sum", "2"}, {NULL, NULL}};

    (void)peer, (void)request, (void)user;
    response->status = 203;
    response->fields = fields;
    response->trailers = trailers;
    response->body = "body";
    response->body_len = 4;
}

static void start(struct h2t_rig *rig, h2t_on_request on_request, void *user)
{
    h2t_rig_init(rig);
    rig->plan.peer.on_request = on_request;
    rig->plan.peer.user = user;
    h2t_rig_open(rig, NULL);
}

static void finish(struct h2t_rig *rig, h2client_call *call)
{
    h2client_call_destroy(call);
    h2t_rig_finish(rig);
}

/* "name=value;..." of all fields but those of the server itself. */
static const char *join(const h2client_header *fields)
{
    static char text[512];
    size_t len = 0;

    text[0] = 0;
    for (; fields->name; fields++)
        if (fields->name[0] == 'x' || strcmp(fields->name, "set-cookie") == 0)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s=%s;", fields->name,
                                    fields->value);
    return text;
}

/* ---- fields ---- */

TEST(headers_keep_the_order_of_the_wire_and_duplicates)
{
    struct h2t_rig rig;
    h2client_call *call;
    const h2client_response *resp;

    start(&rig, answer_richly, NULL);
    call = h2t_rig_get(&rig, "/");
    resp = h2client_call_response(call);
    ck_assert_int_eq(h2client_response_status(resp), 203);
    ck_assert_str_eq(join(h2client_response_headers(resp)),
                     "x-b=2;set-cookie=a=1;x-a=1;set-cookie=b=2;x-empty=;");
    finish(&rig, call);
}
END_TEST

TEST(header_by_name_is_the_first_in_any_case)
{
    struct h2t_rig rig;
    h2client_call *call;
    const h2client_response *resp;

    start(&rig, answer_richly, NULL);
    call = h2t_rig_get(&rig, "/");
    resp = h2client_call_response(call);
    ck_assert_str_eq(h2client_response_header(resp, "Set-Cookie"), "a=1");
    ck_assert_str_eq(h2client_response_header(resp, "x-empty"), "");
    ck_assert_ptr_null(h2client_response_header(resp, "x-sum"));
    ck_assert_ptr_null(h2client_response_header(resp, ":status"));
    finish(&rig, call);
}
END_TEST

TEST(trailers_are_apart_from_headers)
{
    struct h2t_rig rig;
    h2client_call *call;
    const h2client_response *resp;

    start(&rig, answer_richly, NULL);
    call = h2t_rig_get(&rig, "/");
    resp = h2client_call_response(call);
    ck_assert_str_eq(join(h2client_response_trailers(resp)), "x-sum=1;x-more=m;x-sum=2;");
    ck_assert_str_eq(h2client_response_trailer(resp, "X-SUM"), "1");
    ck_assert_ptr_null(h2client_response_trailer(resp, "x-a"));
    finish(&rig, call);
}
END_TEST

TEST(error_status_is_a_response)
{
    static const struct h2t_response answer = {.status = 404, .body = "gone", .body_len = 4};
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init(&rig);
    rig.plan.peer.is_raw = true;
    h2t_rig_open(&rig, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/");
    h2t_rig_turn(&rig, 5);
    h2t_peer_settings(h2t_rig_peer(&rig, 0), 3, 100);
    h2t_peer_answer(h2t_rig_peer(&rig, 0), 1, &answer);
    ck_assert_int_eq(h2client_response_status(h2client_call_await(call)), 404);
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_OK);
    finish(&rig, call);
}
END_TEST

/* ---- interim responses ---- */

struct interims {
    int n;
    int statuses[8];
    char first_link[64];
    bool head_came_before;
};

static void on_informational(h2client_call *call, int status, const h2client_header *fields,
                             void *user)
{
    struct interims *seen = user;

    if (seen->n == 0 && h2t_field(fields, "link"))
        snprintf(seen->first_link, sizeof seen->first_link, "%s", h2t_field(fields, "link"));
    seen->head_came_before |= h2client_call_response(call) != NULL && seen->n == 0 &&
                              h2client_response_status(h2client_call_response(call)) < 200;
    seen->statuses[seen->n++] = status;
}

static void inform_twice(struct h2t_peer *peer, const struct h2t_seen_request *request,
                         struct h2t_response *response, void *user)
{
    static const h2client_header hints[] = {{"link", "</style.css>"}, {NULL, NULL}};

    (void)user;
    h2t_peer_inform(peer, request->stream_id, 103, hints);
    h2t_peer_inform(peer, request->stream_id, 102, NULL);
    response->status = 200;
}

TEST(interim_responses_are_told_in_order_with_their_fields)
{
    struct interims seen = {.n = 0};
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, inform_twice, NULL);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .on_informational = on_informational,
                        .user = &seen);
    ck_assert_int_eq(h2client_response_status(h2client_call_await(call)), 200);
    ck_assert_int_eq(seen.n, 2);
    ck_assert_int_eq(seen.statuses[0], 103);
    ck_assert_int_eq(seen.statuses[1], 102);
    ck_assert_str_eq(seen.first_link, "</style.css>");
    ck_assert(!seen.head_came_before);
    finish(&rig, call);
}
END_TEST

TEST(interim_responses_nobody_listens_to_are_dropped)
{
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, inform_twice, NULL);
    call = h2t_rig_get(&rig, "/");
    ck_assert_int_eq(h2client_response_status(h2client_call_response(call)), 200);
    ck_assert_ptr_null(h2client_response_header(h2client_call_response(call), "link"));
    finish(&rig, call);
}
END_TEST

/* ---- figures ---- */

TEST(times_of_a_call_are_those_of_its_steps)
{
    struct h2t_rig rig;
    h2client_call *call;
    const h2client_call_info *info;

    h2t_rig_init(&rig);
    rig.plan.delay_ms = 20;
    rig.tls.delay_ms = 30;
    h2t_rig_open(&rig, NULL);
    call = h2t_rig_get(&rig, "/");
    info = h2client_call_get_info(call);
    ck_assert_int_eq(info->name_lookup_us, -1); /* this dialer wants no addresses */
    ck_assert_int_eq(info->connect_us, 20000);
    ck_assert_int_eq(info->tls_us, 50000);
    ck_assert_int_eq(info->queued_us, 50000);
    ck_assert_int_eq(info->first_byte_us, 50000);
    ck_assert_int_eq(info->total_us, 50000);
    finish(&rig, call);
}
END_TEST

TEST(times_of_a_connection_that_was_there_are_not_the_calls)
{
    struct h2t_rig rig;
    h2client_call *call;
    const h2client_call_info *info;

    h2t_rig_start(&rig);
    h2client_call_destroy(h2t_rig_get(&rig, "/"));
    h2t_rig_run_ms(&rig, 5);
    call = h2t_rig_get(&rig, "/");
    info = h2client_call_get_info(call);
    ck_assert_int_eq(info->connect_us, -1);
    ck_assert_int_eq(info->tls_us, -1);
    ck_assert_int_ge(info->request_us, 0);
    ck_assert_int_eq(info->n_connects, 0);
    ck_assert_int_eq(info->stream_id, 3);
    finish(&rig, call);
}
END_TEST

TEST(figures_count_bytes_of_both_directions)
{
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig, answer_richly, NULL);
    call = h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_TEXT("seven b"));
    h2client_call_await(call);
    ck_assert_int_eq(h2client_call_get_info(call)->upload_bytes, 7);
    ck_assert_int_eq(h2client_call_get_info(call)->download_bytes, 4);
    ck_assert_int_gt(h2client_call_get_info(call)->header_bytes, 0);
    ck_assert_str_eq(h2client_call_get_info(call)->method, "POST");
    finish(&rig, call);
}
END_TEST

TEST(stats_count_what_the_session_did)
{
    h2client_session_stats stats = {.size = sizeof stats};
    struct h2t_rig rig;
    h2client_call *bad;

    h2t_rig_start(&rig);
    for (int i = 0; i < 3; i++)
        h2client_call_destroy(h2t_rig_get(&rig, "/"));
    bad = h2client_get(rig.session, "nonsense");
    h2client_call_await(bad);
    h2client_session_get_stats(rig.session, &stats);
    ck_assert_uint_eq(stats.n_calls, 4);
    ck_assert_uint_eq(stats.n_calls_failed, 1);
    ck_assert_uint_eq(stats.n_streams, 3);
    ck_assert_uint_eq(stats.n_conns_opened, 1);
    ck_assert_uint_eq(stats.n_conns_open, 1);
    ck_assert_uint_gt(stats.bytes_sent, 0);
    ck_assert_uint_gt(stats.bytes_received, 0);
    ck_assert_uint_ge(stats.n_turns, stats.n_writes);
    finish(&rig, bad);
}
END_TEST

TEST(stats_of_an_older_program_are_not_overwritten)
{
    struct {
        h2client_session_stats known;
    } stats = {
        .known = {.size = offsetof(h2client_session_stats, n_calls_failed), .n_calls_failed = 77}};
    struct h2t_rig rig;

    h2t_rig_start(&rig);
    h2client_call_destroy(h2t_rig_get(&rig, "/"));
    h2client_session_get_stats(rig.session, &stats.known);
    ck_assert_uint_eq(stats.known.n_calls, 1);
    ck_assert_uint_eq(stats.known.n_calls_failed, 77);
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- log and frames ---- */

struct record {
    int n_lines;
    char text[4096];
    h2client_log_level worst;
    int n_sent;
    int n_received;
    char frames[1024]; /* ">SETTINGS >HEADERS <SETTINGS ..." */
    char hidden[64];
};

static void on_log(h2client_log_level level, const char *area, const char *text, void *user)
{
    struct record *record = user;
    size_t len = strlen(record->text);

    record->n_lines++;
    if (record->worst == 0 || level < record->worst)
        record->worst = level;
    ck_assert_ptr_null(strchr(text, '\n'));
    snprintf(record->text + len, sizeof record->text - len, "%s: %s\n", area, text);
}

static void on_frame(const h2client_frame_event *event, void *user)
{
    struct record *record = user;
    size_t len = strlen(record->frames);
    const char *secret = h2t_field(event->fields, "authorization");

    snprintf(record->frames + len, sizeof record->frames - len, "%c%s ",
             event->direction == H2CLIENT_SENT ? '>' : '<', event->type_name);
    if (secret)
        snprintf(record->hidden, sizeof record->hidden, "%s", secret);
    ck_assert_uint_eq(event->conn_id, 1);
}

TEST(log_tells_of_connections_and_of_no_secret)
{
    struct record record = {.n_lines = 0};
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init(&rig);
    h2t_rig_open(
        &rig, H2CLIENT_SESSION(.on_log = on_log, .user = &record, .log_level = H2CLIENT_LOG_DEBUG));
    call = h2client_get(rig.session, "https://joe:secret@server.test/",
                        .headers = H2CLIENT_HEADERS({"authorization", "Bearer secret"}));
    h2client_call_await(call);
    ck_assert_ptr_nonnull(strstr(record.text, "pool: connection 1 to server.test:443"));
    ck_assert_ptr_null(strstr(record.text, "secret"));
    finish(&rig, call);
}
END_TEST

TEST(log_is_silent_at_level_none)
{
    struct record record = {.n_lines = 0};
    struct h2t_rig rig;

    h2t_rig_init(&rig);
    h2t_rig_open(&rig, H2CLIENT_SESSION(.on_log = on_log, .user = &record));
    h2client_call_destroy(h2t_rig_get(&rig, "/"));
    ck_assert_int_eq(record.n_lines, 0);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(frames_are_told_in_the_order_of_the_wire_with_secrets_hidden)
{
    struct record record = {.n_lines = 0};
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init(&rig);
    h2t_rig_open(&rig, H2CLIENT_SESSION(.on_frame = on_frame, .user = &record));
    call = h2client_get(rig.session, H2T_ORIGIN "/",
                        .headers = H2CLIENT_HEADERS({"authorization", "Bearer secret"}));
    h2client_call_await(call);
    h2t_rig_turn(&rig, 2);
    ck_assert_ptr_nonnull(strstr(record.frames, "<SETTINGS "));
    ck_assert_ptr_nonnull(strstr(record.frames, ">SETTINGS "));
    ck_assert_ptr_nonnull(strstr(strstr(record.frames, ">SETTINGS "), ">HEADERS "));
    ck_assert_ptr_nonnull(strstr(record.frames, "<HEADERS <DATA "));
    ck_assert_str_eq(record.hidden, "[hidden]");
    finish(&rig, call);
}
END_TEST

static void see_stream(h2client_call *call, const h2client_response *resp, void *user)
{
    (void)resp;
    *(h2client_call_info *)user = *h2client_call_get_info(call);
}

TEST(figures_are_there_while_the_call_runs)
{
    h2client_call_info info = {.size = 0};
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_start(&rig);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .on_response = see_stream, .user = &info);
    h2client_call_await(call);
    ck_assert_int_eq(info.stream_id, 1);
    ck_assert_int_eq(info.n_attempts, 1);
    ck_assert_int_eq(info.n_connects, 1);
    ck_assert_int_eq(info.total_us, -1);
    finish(&rig, call);
}
END_TEST

TEST(frames_of_a_sessions_end_are_told)
{
    struct record record = {.n_lines = 0};
    struct h2t_rig rig;

    h2t_rig_init(&rig);
    h2t_rig_open(&rig, H2CLIENT_SESSION(.on_frame = on_frame, .user = &record));
    h2client_call_destroy(h2t_rig_get(&rig, "/"));
    h2client_session_destroy(rig.session);
    rig.session = NULL;
    ck_assert_ptr_nonnull(strstr(record.frames, ">GOAWAY "));
    h2t_rig_finish(&rig);
}
END_TEST

TEST_MAIN("facade_response", {T(headers_keep_the_order_of_the_wire_and_duplicates)},
          {T(header_by_name_is_the_first_in_any_case)}, {T(trailers_are_apart_from_headers)},
          {T(error_status_is_a_response)},
          {T(interim_responses_are_told_in_order_with_their_fields)},
          {T(interim_responses_nobody_listens_to_are_dropped)},
          {T(times_of_a_call_are_those_of_its_steps)},
          {T(times_of_a_connection_that_was_there_are_not_the_calls)},
          {T(figures_count_bytes_of_both_directions)}, {T(stats_count_what_the_session_did)},
          {T(stats_of_an_older_program_are_not_overwritten)},
          {T(log_tells_of_connections_and_of_no_secret)}, {T(log_is_silent_at_level_none)},
          {T(frames_are_told_in_the_order_of_the_wire_with_secrets_hidden)},
          {T(figures_are_there_while_the_call_runs)}, {T(frames_of_a_sessions_end_are_told)})
