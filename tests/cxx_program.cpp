/* SPDX-License-Identifier: MIT */
/*
 * The API from C++17: cxx_program CA_FILE URL fetches the URL twice at once, whole,
 * and once more piece by piece; prints the three lengths.
 */
#include <h2client/h2client.h>
#include <cstdio>
#include <string>

namespace
{
h2client_session *open_session(const char *ca_file)
{
    h2client_tls_options tls;
    tls.ca_file = ca_file;

    h2client_session_options options;
    options.tls = &tls;
    return h2client_session_create(&options);
}

int fail(h2client_call *call)
{
    std::fprintf(stderr, "%s\n", h2client_call_error(call)->message);
    return 1;
}

/* Two calls, one with options, both awaited together. */
int fetch_whole(h2client_session *session, const char *url)
{
    const h2client_header headers[] = {{"accept", "text/plain"}, {nullptr, nullptr}};
    h2client_call_options options;
    options.headers = headers;
    options.total_timeout_ms = 10000;

    h2client_call *const calls[] = {h2client_get(session, url),
                                    h2client_get(session, url, options)};
    h2client_gather(calls, 2);

    int status = 0;
    for (h2client_call *call : calls) {
        if (const h2client_response *resp = h2client_call_response(call))
            std::printf("%zu\n", h2client_response_body(resp).len);
        else
            status = fail(call);
        h2client_call_destroy(call);
    }
    return status;
}

int fetch_in_pieces(h2client_session *session, const char *url)
{
    h2client_call *call = h2client_get(session, url);
    std::string body;
    char piece[1000];
    size_t n = 0;

    do {
        if (h2client_call_read(call, piece, sizeof piece, &n) != H2CLIENT_OK) {
            const int status = fail(call);
            h2client_call_destroy(call);
            return status;
        }
        body.append(piece, n);
    } while (n > 0);
    h2client_call_destroy(call);
    std::printf("%zu\n", body.size());
    return 0;
}
} // namespace

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    h2client_session *session = open_session(argv[1]);
    int status = fetch_whole(session, argv[2]);
    if (status == 0)
        status = fetch_in_pieces(session, argv[2]);
    h2client_session_destroy(session);
    return status;
}
