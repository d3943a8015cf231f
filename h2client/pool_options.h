/* SPDX-License-Identifier: MIT */
/* From a session's options to what its pool is made of: limits, checked and in the pool's
 * units. */
#ifndef H2I_POOL_OPTIONS_H
#define H2I_POOL_OPTIONS_H

#include "base/str.h"
#include "h2client/pool/pool.h"
#include "h2client/throttle.h"

/* *config holds the defaults. INVALID_ARGUMENT with `why` naming the option. */
h2client_error_code h2i_pool_options_apply(struct h2i_pool_config *config,
                                           const h2client_session_options *options,
                                           struct h2i_text *why);

/* The limits before the pool; what is not named is none. As above. */
h2client_error_code h2i_throttle_options_apply(struct h2i_throttle_config *config,
                                               const h2client_session_options *options,
                                               struct h2i_text *why);

#endif
