/* SPDX-License-Identifier: MIT */
/* Slow lines, in virtual time: over a pair in memory, and under a whole session. */
#include <string.h>

#include "base/reactor.h"
#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

/* ---- scenario: a slow line between us and the far end ---- */

struct rig {
    struct h2t_alloc alloc;
    struct h2t_world world;
    struct h2client_reactor reactor;
    h2client_dialer *memory;
    h2client_dialer *dialer;
    h2client_transport *near; /* the slow one */
    h2client_transport *far;
    h2client_fault fault; /* of the dial */
    int64_t start_us;
    size_t n_read; /* by us */
    size_t max_read;
    ptrdiff_t last_read;
    size_t n_to_write;
    size_t n_calls;
    int64_t last_us; /* of the last byte or end that came, since the start */
};

static int64_t time_us(const struct rig *rig)
{
    return rig->world.now_us - rig->start_us;
}

static void note_accepted(h2client_transport *end, h2client_reactor *reactor,
                          const h2client_target *target, void *user)
{
    (void)reactor, (void)target;
    ((struct rig *)user)->far = end;
}

static void take_what_there_is(struct rig *rig)
{
    char buf[4096];
    size_t cap = rig->max_read ? rig->max_read : sizeof buf;

    rig->last_read = rig->near->ops->read(rig->near, buf, cap);
    if (rig->last_read > 0)
        rig->n_read += (size_t)rig->last_read;
    if (rig->last_read != H2CLIENT_IO_AGAIN)
        rig->last_us = time_us(rig);
}

static void give_what_fits(struct rig *rig)
{
    static const char bytes[100000];
    h2client_iovec iov = {bytes, rig->n_to_write};
    ptrdiff_t n = rig->near->ops->write(rig->near, &iov, 1);

    if (n > 0)
        rig->n_to_write -= (size_t)n;
    if (n == H2CLIENT_IO_FAILED || !rig->n_to_write)
        rig->near->ops->wants(rig->near, 0);
    rig->last_read = n;
}

static void on_ready(h2client_transport *transport, unsigned ready, void *user)
{
    struct rig *rig = user;

    ck_assert_ptr_eq(transport, rig->near);
    rig->n_calls++;
    if (ready & H2CLIENT_WRITABLE)
        give_what_fits(rig);
    else
        take_what_there_is(rig);
    if (rig->last_read == 0 || rig->last_read == H2CLIENT_IO_FAILED)
        transport->ops->wants(transport, 0);
}

static void on_dialled(h2client_transport *transport, const h2client_fault *fault, void *user)
{
    struct rig *rig = user;

    rig->near = transport;
    if (fault)
        rig->fault = *fault;
    if (!transport)
        return;
    transport->on_ready = on_ready;
    transport->user = rig;
}

static void prepare(struct rig *rig, const h2client_slow_options *options,
                    const h2client_memory_limits *limits)
{
    memset(rig, 0, sizeof *rig);
    h2t_alloc_init(&rig->alloc);
    h2t_world_init(&rig->world);
    h2i_reactor_init(&rig->reactor, &rig->alloc.allocator, &rig->world.system, &rig->world.loop);
    rig->memory = h2client_memory_dialer_create(note_accepted, rig, limits, &rig->alloc.allocator);
    rig->dialer = h2client_slow_dialer_create(rig->memory, options, &rig->alloc.allocator);
    ck_assert_ptr_nonnull(rig->dialer);
    rig->start_us = rig->world.now_us;
}

static h2client_dial *dial(struct rig *rig)
{
    const h2client_target target = {
        .size = sizeof target, .host = "server.test", .port = 80, .timeout_ms = H2CLIENT_NO_LIMIT};

    return rig->dialer->ops->dial(rig->dialer, &rig->reactor, &target, on_dialled, rig);
}

static void turn(struct rig *rig)
{
    ck_assert_int_eq(h2i_reactor_turn(&rig->reactor, 0), H2CLIENT_OK);
}

static void open_line(struct rig *rig, const h2client_slow_options *options,
                      const h2client_memory_limits *limits)
{
    prepare(rig, options, limits);
    ck_assert_ptr_nonnull(dial(rig));
    turn(rig);
    ck_assert_ptr_nonnull(rig->near);
}

static void destroy(h2client_transport **end)
{
    if (*end)
        (*end)->ops->destroy(*end);
    *end = NULL;
}

