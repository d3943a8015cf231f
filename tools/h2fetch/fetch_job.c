/* SPDX-License-Identifier: MIT */
#include "fetch_job.h"

#include "fetch_again.h"
#include "fetch_body.h"
#include "fetch_head.h"
#include "fetch_outcome.h"
#include "fetch_tell.h"
#include "fetch_verbose.h"
#include "fetch_wait.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- failing --------------------------------------------------------------------- */

void h2f_job_fail(struct h2f_job *job, int exit_code, char *message)
{
    if (job->exit_code) {
        free(message);
        return;
    }
    job->exit_code = exit_code;
    job->message = message;
    h2client_call_cancel(job->call);
    /* Cancelling does nothing to a call that is over; the job is looked at all the same. */
    h2client_session_wake(job->shared->session);
}

void h2f_job_fail_to_write(struct h2f_job *job, int error)
{
    const char *name = job->target.output ? job->target.output : "stdout";

    if (error == EEXIST && job->file.part)
        h2f_job_fail(job, H2F_EXIT_WRITE,
                     h2f_format("%s is there already and not ours: move it away", job->file.part));
    else if (error == ESTALE)
        h2f_job_fail(job, H2F_EXIT_WRITE,
                     h2f_format("%s: what had come has changed meanwhile", name));
    else if (error == EWOULDBLOCK && job->file.part)
        h2f_job_fail(job, H2F_EXIT_WRITE,
                     h2f_format("%s is being written already", job->file.part));
    else
        h2f_job_fail(job, H2F_EXIT_WRITE,
                     h2f_format("could not write %s: %s", name, strerror(error)));
}

void h2f_job_stop(struct h2f_job *job, int exit_code, const char *message, bool is_quiet)
{
    job->is_quiet = is_quiet;
    h2f_job_fail(job, exit_code, h2f_copy(message));
}

/* ---- output ----------------------------------------------------------------------- */

static int output_errno(const struct h2f_job *job)
{
    return job->turn ? job->shared->out.writer.broken_errno : job->file.writer.broken_errno;
}

static size_t write_output(struct h2f_job *job, const void *bytes, size_t len)
{
    return job->turn ? h2f_stdout_write(&job->shared->out, job->turn, bytes, len)
                     : h2f_file_write(&job->file, bytes, len);
}

void h2f_job_write_aside(struct h2f_job *job, const struct h2f_text *text)
{
    size_t n = write_output(job, text->data, text->len);

    if (!output_errno(job))
        job->n_waiting_head += text->len - n;
}

/* A file that waits, for its reader or with bytes, holds the call and with it its end. */
static void check_file(struct h2f_job *job)
{
    if (job->file.writer.broken_errno)
        h2f_job_fail_to_write(job, job->file.writer.broken_errno);
    else if (!h2f_file_is_drained(&job->file))
        h2client_call_pause(job->call);
}

static void dump_head(struct h2f_job *job, const struct h2f_text *text)
{
    struct h2f_shared *shared = job->shared;

    if (shared->dump_fd >= 0) {
        if (!h2f_write_all(shared->dump_fd, text->data, text->len))
            shared->dump_errno = errno;
    } else if (job->turn) {
        h2f_job_write_aside(job, text);
    } else {
        h2f_stdout_text(&shared->out, text->data);
    }
}

static void put_head(struct h2f_job *job, const struct h2f_text *text)
{
    const struct h2f_config *config = job->shared->config;

    if (!text->len)
        return;
    job->n_head_bytes += text->len;
    if (config->dump_header)
        dump_head(job, text);
    if (!config->include && !config->is_head)
        return;
    if (job->turn || h2f_file_is_open(&job->file))
        h2f_job_write_aside(job, text);
    check_file(job);
}

static void open_output(struct h2f_job *job)
{
    struct h2f_part_start start = {.n_bytes = 0, .validator = job->resume.validator};

    if (job->turn || h2f_file_is_open(&job->file) || job->exit_code)
        return;
    if (job->resume.base != H2F_FROM_NOTHING)
        start.n_bytes = job->resume.offset;
    if (job->resume.base == H2F_FROM_FILE)
        start.copied_from = job->target.output;
    if (!h2f_file_open(&job->file, job->target.output, job->shared->config->create_dirs, &start))
        h2f_job_fail_to_write(job, errno);
    check_file(job);
}

/* Of a response on the way, too, as in curl. */
static void on_informational(h2client_call *call, int status, const h2client_header *fields,
                             void *user)
{
    struct h2f_job *job = user;
    struct h2f_text text = {0};

    if (job->shared->config->include && !job->resume.is_asked)
        open_output(job);
    h2f_head_add(&text, h2client_call_get_info(call)->http_version, status, fields);
    put_head(job, &text);
    h2f_text_finish(&text);
}

