/* SPDX-License-Identifier: MIT */
/*
 * The peer itself: each frame of the client is given to the nghttp2 session (there is
 * none in raw mode), recorded by peer_seen, and answered. Output is one run of bytes,
 * into which raw frames go in the order in which the test sends them.
 */
#include "tests/peer/h2_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/peer/peer_seen.h"

/* A response under way; kept until the peer goes. */
struct answer {
    struct answer *next;
    int32_t stream_id;
    struct h2t_response response;
    size_t sent;
    char *body; /* a copy, or NULL: the pattern */
};

struct h2t_peer {
    struct h2t_peer_config config;
    nghttp2_session *session; /* NULL: raw */
    struct h2t_seen seen;
    struct h2t_bytes out;
    size_t out_taken;
    bool holds_output; /* of the session */
    struct answer *answers;
    char complaint[128];
    void (*on_output)(void *user);
    void *on_output_user;
};

/* ---- helpers ------------------------------------------------------------ */

static void must(int nghttp2_result)
{
    if (nghttp2_result == NGHTTP2_ERR_NOMEM)
        abort();
}

char h2t_pattern_byte(size_t i)
{
    return (char)('A' + (i + i / 53 + i / 4099) % 53);
}

const char *h2t_field(const h2client_header *fields, const char *name)
{
    for (; fields && fields->name; fields++) {
        if (strcmp(fields->name, name) == 0)
            return fields->value;
    }
    return NULL;
}

/* What the session has to say goes behind what is in the output. */
static void pump(struct h2t_peer *peer)
{
    const uint8_t *data;
    ssize_t n;

    if (!peer->session || peer->holds_output)
        return;
    while ((n = nghttp2_session_mem_send(peer->session, &data)) > 0)
        h2t_bytes_add(&peer->out, data, (size_t)n);
}

static void tell_output(struct h2t_peer *peer)
{
    if (peer->on_output)
        peer->on_output(peer->on_output_user);
}

static void send_bytes(struct h2t_peer *peer, struct h2t_bytes *bytes)
{
    h2t_peer_send_raw(peer, bytes->data, bytes->len);
    h2t_bytes_free(bytes);
}

/* ---- responses ---------------------------------------------------------- */

struct nv_list {
    nghttp2_nv items[64];
    size_t n;
    char status[4];
};

static void add_nv(struct nv_list *list, const char *name, const char *value)
{
    if (list->n == sizeof list->items / sizeof list->items[0])
        abort();
    list->items[list->n++] = (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value,
                                          strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE};
}

/* status 0: trailers. */
static void make_nv_list(struct nv_list *list, int status, const h2client_header *fields)
{
    list->n = 0;
    snprintf(list->status, sizeof list->status, "%03u", (unsigned)status % 1000);
    if (status)
        add_nv(list, ":status", list->status);
    for (; fields && fields->name; fields++)
        add_nv(list, fields->name, fields->value);
}

