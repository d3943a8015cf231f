/* SPDX-License-Identifier: MIT */
/*
 * Failures: of the connection (GOAWAY goes out, every exchange ends), of a stream
 * (RST_STREAM goes out, the others do not notice), and what the peer says by
 * RST_STREAM and GOAWAY or by going away (RFC 9113 5.4, 6.4, 6.8, 8.7).
 */
#include "h2client/h2/h2_internal.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- outcomes ---------------------------------------------------------- */

struct h2i_outcome h2i_h2_success(void)
{
    return (struct h2i_outcome){
        .fault = {.code = H2CLIENT_OK, .tls_alert = -1},
        .replay_class = H2CLIENT_REPLAY_NONE,
        .http2_code = -1,
    };
}

__attribute__((format(printf, 4, 0))) static struct h2i_outcome failure_of(
    h2client_error_code code, h2client_replay_class replay_class, int64_t http2_code,
    const char *format, va_list args)
{
    struct h2i_outcome outcome = h2i_h2_success();

    outcome.fault.code = code;
    outcome.replay_class = replay_class;
    outcome.http2_code = http2_code;
    vsnprintf(outcome.fault.text, sizeof outcome.fault.text, format, args);
    return outcome;
}

struct h2i_outcome h2i_h2_failure(h2client_error_code code, h2client_replay_class replay_class,
                                  int64_t http2_code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct h2i_outcome outcome = failure_of(code, replay_class, http2_code, format, args);
    va_end(args);
    return outcome;
}

/* The connection goes on: what is in the output will go out. */
h2client_replay_class h2i_h2_replay_class(const struct h2i_h2_stream *stream)
{
    return stream->out.has_begun ? H2CLIENT_REPLAY_MAYBE_PROCESSED : H2CLIENT_REPLAY_NEVER_SENT;
}

/* It ends here: what the transport did not take stays. */
static h2client_replay_class replay_class_at_end(const struct h2i_h2_stream *stream)
{
    return stream->exchange ? h2i_exchange_replay_class(&stream->conn->base, stream->exchange)
                            : H2CLIENT_REPLAY_NONE;
}

/* ---- connection -------------------------------------------------------- */

/* Streams stay linked until nghttp2 closes them: only exchanges end here. */
static void end_all(struct h2i_h2_conn *conn, struct h2i_outcome outcome)
{
    for (struct h2i_list *at = conn->streams.next; at != &conn->streams; at = at->next) {
        struct h2i_h2_stream *stream = H2I_CONTAINER_OF(at, struct h2i_h2_stream, node);
        outcome.replay_class = h2i_h2_replay_class(stream);
        h2i_h2_stream_end(stream, &outcome);
    }
}

static void fail_with(struct h2i_h2_conn *conn, const struct h2i_outcome *outcome)
{
    if (conn->base.has_failed)
        return;
    conn->base.has_failed = true;
    conn->base.accepts_new = false;
    conn->base.failure = *outcome;
    conn->is_changed = true;
    if (nghttp2_session_terminate_session(conn->session, (uint32_t)outcome->http2_code) != 0)
        conn->is_dead = true;
    end_all(conn, *outcome);
}

void h2i_h2_fail(struct h2i_h2_conn *conn, h2client_error_code code, uint32_t http2_code,
                 const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct h2i_outcome outcome =
        failure_of(code, H2CLIENT_REPLAY_MAYBE_PROCESSED, http2_code, format, args);
    va_end(args);
    fail_with(conn, &outcome);
}

void h2i_h2_out_of_memory(struct h2i_h2_conn *conn)
{
    conn->is_out_of_memory = true;
    h2i_h2_fail(conn, H2CLIENT_ERROR_NO_MEMORY, NGHTTP2_INTERNAL_ERROR,
                "no memory for the HTTP/2 connection");
}

static h2client_error_code code_of(uint32_t http2_code)
{
    switch (http2_code) {
    case NGHTTP2_FRAME_SIZE_ERROR:
        return H2CLIENT_ERROR_H2_FRAME_SIZE;
    case NGHTTP2_COMPRESSION_ERROR:
        return H2CLIENT_ERROR_H2_COMPRESSION;
    case NGHTTP2_FLOW_CONTROL_ERROR:
        return H2CLIENT_ERROR_H2_FLOW_CONTROL;
    case NGHTTP2_ENHANCE_YOUR_CALM:
        return H2CLIENT_ERROR_H2_FLOOD;
    default:
        return H2CLIENT_ERROR_H2_CONNECTION;
    }
}

bool h2i_h2_fail_frame(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame,
                       uint32_t http2_code, const char *format, ...)
{
    char why[160];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    h2i_h2_fail(conn, code_of(http2_code), http2_code, "%s frame (type %u) on stream %d: %s: %s",
                h2i_h2_frame_name(frame->type), frame->type, frame->stream_id,
                h2client_http2_code_name(http2_code), why);
    return false;
}

/* ---- streams ----------------------------------------------------------- */

void h2i_h2_stream_fail(struct h2i_h2_stream *stream, h2client_error_code code, uint32_t http2_code,
                        const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct h2i_outcome outcome =
        failure_of(code, h2i_h2_replay_class(stream), http2_code, format, args);
    va_end(args);
    h2i_h2_stream_reset(stream, http2_code);
    h2i_h2_stream_end(stream, &outcome);
}

