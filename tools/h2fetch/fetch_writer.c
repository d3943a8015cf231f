/* SPDX-License-Identifier: MIT */
#include "fetch_writer.h"

#include "fetch_interrupt.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

static bool may_block(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 &&
           (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || isatty(fd));
}

void h2f_writer_init(struct h2f_writer *writer, int fd, bool is_own)
{
    *writer = (struct h2f_writer){.fd = fd, .asks_first = !is_own && may_block(fd)};
}

static bool has_room(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};

    return poll(&poll_fd, 1, 0) > 0;
}

/* A pipe that polls as writable takes PIPE_BUF bytes without blocking. */
static size_t write_some(struct h2f_writer *writer, const char *bytes, size_t len)
{
    size_t n_written = 0;

    while (n_written < len && !writer->broken_errno &&
           (!writer->asks_first || has_room(writer->fd))) {
        size_t n = len - n_written;
        ssize_t n_taken;

        if (writer->asks_first && n > PIPE_BUF)
            n = PIPE_BUF;
        n_taken = write(writer->fd, bytes + n_written, n);
        if (n_taken >= 0)
            n_written += (size_t)n_taken;
        else if (errno == EAGAIN || (errno == EINTR && h2f_interrupt_signal()))
            break;
        else if (errno != EINTR)
            writer->broken_errno = errno;
    }
    return n_written;
}

size_t h2f_writer_put(struct h2f_writer *writer, struct h2f_text *waiting, const void *bytes,
                      size_t len)
{
    size_t n_written = 0;

    if (writer->fd >= 0 && !waiting->len)
        n_written = write_some(writer, bytes, len);
    if (n_written < len && !writer->broken_errno)
        h2f_text_add(waiting, (const char *)bytes + n_written, len - n_written);
    return n_written;
}

size_t h2f_writer_flush(struct h2f_writer *writer, struct h2f_text *waiting)
{
    size_t n_before = waiting->len;

    if (n_before)
        h2f_text_drop(waiting, write_some(writer, waiting->data, n_before));
    if (writer->broken_errno)
        h2f_text_drop(waiting, waiting->len);
    return n_before - waiting->len;
}
