/* SPDX-License-Identifier: MIT */
/* hosts(5): names the machine's administrator has written down. */
#ifndef H2I_HOSTS_FILE_H
#define H2I_HOSTS_FILE_H

#include "h2client/resolver.h"

#define H2I_HOSTS_FILE "/etc/hosts"

/* The addresses of a lower-case name, in the file's order; *n is 0 where it has none or
 * there is no file. 0, or the errno for which it cannot be read now. */
int h2i_hosts_file_find(const char *path, const char *host,
                        h2client_address list[H2CLIENT_MAX_ADDRESSES], size_t *n);

#endif
