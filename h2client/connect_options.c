/* SPDX-License-Identifier: MIT */
#include "h2client/connect_options.h"

#include "h2client/settings.h"

#define MIN_ATTEMPT_DELAY_MS 10 /* RFC 8305 5 */
#define MAX_KEEP_ALIVE_S 32767  /* Linux takes no more */

static h2client_error_code refuse_number(const char *name, int64_t given, const char *wrong,
                                         struct h2i_text *why)
{
    h2i_text_add(why, "connect.%s: %lld %s", name, (long long)given, wrong);
    return H2CLIENT_ERROR_INVALID_ARGUMENT;
}

static h2client_error_code refuse_text(const char *name, const char *given, const char *wrong,
                                       struct h2i_text *why)
{
    h2i_text_add(why, "connect.%s: \"", name);
    h2i_text_add_untrusted(why, given, strlen(given) < 64 ? strlen(given) : 64);
    h2i_text_add(why, "\" %s", wrong);
    return H2CLIENT_ERROR_INVALID_ARGUMENT;
}

/* NONE is no time at all. */
static h2client_error_code apply_time(int64_t *value_us, int64_t given_ms, const char *name,
                                      struct h2i_text *why)
{
    if (given_ms != H2CLIENT_NONE)
        return h2i_limit_apply(value_us, given_ms, 1000, name, why);
    *value_us = 0;
    return H2CLIENT_OK;
}

static h2client_error_code apply_times(struct h2i_tcp_config *config,
                                       const h2client_connect_options *options,
                                       struct h2i_text *why)
{
    h2client_error_code code = h2i_limit_apply(&config->attempt_delay_us, options->attempt_delay_ms,
                                               1000, "connect.attempt_delay_ms", why);

    if (!code && config->attempt_delay_us < MIN_ATTEMPT_DELAY_MS * 1000)
        code = refuse_number("attempt_delay_ms", options->attempt_delay_ms, "is below 10", why);
    if (!code)
        code = apply_time(&config->resolution_delay_us, options->resolution_delay_ms,
                          "connect.resolution_delay_ms", why);
    if (!code)
        code = apply_time(&config->failed_address_ttl_us, options->failed_address_ttl_ms,
                          "connect.failed_address_ttl_ms", why);
    return code;
}

static h2client_error_code apply_keep_alive(int32_t *keep_alive_s, int64_t given,
                                            struct h2i_text *why)
{
    if (given == H2CLIENT_NO_LIMIT)
        *keep_alive_s = 0;
    else if (given < 0 || given > MAX_KEEP_ALIVE_S)
        return refuse_number("keep_alive_s", given,
                             "is neither between 1 and 32767 nor H2CLIENT_NO_LIMIT", why);
    else if (given)
        *keep_alive_s = (int32_t)given;
    return H2CLIENT_OK;
}

static h2client_error_code apply_family(h2client_ip_family *family, h2client_ip_family given,
                                        struct h2i_text *why)
{
    if (given != H2CLIENT_IP_ANY && given != H2CLIENT_IP_V4 && given != H2CLIENT_IP_V6)
        return refuse_number("family", given, "is not one of its values", why);
    *family = given;
    return H2CLIENT_OK;
}

/* It comes after the family, which it narrows. */
static h2client_error_code apply_local_address(struct h2i_tcp_config *config, const char *given,
                                               struct h2i_text *why)
{
    h2client_address *local = &config->socket.local;

    if (!given)
        return H2CLIENT_OK;
    if (!h2client_address_parse(given, local))
        return refuse_text("local_address", given, "is not an address", why);
    if (config->family && (int)config->family != local->family)
        return refuse_text("local_address", given, "is not of connect.family", why);
    config->family = local->family == 4 ? H2CLIENT_IP_V4 : H2CLIENT_IP_V6;
    return H2CLIENT_OK;
}

static h2client_error_code apply_interface(char *interface, const char *given, struct h2i_text *why)
{
    size_t len = given ? strlen(given) : 0;

    if (!given)
        return H2CLIENT_OK;
    if (len == 0 || len > H2I_MAX_INTERFACE_LEN)
        return refuse_text("interface", given, "is not the name of an interface", why);
    memcpy(interface, given, len + 1);
    return H2CLIENT_OK;
}

h2client_error_code h2i_connect_options_apply(struct h2i_tcp_config *config,
                                              const h2client_connect_options *options,
                                              struct h2i_text *why)
{
    h2client_error_code code = apply_times(config, options, why);

    if (!code)
        code = apply_keep_alive(&config->socket.keep_alive_s, options->keep_alive_s, why);
    if (!code)
        code = apply_family(&config->family, options->family, why);
    if (!code)
        code = apply_local_address(config, options->local_address, why);
    if (!code)
        code = apply_interface(config->socket.interface, options->interface, why);
    config->filter = options->filter;
    config->filter_user = options->filter_user;
    return code;
}