static void close_line(struct rig *rig)
{
    destroy(&rig->near);
    destroy(&rig->far);
    h2client_dialer_destroy(rig->dialer);
    h2client_dialer_destroy(rig->memory);
    h2i_reactor_finish(&rig->reactor);
    h2t_world_finish(&rig->world);
    h2t_alloc_check(&rig->alloc);
}

/* What happens until then; nothing may come in between that takes time of its own. */
static void run_until_ms(struct rig *rig, int64_t ms)
{
    while (time_us(rig) < ms * 1000) {
        int64_t left_us = ms * 1000 - time_us(rig);
        int64_t next_us = h2i_reactor_next_timeout_us(&rig->reactor);
        int64_t wait_us = next_us < left_us ? next_us : left_us;

        rig->world.now_us += wait_us;
        turn(rig);
    }
}

static void far_writes(struct rig *rig, size_t n)
{
    static const char bytes[65536];
    h2client_iovec iov = {bytes, n};

    ck_assert_int_eq(rig->far->ops->write(rig->far, &iov, 1), (ptrdiff_t)n);
}

/* What has come so far, at the far end. */
static size_t far_has_read(struct rig *rig)
{
    char buf[65536];
    ptrdiff_t n = rig->far->ops->read(rig->far, buf, sizeof buf);

    return n > 0 ? (size_t)n : 0;
}

static void want(struct rig *rig, unsigned events)
{
    rig->near->ops->wants(rig->near, events);
    turn(rig);
}

/* ---- rates ---- */

TEST(slow_line_gives_bytes_at_its_rate)
{
    struct rig rig;

    open_line(&rig, H2CLIENT_SLOW(.recv_bytes_per_s = 10000), NULL);
    want(&rig, H2CLIENT_READABLE);
    far_writes(&rig, 10000);
    for (int64_t ms = 100; ms <= 1000; ms += 100) {
        run_until_ms(&rig, ms);
        ck_assert_uint_le(rig.n_read, (size_t)ms * 10);
        ck_assert_uint_ge(rig.n_read, (size_t)ms * 10 - 200);
    }
    ck_assert_int_eq(rig.last_us, 1000000);
    close_line(&rig);
}

TEST(slow_line_gives_whole_slices)
{
    struct rig rig;

    open_line(&rig, H2CLIENT_SLOW(.recv_bytes_per_s = 10000), NULL);
    want(&rig, H2CLIENT_READABLE);
    far_writes(&rig, 1010);
    run_until_ms(&rig, 2000);
    ck_assert_uint_eq(rig.n_read, 1010);
    ck_assert_int_eq(rig.last_us, 101000);
    ck_assert_uint_eq(rig.n_calls, 6); /* five slices of 20 ms, and the rest */
    close_line(&rig);
}

TEST(slow_line_may_take_seconds_for_a_byte)
{
    struct rig rig;

    open_line(&rig, H2CLIENT_SLOW(.recv_bytes_per_s = 2, .send_bytes_per_s = 1), NULL);
    rig.n_to_write = 3;
    want(&rig, H2CLIENT_READABLE | H2CLIENT_WRITABLE);
    ck_assert_uint_eq(far_has_read(&rig), 1);
    run_until_ms(&rig, 999);
    ck_assert_uint_eq(far_has_read(&rig), 0);
    run_until_ms(&rig, 1000);
    ck_assert_uint_eq(far_has_read(&rig), 1);
    want(&rig, H2CLIENT_READABLE);
    far_writes(&rig, 3);
    run_until_ms(&rig, 2499);
    ck_assert_uint_eq(rig.n_read, 2);
    run_until_ms(&rig, 2500);
    ck_assert_uint_eq(rig.n_read, 3);
    close_line(&rig);
}

TEST(slow_line_sends_at_its_rate)
{
    struct rig rig;
    size_t n = 0;

    open_line(&rig, H2CLIENT_SLOW(.send_bytes_per_s = 50000), NULL);
    rig.n_to_write = 100000;
    want(&rig, H2CLIENT_WRITABLE);
    for (int64_t ms = 100; ms < 2000; ms += 100) {
        run_until_ms(&rig, ms);
        n += far_has_read(&rig);
        ck_assert_uint_eq(n, (size_t)ms * 50 + 1000);
    }
    run_until_ms(&rig, 2000);
    ck_assert_uint_eq(n + far_has_read(&rig), 100000);
    ck_assert_uint_eq(rig.n_to_write, 0);
    close_line(&rig);
}

