/* SPDX-License-Identifier: MIT */
/*
 * FILE.part: what a regular file is called until it is whole. One that is there already is
 * written anew only when it is ours, left by an h2fetch that was killed; ours carry the
 * sticky bit, which means nothing on a regular file. A lock tells that its writer lives.
 * Functions that fail leave the reason in errno.
 */
#ifndef H2F_PART_H
#define H2F_PART_H

#include <stdbool.h>
#include <sys/types.h>

/* A descriptor to write to, or -1: EEXIST, somebody else's file has that name; EWOULDBLOCK,
 * it is being written already. Mode 0: the usual one. */
int h2f_part_open(const char *part, mode_t mode);
/* Whole: the mark goes, then it takes its name. */
bool h2f_part_rename(int fd, const char *part, const char *path);

#endif
