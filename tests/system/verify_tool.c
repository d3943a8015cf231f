/* SPDX-License-Identifier: MIT */
/*
 * A call whose verify_fn does something:
 *
 *     verify_tool CA_FILE URL accept|refuse|off|cancel|destroy|close|start|drive
 *
 * off: the checks are off, and it accepts; cancel, destroy: its call; close: the session;
 * start: another call, which is awaited too; drive: it awaits its call, which must not work.
 * Prints how often it was asked, what the checks had found, and how the call ended.
 */
#include <h2client/h2client.h>
#include <stdio.h>
#include <string.h>

static struct {
    const char *mode;
    const char *url;
    h2client_session *session;
    h2client_call *call;
    h2client_call *other;
    unsigned n_asked;
    h2client_error_code found;
    h2client_error_code end; /* PENDING: on_done has not run */
} state = {.mode = "", .end = H2CLIENT_PENDING};

static bool is_mode(const char *mode)
{
    return strcmp(state.mode, mode) == 0;
}

static bool verify(const h2client_tls_verdict *verdict, void *user)
{
    (void)user;
    state.found = verdict->fault ? verdict->fault->code : H2CLIENT_OK;
    if (state.n_asked++ > 0)
        return true;
    if (is_mode("cancel"))
        h2client_call_cancel(state.call);
    if (is_mode("destroy"))
        h2client_call_destroy(state.call);
    if (is_mode("close"))
        h2client_session_destroy(state.session);
    if (is_mode("start"))
        state.other = h2client_get(state.session, state.url);
    if (is_mode("drive"))
        h2client_call_await(state.call);
    return !is_mode("refuse");
}

static void note_end(h2client_call *call, const h2client_error *error, void *user)
{
    (void)call, (void)user;
    state.end = error->code;
}

static void run(const char *ca_file)
{
    const h2client_tls_options *tls =
        H2CLIENT_TLS(.ca_file = ca_file, .verify_fn = verify,
                     .verify = is_mode("off") ? H2CLIENT_OFF : H2CLIENT_ON);

    state.session = h2client_session_create(H2CLIENT_SESSION(.tls = tls));
    state.call =
        h2client_get(state.session, state.url, .total_timeout_ms = 10000, .on_done = note_end);
    while (state.end == H2CLIENT_PENDING)
        h2client_session_dispatch(state.session, 1000);
    printf("asked %u, found %s, ended %s\n", state.n_asked, h2client_error_name(state.found),
           h2client_error_name(state.end));
}

static void finish(void)
{
    if (is_mode("start"))
        printf("the other: %d\n", h2client_response_status(h2client_call_await(state.other)));
    h2client_call_destroy(state.other);
    if (!is_mode("destroy"))
        h2client_call_destroy(state.call);
    if (!is_mode("close"))
        h2client_session_destroy(state.session);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: verify_tool CA_FILE URL MODE\n");
        return 2;
    }
    state.url = argv[2];
    state.mode = argv[3];
    run(argv[1]);
    finish();
    return 0;
}
