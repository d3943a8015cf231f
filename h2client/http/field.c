/* SPDX-License-Identifier: MIT */
/*
 * Header fields: lists in an arena, the classes of a request's fields, and
 * content-length. It judges fields one by one; what a whole message must hold is
 * the cores' matter. RFC 9110 5 and 8.6, RFC 9113 8.2.
 */
#include "h2client/http/field.h"

#define FIRST_CAP 16u
#define FIELD_OVERHEAD 32u /* RFC 9113 10.5.1 */

/* Every field of every request and response comes by here: lengths are told apart first. */
struct name_kind {
    const char *name;
    size_t len;
    enum h2i_field_kind kind;
};

#define NAMED(name) name, sizeof name - 1

static const struct name_kind name_kinds[] = {
    {NAMED("authorization"), H2I_FIELD_SECRET},
    {NAMED("cookie"), H2I_FIELD_SECRET},
    {NAMED("set-cookie"), H2I_FIELD_SECRET},
    {NAMED("proxy-authorization"), H2I_FIELD_SECRET},
    {NAMED("host"), H2I_FIELD_HOST},
    {NAMED("content-length"), H2I_FIELD_CONTENT_LENGTH},
    {NAMED("connection"), H2I_FIELD_FORBIDDEN},
    {NAMED("keep-alive"), H2I_FIELD_FORBIDDEN},
    {NAMED("proxy-connection"), H2I_FIELD_FORBIDDEN},
    {NAMED("transfer-encoding"), H2I_FIELD_FORBIDDEN},
    {NAMED("upgrade"), H2I_FIELD_FORBIDDEN},
    {NAMED("http2-settings"), H2I_FIELD_FORBIDDEN},
};

/* Room for one more and the NULL name behind it. */
static bool fields_grow(struct h2i_arena *arena, struct h2i_fields *fields)
{
    if (fields->cap > 1 && fields->n < fields->cap - 1)
        return true;

    uint32_t cap = fields->cap ? fields->cap * 2 : FIRST_CAP;
    size_t n_bytes;
    if (cap < fields->cap || !h2i_size_mul(cap, sizeof(h2client_header), &n_bytes))
        return false;

    h2client_header *list = h2i_arena_alloc(arena, n_bytes);
    if (!list)
        return false;
    if (fields->n)
        memcpy(list, fields->list, fields->n * sizeof *list);
    fields->list = list;
    fields->cap = cap;
    return true;
}

bool h2i_fields_add(struct h2i_arena *arena, struct h2i_fields *fields, struct h2i_str name,
                    struct h2i_str value)
{
    if (!fields_grow(arena, fields))
        return false;

    /* Set at once: a failure below must leave a list that ends. */
    fields->list[fields->n] = (h2client_header){NULL, NULL};
    const char *name_copy = h2i_arena_copy_text(arena, name.data, name.len);
    const char *value_copy = h2i_arena_copy_text(arena, value.data, value.len);
    if (!name_copy || !value_copy)
        return false;

    fields->list[fields->n] = (h2client_header){name_copy, value_copy};
    fields->n++;
    fields->list[fields->n] = (h2client_header){NULL, NULL};
    fields->n_bytes += name.len + value.len + FIELD_OVERHEAD;
    return true;
}

const h2client_header *h2i_fields_list(const struct h2i_fields *fields)
{
    static const h2client_header none = {NULL, NULL};

    return fields->list ? fields->list : &none;
}

const h2client_header *h2i_fields_with(struct h2i_arena *arena, const h2client_header *list,
                                       const char *name, struct h2i_str value)
{
    struct h2i_fields fields = {.list = NULL};

    for (; list->name; list++)
        if (strcmp(list->name, name) != 0 &&
            !h2i_fields_add(arena, &fields, h2i_str_of(list->name), h2i_str_of(list->value)))
            return NULL;
    return h2i_fields_add(arena, &fields, h2i_str_of(name), value) ? fields.list : NULL;
}

struct h2i_str h2i_field_lower_name(struct h2i_arena *arena, const char *name)
{
    size_t len = strlen(name);
    char *copy = h2i_arena_copy_text(arena, name, len);

    for (size_t i = 0; copy && i < len; i++)
        copy[i] = h2i_lower(copy[i]);
    return h2i_str(copy, copy ? len : 0);
}

bool h2i_field_is_named(const char *name, const char *lower)
{
    while (*lower && h2i_lower(*name) == *lower)
        name++, lower++;
    return *lower == 0 && *name == 0;
}

const char *h2i_fields_find(const h2client_header *list, const char *name)
{
    struct h2i_str wanted = h2i_str_of(name);

    for (; list && list->name; list++) {
        if (h2i_str_equals_nocase(h2i_str_of(list->name), wanted))
            return list->value;
    }
    return NULL;
}

enum h2i_field_kind h2i_field_classify(struct h2i_str name, struct h2i_str value)
{
    if (name.len && name.data[0] == ':')
        return H2I_FIELD_FORBIDDEN;
    /* RFC 9113 8.2.2: te may say "trailers" and nothing else. */
    if (name.len == 2 && h2i_str_equals_nocase(name, h2i_str("te", 2))) {
        bool is_trailers = h2i_str_equals_nocase(value, h2i_str_of("trailers"));
        return is_trailers ? H2I_FIELD_PLAIN : H2I_FIELD_FORBIDDEN;
    }
    for (size_t i = 0; i < sizeof name_kinds / sizeof name_kinds[0]; i++) {
        if (name.len == name_kinds[i].len &&
            h2i_str_equals_nocase(name, h2i_str(name_kinds[i].name, name.len)))
            return name_kinds[i].kind;
    }
    return H2I_FIELD_PLAIN;
}

