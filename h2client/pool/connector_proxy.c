/* SPDX-License-Identifier: MIT */
/*
 * What a connector does where a proxy is in the way. Over one that is reached by TLS and makes
 * tunnels, its origin for the proxy (the carrier, origin.h) opens the connections: of HTTP/2,
 * which many tunnels share, each a stream; of HTTP/1.1, one a tunnel. To others the connector
 * dials by itself.
 */
#include "base/fault.h"
#include "h2client/pool/connector_internal.h"

/* How often a connection to the proxy may end before it has answered. */
#define MAX_RIDES 3
#define ARENA_BLOCK_BYTES 1024

void h2i_connector_fail_at_proxy(struct h2i_connector *connector, h2client_error_code code,
                                 const h2client_fault *fault)
{
    const struct h2i_proxy *proxy = connector->origin->proxy;
    h2client_fault mended;

    if (fault->code == H2CLIENT_ERROR_NO_MEMORY || fault->code == H2CLIENT_ERROR_NO_DESCRIPTORS ||
        fault->code == H2CLIENT_ERROR_BIND_FAILED) {
        h2i_connector_fail(connector, fault);
        return;
    }
    mended = h2i_fault(code, "proxy %s:%u: %s", proxy->host, proxy->port,
                       fault->text[0] ? fault->text : h2client_error_text(fault->code));
    mended.limit = fault->limit;
    mended.system_errno = fault->system_errno;
    mended.tls_alert = fault->tls_alert;
    mended.dns_status = fault->dns_status;
    h2i_connector_fail(connector, &mended);
}

/* ---- who we are ----------------------------------------------------------------- */

/* A 407, in the middle of the tunnel's work: the tunnel fails next. */
static void note_challenge(const h2client_header *fields, void *user)
{
    struct h2i_connector *connector = user;
    struct h2i_arena arena;

    h2i_arena_init(&arena, h2i_connector_ports(connector)->allocator, ARENA_BLOCK_BYTES);
    connector->is_challenged =
        h2i_proxy_is_challenged(&h2i_connector_ports(connector)->logins, connector->origin->proxy,
                                &arena, fields, &connector->n_challenges);
    h2i_arena_finish(&arena);
}

static bool answers_challenge(struct h2i_connector *connector)
{
    bool is_challenged = connector->is_challenged;

    connector->is_challenged = false;
    if (is_challenged)
        h2i_connector_try_again(connector);
    return is_challenged;
}

/* What CONNECT needs to say it, in the arena. */
static h2client_fault log_in(const struct h2i_connector *connector, struct h2i_arena *arena,
                             struct h2i_tunnel_params *params)
{
    char target[H2I_TUNNEL_TARGET_MAX], buf[160] = "";
    struct h2i_text why = h2i_text(buf, sizeof buf);
    h2client_error_code code =
        h2i_proxy_log_in(&h2i_connector_ports(connector)->logins, params->proxy, arena, "CONNECT",
                         h2i_tunnel_target(params, target), &params->authorization, &why);

    return h2i_fault(code, "%s", buf);
}

/* ---- the tunnel over a connection of its own --------------------------------- */

static void tunnel_is_done(h2client_transport *transport, const h2client_fault *fault, void *user)
{
    struct h2i_connector *connector = user;

    connector->tunnel = NULL;
    if (transport)
        h2i_connector_begin_origin(connector, transport);
    else if (!answers_challenge(connector))
        h2i_connector_fail_at_proxy(connector, fault->code, fault);
}

static struct h2i_tunnel_params tunnel_params(struct h2i_connector *connector)
{
    const struct h2i_origin *origin = connector->origin;

    return (struct h2i_tunnel_params){.proxy = origin->proxy,
                                      .host = origin->place.host,
                                      .host_is_literal = origin->place.is_literal,
                                      .port = origin->place.port,
                                      .timeout_us = connector->limits.tls_us,
                                      .on_challenge = note_challenge,
                                      .user = connector};
}

