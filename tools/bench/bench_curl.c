/* SPDX-License-Identifier: MIT */
/*
 * GETs over libcurl's multi interface, N at once, each handle used again as it ends.
 *
 * Usage: bench_curl HOST PORT PATH REQUESTS STREAMS CA_FILE
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/bench/bench_report.h"

static long long body_bytes;

static size_t take(char *data, size_t size, size_t n, void *user)
{
    (void)data, (void)user;
    body_bytes += (long long)(size * n);
    return size * n;
}

static CURL *make_easy(const char *url, const char *ca_file)
{
    CURL *easy = curl_easy_init();

    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    return easy;
}

/* Runs n_requests over the easy handles that are there; returns how many failed. */
static long run(CURLM *multi, CURL **easy, long n_easy, long n_requests)
{
    long n_left = n_requests, n_done = 0, n_failed = 0;
    int n_running, n_queued;
    CURLMsg *message;

    for (long i = 0; i < n_easy && n_left > 0; i++, n_left--)
        curl_multi_add_handle(multi, easy[i]);
    while (n_done < n_requests) {
        curl_multi_perform(multi, &n_running);
        while ((message = curl_multi_info_read(multi, &n_queued))) {
            CURL *ended = message->easy_handle;
            n_done++;
            n_failed += message->data.result != CURLE_OK;
            curl_multi_remove_handle(multi, ended);
            if (n_left > 0) {
                curl_multi_add_handle(multi, ended);
                n_left--;
            }
        }
        if (n_done < n_requests)
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    return n_failed;
}

int main(int argc, char **argv)
{
    char url[512];
    long n_requests, n_streams, n_failed;
    CURL **easy;
    CURLM *multi;

    if (argc != 7) {
        fprintf(stderr, "usage: bench_curl HOST PORT PATH REQUESTS STREAMS CA_FILE\n");
        return 2;
    }
    n_requests = atol(argv[4]), n_streams = atol(argv[5]);
    snprintf(url, sizeof url, "https://%s:%s%s", argv[1], argv[2], argv[3]);
    curl_global_init(CURL_GLOBAL_ALL);
    multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, 1L);
    easy = calloc((size_t)n_streams, sizeof *easy);
    for (long i = 0; i < n_streams; i++)
        easy[i] = make_easy(url, argv[6]);
    n_failed = run(multi, easy, 1, 1);
    body_bytes = 0;
    bench_begin();
    n_failed += run(multi, easy, n_streams, n_requests);
    bench_end("libcurl", n_requests, body_bytes);
    for (long i = 0; i < n_streams; i++)
        curl_easy_cleanup(easy[i]);
    curl_multi_cleanup(multi);
    free(easy);
    return n_failed ? 1 : 0;
}
