/* SPDX-License-Identifier: MIT */
#include "fetch_targets.h"

#include "fetch_outputs.h"
#include "fetch_url.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE 65536u
#define MAX_LINE_LEN 65536u

static void close_list(struct h2f_targets *targets)
{
    if (targets->list.fd > STDIN_FILENO)
        close(targets->list.fd);
    targets->list.fd = -1;
}

void h2f_targets_finish(struct h2f_targets *targets)
{
    close_list(targets);
    h2f_text_finish(&targets->list.text);
}

void h2f_target_finish(struct h2f_target *target)
{
    free(target->url);
    free(target->line);
    free(target->output);
    *target = (struct h2f_target){0};
}

/* ---- a target from what the user gave ------------------------------------------- */

static char *in_output_dir(const struct h2f_config *config, const char *file)
{
    return config->output_dir ? h2f_format("%s/%s", config->output_dir, file) : h2f_copy(file);
}

static void replace_url(struct h2f_target *target, char *url)
{
    free(target->url);
    target->url = url;
}

static void set_url(const struct h2f_config *config, struct h2f_target *target, const char *typed)
{
    target->url = h2f_url_complete(typed);
    if (target->upload)
        replace_url(target, h2f_url_add_upload_name(target->url, target->upload));
    if (config->has_data && config->is_get)
        replace_url(target, h2f_url_add_query(target->url, h2f_text_string(&config->data)));
    if (config->query.len)
        replace_url(target, h2f_url_add_query(target->url, h2f_text_string(&config->query)));
}

static bool set_output(const struct h2f_config *config, struct h2f_target *target,
                       const struct h2f_output *output, struct h2f_problem *problem)
{
    char *name;
    char *shown;

    if (output->file) {
        if (!h2f_output_is_stdout(output->file))
            target->output = in_output_dir(config, output->file);
        return true;
    }
    name = h2f_url_remote_name(target->url);
    if (name) {
        target->output = in_output_dir(config, name);
        free(name);
        return true;
    }
    shown = h2f_url_shown(target->url);
    h2f_problem_set(problem, H2F_EXIT_WRITE, "--remote-name: %.800s does not end in a file's name",
                    shown);
    free(shown);
    return false;
}

static enum h2f_next take_argument(struct h2f_targets *targets, struct h2f_target *target,
                                   struct h2f_problem *problem)
{
    const struct h2f_config *config = targets->config;
    size_t i = targets->n_taken;

    *target = (struct h2f_target){.index = targets->n_taken++};
    if (i < config->uploads.n && config->uploads.list[i][0])
        target->upload = config->uploads.list[i];
    set_url(config, target, config->urls.list[i]);
    if (i < config->outputs.n && !set_output(config, target, &config->outputs.list[i], problem))
        return H2F_NEXT_BAD;
    return H2F_NEXT_READY;
}

/* ---- the list's bytes ------------------------------------------------------------- */

static bool is_readable(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

    return poll(&poll_fd, 1, 0) > 0;
}

enum fill { FILLED, NOT_NOW, FAILED };

static enum fill fill(struct h2f_targets *targets)
{
    char buf[READ_SIZE];
    ssize_t n;

    h2f_text_drop(&targets->list.text, targets->list.start);
    targets->list.start = 0;
    if (!is_readable(targets->list.fd))
        return NOT_NOW;
    n = read(targets->list.fd, buf, sizeof buf);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? NOT_NOW : FAILED;
    targets->list.is_at_end = n == 0;
    h2f_text_add(&targets->list.text, buf, (size_t)n);
    return FILLED;
}

/* The next line's length, if all of it is there; the last one may lack its newline. */
static bool find_line(const struct h2f_targets *targets, size_t *len)
{
    const char *start = h2f_text_string(&targets->list.text) + targets->list.start;
    size_t n_left = targets->list.text.len - targets->list.start;
    const char *newline = n_left ? memchr(start, '\n', n_left) : NULL;

    *len = newline ? (size_t)(newline - start) : n_left;
    return newline || (targets->list.is_at_end && n_left);
}

