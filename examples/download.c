/* SPDX-License-Identifier: MIT */
/*
 * A body of any size, pulled piece by piece: what is not read yet holds the server back,
 * not this program's memory.
 *
 *     ./download https://example.com/large > file
 */
#include <h2client/h2client.h>
#include <stdio.h>

static int save(h2client_call *call, FILE *file)
{
    char buf[65536];
    size_t n;

    while (h2client_call_read(call, buf, sizeof buf, &n) == H2CLIENT_OK && n > 0)
        if (fwrite(buf, 1, n, file) != n)
            return -1; /* destroying the call tells the server to stop */
    return h2client_call_state(call) == H2CLIENT_OK ? 0 : -1;
}

int main(int argc, char **argv)
{
    h2client_session *session;
    h2client_call *call;
    int result = -1;

    if (argc != 2) {
        fprintf(stderr, "usage: download URL > FILE\n");
        return 2;
    }
    session = h2client_session_create(NULL);
    call = h2client_get(session, argv[1], .read_idle_timeout_ms = 5000);
    if (h2client_call_await_response(call))
        result = save(call, stdout);
    if (result)
        fprintf(stderr, "download: %s\n", h2client_call_error(call)->message);
    h2client_call_destroy(call);
    h2client_session_destroy(session);
    return result ? 1 : 0;
}
