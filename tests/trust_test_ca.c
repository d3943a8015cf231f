/* SPDX-License-Identifier: MIT */
/*
 * Linked to an example with --wrap=h2client_session_create: its sessions, which ask for
 * all defaults, trust the authority of the test's server instead of the system's store.
 */
#include <h2client/h2client.h>
#include <stdlib.h>

h2client_session *__real_h2client_session_create(const h2client_session_options *options);
h2client_session *__wrap_h2client_session_create(const h2client_session_options *options);

h2client_session *__wrap_h2client_session_create(const h2client_session_options *options)
{
    if (options)
        abort(); /* the examples pass none */
    return __real_h2client_session_create(
        H2CLIENT_SESSION(.tls = H2CLIENT_TLS(.ca_file = getenv("H2T_CA_FILE"))));
}
