/* SPDX-License-Identifier: MIT */
/* Cookies of a run: none, unless -b FILE or -c asks for a jar. */
#ifndef H2F_COOKIES_H
#define H2F_COOKIES_H

#include "fetch_config.h"

/* *jar is to be given back by h2client_cookie_jar_unref. False: a file of -b cannot be read,
 * or a line of it makes no sense. */
bool h2f_cookies_load(const struct h2f_config *config, h2client_cookie_jar **jar,
                      struct h2f_problem *problem);
/* Writes what -c wants: the file gets its name once it is whole. False with errno. */
bool h2f_cookies_save(const struct h2f_config *config, const h2client_cookie_jar *jar);

#endif
