/* SPDX-License-Identifier: MIT */
#include "h2client/pool/pool_key.h"

#include <string.h>

/* Every call makes one: no formatter. */
/* With its NUL, so that nothing can be taken for something else. */
static bool add_text(struct h2i_pool_key *key, const char *text)
{
    size_t size = strlen(text) + 1;

    if (size > sizeof key->text - key->len)
        return false;
    memcpy(key->text + key->len, text, size);
    key->len += size;
    return true;
}

static bool add_proxy(struct h2i_pool_key *key, const struct h2i_proxy *proxy)
{
    char auth = (char)((proxy->authorization ? 'b' : 'n') - (proxy->takes_digest ? 'a' - 'A' : 0));
    const char head[] = {0, (char)('P' + proxy->kind), auth, (char)(proxy->port >> 8),
                         (char)(proxy->port & 0xff)};

    if (sizeof head > sizeof key->text - key->len)
        return false;
    memcpy(key->text + key->len, head, sizeof head);
    key->len += sizeof head;
    return add_text(key, proxy->host) && add_text(key, proxy->user) &&
           add_text(key, proxy->password);
}

bool h2i_pool_key_make(struct h2i_pool_key *key, const struct h2i_url *url,
                       h2client_http_version version, const struct h2i_proxy *proxy)
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
    return !proxy || add_proxy(key, proxy);
}

bool h2i_pool_key_make_carrier(struct h2i_pool_key *key, const struct h2i_proxy *proxy)
{
    key->text[0] = 'c'; /* no origin's begins so */
    key->len = 1;
    return add_proxy(key, proxy);
}