void h2i_h2_on_reset(struct h2i_h2_stream *stream, uint32_t http2_code)
{
    struct h2i_outcome outcome =
        h2i_h2_failure(H2CLIENT_ERROR_H2_STREAM_RESET, h2i_h2_replay_class(stream), http2_code,
                       "the server reset the stream with %s (%u)",
                       h2client_http2_code_name(http2_code), http2_code);

    /* RFC 9113 8.7: refused means not processed at all. */
    if (http2_code == NGHTTP2_REFUSED_STREAM) {
        outcome.fault.code = H2CLIENT_ERROR_H2_REFUSED_STREAM;
        outcome.replay_class = H2CLIENT_REPLAY_UNPROCESSED;
        outcome.was_early = stream->out.is_early;
    }
    h2i_h2_stream_end(stream, &outcome);
}

/* ---- the peer goes away ------------------------------------------------ */

static struct h2i_outcome outcome_of_goaway(const nghttp2_goaway *goaway)
{
    struct h2i_outcome outcome = h2i_h2_failure(
        H2CLIENT_ERROR_H2_GOAWAY, H2CLIENT_REPLAY_MAYBE_PROCESSED, goaway->error_code,
        "GOAWAY with %s (%u), last stream %d", h2client_http2_code_name(goaway->error_code),
        goaway->error_code, goaway->last_stream_id);
    struct h2i_text text = {outcome.fault.text, sizeof outcome.fault.text,
                            strlen(outcome.fault.text)};

    if (goaway->opaque_data_len > 0) {
        h2i_text_add(&text, ": \"");
        h2i_text_add_untrusted(&text, goaway->opaque_data, goaway->opaque_data_len);
        h2i_text_add(&text, "\"");
    }
    return outcome;
}

/* RFC 9113 6.8: streams above the last one were not and will not be processed. What
 * was not begun yet may not be any more. */
void h2i_h2_on_goaway(struct h2i_h2_conn *conn, const nghttp2_goaway *goaway)
{
    struct h2i_outcome unprocessed = outcome_of_goaway(goaway);

    h2i_h2_trace_goaway(conn, goaway);
    conn->goaway.is_received = true;
    conn->goaway.code = goaway->error_code;
    conn->goaway.last_id = goaway->last_stream_id;
    conn->base.accepts_new = false;
    conn->base.failure = unprocessed;
    conn->is_changed = true;

    unprocessed.fault.code = H2CLIENT_ERROR_H2_UNPROCESSED;
    for (struct h2i_list *at = conn->streams.next; at != &conn->streams; at = at->next) {
        struct h2i_h2_stream *stream = H2I_CONTAINER_OF(at, struct h2i_h2_stream, node);
        if (stream->out.has_begun && stream->id <= goaway->last_stream_id)
            continue;
        unprocessed.replay_class =
            stream->out.has_begun ? H2CLIENT_REPLAY_UNPROCESSED : H2CLIENT_REPLAY_NEVER_SENT;
        h2i_h2_stream_end(stream, &unprocessed);
    }
}

static struct h2i_outcome outcome_of_end(const struct h2i_h2_conn *conn,
                                         const struct h2i_h2_stream *stream)
{
    h2client_replay_class replay_class = replay_class_at_end(stream);

    if (conn->goaway.is_received && conn->goaway.code != NGHTTP2_NO_ERROR)
        return conn->base.failure;
    if (stream->in.phase == H2I_H2_AWAITS_HEAD)
        return h2i_h2_failure(H2CLIENT_ERROR_EMPTY_REPLY, replay_class, -1,
                              "the server closed the connection without an answer");
    return h2i_h2_failure(H2CLIENT_ERROR_TRUNCATED, replay_class, -1,
                          "the connection ended inside the response");
}

static struct h2i_outcome outcome_of_fault(const struct h2i_h2_conn *conn,
                                           const h2client_fault *fault)
{
    struct h2i_outcome outcome =
        h2i_h2_failure(H2CLIENT_ERROR_EMPTY_REPLY, H2CLIENT_REPLAY_MAYBE_PROCESSED, -1,
                       "the server closed the connection");

    if (conn->goaway.is_received && conn->goaway.code != NGHTTP2_NO_ERROR)
        return conn->base.failure;
    if (fault)
        outcome.fault = *fault;
    return outcome;
}

void h2i_h2_end_input(struct h2i_h2_conn *conn, const h2client_fault *fault)
{
    h2i_h2_gate_end(conn);
    conn->is_dead = true;
    if (conn->base.has_failed)
        return;
    struct h2i_outcome of_conn = outcome_of_fault(conn, fault);
    conn->base.has_failed = true;
    conn->base.accepts_new = false;
    conn->is_changed = true;
    for (struct h2i_list *at = conn->streams.next; at != &conn->streams; at = at->next) {
        struct h2i_h2_stream *stream = H2I_CONTAINER_OF(at, struct h2i_h2_stream, node);
        struct h2i_outcome outcome = fault ? of_conn : outcome_of_end(conn, stream);
        outcome.replay_class = replay_class_at_end(stream);
        h2i_h2_stream_end(stream, &outcome);
    }
    conn->base.failure = of_conn;
}
