/* SPDX-License-Identifier: MIT */
/*
 * Stdout, shared: bodies one after the other, each whole, in the order in which they
 * joined; short texts (-w, --report -) between them. It never blocks where that can be
 * avoided: what a slow reader leaves waits here, and h2f_stdout_wants_write says that the
 * descriptor has to be polled. What waits is bounded by those who look at
 * h2f_stdout_is_crowded before they begin something new.
 */
#ifndef H2F_STDOUT_H
#define H2F_STDOUT_H

#include "fetch_writer.h"

#include <stdint.h>

struct h2f_turn;

/* The turn has come, or bytes that had to wait are gone: `n_bytes` of them. */
typedef void (*h2f_turn_fn)(struct h2f_turn *turn, size_t n_bytes, void *user);

/* A body's place in the queue. Owned by the stdout; gone once left and written. */
struct h2f_turn {
    struct h2f_turn *next;
    struct h2f_text waiting;
    h2f_turn_fn on_room; /* NULL once left */
    void *user;
    bool has_written;
};

struct h2f_stdout {
    struct h2f_writer writer;
    struct h2f_text between;
    struct h2f_turn *first; /* whose turn it is */
    struct h2f_turn *last;
    size_t n_turns;
};

void h2f_stdout_init(struct h2f_stdout *out, int fd);
void h2f_stdout_finish(struct h2f_stdout *out);

struct h2f_turn *h2f_stdout_join(struct h2f_stdout *out, h2f_turn_fn on_room, void *user);
bool h2f_stdout_has_turn(const struct h2f_stdout *out, const struct h2f_turn *turn);
/* Takes all bytes; returns how many of them are written, the rest waits. */
size_t h2f_stdout_write(struct h2f_stdout *out, struct h2f_turn *turn, const void *bytes,
                        size_t len);
/* No more bytes for this turn; what waits is still written. */
void h2f_stdout_leave(struct h2f_stdout *out, struct h2f_turn *turn);
/* Text that must not stand inside a body. */
void h2f_stdout_text(struct h2f_stdout *out, const char *text);

/* Writes what can be written now, and hands the turn on. */
void h2f_stdout_pump(struct h2f_stdout *out);
bool h2f_stdout_wants_write(const struct h2f_stdout *out);
bool h2f_stdout_is_crowded(const struct h2f_stdout *out, size_t max_turns);

#endif
