/* SPDX-License-Identifier: MIT */
/*
 * Children: processes of ours, each at the other end of a socket; started, and waited for
 * however they end. A child whose socket is closed has time to leave, is then asked to, then
 * made to. No handler of signals, no waiting but at the very end.
 */
#ifndef H2I_CHILD_H
#define H2I_CHILD_H

#include <sys/types.h>

#include "base/reactor.h"

struct h2i_children {
    h2client_allocator allocator;
    struct h2i_list all;
};

struct h2i_child {
    struct h2i_list node;
    struct h2i_children *children;
    h2client_reactor *reactor; /* NULL: its session is gone, nobody keeps the time */
    struct h2i_reactor_end session_ends;
    h2client_timer timer; /* while it leaves: look again */
    int64_t leaves_us;    /* since when it should */
    int64_t pause_us;     /* between two looks */
    pid_t pid;
    pid_t parent; /* us, but not a fork of us */
    bool is_leaving;
    bool has_ended; /* it has been waited for */
    bool is_lost;   /* then, but not by us */
    int status;     /* of waitpid, where it was us */
};

void h2i_children_init(struct h2i_children *children, const h2client_allocator *allocator);
/* No child is anybody's. Those that are still there are ended, and waited for. */
void h2i_children_finish(struct h2i_children *children);
/* Looks after those whose sessions are gone. */
void h2i_children_sweep(struct h2i_children *children);

/* `command` for /bin/sh; *fd is our end of the socket that is its input and output, CLOEXEC
 * and non-blocking. 0, or an errno value. */
int h2i_child_start(struct h2i_children *children, h2client_reactor *reactor, const char *command,
                    struct h2i_child **child, int *fd);
/* Does not wait. */
bool h2i_child_has_ended(struct h2i_child *child);
/* "ended with status 3", "was ended by signal 9"; returns buf. It has ended. */
#define H2I_CHILD_TEXT_MAX 48
const char *h2i_child_end_text(const struct h2i_child *child, char buf[H2I_CHILD_TEXT_MAX]);
/* Its socket is closed. The child is not the caller's any more. */
void h2i_child_leave(struct h2i_child *child);

#endif
