/* SPDX-License-Identifier: MIT */
#include "fetch_verbose.h"

#include "fetch_url.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* RFC 9113 6: types that have flags, and headers. */
enum {
    DATA = 0x0,
    HEADERS = H2F_FRAME_HEADERS,
    SETTINGS = H2F_FRAME_SETTINGS,
    PING = 0x6,
    CONTINUATION = 0x9,
};

static const struct {
    uint8_t type;
    uint8_t flag;
    const char *name;
} flag_names[] = {
    {DATA, 0x1, "END_STREAM"},     {DATA, 0x8, "PADDED"},    {HEADERS, 0x1, "END_STREAM"},
    {HEADERS, 0x4, "END_HEADERS"}, {HEADERS, 0x8, "PADDED"}, {HEADERS, 0x20, "PRIORITY"},
    {SETTINGS, 0x1, "ACK"},        {PING, 0x1, "ACK"},       {CONTINUATION, 0x4, "END_HEADERS"},
};

static void print_lines(struct h2f_text *text)
{
    fputs(h2f_text_string(text), stderr);
    h2f_text_finish(text);
}

void h2f_verbose_log(h2client_log_level level, const char *area, const char *text, void *user)
{
    struct h2f_text line = {0};

    (void)level, (void)user;
    h2f_text_printf(&line, "* %s: %s", area, text);
    h2f_make_printable(line.data);
    h2f_text_puts(&line, "\n");
    print_lines(&line);
}

/* ---- frames -------------------------------------------------------------------- */

static const char *find_field(const h2client_header *fields, const char *name)
{
    for (; fields && fields->name; fields++)
        if (strcmp(fields->name, name) == 0)
            return fields->value;
    return NULL;
}

static void add_flags(struct h2f_text *text, const h2client_frame_event *event)
{
    for (size_t i = 0; i < sizeof flag_names / sizeof flag_names[0]; i++)
        if (flag_names[i].type == event->type && (event->flags & flag_names[i].flag))
            h2f_text_printf(text, " %s", flag_names[i].name);
}

static void add_printable(struct h2f_text *text, const char *string)
{
    size_t start = text->len;

    h2f_text_puts(text, string);
    h2f_make_printable(text->data + start);
}

/* Its heads are told like HEADERS frames, of no stream. */
static bool is_http1(const h2client_frame_event *event)
{
    return event->type == HEADERS && event->stream_id == 0;
}

static void add_frame_line(struct h2f_text *text, const h2client_frame_event *event)
{
    bool has_own_lines = event->type == HEADERS;

    h2f_text_printf(text, "* %s: conn %llu %s %s", is_http1(event) ? "http/1.1" : "h2",
                    (unsigned long long)event->conn_id,
                    event->direction == H2CLIENT_SENT ? "sent" : "got",
                    is_http1(event) ? "head" : event->type_name);
    if (event->stream_id)
        h2f_text_printf(text, " stream %d", event->stream_id);
    h2f_text_printf(text, " len %u", event->len);
    add_flags(text, event);
    for (const h2client_header *f = event->fields; f && f->name && !has_own_lines; f++) {
        h2f_text_printf(text, " %s=", f->name);
        add_printable(text, f->value);
    }
    h2f_text_puts(text, "\n");
}

/* The first line of a request or a response; none for trailers. */
static void add_start_line(struct h2f_text *text, const char *mark,
                           const h2client_frame_event *event)
{
    const h2client_header *fields = event->fields;
    const char *version = is_http1(event) ? "1.1" : "2";
    const char *method = find_field(fields, ":method");
    const char *path = find_field(fields, ":path");
    const char *authority = find_field(fields, ":authority");
    const char *target = path ? path : authority; /* CONNECT has none */
    const char *status = find_field(fields, ":status");

    if (method)
        h2f_text_printf(text, "%s %s %s HTTP/%s\n", mark, method, target ? target : "", version);
    if (authority)
        h2f_text_printf(text, "%s host: %s\n", mark, authority);
    if (status)
        h2f_text_printf(text, "%s HTTP/%s %s\n", mark, version, status);
}

static void add_message(struct h2f_text *text, const h2client_frame_event *event)
{
    const char *mark = event->direction == H2CLIENT_SENT ? ">" : "<";

    add_start_line(text, mark, event);
    for (const h2client_header *f = event->fields; f && f->name; f++) {
        if (f->name[0] == ':')
            continue;
        h2f_text_printf(text, "%s %s: ", mark, f->name);
        add_printable(text, f->value);
        h2f_text_puts(text, "\n");
    }
    h2f_text_printf(text, "%s\n", mark);
}

void h2f_verbose_add_frame(struct h2f_text *text, const h2client_frame_event *event)
{
    add_frame_line(text, event);
    if (event->type == HEADERS && event->fields && event->fields->name)
        add_message(text, event);
}

void h2f_verbose_frame(const h2client_frame_event *event, void *user)
{
    struct h2f_text text = {0};

    (void)user;
    h2f_verbose_add_frame(&text, event);
    print_lines(&text);
}

/* ---- TLS ----------------------------------------------------------------------- */

static void add_certificate(struct h2f_text *text, const h2client_certificate *certificate)
{
    time_t end_s = (time_t)certificate->not_after_s;
    char day[32] = "?";
    struct tm tm;

    if (end_s >= 0 && gmtime_r(&end_s, &tm))
        strftime(day, sizeof day, "%Y-%m-%d", &tm);
    h2f_text_puts(text, ", certificate ");
    add_printable(text, certificate->subject);
    h2f_text_puts(text, " by ");
    add_printable(text, certificate->issuer);
    h2f_text_printf(text, ", expires %s", day);
}

void h2f_verbose_tls(const h2client_call *call)
{
    const h2client_call_info *info = h2client_call_get_info(call);
    const h2client_tls_info *tls = info->n_connects ? h2client_call_tls_info(call) : NULL;
    struct h2f_text text = {0};

    if (!tls)
        return;
    h2f_text_printf(&text, "* tls: conn %llu %s, %s%s", (unsigned long long)info->conn_id,
                    tls->version, tls->cipher, tls->is_resumed ? ", resumed" : "");
    if (tls->certificate)
        add_certificate(&text, tls->certificate);
    h2f_text_puts(&text, "\n");
    print_lines(&text);
}
