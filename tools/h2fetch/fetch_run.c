/* SPDX-License-Identifier: MIT */
#include "fetch_run.h"

#include "fetch_cookies.h"
#include "fetch_interrupt.h"
#include "fetch_job.h"
#include "fetch_session.h"
#include "fetch_url.h"
#include "fetch_wait.h"
#include "fetch_write_out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_BY_SIGNAL 128
#define MAX_LATE_US 20000

struct run {
    const struct h2f_config *config;
    struct h2f_shared shared;
    h2client_dialer *dialer; /* NULL: TCP */
    struct h2f_targets targets;
    struct h2f_job *first; /* of those that run */
    size_t n_running;
    struct h2f_target next; /* read ahead; without a URL: none is */
    bool has_targets;       /* or may have */
    bool waits_for_list;    /* the next target is not there yet */
    bool is_stopped;        /* nothing new is started */
    int64_t next_start_us;  /* with --rate; 0: at once */
    /* Of the first URL, in the order given, that failed. */
    size_t failed_index;
    int exit_code; /* 0: none did */
    h2client_cookie_jar *jar;
};

/* What is no single URL's failure. */
static void complain(const struct h2f_config *config, int exit_code, const char *text)
{
    if (!h2f_config_is_silent(config))
        fprintf(stderr, "h2fetch: (%d) %s\n", exit_code, text);
}

/* ---- jobs --------------------------------------------------------------------- */

static void stop_all(struct run *run, int exit_code, const char *message)
{
    run->is_stopped = true;
    for (struct h2f_job *job = run->first; job; job = job->next)
        h2f_job_stop(job, exit_code, message, true);
}

static void note_end(struct run *run, size_t index, int exit_code)
{
    run->shared.progress.view.n_done++;
    run->shared.progress.view.n_failed += exit_code != 0;
    if (!exit_code || run->is_stopped)
        return;
    if (!run->exit_code || index < run->failed_index) {
        run->exit_code = exit_code;
        run->failed_index = index;
    }
    if (run->config->fail_early)
        stop_all(run, H2F_EXIT_CANCELLED, "stopped: another URL failed (--fail-early)");
}

static void on_end(size_t index, int exit_code, struct h2f_job *job, void *user)
{
    struct run *run = user;

    if (job->prev)
        job->prev->next = job->next;
    else
        run->first = job->next;
    if (job->next)
        job->next->prev = job->prev;
    run->n_running--;
    note_end(run, index, exit_code);
}

static void start(struct run *run, struct h2f_target *target)
{
    struct h2f_job *job = h2f_job_start(&run->shared, target);

    job->next = run->first;
    if (run->first)
        run->first->prev = job;
    run->first = job;
    run->n_running++;
}

static bool has_room(const struct run *run)
{
    size_t max = (size_t)run->config->n_parallel_max;

    return !run->is_stopped && run->n_running < max &&
           !h2f_stdout_is_crowded(&run->shared.out, max);
}

/* --rate: no start before its time, and none is made up for later. */
static bool is_time_to_start(const struct run *run)
{
    return !run->config->start_interval_us || h2f_now_us() >= run->next_start_us;
}

static void pace(struct run *run)
{
    int64_t now_us = h2f_now_us(), due_us = run->next_start_us;
    int64_t interval_us = run->config->start_interval_us;

    if (!interval_us)
        return;
    /* A turn that came a little late does not slow down what follows. */
    if (due_us == 0 || now_us - due_us > MAX_LATE_US)
        due_us = now_us;
    run->next_start_us = due_us + interval_us;
}

static void refuse(struct run *run, struct h2f_target *target, const struct h2f_problem *problem)
{
    size_t index = target->index;

    h2f_job_refuse(&run->shared, target, problem);
    note_end(run, index, problem->exit_code);
}

/* READY: there is a next target. Known before its time has come, so that nobody waits for the
 * start of nothing. */
static enum h2f_next look_ahead(struct run *run)
{
    struct h2f_problem problem = {0};
    enum h2f_next next = H2F_NEXT_READY;

    while (!run->next.url && has_room(run)) {
        next = h2f_targets_next(&run->targets, &run->next, &problem);
        if (next == H2F_NEXT_BAD)
            refuse(run, &run->next, &problem);
        else if (next != H2F_NEXT_READY)
            return next;
    }
    return run->next.url ? H2F_NEXT_READY : H2F_NEXT_NOT_NOW;
}

