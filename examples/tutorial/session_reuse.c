/* SPDX-License-Identifier: MIT */
/*
 * Why one session serves a whole program: five requests by one, and by one each.
 *
 *     ./session_reuse [BASE_URL]
 */
#include <h2client/h2client.h>
#include <stdio.h>

#define N_REQUESTS 5

static const char *base;

static h2client_session *create_session(void)
{
    return h2client_session_create(H2CLIENT_SESSION(.defaults = H2CLIENT_CALL(.base_url = base)));
}

/* How many connections it opened. */
static int fetch(h2client_session *session)
{
    h2client_auto(call) call = h2client_get(session, "users/1");

    h2client_call_await(call);
    return h2client_call_get_info(call)->n_connects;
}

/* Right: names, connections and what was learnt of the server are kept. */
static int fetch_with_one_session(void)
{
    h2client_auto(session) session = create_session();
    int n_connects = 0;

    for (int i = 0; i < N_REQUESTS; i++)
        n_connects += fetch(session);
    return n_connects;
}

/* Wrong: every request looks the name up, connects and shakes hands again. */
static int fetch_with_a_session_each(void)
{
    int n_connects = 0;

    for (int i = 0; i < N_REQUESTS; i++) {
        h2client_auto(session) session = create_session();
        n_connects += fetch(session);
    }
    return n_connects;
}

int main(int argc, char **argv)
{
    base = argc > 1 ? argv[1] : "https://jsonplaceholder.typicode.com/";
    printf("one session: %d connections\n", fetch_with_one_session());
    printf("a session each: %d connections\n", fetch_with_a_session_each());
    return 0;
}
