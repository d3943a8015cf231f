/* SPDX-License-Identifier: MIT */
/*
 * Many calls, few at a time: the session lets ten run and keeps the others waiting. Each is
 * told of as it ends, by the completion queue.
 *
 *     ./semaphore [BASE_URL]
 */
#include <h2client/h2client.h>
#include <stdio.h>

#define N_CALLS 100

int main(int argc, char **argv)
{
    const char *base = argc > 1 ? argv[1] : "https://jsonplaceholder.typicode.com/";
    h2client_auto(session) session = h2client_session_create(
        H2CLIENT_SESSION(.defaults = H2CLIENT_CALL(.base_url = base), .max_running_calls = 10));
    int n_fetched = 0, n_ended = 0;
    char url[64];

    for (int i = 0; i < N_CALLS; i++) {
        snprintf(url, sizeof url, "users/%d", i % 10 + 1);
        if (!h2client_get(session, url))
            return 1;
    }
    while (n_ended < N_CALLS) {
        h2client_call *call = h2client_session_next_done(session);
        if (!call) {
            h2client_session_dispatch(session, -1);
            continue;
        }
        n_ended++;
        n_fetched += h2client_call_response(call) != NULL;
        h2client_call_destroy(call);
    }
    printf("%d of %d fetched, ten at a time\n", n_fetched, N_CALLS);
    return n_fetched == N_CALLS ? 0 : 1;
}
