/* SPDX-License-Identifier: MIT */
/*
 * The reentrancy matrix: every callback of a session x everything an application may do
 * in it. Each cell is one run of the same scenario: three calls, one with a body to send
 * by pull and an answer with an interim response; in the chosen callback of the first
 * call the deed is done, without and with a limit on the rate of bodies. After each:
 * every started call has had exactly one on_done, as its last callback, and nothing is
 * left.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

enum where {
    IN_INFORMATIONAL,
    IN_RESPONSE,
    IN_DATA,
    IN_DONE,
    IN_DONE_OF_QUEUE_LIMIT,
    IN_DONE_WHILE_CLOSING, /* h2client_session_close drives */
    IN_PULL,
    IN_PULL_AFTER_100, /* Expect: 100-continue */
    IN_REWIND,
    IN_RELEASE,
    IN_WRITABLE, /* the first party writes its body itself */
    IN_UPLOAD,
    IN_SIGN,
    IN_PASSED_OVER, /* a redirect */
    IN_LOG,         /* from here on the session's, not a call's */
    IN_FRAME,
    N_WHERES
};

enum deed {
    CANCEL_SELF,
    CANCEL_OTHER,
    START,
    DESTROY_SELF,
    DESTROY_OTHER,
    DESTROY_SESSION,
    PAUSE,
    RESUME,
    WRITE,
    CLOSE_SESSION,
    DRIVE,
    N_DEEDS
};

#define MAX_CALLS 8

struct matrix;

struct party {
    struct matrix *matrix;
    h2client_call *call;
    int n_done;
    bool was_called_after_done;
    bool is_destroyed;
    size_t n_pulled;
    size_t n_written;
};

struct matrix {
    struct h2t_rig rig;
    enum where where;
    enum deed deed;
    bool is_done_once;
    size_t n_parties;
    struct party parties[MAX_CALLS];
    h2client_error_code reentrant;
    bool session_is_gone;
    bool is_closing;
    h2client_call *first; /* where the others have to queue */
    int64_t max_per_s;    /* of each body; 0: no limit */
};

static void start_party(struct matrix *matrix, bool uploads);

static void destroy_party(struct party *party)
{
    if (!party->is_destroyed)
        h2client_call_destroy(party->call);
    party->is_destroyed = true;
}

static void drive_inside(struct matrix *matrix)
{
    h2client_call *call = matrix->parties[1].call;

    matrix->reentrant = h2client_session_dispatch(matrix->rig.session, -1);
    ck_assert_int_eq(h2client_gather(&call, 1), H2CLIENT_ERROR_REENTRANT);
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_uint_eq(h2client_wait_any(&call, 1), 1);
}

/* Whatever its body is: bytes, then its end; where it takes none, an error and no more. */
static void write_more(struct party *party)
{
    static const char bytes[30000];
    size_t n;

    (void)!h2client_call_try_write(party->call, bytes, sizeof bytes, &n);
    (void)h2client_call_set_trailers(party->call, H2CLIENT_HEADERS({"x-sum", "1"}));
    (void)h2client_call_finish(party->call);
}

static void do_deed(struct matrix *matrix)
{
    switch (matrix->deed) {
    case CANCEL_SELF:
        h2client_call_cancel(matrix->parties[0].call);
        break;
    case CANCEL_OTHER:
        h2client_call_cancel(matrix->parties[1].call);
        break;
    case START:
        start_party(matrix, false);
        break;
    case DESTROY_SELF:
        destroy_party(&matrix->parties[0]);
        break;
    case DESTROY_OTHER:
        destroy_party(&matrix->parties[1]);
        break;
    case DESTROY_SESSION:
        h2client_session_destroy(matrix->rig.session);
        matrix->session_is_gone = true;
        break;
    case PAUSE:
        h2client_call_pause(matrix->parties[0].call);
        break;
    case RESUME:
        h2client_call_pause(matrix->parties[0].call);
        h2client_call_resume(matrix->parties[0].call);
        break;
    case WRITE:
        write_more(&matrix->parties[0]);
        break;
    case CLOSE_SESSION:
        matrix->reentrant = h2client_session_close(matrix->rig.session, 0);
        break;
    default:
        drive_inside(matrix);
    }
}

