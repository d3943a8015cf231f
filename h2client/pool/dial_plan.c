/* SPDX-License-Identifier: MIT */
#include "h2client/pool/dial_plan.h"

static const struct h2i_dial_plan nothing = {0, INT64_MAX};

static size_t up_to(size_t wanted, size_t max)
{
    return wanted < max ? wanted : max;
}

static struct h2i_dial_plan plan_first(const struct h2i_origin_state *state)
{
    return (struct h2i_dial_plan){state->n_dialing == 0 ? 1 : 0, INT64_MAX};
}

static struct h2i_dial_plan plan_h1(const struct h2i_origin_state *state)
{
    size_t n_conns = state->n_open + state->n_dialing;

    if (state->n_waiting <= state->n_dialing || n_conns >= state->max_h1)
        return nothing;
    return (struct h2i_dial_plan){
        up_to(state->n_waiting - state->n_dialing, state->max_h1 - n_conns), INT64_MAX};
}

static struct h2i_dial_plan plan_h2(const struct h2i_origin_state *state, int64_t now_us)
{
    int64_t due_us;

    if (!state->has_hope)
        return plan_first(state);
    if (state->n_dialing > 0 || state->n_open >= state->max_h2)
        return nothing;
    due_us = state->first_since_us + H2I_PATIENCE_US;
    if (now_us < due_us)
        return (struct h2i_dial_plan){0, due_us};
    return (struct h2i_dial_plan){1, INT64_MAX};
}

struct h2i_dial_plan h2i_dial_plan(const struct h2i_origin_state *state, int64_t now_us)
{
    if (state->n_waiting == 0)
        return nothing;
    if (now_us < state->not_before_us)
        return (struct h2i_dial_plan){0, state->not_before_us};
    switch (state->protocol) {
    case H2I_PROTOCOL_H1:
        return plan_h1(state);
    case H2I_PROTOCOL_H2:
        return plan_h2(state, now_us);
    default:
        return state->has_hope ? nothing : plan_first(state);
    }
}
