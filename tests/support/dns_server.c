/* SPDX-License-Identifier: MIT */
/* RFC 1035 4: just as much of the format as a stub resolver's questions need. */
#include "tests/support/dns_server.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/test_main.h"

#define HEADER_LEN 12
#define MAX_MESSAGE 16384
#define MAX_OVER_UDP 512
#define CNAME_TYPE 5
#define MAX_CONNS 16
#define FORGED_A_TURN 16 /* over UDP */

struct conn {
    struct h2t_dns_server *server;
    h2client_watch watch;
    uint8_t in[1024];
    size_t len;
    bool is_open;
};

struct message {
    uint8_t bytes[MAX_MESSAGE];
    size_t len;
};

struct h2t_dns_server {
    h2client_reactor *reactor;
    const struct h2t_dns_answer *answers;
    h2client_watch udp;
    h2client_watch listener;
    struct conn conns[MAX_CONNS];
    size_t n_conns;
    struct {
        h2client_task task;
        struct message answer; /* the right one */
        size_t n_left;         /* forged ones before it */
        int fd;
        bool is_tcp;
        struct sockaddr_in to; /* UDP */
    } flood;                   /* of the last question with forged answers */
    struct sockaddr_in place;
    char name[32];
    size_t n_asked[256]; /* by type */
    size_t n_over_tcp;
    char last_name[256];
    char names[1024]; /* asked for A */
};

struct question {
    char name[256];
    int type;
    size_t end; /* of the question in the message */
};

/* ---- the format ---- */

static void put16(struct message *message, unsigned value)
{
    message->bytes[message->len++] = (uint8_t)(value >> 8);
    message->bytes[message->len++] = (uint8_t)value;
}

static void put_name(struct message *message, const char *name)
{
    while (*name) {
        size_t len = strcspn(name, ".");

        message->bytes[message->len++] = (uint8_t)len;
        memcpy(message->bytes + message->len, name, len);
        message->len += len;
        name += len + (name[len] == '.');
    }
    message->bytes[message->len++] = 0;
}

static void put_record_head(struct message *message, const char *owner, int type, uint32_t ttl)
{
    put_name(message, owner);
    put16(message, (unsigned)type);
    put16(message, 1); /* IN */
    put16(message, ttl >> 16);
    put16(message, ttl & 0xffff);
    message->bytes[7]++; /* ANCOUNT: below 256 in these tests */
}

static void put_address(struct message *message, const char *owner, int type, uint32_t ttl,
                        const void *address)
{
    size_t len = type == H2T_DNS_A ? 4 : 16;

    put_record_head(message, owner, type, ttl);
    put16(message, (unsigned)len);
    memcpy(message->bytes + message->len, address, len);
    message->len += len;
}

static void put_alias(struct message *message, const char *owner,
                      const struct h2t_dns_answer *answer)
{
    struct message target = {.len = 0};

    put_name(&target, answer->alias);
    put_record_head(message, owner, CNAME_TYPE, answer->alias_ttl);
    put16(message, (unsigned)target.len);
    memcpy(message->bytes + message->len, target.bytes, target.len);
    message->len += target.len;
}

static void parse_question(const uint8_t *bytes, size_t len, struct question *question)
{
    size_t at = HEADER_LEN, out = 0;

    while (at < len && bytes[at]) {
        size_t label_len = bytes[at++];

        ck_assert_uint_le(at + label_len, len);
        ck_assert_uint_lt(out + label_len + 1, sizeof question->name);
        if (out)
            question->name[out++] = '.';
        memcpy(question->name + out, bytes + at, label_len);
        out += label_len;
        at += label_len;
    }
    ck_assert_uint_le(at + 5, len);
    question->name[out] = 0;
    question->type = bytes[at + 1] << 8 | bytes[at + 2];
    question->end = at + 5;
}

/* ---- answering ---- */

static bool is_end(const struct h2t_dns_answer *one)
{
    return !one->name && !one->type && !one->rcode && !one->is_silent && !one->is_truncated &&
           !one->alias && !one->addresses && !one->n_more_addresses;
}

static const struct h2t_dns_answer *find(const struct h2t_dns_server *server,
                                         const struct question *question)
{
    static const struct h2t_dns_answer unknown = {.rcode = H2T_DNS_NXDOMAIN};
    const struct h2t_dns_answer *one = server->answers;

    for (; !is_end(one); one++)
        if ((!one->name || strcmp(one->name, question->name) == 0) &&
            (!one->type || one->type == question->type))
            return one;
    return &unknown;
}

static void put_addresses(struct message *message, const char *owner,
                          const struct question *question, const struct h2t_dns_answer *answer)
{
    char text[256], *rest = text, *piece;
    size_t i = 0;

    snprintf(text, sizeof text, "%s", answer->addresses ? answer->addresses : "");
    for (; (piece = strtok_r(rest, " ", &rest)); i += i < 3) {
        uint8_t address[16];
        int family = question->type == H2T_DNS_A ? AF_INET : AF_INET6;

        ck_assert_int_eq(inet_pton(family, piece, address), 1);
        put_address(message, owner, question->type, answer->ttls[i], address);
    }
    for (size_t j = 0; j < answer->n_more_addresses; j++)
        put_address(message, owner, H2T_DNS_A, answer->ttls[3],
                    (const uint8_t[]){10, 0, 0, (uint8_t)j});
}

