/* SPDX-License-Identifier: MIT */
#include "h2client-testing/h2_proxy_peer.h"

#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h2client-testing/raw_frames.h"

#define USUAL_MAX_STREAMS 100

struct tunnel {
    struct h2t_h2_proxy_peer *proxy;
    struct tunnel *next;
    int32_t id;
    struct h2t_connect connect;
    struct h2t_server behind; /* ops NULL: it does not stand */
    struct h2t_h1_peer *h1_peer;
    struct h2t_peer *h2_peer;
    bool has_said_something;
};

struct h2t_h2_proxy_peer {
    struct h2t_h2_proxy *proxy;
    nghttp2_session *session;
    struct tunnel *tunnels; /* all of the connection's */
    struct h2t_bytes out;
    void (*on_output)(void *user);
    void *on_output_user;
    bool is_broken;
};

/* nghttp2 takes pointers to what it only reads. */
static nghttp2_nv field(const char *name, const char *value)
{
    union {
        const char *text;
        uint8_t *bytes;
    } as_name = {.text = name}, as_value = {.text = value};

    return (nghttp2_nv){as_name.bytes, as_value.bytes, strlen(name), strlen(value),
                        NGHTTP2_NV_FLAG_NONE};
}

/* ---- a tunnel -------------------------------------------------------------------- */

static struct tunnel *tunnel_of(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

static ssize_t read_behind(nghttp2_session *session, int32_t id, uint8_t *buf, size_t cap,
                           uint32_t *flags, nghttp2_data_source *source, void *user)
{
    struct tunnel *tunnel = source->ptr;
    h2client_bytes bytes = tunnel->behind.ops->output(tunnel->behind.peer);
    size_t n = bytes.len < cap ? bytes.len : cap;

    (void)session, (void)id, (void)user;
    if (tunnel->proxy->proxy->ends_tunnels && tunnel->has_said_something) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        return 0;
    }
    memcpy(buf, bytes.data, n);
    tunnel->behind.ops->output_taken(tunnel->behind.peer, n);
    tunnel->has_said_something = tunnel->has_said_something || n > 0;
    if (n > 0)
        return (ssize_t)n;
    if (!tunnel->behind.ops->is_done(tunnel->behind.peer))
        return NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    return 0;
}

static void behind_has_output(void *user)
{
    struct tunnel *tunnel = user;
    struct h2t_h2_proxy_peer *proxy = tunnel->proxy;

    nghttp2_session_resume_data(proxy->session, tunnel->id);
    if (proxy->on_output)
        proxy->on_output(proxy->on_output_user);
}

static void stand(struct tunnel *tunnel)
{
    struct h2t_h2_proxy *proxy = tunnel->proxy->proxy;
    const nghttp2_nv ok = field(":status", "200");
    const nghttp2_data_provider body = {.source.ptr = tunnel, .read_callback = read_behind};

    if (proxy->n_tunnels == H2T_MAX_TUNNELS)
        abort();
    if (proxy->behind_h1) {
        tunnel->h1_peer = h2t_h1_peer_create(proxy->behind_h1);
        tunnel->behind = h2t_server_of_h1(tunnel->h1_peer);
    } else {
        tunnel->h2_peer = h2t_peer_create(&proxy->behind);
        tunnel->behind = h2t_server_of_h2(tunnel->h2_peer);
    }
    proxy->peers[proxy->n_tunnels++] = tunnel->h2_peer;
    proxy->n_open++;
    tunnel->behind.ops->set_wake(tunnel->behind.peer, behind_has_output, tunnel);
    nghttp2_submit_response(tunnel->proxy->session, tunnel->id, &ok, 1, &body);
}

static void refuse(const struct tunnel *tunnel)
{
    const struct h2t_h2_proxy *proxy = tunnel->proxy->proxy;
    const h2client_header *more = proxy->refusal_fields;
    char status[12];
    nghttp2_nv list[8];
    size_t n = 1;

    snprintf(status, sizeof status, "%d", proxy->refusal);
    list[0] = field(":status", status);
    for (; more && more->name && n < 8; more++)
        list[n++] = field(more->name, more->value);
    nghttp2_submit_response(tunnel->proxy->session, tunnel->id, list, n, NULL);
}

static void answer(struct tunnel *tunnel)
{
    struct h2t_h2_proxy *proxy = tunnel->proxy->proxy;

    if (proxy->n_asked == H2T_MAX_TUNNELS)
        abort();
    proxy->asked[proxy->n_asked++] = tunnel->connect;
    if (proxy->on_connect)
        proxy->on_connect(proxy, &tunnel->connect);
    if (proxy->is_silent)
        return;
    if (proxy->reset_code)
        nghttp2_submit_rst_stream(tunnel->proxy->session, 0, tunnel->id, proxy->reset_code);
    else if (proxy->refusal)
        refuse(tunnel);
    else
        stand(tunnel);
}

/* ---- nghttp2's callbacks ------------------------------------------------------------ */

