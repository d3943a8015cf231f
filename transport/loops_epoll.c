/* SPDX-License-Identifier: MIT */
/* Built where there is epoll; loops_poll_only.c elsewhere. */
#include "base/fault.h"
#include "transport/loop_epoll.h"
#include "transport/loop_poll.h"
#include "transport/loops.h"

bool h2i_loop_has_epoll(void)
{
    return true;
}

h2client_loop *h2i_loop_create(const h2client_allocator *allocator, h2client_system *system,
                               h2client_loop_kind kind, h2client_fault *fault)
{
    int error = 0;
    h2client_loop *loop = kind == H2CLIENT_LOOP_POLL
                              ? h2i_loop_poll_create(allocator, &error)
                              : h2i_loop_epoll_create(allocator, system, &error);

    if (!loop)
        *fault = h2i_fault_of_errno(error, H2CLIENT_ERROR_SYSTEM_FAILED, "making the event loop");
    return loop;
}
