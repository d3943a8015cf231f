/* SPDX-License-Identifier: MIT */
#include "h2client/cookies/cookie_rules.h"

bool h2i_cookie_canonical_host(struct h2i_str text, char host[H2I_COOKIE_HOST_CAP])
{
    host[0] = 0;
    if (text.len > 0 && text.data[text.len - 1] == '.')
        text.len--;
    if (text.len == 0 || text.len >= H2I_COOKIE_HOST_CAP)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte <= ' ' || byte >= 0x7f)
            return false;
        host[i] = h2i_lower(text.data[i]);
    }
    host[text.len] = 0;
    return true;
}

bool h2i_cookie_domain_matches(struct h2i_str host, bool host_is_literal, struct h2i_str domain)
{
    size_t n_above = host.len - domain.len;

    if (host_is_literal || host.len <= domain.len)
        return h2i_str_equals(host, domain);
    return host.data[n_above - 1] == '.' &&
           h2i_str_equals(h2i_str(host.data + n_above, domain.len), domain);
}

struct h2i_str h2i_cookie_default_path(struct h2i_str request_path)
{
    size_t len = request_path.len;

    while (len > 0 && request_path.data[len - 1] != '/')
        len--;
    /* What is left ends in the last slash; only the first one stays. */
    if (len <= 1 || request_path.data[0] != '/')
        return h2i_str("/", 1);
    return h2i_str(request_path.data, len - 1);
}

bool h2i_cookie_path_matches(struct h2i_str request_path, struct h2i_str cookie_path)
{
    size_t len = cookie_path.len;

    if (request_path.len < len || !h2i_str_equals(h2i_str(request_path.data, len), cookie_path))
        return false;
    return request_path.len == len || (len > 0 && cookie_path.data[len - 1] == '/') ||
           request_path.data[len] == '/';
}

static bool begins_with(struct h2i_str text, const char *prefix)
{
    struct h2i_str wanted = h2i_str_of(prefix);

    return text.len >= wanted.len && h2i_str_equals_nocase(h2i_str(text.data, wanted.len), wanted);
}

bool h2i_cookie_keeps_its_prefix(const struct h2i_cookie_draft *draft, bool path_is_root)
{
    bool says_secure = begins_with(draft->name, "__Secure-");
    bool says_host = begins_with(draft->name, "__Host-");

    if (draft->name.len == 0)
        return !begins_with(draft->value, "__Secure-") && !begins_with(draft->value, "__Host-");
    if ((says_secure || says_host) && !draft->is_secure)
        return false;
    return !says_host || (draft->is_host_only && path_is_root);
}
