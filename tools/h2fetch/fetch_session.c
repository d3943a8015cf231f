/* SPDX-License-Identifier: MIT */
#include "fetch_session.h"

#include <stdlib.h>
#include <string.h>

#include "fetch_tls.h"
#include "fetch_verbose.h"

#define MAX_REDIRECTS 50 /* as in curl */

/* curl retries every method, since that is what the user asked for. */
static h2client_retry_options retry_options(const struct h2f_config *config)
{
    int64_t delay_ms = config->retry_delay_ms;

    return (h2client_retry_options){
        .size = sizeof(h2client_retry_options),
        .max_retries = config->n_retries ? config->n_retries : H2CLIENT_NONE,
        .base_delay_ms = delay_ms > 0 ? delay_ms : H2F_RETRY_BASE_MS,
        .max_delay_ms = delay_ms > 0 ? delay_ms : H2F_RETRY_MAX_MS,
        .max_retry_after_ms = H2F_RETRY_MAX_MS,
        .max_elapsed_ms = config->retry_max_time_ms,
        .jitter = H2CLIENT_OFF,
        .any_method = H2CLIENT_ON,
        .errors =
            config->retry_all_errors ? H2CLIENT_RETRY_ERRORS_ALL : H2CLIENT_RETRY_ERRORS_TRANSIENT,
    };
}

static h2client_switch switch_of(bool is_on)
{
    return is_on ? H2CLIENT_ON : H2CLIENT_OFF;
}

static h2client_redirect_options redirect_options(const struct h2f_config *config)
{
    return (h2client_redirect_options){
        .size = sizeof(h2client_redirect_options),
        .follow = switch_of(config->follows),
        .max_redirects = config->n_max_redirects ? config->n_max_redirects : MAX_REDIRECTS,
        .allow_downgrade = H2CLIENT_ON, /* as in curl; credentials stay behind */
        .trust_all = switch_of(config->trusts_all),
        .keep_post_301 = switch_of(config->keep_post_301),
        .keep_post_302 = switch_of(config->keep_post_302),
        .keep_post_303 = switch_of(config->keep_post_303),
    };
}

/* `user` holds what stands before the first colon. */
static h2client_auth auth_options(const struct h2f_config *config, const char *user)
{
    h2client_auth auth = {.size = sizeof auth};

    if (config->bearer_token) {
        auth.scheme = H2CLIENT_AUTH_BEARER;
        auth.token = config->bearer_token;
    } else if (config->login || config->is_digest) {
        auth.scheme = config->is_digest ? H2CLIENT_AUTH_DIGEST : H2CLIENT_AUTH_BASIC;
        auth.user = user;
        auth.password = user ? strchr(config->login, ':') + 1 : NULL;
    }
    return auth;
}

/* As in curl: what no option says, the environment does; -U is for whichever proxy. */
static h2client_proxy_options proxy_options(const struct h2f_config *config, const char *user)
{
    const char *colon = config->proxy_login ? strchr(config->proxy_login, ':') : NULL;
    bool has_own_way = config->unix_socket || config->proxy_command;

    return (h2client_proxy_options){
        .size = sizeof(h2client_proxy_options),
        .url = has_own_way ? "" : config->proxy,
        .user = user,
        .password = colon ? colon + 1 : NULL,
        .no_proxy = config->no_proxy,
        .from_environment = H2CLIENT_ON,
    };
}

