/* SPDX-License-Identifier: MIT */
/*
 * A GOAWAY in every state of a burst (RFC 9113 6.8). Ten calls go out at once, GETs and
 * POSTs with bodies of every kind; the server of the first connection answers frame by
 * frame, and somewhere between two of its frames it says GOAWAY with a last stream that
 * does not contradict what it has answered; then it stays, closes or breaks. Servers of
 * later connections are well. After each position: every call has ended once, as what the
 * first server said and did allows, and no POST was processed twice.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h2client-testing/raw_frames.h"
#include "tests/support/facade_rig.h"
#include "tests/support/test_main.h"

#define N_CALLS 10
#define MAX_STREAMS 8 /* two calls wait */
#define SMALL 10
#define LARGE 40000 /* two of them do not fit in the window a server gives at first */
#define LAST_ID (2 * N_CALLS - 1)
#define ANY_ID 0x7fffffff

/* ---- calls ---- */

enum kind { GET, POST_BYTES, POST_PULL_REWOUND, POST_PULL_ONCE };

static const struct {
    enum kind kind;
    size_t len;
} requests[N_CALLS] = {
    {GET, 0},
    {POST_BYTES, SMALL},
    {POST_PULL_REWOUND, SMALL},
    {POST_PULL_ONCE, SMALL},
    {GET, 0},
    {POST_BYTES, LARGE},
    {POST_PULL_ONCE, LARGE},
    {POST_PULL_REWOUND, SMALL},
    {POST_BYTES, SMALL},
    {GET, 0},
};

struct party {
    h2client_call *call;
    size_t i;
    size_t n_pulled; /* since the last rewind */
    int n_done;
    int n_responses;
};

/* ---- the first server's script ---- */

enum move { SETTINGS, ACK, WINDOW, HEAD, BODY };

static const struct {
    enum move move;
    int32_t id;
} script[] = {
    {SETTINGS, 0}, {ACK, 0},    {HEAD, 1},  {BODY, 1},  {HEAD, 5},  {HEAD, 3},
    {BODY, 5},     {WINDOW, 0}, {HEAD, 7},  {BODY, 3},  {HEAD, 11}, {BODY, 7},
    {HEAD, 9},     {HEAD, 13},  {BODY, 11}, {BODY, 13}, {BODY, 9},  {HEAD, 15},
    {BODY, 15},    {HEAD, 17},  {BODY, 17}, {HEAD, 19}, {BODY, 19},
};
#define N_MOVES (sizeof script / sizeof script[0])

enum ending { STAYS, CLOSES, BREAKS };

struct position {
    size_t first_after; /* frames before an announcement (last stream ANY_ID); 0: none */
    size_t after;       /* frames before the GOAWAY; N_MOVES: behind all */
    int32_t last_id;
    uint32_t code;
    enum ending ending;
    uint64_t cut_after; /* bytes of the server, then it ends so; 0: no cut */
};

struct table {
    struct h2t_rig rig;
    struct position at;
    struct party parties[N_CALLS];
    /* What the client has received of the first server. */
    uint64_t n_bytes;
    int32_t last_id; /* ANY_ID before a GOAWAY that says other */
    bool is_going;   /* a GOAWAY came */
    bool is_ended;
    bool has_head[LAST_ID + 1];
    bool has_body[LAST_ID + 1];
    size_t n_taken; /* requests the first server had seen when its GOAWAY was out */
};

static const h2client_fault reset = {.code = H2CLIENT_ERROR_CONNECTION_RESET, .tls_alert = -1};

/* Of the request of a path "/3". */
static size_t index_of(const h2client_header *fields)
{
    return strtoul(h2t_field(fields, ":path") + 1, NULL, 10);
}

static const struct h2t_seen_request *first_servers(const struct table *table, int32_t id)
{
    const struct h2t_peer *peer = h2t_rig_peer(&table->rig, 0);

    for (size_t i = 0; i < h2t_peer_n_requests(peer); i++)
        if (h2t_peer_request(peer, i)->stream_id == id)
            return h2t_peer_request(peer, i);
    return NULL;
}

