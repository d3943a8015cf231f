/* SPDX-License-Identifier: MIT */
/*
 * A minute of mixed traffic while the servers are restarted at random: several origins of
 * both versions, one that changes between them, calls of every kind, and connections that
 * close, break, say GOAWAY, fall silent or cannot be made. After every turn the pool's
 * invariants hold, and the limit on connections does as the dialer sees it; in the end
 * every call has ended once, no POST was processed twice, and nothing spins or is left.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h2client/session_internal.h"
#include "tests/support/facade_rig.h"
#include "tests/support/pool_check.h"
#include "tests/support/test_main.h"

#define STORM_MS 60000
#define MAX_CALLS 4096
#define MAX_TURNS_AT_ONCE 200 /* while no time passes; a turn may be one piece of a body */
#define MAX_BODY 100000

enum speech { H2, H1, H1_CLEAR, EITHER };

static const struct {
    const char *url;
    const char *host;
    enum speech speech;
} origins[] = {
    {"https://a.test", "a.test", H2},      {"https://b.test", "b.test", H2},
    {"https://c.test", "c.test", H1},      {"https://d.test", "d.test", H1},
    {"http://e.test", "e.test", H1_CLEAR}, {"https://f.test", "f.test", EITHER},
};
#define N_ORIGINS (sizeof origins / sizeof origins[0])

struct storm;

struct party {
    struct storm *storm;
    h2client_call *call;
    bool is_post;
    int n_done;
    int n_processed; /* by servers */
};

/* What sits at the end of a dial. */
struct server {
    struct storm *storm;
    int32_t last_id; /* the last stream it takes */
    int32_t top_id;  /* that it has taken */
    struct h2t_h1_config h1;
};

struct storm {
    struct h2t_rig rig;
    uint64_t random;
    size_t n_parties;
    size_t n_ended;
    size_t n_failed;
    size_t first_live_dial; /* those before have ended */
    size_t max_conns;
    char body[MAX_BODY];
    struct party parties[MAX_CALLS];
    struct server servers[H2T_MAX_DIALS];
};

static const h2client_fault reset = {.code = H2CLIENT_ERROR_CONNECTION_RESET, .tls_alert = -1};

/* xorshift64. */
static uint32_t draw(struct storm *storm, uint32_t bound)
{
    storm->random ^= storm->random << 13;
    storm->random ^= storm->random >> 7;
    storm->random ^= storm->random << 17;
    return (uint32_t)((storm->random >> 11) % bound);
}

static bool chance(struct storm *storm, uint32_t one_in)
{
    return draw(storm, one_in) == 0;
}

/* ---- servers ---- */

static void process(struct storm *storm, const char *path)
{
    storm->parties[strtoul(path + 1, NULL, 10)].n_processed++;
}

static void say_goaway(struct server *server, struct h2t_peer *peer)
{
    if (server->last_id != INT32_MAX)
        return;
    server->last_id = server->top_id;
    h2t_peer_goaway(peer, server->last_id, 0, "restarting");
}

/* It did not take the stream, and says so. */
static bool turns_away(struct server *server, struct h2t_peer *peer, int32_t id)
{
    struct storm *storm = server->storm;

    if (id > server->last_id)
        return true;
    if (chance(storm, 20)) {
        h2t_peer_reset(peer, id, 7 /* REFUSED_STREAM */);
        return true;
    }
    if (!chance(storm, 30))
        return false;
    say_goaway(server, peer);
    return true;
}

static void answer_h2(struct h2t_peer *peer, const struct h2t_seen_request *request,
                      struct h2t_response *response, void *user)
{
    struct server *server = user;
    struct storm *storm = server->storm;

    response->is_held = true;
    if (turns_away(server, peer, request->stream_id))
        return;
    server->top_id = request->stream_id;
    process(storm, h2t_field(request->fields, ":path"));
    if (chance(storm, 40))
        return; /* for ever */
    if (chance(storm, 40)) {
        h2t_peer_reset(peer, request->stream_id, 2 /* INTERNAL_ERROR */);
        return;
    }
    response->is_held = false;
    response->status = chance(storm, 15) ? 503 : 200;
    response->body_len = chance(storm, 8) ? draw(storm, MAX_BODY) : draw(storm, 2000);
    response->waits_for_body = chance(storm, 2);
}

