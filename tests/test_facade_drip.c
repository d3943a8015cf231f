/* SPDX-License-Identifier: MIT */
/* Servers that always send something: what moves a time limit on, and what does not
 * (behaviour 60). */
#include <string.h>

#include "h2client-testing/raw_frames.h"
#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

#define DRIP_MS 100

static void hold(struct h2t_peer *peer, const struct h2t_seen_request *request,
                 struct h2t_response *response, void *user)
{
    (void)peer, (void)request, (void)user;
    response->status = 200;
    response->is_held = true;
}

static void start(struct h2t_rig *rig)
{
    h2t_rig_init(rig);
    rig->plan.peer.on_request = hold;
    h2t_rig_open(rig, NULL);
}

static void send_head(struct h2t_rig *rig)
{
    static const h2client_header fields[] = {{":status", "200"}, {NULL, NULL}};
    struct h2t_bytes raw = {NULL, 0, 0};

    h2t_rig_turn(rig, 6);
    h2t_headers(&raw, 1, fields, false, 0);
    h2t_peer_send_raw(h2t_rig_peer(rig, 0), raw.data, raw.len);
    h2t_bytes_free(&raw);
    h2t_rig_turn(rig, 3);
}

static void drip_data(struct h2t_peer *peer, size_t n_bytes, int pad_len)
{
    struct h2t_bytes raw = {NULL, 0, 0};

    h2t_data(&raw, 1, "x", n_bytes, pad_len, false);
    h2t_peer_send_raw(peer, raw.data, raw.len);
    h2t_bytes_free(&raw);
}

static void drip_byte(struct h2t_peer *peer)
{
    drip_data(peer, 1, -1);
}
static void drip_padding(struct h2t_peer *peer)
{
    drip_data(peer, 0, 10);
}
static void drip_ping(struct h2t_peer *peer)
{
    h2t_peer_ping(peer);
}
static void drip_interim(struct h2t_peer *peer)
{
    h2t_peer_inform(peer, 1, 103, NULL);
}

/* Every 100 ms, until the call has ended. */
static void drip(struct h2t_rig *rig, const h2client_call *call,
                 void (*send)(struct h2t_peer *peer))
{
    for (int i = 0; i < 1000 && h2client_call_state(call) == H2CLIENT_PENDING; i++) {
        send(h2t_rig_peer(rig, 0));
        h2t_rig_run_ms(rig, DRIP_MS);
    }
}

static void expect_timeout(struct h2t_rig *rig, h2client_call *call, h2client_limit limit,
                           int64_t after_ms)
{
    const h2client_error *error = h2client_call_error(call);

    ck_assert_int_eq(error->code, H2CLIENT_ERROR_TIMEOUT);
    ck_assert_int_eq(error->limit, limit);
    ck_assert_int_ge(error->elapsed_us, after_ms * 1000);
    ck_assert_int_le(error->elapsed_us, (after_ms + DRIP_MS) * 1000);
    h2client_call_destroy(call);
    h2t_rig_finish(rig);
}

TEST(total_limit_ends_an_endless_body)
{
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .total_timeout_ms = 5000,
                        .read_idle_timeout_ms = 1000);
    send_head(&rig);
    drip(&rig, call, drip_byte);
    expect_timeout(&rig, call, H2CLIENT_LIMIT_TOTAL, 5000);
}
END_TEST

TEST(pings_do_not_move_the_read_idle_limit_on)
{
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .read_idle_timeout_ms = 1000);
    send_head(&rig);
    drip(&rig, call, drip_ping);
    expect_timeout(&rig, call, H2CLIENT_LIMIT_READ_IDLE, 1000);
}
END_TEST

TEST(padding_does_not_move_the_read_idle_limit_on)
{
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .read_idle_timeout_ms = 1000);
    send_head(&rig);
    drip(&rig, call, drip_padding);
    expect_timeout(&rig, call, H2CLIENT_LIMIT_READ_IDLE, 1000);
}
END_TEST

TEST(interim_responses_do_not_move_the_first_byte_limit_on)
{
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .first_byte_timeout_ms = 1000);
    h2t_rig_turn(&rig, 6);
    drip(&rig, call, drip_interim);
    expect_timeout(&rig, call, H2CLIENT_LIMIT_FIRST_BYTE, 1000);
}
END_TEST

