/* SPDX-License-Identifier: MIT */
/*
 * Tunnel over HTTP/2 (RFC 9113 8.5): asks a proxy by CONNECT, over a connection that is shared
 * with other tunnels, and once it has agreed the stream is a transport.
 *
 * A stream ends both ways when the proxy ends it: what is written later is refused. (No client
 * of HTTP has more to say to a server that has closed.) What the other end does not read
 * holds back this stream only.
 */
#ifndef H2I_TUNNEL_STREAM_H
#define H2I_TUNNEL_STREAM_H

#include "h2client/pool/link.h"
#include "h2client/pool/tunnel.h"

struct h2i_tunnel_stream;

/* As a ticket's on_link: OK, and *stream is set; PENDING: the connection has no room just now;
 * otherwise what hinders it. on_done is called once, and not from here; the stream is the
 * transport then, or gone. */
h2client_error_code h2i_tunnel_stream_start(struct h2i_link *link,
                                            const struct h2i_tunnel_params *params,
                                            h2i_tunnel_fn on_done, void *user,
                                            struct h2i_tunnel_stream **stream);
void h2i_tunnel_stream_cancel(struct h2i_tunnel_stream *stream);

#endif
