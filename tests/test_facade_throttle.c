/* SPDX-License-Identifier: MIT */
/* How many calls run and how fast they begin, in a session and to one origin. */
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

#define MAX_CALLS 32

/* Servers that hold each request for a while, and count. */
struct scene {
    struct h2t_rig rig;
    int64_t started_ms[MAX_CALLS];
    char authority[MAX_CALLS][32];
    size_t n_started;
    int status;
    h2client_header fields[2];
    h2client_call *calls[MAX_CALLS];
    size_t n_calls;
};

static const char *value_of(const h2client_header *fields, const char *name)
{
    for (; fields->name; fields++)
        if (strcmp(fields->name, name) == 0)
            return fields->value;
    return "";
}

static void hold(struct h2t_peer *peer, const struct h2t_seen_request *request,
                 struct h2t_response *response, void *user)
{
    struct scene *scene = user;

    (void)peer;
    ck_assert_uint_lt(scene->n_started, MAX_CALLS);
    scene->started_ms[scene->n_started] = h2t_rig_now_ms(&scene->rig);
    strcpy(scene->authority[scene->n_started++], value_of(request->fields, ":authority"));
    response->status = scene->status;
    response->fields = scene->fields[0].name ? scene->fields : NULL;
    response->is_held = scene->status == 0;
}

static void open_scene(struct scene *scene, const h2client_session_options *options)
{
    memset(scene, 0, sizeof *scene);
    h2t_rig_init(&scene->rig);
    scene->rig.plan.peer.on_request = hold;
    scene->rig.plan.peer.user = scene;
    h2t_rig_open(&scene->rig, options);
}

static void start(struct scene *scene, const char *url, size_t n)
{
    while (n--)
        scene->calls[scene->n_calls++] = h2client_get(scene->rig.session, url);
}

/* The server of the nth connection answers its stream. */
static void answer(struct scene *scene, size_t n_conn, int32_t stream_id)
{
    const struct h2t_response ok = {.status = 200};

    h2t_peer_answer(h2t_rig_peer(&scene->rig, n_conn), stream_id, &ok);
    h2t_rig_turn(&scene->rig, 20);
}

static void finish(struct scene *scene)
{
    for (size_t i = 0; i < scene->n_calls; i++)
        h2client_call_destroy(scene->calls[i]);
    h2t_rig_finish(&scene->rig);
}

/* ---- at once ------------------------------------------------------------------------ */

TEST(no_more_than_the_limit_run_and_the_next_goes_when_one_ends)
{
    struct scene scene;

    open_scene(&scene, H2CLIENT_SESSION(.max_running_calls = 2));
    start(&scene, H2T_ORIGIN "/", 4);
    h2t_rig_turn(&scene.rig, 30);
    ck_assert_uint_eq(scene.n_started, 2);
    answer(&scene, 0, 1);
    ck_assert_uint_eq(scene.n_started, 3);
    answer(&scene, 0, 3);
    ck_assert_uint_eq(scene.n_started, 4);
    answer(&scene, 0, 5);
    answer(&scene, 0, 7);
    ck_assert_int_eq(h2client_gather(scene.calls, 4), H2CLIENT_OK);
    ck_assert_int_eq(h2client_call_state(scene.calls[3]), H2CLIENT_OK);
    finish(&scene);
}
END_TEST

TEST(a_limit_of_an_origin_does_not_hold_the_others)
{
    struct scene scene;

    open_scene(&scene, H2CLIENT_SESSION(.max_running_calls_per_origin = 1));
    start(&scene, "https://a.test/", 3);
    start(&scene, "https://b.test/", 1);
    h2t_rig_turn(&scene.rig, 30);
    ck_assert_uint_eq(scene.n_started, 2);
    ck_assert_str_ne(scene.authority[0], scene.authority[1]);
    answer(&scene, strcmp(scene.rig.dialer.dials[0]->host, "a.test") == 0 ? 0 : 1, 1);
    ck_assert_str_eq(scene.authority[2], "a.test");
    finish(&scene);
}
END_TEST

