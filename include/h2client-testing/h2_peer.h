/* SPDX-License-Identifier: MIT */
/*
 * A scriptable HTTP/2 server in memory, for tests of clients.
 *
 * Two ways to talk: a well-behaved nghttp2 server session that answers requests by a
 * script, and raw frames (raw_frames.h) for everything nghttp2 refuses to send. Both
 * can be mixed on one connection: raw bytes are put between the session's frames.
 *
 * Bytes in, bytes out: it knows no transport. peer_transport.h joins it to one.
 * What the client sent is kept as a list of frames that tests assert on.
 */
#ifndef H2T_H2_PEER_H
#define H2T_H2_PEER_H

#include "h2client/types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct h2t_peer;

/* A frame the client sent, decoded as far as tests want it. */
struct h2t_seen_frame {
    uint8_t type;
    uint8_t flags;
    int32_t stream_id;
    uint32_t len;
    uint32_t error_code;           /* RST_STREAM, GOAWAY */
    int32_t last_stream_id;        /* GOAWAY */
    uint32_t increment;            /* WINDOW_UPDATE */
    const h2client_header *fields; /* HEADERS, decoded, in order, pseudo fields too; ended by
                                      a NULL name; NULL for others or if it did not decode */
    const uint8_t *payload;        /* whole, len bytes */
};

/* A request as the server sees it. */
struct h2t_seen_request {
    int32_t stream_id;
    const h2client_header *fields;   /* NULL if the block did not decode */
    const h2client_header *trailers; /* NULL: none */
    const char *body;                /* a NUL follows */
    size_t body_len;
    bool is_complete; /* END_STREAM came */
    bool was_reset;
    uint32_t reset_code;
};

/* What it points to is read up to the end of the call that hands it over. */
struct h2t_response {
    int status;                    /* 0: do not answer by itself */
    const h2client_header *fields; /* NULL: none; ended by a NULL name */
    const void *body;
    size_t body_len;                 /* with body NULL: so many of h2t_pattern_byte */
    const h2client_header *trailers; /* NULL: none */
    bool is_held;                    /* answer only at h2t_peer_answer */
    bool waits_for_body;             /* answer once the request has ended */
};

/* Called for each request whose head has come; fills *response (zeroed before). What
 * that points to must outlive the callback: static lists and strings. */
typedef void (*h2t_on_request)(struct h2t_peer *peer, const struct h2t_seen_request *request,
                               struct h2t_response *response, void *user);

struct h2t_peer_config {
    h2t_on_request on_request; /* NULL: 200 with the body "ok" for everything (is_raw: no
                                  answer) */
    void *user;
    uint32_t max_concurrent_streams; /* 0: not sent; H2T_PEER_ZERO: sent as 0 */
    uint32_t initial_window;         /* 0: not sent */
    uint32_t max_frame_size;         /* 0: not sent */
    uint32_t max_header_list;        /* 0: not sent */
    uint32_t header_table_size;      /* 0: not sent; H2T_PEER_ZERO: sent as 0 */
    bool is_raw;         /* no nghttp2 session at all: nothing goes out but what the test
                            sends, its SETTINGS too; what comes in is still parsed into
                            frames and requests. Responses, resets and so on are written
                            plainly, without regard to windows */
    bool holds_settings; /* its SETTINGS go out only at h2t_peer_release_settings */
    bool no_auto_window_update;
};
#define H2T_PEER_ZERO UINT32_MAX

struct h2t_peer *h2t_peer_create(const struct h2t_peer_config *config);
void h2t_peer_destroy(struct h2t_peer *peer);

/* Bytes of the client. False: the client broke HTTP/2 as this server sees it. */
bool h2t_peer_receive(struct h2t_peer *peer, const void *data, size_t len);
/* What the client did wrong, "" if nothing; for people. */
const char *h2t_peer_complaint(const struct h2t_peer *peer);
/* What it has to say; valid until the next call. */
h2client_bytes h2t_peer_output(struct h2t_peer *peer);
void h2t_peer_output_taken(struct h2t_peer *peer, size_t n);

/* Called when one of the functions below has made output. */
void h2t_peer_set_wake(struct h2t_peer *peer, void (*on_output)(void *user), void *user);

/* Puts raw bytes (see raw_frames.h) after what is in the output already. */
void h2t_peer_send_raw(struct h2t_peer *peer, const void *data, size_t len);
/* Answers a held request, resets a stream, sends GOAWAY, SETTINGS, a PING, 1xx. */
void h2t_peer_answer(struct h2t_peer *peer, int32_t stream_id, const struct h2t_response *response);
void h2t_peer_inform(struct h2t_peer *peer, int32_t stream_id, int status,
                     const h2client_header *fields);
void h2t_peer_reset(struct h2t_peer *peer, int32_t stream_id, uint32_t error_code);
void h2t_peer_goaway(struct h2t_peer *peer, int32_t last_stream_id, uint32_t error_code,
                     const char *debug);
void h2t_peer_settings(struct h2t_peer *peer, uint16_t id, uint32_t value);
void h2t_peer_ping(struct h2t_peer *peer);
void h2t_peer_release_settings(struct h2t_peer *peer);
/* Gives the client more room (no_auto_window_update); stream 0: the connection. */
void h2t_peer_window_update(struct h2t_peer *peer, int32_t stream_id, uint32_t increment);

size_t h2t_peer_n_frames(const struct h2t_peer *peer);
const struct h2t_seen_frame *h2t_peer_frame(const struct h2t_peer *peer, size_t i);
/* The last frame of that type on that stream (-1: any), or NULL. */
const struct h2t_seen_frame *h2t_peer_last(const struct h2t_peer *peer, uint8_t type,
                                           int32_t stream_id);
size_t h2t_peer_count(const struct h2t_peer *peer, uint8_t type, int32_t stream_id);
size_t h2t_peer_n_requests(const struct h2t_peer *peer);
const struct h2t_seen_request *h2t_peer_request(const struct h2t_peer *peer, size_t i);
/* The value of that field, NULL if there is none. `fields` may be NULL. */
const char *h2t_field(const h2client_header *fields, const char *name);
/* The ith byte of a body of a pattern: printable, and no short period. */
char h2t_pattern_byte(size_t i);

#ifdef __cplusplus
}
#endif

#endif
