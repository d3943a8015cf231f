/* SPDX-License-Identifier: MIT */
/*
 * The HTTP/2 core and a scripted peer, mouth to mouth: no transport, no reactor, no
 * time but what the test says. Every scenario runs twice, with all bytes that are
 * there at once and with one byte at a time, in both directions:
 *
 *     TEST(a_claim)
 *     {
 *         EACH_CUT (core) {
 *             h2t_core_start(core, NULL);
 *             struct h2t_exchange *exchange = h2t_core_get(core);
 *             h2t_core_run(core);
 *             h2t_expect_success(exchange, 200, "ok");
 *         }
 *     }
 *
 * The rig itself checks what holds always: the order of events, one end an exchange,
 * output announced, windows given back to the budget, no memory kept, and that the
 * peer, where it has a session, finds nothing wrong with what the client sent.
 */
#ifndef H2T_CORE_RIG_H
#define H2T_CORE_RIG_H

#include "h2client/h2/h2_conn.h"
#include "h2client-testing/h2_peer.h"
#include "h2client-testing/raw_frames.h"
#include "tests/support/test_alloc.h"
#include "tests/support/test_main.h"

#define H2T_CORE_MAX_EXCHANGES 512
#define H2T_LEN(array) (sizeof(array) / sizeof((array)[0]))
/* A list of fields, ended. */
#define H2T_FIELDS(...) ((const h2client_header[]){__VA_ARGS__, {NULL, NULL}})

struct h2t_core;

/* A request and all that its exchange was told. */
struct h2t_exchange {
    struct h2i_exchange exchange; /* first */
    struct h2t_core *core;
    struct h2i_request request;
    struct h2i_arena arena;
    h2client_error_code submitted; /* what submit answered */
    struct {
        const char *data; /* NULL: the pattern of h2t_pattern_byte */
        size_t len;
        size_t n_ready;    /* may be read now; above it: not now. SIZE_MAX at first */
        bool fails_at_end; /* BODY_FAILED instead of END */
        size_t n_read;
        size_t n_sent; /* as told by on_sent */
        bool was_last_sent;
    } upload;
    unsigned n_informational;
    int last_informational;
    unsigned n_heads;
    struct h2i_head head; /* the final one */
    struct h2t_bytes body;
    unsigned n_data_events;
    bool counts_only; /* the body, which must be the pattern, is not kept */
    size_t n_counted;
    bool is_paused; /* on_data credits nothing: see h2t_exchange_credit */
    size_t n_uncredited;
    const h2client_header *trailers;
    unsigned n_ends;
    struct h2i_outcome outcome;
};

struct h2t_core {
    struct h2t_alloc alloc;
    struct h2i_slab slab;
    struct h2i_budget budget;
    struct h2i_h2_config config;
    struct h2i_conn *conn;
    struct h2t_peer *peer;
    int64_t now_us;
    size_t cut; /* bytes handed over at once; SIZE_MAX: all there are */
    bool is_output_told;
    bool has_stopped; /* receive failed: it gets no more bytes */
    bool is_raw;
    bool breaks_rules; /* the peer may complain */
    unsigned n_changes;
    struct h2t_exchange *exchanges[H2T_CORE_MAX_EXCHANGES];
    size_t n_exchanges;
    struct h2t_bytes raw; /* for the test to build frames in: see h2t_core_raw */
};

#define EACH_CUT(core) \
    for (struct h2t_core *core = h2t_core_first_cut(); core; core = h2t_core_next_cut(core))
struct h2t_core *h2t_core_first_cut(void);
/* Destroys and checks the one before. NULL: that was the last. */
struct h2t_core *h2t_core_next_cut(struct h2t_core *core);
/* Instead of the next: that was enough. */
void h2t_core_end(struct h2t_core *core);

/* NULL: a peer that has no options. The core's options are in core->config till then. */
void h2t_core_start(struct h2t_core *core, const struct h2t_peer_config *config);
/* The peer is raw and has sent its (empty) SETTINGS and the acknowledgement of ours; it
 * sends nothing else by itself. */
void h2t_core_start_raw(struct h2t_core *core);
/* One without anything sent yet. */
void h2t_core_start_silent(struct h2t_core *core);

/* Bytes go both ways until nobody has anything to say. */
void h2t_core_run(struct h2t_core *core);
/* The client's output only. */
void h2t_core_send(struct h2t_core *core);
/* The peer's only. */
void h2t_core_feed(struct h2t_core *core);
/* Frames built in core->raw since the last time are sent by the peer; then it runs. */
void h2t_core_raw(struct h2t_core *core);
/* The transport ends. */
void h2t_core_end_input(struct h2t_core *core, const h2client_fault *fault);

/* Requests. They are submitted at once and not yet sent. */
struct h2t_exchange *h2t_core_get(struct h2t_core *core);
struct h2t_exchange *h2t_core_get_path(struct h2t_core *core, const char *path);
struct h2t_exchange *h2t_core_method(struct h2t_core *core, const char *method);
/* POST of a body with this content-length (-1: none). data NULL: the pattern. */
struct h2t_exchange *h2t_core_post(struct h2t_core *core, const char *data, size_t len,
                                   int64_t declared);
/* Made, not submitted: for requests of other shapes. */
struct h2t_exchange *h2t_core_prepare(struct h2t_core *core, const char *method, const char *path);
void h2t_exchange_submit(struct h2t_exchange *exchange);
void h2t_exchange_cancel(struct h2t_exchange *exchange, uint32_t http2_code);
void h2t_exchange_credit(struct h2t_exchange *exchange, size_t n);
/* n more bytes of the upload are there (SIZE_MAX: all). */
void h2t_exchange_more_upload(struct h2t_exchange *exchange, size_t n);

/* ---- what must hold ------------------------------------------------------ */

/* A whole response. body NULL: not looked at. */
void h2t_expect_success(const struct h2t_exchange *exchange, int status, const char *body);
/* The exchange failed with this code; http2_code -1: none. */
void h2t_expect_failure(const struct h2t_exchange *exchange, h2client_error_code code,
                        int64_t http2_code);
/* These bytes are those of h2t_pattern_byte. */
void h2t_expect_pattern(const void *data, size_t len);
/* The peer saw RST_STREAM with this code, once, and no GOAWAY. */
void h2t_expect_reset(const struct h2t_core *core, int32_t stream_id, uint32_t http2_code);
/* The peer saw GOAWAY with this code, and the core failed with that one. */
void h2t_expect_goaway(const struct h2t_core *core, h2client_error_code code, uint32_t http2_code);
/* at_first plus all increments the client has sent for that stream (0: connection). */
int64_t h2t_core_granted(const struct h2t_core *core, int32_t stream_id, int64_t at_first);
/* Another request on this connection succeeds. Raw: on the stream of that id. */
void h2t_expect_usable(struct h2t_core *core);

/* ---- raw frames ---------------------------------------------------------- */

extern const h2client_header h2t_status_200[];
/* HEADERS of a 200 without other fields. */
void h2t_core_raw_head(struct h2t_core *core, int32_t stream_id, bool is_end);
/* A whole answer "200" with this body, run. */
void h2t_core_raw_answer(struct h2t_core *core, int32_t stream_id, const char *body);

#endif
