/* SPDX-License-Identifier: MIT */
/*
 * h2fetch: fetches URLs over libh2client. It uses the public headers only: what it cannot
 * do with them, the library lacks.
 */
#include "fetch_options.h"
#include "fetch_run.h"

#include <fcntl.h>
#include <unistd.h>

/* A closed stdin, stdout or stderr must not become some socket's number: using it fails. */
static void occupy_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

static void print_version(void)
{
    const char *const *library = h2client_libraries();
    const char *const *feature = h2client_features();

    printf("h2fetch %s (h2client/%s", H2CLIENT_VERSION, h2client_version());
    for (; *library; library++)
        printf(" %s/%s", *library, h2client_library_version(*library));
    printf(")\nFeatures:");
    for (; *feature; feature++)
        printf(" %s", *feature);
    printf("\n");
}

/* Text for stdout that nobody could write is a failure too. */
static int act(const struct h2f_config *config)
{
    switch (config->action) {
    case H2F_FETCH:
        return h2f_run(config);
    case H2F_HELP:
    case H2F_HELP_ALL:
        h2f_options_help(stdout, config->action == H2F_HELP_ALL);
        break;
    case H2F_VERSION:
        print_version();
        break;
    }
    return fflush(stdout) == 0 ? 0 : H2F_EXIT_WRITE;
}

int main(int argc, char **argv)
{
    struct h2f_config config;
    struct h2f_problem problem = {0};
    int exit_code;

    occupy_standard_descriptors();
    h2f_config_init(&config);
    if (h2f_options_parse(&config, argc, argv, &problem)) {
        exit_code = act(&config);
    } else {
        h2f_problem_print(&problem, h2f_config_is_silent(&config));
        exit_code = problem.exit_code;
    }
    h2f_config_finish(&config);
    return exit_code;
}
