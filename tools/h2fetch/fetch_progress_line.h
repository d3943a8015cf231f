/* SPDX-License-Identifier: MIT */
/*
 * The progress line as text. Pure: what is to be shown comes in, and how wide the terminal
 * is. What matters least is left out where there is no room.
 */
#ifndef H2F_PROGRESS_LINE_H
#define H2F_PROGRESS_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct h2f_progress_view {
    size_t n_done;
    size_t n_failed;
    size_t n_urls; /* 0: not known yet */
    size_t n_streams;
    size_t n_conns;
    uint64_t n_bytes;
    uint64_t n_expected; /* bytes in all; 0: not known */
    uint64_t per_s;
    bool has_bar;
};

/* At most `width` characters, all of one column. */
void h2f_progress_line(char *text, size_t cap, const struct h2f_progress_view *view, size_t width);
/* What was done in all: "40 URLs, 120.0 MiB in 12.3 s, 9.8 MiB/s". */
void h2f_progress_summary(char *text, size_t cap, const struct h2f_progress_view *view,
                          int64_t elapsed_ms, size_t width);

/* 1536 -> "1.5 KiB"; at most 12 characters. */
#define H2F_SIZE_CAP 16
void h2f_size_text(char text[H2F_SIZE_CAP], uint64_t n_bytes);

#endif