bool h2i_field_is_secret(struct h2i_str name)
{
    return h2i_field_classify(name, h2i_str(NULL, 0)) == H2I_FIELD_SECRET;
}

static size_t first_not_tchar(struct h2i_str s)
{
    size_t i = 0;
    while (i < s.len && h2i_is_token_char(s.data[i]))
        i++;
    return i;
}

/* First byte that may not stand in a value: a control, or a space at an end. */
static size_t first_not_value(struct h2i_str s)
{
    struct h2i_str trimmed = h2i_str_trim(s);
    if (trimmed.len < s.len)
        return trimmed.data == s.data ? trimmed.len : 0;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return i;
    }
    return s.len;
}

static h2client_error_code invalid_byte(struct h2i_text *why, struct h2i_str name, const char *part,
                                        unsigned char c, size_t offset)
{
    h2i_text_add(why, "header field \"");
    h2i_text_add_untrusted(why, name.data, name.len);
    h2i_text_add(why, "\": byte 0x%02x at offset %zu of the %s is not allowed", c, offset, part);
    return H2CLIENT_ERROR_HEADER_INVALID;
}

h2client_error_code h2i_field_check(const char *name, const char *value, struct h2i_text *why)
{
    if (!name || !*name) {
        h2i_text_add(why, "a header field without a name");
        return H2CLIENT_ERROR_HEADER_INVALID;
    }
    struct h2i_str n = h2i_str_of(name);
    if (!value) {
        h2i_text_add(why, "header field \"");
        h2i_text_add_untrusted(why, n.data, n.len);
        h2i_text_add(why, "\" has no value (NULL)");
        return H2CLIENT_ERROR_HEADER_INVALID;
    }

    struct h2i_str v = h2i_str_of(value);
    size_t bad = first_not_tchar(n);
    if (n.data[0] != ':' && bad < n.len)
        return invalid_byte(why, n, "name", (unsigned char)n.data[bad], bad);
    if (!h2i_str_is_field_value(v)) {
        bad = first_not_value(v);
        return invalid_byte(why, n, "value", (unsigned char)v.data[bad], bad);
    }
    if (h2i_field_classify(n, v) == H2I_FIELD_FORBIDDEN) {
        h2i_text_add(why, "header field \"");
        h2i_text_add_untrusted(why, n.data, n.len);
        h2i_text_add(why, "\" is not the caller's to set");
        return H2CLIENT_ERROR_HEADER_FORBIDDEN;
    }
    return H2CLIENT_OK;
}

/* What frames or routes a message, asks for it on a condition, logs in, or says how to take
 * the body is of no use behind it. */
static bool is_for_heads_only(struct h2i_str name)
{
    static const char *const names[] = {"trailer",
                                        "te",
                                        "content-encoding",
                                        "content-type",
                                        "content-range",
                                        "cache-control",
                                        "expect",
                                        "range",
                                        "max-forwards",
                                        "pragma",
                                        "if-match",
                                        "if-none-match",
                                        "if-range",
                                        "date",
                                        "if-modified-since",
                                        "if-unmodified-since"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (h2i_str_equals_nocase(name, h2i_str_of(names[i])))
            return true;
    return h2i_field_classify(name, h2i_str(NULL, 0)) != H2I_FIELD_PLAIN;
}

h2client_error_code h2i_trailer_check(const char *name, const char *value, struct h2i_text *why)
{
    h2client_error_code code = h2i_field_check(name, value, why);

    if (code || !is_for_heads_only(h2i_str_of(name)))
        return code;
    h2i_text_add(why, "header field \"");
    h2i_text_add_untrusted(why, name, strlen(name));
    h2i_text_add(why, "\" cannot be a trailer");
    return H2CLIENT_ERROR_HEADER_FORBIDDEN;
}

/* One field's value: numbers between commas, all of them equal to *len if that is set. */
static bool content_length_of(struct h2i_str value, int64_t *len)
{
    for (;;) {
        const char *comma = value.len ? memchr(value.data, ',', value.len) : NULL;
        size_t piece_len = comma ? (size_t)(comma - value.data) : value.len;
        uint64_t number;

        if (!h2i_str_parse_uint(h2i_str_trim(h2i_str(value.data, piece_len)), INT64_MAX, &number))
            return false;
        if (*len >= 0 && *len != (int64_t)number)
            return false;
        *len = (int64_t)number;
        if (!comma)
            return true;
        value = h2i_str(comma + 1, value.len - piece_len - 1);
    }
}

bool h2i_content_length(const h2client_header *list, int64_t *len)
{
    *len = -1;
    for (; list && list->name; list++) {
        bool is_it = h2i_str_equals_nocase(h2i_str_of(list->name), h2i_str_of("content-length"));
        if (is_it && !content_length_of(h2i_str_of(list->value), len)) {
            *len = -1;
            return false;
        }
    }
    return true;
}
