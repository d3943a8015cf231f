/* SPDX-License-Identifier: MIT */
/*
 * GETs over one session of libh2client, N calls at once, each started as one ends.
 *
 * Usage: bench_ours HOST PORT PATH REQUESTS STREAMS CA_FILE
 */
#include <h2client/h2client.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/bench/bench_report.h"

struct run {
    h2client_session *session;
    char url[512];
    long n_left;
    long n_done;
    long n_failed;
    long long body_bytes;
};

static void start_one(struct run *run);

static void one_is_done(h2client_call *call, const h2client_error *error, void *user)
{
    struct run *run = user;

    run->n_done++;
    if (error->code != H2CLIENT_OK) {
        run->n_failed++;
        fprintf(stderr, "bench_ours: %s\n", error->message);
    }
    run->body_bytes += (long long)h2client_response_body(h2client_call_response(call)).len;
    h2client_call_destroy(call);
    if (run->n_left > 0)
        start_one(run);
}

static void start_one(struct run *run)
{
    h2client_call *call = h2client_get(run->session, run->url, .on_done = one_is_done, .user = run);

    run->n_left--;
    if (!call)
        exit(1);
}

static void run_until(struct run *run, long n_done)
{
    while (run->n_done < n_done)
        h2client_session_dispatch(run->session, -1);
}

int main(int argc, char **argv)
{
    static struct run run;
    long n_requests, n_streams;

    if (argc != 7) {
        fprintf(stderr, "usage: bench_ours HOST PORT PATH REQUESTS STREAMS CA_FILE\n");
        return 2;
    }
    n_requests = atol(argv[4]), n_streams = atol(argv[5]);
    snprintf(run.url, sizeof run.url, "https://%s:%s%s", argv[1], argv[2], argv[3]);
    run.session =
        h2client_session_create(H2CLIENT_SESSION(.tls = H2CLIENT_TLS(.ca_file = argv[6])));
    run.n_left = 1; /* the connection, its handshake and the trust store are not measured */
    start_one(&run);
    run_until(&run, 1);
    run.n_done = 0;
    run.n_left = n_requests;
    run.body_bytes = 0;
    bench_begin();
    for (long i = 0; i < n_streams && run.n_left > 0; i++)
        start_one(&run);
    run_until(&run, n_requests);
    bench_end("h2client", n_requests, run.body_bytes);
    h2client_session_destroy(run.session);
    return run.n_failed ? 1 : 0;
}
