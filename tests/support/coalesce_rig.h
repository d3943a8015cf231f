/* SPDX-License-Identifier: MIT */
/*
 * A session that coalesces (RFC 9113 9.1.1), and two origins it may do that for: both have the
 * address 127.0.0.1, and every certificate holds for H2T_OTHER, too.
 */
#ifndef H2T_COALESCE_RIG_H
#define H2T_COALESCE_RIG_H

#include "tests/support/facade_rig.h"

#define H2T_OTHER "https://other.test"

/* All but the session. */
void h2t_coalesce_prepare(struct h2t_rig *rig, h2t_on_request on_request);
/* With defaults but for that option. */
void h2t_coalesce_start(struct h2t_rig *rig, h2t_on_request on_request);
/* The first connection is H2T_ORIGIN's, and idle then. */
void h2t_coalesce_open_first(struct h2t_rig *rig);
/* The pool's invariants hold. */
void h2t_coalesce_check(const struct h2t_rig *rig);
/* That, and the end. */
void h2t_coalesce_finish(struct h2t_rig *rig);

/* Awaits it; it is the test's still. */
void h2t_coalesce_expect_status(h2client_call *call, int status);
/* 200; and destroys it. */
void h2t_coalesce_expect_ok(h2client_call *call);
const char *h2t_coalesce_authority(const struct h2t_seen_request *request);

#endif
