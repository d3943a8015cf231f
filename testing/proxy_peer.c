/* SPDX-License-Identifier: MIT */
#include "h2client-testing/proxy_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h2client-testing/raw_frames.h"

enum state { GREETING, LOGIN, REQUEST, OPEN, REFUSED };

struct h2t_proxy_peer {
    struct h2t_proxy *proxy;
    struct h2t_server behind;
    enum state state;
    struct h2t_bytes in;
    struct h2t_bytes out;
};

static void say(struct h2t_proxy_peer *peer, const void *bytes, size_t len)
{
    h2t_bytes_add(&peer->out, bytes, len);
}

static void consume(struct h2t_proxy_peer *peer, size_t n)
{
    memmove(peer->in.data, peer->in.data + n, peer->in.len - n);
    peer->in.len -= n;
}

/* ---- CONNECT ----------------------------------------------------------------- */

static bool take_connect(struct h2t_proxy_peer *peer)
{
    struct h2t_proxy *proxy = peer->proxy;
    const char *text = (const char *)peer->in.data;
    const char *end = peer->in.len ? memmem(text, peer->in.len, "\r\n\r\n", 4) : NULL;
    size_t len = end ? (size_t)(end - text) + 4 : 0;
    static const char made[] = "HTTP/1.1 200 Here you are\r\nVia: us\r\n\r\n";

    if (!end || proxy->is_silent)
        return false;
    snprintf(proxy->head, sizeof proxy->head, "%.*s", (int)len, text);
    if (sscanf(proxy->head, "CONNECT %299s HTTP/1.1\r\n", proxy->target) != 1)
        snprintf(proxy->target, sizeof proxy->target, "no tunnel");
    proxy->n_asked++;
    proxy->saw_basic = proxy->saw_basic || strstr(proxy->head, "Basic ");
    consume(peer, len);
    if (proxy->greeting)
        say(peer, proxy->greeting, strlen(proxy->greeting));
    bool is_refused = proxy->refusal && !(proxy->pass && strstr(proxy->head, proxy->pass));
    if (is_refused)
        say(peer, proxy->refusal, strlen(proxy->refusal));
    else
        say(peer, made, strlen(made));
    peer->state = is_refused ? REFUSED : OPEN;
    return true;
}

/* ---- SOCKS5 ------------------------------------------------------------------- */

static bool take_greeting(struct h2t_proxy_peer *peer)
{
    const uint8_t *bytes = peer->in.data;
    size_t len = peer->in.len >= 2 ? 2u + bytes[1] : 2;
    bool offers_login = peer->in.len >= len && memchr(bytes + 2, 2, len - 2);
    uint8_t method = !peer->proxy->user ? 0 : offers_login ? 2 : 255;

    if (peer->in.len < len)
        return false;
    say(peer, (uint8_t[]){5, method}, 2);
    peer->state = method == 2 ? LOGIN : method == 0 ? REQUEST : REFUSED;
    consume(peer, len);
    return true;
}

static bool take_login(struct h2t_proxy_peer *peer)
{
    const uint8_t *bytes = peer->in.data;
    size_t user_len = peer->in.len >= 2 ? bytes[1] : 0;
    size_t at = 2 + user_len;
    size_t len = peer->in.len > at ? at + 1 + bytes[at] : at + 1;
    char login[600], wanted[600];
    bool is_right;

    if (peer->in.len < len)
        return false;
    snprintf(login, sizeof login, "%.*s:%.*s", (int)user_len, bytes + 2, (int)bytes[at],
             bytes + at + 1);
    snprintf(wanted, sizeof wanted, "%s:%s", peer->proxy->user, peer->proxy->password);
    is_right = strcmp(login, wanted) == 0;
    say(peer, (uint8_t[]){1, is_right ? 0 : 1}, 2);
    peer->state = is_right ? REQUEST : REFUSED;
    consume(peer, len);
    return true;
}

static size_t request_len(const struct h2t_bytes *in)
{
    if (in->len < 5)
        return 5;
    return in->data[3] == 1 ? 10 : in->data[3] == 4 ? 22 : 7u + in->data[4];
}

