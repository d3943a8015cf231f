/* SPDX-License-Identifier: MIT */
/*
 * Resumption: the TLS tickets of a pool (the store of tls.h), under its pool keys. A ticket
 * holds what a connection was made with, and options are the session's, so none ever meets
 * other ones. Bounded: the oldest is forgotten, of its key or of all.
 */
#ifndef H2I_RESUMPTION_H
#define H2I_RESUMPTION_H

#include "base/alloc.h"
#include "base/list.h"
#include "h2client/tls.h"

#define H2I_RESUMPTION_MAX_TICKETS 256
#define H2I_RESUMPTION_MAX_TICKETS_A_KEY 8
#define H2I_RESUMPTION_MAX_BYTES ((size_t)1024 * 1024)

struct h2i_resumption {
    h2client_ticket_store store; /* hand out its address */
    const h2client_allocator *allocator;
    struct h2i_list tickets; /* the one put last, last */
    size_t n_tickets;
    size_t n_bytes; /* of tickets, keys and what is around them */
};

void h2i_resumption_init(struct h2i_resumption *resumption, const h2client_allocator *allocator);
void h2i_resumption_finish(struct h2i_resumption *resumption);

#endif
