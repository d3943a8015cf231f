/* SPDX-License-Identifier: MIT */
/* The body that a caller writes while its call runs, and the fields that follow it. */
#include "h2client/attempt.h"
#include "h2client/session_internal.h"

/* May anything be added to the body? */
static h2client_error_code check_open(const h2client_call *call)
{
    h2client_error_code code = call->end.outcome.fault.code;

    if (call->end.is_over)
        return code ? code : H2CLIENT_ERROR_UPLOAD_UNWANTED;
    if (call->source.has_ended)
        return H2CLIENT_ERROR_INVALID_ARGUMENT;
    return call->request.has_body ? H2CLIENT_OK : H2CLIENT_ERROR_UPLOAD_UNWANTED;
}

/* The core gets what is new in the delivery phase. */
static void tell_core(h2client_call *call)
{
    h2i_call_mark_ready(call);
    h2i_session_nudge(call->session);
}

static h2client_error_code take(h2client_call *call, const void *data, size_t len, size_t *n)
{
    ptrdiff_t n_taken = h2i_source_write(&call->source, data, len);
    h2client_fault no_memory = {.code = H2CLIENT_ERROR_NO_MEMORY, .tls_alert = -1};

    if (n_taken < 0) {
        h2i_call_abort(call, &no_memory);
        h2i_session_nudge(call->session);
        return H2CLIENT_ERROR_NO_MEMORY;
    }
    *n = (size_t)n_taken;
    if (n_taken == 0 && len > 0)
        return H2CLIENT_PENDING;
    if (call->source.is_hungry)
        tell_core(call);
    return H2CLIENT_OK;
}

h2client_error_code h2client_call_try_write(h2client_call *call, const void *data, size_t len,
                                            size_t *n)
{
    h2client_error_code code;

    if (n)
        *n = 0;
    if (!call)
        return H2CLIENT_ERROR_NO_MEMORY;
    if (!call->source.is_written || !n || (!data && len > 0))
        return H2CLIENT_ERROR_INVALID_ARGUMENT;
    code = check_open(call);
    if (code)
        return code;
    if (!h2i_call_enter(call))
        return call->session ? H2CLIENT_ERROR_FORKED : H2CLIENT_ERROR_SESSION_CLOSED;
    return take(call, data, len, n);
}

h2client_error_code h2client_call_finish(h2client_call *call)
{
    h2client_error_code code;

    if (!call)
        return H2CLIENT_ERROR_NO_MEMORY;
    if (!call->source.is_written)
        return H2CLIENT_ERROR_INVALID_ARGUMENT;
    code = check_open(call);
    if (code)
        return code;
    if (!h2i_call_enter(call))
        return call->session ? H2CLIENT_ERROR_FORKED : H2CLIENT_ERROR_SESSION_CLOSED;
    call->source.has_ended = true;
    tell_core(call);
    return H2CLIENT_OK;
}

/* ---- trailers ---------------------------------------------------------------- */

h2client_error_code h2i_call_take_trailers(h2client_call *call, const h2client_header *trailers,
                                           struct h2i_text *why)
{
    struct h2i_fields fields = {.list = NULL};
    h2client_error_code code = H2CLIENT_OK;

    for (; trailers->name && !code; trailers++) {
        struct h2i_str name = h2i_field_lower_name(&call->arena, trailers->name);

        code = h2i_trailer_check(trailers->name, trailers->value, why);
        if (!code && !(name.data &&
                       h2i_fields_add(&call->arena, &fields, name, h2i_str_of(trailers->value))))
            code = H2CLIENT_ERROR_NO_MEMORY;
    }
    if (!code)
        call->request.trailers = h2i_fields_list(&fields);
    return code;
}

h2client_error_code h2client_call_set_trailers(h2client_call *call, const h2client_header *trailers)
{
    char unused[1];
    struct h2i_text why = h2i_text(unused, sizeof unused);

    if (!call)
        return H2CLIENT_ERROR_NO_MEMORY;
    if (call->end.is_over || !call->request.has_body || call->has_body_ended)
        return H2CLIENT_ERROR_UPLOAD_UNWANTED;
    if (!call->request.trailers || !trailers)
        return H2CLIENT_ERROR_INVALID_ARGUMENT;
    if (!h2i_call_enter(call))
        return call->session ? H2CLIENT_ERROR_FORKED : H2CLIENT_ERROR_SESSION_CLOSED;
    return h2i_call_take_trailers(call, trailers, &why);
}
