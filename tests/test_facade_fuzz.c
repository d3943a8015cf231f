/* SPDX-License-Identifier: MIT */
/*
 * Anything in any order: calls are started, paused, cancelled, destroyed and the session
 * closed, in callbacks and outside of them, against servers of both versions that answer,
 * refuse, redirect, dribble, lie, drain and break. Whatever it was: the pool's invariants
 * hold after every turn, bytes are the call's own, a success is whole, each call ends once,
 * nothing spins, hangs, or is left.
 *
 * H2T_SEED begins another run, H2T_FUZZ_RUNS makes it a longer one.
 */
#include <stdlib.h>
#include <string.h>

#include "h2client/session_internal.h"
#include "tests/support/facade_rig.h"
#include "tests/support/pool_check.h"
#include "tests/support/test_main.h"

#define N_RUNS 200
#define N_MOVES 150
#define MAX_PARTIES 48
#define MAX_DEPTH 3
#define MAX_TURNS_AT_ONCE 20000 /* while no time passes */
#define LONGEST_CALL_MS 30000
#define LEN(array) (sizeof(array) / sizeof((array)[0]))

struct fuzz;

struct party {
    struct fuzz *fuzz;
    h2client_call *call;
    bool is_destroyed;
    bool is_pushed; /* by on_data */
    int n_done;
    size_t n_seen;
    size_t n_kept;
    size_t n_pulled;
};

struct fuzz {
    struct h2t_rig rig;
    struct h2t_h1_config h1;
    uint64_t random;
    unsigned run;
    int depth; /* of callbacks */
    bool is_gone;
    size_t n_parties;
    struct party parties[MAX_PARTIES];
};

