/* SPDX-License-Identifier: MIT */
#include "h2client/pool/connector_internal.h"

#include <string.h>

#include "base/fault.h"
#include "h2client/pool/coalesce.h"

/* TLS alert no_application_protocol (RFC 7301 3.2). */
#define ALERT_NO_APPLICATION_PROTOCOL 120

static int64_t to_ms(int64_t us)
{
    return us == INT64_MAX ? H2CLIENT_NO_LIMIT : us / 1000 + (us % 1000 != 0);
}

/* ---- ends -------------------------------------------------------------- */

void h2i_connector_stop_looking_up(struct h2i_connector *connector)
{
    const struct h2i_pool_config *ports = h2i_connector_ports(connector);

    h2client_reactor_timer_stop(ports->reactor, &connector->dns_timer);
    if (connector->query)
        ports->resolver->ops->cancel(ports->resolver, connector->query);
    connector->query = NULL;
}

/* Its slot is for whom comes next. */
static void finish(struct h2i_connector *connector)
{
    const struct h2i_pool_config *ports = h2i_connector_ports(connector);

    h2i_connector_stop_looking_up(connector);
    h2client_reactor_undefer(ports->reactor, &connector->failure);
    if (connector->dial)
        ports->dialer->ops->cancel(ports->dialer, connector->dial);
    if (connector->handshake)
        ports->tls_factory->ops->cancel(ports->tls_factory, connector->handshake);
    if (connector->tunnel)
        h2i_tunnel_cancel(connector->tunnel);
    if (connector->stream)
        h2i_tunnel_stream_cancel(connector->stream);
    if (connector->to_proxy)
        connector->to_proxy->ops->destroy(connector->to_proxy);
    h2i_pool_leave(connector->origin->pool, &connector->ride);
    h2i_list_remove(&connector->in_origin);
    connector->origin->n_connectors--;
    connector->origin->pool->n_looking -= !connector->has_slot;
    h2i_free(ports->allocator, connector);
}

void h2i_connector_cancel(struct h2i_connector *connector)
{
    struct h2i_origin *origin = connector->origin;
    bool has_slot = connector->has_slot;

    finish(connector);
    if (has_slot)
        h2i_pool_give_slot(origin);
}

void h2i_connector_fail(struct h2i_connector *connector, const h2client_fault *fault)
{
    struct h2i_origin *origin = connector->origin;
    struct h2i_connect_limits limits = connector->limits;
    h2client_fault copy = *fault; /* it may live in what is freed now */

    h2i_log(h2i_connector_ports(connector)->reactor, H2CLIENT_LOG_INFO, "pool", "%s:%u: %s",
            origin->host, origin->port, copy.text[0] ? copy.text : h2client_error_text(copy.code));
    h2i_connector_cancel(connector);
    h2i_origin_connect_failed(origin, &copy, &limits);
}

static void run_failure(h2client_task *task, void *user)
{
    struct h2i_connector *connector = user;

    (void)task;
    h2i_connector_fail(connector, &connector->fault);
}

void h2i_connector_fail_later(struct h2i_connector *connector, h2client_error_code code)
{
    connector->fault = h2i_fault(code, "%s", "");
    h2client_reactor_defer(h2i_connector_ports(connector)->reactor, &connector->failure);
}

void h2i_connector_succeed(struct h2i_connector *connector, h2client_transport *transport,
                           enum h2i_protocol protocol)
{
    struct h2i_origin *origin = connector->origin;
    struct h2i_link *link = h2i_link_create(origin, transport, &connector->marks, protocol);

    if (!link) {
        h2i_connector_fail(connector,
                           &(h2client_fault){.code = H2CLIENT_ERROR_NO_MEMORY, .tls_alert = -1});
        return;
    }
    h2i_log(h2i_connector_ports(connector)->reactor, H2CLIENT_LOG_INFO, "pool",
            "connection %llu to %s:%u (%s) is open, HTTP/%s%s%s",
            (unsigned long long)link->conn->id, origin->host, origin->port, link->peer,
            link->conn->http_version, link->tls_version[0] ? ", " : "", link->tls_version);
    finish(connector);
    h2i_origin_connected(origin, link);
}

/* ---- TLS --------------------------------------------------------------- */

