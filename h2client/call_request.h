/* SPDX-License-Identifier: MIT */
/*
 * The request of one attempt: what the caller gave, and what the cookie jar adds for where it
 * goes; and what its response leaves behind in the jar.
 */
#ifndef H2I_CALL_REQUEST_H
#define H2I_CALL_REQUEST_H

#include "h2client/call_internal.h"

/* Fills call->request.fields. False: no memory. */
H2CLIENT_MUST_USE bool h2i_call_build_request(h2client_call *call);
/* Whatever the response is: its cookies are kept. */
void h2i_call_keep_cookies(h2client_call *call, const struct h2i_head *head);

#endif
