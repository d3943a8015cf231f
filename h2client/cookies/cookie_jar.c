/* SPDX-License-Identifier: MIT */
/*
 * The built-in jar: decides which cookies are kept and which are sent (RFC 6265bis 5.7 and
 * 5.8), and the jar that keeps none. How cookies are stored is in cookie_store.c, how they
 * are written in cookie_parse.c and cookie_file.c.
 */
#include "h2client/cookies/cookie_jar.h"

#include "h2client/cookies/public_suffix.h"
#include "h2client/http/url.h"

#define URL_BLOCK_BYTES 1024

struct jar {
    h2client_cookie_jar base; /* first */
    h2client_allocator allocator;
    size_t n_refs;
    struct h2i_cookie_store store;
};

/* ---- which are kept ------------------------------------------------------ */

/* Whether a domain at or above the host is not wider than what its owner registered. */
static bool is_registered(struct h2i_str domain, const char *host)
{
    const char *registrable = h2i_registrable_domain(host);

    return registrable && domain.len >= strlen(registrable);
}

/* RFC 6265bis 5.7, steps on Domain: what was asked for becomes the request's host or a domain
 * above it. `place` holds it. False: it is somebody else's, or everybody's. */
static bool settle_domain(struct h2i_cookie_draft *draft, const h2client_cookie_request *request,
                          char place[H2I_COOKIE_HOST_CAP])
{
    struct h2i_str host = h2i_str_of(request->host), domain;

    draft->domain_is_literal = request->host_is_literal;
    draft->is_host_only = true;
    if (draft->domain.len == 0) {
        draft->domain = host;
        return true;
    }
    if (!h2i_cookie_canonical_host(draft->domain, place))
        return false;
    draft->domain = domain = h2i_str_of(place);
    if (!h2i_cookie_domain_matches(host, request->host_is_literal, domain))
        return false;
    draft->is_host_only = request->host_is_literal || !is_registered(domain, request->host);
    /* A public suffix can still speak for itself. */
    return !draft->is_host_only || domain.len == host.len;
}

/* False: longer than an attribute could be. */
static bool settle_path(struct h2i_cookie_draft *draft, const h2client_cookie_request *request)
{
    if (draft->path.len == 0)
        draft->path = h2i_cookie_default_path(h2i_str_of(request->path));
    return draft->path.len <= H2I_COOKIE_MAX_ATTRIBUTE_LEN;
}

static bool is_in_the_way(const struct h2i_cookie *cookie, const struct h2i_cookie_draft *draft)
{
    bool is_literal = draft->domain_is_literal;

    return cookie->seen.is_secure && h2i_str_equals(cookie->name, draft->name) &&
           (h2i_cookie_domain_matches(cookie->domain, is_literal, draft->domain) ||
            h2i_cookie_domain_matches(draft->domain, is_literal, cookie->domain)) &&
           h2i_cookie_path_matches(draft->path, cookie->path);
}

/* Whether http would put a cookie over one that https has set (5.7, "leave secure cookies
 * alone"). */
static bool would_hide_a_secure_one(const struct h2i_cookie_store *store,
                                    const struct h2i_cookie_draft *draft,
                                    const h2client_cookie_request *request)
{
    const struct h2i_cookie_site *site =
        h2i_cookie_store_site(store, request->host, request->host_is_literal);
    struct h2i_list *node = site ? h2i_list_first(&site->cookies) : NULL;

    for (; node; node = h2i_list_after(&site->cookies, node)) {
        const struct h2i_cookie *cookie = h2i_cookie_in_site(node);
        if (is_in_the_way(cookie, draft) && !h2i_cookie_has_expired(cookie, request->now_s))
            return true;
    }
    return false;
}

static bool scheme_allows(const struct h2i_cookie_store *store,
                          const struct h2i_cookie_draft *draft,
                          const h2client_cookie_request *request)
{
    if (draft->is_secure)
        return request->is_secure;
    if (draft->same_site == H2CLIENT_SAME_SITE_NONE)
        return false;
    return request->is_secure || !would_hide_a_secure_one(store, draft, request);
}

