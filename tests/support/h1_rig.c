/* SPDX-License-Identifier: MIT */
#include "tests/support/h1_rig.h"

#include <stdlib.h>
#include <string.h>

static struct h2t_h1_exchange *exchange_of(struct h2i_exchange *exchange)
{
    return (struct h2t_h1_exchange *)(void *)exchange; /* its first member */
}

/* ck_assert writes to a pipe each time; in what runs for every byte this is cheaper. */
static void must(bool holds, const char *what)
{
    if (!holds)
        ck_abort_msg("%s", what);
}

/* ---- events -------------------------------------------------------------- */

static struct h2t_h1_exchange *open_exchange(struct h2i_exchange *base)
{
    struct h2t_h1_exchange *exchange = exchange_of(base);

    must(exchange->n_ends == 0, "an event after the end");
    must(base->conn != NULL, "an event of an exchange without a conn");
    return exchange;
}

static void cancel_inside(struct h2t_h1_exchange *exchange, int event)
{
    if ((int)exchange->cancels == event)
        h2t_h1_cancel(exchange);
}

static void on_informational(struct h2i_exchange *base, const struct h2i_head *head)
{
    struct h2t_h1_exchange *exchange = open_exchange(base);

    must(exchange->n_heads == 0, "an interim response after the final one");
    must(head->status >= 100 && head->status < 200, "an interim response that is none");
    exchange->n_informational++;
    exchange->last_informational = head->status;
    cancel_inside(exchange, H2T_H1_AT_INTERIM);
}

static void on_head(struct h2i_exchange *base, const struct h2i_head *head)
{
    struct h2t_h1_exchange *exchange = open_exchange(base);

    must(exchange->n_heads == 0, "a second final head");
    must(head->status >= 200 && head->fields, "a final head that is none");
    exchange->n_heads++;
    exchange->head = *head;
    cancel_inside(exchange, H2T_H1_AT_HEAD);
}

static void on_data(struct h2i_exchange *base, const void *data, size_t len)
{
    struct h2t_h1_exchange *exchange = open_exchange(base);

    must(exchange->n_heads == 1, "body before the head");
    must(!exchange->trailers, "body after the trailers");
    must(len >= 1, "an empty piece of body");
    h2t_bytes_add(&exchange->body, data, len);
    exchange->n_data_events++;
    if (exchange->is_paused)
        exchange->n_uncredited += len;
    else
        base->conn->ops->credit(base->conn, base, len);
    cancel_inside(exchange, H2T_H1_AT_DATA);
}

static void on_trailers(struct h2i_exchange *base, const h2client_header *fields)
{
    struct h2t_h1_exchange *exchange = open_exchange(base);

    must(exchange->n_heads == 1, "trailers before the head");
    must(!exchange->trailers, "trailers twice");
    must(fields && fields->name, "no trailers");
    exchange->trailers = fields;
    cancel_inside(exchange, H2T_H1_AT_TRAILERS);
}

static enum h2i_body_result read_body(struct h2i_exchange *base, void *buf, size_t cap, size_t *n)
{
    struct h2t_h1_exchange *exchange = open_exchange(base);
    size_t at = exchange->upload.n_read;
    size_t left = exchange->upload.len - at;
    size_t ready = exchange->upload.n_ready - at < left ? exchange->upload.n_ready - at : left;

    must(cap >= 1, "no room for a body");
    *n = ready < cap ? ready : cap;
    if (exchange->upload.data)
        memcpy(buf, exchange->upload.data + at, *n);
    else
        memset(buf, 'u', *n);
    exchange->upload.n_read += *n;
    cancel_inside(exchange, H2T_H1_AT_READ);
    if (*n == left && (exchange->upload.ends == H2T_H1_WITH_BYTES ||
                       (exchange->upload.ends == H2T_H1_NEXT_TIME && left == 0)))
        return exchange->upload.fails_at_end ? H2I_BODY_FAILED : H2I_BODY_END;
    return *n ? H2I_BODY_MORE : H2I_BODY_NOT_NOW;
}

static void on_sent(struct h2i_exchange *base, size_t n_body_bytes, bool is_last)
{
    struct h2t_h1_exchange *exchange = open_exchange(base);

    must(!exchange->upload.was_last_sent, "bytes after the last");
    if (n_body_bytes == 0 && exchange->upload.n_sent == 0 && exchange->upload.n_heads_sent == 0)
        exchange->upload.n_heads_sent++;
    must(exchange->upload.n_heads_sent == 1, "body bytes before the head");
    exchange->upload.n_sent += n_body_bytes;
    exchange->upload.was_last_sent = is_last;
    cancel_inside(exchange, H2T_H1_AT_SENT);
}

