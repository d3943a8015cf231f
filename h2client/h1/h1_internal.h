/* SPDX-License-Identifier: MIT */
/*
 * The inside of the HTTP/1.1 core, shared by its files and by nobody else.
 *
 *   h1_conn      the verbs of conn.h; when the owner is told of output and changes
 *   h1_head      lines: the status line, fields, trailers
 *   h1_chunked   the chunked coding, on its way in
 *   h1_response  what heads mean: interim, framing, reuse; the body and the end
 *   h1_writer    requests and uploads
 *   h1_error     failures, and the end of the input
 *   h1_trace     heads for people
 *
 * Input runs through one loop (h1_response): each step takes at least one byte, in the
 * phase in which the response stands. Every failure is the connection's, as there is
 * nothing to go on from after it.
 */
#ifndef H2I_H1_INTERNAL_H
#define H2I_H1_INTERNAL_H

#include "base/buf.h"
#include "base/list.h"
#include "h2client/h1/h1_conn.h"
#include "h2client/http/request_upload.h"

/* What the reused buffers may keep between exchanges. */
#define H2I_H1_KEPT_BYTES 16384u
/* A chunk in parts, where the caller's room is too small to build one in. */
#define H2I_H1_PIECE_BYTES 64u

enum h2i_h1_phase {
    H2I_H1_STATUS_LINE = 0, /* interim responses may have come */
    H2I_H1_FIELDS,
    H2I_H1_COUNTED_BODY, /* content-length */
    H2I_H1_CHUNKED_BODY,
    H2I_H1_TRAILERS,
    H2I_H1_OPEN_BODY /* until the connection ends */
};

/* ---- the chunked coding (RFC 9112 7.1), a machine of its own ------------- */

enum h2i_h1_chunk_state {
    H2I_H1_CHUNK_SIZE = 0,
    H2I_H1_CHUNK_BLANK, /* white space behind the size */
    H2I_H1_CHUNK_EXTENSION,
    H2I_H1_CHUNK_QUOTED,  /* a string in an extension */
    H2I_H1_CHUNK_ESCAPED, /* behind a backslash in it */
    H2I_H1_CHUNK_SIZE_LF,
    H2I_H1_CHUNK_DATA,
    H2I_H1_CHUNK_DATA_CR,
    H2I_H1_CHUNK_DATA_LF
};

enum h2i_h1_chunk_event {
    H2I_H1_CHUNK_NOTHING = 0, /* all was taken, more is needed */
    H2I_H1_CHUNK_BYTES,       /* of the body: the last `n` of what was taken */
    H2I_H1_CHUNK_LAST,        /* the trailers follow */
    H2I_H1_CHUNK_BAD          /* `what` says why */
};

struct h2i_h1_chunked {
    enum h2i_h1_chunk_state state;
    uint64_t n_left;            /* of the chunk; while its size is read, what it is so far */
    uint32_t n_digits;          /* of that size */
    uint32_t n_extension_bytes; /* of the whole body */
    uint32_t max_extension_bytes;
    size_t n;
    const char *what;
};

/* Takes bytes (len >= 1) up to the first event; *n_taken >= 1. */
enum h2i_h1_chunk_event h2i_h1_chunked_take(struct h2i_h1_chunked *chunked, const char *data,
                                            size_t len, size_t *n_taken);

/* ---- the connection ------------------------------------------------------ */

struct h2i_h1_conn {
    struct h2i_conn base; /* first */
    const h2client_allocator *allocator;
    struct h2i_h1_config config;
    struct h2i_exchange *exchange; /* NULL: none is open */
    int64_t now_us;

    unsigned depth; /* of verbs running; what the owner is told waits for 0 */
    bool is_changed;
    bool is_output_told;
    bool is_closing; /* no exchange after this one */

