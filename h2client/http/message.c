/* SPDX-License-Identifier: MIT */
/*
 * Messages: what methods and status codes say about a message, apart from its
 * fields. Method names are case-sensitive (RFC 9110 9.1).
 */
#include "h2client/http/message.h"

/* RFC 9110 6.4.1: the answer to HEAD, and 1xx, 204, 304. A 2xx to CONNECT opens a
 * tunnel: what follows is no body either. */
bool h2i_response_is_bodiless(const char *method, int status)
{
    if (status < 200 || status == 204 || status == 304)
        return true;
    if (strcmp(method, "HEAD") == 0)
        return true;
    return status < 300 && strcmp(method, "CONNECT") == 0;
}

bool h2i_method_is_idempotent(const char *method)
{
    static const char *const idempotent[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};

    for (size_t i = 0; i < sizeof idempotent / sizeof idempotent[0]; i++) {
        if (strcmp(method, idempotent[i]) == 0)
            return true;
    }
    return false;
}
