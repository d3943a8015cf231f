/* SPDX-License-Identifier: MIT */
/*
 * The inside of a call. Two halves: the loop's (attempt, inbox: written while events of
 * the connection run) and the user's (what accessors and callbacks see). The delivery
 * phase (call_deliver.c) carries from one to the other; the end is published once, by
 * `state`.
 */
#ifndef H2I_CALL_INTERNAL_H
#define H2I_CALL_INTERNAL_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/buf.h"
#include "h2client/body_source.h"
#include "h2client/coding/coding.h"
#include "h2client/history.h"
#include "h2client/http/conn.h"
#include "h2client/http/url.h"
#include "h2client/pool/pool.h"
#include "h2client/settings.h"
#include "h2client/throttle.h"

struct h2i_call_rates;
struct h2i_hop;
struct h2i_link_tls;

/* What calls and their session share and whoever goes last frees: a call may outlive its
 * session, and its memory came from the session's allocator. */
struct h2i_home {
    h2client_allocator allocator;
    size_t n_refs;
};

struct h2i_home *h2i_home_create(const h2client_allocator *allocator);
void h2i_home_unref(struct h2i_home *home);

/* One try on one connection. Only attempt.c starts one. */
struct h2i_attempt {
    struct h2i_exchange exchange;
    struct h2i_slot slot; /* before it enters the pool */
    struct h2i_ticket ticket;
    struct h2i_history history;
    struct h2i_retry_counts counts;
    struct h2i_retry_decision next; /* what comes once the rest of this response is dropped */
    const char *next_reason;
    const struct h2i_hop *hop; /* the redirect that the next one follows, or NULL */
    size_t n_dropped;          /* bytes of a response that is not the call's */
    h2client_timer timer;      /* a delayed restart's, while the body waits for 100, or while the
                                  rest of a response is dropped */
    int n_started;             /* this one included */
    int n_connects;
    bool is_running;       /* waits in the pool or is on a connection */
    bool is_passing_over;  /* its response is not the call's: the rest of it is dropped */
    bool is_delayed;       /* the timer will arrange the restart */
    bool wants_restart;    /* the delivery phase is to start another one */
    bool wants_h1;         /* and before, the pool is to be told */
    bool awaits_continue;  /* the body is held back (RFC 9110 10.1.1) */
    bool is_sent;          /* END_STREAM went out */
    int64_t entered_us;    /* since when it waits for room, in the throttle and in the pool */
    int64_t connecting_us; /* since when it waits for a connection, while it does */
    int64_t last_write_us; /* when bytes of the request went out; at first: when submitted */
    int64_t last_read_us;  /* when bytes of the response came, or its reader made room */
    uint64_t conn_id;
    int32_t stream_id;
    char peer[H2CLIENT_ADDRESS_TEXT_MAX];
};

/* A head that is told besides the call's own. */
struct h2i_interim {
    int status;
    bool is_passed_over; /* a final one */
    const h2client_header *fields;
    struct h2i_interim *next;
};

/* Of a body that is read line by line: what is read ahead. */
struct h2i_lines {
    struct h2i_buf held;
    size_t n_given;    /* of these: the line that was given last, with its end */
    size_t n_searched; /* bytes without a line end */
};

/* What a response's accessors read. */
struct h2client_response {
    int status;
    const h2client_header *headers;
    const h2client_header *trailers;
    int64_t content_length;
    const char *http_version;
    const struct h2i_buf *body; /* NULL: not collected */
};

/* Somebody waits for calls to end; see session_drive.c. */
struct h2i_wait {
    size_t n_left;
    const h2client_call *first; /* the first that ended */
};

struct h2client_call {
    struct h2i_home *home;
    h2client_session *session;  /* NULL once it is gone */
    struct h2i_list in_session; /* linked while the session is there */
    struct h2i_list in_ready;   /* linked iff the delivery phase has to look at it */
    struct h2i_list in_done;    /* linked iff in the completion queue */
    struct h2i_wait *wait;
    _Atomic int state;   /* PENDING, then the code of its end */
    const char *made_at; /* NULL: not said */
    bool is_asked_about; /* somebody waits for it, or wants to know how it is */
    bool *asked;         /* that one, for accessors that take it const */
    unsigned n_pins;     /* driving functions that wait for it */
    bool has_handle;     /* the user has not destroyed it */
    bool is_delivering;  /* one of its callbacks may be on the stack */
    bool was_refused;    /* started while its session closed */

    struct h2i_arena arena; /* everything below that is a pointer, but the body */
    struct h2i_settings settings;
    struct h2i_url url;
    struct h2i_request request;
    const h2client_header *fields; /* the request's, without those that differ by attempt */
    struct h2i_body_source source;
    struct h2i_attempt attempt;
    h2client_timer timer;         /* at or before the next time limit */
    struct h2i_call_rates *rates; /* NULL: no limit on them */
    int64_t started_us;
    bool expects_continue;         /* the request says Expect: 100-continue */
    bool has_own_host;             /* the caller gave the authority */
    bool has_body_ended;           /* the core has read all of it, in this attempt */
    int64_t n_upload_told;         /* to on_upload */
    const struct h2i_login *login; /* NULL: there is none, or none any more */
    int n_challenges;              /* of this hop, that were answered */
    int n_proxy_challenges;
    const struct h2i_proxy *proxy; /* of this hop; NULL: none */
    struct h2i_link_tls *tls;      /* of the last attempt's connection; NULL: none */

