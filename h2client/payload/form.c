/* SPDX-License-Identifier: MIT */
#include "h2client/payload/form.h"

#include "base/str.h"

struct out {
    char *text;
    size_t len;
};

/* RFC 3986 2.3 for a query; the standard's own set for a form. */
static bool is_plain(char c, bool is_form)
{
    if (h2i_is_digit(c) || (h2i_lower(c) >= 'a' && h2i_lower(c) <= 'z'))
        return true;
    return c == '-' || c == '.' || c == '_' || c == (is_form ? '*' : '~');
}

static void add_encoded(struct out *out, const char *text, bool is_form)
{
    static const char digits[] = "0123456789ABCDEF";

    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (is_plain(*text, is_form)) {
            out->text[out->len++] = *text;
        } else if (byte == ' ' && is_form) {
            out->text[out->len++] = '+';
        } else {
            out->text[out->len++] = '%';
            out->text[out->len++] = digits[byte >> 4];
            out->text[out->len++] = digits[byte & 15];
        }
    }
}

static void add_pairs(struct out *out, const h2client_param *params, bool is_form)
{
    for (bool is_first = true; params->name; params++, is_first = false) {
        if (!is_first)
            out->text[out->len++] = '&';
        add_encoded(out, params->name, is_form);
        if (params->value || is_form)
            out->text[out->len++] = '=';
        if (params->value)
            add_encoded(out, params->value, is_form);
    }
}

/* Room for all pairs whatever stands in them. False: more than memory. */
static bool measure(const h2client_param *params, size_t *n_bytes)
{
    bool fits = true;

    for (*n_bytes = 1; params->name && fits; params++) {
        size_t len = strlen(params->name) + (params->value ? strlen(params->value) : 0), needed;
        fits = h2i_size_mul(len, 3, &needed) && h2i_size_add(needed, 2, &needed) &&
               h2i_size_add(*n_bytes, needed, n_bytes);
    }
    return fits;
}

const char *h2i_form_write(struct h2i_arena *arena, const h2client_param *params, size_t *len)
{
    struct out out = {.text = NULL};
    size_t n_bytes;

    if (measure(params, &n_bytes))
        out.text = h2i_arena_alloc(arena, n_bytes);
    if (!out.text)
        return NULL;
    add_pairs(&out, params, true);
    out.text[out.len] = 0;
    *len = out.len;
    return out.text;
}

const char *h2i_query_add(struct h2i_arena *arena, const char *url, const h2client_param *params)
{
    size_t url_len = strlen(url), before = strcspn(url, "#"), n_bytes;
    struct out out = {.text = NULL};

    if (!params->name)
        return url;
    if (measure(params, &n_bytes) && h2i_size_add(n_bytes, url_len + 2, &n_bytes))
        out.text = h2i_arena_alloc(arena, n_bytes);
    if (!out.text)
        return NULL;
    memcpy(out.text, url, before);
    out.len = before;
    if (!memchr(url, '?', before))
        out.text[out.len++] = '?';
    else if (out.text[before - 1] != '?' && out.text[before - 1] != '&')
        out.text[out.len++] = '&';
    add_pairs(&out, params, false);
    memcpy(out.text + out.len, url + before, url_len - before + 1);
    return out.text;
}
