/* SPDX-License-Identifier: MIT */
/*
 * --trace-frames: one JSON object a frame, on one line, as the frames pass (RFC 9113 6). Heads of
 * HTTP/1.1, which has no frames, are told as type HEAD of stream 0. Secrets come hidden from the
 * library.
 */
#ifndef H2F_TRACE_H
#define H2F_TRACE_H

#include "fetch_config.h"
#include "fetch_stdout.h"

struct h2f_trace {
    const struct h2f_config *config;
    struct h2f_stdout *out;
    int fd; /* -1: none, or stdout */
    int64_t start_us;
    int broken_errno; /* of a write that failed; 0: fine */
};

/* For the session: tells -v too. `user` is the trace. */
void h2f_trace_frame(const h2client_frame_event *event, void *user);
/* The line of one frame, with the time since then. */
void h2f_trace_add_frame(struct h2f_text *line, const h2client_frame_event *event,
                         int64_t start_us);

#endif
