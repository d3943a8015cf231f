/* SPDX-License-Identifier: MIT */
/* A body line by line. What is read ahead of the lines is held apart from the body, whose
 * bytes stand in the stream's window: a line may be longer than that. */
#include "base/fault.h"
#include "h2client/call_lines.h"
#include "h2client/session_internal.h"

#define PIECE_BYTES 16384

static h2client_error_code fail(h2client_call *call, h2client_error_code code)
{
    h2client_fault fault = h2i_fault(code, "a line of the body is above max_body_bytes, %lld",
                                     (long long)call->settings.max_body_bytes);

    if (code == H2CLIENT_ERROR_NO_MEMORY)
        fault.text[0] = 0;
    if (!h2i_call_has_ended(call) && h2i_call_enter(call)) {
        h2i_call_end_as(call, &fault);
        h2i_session_nudge(call->session);
    }
    return code;
}

static void drop_given(h2client_call *call)
{
    struct h2i_lines *lines = &call->in.lines;

    h2i_buf_consume(&lines->held, lines->n_given);
    lines->n_given = lines->n_searched = 0;
}

void h2i_call_take_held(h2client_call *call, void *buf, size_t cap, size_t *n)
{
    struct h2i_buf *held = &call->in.lines.held;

    drop_given(call);
    *n = h2i_buf_len(held) < cap ? h2i_buf_len(held) : cap;
    if (*n)
        memcpy(buf, h2i_buf_data(held), *n);
    h2i_buf_consume(held, *n);
}

bool h2i_call_give_lines_back(h2client_call *call)
{
    struct h2i_buf *held = &call->in.lines.held, *body = &call->in.body, first;
    char *end;

    if (!h2i_call_holds_lines(call))
        return true;
    drop_given(call);
    end = h2i_buf_reserve(held, h2i_buf_len(body) + 1);
    if (!end)
        return false;
    memcpy(end, h2i_buf_data(body), h2i_buf_len(body));
    end[h2i_buf_len(body)] = 0;
    h2i_buf_commit(held, h2i_buf_len(body));
    h2i_buf_clear(body, 0);
    first = *held;
    *held = *body;
    *body = first;
    return true;
}

/* The first `len` bytes of what is held, and `n_end` behind them that end the line. */
static void give(struct h2i_lines *lines, size_t len, size_t n_end, const char **line, size_t *n)
{
    char *text = lines->held.block + lines->held.start;

    lines->n_given = len + n_end;
    if (n_end && len > 0 && text[len - 1] == '\r')
        len--;
    text[len] = 0; /* in place of the end, or in the room behind it */
    *line = text;
    *n = len;
}

/* What stands behind the last line end. */
static h2client_error_code give_rest(h2client_call *call, const char **line, size_t *len)
{
    struct h2i_lines *lines = &call->in.lines;

    if (h2i_buf_len(&lines->held) == 0)
        return H2CLIENT_OK;
    if (!h2i_buf_reserve(&lines->held, 1))
        return fail(call, H2CLIENT_ERROR_NO_MEMORY);
    give(lines, h2i_buf_len(&lines->held), 0, line, len);
    return H2CLIENT_OK;
}

static bool find_end(struct h2i_lines *lines, size_t *len)
{
    const char *text = h2i_buf_data(&lines->held);
    size_t n_held = h2i_buf_len(&lines->held);
    const char *end = memchr(text + lines->n_searched, '\n', n_held - lines->n_searched);

    lines->n_searched = n_held;
    if (end)
        *len = (size_t)(end - text);
    return end != NULL;
}

static h2client_error_code fetch(h2client_call *call, size_t *n)
{
    struct h2i_buf *held = &call->in.lines.held;
    void *room = h2i_buf_reserve(held, PIECE_BYTES);
    h2client_error_code code =
        room ? h2i_call_try_take(call, room, PIECE_BYTES, n) : fail(call, H2CLIENT_ERROR_NO_MEMORY);

    if (!code)
        h2i_buf_commit(held, *n);
    return code;
}

h2client_error_code h2client_call_try_read_line(h2client_call *call, const char **line, size_t *len)
{
    struct h2i_lines *lines;
    h2client_error_code code = H2CLIENT_OK;
    size_t n = 1, n_line = 0;

    if (line)
        *line = NULL;
    if (!call)
        return H2CLIENT_ERROR_NO_MEMORY;
    if (!line || !len || call->settings.on_data)
        return H2CLIENT_ERROR_INVALID_ARGUMENT;
    *len = 0;
    lines = &call->in.lines;
    drop_given(call);
    while (!code && n > 0) {
        bool is_found = find_end(lines, &n_line);
        if ((uint64_t)(is_found ? n_line : h2i_buf_len(&lines->held)) >
            (uint64_t)call->settings.max_body_bytes)
            return fail(call, H2CLIENT_ERROR_LINE_TOO_LONG);
        if (is_found) {
            give(lines, n_line, 1, line, len);
            return H2CLIENT_OK;
        }
        code = fetch(call, &n);
    }
    return code ? code : give_rest(call, line, len);
}
