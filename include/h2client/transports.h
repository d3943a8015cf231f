/* SPDX-License-Identifier: MIT */
/*
 * Transports that plug in: ready-made dialers for a session's `dialer` (session.h), for when
 * connections are not to go over TCP, or somebody is to sit between.
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
 * may share it. One that wraps another (`inner`) borrows it. `allocator` NULL: malloc and its
 * kin; it must outlive what is made. NULL is returned for lack of memory only: what else is
 * wrong is told by each dial, and so by the calls (CONNECT_FAILED unless said otherwise). All
 * of it runs on the session's thread. How to write one's own: docs/transports.md.
 */
#ifndef H2CLIENT_TRANSPORTS_H
#define H2CLIENT_TRANSPORTS_H

#include "dialer.h"
#include "tls.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Its sessions are gone. NULL is fine. */
H2CLIENT_API void h2client_dialer_destroy(h2client_dialer *dialer);

/* TCP, as a session makes it for itself; for what wraps it. NULL options: defaults; what makes
 * no sense in them is each dial's INVALID_ARGUMENT. */
H2CLIENT_API H2CLIENT_MUST_USE h2client_dialer *h2client_tcp_dialer_create(
    const h2client_connect_options *options, const h2client_allocator *allocator);

/* ---- places on this machine ---------------------------------------------- */

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

/*
 * A transport over descriptors that are there already: read from `in`, written to `out`, which
 * may be one and the same. Sockets, pipes, terminals; a file is a fault at its first use. They
 * are the transport's from here on, also without memory (NULL), and are set not to block, which
 * whoever else has them open notices. No SIGPIPE is raised.
 */
H2CLIENT_API H2CLIENT_MUST_USE h2client_transport *h2client_fd_transport_create(
    h2client_reactor *reactor, int in, int out);
/* The first connection is these two; there is no second one. They are the dialer's, and closed
 * with it where no connection was wanted. */
H2CLIENT_API H2CLIENT_MUST_USE h2client_dialer *h2client_fd_dialer_create(
    int in, int out, const h2client_allocator *allocator);

/* Zero takes the default. */
typedef struct h2client_memory_limits {
    H2CLIENT_SIZE_MEMBER(h2client_memory_limits);
    size_t max_buffered; /* bytes under way in one direction; 65,536 */
    size_t max_read;     /* bytes that one read gives; none. 1: byte by byte */
    size_t max_write;    /* bytes that one write takes; none */
} h2client_memory_limits;

#ifndef __cplusplus
#define H2CLIENT_MEMORY(...) \
    (&(const h2client_memory_limits){__VA_ARGS__, .size = sizeof(h2client_memory_limits)})
#endif

/* Two transports joined back to back: what is written to one can be read from the other. Each
 * is destroyed by its own user; the other one reads an end then. NULL limits: defaults. False:
 * no memory, or limits that this version does not know. */
H2CLIENT_API H2CLIENT_MUST_USE bool h2client_memory_pair_create(
    h2client_reactor *reactor, const h2client_memory_limits *limits, h2client_transport *ends[2]);
/* A connection is wanted: `end` is the other end of it, the callee's from here on. It sets
 * on_ready and user there, and says what it wants, as transport.h has it. */
typedef void (*h2client_memory_accept_fn)(h2client_transport *end, h2client_reactor *reactor,
                                          const h2client_target *target, void *user);
/* Every connection is such a pair; a server in the same thread has the other end. */
H2CLIENT_API H2CLIENT_MUST_USE h2client_dialer *h2client_memory_dialer_create(
    h2client_memory_accept_fn on_accept, void *user, const h2client_memory_limits *limits,
    const h2client_allocator *allocator);

/* ---- who sits between ------------------------------------------------------- */

typedef enum h2client_tee_kind {
    H2CLIENT_TEE_OPENED = 1,   /* data: "host port", and above TLS " alpn" */
    H2CLIENT_TEE_SENT = 2,     /* data: what the transport below has taken */
    H2CLIENT_TEE_RECEIVED = 3, /* data: what was read */
    H2CLIENT_TEE_SENT_END = 4, /* half_close */
    H2CLIENT_TEE_RECEIVED_END = 5,
    H2CLIENT_TEE_FAILED = 6, /* data: the fault's text */
    H2CLIENT_TEE_CLOSED = 7
} h2client_tee_kind;

/* Valid during the call. */
typedef struct h2client_tee_event {
    size_t size;
    uint64_t conn; /* from 1 on, in the order of their opening */
    int64_t at_us; /* since the connection was opened */
    const void *data;
    size_t len;
    h2client_tee_kind kind;
    int32_t reserved;
} h2client_tee_event;