/* How long it will be in all, once head and upload say so. */
static void expect(struct h2f_job *job, int64_t n_bytes)
{
    struct h2f_progress *progress = &job->shared->progress;

    if (n_bytes < 0 || job->is_measured || job->shared->config->is_head)
        return;
    job->is_measured = true;
    job->n_expected = (uint64_t)n_bytes + job->n_uploaded;
    progress->n_measured++;
    progress->n_their_bytes += job->n_expected;
}

/* It is over: it was as long as it was. */
static void correct_expectation(struct h2f_job *job)
{
    struct h2f_progress *progress = &job->shared->progress;

    progress->n_measured += !job->is_measured;
    progress->n_their_bytes += job->n_bytes + job->n_uploaded - job->n_expected;
}

/* A second attempt begins anew, but what went is gone. */
static void on_upload(h2client_call *call, int64_t n_bytes, int64_t n_total, void *user)
{
    struct h2f_job *job = user;
    uint64_t n = (uint64_t)n_bytes;

    (void)call, (void)n_total;
    job->shared->progress.view.n_bytes += n > job->n_told ? n - job->n_told : n;
    job->n_uploaded += n > job->n_told ? n - job->n_told : n;
    job->n_told = n;
}

/* With -f. That there is nothing more to come (416) is what -C may hope for. */
static bool is_refused_at_once(const struct h2f_job *job, int status)
{
    const struct h2f_config *config = job->shared->config;
    bool is_over = status == 416 && job->resume.is_asked && job->resume.offset > 0;

    return config->fail && h2f_outcome_is_refused(config, status) && !is_over;
}

/* A part can be gone on with: it holds a body's first bytes and nothing else. */
static bool is_resumable(const struct h2f_job *job)
{
    const struct h2f_config *config = job->shared->config;

    return !config->is_compressed && !config->include &&
           strcmp(h2f_config_method(config, job->target.upload), "GET") == 0;
}

/* A part of a version that is there no more is opened to be removed. */
static void refuse_to_go_on(struct h2f_job *job, char *why)
{
    if (job->resume.base == H2F_FROM_PART && !job->resume.validator)
        open_output(job);
    h2f_job_fail(job, H2F_EXIT_RANGE, why);
}

/* -C, once the head is told: does the server go on where we stopped? A file that is whole
 * only takes its name. */
static void follow_verdict(struct h2f_job *job, enum h2f_resume_verdict verdict, char *why)
{
    job->is_whole = verdict == H2F_RESUME_IS_WHOLE;
    if (job->is_whole && job->resume.base == H2F_FROM_PART)
        open_output(job);
    if (verdict == H2F_RESUME_IS_REFUSED)
        refuse_to_go_on(job, why);
}

static void on_response(h2client_call *call, const h2client_response *resp, void *user)
{
    struct h2f_job *job = user;
    const struct h2f_answer answer = h2f_answer_of(resp);
    bool is_refused = is_refused_at_once(job, answer.status);
    enum h2f_resume_verdict verdict = H2F_RESUME_GOES_ON;
    struct h2f_text text = {0};
    char *why = NULL;

    if (job->shared->config->verbose)
        h2f_verbose_tls(call);
    expect(job, h2client_response_content_length(resp));
    if (!is_refused)
        verdict = h2f_resume_judge(&job->resume, &answer, &why);
    if (!is_refused && verdict == H2F_RESUME_GOES_ON) {
        job->validator = is_resumable(job) ? h2f_resume_validator(&job->resume, &answer) : NULL;
        open_output(job);
    }
    h2f_head_add(&text, h2client_response_http_version(resp), answer.status,
                 h2client_response_headers(resp));
    put_head(job, &text);
    h2f_text_finish(&text);
    follow_verdict(job, verdict, why);
    if (is_refused)
        h2f_outcome_refuse(job, answer.status);
}

/* The output takes what it can; the rest waits, uncredited, and with it the sender. */
static size_t pass_on(struct h2f_job *job, const void *data, size_t len)
{
    size_t n = write_output(job, data, len);

    if (output_errno(job)) {
        h2f_job_fail_to_write(job, output_errno(job));
        return len;
    }
    if (n < len)
        h2client_call_pause(job->call);
    return n;
}

static size_t on_data(h2client_call *call, const void *data, size_t len, void *user)
{
    struct h2f_job *job = user;

    (void)call;
    job->shared->progress.view.n_bytes += len;
    job->n_bytes += len;
    if (job->exit_code || job->is_whole || job->shared->config->is_head)
        return len;
    return pass_on(job, data, len);
}

