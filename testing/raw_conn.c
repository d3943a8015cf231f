/* SPDX-License-Identifier: MIT */
#include "h2client-testing/raw_conn.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "h2client/h2client.h"
#include "testing/peer_seen.h"

#define USUAL_TIMEOUT_MS 10000

struct h2t_raw {
    h2client_session *session; /* for its reactor */
    h2client_dialer *dialer;
    h2client_tls_factory *factory; /* NULL: cleartext */
    h2client_dial *dial;
    h2client_handshake *handshake;
    h2client_transport *transport;
    const char *host; /* while it is opened */
    bool is_opened;   /* or has failed to be */
    bool has_ended;
    bool has_failed;
    char failure[500];
    struct h2t_seen seen;
    size_t n_shown; /* frames */
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void fail(struct h2t_raw *raw, const char *why)
{
    raw->is_opened = raw->has_failed = true;
    snprintf(raw->failure, sizeof raw->failure, "%s", why);
}

static void fail_by(struct h2t_raw *raw, const h2client_fault *fault)
{
    fail(raw, fault && fault->text[0]
                  ? fault->text
                  : h2client_error_text(fault ? fault->code : H2CLIENT_ERROR_NO_MEMORY));
}

/* ---- bytes --------------------------------------------------------------------- */

static void fail_by_transport(struct h2t_raw *raw)
{
    h2client_transport_info info = {.size = H2CLIENT_TRANSPORT_INFO_BRIEF};

    raw->transport->ops->info(raw->transport, &info);
    fail_by(raw, info.fault);
    raw->transport->ops->wants(raw->transport, 0);
}

static void read_all(struct h2t_raw *raw)
{
    struct h2t_seen_step step;
    char buf[16384];
    ptrdiff_t n;

    while ((n = raw->transport->ops->read(raw->transport, buf, sizeof buf)) > 0)
        h2t_seen_add(&raw->seen, buf, (size_t)n);
    while (h2t_seen_next(&raw->seen, &step))
        ;
    if (n == H2CLIENT_IO_FAILED)
        fail_by_transport(raw);
    if (n != 0)
        return;
    raw->has_ended = true;
    raw->transport->ops->wants(raw->transport, 0);
}

static void is_ready(h2client_transport *transport, unsigned ready, void *user)
{
    struct h2t_raw *raw = user;

    (void)transport;
    if (ready & (H2CLIENT_READABLE | H2CLIENT_HANGUP))
        read_all(raw);
}

/* ---- opening it -------------------------------------------------------------------- */

static void use(struct h2t_raw *raw, h2client_transport *transport, const h2client_fault *fault)
{
    if (!transport) {
        fail_by(raw, fault);
        return;
    }
    raw->is_opened = true;
    raw->transport = transport;
    transport->on_ready = is_ready;
    transport->user = raw;
    transport->ops->wants(transport, H2CLIENT_READABLE);
}

static void is_secured(h2client_transport *transport, const h2client_fault *fault, void *user)
{
    struct h2t_raw *raw = user;

    raw->handshake = NULL;
    use(raw, transport, fault);
}

static void is_connected(h2client_transport *transport, const h2client_fault *fault, void *user)
{
    static const char *const alpn[] = {"h2", NULL};
    struct h2t_raw *raw = user;
    const h2client_tls_params params = {
        .size = sizeof params, .host = raw->host, .alpn = alpn, .timeout_ms = H2CLIENT_NO_LIMIT};

    raw->dial = NULL;
    if (!transport || !raw->factory) {
        use(raw, transport, fault);
        return;
    }
    raw->handshake = raw->factory->ops->start(raw->factory, h2client_session_reactor(raw->session),
                                              &params, transport, is_secured, raw);
    if (!raw->handshake)
        fail(raw, "no memory");
}

/* Those of a name, by the machine's own resolver. */
static size_t look_up(const char *host, unsigned port, h2client_address *list, size_t max)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    size_t n = 0;

    if (h2client_address_parse(host, &list[0])) {
        n = 1;
    } else if (getaddrinfo(host, NULL, &hints, &found) == 0) {
        for (struct addrinfo *at = found; at && n < max; at = at->ai_next) {
            char text[64];
            if (getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof text, NULL, 0,
                            NI_NUMERICHOST) == 0 &&
                h2client_address_parse(text, &list[n]))
                n++;
        }
        freeaddrinfo(found);
    }
    for (size_t i = 0; i < n; i++)
        list[i].port = (uint16_t)port;
    return n;
}

static void begin(struct h2t_raw *raw, unsigned port)
{
    const h2client_target target = {
        .size = sizeof target, .host = raw->host, .timeout_ms = H2CLIENT_NO_LIMIT, .port = port};
    h2client_address list[16];
    size_t n = look_up(raw->host, port, list, 16);

    if (n == 0) {
        fail(raw, "the name has no address");
        return;
    }
    raw->dial = raw->dialer->ops->dial(raw->dialer, h2client_session_reactor(raw->session), &target,
                                       is_connected, raw);
    if (raw->dial)
        raw->dialer->ops->add_addresses(raw->dialer, raw->dial, list, n, false);
    else
        fail(raw, "no memory");
}

