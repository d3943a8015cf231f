/* SPDX-License-Identifier: MIT */
/*
 * Resumption over OpenSSL. Its sessions forget all of the server's chain but the first
 * certificate, so a ticket of ours is a list of pieces, each behind its length: the session,
 * then the chain, by which the server is judged again.
 */
#include "tests/peer/openssl_internal.h"

#define MAX_TICKET 65536

/* ---- pieces ------------------------------------------------------------------------ */

struct pieces {
    unsigned char *bytes;
    size_t len;
};

/* The place for one more; NULL: it does not fit. */
static unsigned char *add_piece(struct pieces *pieces, int len)
{
    unsigned char *place = pieces->bytes + pieces->len;
    uint32_t prefix = (uint32_t)len;

    if (len <= 0 || pieces->len + sizeof prefix + prefix > MAX_TICKET)
        return NULL;
    memcpy(place, &prefix, sizeof prefix);
    pieces->len += sizeof prefix + prefix;
    return place + sizeof prefix;
}

/* The next one; false: there is none, or it is broken. */
static bool take_piece(struct pieces *rest, const unsigned char **piece, uint32_t *len)
{
    if (rest->len < sizeof *len)
        return false;
    memcpy(len, rest->bytes, sizeof *len);
    *piece = rest->bytes + sizeof *len;
    if (*len > rest->len - sizeof *len)
        return false;
    rest->bytes += sizeof *len + *len;
    rest->len -= sizeof *len + *len;
    return true;
}

/* ---- keeping ------------------------------------------------------------------------- */

STACK_OF(X509) * h2t_openssl_chain(const struct h2t_openssl *tls)
{
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(tls->ssl);

    return chain && sk_X509_num(chain) > 0 ? chain : tls->tickets.chain;
}

static void add_chain(struct pieces *pieces, const STACK_OF(X509) * chain)
{
    for (int i = 0; i < sk_X509_num(chain); i++) {
        X509 *certificate = sk_X509_value(chain, i);
        unsigned char *place = add_piece(pieces, i2d_X509(certificate, NULL));
        if (place)
            i2d_X509(certificate, &place);
    }
}

int h2t_openssl_keep_session(SSL *ssl, SSL_SESSION *session)
{
    struct h2t_openssl *tls = SSL_get_app_data(ssl);
    h2client_ticket_store *store = tls->tickets.store;
    struct pieces pieces = {.len = 0};
    unsigned char *place;

    if (!store || !SSL_SESSION_has_ticket(session))
        return 0;
    tls->tickets.store = NULL;
    pieces.bytes = h2i_alloc(tls->factory->allocator, MAX_TICKET);
    if (!pieces.bytes)
        return 0;
    place = add_piece(&pieces, i2d_SSL_SESSION(session, NULL));
    if (place) {
        i2d_SSL_SESSION(session, &place);
        add_chain(&pieces, h2t_openssl_chain(tls));
        store->put(store, tls->tickets.key, tls->tickets.key_len, pieces.bytes, pieces.len);
    }
    h2i_free(tls->factory->allocator, pieces.bytes);
    return 0;
}

/* ---- using ----------------------------------------------------------------------------- */

/* One that cannot be read makes a full handshake. */
static void offer(struct h2t_openssl *tls, struct pieces rest)
{
    const unsigned char *piece;
    uint32_t len;
    SSL_SESSION *session = NULL;

    if (take_piece(&rest, &piece, &len))
        session = d2i_SSL_SESSION(NULL, &piece, (long)len);
    if (!session)
        return;
    tls->tickets.chain = sk_X509_new_null();
    while (take_piece(&rest, &piece, &len)) {
        X509 *certificate = d2i_X509(NULL, &piece, (long)len);
        if (certificate && !sk_X509_push(tls->tickets.chain, certificate))
            X509_free(certificate);
    }
    SSL_set_session(tls->ssl, session);
    SSL_SESSION_free(session);
}

bool h2t_openssl_resume(struct h2t_openssl *tls, const h2client_tls_params *params)
{
    h2client_ticket_store *store = params->tickets;
    void *ticket = NULL;
    size_t len;

    if (!store)
        return true;
    tls->tickets.key =
        h2i_copy_text(tls->factory->allocator, params->ticket_key, params->ticket_key_len);
    if (!tls->tickets.key)
        return false;
    tls->tickets.key_len = params->ticket_key_len;
    tls->tickets.store = store;
    len = store->take(store, tls->tickets.key, tls->tickets.key_len, &ticket);
    if (len > 0)
        offer(tls, (struct pieces){ticket, len});
    h2i_free(h2client_reactor_allocator(tls->reactor), ticket);
    return true;
}