static h2client_call_options call_defaults(const struct h2f_config *config,
                                           const h2client_retry_options *retry,
                                           const h2client_redirect_options *redirect,
                                           const h2client_auth *auth,
                                           const h2client_proxy_options *proxy)
{
    /* One limit for the three of them; else each has the library's. */
    int64_t part_ms = config->connect_timeout_ms ? H2CLIENT_NO_LIMIT : 0;

    return (h2client_call_options){
        .size = sizeof(h2client_call_options),
        .headers = config->defaults.list,
        .total_timeout_ms = config->total_timeout_ms,
        .connect_timeout_ms = config->connect_timeout_ms,
        .dns_timeout_ms = config->dns_timeout_ms ? config->dns_timeout_ms : part_ms,
        .sock_connect_timeout_ms = part_ms,
        .tls_timeout_ms = part_ms,
        .first_byte_timeout_ms = config->read_timeout_ms,
        .read_idle_timeout_ms = config->read_timeout_ms,
        .queue_timeout_ms = config->queue_timeout_ms,
        .expect_timeout_ms = config->expect100_timeout_ms,
        .expect_continue = config->expect100_timeout_ms ? H2CLIENT_ON : H2CLIENT_INHERIT,
        .http_version = config->http_version,
        .max_recv_bytes_per_s = config->limit_rate,
        .max_send_bytes_per_s = config->limit_rate,
        .retry = retry,
        .redirect = redirect,
        .auth = auth,
        .proxy = proxy,
        .netrc_file = config->netrc_file,
        .decompress = switch_of(config->is_compressed),
    };
}

/* As in curl: what is no address is the name of an interface. */
static h2client_connect_options connect_options(const struct h2f_config *config)
{
    h2client_address address;
    bool is_address = config->interface && h2client_address_parse(config->interface, &address);

    return (h2client_connect_options){
        .size = sizeof(h2client_connect_options),
        .attempt_delay_ms = config->attempt_delay_ms,
        .local_address = is_address ? config->interface : NULL,
        .interface = is_address ? NULL : config->interface,
        .family = config->ip_family,
    };
}

h2client_dialer *h2f_dialer_create(const struct h2f_config *config)
{
    h2client_dialer *dialer = NULL;

    if (config->unix_socket)
        dialer = h2client_unix_dialer_create(config->unix_socket, NULL);
    else if (config->proxy_command)
        dialer = h2client_command_dialer_create(config->proxy_command, NULL);
    if (!dialer && (config->unix_socket || config->proxy_command))
        h2f_no_memory();
    return dialer;
}

h2client_session *h2f_session_create(const struct h2f_config *config, h2client_cookie_jar *jar,
                                     h2client_dialer *dialer, struct h2f_trace *trace)
{
    const h2client_retry_options retry = retry_options(config);
    char *user = config->login ? h2f_copy_part(config->login, strcspn(config->login, ":")) : NULL;
    const h2client_auth auth = auth_options(config, user);
    const h2client_redirect_options redirect = redirect_options(config);
    char *proxy_user = config->proxy_login
                           ? h2f_copy_part(config->proxy_login, strcspn(config->proxy_login, ":"))
                           : NULL;
    const h2client_proxy_options proxy = proxy_options(config, proxy_user);
    const h2client_call_options defaults = call_defaults(config, &retry, &redirect, &auth, &proxy);
    const h2client_tls_options tls = h2f_tls_options(config);
    const h2client_dns_options *dns =
        H2CLIENT_DNS(.servers = config->dns_servers, .overrides = config->overrides.list);
    const h2client_connect_options connect = connect_options(config);

    h2client_session *session = h2client_session_create(H2CLIENT_SESSION(
            .defaults = &defaults, .cookie_jar = jar, .tls = &tls, .dns = dns, .dialer = dialer,
            .connect = dialer ? NULL : &connect, .connect_to = config->reroutes.list,
            .max_h1_conns_per_host = config->max_conns_per_host,
            .max_h2_conns_per_host = config->max_conns_per_host,
            .max_streams_per_conn = config->max_streams,
            .max_stream_window_bytes = config->window_bytes,
            .on_log = config->verbose ? h2f_verbose_log : NULL,
            .on_frame = config->verbose || config->trace_frames ? h2f_trace_frame : NULL,
            .user = trace, .log_level = config->verbose ? H2CLIENT_LOG_INFO : H2CLIENT_LOG_NONE));

    free(user);
    free(proxy_user);
    return session;
}