static h2client_error_code take(struct h2i_cookie_store *store,
                                const h2client_cookie_request *request, const char *set_cookie)
{
    struct h2i_cookie_draft draft;
    char domain[H2I_COOKIE_HOST_CAP];
    bool path_is_root;

    if (!h2i_cookie_parse(h2i_str_of(set_cookie), request->now_s, &draft))
        return H2CLIENT_ERROR_INVALID_ARGUMENT;
    path_is_root = h2i_str_equals(draft.path, h2i_str("/", 1));
    if (!settle_domain(&draft, request, domain) || !settle_path(&draft, request) ||
        !h2i_cookie_keeps_its_prefix(&draft, path_is_root) ||
        !scheme_allows(store, &draft, request))
        return H2CLIENT_ERROR_INVALID_ARGUMENT;
    if (!h2i_cookie_store_put(store, &draft, request->now_s))
        return H2CLIENT_ERROR_NO_MEMORY;
    return H2CLIENT_OK;
}

/* ---- which are sent ------------------------------------------------------ */

static bool is_for(const struct h2i_cookie *cookie, const h2client_cookie_request *request,
                   struct h2i_str host, struct h2i_str path)
{
    if (cookie->seen.is_secure && !request->is_secure)
        return false;
    if (cookie->seen.is_host_only
            ? !h2i_str_equals(host, cookie->domain)
            : !h2i_cookie_domain_matches(host, request->host_is_literal, cookie->domain))
        return false;
    return h2i_cookie_path_matches(path, cookie->path);
}

static void select_for(struct h2i_cookie_store *store, const h2client_cookie_request *request,
                       h2client_cookie_sink_fn add, void *sink)
{
    struct h2i_str host = h2i_str_of(request->host), path = h2i_str_of(request->path);
    struct h2i_cookie_site *site = NULL;
    struct h2i_list *next = NULL;

    if (store->n_cookies > 0)
        site = h2i_cookie_store_site(store, request->host, request->host_is_literal);
    if (site)
        next = h2i_list_first(&site->cookies);
    while (next) {
        struct h2i_cookie *cookie = h2i_cookie_in_site(next);
        next = h2i_list_after(&site->cookies, next); /* the site goes with its last cookie */
        if (h2i_cookie_has_expired(cookie, request->now_s))
            h2i_cookie_store_remove(store, cookie);
        else if (is_for(cookie, request, host, path) &&
                 add(sink, cookie->name.data, cookie->name.len, cookie->value.data,
                     cookie->value.len))
            h2i_cookie_store_touch(store, cookie);
    }
}

/* ---- the port ------------------------------------------------------------ */

static struct jar *jar_of(h2client_cookie_jar *jar)
{
    return (struct jar *)jar;
}

static void jar_store(h2client_cookie_jar *jar, const h2client_cookie_request *request,
                      const char *set_cookie)
{
    (void)take(&jar_of(jar)->store, request, set_cookie);
}

static void jar_select(h2client_cookie_jar *jar, const h2client_cookie_request *request,
                       h2client_cookie_sink_fn add, void *sink)
{
    select_for(&jar_of(jar)->store, request, add, sink);
}

static void jar_ref(h2client_cookie_jar *jar)
{
    jar_of(jar)->n_refs++;
}

static void jar_unref(h2client_cookie_jar *base)
{
    struct jar *jar = jar_of(base);
    h2client_allocator allocator = jar->allocator;

    if (--jar->n_refs > 0)
        return;
    h2i_cookie_store_finish(&jar->store);
    h2i_free(&allocator, jar);
}

static const h2client_cookie_jar_ops jar_ops = {
    .size = sizeof jar_ops,
    .store = jar_store,
    .select = jar_select,
    .ref = jar_ref,
    .unref = jar_unref,
};

struct h2i_cookie_store *h2i_cookie_jar_store(h2client_cookie_jar *jar)
{
    return jar && jar->ops == &jar_ops ? &jar_of(jar)->store : NULL;
}

const struct h2i_cookie_store *h2i_cookie_jar_view(const h2client_cookie_jar *jar)
{
    return jar && jar->ops == &jar_ops ? &((const struct jar *)jar)->store : NULL;
}

h2client_cookie_jar *h2client_cookie_jar_create(const h2client_allocator *allocator)
{
    const h2client_allocator *used = allocator ? allocator : h2i_default_allocator();
    struct jar *jar = h2i_alloc(used, sizeof *jar);

    if (!jar)
        return NULL;
    *jar = (struct jar){.base = {&jar_ops}, .allocator = *used, .n_refs = 1};
    h2i_cookie_store_init(&jar->store, &jar->allocator);
    return &jar->base;
}

