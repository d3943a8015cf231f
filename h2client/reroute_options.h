/* SPDX-License-Identifier: MIT */
/* A session's connect_to: checked, hosts as URLs have them, in the session's arena. */
#ifndef H2I_REROUTE_OPTIONS_H
#define H2I_REROUTE_OPTIONS_H

#include "base/arena.h"
#include "h2client/pool/reroute.h"
#include "h2client/session.h"

/* NULL list: none. OK, NO_MEMORY, or INVALID_ARGUMENT with `why`. */
h2client_error_code h2i_reroutes_apply(struct h2i_reroutes *reroutes, struct h2i_arena *arena,
                                       const h2client_connect_to *list, struct h2i_text *why);

#endif