/* ---- the first server ---- */

static void make_frame(const struct table *table, enum move move, int32_t id, struct h2t_bytes *out)
{
    static const h2client_header head[] = {{":status", "200"}, {NULL, NULL}};
    const char *path = id ? h2t_field(first_servers(table, id)->fields, ":path") : "";

    switch (move) {
    case SETTINGS:
        h2t_settings(out, NULL, NULL, 0);
        break;
    case ACK:
        h2t_settings_ack(out);
        break;
    case WINDOW:
        h2t_window_update(out, 0, 100000);
        break;
    case HEAD:
        h2t_headers(out, id, head, false, 0);
        break;
    case BODY:
        h2t_data(out, id, path, strlen(path), -1, true);
    }
}

/* Sends it, with turns for what follows from it. False: the connection ended on the way. */
static bool send(struct table *table, struct h2t_bytes *bytes)
{
    uint64_t n = table->n_bytes + bytes->len;
    uint64_t cut = table->at.cut_after;
    bool is_cut = cut && n >= cut;

    h2t_peer_send_raw(h2t_rig_peer(&table->rig, 0), bytes->data, bytes->len);
    h2t_bytes_free(bytes);
    h2t_rig_turn(&table->rig, 6);
    table->n_bytes = n;
    table->is_ended = table->is_ended || is_cut;
    /* What comes with a reset is not read any more. */
    return !is_cut || (n == cut && table->at.ending == CLOSES);
}

static bool say_goaway(struct table *table, int32_t last_id, uint32_t code)
{
    struct h2t_bytes bytes = {0};

    h2t_goaway(&bytes, last_id, code, "bye");
    if (!send(table, &bytes))
        return false;
    table->last_id = last_id;
    table->is_going = true;
    table->n_taken = h2t_peer_n_requests(h2t_rig_peer(&table->rig, 0));
    return true;
}

static void make_move(struct table *table, enum move move, int32_t id)
{
    struct h2t_bytes bytes = {0};

    if (id && (id > table->last_id || !first_servers(table, id)))
        return;
    make_frame(table, move, id, &bytes);
    if (!send(table, &bytes))
        return;
    table->has_head[id] = table->has_head[id] || move == HEAD;
    table->has_body[id] = table->has_body[id] || move == BODY;
}

static void end_connection(struct table *table)
{
    struct h2t_link *link = table->rig.dialer.dials[0]->link;

    table->is_ended = true;
    if (table->at.ending == CLOSES)
        h2t_link_close(link);
    else
        h2t_link_break(link, &reset);
}

static void run_script(struct table *table)
{
    const struct position *at = &table->at;

    h2t_rig_turn(&table->rig, 6);
    for (size_t i = 0; i <= N_MOVES && !table->is_ended; i++) {
        if (at->first_after && i == at->first_after && !say_goaway(table, ANY_ID, 0))
            return;
        if (i == at->after && !table->is_ended && say_goaway(table, at->last_id, at->code) &&
            at->ending != STAYS && !at->cut_after)
            end_connection(table);
        if (i < N_MOVES && !table->is_ended)
            make_move(table, script[i].move, script[i].id);
    }
}

/* ---- the other servers ---- */

static void answer_with_path(struct h2t_peer *peer, const struct h2t_seen_request *request,
                             struct h2t_response *response, void *user)
{
    (void)peer, (void)user;
    response->status = 200;
    response->body = h2t_field(request->fields, ":path");
    response->body_len = strlen(response->body);
    response->waits_for_body = true;
}

static void plan_dial(struct h2t_dialer *dialer, const struct h2t_dial *dial,
                      struct h2t_dial_plan *plan, void *user)
{
    const struct table *table = user;

