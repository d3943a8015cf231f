/* SPDX-License-Identifier: MIT */
/* The TLS port without TLS: a handshake is a timer, a transport hands every verb on. */
#include "h2client-testing/fake_tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct h2client_handshake {
    struct h2t_tls *tls;
    h2client_reactor *reactor;
    h2client_timer timer;
    h2client_transport *inner;
    h2client_handshake_fn on_done;
    void *user;
    bool fails;
    h2client_fault fault;
    char host[256];
};

struct fake_paper {
    h2client_certificate certificate;
    h2client_bytes chain;
    char subject[256 + sizeof "CN="];
};

struct fake_layer {
    h2client_transport transport; /* first */
    struct fake_paper *paper;     /* NULL: not asked for */
    struct h2t_tls *tls;
    h2client_transport *inner;
    char host[256];
};

static struct fake_layer *layer_of(h2client_transport *transport)
{
    return (struct fake_layer *)(void *)transport;
}

/* ---- the transport ------------------------------------------------------ */

static ptrdiff_t layer_read(h2client_transport *transport, void *buf, size_t cap)
{
    h2client_transport *inner = layer_of(transport)->inner;

    return inner->ops->read(inner, buf, cap);
}

static ptrdiff_t layer_write(h2client_transport *transport, const h2client_iovec *iov, size_t n)
{
    h2client_transport *inner = layer_of(transport)->inner;

    return inner->ops->write(inner, iov, n);
}

static void layer_wants(h2client_transport *transport, unsigned events)
{
    h2client_transport *inner = layer_of(transport)->inner;

    inner->ops->wants(inner, events);
}

static void layer_half_close(h2client_transport *transport)
{
    h2client_transport *inner = layer_of(transport)->inner;

    inner->ops->half_close(inner);
}

static const h2client_certificate *describe(struct fake_layer *layer)
{
    struct fake_paper *paper = layer->paper;

    layer->tls->n_described++;
    if (!layer->tls->shows_certificate)
        return NULL;
    if (!paper)
        layer->paper = paper = calloc(1, sizeof *paper);
    if (!paper)
        abort();
    snprintf(paper->subject, sizeof paper->subject, "CN=%s", layer->host);
    paper->chain = (h2client_bytes){"der", 3};
    paper->certificate = (h2client_certificate){.size = sizeof paper->certificate,
                                                .chain = &paper->chain,
                                                .n_chain = 1,
                                                .subject = paper->subject,
                                                .issuer = "CN=authority",
                                                .sha256 = "0123",
                                                .not_before_s = 1000,
                                                .not_after_s = 2000};
    return &paper->certificate;
}

static const char *choice_of(const struct fake_layer *layer)
{
    const struct h2t_tls *tls = layer->tls;

    return tls->other.host && strcmp(layer->host, tls->other.host) == 0 ? tls->other.alpn
                                                                        : tls->alpn;
}

static void layer_info(h2client_transport *transport, h2client_transport_info *info)
{
    struct fake_layer *layer = layer_of(transport);

    layer->inner->ops->info(layer->inner, info);
    if (!info->alpn || layer->inner->ops == layer->transport.ops)
        info->alpn = choice_of(layer);
    info->tls_version = "TLS1.3";
    info->tls_cipher = "NONE";
    info->tls_resumed = layer->tls->is_resumed;
    if (info->size == H2CLIENT_TRANSPORT_INFO_BRIEF)
        return;
    info->tls_certificate = describe(layer);
    info->tls_group = "X25519";
    info->tls_signature = NULL; /* not known */
}

static bool layer_covers_host(h2client_transport *transport, const char *host)
{
    const struct fake_layer *layer = layer_of(transport);
    const char *covers = layer->tls->covers;

    layer->tls->n_cover_checks++;
    return strcmp(layer->host, host) == 0 ||
           (covers && (strcmp(covers, host) == 0 || strcmp(covers, "*") == 0));
}

static void layer_destroy(h2client_transport *transport)
{
    struct fake_layer *layer = layer_of(transport);

    layer->inner->ops->destroy(layer->inner);
    layer->tls->n_live--;
    free(layer->paper);
    free(layer);
}

static const h2client_transport_ops layer_ops = {
    .size = sizeof layer_ops,
    .read = layer_read,
    .write = layer_write,
    .wants = layer_wants,
    .half_close = layer_half_close,
    .info = layer_info,
    .covers_host = layer_covers_host,
    .destroy = layer_destroy,
};

static void on_inner_ready(h2client_transport *inner, unsigned ready, void *user)
{
    struct fake_layer *layer = user;

    (void)inner;
    if (layer->transport.on_ready)
        layer->transport.on_ready(&layer->transport, ready, layer->transport.user);
}

