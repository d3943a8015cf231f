/* SPDX-License-Identifier: MIT */
#include "h2client/auth/digest_login.h"

#define CNONCE_BYTES 16

static bool make_cnonce(h2client_system *system, char text[2 * CNONCE_BYTES + 1])
{
    unsigned char bytes[CNONCE_BYTES];

    if (!system->ops->random_bytes(system, bytes, sizeof bytes))
        return false;
    for (size_t i = 0; i < sizeof bytes; i++) {
        text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    text[2 * CNONCE_BYTES] = 0;
    return true;
}

h2client_error_code h2i_digest_login_prove(const struct h2i_digest_login *login,
                                           struct h2i_arena *arena, const char *method,
                                           const char *uri, const char **value,
                                           struct h2i_text *why)
{
    const struct h2i_digest_challenge *challenge;
    char cnonce[2 * CNONCE_BYTES + 1];
    struct h2i_digest_request request = {.user = login->user,
                                         .password = login->password,
                                         .method = method,
                                         .uri = uri,
                                         .cnonce = cnonce};

    *value = NULL;
    challenge = h2i_digest_store_use(login->store, login->space, &request.nc);
    if (!challenge) /* not asked yet */
        return H2CLIENT_OK;
    if (make_cnonce(login->system, cnonce))
        return h2i_digest_answer(arena, challenge, &request, value, why);
    h2i_text_add(why, "the system gives no random bytes");
    return H2CLIENT_ERROR_SYSTEM_FAILED;
}

bool h2i_digest_login_is_challenged(const struct h2i_digest_login *login, struct h2i_arena *arena,
                                    const h2client_header *fields, const char *name,
                                    int *n_challenges)
{
    struct h2i_digest_challenge challenge;

    if (!h2i_digest_choose(arena, fields, name, &challenge))
        return false;
    if (*n_challenges > 1 || (*n_challenges == 1 && !challenge.is_stale)) {
        h2i_digest_store_forget(login->store, login->space);
        return false;
    }
    (*n_challenges)++;
    h2i_digest_store_put(login->store, login->space, &challenge);
    return true;
}
