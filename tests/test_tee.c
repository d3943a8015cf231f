/* SPDX-License-Identifier: MIT */
/* Tees, recordings and their replays: whole sessions in memory that are recorded, below TLS and
 * above it, and played again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

struct tape {
    char data[256 * 1024];
    size_t len;
    size_t max; /* a write above it fails; 0: no limit */
};

static bool write_tape(const void *bytes, size_t len, void *user)
{
    struct tape *tape = user;

    if (tape->max && tape->len + len > tape->max)
        return false;
    ck_assert_uint_le(tape->len + len, sizeof tape->data - 1);
    memcpy(tape->data + tape->len, bytes, len);
    tape->len += len;
    tape->data[tape->len] = 0;
    return true;
}

static void answer(struct h2t_peer *peer, const struct h2t_seen_request *request,
                   struct h2t_response *response, void *user)
{
    static const h2client_header fields[] = {{"x-kind", "recorded"}, {NULL, NULL}};

    (void)peer, (void)request, (void)user;
    *response = (struct h2t_response){.status = 201, .fields = fields, .body_len = 3000};
}

static const char *at(const struct tape *tape, const char *text)
{
    return memmem(tape->data, tape->len, text, strlen(text));
}

/* ---- recording ------------------------------------------------------------------- */

struct scene {
    struct h2t_rig rig;
    struct tape *tape;
    h2client_recorder *recorder;
    h2client_dialer *dialer;
    h2client_tls_factory *factory;
};

/* Of n calls one after the other, each POST with a body. */
static void fetch(struct h2t_rig *rig, int n)
{
    for (int i = 0; i < n; i++) {
        h2client_call *call =
            h2client_post(rig->session, H2T_ORIGIN "/path", .body = H2CLIENT_TEXT("upload"));
        const h2client_response *resp = h2client_call_await(call);
        ck_assert_msg(resp != NULL, "%s", h2client_call_error(call)->message);
        ck_assert_int_eq(h2client_response_status(resp), 201);
        ck_assert_str_eq(h2client_response_header(resp, "x-kind"), "recorded");
        ck_assert_uint_eq(h2client_response_body(resp).len, 3000);
        ck_assert_int_eq(h2client_response_body(resp).data[2999], h2t_pattern_byte(2999));
        h2client_call_destroy(call);
    }
}

static void record(struct tape *tape, bool is_above_tls, int n_calls)
{
    struct scene scene;

    h2t_rig_init(&scene.rig);
    scene.rig.plan.peer.on_request = answer;
    scene.recorder = h2client_recorder_create(write_tape, tape, &scene.rig.alloc.allocator);
    scene.dialer = h2client_tee_dialer_create(&scene.rig.dialer.dialer, h2client_recorder_note,
                                              scene.recorder, &scene.rig.alloc.allocator);
    scene.factory = h2client_tee_tls_create(&scene.rig.tls.factory, h2client_recorder_note,
                                            scene.recorder, &scene.rig.alloc.allocator);
    h2t_rig_open(&scene.rig, H2CLIENT_SESSION(.dialer = is_above_tls ? NULL : scene.dialer,
                                              .tls_factory = is_above_tls ? scene.factory : NULL));
    fetch(&scene.rig, n_calls);
    h2client_session_destroy(scene.rig.session);
    scene.rig.session = NULL;
    h2client_tls_factory_destroy(scene.factory);
    h2client_dialer_destroy(scene.dialer);
    h2client_recorder_destroy(scene.recorder);
    h2t_rig_finish(&scene.rig);
}

static struct tape *new_tape(void)
{
    return calloc(1, sizeof(struct tape));
}

