/* SPDX-License-Identifier: MIT */
#include "fetch_data.h"

#include "fetch_values.h"

#include <errno.h>
#include <string.h>

static const char *const option_names[] = {
    [H2F_DATA_TEXT] = "--data",          [H2F_DATA_RAW] = "--data-raw",
    [H2F_DATA_BINARY] = "--data-binary", [H2F_DATA_URLENCODE] = "--data-urlencode",
    [H2F_DATA_JSON] = "--json",          [H2F_DATA_QUERY] = "--url-query",
};

static bool read_piece(struct h2f_config *config, enum h2f_data_kind kind, const char *path,
                       struct h2f_text *piece, struct h2f_problem *problem)
{
    if (h2f_read_file(config, path, piece))
        return true;
    return h2f_problem_set(problem, H2F_EXIT_READ, "%s: cannot read \"%s\": %s", option_names[kind],
                           path, strerror(errno));
}

static void leave_out_line_ends(struct h2f_text *text)
{
    size_t n_kept = 0;

    for (size_t i = 0; i < text->len; i++)
        if (text->data[i] != '\r' && text->data[i] != '\n' && text->data[i])
            text->data[n_kept++] = text->data[i];
    text->len = n_kept;
}

/* As forms have it: a space is a plus. */
static void form_encode(struct h2f_text *piece, const char *bytes, size_t len)
{
    while (len) {
        const char *space = memchr(bytes, ' ', len);
        size_t n = space ? (size_t)(space - bytes) : len;

        h2f_text_urlencode(piece, bytes, n);
        if (space)
            h2f_text_puts(piece, "+");
        n += space != NULL;
        bytes += n;
        len -= n;
    }
}

/* The name goes as it is, what is behind = or @ is encoded; without either all of it is. */
static bool urlencode_piece(struct h2f_config *config, enum h2f_data_kind kind,
                            const char *argument, struct h2f_text *piece,
                            struct h2f_problem *problem)
{
    size_t name_len = strcspn(argument, "=@");
    const char *value = argument[name_len] ? argument + name_len + 1 : argument;
    struct h2f_text content = {0};

    if (argument[name_len] && name_len)
        h2f_text_printf(piece, "%.*s=", (int)name_len, argument);
    if (argument[name_len] != '@') {
        form_encode(piece, value, strlen(value));
        return true;
    }
    if (!read_piece(config, kind, value, &content, problem)) {
        h2f_text_finish(&content);
        return false;
    }
    form_encode(piece, h2f_text_string(&content), content.len);
    h2f_text_finish(&content);
    return true;
}

static bool make_piece(struct h2f_config *config, enum h2f_data_kind kind, const char *argument,
                       struct h2f_text *piece, struct h2f_problem *problem)
{
    if (kind == H2F_DATA_QUERY && argument[0] == '+') {
        h2f_text_puts(piece, argument + 1);
        return true;
    }
    if (kind == H2F_DATA_URLENCODE || kind == H2F_DATA_QUERY)
        return urlencode_piece(config, kind, argument, piece, problem);
    if (kind == H2F_DATA_RAW || argument[0] != '@') {
        h2f_text_puts(piece, argument);
        return true;
    }
    if (!read_piece(config, kind, argument + 1, piece, problem))
        return false;
    if (kind == H2F_DATA_TEXT)
        leave_out_line_ends(piece);
    return true;
}

static void join_piece(struct h2f_text *joined, bool is_behind, const struct h2f_text *piece)
{
    if (is_behind)
        h2f_text_puts(joined, "&");
    h2f_text_add(joined, h2f_text_string(piece), piece->len);
}

static void add_to_body(struct h2f_config *config, enum h2f_data_kind kind,
                        const struct h2f_text *piece)
{
    join_piece(&config->data, config->has_data && kind != H2F_DATA_JSON, piece);
    config->has_data = true;
    if (kind == H2F_DATA_JSON)
        config->is_json = true;
}

bool h2f_data_add(struct h2f_config *config, enum h2f_data_kind kind, const char *argument,
                  struct h2f_problem *problem)
{
    struct h2f_text piece = {0};
    bool is_made = make_piece(config, kind, argument, &piece, problem);

    if (is_made && kind == H2F_DATA_QUERY)
        join_piece(&config->query, config->query.len > 0, &piece);
    else if (is_made)
        add_to_body(config, kind, &piece);
    h2f_text_finish(&piece);
    return is_made;
}