    (void)dialer;
    if (dial->n > 0) {
        plan->peer.on_request = answer_with_path;
        return;
    }
    plan->peer.is_raw = true;
    plan->link.cut_after = table->at.cut_after;
    plan->link.fault = table->at.ending == BREAKS ? &reset : NULL;
}

/* ---- the burst ---- */

static void on_response(h2client_call *call, const h2client_response *resp, void *user)
{
    (void)call, (void)resp;
    ((struct party *)user)->n_responses++;
}

static void on_done(h2client_call *call, const h2client_error *error, void *user)
{
    (void)call, (void)error;
    ((struct party *)user)->n_done++;
}

static h2client_pull_result pull(void *buf, size_t cap, size_t *n, void *user)
{
    struct party *party = user;
    size_t left = requests[party->i].len - party->n_pulled;

    *n = left < cap ? left : cap;
    memset(buf, 'x', *n);
    party->n_pulled += *n;
    return *n == left ? H2CLIENT_PULL_END : H2CLIENT_PULL_MORE;
}

static bool rewind_pull(void *user)
{
    ((struct party *)user)->n_pulled = 0;
    return true;
}

static void start_party(struct table *table, size_t i)
{
    static char bytes[LARGE];
    struct party *party = &table->parties[i];
    enum kind kind = requests[i].kind;
    h2client_body body = {.size = sizeof body, .user = party, .len = (int64_t)requests[i].len};
    char url[64];

    party->i = i;
    snprintf(url, sizeof url, H2T_ORIGIN "/%zu", i);
    body.data = kind == POST_BYTES ? bytes : NULL;
    body.pull = kind >= POST_PULL_REWOUND ? pull : NULL;
    body.rewind = kind == POST_PULL_REWOUND ? rewind_pull : NULL;
    party->call =
        h2client_start(table->rig.session, kind == GET ? "GET" : "POST", url,
                       H2CLIENT_CALL(.body = kind == GET ? NULL : &body, .on_response = on_response,
                                     .on_done = on_done, .user = party));
}

/* ---- what must have become of it ---- */

/* How often a server took it; the last time, was it whole? */
static size_t count_processed(const struct table *table, size_t i, bool *is_whole)
{
    size_t n = 0;

    *is_whole = false;
    for (size_t dial = 0; dial < table->rig.dialer.n_dials; dial++) {
        const struct h2t_peer *peer = h2t_rig_peer(&table->rig, dial);
        for (size_t j = 0; peer && j < h2t_peer_n_requests(peer); j++) {
            const struct h2t_seen_request *request = h2t_peer_request(peer, j);
            if (index_of(request->fields) != i ||
                (dial == 0 && request->stream_id > table->last_id))
                continue;
            *is_whole = request->is_complete && request->body_len == requests[i].len;
            n++;
        }
    }
    return n;
}

static int32_t id_on_first(const struct table *table, size_t i)
{
    for (int32_t id = 1; id <= LAST_ID; id += 2) {
        const struct h2t_seen_request *request = first_servers(table, id);
        if (request && index_of(request->fields) == i)
            return id;
    }
    return 0;
}

/* NONE: it succeeds. */
static h2client_replay_class expected_class(const struct table *table, const struct party *party)
{
    enum kind kind = requests[party->i].kind;
    int32_t id = id_on_first(table, party->i);

    if (id == 0 || table->has_body[id])
        return H2CLIENT_REPLAY_NONE;
    if (id > table->last_id)
        return kind == POST_PULL_ONCE && party->n_pulled ? H2CLIENT_REPLAY_UNPROCESSED
                                                         : H2CLIENT_REPLAY_NONE;
    if (kind == GET && !table->has_head[id])
        return H2CLIENT_REPLAY_NONE;
    return H2CLIENT_REPLAY_MAYBE_PROCESSED;
}

static h2client_replay_class expected_first_class(const struct table *table, size_t i)
{
    int32_t id = id_on_first(table, i);

    if (id == 0 || table->has_body[id])
        return H2CLIENT_REPLAY_NONE;
    return id > table->last_id ? H2CLIENT_REPLAY_UNPROCESSED : H2CLIENT_REPLAY_MAYBE_PROCESSED;
}

