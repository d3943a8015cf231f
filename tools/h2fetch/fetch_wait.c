/* SPDX-License-Identifier: MIT */
#include "fetch_wait.h"

#include "fetch_text.h"

#include <poll.h>
#include <stdlib.h>

#define N_OWN 3

static short to_poll(unsigned events)
{
    return (short)((events & H2CLIENT_READABLE ? POLLIN : 0) |
                   (events & H2CLIENT_WRITABLE ? POLLOUT : 0));
}

/* The session's descriptors behind our own: one, or all of them over poll(2). */
static struct pollfd *collect(h2client_session *session, size_t *n)
{
    int fd = h2client_session_fd(session);
    size_t n_session = fd >= 0 ? 1 : h2client_session_pollfds(session, NULL, 0);
    struct pollfd *fds = h2f_alloc((N_OWN + n_session) * sizeof *fds);
    h2client_pollfd *theirs;

    *n = N_OWN + n_session;
    if (fd >= 0) {
        fds[N_OWN] = (struct pollfd){.fd = fd, .events = POLLIN};
        return fds;
    }
    theirs = h2f_alloc(n_session * sizeof *theirs);
    h2client_session_pollfds(session, theirs, n_session);
    for (size_t i = 0; i < n_session; i++)
        fds[N_OWN + i] = (struct pollfd){.fd = theirs[i].fd, .events = to_poll(theirs[i].events)};
    free(theirs);
    return fds;
}

static int earlier(int64_t a, int64_t b)
{
    int64_t least = a < 0 ? b : b < 0 || a < b ? a : b;

    return least > INT32_MAX ? INT32_MAX : (int)least;
}

static void poll_all(h2client_session *session, struct h2f_wait *wait)
{
    size_t n;
    struct pollfd *fds = collect(session, &n);

    fds[0] = (struct pollfd){.fd = wait->read_fd, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = wait->upload_fd, .events = POLLIN};
    fds[2] = (struct pollfd){.fd = wait->write_fd, .events = POLLOUT};
    wait->is_upload_ready =
        poll(fds, n, earlier(wait->max_ms, h2client_session_next_timeout_ms(session))) > 0 &&
        fds[1].revents;
    free(fds);
}

void h2f_wait_turn(h2client_session *session, struct h2f_wait *wait)
{
    bool has_own = wait->read_fd >= 0 || wait->upload_fd >= 0 || wait->write_fd >= 0;

    wait->is_upload_ready = false;
    if (has_own)
        poll_all(session, wait);
    /* Interrupted or not, the caller looks at what the signal left. */
    (void)h2client_session_dispatch(session, has_own ? 0 : wait->max_ms);
}
