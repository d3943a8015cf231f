/* SPDX-License-Identifier: MIT */
/*
 * Redirect: what a call's next request looks like when a response leads elsewhere. It is
 * prepared while that response is still on its connection, whose core reads the request as
 * it is, and put in place when the next attempt starts.
 */
#ifndef H2I_CALL_REDIRECT_H
#define H2I_CALL_REDIRECT_H

#include "h2client/call_internal.h"

struct h2i_hop {
    struct h2i_url url;
    const char *method;
    const char *fragment;
    bool drops_body;
    bool drops_secrets;
};

/* OK with *hop NULL: the response is the call's own. OK with a hop: that comes next. Otherwise
 * the call ends with this code, and `why`. */
h2client_error_code h2i_redirect_prepare(h2client_call *call, const struct h2i_head *head,
                                         struct h2i_hop **hop, struct h2i_text *why);
/* The hop becomes the call's request. False: no memory. */
H2CLIENT_MUST_USE bool h2i_redirect_take(h2client_call *call, const struct h2i_hop *hop);

#endif
