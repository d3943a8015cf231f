/* SPDX-License-Identifier: MIT */
#include "fetch_progress_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAX_COLUMNS 250
#define BAR_COLUMNS 30
#define MIN_BAR_COLUMNS 8
#define GAP "  "

void h2f_size_text(char text[H2F_SIZE_CAP], uint64_t n_bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double size = (double)n_bytes;
    size_t unit = 0;

    /* What would be rounded up to 1024.0 is one of the next unit. */
    for (; size >= (unit ? 1023.95 : 1024); unit++)
        size /= 1024;
    snprintf(text, H2F_SIZE_CAP, unit ? "%.1f %s" : "%.0f %s", size, units[unit]);
}

/* ---- a line that is put together from parts ---------------------------------- */

struct line {
    char text[MAX_COLUMNS + 1];
    size_t len;
    size_t width;
};

static bool has_room(const struct line *line, size_t len)
{
    return line->len + (line->len ? strlen(GAP) : 0) + len <= line->width;
}

/* Whole or not at all. */
static void add_part(struct line *line, const char *part)
{
    size_t len = strlen(part);

    if (len == 0 || !has_room(line, len))
        return;
    line->len += (size_t)snprintf(line->text + line->len, sizeof line->text - line->len, "%s%s",
                                  line->len ? GAP : "", part);
}

/* The last columns stay free: some terminals wrap when they are written to. */
static struct line begin_line(size_t width)
{
    struct line line = {.width = width > 1 ? width - 1 : 1};

    if (line.width > MAX_COLUMNS)
        line.width = MAX_COLUMNS;
    return line;
}

static void end_line(const struct line *line, char *text, size_t cap)
{
    snprintf(text, cap, "%s", line->text);
}

/* ---- its parts ------------------------------------------------------------------ */

static double share_done(const struct h2f_progress_view *view)
{
    double share = 0;

    if (view->n_expected > 0)
        share = (double)view->n_bytes / (double)view->n_expected;
    else if (view->n_urls > 0)
        share = (double)view->n_done / (double)view->n_urls;
    return share < 1 ? share : 1;
}

static void add_bar(struct line *line, const struct h2f_progress_view *view)
{
    char bar[BAR_COLUMNS + 16];
    size_t columns = line->width / 3 < BAR_COLUMNS ? line->width / 3 : BAR_COLUMNS;
    double share = share_done(view);
    size_t n_full = (size_t)(share * (double)columns);

    if (!view->has_bar || columns < MIN_BAR_COLUMNS)
        return;
    bar[0] = '[';
    memset(bar + 1, ' ', columns);
    memset(bar + 1, '=', n_full);
    if (n_full < columns)
        bar[1 + n_full] = '>';
    snprintf(bar + 1 + columns, sizeof bar - 1 - columns, "] %3d%%", (int)(share * 100));
    add_part(line, bar);
}

static void add_urls(struct line *line, const struct h2f_progress_view *view)
{
    char part[64];

    if (view->n_urls > 0)
        snprintf(part, sizeof part, "%zu/%zu", view->n_done, view->n_urls);
    else
        snprintf(part, sizeof part, "%zu done", view->n_done);
    add_part(line, part);
    if (view->n_failed == 0)
        return;
    snprintf(part, sizeof part, "%zu failed", view->n_failed);
    add_part(line, part);
}

static void add_bytes(struct line *line, const struct h2f_progress_view *view)
{
    char come[H2F_SIZE_CAP], all[H2F_SIZE_CAP], part[2 * H2F_SIZE_CAP + 8];

    h2f_size_text(come, view->n_bytes);
    h2f_size_text(all, view->n_expected);
    snprintf(part, sizeof part, view->n_expected ? "%s of %s" : "%s", come, all);
    add_part(line, has_room(line, strlen(part)) ? part : come);
    h2f_size_text(come, view->per_s);
    snprintf(part, sizeof part, "%s/s", come);
    add_part(line, part);
}

/* "0:07", "12:34", "3:07:00". */
static void add_time_left(struct line *line, const struct h2f_progress_view *view)
{
    char part[40];
    uint64_t left_s;

    if (view->n_expected <= view->n_bytes || view->per_s == 0)
        return;
    left_s = (view->n_expected - view->n_bytes + view->per_s - 1) / view->per_s;
    if (left_s >= 100 * 3600)
        snprintf(part, sizeof part, "days left");
    else if (left_s >= 3600)
        snprintf(part, sizeof part, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64 " left", left_s / 3600,
                 left_s / 60 % 60, left_s % 60);
    else
        snprintf(part, sizeof part, "%" PRIu64 ":%02" PRIu64 " left", left_s / 60, left_s % 60);
    add_part(line, part);
}

static void add_traffic(struct line *line, const struct h2f_progress_view *view)
{
    char part[80];

    snprintf(part, sizeof part, "%zu stream%s on %zu connection%s", view->n_streams,
             view->n_streams == 1 ? "" : "s", view->n_conns, view->n_conns == 1 ? "" : "s");
    if (!has_room(line, strlen(part)))
        snprintf(part, sizeof part, "%zu on %zu", view->n_streams, view->n_conns);
    add_part(line, part);
}

void h2f_progress_line(char *text, size_t cap, const struct h2f_progress_view *view, size_t width)
{
    struct line line = begin_line(width);

    add_bar(&line, view);
    add_urls(&line, view);
    add_bytes(&line, view);
    add_time_left(&line, view);
    add_traffic(&line, view);
    end_line(&line, text, cap);
}

void h2f_progress_summary(char *text, size_t cap, const struct h2f_progress_view *view,
                          int64_t elapsed_ms, size_t width)
{
    struct line line = begin_line(width);
    char part[80], size[H2F_SIZE_CAP], rate[H2F_SIZE_CAP];
    uint64_t ms = elapsed_ms > 0 ? (uint64_t)elapsed_ms : 1;

    snprintf(part, sizeof part, "%zu URL%s", view->n_done, view->n_done == 1 ? "" : "s");
    add_part(&line, part);
    if (view->n_failed > 0) {
        snprintf(part, sizeof part, "%zu failed", view->n_failed);
        add_part(&line, part);
    }
    h2f_size_text(size, view->n_bytes);
    snprintf(part, sizeof part, "%s in %.1f s", size, (double)ms / 1000);
    add_part(&line, part);
    h2f_size_text(rate, (uint64_t)((double)view->n_bytes * 1000 / (double)ms));
    snprintf(part, sizeof part, "%s/s", rate);
    add_part(&line, part);
    end_line(&line, text, cap);
}
