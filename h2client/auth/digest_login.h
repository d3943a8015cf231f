/* SPDX-License-Identifier: MIT */
/*
 * Digest login: who we are to one server, or one proxy, as far as it has asked; joins the
 * store of what was asked to the proofs. Randomness comes by the system port.
 */
#ifndef H2I_DIGEST_LOGIN_H
#define H2I_DIGEST_LOGIN_H

#include "h2client/auth/digest_store.h"
#include "h2client/system.h"

struct h2i_digest_login {
    struct h2i_digest_store *store;
    h2client_system *system;
    struct h2i_str space; /* the store's key */
    const char *user;
    const char *password;
};

/* The field's value, in the arena; NULL where nothing was asked yet. OK, NO_MEMORY,
 * SYSTEM_FAILED (no randomness), and what h2i_digest_answer says. */
h2client_error_code h2i_digest_login_prove(const struct h2i_digest_login *login,
                                           struct h2i_arena *arena, const char *method,
                                           const char *uri, const char **value,
                                           struct h2i_text *why);
/* Is what these fields ask for worth another try? Once (*n_challenges counts), and once more
 * where the proof was right but too old. A proof made of what was asked earlier does not
 * count. Then it is kept in mind for the next one. */
bool h2i_digest_login_is_challenged(const struct h2i_digest_login *login, struct h2i_arena *arena,
                                    const h2client_header *fields, const char *name,
                                    int *n_challenges);

#endif