static h2client_transport *make_layer(const struct h2client_handshake *handshake)
{
    struct fake_layer *layer = calloc(1, sizeof *layer);

    if (!layer)
        abort();
    layer->transport.ops = &layer_ops;
    layer->tls = handshake->tls;
    layer->inner = handshake->inner;
    layer->inner->on_ready = on_inner_ready;
    layer->inner->user = layer;
    memcpy(layer->host, handshake->host, sizeof layer->host);
    layer->tls->n_live++;
    return &layer->transport;
}

/* ---- the handshake ------------------------------------------------------ */

static void free_handshake(struct h2client_handshake *handshake)
{
    handshake->tls->n_live--;
    free(handshake);
}

static void on_time(h2client_timer *timer, void *user)
{
    struct h2client_handshake *handshake = user;
    h2client_handshake_fn on_done = handshake->on_done;
    void *on_done_user = handshake->user;
    h2client_fault fault = handshake->fault;
    h2client_transport *transport = NULL;

    (void)timer;
    if (handshake->fails)
        handshake->inner->ops->destroy(handshake->inner);
    else
        transport = make_layer(handshake);
    free_handshake(handshake);
    on_done(transport, transport ? NULL : &fault, on_done_user);
}

static void note_params(struct h2t_tls *tls, const h2client_tls_params *params)
{
    size_t len = 0;

    tls->n_handshakes++;
    tls->timeout_ms = params->timeout_ms;
    snprintf(tls->host, sizeof tls->host, "%s", params->host);
    tls->tickets = params->tickets;
    tls->ticket_key_len = params->ticket_key_len;
    if (params->ticket_key_len > sizeof tls->ticket_key)
        abort();
    if (params->ticket_key)
        memcpy(tls->ticket_key, params->ticket_key, params->ticket_key_len);
    tls->offered[0] = 0;
    for (const char *const *name = params->alpn; name && *name; name++) {
        snprintf(tls->offered + len, sizeof tls->offered - len, "%s%s", len ? "," : "", *name);
        len = strlen(tls->offered);
    }
}

/* When and how it ends; INT64_MAX: never. */
static int64_t plan_end(struct h2client_handshake *handshake, int64_t timeout_ms)
{
    const struct h2t_tls *tls = handshake->tls;
    int64_t now_us = h2client_reactor_now_us(handshake->reactor);
    bool has_limit = timeout_ms != H2CLIENT_NO_LIMIT;

    handshake->fails = tls->fails;
    handshake->fault = tls->fault;
    if (has_limit && (tls->is_silent || tls->delay_ms > timeout_ms)) {
        handshake->fails = true;
        handshake->fault = (h2client_fault){
            .code = H2CLIENT_ERROR_TIMEOUT, .limit = H2CLIENT_LIMIT_TLS, .tls_alert = -1};
        snprintf(handshake->fault.text, sizeof handshake->fault.text, "tls timeout");
        return now_us + timeout_ms * 1000;
    }
    return tls->is_silent ? INT64_MAX : now_us + tls->delay_ms * 1000;
}

static h2client_handshake *start(h2client_tls_factory *factory, h2client_reactor *reactor,
                                 const h2client_tls_params *params, h2client_transport *inner,
                                 h2client_handshake_fn on_done, void *user)
{
    struct h2t_tls *tls = (struct h2t_tls *)(void *)factory; /* its first member */
    struct h2client_handshake *handshake = calloc(1, sizeof *handshake);
    int64_t deadline_us;

    if (!handshake)
        abort();
    *handshake = (struct h2client_handshake){
        .tls = tls,
        .reactor = reactor,
        .timer = {.on_expire = on_time, .user = handshake},
        .inner = inner,
        .on_done = on_done,
        .user = user,
    };
    note_params(tls, params);
    memcpy(handshake->host, tls->host, sizeof handshake->host);
    deadline_us = plan_end(handshake, params->timeout_ms);
    if (deadline_us != INT64_MAX &&
        h2client_reactor_timer_start(reactor, &handshake->timer, deadline_us) != H2CLIENT_OK) {
        inner->ops->destroy(inner);
        free(handshake);
        return NULL;
    }
    tls->n_live++;
    return handshake;
}

static void cancel(h2client_tls_factory *factory, h2client_handshake *handshake)
{
    (void)factory;
    handshake->tls->n_cancelled++;
    h2client_reactor_timer_stop(handshake->reactor, &handshake->timer);
    handshake->inner->ops->destroy(handshake->inner);
    free_handshake(handshake);
}

static void destroy(h2client_tls_factory *factory)
{
    (void)factory;
}

static const h2client_tls_factory_ops factory_ops = {
    .size = sizeof factory_ops,
    .start = start,
    .cancel = cancel,
    .destroy = destroy,
};

void h2t_tls_init(struct h2t_tls *tls)
{
    tls->factory.ops = &factory_ops;
}
