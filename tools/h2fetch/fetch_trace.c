/* SPDX-License-Identifier: MIT */
#include "fetch_trace.h"

#include "fetch_file.h"
#include "fetch_verbose.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- one line -------------------------------------------------------------------- */

static bool is_number(const char *value)
{
    return value[0] && !value[strspn(value, "0123456789")];
}

static void add_value(struct h2f_text *line, const char *value)
{
    if (is_number(value))
        h2f_text_puts(line, value);
    else
        h2f_text_json(line, value);
}

/* "8 (CANCEL)" is told as a number and a name. */
static void add_key(struct h2f_text *line, const h2client_header *field)
{
    size_t digits = strspn(field->value, "0123456789");
    const char *name = field->value + digits;
    size_t len = strlen(name);
    char *part;

    h2f_text_printf(line, ", \"%s\": ", field->name);
    if (digits == 0 || len < 4 || strncmp(name, " (", 2) != 0 || name[len - 1] != ')') {
        add_value(line, field->value);
        return;
    }
    h2f_text_add(line, field->value, digits);
    part = h2f_copy_part(name + 2, len - 3);
    h2f_text_printf(line, ", \"%s_name\": ", field->name);
    h2f_text_json(line, part);
    free(part);
}

/* Pairs, as a name may be there twice. The values of header fields are no numbers. */
static void add_pairs(struct h2f_text *line, const char *key, const h2client_header *fields,
                      bool has_numbers)
{
    h2f_text_printf(line, ", \"%s\": [", key);
    for (const h2client_header *field = fields; field->name; field++) {
        h2f_text_puts(line, field == fields ? "[" : ", [");
        h2f_text_json(line, field->name);
        h2f_text_puts(line, ", ");
        if (has_numbers)
            add_value(line, field->value);
        else
            h2f_text_json(line, field->value);
        h2f_text_puts(line, "]");
    }
    h2f_text_puts(line, "]");
}

static void add_content(struct h2f_text *line, const h2client_frame_event *event)
{
    if (event->type == H2F_FRAME_HEADERS) {
        add_pairs(line, "fields", event->fields, false);
    } else if (event->type == H2F_FRAME_SETTINGS) {
        add_pairs(line, "settings", event->fields, true);
    } else {
        for (const h2client_header *field = event->fields; field->name; field++)
            add_key(line, field);
    }
}

void h2f_trace_add_frame(struct h2f_text *line, const h2client_frame_event *event, int64_t start_us)
{
    int64_t us = event->time_us > start_us ? event->time_us - start_us : 0;
    bool is_http1 = event->type == H2F_FRAME_HEADERS && event->stream_id == 0;

    h2f_text_printf(line, "{\"t\": %" PRId64 ".%06" PRId64 ", \"conn\": %" PRIu64, us / 1000000,
                    us % 1000000, event->conn_id);
    h2f_text_printf(line, ", \"dir\": \"%s\", \"type\": \"%s\", \"stream\": %d",
                    event->direction == H2CLIENT_SENT ? "sent" : "received",
                    is_http1 ? "HEAD" : event->type_name, event->stream_id);
    h2f_text_printf(line, ", \"flags\": %u, \"len\": %" PRIu32, event->flags, event->len);
    if (event->fields)
        add_content(line, event);
    h2f_text_puts(line, "}\n");
}

/* ---- where it goes ------------------------------------------------------------------ */

static void write_line(struct h2f_trace *trace, const h2client_frame_event *event)
{
    struct h2f_text line = {0};

    h2f_trace_add_frame(&line, event, trace->start_us);
    if (trace->fd < 0)
        h2f_stdout_text(trace->out, line.data);
    else if (!h2f_write_all(trace->fd, line.data, line.len))
        trace->broken_errno = errno;
    h2f_text_finish(&line);
}

void h2f_trace_frame(const h2client_frame_event *event, void *user)
{
    struct h2f_trace *trace = user;

    if (trace->config->verbose)
        h2f_verbose_frame(event, NULL);
    if (trace->config->trace_frames && !trace->broken_errno)
        write_line(trace, event);
}
