/* SPDX-License-Identifier: MIT */
/*
 * A scriptable HTTP/1.1 server in memory, for tests of clients. What it answers is text as
 * it goes on the wire, so that it can be anything; what the client sent is parsed, kept,
 * and complained of where it breaks RFC 9112. It never answers two requests at once: one
 * that comes before its predecessor was answered is a complaint.
 *
 * Bytes in, bytes out: peer_transport.h joins it to a transport.
 */
#ifndef H2T_H1_PEER_H
#define H2T_H1_PEER_H

#include "h2client/types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct h2t_h1_peer;

/* A request as the server sees it. */
struct h2t_h1_seen {
    const char *method;
    const char *path;
    const h2client_header *fields; /* in order, names in small letters (see h2t_field) */
    const char *body;              /* decoded; a NUL follows */
    size_t body_len;
    const char *trailers; /* of a chunked body, as they came; "" if none did; a NUL follows */
    bool is_chunked;
    bool is_complete; /* its body has ended */
    bool is_answered;
};

/* Borrowed until it has been sent. */
struct h2t_h1_reply {
    const char *text;    /* as it goes on the wire, a NUL ends it; NULL: not by itself, see
                            h2t_h1_peer_answer */
    size_t pattern_len;  /* so many of h2t_pattern_byte follow */
    bool waits_for_body; /* send it once the request has ended */
    bool closes;         /* and go when it has been sent */
};

/* Called for each request whose head has come; fills *reply (zeroed before). */
typedef void (*h2t_on_h1_request)(struct h2t_h1_peer *peer, const struct h2t_h1_seen *request,
                                  struct h2t_h1_reply *reply, void *user);

struct h2t_h1_config {
    h2t_on_h1_request on_request; /* NULL: 200 with the body "ok" for everything (HEAD: without
                                     it), when the request has ended */
    void *user;
    const char *greeting; /* sent before anything comes; NULL: nothing */
};

/* NULL config: all zero. */
struct h2t_h1_peer *h2t_h1_peer_create(const struct h2t_h1_config *config);
void h2t_h1_peer_destroy(struct h2t_h1_peer *peer);

/* Bytes of the client. False: it broke the rules; nothing more is parsed. */
bool h2t_h1_peer_receive(struct h2t_h1_peer *peer, const void *data, size_t len);
/* What the client did wrong, "" if nothing; for people. */
const char *h2t_h1_peer_complaint(const struct h2t_h1_peer *peer);
/* What it has to say; valid until the next call. */
h2client_bytes h2t_h1_peer_output(struct h2t_h1_peer *peer);
void h2t_h1_peer_output_taken(struct h2t_h1_peer *peer, size_t n);
/* All has been said, and it wants to go. */
bool h2t_h1_peer_is_done(const struct h2t_h1_peer *peer);
/* Called when one of the functions below has made output. */
void h2t_h1_peer_set_wake(struct h2t_h1_peer *peer, void (*on_output)(void *user), void *user);

/* Bytes, whatever they are; no request is answered by them. */
void h2t_h1_peer_send(struct h2t_h1_peer *peer, const char *text);
/* Answers the last request; reply->waits_for_body does not count any more. */
void h2t_h1_peer_answer(struct h2t_h1_peer *peer, const struct h2t_h1_reply *reply);

size_t h2t_h1_peer_n_requests(const struct h2t_h1_peer *peer);
const struct h2t_h1_seen *h2t_h1_peer_request(const struct h2t_h1_peer *peer, size_t i);

#ifdef __cplusplus
}
#endif

#endif
