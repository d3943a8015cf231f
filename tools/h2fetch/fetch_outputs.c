/* SPDX-License-Identifier: MIT */
#include "fetch_outputs.h"

#include "fetch_text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Of one output. */
#define N_NAMES 3

struct output {
    char *identity; /* the same for two names of one file */
    size_t index;
};

/* Without empty and "." segments: for a folder that is not there yet. */
static char *clean(const char *folder)
{
    struct h2f_text text = {0};

    h2f_text_puts(&text, folder[0] == '/' ? "/" : "");
    while (*folder) {
        size_t len = strcspn(folder, "/");

        if (len > 1 || (len == 1 && folder[0] != '.')) {
            h2f_text_add(&text, folder, len);
            h2f_text_puts(&text, "/");
        }
        folder += len + (folder[len] == '/');
    }
    h2f_text_puts(&text, text.len ? "" : ".");
    return h2f_text_take(&text);
}

static char *identify(const char *file, const char *end)
{
    const char *slash = strrchr(file, '/');
    char *folder = slash ? h2f_copy_part(file, (size_t)(slash - file) + 1) : h2f_copy(".");
    char *real = realpath(folder, NULL);
    char *place = real ? h2f_copy(real) : clean(folder);
    char *identity = h2f_format("%s//%s%s", place, slash ? slash + 1 : file, end);

    free(folder);
    free(real);
    free(place);
    return identity;
}

static bool is_special(const char *file)
{
    struct stat status;

    if (strncmp(file, "/dev/", 5) == 0 || strncmp(file, "/proc/", 6) == 0)
        return true;
    return stat(file, &status) == 0 && !S_ISREG(status.st_mode);
}

static int compare(const void *left, const void *right)
{
    const struct output *a = left, *b = right;
    int order = strcmp(a->identity, b->identity);

    if (order)
        return order;
    return a->index < b->index ? -1 : a->index > b->index;
}

const char *h2f_outputs_find_clash(char *const *files, size_t n)
{
    static const char *const ends[] = {"", ".part", ".part.validator"}; /* till it is whole */
    struct output *outputs = h2f_alloc(n * N_NAMES * sizeof *outputs);
    const char *clash = NULL;
    size_t n_outputs = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < N_NAMES && !is_special(files[i]); k++)
            outputs[n_outputs++] = (struct output){identify(files[i], ends[k]), i};
    qsort(outputs, n_outputs, sizeof *outputs, compare);
    for (size_t i = 1; i < n_outputs && !clash; i++)
        if (strcmp(outputs[i - 1].identity, outputs[i].identity) == 0)
            clash = files[outputs[i].index];
    for (size_t i = 0; i < n_outputs; i++)
        free(outputs[i].identity);
    free(outputs);
    return clash;
}
