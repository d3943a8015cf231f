/* SPDX-License-Identifier: MIT */
/* Bodies that are written while their call runs, reading and writing at once, the fields that
 * follow a body, and what is told of an upload on its way. */
#include <string.h>

#include "h2client-testing/raw_frames.h"
#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

static void answer_at_end(struct h2t_peer *peer, const struct h2t_seen_request *request,
                          struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    response->status = 200;
    response->waits_for_body = true;
}

static void hold(struct h2t_peer *peer, const struct h2t_seen_request *request,
                 struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    response->is_held = true;
}

static void answer_h1_at_end(struct h2t_h1_peer *peer, const struct h2t_h1_seen *request,
                             struct h2t_h1_reply *reply, void *user)
{
    (void)peer, (void)request, (void)user;
    reply->text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    reply->waits_for_body = true;
}

static void start(struct h2t_rig *rig, h2t_on_request on_request)
{
    h2t_rig_init(rig);
    rig->plan.peer.on_request = on_request;
    h2t_rig_open(rig, NULL);
}

static void start_h1(struct h2t_rig *rig)
{
    h2t_rig_init_h1(rig, answer_h1_at_end, NULL);
    h2t_rig_open(rig, NULL);
}

static const struct h2t_seen_request *seen(const struct h2t_rig *rig)
{
    return h2t_peer_request(h2t_rig_peer(rig, 0), 0);
}

/* The head of a response to the first request, and bytes of its body, as they are. */
static void send_head(struct h2t_rig *rig)
{
    static const h2client_header fields[] = {{":status", "200"}, {NULL, NULL}};
    struct h2t_bytes raw = {0};

    h2t_headers(&raw, 1, fields, false, 0);
    h2t_peer_send_raw(h2t_rig_peer(rig, 0), raw.data, raw.len);
    h2t_bytes_free(&raw);
}

static void send_data(struct h2t_rig *rig, const char *text, bool is_end)
{
    struct h2t_bytes raw = {0};

    h2t_data(&raw, 1, text, strlen(text), -1, is_end);
    h2t_peer_send_raw(h2t_rig_peer(rig, 0), raw.data, raw.len);
    h2t_bytes_free(&raw);
}

/* ---- writing --------------------------------------------------------------- */

