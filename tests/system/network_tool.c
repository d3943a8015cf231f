/* SPDX-License-Identifier: MIT */
/*
 * network_tool SCENE CA_FILE URL ...: one session in a network that is far away or dark, the
 * other half of test_network.py. "ready" says that the cable may be pulled, and a word on
 * stdin that it was; "dark", that all calls have ended, and a word that it is back.
 *
 *     rate         GET URL: the bytes of the body in each 100 ms, and how long it took
 *     dark V       calls of every kind over HTTP version V: how each ended and how late; then
 *                  one call more
 *     dial NAMES FULL  calls that find no connection, with NAMES for the name server and FULL a
 *                  URL that nobody accepts at; then one call more
 *     ping N       calls without a limit, the first N of a POST, a GET and an upload
 *     reuse        a call, and when stdin says so a POST
 */
#include <h2client/h2client.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_SLICES 600
#define SLICE_US 100000
#define SETTLE_US 200000

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void say(const char *line)
{
    printf("%s\n", line);
    fflush(stdout);
}

static void wait_for_word(void)
{
    char line[64];

    if (!fgets(line, sizeof line, stdin))
        exit(3);
}

/* ---- rate ---------------------------------------------------------------- */

struct meter {
    int64_t start_us;
    size_t slices[MAX_SLICES];
};

static size_t measure(h2client_call *call, const void *data, size_t len, void *user)
{
    struct meter *meter = user;
    int64_t i = (now_us() - meter->start_us) / SLICE_US;

    (void)call;
    (void)data;
    meter->slices[i < MAX_SLICES ? i : MAX_SLICES - 1] += len;
    return len;
}

static int run_rate(h2client_session *session, const char *url, char **arguments)
{
    static struct meter meter;
    h2client_call *call;
    int64_t taken_us;
    int result;

    (void)arguments;
    meter.start_us = now_us();
    call = h2client_get(session, url, .on_data = measure, .user = &meter);
    result = h2client_call_await(call) ? 0 : 1;
    taken_us = now_us() - meter.start_us;
    printf("us=%" PRId64 " slices=", taken_us);
    for (int64_t i = 0; i < MAX_SLICES && i <= taken_us / SLICE_US; i++)
        printf("%s%zu", i ? "," : "", meter.slices[i]);
    printf(" error=%s\n", h2client_error_name(h2client_call_error(call)->code));
    h2client_call_destroy(call);
    return result;
}

/* ---- calls that are watched ------------------------------------------------ */

enum kind { KIND_WAIT, KIND_DOWNLOAD, KIND_PAUSE, KIND_UPLOAD };

struct watched {
    const char *name;
    const char *method;
    const char *path; /* or a whole URL */
    enum kind kind;
    h2client_limit limit;
    h2client_call_options options;
    int64_t limit_ms;
    int64_t from_us; /* where the limit counts from */
    size_t n_bytes;
    h2client_call *call;
};

#define N_OF(array) (sizeof(array) / sizeof *(array))

static h2client_pull_result pull_for_ever(void *buf, size_t cap, size_t *n, void *user)
{
    struct watched *watched = user;

    memset(buf, 'u', cap);
    *n = cap;
    watched->n_bytes += cap;
    if (watched->limit == H2CLIENT_LIMIT_WRITE_STALL)
        watched->from_us = now_us();
    return H2CLIENT_PULL_MORE;
}

static size_t take_or_pause(h2client_call *call, const void *data, size_t len, void *user)
{
    struct watched *watched = user;

    (void)data;
    watched->n_bytes += len;
    if (watched->limit == H2CLIENT_LIMIT_READ_IDLE)
        watched->from_us = now_us();
    if (watched->kind == KIND_PAUSE)
        h2client_call_pause(call);
    return len;
}

static void tell_end(h2client_call *call, const h2client_error *error, void *user)
{
    struct watched *watched = user;
    int64_t late_us = now_us() - watched->from_us - watched->limit_ms * 1000;

    if (watched->limit == H2CLIENT_LIMIT_FIRST_BYTE)
        late_us -= h2client_call_get_info(call)->request_us;
    printf("%s: expected=%s code=%s limit=%s late_us=%" PRId64 " attempts=%d\n", watched->name,
           h2client_limit_name(watched->limit), h2client_error_name(error->code),
           h2client_limit_name(error->limit), late_us, error->n_attempts);
    fflush(stdout);
}

