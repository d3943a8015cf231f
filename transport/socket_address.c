/* SPDX-License-Identifier: MIT */
/* h2client_address to and from sockaddr. No text: base/ formats and parses. */
#include "transport/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

_Static_assert(sizeof(struct in6_addr) == sizeof((h2client_address){0}.bytes),
               "an IPv6 address fills the bytes");

bool h2i_address_equals(const h2client_address *a, const h2client_address *b)
{
    size_t len = a->family == 4 ? sizeof(struct in_addr) : sizeof a->bytes;

    return a->family == b->family && a->port == b->port && a->scope_id == b->scope_id &&
           !memcmp(a->bytes, b->bytes, len);
}

h2client_address h2i_address_unmapped(const h2client_address *address)
{
    static const uint8_t clothes[12] = {[10] = 0xff, [11] = 0xff};
    h2client_address plain = {.family = 4, .port = address->port};

    if (address->family != 6 || memcmp(address->bytes, clothes, sizeof clothes) != 0)
        return *address;
    memcpy(plain.bytes, address->bytes + sizeof clothes, 4);
    return plain;
}

socklen_t h2i_socket_address_make(const h2client_address *address, struct sockaddr_storage *to)
{
    memset(to, 0, sizeof *to);
    if (address->family == 4) {
        struct sockaddr_in *in = (struct sockaddr_in *)to;
        in->sin_family = AF_INET;
        in->sin_port = htons(address->port);
        memcpy(&in->sin_addr, address->bytes, sizeof in->sin_addr);
        return sizeof *in;
    }
    if (address->family == 6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)to;
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(address->port);
        in6->sin6_scope_id = address->scope_id;
        memcpy(&in6->sin6_addr, address->bytes, sizeof in6->sin6_addr);
        return sizeof *in6;
    }
    return 0;
}

static h2client_address address_of(const struct sockaddr_storage *from)
{
    h2client_address address = {.family = 0};
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)from;
        address.family = 4;
        address.port = ntohs(in->sin_port);
        memcpy(address.bytes, &in->sin_addr, sizeof in->sin_addr);
    } else if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
        address.family = 6;
        address.port = ntohs(in6->sin6_port);
        address.scope_id = in6->sin6_scope_id;
        memcpy(address.bytes, &in6->sin6_addr, sizeof in6->sin6_addr);
    }
    return address;
}

h2client_address h2i_socket_local_address(int fd)
{
    struct sockaddr_storage storage = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof storage;
    getsockname(fd, (struct sockaddr *)&storage, &len);
    return address_of(&storage);
}

h2client_address h2i_socket_remote_address(int fd)
{
    struct sockaddr_storage storage = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof storage;
    getpeername(fd, (struct sockaddr *)&storage, &len);
    return address_of(&storage);
}