TEST(written_body_goes_out_as_it_is_written_and_ends_with_finish)
{
    struct h2t_rig rig;

    start(&rig, answer_at_end);
    h2client_call *call = h2client_post(rig.session, H2T_ORIGIN "/",
                                        .body = H2CLIENT_WRITTEN(H2CLIENT_LENGTH_UNKNOWN));
    ck_assert_int_eq(h2client_call_write(call, "one ", 4, NULL), H2CLIENT_OK);
    h2t_rig_run_ms(&rig, 100);
    ck_assert_str_eq(seen(&rig)->body, "one ");
    ck_assert_int_eq(h2client_call_write(call, "two", 3, NULL), H2CLIENT_OK);
    ck_assert_int_eq(h2client_call_finish(call), H2CLIENT_OK);
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_str_eq(seen(&rig)->body, "one two");
    ck_assert_ptr_null(h2t_field(seen(&rig)->fields, "content-length"));
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(written_body_goes_out_in_chunks_over_http1)
{
    struct h2t_rig rig;

    start_h1(&rig);
    h2client_call *call = h2client_post(rig.session, H2T_ORIGIN "/",
                                        .body = H2CLIENT_WRITTEN(H2CLIENT_LENGTH_UNKNOWN));
    ck_assert_int_eq(h2client_call_write(call, "one ", 4, NULL), H2CLIENT_OK);
    h2t_rig_run_ms(&rig, 100);
    ck_assert_int_eq(h2client_call_write(call, "two", 3, NULL), H2CLIENT_OK);
    ck_assert_int_eq(h2client_call_finish(call), H2CLIENT_OK);
    ck_assert_ptr_nonnull(h2client_call_await(call));
    const struct h2t_h1_seen *request = h2t_h1_peer_request(h2t_rig_h1_peer(&rig, 0), 0);
    ck_assert_str_eq(request->body, "one two");
    ck_assert(request->is_chunked);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(written_body_larger_than_all_windows_waits_for_room)
{
    static char big[1000000];
    struct h2t_rig rig;
    size_t n = 0;

    start(&rig, answer_at_end);
    h2client_call *call =
        h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_WRITTEN(sizeof big));
    ck_assert_int_eq(h2client_call_write(call, big, sizeof big, &n), H2CLIENT_OK);
    ck_assert_uint_eq(n, sizeof big);
    ck_assert_int_eq(h2client_call_finish(call), H2CLIENT_OK);
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_uint_eq(seen(&rig)->body_len, sizeof big);
    ck_assert_str_eq(h2t_field(seen(&rig)->fields, "content-length"), "1000000");
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

struct writer {
    size_t n_left;
    int n_asked;
};

/* As much as there is room for; the rest when there is some again. */
static void write_on(h2client_call *call, void *user)
{
    static const char piece[10000];
    struct writer *writer = user;
    size_t n = 1;

    writer->n_asked++;
    while (writer->n_left &&
           h2client_call_try_write(call, piece,
                                   writer->n_left < sizeof piece ? writer->n_left : sizeof piece,
                                   &n) == H2CLIENT_OK)
        writer->n_left -= n;
    if (writer->n_left == 0)
        ck_assert_int_eq(h2client_call_finish(call), H2CLIENT_OK);
}

TEST(written_body_goes_on_when_on_writable_says_so)
{
    struct writer writer = {.n_left = 500000};
    struct h2t_rig rig;

    start(&rig, answer_at_end);
    h2client_call *call = h2client_post(rig.session, H2T_ORIGIN "/",
                                        .body = H2CLIENT_WRITTEN(H2CLIENT_LENGTH_UNKNOWN),
                                        .on_writable = write_on, .user = &writer);
    write_on(call, &writer);
    ck_assert_uint_eq(writer.n_left, 500000 - 65536);
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_uint_eq(seen(&rig)->body_len, 500000);
    ck_assert_int_ge(writer.n_asked, 500000 / 65536);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(written_body_that_nobody_takes_is_pending_after_64_kib)
{
    static const char piece[65536];
    struct h2t_rig rig;
    size_t n;

    start(&rig, answer_at_end);
    h2client_call *call = h2client_post(rig.session, H2T_ORIGIN "/",
                                        .body = H2CLIENT_WRITTEN(H2CLIENT_LENGTH_UNKNOWN));
    ck_assert_int_eq(h2client_call_try_write(call, piece, 60000, &n), H2CLIENT_OK);
    ck_assert_int_eq(h2client_call_try_write(call, piece, 60000, &n), H2CLIENT_OK);
    ck_assert_uint_eq(n, 5536);
    ck_assert_int_eq(h2client_call_try_write(call, piece, 1, &n), H2CLIENT_PENDING);
    ck_assert_uint_eq(n, 0);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

static void write_inside(h2client_call *call, const h2client_response *resp, void *user)
{
    size_t n;

    (void)resp;
    *(h2client_error_code *)user = h2client_call_write(call, "x", 1, NULL);
    ck_assert_int_eq(h2client_call_try_write(call, "x", 1, &n), H2CLIENT_OK);
    ck_assert_int_eq(h2client_call_finish(call), H2CLIENT_OK);
}

TEST(written_body_inside_a_callback_is_for_try_write)
{
    h2client_error_code code = H2CLIENT_OK;
    struct h2t_rig rig;

    start(&rig, hold);
    h2client_call *call = h2client_post(rig.session, H2T_ORIGIN "/",
                                        .body = H2CLIENT_WRITTEN(H2CLIENT_LENGTH_UNKNOWN),
                                        .on_response = write_inside, .user = &code);
    h2t_rig_turn(&rig, 8);
    send_head(&rig);
    h2t_rig_turn(&rig, 8);
    ck_assert_int_eq(code, H2CLIENT_ERROR_REENTRANT);
    ck_assert_str_eq(seen(&rig)->body, "x");
    ck_assert(seen(&rig)->is_complete);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(written_body_shorter_than_declared_is_an_error)
{
    struct h2t_rig rig;

    start(&rig, answer_at_end);
    h2client_call *call = h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_WRITTEN(10));
    ck_assert_int_eq(h2client_call_write(call, "short", 5, NULL), H2CLIENT_OK);
    ck_assert_int_eq(h2client_call_finish(call), H2CLIENT_OK);
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_UPLOAD_LENGTH);
    ck_assert_int_eq(h2client_call_write(call, "more", 4, NULL), H2CLIENT_ERROR_UPLOAD_LENGTH);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(written_body_longer_than_declared_is_an_error)
{
    struct h2t_rig rig;

    start(&rig, answer_at_end);
    h2client_call *call = h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_WRITTEN(3));
    ck_assert_int_eq(h2client_call_write(call, "longer", 6, NULL), H2CLIENT_OK);
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_UPLOAD_LENGTH);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(written_body_misused_is_an_invalid_argument)
{
    struct h2t_rig rig;
    size_t n;

    start(&rig, answer_at_end);
    h2client_call *plain = h2client_get(rig.session, H2T_ORIGIN "/");
    ck_assert_int_eq(h2client_call_write(plain, "x", 1, NULL), H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_int_eq(h2client_call_finish(plain), H2CLIENT_ERROR_INVALID_ARGUMENT);
    h2client_call *call = h2client_post(rig.session, H2T_ORIGIN "/",
                                        .body = H2CLIENT_WRITTEN(H2CLIENT_LENGTH_UNKNOWN));
    ck_assert_int_eq(h2client_call_try_write(call, NULL, 1, &n), H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_int_eq(h2client_call_finish(call), H2CLIENT_OK);
    ck_assert_int_eq(h2client_call_write(call, "x", 1, NULL), H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_int_eq(h2client_call_finish(call), H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_int_eq(h2client_call_write(NULL, "x", 1, NULL), H2CLIENT_ERROR_NO_MEMORY);
    h2client_call_destroy(plain);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(written_body_that_waits_for_its_writer_stalls_no_limit)
{
    struct h2t_rig rig;

    start(&rig, answer_at_end);
    h2client_call *call = h2client_post(
        rig.session, H2T_ORIGIN "/", .body = H2CLIENT_WRITTEN(H2CLIENT_LENGTH_UNKNOWN),
        .write_stall_timeout_ms = 100, .read_idle_timeout_ms = 100, .first_byte_timeout_ms = 100);
    ck_assert_int_eq(h2client_call_write(call, "a", 1, NULL), H2CLIENT_OK);
    h2t_rig_run_ms(&rig, 10000);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_PENDING);
    ck_assert_int_eq(h2client_call_finish(call), H2CLIENT_OK);
    ck_assert_ptr_nonnull(h2client_call_await(call));
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- both directions at once ------------------------------------------------- */

TEST(reading_and_writing_alternate_on_one_call)
{
    struct h2t_rig rig;
    char buf[64];
    size_t n;

    start(&rig, hold);
    h2client_call *call = h2client_post(rig.session, H2T_ORIGIN "/",
                                        .body = H2CLIENT_WRITTEN(H2CLIENT_LENGTH_UNKNOWN));
    h2t_rig_turn(&rig, 8);
    send_head(&rig);
    ck_assert_ptr_nonnull(h2client_call_await_response(call));
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(h2client_call_write(call, "question ", 9, NULL), H2CLIENT_OK);
        h2t_rig_turn(&rig, 4);
        ck_assert_uint_eq(seen(&rig)->body_len, 9 * ((size_t)i + 1));
        send_data(&rig, "answer", false);
        ck_assert_int_eq(h2client_call_read(call, buf, sizeof buf, &n), H2CLIENT_OK);
        ck_assert_uint_eq(n, 6);
    }
    ck_assert_int_eq(h2client_call_finish(call), H2CLIENT_OK);
    h2t_rig_turn(&rig, 4);
    send_data(&rig, "", true);
    ck_assert_int_eq(h2client_call_read(call, buf, sizeof buf, &n), H2CLIENT_OK);
    ck_assert_uint_eq(n, 0);
    ck_assert(seen(&rig)->is_complete);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(response_is_readable_while_its_upload_is_blocked)
{
    static const char piece[200000];
    struct h2t_rig rig;
    size_t n;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = hold;
    rig.plan.peer.no_auto_window_update = true;
    h2t_rig_open(&rig, NULL);
    h2client_call *call =
        h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_BYTES(piece, sizeof piece));
    h2t_rig_turn(&rig, 8);
    send_head(&rig);
    send_data(&rig, "now", false);
    ck_assert_ptr_nonnull(h2client_call_await_response(call));
    char buf[16];
    ck_assert_int_eq(h2client_call_read(call, buf, sizeof buf, &n), H2CLIENT_OK);
    ck_assert_uint_eq(n, 3);
    ck_assert_int_eq(h2client_call_get_info(call)->upload_bytes, 65535);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(upload_is_stalled_only_where_nothing_comes_back_either)
{
    static const char piece[200000];
    struct h2t_rig rig;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = hold;
    rig.plan.peer.no_auto_window_update = true;
    h2t_rig_open(&rig, NULL);
    h2client_call *call =
        h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_BYTES(piece, sizeof piece),
                      .write_stall_timeout_ms = 1000, .read_idle_timeout_ms = 500);
    h2t_rig_turn(&rig, 8);
    send_head(&rig);
    for (int i = 0; i < 10; i++) {
        h2t_rig_run_ms(&rig, 700);
        ck_assert_int_eq(h2client_call_state(call), H2CLIENT_PENDING);
        send_data(&rig, "sign of life", false);
    }
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->limit, H2CLIENT_LIMIT_WRITE_STALL);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(written_body_is_unwanted_after_a_whole_response)
{
    struct h2t_rig rig;

    start(&rig, hold);
    h2client_call *call = h2client_post(rig.session, H2T_ORIGIN "/",
                                        .body = H2CLIENT_WRITTEN(H2CLIENT_LENGTH_UNKNOWN));
    ck_assert_int_eq(h2client_call_write(call, "begin", 5, NULL), H2CLIENT_OK);
    h2t_rig_turn(&rig, 8);
    send_head(&rig);
    send_data(&rig, "enough", true);
    h2t_rig_turn(&rig, 8);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_OK);
    ck_assert_int_eq(h2client_call_write(call, "more", 4, NULL), H2CLIENT_ERROR_UPLOAD_UNWANTED);
    ck_assert_int_eq(h2client_call_finish(call), H2CLIENT_ERROR_UPLOAD_UNWANTED);
    ck_assert_str_eq(h2client_response_body(h2client_call_response(call)).data, "enough");
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

static void redirect(struct h2t_peer *peer, const struct h2t_seen_request *request,
                     struct h2t_response *response, void *user)
{
    static const h2client_header there[] = {{"location", "/there"}, {NULL, NULL}};

    (void)peer;
    response->status = strcmp(h2t_field(request->fields, ":path"), "/") == 0 ? *(int *)user : 200;
    response->fields = there;
}

TEST(written_body_is_unwanted_once_a_redirect_dropped_it)
{
    struct h2t_rig rig;
    int status = 303;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = redirect;
    rig.plan.peer.user = &status;
    h2t_rig_open(&rig, NULL);
    h2client_call *call = h2client_post(rig.session, H2T_ORIGIN "/",
                                        .body = H2CLIENT_WRITTEN(H2CLIENT_LENGTH_UNKNOWN),
                                        .trailers = H2CLIENT_HEADERS({"x-sum", "1"}));
    ck_assert_int_eq(h2client_call_write(call, "begin", 5, NULL), H2CLIENT_OK);
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_write(call, "more", 4, NULL), H2CLIENT_ERROR_UPLOAD_UNWANTED);
    ck_assert_ptr_null(h2t_field(h2t_peer_request(h2t_rig_peer(&rig, 0), 1)->fields, "trailer"));
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(written_body_cannot_be_sent_a_second_time)
{
    struct h2t_rig rig;
    int status = 307;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = redirect;
    rig.plan.peer.user = &status;
    h2t_rig_open(&rig, NULL);
    h2client_call *call = h2client_post(rig.session, H2T_ORIGIN "/",
                                        .body = H2CLIENT_WRITTEN(H2CLIENT_LENGTH_UNKNOWN));
    ck_assert_int_eq(h2client_call_write(call, "begin", 5, NULL), H2CLIENT_OK);
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_UPLOAD_REWIND);
    ck_assert_int_eq(h2client_call_write(call, "more", 4, NULL), H2CLIENT_ERROR_UPLOAD_REWIND);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- trailers ------------------------------------------------------------------ */

TEST(trailers_follow_the_body_over_http2)
{
    struct h2t_rig rig;

    start(&rig, answer_at_end);
    h2client_call *call =
        h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_BYTES("body", 4),
                      .trailers = H2CLIENT_HEADERS({"X-Sum", "42"}, {"x-more", "1"}));
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_str_eq(seen(&rig)->body, "body");
    ck_assert_str_eq(h2t_field(seen(&rig)->trailers, "x-sum"), "42");
    ck_assert_str_eq(h2t_field(seen(&rig)->trailers, "x-more"), "1");
    ck_assert_str_eq(h2t_field(seen(&rig)->fields, "trailer"), "x-sum, x-more");
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(trailers_follow_the_last_chunk_over_http1)
{
    struct h2t_rig rig;

    start_h1(&rig);
    h2client_call *call =
        h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_BYTES("body", 4),
                      .trailers = H2CLIENT_HEADERS({"X-Sum", "42"}));
    ck_assert_ptr_nonnull(h2client_call_await(call));
    const struct h2t_h1_seen *request = h2t_h1_peer_request(h2t_rig_h1_peer(&rig, 0), 0);
    ck_assert_str_eq(request->body, "body");
    ck_assert_str_eq(request->trailers, "X-Sum: 42\r\n");
    ck_assert(request->is_chunked);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(trailers_follow_an_empty_body)
{
    struct h2t_rig rig;

    start(&rig, answer_at_end);
    h2client_call *call = h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_BYTES("", 0),
                                        .trailers = H2CLIENT_HEADERS({"x-sum", "0"}));
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_str_eq(h2t_field(seen(&rig)->trailers, "x-sum"), "0");
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

static void set_late(struct h2t_rig *rig)
{
    h2client_call *call = h2client_post(rig->session, H2T_ORIGIN "/",
                                        .body = H2CLIENT_WRITTEN(H2CLIENT_LENGTH_UNKNOWN),
                                        .trailers = H2CLIENT_HEADERS({NULL, NULL}));
    ck_assert_int_eq(h2client_call_write(call, "body", 4, NULL), H2CLIENT_OK);
    h2t_rig_turn(rig, 8);
    ck_assert_int_eq(h2client_call_set_trailers(call, H2CLIENT_HEADERS({"x-sum", "7"})),
                     H2CLIENT_OK);
    ck_assert_int_eq(h2client_call_finish(call), H2CLIENT_OK);
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_set_trailers(call, H2CLIENT_HEADERS({"x-sum", "8"})),
                     H2CLIENT_ERROR_UPLOAD_UNWANTED);
    h2client_call_destroy(call);
}

TEST(trailers_may_be_set_while_the_body_goes_out)
{
    struct h2t_rig rig;

    start(&rig, answer_at_end);
    set_late(&rig);
    ck_assert_str_eq(h2t_field(seen(&rig)->trailers, "x-sum"), "7");
    ck_assert_ptr_null(h2t_field(seen(&rig)->fields, "trailer"));
    h2t_rig_finish(&rig);
}
END_TEST

TEST(trailers_may_be_set_while_the_chunks_go_out)
{
    struct h2t_rig rig;

    start_h1(&rig);
    set_late(&rig);
    ck_assert_str_eq(h2t_h1_peer_request(h2t_rig_h1_peer(&rig, 0), 0)->trailers, "X-Sum: 7\r\n");
    h2t_rig_finish(&rig);
}
END_TEST

TEST(trailers_without_a_body_are_refused)
{
    struct h2t_rig rig;

    start(&rig, answer_at_end);
    h2client_call *call =
        h2client_get(rig.session, H2T_ORIGIN "/", .trailers = H2CLIENT_HEADERS({"x-sum", "1"}));
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_INVALID_ARGUMENT);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(trailers_that_only_a_head_can_have_are_refused)
{
    static const char *const names[] = {
        "Host",    "content-length", "Authorization", "Transfer-Encoding", "te", "content-type",
        "trailer", "cookie",         "range"};
    struct h2t_rig rig;

    start(&rig, answer_at_end);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        h2client_call *call =
            h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_BYTES("b", 1),
                          .trailers = H2CLIENT_HEADERS({names[i], "1"}));
        ck_assert_ptr_null(h2client_call_await(call));
        ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_HEADER_FORBIDDEN);
        ck_assert_ptr_nonnull(strstr(h2client_call_error(call)->message, names[i]));
        h2client_call_destroy(call);
    }
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- progress -------------------------------------------------------------------- */

struct progress {
    int64_t last;
    int64_t total;
    int n_told;
};

static void note(h2client_call *call, int64_t n_bytes, int64_t n_total, void *user)
{
    struct progress *progress = user;

    (void)call;
    ck_assert_int_gt(n_bytes, progress->last);
    progress->last = n_bytes;
    progress->total = n_total;
    progress->n_told++;
}

TEST(upload_tells_how_far_it_is)
{
    static const char big[1000000];
    struct progress progress = {0};
    struct h2t_rig rig;

    start(&rig, answer_at_end);
    h2client_call *call =
        h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_BYTES(big, sizeof big),
                      .on_upload = note, .user = &progress);
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_int_eq(progress.last, sizeof big);
    ck_assert_int_eq(progress.total, sizeof big);
    ck_assert_int_ge(progress.n_told, 5);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST_MAIN("facade_write", {T(written_body_goes_out_as_it_is_written_and_ends_with_finish)},
          {T(written_body_goes_out_in_chunks_over_http1)},
          {T(written_body_larger_than_all_windows_waits_for_room)},
          {T(written_body_goes_on_when_on_writable_says_so)},
          {T(written_body_that_nobody_takes_is_pending_after_64_kib)},
          {T(written_body_inside_a_callback_is_for_try_write)},
          {T(written_body_shorter_than_declared_is_an_error)},
          {T(written_body_longer_than_declared_is_an_error)},
          {T(written_body_misused_is_an_invalid_argument)},
          {T(written_body_that_waits_for_its_writer_stalls_no_limit)},
          {T(reading_and_writing_alternate_on_one_call)},
          {T(response_is_readable_while_its_upload_is_blocked)},
          {T(upload_is_stalled_only_where_nothing_comes_back_either)},
          {T(written_body_is_unwanted_after_a_whole_response)},
          {T(written_body_is_unwanted_once_a_redirect_dropped_it)},
          {T(written_body_cannot_be_sent_a_second_time)}, {T(trailers_follow_the_body_over_http2)},
          {T(trailers_follow_the_last_chunk_over_http1)}, {T(trailers_follow_an_empty_body)},
          {T(trailers_may_be_set_while_the_body_goes_out)},
          {T(trailers_may_be_set_while_the_chunks_go_out)},
          {T(trailers_without_a_body_are_refused)},
          {T(trailers_that_only_a_head_can_have_are_refused)}, {T(upload_tells_how_far_it_is)})