static void start_watched(h2client_session *session, struct watched *watched, const char *url)
{
    char whole[512];
    h2client_body upload = {
        .size = sizeof upload, .pull = pull_for_ever, .user = watched, .len = (int64_t)1 << 30};
    h2client_call_options options = watched->options;

    snprintf(whole, sizeof whole, "%s%s", strchr(watched->path, ':') ? "" : url, watched->path);
    options.size = sizeof options;
    options.on_done = tell_end;
    options.user = watched;
    if (watched->kind == KIND_DOWNLOAD || watched->kind == KIND_PAUSE)
        options.on_data = take_or_pause;
    if (watched->kind == KIND_UPLOAD)
        options.body = &upload;
    watched->from_us = now_us();
    watched->call = h2client_start(session, watched->method, whole, &options);
}

static void start_all(h2client_session *session, struct watched *all, size_t n, const char *url)
{
    for (size_t i = 0; i < n; i++)
        start_watched(session, &all[i], url);
}

static bool are_all_under_way(const struct watched *all, size_t n)
{
    size_t n_under_way = 0;

    for (size_t i = 0; i < n; i++)
        n_under_way += all[i].kind == KIND_WAIT
                           ? h2client_call_get_info(all[i].call)->request_us >= 0
                           : all[i].n_bytes > 0;
    return n_under_way == n;
}

/* Until each has sent or received something, and a little longer. */
static void get_under_way(h2client_session *session, const struct watched *all, size_t n)
{
    int64_t until_us;

    while (h2client_session_n_running(session) == n && !are_all_under_way(all, n))
        h2client_session_dispatch(session, 100);
    for (until_us = now_us() + SETTLE_US; now_us() < until_us;)
        h2client_session_dispatch(session, 10);
}

static void end_all(h2client_session *session, struct watched *all, size_t n)
{
    while (h2client_session_n_running(session))
        h2client_session_dispatch(session, -1);
    for (size_t i = 0; i < n; i++)
        h2client_call_destroy(all[i].call);
}

static void tell_next(h2client_session *session, const char *method, const char *url,
                      h2client_http_version version)
{
    char whole[512];
    h2client_session_stats stats = {.size = sizeof stats};
    h2client_call *call;

    snprintf(whole, sizeof whole, "%s/ok", url);
    call = h2client_start(session, method, whole, H2CLIENT_CALL(.http_version = version));
    h2client_call_await(call);
    h2client_session_get_stats(session, &stats);
    printf("next: status=%d code=%s attempts=%d elapsed_us=%" PRId64 " connections=%" PRIu64 "\n",
           h2client_response_status(h2client_call_response(call)),
           h2client_error_name(h2client_call_error(call)->code),
           h2client_call_error(call)->n_attempts, h2client_call_error(call)->elapsed_us,
           stats.n_conns_opened);
    fflush(stdout);
    h2client_call_destroy(call);
}

/* ---- dark, dial ----------------------------------------------------------- */

/* The option of a limit, its name and its time. */
#define LIMIT(option, name, ms) \
    .options = {.option = (ms)}, .limit = H2CLIENT_LIMIT_##name, .limit_ms = (ms)
#define TOTAL(ms) LIMIT(total_timeout_ms, TOTAL, ms)

#define N_DARK 8 /* as many as the session has room for */

static int run_dark(h2client_session *session, const char *url, char **arguments)
{
    static struct watched all[N_DARK + 1] = {
        {"get", "GET", "/hang", KIND_WAIT, TOTAL(1200)},
        {"post", "POST", "/hang", KIND_WAIT, TOTAL(1300)},
        {"download", "GET", "/endless", KIND_DOWNLOAD, TOTAL(1400)},
        {"paused", "GET", "/endless", KIND_PAUSE, TOTAL(1500)},
        {"upload", "POST", "/hang", KIND_UPLOAD, TOTAL(1600)},
        {"head", "POST", "/hang", KIND_WAIT, LIMIT(first_byte_timeout_ms, FIRST_BYTE, 1000)},
        {"body", "GET", "/endless", KIND_DOWNLOAD, LIMIT(read_idle_timeout_ms, READ_IDLE, 800)},
        {"send", "POST", "/hang", KIND_UPLOAD, LIMIT(write_stall_timeout_ms, WRITE_STALL, 900)},
        {"wait", "GET", "/ok", KIND_WAIT, LIMIT(queue_timeout_ms, QUEUE, 700)},
    };
    h2client_http_version version =
        strcmp(arguments[0], "1.1") == 0 ? H2CLIENT_HTTP_1_1 : H2CLIENT_HTTP_AUTO;

    for (size_t i = 0; i < N_OF(all); i++)
        all[i].options.http_version = version;
    start_all(session, all, N_DARK, url);
    get_under_way(session, all, N_DARK);
    say("ready");
    wait_for_word();
    start_watched(session, &all[N_DARK], url);
    end_all(session, all, N_OF(all));
    say("dark");
    wait_for_word();
    tell_next(session, "GET", url, version);
    return 0;
}