static void on_end(struct h2i_exchange *base, const struct h2i_outcome *outcome)
{
    struct h2t_h1_exchange *exchange = exchange_of(base);

    must(exchange->n_ends == 0, "a second end");
    must(!base->conn, "it ended and still has a conn");
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
    struct h2t_h1 *rig = conn->owner;

    must(!rig->is_output_told, "output announced twice");
    rig->is_output_told = true;
}

static void note_state(struct h2t_h1 *rig)
{
    rig->told.n_open = rig->conn->n_open;
    rig->told.accepts_new = rig->conn->accepts_new;
    rig->told.wants_input = rig->conn->wants_input;
    rig->told.has_failed = rig->conn->has_failed;
}

static void on_change(struct h2i_conn *conn)
{
    struct h2t_h1 *rig = conn->owner;

    rig->n_changes++;
    note_state(rig);
}

static void add_text(struct h2t_bytes *bytes, const char *text)
{
    h2t_bytes_add(bytes, text, strlen(text));
}

static void on_frame(struct h2i_conn *conn, const h2client_frame_event *event)
{
    struct h2t_h1 *rig = conn->owner;

    ck_assert_str_eq(event->type_name, "HEADERS");
    ck_assert_int_eq(event->type, 1);
    ck_assert_int_eq(event->stream_id, 0);
    for (const h2client_header *field = event->fields; field->name; field++) {
        add_text(&rig->trace, event->direction == H2CLIENT_SENT ? "> " : "< ");
        add_text(&rig->trace, field->name);
        add_text(&rig->trace, "=");
        add_text(&rig->trace, field->value);
        add_text(&rig->trace, "\n");
    }
}

static const struct h2i_conn_events conn_events = {
    .on_output = on_output,
    .on_change = on_change,
    .on_frame = on_frame,
};

/* Every change was told when the verb had ended. */
static void check_told(const struct h2t_h1 *rig)
{
    must(rig->told.n_open == rig->conn->n_open, "n_open changed unnoticed");
    must(rig->told.accepts_new == rig->conn->accepts_new, "accepts_new changed unnoticed");
    must(rig->told.wants_input == rig->conn->wants_input, "wants_input changed unnoticed");
    must(rig->told.has_failed == rig->conn->has_failed, "has_failed changed unnoticed");
    must(!rig->conn->has_failed || (rig->conn->n_open == 0 && !rig->conn->accepts_new),
         "failed, and not all is over");
}

/* ---- life ---------------------------------------------------------------- */

struct h2t_h1 *h2t_h1_create(size_t cut)
{
    struct h2t_h1 *rig = calloc(1, sizeof *rig);

    ck_assert_ptr_nonnull(rig);
    rig->cut = cut;
    rig->config = *h2i_h1_default_config();
    h2t_alloc_init(&rig->alloc);
    return rig;
}

void h2t_h1_destroy(struct h2t_h1 *rig)
{
    if (rig->conn)
        rig->conn->ops->destroy(rig->conn);
    for (size_t i = 0; i < rig->n_exchanges; i++) {
        struct h2t_h1_exchange *exchange = rig->exchanges[i];

        must(!exchange->exchange.conn, "the conn is gone, and its exchange has it still");
        h2i_arena_finish(&exchange->arena);
        h2t_bytes_free(&exchange->body);
        free(exchange);
    }
    h2t_alloc_check(&rig->alloc);
    h2t_bytes_free(&rig->sent);
    h2t_bytes_free(&rig->trace);
    free(rig);
}

struct h2t_h1 *h2t_h1_first_cut(void)
{
    return h2t_h1_create(SIZE_MAX);
}

struct h2t_h1 *h2t_h1_next_cut(struct h2t_h1 *rig)
{
    bool was_last = rig->cut == 1;

    h2t_h1_destroy(rig);
    return was_last ? NULL : h2t_h1_create(1);
}

void h2t_h1_start(struct h2t_h1 *rig)
{
    if (rig->conn)
        return;
    rig->conn = h2i_h1_conn_create(&rig->alloc.allocator, &rig->config, &conn_events, rig, 1);
    must(rig->conn || rig->may_lack_memory, "no conn");
    if (rig->conn)
        note_state(rig);
}

/* ---- bytes --------------------------------------------------------------- */

static bool send_once(struct h2t_h1 *rig)
{
    char buf[16384];
    size_t cap = rig->cut < sizeof buf ? rig->cut : sizeof buf;
    size_t n = rig->conn->ops->produce(rig->conn, 0, buf, cap);

    check_told(rig);
    rig->conn->n_accepted += n;
    if (n == 0) {
        rig->is_output_told = false;
        return false;
    }
    must(rig->is_output_told, "output that was not announced");
    must(n <= cap, "more output than there was room for");
    h2t_bytes_add(&rig->sent, buf, n);
    must(rig->conn->n_accepted == rig->conn->n_produced, "output that was not counted");
    return true;
}

