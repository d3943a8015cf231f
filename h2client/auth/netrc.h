/* SPDX-License-Identifier: MIT */
/*
 * netrc: user and password by host, as ftp and curl read them: words between white space or
 * in double quotes (\" \\ \n \r \t), machine, default, login, password, account, and macdef up
 * to an empty line. A word that begins with # begins a comment, to the end of the line, also
 * where a value should be: such a value needs quotes. Other control characters are errors.
 */
#ifndef H2I_NETRC_H
#define H2I_NETRC_H

#include "base/arena.h"
#include "base/str.h"
#include "h2client/error.h"

struct h2i_netrc_login {
    const char *user; /* NULL: there is nothing for this host */
    const char *password;
};

/*
 * The first entry of exactly that host (any case of letters), and of that user where `user` is
 * not NULL; where there is none, `default`, if takes_default. All of the text is read: OK;
 * NO_MEMORY; NETRC, with `why` naming the line, never what stands there.
 */
h2client_error_code h2i_netrc_find(struct h2i_arena *arena, struct h2i_str text, const char *host,
                                   const char *user, bool takes_default,
                                   struct h2i_netrc_login *login, struct h2i_text *why);

#endif
