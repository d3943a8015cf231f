/* SPDX-License-Identifier: MIT */
#include "h2client/auth/challenge.h"

static void skip(struct h2i_str *text, size_t n)
{
    text->data += n;
    text->len -= n;
}

static void skip_any(struct h2i_str *text, const char *chars)
{
    while (text->len > 0 && text->data[0] && strchr(chars, text->data[0]))
        skip(text, 1);
}

/* len 0: there is none. */
static struct h2i_str take_token(struct h2i_str *text)
{
    size_t n = 0;

    while (n < text->len && h2i_is_token_char(text->data[n]))
        n++;
    skip(text, n);
    return h2i_str(text->data - n, n);
}

/* RFC 9110 11.2. len 0: what stands there is something else. */
static struct h2i_str take_token68(struct h2i_str *text)
{
    struct h2i_str rest = *text;
    size_t n = 0;

    while (n < rest.len && (h2i_is_digit(rest.data[n]) ||
                            (h2i_lower(rest.data[n]) >= 'a' && h2i_lower(rest.data[n]) <= 'z') ||
                            (rest.data[n] && strchr("-._~+/", rest.data[n]))))
        n++;
    while (n > 0 && n < rest.len && rest.data[n] == '=')
        n++;
    skip(&rest, n);
    skip_any(&rest, " \t");
    if (rest.len > 0 && rest.data[0] != ',')
        return h2i_str(text->data, 0);
    *text = rest;
    return h2i_str(rest.data - (rest.data - text->data), n);
}

/* Behind the first quote: up to the last one. */
static bool take_quoted(struct h2i_str *text, struct h2i_str *value)
{
    size_t n = 0;

    while (n < text->len && text->data[n] != '"')
        n += text->data[n] == '\\' ? 2 : 1;
    if (n >= text->len)
        return false;
    *value = h2i_str(text->data, n);
    skip(text, n + 1);
    return true;
}

/* "name = value". False, and nothing taken: it is no parameter; the name may be a scheme. */
static bool take_param(struct h2i_str *text, struct h2i_challenge *challenge, bool *is_broken)
{
    struct h2i_str rest = *text, name = take_token(&rest), value;
    bool is_quoted;

    skip_any(&rest, " \t");
    if (name.len == 0 || rest.len == 0 || rest.data[0] != '=')
        return false;
    skip(&rest, 1);
    skip_any(&rest, " \t");
    is_quoted = rest.len > 0 && rest.data[0] == '"';
    if (is_quoted)
        skip(&rest, 1);
    *is_broken = is_quoted ? !take_quoted(&rest, &value) : (value = take_token(&rest)).len == 0;
    if (*is_broken || challenge->n_params == H2I_MAX_CHALLENGE_PARAMS) {
        *is_broken = true;
        return false;
    }
    challenge->params[challenge->n_params].name = name;
    challenge->params[challenge->n_params].value = value;
    challenge->params[challenge->n_params++].is_quoted = is_quoted;
    *text = rest;
    return true;
}

bool h2i_challenge_next(struct h2i_str *rest, struct h2i_challenge *challenge)
{
    bool is_broken = false;

    *challenge = (struct h2i_challenge){.n_params = 0};
    skip_any(rest, " \t,");
    challenge->scheme = take_token(rest);
    if (challenge->scheme.len == 0)
        return false;
    if (rest->len == 0 || (rest->data[0] != ' ' && rest->data[0] != '\t'))
        return rest->len == 0 || rest->data[0] == ',';
    skip_any(rest, " \t");
    challenge->token68 = take_token68(rest);
    if (challenge->token68.len > 0)
        return true;
    while (take_param(rest, challenge, &is_broken)) {
        skip_any(rest, " \t");
        if (rest->len > 0 && rest->data[0] != ',')
            return false;
        skip_any(rest, " \t,");
    }
    return !is_broken;
}

bool h2i_challenge_repeats_itself(const struct h2i_challenge *challenge)
{
    for (size_t i = 0; i < challenge->n_params; i++)
        for (size_t j = 0; j < i; j++)
            if (h2i_str_equals_nocase(challenge->params[i].name, challenge->params[j].name))
                return true;
    return false;
}

size_t h2i_challenge_find(const struct h2i_challenge *challenge, const char *name)
{
    size_t place = 0;

    while (place < challenge->n_params &&
           !h2i_str_equals_nocase(challenge->params[place].name, h2i_str_of(name)))
        place++;
    return place;
}
