/* SPDX-License-Identifier: MIT */
/*
 * The inside of a connector, shared by its files and by nobody else.
 *
 *   connector         names, the socket, TLS with the origin, its ends
 *   connector_proxy   what lies between the socket and the origin where a proxy does
 */
#ifndef H2I_CONNECTOR_INTERNAL_H
#define H2I_CONNECTOR_INTERNAL_H

#include "h2client/pool/connector.h"
#include "h2client/pool/link.h"
#include "h2client/pool/tunnel.h"
#include "h2client/pool/tunnel_stream.h"

struct h2i_connector {
    struct h2i_list in_origin; /* on origin->connectors */
    struct h2i_origin *origin;
    struct h2i_connect_limits limits;
    h2client_phase phase;
    h2client_query *query;            /* while resolving */
    h2client_dial *dial;              /* while connecting */
    h2client_handshake *handshake;    /* while in TLS */
    struct h2i_tunnel *tunnel;        /* while the proxy is asked for one ... */
    struct h2i_tunnel_stream *stream; /* ... over HTTP/2 */
    struct h2i_ticket ride;           /* while it waits for a connection to the proxy */
    unsigned n_rides;                 /* connections to the proxy that it was given */
    h2client_transport *to_proxy;     /* while the address is looked up that it is to be told */
    h2client_timer dns_timer;         /* until the first address */
    h2client_task failure;            /* a failure found inside start */
    h2client_fault fault;             /* of the look-up, kept until the dial has ended */
    struct h2i_link_marks marks;
    bool has_addresses;
    bool has_slot;
    bool is_challenged; /* a login was asked for that can be told */
    int n_challenges;
};

static inline const struct h2i_pool_config *h2i_connector_ports(
    const struct h2i_connector *connector)
{
    return &connector->origin->pool->config;
}

static inline int64_t h2i_connector_now_us(const struct h2i_connector *connector)
{
    return h2client_reactor_now_us(h2i_connector_ports(connector)->reactor);
}

/* ---- connector ----------------------------------------------------------- */

/* RFC 9113 3.3: HTTP/2 is spoken only where it was chosen. */
enum h2i_protocol h2i_connector_chosen_protocol(h2client_transport *transport);
/* Both end it. */
void h2i_connector_fail(struct h2i_connector *connector, const h2client_fault *fault);
void h2i_connector_succeed(struct h2i_connector *connector, h2client_transport *transport,
                           enum h2i_protocol protocol);
/* Ends it, out of a function that must not. */
void h2i_connector_fail_later(struct h2i_connector *connector, h2client_error_code code);
/* Where it leads to is reached: what is spoken there begins. */
void h2i_connector_begin_origin(struct h2i_connector *connector, h2client_transport *transport);
/* From the start. */
void h2i_connector_try_again(struct h2i_connector *connector);
/* False: no memory. */
bool h2i_connector_look_up(struct h2i_connector *connector, const char *host, uint16_t port,
                           h2client_addresses_fn on_addresses);
void h2i_connector_stop_looking_up(struct h2i_connector *connector);
/* With whom and by which ALPN `params` say; the time limit is filled in. */
void h2i_connector_start_tls(struct h2i_connector *connector, h2client_transport *transport,
                             h2client_tls_params params, h2client_handshake_fn on_done);

/* ---- connector_proxy ------------------------------------------------------- */

/* Over the carrier's connections, rather than over one of its own? */
bool h2i_connector_is_carried(const struct h2i_connector *connector);
/* Waits for one of these. False: no memory. */
bool h2i_connector_take_ride(struct h2i_connector *connector);
/* The proxy is reached, over a connection of its own. */
void h2i_connector_begin_proxy(struct h2i_connector *connector, h2client_transport *transport);
/* What went wrong on the way to the proxy, or with it. */
void h2i_connector_fail_at_proxy(struct h2i_connector *connector, h2client_error_code code,
                                 const h2client_fault *fault);

#endif
