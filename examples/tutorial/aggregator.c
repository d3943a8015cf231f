/* SPDX-License-Identifier: MIT */
/*
 * An aggregator: URLs of several hosts at once, at most five to each, ten in all, ten seconds
 * for each; what fails is told and does not harm the others.
 *
 *     ./aggregator URL...
 */
#include <h2client/h2client.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static h2client_session *create_session(void)
{
    const h2client_call_options *defaults =
        H2CLIENT_CALL(.total_timeout_ms = 10000, .raise_for_status = H2CLIENT_ON,
                      .retry = H2CLIENT_RETRY(.max_retries = 1, .base_delay_ms = 100));

    return h2client_session_create(H2CLIENT_SESSION(.defaults = defaults, .max_running_calls = 10,
                                                    .max_running_calls_per_origin = 5));
}

static const char *title_of(const json_t *resource)
{
    const char *name = json_string_value(json_object_get(resource, "name"));
    const char *title = json_string_value(json_object_get(resource, "title"));

    return name ? name : title ? title : "Unknown";
}

static bool tell(int i, const char *url, h2client_call *call)
{
    h2client_json_error why = {.text = ""};
    const h2client_response *resp = h2client_call_response(call);
    json_t *resource = h2client_response_json(resp, &why);

    if (resource)
        printf(" %2d. %s\n", i, title_of(resource));
    else
        printf(" %2d. Error fetching %s: %s\n", i, url,
               resp ? why.text : h2client_call_error(call)->message);
    json_decref(resource);
    return resource != NULL;
}

int main(int argc, char **argv)
{
    h2client_auto(session) session = create_session();
    size_t n = argc > 1 ? (size_t)argc - 1 : 0, n_fetched = 0;
    h2client_call **calls = calloc(n + 1, sizeof *calls);
    double start_s = now_s();

    if (!calls)
        return 1;
    for (size_t i = 0; i < n; i++)
        calls[i] = h2client_get(session, argv[i + 1]);
    h2client_gather(calls, n);
    for (size_t i = 0; i < n; i++) {
        n_fetched += tell((int)i + 1, argv[i + 1], calls[i]);
        h2client_call_destroy(calls[i]);
    }
    printf("Fetched %zu/%zu resources in %.2fs\n", n_fetched, n, now_s() - start_s);
    free(calls);
    return n_fetched == n ? 0 : 1;
}
