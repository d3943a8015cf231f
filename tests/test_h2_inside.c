/* SPDX-License-Identifier: MIT */
/*
 * The HTTP/2 core from inside: what may be called in events, the trace of frames, how
 * much memory a request takes and what happens when there is none.
 */
#include <string.h>

#include "h2client/h2/h2_internal.h"
#include "tests/support/core_rig.h"

static bool text_has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* ---- calls inside events ------------------------------------------------- */

/* Events of an exchange that cancels itself in the nth one. */
struct quitter {
    struct h2i_exchange exchange; /* first */
    unsigned n_events;
    unsigned quits_at;
    bool has_quit;
};

static bool quits(struct h2i_exchange *base)
{
    struct quitter *quitter = (struct quitter *)(void *)base;

    ck_assert_msg(!quitter->has_quit, "an event after cancel");
    if (++quitter->n_events != quitter->quits_at)
        return false;
    quitter->has_quit = true;
    base->conn->ops->cancel(base->conn, base, NGHTTP2_CANCEL);
    ck_assert_ptr_null(base->conn);
    return true;
}

static void quit_on_head(struct h2i_exchange *base, const struct h2i_head *head)
{
    (void)head;
    quits(base);
}

static void quit_on_data(struct h2i_exchange *base, const void *data, size_t len)
{
    (void)data;
    if (!quits(base))
        base->conn->ops->credit(base->conn, base, len);
}

static void quit_on_trailers(struct h2i_exchange *base, const h2client_header *fields)
{
    (void)fields;
    quits(base);
}

static enum h2i_body_result quit_on_read(struct h2i_exchange *base, void *buf, size_t cap,
                                         size_t *n)
{
    (void)cap;
    if (quits(base))
        return H2I_BODY_NOT_NOW;
    *(char *)buf = 'x';
    *n = 1;
    return ((struct quitter *)(void *)base)->n_events < 3 ? H2I_BODY_MORE : H2I_BODY_END;
}

static void quit_on_sent(struct h2i_exchange *base, size_t n_body_bytes, bool is_last)
{
    (void)n_body_bytes, (void)is_last;
    quits(base);
}

static void quit_on_end(struct h2i_exchange *base, const struct h2i_outcome *outcome)
{
    struct quitter *quitter = (struct quitter *)(void *)base;

    ck_assert_msg(!quitter->has_quit, "an end after cancel");
    ck_assert_int_eq(outcome->fault.code, H2CLIENT_OK);
    quitter->quits_at = 0; /* it saw them all */
}

static const struct h2i_exchange_events quitter_events = {
    quit_on_head, quit_on_head, quit_on_data, quit_on_trailers,
    quit_on_read, quit_on_sent, quit_on_end};

/* A POST whose answer has all there is. True once it ran to its end. */
static bool run_quitter(struct h2t_core *core, unsigned quits_at)
{
    static const h2client_header early[] = {{":status", "103"}, {NULL, NULL}};
    static const h2client_header trailers[] = {{"x-end", "1"}, {NULL, NULL}};
    struct h2t_exchange *host = h2t_core_prepare(core, "POST", "/");
    struct quitter quitter = {.exchange = host->exchange, .quits_at = quits_at};

    host->request.has_body = true;
    quitter.exchange.events = &quitter_events;
    h2t_core_start_raw(core);
    ck_assert_int_eq(core->conn->ops->submit(core->conn, &quitter.exchange), H2CLIENT_OK);
    h2t_core_run(core);
    h2t_headers(&core->raw, 1, early, false, 0);
    h2t_headers(&core->raw, 1, h2t_status_200, false, 0);
    h2t_data(&core->raw, 1, "ab", 2, -1, false);
    h2t_headers(&core->raw, 1, trailers, true, 0);
    h2t_core_raw(core);
    ck_assert_uint_eq(core->conn->n_open, 0);
    if (quitter.has_quit && h2t_peer_count(core->peer, H2T_HEADERS, 1) > 0)
        h2t_expect_reset(core, 1, NGHTTP2_CANCEL);
    return quitter.quits_at == 0;
}

TEST(an_exchange_may_cancel_itself_in_each_of_its_events)
{
    unsigned n_runs = 0;

    EACH_CUT (core) {
        bool is_through = run_quitter(core, 1000);
        ck_assert(is_through);
    }
    for (unsigned nth = 1; nth < 100; nth++) {
        bool is_through = false;
        EACH_CUT (core)
            is_through = run_quitter(core, nth) || is_through;
        if (is_through)
            break;
        n_runs++;
    }
    ck_assert_uint_ge(n_runs, 9); /* sent x3, read x3, 103, head, data, trailers */
}

/* ---- trace --------------------------------------------------------------- */

struct trace {
    char text[8192];
    struct h2i_text log;
};
static struct trace trace;

