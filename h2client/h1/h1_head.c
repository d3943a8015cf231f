/* SPDX-License-Identifier: MIT */
/*
 * Heads and trailers, line by line, into the fields of one section (RFC 9112 2.2, 4, 5).
 * What the lines mean for the message is not judged here.
 *
 * A bare LF ends a line too, as RFC 9112 2.2 allows: no byte after it can be read
 * differently by somebody else, since we forward nothing. A bare CR is refused, as a part
 * of the value in which it stands. obs-fold becomes one space (5.2): a field is therefore
 * kept until the next line has shown that it does not continue it. White space before the
 * first field and before a colon is refused (5.1, 2.2), because others read such lines in
 * different ways.
 */
#include "h2client/h1/h1_internal.h"

#define PREFIX "HTTP/1."
#define PREFIX_BYTES 8u /* with the digit */
#define MAX_SHOWN_NAME_BYTES 40u

static enum h2i_h1_section_event malformed(struct h2i_h1_conn *conn, const char *what)
{
    h2i_h1_malformed(conn, "%s", what);
    return H2I_H1_SECTION_FAILED;
}

static enum h2i_h1_section_event too_large(struct h2i_h1_conn *conn)
{
    h2i_h1_fail(conn, H2CLIENT_ERROR_HEADERS_TOO_LARGE,
                "the response's heads are above %u bytes or %u fields",
                conn->config.max_header_bytes, conn->config.max_header_fields);
    return H2I_H1_SECTION_FAILED;
}

static enum h2i_h1_section_event no_memory(struct h2i_h1_conn *conn)
{
    h2i_h1_fail(conn, H2CLIENT_ERROR_NO_MEMORY, "no memory for the response's head");
    return H2I_H1_SECTION_FAILED;
}

void h2i_h1_section_begin(struct h2i_h1_conn *conn, enum h2i_h1_phase phase)
{
    conn->in.phase = phase;
    h2i_buf_clear(&conn->in.text, H2I_H1_KEPT_BYTES);
    conn->in.n_pending = 0;
    conn->in.has_prefix = false;
    conn->in.fields = (struct h2i_fields){0};
    conn->in.n_head_bytes = 0;
}

static struct h2i_str line_of(const struct h2i_h1_conn *conn)
{
    return h2i_str(h2i_buf_data(&conn->in.text) + conn->in.n_pending,
                   h2i_buf_len(&conn->in.text) - conn->in.n_pending);
}

/* ---- the status line ----------------------------------------------------- */

/* Judged before the line is whole: another protocol may never end one. */
static bool judge_prefix(struct h2i_h1_conn *conn)
{
    struct h2i_str line = line_of(conn);
    char shown_buf[PREFIX_BYTES * 4 + 1];
    struct h2i_text shown = h2i_text(shown_buf, sizeof shown_buf);

    conn->in.has_prefix = line.len >= PREFIX_BYTES &&
                          memcmp(line.data, PREFIX, PREFIX_BYTES - 1) == 0 &&
                          h2i_is_digit(line.data[PREFIX_BYTES - 1]);
    if (conn->in.has_prefix)
        return true;
    h2i_text_add_untrusted(&shown, line.data, line.len);
    h2i_h1_malformed(conn, "it begins with \"%s\", not with a version of HTTP/1", shown_buf);
    return false;
}

void h2i_h1_section_cut(struct h2i_h1_conn *conn)
{
    struct h2i_str line = line_of(conn);

    if (conn->in.phase == H2I_H1_STATUS_LINE && !conn->in.has_prefix &&
        memcmp(line.data, PREFIX, line.len) != 0)
        (void)judge_prefix(conn);
}

/* RFC 9112 4: the reason may be empty, and so, with many servers, the space before it. */
static enum h2i_h1_section_event end_status_line(struct h2i_h1_conn *conn)
{
    struct h2i_str line = line_of(conn);
    struct h2i_str rest = h2i_str(line.data + PREFIX_BYTES, line.len - PREFIX_BYTES);
    uint64_t status;

    if (rest.len < 4 || rest.data[0] != ' ' || (rest.len > 4 && rest.data[4] != ' ') ||
        !h2i_str_parse_uint(h2i_str(rest.data + 1, 3), 999, &status) || status < 100)
        return malformed(conn, "the status is not a number of three digits");
    if (!h2i_str_is_field_value(h2i_str_trim(h2i_str(rest.data + 4, rest.len - 4))))
        return malformed(conn, "the reason holds a control character");
    conn->in.status = (int)status;
    conn->in.is_http10 = line.data[PREFIX_BYTES - 1] == '0';
    h2i_buf_clear(&conn->in.text, H2I_H1_KEPT_BYTES);
    conn->in.phase = H2I_H1_FIELDS;
    return H2I_H1_SECTION_STATUS;
}

/* ---- fields -------------------------------------------------------------- */

static enum h2i_h1_section_event malformed_field(struct h2i_h1_conn *conn, struct h2i_str name,
                                                 const char *why)
{
    char shown_buf[MAX_SHOWN_NAME_BYTES * 4 + 1];
    struct h2i_text shown = h2i_text(shown_buf, sizeof shown_buf);

    h2i_text_add_untrusted(&shown, name.data,
                           name.len < MAX_SHOWN_NAME_BYTES ? name.len : MAX_SHOWN_NAME_BYTES);
    h2i_h1_malformed(conn, "field \"%s\" %s", shown_buf, why);
    return H2I_H1_SECTION_FAILED;
}

