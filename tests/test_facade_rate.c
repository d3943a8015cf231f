/* SPDX-License-Identifier: MIT */
/* Limits on the rate of responses' bodies, over both versions of HTTP. */
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

#define BODY_BYTES 300000u
#define PER_S 100000 /* so it takes three seconds */
#define DEPTH_BYTES 16384u
#define SLICE_MS 50

enum version { HTTP_1_1, HTTP_2, N_VERSIONS };

struct scene {
    struct h2t_rig rig;
    size_t n_got;
    size_t n_slices;
    size_t largest;
    int64_t last_ms;        /* when the last slice came */
    int64_t longest_gap_ms; /* between two */
    int n_done;
    bool pauses; /* at the first slice */
};

static void answer_h1(struct h2t_h1_peer *peer, const struct h2t_h1_seen *request,
                      struct h2t_h1_reply *reply, void *user)
{
    (void)peer, (void)request, (void)user;
    reply->text = "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n";
    reply->pattern_len = BODY_BYTES;
}

/* Of 55 bytes of text. */
static const uint8_t gzip_bytes[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x0b, 0xc9, 0x48, 0x55,
    0x28, 0x2c, 0xcd, 0x4c, 0xce, 0x56, 0x48, 0x2a, 0xca, 0x2f, 0xcf, 0x53, 0x48, 0xcb,
    0xaf, 0xd0, 0x53, 0x08, 0xc1, 0x25, 0x98, 0x93, 0x58, 0x55, 0xa9, 0x90, 0x92, 0x9f,
    0xae, 0x07, 0x00, 0x34, 0xc2, 0x65, 0x47, 0x37, 0x00, 0x00, 0x00,
};
#define TEXT_BYTES 55u

static void answer_h2(struct h2t_peer *peer, const struct h2t_seen_request *request,
                      struct h2t_response *response, void *user)
{
    static const h2client_header coded[] = {{"content-encoding", "gzip"}, {NULL, NULL}};
    const char *path = h2t_field(request->fields, ":path");

    (void)peer, (void)user;
    response->status = 200;
    response->body_len = strcmp(path, "/short") == 0 ? 3000 : BODY_BYTES;
    if (strcmp(path, "/gzip") == 0) {
        response->fields = coded;
        response->body = gzip_bytes;
        response->body_len = sizeof gzip_bytes;
    }
}

static void open_scene(struct scene *scene, enum version version)
{
    memset(scene, 0, sizeof *scene);
    if (version == HTTP_1_1) {
        h2t_rig_init_h1(&scene->rig, answer_h1, scene);
    } else {
        h2t_rig_init(&scene->rig);
        scene->rig.plan.peer.on_request = answer_h2;
        scene->rig.plan.peer.user = scene;
    }
    h2t_rig_open(&scene->rig, NULL);
}

static size_t take(h2client_call *call, const void *data, size_t len, void *user)
{
    struct scene *scene = user;
    int64_t now_ms = h2t_rig_now_ms(&scene->rig);

    (void)data;
    if (scene->n_slices++ > 0 && now_ms - scene->last_ms > scene->longest_gap_ms)
        scene->longest_gap_ms = now_ms - scene->last_ms;
    scene->last_ms = now_ms;
    scene->n_got += len;
    if (len > scene->largest)
        scene->largest = len;
    if (scene->pauses && scene->n_slices == 1)
        h2client_call_pause(call);
    return len;
}

static void count_done(h2client_call *call, const h2client_error *error, void *user)
{
    struct scene *scene = user;

    (void)call, (void)error;
    scene->n_done++;
}

#define PUSH(scene) .on_data = take, .on_done = count_done, .user = (scene)

static h2client_call *get(const struct scene *scene, const char *url, int64_t per_s)
{
    return h2client_get(scene->rig.session, url, .max_recv_bytes_per_s = per_s);
}

static h2client_call *get_pushed(struct scene *scene, const char *url, int64_t per_s)
{
    return h2client_get(scene->rig.session, url, PUSH(scene), .max_recv_bytes_per_s = per_s);
}

