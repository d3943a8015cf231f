/* SPDX-License-Identifier: MIT */
#include "h2client/settings.h"

#include <stdio.h>

#include "h2client/call_login.h"
#include "h2client/coding/coding.h"

#define SECONDS INT64_C(1000000)

/* Options grow at their end, so they must not end in padding (types.h). */
#define NO_TAIL_PADDING(type, last)                                                  \
    _Static_assert(sizeof(type) == offsetof(type, last) + sizeof(((type *)0)->last), \
                   #type " ends in padding")

NO_TAIL_PADDING(h2client_call_options, proxy);
NO_TAIL_PADDING(h2client_proxy_options, auth);
NO_TAIL_PADDING(h2client_auth, sign_user);
NO_TAIL_PADDING(h2client_session_options, connect_to);
NO_TAIL_PADDING(h2client_connect_options, reserved);
NO_TAIL_PADDING(h2client_retry_options, reserved);
NO_TAIL_PADDING(h2client_attempt, url);
NO_TAIL_PADDING(h2client_tls_options, session_tickets);
NO_TAIL_PADDING(h2client_certificate, not_after_s);
NO_TAIL_PADDING(h2client_transport_info, tls_signature);
NO_TAIL_PADDING(h2client_tls_info, reserved);
NO_TAIL_PADDING(h2client_dns_options, max_stale_s);
NO_TAIL_PADDING(h2client_body, parts);
NO_TAIL_PADDING(h2client_error, n_redirects);
NO_TAIL_PADDING(h2client_call_info, http_version);
NO_TAIL_PADDING(h2client_redirect_options, keep_post_303);

struct h2i_settings h2i_settings_default(void)
{
    return (struct h2i_settings){
        .total_us = INT64_MAX,
        .connect_us = 20 * SECONDS,
        .first_byte_us = 60 * SECONDS,
        .read_idle_us = 60 * SECONDS,
        .write_stall_us = 30 * SECONDS,
        .connect_limits = {5 * SECONDS, 10 * SECONDS, 10 * SECONDS},
        .max_body_bytes = INT64_C(64) << 20,
        .delivery = H2CLIENT_DELIVERY_WHOLE,
        .http_version = H2CLIENT_HTTP_AUTO,
        .queue_us = INT64_MAX,
        .expect_us = 1 * SECONDS,
        .max_recv_per_s = INT64_MAX,
        .max_send_per_s = INT64_MAX,
        .priority = H2CLIENT_PRIORITY_NORMAL,
        .retry = *h2i_retry_defaults(),
        .redirect = h2i_redirect_defaults(),
        .decompresses = true,
    };
}

h2client_error_code h2i_limit_apply(int64_t *value, int64_t given, int64_t scale, const char *name,
                                    struct h2i_text *why)
{
    if (given == 0)
        return H2CLIENT_OK;
    if (given == H2CLIENT_NO_LIMIT) {
        *value = INT64_MAX;
        return H2CLIENT_OK;
    }
    if (given < 0) {
        h2i_text_add(why, "%s: %lld is neither a limit nor H2CLIENT_NO_LIMIT", name,
                     (long long)given);
        return H2CLIENT_ERROR_INVALID_ARGUMENT;
    }
    if (__builtin_mul_overflow(given, scale, value))
        *value = INT64_MAX;
    return H2CLIENT_OK;
}

h2client_error_code h2i_count_apply(int32_t *value, int64_t given, const char *name,
                                    struct h2i_text *why)
{
    if (given == 0)
        return H2CLIENT_OK;
    if (given == H2CLIENT_NONE) {
        *value = 0;
        return H2CLIENT_OK;
    }
    if (given < 0 || given > INT32_MAX) {
        h2i_text_add(why, "%s: %lld is neither a count nor H2CLIENT_NONE", name, (long long)given);
        return H2CLIENT_ERROR_INVALID_ARGUMENT;
    }
    *value = (int32_t)given;
    return H2CLIENT_OK;
}

h2client_error_code h2i_switch_apply(bool *value, h2client_switch given, const char *name,
                                     struct h2i_text *why)
{
    if (given == H2CLIENT_ON || given == H2CLIENT_OFF)
        *value = given == H2CLIENT_ON;
    else if (given != H2CLIENT_INHERIT) {
        h2i_text_add(why, "%s: %d is not one of its values", name, (int)given);
        return H2CLIENT_ERROR_INVALID_ARGUMENT;
    }
    return H2CLIENT_OK;
}

static h2client_error_code apply_limits(struct h2i_settings *settings,
                                        const h2client_call_options *options, struct h2i_text *why)
{
    struct h2i_connect_limits *connect = &settings->connect_limits;
    const struct {
        int64_t *value;
        int64_t given;
        int64_t scale;
        const char *name;
    } limits[] = {
        {&settings->total_us, options->total_timeout_ms, 1000, "total_timeout_ms"},
        {&settings->connect_us, options->connect_timeout_ms, 1000, "connect_timeout_ms"},
        {&connect->dns_us, options->dns_timeout_ms, 1000, "dns_timeout_ms"},
        {&connect->sock_connect_us, options->sock_connect_timeout_ms, 1000,
         "sock_connect_timeout_ms"},
        {&connect->tls_us, options->tls_timeout_ms, 1000, "tls_timeout_ms"},
        {&settings->first_byte_us, options->first_byte_timeout_ms, 1000, "first_byte_timeout_ms"},
        {&settings->read_idle_us, options->read_idle_timeout_ms, 1000, "read_idle_timeout_ms"},
        {&settings->write_stall_us, options->write_stall_timeout_ms, 1000,
         "write_stall_timeout_ms"},
        {&settings->queue_us, options->queue_timeout_ms, 1000, "queue_timeout_ms"},
        {&settings->expect_us, options->expect_timeout_ms, 1000, "expect_timeout_ms"},
        {&settings->max_body_bytes, options->max_body_bytes, 1, "max_body_bytes"},
        {&settings->max_recv_per_s, options->max_recv_bytes_per_s, 1, "max_recv_bytes_per_s"},
        {&settings->max_send_per_s, options->max_send_bytes_per_s, 1, "max_send_bytes_per_s"},
    };

    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        h2client_error_code code =
            h2i_limit_apply(limits[i].value, limits[i].given, limits[i].scale, limits[i].name, why);
        if (code)
            return code;
    }
    return H2CLIENT_OK;
}

