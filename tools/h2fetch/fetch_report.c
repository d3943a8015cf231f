/* SPDX-License-Identifier: MIT */
#include "fetch_report.h"

#include <inttypes.h>

static void add_key(struct h2f_text *line, const char *key)
{
    h2f_text_printf(line, "%s\"%s\": ", line->data[line->len - 1] == '{' ? "" : ", ", key);
}

static void add_string(struct h2f_text *line, const char *key, const char *value)
{
    add_key(line, key);
    if (value && value[0])
        h2f_text_json(line, value);
    else
        h2f_text_puts(line, "null");
}

/* Values below `least` stand for "there is none". */
static void add_number(struct h2f_text *line, const char *key, int64_t value, int64_t least)
{
    add_key(line, key);
    if (value >= least)
        h2f_text_printf(line, "%" PRId64, value);
    else
        h2f_text_puts(line, "null");
}

static void add_time(struct h2f_text *line, const char *key, int64_t us)
{
    add_key(line, key);
    if (us >= 0)
        h2f_text_printf(line, "%" PRId64 ".%06" PRId64, us / 1000000, us % 1000000);
    else
        h2f_text_puts(line, "null");
}

static void add_outcome(struct h2f_text *line, const struct h2f_facts *facts)
{
    add_string(line, "url", facts->url);
    add_string(line, "url_effective", facts->info->url);
    add_string(line, "method", facts->method);
    add_number(line, "status", h2client_response_status(facts->resp), 1);
    add_string(line, "http_version", h2client_response_http_version(facts->resp));
    add_number(line, "exitcode", facts->exit_code, 0);
    add_string(line, "error", facts->message);
    add_string(line, "phase", facts->phase);
    add_string(line, "replay_class", facts->replay_class);
}

static void add_figures(struct h2f_text *line, const struct h2f_facts *facts)
{
    const h2client_call_info *info = facts->info;

    add_number(line, "size_download", info->download_bytes, 0);
    add_number(line, "size_upload", info->upload_bytes, 0);
    add_string(line, "remote_ip", info->remote_address);
    add_number(line, "remote_port", info->remote_port, 1);
    add_number(line, "conn_id", (int64_t)info->conn_id, 1);
    add_number(line, "stream_id", info->stream_id, 1);
    add_number(line, "attempts", facts->n_attempts, 0);
    add_time(line, "time_queue", info->queued_us);
    add_time(line, "time_namelookup", info->name_lookup_us);
    add_time(line, "time_connect", info->connect_us);
    add_time(line, "time_appconnect", info->tls_us);
    add_time(line, "time_starttransfer", info->first_byte_us);
    add_time(line, "time_total", info->total_us);
}

void h2f_report_add(struct h2f_text *line, const struct h2f_facts *facts)
{
    h2f_text_puts(line, "{");
    add_outcome(line, facts);
    add_figures(line, facts);
    add_string(line, "filename", facts->filename);
    h2f_text_puts(line, "}\n");
}
