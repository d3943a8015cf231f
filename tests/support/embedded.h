/* SPDX-License-Identifier: MIT */
/* The rig's session on a real loop and clock instead of the virtual world's; the far end
 * stays in memory. */
#ifndef H2T_EMBEDDED_H
#define H2T_EMBEDDED_H

#include "tests/support/facade_rig.h"

struct h2t_embedded {
    struct h2t_rig rig;
    h2client_loop *loop;
};

void h2t_embedded_start(struct h2t_embedded *e, h2client_loop_kind kind);
void h2t_embedded_finish(struct h2t_embedded *e);
/* One that does not wait, and is not interrupted. */
void h2t_embedded_dispatch(struct h2t_embedded *e);

/* An on_request: the answer never comes. */
void h2t_hold(struct h2t_peer *peer, const struct h2t_seen_request *request,
              struct h2t_response *response, void *user);

#endif
