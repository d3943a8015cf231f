/* SPDX-License-Identifier: MIT */
/*
 * duplex_tool CA_FILE URL N: one POST whose body is written while its response is read, line by
 * line, N times: each question waits for the answer to the one before. The server gives back
 * what it gets, as it comes, and in the end the trailer x-sum. Prints "N answers, x-sum SUM".
 */
#include <h2client/h2client.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(h2client_call *call, const char *what)
{
    fprintf(stderr, "%s: %s\n", what, h2client_call_error(call)->message);
    h2client_call_destroy(call);
    return 1;
}

/* Asks, and waits for the same back. */
static bool ask(h2client_call *call, int n)
{
    char question[32];
    const char *answer;
    size_t len;

    snprintf(question, sizeof question, "question %d\n", n);
    if (h2client_call_write(call, question, strlen(question), NULL) ||
        h2client_call_read_line(call, &answer, &len) || !answer)
        return false;
    return len + 1 == strlen(question) && strncmp(answer, question, len) == 0;
}

static const char *trailer(h2client_call *call, const char *name)
{
    const h2client_header *field = h2client_response_trailers(h2client_call_response(call));

    for (; field->name; field++)
        if (strcmp(field->name, name) == 0)
            return field->value;
    return "none";
}

int main(int argc, char **argv)
{
    int n = argc > 3 ? atoi(argv[3]) : 0;
    char sum[16];
    const char *line;
    size_t len;
    h2client_auto(session) session =
        h2client_session_create(H2CLIENT_SESSION(.tls = H2CLIENT_TLS(.ca_file = argv[1])));
    h2client_call *call =
        h2client_post(session, argv[2], .body = H2CLIENT_WRITTEN(H2CLIENT_LENGTH_UNKNOWN),
                      .trailers = H2CLIENT_HEADERS({NULL, NULL}), .total_timeout_ms = 20000);

    for (int i = 0; i < n; i++)
        if (!ask(call, i))
            return fail(call, "asking");
    snprintf(sum, sizeof sum, "%d", n);
    if (h2client_call_set_trailers(call, H2CLIENT_HEADERS({"x-sum", sum})) ||
        h2client_call_finish(call))
        return fail(call, "finishing");
    if (h2client_call_read_line(call, &line, &len) || line || h2client_call_state(call))
        return fail(call, "ending");
    printf("%d answers, HTTP/%s, x-sum %s\n", n, h2client_call_get_info(call)->http_version,
           trailer(call, "x-sum"));
    h2client_call_destroy(call);
    return 0;
}
