/* SPDX-License-Identifier: MIT */
#include "h2client/auth/digest.h"

#include <stdio.h>

#include "h2client/auth/challenge.h"
#include "h2client/auth/digest_hash.h"

#define MAX_VALUE_BYTES 4096 /* of a parameter's, of user and of password */

/* ---- challenges ---------------------------------------------------------------- */

static bool is_plain(struct h2i_str value)
{
    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)value.data[i] < 0x20 || value.data[i] == 0x7f)
            return false;
    return value.len <= MAX_VALUE_BYTES;
}

/* A copy without the escapes. NULL: it is not there, or not as it should be. */
static const char *read_text(struct h2i_arena *arena, const struct h2i_challenge *given,
                             const char *name)
{
    size_t place = h2i_challenge_find(given, name), n = 0;
    struct h2i_str value;
    char *text;

    if (place == given->n_params)
        return NULL;
    value = given->params[place].value;
    text = is_plain(value) ? h2i_arena_alloc(arena, value.len + 1) : NULL;
    if (!text)
        return NULL;
    for (size_t i = 0; i < value.len; i++) {
        if (given->params[place].is_quoted && value.data[i] == '\\' && i + 1 < value.len)
            i++;
        text[n++] = value.data[i];
    }
    text[n] = 0;
    return text;
}

static bool says(const struct h2i_challenge *given, const char *name, const char *word)
{
    size_t place = h2i_challenge_find(given, name);

    return place < given->n_params &&
           h2i_str_equals_nocase(given->params[place].value, h2i_str_of(word));
}

static bool is_given(const struct h2i_challenge *given, const char *name)
{
    return h2i_challenge_find(given, name) < given->n_params;
}

static bool read_algorithm(const struct h2i_challenge *given,
                           struct h2i_digest_challenge *challenge)
{
    static const struct {
        const char *name;
        enum h2i_digest_algorithm algorithm;
        bool is_session;
    } known[] = {{"MD5", H2I_DIGEST_MD5, false},
                 {"MD5-sess", H2I_DIGEST_MD5, true},
                 {"SHA-256", H2I_DIGEST_SHA256, false},
                 {"SHA-256-sess", H2I_DIGEST_SHA256, true},
                 {"SHA-512-256", H2I_DIGEST_SHA512_256, false},
                 {"SHA-512-256-sess", H2I_DIGEST_SHA512_256, true}};

    challenge->algorithm = H2I_DIGEST_MD5;
    challenge->has_algorithm = is_given(given, "algorithm");
    if (!challenge->has_algorithm)
        return true;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (!says(given, "algorithm", known[i].name))
            continue;
        challenge->algorithm = known[i].algorithm;
        challenge->is_session = known[i].is_session;
        return true;
    }
    return false;
}

/* "auth,auth-int": auth is what we can. */
static bool read_qop(const struct h2i_challenge *given, struct h2i_digest_challenge *challenge)
{
    size_t place = h2i_challenge_find(given, "qop");
    struct h2i_str rest, option;

    if (place == given->n_params)
        return true;
    for (rest = given->params[place].value; h2i_str_split(&rest, ',', &option);)
        challenge->has_qop =
            challenge->has_qop || h2i_str_equals_nocase(h2i_str_trim(option), h2i_str_of("auth"));
    return challenge->has_qop;
}

static bool read_challenge(struct h2i_arena *arena, const struct h2i_challenge *given,
                           struct h2i_digest_challenge *challenge)
{
    *challenge = (struct h2i_digest_challenge){.is_stale = says(given, "stale", "true"),
                                               .wants_userhash = says(given, "userhash", "true")};
    if (!h2i_str_equals_nocase(given->scheme, h2i_str_of("Digest")) ||
        h2i_challenge_repeats_itself(given) || !read_algorithm(given, challenge) ||
        !read_qop(given, challenge))
        return false;
    challenge->realm = read_text(arena, given, "realm");
    challenge->nonce = read_text(arena, given, "nonce");
    challenge->opaque = read_text(arena, given, "opaque");
    return challenge->realm && challenge->nonce && challenge->nonce[0] &&
           (challenge->opaque || !is_given(given, "opaque")) &&
           (challenge->has_qop || !challenge->is_session);
}