/* Starts what there is room for. False at the end of the targets. */
static bool refill(struct run *run)
{
    run->waits_for_list = false;
    while (has_room(run)) {
        switch (look_ahead(run)) {
        case H2F_NEXT_READY:
            if (!is_time_to_start(run))
                return true;
            start(run, &run->next);
            pace(run);
            break;
        case H2F_NEXT_END:
            return false;
        default:
            run->waits_for_list = has_room(run);
            return !run->is_stopped;
        }
    }
    return !run->is_stopped;
}

/* ---- the loop -------------------------------------------------------------------- */

static void pump(struct run *run)
{
    struct h2f_job *next;

    h2f_stdout_pump(&run->shared.out);
    for (struct h2f_job *job = run->first; job; job = next) {
        next = job->next;
        h2f_job_check_speed(job);
        h2f_job_pump(job);
    }
}

static void wait_for_outputs(const struct run *run, struct h2f_wait *wait)
{
    if (h2f_stdout_wants_write(&run->shared.out))
        h2f_wait_for_room(wait, run->shared.out.writer.fd);
    for (const struct h2f_job *job = run->first; job; job = job->next) {
        if (h2f_file_wants_write(&job->file))
            h2f_wait_for_room(wait, job->file.writer.fd);
        h2f_wait_at_most(wait, h2f_job_max_wait_ms(job));
    }
}

static void wait_for_start(const struct run *run, struct h2f_wait *wait)
{
    int64_t left_us = run->next_start_us - h2f_now_us();

    if (run->next.url && has_room(run))
        h2f_wait_at_most(wait, left_us > 0 ? (left_us + 999) / 1000 : 0);
}

static void show_progress(struct run *run)
{
    struct h2f_progress *progress = &run->shared.progress;
    h2client_session_stats stats = {.size = sizeof stats};

    if (!h2f_progress_is_due(progress))
        return;
    h2client_session_get_stats(run->shared.session, &stats);
    progress->view.n_conns = (size_t)stats.n_conns_open;
    progress->view.n_streams = 0;
    for (const struct h2f_job *job = run->first; job; job = job->next)
        progress->view.n_streams += h2f_job_has_stream(job);
    h2f_progress_draw(progress);
}

static void turn(struct run *run)
{
    struct h2f_shared *shared = &run->shared;
    struct h2f_wait wait = {
        .read_fd = run->waits_for_list ? run->targets.list.fd : -1,
        .upload_fd = shared->reads_stdin ? STDIN_FILENO : -1,
        .max_ms = shared->progress.is_shown ? H2F_PROGRESS_MS : -1,
    };

    show_progress(run);
    wait_for_outputs(run, &wait);
    wait_for_start(run, &wait);
    h2f_wait_turn(shared->session, &wait);
    if (wait.is_upload_ready && shared->reads_stdin)
        h2f_job_resume_upload(shared->reads_stdin);
    pump(run);
}

static bool goes_on(const struct run *run)
{
    return !h2f_interrupt_signal() &&
           (run->has_targets || run->n_running || h2f_stdout_wants_write(&run->shared.out));
}

/* What has arrived is with the files and pipes already; what runs is ended, and told. */
static void interrupt(struct run *run)
{
    int exit_code = EXIT_BY_SIGNAL + h2f_interrupt_signal();
    size_t n_done = run->shared.progress.view.n_done;
    size_t n_cut = run->n_running;
    struct h2f_text text = {0};

    stop_all(run, exit_code, "interrupted");
    run->exit_code = exit_code;
    pump(run);
    while (run->n_running)
        (void)h2client_session_dispatch(run->shared.session, -1);
    h2f_stdout_pump(&run->shared.out);
    h2f_text_printf(&text, "interrupted, %zu done, %zu cut short", n_done, n_cut);
    if (run->shared.removed.len)
        h2f_text_printf(&text, "; removed: %s", run->shared.removed.data);
    if (run->shared.kept.len)
        h2f_text_printf(&text, "; kept for -C: %s", run->shared.kept.data);
    complain(run->config, exit_code, text.data);
    h2f_text_finish(&text);
}

static void loop(struct run *run)
{
    run->has_targets = refill(run);
    while (goes_on(run)) {
        turn(run);
        run->has_targets = refill(run);
    }
    if (h2f_interrupt_signal()) {
        h2f_progress_clear(&run->shared.progress);
        interrupt(run);
    } else {
        h2f_progress_end(&run->shared.progress);
    }
}

