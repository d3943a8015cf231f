/* SPDX-License-Identifier: MIT */
/*
 * Whether a response sends its call elsewhere, and as what: a pure decision. What it promises
 * is told in the public header, redirect.h.
 */
#ifndef H2I_REDIRECT_DECISION_H
#define H2I_REDIRECT_DECISION_H

#include "base/str.h"
#include "h2client/http/url.h"
#include "h2client/redirect.h"

/* As a call uses it: every value decided. */
struct h2i_redirect_settings {
    int32_t max_redirects;
    bool follows;
    bool allows_downgrade;
    bool trusts_all;
    bool keeps_post_301;
    bool keeps_post_302;
    bool keeps_post_303;
};

struct h2i_redirect_settings h2i_redirect_defaults(void);
/* *settings holds what is inherited. INVALID_ARGUMENT with `why` naming the option. */
h2client_error_code h2i_redirect_apply(struct h2i_redirect_settings *settings,
                                       const h2client_redirect_options *options,
                                       struct h2i_text *why);

/* Does this response want to be followed at all? `location` NULL: it says none. */
bool h2i_redirect_is_wanted(const struct h2i_redirect_settings *settings, int status,
                            const char *location);

struct h2i_redirect_end {
    int status;
    int32_t n_redirects; /* hops before this one */
    const char *method;
    const struct h2i_url *from;
    const struct h2i_url *to;
};

struct h2i_redirect_decision {
    h2client_error_code code; /* OK: it is followed; TOO_MANY_REDIRECTS, REDIRECT_REFUSED */
    const char *method;       /* the next one's: the one before, or static */
    bool drops_body;          /* with the fields that describe it */
    bool drops_secrets;       /* the next one goes to another origin */
};

/* `why` tells what is wrong with it. */
struct h2i_redirect_decision h2i_redirect_decide(const struct h2i_redirect_settings *settings,
                                                 const struct h2i_redirect_end *end,
                                                 struct h2i_text *why);

/* Scheme, host and port are the same (RFC 9110 4.3.1). */
bool h2i_url_same_origin(const struct h2i_url *a, const struct h2i_url *b);

#endif