static struct h2t_raw *create(const struct h2t_raw_options *options)
{
    struct h2t_raw *raw = calloc(1, sizeof *raw);

    if (!raw)
        abort();
    h2t_seen_init(&raw->seen);
    raw->seen.has_preface = true; /* a server has none */
    raw->session = h2client_session_create(NULL);
    raw->dialer = h2client_tcp_dialer_create(NULL, NULL);
    if (!options->is_cleartext)
        raw->factory = h2client_tls_factory_create(options->tls, NULL);
    if (!raw->session || !raw->dialer || (!raw->factory && !options->is_cleartext))
        abort();
    return raw;
}

struct h2t_raw *h2t_raw_open(const char *host, unsigned port, const struct h2t_raw_options *options,
                             char *why, size_t cap)
{
    const struct h2t_raw_options defaults = {.tls = NULL};
    const struct h2t_raw_options *used = options ? options : &defaults;
    int64_t limit_ms = now_ms() + (used->timeout_ms ? used->timeout_ms : USUAL_TIMEOUT_MS);
    struct h2t_raw *raw = create(used);

    raw->host = host;
    begin(raw, port);
    while (!raw->is_opened && now_ms() < limit_ms)
        h2client_session_dispatch(raw->session, limit_ms - now_ms());
    raw->host = NULL;
    if (!raw->is_opened)
        fail(raw, "it was not opened in time");
    if (!raw->has_failed)
        return raw;
    snprintf(why, cap, "%s", raw->failure);
    h2t_raw_close(raw);
    return NULL;
}

void h2t_raw_close(struct h2t_raw *raw)
{
    if (!raw)
        return;
    if (raw->handshake)
        raw->factory->ops->cancel(raw->factory, raw->handshake);
    if (raw->dial)
        raw->dialer->ops->cancel(raw->dialer, raw->dial);
    if (raw->transport)
        raw->transport->ops->destroy(raw->transport);
    h2client_session_destroy(raw->session);
    h2client_tls_factory_destroy(raw->factory);
    h2client_dialer_destroy(raw->dialer);
    h2t_seen_finish(&raw->seen);
    free(raw);
}

/* ---- talking -------------------------------------------------------------------------- */

void h2t_raw_preface(struct h2t_bytes *out)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    h2t_bytes_add(out, preface, sizeof preface - 1);
    h2t_settings(out, NULL, NULL, 0);
}

static void wait_for_room(struct h2t_raw *raw)
{
    raw->transport->ops->wants(raw->transport, H2CLIENT_READABLE | H2CLIENT_WRITABLE);
    h2client_session_dispatch(raw->session, -1);
    if (!raw->has_ended && !raw->has_failed)
        raw->transport->ops->wants(raw->transport, H2CLIENT_READABLE);
}

bool h2t_raw_send(struct h2t_raw *raw, struct h2t_bytes *bytes)
{
    size_t n_sent = 0;

    while (n_sent < bytes->len && !raw->has_ended && !raw->has_failed) {
        const h2client_iovec rest = {bytes->data + n_sent, bytes->len - n_sent};
        ptrdiff_t n = raw->transport->ops->write(raw->transport, &rest, 1);
        if (n > 0)
            n_sent += (size_t)n;
        else if (n == H2CLIENT_IO_AGAIN)
            wait_for_room(raw);
        else
            break; /* what it said before is still to be read */
    }
    h2client_session_dispatch(raw->session, 0);
    bool is_all = n_sent == bytes->len;
    bytes->len = 0;
    return is_all;
}

enum h2t_raw_result h2t_raw_receive(struct h2t_raw *raw, int64_t timeout_ms,
                                    const struct h2t_seen_frame **frame)
{
    int64_t limit_ms = now_ms() + timeout_ms;
    int64_t left_ms = timeout_ms;

    while (raw->n_shown == raw->seen.frames.n && !raw->has_ended && !raw->has_failed &&
           left_ms >= 0) {
        h2client_session_dispatch(raw->session, left_ms);
        left_ms = limit_ms - now_ms();
    }
    if (raw->n_shown < raw->seen.frames.n) {
        *frame = raw->seen.frames.items[raw->n_shown++];
        return H2T_RAW_FRAME;
    }
    *frame = NULL;
    if (raw->has_failed)
        return H2T_RAW_FAILED;
    return raw->has_ended ? H2T_RAW_ENDED : H2T_RAW_SILENT;
}

const char *h2t_raw_failure(const struct h2t_raw *raw)
{
    return raw->failure;
}