/* xorshift64* */
static uint32_t draw(struct fuzz *fuzz, uint32_t bound)
{
    fuzz->random ^= fuzz->random >> 12;
    fuzz->random ^= fuzz->random << 25;
    fuzz->random ^= fuzz->random >> 27;
    return (uint32_t)((fuzz->random * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % bound;
}

static bool one_in(struct fuzz *fuzz, uint32_t n)
{
    return draw(fuzz, n) == 0;
}

/* ---- the servers' half ------------------------------------------------------------------- */

static void refuse(struct fuzz *fuzz, struct h2t_peer *peer, int32_t id)
{
    if (one_in(fuzz, 2))
        h2t_peer_reset(peer, id, one_in(fuzz, 2) ? 7 : draw(fuzz, 14));
    else
        h2t_peer_goaway(peer, one_in(fuzz, 2) ? id : 0, one_in(fuzz, 2) ? 0 : draw(fuzz, 14), "x");
}

static void answer_h2(struct h2t_peer *peer, const struct h2t_seen_request *request,
                      struct h2t_response *response, void *user)
{
    static const h2client_header elsewhere[] = {{"location", "https://either.test/"}, {NULL, NULL}};
    static const h2client_header later[] = {{"retry-after", "1"}, {NULL, NULL}};
    struct fuzz *fuzz = user;

    response->status = 200;
    response->body_len = one_in(fuzz, 3) ? draw(fuzz, 20000) : draw(fuzz, 300);
    response->waits_for_body = one_in(fuzz, 2);
    switch (draw(fuzz, 11)) {
    case 0:
        refuse(fuzz, peer, request->stream_id);
        response->is_held = true;
        break;
    case 1:
        response->is_held = true;
        break;
    case 2:
        response->status = 302;
        response->fields = elsewhere;
        break;
    case 3:
        response->status = 503;
        response->fields = later;
        break;
    case 4:
        h2t_peer_inform(peer, request->stream_id, one_in(fuzz, 2) ? 100 : 103, NULL);
        break;
    case 5:
        response->status = one_in(fuzz, 2) ? 421 : 200; /* whoever it is for */
        break;
    default:
        break;
    }
}

#define HEAD(n) "HTTP/1.1 200 OK\r\nContent-Length: " #n "\r\n\r\n"

static const struct h2t_h1_reply replies[] = {
    {.text = HEAD(0)},
    {.text = HEAD(300), .pattern_len = 300},
    {.text = HEAD(300), .pattern_len = 300, .waits_for_body = true},
    {.text = HEAD(20000), .pattern_len = 20000},
    {.text = HEAD(20000), .pattern_len = 300, .closes = true},
    {.text = HEAD(300), .pattern_len = 301}, /* a byte too much */
    {.text = HEAD(0) HEAD(0)},
    {.text = "HTTP/1.1 200 OK\r\n\r\n", .pattern_len = 500, .closes = true},
    {.text = "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 E\r\n\r\n" HEAD(300), .pattern_len = 300},
    {.text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: 1\r\n\r\n"},
    {.text = "HTTP/1.1 302 F\r\nLocation: https://either.test/\r\nContent-Length: 0\r\n\r\n"},
    {.text = "HTTP/1.1 302 F\r\nLocation: http://h1.test/\r\nContent-Length: 9\r\n\r\nslow"},
    {.text = "HTTP/1.1 503 S\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"},
    {.text = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"},
    {.text = "HTTP/1.1 2"},
    {.text = "HTTP/1.1 20 NO\r\n\r\n"},
    {.text = "", .closes = true},
    {.text = NULL}, /* not by itself */
};

static void answer_h1(struct h2t_h1_peer *peer, const struct h2t_h1_seen *request,
                      struct h2t_h1_reply *reply, void *user)
{
    (void)peer, (void)request;
    *reply = replies[draw(user, LEN(replies))];
}

/* Where the version is to choose, each dial chooses anew. */
static void plan_dial(struct h2t_dialer *dialer, const struct h2t_dial *dial,
                      struct h2t_dial_plan *plan, void *user)
{
    static const size_t pieces[] = {0, 0, 0, 1000, 50};
    struct fuzz *fuzz = user;
    bool is_h1 = dial->port == 80 || strcmp(dial->host, "h1.test") == 0 ||
                 (strcmp(dial->host, "either.test") == 0 && one_in(fuzz, 2));

    (void)dialer;
    plan->h1 = is_h1 ? &fuzz->h1 : NULL;
    plan->peer.on_request = answer_h2;
    plan->peer.user = fuzz;
    plan->peer.max_concurrent_streams = one_in(fuzz, 2) ? 1 + draw(fuzz, 3) : 0;
    plan->peer.initial_window = one_in(fuzz, 3) ? 1 + draw(fuzz, 5000) : 0;
    plan->link.alpn = is_h1 ? "http/1.1" : "h2";
    plan->link.max_write = pieces[draw(fuzz, LEN(pieces))];
    plan->link.cut_after = one_in(fuzz, 5) ? 1 + draw(fuzz, 3000) : 0;
    plan->delay_ms = one_in(fuzz, 3) ? draw(fuzz, 300) : 0;
    plan->is_silent = one_in(fuzz, 20);
    plan->fails = one_in(fuzz, 10);
    plan->fault = (h2client_fault){.code = H2CLIENT_ERROR_CONNECT_REFUSED, .tls_alert = -1};
}

static void hurt(struct fuzz *fuzz)
{
    static const h2client_fault reset = {.code = H2CLIENT_ERROR_CONNECTION_RESET, .tls_alert = -1};
    struct h2t_dialer *dialer = &fuzz->rig.dialer;
    struct h2t_dial *dial =
        dialer->n_dials ? dialer->dials[draw(fuzz, (uint32_t)dialer->n_dials)] : NULL;

    if (!dial || !dial->link || h2t_link_client_is_gone(dial->link))
        return;
    switch (draw(fuzz, 5)) {
    case 0:
        h2t_link_close(dial->link);
        break;
    case 1:
        h2t_link_half_close(dial->link);
        break;
    case 2:
        h2t_link_break(dial->link, &reset);
        break;
    case 3:
        h2t_link_fall_silent(dial->link);
        break;
    default:
        if (dial->peer)
            h2t_peer_goaway(dial->peer, INT32_MAX, 0, "");
        else
            h2t_h1_peer_send(dial->h1_peer, HEAD(0)); /* nobody asked */
    }
}

/* ---- deeds, anywhere ----------------------------------------------------------------------- */

static void start(struct fuzz *fuzz);

static void destroy(struct party *party)
{
    if (!party->is_destroyed)
        h2client_call_destroy(party->call);
    party->is_destroyed = true;
}

/* Also of what on_data has in its hands just now. */
static void credit(struct fuzz *fuzz, struct party *party)
{
    size_t n = draw(fuzz, (uint32_t)party->n_kept + 2);

    if (h2client_call_credit(party->call, n) == H2CLIENT_OK)
        party->n_kept -= n < party->n_kept ? n : party->n_kept;
}

static void check_bytes(struct party *party, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i] != h2t_pattern_byte(party->n_seen + i))
            ck_abort_msg("run %u: a byte that is not the call's own", party->fuzz->run);
    party->n_seen += len;
}

static void pull_some(struct fuzz *fuzz, struct party *party)
{
    char buf[3000];
    size_t n;

    if (party->is_pushed)
        return;
    (void)!h2client_call_try_read(party->call, buf, 1 + draw(fuzz, sizeof buf), &n);
    check_bytes(party, buf, n);
}

static void leave(struct fuzz *fuzz)
{
    if (!one_in(fuzz, 60))
        return;
    fuzz->is_gone = true;
    h2client_session_destroy(fuzz->rig.session);
    fuzz->rig.session = NULL;
}

static void treat(struct fuzz *fuzz, struct party *party)
{
    switch (draw(fuzz, 8)) {
    case 0:
        h2client_call_cancel(party->call);
        break;
    case 1:
        destroy(party);
        break;
    case 2:
        h2client_call_pause(party->call);
        break;
    case 3:
        credit(fuzz, party);
        break;
    case 4:
        pull_some(fuzz, party);
        break;
    case 5:
        h2client_call_resume_upload(party->call);
        break;
    default:
        h2client_call_resume(party->call);
    }
}

static void do_deed(struct fuzz *fuzz)
{
    struct party *party =
        fuzz->n_parties ? &fuzz->parties[draw(fuzz, (uint32_t)fuzz->n_parties)] : NULL;

    if (fuzz->is_gone)
        return;
    if (one_in(fuzz, 3))
        start(fuzz);
    else if (one_in(fuzz, 8))
        leave(fuzz);
    else if (party && !party->is_destroyed)
        treat(fuzz, party);
}

static void drive_inside(struct fuzz *fuzz)
{
    if (fuzz->is_gone)
        return;
    ck_assert_int_eq(h2client_session_dispatch(fuzz->rig.session, -1), H2CLIENT_ERROR_REENTRANT);
    ck_assert_int_eq(h2client_session_close(fuzz->rig.session, 0), H2CLIENT_ERROR_REENTRANT);
}

/* ---- callbacks ------------------------------------------------------------------------------ */

static void visit(struct party *party)
{
    struct fuzz *fuzz = party->fuzz;

    ck_assert_msg(party->n_done == 0, "run %u: a callback after on_done", fuzz->run);
    fuzz->depth++;
    while (fuzz->depth <= MAX_DEPTH && one_in(fuzz, 3))
        do_deed(fuzz);
    if (one_in(fuzz, 10))
        drive_inside(fuzz);
    fuzz->depth--;
}

static void on_informational(h2client_call *call, int status, const h2client_header *fields,
                             void *user)
{
    (void)call, (void)fields;
    ck_assert_int_lt(status, 200);
    visit(user);
}

static void on_response(h2client_call *call, const h2client_response *resp, void *user)
{
    (void)call;
    ck_assert_int_ge(h2client_response_status(resp), 200);
    visit(user);
}

static size_t on_data(h2client_call *call, const void *data, size_t len, void *user)
{
    struct party *party = user;
    size_t kept = one_in(party->fuzz, 3) ? draw(party->fuzz, (uint32_t)len + 1) : 0;

    (void)call;
    check_bytes(party, data, len);
    visit(party);
    party->n_kept += kept;
    return len - kept;
}

/* No length is short of what was announced. */
static void on_done(h2client_call *call, const h2client_error *error, void *user)
{
    const h2client_response *resp = h2client_call_response(call);
    struct party *party = user;

    visit(party);
    party->n_done++;
    ck_assert_int_eq(error->code, h2client_call_state(call));
    ck_assert_int_ne(error->code, H2CLIENT_PENDING);
    if (!error->code && party->is_pushed && h2client_response_content_length(resp) > 0)
        ck_assert_int_eq(h2client_response_content_length(resp), (int64_t)party->n_seen);
}

static h2client_pull_result pull(void *buf, size_t cap, size_t *n, void *user)
{
    struct party *party = user;

    visit(party);
    if (one_in(party->fuzz, 4))
        return H2CLIENT_PULL_NOT_NOW;
    if (one_in(party->fuzz, 40))
        return H2CLIENT_PULL_FAILED;
    *n = 1 + draw(party->fuzz, (uint32_t)cap);
    memset(buf, 'u', *n);
    party->n_pulled += *n;
    return party->n_pulled > 20000 ? H2CLIENT_PULL_END : H2CLIENT_PULL_MORE;
}

static bool rewind_pull(void *user)
{
    struct party *party = user;

    visit(party);
    party->n_pulled = 0;
    return !one_in(party->fuzz, 5);
}

static void release(void *user)
{
    visit(user);
}

/* ---- calls ---------------------------------------------------------------------------------- */

static void choose_options(struct party *party, h2client_call_options *options)
{
    static const h2client_retry_options retry = {.size = sizeof retry, .max_retries = 2};
    struct fuzz *fuzz = party->fuzz;

    party->is_pushed = one_in(fuzz, 2);
    *options = (h2client_call_options){
        .size = sizeof *options,
        .on_informational = on_informational,
        .on_response = on_response,
        .on_data = party->is_pushed ? on_data : NULL,
        .on_done = on_done,
        .user = party,
        .total_timeout_ms = 1 + draw(fuzz, LONGEST_CALL_MS),
        .queue_timeout_ms = one_in(fuzz, 4) ? 1 + draw(fuzz, 500) : 0,
        .connect_timeout_ms = one_in(fuzz, 4) ? 1 + draw(fuzz, 500) : 0,
        .first_byte_timeout_ms = one_in(fuzz, 4) ? 1 + draw(fuzz, 500) : 0,
        .read_idle_timeout_ms = one_in(fuzz, 4) ? 1 + draw(fuzz, 500) : 0,
        .retry = one_in(fuzz, 2) ? &retry : NULL,
        .expect_continue = one_in(fuzz, 3) ? H2CLIENT_ON : H2CLIENT_INHERIT,
        .raise_for_status = one_in(fuzz, 3) ? H2CLIENT_ON : H2CLIENT_INHERIT,
        .delivery = one_in(fuzz, 2) ? H2CLIENT_DELIVERY_PULL : H2CLIENT_DELIVERY_WHOLE,
        .priority = (h2client_priority)draw(fuzz, H2CLIENT_PRIORITY_HIGHEST + 1),
    };
}

static void start(struct fuzz *fuzz)
{
    static const char *const urls[] = {"https://h2.test/", "https://also-h2.test/",
                                       "https://h1.test/", "https://either.test/",
                                       "http://h1.test/",  "bad url"};
    struct party *party = &fuzz->parties[fuzz->n_parties];
    h2client_call_options options;
    const h2client_body body = {.size = sizeof body,
                                .pull = pull,
                                .rewind = one_in(fuzz, 2) ? rewind_pull : NULL,
                                .release = release,
                                .user = party,
                                .len = H2CLIENT_LENGTH_UNKNOWN};
    bool has_body = one_in(fuzz, 3);

    if (fuzz->n_parties == MAX_PARTIES || fuzz->is_gone)
        return;
    *party = (struct party){.fuzz = fuzz};
    choose_options(party, &options);
    options.body = has_body ? &body : NULL;
    party->call =
        h2client_start(fuzz->rig.session, has_body ? (one_in(fuzz, 2) ? "PUT" : "POST") : "GET",
                       urls[draw(fuzz, LEN(urls))], &options);
    if (party->call)
        fuzz->n_parties++;
}

/* ---- a run ------------------------------------------------------------------------------------
 */

static void turn(struct fuzz *fuzz, int64_t timeout_ms)
{
    const char *broken;

    if (fuzz->is_gone)
        return;
    h2client_session_dispatch(fuzz->rig.session, timeout_ms);
    if (fuzz->is_gone)
        return;
    broken = h2t_pool_check(&fuzz->rig.session->pool);
    ck_assert_msg(!broken, "run %u: %s", fuzz->run, broken);
}

/* To the end of every call, also of those that callbacks start. */
static void settle(struct fuzz *fuzz)
{
    int64_t end_us = fuzz->rig.world.now_us + INT64_C(1000) * LONGEST_CALL_MS * MAX_PARTIES;
    int64_t last_us = 0;
    int n_turns = 0;

    while (!fuzz->is_gone && h2client_session_n_running(fuzz->rig.session) > 0) {
        turn(fuzz, 1000);
        n_turns = fuzz->rig.world.now_us == last_us ? n_turns + 1 : 0;
        last_us = fuzz->rig.world.now_us;
        ck_assert_msg(n_turns < MAX_TURNS_AT_ONCE, "run %u spins", fuzz->run);
        ck_assert_msg(last_us < end_us, "run %u hangs", fuzz->run);
    }
}

static void close_session(struct fuzz *fuzz)
{
    if (fuzz->is_gone || !one_in(fuzz, 40))
        return;
    h2client_session_close(fuzz->rig.session, (int64_t)draw(fuzz, 3) * 100);
}

static void move(struct fuzz *fuzz)
{
    switch (draw(fuzz, 8)) {
    case 0:
        do_deed(fuzz);
        break;
    case 1:
        hurt(fuzz);
        break;
    case 2:
        turn(fuzz, draw(fuzz, 2000));
        break;
    case 3:
        fuzz->rig.world.now_us += draw(fuzz, 3000000); /* nobody drove */
        break;
    case 4:
        close_session(fuzz);
        break;
    default:
        turn(fuzz, 0);
    }
}

static void open_fuzz(struct fuzz *fuzz)
{
    struct h2t_rig *rig = &fuzz->rig;

    h2t_rig_init(rig);
    fuzz->h1 = (struct h2t_h1_config){.on_request = answer_h1, .user = fuzz};
    rig->dialer.on_dial = plan_dial;
    rig->dialer.user = fuzz;
    rig->dialer.wants_addresses = one_in(fuzz, 2);
    rig->tls.covers = one_in(fuzz, 2) ? "*" : "either.test";
    h2t_rig_open(rig, H2CLIENT_SESSION(.max_conns = 1 + draw(fuzz, 6),
                                       .max_h1_conns_per_host = 1 + draw(fuzz, 3),
                                       .max_h2_conns_per_host = 1 + draw(fuzz, 2),
                                       .max_queued_calls = one_in(fuzz, 3) ? 4 : 0,
                                       .max_running_calls = one_in(fuzz, 4) ? 3 : 0,
                                       .max_calls_per_s = one_in(fuzz, 8) ? 5 : 0,
                                       .idle_timeout_ms = one_in(fuzz, 3) ? 50 : 0,
                                       .max_conn_age_ms = one_in(fuzz, 3) ? 500 : 0,
                                       .max_held_bytes = one_in(fuzz, 3) ? 70000 : 0,
                                       .coalesce = one_in(fuzz, 2) ? H2CLIENT_ON : H2CLIENT_OFF));
}

static void finish_fuzz(struct fuzz *fuzz)
{
    if (!fuzz->is_gone)
        h2client_session_destroy(fuzz->rig.session);
    fuzz->is_gone = true;
    fuzz->rig.session = NULL;
    for (size_t i = 0; i < fuzz->n_parties; i++) {
        ck_assert_msg(fuzz->parties[i].n_done == 1, "run %u: call %zu has %d ends", fuzz->run, i,
                      fuzz->parties[i].n_done);
        destroy(&fuzz->parties[i]);
    }
    h2t_rig_finish(&fuzz->rig);
}

static void run(unsigned number)
{
    struct fuzz *fuzz = calloc(1, sizeof *fuzz);

    ck_assert_ptr_nonnull(fuzz);
    fuzz->run = number;
    fuzz->random =
        (h2t_seed() * UINT64_C(6364136223846793005) + number * UINT64_C(0x9e3779b97f4a7c15)) | 1;
    open_fuzz(fuzz);
    for (int i = 0; i < 6; i++)
        start(fuzz);
    for (int i = 0; i < N_MOVES; i++)
        move(fuzz);
    if (!one_in(fuzz, 3))
        settle(fuzz);
    finish_fuzz(fuzz);
    free(fuzz);
}

TEST(whatever_is_done_in_any_order_each_call_ends_once_and_nothing_is_left)
{
    const char *runs = getenv("H2T_FUZZ_RUNS");
    unsigned n_runs = runs ? (unsigned)strtoul(runs, NULL, 10) : N_RUNS;

    for (unsigned i = 0; i < n_runs; i++)
        run(i);
}
END_TEST

TEST_MAIN("facade_fuzz", {T(whatever_is_done_in_any_order_each_call_ends_once_and_nothing_is_left)})