/* The server's alert says only that it liked none of what was offered. */
static h2client_fault with_offer(const struct h2i_connector *connector, const h2client_fault *fault)
{
    const char *const *offer = h2i_origin_alpn(connector->origin);
    h2client_fault mended = *fault;

    if (fault->tls_alert != ALERT_NO_APPLICATION_PROTOCOL)
        return mended;
    mended = h2i_fault(H2CLIENT_ERROR_TLS_ALPN, "the server refused %s%s%s by ALPN", offer[0],
                       offer[1] ? " and " : "", offer[1] ? offer[1] : "");
    mended.tls_alert = fault->tls_alert;
    return mended;
}

enum h2i_protocol h2i_connector_chosen_protocol(h2client_transport *transport)
{
    h2client_transport_info info = {.size = H2CLIENT_TRANSPORT_INFO_BRIEF};

    transport->ops->info(transport, &info);
    return info.alpn && strcmp(info.alpn, "h2") == 0 ? H2I_PROTOCOL_H2 : H2I_PROTOCOL_H1;
}

static h2client_fault other_choice(h2client_transport *transport)
{
    h2client_transport_info info = {.size = H2CLIENT_TRANSPORT_INFO_BRIEF};

    transport->ops->info(transport, &info);
    return h2i_fault(H2CLIENT_ERROR_TLS_ALPN, "only h2 was offered, the server chose %s by ALPN",
                     info.alpn && info.alpn[0] ? info.alpn : "nothing");
}

static void tls_is_done(h2client_transport *transport, const h2client_fault *fault, void *user)
{
    struct h2i_connector *connector = user;
    enum h2i_protocol protocol;
    h2client_fault no_h2;

    connector->handshake = NULL;
    if (!transport) {
        no_h2 = with_offer(connector, fault);
        h2i_connector_fail(connector, &no_h2);
        return;
    }
    connector->marks.secured_us = h2i_connector_now_us(connector);
    protocol = h2i_connector_chosen_protocol(transport);
    if (protocol == H2I_PROTOCOL_H2 ||
        connector->origin->version != H2CLIENT_HTTP_2_PRIOR_KNOWLEDGE) {
        h2i_connector_succeed(connector, transport, protocol);
        return;
    }
    no_h2 = other_choice(transport);
    transport->ops->destroy(transport);
    h2i_connector_fail(connector, &no_h2);
}

void h2i_connector_start_tls(struct h2i_connector *connector, h2client_transport *transport,
                             h2client_tls_params params, h2client_handshake_fn on_done)
{
    const struct h2i_pool_config *ports = h2i_connector_ports(connector);

    params.timeout_ms = to_ms(connector->limits.tls_us);
    connector->phase = H2CLIENT_PHASE_TLS;
    connector->handshake = ports->tls_factory->ops->start(ports->tls_factory, ports->reactor,
                                                          &params, transport, on_done, connector);
    if (!connector->handshake)
        h2i_connector_fail_later(connector, H2CLIENT_ERROR_NO_MEMORY);
}

void h2i_connector_begin_origin(struct h2i_connector *connector, h2client_transport *transport)
{
    const struct h2i_origin *origin = connector->origin;
    const h2client_tls_params params = {
        .size = sizeof params,
        .host = origin->host,
        .alpn = h2i_origin_alpn(origin),
        .tickets = &origin->pool->resumption.store,
        .ticket_key = origin->entry.key,
        .ticket_key_len = origin->entry.key_len,
    };

    if (origin->is_https)
        h2i_connector_start_tls(connector, transport, params, tls_is_done);
    else
        h2i_connector_succeed(connector, transport, h2i_origin_cleartext_protocol(origin));
}

/* ---- the socket -------------------------------------------------------- */

static void dial_is_done(h2client_transport *transport, const h2client_fault *fault, void *user)
{
    struct h2i_connector *connector = user;
    const struct h2i_proxy *proxy = connector->origin->proxy;

    connector->dial = NULL;
    h2i_connector_stop_looking_up(connector);
    if (!transport && proxy) {
        h2i_connector_fail_at_proxy(
            connector,
            fault->code == H2CLIENT_ERROR_TIMEOUT ? fault->code : H2CLIENT_ERROR_PROXY_CONNECT,
            fault);
        return;
    }
    if (!transport) {
        h2i_connector_fail(connector, fault);
        return;
    }
    connector->marks.connected_us = h2i_connector_now_us(connector);
    if (proxy)
        h2i_connector_begin_proxy(connector, transport);
    else
        h2i_connector_begin_origin(connector, transport);
}

