/* SPDX-License-Identifier: MIT */
#include "h2client/history.h"

#include <string.h>

#define MISDIRECTED_REQUEST 421

static bool move_to_past(struct h2i_history *history, struct h2i_arena *arena)
{
    struct h2i_past_attempt *past = h2i_arena_alloc(arena, sizeof *past);

    if (!past)
        return false;
    *past = (struct h2i_past_attempt){history->now, NULL};
    if (history->last)
        history->last->next = past;
    else
        history->first = past;
    history->last = past;
    return true;
}

bool h2i_history_begin(struct h2i_history *history, struct h2i_arena *arena, const char *url,
                       int64_t at_us)
{
    if (history->now.size && !move_to_past(history, arena))
        return false;
    history->now = (h2client_attempt){.size = sizeof history->now,
                                      .reason = "",
                                      .peer = "",
                                      .url = url,
                                      .started_us = at_us,
                                      .ended_us = -1,
                                      .stream_id = -1};
    return true;
}

bool h2i_history_explain(struct h2i_history *history, struct h2i_arena *arena, const char *reason,
                         int64_t delay_us)
{
    const char *copy = h2i_arena_copy_text(arena, reason, strlen(reason));

    if (!copy)
        return false;
    history->now.reason = copy;
    history->now.delay_us = delay_us;
    return true;
}

/* Who answers has acted on it, unless the answer says otherwise (RFC 9110 15.5.20). */
static h2client_replay_class class_of(const h2client_attempt *attempt)
{
    if (attempt->ended_us < 0 || attempt->code != H2CLIENT_OK)
        return attempt->replay_class;
    return attempt->status == MISDIRECTED_REQUEST ? H2CLIENT_REPLAY_UNPROCESSED
                                                  : H2CLIENT_REPLAY_MAYBE_PROCESSED;
}

h2client_replay_class h2i_history_worst_class(const struct h2i_history *history,
                                              h2client_replay_class replay_class)
{
    const h2client_attempt *attempt;

    for (size_t i = 0; (attempt = h2i_history_get(history, i)); i++)
        if (class_of(attempt) > replay_class)
            replay_class = class_of(attempt);
    return replay_class;
}

const h2client_attempt *h2i_history_get(const struct h2i_history *history, size_t i)
{
    const struct h2i_past_attempt *past = history->first;

    for (; past && i > 0; i--)
        past = past->next;
    if (past)
        return &past->item;
    return i == 0 && history->now.size ? &history->now : NULL;
}
