/* SPDX-License-Identifier: MIT */
/* The choice between the loops that were built. */
#ifndef H2I_LOOPS_H
#define H2I_LOOPS_H

#include "h2client/session.h"

bool h2i_loop_has_epoll(void);
/* NULL with *fault set: NO_DESCRIPTORS, NO_MEMORY, or FEATURE_MISSING where epoll was not
 * built. */
h2client_loop *h2i_loop_create(const h2client_allocator *allocator, h2client_system *system,
                               h2client_loop_kind kind, h2client_fault *fault);

#endif
