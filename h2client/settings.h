/* SPDX-License-Identifier: MIT */
/*
 * Settings: options as the library uses them. Every value is decided (call over session
 * over library), times are microseconds, "none" is INT64_MAX.
 */
#ifndef H2I_SETTINGS_H
#define H2I_SETTINGS_H

#include "base/options.h"
#include "base/str.h"
#include "base/arena.h"
#include "h2client/pool/pool.h"
#include "h2client/proxy_choice.h"
#include "h2client/redirect_decision.h"
#include "h2client/request_fields.h"
#include "h2client/retry_decision.h"

/* Who a call says it is, where that takes more than a field which stands from the start. */
struct h2i_login {
    h2client_auth_scheme scheme; /* DIGEST, SIGNED */
    const char *user;            /* DIGEST; NULL: the URL's, or netrc's */
    const char *password;
    h2client_sign_fn sign; /* SIGNED */
    void *sign_user;
};

struct h2i_settings {
    h2client_on_response_fn on_response;
    h2client_on_informational_fn on_informational;
    h2client_on_data_fn on_data;
    h2client_on_done_fn on_done;
    h2client_on_writable_fn on_writable;
    h2client_on_upload_fn on_upload;
    h2client_on_passed_over_fn on_passed_over;
    void *user;
    int64_t total_us;
    int64_t connect_us;
    int64_t first_byte_us;
    int64_t read_idle_us;
    int64_t write_stall_us;
    struct h2i_connect_limits connect_limits;
    int64_t max_body_bytes;
    h2client_delivery delivery;
    h2client_http_version http_version;
    int64_t queue_us;
    int64_t expect_us;
    h2client_priority priority;
    bool expects_continue;
    struct h2i_retry_settings retry;
    struct h2i_redirect_settings redirect;
    const char *base_url; /* or NULL */
    bool raises_for_status;
    bool decompresses;
    int64_t max_recv_per_s; /* bytes of a body */
    int64_t max_send_per_s;
    h2client_auth_scheme auth_scheme; /* INHERIT: nobody gave any */
    const struct h2i_login *login;    /* DIGEST and SIGNED; NULL otherwise */
    struct h2i_str netrc;             /* the file's text; data NULL: none */
    struct h2i_proxy_settings proxy;
};

/* The library's defaults (README, "Defaults"). */
struct h2i_settings h2i_settings_default(void);

/* *settings holds what is inherited; what the options name replaces it. INVALID_ARGUMENT
 * with `why` naming the option. The options have been taken by h2i_options_take; lists
 * are copied into the arena. */
h2client_error_code h2i_settings_apply(struct h2i_settings *settings, struct h2i_arena *arena,
                                       const h2client_call_options *options, struct h2i_text *why);

/* The proxy, for which the environment may be asked. */
h2client_error_code h2i_settings_apply_proxy(struct h2i_settings *settings, struct h2i_arena *arena,
                                             h2client_system *system,
                                             const h2client_proxy_options *options,
                                             struct h2i_text *why);

/* The fields that options mean; of a session's defaults as of a call's. */
h2client_error_code h2i_settings_mean(const h2client_call_options *options, struct h2i_arena *arena,
                                      struct h2i_meant_fields *meant, struct h2i_text *why);

/* One limit: 0 keeps *value, NO_LIMIT makes it INT64_MAX, others are scaled. */
h2client_error_code h2i_limit_apply(int64_t *value, int64_t given, int64_t scale, const char *name,
                                    struct h2i_text *why);
/* One count: 0 keeps *value, NONE makes it 0. */
h2client_error_code h2i_count_apply(int32_t *value, int64_t given, const char *name,
                                    struct h2i_text *why);
/* One switch: INHERIT keeps *value. */
h2client_error_code h2i_switch_apply(bool *value, h2client_switch given, const char *name,
                                     struct h2i_text *why);

#endif