bool h2i_digest_choose(struct h2i_arena *arena, const h2client_header *fields, const char *name,
                       struct h2i_digest_challenge *challenge)
{
    struct h2i_digest_challenge read;
    struct h2i_challenge given;
    bool is_found = false;

    for (; fields->name && h2i_digest_hash_is_built_in(); fields++) {
        struct h2i_str rest = h2i_str_of(fields->value);

        if (!h2i_str_equals_nocase(h2i_str_of(fields->name), h2i_str_of(name)))
            continue;
        while (h2i_challenge_next(&rest, &given)) {
            if (!read_challenge(arena, &given, &read) ||
                (is_found && read.algorithm <= challenge->algorithm))
                continue;
            *challenge = read;
            is_found = true;
        }
    }
    return is_found;
}

/* ---- the proof ------------------------------------------------------------------ */

#define COLON h2i_str(":", 1)

static struct h2i_str text_of(const char *text)
{
    return h2i_str_of(text);
}

/* RFC 7616 3.4.2. */
static void hash_user(const struct h2i_digest_challenge *challenge,
                      const struct h2i_digest_request *request, char a1[H2I_DIGEST_TEXT_CAP])
{
    const struct h2i_str who[] = {text_of(request->user), COLON, text_of(challenge->realm), COLON,
                                  text_of(request->password)};
    char base[H2I_DIGEST_TEXT_CAP];

    h2i_digest_hash(challenge->algorithm, who, 5, a1);
    if (!challenge->is_session)
        return;
    memcpy(base, a1, sizeof base);
    const struct h2i_str session[] = {text_of(base), COLON, text_of(challenge->nonce), COLON,
                                      text_of(request->cnonce)};
    h2i_digest_hash(challenge->algorithm, session, 5, a1);
    explicit_bzero(base, sizeof base);
}

/* RFC 7616 3.4.1, and without qop RFC 2069 2.1.2. */
static void make_proof(const struct h2i_digest_challenge *challenge,
                       const struct h2i_digest_request *request, const char *nc,
                       char proof[H2I_DIGEST_TEXT_CAP])
{
    const struct h2i_str what[] = {text_of(request->method), COLON, text_of(request->uri)};
    char a1[H2I_DIGEST_TEXT_CAP], a2[H2I_DIGEST_TEXT_CAP];

    hash_user(challenge, request, a1);
    h2i_digest_hash(challenge->algorithm, what, 3, a2);
    if (challenge->has_qop) {
        const struct h2i_str all[] = {text_of(a1),
                                      COLON,
                                      text_of(challenge->nonce),
                                      COLON,
                                      text_of(nc),
                                      COLON,
                                      text_of(request->cnonce),
                                      COLON,
                                      text_of("auth"),
                                      COLON,
                                      text_of(a2)};
        h2i_digest_hash(challenge->algorithm, all, 11, proof);
    } else {
        const struct h2i_str all[] = {text_of(a1), COLON, text_of(challenge->nonce), COLON,
                                      text_of(a2)};
        h2i_digest_hash(challenge->algorithm, all, 5, proof);
    }
    explicit_bzero(a1, sizeof a1);
}

/* ---- the field -------------------------------------------------------------------- */

static size_t quoted_len(const char *text)
{
    size_t len = 2;

    for (; *text; text++)
        len += *text == '"' || *text == '\\' ? 2 : 1;
    return len;
}

static char *put_text(char *at, const char *text)
{
    struct h2i_str piece = text_of(text);

    memcpy(at, piece.data, piece.len);
    return at + piece.len;
}

