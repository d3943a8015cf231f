/* SPDX-License-Identifier: MIT */
/*
 * Attempt: the one place that starts another try of a call: replays and retries, as
 * retry_decision.h says, and redirects (call_redirect.h), with one rewind of the body and
 * one history. What is left of a response that is passed over is read and dropped while it
 * is short, so that its connection can be used again.
 */
#ifndef H2I_ATTEMPT_H
#define H2I_ATTEMPT_H

#include "h2client/call_internal.h"

void h2i_attempt_init(h2client_call *call);
/* The first try: at once, or, where the caller signs it, from the delivery phase. False: no
 * memory. */
H2CLIENT_MUST_USE bool h2i_attempt_begin(h2client_call *call);
/* Leaves the pool or the connection at once; nothing happens when none runs. */
void h2i_attempt_stop(h2client_call *call);
/* It has ended so: ends the call, or arranges for another try. */
void h2i_attempt_ended(h2client_call *call, const struct h2i_outcome *outcome);
/* One of its limits has passed: it is stopped, its connection suspect. Then as above. */
void h2i_attempt_timed_out(h2client_call *call, const h2client_fault *fault);
/* Its final head is there. True: it is not the call's answer, since there will be another
 * try, or none is possible. */
bool h2i_attempt_passes_over(h2client_call *call, const struct h2i_head *head);
/* Bytes of a response that is passed over. */
void h2i_attempt_drop(h2client_call *call, size_t n);
/* The server said 100, or the head of the request went out. */
void h2i_attempt_continue(h2client_call *call);
/* The final head is there: a body that was held back till now stays. */
void h2i_attempt_decline_body(h2client_call *call);
void h2i_attempt_head_sent(h2client_call *call);
/* Had a byte of it left? */
h2client_replay_class h2i_attempt_replay_class(const h2client_call *call);
/* In the delivery phase: the arranged try. May run user code (rewind). */
void h2i_attempt_restart(h2client_call *call);
/* Room of n bytes goes back to the peer, if it is still there. */
void h2i_attempt_credit(h2client_call *call, size_t n);
/* The source has something again. */
void h2i_attempt_resume_body(h2client_call *call);
/* QUEUE, DNS, CONNECT, TLS, SEND, WAIT, RECEIVE: where it stands. */
h2client_phase h2i_attempt_phase(const h2client_call *call);

#endif
