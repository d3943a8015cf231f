/* SPDX-License-Identifier: MIT */
/* The loop on epoll: level-triggered; a timerfd only once its fd was asked for (it
 * costs, and our own waits pass a time-out instead). */
#ifndef H2I_LOOP_EPOLL_H
#define H2I_LOOP_EPOLL_H

#include "h2client/allocator.h"
#include "h2client/loop.h"
#include "h2client/system.h"

/* `system`: the clock in which `arm` gives deadlines. On failure NULL and an errno value. */
h2client_loop *h2i_loop_epoll_create(const h2client_allocator *allocator, h2client_system *system,
                                     int *system_errno);

#endif
