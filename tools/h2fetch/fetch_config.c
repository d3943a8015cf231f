/* SPDX-License-Identifier: MIT */
#include "fetch_config.h"

#include "fetch_form.h"
#include "fetch_tls.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_PARALLEL_MAX 100
#define FORM_TYPE "application/x-www-form-urlencoded"
#define JSON_TYPE "application/json"
#define SLOW_BYTES_PER_S 1
#define SLOW_TIME_MS 30000

void h2f_config_init(struct h2f_config *config)
{
    *config = (struct h2f_config){.n_parallel_max = DEFAULT_PARALLEL_MAX,
                                  .continue_at = H2F_CONTINUE_NOT};
}

/* ---- lists ----------------------------------------------------------------- */

void h2f_headers_add(struct h2f_headers *headers, const char *name, size_t name_len,
                     const char *value, size_t value_len)
{
    headers->list = h2f_realloc(headers->list, (headers->n + 2) * sizeof *headers->list);
    headers->list[headers->n++] = (h2client_header){h2f_copy_part(name, name_len),
                                                    value ? h2f_copy_part(value, value_len) : NULL};
    headers->list[headers->n] = (h2client_header){NULL, NULL};
}

static void headers_finish(struct h2f_headers *headers)
{
    for (size_t i = 0; i < headers->n; i++) {
        free((void *)(uintptr_t)headers->list[i].name);
        free((void *)(uintptr_t)headers->list[i].value);
    }
    free(headers->list);
}

void h2f_overrides_add(struct h2f_overrides *overrides, char *host, int64_t port, char *addresses)
{
    overrides->list = h2f_realloc(overrides->list, (overrides->n + 2) * sizeof *overrides->list);
    overrides->list[overrides->n++] =
        (h2client_dns_override){.host = host, .addresses = addresses, .port = port};
    overrides->list[overrides->n] = (h2client_dns_override){.host = NULL};
}

void h2f_reroutes_add(struct h2f_reroutes *reroutes, char *host, int64_t port, char *to_host,
                      int64_t to_port)
{
    reroutes->list = h2f_realloc(reroutes->list, (reroutes->n + 2) * sizeof *reroutes->list);
    reroutes->list[reroutes->n++] = (h2client_connect_to){host, to_host, port, to_port};
    reroutes->list[reroutes->n] = (h2client_connect_to){.host = NULL};
}

static void reroutes_finish(struct h2f_reroutes *reroutes)
{
    for (size_t i = 0; i < reroutes->n; i++) {
        free((void *)(uintptr_t)reroutes->list[i].host);
        free((void *)(uintptr_t)reroutes->list[i].to_host);
    }
    free(reroutes->list);
}

static void overrides_finish(struct h2f_overrides *overrides)
{
    for (size_t i = 0; i < overrides->n; i++) {
        free((void *)(uintptr_t)overrides->list[i].host);
        free((void *)(uintptr_t)overrides->list[i].addresses);
    }
    free(overrides->list);
}

void h2f_config_finish(struct h2f_config *config)
{
    free(config->urls.list);
    free(config->uploads.list);
    free(config->outputs.list);
    headers_finish(&config->headers);
    headers_finish(&config->defaults);
    overrides_finish(&config->overrides);
    reroutes_finish(&config->reroutes);
    h2f_tls_finish(&config->tls);
    h2f_text_finish(&config->data);
    h2f_text_finish(&config->query);
    h2f_form_finish(&config->form);
    h2f_text_finish(&config->cookie_text);
    free(config->cookie_files.list);
    h2f_text_finish(&config->write_out_file);
}

/* ---- the options together ---------------------------------------------------- */

bool h2f_output_is_stdout(const char *file)
{
    return !file || strcmp(file, "-") == 0 || strcmp(file, "/dev/stdout") == 0;
}

bool h2f_config_reports_to_stdout(const struct h2f_config *config)
{
    return config->report && h2f_output_is_stdout(config->report);
}

bool h2f_config_traces_to_stdout(const struct h2f_config *config)
{
    return config->trace_frames && h2f_output_is_stdout(config->trace_frames);
}

static bool has_stdout_body(const struct h2f_config *config)
{
    for (size_t i = 0; i < config->urls.n; i++) {
        if (i >= config->outputs.n)
            return true;
        if (config->outputs.list[i].file && h2f_output_is_stdout(config->outputs.list[i].file))
            return true;
    }
    return false;
}

bool h2f_config_uses_stdout(const struct h2f_config *config)
{
    return has_stdout_body(config) || config->input_file || config->write_out ||
           h2f_config_reports_to_stdout(config) || h2f_config_traces_to_stdout(config) ||
           (config->dump_header && h2f_output_is_stdout(config->dump_header)) ||
           (config->cookie_jar && h2f_output_is_stdout(config->cookie_jar));
}

static size_t n_uses_of_stdin(const struct h2f_config *config)
{
    size_t n = config->n_stdin_reads;

    n += config->input_file && strcmp(config->input_file, "-") == 0;
    for (size_t i = 0; i < config->cookie_files.n; i++)
        n += strcmp(config->cookie_files.list[i], "-") == 0;
    for (size_t i = 0; i < config->uploads.n; i++)
        n += strcmp(config->uploads.list[i], "-") == 0;
    return n;
}