/* The call ended well, and took that long but for a hundredth. */
static void expect_took(const h2client_call *call, int64_t expected_ms)
{
    int64_t took_us = h2client_call_get_info(call)->total_us;

    ck_assert_msg(h2client_call_state(call) == H2CLIENT_OK, "%s",
                  h2client_call_error(call)->message);
    ck_assert_int_ge(took_us, expected_ms * 990);
    ck_assert_int_le(took_us, expected_ms * 1010);
}

static void finish(struct scene *scene, h2client_call *call)
{
    h2client_call_destroy(call);
    h2t_rig_finish(&scene->rig);
}

/* ---- down ---------------------------------------------------------------------------- */

TEST(a_whole_body_takes_its_size_by_the_rate)
{
    for (enum version version = HTTP_1_1; version < N_VERSIONS; version++) {
        struct scene scene;
        open_scene(&scene, version);
        h2client_call *call = get(&scene, H2T_ORIGIN "/", PER_S);
        h2client_call_await(call);
        expect_took(call, 3000);
        ck_assert_uint_eq(h2client_response_body(h2client_call_response(call)).len, BODY_BYTES);
        finish(&scene, call);
    }
}
END_TEST

TEST(a_pushed_body_takes_its_size_by_the_rate)
{
    for (enum version version = HTTP_1_1; version < N_VERSIONS; version++) {
        struct scene scene;
        open_scene(&scene, version);
        h2client_call *call = get_pushed(&scene, H2T_ORIGIN "/", PER_S);
        h2client_call_await(call);
        expect_took(call, 3000);
        ck_assert_uint_eq(scene.n_got, BODY_BYTES);
        finish(&scene, call);
    }
}
END_TEST

static size_t read_all(h2client_call *call, size_t cap)
{
    char buf[65536];
    size_t n, n_all = 0;

    do {
        ck_assert_int_eq(h2client_call_read(call, buf, cap, &n), H2CLIENT_OK);
        n_all += n;
    } while (n > 0);
    return n_all;
}

TEST(a_pulled_body_takes_its_size_by_the_rate)
{
    for (enum version version = HTTP_1_1; version < N_VERSIONS; version++) {
        struct scene scene;
        open_scene(&scene, version);
        h2client_call *call = get(&scene, H2T_ORIGIN "/", PER_S);
        ck_assert_uint_eq(read_all(call, 65536), BODY_BYTES);
        expect_took(call, 3000);
        finish(&scene, call);
    }
}
END_TEST

TEST(a_body_read_in_small_pieces_takes_no_longer)
{
    struct scene scene;

    open_scene(&scene, HTTP_2);
    h2client_call *call = get(&scene, H2T_ORIGIN "/short", 1000);
    ck_assert_uint_eq(read_all(call, 7), 3000);
    ck_assert_int_ge(h2t_rig_now_ms(&scene.rig), 1000000 + 2000);
    ck_assert_int_le(h2t_rig_now_ms(&scene.rig), 1000000 + 3030);
    finish(&scene, call);
}
END_TEST

TEST(a_rate_is_inherited_and_taken_away)
{
    const h2client_call_options defaults = {.size = sizeof defaults, .max_recv_bytes_per_s = PER_S};
    struct scene scene;

    memset(&scene, 0, sizeof scene);
    h2t_rig_init_h1(&scene.rig, answer_h1, &scene);
    h2t_rig_open(&scene.rig, H2CLIENT_SESSION(.defaults = &defaults));
    h2client_call *slow = h2t_rig_get(&scene.rig, "/");
    expect_took(slow, 3000);
    h2client_call_destroy(slow);
    h2client_call *fast = get(&scene, H2T_ORIGIN "/", H2CLIENT_NO_LIMIT);
    h2client_call_await(fast);
    expect_took(fast, 0);
    finish(&scene, fast);
}
END_TEST

TEST(a_pushed_body_comes_in_even_slices)
{
    for (enum version version = HTTP_1_1; version < N_VERSIONS; version++) {
        struct scene scene;
        open_scene(&scene, version);
        h2client_call *call = get_pushed(&scene, H2T_ORIGIN "/", PER_S);
        h2client_call_await(call);
        ck_assert_uint_ge(scene.n_slices, 60);
        ck_assert_int_le(scene.longest_gap_ms, SLICE_MS + 1);
        ck_assert_uint_le(scene.largest, PER_S * SLICE_MS / 1000 + PER_S / 1000);
        finish(&scene, call);
    }
}
END_TEST

