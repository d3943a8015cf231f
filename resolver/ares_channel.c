/* SPDX-License-Identifier: MIT */
/*
 * A c-ares channel on the reactor, and lists of name servers. Which server is asked first,
 * and when a channel has had its day, is ares_resolver.c's to say.
 *
 * Nothing here is the process's: on POSIX ares_library_init does no more than count who
 * called it, and its twin with an allocator would choose that for everybody's c-ares, so
 * neither is called.
 */
#include <netinet/in.h>
#include <string.h>
#include <sys/time.h>

#include "base/fault.h"
#include "base/reactor.h"
#include "base/str.h"
#include "resolver/ares_internal.h"

#define TRIES 2

/* ---- name servers ------------------------------------------------------------------ */

static bool parse_port(struct h2i_str text, int *port)
{
    uint64_t value;

    if (!h2i_str_parse_uint(text, 65535, &value) || value == 0)
        return false;
    *port = (int)value;
    return true;
}

/* "ADDR", "ADDR:PORT" (IPv4), "[ADDR]:PORT". *port stays where none is named. */
static bool split_server(struct h2i_str piece, struct h2i_str *host, int *port)
{
    const char *end = piece.data + piece.len;
    const char *bracket = piece.len ? memchr(piece.data, ']', piece.len) : NULL;
    const char *colon = piece.len ? memchr(piece.data, ':', piece.len) : NULL;

    *host = piece;
    if (piece.len && piece.data[0] == '[') {
        if (!bracket)
            return false;
        *host = h2i_str(piece.data + 1, (size_t)(bracket - piece.data) - 1);
        if (bracket + 1 == end)
            return true;
        return bracket[1] == ':' &&
               parse_port(h2i_str(bracket + 2, (size_t)(end - bracket) - 2), port);
    }
    if (!colon || memchr(colon + 1, ':', (size_t)(end - colon) - 1))
        return true;
    *host = h2i_str(piece.data, (size_t)(colon - piece.data));
    return parse_port(h2i_str(colon + 1, (size_t)(end - colon) - 1), port);
}

static bool parse_server(struct h2i_str piece, int port, struct ares_addr_port_node *server)
{
    char text[H2CLIENT_ADDRESS_TEXT_MAX];
    h2client_address address;
    struct h2i_str host;

    if (!split_server(h2i_str_trim(piece), &host, &port) || host.len >= sizeof text)
        return false;
    memcpy(text, host.data, host.len);
    text[host.len] = 0;
    if (!h2client_address_parse(text, &address) || address.scope_id) /* c-ares knows no zones */
        return false;
    *server = (struct ares_addr_port_node){
        .family = address.family == 4 ? AF_INET : AF_INET6, .udp_port = port, .tcp_port = port};
    memcpy(&server->addr, address.bytes, address.family == 4 ? 4 : 16);
    return true;
}

bool h2i_name_servers_parse(struct h2i_name_servers *servers, const char *text, uint16_t port,
                            h2client_fault *fault)
{
    struct h2i_str rest = h2i_str_of(text);
    struct h2i_str piece;

    servers->n = 0;
    while (h2i_str_split(&rest, ',', &piece)) {
        if (servers->n == H2I_MAX_NAME_SERVERS) {
            *fault = h2i_fault(H2CLIENT_ERROR_INVALID_ARGUMENT, "more than %d name servers",
                               H2I_MAX_NAME_SERVERS);
            return false;
        }
        if (!parse_server(piece, port, &servers->list[servers->n])) {
            *fault =
                h2i_fault(H2CLIENT_ERROR_INVALID_ARGUMENT, "name server \"%.*s\" is not an address",
                          (int)piece.len, piece.data);
            return false;
        }
        servers->n++;
    }
    if (servers->n == 0)
        *fault = h2i_fault(H2CLIENT_ERROR_INVALID_ARGUMENT, "the list of name servers is empty");
    return servers->n > 0;
}

