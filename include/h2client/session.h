/* SPDX-License-Identifier: MIT */
/*
 * Sessions: the connections, caches and limits that calls share.
 *
 * Who drives
 *   Nothing happens behind the application's back: there is no thread. Bytes move
 *   and callbacks run while one of the driving functions runs: await,
 *   await_response, gather, wait_any, read, read_line, save and write (call.h), and dispatch, close
 * and destroy below. Called inside a callback they return REENTRANT and do nothing.
 *
 * Embedding
 *   Poll h2client_session_fd() for readability in any loop and call
 *   h2client_session_dispatch() when it is. Timers and wake-ups are in it; a call
 *   started outside dispatch makes it readable. Over poll(2) there is no such
 *   descriptor: use h2client_session_pollfds and h2client_session_next_timeout_ms.
 *
 * Threads
 *   A session and its calls belong to one thread at a time. Only
 *   h2client_session_wake may come from another thread or a signal handler. After
 *   fork() the child may only destroy; calls it starts end with FORKED.
 */
#ifndef H2CLIENT_SESSION_H
#define H2CLIENT_SESSION_H

#include "call.h"
#include "cookies.h"
#include "dialer.h"
#include "log.h"
#include "loop.h"
#include "resolver.h"
#include "system.h"
#include "tls.h"
#include "trace.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Addresses for a host, instead of asking. Lists end with a NULL host. */
typedef struct h2client_dns_override {
    const char *host;      /* any case */
    const char *addresses; /* literals, comma-separated: "192.0.2.1,2001:db8::1" */
    int64_t port;          /* 0: all ports */
} h2client_dns_override;

/* See connect_to below. Lists end with a NULL host. */
typedef struct h2client_connect_to {
    const char *host;    /* of the URL, any case; "": any */
    const char *to_host; /* name or literal; NULL or "": the same */
    int64_t port;        /* of the URL; 0: any */
    int64_t to_port;     /* 0: the same */
} h2client_connect_to;

typedef struct h2client_dns_options {
    H2CLIENT_SIZE_MEMBER(h2client_dns_options);
    const char *servers; /* "192.0.2.53,[2001:db8::53]:5353"; NULL: the system's */
    const h2client_dns_override *overrides; /* NULL: none */
    int64_t min_ttl_s;                      /* 1; answers live at least so long */
    int64_t max_ttl_s;      /* 300; and at most so long; NO_LIMIT: as the records say */
    int64_t negative_ttl_s; /* 5; failed look-ups are remembered so long */
    int64_t max_entries;    /* 1,024; the one used longest ago goes first */
    int64_t max_stale_s;    /* 60; so long past its end an answer is used while it is asked for
                               again, NONE: never (RFC 8767) */
} h2client_dns_options;

typedef enum h2client_loop_kind {
    H2CLIENT_LOOP_DEFAULT = 0, /* epoll where it was built, else poll(2) */
    H2CLIENT_LOOP_EPOLL = 1,
    H2CLIENT_LOOP_POLL = 2
} h2client_loop_kind;

/*
 * Options of a session. Zero takes the library's default. Structs, strings and
 * lists are copied; ports (the pointers named `loop`, `dialer` ... ) are borrowed
 * and must outlive the session. `defaults` holds what calls inherit; its url,
 * body and callbacks are not looked at.
 */