TEST(a_sender_is_held_by_the_window)
{
    struct scene scene;

    open_scene(&scene, HTTP_2);
    h2client_call *call = get(&scene, H2T_ORIGIN "/", 1000);
    h2t_rig_run_ms(&scene.rig, 10000);
    ck_assert_int_ge(h2client_call_get_info(call)->download_bytes, 65535);
    ck_assert_int_le(h2client_call_get_info(call)->download_bytes, 65535 + 10000);
    finish(&scene, call);
}
END_TEST

TEST(siblings_of_a_limited_call_are_not_held)
{
    struct scene scene;
    h2client_call *slow, *fast;

    open_scene(&scene, HTTP_2);
    slow = get(&scene, H2T_ORIGIN "/", PER_S);
    h2t_rig_run_ms(&scene.rig, 1000);
    fast = h2t_rig_get(&scene.rig, "/");
    expect_took(fast, 0);
    ck_assert_uint_eq(scene.rig.dialer.n_dials, 1);
    h2client_call_await(slow);
    expect_took(slow, 3000);
    h2client_call_destroy(fast);
    finish(&scene, slow);
}
END_TEST

TEST(held_bytes_are_not_the_servers_idleness)
{
    for (enum version version = HTTP_1_1; version < N_VERSIONS; version++) {
        struct scene scene;
        open_scene(&scene, version);
        h2client_call *call =
            h2client_get(scene.rig.session, H2T_ORIGIN "/", PUSH(&scene),
                         .max_recv_bytes_per_s = PER_S, .read_idle_timeout_ms = SLICE_MS / 2);
        h2client_call_await(call);
        expect_took(call, 3000);
        finish(&scene, call);
    }
}
END_TEST

TEST(a_total_limit_ends_a_call_whose_bytes_are_held)
{
    struct scene scene;

    open_scene(&scene, HTTP_2);
    h2client_call *call = h2client_get(scene.rig.session, H2T_ORIGIN "/short", PUSH(&scene),
                                       .max_recv_bytes_per_s = 1000, .total_timeout_ms = 1500);
    h2client_call_await(call);
    ck_assert_int_eq(h2client_call_error(call)->limit, H2CLIENT_LIMIT_TOTAL);
    ck_assert_int_eq(h2client_call_error(call)->elapsed_us / 1000, 1500);
    ck_assert_int_eq(scene.n_done, 1);
    finish(&scene, call);
}
END_TEST

TEST(a_failure_gives_what_had_come_at_once)
{
    struct scene scene;

    open_scene(&scene, HTTP_2);
    h2client_call *call = get_pushed(&scene, H2T_ORIGIN "/", 1000);
    h2t_rig_run_ms(&scene.rig, 1000);
    ck_assert_uint_le(scene.n_got, 1000);
    int64_t n_come = h2client_call_get_info(call)->download_bytes;
    h2t_peer_reset(h2t_rig_peer(&scene.rig, 0), 1, 2);
    h2t_rig_turn(&scene.rig, 4);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_ERROR_H2_STREAM_RESET);
    ck_assert_int_eq((int64_t)scene.n_got, n_come);
    finish(&scene, call);
}
END_TEST

TEST(a_pause_saves_no_more_than_a_burst)
{
    struct scene scene;

    open_scene(&scene, HTTP_2);
    scene.pauses = true;
    h2client_call *call = get_pushed(&scene, H2T_ORIGIN "/", PER_S);
    h2t_rig_run_ms(&scene.rig, 10000);
    ck_assert_uint_eq(scene.n_slices, 1);
    h2client_call_resume(call);
    h2client_call_await(call);
    ck_assert_uint_eq(scene.largest, DEPTH_BYTES);
    ck_assert_uint_eq(scene.n_got, BODY_BYTES);
    finish(&scene, call);
}
END_TEST

TEST(a_paused_call_does_not_wake_the_loop)
{
    struct scene scene;

    open_scene(&scene, HTTP_2);
    scene.pauses = true;
    h2client_call *call = get_pushed(&scene, H2T_ORIGIN "/", PER_S);
    h2t_rig_run_ms(&scene.rig, 1000);
    uint64_t n_waits = scene.rig.world.n_waits;
    h2t_rig_run_ms(&scene.rig, 1000);
    ck_assert_uint_le(scene.rig.world.n_waits - n_waits, 2);
    finish(&scene, call);
}
END_TEST

