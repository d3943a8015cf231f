/* SPDX-License-Identifier: MIT */
/*
 * Which calls share a connection?
 *
 *     coalesce_tool on|off|filtered CA_FILE PORT HOST...
 *
 * Gets /index.html of each host, one after the other; every name is at 127.0.0.1, which, where
 * "filtered", may not be connected to for b.test. Prints a line a call: the status, the number
 * of its connection, and how many attempts it took; or the error.
 */
#include <h2client/h2client.h>
#include <stdio.h>
#include <string.h>

#define MAX_HOSTS 16

static bool is_not_for_b(const h2client_address *address, const char *host, void *user)
{
    (void)address, (void)user;
    return strcmp(host, "b.test") != 0;
}

static void get(h2client_session *session, const char *host, const char *port)
{
    char url[200];

    snprintf(url, sizeof url, "https://%s:%s/index.html", host, port);
    h2client_auto(call) call = h2client_get(session, url, .total_timeout_ms = 10000);
    const h2client_response *response = h2client_call_await(call);
    const h2client_call_info *info = h2client_call_get_info(call);
    if (response)
        printf("%d %llu %d\n", h2client_response_status(response),
               (unsigned long long)info->conn_id, (int)info->n_attempts);
    else
        printf("%s\n", h2client_error_name(h2client_call_error(call)->code));
}

int main(int argc, char **argv)
{
    h2client_dns_override overrides[MAX_HOSTS + 1] = {{.host = NULL}};
    int n_hosts = argc - 4;
    bool is_filtered = argc > 1 && strcmp(argv[1], "filtered") == 0;

    if (n_hosts < 1 || n_hosts > MAX_HOSTS) {
        fprintf(stderr, "usage: coalesce_tool on|off|filtered CA_FILE PORT HOST...\n");
        return 2;
    }
    for (int i = 0; i < n_hosts; i++)
        overrides[i] = (h2client_dns_override){.host = argv[4 + i], .addresses = "127.0.0.1"};
    h2client_auto(session) session = h2client_session_create(
        H2CLIENT_SESSION(.tls = H2CLIENT_TLS(.ca_file = argv[2]),
                         .dns = H2CLIENT_DNS(.overrides = overrides),
                         .connect = H2CLIENT_CONNECT(.filter = is_filtered ? is_not_for_b : NULL),
                         .coalesce = strcmp(argv[1], "off") == 0 ? H2CLIENT_OFF : H2CLIENT_ON));
    for (int i = 0; i < n_hosts; i++)
        get(session, argv[4 + i], argv[3]);
    return 0;
}
