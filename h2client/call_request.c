/* SPDX-License-Identifier: MIT */
#include "h2client/call_request.h"

#include "h2client/call_login.h"
#include "h2client/session_internal.h"

#define MAX_COOKIE_FIELD 8192

/* ---- cookies ---------------------------------------------------------------- */

static bool describe(const h2client_call *call, h2client_cookie_request *request, char *path,
                     size_t cap)
{
    h2client_system *system = call->session->reactor.system;
    size_t len = strcspn(call->url.path, "?");

    if (len >= cap)
        return false;
    memcpy(path, call->url.path, len);
    path[len] = 0;
    *request = (h2client_cookie_request){.size = sizeof *request,
                                         .host = call->url.host,
                                         .path = path,
                                         .now_s = system->ops->wall_clock_s(system),
                                         .host_is_literal = call->url.host_is_literal,
                                         .is_secure = call->url.is_https};
    return true;
}

struct cookie_field {
    size_t len;
    char text[MAX_COOKIE_FIELD];
};

static bool add_cookie(void *sink, const char *name, size_t name_len, const char *value,
                       size_t value_len)
{
    struct cookie_field *field = sink;
    size_t more = (field->len ? 2 : 0) + name_len + (name_len ? 1 : 0) + value_len;

    if (more > sizeof field->text - field->len)
        return false;
    if (field->len) {
        memcpy(field->text + field->len, "; ", 2);
        field->len += 2;
    }
    memcpy(field->text + field->len, name, name_len);
    field->len += name_len;
    if (name_len)
        field->text[field->len++] = '=';
    memcpy(field->text + field->len, value, value_len);
    field->len += value_len;
    return true;
}

/* The caller's own go first; one field in all (RFC 6265 5.4). */
static bool add_cookies(h2client_call *call, const h2client_header **fields)
{
    h2client_cookie_jar *jar = call->session->cookie_jar;
    struct cookie_field kept, field;
    h2client_cookie_request request;
    char path[MAX_COOKIE_FIELD];
    const char *own;

    if (!describe(call, &request, path, sizeof path))
        return true;
    kept.len = field.len = 0; /* the texts are not cleared: each request comes here */
    jar->ops->select(jar, &request, add_cookie, &kept);
    if (kept.len == 0)
        return true;
    own = h2i_fields_find(*fields, "cookie");
    if ((own && !add_cookie(&field, "", 0, own, strlen(own))) ||
        !add_cookie(&field, "", 0, kept.text, kept.len))
        return true; /* too much together: the caller's own stand */
    *fields = h2i_fields_with(&call->arena, *fields, "cookie", h2i_str(field.text, field.len));
    return *fields != NULL;
}

void h2i_call_keep_cookies(h2client_call *call, const struct h2i_head *head)
{
    h2client_cookie_jar *jar = call->session->cookie_jar;
    const h2client_header *field = head->fields;
    h2client_cookie_request request;
    char path[MAX_COOKIE_FIELD];
    bool is_described = false;

    for (; field->name; field++) {
        if (!h2i_field_is_named(field->name, "set-cookie"))
            continue;
        if (!is_described && !(is_described = describe(call, &request, path, sizeof path)))
            return;
        jar->ops->store(jar, &request, field->value);
    }
}

/* ---- all of it ---------------------------------------------------------------- */

/* The length of a list. */
static size_t count(const h2client_header *fields)
{
    size_t n = 0;

    while (fields[n].name)
        n++;
    return n;
}

/* Not what a caller's own host field says, and no path where the server as a whole is meant. */
static const char *write_whole_url(h2client_call *call)
{
    const char *path = strcmp(call->request.path, "*") == 0 ? "" : call->request.path;
    size_t cap = strlen(call->request.scheme) + strlen(call->url.authority) + strlen(path) + 4;
    char *text = h2i_arena_alloc(&call->arena, cap);
    struct h2i_text whole = h2i_text(text, text ? cap : 0);

    if (text)
        h2i_text_add(&whole, "%s://%s%s", call->request.scheme, call->url.authority, path);
    return text;
}

/* RFC 9112 3.2.2. Who we are to the proxy is told where it reads the request, and there only. */
static bool go_through_proxy(h2client_call *call, const h2client_header **fields)
{
    const struct h2i_proxy *proxy = h2i_proxy_choose(&call->settings.proxy, &call->url);

    call->proxy = proxy;
    call->request.whole_url = NULL;
    if (!proxy || !h2i_proxy_forwards(proxy, call->url.is_https, call->settings.http_version))
        return true;
    call->request.whole_url = write_whole_url(call);
    if (!call->request.whole_url)
        return false;
    return h2i_fields_find(*fields, "proxy-authorization") ||
           h2i_call_log_in_at_proxy(call, fields);
}

bool h2i_call_build_request(h2client_call *call)
{
    const h2client_header *fields = call->fields;

    if (!add_cookies(call, &fields) || !go_through_proxy(call, &fields))
        return false;
    if (call->login && !h2i_call_log_in(call, &fields))
        return false;
    call->request.fields = fields;
    call->request.n_fields = count(fields);
    return true;
}