static bool start_dial(struct h2i_connector *connector, const h2client_target *target)
{
    const struct h2i_pool_config *ports = h2i_connector_ports(connector);

    connector->dial =
        ports->dialer->ops->dial(ports->dialer, ports->reactor, target, dial_is_done, connector);
    return connector->dial != NULL;
}

/* ---- names ------------------------------------------------------------- */

/* Whom to connect to: the proxy, or the origin itself. */
static h2client_target target_of(const struct h2i_connector *connector)
{
    const struct h2i_origin *origin = connector->origin;

    return (h2client_target){
        .size = sizeof(h2client_target),
        .host = origin->proxy ? origin->proxy->host : origin->place.host,
        .port = origin->proxy ? origin->proxy->port : origin->place.port,
        .timeout_ms = to_ms(connector->limits.sock_connect_us),
    };
}

/* In the resolver's order: which one connections begin with is the dialer's to say. */
static void add_addresses(struct h2i_connector *connector, const h2client_address *list, size_t n,
                          bool more)
{
    const struct h2i_pool_config *ports = h2i_connector_ports(connector);
    h2client_address with_port[H2CLIENT_MAX_ADDRESSES];
    uint16_t port = (uint16_t)target_of(connector).port;

    if (n > H2CLIENT_MAX_ADDRESSES)
        n = H2CLIENT_MAX_ADDRESSES;
    for (size_t i = 0; i < n; i++) {
        with_port[i] = list[i];
        with_port[i].port = port;
    }
    ports->dialer->ops->add_addresses(ports->dialer, connector->dial, with_port, n, more);
}

/* False: there is none, and it is gone. */
static bool take_slot(struct h2i_connector *connector)
{
    struct h2i_origin *origin = connector->origin;

    if (connector->has_slot)
        return true;
    connector->has_slot = h2i_pool_take_slot(origin->pool, origin);
    origin->pool->n_looking -= connector->has_slot;
    if (connector->has_slot)
        return true;
    h2i_connector_cancel(connector);
    origin->episode++; /* they wait for a place now, and connect later */
    h2i_origin_touch(origin);
    return false;
}

static void first_address(struct h2i_connector *connector)
{
    h2client_target target = target_of(connector);

    connector->has_addresses = true;
    connector->marks.resolved_us = h2i_connector_now_us(connector);
    connector->phase = H2CLIENT_PHASE_CONNECT;
    h2client_reactor_timer_stop(h2i_connector_ports(connector)->reactor, &connector->dns_timer);
    start_dial(connector, &target);
}

static void fail_to_find(struct h2i_connector *connector, const h2client_fault *fault)
{
    if (connector->origin->proxy)
        h2i_connector_fail_at_proxy(connector, H2CLIENT_ERROR_PROXY_NAME, fault);
    else
        h2i_connector_fail(connector, fault);
}

static void addresses_came(const h2client_addresses *addresses, void *user)
{
    struct h2i_connector *connector = user;
    h2client_fault no_memory = {.code = H2CLIENT_ERROR_NO_MEMORY, .tls_alert = -1};

    if (!addresses->more)
        connector->query = NULL;
    if (h2i_coalesce_borrow(connector->origin, addresses->list, addresses->n))
        return;
    if (addresses->n && !take_slot(connector))
        return;
    if (addresses->n && !connector->has_addresses)
        first_address(connector);
    if (connector->dial)
        add_addresses(connector, addresses->list, addresses->n, addresses->more);
    else if (connector->has_addresses)
        h2i_connector_fail(connector, &no_memory);
    else if (!addresses->more)
        fail_to_find(connector, addresses->fault ? addresses->fault : &no_memory);
}

static void dns_timed_out(h2client_timer *timer, void *user)
{
    struct h2i_connector *connector = user;
    h2client_fault fault =
        h2i_fault_of_timeout(H2CLIENT_LIMIT_DNS, to_ms(connector->limits.dns_us));

    (void)timer;
    h2i_connector_fail(connector, &fault);
}

