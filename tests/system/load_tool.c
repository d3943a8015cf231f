/* SPDX-License-Identifier: MIT */
/*
 * load_tool CA_FILE URL N MAX_AT_ONCE CALLS_A_SECOND POST_EVERY MAX_RETRIES BODY_BYTES: N calls
 * over one session of default options, the ith GET URL/get/i or, every POST_EVERYth,
 * POST URL/post/i with a body of BODY_BYTES; as many a second (0: as they end), and where
 * MAX_RETRIES is not 0, with a policy of so many, from 0.4 s on. Answers have BODY_BYTES as well.
 * On stdout a line for each call that failed, which tells its number, its code (OK: an answer that
 * is not the one), how it may be read, the codes of its attempts and its error:
 *
 *     GET 397 CONNECT_REFUSED never_sent EMPTY_REPLY,CONNECT_REFUSED localhost: no connection
 *
 * and a last one that sums up, with the failures by code, or status where that is not 200:
 *
 *     ok=1997 failed=3 attempts=2041 connections=57 slowest_ms=41 EMPTY_REPLY=3
 *
 * On stderr the attempts of the first few that failed. Exit 0: every GET was answered, and so
 * was every POST but those that say maybe_processed.
 */
#include <h2client/h2client.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_CODE 1000
#define MAX_TOLD 20

struct plan {
    const char *url;
    unsigned long n_calls;
    unsigned long max_at_once;
    unsigned long calls_a_second;
    unsigned long post_every;
    size_t body_bytes;
    char *body;
    h2client_retry_options retry;
};

struct load {
    struct plan plan;
    h2client_session *session;
    unsigned long n_started;
    unsigned long n_done;
    unsigned long n_ok;
    unsigned long n_bad; /* that should not have failed, or not so */
    unsigned long n_attempts;
    long long slowest_us;
    unsigned long by_code[MAX_CODE];
    unsigned long by_status[MAX_CODE];
};

static void tell_attempts(const h2client_call *call)
{
    const h2client_call_info *info = h2client_call_get_info(call);
    const h2client_response *response = h2client_call_response(call);
    const h2client_attempt *attempt;

    if (!response)
        response = h2client_call_partial_response(call);
    fprintf(stderr, "%s %s: status %d, %zu bytes\n", info->method, info->url,
            h2client_response_status(response), h2client_response_body(response).len);
    for (size_t i = 0; (attempt = h2client_call_attempt(call, i)); i++)
        fprintf(stderr, "    %lld..%lld us, connection %llu, stream %d: %s, %s %s\n",
                (long long)attempt->started_us, (long long)attempt->ended_us,
                (unsigned long long)attempt->conn_id, (int)attempt->stream_id,
                h2client_error_name(attempt->code),
                h2client_replay_class_name(attempt->replay_class), attempt->reason);
}

static void tell_history(const h2client_call *call)
{
    const h2client_attempt *attempt;

    for (size_t i = 0; (attempt = h2client_call_attempt(call, i)); i++)
        printf("%s%s", i ? "," : "", h2client_error_name(attempt->code));
}

static void count_failure(struct load *load, const h2client_call *call)
{
    const h2client_error *error = h2client_call_error(call);
    const h2client_call_info *info = h2client_call_get_info(call);
    int status = h2client_response_status(h2client_call_response(call));
    bool is_post = strcmp(info->method, "POST") == 0;

    printf("%s %s %s %s ", info->method, strrchr(info->url, '/') + 1,
           h2client_error_name(error->code), h2client_replay_class_name(error->replay_class));
    tell_history(call);
    printf(" %s\n", error->message);
    if (error->code)
        load->by_code[error->code % MAX_CODE]++;
    else
        load->by_status[status % MAX_CODE]++;
    load->n_bad += !is_post || error->replay_class != H2CLIENT_REPLAY_MAYBE_PROCESSED;
    if (load->n_done - load->n_ok <= MAX_TOLD)
        tell_attempts(call);
}

