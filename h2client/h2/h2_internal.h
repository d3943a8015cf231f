/* SPDX-License-Identifier: MIT */
/*
 * The inside of the HTTP/2 core, shared by its files and by nobody else.
 *
 *   h2_conn      the verbs of conn.h; when the owner is told of output and changes
 *   h2_gate      cuts the input into frames, judges each before nghttp2 sees it
 *   h2_rules     the judges: RFC 9113 6 and the limits on what a server may send
 *   h2_costs     what the input costs us, against what it brings
 *   h2_settings  ours, and what the peer's change
 *   h2_callbacks nghttp2's session and its callbacks
 *   h2_stream    one exchange's life; windows
 *   h2_response  header blocks and body bytes of a response
 *   h2_send      requests, uploads, output
 *   h2_liveness  PING, ours
 *   h2_error     failures of the connection and of streams, GOAWAY
 *   h2_trace     frames for people
 *
 * nghttp2 keeps HPACK, the queues, the windows and the states of streams. What is an
 * error, of which scope and code, is decided here before nghttp2 gets the bytes:
 * its own answers are connection errors where the RFC wants stream errors, and name
 * no reason.
 */
#ifndef H2I_H2_INTERNAL_H
#define H2I_H2_INTERNAL_H

#include <nghttp2/nghttp2.h>

#include "base/list.h"
#include "h2client/h2/h2_conn.h"
#include "h2client/http/request_upload.h"

#define H2I_H2_HEAD_BYTES 9u
#define H2I_H2_MAX_FRAME_BYTES 16384u /* RFC 9113 4.2: we never announce more */
#define H2I_H2_MAX_SETTINGS 32u       /* entries in one frame */
#define H2I_H2_GATE_BYTES (H2I_H2_HEAD_BYTES + 6u * H2I_H2_MAX_SETTINGS)
#define H2I_H2_N_ENDED 128u

struct h2i_h2_frame {
    uint32_t len; /* of the payload */
    uint8_t type;
    uint8_t flags;
    int32_t stream_id;
};

enum h2i_h2_phase {
    H2I_H2_AWAITS_HEAD = 0, /* interim responses may have come */
    H2I_H2_IN_BODY,         /* the final head has come */
    H2I_H2_ENDED            /* END_STREAM has come */
};

/* Lives as long as nghttp2's stream, so also for a while after its exchange ended. */
struct h2i_h2_stream {
    struct h2i_list node; /* on conn->streams */
    struct h2i_h2_conn *conn;
    struct h2i_exchange *exchange; /* NULL: ended or cancelled, and reset if need be */
    int32_t id;
    struct {
        bool is_early;  /* submitted before the peer's SETTINGS told its limit */
        bool has_begun; /* bytes of HEADERS may have been produced */
        bool is_done;   /* END_STREAM was */
        struct h2i_upload upload;
        char content_length[24]; /* nghttp2 reads it when HEADERS is packed */
    } out;
    struct {
        enum h2i_h2_phase phase;
        struct h2i_fields block; /* the header block that is coming */
        int status;              /* of this block; -1: not yet */
        bool has_ordinary;       /* a field that is not a pseudo field was in it */
        bool is_bodiless;
        uint32_t n_informational;
        uint32_t n_fields;      /* of all blocks of this stream */
        size_t n_field_bytes;   /* the same */
        int64_t content_length; /* -1: not given, or of no meaning */
        int64_t n_body_bytes;
    } in;
    struct {
        uint32_t size;    /* what the budget was charged */
        uint32_t n_taken; /* by the reader, since the last growth */
    } window;
};

struct h2i_h2_conn {
    struct h2i_conn base; /* first */
    const h2client_allocator *allocator;
    struct h2i_slab *slab;
    struct h2i_budget *budget;
    struct h2i_h2_config config;
    nghttp2_session *session;
    struct h2i_list streams;
    int64_t now_us;

    unsigned depth; /* of verbs running; what the owner is told waits for 0 */
    bool is_changed;
    bool is_output_told;
    bool is_out_of_memory; /* found where no event may run: fails at the next that may */
    bool is_dead;          /* nothing more comes out */

