/* SPDX-License-Identifier: MIT */
/*
 * Failures. Each ends the connection: after a response that cannot be read, or a request
 * that was not sent whole, nothing says where the next one begins (RFC 9112 6.3, 8, 9.5).
 */
#include "h2client/h1/h1_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/fault.h"

static h2client_replay_class replay_class(const struct h2i_h1_conn *conn)
{
    return conn->exchange ? h2i_exchange_replay_class(&conn->base, conn->exchange)
                          : H2CLIENT_REPLAY_NONE;
}

void h2i_h1_end_exchange(struct h2i_h1_conn *conn, const struct h2i_outcome *outcome)
{
    struct h2i_exchange *exchange = conn->exchange;

    h2i_h1_detach(conn);
    exchange->events->on_end(exchange, outcome);
}

static void fail_with(struct h2i_h1_conn *conn, const h2client_fault *fault,
                      h2client_replay_class replay_class)
{
    struct h2i_outcome outcome = {.fault = *fault, .replay_class = replay_class, .http2_code = -1};

    if (conn->base.has_failed)
        return;
    conn->base.has_failed = true;
    conn->base.accepts_new = false;
    conn->base.failure = outcome;
    conn->is_closing = true;
    conn->is_changed = true;
    h2i_h1_drop_output(conn);
    if (conn->exchange)
        h2i_h1_end_exchange(conn, &outcome);
}

void h2i_h1_fail(struct h2i_h1_conn *conn, h2client_error_code code, const char *format, ...)
{
    h2client_fault fault = h2i_fault(code, "%s", "");
    va_list args;

    va_start(args, format);
    vsnprintf(fault.text, sizeof fault.text, format, args);
    va_end(args);
    fail_with(conn, &fault, replay_class(conn));
}

void h2i_h1_malformed(struct h2i_h1_conn *conn, const char *format, ...)
{
    char what[200];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    h2i_h1_fail(conn, H2CLIENT_ERROR_H1_MALFORMED, "malformed HTTP/1.1 response: %s", what);
}

/* The head stands in the output already, and may leave before the connection closes. */
void h2i_h1_fail_upload(struct h2i_h1_conn *conn, const struct h2i_upload_step *step)
{
    int64_t declared = conn->exchange->request->body_len;
    int64_t n_bytes = conn->out.upload.n_bytes;
    h2client_fault fault =
        declared >= 0
            ? h2i_fault(step->code, "the request's body %s (%" PRId64 " of %" PRId64 " bytes sent)",
                        step->what, n_bytes, declared)
            : h2i_fault(step->code, "the request's body %s (%" PRId64 " bytes sent)", step->what,
                        n_bytes);

    fail_with(conn, &fault, H2CLIENT_REPLAY_MAYBE_PROCESSED);
}

/* ---- the end of the input ------------------------------------------------ */

/* How many bytes of a body had come is told by whoever counts them. */
static h2client_fault fault_of_end(const struct h2i_h1_conn *conn)
{
    static const char *const places[] = {
        [H2I_H1_STATUS_LINE] = "head",      [H2I_H1_FIELDS] = "head",
        [H2I_H1_COUNTED_BODY] = "body",     [H2I_H1_CHUNKED_BODY] = "chunked body",
        [H2I_H1_TRAILERS] = "chunked body", [H2I_H1_OPEN_BODY] = "body",
    };
    bool is_between = conn->in.phase == H2I_H1_STATUS_LINE && conn->in.n_head_bytes == 0;

    if (!conn->exchange)
        return h2i_fault(H2CLIENT_ERROR_EMPTY_REPLY, "the server closed the connection");
    if (is_between && conn->in.n_informational > 0)
        return h2i_fault(H2CLIENT_ERROR_EMPTY_REPLY,
                         "the server closed the connection with no more than an interim answer");
    if (is_between)
        return h2i_fault(H2CLIENT_ERROR_EMPTY_REPLY,
                         "the server closed the connection without an answer");
    return h2i_fault(H2CLIENT_ERROR_TRUNCATED, "the connection ended inside the response's %s",
                     places[conn->in.phase]);
}

void h2i_h1_end_input(struct h2i_h1_conn *conn, const h2client_fault *fault)
{
    /* RFC 9112 6.3, rule 8; a broken transport ends no body (9.8). */
    if (!fault && conn->exchange && conn->in.phase == H2I_H1_OPEN_BODY)
        h2i_h1_finish(conn);
    if (!fault && conn->exchange)
        h2i_h1_section_cut(conn);
    h2client_fault of_end = fault ? *fault : fault_of_end(conn);
    fail_with(conn, &of_end, replay_class(conn));
}