static bool is_end(enum where where)
{
    return where == IN_DONE || where == IN_DONE_OF_QUEUE_LIMIT || where == IN_DONE_WHILE_CLOSING;
}

/* In a callback: the deed is done once, in the first party's callback of that kind. */
static void visit(struct party *party, enum where where)
{
    struct matrix *matrix = party->matrix;

    if (party->n_done && where < IN_LOG && !is_end(where))
        party->was_called_after_done = true;
    if (party != &matrix->parties[0] || where != matrix->where || matrix->is_done_once)
        return;
    matrix->is_done_once = true;
    do_deed(matrix);
}

static void on_informational(h2client_call *call, int status, const h2client_header *fields,
                             void *user)
{
    (void)call, (void)status, (void)fields;
    visit(user, IN_INFORMATIONAL);
}

static void on_passed_over(h2client_call *call, int status, const h2client_header *fields,
                           void *user)
{
    (void)call, (void)status, (void)fields;
    visit(user, IN_PASSED_OVER);
}

static void on_response(h2client_call *call, const h2client_response *resp, void *user)
{
    (void)call, (void)resp;
    visit(user, IN_RESPONSE);
}

static size_t on_data(h2client_call *call, const void *data, size_t len, void *user)
{
    (void)call, (void)data;
    visit(user, IN_DATA);
    return len;
}

static void on_done(h2client_call *call, const h2client_error *error, void *user)
{
    struct party *party = user;

    (void)call;
    party->n_done++;
    if (error->limit == H2CLIENT_LIMIT_QUEUE)
        visit(party, IN_DONE_OF_QUEUE_LIMIT);
    else
        visit(party, party->matrix->is_closing ? IN_DONE_WHILE_CLOSING : IN_DONE);
}

static h2client_pull_result pull(void *buf, size_t cap, size_t *n, void *user)
{
    struct party *party = user;

    visit(party, party->matrix->where == IN_PULL_AFTER_100 ? IN_PULL_AFTER_100 : IN_PULL);
    *n = cap < 1000 ? cap : 1000;
    memset(buf, 'p', *n);
    party->n_pulled += *n;
    return party->n_pulled >= 100000 ? H2CLIENT_PULL_END : H2CLIENT_PULL_MORE;
}

static bool rewind_pull(void *user)
{
    visit(user, IN_REWIND);
    ((struct party *)user)->n_pulled = 0;
    return true;
}

static void release(void *user)
{
    visit(user, IN_RELEASE);
}

static void on_log(h2client_log_level level, const char *area, const char *text, void *user)
{
    struct matrix *matrix = user;

    (void)level, (void)area, (void)text;
    if (matrix->n_parties)
        visit(&matrix->parties[0], IN_LOG);
}

static void on_frame(const h2client_frame_event *event, void *user)
{
    (void)event;
    visit(&((struct matrix *)user)->parties[0], IN_FRAME);
}

/* A body of 100,000 bytes, as there is room for them. */
static void on_writable(h2client_call *call, void *user)
{
    static const char bytes[10000];
    struct party *party = user;
    size_t n = 1;

    visit(party, IN_WRITABLE);
    while (party->n_written < 100000 &&
           h2client_call_try_write(call, bytes, sizeof bytes, &n) == H2CLIENT_OK)
        party->n_written += n;
    if (party->n_written >= 100000)
        (void)h2client_call_finish(call);
}

/* So that there is no room left. */
static void fill(struct party *party)
{
    static const char bytes[70000];
    size_t n;

    ck_assert_int_eq(h2client_call_try_write(party->call, bytes, sizeof bytes, &n), H2CLIENT_OK);
    party->n_written = n;
}

static void on_upload(h2client_call *call, int64_t n_bytes, int64_t n_total, void *user)
{
    (void)call, (void)n_bytes, (void)n_total;
    visit(user, IN_UPLOAD);
}