static void answer_h1(struct h2t_h1_peer *peer, const struct h2t_h1_seen *request,
                      struct h2t_h1_reply *reply, void *user)
{
    static const char *const texts[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n",
        "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 5000\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 6000\r\n\r\n", /* cut, or silent in the middle */
    };
    struct storm *storm = ((struct server *)user)->storm;

    (void)peer;
    process(storm, request->path);
    if (chance(storm, 40))
        return; /* for ever */
    reply->text = texts[chance(storm, 8) ? draw(storm, 5) : 0];
    reply->pattern_len = 5000;
    reply->waits_for_body = true;
    reply->closes = strstr(reply->text, "close") || chance(storm, 15);
}

static enum speech speech_of(const struct h2t_dial *dial, struct storm *storm)
{
    for (size_t i = 0; i < N_ORIGINS; i++)
        if (strcmp(dial->host, origins[i].host) == 0 && origins[i].speech != EITHER)
            return origins[i].speech;
    /* It changes every ten seconds. */
    return h2t_rig_now_ms(&storm->rig) / 10000 % 2 ? H1 : H2;
}

static void plan_failure(struct storm *storm, struct h2t_dial_plan *plan)
{
    plan->delay_ms = chance(storm, 2) ? 0 : draw(storm, 80);
    plan->is_silent = chance(storm, 100);
    plan->fails = chance(storm, 12);
    plan->fault = (h2client_fault){.code = H2CLIENT_ERROR_CONNECT_REFUSED, .tls_alert = -1};
}

static void plan_dial(struct h2t_dialer *dialer, const struct h2t_dial *dial,
                      struct h2t_dial_plan *plan, void *user)
{
    struct storm *storm = user;
    struct server *server = &storm->servers[dial->n];

    (void)dialer;
    *server = (struct server){.storm = storm, .last_id = INT32_MAX};
    plan_failure(storm, plan);
    if (speech_of(dial, storm) == H2) {
        plan->link.alpn = "h2";
        plan->peer.on_request = answer_h2;
        plan->peer.user = server;
        plan->peer.max_concurrent_streams = chance(storm, 3) ? 1 + draw(storm, 4) : 0;
        return;
    }
    server->h1 = (struct h2t_h1_config){.on_request = answer_h1, .user = server};
    plan->link.alpn = "http/1.1";
    plan->h1 = &server->h1;
}

/* ---- restarts ---- */

static bool is_live(const struct h2t_dial *dial)
{
    if (!dial->has_ended)
        return !dial->was_cancelled;
    return dial->link && !h2t_link_client_is_gone(dial->link);
}

static struct h2t_dial *choose_live(struct storm *storm)
{
    const struct h2t_dialer *dialer = &storm->rig.dialer;
    size_t n = dialer->n_dials - storm->first_live_dial;

    for (int i = 0; n && i < 20; i++) {
        struct h2t_dial *dial = dialer->dials[storm->first_live_dial + draw(storm, (uint32_t)n)];
        if (is_live(dial) && dial->link)
            return dial;
    }
    return NULL;
}

static void restart_one(struct storm *storm)
{
    struct h2t_dial *dial = choose_live(storm);
    struct server *server;

    if (!dial)
        return;
    server = &storm->servers[dial->n];
    switch (draw(storm, dial->peer ? 6 : 4)) {
    case 0:
        h2t_link_close(dial->link);
        break;
    case 1:
        h2t_link_break(dial->link, &reset);
        break;
    case 2:
        h2t_link_half_close(dial->link);
        break;
    case 3:
        h2t_link_fall_silent(dial->link);
        break;
    case 4: /* the first step of two */
        if (server->last_id == INT32_MAX)
            h2t_peer_goaway(dial->peer, INT32_MAX, 0, "");
        break;
    default:
        say_goaway(server, dial->peer);
    }
}

/* ---- traffic ---- */

static void on_done(h2client_call *call, const h2client_error *error, void *user)
{
    struct party *party = user;

    (void)call;
    party->n_done++;
    party->storm->n_ended++;
    party->storm->n_failed += error->code != H2CLIENT_OK;
}

static size_t on_data(h2client_call *call, const void *data, size_t len, void *user)
{
    (void)call, (void)data, (void)user;
    return len;
}

