/* SPDX-License-Identifier: MIT */
/*
 * forwarder TARGET_PORT DELAY_US BYTES_A_SECOND QUEUE_BYTES: a link between loopback ports,
 * with a length, a rate and a cable that can be pulled. It says its own port on stdout, takes
 * commands from stdin, a line each, says "ok" to each, and ends with stdin:
 *
 *     unplug   nothing passes any more, nothing is closed, nothing is accepted
 *     plug     everything goes on
 *     replace  new connections pass; those there were stay silent for ever
 *
 * Each way every byte takes its time on the link, one after the other whatever connection it
 * belongs to, and DELAY_US more; BYTES_A_SECOND 0 is no limit. A connection has at most
 * QUEUE_BYTES under way each way, the kernel's buffers, kept small, apart. The handshake of
 * TCP takes no time: it is the kernel's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_PAIRS 256
#define MAX_CHUNKS 4096
#define MAX_READ 16384
#define KERNEL_BYTES (256 * 1024)
#define N_FIXED 2 /* polled besides the pairs: stdin and the listener */

struct chunk {
    int64_t due_us;
    size_t len; /* 0: the end */
};

/* One way of a connection: bytes in a ring, and when they may leave it. */
struct flow {
    int from;
    int to;
    struct link *link;
    uint8_t *ring;
    size_t first;
    size_t n_bytes;
    struct chunk chunks[MAX_CHUNKS];
    size_t first_chunk;
    size_t n_chunks;
    bool has_read_all;
    bool has_sent_all;
    bool is_blocked; /* the receiver has no room now */
};

/* What all connections share, each way. */
struct link {
    int64_t free_at_us;
};

struct pair {
    struct flow flows[2];
    bool is_dead; /* the cable it used is gone */
};

static struct {
    int listener;
    uint16_t target_port;
    int64_t delay_us;
    int64_t bytes_a_second;
    size_t queue_bytes;
    bool is_unplugged;
    struct link links[2];
    struct pair *pairs[MAX_PAIRS];
    size_t n_pairs;
} net;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- one way ------------------------------------------------------------- */

static bool has_room(const struct flow *flow)
{
    return !flow->has_read_all && flow->n_bytes < net.queue_bytes && flow->n_chunks < MAX_CHUNKS;
}

static bool is_due(const struct flow *flow, int64_t at_us)
{
    return flow->n_chunks > 0 && flow->chunks[flow->first_chunk].due_us <= at_us;
}

static void push_chunk(struct flow *flow, size_t len)
{
    struct link *link = flow->link;
    int64_t at_us = now_us();

    if (link->free_at_us < at_us)
        link->free_at_us = at_us;
    if (net.bytes_a_second)
        link->free_at_us += (int64_t)len * 1000000 / net.bytes_a_second;
    flow->chunks[(flow->first_chunk + flow->n_chunks++) % MAX_CHUNKS] =
        (struct chunk){.due_us = link->free_at_us + net.delay_us, .len = len};
}

/* Takes what there is room for, as chunks; false when the connection broke. */
static bool flow_read(struct flow *flow)
{
    size_t end = (flow->first + flow->n_bytes) % net.queue_bytes;
    size_t room = net.queue_bytes - flow->n_bytes;
    ssize_t n;

    if (room > net.queue_bytes - end)
        room = net.queue_bytes - end;
    n = recv(flow->from, flow->ring + end, room < MAX_READ ? room : MAX_READ, 0);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    flow->has_read_all = n == 0;
    flow->n_bytes += (size_t)n;
    push_chunk(flow, (size_t)n);
    return true;
}

static void pop_chunk(struct flow *flow)
{
    flow->first_chunk = (flow->first_chunk + 1) % MAX_CHUNKS;
    flow->n_chunks--;
}

/* Hands on what has arrived; false when the connection broke. */
static bool flow_write(struct flow *flow, int64_t at_us)
{
    flow->is_blocked = false;
    while (is_due(flow, at_us)) {
        struct chunk *chunk = &flow->chunks[flow->first_chunk];
        size_t len = chunk->len;
        ssize_t n;

        if (!len) {
            flow->has_sent_all = true;
            pop_chunk(flow);
            return shutdown(flow->to, SHUT_WR) == 0;
        }
        if (len > net.queue_bytes - flow->first)
            len = net.queue_bytes - flow->first;
        n = send(flow->to, flow->ring + flow->first, len, MSG_NOSIGNAL);
        if (n < 0) {
            flow->is_blocked = errno == EAGAIN;
            return errno == EAGAIN || errno == EINTR;
        }
        flow->first = (flow->first + (size_t)n) % net.queue_bytes;
        flow->n_bytes -= (size_t)n;
        chunk->len -= (size_t)n;
        if (!chunk->len)
            pop_chunk(flow);
    }
    return true;
}

/* ---- connections --------------------------------------------------------- */

static int make_socket(void)
{
    const int on = 1, bytes = KERNEL_BYTES;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0)
        fail("socket");
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void listen_and_tell(void)
{
    struct sockaddr_in address = loopback(0);
    socklen_t len = sizeof address;

    net.listener = make_socket();
    if (bind(net.listener, (struct sockaddr *)&address, len) || listen(net.listener, 128) ||
        getsockname(net.listener, (struct sockaddr *)&address, &len))
        fail("listen");
    printf("%u\n", (unsigned)ntohs(address.sin_port));
    fflush(stdout);
}

