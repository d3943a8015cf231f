/* SPDX-License-Identifier: MIT */
/*
 * What a program makes goes out as the server takes it: the body of a POST comes from a
 * function, and so can be longer than memory; the answer is pushed to another function.
 *
 *     ./upload https://example.com/api
 */
#include <h2client/h2client.h>
#include <stdio.h>

struct counter {
    int next;
    int last;
};

/* A line a number. Called when there is room for bytes. */
static h2client_pull_result produce(void *buf, size_t cap, size_t *n, void *user)
{
    struct counter *counter = user;
    int len = snprintf(buf, cap, "line %d\n", counter->next);

    if (len < 0 || (size_t)len >= cap)
        return H2CLIENT_PULL_FAILED;
    *n = (size_t)len;
    return counter->next++ < counter->last ? H2CLIENT_PULL_MORE : H2CLIENT_PULL_END;
}

/* The request may have to be sent again, should the server refuse it unprocessed. */
static bool start_over(void *user)
{
    ((struct counter *)user)->next = 1;
    return true;
}

static size_t print(h2client_call *call, const void *data, size_t len, void *user)
{
    (void)call, (void)user;
    return fwrite(data, 1, len, stdout); /* so much of it is done with */
}

int main(int argc, char **argv)
{
    h2client_session *session = h2client_session_create(NULL);
    struct counter counter = {1, 100000};
    h2client_call *call;
    int exit_code;

    if (argc != 2) {
        fprintf(stderr, "usage: upload URL\n");
        return 2;
    }
    call = h2client_post(session, argv[1], .on_data = print,
                         .headers = H2CLIENT_HEADERS({"content-type", "text/plain"}),
                         .body = H2CLIENT_BODY(.pull = produce, .rewind = start_over,
                                               .user = &counter, .len = H2CLIENT_LENGTH_UNKNOWN));
    if (!h2client_call_await(call))
        fprintf(stderr, "upload: %s\n", h2client_call_error(call)->message);
    exit_code = h2client_call_error(call)->exit_code;
    h2client_call_destroy(call);
    h2client_session_destroy(session);
    return exit_code;
}
