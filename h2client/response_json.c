/* SPDX-License-Identifier: MIT */
/* A response's body as a JSON value. */
#include "base/str.h"
#include "h2client/payload/json_text.h"
#include "h2client/response.h"

/* RFC 9110 8.3.1, RFC 6839 3.1: application/json, and whatever ends with +json. */
static bool is_json(const char *content_type)
{
    struct h2i_str rest = h2i_str_of(content_type ? content_type : ""), type;

    if (!h2i_str_split(&rest, ';', &type))
        return false;
    type = h2i_str_trim(type);
    if (h2i_str_equals_nocase(type, h2i_str_of("application/json")))
        return true;
    return type.len > 5 &&
           h2i_str_equals_nocase(h2i_str(type.data + type.len - 5, 5), h2i_str_of("+json"));
}

static void refuse(h2client_json_error *error, h2client_error_code code, const char *what,
                   const char *untrusted)
{
    struct h2i_text text = h2i_text(error->text, sizeof error->text);

    error->code = code;
    h2i_text_add(&text, "%s", what);
    if (untrusted)
        h2i_text_add_untrusted(&text, untrusted, strlen(untrusted));
}

static struct json_t *parse(const h2client_response *resp, h2client_json_error *error)
{
    h2client_bytes body = h2client_response_body(resp);
    struct json_t *value = h2i_json_parse(body.data, body.len, error);

    if (!value && !error->text[0])
        refuse(error, error->code, h2client_error_text(error->code), NULL);
    return value;
}

static struct json_t *check_and_parse(const h2client_response *resp, h2client_json_error *error,
                                      bool looks_at_type)
{
    h2client_json_error unused;
    const char *type = h2client_response_header(resp, "content-type");

    error = error ? error : &unused;
    memset(error, 0, sizeof *error);
    if (resp && (!looks_at_type || is_json(type)))
        return parse(resp, error);
    if (!resp)
        refuse(error, H2CLIENT_ERROR_INVALID_ARGUMENT, "there is no response", NULL);
    else if (!type)
        refuse(error, H2CLIENT_ERROR_CONTENT_TYPE, "no content-type", NULL);
    else
        refuse(error, H2CLIENT_ERROR_CONTENT_TYPE, "content-type: ", type);
    return NULL;
}

struct json_t *h2client_response_json(const h2client_response *resp, h2client_json_error *error)
{
    return check_and_parse(resp, error, true);
}

struct json_t *h2client_response_json_any(const h2client_response *resp, h2client_json_error *error)
{
    return check_and_parse(resp, error, false);
}
