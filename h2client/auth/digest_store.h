/* SPDX-License-Identifier: MIT */
/*
 * What servers have asked of whom, by Digest: kept, so that the next request answers at once,
 * with the next nonce count. The key says whose it is: an origin's, or a proxy's, and the user.
 */
#ifndef H2I_DIGEST_STORE_H
#define H2I_DIGEST_STORE_H

#include "base/list.h"
#include "h2client/auth/digest.h"

struct h2i_digest_store {
    const h2client_allocator *allocator;
    struct h2i_list entries; /* used longest ago: first */
    size_t n;
};

void h2i_digest_store_init(struct h2i_digest_store *store, const h2client_allocator *allocator);
void h2i_digest_store_finish(struct h2i_digest_store *store);
/* Copied, in place of what was asked before. A store is bounded: who was not asked for
 * longest is forgotten, and a lack of memory is no more than that. */
void h2i_digest_store_put(struct h2i_digest_store *store, struct h2i_str key,
                          const struct h2i_digest_challenge *challenge);
/* NULL: nothing is known. *nc is the count to answer with. Valid until the next put. */
const struct h2i_digest_challenge *h2i_digest_store_use(struct h2i_digest_store *store,
                                                        struct h2i_str key, uint32_t *nc);
void h2i_digest_store_forget(struct h2i_digest_store *store, struct h2i_str key);

#endif
