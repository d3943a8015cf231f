/* SPDX-License-Identifier: MIT */
/*
 * The text of addresses: IPv4 as a strict dotted quad, IPv6 as RFC 4291 2.2 says
 * (written as RFC 5952 4), zones as RFC 4007 11 but numeric only: the index of a
 * named zone is the system's to know, and nobody is asked here.
 */
#include "h2client/transport.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/str.h"

static const char *host_text(const h2client_address *address, char host[INET6_ADDRSTRLEN])
{
    int family = address->family == 4 ? AF_INET : AF_INET6;
    return inet_ntop(family, address->bytes, host, INET6_ADDRSTRLEN);
}

const char *h2client_address_format(const h2client_address *address, char *buf, size_t cap)
{
    char host[INET6_ADDRSTRLEN];
    bool is_ipv6 = address->family == 6;
    bool has_port = address->port != 0;
    struct h2i_text text = h2i_text(buf, cap);

    if (address->family != 4 && !is_ipv6)
        return buf;
    if (is_ipv6 && has_port)
        h2i_text_add(&text, "[");
    h2i_text_add(&text, "%s", host_text(address, host));
    if (is_ipv6 && address->scope_id)
        h2i_text_add(&text, "%%%u", (unsigned)address->scope_id);
    if (is_ipv6 && has_port)
        h2i_text_add(&text, "]");
    if (has_port)
        h2i_text_add(&text, ":%u", (unsigned)address->port);
    return buf;
}

static bool parse_zone(struct h2i_str zone, uint32_t *scope_id)
{
    uint64_t value;
    if (!h2i_str_parse_uint(zone, UINT32_MAX, &value) || value == 0)
        return false;
    *scope_id = (uint32_t)value;
    return true;
}

static bool parse_ipv6(struct h2i_str literal, h2client_address *address)
{
    char host[INET6_ADDRSTRLEN];
    const char *percent = memchr(literal.data, '%', literal.len);
    size_t host_len = percent ? (size_t)(percent - literal.data) : literal.len;

    if (host_len >= sizeof host)
        return false;
    memcpy(host, literal.data, host_len);
    host[host_len] = 0;
    if (inet_pton(AF_INET6, host, address->bytes) != 1)
        return false;
    address->family = 6;
    if (!percent)
        return true;
    struct h2i_str zone = h2i_str(percent + 1, literal.len - host_len - 1);
    return parse_zone(zone, &address->scope_id);
}

bool h2client_address_parse(const char *text, h2client_address *address)
{
    *address = (h2client_address){0};
    if (inet_pton(AF_INET, text, address->bytes) == 1) {
        address->family = 4;
        return true;
    }
    if (parse_ipv6(h2i_str_of(text), address))
        return true;
    *address = (h2client_address){0};
    return false;
}
