/* SPDX-License-Identifier: MIT */
/* Limits on the rate of uploads, over both versions of HTTP. */
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

#define BODY_BYTES 300000u
#define PER_S 100000 /* so it takes three seconds */
#define SLICE_MS 50

enum version { HTTP_1_1, HTTP_2, N_VERSIONS };

struct scene {
    struct h2t_rig rig;
    const char *location; /* HTTP/2: where "/" leads to */
    size_t answer_len;    /* HTTP/2 */
    bool takes_little;    /* HTTP/2: no more than its first window */
};

static void answer_h1(struct h2t_h1_peer *peer, const struct h2t_h1_seen *request,
                      struct h2t_h1_reply *reply, void *user)
{
    (void)peer, (void)request, (void)user;
    reply->waits_for_body = true;
    reply->text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
}

static void answer_h2(struct h2t_peer *peer, const struct h2t_seen_request *request,
                      struct h2t_response *response, void *user)
{
    static const h2client_header to_b[] = {{"location", "/b"}, {NULL, NULL}};
    const struct scene *scene = user;

    (void)peer;
    response->waits_for_body = true;
    response->status = 200;
    response->body_len = scene->answer_len;
    if (scene->location && strcmp(h2t_field(request->fields, ":path"), "/") == 0) {
        response->status = 307;
        response->fields = to_b;
    }
}

static void open_scene(struct scene *scene, enum version version)
{
    if (version == HTTP_1_1) {
        h2t_rig_init_h1(&scene->rig, answer_h1, scene);
    } else {
        h2t_rig_init(&scene->rig);
        scene->rig.plan.peer.on_request = answer_h2;
        scene->rig.plan.peer.user = scene;
        scene->rig.plan.peer.no_auto_window_update = scene->takes_little;
    }
    h2t_rig_open(&scene->rig, NULL);
}

static const char upload[BODY_BYTES];

