/* SPDX-License-Identifier: MIT */
/* Search domains (resolv.conf(5)): the names that are asked for, in turn, for one. */
#ifndef H2I_SEARCH_LIST_H
#define H2I_SEARCH_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct h2i_search_list {
    char domains[2048]; /* separated by spaces; "": names are asked for as they are */
    size_t n_dots;      /* a name with so many is asked for as it is first */
};

/* No file, or none that can be read: no domains. */
void h2i_search_list_read(struct h2i_search_list *list, const char *resolv_conf);
/* The next name for `host`; *i is 0 before the first, of which there is one always. False:
 * there are no more, and name stays. */
bool h2i_search_list_next(const struct h2i_search_list *list, const char *host, size_t *i,
                          char name[256]);

#endif
