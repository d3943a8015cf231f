/* SPDX-License-Identifier: MIT */
/* What becomes of a job's output once its call is over, and what a status says of it. */
#ifndef H2F_OUTCOME_H
#define H2F_OUTCOME_H

#include "fetch_job.h"

/* With -f and --fail-with-body. */
bool h2f_outcome_is_refused(const struct h2f_config *config, int status);
void h2f_outcome_refuse(struct h2f_job *job, int status);
/* All went well so far: the file takes its name. It may still fail. */
void h2f_outcome_keep(struct h2f_job *job);
/* After a failure. What became of the file is added to its message. */
void h2f_outcome_drop(struct h2f_job *job, const h2client_error *error);

#endif