/* stall_ms 0: as long as usual. */
static h2client_call *post(const struct scene *scene, size_t n_bytes, int64_t stall_ms)
{
    return h2client_post(scene->rig.session, H2T_ORIGIN "/",
                         .body = H2CLIENT_BYTES(upload, n_bytes), .max_send_bytes_per_s = PER_S,
                         .write_stall_timeout_ms = stall_ms);
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

static size_t n_arrived(const struct scene *scene, enum version version)
{
    if (version == HTTP_1_1)
        return h2t_h1_peer_request(h2t_rig_h1_peer(&scene->rig, 0), 0)->body_len;
    return h2t_peer_request(h2t_rig_peer(&scene->rig, 0), 0)->body_len;
}

TEST(an_upload_takes_its_size_by_the_rate)
{
    for (enum version version = HTTP_1_1; version < N_VERSIONS; version++) {
        struct scene scene = {.location = NULL};
        open_scene(&scene, version);
        h2client_call *call = post(&scene, BODY_BYTES, 0);
        h2t_rig_run_ms(&scene.rig, 1500);
        ck_assert_uint_ge(n_arrived(&scene, version), BODY_BYTES / 2 - PER_S * SLICE_MS / 1000);
        ck_assert_uint_le(n_arrived(&scene, version), BODY_BYTES / 2);
        h2client_call_await(call);
        expect_took(call, 3000);
        ck_assert_uint_eq(n_arrived(&scene, version), BODY_BYTES);
        finish(&scene, call);
    }
}
END_TEST

/* A file says that it has no more only when it is asked again: that costs nothing. */
TEST(a_slow_upload_of_a_file_ends_with_its_last_byte)
{
    for (enum version version = HTTP_1_1; version < N_VERSIONS; version++) {
        struct scene scene = {.location = NULL};
        char content[] = "bytes";
        open_scene(&scene, version);
        scene.rig.world.files[0] = (struct h2t_file){.path = "file", .data = content, .len = 5};
        h2client_call *call =
            h2client_post(scene.rig.session, H2T_ORIGIN "/", .body = H2CLIENT_FILE("file"),
                          .max_send_bytes_per_s = 1);
        h2client_call_await(call);
        expect_took(call, 5000);
        finish(&scene, call);
    }
}
END_TEST

struct pulled {
    size_t n_left;
};

static h2client_pull_result pull(void *buf, size_t cap, size_t *n, void *user)
{
    struct pulled *pulled = user;

    *n = cap < pulled->n_left ? cap : pulled->n_left;
    memset(buf, 'x', *n);
    pulled->n_left -= *n;
    return pulled->n_left ? H2CLIENT_PULL_MORE : H2CLIENT_PULL_END;
}

TEST(an_upload_of_unknown_length_takes_its_size_by_the_rate)
{
    for (enum version version = HTTP_1_1; version < N_VERSIONS; version++) {
        struct scene scene = {.location = NULL};
        struct pulled pulled = {BODY_BYTES};
        open_scene(&scene, version);
        h2client_call *call =
            h2client_post(scene.rig.session, H2T_ORIGIN "/", .max_send_bytes_per_s = PER_S,
                          .body = H2CLIENT_PULL(pull, &pulled, H2CLIENT_LENGTH_UNKNOWN));
        h2client_call_await(call);
        expect_took(call, 3000);
        ck_assert_uint_eq(n_arrived(&scene, version), BODY_BYTES);
        finish(&scene, call);
    }
}
END_TEST

TEST(a_held_upload_is_not_the_servers_stall)
{
    for (enum version version = HTTP_1_1; version < N_VERSIONS; version++) {
        struct scene scene = {.location = NULL};
        open_scene(&scene, version);
        h2client_call *call = post(&scene, BODY_BYTES, SLICE_MS / 2);
        h2client_call_await(call);
        expect_took(call, 3000);
        finish(&scene, call);
    }
}
END_TEST

TEST(a_server_that_takes_no_more_of_a_limited_upload_stalls)
{
    struct scene scene = {.takes_little = true};

    open_scene(&scene, HTTP_2);
    h2client_call *call = post(&scene, BODY_BYTES, 1000);
    h2client_call_await(call);
    ck_assert_int_eq(h2client_call_error(call)->limit, H2CLIENT_LIMIT_WRITE_STALL);
    ck_assert_int_eq(h2client_call_get_info(call)->upload_bytes, 65535);
    finish(&scene, call);
}
END_TEST

TEST(one_limit_holds_for_all_attempts)
{
    struct scene scene = {.location = "/b"};

    open_scene(&scene, HTTP_2);
    h2client_call *call = post(&scene, 100000, 0);
    h2client_call_await(call);
    expect_took(call, 2000);
    ck_assert_int_eq(h2client_call_get_info(call)->n_attempts, 2);
    finish(&scene, call);
}
END_TEST

TEST(an_upload_can_be_cancelled_while_it_is_held)
{
    for (enum version version = HTTP_1_1; version < N_VERSIONS; version++) {
        struct scene scene = {.location = NULL};
        open_scene(&scene, version);
        h2client_call *call = post(&scene, BODY_BYTES, 0);
        h2t_rig_run_ms(&scene.rig, 1000);
        h2client_call_cancel(call);
        h2t_rig_run_ms(&scene.rig, 1000);
        ck_assert_int_eq(h2client_call_state(call), H2CLIENT_ERROR_CANCELLED);
        finish(&scene, call);
    }
}
END_TEST

TEST(each_direction_has_its_own_limit)
{
    struct scene scene = {.answer_len = BODY_BYTES};

    open_scene(&scene, HTTP_2);
    h2client_call *call =
        h2client_get(scene.rig.session, H2T_ORIGIN "/", .body = H2CLIENT_BYTES(upload, 1000),
                     .max_send_bytes_per_s = 1000, .max_recv_bytes_per_s = PER_S);
    h2client_call_await(call);
    expect_took(call, 4000);
    finish(&scene, call);
}
END_TEST

TEST_MAIN("facade_rate_up", {T(an_upload_takes_its_size_by_the_rate)},
          {T(a_slow_upload_of_a_file_ends_with_its_last_byte)},
          {T(an_upload_of_unknown_length_takes_its_size_by_the_rate)},
          {T(a_held_upload_is_not_the_servers_stall)},
          {T(a_server_that_takes_no_more_of_a_limited_upload_stalls)},
          {T(one_limit_holds_for_all_attempts)}, {T(an_upload_can_be_cancelled_while_it_is_held)},
          {T(each_direction_has_its_own_limit)})