static void truncate_answer(struct message *message, const struct question *question)
{
    message->bytes[2] |= 2; /* TC */
    message->bytes[6] = message->bytes[7] = 0;
    message->len = question->end;
}

/* As far as there is room. */
static void send_message(int fd, const struct message *message, const struct sockaddr_in *to)
{
    struct message framed = {.len = 0};

    if (to) {
        sendto(fd, message->bytes, message->len, MSG_DONTWAIT, (const struct sockaddr *)to,
               sizeof *to);
        return;
    }
    put16(&framed, (unsigned)message->len); /* RFC 1035 4.2.2 */
    memcpy(framed.bytes + 2, message->bytes, message->len);
    send(fd, framed.bytes, message->len + 2, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Over TCP one message a turn, which a reader of one a turn keeps up with. */
static void send_forged(h2client_task *task, void *user)
{
    struct h2t_dns_server *server = user;
    struct message forged = server->flood.answer;
    const struct sockaddr_in *to = server->flood.is_tcp ? NULL : &server->flood.to;

    forged.bytes[0] ^= 0x55;
    for (int i = 0; server->flood.n_left && i < (to ? FORGED_A_TURN : 1); i++) {
        send_message(server->flood.fd, &forged, to);
        server->flood.n_left--;
    }
    if (server->flood.n_left)
        h2client_reactor_defer(server->reactor, task);
    else
        send_message(server->flood.fd, &server->flood.answer, to);
}

static void start_flood(struct h2t_dns_server *server, int fd, const struct message *answer,
                        const struct sockaddr_in *to)
{
    server->flood.answer = *answer;
    server->flood.fd = fd;
    server->flood.is_tcp = !to;
    if (to)
        server->flood.to = *to;
    h2client_reactor_defer(server->reactor, &server->flood.task);
}

/* False: no answer. */
static bool make_answer(struct h2t_dns_server *server, const uint8_t *bytes, size_t len,
                        bool over_tcp, struct message *message)
{
    const struct h2t_dns_answer *answer;
    struct question question;

    ck_assert_uint_gt(len, HEADER_LEN);
    parse_question(bytes, len, &question);
    server->n_asked[question.type & 255]++;
    server->n_over_tcp += over_tcp;
    snprintf(server->last_name, sizeof server->last_name, "%s", question.name);
    if (question.type == H2T_DNS_A && strlen(server->names) + 2 < sizeof server->names)
        snprintf(server->names + strlen(server->names),
                 sizeof server->names - strlen(server->names), "%s%s", server->names[0] ? " " : "",
                 question.name);
    answer = find(server, &question);
    if (answer->is_silent)
        return false;
    memcpy(message->bytes, bytes, question.end);
    message->len = question.end;
    message->bytes[2] = 0x81;                            /* QR, RD */
    message->bytes[3] = (uint8_t)(0x80 | answer->rcode); /* RA */
    memset(message->bytes + 6, 0, 6);
    if (answer->alias)
        put_alias(message, question.name, answer);
    put_addresses(message, answer->alias ? answer->alias : question.name, &question, answer);
    if (!over_tcp && (answer->is_truncated || message->len > MAX_OVER_UDP))
        truncate_answer(message, &question);
    server->flood.n_left = over_tcp || !answer->is_truncated ? answer->n_forged : 0;
    return true;
}

/* `to` of UDP. */
static void reply(struct h2t_dns_server *server, int fd, const uint8_t *bytes, size_t len,
                  const struct sockaddr_in *to)
{
    struct message message;

    if (!make_answer(server, bytes, len, !to, &message))
        return;
    if (server->flood.n_left)
        start_flood(server, fd, &message, to);
    else
        send_message(fd, &message, to);
}

static void udp_is_ready(h2client_watch *watch, unsigned ready, void *user)
{
    struct sockaddr_in from;
    socklen_t from_len = sizeof from;
    uint8_t bytes[1024];
    ssize_t n =
        recvfrom(watch->fd, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);

    (void)ready;
    if (n > 0)
        reply(user, watch->fd, bytes, (size_t)n, &from);
}

static void close_conn(struct conn *conn)
{
    if (!conn->is_open)
        return;
    if (conn->server->flood.is_tcp && conn->server->flood.fd == conn->watch.fd)
        h2client_reactor_undefer(conn->server->reactor, &conn->server->flood.task);
    h2client_reactor_watch(conn->server->reactor, &conn->watch, 0);
    close(conn->watch.fd);
    conn->is_open = false;
}

static void conn_is_ready(h2client_watch *watch, unsigned ready, void *user)
{
    struct conn *conn = user;
    ssize_t n = recv(watch->fd, conn->in + conn->len, sizeof conn->in - conn->len, MSG_DONTWAIT);

    (void)ready;
    if (n <= 0) {
        close_conn(conn);
        return;
    }
    conn->len += (size_t)n;
    while (conn->len > 2 && conn->len >= 2u + (unsigned)(conn->in[0] << 8 | conn->in[1])) {
        size_t len = (size_t)(conn->in[0] << 8 | conn->in[1]);

        reply(conn->server, watch->fd, conn->in + 2, len, NULL);
        memmove(conn->in, conn->in + 2 + len, conn->len - 2 - len);
        conn->len -= 2 + len;
    }
}

static void listener_is_ready(h2client_watch *watch, unsigned ready, void *user)
{
    struct h2t_dns_server *server = user;
    struct conn *conn = &server->conns[server->n_conns++];

    (void)ready;
    ck_assert_uint_le(server->n_conns, MAX_CONNS);
    *conn = (struct conn){.server = server, .is_open = true};
    conn->watch = (h2client_watch){.on_ready = conn_is_ready, .user = conn};
    conn->watch.fd = accept(watch->fd, NULL, NULL);
    ck_assert_int_ge(conn->watch.fd, 0);
    h2client_reactor_watch(server->reactor, &conn->watch, H2CLIENT_READABLE);
}

/* ---- life ---- */

static int open_socket(int type, struct sockaddr_in *place)
{
    socklen_t len = sizeof *place;
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    if (bind(fd, (struct sockaddr *)place, sizeof *place) != 0) {
        close(fd);
        return -1;
    }
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)place, &len), 0);
    return fd;
}

