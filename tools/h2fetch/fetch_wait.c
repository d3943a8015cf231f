/* SPDX-License-Identifier: MIT */
#include "fetch_wait.h"

#include "fetch_text.h"

#include <poll.h>
#include <stdlib.h>
#include <time.h>

#define N_READ 2

int64_t h2f_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t h2f_now_ms(void)
{
    return h2f_now_us() / 1000;
}

static short to_poll(unsigned events)
{
    return (short)((events & H2CLIENT_READABLE ? POLLIN : 0) |
                   (events & H2CLIENT_WRITABLE ? POLLOUT : 0));
}

/* The session's descriptors behind our own: one, or all of them over poll(2). */
static struct pollfd *collect(h2client_session *session, size_t n_own, size_t *n)
{
    int fd = h2client_session_fd(session);
    size_t n_session = fd >= 0 ? 1 : h2client_session_pollfds(session, NULL, 0);
    struct pollfd *fds = h2f_alloc((n_own + n_session) * sizeof *fds);
    h2client_pollfd *theirs;

    *n = n_own + n_session;
    if (fd >= 0) {
        fds[n_own] = (struct pollfd){.fd = fd, .events = POLLIN};
        return fds;
    }
    theirs = h2f_alloc(n_session * sizeof *theirs);
    h2client_session_pollfds(session, theirs, n_session);
    for (size_t i = 0; i < n_session; i++)
        fds[n_own + i] = (struct pollfd){.fd = theirs[i].fd, .events = to_poll(theirs[i].events)};
    free(theirs);
    return fds;
}

static int64_t earlier(int64_t a, int64_t b)
{
    int64_t least = a < 0 ? b : b < 0 || a < b ? a : b;

    return least > INT32_MAX ? INT32_MAX : least;
}

static void poll_all(h2client_session *session, struct h2f_wait *wait)
{
    int64_t max_ms = earlier(wait->max_ms, h2client_session_next_timeout_ms(session));
    size_t n;
    struct pollfd *fds = collect(session, N_READ + wait->n_write_fds, &n);

    fds[0] = (struct pollfd){.fd = wait->read_fd, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = wait->upload_fd, .events = POLLIN};
    for (size_t i = 0; i < wait->n_write_fds; i++)
        fds[N_READ + i] = (struct pollfd){.fd = wait->write_fds[i], .events = POLLOUT};
    wait->is_upload_ready = poll(fds, n, (int)max_ms) > 0 && fds[1].revents;
    free(fds);
}

void h2f_wait_for_room(struct h2f_wait *wait, int fd)
{
    size_t n = wait->n_write_fds + 1;

    wait->write_fds = h2f_realloc(wait->write_fds, n * sizeof *wait->write_fds);
    wait->write_fds[wait->n_write_fds++] = fd;
}

void h2f_wait_at_most(struct h2f_wait *wait, int64_t max_ms)
{
    wait->max_ms = earlier(wait->max_ms, max_ms);
}

void h2f_wait_turn(h2client_session *session, struct h2f_wait *wait)
{
    bool has_own = wait->read_fd >= 0 || wait->upload_fd >= 0 || wait->n_write_fds;

    wait->is_upload_ready = false;
    if (has_own)
        poll_all(session, wait);
    free(wait->write_fds);
    wait->write_fds = NULL;
    wait->n_write_fds = 0;
    /* Interrupted or not, the caller looks at what the signal left. */
    (void)h2client_session_dispatch(session, has_own ? 0 : wait->max_ms);
}
