/* SPDX-License-Identifier: MIT */
/* What a call that is read line by line shares with its other ways of reading. */
#ifndef H2I_CALL_LINES_H
#define H2I_CALL_LINES_H

#include "h2client/call_internal.h"

/* As h2client_call_try_read, but for what is held for lines. */
h2client_error_code h2i_call_try_take(h2client_call *call, void *buf, size_t cap, size_t *n);
/* What is held for lines and was not given is the beginning of the body again. False: no
 * memory, nothing has changed. */
H2CLIENT_MUST_USE bool h2i_call_give_lines_back(h2client_call *call);
/* What is held for lines and was not given. */
void h2i_call_take_held(h2client_call *call, void *buf, size_t cap, size_t *n);

static inline bool h2i_call_holds_lines(const h2client_call *call)
{
    return h2i_buf_len(&call->in.lines.held) > call->in.lines.n_given;
}

#endif