    struct { /* what came, until it is told */
        struct h2i_interim *interim_first;
        struct h2i_interim *interim_last;
        bool has_head;
        bool is_head_told;
        bool is_paused;
        bool is_failure;     /* by its status, raised: the beginning of its body is kept */
        struct h2i_buf body; /* WHOLE: all; otherwise: not yet taken; decoded */
        bool has_body;       /* a byte of it came */
        bool is_coded;       /* and there is a coding to undo */
        bool is_drained;     /* nothing more comes out of `coded` now */
        struct h2i_decoding *decoding; /* or NULL */
        struct h2i_buf coded;          /* received, not yet decoded; has its room yet */
        size_t n_uncredited; /* bytes, the newest of body and then `n_kept`, still to credit */
        size_t n_kept;       /* of these: given to on_data and kept by it */
        size_t header_bytes;
        struct h2i_lines lines;
    } in;
    struct { /* how it ended, until it is settled */
        bool is_over;
        bool is_cancelled;
        struct h2i_outcome outcome;
    } end;

    h2client_response response;
    h2client_error error;
    h2client_call_info info;
    char message[640];
};

/* ---- call.c ------------------------------------------------------------ */

/* Is it settled? Then nothing changes any more but what the user takes. */
static inline bool h2i_call_has_ended(const h2client_call *call)
{
    return atomic_load_explicit(&call->state, memory_order_acquire) != H2CLIENT_PENDING;
}
/* Its body is kept for who asks for it when it is whole. */
static inline bool h2i_call_is_collected(const h2client_call *call)
{
    return call->settings.delivery == H2CLIENT_DELIVERY_WHOLE && !call->settings.on_data;
}
/* May the loop's half be touched? Then its clock shows the time. */
bool h2i_call_enter(h2client_call *call);
/* The delivery phase is to look at it. */
void h2i_call_mark_ready(h2client_call *call);
/* Ends it (attempt stopped, RST_STREAM with CANCEL if one is open) with this fault; on_done
 * comes from the delivery phase. Nothing happens when it is over. */
void h2i_call_abort(h2client_call *call, const h2client_fault *fault);
/* The same; and where it is over and not told yet, its end changes, as it was asked. */
void h2i_call_end_as(h2client_call *call, const h2client_fault *fault);
/* Notes the outcome; the attempt is over. */
void h2i_call_end(h2client_call *call, const struct h2i_outcome *outcome);
/* Its session closes: it ends so, and so does a success that is not told yet where bytes of
 * it would be lost, or that waits for its reader. */
void h2i_call_close(h2client_call *call, const h2client_fault *fault);
/* Switches between WHOLE and PULL, giving back what that sets free. */
void h2i_call_set_delivery(h2client_call *call, h2client_delivery delivery);
/* Frees it when nobody has it any more, or keeps it for the next start. */
void h2i_call_release_if_unused(h2client_call *call);
/* Frees a call without looking. */
void h2i_call_free(h2client_call *call);
/* The session goes: the call lives on without it. */
void h2i_call_detach(h2client_call *call);

/* A debug build tells of one that nobody ever asked about. */
void h2i_call_report_unasked(h2client_call *call);

/* ---- call_start.c: request and options --------------------------------- */

/* Takes over what must be heard of in any case: the callbacks, and a body's release functions.
 * False: no memory; nothing is taken over then. */
H2CLIENT_MUST_USE bool h2i_call_adopt(h2client_call *call, const h2client_call_options *options);
/* Fills settings, url, request and source. On failure a code, with `why`. */
h2client_error_code h2i_call_prepare(h2client_call *call, const char *method, const char *url,
                                     const h2client_call_options *options, struct h2i_text *why);

/* Checks and copies them into the arena, in place of those the request has. */
h2client_error_code h2i_call_take_trailers(h2client_call *call, const h2client_header *trailers,
                                           struct h2i_text *why);

/* Of the body of a status that is raised. */
#define H2I_MAX_FAILURE_BYTES 4096

/* ---- call_inbox.c: events of the attempt's exchange ---------------------- */

extern const struct h2i_exchange_events h2i_call_inbox;
/* A head besides the call's own, for the delivery phase. */
void h2i_call_add_interim(h2client_call *call, const struct h2i_head *head, bool is_passed_over);
/* The final head of the call's own response. */
void h2i_call_take_head(h2client_call *call, const struct h2i_head *head);

/* ---- call_tls.c ----------------------------------------------------------- */

/* Its connection's (NULL: none, or none any more), in place of what it had. */
void h2i_call_take_tls(h2client_call *call, struct h2i_link_tls *tls);

/* ---- call_limits.c: time ------------------------------------------------ */

/* The call's stage changed: the timer stands no later than its next limit. */
void h2i_call_limits_watch(h2client_call *call);
void h2i_call_limits_stop(h2client_call *call);
void h2i_call_limits_init(h2client_call *call);

/* ---- call_error.c -------------------------------------------------------- */

/* Fills call->error and the rest of call->info from call->end. */
void h2i_call_compose_error(h2client_call *call);

/* ---- call_deliver.c ------------------------------------------------------ */

/* Tells the user all there is to tell; runs user code; may free the call. */
void h2i_call_deliver(h2client_call *call);
/* Is it over, and its end to be told now? A success is told once all its bytes are; a
 * failure does not wait for a paused reader. */
bool h2i_call_is_end_due(const h2client_call *call);
/* Of a response that has come whole, nothing is held back any more. */
bool h2i_call_is_all_told(const h2client_call *call);
/* Settles and tells the end, whatever is undelivered (the session is going). */
void h2i_call_deliver_end(h2client_call *call);

#endif
