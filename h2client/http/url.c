/* SPDX-License-Identifier: MIT */
/*
 * Parses an absolute http or https URL (RFC 3986 3, RFC 9110 4.2) from left to right,
 * each part once. It repairs nothing: what two parsers could read in two ways is
 * refused, since the difference is what attackers live on. An international host is
 * mapped first and then checked like any other. It is no resolver of relative references.
 */
#include "h2client/http/url.h"

#include "h2client/http/idna.h"
#include "h2client/transport.h"

#define MAX_URL_LEN 65536
#define MAX_HOST_LEN 253 /* RFC 1035 2.3.4, as text */
#define MAX_LABEL_LEN 63

/* The parts, as views of the text. */
struct parts {
    const char *text;
    size_t len;
    bool is_https;
    bool has_userinfo;
    bool host_is_bracketed;
    bool host_is_literal;
    uint16_t port;
    uint32_t zone; /* of an IPv6 address; 0: none */
    struct h2i_str userinfo;
    struct h2i_str host;        /* without brackets and zone, with a trailing dot */
    const char *mapped_host_at; /* in the text; NULL: the host is as written there */
    struct h2i_arena *arena;
    struct h2i_str path; /* with query, without fragment; may be empty */
    struct h2i_text *why;
};

static bool is_alpha(char c)
{
    char lower = h2i_lower(c);

    return lower >= 'a' && lower <= 'z';
}

static bool is_hex(char c)
{
    char lower = h2i_lower(c);

    return h2i_is_digit(c) || (lower >= 'a' && lower <= 'f');
}

static size_t offset_of(const struct parts *parts, const char *place)
{
    return (size_t)(place - parts->text);
}

/* A mapped host is all at the place of the one it was. */
static size_t offset_in_host(const struct parts *parts, const char *place)
{
    return offset_of(parts, parts->mapped_host_at ? parts->mapped_host_at : place);
}

/* ---- the text as a whole ------------------------------------------------ */

static const char *name_of_bad_byte(unsigned char c)
{
    if (c == ' ')
        return "space";
    if (c == '\\')
        return "backslash";
    return c < 0x20 || c == 0x7f ? "control character" : NULL;
}

static bool check_bytes(const struct parts *parts)
{
    for (size_t i = 0; i < parts->len; i++) {
        const char *name = name_of_bad_byte((unsigned char)parts->text[i]);

        if (name) {
            h2i_text_add(parts->why, "%s at offset %zu", name, i);
            return false;
        }
    }
    return true;
}

static size_t n_ascii(struct h2i_str s)
{
    size_t i = 0;

    while (i < s.len && (unsigned char)s.data[i] < 0x80)
        i++;
    return i;
}

/* Of what is not the host. */
static bool check_is_ascii(const struct parts *parts, struct h2i_str s)
{
    size_t n = n_ascii(s);

    if (n < s.len)
        h2i_text_add(parts->why, "byte above 0x7F at offset %zu", offset_of(parts, s.data + n));
    return n == s.len;
}

/* ---- scheme ------------------------------------------------------------- */

/* The length of what reads like a scheme before a colon; 0: there is none. */
static size_t scheme_length(const char *text)
{
    size_t n = 0;

    if (!is_alpha(text[0]))
        return 0;
    while (is_alpha(text[n]) || h2i_is_digit(text[n]) || text[n] == '+' || text[n] == '-' ||
           text[n] == '.')
        n++;
    return text[n] == ':' ? n : 0;
}

/* Without slashes after it, it may be a user's name: not shown then. */
static void explain_scheme(struct parts *parts, struct h2i_str scheme, bool has_slashes)
{
    if (has_slashes)
        h2i_text_add(parts->why, "scheme \"%.*s\" is neither http nor https",
                     (int)(scheme.len < 32 ? scheme.len : 32), scheme.data);
    else
        h2i_text_add(parts->why, "the scheme is neither http nor https");
}

static h2client_error_code parse_scheme(struct parts *parts, const char **rest)
{
    struct h2i_str scheme = h2i_str(parts->text, scheme_length(parts->text));
    bool has_slashes = strncmp(scheme.data + scheme.len, "://", 3) == 0;

    if (scheme.len == 0) {
        h2i_text_add(parts->why, "no scheme at offset 0: http:// or https:// is missing");
        return H2CLIENT_ERROR_URL_MALFORMED;
    }
    parts->is_https = h2i_str_equals_nocase(scheme, h2i_str_of("https"));
    if (!parts->is_https && !h2i_str_equals_nocase(scheme, h2i_str_of("http"))) {
        explain_scheme(parts, scheme, has_slashes);
        return H2CLIENT_ERROR_SCHEME_UNSUPPORTED;
    }
    if (!has_slashes) {
        h2i_text_add(parts->why, "\"//\" is missing at offset %zu", scheme.len + 1);
        return H2CLIENT_ERROR_URL_MALFORMED;
    }
    *rest = parts->text + scheme.len + 3;
    return H2CLIENT_OK;
}

