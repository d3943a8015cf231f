/* SPDX-License-Identifier: MIT */
/*
 * Ten users at once: all calls are started, then one gather waits for them.
 *
 *     ./ten_users [BASE_URL]
 */
#include <h2client/h2client.h>
#include <jansson.h>
#include <stdio.h>
#include <time.h>

#define N_USERS 10

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* True if there was a user to tell of. */
static bool tell(h2client_call *call)
{
    json_t *user = h2client_response_json(h2client_call_response(call), NULL);

    if (user)
        printf(" - %s\n", json_string_value(json_object_get(user, "name")));
    else
        printf(" - no user: %s\n", h2client_call_error(call)->message);
    json_decref(user);
    return user != NULL;
}

int main(int argc, char **argv)
{
    const char *base = argc > 1 ? argv[1] : "https://jsonplaceholder.typicode.com/";
    h2client_auto(session) session =
        h2client_session_create(H2CLIENT_SESSION(.defaults = H2CLIENT_CALL(.base_url = base)));
    h2client_call *calls[N_USERS];
    double start_s = now_s();
    int n_fetched = 0;
    char url[64];

    for (int i = 0; i < N_USERS; i++) {
        snprintf(url, sizeof url, "users/%d", i + 1);
        calls[i] = h2client_get(session, url, .raise_for_status = H2CLIENT_ON);
    }
    h2client_gather(calls, N_USERS);
    printf("Fetched in %.2fs:\n", now_s() - start_s);
    for (int i = 0; i < N_USERS; i++) {
        n_fetched += tell(calls[i]);
        h2client_call_destroy(calls[i]);
    }
    return n_fetched == N_USERS ? 0 : 1;
}
