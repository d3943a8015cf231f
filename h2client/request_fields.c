/* SPDX-License-Identifier: MIT */
#include "h2client/request_fields.h"

#include "h2client/version.h"

static h2client_error_code no_memory_unless(bool has_memory)
{
    return has_memory ? H2CLIENT_OK : H2CLIENT_ERROR_NO_MEMORY;
}

const struct h2i_request_fields *h2i_request_fields_of_library(void)
{
    static h2client_header list[] = {
        {"user-agent", "h2client/" H2CLIENT_VERSION}, {"accept", "*/*"}, {NULL, NULL}};
    static const struct h2i_request_fields fields = {.fields = {.list = list, .n = 2, .cap = 2}};

    return &fields;
}

/* RFC 3986 3.2.2, 3.2.3: what a host and a port are made of, and nothing else. */
static bool is_authority(struct h2i_str value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = h2i_lower(value.data[i]);
        if (!(c >= 'a' && c <= 'z') && !h2i_is_digit(c) && !strchr("-._~!$&'()*+,;=:[]%", c))
            return false;
    }
    return value.len > 0;
}

static h2client_error_code take_host(struct h2i_request_fields *merged, struct h2i_arena *arena,
                                     struct h2i_str value, struct h2i_text *why)
{
    if (!is_authority(value)) {
        h2i_text_add(why, "header field host: its value is no host");
        return H2CLIENT_ERROR_HEADER_INVALID;
    }
    merged->host = h2i_arena_copy_text(arena, value.data, value.len);
    return no_memory_unless(merged->host != NULL);
}

/* One of the caller's. A NULL value only takes away what stands below. */
static h2client_error_code add_own(struct h2i_request_fields *merged, struct h2i_arena *arena,
                                   const h2client_header *field, struct h2i_text *why)
{
    struct h2i_str name, value;
    h2client_error_code code;

    if (!field->value)
        return H2CLIENT_OK;
    code = h2i_field_check(field->name, field->value, why);
    if (code)
        return code;
    value = h2i_str_of(field->value);
    switch (h2i_field_classify(h2i_str_of(field->name), value)) {
    case H2I_FIELD_HOST:
        return take_host(merged, arena, value, why);
    case H2I_FIELD_CONTENT_LENGTH:
        merged->content_length = h2i_arena_copy_text(arena, value.data, value.len);
        return no_memory_unless(merged->content_length != NULL);
    default:
        name = h2i_field_lower_name(arena, field->name);
        return no_memory_unless(name.data && h2i_fields_add(arena, &merged->fields, name, value));
    }
}

static bool is_named(const h2client_header *list, const char *name)
{
    for (; list->name; list++)
        if (h2i_str_equals_nocase(h2i_str_of(list->name), h2i_str_of(name)))
            return true;
    return false;
}

static bool add_below(struct h2i_request_fields *merged, struct h2i_arena *arena,
                      const struct h2i_request_fields *below, const h2client_header *own)
{
    const h2client_header *field = h2i_fields_list(&below->fields);

    for (; field->name; field++)
        if (!is_named(own, field->name) &&
            !h2i_fields_add(arena, &merged->fields, h2i_str_of(field->name),
                            h2i_str_of(field->value)))
            return false;
    merged->host = is_named(own, "host") ? NULL : below->host;
    merged->content_length = is_named(own, "content-length") ? NULL : below->content_length;
    return true;
}

h2client_error_code h2i_request_fields_merge(struct h2i_request_fields *merged,
                                             struct h2i_arena *arena,
                                             const struct h2i_request_fields *below,
                                             const h2client_header *own, struct h2i_text *why)
{
    h2client_error_code code = H2CLIENT_OK;

    if (!own || !own->name) {
        *merged = *below;
        return H2CLIENT_OK;
    }
    *merged = (struct h2i_request_fields){.host = NULL};
    if (!add_below(merged, arena, below, own))
        return H2CLIENT_ERROR_NO_MEMORY;
    for (; own->name && !code; own++)
        code = add_own(merged, arena, own, why);
    return code;
}

/* ---- fields that options mean ------------------------------------------------ */

void h2i_meant_fields_add(struct h2i_meant_fields *meant, const char *name, const char *value)
{
    meant->list[meant->n++] = (h2client_header){name, value};
}

const h2client_header *h2i_meant_fields_join(const struct h2i_meant_fields *meant,
                                             struct h2i_arena *arena, const h2client_header *own)
{
    static const h2client_header nothing[] = {{NULL, NULL}};
    h2client_header *joined;
    size_t n = 0;

    own = own ? own : nothing;
    if (meant->n == 0)
        return own;
    while (own[n].name)
        n++;
    joined = h2i_arena_alloc(arena, (n + meant->n + 1) * sizeof *joined);
    if (!joined)
        return NULL;
    if (n)
        memcpy(joined, own, n * sizeof *joined);
    for (size_t i = 0; i < meant->n; i++)
        if (!is_named(own, meant->list[i].name))
            joined[n++] = meant->list[i];
    joined[n] = (h2client_header){NULL, NULL};
    return joined;
}
