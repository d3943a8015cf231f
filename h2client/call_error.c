/* SPDX-License-Identifier: MIT */
/* From an outcome to the h2client_error that the user reads: code, figures, one line. */
#include "base/str.h"
#include "h2client/attempt.h"
#include "h2client/session_internal.h"

static void add_bytes(struct h2i_text *text, const h2client_call *call)
{
    if (!call->in.has_head)
        return;
    if (call->response.content_length >= 0)
        h2i_text_add(text, ", %lld of %lld bytes", (long long)call->info.download_bytes,
                     (long long)call->response.content_length);
    else
        h2i_text_add(text, ", %lld bytes", (long long)call->info.download_bytes);
}

static void compose_message(h2client_call *call)
{
    const h2client_fault *fault = &call->end.outcome.fault;
    struct h2i_text text = h2i_text(call->message, sizeof call->message);

    h2i_text_add(&text, "%s", fault->text[0] ? fault->text : h2client_error_text(fault->code));
    add_bytes(&text, call);
    if (call->attempt.exchange.stream_id >= 0)
        h2i_text_add(&text, ", HTTP/2 stream %d", call->attempt.exchange.stream_id);
    if (call->attempt.peer[0])
        h2i_text_add(&text, ", peer %s", call->attempt.peer);
    if (call->attempt.n_started > 1)
        h2i_text_add(&text, ", attempt %d", call->attempt.n_started);
}

static void compose_info(h2client_call *call, int64_t now_us)
{
    call->info.total_us = now_us - call->started_us;
    call->info.stream_id = call->attempt.exchange.stream_id;
    call->info.n_attempts = call->attempt.n_started;
    call->info.n_connects = call->attempt.n_connects;
    call->info.header_bytes = (int64_t)call->in.header_bytes;
}

/* Some codes belong to one phase; for the others it is where the call stood. */
static h2client_phase phase_of(const h2client_call *call)
{
    static const h2client_phase by_limit[] = {
        [H2CLIENT_LIMIT_QUEUE] = H2CLIENT_PHASE_QUEUE,
        [H2CLIENT_LIMIT_DNS] = H2CLIENT_PHASE_DNS,
        [H2CLIENT_LIMIT_SOCK_CONNECT] = H2CLIENT_PHASE_CONNECT,
        [H2CLIENT_LIMIT_TLS] = H2CLIENT_PHASE_TLS,
        [H2CLIENT_LIMIT_TOTAL] = H2CLIENT_PHASE_NONE,
        [H2CLIENT_LIMIT_PROXY] = H2CLIENT_PHASE_PROXY,
    };
    static const h2client_phase by_group[] = {[2] = H2CLIENT_PHASE_DNS,
                                              [3] = H2CLIENT_PHASE_CONNECT,
                                              [4] = H2CLIENT_PHASE_TLS,
                                              [11] = H2CLIENT_PHASE_PROXY};
    const h2client_fault *fault = &call->end.outcome.fault;
    size_t group = (size_t)fault->code / 100;
    h2client_phase phase =
        group < sizeof by_group / sizeof by_group[0] ? by_group[group] : H2CLIENT_PHASE_NONE;

    if (fault->code == H2CLIENT_OK)
        return H2CLIENT_PHASE_DONE;
    if (fault->code == H2CLIENT_ERROR_TIMEOUT)
        phase = by_limit[fault->limit];
    return phase ? phase : call->error.phase;
}

void h2i_call_compose_error(h2client_call *call)
{
    const struct h2i_outcome *outcome = &call->end.outcome;
    h2client_error *error = &call->error;

    compose_info(call, call->session->reactor.now_us);
    error->message = h2client_error_text(H2CLIENT_OK);
    if (outcome->fault.code != H2CLIENT_OK) {
        compose_message(call);
        error->message = call->message;
    }
    error->peer = call->attempt.peer;
    error->url = call->info.url;
    error->elapsed_us = call->info.total_us;
    error->body_bytes = call->info.download_bytes;
    error->expected_bytes = call->in.has_head ? call->response.content_length : -1;
    error->http2_code = outcome->http2_code;
    error->code = outcome->fault.code;
    error->phase = phase_of(call);
    error->limit = outcome->fault.limit;
    error->replay_class = outcome->replay_class;
    if (outcome->fault.code != H2CLIENT_OK)
        error->replay_class =
            h2i_history_worst_class(&call->attempt.history, outcome->replay_class);
    error->system_errno = outcome->fault.system_errno;
    error->tls_alert = outcome->fault.code ? outcome->fault.tls_alert : -1;
    error->dns_status = outcome->fault.dns_status;
    error->stream_id = call->attempt.exchange.stream_id;
    error->n_attempts = call->attempt.n_started;
    error->exit_code = h2client_error_exit_code(outcome->fault.code);
    error->status = call->response.status;
    error->n_redirects = call->info.n_redirects;
}
