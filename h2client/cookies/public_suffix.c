/* SPDX-License-Identifier: MIT */
/*
 * The one file that knows libpsl, and what stands in for it where it is not built in or comes
 * without a list of its own: each name of one label is a public suffix, others are none. That
 * keeps cookies from "com", not from "co.uk".
 */
#include "h2client/cookies/public_suffix.h"

#include <string.h>

/* The last two labels; NULL: there is but one. */
static const char *last_two_labels(const char *host)
{
    const char *start = strrchr(host, '.');

    if (!start)
        return NULL;
    while (start > host && start[-1] != '.')
        start--;
    return start;
}

#ifdef H2I_HAVE_LIBPSL

#include <libpsl.h>

const char *h2i_registrable_domain(const char *host)
{
    const psl_ctx_t *list = psl_builtin();

    return list ? psl_registrable_domain(list, host) : last_two_labels(host);
}

const char *h2i_public_suffix_version(void)
{
    return psl_get_version();
}

#else

const char *h2i_registrable_domain(const char *host)
{
    return last_two_labels(host);
}

const char *h2i_public_suffix_version(void)
{
    return NULL;
}

#endif