    struct {
        enum h2i_h1_phase phase;
        struct h2i_buf text; /* the field that may yet be folded, then the line that is coming */
        size_t n_pending;    /* bytes of text that are the field */
        bool has_prefix;     /* the status line begins as one of HTTP/1 */
        bool is_http10;
        int status;
        struct h2i_fields fields; /* of this head, or the trailers */
        size_t n_head_bytes;      /* of this head */
        size_t n_all_head_bytes;  /* of all heads of the response, as they came */
        uint32_t n_all_fields;    /* the same */
        uint32_t n_informational;
        uint64_t n_left; /* of a counted body */
        struct h2i_h1_chunked chunked;
        size_t n_uncredited; /* body bytes the reader has not taken yet */
    } in;
    struct {
        struct h2i_buf head; /* what of it is not produced yet */
        size_t head_len;
        bool is_chunked;
        bool has_body;       /* bytes of it, or its end, are still to be produced */
        bool waits_for_body; /* till resume_body */
        bool is_trailing;    /* what `head` holds is the end of the body, with its trailers */
        struct h2i_upload upload;
        struct {
            char bytes[H2I_H1_PIECE_BYTES];
            size_t start; /* first byte not produced yet */
            size_t end;
            size_t n_body; /* to be told of once they all are */
            bool is_last;
        } piece;
    } out;
};

static inline struct h2i_h1_conn *h2i_h1_conn_of(struct h2i_conn *base)
{
    return H2I_CONTAINER_OF(base, struct h2i_h1_conn, base);
}

/* ---- h1_conn ------------------------------------------------------------- */
/* Lets go of the exchange; the connection is used again unless it is closing. */
void h2i_h1_detach(struct h2i_h1_conn *conn);
void h2i_h1_update_wants_input(struct h2i_h1_conn *conn);

/* ---- h1_head ------------------------------------------------------------- */
enum h2i_h1_section_event {
    H2I_H1_SECTION_GOES_ON = 0,
    H2I_H1_SECTION_STATUS, /* the status line was whole: in.status, in.is_http10 */
    H2I_H1_SECTION_END,    /* the empty line came: in.fields */
    H2I_H1_SECTION_FAILED  /* the connection has */
};
/* Takes bytes of heads or trailers up to the end of a line; *n_taken >= 1. */
enum h2i_h1_section_event h2i_h1_section_take(struct h2i_h1_conn *conn, const char *data,
                                              size_t len, size_t *n_taken);
/* The input ended within one: fails the connection if that was no HTTP/1 from the start. */
void h2i_h1_section_cut(struct h2i_h1_conn *conn);
/* Before each head, and the trailers. */
void h2i_h1_section_begin(struct h2i_h1_conn *conn, enum h2i_h1_phase phase);

/* ---- h1_response --------------------------------------------------------- */
void h2i_h1_take(struct h2i_h1_conn *conn, const char *data, size_t len);
/* The response is whole. */
void h2i_h1_finish(struct h2i_h1_conn *conn);

/* ---- h1_writer ----------------------------------------------------------- */
/* Builds the head. REQUEST_TOO_LARGE, NO_MEMORY: nothing is left of it. */
h2client_error_code h2i_h1_write_request(struct h2i_h1_conn *conn,
                                         const struct h2i_exchange *exchange);
bool h2i_h1_has_output(const struct h2i_h1_conn *conn);
/* All of the request was produced. */
bool h2i_h1_is_request_done(const struct h2i_h1_conn *conn);
/* What of it was not produced never will be. */
void h2i_h1_drop_output(struct h2i_h1_conn *conn);
size_t h2i_h1_produce(struct h2i_h1_conn *conn, char *buf, size_t cap);

/* ---- h1_error ------------------------------------------------------------ */
/* Ends the connection, and its exchange with the same fault. */
__attribute__((format(printf, 3, 4))) void h2i_h1_fail(struct h2i_h1_conn *conn,
                                                       h2client_error_code code, const char *format,
                                                       ...);
/* H1_MALFORMED: "malformed response: ...". */
__attribute__((format(printf, 2, 3))) void h2i_h1_malformed(struct h2i_h1_conn *conn,
                                                            const char *format, ...);
/* UPLOAD_READ, UPLOAD_LENGTH: what the step says. */
void h2i_h1_fail_upload(struct h2i_h1_conn *conn, const struct h2i_upload_step *step);
void h2i_h1_end_exchange(struct h2i_h1_conn *conn, const struct h2i_outcome *outcome);
/* fault NULL: in an orderly way. */
void h2i_h1_end_input(struct h2i_h1_conn *conn, const h2client_fault *fault);

/* ---- h1_trace ------------------------------------------------------------ */
/* Nothing happens unless conn->base.traces. */
void h2i_h1_trace_request(struct h2i_h1_conn *conn);
/* The fields that were read: a head's, or (status 0) trailers. */
void h2i_h1_trace_section(struct h2i_h1_conn *conn, int status);

#endif
