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

/* Which addresses of a name are connected to. */
typedef enum h2client_ip_family {
    H2CLIENT_IP_ANY = 0,
    H2CLIENT_IP_V4 = 4,
    H2CLIENT_IP_V6 = 6
} h2client_ip_family;

/*
 * May `address`, of `host` (a literal, or a name without trailing dot; a proxy's, where the
 * way leads through one), be connected to? Asked before every attempt, of literals too, on
 * the session's thread, in the middle of the library's work: it must not call the library
 * (h2client_address_format apart), nor block. Both are valid during the call only. An IPv4
 * address is shown as one, also where IPv6 wraps it (::ffff:192.0.2.1); 0.0.0.0 and :: are
 * this machine, too.
 */
typedef bool (*h2client_address_filter_fn)(const h2client_address *address, const char *host,
                                           void *user);

/*
 * How the built-in dialer connects: Happy Eyeballs (RFC 8305). The addresses of a name race:
 * IPv6 and IPv4 take turns, IPv6 first, each gets a delay before the next is tried beside it,
 * and the first connection is the one that is used. Those that failed lately come last, and
 * each connection to a name begins with another of its addresses.
 *
 * A group of options: see session.h. Zero takes the default.
 */
typedef struct h2client_connect_options {
    H2CLIENT_SIZE_MEMBER(h2client_connect_options);
    /* RFC 8305 5: before the next address is tried beside those under way; 250, at least 10.
     * A failure starts the next one at once. NO_LIMIT: one after the other. */
    int64_t attempt_delay_ms;
    /* RFC 8305 3: how long an IPv4 answer waits for the IPv6 one; 50. NONE: not at all;
     * NO_LIMIT: until it has come. */
    int64_t resolution_delay_ms;
    /* So long an address is tried last that failed, or was overtaken by one that was tried
     * later; 60,000. NONE: never. Of 256 addresses at most. */
    int64_t failed_address_ttl_ms;
    /* Of TCP, after so long a silence and as often again, up to 32,767; when three in a row
     * have no answer the connection is reset. 60; NO_LIMIT: off. */
    int64_t keep_alive_s;
    /* A literal, with a zone or without, that connections come from; only addresses of its
     * family are connected to. NULL: the system chooses. What the system refuses is BIND_FAILED. */
    const char *local_address;
    /* The network interface they go through, "eth0" (SO_BINDTODEVICE). NULL: any. The same. */
    const char *interface;
    h2client_address_filter_fn filter; /* NULL: all addresses may be connected to */
    void *filter_user;
    h2client_ip_family family; /* the built-in resolver does not ask for the other one */
    int32_t reserved;
} h2client_connect_options;

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
    /* Addresses (their port set) to try, in the resolver's order; `more`: others will follow.
     * With more == false and none of them usable the dial fails. */
    void (*add_addresses)(h2client_dialer *dialer, h2client_dial *dial,
                          const h2client_address *list, size_t n, bool more);
    /* on_done does not run any more; everything half-open is closed. */
    void (*cancel)(h2client_dialer *dialer, h2client_dial *dial);
    void (*destroy)(h2client_dialer *dialer);
    /* What has become of a dial so far, for the error of a call that waits no longer:
     * "connect to example.org failed: 192.0.2.1:443: timed out". NUL-terminated, cut where it
     * does not fit. NULL, and what a smaller `size` leaves out: nothing is told. */
    void (*describe)(h2client_dialer *dialer, const h2client_dial *dial, char *buf, size_t cap);
} h2client_dialer_ops;

struct h2client_dialer {
    const h2client_dialer_ops *ops;
};

#ifdef __cplusplus
}
#endif

#endif