/* `address` NULL: the proxy looks it up. */
static void start_tunnel(struct h2i_connector *connector, h2client_transport *transport,
                         const h2client_address *address)
{
    const struct h2i_origin *origin = connector->origin;
    const struct h2i_pool_config *ports = h2i_connector_ports(connector);
    struct h2i_tunnel_params params = tunnel_params(connector);
    h2client_address literal;
    struct h2i_arena arena;

    params.address = address;
    if (origin->place.is_literal && h2client_address_parse(origin->place.host, &literal))
        params.address = &literal;
    connector->phase = H2CLIENT_PHASE_PROXY;
    h2i_arena_init(&arena, ports->allocator, ARENA_BLOCK_BYTES);
    connector->fault = log_in(connector, &arena, &params);
    if (connector->fault.code)
        transport->ops->destroy(transport);
    else
        connector->tunnel = h2i_tunnel_start(ports->reactor, transport, &params, tunnel_is_done,
                                             connector, &connector->fault);
    h2i_arena_finish(&arena);
    if (!connector->tunnel)
        h2client_reactor_defer(ports->reactor, &connector->failure);
}

/* Its first address will do: the proxy is told of one only. */
static void target_came(const h2client_addresses *addresses, void *user)
{
    struct h2i_connector *connector = user;
    h2client_transport *transport = connector->to_proxy;
    h2client_fault no_memory = {.code = H2CLIENT_ERROR_NO_MEMORY, .tls_alert = -1};
    h2client_address first;

    if (!addresses->more)
        connector->query = NULL;
    if (addresses->n) {
        first = addresses->list[0];
        connector->to_proxy = NULL;
        h2i_connector_stop_looking_up(connector);
        start_tunnel(connector, transport, &first);
    } else if (!addresses->more) {
        h2i_connector_fail(connector, addresses->fault ? addresses->fault : &no_memory);
    }
}

/* ---- whatever it is to be used for ------------------------------------------------ */

static void use_proxy(struct h2i_connector *connector, h2client_transport *transport)
{
    const struct h2i_origin *origin = connector->origin;

    if (h2i_proxy_forwards(origin->proxy, origin->is_https, origin->version)) {
        h2i_connector_succeed(connector, transport, H2I_PROTOCOL_H1);
    } else if (origin->proxy->kind == H2I_PROXY_SOCKS5 && !origin->place.is_literal) {
        connector->to_proxy = transport;
        if (!h2i_connector_look_up(connector, origin->place.host, origin->place.port, target_came))
            h2i_connector_fail_later(connector, H2CLIENT_ERROR_NO_MEMORY);
    } else {
        start_tunnel(connector, transport, NULL);
    }
}

/* As a carrier: a connection that many share, or one for the first who waits. */
static void carry(struct h2i_connector *connector, h2client_transport *transport)
{
    struct h2i_origin *carrier = connector->origin;

    if (h2i_connector_chosen_protocol(transport) == H2I_PROTOCOL_H2) {
        h2i_connector_succeed(connector, transport, H2I_PROTOCOL_H2);
    } else {
        h2i_connector_cancel(connector);
        h2i_origin_hand_over(carrier, transport);
    }
}

static void tls_to_proxy_is_done(h2client_transport *transport, const h2client_fault *fault,
                                 void *user)
{
    struct h2i_connector *connector = user;

    connector->handshake = NULL;
    if (!transport) {
        h2i_connector_fail_at_proxy(connector, fault->code, fault);
        return;
    }
    connector->marks.secured_us = h2i_connector_now_us(connector);
    if (connector->origin->is_carrier)
        carry(connector, transport);
    else
        use_proxy(connector, transport);
}

void h2i_connector_begin_proxy(struct h2i_connector *connector, h2client_transport *transport)
{
    static const char *const only_h1[] = {"http/1.1", NULL};
    const struct h2i_origin *origin = connector->origin;
    const h2client_tls_params params = {
        .size = sizeof params,
        .host = origin->proxy->host,
        .alpn = origin->is_carrier ? h2i_origin_alpn(origin) : only_h1,
        .tickets = &origin->pool->resumption.store,
        .ticket_key = origin->entry.key,
        .ticket_key_len = origin->entry.key_len,
    };

    if (origin->proxy->kind == H2I_PROXY_HTTPS)
        h2i_connector_start_tls(connector, transport, params, tls_to_proxy_is_done);
    else
        use_proxy(connector, transport);
}