static void count_end(h2client_call *call, const h2client_error *error, void *user)
{
    struct load *load = user;
    const h2client_response *response = h2client_call_response(call);

    load->n_done++;
    load->n_attempts += (unsigned long)h2client_call_get_info(call)->n_attempts;
    if (error->elapsed_us > load->slowest_us)
        load->slowest_us = error->elapsed_us;
    if (h2client_response_status(response) == 200 &&
        h2client_response_body(response).len == load->plan.body_bytes)
        load->n_ok++;
    else
        count_failure(load, call);
    h2client_call_destroy(call);
}

static void start_one(struct load *load)
{
    const struct plan *plan = &load->plan;
    unsigned long i = load->n_started++;
    bool is_post = i % plan->post_every == 0;
    char url[512];
    h2client_call *call;

    snprintf(url, sizeof url, "%s/%s/%lu", plan->url, is_post ? "post" : "get", i);
    call = h2client_start(
        load->session, is_post ? "POST" : "GET", url,
        H2CLIENT_CALL(.on_done = count_end, .user = load,
                      .body = is_post ? H2CLIENT_BYTES(plan->body, plan->body_bytes) : NULL,
                      .retry = plan->retry.max_retries ? &plan->retry : NULL));
    if (!call)
        exit(3);
}

static unsigned long elapsed_ms(const struct timespec *since)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long)((now.tv_sec - since->tv_sec) * 1000 +
                           (now.tv_nsec - since->tv_nsec) / 1000000);
}

/* How many may have been started by now. */
static unsigned long n_due(const struct plan *plan, const struct timespec *start)
{
    return plan->calls_a_second ? 1 + elapsed_ms(start) * plan->calls_a_second / 1000
                                : plan->n_calls;
}

static void run(struct load *load)
{
    const struct plan *plan = &load->plan;
    struct timespec start;

    clock_gettime(CLOCK_MONOTONIC, &start);
    while (load->n_done < plan->n_calls) {
        unsigned long n_now = n_due(plan, &start);

        while (load->n_started < plan->n_calls && load->n_started < n_now &&
               load->n_started - load->n_done < plan->max_at_once)
            start_one(load);
        h2client_session_dispatch(load->session, 5);
    }
}

static void report(const struct load *load)
{
    h2client_session_stats stats = {.size = sizeof stats};

    h2client_session_get_stats(load->session, &stats);
    printf("ok=%lu failed=%lu attempts=%lu connections=%llu slowest_ms=%lld", load->n_ok,
           load->n_done - load->n_ok, load->n_attempts, (unsigned long long)stats.n_conns_opened,
           load->slowest_us / 1000);
    for (int i = 0; i < MAX_CODE; i++)
        if (load->by_code[i])
            printf(" %s=%lu", h2client_error_name((h2client_error_code)i), load->by_code[i]);
    for (int i = 0; i < MAX_CODE; i++)
        if (load->by_status[i])
            printf(" status_%d=%lu", i, load->by_status[i]);
    printf("\n");
}

int main(int argc, char **argv)
{
    static struct load load;

    if (argc != 9)
        return 2;
    load.plan = (struct plan){
        .url = argv[2],
        .n_calls = strtoul(argv[3], NULL, 10),
        .max_at_once = strtoul(argv[4], NULL, 10),
        .calls_a_second = strtoul(argv[5], NULL, 10),
        .post_every = strtoul(argv[6], NULL, 10),
        .body_bytes = strtoul(argv[8], NULL, 10),
        .retry = {.size = sizeof load.plan.retry,
                  .max_retries = strtol(argv[7], NULL, 10),
                  .base_delay_ms = 400},
    };
    load.plan.body = calloc(1, load.plan.body_bytes);
    if (!load.plan.body)
        return 3;
    load.session =
        h2client_session_create(H2CLIENT_SESSION(.tls = H2CLIENT_TLS(.ca_file = argv[1])));
    run(&load);
    report(&load);
    h2client_session_destroy(load.session);
    free(load.plan.body);
    return load.n_bad ? 1 : 0;
}
