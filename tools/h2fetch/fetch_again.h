/* SPDX-License-Identifier: MIT */
/*
 * Another try for a body that was cut (--retry). The library tries again as long as nothing of
 * a body has been given away; later only who wrote it can begin anew, and that is possible for
 * a regular file. As in curl, a time limit is reason enough, with --retry-all-errors everything.
 * The limit for the URL as a whole (-m) covers all tries.
 */
#ifndef H2F_AGAIN_H
#define H2F_AGAIN_H

#include "fetch_job.h"

/* Its call has failed: true when it is to be begun again, once it has rested; what came is
 * forgotten then. */
bool h2f_again_plan(struct h2f_job *job, const h2client_error *error);
/* It has rested, and its call goes. */
void h2f_again_begin(struct h2f_job *job);
/* So long it rests; -1: it does not. */
int64_t h2f_again_wait_ms(const struct h2f_job *job);
/* For the call of the next try, as the library takes them. */
int64_t h2f_again_max_retries(const struct h2f_job *job);
int64_t h2f_again_timeout_ms(const struct h2f_job *job);
/* Attempts of its call that were followed by another for their own sake. */
int64_t h2f_again_count(const h2client_call *call);

#endif