static bool take_request(struct h2t_proxy_peer *peer)
{
    struct h2t_proxy *proxy = peer->proxy;
    size_t len = request_len(&peer->in);
    const uint8_t *bytes = peer->in.data;
    uint8_t reply[] = {5, proxy->socks_refusal, 0, 3, 4, 'n', 'a', 'm', 'e', 0, 80};

    if (peer->in.len < len || proxy->is_silent)
        return false;
    unsigned port = (unsigned)bytes[len - 2] << 8 | bytes[len - 1];
    if (bytes[3] == 3)
        snprintf(proxy->target, sizeof proxy->target, "%.*s:%u", (int)bytes[4], bytes + 5, port);
    else
        snprintf(proxy->target, sizeof proxy->target, "%u.%u.%u.%u:%u", bytes[4], bytes[5],
                 bytes[6], bytes[7], port);
    proxy->n_asked++;
    say(peer, reply, sizeof reply);
    peer->state = proxy->socks_refusal ? REFUSED : OPEN;
    consume(peer, len);
    return true;
}

/* ---- as a server -------------------------------------------------------------- */

static bool take_one(struct h2t_proxy_peer *peer)
{
    if (peer->state == OPEN || peer->state == REFUSED)
        return false;
    if (!peer->proxy->is_socks)
        return take_connect(peer);
    if (peer->state == GREETING)
        return take_greeting(peer);
    return peer->state == LOGIN ? take_login(peer) : take_request(peer);
}

static bool receive(void *user, const void *data, size_t len)
{
    struct h2t_proxy_peer *peer = user;
    bool is_fine = true;

    h2t_bytes_add(&peer->in, data, len);
    while (take_one(peer))
        ;
    if (peer->state == OPEN && peer->in.len > 0) {
        is_fine = peer->behind.ops->receive(peer->behind.peer, peer->in.data, peer->in.len);
        peer->in.len = 0;
    }
    return is_fine;
}

/* Its own words go first. */
static h2client_bytes output(void *user)
{
    struct h2t_proxy_peer *peer = user;

    if (peer->out.len > 0)
        return (h2client_bytes){(const char *)peer->out.data, peer->out.len};
    if (peer->state != OPEN)
        return (h2client_bytes){"", 0};
    return peer->behind.ops->output(peer->behind.peer);
}

static void output_taken(void *user, size_t n)
{
    struct h2t_proxy_peer *peer = user;

    if (peer->out.len == 0) {
        peer->behind.ops->output_taken(peer->behind.peer, n);
        return;
    }
    memmove(peer->out.data, peer->out.data + n, peer->out.len - n);
    peer->out.len -= n;
}

static void set_wake(void *user, void (*on_output)(void *user), void *wake_user)
{
    struct h2t_proxy_peer *peer = user;

    peer->behind.ops->set_wake(peer->behind.peer, on_output, wake_user);
}

static bool is_done(void *user)
{
    struct h2t_proxy_peer *peer = user;

    if (peer->state != OPEN)
        return peer->state == REFUSED && peer->out.len == 0;
    return peer->out.len == 0 && peer->behind.ops->is_done(peer->behind.peer);
}

struct h2t_server h2t_server_of_proxy(struct h2t_proxy_peer *peer)
{
    static const struct h2t_server_ops ops = {receive, output, output_taken, set_wake, is_done};

    return (struct h2t_server){&ops, peer};
}

struct h2t_proxy_peer *h2t_proxy_peer_create(struct h2t_proxy *proxy, struct h2t_server behind)
{
    struct h2t_proxy_peer *peer = calloc(1, sizeof *peer);

    if (!peer)
        abort();
    peer->proxy = proxy;
    peer->behind = behind;
    return peer;
}

void h2t_proxy_peer_destroy(struct h2t_proxy_peer *peer)
{
    if (!peer)
        return;
    h2t_bytes_free(&peer->in);
    h2t_bytes_free(&peer->out);
    free(peer);
}
