/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a call with these options of TLS:
 *
 *     judge_tool URL [NAME=VALUE]...
 *
 * The names are those of h2client_tls_options; staple=on and verify=off stand for switches.
 * Prints the status, or the error's name and message.
 */
#include <h2client/h2client.h>
#include <stdio.h>
#include <string.h>

/* The value of that name among the arguments, or NULL. */
static const char *value_of(char **arguments, const char *name)
{
    size_t len = strlen(name);

    for (; *arguments; arguments++)
        if (strncmp(*arguments, name, len) == 0 && (*arguments)[len] == '=')
            return *arguments + len + 1;
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: judge_tool URL [NAME=VALUE]...\n");
        return 2;
    }
    const h2client_tls_options *tls =
        H2CLIENT_TLS(.ca_file = value_of(argv, "ca_file"), .ca_dir = value_of(argv, "ca_dir"),
                     .crl_file = value_of(argv, "crl_file"),
                     .cert_file = value_of(argv, "cert_file"),
                     .key_file = value_of(argv, "key_file"),
                     .pkcs12_file = value_of(argv, "pkcs12_file"),
                     .key_password = value_of(argv, "key_password"), .pins = value_of(argv, "pins"),
                     .require_staple = value_of(argv, "staple") ? H2CLIENT_ON : H2CLIENT_OFF,
                     .verify = value_of(argv, "verify") ? H2CLIENT_OFF : H2CLIENT_ON);
    h2client_auto(session) session = h2client_session_create(H2CLIENT_SESSION(.tls = tls));
    h2client_auto(call) call = h2client_get(session, argv[1], .total_timeout_ms = 10000);
    const h2client_response *response = h2client_call_await(call);

    if (response)
        printf("%d\n", h2client_response_status(response));
    else
        printf("%s %s\n", h2client_error_name(h2client_call_error(call)->code),
               h2client_call_error(call)->message);
    return 0;
}
