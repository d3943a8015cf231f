/* SPDX-License-Identifier: MIT */
/*
 * What must hold in a pool between two turns of its session: who is on which list, what
 * the counts say, the limits, and that whoever waits is waiting for something. It walks
 * all there is, so it is for tests.
 */
#ifndef H2T_POOL_CHECK_H
#define H2T_POOL_CHECK_H

#include "h2client/pool/pool.h"

/* NULL, or what does not hold. Static. */
const char *h2t_pool_check(const struct h2i_pool *pool);

#endif