/* Pairs that make no sense together: an option and what is wrong with it. */
static const char *find_conflict(const struct h2f_config *config)
{
    bool has_own_way = config->unix_socket || config->proxy_command;
    bool has_tcp_way = config->proxy || config->interface || config->ip_family ||
                       config->attempt_delay_ms || config->overrides.n || config->reroutes.n ||
                       config->dns_servers;
    const struct {
        bool is_there;
        const char *what;
    } conflicts[] = {
        {!config->urls.n && !config->input_file, "no URL given (h2fetch --help)"},
        {config->login && config->bearer_token, "--user and --oauth2-bearer exclude each other"},
        {config->fail && config->fail_with_body, "--fail and --fail-with-body exclude each other"},
        {config->outputs.n > config->urls.n, "there are more outputs (-o, -O) than URLs"},
        {config->uploads.n > config->urls.n, "there are more uploads (-T) than URLs"},
        {config->has_data && config->uploads.n, "--data and --upload-file exclude each other"},
        {config->has_data && config->is_head && !config->is_get,
         "--data and --head exclude each other"},
        {config->form.n && config->has_data, "--form and --data exclude each other"},
        {config->form.n && config->uploads.n, "--form and --upload-file exclude each other"},
        {config->form.n && (config->is_get || config->is_head),
         "--form and --get or --head exclude each other"},
        {config->range && config->continue_at != H2F_CONTINUE_NOT,
         "--range and --continue-at exclude each other"},
        {config->is_compressed && config->continue_at != H2F_CONTINUE_NOT,
         "--compressed and --continue-at exclude each other"},
        {config->tls.max_version && config->tls.max_version < config->tls.min_version,
         "--tls-max is below --tlsv1.3"},
        {config->uploads.n && config->is_head, "--upload-file and --head exclude each other"},
        {h2f_config_reports_to_stdout(config) && has_stdout_body(config),
         "--report - and a body without -o are two things on stdout"},
        {h2f_config_traces_to_stdout(config) && has_stdout_body(config),
         "--trace-frames - and a body without -o are two things on stdout"},
        {h2f_config_traces_to_stdout(config) && h2f_config_reports_to_stdout(config),
         "--trace-frames - and --report - are two things on stdout"},
        {config->unix_socket && config->proxy_command,
         "--unix-socket and --proxy-command exclude each other"},
        {has_own_way && has_tcp_way, "--unix-socket and --proxy-command exclude --proxy, "
                                     "--interface, -4, -6, --resolve, --connect-to, "
                                     "--dns-servers and --happy-eyeballs-timeout-ms"},
        {n_uses_of_stdin(config) > 1, "stdin can be read for one thing only (-d @-, -F a=@-, -H "
                                      "@-, -T -, -w @-, -b -, --input-file -)"},
    };

    for (size_t i = 0; i < sizeof conflicts / sizeof conflicts[0]; i++)
        if (conflicts[i].is_there)
            return conflicts[i].what;
    return NULL;
}

static void imply(struct h2f_config *config, const char *name, const char *value)
{
    h2f_headers_add(&config->defaults, name, strlen(name), value, value ? strlen(value) : 0);
}

static void imply_fields(struct h2f_config *config)
{
    bool has_body = config->has_data && !config->is_get;

    if (config->user_agent)
        imply(config, "user-agent", config->user_agent[0] ? config->user_agent : NULL);
    else
        imply(config, "user-agent", "h2fetch/" H2CLIENT_VERSION);
    if (config->cookie_text.len)
        imply(config, "cookie", h2f_text_string(&config->cookie_text));
    if (config->referer && config->referer[0])
        imply(config, "referer", config->referer);
    if (config->range) {
        char *range =
            h2f_format("bytes=%s%s", config->range, strchr(config->range, '-') ? "" : "-");
        imply(config, "range", range);
        free(range);
    }
    if (config->is_json)
        imply(config, "accept", JSON_TYPE);
    if (has_body)
        imply(config, "content-type", config->is_json ? JSON_TYPE : FORM_TYPE);
}

/* As in curl, each of the two brings the other; a 0 switches both off. */
static void complete_slow_limit(struct h2f_speed_limit *limit)
{
    if (!limit->time_ms)
        limit->time_ms = SLOW_TIME_MS;
    else if (!limit->per_s)
        limit->per_s = SLOW_BYTES_PER_S;
    if (limit->per_s == H2CLIENT_NO_LIMIT || limit->time_ms == H2CLIENT_NO_LIMIT)
        limit->per_s = 0;
}

bool h2f_config_complete(struct h2f_config *config, struct h2f_problem *problem)
{
    const char *conflict = find_conflict(config);

    if (conflict)
        return h2f_problem_set(problem, H2F_EXIT_USAGE, "%s", conflict);
    imply_fields(config);
    complete_slow_limit(&config->slow_limit);
    return true;
}

bool h2f_config_is_silent(const struct h2f_config *config)
{
    return config->silent && !config->show_error;
}

const char *h2f_config_method(const struct h2f_config *config, bool is_upload)
{
    if (config->method)
        return config->method;
    if (is_upload)
        return "PUT";
    if (config->is_head)
        return "HEAD";
    return config->form.n || (config->has_data && !config->is_get) ? "POST" : "GET";
}
