/* SPDX-License-Identifier: MIT */
/* Credentials as the field `authorization` says them: Basic (RFC 7617), Bearer (RFC 6750). */
#ifndef H2I_CREDENTIALS_H
#define H2I_CREDENTIALS_H

#include "base/arena.h"
#include "base/str.h"
#include "h2client/auth.h"
#include "h2client/error.h"

/* *value is the field's; NULL for NONE, and where the field comes later. INHERIT is not asked for.
 * OK, NO_MEMORY, or INVALID_ARGUMENT with `why`, which shows nothing secret. */
h2client_error_code h2i_credentials(struct h2i_arena *arena, const h2client_auth *auth,
                                    const char **value, struct h2i_text *why);
/* A URL's "user:password", percent-decoded; *password NULL: there is none. */
h2client_error_code h2i_userinfo_read(struct h2i_arena *arena, const char *userinfo,
                                      const char **user, const char **password,
                                      struct h2i_text *why);

#endif
