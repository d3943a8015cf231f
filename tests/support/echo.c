/* SPDX-License-Identifier: MIT */
#include "tests/support/echo.h"

#include <check.h>
#include <string.h>

/* The pattern repeats after a prime number of bytes, so that no piece lines up. */
#define PERIOD 4099

/* What stands at `place`, and the H2T_ECHO_PIECE bytes from there on. */
static const char *pattern_at(size_t place)
{
    static char table[PERIOD + H2T_ECHO_PIECE];
    if (!table[1]) {
        for (size_t i = 0; i < sizeof table; i++)
            table[i] = (char)((i % PERIOD) * 131 ^ (i % PERIOD) >> 6);
    }
    return table + place % PERIOD;
}

/* Check notes every ck_assert in a file, so a hot loop may not pass through one. */
static void require(bool holds, const char *what)
{
    if (!holds)
        ck_abort_msg("%s", what);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- the client ---- */

static void client_send(struct h2t_echo *echo)
{
    const char *bytes = pattern_at(echo->n_sent);
    size_t len = least(1 + echo->n_sent * 7919 % H2T_ECHO_PIECE, echo->total - echo->n_sent);
    h2client_iovec iov[2] = {{bytes, len / 3}, {bytes + len / 3, len - len / 3}};
    ptrdiff_t n = echo->client->ops->write(echo->client, iov, 2);
    if (n == H2CLIENT_IO_AGAIN)
        return;
    require(n > 0, "the client could not write");
    echo->n_sent += (size_t)n;
    if (echo->n_sent < echo->total)
        return;
    echo->client->ops->half_close(echo->client);
    echo->client->ops->wants(echo->client, H2CLIENT_READABLE);
}

static void client_receive(struct h2t_echo *echo)
{
    char bytes[4096];
    ptrdiff_t n = echo->client->ops->read(echo->client, bytes, sizeof bytes);
    if (n == H2CLIENT_IO_AGAIN)
        return;
    require(n >= 0, "the client could not read");
    require(!memcmp(bytes, pattern_at(echo->n_received), (size_t)n), "the echo differs");
    echo->n_received += (size_t)n;
    if (n == 0) {
        echo->has_client_end = true;
        echo->client->ops->wants(echo->client, 0);
    }
}

static void on_client(h2client_transport *transport, unsigned ready, void *user)
{
    (void)transport;
    struct h2t_echo *echo = user;
    if (ready & H2CLIENT_WRITABLE)
        client_send(echo);
    if (ready & H2CLIENT_READABLE)
        client_receive(echo);
}

/* ---- the server ---- */

static void server_read(struct h2t_echo *echo)
{
    ptrdiff_t n = echo->server->ops->read(echo->server, echo->held.bytes, sizeof echo->held.bytes);
    if (n == H2CLIENT_IO_AGAIN)
        return;
    require(n >= 0, "the server could not read");
    echo->held.start = 0;
    echo->held.end = (size_t)n;
    echo->held.has_end = n == 0;
}

static void server_write(struct h2t_echo *echo)
{
    h2client_iovec iov = {echo->held.bytes + echo->held.start, echo->held.end - echo->held.start};
    ptrdiff_t n = echo->server->ops->write(echo->server, &iov, 1);
    if (n == H2CLIENT_IO_AGAIN)
        return;
    require(n > 0, "the server could not write");
    echo->held.start += (size_t)n;
}

static void on_server(h2client_transport *transport, unsigned ready, void *user)
{
    struct h2t_echo *echo = user;
    if (echo->held.start == echo->held.end && ready & H2CLIENT_READABLE)
        server_read(echo);
    if (echo->held.start < echo->held.end && ready & (H2CLIENT_READABLE | H2CLIENT_WRITABLE))
        server_write(echo);
    if (echo->held.has_end) {
        transport->ops->half_close(transport);
        transport->ops->wants(transport, 0);
        return;
    }
    bool is_holding = echo->held.start < echo->held.end;
    transport->ops->wants(transport, is_holding ? H2CLIENT_WRITABLE : H2CLIENT_READABLE);
}

void h2t_echo_start(struct h2t_echo *echo, h2client_transport *client, h2client_transport *server,
                    size_t total)
{
    *echo = (struct h2t_echo){.client = client, .server = server, .total = total};
    client->on_ready = on_client;
    client->user = echo;
    client->ops->wants(client, H2CLIENT_READABLE | H2CLIENT_WRITABLE);
    server->on_ready = on_server;
    server->user = echo;
    server->ops->wants(server, H2CLIENT_READABLE);
}