static void fail_at(const struct table *table, const struct party *party, const char *what)
{
    const struct position *at = &table->at;

    ck_abort_msg("after %zu (announced %zu) last %d code %u ending %d cut %llu, call %zu: %s "
                 "(%s; class %d, %d attempts)",
                 at->after, at->first_after, at->last_id, at->code, at->ending,
                 (unsigned long long)at->cut_after, party->i, what,
                 h2client_call_error(party->call)->message,
                 h2client_call_error(party->call)->replay_class,
                 h2client_call_get_info(party->call)->n_attempts);
}

static bool is_answered_right(const struct party *party)
{
    const h2client_response *resp = h2client_call_response(party->call);
    char path[16];

    snprintf(path, sizeof path, "/%zu", party->i);
    return resp && party->n_responses == 1 && strcmp(h2client_response_body(resp).data, path) == 0;
}

static void check_party(const struct table *table, const struct party *party)
{
    h2client_replay_class class = expected_class(table, party);
    bool is_whole;
    size_t n_processed = count_processed(table, party->i, &is_whole);

    if (party->n_done != 1)
        fail_at(table, party, "not one end");
    if (h2client_call_attempt(party->call, 0)->replay_class !=
        expected_first_class(table, party->i))
        fail_at(table, party, "the first attempt's class is not true");
    if (h2client_call_error(party->call)->replay_class != class)
        fail_at(table, party, "its class is not true");
    if ((class == H2CLIENT_REPLAY_NONE) != is_answered_right(party))
        fail_at(table, party, "answered where it should not be, or not answered");
    if (requests[party->i].kind != GET && n_processed > 1)
        fail_at(table, party, "processed twice");
    if (class == H2CLIENT_REPLAY_NONE && !is_whole)
        fail_at(table, party, "answered, and nobody took it whole");
}

static void check_first_server(const struct table *table)
{
    const struct h2t_peer *peer = h2t_rig_peer(&table->rig, 0);

    if (h2t_peer_complaint(peer)[0])
        fail_at(table, &table->parties[0], h2t_peer_complaint(peer));
    if (table->is_going && h2t_peer_n_requests(peer) > table->n_taken)
        fail_at(table, &table->parties[0], "new requests after GOAWAY");
    if (!h2t_link_client_is_gone(table->rig.dialer.dials[0]->link))
        fail_at(table, &table->parties[0], "the connection outlives its last stream");
}

/* The burst, and all that the first server says. */
static struct table *create_table(const struct position *at)
{
    struct table *table = calloc(1, sizeof *table);

    table->at = *at;
    table->last_id = ANY_ID;
    h2t_rig_init(&table->rig);
    table->rig.dialer.on_dial = plan_dial;
    table->rig.dialer.user = table;
    h2t_rig_open(&table->rig, H2CLIENT_SESSION(.max_streams_per_conn = MAX_STREAMS));
    for (size_t i = 0; i < N_CALLS; i++)
        start_party(table, i);
    run_script(table);
    return table;
}

static void destroy_table(struct table *table)
{
    for (size_t i = 0; i < N_CALLS; i++)
        h2client_call_destroy(table->parties[i].call);
    h2t_rig_finish(&table->rig);
    free(table);
}

static void run_position(const struct position *at)
{
    struct table *table = create_table(at);

    while (h2client_session_n_running(table->rig.session))
        h2client_session_dispatch(table->rig.session, -1);
    h2t_rig_turn(&table->rig, 3);
    for (size_t i = 0; i < N_CALLS; i++)
        check_party(table, &table->parties[i]);
    check_first_server(table);
    destroy_table(table);
}

/* ---- positions ---- */

/* The least last stream that does not contradict the answers before it. */
static int32_t least_last_id(size_t after)
{
    int32_t least = 0;

    for (size_t i = 0; i < after; i++)
        least = script[i].id > least ? script[i].id : least;
    return least;
}

