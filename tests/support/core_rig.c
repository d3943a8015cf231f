/* SPDX-License-Identifier: MIT */
#include "tests/support/core_rig.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ROUNDS 100000 /* of a run; above it the two talk without end */
#define IN_BYTES 1

const h2client_header h2t_status_200[] = {{":status", "200"}, {NULL, NULL}};

static struct h2t_exchange *exchange_of(struct h2i_exchange *exchange)
{
    return (struct h2t_exchange *)(void *)exchange; /* its first member */
}

/* ck_assert writes to a pipe each time; in what runs for every byte this is cheaper. */
static void must(bool holds, const char *what)
{
    if (!holds)
        ck_abort_msg("%s", what);
}

/* ---- events ------------------------------------------------------------- */

static struct h2t_exchange *open_exchange(struct h2i_exchange *base)
{
    struct h2t_exchange *exchange = exchange_of(base);

    must(exchange->n_ends == 0, "an event after the end");
    must(base->conn != NULL, "an event of an exchange without a conn");
    return exchange;
}

static void on_informational(struct h2i_exchange *base, const struct h2i_head *head)
{
    struct h2t_exchange *exchange = open_exchange(base);

    ck_assert_msg(exchange->n_heads == 0, "an interim response after the final one");
    ck_assert_int_ge(head->status, 100);
    ck_assert_int_lt(head->status, 200);
    exchange->n_informational++;
    exchange->last_informational = head->status;
}

static void on_head(struct h2i_exchange *base, const struct h2i_head *head)
{
    struct h2t_exchange *exchange = open_exchange(base);

    ck_assert_msg(exchange->n_heads == 0, "a second final head");
    ck_assert_int_ge(head->status, 200);
    ck_assert_ptr_nonnull(head->fields);
    exchange->n_heads++;
    exchange->head = *head;
}

/* The ends of each piece are enough to see that none is lost, doubled or moved. */
static void count(struct h2t_exchange *exchange, const char *data, size_t len)
{
    must(data[0] == h2t_pattern_byte(exchange->n_counted), "another byte than was sent");
    exchange->n_counted += len;
    must(data[len - 1] == h2t_pattern_byte(exchange->n_counted - 1), "another byte than was sent");
}

static void on_data(struct h2i_exchange *base, const void *data, size_t len)
{
    struct h2t_exchange *exchange = open_exchange(base);

    must(exchange->n_heads == 1, "body before the head");
    must(!exchange->trailers, "body after the trailers");
    must(len >= 1, "an empty piece of body");
    if (exchange->counts_only)
        count(exchange, data, len);
    else
        h2t_bytes_add(&exchange->body, data, len);
    exchange->n_data_events++;
    if (exchange->is_paused)
        exchange->n_uncredited += len;
    else
        base->conn->ops->credit(base->conn, base, len);
}

static void on_trailers(struct h2i_exchange *base, const h2client_header *fields)
{
    struct h2t_exchange *exchange = open_exchange(base);

    ck_assert_msg(exchange->n_heads == 1, "trailers before the head");
    ck_assert_msg(!exchange->trailers, "trailers twice");
    ck_assert_ptr_nonnull(fields);
    exchange->trailers = fields;
}

static enum h2i_body_result read_body(struct h2i_exchange *base, void *buf, size_t cap, size_t *n)
{
    struct h2t_exchange *exchange = open_exchange(base);
    size_t at = exchange->upload.n_read;
    size_t left = exchange->upload.len - at;
    size_t ready = exchange->upload.n_ready - at < left ? exchange->upload.n_ready - at : left;

    must(cap >= 1, "no room for a body");
    *n = ready < cap ? ready : cap;
    for (size_t i = 0; i < *n; i++)
        ((char *)buf)[i] =
            exchange->upload.data ? exchange->upload.data[at + i] : h2t_pattern_byte(at + i);
    exchange->upload.n_read += *n;
    if (*n == left)
        return exchange->upload.fails_at_end ? H2I_BODY_FAILED : H2I_BODY_END;
    return *n ? H2I_BODY_MORE : H2I_BODY_NOT_NOW;
}

static void on_sent(struct h2i_exchange *base, size_t n_body_bytes, bool is_last)
{
    struct h2t_exchange *exchange = open_exchange(base);

    must(!exchange->upload.was_last_sent, "bytes after the last");
    exchange->upload.n_sent += n_body_bytes;
    exchange->upload.was_last_sent = is_last;
}

static void on_end(struct h2i_exchange *base, const struct h2i_outcome *outcome)
{
    struct h2t_exchange *exchange = exchange_of(base);

    ck_assert_msg(exchange->n_ends == 0, "a second end");
    ck_assert_ptr_null(base->conn);
    exchange->n_ends++;
    exchange->outcome = *outcome;
}