void h2i_name_servers_read(struct h2i_name_servers *servers, ares_channel channel)
{
    struct ares_addr_port_node *all = NULL;

    servers->n = 0;
    if (ares_get_servers_ports(channel, &all) != ARES_SUCCESS)
        return;
    for (struct ares_addr_port_node *one = all; one && servers->n < H2I_MAX_NAME_SERVERS;
         one = one->next)
        servers->list[servers->n++] = *one;
    if (all)
        ares_free_data(all);
}

bool h2i_name_servers_demote(struct h2i_name_servers *servers, size_t n)
{
    struct ares_addr_port_node silent[H2I_MAX_NAME_SERVERS];

    n = servers->n ? n % servers->n : 0;
    if (n == 0)
        return false;
    memcpy(silent, servers->list, n * sizeof silent[0]);
    memmove(servers->list, servers->list + n, (servers->n - n) * sizeof silent[0]);
    memcpy(servers->list + servers->n - n, silent, n * sizeof silent[0]);
    return true;
}

static int set_servers(ares_channel channel, struct h2i_name_servers *servers)
{
    for (size_t i = 0; i < servers->n; i++)
        servers->list[i].next = i + 1 < servers->n ? &servers->list[i + 1] : NULL;
    return ares_set_servers_ports(channel, servers->list);
}

/* ---- sockets and time ----------------------------------------------------------------- */

static void process(struct h2i_ares_channel *channel, ares_socket_t readable,
                    ares_socket_t writable)
{
    ares_process_fd(channel->ares, readable, writable);
    h2i_ares_channel_plan(channel);
}

static void socket_is_ready(h2client_watch *watch, unsigned ready, void *user)
{
    struct h2i_ares_socket *sock = user;
    bool is_readable = ready & (H2CLIENT_READABLE | H2CLIENT_HANGUP);
    bool is_writable = ready & H2CLIENT_WRITABLE;
    int fd = watch->fd;

    h2i_reactor_note_ready(sock->channel->reactor);
    process(sock->channel, is_readable ? fd : ARES_SOCKET_BAD, is_writable ? fd : ARES_SOCKET_BAD);
}

