/* SPDX-License-Identifier: MIT */
/*
 * From options to a checked request. Whatever is wrong is said here, before a byte is
 * written: the cores trust what they are given.
 */
#include "h2client/call_login.h"
#include "h2client/call_rates.h"
#include "h2client/http/url_join.h"
#include "h2client/payload/form.h"
#include "h2client/session_internal.h"

#include <stdio.h>

static h2client_error_code no_memory_unless(bool has_memory)
{
    return has_memory ? H2CLIENT_OK : H2CLIENT_ERROR_NO_MEMORY;
}

/* The caller's content-length must be true; a pull function without a length of its own
 * takes it for one. */
static h2client_error_code check_content_length(h2client_call *call, const char *declared,
                                                struct h2i_text *why)
{
    struct h2i_request *request = &call->request;
    int64_t len = request->has_body ? request->body_len : 0;
    uint64_t value;

    if (!declared)
        return H2CLIENT_OK;
    if (!h2i_str_parse_uint(h2i_str_of(declared), INT64_MAX, &value)) {
        h2i_text_add(why, "content-length: not a number");
        return H2CLIENT_ERROR_HEADER_INVALID;
    }
    if (len >= 0 && (int64_t)value != len) {
        h2i_text_add(why, "content-length: says %lld, the body has %lld bytes", (long long)value,
                     (long long)len);
        return H2CLIENT_ERROR_HEADER_INVALID;
    }
    if (len < 0)
        request->body_len = call->source.len = (int64_t)value;
    return H2CLIENT_OK;
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

static h2client_error_code prepare_url(h2client_call *call, const char *method, const char *url,
                                       const h2client_param *params, struct h2i_text *why)
{
    const char *fragment = url ? h2i_url_fragment(url) : NULL;
    h2client_error_code code;

    if (!url) {
        h2i_text_add(why, "the URL is NULL");
        return H2CLIENT_ERROR_URL_MALFORMED;
    }
    if (call->settings.base_url && !h2i_url_has_scheme(url))
        url = h2i_url_join(&call->arena, call->settings.base_url, url);
    if (url && params)
        url = h2i_query_add(&call->arena, url, params);
    if (!url)
        return H2CLIENT_ERROR_NO_MEMORY;
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
    if (fragment)
        call->info.fragment = h2i_arena_copy_text(&call->arena, fragment, strlen(fragment));
    return no_memory_unless(call->request.method && call->info.fragment);
}

static bool says_expect(const h2client_call *call)
{
    const char *value = h2i_fields_find(call->request.fields, "expect");

    return value && h2i_str_equals_nocase(h2i_str_of(value), h2i_str_of("100-continue"));
}

/* RFC 9110 6.6.2: they are announced. */
static h2client_error_code mean_trailers(h2client_call *call, const h2client_header *trailers,
                                         struct h2i_meant_fields *meant, struct h2i_text *why)
{
    h2client_error_code code;
    char *names, *end;
    size_t len = 1;

    if (!trailers)
        return H2CLIENT_OK;
    if (!call->request.has_body) {
        h2i_text_add(why, "trailers: there is no body that they could follow");
        return H2CLIENT_ERROR_INVALID_ARGUMENT;
    }
    code = h2i_call_take_trailers(call, trailers, why);
    if (code || !trailers->name)
        return code;
    for (const h2client_header *field = trailers; field->name; field++)
        len += strlen(field->name) + 2;
    names = end = h2i_arena_alloc(&call->arena, len);
    if (!names)
        return H2CLIENT_ERROR_NO_MEMORY;
    for (const h2client_header *field = call->request.trailers; field->name; field++)
        end += sprintf(end, "%s%s", end == names ? "" : ", ", field->name);
    h2i_meant_fields_add(meant, "trailer", names);
    return H2CLIENT_OK;
}

static h2client_error_code prepare_fields(h2client_call *call, const h2client_call_options *options,
                                          struct h2i_text *why)
{
    const struct h2i_request_fields *below = &call->session->default_fields;
    bool has_body = call->request.has_body && (call->request.body_len != 0 || options->trailers);
    struct h2i_meant_fields meant = {.n = 0};
    struct h2i_request_fields merged;
    const h2client_header *own;
    h2client_error_code code;

