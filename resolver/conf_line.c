/* SPDX-License-Identifier: MIT */
#include "resolver/conf_line.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The word that was cut goes too: half a name is another name. */
static void skip_rest_of_line(FILE *file, char *line)
{
    size_t len = strlen(line);
    int c;

    do
        c = getc(file);
    while (c != EOF && c != '\n');
    while (len > 0 && !is_space(line[len - 1]))
        len--;
    line[len] = 0;
}

bool h2i_conf_read_line(FILE *file, char line[H2I_CONF_LINE_MAX])
{
    if (!fgets(line, H2I_CONF_LINE_MAX, file))
        return false;
    if (strlen(line) == H2I_CONF_LINE_MAX - 1 && !strchr(line, '\n'))
        skip_rest_of_line(file, line);
    line[strcspn(line, "#")] = 0;
    if (line[0] == ';')
        line[0] = 0;
    return true;
}

struct h2i_str h2i_conf_take_word(const char **line)
{
    struct h2i_str word;

    while (is_space(**line))
        ++*line;
    word = h2i_str(*line, 0);
    for (; **line && !is_space(**line); ++*line)
        word.len++;
    return word;
}
