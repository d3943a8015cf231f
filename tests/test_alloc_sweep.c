/* SPDX-License-Identifier: MIT */
/*
 * Every allocation of a whole scenario fails in turn: once, and from then on for ever.
 * However it ends, each started call has one outcome and nothing is left. The scenario:
 * a session, three calls (GET, POST of bytes, PUT by a pull function), a refused stream
 * that is sent again, responses with a body and trailers, limits on rates; in a second one
 * a form with parameters, a redirect that sets a cookie, a coded body, calls that wait.
 */
#include <string.h>

#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

#define N_CALLS 3

static void answer(struct h2t_peer *peer, const struct h2t_seen_request *request,
                   struct h2t_response *response, void *user)
{
    static const h2client_header trailers[] = {{"x-check", "1"}, {NULL, NULL}};

    (void)user;
    if (request->stream_id == 1) {
        response->is_held = true;
        h2t_peer_reset(peer, 1, 7 /* REFUSED_STREAM */);
        return;
    }
    response->status = 200;
    response->body_len = 40000;
    response->trailers = trailers;
    response->waits_for_body = true;
}

static const uint8_t gzip_bytes[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x0b, 0xc9, 0x48, 0x55,
    0x28, 0x2c, 0xcd, 0x4c, 0xce, 0x56, 0x48, 0x2a, 0xca, 0x2f, 0xcf, 0x53, 0x48, 0xcb,
    0xaf, 0xd0, 0x53, 0x08, 0xc1, 0x25, 0x98, 0x93, 0x58, 0x55, 0xa9, 0x90, 0x92, 0x9f,
    0xae, 0x07, 0x00, 0x34, 0xc2, 0x65, 0x47, 0x37, 0x00, 0x00, 0x00,
};

/* The second scenario's server. */
static void send_on(struct h2t_peer *peer, const struct h2t_seen_request *request,
                    struct h2t_response *response, void *user)
{
    static const h2client_header there[] = {
        {"location", "/there?x=y"}, {"set-cookie", "a=1; Path=/"}, {NULL, NULL}};
    static const h2client_header coded[] = {{"content-encoding", "gzip"}, {NULL, NULL}};
    bool is_there = false;

    (void)peer, (void)user;
    for (const h2client_header *field = request->fields; field->name; field++)
        is_there = is_there || strncmp(field->value, "/there", 6) == 0;
    response->status = is_there ? 200 : 302;
    response->fields = !is_there ? there : h2client_has_feature("gzip") ? coded : NULL;
    response->body = is_there ? (const void *)gzip_bytes : "elsewhere";
    response->body_len = is_there ? sizeof gzip_bytes : 9;
    response->waits_for_body = true;
}

static h2client_pull_result pull(void *buf, size_t cap, size_t *n, void *user)
{
    size_t *left = user;

    *n = *left < cap ? *left : cap;
    memset(buf, 'p', *n);
    *left -= *n;
    return *left ? H2CLIENT_PULL_MORE : H2CLIENT_PULL_END;
}

static void count_done(h2client_call *call, const h2client_error *error, void *user)
{
    (void)call, (void)error;
    ++*(int *)user;
}

struct scenario {
    size_t left;
    int n_done;
    h2client_call *calls[N_CALLS];
};

static void start_calls(struct h2t_rig *rig, struct scenario *s)
{
    s->left = 70000;
    s->calls[0] = h2client_get(rig->session, H2T_ORIGIN "/a", .on_done = count_done,
                               .user = &s->n_done, .max_recv_bytes_per_s = 100000);
    s->calls[1] = h2client_post(rig->session, H2T_ORIGIN "/b", .body = H2CLIENT_TEXT("hello"),
                                .headers = H2CLIENT_HEADERS({"x-one", "1"}), .on_done = count_done,
                                .user = &s->n_done);
    s->calls[2] =
        h2client_put(rig->session, H2T_ORIGIN "/c", .body = H2CLIENT_PULL(pull, &s->left, 70000),
                     .on_done = count_done, .user = &s->n_done, .max_send_bytes_per_s = 100000);
}

static void start_calls_that_are_sent_on(struct h2t_rig *rig, struct scenario *s)
{
    for (int i = 0; i < N_CALLS; i++)
        s->calls[i] = h2client_post(rig->session, "form", .base_url = H2T_ORIGIN "/v1/",
                                    .params = H2CLIENT_PARAMS({"q", "a b"}), .user_agent = "me",
                                    .cookies = H2CLIENT_PARAMS({"own", "1"}),
                                    .body = H2CLIENT_FORM({"name", "value"}), .on_done = count_done,
                                    .user = &s->n_done);
}

