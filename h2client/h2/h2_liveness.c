/* SPDX-License-Identifier: MIT */
/*
 * Liveness: PING (RFC 9113 6.7) where a stream is open and nothing was heard for a while,
 * and where the owner wants a sign of life before it goes on. One at a time. No answer, or
 * one that cannot even be written, in time, and the connection is dead: TCP alone would
 * find out after a quarter of an hour.
 *
 * Other bytes that come are a sign of life as well, for the connection; for the owner who
 * asked only the answer is.
 */
#include "h2client/h2/h2_internal.h"

static const uint8_t ping_data[8] = "h2client";

static int64_t later(int64_t from_us, int64_t more_us)
{
    int64_t sum;

    return __builtin_add_overflow(from_us, more_us, &sum) ? INT64_MAX : sum;
}

static int64_t answer_due_at(const struct h2i_h2_conn *conn)
{
    int64_t from_us = conn->live.asked_us;

    if (conn->live.heard_us > from_us && !conn->base.wants_probe)
        from_us = conn->live.heard_us;
    return later(from_us, conn->config.ping_timeout_us);
}

/* When the next PING is to be asked; INT64_MAX: not for now. */
static int64_t question_due_at(const struct h2i_h2_conn *conn)
{
    if (conn->base.wants_probe)
        return INT64_MIN;
    return conn->base.n_open > 0 ? later(conn->live.heard_us, conn->config.ping_after_us)
                                 : INT64_MAX;
}

static void ask(struct h2i_h2_conn *conn)
{
    conn->live.is_asked = true;
    conn->live.asked_us = conn->now_us;
    if (nghttp2_submit_ping(conn->session, NGHTTP2_FLAG_NONE, ping_data) != 0)
        conn->is_out_of_memory = true;
}

void h2i_h2_heard(struct h2i_h2_conn *conn)
{
    conn->live.heard_us = conn->now_us;
    conn->live.is_fresh = false;
}

void h2i_h2_busy(struct h2i_h2_conn *conn)
{
    conn->live.is_fresh = true;
}

void h2i_h2_ping_answered(struct h2i_h2_conn *conn, const uint8_t *data)
{
    if (!conn->live.is_asked || memcmp(data, ping_data, sizeof ping_data) != 0)
        return;
    conn->live.is_asked = false;
    if (conn->base.wants_probe)
        conn->is_changed = true;
    conn->base.wants_probe = false;
}

void h2i_h2_watch(struct h2i_h2_conn *conn)
{
    if (conn->base.has_failed || conn->is_dead)
        return;
    if (conn->live.is_fresh) /* nobody owed us anything before */
        h2i_h2_heard(conn);
    if (conn->live.is_asked && conn->now_us >= answer_due_at(conn))
        h2i_h2_fail(conn, H2CLIENT_ERROR_CONNECTION_DEAD, NGHTTP2_NO_ERROR,
                    "no answer to PING within %lld ms",
                    (long long)(conn->config.ping_timeout_us / 1000));
    else if (!conn->live.is_asked && conn->now_us >= question_due_at(conn))
        ask(conn);
}

void h2i_h2_set_deadline(struct h2i_h2_conn *conn)
{
    conn->base.deadline_us = INT64_MAX;
    if (!conn->base.has_failed && !conn->is_dead)
        conn->base.deadline_us = conn->live.is_asked ? answer_due_at(conn) : question_due_at(conn);
}
