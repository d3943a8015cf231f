/* SPDX-License-Identifier: MIT */
#include "fetch_resume.h"

#include "fetch_part.h"
#include "fetch_values.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- where it goes on from ----------------------------------------------------- */

/* -1: it is no regular file. */
static int64_t size_of(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode) ? (int64_t)status.st_size : -1;
}

/* A line without its end; NULL where there is none. */
static char *read_line(const char *path)
{
    struct h2f_text text = {0};

    if (!h2f_read_path(path, &text) || text.len == 0) {
        h2f_text_finish(&text);
        return NULL;
    }
    text.data[strcspn(text.data, "\r\n")] = 0;
    return h2f_text_take(&text);
}

/* Of what is there: a part of ours whose version is known goes before a file. */
static int64_t look_for_base(struct h2f_resume *resume, const char *output)
{
    char *part = h2f_format("%s.part", output);
    char *path = h2f_part_validator_path(part);
    int64_t size = h2f_part_is_ours(part) ? size_of(part) : -1;

    resume->validator = size >= 0 ? read_line(path) : NULL;
    resume->base = H2F_FROM_PART;
    if (!resume->validator) {
        size = size_of(output);
        resume->base = size >= 0 ? H2F_FROM_FILE : H2F_FROM_NOTHING;
    }
    free(part);
    free(path);
    return size > 0 ? size : 0;
}

static bool is_too_far(const struct h2f_resume *resume, int64_t size, const char *what,
                       struct h2f_problem *problem)
{
    if (resume->offset <= size)
        return false;
    h2f_problem_set(problem, H2F_EXIT_BAD_RESUME,
                    "--continue-at: %" PRId64 " is behind the end of %s (%" PRId64 " bytes)",
                    resume->offset, what, size);
    return true;
}

bool h2f_resume_plan(struct h2f_resume *resume, int64_t continue_at, const char *output,
                     struct h2f_problem *problem)
{
    int64_t size;

    *resume = (struct h2f_resume){.is_asked = continue_at != H2F_CONTINUE_NOT};
    if (!resume->is_asked)
        return true;
    if (!output) { /* what has come is somewhere else */
        resume->offset = continue_at == H2F_CONTINUE_AUTO ? 0 : continue_at;
        return true;
    }
    size = look_for_base(resume, output);
    resume->offset = continue_at == H2F_CONTINUE_AUTO ? size : continue_at;
    return !is_too_far(resume, size, output, problem);
}

bool h2f_resume_plan_upload(struct h2f_resume *resume, int64_t continue_at, int64_t size,
                            struct h2f_problem *problem)
{
    *resume = (struct h2f_resume){.offset = 0};
    if (continue_at == H2F_CONTINUE_NOT)
        return true;
    if (continue_at == H2F_CONTINUE_AUTO)
        return h2f_problem_set(problem, H2F_EXIT_BAD_RESUME,
                               "--continue-at -: nobody tells how much of an upload has arrived");
    if (size < 0)
        return h2f_problem_set(problem, H2F_EXIT_BAD_RESUME,
                               "--continue-at: the length of the upload is not known");
    resume->offset = continue_at;
    resume->n_uploaded = continue_at > 0 ? size : 0;
    return !is_too_far(resume, size, "the upload", problem);
}

void h2f_resume_finish(struct h2f_resume *resume)
{
    free(resume->validator);
    *resume = (struct h2f_resume){.offset = 0};
}

/* ---- the request ------------------------------------------------------------------ */

const h2client_header *h2f_resume_fields(const struct h2f_resume *resume,
                                         const h2client_header *given, char range[H2F_RANGE_CAP])
{
    h2client_header *list;
    size_t n = 0;

    while (given && given[n].name)
        n++;
    list = h2f_alloc((n + 3) * sizeof *list);
    if (n > 0)
        memcpy(list, given, n * sizeof *list);
    if (resume->is_asked && resume->offset > 0) {
        snprintf(range, H2F_RANGE_CAP, "bytes=%" PRId64 "-", resume->offset);
        list[n++] = (h2client_header){"range", range};
        if (resume->validator)
            list[n++] = (h2client_header){"if-range", resume->validator};
    }
    if (resume->n_uploaded > 0) {
        snprintf(range, H2F_RANGE_CAP, "bytes %" PRId64 "-%" PRId64 "/%" PRId64, resume->offset,
                 resume->n_uploaded - 1, resume->n_uploaded);
        list[n++] = (h2client_header){"content-range", range};
    }
    list[n] = (h2client_header){NULL, NULL};
    return list;
}

/* ---- the answer ------------------------------------------------------------------- */

/* "bytes 500-999/1234" (RFC 9110 14.4): -1 where it is something else. */
static int64_t first_of(const char *content_range)
{
    int64_t first;
    char dash;

    if (!content_range || sscanf(content_range, "bytes %" SCNd64 "%c", &first, &dash) != 2 ||
        dash != '-')
        return -1;
    return first;
}

/* "bytes 0-0/1234" with an asterisk in place of the range: what is there in all. */
static int64_t all_of(const char *content_range)
{
    const char *slash = content_range ? strstr(content_range, "*/") : NULL;
    int64_t size;
    char rest;

    return slash && sscanf(slash + 2, "%" SCNd64 "%c", &size, &rest) == 1 ? size : -1;
}

enum h2f_resume_answer h2f_resume_judge(const struct h2f_resume *resume, int status,
                                        const char *content_range, char **why)
{
    if (!resume->is_asked || resume->offset == 0)
        return H2F_RESUME_GOES_ON;
    if (status == 416 && all_of(content_range) == resume->offset)
        return H2F_RESUME_IS_WHOLE;
    if (status == 206 && first_of(content_range) == resume->offset)
        return H2F_RESUME_GOES_ON;
    if (status == 206)
        *why =
            h2f_format("the server goes on from another place than byte %" PRId64, resume->offset);
    else
        *why = h2f_format("the server does not go on from byte %" PRId64 ": status %d",
                          resume->offset, status);
    return H2F_RESUME_IS_REFUSED;
}

/* ---- for the next time ------------------------------------------------------------- */

/* RFC 9110 8.8.2.2: had it changed within the second, the date would not tell. Both are
 * dates of one form, so that the texts tell whether they are the same second. */
static bool is_strong_date(const h2client_response *resp)
{
    const char *changed = h2client_response_header(resp, "last-modified");
    const char *date = h2client_response_header(resp, "date");

    return changed && date && strlen(changed) == strlen(date) && strcmp(changed, date) != 0;
}

char *h2f_resume_validator(const h2client_response *resp)
{
    const char *tag = h2client_response_header(resp, "etag");
    const char *ranges = h2client_response_header(resp, "accept-ranges");
    int status = h2client_response_status(resp);

    if (status != 206 && !(status == 200 && ranges && strcmp(ranges, "bytes") == 0))
        return NULL;
    if (h2client_response_header(resp, "content-encoding"))
        return NULL; /* the part would be of what was decoded */
    if (tag && tag[0] == '"')
        return h2f_copy(tag);
    return !tag && is_strong_date(resp) ? h2f_copy(h2client_response_header(resp, "last-modified"))
                                        : NULL;
}
