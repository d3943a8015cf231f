/* SPDX-License-Identifier: MIT */
/*
 * Output files. A regular file is written as FILE.part and takes its name when it is
 * whole; pipes and devices are written as they are, and never waited for: what they do not
 * take now waits here. Functions that return false leave the reason in errno; that of
 * h2f_file_open may be one of fetch_part.h.
 */
#ifndef H2F_FILE_H
#define H2F_FILE_H

#include "fetch_part.h"
#include "fetch_writer.h"

/* How often to look for a FIFO's reader: nothing tells. */
#define H2F_FILE_RETRY_MS 50

struct h2f_file {
    struct h2f_writer writer;
    struct h2f_text waiting;
    char *path;         /* the name it gets */
    char *part;         /* the name it has till then; NULL: written as it is */
    bool awaits_reader; /* a FIFO that nobody reads: open, but without a descriptor */
};

#define H2F_FILE_NONE ((struct h2f_file){.writer.fd = -1})

/* `start` is for regular files. */
bool h2f_file_open(struct h2f_file *file, const char *path, bool create_dirs,
                   const struct h2f_part_start *start);
/* What a regular file of that name is called until it is whole; NULL with errno. The caller's
 * to free. */
char *h2f_file_part_name(const char *path);
bool h2f_file_is_open(const struct h2f_file *file);
/* Takes all bytes; returns how many of them are written, the rest waits. After this and
 * h2f_file_pump, writer.broken_errno tells of a failure. */
size_t h2f_file_write(struct h2f_file *file, const void *bytes, size_t len);
/* Looks for a reader, writes what waits; returns how many of these bytes are gone. */
size_t h2f_file_pump(struct h2f_file *file);
/* Nothing waits, neither bytes nor for a reader. */
bool h2f_file_is_drained(const struct h2f_file *file);
/* Its descriptor has to be polled. */
bool h2f_file_wants_write(const struct h2f_file *file);
/* Whole: closes it under its own name. After a failure it is still open. */
bool h2f_file_commit(struct h2f_file *file);
/* Not whole: closes it, and leaves it to be gone on with. False: it is no such file, or there
 * is nothing to note that by. */
bool h2f_file_keep(struct h2f_file *file, const char *validator);
/* Not whole: closes and removes it. True when something was removed. */
bool h2f_file_abandon(struct h2f_file *file);
void h2f_file_finish(struct h2f_file *file);

/* write(2) until all is written. */
bool h2f_write_all(int fd, const void *bytes, size_t len);

#endif