bool h2i_connector_look_up(struct h2i_connector *connector, const char *host, uint16_t port,
                           h2client_addresses_fn on_addresses)
{
    const struct h2i_pool_config *ports = h2i_connector_ports(connector);
    int64_t deadline_us;

    connector->phase = H2CLIENT_PHASE_DNS;
    connector->origin->pool->stats.n_lookups++;
    connector->query = ports->resolver->ops->resolve(ports->resolver, ports->reactor, host, port,
                                                     on_addresses, connector);
    if (!connector->query)
        return false;
    if (__builtin_add_overflow(h2i_connector_now_us(connector), connector->limits.dns_us,
                               &deadline_us))
        return true;
    return h2client_reactor_timer_start(ports->reactor, &connector->dns_timer, deadline_us) ==
           H2CLIENT_OK;
}

/* A literal, or a dialer that wants no addresses: no look-up. */
static bool start_without_lookup(struct h2i_connector *connector, const h2client_target *target,
                                 bool wants_addresses)
{
    h2client_address literal;

    connector->phase = H2CLIENT_PHASE_CONNECT;
    if (!start_dial(connector, target))
        return false;
    if (wants_addresses && h2client_address_parse(target->host, &literal))
        add_addresses(connector, &literal, 1, false);
    return true;
}

/* Looks it up first, where that is wanted. False: no memory. */
static bool find_way(struct h2i_connector *connector)
{
    const struct h2i_pool_config *ports = h2i_connector_ports(connector);
    const struct h2i_origin *origin = connector->origin;
    h2client_target target = target_of(connector);
    bool is_literal = origin->proxy ? origin->proxy->host_is_literal : origin->place.is_literal;
    bool wants_addresses;

    if (h2i_connector_is_carried(connector))
        return h2i_connector_take_ride(connector);
    wants_addresses = ports->dialer->ops->wants_addresses(ports->dialer, &target);
    if (wants_addresses && !is_literal)
        return h2i_connector_look_up(connector, target.host, (uint16_t)target.port, addresses_came);
    return start_without_lookup(connector, &target, wants_addresses);
}

void h2i_connector_try_again(struct h2i_connector *connector)
{
    connector->has_addresses = false;
    if (!find_way(connector))
        h2i_connector_fail_later(connector, H2CLIENT_ERROR_NO_MEMORY);
}

struct h2i_connector *h2i_connector_start(struct h2i_origin *origin,
                                          const struct h2i_connect_limits *limits, bool has_slot)
{
    const struct h2i_pool_config *ports = &origin->pool->config;
    struct h2i_connector *connector = h2i_alloc_zeroed(ports->allocator, sizeof *connector);

    if (!connector)
        return NULL;
    connector->origin = origin;
    connector->limits = *limits;
    connector->has_slot = has_slot;
    origin->pool->n_looking += !has_slot;
    connector->marks = (struct h2i_link_marks){-1, -1, -1};
    connector->dns_timer.on_expire = dns_timed_out;
    connector->dns_timer.user = connector;
    connector->failure.run = run_failure;
    connector->failure.user = connector;
    h2i_list_append(&origin->connectors, &connector->in_origin);
    origin->n_connectors++;
    if (!find_way(connector))
        h2i_connector_fail_later(connector, H2CLIENT_ERROR_NO_MEMORY);
    return connector;
}

struct h2i_connector *h2i_connector_of(struct h2i_list *in_origin)
{
    return H2I_CONTAINER_OF(in_origin, struct h2i_connector, in_origin);
}

bool h2i_connector_has_slot(const struct h2i_connector *connector)
{
    return connector->has_slot;
}

void h2i_connector_describe(const struct h2i_connector *connector, struct h2i_text *text)
{
    h2client_dialer *dialer = h2i_connector_ports(connector)->dialer;
    char met[sizeof((h2client_fault *)0)->text] = "";

    if (connector->ride.origin) {
        h2i_ticket_describe(&connector->ride, text);
        return;
    }
    if (!connector->dial || dialer->ops->size <= offsetof(h2client_dialer_ops, describe) ||
        !dialer->ops->describe)
        return;
    dialer->ops->describe(dialer, connector->dial, met, sizeof met);
    if (met[0])
        h2i_text_add(text, ": %s", met);
}

h2client_phase h2i_connector_phase(const struct h2i_connector *connector)
{
    return connector->ride.origin ? h2i_ticket_phase(&connector->ride) : connector->phase;
}
