/* SPDX-License-Identifier: MIT */
/*
 * Who a call says it is: what auth.h promises, from the options on to the fields of each
 * attempt. Basic and Bearer are fields that stand from the start; Digest waits to be asked;
 * a caller's own function signs each request.
 */
#ifndef H2I_CALL_LOGIN_H
#define H2I_CALL_LOGIN_H

#include "h2client/call_internal.h"

/* ---- options: a session's as a call's ---------------------------------------- */

h2client_error_code h2i_login_apply(struct h2i_settings *settings, struct h2i_arena *arena,
                                    const h2client_auth *auth, struct h2i_text *why);
/* The field that stands from the start, if there is one. */
h2client_error_code h2i_login_mean(const h2client_auth *auth, struct h2i_arena *arena,
                                   struct h2i_meant_fields *meant, struct h2i_text *why);
/* NULL keeps what is inherited. */
h2client_error_code h2i_login_read_netrc(struct h2i_settings *settings, struct h2i_arena *arena,
                                         h2client_system *system, const char *path,
                                         struct h2i_text *why);

/* ---- a call ------------------------------------------------------------------- */

/* Where nobody gave them: the URL's, or netrc's. */
h2client_error_code h2i_login_look_up(h2client_call *call, struct h2i_meant_fields *meant,
                                      struct h2i_text *why);
/* Adds to the fields of the attempt that begins what call->login says. Signing is user code,
 * which may end the call; so does what cannot be said. False: no memory. */
H2CLIENT_MUST_USE bool h2i_call_log_in(h2client_call *call, const h2client_header **fields);
/* The same of the proxy that reads the request. */
H2CLIENT_MUST_USE bool h2i_call_log_in_at_proxy(h2client_call *call,
                                                const h2client_header **fields);
/* Does this 401, or 407, ask for what the call can answer? Then it is kept in mind for the
 * next. */
bool h2i_call_is_challenged(h2client_call *call, const struct h2i_head *head);

#endif