/* ---- authority ---------------------------------------------------------- */

/* Takes what stands before an '@' off the authority's front. */
static bool take_userinfo(struct parts *parts, struct h2i_str *authority)
{
    const char *at = memchr(authority->data, '@', authority->len);
    const char *second;

    if (!at)
        return true;
    parts->has_userinfo = true;
    parts->userinfo = h2i_str(authority->data, (size_t)(at - authority->data));
    authority->len -= parts->userinfo.len + 1;
    authority->data = at + 1;
    second = memchr(authority->data, '@', authority->len);
    if (second)
        h2i_text_add(parts->why, "second \"@\" at offset %zu", offset_of(parts, second));
    return !second && check_is_ascii(parts, parts->userinfo);
}

/* A number may be part of a password whose '/' was not encoded; an '@' further on says
 * so, and it is not shown then. */
static void explain_port(struct parts *parts, struct h2i_str port)
{
    size_t offset = offset_of(parts, port.data);
    uint64_t number;

    if (h2i_str_parse_uint(port, UINT64_MAX, &number) && number > 0 &&
        !memchr(port.data, '@', parts->len - offset))
        h2i_text_add(parts->why, "port %llu is above 65535", (unsigned long long)number);
    else
        h2i_text_add(parts->why, "no port number from 1 to 65535 at offset %zu", offset);
}

/* RFC 3986 3.2.3: an empty port is the scheme's. */
static bool parse_port(struct parts *parts, struct h2i_str port)
{
    uint64_t number = parts->is_https ? 443 : 80;

    if (port.len > 0 && (!h2i_str_parse_uint(port, UINT16_MAX, &number) || number == 0)) {
        explain_port(parts, port);
        return false;
    }
    parts->port = (uint16_t)number;
    return true;
}

/* RFC 6874: "%25" and the zone. Its number only: names are for the system to know. */
static bool take_zone(struct parts *parts)
{
    const char *percent = memchr(parts->host.data, '%', parts->host.len);
    struct h2i_str zone;
    uint64_t number;

    if (!percent)
        return true;
    zone = h2i_str(percent, parts->host.len - (size_t)(percent - parts->host.data));
    parts->host.len -= zone.len;
    if (zone.len < 3 || memcmp(zone.data, "%25", 3) != 0 ||
        !h2i_str_parse_uint(h2i_str(zone.data + 3, zone.len - 3), UINT32_MAX, &number) ||
        number == 0) {
        h2i_text_add(parts->why, "the zone at offset %zu is not \"%%25\" and an interface's number",
                     offset_of(parts, percent));
        return false;
    }
    parts->zone = (uint32_t)number;
    return true;
}

/* RFC 3986 3.2.2, without versions to come. */
static bool check_bracketed_host(struct parts *parts)
{
    char literal[48];
    h2client_address address;

    if (!take_zone(parts))
        return false;
    if (parts->host.len < sizeof literal) {
        memcpy(literal, parts->host.data, parts->host.len);
        literal[parts->host.len] = 0;
        parts->host_is_literal = h2client_address_parse(literal, &address) && address.family == 6;
    }
    if (!parts->host_is_literal)
        h2i_text_add(parts->why, "no IPv6 address at offset %zu",
                     offset_of(parts, parts->host.data));
    return parts->host_is_literal;
}

static bool check_host_bytes(const struct parts *parts)
{
    for (size_t i = 0; i < parts->host.len; i++) {
        char c = parts->host.data[i];

        if (is_alpha(c) || h2i_is_digit(c) || c == '-' || c == '.' || c == '_')
            continue;
        h2i_text_add(parts->why, "%s in the host at offset %zu",
                     c == '%' ? "percent sign" : "character not allowed",
                     offset_in_host(parts, parts->host.data + i));
        return false;
    }
    return true;
}

static bool check_labels(const struct parts *parts, struct h2i_str name)
{
    size_t label_len = 0;

    for (size_t i = 0; i <= name.len; i++) {
        if (i < name.len && name.data[i] != '.') {
            label_len++;
            continue;
        }
        if (label_len == 0 || label_len > MAX_LABEL_LEN) {
            h2i_text_add(parts->why, "%s label in the host before offset %zu",
                         label_len ? "too long a" : "empty", offset_in_host(parts, name.data + i));
            return false;
        }
        label_len = 0;
    }
    return true;
}

/* A last label that other software reads as a number: "1", "0x7f", "0x". */
static bool ends_in_number(struct h2i_str name)
{
    size_t start = name.len;
    size_t i;

    while (start > 0 && name.data[start - 1] != '.')
        start--;
    i = start;
    if (name.len - start >= 2 && name.data[start] == '0' &&
        h2i_lower(name.data[start + 1]) == 'x') {
        for (i = start + 2; i < name.len && is_hex(name.data[i]); i++)
            ;
        return i == name.len;
    }
    while (i < name.len && h2i_is_digit(name.data[i]))
        i++;
    return i == name.len;
}