static void note_frame(struct h2i_conn *conn, const h2client_frame_event *event)
{
    ck_assert_uint_eq(event->conn_id, conn->id);
    h2i_text_add(&trace.log, "%c%s/%d", event->direction == H2CLIENT_SENT ? '>' : '<',
                 event->type_name, event->stream_id);
    for (const h2client_header *field = event->fields; field->name; field++)
        h2i_text_add(&trace.log, " %s=%s", field->name, field->value);
    h2i_text_add(&trace.log, "\n");
}

static const struct h2i_conn_events *tracing_events(const struct h2i_conn *conn)
{
    static struct h2i_conn_events events;

    events = *conn->events;
    events.on_frame = note_frame;
    return &events;
}

static void start_tracing(struct h2t_core *core)
{
    h2t_core_start_silent(core);
    trace.log = h2i_text(trace.text, sizeof trace.text);
    core->conn->events = tracing_events(core->conn);
    core->conn->traces = true;
}

TEST(the_trace_shows_frames_in_both_directions_in_order)
{
    static const h2client_header pong[] = {{":status", "200"}, {"x", "y"}, {NULL, NULL}};

    EACH_CUT (core) {
        start_tracing(core);
        h2t_core_get(core);
        h2t_core_run(core);
        h2t_settings(&core->raw, (uint16_t[]){4}, (uint32_t[]){70000}, 1);
        h2t_core_raw(core);
        h2t_headers(&core->raw, 1, pong, false, 0);
        h2t_data(&core->raw, 1, "ok", 2, -1, true);
        h2t_goaway(&core->raw, 1, NGHTTP2_NO_ERROR, "so\nlong");
        h2t_core_raw(core);
        ck_assert_str_eq(trace.text,
                         ">SETTINGS/0 ENABLE_PUSH=0 INITIAL_WINDOW_SIZE=65536 "
                         "MAX_HEADER_LIST_SIZE=262144\n"
                         ">WINDOW_UPDATE/0 increment=16711681\n"
                         ">HEADERS/1 :method=GET :scheme=https :authority=server.test :path=/\n"
                         "<SETTINGS/0 INITIAL_WINDOW_SIZE=70000\n>SETTINGS/0\n"
                         "<HEADERS/1 :status=200 x=y\n<DATA/1\n"
                         "<GOAWAY/0 last_stream_id=1 error_code=0 (NO_ERROR) "
                         "debug_data=so\\x0along\n");
    }
}

TEST(the_trace_names_what_control_frames_say)
{
    EACH_CUT (core) {
        start_tracing(core);
        core->breaks_rules = true;
        h2t_core_get(core);
        h2t_exchange_cancel(h2t_core_get(core), NGHTTP2_CANCEL);
        h2t_core_run(core);
        h2t_settings(&core->raw, NULL, NULL, 0);
        h2t_window_update(&core->raw, 0, 17);
        h2t_rst_stream(&core->raw, 1, NGHTTP2_REFUSED_STREAM);
        h2t_frame(&core->raw, 0xfe, 0, 0, "?", 1);
        h2t_frame(&core->raw, H2T_PING, 0, 1, "12345678", 8);
        h2t_core_raw(core);
        const char *received = strstr(trace.text, "<SETTINGS/0\n");
        ck_assert_ptr_nonnull(received);
        ck_assert_str_eq(received, "<SETTINGS/0\n<WINDOW_UPDATE/0 increment=17\n"
                                   "<RST_STREAM/1 error_code=7 (REFUSED_STREAM)\n<UNKNOWN/0\n"
                                   "<PING/1\n>GOAWAY/0 last_stream_id=0 error_code=1 "
                                   "(PROTOCOL_ERROR)\n");
    }
}

TEST(the_trace_shows_a_reset_we_send)
{
    EACH_CUT (core) {
        start_tracing(core);
        struct h2t_exchange *exchange = h2t_core_get(core);
        h2t_core_run(core);
        h2t_exchange_cancel(exchange, NGHTTP2_CANCEL);
        h2t_core_run(core);
        ck_assert(text_has(trace.text, ">RST_STREAM/1 error_code=8 (CANCEL)\n"));
    }
}

TEST(the_trace_hides_secrets)
{
    static const h2client_header fields[] = {{"cookie", "hush"}, {NULL, NULL}};
    static const h2client_header answer[] = {{":status", "200"}, {"set-cookie", "hush"}, {0}};

    EACH_CUT (core) {
        start_tracing(core);
        struct h2t_exchange *exchange = h2t_core_prepare(core, "GET", "/");
        exchange->request.fields = fields;
        exchange->request.n_fields = 1;
        h2t_exchange_submit(exchange);
        h2t_core_run(core);
        h2t_settings(&core->raw, NULL, NULL, 0);
        h2t_headers(&core->raw, 1, answer, true, 0);
        h2t_core_raw(core);
        ck_assert(text_has(trace.text, " cookie=[hidden]"));
        ck_assert(text_has(trace.text, " set-cookie=[hidden]"));
        ck_assert(!text_has(trace.text, "hush"));
    }
}

