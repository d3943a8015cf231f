/* SPDX-License-Identifier: MIT */
#include "h2client/call_decode.h"

#include "base/fault.h"
#include "h2client/attempt.h"
#include "h2client/call_rates.h"
#include "h2client/session_internal.h"

#define STEP_BYTES 16384
/* For a reader that takes bytes as he likes. */
#define AHEAD_BYTES 65536
/* Of output in one delivery: the turn belongs to others too. */
#define MAX_A_TURN (1u << 20)

h2client_error_code h2i_call_begin_decoding(h2client_call *call, struct h2i_text *why)
{
    h2client_error_code code;

    call->in.has_body = true;
    if (!call->settings.decompresses)
        return H2CLIENT_OK;
    h2i_buf_init(&call->in.coded, &call->home->allocator, SIZE_MAX / 2);
    code = h2i_decoding_create(&call->in.decoding, &call->home->allocator, call->response.headers,
                               why);
    call->in.is_coded = call->in.decoding != NULL;
    return code;
}

bool h2i_call_add_coded(h2client_call *call, const void *data, size_t len)
{
    call->in.is_drained = false;
    return h2i_buf_append(&call->in.coded, data, len);
}

size_t h2i_call_may_have(h2client_call *call, size_t n)
{
    if (call->in.is_coded)
        return n;
    n = h2i_call_rates_allow(call, n);
    h2i_call_rates_take(call, n);
    return n;
}

bool h2i_call_is_decoded(const h2client_call *call)
{
    return !call->in.decoding || call->in.is_drained;
}

void h2i_call_drop_decoding(h2client_call *call)
{
    if (!call->in.decoding)
        return;
    h2i_decoding_destroy(call->in.decoding);
    call->in.decoding = NULL;
    h2i_buf_finish(&call->in.coded);
}

/* ---- the reader's room ------------------------------------------------------------ */

static size_t room(const h2client_call *call)
{
    size_t held = h2i_buf_len(&call->in.body) + call->in.n_kept;
    uint64_t most = AHEAD_BYTES;

    if (call->in.is_failure)
        most = H2I_MAX_FAILURE_BYTES;
    else if (h2i_call_is_collected(call)) /* one more, to see that it is too much */
        most = call->settings.max_body_bytes == INT64_MAX
                   ? UINT64_MAX
                   : (uint64_t)call->settings.max_body_bytes + 1;
    if (call->in.is_paused && !h2i_call_is_collected(call))
        return 0;
    return held < most ? (size_t)(most - held < STEP_BYTES ? most - held : STEP_BYTES) : 0;
}

static void fail(h2client_call *call, h2client_error_code code, const char *text)
{
    h2client_fault fault = h2i_fault(code, "%s", text);

    call->in.is_drained = true;
    if (call->in.is_failure || !call->session)
        return; /* its end is known already */
    h2i_call_end_as(call, &fault);
    h2i_session_nudge(call->session); /* who polls may have asked for the bytes */
}

static void check_size(h2client_call *call)
{
    char buf[80];
    struct h2i_text text = h2i_text(buf, sizeof buf);

    if (!h2i_call_is_collected(call) || call->in.is_failure ||
        (uint64_t)h2i_buf_len(&call->in.body) <= (uint64_t)call->settings.max_body_bytes)
        return;
    h2i_text_add(&text, "the decoded body is above max_body_bytes, %lld",
                 (long long)call->settings.max_body_bytes);
    fail(call, H2CLIENT_ERROR_BODY_TOO_LARGE, buf);
}

/* One step; how much came out. */
static size_t decode_step(h2client_call *call, size_t in_len, size_t cap)
{
    struct h2i_buf *coded = &call->in.coded;
    char buf[160];
    struct h2i_text why = h2i_text(buf, sizeof buf);
    char *out = h2i_buf_reserve(&call->in.body, cap + 1);
    size_t n_in = 0, n_out = 0;
    h2client_error_code code = H2CLIENT_ERROR_NO_MEMORY;

    if (out)
        code = h2i_decoding_run(call->in.decoding, h2i_buf_data(coded), in_len, &n_in, out, cap,
                                &n_out, &why);
    if (out) { /* one NUL follows, as behind bytes that were not coded */
        out[n_out] = 0;
        h2i_buf_commit(&call->in.body, n_out);
    }
    h2i_buf_consume(coded, n_in);
    h2i_call_rates_take(call, n_in);
    if (n_in && call->session)
        h2i_attempt_credit(call, n_in);
    call->in.is_drained = h2i_buf_len(coded) == 0 && n_out < cap;
    if (code)
        fail(call, code, buf);
    else
        check_size(call);
    return n_out;
}

/* There is more, room for it, and the limit on the rate lets it pass. */
static bool can_go_on(const h2client_call *call)
{
    size_t len = h2i_buf_len(&call->in.coded);

    return !h2i_call_is_decoded(call) && room(call) > 0 &&
           (len == 0 || h2i_call_rates_allow(call, len) > 0);
}

void h2i_call_decode(h2client_call *call)
{
    size_t n_given = 0;

    while (can_go_on(call) && n_given < MAX_A_TURN)
        n_given +=
            decode_step(call, h2i_call_rates_allow(call, h2i_buf_len(&call->in.coded)), room(call));
    if (call->in.is_failure && h2i_buf_len(&call->in.body) >= H2I_MAX_FAILURE_BYTES)
        call->in.is_drained = true;
}

void h2i_call_settle_decoding(h2client_call *call)
{
    char buf[160];
    struct h2i_text why = h2i_text(buf, sizeof buf);

    if (can_go_on(call))
        h2i_call_mark_ready(call);
    else if (call->in.is_coded)
        h2i_call_rates_watch(call);
    if (!call->in.decoding || !call->end.is_over || call->end.outcome.fault.code ||
        !call->in.is_drained)
        return;
    if (h2i_decoding_finish(call->in.decoding, &why))
        fail(call, H2CLIENT_ERROR_CODING_BROKEN, buf);
    h2i_call_drop_decoding(call);
}
