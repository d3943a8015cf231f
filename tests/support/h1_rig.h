/* SPDX-License-Identifier: MIT */
/*
 * The HTTP/1.1 core and a server that says what the test writes down: no transport, no
 * reactor, no time. Every scenario runs twice, with all bytes at once and with one byte at
 * a time, in both directions:
 *
 *     TEST(a_claim)
 *     {
 *         EACH_CUT (rig) {
 *             struct h2t_h1_exchange *exchange = h2t_h1_get(rig);
 *             h2t_h1_answer(rig, "HTTP/1.1 204 None\r\n\r\n");
 *             h2t_h1_expect_success(exchange, 204, "");
 *         }
 *     }
 *
 * The rig itself checks what holds always: the order of events, one end an exchange,
 * changes and output announced, and no memory kept.
 */
#ifndef H2T_H1_RIG_H
#define H2T_H1_RIG_H

#include "h2client/h1/h1_conn.h"
#include "h2client-testing/raw_frames.h"
#include "tests/support/test_alloc.h"
#include "tests/support/test_main.h"

#define H2T_H1_MAX_EXCHANGES 64
#define H2T_LEN(array) (sizeof(array) / sizeof((array)[0]))
/* A list of fields, ended. */
#define H2T_FIELDS(...) ((const h2client_header[]){__VA_ARGS__, {NULL, NULL}})

struct h2t_h1;

/* A request and all that its exchange was told. */
struct h2t_h1_exchange {
    struct h2i_exchange exchange; /* first */
    struct h2t_h1 *rig;
    struct h2i_request request;
    struct h2i_arena arena;
    h2client_error_code submitted; /* what submit answered */
    struct {
        const char *data; /* NULL: 'u' over and over */
        size_t len;
        size_t n_ready;    /* may be read now; above it: not now. SIZE_MAX at first */
        bool fails_at_end; /* BODY_FAILED instead of END */
        enum {
            H2T_H1_WITH_BYTES = 0, /* the end is said with the last bytes, */
            H2T_H1_NEXT_TIME,      /* when it is asked once more, */
            H2T_H1_WHEN_RESUMED    /* or not before h2t_h1_more_upload */
        } ends;
        size_t n_read;
        size_t n_sent; /* as told by on_sent */
        unsigned n_heads_sent;
        bool was_last_sent;
    } upload;
    unsigned n_informational;
    int last_informational;
    unsigned n_heads;
    struct h2i_head head; /* the final one */
    struct h2t_bytes body;
    unsigned n_data_events;
    bool is_paused; /* on_data credits nothing: see h2t_h1_credit */
    size_t n_uncredited;
    const h2client_header *trailers;
    enum {
        H2T_H1_NEVER = 0,
        H2T_H1_AT_INTERIM,
        H2T_H1_AT_HEAD,
        H2T_H1_AT_DATA,
        H2T_H1_AT_TRAILERS,
        H2T_H1_AT_READ,
        H2T_H1_AT_SENT
    } cancels; /* inside that event */
    unsigned n_ends;
    struct h2i_outcome outcome;
};

struct h2t_h1 {
    struct h2t_alloc alloc;
    struct h2i_h1_config config; /* before the first request */
    struct h2i_conn *conn;       /* there from the first request on, or h2t_h1_start */
    size_t cut;                  /* bytes handed over at once; SIZE_MAX: all there are */
    bool is_output_told;
    bool has_stopped; /* receive failed, or the input ended: no more bytes */
    bool may_lack_memory;
    unsigned n_changes;
    struct {
        uint32_t n_open;
        bool accepts_new, wants_input, has_failed;
    } told;                 /* as it stood when on_change last ran */
    struct h2t_bytes sent;  /* ended by a NUL behind its length */
    struct h2t_bytes trace; /* a line a field of each event, "> " and "< " before it */
    struct h2t_h1_exchange *exchanges[H2T_H1_MAX_EXCHANGES];
    size_t n_exchanges;
};

#define EACH_CUT(rig) for (struct h2t_h1 *rig = h2t_h1_first_cut(); rig; rig = h2t_h1_next_cut(rig))
struct h2t_h1 *h2t_h1_first_cut(void);
/* Destroys and checks the one before. NULL: that was the last. */
struct h2t_h1 *h2t_h1_next_cut(struct h2t_h1 *rig);
/* Without the macro. */
struct h2t_h1 *h2t_h1_create(size_t cut);
void h2t_h1_destroy(struct h2t_h1 *rig);

void h2t_h1_start(struct h2t_h1 *rig);
/* Produces what there is; false: dry from the start. */
bool h2t_h1_send(struct h2t_h1 *rig);
/* Of the output, text since the last call. */
const char *h2t_h1_take_sent(struct h2t_h1 *rig);
/* The server sends this; then the core may answer. */
void h2t_h1_answer(struct h2t_h1 *rig, const char *text);
void h2t_h1_answer_bytes(struct h2t_h1 *rig, const void *data, size_t len);
/* "HTTP/1.1 200 OK", these lines (each with its end), an empty one. */
void h2t_h1_answer_head(struct h2t_h1 *rig, const char *lines);
void h2t_h1_end_input(struct h2t_h1 *rig, const h2client_fault *fault);

/* Requests. These are sent as far as they can be. */
struct h2t_h1_exchange *h2t_h1_get(struct h2t_h1 *rig);
struct h2t_h1_exchange *h2t_h1_method(struct h2t_h1 *rig, const char *method);
/* declared -1: chunked. data NULL: 'u' over and over. */
struct h2t_h1_exchange *h2t_h1_post(struct h2t_h1 *rig, const char *data, size_t len,
                                    int64_t declared);
/* Made, not submitted: for requests of other shapes. */
struct h2t_h1_exchange *h2t_h1_prepare(struct h2t_h1 *rig, const char *method, const char *path);
/* What h2t_h1_post makes. */
struct h2t_h1_exchange *h2t_h1_prepare_post(struct h2t_h1 *rig, const char *data, size_t len,
                                            int64_t declared);
/* Submitted, not sent yet. */
void h2t_h1_submit(struct h2t_h1_exchange *exchange);
void h2t_h1_cancel(struct h2t_h1_exchange *exchange);
void h2t_h1_credit(struct h2t_h1_exchange *exchange, size_t n);
/* n more bytes of the upload are there (SIZE_MAX: all), and are sent. */
void h2t_h1_more_upload(struct h2t_h1_exchange *exchange, size_t n);

/* ---- what must hold ------------------------------------------------------ */

/* A whole response. body NULL: not looked at. */
void h2t_h1_expect_success(const struct h2t_h1_exchange *exchange, int status, const char *body);
void h2t_h1_expect_failure(const struct h2t_h1_exchange *exchange, h2client_error_code code,
                           h2client_replay_class replay_class);
/* The failure says this, somewhere. */
void h2t_h1_expect_text(const struct h2t_h1_exchange *exchange, const char *piece);
/* Another request on this connection succeeds. */
void h2t_h1_expect_usable(struct h2t_h1 *rig);
/* No exchange is open, and none will be; it did not fail. */
void h2t_h1_expect_closing(const struct h2t_h1 *rig);
void h2t_h1_expect_failed(const struct h2t_h1 *rig, h2client_error_code code);

#endif
