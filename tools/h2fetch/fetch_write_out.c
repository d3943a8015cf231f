/* SPDX-License-Identifier: MIT */
#include "fetch_write_out.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- variables ------------------------------------------------------------------- */

enum value_kind {
    STRING,
    NUMBER,
    STATUS, /* three digits */
    TIME,   /* microseconds, shown as seconds; what was not reached is 0 */
};

struct value {
    const char *string;
    int64_t number;
};

struct variable {
    const char *name;
    enum value_kind kind;
    struct value (*get)(const struct h2f_facts *facts);
};

/* One getter a variable: the name, and what it reads. */
#define STRING_OF(name, expression)                               \
    static struct value get_##name(const struct h2f_facts *facts) \
    {                                                             \
        return (struct value){.string = (expression)};            \
    }
#define NUMBER_OF(name, expression)                               \
    static struct value get_##name(const struct h2f_facts *facts) \
    {                                                             \
        return (struct value){.number = (int64_t)(expression)};   \
    }

static int64_t speed(const h2client_call_info *info)
{
    double seconds = (double)info->total_us / 1e6;

    return seconds > 0 ? (int64_t)((double)info->download_bytes / seconds) : 0;
}

NUMBER_OF(status, h2client_response_status(facts->resp))
STRING_OF(http_version, h2client_response_http_version(facts->resp))
STRING_OF(url, facts->url)
STRING_OF(url_effective, facts->info->url[0] ? facts->info->url : facts->url)
STRING_OF(content_type, h2client_response_header(facts->resp, "content-type"))
NUMBER_OF(size_download, facts->info->download_bytes)
NUMBER_OF(size_upload, facts->info->upload_bytes)
NUMBER_OF(size_header, facts->n_head_bytes)
NUMBER_OF(speed_download, speed(facts->info))
NUMBER_OF(num_connects, facts->info->n_connects)
NUMBER_OF(num_redirects, facts->info->n_redirects)
NUMBER_OF(num_retries, facts->n_retries)
STRING_OF(redirect_url, facts->redirect_url)
STRING_OF(remote_ip, facts->info->remote_address)
NUMBER_OF(remote_port, facts->info->remote_port)
STRING_OF(local_ip, facts->info->local_address)
NUMBER_OF(local_port, facts->info->local_port)
NUMBER_OF(conn_id, facts->info->conn_id)
NUMBER_OF(stream_id, facts->info->stream_id)
NUMBER_OF(time_namelookup, facts->info->name_lookup_us)
NUMBER_OF(time_connect, facts->info->connect_us)
NUMBER_OF(time_appconnect, facts->info->tls_us)
NUMBER_OF(time_pretransfer, facts->info->request_us)
NUMBER_OF(time_starttransfer, facts->info->first_byte_us)
NUMBER_OF(time_queue, facts->info->queued_us)
NUMBER_OF(time_total, facts->info->total_us)
NUMBER_OF(exitcode, facts->exit_code)
STRING_OF(errormsg, facts->message)
STRING_OF(filename_effective, facts->filename)

static const struct variable variables[] = {
    {"http_code", STATUS, get_status},
    {"response_code", STATUS, get_status},
    {"http_version", STRING, get_http_version},
    {"url", STRING, get_url},
    {"url_effective", STRING, get_url_effective},
    {"content_type", STRING, get_content_type},
    {"size_download", NUMBER, get_size_download},
    {"size_upload", NUMBER, get_size_upload},
    {"size_header", NUMBER, get_size_header},
    {"speed_download", NUMBER, get_speed_download},
    {"num_connects", NUMBER, get_num_connects},
    {"num_redirects", NUMBER, get_num_redirects},
    {"num_retries", NUMBER, get_num_retries},
    {"redirect_url", STRING, get_redirect_url},
    {"remote_ip", STRING, get_remote_ip},
    {"remote_port", NUMBER, get_remote_port},
    {"local_ip", STRING, get_local_ip},
    {"local_port", NUMBER, get_local_port},
    {"conn_id", NUMBER, get_conn_id},
    {"stream_id", NUMBER, get_stream_id},
    {"time_namelookup", TIME, get_time_namelookup},
    {"time_connect", TIME, get_time_connect},
    {"time_appconnect", TIME, get_time_appconnect},
    {"time_pretransfer", TIME, get_time_pretransfer},
    {"time_starttransfer", TIME, get_time_starttransfer},
    {"time_queue", TIME, get_time_queue},
    {"time_total", TIME, get_time_total},
    {"exitcode", NUMBER, get_exitcode},
    {"errormsg", STRING, get_errormsg},
    {"filename_effective", STRING, get_filename_effective},
};
#define N_VARIABLES (sizeof variables / sizeof variables[0])

static const struct variable *find_variable(const char *name, size_t len)
{
    for (size_t i = 0; i < N_VARIABLES; i++)
        if (strlen(variables[i].name) == len && strncmp(variables[i].name, name, len) == 0)
            return &variables[i];
    return NULL;
}