TEST(slow_line_without_limits_is_none)
{
    struct rig rig;

    open_line(&rig, H2CLIENT_SLOW(.recv_bytes_per_s = H2CLIENT_NO_LIMIT), NULL);
    rig.n_to_write = 60000;
    want(&rig, H2CLIENT_WRITABLE);
    ck_assert_uint_eq(far_has_read(&rig), 60000);
    want(&rig, H2CLIENT_READABLE);
    far_writes(&rig, 60000);
    for (int i = 0; i < 4; i++)
        turn(&rig);
    ck_assert_uint_eq(rig.n_read, 60000);
    ck_assert_int_eq(time_us(&rig), 0);
    close_line(&rig);
}

/* 1,024 bytes are held, 1,000 wait below; then the server waits for the line. */
TEST(slow_line_holds_the_server_back)
{
    static const char bytes[1000];
    struct rig rig;
    h2client_iovec iov = {bytes, sizeof bytes};
    size_t n = 0;
    ptrdiff_t more;

    open_line(&rig, H2CLIENT_SLOW(.recv_bytes_per_s = 1000), H2CLIENT_MEMORY(.max_buffered = 1000));
    want(&rig, H2CLIENT_READABLE);
    while ((more = rig.far->ops->write(rig.far, &iov, 1)) > 0) {
        n += (size_t)more;
        turn(&rig);
    }
    ck_assert_uint_eq(n, 2024);
    run_until_ms(&rig, 500);
    ck_assert_uint_eq(rig.n_read, 500);
    ck_assert_int_gt(rig.far->ops->write(rig.far, &iov, 1), 0);
    close_line(&rig);
}

/* ---- delay ---- */

TEST(slow_line_brings_each_byte_so_much_later)
{
    struct rig rig;

    open_line(&rig, H2CLIENT_SLOW(.delay_ms = 300), NULL);
    want(&rig, H2CLIENT_READABLE);
    far_writes(&rig, 100);
    run_until_ms(&rig, 200);
    far_writes(&rig, 10);
    run_until_ms(&rig, 299);
    ck_assert_uint_eq(rig.n_read, 0);
    run_until_ms(&rig, 300);
    ck_assert_uint_eq(rig.n_read, 100);
    run_until_ms(&rig, 499);
    ck_assert_uint_eq(rig.n_read, 100);
    run_until_ms(&rig, 500);
    ck_assert_uint_eq(rig.n_read, 110);
    close_line(&rig);
}

TEST(slow_line_adds_delay_and_rate)
{
    struct rig rig;

    open_line(&rig, H2CLIENT_SLOW(.delay_ms = 300, .recv_bytes_per_s = 1000), NULL);
    want(&rig, H2CLIENT_READABLE);
    far_writes(&rig, 1000);
    destroy(&rig.far);
    run_until_ms(&rig, 1299);
    ck_assert_int_ne(rig.last_read, 0);
    run_until_ms(&rig, 1300);
    ck_assert_uint_eq(rig.n_read, 1000);
    ck_assert_int_eq(rig.last_read, 0);
    ck_assert_int_eq(rig.last_us, 1300000);
    close_line(&rig);
}

TEST(slow_line_sends_without_delay)
{
    struct rig rig;

    open_line(&rig, H2CLIENT_SLOW(.delay_ms = 300), NULL);
    rig.n_to_write = 100;
    want(&rig, H2CLIENT_WRITABLE);
    ck_assert_uint_eq(far_has_read(&rig), 100);
    close_line(&rig);
}

/* ---- the transport port ---- */

TEST(slow_line_calls_again_who_stops_early)
{
    struct rig rig;

    open_line(&rig, H2CLIENT_SLOW(.delay_ms = 10), NULL);
    rig.max_read = 1;
    want(&rig, H2CLIENT_READABLE);
    far_writes(&rig, 5);
    run_until_ms(&rig, 11);
    ck_assert_uint_eq(rig.n_read, 5);
    close_line(&rig);
}

TEST(slow_line_is_silent_while_nothing_is_wanted)
{
    struct rig rig;

    open_line(&rig, H2CLIENT_SLOW(.delay_ms = 10, .recv_bytes_per_s = 1000), NULL);
    want(&rig, H2CLIENT_READABLE);
    far_writes(&rig, 100);
    turn(&rig);
    want(&rig, 0);
    destroy(&rig.far);
    run_until_ms(&rig, 1000);
    ck_assert_uint_eq(rig.n_calls, 0);
    want(&rig, H2CLIENT_READABLE);
    run_until_ms(&rig, 1020);
    ck_assert_uint_eq(rig.n_read, 100);
    ck_assert_int_eq(rig.last_read, 0);
    close_line(&rig);
}

