/* SPDX-License-Identifier: MIT */
/*
 * Proxies (RFC 9110 7.3.2, 9.3.6; RFC 1928): where connections go through, by a call's `proxy`
 * or its session's.
 *
 *   http://HOST:PORT     https and forced HTTP/2 through a tunnel (CONNECT), http asked for
 *                        there by whole URLs
 *   https://HOST:PORT    the same, and the way to the proxy is TLS, too; its certificate is
 *                        checked by the session's TLS options
 *   socks5://HOST:PORT   a tunnel; the host's name is looked up here
 *   socks5h://HOST:PORT  a tunnel; the proxy looks it up
 *
 * Without a scheme http is meant; without a port 80, 443 or 1080. Calls share a connection
 * only where proxy, user and password are the same; to a proxy reached by TLS that chooses h2,
 * tunnels to many origins share one. What is told to the proxy, and to nobody else, is
 * `proxy-authorization` and, for a tunnel, host and port.
 *
 * Errors are of the class PROXY: PROXY_NAME (its name cannot be found), PROXY_CONNECT (it
 * cannot be reached), PROXY_AUTH (it wants another login), PROXY_REFUSED (it does not make the
 * tunnel; the text says why), PROXY_HANDSHAKE (it breaks the rules). TLS errors keep their
 * codes. A proxy's own answer to a whole URL, 407 for one, is the response.
 */
#ifndef H2CLIENT_PROXY_H
#define H2CLIENT_PROXY_H

#include "auth.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A group of options: see session.h. Copied when the call starts. What makes no sense is
 * INVALID_ARGUMENT, told without user and password. */
typedef struct h2client_proxy_options {
    H2CLIENT_SIZE_MEMBER(h2client_proxy_options);
    const char *url;      /* NULL inherits; "": none, whatever session and environment say */
    const char *user;     /* instead of those in `url`; at most 255 bytes, for Basic no colon */
    const char *password; /* at most 1,024 bytes, over SOCKS 255 */
    /* Hosts that are reached without: names with all below them ("example.org",
     * ".example.org"), addresses and nets ("192.0.2.0/24", "2001:db8::/32"), each with ":PORT"
     * where only that is meant, commas between them; "*": all. NULL inherits. */
    const char *no_proxy;
    /* ON: where `url` says nothing, the environment is asked, once, when the call starts (a
     * session's: when it is made): http_proxy, https_proxy or HTTPS_PROXY, else all_proxy or
     * ALL_PROXY; no_proxy or NO_PROXY. HTTP_PROXY is not, since a CGI program's client can set
     * it. OFF is the default. */
    h2client_switch from_environment;
    /* How user and password are told where HTTP is spoken. INHERIT: by Basic at once, and by
     * Digest (RFC 7616) where the proxy asks for that; BASIC: by nothing else; DIGEST: the
     * password itself is never sent. */
    h2client_auth_scheme auth;
} h2client_proxy_options;

#ifndef __cplusplus
#define H2CLIENT_PROXY(...) \
    (&(const h2client_proxy_options){__VA_ARGS__, .size = sizeof(h2client_proxy_options)})
#endif

#ifdef __cplusplus
}
#endif

#endif
