/* SPDX-License-Identifier: MIT */
/*
 * session_tool LOOP CA_FILE LARGE_URL N SMALL_URL: one session on a loop of that kind
 * ("default", "poll"). LARGE is paused as soon as its head has come, and stays so until N
 * other calls, SMALL, have ended; then it goes on, to stdout. A line on stderr tells:
 *
 *     200 of 200, 0 bytes of large told while paused, 1720000 received in all, 1 connections, 201
 * streams
 */
#include <h2client/h2client.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    size_t n_taken;
    size_t n_while_paused;
    bool is_paused;
};

static void pause_at_head(h2client_call *call, const h2client_response *resp, void *user)
{
    struct reader *reader = user;

    (void)resp;
    reader->is_paused = true;
    h2client_call_pause(call);
}

static size_t take(h2client_call *call, const void *data, size_t len, void *user)
{
    struct reader *reader = user;

    (void)call;
    if (reader->is_paused)
        reader->n_while_paused += len;
    reader->n_taken += len;
    if (fwrite(data, 1, len, stdout) != len)
        exit(3);
    return len;
}

static size_t fetch_others(h2client_session *session, const char *url, size_t n)
{
    h2client_call **calls = calloc(n, sizeof *calls);
    size_t n_good = 0;

    if (!calls)
        exit(3);
    for (size_t i = 0; i < n; i++)
        calls[i] = h2client_get(session, url, .total_timeout_ms = 20000);
    h2client_gather(calls, n);
    for (size_t i = 0; i < n; i++) {
        const h2client_response *resp = h2client_call_response(calls[i]);
        n_good += resp && h2client_response_status(resp) == 200;
        h2client_call_destroy(calls[i]);
    }
    free(calls);
    return n_good;
}

static int run(h2client_session *session, const char *large, size_t n, const char *small)
{
    h2client_session_stats stats = {.size = sizeof stats};
    struct reader reader = {0};
    size_t n_good;
    int result;
    h2client_call *call = h2client_get(session, large, .on_response = pause_at_head,
                                       .on_data = take, .user = &reader);

    while (!reader.is_paused && h2client_call_state(call) == H2CLIENT_PENDING)
        h2client_session_dispatch(session, 1000);
    n_good = fetch_others(session, small, n);
    h2client_session_get_stats(session, &stats);
    fprintf(stderr, "%zu of %zu, %zu bytes of large told while paused, %llu received in all, ",
            n_good, n, reader.n_while_paused, (unsigned long long)stats.bytes_received);
    fprintf(stderr, "%llu connections, %llu streams\n", (unsigned long long)stats.n_conns_opened,
            (unsigned long long)stats.n_streams);
    reader.is_paused = false;
    h2client_call_resume(call);
    result = h2client_call_await(call) ? 0 : 1;
    if (result)
        fprintf(stderr, "%s\n", h2client_call_error(call)->message);
    h2client_call_destroy(call);
    return result;
}

int main(int argc, char **argv)
{
    h2client_session *session;
    int result;

    if (argc != 6)
        return 2;
    session = h2client_session_create(H2CLIENT_SESSION(.tls = H2CLIENT_TLS(.ca_file = argv[2]),
                                                       .loop_kind = strcmp(argv[1], "poll")
                                                                        ? H2CLIENT_LOOP_DEFAULT
                                                                        : H2CLIENT_LOOP_POLL));
    result = run(session, argv[3], strtoul(argv[4], NULL, 10), argv[5]);
    h2client_session_destroy(session);
    return result;
}