static void add_number(struct h2f_text *text, const struct variable *variable, int64_t number,
                       bool is_json)
{
    if (variable->kind == TIME) {
        int64_t us = number > 0 ? number : 0;
        h2f_text_printf(text, "%" PRId64 ".%06" PRId64, us / 1000000, us % 1000000);
    } else if (variable->kind == STATUS && !is_json) {
        h2f_text_printf(text, "%03" PRId64, number);
    } else {
        h2f_text_printf(text, "%" PRId64, number);
    }
}

static void add_variable(struct h2f_text *text, const struct variable *variable,
                         const struct h2f_facts *facts)
{
    struct value value = variable->get(facts);

    if (variable->kind != STRING)
        add_number(text, variable, value.number, false);
    else if (value.string)
        h2f_text_puts(text, value.string);
}

static void add_json(struct h2f_text *text, const struct h2f_facts *facts)
{
    for (size_t i = 0; i < N_VARIABLES; i++) {
        struct value value = variables[i].get(facts);

        h2f_text_printf(text, "%s\"%s\":", i ? "," : "{", variables[i].name);
        if (variables[i].kind != STRING)
            add_number(text, &variables[i], value.number, true);
        else if (value.string && value.string[0])
            h2f_text_json(text, value.string);
        else
            h2f_text_puts(text, "null");
    }
    h2f_text_puts(text, "}");
}

/* ---- formats ----------------------------------------------------------------------- */

/* %{NAME}, %{header{NAME}}, and %header{NAME} as newer curls write it. */
struct reference {
    const char *name;
    size_t name_len;
    size_t len; /* of all of it; 0: it is none */
    bool is_header;
};

/* Name and closing braces behind `opening`; empty when that is not what stands there. */
static struct reference match(const char *at, const char *opening, const char *closing,
                              bool is_header)
{
    size_t opening_len = strlen(opening);
    struct reference reference = {.is_header = is_header};
    const char *end;

    if (strncmp(at, opening, opening_len) != 0)
        return reference;
    end = strstr(at + opening_len, closing);
    if (!end)
        return reference;
    reference.name = at + opening_len;
    reference.name_len = (size_t)(end - reference.name);
    reference.len = opening_len + reference.name_len + strlen(closing);
    return reference;
}

static struct reference find_reference(const char *at)
{
    struct reference reference = match(at, "%{header{", "}}", true);

    if (!reference.len)
        reference = match(at, "%header{", "}", true);
    if (!reference.len)
        reference = match(at, "%{", "}", false);
    return reference;
}

static bool is_json(const struct reference *reference)
{
    return reference->name_len == 4 && strncmp(reference->name, "json", 4) == 0;
}

const char *h2f_write_out_unknown(const char *format)
{
    for (const char *at = strchr(format, '%'); at; at = strchr(at + 1, '%')) {
        struct reference reference = find_reference(at);

        if (at[1] == '%')
            at++;
        else if (reference.len && !reference.is_header && !is_json(&reference) &&
                 !find_variable(reference.name, reference.name_len))
            return at;
    }
    return NULL;
}

static void add_reference(struct h2f_text *text, const struct reference *reference,
                          const struct h2f_facts *facts)
{
    if (reference->is_header) {
        char *name = h2f_copy_part(reference->name, reference->name_len);
        const char *value = h2client_response_header(facts->resp, name);
        h2f_text_puts(text, value ? value : "");
        free(name);
    } else if (is_json(reference)) {
        add_json(text, facts);
    } else {
        const struct variable *variable = find_variable(reference->name, reference->name_len);
        if (variable)
            add_variable(text, variable, facts);
    }
}

/* A backslash and what follows it. */
static void add_escape(struct h2f_text *text, char letter)
{
    static const char letters[] = "nrt";
    static const char meanings[] = "\n\r\t";
    const char *found = letter ? strchr(letters, letter) : NULL;

    if (found)
        h2f_text_add(text, &meanings[found - letters], 1);
    else
        h2f_text_add(text, (const char[]){'\\', letter}, letter ? 2 : 1);
}

void h2f_write_out_add(struct h2f_text *text, const char *format, const struct h2f_facts *facts)
{
    const char *at = format;

    while (*at) {
        struct reference reference = {0};
        size_t plain = strcspn(at, "%\\");

        h2f_text_add(text, at, plain);
        at += plain;
        if (*at == '\\') {
            add_escape(text, at[1]);
            at += at[1] ? 2 : 1;
        } else if (*at) {
            if (at[1] != '%')
                reference = find_reference(at);
            if (reference.len)
                add_reference(text, &reference, facts);
            else
                h2f_text_puts(text, "%");
            at += reference.len ? reference.len : at[1] == '%' ? 2 : 1;
        }
    }
}
