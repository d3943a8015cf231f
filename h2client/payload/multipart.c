/* SPDX-License-Identifier: MIT */
#include "h2client/payload/multipart.h"

#include "h2client/http/field.h"

/* Counts while it has no place to write to. */
struct out {
    char *text;
    size_t len;
    bool is_too_long;
};

static void put(struct out *out, const char *text, size_t len)
{
    if (out->text)
        memcpy(out->text + out->len, text, len);
    if (!h2i_size_add(out->len, len, &out->len))
        out->is_too_long = true;
}

static void put_text(struct out *out, const char *text)
{
    put(out, text, strlen(text));
}

/* As browsers do (HTML, "multipart/form-data encoding algorithm"): what would end the quotes
 * or the line is percent-encoded, and nothing else. */
static void put_quoted(struct out *out, const char *text)
{
    put_text(out, "\"");
    while (*text) {
        size_t n = strcspn(text, "\"\r\n");
        put(out, text, n);
        text += n;
        if (*text) {
            put_text(out, *text == '"' ? "%22" : *text == '\r' ? "%0D" : "%0A");
            text++;
        }
    }
    put_text(out, "\"");
}

static void put_field(struct out *out, const char *name, const char *value)
{
    put_text(out, name);
    put_text(out, ": ");
    put_text(out, value);
    put_text(out, "\r\n");
}

static bool names_content_type(const h2client_header *fields)
{
    for (; fields && fields->name; fields++)
        if (h2i_field_is_named(fields->name, "content-type"))
            return true;
    return false;
}

/* Its own, or what RFC 7578 4.4 has a file be; NULL: none is said here. */
static const char *content_type_of(const h2client_part *part)
{
    if (names_content_type(part->headers))
        return NULL;
    if (!part->content_type && part->filename)
        return "application/octet-stream";
    return part->content_type;
}

static void put_head(struct out *out, const char *boundary, bool is_first,
                     const h2client_part *part)
{
    const char *content_type = content_type_of(part);

    put_text(out, is_first ? "--" : "\r\n--");
    put_text(out, boundary);
    put_text(out, "\r\nContent-Disposition: form-data; name=");
    put_quoted(out, part->name);
    if (part->filename) {
        put_text(out, "; filename=");
        put_quoted(out, part->filename);
    }
    put_text(out, "\r\n");
    if (content_type)
        put_field(out, "Content-Type", content_type);
    for (const h2client_header *field = part->headers; field && field->name; field++)
        if (field->value)
            put_field(out, field->name, field->value);
    put_text(out, "\r\n");
}

static h2client_error_code check_field(const h2client_header *field, struct h2i_text *why)
{
    const char *value = field->value ? field->value : "";
    h2client_error_code code = h2i_field_check(field->name, value, why);
    enum h2i_field_kind kind;

    if (code)
        return code;
    kind = h2i_field_classify(h2i_str_of(field->name), h2i_str_of(value));
    if (kind == H2I_FIELD_HOST || kind == H2I_FIELD_CONTENT_LENGTH ||
        h2i_field_is_named(field->name, "content-disposition")) {
        h2i_text_add(why, "header field %s: is none that a part may be given", field->name);
        return H2CLIENT_ERROR_HEADER_FORBIDDEN;
    }
    return H2CLIENT_OK;
}

static h2client_error_code check_fields(const h2client_part *part, struct h2i_text *why)
{
    h2client_error_code code = H2CLIENT_OK;

    if (part->content_type)
        code = h2i_field_check("content-type", part->content_type, why);
    for (const h2client_header *field = part->headers; field && field->name && !code; field++)
        code = check_field(field, why);
    return code;
}

bool h2i_boundary_make(h2client_system *system, char boundary[H2I_BOUNDARY_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char random[H2I_BOUNDARY_RANDOM_BYTES];
    char *end = boundary + strlen(H2I_BOUNDARY_PREFIX);

    memcpy(boundary, H2I_BOUNDARY_PREFIX, sizeof H2I_BOUNDARY_PREFIX);
    if (!system->ops->random_bytes(system, random, sizeof random))
        return false;
    for (size_t i = 0; i < sizeof random; i++) {
        *end++ = digits[random[i] >> 4];
        *end++ = digits[random[i] & 15];
    }
    *end = 0;
    return true;
}

const char *h2i_multipart_type(struct h2i_arena *arena, const char *type, const char *boundary)
{
    static const char parameter[] = "; boundary=";
    size_t cap = strlen(type) + sizeof parameter + strlen(boundary);
    char *text = h2i_arena_alloc(arena, cap);

    if (text) {
        struct h2i_text out = h2i_text(text, cap);
        h2i_text_add(&out, "%s%s%s", type, parameter, boundary);
    }
    return text;
}

h2client_error_code h2i_part_head(struct h2i_arena *arena, const char *boundary, bool is_first,
                                  const h2client_part *part, struct h2i_str *head,
                                  struct h2i_text *why)
{
    h2client_error_code code = check_fields(part, why);
    struct out out = {.text = NULL};

    *head = h2i_str(NULL, 0);
    if (code)
        return code;
    put_head(&out, boundary, is_first, part);
    if (!out.is_too_long)
        out.text = h2i_arena_alloc(arena, out.len);
    if (!out.text)
        return H2CLIENT_ERROR_NO_MEMORY;
    out.len = 0;
    put_head(&out, boundary, is_first, part);
    *head = h2i_str(out.text, out.len);
    return H2CLIENT_OK;
}

struct h2i_str h2i_parts_tail(struct h2i_arena *arena, const char *boundary, bool is_empty)
{
    struct out out = {.text = h2i_arena_alloc(arena, strlen(boundary) + sizeof "\r\n----\r\n")};

    if (out.text) {
        put_text(&out, is_empty ? "--" : "\r\n--");
        put_text(&out, boundary);
        put_text(&out, "--\r\n");
    }
    return h2i_str(out.text, out.len);
}
