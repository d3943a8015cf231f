/* SPDX-License-Identifier: MIT */
/* The inside of a session: ports, pool, the lists of calls, and the turn. */
#ifndef H2I_SESSION_INTERNAL_H
#define H2I_SESSION_INTERNAL_H

#include "base/list.h"
#include "base/reactor.h"
#include "h2client/auth/digest_store.h"
#include "h2client/call_internal.h"
#include "h2client/call_rates.h"
#include "h2client/cookies.h"
#include "h2client/notices.h"
#include "h2client/pool/pool.h"
#include "h2client/request_fields.h"
#include "h2client/throttle.h"
#include "transport/live_list.h"

struct h2i_fork_guard;

struct h2client_session {
    struct h2i_home *home;
    struct h2i_live live; /* for a debug build's reports */
    h2client_reactor reactor;
    struct h2i_fork_guard *fork_guard;
    struct { /* made by the session, NULL where the application brought its own */
        h2client_loop *loop;
        h2client_dialer *dialer;
        h2client_resolver *resolver;
        h2client_tls_factory *tls_factory;
    } own;
    struct h2i_pool pool;
    bool has_pool;
    struct h2i_throttle throttle;
    struct h2i_shared_rates rates;
    h2client_cookie_jar *cookie_jar; /* holds a reference */
    struct h2i_digest_store digests;
    struct h2i_retry_bucket retry_bucket;
    struct h2i_settings defaults;
    struct h2i_arena arena; /* of default_fields */
    struct h2i_request_fields default_fields;
    struct h2i_list calls; /* all whose handle or end is outstanding */
    struct h2i_list ready;
    struct h2i_list done;  /* the completion queue */
    struct h2i_list spare; /* freed calls, for the next starts (by in_session) */
    size_t n_spare;
    size_t n_spare_body_bytes; /* what their body buffers hold on to */
    size_t n_running;
    size_t n_refused; /* of these: started after close, and over */
    uint64_t n_calls;
    uint64_t n_calls_failed;
    uint64_t n_turns;
    bool is_driving;  /* a driving function is on the stack */
    bool is_doomed;   /* destroy was called inside a callback */
    bool is_draining; /* close was called: nothing new */
    bool is_closing;  /* ending its calls */
    bool is_nudged;   /* something was started, cancelled ... since the last turn */
    bool is_polled; /* session_fd was asked for, or the loop is the application's: keep it armed */
    struct h2i_notices notices;
    h2client_error error; /* of the session as a whole */
    char error_text[512];
};

/* The one gate to the loop's half. False: this process is a fork of the session's. Today
 * a call; in a background mode, a mailbox. */
bool h2i_session_enter(h2client_session *session);
/* After a change outside a driving function: an application's own poll must see it. */
void h2i_session_nudge(h2client_session *session);
/* One turn, callbacks included. Only from session_drive.c and destroy. */
h2client_error_code h2i_session_turn(h2client_session *session, int64_t timeout_us);
/* Everything session_destroy does, once nobody is inside. */
void h2i_session_finish(h2client_session *session);

/* A call object, new or spare, that has adopted its options. NULL: no memory. */
h2client_call *h2i_session_new_call(h2client_session *session,
                                    const h2client_call_options *options);

#endif