/* With every last stream that can be told there. Returns how many these were. */
static size_t run_last_ids(struct position at)
{
    size_t n = 0;

    for (int32_t id = least_last_id(at.after); id <= LAST_ID; id += id % 2 ? 2 : 1, n++) {
        at.last_id = id;
        run_position(&at);
    }
    return n;
}

/* From behind SETTINGS, which must come first, to behind all answers. */
static size_t run_all_places(struct position at)
{
    size_t n = 0;

    for (at.after = 1; at.after <= N_MOVES; at.after++)
        n += run_last_ids(at);
    return n;
}

TEST(goaway_anywhere_by_a_server_that_stays_costs_no_call_but_what_cannot_be_rewound)
{
    ck_assert_uint_ge(run_all_places((struct position){.ending = STAYS}), 100);
}
END_TEST

TEST(goaway_anywhere_by_a_server_that_closes_is_told_as_it_was)
{
    ck_assert_uint_ge(run_all_places((struct position){.ending = CLOSES}), 100);
}
END_TEST

TEST(goaway_anywhere_by_a_server_that_breaks_is_told_as_it_was)
{
    ck_assert_uint_ge(run_all_places((struct position){.ending = BREAKS}), 100);
}
END_TEST

TEST(goaway_with_an_error_anywhere_is_told_as_it_was)
{
    ck_assert_uint_ge(run_all_places((struct position){.code = 2, .ending = STAYS}), 100);
    ck_assert_uint_ge(run_all_places((struct position){.code = 2, .ending = CLOSES}), 100);
}
END_TEST

TEST(goaway_in_two_steps_anywhere_is_told_as_it_was)
{
    size_t n = 0;

    for (size_t first = 1; first <= N_MOVES; first += 2)
        for (size_t second = first; second <= N_MOVES; second += 3) {
            struct position at = {.first_after = first, .after = second};
            at.ending = (second - first) % 2 ? STAYS : CLOSES;
            n += run_last_ids(at);
        }
    ck_assert_uint_ge(n, 100);
}
END_TEST

/* ---- cuts ---- */

/* A cut beyond all that is said would be none. */
static uint64_t count_bytes(const struct position *at)
{
    struct table *table = create_table(at);
    uint64_t n = table->n_bytes;

    destroy_table(table);
    return n;
}

static void run_all_cuts(struct position at)
{
    uint64_t n = count_bytes(&at);

    ck_assert_uint_ge(n, 100);
    for (at.cut_after = 1; at.cut_after <= n; at.cut_after++)
        run_position(&at);
}

TEST(connection_that_closes_at_any_byte_around_a_goaway_is_told_as_it_was)
{
    run_all_cuts((struct position){.after = 6, .last_id = 7, .ending = CLOSES});
    run_all_cuts((struct position){.first_after = 4, .after = 9, .last_id = 11, .ending = CLOSES});
}
END_TEST

TEST(connection_that_breaks_at_any_byte_around_a_goaway_is_told_as_it_was)
{
    run_all_cuts((struct position){.after = 6, .last_id = 7, .ending = BREAKS});
    run_all_cuts((struct position){.first_after = 4, .after = 9, .last_id = 11, .ending = BREAKS});
}
END_TEST

TEST_MAIN("goaway_table",
          {T(goaway_anywhere_by_a_server_that_stays_costs_no_call_but_what_cannot_be_rewound)},
          {T(goaway_anywhere_by_a_server_that_closes_is_told_as_it_was)},
          {T(goaway_anywhere_by_a_server_that_breaks_is_told_as_it_was)},
          {T(goaway_with_an_error_anywhere_is_told_as_it_was)},
          {T(goaway_in_two_steps_anywhere_is_told_as_it_was)},
          {T(connection_that_closes_at_any_byte_around_a_goaway_is_told_as_it_was)},
          {T(connection_that_breaks_at_any_byte_around_a_goaway_is_told_as_it_was)})
