/* SPDX-License-Identifier: MIT */
/*
 * Heads as people want to see them, told like HTTP/2's HEADERS frames of stream 0: the
 * first line as pseudo fields, the secrets taken out. Runs only where somebody listens, so
 * its cost does not matter.
 */
#include "h2client/h1/h1_internal.h"

#include <stdio.h>

#define HEADERS_TYPE 1u /* RFC 9113 6.2 */
#define MAX_EXTRA_FIELDS 5u

struct trace_list {
    h2client_header *at;
    size_t n;
};

/* at NULL: no memory, nothing is told. */
static struct trace_list create_list(struct h2i_h1_conn *conn, size_t n_fields)
{
    return (struct trace_list){
        .at =
            h2i_alloc_array(conn->allocator, n_fields + MAX_EXTRA_FIELDS, sizeof(h2client_header)),
    };
}

static void add(struct trace_list *list, const char *name, const char *value)
{
    bool is_secret = h2i_field_is_secret(h2i_str_of(name));

    list->at[list->n++] = (h2client_header){name, is_secret ? "[hidden]" : value};
}

static void emit(struct h2i_h1_conn *conn, h2client_direction direction, struct trace_list *list,
                 size_t len)
{
    h2client_frame_event event = {
        .size = sizeof event,
        .time_us = conn->now_us,
        .conn_id = conn->base.id,
        .type_name = "HEADERS",
        .fields = list->at,
        .len = (uint32_t)len,
        .direction = direction,
        .type = HEADERS_TYPE,
    };

    list->at[list->n] = (h2client_header){NULL, NULL};
    conn->base.events->on_frame(&conn->base, &event);
    h2i_free(conn->allocator, list->at);
}

void h2i_h1_trace_request(struct h2i_h1_conn *conn)
{
    const struct h2i_request *request = conn->exchange->request;

    if (!conn->base.traces)
        return;
    struct trace_list list = create_list(conn, request->n_fields);
    if (!list.at)
        return;
    add(&list, ":method", request->method);
    add(&list, ":path", request->path);
    add(&list, "host", request->authority);
    for (size_t i = 0; i < request->n_fields; i++)
        add(&list, request->fields[i].name, request->fields[i].value);
    emit(conn, H2CLIENT_SENT, &list, conn->out.head_len);
}

void h2i_h1_trace_section(struct h2i_h1_conn *conn, int status)
{
    const h2client_header *field = h2i_fields_list(&conn->in.fields);
    char number[16];

    if (!conn->base.traces)
        return;
    struct trace_list list = create_list(conn, conn->in.fields.n);
    if (!list.at)
        return;
    snprintf(number, sizeof number, "%d", status);
    if (status)
        add(&list, ":status", number);
    for (; field->name; field++)
        add(&list, field->name, field->value);
    emit(conn, H2CLIENT_RECEIVED, &list, conn->in.n_head_bytes);
}
