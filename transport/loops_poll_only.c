/* SPDX-License-Identifier: MIT */
/* Built where there is no epoll; loops_epoll.c elsewhere. */
#include "base/fault.h"
#include "transport/loop_poll.h"
#include "transport/loops.h"

bool h2i_loop_has_epoll(void)
{
    return false;
}

h2client_loop *h2i_loop_create(const h2client_allocator *allocator, h2client_system *system,
                               h2client_loop_kind kind, h2client_fault *fault)
{
    int error = 0;
    h2client_loop *loop;

    (void)system;
    if (kind == H2CLIENT_LOOP_EPOLL) {
        *fault = h2i_fault(H2CLIENT_ERROR_FEATURE_MISSING, "the loop on epoll was not built");
        return NULL;
    }
    loop = h2i_loop_poll_create(allocator, &error);
    if (!loop)
        *fault = h2i_fault_of_errno(error, H2CLIENT_ERROR_SYSTEM_FAILED, "making the event loop");
    return loop;
}
