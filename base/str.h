/* SPDX-License-Identifier: MIT */
/* Text: views, ASCII rules of HTTP (RFC 9110 5.6) that know no locale, and a
 * bounded formatter. */
#ifndef H2I_STR_H
#define H2I_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A view: not NUL-terminated, owned elsewhere. */
struct h2i_str {
    const char *data;
    size_t len;
};

static inline struct h2i_str h2i_str(const char *data, size_t len)
{
    return (struct h2i_str){data, len};
}
static inline struct h2i_str h2i_str_of(const char *text)
{
    return (struct h2i_str){text, strlen(text)};
}

static inline char h2i_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}
static inline bool h2i_is_digit(char c)
{
    return c >= '0' && c <= '9';
}
bool h2i_is_token_char(char c); /* RFC 9110 5.6.2 tchar */

bool h2i_str_equals(struct h2i_str a, struct h2i_str b);
bool h2i_str_equals_nocase(struct h2i_str a, struct h2i_str b);
/* At least one tchar and nothing else. */
bool h2i_str_is_token(struct h2i_str s);
/* RFC 9110 5.5: no NUL, CR, LF or other control but TAB; no space at the ends. */
bool h2i_str_is_field_value(struct h2i_str s);
struct h2i_str h2i_str_trim(struct h2i_str s); /* SP and TAB at both ends */
/* Digits only, no sign, no space, at least one; false on overflow or above max. */
bool h2i_str_parse_uint(struct h2i_str s, uint64_t max, uint64_t *value);
/* Splits at the first `separator`; false when s is empty. *rest may equal *s's storage. */
bool h2i_str_split(struct h2i_str *rest, char separator, struct h2i_str *piece);

/*
 * Formats into a fixed place, never past its end; what does not fit is cut and
 * the text stays NUL-terminated.
 */
struct h2i_text {
    char *buf;
    size_t cap;
    size_t len;
};

static inline struct h2i_text h2i_text(char *buf, size_t cap)
{
    if (cap)
        buf[0] = 0;
    return (struct h2i_text){buf, cap, 0};
}
__attribute__((format(printf, 2, 3))) void h2i_text_add(struct h2i_text *text, const char *format,
                                                        ...);
/* Adds bytes of a peer: what is not printable ASCII becomes "\xNN". */
void h2i_text_add_untrusted(struct h2i_text *text, const void *data, size_t len);

#endif