    struct {
        uint8_t buf[H2I_H2_GATE_BYTES]; /* head, and the payload that is judged with it */
        size_t n;                       /* gathered in buf */
        size_t wanted;                  /* bytes of buf to gather before judging; 0: a head */
        struct h2i_h2_frame frame;
        uint32_t n_left;             /* of its payload, past what was gathered */
        bool is_dropped;             /* nghttp2 does not get this frame */
        bool has_settings;           /* the peer's first SETTINGS head has come */
        bool is_foreign;             /* what comes is not HTTP/2 */
        int32_t block_id;            /* stream of a header block without END_HEADERS; 0: none */
        struct h2i_h2_stream *block; /* whose fields nghttp2 reports; NULL: nobody's */
        size_t n_others_field_bytes; /* what the other streams had when it began */
        size_t n_ours_queued;        /* frames we queued while nghttp2 was fed */
        uint32_t n_acks_awaited;     /* of our SETTINGS */
        int64_t n_late_bytes;        /* of DATA that may still come for streams we let go of */
        int32_t ended_ids[H2I_H2_N_ENDED]; /* streams that had END_STREAM, by id / 2 */
    } in;
    struct {
        const uint8_t *chunk; /* nghttp2's, not produced yet */
        size_t chunk_len;
        nghttp2_nv *fields; /* scratch of submit */
        size_t fields_cap;
        int32_t last_id; /* the highest whose HEADERS were begun */
    } out;
    struct {
        uint32_t n_continuations; /* of this block */
        uint32_t n_empty_data;    /* in a row */
        uint32_t n_acks_queued;
        uint32_t chatter;
        int64_t debt;           /* what frames cost beyond what they brought: h2_costs.c */
        int64_t paid_until_us;  /* by time */
        size_t n_unheard_bytes; /* of header blocks for nobody */
    } abuse;
    struct {
        bool is_received;
        uint32_t code;
        int32_t last_id;
    } goaway;
    struct {
        int64_t heard_us; /* bytes came, or the first request went */
        int64_t asked_us;
        bool is_asked; /* a PING of ours is not answered yet */
        bool is_fresh; /* streams were opened since the clock was seen */
    } live;
};

static inline struct h2i_h2_conn *h2i_h2_conn_of(struct h2i_conn *base)
{
    return H2I_CONTAINER_OF(base, struct h2i_h2_conn, base);
}

/* ---- h2_conn ----------------------------------------------------------- */
/* Around every verb. Leaving the outermost tells the owner what is new. */
void h2i_h2_enter(struct h2i_h2_conn *conn);
void h2i_h2_leave(struct h2i_h2_conn *conn);

/* ---- h2_gate ----------------------------------------------------------- */
void h2i_h2_gate_take(struct h2i_h2_conn *conn, const uint8_t *data, size_t len);
/* The input ended: fails the connection if what came is not HTTP/2. */
void h2i_h2_gate_end(struct h2i_h2_conn *conn);

/* ---- h2_rules ---------------------------------------------------------- */
/* What must hold for a frame's head; may fail the connection. True: go on. Sets how
 * much of its payload is to be judged with it. */
bool h2i_h2_judge_head(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame,
                       size_t *n_peeked);
/* The same with that payload; sets in.is_dropped. */
bool h2i_h2_judge_frame(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame,
                        const uint8_t *payload);
/* Something useful was sent or received: chatter is forgiven. */
void h2i_h2_progress(struct h2i_h2_conn *conn);
const char *h2i_h2_frame_name(uint8_t type);
static inline uint32_t h2i_h2_read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* ---- h2_costs ---------------------------------------------------------- */
/* Time, body bytes (both ways) and requests sent, which all pay for frames. */
void h2i_h2_costs_at(struct h2i_h2_conn *conn, int64_t now_us);
void h2i_h2_costs_body(struct h2i_h2_conn *conn, size_t n);
void h2i_h2_costs_request(struct h2i_h2_conn *conn);
/* A frame came; n bytes of the header block that nghttp2 is reading are to be decoded.
 * False: that was too much, the connection has failed. */
bool h2i_h2_costs_frame(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame);
bool h2i_h2_costs_block(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame, size_t n);

/* ---- h2_settings ------------------------------------------------------- */
/* Streams before the peer's SETTINGS have come. */
uint32_t h2i_h2_first_max_open(const struct h2i_h2_config *config);
/* Queues our SETTINGS and the connection's window. False: no memory. */
bool h2i_h2_settings_open(struct h2i_h2_conn *conn);
bool h2i_h2_settings_judge(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame,
                           const uint8_t *payload);
/* nghttp2 has taken the peer's over. */
void h2i_h2_settings_applied(struct h2i_h2_conn *conn);

/* ---- h2_callbacks ------------------------------------------------------ */
/* NULL: no memory. */
nghttp2_session *h2i_h2_session_create(struct h2i_h2_conn *conn);
/* The live stream of that id, NULL if its exchange is over or never was. */
struct h2i_h2_stream *h2i_h2_find(struct h2i_h2_conn *conn, int32_t id);

/* ---- h2_stream --------------------------------------------------------- */
/* Charges the budget. NULL: no memory. */
struct h2i_h2_stream *h2i_h2_stream_create(struct h2i_h2_conn *conn, struct h2i_exchange *exchange);
/* Lets go of the exchange without an event. */
void h2i_h2_stream_detach(struct h2i_h2_stream *stream);
/* Detached or not; nghttp2 must have let go of it. */
void h2i_h2_stream_destroy(struct h2i_h2_stream *stream);
/* Lets go of the exchange and tells it how it ended. */
void h2i_h2_stream_end(struct h2i_h2_stream *stream, const struct h2i_outcome *outcome);
/* Queues RST_STREAM, or takes back HEADERS that were not begun. */
void h2i_h2_stream_reset(struct h2i_h2_stream *stream, uint32_t http2_code);
void h2i_h2_stream_credit(struct h2i_h2_stream *stream, size_t n);
bool h2i_h2_budget_has_room(const struct h2i_h2_conn *conn);

