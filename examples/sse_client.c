/* SPDX-License-Identifier: MIT */
/*
 * Follows a stream of server-sent events, and connects again where it left off.
 *
 *     ./sse_client URL [N_CONNECTIONS]
 */
#include <h2client/h2client.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Tells events until the stream ends; *wait_ms and last_id are what the server wants next. */
static h2client_error_code follow(h2client_session *session, const char *url, char last_id[64],
                                  int64_t *wait_ms)
{
    const h2client_header *headers =
        H2CLIENT_HEADERS({"accept", "text/event-stream"}, {"last-event-id", last_id});
    h2client_auto(call) call =
        h2client_get(session, url, .headers = headers, .read_idle_timeout_ms = H2CLIENT_NO_LIMIT);
    h2client_auto(sse) events = h2client_sse_create(call);
    const h2client_sse_event *event;

    while ((event = h2client_sse_next(events)))
        printf("%s: %s\n", event->type, event->data);
    snprintf(last_id, 64, "%s", h2client_sse_last_id(events));
    if (h2client_sse_retry_ms(events) >= 0)
        *wait_ms = h2client_sse_retry_ms(events);
    return h2client_sse_error(events);
}

static void wait_a_while(int64_t ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&time, NULL);
}

int main(int argc, char **argv)
{
    h2client_auto(session) session = h2client_session_create(NULL);
    int n_left = argc > 2 ? atoi(argv[2]) : 1;
    char last_id[64] = "";
    int64_t wait_ms = 3000;

    if (argc < 2) {
        fprintf(stderr, "usage: sse_client URL [N_CONNECTIONS]\n");
        return 2;
    }
    while (n_left-- > 0) {
        h2client_error_code code = follow(session, argv[1], last_id, &wait_ms);
        if (code) {
            fprintf(stderr, "%s\n", h2client_error_text(code));
            return 1;
        }
        if (n_left > 0)
            wait_a_while(wait_ms);
    }
    return 0;
}
