/* SPDX-License-Identifier: MIT */
#include "fetch_values.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_RATE 100000000
#define MAX_SECONDS INT64_C(1000000000)
#define MAX_COUNT INT64_C(1000000)
#define MAX_SIZE INT64_C(1000000000)
#define MAX_PORT 65535
#define MAX_SPEED INT64_C(1000000000000)
#define MILLION INT64_C(1000000)
#define READ_SIZE 65536

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Digits into a number that stays at `limit` when they mean more. Returns their end. */
static const char *take_digits(const char *text, int64_t limit, int64_t *number)
{
    *number = 0;
    for (; is_digit(*text); text++)
        if (*number < limit)
            *number = *number * 10 + (*text - '0');
    if (*number > limit)
        *number = limit;
    return text;
}

/* Digits, with a point or not, into millionths. NULL: there are none; otherwise their end. */
static const char *take_decimal(const char *text, int64_t limit, int64_t *millionths)
{
    int64_t weight = MILLION;
    const char *s = take_digits(text, limit, millionths);
    size_t n_digits = (size_t)(s - text);

    *millionths *= MILLION;
    if (*s == '.')
        for (s++; is_digit(*s); s++, n_digits++) {
            weight /= 10;
            *millionths += (*s - '0') * weight;
        }
    return n_digits ? s : NULL;
}

/* 0 means none. */
static int64_t as_limit(int64_t number)
{
    return number == 0 ? H2CLIENT_NO_LIMIT : number;
}

const char *h2f_parse_seconds(const char *text, int64_t *ms)
{
    int64_t millionths;
    const char *end = take_decimal(text, MAX_SECONDS, &millionths);

    if (!end || *end)
        return "is not a number of seconds";
    *ms = as_limit(millionths / 1000 + (millionths % 1000 > 0));
    return NULL;
}

const char *h2f_parse_count(const char *text, int64_t *count)
{
    const char *end = take_digits(text, MAX_COUNT, count);

    return end == text || *end || *count < 1 ? "is not a number from 1 on" : NULL;
}

/* A letter or nothing, then the end. 0: something else. */
static int64_t unit_of(const char *text)
{
    static const char units[] = "kmg";
    const char *unit = *text ? strchr(units, *text | 0x20) : NULL;

    if (!*text)
        return 1;
    return unit && !text[1] ? INT64_C(1024) << (10 * (unit - units)) : 0;
}

const char *h2f_parse_size(const char *text, int64_t *n_bytes)
{
    const char *end = take_digits(text, MAX_SIZE, n_bytes);

    if (end == text || *n_bytes < 1 || !unit_of(end))
        return "is not a number of bytes (with K, M or G behind it or not)";
    *n_bytes *= unit_of(end);
    return NULL;
}

const char *h2f_parse_speed(const char *text, int64_t *per_s)
{
    int64_t millionths;
    const char *end = take_decimal(text, MAX_SPEED, &millionths);
    int64_t unit = end ? unit_of(end) : 0;

    if (!unit)
        return "is not a number of bytes a second (with K, M or G behind it or not)";
    if (__builtin_mul_overflow(millionths / MILLION, unit, per_s))
        *per_s = INT64_MAX / 2;
    *per_s += millionths % MILLION * unit / MILLION;
    *per_s = millionths > 0 && *per_s == 0 ? 1 : as_limit(*per_s);
    return NULL;
}

/* ---- -H ---------------------------------------------------------------------- */

static const char *skip_blanks(const char *text)
{
    while (is_blank(*text))
        text++;
    return text;
}

static size_t trimmed_len(const char *text)
{
    size_t len = strlen(text);

    while (len && (is_blank(text[len - 1]) || text[len - 1] == '\r'))
        len--;
    return len;
}

