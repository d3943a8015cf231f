/* SPDX-License-Identifier: MIT */
#include "h2client/reroute_options.h"

static h2client_error_code refuse(struct h2i_text *why, size_t n, const char *what)
{
    h2i_text_add(why, "connect_to: entry %zu: %s", n + 1, what);
    return H2CLIENT_ERROR_INVALID_ARGUMENT;
}

/* By the rules of URLs; an IPv6 literal with brackets or without. "": NULL. */
static h2client_error_code take_host(struct h2i_arena *arena, const char *given,
                                     struct h2i_place *place)
{
    bool has_no_brackets = strchr(given, ':') && given[0] != '[';
    char *text = h2i_arena_alloc(arena, strlen(given) + sizeof "http://[]");
    char unused[1];
    struct h2i_text nobody = h2i_text(unused, sizeof unused);
    struct h2i_text all = h2i_text(text, text ? strlen(given) + sizeof "http://[]" : 0);
    struct h2i_url url;
    h2client_error_code code;

    place->host = NULL;
    if (!text)
        return H2CLIENT_ERROR_NO_MEMORY;
    if (!given[0])
        return H2CLIENT_OK;
    h2i_text_add(&all, has_no_brackets ? "http://[%s]" : "http://%s", given);
    code = h2i_url_parse(arena, text, &url, &nobody);
    if (!code && (url.has_path || url.userinfo || url.port != 80 || strcmp(url.path, "/") != 0))
        code = H2CLIENT_ERROR_INVALID_ARGUMENT;
    place->host = url.host;
    place->is_literal = url.host_is_literal;
    return code;
}

static bool take_port(int64_t given, uint16_t *port)
{
    *port = (uint16_t)given;
    return given >= 0 && given <= UINT16_MAX;
}

static h2client_error_code take_entry(struct h2i_reroute *entry, struct h2i_arena *arena, size_t n,
                                      const h2client_connect_to *given, struct h2i_text *why)
{
    struct h2i_place from;
    h2client_error_code code = take_host(arena, given->host, &from);

    entry->host = from.host;
    if (code == H2CLIENT_ERROR_NO_MEMORY)
        return code;
    if (code)
        return refuse(why, n, "its host is none");
    code = take_host(arena, given->to_host ? given->to_host : "", &entry->to);
    if (code == H2CLIENT_ERROR_NO_MEMORY)
        return code;
    if (code)
        return refuse(why, n, "its to_host is none");
    if (!take_port(given->port, &entry->port) || !take_port(given->to_port, &entry->to.port))
        return refuse(why, n, "a port is not between 0 and 65535");
    return H2CLIENT_OK;
}

h2client_error_code h2i_reroutes_apply(struct h2i_reroutes *reroutes, struct h2i_arena *arena,
                                       const h2client_connect_to *list, struct h2i_text *why)
{
    struct h2i_reroute *entries;
    h2client_error_code code = H2CLIENT_OK;
    size_t n = 0, n_bytes;

    while (list && list[n].host)
        n++;
    *reroutes = (struct h2i_reroutes){.n = 0};
    if (n == 0)
        return H2CLIENT_OK;
    entries = h2i_size_mul(n, sizeof *entries, &n_bytes) ? h2i_arena_alloc(arena, n_bytes) : NULL;
    if (!entries)
        return H2CLIENT_ERROR_NO_MEMORY;
    for (size_t i = 0; i < n && !code; i++)
        code = take_entry(&entries[i], arena, i, &list[i], why);
    *reroutes = (struct h2i_reroutes){.list = entries, .n = n};
    return code;
}
