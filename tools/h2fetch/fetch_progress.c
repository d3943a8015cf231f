/* SPDX-License-Identifier: MIT */
#include "fetch_progress.h"

#include "fetch_wait.h"

#include <stdio.h>
#include <unistd.h>

void h2f_progress_start(struct h2f_progress *progress, bool is_wanted)
{
    *progress = (struct h2f_progress){.is_shown = is_wanted && isatty(STDERR_FILENO)};
    progress->start_ms = progress->drawn_ms = h2f_now_ms();
}

/* 1536 -> "1.5 KiB". */
static void print_size(uint64_t n_bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double size = (double)n_bytes;
    size_t unit = 0;

    for (; size >= 1024 && unit + 1 < sizeof units / sizeof units[0]; unit++)
        size /= 1024;
    fprintf(stderr, unit ? "%.1f %s" : "%.0f %s", size, units[unit]);
}

void h2f_progress_draw(struct h2f_progress *progress)
{
    int64_t now;
    int64_t elapsed_ms;

    if (!progress->is_shown)
        return;
    now = h2f_now_ms();
    if (now - progress->drawn_ms < H2F_PROGRESS_MS)
        return;
    progress->drawn_ms = now;
    progress->is_drawn = true;
    elapsed_ms = now - progress->start_ms;
    fprintf(stderr, "\r\033[K%zu done, %zu running, ", progress->n_done, progress->n_running);
    print_size(progress->n_bytes);
    fputs(", ", stderr);
    print_size(elapsed_ms ? progress->n_bytes * 1000 / (uint64_t)elapsed_ms : 0);
    fputs("/s", stderr);
}

void h2f_progress_clear(struct h2f_progress *progress)
{
    if (progress->is_drawn)
        fputs("\r\033[K", stderr);
    progress->is_drawn = false;
}
