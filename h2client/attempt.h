/* SPDX-License-Identifier: MIT */
/*
 * Attempt: the one place that starts another try of a call. Replays now, and with them
 * one rewind of the body and one history; redirects and retries will come here too.
 */
#ifndef H2I_ATTEMPT_H
#define H2I_ATTEMPT_H

#include "h2client/call_internal.h"

/* Tries of one call at most: the first and two replays. */
#define H2I_MAX_ATTEMPTS 3

/* The first try. False: no memory. */
H2CLIENT_MUST_USE bool h2i_attempt_start(h2client_call *call);
/* Leaves the pool or the connection at once; nothing happens when none runs. */
void h2i_attempt_stop(h2client_call *call);
/* The exchange has ended so: ends the call, or arranges for another try. */
void h2i_attempt_ended(h2client_call *call, const struct h2i_outcome *outcome);
/* In the delivery phase: the arranged try. May run user code (rewind). */
void h2i_attempt_restart(h2client_call *call);
/* Room of n bytes goes back to the peer, if it is still there. */
void h2i_attempt_credit(h2client_call *call, size_t n);
/* The source has something again. */
void h2i_attempt_resume_body(h2client_call *call);
/* QUEUE, DNS, CONNECT, TLS, SEND, WAIT, RECEIVE: where it stands. */
h2client_phase h2i_attempt_phase(const h2client_call *call);

#endif