/* Enums come from callers: any number may be in them. */
static h2client_error_code check_choice(int given, int largest, const char *name,
                                        struct h2i_text *why)
{
    if (given >= 0 && given <= largest)
        return H2CLIENT_OK;
    h2i_text_add(why, "%s: %d is not one of its values", name, given);
    return H2CLIENT_ERROR_INVALID_ARGUMENT;
}

static h2client_error_code check_choices(const h2client_call_options *options, struct h2i_text *why)
{
    const struct {
        int given;
        int largest;
        const char *name;
    } choices[] = {
        {(int)options->delivery, H2CLIENT_DELIVERY_PULL, "delivery"},
        {(int)options->http_version, H2CLIENT_HTTP_1_1, "http_version"},
        {(int)options->priority, H2CLIENT_PRIORITY_HIGHEST, "priority"},
        {(int)options->expect_continue, H2CLIENT_OFF, "expect_continue"},
        {(int)options->raise_for_status, H2CLIENT_OFF, "raise_for_status"},
        {(int)options->decompress, H2CLIENT_OFF, "decompress"},
    };
    h2client_error_code code = H2CLIENT_OK;

    for (size_t i = 0; !code && i < sizeof choices / sizeof choices[0]; i++)
        code = check_choice(choices[i].given, choices[i].largest, choices[i].name, why);
    return code;
}

static void apply_choices(struct h2i_settings *settings, const h2client_call_options *options)
{
    if (options->delivery)
        settings->delivery = options->delivery;
    if (options->http_version)
        settings->http_version = options->http_version;
    if (options->priority)
        settings->priority = options->priority;
    if (options->expect_continue)
        settings->expects_continue = options->expect_continue == H2CLIENT_ON;
    if (options->raise_for_status)
        settings->raises_for_status = options->raise_for_status == H2CLIENT_ON;
    if (options->decompress)
        settings->decompresses = options->decompress == H2CLIENT_ON;
}

static bool keep_text(const char **kept, struct h2i_arena *arena, const char *given)
{
    if (given)
        *kept = h2i_arena_copy_text(arena, given, strlen(given));
    return !given || *kept;
}