static int on_begin(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct h2t_h2_proxy_peer *peer = user;
    struct tunnel *tunnel = calloc(1, sizeof *tunnel);

    if (!tunnel)
        abort();
    tunnel->proxy = peer;
    tunnel->id = frame->hd.stream_id;
    tunnel->next = peer->tunnels;
    peer->tunnels = tunnel;
    nghttp2_session_set_stream_user_data(session, tunnel->id, tunnel);
    return 0;
}

static int on_field(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                    size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                    void *user)
{
    struct tunnel *tunnel = tunnel_of(session, frame->hd.stream_id);
    const char *text = (const char *)name;

    (void)name_len, (void)flags, (void)user;
    tunnel->connect.n_fields++;
    if (strcmp(text, ":authority") == 0)
        snprintf(tunnel->connect.target, sizeof tunnel->connect.target, "%.*s", (int)value_len,
                 (const char *)value);
    else if (strcmp(text, "proxy-authorization") == 0)
        snprintf(tunnel->connect.login, sizeof tunnel->connect.login, "%.*s", (int)value_len,
                 (const char *)value);
    else if (strcmp(text, ":path") == 0 || strcmp(text, ":scheme") == 0)
        tunnel->connect.has_path = true;
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    (void)user;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        answer(tunnel_of(session, frame->hd.stream_id));
    return 0;
}

static int on_chunk(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                    size_t len, void *user)
{
    struct tunnel *tunnel = tunnel_of(session, id);

    (void)flags, (void)user;
    if (!tunnel || !tunnel->behind.ops)
        return 0;
    tunnel->behind.ops->receive(tunnel->behind.peer, data, len);
    nghttp2_session_resume_data(session, id);
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t error_code, void *user)
{
    struct tunnel *tunnel = tunnel_of(session, id);

    (void)error_code, (void)user;
    if (!tunnel || !tunnel->behind.ops)
        return 0;
    tunnel->behind.ops->set_wake(tunnel->behind.peer, NULL, NULL);
    tunnel->behind.ops = NULL; /* what its peer has seen stays */
    tunnel->proxy->proxy->n_open--;
    return 0;
}

/* ---- as a server ------------------------------------------------------------------------ */

static bool receive(void *user, const void *data, size_t len)
{
    struct h2t_h2_proxy_peer *peer = user;

    if (nghttp2_session_mem_recv(peer->session, data, len) < 0)
        peer->is_broken = true;
    return !peer->is_broken;
}

static h2client_bytes output(void *user)
{
    struct h2t_h2_proxy_peer *peer = user;
    const uint8_t *data;
    ssize_t n;

    while ((n = nghttp2_session_mem_send(peer->session, &data)) > 0)
        h2t_bytes_add(&peer->out, data, (size_t)n);
    return (h2client_bytes){peer->out.len ? (const char *)peer->out.data : "", peer->out.len};
}

static void output_taken(void *user, size_t n)
{
    struct h2t_h2_proxy_peer *peer = user;

    memmove(peer->out.data, peer->out.data + n, peer->out.len - n);
    peer->out.len -= n;
}

static void set_wake(void *user, void (*on_output)(void *user), void *wake_user)
{
    struct h2t_h2_proxy_peer *peer = user;

    peer->on_output = on_output;
    peer->on_output_user = wake_user;
}

static bool is_done(void *user)
{
    const struct h2t_h2_proxy_peer *peer = user;

    return peer->is_broken;
}

struct h2t_server h2t_server_of_h2_proxy(struct h2t_h2_proxy_peer *peer)
{
    static const struct h2t_server_ops ops = {receive, output, output_taken, set_wake, is_done};

    return (struct h2t_server){&ops, peer};
}

void h2t_h2_proxy_goaway(struct h2t_h2_proxy_peer *peer, int32_t last_stream_id)
{
    nghttp2_submit_goaway(peer->session, 0, last_stream_id, NGHTTP2_NO_ERROR, NULL, 0);
    if (peer->on_output)
        peer->on_output(peer->on_output_user);
}

struct h2t_h2_proxy_peer *h2t_h2_proxy_peer_create(struct h2t_h2_proxy *proxy)
{
    struct h2t_h2_proxy_peer *peer = calloc(1, sizeof *peer);
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
         proxy->max_streams ? proxy->max_streams : USUAL_MAX_STREAMS}};
    nghttp2_session_callbacks *callbacks;

    if (!peer || nghttp2_session_callbacks_new(&callbacks) != 0)
        abort();
    peer->proxy = proxy;
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_field);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_chunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    if (nghttp2_session_server_new(&peer->session, callbacks, peer) != 0)
        abort();
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(peer->session, NGHTTP2_FLAG_NONE, settings, 1);
    return peer;
}

void h2t_h2_proxy_peer_destroy(struct h2t_h2_proxy_peer *peer)
{
    struct tunnel *tunnel;

    if (!peer)
        return;
    nghttp2_session_del(peer->session);
    while ((tunnel = peer->tunnels)) {
        peer->tunnels = tunnel->next;
        h2t_peer_destroy(tunnel->h2_peer);
        h2t_h1_peer_destroy(tunnel->h1_peer);
        free(tunnel);
    }
    h2t_bytes_free(&peer->out);
    free(peer);
}