TEST(slow_line_tells_what_failed_below)
{
    struct rig rig;
    h2client_transport_info info = {.size = sizeof info};

    open_line(&rig, H2CLIENT_SLOW(.send_bytes_per_s = 1000), NULL);
    destroy(&rig.far);
    rig.n_to_write = 10;
    want(&rig, H2CLIENT_WRITABLE);
    ck_assert_int_eq(rig.last_read, H2CLIENT_IO_FAILED);
    rig.near->ops->info(rig.near, &info);
    ck_assert_int_eq(info.fault->code, H2CLIENT_ERROR_CONNECTION_RESET);
    close_line(&rig);
}

TEST(slow_line_hands_on_half_close)
{
    char byte;
    struct rig rig;

    open_line(&rig, H2CLIENT_SLOW(.delay_ms = 10), NULL);
    rig.near->ops->half_close(rig.near);
    ck_assert_int_eq(rig.far->ops->read(rig.far, &byte, 1), 0);
    ck_assert(!rig.near->ops->covers_host(rig.near, "server.test"));
    close_line(&rig);
}

TEST(slow_line_may_be_closed_while_bytes_are_under_way)
{
    struct rig rig;

    open_line(&rig, H2CLIENT_SLOW(.delay_ms = 1000), NULL);
    want(&rig, H2CLIENT_READABLE);
    far_writes(&rig, 100);
    turn(&rig);
    destroy(&rig.near);
    turn(&rig);
    close_line(&rig);
}

/* ---- the dialer ---- */

TEST(slow_dial_can_be_cancelled)
{
    struct rig rig;
    h2client_dial *started;

    prepare(&rig, NULL, NULL);
    started = dial(&rig);
    rig.dialer->ops->cancel(rig.dialer, started);
    turn(&rig);
    ck_assert_ptr_null(rig.far);
    close_line(&rig);
}

static void expect_refusal(const h2client_slow_options *options, const char *text)
{
    struct rig rig;

    prepare(&rig, options, NULL);
    ck_assert_ptr_nonnull(dial(&rig));
    turn(&rig);
    ck_assert_ptr_null(rig.near);
    ck_assert_int_eq(rig.fault.code, H2CLIENT_ERROR_INVALID_ARGUMENT);
    ck_assert_str_eq(rig.fault.text, text);
    close_line(&rig);
}

TEST(slow_options_that_make_no_sense_are_each_dials_fault)
{
    struct {
        h2client_slow_options known;
        int64_t unknown;
    } newer = {.known = {.size = sizeof newer}, .unknown = 1};

    expect_refusal(H2CLIENT_SLOW(.recv_bytes_per_s = -2),
                   "slow: a rate is neither a limit nor H2CLIENT_NO_LIMIT");
    expect_refusal(H2CLIENT_SLOW(.send_bytes_per_s = INT64_MIN),
                   "slow: a rate is neither a limit nor H2CLIENT_NO_LIMIT");
    expect_refusal(H2CLIENT_SLOW(.delay_ms = 3600001),
                   "slow.delay_ms: 3600001 is not between 0 and 3600000");
    expect_refusal(H2CLIENT_SLOW(.delay_ms = -1), "slow.delay_ms: -1 is not between 0 and 3600000");
    expect_refusal(&newer.known,
                   "slow: uses options that this version of the library does not know");
}

TEST(slow_line_of_the_largest_numbers_overflows_nothing)
{
    struct rig rig;

    open_line(&rig,
              H2CLIENT_SLOW(.recv_bytes_per_s = 1000000000000, .send_bytes_per_s = INT64_MAX,
                            .delay_ms = 3600000),
              NULL);
    want(&rig, H2CLIENT_READABLE);
    far_writes(&rig, 60000);
    run_until_ms(&rig, 3600001);
    ck_assert_uint_eq(rig.n_read, 60000);
    close_line(&rig);
}

/* ---- under a session ---- */

static void answer(struct h2t_peer *peer, const struct h2t_seen_request *request,
                   struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    *response = (struct h2t_response){.status = 200, .body_len = 100000};
}

