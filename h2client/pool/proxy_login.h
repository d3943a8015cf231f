/* SPDX-License-Identifier: MIT */
/*
 * Who we are to a proxy of HTTP: Basic as it stands, or the proof by Digest that it asked for.
 * What it asked is kept by proxy and login, for tunnels and whole URLs alike.
 */
#ifndef H2I_PROXY_LOGIN_H
#define H2I_PROXY_LOGIN_H

#include "h2client/auth/digest_login.h"
#include "h2client/pool/pool_proxy.h"

/* The session's. */
struct h2i_proxy_logins {
    struct h2i_digest_store *store;
    h2client_system *system;
};

/* The value of proxy-authorization for this request, in the arena or the proxy's; NULL: none.
 * Errors are those of h2i_digest_login_prove. */
h2client_error_code h2i_proxy_log_in(const struct h2i_proxy_logins *logins,
                                     const struct h2i_proxy *proxy, struct h2i_arena *arena,
                                     const char *method, const char *uri, const char **value,
                                     struct h2i_text *why);
/* Is what a 407 asks for worth another try? See h2i_digest_login_is_challenged. */
bool h2i_proxy_is_challenged(const struct h2i_proxy_logins *logins, const struct h2i_proxy *proxy,
                             struct h2i_arena *arena, const h2client_header *fields,
                             int *n_challenges);

#endif