/* ---- over the carrier's connections ----------------------------------------------------- */

bool h2i_connector_is_carried(const struct h2i_connector *connector)
{
    const struct h2i_origin *origin = connector->origin;

    return origin->proxy && origin->proxy->kind == H2I_PROXY_HTTPS && !origin->is_carrier &&
           !h2i_proxy_forwards(origin->proxy, origin->is_https, origin->version);
}

/* The connection may have been about to end when it was asked. */
static bool ride_again(struct h2i_connector *connector, const h2client_fault *fault)
{
    switch (fault->code) {
    case H2CLIENT_ERROR_PROXY_AUTH:
    case H2CLIENT_ERROR_PROXY_REFUSED:
    case H2CLIENT_ERROR_TIMEOUT:
    case H2CLIENT_ERROR_NO_MEMORY:
        return false;
    default:
        return connector->n_rides < MAX_RIDES && h2i_connector_take_ride(connector);
    }
}

static void stream_is_done(h2client_transport *transport, const h2client_fault *fault, void *user)
{
    struct h2i_connector *connector = user;

    connector->stream = NULL;
    if (transport)
        h2i_connector_begin_origin(connector, transport);
    else if (!answers_challenge(connector) && !ride_again(connector, fault))
        h2i_connector_fail_at_proxy(connector, fault->code, fault);
}

static h2client_error_code ask(struct h2i_connector *connector, struct h2i_link *link)
{
    struct h2i_tunnel_params params = tunnel_params(connector);
    struct h2i_arena arena;
    h2client_error_code code;

    h2i_arena_init(&arena, h2i_connector_ports(connector)->allocator, ARENA_BLOCK_BYTES);
    connector->fault = log_in(connector, &arena, &params);
    code = connector->fault.code;
    if (!code)
        code =
            h2i_tunnel_stream_start(link, &params, stream_is_done, connector, &connector->stream);
    h2i_arena_finish(&arena);
    return code;
}

static h2client_error_code ride(struct h2i_ticket *ticket, struct h2i_link *link)
{
    struct h2i_connector *connector = H2I_CONTAINER_OF(ticket, struct h2i_connector, ride);
    h2client_error_code code = ask(connector, link);

    if (code == H2CLIENT_PENDING)
        return code;
    connector->phase = H2CLIENT_PHASE_PROXY;
    connector->marks.connected_us = h2i_connector_now_us(connector);
    connector->n_rides++;
    if (code && !connector->fault.code)
        connector->fault = h2i_fault(code, "%s", "");
    if (code)
        h2client_reactor_defer(h2i_connector_ports(connector)->reactor, &connector->failure);
    return code;
}

/* HTTP/1.1: the connection is the tunnel. */
static void ride_alone(struct h2i_ticket *ticket, h2client_transport *transport)
{
    struct h2i_connector *connector = H2I_CONTAINER_OF(ticket, struct h2i_connector, ride);

    connector->marks.connected_us = h2i_connector_now_us(connector);
    start_tunnel(connector, transport, NULL);
}

/* Its own tries are spent already, and its text names the proxy. */
static void stay_behind(struct h2i_ticket *ticket, const struct h2i_outcome *outcome)
{
    struct h2i_connector *connector = H2I_CONTAINER_OF(ticket, struct h2i_connector, ride);

    h2i_connector_fail(connector, &outcome->fault);
}

static void is_connecting(struct h2i_ticket *ticket)
{
    (void)ticket; /* who waits for the origin was told so */
}

bool h2i_connector_take_ride(struct h2i_connector *connector)
{
    static const struct h2i_ticket_events events = {.on_link = ride,
                                                    .on_transport = ride_alone,
                                                    .on_connecting = is_connecting,
                                                    .on_failed = stay_behind};
    const struct h2i_origin *origin = connector->origin;

    connector->ride.events = &events;
    connector->ride.limits = connector->limits;
    connector->ride.waiter.priority = H2I_N_PRIORITIES / 2;
    connector->phase = H2CLIENT_PHASE_CONNECT;
    return h2i_pool_enter_carrier(origin->pool, origin->proxy, &connector->ride);
}
