/* SPDX-License-Identifier: MIT */
/*
 * Coalescing: which connection may serve one more origin (RFC 9113 9.1.1).
 *
 * An origin of https that has no connection *borrows* a link of another one: HTTP/2, of the
 * same version option and port, neither through a proxy; its peer is at one of the addresses
 * the origin's name has, and its certificate holds for that name. The link stays its owner's
 * and counts as that one's. Who borrows has one loan at most; it ends when the link takes no
 * calls any more, or when a 421 says that it was not meant so (RFC 9110 15.5.20): then the
 * origin never borrows again. Connections an origin borrows are not its own: when there is no
 * room on the loan for a while, it opens one.
 *
 * Links are found by address: nothing here walks all links. What a server itself says it
 * serves (ORIGIN, RFC 8336) is not listened to.
 */
#ifndef H2I_COALESCE_H
#define H2I_COALESCE_H

#include "h2client/pool/link.h"
#include "h2client/pool/origin.h"

/* Once the link is open: it can be found, where it may be lent at all. */
void h2i_coalesce_offer(struct h2i_link *link);
/* It cannot any more, and all loans of it end. Nothing happens when it was not offered. */
void h2i_coalesce_withdraw(struct h2i_link *link);
/* It may have room, or take no more calls: who borrows it hears of that. */
void h2i_coalesce_note_change(struct h2i_link *link);

/* Is its name to be looked up before it takes a place among all connections? It may need none,
 * and the place that is made for it might be that of the link it could borrow. As many names at
 * once as there are places. */
bool h2i_coalesce_looks_first(const struct h2i_origin *origin);
/* These addresses are the origin's, whose connection is being opened. True: it borrows a
 * link; all its connectors are gone. */
H2CLIENT_MUST_USE bool h2i_coalesce_borrow(struct h2i_origin *origin, const h2client_address *list,
                                           size_t n);
/* The same where its host is an address; to be asked before a connector starts. */
H2CLIENT_MUST_USE bool h2i_coalesce_borrow_for_literal(struct h2i_origin *origin);
/* Ends its loan; nothing happens when it has none. */
void h2i_coalesce_give_back(struct h2i_origin *origin);
/* The same, for ever. */
void h2i_coalesce_refuse(struct h2i_origin *origin);
/* Served just now: does it wait for room on the loan? */
void h2i_coalesce_note_served(struct h2i_origin *origin);

#endif
