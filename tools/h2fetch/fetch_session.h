/* SPDX-License-Identifier: MIT */
/* The session that all URLs of a run share, as the options want it. */
#ifndef H2F_SESSION_H
#define H2F_SESSION_H

#include "fetch_trace.h"

/* As curl: from a second on twice as long each time, up to ten minutes, without jitter. */
#define H2F_RETRY_BASE_MS 1000
#define H2F_RETRY_MAX_MS 600000

/* Where the options do not want TCP; NULL where they do. */
h2client_dialer *h2f_dialer_create(const struct h2f_config *config);
/* NULL: no memory. What else is wrong each URL tells. The trace hears of frames. The
 * dialer (NULL: TCP) must outlive it. */
h2client_session *h2f_session_create(const struct h2f_config *config, h2client_cookie_jar *jar,
                                     h2client_dialer *dialer, struct h2f_trace *trace);

#endif
