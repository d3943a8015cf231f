/* SPDX-License-Identifier: MIT */
/* The body of a job's request: data, a form, a file or the rest of one, stdin as it comes. */
#ifndef H2F_BODY_H
#define H2F_BODY_H

#include "fetch_job.h"

/* -C with an upload: what is left out. False: it cannot be. */
bool h2f_body_plan(struct h2f_job *job, struct h2f_problem *problem);
/* `body`, filled; NULL: there is none. */
const h2client_body *h2f_body_of(struct h2f_job *job, h2client_body *body);

#endif
