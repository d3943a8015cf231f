/* SPDX-License-Identifier: MIT */
/*
 * The gate: cuts what comes into frames (RFC 9113 4.1) and hands them to nghttp2, each
 * head in one piece and only after the rules (h2_rules.c) have let it pass. Payloads
 * of DATA and of header blocks are passed on as they come, never gathered.
 *
 * Whole heads matter for CONTINUATION too: nghttp2 1.52 counts calls, not frames.
 */
#include "h2client/h2/h2_internal.h"

#include "base/fault.h"

#define MAX_QUOTED_BYTES 80u

/* ---- what is not HTTP/2 ------------------------------------------------ */

static bool starts_with(const struct h2i_h2_conn *conn, const char *text, size_t len)
{
    return conn->in.n >= len && memcmp(conn->in.buf, text, len) == 0;
}

static void fail_foreign(struct h2i_h2_conn *conn)
{
    char quote_buf[MAX_QUOTED_BYTES * 4];
    struct h2i_text quote = h2i_text(quote_buf, sizeof quote_buf);
    const char *guess = "";

    if (starts_with(conn, "HTTP/", 5))
        guess = "HTTP/1, ";
    else if (starts_with(conn, "\x15\x03", 2) || starts_with(conn, "\x16\x03", 2))
        guess = "TLS, ";
    h2i_text_add_untrusted(&quote, conn->in.buf, conn->in.n);
    h2i_h2_fail(conn, H2CLIENT_ERROR_H2_NOT_HTTP2, NGHTTP2_PROTOCOL_ERROR,
                "the server does not speak HTTP/2: it answered with %s\"%s\"", guess, quote_buf);
}

/* Gathers the first line of an HTTP/1 answer, which says more than its first bytes. */
static size_t gather_foreign(struct h2i_h2_conn *conn, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool is_line_end = data[i] == '\r' || data[i] == '\n';
        if (!is_line_end)
            conn->in.buf[conn->in.n++] = data[i];
        if (is_line_end || conn->in.n == MAX_QUOTED_BYTES) {
            fail_foreign(conn);
            return len;
        }
    }
    return len;
}

/* Some servers that are told to end between the TLS handshake and our preface say so
 * first: that is HTTP/2, but nobody knows what they will still answer. */
static void fail_early_goaway(struct h2i_h2_conn *conn)
{
    h2i_h2_fail(conn, H2CLIENT_ERROR_H2_GOAWAY, NGHTTP2_PROTOCOL_ERROR,
                "GOAWAY before the server's SETTINGS");
}

/* RFC 9113 3.4: the server's preface is a SETTINGS frame. False: something else. */
static bool check_preface(struct h2i_h2_conn *conn)
{
    const struct h2i_h2_frame *frame = &conn->in.frame;
    bool is_settings = frame->type == NGHTTP2_SETTINGS && !(frame->flags & NGHTTP2_FLAG_ACK);

    if (conn->in.has_settings || (is_settings && frame->len <= H2I_H2_MAX_FRAME_BYTES)) {
        conn->in.has_settings = true;
        return true;
    }
    if (starts_with(conn, "HTTP/", 5))
        conn->in.is_foreign = true;
    else if (frame->type == NGHTTP2_GOAWAY)
        fail_early_goaway(conn);
    else
        fail_foreign(conn);
    return false;
}

/* The beginning of a SETTINGS frame's head: of an HTTP/2 server that died early. */
static bool is_cut_preface(const struct h2i_h2_conn *conn)
{
    const uint8_t *head = conn->in.buf; /* no length of 2^16 and more is allowed at first */

    return conn->in.n == 0 || (head[0] == 0 && (conn->in.n <= 3 || head[3] == NGHTTP2_SETTINGS));
}

void h2i_h2_gate_end(struct h2i_h2_conn *conn)
{
    if (conn->in.is_foreign || (!conn->in.has_settings && !is_cut_preface(conn)))
        fail_foreign(conn);
}

/* ---- nghttp2 ----------------------------------------------------------- */

static bool is_header_frame(const struct h2i_h2_frame *frame)
{
    return frame->type == NGHTTP2_HEADERS || frame->type == NGHTTP2_CONTINUATION;
}

