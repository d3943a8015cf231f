/* SPDX-License-Identifier: MIT */
/* Shared by the files of the TLS client over OpenSSL. */
#ifndef H2T_OPENSSL_INTERNAL_H
#define H2T_OPENSSL_INTERNAL_H

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/alloc.h"
#include "h2client/tls.h"

struct h2t_openssl_factory {
    h2client_tls_factory base;
    const h2client_allocator *allocator;
    SSL_CTX *context;
    bool verifies;
    h2client_fault fault; /* of the options */
};

enum h2t_openssl_writing { H2T_OPENSSL_OPEN, H2T_OPENSSL_CLOSING, H2T_OPENSSL_CLOSED };

/* OpenSSL reads from and writes to memory; we carry that to the transport below. */
struct h2t_openssl {
    h2client_transport transport; /* once ops is set */
    struct h2t_openssl_factory *factory;
    h2client_reactor *reactor;
    h2client_transport *inner;
    SSL *ssl;
    BIO *in;  /* ssl's */
    BIO *out; /* ssl's */
    char *host;
    h2client_address literal; /* family 0: host is a name */
    char alpn[32];
    char version[16];
    char cipher[32];
    char *staging; /* a record filled from short pieces */
    unsigned wanted;
    h2client_task report;
    h2client_fault fault; /* of the first failure; code OK: all is well */
    enum h2t_openssl_writing writing;
    bool is_out_broken;
    bool has_read_failed;
    bool has_close_notify;
    bool is_inner_at_end;
    bool asks_again; /* the server wants to renegotiate */
    int alert;       /* the last one of the server; -1: none */
    bool is_warning;
    struct {
        h2client_handshake_fn on_done;
        void *user;
        h2client_timer timer;
        h2client_task failure;
        int64_t timeout_ms;
    } handshake;
    struct {
        h2client_ticket_store *store; /* NULL: none, or the ticket was kept already */
        char *key;
        size_t key_len;
        STACK_OF(X509) * chain; /* the server's, which came with the ticket */
    } tickets;
};

static inline bool h2t_openssl_has_failed(const struct h2t_openssl *tls)
{
    return tls->fault.code != H2CLIENT_OK;
}

/* ---- openssl_tls.c ---------------------------------------------------------- */

void h2t_openssl_free(struct h2t_openssl *tls);
/* Notes why, unless there is a reason already; the first ends reading, too. */
void h2t_openssl_fail(struct h2t_openssl *tls, const h2client_fault *fault);
void h2t_openssl_fail_write(struct h2t_openssl *tls, const h2client_fault *fault);
/* "the server sent alert 40 (Handshake failure)", with words before it. */
h2client_fault h2t_openssl_fault_of_alert(const struct h2t_openssl *tls, h2client_error_code code,
                                          const char *words);
/* Why OpenSSL failed last, in its own words. */
const char *h2t_openssl_reason(void);
/* Writes what is pending, at most once. */
void h2t_openssl_flush(struct h2t_openssl *tls);
/* Takes bytes of the transport below: > 0, 0 at its end, IO_AGAIN, IO_FAILED (noted). */
ptrdiff_t h2t_openssl_fetch(struct h2t_openssl *tls);

/* ---- openssl_record.c -------------------------------------------------------- */

void h2t_openssl_become_transport(struct h2t_openssl *tls);

/* ---- openssl_resume.c -------------------------------------------------------- */

/* Offers a ticket if there is one. False: no memory. */
bool h2t_openssl_resume(struct h2t_openssl *tls, const h2client_tls_params *params);
/* OpenSSL's callback for a new session; 0: it stays OpenSSL's. */
int h2t_openssl_keep_session(SSL *ssl, SSL_SESSION *session);
/* What the server has shown, now or when the ticket was made: its own first. Borrowed. */
STACK_OF(X509) * h2t_openssl_chain(const struct h2t_openssl *tls);

/* ---- openssl_trust.c --------------------------------------------------------- */

bool h2t_openssl_load_trust(struct h2t_openssl_factory *factory,
                            const h2client_tls_options *options);
/* OpenSSL's callback in a handshake: 1, or 0 with the fault noted. */
int h2t_openssl_judge(X509_STORE_CTX *context, void *user);
/* The same for a resumed session. */
bool h2t_openssl_judge_again(struct h2t_openssl *tls);
bool h2t_openssl_names(const struct h2t_openssl *tls, const char *host);

#endif