static const struct h2i_exchange_events exchange_events = {
    .on_informational = on_informational,
    .on_head = on_head,
    .on_data = on_data,
    .on_trailers = on_trailers,
    .read_body = read_body,
    .on_sent = on_sent,
    .on_end = on_end,
};

static void on_output(struct h2i_conn *conn)
{
    struct h2t_core *core = conn->owner;

    must(!core->is_output_told, "output announced twice");
    core->is_output_told = true;
}

static void on_change(struct h2i_conn *conn)
{
    struct h2t_core *core = conn->owner;

    core->n_changes++;
}

static void on_frame(struct h2i_conn *conn, const h2client_frame_event *event)
{
    (void)conn, (void)event;
}

static const struct h2i_conn_events conn_events = {
    .on_output = on_output,
    .on_change = on_change,
    .on_frame = on_frame,
};

/* ---- life --------------------------------------------------------------- */

static struct h2t_core *create(size_t cut)
{
    struct h2t_core *core = calloc(1, sizeof *core);

    ck_assert_ptr_nonnull(core);
    core->cut = cut;
    core->config = *h2i_h2_default_config();
    core->budget.max = (int64_t)64 * 1024 * 1024;
    h2t_alloc_init(&core->alloc);
    h2i_slab_init(&core->slab, &core->alloc.allocator, 1024 * 1024);
    return core;
}

void h2t_core_end(struct h2t_core *core)
{
    if (!core->breaks_rules)
        ck_assert_str_eq(h2t_peer_complaint(core->peer), "");
    core->conn->ops->destroy(core->conn);
    ck_assert_msg(core->budget.used == 0, "%" PRId64 " bytes of windows were not given back",
                  core->budget.used);
    ck_assert_uint_eq(core->budget.n_field_bytes, 0);
    for (size_t i = 0; i < core->n_exchanges; i++) {
        struct h2t_exchange *exchange = core->exchanges[i];

        h2i_arena_finish(&exchange->arena);
        h2t_bytes_free(&exchange->body);
        free(exchange);
    }
    h2i_slab_finish(&core->slab);
    h2t_alloc_check(&core->alloc);
    h2t_peer_destroy(core->peer);
    h2t_bytes_free(&core->raw);
    free(core);
}

struct h2t_core *h2t_core_first_cut(void)
{
    return create(SIZE_MAX);
}

struct h2t_core *h2t_core_next_cut(struct h2t_core *core)
{
    bool was_last = core->cut == IN_BYTES;

    h2t_core_end(core);
    return was_last ? NULL : create(IN_BYTES);
}

static void start(struct h2t_core *core, const struct h2t_peer_config *config)
{
    core->is_raw = config && config->is_raw;
    core->peer = h2t_peer_create(config);
    core->conn = h2i_h2_conn_create(&core->alloc.allocator, &core->slab, &core->budget,
                                    &core->config, &conn_events, core, 1);
    ck_assert_ptr_nonnull(core->conn);
    core->is_output_told = true; /* the preface: nobody needs to be told */
}

void h2t_core_start(struct h2t_core *core, const struct h2t_peer_config *config)
{
    start(core, config);
    h2t_core_run(core);
}

void h2t_core_start_silent(struct h2t_core *core)
{
    start(core, &(struct h2t_peer_config){.is_raw = true});
}

void h2t_core_start_raw(struct h2t_core *core)
{
    h2t_core_start_silent(core);
    h2t_settings(&core->raw, NULL, NULL, 0);
    h2t_settings_ack(&core->raw);
    h2t_core_raw(core);
    ck_assert(!core->has_stopped);
}

/* ---- bytes -------------------------------------------------------------- */

static bool send_once(struct h2t_core *core)
{
    uint8_t buf[16384];
    size_t cap = core->cut < sizeof buf ? core->cut : sizeof buf;
    size_t n = core->conn->ops->produce(core->conn, core->now_us, buf, cap);

    core->conn->n_accepted += n;
    if (n == 0) {
        core->is_output_told = false;
        return false;
    }
    must(core->is_output_told, "output that was not announced");
    must(n <= cap, "more output than there was room for");
    if (!h2t_peer_receive(core->peer, buf, n) && !core->breaks_rules)
        ck_abort_msg("the peer complains: %s", h2t_peer_complaint(core->peer));
    return true;
}