static void start_call(struct storm *storm)
{
    struct party *party = &storm->parties[storm->n_parties];
    const h2client_body body = {.size = sizeof body,
                                .data = storm->body,
                                .len = draw(storm, chance(storm, 8) ? MAX_BODY : 2000)};
    char url[64];

    ck_assert(storm->n_parties < MAX_CALLS);
    *party = (struct party){.storm = storm, .is_post = chance(storm, 3)};
    snprintf(url, sizeof url, "%s/%zu", origins[draw(storm, N_ORIGINS)].url, storm->n_parties++);
    party->call = h2client_start(
        storm->rig.session, party->is_post ? "POST" : "GET", url,
        H2CLIENT_CALL(.body = party->is_post ? &body : NULL,
                      .on_data = chance(storm, 2) ? on_data : NULL, .on_done = on_done,
                      .user = party, .total_timeout_ms = 1000 + draw(storm, 15000),
                      .first_byte_timeout_ms = chance(storm, 3) ? 500 : 0,
                      .sock_connect_timeout_ms = 1000,
                      .priority = (h2client_priority)draw(storm, 6),
                      .expect_continue = chance(storm, 6) ? H2CLIENT_ON : H2CLIENT_OFF,
                      .retry = chance(storm, 2)
                                   ? H2CLIENT_RETRY(.max_retries = 2, .base_delay_ms = 50)
                                   : NULL));
}

static void blow(struct storm *storm)
{
    size_t n_calls = chance(storm, 40) ? 20 : draw(storm, 2); /* a burst now and then */

    for (size_t i = 0; i < n_calls; i++)
        start_call(storm);
    if (chance(storm, 4))
        restart_one(storm);
    if (storm->n_parties && chance(storm, 10))
        h2client_call_cancel(storm->parties[draw(storm, (uint32_t)storm->n_parties)].call);
}

/* ---- what holds after every turn ---- */

static void demand(const struct storm *storm, bool holds, const char *what)
{
    if (!holds)
        ck_abort_msg("at %lld ms, %zu calls: %s", (long long)h2t_rig_now_ms(&storm->rig),
                     storm->n_parties, what);
}

static size_t count_live(struct storm *storm)
{
    const struct h2t_dialer *dialer = &storm->rig.dialer;
    size_t n = 0;

    while (storm->first_live_dial < dialer->n_dials &&
           !is_live(dialer->dials[storm->first_live_dial]))
        storm->first_live_dial++;
    for (size_t i = storm->first_live_dial; i < dialer->n_dials; i++)
        n += is_live(dialer->dials[i]);
    return n;
}

static void check(struct storm *storm)
{
    h2client_session_stats stats = {.size = sizeof stats};
    const char *broken = h2t_pool_check(&storm->rig.session->pool);
    size_t n_live = count_live(storm);

    h2client_session_get_stats(storm->rig.session, &stats);
    demand(storm, !broken, broken);
    demand(storm, n_live == storm->rig.session->pool.n_conns, "a connection is not counted");
    demand(storm, n_live <= storm->max_conns, "more connections than max_conns");
    demand(storm, stats.n_calls == storm->n_parties, "n_calls");
    demand(storm, stats.n_calls_failed == storm->n_failed, "n_calls_failed");
    demand(storm,
           h2client_session_n_running(storm->rig.session) == storm->n_parties - storm->n_ended,
           "n_running");
}

static void pass(struct storm *storm, int64_t ms)
{
    int64_t end_us = storm->rig.world.now_us + ms * 1000;
    int64_t last_us = storm->rig.world.now_us;
    int n_turns = 0;

    while (storm->rig.world.now_us < end_us) {
        h2client_session_dispatch(storm->rig.session,
                                  (end_us - storm->rig.world.now_us + 999) / 1000);
        check(storm);
        n_turns = storm->rig.world.now_us == last_us ? n_turns + 1 : 0;
        last_us = storm->rig.world.now_us;
        demand(storm, n_turns < MAX_TURNS_AT_ONCE, "it turns and turns and no time passes");
    }
}

/* ---- a storm ---- */

static void check_servers(const struct storm *storm)
{
    for (size_t i = 0; i < storm->rig.dialer.n_dials; i++) {
        const struct h2t_dial *dial = storm->rig.dialer.dials[i];
        if (dial->peer)
            demand(storm, !h2t_peer_complaint(dial->peer)[0], h2t_peer_complaint(dial->peer));
        if (dial->h1_peer)
            demand(storm, !h2t_h1_peer_complaint(dial->h1_peer)[0],
                   h2t_h1_peer_complaint(dial->h1_peer));
    }
}

