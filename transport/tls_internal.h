/* SPDX-License-Identifier: MIT */
/* Shared by the files of the built-in TLS client: the factory, and a connection. */
#ifndef H2I_TLS_INTERNAL_H
#define H2I_TLS_INTERNAL_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/alloc.h"
#include "h2client/tls.h"

#define H2I_TLS_RECORD_BYTES 16384u /* of a full record, before encryption */
/* What the peer may send beyond its data: in a handshake, and after it. */
#define H2I_TLS_MAX_IDLE_BYTES (256u * 1024)

#define H2I_TLS_SHA256_BYTES 32

/* Digests of the public keys of which a server must have one. */
struct h2i_tls_pins {
    unsigned char (*list)[H2I_TLS_SHA256_BYTES];
    size_t n; /* 0: any key will do */
};

/* Lists of what issuers have revoked. */
struct h2i_tls_revocations {
    gnutls_x509_crl_t *list;
    unsigned n;
};

struct h2i_tls_factory {
    h2client_tls_factory base;
    const h2client_allocator *allocator;
    gnutls_certificate_credentials_t credentials;
    gnutls_priority_t priority;
    struct h2i_tls_pins pins;
    struct h2i_tls_revocations revocations;
    h2client_tls_verify_fn verify_fn;
    void *verify_user;
    int keylog_fd; /* -1: none */
    bool verifies;
    bool requires_staple;
    bool takes_tickets;
    bool has_trust;       /* as the options say, or of the system once that was asked */
    h2client_fault fault; /* of the options; code OK: they can be used */
};

/* Is there anybody who wants to know what the checks find? */
static inline bool h2i_tls_judges(const struct h2i_tls_factory *factory)
{
    return factory->verifies || factory->requires_staple || factory->verify_fn;
}

enum h2i_tls_writing {
    H2I_TLS_OPEN,
    H2I_TLS_CLOSING, /* close_notify is in `out`; inner is half-closed after it */
    H2I_TLS_CLOSED,
    H2I_TLS_BROKEN /* inner takes nothing any more; what GnuTLS still pushes is dropped */
};

/* A TLS connection: first a handshake, then (transport.ops is set) a transport. */
struct h2i_tls {
    h2client_transport transport;
    struct h2i_tls_factory *factory;
    h2client_reactor *reactor;
    h2client_transport *inner;
    gnutls_session_t session;
    char *host;               /* without a trailing dot */
    h2client_address literal; /* what host is as an IP address; family 0: a name */
    char alpn_offered[128];   /* "h2 http/1.1" */
    char alpn[32];            /* chosen; "" for nothing */
    char version[16];
    char cipher[32];
    void *buffers; /* one block: out.buf, in.buf and staging */
    struct {
        char *buf; /* records on their way to inner */
        size_t start;
        size_t end;
        enum h2i_tls_writing state;
    } out;
    struct {
        char *buf; /* records read ahead from inner */
        size_t start;
        size_t end;
        size_t n_idle;         /* bytes taken that data and time have not paid for; bounded */
        int64_t paid_until_us; /* by time */
        bool is_inner_at_end;  /* inner's end of stream was read */
        bool has_close_notify; /* the peer's last word; reads give 0 */
        bool has_failed;       /* reads, for ever */
    } in;
    char *staging;        /* a record filled from short pieces */
    unsigned wanted;      /* by our user */
    h2client_task report; /* something is possible though inner will not say so */
    h2client_fault fault; /* of the first failure: writes fail; code OK: all is well */
    struct {
        h2client_handshake_fn on_done;
        void *user;
        h2client_timer timer;
        h2client_task failure; /* tells `fault`, found inside start */
        int64_t timeout_ms;
        unsigned n_warnings;    /* the server's alerts that end nothing */
        h2client_fault verdict; /* of the checks; with verify OFF it ends nothing */
        bool is_asking;         /* verify_fn is on the stack */
        bool is_cancelled;      /* meanwhile */
    } handshake;
    struct h2i_tls_peer *peer; /* the server's certificate as text; NULL: not asked for yet */
    struct {
        h2client_ticket_store *store; /* NULL: none, or the ticket was kept already */
        char *key;
        size_t key_len;
    } tickets;
};

static inline bool h2i_tls_has_failed(const struct h2i_tls *tls)
{
    return tls->fault.code != H2CLIENT_OK;
}

/* GnuTLS knows no name for some. */
static inline const char *h2i_tls_alert_name(gnutls_alert_description_t alert)
{
    const char *name = gnutls_alert_get_name(alert);

    return name ? name : "unknown";
}

/* ---- tls_gnutls.c --------------------------------------------------------- */

/* Frees everything, with inner. */
void h2i_tls_free(struct h2i_tls *tls);

/* ---- tls_handshake.c ------------------------------------------------------ */

