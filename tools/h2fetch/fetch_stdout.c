/* SPDX-License-Identifier: MIT */
#include "fetch_stdout.h"

#include <stdlib.h>

#define MAX_TEXT_BETWEEN (1024u * 1024)

void h2f_stdout_init(struct h2f_stdout *out, int fd)
{
    *out = (struct h2f_stdout){0};
    h2f_writer_init(&out->writer, fd, false);
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

/* True when nothing of the text is left. */
static bool write_waiting(struct h2f_stdout *out, struct h2f_text *text)
{
    (void)h2f_writer_flush(&out->writer, text);
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
    bool is_free = out->first == turn;

    if (is_free && !turn->has_written)
        is_free = write_waiting(out, &out->between);
    if (is_free) {
        turn->has_written = true;
        return h2f_writer_put(&out->writer, &turn->waiting, bytes, len);
    }
    if (!out->writer.broken_errno)
        h2f_text_add(&turn->waiting, bytes, len);
    return 0;
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
    size_t n_gone;

    turn->has_written = turn->has_written || turn->waiting.len;
    n_gone = h2f_writer_flush(&out->writer, &turn->waiting);
    if (turn->on_room) {
        turn->on_room(turn, n_gone, turn->user);
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
