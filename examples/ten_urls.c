/* SPDX-License-Identifier: MIT */
/*
 * Ten URLs at once, and what became of each.
 *
 *     cc ten_urls.c -o ten_urls $(pkg-config --cflags --libs libh2client)
 *     ./ten_urls https://example.com/{0..9}
 */
#include <h2client/h2client.h>
#include <stdio.h>

static void fetch_ten(char **urls)
{
    h2client_session *session = h2client_session_create(NULL);
    h2client_call *calls[10];

    for (int i = 0; i < 10; i++)
        calls[i] = h2client_get(session, urls[i], .total_timeout_ms = 10000);

    h2client_gather(calls, 10); /* drives the loop until all ten have ended */

    for (int i = 0; i < 10; i++) {
        const h2client_response *resp = h2client_call_response(calls[i]);
        if (resp)
            printf("%d %zu bytes\n", h2client_response_status(resp),
                   h2client_response_body(resp).len);
        else
            printf("%s\n", h2client_call_error(calls[i])->message);
        h2client_call_destroy(calls[i]);
    }
    h2client_session_destroy(session);
}

int main(int argc, char **argv)
{
    if (argc != 11) {
        fprintf(stderr, "usage: ten_urls URL1 ... URL10 (libh2client %s)\n", h2client_version());
        return 2;
    }
    fetch_ten(argv + 1);
    return 0;
}
