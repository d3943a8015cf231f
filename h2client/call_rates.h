/* SPDX-License-Identifier: MIT */
/*
 * A call's limits on rate (rate.h), its own and those it shares with all of its session, and
 * what waits for them: bytes of the response that their reader may not have yet, and an
 * upload. Nothing waits but for these two: bytes that
 * are held keep their room in the stream's window, which is what slows the sender down.
 */
#ifndef H2I_CALL_RATES_H
#define H2I_CALL_RATES_H

#include "base/list.h"
#include "h2client/call_internal.h"
#include "h2client/rate.h"

struct h2i_call_rates {
    struct h2i_rate recv;
    struct h2i_rate send;
    size_t n_wanted;      /* by the upload that is held, 0: it is not */
    h2client_timer timer; /* for whichever may go on first */
    struct h2i_list in_offered;
};

/* What the calls of a session have in common. Who comes for a slice that another has taken
 * waits for the next, a little longer than he has to: the one who is first then is another
 * one each time. */
struct h2i_shared_rates {
    struct h2i_rate recv;
    struct h2i_rate send;
    struct h2i_list offered; /* calls whose reader may have bytes, and has no timer */
};

void h2i_shared_rates_init(struct h2i_shared_rates *shared, int64_t recv_per_s, int64_t send_per_s);

/* Where the settings have such a limit. False: no memory. */
H2CLIENT_MUST_USE bool h2i_call_rates_init(h2client_call *call);
/* The call has ended; what is left of its body may be read at once. */
void h2i_call_rates_stop(h2client_call *call);

/* Bytes have come, or their reader went on: sees to it that held ones go on in time, and
 * those that are collected now. */
void h2i_call_rates_watch(h2client_call *call);
/* Of `n` bytes that are there, how many the reader of a body may have now. */
size_t h2i_call_rates_allow(const h2client_call *call, size_t n);
/* He took them. */
void h2i_call_rates_take(h2client_call *call, size_t n);
/* Of a success: are all its bytes given, or may be at once? */
bool h2i_call_rates_let_end(const h2client_call *call);

/* How many bytes, up to cap, the core may read of the request's body. 0: not now, it is
 * resumed later. */
size_t h2i_call_rates_admit(h2client_call *call, size_t cap);
void h2i_call_rates_sent(h2client_call *call, size_t n);
bool h2i_call_rates_hold_upload(const h2client_call *call);

#endif
