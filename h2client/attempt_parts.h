/* SPDX-License-Identifier: MIT */
/* What the files of an attempt share among themselves. */
#ifndef H2I_ATTEMPT_PARTS_H
#define H2I_ATTEMPT_PARTS_H

#include "h2client/attempt.h"
#include "h2client/pool/pool_key.h"

/* ---- attempt.c ---- */

/* What a server may want to be spared: whatever the version. */
struct h2i_pool_key h2i_attempt_origin_key(const struct h2i_url *url);
/* The one timer: a restart's delay, the wait for 100, the rest of a response. */
H2CLIENT_MUST_USE bool h2i_attempt_start_timer(h2client_call *call, int64_t delay_us);
void h2i_attempt_stop_timer(h2client_call *call);

/* ---- attempt_again.c ---- */

/* What its time has come for. */
void h2i_attempt_timer_fired(h2client_timer *timer, void *user);

/* ---- attempt_link.c ---- */

extern const struct h2i_ticket_events h2i_attempt_ticket_events;
/* In the call's arena; "" without memory. */
const char *h2i_attempt_keep_text(h2client_call *call, const char *text);

#endif
