/* SPDX-License-Identifier: MIT */
/*
 * The peer itself: each frame of the client is given to the nghttp2 session (there is
 * none in raw mode), recorded by peer_seen, and answered. Output is one run of bytes,
 * into which raw frames go in the order in which the test sends them.
 */
#include "h2client-testing/h2_peer.h"

#include <stdio.h>
#include <string.h>

#include "testing/peer_internal.h"

/* ---- helpers ------------------------------------------------------------ */

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

void h2t_peer_tell_output(struct h2t_peer *peer)
{
    if (peer->on_output)
        peer->on_output(peer->on_output_user);
}

void h2t_peer_send_bytes(struct h2t_peer *peer, struct h2t_bytes *bytes)
{
    h2t_peer_send_raw(peer, bytes->data, bytes->len);
    h2t_bytes_free(bytes);
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
        h2t_answer_keep(peer, request->stream_id, &response);
    else
        h2t_answer_start(peer, h2t_answer_keep(peer, request->stream_id, &response));
}

/* The one that waited for the request's end. */
static void answer_completed(struct h2t_peer *peer, int32_t stream_id)
{
    for (struct h2t_answer *answer = peer->answers; answer; answer = answer->next) {
        if (answer->stream_id == stream_id && answer->response.waits_for_body) {
            answer->response.waits_for_body = false;
            h2t_answer_start(peer, answer);
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
    h2t_peer_tell_output(peer);
}

void h2t_peer_reset(struct h2t_peer *peer, int32_t stream_id, uint32_t error_code)
{
    struct h2t_bytes bytes = {0};

    if (!peer->session) {
        h2t_rst_stream(&bytes, stream_id, error_code);
        h2t_peer_send_bytes(peer, &bytes);
        return;
    }
    h2t_peer_must(
        nghttp2_submit_rst_stream(peer->session, NGHTTP2_FLAG_NONE, stream_id, error_code));
    h2t_peer_tell_output(peer);
}

void h2t_peer_goaway(struct h2t_peer *peer, int32_t last_stream_id, uint32_t error_code,
                     const char *debug)
{
    struct h2t_bytes bytes = {0};

    if (!peer->session) {
        h2t_goaway(&bytes, last_stream_id, error_code, debug);
        h2t_peer_send_bytes(peer, &bytes);
        return;
    }
    h2t_peer_must(nghttp2_submit_goaway(peer->session, NGHTTP2_FLAG_NONE, last_stream_id,
                                        error_code, (const uint8_t *)debug,
                                        debug ? strlen(debug) : 0));
    h2t_peer_tell_output(peer);
}

void h2t_peer_settings(struct h2t_peer *peer, uint16_t id, uint32_t value)
{
    struct h2t_bytes bytes = {0};
    nghttp2_settings_entry entry = {id, value};

    if (!peer->session) {
        h2t_settings(&bytes, &id, &value, 1);
        h2t_peer_send_bytes(peer, &bytes);
        return;
    }
    h2t_peer_must(nghttp2_submit_settings(peer->session, NGHTTP2_FLAG_NONE, &entry, 1));
    h2t_peer_tell_output(peer);
}

void h2t_peer_ping(struct h2t_peer *peer)
{
    struct h2t_bytes bytes = {0};

    if (!peer->session) {
        h2t_ping(&bytes, false, 1);
        h2t_peer_send_bytes(peer, &bytes);
        return;
    }
    h2t_peer_must(nghttp2_submit_ping(peer->session, NGHTTP2_FLAG_NONE, NULL));
    h2t_peer_tell_output(peer);
}

void h2t_peer_release_settings(struct h2t_peer *peer)
{
    peer->holds_output = false;
    h2t_peer_tell_output(peer);
}

void h2t_peer_window_update(struct h2t_peer *peer, int32_t stream_id, uint32_t increment)
{
    struct h2t_bytes bytes = {0};

    if (!peer->session) {
        h2t_window_update(&bytes, stream_id, increment);
        h2t_peer_send_bytes(peer, &bytes);
        return;
    }
    h2t_peer_must(nghttp2_submit_window_update(peer->session, NGHTTP2_FLAG_NONE, stream_id,
                                               (int32_t)increment));
    h2t_peer_tell_output(peer);
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

    h2t_peer_must(nghttp2_session_callbacks_new(&callbacks));
    h2t_peer_must(nghttp2_option_new(&option));
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
    nghttp2_option_set_no_auto_window_update(option, peer->config.no_auto_window_update);
    h2t_peer_must(nghttp2_session_server_new2(&peer->session, callbacks, peer, option));
    h2t_peer_must(nghttp2_submit_settings(peer->session, NGHTTP2_FLAG_NONE, entries, n));
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
    h2t_answers_free(peer);
    free(peer);
}
