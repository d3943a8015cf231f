/* SPDX-License-Identifier: MIT */
/*
 * Dialer port: makes a transport to a host.
 *
 * It does not look names up: when it wants addresses, the library resolves the
 * name and hands them over as they arrive. A dialer to a Unix socket, a
 * subprocess or a proxy that resolves itself wants none.
 */
#ifndef H2CLIENT_DIALER_H
#define H2CLIENT_DIALER_H

#include "reactor.h"
#include "transport.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct h2client_dialer h2client_dialer;
typedef struct h2client_dial h2client_dial;

typedef struct h2client_target {
    size_t size;
    const char *host;   /* lower-case name without trailing dot, or a literal without brackets */
    int64_t timeout_ms; /* for all addresses together; H2CLIENT_NO_LIMIT: none */
    uint32_t port;
    int32_t reserved;
} h2client_target;

/* Called once for a dial, never inside `dial`, `add_addresses` or `cancel`; the
 * dial is gone then. Either a transport, now the callee's, or a fault. */
typedef void (*h2client_dial_fn)(h2client_transport *transport, const h2client_fault *fault,
                                 void *user);

typedef struct h2client_dialer_ops {
    size_t size;
    bool (*wants_addresses)(h2client_dialer *dialer, const h2client_target *target);
    /* Copies what it keeps of target. NULL: no memory, on_done does not run. */
    h2client_dial *(*dial)(h2client_dialer *dialer, h2client_reactor *reactor,
                           const h2client_target *target, h2client_dial_fn on_done, void *user);
    /* Addresses (their port set) to try in turn; `more`: others will follow. With
     * more == false and none of them usable the dial fails. */
    void (*add_addresses)(h2client_dialer *dialer, h2client_dial *dial,
                          const h2client_address *list, size_t n, bool more);
    /* on_done does not run any more; everything half-open is closed. */
    void (*cancel)(h2client_dialer *dialer, h2client_dial *dial);
    void (*destroy)(h2client_dialer *dialer);
} h2client_dialer_ops;

struct h2client_dialer {
    const h2client_dialer_ops *ops;
};

#ifdef __cplusplus
}
#endif

#endif