TEST(recording_says_who_when_and_what)
{
    struct tape *tape = new_tape();

    record(tape, false, 1);
    ck_assert_ptr_eq(at(tape, "h2client recording 1\n1 opened 0 15\nserver.test 443\n"),
                     tape->data);
    ck_assert_ptr_nonnull(at(tape, "\n1 sent 0 "));
    ck_assert_ptr_nonnull(at(tape, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    ck_assert_ptr_nonnull(at(tape, "\n1 received "));
    ck_assert_ptr_nonnull(at(tape, "\n1 sent-end "));
    ck_assert_ptr_eq(at(tape, "\n1 closed 0 0\n\n"), tape->data + tape->len - 15);
    free(tape);
}
END_TEST

TEST(recording_above_tls_says_what_was_chosen)
{
    struct tape *tape = new_tape();

    record(tape, true, 1);
    ck_assert_ptr_nonnull(at(tape, "\n1 opened 0 16\nserver.test 0 h2\n"));
    free(tape);
}
END_TEST

TEST(recording_that_cannot_go_on_fails_the_connection)
{
    struct tape *tape = new_tape();
    struct scene scene;
    h2client_call *call;

    tape->max = 100;
    h2t_rig_init(&scene.rig);
    scene.recorder = h2client_recorder_create(write_tape, tape, &scene.rig.alloc.allocator);
    scene.dialer = h2client_tee_dialer_create(&scene.rig.dialer.dialer, h2client_recorder_note,
                                              scene.recorder, &scene.rig.alloc.allocator);
    h2t_rig_open(&scene.rig, H2CLIENT_SESSION(.dialer = scene.dialer));
    call = h2client_get(scene.rig.session, H2T_ORIGIN "/",
                        .retry = H2CLIENT_RETRY(.max_replays = H2CLIENT_NONE));
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_CONNECTION_RESET);
    ck_assert_ptr_nonnull(
        strstr(h2client_call_error(call)->message, "could not be recorded any more"));
    h2client_call_destroy(call);
    h2client_session_destroy(scene.rig.session);
    scene.rig.session = NULL;
    h2client_dialer_destroy(scene.dialer);
    h2client_recorder_destroy(scene.recorder);
    h2t_rig_finish(&scene.rig);
    free(tape);
}
END_TEST

/* Notes nothing; what is sent first cannot be noted. */
static bool refuse_first_sent(const h2client_tee_event *event, void *user)
{
    int *n_sent = user;

    return event->kind != H2CLIENT_TEE_SENT || ++*n_sent > 1;
}

static void count_requests(struct h2t_h1_peer *peer, const struct h2t_h1_seen *request,
                           struct h2t_h1_reply *reply, void *user)
{
    (void)peer, (void)request, (void)reply;
    ++*(int *)user;
}

TEST(request_that_was_sent_and_not_noted_is_not_sent_again)
{
    struct scene scene;
    int n_sent = 0, n_requests = 0;
    h2client_call *call;

    h2t_rig_init_h1(&scene.rig, count_requests, &n_requests);
    scene.dialer = h2client_tee_dialer_create(&scene.rig.dialer.dialer, refuse_first_sent, &n_sent,
                                              &scene.rig.alloc.allocator);
    h2t_rig_open(&scene.rig, H2CLIENT_SESSION(.dialer = scene.dialer));
    call = h2client_post(scene.rig.session, H2T_ORIGIN "/", .body = H2CLIENT_TEXT("once"));
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_msg(h2client_call_error(call)->code == H2CLIENT_ERROR_CONNECTION_RESET, "%s",
                  h2client_call_error(call)->message);
    ck_assert_int_eq(n_requests, 1);
    ck_assert_int_eq(h2client_call_error(call)->replay_class, H2CLIENT_REPLAY_MAYBE_PROCESSED);
    h2client_call_destroy(call);
    h2client_session_destroy(scene.rig.session);
    scene.rig.session = NULL;
    h2client_dialer_destroy(scene.dialer);
    h2t_rig_finish(&scene.rig);
}
END_TEST

/* ---- replaying --------------------------------------------------------------------- */

static void open_replay(struct scene *scene, const struct tape *tape,
                        const h2client_replay_options *options)
{
    h2t_rig_init(&scene->rig);
    scene->dialer =
        h2client_replay_dialer_create(tape->data, tape->len, options, &scene->rig.alloc.allocator);
    scene->factory = h2client_replay_tls_create(&scene->rig.alloc.allocator);
    h2t_rig_open(&scene->rig,
                 H2CLIENT_SESSION(.dialer = scene->dialer, .tls_factory = scene->factory));
}

static void close_replay(struct scene *scene)
{
    h2client_session_destroy(scene->rig.session);
    scene->rig.session = NULL;
    h2client_tls_factory_destroy(scene->factory);
    h2client_dialer_destroy(scene->dialer);
    h2t_rig_finish(&scene->rig);
}

/* Of one call. */
static void expect_error(struct scene *scene, const char *path, h2client_error_code code,
                         const char *part)
{
    char url[100];
    h2client_call *call;
    const h2client_error *error;

    snprintf(url, sizeof url, "%s%s", H2T_ORIGIN, path);
    call = h2client_post(scene->rig.session, url, .body = H2CLIENT_TEXT("upload"),
                         .total_timeout_ms = 60000,
                         .retry = H2CLIENT_RETRY(.max_replays = H2CLIENT_NONE));
    ck_assert_ptr_null(h2client_call_await(call));
    error = h2client_call_error(call);
    ck_assert_msg(error->code == code, "%s: %s", h2client_error_name(error->code), error->message);
    ck_assert_msg(strstr(error->message, part) != NULL, "%s", error->message);
    h2client_call_destroy(call);
}

TEST(replay_answers_as_the_server_did)
{
    struct tape *tape = new_tape();
    struct scene scene;

    record(tape, true, 3);
    open_replay(&scene, tape, NULL);
    fetch(&scene.rig, 3);
    close_replay(&scene);
    free(tape);
}
END_TEST

TEST(replay_takes_nothing_but_what_was_sent)
{
    struct tape *tape = new_tape();
    struct scene scene;

    record(tape, true, 1);
    open_replay(&scene, tape, NULL);
    expect_error(&scene, "/other", H2CLIENT_ERROR_SEND_FAILED, "is not what was recorded");
    close_replay(&scene);
    free(tape);
}
END_TEST

TEST(replay_may_be_content_with_as_many_bytes)
{
    struct tape *tape = new_tape();
    struct scene scene;
    h2client_call *call;

    record(tape, true, 1);
    open_replay(&scene, tape, H2CLIENT_REPLAY(.checks_sent = H2CLIENT_OFF));
    call = h2client_post(scene.rig.session, H2T_ORIGIN "/htap", .body = H2CLIENT_TEXT("daolpu"));
    ck_assert_ptr_nonnull(h2client_call_await(call));
    h2client_call_destroy(call);
    close_replay(&scene);
    free(tape);
}
END_TEST

TEST(replay_has_no_more_connections_than_the_recording)
{
    static const char empty[] = "h2client recording 1\n";
    struct tape *tape = new_tape();
    struct scene scene;

    write_tape(empty, strlen(empty), tape);
    open_replay(&scene, tape, NULL);
    expect_error(&scene, "/", H2CLIENT_ERROR_CONNECT_FAILED, "the recording has no connection 1");
    close_replay(&scene);
    free(tape);
}
END_TEST

TEST(replay_of_what_is_no_recording_says_where)
{
    static const struct {
        const char *text, *part;
    } rows[] = {
        {"", "this is no recording"},
        {"h2client recording 2\n", "this is no recording"},
        {"h2client recording 1\n1 opened 0 3\na 1\n1 seen 0 0\n\n", "at byte 38"},
        {"h2client recording 1\n1 opened 0 9\na 1\n", "at byte 21"},
        {"h2client recording 1\n1 opened 0 18446744073709551615\na 1\n", "at byte 21"},
        {"h2client recording 1\n1 opened 0 3 4\na 1\n", "at byte 21"},
        {"h2client recording 1\n1 opened 0 3\na 1x", "at byte 21"},
        {"h2client recording 1\n1 received 0 0\n\n", "at byte 21"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tape *tape = new_tape();
        struct scene scene;

        write_tape(rows[i].text, strlen(rows[i].text), tape);
        open_replay(&scene, tape, NULL);
        expect_error(&scene, "/", H2CLIENT_ERROR_INVALID_ARGUMENT, rows[i].part);
        close_replay(&scene);
        free(tape);
    }
}
END_TEST

/* HTTP/1.1 in words. */
static void write_talk(struct tape *tape, const char *end)
{
    static const char request[] = "GET /path HTTP/1.1\r\nHost: server.test\r\nAccept: */*\r\n"
                                  "Accept-Encoding: x\r\nUser-Agent: me\r\n\r\n";
    static const char response[] = "HTTP/1.1 201 Made\r\nx-kind: recorded\r\n\r\nbody";
    char text[1000];
    int len = snprintf(text, sizeof text,
                       "h2client recording 1\n1 opened 0 15\nserver.test 443\n1 sent 0 %zu\n%s\n"
                       "1 received 250000 %zu\n%s\n%s",
                       strlen(request), request, strlen(response), response, end);

    write_tape(text, (size_t)len, tape);
}

static h2client_call *get_talk(struct scene *scene)
{
    return h2client_get(scene->rig.session, H2T_ORIGIN "/path",
                        .retry = H2CLIENT_RETRY(.max_replays = H2CLIENT_NONE),
                        .headers =
                            H2CLIENT_HEADERS({"accept-encoding", "x"}, {"user-agent", "me"}));
}

TEST(replay_ends_and_fails_as_the_connection_did)
{
    static const struct {
        const char *end;
        h2client_error_code code;
    } rows[] = {{"1 received-end 250000 0\n\n", H2CLIENT_OK},
                {"1 failed 250000 5\nreset\n", H2CLIENT_ERROR_CONNECTION_RESET},
                {"1 closed 250000 0\n\n", H2CLIENT_ERROR_TIMEOUT}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tape *tape = new_tape();
        struct scene scene;

        write_talk(tape, rows[i].end);
        open_replay(&scene, tape, NULL);
        h2client_call *call = get_talk(&scene);
        h2client_call_await(call);
        ck_assert_msg(h2client_call_state(call) == rows[i].code, "%zu: %s", i,
                      h2client_call_error(call)->message);
        h2client_call_destroy(call);
        close_replay(&scene);
        free(tape);
    }
}
END_TEST

TEST(replay_keeps_the_time_where_that_is_asked_for)
{
    for (int keeps = 0; keeps < 2; keeps++) {
        struct tape *tape = new_tape();
        struct scene scene;
        int64_t start_ms;

        write_talk(tape, "1 received-end 900000 0\n\n");
        open_replay(&scene, tape,
                    H2CLIENT_REPLAY(.keeps_time = keeps ? H2CLIENT_ON : H2CLIENT_INHERIT));
        start_ms = h2t_rig_now_ms(&scene.rig);
        h2client_call *call = get_talk(&scene);
        h2client_call_await(call);
        ck_assert_int_eq(h2client_call_state(call), H2CLIENT_OK);
        ck_assert_int_eq(h2t_rig_now_ms(&scene.rig) - start_ms, keeps ? 900 : 0);
        h2client_call_destroy(call);
        close_replay(&scene);
        free(tape);
    }
}
END_TEST

TEST(replay_waits_for_what_is_due_never)
{
    struct tape *tape = new_tape();
    struct scene scene;

    write_talk(tape, "1 received-end 9223372036854775807 0\n\n");
    open_replay(&scene, tape, H2CLIENT_REPLAY(.keeps_time = H2CLIENT_ON));
    h2client_call *call = get_talk(&scene);
    h2t_rig_run_ms(&scene.rig, 1000);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_PENDING);
    h2client_call_destroy(call);
    close_replay(&scene);
    free(tape);
}
END_TEST

/* The second answer is due before its question comes: nothing happens until then. */
TEST(replay_that_keeps_the_time_waits_for_a_late_question)
{
    static const char request[] = "GET /path HTTP/1.1\r\nHost: server.test\r\nAccept: */*\r\n"
                                  "Accept-Encoding: x\r\nUser-Agent: me\r\n\r\n";
    static const char response[] = "HTTP/1.1 204 None\r\n\r\n";
    struct tape *tape = new_tape();
    struct scene scene;
    char text[1000];

    snprintf(text, sizeof text,
             "h2client recording 1\n1 opened 0 15\nserver.test 443\n"
             "1 sent 0 %zu\n%s\n1 received 0 %zu\n%s\n1 sent 0 %zu\n%s\n1 received 9 %zu\n%s\n",
             strlen(request), request, strlen(response), response, strlen(request), request,
             strlen(response), response);
    write_tape(text, strlen(text), tape);
    open_replay(&scene, tape, H2CLIENT_REPLAY(.keeps_time = H2CLIENT_ON));
    for (int i = 0; i < 2; i++) {
        h2client_call *call = get_talk(&scene);
        ck_assert_ptr_nonnull(h2client_call_await(call));
        h2client_call_destroy(call);
        h2t_rig_run_ms(&scene.rig, 1000); /* for ever, where something is due all the time */
    }
    close_replay(&scene);
    free(tape);
}
END_TEST

/* ---- no memory --------------------------------------------------------------------------- */

static bool fails_at(uint64_t n, const struct tape *tape)
{
    struct scene scene = {.tape = NULL};
    struct tape *copy = new_tape();
    const h2client_allocator *allocator = &scene.rig.alloc.allocator;
    h2client_call *call = NULL;
    bool was_hit;

    h2t_rig_init(&scene.rig);
    scene.rig.alloc.fail_at = n;
    scene.recorder = h2client_recorder_create(write_tape, copy, allocator);
    h2client_dialer *replay = h2client_replay_dialer_create(tape->data, tape->len, NULL, allocator);
    h2client_tls_factory *tls = h2client_replay_tls_create(allocator);
    if (replay)
        scene.dialer =
            h2client_tee_dialer_create(replay, h2client_recorder_note, scene.recorder, allocator);
    if (tls)
        scene.factory =
            h2client_tee_tls_create(tls, h2client_recorder_note, scene.recorder, allocator);
    if (scene.recorder && scene.dialer && scene.factory) {
        h2t_rig_open(&scene.rig,
                     H2CLIENT_SESSION(.dialer = scene.dialer, .tls_factory = scene.factory));
        call = h2client_post(scene.rig.session, H2T_ORIGIN "/path", .body = H2CLIENT_TEXT("upload"),
                             .total_timeout_ms = 1000);
        h2client_call_await(call);
        h2client_call_destroy(call);
        h2client_session_destroy(scene.rig.session);
        scene.rig.session = NULL;
    }
    was_hit = scene.rig.alloc.n_calls >= n;
    h2client_tls_factory_destroy(scene.factory);
    h2client_dialer_destroy(scene.dialer);
    h2client_tls_factory_destroy(tls);
    h2client_dialer_destroy(replay);
    h2client_recorder_destroy(scene.recorder);
    h2t_rig_finish(&scene.rig);
    free(copy);
    return was_hit;
}

TEST(tee_and_replay_leave_nothing_behind_whatever_allocation_fails)
{
    struct tape *tape = new_tape();

    record(tape, true, 1);
    for (uint64_t n = 1; fails_at(n, tape); n++)
        ;
    free(tape);
}
END_TEST
TEST_MAIN("tee", {T(recording_says_who_when_and_what)},
          {T(recording_above_tls_says_what_was_chosen)},
          {T(recording_that_cannot_go_on_fails_the_connection)},
          {T(request_that_was_sent_and_not_noted_is_not_sent_again)},
          {T(replay_answers_as_the_server_did)}, {T(replay_takes_nothing_but_what_was_sent)},
          {T(replay_may_be_content_with_as_many_bytes)},
          {T(replay_has_no_more_connections_than_the_recording)},
          {T(replay_of_what_is_no_recording_says_where)},
          {T(replay_ends_and_fails_as_the_connection_did)},
          {T(replay_keeps_the_time_where_that_is_asked_for)},
          {T(replay_waits_for_what_is_due_never)},
          {T(replay_that_keeps_the_time_waits_for_a_late_question)},
          {T(tee_and_replay_leave_nothing_behind_whatever_allocation_fails)})
