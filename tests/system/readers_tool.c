/* SPDX-License-Identifier: MIT */
/*
 * readers_tool BUDGET_KIB WINDOW_KIB N_SLOW N_FAST VERSION CA_FILE URL: a session with that much
 * room for what streams hold, and streams whose windows grow so far. N_SLOW readers of URL/large
 * run till their windows have grown and then take a little now and then; N_FAST beside them take
 * URL/small as it comes. When the fast ones are through it tells
 *
 *     good=     how many of them had all of it
 *     us=       how long they took
 *     slow=     how many slow ones still run
 *     held_kib= the most memory that the session had at once, by its own allocator
 *     connections= how many it opened
 *
 * GnuTLS's memory is not in it.
 */
#include <h2client/h2client.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KIB 1024
#define MAX_READERS 256
#define SLOW_AFTER_BYTES ((size_t)4096 * KIB)
#define SLOW_BYTES 4096
#define SLOW_EVERY_US 20000

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- memory that is counted ------------------------------------------------ */

struct meter {
    size_t n_bytes;
    size_t max_bytes;
};

union block {
    size_t n_bytes;
    max_align_t alignment;
};

static void *reallocate(void *user, void *old, size_t n_bytes)
{
    struct meter *meter = user;
    union block *block = old ? (union block *)old - 1 : NULL;
    size_t n_before = block ? block->n_bytes : 0;

    block = realloc(block, sizeof *block + n_bytes);
    if (!block)
        return NULL;
    block->n_bytes = n_bytes;
    meter->n_bytes += n_bytes - n_before;
    if (meter->n_bytes > meter->max_bytes)
        meter->max_bytes = meter->n_bytes;
    return block + 1;
}

static void *allocate(void *user, size_t n_bytes)
{
    return reallocate(user, NULL, n_bytes);
}

static void release(void *user, void *old)
{
    if (!old)
        return;
    ((struct meter *)user)->n_bytes -= ((union block *)old - 1)->n_bytes;
    free((union block *)old - 1);
}

/* ---- readers ----------------------------------------------------------------- */

struct reader {
    h2client_call *call;
    size_t n_bytes;
};

static void start(h2client_session *session, struct reader *readers, size_t n, const char *url,
                  const h2client_call_options *options)
{
    for (size_t i = 0; i < n; i++) {
        h2client_call_options own = *options;

        own.user = &readers[i];
        readers[i].call = h2client_start(session, "GET", url, &own);
    }
}

static size_t count_bytes(h2client_call *call, const void *data, size_t len, void *user)
{
    (void)call;
    (void)data;
    ((struct reader *)user)->n_bytes += len;
    return len;
}

static bool is_slow_now(const struct reader *reader)
{
    return reader->n_bytes >= SLOW_AFTER_BYTES;
}

/* All there is, until it grows slow; then a little when it is time. */
static void read_some(struct reader *reader, bool is_time)
{
    static char buf[16 * KIB];
    size_t n;

    if (is_slow_now(reader)) {
        if (is_time && !h2client_call_try_read(reader->call, buf, SLOW_BYTES, &n))
            reader->n_bytes += n;
        return;
    }
    while (!is_slow_now(reader) && !h2client_call_try_read(reader->call, buf, sizeof buf, &n) && n)
        reader->n_bytes += n;
}

static size_t n_running(const struct reader *readers, size_t n)
{
    size_t n_left = 0;

    for (size_t i = 0; i < n; i++)
        n_left += h2client_call_state(readers[i].call) == H2CLIENT_PENDING;
    return n_left;
}

static bool are_all_slow(const struct reader *slow, size_t n)
{
    size_t n_slow = 0;

    for (size_t i = 0; i < n; i++)
        n_slow += is_slow_now(&slow[i]) || h2client_call_state(slow[i].call) != H2CLIENT_PENDING;
    return n_slow == n;
}

static void run_in(h2client_session *session, struct reader *slow, size_t n)
{
    while (!are_all_slow(slow, n)) {
        h2client_session_dispatch(session, 100);
        for (size_t i = 0; i < n; i++)
            read_some(&slow[i], false);
    }
}

/* Until the fast ones are through. */
static void run_beside(h2client_session *session, struct reader *slow, size_t n_slow,
                       const struct reader *fast, size_t n_fast)
{
    int64_t last_us = now_us();

    while (n_running(fast, n_fast)) {
        bool is_time = now_us() - last_us >= SLOW_EVERY_US;

        h2client_session_dispatch(session, 10);
        for (size_t i = 0; i < n_slow; i++)
            read_some(&slow[i], is_time);
        if (is_time)
            last_us = now_us();
    }
}

/* ---- the run ------------------------------------------------------------------- */

static size_t n_good(const struct reader *readers, size_t n)
{
    size_t n_whole = 0;

    for (size_t i = 0; i < n; i++)
        n_whole += h2client_call_state(readers[i].call) == H2CLIENT_OK &&
                   h2client_response_status(h2client_call_response(readers[i].call)) == 200;
    return n_whole;
}

static int run(h2client_session *session, const struct meter *meter, size_t n_slow, size_t n_fast,
               h2client_http_version version, const char *url)
{
    static struct reader readers[MAX_READERS];
    struct reader *fast = readers + n_slow;
    h2client_session_stats stats = {.size = sizeof stats};
    char large[512], small[512];
    int64_t start_us;

    snprintf(large, sizeof large, "%s/large", url);
    snprintf(small, sizeof small, "%s/small", url);
    start(session, readers, n_slow, large,
          H2CLIENT_CALL(.http_version = version, .delivery = H2CLIENT_DELIVERY_PULL));
    run_in(session, readers, n_slow);
    start_us = now_us();
    start(session, fast, n_fast, small,
          H2CLIENT_CALL(.http_version = version, .on_data = count_bytes));
    run_beside(session, readers, n_slow, fast, n_fast);
    h2client_session_get_stats(session, &stats);
    printf("good=%zu us=%" PRId64 " slow=%zu held_kib=%zu connections=%" PRIu64 "\n",
           n_good(fast, n_fast), now_us() - start_us, n_running(readers, n_slow),
           meter->max_bytes / KIB, stats.n_conns_opened);
    for (size_t i = 0; i < n_slow + n_fast; i++)
        h2client_call_destroy(readers[i].call);
    return 0;
}

int main(int argc, char **argv)
{
    struct meter meter = {0};
    h2client_allocator allocator = {sizeof allocator, allocate, reallocate, release, &meter};
    size_t n_slow, n_fast;
    h2client_session *session;
    int result;

    if (argc != 8)
        return 2;
    n_slow = strtoul(argv[3], NULL, 10);
    n_fast = strtoul(argv[4], NULL, 10);
    if (n_slow + n_fast > MAX_READERS)
        return 2;
    session = h2client_session_create(
        H2CLIENT_SESSION(.tls = H2CLIENT_TLS(.ca_file = argv[6]), .allocator = &allocator,
                         .max_held_bytes = strtoll(argv[1], NULL, 10) * KIB,
                         .max_stream_window_bytes = strtoll(argv[2], NULL, 10) * KIB));
    result = run(session, &meter, n_slow, n_fast,
                 strcmp(argv[5], "1.1") == 0 ? H2CLIENT_HTTP_1_1 : H2CLIENT_HTTP_AUTO, argv[7]);
    h2client_session_destroy(session);
    return result;
}
