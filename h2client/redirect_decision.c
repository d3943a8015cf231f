/* SPDX-License-Identifier: MIT */
#include "h2client/redirect_decision.h"

#include "h2client/settings.h"

struct h2i_redirect_settings h2i_redirect_defaults(void)
{
    return (struct h2i_redirect_settings){.max_redirects = 10, .follows = true};
}

h2client_error_code h2i_redirect_apply(struct h2i_redirect_settings *settings,
                                       const h2client_redirect_options *options,
                                       struct h2i_text *why)
{
    const struct {
        bool *value;
        h2client_switch given;
        const char *name;
    } switches[] = {
        {&settings->follows, options->follow, "redirect.follow"},
        {&settings->allows_downgrade, options->allow_downgrade, "redirect.allow_downgrade"},
        {&settings->trusts_all, options->trust_all, "redirect.trust_all"},
        {&settings->keeps_post_301, options->keep_post_301, "redirect.keep_post_301"},
        {&settings->keeps_post_302, options->keep_post_302, "redirect.keep_post_302"},
        {&settings->keeps_post_303, options->keep_post_303, "redirect.keep_post_303"},
    };
    h2client_error_code code = h2i_count_apply(&settings->max_redirects, options->max_redirects,
                                               "redirect.max_redirects", why);

    for (size_t i = 0; !code && i < sizeof switches / sizeof switches[0]; i++)
        code = h2i_switch_apply(switches[i].value, switches[i].given, switches[i].name, why);
    return code;
}

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool h2i_redirect_is_wanted(const struct h2i_redirect_settings *settings, int status,
                            const char *location)
{
    return settings->follows && location && is_redirect(status);
}

bool h2i_url_same_origin(const struct h2i_url *a, const struct h2i_url *b)
{
    return a->is_https == b->is_https && a->port == b->port && strcmp(a->host, b->host) == 0;
}

/* RFC 9110 15.4.2 to 15.4.4: what becomes a GET. */
static bool becomes_get(const struct h2i_redirect_settings *settings,
                        const struct h2i_redirect_end *end)
{
    bool is_post = strcmp(end->method, "POST") == 0;

    switch (end->status) {
    case 301:
        return is_post && !settings->keeps_post_301;
    case 302:
        return is_post && !settings->keeps_post_302;
    case 303:
        return strcmp(end->method, "HEAD") != 0 && !(is_post && settings->keeps_post_303);
    default:
        return false;
    }
}

struct h2i_redirect_decision h2i_redirect_decide(const struct h2i_redirect_settings *settings,
                                                 const struct h2i_redirect_end *end,
                                                 struct h2i_text *why)
{
    struct h2i_redirect_decision decision = {.method = end->method};

    if (end->n_redirects >= settings->max_redirects) {
        h2i_text_add(why, "more than %d redirects, the last one to %s",
                     (int)settings->max_redirects, end->to->display);
        decision.code = H2CLIENT_ERROR_TOO_MANY_REDIRECTS;
        return decision;
    }
    if (end->from->is_https && !end->to->is_https && !settings->allows_downgrade) {
        h2i_text_add(why, "a redirect from https to %s", end->to->display);
        decision.code = H2CLIENT_ERROR_REDIRECT_REFUSED;
        return decision;
    }
    if (becomes_get(settings, end)) {
        decision.method = "GET";
        decision.drops_body = true;
    }
    /* What is not encrypted carries no secrets of what was. */
    decision.drops_secrets = !h2i_url_same_origin(end->from, end->to) &&
                             (!settings->trusts_all || (end->from->is_https && !end->to->is_https));
    return decision;
}