/* Four decimal numbers, no leading zeros: elsewhere these are octal. */
static bool is_dotted_quad(struct h2i_str name)
{
    size_t n_parts = 0;
    struct h2i_str part;
    uint64_t number;

    while (h2i_str_split(&name, '.', &part)) {
        if (!h2i_str_parse_uint(part, 255, &number) || (part.len > 1 && part.data[0] == '0'))
            return false;
        n_parts++;
    }
    return n_parts == 4;
}

static struct h2i_str without_trailing_dot(struct h2i_str name)
{
    if (name.len > 0 && name.data[name.len - 1] == '.')
        name.len--;
    return name;
}

static bool check_named_host(struct parts *parts)
{
    struct h2i_str name = without_trailing_dot(parts->host);

    if (!check_host_bytes(parts))
        return false;
    if (name.len > MAX_HOST_LEN) {
        h2i_text_add(parts->why, "the host is longer than %d bytes", MAX_HOST_LEN);
        return false;
    }
    if (!check_labels(parts, name))
        return false;
    if (!ends_in_number(name))
        return true;
    parts->host_is_literal =
        !parts->mapped_host_at && name.len == parts->host.len && is_dotted_quad(name);
    if (!parts->host_is_literal)
        h2i_text_add(parts->why,
                     "the host ends in a number but is no IPv4 address of four "
                     "decimal parts, at offset %zu",
                     offset_in_host(parts, parts->host.data));
    return parts->host_is_literal;
}

static h2client_error_code map_host(struct parts *parts)
{
    const char *place = parts->host.data;
    h2client_error_code code;

    if (n_ascii(parts->host) == parts->host.len)
        return H2CLIENT_OK;
    code = h2i_idna_to_ascii(parts->arena, parts->host, &parts->host, parts->why);
    if (code == H2CLIENT_ERROR_URL_MALFORMED)
        h2i_text_add(parts->why, ", at offset %zu", offset_of(parts, place));
    parts->mapped_host_at = place;
    return code;
}

/* Cuts "[host]" off the front. */
static bool take_bracketed_host(struct parts *parts, struct h2i_str *authority)
{
    const char *end = memchr(authority->data, ']', authority->len);
    size_t taken;

    if (!end) {
        h2i_text_add(parts->why, "\"]\" is missing after offset %zu",
                     offset_of(parts, authority->data));
        return false;
    }
    taken = (size_t)(end + 1 - authority->data);
    parts->host_is_bracketed = true;
    parts->host = h2i_str(authority->data + 1, taken - 2);
    *authority = h2i_str(end + 1, authority->len - taken);
    return true;
}

static void take_named_host(struct parts *parts, struct h2i_str *authority)
{
    const char *colon = memchr(authority->data, ':', authority->len);
    size_t taken = colon ? (size_t)(colon - authority->data) : authority->len;

    parts->host = h2i_str(authority->data, taken);
    *authority = h2i_str(authority->data + taken, authority->len - taken);
}

static bool take_host_and_port(struct parts *parts, struct h2i_str authority)
{
    if (authority.len > 0 && authority.data[0] == '[') {
        if (!take_bracketed_host(parts, &authority))
            return false;
    } else {
        take_named_host(parts, &authority);
    }
    if (parts->host.len == 0) {
        h2i_text_add(parts->why, "empty host at offset %zu", offset_of(parts, parts->host.data));
        return false;
    }
    if (authority.len > 0 && authority.data[0] != ':') {
        h2i_text_add(parts->why, "neither port nor path at offset %zu",
                     offset_of(parts, authority.data));
        return false;
    }
    if (authority.len > 0)
        authority = h2i_str(authority.data + 1, authority.len - 1);
    return parse_port(parts, authority);
}

static h2client_error_code parse_authority(struct parts *parts, struct h2i_str authority)
{
    h2client_error_code code = H2CLIENT_OK;
    bool is_good = take_userinfo(parts, &authority) && take_host_and_port(parts, authority);

    if (is_good && !parts->host_is_bracketed)
        code = map_host(parts);
    if (code)
        return code;
    is_good = is_good &&
              (parts->host_is_bracketed ? check_bracketed_host(parts) : check_named_host(parts));
    return is_good ? H2CLIENT_OK : H2CLIENT_ERROR_URL_MALFORMED;
}

/* ---- the result --------------------------------------------------------- */

static const char *copy_lower(struct h2i_arena *arena, struct h2i_str s)
{
    char *copy = h2i_arena_copy_text(arena, s.data, s.len);

    for (char *c = copy; c && *c; c++)
        *c = h2i_lower(*c);
    return copy;
}

