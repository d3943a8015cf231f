/* SPDX-License-Identifier: MIT */
#include "h2client/payload/sse_parser.h"

#include "base/str.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

void h2i_sse_init(struct h2i_sse_parser *parser, const h2client_allocator *allocator)
{
    *parser = (struct h2i_sse_parser){.retry_ms = -1};
    h2i_buf_init(&parser->line, allocator, H2I_SSE_MAX_BYTES);
    h2i_buf_init(&parser->data, allocator, H2I_SSE_MAX_BYTES);
    h2i_buf_init(&parser->type, allocator, H2I_SSE_MAX_BYTES);
    h2i_buf_init(&parser->id, allocator, H2I_SSE_MAX_BYTES);
}

void h2i_sse_finish(struct h2i_sse_parser *parser)
{
    h2i_buf_finish(&parser->line);
    h2i_buf_finish(&parser->data);
    h2i_buf_finish(&parser->type);
    h2i_buf_finish(&parser->id);
}

/* A NUL behind the bytes, which their length does not count. */
static bool end_text(struct h2i_buf *buf)
{
    char *end = h2i_buf_reserve(buf, 1);

    if (end)
        *end = 0;
    return end != NULL;
}

static enum h2i_sse_result append(struct h2i_buf *buf, const char *bytes, size_t len)
{
    if (len + 1 > h2i_buf_room(buf))
        return H2I_SSE_TOO_LONG;
    return h2i_buf_append(buf, bytes, len) ? H2I_SSE_MORE : H2I_SSE_NO_MEMORY;
}

static enum h2i_sse_result replace(struct h2i_buf *buf, struct h2i_str value)
{
    enum h2i_sse_result result;

    h2i_buf_clear(buf, SIZE_MAX);
    result = append(buf, value.data, value.len);
    return result || end_text(buf) ? result : H2I_SSE_NO_MEMORY;
}

/* Digits only; what is longer than an hour is an hour. */
static void take_retry(struct h2i_sse_parser *parser, struct h2i_str value)
{
    uint64_t ms;

    for (size_t i = 0; i < value.len; i++)
        if (!h2i_is_digit(value.data[i]))
            return;
    if (value.len == 0)
        return;
    if (!h2i_str_parse_uint(value, H2I_SSE_MAX_RETRY_MS, &ms))
        ms = H2I_SSE_MAX_RETRY_MS;
    parser->retry_ms = (int64_t)ms;
}

static enum h2i_sse_result take_field(struct h2i_sse_parser *parser, struct h2i_str name,
                                      struct h2i_str value)
{
    enum h2i_sse_result result;

    if (h2i_str_equals(name, h2i_str_of("data"))) {
        result = append(&parser->data, value.data, value.len);
        return result ? result : append(&parser->data, "\n", 1);
    }
    if (h2i_str_equals(name, h2i_str_of("event")))
        return replace(&parser->type, value);
    if (h2i_str_equals(name, h2i_str_of("id")) && !memchr(value.data, 0, value.len))
        return replace(&parser->id, value);
    if (h2i_str_equals(name, h2i_str_of("retry")))
        take_retry(parser, value);
    return H2I_SSE_MORE;
}

/* The blank line: what came before is an event if there is data. */
static enum h2i_sse_result end_event(struct h2i_sse_parser *parser)
{
    size_t len = h2i_buf_len(&parser->data);

    parser->is_told = true;
    if (len == 0)
        return H2I_SSE_MORE;
    h2i_buf_truncate(&parser->data, len - 1); /* the last line's end */
    return end_text(&parser->data) && end_text(&parser->type) && end_text(&parser->id)
               ? H2I_SSE_EVENT
               : H2I_SSE_NO_MEMORY;
}

static enum h2i_sse_result take_line(struct h2i_sse_parser *parser)
{
    struct h2i_str line = h2i_str(h2i_buf_data(&parser->line), h2i_buf_len(&parser->line));
    const char *colon = line.len ? memchr(line.data, ':', line.len) : NULL;
    struct h2i_str name = line, value = h2i_str("", 0);

    if (line.len == 0)
        return end_event(parser);
    if (colon == line.data) /* a comment */
        return H2I_SSE_MORE;
    if (colon) {
        name.len = (size_t)(colon - line.data);
        value = h2i_str(colon + 1, line.len - name.len - 1);
        if (value.len && value.data[0] == ' ')
            value = h2i_str(value.data + 1, value.len - 1);
    }
    return take_field(parser, name, value);
}

/* What was handed out is not needed any more. */
static void forget_told(struct h2i_sse_parser *parser)
{
    if (!parser->is_told)
        return;
    parser->is_told = false;
    h2i_buf_clear(&parser->data, SIZE_MAX);
    h2i_buf_clear(&parser->type, SIZE_MAX);
}

static void skip_byte_order_mark(struct h2i_sse_parser *parser)
{
    struct h2i_buf *line = &parser->line;

    if (parser->has_begun)
        return;
    parser->has_begun = true;
    if (h2i_buf_len(line) >= 3 && memcmp(h2i_buf_data(line), BYTE_ORDER_MARK, 3) == 0)
        h2i_buf_consume(line, 3);
}

static size_t line_len(const char *bytes, size_t len)
{
    size_t n = 0;

    while (n < len && bytes[n] != '\r' && bytes[n] != '\n')
        n++;
    return n;
}

enum h2i_sse_result h2i_sse_parse(struct h2i_sse_parser *parser, const char *bytes, size_t len,
                                  size_t *n)
{
    enum h2i_sse_result result = H2I_SSE_MORE;

    forget_told(parser);
    for (*n = 0; *n < len && !result;) {
        size_t n_line;
        if (parser->after_cr && bytes[*n] == '\n')
            ++*n;
        parser->after_cr = false;
        n_line = line_len(bytes + *n, len - *n);
        result = append(&parser->line, bytes + *n, n_line);
        *n += n_line;
        if (result || *n == len)
            continue;
        parser->after_cr = bytes[*n] == '\r';
        ++*n;
        skip_byte_order_mark(parser);
        result = take_line(parser);
        h2i_buf_clear(&parser->line, SIZE_MAX);
        if (!result)
            forget_told(parser);
    }
    return result;
}
