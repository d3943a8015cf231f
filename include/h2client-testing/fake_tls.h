/* SPDX-License-Identifier: MIT */
/* A TLS factory that encrypts nothing: bytes pass through, and the handshake ends as
 * the test says. */
#ifndef H2T_FAKE_TLS_H
#define H2T_FAKE_TLS_H

#include "h2client/tls.h"

#ifdef __cplusplus
extern "C" {
#endif

struct h2t_tls {
    h2client_tls_factory factory; /* hand out its address */
    const char *alpn;             /* the server's choice: "h2", "http/1.1", "" (none); what a
                                     dial's link says (h2t_link_options) goes before. Borrowed */
    struct {
        const char *host; /* NULL: none; otherwise the server of this name chooses that */
        const char *alpn;
    } other;
    bool fails;
    h2client_fault fault; /* with fails */
    bool is_silent;       /* handshakes end by their time limit only */
    int64_t delay_ms;
    const char *covers; /* one more host each certificate holds for, "*": every host; NULL: none */
    bool shows_certificate; /* "CN=HOST", issued by "CN=authority", of the bytes "der" */
    bool is_resumed;
    /* What it was asked. */
    size_t n_handshakes;
    size_t n_cancelled;
    size_t n_described;    /* how often a transport told all it knows */
    size_t n_cover_checks; /* how often one was asked about a host */
    size_t n_live;         /* handshakes and transports not destroyed */
    char host[256];        /* of the last handshake */
    char offered[64];      /* its ALPN list: "h2,http/1.1" */
    h2client_ticket_store *tickets;
    char ticket_key[512];
    size_t ticket_key_len;
    int64_t timeout_ms;
};

/* Zeroed but for what the test sets before or after. */
void h2t_tls_init(struct h2t_tls *tls);

#ifdef __cplusplus
}
#endif

#endif