const char *h2f_parse_rate(const char *text, int64_t *interval_us)
{
    static const struct {
        char unit;
        int64_t length_s;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    int64_t n, length_s = 3600;
    const char *at = take_digits(text, MAX_RATE, &n);

    if (*at == '/' && at[1] && !at[2]) {
        length_s = 0;
        for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
            length_s = units[i].unit == at[1] ? units[i].length_s : length_s;
        at += 2;
    }
    if (n == 0 || *at || length_s == 0)
        return "is no rate like 10/s, 100/m, 5/h or 2/d";
    *interval_us = length_s * 1000000 / n;
    *interval_us = *interval_us > 0 ? *interval_us : 1;
    return NULL;
}

const char *h2f_parse_offset(const char *text, int64_t *offset)
{
    return is_digit(*text) && *take_digits(text, INT64_MAX / 20, offset) == 0
               ? NULL
               : "is no number of bytes, nor -";
}

const char *h2f_check_range(const char *text)
{
    static const char what[] = "is no range like 0-499, 500- or -500";

    if (is_digit(*text) && !text[strspn(text, "0123456789")])
        return NULL;
    for (;;) {
        size_t first = strspn(text, "0123456789");
        size_t last = text[first] == '-' ? strspn(text + first + 1, "0123456789") : 0;

        if (text[first] != '-' || first + last == 0)
            return what;
        text += first + 1 + last;
        if (*text == 0)
            return NULL;
        if (*text++ != ',')
            return what;
    }
}

const char *h2f_parse_header(const char *text, struct h2f_headers *headers)
{
    size_t name_len = strcspn(text, ":;");
    const char *value;

    if (!text[name_len])
        return "is not a header field (Name: value)";
    if (name_len == 0)
        return "has no name before the colon";
    value = skip_blanks(text + name_len + 1);
    if (text[name_len] == ';') {
        if (*value)
            return "has something behind the semicolon (Name; sends an empty field)";
        h2f_headers_add(headers, text, name_len, "", 0);
        return NULL;
    }
    h2f_headers_add(headers, text, name_len, *value ? value : NULL, trimmed_len(value));
    return NULL;
}

/* ---- --resolve ----------------------------------------------------------------- */

/* One address without its brackets, behind a comma where there are others before it. */
static bool add_address(struct h2f_text *list, const char *text, size_t len)
{
    bool has_brackets = len >= 2 && text[0] == '[' && text[len - 1] == ']';
    char *literal = has_brackets ? h2f_copy_part(text + 1, len - 2) : h2f_copy_part(text, len);
    h2client_address address;
    bool is_literal = h2client_address_parse(literal, &address);

    if (is_literal)
        h2f_text_printf(list, "%s%s", list->len ? "," : "", literal);
    free(literal);
    return is_literal;
}

static bool add_addresses(struct h2f_text *list, const char *text)
{
    while (true) {
        size_t len = strcspn(text, ",");
        if (!add_address(list, text, len))
            return false;
        if (!text[len])
            return true;
        text += len + 1;
    }
}

static const char *check_resolve_host(const char *host)
{
    h2client_address address;

    if (!host[0])
        return "has no host (HOST:PORT:ADDRESS)";
    if (strcmp(host, "*") == 0)
        return "is for every host, which is not supported: name the host";
    if (host[0] == '-')
        return "takes an entry away, but there is none before it";
    if (host[0] == '[' || h2client_address_parse(host, &address))
        return "is for an address: only names are looked up";
    return NULL;
}

const char *h2f_parse_resolve(const char *text, struct h2f_overrides *overrides)
{
    const char *start = text + (text[0] == '+');
    const char *colon = start[0] == '[' ? strchr(start, ']') : start;
    struct h2f_text addresses = {0};
    const char *wrong;
    const char *rest;
    char *host;
    int64_t port;

    colon = colon ? strchr(colon, ':') : NULL;
    if (!colon)
        return "is not HOST:PORT:ADDRESS";
    host = h2f_copy_part(start, (size_t)(colon - start));
    rest = take_digits(colon + 1, MAX_PORT + 1, &port);
    wrong = check_resolve_host(host);
    if (!wrong && (*rest != ':' || port < 1 || port > MAX_PORT))
        wrong = "has no port from 1 to 65535 (HOST:PORT:ADDRESS)";
    if (!wrong && !add_addresses(&addresses, rest + 1))
        wrong = "has something that is not an IP address behind the port";
    if (wrong) {
        free(host);
        h2f_text_finish(&addresses);
        return wrong;
    }
    h2f_overrides_add(overrides, host, port, h2f_text_take(&addresses));
    return NULL;
}

/* ---- --dns-servers --------------------------------------------------------------- */

/* The part of "1.2.3.4:53", "[::1]:53", "[::1]" or "::1" that is the address. */
static char *address_of(const char *text, size_t len, const char **rest)
{
    const char *bracket = text[0] == '[' ? memchr(text, ']', len) : NULL;
    const char *colon = memchr(text, ':', len);
    bool is_ipv6 = colon && memchr(colon + 1, ':', (size_t)(text + len - colon - 1));

    if (bracket) {
        *rest = bracket + 1;
        return h2f_copy_part(text + 1, (size_t)(bracket - text - 1));
    }
    *rest = colon && !is_ipv6 ? colon : text + len;
    return h2f_copy_part(text, (size_t)(*rest - text));
}

static bool is_server(const char *text, size_t len)
{
    h2client_address address;
    const char *rest;
    char *literal = address_of(text, len, &rest);
    bool is_literal = h2client_address_parse(literal, &address);
    int64_t port = 1;

    free(literal);
    if (rest < text + len && *rest == ':')
        rest = take_digits(rest + 1, MAX_PORT + 1, &port);
    return is_literal && rest == text + len && port >= 1 && port <= MAX_PORT;
}

const char *h2f_check_servers(const char *text)
{
    while (true) {
        size_t len = strcspn(text, ",");
        if (!is_server(text, len))
            return "is not a list of addresses (ADDR[:PORT],...)";
        if (!text[len])
            return NULL;
        text += len + 1;
    }
}

/* ---- files --------------------------------------------------------------------- */

static bool read_to_end(int fd, struct h2f_text *text)
{
    char buf[READ_SIZE];
    ssize_t n;

    while ((n = read(fd, buf, sizeof buf)) != 0) {
        if (n > 0)
            h2f_text_add(text, buf, (size_t)n);
        else if (errno != EINTR)
            return false;
    }
    return true;
}

bool h2f_read_file(struct h2f_config *config, const char *path, struct h2f_text *text)
{
    if (strcmp(path, "-") != 0)
        return h2f_read_path(path, text);
    config->n_stdin_reads++;
    return read_to_end(STDIN_FILENO, text);
}

bool h2f_read_path(const char *path, struct h2f_text *text)
{
    bool is_read;
    int saved;
    int fd;

    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    is_read = read_to_end(fd, text);
    saved = errno;
    close(fd);
    errno = saved;
    return is_read;
}

/* "HOST:" or "[::1]:", without the brackets; NULL: there is no colon. */
static const char *take_host(const char *text, char **host)
{
    bool has_brackets = text[0] == '[';
    const char *end = has_brackets ? strchr(text, ']') : strchr(text, ':');

    if (!end || (has_brackets && end[1] != ':'))
        return NULL;
    *host = h2f_copy_part(text + has_brackets, (size_t)(end - text) - has_brackets);
    return end + 1 + has_brackets;
}

/* "443" or nothing, and a colon or the end behind. NULL: something else. */
static const char *take_port(const char *text, char end, int64_t *port)
{
    const char *rest = take_digits(text, MAX_PORT + 1, port);

    if (rest == text)
        *port = 0;
    return *rest == end && (rest == text || (*port >= 1 && *port <= MAX_PORT)) ? rest : NULL;
}

const char *h2f_parse_connect_to(const char *text, struct h2f_reroutes *reroutes)
{
    char *host = NULL, *to_host = NULL;
    int64_t port, to_port;
    const char *rest = take_host(text, &host);

    rest = rest ? take_port(rest, ':', &port) : NULL;
    rest = rest ? take_host(rest + 1, &to_host) : NULL;
    rest = rest ? take_port(rest, 0, &to_port) : NULL;
    if (rest) {
        h2f_reroutes_add(reroutes, host, port, to_host, to_port);
        return NULL;
    }
    free(host);
    free(to_host);
    return "is not HOST1:PORT1:HOST2:PORT2, each of which may be left out but for the colons";
}
