/* SPDX-License-Identifier: MIT */
/*
 * Challenges (RFC 9110 11.3, 11.6.1): the list that www-authenticate and proxy-authenticate
 * hold, one at a time. A list that is broken ends where it breaks.
 */
#ifndef H2I_CHALLENGE_H
#define H2I_CHALLENGE_H

#include "base/str.h"

#define H2I_MAX_CHALLENGE_PARAMS 16

struct h2i_challenge {
    struct h2i_str scheme;
    struct h2i_str token68; /* len 0: it has parameters, or nothing */
    struct {
        struct h2i_str name;
        struct h2i_str value; /* as it stands; is_quoted: without the quotes, still escaped */
        bool is_quoted;
    } params[H2I_MAX_CHALLENGE_PARAMS];
    size_t n_params;
};

/* Takes the next one off `rest`. False: there is none any more, or it is not one. */
bool h2i_challenge_next(struct h2i_str *rest, struct h2i_challenge *challenge);
/* RFC 9110 11.2: a name may stand only once in a challenge. */
bool h2i_challenge_repeats_itself(const struct h2i_challenge *challenge);
/* The place of the first parameter of that name, in any case of letters; n_params: there is
 * none. */
size_t h2i_challenge_find(const struct h2i_challenge *challenge, const char *name);

#endif
