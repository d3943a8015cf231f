/* SPDX-License-Identifier: MIT */
/*
 * A session whose TLS is another library's (openssl_tls.h):
 *
 *     second_tls_tool CA_FILE URL
 *
 * Two calls, one after the other. Prints the status, the version of HTTP and that of TLS of
 * each; or, when the second factory refuses the server, why.
 */
#include <h2client/h2client.h>
#include <stdio.h>

#include "base/alloc.h"
#include "tests/peer/openssl_tls.h"

static void call(h2client_session *session, const char *url)
{
    h2client_auto(call) call = h2client_get(session, url, .total_timeout_ms = 10000);
    const h2client_response *response = h2client_call_await(call);

    if (response)
        printf("%d HTTP/%s %s\n", h2client_response_status(response),
               h2client_response_http_version(response), h2client_call_get_info(call)->tls_version);
    else
        printf("%s\n", h2client_error_name(h2client_call_error(call)->code));
}

int main(int argc, char **argv)
{
    h2client_fault fault;
    h2client_tls_factory *factory;

    if (argc != 3) {
        fprintf(stderr, "usage: second_tls_tool CA_FILE URL\n");
        return 2;
    }
    factory = h2t_openssl_create(h2i_default_allocator(), H2CLIENT_TLS(.ca_file = argv[1]), &fault);
    if (!factory)
        return 1;
    h2client_session *session = h2client_session_create(H2CLIENT_SESSION(.tls_factory = factory));
    call(session, argv[2]);
    call(session, argv[2]);
    h2client_session_destroy(session);
    factory->ops->destroy(factory);
    return 0;
}
