/* SPDX-License-Identifier: MIT */
#include "h2client/pool/pool_key.h"

#include <stdio.h>

bool h2i_pool_key_make(struct h2i_pool_key *key, const struct h2i_url *url,
                       h2client_http_version version)
{
    int len =
        snprintf(key->text, sizeof key->text, "%s %s %u %s", url->is_https ? "https" : "http",
                 url->host, url->port, version == H2CLIENT_HTTP_2_PRIOR_KNOWLEDGE ? "h2" : "auto");
    key->len = len > 0 ? (size_t)len : 0;
    return len > 0 && key->len < sizeof key->text;
}
