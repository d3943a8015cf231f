/* SPDX-License-Identifier: MIT */
/*
 * What can go wrong, told apart by class, as `except` clauses do elsewhere.
 *
 *     ./error_classes URL...
 */
#include <h2client/h2client.h>
#include <stdio.h>

static void tell_status(const char *url, int status)
{
    switch (status) {
    case 200:
        printf("%s: fine\n", url);
        break;
    case 404:
        printf("%s: resource not found\n", url);
        break;
    case 429:
        printf("%s: rate limited\n", url);
        break;
    default:
        printf("%s: unexpected status: %d\n", url, status);
    }
}

static void tell_error(const char *url, const h2client_error *error)
{
    switch (h2client_error_classify(error->code)) {
    case H2CLIENT_ERROR_CLASS_TIMEOUT:
        printf("%s: timed out (%s)\n", url, h2client_limit_name(error->limit));
        break;
    case H2CLIENT_ERROR_CLASS_TLS:
        printf("%s: certificate or TLS error\n", url);
        break;
    case H2CLIENT_ERROR_CLASS_DNS:
        printf("%s: unknown host\n", url);
        break;
    case H2CLIENT_ERROR_CLASS_CONNECT:
        printf("%s: no connection\n", url);
        break;
    default:
        printf("%s: %s\n", url, error->message);
    }
}

int main(int argc, char **argv)
{
    h2client_auto(session) session = h2client_session_create(NULL);

    for (int i = 1; i < argc; i++) {
        h2client_auto(call) call = h2client_get(session, argv[i], .total_timeout_ms = 2000);
        const h2client_response *resp = h2client_call_await(call);
        if (resp)
            tell_status(argv[i], h2client_response_status(resp));
        else
            tell_error(argv[i], h2client_call_error(call));
    }
    return 0;
}