/* Milliseconds that a call takes which gets 100,000 bytes. False: it failed. */
static bool fetch(struct h2t_rig *rig, const h2client_slow_options *options, int64_t *ms)
{
    h2client_dialer *dialer =
        h2client_slow_dialer_create(&rig->dialer.dialer, options, &rig->alloc.allocator);
    bool is_fine = false;
    h2client_call *call;

    *ms = h2t_rig_now_ms(rig);
    if (dialer) {
        h2t_rig_open(rig, H2CLIENT_SESSION(.dialer = dialer));
        call = h2client_get(rig->session, H2T_ORIGIN "/",
                            .retry = H2CLIENT_RETRY(.max_replays = H2CLIENT_NONE));
        is_fine = h2client_call_await(call);
        *ms = h2t_rig_now_ms(rig) - *ms;
        h2client_call_destroy(call);
        h2client_session_destroy(rig->session);
    }
    rig->session = NULL;
    h2client_dialer_destroy(dialer);
    return is_fine;
}

static int64_t duration_ms(const h2client_slow_options *options)
{
    struct h2t_rig rig;
    int64_t ms;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = answer;
    ck_assert(fetch(&rig, options, &ms));
    h2t_rig_finish(&rig);
    return ms;
}

TEST(session_over_a_slow_line_takes_as_long)
{
    int64_t ms = duration_ms(H2CLIENT_SLOW(.recv_bytes_per_s = 100000));

    ck_assert_int_ge(ms, 1000);
    ck_assert_int_le(ms, 1040); /* frames' heads, and a slice */
}

/* The first 65,535 bytes need one way there and back, the rest another one for its window. */
TEST(session_over_a_long_line_waits_for_each_way_back)
{
    ck_assert_int_eq(duration_ms(H2CLIENT_SLOW(.delay_ms = 500)), 1000);
    ck_assert_int_eq(duration_ms(NULL), 0);
}

static void answer_in_text(struct h2t_h1_peer *peer, const struct h2t_h1_seen *request,
                           struct h2t_h1_reply *reply, void *user)
{
    (void)peer, (void)request, (void)user;
    *reply = (struct h2t_h1_reply){.text = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1234"};
}

/* HTTP/1.1: nobody writes while a response comes, and so learns of it sooner. */
TEST(slow_line_brings_a_failure_as_late_as_a_byte)
{
    const h2client_fault fault = {
        .code = H2CLIENT_ERROR_CONNECTION_RESET, .tls_alert = -1, .text = "cut"};
    struct h2t_rig rig;
    int64_t ms;

    h2t_rig_init_h1(&rig, answer_in_text, NULL);
    rig.plan.link = (struct h2t_link_options){.cut_after = 42, .fault = &fault};
    ck_assert(!fetch(&rig, H2CLIENT_SLOW(.delay_ms = 500), &ms));
    ck_assert_int_eq(ms, 500);
    h2t_rig_finish(&rig);
}

static bool fails_at(uint64_t n)
{
    struct h2t_rig rig;
    int64_t ms;
    bool was_hit;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = answer;
    rig.alloc.fail_at = n;
    fetch(&rig, H2CLIENT_SLOW(.recv_bytes_per_s = 1000000, .delay_ms = 5), &ms);
    was_hit = rig.alloc.n_calls >= n;
    h2t_rig_finish(&rig);
    return was_hit;
}

TEST(slow_line_leaves_nothing_behind_whatever_allocation_fails)
{
    uint64_t n = 1;

    while (fails_at(n))
        n++;
    ck_assert_uint_gt(n, 20);
}

TEST_MAIN("slow", {T(slow_line_gives_bytes_at_its_rate)}, {T(slow_line_gives_whole_slices)},
          {T(slow_line_may_take_seconds_for_a_byte)}, {T(slow_line_sends_at_its_rate)},
          {T(slow_line_without_limits_is_none)}, {T(slow_line_holds_the_server_back)},
          {T(slow_line_brings_each_byte_so_much_later)}, {T(slow_line_adds_delay_and_rate)},
          {T(slow_line_sends_without_delay)}, {T(slow_line_calls_again_who_stops_early)},
          {T(slow_line_is_silent_while_nothing_is_wanted)}, {T(slow_line_tells_what_failed_below)},
          {T(slow_line_hands_on_half_close)},
          {T(slow_line_may_be_closed_while_bytes_are_under_way)}, {T(slow_dial_can_be_cancelled)},
          {T(slow_options_that_make_no_sense_are_each_dials_fault)},
          {T(slow_line_of_the_largest_numbers_overflows_nothing)},
          {T(session_over_a_slow_line_takes_as_long)},
          {T(session_over_a_long_line_waits_for_each_way_back)},
          {T(slow_line_brings_a_failure_as_late_as_a_byte)},
          {T(slow_line_leaves_nothing_behind_whatever_allocation_fails)})
