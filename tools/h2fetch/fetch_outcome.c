/* SPDX-License-Identifier: MIT */
#include "fetch_outcome.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

bool h2f_outcome_is_refused(const struct h2f_config *config, int status)
{
    return (config->fail || config->fail_with_body) && status >= 400;
}

void h2f_outcome_refuse(struct h2f_job *job, int status)
{
    h2f_job_fail(job, H2F_EXIT_HTTP_STATUS, h2f_format("status %d", status));
}

/* Its content-range may have promised another length than its content-length. */
static bool is_complete(const struct h2f_job *job)
{
    return job->is_whole || job->shared->config->is_head ||
           h2f_resume_is_complete(&job->resume, job->n_bytes);
}

void h2f_outcome_keep(struct h2f_job *job)
{
    int status = h2client_response_status(h2client_call_response(job->call));

    if (!is_complete(job))
        h2f_job_fail(job, H2F_EXIT_PARTIAL,
                     h2f_format("the body is not as long as its content-range: %" PRIu64
                                " of %" PRId64 " bytes",
                                job->n_bytes, job->resume.n_rest));
    else if (h2f_file_is_open(&job->file) && !h2f_file_commit(&job->file))
        h2f_job_fail_to_write(job, errno);
    else if (!job->is_whole && h2f_outcome_is_refused(job->shared->config, status))
        h2f_outcome_refuse(job, status);
}

/* Of what stands in the file, if it is worth going on with. */
static const char *version_of(const struct h2f_job *job)
{
    int64_t n_rest = job->resume.n_rest;

    if (job->shared->config->include || (job->n_bytes == 0 && job->resume.offset == 0) ||
        (n_rest >= 0 && job->n_bytes > (uint64_t)n_rest))
        return NULL;
    return job->validator ? job->validator : job->resume.validator;
}

/* What became of the output, for the error line; NULL: nothing that has to be told. */
static char *drop_file(struct h2f_job *job)
{
    bool is_unread = job->file.awaits_reader;
    bool is_untouched = job->resume.part && !h2f_file_is_open(&job->file);
    bool is_kept = is_untouched || h2f_file_keep(&job->file, version_of(job));
    bool is_removed = h2f_file_abandon(&job->file);
    const char *part = is_untouched ? job->resume.part : job->file.part;
    struct h2f_text *list = is_kept ? &job->shared->kept : &job->shared->removed;

    if ((is_kept || is_removed) && job->is_quiet)
        h2f_text_printf(list, "%s%s", list->len ? ", " : "", part);
    if (is_unread)
        return h2f_format("nobody reads %s", job->file.path);
    if (is_kept)
        return h2f_format("%s kept, -C - goes on from it", part);
    return is_removed ? h2f_format("%s removed", part) : NULL;
}

void h2f_outcome_drop(struct h2f_job *job, const h2client_error *error)
{
    const char *why = job->exit_code ? job->message : error->message;
    char *fate = drop_file(job);
    char *message;

    if (!fate)
        return;
    message = h2f_format("%s; %s", why, fate);
    free(fate);
    free(job->message);
    job->message = message;
    if (!job->exit_code)
        job->exit_code = error->exit_code;
}
