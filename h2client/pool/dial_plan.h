/* SPDX-License-Identifier: MIT */
/*
 * Dial plan: how many connections an origin should open now; a pure decision.
 *
 *   unknown   one: what ALPN answers says how to go on
 *   HTTP/1.1  one for each call that waits, up to the limit a host
 *   HTTP/2    one; another only once all streams are taken and the first waiter has been
 *             patient, up to the limit a host
 */
#ifndef H2I_DIAL_PLAN_H
#define H2I_DIAL_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How long the first waiter waits for a stream before HTTP/2 gets another connection. */
#define H2I_PATIENCE_US INT64_C(100000)

enum h2i_protocol { H2I_PROTOCOL_UNKNOWN = 0, H2I_PROTOCOL_H1, H2I_PROTOCOL_H2 };

struct h2i_origin_state {
    enum h2i_protocol protocol;
    size_t n_waiting; /* when all room has been handed out */
    size_t n_open;    /* connections, draining ones too */
    size_t n_dialing;
    bool has_hope;          /* one of them will take calls again */
    int64_t first_since_us; /* when the first waiter came */
    int64_t not_before_us;  /* a dial failed: no other one before */
    size_t max_h1;          /* a host */
    size_t max_h2;
};

struct h2i_dial_plan {
    size_t n_dials;
    int64_t look_again_us; /* INT64_MAX: when something changes */
};

struct h2i_dial_plan h2i_dial_plan(const struct h2i_origin_state *state, int64_t now_us);

#endif
