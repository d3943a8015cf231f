/* SPDX-License-Identifier: MIT */
/*
 * The progress line on stderr: how many URLs are done, how many bytes came, how fast. Only
 * on a terminal, and only while no body goes to a terminal.
 */
#ifndef H2F_PROGRESS_H
#define H2F_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How often it is drawn; the longest a turn may wait while it is shown. */
#define H2F_PROGRESS_MS 200

struct h2f_progress {
    bool is_shown;
    bool is_drawn; /* something stands in the line */
    int64_t start_ms;
    int64_t drawn_ms;
    uint64_t n_bytes;
    size_t n_done;
    size_t n_running;
};

void h2f_progress_start(struct h2f_progress *progress, bool is_wanted);
/* Draws it, unless it was drawn just now. */
void h2f_progress_draw(struct h2f_progress *progress);
/* Takes the line away, so that something else can be printed. */
void h2f_progress_clear(struct h2f_progress *progress);

#endif
