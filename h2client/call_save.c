/* SPDX-License-Identifier: MIT */
/* A body straight to a descriptor, by the system port. */
#include "base/fault.h"
#include "h2client/attempt.h"
#include "h2client/session_internal.h"

#define BUFFER_BYTES 65536

static h2client_error_code fail(h2client_call *call, int error)
{
    h2client_fault fault = h2i_fault_of_errno(error, H2CLIENT_ERROR_OUTPUT_FAILED, "save");

    if (!h2i_call_has_ended(call) && h2i_call_enter(call)) {
        h2i_call_end_as(call, &fault);
        h2i_session_nudge(call->session);
    }
    return fault.code;
}

static h2client_error_code save(h2client_call *call, h2client_system *system, h2client_file *file)
{
    char buf[BUFFER_BYTES];
    h2client_error_code code;
    size_t n;

    while (!(code = h2client_call_read(call, buf, sizeof buf, &n)) && n > 0) {
        int error = system->ops->file_write(system, file, buf, n);
        if (error)
            return fail(call, -error);
    }
    return code;
}

h2client_error_code h2client_call_save(h2client_call *call, int fd)
{
    char number[16];
    struct h2i_text path = h2i_text(number, sizeof number);
    h2client_error_code code;
    h2client_system *system;
    h2client_file *file;
    int64_t len;
    int error;

    if (!call)
        return H2CLIENT_ERROR_NO_MEMORY;
    if (!call->session)
        return H2CLIENT_ERROR_SESSION_CLOSED;
    system = call->session->reactor.system;
    h2i_text_add(&path, "%d", fd);
    error = system->ops->file_open(system, number, H2CLIENT_OPEN_DESCRIPTOR, &file, &len);
    if (error)
        return fail(call, error);
    code = save(call, system, file);
    error = system->ops->file_close(system, file);
    return code || !error ? code : fail(call, error);
}
