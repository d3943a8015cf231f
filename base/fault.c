/* SPDX-License-Identifier: MIT */
/* Faults of the ports: their texts are bounded and hold one line each. */
#include "base/fault.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static h2client_fault bare_fault(h2client_error_code code)
{
    return (h2client_fault){.code = code, .tls_alert = -1};
}

h2client_fault h2i_fault(h2client_error_code code, const char *format, ...)
{
    h2client_fault fault = bare_fault(code);
    va_list args;
    va_start(args, format);
    vsnprintf(fault.text, sizeof fault.text, format, args);
    va_end(args);
    return fault;
}

static h2client_error_code code_of_errno(int system_errno, h2client_error_code otherwise)
{
    switch (system_errno) {
    case EMFILE:
    case ENFILE:
        return H2CLIENT_ERROR_NO_DESCRIPTORS;
    case ENOMEM:
        return H2CLIENT_ERROR_NO_MEMORY;
    case ECONNREFUSED:
        return H2CLIENT_ERROR_CONNECT_REFUSED;
    default:
        return otherwise;
    }
}

h2client_fault h2i_fault_of_errno(int system_errno, h2client_error_code otherwise, const char *what)
{
    h2client_fault fault = bare_fault(code_of_errno(system_errno, otherwise));
    fault.system_errno = system_errno;
    /* GNU's: strerror(3) need not be safe in another thread. */
    char text[128];
    snprintf(fault.text, sizeof fault.text, "%s: %s", what,
             strerror_r(system_errno, text, sizeof text));
    return fault;
}

h2client_fault h2i_fault_of_timeout(h2client_limit limit, int64_t timeout_ms)
{
    h2client_fault fault = h2i_fault(H2CLIENT_ERROR_TIMEOUT, "%s timeout after %" PRId64 " ms",
                                     h2client_limit_name(limit), timeout_ms);
    fault.limit = limit;
    return fault;
}