/* Bytes that had to wait are gone; is_drained: all of them. */
static void make_room(struct h2f_job *job, size_t n_gone, bool is_drained)
{
    size_t n_head = n_gone < job->n_waiting_head ? n_gone : job->n_waiting_head;

    job->n_waiting_head -= n_head;
    if (output_errno(job))
        h2f_job_fail_to_write(job, output_errno(job));
    if (n_gone > n_head)
        (void)h2client_call_credit(job->call, n_gone - n_head);
    if (is_drained)
        h2client_call_resume(job->call);
}

static void on_room(struct h2f_turn *turn, size_t n_bytes, void *user)
{
    make_room(user, n_bytes, !turn->waiting.len);
}

/* ---- the end ------------------------------------------------------------------------- */

static void put_trailers(struct h2f_job *job)
{
    const h2client_response *resp = h2client_call_response(job->call);
    struct h2f_text text = {0};

    h2f_head_add_fields(&text, h2client_response_trailers(resp));
    put_head(job, &text);
    h2f_text_finish(&text);
}

static void free_job(struct h2f_job *job)
{
    if (job->turn)
        h2f_stdout_leave(&job->shared->out, job->turn);
    h2client_call_destroy(job->call);
    h2f_file_finish(&job->file);
    h2f_target_finish(&job->target);
    h2f_resume_finish(&job->resume);
    if (job->upload_fd >= 0)
        close(job->upload_fd);
    free(job->validator);
    free(job->message);
    free(job);
}

static void end(struct h2f_job *job, const h2client_error *error)
{
    if (h2f_again_plan(job, error))
        return;
    if (error->code == H2CLIENT_OK && !job->exit_code)
        h2f_outcome_keep(job);
    if (error->code != H2CLIENT_OK || job->exit_code)
        h2f_outcome_drop(job, error);
    h2f_tell_end(job, error);
    correct_expectation(job);
    job->shared->on_end(job->target.index, job->exit_code, job, job->shared->user);
    free_job(job);
}

/* The total limit covers this too, but the library's ended with the call. */
static void start_draining(struct h2f_job *job)
{
    int64_t max_ms = job->shared->config->total_timeout_ms;

    job->is_draining = true;
    job->drain_until_ms = max_ms > 0 ? job->started_ms + max_ms : -1;
}

static void on_done(h2client_call *call, const h2client_error *error, void *user)
{
    struct h2f_job *job = user;
    bool is_fine = error->code == H2CLIENT_OK && !job->exit_code;

    (void)call;
    if (is_fine)
        put_trailers(job);
    if (is_fine && !job->exit_code && !h2f_file_is_drained(&job->file))
        start_draining(job);
    else
        end(job, error);
}

/* Till the limit is reached; -1: there is none. */
static int64_t drain_ms(const struct h2f_job *job)
{
    int64_t left_ms;

    if (!job->is_draining || job->drain_until_ms < 0)
        return -1;
    left_ms = job->drain_until_ms - h2f_now_ms();
    return left_ms > 0 ? left_ms : 0;
}

/* Of two waits, -1 being one without an end. */
static int64_t shorter(int64_t a_ms, int64_t b_ms)
{
    return a_ms < 0 || (b_ms >= 0 && b_ms < a_ms) ? b_ms : a_ms;
}

int64_t h2f_job_max_wait_ms(const struct h2f_job *job)
{
    const struct h2f_speed_limit *limit = &job->shared->config->slow_limit;
    int64_t left_ms = shorter(drain_ms(job), h2f_again_wait_ms(job));

    if (limit->per_s)
        left_ms = shorter(left_ms, h2f_speed_wait_ms(&job->speed, limit, h2f_now_ms()));
    return job->file.awaits_reader ? shorter(left_ms, H2F_FILE_RETRY_MS) : left_ms;
}

bool h2f_job_has_stream(const struct h2f_job *job)
{
    const h2client_call_info *info = h2client_call_get_info(job->call);
    const h2client_attempt *attempt =
        h2client_call_attempt(job->call, info->n_attempts ? (size_t)info->n_attempts - 1 : 0);

    return info->request_us >= 0 && attempt && attempt->ended_us < 0;
}

/* Is it the server, or the way to it, that everything waits for? */
static bool is_at_work(const struct h2f_job *job)
{
    bool is_output_free =
        job->turn ? h2f_stdout_has_turn(&job->shared->out, job->turn) && !job->turn->waiting.len
                  : h2f_file_is_drained(&job->file);

    return h2f_job_has_stream(job) && is_output_free && job->shared->reads_stdin != job &&
           !job->exit_code;
}