typedef struct h2client_session_options {
    H2CLIENT_SIZE_MEMBER(h2client_session_options);
    const h2client_call_options *defaults;
    const h2client_tls_options *tls;
    const h2client_dns_options *dns;
    const h2client_allocator *allocator; /* malloc(3) and its kin */
    h2client_system *system;             /* the real machine */
    h2client_loop *loop;                 /* one of loop_kind, made for the session */
    h2client_dialer *dialer;             /* TCP */
    h2client_resolver *resolver;         /* c-ares with a cache */
    h2client_tls_factory *tls_factory;   /* GnuTLS */
    h2client_log_fn on_log;
    h2client_frame_fn on_frame;
    void *user;                      /* for the two callbacks */
    int64_t max_streams_per_conn;    /* ours, besides the server's; none */
    int64_t max_stream_window_bytes; /* 4 MiB; RFC 9113 6.9 */
    int64_t conn_window_bytes;       /* 16 MiB */
    int64_t max_held_bytes;          /* sum of all streams' windows, the half of which is not
                                        for growth but for streams to come; 64 MiB */
    int64_t max_header_bytes;        /* of a response, also our MAX_HEADER_LIST_SIZE; 256 KiB */
    int64_t max_header_fields;       /* 1,000 */
    h2client_log_level log_level;
    h2client_loop_kind loop_kind;
    int64_t max_conns;             /* over all origins; 100 */
    int64_t max_h1_conns_per_host; /* 32 */
    int64_t max_h2_conns_per_host; /* 4; the next one only when all streams are taken and the
                                      first call that waits has waited 100 ms */
    int64_t max_queued_calls;      /* without a connection yet; above it calls end with
                                      QUEUE_FULL; none */
    int64_t idle_timeout_ms;       /* of a connection nobody uses; 90,000 */
    int64_t max_conn_age_ms;       /* it takes no new calls then; 1,800,000, +- 10 % */
    int64_t ping_after_ms;         /* HTTP/2, silent with streams open; 15,000 */
    int64_t ping_timeout_ms;       /* for the answer, then the connection is dead; 10,000 */
    int64_t ping_before_reuse_ms;  /* idle so long, it is asked before it is used; 30,000 */
    /* Attempts under way, from the moment they look for a connection to their end; those
     * above that wait their turn, the origins one after the other, in the phase "queue". None. */
    int64_t max_running_calls;
    int64_t max_running_calls_per_origin;
    /* Attempts begun in a second, evenly; after a rest up to max_calls_burst at once (as many
     * as in a second). None. */
    int64_t max_calls_per_s;
    int64_t max_calls_burst;
    const char *made_at; /* set by H2CLIENT_SESSION: where; a debug build names it so */
    /* Where cookies are kept and come from (cookies.h); the session takes a reference of its
     * own. NULL: a jar of its own; h2client_cookie_jar_none(): nowhere. */
    h2client_cookie_jar *cookie_jar;
    /* Bytes of bodies a second, each direction for itself, of all calls together, which take
     * turns; besides what each call may by itself (call.h, where the words are). None. */
    int64_t max_recv_bytes_per_s;
    int64_t max_send_bytes_per_s;
    const h2client_connect_options *connect; /* dialer.h; not for a dialer of your own */
    /* ON: calls of an https origin go over an HTTP/2 connection of another one of the same port
     * (RFC 9113 9.1.1), where none of its own is open, its name has the address that connection
     * leads to, and the certificate, verified, holds for its name. So connections, round trips
     * and handshakes are spared; but each server there must serve all names of its certificate.
     * One that does not says so by status 421: the request is sent again over a connection of
     * the origin's own, where it stays. Never through a proxy, nor between calls of different
     * http_version. The address filter is asked, a dialer of your own is not. Default: OFF. */
    h2client_switch coalesce;
    int32_t reserved; /* 0 */
    /* Connections that lead elsewhere than URLs say; NULL: none. The first entry that fits a
     * URL's host and port holds. What is asked for, the host field, SNI and the name that the
     * certificate is checked for stay. Tunnels through a proxy are asked for to the other
     * place, too; a proxy that is asked by whole URLs finds the host itself. */
    const h2client_connect_to *connect_to;
} h2client_session_options;

#ifndef __cplusplus
/* h2client_session_create(H2CLIENT_SESSION(.tls = H2CLIENT_TLS(.ca_file = "ca.pem"))) */
#define H2CLIENT_SESSION(...)                                                                 \
    (&(const h2client_session_options){__VA_ARGS__, .size = sizeof(h2client_session_options), \
                                       .made_at = H2CLIENT_HERE})
#define H2CLIENT_TLS(...) \
    (&(const h2client_tls_options){__VA_ARGS__, .size = sizeof(h2client_tls_options)})
#define H2CLIENT_DNS(...) \
    (&(const h2client_dns_options){__VA_ARGS__, .size = sizeof(h2client_dns_options)})
#define H2CLIENT_CONNECT(...) \
    (&(const h2client_connect_options){__VA_ARGS__, .size = sizeof(h2client_connect_options)})
#endif

