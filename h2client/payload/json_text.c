/* SPDX-License-Identifier: MIT */
#include "h2client/payload/json_text.h"

#include "base/alloc.h"
#include "base/str.h"

#ifdef H2I_HAVE_JANSSON

#include <jansson.h>

/* How deep it may go jansson says itself: 2,048. */
#define PARSE_FLAGS (JSON_DECODE_ANY | JSON_ALLOW_NUL)

/* jansson quotes the document behind "near": only what went wrong is told. */
static void describe(h2client_json_error *error, const json_error_t *found)
{
    struct h2i_text text = h2i_text(error->text, sizeof error->text);
    const char *quote = strstr(found->text, " near '");
    size_t len = quote ? (size_t)(quote - found->text) : strlen(found->text);

    error->code = json_error_code(found) == json_error_out_of_memory
                      ? H2CLIENT_ERROR_NO_MEMORY
                      : H2CLIENT_ERROR_JSON_MALFORMED;
    error->line = found->line;
    error->column = found->column;
    h2i_text_add(&text, "line %d, column %d: %.*s", found->line, found->column, (int)len,
                 found->text);
}

struct json_t *h2i_json_parse(const char *text, size_t len, h2client_json_error *error)
{
    json_error_t found;
    json_t *value = json_loadb(text, len, PARSE_FLAGS, &found);

    if (!value)
        describe(error, &found);
    return value;
}

char *h2i_json_write(const h2client_allocator *allocator, const struct json_t *value, size_t *len,
                     h2client_error_code *code)
{
    size_t flags = JSON_COMPACT | JSON_ENCODE_ANY;
    char *text;

    *len = json_dumpb(value, NULL, 0, flags);
    *code = *len ? H2CLIENT_ERROR_NO_MEMORY : H2CLIENT_ERROR_INVALID_ARGUMENT;
    text = *len ? h2i_alloc(allocator, *len + 1) : NULL;
    if (!text)
        return NULL;
    *code = H2CLIENT_OK;
    json_dumpb(value, text, *len, flags);
    text[*len] = 0;
    return text;
}

void h2i_json_free(struct json_t *value)
{
    json_decref(value);
}

const char *h2i_jansson_version(void)
{
    return jansson_version_str();
}

#else

struct json_t *h2i_json_parse(const char *text, size_t len, h2client_json_error *error)
{
    (void)text, (void)len;
    error->code = H2CLIENT_ERROR_FEATURE_MISSING;
    return NULL;
}

char *h2i_json_write(const h2client_allocator *allocator, const struct json_t *value, size_t *len,
                     h2client_error_code *code)
{
    (void)allocator, (void)value, (void)len;
    *code = H2CLIENT_ERROR_FEATURE_MISSING;
    return NULL;
}

void h2i_json_free(struct json_t *value)
{
    (void)value;
}

const char *h2i_jansson_version(void)
{
    return NULL;
}

#endif
