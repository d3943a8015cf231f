/* SPDX-License-Identifier: MIT */
/* What there is to say about a job at its end: the error line, -w, --report. */
#ifndef H2F_TELL_H
#define H2F_TELL_H

#include "fetch_job.h"

/* One line on stderr, whatever is in the names it quotes. Takes the line. */
void h2f_tell_problem(struct h2f_shared *shared, char *line);
/* All of it; the job's exit code is settled then. */
void h2f_tell_end(struct h2f_job *job, const h2client_error *error);

#endif
