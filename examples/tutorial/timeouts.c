/* SPDX-License-Identifier: MIT */
/*
 * Limits of time, a session's and one call's own, and which of them ended a call.
 *
 *     ./timeouts [BASE_URL]
 */
#include <h2client/h2client.h>
#include <stdio.h>

static void fetch(h2client_session *session, const char *url, int64_t total_timeout_ms)
{
    h2client_auto(call) call = h2client_get(session, url, .total_timeout_ms = total_timeout_ms);
    const h2client_response *resp = h2client_call_await(call);
    const h2client_error *error = h2client_call_error(call);

    if (resp)
        printf("%s: status %d\n", url, h2client_response_status(resp));
    else if (error->code == H2CLIENT_ERROR_TIMEOUT)
        printf("%s: the %s limit passed\n", url, h2client_limit_name(error->limit));
    else
        printf("%s: %s\n", url, error->message);
}

int main(int argc, char **argv)
{
    const char *base = argc > 1 ? argv[1] : "https://jsonplaceholder.typicode.com/";
    h2client_auto(session) session = h2client_session_create(H2CLIENT_SESSION(
            .defaults = H2CLIENT_CALL(.base_url = base, .total_timeout_ms = 10000, /* all of it */
                                      .connect_timeout_ms = 5000,      /* name, TCP and TLS */
                                      .first_byte_timeout_ms = 5000,   /* the server thinks */
                                      .read_idle_timeout_ms = 5000))); /* between two bytes */

    fetch(session, "users/1", 0); /* 0: what the session says */
    fetch(session, "slow", 300);  /* this call only */
    return 0;
}
