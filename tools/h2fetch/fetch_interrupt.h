/* SPDX-License-Identifier: MIT */
/*
 * SIGINT, SIGTERM and SIGHUP: the handler notes the first one and wakes the session; a
 * second one ends the process as the system would. SIGPIPE is an error of write(2).
 */
#ifndef H2F_INTERRUPT_H
#define H2F_INTERRUPT_H

#include <h2client/h2client.h>

void h2f_interrupt_watch(h2client_session *session);
/* Before the session goes. */
void h2f_interrupt_unwatch(void);
/* The signal, or 0. */
int h2f_interrupt_signal(void);

#endif
