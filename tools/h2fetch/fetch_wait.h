/* SPDX-License-Identifier: MIT */
/* One turn: of the session, and of descriptors of our own that the session knows nothing of. */
#ifndef H2F_WAIT_H
#define H2F_WAIT_H

#include <h2client/h2client.h>

/* What to wait for besides the session; -1: nothing. */
struct h2f_wait {
    int read_fd;
    int upload_fd;
    int write_fd;
    int64_t max_ms;       /* -1: no limit */
    bool is_upload_ready; /* the answer, if only upload_fd was asked for */
};

void h2f_wait_turn(h2client_session *session, struct h2f_wait *wait);

#endif
