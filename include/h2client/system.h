/* SPDX-License-Identifier: MIT */
/*
 * System port: time, randomness, environment and files.
 *
 * Everything the library wants to know from the machine, sockets and names
 * apart, comes in through this vtable, so that a test can replace all of it.
 * The default one is the real machine. Implementations embed h2client_system
 * as their first member. All functions are called on the session's thread.
 */
#ifndef H2CLIENT_SYSTEM_H
#define H2CLIENT_SYSTEM_H

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct h2client_system h2client_system;
typedef struct h2client_file h2client_file;

typedef enum h2client_open_mode {
    H2CLIENT_OPEN_READ = 0,
    H2CLIENT_OPEN_WRITE = 1,         /* created or truncated */
    H2CLIENT_OPEN_WRITE_PRIVATE = 2, /* the same, readable by its owner only */
    /* Nothing is opened: the path is a descriptor's number in decimal, which is written where
     * it stands and stays the caller's. */
    H2CLIENT_OPEN_DESCRIPTOR = 3
} h2client_open_mode;

typedef struct h2client_system_ops {
    size_t size;
    /* Microseconds that never go back; the origin is arbitrary. */
    int64_t (*monotonic_us)(h2client_system *system);
    /* Seconds since 1970-01-01 UTC. */
    int64_t (*wall_clock_s)(h2client_system *system);
    /* False when there is no randomness: the session refuses to work then. */
    bool (*random_bytes)(h2client_system *system, void *buf, size_t len);
    /* NULL when not set; valid until the next call. */
    const char *(*environment)(h2client_system *system, const char *name);
    /* On success *file is set and *file_len is the length in bytes, or -1 where
     * it has none (pipes, devices). Otherwise returns an errno value. */
    int (*file_open)(h2client_system *system, const char *path, h2client_open_mode mode,
                     h2client_file **file, int64_t *file_len);
    /* Reads at `offset` (ignored where the file cannot seek). Returns the number
     * of bytes, 0 at the end, or a negated errno value. */
    ptrdiff_t (*file_read)(h2client_system *system, h2client_file *file, int64_t offset, void *buf,
                           size_t len);
    /* Appends all bytes, waiting where a descriptor takes none now, or returns a negated
     * errno value; 0 on success. */
    int (*file_write)(h2client_system *system, h2client_file *file, const void *buf, size_t len);
    /* Frees `file`. The errno value of a write that failed late, or 0. */
    int (*file_close)(h2client_system *system, h2client_file *file);
} h2client_system_ops;

struct h2client_system {
    const h2client_system_ops *ops;
};

#ifdef __cplusplus
}
#endif

#endif
