/* SPDX-License-Identifier: MIT */
#include "fetch_stdout.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_TEXT_BETWEEN (1024u * 1024)

void h2f_stdout_init(struct h2f_stdout *out, int fd)
{
    struct stat status;

    *out = (struct h2f_stdout){.fd = fd};
    if (fstat(fd, &status) == 0)
        out->may_block = S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || isatty(fd);
}

static void free_turn(struct h2f_turn *turn)
{
    h2f_text_finish(&turn->waiting);
    free(turn);
}

void h2f_stdout_finish(struct h2f_stdout *out)
{
    while (out->first) {
        struct h2f_turn *turn = out->first;
        out->first = turn->next;
        free_turn(turn);
    }
    h2f_text_finish(&out->between);
}

/* ---- writing without waiting ------------------------------------------------- */

static bool has_room(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};

    return poll(&poll_fd, 1, 0) > 0;
}

/* A pipe that polls as writable takes PIPE_BUF bytes without blocking. */
static size_t write_some(struct h2f_stdout *out, const char *bytes, size_t len)
{
    size_t n_written = 0;

    while (n_written < len && !out->broken_errno && (!out->may_block || has_room(out->fd))) {
        size_t n = len - n_written;
        ssize_t n_taken;

        if (out->may_block && n > PIPE_BUF)
            n = PIPE_BUF;
        n_taken = write(out->fd, bytes + n_written, n);
        if (n_taken >= 0)
            n_written += (size_t)n_taken;
        else if (errno == EAGAIN)
            break;
        else if (errno != EINTR)
            out->broken_errno = errno;
    }
    return n_written;
}

/* True when nothing of the text is left. */
static bool write_waiting(struct h2f_stdout *out, struct h2f_text *text)
{
    if (text->len)
        h2f_text_drop(text, write_some(out, text->data, text->len));
    if (out->broken_errno)
        h2f_text_drop(text, text->len);
    return text->len == 0;
}

/* ---- turns ------------------------------------------------------------------- */

struct h2f_turn *h2f_stdout_join(struct h2f_stdout *out, h2f_turn_fn on_room, void *user)
{
    struct h2f_turn *turn = h2f_alloc(sizeof *turn);

    turn->on_room = on_room;
    turn->user = user;
    if (out->last)
        out->last->next = turn;
    else
        out->first = turn;
    out->last = turn;
    out->n_turns++;
    return turn;
}

bool h2f_stdout_has_turn(const struct h2f_stdout *out, const struct h2f_turn *turn)
{
    return out->first == turn;
}

size_t h2f_stdout_write(struct h2f_stdout *out, struct h2f_turn *turn, const void *bytes,
                        size_t len)
{
    size_t n_written = 0;
    bool is_free = out->first == turn && !turn->waiting.len;

    if (is_free && !turn->has_written)
        is_free = write_waiting(out, &out->between);
    if (is_free) {
        turn->has_written = true;
        n_written = write_some(out, bytes, len);
    }
    if (n_written < len && !out->broken_errno)
        h2f_text_add(&turn->waiting, (const char *)bytes + n_written, len - n_written);
    return n_written;
}

void h2f_stdout_leave(struct h2f_stdout *out, struct h2f_turn *turn)
{
    turn->on_room = NULL;
    h2f_stdout_pump(out);
}

void h2f_stdout_text(struct h2f_stdout *out, const char *text)
{
    h2f_text_puts(&out->between, text);
    h2f_stdout_pump(out);
}

/* The first turn's bytes. True when the next one may have its turn. */
static bool pump_first(struct h2f_stdout *out)
{
    struct h2f_turn *turn = out->first;
    size_t n_before = turn->waiting.len;

    turn->has_written = turn->has_written || n_before;
    if (!write_waiting(out, &turn->waiting))
        n_before -= turn->waiting.len;
    if (turn->on_room) {
        turn->on_room(turn, n_before, turn->user);
        return false;
    }
    if (turn->waiting.len)
        return false;
    out->first = turn->next;
    if (!out->first)
        out->last = NULL;
    out->n_turns--;
    free_turn(turn);
    return true;
}

void h2f_stdout_pump(struct h2f_stdout *out)
{
    bool goes_on = true;

    while (goes_on) {
        bool is_inside_body = out->first && out->first->has_written;
        if (!is_inside_body && !write_waiting(out, &out->between))
            return;
        goes_on = out->first && pump_first(out);
    }
}

bool h2f_stdout_wants_write(const struct h2f_stdout *out)
{
    if (out->first && out->first->waiting.len)
        return true;
    return out->between.len && !(out->first && out->first->has_written);
}

bool h2f_stdout_is_crowded(const struct h2f_stdout *out, size_t max_turns)
{
    return out->n_turns >= max_turns || out->between.len >= MAX_TEXT_BETWEEN;
}