static bool feed_once(struct h2t_core *core)
{
    h2client_bytes output = h2t_peer_output(core->peer);
    size_t n = output.len < core->cut ? output.len : core->cut;
    h2client_error_code code;
    char *copy;

    if (n == 0 || core->has_stopped)
        return false;
    copy = malloc(n); /* of that size exactly: reading past its end is found */
    must(copy != NULL, "no memory");
    memcpy(copy, output.data, n);
    code = core->conn->ops->receive(core->conn, core->now_us, copy, n);
    free(copy);
    h2t_peer_output_taken(core->peer, n);
    core->has_stopped = code != H2CLIENT_OK;
    must(core->has_stopped == core->conn->has_failed, "receive and has_failed disagree");
    return true;
}

void h2t_core_send(struct h2t_core *core)
{
    while (send_once(core))
        ;
}

void h2t_core_feed(struct h2t_core *core)
{
    while (feed_once(core))
        ;
}

void h2t_core_run(struct h2t_core *core)
{
    for (size_t i = 0; i < MAX_ROUNDS; i++) {
        bool has_sent = false;
        bool has_fed = false;

        while (send_once(core))
            has_sent = true;
        while (feed_once(core))
            has_fed = true;
        if (!has_sent && !has_fed)
            return;
    }
    ck_abort_msg("they talk without end");
}

void h2t_core_raw(struct h2t_core *core)
{
    h2t_core_send(core);
    h2t_peer_send_raw(core->peer, core->raw.data, core->raw.len);
    core->raw.len = 0;
    h2t_core_run(core);
}

void h2t_core_end_input(struct h2t_core *core, const h2client_fault *fault)
{
    core->has_stopped = true;
    core->conn->ops->end_input(core->conn, fault);
    h2t_core_run(core);
}

/* ---- requests ----------------------------------------------------------- */

struct h2t_exchange *h2t_core_prepare(struct h2t_core *core, const char *method, const char *path)
{
    static const h2client_header no_fields[] = {{NULL, NULL}};
    struct h2t_exchange *exchange = calloc(1, sizeof *exchange);

    ck_assert_ptr_nonnull(exchange);
    ck_assert_uint_lt(core->n_exchanges, H2T_CORE_MAX_EXCHANGES);
    core->exchanges[core->n_exchanges++] = exchange;
    exchange->core = core;
    exchange->upload.n_ready = SIZE_MAX;
    exchange->request = (struct h2i_request){
        .method = method,
        .scheme = "https",
        .authority = "server.test",
        .path = path,
        .fields = no_fields,
        .body_len = -1,
    };
    h2i_arena_init(&exchange->arena, &core->alloc.allocator, 4096);
    exchange->exchange = (struct h2i_exchange){
        .events = &exchange_events,
        .request = &exchange->request,
        .arena = &exchange->arena,
        .stream_id = -1,
    };
    return exchange;
}

void h2t_exchange_submit(struct h2t_exchange *exchange)
{
    struct h2i_conn *conn = exchange->core->conn;

    exchange->submitted = conn->ops->submit(conn, &exchange->exchange);
    ck_assert_int_eq(exchange->submitted == H2CLIENT_OK, exchange->exchange.conn == conn);
}

static struct h2t_exchange *submit(struct h2t_exchange *exchange)
{
    h2t_exchange_submit(exchange);
    ck_assert_int_eq(exchange->submitted, H2CLIENT_OK);
    return exchange;
}

struct h2t_exchange *h2t_core_method(struct h2t_core *core, const char *method)
{
    return submit(h2t_core_prepare(core, method, "/"));
}

struct h2t_exchange *h2t_core_get_path(struct h2t_core *core, const char *path)
{
    return submit(h2t_core_prepare(core, "GET", path));
}

struct h2t_exchange *h2t_core_get(struct h2t_core *core)
{
    return h2t_core_get_path(core, "/");
}

struct h2t_exchange *h2t_core_post(struct h2t_core *core, const char *data, size_t len,
                                   int64_t declared)
{
    struct h2t_exchange *exchange = h2t_core_prepare(core, "POST", "/");

    exchange->request.has_body = true;
    exchange->request.body_len = declared;
    exchange->upload.data = data;
    exchange->upload.len = len;
    return submit(exchange);
}

void h2t_exchange_cancel(struct h2t_exchange *exchange, uint32_t http2_code)
{
    struct h2i_conn *conn = exchange->core->conn;

    conn->ops->cancel(conn, &exchange->exchange, http2_code);
    ck_assert_ptr_null(exchange->exchange.conn);
    ck_assert_msg(exchange->n_ends == 0, "cancel told of an end");
    exchange->n_ends++; /* no event may follow */
}

void h2t_exchange_credit(struct h2t_exchange *exchange, size_t n)
{
    struct h2i_conn *conn = exchange->core->conn;

    ck_assert_uint_le(n, exchange->n_uncredited);
    exchange->n_uncredited -= n;
    conn->ops->credit(conn, &exchange->exchange, n);
}

