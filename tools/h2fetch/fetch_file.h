/* SPDX-License-Identifier: MIT */
/*
 * Output files. A regular file is written as FILE.part and takes its name when it is
 * whole; pipes and devices are written as they are. Two writers of one FILE.part refuse
 * each other, in one process or in two. Functions that fail leave the reason in errno.
 */
#ifndef H2F_FILE_H
#define H2F_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct h2f_file {
    int fd;
    char *path; /* the name it gets */
    char *part; /* the name it has till then; NULL: written as it is */
};

#define H2F_FILE_NONE ((struct h2f_file){.fd = -1})

bool h2f_file_open(struct h2f_file *file, const char *path, bool create_dirs);
bool h2f_file_is_open(const struct h2f_file *file);
/* All bytes, or false; a signal that ends the run ends a write that blocks. */
bool h2f_file_write(const struct h2f_file *file, const void *bytes, size_t len);
/* Whole: closes it under its own name. After a failure it is still open. */
bool h2f_file_commit(struct h2f_file *file);
/* Not whole: closes and removes it. True when something was removed. */
bool h2f_file_abandon(struct h2f_file *file);
void h2f_file_finish(struct h2f_file *file);

/* write(2) until all is written. */
bool h2f_write_all(int fd, const void *bytes, size_t len);

#endif
