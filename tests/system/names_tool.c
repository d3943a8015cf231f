/* SPDX-License-Identifier: MIT */
/*
 * names_tool SERVERS: one session that asks these name servers. Each line of stdin, "N URL",
 * starts N calls at once, and when all have ended a line tells of them, the code being the
 * last one that is not 0:
 *
 *     good=1000 of=1000 code=0 ms=312
 */
#include <h2client/h2client.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void fetch(h2client_session *session, const char *url, size_t n)
{
    h2client_call **calls = calloc(n, sizeof *calls);
    long start_ms = now_ms();
    size_t n_good = 0;
    int code = 0;

    if (!calls)
        exit(3);
    for (size_t i = 0; i < n; i++)
        calls[i] = h2client_get(session, url, .total_timeout_ms = 20000);
    h2client_gather(calls, n);
    for (size_t i = 0; i < n; i++) {
        const h2client_response *resp = h2client_call_response(calls[i]);

        n_good += resp && h2client_response_status(resp) == 200;
        if (!resp)
            code = (int)h2client_call_error(calls[i])->code;
        h2client_call_destroy(calls[i]);
    }
    free(calls);
    printf("good=%zu of=%zu code=%d ms=%ld\n", n_good, n, code, now_ms() - start_ms);
}

int main(int argc, char **argv)
{
    h2client_session *session;
    char url[512];
    size_t n;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc != 2)
        return 2;
    session = h2client_session_create(H2CLIENT_SESSION(.dns = H2CLIENT_DNS(.servers = argv[1])));
    while (scanf("%zu %511s", &n, url) == 2)
        fetch(session, url, n);
    h2client_session_destroy(session);
    return 0;
}