void h2t_exchange_more_upload(struct h2t_exchange *exchange, size_t n)
{
    struct h2i_conn *conn = exchange->core->conn;

    exchange->upload.n_ready = n == SIZE_MAX ? n : exchange->upload.n_ready + n;
    conn->ops->resume_body(conn, &exchange->exchange);
}

/* ---- what must hold ----------------------------------------------------- */

void h2t_expect_success(const struct h2t_exchange *exchange, int status, const char *body)
{
    const h2client_fault *fault = &exchange->outcome.fault;

    ck_assert_msg(exchange->n_ends == 1, "it has not ended");
    ck_assert_msg(fault->code == H2CLIENT_OK, "%s: %s", h2client_error_name(fault->code),
                  fault->text);
    ck_assert_uint_eq(exchange->n_heads, 1);
    ck_assert_int_eq(exchange->head.status, status);
    if (!body)
        return;
    ck_assert_uint_eq(exchange->body.len, strlen(body));
    ck_assert(exchange->body.len == 0 ||
              memcmp(exchange->body.data, body, exchange->body.len) == 0);
}

void h2t_expect_failure(const struct h2t_exchange *exchange, h2client_error_code code,
                        int64_t http2_code)
{
    const h2client_fault *fault = &exchange->outcome.fault;

    ck_assert_msg(exchange->n_ends == 1, "it has not ended");
    ck_assert_msg(fault->code == code, "%s instead of %s: %s", h2client_error_name(fault->code),
                  h2client_error_name(code), fault->text);
    ck_assert_int_eq(exchange->outcome.http2_code, http2_code);
    ck_assert_msg(fault->text[0], "no word of explanation");
}

void h2t_expect_reset(const struct h2t_core *core, int32_t stream_id, uint32_t http2_code)
{
    const struct h2t_seen_frame *reset = h2t_peer_last(core->peer, H2T_RST_STREAM, stream_id);

    ck_assert_msg(reset, "no RST_STREAM");
    ck_assert_uint_eq(reset->error_code, http2_code);
    ck_assert_uint_eq(h2t_peer_count(core->peer, H2T_RST_STREAM, stream_id), 1);
    ck_assert_msg(!h2t_peer_last(core->peer, H2T_GOAWAY, -1), "the connection was given up");
    ck_assert(!core->conn->has_failed);
}

void h2t_expect_goaway(const struct h2t_core *core, h2client_error_code code, uint32_t http2_code)
{
    const struct h2t_seen_frame *goaway = h2t_peer_last(core->peer, H2T_GOAWAY, 0);

    ck_assert_msg(core->conn->has_failed, "the connection is still good");
    ck_assert(!core->conn->accepts_new);
    ck_assert_msg(core->conn->failure.fault.code == code, "%s instead of %s: %s",
                  h2client_error_name(core->conn->failure.fault.code), h2client_error_name(code),
                  core->conn->failure.fault.text);
    ck_assert_msg(goaway, "no GOAWAY");
    ck_assert_uint_eq(goaway->error_code, http2_code);
    ck_assert_int_eq(core->conn->failure.http2_code, http2_code);
    ck_assert_uint_eq(core->conn->n_open, 0);
}

void h2t_expect_pattern(const void *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        must(((const char *)data)[i] == h2t_pattern_byte(i), "another byte than was sent");
}

int64_t h2t_core_granted(const struct h2t_core *core, int32_t stream_id, int64_t at_first)
{
    for (size_t i = 0; i < h2t_peer_n_frames(core->peer); i++) {
        const struct h2t_seen_frame *frame = h2t_peer_frame(core->peer, i);

        if (frame->type == H2T_WINDOW_UPDATE && frame->stream_id == stream_id)
            at_first += frame->increment;
    }
    return at_first;
}

void h2t_expect_usable(struct h2t_core *core)
{
    struct h2t_exchange *exchange = h2t_core_get(core);

    ck_assert(!core->has_stopped);
    h2t_core_run(core);
    if (core->is_raw)
        h2t_core_raw_answer(core, exchange->exchange.stream_id, "ok");
    h2t_expect_success(exchange, 200, NULL);
}

/* ---- raw frames --------------------------------------------------------- */

void h2t_core_raw_head(struct h2t_core *core, int32_t stream_id, bool is_end)
{
    h2t_headers(&core->raw, stream_id, h2t_status_200, is_end, 0);
}

void h2t_core_raw_answer(struct h2t_core *core, int32_t stream_id, const char *body)
{
    h2t_core_raw_head(core, stream_id, false);
    h2t_data(&core->raw, stream_id, body, strlen(body), -1, true);
    h2t_core_raw(core);
}
