/* SPDX-License-Identifier: MIT */
#include "fetch_text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 64

/* ---- memory ---------------------------------------------------------------- */

_Noreturn void h2f_no_memory(void)
{
    fprintf(stderr, "h2fetch: (%d) out of memory\n", H2F_EXIT_NO_MEMORY);
    exit(H2F_EXIT_NO_MEMORY);
}

static void *checked(void *block)
{
    if (!block)
        h2f_no_memory();
    return block;
}

void *h2f_alloc(size_t n_bytes)
{
    return checked(calloc(1, n_bytes ? n_bytes : 1));
}

void *h2f_realloc(void *block, size_t n_bytes)
{
    return checked(realloc(block, n_bytes ? n_bytes : 1));
}

char *h2f_copy_part(const char *text, size_t len)
{
    char *copy = h2f_alloc(len + 1);

    memcpy(copy, text, len);
    return copy;
}

char *h2f_copy(const char *text)
{
    return h2f_copy_part(text, strlen(text));
}

/* ---- text ------------------------------------------------------------------ */

static char *reserve(struct h2f_text *text, size_t len)
{
    size_t wanted = text->len + len + 1;

    if (wanted > text->cap) {
        size_t cap = text->cap ? text->cap : FIRST_CAP;
        while (cap < wanted)
            cap = cap > SIZE_MAX / 2 ? SIZE_MAX : cap * 2;
        text->data = h2f_realloc(text->data, cap);
        text->cap = cap;
    }
    return text->data + text->len;
}

void h2f_text_add(struct h2f_text *text, const void *bytes, size_t len)
{
    char *room = reserve(text, len);

    if (len)
        memcpy(room, bytes, len);
    room[len] = 0;
    text->len += len;
}

void h2f_text_puts(struct h2f_text *text, const char *string)
{
    h2f_text_add(text, string, strlen(string));
}

static void add_formatted(struct h2f_text *text, const char *format, va_list arguments)
{
    va_list again;
    int len;

    va_copy(again, arguments);
    len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (len < 0)
        return;
    vsnprintf(reserve(text, (size_t)len), (size_t)len + 1, format, arguments);
    text->len += (size_t)len;
}

void h2f_text_printf(struct h2f_text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_formatted(text, format, arguments);
    va_end(arguments);
}

char *h2f_format(const char *format, ...)
{
    struct h2f_text text = {0};
    va_list arguments;

    va_start(arguments, format);
    add_formatted(&text, format, arguments);
    va_end(arguments);
    return h2f_text_take(&text);
}

void h2f_text_drop(struct h2f_text *text, size_t len)
{
    if (len == 0)
        return;
    text->len -= len;
    memmove(text->data, text->data + len, text->len + 1);
}

const char *h2f_text_string(const struct h2f_text *text)
{
    return text->data ? text->data : "";
}

char *h2f_text_take(struct h2f_text *text)
{
    char *data = text->data ? text->data : h2f_copy("");

    *text = (struct h2f_text){0};
    return data;
}

void h2f_text_finish(struct h2f_text *text)
{
    free(text->data);
    *text = (struct h2f_text){0};
}

/* ---- encodings ------------------------------------------------------------- */

void h2f_text_urlencode(struct h2f_text *text, const char *bytes, size_t len)
{
    static const char unreserved[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (size_t i = 0; i < len; i++) {
        if (bytes[i] && strchr(unreserved, bytes[i]))
            h2f_text_add(text, &bytes[i], 1);
        else
            h2f_text_printf(text, "%%%02X", (unsigned char)bytes[i]);
    }
}

/* Length of the UTF-8 sequence (RFC 3629) at `s`, or 0 where there is none. */
static size_t utf8_len(const unsigned char *s)
{
    static const struct {
        unsigned char mask, lead, len;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 1, 0},
                 {0xe0, 0xc0, 2, 0x80},
                 {0xf0, 0xe0, 3, 0x800},
                 {0xf8, 0xf0, 4, 0x10000}};
    uint32_t point;
    size_t form = 0;

    while (form < 4 && (s[0] & forms[form].mask) != forms[form].lead)
        form++;
    if (form == 4)
        return 0;
    point = s[0] & (unsigned char)~forms[form].mask;
    for (size_t i = 1; i < forms[form].len; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (s[i] & 0x3fu);
    }
    if (point < forms[form].least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return 0;
    return forms[form].len;
}

void h2f_text_json(struct h2f_text *text, const char *string)
{
    const unsigned char *s = (const unsigned char *)string;

    h2f_text_puts(text, "\"");
    while (*s) {
        size_t len = utf8_len(s);
        if (*s == '"' || *s == '\\')
            h2f_text_printf(text, "\\%c", *s);
        else if (*s < 0x20)
            h2f_text_printf(text, "\\u%04x", *s);
        else if (len == 0)
            h2f_text_puts(text, "\\ufffd");
        else
            h2f_text_add(text, s, len);
        s += len ? len : 1;
    }
    h2f_text_puts(text, "\"");
}
