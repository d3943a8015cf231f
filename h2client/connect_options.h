/* SPDX-License-Identifier: MIT */
/* From h2client_connect_options to what the built-in dialer is made of: checked, and in its
 * units. */
#ifndef H2I_CONNECT_OPTIONS_H
#define H2I_CONNECT_OPTIONS_H

#include "base/str.h"
#include "transport/tcp.h"

/* *config holds the defaults. INVALID_ARGUMENT with `why` naming the option. */
h2client_error_code h2i_connect_options_apply(struct h2i_tcp_config *config,
                                              const h2client_connect_options *options,
                                              struct h2i_text *why);

#endif
