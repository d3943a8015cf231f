/* SPDX-License-Identifier: MIT */
#include "fetch_tell.h"

#include "fetch_again.h"
#include "fetch_facts.h"
#include "fetch_report.h"
#include "fetch_url.h"
#include "fetch_write_out.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void h2f_tell_problem(struct h2f_shared *shared, char *line)
{
    if (!h2f_config_is_silent(shared->config)) {
        h2f_progress_clear(&shared->progress);
        h2f_make_printable(line);
        fprintf(stderr, "h2fetch: %s\n", line);
    }
    free(line);
}

static void write_out(struct h2f_job *job, const struct h2f_facts *facts)
{
    const char *format = job->shared->config->write_out;
    struct h2f_text text = {0};

    if (!format)
        return;
    h2f_write_out_add(&text, format, facts);
    if (!text.len)
        return;
    if (job->turn)
        h2f_job_write_aside(job, &text);
    else
        h2f_stdout_text(&job->shared->out, text.data);
    h2f_text_finish(&text);
}

static void report(struct h2f_shared *shared, const struct h2f_facts *facts)
{
    struct h2f_text line = {0};

    if (!shared->config->report)
        return;
    h2f_report_add(&line, facts);
    if (shared->report_fd < 0)
        h2f_stdout_text(&shared->out, line.data);
    else if (!h2f_write_all(shared->report_fd, line.data, line.len))
        shared->report_errno = errno;
    h2f_text_finish(&line);
}

/* NULL unless the response is a redirect that says where to. */
static char *find_redirect(const h2client_response *resp, const char *url)
{
    int status = h2client_response_status(resp);
    const char *location = h2client_response_header(resp, "location");

    return location && status / 100 == 3 ? h2f_url_resolve(url, location) : NULL;
}

/* A line of the list whose URL makes no sense is shown as it stands there. */
static bool is_lines_fault(const struct h2f_job *job, int exit_code)
{
    return job->target.line &&
           (exit_code == H2F_EXIT_SCHEME || exit_code == H2F_EXIT_MALFORMED_URL);
}

void h2f_tell_end(struct h2f_job *job, const h2client_error *error)
{
    char *shown = h2f_url_shown(job->target.url ? job->target.url : "");
    const h2client_call_info *info = h2client_call_get_info(job->call);
    const h2client_response *resp = h2client_call_partial_response(job->call);
    char *redirect = find_redirect(resp, info->url);
    struct h2f_facts facts = {
        .url = shown,
        .method = info->method[0] ? info->method
                                  : h2f_config_method(job->shared->config, job->target.upload),
        .message = job->exit_code ? job->message
                   : error->code  ? error->message
                                  : "",
        .phase = h2client_phase_name(error->phase),
        .replay_class = h2client_replay_class_name(error->replay_class),
        .filename = job->target.output,
        .redirect_url = redirect,
        .info = info,
        .resp = resp,
        .n_head_bytes = job->n_head_bytes,
        .n_retries = job->again.n_retries + h2f_again_count(job->call),
        .n_attempts = job->again.n_attempts + info->n_attempts,
        .exit_code = job->exit_code ? job->exit_code : error->exit_code,
    };

    if (facts.exit_code && !job->is_quiet)
        h2f_tell_problem(job->shared,
                         h2f_format("(%d) %s : %s", facts.exit_code,
                                    is_lines_fault(job, facts.exit_code) ? job->target.line : shown,
                                    facts.message));
    write_out(job, &facts);
    report(job->shared, &facts);
    job->exit_code = facts.exit_code;
    free(redirect);
    free(shown);
}