/* The same port for both; port 0: another one when somebody else has it over TCP. */
static void open_sockets(struct h2t_dns_server *server, uint32_t address, uint16_t port)
{
    char text[INET_ADDRSTRLEN];

    do {
        server->place = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
        server->place.sin_addr.s_addr = htonl(address);
        server->udp.fd = open_socket(SOCK_DGRAM, &server->place);
        server->listener.fd = open_socket(SOCK_STREAM, &server->place);
        ck_assert(port == 0 || server->listener.fd >= 0);
        if (server->listener.fd < 0)
            close(server->udp.fd);
    } while (server->listener.fd < 0);
    ck_assert_int_eq(listen(server->listener.fd, 5), 0);
    snprintf(server->name, sizeof server->name, "%s:%u",
             inet_ntop(AF_INET, &server->place.sin_addr, text, sizeof text),
             ntohs(server->place.sin_port));
}

static struct h2t_dns_server *create_at(uint32_t address, uint16_t port, h2client_reactor *reactor,
                                        const struct h2t_dns_answer *answers)
{
    struct h2t_dns_server *server = calloc(1, sizeof *server);

    ck_assert_ptr_nonnull(server);
    server->reactor = reactor;
    server->answers = answers;
    server->flood.task = (h2client_task){.run = send_forged, .user = server};
    server->udp = (h2client_watch){.on_ready = udp_is_ready, .user = server};
    server->listener = (h2client_watch){.on_ready = listener_is_ready, .user = server};
    open_sockets(server, address, port);
    ck_assert_int_eq(h2client_reactor_watch(reactor, &server->udp, H2CLIENT_READABLE), 0);
    ck_assert_int_eq(h2client_reactor_watch(reactor, &server->listener, H2CLIENT_READABLE), 0);
    return server;
}

struct h2t_dns_server *h2t_dns_server_create(h2client_reactor *reactor,
                                             const struct h2t_dns_answer *answers)
{
    return create_at(INADDR_LOOPBACK, 0, reactor, answers);
}

struct h2t_dns_server *h2t_dns_server_create_beside(const struct h2t_dns_server *neighbour,
                                                    const struct h2t_dns_answer *answers)
{
    return create_at(INADDR_LOOPBACK + 1, ntohs(neighbour->place.sin_port), neighbour->reactor,
                     answers);
}

uint16_t h2t_dns_server_port(const struct h2t_dns_server *server)
{
    return ntohs(server->place.sin_port);
}

void h2t_dns_server_destroy(struct h2t_dns_server *server)
{
    if (!server)
        return;
    for (size_t i = 0; i < server->n_conns; i++)
        close_conn(&server->conns[i]);
    h2client_reactor_undefer(server->reactor, &server->flood.task);
    h2client_reactor_watch(server->reactor, &server->udp, 0);
    h2client_reactor_watch(server->reactor, &server->listener, 0);
    close(server->udp.fd);
    close(server->listener.fd);
    free(server);
}

void h2t_dns_server_change(struct h2t_dns_server *server, const struct h2t_dns_answer *answers)
{
    server->answers = answers;
}

const char *h2t_dns_server_name(const struct h2t_dns_server *server)
{
    return server->name;
}

size_t h2t_dns_server_n_asked(const struct h2t_dns_server *server, int type)
{
    return server->n_asked[type];
}

size_t h2t_dns_server_n_over_tcp(const struct h2t_dns_server *server)
{
    return server->n_over_tcp;
}

const char *h2t_dns_server_last_name(const struct h2t_dns_server *server)
{
    return server->last_name;
}

const char *h2t_dns_server_names(const struct h2t_dns_server *server)
{
    return server->names;
}
