/* SPDX-License-Identifier: MIT */
/*
 * TCP: a dialer that tries the addresses it is given one after the other
 * (connection racing comes with race.h), and the transport it makes: non-blocking,
 * NODELAY, CLOEXEC, no SIGPIPE.
 */
#ifndef H2I_TCP_H
#define H2I_TCP_H

#include "h2client/dialer.h"

/* NULL without memory. */
h2client_dialer *h2i_tcp_dialer_create(const h2client_allocator *allocator);

/* A transport over a connected, non-blocking stream socket; owns `fd` from here
 * on, also when it returns NULL (no memory). A loop that later refuses the socket
 * makes it fail. */
h2client_transport *h2i_tcp_transport_create(h2client_reactor *reactor, int fd);

#endif
