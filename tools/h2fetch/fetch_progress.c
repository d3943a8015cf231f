/* SPDX-License-Identifier: MIT */
#include "fetch_progress.h"

#include "fetch_wait.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LINE_CAP 256
#define USUAL_COLUMNS 80

void h2f_progress_start(struct h2f_progress *progress, bool is_wanted, bool has_bar, size_t n_urls)
{
    *progress = (struct h2f_progress){.is_shown = is_wanted && isatty(STDERR_FILENO),
                                      .view = {.n_urls = n_urls, .has_bar = has_bar}};
    progress->start_ms = progress->drawn_ms = h2f_now_ms();
}

static size_t columns(void)
{
    struct winsize size;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                           : USUAL_COLUMNS;
}

bool h2f_progress_is_due(const struct h2f_progress *progress)
{
    return progress->is_shown && h2f_now_ms() - progress->drawn_ms >= H2F_PROGRESS_MS;
}

/* Since the oldest sample there is. */
static void measure(struct h2f_progress *progress, int64_t now_ms)
{
    size_t n = progress->n_samples++, place = n % H2F_PROGRESS_SAMPLES;
    size_t oldest = n < H2F_PROGRESS_SAMPLES ? 0 : place;
    int64_t since_ms = n ? progress->samples[oldest].at_ms : progress->start_ms;
    uint64_t before = n ? progress->samples[oldest].n_bytes : 0;
    struct h2f_progress_view *view = &progress->view;

    if (now_ms > since_ms && view->n_bytes >= before)
        view->per_s = (view->n_bytes - before) * 1000 / (uint64_t)(now_ms - since_ms);
    progress->samples[place].at_ms = now_ms;
    progress->samples[place].n_bytes = view->n_bytes;
}

void h2f_progress_draw(struct h2f_progress *progress)
{
    struct h2f_progress_view *view = &progress->view;
    int64_t now_ms = h2f_now_ms();
    bool is_known = view->n_urls > 0 && progress->n_started == view->n_urls &&
                    progress->n_measured == progress->n_started;
    char line[LINE_CAP];

    progress->drawn_ms = now_ms;
    progress->is_drawn = progress->was_drawn = true;
    measure(progress, now_ms);
    view->n_expected = is_known ? progress->n_their_bytes : 0;
    h2f_progress_line(line, sizeof line, view, columns());
    fprintf(stderr, "\r\033[K%s", line);
}

void h2f_progress_clear(struct h2f_progress *progress)
{
    if (progress->is_drawn)
        fputs("\r\033[K", stderr);
    progress->is_drawn = false;
}

void h2f_progress_end(struct h2f_progress *progress)
{
    char line[LINE_CAP];

    h2f_progress_clear(progress);
    if (!progress->was_drawn)
        return;
    h2f_progress_summary(line, sizeof line, &progress->view, h2f_now_ms() - progress->start_ms,
                         columns());
    fprintf(stderr, "%s\n", line);
}
