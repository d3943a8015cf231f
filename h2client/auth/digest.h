/* SPDX-License-Identifier: MIT */
/*
 * Digest (RFC 7616): which challenge of a server's or a proxy's can be answered, and the
 * answer. Pure: nonces, counts and randomness come in.
 */
#ifndef H2I_DIGEST_H
#define H2I_DIGEST_H

#include "base/arena.h"
#include "base/str.h"
#include "h2client/error.h"

enum h2i_digest_algorithm { H2I_DIGEST_MD5, H2I_DIGEST_SHA256, H2I_DIGEST_SHA512_256 };

struct h2i_digest_challenge {
    const char *realm;
    const char *nonce;
    const char *opaque; /* NULL: none */
    enum h2i_digest_algorithm algorithm;
    bool has_algorithm;  /* it is named, and so the answer names it */
    bool is_session;     /* "-sess" */
    bool has_qop;        /* "auth" is offered; without it the answer is RFC 2069's */
    bool is_stale;       /* the last proof was right, but its nonce too old */
    bool wants_userhash; /* the user's name is hashed */
};

/*
 * The strongest one among the fields called `name` ("www-authenticate",
 * "proxy-authenticate"), which may hold several each, also of other schemes. False: there is
 * none that can be answered, also where this library was built without hashes. Strings are
 * copied to the arena; without memory for one its challenge counts as none.
 */
bool h2i_digest_choose(struct h2i_arena *arena, const h2client_header *fields, const char *name,
                       struct h2i_digest_challenge *challenge);

struct h2i_digest_request {
    const char *user;
    const char *password;
    const char *method;
    const char *uri; /* as in the request line, or in :path */
    const char *cnonce;
    uint32_t nc; /* how often this nonce has been used, this time included */
};

/* The value of the field authorization or proxy-authorization. OK, NO_MEMORY,
 * FEATURE_MISSING, or INVALID_ARGUMENT with `why`, which shows nothing secret. */
h2client_error_code h2i_digest_answer(struct h2i_arena *arena,
                                      const struct h2i_digest_challenge *challenge,
                                      const struct h2i_digest_request *request, const char **value,
                                      struct h2i_text *why);

#endif
