/* SPDX-License-Identifier: MIT */
/*
 * TLS: the options of the built-in client (GnuTLS), and the factory port by
 * which another TLS library, or a test, can stand in for it.
 */
#ifndef H2CLIENT_TLS_H
#define H2CLIENT_TLS_H

#include "reactor.h"
#include "transport.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A group of options: see session.h. Everything is copied at session_create. */
typedef struct h2client_tls_options {
    H2CLIENT_SIZE_MEMBER(h2client_tls_options);
    /* PEM file whose certificates are trusted *instead of* the system's store.
     * NULL: the system's store. Unreadable or without a certificate: every call
     * of the session ends with TLS_CA_FILE. */
    const char *ca_file;
    /* ON (default): chain, validity, key purpose and name are checked (RFC 9110
     * 4.3.4). OFF: anybody can read and change everything. */
    h2client_switch verify;
    int32_t reserved;
} h2client_tls_options;

/* Opaque resumption tickets: the key is the connector's and says nothing to the
 * factory. A store may forget at any time. */
typedef struct h2client_ticket_store h2client_ticket_store;
struct h2client_ticket_store {
    size_t size;
    void (*put)(h2client_ticket_store *store, const void *key, size_t key_len, const void *ticket,
                size_t ticket_len);
    /* Takes one out, so that it is used once: returns its length, 0 if none, and
     * the bytes, which the caller releases with the reactor's allocator. */
    size_t (*take)(h2client_ticket_store *store, const void *key, size_t key_len, void **ticket);
};

typedef struct h2client_tls_factory h2client_tls_factory;
typedef struct h2client_handshake h2client_handshake;

typedef struct h2client_tls_params {
    size_t size;
    const char *host;               /* to verify and, unless a literal, for SNI; no trailing dot */
    const char *const *alpn;        /* offered in this order, NULL-terminated; NULL: none */
    h2client_ticket_store *tickets; /* NULL: no resumption */
    const void *ticket_key;
    size_t ticket_key_len;
    int64_t timeout_ms; /* for the handshake; H2CLIENT_NO_LIMIT: none */
} h2client_tls_params;

/* Called once for a handshake, never inside `start` or `cancel`; the handshake
 * is gone then. A transport, now the callee's, or a fault. */
typedef void (*h2client_handshake_fn)(h2client_transport *transport, const h2client_fault *fault,
                                      void *user);

typedef struct h2client_tls_factory_ops {
    size_t size;
    /* Owns `inner` from here on, whatever happens. Copies what it keeps of
     * params. NULL: no memory; inner is destroyed, on_done does not run. */
    h2client_handshake *(*start)(h2client_tls_factory *factory, h2client_reactor *reactor,
                                 const h2client_tls_params *params, h2client_transport *inner,
                                 h2client_handshake_fn on_done, void *user);
    void (*cancel)(h2client_tls_factory *factory, h2client_handshake *handshake);
    void (*destroy)(h2client_tls_factory *factory);
} h2client_tls_factory_ops;

struct h2client_tls_factory {
    const h2client_tls_factory_ops *ops;
};

#ifdef __cplusplus
}
#endif

#endif
