/* SPDX-License-Identifier: MIT */
/*
 * A descriptor that is written without waiting for who reads it: what it does not take
 * now stays with the caller, who polls the descriptor and flushes later. A regular file
 * takes all at once.
 */
#ifndef H2F_WRITER_H
#define H2F_WRITER_H

#include "fetch_text.h"

struct h2f_writer {
    int fd;           /* -1: none yet */
    bool asks_first;  /* it may block, and is not ours to make non-blocking */
    int broken_errno; /* 0: fine; otherwise nothing is written any more */
};

/* is_own: opened by us, with O_NONBLOCK if it may block. */
void h2f_writer_init(struct h2f_writer *writer, int fd, bool is_own);
/* Returns how many bytes are written; unless it is broken, the rest is put behind what
 * waits, and all of them are while something waits. */
size_t h2f_writer_put(struct h2f_writer *writer, struct h2f_text *waiting, const void *bytes,
                      size_t len);
/* Returns how many of the bytes that waited are gone: written, or dropped as it is broken. */
size_t h2f_writer_flush(struct h2f_writer *writer, struct h2f_text *waiting);

#endif