static int run_dial(h2client_session *session, const char *url, char **arguments)
{
    struct watched all[] = {
        {"name", "GET", "https://dark.example/", KIND_WAIT, LIMIT(dns_timeout_ms, DNS, 700)},
        {"tcp", "GET", arguments[1], KIND_WAIT, LIMIT(sock_connect_timeout_ms, SOCK_CONNECT, 800)},
        {"tls", "GET", "/ok", KIND_WAIT, LIMIT(tls_timeout_ms, TLS, 900)},
        {"connect", "GET", "/ok", KIND_WAIT, LIMIT(connect_timeout_ms, CONNECT, 1000)},
        {"all of it", "POST", "/ok", KIND_WAIT, TOTAL(1100)},
    };

    all[3].options.http_version = H2CLIENT_HTTP_1_1; /* a dial of its own */
    start_all(session, all, N_OF(all), url);
    end_all(session, all, N_OF(all));
    say("dark");
    wait_for_word();
    tell_next(session, "GET", url, H2CLIENT_HTTP_AUTO);
    return 0;
}

/* ---- ping, reuse ----------------------------------------------------------- */

#define PING_AFTER_MS 300
#define PING_LIMIT_MS 400
#define UNLIMITED                                             \
    .options = {.first_byte_timeout_ms = H2CLIENT_NO_LIMIT,   \
                .write_stall_timeout_ms = H2CLIENT_NO_LIMIT}, \
    .limit_ms = PING_AFTER_MS + PING_LIMIT_MS

static int run_ping(h2client_session *session, const char *url, char **arguments)
{
    static struct watched all[] = {
        {"post", "POST", "/hang", KIND_WAIT, UNLIMITED},
        {"get", "GET", "/late", KIND_WAIT, UNLIMITED},
        {"upload", "POST", "/swallow", KIND_UPLOAD, UNLIMITED},
    };
    size_t n = strtoul(arguments[0], NULL, 10);

    if (n > N_OF(all))
        return 2;
    start_all(session, all, n, url);
    get_under_way(session, all, n);
    say("ready");
    wait_for_word();
    for (size_t i = 0; i < n; i++)
        all[i].from_us = now_us(); /* nothing came after this */
    end_all(session, all, n);
    return 0;
}

static int run_reuse(h2client_session *session, const char *url, char **arguments)
{
    (void)arguments;
    tell_next(session, "GET", url, H2CLIENT_HTTP_AUTO);
    wait_for_word();
    tell_next(session, "POST", url, H2CLIENT_HTTP_AUTO);
    return 0;
}

/* ---- scenes -------------------------------------------------------------- */

static const struct scene {
    const char *name;
    int n_arguments;
    int (*run)(h2client_session *session, const char *url, char **arguments);
    h2client_session_options options;
} scenes[] = {
    {"rate", 0, run_rate, {0}},
    {"dark",
     1,
     run_dark,
     {.max_streams_per_conn = N_DARK, .max_h2_conns_per_host = 1, .max_h1_conns_per_host = N_DARK}},
    {"dial", 2, run_dial, {0}},
    {"ping", 1, run_ping, {.ping_after_ms = PING_AFTER_MS, .ping_timeout_ms = PING_LIMIT_MS}},
    {"reuse", 0, run_reuse, {.ping_before_reuse_ms = 100, .ping_timeout_ms = PING_LIMIT_MS}},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc >= 4 && i < N_OF(scenes); i++) {
        const struct scene *scene = &scenes[i];
        h2client_session_options options = scene->options;
        h2client_session *session;
        int result;

        if (strcmp(argv[1], scene->name) != 0 || argc != 4 + scene->n_arguments)
            continue;
        options.size = sizeof options;
        options.tls = H2CLIENT_TLS(.ca_file = argv[2]);
        options.dns = H2CLIENT_DNS(.servers = scene->run == run_dial ? argv[4] : NULL);
        session = h2client_session_create(&options);
        result = scene->run(session, argv[3], argv + 4);
        h2client_session_destroy(session);
        return result;
    }
    return 2;
}
