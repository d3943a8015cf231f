/* SPDX-License-Identifier: MIT */
/*
 * TCP: a dialer whose addresses race (race.h), and the transport it makes: non-blocking,
 * NODELAY, CLOEXEC, no SIGPIPE.
 */
#ifndef H2I_TCP_H
#define H2I_TCP_H

#include "h2client/dialer.h"
#include "transport/tcp_socket.h"

/* h2client_connect_options, checked and in the units of the dialer. */
struct h2i_tcp_config {
    int64_t attempt_delay_us; /* these three: INT64_MAX is for ever */
    int64_t resolution_delay_us;
    int64_t failed_address_ttl_us;
    struct h2i_tcp_socket_options socket;
    h2client_ip_family family;
    h2client_address_filter_fn filter; /* NULL: all may be connected to */
    void *filter_user;
};

struct h2i_tcp_config h2i_tcp_config_default(void);
/* The config is copied. NULL without memory. */
h2client_dialer *h2i_tcp_dialer_create(const h2client_allocator *allocator,
                                       const struct h2i_tcp_config *config);

/* A transport over a connected, non-blocking stream socket; owns `fd` from here
 * on, also when it returns NULL (no memory). A loop that later refuses the socket
 * makes it fail. */
h2client_transport *h2i_tcp_transport_create(h2client_reactor *reactor, int fd);
/* The same of another kind of stream socket, called `name` (copied, up to 127 bytes) in faults. */
h2client_transport *h2i_socket_transport_create(h2client_reactor *reactor, int fd,
                                                const char *name);

#endif