TEST(a_try_read_has_nothing_until_a_slice_is_due)
{
    struct scene scene;
    char buf[65536];
    size_t n;

    open_scene(&scene, HTTP_2);
    h2client_call *call = get(&scene, H2T_ORIGIN "/", PER_S);
    ck_assert_ptr_nonnull(h2client_call_await_response(call));
    h2t_rig_turn(&scene.rig, 4);
    ck_assert_int_eq(h2client_call_try_read(call, buf, sizeof buf, &n), H2CLIENT_PENDING);
    ck_assert_uint_eq(n, 0);
    h2t_rig_run_ms(&scene.rig, SLICE_MS + 1);
    ck_assert_int_eq(h2client_call_try_read(call, buf, sizeof buf, &n), H2CLIENT_OK);
    ck_assert_uint_ge(n, PER_S * SLICE_MS / 1000);
    ck_assert_uint_le(n, PER_S * (SLICE_MS + 1) / 1000);
    finish(&scene, call);
}
END_TEST

TEST(a_pulled_call_nobody_reads_ends_when_the_rest_may_be_read_in_one_go)
{
    struct scene scene;
    char buf[4096];
    size_t n;

    open_scene(&scene, HTTP_2);
    h2client_call *call =
        h2client_get(scene.rig.session, H2T_ORIGIN "/short", .max_recv_bytes_per_s = 4000,
                     .delivery = H2CLIENT_DELIVERY_PULL);
    ck_assert_uint_eq(h2client_wait_any(&call, 1), 0);
    expect_took(call, 750);
    ck_assert_int_eq(h2client_call_try_read(call, buf, sizeof buf, &n), H2CLIENT_OK);
    ck_assert_uint_eq(n, 3000);
    finish(&scene, call);
}
END_TEST

/* Begun by reading, ended by await: the rest is collected at the rate. */
TEST(what_is_left_of_a_pulled_body_is_collected_at_the_rate)
{
    struct scene scene;
    char buf[1000];
    size_t n;

    open_scene(&scene, HTTP_2);
    h2client_call *call = get(&scene, H2T_ORIGIN "/short", 1000);
    ck_assert_int_eq(h2client_call_read(call, buf, sizeof buf, &n), H2CLIENT_OK);
    h2client_call_await(call);
    expect_took(call, 3000);
    ck_assert_uint_eq(h2client_response_body(h2client_call_response(call)).len, 3000 - n);
    finish(&scene, call);
}
END_TEST

TEST(a_call_can_be_cancelled_while_its_last_bytes_are_held)
{
    struct scene scene;

    open_scene(&scene, HTTP_2);
    h2client_call *call = get_pushed(&scene, H2T_ORIGIN "/short", 1000);
    h2t_rig_run_ms(&scene.rig, 1000);
    size_t n_got = scene.n_got;
    h2client_call_cancel(call);
    h2t_rig_run_ms(&scene.rig, 5000);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_ERROR_CANCELLED);
    ck_assert_int_eq(scene.n_done, 1);
    ck_assert_uint_eq(scene.n_got, n_got);
    finish(&scene, call);
}
END_TEST

TEST(a_call_can_be_destroyed_while_its_bytes_are_held)
{
    for (enum version version = HTTP_1_1; version < N_VERSIONS; version++) {
        struct scene scene;
        open_scene(&scene, version);
        h2client_call *call = get_pushed(&scene, H2T_ORIGIN "/", PER_S);
        h2t_rig_run_ms(&scene.rig, 1000);
        ck_assert_uint_gt(scene.n_got, 0);
        h2client_call_destroy(call);
        h2t_rig_run_ms(&scene.rig, 5000);
        ck_assert_int_eq(scene.n_done, 1);
        finish(&scene, NULL);
    }
}
END_TEST

TEST(a_session_can_be_destroyed_while_bytes_are_held)
{
    struct scene scene;

    open_scene(&scene, HTTP_2);
    h2client_call *call = get_pushed(&scene, H2T_ORIGIN "/short", 1000);
    h2t_rig_run_ms(&scene.rig, 1000);
    h2client_session_destroy(scene.rig.session);
    scene.rig.session = NULL;
    ck_assert_int_eq(scene.n_done, 1);
    finish(&scene, call);
}
END_TEST