/* ---- the list's lines ---------------------------------------------------------------- */

/* The line without what is around it, a carriage return and spaces. */
static char *trim(char *line, size_t *len)
{
    size_t n_before;

    if (*len && line[*len - 1] == '\r')
        --*len;
    while (*len && line[*len - 1] == ' ')
        --*len;
    line[*len] = 0;
    n_before = strspn(line, " ");
    *len -= n_before;
    return line + n_before;
}

static const char *split_line(char *line, size_t len, const char **output)
{
    char *tab = strchr(line, '\t');

    *output = NULL;
    if (memchr(line, 0, len))
        return "a NUL byte in the line";
    if (!tab)
        return NULL;
    if (strchr(tab + 1, '\t'))
        return "a second tab; a line is URL or URL TAB FILE";
    if (tab == line)
        return "no URL before the tab";
    if (!tab[1])
        return "no file behind the tab";
    *tab = 0;
    *output = tab + 1;
    return NULL;
}

static const char *check_line(const struct h2f_config *config, const char *output)
{
    if (h2f_config_reports_to_stdout(config) && h2f_output_is_stdout(output))
        return "no file for the body, and --report - has stdout";
    if (h2f_config_traces_to_stdout(config) && h2f_output_is_stdout(output))
        return "no file for the body, and --trace-frames - has stdout";
    return NULL;
}

/* What a message shows of a line: its place, and what the user wrote. */
static char *shown_line(const struct h2f_targets *targets, const char *line)
{
    size_t url_len = strcspn(line, "\t");
    char *url = h2f_copy_part(line, url_len);
    char *shown_url = h2f_url_without_login(url);
    char *shown = h2f_format("%s:%zu: %s%s", targets->list.name, targets->list.n_lines, shown_url,
                             line + url_len);

    free(url);
    free(shown_url);
    return shown;
}

/* `line` is writable and ends with a NUL; READY, BAD, or END for one that names nothing. */
static enum h2f_next take_line(struct h2f_targets *targets, char *line, size_t len,
                               struct h2f_target *target, struct h2f_problem *problem)
{
    const struct h2f_config *config = targets->config;
    const char *output;
    const char *wrong;

    line = trim(line, &len);
    if (!len || line[0] == '#')
        return H2F_NEXT_END;
    *target = (struct h2f_target){.index = targets->n_taken++, .line = shown_line(targets, line)};
    wrong = split_line(line, len, &output);
    if (!wrong)
        wrong = check_line(config, output);
    if (wrong) {
        h2f_problem_set(problem, H2F_EXIT_USAGE, "%.800s : %s", target->line, wrong);
        return H2F_NEXT_BAD;
    }
    set_url(config, target, line);
    if (output)
        set_output(config, target, &(const struct h2f_output){.file = output}, problem);
    return H2F_NEXT_READY;
}

/* What is there of a line above the limit is dropped; it is refused at its end. */
static void drop_long_line(struct h2f_targets *targets)
{
    if (targets->list.text.len - targets->list.start <= MAX_LINE_LEN)
        return;
    targets->list.is_skipping = true;
    targets->list.start = targets->list.text.len;
}

static enum h2f_next refuse_long_line(struct h2f_targets *targets, struct h2f_target *target,
                                      struct h2f_problem *problem)
{
    targets->list.is_skipping = false;
    *target = (struct h2f_target){.index = targets->n_taken++};
    h2f_problem_set(problem, H2F_EXIT_USAGE, "%s:%zu: the line is longer than %u bytes",
                    targets->list.name, targets->list.n_lines, MAX_LINE_LEN);
    return H2F_NEXT_BAD;
}

static enum h2f_next end_list(struct h2f_targets *targets, struct h2f_target *target,
                              struct h2f_problem *problem)
{
    close_list(targets);
    if (!targets->list.is_skipping)
        return H2F_NEXT_END;
    targets->list.n_lines++;
    return refuse_long_line(targets, target, problem);
}