static void fail_by_library(struct h2i_h2_conn *conn, int error)
{
    if (error == NGHTTP2_ERR_NOMEM || conn->is_out_of_memory)
        h2i_h2_out_of_memory(conn);
    else
        h2i_h2_fail_frame(conn, &conn->in.frame,
                          error == NGHTTP2_ERR_FLOODED ||
                                  error == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS
                              ? NGHTTP2_ENHANCE_YOUR_CALM
                              : NGHTTP2_INTERNAL_ERROR,
                          "%s", nghttp2_strerror(error));
}

/* nghttp2 tells nobody of a header block it cannot decode but the peer: it queues
 * GOAWAY. Nothing else of its own goes into the queue while it reads a block. */
static void feed(struct h2i_h2_conn *conn, const uint8_t *data, size_t len)
{
    size_t n_queued = nghttp2_session_get_outbound_queue_size(conn->session);
    conn->in.n_ours_queued = 0;
    ssize_t n = nghttp2_session_mem_recv(conn->session, data, len);

    if (conn->base.has_failed)
        return;
    if (n < 0) {
        fail_by_library(conn, (int)n);
        return;
    }
    n_queued += conn->in.n_ours_queued;
    if (is_header_frame(&conn->in.frame) &&
        nghttp2_session_get_outbound_queue_size(conn->session) > n_queued)
        h2i_h2_fail_frame(conn, &conn->in.frame, NGHTTP2_COMPRESSION_ERROR,
                          "the header block cannot be decoded");
}

/* ---- frames ------------------------------------------------------------ */

static struct h2i_h2_frame parse_head(const uint8_t *head)
{
    return (struct h2i_h2_frame){
        .len = (uint32_t)head[0] << 16 | (uint32_t)head[1] << 8 | head[2],
        .type = head[3],
        .flags = head[4],
        .stream_id = (int32_t)(h2i_h2_read_u32(head + 5) & 0x7fffffff),
    };
}

static void begin_frame(struct h2i_h2_conn *conn)
{
    size_t n_peeked = 0;

    conn->in.frame = parse_head(conn->in.buf);
    conn->in.is_dropped = false;
    if (!check_preface(conn))
        return;
    if (h2i_h2_judge_head(conn, &conn->in.frame, &n_peeked))
        conn->in.wanted = H2I_H2_HEAD_BYTES + n_peeked;
    else
        h2i_h2_trace_refused(conn, &conn->in.frame);
}

static void pass_gathered(struct h2i_h2_conn *conn)
{
    size_t n = conn->in.n;

    conn->in.n = 0;
    conn->in.wanted = 0;
    conn->in.n_left = conn->in.frame.len - (uint32_t)(n - H2I_H2_HEAD_BYTES);
    if (h2i_h2_judge_frame(conn, &conn->in.frame, conn->in.buf + H2I_H2_HEAD_BYTES) &&
        !conn->in.is_dropped)
        feed(conn, conn->in.buf, n);
}

static size_t gather(struct h2i_h2_conn *conn, const uint8_t *data, size_t len)
{
    size_t wanted = conn->in.wanted ? conn->in.wanted : H2I_H2_HEAD_BYTES;
    size_t n = wanted - conn->in.n < len ? wanted - conn->in.n : len;

    memcpy(conn->in.buf + conn->in.n, data, n);
    conn->in.n += n;
    if (conn->in.n < wanted)
        return n;
    if (!conn->in.wanted)
        begin_frame(conn);
    if (conn->in.n == conn->in.wanted)
        pass_gathered(conn);
    return n;
}

static size_t pass_payload(struct h2i_h2_conn *conn, const uint8_t *data, size_t len)
{
    size_t n = conn->in.n_left < len ? conn->in.n_left : len;

    conn->in.n_left -= (uint32_t)n;
    if (!conn->in.is_dropped &&
        (!is_header_frame(&conn->in.frame) || h2i_h2_costs_block(conn, &conn->in.frame, n)))
        feed(conn, data, n);
    return n;
}

void h2i_h2_gate_take(struct h2i_h2_conn *conn, const uint8_t *data, size_t len)
{
    while (len > 0 && !conn->base.has_failed) {
        size_t n;
        if (conn->in.is_foreign)
            n = gather_foreign(conn, data, len);
        else if (conn->in.n_left > 0)
            n = pass_payload(conn, data, len);
        else
            n = gather(conn, data, len);
        data += n;
        len -= n;
    }
}