/* Must not call the library, nor block. False: it cannot be noted; the connection fails, since
 * a record with gaps is none (CONNECTION_RESET, with a text that says so). */
typedef bool (*h2client_tee_fn)(const h2client_tee_event *event, void *user);
/* Tells of all that passes: of what goes over the wire, which TLS has made unreadable ... */
H2CLIENT_API H2CLIENT_MUST_USE h2client_dialer *h2client_tee_dialer_create(
    h2client_dialer *inner, h2client_tee_fn on_event, void *user,
    const h2client_allocator *allocator);
/* ... or, where the wrapped factory is handed in as a session's `tls_factory`, of what goes over
 * TLS, in the clear: passwords and cookies are in it. */
H2CLIENT_API H2CLIENT_MUST_USE h2client_tls_factory *h2client_tee_tls_create(
    h2client_tls_factory *inner, h2client_tee_fn on_event, void *user,
    const h2client_allocator *allocator);

/* Zero takes the default. */
typedef struct h2client_slow_options {
    H2CLIENT_SIZE_MEMBER(h2client_slow_options);
    int64_t recv_bytes_per_s; /* of each connection; none, as with H2CLIENT_NO_LIMIT */
    int64_t send_bytes_per_s; /* the same the other way */
    /* There and back: what is received comes so much later than it does by itself. Connecting
     * takes no longer. None; at most an hour. */
    int64_t delay_ms;
} h2client_slow_options;

#ifndef __cplusplus
#define H2CLIENT_SLOW(...) \
    (&(const h2client_slow_options){__VA_ARGS__, .size = sizeof(h2client_slow_options)})
#endif

/*
 * A throttle: connections as over a slow line, in even slices of 20 ms or a byte. A server is
 * held back as it would be there; up to 1 MiB a connection is held for the delay, so that with a
 * long one that, too, bounds the rate. Options that make no sense are each dial's
 * INVALID_ARGUMENT. For limits across a session's connections see session.h.
 */
H2CLIENT_API H2CLIENT_MUST_USE h2client_dialer *h2client_slow_dialer_create(
    h2client_dialer *inner, const h2client_slow_options *options,
    const h2client_allocator *allocator);

/*
 * Recordings: such events as text and bytes, to be read by people and played again.
 *
 *     h2client recording 1
 *     1 opened 0 19
 *     www.example.org 443
 *     1 sent 153 24
 *     ...
 *
 * Each event is a line of connection, kind, microseconds since the opening and length, then so
 * many bytes, then a newline. Kinds are opened, sent, received, sent-end, received-end, failed
 * and closed.
 */
typedef struct h2client_recorder h2client_recorder;
/* Takes bytes in order. False: it cannot (any more). */
typedef bool (*h2client_record_fn)(const void *bytes, size_t len, void *user);
H2CLIENT_API H2CLIENT_MUST_USE h2client_recorder *h2client_recorder_create(
    h2client_record_fn write, void *user, const h2client_allocator *allocator);
/* What a tee is given as on_event; its `user` is the recorder. */
H2CLIENT_API bool h2client_recorder_note(const h2client_tee_event *event, void *recorder);
H2CLIENT_API void h2client_recorder_destroy(h2client_recorder *recorder);

typedef struct h2client_replay_options {
    H2CLIENT_SIZE_MEMBER(h2client_replay_options);
    /* ON, the default: what is sent must be what was, byte by byte, else the connection fails
     * with a text that says where. OFF: it must only be as long. */
    h2client_switch checks_sent;
    /* ON: what was received comes as late as it did then. OFF is the default. */
    h2client_switch keeps_time;
} h2client_replay_options;

#ifndef __cplusplus
#define H2CLIENT_REPLAY(...) \
    (&(const h2client_replay_options){__VA_ARGS__, .size = sizeof(h2client_replay_options)})
#endif

/*
 * Plays a recording: the nth connection is its nth one. What was received then can be read once
 * all that was sent before it has been sent again. Beyond its end the server is silent, or goes
 * as it went. `recording` is borrowed. One that is none is every dial's INVALID_ARGUMENT, with
 * the place; a connection that is not in it CONNECT_FAILED.
 */
H2CLIENT_API H2CLIENT_MUST_USE h2client_dialer *h2client_replay_dialer_create(
    const void *recording, size_t len, const h2client_replay_options *options,
    const h2client_allocator *allocator);
/* For recordings that were made above TLS: encrypts nothing, checks nothing, and says of ALPN
 * what the recording does. Only over the dialer above. */
H2CLIENT_API H2CLIENT_MUST_USE h2client_tls_factory *h2client_replay_tls_create(
    const h2client_allocator *allocator);

#ifdef __cplusplus
}
#endif

#endif
