/* SPDX-License-Identifier: MIT */
/*
 * The HTTP/2 core and a server that draws its frames by lot, most of them legal for
 * themselves and senseless in their place, while requests come, pause and are
 * cancelled. Whatever happens, the rig's own rules must hold: every exchange ends
 * once, in order, and all memory and all windows come back.
 */
#include "h2client/h2/h2_internal.h"
#include "tests/support/core_rig.h"

#define N_WORLDS 150
#define N_STEPS 150

static uint64_t state;

static uint32_t draw(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 11) % below;
}

/* A stream that is open, at times one that was, rarely any other. */
static int32_t draw_stream(struct h2t_core *core)
{
    for (int i = 0; i < 10; i++) {
        struct h2t_exchange *exchange = core->exchanges[draw((uint32_t)core->n_exchanges)];
        bool is_begun = exchange->exchange.stream_id > 0 &&
                        exchange->exchange.stream_id <= h2i_h2_conn_of(core->conn)->out.last_id;
        if (is_begun && (exchange->exchange.conn || draw(200) == 0))
            return exchange->exchange.stream_id;
    }
    return draw(400) ? 0 : (int32_t)draw(14);
}

static void add_headers(struct h2t_core *core, int32_t stream_id)
{
    static const h2client_header blocks[][4] = {
        {{":status", "200"}, {0}},
        {{":status", "200"}, {"content-length", "7"}, {0}},
        {{":status", "103"}, {"link", "x"}, {0}},
        {{":status", "204"}, {"x-empty", ""}, {0}},
        {{"x-trailer", "end"}, {0}},
        {{":status", "20"}, {0}},
        {{"Upper", "case"}, {0}},
    };
    uint32_t i = draw(40);

    h2t_headers(&core->raw, stream_id, blocks[i < 7 ? i : i % 3], draw(6) == 0, draw(3));
}

static void add_nonsense(struct h2t_core *core)
{
    uint8_t payload[24];
    uint32_t len = draw(sizeof payload);

    for (uint32_t i = 0; i < len; i++)
        payload[i] = (uint8_t)draw(256);
    h2t_frame(&core->raw, (uint8_t)draw(12), (uint8_t)draw(256), (int32_t)draw(8), payload, len);
}

static void add_settings(struct h2t_core *core)
{
    const uint16_t ids[] = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
                            NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
                            NGHTTP2_SETTINGS_HEADER_TABLE_SIZE};
    const uint32_t values[] = {draw(20), draw(100000), draw(5000)};

    h2t_settings(&core->raw, ids, values, draw(4));
}

static void add_frame(struct h2t_core *core)
{
    static const char bytes[600];
    int32_t stream_id = draw_stream(core);

    if (stream_id == 0)
        return;
    switch (draw(12)) {
    case 0:
        h2t_rst_stream(&core->raw, stream_id, draw(14));
        break;
    case 1:
        add_settings(core);
        break;
    case 2:
        h2t_ping(&core->raw, draw(2), 1);
        break;
    case 3:
        h2t_window_update(&core->raw, draw(2) ? 0 : stream_id, 1 + draw(100000));
        break;
    case 4:
        if (draw(20) == 0)
            h2t_goaway(&core->raw, draw(2) ? INT32_MAX : 2 * (int32_t)draw(20) + 1, draw(3), "end");
        if (draw(40) == 0)
            add_nonsense(core);
        break;
    case 5:
    case 6:
    case 7:
        h2t_data(&core->raw, stream_id, bytes, draw(sizeof bytes), draw(4) ? -1 : (int)draw(99),
                 draw(8) == 0);
        break;
    default:
        add_headers(core, stream_id);
    }
}

static void start_request(struct h2t_core *core)
{
    struct h2t_exchange *exchange = h2t_core_prepare(core, draw(2) ? "GET" : "POST", "/");

    exchange->request.has_body = draw(2);
    exchange->upload.len = draw(3000);
    exchange->request.body_len = draw(3) ? -1 : (int64_t)exchange->upload.len + draw(2);
    exchange->upload.n_ready = draw(2) ? SIZE_MAX : draw(3000);
    exchange->is_paused = draw(2);
    h2t_exchange_submit(exchange);
}

static void disturb_one(struct h2t_core *core)
{
    struct h2t_exchange *exchange = core->exchanges[draw((uint32_t)core->n_exchanges)];

    if (!exchange->exchange.conn)
        return;
    switch (draw(3)) {
    case 0:
        h2t_exchange_cancel(exchange, NGHTTP2_CANCEL);
        break;
    case 1:
        h2t_exchange_credit(exchange, exchange->n_uncredited);
        break;
    default:
        h2t_exchange_more_upload(exchange, SIZE_MAX);
    }
}

static void live(struct h2t_core *core)
{
    h2t_core_start_raw(core);
    core->breaks_rules = true;
    for (int i = 0; i < N_STEPS && !core->conn->has_failed; i++) {
        if (draw(2))
            start_request(core);
        h2t_core_send(core);
        if (core->n_exchanges > 0 && draw(4) == 0)
            disturb_one(core);
        for (uint32_t n = core->n_exchanges > 0 ? draw(3) : 0; n > 0; n--)
            add_frame(core);
        h2t_core_raw(core);
    }
    h2t_core_end_input(core, NULL);
}

TEST(every_exchange_ends_once_whatever_the_server_does)
{
    for (uint64_t world = 0; world < N_WORLDS; world++) {
        EACH_CUT (core) {
            state = (h2t_seed() + world) * 0x9e3779b97f4a7c15u | 1;
            live(core);
            ck_assert_uint_eq(core->conn->n_open, 0);
            for (size_t i = 0; i < core->n_exchanges; i++) {
                const struct h2t_exchange *exchange = core->exchanges[i];
                ck_assert_uint_eq(exchange->n_ends, exchange->submitted == H2CLIENT_OK);
            }
        }
    }
}

TEST_MAIN("h2_chaos", {T(every_exchange_ends_once_whatever_the_server_does)})