static bool sign(h2client_signature *signature, const h2client_signable *request, void *user)
{
    (void)request;
    visit(user, IN_SIGN);
    return h2client_sign(signature, "x-signature", "1") == H2CLIENT_OK;
}

static h2client_body body_of(struct party *party)
{
    h2client_body body = {
        .size = sizeof body, .release = release, .user = party, .len = H2CLIENT_LENGTH_UNKNOWN};

    if (party->matrix->where == IN_WRITABLE) {
        body.written = H2CLIENT_ON;
    } else {
        body.pull = pull;
        body.rewind = rewind_pull;
    }
    return body;
}

static void start_party(struct matrix *matrix, bool uploads)
{
    struct party *party = &matrix->parties[matrix->n_parties];
    const h2client_auth signing = {
        .size = sizeof signing, .scheme = H2CLIENT_AUTH_SIGNED, .sign = sign, .sign_user = party};
    h2client_body body;

    party->matrix = matrix;
    body = body_of(party);
    party->call = h2client_post(
        matrix->rig.session, H2T_ORIGIN "/", .body = uploads ? &body : NULL,
        .on_informational = on_informational, .on_passed_over = on_passed_over,
        .on_response = on_response, .on_data = on_data, .on_done = on_done, .user = party,
        .max_recv_bytes_per_s = matrix->max_per_s, .max_send_bytes_per_s = matrix->max_per_s,
        .total_timeout_ms = 5000 /* for who is paused */, .queue_timeout_ms = matrix->first ? 1 : 0,
        .on_writable = on_writable, .on_upload = on_upload,
        .auth = matrix->where == IN_SIGN ? &signing : NULL,
        .trailers = uploads ? H2CLIENT_HEADERS({NULL, NULL}) : NULL,
        .expect_continue = matrix->where == IN_PULL_AFTER_100 ? H2CLIENT_ON : H2CLIENT_INHERIT);
    if (!party->call)
        return;
    matrix->n_parties++;
    if (uploads && matrix->where == IN_WRITABLE && !matrix->is_done_once)
        fill(party);
}

/* The first request is refused once, so that it is rewound; then 103 and a body. */
static void answer(struct h2t_peer *peer, const struct h2t_seen_request *request,
                   struct h2t_response *response, void *user)
{
    static const h2client_header again[] = {{"location", "/again"}, {NULL, NULL}};
    const struct matrix *matrix = user;

    if (request->stream_id == 1 && matrix->where == IN_PASSED_OVER) {
        response->status = 307;
        response->fields = again;
        return;
    }
    if (request->stream_id == 1 && matrix->where != IN_WRITABLE) {
        response->is_held = true;
        h2t_peer_reset(peer, 1, 7);
        return;
    }
    h2t_peer_inform(peer, request->stream_id, 100, NULL);
    h2t_peer_inform(peer, request->stream_id, 103, NULL);
    response->status = 200;
    response->body_len = 100000;
    response->waits_for_body = true;
}

static void drive(struct matrix *matrix)
{
    if (matrix->where == IN_DONE_WHILE_CLOSING) {
        matrix->is_closing = true;
        h2client_session_close(matrix->rig.session, -1);
    }
    for (int i = 0; i < 2000 && !matrix->session_is_gone; i++) {
        h2client_session_dispatch(matrix->rig.session, 10); /* a delay may pass */
        if (!matrix->session_is_gone && h2client_session_n_running(matrix->rig.session) == 0)
            return;
    }
}