static void check_output(struct run *run, const char *option, const char *name, int error)
{
    char *text;

    if (!error)
        return;
    if (!run->exit_code)
        run->exit_code = H2F_EXIT_WRITE;
    text = h2f_format("%scould not write %s: %s", option, name, strerror(error));
    h2f_make_printable(text);
    complain(run->config, H2F_EXIT_WRITE, text);
    free(text);
}

/* A side output, or the end of stdout, that could not be written: no URL's own failure. */
static void check_outputs(struct run *run)
{
    const struct h2f_config *config = run->config;
    const struct h2f_shared *shared = &run->shared;

    check_output(run, "--dump-header: ", config->dump_header, shared->dump_errno);
    check_output(run, "--report: ", config->report, shared->report_errno);
    check_output(run, "--trace-frames: ", config->trace_frames, shared->trace.broken_errno);
    if (!run->exit_code)
        check_output(run, "", "stdout", shared->out.writer.broken_errno);
}

/* ---- the beginning and the end ----------------------------------------------------- */

/* -1 without a file, or when it is stdout; false when it cannot be opened. */
static bool open_side_file(const char *option, const char *path, int *fd,
                           struct h2f_problem *problem)
{
    *fd = -1;
    if (!path || h2f_output_is_stdout(path))
        return true;
    *fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
    if (*fd >= 0)
        return true;
    return h2f_problem_set(problem, H2F_EXIT_WRITE, "%s: cannot write \"%s\": %s", option, path,
                           strerror(errno));
}

static bool open_all(struct run *run, struct h2f_problem *problem)
{
    const struct h2f_config *config = run->config;
    const char *unknown = config->write_out ? h2f_write_out_unknown(config->write_out) : NULL;

    if (unknown)
        return h2f_problem_set(problem, H2F_EXIT_USAGE, "--write-out: unknown variable %.*s",
                               (int)strcspn(unknown, "}") + 1, unknown);
    return h2f_targets_init(&run->targets, config, problem) &&
           h2f_cookies_load(config, &run->jar, problem) &&
           open_side_file("--dump-header", config->dump_header, &run->shared.dump_fd, problem) &&
           open_side_file("--report", config->report, &run->shared.report_fd, problem) &&
           open_side_file("--trace-frames", config->trace_frames, &run->shared.trace.fd, problem);
}

/* What goes to a terminal leaves it no room. */
static bool wants_progress(const struct h2f_config *config)
{
    if (config->silent || config->no_progress || config->verbose)
        return false;
    return !isatty(STDOUT_FILENO) || !h2f_config_uses_stdout(config);
}

static void run_session(struct run *run)
{
    struct h2f_shared *shared = &run->shared;

    shared->config = run->config;
    shared->on_end = on_end;
    shared->user = run;
    shared->trace.config = run->config;
    shared->trace.out = &shared->out;
    shared->trace.start_us = h2f_now_us();
    run->dialer = h2f_dialer_create(run->config);
    shared->session = h2f_session_create(run->config, run->jar, run->dialer, &shared->trace);
    if (!shared->session)
        h2f_no_memory();
    h2f_stdout_init(&shared->out, STDOUT_FILENO);
    h2f_progress_start(&shared->progress, wants_progress(run->config), run->config->has_bar,
                       run->config->input_file ? 0 : run->config->urls.n);
    h2f_interrupt_watch(shared->session);
    loop(run);
    check_outputs(run);
    h2f_interrupt_unwatch();
    h2client_session_destroy(shared->session);
    h2client_dialer_destroy(run->dialer);
    if (!h2f_cookies_save(run->config, run->jar))
        check_output(run, "--cookie-jar: ", run->config->cookie_jar, errno);
    h2f_text_finish(&shared->removed);
    h2f_text_finish(&shared->kept);
    h2f_stdout_finish(&shared->out);
}

static void close_side_file(int fd)
{
    if (fd >= 0)
        close(fd);
}

int h2f_run(const struct h2f_config *config)
{
    struct run run = {.config = config,
                      .targets.list.fd = -1,
                      .shared = {.dump_fd = -1, .report_fd = -1, .trace.fd = -1}};
    struct h2f_problem problem = {0};

    if (open_all(&run, &problem)) {
        run_session(&run);
    } else {
        h2f_problem_print(&problem, h2f_config_is_silent(config));
        run.exit_code = problem.exit_code;
    }
    h2f_target_finish(&run.next);
    h2f_targets_finish(&run.targets);
    h2client_cookie_jar_unref(run.jar);
    close_side_file(run.shared.dump_fd);
    close_side_file(run.shared.report_fd);
    close_side_file(run.shared.trace.fd);
    return run.exit_code;
}
