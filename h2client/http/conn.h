/* SPDX-License-Identifier: MIT */
/*
 * Conn: the version-neutral face of a protocol core.
 *
 * A core is sans-I/O: bytes and time in, bytes and events out. The link
 * (pool/link.h) joins one to a transport; an attempt carries one exchange over it.
 *
 *   exchange  one request and its response(s) on one connection; embedded in its
 *             user, who is told of events through a const vtable.
 *
 * Rules. Events come only from inside receive, end_input, produce, and for on_end
 * also nothing else: never from submit, cancel, credit, resume_body. No event's
 * handler may call into the same conn but for cancel of its own exchange, credit,
 * resume_body and shutdown. None of them is user code: users hear of things later, in the
 * delivery phase of the turn.
 */
#ifndef H2I_CONN_H
#define H2I_CONN_H

#include "h2client/http/message.h"

struct h2i_conn;
struct h2i_exchange;

enum h2i_body_result {
    H2I_BODY_MORE = 0,    /* *n >= 1 bytes were written */
    H2I_BODY_END = 1,     /* *n >= 0 bytes were written, and that was all */
    H2I_BODY_NOT_NOW = 2, /* ask again after resume_body */
    H2I_BODY_FAILED = 3   /* the exchange is to be reset: the user has noted why */
};

struct h2i_exchange_events {
    /* Interim responses, any number up to the core's bound. */
    void (*on_informational)(struct h2i_exchange *exchange, const struct h2i_head *head);
    /* The final head, once. Fields live in the exchange's arena. */
    void (*on_head)(struct h2i_exchange *exchange, const struct h2i_head *head);
    /* len >= 1, never more than the windows allow. Each byte must be credited once. */
    void (*on_data)(struct h2i_exchange *exchange, const void *data, size_t len);
    void (*on_trailers)(struct h2i_exchange *exchange, const h2client_header *fields);
    /* Writes up to cap (>= 1) bytes of the request's body. Not user code. */
    enum h2i_body_result (*read_body)(struct h2i_exchange *exchange, void *buf, size_t cap,
                                      size_t *n);
    /* Bytes of the request went to the output: head (0) or body; is_last: END_STREAM. */
    void (*on_sent)(struct h2i_exchange *exchange, size_t n_body_bytes, bool is_last);
    /* The last event; the core has let go of the exchange. */
    void (*on_end)(struct h2i_exchange *exchange, const struct h2i_outcome *outcome);
};

struct h2i_exchange {
    const struct h2i_exchange_events *events;
    const struct h2i_request *request;
    struct h2i_arena *arena; /* for the response's fields */
    /* The core's: */
    struct h2i_conn *conn; /* non-NULL from submit to on_end or cancel */
    void *stream;
    int32_t stream_id;  /* -1: none yet, or HTTP/1.1 */
    uint64_t begins_at; /* where in the conn's output its first byte stands; UINT64_MAX: not
                           produced yet */
};

struct h2i_conn_events {
    /* There is output now: call produce soon. At most once until produce ran dry. */
    void (*on_output)(struct h2i_conn *conn);
    /* n_open, max_open, accepts_new, wants_input or has_failed changed. */
    void (*on_change)(struct h2i_conn *conn);
    /* Only while `traces` is set. Valid during the call; secrets already hidden. */
    void (*on_frame)(struct h2i_conn *conn, const h2client_frame_event *event);
};

/* Eight verbs and destroy: one more than usual, because input ends in two ways. */
struct h2i_conn_ops {
    /* Opens the exchange. OK; PENDING: no room just now, nothing happened; otherwise
     * the request cannot be sent here (REQUEST_TOO_LARGE, NO_MEMORY ...), the conn
     * being as usable as before. */
    h2client_error_code (*submit)(struct h2i_conn *conn, struct h2i_exchange *exchange);
    /* Lets go of it at once, on_end does not run; RST_STREAM with `http2_code`. What
     * still arrives for it is credited and dropped. */
    void (*cancel)(struct h2i_conn *conn, struct h2i_exchange *exchange, uint32_t http2_code);
    /* The user has taken n bytes of on_data's. */
    void (*credit)(struct h2i_conn *conn, struct h2i_exchange *exchange, size_t n);
    void (*resume_body)(struct h2i_conn *conn, struct h2i_exchange *exchange);
    /* Bytes from the transport, any cut. OK, or the code with which the connection
     * failed: its exchanges have ended, output holds the GOAWAY, feed no more. */
    h2client_error_code (*receive)(struct h2i_conn *conn, int64_t now_us, const void *data,
                                   size_t len);
    /* No more input: an orderly end (fault NULL) or a broken transport. All open
     * exchanges end. Also for a write that failed. */
    void (*end_input)(struct h2i_conn *conn, const h2client_fault *fault);
    /* Writes up to cap bytes of output; 0: dry. Also called, perhaps with cap 0, once
     * deadline_us has come. */
    size_t (*produce)(struct h2i_conn *conn, int64_t now_us, void *buf, size_t cap);
    /* No new exchanges; GOAWAY(NO_ERROR) goes out, open ones go on. */
    void (*shutdown)(struct h2i_conn *conn);
    /* Open exchanges get no event. */
    void (*destroy)(struct h2i_conn *conn);
};

/* Embedded as the first member of each core. The fields are the core's to write
 * and everybody's to read, but for the first group. */
struct h2i_conn {
    const struct h2i_conn_ops *ops;
    const struct h2i_conn_events *events;
    void *owner; /* the link's */
    uint64_t id; /* for people: conn_id */
    bool traces; /* on_frame is wanted */

    /* Of the output, bytes that may have left this process: the owner's to write, since
     * what no transport took was never sent. */
    uint64_t n_accepted;
    /* Set by the owner, who then waits for a sign of life before it goes on, and cleared,
     * with on_change, when it came; call produce. HTTP/2 only. */
    bool wants_probe;

    uint64_t n_produced;        /* bytes of output, since the start */
    bool wants_input;           /* false: its readers hold it back, read no more */
    uint32_t n_open;            /* exchanges */
    uint32_t max_open;          /* as it stands: ours, the peer's, 100 before its SETTINGS */
    bool has_peer_limit;        /* max_open is what the peer said */
    uint64_t n_opened;          /* since the start */
    bool accepts_new;           /* false: draining, failed, or out of stream ids */
    bool has_failed;            /* output, then close */
    int64_t deadline_us;        /* call produce then; INT64_MAX: none */
    struct h2i_outcome failure; /* iff has_failed or draining by the peer */
    const char *http_version;   /* "2", "1.1" */
};

/* Had nothing of the request left this process, when the connection ended? */
static inline h2client_replay_class h2i_exchange_replay_class(const struct h2i_conn *conn,
                                                              const struct h2i_exchange *exchange)
{
    return exchange->begins_at >= conn->n_accepted ? H2CLIENT_REPLAY_NEVER_SENT
                                                   : H2CLIENT_REPLAY_MAYBE_PROCESSED;
}

/* A session-wide bound on what all streams may hold: the sum of their windows, and their
 * header fields, for which each core has its own limit. */
struct h2i_budget {
    int64_t max;
    int64_t used;
    size_t n_field_bytes;
};

#endif