/* As HTTP/2 has them. */
static void lower(char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        name[i] = h2i_lower(name[i]);
}

/* The field that nothing continues any more. */
static enum h2i_h1_section_event take_field(struct h2i_h1_conn *conn)
{
    char *text = conn->in.text.block + conn->in.text.start;
    char *colon = memchr(text, ':', conn->in.n_pending);

    if (++conn->in.n_all_fields > conn->config.max_header_fields)
        return too_large(conn);
    if (!colon) {
        h2i_h1_malformed(conn, "line %u of the fields has no colon", conn->in.fields.n + 1);
        return H2I_H1_SECTION_FAILED;
    }
    struct h2i_str name = h2i_str(text, (size_t)(colon - text));
    struct h2i_str value = h2i_str_trim(h2i_str(colon + 1, conn->in.n_pending - name.len - 1));
    if (!h2i_str_is_token(name))
        return malformed_field(
            conn, name, name.len ? "has a byte that is not allowed in names" : "has no name");
    if (!h2i_str_is_field_value(value))
        return malformed_field(conn, name, "has a value with a byte that is not allowed there");
    lower(text, name.len);
    if (!h2i_fields_add(conn->exchange->arena, &conn->in.fields, name, value))
        return no_memory(conn);
    h2i_buf_consume(&conn->in.text, conn->in.n_pending);
    conn->in.n_pending = 0;
    return H2I_H1_SECTION_GOES_ON;
}

/* RFC 9112 5.2: the line goes behind the field, with one space for all white space. */
static enum h2i_h1_section_event fold(struct h2i_h1_conn *conn)
{
    struct h2i_str piece = h2i_str_trim(line_of(conn));
    char *end = conn->in.text.block + conn->in.text.start + conn->in.n_pending;

    if (conn->in.n_pending == 0)
        return malformed(conn, "white space before the first field");
    if (piece.len > 0) {
        end[0] = ' ';
        memmove(end + 1, piece.data, piece.len);
        conn->in.n_pending += piece.len + 1;
    }
    h2i_buf_truncate(&conn->in.text, conn->in.n_pending);
    return H2I_H1_SECTION_GOES_ON;
}

/* White space at the end of a line is nobody's; without it a fold needs no second look. */
static void trim_line(struct h2i_h1_conn *conn)
{
    struct h2i_str line = line_of(conn);

    while (line.len > 0 && (line.data[line.len - 1] == ' ' || line.data[line.len - 1] == '\t'))
        line.len--;
    h2i_buf_truncate(&conn->in.text, conn->in.n_pending + line.len);
}

static enum h2i_h1_section_event end_field_line(struct h2i_h1_conn *conn)
{
    struct h2i_str line = line_of(conn);
    enum h2i_h1_section_event event = H2I_H1_SECTION_GOES_ON;

    if (line.len > 0 && (line.data[0] == ' ' || line.data[0] == '\t'))
        return fold(conn);
    if (conn->in.n_pending > 0)
        event = take_field(conn);
    if (event != H2I_H1_SECTION_GOES_ON)
        return event;
    if (line.len == 0)
        return H2I_H1_SECTION_END;
    trim_line(conn);
    conn->in.n_pending = h2i_buf_len(&conn->in.text);
    return H2I_H1_SECTION_GOES_ON;
}

/* ---- bytes --------------------------------------------------------------- */

static enum h2i_h1_section_event end_line(struct h2i_h1_conn *conn)
{
    struct h2i_str line = line_of(conn);

    if (line.len > 0 && line.data[line.len - 1] == '\r')
        h2i_buf_truncate(&conn->in.text, conn->in.n_pending + line.len - 1);
    return conn->in.phase == H2I_H1_STATUS_LINE ? end_status_line(conn) : end_field_line(conn);
}

/* Up to the end of the line, and at first up to the end of the prefix. */
static size_t part_to_take(const struct h2i_h1_conn *conn, const char *data, size_t len)
{
    size_t n_prefix = PREFIX_BYTES - h2i_buf_len(&conn->in.text);
    bool is_prefix = conn->in.phase == H2I_H1_STATUS_LINE && !conn->in.has_prefix;

    if (is_prefix && n_prefix < len)
        len = n_prefix;
    const char *end = memchr(data, '\n', len);
    return end ? (size_t)(end - data) + 1 : len;
}

enum h2i_h1_section_event h2i_h1_section_take(struct h2i_h1_conn *conn, const char *data,
                                              size_t len, size_t *n_taken)
{
    size_t n = part_to_take(conn, data, len);
    bool is_line = data[n - 1] == '\n';

    *n_taken = n;
    if (n > conn->config.max_header_bytes - conn->in.n_all_head_bytes)
        return too_large(conn);
    conn->in.n_all_head_bytes += n;
    conn->in.n_head_bytes += n;
    if (!h2i_buf_append(&conn->in.text, data, is_line ? n - 1 : n))
        return no_memory(conn);
    if (conn->in.phase == H2I_H1_STATUS_LINE && !conn->in.has_prefix &&
        (is_line || h2i_buf_len(&conn->in.text) == PREFIX_BYTES) && !judge_prefix(conn))
        return H2I_H1_SECTION_FAILED;
    return is_line ? end_line(conn) : H2I_H1_SECTION_GOES_ON;
}
