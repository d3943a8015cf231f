/* SPDX-License-Identifier: MIT */
/*
 * The hosts file, read at every look-up: a change holds at once, nothing is kept, and a
 * file of the usual few lines costs less than asking whether it has changed would save.
 * It comes before the name servers, whatever nsswitch.conf says.
 */
#include "resolver/hosts_file.h"

#include <errno.h>
#include <stdio.h>

#include "base/str.h"

#define MAX_LINE 4096 /* what a longer one has behind it is not seen */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Off the front of the line; empty at its end. */
static struct h2i_str take_word(const char **line)
{
    struct h2i_str word;

    while (is_space(**line))
        ++*line;
    word = h2i_str(*line, 0);
    for (; **line && !is_space(**line); ++*line)
        word.len++;
    return word;
}

/* "ADDRESS NAME NAME ..." with comments cut off. */
static bool find_in_line(const char *line, struct h2i_str host, h2client_address *address)
{
    char text[H2CLIENT_ADDRESS_TEXT_MAX];
    struct h2i_str literal = take_word(&line);
    struct h2i_str name;

    if (literal.len >= sizeof text)
        return false;
    memcpy(text, literal.data, literal.len);
    text[literal.len] = 0;
    do
        name = take_word(&line);
    while (name.len && !h2i_str_equals_nocase(name, host));
    return name.len && h2client_address_parse(text, address);
}

static void skip_rest_of_line(FILE *file)
{
    int c;

    do
        c = getc(file);
    while (c != EOF && c != '\n');
}

static size_t find_in_file(FILE *file, struct h2i_str host, h2client_address *list)
{
    char line[MAX_LINE];
    size_t n = 0;

    while (n < H2CLIENT_MAX_ADDRESSES && fgets(line, sizeof line, file)) {
        if (!strchr(line, '\n'))
            skip_rest_of_line(file);
        line[strcspn(line, "#")] = 0;
        n += find_in_line(line, host, &list[n]);
    }
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
