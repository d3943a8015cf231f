/* SPDX-License-Identifier: MIT */
/* The system port on the real machine, and the detection of a fork. */
#ifndef H2I_SYSTEM_POSIX_H
#define H2I_SYSTEM_POSIX_H

#include "h2client/system.h"

/* Stateless; static. */
h2client_system *h2i_system_posix(void);

/*
 * A page the kernel wipes in a child (MADV_WIPEONFORK): asking costs a load and
 * no system call. NULL where the machine has none; that counts as "not forked".
 */
struct h2i_fork_guard;
struct h2i_fork_guard *h2i_fork_guard_create(void);
void h2i_fork_guard_destroy(struct h2i_fork_guard *guard);
/* True in a child of the process that made the guard. */
bool h2i_fork_guard_has_forked(const struct h2i_fork_guard *guard);

#endif