/* Gives the session its functions; the handshake runs as inner becomes ready. */
void h2i_tls_handshake_init(struct h2i_tls *tls);
/* Frees it and tells tls->fault. */
void h2i_tls_handshake_fail(struct h2i_tls *tls);
/* What an alert of the server says; `words` stand before it. */
h2client_fault h2i_tls_fault_of_alert(const struct h2i_tls *tls, h2client_error_code code,
                                      const char *words);

/* ---- tls_options.c -------------------------------------------------------- */

/* Reads what the options name. False with factory->fault. */
bool h2i_tls_take_options(struct h2i_tls_factory *factory, const h2client_tls_options *options);
/* Reads the system's store unless there is trust already. False: it has no certificate. */
bool h2i_tls_load_system_trust(struct h2i_tls_factory *factory);
/* A file of the options, to be freed with gnutls_free; "CA file" is what it is called. */
bool h2i_tls_load_file(const char *path, const char *what, h2client_error_code code,
                       gnutls_datum_t *data, h2client_fault *fault);

/* ---- tls_keylog.c --------------------------------------------------------- */

/* False with *fault. */
bool h2i_tls_keylog_open(struct h2i_tls_factory *factory, const char *path, h2client_fault *fault);
void h2i_tls_keylog_close(struct h2i_tls_factory *factory);
/* Secrets go there, or nowhere. */
void h2i_tls_keylog_init(struct h2i_tls *tls);

/* ---- tls_revocation.c ----------------------------------------------------- */

/* False with factory->fault. */
bool h2i_tls_take_revocations(struct h2i_tls_factory *factory, const char *path);
void h2i_tls_free_revocations(struct h2i_tls_factory *factory);
/* Is a list of an issuer in the peer's chain out of date? */
bool h2i_tls_revocations_are_old(const struct h2i_tls *tls);

/* ---- tls_pins.c ----------------------------------------------------------- */

/* False with *fault. */
bool h2i_tls_pins_parse(struct h2i_tls_factory *factory, const char *text, h2client_fault *fault);
void h2i_tls_pins_finish(struct h2i_tls_factory *factory);
/* Is the peer's key one of them? False with *fault. */
bool h2i_tls_pins_hold(const struct h2i_tls *tls, h2client_fault *fault);

/* ---- tls_peer.c ----------------------------------------------------------- */

/* NULL: none was shown, or no memory. Lives as long as the connection. */
const h2client_certificate *h2i_tls_peer_certificate(struct h2i_tls *tls);
void h2i_tls_peer_free(struct h2i_tls *tls);

/* ---- tls_trust.c ---------------------------------------------------------- */

/* Chain, validity, purpose, name (subjectAltName only), revocation, pins: as the options
 * say. False: the fault is noted. */
bool h2i_tls_check_peer(struct h2i_tls *tls);
/* The nth of the peer's chain, 0 is its own; NULL: there is none. To be freed. */
gnutls_x509_crt_t h2i_tls_get_certificate(gnutls_session_t session, unsigned nth);
/* Does the peer's certificate name this host in a subjectAltName? */
bool h2i_tls_certificate_names(const struct h2i_tls *tls, const char *host);

/* ---- tls_resume.c --------------------------------------------------------- */

/* Offers a ticket if there is one for this connection. False: no memory. */
bool h2i_tls_resume(struct h2i_tls *tls, const h2client_tls_params *params);
/* Puts the ticket the server has sent, if any, into the store. */
void h2i_tls_keep_ticket(struct h2i_tls *tls);

/* ---- tls_wire.c ----------------------------------------------------------- */

/* Joins GnuTLS to inner. False: no memory. */
bool h2i_tls_wire_init(struct h2i_tls *tls);
/* Both directions; writing alone. Notes why, unless there is a reason already. */
void h2i_tls_fail(struct h2i_tls *tls, const h2client_fault *fault);
void h2i_tls_fail_write(struct h2i_tls *tls, const h2client_fault *fault);
/* Writes what is pending, at most once. A failure is noted. */
void h2i_tls_flush(struct h2i_tls *tls);
/* Room for a whole record in the buffer, which GnuTLS must never find full? */
bool h2i_tls_has_room(struct h2i_tls *tls);

/* n bytes of data came, which pay for what came around them. */
void h2i_tls_wire_pay(struct h2i_tls *tls, size_t n);

static inline bool h2i_tls_has_output(const struct h2i_tls *tls)
{
    return tls->out.end > tls->out.start;
}
static inline bool h2i_tls_has_read_ahead(const struct h2i_tls *tls)
{
    return tls->in.end > tls->in.start;
}

/* ---- tls_record.c --------------------------------------------------------- */

/* The handshake is complete: from now on inner's readiness is the transport's. */
void h2i_tls_become_transport(struct h2i_tls *tls);

#endif
