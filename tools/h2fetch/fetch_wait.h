/* SPDX-License-Identifier: MIT */
/* One turn: of the session, and of descriptors of our own that the session knows nothing of. */
#ifndef H2F_WAIT_H
#define H2F_WAIT_H

#include <h2client/h2client.h>

/* What to wait for besides the session; -1: nothing. */
struct h2f_wait {
    int read_fd;
    int upload_fd;
    int *write_fds; /* h2f_wait_for_room adds to them */
    size_t n_write_fds;
    int64_t max_ms;       /* -1: no limit */
    bool is_upload_ready; /* the answer, if only upload_fd was asked for */
};

int64_t h2f_now_ms(void);
int64_t h2f_now_us(void);

/* Also for this descriptor to take bytes. */
void h2f_wait_for_room(struct h2f_wait *wait, int fd);
/* No longer than that; -1: no limit. */
void h2f_wait_at_most(struct h2f_wait *wait, int64_t max_ms);
/* There are no write_fds afterwards. */
void h2f_wait_turn(h2client_session *session, struct h2f_wait *wait);

#endif