/* ---- h2_response ------------------------------------------------------- */
void h2i_h2_block_begin(struct h2i_h2_stream *stream);
/* False: the stream was reset, or nobody listens; no more fields are wanted. */
bool h2i_h2_block_field(struct h2i_h2_stream *stream, struct h2i_str name, struct h2i_str value);
void h2i_h2_block_end(struct h2i_h2_stream *stream, const struct h2i_h2_frame *frame);
/* Judges n bytes of body before nghttp2 sees them. */
void h2i_h2_body_expect(struct h2i_h2_stream *stream, uint32_t n);
void h2i_h2_body_data(struct h2i_h2_stream *stream, const void *data, size_t len);
/* END_STREAM after a body. */
void h2i_h2_body_end(struct h2i_h2_stream *stream);

/* ---- h2_send ----------------------------------------------------------- */
h2client_error_code h2i_h2_submit(struct h2i_h2_conn *conn, struct h2i_exchange *exchange);
bool h2i_h2_has_output(const struct h2i_h2_conn *conn);
size_t h2i_h2_produce(struct h2i_h2_conn *conn, uint8_t *buf, size_t cap);

/* ---- h2_liveness ------------------------------------------------------- */
/* Bytes came. */
void h2i_h2_heard(struct h2i_h2_conn *conn);
/* The first stream was opened: silence before it does not count. */
void h2i_h2_busy(struct h2i_h2_conn *conn);
void h2i_h2_ping_answered(struct h2i_h2_conn *conn, const uint8_t *data);
/* Asks, or gives the connection up, as the time says. */
void h2i_h2_watch(struct h2i_h2_conn *conn);
/* When the clock is to be looked at again. */
void h2i_h2_set_deadline(struct h2i_h2_conn *conn);

/* ---- h2_error ---------------------------------------------------------- */
struct h2i_outcome h2i_h2_success(void);
__attribute__((format(printf, 4, 5))) struct h2i_outcome h2i_h2_failure(
    h2client_error_code code, h2client_replay_class replay_class, int64_t http2_code,
    const char *format, ...);
h2client_replay_class h2i_h2_replay_class(const struct h2i_h2_stream *stream);
/* Ends the connection: GOAWAY with that code, every exchange with the same fault. */
__attribute__((format(printf, 4, 5))) void h2i_h2_fail(struct h2i_h2_conn *conn,
                                                       h2client_error_code code,
                                                       uint32_t http2_code, const char *format,
                                                       ...);
/* The same because of a frame: the code of the error follows from HTTP/2's, the text
 * begins with the frame and its stream. Always false, for judges. */
__attribute__((format(printf, 4, 5))) bool h2i_h2_fail_frame(struct h2i_h2_conn *conn,
                                                             const struct h2i_h2_frame *frame,
                                                             uint32_t http2_code,
                                                             const char *format, ...);
/* Resets the stream and ends its exchange. */
__attribute__((format(printf, 4, 5))) void h2i_h2_stream_fail(struct h2i_h2_stream *stream,
                                                              h2client_error_code code,
                                                              uint32_t http2_code,
                                                              const char *format, ...);
void h2i_h2_out_of_memory(struct h2i_h2_conn *conn);
/* RST_STREAM and GOAWAY of the peer. */
void h2i_h2_on_reset(struct h2i_h2_stream *stream, uint32_t http2_code);
void h2i_h2_on_goaway(struct h2i_h2_conn *conn, const nghttp2_goaway *goaway);
/* Ends all exchanges because the transport did. fault NULL: in an orderly way. */
void h2i_h2_end_input(struct h2i_h2_conn *conn, const h2client_fault *fault);

/* ---- h2_trace ---------------------------------------------------------- */
/* Nothing happens unless conn->base.traces. Refused: by its head alone. */
void h2i_h2_trace_refused(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame);
void h2i_h2_trace_received(struct h2i_h2_conn *conn, const struct h2i_h2_frame *frame,
                           const uint8_t *payload);
void h2i_h2_trace_block(struct h2i_h2_stream *stream, const struct h2i_h2_frame *frame);
void h2i_h2_trace_goaway(struct h2i_h2_conn *conn, const nghttp2_goaway *goaway);
void h2i_h2_trace_sent(struct h2i_h2_conn *conn, const nghttp2_frame *frame,
                       const struct h2i_h2_stream *stream);

#endif
