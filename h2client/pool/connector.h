/* SPDX-License-Identifier: MIT */
/*
 * Connector: opens one connection for an origin, through the ports: resolve -> dial ->
 * TLS -> what ALPN chose -> core -> link. Only it joins the resolver and the dialer.
 */
#ifndef H2I_CONNECTOR_H
#define H2I_CONNECTOR_H

#include "h2client/pool/origin.h"

/* Starts, on origin->connectors; ends by h2i_origin_connected or _connect_failed, never
 * inside. The slot it was given is its link's then, or free. NULL: no memory. Without a slot it
 * looks the name up first, and takes one to dial; when there is none, it is gone and the origin
 * queues. */
struct h2i_connector *h2i_connector_start(struct h2i_origin *origin,
                                          const struct h2i_connect_limits *limits, bool has_slot);
/* Stops and frees, with its slot; the origin hears nothing. */
void h2i_connector_cancel(struct h2i_connector *connector);
/* From its place on that list. */
struct h2i_connector *h2i_connector_of(struct h2i_list *in_origin);
bool h2i_connector_has_slot(const struct h2i_connector *connector);
/* What its dial has met so far, behind what the text has: ": connect to ..."; nothing where it
 * does not dial. */
void h2i_connector_describe(const struct h2i_connector *connector, struct h2i_text *text);
/* DNS, CONNECT or TLS. */
h2client_phase h2i_connector_phase(const struct h2i_connector *connector);

#endif