static enum h2f_next more_lines(struct h2f_targets *targets, struct h2f_target *target,
                                struct h2f_problem *problem)
{
    if (targets->list.is_at_end)
        return end_list(targets, target, problem);
    drop_long_line(targets);
    switch (fill(targets)) {
    case FILLED:
        return H2F_NEXT_READY;
    case NOT_NOW:
        return H2F_NEXT_NOT_NOW;
    case FAILED:
        break;
    }
    *target = (struct h2f_target){.index = targets->n_taken++};
    h2f_problem_set(problem, H2F_EXIT_READ, "--input-file: cannot read \"%s\": %s",
                    targets->list.name, strerror(errno));
    close_list(targets);
    return H2F_NEXT_BAD;
}

static enum h2f_next take_next_line(struct h2f_targets *targets, size_t len,
                                    struct h2f_target *target, struct h2f_problem *problem)
{
    char *line = targets->list.text.data + targets->list.start;

    line[len] = 0; /* the newline, or what follows the text */
    targets->list.start += len + (targets->list.start + len < targets->list.text.len);
    targets->list.n_lines++;
    if (targets->list.is_skipping || len > MAX_LINE_LEN)
        return refuse_long_line(targets, target, problem);
    return take_line(targets, line, len, target, problem);
}

static enum h2f_next take_from_list(struct h2f_targets *targets, struct h2f_target *target,
                                    struct h2f_problem *problem)
{
    size_t len;

    while (targets->list.fd >= 0) {
        enum h2f_next next;

        if (!find_line(targets, &len)) {
            next = more_lines(targets, target, problem);
            if (next != H2F_NEXT_READY)
                return next;
            continue;
        }
        next = take_next_line(targets, len, target, problem);
        if (next != H2F_NEXT_END)
            return next;
    }
    return H2F_NEXT_END;
}

/* ---- the beginning -------------------------------------------------------------------- */

/* Two bodies for one file: only one of them would stay. */
static bool check_outputs(const struct h2f_config *config, struct h2f_problem *problem)
{
    struct h2f_targets ahead = {.config = config, .list.fd = -1};
    struct h2f_target target;
    struct h2f_problem later; /* is told when it is this URL's turn */
    char **files = h2f_alloc(config->urls.n * sizeof *files);
    const char *clash;
    bool is_clear;
    size_t n = 0;

    while (ahead.n_taken < config->urls.n && ahead.n_taken < config->outputs.n) {
        (void)take_argument(&ahead, &target, &later);
        if (target.output)
            files[n++] = h2f_copy(target.output);
        h2f_target_finish(&target);
    }
    clash = h2f_outputs_find_clash(files, n);
    is_clear = !clash;
    if (clash)
        h2f_problem_set(problem, H2F_EXIT_USAGE, "--output: \"%.800s\" is written by two URLs",
                        clash);
    while (n)
        free(files[--n]);
    free(files);
    return is_clear;
}

bool h2f_targets_init(struct h2f_targets *targets, const struct h2f_config *config,
                      struct h2f_problem *problem)
{
    bool is_stdin = config->input_file && strcmp(config->input_file, "-") == 0;

    *targets = (struct h2f_targets){.config = config, .list.fd = -1};
    if (!check_outputs(config, problem))
        return false;
    if (!config->input_file)
        return true;
    targets->list.name = is_stdin ? "stdin" : config->input_file;
    targets->list.fd = is_stdin ? STDIN_FILENO : open(config->input_file, O_RDONLY | O_CLOEXEC);
    if (targets->list.fd >= 0)
        return true;
    return h2f_problem_set(problem, H2F_EXIT_READ, "--input-file: cannot read \"%s\": %s",
                           config->input_file, strerror(errno));
}

enum h2f_next h2f_targets_next(struct h2f_targets *targets, struct h2f_target *target,
                               struct h2f_problem *problem)
{
    if (targets->n_taken < targets->config->urls.n)
        return take_argument(targets, target, problem);
    return take_from_list(targets, target, problem);
}