/* Appends without a formatter: every call parses a URL. */
static char *put(char *end, const char *text, size_t len)
{
    memcpy(end, text, len);
    return end + len;
}

static char *put_number(char *end, uint32_t number)
{
    char digits[10];
    size_t n = 0;

    do
        digits[n++] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    while (n > 0)
        *end++ = digits[--n];
    return end;
}

static char *put_zone(char *end, const struct parts *parts, const char *separator)
{
    return parts->zone ? put_number(put(end, separator, strlen(separator)), parts->zone) : end;
}

/* RFC 6874 3: a zone is this machine's own business and is not sent. */
static char *put_authority(char *end, const struct parts *parts, const char *host, bool is_sent)
{
    if (parts->host_is_bracketed)
        *end++ = '[';
    end = put(end, host, parts->host.len);
    if (!is_sent)
        end = put_zone(end, parts, "%25");
    if (parts->host_is_bracketed)
        *end++ = ']';
    if (parts->port == (parts->is_https ? 443 : 80))
        return end;
    *end++ = ':';
    return put_number(end, parts->port);
}

/* scheme "://" host [":" port] path, in one block whose tail is the path. */
static bool make_texts(struct h2i_arena *arena, const struct parts *parts, struct h2i_url *url)
{
    const char *scheme = parts->is_https ? "https://" : "http://";
    bool needs_slash = parts->path.len == 0 || parts->path.data[0] == '?';
    size_t cap = sizeof "https://[%254294967295]:65535/" + parts->host.len;
    const char *host = copy_lower(arena, parts->host);
    char *authority = h2i_arena_alloc(arena, cap);
    char *block = h2i_arena_alloc(arena, cap + parts->path.len);
    char *end;

    if (!block || !host || !authority)
        return false;
    *put_authority(authority, parts, host, true) = 0;
    end = put_authority(put(block, scheme, strlen(scheme)), parts, host, false);
    url->authority = authority;
    url->path = end;
    if (needs_slash)
        *end++ = '/';
    *put(end, parts->path.data, parts->path.len) = 0;
    url->display = block;
    return true;
}

/* What is resolved and dialled. */
static const char *make_host(struct h2i_arena *arena, const struct parts *parts)
{
    struct h2i_str host = without_trailing_dot(parts->host);
    char *whole;

    if (!parts->zone)
        return copy_lower(arena, host);
    whole = h2i_arena_alloc(arena, host.len + sizeof "%4294967295");
    if (!whole)
        return NULL;
    for (size_t i = 0; i < host.len; i++)
        whole[i] = h2i_lower(host.data[i]);
    *put_zone(whole + host.len, parts, "%") = 0;
    return whole;
}

static h2client_error_code make_url(struct h2i_arena *arena, const struct parts *parts,
                                    struct h2i_url *url)
{
    *url = (struct h2i_url){
        .is_https = parts->is_https,
        .has_path = parts->path.len > 0,
        .host_is_literal = parts->host_is_literal,
        .port = parts->port,
    };
    url->host = make_host(arena, parts);
    if (parts->has_userinfo)
        url->userinfo = h2i_arena_copy_text(arena, parts->userinfo.data, parts->userinfo.len);
    if (!url->host || (parts->has_userinfo && !url->userinfo) || !make_texts(arena, parts, url)) {
        *url = (struct h2i_url){0};
        return H2CLIENT_ERROR_NO_MEMORY;
    }
    return H2CLIENT_OK;
}

h2client_error_code h2i_url_parse(struct h2i_arena *arena, const char *text, struct h2i_url *url,
                                  struct h2i_text *why)
{
    struct parts parts = {.text = text ? text : "", .why = why, .arena = arena};
    struct h2i_str authority = {0};
    h2client_error_code code;

    *url = (struct h2i_url){0};
    parts.len = strnlen(parts.text, MAX_URL_LEN + 1);
    if (parts.len == 0 || parts.len > MAX_URL_LEN) {
        h2i_text_add(why, parts.len ? "the URL is longer than %d bytes" : "the URL is empty",
                     MAX_URL_LEN);
        return H2CLIENT_ERROR_URL_MALFORMED;
    }
    if (!check_bytes(&parts))
        return H2CLIENT_ERROR_URL_MALFORMED;
    code = parse_scheme(&parts, &authority.data);
    if (code != H2CLIENT_OK)
        return code;
    authority.len = strcspn(authority.data, "/?#");
    parts.path.data = authority.data + authority.len;
    parts.path.len = strcspn(parts.path.data, "#");
    if (!check_is_ascii(&parts, h2i_str_of(parts.path.data)))
        return H2CLIENT_ERROR_URL_MALFORMED;
    code = parse_authority(&parts, authority);
    return code ? code : make_url(arena, &parts, url);
}