TEST(origins_take_turns)
{
    struct scene scene;

    open_scene(&scene, H2CLIENT_SESSION(.max_running_calls = 1));
    start(&scene, "https://a.test/", 3);
    start(&scene, "https://b.test/", 1);
    h2t_rig_turn(&scene.rig, 30);
    answer(&scene, 0, 1);
    ck_assert_str_eq(scene.authority[1], "a.test");
    answer(&scene, 0, 3);
    ck_assert_str_eq(scene.authority[2], "b.test");
    answer(&scene, 1, 1);
    ck_assert_str_eq(scene.authority[3], "a.test");
    finish(&scene);
}
END_TEST

TEST(who_waits_can_be_cancelled_and_frees_his_place)
{
    struct scene scene;

    open_scene(&scene, H2CLIENT_SESSION(.max_running_calls = 1));
    start(&scene, H2T_ORIGIN "/", 3);
    h2t_rig_turn(&scene.rig, 30);
    h2client_call_cancel(scene.calls[1]);
    h2client_call_cancel(scene.calls[0]);
    h2t_rig_turn(&scene.rig, 30);
    ck_assert_int_eq(h2client_call_state(scene.calls[1]), H2CLIENT_ERROR_CANCELLED);
    ck_assert_int_eq(h2client_call_error(scene.calls[1])->phase, H2CLIENT_PHASE_QUEUE);
    ck_assert_uint_eq(scene.n_started, 2);
    answer(&scene, 0, 3);
    ck_assert_int_eq(h2client_call_state(scene.calls[2]), H2CLIENT_OK);
    finish(&scene);
}
END_TEST

TEST(the_queue_limit_holds_for_who_waits)
{
    struct scene scene;

    open_scene(&scene, H2CLIENT_SESSION(.max_running_calls = 1));
    start(&scene, H2T_ORIGIN "/", 1);
    scene.calls[scene.n_calls++] =
        h2client_get(scene.rig.session, H2T_ORIGIN "/", .queue_timeout_ms = 250);
    ck_assert_ptr_null(h2client_call_await(scene.calls[1]));
    ck_assert_int_eq(h2client_call_error(scene.calls[1])->limit, H2CLIENT_LIMIT_QUEUE);
    ck_assert_int_eq(h2client_call_error(scene.calls[1])->elapsed_us, 250000);
    finish(&scene);
}
END_TEST

TEST(the_bound_of_the_queue_counts_who_waits_here)
{
    struct scene scene;

    open_scene(&scene, H2CLIENT_SESSION(.max_running_calls = 1, .max_queued_calls = 2));
    start(&scene, H2T_ORIGIN "/", 1);
    h2t_rig_turn(&scene.rig, 30); /* it has its connection */
    start(&scene, H2T_ORIGIN "/", 4);
    h2t_rig_turn(&scene.rig, 30);
    ck_assert_int_eq(h2client_call_state(scene.calls[2]), H2CLIENT_PENDING);
    ck_assert_int_eq(h2client_call_state(scene.calls[3]), H2CLIENT_ERROR_QUEUE_FULL);
    ck_assert_int_eq(h2client_call_state(scene.calls[4]), H2CLIENT_ERROR_QUEUE_FULL);
    answer(&scene, 0, 1);
    start(&scene, H2T_ORIGIN "/", 1);
    h2t_rig_turn(&scene.rig, 30);
    ck_assert_int_eq(h2client_call_state(scene.calls[5]), H2CLIENT_PENDING);
    finish(&scene);
}
END_TEST

TEST(a_session_can_go_while_calls_wait)
{
    struct scene scene;

    open_scene(&scene, H2CLIENT_SESSION(.max_running_calls = 1, .max_calls_per_s = 1));
    start(&scene, H2T_ORIGIN "/", 5);
    h2t_rig_turn(&scene.rig, 30);
    finish(&scene);
}
END_TEST

/* ---- a second -------------------------------------------------------------------------- */

TEST(calls_begin_no_faster_than_the_rate)
{
    struct scene scene;

    open_scene(&scene, H2CLIENT_SESSION(.max_calls_per_s = 4, .max_calls_burst = 1));
    scene.status = 200;
    start(&scene, H2T_ORIGIN "/", 5);
    ck_assert_int_eq(h2client_gather(scene.calls, 5), H2CLIENT_OK);
    for (size_t i = 1; i < 5; i++)
        ck_assert_int_eq(scene.started_ms[i] - scene.started_ms[0], 250 * (int64_t)i);
    finish(&scene);
}
END_TEST

