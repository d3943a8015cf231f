/* SPDX-License-Identifier: MIT */
/*
 * The chunked coding, byte by byte but for the data. Strict: hexadecimal digits and
 * nothing else make a size, lines end with CR LF, extensions are skipped but bounded, and
 * their strings must end where they began. The trailers are the caller's.
 * RFC 9112 7.1.
 */
#include "h2client/h1/h1_internal.h"

#define MAX_SIZE_DIGITS 16u

static enum h2i_h1_chunk_event bad(struct h2i_h1_chunked *chunked, const char *what)
{
    chunked->what = what;
    return H2I_H1_CHUNK_BAD;
}

static int hex_value(char c)
{
    if (h2i_is_digit(c))
        return c - '0';
    c = h2i_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind the size and what extends it. */
static enum h2i_h1_chunk_event take_separator(struct h2i_h1_chunked *chunked, char c)
{
    if (c == ';')
        chunked->state = H2I_H1_CHUNK_EXTENSION;
    else if (c == ' ' || c == '\t')
        chunked->state = H2I_H1_CHUNK_BLANK;
    else if (c == '\r')
        chunked->state = H2I_H1_CHUNK_SIZE_LF;
    else
        return bad(chunked, "a chunk's size is not a hexadecimal number");
    return H2I_H1_CHUNK_NOTHING;
}

static enum h2i_h1_chunk_event take_size(struct h2i_h1_chunked *chunked, char c)
{
    int digit = hex_value(c);

    if (digit < 0 && chunked->n_digits > 0)
        return take_separator(chunked, c);
    if (digit < 0)
        return bad(chunked, "a chunk has no size");
    if (++chunked->n_digits > MAX_SIZE_DIGITS || chunked->n_left > (uint64_t)INT64_MAX >> 4)
        return bad(chunked, "a chunk's size is too large a number");
    chunked->n_left = chunked->n_left << 4 | (uint64_t)digit;
    return H2I_H1_CHUNK_NOTHING;
}

static bool is_control(char c)
{
    unsigned char byte = (unsigned char)c;

    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

/* RFC 9112 7.1.1: unknown extensions are ignored, but what ends one is not. */
static enum h2i_h1_chunk_event take_extension(struct h2i_h1_chunked *chunked, char c)
{
    if (c == '\r' && chunked->state == H2I_H1_CHUNK_EXTENSION) {
        chunked->state = H2I_H1_CHUNK_SIZE_LF;
        return H2I_H1_CHUNK_NOTHING;
    }
    if (is_control(c))
        return bad(chunked, "a chunk's extension holds a control character");
    if (chunked->state == H2I_H1_CHUNK_ESCAPED)
        chunked->state = H2I_H1_CHUNK_QUOTED;
    else if (chunked->state == H2I_H1_CHUNK_QUOTED && c == '\\')
        chunked->state = H2I_H1_CHUNK_ESCAPED;
    else if (c == '"')
        chunked->state =
            chunked->state == H2I_H1_CHUNK_QUOTED ? H2I_H1_CHUNK_EXTENSION : H2I_H1_CHUNK_QUOTED;
    return H2I_H1_CHUNK_NOTHING;
}

/* Sizes may be padded with white space: it counts as an extension's, which bounds it. */
static enum h2i_h1_chunk_event take_counted(struct h2i_h1_chunked *chunked, char c)
{
    if (++chunked->n_extension_bytes > chunked->max_extension_bytes)
        return bad(chunked, "the chunks' extensions are too long");
    return chunked->state == H2I_H1_CHUNK_BLANK ? take_separator(chunked, c)
                                                : take_extension(chunked, c);
}

static enum h2i_h1_chunk_event end_size_line(struct h2i_h1_chunked *chunked, char c)
{
    if (c != '\n')
        return bad(chunked, "the line of a chunk's size does not end with CR LF");
    if (chunked->n_left == 0)
        return H2I_H1_CHUNK_LAST;
    chunked->state = H2I_H1_CHUNK_DATA;
    return H2I_H1_CHUNK_NOTHING;
}

static enum h2i_h1_chunk_event end_data(struct h2i_h1_chunked *chunked, char c)
{
    if (c != (chunked->state == H2I_H1_CHUNK_DATA_CR ? '\r' : '\n'))
        return bad(chunked, "a chunk does not end with CR LF after its size");
    if (chunked->state == H2I_H1_CHUNK_DATA_CR) {
        chunked->state = H2I_H1_CHUNK_DATA_LF;
        return H2I_H1_CHUNK_NOTHING;
    }
    chunked->state = H2I_H1_CHUNK_SIZE;
    chunked->n_digits = 0;
    return H2I_H1_CHUNK_NOTHING;
}

static enum h2i_h1_chunk_event take_byte(struct h2i_h1_chunked *chunked, char c)
{
    switch (chunked->state) {
    case H2I_H1_CHUNK_SIZE:
        return take_size(chunked, c);
    case H2I_H1_CHUNK_SIZE_LF:
        return end_size_line(chunked, c);
    case H2I_H1_CHUNK_DATA_CR:
    case H2I_H1_CHUNK_DATA_LF:
        return end_data(chunked, c);
    default:
        return take_counted(chunked, c);
    }
}

static enum h2i_h1_chunk_event take_data(struct h2i_h1_chunked *chunked, size_t len, size_t *n)
{
    *n = chunked->n_left < len ? (size_t)chunked->n_left : len;
    chunked->n = *n;
    chunked->n_left -= *n;
    if (chunked->n_left == 0)
        chunked->state = H2I_H1_CHUNK_DATA_CR;
    return H2I_H1_CHUNK_BYTES;
}

enum h2i_h1_chunk_event h2i_h1_chunked_take(struct h2i_h1_chunked *chunked, const char *data,
                                            size_t len, size_t *n_taken)
{
    enum h2i_h1_chunk_event event = H2I_H1_CHUNK_NOTHING;
    size_t i = 0;

    while (i < len && event == H2I_H1_CHUNK_NOTHING) {
        size_t n = 1;
        if (chunked->state == H2I_H1_CHUNK_DATA)
            event = take_data(chunked, len - i, &n);
        else
            event = take_byte(chunked, data[i]);
        i += n;
    }
    *n_taken = i;
    return event;
}
