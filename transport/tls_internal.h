/* SPDX-License-Identifier: MIT */
/* Shared by the files of the built-in TLS client: the factory, its trust, a connection. */
#ifndef H2I_TLS_INTERNAL_H
#define H2I_TLS_INTERNAL_H

#include <gnutls/gnutls.h>

#include "base/alloc.h"
#include "h2client/tls.h"

#define H2I_TLS_HOST_MAX 256

struct h2i_tls_factory {
    h2client_tls_factory base;
    const h2client_allocator *allocator;
    gnutls_certificate_credentials_t credentials;
    gnutls_priority_t priority;
    bool verifies;
    bool has_trust; /* the system's store is read at the first handshake */
};

/* A TLS connection: at first a handshake, then a transport. */
struct h2i_tls {
    h2client_transport transport;
    struct h2i_tls_factory *factory;
    h2client_reactor *reactor;
    h2client_transport *inner;
    gnutls_session_t session;
    char host[H2I_TLS_HOST_MAX];
    bool host_is_literal;
    h2client_address literal;
    char alpn_offered[128]; /* "h2 http/1.1" */
    char alpn[32];          /* chosen; "" for nothing */
    struct {                /* records on their way to inner; one block of H2I_TLS_OUT_BYTES */
        char *buf;
        size_t start;
        size_t end;
    } out;
    struct { /* records read ahead from inner; H2I_TLS_IN_BYTES */
        char *buf;
        size_t start;
        size_t end;
        bool is_at_end; /* inner's end of stream */
    } in;
    char *staging;   /* a record's worth, to fill records from short pieces */
    unsigned wanted; /* by our user */
    unsigned inner_wanted;
    h2client_task report; /* more can be read though inner will not say so */
    h2client_fault fault; /* has_failed: why */
    bool has_failed;
    bool is_closing; /* half_close: inner's follows once all is flushed */
    struct {         /* while it is a handshake */
        h2client_handshake_fn on_done;
        void *user;
        h2client_timer timer;
        h2client_task failure; /* found inside start */
        int64_t timeout_ms;
        size_t n_bytes; /* received; bounded */
        bool is_over;
    } handshake;
    struct {
        h2client_ticket_store *store; /* NULL: none, or the ticket was kept already */
        char *key;
        size_t key_len;
    } tickets;
    char version[16];
    char cipher[32];
};

/* ---- tls_trust.c ---------------------------------------------------------- */

/* Reads the CA file, or nothing when it is NULL. False with *fault. */
bool h2i_tls_load_ca_file(struct h2i_tls_factory *factory, const char *ca_file,
                          h2client_fault *fault);
/* Reads the system's store unless there is trust already. False: it has no certificate. */
bool h2i_tls_load_system_trust(struct h2i_tls_factory *factory);
/* Chain, validity, purpose, name (subjectAltName only). False with *fault. */
bool h2i_tls_verify_peer(const struct h2i_tls *tls, h2client_fault *fault);
/* Does the peer's certificate name this host in a subjectAltName? */
bool h2i_tls_certificate_names(gnutls_session_t session, const char *host);

/* ---- tls_record.c --------------------------------------------------------- */

/* Joins GnuTLS to inner. False: no memory. */
bool h2i_tls_record_init(struct h2i_tls *tls);
/* Writes what is pending, once. False when inner failed; the fault is noted. */
bool h2i_tls_flush(struct h2i_tls *tls);
/* Tells inner what to wait for. */
void h2i_tls_want_inner(struct h2i_tls *tls, unsigned events);
/* The handshake is complete: from now on inner's readiness is the transport's. */
void h2i_tls_become_transport(struct h2i_tls *tls);
void h2i_tls_fail(struct h2i_tls *tls, const h2client_fault *fault);
/* Frees everything with inner. */
void h2i_tls_free(struct h2i_tls *tls);

#endif
