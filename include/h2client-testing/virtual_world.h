/* SPDX-License-Identifier: MIT */
/*
 * A world without a machine: a virtual clock, seeded randomness, files and
 * environment in memory (the system port), and a loop port without descriptors
 * whose `wait` moves the clock to the deadline at once. Time-outs of minutes are
 * tested in microseconds.
 *
 * A loop turn in the world: nothing is ever ready by descriptor; memory
 * transports report through deferred tasks. A `wait` for ever fails the test
 * ("nothing will ever happen"), which is how a hang is found.
 */
#ifndef H2T_VIRTUAL_WORLD_H
#define H2T_VIRTUAL_WORLD_H

#include "h2client/loop.h"
#include "h2client/system.h"

#ifdef __cplusplus
extern "C" {
#endif

struct h2t_file {
    const char *path;
    char *data;
    size_t len;
    bool is_endless_pipe; /* length unknown; read in order, whatever the offset */
    bool is_written;      /* opened for writing: path and data are the world's */
    int open_errno;       /* 0, or what open answers */
    int read_errno;       /* 0, or what a read answers after `fail_after` bytes */
    size_t fail_after;
};

struct h2t_world {
    h2client_system system;
    h2client_loop loop;
    int64_t now_us;        /* starts at 1,000,000,000 */
    int64_t wall_s;        /* when the world began; the wall clock moves with now_us */
    uint64_t random_state; /* starts at 1; h2t_seed() for another world each run */
    bool has_no_randomness;
    struct h2t_file files[8]; /* by path; path NULL: free */
    size_t n_open_files;
    const char *environment[8][2];
    bool was_woken;
    uint64_t n_waits;
};

void h2t_world_init(struct h2t_world *world);
/* Fails the test when a file is still open. */
void h2t_world_finish(struct h2t_world *world);

#ifdef __cplusplus
}
#endif

#endif
