/* SPDX-License-Identifier: MIT */
/*
 * The progress line on stderr: how many URLs are done, how many bytes came and went, how
 * fast, how long it may take, and over how many streams and connections. Only on a terminal,
 * and only while no body goes to a terminal. A run that is over before it was drawn leaves
 * nothing behind; others one line that sums it up.
 */
#ifndef H2F_PROGRESS_H
#define H2F_PROGRESS_H

#include "fetch_progress_line.h"

/* How often it is drawn; the longest a turn may wait while it is shown. */
#define H2F_PROGRESS_MS 200
/* The rate is that of the last three seconds. */
#define H2F_PROGRESS_SAMPLES 15

struct h2f_progress {
    bool is_shown;
    bool is_drawn;  /* something stands in the line */
    bool was_drawn; /* ever */
    int64_t start_ms;
    int64_t drawn_ms;
    struct h2f_progress_view view; /* who runs jobs keeps its counts */
    size_t n_started;
    size_t n_measured;      /* of these: how long they are is known */
    uint64_t n_their_bytes; /* and this is how long */
    struct {
        int64_t at_ms;
        uint64_t n_bytes;
    } samples[H2F_PROGRESS_SAMPLES];
    size_t n_samples; /* taken so far */
};

/* n_urls 0: not known. */
void h2f_progress_start(struct h2f_progress *progress, bool is_wanted, bool has_bar, size_t n_urls);
/* Is it time to draw? Then the counts of the view are worth being looked up. */
bool h2f_progress_is_due(const struct h2f_progress *progress);
void h2f_progress_draw(struct h2f_progress *progress);
/* Takes the line away, so that something else can be printed. */
void h2f_progress_clear(struct h2f_progress *progress);
/* The same, and the sum of it all. */
void h2f_progress_end(struct h2f_progress *progress);

#endif
