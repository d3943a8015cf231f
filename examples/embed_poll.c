/* SPDX-License-Identifier: MIT */
/*
 * A session inside a program's own event loop, here poll(2) over two descriptors: lines
 * come in on stdin, each is a URL, and each response is told as it ends.
 *
 *     ./embed_poll < urls
 */
#include <h2client/h2client.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void tell(h2client_call *call, const h2client_error *error, void *user)
{
    const h2client_response *resp = h2client_call_response(call);

    (void)user;
    if (resp)
        printf("%d %s\n", h2client_response_status(resp), h2client_call_get_info(call)->url);
    else
        printf("%s: %s\n", error->url, error->message);
    h2client_call_destroy(call);
}

/* Starts a call for each whole line; false at the end of the input. A call keeps nothing
 * of the buffer: everything is copied when it starts. */
static bool read_lines(h2client_session *session)
{
    static char buf[4096];
    static size_t len;
    ssize_t n = read(STDIN_FILENO, buf + len, sizeof buf - 1 - len);
    char *line = buf, *end;

    if (n <= 0)
        return false;
    len += (size_t)n;
    buf[len] = 0;
    for (; (end = strchr(line, '\n')); line = end + 1) {
        *end = 0;
        if (!h2client_get(session, line, .on_done = tell))
            fprintf(stderr, "embed_poll: out of memory\n");
    }
    len -= (size_t)(line - buf);
    memmove(buf, line, len);
    return len < sizeof buf - 1; /* a line that long is no URL */
}

int main(void)
{
    h2client_session *session = h2client_session_create(NULL);
    struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
                            {.fd = h2client_session_fd(session), .events = POLLIN}};

    while (fds[0].fd >= 0 || h2client_session_n_running(session) > 0) {
        if (poll(fds, 2, -1) < 0)
            break;
        if (fds[0].revents && !read_lines(session))
            fds[0].fd = -1; /* poll skips it */
        if (fds[1].revents)
            h2client_session_dispatch(session, 0);
    }
    h2client_session_destroy(session);
    return 0;
}
