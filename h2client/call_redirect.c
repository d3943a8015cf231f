/* SPDX-License-Identifier: MIT */
#include "h2client/call_redirect.h"

#include "h2client/http/url_join.h"
#include "h2client/redirect_decision.h"

/* The location as an absolute URL, checked. What comes from a server is shown with care. */
static h2client_error_code read_location(h2client_call *call, const char *location,
                                         struct h2i_url *url, struct h2i_text *why)
{
    char buf[160];
    struct h2i_text reason = h2i_text(buf, sizeof buf);
    const char *joined = h2i_url_join(&call->arena, call->url.display, location);
    h2client_error_code code = H2CLIENT_ERROR_NO_MEMORY;

    if (joined)
        code = h2i_url_parse(&call->arena, joined, url, &reason);
    if (!code || code == H2CLIENT_ERROR_NO_MEMORY)
        return code;
    h2i_text_add(why, "a redirect to \"");
    h2i_text_add_untrusted(why, location, strlen(location));
    h2i_text_add(why, "\": %s", buf);
    return code == H2CLIENT_ERROR_SCHEME_UNSUPPORTED ? H2CLIENT_ERROR_REDIRECT_REFUSED
                                                     : H2CLIENT_ERROR_REDIRECT_MALFORMED;
}

h2client_error_code h2i_redirect_prepare(h2client_call *call, const struct h2i_head *head,
                                         struct h2i_hop **hop, struct h2i_text *why)
{
    const struct h2i_redirect_settings *settings = &call->settings.redirect;
    const char *location =
        head->status / 100 == 3 ? h2i_fields_find(head->fields, "location") : NULL;
    struct h2i_redirect_decision decision;
    struct h2i_redirect_end end;
    struct h2i_hop *next;
    h2client_error_code code;

    *hop = NULL;
    if (!h2i_redirect_is_wanted(settings, head->status, location))
        return H2CLIENT_OK;
    next = h2i_arena_alloc_zeroed(&call->arena, sizeof *next);
    code = next ? read_location(call, location, &next->url, why) : H2CLIENT_ERROR_NO_MEMORY;
    if (code)
        return code;
    end = (struct h2i_redirect_end){.status = head->status,
                                    .n_redirects = call->info.n_redirects,
                                    .method = call->request.method,
                                    .from = &call->url,
                                    .to = &next->url};
    decision = h2i_redirect_decide(settings, &end, why);
    if (decision.code)
        return decision.code;
    next->method = decision.method;
    next->fragment = h2i_url_fragment(location); /* of the head's, which lives as long */
    if (!next->fragment)
        next->fragment = call->info.fragment;
    next->drops_body = decision.drops_body;
    next->drops_secrets = decision.drops_secrets;
    *hop = next;
    return H2CLIENT_OK;
}

/* ---- the next request ------------------------------------------------------ */

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

/* RFC 9110 15.4: fields that describe a body go with it; RFC 9110 17.8: what is meant for one
 * origin stays with it. */
static bool is_kept(const struct h2i_hop *hop, const char *name)
{
    static const char *const of_body[] = {"content-type",
                                          "content-encoding",
                                          "content-language",
                                          "content-location",
                                          "content-range",
                                          "content-md5",
                                          "digest",
                                          "content-digest",
                                          "repr-digest",
                                          "last-modified",
                                          "expect",
                                          "trailer",
                                          NULL};
    static const char *const secret[] = {"authorization", "cookie", "proxy-authorization",
                                         "referer", NULL};

    if (hop->drops_body && is_one_of(name, of_body))
        return false;
    return !hop->drops_secrets || !is_one_of(name, secret);
}

static bool take_fields(h2client_call *call, const struct h2i_hop *hop)
{
    struct h2i_fields kept = {.list = NULL};
    const h2client_header *field = call->fields;

    for (; field->name; field++)
        if (is_kept(hop, field->name) &&
            !h2i_fields_add(&call->arena, &kept, h2i_str_of(field->name), h2i_str_of(field->value)))
            return false;
    call->fields = h2i_fields_list(&kept);
    return true;
}

bool h2i_redirect_take(h2client_call *call, const struct h2i_hop *hop)
{
    struct h2i_request *request = &call->request;
    bool is_elsewhere = !h2i_url_same_origin(&call->url, &hop->url);

    if ((hop->drops_body || hop->drops_secrets) && !take_fields(call, hop))
        return false;
    if (hop->drops_secrets)
        call->login = NULL;
    call->n_challenges = call->n_proxy_challenges = 0;
    if (hop->drops_body) {
        h2i_source_close(&call->source);
        request->has_body = call->expects_continue = false;
        request->trailers = NULL;
        request->body_len = 0;
    }
    if (is_elsewhere || !call->has_own_host)
        request->authority = hop->url.authority;
    call->has_own_host = call->has_own_host && !is_elsewhere;
    call->url = hop->url;
    request->method = hop->method;
    request->scheme = call->url.is_https ? "https" : "http";
    request->path = call->url.path;
    call->info.url = call->url.display;
    call->info.fragment = hop->fragment;
    call->info.method = request->method;
    call->info.n_redirects++;
    return true;
}
