/* SPDX-License-Identifier: MIT */
/* The dialer to TCP on the real loop, one dial at a time, and places on loopback to dial to. */
#ifndef H2T_DIAL_RIG_H
#define H2T_DIAL_RIG_H

#include "base/reactor.h"
#include "tests/support/test_alloc.h"
#include "transport/tcp.h"

#define H2T_DIAL_MAX_SOCKETS 16

struct h2t_dial_rig {
    struct h2t_alloc alloc;
    h2client_loop *loop;
    struct h2client_reactor reactor;
    struct h2i_tcp_config config; /* of the dialer */
    h2client_dialer *dialer;
    h2client_dial *dial; /* NULL once it has ended */
    int sockets[H2T_DIAL_MAX_SOCKETS];
    int n_sockets;
    struct {
        unsigned n;
        h2client_transport *transport;
        h2client_fault fault; /* code OK: none */
    } done;
};

/* With the default configuration. */
void h2t_dial_open(struct h2t_dial_rig *rig);
void h2t_dial_close(struct h2t_dial_rig *rig);
/* Another dialer, by rig->config. */
void h2t_dial_make_dialer(struct h2t_dial_rig *rig);

/* A port of our own where nobody listens; one where somebody does; and one that never
 * answers: a listener whose queue is full, by which Linux drops what knocks. */
h2client_address h2t_refused_place(struct h2t_dial_rig *rig);
h2client_address h2t_listening_place(struct h2t_dial_rig *rig);
h2client_address h2t_silent_place(struct h2t_dial_rig *rig);

void h2t_dial(struct h2t_dial_rig *rig, int64_t timeout_ms);
void h2t_dial_add(struct h2t_dial_rig *rig, h2client_address place, bool more);
void h2t_dial_turn(struct h2t_dial_rig *rig, int64_t timeout_us);
/* Until the dial has ended. */
void h2t_dial_run(struct h2t_dial_rig *rig);
/* Everything that can happen without a timer has happened. */
void h2t_dial_settle(struct h2t_dial_rig *rig);
void h2t_expect_connection_to(struct h2t_dial_rig *rig, h2client_address place);
/* A whole dial, after another one. */
void h2t_dial_and_expect(struct h2t_dial_rig *rig, const h2client_address *list, size_t n,
                         h2client_address place);

#endif
