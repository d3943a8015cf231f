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

/* ---- references ---------------------------------------------------------------- */

/* The length of "scheme:", or 0 (RFC 3986 3.1). */
static size_t scheme_len(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t len = strspn(text, letters);

    if (len)
        while (text[len] && strchr("0123456789+-.", text[len]))
            len += 1 + strspn(text + len + 1, letters);
    return len && text[len] == ':' ? len + 1 : 0;
}

/* Takes the last "/segment" away, but nothing that was there before `root`. */
static void drop_segment(struct h2f_text *text, size_t root)
{
    size_t len = text->len;

    while (len > root && text->data[--len] != '/')
        continue;
    text->len = len;
    text->data[len] = 0;
}

/* Appends a path that begins with a slash; "." and ".." are carried out (5.2.4). */
static void add_path(struct h2f_text *text, const char *path)
{
    size_t root = text->len;

    while (*path) {
        size_t len = 1 + strcspn(path + 1, "/");
        bool is_up = len == 3 && strncmp(path, "/..", len) == 0;
        bool is_here = len == 2 && path[1] == '.';

        if (is_up)
            drop_segment(text, root);
        if (!is_up && !is_here)
            h2f_text_add(text, path, len);
        else if (!path[len])
            h2f_text_puts(text, "/");
        path += len;
    }
}

/* The reference's path behind the folder of the base's (5.2.3). */
static char *merge_paths(const char *base_path, size_t base_len, const char *path, size_t len)
{
    while (base_len && base_path[base_len - 1] != '/')
        base_len--;
    if (!base_len)
        return h2f_format("/%.*s", (int)len, path);
    return h2f_format("%.*s%.*s", (int)base_len, base_path, (int)len, path);
}

/* 5.2.2 from where neither scheme nor authority are the reference's own. */
static char *resolve_path(const char *base, const char *reference)
{
    size_t path_len = strcspn(reference, "?#");
    struct h2f_text text = {0};
    size_t start, end;
    char *path;

    find_path(base, &start, &end);
    if (path_len == 0)
        end += reference[0] == '?' ? 0 : strcspn(base + end, "#");
    if (path_len == 0)
        return h2f_format("%.*s%s", (int)end, base, reference);
    path = reference[0] == '/' ? h2f_copy_part(reference, path_len)
                               : merge_paths(base + start, end - start, reference, path_len);
    h2f_text_add(&text, base, start);
    add_path(&text, path);
    h2f_text_puts(&text, reference + path_len);
    free(path);
    return h2f_text_take(&text);
}

char *h2f_url_resolve(const char *base, const char *reference)
{
    if (scheme_len(reference))
        return h2f_copy(reference);
    if (strncmp(reference, "//", 2) == 0)
        return h2f_format("%.*s%s", (int)scheme_len(base), base, reference);
    return resolve_path(base, reference);
}

/* ---- what may be shown ------------------------------------------------------------ */

void h2f_make_printable(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

/* Where scheme and userinfo end. A password may have a slash that was not encoded: there
 * is no number behind the colon then. */
static size_t find_host(const char *url, size_t *scheme_end)
{
    const char *slashes = strstr(url, "://");
    size_t start = slashes ? (size_t)(slashes - url) + 3 : 0;
    size_t end = start + strcspn(url + start, "/?#");
    size_t colon = start + strcspn(url + start, url[start] == '[' ? "]" : ":");
    size_t host;

    *scheme_end = start;
    if (url[start] == '[' && url[colon])
        colon++;
    if (colon < end && colon + 1 + strspn(url + colon + 1, "0123456789") < end)
        end += strlen(url + end);
    for (host = end; host > start && url[host - 1] != '@';)
        host--;
    return host;
}

char *h2f_url_without_login(const char *url)
{
    size_t scheme_end;
    size_t host = find_host(url, &scheme_end);
    char *shown = h2f_format("%.*s%s", (int)scheme_end, url, url + host);

    h2f_make_printable(shown);
    return shown;
}

char *h2f_url_shown(const char *url)
{
    char *shown = h2f_url_without_login(url);

    shown[strcspn(shown, "#")] = 0;
    return shown;
}
