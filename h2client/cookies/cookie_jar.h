/* SPDX-License-Identifier: MIT */
/* The built-in jar, for the files of this room; others know include/h2client/cookies.h. */
#ifndef H2I_COOKIE_JAR_H
#define H2I_COOKIE_JAR_H

#include "h2client/cookies/cookie_store.h"

/* NULL: no built-in jar, or none at all. */
struct h2i_cookie_store *h2i_cookie_jar_store(h2client_cookie_jar *jar);
const struct h2i_cookie_store *h2i_cookie_jar_view(const h2client_cookie_jar *jar);

#endif
