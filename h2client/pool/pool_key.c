/* SPDX-License-Identifier: MIT */
#include "h2client/pool/pool_key.h"

#include <string.h>

/* Every call makes one: no formatter. */
bool h2i_pool_key_make(struct h2i_pool_key *key, const struct h2i_url *url,
                       h2client_http_version version)
{
    static const char letters[] = {[H2CLIENT_HTTP_AUTO] = 'a',
                                   [H2CLIENT_HTTP_2_PRIOR_KNOWLEDGE] = '2',
                                   [H2CLIENT_HTTP_1_1] = '1'};
    size_t host_len = strlen(url->host);
    char *end = key->text;

    key->len = host_len + 4;
    if (key->len > sizeof key->text)
        return false;
    *end++ = url->is_https ? 's' : 'p';
    *end++ = letters[version];
    *end++ = (char)(url->port >> 8);
    *end++ = (char)(url->port & 0xff);
    memcpy(end, url->host, host_len);
    return true;
}