static h2client_error_code apply_texts(struct h2i_settings *settings, struct h2i_arena *arena,
                                       const h2client_call_options *options)
{
    return keep_text(&settings->base_url, arena, options->base_url) ? H2CLIENT_OK
                                                                    : H2CLIENT_ERROR_NO_MEMORY;
}

static h2client_error_code keep_statuses(struct h2i_retry_settings *retry, struct h2i_arena *arena)
{
    size_t n = 0;
    int32_t *copy;

    while (retry->statuses[n])
        n++;
    copy = h2i_arena_alloc(arena, (n + 1) * sizeof *copy);
    if (!copy)
        return H2CLIENT_ERROR_NO_MEMORY;
    memcpy(copy, retry->statuses, (n + 1) * sizeof *copy);
    retry->statuses = copy;
    return H2CLIENT_OK;
}

static h2client_error_code apply_retry(struct h2i_settings *settings, struct h2i_arena *arena,
                                       const h2client_retry_options *retry, struct h2i_text *why)
{
    h2client_retry_options known;
    h2client_error_code code = h2i_options_take(&known, sizeof known, retry, "retry", why);

    if (!code)
        code = h2i_retry_apply(&settings->retry, &known, why);
    return code || !known.statuses ? code : keep_statuses(&settings->retry, arena);
}

static h2client_error_code apply_redirect(struct h2i_settings *settings,
                                          const h2client_redirect_options *redirect,
                                          struct h2i_text *why)
{
    h2client_redirect_options known;
    h2client_error_code code = h2i_options_take(&known, sizeof known, redirect, "redirect", why);

    return code ? code : h2i_redirect_apply(&settings->redirect, &known, why);
}

h2client_error_code h2i_settings_apply(struct h2i_settings *settings, struct h2i_arena *arena,
                                       const h2client_call_options *options, struct h2i_text *why)
{
    h2client_error_code code = apply_limits(settings, options, why);

    if (!code)
        code = check_choices(options, why);
    if (!code && options->retry)
        code = apply_retry(settings, arena, options->retry, why);
    if (!code && options->redirect)
        code = apply_redirect(settings, options->redirect, why);
    if (!code)
        code = h2i_login_apply(settings, arena, options->auth, why);
    if (!code)
        code = apply_texts(settings, arena, options);
    if (!code)
        apply_choices(settings, options);
    return code;
}

h2client_error_code h2i_settings_apply_proxy(struct h2i_settings *settings, struct h2i_arena *arena,
                                             h2client_system *system,
                                             const h2client_proxy_options *options,
                                             struct h2i_text *why)
{
    h2client_proxy_options known;
    h2client_error_code code;

    if (!options)
        return H2CLIENT_OK;
    code = h2i_options_take(&known, sizeof known, options, "proxy", why);
    return code ? code : h2i_proxy_apply(&settings->proxy, arena, system, &known, why);
}

/* "a=1; b=2" (RFC 6265 4.2.1). */
static char *write_cookies(struct h2i_arena *arena, const h2client_param *cookies)
{
    size_t len = 1;
    char *text, *end;

    for (const h2client_param *cookie = cookies; cookie->name; cookie++)
        len += strlen(cookie->name) + (cookie->value ? strlen(cookie->value) : 0) + 3;
    text = end = h2i_arena_alloc(arena, len);
    if (!text)
        return NULL;
    for (; cookies->name; cookies++)
        end += sprintf(end, "%s%s=%s", end == text ? "" : "; ", cookies->name,
                       cookies->value ? cookies->value : "");
    *end = 0;
    return text;
}

h2client_error_code h2i_settings_mean(const h2client_call_options *options, struct h2i_arena *arena,
                                      struct h2i_meant_fields *meant, struct h2i_text *why)
{
    char *cookies = NULL;

    if (options->cookies && options->cookies->name) {
        cookies = write_cookies(arena, options->cookies);
        if (!cookies)
            return H2CLIENT_ERROR_NO_MEMORY;
        h2i_meant_fields_add(meant, "cookie", cookies);
    }
    if (options->user_agent)
        h2i_meant_fields_add(meant, "user-agent",
                             options->user_agent[0] ? options->user_agent : NULL);
    if (options->decompress && h2i_coding_offer()[0])
        h2i_meant_fields_add(meant, "accept-encoding",
                             options->decompress == H2CLIENT_ON ? h2i_coding_offer() : NULL);
    return h2i_login_mean(options->auth, arena, meant, why);
}
