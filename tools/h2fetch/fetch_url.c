/* SPDX-License-Identifier: MIT */
#include "fetch_url.h"

#include "fetch_text.h"

#include <stdlib.h>
#include <string.h>

char *h2f_url_complete(const char *typed)
{
    return strstr(typed, "://") ? h2f_copy(typed) : h2f_format("http://%s", typed);
}

char *h2f_url_add_query(const char *url, const char *data)
{
    size_t len = strcspn(url, "#");
    size_t query = strcspn(url, "?#");
    char last = len ? url[len - 1] : 0;
    const char *joint = url[query] != '?' ? "?" : last == '?' || last == '&' ? "" : "&";

    return h2f_format("%.*s%s%s%s", (int)len, url, joint, data, url + len);
}

/* Where the path begins and ends. */
static void find_path(const char *url, size_t *start, size_t *end)
{
    const char *authority = strstr(url, "://");
    size_t before = authority ? (size_t)(authority - url) + 3 : 0;

    *start = before + strcspn(url + before, "/?#");
    *end = *start + strcspn(url + *start, "?#");
}

char *h2f_url_add_upload_name(const char *url, const char *file)
{
    struct h2f_text text = {0};
    const char *name = strrchr(file, '/');
    size_t start, end;

    find_path(url, &start, &end);
    if (strcmp(file, "-") == 0 || url[end] || (end > start && url[end - 1] != '/'))
        return h2f_copy(url);
    name = name ? name + 1 : file;
    h2f_text_printf(&text, "%s%s", url, end == start ? "/" : "");
    h2f_text_urlencode(&text, name, strlen(name));
    return h2f_text_take(&text);
}

char *h2f_url_remote_name(const char *url)
{
    size_t start, end, name;
    char *result;

    find_path(url, &start, &end);
    for (name = end; name > start && url[name - 1] != '/';)
        name--;
    result = h2f_copy_part(url + name, end - name);
    if (result[0] && strcmp(result, ".") != 0 && strcmp(result, "..") != 0)
        return result;
    free(result);
    return NULL;
}

void h2f_make_printable(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

char *h2f_url_shown(const char *url)
{
    const char *authority = strstr(url, "://");
    size_t before = authority ? (size_t)(authority - url) + 3 : 0;
    size_t end = before + strcspn(url + before, "/?#");
    size_t host = end;
    char *shown;

    while (host > before && url[host - 1] != '@')
        host--;
    shown = h2f_format("%.*s%.*s", (int)before, url, (int)strcspn(url + host, "#"), url + host);
    h2f_make_printable(shown);
    return shown;
}