static const struct plot {
    h2t_on_request on_request;
    void (*start)(struct h2t_rig *rig, struct scenario *s);
    int64_t max_running_calls;
} plots[] = {{answer, start_calls, 0}, {send_on, start_calls_that_are_sent_on, 1}};

/* Returns how many allocations it took. A run in which something failed may end in any
 * error, but it ends. */
static uint64_t run(const struct plot *plot, uint64_t fail_at, bool fail_for_ever, int *n_failed)
{
    struct scenario s = {0};
    struct h2t_rig rig;
    int n_started = 0;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = plot->on_request;
    rig.alloc.fail_at = fail_at;
    rig.alloc.fail_for_ever = fail_for_ever;
    h2t_rig_open(&rig, H2CLIENT_SESSION(.max_running_calls = plot->max_running_calls));
    plot->start(&rig, &s);
    ck_assert_int_eq(h2client_gather(s.calls, N_CALLS), H2CLIENT_OK);
    for (int i = 0; i < N_CALLS; i++) {
        n_started += s.calls[i] != NULL;
        *n_failed += h2client_call_state(s.calls[i]) != H2CLIENT_OK;
        ck_assert_int_ne(h2client_call_state(s.calls[i]), H2CLIENT_PENDING);
        h2client_call_destroy(s.calls[i]);
    }
    ck_assert_int_eq(s.n_done, n_started);
    rig.alloc.fail_at = 0;
    uint64_t n_calls = rig.alloc.n_calls;
    h2t_rig_finish(&rig);
    return n_calls;
}

static void sweep(const struct plot *plot, bool fail_for_ever)
{
    int n_failed = 0, n_failed_in_all = 0;
    uint64_t n = run(plot, 0, false, &n_failed);

    ck_assert_int_eq(n_failed, 0);
    ck_assert_uint_gt(n, 20);
    for (uint64_t i = 1; i <= n; i++)
        run(plot, i, fail_for_ever, &n_failed_in_all);
    ck_assert_int_gt(n_failed_in_all, 0);
}

TEST(alloc_each_failure_in_turn_leaves_one_outcome_and_nothing_else)
{
    for (size_t i = 0; i < 2; i++)
        sweep(&plots[i], false);
}
END_TEST

TEST(alloc_failure_for_ever_from_each_point_on_ends_cleanly)
{
    for (size_t i = 0; i < 2; i++)
        sweep(&plots[i], true);
}
END_TEST

/* "At most 4 allocations a request by our own code after warm-up". */
TEST(alloc_usual_request_takes_at_most_four)
{
    struct h2t_rig rig;
    uint64_t before;

    h2t_rig_start(&rig);
    for (int i = 0; i < 10; i++)
        h2client_call_destroy(h2t_rig_get(&rig, "/warm-up"));
    before = rig.alloc.n_calls;
    for (int i = 0; i < 100; i++)
        h2client_call_destroy(h2t_rig_get(&rig, "/"));
    ck_assert_uint_le(rig.alloc.n_calls - before, 400);
    h2t_rig_finish(&rig);
}
END_TEST

#define N_BURST 500

static void answer_60_kb(struct h2t_peer *peer, const struct h2t_seen_request *request,
                         struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    response->status = 200;
    response->body_len = 60000;
}

/* Calls are kept for the next starts, and what they hold is not. */
TEST(alloc_burst_of_large_bodies_is_given_back)
{
    h2client_call *calls[N_BURST];
    struct h2t_rig rig;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = answer_60_kb;
    h2t_rig_open(&rig, NULL);
    for (int i = 0; i < N_BURST; i++)
        calls[i] = h2client_get(rig.session, H2T_ORIGIN "/");
    h2client_gather(calls, N_BURST);
    for (int i = 0; i < N_BURST; i++)
        h2client_call_destroy(calls[i]);
    ck_assert_uint_gt(rig.alloc.peak_bytes, 30 << 20);
    ck_assert_uint_lt(rig.alloc.live_bytes, 12 << 20);
    h2t_rig_finish(&rig);
}
END_TEST

TEST_MAIN("alloc_sweep", {T(alloc_each_failure_in_turn_leaves_one_outcome_and_nothing_else)},
          {T(alloc_failure_for_ever_from_each_point_on_ends_cleanly)},
          {T(alloc_usual_request_takes_at_most_four)},
          {T(alloc_burst_of_large_bodies_is_given_back)})
