/* SPDX-License-Identifier: MIT */
#include "fetch_again.h"

#include "fetch_session.h"
#include "fetch_wait.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DOUBLINGS 20

int64_t h2f_again_count(const h2client_call *call)
{
    const h2client_attempt *attempt;
    int64_t n = 0;

    for (size_t i = 0; h2client_call_attempt(call, i + 1); i++) {
        attempt = h2client_call_attempt(call, i);
        /* Redirects and questions for a login lead on by themselves. */
        n += attempt->status / 100 != 3 && attempt->status != 401 && attempt->status != 407;
    }
    return n;
}

/* ---- is there to be one? -------------------------------------------------------- */

static bool is_reason(const struct h2f_config *config, const h2client_error *error)
{
    if (error->code == H2CLIENT_ERROR_TIMEOUT)
        return error->limit != H2CLIENT_LIMIT_TOTAL;
    return error->code != H2CLIENT_OK && config->retry_all_errors;
}

/* Its output can be taken back, and its request made once more. */
static bool is_repeatable(const struct h2f_job *job)
{
    bool is_stdin = job->target.upload && strcmp(job->target.upload, "-") == 0;

    return job->file.part && job->file.writer.fd >= 0 && !is_stdin && job->upload_fd < 0;
}

static int64_t delay_ms(const struct h2f_config *config, int64_t n_retries)
{
    int64_t ms = H2F_RETRY_BASE_MS;

    if (config->retry_delay_ms > 0)
        return config->retry_delay_ms;
    ms <<= n_retries < MAX_DOUBLINGS ? n_retries : MAX_DOUBLINGS;
    return ms < H2F_RETRY_MAX_MS ? ms : H2F_RETRY_MAX_MS;
}

static bool is_within(int64_t limit_ms, int64_t elapsed_ms)
{
    return limit_ms <= 0 || elapsed_ms < limit_ms;
}

/* ---- the next one ---------------------------------------------------------------- */

/* A part that stood there before is cut to its length when it is opened again. */
static void forget_file(struct h2f_job *job)
{
    if (job->resume.base == H2F_FROM_PART)
        h2f_file_keep(&job->file, job->resume.validator);
    h2f_file_finish(&job->file);
}

static void forget_body(struct h2f_job *job)
{
    struct h2f_progress_view *view = &job->shared->progress.view;

    view->n_bytes -= job->n_bytes + job->n_uploaded;
    job->n_bytes = job->n_uploaded = job->n_told = 0;
    job->n_waiting_head = 0;
    job->resume.n_rest = -1;
    free(job->validator);
    job->validator = NULL;
    h2f_speed_rest(&job->speed);
}

bool h2f_again_plan(struct h2f_job *job, const h2client_error *error)
{
    const struct h2f_config *config = job->shared->config;
    int64_t n_retries = job->again.n_retries + h2f_again_count(job->call);
    int64_t now_ms = h2f_now_ms();
    int64_t due_ms = now_ms + delay_ms(config, n_retries);
    int64_t elapsed_ms = due_ms - job->started_ms;

    if (job->exit_code || n_retries >= config->n_retries || !is_reason(config, error) ||
        !is_repeatable(job) || !is_within(config->total_timeout_ms, elapsed_ms) ||
        !is_within(config->retry_max_time_ms, elapsed_ms))
        return false;
    job->again.due_ms = due_ms;
    forget_file(job);
    forget_body(job);
    return true;
}

void h2f_again_begin(struct h2f_job *job)
{
    job->again.due_ms = 0;
    job->again.n_retries += h2f_again_count(job->call) + 1;
    job->again.n_attempts += h2client_call_get_info(job->call)->n_attempts;
}

int64_t h2f_again_wait_ms(const struct h2f_job *job)
{
    int64_t left_ms = job->again.due_ms - h2f_now_ms();

    if (!job->again.due_ms)
        return -1;
    return left_ms > 0 ? left_ms : 0;
}

int64_t h2f_again_max_retries(const struct h2f_job *job)
{
    int64_t n_left = job->shared->config->n_retries - job->again.n_retries;

    return n_left > 0 ? n_left : H2CLIENT_NONE;
}

int64_t h2f_again_timeout_ms(const struct h2f_job *job)
{
    int64_t max_ms = job->shared->config->total_timeout_ms;
    int64_t left_ms = max_ms - (h2f_now_ms() - job->started_ms);

    if (max_ms <= 0)
        return 0;
    if (!job->again.n_attempts) /* the first call begins with the job: what was asked for */
        return max_ms;
    return left_ms > 0 ? left_ms : 1;
}
