/* SPDX-License-Identifier: MIT */
/* The server end of a memory pair, and a watch on the client's. */
#include "h2client-testing/peer_transport.h"

#include <stddef.h>
#include <stdlib.h>

#include "transport/memory.h"

struct h2t_link {
    struct h2t_server at_server;
    struct h2t_link_options options;
    h2client_fault fault;
    h2client_transport *server; /* NULL: closed */
    h2client_transport *client; /* NULL: destroyed by its owner */
    /* The client's vtable, with a destroy of ours: so the link knows whether the
     * client's end is still there to be broken. */
    h2client_transport_ops client_ops;
    const h2client_transport_ops *real_client_ops;
    uint64_t bytes_to_client;
    bool saw_eof;
    bool is_half_closed;
};

/* ---- peers --------------------------------------------------------------- */

static bool h2_receive(void *peer, const void *data, size_t len)
{
    return h2t_peer_receive(peer, data, len);
}

static h2client_bytes h2_output(void *peer)
{
    return h2t_peer_output(peer);
}

static void h2_output_taken(void *peer, size_t n)
{
    h2t_peer_output_taken(peer, n);
}

static void h2_set_wake(void *peer, void (*on_output)(void *user), void *user)
{
    h2t_peer_set_wake(peer, on_output, user);
}

static bool h2_is_done(void *peer)
{
    (void)peer;
    return false; /* it goes when the test says so */
}

struct h2t_server h2t_server_of_h2(struct h2t_peer *peer)
{
    static const struct h2t_server_ops ops = {h2_receive, h2_output, h2_output_taken, h2_set_wake,
                                              h2_is_done};
    return (struct h2t_server){&ops, peer};
}

static bool h1_receive(void *peer, const void *data, size_t len)
{
    return h2t_h1_peer_receive(peer, data, len);
}

static h2client_bytes h1_output(void *peer)
{
    return h2t_h1_peer_output(peer);
}

static void h1_output_taken(void *peer, size_t n)
{
    h2t_h1_peer_output_taken(peer, n);
}

static void h1_set_wake(void *peer, void (*on_output)(void *user), void *user)
{
    h2t_h1_peer_set_wake(peer, on_output, user);
}

static bool h1_is_done(void *peer)
{
    return h2t_h1_peer_is_done(peer);
}

struct h2t_server h2t_server_of_h1(struct h2t_h1_peer *peer)
{
    static const struct h2t_server_ops ops = {h1_receive, h1_output, h1_output_taken, h1_set_wake,
                                              h1_is_done};
    return (struct h2t_server){&ops, peer};
}

/* ---- the link ------------------------------------------------------------ */

static void close_server(struct h2t_link *link)
{
    h2client_transport *server = link->server;

    if (!server)
        return;
    link->server = NULL;
    server->ops->destroy(server);
}

/* Bytes that may still be written before the cut. */
static uint64_t allowance(const struct h2t_link *link)
{
    if (link->options.cut_after == 0)
        return UINT64_MAX;
    if (link->options.cut_after == H2T_CUT_AT_ONCE)
        return 0;
    return link->options.cut_after - link->bytes_to_client;
}

static void cut(struct h2t_link *link)
{
    if (link->options.fault)
        h2t_link_break(link, &link->fault);
    else
        close_server(link);
}

/* False: the transport takes no more now. */
static bool write_some(struct h2t_link *link, h2client_bytes output)
{
    h2client_iovec iov = {output.data, output.len};
    ptrdiff_t n;

    if (iov.len > allowance(link))
        iov.len = (size_t)allowance(link);
    n = link->server->ops->write(link->server, &iov, 1);
    if (n == H2CLIENT_IO_FAILED)
        close_server(link);
    if (n <= 0)
        return false;
    link->at_server.ops->output_taken(link->at_server.peer, (size_t)n);
    link->bytes_to_client += (uint64_t)n;
    return true;
}

static unsigned reads(const struct h2t_link *link)
{
    return link->saw_eof || link->options.stops_reading ? 0 : H2CLIENT_READABLE;
}

