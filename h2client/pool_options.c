/* SPDX-License-Identifier: MIT */
#include "h2client/pool_options.h"

#include "h2client/settings.h"

#define MS INT64_C(1000) /* to microseconds */

/* What is larger than a field of the pool's is as good as that. */
static uint32_t to_u32(int64_t value)
{
    return value > INT32_MAX ? INT32_MAX : (uint32_t)value;
}

static size_t to_size(int64_t value)
{
    return (uint64_t)value > SIZE_MAX ? SIZE_MAX : (size_t)value;
}

struct limit {
    int64_t *value;
    int64_t given;
    int64_t scale;
    const char *name;
};

static h2client_error_code apply_all(const struct limit *limits, size_t n, struct h2i_text *why)
{
    h2client_error_code code = H2CLIENT_OK;

    for (size_t i = 0; !code && i < n; i++)
        code =
            h2i_limit_apply(limits[i].value, limits[i].given, limits[i].scale, limits[i].name, why);
    return code;
}

static h2client_error_code apply_to_cores(struct h2i_pool_config *config,
                                          const h2client_session_options *options,
                                          struct h2i_text *why)
{
    int64_t streams = INT64_MAX, stream_window = config->h2.max_stream_window_bytes,
            conn_window = config->h2.conn_window_bytes, bytes = config->h2.max_header_bytes,
            fields = config->h2.max_header_fields;
    const struct limit limits[] = {
        {&streams, options->max_streams_per_conn, 1, "max_streams_per_conn"},
        {&stream_window, options->max_stream_window_bytes, 1, "max_stream_window_bytes"},
        {&conn_window, options->conn_window_bytes, 1, "conn_window_bytes"},
        {&bytes, options->max_header_bytes, 1, "max_header_bytes"},
        {&fields, options->max_header_fields, 1, "max_header_fields"},
        {&config->h2.ping_after_us, options->ping_after_ms, MS, "ping_after_ms"},
        {&config->h2.ping_timeout_us, options->ping_timeout_ms, MS, "ping_timeout_ms"},
    };
    h2client_error_code code = apply_all(limits, sizeof limits / sizeof limits[0], why);

    config->h2.max_streams = to_u32(streams);
    config->h2.max_stream_window_bytes = to_u32(stream_window);
    if (config->h2.stream_window_bytes > config->h2.max_stream_window_bytes)
        config->h2.stream_window_bytes = config->h2.max_stream_window_bytes;
    config->h2.conn_window_bytes = to_u32(conn_window);
    config->h1.max_header_bytes = config->h2.max_header_bytes = to_u32(bytes);
    config->h1.max_header_fields = config->h2.max_header_fields = to_u32(fields);
    return code;
}

static h2client_error_code apply_to_pool(struct h2i_pool_config *config,
                                         const h2client_session_options *options,
                                         struct h2i_text *why)
{
    int64_t conns = (int64_t)config->max.conns, h1 = (int64_t)config->max.h1_conns_per_host,
            h2 = (int64_t)config->max.h2_conns_per_host, queued = INT64_MAX;
    const struct limit limits[] = {
        {&conns, options->max_conns, 1, "max_conns"},
        {&h1, options->max_h1_conns_per_host, 1, "max_h1_conns_per_host"},
        {&h2, options->max_h2_conns_per_host, 1, "max_h2_conns_per_host"},
        {&queued, options->max_queued_calls, 1, "max_queued_calls"},
        {&config->max_held_bytes, options->max_held_bytes, 1, "max_held_bytes"},
        {&config->max.idle_us, options->idle_timeout_ms, MS, "idle_timeout_ms"},
        {&config->max.age_us, options->max_conn_age_ms, MS, "max_conn_age_ms"},
        {&config->max.probe_idle_us, options->ping_before_reuse_ms, MS, "ping_before_reuse_ms"},
    };
    h2client_error_code code = apply_all(limits, sizeof limits / sizeof limits[0], why);

    config->max.conns = to_size(conns);
    config->max.h1_conns_per_host = to_size(h1);
    config->max.h2_conns_per_host = to_size(h2);
    config->max.waiting = to_size(queued);
    return code;
}

h2client_error_code h2i_throttle_options_apply(struct h2i_throttle_config *config,
                                               const h2client_session_options *options,
                                               struct h2i_text *why)
{
    const struct limit limits[] = {
        {&config->max_running, options->max_running_calls, 1, "max_running_calls"},
        {&config->max_running_per_origin, options->max_running_calls_per_origin, 1,
         "max_running_calls_per_origin"},
        {&config->max_starts_per_s, options->max_calls_per_s, 1, "max_calls_per_s"},
        {&config->max_burst, options->max_calls_burst, 1, "max_calls_burst"},
    };
    h2client_error_code code;

    *config = (struct h2i_throttle_config){INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX};
    code = apply_all(limits, sizeof limits / sizeof limits[0], why);
    if (!options->max_calls_burst)
        config->max_burst = config->max_starts_per_s;
    return code;
}

h2client_error_code h2i_pool_options_apply(struct h2i_pool_config *config,
                                           const h2client_session_options *options,
                                           struct h2i_text *why)
{
    h2client_error_code code = apply_to_cores(config, options, why);

    if (!code)
        code = apply_to_pool(config, options, why);
    return code ? code
                : h2i_switch_apply(&config->coalesce.is_on, options->coalesce, "coalesce", why);
}
