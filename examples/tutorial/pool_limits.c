/* SPDX-License-Identifier: MIT */
/*
 * Limits of the pool: connections in all and a host, and how long an address is believed.
 *
 *     ./pool_limits [BASE_URL]
 */
#include <h2client/h2client.h>
#include <stdio.h>

#define N_CALLS 30

int main(int argc, char **argv)
{
    const char *base = argc > 1 ? argv[1] : "https://jsonplaceholder.typicode.com/";
    h2client_auto(session) session = h2client_session_create(
        H2CLIENT_SESSION(.defaults = H2CLIENT_CALL(.base_url = base), .max_conns = 100, /* in all */
                         .max_h1_conns_per_host =
                             10,                     /* over HTTP/1.1, where one carries one call */
                         .max_h2_conns_per_host = 1, /* over HTTP/2 one is usually enough */
                         .dns = H2CLIENT_DNS(.max_ttl_s = 300)));
    h2client_call *calls[N_CALLS];
    int n_connects = 0, n_fetched = 0;
    char url[64];

    for (int i = 0; i < N_CALLS; i++) {
        snprintf(url, sizeof url, "users/%d", i % 10 + 1);
        calls[i] = h2client_get(session, url);
    }
    h2client_gather(calls, N_CALLS);
    for (int i = 0; i < N_CALLS; i++) {
        n_fetched += h2client_call_response(calls[i]) != NULL;
        n_connects += h2client_call_get_info(calls[i])->n_connects;
        h2client_call_destroy(calls[i]);
    }
    printf("%d responses over %d connections\n", n_fetched, n_connects);
    return n_fetched == N_CALLS ? 0 : 1;
}
