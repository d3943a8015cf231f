/* SPDX-License-Identifier: MIT */
/* Sockets on their way to a connection: made, bound, and asked what became of them. */
#ifndef H2I_TCP_SOCKET_H
#define H2I_TCP_SOCKET_H

#include "h2client/transport.h"

#define H2I_MAX_INTERFACE_LEN 15 /* of its name */

/* Zeroed: nothing is asked for. */
struct h2i_tcp_socket_options {
    h2client_address local; /* port 0; family 0: the system chooses */
    char interface[H2I_MAX_INTERFACE_LEN + 1];
    int32_t keep_alive_s; /* 0: off */
};

/* Whose failure it was. */
enum h2i_tcp_culprit { H2I_TCP_ADDRESS, H2I_TCP_LOCAL_ADDRESS, H2I_TCP_INTERFACE };

/*
 * Begins to connect. 0: it has connected; EINPROGRESS: it will be writable when
 * h2i_tcp_socket_outcome knows more; any other errno value is a failure. *fd is the caller's
 * to close, or -1.
 */
int h2i_tcp_socket_connect(const h2client_address *to, const struct h2i_tcp_socket_options *options,
                           int *fd, enum h2i_tcp_culprit *culprit);
/* 0, or why the connection that the socket tried for did not come about. */
int h2i_tcp_socket_outcome(int fd);

#endif
