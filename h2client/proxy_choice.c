/* SPDX-License-Identifier: MIT */
#include "h2client/proxy_choice.h"

#include "h2client/auth/credentials.h"
#include "h2client/transport.h"

#define MAX_USER 255
#define MAX_PASSWORD 1024

/* ---- one proxy ------------------------------------------------------------------ */

static h2client_error_code refuse(struct h2i_text *why, const char *what)
{
    h2i_text_add(why, "proxy: %s", what);
    return H2CLIENT_ERROR_INVALID_ARGUMENT;
}

struct scheme {
    const char *name;
    enum h2i_proxy_kind kind;
    uint16_t port;
};

/* *rest is what stands behind it. NULL: none that is known. */
static const struct scheme *take_scheme(const char *url, const char **rest)
{
    static const struct scheme schemes[] = {{"http", H2I_PROXY_HTTP, 80},
                                            {"https", H2I_PROXY_HTTPS, 443},
                                            {"socks5", H2I_PROXY_SOCKS5, 1080},
                                            {"socks5h", H2I_PROXY_SOCKS5H, 1080}};
    const char *end = strstr(url, "://");

    *rest = url;
    if (!end)
        return &schemes[0];
    *rest = end + 3;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (h2i_str_equals_nocase(h2i_str(url, (size_t)(end - url)), h2i_str_of(schemes[i].name)))
            return &schemes[i];
    return NULL;
}

/* "user:password@[::1]:8080/": is there a port? */
static bool has_port(const char *rest)
{
    size_t len = strcspn(rest, "/?#");
    size_t n_digits = 0;

    while (n_digits < len && h2i_is_digit(rest[len - 1 - n_digits]))
        n_digits++;
    return n_digits > 0 && n_digits < len && rest[len - 1 - n_digits] == ':';
}

/* The same rules as for other URLs; what they say of them may show the login. */
static h2client_error_code parse(struct h2i_arena *arena, const char *rest, struct h2i_url *url,
                                 struct h2i_text *why)
{
    char *text = h2i_arena_alloc(arena, strlen(rest) + sizeof "http://");
    char unused[1];
    struct h2i_text nobody = h2i_text(unused, sizeof unused);
    h2client_error_code code;

    if (!text)
        return H2CLIENT_ERROR_NO_MEMORY;
    memcpy(text, "http://", 7);
    memcpy(text + 7, rest, strlen(rest) + 1);
    code = h2i_url_parse(arena, text, url, &nobody);
    if (code && code != H2CLIENT_ERROR_NO_MEMORY)
        return refuse(why, "its URL is malformed");
    return code;
}

static h2client_error_code read_login(struct h2i_arena *arena, const struct h2i_url *url,
                                      const h2client_proxy_options *options,
                                      struct h2i_proxy *proxy, struct h2i_text *why)
{
    h2client_error_code code = H2CLIENT_OK;

    proxy->user = proxy->password = NULL;
    if (options->user) {
        proxy->user = h2i_arena_copy_text(arena, options->user, strlen(options->user));
        proxy->password = options->password ? h2i_arena_copy_text(arena, options->password,
                                                                  strlen(options->password))
                                            : "";
        code = proxy->user && proxy->password ? H2CLIENT_OK : H2CLIENT_ERROR_NO_MEMORY;
    } else if (url->userinfo) {
        code = h2i_userinfo_read(arena, url->userinfo, &proxy->user, &proxy->password, why);
    }
    proxy->user = proxy->user ? proxy->user : "";
    proxy->password = proxy->password ? proxy->password : "";
    if (!code && (strlen(proxy->user) > MAX_USER || strlen(proxy->password) > MAX_PASSWORD))
        return refuse(why, "user or password is too long");
    return code;
}

static h2client_error_code add_authorization(struct h2i_arena *arena, struct h2i_proxy *proxy,
                                             h2client_auth_scheme scheme, struct h2i_text *why)
{
    const h2client_auth basic = {.size = sizeof basic,
                                 .scheme = H2CLIENT_AUTH_BASIC,
                                 .user = proxy->user,
                                 .password = proxy->password};
    char buf[120];
    struct h2i_text reason = h2i_text(buf, sizeof buf);
    h2client_error_code code;

    proxy->authorization = NULL;
    if (h2i_proxy_is_socks(proxy) || !proxy->user[0])
        return H2CLIENT_OK;
    proxy->takes_digest = scheme != H2CLIENT_AUTH_BASIC;
    if (scheme == H2CLIENT_AUTH_DIGEST)
        return H2CLIENT_OK;
    code = h2i_credentials(arena, &basic, &proxy->authorization, &reason);
    return code == H2CLIENT_ERROR_INVALID_ARGUMENT ? refuse(why, buf) : code;
}