static void run_cell(enum where where, enum deed deed, int64_t max_per_s)
{
    struct matrix *matrix = calloc(1, sizeof *matrix);

    matrix->where = where;
    matrix->deed = deed;
    matrix->max_per_s = max_per_s;
    h2t_rig_init(&matrix->rig);
    matrix->rig.plan.peer.on_request = answer;
    matrix->rig.plan.peer.user = matrix;
    h2t_rig_open(&matrix->rig,
                 H2CLIENT_SESSION(.on_log = on_log, .log_level = H2CLIENT_LOG_DEBUG,
                                  .on_frame = on_frame, .user = matrix,
                                  .max_calls_per_s = where == IN_DONE_OF_QUEUE_LIMIT ? 1 : 0));
    if (where == IN_DONE_OF_QUEUE_LIMIT)
        matrix->first = h2client_get(matrix->rig.session, H2T_ORIGIN "/");
    start_party(matrix, true);
    start_party(matrix, true);
    start_party(matrix, false);
    drive(matrix);
    ck_assert_msg(matrix->is_done_once, "callback %d never ran", where);
    if (deed == DRIVE || deed == CLOSE_SESSION)
        ck_assert_int_eq(matrix->reentrant, H2CLIENT_ERROR_REENTRANT);
    for (size_t i = 0; i < matrix->n_parties; i++) {
        ck_assert_msg(matrix->parties[i].n_done == 1, "callback %d deed %d: party %zu has %d ends",
                      where, deed, i, matrix->parties[i].n_done);
        ck_assert(!matrix->parties[i].was_called_after_done);
        destroy_party(&matrix->parties[i]);
    }
    h2client_call_destroy(matrix->first);
    if (matrix->session_is_gone)
        matrix->rig.session = NULL;
    h2t_rig_finish(&matrix->rig);
    free(matrix);
}

static void run_row(enum where where)
{
    for (int deed = 0; deed < N_DEEDS; deed++) {
        run_cell(where, (enum deed)deed, 0);
        run_cell(where, (enum deed)deed, 1000000);
    }
}

TEST(reentrancy_in_on_informational)
{
    run_row(IN_INFORMATIONAL);
}
END_TEST
TEST(reentrancy_in_on_response)
{
    run_row(IN_RESPONSE);
}
END_TEST
TEST(reentrancy_in_on_data)
{
    run_row(IN_DATA);
}
END_TEST
TEST(reentrancy_in_on_done)
{
    run_row(IN_DONE);
}
END_TEST
TEST(reentrancy_in_on_done_of_a_queue_limit)
{
    run_row(IN_DONE_OF_QUEUE_LIMIT);
}
END_TEST
TEST(reentrancy_in_on_done_while_the_session_closes)
{
    run_row(IN_DONE_WHILE_CLOSING);
}
END_TEST
TEST(reentrancy_in_pull_after_100)
{
    run_row(IN_PULL_AFTER_100);
}
END_TEST
TEST(reentrancy_in_pull)
{
    run_row(IN_PULL);
}
END_TEST
TEST(reentrancy_in_rewind)
{
    run_row(IN_REWIND);
}
END_TEST
TEST(reentrancy_in_release)
{
    run_row(IN_RELEASE);
}
END_TEST
TEST(reentrancy_in_on_writable)
{
    run_row(IN_WRITABLE);
}
END_TEST
TEST(reentrancy_in_on_upload)
{
    run_row(IN_UPLOAD);
}
END_TEST
TEST(reentrancy_in_the_function_that_signs)
{
    run_row(IN_SIGN);
}
END_TEST
TEST(reentrancy_in_on_passed_over)
{
    run_row(IN_PASSED_OVER);
}
END_TEST
TEST(reentrancy_in_on_log)
{
    run_row(IN_LOG);
}
END_TEST
TEST(reentrancy_in_on_frame)
{
    run_row(IN_FRAME);
}
END_TEST

TEST_MAIN("reentrancy", {T(reentrancy_in_on_informational)}, {T(reentrancy_in_on_response)},
          {T(reentrancy_in_on_data)}, {T(reentrancy_in_on_done)},
          {T(reentrancy_in_on_done_of_a_queue_limit)},
          {T(reentrancy_in_on_done_while_the_session_closes)}, {T(reentrancy_in_pull_after_100)},
          {T(reentrancy_in_pull)}, {T(reentrancy_in_rewind)}, {T(reentrancy_in_release)},
          {T(reentrancy_in_on_writable)}, {T(reentrancy_in_on_upload)},
          {T(reentrancy_in_the_function_that_signs)}, {T(reentrancy_in_on_passed_over)},
          {T(reentrancy_in_on_log)}, {T(reentrancy_in_on_frame)})
