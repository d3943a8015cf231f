/* SPDX-License-Identifier: MIT */
/*
 * Which proxy a URL goes through, if any: a pure decision over what options and environment
 * said. What it promises is told in the public header, proxy.h.
 */
#ifndef H2I_PROXY_CHOICE_H
#define H2I_PROXY_CHOICE_H

#include "base/arena.h"
#include "base/str.h"
#include "h2client/http/url.h"
#include "h2client/pool/pool_proxy.h"
#include "h2client/proxy.h"
#include "h2client/system.h"

/* As a call uses it. Zeroed: none. */
struct h2i_proxy_settings {
    const struct h2i_proxy *for_http; /* by the URL's scheme; NULL: none */
    const struct h2i_proxy *for_https;
    const char *no_proxy; /* or NULL */
};

/* *settings holds what is inherited; what is new lives in the arena. NULL options change
 * nothing. INVALID_ARGUMENT with `why`, which shows no login; NO_MEMORY. */
h2client_error_code h2i_proxy_apply(struct h2i_proxy_settings *settings, struct h2i_arena *arena,
                                    h2client_system *system, const h2client_proxy_options *options,
                                    struct h2i_text *why);
/* NULL: it is reached directly. */
const struct h2i_proxy *h2i_proxy_choose(const struct h2i_proxy_settings *settings,
                                         const struct h2i_url *url);

#endif
