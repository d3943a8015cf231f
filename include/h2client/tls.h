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

/* For min_version and max_version. There is nothing below TLS 1.2. */
typedef enum h2client_tls_version {
    H2CLIENT_TLS_ANY = 0, /* the lowest, or the highest, that there is */
    H2CLIENT_TLS_1_2 = 12,
    H2CLIENT_TLS_1_3 = 13
} h2client_tls_version;

/* What the built-in checks made of a server. All of it is valid during the call only. */
typedef struct h2client_tls_verdict {
    size_t size;
    const char *host;            /* that the connection is for; no trailing dot */
    const h2client_bytes *chain; /* what the server showed, in DER, its own certificate first */
    size_t n_chain;              /* 0: it showed none */
    const h2client_fault *fault; /* why the checks refuse it; NULL: they do not */
} h2client_tls_verdict;

/*
 * A word of the application about a server: true to go on, false to refuse it, by which the
 * call ends with TLS_UNTRUSTED. Asked once a connection, resumed ones too, when all checks
 * have passed and before any byte of a request is sent; what the checks refuse is not asked
 * about. Only with verify OFF is it asked whatever they found, and the decision its own.
 *
 * It runs on the session's thread inside a driving function, like any callback: it may
 * start, cancel and destroy what it likes, but drive nothing, and it should not block.
 */
typedef bool (*h2client_tls_verify_fn)(const h2client_tls_verdict *verdict, void *user);

/*
 * A group of options: see session.h. Everything is copied or read at session_create, files
 * too; but verify_user is only handed through. What cannot be used there is the error of the
 * session, and of each of its calls.
 *
 * Certificates are X.509 (RFC 5280). "PEM" in memory is text that ends with a NUL.
 */
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

    /* ---- whom to trust, besides ca_file; with any of the three the system's store is not.
     * A directory, whose PEM files are read; PEM in memory. Errors as ca_file's. */
    const char *ca_dir;
    const char *ca_pem;
    /* PEM file of revocation lists (RFC 5280 5). An issuer without a list is not checked;
     * a list that is out of date makes its certificates untrusted. A list that cannot be
     * used is TLS_CRL_FILE, a certificate on one is TLS_REVOKED. NULL: none. */
    const char *crl_file;

    /* ---- who we are, for servers that ask. NULL: nobody. TLS_CLIENT_CERT: it cannot be
     * read, the key is not the certificate's, the password is wrong; or, for a call, the
     * server demands one and got none, or not one that it takes. What is given is sent only
     * when an authority the server names has issued it.
     * PEM files; the first certificate is ours, those that follow lead to its authority. */
    const char *cert_file;
    const char *key_file;     /* NULL: the key stands in cert_file */
    const char *cert_pem;     /* the same in memory */
    const char *key_pem;      /* NULL: in cert_pem */
    const char *pkcs12_file;  /* RFC 7292: both in one */
    const char *key_password; /* of whichever of these is encrypted; NULL: none is */

    /* ---- what is agreed on.
     * GnuTLS's priority words, "SECURE256:-CIPHER-ALL:+AES-256-GCM", in place of "NORMAL".
     * Whatever they say, TLS below 1.2 is not spoken, the two versions below hold, and
     * %PROFILE_MEDIUM applies where they name no profile. TLS_PRIORITY tells the place of
     * the word that is not known. NULL: "NORMAL". */
    const char *priority;

    /* ---- more to be checked.
     * The public keys of which the server's certificate must hold one, also with verify OFF:
     * "sha256//BASE64", the digest of its SubjectPublicKeyInfo (RFC 7469 2.4), several with
     * ";" between them; anything else is the path of a public key, PEM or DER. Another key, or
     * a text that is neither, is TLS_PINNED. NULL: any key. */
    const char *pins;
    /* Asked about each server when it is set; see h2client_tls_verify_fn. */
    h2client_tls_verify_fn verify_fn;
    void *verify_user;

    /* ---- for debugging: this file is appended to, and made for its owner only, with the
     * secrets of each connection in NSS's format, by which others can read all it carries.
     * It cannot be opened: TLS_KEYLOG_FILE. NULL: none. The environment is not asked. */
    const char *keylog_file;

    h2client_tls_version min_version;
    h2client_tls_version max_version;
    /* A stapled answer about revocation (OCSP, RFC 6961 and 8446 4.4.2.1) is always checked,
     * and one is demanded where a certificate says so (RFC 7633). ON: of every server, or
     * TLS_STAPLE, also with verify OFF. Default: OFF. */
    h2client_switch require_staple;
    /* ON (default): sessions are resumed (RFC 8446 2.2). Each ticket is used once, for
     * connections that could as well share one, and the server is checked again in full.
     * OFF: a server cannot recognise us by them. */
    h2client_switch session_tickets;
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

/* TLS by GnuTLS, as a session makes it for itself; for what wraps it. NULL options: defaults;
 * what is wrong with them every handshake tells. `allocator` NULL: malloc and its kin; it must
 * outlive the factory. NULL: no memory. */
H2CLIENT_API H2CLIENT_MUST_USE h2client_tls_factory *h2client_tls_factory_create(
    const h2client_tls_options *options, const h2client_allocator *allocator);
/* Its sessions are gone. NULL is fine. */
H2CLIENT_API void h2client_tls_factory_destroy(h2client_tls_factory *factory);

#ifdef __cplusplus
}
#endif

#endif
