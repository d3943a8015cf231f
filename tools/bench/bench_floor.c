/* SPDX-License-Identifier: MIT */
/*
 * The floor: what nghttp2 and GnuTLS cost by themselves. One TLS connection, GETs over N
 * streams at once, no library of ours, nothing verified, nothing kept. What a client
 * costs is told as a multiple of this.
 *
 * Usage: bench_floor HOST PORT PATH REQUESTS STREAMS
 */
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/bench/bench_report.h"

#define RECORD_BYTES 16384

struct floor {
    const char *host;
    const char *port;
    const char *path;
    long n_left; /* to be started */
    long n_running;
    long n_done;
    long long body_bytes;
    int fd;
    gnutls_session_t tls;
    nghttp2_session *h2;
    uint8_t out[RECORD_BYTES];
    size_t out_len;
    const uint8_t *rest; /* of nghttp2's last chunk that did not fit */
    size_t rest_len;
    uint8_t in[RECORD_BYTES];
    char authority[300];
};

static void die(const char *what)
{
    fprintf(stderr, "bench_floor: %s\n", what);
    exit(1);
}

static void submit(struct floor *f)
{
#define NV(n, v, flags)                                                                       \
    {                                                                                         \
        (uint8_t *)(uintptr_t)(n), (uint8_t *)(uintptr_t)(v), sizeof(n) - 1, strlen(v), flags \
    }
    const nghttp2_nv nv[] = {NV(":method", "GET", NGHTTP2_NV_FLAG_NONE),
                             NV(":scheme", "https", NGHTTP2_NV_FLAG_NONE),
                             NV(":authority", f->authority, NGHTTP2_NV_FLAG_NONE),
                             NV(":path", f->path, NGHTTP2_NV_FLAG_NONE),
                             NV("user-agent", "bench_floor", NGHTTP2_NV_FLAG_NONE),
                             NV("accept", "*/*", NGHTTP2_NV_FLAG_NONE)};

    if (nghttp2_submit_request(f->h2, NULL, nv, sizeof nv / sizeof nv[0], NULL, NULL) < 0)
        die("submit failed");
    f->n_left--;
    f->n_running++;
}

static int on_close(nghttp2_session *session, int32_t stream_id, uint32_t error_code, void *user)
{
    struct floor *f = user;

    (void)session, (void)stream_id;
    if (error_code)
        die("a stream was reset");
    f->n_running--;
    f->n_done++;
    if (f->n_left > 0)
        submit(f);
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream_id, const uint8_t *data,
                   size_t len, void *user)
{
    struct floor *f = user;

    (void)session, (void)flags, (void)stream_id, (void)data;
    f->body_bytes += (long long)len;
    return 0;
}

static void connect_tcp(struct floor *f)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(f->port))};
    int on = 1;

    if (inet_pton(AF_INET, f->host, &address.sin_addr) != 1)
        die("HOST is not an IPv4 address");
    f->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (f->fd < 0 || connect(f->fd, (struct sockaddr *)&address, sizeof address))
        die("cannot connect");
    setsockopt(f->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void start_tls(struct floor *f)
{
    static gnutls_certificate_credentials_t credentials;
    const gnutls_datum_t h2 = {(unsigned char *)(uintptr_t) "h2", 2};
    int code;

    gnutls_certificate_allocate_credentials(&credentials);
    gnutls_init(&f->tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK);
    gnutls_priority_set_direct(f->tls, "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2", NULL);
    gnutls_credentials_set(f->tls, GNUTLS_CRD_CERTIFICATE, credentials);
    gnutls_alpn_set_protocols(f->tls, &h2, 1, 0);
    gnutls_transport_set_int(f->tls, f->fd);
    while ((code = gnutls_handshake(f->tls)) < 0)
        if (gnutls_error_is_fatal(code))
            die(gnutls_strerror(code));
    fcntl(f->fd, F_SETFL, fcntl(f->fd, F_GETFL) | O_NONBLOCK);
}

static void start_h2(struct floor *f, long n_streams)
{
    nghttp2_session_callbacks *callbacks;
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};

    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_client_new(&f->h2, callbacks, f);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(f->h2, NGHTTP2_FLAG_NONE, settings, 1);
    nghttp2_session_set_local_window_size(f->h2, NGHTTP2_FLAG_NONE, 0, 16 << 20);
    while (f->n_running < n_streams && f->n_left > 0)
        submit(f);
}

static void add_output(struct floor *f, const uint8_t *data, size_t len)
{
    size_t n = RECORD_BYTES - f->out_len;

    if (n > len)
        n = len;
    memcpy(f->out + f->out_len, data, n);
    f->out_len += n;
    f->rest = data + n;
    f->rest_len = len - n;
}

/* Fills a record; false when there is nothing to send. */
static int gather(struct floor *f)
{
    if (f->rest_len)
        add_output(f, f->rest, f->rest_len);
    while (f->rest_len == 0 && f->out_len < RECORD_BYTES) {
        const uint8_t *data;
        ssize_t n = nghttp2_session_mem_send(f->h2, &data);
        if (n < 0)
            die(nghttp2_strerror((int)n));
        if (n == 0)
            break;
        add_output(f, data, (size_t)n);
    }
    return f->out_len > 0;
}

/* Sends what there is; true when the socket is full. */
static int send_all(struct floor *f)
{
    while (gather(f)) {
        ssize_t n = gnutls_record_send(f->tls, f->out, f->out_len);
        if (n == GNUTLS_E_AGAIN)
            return 1;
        if (n < 0)
            die(gnutls_strerror((int)n));
        memmove(f->out, f->out + n, f->out_len - (size_t)n);
        f->out_len -= (size_t)n;
    }
    return 0;
}

static void receive_all(struct floor *f)
{
    for (;;) {
        ssize_t n = gnutls_record_recv(f->tls, f->in, sizeof f->in);
        if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
            return;
        if (n <= 0)
            die(n ? gnutls_strerror((int)n) : "the server closed the connection");
        if (nghttp2_session_mem_recv(f->h2, f->in, (size_t)n) < 0)
            die("nghttp2 refused what it received");
    }
}

int main(int argc, char **argv)
{
    static struct floor f;
    long n_requests;

    if (argc != 6)
        die("usage: bench_floor HOST PORT PATH REQUESTS STREAMS");
    f.host = argv[1], f.port = argv[2], f.path = argv[3];
    f.n_left = n_requests = atol(argv[4]);
    snprintf(f.authority, sizeof f.authority, "%s:%s", f.host, f.port);
    connect_tcp(&f);
    start_tls(&f);
    bench_begin();
    start_h2(&f, atol(argv[5]));
    while (f.n_done < n_requests) {
        int is_full = send_all(&f);
        struct pollfd ready = {f.fd, (short)(POLLIN | (is_full ? POLLOUT : 0)), 0};
        if (f.n_done < n_requests && poll(&ready, 1, -1) > 0)
            receive_all(&f);
    }
    bench_end("floor", n_requests, f.body_bytes);
    nghttp2_session_del(f.h2);
    gnutls_deinit(f.tls);
    close(f.fd);
    return 0;
}
