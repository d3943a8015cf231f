/* SPDX-License-Identifier: MIT */
/*
 * An echo over any two joined transports: the client sends a pattern in pieces of
 * odd lengths and closes its direction; the server sends back what it gets and
 * closes when it has sent all. Every byte is compared.
 */
#ifndef H2T_ECHO_H
#define H2T_ECHO_H

#include "h2client/transport.h"

#define H2T_ECHO_PIECE 5000 /* bytes in one write at most */

struct h2t_echo {
    h2client_transport *client;
    h2client_transport *server;
    size_t total;
    size_t n_sent;
    size_t n_received;
    bool has_client_end; /* the client has read the end of stream */
    struct {
        char bytes[H2T_ECHO_PIECE];
        size_t start;
        size_t end;
        bool has_end;
    } held; /* read by the server, not yet written */
};

/* Sets the ends' on_ready and wants. Turn the reactor until has_client_end. */
void h2t_echo_start(struct h2t_echo *echo, h2client_transport *client, h2client_transport *server,
                    size_t total);

#endif