/* ---- the jar that keeps nothing ------------------------------------------ */

static void none_store(h2client_cookie_jar *jar, const h2client_cookie_request *request,
                       const char *set_cookie)
{
    (void)jar;
    (void)request;
    (void)set_cookie;
}

static void none_select(h2client_cookie_jar *jar, const h2client_cookie_request *request,
                        h2client_cookie_sink_fn add, void *sink)
{
    (void)jar;
    (void)request;
    (void)add;
    (void)sink;
}

static void none_ref(h2client_cookie_jar *jar)
{
    (void)jar;
}

h2client_cookie_jar *h2client_cookie_jar_none(void)
{
    static const h2client_cookie_jar_ops none_ops = {
        .size = sizeof none_ops,
        .store = none_store,
        .select = none_select,
        .ref = none_ref,
        .unref = none_ref,
    };
    static h2client_cookie_jar none = {&none_ops};

    return &none;
}

h2client_cookie_jar *h2client_cookie_jar_ref(h2client_cookie_jar *jar)
{
    if (jar)
        jar->ops->ref(jar);
    return jar;
}

void h2client_cookie_jar_unref(h2client_cookie_jar *jar)
{
    if (jar)
        jar->ops->unref(jar);
}

/* ---- by hand ------------------------------------------------------------- */

static h2client_error_code take_from_url(struct h2i_cookie_store *store, struct h2i_arena *arena,
                                         const char *text, const char *set_cookie, int64_t now_s)
{
    struct h2i_text why = h2i_text(NULL, 0);
    struct h2i_url url;
    h2client_error_code code = h2i_url_parse(arena, text, &url, &why);
    h2client_cookie_request request = {.size = sizeof request, .now_s = now_s};

    if (code != H2CLIENT_OK)
        return code;
    request.host = url.host;
    request.path = h2i_arena_copy_text(arena, url.path, strcspn(url.path, "?"));
    request.host_is_literal = url.host_is_literal;
    request.is_secure = url.is_https;
    return request.path ? take(store, &request, set_cookie) : H2CLIENT_ERROR_NO_MEMORY;
}

h2client_error_code h2client_cookie_jar_set(h2client_cookie_jar *jar, const char *url,
                                            const char *set_cookie, int64_t now_s)
{
    struct h2i_cookie_store *store = h2i_cookie_jar_store(jar);
    struct h2i_arena arena;
    h2client_error_code code;

    if (!store || !set_cookie)
        return H2CLIENT_ERROR_INVALID_ARGUMENT;
    h2i_arena_init(&arena, store->allocator, URL_BLOCK_BYTES);
    code = take_from_url(store, &arena, url, set_cookie, now_s);
    h2i_arena_finish(&arena);
    return code;
}

size_t h2client_cookie_jar_count(const h2client_cookie_jar *jar)
{
    const struct h2i_cookie_store *store = h2i_cookie_jar_view(jar);

    return store ? store->n_cookies : 0;
}

const h2client_cookie *h2client_cookie_jar_get(const h2client_cookie_jar *jar, size_t i)
{
    const struct h2i_cookie_store *store = h2i_cookie_jar_view(jar);

    return store && i < store->n_cookies ? &store->by_creation[i]->seen : NULL;
}

static bool is_at_or_below(const struct h2i_cookie *cookie, const void *host)
{
    return !host || h2i_cookie_domain_matches(cookie->domain, false, h2i_str_of(host));
}

size_t h2client_cookie_jar_clear(h2client_cookie_jar *jar, const char *host)
{
    struct h2i_cookie_store *store = h2i_cookie_jar_store(jar);
    char canonical[H2I_COOKIE_HOST_CAP];

    if (!store || (host && !h2i_cookie_canonical_host(h2i_str_of(host), canonical)))
        return 0;
    return h2i_cookie_store_remove_all(store, is_at_or_below, host ? canonical : NULL);
}

static bool has_no_end(const struct h2i_cookie *cookie, const void *by)
{
    (void)by;
    return cookie->seen.expires_s == H2I_COOKIE_IS_SESSION;
}

size_t h2client_cookie_jar_clear_session(h2client_cookie_jar *jar)
{
    struct h2i_cookie_store *store = h2i_cookie_jar_store(jar);

    return store ? h2i_cookie_store_remove_all(store, has_no_end, NULL) : 0;
}