/* NULL options: all defaults. NULL only for lack of memory; any other failure
 * (unreadable CA file, no descriptors) gives a session in which every call ends
 * with that error. */
H2CLIENT_API H2CLIENT_MUST_USE h2client_session *h2client_session_create(
    const h2client_session_options *options);
/* OK, or what is wrong with the session as a whole. Never NULL; the session's.
 * NULL session: NO_MEMORY. */
H2CLIENT_API const h2client_error *h2client_session_error(const h2client_session *session);
/* A debug build (-Dreports=enabled, or buildtype debug) tells on stderr, when the process ends,
 * which sessions were never destroyed, and, when one is, which of its calls nobody ever waited
 * for or asked about, each with where it was made. */
/* Ends every running call with SESSION_CLOSED, delivers the outstanding on_dones
 * (inside a callback: once the driving function unwinds), closes all. Call handles
 * stay valid until destroyed. NULL is fine. */
H2CLIENT_API void h2client_session_destroy(h2client_session *session);
H2CLIENT_AUTO(session, h2client_session_destroy)

/*
 * Drives: ends in good order. No call can be started any more (such a one ends with
 * SESSION_CLOSED); those that run go on, up to timeout_ms (0: not at all; negative: as long as
 * they take); what is left then ends with SESSION_CLOSED. Connections say goodbye (GOAWAY)
 * and are closed. OK; TIMEOUT when calls had to be ended; INTERRUPTED: call it again;
 * REENTRANT; FORKED. The session is still to be destroyed.
 */
H2CLIENT_API h2client_error_code h2client_session_close(h2client_session *session,
                                                        int64_t timeout_ms);

/* ---- driving ----------------------------------------------------------- */

/* One turn: waits up to timeout_ms (0: not at all, negative: for ever) for
 * something to do and does it. OK, INTERRUPTED, REENTRANT, INVALID_ARGUMENT (a loop that
 * cannot wait, and a time-out), SYSTEM_FAILED (its wait did), NO_MEMORY (no session);
 * FORKED in a child, where calls started there end. */
H2CLIENT_API h2client_error_code h2client_session_dispatch(h2client_session *session,
                                                           int64_t timeout_ms);
/* The completion queue: the next call that has ended and was not handed out yet,
 * in the order of their ends; NULL when there is none now. Drives nothing, O(1).
 * Calls awaited, gathered, returned by wait_any or destroyed leave the queue. */
H2CLIENT_API h2client_call *h2client_session_next_done(h2client_session *session);
/* Calls that have not ended. */
H2CLIENT_API size_t h2client_session_n_running(const h2client_session *session);

/* ---- embedding --------------------------------------------------------- */

/* Readable when dispatch has something to do; -1 where the loop has none. Owned by
 * the session. */
H2CLIENT_API int h2client_session_fd(h2client_session *session);
/* Writes at most `cap` and returns how many there are. */
H2CLIENT_API size_t h2client_session_pollfds(h2client_session *session, h2client_pollfd *fds,
                                             size_t cap);
/* Until dispatch is due though nothing is ready: 0 now, -1 never. */
H2CLIENT_API int64_t h2client_session_next_timeout_ms(h2client_session *session);
/* Any thread, any signal handler: a driving function returns INTERRUPTED, now or
 * the next time (one that has just reached what it waited for returns that). */
H2CLIENT_API void h2client_session_wake(h2client_session *session);
/* For ports the application implements; valid as long as the session. */
H2CLIENT_API h2client_reactor *h2client_session_reactor(h2client_session *session);

/* ---- figures ----------------------------------------------------------- */

typedef struct h2client_session_stats {
    size_t size;
    uint64_t n_calls; /* started */
    uint64_t n_calls_failed;
    uint64_t n_lookups; /* names asked of the resolver */
    uint64_t n_conns_opened;
    uint64_t n_conns_open;   /* now */
    uint64_t n_streams;      /* opened, over all connections */
    uint64_t bytes_received; /* from transports, above TLS */
    uint64_t bytes_sent;
    uint64_t n_writes; /* write calls to transports */
    uint64_t n_turns;  /* of the loop */
} h2client_session_stats;

/* Fills up to stats->size bytes, which the caller sets. */
H2CLIENT_API void h2client_session_get_stats(const h2client_session *session,
                                             h2client_session_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
