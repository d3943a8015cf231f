/* SPDX-License-Identifier: MIT */
/*
 * Pool key: the one canonical string of bytes that says which calls may share a connection.
 * It names the origin (scheme, host, port) and every option of a call that changes
 * the connection. Options of the session need no place in it: a pool belongs to one
 * session. A new option of a call is a decision made here.
 */
#ifndef H2I_POOL_KEY_H
#define H2I_POOL_KEY_H

#include "h2client/call.h"
#include "h2client/http/url.h"
#include "h2client/pool/pool_proxy.h"

#define H2I_POOL_KEY_MAX 2048

struct h2i_pool_key {
    char text[H2I_POOL_KEY_MAX];
    size_t len;
};

/* `proxy` NULL: none. False when the host does not fit: no host name is that long. No NUL
 * follows. */
H2CLIENT_MUST_USE bool h2i_pool_key_make(struct h2i_pool_key *key, const struct h2i_url *url,
                                         h2client_http_version version,
                                         const struct h2i_proxy *proxy);
/* The same for the carrier of a proxy (origin.h). */
H2CLIENT_MUST_USE bool h2i_pool_key_make_carrier(struct h2i_pool_key *key,
                                                 const struct h2i_proxy *proxy);

#endif