bool h2t_h1_send(struct h2t_h1 *rig)
{
    bool has_sent = false;

    while (send_once(rig))
        has_sent = true;
    return has_sent;
}

const char *h2t_h1_take_sent(struct h2t_h1 *rig)
{
    h2t_bytes_add(&rig->sent, "", 1);
    rig->sent.len = 0;
    return (const char *)rig->sent.data;
}

static void feed(struct h2t_h1 *rig, const char *data, size_t len)
{
    char *copy = malloc(len); /* of that size exactly: reading past its end is found */
    h2client_error_code code;

    must(copy != NULL, "no memory");
    memcpy(copy, data, len);
    code = rig->conn->ops->receive(rig->conn, 0, copy, len);
    free(copy);
    check_told(rig);
    rig->has_stopped = code != H2CLIENT_OK;
    must(rig->has_stopped == rig->conn->has_failed, "receive and has_failed disagree");
}

void h2t_h1_answer_bytes(struct h2t_h1 *rig, const void *data, size_t len)
{
    const char *at = data;

    h2t_h1_start(rig);
    while (len > 0 && !rig->has_stopped) {
        size_t n = rig->cut < len ? rig->cut : len;

        feed(rig, at, n);
        at += n;
        len -= n;
    }
    h2t_h1_send(rig);
}

void h2t_h1_answer(struct h2t_h1 *rig, const char *text)
{
    h2t_h1_answer_bytes(rig, text, strlen(text));
}

void h2t_h1_answer_head(struct h2t_h1 *rig, const char *lines)
{
    h2t_h1_answer(rig, "HTTP/1.1 200 OK\r\n");
    h2t_h1_answer(rig, lines);
    h2t_h1_answer(rig, "\r\n");
}

void h2t_h1_end_input(struct h2t_h1 *rig, const h2client_fault *fault)
{
    h2t_h1_start(rig);
    rig->has_stopped = true;
    rig->conn->ops->end_input(rig->conn, fault);
    check_told(rig);
    must(rig->conn->has_failed, "the input ended, and it did not");
    h2t_h1_send(rig);
}

/* ---- requests ------------------------------------------------------------ */

struct h2t_h1_exchange *h2t_h1_prepare(struct h2t_h1 *rig, const char *method, const char *path)
{
    static const h2client_header no_fields[] = {{NULL, NULL}};
    struct h2t_h1_exchange *exchange = calloc(1, sizeof *exchange);

    h2t_h1_start(rig);
    must(exchange && rig->n_exchanges < H2T_H1_MAX_EXCHANGES, "no room for an exchange");
    rig->exchanges[rig->n_exchanges++] = exchange;
    exchange->rig = rig;
    exchange->upload.n_ready = SIZE_MAX;
    exchange->request = (struct h2i_request){
        .method = method,
        .scheme = "http",
        .authority = "server.test",
        .path = path,
        .fields = no_fields,
        .body_len = -1,
    };
    h2i_arena_init(&exchange->arena, &rig->alloc.allocator, 4096);
    exchange->exchange = (struct h2i_exchange){
        .events = &exchange_events,
        .request = &exchange->request,
        .arena = &exchange->arena,
        .stream_id = -1,
    };
    return exchange;
}

struct h2t_h1_exchange *h2t_h1_prepare_post(struct h2t_h1 *rig, const char *data, size_t len,
                                            int64_t declared)
{
    struct h2t_h1_exchange *exchange = h2t_h1_prepare(rig, "POST", "/");

    exchange->request.has_body = true;
    exchange->request.body_len = declared;
    exchange->upload.data = data;
    exchange->upload.len = len;
    return exchange;
}

void h2t_h1_submit(struct h2t_h1_exchange *exchange)
{
    struct h2i_conn *conn = exchange->rig->conn;

    exchange->submitted = conn->ops->submit(conn, &exchange->exchange);
    check_told(exchange->rig);
    must((exchange->submitted == H2CLIENT_OK) == (exchange->exchange.conn == conn),
         "it has a conn only if it was taken");
}

static struct h2t_h1_exchange *submit_and_send(struct h2t_h1_exchange *exchange)
{
    h2t_h1_submit(exchange);
    must(exchange->submitted == H2CLIENT_OK || exchange->rig->may_lack_memory, "not submitted");
    h2t_h1_send(exchange->rig);
    return exchange;
}

