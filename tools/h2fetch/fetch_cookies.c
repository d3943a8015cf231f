/* SPDX-License-Identifier: MIT */
#include "fetch_cookies.h"

#include "fetch_file.h"
#include "fetch_values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static bool load_file(h2client_cookie_jar *jar, const char *path, struct h2f_problem *problem)
{
    struct h2f_text text = {0};
    size_t bad_line = 0;
    h2client_error_code code;

    if (path[0] == 0) /* as in curl: a jar that is empty at first */
        return true;
    if (strcmp(path, "-") == 0)
        path = "/dev/stdin";
    if (!h2f_read_path(path, &text))
        return h2f_problem_set(problem, H2F_EXIT_READ, "--cookie: cannot read \"%s\": %s", path,
                               strerror(errno));
    code = h2client_cookie_jar_import(jar, text.data ? text.data : "", text.len, time(NULL),
                                      &bad_line);
    h2f_text_finish(&text);
    if (code)
        h2f_no_memory();
    if (!bad_line)
        return true;
    return h2f_problem_set(problem, H2F_EXIT_READ, "--cookie: %s:%zu: this is no line of cookies",
                           path, bad_line);
}

bool h2f_cookies_load(const struct h2f_config *config, h2client_cookie_jar **jar,
                      struct h2f_problem *problem)
{
    bool is_loaded = true;

    *jar = h2client_cookie_jar_none();
    if (!config->cookie_files.n && !config->cookie_jar)
        return true;
    *jar = h2client_cookie_jar_create(NULL);
    if (!*jar)
        h2f_no_memory();
    for (size_t i = 0; i < config->cookie_files.n && is_loaded; i++)
        is_loaded = load_file(*jar, config->cookie_files.list[i], problem);
    return is_loaded;
}

/* False with errno. */
static bool write_file(const char *path, const char *text, size_t len)
{
    struct h2f_file file;
    const struct h2f_part_start start = {.n_bytes = 0};
    bool is_written = h2f_file_open(&file, path, false, &start) &&
                      h2f_file_write(&file, text, len) == len && h2f_file_commit(&file);
    int error = file.writer.broken_errno ? file.writer.broken_errno : errno;

    h2f_file_finish(&file);
    errno = error;
    return is_written;
}

bool h2f_cookies_save(const struct h2f_config *config, const h2client_cookie_jar *jar)
{
    bool is_written;
    size_t len;
    char *text;

    if (!config->cookie_jar)
        return true;
    len = h2client_cookie_jar_export(jar, time(NULL), NULL, 0);
    text = h2f_alloc(len + 1);
    h2client_cookie_jar_export(jar, time(NULL), text, len + 1);
    is_written = h2f_output_is_stdout(config->cookie_jar)
                     ? h2f_write_all(STDOUT_FILENO, text, len)
                     : write_file(config->cookie_jar, text, len);
    free(text);
    return is_written;
}
