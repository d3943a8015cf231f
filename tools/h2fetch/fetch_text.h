/* SPDX-License-Identifier: MIT */
/*
 * Text that grows, and memory as a command line takes it: when there is none, the
 * process says so and ends with 27; there is nothing it could still do.
 */
#ifndef H2F_TEXT_H
#define H2F_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define H2F_EXIT_NO_MEMORY 27

_Noreturn void h2f_no_memory(void);
/* Never NULL. Zeroed. */
void *h2f_alloc(size_t n_bytes);
/* Never NULL; like realloc(3). */
void *h2f_realloc(void *block, size_t n_bytes);
char *h2f_copy(const char *text);
char *h2f_copy_part(const char *text, size_t len);
/* printf(3) into a string that the caller frees. */
char *h2f_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Bytes with one NUL behind them. {0} is an empty one, whose data is NULL. */
struct h2f_text {
    char *data;
    size_t len;
    size_t cap;
};

void h2f_text_add(struct h2f_text *text, const void *bytes, size_t len);
void h2f_text_puts(struct h2f_text *text, const char *string);
void h2f_text_printf(struct h2f_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD. */
void h2f_text_json(struct h2f_text *text, const char *string);
/* As application/x-www-form-urlencoded has it, but %20 for a space, like curl. */
void h2f_text_urlencode(struct h2f_text *text, const char *bytes, size_t len);
/* Takes the first `len` bytes away. */
void h2f_text_drop(struct h2f_text *text, size_t len);
/* "" where there is nothing. */
const char *h2f_text_string(const struct h2f_text *text);
/* The string is the caller's to free; the text is empty afterwards. */
char *h2f_text_take(struct h2f_text *text);
void h2f_text_finish(struct h2f_text *text);

#endif
