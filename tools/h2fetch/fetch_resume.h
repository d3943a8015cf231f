/* SPDX-License-Identifier: MIT */
/*
 * Going on with a transfer that was cut (-C; RFC 9110 13.1.5, 14): where it goes on from,
 * whether the server goes along, and what has to be known for the next time.
 *
 * What had come stands in FILE.part, or in FILE. Beside a FILE.part that was kept,
 * FILE.part.validator holds the version of what it is a part of: an entity tag that is strong,
 * or the time of its last change. The next request asks for the rest of that version only.
 */
#ifndef H2F_RESUME_H
#define H2F_RESUME_H

#include "fetch_config.h"

#define H2F_EXIT_PARTIAL 18
#define H2F_EXIT_RANGE 33
#define H2F_EXIT_BAD_RESUME 36
#define H2F_RANGE_CAP 80

/* Where the first `offset` bytes are taken from. */
enum h2f_resume_base { H2F_FROM_NOTHING, H2F_FROM_PART, H2F_FROM_FILE };

struct h2f_resume {
    bool is_asked;
    int64_t offset;
    enum h2f_resume_base base;
    char *part;         /* that one's name; NULL: another base */
    char *validator;    /* of that part; NULL: not known, or there no more */
    int64_t n_rest;     /* of the body, as the answer's content-range has it; -1: not told */
    int64_t n_uploaded; /* of an upload: all there is; 0: it is none that goes on */
};

/* For an output (NULL: stdout). False with exit code 36. */
bool h2f_resume_plan(struct h2f_resume *resume, int64_t continue_at, const char *output,
                     struct h2f_problem *problem);
/* The same for an upload of that many bytes (-1: not known). H2F_CONTINUE_AUTO, as in curl,
 * sends all of it: nobody tells how much has arrived. False with 36, or 18 where nothing is
 * left. */
bool h2f_resume_plan_upload(struct h2f_resume *resume, int64_t continue_at, int64_t size,
                            struct h2f_problem *problem);
void h2f_resume_finish(struct h2f_resume *resume);

/* The fields of the request: `given`, and range and if-range. The list is the caller's to
 * free, its strings are the texts' and the given ones'. */
const h2client_header *h2f_resume_fields(const struct h2f_resume *resume,
                                         const h2client_header *given, char range[H2F_RANGE_CAP]);

/* What counts of a response; fields that are not there are NULL. */
struct h2f_answer {
    int status;
    const char *content_range;
    const char *etag;
    const char *last_modified;
    const char *date;
    const char *accept_ranges;
    const char *content_encoding;
};

struct h2f_answer h2f_answer_of(const h2client_response *resp);

enum h2f_resume_verdict {
    H2F_RESUME_GOES_ON,   /* 206, from the offset to the end; or none was asked for */
    H2F_RESUME_IS_WHOLE,  /* 416: there is nothing behind the offset */
    H2F_RESUME_IS_REFUSED /* exit code 33 */
};

/* `why` is set where it is refused; the caller's to free. The validator goes where the
 * server has another version now: what there is of the old one is of no use. */
enum h2f_resume_verdict h2f_resume_judge(struct h2f_resume *resume, const struct h2f_answer *answer,
                                         char **why);
/* Of a body that was given with a content-range: is it as long as that said? */
bool h2f_resume_is_complete(const struct h2f_resume *resume, uint64_t n_bytes);

/* What a later -C can ask for: an entity tag that is strong, or a time of the last change that
 * is (RFC 9110 8.8.2.2). NULL: nothing; the caller's to free. */
char *h2f_resume_validator(const struct h2f_resume *resume, const struct h2f_answer *answer);

#endif
