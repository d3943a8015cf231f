/* SPDX-License-Identifier: MIT */
/*
 * What a server's input costs us, held against what it brings (RFC 9113 10.5). The
 * limits of h2_rules.c are on frames that bring nothing; these are on frames that bring
 * next to nothing, and on header blocks that nobody is to have, which cost more to
 * decode than to send.
 *
 * Costs are counted in bytes: a frame costs as much as a body of FRAME_COST bytes brings,
 * so that a body in frames of that size or larger may be of any length. Time and
 * requests are worth frames too; a client that waits for small messages all day is well.
 */
#include "h2client/h2/h2_internal.h"

#define FRAME_COST 64
#define ANSWERED_COST (8 * FRAME_COST) /* it makes us write */
#define FRAMES_A_REQUEST 16            /* what its answer may take beyond its body */
#define UNHEARD_BYTES_A_REQUEST 4096u  /* header blocks of an answer we no longer want */
#define US_A_SECOND 1000000
#define LEAST_US 1000 /* paid at once, so that no fraction is lost */

static void forgive(struct h2i_h2_conn *conn, int64_t n_bytes)
{
    conn->abuse.debt = n_bytes < conn->abuse.debt ? conn->abuse.debt - n_bytes : 0;
}

void h2i_h2_costs_at(struct h2i_h2_conn *conn, int64_t now_us)
{
    int64_t elapsed_us = now_us - conn->abuse.paid_until_us;
    int64_t a_second = (int64_t)conn->config.abuse.frames_a_second * FRAME_COST;

    if (elapsed_us < LEAST_US)
        return;
    conn->abuse.paid_until_us = now_us;
    forgive(conn, elapsed_us < US_A_SECOND ? elapsed_us * a_second / US_A_SECOND
                                           : elapsed_us / US_A_SECOND * a_second);
}

void h2i_h2_costs_body(struct h2i_h2_conn *conn, size_t n)
{
    forgive(conn, (int64_t)n);
}

void h2i_h2_costs_request(struct h2i_h2_conn *conn)
{
    size_t n = conn->abuse.n_unheard_bytes;

    forgive(conn, FRAMES_A_REQUEST * FRAME_COST);
    conn->abuse.n_unheard_bytes = n > UNHEARD_BYTES_A_REQUEST ? n - UNHEARD_BYTES_A_REQUEST : 0;
}

static bool wants_answer(const struct h2i_h2_frame *frame)
{
    bool can = frame->type == NGHTTP2_PING || frame->type == NGHTTP2_SETTINGS;

    return can && !(frame->flags & NGHTTP2_FLAG_ACK);
}

bool h2i_h2_costs_frame(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame)
{
    conn->abuse.debt += wants_answer(frame) ? ANSWERED_COST : FRAME_COST;
    if (conn->abuse.debt <= (int64_t)conn->config.abuse.frames * FRAME_COST)
        return true;
    return h2i_h2_fail_frame(conn, frame, NGHTTP2_ENHANCE_YOUR_CALM,
                             "more than %u frames with next to nothing in them",
                             conn->config.abuse.frames);
}

bool h2i_h2_costs_block(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame, size_t n)
{
    bool is_heard = conn->in.block && conn->in.block->exchange;

    if (is_heard)
        return true;
    conn->abuse.n_unheard_bytes += n;
    if (conn->abuse.n_unheard_bytes <= conn->config.abuse.unheard_header_bytes)
        return true;
    return h2i_h2_fail_frame(conn, frame, NGHTTP2_ENHANCE_YOUR_CALM,
                             "more than %u bytes of header blocks for nobody",
                             conn->config.abuse.unheard_header_bytes);
}
