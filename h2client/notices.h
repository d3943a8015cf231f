/* SPDX-License-Identifier: MIT */
/*
 * Notices: log lines and frame events on their way to the application. They arise
 * anywhere, also where no user code may run, and are told in the delivery phase, in
 * their order. Bounded: what comes above the bound is dropped, and the number told.
 */
#ifndef H2I_NOTICES_H
#define H2I_NOTICES_H

#include "base/list.h"
#include "h2client/allocator.h"
#include "h2client/log.h"
#include "h2client/trace.h"

struct h2i_notices {
    const h2client_allocator *allocator;
    h2client_log_fn on_log;
    h2client_frame_fn on_frame;
    void *user;
    struct h2i_list queue;
    size_t n_queued;
    uint64_t n_dropped;
};

void h2i_notices_init(struct h2i_notices *notices, const h2client_allocator *allocator);
/* What was not told is dropped. */
void h2i_notices_finish(struct h2i_notices *notices);
void h2i_notices_add_line(h2client_log_level level, const char *area, const char *text,
                          void *notices);
void h2i_notices_add_frame(const h2client_frame_event *event, void *notices);
bool h2i_notices_are_empty(const struct h2i_notices *notices);
/* Tells the first one; false when there is none. Runs user code. */
bool h2i_notices_tell_one(struct h2i_notices *notices);

#endif
