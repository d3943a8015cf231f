/* SPDX-License-Identifier: MIT */
/*
 * From options to a checked request. Whatever is wrong is said here, before a byte is
 * written: the cores trust what they are given.
 */
#include "h2client/call_internal.h"
#include "h2client/session_internal.h"
#include "h2client/version.h"

struct builder {
    h2client_call *call;
    struct h2i_fields fields;
    const char *host;     /* the caller's `host` field, or NULL */
    const char *declared; /* the caller's `content-length`, or NULL */
    struct h2i_text *why;
};

static h2client_error_code no_memory_unless(bool has_memory)
{
    return has_memory ? H2CLIENT_OK : H2CLIENT_ERROR_NO_MEMORY;
}

static struct h2i_str lower_name(struct h2i_arena *arena, const char *name)
{
    size_t len = strlen(name);
    char *copy = h2i_arena_copy_text(arena, name, len);

    for (size_t i = 0; copy && i < len; i++)
        copy[i] = h2i_lower(copy[i]);
    return h2i_str(copy, copy ? len : 0);
}

/* One field of a list. A NULL value only takes away what the session would send. */
static h2client_error_code add_field(struct builder *builder, const h2client_header *field)
{
    struct h2i_arena *arena = &builder->call->arena;
    struct h2i_str name;
    h2client_error_code code;

    if (!field->value)
        return H2CLIENT_OK;
    code = h2i_field_check(field->name, field->value, builder->why);
    if (code)
        return code;
    switch (h2i_field_classify(h2i_str_of(field->name), h2i_str_of(field->value))) {
    case H2I_FIELD_HOST:
        builder->host = h2i_arena_copy_text(arena, field->value, strlen(field->value));
        return no_memory_unless(builder->host != NULL);
    case H2I_FIELD_CONTENT_LENGTH:
        builder->declared = h2i_arena_copy_text(arena, field->value, strlen(field->value));
        return no_memory_unless(builder->declared != NULL);
    default:
        name = lower_name(arena, field->name);
        return no_memory_unless(
            name.data && h2i_fields_add(arena, &builder->fields, name, h2i_str_of(field->value)));
    }
}

static bool names(const h2client_header *list, const char *name)
{
    for (; list && list->name; list++)
        if (h2i_str_equals_nocase(h2i_str_of(list->name), h2i_str_of(name)))
            return true;
    return false;
}

/* What every request says unless somebody says otherwise. */
static const h2client_header *library_headers(void)
{
    static const h2client_header headers[] = {
        {"user-agent", "h2client/" H2CLIENT_VERSION}, {"accept", "*/*"}, {NULL, NULL}};
    return headers;
}

static h2client_error_code add_list(struct builder *builder, const h2client_header *list,
                                    const h2client_header *over, const h2client_header *over_too)
{
    h2client_error_code code = H2CLIENT_OK;

    for (; list && list->name && !code; list++)
        if (!names(over, list->name) && !names(over_too, list->name))
            code = add_field(builder, list);
    return code;
}

static h2client_error_code add_fields(struct builder *builder, const h2client_header *own)
{
    const h2client_header *session = builder->call->session->default_headers;
    h2client_error_code code = add_list(builder, library_headers(), own, session);

    if (!code)
        code = add_list(builder, session, own, NULL);
    if (!code)
        code = add_list(builder, own, NULL, NULL);
    return code;
}

static h2client_error_code check_declared_length(const struct builder *builder)
{
    const struct h2i_request *request = &builder->call->request;
    int64_t has = request->has_body ? request->body_len : 0;
    uint64_t declared;

    if (!builder->declared)
        return H2CLIENT_OK;
    if (!h2i_str_parse_uint(h2i_str_of(builder->declared), INT64_MAX, &declared)) {
        h2i_text_add(builder->why, "content-length: not a number");
        return H2CLIENT_ERROR_HEADER_INVALID;
    }
    if (has >= 0 && (int64_t)declared != has) {
        h2i_text_add(builder->why, "content-length: says %lld, the body has %lld bytes",
                     (long long)declared, (long long)has);
        return H2CLIENT_ERROR_HEADER_INVALID;
    }
    return H2CLIENT_OK;
}

/* A pull function of unknown length takes the caller's content-length as its own. */
static void adopt_declared_length(struct builder *builder)
{
    struct h2i_request *request = &builder->call->request;
    uint64_t declared = 0;

    if (builder->declared && request->has_body && request->body_len < 0 &&
        h2i_str_parse_uint(h2i_str_of(builder->declared), INT64_MAX, &declared))
        request->body_len = builder->call->source.len = (int64_t)declared;
}

