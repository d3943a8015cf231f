/* SPDX-License-Identifier: MIT */
#include "fetch_resume.h"

#include "fetch_file.h"
#include "fetch_values.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* ---- where it goes on from ----------------------------------------------------- */

static int64_t size_of(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode) ? (int64_t)status.st_size : -1;
}

/* A pipe or a device: what has come is somewhere else. */
static bool is_special(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

/* Of what is there: a part of ours whose version is known goes before a file. */
static int64_t look_for_base(struct h2f_resume *resume, const char *output)
{
    char *part = h2f_file_part_name(output);
    int64_t size = part && h2f_part_is_ours(part) ? size_of(part) : -1;

    resume->validator = size >= 0 ? h2f_part_validator(part) : NULL;
    if (resume->validator) {
        resume->base = H2F_FROM_PART;
        resume->part = part;
        return size;
    }
    free(part);
    size = size_of(output);
    resume->base = size >= 0 ? H2F_FROM_FILE : H2F_FROM_NOTHING;
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

    *resume = (struct h2f_resume){.is_asked = continue_at != H2F_CONTINUE_NOT, .n_rest = -1};
    if (!resume->is_asked)
        return true;
    if (!output || is_special(output)) {
        resume->offset = continue_at == H2F_CONTINUE_AUTO ? 0 : continue_at;
        return true;
    }
    size = look_for_base(resume, output);
    resume->offset = continue_at == H2F_CONTINUE_AUTO ? size : continue_at;
    return !is_too_far(resume, size, resume->part ? resume->part : output, problem);
}

bool h2f_resume_plan_upload(struct h2f_resume *resume, int64_t continue_at, int64_t size,
                            struct h2f_problem *problem)
{
    *resume = (struct h2f_resume){.n_rest = -1};
    if (continue_at <= 0) /* not asked for, or all of it */
        return true;
    if (size < 0)
        return h2f_problem_set(problem, H2F_EXIT_BAD_RESUME,
                               "--continue-at: the length of the upload is not known");
    resume->offset = continue_at;
    if (is_too_far(resume, size, "the upload", problem))
        return false;
    if (resume->offset == size)
        return h2f_problem_set(problem, H2F_EXIT_PARTIAL,
                               "--continue-at: nothing is left of the upload (%" PRId64 " bytes)",
                               size);
    resume->n_uploaded = size;
    return true;
}

void h2f_resume_finish(struct h2f_resume *resume)
{
    free(resume->part);
    free(resume->validator);
    *resume = (struct h2f_resume){.n_rest = -1};
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

struct h2f_answer h2f_answer_of(const h2client_response *resp)
{
    return (struct h2f_answer){
        .status = h2client_response_status(resp),
        .content_range = h2client_response_header(resp, "content-range"),
        .etag = h2client_response_header(resp, "etag"),
        .last_modified = h2client_response_header(resp, "last-modified"),
        .date = h2client_response_header(resp, "date"),
        .accept_ranges = h2client_response_header(resp, "accept-ranges"),
        .content_encoding = h2client_response_header(resp, "content-encoding"),
    };
}

/* What a content-range says (RFC 9110 14.4); -1 where it says nothing. */
struct place {
    int64_t first;
    int64_t last;
    int64_t all;
};

/* Digits, or an asterisk for what is not told. False: neither. */
static bool take_number(const char **at, int64_t *number)
{
    size_t len = strspn(*at, "0123456789");
    bool is_unknown = len == 0 && **at == '*';

    *number = is_unknown || len > 18 ? -1 : (int64_t)strtoll(*at, NULL, 10);
    *at += is_unknown ? 1 : len;
    return is_unknown || (len > 0 && len <= 18);
}

static bool take_letter(const char **at, char letter)
{
    bool is_there = **at == letter;

    *at += is_there;
    return is_there;
}

static struct place parse_content_range(const char *text)
{
    static const struct place nowhere = {-1, -1, -1};
    struct place place = nowhere;
    const char *at = text ? text : "";

    if (strncasecmp(at, "bytes ", 6) != 0)
        return nowhere;
    at += 6;
    if (!take_number(&at, &place.first))
        return nowhere;
    if (place.first >= 0 && !(take_letter(&at, '-') && take_number(&at, &place.last)))
        return nowhere;
    if (!take_letter(&at, '/') || !take_number(&at, &place.all) || *at)
        return nowhere;
    return place;
}

/* Has the server told that it has not the version any more that is asked for? */
static bool is_outdated(const struct h2f_resume *resume, const struct h2f_answer *answer)
{
    const char *asked = resume->validator;
    const char *has = asked && asked[0] == '"' ? answer->etag : answer->last_modified;

    return asked && has && (answer->status == 200 || answer->status == 206) &&
           strcmp(asked, has) != 0;
}

static char *explain(const struct h2f_resume *resume, const struct h2f_answer *answer,
                     const struct place *place)
{
    int64_t offset = resume->offset;

    if (is_outdated(resume, answer))
        return h2f_format("the server has another version now than byte %" PRId64 " is the end of",
                          offset);
    if (answer->status != 206)
        return h2f_format("the server does not go on from byte %" PRId64 ": status %d", offset,
                          answer->status);
    if (place->first != offset)
        return h2f_format("the server goes on from another place than byte %" PRId64, offset);
    return h2f_format("the server goes on from byte %" PRId64 ", but not to the end", offset);
}

enum h2f_resume_verdict h2f_resume_judge(struct h2f_resume *resume, const struct h2f_answer *answer,
                                         char **why)
{
    struct place place = parse_content_range(answer->content_range);
    bool is_to_the_end = place.all < 0 || place.last == place.all - 1;

    if (!resume->is_asked || resume->offset == 0)
        return H2F_RESUME_GOES_ON;
    if (answer->status == 416 && place.first < 0 && place.all == resume->offset)
        return H2F_RESUME_IS_WHOLE;
    if (answer->status == 206 && place.first == resume->offset && place.last >= place.first &&
        is_to_the_end && !is_outdated(resume, answer)) {
        resume->n_rest = place.last - place.first + 1;
        return H2F_RESUME_GOES_ON;
    }
    *why = explain(resume, answer, &place);
    if (is_outdated(resume, answer)) {
        free(resume->validator);
        resume->validator = NULL;
    }
    return H2F_RESUME_IS_REFUSED;
}

bool h2f_resume_is_complete(const struct h2f_resume *resume, uint64_t n_bytes)
{
    return resume->n_rest < 0 || n_bytes == (uint64_t)resume->n_rest;
}

/* ---- for the next time ------------------------------------------------------------- */

/* "Sun, 06 Nov 1994 08:49:37 GMT" as 19941106084937, which orders as time does; -1: it is of
 * another form. */
static int64_t order_of(const char *date)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int day, year, hour, minute, second;
    const char *found;
    char month[4];

    if (!date || strlen(date) != strlen("Sun, 06 Nov 1994 08:49:37 GMT") ||
        sscanf(date, "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &day, month, &year, &hour, &minute,
               &second) != 6)
        return -1;
    found = strstr(months, month);
    if (!found)
        return -1;
    return ((((INT64_C(100) * year + (found - months) / 3 + 1) * 100 + day) * 100 + hour) * 100 +
            minute) *
               100 +
           second;
}

/* RFC 9110 8.8.2.2: had it changed within the second, the date would not tell. */
static bool is_strong_date(const struct h2f_answer *answer)
{
    int64_t changed = order_of(answer->last_modified);

    return changed >= 0 && changed < order_of(answer->date);
}

/* Does it come from the first byte on, or from where a part of it ends? */
static bool is_continuous(const struct h2f_resume *resume, const struct h2f_answer *answer)
{
    if (answer->status == 206)
        return resume->n_rest >= 0;
    return answer->status == 200 && answer->accept_ranges &&
           strcasecmp(answer->accept_ranges, "bytes") == 0;
}

char *h2f_resume_validator(const struct h2f_resume *resume, const struct h2f_answer *answer)
{
    if (!is_continuous(resume, answer))
        return NULL;
    if (answer->content_encoding)
        return NULL; /* the part would be of what was decoded */
    if (answer->etag)
        return answer->etag[0] == '"' ? h2f_copy(answer->etag) : NULL;
    return is_strong_date(answer) ? h2f_copy(answer->last_modified) : NULL;
}
