/* SPDX-License-Identifier: MIT */
/*
 * Decoding of a response's body: what came waits as it is, and is decoded as its reader has
 * room for it, so that a bomb costs no more than a window and the reader's own bound. The
 * room of received bytes goes back to the peer when they have been decoded.
 */
#ifndef H2I_CALL_DECODE_H
#define H2I_CALL_DECODE_H

#include "h2client/call_internal.h"

/* The first bytes of a body: is there something to decode? OK, CODING_UNSUPPORTED with
 * `why`, NO_MEMORY. */
h2client_error_code h2i_call_begin_decoding(h2client_call *call, struct h2i_text *why);
/* Received bytes, coded. False: no memory. */
H2CLIENT_MUST_USE bool h2i_call_add_coded(h2client_call *call, const void *data, size_t len);
/* As much as the reader has room for; what is wrong with it ends the call. */
void h2i_call_decode(h2client_call *call);
/* Of n bytes that wait for a reader, how many he may have now by the limit on the rate, which
 * decoded ones have passed before. He takes them. */
size_t h2i_call_may_have(h2client_call *call, size_t n);
/* Nothing more will come out of what was received. */
bool h2i_call_is_decoded(const h2client_call *call);
/* Once the reader had what was decoded: it goes on in the next turn where there is more; where
 * the exchange ended well and that was all, was it whole? Otherwise the end changes. */
void h2i_call_settle_decoding(h2client_call *call);
/* Gives back what decoding holds. */
void h2i_call_drop_decoding(h2client_call *call);

#endif
