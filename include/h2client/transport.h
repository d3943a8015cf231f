/* SPDX-License-Identifier: MIT */
/*
 * Transport port: an ordered stream of bytes in both directions.
 *
 * TCP, TLS over another transport, a pipe in memory, a Unix socket: the HTTP
 * cores see none of them, only this. Implementations embed h2client_transport
 * as their first member and are made by a dialer (dialer.h) or wrapped around
 * another transport by a TLS factory (tls.h).
 *
 * Readiness comes by callback, since not every transport has a descriptor. The
 * one who uses the transport sets `on_ready` and `user`, says with `wants` what
 * it waits for, and is called, never from inside one of the functions below,
 * while what it wants is (or may be) possible: level-triggered, so a reader that
 * stops early is called again. on_ready may destroy the transport.
 *
 * Functions run on the session's thread and never block.
 */
#ifndef H2CLIENT_TRANSPORT_H
#define H2CLIENT_TRANSPORT_H

#include "fault.h"
#include "loop.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An IPv4 or IPv6 address and a port, in a form that is the same on all systems. */
typedef struct h2client_address {
    uint8_t bytes[16]; /* network order; an IPv4 address fills the first four */
    uint32_t scope_id; /* IPv6 link-local zones; 0: none */
    uint16_t port;     /* host order; 0 where it has no meaning */
    uint16_t family;   /* 4 or 6; 0: no IP address */
} h2client_address;

/* "192.0.2.1:443", "[2001:db8::1]:443" (port 0: without port), NUL-terminated,
 * needs at most H2CLIENT_ADDRESS_TEXT_MAX bytes. Returns buf. */
#define H2CLIENT_ADDRESS_TEXT_MAX 72
H2CLIENT_API const char *h2client_address_format(const h2client_address *address, char *buf,
                                                 size_t cap);
/* Parses a literal without brackets, with or without a zone id ("fe80::1%2").
 * False when it is none; the port is 0. Asks nobody. */
H2CLIENT_API bool h2client_address_parse(const char *text, h2client_address *address);

typedef struct h2client_iovec {
    const void *data;
    size_t len;
} h2client_iovec;

/* Results of read and write besides a count of bytes. */
#define H2CLIENT_IO_AGAIN ((ptrdiff_t)-1)  /* nothing now; wait for on_ready */
#define H2CLIENT_IO_FAILED ((ptrdiff_t)-2) /* for ever; info().fault says why */

typedef struct h2client_transport h2client_transport;

/* A server's certificate, the first of what it showed, for people; and all of that. */
typedef struct h2client_certificate {
    size_t size;
    const h2client_bytes *chain; /* in DER, its own first; as many as it sent, at most 16 */
    size_t n_chain;
    const char *subject; /* RFC 4514: "CN=example.com,O=..."; what cannot be read is "" */
    const char *issuer;
    const char *sha256;   /* of its DER, 64 lower-case hexadecimal digits */
    int64_t not_before_s; /* since 1970, UTC; -1: not known */
    int64_t not_after_s;
} h2client_certificate;

/* What is known about a transport. Strings and the fault belong to it. A layer
 * fills its own part and asks the transport below for the rest. */
typedef struct h2client_transport_info {
    size_t size;
    const char *alpn;            /* what the peer chose; "" for nothing; NULL: no TLS */
    const char *tls_version;     /* "TLS1.3"; NULL: no TLS */
    const char *tls_cipher;      /* GnuTLS's words; NULL: no TLS */
    const h2client_fault *fault; /* after IO_FAILED; NULL otherwise */
    h2client_address local;      /* family 0 when there is none */
    h2client_address remote;
    int32_t tls_resumed;     /* 1: this session was resumed */
    int32_t tls_early_bytes; /* reserved, 0 */
    /* Of the handshake, or of the one that is resumed; NULL: no TLS, not known, or the peer
     * showed no certificate. Made when it is first asked for, which takes tens of
     * microseconds: a `size` of H2CLIENT_TRANSPORT_INFO_BRIEF does not ask. */
    const h2client_certificate *tls_certificate;
    const char *tls_group;     /* of the key exchange: "X25519" */
    const char *tls_signature; /* the peer's: "ECDSA-SECP256R1-SHA256" */
} h2client_transport_info;

#define H2CLIENT_TRANSPORT_INFO_BRIEF offsetof(h2client_transport_info, tls_certificate)

typedef struct h2client_transport_ops {
    size_t size;
    /* > 0 bytes; 0: the peer has closed its direction in good order (FIN where
     * there is no TLS, close_notify where there is; a FIN without close_notify is
     * IO_FAILED with TRUNCATED); IO_AGAIN; IO_FAILED. `cap` is never 0. */
    ptrdiff_t (*read)(h2client_transport *transport, void *buf, size_t cap);
    /* Takes as many bytes as it has room for, at least one, or IO_AGAIN or
     * IO_FAILED. Bytes taken are sent without another call. */
    ptrdiff_t (*write)(h2client_transport *transport, const h2client_iovec *iov, size_t n_iov);
    /* H2CLIENT_READABLE | H2CLIENT_WRITABLE; replaces what was wanted before; at
     * first nothing is. HANGUP is reported while anything is wanted. */
    void (*wants)(h2client_transport *transport, unsigned events);
    /* No more writes: FIN, or close_notify and FIN once all is flushed. */
    void (*half_close)(h2client_transport *transport);
    /* info->size is set by the caller; writes no more than that. */
    void (*info)(h2client_transport *transport, h2client_transport_info *info);
    /* Does the peer's verified certificate hold for this host name as well?
     * (RFC 9113 9.1.1) False without TLS, and where somebody who was asked about the first
     * host only had a say. */
    bool (*covers_host)(h2client_transport *transport, const char *host);
    /* Closes at once, whatever is unsent, with everything it wraps. */
    void (*destroy)(h2client_transport *transport);
} h2client_transport_ops;

struct h2client_transport {
    const h2client_transport_ops *ops;
    /* Set by the user of the transport; `ready` is a set of H2CLIENT_READABLE ... */
    void (*on_ready)(h2client_transport *transport, unsigned ready, void *user);
    void *user;
};

#ifdef __cplusplus
}
#endif

#endif