    code = h2i_settings_mean(options, &call->arena, &meant, why);
    if (!code)
        code = h2i_login_look_up(call, &meant, why);
    if (!code)
        code = mean_trailers(call, options->trailers, &meant, why);
    if (code)
        return code;
    /* RFC 9110 10.1.1: only where there is a body to hold back. */
    if (has_body && call->settings.expects_continue &&
        !h2i_fields_find(h2i_fields_list(&below->fields), "expect"))
        h2i_meant_fields_add(&meant, "expect", "100-continue");
    if (call->source.content_type)
        h2i_meant_fields_add(&meant, "content-type", call->source.content_type);
    own = h2i_meant_fields_join(&meant, &call->arena, options->headers);
    if (!own)
        return H2CLIENT_ERROR_NO_MEMORY;
    code = h2i_request_fields_merge(&merged, &call->arena, below, own, why);
    if (!code)
        code = check_content_length(call, merged.content_length, why);
    if (code)
        return code;
    call->fields = call->request.fields = h2i_fields_list(&merged.fields);
    call->request.n_fields = merged.fields.n;
    call->expects_continue = has_body && says_expect(call);
    call->login = h2i_fields_find(call->fields, "authorization") ? NULL : call->settings.login;
    call->has_own_host = merged.host != NULL;
    if (merged.host)
        call->request.authority = merged.host;
    return H2CLIENT_OK;
}

static h2client_error_code prepare_body(h2client_call *call, const h2client_body *body,
                                        struct h2i_text *why)
{
    char buf[200];
    struct h2i_text reason = h2i_text(buf, sizeof buf);
    h2client_error_code code =
        h2i_source_open(&call->source, &call->arena, call->session->reactor.system, body, &reason);

    if (code && reason.len > 0)
        h2i_text_add(why, "request body: %s", buf);
    call->request.has_body = call->source.kind != H2I_SOURCE_NONE;
    call->request.body_len = call->source.len;
    return code;
}

/* The caller cannot know it. */
static h2client_error_code check_boundary(const h2client_call *call, const h2client_header *own,
                                          struct h2i_text *why)
{
    for (; call->source.kind == H2I_SOURCE_PARTS && own && own->name; own++) {
        if (h2i_field_is_named(own->name, "content-type")) {
            h2i_text_add(why, "content-type: would lack the boundary of the body's parts");
            return H2CLIENT_ERROR_HEADER_INVALID;
        }
    }
    return H2CLIENT_OK;
}

bool h2i_call_adopt(h2client_call *call, const h2client_call_options *options)
{
    h2client_call_options known;
    char unused[1];
    struct h2i_text nobody = h2i_text(unused, sizeof unused);

    call->settings = call->session->defaults;
    (void)h2i_options_take(&known, sizeof known, options, "call options", &nobody);
    call->settings.on_response = known.on_response;
    call->settings.on_informational = known.on_informational;
    call->settings.on_data = known.on_data;
    call->settings.on_done = known.on_done;
    call->settings.on_writable = known.on_writable;
    call->settings.on_upload = known.on_upload;
    call->settings.on_passed_over = known.on_passed_over;
    call->settings.user = known.user;
    call->made_at = known.made_at;
    return h2i_source_adopt(&call->source, &call->arena, known.body);
}

h2client_error_code h2i_call_prepare(h2client_call *call, const char *method, const char *url,
                                     const h2client_call_options *options, struct h2i_text *why)
{
    h2client_call_options known;
    h2client_error_code code = h2i_options_take(&known, sizeof known, options, "call options", why);

    if (!method)
        method = "GET";
    if (!code)
        code = h2i_settings_apply(&call->settings, &call->arena, &known, why);
    if (!code)
        code = h2i_login_read_netrc(&call->settings, &call->arena, call->session->reactor.system,
                                    known.netrc_file, why);
    if (!code)
        code = h2i_settings_apply_proxy(&call->settings, &call->arena,
                                        call->session->reactor.system, known.proxy, why);
    if (!code)
        code = no_memory_unless(h2i_call_rates_init(call));
    if (!code)
        code = check_method(method, why);
    if (!code)
        code = prepare_url(call, method, url ? url : known.url, known.params, why);
    if (!code)
        code = prepare_body(call, known.body, why);
    if (!code)
        code = check_boundary(call, known.headers, why);
    if (!code)
        code = prepare_fields(call, &known, why);
    return code;
}
