/* SPDX-License-Identifier: MIT */
#include "h2client/pool/proxy_login.h"

#include "h2client/pool/pool_key.h"

/* The key lasts as long as the login. */
static struct h2i_digest_login digest_of(const struct h2i_proxy_logins *logins,
                                         const struct h2i_proxy *proxy,
                                         const struct h2i_pool_key *key)
{
    return (struct h2i_digest_login){.store = logins->store,
                                     .system = logins->system,
                                     .space = h2i_str(key->text, key->len),
                                     .user = proxy->user,
                                     .password = proxy->password};
}

h2client_error_code h2i_proxy_log_in(const struct h2i_proxy_logins *logins,
                                     const struct h2i_proxy *proxy, struct h2i_arena *arena,
                                     const char *method, const char *uri, const char **value,
                                     struct h2i_text *why)
{
    struct h2i_pool_key key;
    struct h2i_digest_login login;
    h2client_error_code code = H2CLIENT_OK;

    *value = NULL;
    if (proxy->takes_digest && h2i_pool_key_make_carrier(&key, proxy)) {
        login = digest_of(logins, proxy, &key);
        code = h2i_digest_login_prove(&login, arena, method, uri, value, why);
    }
    if (!*value)
        *value = proxy->authorization;
    return code;
}

bool h2i_proxy_is_challenged(const struct h2i_proxy_logins *logins, const struct h2i_proxy *proxy,
                             struct h2i_arena *arena, const h2client_header *fields,
                             int *n_challenges)
{
    struct h2i_pool_key key;
    struct h2i_digest_login login;

    if (!proxy->takes_digest || !h2i_pool_key_make_carrier(&key, proxy))
        return false;
    login = digest_of(logins, proxy, &key);
    return h2i_digest_login_is_challenged(&login, arena, fields, "proxy-authenticate",
                                          n_challenges);
}
