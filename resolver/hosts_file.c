/* SPDX-License-Identifier: MIT */
/*
 * The hosts file, read at every look-up: a change holds at once, nothing is kept, and a
 * file of the usual few lines costs less than asking whether it has changed would save.
 * It comes before the name servers, whatever nsswitch.conf says.
 */
#include "resolver/hosts_file.h"

#include <errno.h>
#include <stdio.h>

#include "resolver/conf_line.h"

/* "ADDRESS NAME NAME ..." with comments cut off. */
static bool find_in_line(const char *line, struct h2i_str host, h2client_address *address)
{
    char text[H2CLIENT_ADDRESS_TEXT_MAX];
    struct h2i_str literal = h2i_conf_take_word(&line);
    struct h2i_str name;

    if (literal.len >= sizeof text)
        return false;
    memcpy(text, literal.data, literal.len);
    text[literal.len] = 0;
    do
        name = h2i_conf_take_word(&line);
    while (name.len && !h2i_str_equals_nocase(name, host));
    return name.len && h2client_address_parse(text, address);
}

static size_t find_in_file(FILE *file, struct h2i_str host, h2client_address *list)
{
    char line[H2I_CONF_LINE_MAX];
    size_t n = 0;

    while (n < H2CLIENT_MAX_ADDRESSES && h2i_conf_read_line(file, line))
        n += find_in_line(line, host, &list[n]);
    return n;
}

int h2i_hosts_file_find(const char *path, const char *host,
                        h2client_address list[H2CLIENT_MAX_ADDRESSES], size_t *n)
{
    FILE *file = fopen(path, "re");

    *n = 0;
    if (!file)
        return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? errno : 0;
    *n = find_in_file(file, h2i_str_of(host), list);
    fclose(file);
    return 0;
}
