/* SPDX-License-Identifier: MIT */
/*
 * -v: what the library logs and every HTTP/2 frame, on stderr. `* ` tells, `> ` is what a
 * request says, `< ` what a response says. Secrets come hidden from the library; what a
 * server sent cannot steer the terminal.
 */
#ifndef H2F_VERBOSE_H
#define H2F_VERBOSE_H

#include "fetch_text.h"

#include <h2client/h2client.h>

void h2f_verbose_log(h2client_log_level level, const char *area, const char *text, void *user);
void h2f_verbose_frame(const h2client_frame_event *event, void *user);
/* Types of frames (RFC 9113 6) that are more than their names. */
#define H2F_FRAME_HEADERS 0x1
#define H2F_FRAME_SETTINGS 0x4

/* The lines of one frame. */
void h2f_verbose_add_frame(struct h2f_text *text, const h2client_frame_event *event);
/* Whom its connection leads to, where that was opened for this call, over TLS. */
void h2f_verbose_tls(const h2client_call *call);

#endif