static h2client_error_code check_method(const char *method, struct h2i_text *why)
{
    if (!h2i_str_is_token(h2i_str_of(method))) {
        h2i_text_add(why, "method \"");
        h2i_text_add_untrusted(why, method, strlen(method));
        h2i_text_add(why, "\" is not a token");
        return H2CLIENT_ERROR_METHOD_INVALID;
    }
    if (strcmp(method, "CONNECT") == 0) {
        h2i_text_add(why, "CONNECT makes a tunnel, not a call");
        return H2CLIENT_ERROR_METHOD_INVALID;
    }
    return H2CLIENT_OK;
}

static h2client_error_code check_version(const h2client_call *call, struct h2i_text *why)
{
    if (call->url.is_https || call->settings.http_version == H2CLIENT_HTTP_2_PRIOR_KNOWLEDGE)
        return H2CLIENT_OK;
    h2i_text_add(why, "HTTP/1.1 not supported yet: http:// needs prior knowledge of HTTP/2");
    return H2CLIENT_ERROR_HTTP1_UNSUPPORTED;
}

static h2client_error_code prepare_url(h2client_call *call, const char *method, const char *url,
                                       struct h2i_text *why)
{
    h2client_error_code code;

    if (!url) {
        h2i_text_add(why, "the URL is NULL");
        return H2CLIENT_ERROR_URL_MALFORMED;
    }
    code = h2i_url_parse(&call->arena, url, &call->url, why);
    if (code)
        return code;
    call->info.url = call->url.display;
    call->request.method = h2i_arena_copy_text(&call->arena, method, strlen(method));
    call->request.scheme = call->url.is_https ? "https" : "http";
    call->request.authority = call->url.authority;
    call->request.path = call->url.path;
    if (!call->url.has_path && strcmp(method, "OPTIONS") == 0)
        call->request.path = "*"; /* RFC 9113 8.3.1: the server as a whole */
    call->info.method = call->request.method;
    return no_memory_unless(call->request.method != NULL);
}

static h2client_error_code prepare_fields(h2client_call *call, const h2client_header *headers,
                                          struct h2i_text *why)
{
    struct builder builder = {.call = call, .why = why};
    h2client_error_code code = add_fields(&builder, headers);

    if (!code)
        code = check_declared_length(&builder);
    if (code)
        return code;
    adopt_declared_length(&builder);
    call->request.fields = h2i_fields_list(&builder.fields);
    call->request.n_fields = builder.fields.n;
    if (builder.host)
        call->request.authority = builder.host;
    return H2CLIENT_OK;
}

static h2client_error_code prepare_body(h2client_call *call, const h2client_body *body,
                                        struct h2i_text *why)
{
    h2client_error_code code =
        h2i_source_open(&call->source, &call->arena, call->session->reactor.system, body, why);

    call->request.has_body = call->source.kind != H2I_SOURCE_NONE;
    call->request.body_len = call->source.len;
    return code;
}

/* A body's release runs in any case, also when something else is wrong with the call. */
static void remember_release(struct h2i_body_source *source, const h2client_body *body)
{
    h2client_body known;
    char unused[1];
    struct h2i_text nobody = h2i_text(unused, sizeof unused);

    if (body && h2i_options_take(&known, sizeof known, body, "body", &nobody) == H2CLIENT_OK) {
        source->release = known.release;
        source->user = known.user;
    }
}

void h2i_call_adopt(h2client_call *call, const h2client_call_options *options)
{
    h2client_call_options known;
    char unused[1];
    struct h2i_text nobody = h2i_text(unused, sizeof unused);

    call->settings = call->session->defaults;
    if (h2i_options_take(&known, sizeof known, options, "call options", &nobody))
        return;
    remember_release(&call->source, known.body);
    call->settings.on_response = known.on_response;
    call->settings.on_informational = known.on_informational;
    call->settings.on_data = known.on_data;
    call->settings.on_done = known.on_done;
    call->settings.user = known.user;
}

h2client_error_code h2i_call_prepare(h2client_call *call, const char *method, const char *url,
                                     const h2client_call_options *options, struct h2i_text *why)
{
    h2client_call_options known;
    h2client_error_code code = h2i_options_take(&known, sizeof known, options, "call options", why);

    if (!method)
        method = "GET";
    if (!code)
        code = h2i_settings_apply(&call->settings, &known, why);
    if (!code)
        code = check_method(method, why);
    if (!code)
        code = prepare_url(call, method, url ? url : known.url, why);
    if (!code)
        code = prepare_body(call, known.body, why);
    if (!code)
        code = prepare_fields(call, known.headers, why);
    if (!code)
        code = check_version(call, why);
    return code;
}
