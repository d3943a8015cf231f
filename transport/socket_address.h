/* SPDX-License-Identifier: MIT */
/* h2client_address to and from what the socket calls speak. */
#ifndef H2I_SOCKET_ADDRESS_H
#define H2I_SOCKET_ADDRESS_H

#include <sys/socket.h>

#include "h2client/transport.h"

/* Family, address, zone and port. */
bool h2i_address_equals(const h2client_address *a, const h2client_address *b);
/* An IPv4 address in the clothes of an IPv6 one (RFC 4291 2.5.5.2) without them; any other as
 * it is. To the kernel both are the same place. */
h2client_address h2i_address_unmapped(const h2client_address *address);
/* Fills `to` and returns its length; 0 for a family that is neither 4 nor 6. */
socklen_t h2i_socket_address_make(const h2client_address *address, struct sockaddr_storage *to);
/* The socket's two ends; family 0 when there is no IP address (a Unix socket) or,
 * for the remote one, when it is not connected. */
h2client_address h2i_socket_local_address(int fd);
h2client_address h2i_socket_remote_address(int fd);

#endif
