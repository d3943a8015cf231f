/* SPDX-License-Identifier: MIT */
#include "fetch_body.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- stdin ---------------------------------------------------------------------- */

static h2client_pull_result pull_stdin(void *buf, size_t cap, size_t *n, void *user)
{
    struct h2f_job *job = user;
    struct pollfd poll_fd = {.fd = STDIN_FILENO, .events = POLLIN};
    ssize_t n_read;

    *n = 0;
    if (poll(&poll_fd, 1, 0) <= 0) {
        job->shared->reads_stdin = job;
        return H2CLIENT_PULL_NOT_NOW;
    }
    n_read = read(STDIN_FILENO, buf, cap);
    if (n_read < 0)
        return H2CLIENT_PULL_FAILED;
    *n = (size_t)n_read;
    return n_read ? H2CLIENT_PULL_MORE : H2CLIENT_PULL_END;
}

static void release_stdin(void *user)
{
    struct h2f_job *job = user;

    job->shared->reads_stdin = NULL;
}

void h2f_job_resume_upload(struct h2f_job *job)
{
    job->shared->reads_stdin = NULL;
    h2client_call_resume_upload(job->call);
}

/* ---- what it is ------------------------------------------------------------------- */

/* The data of -d lives as long as the run: no call has to copy it. */
static void keep_data(void *user)
{
    (void)user;
}

/* A file's rest: it is read where it is needed, and again where the request is sent again. */
static h2client_pull_result pull_rest(void *buf, size_t cap, size_t *n, void *user)
{
    struct h2f_job *job = user;
    ssize_t n_read = read(job->upload_fd, buf, cap);

    *n = n_read > 0 ? (size_t)n_read : 0;
    return n_read < 0 ? H2CLIENT_PULL_FAILED : n_read == 0 ? H2CLIENT_PULL_END : H2CLIENT_PULL_MORE;
}

static bool rewind_rest(void *user)
{
    struct h2f_job *job = user;

    return lseek(job->upload_fd, (off_t)job->resume.offset, SEEK_SET) == (off_t)job->resume.offset;
}

static void give_rest(struct h2f_job *job, h2client_body *body)
{
    body->pull = pull_rest;
    body->rewind = rewind_rest;
    body->user = job;
    body->len = job->resume.n_uploaded - job->resume.offset;
}

const h2client_body *h2f_body_of(struct h2f_job *job, h2client_body *body)
{
    const struct h2f_config *config = job->shared->config;
    const char *upload = job->target.upload;

    *body = (h2client_body){.size = sizeof *body, .len = H2CLIENT_LENGTH_UNKNOWN};
    if (upload && strcmp(upload, "-") == 0) {
        body->pull = pull_stdin;
        body->release = release_stdin;
        body->user = job;
    } else if (upload && job->resume.n_uploaded > 0) {
        give_rest(job, body);
    } else if (upload) {
        body->file = upload;
    } else if (config->has_data && !config->is_get) {
        body->data = h2f_text_string(&config->data);
        body->len = (int64_t)config->data.len;
        body->release = keep_data;
    } else if (config->form.n) {
        body->parts = config->form.list;
    } else {
        return NULL;
    }
    return body;
}

bool h2f_body_plan(struct h2f_job *job, struct h2f_problem *problem)
{
    const char *upload = job->target.upload;
    struct stat status;
    int64_t size = -1;

    if (strcmp(upload, "-") != 0 && stat(upload, &status) == 0 && S_ISREG(status.st_mode))
        size = (int64_t)status.st_size;
    if (!h2f_resume_plan_upload(&job->resume, job->shared->config->continue_at, size, problem))
        return false;
    if (job->resume.n_uploaded == 0)
        return true;
    job->upload_fd = open(upload, O_RDONLY | O_CLOEXEC);
    if (job->upload_fd >= 0 && rewind_rest(job))
        return true;
    return h2f_problem_set(problem, H2F_EXIT_READ, "cannot read %s: %s", upload, strerror(errno));
}
