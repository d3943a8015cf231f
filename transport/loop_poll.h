/* SPDX-License-Identifier: MIT */
/* The loop on poll(2), POSIX only. It has no descriptor of its own: `fd` is -1. */
#ifndef H2I_LOOP_POLL_H
#define H2I_LOOP_POLL_H

#include "h2client/allocator.h"
#include "h2client/loop.h"

/* On failure NULL and an errno value. */
h2client_loop *h2i_loop_poll_create(const h2client_allocator *allocator, int *system_errno);

#endif
