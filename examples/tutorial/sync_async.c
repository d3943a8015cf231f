/* SPDX-License-Identifier: MIT */
/*
 * One after the other against all at once: the same 20 users, twice.
 *
 *     ./sync_async [BASE_URL]
 */
#include <h2client/h2client.h>
#include <stdio.h>
#include <time.h>

#define N_USERS 20

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static h2client_call *start(h2client_session *session, int id)
{
    char url[64];

    snprintf(url, sizeof url, "users/%d", id);
    return h2client_get(session, url);
}

static int fetch_one_by_one(h2client_session *session)
{
    int n_fetched = 0;

    for (int i = 0; i < N_USERS; i++) {
        h2client_auto(call) call = start(session, i + 1);
        n_fetched += h2client_call_await(call) != NULL;
    }
    return n_fetched;
}

static int fetch_at_once(h2client_session *session)
{
    h2client_call *calls[N_USERS];
    int n_fetched = 0;

    for (int i = 0; i < N_USERS; i++)
        calls[i] = start(session, i + 1);
    h2client_gather(calls, N_USERS);
    for (int i = 0; i < N_USERS; i++) {
        n_fetched += h2client_call_response(calls[i]) != NULL;
        h2client_call_destroy(calls[i]);
    }
    return n_fetched;
}

int main(int argc, char **argv)
{
    const char *base = argc > 1 ? argv[1] : "https://jsonplaceholder.typicode.com/";
    h2client_auto(session) session =
        h2client_session_create(H2CLIENT_SESSION(.defaults = H2CLIENT_CALL(.base_url = base)));
    double start_s = now_s();
    int n_one_by_one = fetch_one_by_one(session);
    double middle_s = now_s();
    int n_at_once = fetch_at_once(session);
    double end_s = now_s();

    printf("One by one: %.2fs\n", middle_s - start_s);
    printf("At once: %.2fs\n", end_s - middle_s);
    printf("Speedup: %.1fx faster\n", (middle_s - start_s) / (end_s - middle_s));
    return n_one_by_one == N_USERS && n_at_once == N_USERS ? 0 : 1;
}
