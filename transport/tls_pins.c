/* SPDX-License-Identifier: MIT */
/*
 * Pinned keys: SHA-256 of a SubjectPublicKeyInfo (RFC 7469 2.4), given as such or as a file
 * of the key. Only the server's own certificate is compared, not its issuers'.
 */
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>

#include "base/fault.h"
#include "base/str.h"
#include "transport/tls_internal.h"

#define PREFIX "sha256//"
#define MAX_PINS 64

/* SHA-256 of the key's SubjectPublicKeyInfo. */
static int digest_of_key(gnutls_pubkey_t key, unsigned char digest[H2I_TLS_SHA256_BYTES])
{
    gnutls_datum_t der = {NULL, 0};
    int code = gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &der);

    if (code >= 0)
        code = gnutls_hash_fast(GNUTLS_DIG_SHA256, der.data, der.size, digest);
    gnutls_free(der.data);
    return code;
}

/* ---- what is pinned ------------------------------------------------------------- */

static h2client_fault bad_pins(const char *pins, const char *why)
{
    return h2i_fault(H2CLIENT_ERROR_TLS_PINNED, "pins %.120s: %s", pins, why);
}

static bool parse_digest(struct h2i_str piece, unsigned char digest[H2I_TLS_SHA256_BYTES])
{
    size_t prefix_len = sizeof PREFIX - 1;
    gnutls_datum_t base64, bytes = {NULL, 0};
    bool is_good;

    if (piece.len <= prefix_len || memcmp(piece.data, PREFIX, prefix_len) != 0)
        return false;
    base64 = (gnutls_datum_t){(unsigned char *)(uintptr_t)(piece.data + prefix_len),
                              (unsigned)(piece.len - prefix_len)};
    if (gnutls_base64_decode2(&base64, &bytes) < 0)
        return false;
    is_good = bytes.size == H2I_TLS_SHA256_BYTES;
    if (is_good)
        memcpy(digest, bytes.data, H2I_TLS_SHA256_BYTES);
    gnutls_free(bytes.data);
    return is_good;
}

static bool parse_digests(struct h2i_tls_pins *pins, const char *text, h2client_fault *fault)
{
    struct h2i_str rest = h2i_str_of(text), piece;

    while (h2i_str_split(&rest, ';', &piece)) {
        if (pins->n == MAX_PINS) {
            *fault = bad_pins(text, "too many");
            return false;
        }
        if (!parse_digest(piece, pins->list[pins->n])) {
            *fault = bad_pins(text, "not each is sha256// and 32 bytes in base64");
            return false;
        }
        pins->n++;
    }
    return true;
}

static bool read_key(struct h2i_tls_pins *pins, const char *path, h2client_fault *fault)
{
    gnutls_datum_t data = {NULL, 0};
    gnutls_pubkey_t key;
    int code;

    if (!h2i_tls_load_file(path, "pinned key", H2CLIENT_ERROR_TLS_PINNED, &data, fault))
        return false;
    code = gnutls_pubkey_init(&key);
    if (code >= 0) {
        code = gnutls_pubkey_import(key, &data, GNUTLS_X509_FMT_PEM);
        if (code < 0)
            code = gnutls_pubkey_import(key, &data, GNUTLS_X509_FMT_DER);
        if (code >= 0)
            code = digest_of_key(key, pins->list[0]);
        gnutls_pubkey_deinit(key);
    }
    gnutls_free(data.data);
    pins->n = code >= 0;
    if (code < 0)
        *fault = bad_pins(path, gnutls_strerror(code));
    return code >= 0;
}

bool h2i_tls_pins_parse(struct h2i_tls_factory *factory, const char *text, h2client_fault *fault)
{
    struct h2i_tls_pins *pins = &factory->pins;

    pins->list = h2i_alloc_array(factory->allocator, MAX_PINS, sizeof pins->list[0]);
    if (!pins->list) {
        *fault = h2i_fault(H2CLIENT_ERROR_NO_MEMORY, "%s", "");
        return false;
    }
    if (strncmp(text, PREFIX, sizeof PREFIX - 1) == 0)
        return parse_digests(pins, text, fault);
    return read_key(pins, text, fault);
}

void h2i_tls_pins_finish(struct h2i_tls_factory *factory)
{
    h2i_free(factory->allocator, factory->pins.list);
}

/* ---- what came --------------------------------------------------------------------- */

static bool digest_of_peer(const struct h2i_tls *tls, unsigned char digest[H2I_TLS_SHA256_BYTES])
{
    gnutls_x509_crt_t leaf = h2i_tls_get_certificate(tls->session, 0);
    gnutls_pubkey_t key = NULL;
    bool is_made;

    if (!leaf)
        return false;
    is_made = gnutls_pubkey_init(&key) >= 0 && gnutls_pubkey_import_x509(key, leaf, 0) >= 0 &&
              digest_of_key(key, digest) >= 0;
    if (key)
        gnutls_pubkey_deinit(key);
    gnutls_x509_crt_deinit(leaf);
    return is_made;
}

/* It is no secret, and whoever pins wants to know it. */
static h2client_fault another_key(const struct h2i_tls *tls,
                                  const unsigned char digest[H2I_TLS_SHA256_BYTES])
{
    gnutls_datum_t bytes = {(unsigned char *)(uintptr_t)digest, H2I_TLS_SHA256_BYTES};
    gnutls_datum_t base64 = {NULL, 0};
    h2client_fault fault;

    gnutls_base64_encode2(&bytes, &base64);
    fault = h2i_fault(H2CLIENT_ERROR_TLS_PINNED, "the key of %s is not pinned: " PREFIX "%s",
                      tls->host, base64.data ? (const char *)base64.data : "");
    gnutls_free(base64.data);
    return fault;
}

bool h2i_tls_pins_hold(const struct h2i_tls *tls, h2client_fault *fault)
{
    const struct h2i_tls_pins *pins = &tls->factory->pins;
    unsigned char digest[H2I_TLS_SHA256_BYTES];

    if (pins->n == 0)
        return true;
    if (!digest_of_peer(tls, digest)) {
        *fault = h2i_fault(H2CLIENT_ERROR_TLS_PINNED, "the server showed no key that can be read");
        return false;
    }
    for (size_t i = 0; i < pins->n; i++)
        if (memcmp(pins->list[i], digest, sizeof digest) == 0)
            return true;
    *fault = another_key(tls, digest);
    return false;
}