static void check_end(const struct storm *storm)
{
    for (size_t i = 0; i < storm->n_parties; i++) {
        const struct party *party = &storm->parties[i];
        bool is_ok = h2client_call_state(party->call) == H2CLIENT_OK;

        demand(storm, party->n_done == 1, "a call has not one end");
        demand(storm, !party->is_post || party->n_processed <= 1, "a POST was processed twice");
        demand(storm, !is_ok || party->n_processed > 0, "a success that nobody processed");
    }
    demand(storm, storm->n_failed < storm->n_parties / 2, "most calls failed");
    demand(storm, storm->rig.session->n_turns < 10 * storm->n_parties, "it turns too often");
}

/* Everything idle goes, and nobody stirs any more. */
static void check_calm(struct storm *storm)
{
    h2client_session_stats stats = {.size = sizeof stats};
    uint64_t n_turns;

    pass(storm, 200000);
    demand(storm, storm->rig.session->pool.n_conns == 0, "idle connections stay");
    h2client_session_get_stats(storm->rig.session, &stats);
    n_turns = stats.n_turns;
    pass(storm, 200000);
    h2client_session_get_stats(storm->rig.session, &stats);
    demand(storm, stats.n_turns <= n_turns + 2, "a session without work has turns");
}

static void run_storm(size_t max_conns, uint64_t seed)
{
    struct storm *storm = calloc(1, sizeof *storm);
    int64_t end_ms;

    storm->random = seed ? seed : 1;
    storm->max_conns = max_conns;
    h2t_rig_init(&storm->rig);
    storm->rig.dialer.on_dial = plan_dial;
    storm->rig.dialer.user = storm;
    h2t_rig_open(&storm->rig,
                 H2CLIENT_SESSION(.max_conns = (int64_t)max_conns, .max_h1_conns_per_host = 4,
                                  .max_h2_conns_per_host = 2, .ping_after_ms = 3000,
                                  .ping_timeout_ms = 1000));
    end_ms = h2t_rig_now_ms(&storm->rig) + STORM_MS;
    while (h2t_rig_now_ms(&storm->rig) < end_ms) {
        blow(storm);
        pass(storm, 1 + draw(storm, 40));
    }
    pass(storm, 20000); /* the longest of all limits */
    check_end(storm);
    check_servers(storm);
    check_calm(storm);
    for (size_t i = 0; i < storm->n_parties; i++)
        h2client_call_destroy(storm->parties[i].call);
    h2t_rig_finish(&storm->rig);
    free(storm);
}

TEST(storm_of_restarts_with_room_for_all_connections)
{
    run_storm(100, h2t_seed());
}
END_TEST

TEST(storm_of_restarts_with_fewer_connections_than_are_wanted)
{
    run_storm(8, h2t_seed() + 1);
}
END_TEST

TEST(storm_of_restarts_with_fewer_connections_than_origins)
{
    run_storm(3, h2t_seed() + 2);
}
END_TEST

TEST(origin_that_turns_to_http_2_gets_one_connection_for_all)
{
    struct h2t_rig rig;
    h2client_call *calls[10];

    h2t_rig_init_h1(&rig, NULL, NULL);
    h2t_rig_open(&rig, NULL);
    h2client_call_destroy(h2t_rig_get(&rig, "/")); /* it is known for HTTP/1.1 now */
    h2t_link_close(rig.dialer.dials[0]->link);
    rig.plan.h1 = NULL;
    rig.tls.alpn = "h2";
    for (int i = 0; i < 10; i++)
        calls[i] = h2client_get(rig.session, H2T_ORIGIN "/");
    h2client_gather(calls, 10);
    ck_assert_uint_gt(rig.dialer.n_dials, 2);
    ck_assert_uint_eq(h2t_dialer_n_open(&rig.dialer), 1);
    for (int i = 0; i < 10; i++) {
        ck_assert_ptr_nonnull(h2client_call_response(calls[i]));
        h2client_call_destroy(calls[i]);
    }
    h2t_rig_finish(&rig);
}
END_TEST

TEST_MAIN("restart_storm", {T(origin_that_turns_to_http_2_gets_one_connection_for_all)},
          {T(storm_of_restarts_with_room_for_all_connections)},
          {T(storm_of_restarts_with_fewer_connections_than_are_wanted)},
          {T(storm_of_restarts_with_fewer_connections_than_origins)})