TEST(pings_do_not_move_the_first_byte_limit_on)
{
    struct h2t_rig rig;
    h2client_call *call;

    start(&rig);
    call = h2client_get(rig.session, H2T_ORIGIN "/", .first_byte_timeout_ms = 1000);
    h2t_rig_turn(&rig, 6);
    drip(&rig, call, drip_ping);
    expect_timeout(&rig, call, H2CLIENT_LIMIT_FIRST_BYTE, 1000);
}
END_TEST

/* Another stream's bytes are not this one's. */
TEST(bytes_of_others_do_not_move_a_limit_on)
{
    struct h2t_rig rig;
    h2client_call *call, *other;

    start(&rig);
    other = h2client_get(rig.session, H2T_ORIGIN "/other");
    call = h2client_get(rig.session, H2T_ORIGIN "/", .first_byte_timeout_ms = 1000);
    send_head(&rig); /* of stream 1, the other's */
    drip(&rig, call, drip_byte);
    ck_assert_int_eq(h2client_call_state(other), H2CLIENT_PENDING);
    h2client_call_destroy(other);
    expect_timeout(&rig, call, H2CLIENT_LIMIT_FIRST_BYTE, 1000);
}
END_TEST

/* The upload is never taken: what the server sends meanwhile is no room. */
TEST(pings_do_not_move_the_write_stall_limit_on)
{
    static char large[200000];
    struct h2t_rig rig;
    h2client_call *call;

    h2t_rig_init(&rig);
    rig.plan.peer.on_request = hold;
    rig.plan.peer.no_auto_window_update = true;
    h2t_rig_open(&rig, NULL);
    call = h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_BYTES(large, sizeof large),
                         .write_stall_timeout_ms = 1000);
    h2t_rig_turn(&rig, 6);
    drip(&rig, call, drip_ping);
    expect_timeout(&rig, call, H2CLIENT_LIMIT_WRITE_STALL, 1000);
}
END_TEST

/* Room for all there is, and for more. */
static void open_windows(struct h2t_rig *rig)
{
    const uint16_t initial_window = 4;
    const uint32_t large = 1 << 20;
    struct h2t_bytes raw = {NULL, 0, 0};

    h2t_settings(&raw, &initial_window, &large, 1);
    h2t_window_update(&raw, 0, large);
    h2t_peer_send_raw(h2t_rig_peer(rig, 0), raw.data, raw.len);
    h2t_bytes_free(&raw);
}

/* The transport takes a part and no more. That another call ends makes room in our own buffer
 * at most. */
TEST(what_others_do_does_not_move_the_write_stall_limit_on)
{
    static char large[200000];
    struct h2t_rig rig;
    h2client_call *call, *other;

    h2t_rig_init(&rig);
    rig.plan.peer.is_raw = true;
    rig.plan.link.max_buffered = 20000;
    rig.plan.link.stops_reading = true;
    h2t_rig_open(&rig, NULL);
    other = h2client_get(rig.session, H2T_ORIGIN "/other", .total_timeout_ms = 500);
    h2t_rig_turn(&rig, 6);
    open_windows(&rig);
    h2t_rig_turn(&rig, 6);
    call = h2client_post(rig.session, H2T_ORIGIN "/", .body = H2CLIENT_BYTES(large, sizeof large),
                         .write_stall_timeout_ms = 1000);
    h2client_call_await(other);
    h2client_call_destroy(other);
    h2client_call_await(call);
    expect_timeout(&rig, call, H2CLIENT_LIMIT_WRITE_STALL, 1000);
}
END_TEST

TEST_MAIN("facade_drip", {T(total_limit_ends_an_endless_body)},
          {T(pings_do_not_move_the_read_idle_limit_on)},
          {T(padding_does_not_move_the_read_idle_limit_on)},
          {T(interim_responses_do_not_move_the_first_byte_limit_on)},
          {T(pings_do_not_move_the_first_byte_limit_on)},
          {T(bytes_of_others_do_not_move_a_limit_on)},
          {T(pings_do_not_move_the_write_stall_limit_on)},
          {T(what_others_do_does_not_move_the_write_stall_limit_on)})