static void time_is_up(h2client_timer *timer, void *user)
{
    (void)timer;
    process(user, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

void h2i_ares_channel_plan(struct h2i_ares_channel *channel)
{
    struct timeval storage;
    const struct timeval *left = ares_timeout(channel->ares, NULL, &storage);
    int64_t now_us = h2client_reactor_now_us(channel->reactor);

    if (!left)
        h2client_reactor_timer_stop(channel->reactor, &channel->timer);
    else if (h2client_reactor_timer_start(channel->reactor, &channel->timer,
                                          now_us + (int64_t)left->tv_sec * 1000000 + left->tv_usec +
                                              1000))
        ares_cancel(channel->ares); /* no memory for a timer: better no answer than none for ever */
}

struct h2i_ares_socket *h2i_ares_channel_find(const struct h2i_ares_channel *channel, int fd)
{
    for (struct h2i_list *node = channel->sockets.next; node != &channel->sockets;
         node = node->next) {
        struct h2i_ares_socket *sock = H2I_CONTAINER_OF(node, struct h2i_ares_socket, in_channel);
        if (sock->watch.fd == fd)
            return sock;
    }
    return NULL;
}

static struct h2i_ares_socket *add_socket(struct h2i_ares_channel *channel, int fd)
{
    struct h2i_list *spare = h2i_list_pop(&channel->spare);
    struct h2i_ares_socket *sock = spare
                                       ? H2I_CONTAINER_OF(spare, struct h2i_ares_socket, in_channel)
                                       : h2i_alloc(channel->allocator, sizeof *sock);

    if (!sock)
        return NULL;
    *sock = (struct h2i_ares_socket){.channel = channel};
    sock->watch = (h2client_watch){.fd = fd, .on_ready = socket_is_ready, .user = sock};
    h2i_list_append(&channel->sockets, &sock->in_channel);
    return sock;
}

/* A socket that cannot be watched is never ready: the question times out. */
static void socket_changed(void *data, ares_socket_t fd, int readable, int writable)
{
    struct h2i_ares_channel *channel = data;
    struct h2i_ares_socket *sock = h2i_ares_channel_find(channel, fd);
    unsigned events = (readable ? H2CLIENT_READABLE : 0u) | (writable ? H2CLIENT_WRITABLE : 0u);

    if (!sock && events)
        sock = add_socket(channel, fd);
    if (!sock)
        return;
    h2client_reactor_watch(channel->reactor, &sock->watch, events);
    if (events)
        return;
    h2i_list_remove(&sock->in_channel); /* it may be the one whose on_ready runs */
    h2i_list_append(&channel->spare, &sock->in_channel);
}

/* ---- life ------------------------------------------------------------------------------- */

static void free_sockets(struct h2i_ares_channel *channel, struct h2i_list *list)
{
    struct h2i_list *node;

    while ((node = h2i_list_pop(list)))
        h2i_free(channel->allocator, H2I_CONTAINER_OF(node, struct h2i_ares_socket, in_channel));
}

/* The name is asked as it is, whatever resolv.conf and the environment hold: no search
 * domains (ARES_FLAG_NOSEARCH does not stop ares_getaddrinfo: an empty list does; it would
 * search a family at a time, and mix the addresses of two names), no
 * aliases, no hosts file (static_resolver.c has looked there). A server's SERVFAIL or REFUSED is
 * handed over: c-ares would ask the next one and in the end not tell it from silence. */
static int init_ares(struct h2i_ares_channel *channel, const struct h2i_ares_config *config,
                     struct h2i_name_servers *servers)
{
    struct ares_options options = {
        .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP,
        .timeout = config->timeout_ms,
        .tries = TRIES,
        .udp_port = config->port,
        .tcp_port = config->port,
        .domains = NULL,
        .ndomains = 0,
        .lookups = (char *)(uintptr_t) "b", /* only read */
        .sock_state_cb = socket_changed,
        .sock_state_cb_data = channel,
        .resolvconf_path = (char *)(uintptr_t)config->resolv_conf, /* only read */
    };
    int status =
        ares_init_options(&channel->ares, &options,
                          ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_UDP_PORT |
                              ARES_OPT_TCP_PORT | ARES_OPT_DOMAINS | ARES_OPT_SOCK_STATE_CB |
                              ARES_OPT_NOROTATE | ARES_OPT_LOOKUPS | ARES_OPT_RESOLVCONF);

    if (status != ARES_SUCCESS)
        return status;
    h2i_ares_use_own_sockets(channel);
    if (!servers)
        return status;
    status = set_servers(channel->ares, servers);
    if (status != ARES_SUCCESS)
        ares_destroy(channel->ares);
    return status;
}

struct h2i_ares_channel *h2i_ares_channel_create(const h2client_allocator *allocator,
                                                 h2client_reactor *reactor,
                                                 const struct h2i_ares_config *config,
                                                 struct h2i_name_servers *servers,
                                                 h2client_fault *fault)
{
    struct h2i_ares_channel *channel = h2i_alloc_zeroed(allocator, sizeof *channel);
    int status = ARES_ENOMEM;

    if (channel) {
        channel->allocator = allocator;
        channel->reactor = reactor;
        channel->timer = (h2client_timer){.on_expire = time_is_up, .user = channel};
        h2i_list_init(&channel->sockets);
        h2i_list_init(&channel->spare);
        status = init_ares(channel, config, servers);
    }
    if (status == ARES_SUCCESS)
        return channel;
    h2i_free(allocator, channel);
    *fault = status == ARES_ENOMEM
                 ? h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "%s", "")
                 : h2i_fault(H2CLIENT_ERROR_SYSTEM_FAILED, "c-ares: %s", ares_strerror(status));
    return NULL;
}

void h2i_ares_channel_destroy(struct h2i_ares_channel *channel)
{
    if (!channel)
        return;
    ares_destroy(channel->ares);
    h2client_reactor_timer_stop(channel->reactor, &channel->timer);
    h2i_list_remove(&channel->in_resolver);
    free_sockets(channel, &channel->sockets);
    free_sockets(channel, &channel->spare);
    h2i_free(channel->allocator, channel);
}
