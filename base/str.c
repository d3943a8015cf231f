/* SPDX-License-Identifier: MIT */
/* Text: the rules of RFC 9110 5.5 and 5.6 for bytes as they are, without a locale. */
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>

bool h2i_is_token_char(char c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || h2i_is_digit(c))
        return true;
    return c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

bool h2i_str_equals(struct h2i_str a, struct h2i_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool h2i_str_equals_nocase(struct h2i_str a, struct h2i_str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (h2i_lower(a.data[i]) != h2i_lower(b.data[i]))
            return false;
    }
    return true;
}

bool h2i_str_is_token(struct h2i_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!h2i_is_token_char(s.data[i]))
            return false;
    }
    return s.len > 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_forbidden_control(char c)
{
    unsigned char byte = (unsigned char)c;
    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

bool h2i_str_is_field_value(struct h2i_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (is_forbidden_control(s.data[i]))
            return false;
    }
    return s.len == 0 || (!is_blank(s.data[0]) && !is_blank(s.data[s.len - 1]));
}

struct h2i_str h2i_str_trim(struct h2i_str s)
{
    while (s.len && is_blank(s.data[s.len - 1]))
        s.len--;
    while (s.len && is_blank(s.data[0])) {
        s.data++;
        s.len--;
    }
    return s;
}

bool h2i_str_parse_uint(struct h2i_str s, uint64_t max, uint64_t *value)
{
    uint64_t sum = 0;
    *value = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (!h2i_is_digit(s.data[i]))
            return false;
        uint64_t digit = (uint64_t)(s.data[i] - '0');
        if (digit > max || sum > (max - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    if (s.len == 0)
        return false;
    *value = sum;
    return true;
}

bool h2i_str_split(struct h2i_str *rest, char separator, struct h2i_str *piece)
{
    struct h2i_str whole = *rest;
    if (whole.len == 0)
        return false;
    const char *found = memchr(whole.data, separator, whole.len);
    if (!found) {
        *piece = whole;
        *rest = h2i_str(whole.data + whole.len, 0);
        return true;
    }
    size_t len = (size_t)(found - whole.data);
    *piece = h2i_str(whole.data, len);
    *rest = h2i_str(found + 1, whole.len - len - 1);
    return true;
}

void h2i_text_add(struct h2i_text *text, const char *format, ...)
{
    if (text->len + 1 >= text->cap)
        return;
    size_t room = text->cap - text->len;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text->buf + text->len, room, format, args);
    va_end(args);
    if (n < 0)
        text->buf[text->len] = 0;
    else
        text->len += (size_t)n < room ? (size_t)n : room - 1;
}

void h2i_text_add_untrusted(struct h2i_text *text, const void *data, size_t len)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < len && text->len + 1 < text->cap; i++) {
        if (bytes[i] >= 0x20 && bytes[i] < 0x7f)
            h2i_text_add(text, "%c", bytes[i]);
        else
            h2i_text_add(text, "\\x%02x", bytes[i]);
    }
}
