/* SPDX-License-Identifier: MIT */
/* The hashes of Digest, from the one file that knows where they come from. */
#ifndef H2I_DIGEST_HASH_H
#define H2I_DIGEST_HASH_H

#include "base/str.h"
#include "h2client/auth/digest.h"

#define H2I_DIGEST_TEXT_CAP 65 /* of the longest in hexadecimal digits, and a NUL */

bool h2i_digest_hash_is_built_in(void);
/* Of the library they come from; NULL without one. */
const char *h2i_digest_hash_version(void);
/* Writes the hash of all pieces, one after the other, in small hexadecimal digits. */
void h2i_digest_hash(enum h2i_digest_algorithm algorithm, const struct h2i_str *pieces,
                     size_t n_pieces, char text[H2I_DIGEST_TEXT_CAP]);

#endif