static char *put_quoted(char *at, const char *name, const char *text)
{
    at = put_text(at, name);
    *at++ = '"';
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            *at++ = '\\';
        *at++ = *text;
    }
    *at++ = '"';
    return at;
}

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text > 0x7e)
            return false;
    return true;
}

/* RFC 8187 3.2.1: what does not fit in a quoted string. */
static char *put_extended(char *at, const char *text)
{
    at = put_text(at, "username*=UTF-8''");
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool is_attr_char = h2i_is_digit(*text) ||
                            (h2i_lower(*text) >= 'a' && h2i_lower(*text) <= 'z') ||
                            strchr("!#$&+-.^_`|~", c);
        if (is_attr_char)
            *at++ = *text;
        else
            at += sprintf(at, "%%%02X", c);
    }
    return at;
}

static char *put_user(char *at, const struct h2i_digest_challenge *challenge,
                      const struct h2i_digest_request *request)
{
    const struct h2i_str who[] = {text_of(request->user), COLON, text_of(challenge->realm)};
    char hashed[H2I_DIGEST_TEXT_CAP];

    if (challenge->wants_userhash) {
        h2i_digest_hash(challenge->algorithm, who, 3, hashed);
        return put_text(put_quoted(at, "username=", hashed), ", userhash=true");
    }
    return is_ascii(request->user) ? put_quoted(at, "username=", request->user)
                                   : put_extended(at, request->user);
}

static char *put_algorithm(char *at, const struct h2i_digest_challenge *challenge)
{
    static const char *const names[] = {"MD5", "SHA-256", "SHA-512-256"};

    at = put_text(put_text(at, ", algorithm="), names[challenge->algorithm]);
    return challenge->is_session ? put_text(at, "-sess") : at;
}

static char *put_all(char *at, const struct h2i_digest_challenge *challenge,
                     const struct h2i_digest_request *request)
{
    char proof[H2I_DIGEST_TEXT_CAP], nc[9];

    snprintf(nc, sizeof nc, "%08x", (unsigned)request->nc);
    make_proof(challenge, request, nc, proof);
    at = put_user(put_text(at, "Digest "), challenge, request);
    at = put_quoted(at, ", realm=", challenge->realm);
    at = put_quoted(at, ", nonce=", challenge->nonce);
    at = put_quoted(at, ", uri=", request->uri);
    if (challenge->has_algorithm)
        at = put_algorithm(at, challenge);
    if (challenge->has_qop) {
        at = put_text(put_text(at, ", qop=auth, nc="), nc);
        at = put_quoted(at, ", cnonce=", request->cnonce);
    }
    at = put_quoted(at, ", response=", proof);
    return challenge->opaque ? put_quoted(at, ", opaque=", challenge->opaque) : at;
}

h2client_error_code h2i_digest_answer(struct h2i_arena *arena,
                                      const struct h2i_digest_challenge *challenge,
                                      const struct h2i_digest_request *request, const char **value,
                                      struct h2i_text *why)
{
    size_t cap = 512 + 3 * strlen(request->user) + quoted_len(challenge->realm) +
                 quoted_len(challenge->nonce) + quoted_len(request->uri) +
                 quoted_len(request->cnonce) +
                 (challenge->opaque ? quoted_len(challenge->opaque) : 0);
    char *text;

    if (!h2i_digest_hash_is_built_in()) {
        h2i_text_add(why, "auth: Digest is not built in");
        return H2CLIENT_ERROR_FEATURE_MISSING;
    }
    if (!is_plain(text_of(request->user)) || !is_plain(text_of(request->password))) {
        h2i_text_add(why,
                     "auth: user and password of Digest cannot be longer than %d bytes, or "
                     "have control characters",
                     MAX_VALUE_BYTES);
        return H2CLIENT_ERROR_INVALID_ARGUMENT;
    }
    text = h2i_arena_alloc(arena, cap);
    if (!text)
        return H2CLIENT_ERROR_NO_MEMORY;
    *put_all(text, challenge, request) = 0;
    *value = text;
    return H2CLIENT_OK;
}
