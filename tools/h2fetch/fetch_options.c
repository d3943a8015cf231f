/* SPDX-License-Identifier: MIT */
#include "fetch_options.h"

#include "fetch_values.h"

#include <stdlib.h>
#include <string.h>

struct walk {
    struct h2f_config *config;
    struct h2f_problem *problem;
    int argc;
    char *const *argv;
    int next;       /* of argv */
    bool is_failed; /* only switches count still: is the error to be shown? */
};

static bool takes_argument(const struct h2f_option *option)
{
    return option->kind != H2F_FLAG && option->kind != H2F_SET;
}

static const struct h2f_option *find_by_name(const char *name)
{
    const struct h2f_option *option = h2f_option_table();

    while (option->name && strcmp(option->name, name) != 0)
        option++;
    return option->name ? option : NULL;
}

static const struct h2f_option *find_by_letter(char letter)
{
    const struct h2f_option *option = h2f_option_table();

    while (option->name && option->letter != letter)
        option++;
    return option->name ? option : NULL;
}

/* ---- one option ---------------------------------------------------------------- */

static const char *parse_number(enum h2f_option_kind kind, const char *argument, int64_t *number)
{
    switch (kind) {
    case H2F_SECONDS:
        return h2f_parse_seconds(argument, number);
    case H2F_SIZE:
        return h2f_parse_size(argument, number);
    case H2F_SPEED:
        return h2f_parse_speed(argument, number);
    default:
        return h2f_parse_count(argument, number);
    }
}

static bool store_number(struct walk *walk, const struct h2f_option *option, const char *argument)
{
    int64_t *place = (int64_t *)(void *)((char *)walk->config + option->place);
    const char *wrong = parse_number(option->kind, argument, place);

    if (!wrong)
        return true;
    return h2f_problem_set(walk->problem, H2F_EXIT_USAGE, "--%s: \"%s\" %s", option->name, argument,
                           wrong);
}

static bool apply(struct walk *walk, const struct h2f_option *option, const char *argument)
{
    char *place = (char *)walk->config + option->place;

    if (walk->is_failed && option->kind != H2F_FLAG)
        return true;
    switch (option->kind) {
    case H2F_FLAG:
        *(bool *)(void *)place = true;
        return true;
    case H2F_TEXT:
        *(const char **)(void *)place = argument;
        return true;
    case H2F_SECONDS:
    case H2F_COUNT:
    case H2F_SIZE:
    case H2F_SPEED:
        return store_number(walk, option, argument);
    case H2F_APPLY:
    case H2F_SET:
        break;
    }
    return option->apply(walk->config, argument, walk->problem);
}

static bool apply_with_next(struct walk *walk, const struct h2f_option *option)
{
    if (!takes_argument(option))
        return apply(walk, option, NULL);
    if (walk->next >= walk->argc)
        return h2f_problem_set(walk->problem, H2F_EXIT_USAGE, "--%s: needs an argument (%s)",
                               option->name, option->argument);
    return apply(walk, option, walk->argv[walk->next++]);
}

/* -h may be followed by "all", and only by that. */
static bool apply_help(struct walk *walk)
{
    bool all = walk->next < walk->argc && strcmp(walk->argv[walk->next], "all") == 0;

    walk->config->action = all ? H2F_HELP_ALL : H2F_HELP;
    walk->next += all;
    return true;
}

/* ---- one word of the command line ------------------------------------------------ */

static bool unknown(struct walk *walk, const char *option)
{
    return h2f_problem_set(walk->problem, H2F_EXIT_USAGE, "%s: unknown option", option);
}

/* --no-NAME takes a switch back; names that begin with no- have no such twin. */
static bool take_back(struct walk *walk, const char *word)
{
    const char *name = word + strlen("--no-");
    const struct h2f_option *option = find_by_name(name);

    if (!option || option->kind != H2F_FLAG || strncmp(name, "no-", 3) == 0)
        return unknown(walk, word);
    *(bool *)(void *)((char *)walk->config + option->place) = false;
    return true;
}

static bool take_long(struct walk *walk, const char *word)
{
    const struct h2f_option *option = find_by_name(word + 2);

    if (!option)
        return strncmp(word, "--no-", 5) == 0 ? take_back(walk, word) : unknown(walk, word);
    return option->letter == 'h' ? apply_help(walk) : apply_with_next(walk, option);
}

static bool take_letters(struct walk *walk, const char *letters)
{
    for (; *letters; letters++) {
        const struct h2f_option *option = find_by_letter(*letters);
        if (!option)
            return unknown(walk, (const char[]){'-', *letters, 0});
        if (takes_argument(option) && letters[1])
            return apply(walk, option, letters + 1);
        if (option->letter == 'h' ? !apply_help(walk) : !apply_with_next(walk, option))
            return false;
    }
    return true;
}

static void take_url(struct walk *walk, const char *url)
{
    struct h2f_config *config = walk->config;

    config->urls.list =
        h2f_realloc(config->urls.list, (config->urls.n + 1) * sizeof *config->urls.list);
    config->urls.list[config->urls.n++] = url;
}

static bool take_word(struct walk *walk, const char *word)
{
    if (word[0] != '-' || !word[1])
        take_url(walk, word);
    else if (word[1] == '-')
        return take_long(walk, word);
    else
        return take_letters(walk, word + 1);
    return true;
}

bool h2f_options_parse(struct h2f_config *config, int argc, char *const *argv,
                       struct h2f_problem *problem)
{
    struct h2f_problem further;
    struct walk walk = {config, problem, argc, argv, 1, false};

    while (walk.next < argc && strcmp(argv[walk.next], "--") != 0)
        if (!take_word(&walk, argv[walk.next++])) {
            walk.is_failed = true;
            walk.problem = &further;
        }
    for (walk.next++; walk.next < argc; walk.next++)
        take_url(&walk, argv[walk.next]);
    if (walk.is_failed)
        return false;
    return config->action != H2F_FETCH || h2f_config_complete(config, problem);
}

/* ---- help ------------------------------------------------------------------------ */

static void print_option(FILE *out, const struct h2f_option *option)
{
    char letter[] = {option->letter ? '-' : ' ', option->letter ? option->letter : ' ',
                     option->letter ? ',' : ' ', 0};
    char *name = h2f_format("--%s%s%s", option->name, option->argument ? " " : "",
                            option->argument ? option->argument : "");
    struct h2f_text line = {0};

    h2f_text_printf(&line, " %s %-31s %s\n", letter, name, option->help);
    fputs(line.data, out);
    h2f_text_finish(&line);
    free(name);
}

void h2f_options_help(FILE *out, bool all)
{
    const struct h2f_option *option = h2f_option_table();

    fputs("Usage: h2fetch [OPTION...] URL...\n"
          "Fetches all URLs at once. Options and exit codes are curl's where curl has them.\n\n",
          out);
    for (; option->name; option++)
        if (all || option->is_common)
            print_option(out, option);
    if (!all)
        fputs("\nAll options: h2fetch --help all\n", out);
}
