/* SPDX-License-Identifier: MIT */
/*
 * Reads a set-cookie field as RFC 6265bis 5.6 does: pieces between semicolons, the first the
 * pair, the others attributes, of which the last of a name counts and strangers are skipped.
 * It is lenient where the RFC is; it never reads past a control character, since the field is
 * then thrown away.
 */
#include "h2client/cookies/cookie_parse.h"

#include "h2client/cookies/cookie_date.h"

bool h2i_cookie_has_control(struct h2i_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return true;
    }
    return false;
}

bool h2i_cookie_pair_is_fine(struct h2i_str name, struct h2i_str value)
{
    if (h2i_cookie_has_control(name) || h2i_cookie_has_control(value))
        return false;
    if (name.len > H2I_COOKIE_MAX_PAIR_LEN || value.len > H2I_COOKIE_MAX_PAIR_LEN - name.len)
        return false;
    /* Stricter than the RFC: "=a=b" would go out as "a=b", somebody else's cookie. */
    return name.len > 0 || (value.len > 0 && !memchr(value.data, '=', value.len));
}

int64_t h2i_cookie_clamp_expiry(int64_t expires_s, int64_t now_s)
{
    int64_t latest_s;

    if (__builtin_add_overflow(now_s, H2I_COOKIE_MAX_LIFE_S, &latest_s))
        latest_s = INT64_MAX;
    return expires_s < latest_s ? expires_s : latest_s;
}

/* ---- attributes ---------------------------------------------------------- */

struct attributes {
    struct h2i_cookie_draft *draft;
    int64_t now_s;
    bool has_max_age; /* it outdoes Expires, wherever they stand (5.7) */
};

static void take_expires(struct attributes *attributes, struct h2i_str value)
{
    int64_t date_s;

    if (attributes->has_max_age || !h2i_cookie_date_parse(value, &date_s))
        return;
    /* The second before 1970 is past as well, and has a meaning of its own. */
    if (date_s == H2I_COOKIE_IS_SESSION)
        date_s--;
    attributes->draft->expires_s = h2i_cookie_clamp_expiry(date_s, attributes->now_s);
}

/* 5.6.2: digits, perhaps behind a minus; what is too large saturates. */
static void take_max_age(struct attributes *attributes, struct h2i_str value)
{
    bool is_negative = value.len > 0 && value.data[0] == '-';
    struct h2i_str digits = h2i_str(value.data + is_negative, value.len - is_negative);
    uint64_t age_s = 0;
    bool is_zero;

    for (size_t i = 0; i < digits.len; i++)
        if (!h2i_is_digit(digits.data[i]))
            return;
    if (digits.len == 0)
        return;
    if (!h2i_str_parse_uint(digits, (uint64_t)H2I_COOKIE_MAX_LIFE_S, &age_s))
        age_s = (uint64_t)H2I_COOKIE_MAX_LIFE_S;
    is_zero = is_negative || age_s == 0;
    attributes->has_max_age = true;
    if (is_zero ||
        __builtin_add_overflow(attributes->now_s, (int64_t)age_s, &attributes->draft->expires_s))
        attributes->draft->expires_s = is_zero ? INT64_MIN : INT64_MAX;
}

static void take_domain(struct attributes *attributes, struct h2i_str value)
{
    if (value.len > 0 && value.data[0] == '.')
        value = h2i_str(value.data + 1, value.len - 1);
    attributes->draft->domain = value;
}

static void take_path(struct attributes *attributes, struct h2i_str value)
{
    bool is_path = value.len > 0 && value.data[0] == '/';

    attributes->draft->path = is_path ? value : h2i_str("", 0);
}

static void take_secure(struct attributes *attributes, struct h2i_str value)
{
    (void)value;
    attributes->draft->is_secure = true;
}

static void take_http_only(struct attributes *attributes, struct h2i_str value)
{
    (void)value;
    attributes->draft->is_http_only = true;
}

static void take_same_site(struct attributes *attributes, struct h2i_str value)
{
    static const struct {
        const char *name;
        h2client_same_site same_site;
    } rows[] = {
        {"none", H2CLIENT_SAME_SITE_NONE},
        {"lax", H2CLIENT_SAME_SITE_LAX},
        {"strict", H2CLIENT_SAME_SITE_STRICT},
    };

    attributes->draft->same_site = H2CLIENT_SAME_SITE_DEFAULT;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (h2i_str_equals_nocase(value, h2i_str_of(rows[i].name)))
            attributes->draft->same_site = rows[i].same_site;
}

static const struct {
    const char *name;
    void (*take)(struct attributes *attributes, struct h2i_str value);
} known[] = {
    {"expires", take_expires},    {"max-age", take_max_age}, {"domain", take_domain},
    {"path", take_path},          {"secure", take_secure},   {"httponly", take_http_only},
    {"samesite", take_same_site},
};

/* Splits at the first '='; both sides trimmed. False: there is none, and *value is empty. */
static bool split_pair(struct h2i_str piece, struct h2i_str *name, struct h2i_str *value)
{
    const char *equals = piece.len ? memchr(piece.data, '=', piece.len) : NULL;
    size_t name_len = equals ? (size_t)(equals - piece.data) : piece.len;

    *name = h2i_str_trim(h2i_str(piece.data, name_len));
    *value = h2i_str("", 0);
    if (equals)
        *value = h2i_str_trim(h2i_str(equals + 1, piece.len - name_len - 1));
    return equals != NULL;
}

static void take_attribute(struct attributes *attributes, struct h2i_str piece)
{
    struct h2i_str name, value;

    (void)split_pair(piece, &name, &value);
    if (value.len > H2I_COOKIE_MAX_ATTRIBUTE_LEN)
        return;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (h2i_str_equals_nocase(name, h2i_str_of(known[i].name)))
            known[i].take(attributes, value);
}

bool h2i_cookie_parse(struct h2i_str text, int64_t now_s, struct h2i_cookie_draft *draft)
{
    struct attributes attributes = {.draft = draft, .now_s = now_s};
    struct h2i_str rest = text, piece;

    *draft = (struct h2i_cookie_draft){.expires_s = H2I_COOKIE_IS_SESSION};
    draft->domain = draft->path = h2i_str("", 0);
    if (h2i_cookie_has_control(text) || !h2i_str_split(&rest, ';', &piece))
        return false;
    if (!split_pair(piece, &draft->name, &draft->value)) {
        draft->value = draft->name;
        draft->name = h2i_str("", 0);
    }
    while (h2i_str_split(&rest, ';', &piece))
        take_attribute(&attributes, piece);
    return h2i_cookie_pair_is_fine(draft->name, draft->value);
}
