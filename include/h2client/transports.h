/* SPDX-License-Identifier: MIT */
/*
 * Transports that plug in: ready-made dialers for a session's `dialer` (session.h), for when
 * connections are not to go over TCP.
 *
 *     h2client_dialer *dialer = h2client_unix_dialer_create("/run/app.sock", NULL);
 *     h2client_session *session = h2client_session_create(H2CLIENT_SESSION(.dialer = dialer));
 *     h2client_call *call = h2client_get(session, "http://localhost/status");
 *     ...
 *     h2client_session_destroy(session);
 *     h2client_dialer_destroy(dialer);
 *
 * URLs say what is asked for, host and scheme too; where that is found, the dialer decides.
 * TLS and proxies work as over TCP: names are checked against the URL's host.
 *
 * A dialer is made before its session and destroyed after it; several sessions of one thread
 * may share it. `allocator` NULL: malloc and its kin; copied. NULL is returned for lack of
 * memory only: what else is wrong is told by each dial, and so by the calls (CONNECT_FAILED
 * unless said otherwise). How to write one's own: docs/transports.md.
 */
#ifndef H2CLIENT_TRANSPORTS_H
#define H2CLIENT_TRANSPORTS_H

#include "dialer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Its sessions are gone. NULL is fine. */
H2CLIENT_API void h2client_dialer_destroy(h2client_dialer *dialer);

/*
 * Every connection goes to this Unix socket of the stream kind. "@name" is one in Linux's
 * abstract space. At most 107 bytes; copied. While the queue of who listens there is full it
 * is tried again, up to the call's sock_connect limit.
 */
H2CLIENT_API H2CLIENT_MUST_USE h2client_dialer *h2client_unix_dialer_create(
    const char *path, const h2client_allocator *allocator);

/*
 * Every connection is a process: `command` is run by /bin/sh, and what is sent is its standard
 * input, what it writes to its standard output is received ("ssh -W %h:%p bastion"). %h is the
 * host, %p the port, %% a percent sign; other %-sequences, and hosts that are more than
 * letters, digits, ".", "-", "_" and ":", or begin with "-", are INVALID_ARGUMENT. Its standard
 * error and environment are the application's; no other descriptor is handed on.
 *
 * When the connection is closed the process sees the end of its input; one that does not leave
 * within 2 s is sent SIGTERM, and SIGKILL 2 s later. It is waited for by its number, without
 * a handler of signals; an application must not wait for children that it did not make. Where
 * a session goes before the process has, the dialer sees to it when it is used again, and at
 * last when it is destroyed. A process that ends before it has written a byte is
 * CONNECT_FAILED, with its status.
 */
H2CLIENT_API H2CLIENT_MUST_USE h2client_dialer *h2client_command_dialer_create(
    const char *command, const h2client_allocator *allocator);

#ifdef __cplusplus
}
#endif

#endif
