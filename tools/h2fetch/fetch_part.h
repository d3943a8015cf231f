/* SPDX-License-Identifier: MIT */
/*
 * FILE.part: what a regular file is called until it is whole. One that is there already is
 * written anew, or on (fetch_resume.h), only when it is ours, left by an h2fetch that was cut
 * short; ours carry the sticky bit, which means nothing on a regular file. A lock tells that its
 * writer lives. FILE.part.validator, marked in the same way, is beside one that was kept. Functions
 * that fail leave the reason in errno.
 */
#ifndef H2F_PART_H
#define H2F_PART_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What it begins with: so many bytes that it has, or that are copied from a file. Zeroed:
 * nothing. */
struct h2f_part_start {
    int64_t n_bytes;
    const char *copied_from; /* NULL: its own */
    const char *validator;   /* what is noted beside its own; NULL: whatever it is */
};

/* A descriptor to write to, behind what it begins with, or -1: EEXIST, somebody else's file
 * has that name; EWOULDBLOCK, it is being written already; ESTALE, what it was to begin with is
 * not there any more. Mode 0: the usual one. */
int h2f_part_open(const char *part, mode_t mode, const struct h2f_part_start *start);
bool h2f_part_is_ours(const char *part);
/* Of what version it is a part; NULL: nobody knows. The caller's to free. */
char *h2f_part_validator(const char *part);
/* It stays, as a part of that version. False: that could not be noted. */
bool h2f_part_keep(const char *part, const char *validator);
/* It goes, with what is noted beside it. */
bool h2f_part_remove(const char *part);
/* Whole: the mark and the note go, then it takes its name. */
bool h2f_part_rename(int fd, const char *part, const char *path);

#endif