void h2f_job_check_speed(struct h2f_job *job)
{
    const struct h2f_speed_limit *limit = &job->shared->config->slow_limit;
    uint64_t n_bytes;

    if (!limit->per_s)
        return;
    n_bytes = job->n_bytes + (uint64_t)h2client_call_get_info(job->call)->upload_bytes;
    if (!is_at_work(job))
        h2f_speed_rest(&job->speed);
    else if (h2f_speed_is_too_low(&job->speed, limit, h2f_now_ms(), n_bytes))
        h2f_job_fail(job, H2F_EXIT_TIMEOUT,
                     h2f_format("slower than %" PRId64 " bytes/s for %" PRId64 " ms", limit->per_s,
                                limit->time_ms));
}

/* ---- the start -------------------------------------------------------------------------- */

static void start_call(struct h2f_job *job)
{
    const struct h2f_config *config = job->shared->config;
    char range[H2F_RANGE_CAP];
    const h2client_header *fields = h2f_resume_fields(&job->resume, config->headers.list, range);
    h2client_body body;

    job->call = h2client_start(
        job->shared->session, h2f_config_method(config, job->target.upload), job->target.url,
        H2CLIENT_CALL(.headers = fields, .body = h2f_body_of(job, &body),
                      .on_response = on_response, .on_informational = on_informational,
                      .on_passed_over = on_informational, .on_data = on_data,
                      .on_upload = on_upload, .on_done = on_done, .user = job,
                      .retry = H2CLIENT_RETRY(.max_retries = h2f_again_max_retries(job)),
                      .total_timeout_ms = h2f_again_timeout_ms(job)));
    free((void *)(uintptr_t)fields);
    if (!job->call)
        h2f_no_memory();
}

static bool plan(struct h2f_job *job, struct h2f_problem *problem)
{
    if (job->target.upload)
        return h2f_body_plan(job, problem);
    return h2f_resume_plan(&job->resume, job->shared->config->continue_at, job->target.output,
                           problem);
}

struct h2f_job *h2f_job_start(struct h2f_shared *shared, struct h2f_target *target)
{
    struct h2f_job *job = h2f_alloc(sizeof *job);
    struct h2f_problem problem = {0};
    bool is_planned;

    shared->progress.n_started++;
    job->shared = shared;
    job->target = *target;
    job->file = H2F_FILE_NONE;
    job->started_ms = h2f_now_ms();
    *target = (struct h2f_target){0};
    job->upload_fd = -1;
    is_planned = plan(job, &problem);
    if (!job->target.output)
        job->turn = h2f_stdout_join(&shared->out, on_room, job);
    start_call(job);
    if (job->turn && !h2f_stdout_has_turn(&shared->out, job->turn))
        h2client_call_pause(job->call);
    if (job->turn && shared->out.writer.broken_errno)
        h2f_job_fail_to_write(job, shared->out.writer.broken_errno);
    if (!is_planned)
        h2f_job_fail(job, problem.exit_code, h2f_copy(problem.text));
    return job;
}

void h2f_job_refuse(struct h2f_shared *shared, struct h2f_target *target,
                    const struct h2f_problem *problem)
{
    struct h2f_job job = {.shared = shared,
                          .target = *target,
                          .file = H2F_FILE_NONE,
                          .upload_fd = -1,
                          .exit_code = problem->exit_code,
                          .message = h2f_copy(problem->text),
                          .is_quiet = true};

    h2f_tell_problem(shared, h2f_format("(%d) %s", problem->exit_code, problem->text));
    h2f_tell_end(&job, h2client_call_error(NULL));
    h2f_target_finish(target);
    free(job.message);
}

/* ---- the turns --------------------------------------------------------------------------- */

/* Between two tries. */
static void rest(struct h2f_job *job)
{
    if (job->exit_code) {
        end(job, h2client_call_error(job->call));
    } else if (h2f_again_wait_ms(job) == 0) {
        h2f_again_begin(job);
        h2client_call_destroy(job->call);
        start_call(job);
    }
}

void h2f_job_pump(struct h2f_job *job)
{
    size_t n_gone;

    if (job->again.due_ms) {
        rest(job);
        return;
    }
    if (h2f_file_is_drained(&job->file))
        return;
    n_gone = h2f_file_pump(&job->file);
    make_room(job, n_gone, h2f_file_is_drained(&job->file));
    if (!h2f_file_is_drained(&job->file) && drain_ms(job) == 0)
        h2f_job_fail(job, H2F_EXIT_TIMEOUT,
                     h2f_format("total timeout after %" PRId64 " ms",
                                job->shared->config->total_timeout_ms));
    if (job->is_draining && (h2f_file_is_drained(&job->file) || job->exit_code))
        end(job, h2client_call_error(job->call));
}
