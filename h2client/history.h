/* SPDX-License-Identifier: MIT */
/* History: what a call's attempts were and why each was not the last. */
#ifndef H2I_HISTORY_H
#define H2I_HISTORY_H

#include "base/arena.h"
#include "h2client/retry.h"

struct h2i_past_attempt {
    h2client_attempt item;
    struct h2i_past_attempt *next;
};

struct h2i_history {
    h2client_attempt now; /* the one that runs, or was the last */
    struct h2i_past_attempt *first;
    struct h2i_past_attempt *last;
};

/* Another one begins, to this URL, which must live as long: `now` becomes the past. False: no
 * memory. */
H2CLIENT_MUST_USE bool h2i_history_begin(struct h2i_history *history, struct h2i_arena *arena,
                                         const char *url, int64_t at_us);
/* Why `now` is not the last, and how long the next one waits. False: no memory. */
H2CLIENT_MUST_USE bool h2i_history_explain(struct h2i_history *history, struct h2i_arena *arena,
                                           const char *reason, int64_t delay_us);
/* What became of the request in all of them, for a call that failed: the worst of
 * `replay_class`, its last one's, and theirs. */
h2client_replay_class h2i_history_worst_class(const struct h2i_history *history,
                                              h2client_replay_class replay_class);
const h2client_attempt *h2i_history_get(const struct h2i_history *history, size_t i);

#endif
