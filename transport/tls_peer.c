/* SPDX-License-Identifier: MIT */
/*
 * The server's certificate as people read it, made when somebody asks. Nothing is judged
 * here; names are of the peer and bounded.
 */
#include <gnutls/crypto.h>

#include "base/str.h"
#include "transport/tls_internal.h"

#define MAX_CHAIN 16
#define MAX_NAME 256

struct h2i_tls_peer {
    h2client_certificate certificate;
    h2client_bytes chain[MAX_CHAIN]; /* the bytes are GnuTLS's */
    char subject[MAX_NAME];
    char issuer[MAX_NAME];
    char sha256[2 * H2I_TLS_SHA256_BYTES + 1];
};

static void take_name(char name[MAX_NAME], int code, gnutls_datum_t *dn)
{
    struct h2i_text text = h2i_text(name, MAX_NAME);

    if (code >= 0)
        h2i_text_add_untrusted(&text, dn->data, dn->size);
    gnutls_free(dn->data);
}

static void take_names(struct h2i_tls_peer *peer, gnutls_x509_crt_t leaf)
{
    gnutls_datum_t subject = {NULL, 0}, issuer = {NULL, 0};

    take_name(peer->subject, gnutls_x509_crt_get_dn3(leaf, &subject, 0), &subject);
    take_name(peer->issuer, gnutls_x509_crt_get_issuer_dn3(leaf, &issuer, 0), &issuer);
}

static void take_fingerprint(struct h2i_tls_peer *peer)
{
    unsigned char digest[H2I_TLS_SHA256_BYTES];
    struct h2i_text text = h2i_text(peer->sha256, sizeof peer->sha256);

    if (gnutls_hash_fast(GNUTLS_DIG_SHA256, peer->chain[0].data, peer->chain[0].len, digest) < 0)
        return;
    for (size_t i = 0; i < sizeof digest; i++)
        h2i_text_add(&text, "%02x", digest[i]);
}

static void describe(struct h2i_tls_peer *peer, gnutls_session_t session)
{
    gnutls_x509_crt_t leaf = h2i_tls_get_certificate(session, 0);

    peer->certificate.not_before_s = peer->certificate.not_after_s = -1;
    take_fingerprint(peer);
    if (!leaf)
        return;
    take_names(peer, leaf);
    peer->certificate.not_before_s = gnutls_x509_crt_get_activation_time(leaf);
    peer->certificate.not_after_s = gnutls_x509_crt_get_expiration_time(leaf);
    gnutls_x509_crt_deinit(leaf);
}

static struct h2i_tls_peer *make(const struct h2i_tls *tls)
{
    unsigned n = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(tls->session, &n);
    struct h2i_tls_peer *peer;

    if (!chain || n == 0)
        return NULL;
    peer = h2i_alloc_zeroed(tls->factory->allocator, sizeof *peer);
    if (!peer)
        return NULL;
    peer->certificate = (h2client_certificate){.size = sizeof peer->certificate,
                                               .chain = peer->chain,
                                               .n_chain = n < MAX_CHAIN ? n : MAX_CHAIN,
                                               .subject = peer->subject,
                                               .issuer = peer->issuer,
                                               .sha256 = peer->sha256};
    for (size_t i = 0; i < peer->certificate.n_chain; i++)
        peer->chain[i] = (h2client_bytes){(const char *)chain[i].data, chain[i].size};
    describe(peer, tls->session);
    return peer;
}

const h2client_certificate *h2i_tls_peer_certificate(struct h2i_tls *tls)
{
    if (!tls->peer)
        tls->peer = make(tls);
    return tls->peer ? &tls->peer->certificate : NULL;
}

void h2i_tls_peer_free(struct h2i_tls *tls)
{
    h2i_free(tls->factory->allocator, tls->peer);
}
