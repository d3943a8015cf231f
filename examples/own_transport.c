/* SPDX-License-Identifier: MIT */
/*
 * A transport of one's own, and the dialer that makes it: TCP, but each byte is masked on the
 * wire. docs/transports.md goes through it.
 *
 *     ./own_transport URL [FILE]     gets the URL, or posts the file
 */
#include <h2client/h2client.h>
#include <stdio.h>
#include <stdlib.h>

#define MASK 0x5a

static void mask(unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] ^= MASK;
}

/* ---- the transport: every function of the port, over the one it wraps ---- */

struct masked {
    h2client_transport transport; /* first: what we are handed is a pointer to it */
    h2client_transport *inner;
};

static h2client_transport *inner_of(h2client_transport *transport)
{
    return ((struct masked *)transport)->inner;
}

static ptrdiff_t masked_read(h2client_transport *transport, void *buf, size_t cap)
{
    h2client_transport *inner = inner_of(transport);
    ptrdiff_t n = inner->ops->read(inner, buf, cap);

    if (n > 0) /* otherwise an end, nothing yet, or a failure: ours as well */
        mask(buf, (size_t)n);
    return n;
}

/* What is given stays the caller's: a copy is masked. It may be taken in part; the rest is
 * given again, so nothing is kept. */
static ptrdiff_t masked_write(h2client_transport *transport, const h2client_iovec *iov,
                              size_t n_iov)
{
    h2client_transport *inner = inner_of(transport);
    unsigned char copy[4096];
    size_t n = 0;

    for (size_t i = 0; i < n_iov; i++)
        for (size_t k = 0; k < iov[i].len && n < sizeof copy; k++)
            copy[n++] = ((const unsigned char *)iov[i].data)[k];
    mask(copy, n);
    return inner->ops->write(inner, &(h2client_iovec){copy, n}, 1);
}

static void masked_wants(h2client_transport *transport, unsigned events)
{
    inner_of(transport)->ops->wants(inner_of(transport), events);
}

static void masked_half_close(h2client_transport *transport)
{
    inner_of(transport)->ops->half_close(inner_of(transport));
}

static void masked_info(h2client_transport *transport, h2client_transport_info *info)
{
    inner_of(transport)->ops->info(inner_of(transport), info);
}

static bool masked_covers_host(h2client_transport *transport, const char *host)
{
    return inner_of(transport)->ops->covers_host(inner_of(transport), host);
}

static void masked_destroy(h2client_transport *transport)
{
    inner_of(transport)->ops->destroy(inner_of(transport));
    free(transport);
}

static void inner_is_ready(h2client_transport *inner, unsigned ready, void *user)
{
    struct masked *masked = user;

    (void)inner;
    masked->transport.on_ready(&masked->transport, ready, masked->transport.user);
}

/* Owns `inner` from here on. NULL: no memory. */
static h2client_transport *masked_create(h2client_transport *inner)
{
    static const h2client_transport_ops ops = {
        .size = sizeof ops,
        .read = masked_read,
        .write = masked_write,
        .wants = masked_wants,
        .half_close = masked_half_close,
        .info = masked_info,
        .covers_host = masked_covers_host,
        .destroy = masked_destroy,
    };
    struct masked *masked = calloc(1, sizeof *masked);

    if (!masked) {
        inner->ops->destroy(inner);
        return NULL;
    }
    masked->transport.ops = &ops;
    masked->inner = inner;
    inner->on_ready = inner_is_ready;
    inner->user = masked;
    return &masked->transport;
}

/* ---- the dialer: dials are the inner one's, what comes of them is wrapped ---- */

struct masking_dialer {
    h2client_dialer dialer; /* first */
    h2client_dialer *inner;
};

struct h2client_dial { /* each dialer has a definition of its own */
    h2client_dial *inner;
    h2client_dial_fn on_done;
    void *user;
};

static h2client_dialer *inner_dialer(h2client_dialer *dialer)
{
    return ((struct masking_dialer *)dialer)->inner;
}

static void dialled(h2client_transport *transport, const h2client_fault *fault, void *user)
{
    static const h2client_fault no_memory = {.code = H2CLIENT_ERROR_NO_MEMORY, .tls_alert = -1};
    h2client_dial dial = *(h2client_dial *)user;

    free(user); /* a dial is gone when on_done runs, which comes last */
    if (transport) {
        transport = masked_create(transport);
        fault = transport ? NULL : &no_memory;
    }
    dial.on_done(transport, fault, dial.user);
}

static bool wants_addresses(h2client_dialer *dialer, const h2client_target *target)
{
    return inner_dialer(dialer)->ops->wants_addresses(inner_dialer(dialer), target);
}

static h2client_dial *start_dial(h2client_dialer *dialer, h2client_reactor *reactor,
                                 const h2client_target *target, h2client_dial_fn on_done,
                                 void *user)
{
    h2client_dialer *inner = inner_dialer(dialer);
    h2client_dial *dial = malloc(sizeof *dial);

    if (!dial)
        return NULL;
    *dial = (h2client_dial){.on_done = on_done, .user = user};
    dial->inner = inner->ops->dial(inner, reactor, target, dialled, dial);
    if (dial->inner)
        return dial;
    free(dial);
    return NULL;
}

static void add_addresses(h2client_dialer *dialer, h2client_dial *dial,
                          const h2client_address *list, size_t n, bool more)
{
    inner_dialer(dialer)->ops->add_addresses(inner_dialer(dialer), dial->inner, list, n, more);
}

static void cancel_dial(h2client_dialer *dialer, h2client_dial *dial)
{
    inner_dialer(dialer)->ops->cancel(inner_dialer(dialer), dial->inner);
    free(dial);
}

static void destroy_nothing(h2client_dialer *dialer)
{
    (void)dialer; /* it is a variable of main's */
}

/* ---- a session over it ---- */

static int fetch(h2client_dialer *dialer, const char *url, const char *file)
{
    h2client_session *session = h2client_session_create(H2CLIENT_SESSION(.dialer = dialer));
    h2client_call *call = file ? h2client_post(session, url, .body = H2CLIENT_FILE(file))
                               : h2client_get(session, url);
    const h2client_response *resp = h2client_call_await(call);

    if (resp)
        fwrite(h2client_response_body(resp).data, 1, h2client_response_body(resp).len, stdout);
    else
        fprintf(stderr, "own_transport: %s\n", h2client_call_error(call)->message);
    h2client_call_destroy(call);
    h2client_session_destroy(session);
    return resp ? 0 : 1;
}

int main(int argc, char **argv)
{
    static const h2client_dialer_ops ops = {
        .size = sizeof ops,
        .wants_addresses = wants_addresses,
        .dial = start_dial,
        .add_addresses = add_addresses,
        .cancel = cancel_dial,
        .destroy = destroy_nothing,
    };
    struct masking_dialer masking = {.dialer.ops = &ops};
    int status;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: own_transport URL [FILE]\n");
        return 2;
    }
    masking.inner = h2client_tcp_dialer_create(NULL, NULL);
    if (!masking.inner)
        return 1;
    status = fetch(&masking.dialer, argv[1], argv[2]);
    h2client_dialer_destroy(masking.inner);
    return status;
}
