/* SPDX-License-Identifier: MIT */
/* The session that all URLs of a run share, as the options want it. */
#ifndef H2F_SESSION_H
#define H2F_SESSION_H

#include "fetch_config.h"

/* NULL: no memory. What else is wrong each URL tells. */
h2client_session *h2f_session_create(const struct h2f_config *config, h2client_cookie_jar *jar);

#endif