static void copy_body_part(const struct answer *answer, uint8_t *buf, size_t n)
{
    if (answer->body) {
        memcpy(buf, answer->body + answer->sent, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        buf[i] = (uint8_t)h2t_pattern_byte(answer->sent + i);
}

static ssize_t read_body(nghttp2_session *session, int32_t stream_id, uint8_t *buf, size_t cap,
                         uint32_t *data_flags, nghttp2_data_source *source, void *user)
{
    struct answer *answer = source->ptr;
    size_t left = answer->response.body_len - answer->sent;
    size_t n = left < cap ? left : cap;
    struct nv_list trailers;

    (void)user;
    copy_body_part(answer, buf, n);
    answer->sent += n;
    if (n < left)
        return (ssize_t)n;
    *data_flags |= NGHTTP2_DATA_FLAG_EOF;
    if (answer->response.trailers) {
        *data_flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        make_nv_list(&trailers, 0, answer->response.trailers);
        must(nghttp2_submit_trailer(session, stream_id, trailers.items, trailers.n));
    }
    return (ssize_t)n;
}

static char *copy_text(const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        abort();
    return copy;
}

static const h2client_header *copy_fields(const h2client_header *fields)
{
    size_t n = 0;
    h2client_header *list;

    if (!fields)
        return NULL;
    while (fields[n].name)
        n++;
    list = calloc(n + 1, sizeof *list);
    if (!list)
        abort();
    for (size_t i = 0; i < n; i++)
        list[i] = (h2client_header){copy_text(fields[i].name), copy_text(fields[i].value)};
    return list;
}

static void free_fields(const h2client_header *fields)
{
    for (size_t i = 0; fields && fields[i].name; i++) {
        free((void *)(uintptr_t)fields[i].name);
        free((void *)(uintptr_t)fields[i].value);
    }
    free((void *)(uintptr_t)fields);
}

static struct answer *keep_answer(struct h2t_peer *peer, int32_t stream_id,
                                  const struct h2t_response *response)
{
    struct answer *answer = calloc(1, sizeof *answer);

    if (!answer)
        abort();
    answer->stream_id = stream_id;
    answer->response = *response;
    answer->response.fields = copy_fields(response->fields);
    answer->response.trailers = copy_fields(response->trailers);
    if (response->body) {
        answer->body = malloc(response->body_len + 1);
        if (!answer->body)
            abort();
        memcpy(answer->body, response->body, response->body_len);
    }
    answer->next = peer->answers;
    peer->answers = answer;
    return answer;
}

static void free_answers(struct h2t_peer *peer)
{
    struct answer *answer;

    while ((answer = peer->answers)) {
        peer->answers = answer->next;
        free_fields(answer->response.fields);
        free_fields(answer->response.trailers);
        free(answer->body);
        free(answer);
    }
}

static void send_head(struct h2t_peer *peer, int32_t stream_id, int status,
                      const h2client_header *fields, bool is_end)
{
    struct h2t_bytes block = {0};
    struct h2t_bytes bytes = {0};
    struct nv_list list;

    make_nv_list(&list, status, fields);
    for (size_t i = 0; i < list.n; i++)
        h2t_hpack_literal_len(&block, list.items[i].name, list.items[i].namelen,
                              list.items[i].value, list.items[i].valuelen);
    h2t_header_block(&bytes, stream_id, &block, is_end, 0);
    h2t_bytes_free(&block);
    send_bytes(peer, &bytes);
}

static void answer_plainly(struct h2t_peer *peer, struct answer *answer)
{
    const struct h2t_response *response = &answer->response;
    uint8_t part[16384];
    bool has_trailers = response->trailers != NULL;

    send_head(peer, answer->stream_id, response->status, response->fields,
              response->body_len == 0 && !has_trailers);
    while (answer->sent < response->body_len) {
        size_t left = response->body_len - answer->sent;
        size_t n = left < sizeof part ? left : sizeof part;
        struct h2t_bytes bytes = {0};

        copy_body_part(answer, part, n);
        answer->sent += n;
        h2t_data(&bytes, answer->stream_id, part, n, -1, n == left && !has_trailers);
        send_bytes(peer, &bytes);
    }
    if (has_trailers)
        send_head(peer, answer->stream_id, 0, response->trailers, true);
}

static void start_answer(struct h2t_peer *peer, struct answer *answer)
{
    const struct h2t_response *response = &answer->response;
    nghttp2_data_provider provider = {.source.ptr = answer, .read_callback = read_body};
    bool has_body = response->body_len > 0 || response->trailers;
    struct nv_list list;

    if (!peer->session) {
        answer_plainly(peer, answer);
        return;
    }
    make_nv_list(&list, response->status, response->fields);
    must(nghttp2_submit_response(peer->session, answer->stream_id, list.items, list.n,
                                 has_body ? &provider : NULL));
}

void h2t_peer_answer(struct h2t_peer *peer, int32_t stream_id, const struct h2t_response *response)
{
    start_answer(peer, keep_answer(peer, stream_id, response));
    tell_output(peer);
}

void h2t_peer_inform(struct h2t_peer *peer, int32_t stream_id, int status,
                     const h2client_header *fields)
{
    struct nv_list list;

    if (!peer->session) {
        send_head(peer, stream_id, status, fields, false);
        return;
    }
    make_nv_list(&list, status, fields);
    must(nghttp2_submit_headers(peer->session, NGHTTP2_FLAG_NONE, stream_id, NULL, list.items,
                                list.n, NULL));
    tell_output(peer);
}

/* ---- input -------------------------------------------------------------- */

static void ask(struct h2t_peer *peer, const struct h2t_seen_request *request)
{
    struct h2t_response response = {0};

    if (peer->config.on_request)
        peer->config.on_request(peer, request, &response, peer->config.user);
    else if (peer->session)
        response = (struct h2t_response){.status = 200, .body = "ok", .body_len = 2};
    if (response.status == 0 || response.is_held)
        return;
    if (response.waits_for_body && !request->is_complete)
        keep_answer(peer, request->stream_id, &response);
    else
        start_answer(peer, keep_answer(peer, request->stream_id, &response));
}

/* The one that waited for the request's end. */
static void answer_completed(struct h2t_peer *peer, int32_t stream_id)
{
    for (struct answer *answer = peer->answers; answer; answer = answer->next) {
        if (answer->stream_id == stream_id && answer->response.waits_for_body) {
            answer->response.waits_for_body = false;
            start_answer(peer, answer);
            return;
        }
    }
}

static void complain(struct h2t_peer *peer, const char *text)
{
    if (!peer->complaint[0])
        snprintf(peer->complaint, sizeof peer->complaint, "%s", text);
}

static int on_invalid_frame(nghttp2_session *session, const nghttp2_frame *frame, int error,
                            void *user)
{
    struct h2t_peer *peer = user;
    char text[sizeof peer->complaint];

    (void)session;
    snprintf(text, sizeof text, "frame type %u on stream %d: %s", frame->hd.type,
             frame->hd.stream_id, nghttp2_strerror(error));
    complain(peer, text);
    return 0;
}

static void feed_session(struct h2t_peer *peer, const struct h2t_seen_step *step)
{
    ssize_t n;

    if (!peer->session)
        return;
    n = nghttp2_session_mem_recv(peer->session, step->bytes, step->len);
    if (n < 0)
        complain(peer, nghttp2_strerror((int)n));
}

bool h2t_peer_receive(struct h2t_peer *peer, const void *data, size_t len)
{
    struct h2t_seen_step step;

    h2t_seen_add(&peer->seen, data, len);
    while (h2t_seen_next(&peer->seen, &step)) {
        feed_session(peer, &step);
        if (step.opened)
            ask(peer, step.opened);
        if (step.completed && !step.opened)
            answer_completed(peer, step.completed->stream_id);
    }
    if (peer->seen.is_broken)
        complain(peer, "no HTTP/2 preface");
    return !peer->complaint[0];
}

const char *h2t_peer_complaint(const struct h2t_peer *peer)
{
    return peer->complaint;
}

/* ---- output ------------------------------------------------------------- */

h2client_bytes h2t_peer_output(struct h2t_peer *peer)
{
    pump(peer);
    if (peer->out_taken == peer->out.len)
        return (h2client_bytes){"", 0};
    return (h2client_bytes){(const char *)peer->out.data + peer->out_taken,
                            peer->out.len - peer->out_taken};
}

void h2t_peer_output_taken(struct h2t_peer *peer, size_t n)
{
    peer->out_taken += n;
    if (peer->out_taken == peer->out.len)
        peer->out_taken = peer->out.len = 0;
}

void h2t_peer_set_wake(struct h2t_peer *peer, void (*on_output)(void *user), void *user)
{
    peer->on_output = on_output;
    peer->on_output_user = user;
}

void h2t_peer_send_raw(struct h2t_peer *peer, const void *data, size_t len)
{
    pump(peer);
    h2t_bytes_add(&peer->out, data, len);
    tell_output(peer);
}

void h2t_peer_reset(struct h2t_peer *peer, int32_t stream_id, uint32_t error_code)
{
    struct h2t_bytes bytes = {0};

    if (!peer->session) {
        h2t_rst_stream(&bytes, stream_id, error_code);
        send_bytes(peer, &bytes);
        return;
    }
    must(nghttp2_submit_rst_stream(peer->session, NGHTTP2_FLAG_NONE, stream_id, error_code));
    tell_output(peer);
}

void h2t_peer_goaway(struct h2t_peer *peer, int32_t last_stream_id, uint32_t error_code,
                     const char *debug)
{
    struct h2t_bytes bytes = {0};

    if (!peer->session) {
        h2t_goaway(&bytes, last_stream_id, error_code, debug);
        send_bytes(peer, &bytes);
        return;
    }
    must(nghttp2_submit_goaway(peer->session, NGHTTP2_FLAG_NONE, last_stream_id, error_code,
                               (const uint8_t *)debug, debug ? strlen(debug) : 0));
    tell_output(peer);
}

void h2t_peer_settings(struct h2t_peer *peer, uint16_t id, uint32_t value)
{
    struct h2t_bytes bytes = {0};
    nghttp2_settings_entry entry = {id, value};

    if (!peer->session) {
        h2t_settings(&bytes, &id, &value, 1);
        send_bytes(peer, &bytes);
        return;
    }
    must(nghttp2_submit_settings(peer->session, NGHTTP2_FLAG_NONE, &entry, 1));
    tell_output(peer);
}

void h2t_peer_ping(struct h2t_peer *peer)
{
    struct h2t_bytes bytes = {0};

    if (!peer->session) {
        h2t_ping(&bytes, false, 1);
        send_bytes(peer, &bytes);
        return;
    }
    must(nghttp2_submit_ping(peer->session, NGHTTP2_FLAG_NONE, NULL));
    tell_output(peer);
}

void h2t_peer_release_settings(struct h2t_peer *peer)
{
    peer->holds_output = false;
    tell_output(peer);
}

void h2t_peer_window_update(struct h2t_peer *peer, int32_t stream_id, uint32_t increment)
{
    struct h2t_bytes bytes = {0};

    if (!peer->session) {
        h2t_window_update(&bytes, stream_id, increment);
        send_bytes(peer, &bytes);
        return;
    }
    must(nghttp2_submit_window_update(peer->session, NGHTTP2_FLAG_NONE, stream_id,
                                      (int32_t)increment));
    tell_output(peer);
}

/* ---- what was seen ------------------------------------------------------ */

size_t h2t_peer_n_frames(const struct h2t_peer *peer)
{
    return peer->seen.frames.n;
}

const struct h2t_seen_frame *h2t_peer_frame(const struct h2t_peer *peer, size_t i)
{
    return peer->seen.frames.items[i];
}

static bool matches(const struct h2t_seen_frame *frame, uint8_t type, int32_t stream_id)
{
    return frame->type == type && (stream_id == -1 || frame->stream_id == stream_id);
}

const struct h2t_seen_frame *h2t_peer_last(const struct h2t_peer *peer, uint8_t type,
                                           int32_t stream_id)
{
    for (size_t i = h2t_peer_n_frames(peer); i > 0; i--) {
        if (matches(h2t_peer_frame(peer, i - 1), type, stream_id))
            return h2t_peer_frame(peer, i - 1);
    }
    return NULL;
}

size_t h2t_peer_count(const struct h2t_peer *peer, uint8_t type, int32_t stream_id)
{
    size_t n = 0;

    for (size_t i = 0; i < h2t_peer_n_frames(peer); i++)
        n += matches(h2t_peer_frame(peer, i), type, stream_id);
    return n;
}

size_t h2t_peer_n_requests(const struct h2t_peer *peer)
{
    return peer->seen.requests.n;
}

const struct h2t_seen_request *h2t_peer_request(const struct h2t_peer *peer, size_t i)
{
    return peer->seen.requests.items[i];
}

/* ---- life --------------------------------------------------------------- */

static size_t make_settings(const struct h2t_peer_config *config, nghttp2_settings_entry *entries)
{
    const struct {
        int32_t id;
        uint32_t value;
    } wishes[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, config->max_concurrent_streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, config->initial_window},
        {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, config->max_frame_size},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, config->max_header_list},
        {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, config->header_table_size},
    };
    size_t n = 0;

    for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++) {
        uint32_t value = wishes[i].value == H2T_PEER_ZERO ? 0 : wishes[i].value;

        if (wishes[i].value)
            entries[n++] = (nghttp2_settings_entry){wishes[i].id, value};
    }
    return n;
}

static void create_session(struct h2t_peer *peer)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    nghttp2_settings_entry entries[8];
    size_t n = make_settings(&peer->config, entries);

    must(nghttp2_session_callbacks_new(&callbacks));
    must(nghttp2_option_new(&option));
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
    nghttp2_option_set_no_auto_window_update(option, peer->config.no_auto_window_update);
    must(nghttp2_session_server_new2(&peer->session, callbacks, peer, option));
    must(nghttp2_submit_settings(peer->session, NGHTTP2_FLAG_NONE, entries, n));
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
}

struct h2t_peer *h2t_peer_create(const struct h2t_peer_config *config)
{
    struct h2t_peer *peer = calloc(1, sizeof *peer);

    if (!peer)
        abort();
    if (config)
        peer->config = *config;
    peer->holds_output = peer->config.holds_settings;
    h2t_seen_init(&peer->seen);
    if (!peer->config.is_raw)
        create_session(peer);
    return peer;
}

void h2t_peer_destroy(struct h2t_peer *peer)
{
    if (!peer)
        return;
    nghttp2_session_del(peer->session);
    h2t_seen_finish(&peer->seen);
    h2t_bytes_free(&peer->out);
    free_answers(peer);
    free(peer);
}