static h2client_error_code make_proxy(struct h2i_arena *arena, const char *text,
                                      const h2client_proxy_options *options,
                                      const struct h2i_proxy **made, struct h2i_text *why)
{
    const char *rest;
    const struct scheme *scheme = take_scheme(text, &rest);
    struct h2i_proxy *proxy = h2i_arena_alloc_zeroed(arena, sizeof *proxy);
    struct h2i_url url;
    h2client_error_code code;

    if (!scheme)
        return refuse(why, "its scheme is none of http, https, socks5 and socks5h");
    code = proxy ? parse(arena, rest, &url, why) : H2CLIENT_ERROR_NO_MEMORY;
    if (!code)
        code = read_login(arena, &url, options, proxy, why);
    if (code)
        return code;
    proxy->kind = scheme->kind;
    proxy->host = url.host;
    proxy->host_is_literal = url.host_is_literal;
    proxy->port = has_port(rest) ? url.port : scheme->port;
    *made = proxy;
    return add_authorization(arena, proxy, options->auth, why);
}

/* ---- options and environment -------------------------------------------------------- */

static const char *ask(h2client_system *system, const char *const *names)
{
    for (; *names; names++) {
        const char *value = system->ops->environment(system, *names);
        if (value && value[0])
            return value;
    }
    return NULL;
}

/* The port's texts last until the next question. */
static h2client_error_code take_variable(const struct h2i_proxy **made, struct h2i_arena *arena,
                                         h2client_system *system, const char *const *names,
                                         const h2client_proxy_options *options,
                                         struct h2i_text *why)
{
    const char *value = ask(system, names);

    *made = NULL;
    return value ? make_proxy(arena, value, options, made, why) : H2CLIENT_OK;
}

static h2client_error_code ask_environment(struct h2i_proxy_settings *settings,
                                           struct h2i_arena *arena, h2client_system *system,
                                           const h2client_proxy_options *options,
                                           struct h2i_text *why)
{
    static const char *const for_http[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};
    static const char *const for_https[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                                            NULL};
    static const char *const not_for[] = {"no_proxy", "NO_PROXY", NULL};
    h2client_error_code code =
        take_variable(&settings->for_http, arena, system, for_http, options, why);
    const char *hosts;

    if (!code)
        code = take_variable(&settings->for_https, arena, system, for_https, options, why);
    hosts = ask(system, not_for);
    settings->no_proxy = NULL;
    if (code || !hosts)
        return code;
    settings->no_proxy = h2i_arena_copy_text(arena, hosts, strlen(hosts));
    return settings->no_proxy ? H2CLIENT_OK : H2CLIENT_ERROR_NO_MEMORY;
}

static h2client_error_code check_auth(h2client_auth_scheme scheme, struct h2i_text *why)
{
    if (scheme != H2CLIENT_AUTH_INHERIT && scheme != H2CLIENT_AUTH_BASIC &&
        scheme != H2CLIENT_AUTH_DIGEST)
        return refuse(why, "auth is none of INHERIT, BASIC and DIGEST");
#ifndef H2I_HAVE_NETTLE
    if (scheme == H2CLIENT_AUTH_DIGEST) {
        h2i_text_add(why, "proxy: Digest is not built in");
        return H2CLIENT_ERROR_FEATURE_MISSING;
    }
#endif
    return H2CLIENT_OK;
}

static h2client_error_code take_url(struct h2i_proxy_settings *settings, struct h2i_arena *arena,
                                    const h2client_proxy_options *options, struct h2i_text *why)
{
    const struct h2i_proxy *proxy = NULL;
    h2client_error_code code =
        options->url[0] ? make_proxy(arena, options->url, options, &proxy, why) : H2CLIENT_OK;

    settings->for_http = settings->for_https = proxy;
    return code;
}

h2client_error_code h2i_proxy_apply(struct h2i_proxy_settings *settings, struct h2i_arena *arena,
                                    h2client_system *system, const h2client_proxy_options *options,
                                    struct h2i_text *why)
{
    h2client_error_code code = H2CLIENT_OK;