static void flush(struct h2t_link *link)
{
    h2client_bytes output = {0};

    while (link->server && !link->is_half_closed) {
        output = link->at_server.ops->output(link->at_server.peer);
        if (output.len == 0)
            break;
        if (allowance(link) > 0 && !write_some(link, output))
            break;
        if (allowance(link) == 0)
            cut(link);
    }
    if (link->at_server.ops->is_done(link->at_server.peer))
        close_server(link);
    if (link->server)
        link->server->ops->wants(link->server,
                                 reads(link) |
                                     (output.len && !link->is_half_closed ? H2CLIENT_WRITABLE : 0));
}

static void read_all(struct h2t_link *link)
{
    char buf[16384];
    ptrdiff_t n = 0;

    while (link->server && !link->saw_eof &&
           (n = link->server->ops->read(link->server, buf, sizeof buf)) > 0)
        link->at_server.ops->receive(link->at_server.peer, buf, (size_t)n);
    if (n == 0)
        link->saw_eof = true;
    if (n == H2CLIENT_IO_FAILED || (link->saw_eof && !link->options.ignores_client_eof))
        close_server(link);
}

static void on_ready(h2client_transport *transport, unsigned ready, void *user)
{
    struct h2t_link *link = user;

    (void)transport;
    if ((ready & (H2CLIENT_READABLE | H2CLIENT_HANGUP)) && !link->options.stops_reading)
        read_all(link);
    flush(link);
}

/* The test made the peer say something: it is written when the transport reports. */
static void on_peer_output(void *user)
{
    struct h2t_link *link = user;

    if (link->server && !link->is_half_closed)
        link->server->ops->wants(link->server, reads(link) | H2CLIENT_WRITABLE);
}

static void destroy_client(h2client_transport *client)
{
    struct h2t_link *link =
        (struct h2t_link *)((uintptr_t)client->ops - offsetof(struct h2t_link, client_ops));

    link->client = NULL;
    client->ops = link->real_client_ops;
    client->ops->destroy(client);
}

static void watch_client(struct h2t_link *link, h2client_transport *client)
{
    link->client = client;
    link->real_client_ops = client->ops;
    link->client_ops = *client->ops;
    link->client_ops.destroy = destroy_client;
    client->ops = &link->client_ops;
}

struct h2t_link *h2t_link_create(h2client_reactor *reactor, struct h2t_server server,
                                 const struct h2t_link_options *options,
                                 h2client_transport **client)
{
    struct h2t_link *link = calloc(1, sizeof *link);
    struct h2i_memory_limits limits = {0};
    h2client_transport *ends[2];

    if (!link)
        abort();
    if (options)
        link->options = *options;
    if (link->options.fault)
        link->fault = *link->options.fault;
    limits.max_buffered = link->options.max_buffered;
    limits.max_read = link->options.max_read;
    limits.max_write = link->options.max_write;
    if (!h2i_memory_pair_create(reactor, &limits, ends)) {
        free(link);
        return NULL;
    }
    link->at_server = server;
    link->server = ends[1];
    link->server->on_ready = on_ready;
    link->server->user = link;
    h2i_memory_set_info(ends[0], link->options.alpn, NULL, &link->options.remote);
    watch_client(link, ends[0]);
    server.ops->set_wake(server.peer, on_peer_output, link);
    on_peer_output(link);
    *client = ends[0];
    return link;
}

void h2t_link_destroy(struct h2t_link *link)
{
    if (!link)
        return;
    link->at_server.ops->set_wake(link->at_server.peer, NULL, NULL);
    if (link->client)
        link->client->ops = link->real_client_ops;
    close_server(link);
    free(link);
}

void h2t_link_half_close(struct h2t_link *link)
{
    if (!link->server)
        return;
    link->is_half_closed = true;
    link->server->ops->half_close(link->server);
    link->server->ops->wants(link->server, reads(link));
}

void h2t_link_close(struct h2t_link *link)
{
    close_server(link);
}

void h2t_link_break(struct h2t_link *link, const h2client_fault *fault)
{
    if (link->client)
        h2i_memory_break(link->client, fault);
    close_server(link);
}

void h2t_link_fall_silent(struct h2t_link *link)
{
    link->options.stops_reading = true;
    if (link->server)
        link->server->ops->wants(link->server, 0);
}

uint64_t h2t_link_bytes_to_client(const struct h2t_link *link)
{
    return link->bytes_to_client;
}

bool h2t_link_client_is_gone(const struct h2t_link *link)
{
    return !link->client;
}

bool h2t_link_saw_eof(const struct h2t_link *link)
{
    return link->saw_eof;
}
