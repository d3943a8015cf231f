/* SPDX-License-Identifier: MIT */
/* Bodies in (whole, pulled, pushed) and out (bytes, file, pull function). */
#include <errno.h>
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

/* ---- bodies in ------------------------------------------------------------- */

static void answer_long(struct h2t_peer *peer, const struct h2t_seen_request *request,
                        struct h2t_response *response, void *user)
{
    (void)peer, (void)request;
    response->status = 200;
    response->body_len = *(const size_t *)user;
}

/* A session whose server answers everything with a pattern of so many bytes. */
static void start_long(struct h2t_rig *rig, const size_t *len)
{
    h2t_rig_init(rig);
    rig->plan.peer.on_request = answer_long;
    rig->plan.peer.user = (void *)(uintptr_t)len;
    h2t_rig_open(rig, NULL);
}

TEST(body_whole_is_followed_by_a_nul)
{
    struct h2t_rig rig;
    size_t len = 100000;
    h2client_bytes body;

    start_long(&rig, &len);
    h2client_call *call = h2t_rig_get(&rig, "/");
    body = h2client_response_body(h2client_call_response(call));
    ck_assert_uint_eq(body.len, len);
    ck_assert_int_eq(body.data[len], 0);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(body_above_max_body_bytes_is_an_error)
{
    struct h2t_rig rig;
    size_t len = 100000;

    start_long(&rig, &len);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/", .max_body_bytes = 99999);
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_BODY_TOO_LARGE);
    ck_assert_int_eq(h2client_call_error(call)->exit_code, 63);
    h2client_call_destroy(call);
    h2t_rig_turn(&rig, 3);
    ck_assert_int_eq(h2t_peer_last(h2t_rig_peer(&rig, 0), 3, 1)->error_code, 8);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(body_as_large_as_max_body_bytes_is_fine)
{
    struct h2t_rig rig;
    size_t len = 100000;

    start_long(&rig, &len);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/", .max_body_bytes = 100000);
    ck_assert_ptr_nonnull(h2client_call_await(call));
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

static size_t read_to_end(h2client_call *call, size_t cap)
{
    char buf[4096];
    size_t n, total = 0;

    while (h2client_call_read(call, buf, cap, &n) == H2CLIENT_OK && n)
        total += n;
    return total;
}

TEST(body_is_pulled_by_read_to_the_last_byte)
{
    struct h2t_rig rig;
    size_t len = 1000000;

    start_long(&rig, &len);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/");
    ck_assert_ptr_nonnull(h2client_call_await_response(call));
    ck_assert_uint_eq(read_to_end(call, 777), len);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_OK);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(body_not_pulled_is_held_back_by_the_window)
{
    struct h2t_rig rig;
    size_t len = 10000000;

    start_long(&rig, &len);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/");
    h2client_call_await_response(call);
    h2t_rig_run_ms(&rig, 1000);
    ck_assert_int_eq(h2client_call_get_info(call)->download_bytes, 65536);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(body_unread_stalls_no_other_call)
{
    struct h2t_rig rig;
    size_t len = 3000000;
    h2client_call *held, *other;

    start_long(&rig, &len);
    held = h2client_get(rig.session, H2T_ORIGIN "/");
    h2client_call_await_response(held);
    other = h2t_rig_get(&rig, "/");
    ck_assert_uint_eq(h2client_response_body(h2client_call_response(other)).len, len);
    ck_assert_uint_eq(read_to_end(held, 4096), len);
    h2client_call_destroy(other);
    h2client_call_destroy(held);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(body_try_read_drives_nothing)
{
    struct h2t_rig rig;
    size_t len = 10, n = 9;
    char buf[16];

    start_long(&rig, &len);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/");
    ck_assert_int_eq(h2client_call_try_read(call, buf, sizeof buf, &n), H2CLIENT_PENDING);
    ck_assert_uint_eq(n, 0);
    ck_assert_uint_eq(rig.dialer.n_dials, 0);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

struct taker {
    size_t total;
    size_t n_calls;
    size_t takes; /* bytes it credits at once; the rest it keeps */
    bool pauses;
    bool is_done;
};

static size_t take(h2client_call *call, const void *data, size_t len, void *user)
{
    struct taker *taker = user;

    (void)data;
    taker->total += len;
    taker->n_calls++;
    if (taker->pauses)
        h2client_call_pause(call);
    return len < taker->takes ? len : taker->takes;
}

static void note_done(h2client_call *call, const h2client_error *error, void *user)
{
    (void)call, (void)error;
    ((struct taker *)user)->is_done = true;
}

TEST(body_is_pushed_before_on_done)
{
    struct h2t_rig rig;
    size_t len = 300000;
    struct taker taker = {.takes = SIZE_MAX};

    start_long(&rig, &len);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/", .on_data = take,
                                       .on_done = note_done, .user = &taker);
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_uint_eq(taker.total, len);
    ck_assert(taker.is_done);
    ck_assert_uint_eq(h2client_response_body(h2client_call_response(call)).len, 0);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(body_kept_bytes_hold_the_sender_until_credited)
{
    struct h2t_rig rig;
    size_t len = 200000;
    struct taker taker = {.takes = 0};

    start_long(&rig, &len);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/", .on_data = take,
                                       .on_done = note_done, .user = &taker);
    h2t_rig_run_ms(&rig, 1000);
    ck_assert_uint_eq(taker.total, 65536);
    ck_assert_int_eq(h2client_call_credit(call, 65537), H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_int_eq(h2client_call_credit(call, 65536), H2CLIENT_OK);
    h2t_rig_turn(&rig, 20);
    ck_assert_uint_gt(taker.total, 65536);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(body_paused_call_gets_nothing_until_resumed)
{
    struct h2t_rig rig;
    size_t len = 1000;
    struct taker taker = {.takes = SIZE_MAX};

    start_long(&rig, &len);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/", .on_data = take,
                                       .on_done = note_done, .user = &taker);
    h2client_call_pause(call);
    h2t_rig_run_ms(&rig, 1000);
    ck_assert_uint_eq(taker.total, 0);
    ck_assert(!taker.is_done);
    h2client_call_resume(call);
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_uint_eq(taker.total, len);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

/* Whether bytes are left when it is paused is a matter of luck: the end waits in any case. */
TEST(body_paused_at_its_last_byte_keeps_the_end_back)
{
    struct h2t_rig rig;
    size_t len = 1000;
    struct taker taker = {.takes = SIZE_MAX, .pauses = true};

    start_long(&rig, &len);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/", .on_data = take,
                                       .on_done = note_done, .user = &taker);
    h2t_rig_run_ms(&rig, 1000);
    ck_assert_uint_eq(taker.total, len);
    ck_assert(!taker.is_done);
    h2client_call_resume(call);
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert(taker.is_done);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(body_of_nothing_kept_back_by_a_pause_is_held_to_the_total_limit)
{
    struct h2t_rig rig;
    size_t len = 0;
    struct taker taker = {.takes = SIZE_MAX};

    start_long(&rig, &len);
    h2client_call *call =
        h2client_get(rig.session, H2T_ORIGIN "/", .on_data = take, .on_done = note_done,
                     .user = &taker, .total_timeout_ms = 1000);
    h2client_call_pause(call);
    h2t_rig_run_ms(&rig, 999);
    ck_assert(!taker.is_done);
    h2t_rig_run_ms(&rig, 1);
    ck_assert(taker.is_done);
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_TIMEOUT);
    ck_assert_int_eq(h2client_call_error(call)->limit, H2CLIENT_LIMIT_TOTAL);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(body_is_saved_to_a_descriptor)
{
    struct h2t_rig rig;
    size_t len = 300000;

    start_long(&rig, &len);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/");
    ck_assert_int_eq(h2client_call_save(call, 7), H2CLIENT_OK);
    ck_assert_str_eq(rig.world.files[0].path, "7");
    ck_assert_uint_eq(rig.world.files[0].len, len);
    for (size_t i = 0; i < len; i++)
        if ((uint8_t)rig.world.files[0].data[i] != h2t_pattern_byte(i))
            ck_abort_msg("byte %zu differs", i);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_OK);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(body_that_cannot_be_saved_ends_its_call)
{
    struct h2t_rig rig;
    size_t len = 300000;

    start_long(&rig, &len);
    rig.world.files[0] = (struct h2t_file){.path = "7", .open_errno = EBADF};
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/");
    ck_assert_int_eq(h2client_call_save(call, 7), H2CLIENT_ERROR_OUTPUT_FAILED);
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_OUTPUT_FAILED);
    ck_assert_int_eq(h2client_call_error(call)->system_errno, EBADF);
    ck_assert_int_eq(h2client_call_save(NULL, 7), H2CLIENT_ERROR_NO_MEMORY);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

/* ---- bodies out -------------------------------------------------------------- */

static const struct h2t_seen_request *seen(const struct h2t_rig *rig)
{
    return h2t_peer_request(h2t_rig_peer(rig, 0), 0);
}

static void answer_after_body(struct h2t_peer *peer, const struct h2t_seen_request *request,
                              struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    response->status = 200;
    response->waits_for_body = true;
}

static void start_upload_server(struct h2t_rig *rig)
{
    h2t_rig_init(rig);
    rig->plan.peer.on_request = answer_after_body;
    h2t_rig_open(rig, NULL);
}

static void add_file(struct h2t_rig *rig, const char *path, char *data, size_t len)
{
    rig->world.files[0] = (struct h2t_file){.path = path, .data = data, .len = len};
}

TEST(upload_from_a_file_has_its_length)
{
    struct h2t_rig rig;
    char data[] = "file body";

    start_upload_server(&rig);
    add_file(&rig, "up.txt", data, 9);
    h2client_call *call =
        h2client_put(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_FILE("up.txt"));
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_uint_eq(seen(&rig)->body_len, 9);
    ck_assert_mem_eq(seen(&rig)->body, data, 9);
    ck_assert_int_eq(h2client_call_get_info(call)->upload_bytes, 9);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(upload_from_a_missing_file_names_it)
{
    struct h2t_rig rig;

    start_upload_server(&rig);
    h2client_call *call = h2client_put(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_FILE("none"));
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_UPLOAD_READ);
    ck_assert_ptr_nonnull(strstr(h2client_call_error(call)->message, "none"));
    ck_assert_uint_eq(rig.dialer.n_dials, 0);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

struct source {
    size_t left;
    size_t step;
    bool waits; /* says NOT_NOW every other time */
    bool flips;
    int n_released;
    h2client_pull_result at_end;
};

static h2client_pull_result pull(void *buf, size_t cap, size_t *n, void *user)
{
    struct source *source = user;

    if (source->waits && (source->flips = !source->flips))
        return H2CLIENT_PULL_NOT_NOW;
    if (source->left == 0)
        return source->at_end;
    *n = source->step < cap ? source->step : cap;
    if (*n > source->left)
        *n = source->left;
    memset(buf, 'u', *n);
    source->left -= *n;
    return H2CLIENT_PULL_MORE;
}

static void release(void *user)
{
    ((struct source *)user)->n_released++;
}

static h2client_call *upload(struct h2t_rig *rig, struct source *source, int64_t len)
{
    return h2client_post(
        rig->session, H2T_ORIGIN "/",
        .body = H2CLIENT_BODY(.pull = pull, .release = release, .user = source, .len = len));
}

TEST(upload_by_pull_sends_all_and_releases_once)
{
    struct h2t_rig rig;
    struct source source = {.left = 200000, .step = 1000, .at_end = H2CLIENT_PULL_END};

    start_upload_server(&rig);
    h2client_call *call = upload(&rig, &source, H2CLIENT_LENGTH_UNKNOWN);
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_uint_eq(seen(&rig)->body_len, 200000);
    ck_assert_int_eq(source.n_released, 1);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(upload_not_now_waits_for_resume)
{
    struct h2t_rig rig;
    struct source source = {.left = 5, .step = 5, .waits = true, .at_end = H2CLIENT_PULL_END};

    start_upload_server(&rig);
    h2client_call *call = upload(&rig, &source, H2CLIENT_LENGTH_UNKNOWN);
    h2t_rig_run_ms(&rig, 100000); /* no write stall: the source's own time */
    ck_assert_uint_eq(source.left, 5);
    while (h2client_call_state(call) == H2CLIENT_PENDING) {
        h2client_call_resume_upload(call);
        h2t_rig_turn(&rig, 1);
    }
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_OK);
    ck_assert_uint_eq(seen(&rig)->body_len, 5);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(upload_that_fails_ends_the_call_with_upload_read)
{
    struct h2t_rig rig;
    struct source source = {.left = 5, .step = 5, .at_end = H2CLIENT_PULL_FAILED};

    start_upload_server(&rig);
    h2client_call *call = upload(&rig, &source, H2CLIENT_LENGTH_UNKNOWN);
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_UPLOAD_READ);
    ck_assert_int_eq(source.n_released, 1);
    ck_assert(!seen(&rig)->is_complete);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(upload_shorter_than_declared_is_an_error)
{
    struct h2t_rig rig;
    struct source source = {.left = 5, .step = 5, .at_end = H2CLIENT_PULL_END};

    start_upload_server(&rig);
    h2client_call *call = upload(&rig, &source, 6);
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_UPLOAD_LENGTH);
    h2t_rig_turn(&rig, 3);
    ck_assert(seen(&rig)->was_reset);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(upload_longer_than_declared_is_an_error)
{
    struct h2t_rig rig;
    struct source source = {.left = 7, .step = 1, .at_end = H2CLIENT_PULL_END};

    start_upload_server(&rig);
    h2client_call *call = upload(&rig, &source, 6);
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(h2client_call_error(call)->code, H2CLIENT_ERROR_UPLOAD_LENGTH);
    ck_assert(!seen(&rig)->is_complete);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(upload_is_written_once_a_turn)
{
    struct h2t_rig rig;
    static const char bytes[3000000];
    h2client_session_stats stats = {.size = sizeof stats};

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = answer_after_body;
    rig.plan.peer.initial_window = 4000000;
    rig.plan.link.max_buffered = 4000000; /* always room: a second write would be taken */
    h2t_rig_open(&rig, NULL);
    h2client_call *call =
        h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_BYTES(bytes, sizeof bytes));
    ck_assert_ptr_nonnull(h2client_call_await(call));
    h2client_session_get_stats(rig.session, &stats);
    ck_assert_uint_ge(stats.bytes_sent, 3000000);
    ck_assert_uint_gt(stats.n_writes, 30);
    ck_assert_uint_le(stats.n_writes, stats.n_turns);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(upload_release_runs_also_when_the_url_is_bad)
{
    struct h2t_rig rig;
    struct source source = {.left = 7};

    h2t_rig_start(&rig);
    h2client_call *call = h2client_post(
        rig.session, "https://",
        .body = H2CLIENT_BODY(.data = "x", .len = 1, .release = release, .user = &source));
    ck_assert_ptr_null(h2client_call_await(call));
    ck_assert_int_eq(source.n_released, 1);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

/* All may have come with the head, and the call have ended before it is awaited. */
TEST(body_awaited_after_await_response_is_whole)
{
    struct h2t_rig rig;
    size_t len = 10;

    start_long(&rig, &len);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/");
    ck_assert_ptr_nonnull(h2client_call_await_response(call));
    ck_assert_uint_eq(h2client_response_body(h2client_call_await(call)).len, len);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST(body_that_is_pulled_is_not_the_responses)
{
    struct h2t_rig rig;
    size_t len = 1000000;

    start_long(&rig, &len);
    h2client_call *call = h2client_get(rig.session, H2T_ORIGIN "/");
    const h2client_response *resp = h2client_call_await_response(call);
    h2t_rig_run_ms(&rig, 100);
    ck_assert_uint_eq(h2client_response_body(resp).len, 0);
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

/* Its length was not set: that is no reason to send nothing. */
TEST(upload_by_pull_without_a_length_is_sent)
{
    struct h2t_rig rig;
    struct source source = {.left = 3000, .step = 1000, .at_end = H2CLIENT_PULL_END};

    start_upload_server(&rig);
    h2client_call *call = upload(&rig, &source, 0);
    ck_assert_ptr_nonnull(h2client_call_await(call));
    ck_assert_uint_eq(seen(&rig)->body_len, 3000);
    ck_assert_ptr_null(h2t_field(seen(&rig)->fields, "content-length"));
    h2client_call_destroy(call);
    h2t_rig_finish(&rig);
}
END_TEST

struct eager {
    h2client_call *call;
    int n_asked;
};

/* What it waited for comes while it is being asked. */
static h2client_pull_result resume_and_wait(void *buf, size_t cap, size_t *n, void *user)
{
    struct eager *eager = user;

    (void)buf, (void)cap, (void)n;
    if (eager->n_asked++)
        return H2CLIENT_PULL_END;
    h2client_call_resume_upload(eager->call);
    return H2CLIENT_PULL_NOT_NOW;
}

TEST(upload_resumed_inside_its_pull_function_goes_on)
{
    struct h2t_rig rig;
    struct eager eager = {.n_asked = 0};

    start_upload_server(&rig);
    eager.call =
        h2client_post(rig.session, H2T_ORIGIN "/", .total_timeout_ms = 1000,
                      .body = H2CLIENT_PULL(resume_and_wait, &eager, H2CLIENT_LENGTH_UNKNOWN));
    ck_assert_ptr_nonnull(h2client_call_await(eager.call));
    ck_assert_int_eq(eager.n_asked, 2);
    h2client_call_destroy(eager.call);
    h2t_rig_finish(&rig);
}
END_TEST

TEST_MAIN("facade_bodies", {T(body_whole_is_followed_by_a_nul)},
          {T(body_above_max_body_bytes_is_an_error)}, {T(body_as_large_as_max_body_bytes_is_fine)},
          {T(body_is_pulled_by_read_to_the_last_byte)},
          {T(body_not_pulled_is_held_back_by_the_window)}, {T(body_unread_stalls_no_other_call)},
          {T(body_try_read_drives_nothing)}, {T(body_is_pushed_before_on_done)},
          {T(body_kept_bytes_hold_the_sender_until_credited)},
          {T(body_paused_call_gets_nothing_until_resumed)}, {T(body_is_saved_to_a_descriptor)},
          {T(body_that_cannot_be_saved_ends_its_call)},
          {T(body_paused_at_its_last_byte_keeps_the_end_back)},
          {T(body_of_nothing_kept_back_by_a_pause_is_held_to_the_total_limit)},
          {T(upload_from_a_file_has_its_length)}, {T(upload_from_a_missing_file_names_it)},
          {T(upload_by_pull_sends_all_and_releases_once)}, {T(upload_not_now_waits_for_resume)},
          {T(upload_that_fails_ends_the_call_with_upload_read)},
          {T(upload_shorter_than_declared_is_an_error)},
          {T(upload_longer_than_declared_is_an_error)}, {T(upload_is_written_once_a_turn)},
          {T(upload_release_runs_also_when_the_url_is_bad)},
          {T(body_awaited_after_await_response_is_whole)},
          {T(body_that_is_pulled_is_not_the_responses)},
          {T(upload_by_pull_without_a_length_is_sent)},
          {T(upload_resumed_inside_its_pull_function_goes_on)})
