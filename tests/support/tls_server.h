/* SPDX-License-Identifier: MIT */
/*
 * A TLS server over any transport: GnuTLS's own server side, which does what a test
 * says. It drives its handshake by itself; from then on it is an ordinary transport.
 *
 * (A server that is silent, closes, or sends what is no TLS needs none of this: a test
 * uses the inner transport itself.)
 */
#ifndef H2T_TLS_SERVER_H
#define H2T_TLS_SERVER_H

#include "base/buf.h"
#include "h2client/reactor.h"
#include "h2client/transport.h"
#include "tests/support/test_certs.h"

/* Borrowed by the server as long as it lives. */
struct h2t_tls_server_config {
    const struct h2t_cert *chain[4];  /* the leaf first; its key is used */
    const char *priority;             /* NULL: "NORMAL" */
    const char *const *alpn;          /* what it can speak; NULL: it knows no ALPN */
    const gnutls_datum_t *staple;     /* an OCSP answer */
    const gnutls_datum_t *ticket_key; /* gives out tickets, and takes them; NULL: neither */
    const struct h2t_cert *client_ca; /* clients are asked for a certificate of it; NULL: none */
    bool demands_client;              /* or it refuses them */
    struct {
        const char *from; /* each time these bytes would be sent, those are; NULL: none */
        const char *to;
        size_t len;
    } tampering;
};

struct h2t_tls_server {
    h2client_transport transport; /* once it is up */
    struct h2t_tls_server_config config;
    h2client_reactor *reactor;
    h2client_transport *inner;
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
    struct h2i_buf out; /* records on their way to inner */
    h2client_task report;
    unsigned wanted;
    bool is_up;
    bool has_end;          /* the client's close_notify has come */
    int failure;           /* GnuTLS's code of what ended it; 0: nothing */
    int alert;             /* the client sent one; -1: none was read */
    char sni[256];         /* the name the client asked for; "" for none */
    bool is_resumed;       /* once it is up */
    size_t n_client_certs; /* that the client has shown */
};

/* Owns inner. */
struct h2t_tls_server *h2t_tls_server_create(h2client_reactor *reactor,
                                             const struct h2t_tls_server_config *config,
                                             h2client_transport *inner);
/* NULL is fine. The same as its transport's destroy. */
void h2t_tls_server_destroy(struct h2t_tls_server *server);

/* Sends text; fails the test unless all of it is taken. */
void h2t_tls_server_say(struct h2t_tls_server *server, const char *text);
/* The fatal alert the client has sent, also after the handshake; -1: none. */
int h2t_tls_server_hear_alert(struct h2t_tls_server *server);
/* Sends close_notify; inner stays open. */
void h2t_tls_server_close_notify(struct h2t_tls_server *server);
/* Half-closes inner, without close_notify. */
void h2t_tls_server_cut(struct h2t_tls_server *server);
void h2t_tls_server_alert(struct h2t_tls_server *server, gnutls_alert_level_t level,
                          gnutls_alert_description_t alert);
/* TLS 1.2: HelloRequest. */
void h2t_tls_server_rehandshake(struct h2t_tls_server *server);
/* TLS 1.3. */
void h2t_tls_server_key_update(struct h2t_tls_server *server, bool asks_peer);
void h2t_tls_server_tickets(struct h2t_tls_server *server, unsigned n);
/* Bytes as they are, between two records. */
void h2t_tls_server_raw(struct h2t_tls_server *server, const void *data, size_t len);

#endif