static void flow_init(struct flow *flow, int from, int to, struct link *link)
{
    *flow = (struct flow){.from = from, .to = to, .link = link, .ring = malloc(net.queue_bytes)};
    if (!flow->ring || fcntl(from, F_SETFL, O_NONBLOCK))
        fail("flow");
}

static void pair_destroy(struct pair *pair)
{
    for (int way = 0; way < 2; way++) {
        close(pair->flows[way].from);
        free(pair->flows[way].ring);
    }
    free(pair);
}

static void accept_one(void)
{
    struct sockaddr_in address = loopback(net.target_port);
    int client = accept(net.listener, NULL, NULL), server;
    struct pair *pair;

    if (client < 0)
        return;
    server = make_socket();
    if (net.n_pairs == MAX_PAIRS || connect(server, (struct sockaddr *)&address, sizeof address)) {
        close(server);
        close(client);
        return;
    }
    pair = calloc(1, sizeof *pair);
    if (!pair)
        fail("calloc");
    flow_init(&pair->flows[0], client, server, &net.links[0]);
    flow_init(&pair->flows[1], server, client, &net.links[1]);
    net.pairs[net.n_pairs++] = pair;
}

/* ---- the loop ------------------------------------------------------------ */

static void replace_link(void)
{
    net.links[0].free_at_us = net.links[1].free_at_us = 0;
    for (size_t i = 0; i < net.n_pairs; i++)
        net.pairs[i]->is_dead = true;
}

static void obey(const char *command)
{
    if (!strcmp(command, "replace\n"))
        replace_link();
    net.is_unplugged = !strcmp(command, "unplug\n");
    printf("ok\n");
    fflush(stdout);
}

static bool is_silent(const struct pair *pair)
{
    return net.is_unplugged || pair->is_dead;
}

/* What one way waits for; -1 is skipped by poll(2), which tells of hang-ups unasked. */
static void watch_flow(const struct flow *flow, bool silent, struct pollfd *polled)
{
    polled[0] =
        (struct pollfd){.fd = !silent && has_room(flow) ? flow->from : -1, .events = POLLIN};
    polled[1] =
        (struct pollfd){.fd = !silent && flow->is_blocked ? flow->to : -1, .events = POLLOUT};
}

static void watch(struct pollfd *polled, int64_t *next_us)
{
    polled[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    polled[1] = (struct pollfd){.fd = net.is_unplugged ? -1 : net.listener, .events = POLLIN};
    *next_us = INT64_MAX;
    for (size_t i = 0; i < net.n_pairs; i++) {
        struct pair *pair = net.pairs[i];

        for (size_t way = 0; way < 2; way++) {
            const struct flow *flow = &pair->flows[way];

            watch_flow(flow, is_silent(pair), polled + N_FIXED + i * 4 + way * 2);
            if (flow->n_chunks && !flow->is_blocked && !is_silent(pair) &&
                flow->chunks[flow->first_chunk].due_us < *next_us)
                *next_us = flow->chunks[flow->first_chunk].due_us;
        }
    }
}

/* False when it is over. */
static bool serve_pair(struct pair *pair, const struct pollfd *polled, int64_t at_us)
{
    for (size_t way = 0; way < 2; way++) {
        struct flow *flow = &pair->flows[way];

        if (polled[way * 2].revents && !flow_read(flow))
            return false;
        if ((!flow->is_blocked || polled[way * 2 + 1].revents) && !flow_write(flow, at_us))
            return false;
    }
    return !pair->flows[0].has_sent_all || !pair->flows[1].has_sent_all;
}

static void serve(const struct pollfd *polled, size_t n_pairs)
{
    int64_t at_us = now_us();
    size_t n_kept = 0;

    for (size_t i = 0; i < n_pairs; i++) {
        struct pair *pair = net.pairs[i];

        if (is_silent(pair) || serve_pair(pair, polled + N_FIXED + i * 4, at_us))
            net.pairs[n_kept++] = pair;
        else
            pair_destroy(pair);
    }
    net.n_pairs = n_kept;
}

static void wait_for(struct pollfd *polled, int64_t next_us)
{
    int64_t left_us = next_us - now_us();
    struct timespec left = {0};

    if (left_us > 0) {
        left.tv_sec = (time_t)(left_us / 1000000);
        left.tv_nsec = (long)(left_us % 1000000) * 1000;
    }
    if (ppoll(polled, N_FIXED + net.n_pairs * 4, next_us == INT64_MAX ? NULL : &left, NULL) < 0 &&
        errno != EINTR)
        fail("ppoll");
}

static void run(void)
{
    static struct pollfd polled[N_FIXED + MAX_PAIRS * 4];
    char command[64];
    int64_t next_us;

    for (;;) {
        watch(polled, &next_us);
        wait_for(polled, next_us);
        serve(polled, net.n_pairs);
        if (polled[1].revents)
            accept_one();
        if (polled[0].revents) {
            if (!fgets(command, sizeof command, stdin))
                return;
            obey(command);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    net.target_port = (uint16_t)strtoul(argv[1], NULL, 10);
    net.delay_us = strtoll(argv[2], NULL, 10);
    net.bytes_a_second = strtoll(argv[3], NULL, 10);
    net.queue_bytes = strtoul(argv[4], NULL, 10);
    setvbuf(stdin, NULL, _IONBF, 0); /* a line read is a line polled */
    listen_and_tell();
    run();
    while (net.n_pairs)
        pair_destroy(net.pairs[--net.n_pairs]);
    return 0;
}