/* Reading and awaiting in turns: what was collected first is read, the rest is collected. */
TEST(a_call_ends_that_went_back_to_whole)
{
    struct scene scene;
    char byte;
    size_t n;

    open_scene(&scene, HTTP_2);
    h2client_call *call = get(&scene, H2T_ORIGIN "/short", 1000);
    h2t_rig_run_ms(&scene.rig, 2110);
    ck_assert_int_eq(h2client_call_try_read(call, &byte, 1, &n), H2CLIENT_OK);
    h2t_rig_run_ms(&scene.rig, 940);
    ck_assert_int_eq(h2client_call_state(call), H2CLIENT_PENDING);
    h2client_call_await(call);
    expect_took(call, 3050);
    finish(&scene, call);
}
END_TEST

/* Time has passed that nobody gave to the session. */
TEST(a_call_ends_whose_last_bytes_were_read_between_two_turns)
{
    struct scene scene;
    char buf[4096];
    size_t n;

    open_scene(&scene, HTTP_2);
    h2client_call *call = get(&scene, H2T_ORIGIN "/short", 4000);
    ck_assert_ptr_nonnull(h2client_call_await_response(call));
    h2t_rig_turn(&scene.rig, 4);
    scene.rig.world.now_us += 2000000;
    ck_assert_int_eq(h2client_call_try_read(call, buf, sizeof buf, &n), H2CLIENT_OK);
    ck_assert_uint_eq(n, 3000);
    ck_assert_uint_eq(h2client_wait_any(&call, 1), 0);
    expect_took(call, 2000);
    finish(&scene, call);
}
END_TEST

TEST(a_coded_body_takes_what_was_received_by_the_rate)
{
    struct scene scene;

    open_scene(&scene, HTTP_2);
    h2client_call *whole = get(&scene, H2T_ORIGIN "/gzip", sizeof gzip_bytes);
    h2client_call *pulled = get(&scene, H2T_ORIGIN "/gzip", sizeof gzip_bytes);
    h2client_call *pushed = get_pushed(&scene, H2T_ORIGIN "/gzip", sizeof gzip_bytes);
    ck_assert_uint_eq(read_all(pulled, 100), TEXT_BYTES);
    h2client_call_await(whole);
    h2client_call_await(pushed);
    ck_assert_uint_eq(scene.n_got, TEXT_BYTES);
    expect_took(whole, 1000);
    expect_took(pulled, 1000);
    expect_took(pushed, 1000);
    h2client_call_destroy(whole);
    h2client_call_destroy(pulled);
    finish(&scene, pushed);
}
END_TEST

TEST_MAIN(
    "facade_rate", {T(a_whole_body_takes_its_size_by_the_rate)},
    {T(a_pushed_body_takes_its_size_by_the_rate)}, {T(a_pulled_body_takes_its_size_by_the_rate)},
    {T(a_body_read_in_small_pieces_takes_no_longer)}, {T(a_rate_is_inherited_and_taken_away)},
    {T(a_pushed_body_comes_in_even_slices)}, {T(a_sender_is_held_by_the_window)},
    {T(siblings_of_a_limited_call_are_not_held)}, {T(held_bytes_are_not_the_servers_idleness)},
    {T(a_total_limit_ends_a_call_whose_bytes_are_held)}, {T(a_failure_gives_what_had_come_at_once)},
    {T(a_pause_saves_no_more_than_a_burst)}, {T(a_paused_call_does_not_wake_the_loop)},
    {T(a_try_read_has_nothing_until_a_slice_is_due)},
    {T(a_pulled_call_nobody_reads_ends_when_the_rest_may_be_read_in_one_go)},
    {T(what_is_left_of_a_pulled_body_is_collected_at_the_rate)},
    {T(a_call_can_be_cancelled_while_its_last_bytes_are_held)},
    {T(a_call_can_be_destroyed_while_its_bytes_are_held)},
    {T(a_session_can_be_destroyed_while_bytes_are_held)}, {T(a_call_ends_that_went_back_to_whole)},
    {T(a_call_ends_whose_last_bytes_were_read_between_two_turns)},
    {T(a_coded_body_takes_what_was_received_by_the_rate)})
