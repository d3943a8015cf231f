/* SPDX-License-Identifier: MIT */
/*
 * A job: one URL's transfer, from its start to its exit code. It owns its call and its
 * output, and prints what there is to print about it. Who runs jobs hears of each end
 * once; the job is gone then.
 */
#ifndef H2F_JOB_H
#define H2F_JOB_H

#include "fetch_file.h"
#include "fetch_progress.h"
#include "fetch_resume.h"
#include "fetch_stdout.h"
#include "fetch_targets.h"
#include "fetch_trace.h"

struct h2f_job;

/* What all jobs of a run share. */
struct h2f_shared {
    const struct h2f_config *config;
    h2client_session *session;
    struct h2f_stdout out;
    struct h2f_job *reads_stdin;  /* its upload waits for stdin; NULL: none does */
    int dump_fd;                  /* -D; -1: none, or stdout */
    int report_fd;                /* --report; -1: none, or stdout */
    int dump_errno, report_errno; /* of a write to these that failed */
    struct h2f_text removed;      /* what stopped jobs have removed, for people */
    struct h2f_text kept;         /* and what -C can go on from */
    struct h2f_progress progress;
    struct h2f_trace trace;
    void (*on_end)(size_t index, int exit_code, struct h2f_job *job, void *user);
    void *user;
};

struct h2f_job {
    struct h2f_job *prev, *next; /* the run's */
    struct h2f_shared *shared;
    struct h2f_target target;
    h2client_call *call;
    struct h2f_file file;
    struct h2f_speed speed;
    struct h2f_resume resume;
    int64_t started_ms;
    struct {
        int64_t due_ms;     /* when its next try begins; 0: it does not rest */
        int64_t n_retries;  /* of calls that are gone, with their ends */
        int64_t n_attempts; /* the same */
    } again;
    char *validator;       /* of what comes, for a later -C; NULL: none */
    bool is_whole;         /* there was nothing left to come */
    int upload_fd;         /* of an upload that goes on; -1: none */
    uint64_t n_bytes;      /* of the body, as they come */
    uint64_t n_head_bytes; /* of heads and trailers, as text */
    uint64_t n_uploaded;   /* of the request's, over all attempts */
    uint64_t n_told;       /* of these: of the attempt that runs */
    uint64_t n_expected;   /* both together; 0 until it is measured */
    bool is_measured;
    struct h2f_turn *turn;  /* NULL: the body goes to a file */
    size_t n_waiting_head;  /* of the bytes that wait in the output: not the body's */
    bool is_draining;       /* its call is over, the rest of its bytes waits in the file */
    int64_t drain_until_ms; /* -1: no limit */
    /* What ended it, where that is not the call's own error. */
    int exit_code; /* 0: nothing did */
    char *message;
    bool is_quiet; /* no error line: somebody else says why */
};

/* Takes the target's strings. Not ended before it returns. */
struct h2f_job *h2f_job_start(struct h2f_shared *shared, struct h2f_target *target);
/* Ends it with this code and text (copied); it is told as usual, later. */
void h2f_job_stop(struct h2f_job *job, int exit_code, const char *message, bool is_quiet);
/* For its own parts: it has failed, unless it has before. Takes the message. */
void h2f_job_fail(struct h2f_job *job, int exit_code, char *message);
void h2f_job_fail_to_write(struct h2f_job *job, int error);
/* A target that cannot be fetched at all: told like a job that ended. */
void h2f_job_refuse(struct h2f_shared *shared, struct h2f_target *target,
                    const struct h2f_problem *problem);
/* -1: until something happens. */
int64_t h2f_job_max_wait_ms(const struct h2f_job *job);
/* Its request is on its way, or being answered; not while it waits for its turn. */
bool h2f_job_has_stream(const struct h2f_job *job);
/* Stops it when it is too slow (-Y, -y). */
void h2f_job_check_speed(struct h2f_job *job);
/* Writes what its file can take now; it may be gone afterwards, if its call is over. */
void h2f_job_pump(struct h2f_job *job);
/* To the output: bytes that are none of the body's, and not credited. */
void h2f_job_write_aside(struct h2f_job *job, const struct h2f_text *text);
/* Stdin has something for the job whose upload waits. */
void h2f_job_resume_upload(struct h2f_job *job);

#endif
