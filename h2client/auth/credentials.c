/* SPDX-License-Identifier: MIT */
#include "h2client/auth/credentials.h"

static h2client_error_code refuse(struct h2i_text *why, const char *what)
{
    h2i_text_add(why, "auth: %s", what);
    return H2CLIENT_ERROR_INVALID_ARGUMENT;
}

/* RFC 4648 4. */
static size_t encode_base64(char *out, const unsigned char *in, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *end = out;

    for (size_t i = 0; i < len; i += 3) {
        unsigned group = (unsigned)in[i] << 16 | (i + 1 < len ? (unsigned)in[i + 1] << 8 : 0) |
                         (i + 2 < len ? in[i + 2] : 0);
        *end++ = digits[group >> 18];
        *end++ = digits[group >> 12 & 63];
        *end++ = i + 1 < len ? digits[group >> 6 & 63] : '=';
        *end++ = i + 2 < len ? digits[group & 63] : '=';
    }
    *end = 0;
    return (size_t)(end - out);
}

static bool has_controls(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

static h2client_error_code make_basic(struct h2i_arena *arena, const char *user,
                                      const char *password, const char **value,
                                      struct h2i_text *why)
{
    size_t len = strlen(user) + 1 + strlen(password);
    char *pair, *text;

    if (strchr(user, ':'))
        return refuse(why, "a user of Basic cannot have a colon");
    if (has_controls(user) || has_controls(password))
        return refuse(why, "user and password of Basic cannot have control characters");
    pair = h2i_arena_alloc(arena, len + 1);
    text = h2i_arena_alloc(arena, sizeof "Basic " + (len + 2) / 3 * 4);
    if (!pair || !text)
        return H2CLIENT_ERROR_NO_MEMORY;
    memcpy(pair, user, strlen(user));
    pair[strlen(user)] = ':';
    memcpy(pair + strlen(user) + 1, password, strlen(password) + 1);
    memcpy(text, "Basic ", 6);
    encode_base64(text + 6, (const unsigned char *)pair, len);
    memset(pair, 0, len);
    *value = text;
    return H2CLIENT_OK;
}

/* RFC 6750 2.1. */
static bool is_token(const char *token)
{
    const char *at = token;

    while (h2i_is_digit(*at) || (h2i_lower(*at) >= 'a' && h2i_lower(*at) <= 'z') ||
           (*at && strchr("-._~+/", *at)))
        at++;
    if (at == token)
        return false;
    while (*at == '=')
        at++;
    return *at == 0;
}

static h2client_error_code make_bearer(struct h2i_arena *arena, const char *token,
                                       const char **value, struct h2i_text *why)
{
    size_t len = token ? strlen(token) : 0;
    char *text;

    if (!token || !is_token(token))
        return refuse(why, "the bearer token has characters that no token has");
    text = h2i_arena_alloc(arena, sizeof "Bearer " + len);
    if (!text)
        return H2CLIENT_ERROR_NO_MEMORY;
    memcpy(text, "Bearer ", 7);
    memcpy(text + 7, token, len + 1);
    *value = text;
    return H2CLIENT_OK;
}

h2client_error_code h2i_credentials(struct h2i_arena *arena, const h2client_auth *auth,
                                    const char **value, struct h2i_text *why)
{
    *value = NULL;
    switch (auth->scheme) {
    case H2CLIENT_AUTH_NONE:
        return H2CLIENT_OK;
    case H2CLIENT_AUTH_BASIC:
        return make_basic(arena, auth->user ? auth->user : "", auth->password ? auth->password : "",
                          value, why);
    case H2CLIENT_AUTH_BEARER:
        return make_bearer(arena, auth->token, value, why);
    case H2CLIENT_AUTH_DIGEST:
    case H2CLIENT_AUTH_SIGNED:
        return H2CLIENT_OK;
    case H2CLIENT_AUTH_INHERIT:
        break;
    }
    h2i_text_add(why, "auth.scheme: %d is not one of its values", (int)auth->scheme);
    return H2CLIENT_ERROR_INVALID_ARGUMENT;
}

static int hex(char c)
{
    if (h2i_is_digit(c))
        return c - '0';
    c = h2i_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place. False: an encoded NUL, or a percent sign that begins nothing. */
static bool decode(char *text)
{
    char *out = text;

    for (; *text; out++) {
        if (*text != '%') {
            *out = *text++;
            continue;
        }
        if (hex(text[1]) < 0 || hex(text[2]) < 0 || (text[1] == '0' && text[2] == '0'))
            return false;
        *out = (char)(hex(text[1]) << 4 | hex(text[2]));
        text += 3;
    }
    *out = 0;
    return true;
}

h2client_error_code h2i_userinfo_read(struct h2i_arena *arena, const char *userinfo,
                                      const char **user, const char **password,
                                      struct h2i_text *why)
{
    char *text = h2i_arena_copy_text(arena, userinfo, strlen(userinfo));
    char *colon = text ? strchr(text, ':') : NULL;

    if (!text)
        return H2CLIENT_ERROR_NO_MEMORY;
    if (colon)
        *colon = 0;
    if (!decode(text) || (colon && !decode(colon + 1)))
        return refuse(why, "user and password in the URL are not percent-encoded rightly");
    *user = text;
    *password = colon ? colon + 1 : NULL;
    return H2CLIENT_OK;
}
