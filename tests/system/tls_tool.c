/* SPDX-License-Identifier: MIT */
/*
 * Whom does a server know again? One call after the other, each on a connection of its own
 * where the server closes them, by sessions with other options:
 *
 *     tls_tool CA_FILE URL
 *
 * Three calls by one session, then one each by: a session like it, one that verifies
 * nothing, one that takes no tickets (two calls). Prints the status of each, a line a session.
 */
#include <h2client/h2client.h>
#include <stdio.h>

static int call(h2client_session *session, const char *url)
{
    h2client_auto(call) call = h2client_get(session, url, .total_timeout_ms = 10000);
    const h2client_response *response = h2client_call_await(call);

    if (!response)
        fprintf(stderr, "%s\n", h2client_call_error(call)->message);
    return response ? h2client_response_status(response) : 0;
}

static void call_by(const h2client_tls_options *tls, const char *url, int n_calls)
{
    h2client_auto(session) session = h2client_session_create(H2CLIENT_SESSION(.tls = tls));

    for (int i = 0; i < n_calls; i++)
        printf("%s%d", i ? " " : "", call(session, url));
    printf("\n");
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: tls_tool CA_FILE URL\n");
        return 2;
    }
    call_by(H2CLIENT_TLS(.ca_file = argv[1]), argv[2], 3);
    call_by(H2CLIENT_TLS(.ca_file = argv[1]), argv[2], 1);
    call_by(H2CLIENT_TLS(.verify = H2CLIENT_OFF), argv[2], 1);
    call_by(H2CLIENT_TLS(.ca_file = argv[1], .session_tickets = H2CLIENT_OFF), argv[2], 2);
    return 0;
}
