/* SPDX-License-Identifier: MIT */
/*
 * As glibc does, but for what the environment and the host's own name would add: short
 * names are tried in every domain and then as they are, those with enough dots the other
 * way round.
 */
#include "resolver/search_list.h"

#include <stdio.h>

#include "resolver/conf_line.h"

#define MAX_NAME_LEN 253
#define MAX_N_DOTS 15 /* resolv.conf(5) */

static void take_domains(struct h2i_search_list *list, const char *line)
{
    struct h2i_text text = h2i_text(list->domains, sizeof list->domains);
    struct h2i_str word;

    while ((word = h2i_conf_take_word(&line)).len) {
        if (word.data[word.len - 1] == '.')
            word.len--;
        if (word.len && word.len <= MAX_NAME_LEN && text.len + word.len + 1 < text.cap)
            h2i_text_add(&text, "%.*s ", (int)word.len, word.data);
    }
}

static void take_options(struct h2i_search_list *list, const char *line)
{
    static const char ndots[] = "ndots:";
    struct h2i_str word;
    uint64_t n;

    while ((word = h2i_conf_take_word(&line)).len)
        if (word.len >= sizeof ndots && memcmp(word.data, ndots, sizeof ndots - 1) == 0 &&
            h2i_str_parse_uint(h2i_str(word.data + sizeof ndots - 1, word.len - sizeof ndots + 1),
                               UINT64_MAX, &n))
            list->n_dots = n < MAX_N_DOTS ? (size_t)n : MAX_N_DOTS;
}

/* The last of several lines counts. */
void h2i_search_list_read(struct h2i_search_list *list, const char *resolv_conf)
{
    FILE *file = fopen(resolv_conf, "re");
    char line[H2I_CONF_LINE_MAX];

    list->domains[0] = 0;
    list->n_dots = 1;
    while (file && h2i_conf_read_line(file, line)) {
        const char *rest = line;
        struct h2i_str word = h2i_conf_take_word(&rest);

        if (h2i_str_equals(word, h2i_str_of("search")) ||
            h2i_str_equals(word, h2i_str_of("domain")))
            take_domains(list, rest);
        else if (h2i_str_equals(word, h2i_str_of("options")))
            take_options(list, rest);
    }
    if (file)
        fclose(file);
}

static size_t count(const char *text, char c)
{
    size_t n = 0;

    for (; *text; text++)
        n += *text == c;
    return n;
}

static struct h2i_str domain_at(const struct h2i_search_list *list, size_t i)
{
    const char *rest = list->domains;
    struct h2i_str domain = h2i_conf_take_word(&rest);

    while (i-- > 0)
        domain = h2i_conf_take_word(&rest);
    return domain;
}

bool h2i_search_list_next(const struct h2i_search_list *list, const char *host, size_t *i,
                          char name[256])
{
    size_t n_domains = count(list->domains, ' ');
    size_t i_as_is = count(host, '.') >= list->n_dots ? 0 : n_domains;

    while (*i <= n_domains) {
        size_t at = (*i)++;
        struct h2i_str domain;

        if (at == i_as_is) {
            snprintf(name, 256, "%s", host);
            return true;
        }
        domain = domain_at(list, at - (at > i_as_is));
        if (strlen(host) + 1 + domain.len <= MAX_NAME_LEN) {
            snprintf(name, 256, "%s.%.*s", host, (int)domain.len, domain.data);
            return true;
        }
    }
    return false;
}