TEST(after_a_rest_a_burst_begins_at_once)
{
    struct scene scene;

    open_scene(&scene, H2CLIENT_SESSION(.max_calls_per_s = 10, .max_calls_burst = 3));
    scene.status = 200;
    start(&scene, H2T_ORIGIN "/", 5);
    ck_assert_int_eq(h2client_gather(scene.calls, 5), H2CLIENT_OK);
    ck_assert_int_eq(scene.started_ms[2] - scene.started_ms[0], 0);
    ck_assert_int_eq(scene.started_ms[3] - scene.started_ms[0], 100);
    ck_assert_int_eq(scene.started_ms[4] - scene.started_ms[0], 200);
    h2t_rig_run_ms(&scene.rig, 1000);
    start(&scene, H2T_ORIGIN "/", 3);
    ck_assert_int_eq(h2client_gather(scene.calls + 5, 3), H2CLIENT_OK);
    ck_assert_int_eq(scene.started_ms[7], scene.started_ms[5]);
    finish(&scene);
}
END_TEST

/* ---- what a server asks for ------------------------------------------------------------- */

static void slow_down(struct scene *scene, int status)
{
    open_scene(
        scene,
        H2CLIENT_SESSION(.defaults = H2CLIENT_CALL(.retry = H2CLIENT_RETRY(.max_retries = 1))));
    scene->status = status;
    scene->fields[0] = (h2client_header){"retry-after", "10"};
    start(scene, "https://a.test/", 1);
    h2t_rig_turn(&scene->rig, 30);
    scene->status = 200;
    scene->fields[0].name = NULL;
}

TEST(retry_after_slows_its_origin_down)
{
    static const int statuses[] = {429, 503};

    for (size_t i = 0; i < 2; i++) {
        struct scene scene;

        slow_down(&scene, statuses[i]);
        start(&scene, "https://a.test/", 2);
        ck_assert_int_eq(h2client_gather(scene.calls, 3), H2CLIENT_OK);
        ck_assert_uint_eq(scene.n_started, 4);
        ck_assert_int_eq(scene.started_ms[1] - scene.started_ms[0], 10000);
        ck_assert_int_eq(scene.started_ms[3] - scene.started_ms[0], 10000);
        finish(&scene);
    }
}
END_TEST

TEST(other_origins_are_not_slowed)
{
    struct scene scene;

    slow_down(&scene, 429);
    start(&scene, "https://b.test/", 1);
    ck_assert_ptr_nonnull(h2client_call_await(scene.calls[1]));
    ck_assert_int_lt(h2client_call_error(scene.calls[1])->elapsed_us, 1000);
    finish(&scene);
}
END_TEST

TEST(without_a_policy_the_answer_is_the_callers_matter)
{
    struct scene scene;

    open_scene(&scene, NULL);
    scene.status = 429;
    scene.fields[0] = (h2client_header){"retry-after", "10"};
    start(&scene, H2T_ORIGIN "/", 1);
    ck_assert_ptr_nonnull(h2client_call_await(scene.calls[0]));
    start(&scene, H2T_ORIGIN "/", 1);
    ck_assert_ptr_nonnull(h2client_call_await(scene.calls[1]));
    ck_assert_int_lt(h2client_call_error(scene.calls[1])->elapsed_us, 1000);
    finish(&scene);
}
END_TEST

TEST_MAIN("facade_throttle", {T(no_more_than_the_limit_run_and_the_next_goes_when_one_ends)},
          {T(a_limit_of_an_origin_does_not_hold_the_others)}, {T(origins_take_turns)},
          {T(who_waits_can_be_cancelled_and_frees_his_place)},
          {T(the_queue_limit_holds_for_who_waits)},
          {T(the_bound_of_the_queue_counts_who_waits_here)}, {T(a_session_can_go_while_calls_wait)},
          {T(calls_begin_no_faster_than_the_rate)}, {T(after_a_rest_a_burst_begins_at_once)},
          {T(retry_after_slows_its_origin_down)}, {T(other_origins_are_not_slowed)},
          {T(without_a_policy_the_answer_is_the_callers_matter)})