/* ---- memory -------------------------------------------------------------- */

TEST(after_warming_up_a_request_needs_only_its_arena)
{
    EACH_CUT (core) {
        h2t_core_start(core, NULL);
        for (int i = 0; i < 20; i++)
            h2t_core_get(core);
        h2t_core_run(core);
        uint64_t n_calls = core->alloc.n_calls;
        for (int i = 0; i < 20; i++)
            h2t_core_get(core);
        h2t_core_run(core);
        ck_assert_uint_le(core->alloc.n_calls - n_calls, 20);
    }
}

/* Requests of all kinds beside each other: all of them end. True: and end well. */
static bool run_scenario(struct h2t_core *core)
{
    struct h2t_exchange *exchanges[4];
    bool is_good = true;

    for (int i = 0; i < 4; i++) {
        exchanges[i] = h2t_core_prepare(core, i % 2 ? "POST" : "GET", "/");
        exchanges[i]->request.has_body = i % 2;
        exchanges[i]->upload.len = core->cut == SIZE_MAX ? 70000 : 700;
        h2t_exchange_submit(exchanges[i]);
    }
    if (exchanges[2]->submitted == H2CLIENT_OK)
        h2t_exchange_cancel(exchanges[2], NGHTTP2_CANCEL);
    h2t_core_run(core);
    for (int i = 0; i < 4; i++) {
        ck_assert_ptr_null(exchanges[i]->exchange.conn);
        is_good = is_good && exchanges[i]->submitted == H2CLIENT_OK &&
                  exchanges[i]->outcome.fault.code == H2CLIENT_OK;
    }
    return is_good && !core->conn->has_failed;
}

static void rich_answer(struct h2t_peer *peer, const struct h2t_seen_request *request,
                        struct h2t_response *response, void *user)
{
    static const h2client_header fields[] = {
        {"x-first", "a value that no table holds"}, {"x-second", "another one"}, {NULL, NULL}};
    static const h2client_header trailers[] = {{"x-last", "and a third"}, {NULL, NULL}};

    (void)peer, (void)request;
    response->status = 200;
    response->fields = fields;
    response->trailers = trailers;
    response->body_len = *(size_t *)user;
}

TEST(each_allocation_may_fail)
{
    size_t len = 0;
    bool was_hit = true;
    uint64_t nth;

    for (nth = 1; was_hit && nth < 2000; nth++) {
        was_hit = false;
        EACH_CUT (core) {
            core->slab.max_held_bytes = 0; /* so that nghttp2's all come through */
            len = core->cut == SIZE_MAX ? 200000 : 2000;
            h2t_core_start(core,
                           &(struct h2t_peer_config){.on_request = rich_answer, .user = &len});
            core->breaks_rules = true;
            core->alloc.fail_at = core->alloc.n_calls + nth;
            core->alloc.fail_for_ever = nth % 2;
            bool is_good = run_scenario(core);
            was_hit = was_hit || core->alloc.n_calls >= core->alloc.fail_at;
            ck_assert(is_good || was_hit);
        }
    }
    ck_assert(!was_hit);
    ck_assert_uint_gt(nth, 50);
}

TEST(a_conn_is_made_whole_or_not_at_all)
{
    static const struct h2i_conn_events events;
    struct h2i_conn *conn = NULL;

    for (uint64_t nth = 1; !conn; nth++) {
        struct h2t_alloc alloc;
        struct h2i_slab slab;
        struct h2i_budget budget = {.max = 65536};
        h2t_alloc_init(&alloc);
        h2i_slab_init(&slab, &alloc.allocator, 65536);
        alloc.fail_at = nth;
        conn = h2i_h2_conn_create(&alloc.allocator, &slab, &budget, h2i_h2_default_config(),
                                  &events, NULL, 1);
        if (conn)
            conn->ops->destroy(conn);
        h2i_slab_finish(&slab);
        h2t_alloc_check(&alloc);
        ck_assert(conn ? nth > 5 : nth < 100);
    }
}

TEST_MAIN("h2_inside", {T(an_exchange_may_cancel_itself_in_each_of_its_events)},
          {T(the_trace_shows_frames_in_both_directions_in_order)},
          {T(the_trace_names_what_control_frames_say)}, {T(the_trace_shows_a_reset_we_send)},
          {T(the_trace_hides_secrets)}, {T(after_warming_up_a_request_needs_only_its_arena)},
          {T(each_allocation_may_fail)}, {T(a_conn_is_made_whole_or_not_at_all)})