struct h2t_h1_exchange *h2t_h1_get(struct h2t_h1 *rig)
{
    return h2t_h1_method(rig, "GET");
}

struct h2t_h1_exchange *h2t_h1_method(struct h2t_h1 *rig, const char *method)
{
    return submit_and_send(h2t_h1_prepare(rig, method, "/"));
}

struct h2t_h1_exchange *h2t_h1_post(struct h2t_h1 *rig, const char *data, size_t len,
                                    int64_t declared)
{
    return submit_and_send(h2t_h1_prepare_post(rig, data, len, declared));
}

void h2t_h1_cancel(struct h2t_h1_exchange *exchange)
{
    struct h2i_conn *conn = exchange->rig->conn;

    conn->ops->cancel(conn, &exchange->exchange, 0x8);
    must(!exchange->exchange.conn, "cancelled, and it still has a conn");
    must(exchange->n_ends == 0, "cancel told of an end");
    exchange->n_ends++; /* no event may follow */
}

void h2t_h1_credit(struct h2t_h1_exchange *exchange, size_t n)
{
    struct h2i_conn *conn = exchange->rig->conn;

    ck_assert_uint_le(n, exchange->n_uncredited);
    exchange->n_uncredited -= n;
    conn->ops->credit(conn, &exchange->exchange, n);
    check_told(exchange->rig);
}

void h2t_h1_more_upload(struct h2t_h1_exchange *exchange, size_t n)
{
    struct h2i_conn *conn = exchange->rig->conn;

    exchange->upload.n_ready = n == SIZE_MAX ? n : exchange->upload.n_ready + n;
    exchange->upload.ends = H2T_H1_WITH_BYTES;
    conn->ops->resume_body(conn, &exchange->exchange);
    h2t_h1_send(exchange->rig);
}

/* ---- what must hold ------------------------------------------------------ */

void h2t_h1_expect_success(const struct h2t_h1_exchange *exchange, int status, const char *body)
{
    const h2client_fault *fault = &exchange->outcome.fault;

    ck_assert_msg(exchange->n_ends == 1, "it has not ended");
    ck_assert_msg(fault->code == H2CLIENT_OK, "%s: %s", h2client_error_name(fault->code),
                  fault->text);
    ck_assert_int_eq(exchange->outcome.replay_class, H2CLIENT_REPLAY_NONE);
    ck_assert_uint_eq(exchange->n_heads, 1);
    ck_assert_int_eq(exchange->head.status, status);
    if (!body)
        return;
    ck_assert_uint_eq(exchange->body.len, strlen(body));
    ck_assert(exchange->body.len == 0 ||
              memcmp(exchange->body.data, body, exchange->body.len) == 0);
}

void h2t_h1_expect_failure(const struct h2t_h1_exchange *exchange, h2client_error_code code,
                           h2client_replay_class replay_class)
{
    const h2client_fault *fault = &exchange->outcome.fault;

    ck_assert_msg(exchange->n_ends == 1, "it has not ended");
    ck_assert_msg(fault->code == code, "%s instead of %s: %s", h2client_error_name(fault->code),
                  h2client_error_name(code), fault->text);
    ck_assert_int_eq(exchange->outcome.replay_class, replay_class);
    ck_assert_int_eq(exchange->outcome.http2_code, -1);
    ck_assert_msg(fault->text[0], "no word of explanation");
}

void h2t_h1_expect_text(const struct h2t_h1_exchange *exchange, const char *piece)
{
    const char *text = exchange->outcome.fault.text;

    ck_assert_msg(strstr(text, piece), "\"%s\" does not say \"%s\"", text, piece);
}

void h2t_h1_expect_usable(struct h2t_h1 *rig)
{
    struct h2t_h1_exchange *exchange;

    ck_assert(!rig->has_stopped);
    ck_assert(rig->conn->accepts_new);
    ck_assert_uint_eq(rig->conn->n_open, 0);
    exchange = h2t_h1_get(rig);
    h2t_h1_answer(rig, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext");
    h2t_h1_expect_success(exchange, 200, "next");
}

void h2t_h1_expect_closing(const struct h2t_h1 *rig)
{
    ck_assert(!rig->conn->accepts_new);
    ck_assert(!rig->conn->has_failed);
    ck_assert_uint_eq(rig->conn->n_open, 0);
}

void h2t_h1_expect_failed(const struct h2t_h1 *rig, h2client_error_code code)
{
    const h2client_fault *fault = &rig->conn->failure.fault;

    ck_assert_msg(rig->conn->has_failed, "the connection is still good");
    ck_assert_msg(fault->code == code, "%s instead of %s: %s", h2client_error_name(fault->code),
                  h2client_error_name(code), fault->text);
}