    if (options->from_environment < H2CLIENT_INHERIT || options->from_environment > H2CLIENT_OFF)
        return refuse(why, "from_environment is not one of its values");
    code = check_auth(options->auth, why);
    if (code)
        return code;
    if (options->url)
        code = take_url(settings, arena, options, why);
    else if (options->from_environment == H2CLIENT_ON)
        code = ask_environment(settings, arena, system, options, why);
    else if (options->user)
        return refuse(why, "a user without a URL");
    if (code || !options->no_proxy)
        return code;
    settings->no_proxy = h2i_arena_copy_text(arena, options->no_proxy, strlen(options->no_proxy));
    return settings->no_proxy ? H2CLIENT_OK : H2CLIENT_ERROR_NO_MEMORY;
}

/* ---- who goes directly ----------------------------------------------------------------- */

static bool shares_bits(const uint8_t *a, const uint8_t *b, uint64_t n_bits)
{
    size_t n_bytes = (size_t)(n_bits / 8);
    unsigned n_left = (unsigned)(n_bits % 8);

    if (memcmp(a, b, n_bytes) != 0)
        return false;
    return n_left == 0 || (a[n_bytes] ^ b[n_bytes]) >> (8 - n_left) == 0;
}

/* "192.0.2.0/24", "2001:db8::1". */
static bool is_in_net(struct h2i_str net, const char *host)
{
    struct h2i_str prefix = net, literal;
    h2client_address base, address;
    char text[H2CLIENT_ADDRESS_TEXT_MAX];
    uint64_t n_bits, n_all;

    h2i_str_split(&prefix, '/', &literal);
    if (literal.len >= sizeof text || !h2client_address_parse(host, &address))
        return false;
    memcpy(text, literal.data, literal.len);
    text[literal.len] = 0;
    if (!h2client_address_parse(text, &base) || base.family != address.family)
        return false;
    n_all = base.family == 6 ? 128 : 32;
    n_bits = n_all;
    if (literal.len < net.len && !h2i_str_parse_uint(prefix, n_all, &n_bits))
        return false;
    return shares_bits(base.bytes, address.bytes, n_bits);
}

/* The name, and all below it, label by label. */
static bool is_at_or_below(struct h2i_str host, struct h2i_str name)
{
    if (name.len > 0 && name.data[0] == '.')
        name = h2i_str(name.data + 1, name.len - 1);
    if (name.len > 0 && name.data[name.len - 1] == '.')
        name.len--;
    if (name.len == 0 || host.len < name.len ||
        !h2i_str_equals_nocase(h2i_str(host.data + host.len - name.len, name.len), name))
        return false;
    return host.len == name.len || host.data[host.len - name.len - 1] == '.';
}

/* Takes ":8080" off, brackets too. False: it is for another port. */
static bool take_port(struct h2i_str *entry, uint16_t port)
{
    const char *bracket = entry->len ? memchr(entry->data, ']', entry->len) : NULL;
    size_t n_digits = 0;
    uint64_t number = port;

    while (n_digits < entry->len && h2i_is_digit(entry->data[entry->len - 1 - n_digits]))
        n_digits++;
    size_t colon = n_digits < entry->len ? entry->len - 1 - n_digits : 0;
    bool has_one_colon = memchr(entry->data, ':', entry->len) == entry->data + colon;
    if (n_digits > 0 && colon > 0 && entry->data[colon] == ':' &&
        (has_one_colon || bracket == entry->data + colon - 1)) {
        if (!h2i_str_parse_uint(h2i_str(entry->data + colon + 1, n_digits), 65535, &number))
            return false;
        entry->len = colon;
    }
    if (entry->len > 1 && entry->data[0] == '[' && entry->data[entry->len - 1] == ']')
        *entry = h2i_str(entry->data + 1, entry->len - 2);
    return number == port;
}

static bool is_excepted(const char *no_proxy, const struct h2i_url *url)
{
    struct h2i_str rest = h2i_str_of(no_proxy ? no_proxy : ""), entry;

    while (h2i_str_split(&rest, ',', &entry)) {
        entry = h2i_str_trim(entry);
        if (h2i_str_equals(entry, h2i_str("*", 1)))
            return true;
        if (entry.len == 0 || !take_port(&entry, url->port))
            continue;
        if (url->host_is_literal ? is_in_net(entry, url->host)
                                 : is_at_or_below(h2i_str_of(url->host), entry))
            return true;
    }
    return false;
}

const struct h2i_proxy *h2i_proxy_choose(const struct h2i_proxy_settings *settings,
                                         const struct h2i_url *url)
{
    const struct h2i_proxy *proxy = url->is_https ? settings->for_https : settings->for_http;

    return proxy && !is_excepted(settings->no_proxy, url) ? proxy : NULL;
}
